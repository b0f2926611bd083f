"""Grammar → parsing tables, by Lark. Run ``python -m netdsl.syntax.generate`` after a change to ``grammar.lark``.

Lark reads the grammar, refuses what is ambiguous, and computes the LALR(1) tables. What it found is kept as plain data
beside the grammar, because importing Lark and building its lexers takes longer than everything else that
``netdsl stats`` does; :mod:`netdsl.syntax.lalr` runs the same tables with the same contextual lexer. A test holds the
file against the grammar, and the results against Lark's own parser.
"""

from __future__ import annotations

import importlib
import json
import re
from typing import Any

import lark
from lark.lexer import TerminalDef
from lark.parsers.lalr_analysis import Shift

from netdsl.syntax.lalr import GRAMMAR, TABLES, checksum

#: Python's own reader of regular expressions.
_PARSER: Any = importlib.import_module("re._parser")

_ASCII = [chr(code) for code in range(128)]


def lark_parser(**options: Any) -> lark.Lark:
    """Lark's own parser of the language. ``strict`` and ``debug`` are Lark's; every token is kept."""
    text = GRAMMAR.read_text(encoding="utf-8")
    return lark.Lark(text, parser="lalr", lexer="contextual", keep_all_tokens=True, maybe_placeholders=False, **options)


def order(terminal: TerminalDef) -> tuple[int, int, int, str]:
    """Lark's order of trial: priority, then the longest."""
    return (-terminal.priority, -terminal.pattern.max_width, -len(terminal.pattern.value), terminal.name)


def tables() -> dict[str, Any]:
    """The tables as plain data.

    ``terminals``: name, text, whether the text is a regular expression, and the characters of ASCII that it may begin
    with, in the order in which they are tried.
    ``states``: for each state the action on each terminal: ``n`` goes to state n, ``-n-1`` reduces by rule n.
    ``gotos``: for each state the next state after each rule's name. ``rules``: name, length, and whether one of its
    parts is a rule whose children it takes over (a name that begins with ``_``).
    ``lexers`` and ``lexer_of``: the terminals that may come in a state, as places in ``terminals``; ignored ones too.
    """
    parser = lark_parser()
    table: Any = parser.parser.parser._parse_table
    ignored = set(parser.ignore_tokens)
    terminals = sorted(parser.terminals, key=order)
    place = {terminal.name: index for index, terminal in enumerate(terminals)}
    numbers = number_states(table)
    rules: dict[Any, int] = {}
    states: list[dict[str, int]] = []
    gotos: list[dict[str, int]] = []
    lexers: dict[tuple[int, ...], int] = {}
    lexer_of: list[int] = []
    for state in numbers:
        actions = table.states[state]
        on_terminal: dict[str, int] = {}
        on_rule: dict[str, int] = {}
        for symbol, (action, argument) in sorted(actions.items(), key=lambda item: item[0]):
            if action is Shift:
                target = on_terminal if symbol == "$END" or symbol in place else on_rule
                target[symbol] = numbers[argument]
            else:
                on_terminal[symbol] = -rules.setdefault(argument, len(rules)) - 1
        states.append(on_terminal)
        gotos.append(on_rule)
        accepted = tuple(sorted(place[name] for name in {*on_terminal, *ignored} if name in place))
        lexer_of.append(lexers.setdefault(accepted, len(lexers)))
    return {
        "grammar": checksum(GRAMMAR.read_text(encoding="utf-8")),
        "start": numbers[table.start_states["start"]],
        "end": numbers[table.end_states["start"]],
        "terminals": [
            [terminal.name, terminal.pattern.to_regexp() if _is_regexp(terminal) else terminal.pattern.value,
             _is_regexp(terminal), begins(terminal.pattern.to_regexp())]
            for terminal in terminals
        ],
        "ignored": sorted(ignored),
        "states": states,
        "gotos": gotos,
        "rules": [[rule.origin.name, len(rule.expansion), _splices(rule)] for rule in rules],
        "lexers": [list(accepted) for accepted in lexers],
        "lexer_of": lexer_of,
    }  # fmt: skip


def begins(pattern: str) -> str:
    """The characters of ASCII with which a text that matches a regular expression may begin.

    Raises ValueError for an expression that may match nothing, or holds what this does not know.
    """
    found, empty = _firsts(_PARSER.parse(pattern), ignore_case=False)
    if empty:
        raise ValueError(f"{pattern!r} may match nothing")
    return "".join(sorted(found))


def _firsts(sequence: Any, *, ignore_case: bool) -> tuple[set[str], bool]:
    """The first characters of what a sequence of parts of an expression matches, and whether it may match nothing."""
    found: set[str] = set()
    for part, argument in sequence:
        name = str(part)
        if name in ("ASSERT", "ASSERT_NOT", "AT"):  # matches no character
            continue
        empty = False
        if name in ("LITERAL", "NOT_LITERAL", "IN", "ANY"):
            chosen = {sign for sign in _ASCII if _single(name, argument, sign)}
            if ignore_case:
                chosen = {sign for sign in _ASCII if {sign.lower(), sign.upper()} & chosen}
        elif name == "BRANCH":
            branches = [_firsts(branch, ignore_case=ignore_case) for branch in argument[1]]
            chosen, empty = set().union(*(signs for signs, _ in branches)), any(nothing for _, nothing in branches)
        elif name == "SUBPATTERN":
            _, added, _, inside = argument
            chosen, empty = _firsts(inside, ignore_case=ignore_case or bool(added & re.IGNORECASE))
        elif name == "ATOMIC_GROUP":
            chosen, empty = _firsts(argument, ignore_case=ignore_case)
        elif name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            least, _, inside = argument
            chosen, empty = _firsts(inside, ignore_case=ignore_case)
            empty = empty or least == 0
        else:
            raise ValueError(f"a part {name} of an expression is not known here")
        found |= chosen
        if not empty:
            return found, False
    return found, True


def _single(name: str, argument: Any, sign: str) -> bool:
    """Whether a part that matches one character matches this one."""
    if name == "ANY":
        return sign != "\n"
    if name == "IN":
        negated = str(argument[0][0]) == "NEGATE"
        return negated != any(_single(str(kind), value, sign) for kind, value in argument[negated:])
    if name == "RANGE":
        return bool(argument[0] <= ord(sign) <= argument[1])
    if name in ("LITERAL", "NOT_LITERAL"):
        return bool(ord(sign) == argument) == (name == "LITERAL")
    raise ValueError(f"a part {name} of a set of characters is not known here")


def number_states(table: Any) -> dict[Any, int]:
    """Numbers in the order in which a walk from the start comes to the states: the same at each run."""
    numbers = {table.start_states["start"]: 0}
    pending = list(numbers)
    for state in pending:
        for _, (action, argument) in sorted(table.states[state].items(), key=lambda item: item[0]):
            if action is Shift and argument not in numbers:
                numbers[argument] = len(numbers)
                pending.append(argument)
    return numbers


def _splices(rule: Any) -> bool:
    return any(not symbol.is_term and symbol.name.startswith("_") for symbol in rule.expansion)


def _is_regexp(terminal: TerminalDef) -> bool:
    return terminal.pattern.type == "re"


def dump() -> str:
    """The text of the tables' file."""
    parts = []
    for key, value in tables().items():
        rows = value if isinstance(value, list) else None
        text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
        if rows and not isinstance(rows[0], (int, str)):
            inside = [json.dumps(row, ensure_ascii=True, separators=(",", ":")) for row in rows]
            text = "[\n" + ",\n".join(inside) + "\n]"
        parts.append(f"{json.dumps(key)}:{text}")
    return "{" + ",\n".join(parts) + "}\n"


if __name__ == "__main__":
    TABLES.write_text(dump(), encoding="utf-8")
