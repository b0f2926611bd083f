"""A net in pieces that can be held against those of another: layers, shortcuts and gates, in blocks and branches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from netdsl.analyses.fold import shortcut
from netdsl.analyses.structure import Block, Item, Layer, Mesh, Split, Structure, is_gate, layers, major
from netdsl.analyses.view import Seen, needed
from netdsl.ir.graph import Graph, Node
from netdsl.ir.types import Shape


class Leaf(NamedTuple):
    """A layer; or a shortcut, or a gate, with the join that it leads to. ``name`` is relative to the group around it.

    ``over`` is how many pieces a shortcut goes round. ``form`` is equal for pieces that do the same with parameters of
    the same shapes; names and the maps' sizes do not count.
    """

    kind: Literal["layer", "shortcut", "gate"]
    name: str
    layers: tuple[Layer, ...]
    words: str
    over: int
    form: tuple[object, ...]


class Group(NamedTuple):
    """A call of a block, a join with its branches, one of these, layers that share tensors, or a further output.

    ``title`` is the block's name, the join's operator or the output's name; ``path`` that of the block's call.
    """

    kind: Literal["block", "split", "arm", "mesh", "head"]
    name: str
    title: str
    path: str
    parts: tuple[Leaf | Group, ...]
    form: tuple[object, ...]


Piece = Leaf | Group


def pieces(graph: Graph, found: Structure) -> tuple[Piece, ...]:
    """The way to the main output, then each further output."""
    maker = _Maker(graph)
    heads = [
        Group("head", head.output.name, head.output.name, "", (inner := maker.of(head.items, "")), _form("head", inner))
        for head in found.heads
    ]
    return (*maker.of(found.items, ""), *heads)


def everything(graph: Graph) -> Seen:
    """What acts in training and what acts in inference together: all that some output needs in either."""
    reached = needed(graph)
    nodes = tuple([node for node in graph.nodes if reached[node.index]])
    return Seen(nodes, [node.inputs for node in graph.nodes], tuple((output, output.node) for output in graph.outputs))


def leaves(found: Iterable[Piece]) -> Iterator[Leaf]:
    """All leaves, in order."""
    pending = [*found][::-1]
    while pending:
        piece = pending.pop()
        if isinstance(piece, Leaf):
            yield piece
        else:
            pending += piece.parts[::-1]


def nodes_of(piece: Piece) -> list[Node]:
    """All nodes of a piece."""
    return [node for leaf in leaves([piece]) for layer in leaf.layers for node in layer.nodes]


def words_of(graph: Graph, layer: Layer) -> str:
    """A layer's caption."""
    return caption(graph, layer.head)


def caption(graph: Graph, node: Node) -> str:
    """A few words for a node."""
    if node.op.category == "input":
        return f"{node.label or 'input'} {'×'.join(map(str, node.shape))}"
    return node.op.keyword if node.op.category == "merge" else node.op.caption(graph.input_shapes(node), node.shape)


class _Maker:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def of(self, items: Sequence[Item], base: str) -> tuple[Piece, ...]:
        found: list[Piece] = []
        for item in items:
            found += self._pieces(item, base)
        return tuple(found)

    def _pieces(self, item: Item, base: str) -> Iterator[Piece]:
        graph = self.graph
        if isinstance(item, Layer):
            yield self._leaf("layer", base, [item], item.head, words_of(graph, item))
        elif isinstance(item, Block):
            scope = graph.scopes[item.scope]
            parts = self.of(item.items, scope.path)
            title = scope.block or ""
            yield Group(
                "block", _relative(scope.path, base), title, scope.path, parts, _form("block", parts, scope.mode)
            )
        elif isinstance(item, Mesh):
            leaves_ = tuple(
                self._leaf("layer", base, [layer], layer.head, words_of(graph, layer)) for layer in item.layers
            )
            place = {node.index: at for at, node in enumerate(node for layer in item.layers for node in layer.nodes)}
            wiring = tuple(
                tuple(place.get(at, -1) for at in node.inputs) for layer in item.layers for node in layer.nodes
            )
            yield Group("mesh", "", "layers that share tensors", "", leaves_, (*_form("mesh", leaves_), wiring))
        else:
            yield from self._split(item, base)

    def _split(self, split: Split, base: str) -> Iterator[Piece]:
        beside = shortcut(self.graph, split)
        if is_gate(self.graph, split):
            sizes = [len(major(arm)) for arm in split.arms]
            gate = sizes.index(max(sizes))
            for place, arm in enumerate(split.arms):
                if place != gate:
                    yield from self.of(arm, base)
            yield self._leaf(
                "gate", base, [*layers(split.arms[gate]), split.join], split.join.head, self._gated(split, gate)
            )
            return
        if beside is not None:
            main = self.of(split.arms[1 - beside], base)
            yield from main
            way = major(split.arms[beside])
            words = " · ".join(words_of(self.graph, layer) for layer in way) or "identity"
            own = [*layers(split.arms[beside]), split.join]
            yield self._leaf("shortcut", base, own, split.join.head, f"+ {words}", sum(1 for _ in leaves(main)))
            return
        full = [place for place, arm in enumerate(split.arms) if major(arm)]
        if len(full) == 1:
            main = self.of(split.arms[full[0]], base)
            own = [layer for place, arm in enumerate(split.arms) if place != full[0] for layer in layers(arm)]
            words = words_of(self.graph, split.join)
            over = sum(1 for _ in leaves(main))
            join = self._leaf("shortcut", base, [*own, split.join], split.join.head, f"{words} with what enters", over)
            title = main[0].title if len(main) == 1 and isinstance(main[0], Group) else words
            parts: tuple[Piece, ...] = (*main, join)
            yield Group("split", _relative(split.join.head.name, base), title, "", parts, _form("split", parts))
            return
        arms: list[Piece] = []
        for place, arm in enumerate(split.arms):
            parts = self.of(arm, base)
            arms.append(Group("arm", str(place), f"branch {place + 1}", "", parts, _form("arm", parts)))
        words = words_of(self.graph, split.join)
        parts = (*arms, self._leaf("layer", base, [split.join], split.join.head, words))
        yield Group("split", _relative(split.join.head.name, base), words, "", parts, _form("split", parts))

    def _gated(self, split: Split, gate: int) -> str:
        weights = [layer.head for layer in major(split.arms[gate]) if layer.head.op.weight_layer]
        return f"squeeze-and-excitation, {weights[0].shape[0]}" if len(weights) == 2 else "× gate"

    def _leaf(
        self,
        kind: Literal["layer", "shortcut", "gate"],
        base: str,
        found: Sequence[Layer],
        named: Node,
        words: str,
        over: int = 0,
    ) -> Leaf:
        own = tuple(
            (node.op, tuple(tensor.shape for tensor in node.op.tensors(self.graph.input_shapes(node))), node.mode)
            for layer in found
            for node in layer.nodes
        )
        return Leaf(kind, _relative(named.name, base), tuple(found), words, over, (kind, over, own))


def _form(kind: str, parts: Sequence[Piece], *more: object) -> tuple[object, ...]:
    return (kind, *more, *(part.form for part in parts))


def _relative(name: str, base: str) -> str:
    return name.removeprefix(f"{base}.") if base else name


def entering(graph: Graph, node: Node) -> Shape:
    """The shape of the first tensor that enters a node, or its own where none does."""
    return graph.nodes[node.inputs[0]].shape if node.inputs else node.shape
