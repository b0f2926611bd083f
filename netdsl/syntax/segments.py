"""Stretches of lines whose tokens can be moved to the right, and the columns of calls and repeats in them.

The parts of which :mod:`netdsl.syntax.columns` makes its columns.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import NamedTuple

from netdsl.syntax.layout import Line, Token

#: Where the next longer part of a column is longer by so much, it stands apart.
FAR = 30
#: The same for what has little room: repeats, signs of equality, and where calls begin.
NEAR = 12
#: How much the lengths of one argument may differ.
ARGUMENT = 8
#: Columns are made of calls among so many tokens: beyond, nobody sees them.
REACH = 200

OPENERS = frozenset("([{")
CLOSERS = frozenset(")]}")
_NUMBERS = frozenset({"INT", "FLOAT"})


class Segment:
    """A line, or a cell of one: its tokens from ``first`` up to ``last``, the first of them at column ``start``."""

    __slots__ = ("arrow", "calls", "first", "last", "line", "repeat", "start")

    def __init__(self, line: Line, first: int, last: int, start: int) -> None:
        self.line, self.first, self.last, self.start = line, first, last, start
        #: the places of the first item's repeat, and of the last item's `->`; -1 where there is none
        self.repeat = self.arrow = -1
        #: the places of the names of what is called
        self.calls: list[int] = []
        depth = items = 0
        for at in range(first, last):
            token = line.tokens[at]
            text = token.text
            if text in OPENERS:
                depth += 1
                if token.owner == "call":
                    self.calls.append(at - 1)
            elif text in CLOSERS:
                depth -= 1
            elif depth:
                continue
            elif text == "," or text == "|":
                items += 1
                self.arrow = -1
            elif text == "->":
                self.arrow = at
            elif text == "×" and not items and token.owner == "repeat":
                self.repeat = at

    def column(self, at: int) -> int:
        """Where a token begins."""
        if at == self.first:
            return self.start
        tokens = self.line.tokens
        between = sum(token.gap + token.width for token in tokens[self.first + 1 : at])
        return self.start + tokens[self.first].width + between + tokens[at].gap

    def end(self) -> int:
        """Where the last token ends."""
        if self.first == self.last:
            return self.start
        return self.column(self.last - 1) + self.line.tokens[self.last - 1].width

    def length(self, begin: int, end: int) -> int:
        """How long some tokens are, without the blanks before them."""
        tokens = self.line.tokens
        return sum(token.gap + token.width for token in tokens[begin:end]) - tokens[begin].gap

    def widen(self, at: int, by: int) -> None:
        """Moves a token, and all behind it, to the right."""
        self.line.tokens[at].gap += by


#: A token of a segment that is to stand in a column.
Place = tuple[Segment, int]


def together(segment: Segment) -> Hashable:
    """Segments that belong together have the same."""
    return segment.line.paragraph, segment.line.container


def clusters(places: Iterable[Place], far: int) -> Iterator[list[tuple[int, Place]]]:
    """Places, each with its column, in groups that may stand in one; sorted by column."""
    ordered = sorted(((segment.column(at), (segment, at)) for segment, at in places), key=lambda pair: pair[0])
    group: list[tuple[int, Place]] = []
    for column, place in ordered:
        if group and column - group[-1][0] >= far:
            yield group
            group = []
        group.append((column, place))
    if group:
        yield group


def stand_below(places: Iterable[Place], far: int) -> None:
    """Moves tokens to the right until those of one group stand in one column."""
    for group in clusters(places, far):
        for column, (segment, at) in group:
            segment.widen(at, group[-1][0] - column)


def gathered(segments: Iterable[Segment], key: Callable[[Segment], Hashable]) -> Iterable[list[Segment]]:
    """Segments that have the same key, in order."""
    found: dict[Hashable, list[Segment]] = {}
    for segment in segments:
        found.setdefault(key(segment), []).append(segment)
    return found.values()


def is_number(tokens: Sequence[Token]) -> bool:
    """Whether tokens are a number, signed or not."""
    signed = tokens[1:] if tokens[0].text == "-" else tokens
    return len(signed) == 1 and signed[0].kind in _NUMBERS


def up_to(places: Sequence[Place], target: int | None) -> list[Place]:
    """Moves to a column what is not far from it, and not behind it; returns what is left."""
    if target is None:
        return list(places)
    left: list[Place] = []
    reached = target
    for column, (segment, at) in sorted(
        ((segment.column(at), (segment, at)) for segment, at in places), key=lambda pair: -pair[0]
    ):
        if column <= target and reached - column < FAR:
            reached = column
            segment.widen(at, target - column)
        else:
            left.append((segment, at))
    return left


def align_repeats(segments: Iterable[Segment], key: Callable[[Segment], Hashable]) -> None:
    """Puts the repeats of segments that have the same key in columns."""
    for group in gathered((segment for segment in segments if segment.repeat >= 0), key):
        stand_below([(segment, segment.repeat) for segment in group], NEAR)


# -- arguments of calls -----------------------------------------------------------------------------------------------


class _Call(NamedTuple):
    """A call of a segment: where its name stands, and its arguments before the first that has a name."""

    segment: Segment
    at: int
    arguments: list[tuple[int, int]]


def align_calls(segments: Iterable[Segment], key: Callable[[Segment], Hashable]) -> None:
    """Calls of one block in lines that begin alike stand below one another, argument by argument."""
    groups: dict[Hashable, list[_Call]] = {}
    for segment in segments:
        if segment.calls:
            for prefix, call in _calls(segment):
                groups.setdefault((prefix, segment.start, key(segment)), []).append(call)
    # a call further to the right stands where those before it have come to stand
    for group in sorted((group for group in groups.values() if len(group) > 1), key=lambda group: group[0].at):
        known = {(id(call.segment), call.at): call for call in group}
        for cluster in clusters([(call.segment, call.at) for call in group], NEAR):
            if len(cluster) > 1:
                for column, (segment, at) in cluster:
                    segment.widen(at, cluster[-1][0] - column)
                _align_arguments([known[id(segment), at] for _, (segment, at) in cluster])


def _calls(segment: Segment) -> Iterator[tuple[tuple[str, ...], _Call]]:
    """The calls of two arguments and more, each with what stands before it, but for labels and others' arguments."""
    tokens = segment.line.tokens
    words: list[str] = []
    at = segment.first
    names = set(segment.calls)
    while at < min(segment.last, segment.first + REACH):
        token = tokens[at]
        if at not in names:
            if token.owner != "label" or token.text == ":":
                words.append(token.text)
            at += 1
            continue
        arguments, end = _arguments(segment, at + 2)
        words.append(f"{token.text}()")
        if end == segment.last:
            return
        if len(arguments) > 1:
            yield tuple(words), _Call(segment, at, arguments)
        at = end + 1


def _arguments(segment: Segment, at: int) -> tuple[list[tuple[int, int]], int]:
    """The arguments from a place on, up to the first that has a name, and the place of the bracket that ends them."""
    tokens = segment.line.tokens
    found: list[tuple[int, int]] = []
    depth, begin, named = 0, at, False
    while at < segment.last:
        token = tokens[at]
        if token.text in OPENERS:
            depth += 1
        elif token.text in CLOSERS and depth:
            depth -= 1
        elif not depth and (token.text == "," or token.text == ")"):
            if not named and at > begin:
                found.append((begin, at))
            begin = at + 1
            if token.text == ")":
                break
        elif not depth and token.text == "=":
            named = True
        at += 1
    return found, at


def _align_arguments(calls: Sequence[_Call]) -> None:
    for place in range(max(len(call.arguments) for call in calls)):
        column = [call for call in calls if len(call.arguments) > place]
        lengths = [call.segment.length(*call.arguments[place]) for call in column]
        longest = max(lengths)
        if longest - min(lengths) > ARGUMENT:
            return
        ends_right = any(is_number(call.segment.line.tokens[slice(*call.arguments[place])]) for call in column)
        for call, length in zip(column, lengths):
            begin, end = call.arguments[place]
            if ends_right:
                call.segment.widen(begin, longest - length)
            elif call.segment.line.tokens[end].text == ",":
                call.segment.widen(end + 1, longest - length)
