"""What of a net can be drawn as one block: the blocks that it calls, and its labelled scopes."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.analyses.view import restrict
from netdsl.diagnostics import Diagnostic, NetdslError
from netdsl.diagnostics.nearest import did_you_mean
from netdsl.ir.graph import Graph, Scope
from netdsl.ir.types import View

#: How many names a message lists.
_MOST = 12


class Drawable(NamedTuple):
    """A block of the spec with its calls, or a labelled scope, which is its own only one.

    ``name`` is what ``--as block:NAME`` takes. ``scopes`` are indices in ``Graph.scopes``, in the order of the net.
    """

    name: str
    block: bool
    scopes: tuple[int, ...]


def drawable(graph: Graph, view: View = "train") -> tuple[Drawable, ...]:
    """All that can be drawn of a net as one block: each block that it calls, in order, then each scope by its path.

    What a view leaves out whole is not among them.
    """
    return _drawable(restrict(graph, view))


def _drawable(graph: Graph) -> tuple[Drawable, ...]:
    computed = {around for node in graph.nodes for around in graph.ancestors(node.scope)}
    blocks: dict[str, list[int]] = {}
    paths: dict[str, Scope] = {}
    for scope in graph.scopes[1:]:
        # A scope of the kind `layer` has no more than what a style put around one.
        if scope.index not in computed or scope.kind == "layer":
            continue
        if scope.kind == "block" and scope.block:
            blocks.setdefault(scope.block, []).append(scope.index)
        # A join without a label has the path of what is around it.
        if scope.path and (scope.parent is None or scope.path != graph.scopes[scope.parent].path):
            paths.setdefault(scope.path, scope)
    found = [Drawable(name, True, tuple(scopes)) for name, scopes in blocks.items()]
    return (*found, *(Drawable(path, False, (scope.index,)) for path, scope in paths.items()))


def find(graph: Graph, name: str, view: View) -> tuple[Graph, Drawable]:
    """What is called ``name``, a block before a scope, and the graph of the view alone that it is of.

    Raises :class:`NetdslError` (ND011) where there is no such block or scope, with the nearest and the list of blocks.
    """
    seen = restrict(graph, view)
    every = _drawable(seen)
    for found in every:
        if found.name == name:
            return seen, found
    blocks = [found.name for found in every if found.block]
    others = [found.name for found in every if not found.block]
    message = f"the net has no block or scope `{name}`"
    if any(found.name == name for found in _drawable(restrict(graph, "train" if view == "infer" else "infer"))):
        message = f"`{name}` has nothing that the {'inference' if view == 'infer' else 'training'} view computes"
    kind = "blocks" if blocks else "scopes"
    listed = blocks or [path for path in others if "." not in path]
    shown = ", ".join(f"`{each}`" for each in listed[:_MOST]) + (" …" if len(listed) > _MOST else "")
    near = did_you_mean(name, [*blocks, *others])
    its = f"its {kind} are" if len(listed) > 1 else f"its only {kind[:-1]} is"
    help = near or (f"{its} {shown}" if shown else "it is a net of layers alone")
    raise NetdslError([Diagnostic("ND011", message, None, help)])
