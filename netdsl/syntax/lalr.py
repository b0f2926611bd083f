"""Runs the parsing tables that Lark made of the grammar: LALR(1), with a lexer that knows what may come next."""

from __future__ import annotations

import re
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

#: Matches an expression at a place.
Match: TypeAlias = Callable[[str, int], re.Match[str] | None]
#: Terminals to try: expressions, and signs.
Trials: TypeAlias = tuple[list[tuple[str, Match]], list[tuple[str, str]]]

#: Terminals that take words which may be terminals of their own.
_WORDS = frozenset({"NAME", "PART", "VNAME"})

GRAMMAR = Path(__file__).with_name("grammar.lark")
TABLES = Path(__file__).with_name("grammar.json")


class Token(str):
    """A piece of text with its terminal's name and its place."""

    __slots__ = ("end_pos", "start_pos", "type")

    type: str
    start_pos: int
    end_pos: int


class _Inline(list[Any]):
    """The children of a rule whose name begins with ``_``: they go to the rule around it."""


class Progress:
    """How far a text has been read, statement by statement, so that reading goes on behind what is right.

    ``left`` is how many words and signs may still be read, those included that are read again.
    """

    def __init__(self, left: int = sys.maxsize) -> None:
        self.left = left
        #: for each statement where it ends, and how many there are up to it
        self.ends: list[tuple[int, int]] = []
        self.stack: list[int] = []
        self.values: list[Any] = []
        #: how many letters were read to try what a mistake was meant to be
        self.tried = 0

    def back_to(self, offset: int) -> int:
        """Forgets the statements that end behind an offset; the place to read on from."""
        while self.ends and self.ends[-1][0] > offset:
            self.ends.pop()
        if not self.ends:
            self.stack, self.values = [], []
            return 0
        position, count = self.ends[-1]
        del self.values[-1][count:]
        return position


class TooLong(Exception):
    """A text that goes on behind the last word or sign that may be read: where."""

    def __init__(self, offset: int) -> None:
        super().__init__()
        self.offset = offset


class Unexpected(Exception):
    """Text that cannot be read on: where, and the names of the terminals that could have come."""

    def __init__(self, offset: int, end: int, expected: frozenset[str]) -> None:
        super().__init__()
        self.offset = offset
        self.end = end
        self.expected = expected


def checksum(grammar: str) -> int:
    """Tells whether tables belong to a grammar."""
    return zlib.crc32(grammar.replace("\r\n", "\n").encode())


class Parser:
    """The tables, ready to run. ``build`` is an object with a method for each rule: children → value."""

    def __init__(self, tables: dict[str, Any], build: object) -> None:
        self.start: int = tables["start"]
        self.end: int = tables["end"]
        self.states: list[dict[str, int]] = tables["states"]
        self.gotos: list[dict[str, int]] = tables["gotos"]
        self.lexer_of: list[int] = tables["lexer_of"]
        self.ignored = frozenset(tables["ignored"])
        #: each rule's name, length, whether it takes over what a part of it holds, and what makes its value of them
        #: (None where it gives them to the rule around it)
        self.rules: list[tuple[str, int, bool, Callable[[list[Any]], Any] | None]] = [
            (name, length, splices, None if name.startswith("_") else getattr(build, name))
            for name, length, splices in tables["rules"]
        ]
        self.terminals: list[tuple[str, str, bool, str]] = tables["terminals"]
        self.lexers: list[list[int]] = tables["lexers"]
        self.patterns: dict[int, Match] = {}
        #: for each lexer, what is tried where a character stands, and the words that are terminals
        self.ready: list[dict[str, Trials]] = [{} for _ in self.lexers]
        self.keywords: list[dict[str, str] | None] = [None] * len(self.lexers)
        self.word = re.compile(r"[A-Za-z_][A-Za-z0-9_]*").match

    def parse(self, text: str, progress: Progress | None = None, position: int = 0) -> Any:
        """The value of the whole text. Raises :class:`Unexpected`, and :class:`TooLong` where ``progress`` has a bound.

        What ``progress`` has of the text is not read again: reading begins at ``position``, where its last statement
        ends.
        """
        states, gotos, rules = self.states, self.gotos, self.rules
        progress = Progress() if progress is None else progress
        stack = list(progress.stack) or [self.start]
        values: list[Any] = list(progress.values)
        length = len(text)
        state = stack[-1]
        while True:
            name, end = self.next(text, position, state) if position < length else ("$END", position)
            if name in self.ignored:
                position = end
                continue
            action = states[state].get(name)
            if action is None:
                raise Unexpected(position, end, self.expected(stack))
            while action < 0:
                rule, count, splices, callback = rules[-action - 1]
                if count == 1 and callback is None:
                    # A part that goes to the rule around it, alone: it does so when that is made.
                    stack.pop()
                else:
                    children: list[Any] = []
                    if count:
                        children = values[-count:]
                        del values[-count:], stack[-count:]
                        if splices:
                            # The first list is extended, not copied: a long file is a long chain of such steps.
                            first = children[0]
                            flat = first if type(first) is _Inline else _Inline([first])
                            for child in children[1:]:
                                if type(child) is _Inline:
                                    flat += child
                                else:
                                    flat.append(child)
                            children = flat
                    if callback is not None:
                        values.append(callback(children))
                    else:
                        values.append(children if type(children) is _Inline else _Inline(children))
                state = gotos[stack[-1]][rule]
                stack.append(state)
                if rule == "_lines":
                    if type(values[-1]) is not _Inline:
                        values[-1] = _Inline([values[-1]])
                    if not progress.ends:
                        progress.stack, progress.values = list(stack), list(values)
                    progress.ends.append((position, len(values[-1])))
                elif state == self.end and name == "$END":
                    return values[-1]
                action = states[state].get(name)
                if action is None:
                    raise Unexpected(position, end, self.expected(stack))
            progress.left -= 1
            if progress.left < 0:
                raise TooLong(position)
            state = action
            stack.append(state)
            token = Token(text[position:end])
            token.type = name
            token.start_pos = position
            token.end_pos = end
            values.append(token)
            position = end

    def reach(self, text: str, limit: int, position: int, stack: list[int]) -> int:
        """How far a text can be read, without making anything of it.

        Begins at ``position`` with the states of ``stack``, which are moved along, and ends at the first word or sign
        behind ``limit``, or at the one that cannot stand where it does: returns where that one begins.
        """
        states, gotos, rules = self.states, self.gotos, self.rules
        stack[:] = stack or [self.start]
        while position < limit:
            name, end = self.next(text, position, stack[-1]) if position < len(text) else ("$END", position)
            if name in self.ignored:
                position = end
                continue
            if not self.passes(list(stack), name):
                return position
            if name == "$END":
                return limit
            action = states[stack[-1]][name]
            while action < 0:
                rule, count, _, _ = rules[-action - 1]
                if count:
                    del stack[-count:]
                stack.append(gotos[stack[-1]][rule])
                action = states[stack[-1]][name]
            stack.append(action)
            position = end
        return position

    def next(self, text: str, position: int, state: int) -> tuple[str, int]:
        """The terminal at a position, of those that may come in a state, and where it ends."""
        lexer = self.lexer_of[state]
        first = text[position]
        trials = self.ready[lexer].get(first)
        if trials is None:
            trials = self.ready[lexer][first] = self.prepare(lexer, first)
        expressions, signs = trials
        for name, match in expressions:
            found = match(text, position)
            if found is not None:
                if name in _WORDS:
                    return self.words(lexer).get(found.group(), name), found.end()
                return name, found.end()
        for sign, name in signs:
            if text.startswith(sign, position):
                return name, position + len(sign)
        word = self.word(text, position)
        if word is not None:
            return self.words(lexer).get(word.group(), ""), word.end()
        return "", position + 1

    def prepare(self, lexer: int, first: str) -> Trials:
        """Of one set of terminals those that can begin with a character: expressions in order of trial, then signs."""
        expressions: list[tuple[str, Match]] = []
        signs: list[tuple[str, str]] = []
        for index in self.lexers[lexer]:
            name, pattern, is_regexp, begins = self.terminals[index]
            if first.isascii() and first not in begins:
                continue
            if is_regexp:
                if index not in self.patterns:
                    self.patterns[index] = re.compile(pattern).match
                expressions.append((name, self.patterns[index]))
            elif not pattern.isalpha():
                signs.append((pattern, name))
        return expressions, signs

    def words(self, lexer: int) -> dict[str, str]:
        """Of one set of terminals those that are words, by their texts."""
        found = self.keywords[lexer]
        if found is None:
            terminals = (self.terminals[index] for index in self.lexers[lexer])
            found = {pattern: name for name, pattern, is_regexp, _ in terminals if not is_regexp and pattern.isalpha()}
            self.keywords[lexer] = found
        return found

    def expected(self, stack: list[int]) -> frozenset[str]:
        """The terminals that could follow, those alone that a reduction would really let pass."""
        return frozenset(name for name in self.states[stack[-1]] if self.passes(list(stack), name))

    def passes(self, stack: list[int], name: str) -> bool:
        """Whether a terminal could be shifted after what reductions it asks for."""
        action = self.states[stack[-1]].get(name)
        while action is not None and action < 0:
            rule, count, _, _ = self.rules[-action - 1]
            if count:
                del stack[-count:]
            stack.append(self.gotos[stack[-1]][rule])
            if name == "$END" and stack[-1] == self.end:
                return True
            action = self.states[stack[-1]].get(name)
        return action is not None
