"""Cells along a way: what has a length and a width, and a line that comes in and goes out.

Places are (a, c): ``a`` along the way that the tensors go, ``c`` across it, right of it or below it. Each cell has its
way in and its way out at ``c`` = 0, so that one after another they have one straight line.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from netdsl.backends.canvas.metrics import width
from netdsl.backends.canvas.palette import GREY, LINE, RED
from netdsl.backends.canvas.scene import Box, Line, Scene

Place = tuple[float, float]


class Look(TypedDict, total=False):
    """How a box looks; see :class:`Box`."""

    text: str
    size: float
    fill: str
    stroke: str
    ink: str
    pen: float
    round: bool
    circle: bool
    dashed: bool
    name: str
    tip: str


#: Sizes of text: boxes, names of blocks, notes beside arrows and second lines.
TEXT, NAME, SMALL = 9.5, 9.5, 8.0
#: Height of a box and of its second line, diameter of a circle, room beside a text, between boxes, arms and lanes.
ROW, SECOND, ROUND, MARGIN, APART, LANE = 18.0, 9.5, 17.0, 9.0, 10.0, 11.0
#: Inside of a frame, and the height of its name.
INSET, HEADING = 8.0, 15.0
#: From where a tensor forks to what comes next, and to where arms part.
FORK, BUS = 11.0, 8.0


class Pen:
    """Draws on a scene at places (a, c), of which (0, 0) is at ``x``, ``y``. ``down`` says which way ``a`` goes."""

    def __init__(self, scene: Scene, *, down: bool, small: float = SMALL) -> None:
        self.scene = scene
        self.down = down
        self.small = small
        self.x = self.y = 0.0
        #: Where a line leaves the side of a layer's box, by the index of its head.
        self.sides: dict[int, Place] = {}

    def at(self, a: float, c: float) -> tuple[float, float]:
        """The place on the page."""
        return (self.x + c, self.y + a) if self.down else (self.x + a, self.y + c)

    def box(self, a: float, c: float, along: float, across: float, look: Look) -> Box:
        """A box whose first corner is at a place."""
        x, y = self.at(a, c)
        box = Box(x, y, *((across, along) if self.down else (along, across)), **look)
        self.scene.boxes.append(box)
        return box

    def line(self, *places: Place, head: bool = True, red: bool = False, dashed: bool = False, kind: str = "") -> None:
        """A line through places."""
        points = tuple(self.at(*place) for place in places)
        if len(set(points)) > 1:
            colour, kind = RED if red else LINE, f"edge {kind}".strip()
            self.scene.lines.append(Line(points, head=head, colour=colour, dashed=red or dashed, radius=5, kind=kind))

    def dot(self, a: float, c: float) -> None:
        """Where a tensor goes to several layers."""
        x, y = self.at(a, c)
        self.scene.boxes.append(Box(x - 1.6, y - 1.6, 3.2, 3.2, fill=LINE, stroke=LINE, circle=True, pen=0.1))

    def note(self, a: float, c: float, words: str) -> None:
        """Small print beside the line, ``a`` in its middle."""
        x, y = self.at(a, c)
        if self.down:
            self.scene.text(x + 4.5, y, words, self.small, ink=GREY)
        else:
            self.scene.text(x, y - 0.75 * self.small, words, self.small, ink=GREY, align="c")


class Cell:
    """``length`` along, and how far it reaches to both sides of the line.

    The line comes in ``inlet`` after the start, with an arrow's head if ``arrow``, and leaves ``outlet`` before the
    end. What is not ``fed`` has no line in. A line from the side ends at ``side``, counted from the start, or at the
    line before the cell where that is None.
    """

    length = 0.0
    left = 0.0
    right = 0.0
    inlet = 0.0
    outlet = 0.0
    arrow = True
    fed = True
    side: Place | None = None

    def draw(self, pen: Pen, a: float, c: float) -> None:
        """Puts it with its start at a place."""
        raise NotImplementedError


class Fork(Cell):
    """A dot on the line: nothing but where a tensor enters."""

    arrow = False

    def draw(self, pen: Pen, a: float, c: float) -> None:
        """Puts it with its start at a place."""
        pen.dot(a, c)


def gap(note: str, *, down: bool, small: float = SMALL) -> float:
    """The room between two cells, with a note between them or none."""
    if down:
        return small + 13 if note else 13 if small == SMALL else 11
    return width(note, small) + 14 if note else 16 if small == SMALL else 13


def with_note(left: float, right: float, note: str, down: bool, small: float) -> tuple[float, float]:
    """How far a line reaches with a note beside it."""
    if not note:
        return left, right
    return (left, max(right, width(note, small) + 6)) if down else (max(left, 1.4 * small), right)


def draw_note(pen: Pen, a: float, room: float, c: float, words: str) -> None:
    """Puts a note into the ``room`` after ``a``."""
    if words:
        pen.note(a + (pen.small / 2 + 2 if pen.down else (room - 4) / 2), c, words)


def lanes(ways: Sequence[tuple[float, float]]) -> list[int]:
    """A lane for each way from one place to another, so that those which share a stretch have lanes of their own.

    Shorter ways are nearer; of very many the earlier.
    """
    few = len(ways) <= 400
    order = sorted(range(len(ways)), key=lambda at: (ways[at][1] - ways[at][0] if few else 0, ways[at]))
    taken: list[list[tuple[float, float]]] = []
    found = [0] * len(ways)
    for at in order:
        start, end = ways[at]
        # Where only the last one counts, the ways come in order.
        free = (
            lane
            for lane, others in enumerate(taken)
            if all(end < one or start > other for one, other in (others if few else others[-1:]))
        )
        found[at] = next(free, len(taken))
        if found[at] == len(taken):
            taken.append([])
        taken[found[at]].append((start, end))
    return found
