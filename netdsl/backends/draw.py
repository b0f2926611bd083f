"""Diagrams of a graph by kind: an overview on one page, every layer, one block in detail, a table, or volumes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, get_args

from netdsl.analyses.difference import difference
from netdsl.backends.beside import Detail, beside
from netdsl.backends.block import block_scene
from netdsl.backends.canvas.engine import DPI, MAX_DRAWN, Engine, check_drawn, pdf_is_ours, render
from netdsl.backends.canvas.options import Theme
from netdsl.backends.canvas.pdf import pdf
from netdsl.backends.canvas.scene import Scene
from netdsl.backends.canvas.svg import svg
from netdsl.backends.changes import changes
from netdsl.backends.layers import every_layer
from netdsl.backends.overview import Options, overview
from netdsl.backends.tables import write_scene
from netdsl.backends.tables.model import Sheet
from netdsl.backends.tables.nets import Net
from netdsl.backends.tables.style import sheet, suited
from netdsl.backends.volumes import volumes
from netdsl.ir.graph import Graph
from netdsl.ir.types import View

Kind = Literal["overview", "layers", "block", "table", "volumes"]
KINDS: tuple[Kind, ...] = get_args(Kind)
#: The fields of :class:`Options` that each kind takes.
TAKES: dict[Kind, frozenset[str]] = {
    "overview": frozenset(Options._fields),
    "layers": frozenset(Options._fields),
    "block": frozenset({"heat", "theme", "page"}),
    "table": frozenset({"theme", "page"}),
    "volumes": frozenset({"heat", "theme", "page"}),
}

#: Boxes and texts in a row of a table of all layers, which takes as long as a layer that is drawn.
_ROW = 5


def usual_view(kind: Kind) -> View:
    """What is drawn unless another view is asked for: heads of training too, but a table as ``netdsl table`` has it."""
    return "infer" if kind == "table" else "train"


class Drawing(NamedTuple):
    """A diagram: the scene that it is, and the theme that it is drawn in."""

    scene: Scene
    theme: Theme = "light"

    @property
    def dot(self) -> str:
        """Its DOT text, for ``neato -n2``, which moves nothing."""
        return self.scene.dot()

    def render(
        self,
        format: str,
        *,
        engine: Engine | None = None,
        dpi: int = DPI,
        say: Callable[[str], None] | None = None,
    ) -> bytes:
        """The diagram as ``svg``, ``png``, ``pdf`` or ``dot``; see :func:`netdsl.backends.canvas.engine.render`.

        An SVG is netdsl's own, unless ``engine`` is ``dot``, and a PDF is made of that.
        """
        if engine != "dot":
            if format == "svg":
                return svg(self.scene, both=self.theme == "auto")
            if format == "pdf" and (engine == "pure" or pdf_is_ours()):
                return pdf(svg(self.scene))
        return render(self.dot, format, engine=engine, dpi=dpi, say=say)


def drawing(
    graph: Graph,
    *,
    kind: Kind = "overview",
    view: View = "train",
    options: Options | None = None,
    block: str | None = None,
    most: int = MAX_DRAWN,
) -> Drawing:
    """A diagram of ``graph``. The same graph gives the same text.

    ``overview``: stages as bands, blocks as cards, repeats folded, as ``options`` say. ``layers``: every layer, blocks
    as frames. ``block``: that of the name ``block`` (see :func:`netdsl.backends.block.drawable`) in detail. ``table``:
    as its paper prints it, in the style that suits it. ``volumes``: feature maps as boxes, to scale. Which of the
    ``options`` a kind takes is in :data:`TAKES`.

    Raises :class:`netdsl.NetdslError`: ND011 for a block that the net has not, ND218 for more than ``most`` boxes.
    ``ValueError`` for what a kind does not take.
    """
    options = options or Options()
    _check(kind, block, options)
    if kind == "overview":
        return _drawn(overview(graph, view, options, _fits(most)), options, most)
    if kind == "layers":
        return Drawing(every_layer(graph, view, options, most=most), options.theme)
    if kind == "block":
        assert block is not None
        return _drawn(block_scene(graph, block, view, options), options, most)
    if kind == "volumes":
        return _drawn(volumes(graph, view, options, _fits(most)), options, most)
    net = Net(graph.variant or graph.name, graph, view)
    return table_drawing(sheet([net], suited(net), graph.name), options, most=most)


def _check(kind: Kind, block: str | None, options: Options) -> None:
    if kind not in KINDS:
        raise ValueError(f"a diagram is drawn as {', '.join(KINDS[:-1])} or {KINDS[-1]}, not {kind!r}")
    if (kind == "block") != (block is not None):
        raise ValueError("which block? name it as `block`" if block is None else f"{kind} is of no block")
    for name, given, usual in zip(Options._fields, options, Options()):
        if given != usual and name not in TAKES[kind]:
            raise ValueError(f"{kind} takes no {name}")


def _fits(most: int, each: int = 1) -> Callable[[int], None]:
    """Refuses more than ``most`` boxes; ``each`` is how many take as long as one that was still to be laid out.

    A drawing asks as soon as it knows how many it has at least, so that one which is refused takes little time.
    """
    return lambda boxes: check_drawn(boxes // each, most, "this diagram", "`netdsl stats` lists the layers")


def _drawn(scene: Scene, options: Options, most: int, each: int = 1) -> Drawing:
    """A scene as a drawing."""
    _fits(most, each)(len(scene.boxes))
    return Drawing(scene, options.theme)


def table_drawing(made: Sheet, options: Options | None = None, *, most: int = MAX_DRAWN) -> Drawing:
    """A table, such as :func:`netdsl.backends.tables.style.sheet` makes, as a drawing."""
    options = options or Options()
    return _drawn(write_scene.write(made, options, _fits(most, _ROW)), options, most, _ROW)


def changes_drawing(
    before: Graph, after: Graph, *, view: View | None = None, options: Options | None = None, most: int = MAX_DRAWN
) -> Drawing:
    """How two nets differ: what is removed, added and changed, with old and new values; what is the same is folded.

    Without a view it is what acts in training and in inference together, as in ``netdsl diff``.
    """
    options = options or Options()
    return _drawn(changes(difference(before, after, view), view, options), options, most)


def side_by_side(
    graphs: Sequence[Graph],
    *,
    view: View = "train",
    options: Options | None = None,
    detail: Detail = "auto",
    most: int = MAX_DRAWN,
) -> Drawing:
    """Nets in columns, aligned by the size of their maps: every layer, blocks folded into cards, or what fits."""
    options = options or Options()
    return _drawn(beside(graphs, view, options, detail), options, most)


def draw(
    graph: Graph,
    *,
    kind: Kind = "overview",
    view: View = "train",
    options: Options | None = None,
    block: str | None = None,
    most: int = MAX_DRAWN,
) -> str:
    """A diagram of ``graph`` as the text of an SVG. See :func:`drawing`.

    Raises :class:`netdsl.NetdslError`: ND011 for a block that the net has not, ND218 for more than ``most`` boxes.
    """
    return drawing(graph, kind=kind, view=view, options=options, block=block, most=most).render("svg").decode()
