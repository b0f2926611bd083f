"""A drawing as boxes, texts and lines with places of their own, in groups; written as SVG, or as DOT for ``neato -n2``.

Coordinates are points from the top left corner, y downwards.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache

from netdsl.backends.canvas.curves import HEAD, Point, bezier, short
from netdsl.backends.canvas.metrics import taken, width
from netdsl.backends.labels import plain

FONT = "Helvetica"
#: The border around a drawing.
PAD = 7.2


@dataclass(frozen=True)
class Box:
    """A rectangle, with a line of text in it or none. ``name`` is its ``id`` in an SVG, ``tip`` its tooltip.

    With ``points`` it is a polygon of these corners instead, without text; the rectangle is what is around it. Of a DOT
    text polygons are the background, below all else.
    """

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
    points: tuple[Point, ...] = ()


@dataclass(frozen=True)
class Line:
    """A line through ``points``, its corners rounded, with an arrow's head at the end unless ``head`` is false.

    ``kind`` are its classes in an SVG. With ``curved`` the points are those of Bézier curves: a start, then two handles
    and an end for each.
    """

    points: tuple[Point, ...]
    head: bool = True
    colour: str = "#444444"
    pen: float = 0.9
    dashed: bool = False
    radius: float = 6
    kind: str = "edge"
    curved: bool = False


@dataclass
class Group:
    """Boxes and lines that are one thing, by their places in the scene: a ``<g>`` in an SVG. Groups may hold groups.

    ``kind`` are its classes, ``name`` is its id, ``tip`` its tooltip, ``data`` its ``data-`` attributes.
    """

    kind: str
    name: str
    tip: str
    data: Mapping[str, str]
    depth: int
    boxes: slice
    lines: slice


@dataclass
class Scene:
    """All of a drawing, in the order in which it is drawn: boxes first, then lines; in an SVG so in each group.

    ``name`` and ``description`` are for those who cannot see it.
    """

    name: str
    description: str = ""
    boxes: list[Box] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    #: In the order in which they begin.
    groups: list[Group] = field(default_factory=list)
    w: float = 0
    h: float = 0
    #: What stands in the place of the drawing's colours.
    colours: Mapping[str, str] = field(default_factory=dict)
    #: How much smaller it is drawn.
    scale: float = 1
    _open: int = 0

    @contextmanager
    def group(self, kind: str, name: str = "", tip: str = "", data: Mapping[str, str] | None = None) -> Iterator[None]:
        """A group of what is added to the scene inside of the ``with``; it may lie in another."""
        boxes, lines = len(self.boxes), len(self.lines)
        made = Group(kind, name, tip, data or {}, self._open, slice(0), slice(0))
        self.groups.append(made)
        self._open += 1
        yield
        self._open -= 1
        made.boxes, made.lines = slice(boxes, len(self.boxes)), slice(lines, len(self.lines))

    def polygon(self, points: Sequence[Point], fill: str, stroke: str = "none", pen: float = 0.6) -> None:
        """A polygon of these corners."""
        left, top = min(x for x, _ in points), min(y for _, y in points)
        wide, high = max(x for x, _ in points) - left, max(y for _, y in points) - top
        self.boxes.append(Box(left, top, wide, high, fill=fill, stroke=stroke, pen=pen, points=tuple(points)))

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

    def fit(self, page: tuple[float, float] | None) -> None:
        """Has it drawn so much smaller that it and its border fit a page of this width and height; None is no page."""
        if page is not None:
            sides = zip(page, (self.w, self.h))
            self.scale = min(1.0, *(room / (side + 2 * PAD) for room, side in sides))

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
        lines.append(f'  edge [arrowsize="{HEAD / 10:g}" penwidth="0.9"]')
        # The corners, so that the page has its size whatever is drawn.
        for name, x, y in (("corner0", 0.0, 0.0), ("corner1", self.w, self.h)):
            lines.append(f'  {name} [shape="point" style="invis" width="0.01" height="0.01" pos="{self._at(x, y)}"]')
        lines += (f"  b{place} [{self._box(box)}]" for place, box in enumerate(self.boxes) if not box.points)
        lines += (f"  corner0 -> corner1 [{self._line(line)}]" for line in self.lines)
        return "\n".join([*lines, "}", ""])

    def _page(self) -> str:
        """The page's colour, and its size where it is drawn smaller."""
        words = f'bgcolor="{self.colour("#FFFFFF")}"'
        if self.scale < 1:
            sides = ((side + 2 * PAD) * self.scale / 72 for side in (self.w, self.h))
            words += f' size="{",".join(f"{side:.4f}" for side in sides)}"'
        polygons = " ".join(self._polygon(box) for box in self.boxes if box.points)
        return f'{words} _background="{polygons}"' if polygons else words

    def _polygon(self, box: Box) -> str:
        """A polygon in the language of ``_background``: its pen, its fill, and its corners."""
        corners = " ".join(f"{number(x)} {number(self.h - y)}" for x, y in box.points)
        pen = f"setlinewidth({box.pen:g})"
        edge = box.stroke if box.stroke != "none" else box.fill
        colours = [(sign, self.colour(each)) for sign, each in (("c", edge), ("C", box.fill)) if each != "none"]
        words = [f"S {len(pen)} -{pen}", *(f"{sign} {len(each)} -{each}" for sign, each in colours)]
        return " ".join([*words, f"{'P' if box.fill != 'none' else 'p'} {len(box.points)} {corners}"])

    def colour(self, colour: str) -> str:
        """A colour as the drawing's theme has it."""
        return self.colours.get(colour, colour)

    def _at(self, x: float, y: float) -> str:
        return f"{number(x)},{number(self.h - y)}"

    def _box(self, box: Box) -> str:
        x, w = self._room(box)
        style: dict[str, str] = {
            "pos": self._at(x + w / 2, box.y + box.h / 2),
            "width": f"{w / 72:.4f}",
            "height": f"{box.h / 72:.4f}",
        }
        kinds = ["rounded"] if box.round else []
        kinds += ["dashed"] if box.dashed else []
        if box.fill != "none":
            kinds.append("filled")
            style["fillcolor"] = self.colour(box.fill)
        if box.circle:
            style["shape"] = "ellipse"
        if box.fill == "none" and box.stroke == "none":
            style["shape"] = "none"
        style["color"] = self.colour(box.stroke if box.stroke != "none" else box.fill)
        if box.pen != 0.8:
            style["penwidth"] = f"{box.pen:g}"
        style["style"] = ",".join(kinds)
        if box.text:
            end = {"l": "\\l", "r": "\\r"}.get(box.align, "")
            style |= {"fontsize": f"{box.size:g}", "fontcolor": self.colour(box.ink)}
            style["label"] = escaped(box.text) + end
            if box.bold:
                style["fontname"] = f"{FONT}-Bold"
        if box.name:
            style["id"] = escaped(box.name)
        if box.tip:
            style["tooltip"] = escaped(box.tip)
        return " ".join(f'{key}="{value}"' for key, value in style.items())

    def _room(self, box: Box) -> tuple[float, float]:
        """The left end and width of a box. Words at one side of nothing have what graphviz-pure takes them to need, as
        far as the page goes: where it finds less it moves them over the edge that they stand at."""
        if not box.text or box.align == "c" or box.fill != "none" or box.stroke != "none":
            return box.x, box.w
        need = taken(box.text, box.size, bold=box.bold)
        if box.align == "l":
            return box.x, max(box.w, min(need, self.w - box.x))
        left = max(0.0, min(box.x, box.x + box.w - need))
        return left, box.x + box.w - left

    def _line(self, line: Line) -> str:
        points = list(line.points)
        tip = points[-1]
        if line.head:
            points[-1] = short(points[-2], tip)
        curve = " ".join(self._at(x, y) for x, y in bezier(points, line.radius, curved=line.curved))
        end = f"e,{self._at(*tip)} " if line.head else ""
        style = {"pos": end + curve, "color": self.colour(line.colour)}
        if line.pen != 0.9:
            style["penwidth"] = f"{line.pen:g}"
        if not line.head:
            style["arrowhead"] = "none"
        if line.dashed:
            style["style"] = "dashed"
        return " ".join(f'{key}="{value}"' for key, value in style.items())


def stage_group(scene: Scene, size: str) -> AbstractContextManager[None]:
    """The group of a stage whose maps have this size: ``28×28``, or ``149² → 147²``."""
    name = size.replace(" → ", "-").replace("×", "x").replace("²", "").replace("³", "")
    return scene.group("stage", f"stage-{name}", data={"size": size})


def quoted(text: str) -> str:
    """A DOT identifier."""
    return f'"{escaped(text)}"'


def escaped(text: str) -> str:
    """Text inside of a DOT string that is printed as it is: no escape sequence and no character reference."""
    return plain(text).replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")


@lru_cache(4096)
def number(value: float) -> str:
    """A length with at most two digits after the point."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return text if text != "-0" else "0"
