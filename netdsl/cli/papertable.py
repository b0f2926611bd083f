"""``netdsl table``: the tables of papers."""

from __future__ import annotations

import argparse

from netdsl.backends.draw import table_drawing
from netdsl.backends.tables import write_csv, write_html, write_latex, write_markdown, write_text
from netdsl.backends.tables.model import Sheet
from netdsl.cli.options import Parser, add_engine, add_file, check_engine
from netdsl.cli.tabled import add_drawn, add_table, tables
from netdsl.cli.terminal import say, write

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
    add_table(options)
    add_drawn(options)
    options.add_argument("--format", choices=_FORMATS, default="text", help="svg, png, pdf and dot are drawings")
    add_engine(options)
    options.add_argument("--standalone", action="store_true", help="a whole document, of LaTeX or HTML")
    options.add_argument("-o", "--output", metavar="FILE", default="-", help="where to; - is the standard output")
    return options


def run(options: argparse.Namespace) -> int:
    """Prints the table, or writes it."""
    if options.standalone and options.format not in _STANDALONE:
        parser().error(f"--standalone goes with --format {' or '.join(_STANDALONE)}")
    check_engine(parser(), options.engine, options.format)
    made = tables(parser(), options.file, options)
    if made is None:
        return 1
    sheets, style = made
    if len(sheets) > 1 and (options.standalone or options.format in _DRAWN):
        what = "--standalone" if options.standalone else f"--format {options.format}"
        parser().error(f"{what} writes one table, and --style {style} makes {len(sheets)}")
    if options.format in _DRAWN:
        write(
            options.output,
            table_drawing(sheets[0], most=options.max_drawn).render(options.format, engine=options.engine),
        )
        return 0
    text = "\n".join(_written(table, options) for table in sheets)
    if options.output == "-":
        say(text)
    else:
        write(options.output, text.encode())
    return 0


def _written(table: Sheet, options: argparse.Namespace) -> str:
    if options.format == "html":
        return write_html.write(table, standalone=options.standalone)
    if options.format == "latex":
        return write_latex.write(table, standalone=options.standalone)
    if options.format == "csv":
        return write_csv.write(table)
    return write_markdown.write(table) if options.format == "markdown" else write_text.write(table)
