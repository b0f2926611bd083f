"""``netdsl table``: the tables of papers."""

from __future__ import annotations

import argparse

from netdsl.backends.draw import table_drawing
from netdsl.backends.tables import write_csv, write_html, write_latex, write_markdown, write_text
from netdsl.backends.tables.model import Sheet
from netdsl.cli.options import add_engine, add_file, check_engine, keep, target
from netdsl.cli.parser import Parser
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

#: The formats, and the endings of files that say them.
_FORMATS = {
    "text": "txt",
    "markdown": "md",
    "html": "html",
    "latex": "tex",
    "csv": "csv",
    "svg": "svg",
    "png": "png",
    "pdf": "pdf",
    "dot": "dot",
}
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
    options.add_argument(
        "--format",
        choices=tuple(_FORMATS),
        help="svg, png, pdf and dot are drawings; what the ending of the output says, else text",
    )
    add_engine(options)
    options.add_argument("--standalone", action="store_true", help="a whole document, of LaTeX or HTML")
    options.add_argument("-o", "--output", metavar="FILE", default="-", help="where to; - is the standard output")
    return options


def run(options: argparse.Namespace) -> int:
    """Prints the table, or writes it."""
    keep(parser(), options.output, *(target(parser(), file, options)[0] for file in options.file))
    options.format = options.format or _ending(options.output)
    if options.standalone and options.format not in _STANDALONE:
        parser().error(f"--standalone goes with --format {' or '.join(_STANDALONE)}")
    check_engine(parser(), options.engine, options.format)
    if options.format not in _DRAWN and "--max-drawn" in options.given:
        parser().error(f"--max-drawn is of a drawing: --format {', '.join(_DRAWN)}")
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


def _ending(output: str) -> str:
    """The format that the name of a file says; exits with 2 where it says none."""
    if output == "-":
        return "text"
    ending = output.rpartition(".")[2].lower()
    found = next((form for form, known in _FORMATS.items() if known == ending), None)
    if found is None:
        *others, last = (f".{known}" for known in _FORMATS.values())
        parser().error(f"`{output}` ends in none of {', '.join(others)} and {last}: which --format?")
    return found


def _written(table: Sheet, options: argparse.Namespace) -> str:
    if options.format == "html":
        return write_html.write(table, standalone=options.standalone)
    if options.format == "latex":
        return write_latex.write(table, standalone=options.standalone)
    if options.format == "csv":
        return write_csv.write(table)
    return write_markdown.write(table) if options.format == "markdown" else write_text.write(table)
