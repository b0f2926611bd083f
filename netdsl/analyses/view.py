"""Which nodes a view has, and which tensors reach them in it."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.analyses.recent import recent
from netdsl.ir.graph import Graph, Node, Output
from netdsl.ir.op import Op
from netdsl.ir.types import Mode, View

#: Keyword of the operator that passes on its second input in its node's mode, and its first in the other.
CHOICE = "select"


class Seen(NamedTuple):
    """A graph as one view sees it.

    ``nodes`` are those that some output of the view needs and that act in it, in topological order. ``inputs`` has, for
    every node of the graph by index, the nodes whose tensors reach it: what is left out passes on its first input, and
    what nothing but a size is taken of is left out.
    ``outputs`` are those of the view, each with the node whose tensor it is. ``idle`` are layers with a module that no
    output needs in any mode: they are part of the module and have their parameters, and nothing computes them.
    """

    nodes: tuple[Node, ...]
    inputs: list[tuple[int, ...]]
    outputs: tuple[tuple[Output, int], ...]
    idle: tuple[Node, ...] = ()


def left_out(view: View) -> Mode:
    """The mode whose nodes and outputs a view leaves out."""
    return "train" if view == "infer" else "eval"


@recent(4)
def see(graph: Graph, view: View) -> Seen:
    """The graph as ``view`` sees it: what its outputs need. Linear in the nodes.

    Where nothing is of one mode alone both views are one object, and what is found of it holds of both.
    """
    if view == "train" and not _has_modes(graph):
        return see(graph, "infer")
    skipped = left_out(view)
    nodes = graph.nodes
    # What is left out is another name for its first input, and a choice between modes for the input that is chosen.
    source = list(range(len(nodes)))
    inputs: list[tuple[int, ...]] = []
    renamed = False
    for node in nodes:
        taken = node.inputs
        if renamed:
            taken = tuple([source[at] for at in taken])
        inputs.append(taken)
        if taken and (node.mode == skipped or node.op.keyword == CHOICE):
            source[node.index] = taken[0] if node.mode == skipped else taken[1]
            renamed = True
    outputs = tuple((output, source[output.node]) for output in graph.outputs if output.mode != skipped)
    needed = bytearray(len(nodes))
    for _, at in outputs:
        needed[at] = 1
    lent = []
    for index in range(len(nodes) - 1, -1, -1):
        if needed[index]:
            taken = inputs[index]
            if len(taken) > 1 and nodes[index].op.syntax.reference:
                lent.append(index)
                needed[taken[0]] = 1
                continue
            for at in taken:
                needed[at] = 1
    for index in lent:
        # A tensor whose size alone is taken is never computed.
        if not needed[inputs[index][1]]:
            inputs[index] = inputs[index][:1]
    idle = tuple([nodes[at] for at in dead_ends(graph) if nodes[at].module is not None and nodes[at].mode != skipped])
    return Seen(tuple([node for node in nodes if needed[node.index]]), inputs, outputs, idle)


def _has_modes(graph: Graph) -> bool:
    return any(node.mode != "both" or node.op.keyword == CHOICE for node in graph.nodes) or any(
        output.mode != "both" for output in graph.outputs
    )


@recent(4)
def with_idle(seen: Seen) -> Seen:
    """The view with its idle layers among its nodes: what a table of all layers has."""
    if not seen.idle:
        return seen
    nodes = sorted((*seen.nodes, *seen.idle), key=lambda node: node.index)
    return seen._replace(nodes=tuple(nodes))


@recent(2)
def needed(graph: Graph) -> bytearray:
    """For each node by index, 1 where some output needs its values in some mode."""
    reached = bytearray(len(graph.nodes))
    for output in graph.outputs:
        reached[output.node] = 1
    for node in reversed(graph.nodes):
        if reached[node.index]:
            for at in carried(node, node.inputs):
                reached[at] = 1
    return reached


def dead_ends(graph: Graph) -> list[int]:
    """Nodes whose values no output needs in any mode, by index."""
    reached = needed(graph)
    return [node.index for node in graph.nodes if not reached[node.index] and node.inputs]


def carried(node: Node, inputs: tuple[int, ...]) -> tuple[int, ...]:
    """Those of a node's inputs whose values reach its output: a reference (``crop @t``) lends its size alone."""
    return inputs[:1] if node.op.syntax.reference else inputs


def _told(node: Node) -> Op:
    """The operator of a node that takes its size from a tensor, with that size as its own."""
    return node.op.model_copy(update={"to": node.shape[1:]})


def restrict(graph: Graph, view: View) -> Graph:
    """A graph of what ``view`` has alone, numbered anew. The tree of scopes, with the names, stays as it is.

    What took its size from a tensor that the view leaves out is told that size.
    """
    seen = see(graph, view)
    place = {node.index: index for index, node in enumerate(seen.nodes)}
    nodes = tuple(
        node.model_copy(
            update={
                "index": index,
                "inputs": tuple(place[at] for at in seen.inputs[node.index]),
                "head": place.get(node.head, index),
                "op": _told(node) if len(seen.inputs[node.index]) < len(node.inputs) else node.op,
            }
        )
        for index, node in enumerate(seen.nodes)
    )
    # A head that was left out leaves each of its followers a head of its own, and a head must be one.
    nodes = tuple(
        node if nodes[node.head].head == node.head else node.model_copy(update={"head": node.index}) for node in nodes
    )
    scopes = tuple(
        scope.model_copy(
            update={
                "enters": None if scope.enters is None else place.get(scope.enters),
                "result": None if scope.result is None else place.get(scope.result),
            }
        )
        for scope in graph.scopes
    )
    outputs = tuple(output.model_copy(update={"node": place[at]}) for output, at in seen.outputs)
    return graph.model_copy(
        update={
            "nodes": nodes,
            "scopes": scopes,
            "outputs": outputs,
            "inputs": tuple(place[at] for at in graph.inputs if at in place),
        }
    )
