"""The page of a spec, and the index of several: paper, text, numbers of all variants, layers and diagram."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from netdsl.analyses.stats import Stats, stats
from netdsl.backends.catalogue.document import (
    Grid,
    Heading,
    Items,
    Listing,
    Page,
    Paragraph,
    Part,
    Picture,
    Words,
    cite,
    code,
    em,
    link,
    strong,
)
from netdsl.ir.graph import Graph
from netdsl.ir.types import show_axes, show_shape
from netdsl.zoo import Paper


class Net(NamedTuple):
    """One variant of a spec, None where it has none; ``usual`` for the one that is meant unless another is named."""

    variant: str | None
    usual: bool
    graph: Graph


class Spec(NamedTuple):
    """A spec with all of its variants. ``name`` is that of its page, ``target`` is how a command calls it.

    ``said`` stands above its text; ``made`` is a remark for those who would change the page.
    """

    name: str
    target: str
    text: str
    paper: Paper | None
    nets: tuple[Net, ...]
    said: Words
    made: str = ""

    @property
    def usual(self) -> Net:
        """The variant that is meant unless another is named."""
        return next((net for net in self.nets if net.usual), self.nets[0])

    @property
    def title(self) -> str:
        """What its page is called."""
        return self.paper.net if self.paper else self.usual.graph.name or self.name


class Entry(NamedTuple):
    """A row of an index. ``variants`` are all, with whether each is the one whose numbers stand here."""

    name: str
    title: str
    about: str | None
    paper: Paper | None
    variants: tuple[tuple[str, bool], ...]
    params: int
    macs: int
    inputs: tuple[tuple[int, ...], ...]


def entry(spec: Spec) -> Entry:
    """The row of a spec."""
    usual = spec.usual
    numbers = stats(usual.graph)
    variants = tuple((net.variant, net.usual) for net in spec.nets if net.variant is not None)
    total = numbers.totals
    inputs = tuple(shape for _, shape in numbers.inputs())
    return Entry(spec.name, spec.title, usual.graph.title, spec.paper, variants, total.params, total.macs, inputs)


def spec_page(spec: Spec, picture: str, back: str | None = None) -> Page:
    """The page of one spec, whose diagram is the file ``picture``. ``back`` is the file of the index, if it has one."""
    usual, graph = spec.usual, spec.usual.graph
    numbers = stats(graph)
    # A net of no blocks, or of one that holds nearly all of it, as U-Net's does, says more layer by layer.
    several_blocks = sum(scope.kind == "block" for scope in graph.scopes) > 1 and len(numbers.by("block")) >= 8
    by = "block" if several_blocks else "layer"
    several = f":{usual.variant}" if len(spec.nets) > 1 and usual.variant else ""
    target = f"{spec.target}{several}"
    of = f", variant {usual.variant}" if several else ""
    rolled = f" --by {by}" if by != "layer" else ""
    parts: list[Part] = [
        Heading(1, (spec.title,)),
        Paragraph(_about(spec)),
        Heading(2, ("The spec",)),
        *([Paragraph(spec.said)] if spec.said else []),
        Listing(spec.text),
        Heading(2, ("The numbers",)),
        *_numbers(spec),
        Heading(2, (f"Its {by}s{of}",)),
        Paragraph(
            (
                code(f"netdsl stats {target}{rolled}"),
                " prints more. The depth is that of the longest path up to there.",
            )
        ),
        _layers(numbers, by),
        Heading(2, (f"The diagram{of}",)),
        Paragraph((code(f"netdsl draw {target} -o {spec.name}.svg"), ", which shows the net in training.")),
        Picture(picture, f"Diagram of {spec.name}{several}"),
    ]
    if back is not None:
        parts.insert(0, Paragraph((link("← index", back),)))
    return Page(spec.title, tuple(parts), spec.made)


def index_page(
    entries: Sequence[Entry], ending: str, title: str, before: Words, after: Words = (), made: str = ""
) -> Page:
    """The page that leads to the others, ``NAME.ending``: by the year of the paper where there is one, then by name."""
    papers = any(entry.paper for entry in entries)
    titles = [("net", False), ("paper" if papers else "about", False), *([("year", True)] if papers else [])]
    titles += [("variants", False), ("params", True), ("MACs", True), ("input", True)]
    rows = []
    for entry in sorted(entries, key=lambda entry: (entry.paper.year if entry.paper else 0, entry.name)):
        paper = entry.paper
        about: Words = (entry.about or "–",)
        if paper is not None:
            about = (f"{paper.authors}, ", em(paper.title))
        named: Words = ()
        for variant, usual in entry.variants:
            named += (", ",) * bool(named) + ((strong(variant),) if usual else (variant,))
        year: list[Words] = [(str(paper.year) if paper else "–",)] if papers else []
        counts = (f"{entry.params:,}", f"{entry.macs:,}", ", ".join(map(show_shape, entry.inputs)))
        cells = [(link(entry.title, f"{entry.name}.{ending}"),), about, *year, named, *((count,) for count in counts)]
        rows.append(tuple(cells))
    parts: list[Part] = [Heading(1, (title,)), Paragraph(before), Grid(tuple(titles), tuple(rows))]
    parts += [Paragraph(after)] if after else []
    return Page(title, tuple(parts), made)


def _about(spec: Spec) -> Words:
    paper = spec.paper
    if paper is None:
        return (spec.usual.graph.title or "Without a paper.",)
    cited: Words = (f"{paper.authors}, ", em(paper.title), f", {paper.year}")
    if paper.arxiv:
        cited += (", ", cite(f"arXiv {paper.arxiv}", f"https://arxiv.org/abs/{paper.arxiv}"))
    return (*cited, ".")


def _numbers(spec: Spec) -> list[Part]:
    """The totals of every variant, and what training adds to them."""
    titles = ("params", "MACs", "FLOPs", "activations", "depth", "receptive field", "downsampling")
    rows: list[tuple[Words, ...]] = []
    trained: list[Words] = []
    for net in spec.nets:
        numbers = stats(net.graph)
        total = numbers.totals
        shapes = ", ".join(show_shape(shape) for _, shape in numbers.inputs())
        name = net.variant or ("default" if len(spec.nets) > 1 else spec.name)
        counts = (total.params, total.macs, total.flops, total.activations, total.depth)
        steps = (_axes(total.receptive_field), _axes(total.downsampling))
        rows.append(((name,), (shapes,), *((f"{count:,}",) for count in counts), *((step,) for step in steps)))
        other = stats(net.graph, view="train").totals
        if (other.params, other.macs) != (total.params, total.macs):
            trained.append((f"In training {name} has {other.params:,} params and {other.macs:,} MACs.",))
    grid = Grid((("variant", False), ("input", True), *((title, True) for title in titles)), tuple(rows))
    return [grid, Items(tuple(trained))] if trained else [grid]


def _layers(numbers: Stats, by: str) -> Grid:
    titles = ("output", "params", "MACs", "activations", "depth", "receptive field")
    head = (("name", False), ("block" if by == "block" else "op", False), *((title, True) for title in titles))
    rows: list[tuple[Words, ...]] = []
    for row in numbers.by("block" if by == "block" else "layer"):
        counts = [f"{count:,}" if count else "–" for count in (row.params, row.macs, row.activations, row.depth)]
        cells = (row.name, row.op, show_shape(row.shape), *counts, _axes(row.receptive_field))
        rows.append(tuple((cell,) for cell in cells))
    return Grid(head, tuple(rows))


def _axes(values: tuple[object, ...] | None) -> str:
    return show_axes(values) if values else "–"
