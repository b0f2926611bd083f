"""Nets that shrink their maps and enlarge them again: a row for each size, bows from the way down to the way up."""

from __future__ import annotations

import math

from netdsl.backends.canvas.metrics import width
from netdsl.backends.canvas.palette import BANDS, GREY
from netdsl.backends.canvas.scene import Box, Line, Scene
from netdsl.backends.labels import show
from netdsl.backends.overview.cells import INSET, SMALL, Tip
from netdsl.backends.overview.flow import Bow, Flow
from netdsl.backends.overview.layout import NEAR, Placed, draw_bow, draw_units, group_of, shape_of, way_of

#: Heights of a row's label, of a bow over its cards, and of what is under them.
_LABEL, _LANE, _UNDER = 18.0, 22.0, 16.0


def is_hourglass(flow: Flow) -> bool:
    """Whether some bow goes round smaller maps."""
    for bow in flow.bows:
        stages = {unit.stage for unit in flow.units[bow.source : bow.target + 1]}
        if len(stages) > 1:
            return True
    return False


class Hourglass:
    """The line goes down to the right, a row for each stage, and up again; a join stands in the row of its bow."""

    def __init__(self, flow: Flow, placed: list[Placed], *, shapes: bool = True) -> None:
        self.flow = flow
        self.placed = placed
        self.shapes = shapes
        self.level = self._levels()
        self.w = 0.0
        self.tops: list[float] = []
        self.h = 0.0
        self._place()

    def _levels(self) -> list[int]:
        """The row of each stage."""
        sizes = []
        for stage in self.flow.stages:
            shape = self.flow.units[stage.units[-1]].shape
            sizes.append(math.prod(shape[1:]) if len(shape) > 1 else 1)
        meets = {
            self.flow.units[bow.target].stage: self.flow.units[bow.source].stage for bow in reversed(self.flow.bows)
        }
        levels: list[int] = []
        for number, size in enumerate(sizes):
            if number == 0 or (number == 1 and not self.flow.stages[0].label):
                levels.append(0)
            elif number in meets:
                levels.append(levels[meets[number]])
            elif size < sizes[number - 1]:
                levels.append(levels[-1] + 1)
            else:
                levels.append(max(levels[-1] - 1, 0))
        return levels

    def _place(self) -> None:
        count = max(self.level) + 1
        above, below, lane = [0.0] * count, [0.0] * count, [0.0] * count
        joins = {bow.target: bow.line for bow in self.flow.bows}
        #: How far below its top each unit is held: where a bow comes in, or in its middle.
        held = []
        for number, here in enumerate(self.placed):
            level = self.level[here.unit.stage]
            at = here.sheet.line(joins[number]) if number in joins else here.h / 2
            above[level], below[level] = max(above[level], at), max(below[level], here.h - at + here.below)
            held.append(at)
        for bow in self.flow.bows:
            if self._over(bow):
                lane[self.level[self.placed[bow.source].unit.stage]] = _LANE
        y = 0.0
        axes = []
        for over, high, low in zip(lane, above, below):
            self.tops.append(y)
            axes.append(y + _LABEL + over + high)
            y = axes[-1] + low + _UNDER
        self.h = y
        taken = [0.0] * count
        before: Placed | None = None
        last = 0
        for stage, level in zip(self.flow.stages, self.level):
            first = self.placed[stage.units[0]]
            if before is None:
                x = 8.0
            elif level > last:
                x = before.x + before.w / 2 + 26
            elif level < last:
                x = before.right + 18 - first.w / 2
            else:
                x = before.right + width(show(before.unit.shape), SMALL) + 14
            x = max(x, taken[level], *(self._room(bow) for bow in self.flow.bows if bow.target in stage.units))
            for unit in stage.units:
                here = self.placed[unit]
                here.x, here.y = x, axes[level] - held[unit]
                x += here.w + NEAR
                before = here
            taken[level] = x + 12
            self.w = max(self.w, x - NEAR + 10)
            last = level

    def draw(self, scene: Scene, dx: float, dy: float, tip: Tip) -> None:
        """Puts all of it on the page, its top left corner at a place."""
        ends = [*self.tops[1:], self.h]
        for level, (top, bottom) in enumerate(zip(self.tops, ends)):
            colour = BANDS[level % 2]
            with scene.group("level"):
                band = Box(dx, top + dy + 1, self.w, bottom - top - 2, fill=colour, stroke=colour, round=True)
                scene.boxes.append(band)
        for unit in self.placed:
            unit.move(dx, dy)
        for stage, level in zip(self.flow.stages, self.level):
            with group_of(scene, self.flow, stage):
                x = self.placed[stage.units[0]].x
                scene.text(x, self.tops[level] + dy + 9, stage.label, 10, bold=True, ink=GREY)
                draw_units(scene, [self.placed[unit] for unit in stage.units], tip)
        for before, after in zip(self.placed, self.placed[1:]):
            self._link(scene, before, after)
        for bow in self.flow.bows:
            source, target = self.placed[bow.source], self.placed[bow.target]
            end = (target.x + (0 if target.sheet.pill else INSET), target.y + target.sheet.line(bow.line))
            if not self._over(bow):
                draw_bow(scene, bow, [(source.right, end[1]), (target.x, end[1]), end], tip)
                continue
            lane = self.tops[self.level[source.unit.stage]] + dy + _LABEL + _LANE / 2
            x, turn = source.x + source.w / 2, target.x - 10
            draw_bow(scene, bow, [(x, source.y), (x, lane), (turn, lane), (turn, end[1]), end], tip)

    def _room(self, bow: Bow) -> float:
        """How far right a bow's join stands at least, so that what is on the bow has room."""
        source = self.placed[bow.source]
        return (source.x + source.w / 2 + 20 if self._over(bow) else source.right + 24) + way_of(bow) + 14

    def _over(self, bow: Bow) -> bool:
        """Whether a bow has to go over other units of its stage."""
        stage = self.flow.stages[self.flow.units[bow.source].stage]
        return stage.units[-1] != bow.source

    def _link(self, scene: Scene, before: Placed, after: Placed) -> None:
        one, other = self.level[before.unit.stage], self.level[after.unit.stage]
        words = shape_of(before) if self.shapes else ""
        if one == other:
            # Two cards that are held at other heights: the line leaves the first one where it enters the second.
            y = after.middle if before.y <= after.middle <= before.y + before.h else before.middle
            turn = () if y == after.middle else ((after.x - NEAR / 2, y), (after.x - NEAR / 2, after.middle))
            scene.lines.append(Line(((before.right, y), *turn, (after.x, after.middle))))
            if before.unit.stage != after.unit.stage:
                centre = (before.right + after.x - 4) / 2
                scene.text(centre, y - 6, words, SMALL, ink=GREY, align="c")
            return
        if other > one:
            x, start = before.x + before.w / 2, before.y + before.h
            scene.lines.append(Line(((x, start), (x, after.middle), (after.x, after.middle))))
            scene.text(x + 4, start + 10, words, SMALL, ink=GREY)
            return
        x = after.x + after.w / 2
        end = (x, after.y + after.h)
        # Round the corner, or if that is too near, up from the top.
        near = x < before.right + 8
        way = ((before.x + before.w / 2, before.y),) if near else ((before.right, before.middle), (x, before.middle))
        scene.lines.append(Line((*way, end)))
        scene.text(x + 4, end[1] + 10, words, SMALL, ink=GREY)
