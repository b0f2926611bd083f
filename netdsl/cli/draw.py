"""``netdsl draw``: a net as a diagram."""

from __future__ import annotations

import argparse

from netdsl.backends.draw import KINDS, drawing
from netdsl.cli.options import Parser, add_file, compiled, target
from netdsl.cli.terminal import write

_EXAMPLES = """
netdsl draw specs/googlenet.net -o googlenet.svg
netdsl draw specs/resnet.net:18 -o resnet18.png --as layers --view infer
netdsl draw specs/vgg19.net -o vgg19.dot
"""

_FORMATS = ("svg", "png", "dot")


def parser() -> Parser:
    """The options of ``netdsl draw``."""
    options = Parser("draw", "Draws a net: on one page, or layer by layer.", _EXAMPLES)
    # The picture of a paper has the auxiliary heads.
    add_file(options, view="train")
    options.add_argument(
        "-o", "--output", metavar="FILE", required=True, help="where to, .svg, .png or .dot; - is the standard output"
    )
    options.add_argument(
        "--as",
        dest="kind",
        choices=KINDS,
        default="overview",
        help="overview: stages and blocks, repeats folded (as without it); layers: every layer, blocks as frames",
    )
    options.add_argument("--format", choices=_FORMATS, help="what to write, where the ending does not say it")
    return options


def run(options: argparse.Namespace) -> int:
    """Writes the diagram."""
    form = options.format or options.output.rpartition(".")[2].lower()
    if form not in _FORMATS:
        parser().error(f"`{options.output}` ends in none of .svg, .png and .dot: which --format?")
    graph = compiled(*target(parser(), options.file, options), options)
    if graph is None:
        return 1
    write(options.output, drawing(graph, kind=options.kind, view=options.view).render(form))
    return 0
