"""``netdsl ir``: the graph that a spec compiles to."""

from __future__ import annotations

import argparse
from pathlib import Path

from netdsl.analyses.view import restrict
from netdsl.cli.options import add_file, compiled, target
from netdsl.cli.parser import Parser
from netdsl.cli.terminal import say
from netdsl.diagnostics import Diagnostic, NetdslError, escaped
from netdsl.diagnostics.files import shown
from netdsl.elaborate.sources import read_file
from netdsl.elaborate.values import Stop
from netdsl.ir.graph import Graph
from netdsl.ir.print import from_json, text, to_json
from netdsl.ir.verify import InvalidGraph, verify

_EXAMPLES = """
netdsl ir specs/resnet.net:18
netdsl ir specs/vgg19.net --json > vgg19.json
netdsl ir vgg19.json
netdsl ir specs/googlenet.net --view infer
netdsl ir --schema > graph.schema.json
"""


def parser() -> Parser:
    """The options of ``netdsl ir``."""
    options = Parser(
        "ir",
        "Prints the graph that a spec compiles to: as text, or as JSON that reads back to an equal graph.\n"
        "A FILE that ends in .json is such a graph.",
        _EXAMPLES,
        {"-o": "the graph is printed, and `netdsl ir my.net --json > my.json` keeps it"},
    )
    add_file(options, optional=True, view=None)
    options.add_argument("--format", choices=("text", "json"), default="text")
    options.add_argument("--json", action="store_true", help="short for --format json")
    options.add_argument("--schema", action="store_true", help="print the JSON Schema of --json")
    return options


def run(options: argparse.Namespace) -> int:
    """Prints the graph."""
    if options.schema:
        parser().alone(options, "--schema")
        import json

        say(json.dumps(Graph.model_json_schema(), indent=1) + "\n")
        return 0
    if options.json and options.format == "text" and "--format" in options.given:
        parser().error("`--json` and `--format text` are two formats")
    if options.file is None:
        parser().missing()
    path, variant = target(parser(), options.file, options)
    if path.endswith(".json"):
        if variant is not None:
            parser().error(f"a graph in JSON is compiled already: it takes no variant `{variant}`")
        parser().refuse(options, "a graph in JSON is compiled already", "--json", "--format", "--view", "--max-nodes")
        graph: Graph | None = _read(path, options.max_nodes)
    else:
        graph = compiled(path, variant, options)
    if graph is None:
        return 1
    if options.view is not None:
        graph = restrict(graph, options.view)
    say(escaped(to_json(graph)) if options.json or options.format == "json" else text(graph))
    return 0


#: What a node takes in JSON, at most, with its share of the source; usually it is a third of that.
_BYTES = 1_000


def _read(path: str, nodes: int) -> Graph:
    try:
        data = read_file(Path(path), _BYTES * nodes)
    except Stop as problem:
        found = [] if problem.diagnostic is None else [problem.diagnostic]
        if found and found[0].code == "ND007":
            message = f"`{shown(path)}` is too long: a graph of {nodes:,} nodes has at most {_BYTES * nodes:,} bytes"
            found = [Diagnostic("ND007", message, None, "`--max-nodes` raises the bound")]
        raise NetdslError(found) from None
    graph = from_json(data, nodes)
    if graph is None:
        message = f"the net has over {nodes:,} nodes"
        raise NetdslError([Diagnostic("ND218", message, None, "`--max-nodes` raises the bound")])
    try:
        verify(graph)
    except InvalidGraph as error:
        first, *others = error.problems
        more = f", and {len(others):,} more" if others else ""
        message = f"the graph of `{graph.name}` does not hold together: {first}{more}"
        help = f"write it anew from its spec: `netdsl ir FILE.net --json > {shown(path)}`"
        raise NetdslError([Diagnostic("ND009", message, None, help)]) from None
    return graph
