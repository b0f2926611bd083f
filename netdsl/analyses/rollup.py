"""Which layers belong together: in a block of the spec, or in a stage of one spatial size."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.analyses.paths import main_path
from netdsl.analyses.view import Seen
from netdsl.ir.graph import Graph, Node
from netdsl.ir.types import Shape, show_shape

#: Scopes that a roll-up by block looks into, where they have scopes inside.
_CONTAINERS = frozenset({"net", "group", "table", "repeat", "path"})


class Piece(NamedTuple):
    """Layers that a roll-up takes together.

    ``what`` is the block's name or the scope's kind, the operator of a layer that stands alone, or a stage's size.
    ``members`` are places in ``Seen.nodes``; ``result`` is the index of the node whose tensor leaves the piece.
    """

    name: str
    what: str
    members: list[int]
    result: int


def blocks(graph: Graph, seen: Seen) -> list[Piece]:
    """One piece for each outermost block call, and for each labelled group or join that has no scopes inside.

    What stands in none of them is one piece for each layer written, with what its style adds. In the order of the
    pieces' first layers; linear in nodes and scopes.
    """
    children = graph.children()
    # For each scope the one whose piece its layers go to; None for a scope that is looked into.
    target: list[int | None] = [None] * len(graph.scopes)
    for scope in graph.scopes[1:]:
        assert scope.parent is not None
        above = target[scope.parent]
        if above is not None:
            target[scope.index] = above
        elif scope.kind not in _CONTAINERS or not children[scope.index]:
            target[scope.index] = scope.index
    members: dict[tuple[str, int], list[int]] = {}
    for place, node in enumerate(seen.nodes):
        scope_index = target[node.scope]
        key = ("head", node.head) if scope_index is None else ("scope", scope_index)
        members.setdefault(key, []).append(place)
    pieces = []
    for (kind, index), places in members.items():
        last = seen.nodes[places[-1]]
        if kind == "head":
            head = graph.nodes[index]
            pieces.append(Piece(head.name, head.op.keyword, places, last.index))
        else:
            pieces.append(_scope_piece(graph, seen, index, places, last))
    return pieces


def _scope_piece(graph: Graph, seen: Seen, index: int, places: list[int], last: Node) -> Piece:
    scope = graph.scopes[index]
    inside = {seen.nodes[place].index for place in places}
    result = scope.result if scope.result in inside else None
    # A bracket or join without a name has its parent's path.
    named = scope.path and (scope.parent is None or scope.path != graph.scopes[scope.parent].path)
    head = graph.nodes[seen.nodes[places[0]].head].op.keyword
    what = scope.block or (head if scope.kind == "layer" else scope.kind)
    return Piece(scope.path if named else last.name, what, places, last.index if result is None else result)


def stages(graph: Graph, seen: Seen) -> list[Piece]:
    """The main path cut where its spatial size changes; a piece for each further output after them.

    A block's call is not cut where one layer in its midst changes the size: it is of the stage that it makes. A layer
    beside the path counts in the stage that it leads to, and one that leads to no output in that of what enters it.
    Linear in the nodes.
    """
    main = seen.outputs[0][1]
    on_path: dict[int, int] = {}
    sizes: list[str] = []
    results: list[int] = []
    path = list(main_path(graph, seen, main))
    cuts = _cuts(graph, path)
    for place, node in enumerate(path):
        if place in cuts:
            sizes.append(_size(path[cuts[place]].shape))
            results.append(node.index)
        results[-1] = node.index
        on_path[node.index] = len(sizes) - 1
    count = len(sizes) + len(seen.outputs) - 1
    wanted = [count] * len(graph.nodes)
    for place, (_, at) in enumerate(seen.outputs[1:], len(sizes)):
        wanted[at] = min(wanted[at], place)
        results.append(at)
    for index in range(len(graph.nodes) - 1, -1, -1):
        wanted[index] = on_path.get(index, wanted[index])
        for at in seen.inputs[index]:
            wanted[at] = min(wanted[at], wanted[index])
    for index, stage in enumerate(wanted):
        if stage == count:
            # Nothing takes up what comes of it.
            wanted[index] = max((wanted[at] for at in seen.inputs[index]), default=0)
    members: list[list[int]] = [[] for _ in range(count)]
    for place, node in enumerate(seen.nodes):
        members[wanted[node.index]].append(place)
    names = _names([[seen.nodes[place] for place in places] for places in members[: len(sizes)]])
    names += [output.name for output, _ in seen.outputs[1:]]
    sizes += [_size(graph.nodes[at].shape) for _, at in seen.outputs[1:]]
    pieces = zip(names, sizes, members, results, strict=True)
    return [Piece(name, size, places, result) for name, size, places, result in pieces if places]


def _cuts(graph: Graph, path: list[Node]) -> dict[int, int]:
    """Where stages begin on a path, each with the place of the node that has the stage's size first.

    That is the same place, but inside of a block's call where no other size begins, and where what follows has weights
    or joins branches: then the call begins the stage, or the outermost such call.
    """
    changes = [at for at, node in enumerate(path) if at == 0 or _size(node.shape) != _size(path[at - 1].shape)]
    around: dict[int, list[int]] = {}
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for at, node in enumerate(path):
        if node.scope not in around:
            scopes = graph.ancestors(node.scope)
            around[node.scope] = [index for index in scopes if graph.scopes[index].kind == "block"]
        for index in around[node.scope]:
            first.setdefault(index, at)
            last[index] = at
    cuts: dict[int, int] = {}
    for number, at in enumerate(changes):
        before = changes[number - 1] if number else -1
        after = changes[number + 1] if number + 1 < len(changes) else len(path)
        begin = at
        for index in around[path[at].scope]:
            if first[index] <= before or last[index] >= after:
                break
            if any(_weighty(graph, node) for node in path[at + 1 : last[index] + 1]):
                begin = min(begin, first[index])
        cuts[begin] = at
    return cuts


def _weighty(graph: Graph, node: Node) -> bool:
    """Whether a node joins branches, or has the weights of a linear layer."""
    return len(node.inputs) > 1 or node.op.linear


def _names(stages: list[list[Node]]) -> list[str]:
    """``stage1``, ``stage2``, …; a first stage of nothing but inputs is called ``input``."""
    entering = all(not node.inputs for node in stages[0])
    names = [f"stage{number}" for number in range(0 if entering else 1, len(stages) + (0 if entering else 1))]
    return ["input", *names[1:]] if entering else names


def _size(shape: Shape) -> str:
    """The spatial size; a vector counts as a map of 1×1, so that a flattening begins no stage."""
    return show_shape(shape[1:]) if any(length != 1 for length in shape[1:]) else "1"
