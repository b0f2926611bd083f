"""The tables of the nets that a command line names: what ``netdsl table`` and ``netdsl draw --as table`` share."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from netdsl.analyses.stats import stats
from netdsl.backends.canvas.engine import MAX_DRAWN
from netdsl.backends.tables.model import Sheet
from netdsl.backends.tables.nets import Net
from netdsl.backends.tables.style import SEVERAL, STYLES, Style, sheet, suited
from netdsl.cli.options import bound, compilation, compiled, target
from netdsl.cli.parser import Parser
from netdsl.diagnostics import Diagnostic, NetdslError
from netdsl.ir.graph import Graph
from netdsl.ir.types import View


def add_table(options: argparse._ActionsContainer) -> None:
    """``--variants`` and ``--style``."""
    options.add_argument("--variants", metavar="NAME,…", type=_names, help="these variants as columns, in this order")
    options.add_argument(
        "--style",
        choices=STYLES,
        help="vgg and resnet have a column a net, googlenet and layers are of one net; what suits the net unless said",
    )


def add_drawn(options: argparse._ActionsContainer) -> None:
    """``--max-drawn``."""
    options.add_argument(
        "--max-drawn",
        metavar="N",
        type=bound,
        default=MAX_DRAWN,
        help=f"the most boxes that a diagram may have ({MAX_DRAWN:,} unless said)",
    )


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    if not all(names):
        raise argparse.ArgumentTypeError(f"`{text}` is not NAME,NAME,…")
    for name in names:
        if names.count(name) > 1:
            raise argparse.ArgumentTypeError(f"the variant `{name}` is named twice")
    return names


def tables(parser: Parser, files: Sequence[str], options: argparse.Namespace) -> tuple[list[Sheet], Style] | None:
    """The tables of ``files`` and their style: one, or one a net where the style is of one net.

    None where a net has errors, which are reported.
    """
    if options.variants and (len(files) > 1 or target(parser, files[0], options)[1] is not None):
        parser.error("--variants goes with one FILE, and without another variant")
    made = _nets(parser, files, options)
    if made is None:
        return None
    nets, style = made
    groups = [nets] if style in SEVERAL else [[net] for net in nets]
    return [sheet(group, style, caption(group, options.view)) for group in groups], style


def _nets(parser: Parser, files: Sequence[str], options: argparse.Namespace) -> tuple[list[Net], Style] | None:
    """The nets that have a column or a table each, and the style; None where one has errors, which are reported."""
    named = [target(parser, file, options) for file in files]
    if options.variants:
        named = [(named[0][0], variant) for variant in options.variants]
    path, variant = named[0]
    said = compilation(path, variant, options)
    first = said.graph
    if first is None:
        for other in dict.fromkeys(named[1:]):
            if other[0] != path:
                compiled(*other, options)  # what is wrong there is said in the same run
        return None
    seen = Net("", first, options.view)
    style: Style = options.style or suited(seen)
    family = len(said.columns) > 1 and {name for _, name in named} <= {None, *said.columns}
    if options.style is None and style == "googlenet" and family and (len(named) > 1 or variant is None):
        style = "resnet"  # the spec's own columns are what is asked for, and the branches' table is of one net
    if style in SEVERAL and len(named) == 1 and variant is None and path != "-":
        # Without a table and without `default` the parameters' own values make a net beside those of the variants.
        alone: tuple[str | None, ...] = (None, *first.variants) if first.variant is None else first.variants
        named = [(path, name) for name in said.columns or alone]
    graphs: list[Graph] = []
    wrong = False
    for each in named:
        if sum(len(graph.nodes) for graph in graphs) > 3 * options.max_nodes:
            message = f"the nets of this table have over {3 * options.max_nodes:,} nodes together"
            help = "`--variants` picks some of them, and `--max-nodes` raises the bound"
            raise NetdslError([Diagnostic("ND218", message, None, help)])
        known = each[0] == path and each[1] in (variant, first.variant)
        graph = first if known else compiled(*each, options)
        wrong = wrong or graph is None
        graphs += [graph] if graph is not None else []
    if wrong:
        return None
    several = len({path for path, _ in named}) > 1
    nets = [seen if graph is first else Net("", graph, options.view) for graph in graphs]
    for net in nets:
        net.title = _title(net.graph, several)
    return nets, style


def _title(graph: Graph, several: bool) -> str:
    """A column's title: the variant, ``18-layer`` where that is the depth; of several files the net too."""
    if graph.variant is None:
        return graph.name
    if several:
        return f"{graph.name} {graph.variant}"
    layers = graph.variant.isdecimal() and int(graph.variant) == stats(graph).totals.depth
    return f"{graph.variant}-layer" if layers else graph.variant


def caption(nets: Sequence[Net], view: View) -> str:
    """Of what the table is: the spec's name and title, and the variant where there is one column."""
    graphs = [net.graph for net in nets]
    names = list(dict.fromkeys(graph.name for graph in graphs))
    words = ", ".join(names)
    if len(graphs) == 1 and graphs[0].variant is not None:
        words += f", variant {graphs[0].variant}"
    if view == "train":
        words += ", training view"
    titles = {" ".join((graph.title or "").split()) for graph in graphs}
    title = titles.pop() if len(titles) == 1 else ""
    return f"{words}: {title}" if title else words
