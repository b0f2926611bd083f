"""The layer, scope or tensor that a name stands for, and the keys of layers in a checkpoint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from netdsl.ir.graph import Graph, Node, Scope
from netdsl.ir.types import Shape


class Key(NamedTuple):
    """One tensor of a layer in a checkpoint. ``kind`` is ``trained``, ``frozen`` or ``buffer``."""

    key: str
    shape: Shape
    kind: Literal["trained", "frozen", "buffer"]


class Names(NamedTuple):
    """What a label may stand for. ``found`` is one thing, or None; ``like`` are longer names that end so."""

    found: Node | Scope | None
    like: tuple[str, ...] = ()


def find(graph: Graph, label: str) -> Names:
    """The layer, scope or tensor of a name: a module, a scope's path, a key, a tensor, an input or an output.

    ``@name`` is a tensor. The end of a dotted name is enough where only one name ends so, and the name of a block where
    it is called once.
    """
    tensors = _tensors(graph)
    if label.startswith("@"):
        name = label[1:]
        return Names(tensors[name]) if name in tensors else _by_end(name, tensors)
    modules: dict[str, Node | Scope] = {}
    for node in graph.nodes:
        modules.setdefault(node.name, node)
        if node.module is not None:
            modules.setdefault(node.module, node)
    for scope in graph.scopes[1:]:
        modules.setdefault(scope.path, scope)
    for known in (modules, tensors, _of_keys(graph)):
        if label in known:
            return Names(known[label])
    found = _by_end(label, {**tensors, **modules})
    if not found.like and len(calls := calls_of(graph, label)) == 1:
        return Names(calls[0])
    return found


def calls_of(graph: Graph, block: str) -> tuple[Scope, ...]:
    """The scopes of a block's calls, in the order of the net."""
    return tuple(scope for scope in graph.scopes if scope.block == block)


def names(graph: Graph) -> Iterator[str]:
    """Every name that :func:`find` knows, keys left out."""
    for node in graph.nodes:
        yield node.name
    for scope in graph.scopes[1:]:
        yield scope.path
    yield from _tensors(graph)


def _tensors(graph: Graph) -> dict[str, Node | Scope]:
    found: dict[str, Node | Scope] = {}
    for node in graph.nodes:
        if node.label is not None:
            path = graph.scopes[node.scope].path
            found.setdefault(f"{path}.{node.label}" if path else node.label, node)
    for output in graph.outputs:
        found.setdefault(output.name, graph.nodes[output.node])
    return found


def _of_keys(graph: Graph) -> dict[str, Node | Scope]:
    found: dict[str, Node | Scope] = {}
    for node in graph.nodes:
        for key in keys(graph, node):
            found.setdefault(key.key, node)
    return found


def _by_end(label: str, known: Mapping[str, Node | Scope]) -> Names:
    like = {name: thing for name, thing in known.items() if name.endswith(f".{label}")}
    things = {id(thing): thing for thing in like.values()}
    return Names(next(iter(things.values())) if len(things) == 1 else None, tuple(like))


def keys(graph: Graph, node: Node) -> tuple[Key, ...]:
    """The keys of a layer in a checkpoint."""
    if node.module is None:
        return ()
    found = []
    for tensor in node.op.tensors(graph.input_shapes(node)):
        key = f"{node.module}.{tensor.name}" if tensor.name else node.module
        found.append(Key(key, tensor.shape, "buffer" if tensor.buffer else "trained" if tensor.trainable else "frozen"))
    return tuple(found)
