"""What must hold of a spec that is right: its graph, its text, its JSON and its module say the same."""

from __future__ import annotations

import netdsl
from netdsl.diagnostics import Source
from netdsl.elaborate import expand
from netdsl.ir.graph import Graph
from netdsl.ir.print import from_json, to_json
from netdsl.syntax.format import format
from tests.agree import agrees


def same(one: Graph, other: Graph, *, scopes: bool = True) -> None:
    """Raises where two graphs differ in more than where their text stands."""
    for a, b in zip(one.nodes, other.nodes, strict=True):
        assert (a.op, a.inputs, a.shape, a.module, a.mode) == (b.op, b.inputs, b.shape, b.module, b.mode)
        assert not scopes or (a.name, a.label, a.scope) == (b.name, b.label, b.scope)
    outputs = [[(made.name, made.node, made.mode, made.weight) for made in graph.outputs] for graph in (one, other)]
    assert outputs[0] == outputs[1]


def holds(text: str) -> Graph:
    """Raises where something does not hold; else the graph."""
    graph = netdsl.compile(text)
    new, problems = format(Source("x", text))
    assert new is not None, problems
    same(graph, netdsl.compile(new))
    assert from_json(to_json(graph)) == graph
    same(graph, netdsl.compile(expand(text)), scopes=False)
    agrees(graph)
    return graph
