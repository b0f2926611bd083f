"""What must hold of a spec that is right: its graph, its text, its JSON and its module say the same."""

from __future__ import annotations

import netdsl
from netdsl.backends.torch_source import torch_source
from netdsl.diagnostics import Source
from netdsl.elaborate import expand
from netdsl.ir.graph import Graph, Init, Output, Scope
from netdsl.ir.print import from_json, to_json
from netdsl.syntax.format import format
from tests.agree import agrees
from tests.fuzz.source import names_torch_alone


def same(one: Graph, other: Graph, *, scopes: bool = True) -> None:
    """Raises where two graphs differ in more than where their text stands."""
    for a, b in zip(one.nodes, other.nodes, strict=True):
        assert (a.op, a.inputs, a.shape, a.module, a.mode) == (b.op, b.inputs, b.shape, b.module, b.mode)
        assert not scopes or (a.name, a.label, a.scope, a.head) == (b.name, b.label, b.scope, b.head)
    if scopes:
        assert [_unplaced(scope) for scope in one.scopes] == [_unplaced(scope) for scope in other.scopes]
    assert [_unplaced(output) for output in one.outputs] == [_unplaced(output) for output in other.outputs]
    assert _inits(one) == _inits(other)


def _inits(graph: Graph) -> list[dict[str, object]]:
    """The initialisations, without those of a scope that has no modules."""
    modules = [f".{node.module}." for node in graph.nodes]
    named = (init for init in graph.inits if not init.by_label or any(f".{init.target}." in at for at in modules))
    return [_unplaced(init) for init in named]


def _unplaced(record: Scope | Output | Init) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name != "span"}


def holds(text: str) -> list[Graph]:
    """Raises where something does not hold; else the graphs, one a variant."""
    new, problems = format(Source("x", text))
    assert new is not None, problems
    graphs = []
    for variant in netdsl.compile(text).variants or (None,):
        graph = netdsl.compile(text, variant=variant)
        same(graph, netdsl.compile(new, variant=variant))
        assert from_json(to_json(graph)) == graph
        same(graph, netdsl.compile(expand(text, variant=variant)), scopes=False)
        agrees(graph)
        names_torch_alone(torch_source(graph))
        graphs.append(graph)
    return graphs
