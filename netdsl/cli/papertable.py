"""``netdsl table``: the tables of papers."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from netdsl.analyses.stats import stats
from netdsl.backends.canvas.engine import Engine
from netdsl.backends.tables import write_csv, write_dot, write_html, write_latex, write_markdown, write_text
from netdsl.backends.tables.model import Sheet
from netdsl.backends.tables.nets import Net
from netdsl.backends.tables.style import SEVERAL, STYLES, Style, sheet, suited
from netdsl.cli.options import Parser, add_engine, add_file, check_engine, compiled, target
from netdsl.cli.terminal import say, write
from netdsl.elaborate.program import Program
from netdsl.elaborate.sources import read
from netdsl.ir.graph import Graph
from netdsl.ir.types import View
from netdsl.syntax.parse import parse

_EXAMPLES = """
netdsl table zoo:vgg
netdsl table zoo:resnet:50
netdsl table zoo:resnet --variants 18,34,50 --format latex --standalone -o resnet.tex
netdsl table zoo:googlenet --format markdown
netdsl table zoo:resnet --format svg -o resnet.svg
netdsl table zoo:mobilenet_v2 --style layers --format csv > layers.csv
"""

_FORMATS = ("text", "markdown", "html", "latex", "csv", "svg", "png", "pdf", "dot")
_STANDALONE = ("html", "latex")
_DRAWN = ("svg", "png", "pdf", "dot")


def parser() -> Parser:
    """The options of ``netdsl table``."""
    options = Parser(
        "table",
        "Prints a net as a table of its paper: VGG's columns, ResNet's brackets, GoogLeNet's branches, or all layers.\n"
        "Styles with columns have one for each variant of the file's table, unless variants are named.",
        _EXAMPLES,
    )
    add_file(options, many=True)
    options.add_argument("--variants", metavar="NAME,…", type=_names, help="these variants as columns, in this order")
    options.add_argument(
        "--style",
        choices=STYLES,
        help="vgg and resnet have a column a net, googlenet and layers are of one net; what suits the net unless said",
    )
    options.add_argument("--format", choices=_FORMATS, default="text", help="svg, png, pdf and dot are drawings")
    add_engine(options)
    options.add_argument("--standalone", action="store_true", help="a whole document, of LaTeX or HTML")
    options.add_argument("-o", "--output", metavar="FILE", default="-", help="where to; - is the standard output")
    return options


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    if not all(names):
        raise argparse.ArgumentTypeError(f"`{text}` is not NAME,NAME,…")
    for name in names:
        if names.count(name) > 1:
            raise argparse.ArgumentTypeError(f"the variant `{name}` is named twice")
    return names


def run(options: argparse.Namespace) -> int:
    """Prints the table, or writes it."""
    if options.standalone and options.format not in _STANDALONE:
        parser().error(f"--standalone goes with --format {' or '.join(_STANDALONE)}")
    check_engine(parser(), options.engine, options.format)
    if options.variants and (len(options.file) > 1 or target(parser(), options.file[0], options)[1] is not None):
        parser().error("--variants goes with one FILE, and without another variant")
    made = _nets(options)
    if made is None:
        return 1
    nets, style = made
    groups = [nets] if style in SEVERAL else [[net] for net in nets]
    if len(groups) > 1 and (options.standalone or options.format in _DRAWN):
        what = "--standalone" if options.standalone else f"--format {options.format}"
        parser().error(f"{what} writes one table, and --style {style} makes {len(groups)}")
    tables = [sheet(group, style, _caption(group, options.view)) for group in groups]
    if options.format in _DRAWN:
        write(options.output, _drawn(tables[0], options.format, options.engine))
        return 0
    text = "\n".join(_written(table, options) for table in tables)
    if options.output == "-":
        say(text)
    else:
        write(options.output, text.encode())
    return 0


def _nets(options: argparse.Namespace) -> tuple[list[Net], Style] | None:
    """The nets that have a column or a table each, and the style; None where one has errors, which are reported."""
    named = [target(parser(), file, options) for file in options.file]
    if options.variants:
        named = [(named[0][0], variant) for variant in options.variants]
    path, variant = named[0]
    first = compiled(path, variant, options)
    if first is None:
        return None
    style: Style = options.style or suited(Net("", first, options.view))
    if style in SEVERAL and len(named) == 1 and variant is None and path != "-":
        named = [(path, name) for name in columns(path, options.max_bytes) or first.variants] or named
    graphs = []
    for each in named:
        known = each[0] == path and each[1] in (variant, first.variant)
        graph = first if known else compiled(*each, options)
        if graph is None:
            return None
        graphs.append(graph)
    several = len({path for path, _ in named}) > 1
    return [Net(_title(graph, several), graph, options.view) for graph in graphs], style


def columns(path: str, most: int) -> tuple[str, ...]:
    """The columns of the tables in a spec that compiles, in order. It has at most ``most`` bytes."""
    text, _ = read(Path(path), most)
    file, _ = parse(text, 0)
    assert file is not None
    program = Program(None, lambda _: None)
    program.gather(file, lambda *_: None)
    return tuple(program.columns)


def _title(graph: Graph, several: bool) -> str:
    """A column's title: the variant, ``18-layer`` where that is the depth; of several files the net too."""
    if graph.variant is None:
        return graph.name
    if several:
        return f"{graph.name} {graph.variant}"
    layers = graph.variant.isdecimal() and int(graph.variant) == stats(graph).totals.depth
    return f"{graph.variant}-layer" if layers else graph.variant


def _caption(nets: Sequence[Net], view: View) -> str:
    """Of what the table is: the spec's name and title, and the variant where there is one column."""
    graphs = [net.graph for net in nets]
    names = list(dict.fromkeys(graph.name for graph in graphs))
    words = ", ".join(names)
    if len(graphs) == 1 and graphs[0].variant is not None:
        words += f", variant {graphs[0].variant}"
    if view == "train":
        words += ", training view"
    titles = {graph.title for graph in graphs}
    return f"{words}: {graphs[0].title}" if len(titles) == 1 and graphs[0].title else words


def _drawn(table: Sheet, form: str, engine: Engine | None) -> bytes:
    """The table as a drawing; an SVG has the table's text too."""
    from netdsl.backends.canvas.engine import render

    drawn = render(write_dot.write(table), form, engine=engine)
    return write_dot.described(drawn, table) if form == "svg" else drawn


def _written(table: Sheet, options: argparse.Namespace) -> str:
    if options.format == "html":
        return write_html.write(table, standalone=options.standalone)
    if options.format == "latex":
        return write_latex.write(table, standalone=options.standalone)
    if options.format == "csv":
        return write_csv.write(table)
    return write_markdown.write(table) if options.format == "markdown" else write_text.write(table)
