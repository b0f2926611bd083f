"""Takes what stands in one scope out of a graph."""

from __future__ import annotations

from netdsl.ir.graph import Graph, Node, Output
from netdsl.ops.internal import Input


def extract(graph: Graph, scope: int) -> Graph:
    """The nodes of a scope and of those inside it as a graph of their own.

    Tensors that enter are its inputs, first that of ``Scope.enters``; they keep names and shapes, and stand in scope 0.
    What something outside takes, or the graph returns, is an output, first ``Scope.result`` as ``main``, the others by
    their labels. Scope 0 is ``scope``, and the paths of those inside are as before. A tensor that only lends its size
    is an input too.
    Raises ``ValueError`` for a scope without nodes, or one that nothing outside takes anything of.
    """
    within = {scope}
    for each in graph.scopes[scope + 1 :]:
        if each.parent in within:
            within.add(each.index)
    inside = [node for node in graph.nodes if node.scope in within]
    own = {node.index for node in inside}
    leaving = {at for node in graph.nodes if node.index not in own for at in node.inputs if at in own}
    leaving |= {output.node for output in graph.outputs if output.node in own}
    if not leaving:
        raise ValueError(f"nothing is computed in the scope {graph.scopes[scope].path!r}")
    root = graph.scopes[scope]
    entering = list(dict.fromkeys(at for node in inside for at in node.inputs if at not in own))
    entering.sort(key=lambda at: at != root.enters)
    place = {at: number for number, at in enumerate([*entering, *(node.index for node in inside)])}
    level = {index: number for number, index in enumerate(sorted(within))}

    nodes = [_entering(graph.nodes[at], place[at]) for at in entering]
    for node in inside:
        changes = {
            "index": place[node.index],
            "inputs": tuple(place[at] for at in node.inputs),
            "scope": level[node.scope],
            "head": place[node.head] if node.head in own else place[node.index],
        }
        nodes.append(node.model_copy(update=changes))
    scopes = []
    for index in sorted(within):
        old = graph.scopes[index]
        changes = {
            "index": level[index],
            "parent": None if index == scope else level[old.parent or 0],
            "enters": place.get(-1 if old.enters is None else old.enters),
            "result": place.get(-1 if old.result is None else old.result),
        }
        scopes.append(old.model_copy(update=changes))
    # It is a net of its own; those inside keep their paths.
    top = {"kind": "net", "path": "", "name": "", "block": None, "arguments": (), "numbered": False, "reuses": False}
    scopes[0] = scopes[0].model_copy(update=top)
    ends = sorted(leaving, key=lambda at: (at != root.result, -at))
    outputs = tuple(
        Output.model_construct(
            name=graph.nodes[at].label or graph.nodes[at].name if number else "main",
            node=place[at],
            span=graph.nodes[at].span,
        )
        for number, at in enumerate(ends)
    )
    changes = {
        "nodes": tuple(nodes),
        "scopes": tuple(scopes),
        "inputs": tuple(range(len(entering))),
        "outputs": outputs,
        "inits": (),
    }
    return graph.model_copy(update=changes)


def _entering(node: Node, index: int) -> Node:
    op = Input.model_construct(shape=node.shape)
    changes = {"index": index, "op": op, "inputs": (), "module": None, "scope": 0, "head": index, "mode": "both"}
    return node.model_copy(update=changes)
