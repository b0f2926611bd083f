"""Where a column's boxes stand, and the lanes on its right side on which arcs run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from netdsl.backends.beside.column import Arc
from netdsl.backends.canvas.metrics import width
from netdsl.backends.canvas.palette import FILLS, HAIR, INK, LINE, RED
from netdsl.backends.canvas.scene import Box, Line, Scene
from netdsl.backends.overview.cards import Row
from netdsl.backends.overview.cells import BEHIND, SMALL, Sheet, Tip

#: Width of a lane without anything on it; height of what is on one; room beside its text.
_LANE, _HIGH, _MARGIN = 14.0, 14.0, 5.0


@dataclass
class Placed:
    """An element with its place once it has one; ``high`` includes the edges behind a folded card."""

    sheet: Sheet
    x: float = 0
    y: float = 0

    @property
    def high(self) -> float:
        """Its height."""
        return self.sheet.h + (2 * BEHIND if self.sheet.card.count > 1 else 0)


@dataclass
class Lanes:
    """For each arc its lane, how far right of the widest element each lane's line is, and the width of them all."""

    of: list[int] = field(default_factory=list)
    axes: list[float] = field(default_factory=list)
    width: float = 0


def place_lanes(arcs: Sequence[Arc]) -> Lanes:
    """Lanes for arcs, so that no two that pass the same element share one. Short ones are nearest to the column."""
    lanes = Lanes([0] * len(arcs))
    taken: list[list[tuple[int, int]]] = []
    for place in sorted(range(len(arcs)), key=lambda at: (arcs[at].target - arcs[at].source, at)):
        start, end = arcs[place].source, arcs[place].target
        lane = next(
            (lane for lane, ways in enumerate(taken) if all(end <= a or b <= start for a, b in ways)), len(taken)
        )
        taken[lane : lane + 1] = [[*(taken[lane] if lane < len(taken) else []), (start, end)]]
        lanes.of[place] = lane
    at = 0.0
    for lane in range(len(taken)):
        on = [arc.row for arc, home in zip(arcs, lanes.of) if home == lane and arc.row is not None]
        wide = max([_LANE, *(_room(row) + 8 for row in on)])
        lanes.axes.append(at + wide / 2 + (4 if lane == 0 else 0))
        at = lanes.axes[-1] + wide / 2
    lanes.width = at
    return lanes


def draw_arc(scene: Scene, placed: Sequence[Placed], arc: Arc, x: float, tip: Tip) -> None:
    """An arc on the lane at ``x``, from the lower part of one element to the upper part of another."""
    source, target = placed[arc.source], placed[arc.target]
    start = (source.x + source.sheet.w, source.y + source.sheet.h - 6.5)
    end = (target.x + target.sheet.w, target.y + (6.5 if target.sheet.pill else target.sheet.h / 2))
    colour = RED if arc.projection else LINE
    kind = "edge projection" if arc.projection else "edge skip"
    way = (start, (x, start[1]), (x, end[1]), end)
    if arc.row is None:
        scene.lines.append(Line(way, colour=colour, dashed=arc.projection, kind=kind))
        return
    wide, middle = _room(arc.row), (start[1] + end[1]) / 2
    top, bottom = middle - _HIGH / 2, middle + _HIGH / 2
    before, after = (start, (x, start[1]), (x, top)), ((x, bottom), (x, end[1]), end)
    scene.lines.append(Line(before, head=False, colour=colour, dashed=arc.projection, kind=kind))
    scene.lines.append(Line(after, colour=colour, dashed=arc.projection, kind=kind))
    mark = tip(arc.row)
    with scene.group(f"layer {arc.row.tint}", *mark):
        fill, ink = arc.row.fill or FILLS[arc.row.tint], arc.row.ink or INK
        scene.boxes.append(
            Box(x - wide / 2, top, wide, _HIGH, _words(arc.row), SMALL, fill, HAIR, ink, round=True, name=mark.name)
        )


def _words(row: Row) -> str:
    return f"{row.short} · {row.share}" if row.share and row.share != "–" else row.short


def _room(row: Row) -> float:
    return width(_words(row), SMALL) + 2 * _MARGIN
