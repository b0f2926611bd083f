"""Graphs and loaded nets show themselves in notebooks, and ``%%netdsl`` compiles a cell.

IPython imports nothing of this by itself: :func:`register` is called when a name of :mod:`netdsl` is first used in a
session of IPython, and by ``%load_ext netdsl``.
"""

from __future__ import annotations

import html
import shlex
import sys
from typing import Any

from netdsl.analyses.stats import stats
from netdsl.analyses.titles import net_name
from netdsl.backends.draw import draw
from netdsl.cli.options import add_file, choice, strictly
from netdsl.cli.parser import Parser
from netdsl.diagnostics import NetdslError
from netdsl.diagnostics.printing import render
from netdsl.elaborate import analyse
from netdsl.ir.graph import Graph
from netdsl.ir.types import show_shape
from netdsl.runtime.load import graph_of

_EXAMPLES = """
%%netdsl
%%netdsl net --variant 50
%%netdsl small --input 3x64x64 --set width=0.5
"""


def bundle(graph: Graph) -> dict[str, str]:
    """What a notebook shows of a graph: ``text/html`` (diagram and numbers), ``image/svg+xml``, ``text/plain``.

    Of a net that is too large to be drawn the numbers stand alone.
    """
    found = {"text/plain": repr(graph)}
    try:
        svg = draw(graph)
    except NetdslError:
        svg = ""
    if svg:
        svg = svg[svg.index("<svg") :]
        found["image/svg+xml"] = svg
    found["text/html"] = f'<div style="overflow-x:auto">{svg}</div>\n{numbers(graph)}'
    return found


def numbers(graph: Graph) -> str:
    """The totals of a graph and its rows by block, folded away, as HTML."""
    found = stats(graph)
    total = found.totals
    head = (
        f"<b>{html.escape(net_name(graph))}</b>: {total.params:,} parameters, {total.macs:,} MACs (multiply-adds of "
        "convolutions and fully connected layers, one image)"
    )
    rows = "".join(
        f"<tr><td>{html.escape(row.name)}</td><td>{show_shape(row.shape)}</td>"
        f"<td>{row.params or 0:,}</td><td>{row.macs or 0:,}</td></tr>"
        for row in found.by("block")
    )
    titles = "".join(f"<th>{title}</th>" for title in ("name", "output", "params", "MACs"))
    table = f"<table><thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table>"
    return f"<details><summary>{head}</summary>{table}</details>"


def register(shell: Any | None = None) -> None:
    """Tells a session of IPython (the running one unless given) how graphs and nets are shown, and the cell magic."""
    if shell is None:
        running = sys.modules.get("IPython")
        shell = running.get_ipython() if running is not None else None
    if shell is None:
        return
    bundles = shell.display_formatter.mimebundle_formatter
    bundles.for_type_by_name("netdsl.ir.graph", "Graph", _graph)
    bundles.for_type_by_name("torch.nn.modules.module", "Module", _module)
    shell.register_magic_function(lambda line, cell: compile_cell(shell, line, cell), "cell", "netdsl")


def _graph(graph: Graph, include: object = None, exclude: object = None) -> dict[str, str]:
    return bundle(graph)


def _module(module: Any, include: object = None, exclude: object = None) -> dict[str, str] | None:
    """A net that netdsl loaded and nobody changed; every other module is shown as PyTorch shows it."""
    graph = graph_of(module)
    return None if graph is None else {**bundle(graph), "text/plain": repr(module)}


def compile_cell(shell: Any, line: str, cell: str) -> Graph | None:
    """``%%netdsl [NAME] [options]``: compiles the cell; the graph is its value, and ``NAME``'s where one is given.

    The options are those that commands share (``--variant``, ``--set``, ``--input`` …). Diagnostics are printed to the
    error stream, and no graph comes of a cell with errors.
    """
    never = {"--view": "the graph has both views, and `netdsl.stats` and `netdsl.draw` take one"}
    parser = Parser("%%netdsl", "compile this cell", _EXAMPLES, never)
    parser.prog = "%%netdsl"
    add_file(parser, optional=True, views=False)
    try:
        options = parser.read(shlex.split(line))
    except (SystemExit, ValueError) as problem:
        if isinstance(problem, ValueError):
            print(f"%%netdsl: {problem}", file=sys.stderr)
        return None
    if options.file is not None and not options.file.isidentifier():
        print(f"%%netdsl: `{options.file}` cannot be the name of a variable", file=sys.stderr)
        return None
    try:
        made = strictly(analyse(f"{cell}\n", **choice(options.variant, options)), options)
    except NetdslError as error:
        print(render(error.diagnostics, error.sources), file=sys.stderr)
        return None
    if made.diagnostics:
        print(render(made.diagnostics, made.sources), file=sys.stderr)
    for note in made.notes:
        print(f"note: {note}", file=sys.stderr)
    if made.graph is not None and options.file is not None:
        shell.push({options.file: made.graph})
    return made.graph
