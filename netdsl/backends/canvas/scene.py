"""A drawing as boxes, texts and lines with places of their own, written as DOT that ``neato -n2`` draws as it stands.

Coordinates are points from the top left corner, y downwards.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from netdsl.backends.canvas.metrics import width
from netdsl.backends.labels import plain

Point = tuple[float, float]

FONT = "Helvetica"
#: How far an arrow's head reaches, and the size that Graphviz gives it for that.
_HEAD = 5.5
#: Distance of a Bézier curve's handles from a quarter circle's ends, for radius 1.
_ROUND = 0.5523


@dataclass(frozen=True)
class Box:
    """A rectangle, with a line of text in it or none. ``name`` is its ``id`` in an SVG, ``tip`` its tooltip."""

    x: float
    y: float
    w: float
    h: float
    text: str = ""
    size: float = 9.5
    fill: str = "none"
    stroke: str = "none"
    ink: str = "#222222"
    pen: float = 0.8
    bold: bool = False
    align: str = "c"
    round: bool = False
    circle: bool = False
    dashed: bool = False
    name: str = ""
    tip: str = ""


@dataclass(frozen=True)
class Line:
    """A line through ``points``, its corners rounded, with an arrow's head at the end unless ``head`` is false."""

    points: tuple[Point, ...]
    head: bool = True
    colour: str = "#444444"
    pen: float = 0.9
    dashed: bool = False
    radius: float = 6


@dataclass
class Scene:
    """All of a drawing, in the order in which it is drawn: boxes first, then lines.

    ``name`` and ``description`` are for those who cannot see it.
    """

    name: str
    description: str = ""
    boxes: list[Box] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    w: float = 0
    h: float = 0
    #: What stands in the place of the drawing's colours.
    colours: Mapping[str, str] = field(default_factory=dict)
    #: How much smaller it is drawn.
    scale: float = 1

    def text(
        self, x: float, y: float, words: str, size: float, *, bold: bool = False, ink: str, align: str = "l"
    ) -> None:
        """A line of text whose box begins at ``x`` (or is centred there, or ends there) and has ``y`` in its middle."""
        room = width(words, size, bold=bold) + 1
        if not words:
            return
        left = x if align == "l" else x - room / 2 if align == "c" else x - room
        height = size * 1.3
        self.boxes.append(Box(left, y - height / 2, room, height, words, size, ink=ink, bold=bold, align=align))

    @property
    def smallest(self) -> float:
        """The size of the smallest text, as it is drawn."""
        return min((box.size for box in self.boxes if box.text), default=math.inf) * self.scale

    def dot(self) -> str:
        """The text of the drawing for ``neato -n2``."""
        lines = [f"// drawn by: neato -n2 -Tsvg\ndigraph {quoted(self.name)} {{"]
        lines.append(f'  graph [{self._page()} pad="0.1" layout="neato" outputorder="nodesfirst"]')
        lines.append(
            f'  node [fontname="{FONT}" shape="box" fixedsize="true" margin="0" label="" style="filled" penwidth="0.8"]'
        )
        lines.append(f'  edge [arrowsize="{_HEAD / 10:g}" penwidth="0.9"]')
        # The corners, so that the page has its size whatever is drawn.
        for name, x, y in (("corner0", 0.0, 0.0), ("corner1", self.w, self.h)):
            lines.append(f'  {name} [shape="point" style="invis" width="0.01" height="0.01" pos="{self._at(x, y)}"]')
        lines += (f"  b{place} [{self._box(box)}]" for place, box in enumerate(self.boxes))
        lines += (f"  corner0 -> corner1 [{self._line(line)}]" for line in self.lines)
        return "\n".join([*lines, "}", ""])

    def _page(self) -> str:
        """The page's colour, and its size where it is drawn smaller."""
        words = f'bgcolor="{self._colour("#FFFFFF")}"'
        if self.scale < 1:
            sides = ((side + 14.4) * self.scale / 72 for side in (self.w, self.h))
            words += f' size="{",".join(f"{side:.4f}" for side in sides)}"'
        return words

    def _colour(self, colour: str) -> str:
        return self.colours.get(colour, colour)

    def _at(self, x: float, y: float) -> str:
        return f"{_number(x)},{_number(self.h - y)}"

    def _box(self, box: Box) -> str:
        style: dict[str, str] = {
            "pos": self._at(box.x + box.w / 2, box.y + box.h / 2),
            "width": f"{box.w / 72:.4f}",
            "height": f"{box.h / 72:.4f}",
        }
        kinds = ["rounded"] if box.round else []
        kinds += ["dashed"] if box.dashed else []
        if box.fill != "none":
            kinds.append("filled")
            style["fillcolor"] = self._colour(box.fill)
        if box.circle:
            style["shape"] = "ellipse"
        if box.fill == "none" and box.stroke == "none":
            style["shape"] = "none"
        style["color"] = self._colour(box.stroke if box.stroke != "none" else box.fill)
        if box.pen != 0.8:
            style["penwidth"] = f"{box.pen:g}"
        style["style"] = ",".join(kinds)
        if box.text:
            end = {"l": "\\l", "r": "\\r"}.get(box.align, "")
            style |= {"fontsize": f"{box.size:g}", "fontcolor": self._colour(box.ink)}
            style["label"] = escaped(box.text) + end
            if box.bold:
                style["fontname"] = f"{FONT}-Bold"
        if box.name:
            style["id"] = escaped(box.name)
        if box.tip:
            style["tooltip"] = escaped(box.tip)
        return " ".join(f'{key}="{value}"' for key, value in style.items())

    def _line(self, line: Line) -> str:
        points = list(line.points)
        tip = points[-1]
        if line.head:
            points[-1] = _short(points[-2], tip)
        curve = " ".join(self._at(x, y) for x, y in _bezier(points, line.radius))
        end = f"e,{self._at(*tip)} " if line.head else ""
        style = {"pos": end + curve, "color": self._colour(line.colour)}
        if line.pen != 0.9:
            style["penwidth"] = f"{line.pen:g}"
        if not line.head:
            style["arrowhead"] = "none"
        if line.dashed:
            style["style"] = "dashed"
        return " ".join(f'{key}="{value}"' for key, value in style.items())


def quoted(text: str) -> str:
    """A DOT identifier."""
    return f'"{escaped(text)}"'


def escaped(text: str) -> str:
    """Text inside of a DOT string that is printed as it is: no escape sequence and no character reference."""
    return plain(text).replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")


def _number(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}".rstrip("0").rstrip(".")


def _short(before: Point, tip: Point) -> Point:
    """A point an arrow's head before the tip."""
    dx, dy = tip[0] - before[0], tip[1] - before[1]
    length = math.hypot(dx, dy) or 1
    part = min(_HEAD / length, 1)
    return tip[0] - dx * part, tip[1] - dy * part


def _bezier(points: Sequence[Point], radius: float) -> list[Point]:
    """The control points of a line with rounded corners."""
    path = [points[0]]
    at = points[0]
    for corner, after in pairwise(points[1:]):
        reach = min(radius, _distance(at, corner), _distance(corner, after) / 2)
        if reach < 0.5:
            path += _straight(at, corner)
            at = corner
            continue
        start, end = _toward(corner, at, reach), _toward(corner, after, reach)
        path += _straight(at, start)
        path += [_toward(start, corner, reach * _ROUND), _toward(end, corner, reach * _ROUND), end]
        at = end
    path += _straight(at, points[-1])
    return path


def _straight(start: Point, end: Point) -> Iterable[Point]:
    (a, b), (c, d) = start, end
    return (a + (c - a) / 3, b + (d - b) / 3), (a + 2 * (c - a) / 3, b + 2 * (d - b) / 3), end


def _distance(a: Point, b: Point) -> float:
    return math.hypot(b[0] - a[0], b[1] - a[1])


def _toward(start: Point, goal: Point, reach: float) -> Point:
    length = _distance(start, goal) or 1
    return start[0] + (goal[0] - start[0]) * reach / length, start[1] + (goal[1] - start[1]) * reach / length
