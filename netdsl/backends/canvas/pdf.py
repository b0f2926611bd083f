"""An SVG of ours as a PDF: vectors, text that can be selected, fonts embedded.

reportlab writes it (``pip install 'netdsl[pdf]'``). Helvetica is Arimo there, whose letters are as wide.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.util import find_spec
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from netdsl.diagnostics import Diagnostic, NetdslError

_SPACE = "{http://www.w3.org/2000/svg}"
_FONTS = {False: "Arimo-Regular", True: "Arimo-Bold"}
#: What elements take from the groups around them.
_INHERITED = frozenset(("fill", "fill-opacity", "stroke", "stroke-opacity", "stroke-width", "stroke-dasharray"))
_LETTERS = frozenset(("font-size", "font-weight", "text-anchor"))
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_STEP = re.compile(r"([A-Za-z])([^A-Za-z]*)")
_UNSEEN = frozenset(f"{_SPACE}{tag}" for tag in ("title", "desc", "style", "defs", "metadata"))


def pdf(svg: bytes) -> bytes:
    """A PDF of one page, as large as the SVG. The same SVG gives the same bytes.

    Reads what our SVGs are made of: groups, rectangles, ellipses, polygons, straight and Bézier paths, and lines of
    text. Raises :class:`NetdslError` (ND008) where reportlab is not installed, and ``ValueError`` for what else it
    finds.
    """
    try:
        from reportlab.pdfgen.canvas import Canvas
    except ImportError:
        message = "a PDF cannot be written: reportlab is not installed"
        help = "install it with `pip install 'netdsl[pdf]'`, or Graphviz, which `--engine dot` draws with"
        raise NetdslError([Diagnostic("ND008", message, None, help)]) from None
    root = ElementTree.fromstring(svg)
    width, height = (float(root.get(side, "").removesuffix("pt")) for side in ("width", "height"))
    x, y, wide, high = _numbers(root.get("viewBox", ""))
    _load_fonts()
    written = io.BytesIO()
    # ``invariant``: no date, and no random name.
    first = _FONTS[False]
    canvas = Canvas(written, pagesize=(width, height), invariant=1, pageCompression=1, initialFontName=first)
    canvas.setTitle(_said(root, "title"))
    canvas.setSubject(_said(root, "desc"))
    canvas.setAuthor("")
    canvas.setCreator("netdsl")
    # SVG's y goes down, PDF's up.
    canvas.transform(width / wide, 0, 0, -height / high, -x * width / wide, height + y * height / high)
    _draw(canvas, root, {"fill": "#000000", "stroke": "none", "stroke-width": "1", "font-size": "14"})
    canvas.showPage()
    canvas.save()
    return written.getvalue()


def available() -> bool:
    """Whether :func:`pdf` has what it needs."""
    return find_spec("reportlab") is not None


def _load_fonts() -> None:
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    known = pdfmetrics.getRegisteredFontNames()
    for name in _FONTS.values():
        if name not in known:
            data = files("netdsl.backends.canvas").joinpath("fonts", f"{name}.ttf").read_bytes()
            pdfmetrics.registerFont(TTFont(name, io.BytesIO(data)))


def _said(root: Element, tag: str) -> str:
    """What the drawing says of itself: the first title or description."""
    return next((found.text or "" for found in root.iter(f"{_SPACE}{tag}")), "")


# -- elements ---------------------------------------------------------------------------------------------------------


def _draw(canvas: Any, around: Element, style: Mapping[str, str]) -> None:
    """Everything in an element, in its order."""
    for element in around:
        if element.tag in _UNSEEN:
            continue
        tag = element.tag.removeprefix(_SPACE)
        own = {**style, **{key: value for key, value in element.attrib.items() if key in _INHERITED | _LETTERS}}
        if tag == "g":
            _draw(canvas, element, own)
        elif tag == "text":
            _text(canvas, element, own)
        else:
            _shape(canvas, element, tag, own)


def _text(canvas: Any, element: Element, style: Mapping[str, str]) -> None:
    from reportlab.pdfbase.pdfmetrics import stringWidth

    words = "".join(element.itertext())
    size = float(style["font-size"])
    font = _FONTS[style.get("font-weight") == "bold"]
    anchor = {"middle": 0.5, "end": 1.0}.get(style.get("text-anchor", ""), 0.0)
    x = float(element.get("x", "0")) - anchor * stringWidth(words, font, size)
    canvas.saveState()
    _colour(canvas.setFillColorRGB, style["fill"], style.get("fill-opacity"))
    line = canvas.beginText()
    # The page is upside down for letters.
    line.setTextTransform(1, 0, 0, -1, x, float(element.get("y", "0")))
    line.setFont(font, size)
    line.textOut(words)
    canvas.drawText(line)
    canvas.restoreState()


def _shape(canvas: Any, element: Element, tag: str, style: Mapping[str, str]) -> None:
    canvas.saveState()
    fill = _colour(canvas.setFillColorRGB, style["fill"], style.get("fill-opacity"))
    stroke = _colour(canvas.setStrokeColorRGB, style["stroke"], style.get("stroke-opacity"))
    pen = float(style["stroke-width"])
    # In PDF a line of no width is the thinnest that there is.
    stroke = stroke and pen > 0
    canvas.setLineWidth(pen)
    if "stroke-dasharray" in style:
        canvas.setDash(_numbers(style["stroke-dasharray"]))
    path = canvas.beginPath()
    _trace(path, element, tag)
    canvas.drawPath(path, stroke=int(stroke), fill=int(fill))
    canvas.restoreState()


def _trace(path: Any, element: Element, tag: str) -> None:
    def of(name: str) -> float:
        return float(element.get(name, "0"))

    if tag == "rect":
        if element.get("rx"):
            path.roundRect(of("x"), of("y"), of("width"), of("height"), of("rx"))
        else:
            path.rect(of("x"), of("y"), of("width"), of("height"))
    elif tag == "ellipse":
        path.ellipse(of("cx") - of("rx"), of("cy") - of("ry"), 2 * of("rx"), 2 * of("ry"))
    elif tag == "polygon":
        points = _numbers(element.get("points", ""))
        for at in range(0, len(points), 2):
            (path.lineTo if at else path.moveTo)(*points[at : at + 2])
        path.close()
    elif tag == "path":
        for command, numbers in _steps(element.get("d", "")):
            {"M": path.moveTo, "L": path.lineTo, "C": path.curveTo}[command](*numbers)
    else:
        raise ValueError(f"a drawing has no <{tag}>")


def _steps(way: str) -> Iterator[tuple[str, list[float]]]:
    """The steps of a path, one by one."""
    for command, numbers in _STEP.findall(way):
        values = _numbers(numbers)
        step = {"M": 2, "L": 2, "C": 6}.get(command)
        if step is None:
            raise ValueError(f"a drawing's path has no step `{command}`")
        for at in range(0, len(values), step):
            yield command, values[at : at + step]


def _colour(put: Any, colour: str, opacity: str | None) -> bool:
    """Sets a colour; whether there is one."""
    if colour == "none":
        return False
    if not re.fullmatch(r"#[0-9a-f]{6}", colour):
        raise ValueError(f"a drawing has no colour `{colour}`")
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    put(red, green, blue, float(opacity or 1))
    return True


def _numbers(text: str) -> list[float]:
    return [float(found) for found in _NUMBER.findall(text)]
