"""Where things stand: one strip, rows that end where a stage ends, or an hourglass."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import pairwise

from netdsl.backends.canvas.curves import Point
from netdsl.backends.canvas.metrics import width
from netdsl.backends.canvas.palette import BANDS, GREY
from netdsl.backends.canvas.scene import Box, Line, Scene, stage_group
from netdsl.backends.labels import show
from netdsl.backends.overview.cells import INSET, ROW, SMALL, Sheet, Tip, draw, sizes
from netdsl.backends.overview.flow import Bow, Flow, Stage, Unit

#: Between units, between stages at least, between rows; inside of a band, and its label's height.
NEAR, FAR, BETWEEN, PAD, LABEL = 18.0, 16.0, 20.0, 8.0, 15.0
#: Height over which a bow runs.
LANE = 18.0


@dataclass
class Placed:
    """A unit with its size, and its place once it has one. ``sides`` are the sheets of its heads."""

    unit: Unit
    sheet: Sheet
    sides: list[Sheet]
    w: float
    h: float
    x: float = 0
    y: float = 0
    #: Where each head's left side is.
    under: list[float] = field(default_factory=list)
    #: How far below it they are.
    drop: float = NEAR

    def move(self, dx: float, dy: float) -> None:
        """Puts it elsewhere."""
        self.x += dx
        self.y += dy
        self.under = [x + dx for x in self.under]

    @property
    def middle(self) -> float:
        """Where arrows come and go, from above."""
        return self.y + self.h / 2

    @property
    def right(self) -> float:
        """Where arrows leave."""
        return self.x + self.w

    @property
    def extent(self) -> float:
        """The right end of it and of its heads."""
        return max([self.right, *(x + side.w for x, side in zip(self.under, self.sides))])

    @property
    def below(self) -> float:
        """Height of the heads under it."""
        return max((side.h + NEAR for side in self.sides), default=0.0)


def place(units: Sequence[Unit], sheets: Sequence[Sheet], sides: Sequence[list[Sheet]]) -> list[Placed]:
    """The units with their sizes."""
    return [Placed(unit, sheet, beside, sheet.reach, sheet.h) for unit, sheet, beside in zip(units, sheets, sides)]


# -- rows -------------------------------------------------------------------------------------------------------------


@dataclass
class Segment:
    """Units of one stage in one row."""

    stage: int
    units: list[int]


def rows_of(flow: Flow, placed: Sequence[Placed], limit: float) -> list[list[Segment]]:
    """The stages in rows of at most ``limit``, where that can be. A stage that is too wide has rows of its own."""
    rows: list[list[Segment]] = [[]]
    at = 0.0
    for number, stage in enumerate(flow.stages):
        wide = _stage_width(stage.units, placed)
        if rows[-1] and at + wide > limit:
            rows.append([])
            at = 0.0
        if wide <= limit:
            rows[-1].append(Segment(number, list(stage.units)))
            at += wide + FAR
            continue
        piece = Segment(number, [])
        rows[-1].append(piece)
        for unit in stage.units:
            step = placed[unit].w + NEAR
            if piece.units and at + step > limit:
                piece = Segment(number, [])
                rows.append([piece])
                at = 0.0
            piece.units.append(unit)
            at += step
        at += FAR
    return [row for row in rows if row]


def _stage_width(units: Sequence[int], placed: Sequence[Placed]) -> float:
    return sum(placed[unit].w + NEAR for unit in units) - NEAR + 2 * PAD


class RowLayout:
    """Rows from left to right, each stage on a band. One row is a strip."""

    def __init__(self, flow: Flow, placed: list[Placed], rows: list[list[Segment]], *, shapes: bool = True) -> None:
        self.flow = flow
        self.placed = placed
        self.rows = rows
        self.shapes = shapes
        self.bands: list[tuple[float, float, float, float, int]] = []
        #: Lines between rows: the height of each.
        self.gutters: list[float] = []
        self.w = 0.0
        self.h = 0.0
        self._place()

    def _place(self) -> None:
        y = 0.0
        lanes = LANE * len({(bow.source, bow.target) for bow in self.flow.bows})
        for number, row in enumerate(self.rows):
            units = [self.placed[unit] for segment in row for unit in segment.units]
            high = max(unit.h for unit in units)
            under = max(unit.below for unit in units)
            top = y + LABEL + PAD / 2 + lanes
            middle = top + high / 2
            bottom = top + high + under + PAD
            x, free = 0.0, 0.0
            for place, segment in enumerate(row):
                wrapped = number > 0 and place == 0
                if place:
                    x += self._gap(segment)
                banded = bool(self.flow.stages[segment.stage].label)
                start = x
                x += (PAD if banded else 0) + ((10 if banded else 18) if wrapped else 0)
                for index, unit in enumerate(segment.units):
                    here = self.placed[unit]
                    x += NEAR if index else 0
                    here.x, here.y = x, middle - here.h / 2
                    x += here.w
                    free = _under(here, free, last=unit == row[-1].units[-1])
                    x = max(x, here.extent - PAD) if unit == row[-1].units[-1] else x
                x += PAD if banded else 0
                if banded:
                    label = self.flow.stages[segment.stage].label
                    x = max(x, start + width(label, 10, bold=True) + 2 * PAD)
                    self.bands.append((start, y, x - start, bottom - y, segment.stage))
            _clear(units)
            self.w = max(self.w, x)
            self.gutters.append(bottom + BETWEEN / 2)
            y = bottom + BETWEEN
        self.h = y - BETWEEN

    def _gap(self, segment: Segment) -> float:
        """Between two stages in a row: the shape stands there."""
        before = self.placed[segment.units[0] - 1]
        banded = bool(self.flow.stages[segment.stage].label)
        words = width(self._shape(before), SMALL) + 16
        bands = (PAD if banded else 0) + (PAD if self.flow.stages[before.unit.stage].label else 0)
        return max(FAR, words - bands)

    def _shape(self, before: Placed) -> str:
        return shape_of(before) if self.shapes else ""

    def draw(self, scene: Scene, dx: float, dy: float, tip: Tip) -> None:
        """Puts all of it on the page, its top left corner at a place."""
        for unit in self.placed:
            unit.move(dx, dy)
        shade: dict[int, str] = {}
        for number, stage in enumerate(self.flow.stages):
            with group_of(scene, self.flow, stage):
                for x, y, w, h, _ in (band for band in self.bands if band[4] == number):
                    colour = shade.setdefault(number, BANDS[len(shade) % 2])
                    scene.boxes.append(Box(x + dx, y + dy, w, h, fill=colour, stroke=colour, round=True))
                    scene.text(x + dx + PAD, y + dy + 9, stage.label, 10, bold=True, ink=GREY)
                draw_units(scene, [self.placed[unit] for unit in stage.units], tip)
        row_of = {unit: row for row, row_ in enumerate(self.rows) for segment in row_ for unit in segment.units}
        for number, (before, after) in enumerate(zip(self.placed, self.placed[1:])):
            self._link(scene, before, after, row_of[number], row_of[number + 1], dy)
        for lane, bow in enumerate(self.flow.bows):
            y = min(unit.y for unit in self.placed[bow.source : bow.target + 1]) - LANE * (lane + 0.5)
            source, target = self.placed[bow.source], self.placed[bow.target]
            one, other = source.x + source.sheet.w / 2, target.x + target.sheet.w / 2
            draw_bow(
                scene,
                bow,
                [(one, source.y), (one, y), (other, y), (other, target.y + (0 if target.sheet.pill else INSET))],
                tip,
            )

    def _link(self, scene: Scene, before: Placed, after: Placed, row: int, next_row: int, dy: float) -> None:
        changes = before.unit.stage != after.unit.stage
        if row == next_row:
            scene.lines.append(Line(((before.right, before.middle), (after.x, after.middle))))
            if changes:
                centre = (before.right + after.x - 4) / 2
                scene.text(centre, before.middle - 6, self._shape(before), SMALL, ink=GREY, align="c")
            return
        gutter = self.gutters[row] + dy
        turn = before.extent + 9
        points = (
            (before.right, before.middle),
            (turn, before.middle),
            (turn, gutter),
            (after.x - 15, gutter),
            (after.x - 15, after.middle),
            (after.x, after.middle),
        )
        scene.lines.append(Line(points))
        scene.text(after.x, gutter - 5, self._shape(before), SMALL, ink=GREY)


def _under(here: Placed, free: float, *, last: bool) -> float:
    """Places the heads of a unit below it, right of ``free``; gives where there is room after them."""
    for side in here.sides:
        x = here.right - side.w if last else here.x
        here.under.append(max(x, free))
        free = here.under[-1] + side.w + 12
    return free


def _clear(units: Sequence[Placed]) -> None:
    """Moves heads below the taller units of a row that they would lie on."""
    for here in (unit for unit in units if unit.sides):
        bottom = here.y + here.h
        left, right = min(here.under), here.extent
        # Heads that those of the units before have pushed aside may stand below no unit.
        over = (unit.y + unit.h for unit in units if unit.x < right + NEAR and left < unit.right + NEAR)
        lowest = max(over, default=bottom)
        here.drop = max(lowest - bottom, 0) + NEAR


def shape_of(before: Placed) -> str:
    """What is written between two units; nothing after an input, which says its own shape."""
    entering = before.unit.card.layers[0].head.op.category == "input"
    return "" if entering else show(before.unit.shape)


def group_of(scene: Scene, flow: Flow, stage: Stage) -> AbstractContextManager[None]:
    """The group of a stage: its band, its cards, and the heads below them."""
    if not stage.label:
        return scene.group("stage", "stage-input" if stage is flow.stages[0] else "stage-vectors")
    return stage_group(scene, stage.label.partition(" ·")[0])


# -- units and bows ---------------------------------------------------------------------------------------------------


def draw_units(scene: Scene, placed: Sequence[Placed], tip: Tip) -> None:
    """The cards, and the heads under them."""
    for here in placed:
        here.sheet.draw(scene, here.x, here.y, tip)
        bottom = here.y + here.h
        for place, (x, side) in enumerate(zip(here.under, here.sides)):
            side.draw(scene, x, bottom + here.drop, tip)
            start = here.x + here.sheet.w * (place + 1) / (len(here.sides) + 1)
            end = min(max(start, x + 8), x + side.w - 8)
            turn, top = bottom + here.drop - NEAR / 2, bottom + here.drop
            points = [(start, bottom), (start, turn), (end, turn), (end, top)]
            if start == end:
                points = [points[0], points[-1]]
            scene.lines.append(Line(tuple(points), dashed=side.card.training))


def way_of(bow: Bow) -> float:
    """The length of what is on a bow."""
    wide = [sizes([row], short=False)[0] for row in bow.rows]
    return sum(wide) + 12 * max(len(wide) - 1, 0)


def draw_bow(scene: Scene, bow: Bow, points: Sequence[Point], tip: Tip) -> None:
    """A line through points, with the bow's own layers at the end of its longest way from left to right."""
    wide = [sizes([row], short=False)[0] for row in bow.rows]
    runs = [b[0] - a[0] if a[1] == b[1] else 0 for a, b in pairwise(points)]
    turn = runs.index(max(runs)) + 1
    way, rest = list(points[:turn]), list(points[turn:])
    x, y = rest[0]
    at = x - 14 - way_of(bow)
    for row, room in zip(bow.rows, wide):
        scene.lines.append(Line((*way, (at, y)), kind="edge skip"))
        draw(scene, [row], at, y - ROW / 2, room, tip, short=False)
        way = [(at + room, y)]
        at += room + 12
    scene.lines.append(Line((*way, *rest), kind="edge skip"))
