"""Diagrams of a graph by kind: an overview on one page, or every layer."""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

from netdsl.backends.dot import dot_text, render
from netdsl.backends.overview import overview
from netdsl.ir.graph import Graph
from netdsl.ir.types import View

Kind = Literal["overview", "layers"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class Drawing(NamedTuple):
    """A diagram as DOT text. With ``placed`` it is for ``neato -n2``, which moves nothing, else for ``dot``."""

    dot: str
    placed: bool

    def render(self, format: str) -> bytes:
        """The diagram as ``svg``, ``png`` or ``dot``; see :func:`netdsl.backends.dot.render`."""
        return render(self.dot, format, placed=self.placed)


def drawing(graph: Graph, *, kind: Kind = "overview", view: View = "train") -> Drawing:
    """A diagram of ``graph``. The same graph gives the same text.

    ``overview``: stages as bands, blocks as cards, repeats folded. ``layers``: every layer, blocks as frames.
    """
    if kind == "overview":
        return Drawing(overview(graph, view).dot(), True)
    if kind == "layers":
        return Drawing(dot_text(graph, view=view), False)
    raise ValueError(f"a diagram is drawn as {' or '.join(KINDS)}, not {kind!r}")


def draw(graph: Graph, *, kind: Kind = "overview", view: View = "train") -> str:
    """A diagram of ``graph`` as the text of an SVG. See :func:`drawing`.

    Raises :class:`netdsl.NetdslError` (ND008) where no Graphviz is found.
    """
    return drawing(graph, kind=kind, view=view).render("svg").decode()
