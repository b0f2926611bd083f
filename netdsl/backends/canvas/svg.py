"""A scene as SVG: groups with ids, classes, tooltips and numbers, and words for those who cannot see it.

It looks as Graphviz draws the scene's DOT text, with the same measures of text, corners and arrows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape
from itertools import pairwise

from netdsl.backends.canvas.curves import Point, head, short, steps
from netdsl.backends.canvas.palette import DARK, DARK_CHANGES
from netdsl.backends.canvas.scene import PAD, Box, Group, Line, Scene, number
from netdsl.backends.labels import plain

#: Lengths of dashes, and the largest radius of a corner, as Graphviz has them.
_DASHES, _CORNER = "5,2", 12.0
#: All but the last have the widths that boxes are made for.
_FONTS = "Helvetica,Arial,Arimo,Liberation Sans,Nimbus Sans,sans-serif"
#: How far the foot of a line of text is below its middle, in parts of the size.
_FOOT = 0.3
#: The width of the pen that elements have unless they say otherwise.
_BOX_PEN = 0.8
#: What no id can have.
_SPACE = re.compile(r"\s+")


def svg(scene: Scene, *, both: bool = False) -> bytes:
    """The scene as an SVG document. The same scene gives the same bytes.

    With ``both`` it is light or dark as the reader's screen is; what knows nothing of that draws it light.
    """
    return _Writer(scene).document(both=both)


class _Writer:
    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.ids: set[str] = set()

    def document(self, *, both: bool) -> bytes:
        scene = self.scene
        wide, high = scene.w + 2 * PAD, scene.h + 2 * PAD
        size = f'width="{number(wide * scene.scale)}pt" height="{number(high * scene.scale)}pt"'
        corner = f"{number(-PAD)} {number(-PAD)} {number(wide)} {number(high)}"
        name = escape(plain(scene.name))
        lines = [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {size} viewBox="{corner}">',
            f"<title>{name}</title>",
            f"<desc>{escape(plain(scene.description))}</desc>",
            *([_dark(scene)] if both else []),
            f'<rect class="page" x="{number(-PAD)}" y="{number(-PAD)}" width="{number(wide)}" '
            f'height="{number(high)}" fill="{_hex(scene.colour("#FFFFFF"))[0]}"/>',
            f'<g class="drawing" font-family="{_FONTS}" stroke-width="{_BOX_PEN}">',
            *self._contents(None, list(scene.groups)),
            "</g>",
            "</svg>",
        ]
        return ("\n".join(lines) + "\n").encode()

    # -- groups

    def _contents(self, group: Group | None, inside: list[Group]) -> Iterator[str]:
        """What is in a group: boxes and groups in their order, then lines. ``inside`` are all groups in it."""
        boxes = slice(0, len(self.scene.boxes)) if group is None else group.boxes
        lines = slice(0, len(self.scene.lines)) if group is None else group.lines
        depth = 0 if group is None else group.depth + 1
        starts = [at for at, one in enumerate(inside) if one.depth == depth]
        box, line = boxes.start, lines.start
        loose: list[Line] = []
        for at, end in pairwise([*starts, len(inside)]):
            child = inside[at]
            yield from self._boxes(group, box, child.boxes.start)
            loose += self.scene.lines[line : child.lines.start]
            attributes = self._attributes(child.kind, child.name, child.data)
            yield f"<g{attributes}>{_title(child.tip)}"
            yield from self._contents(child, inside[at + 1 : end])
            yield "</g>"
            box, line = child.boxes.stop, child.lines.stop
        yield from self._boxes(group, box, boxes.stop)
        loose += self.scene.lines[line : lines.stop]
        for one in loose:
            yield self._line(one)

    def _boxes(self, group: Group | None, start: int, stop: int) -> Iterator[str]:
        for box in self.scene.boxes[start:stop]:
            own = (box.name or box.tip) and (group is None or box.name != group.name)
            if own:
                yield f"<g{self._attributes('layer', box.name, {})}>{_title(box.tip)}"
            yield from self._box(box)
            if own:
                yield "</g>"

    def _attributes(self, kind: str, name: str, data: Mapping[str, str]) -> str:
        words = f' class="{escape(kind)}"'
        if name:
            words += f' id="{escape(self._id(name))}"'
        return words + "".join(f' data-{key}="{escape(plain(value))}"' for key, value in data.items())

    def _id(self, name: str) -> str:
        """An id of this name that no other element has."""
        wanted = found = _SPACE.sub("_", plain(name))
        count = 1
        while found in self.ids:
            count += 1
            found = f"{wanted}-{count}"
        self.ids.add(found)
        return found

    # -- shapes

    def _box(self, box: Box) -> Iterator[str]:
        if box.fill != "none" or box.stroke != "none":
            yield self._frame(box)
        if not box.text:
            return
        x = {"l": box.x, "r": box.x + box.w}.get(box.align, box.x + box.w / 2)
        anchor = {"l": "", "r": ' text-anchor="end"'}.get(box.align, ' text-anchor="middle"')
        weight = ' font-weight="bold"' if box.bold else ""
        words = plain(box.text)
        kept = ' xml:space="preserve"' if words != " ".join(words.split()) else ""
        yield (
            f'<text x="{number(x)}" y="{number(box.y + box.h / 2 + _FOOT * box.size)}" font-size="{box.size:g}"'
            f'{weight}{anchor}{kept} fill="{_hex(self.scene.colour(box.ink))[0]}">{escape(words, quote=False)}</text>'
        )

    def _frame(self, box: Box) -> str:
        style = self._paint("fill", box.fill) + self._paint("stroke", box.stroke if box.stroke != "none" else box.fill)
        if box.pen != _BOX_PEN:
            style += f' stroke-width="{box.pen:g}"'
        if box.dashed:
            style += f' stroke-dasharray="{_DASHES}"'
        if box.points:
            return f'<polygon points="{" ".join(map(_at, box.points))}"{style}/>'
        if box.circle:
            middle = f'cx="{number(box.x + box.w / 2)}" cy="{number(box.y + box.h / 2)}"'
            return f'<ellipse {middle} rx="{number(box.w / 2)}" ry="{number(box.h / 2)}"{style}/>'
        round = f' rx="{number(min(_CORNER, box.w / 3, box.h / 3))}"' if box.round else ""
        corner = f'x="{number(box.x)}" y="{number(box.y)}"'
        return f'<rect {corner} width="{number(box.w)}" height="{number(box.h)}"{round}{style}/>'

    def _line(self, line: Line) -> str:
        points = list(line.points)
        before, tip = points[-2:]
        if line.head:
            points[-1] = short(before, tip)
        way = f"M{_at(points[0])}"
        for step in steps(points, line.radius, curved=line.curved):
            way += ("L" if len(step) == 1 else "C") + " ".join(map(_at, step))
        colour = self._paint("stroke", line.colour)
        style = f'{colour} stroke-width="{line.pen:g}"' + (f' stroke-dasharray="{_DASHES}"' if line.dashed else "")
        drawn = f'<path d="{way}" fill="none"{style}/>'
        if line.head:
            corners = " ".join(map(_at, head(before, tip, line.pen)))
            fill = self._paint("fill", line.colour)
            drawn += f'<polygon points="{corners}"{fill}{colour} stroke-width="{line.pen:g}"/>'
        return f'<g class="{escape(line.kind)}">{drawn}</g>'

    def _paint(self, what: str, colour: str) -> str:
        """``fill`` or ``stroke``, with its opacity where it has one."""
        if colour == "none":
            return f' {what}="none"'
        shown, opacity = _hex(self.scene.colour(colour))
        return f' {what}="{shown}"' + (f' {what}-opacity="{opacity:.3g}"' if opacity < 1 else "")


def _title(tip: str) -> str:
    words = "\n".join(map(plain, tip.splitlines()))
    return f"<title>{escape(words, quote=False)}</title>" if words else ""


def _at(point: Point) -> str:
    return f"{number(point[0])},{number(point[1])}"


def _hex(colour: str) -> tuple[str, float]:
    """``#RRGGBBAA`` as a colour of six digits and its opacity."""
    opacity = int(colour[7:9], 16) / 255 if len(colour) == 9 else 1.0
    return colour[:7].lower(), opacity


def _dark(scene: Scene) -> str:
    found = {colour for box in scene.boxes for colour in (box.fill, box.stroke)}
    known = DARK | {light: dark for light, dark in DARK_CHANGES.items() if light in found}
    rules = [
        f'[{attribute}="{_hex(light)[0]}"]{{{attribute}:{_hex(dark)[0]}}}'
        for light, dark in known.items()
        for attribute in ("fill", "stroke")
    ]
    return f"<style>@media (prefers-color-scheme: dark){{{''.join(rules)}}}</style>"
