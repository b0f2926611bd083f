"""Some nodes of a graph as a graph of their own, for a drawing of them alone."""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.analyses.view import Seen
from netdsl.ir.graph import Graph, Node, Output
from netdsl.ops.internal import Input


def excerpt(graph: Graph, seen: Seen, members: Sequence[int], name: str) -> Graph:
    """The nodes ``members`` of a view, called ``n0``, ``n1``, … in their order, in a net called ``name``.

    Tensors that enter are its inputs: ``in``, or where there are several by their names. Scopes around all of the nodes
    are left out, so that two excerpts that look alike are equal but for their spans. They are for drawings alone: names
    say nothing of scopes any more, and scopes not what enters and leaves them.
    """
    own = set(members)
    entering = list(dict.fromkeys(at for index in members for at in seen.inputs[index] if at not in own))
    place = {at: number for number, at in enumerate([*entering, *members])}
    scopes = _scopes(graph, members)
    level = {index: number for number, index in enumerate(scopes)}
    nodes = []
    for at in entering:
        node = graph.nodes[at]
        label = "in" if len(entering) == 1 else node.name
        changes = {
            "index": place[at],
            "name": f"in{place[at]}",
            "op": Input.model_construct(shape=node.shape),
            "inputs": (),
        }
        nodes.append(
            node.model_copy(update={**changes, **_bare(place[at]), "scope": 0, "mode": "both", "label": label})
        )
    modules: dict[str, str] = {}
    for number, index in enumerate(members):
        node = graph.nodes[index]
        module = modules.setdefault(node.module, f"n{number}") if node.module is not None else None
        inputs = tuple(place[at] for at in seen.inputs[index])
        changes = {"index": place[index], "name": f"n{number}", "inputs": inputs, "scope": level[node.scope]}
        keep = {"label": node.label} if not inputs else {}
        bare = _bare(place.get(node.head, place[index]))
        nodes.append(node.model_copy(update={**changes, **bare, **keep, "module": module}))
    cut = len(graph.scopes[scopes[0]].path)
    trimmed = []
    for number, index in enumerate(scopes):
        scope = graph.scopes[index]
        changes = {
            "index": number,
            "parent": None if number == 0 else level[scope.parent or 0],
            "path": scope.path[cut:].lstrip("."),
            "enters": None,
            "result": None,
        }
        trimmed.append(scope.model_copy(update=changes))
    taken = {at for node in nodes for at in node.inputs}
    ends: list[Node] = [node for node in reversed(nodes) if node.index not in taken]
    return graph.model_copy(
        update={
            "name": name,
            "title": None,
            "variant": None,
            "nodes": tuple(nodes),
            "scopes": (trimmed[0].model_copy(update={"kind": "net", "block": None, "name": ""}), *trimmed[1:]),
            "inputs": tuple(node.index for node in nodes if not node.inputs),
            "outputs": tuple(Output.model_construct(name=node.name, node=node.index, span=node.span) for node in ends),
            "inits": (),
        }
    )


def _bare(head: int) -> dict[str, object]:
    return {"head": head, "label": None, "module": None}


def _scopes(graph: Graph, members: Sequence[int]) -> list[int]:
    """The innermost scope around all nodes, and those inside of it that lead to them, in order."""
    chains = [list(graph.ancestors(graph.nodes[index].scope))[::-1] for index in members]
    common = 0
    while all(len(chain) > common and chain[common] == chains[0][common] for chain in chains):
        common += 1
    return [chains[0][common - 1], *sorted({scope for chain in chains for scope in chain[common:]})]
