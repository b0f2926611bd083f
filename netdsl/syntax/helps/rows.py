"""Rows that can be read and were meant otherwise: ``concat a, b``, ``fc 64 -> 10``.

Rules of the same form as those of ``signs.py``, of a layer that begins where the mistake is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from netdsl.diagnostics import Advice
from netdsl.syntax import tree
from netdsl.syntax.helps.mistake import Mistake
from netdsl.syntax.walk import walk

#: Of more places in a text none is looked at.
_MOST = 50
_TENSORS = r"@?[A-Za-z_][\w.]*(?:[ \t]*(?:,|\band\b|&)[ \t]*@?[A-Za-z_][\w.]*)+"
#: A join whose tensors are listed behind it, up to the end of what it stands in.
LISTED = re.compile(
    rf"(?P<word>add|concat|mul|sub)[ \t]+(?P<listed>{_TENSORS})(?=[ \t]*(?:$|[\]}}#|\r]|->))", re.M | re.I
)
#: A layer with the channels that enter and those that it gives.
FROM_TO = re.compile(
    r"(?P<word>(?:dw|up|sep)?conv(?P<k>\d+(?:[x×]\d+)?)?|fc|linear)[ \t]+\d+[ \t]*->[ \t]*(?P<to>\d+)(?![\w×.*])",
    re.IGNORECASE,
)
#: Where one may be.
_ANY = re.compile(
    r"(?<![\w.@-])(?:(?:add|concat|mul|sub)[ \t]+@?[A-Za-z_]|[A-Za-z]\w*[ \t]+\d+[ \t]*->)", re.IGNORECASE
)


def found(statements: Sequence[Any], text: str) -> list[tuple[tree.Row, int]]:
    """Rows that may be such, each with the place of its layer; they overlap nowhere."""
    places = {match.start() for match, _ in zip(_ANY.finditer(text), range(_MOST), strict=False)}
    rows: list[tuple[tree.Row, int]] = []
    for part in walk(*statements) if places else ():
        if type(part) is not tree.Row or (rows and part.span.start < rows[-1][0].span.end):
            continue
        for item in part.items:
            core = item.core
            if type(core) is tree.Layer and core.span.start in places and core.modifiers:
                at = core.span.start
                if LISTED.match(text, at) is not None or FROM_TO.match(text, at) is not None:
                    rows.append((part, at))
                    break
    return rows


def _listed(mistake: Mistake) -> str | None:
    """``concat a, b``, ``add @a, @b``"""
    given = LISTED.match(mistake.text, mistake.offset)
    if given is None:
        return None
    names = re.split(r"[ \t]*(?:,|\band\b|&)[ \t]*", given["listed"])
    bare = [name for name in names if not name.startswith("@")]
    source = mistake.source
    known = [
        re.search(
            rf"(?<![\w.]){re.escape(name)}[ \t]*:|\b(?:as|input)[ \t]+{re.escape(name)}\b|"
            rf"\bblock[ \t]+\w+[ \t]*\([^()\n]*\b{re.escape(name)}\b",
            source,
        )
        is not None
        for name in bare
    ]
    if len(names) > 8 or any(mistake.is_layer(name) and not there for name, there in zip(bare, known, strict=True)):
        return None
    text = f"{given['word']} {{ {' | '.join('@' + name.removeprefix('@') for name in names)} }}"
    word = given["word"]
    mistake.instead(f"`{word}` has no branches in braces behind it", mistake.offset, mistake.offset + len(word))
    mistake.code = "ND225"
    if len(text) > 80:
        text = f"{given['word']} {{ @{names[0].removeprefix('@')[:30]} | … }}"
        return f"branches stand in braces, with `|` between them: `{text}`"
    if not all(known):
        lacks = next(name for name, there in zip(bare, known, strict=True) if not there)
        return f"it is written `{text}`, where `{lacks[:30]}:` stands before the layer that makes that tensor"
    return Advice(f"it is written `{text}`", mistake.edit(text, given.start(), given.end()))


def _from_to(mistake: Mistake) -> str | None:
    """``fc 64 -> 10``, ``conv3 64 -> 128``: the channels that enter are in sight."""
    given = FROM_TO.match(mistake.text, mistake.offset)
    if given is None:
        return None
    word = given["word"].replace("×", "x")
    convolves = "conv" in word.lower()
    kernel = "" if given["k"] or not convolves else "3"
    text = f"{word}{kernel}-{given['to']}"
    mistake.instead(f"`{given.group()}` is no layer as it stands", given.start(), given.end())
    if kernel or word.lower().startswith("dw"):
        return f"the kernel stands at the word, and what it makes behind a hyphen: `{text}`"
    help = f"what enters is known, and what comes out stands behind a hyphen: `{text}`"
    return Advice(help, mistake.edit(text, given.start(), given.end()))


#: Of layers in rows that can be read.
ROWS: tuple[Callable[[Mistake], str | None], ...] = (_listed, _from_to)
