"""Several nets in one drawing, for ``netdsl draw``."""

from __future__ import annotations

import argparse

from netdsl.backends.beside import Detail
from netdsl.backends.canvas.options import Options
from netdsl.backends.draw import Drawing, Kind, side_by_side
from netdsl.cli.options import compiled_all, own_settings


def add_compare(parser: argparse.ArgumentParser) -> None:
    """``--side-by-side``."""
    parser.add_argument(
        "--side-by-side",
        action="store_true",
        help="several FILEs in columns, aligned by the size of their maps: every layer where that fits "
        "(or --as layers), else blocks folded (or --as overview)",
    )


def compares(parser: argparse.ArgumentParser, options: argparse.Namespace) -> bool:
    """Whether nets are compared. Exits with 2 where options do not go with that. Else there is one FILE, or a table."""
    kind: Kind | None = options.kind and options.kind[0]
    if options.side_by_side:
        if kind not in (None, "overview", "layers"):
            parser.error(f"--side-by-side draws --as overview or --as layers, not --as {kind}")
        if options.direction != "auto":
            parser.error("--direction is of an overview: nets side by side are columns")
        return True
    if kind == "table" and len(options.file) > 1:
        return False
    if len(options.file) > 1:
        parser.error("several FILEs are drawn --side-by-side or --as table")
    options.file, own = own_settings(options.file[0])
    options.set = [*options.set, *own]
    return False


def compared(parser: argparse.ArgumentParser, options: argparse.Namespace, chosen: Options) -> Drawing | None:
    """The drawing of all FILEs; None where one of them has errors, which are reported."""
    graphs = compiled_all(parser, options)
    if graphs is None:
        return None
    named: tuple[Kind, str | None] | None = options.kind
    detail: Detail = "auto" if named is None else "layers" if named[0] == "layers" else "cards"
    return side_by_side(graphs, view=options.view or "train", options=chosen, detail=detail, most=options.max_drawn)
