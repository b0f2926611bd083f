"""Names modules as a class writes them, where their names are no keys."""

from __future__ import annotations

from netdsl.elaborate.names import MODULE_ATTRIBUTES
from netdsl.ir.graph import Graph, Node


def spell_attributes(graph: Graph) -> Graph:
    """The graph whose modules have the paths that they have in the generated classes.

    A module without parameters and buffers is in no checkpoint, so its name is free. Where it has but a number among
    members with labels (``2`` beside ``conv`` and ``bn``), it takes its keyword, with a count if there are several, so
    that a class says ``self.relu``. Where all members are numbered, or the name is taken, the number stays. All other
    names are as the graph has them, and a graph without such a module is returned as it is.
    """
    members: dict[str, dict[str, Node | None]] = {}
    for node in graph.nodes:
        path = node.module or ""
        inner: Node | None = node
        while path:
            path, _, name = path.rpartition(".")
            members.setdefault(path, {}).setdefault(name, inner)
            inner = None
    renamed: dict[str, str] = {}
    for path, children in members.items():
        if any(not name.isdigit() for name in children):
            renamed.update(_spelt(graph, path, children))
    if not renamed:
        return graph
    nodes = [
        node if node.module not in renamed else node.model_copy(update={"module": renamed[node.module]})
        for node in graph.nodes
    ]
    return graph.model_copy(update={"nodes": tuple(nodes)})


def _spelt(graph: Graph, path: str, children: dict[str, Node | None]) -> dict[str, str]:
    """New paths of the numbered members of a scope that are no keys; a member that is a scope has None for a node."""
    kinds: dict[str, list[str]] = {}
    for name, node in children.items():
        if name.isdigit() and node is not None and not node.op.tensors(graph.input_shapes(node)):
            kinds.setdefault(node.op.keyword, []).append(name)
    spelt: dict[str, str] = {}
    for keyword, numbers in kinds.items():
        joint = "_" if keyword[-1].isdigit() else ""
        names = [f"{keyword}{joint}{at}" for at in range(1, len(numbers) + 1)]
        if len(names) == 1 and keyword not in MODULE_ATTRIBUTES:
            names = [keyword]
        if not children.keys() & names:
            prefix = f"{path}." if path else ""
            spelt.update({prefix + number: prefix + name for number, name in zip(numbers, names, strict=True)})
    return spelt
