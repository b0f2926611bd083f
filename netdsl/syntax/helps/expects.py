"""What an ``expect`` goes on with: ``b1: params = 7`` behind a comma, ``macs 221 K``, ``0.22 GMACs``.

Rules of the same form as those of ``signs.py``; ``advice.py`` tries them all.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from netdsl.diagnostics import Advice, shortened
from netdsl.syntax.helps.mistake import Mistake
from netdsl.syntax.helps.places import QUANTITIES

#: How many lines an `expect` may go on for.
_MOST_LINES = 20
_NUMBER = (
    r"(?P<number>\d+(?:\.\d+)?(?:e\d+)?)[ \t]*(?P<unit>(?-i:(?:[KMGT]i?B?|[kmgt])(?=[ \t]*\Z|[ \t]+[A-Za-z]|[A-Z])))?"
)
_NAMED = re.compile(rf"(?P<name>[a-z_]+)[ \t]+{_NUMBER}", re.IGNORECASE)
_TURNED = re.compile(rf"{_NUMBER}[ \t]*(?P<name>[a-z_]+)", re.IGNORECASE)
#: What others call a quantity behind its number.
_CALLED = {
    "parameters": "params",
    "param": "params",
    "layers": "depth",
    "mac": "macs",
    "flop": "flops",
    "madds": "macs",
}


def _head(mistake: Mistake) -> int | None:
    """Where the ``expect`` begins that the line belongs to, which may be some lines above."""
    text, begin = mistake.text, mistake.begin
    for _ in range(_MOST_LINES):
        if re.compile(r"[ \t]*expect\b").match(text, begin):
            return begin
        above = text.rfind("\n", 0, begin - 1) + 1 if begin else -1
        if above < 0 or not text[above : max(begin - 1, above)].partition("#")[0].rstrip().endswith(","):
            return None
        begin = above
    return None


def _each(mistake: Mistake) -> str | None:
    """``expect b0: params = 5, b1: params = 7``: a second variant."""
    if mistake.word != ":" or (head := _head(mistake)) is None:
        return None
    found = re.search(r"(,)(?:[ \t]*(?:#[^\n]*)?\n)?[ \t]*([\w.-]+)[ \t]*\Z", mistake.text[head : mistake.offset])
    if found is None or found[2] in QUANTITIES or "#" in found.group():
        return None
    edit = mistake.edit("\nexpect ", head + found.start(1), head + found.start(2))
    if mistake.reads(edit) != 1:
        return None
    mistake.beside = head
    rest = mistake.text[mistake.offset : mistake.end].partition("#")[0].strip()
    shown = shortened(f"expect {found[2]}{rest}", 60)
    return Advice(f"each variant has an `expect` of its own: `{shown}`", edit)


def _related(mistake: Mistake) -> str | None:
    """``expect macs 221 K``, ``expect 0.22 GMACs``: a quantity without its sign, or behind its number."""
    if (head := _head(mistake)) is None:
        return None
    start, end = mistake.begin, mistake.code_end()
    if head == start:
        begins = re.compile(r"[ \t]*expect[ \t]+(?:[\w.-]+:[ \t]*)?").match(mistake.text, start, end)
        start = begins.end() if begins is not None else start
    for part in re.finditer(r"[^,]+", mistake.text[start:end]):
        place = start + part.start() + len(part.group()) - len(part.group().lstrip())
        text = part.group().strip()
        if not place <= mistake.offset <= place + len(text):
            continue
        found = _NAMED.fullmatch(text) or _TURNED.fullmatch(text)
        if found is None:
            return None
        name, unit = found["name"].lower(), found["unit"] or ""
        if name not in QUANTITIES and name not in _CALLED and not unit and name[:1] in "kmgt":
            unit, name = name[:1], name[1:]
        name = _CALLED.get(name, name)
        if name not in QUANTITIES:
            return None
        unit = unit.upper() if len(unit) == 1 else unit
        new = f"{name} = {found['number']}{' ' * bool(unit)}{unit}"
        mistake.beside = head if head != mistake.begin else None
        return Advice(f"a quantity, a sign and a number: `{new}`", mistake.edit(new, place, place + len(text)))
    return None


RULES: tuple[Callable[[Mistake], str | None], ...] = (_each, _related)
