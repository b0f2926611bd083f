"""Cells in one line with tensors that go past some of them on lanes, and heads beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from netdsl.backends.canvas.scene import Scene
from netdsl.backends.canvas.ways import (
    APART,
    INSET,
    LANE,
    ROW,
    SMALL,
    Cell,
    Fork,
    Pen,
    Place,
    draw_note,
    gap,
    lanes,
    with_note,
)

#: Room after a cell for a tensor that leaves to the side, and before one for a tensor that comes from there.
_TURN = 9.0


class Link(NamedTuple):
    """A tensor from cell to cell by their places, None where that is in another column, through ``pills``.

    With ``tap`` it is that of a layer inside of the source, by the index of its head.
    """

    source: int | None
    target: int | None
    pills: tuple[Cell, ...] = ()
    projection: bool = False
    tap: int | None = None


class Head(NamedTuple):
    """A cell beside the line, which the tensor of a cell enters, or that of the layer ``tap`` inside of it."""

    cell: Cell
    source: int
    tap: int | None
    training: bool


class _Way(NamedTuple):
    """Links of one source on one lane."""

    source: int | None
    targets: tuple[int | None, ...]
    pills: tuple[Cell, ...]
    projection: bool
    tap: int | None = None


class Stack(Cell):
    """``notes[n]`` is after cell ``n``. ``before`` and ``after`` are rooms inside of bands, around cells at their ends.

    Where cells and what leaves them to the side are is in ``at``, ``ends`` and ``exits``.
    """

    def __init__(
        self,
        cells: Sequence[Cell],
        notes: Sequence[str],
        links: Sequence[Link],
        *,
        down: bool,
        small: float = SMALL,
        heads: Sequence[Head] = (),
        before: Mapping[int, float] | None = None,
        after: Mapping[int, float] | None = None,
    ) -> None:
        self.cells, self.notes, self.heads, self.down, self.small = list(cells), list(notes), list(heads), down, small
        before, after = before or {}, after or {}
        # What comes from another column or goes there has a lane of its own for each tensor.
        inside = dict.fromkeys(link for link in links if link.source is not None and link.target is not None)
        every = [link for link in links if link.source is None or link.target is None or inside.pop(link, 1) is None]
        self.straight = {
            link.source
            for link in every
            if link.source is not None and link.target == link.source + 1 and not link.pills and link.tap is None
        }
        self.ways = _ways(
            [link for link in every if link.source not in self.straight or link.target != link.source + 1 or link.pills]
        )
        leaving = {way.source for way in self.ways if way.tap is None}
        leaving |= {head.source for head in self.heads if head.tap is None}
        entered = {target for way in self.ways for target in way.targets}
        self.at: list[float] = []
        self.ends: list[float] = []
        self.exits: list[float] = []
        self.turns: dict[int, float] = {}
        #: Where the room before a cell ends and the band that it begins starts; where the room after it begins.
        self.bands: list[float] = []
        self.starts: list[float] = []
        self._line(leaving, entered, before, after)
        self._make_room()
        self._sides(before, after)
        first, last = self.cells[0], self.cells[-1]
        self.inlet, self.arrow, self.fed, self.outlet = self.at[0] + first.inlet, first.arrow, first.fed, last.outlet
        self.outlet += self.length - self.ends[-1]

    def _line(
        self,
        leaving: set[int | None],
        entered: set[int | None],
        before: Mapping[int, float],
        after: Mapping[int, float],
    ) -> None:
        at = 0.0
        last = len(self.cells) - 1
        for number, cell in enumerate(self.cells):
            self.bands.append(at)
            at += before.get(number, 0.0)
            if number in entered and cell.side is None:
                self.turns[number] = at + _TURN / 2
                at += _TURN
            self.at.append(at)
            at += cell.length
            self.ends.append(at)
            if isinstance(cell, Fork):
                self.exits.append(at)
            else:
                self.exits.append(at + _TURN / 2)
                at += _TURN if number in leaving else 0
            at += after.get(number, 0.0)
            self.starts.append(at)
            if number < last:
                at += self.gap(number)
        self.length = at

    def _make_room(self) -> None:
        """Begins later where what is on a lane from another row would stand before the start."""
        if self.down:
            return
        ways = [way for way in self.ways if way.source is None and way.pills]
        needed = [
            sum(pill.length + APART for pill in way.pills) + 2 * APART - self._port(target)[0]
            for way in ways
            for target in way.targets
            if target is not None
        ]
        more = max([0.0, *needed])
        for places in (self.at, self.ends, self.exits, self.starts, self.bands):
            places[:] = [place + more for place in places]
        self.turns = {number: place + more for number, place in self.turns.items()}
        self.length += more

    def gap(self, number: int) -> float:
        """The room after a cell, between bands."""
        return gap(self.notes[number] if number in self.straight else "", down=self.down, small=self.small)

    def _sides(self, before: Mapping[int, float], after: Mapping[int, float]) -> None:
        self.left = max(cell.left for cell in self.cells)
        self.right = max(cell.right for cell in self.cells)
        for number in self.straight:
            if number not in after:
                note = self.notes[number]
                self.left, self.right = with_note(self.left, self.right, note, self.down, self.small)
        #: Without heads and lanes.
        self.body = self.right
        edge = self.body + (2 * INSET if before else 0)
        self.beside: list[Place] = []
        slots: list[tuple[float, float]] = []
        for head in self.heads:
            start = (self.exits[head.source] if head.tap is None else self._side(head)[0]) + 6
            slot = next((at for at, (_, end) in enumerate(slots) if end + APART <= start), len(slots))
            if slot == len(slots):
                slots.append((0.0, 0.0))
            wide = head.cell.left + head.cell.right
            slots[slot] = (max(slots[slot][0], wide), start + head.cell.length)
            inner = sum(slots[place][0] + 2 * APART for place in range(slot))
            self.beside.append((start, edge + inner + head.cell.left))
            self.right = max(self.right, self.beside[-1][1] + head.cell.right)
            self.length = max(self.length, start + head.cell.length)
        found = lanes([self._span(way) for way in self.ways])
        runs = [self._room(way) for way in self.ways if way.pills and self.down]
        base = max([self.right + (LANE if self.ways else 0), *runs])
        step = ROW + 4 if not self.down and any(way.pills for way in self.ways) else LANE - 2
        if not self.down and any(way.pills for way in self.ways):
            base += ROW / 2
        self.lane_of = [base + lane * step for lane in found]
        reach = step / 2 if not self.down else 3.0
        self.right = max([self.right, *(lane + reach for lane in self.lane_of)])

    def _side(self, head: Head) -> Place:
        """Where the box of a layer inside of a cell has its side, from the start of the stack."""
        pen = Pen(Scene(""), down=self.down)
        self.cells[head.source].draw(pen, self.at[head.source], 0)
        assert head.tap is not None
        return pen.sides[head.tap]

    def _span(self, way: _Way) -> tuple[float, float]:
        """The stretch of a way, in places of cells. What is in another column is beyond the start."""
        places = [-2.0 if target is None else 2.0 * target for target in way.targets]
        places.append(-2.0 if way.source is None else 2.0 * way.source + 1)
        return min(places), max(places)

    def _room(self, way: _Way) -> float:
        """How far out a way with something on it is at least."""
        target = way.targets[0]
        side = 0.0 if target is None else self._port(target)[1]
        return side + sum(pill.left + pill.right + APART for pill in way.pills) + APART + 4

    def _port(self, target: int) -> Place:
        """Where a lane's line ends."""
        cell = self.cells[target]
        if cell.side is not None:
            return self.at[target] + cell.side[0], cell.side[1]
        return self.turns[target], 0.0

    # -- drawing

    def draw(self, pen: Pen, a: float, c: float) -> None:
        """Puts it with its start at a place."""
        for number, cell in enumerate(self.cells):
            cell.draw(pen, a + self.at[number], c)
            if number in self.straight:
                after = self.cells[number + 1]
                start, goal = a + self.ends[number] - cell.outlet, a + self.at[number + 1] + after.inlet
                pen.line((start, c), (goal, c), head=after.arrow)
                draw_note(pen, a + self.starts[number], self.gap(number), c, self.notes[number])
        for way, lane in zip(self.ways, self.lane_of):
            self._draw_way(pen, way, a, c, lane)
        for head, (start, middle) in zip(self.heads, self.beside):
            place = a + start, c + middle
            if head.tap is None:
                out = self._leave(pen, head.source, a, c)
            else:
                out = [pen.sides[head.tap]]
            points = [*out, (out[-1][0], place[1]), (place[0] + head.cell.inlet, place[1])]
            pen.line(*points, head=head.cell.arrow, dashed=head.training, kind="tap")
            head.cell.draw(pen, *place)

    def _leave(self, pen: Pen, source: int, a: float, c: float) -> list[Place]:
        """From the line to the side, after a cell."""
        cell, exit_ = self.cells[source], a + self.exits[source]
        if source in self.straight:
            if not isinstance(cell, Fork):
                pen.dot(exit_, c)
            return [(exit_, c)]
        return [(a + self.ends[source] - cell.outlet, c), (exit_, c)]

    def _draw_way(self, pen: Pen, way: _Way, a: float, c: float, lane: float) -> None:
        kind = "projection" if way.projection else "skip"
        lane += c
        if way.tap is not None:
            out = [pen.sides[way.tap]]
        else:
            out = [(a, lane)] if way.source is None else self._leave(pen, way.source, a, c)
        if way.source is not None:
            out.append((out[-1][0], lane))
        for number, target in enumerate(sorted(way.targets, key=lambda at: -1 if at is None else at, reverse=True)):
            start = out if number == 0 else [(a + self._port(target)[0], lane)] if target is not None else out[-1:]
            if target is None:
                pen.line(*start, (a, lane), head=False, red=way.projection, kind=kind)
                continue
            port, side = a + self._port(target)[0], c + self._port(target)[1]
            cell = self.cells[target]
            end: list[Place] = [(port, side)]
            if cell.side is None:
                end.append((a + self.at[target] + cell.inlet, c))
            if number:
                pen.line((port, lane), *end, kind=kind)
            else:
                self._with_pills(pen, way, [*start, (port, lane), *end], kind)

    def _with_pills(self, pen: Pen, way: _Way, points: list[Place], kind: str) -> None:
        """The line to a target, with what is on it on its way across to the line, or along where text runs so."""
        here = list(points)
        wide = sum((pill.left + pill.right if self.down else pill.length) + APART for pill in way.pills)
        turn = next(at for at in range(len(here) - 1, 0, -1) if here[at - 1][1] != here[at][1])
        corner = here[turn - 1]
        way_, rest = here[:turn], here[turn:]
        for pill in way.pills:
            if self.down:
                size = pill.left + pill.right
                from_c = rest[0][1] + wide
                pen.line(*way_, (corner[0], from_c), red=way.projection, kind=kind)
                pill.draw(pen, corner[0] - pill.length / 2, from_c - pill.right)
                way_ = [(corner[0], from_c - size)]
                wide -= size + APART
            else:
                start = corner[0] - wide - 2
                pen.line(*way_[:-1] if way_[-1] == corner else way_, (start, corner[1]), red=way.projection, kind=kind)
                pill.draw(pen, start, corner[1])
                way_ = [(start + pill.length, corner[1]), corner]
                wide -= pill.length + APART
        pen.line(*way_, *rest, red=way.projection, kind=kind, head=self._head(way))

    def _head(self, way: _Way) -> bool:
        last = max((target for target in way.targets if target is not None), default=None)
        return last is None or self.cells[last].side is not None or self.cells[last].arrow


def _ways(links: Sequence[Link]) -> list[_Way]:
    """Links on lanes: those of one source together, but for what has something on it."""
    found: list[_Way] = []
    plain: dict[tuple[int, int | None], int] = {}
    for link in links:
        if link.pills or link.source is None or link.target is None:
            found.append(_Way(link.source, (link.target,), link.pills, link.projection, link.tap))
        elif (link.source, link.tap) in plain:
            at = plain[link.source, link.tap]
            found[at] = found[at]._replace(targets=(*found[at].targets, link.target))
        else:
            plain[link.source, link.tap] = len(found)
            found.append(_Way(link.source, (link.target,), (), False, link.tap))
    return found
