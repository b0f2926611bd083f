"""Parts of a block's drawing that hold others: series, branches, what goes round, frames, and layers in a mesh."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from netdsl.backends.block.pieces import (
    CIRCLE,
    FORK,
    GAP,
    INSET,
    LABEL,
    LANE,
    SOURCES,
    TITLE,
    Label,
    Pen,
    Piece,
    Step,
)
from netdsl.backends.canvas.curves import Point
from netdsl.backends.canvas.metrics import width
from netdsl.backends.canvas.palette import BADGE, BADGE_INK, BANDS, INK, LINE
from netdsl.backends.canvas.scene import Box
from netdsl.backends.overview.cells import Mark


class Series:
    """Pieces one below another, with a label on the way to the first, between each two, and after the last.

    It hangs on an axis as a piece does, but the lines to its first piece and from its last are drawn by what is around.
    """

    def __init__(self, pieces: Sequence[Piece], labels: Sequence[Label]) -> None:
        assert len(labels) == len(pieces) + 1 or not pieces
        self.pieces, self.labels = list(pieces), list(labels)
        self.left = self.right = self.shift = 0.0
        self.high = 0.0
        for label, piece in zip(labels, pieces):
            self._reach(0.0, label.right)
            self._reach(piece.left, piece.right)
            self.shift += piece.shift
            self.high += label.high + piece.high
        self._reach(0.0, labels[-1].right)
        self.high += labels[-1].high

    def _reach(self, left: float, right: float) -> None:
        self.left, self.right = max(self.left, left - self.shift), max(self.right, right + self.shift)

    @property
    def top(self) -> float:
        """How far below its beginning the first piece, or else the end, is."""
        return self.labels[0].high if self.pieces else self.high

    def draw(self, pen: Pen, x: float, y: float, *, dashed: bool = False) -> Point:
        """Draws all but the lines at both ends; gives where the last one begins."""
        at = y
        for place, (label, piece) in enumerate(zip(self.labels, self.pieces)):
            label.draw(pen, x, at)
            if place:
                pen.line((x, at), (x, at + label.high), head=not piece.forks, dashed=dashed)
            piece.draw(pen, x, at + label.high)
            at += label.high + piece.high
            x += piece.shift
        self.labels[-1].draw(pen, x, at)
        return x, at

    def enters(self, pen: Pen, *points: Point, dashed: bool = False) -> None:
        """Draws the line to the first piece, from ``points`` on, the last of which is where the series begins."""
        first = self.pieces[0] if self.pieces else None
        if (isinstance(first, Step) and first.bare) or (isinstance(first, Fork) and not first.shared):
            return
        x, y = points[-1]
        head = bool(self.pieces) and not self.pieces[0].forks
        if self.pieces:
            pen.line(*points, (x, y + self.top), head=head, dashed=dashed)


class Bypass(Piece):
    """A way with another round it, which is the tensor itself or little more: the shortcut of a residual block."""

    forks = True

    def __init__(self, main: Series, lane: Series, join: Step, *, dashed: bool, words: str = "") -> None:
        self.main, self.lane, self.join, self.dashed, self.words = main, lane, join, dashed, words
        self.body = max(main.high, lane.high + FORK)
        self.shift = main.shift
        self.high = FORK + self.body + join.high
        self.way = max(main.right, join.right + main.shift) + 12 + lane.left
        room = max(lane.right, 5 + width(words, LABEL) if words else 0.0)
        self.left, self.right = max(main.left, join.left - main.shift), self.way + room + 2

    def draw(self, pen: Pen, x: float, y: float) -> None:
        """Both ways, and what joins them."""
        fork, lane, dashed = (x, y + 2), x + self.way, self.dashed
        top, bottom = y + FORK, y + FORK + self.body
        pen.scene.boxes.append(Box(x - 1.8, y + 0.2, 3.6, 3.6, fill=LINE, stroke=LINE, circle=True))
        self.main.enters(pen, (x, y), (x, top))
        tail = self.main.draw(pen, x, top)
        pen.line(*([(x, y)] if not self.main.pieces else []), tail, (tail[0], bottom))
        self.join.draw(pen, tail[0], bottom)
        middle = bottom + self.join.high / 2
        end = (tail[0] + self.join.right, middle)
        if not self.lane.pieces:
            pen.line(fork, (lane, fork[1]), (lane, middle), end, kind="edge skip")
            pen.words(lane + 5, (fork[1] + middle) / 2, self.words)
            return
        start = top + (self.body - self.lane.high) / 2
        self.lane.enters(pen, fork, (lane, fork[1]), (lane, start), dashed=dashed)
        out = self.lane.draw(pen, lane, start, dashed=dashed)
        pen.line(out, (out[0], middle), end, dashed=dashed)


class Fork(Piece):
    """Branches side by side above what joins them; ``shared`` unless each begins with an input of its own."""

    forks = True

    def __init__(self, arms: Sequence[Series], join: Step, *, shared: bool) -> None:
        self.arms, self.join, self.shared = list(arms), join, shared
        self.body = max(arm.high for arm in arms)
        wide = sum(arm.left + arm.right for arm in arms) + GAP * (len(arms) - 1)
        self.axes: list[float] = []
        at = -wide / 2
        for arm in arms:
            self.axes.append(at + arm.left)
            at += arm.left + arm.right + GAP
        ends = [axis + arm.shift for axis, arm in zip(self.axes, arms)]
        if not join.circle:
            # As broad as to have every branch come down on it.
            join.stretch(max(join.left + join.right, 2 * (max(map(abs, ends)) + 16)))
        self.round = join.circle
        self.left = max(wide / 2, join.left)
        self.right = max(wide / 2, join.right)
        self.above = FORK if shared else 0.0
        self.high = self.above + self.body + (6 if self.round else 0) + join.high

    def draw(self, pen: Pen, x: float, y: float) -> None:
        """The branches from left to right, and the join below them."""
        bus, bottom = y + 2, y + self.above + self.body
        top = bottom + (6 if self.round else 0)
        if self.shared:
            pen.scene.boxes.append(Box(x - 1.8, y + 0.2, 3.6, 3.6, fill=LINE, stroke=LINE, circle=True))
        for axis, arm in zip(self.axes, self.arms):
            way = x + axis
            start = bottom - arm.high
            before = [(x, bus), (way, bus)] if abs(axis) > 0.05 else [(x, y)]
            if self.shared:
                arm.enters(pen, *before, (way, start))
            tail = arm.draw(pen, way, start)
            path = [tail] if arm.pieces else [*before, tail]
            if self.round and abs(tail[0] - x) > CIRCLE:
                side = x + (CIRCLE / 2 if tail[0] > x else -CIRCLE / 2)
                path += [(tail[0], top + CIRCLE / 2), (side, top + CIRCLE / 2)]
            else:
                path.append((tail[0], top))
            pen.line(*path)
        self.join.draw(pen, x, top)


class Frame(Piece):
    """A call of a block that is opened, or what stands several times in a row."""

    forks = True
    says_shape = True

    def __init__(self, title: str, count: int, inner: Series, mark: Mark) -> None:
        self.title, self.inner, self.mark = title, inner, mark
        self.badge = f"×{count}" if count > 1 else ""
        self.pill = width(self.badge, TITLE, bold=True) + 10 if self.badge else 0.0
        self.left = max(inner.left, width(title, TITLE, bold=True)) + INSET
        self.right = max(inner.right, self.pill) + INSET
        self.strip = 18.0 if count > 1 else 10.0 if title else 0.0
        self.shift = inner.shift
        self.high = inner.high + self.strip

    def draw(self, pen: Pen, x: float, y: float) -> None:
        """The frame, what is in it, and the line through it."""
        left, wide, boxes = x - self.left, self.left + self.right, pen.scene.boxes
        with pen.scene.group("block" if self.mark.name else "repeat", *self.mark):
            frame = Box(left, y, wide, self.high, fill=BANDS[0], stroke="#999999", round=True)
            boxes.append(replace(frame, name=self.mark.name, tip=self.mark.tip))
            if self.title:
                pen.scene.text(left + 5, y + 9, self.title, TITLE, bold=True, ink=INK)
            if self.badge:
                at = x + self.right - self.pill - 3
                boxes.append(Box(at, y + 3, self.pill, 14, self.badge, TITLE, BADGE, BADGE, BADGE_INK, bold=True))
            self.inner.enters(pen, (x, y), (x, y + self.strip))
            tail = self.inner.draw(pen, x, y + self.strip)
            pen.line(tail, (tail[0], y + self.high), head=False)


class Mesh(Piece):
    """Layers that share tensors among one another: one below another, lines round them, a colour for each source.

    ``sources`` are for each step those before it by number; -1 is what enters.
    """

    forks = True

    def __init__(self, steps: Sequence[Step], sources: Sequence[Sequence[int]], labels: Sequence[Label]) -> None:
        self.steps, self.sources, self.labels = (
            list(steps),
            [list(dict.fromkeys(each)) for each in sources],
            list(labels),
        )
        wide = max(step.left for step in steps)
        far = max([wide, *(label.right for label in labels)])
        self.tops: list[float] = []
        at = FORK
        for step, label in zip(steps, labels):
            at += label.high
            self.tops.append(at)
            at += step.high
        self.high = at
        self.ways = self._lanes()
        count = 1 + max(self.ways.values(), default=-1)
        self.first = far + 10
        self.left, self.right = wide, (self.first + LANE * count if count else far)

    def _lanes(self) -> dict[tuple[int, int], int]:
        """For each pair of steps that are no neighbours the lane that joins them: lines of one source share one."""
        ways: dict[tuple[int, int], int] = {}
        ends: list[int] = []
        far = {
            source: max(
                (at for at, each in enumerate(self.sources) if source in each and at > source + 1), default=None
            )
            for source in range(-1, len(self.steps))
        }
        for source, last in far.items():
            if last is None:
                continue
            lane = next((lane for lane, end in enumerate(ends) if end <= source), len(ends))
            ends[lane : lane + 1] = [last]
            for at, each in enumerate(self.sources):
                if source in each and at > source + 1:
                    ways[source, at] = lane
        return ways

    def draw(self, pen: Pen, x: float, y: float) -> None:
        """The column, then the lines round it."""
        if any(source == -1 for source, _ in self.ways):
            pen.scene.boxes.append(Box(x - 1.8, y + 0.2, 3.6, 3.6, fill=LINE, stroke=LINE, circle=True))
        for at, (step, top, label) in enumerate(zip(self.steps, self.tops, self.labels)):
            above = y if at == 0 else y + self.tops[at - 1] + self.steps[at - 1].high
            if at - 1 in self.sources[at]:
                pen.line((x, above), (x, y + top))
            label.draw(pen, x, y + top - label.high)
            step.draw(pen, x, y + top)
        for at, taken in enumerate(self.sources):
            far = sorted((source for source in taken if (source, at) in self.ways), reverse=True)
            step = self.steps[at]
            for number, source in enumerate(far):
                part = step.high * (number + 1) / (len(far) + 1)
                start = (x, y + 2) if source < 0 else self._side(x, y, source)
                lane = x + self.first + LANE * self.ways[source, at]
                end = (x + self._edge(step, part), y + self.tops[at] + part)
                pen.line(
                    start,
                    (lane, start[1]),
                    (lane, end[1]),
                    end,
                    colour=SOURCES[(source + 1) % len(SOURCES)],
                    kind="edge mesh",
                )

    def _side(self, x: float, y: float, at: int) -> Point:
        """Where a line leaves a step to the side: below its middle, so that it meets none that arrives there."""
        step = self.steps[at]
        part = 0.5 * step.high if step.circle else 0.8 * step.high
        return x + self._edge(step, part), y + self.tops[at] + part

    def _edge(self, step: Step, part: float) -> float:
        if not step.circle:
            return step.right
        radius = CIRCLE / 2
        return float((radius**2 - (part - radius) ** 2) ** 0.5)
