"""Lines through corners: rounded, and ending where an arrow's head begins."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

Point = tuple[float, float]
#: What comes next on a line: a point that it goes straight to, or the two handles of a Bézier curve and its end.
Step = tuple[Point] | tuple[Point, Point, Point]

#: How far an arrow's head reaches.
HEAD = 5.5
#: Distance of a Bézier curve's handles from a quarter circle's ends, for radius 1.
_ROUND = 0.5523
#: Half the width of an arrow's head, and how far the point of its outline stands out, for a pen of width 1.
_WING, _MITRE = 0.35 * HEAD, math.hypot(1, 0.35) / 0.7


def steps(points: Sequence[Point], radius: float, *, curved: bool = False) -> Iterator[Step]:
    """The way from the first point through all others, its corners rounded; with ``curved`` they are curves already."""
    if curved:
        for place in range(1, len(points), 3):
            one, other, end = points[place : place + 3]
            yield one, other, end
        return
    at = points[0]
    for corner, after in pairwise(points[1:]):
        reach = min(radius, distance(at, corner), distance(corner, after) / 2)
        if reach < 0.5:
            yield (corner,)
            at = corner
            continue
        start, end = toward(corner, at, reach), toward(corner, after, reach)
        yield (start,)
        yield toward(start, corner, reach * _ROUND), toward(end, corner, reach * _ROUND), end
        at = end
    yield (points[-1],)


def bezier(points: Sequence[Point], radius: float, *, curved: bool = False) -> list[Point]:
    """The same as the control points of Bézier curves alone."""
    path = [points[0]]
    for step in steps(points, radius, curved=curved):
        if len(step) == 3:
            path += step
            continue
        (a, b), (c, d) = path[-1], step[0]
        path += [(a + (c - a) / 3, b + (d - b) / 3), (a + 2 * (c - a) / 3, b + 2 * (d - b) / 3), step[0]]
    return path


def short(before: Point, tip: Point) -> Point:
    """A point an arrow's head before the tip."""
    return toward(tip, before, min(HEAD, distance(before, tip)))


def head(before: Point, tip: Point, pen: float) -> tuple[Point, Point, Point]:
    """An arrow's head as Graphviz draws it: a triangle whose outline, ``pen`` wide, ends at the tip."""
    length = distance(before, tip) or 1
    along = (tip[0] - before[0]) / length, (tip[1] - before[1]) / length
    end = tip[0] - along[0] * _MITRE * pen, tip[1] - along[1] * _MITRE * pen
    foot = end[0] - along[0] * HEAD, end[1] - along[1] * HEAD
    side = -along[1] * _WING, along[0] * _WING
    return (foot[0] + side[0], foot[1] + side[1]), end, (foot[0] - side[0], foot[1] - side[1])


def distance(a: Point, b: Point) -> float:
    """Between two points."""
    return math.hypot(b[0] - a[0], b[1] - a[1])


def toward(start: Point, goal: Point, reach: float) -> Point:
    """The point that is ``reach`` from the start on the way to the goal."""
    length = distance(start, goal) or 1
    return start[0] + (goal[0] - start[0]) * reach / length, start[1] + (goal[1] - start[1]) * reach / length
