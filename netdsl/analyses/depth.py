"""Depth: the longest path counted in convolutions and fully connected layers."""

from __future__ import annotations

from netdsl.analyses.recent import recent
from netdsl.analyses.view import Seen, carried, see
from netdsl.ir.graph import Graph
from netdsl.ir.types import View


def depth(graph: Graph, view: View = "infer") -> int:
    """Weight layers on the longest path from an input to an output of the view."""
    return depth_of(graph, see(graph, view))


def depth_of(graph: Graph, seen: Seen) -> int:
    """Like :func:`depth`, for a view that has been taken. Linear in the nodes."""
    deep = depths(graph, seen)
    return max((deep[at] for _, at in seen.outputs), default=0)


@recent(2)
def depths(graph: Graph, seen: Seen) -> list[int]:
    """For each node of the graph by index, the weight layers on the longest path up to and with it."""
    deep = [0] * len(graph.nodes)
    for node in seen.nodes:
        inputs = carried(node, seen.inputs[node.index])
        before = max([deep[at] for at in inputs]) if inputs else 0
        deep[node.index] = before + node.op.weight_layer
    return deep
