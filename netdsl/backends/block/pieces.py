"""Parts of a block's drawing with their sizes: what they are drawn with, words at arrows, layers and cards.

A piece hangs on an axis: the tensor that enters comes down to its top there, and the one that leaves goes down from its
bottom, ``shift`` to the right of it. ``left`` and ``right`` are how far it reaches beside the axis where it enters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from netdsl.analyses.structure import Layer
from netdsl.backends.canvas.curves import Point
from netdsl.backends.canvas.metrics import width
from netdsl.backends.canvas.palette import BADGE, BADGE_INK, FILLS, FRAME, GREY, HAIR, INK, LINE, RED, WHITE
from netdsl.backends.canvas.scene import Box, Line, Scene
from netdsl.backends.captions import Tint
from netdsl.backends.overview.cells import Mark

#: Sizes of text: in boxes, at edges, and of titles of frames.
SIZE, LABEL, TITLE = 10.0, 8.5, 9.0
#: Heights of a layer's box and of a line of a label, and the side of a join's circle.
BOX, LEADING, CIRCLE = 20.0, 11.0, 18.0
#: Room between branches, from a fork to a branch, around what a frame holds, and between lanes of a mesh.
GAP, FORK, INSET, LANE = 16.0, 9.0, 9.0, 9.0
#: The rounding of lines that go round something.
BEND = 9.0
#: Colours that those who are colour-blind tell apart, one a source (Okabe & Ito).
SOURCES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", INK)


class Fill(NamedTuple):
    """A box's colours where they say what a layer costs, and its share of the whole in words."""

    fill: str
    ink: str
    share: str


@dataclass
class Pen:
    """What pieces are drawn with. ``tip`` says what an SVG does of a layer and those that it stands for, ``heat`` gives
    their colours where these say what they cost.
    """

    scene: Scene
    tip: Callable[[Sequence[Layer]], Mark]
    heat: Callable[[Sequence[Layer]], Fill] | None = None

    def line(
        self, *points: Point, head: bool = True, dashed: bool = False, colour: str = "", kind: str = "edge"
    ) -> None:
        """A line through points; those on the way from one to the next are left out."""
        path = [points[0]]
        for point in points[1:]:
            if abs(point[0] - path[-1][0]) + abs(point[1] - path[-1][1]) > 0.05:
                path.append(point)
        if len(path) > 1:
            colour = colour or (RED if dashed else LINE)
            kind = "edge projection" if dashed else kind
            self.scene.lines.append(Line(tuple(path), head=head, dashed=dashed, colour=colour, radius=BEND, kind=kind))

    def words(self, x: float, y: float, text: str, size: float = LABEL, *, bold: bool = False) -> None:
        """A line of grey text that begins at ``x``."""
        self.scene.text(x, y, text, size, bold=bold, ink=GREY)


class Label:
    """What stands beside an arrow: lines of words, and whether a tensor leaves to the side at the last of them."""

    def __init__(self, lines: Sequence[Sequence[str]] = (), *, leaves: Sequence[str] = (), bare: bool = False) -> None:
        #: Whether there is no arrow: a tensor that enters begins a series.
        self.bare = bare
        self.lines = [[word for word in line if word] for line in lines]
        self.lines = [line for line in self.lines if line]
        self.leaves = list(leaves)

    @property
    def right(self) -> float:
        """How far it reaches to the right of the arrow."""
        each = [5 + sum(width(word, LABEL) + 8 for word in line) - 7 for line in self.lines]
        each += [24 + width(words, LABEL) for words in self.leaves]
        return max(each, default=0.0)

    @property
    def high(self) -> float:
        """The length of the arrow that has room for it."""
        if self.bare:
            return 0.0
        count = len(self.lines) + len(self.leaves)
        return 16.0 if count == 0 else 13.0 + LEADING * count

    def draw(self, pen: Pen, x: float, y: float) -> None:
        """Draws it beside an arrow that begins at ``y``."""
        middle = y + 3 + LEADING / 2
        for line in self.lines:
            at = x + 5
            for word in line:
                pen.words(at, middle, word)
                at += width(word, LABEL) + 8
            middle += LEADING
        for words in self.leaves:
            pen.line((x, middle), (x + 20, middle))
            pen.words(x + 23, middle, words)
            middle += LEADING


class Piece:
    """See the module. ``forks`` is whether the arrow that enters goes on inside; ``layers`` are all that it shows."""

    left: float = 0.0
    right: float = 0.0
    high: float = 0.0
    shift: float = 0.0
    forks = False
    #: Whether the tensor that leaves is named inside already.
    says_shape = False
    #: Norms and activations before and after, which are written beside the arrows.
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    def draw(self, pen: Pen, x: float, y: float) -> None:
        """Draws it with its top at ``y`` and its axis at ``x``."""
        raise NotImplementedError


class Step(Piece):
    """A layer's box, or the circle of a sum or product; an input is ``bare``, a text alone.

    ``every`` are the layers that it stands for, those of all repeats.
    """

    def __init__(self, layer: Layer, text: str, tint: Tint, *, circle: bool = False, bare: bool = False) -> None:
        self.every = [layer]
        self.text = text
        self.tint = tint
        self.circle = circle
        self.bare = bare
        self.stretch(CIRCLE if circle else width(text, SIZE) + 4 if bare else max(width(text, SIZE) + 16, 54.0))
        self.high = CIRCLE if circle else 15.0 if bare else BOX

    def stretch(self, wide: float) -> None:
        """Gives the box another width."""
        self.left = self.right = wide / 2

    def widen(self) -> None:
        """Makes room for a share of the cost beside the text."""
        if not self.bare and self.tint != "merge":
            self.stretch(width(self.text, SIZE) + width("99.9%", LABEL) + 20)

    def draw(self, pen: Pen, x: float, y: float) -> None:
        """The box or the circle, with its text."""
        mark = pen.tip(self.every)
        with pen.scene.group("input" if self.bare else f"layer {self.tint}", *mark):
            self._draw(pen, x, y, mark)

    def _draw(self, pen: Pen, x: float, y: float, mark: Mark) -> None:
        left, wide = x - self.left, self.left + self.right
        if self.bare:
            box = Box(left, y, wide, self.high, self.text, SIZE, ink=GREY, name=mark.name, tip=mark.tip)
            pen.scene.boxes.append(box)
            return
        heat = pen.heat(self.every) if pen.heat is not None and self.tint != "merge" else None
        stroke = INK if self.tint == "merge" else HAIR
        fill, ink = (heat.fill, heat.ink) if heat else (FILLS[self.tint], INK)
        text = "" if heat and heat.share else self.text
        box = Box(left, y, wide, self.high, text, SIZE, fill, stroke, ink, round=not self.circle, circle=self.circle)
        pen.scene.boxes.append(replace(box, name=mark.name, tip=mark.tip))
        if heat and heat.share:
            middle = y + self.high / 2
            pen.scene.text(left + 7, middle, self.text, SIZE, ink=ink)
            pen.scene.text(left + wide - 5, middle, heat.share, LABEL, ink=ink, align="r")


class Card(Piece):
    """Calls of a block that are not opened: its name, what it does to a tensor, how often. ``every`` are all layers."""

    def __init__(self, title: str, detail: str, count: int, mark: Mark, every: Sequence[Layer]) -> None:
        self.title, self.detail = title, detail
        self.count, self.mark, self.every = count, mark, every
        self.badge = f"×{count}" if count > 1 else ""
        self.pill = width(self.badge, TITLE, bold=True) + 10 if self.badge else 0.0
        wide = max(width(title, SIZE, bold=True) + 16 + self.pill, width(detail, LABEL) + 14)
        self.left = self.right = wide / 2
        self.high = 32.0

    def draw(self, pen: Pen, x: float, y: float) -> None:
        """The card, with the edges of those behind it."""
        left, wide, boxes = x - self.left, self.left + self.right, pen.scene.boxes
        heat = pen.heat(self.every) if pen.heat is not None else None
        fill, ink = (heat.fill, heat.ink) if heat else (WHITE, INK)
        with pen.scene.group("card", *self.mark):
            if self.count > 1:
                boxes += [Box(left + by, y + by, wide, self.high, fill=WHITE, stroke=FRAME) for by in (5.0, 2.5)]
            name, tip = self.mark.name, self.mark.tip
            boxes.append(Box(left, y, wide, self.high, fill=fill, stroke=FRAME, name=name, tip=tip))
            pen.scene.text(left + 7, y + 10, self.title, SIZE, bold=True, ink=ink)
            pen.scene.text(left + 7, y + 23, self.detail, LABEL, ink=ink if heat else GREY)
            if self.badge:
                at = x + self.right - self.pill
                boxes.append(Box(at, y, self.pill, 16, self.badge, TITLE, BADGE, BADGE, BADGE_INK, bold=True))
