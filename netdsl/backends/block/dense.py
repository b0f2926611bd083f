"""A dense block as DenseNet's paper draws it: its layers in a row, and an arc from each to every one after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from netdsl.analyses.structure import Item, Layer, Split, major
from netdsl.backends.block.pieces import LABEL, SIZE, SOURCES, Pen
from netdsl.backends.canvas.metrics import width
from netdsl.backends.canvas.palette import FILLS, HAIR, INK, WHITE
from netdsl.backends.canvas.scene import Box, Line
from netdsl.backends.captions import Tint

#: Layers beyond which only the first and the last few are drawn.
_MOST, _FIRST, _LAST = 8, 4, 1
#: Room between two layers, from one line of text to the next, and between the heads of two arcs.
_GAP, _LEADING, _HEADS = 34.0, 13.0, 5.0
#: How high an arc to the next but one rises, and how much more one to each layer after.
_RISE, _MORE = 26.0, 17.0


@dataclass
class _Stop:
    """A box of the row: what enters, a layer, those that are left out, or their join. ``number`` is a source's."""

    lines: list[tuple[str, Layer | None]]
    tint: Tint | None
    below: str = ""
    number: int | None = None
    every: Sequence[Layer] = ()
    x: float = 0.0
    wide: float = 0.0

    @property
    def middle(self) -> float:
        return self.x + self.wide / 2


def dense(items: Sequence[Item]) -> list[tuple[Item, ...]] | None:
    """The layers of a dense block, each with what it does; None where the items are none.

    They are two or more concatenations in a row of what enters each and what its layer makes of that.
    """
    found = []
    for item in items:
        if not isinstance(item, Split) or item.join.nodes[0].op.keyword != "concat" or len(item.arms) != 2:
            return None
        full = [arm for arm in item.arms if major(arm)]
        if len(full) != 1 or any(arm and arm is not full[0] for arm in item.arms):
            return None
        found.append(full[0])
    return found if len(found) > 1 else None


class Row:
    """The drawing. ``arms`` are for each layer lines of words with the layers that they are of, the colour of its box,
    the channels that enter it, and all its layers; ``entering`` and ``leaving`` are the tensors at both ends in words.
    """

    def __init__(
        self,
        entering: tuple[str, Layer],
        arms: Sequence[tuple[list[tuple[str, Layer]], Tint, int, list[Layer]]],
        leaving: tuple[str, Layer],
    ) -> None:
        stops = [_Stop([entering], None, number=0)]
        for number, (lines, tint, channels, every) in enumerate(arms, 1):
            stops.append(_Stop([*lines], tint, f"in {channels}", number, every))
        #: How many layers are left out.
        self.hidden = 0
        if len(arms) > _MOST:
            self.hidden = len(arms) - _FIRST - _LAST
            stops[1 + _FIRST : -_LAST] = [_Stop([(f"{self.hidden} more", None)], None)]
        stops.append(_Stop([("concat", leaving[1])], "merge", f"out {leaving[0]}"))
        at = 0.0
        for stop in stops:
            stop.wide = max(width(words, SIZE) for words, _ in stop.lines) + 16
            if stop.tint:
                # Room for the heads of the arcs.
                stop.wide = max(stop.wide, _HEADS * len(stops) + 6)
            stop.x = at
            at += stop.wide + _GAP
        self.stops = stops
        self.wide = at - _GAP
        self.tall = max(len(stop.lines) for stop in stops) * _LEADING + 10
        self.rise = _RISE + _MORE * (len(stops) - 2)
        # A curve rises three quarters as high as its handles.
        self.high = 0.75 * self.rise + self.tall + 28

    def draw(self, pen: Pen, x: float, y: float) -> None:
        """Draws it with its left top corner at a place."""
        top = y + 0.75 * self.rise
        for stop in self.stops:
            self._box(pen, stop, x + stop.x, top)
        for place, stop in enumerate(self.stops[:-1]):
            after = self.stops[place + 1]
            colour = SOURCES[(stop.number or 0) % len(SOURCES)] if stop.number is not None else INK
            middle = top + self.tall / 2
            ends = (x + stop.x + stop.wide, middle), (x + after.x, middle)
            pen.scene.lines.append(Line(ends, colour=colour, pen=1.2, kind="edge dense"))
            for further in range(place + 2, len(self.stops)):
                goal = self.stops[further]
                if goal.tint is not None and stop.number is not None:
                    self._arc(pen, x, top, stop, goal, further - place)

    def _arc(self, pen: Pen, x: float, top: float, stop: _Stop, goal: _Stop, far: int) -> None:
        taken = self.stops.index(goal)
        place = self.stops.index(stop)
        start = x + stop.middle
        end = x + goal.middle + (place - (taken - 2) / 2) * _HEADS
        rise = _RISE + _MORE * (far - 1)
        lean = (end - start) * 0.12
        points = ((start, top), (start + lean, top - rise), (end - lean / 3, top - rise), (end, top))
        colour = SOURCES[(stop.number or 0) % len(SOURCES)]
        pen.scene.lines.append(Line(points, colour=colour, pen=1.1, curved=True, kind="edge dense"))

    def _box(self, pen: Pen, stop: _Stop, x: float, y: float) -> None:
        boxes = pen.scene.boxes
        named: set[int] = set()
        with pen.scene.group("step"):
            fill, ink = FILLS[stop.tint] if stop.tint else WHITE, INK
            if pen.heat is not None and stop.every:
                fill, ink, share = pen.heat(stop.every)
                pen.words(x + (stop.wide - width(share, LABEL)) / 2, y + self.tall + 21, share)
            if stop.number is not None or stop.tint:
                stroke = INK if stop.tint in (None, "merge") else HAIR
                boxes.append(Box(x, y, stop.wide, self.tall, fill=fill, stroke=stroke, round=True))
            middle = y + self.tall / 2 - _LEADING * (len(stop.lines) - 1) / 2
            for words, layer in stop.lines:
                name, tip, data = pen.tip([layer]) if layer is not None else ("", "", {})
                first = layer is not None and layer.head.index not in named
                named.update([layer.head.index] if layer is not None else [])
                with pen.scene.group("layer", name if first else "", tip, data):
                    pen.scene.text(x + stop.wide / 2, middle, words, SIZE, ink=ink, align="c")
                middle += _LEADING
            pen.words(x + (stop.wide - width(stop.below, LABEL)) / 2, y + self.tall + 10, stop.below)
