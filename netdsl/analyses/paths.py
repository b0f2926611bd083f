"""Which way the main output is reached: nodes that every path passes, and the main path."""

from __future__ import annotations

from netdsl.analyses.view import Seen, carried
from netdsl.ir.graph import Graph, Node
from netdsl.ir.types import Shape


def broadcast(taken: Shape, result: Shape) -> bool:
    """Whether a join's input has one value a channel and its output a map: a gate, as in squeeze-and-excitation."""
    return any(length != 1 for length in result[1:]) and all(length == 1 for length in taken[1:])


def mapped(graph: Graph, node: Node, inputs: tuple[int, ...]) -> tuple[int, ...]:
    """Those of a node's inputs whose elements its output's elements stand above: no references and no gates."""
    inputs = carried(node, inputs)
    if len(inputs) < 2:
        return inputs
    kept = tuple([at for at in inputs if not broadcast(graph.nodes[at].shape, node.shape)])
    return kept or inputs


def feeding(graph: Graph, seen: Seen, output: int) -> list[Node]:
    """The nodes of the view whose values reach node ``output``, in topological order. Linear in the nodes."""
    needed = bytearray(len(graph.nodes))
    needed[output] = 1
    found: list[Node] = []
    for node in reversed(seen.nodes):
        if needed[node.index]:
            found.append(node)
            for at in carried(node, seen.inputs[node.index]):
                needed[at] = 1
    found.reverse()
    return found


def cuts(seen: Seen, feeding: list[Node]) -> list[Node]:
    """Of the nodes that feed the last of ``feeding``, those that every path to it passes, in order.

    A node is one when, right after it, no earlier tensor is still to be taken: one scan over last uses.
    """
    last_use: dict[int, int] = {}
    held = 0
    for node in feeding:
        inputs = carried(node, seen.inputs[node.index])
        for at in inputs:
            last_use[at] = node.index
        if not inputs:
            # As if one source before all fed every input.
            held = node.index
    found: list[Node] = []
    for node in feeding:
        if held <= node.index:
            found.append(node)
        held = max(held, last_use.get(node.index, 0))
    return found


def main_path(graph: Graph, seen: Seen, output: int) -> list[Node]:
    """A path from an input to node ``output`` with the most weight layers, and among those the most nodes.

    It goes through no gate (:func:`broadcast`), so that its maps are the net's and not those of an attention branch.
    """
    length: dict[int, tuple[int, int]] = {}
    before: dict[int, int] = {}
    for node in feeding(graph, seen, output):
        inputs = mapped(graph, node, seen.inputs[node.index])
        layers, count = 0, 0
        if inputs:
            best = inputs[0]
            for at in inputs[1:]:
                if length[at] > length[best]:
                    best = at
            before[node.index] = best
            layers, count = length[best]
        length[node.index] = (layers + node.op.weight_layer, count + 1)
    path = [output]
    while path[-1] in before:
        path.append(before[path[-1]])
    return [graph.nodes[index] for index in reversed(path)]
