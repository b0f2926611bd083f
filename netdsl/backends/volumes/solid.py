"""Volumes with their places: boxes in oblique projection, planes one behind another, and bars."""

from __future__ import annotations

from dataclasses import dataclass

from netdsl.backends.canvas.curves import Point
from netdsl.backends.canvas.palette import FILLS, INK, LINE, WHITE
from netdsl.backends.canvas.scene import Line as Stroke
from netdsl.backends.canvas.scene import Scene
from netdsl.backends.volumes.maps import Volume
from netdsl.backends.volumes.scale import Scale

#: How far one point of width goes to the right and up, as it goes away from who looks.
SLANT, RISE = 0.42, 0.30
#: The edge of a face, and what makes a face lighter or darker.
_EDGE, _LIGHT, _DARK = LINE, "#FDFDFD66", "#00000026"
#: Room between repeats, and the most of them that are drawn.
_BETWEEN, _MOST = 2.5, 4
#: How far a plane stands out behind the one before it.
_STEP = 3.5
#: The width of a bar.
_BAR = 7.0


@dataclass
class Solid:
    """A volume in its place: ``x`` is its left edge, ``w`` and ``h`` its outline's size, in the middle of height 0."""

    volume: Volume
    w: float
    h: float
    x: float = 0.0

    @property
    def top(self) -> float:
        """Its upper edge."""
        return -self.h / 2

    def draw(self, scene: Scene, dy: float, fill: str) -> None:
        """Draws it; ``dy`` is where height 0 is."""
        raise NotImplementedError

    def window(self, kernel: tuple[int, ...] | None) -> list[Point]:
        """The corners of a kernel on it, all of it for None: first those that are near to its left upper one."""
        raise NotImplementedError

    def kernel(self, scene: Scene, dy: float, corners: list[Point]) -> None:
        """Draws a kernel's box."""
        scene.polygon([(x, y + dy) for x, y in corners], "#FDFDFD99", INK, 0.5)

    def goal(self) -> Point:
        """Where the lines of a kernel meet on it."""
        raise NotImplementedError


class Block(Solid):
    """A map as a box. Its front is as broad as its channels are many, and its sides go away to the right and up."""

    def __init__(self, volume: Volume, scale: Scale) -> None:
        high, wide = _sides(volume, scale)
        self.front = high
        self.dx, self.dy = wide * SLANT, wide * RISE
        parts = volume.parts or ((volume.shape[0], True),) * min(volume.times, _MOST)
        gap = 0.0 if volume.parts else _BETWEEN
        self.slabs: list[tuple[float, float, bool]] = []
        at = 0.0
        for channels, along in parts:
            deep = scale.depth(channels)
            self.slabs.append((at, deep, along))
            at += deep + gap
        super().__init__(volume, at - gap + self.dx, high + self.dy)

    def draw(self, scene: Scene, dy: float, fill: str) -> None:
        """The slabs from left to right, each with its front, top and right side."""
        top, bottom = dy + self.h / 2 - self.front, dy + self.h / 2
        for at, deep, along in self.slabs:
            left, right = self.x + at, self.x + at + deep
            away = (self.dx, -self.dy)
            front = [(left, top), (right, top), (right, bottom), (left, bottom)]
            lid = [(left, top), _by((left, top), away), _by((right, top), away), (right, top)]
            side = [(right, top), _by((right, top), away), _by((right, bottom), away), (right, bottom)]
            colour = fill if along else WHITE
            for face, shade in ((front, ""), (lid, _LIGHT), (side, _DARK)):
                if face is not front and self.dx == 0:
                    continue
                scene.polygon(face, colour, _EDGE)
                if shade:
                    scene.polygon(face, shade, "#00000000")

    def _face(self, u: float, v: float) -> Point:
        """A point of the right side: ``u`` of the way back and ``v`` of the way down."""
        right = self.x + self.slabs[-1][0] + self.slabs[-1][1]
        return right + u * self.dx, self.h / 2 - self.front + v * self.front - u * self.dy

    def window(self, kernel: tuple[int, ...] | None) -> list[Point]:
        """On the right side, in its upper middle."""
        sides = self.volume.shape[1:]
        high = sides[-2] if len(sides) > 1 else sides[-1]
        if kernel is None:
            u, v = 1.0, 1.0
        else:
            v = min(1.0, max((kernel[-2] if len(kernel) > 1 else kernel[-1]) / high, 2.5 / self.front))
            u = min(1.0, max(kernel[-1] / sides[-1], 2.0 / max(self.dx, 2.0))) if len(sides) > 1 else 1.0
        a, b = (1 - u) / 2, (1 - v) * 0.38
        return [self._face(a, b), self._face(a + u, b), self._face(a + u, b + v), self._face(a, b + v)]

    def kernel(self, scene: Scene, dy: float, corners: list[Point]) -> None:
        """The kernel's box: its face on the right side, and its edges through all channels of the last slab."""
        deep = self.slabs[-1][1]
        # On a small face they would be all that is seen.
        for x, y in corners if corners[3][1] - corners[0][1] > 3.5 else ():
            line = Stroke(
                ((x, y + dy), (x - deep, y + dy)), head=False, colour=INK, pen=0.4, dashed=True, kind="kernel"
            )
            scene.lines.append(line)
        super().kernel(scene, dy, corners)

    def goal(self) -> Point:
        """On its front, in the upper half."""
        return self.x + min(self.slabs[0][1] / 2, 4.0), self.h / 2 - 0.62 * self.front


class Planes(Solid):
    """A map as its channels, each a plane that is seen from the front."""

    def __init__(self, volume: Volume, scale: Scale) -> None:
        self.high, self.wide = _sides(volume, scale)
        self.wide = self.wide or 3.0
        self.count = volume.shape[0]
        back = _STEP * (self.count - 1)
        super().__init__(volume, self.wide + back, self.high + back)

    def _corner(self, number: int) -> Point:
        """The left upper corner of a plane; the last one is in front."""
        return self.x + _STEP * number, -self.h / 2 + _STEP * number

    def draw(self, scene: Scene, dy: float, fill: str) -> None:
        """All planes, from the back."""
        for number in range(self.count):
            x, y = self._corner(number)
            y += dy
            corners = [(x, y), (x + self.wide, y), (x + self.wide, y + self.high), (x, y + self.high)]
            scene.polygon(corners, fill, _EDGE)

    def window(self, kernel: tuple[int, ...] | None) -> list[Point]:
        """In the right upper part of the plane in front."""
        sides = self.volume.shape[1:]
        x, y = self._corner(self.count - 1)
        if kernel is None:
            u, v = 1.0, 1.0
        else:
            u = min(1.0, kernel[-1] / sides[-1]) if len(sides) > 1 else 1.0
            v = min(1.0, (kernel[-2] if len(kernel) > 1 else kernel[-1]) / (sides[-2] if len(sides) > 1 else sides[-1]))
        a, b = x + (1 - u) * 0.8 * self.wide, y + (1 - v) * 0.3 * self.high
        u, v = u * self.wide, v * self.high
        return [(a, b), (a + u, b), (a + u, b + v), (a, b + v)]

    def goal(self) -> Point:
        """On the plane in front, at its left."""
        x, y = self._corner(self.count - 1)
        return x + 0.25 * self.wide, y + 0.5 * self.high


class Bar(Solid):
    """A vector, or a map of a single place."""

    def __init__(self, volume: Volume, scale: Scale) -> None:
        super().__init__(volume, _BAR, scale.bar(volume.shape[0]))

    def draw(self, scene: Scene, dy: float, fill: str) -> None:
        """A thin bar."""
        x, top, bottom = self.x, dy - self.h / 2, dy + self.h / 2
        scene.polygon([(x, top), (x + _BAR, top), (x + _BAR, bottom), (x, bottom)], fill, _EDGE)

    def window(self, kernel: tuple[int, ...] | None) -> list[Point]:
        """All of its right side."""
        right = self.x + _BAR
        return [(right, self.top), (right, self.top), (right, -self.top), (right, -self.top)]

    def goal(self) -> Point:
        """The middle of its left side."""
        return self.x, 0.0


def solid(volume: Volume, scale: Scale, *, planes: bool) -> Solid:
    """A volume with its size."""
    if volume.flat:
        return Bar(volume, scale)
    return Planes(volume, scale) if planes else Block(volume, scale)


def colour(volume: Volume) -> str:
    """Of what makes it."""
    if volume.parts:
        return FILLS["conv"]
    return WHITE if volume.tint in ("input", "merge") else FILLS[volume.tint]


def _sides(volume: Volume, scale: Scale) -> tuple[float, float]:
    """The height and the width of a map in points; a row of places has no width."""
    sides = volume.shape[1:]
    if len(sides) == 1:
        return scale.side(sides[0]), 0.0
    return scale.side(sides[-2]), scale.side(sides[-1])


def _by(point: Point, way: Point) -> Point:
    return point[0] + way[0], point[1] + way[1]
