"""Names that cannot be names, and what stands right at one: ``as 1st``, ``unit[8]``, ``up-conv2-64``, ``conv7-2k/2``.

Rules of the same form as those of ``signs.py``; ``advice.py`` tries them all.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from netdsl.diagnostics import Advice
from netdsl.syntax.helps.mistake import Mistake

_NAMED = re.compile(r"(?:\bas[ \t]+|(?<![\w@])@)(?P<name>\w+(?:-\w+)*)", re.ASCII)
#: A layer's word in two, with a hyphen between them.
_PARTED = re.compile(
    r"(?<![\w.@-])(?P<one>up|max|avg|average|dw|sep|batch)-(?P<other>conv|pool|norm)(?P<kernel>\d[\dx]*)?", re.I
)
_JOINED = {"averagepool": "avgpool", "batchnorm": "bn"}
#: Channels that are a number and a name at once.
_MULTIPLE = re.compile(r"(?<![\w.@-])(?P<head>[A-Za-z]+\d*(?:x\d+)?)-(?P<n>\d+)(?P<name>[A-Za-z_]\w*)(?=/|$|[\s,|}\]])")
_COUNTED = re.compile(r"[×x][ \t]*(?P<function>ceil|floor|round|int|max|min|divisible)\((?P<inside>[^()\n]*)\)")
_TIMES = re.compile(r"(?P<blank>[ \t]*)\([ \t]*(?P<n>\d+)[ \t]*(?:times|repeats?)[ \t]*\)")
_CHOICE = re.compile(
    r"if[ \t]+(?P<if>[^:{}\n]{1,200}?)[ \t]*:[ \t]*(?P<then>[^:{}\n]{1,200}?)[ \t]else[ \t]*:[ \t]*(?P<else>[^:{}\n]+)"
)
_DOCUMENT = re.compile(r'"""[ \t]*(?P<text>[^"\n]*?)[ \t]*"""')


def _line(mistake: Mistake) -> tuple[str, int]:
    """The line without its comment, and where it begins."""
    return mistake.text[mistake.begin : mistake.code_end()], mistake.begin


def _names(mistake: Mistake) -> str | None:
    """``as 1st``, ``@1st``, ``as my-label``"""
    line, begin = _line(mistake)
    for found in _NAMED.finditer(line):
        name = found["name"]
        inside = begin + found.start("name") <= mistake.offset <= begin + found.end()
        if not inside or re.fullmatch(r"[A-Za-z_]\w*", name):
            continue
        if name.isdigit() or re.fullmatch(r"\d+(?:x\d+)+", name):
            return None  # sizes, or a number of a map
        plain = re.sub(r"-", "_", name)
        plain = f"n{plain}" if plain[0].isdigit() else plain
        edit = mistake.edit(plain, begin + found.start("name"), begin + found.end())
        if mistake.is_layer(name.partition("-")[0]) and "-" in name:
            return None
        return Advice(f"a name has letters, digits and `_`, and no digit first: `{plain}`", edit)
    return None


def _called(mistake: Mistake) -> str | None:
    """``unit[8, 2]``, where the block itself may be wrong"""
    if mistake.word != "[":
        return None
    closer = mistake.pairs.get(mistake.offset, -1)
    name = re.search(r"(?<![\w.@-])([A-Za-z_]\w*)\Z", mistake.text[mistake.begin : mistake.offset])
    if name is None or not mistake.offset < closer <= mistake.end:
        return None
    given = mistake.text[mistake.offset + 1 : closer].strip()
    if re.search(rf"^[ \t]*block[ \t]+{name[1]}\b", mistake.source, re.MULTILINE) is None or len(given) > 40:
        return None
    text = f"({given})"
    return Advice(
        f"the arguments of a block stand in parentheses: `{name[1][:40]}{text}`",
        mistake.edit(text, mistake.offset, closer + 1),
    )


def _typed(mistake: Mistake) -> str | None:
    """``block stage(b: block, c: int = 3)``"""
    line, begin = _line(mistake)
    head = re.match(r"[ \t]*block[ \t]+\w+[ \t]*\(", line)
    if head is None or mistake.word != ":" or begin + head.end() > mistake.offset:
        return None
    closer = mistake.pairs.get(begin + head.end() - 1, -1)
    if not mistake.offset < closer <= mistake.end:
        return None
    typed = re.compile(r"(?<=\w)[ \t]*:[ \t]*[A-Za-z_][\w.]*(?=[ \t]*(?:=|,|\)))")
    places = [*typed.finditer(mistake.text, begin + head.end(), closer + 1)]
    name = re.search(r"(\w+)[ \t]*\Z", mistake.before)
    if not places or name is None:
        return None
    edits = [mistake.edit("", place.start(), place.end()) for place in places]
    return Advice(f"a parameter has a name and no type: `{name[1][:40]}`", *edits)


def _parted(mistake: Mistake) -> str | None:
    """``up-conv2-64``, ``max-pool3/2``, ``avg-pool: [8×8]``"""
    line, begin = _line(mistake)
    for found in _PARTED.finditer(line):
        if not begin + found.start() <= mistake.offset <= begin + found.end() + 1:
            continue
        word = (found["one"] + found["other"]).lower()
        word = _JOINED.get(word, word)
        behind = re.compile(r"[ \t]*:[ \t]*\[?[ \t]*(\d+)(?:[ \t]*[x×][ \t]*(\d+))?[ \t]*\]?").match(line, found.end())
        if behind is not None and not found["kernel"] and word.endswith("pool"):
            kernel = behind[1] if behind[2] in (None, behind[1]) else f"{behind[1]}x{behind[2]}"
            edit = mistake.edit(f"{word}{kernel}", begin + found.start(), begin + behind.end())
            return Advice(f"it is written `{word}{kernel}`", edit)
        text = word + (found["kernel"] or "")
        if not mistake.is_layer(text):
            continue
        edit = mistake.edit(text, begin + found.start(), begin + found.end())
        return Advice(f"here it is called `{text}`", edit) if mistake.reads(edit) == 1 else None
    return None


def _multiples(mistake: Mistake) -> str | None:
    """``conv7-2k/2``"""
    line, begin = _line(mistake)
    found = [one for one in _MULTIPLE.finditer(line) if mistake.is_layer(one["head"])]
    known = [
        one
        for one in found
        if re.search(rf"^[ \t]*(?:param|block)\b[^\n#]*\b{one['name']}\b", mistake.source, re.MULTILINE) is not None
    ]
    if not known or not begin + known[0].start() <= mistake.offset <= begin + known[0].end() + 1:
        return None
    edits = [mistake.edit(f"{{{one['n']}*{one['name']}}}", begin + one.start("n"), begin + one.end()) for one in known]
    first = known[0]
    return Advice(f"a product has a `*`, and stands in braces: `{first['head']}-{edits[0].text}`", *edits)


def _counts(mistake: Mistake) -> str | None:
    """``×ceil(depth)``, ``conv3-64 (3 times)``"""
    line, begin = _line(mistake)
    for found in _COUNTED.finditer(line):
        if begin + found.start() <= mistake.offset <= begin + found.end():
            text = f"×{{{found['function']}({found['inside']})}}"
            edit = mistake.edit(text, begin + found.start(), begin + found.end())
            return Advice("an expression stands in braces" + (f": `{text}`" if len(text) < 50 else ""), edit)
    for found in _TIMES.finditer(line):
        if begin + found.start() <= mistake.offset <= begin + found.end():
            edit = mistake.edit(f" ×{found['n']}", begin + found.start(), begin + found.end())
            return Advice(f"a repeat is written `×{found['n']}`", edit)
    return None


def _choice(mistake: Mistake) -> str | None:
    """``if v1: conv1-c, relu else: conv3-c``"""
    line, begin = _line(mistake)
    found = _CHOICE.search(line)
    if found is None or not begin + found.start() <= mistake.offset <= begin + found.end():
        return None
    text = f"if {found['if']} {{ {found['then'].rstrip(' ,;')} }} else {{ {found['else'].strip()} }}"
    shown = f": `{text}`" if len(text) <= 80 and "`" not in text else ": `if … { … } else { … }`"
    edit = mistake.edit(text, begin + found.start(), begin + found.end())
    return Advice(f"what an `if` chooses stands in braces{shown}", edit)


def _cells(mistake: Mistake) -> str | None:
    """``unit(8) ×3  unit(8) ×3`` in a row of a table, and elsewhere: two items with nothing between them."""
    line, begin = _line(mistake)
    found = re.search(r"[×x][ \t]*\d+[ \t]+([A-Za-z_]\w*)\Z", line[: mistake.offset - begin])
    if found is None or mistake.word != "(" or not mistake.is_layer(found[1]):
        return None
    start = begin + found.start(1)
    if "|" in line and "VBAR" in mistake.names:
        return Advice(f"a `|` is missing before `{found[1][:40]}`", mistake.edit("| ", start, start))
    place = begin + len(line[: found.start(1)].rstrip())
    return Advice("a comma stands between two items", mistake.edit(", ", place, start))


def _documented(mistake: Mistake) -> str | None:
    """``\"\"\" A net. \"\"\"``"""
    line, begin = _line(mistake)
    found = _DOCUMENT.fullmatch(line.strip())
    if found is None:
        return None
    start = begin + len(line) - len(line.lstrip())
    edit = mistake.edit(f"# {found['text']}".rstrip(), start, begin + len(line))
    return Advice("a comment begins with `#`", edit)


def _columns(mistake: Mistake) -> str | None:
    """``A | A-LRN | B``: the columns of a table, without their word"""
    line, _ = _line(mistake)
    names = [name.strip() for name in line.split("|")]
    plain = all(re.fullmatch(r"[A-Za-z0-9][\w-]{0,20}", name) and not mistake.is_layer(name) for name in names)
    if (
        mistake.word != "|"
        or len(names) < 2
        or not plain
        or any(map(mistake.is_layer, (n.partition("-")[0] for n in names)))
    ):
        return None
    shown = " | ".join(names[:4]) + (" | …" if len(names) > 4 else "")
    return f"the columns of a table stand behind its word: `table {shown} {{`, and `}}` ends it"


RULES: tuple[Callable[[Mistake], str | None], ...] = (
    _names, _called, _typed, _parted, _multiples, _counts, _choice, _cells, _documented, _columns,
)  # fmt: skip
