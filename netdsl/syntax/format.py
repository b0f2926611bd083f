"""Text → the same text in its canonical layout. What it says never changes, and no comment is lost.

The text is read for its tokens, each with the rule that it is a part of. Blanks, line breaks and columns are made anew
(:mod:`netdsl.syntax.layout`, :mod:`netdsl.syntax.columns`). The result is read again, and is given out only if it
reads as the text did, with the same comments.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from netdsl.diagnostics import Diagnostic, Source, Span
from netdsl.syntax import layout
from netdsl.syntax.columns import align
from netdsl.syntax.lalr import Parser, Progress, TooLong, Unexpected
from netdsl.syntax.lalr import Token as Terminal
from netdsl.syntax.layout import Token
from netdsl.syntax.parse import MARKS, MAX_NESTING, load, parse

_TIMES = frozenset({"TIMES", "KTIMES"})
#: Rules whose `×` is a repeat; in others it stands between sizes.
_REPEATS = frozenset({"repeat", "glued"})
#: Rules whose signs have blanks around them.
_SPACED = frozenset({"sum", "comparison", "and", "or", "not"})
#: Signs behind an item.
_ENDS = frozenset(",|)]}")
#: Blanks that a text may have and that are not printable.
_BLANKS = str.maketrans("", "", "\t\n\r\f\xa0")


def format(source: Source, tokens: int = sys.maxsize) -> tuple[str | None, list[Diagnostic]]:
    """The text of a source in its canonical layout; None, and why, where it cannot be read.

    Formatting the result gives the result again. Its lines end as the first line of the text does, with ``\\n`` or with
    Windows' ``\\r\\n``. A text of more than ``tokens`` words and signs is not read.
    """
    text = source.text
    if "#" in text.rpartition("\n")[2]:
        text += "\n"  # a comment ends with its line
    try:
        # Brackets by the thousand are not read to their end.
        reading = None if _deep(text) else _read(text, tokens)
    except (Unexpected, TooLong):
        reading = None
    if reading is None:
        return None, parse(source, 0, Progress(tokens))[1]
    if not text.translate(_BLANKS).isprintable():
        # what no grammar forbids
        problems = parse(source, 0)[1]
        if problems:
            return None, problems
    result = _laid_out(text, reading.tokens)
    if result != text and not _says_the_same(text, reading, result):
        message = f"formatting would change what `{source.name}` says, so it stays as it is"
        return None, [Diagnostic("ND104", message, None, "this is netdsl's mistake: please report it, with the file")]
    first = source.text.find("\n")
    return result.replace("\n", "\r\n") if first > 0 and source.text[first - 1] == "\r" else result, []


# -- reading ----------------------------------------------------------------------------------------------------------


class _Reading(NamedTuple):
    """A text's terminals in order, each with the rule that it is a part of, and the rules in the order of reduction."""

    tokens: list[tuple[Terminal, str]]
    rules: list[tuple[str, int]]


class _Marks:
    """Stands where the builder of trees does, and keeps terminals and rules alone."""

    def __init__(self) -> None:
        self.found: list[tuple[int, Terminal, str]] = []
        self.rules: list[tuple[str, int]] = []

    def __getattr__(self, rule: str) -> Callable[[list[Any]], bool]:
        def reduce(children: list[Any]) -> bool:
            breaks = 0
            for child in children:
                if type(child) is Terminal:
                    if child.type == "_NL":
                        breaks += 1
                    else:
                        self.found.append((child.start_pos, child, rule))
            self.rules.append((rule, len(children) - breaks))
            return True

        def dims(children: list[Any]) -> bool:
            # `3x224x224`, and `3 x res x res`, where `x` needs blanks to be no letter of a name
            named = any(type(child) is Terminal and child.type == "NAME" for child in children)
            owner = "names" if named else "dims"
            self.found += [(child.start_pos, child, owner) for child in children if type(child) is Terminal]
            self.rules.append((rule, len(children)))
            return True

        return dims if rule == "dims" else reduce


_marks = _Marks()
_reader: Parser | None = None


def _read(text: str, most: int = sys.maxsize) -> _Reading:
    """Raises :class:`Unexpected`, and :class:`TooLong` for a text of more than ``most`` words and signs."""
    global _reader
    if _reader is None:
        _reader = load(_marks)
    _marks.found, _marks.rules = [], []
    # A comment ends with its line, the last one too.
    _reader.parse(f"{text}\n" if "#" in text[text.rfind("\n") + 1 :] else text, Progress(most))
    return _Reading([(terminal, rule) for _, terminal, rule in sorted(_marks.found)], _marks.rules)


def _deep(text: str) -> bool:
    """Whether brackets nest deeper than they may."""
    depth = 0
    for mark in MARKS.finditer(text):
        if mark.group(2) is not None:
            depth += 1
            if depth > MAX_NESTING:
                return True
        elif mark.group(3) is not None:
            depth -= 1
    return False


# -- writing ----------------------------------------------------------------------------------------------------------


def _laid_out(text: str, found: list[tuple[Terminal, str]]) -> str:
    tokens: list[Token] = []
    gaps: list[str] = []
    end = 0
    for terminal, rule in found:
        kind = terminal.type
        written = str(terminal)
        if kind in _TIMES and rule != "kernel":
            written = "×" if rule in _REPEATS else "x"
        elif written == "x" and rule == "value":
            rule = "name"  # a word that is called so is no sign, which would stand close to a number
        tokens.append(Token(written, kind, rule))
        gaps.append(text[end : terminal.start_pos])
        end = terminal.end_pos
    gaps.append(text[end:])
    _space_arguments(tokens)
    _space_repeats(tokens, gaps)
    layout.settle(tokens, gaps)
    lines, behind = layout.lines(tokens, gaps)
    align(lines)
    return layout.text(lines, behind)


def _space_arguments(tokens: list[Token]) -> None:
    """`f(s=2)`, and `f(s = i + 1)`: blanks around the sign where the value has some of its own."""
    for i, token in enumerate(tokens):
        if token.owner == "argument" and token.text == "=":
            depth = 0
            for j in range(i + 1, len(tokens)):
                other = tokens[j]
                if other.text in ("(", "[", "{"):
                    depth += 1
                elif depth == 0 and other.text in (")", ","):
                    break
                elif other.text in (")", "]", "}"):
                    depth -= 1
                elif depth == 0 and other.owner in _SPACED:
                    token.owner = "parameter"
                    break


def _space_repeats(tokens: list[Token], gaps: list[str]) -> None:
    """`conv3-64×2` is `conv3-64 ×2`; not before what would then be the whole repeat's and not the layer's."""
    for i, token in enumerate(tokens):
        if token.owner == "glued" and token.text == "×":
            end = i + 1
            if tokens[end].text == "{":
                depth = 1
                while depth:
                    end += 1
                    depth += (tokens[end].text == "{") - (tokens[end].text == "}")
            after = tokens[end + 1] if end + 1 < len(tokens) and "\n" not in gaps[end + 1] else None
            if after is None or after.text in _ENDS or after.owner in ("alias", "assertion", "excuse"):
                token.owner = "repeat"


# -- the safety net ---------------------------------------------------------------------------------------------------


def _says_the_same(text: str, reading: _Reading, result: str) -> bool:
    """Whether a result reads as the text did."""
    try:
        again = _read(result)
    except Unexpected:
        return False
    if _comments(text) != _comments(result) or _new_rows(text, reading) != _new_rows(result, again):
        return False
    if [terminal for terminal in reading.tokens if terminal[1] == "glued"]:
        # `conv3-64×2` becomes `conv3-64 ×2`: other rules, and the same tree
        one, other = parse(Source("", text), 0)[0], parse(Source("", result), 0)[0]
        return one is not None and other is not None and same(one.statements, other.statements)
    return reading.rules == again.rules and _words(reading) == _words(again)


def _words(reading: _Reading) -> list[tuple[str, str, str]]:
    return [
        ("×", "", rule) if terminal.type in _TIMES and rule != "kernel" else (terminal, terminal.type, rule)
        for terminal, rule in reading.tokens
    ]


def _comments(text: str) -> list[str | None]:
    return [layout.comment(match[1]) for match in MARKS.finditer(text) if match[1]]


def _new_rows(text: str, reading: _Reading) -> list[bool]:
    """For each `|` of a table's rows whether a line begins with it, which says whose row its cell is."""
    found = []
    end = 0
    for terminal, rule in reading.tokens:
        if rule == "table_row" and terminal == "|":
            found.append("\n" in text[end : terminal.start_pos])
        end = terminal.end_pos
    return found


def same(one: object, other: object) -> bool:
    """Whether two trees say the same, wherever in their texts."""
    pending = [(one, other)]
    while pending:
        a, b = pending.pop()
        if type(a) is not type(b):
            return False
        if isinstance(a, tuple) and isinstance(b, tuple):
            if type(a) is not Span:
                if len(a) != len(b):
                    return False
                pending += zip(a, b)
        elif a != b:
            return False
    return True
