"""Columns: what stands one below the other in lines that belong together, as in the tables of papers.

Each column is made by widening the blanks before a token. From the inside out: arguments of calls, repeats, cells of
tables, ``->``, comments. Lines belong together where no blank line is between them; what is much longer than the rest
stands apart and pushes nothing to the right.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import NamedTuple

from netdsl.diagnostics import width
from netdsl.syntax.layout import STEP, Line, Token

#: Comments of several lines stand in a column where none of them then goes beyond.
WIDTH = 132
#: Where the next longer part of a column is longer by so much, it stands apart.
FAR = 30
#: The same for what has little room: repeats, signs of equality, and where calls begin.
NEAR = 12
#: How much the lengths of one argument may differ.
ARGUMENT = 8
#: How far a row of one cell widens a table's first column.
PUSH = 8
#: Columns are made of so many settings of a statement, and of calls among so many tokens: beyond, nobody sees them.
SETTINGS = 24
REACH = 200

_OPENERS = frozenset("([{")
_CLOSERS = frozenset(")]}")
_NUMBERS = frozenset({"INT", "FLOAT"})
_RELATIONS = frozenset({"=", "==", "!=", "<", "<=", ">", ">="})
_HEAD = re.compile(r"\S+(?: \S+)*")


def align(lines: Sequence[Line]) -> None:
    """Widens the blanks before tokens, so that columns stand."""
    tables = _tables(lines)
    rows = {id(line) for table in tables for line in table.lines}
    plain = [
        Segment(line, int(line.barred), len(line.tokens), line.indent + STEP * line.barred)
        for line in lines
        if not (line.closes or line.anchor is not None or id(line) in rows)
    ]
    _align_calls(plain, _place)
    _align_repeats(plain, _place)
    _align_statements(lines)
    for table in tables:
        table.align()
    _align_arrows(plain, tables)
    _align_parameters(lines)
    _align_comments(lines)


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
            if text in _OPENERS:
                depth += 1
                if token.owner == "call":
                    self.calls.append(at - 1)
            elif text in _CLOSERS:
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


def _place(segment: Segment) -> Hashable:
    """Segments that belong together have the same."""
    return segment.line.paragraph, segment.line.container


def _clusters(places: Iterable[Place], far: int) -> Iterator[list[tuple[int, Place]]]:
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


def _stand_below(places: Iterable[Place], far: int) -> None:
    for group in _clusters(places, far):
        for column, (segment, at) in group:
            segment.widen(at, group[-1][0] - column)


def _gathered(segments: Iterable[Segment], key: Callable[[Segment], Hashable]) -> Iterable[list[Segment]]:
    found: dict[Hashable, list[Segment]] = {}
    for segment in segments:
        found.setdefault(key(segment), []).append(segment)
    return found.values()


def _is_number(tokens: Sequence[Token]) -> bool:
    signed = tokens[1:] if tokens[0].text == "-" else tokens
    return len(signed) == 1 and signed[0].kind in _NUMBERS


# -- repeats and `->` -------------------------------------------------------------------------------------------------


def _align_repeats(segments: Iterable[Segment], key: Callable[[Segment], Hashable]) -> None:
    for group in _gathered((segment for segment in segments if segment.repeat >= 0), key):
        _stand_below([(segment, segment.repeat) for segment in group], NEAR)


def _align_arrows(segments: Iterable[Segment], tables: Iterable[Table]) -> None:
    """Sizes of outputs are a column of the net: of a paragraph, whatever brackets are in it."""
    column = {key: table.arrow for table in tables if table.arrow is not None for key in table.paragraphs}
    for group in _gathered(
        (segment for segment in segments if segment.arrow >= 0), lambda one: (one.line.paragraph, one.line.scope)
    ):
        line = group[0].line
        places = [(segment, segment.arrow) for segment in group]
        _stand_below(_up_to(places, column.get((line.paragraph, line.scope))), FAR)


def _up_to(places: Sequence[Place], target: int | None) -> list[Place]:
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


# -- arguments of calls -----------------------------------------------------------------------------------------------


class _Call(NamedTuple):
    """A call of a segment: where its name stands, and its arguments before the first that has a name."""

    segment: Segment
    at: int
    arguments: list[tuple[int, int]]


def _align_calls(segments: Iterable[Segment], key: Callable[[Segment], Hashable]) -> None:
    """Calls of one block in lines that begin alike stand below one another, argument by argument."""
    groups: dict[Hashable, list[_Call]] = {}
    for segment in segments:
        if segment.calls:
            for prefix, call in _calls(segment):
                groups.setdefault((prefix, segment.start, key(segment)), []).append(call)
    # a call further to the right stands where those before it have come to stand
    for group in sorted((group for group in groups.values() if len(group) > 1), key=lambda group: group[0].at):
        known = {(id(call.segment), call.at): call for call in group}
        for cluster in _clusters([(call.segment, call.at) for call in group], NEAR):
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
        if token.text in _OPENERS:
            depth += 1
        elif token.text in _CLOSERS and depth:
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
        ends_right = any(_is_number(call.segment.line.tokens[slice(*call.arguments[place])]) for call in column)
        for call, length in zip(column, lengths):
            begin, end = call.arguments[place]
            if ends_right:
                call.segment.widen(begin, longest - length)
            elif call.segment.line.tokens[end].text == ",":
                call.segment.widen(end + 1, longest - length)


# -- statements -------------------------------------------------------------------------------------------------------


def _align_statements(lines: Sequence[Line]) -> None:
    """Lines right below one another that are statements of one kind."""
    run: list[Segment] = []
    for line in lines:
        kind = line.tokens[0].kind if line.tokens[0].owner in _STATEMENTS and line.anchor is None else ""
        if run:
            last = run[-1].line
            if kind != last.tokens[0].kind or line.container != last.container or line.paragraph != last.paragraph:
                _align_run(run)
                run = []
        if kind:
            run.append(Segment(line, 0, len(line.tokens), line.indent))
    if run:
        _align_run(run)


_STATEMENTS = frozenset({"style", "init", "param", "variant", "expect"})


def _align_run(run: Sequence[Segment]) -> None:
    if len(run) == 1:
        return
    owner = run[0].line.tokens[0].owner
    if owner in ("style", "init"):
        _stand_below([(segment, at) for segment in run if (at := _find(segment, "=", owner)) > 0], NEAR)
    elif owner == "param":
        single = [segment for segment in run if _find(segment, ",", "param") < 0]
        _stand_below([(segment, at) for segment in single if (at := _find(segment, "=", "setting")) > 0], NEAR)
    else:
        for group in _gathered(run, lambda segment: _find(segment, "=", "variant") > 0):
            _stand_below([(segment, at) for segment in group if (at := _find(segment, "=", "variant")) > 0], FAR)
            for alike in _gathered(group, lambda segment: _find(segment, ":", owner) > 0):
                _align_settings(alike, owner)


def _find(segment: Segment, text: str, owner: str) -> int:
    for at, token in enumerate(segment.line.tokens):
        if token.text == text and token.owner == owner:
            return at
    return -1


def _align_settings(group: Sequence[Segment], owner: str) -> None:
    """``NAME: a = 1, b = 2``: names are followed by columns, and equal names have their values in a column."""
    starts = [_find(segment, ":", owner) + 1 or 1 for segment in group]
    _stand_below([(one, at) for one, at in zip(group, starts) if 1 < at < one.last], FAR)
    parts = [list(_settings(segment, at, owner)) for segment, at in zip(group, starts)]
    for place in range(min(max(map(len, parts)), SETTINGS)):
        alike: dict[Hashable, list[tuple[Segment, int, int]]] = {}
        for segment, settings in zip(group, parts):
            if len(settings) > place:
                _, begin, end = settings[place]
                key = tuple(name for name, _, _ in settings[: place + 1])
                alike.setdefault(key, []).append((segment, begin, end))
        for column in alike.values():
            _align_values(column)


def _settings(segment: Segment, at: int, owner: str) -> Iterator[tuple[str, int, int]]:
    """For each setting its name with the sign behind it, and the tokens of its value."""
    tokens = segment.line.tokens
    begin = value = at
    for end in range(at, segment.last + 1):
        if end == segment.last or (tokens[end].text == "," and tokens[end].owner == owner):
            if begin < value < end:
                yield " ".join(token.text for token in tokens[begin:value]), value, end
            begin = value = end + 1
        elif value == begin and tokens[end].text in _RELATIONS and tokens[end].owner in ("setting", "condition"):
            value = end + 1


def _align_values(column: Sequence[tuple[Segment, int, int]]) -> None:
    lengths = [segment.length(begin, end) for segment, begin, end in column]
    ends_right = any(_is_number(segment.line.tokens[begin:end]) for segment, begin, end in column)
    for (segment, begin, end), length in zip(column, lengths):
        if ends_right:
            segment.widen(begin, max(lengths) - length)
        elif end + 1 < segment.last:
            segment.widen(end + 1, max(lengths) - length)


# -- tables -----------------------------------------------------------------------------------------------------------


class Table:
    """A ``table`` with a row a line: its header, where that is one line, and its rows, cell by cell."""

    def __init__(self, header: Line, columns: int, lines: Sequence[Line]) -> None:
        self.header, self.lines = header, lines
        self.start = lines[0].indent
        #: where outputs' sizes stand in rows of one cell, once that is known
        self.arrow: int | None = None
        self.paragraphs = {(line.paragraph, line.scope) for line in lines}
        self.names = _names(header, columns)
        #: rows of one cell for all columns
        self.single: list[Segment] = []
        #: the cells of other lines, each with its column; where a line has the `|` before a cell, and before which
        self.cells: list[tuple[int, Segment]] = []
        self.bars: list[tuple[Line, int, int]] = []
        self.read(columns)

    def read(self, columns: int) -> None:
        """Finds the cells."""
        filled = columns
        for line in self.lines:
            if not line.whole or line.indent != self.start:
                filled = columns
                continue
            tokens = line.tokens
            bars = _bars(tokens)
            if not bars:
                self.single.append(Segment(line, 0, len(tokens), 0))
                filled = 1
                continue
            column = 0
            ends = [*bars, len(tokens)]
            if bars[0] == 0:
                column = filled if filled < columns else 1
                self.bars.append((line, 0, column))
                begin = 1
                ends = ends[1:]
            else:
                begin = 0
            for end in ends:
                self.cells.append((column, Segment(line, begin, end, 0)))
                column += 1
                if end < len(tokens):
                    self.bars.append((line, end, column))
                begin = end + 1
            filled = column

    def align(self) -> None:
        """Puts every cell in its column."""
        labels = self._behind_labels()
        columns: dict[int, list[Segment]] = {}
        for column, segment in self.cells:
            columns.setdefault(column, []).append(segment)
        for column, cells in columns.items():
            _align_calls(cells, lambda _: None)
            _align_repeats(cells, lambda _: None)
            if column:
                _stand_below([(segment, segment.arrow) for segment in cells if segment.arrow >= 0], FAR)
        _align_calls(self.single, lambda _: None)
        _align_repeats(self.single, lambda _: None)
        self._align_first()
        self._align_bars(labels)
        if self.arrow is not None:
            for segment in self.single:
                segment.start = self.start
            _up_to([(segment, segment.arrow) for segment in self.single if segment.arrow >= 0], self.arrow)

    def _behind_labels(self) -> int:
        """Where the cells of the first column begin behind their labels, if these are of one length; else 0."""
        found = set()
        for column, segment in self.cells:
            if column == 0 and segment.first < segment.last:
                tokens = segment.line.tokens[segment.first : segment.last]
                ends = [at for at, token in enumerate(tokens) if token.text == ":" and token.owner == "label"]
                label = tokens[0].owner == "label" and ends and ends[0] + 1 < len(tokens)
                found.add(segment.column(segment.first + ends[0] + 1) if label else 0)
        return found.pop() if len(found) == 1 else 0

    def _align_first(self) -> None:
        """Sizes in the first column, where rows of one cell have them too."""
        places = [(one, one.arrow) for column, one in self.cells if column == 0 and one.arrow >= 0]
        alone = [(one, one.arrow) for one in self.single if one.arrow >= 0]
        if places:
            group = next(_clusters(places, FAR))
            target = group[-1][0]
            pushed = [at for one, arrow in alone if target < (at := one.column(arrow)) <= target + PUSH]
            target = max([target, *pushed])
            _stand_below(places, FAR)
            for _, (segment, at) in group:
                segment.widen(at, target - segment.column(at))
            self.arrow = self.start + target

    def _align_bars(self, labels: int) -> None:
        """Gives each column its width, and each ``|`` its place."""
        rows = [*self.cells, *self._heads(labels)]
        barred = {(id(line), at) for line, at, _ in self.bars}
        barred |= {(id(self.header), at - 1) for at in self.names[1:]}
        widths: dict[int, int] = {}
        ends: dict[int, list[int]] = {}
        for column, segment in rows:
            if (id(segment.line), segment.last) in barred:
                widths[column] = max(widths.get(column, 0), segment.end())
            else:
                ends.setdefault(column, []).append(segment.end())
        alone = [one.column(one.arrow) for one in self.single if one.arrow >= 0]
        if alone and self.arrow is None and 0 in widths:
            pushed = [at for at in alone if widths[0] + 1 < at <= widths[0] + 1 + PUSH]
            widths[0] = max([widths[0], *(at - 1 for at in pushed)])
            self.arrow = self.start + widths[0] + 1
        starts = [self.start]
        for column in range(max(widths, default=-1) + 1):
            starts.append(starts[-1] + widths.get(column, 0) + 3)
        self._place_bars(starts)
        if self.names:
            self._place_names(starts, ends, labels)

    def _heads(self, labels: int) -> Iterator[tuple[int, Segment]]:
        """The names of the columns as cells; the first may stand right of where cells begin."""
        for column, at in enumerate(self.names):
            yield column, Segment(self.header, at, at + 1, 0 if column else self._indent(labels))

    def _indent(self, labels: int) -> int:
        """How far right of where cells begin the first name stands."""
        header, first = self.header, self.names[0]
        if first == 0:
            return 0
        return max(labels, Segment(header, 0, len(header.tokens), header.indent).column(first) - self.start)

    def _place_bars(self, starts: Sequence[int]) -> None:
        placed: dict[int, list[tuple[int, int]]] = {}
        lines: dict[int, Line] = {}
        for line, at, column in self.bars:
            placed.setdefault(id(line), []).append((at, column))
            lines[id(line)] = line
        for key, bars in placed.items():
            line = lines[key]
            begin, start = 0, line.indent
            for at, column in bars:
                end = Segment(line, begin, at, start).end() - (begin == at > 0)
                start = starts[min(column, len(starts) - 1)]
                line.tokens[at].gap = max(start - 2 - end, 1 if at else 0)
                begin = at + 1

    def _place_names(self, starts: Sequence[int], ends: dict[int, list[int]], labels: int) -> None:
        header = self.header
        last = len(self.names) - 1
        for column, at in enumerate(self.names):
            if column == 0:
                end = header.indent if at == 0 else Segment(header, 0, at, header.indent).end()
                header.tokens[at].gap = starts[0] + self._indent(labels) - end if at else 0
                begin = starts[0] + self._indent(labels)
            else:
                header.tokens[at].gap = 1
                begin = starts[column]
            end = begin + header.tokens[at].width
            if column < last:
                header.tokens[at + 1].gap = starts[column + 1] - 2 - end
            else:
                lengths = sorted(ends.get(column, []))
                longest = lengths[0] if lengths else 0
                for length in lengths:
                    if length - longest >= FAR:
                        break
                    longest = length
                header.tokens[at + 1].gap = max(starts[column] + longest - end, 0) + 1


def _bars(tokens: Sequence[Token]) -> list[int]:
    """Where the ``|`` between cells stand; those of a table inside a cell are no such."""
    found = []
    depth = 0
    for at, token in enumerate(tokens):
        if token.text in _OPENERS:
            depth += 1
        elif token.text in _CLOSERS:
            depth -= 1
        elif token.text == "|" and not depth:
            found.append(at)
    return found


def _names(header: Line, columns: int) -> list[int]:
    """Where the names of the columns stand, if all are in this line and but the word ``table`` and a label before."""
    names = [at for at, token in enumerate(header.tokens) if token.owner == "table" and token.kind == "VNAME"]
    before = header.tokens[: names[0]] if names else []
    alone = all(token.kind == "TABLE" or token.owner == "label" for token in before)
    return names if alone and len(names) == columns else []


def _tables(lines: Sequence[Line]) -> list[Table]:
    headers: dict[int, tuple[Line, int]] = {}
    rows: dict[int, list[Line]] = {}
    columns = 0
    for line in lines:
        if line.container in headers and not (line.closes and line.tokens[0].owner == "table"):
            rows.setdefault(line.container, []).append(line)
        for at, token in enumerate(line.tokens):
            if token.owner == "table":
                if token.kind == "TABLE":
                    columns = 0
                elif token.kind == "VNAME":
                    columns += 1
                elif token.text == "{" and at == len(line.tokens) - 1:
                    headers[line.first + at] = line, columns
    return [Table(*headers[key], found) for key, found in rows.items()]


# -- parameters and comments ------------------------------------------------------------------------------------------


def _align_parameters(lines: Sequence[Line]) -> None:
    """A comment right above a block may be the head of a table: its words, two blanks apart, above the parameters."""
    for line in lines:
        tokens = line.tokens
        if tokens[0].owner == "block" and len(tokens) > 3 and line.above and line.above[-1] is not None:
            heads = [match.start() for match in _HEAD.finditer(line.above[-1].replace("#", " ", 1))]
            commas = [at for at, token in enumerate(tokens) if token.text == "," and token.owner == "parameters"]
            if 1 < len(heads) <= len(commas) + 1 and heads[0] == Segment(line, 0, len(tokens), 0).column(3):
                _put_below(line, heads[1:], [at + 1 for at in commas if at + 1 < len(tokens)])


def _put_below(line: Line, heads: Sequence[int], places: Sequence[int]) -> None:
    segment = Segment(line, 0, len(line.tokens), 0)
    gaps = [token.gap for token in line.tokens]
    for head, at in zip(heads, places):
        segment.widen(at, head - segment.column(at))
        if line.tokens[at].gap < 1:
            for token, gap in zip(line.tokens, gaps):
                token.gap = gap
            return


def _align_comments(lines: Sequence[Line]) -> None:
    run: list[tuple[int, Line]] = []
    for line in [*lines, None]:
        last = run[-1][1] if run else None
        apart = line is None or line.comment is None or line.above or line.anchor is not None
        if last is not None and (apart or line is None or line.container != last.container):
            _align_ends(run)
            run = []
        if line is not None and line.comment is not None and line.anchor is None:
            tokens = line.tokens
            run.append((line.indent + sum(token.gap + token.width for token in tokens), line))


def _align_ends(run: Sequence[tuple[int, Line]]) -> None:
    ordered = sorted(run, key=lambda pair: pair[0])
    groups: list[list[tuple[int, Line]]] = []
    for pair in ordered:
        if groups and pair[0] - groups[-1][-1][0] < FAR:
            groups[-1].append(pair)
        else:
            groups.append([pair])
    for group in groups:
        target = group[-1][0]
        if all(target + STEP + width(line.comment or "") <= WIDTH for _, line in group):
            for end, line in group:
                line.comment_gap = STEP + target - end
