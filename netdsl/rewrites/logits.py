"""Takes the soft-max off the end of a net."""

from __future__ import annotations

from netdsl.analyses.view import CHOICE
from netdsl.ir.graph import Graph, Node


def strip_probabilities(graph: Graph) -> Graph:
    """The graph whose outputs are the logits: a soft-max (``Op.probabilities``) at the end of an output is taken off.

    It goes whether it acts in both modes or in one. What only a soft-max stood on stays; a soft-max that something else
    uses too stays for that, and the output moves before it. Names of modules do not change, and a soft-max has no
    parameters, so a checkpoint loads before and after. A graph without one is returned as it is.
    """
    ends = {output.node: _before(graph, output.node) for output in graph.outputs}
    if all(at == end for at, end in ends.items()):
        return graph
    outputs = tuple(output.model_copy(update={"node": ends[output.node]}) for output in graph.outputs)
    used = {output.node for output in outputs}
    kept: list[Node] = []
    # Backwards: what was passed on the way to the logits goes once nothing that stays takes its tensor.
    passed = {at for end in ends for at in _passed(graph, end)}
    for node in reversed(graph.nodes):
        if node.index in passed and node.index not in used:
            continue
        used.update(node.inputs)
        kept.append(node)
    kept.reverse()
    return _renumbered(graph.model_copy(update={"outputs": outputs}), kept)


def _before(graph: Graph, index: int) -> int:
    """The last node before the soft-maxes that end in ``index``."""
    node = graph.nodes[index]
    if node.op.probabilities:
        return _before(graph, node.inputs[0])
    if node.op.keyword == CHOICE and _before(graph, node.inputs[1]) == _before(graph, node.inputs[0]):
        return _before(graph, node.inputs[0])
    return index


def _passed(graph: Graph, index: int) -> set[int]:
    node = graph.nodes[index]
    if _before(graph, index) == index:
        return set()
    return {index}.union(*(_passed(graph, at) for at in node.inputs))


def _renumbered(graph: Graph, kept: list[Node]) -> Graph:
    """The graph with only these of its nodes; scopes stay, and one that ended in a lost node has no result."""
    place = {node.index: index for index, node in enumerate(kept)}
    nodes = tuple(
        node.model_copy(
            update={
                "index": index,
                "inputs": tuple(place[at] for at in node.inputs),
                "head": place.get(node.head, index),
            }
        )
        for index, node in enumerate(kept)
    )
    before = {node.index: _before(graph, node.index) for node in graph.nodes if node.index not in place}
    scopes = tuple(
        scope.model_copy(
            update={
                key: None if at is None else place.get(before.get(at, at))
                for key, at in (("enters", scope.enters), ("result", scope.result))
            }
        )
        for scope in graph.scopes
    )
    return graph.model_copy(
        update={
            "nodes": nodes,
            "scopes": scopes,
            "inputs": tuple(place[at] for at in graph.inputs),
            "outputs": tuple(output.model_copy(update={"node": place[output.node]}) for output in graph.outputs),
        }
    )
