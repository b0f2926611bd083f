"""What helps where a line of a key map is none: the line as it should be, or what its signs stand for."""

from __future__ import annotations

import re
from collections.abc import Collection

from netdsl.diagnostics import shortened
from netdsl.diagnostics.files import listed
from netdsl.diagnostics.nearest import did_you_mean


class NoRule(ValueError):
    """What is wrong with a line of a key map, and what helps."""

    def __init__(self, message: str, help: str) -> None:
        super().__init__(message)
        self.help = help


def line(pattern: str, target: str | None) -> str:
    """The line that calls ``target`` what a pattern fits, or leaves it out where that is None."""
    return f"`{_toml(shortened(pattern))} = {'false' if target is None else _toml(shortened(target))}`"


def _toml(text: str) -> str:
    """A string of TOML: a literal one where backslashes would be doubled."""
    import json

    if "\\" in text and "'" not in text and text.isprintable():
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False)


def mended(text: str, at: int) -> str:
    """What helps where ``text`` is no TOML at ``at``: its line with both sides in quotes, if that makes it TOML."""
    own = text[text.rfind("\n", 0, at) + 1 :].partition("\n")[0].partition("#")[0].strip()
    parts = re.split(r"\s*(?:=|->|→|:)\s*", own, maxsplit=1)
    if len(parts) == 2 and len(own) < 200 and not _is_toml(own):
        source, target = (part.strip().strip("\"'") for part in parts)
        left_out = target.casefold() in ("false", "none", "null", "")
        made = line(source, None if left_out else target)
        if source and _is_toml(made[1:-1]):
            return f"{made} leaves a tensor out" if left_out else f"both sides stand in quotes: {made}"
    return 'a line is `"OLD.**" = "NEW.**"` or `"OLD.**" = false`, each pattern once; `["NAME"]` begins a scheme'


def _is_toml(text: str) -> bool:
    import tomllib

    try:
        return bool(tomllib.loads(text))
    except tomllib.TOMLDecodeError:
        return False


def no_part(sign: re.Match[str]) -> str:
    """What helps where braces on the left hold no word."""
    if sign[0] in ("{", "}"):
        return _escaped(sign[0])
    if sign[3]:
        word = sign[2] if sign[2].isidentifier() else "n"
        return f"counting is of the right: `{{{word}}}` here, and `{{{word}{sign[3]}{sign[4]}}}` there"
    return "a word begins with a letter, `{n}`; `*` is a part of a key without a name"


def no_word(sign: re.Match[str], words: Collection[str]) -> str:
    """What helps where braces on the right hold none of the ``words`` of the left."""
    if sign[0] in ("{", "}"):
        return _escaped(sign[0])
    if (near := did_you_mean(sign[2] or "", words)) is not None:
        return near
    if words:
        return f"the left has {listed(f'{{{word}}}' for word in sorted(words))}"
    word = shortened(sign[2]) if sign[2].isidentifier() else "n"
    return f"write `{{{word}}}` on the left, for the part that it repeats"


def _escaped(sign: str) -> str:
    return f"with a backslash it is that sign of a key: `\\{sign}`, in single quotes"
