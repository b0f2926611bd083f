"""Sums with a ``+``: ``@skip + id``, ``conv3-64, relu + skip``, ``[…] + x``, ``x -> conv3-64 -> conv3-64 + x``.

Rules of the same form as those of ``signs.py``; ``advice.py`` tries them all.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from netdsl.diagnostics import Advice, shortened
from netdsl.syntax.helps.mistake import Mistake

#: What a tensor is called that enters, by other hands.
ENTERING = frozenset(["x", "y", "in", "input", "inp", "inputs", "res"])
_OPENS = {")": "(", "]": "[", "}": "{"}
_BEHIND = re.compile(r"[ \t]*(?:$|[,\]}|)#\r\n]|->|as\b)")


def _row(before: str) -> int:
    """Where the row begins that a piece of a line ends in: behind an open bracket, a bar or a label."""
    closed: list[str] = []
    start = len(before)
    while start:
        sign = before[start - 1]
        if sign in _OPENS:
            closed.append(_OPENS[sign])
        elif sign in "([{":
            if not closed or closed.pop() != sign:
                break
        elif sign == "|" and not closed:
            break
        start -= 1
    label = re.match(r"[ \t]*(?:[A-Za-z_][\w.]*:(?=[ \t]))?[ \t]*", before[start:])
    return start + (label.end() if label is not None else 0)


def summed(before: str, name: str, after: str, *, known: bool) -> tuple[str, int, str] | None:
    """What stands for a sum that is written with a ``+``; None where that is not clear.

    ``before`` is the line up to the name, ``after`` what stands behind it; ``known`` says whether a tensor is called
    so. Returns the row as a help shows it, the place in ``before`` from where it is put in, up to behind the name, and
    the text that stands there then.
    """
    plus = re.search(r"[ \t]*\+[ \t]*@?\Z", before)
    if plus is None or len(before) > 200 or _BEHIND.match(after) is None:
        return None
    start = _row(before[: plus.start()])
    row = before[start : plus.start()]
    if not row.strip() or "#" in row or '"' in row:
        return None
    if known:
        join = f"add {{ id | @{name} }}"
        return f"{row}, {join}", plus.start(), f", {join}"
    if name not in ENTERING and name != "id":
        return None
    return (text := f"add {{ {row} | id }}"), start, text


def names_tensor(text: str, name: str) -> bool:
    """Whether a text names a tensor so, by a label, by ``as``, as an input or as a parameter of a block."""
    found = re.escape(name)
    pattern = (
        rf"(?<![\w.@]){found}[ \t]*:(?!=)|\b(?:as|input)[ \t]+{found}\b|\bblock[ \t]+\w+[ \t]*\([^()\n]*\b{found}\b"
    )
    return re.search(pattern, text) is not None


def said(row: str) -> str:
    """The help for a row that a sum comes to."""
    return f"tensors are added by `{row}`" if len(row) <= 70 else "tensors are added by `add { … | id }`"


def _sums(mistake: Mistake) -> str | None:
    """``@skip + id``, ``+ @skip``"""
    if mistake.word != "+" or mistake.computes:
        return None
    begin, end = mistake.item(), mistake.code_end()
    line = mistake.text[begin:end]
    found = re.fullmatch(r"(?:(@?[A-Za-z_][\w.]*)[ \t]*)?\+[ \t]*(@[A-Za-z_][\w.]*|id)[ \t]*", line)
    alone = re.fullmatch(r"\+[ \t]*([A-Za-z_]\w*)[ \t]*", line)
    if alone is not None and mistake.is_layer(alone[1]):
        return None
    if found is None and alone is not None:
        text = f"add {{ id | @{alone[1]} }}"
        return Advice(f"tensors are added by `{text}`", mistake.edit(text, begin, begin + len(line.rstrip())))
    if found is None and (sum := re.fullmatch(r"(@[A-Za-z_][\w.]*)[ \t]*\+[ \t]*([A-Za-z][^#+@|{}]*)", line.rstrip())):
        if mistake.is_layer(re.split(r"[-/ \t]", sum[2])[0]):
            text = f"add {{ {sum[1]} | {sum[2]} }}"
            return f"tensors are added by `{text}`, and `+` behind a layer stands in the place of its style"
    if found is None:
        return _added(mistake) or ("tensors are added by `add { a | b }`" if "@" in line else None)
    text = f"add {{ {found[1] or 'id'} | {found[2]} }}"
    return Advice(f"tensors are added by `{text}`", mistake.edit(text, begin, begin + len(line.rstrip())))


def _added(mistake: Mistake) -> str | None:
    """``conv3-64, relu + @skip``, ``[…] + x``, ``unit(8) + skip``"""
    text, offset = mistake.text, mistake.offset
    if mistake.computes or not (mistake.word == "+" or (mistake.word == "@" and mistake.before.endswith("+"))):
        return None
    named = re.compile(r"[ \t]*\+?[ \t]*@?[ \t]*([A-Za-z_]\w*)").match(text, offset, mistake.end)
    if named is None or (mistake.is_layer(named[1]) and named[1] != "id"):
        return None
    name, line = named[1], text[mistake.begin : named.start(1)]
    known = names_tensor(mistake.source[: mistake.begin], name)
    made = summed(line, name, text[named.end() : mistake.end], known=known)
    if made is None and "@" in line[-2:]:
        row = line[_row(line) :].rpartition("+")[0].strip()
        row = row if 0 < len(row) <= 40 and row.isprintable() and "`" not in row else "…"
        join = f"add {{ id | @{name[:30]} }}"
        return f"tensors are added by `{row}, {join}`; `{name[:30]}:` stands before what makes that tensor"
    if made is None:
        return None
    row, start, new = made
    return Advice(said(row), mistake.edit(new, mistake.begin + start, named.end()))


#: The tensor that the layers of a row with arrows begin with, the one that is added at its end, and its name there.
_FIRST = re.compile(r"(?P<label>[ \t]*(?:[A-Za-z_][\w.]*:[ \t]+)?)@?(?P<name>[A-Za-z_]\w*)[ \t]*")
_LAST = re.compile(r"[ \t]*\+[ \t]*@?(?P<name>[A-Za-z_]\w*)[ \t]*\Z")
_NAMED = re.compile(r"[ \t]*(?:->|=>|[→⟶⇒])[ \t]*(?P<name>[A-Za-z_]\w*)[ \t]*\Z")


def chain(mistake: Mistake, line: str, arrows: list[tuple[int, int]]) -> str | None:
    """``x -> conv3-64 -> conv3-64 + x``: what stands for a row with arrows that begins or ends in a tensor's name.

    ``arrows`` are their places in the line, with the blanks around them.
    """

    def name_of(found: re.Match[str] | None) -> str | None:
        """The name, where it is no layer's."""
        name = found["name"] if found is not None else None
        return None if name is None or (mistake.is_layer(name) and name != "id") else name

    found = _NAMED.search(line, arrows[-1][1])
    named = name_of(found)
    if named is not None and re.search(rf"^[ \t]*param\b[^#\n]*\b{named}[ \t]*=", mistake.source, re.MULTILINE):
        named = None  # a size
    code = line[: found.start()] if found is not None and named is not None else line
    start, end = _FIRST.fullmatch(code, 0, arrows[0][0]), _LAST.search(code, arrows[-1][1])
    first, last = name_of(start), name_of(end)
    if first is None and last is None and named is None:
        return None
    above = mistake.source[: mistake.begin]
    label = start["label"] if start is not None and first is not None else _label(code)
    at, parts = arrows[0][1] if first is not None else len(label), []
    for begin, stop in arrows[first is not None :]:
        parts.append(code[at:begin])
        at = stop
    row = ", ".join([*parts, code[at : end.start() if end is not None and last is not None else len(code)]])
    known = first is not None and names_tensor(above, first)
    if first is not None and not known and first not in ENTERING and last != first:
        return None
    if last is not None and names_tensor(above, last):
        row += f", add {{ id | @{last} }}"
    elif last is not None and (last in ENTERING or last in ("id", first)):
        row = f"add {{ {row} | id }}"
    elif last is not None:
        last = last[:30]
        return f"it is written `{row}, add {{ id | @{last} }}`, where `{last}:` stands before what makes that tensor"
    row = f"@{first}, {row}" if known else row
    if named is not None and re.search(rf"@{named}\b", mistake.source) is not None:
        row += f" as {named}"
    if label.strip() and "," in re.sub(r"\{[^{}]*\}", "", row):
        row = f"[{row}]"
    edit = mistake.edit(label + row, mistake.begin, mistake.begin + len(line))
    row = (label + row).strip()
    return Advice(f"it is written `{shortened(row, 80)}`", edit)


def _label(line: str) -> str:
    found = re.match(r"[ \t]*(?:[A-Za-z_][\w.]*:[ \t]+)?", line)
    return found.group() if found is not None else ""


RULES: tuple[Callable[[Mistake], str | None], ...] = (_sums, _added)
