"""Several nets in one drawing, for ``netdsl draw``."""

from __future__ import annotations

import argparse

from netdsl.backends.beside import Detail
from netdsl.backends.canvas.options import Options
from netdsl.backends.draw import Drawing, Kind, changes_drawing, side_by_side
from netdsl.cli.options import compiled_all, own_settings


def add_compare(parser: argparse.ArgumentParser) -> None:
    """``--side-by-side`` and ``--diff``."""
    parser.add_argument(
        "--side-by-side",
        action="store_true",
        help="several FILEs in columns, aligned by the size of their maps: every layer where that fits "
        "(or --as layers), else blocks folded (or --as overview)",
    )
    parser.add_argument(
        "--diff",
        action="store_true",
        help="two FILEs as one drawing: what is removed, added and changed, and the totals",
    )


def compares(parser: argparse.ArgumentParser, options: argparse.Namespace) -> bool:
    """Whether nets are compared. Exits with 2 where options do not go with that. Else there is one FILE, or a table."""
    kind: Kind | None = options.kind and options.kind[0]
    if options.side_by_side and options.diff:
        parser.error("--side-by-side and --diff are two drawings")
    if options.diff:
        _diffs(parser, options)
        return True
    if options.side_by_side:
        if kind not in (None, "overview", "layers"):
            parser.error(f"--side-by-side draws --as overview or --as layers, not --as {kind}")
        if options.direction != "auto":
            parser.error("--direction is of an overview: nets side by side are columns")
        return True
    if kind == "table" and len(options.file) > 1:
        return False
    if len(options.file) > 1:
        parser.error("several FILEs are drawn --side-by-side, two with --diff, or all --as table")
    options.file, own = own_settings(options.file[0])
    options.set = [*options.set, *own]
    return False


def _diffs(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Exits with 2 where options are of no difference."""
    if len(options.file) != 2:
        parser.error(f"--diff is of two FILEs, not {len(options.file)}")
    for name, given in (("as", options.kind), ("heat", options.heat), ("direction", options.direction != "auto")):
        if given:
            parser.error(f"--diff takes no --{name}")
    rest = [label for label in options.labels or () if label not in ("params", "macs")]
    if rest:
        parser.error(f"--diff has the labels params and macs, not {rest[0]}")


def compared(parser: argparse.ArgumentParser, options: argparse.Namespace, chosen: Options) -> Drawing | None:
    """The drawing of all FILEs; None where one of them has errors, which are reported."""
    graphs = compiled_all(parser, options)
    if graphs is None:
        return None
    if options.diff:
        return changes_drawing(*graphs, view=options.view, options=chosen, most=options.max_drawn)
    named: tuple[Kind, str | None] | None = options.kind
    detail: Detail = "auto" if named is None else "layers" if named[0] == "layers" else "cards"
    return side_by_side(graphs, view=options.view or "train", options=chosen, detail=detail, most=options.max_drawn)
