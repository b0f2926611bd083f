"""``netdsl draw -o x.html``: a net as a page that opens its blocks."""

from __future__ import annotations

import argparse

from netdsl.backends.canvas.options import Options
from netdsl.cli.options import compiled, target
from netdsl.cli.terminal import write


def write_page(parser: argparse.ArgumentParser, options: argparse.Namespace, chosen: Options, *, several: bool) -> int:
    """Writes the page; exits with 2 where options do not go with it."""
    if several:
        parser.error("an HTML page has one net: several are of the other formats")
    if options.kind is not None and options.kind[0] != "overview":
        parser.error("an HTML page begins with the overview and opens every block: --as is of the other formats")
    if options.variants or options.style:
        parser.error(f"--{'variants' if options.variants else 'style'} is of --as table")
    if options.page is not None:
        parser.error("--page is of a drawing: an HTML page fits itself to its window")
    if options.engine is not None or options.dpi is not None:
        parser.error("--engine and --dpi are of other formats: an HTML page needs no engine and has no pixels")
    if options.theme == "print":
        parser.error("an HTML page is --theme auto, light or dark, and prints in light colours")
    graph = compiled(*target(parser, options.file, options), options)
    if graph is None:
        return 1
    from netdsl.backends.page import page

    made = page(
        graph, view=options.view or "train", options=chosen, theme=options.theme or "auto", most=options.max_drawn
    )
    write(options.output, made.encode())
    return 0
