"""What was left out between two words: a blank, the word of a statement, a comma in words, a sign behind a label.

Rules of the same form as those of ``signs.py``; ``advice.py`` tries them all.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from netdsl.diagnostics import Advice
from netdsl.syntax.helps.mistake import ATTRIBUTES, KEYWORDS, STATEMENTS, Mistake
from netdsl.syntax.helps.places import QUANTITIES

#: Words that stand between two layers in a sentence.
_AND = "and|then|followed[ \\t]+by"
#: So many letters on each side of a place are looked at.
_NEAR = 300
_GLUED = re.compile(rf"[ \t]*({'|'.join(STATEMENTS)})(?=\w)")


def parting(before: str, after: str) -> str:
    """The sign that was left out between two items of a line: a comma, or ``|`` in a join that has none."""
    joined = re.search(r"(?<![\w.])(?:add|sub|mul|concat)[ \t]*\{[^{}|]*\Z", before[-_NEAR:], re.IGNORECASE)
    return "," if joined is None or re.match(r"[^{}\n]*\|", after[:_NEAR]) else " |"


def parted(sign: str) -> str:
    """The help that says so."""
    return "a comma stands between two layers" if sign == "," else "`|` parts the branches of a join"


def _glued(mistake: Mistake) -> str | None:
    """``styleconv = _, relu``, ``variantb1: width = 2``: a statement without the blank behind its word."""
    found = _GLUED.match(mistake.text, mistake.begin, mistake.end)
    if found is None or mistake.offset <= found.end():
        return None
    word = re.compile(r"\w+").match(mistake.text, found.start(1))
    assert word is not None
    if mistake.is_layer(word.group()) or word.group() in KEYWORDS:
        return None
    edit = mistake.edit(" ", found.end(), found.end())
    if mistake.reads(edit) != 1:
        return None
    mistake.instead(f"there is no statement `{word.group()[:60]}`", word.start(), word.end())
    return Advice(f"a blank stands behind `{found[1]}`", edit)


def _kindless(mistake: Mistake) -> str | None:
    """``style = _, relu``, ``init = zeros``: a style, or a way to initialise, of nothing."""
    line = mistake.text[mistake.begin : mistake.code_end()]
    found = re.match(r"[ \t]*(style|init)[ \t]*=[ \t]*(?=\S)", line)
    if found is None or mistake.word != "=":
        return None
    shown = line[found.end() :].strip()
    shown = shown if len(shown) < 40 and "`" not in shown else "…"
    if found[1] == "init":
        return f"it says of what: `init conv = {shown}`, or of a label"
    kind = re.match(r"(\w+)[ \t]*,", shown)
    if kind is not None and mistake.is_layer(kind[1]) and "_" not in re.findall(r"\w+", shown):
        return f"a style is of one kind of layer: `style {kind[1]} = _{shown[kind.end(1) :]}`"
    around = "" if re.search(r"(?<!\w)_(?!\w)", shown) or shown == "…" else "_, "
    return f"a style is of one kind of layer: `style conv = {around}{shown}`"


def _styled(mistake: Mistake) -> str | None:
    """``conv = _, bn, relu``: what is around each layer of a kind, without its ``style``."""
    line = mistake.text[mistake.begin : mistake.code_end()]
    found = re.match(r"[ \t]*([A-Za-z]\w*)[ \t]*=[ \t]*(?=\S)", line)
    if mistake.word != "=" or found is None or not re.search(r"(?<!\w)_(?!\w)", line[found.end() :]):
        return None
    place = mistake.begin + found.start(1)
    edit = mistake.edit("style ", place, place)
    if not mistake.is_layer(found[1]) or mistake.reads(edit) != 1:
        return None
    return Advice(f"a style is declared: `style {found[1]} = …`", edit)


def _connected(mistake: Mistake) -> str | None:
    """``conv3-64 and relu``, ``relu then conv3-64``: two layers in a sentence."""
    if "AND" in mistake.names:
        return None
    item = mistake.item()
    found = re.search(
        rf"(?<=[\w)}}\]])([ \t]+(?:{_AND})[ \t]+)[A-Za-z_]?\w*\Z", mistake.text[item : mistake.offset], re.IGNORECASE
    )
    if found is None or mistake.word not in ("-", "/", "@", "[", "{", "("):
        return None
    start, end = item + found.start(1), item + found.end(1)
    sign = parting(mistake.text[mistake.begin : start], mistake.text[end : mistake.end])
    edit = mistake.edit(f"{sign} ", start, end)
    if mistake.reads(edit) != 1:
        return None
    word = found[1].strip()
    place = start + len(found[1]) - len(found[1].lstrip())
    mistake.instead(f"`{word}` cannot stand between two layers", place, place + len(word))
    return Advice(parted(sign), edit)


def _labelled(mistake: Mistake) -> str | None:
    """``dropout 0.5 fc: fc-10``, ``squeeze= conv1-16``: a label in the midst of a line."""
    text = mistake.text
    if mistake.word == ":":
        found = re.search(r"[\w)}\]]([ \t]+)[A-Za-z_][\w.]*\Z", text[mistake.begin : mistake.offset])
        if found is None or "COMMA" not in mistake.names or _ending(mistake, mistake.begin + found.end(1)):
            return None
        start = mistake.begin + found.start(1)
        head = re.search(r"(?:\A|[,|{\[(:])[ \t]*([A-Za-z_]\w*)[^,|{\[(:]*\Z", text[mistake.begin : start])
        if head is not None and head[1] != "reuse" and not mistake.is_layer(head[1]):
            return None
        edit = mistake.edit(", ", start, mistake.begin + found.end(1))
        if mistake.reads(edit) != 1:
            return None
        label = text[edit.span.end : mistake.offset]
        if label.lower() in ATTRIBUTES or not re.match(r":[ \t]*(?:[A-Za-z\[@]|$)", text[mistake.offset : mistake.end]):
            return None
        mistake.instead(f"`{label}:` cannot stand here: expected `,` or the end of the line", *edit.span[1:])
        mistake.place = mistake.at(edit.span.end, mistake.span.end)
        return Advice(f"a comma stands before a label: `, {label}: …`", edit)
    after = re.match(r"=[ \t]*((?:soft-)?[A-Za-z]\w*|\[)", text[mistake.offset : mistake.end])
    found = re.search(r"[,|{\[][ \t]*([A-Za-z_]\w*)[ \t]*\Z", text[mistake.begin : mistake.offset])
    if mistake.word != "=" or found is None or after is None or not {"COMMA", "PLUS"} <= mistake.names:
        return None
    if found[1].lower() in ATTRIBUTES or not (after[1] == "[" or mistake.is_layer(after[1])):
        return None
    edit = mistake.edit(": ", mistake.begin + found.end(1), mistake.offset + after.start(1))
    return Advice(f"a label takes a colon: `{found[1]}: …`", edit) if mistake.reads(edit) == 1 else None


def _flagged(mistake: Mistake) -> str | None:
    """``valid add { … }``: a flag before a join, which has none."""
    item = mistake.item()
    for start in (item, mistake.begin):
        found = re.compile(r"[ \t]*((plain|valid|same|ceil|train|eval)[ \t]+)(add|sub|mul|concat)[ \t]*\{").match(
            mistake.text, start, mistake.end
        )
        if found is None or found.end() > mistake.offset + 1:
            continue
        word = found[2]
        mistake.instead(f"`{word}` cannot stand here", found.start(2), found.end(2))
        if word in ("train", "eval"):
            return f"it stands behind the item: `{found[3]} {{ … }} {word}`"
        return Advice(f"a join has no flag: leave `{word}` out", mistake.edit("", found.start(1), found.end(1)))
    return None


def _ending(mistake: Mistake, place: int) -> bool:
    """Whether the word before a place wants the one behind it: ``as mid``, ``reuse stem``."""
    return re.search(r"(?<!\w)(?:as|reuse|allow|if)[ \t]+\Z", mistake.text[mistake.begin : place]) is not None


def _quantities(mistake: Mistake) -> str | None:
    """``expect params = 3 macs = 4``: two expectations without a comma."""
    if not mistake.begins("expect") or mistake.word[:1] not in ("=", "<", ">", "!"):
        return None
    found = re.search(rf"[\w)]([ \t]+)(?:{'|'.join(QUANTITIES)})[ \t]*\Z", mistake.text[mistake.begin : mistake.offset])
    if found is None:
        return None
    place = mistake.begin + found.start(1)
    edit = mistake.edit(",", place, place)
    return Advice("a comma parts one from the next", edit) if mistake.reads(edit) == 1 else None


def _wrapped(mistake: Mistake) -> str | None:
    """``(style conv = _, relu)``: a statement in brackets."""
    if mistake.word not in ("(", "{", "[") or mistake.before:
        return None
    partner = mistake.pairs.get(mistake.offset)
    head = re.compile(r"[ \t]*([a-z]+)(?=[ \t])").match(mistake.text, mistake.offset + 1)
    if partner is None or head is None or head[1] not in STATEMENTS or partner + 1 != mistake.code_end():
        return None
    edits = mistake.edit("", mistake.offset, head.start(1)), mistake.edit("", partner, partner + 1)
    if mistake.reads(*edits) != 1:
        return None
    return Advice(f"a statement has no brackets around it: it begins with `{head[1]}`", *edits)


def _behind_allow(mistake: Mistake) -> str | None:
    """``conv3-8 allow ND302 groups=2``: what belongs to a layer behind its ``allow``."""
    line = mistake.text[mistake.begin : mistake.code_end()]
    found = re.search(r"(?<=[\w)}\]])([ \t]+allow(?:[ \t]+ND\d+)+)((?:[ \t]+\w+(?:=[\w.{}]+)?)+)\Z", line)
    if found is None or not mistake.begin + found.start(2) <= mistake.offset < mistake.begin + found.end(2):
        return None
    edit = mistake.edit(f"{found[2]}{found[1]}", mistake.begin + found.start(), mistake.begin + found.end())
    shown = f": `{(line[: found.start()] + edit.text).strip()}`" if len(line) < 60 and "`" not in line else ""
    return Advice(f"`allow` stands at the very end{shown}", edit) if mistake.reads(edit) == 1 else None


FIRST: tuple[Callable[[Mistake], str | None], ...] = (_wrapped, _behind_allow, _flagged, _kindless)
RULES: tuple[Callable[[Mistake], str | None], ...] = (_glued, _styled, _connected, _labelled, _quantities)
