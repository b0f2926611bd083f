"""Parts of a drawing of all layers, with their sizes and where they put their boxes and lines.

Places are (a, c), as in :mod:`netdsl.backends.canvas.ways`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from netdsl.backends.canvas.metrics import width
from netdsl.backends.canvas.palette import FILLS, GREY, HAIR, INK, LINE, RIM, WHITE
from netdsl.backends.canvas.ways import (
    APART,
    BUS,
    FORK,
    HEADING,
    INSET,
    LANE,
    MARGIN,
    NAME,
    ROUND,
    ROW,
    SECOND,
    SMALL,
    TEXT,
    Cell,
    Look,
    Pen,
    Place,
    draw_note,
    gap,
    with_note,
)
from netdsl.backends.layers.boxes import Face


class Mark(NamedTuple):
    """What a layer's box has in an SVG: its id, tooltip and numbers. ``node`` is the index of its head."""

    node: int
    name: str
    tip: str = ""
    data: Mapping[str, str] = MappingProxyType({})


class Leaf(Cell):
    """The box of a layer. In a column it is ``wide`` at least."""

    def __init__(self, face: Face, mark: Mark, *, down: bool, wide: float = 0) -> None:
        self.face, self.mark = face, mark
        across = max(leaf_width(face), wide)
        high = ROW + (SECOND if face.small else 0)
        self.length = high if down else across
        self.left = self.right = (across if down else high) / 2
        self.side = self.length / 2, self.right

    def stretch(self, left: float, right: float) -> None:
        """Makes it reach as far to both sides."""
        self.left, self.right = max(self.left, left), max(self.right, right)
        self.side = self.length / 2, self.right

    def draw(self, pen: Pen, a: float, c: float) -> None:
        """Puts it with its start at a place."""
        face, mark = self.face, self.mark
        data = dict(mark.data) | ({"share": face.share} if face.share else {})
        with pen.scene.group(f"layer {face.tint}", mark.name, mark.tip, data):
            self._draw(pen, a, c)

    def _draw(self, pen: Pen, a: float, c: float) -> None:
        face = self.face
        pen.sides[self.mark.node] = (a + self.length / 2, c + self.right)
        fill, ink = face.fill or FILLS[face.tint], face.ink or INK
        text = "" if face.small or face.share else face.text
        stroke, thick = (INK, 1.2) if face.join else (LINE, 0.8) if face.training else (HAIR, 0.8)
        look = Look(
            text=text, size=TEXT, fill=fill, stroke=stroke, ink=ink, pen=thick, name=self.mark.name, tip=self.mark.tip
        )
        look |= Look(round=True, dashed=face.training)
        box = pen.box(a, c - self.left, self.length, self.left + self.right, look)
        if text:
            return
        x, y = box.x + box.w / 2, box.y + (ROW / 2 + 0.5 if face.small else box.h / 2)
        share = width(face.share, pen.small) + 6 if face.share else 0
        pen.scene.text(x - share / 2, y, face.text, TEXT, ink=ink, align="c")
        pen.scene.text(box.x + box.w - 6, y, face.share, pen.small, ink=ink, align="r")
        pen.scene.text(x, y + 11, face.small, pen.small, ink=ink, align="c")


def leaf_width(face: Face) -> float:
    """How wide the box of a layer is at least."""
    share = width("99.9%", SMALL) + 6 if face.share else 0
    return max(width(face.text, TEXT) + share, width(face.small, SMALL)) + 2 * MARGIN


class Circle(Cell):
    """A sum, difference or product, with what follows it beside its way out."""

    def __init__(self, face: Face, mark: Mark, *, down: bool, small: float = SMALL) -> None:
        self.face, self.mark = face, mark
        self.left = self.right = ROUND / 2
        self.side = ROUND / 2, ROUND / 2
        words = width(face.note, small)
        self.outlet = (small + 4 if down else words + 8) if face.note else 0
        self.length = ROUND + self.outlet
        if face.note and down:
            self.right = max(self.right, words + 6)
        elif face.note:
            self.left = max(self.left, 1.5 * small)

    def draw(self, pen: Pen, a: float, c: float) -> None:
        """Puts it with its start at a place."""
        half = ROUND / 2
        pen.sides[self.mark.node] = (a + half, c + half)
        look = Look(
            text=self.face.text, size=12.0, fill=WHITE, stroke=LINE, circle=True, name=self.mark.name, tip=self.mark.tip
        )
        mark = self.mark
        with pen.scene.group(f"layer {self.face.tint}", mark.name, mark.tip, mark.data):
            pen.box(a, c - half, ROUND, ROUND, look | Look(dashed=self.face.training, name=mark.name, tip=mark.tip))
        if self.face.note:
            pen.note(a + ROUND + self.outlet / 2, c, self.face.note)


class Series(Cell):
    """Cells one after another, with notes between some: ``notes[n]`` is after cell ``n``."""

    def __init__(self, cells: Sequence[Cell], notes: Sequence[str], *, down: bool, small: float = SMALL) -> None:
        self.cells, self.notes = list(cells), list(notes)
        self.gaps = [gap(note, down=down, small=small) for note in self.notes]
        self.length = sum(cell.length for cell in cells) + sum(self.gaps[: len(self.cells) - 1])
        self.left = max((cell.left for cell in cells), default=0.0)
        self.right = max((cell.right for cell in cells), default=0.0)
        for note in self.notes[: len(self.cells) - 1]:
            self.left, self.right = with_note(self.left, self.right, note, down, small)
        if self.cells:
            first, last = self.cells[0], self.cells[-1]
            self.inlet, self.arrow, self.fed, self.outlet = first.inlet, first.arrow, first.fed, last.outlet

    def draw(self, pen: Pen, a: float, c: float) -> None:
        """Puts it with its start at a place."""
        end = a
        for number, cell in enumerate(self.cells):
            if number:
                start = end + self.gaps[number - 1]
                before = self.cells[number - 1]
                pen.line((end - before.outlet, c), (start + cell.inlet, c), head=cell.arrow)
                draw_note(pen, end, self.gaps[number - 1], c, self.notes[number - 1])
                end = start
            cell.draw(pen, end, c)
            end += cell.length


class Skip(Cell):
    """A way with a lane past it, to a join: the tensor itself, or through ``pills`` on the lane.

    A ``projection`` is red and dashed.
    """

    arrow = False

    def __init__(
        self, main: Cell, pills: Sequence[Leaf], join: Leaf | Circle, *, projection: bool, name: str, down: bool
    ) -> None:
        self.main, self.pills, self.join, self.projection, self.name = main, pills, join, projection, name
        apart = gap("", down=down)
        self.port = join.length / 2 if isinstance(join, Leaf) else ROUND / 2
        way = sum(pill.length for pill in pills) + apart * max(len(pills) - 1, 0)
        spare = FORK + main.length + apart + self.port - way - 2 * APART
        self.lead = FORK + max(-spare, 0) / 2
        self.tail = apart + max(-spare, 0) / 2
        self.way = way
        self.span = self.lead + main.length + self.tail + self.port
        self.length = self.span - self.port + join.length
        self.outlet = join.outlet
        self.left = max(main.left, join.left)
        near = max((pill.left for pill in pills), default=0.0)
        side = join.right if isinstance(join, Leaf) else ROUND / 2
        self.lane = max(main.right, side) + (near + APART if pills else LANE)
        self.right = max(self.lane + max(near, 2), join.right)
        self.near = side

    def draw(self, pen: Pen, a: float, c: float) -> None:
        """Puts it with its start at a place."""
        pen.dot(a, c)
        start = a + self.lead
        end = start + self.main.length
        pen.line((a, c), (start + self.main.inlet, c), head=self.main.arrow)
        self.main.draw(pen, start, c)
        pen.line((end - self.main.outlet, c), (end + self.tail, c))
        self.join.draw(pen, end + self.tail, c)
        lane, red = c + self.lane, self.projection
        kind = "projection" if red else "skip"
        here: list[Place] = [(a, c), (a, lane)]
        at = a + (self.span - self.way) / 2
        for pill in self.pills:
            pen.line(*here, (at, lane), red=red, kind=kind)
            pill.draw(pen, at, lane)
            at += pill.length
            here = [(at, lane)]
            at += gap("", down=pen.down)
        port = a + self.span
        pen.line(*here, (port, lane), (port, c + self.near), red=red, kind=kind)


class Arms(Cell):
    """Ways side by side that part at one tensor and meet in a join. An empty one is a line."""

    def __init__(self, arms: Sequence[Series], join: Leaf | Circle, *, down: bool, forks: bool) -> None:
        self.arms, self.join, self.forks = arms, join, forks
        self.fed, self.arrow = forks, False
        self.apart = gap("", down=down)
        # An arm that is nothing but a line has a little room all the same.
        each = [(max(arm.left, 4.0), max(arm.right, 4.0)) for arm in arms]
        wide = sum(left + right for left, right in each) + APART * (len(arms) - 1)
        at = -wide / 2
        self.places = []
        for left, right in each:
            self.places.append(at + left)
            at += left + right + APART
        near = min(self.places, key=abs)
        if abs(near) <= 16 or len(arms) % 2:
            middle = near if abs(near) <= 16 else 0.0
            self.places = [place - middle for place in self.places]
        self.lead = BUS + self.apart if forks else 0.0
        self.high = max(arm.length for arm in arms)
        if isinstance(join, Leaf):
            join.stretch(12 - self.places[0], 12 + self.places[-1])
            self.tail = self.apart
        else:
            self.tail = self.apart + 4
        self.length = self.lead + self.high + self.tail + join.length
        self.outlet = join.outlet
        self.left = max(join.left, *(left - place for (left, _), place in zip(each, self.places)))
        self.right = max(join.right, *(right + place for (_, right), place in zip(each, self.places)))

    def draw(self, pen: Pen, a: float, c: float) -> None:
        """Puts it with its start at a place."""
        if self.forks:
            pen.dot(a, c)
        bottom = a + self.lead + self.high
        middle = bottom + self.tail + (ROUND / 2 if isinstance(self.join, Circle) else 0)
        self.join.draw(pen, bottom + self.tail, c)
        for arm, place in zip(self.arms, self.places):
            at, start = c + place, bottom - arm.length
            enter = [(a, c)] if abs(place) < 0.5 else [(a, c), (a + BUS, c), (a + BUS, at)]
            if isinstance(self.join, Leaf):
                leave = [(bottom + self.tail, at)]
            elif abs(place) <= ROUND:
                leave = [(bottom + 4, at), (bottom + 4, c), (bottom + self.tail, c)] if abs(place) >= 0.5 else []
                leave = leave or [(bottom + self.tail, c)]
            else:
                leave = [(middle, at), (middle, c + (ROUND / 2 if place > 0 else -ROUND / 2))]
            if not arm.cells:
                pen.line(*enter, *leave, kind="skip")
                continue
            if self.forks:
                pen.line(*enter, (start + arm.inlet, at), head=arm.arrow)
            arm.draw(pen, start, at)
            pen.line((bottom - arm.outlet, at), *leave)


class Frame(Cell):
    """A block with its name, left of the line, and its kind, right of it."""

    def __init__(
        self,
        inner: Cell,
        name: str,
        detail: str,
        tip: str,
        *,
        training: bool,
        down: bool,
        id: str,
        kind: str = "block",
        data: Mapping[str, str] | None = None,
    ) -> None:
        self.inner, self.name, self.detail, self.tip, self.id = inner, name, detail, tip, id
        self.training, self.kind, self.data = training, kind, data or {}
        names, details = width(name, NAME, bold=True) + 1, width(detail, SMALL) + 1
        self.start = HEADING + 5 if down else INSET + 4
        self.length = self.start + inner.length + INSET
        self.left, self.right = inner.left + INSET, inner.right + INSET
        if down:
            self.left = max(self.left, names + 10)
            self.right = max(self.right, details + 10 if detail else 0)
        else:
            self.left += HEADING - 2
            self.length = max(self.length, names + details + 18)
        self.inlet, self.arrow, self.fed = self.start + inner.inlet, inner.arrow, inner.fed
        self.outlet = self.length - self.start - inner.length + inner.outlet

    def draw(self, pen: Pen, a: float, c: float) -> None:
        """Puts it with its start at a place."""
        with pen.scene.group(self.kind, self.id, self.tip, self.data):
            stroke = LINE if self.training else RIM
            look = Look(fill=WHITE, stroke=stroke, round=True, dashed=self.training)
            box = pen.box(a, c - self.left, self.length, self.left + self.right, look)
            y = box.y + 1 + HEADING / 2
            pen.scene.text(box.x + 5, y, self.name, NAME, bold=True, ink=INK)
            pen.scene.text(box.x + box.w - 5, y, self.detail, pen.small, ink=GREY, align="r")
            self.inner.draw(pen, a + self.start, c)
