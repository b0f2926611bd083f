"""The line of a net in columns: bands around its stages, and the tensors that go from column to column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from netdsl.backends.canvas.metrics import width
from netdsl.backends.canvas.palette import BANDS, GREY
from netdsl.backends.canvas.scene import stage_group
from netdsl.backends.canvas.stack import Head, Link, Stack
from netdsl.backends.canvas.ways import INSET, NAME, Cell, Look, Pen, Place, draw_note, gap

#: Height of a band's label, between columns, and from a column's end to the line that goes on to the next.
_LABEL, _GUTTER, _TURN, _TRACK = 14.0, 26.0, 12.0, 8.0


@dataclass
class Unit:
    """One cell of the line. ``straight`` is whether the tensor of the unit before enters it.

    ``taken`` are the others that do: a unit, the layer inside of it or None for its end, what is on the way, and
    whether that is a projection.
    """

    cell: Cell
    note: str
    straight: bool
    heads: list[Head] = field(default_factory=list)
    taken: list[tuple[int, int | None, tuple[Cell, ...], bool]] = field(default_factory=list)


@dataclass
class Stage:
    """Units of about one size of map, by their places; the spec calls them ``name``, and ``label`` is written."""

    size: str
    name: str
    units: list[int]
    label: str


class _Piece(NamedTuple):
    """Units of one stage in one column."""

    stage: int
    units: list[int]


def columns_of(stages: Sequence[Stage], units: Sequence[Unit], limit: float, *, down: bool, small: float) -> Columns:
    """The units in columns no longer than ``limit``, where that can be; a stage that is longer has several."""
    found: list[list[_Piece]] = [[]]
    at = 0.0
    for number, stage in enumerate(stages):
        if not stage.units:
            continue
        frame = _LABEL + 10 if stage.label else 0
        each = [units[unit].cell.length + gap(units[unit].note, down=down, small=small) for unit in stage.units]
        long = sum(each) + frame
        # A stage that has several columns anyway begins where there is room.
        if found[-1] and at + long > limit and (long <= limit or at > 0.7 * limit):
            found.append([])
            at = 0.0
        if long <= limit:
            found[-1].append(_Piece(number, list(stage.units)))
            at += long
            continue
        piece = _Piece(number, [])
        found[-1].append(piece)
        at += frame + (gap("", down=down, small=small) if len(found[-1]) > 1 else 0)
        for unit, length in zip(stage.units, each):
            if piece.units and at + length > limit:
                piece = _Piece(number, [])
                found.append([piece])
                at = frame
            piece.units.append(unit)
            at += length
    return Columns(stages, units, [column for column in found if column], down=down, small=small)


class Columns:
    """Columns beside one another; rows one below another where lines go to the right. ``w`` and ``h`` are its size."""

    def __init__(
        self, stages: Sequence[Stage], units: Sequence[Unit], columns: list[list[_Piece]], *, down: bool, small: float
    ) -> None:
        self.stages, self.units, self.columns, self.down, self.small = stages, units, columns, down, small
        self.key = tuple(column[0].units[0] for column in columns)
        pieces = [piece.stage for column in columns for piece in column]
        #: How often a stage goes on in another column.
        self.broken = len(pieces) - len(set(pieces))
        self.home = {unit: at for at, column in enumerate(columns) for piece in column for unit in piece.units}
        self.first = [column[0].units[0] for column in columns]
        self.stacks = [self._stack(at) for at in range(len(columns))]
        self._place()

    def _stack(self, at: int) -> Stack:
        column = self.columns[at]
        first = self.first[at]
        order = [unit for piece in column for unit in piece.units]
        links, heads = [], []
        for unit in order:
            if self.units[unit].straight and unit - 1 in order:
                links.append(Link(unit - 1 - first, unit - first))
            heads += [head._replace(source=unit - first) for head in self.units[unit].heads]
        for target, entered in enumerate(self.units):
            for source, tap, pills, projection in entered.taken:
                here, there = self.home[source] == at, self.home[target] == at
                if here and there:
                    links.append(Link(source - first, target - first, pills, projection, tap))
                elif here:
                    links.append(Link(source - first, None, (), projection, tap))
                elif there:
                    links.append(Link(None, target - first, pills, projection))
        before, after = {}, {}
        for piece in column:
            if self.stages[piece.stage].label:
                before[piece.units[0] - first] = _LABEL + 4 if self.down else INSET
                after[piece.units[-1] - first] = 6.0 if self.down else INSET
        notes = [self.units[unit].note for unit in order]
        cells = [self.units[unit].cell for unit in order]
        return Stack(cells, notes, links, down=self.down, small=self.small, heads=heads, before=before, after=after)

    def _place(self) -> None:
        """The middle of each column, and where all of them begin."""
        taken = [(source, target) for target, unit in enumerate(self.units) for source, *_ in unit.taken]
        tracks = sum(self.home[source] != self.home[target] for source, target in taken)
        several = len(self.columns) > 1
        self.top = tracks * _TRACK + (_TURN + 4 if several else 0)
        self.middles: list[float] = []
        self.bodies: list[tuple[float, float]] = []
        self.gutters: list[float] = []
        #: How far down the line out of each column turns.
        self.turns: list[float] = []
        at, long = 0.0, 0.0
        for number, (column, stack) in enumerate(zip(self.columns, self.stacks)):
            left, right = self._body(column, stack)
            self.bodies.append((left, right))
            at += left
            self.middles.append(at)
            at += max(right, stack.right)
            self.gutters.append(at + _GUTTER / 2)
            at += _GUTTER
            note = self._note(number)
            self.turns.append(max(stack.starts[-1] + (self._room(note) if note else 0) + _TURN - 4, self._under(stack)))
            long = max(long, stack.length, self.turns[-1] if number + 1 < len(self.columns) else 0)
        wide = at - _GUTTER
        long += self.top
        self.w, self.h = (wide, long) if self.down else (long, wide)

    def _under(self, stack: Stack) -> float:
        """The place below the heads of a column."""
        ends = [start + head.cell.length for head, (start, _) in zip(stack.heads, stack.beside)]
        return max(ends, default=0.0) + 6

    def _room(self, note: str) -> float:
        return self.small + 4 if self.down else width(note, self.small) + 8

    def _body(self, column: Sequence[_Piece], stack: Stack) -> tuple[float, float]:
        """How far the bands of a column reach."""
        shown = [self.stages[piece.stage] for piece in column if self.stages[piece.stage].label]
        if not shown:
            return stack.left, stack.body
        left, right = stack.left + INSET, stack.body + INSET
        if not self.down:
            return left + _LABEL - 4, right
        left = max([left, *(width(stage.label, NAME + 1, bold=True) + 12 for stage in shown)])
        return left, max([right, *(width(stage.name, self.small) + 12 for stage in shown if stage.name)])

    def _note(self, number: int) -> str:
        """What is written beside the line out of a column."""
        order = self.columns[number][-1].units
        return self.units[order[-1]].note

    # -- drawing

    def draw(self, pen: Pen, x: float, y: float) -> None:
        """Puts all of it on the page, its top left corner at a place."""
        pen.x, pen.y = x, y
        shade: dict[int, str] = {}
        for column, stack, middle, body in zip(self.columns, self.stacks, self.middles, self.bodies):
            for piece in column:
                stage = self.stages[piece.stage]
                colour = shade.setdefault(piece.stage, BANDS[len(shade) % 2]) if stage.label else ""
                if stage.label:
                    with stage_group(pen.scene, stage.size):
                        self._band(pen, piece, stack, middle, body, colour)
            stack.draw(pen, self.top, middle)
        for number in range(len(self.columns) - 1):
            if self.units[self.first[number + 1]].straight:
                self._go_on(pen, number)
        self._cross(pen)

    def _band(
        self, pen: Pen, piece: _Piece, stack: Stack, middle: float, body: tuple[float, float], colour: str
    ) -> None:
        stage = self.stages[piece.stage]
        one, other = (unit - self._first(piece) for unit in (piece.units[0], piece.units[-1]))
        start = stack.bands[one] + self.top
        end = stack.starts[other] + self.top
        left, right = body
        box = pen.box(start, middle - left, end - start, left + right, Look(fill=colour, stroke=colour, round=True))
        line = box.y + 1 + _LABEL / 2
        pen.scene.text(box.x + 6, line, stage.label, NAME + 1, bold=True, ink=GREY)
        if self.down:
            pen.scene.text(box.x + box.w - 6, line, stage.name, self.small, ink=GREY, align="r")
        elif stage.name:
            after = box.x + 12 + width(stage.label, NAME + 1, bold=True)
            if after + width(stage.name, self.small) < box.x + box.w:
                pen.scene.text(after, line, stage.name, self.small, ink=GREY)

    def _first(self, piece: _Piece) -> int:
        """The first unit of the column of a piece."""
        return self.first[self.home[piece.units[0]]]

    def _go_on(self, pen: Pen, number: int) -> None:
        """The line from the end of a column to the start of the next."""
        stack, after = self.stacks[number], self.stacks[number + 1]
        c, d = self.middles[number], self.middles[number + 1]
        cell = stack.cells[-1]
        note = self._note(number)
        end = self.top + stack.starts[-1]
        turn = self.top + self.turns[number]
        draw_note(pen, end, self._room(note), c, note)
        above = self.top - _TURN + 2
        gutter = self.gutters[number]
        points = [
            (self.top + stack.ends[-1] - cell.outlet, c),
            (turn, c),
            (turn, gutter),
            (above, gutter),
            (above, d),
            (self.top + after.inlet, d),
        ]
        pen.line(*points, head=after.arrow)

    def _cross(self, pen: Pen) -> None:
        """Tensors from column to column, each on a track of its own above all of them."""
        track = 0
        used = [0] * len(self.columns)
        for target, unit in enumerate(self.units):
            for source, _, _, projection in unit.taken:
                one, other = self.home[source], self.home[target]
                if one == other:
                    continue
                above = track * _TRACK + 2
                track += 1
                start = self.middles[one] + self._lane(one, used)
                end = self.middles[other] + self._lane(other, used)
                places: list[Place] = [(self.top, start), (above, start), (above, end), (self.top, end)]
                pen.line(*places, head=False, red=projection, kind="skip")

    def _lane(self, column: int, used: list[int]) -> float:
        """The lane of the next tensor that comes to a column or leaves it, in the order of their targets."""
        stack = self.stacks[column]
        open_ = [at for at, way in enumerate(stack.ways) if way.source is None or None in way.targets]
        used[column] += 1
        return stack.lane_of[open_[used[column] - 1]]
