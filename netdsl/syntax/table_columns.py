"""Columns of tables: the cells of their rows, and the names of columns above them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netdsl.syntax.layout import Line, Token
from netdsl.syntax.segments import (
    CLOSERS,
    FAR,
    OPENERS,
    Segment,
    align_calls,
    align_repeats,
    clusters,
    stand_below,
    up_to,
)

#: How far a row of one cell widens a table's first column.
PUSH = 8


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
            align_calls(cells, lambda _: None)
            align_repeats(cells, lambda _: None)
            if column:
                stand_below([(segment, segment.arrow) for segment in cells if segment.arrow >= 0], FAR)
        align_calls(self.single, lambda _: None)
        align_repeats(self.single, lambda _: None)
        self._align_first()
        self._align_bars(labels)
        if self.arrow is not None:
            for segment in self.single:
                segment.start = self.start
            up_to([(segment, segment.arrow) for segment in self.single if segment.arrow >= 0], self.arrow)

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
            group = next(clusters(places, FAR))
            target = group[-1][0]
            pushed = [at for one, arrow in alone if target < (at := one.column(arrow)) <= target + PUSH]
            target = max([target, *pushed])
            stand_below(places, FAR)
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
        if token.text in OPENERS:
            depth += 1
        elif token.text in CLOSERS:
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


def tables_of(lines: Sequence[Line]) -> list[Table]:
    """The tables that lines hold."""
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
