"""Nets as the styles see them: the items of the main path with repeats folded, and what each of them costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from netdsl.analyses.cost import costs_by_node
from netdsl.analyses.depth import depths
from netdsl.analyses.fold import Fold, fold
from netdsl.analyses.stats import Stats, stats
from netdsl.analyses.structure import Block, Head, Item, Layer, Mesh, Split, is_gate, layers, structure
from netdsl.analyses.view import see
from netdsl.backends.costs import total
from netdsl.ir.graph import Graph
from netdsl.ir.types import Shape, View, show_shape


class Spent(NamedTuple):
    """What some layers have and do."""

    params: int
    macs: int


class Net:
    """One net in one view, under the title of its column. ``items`` are its main path, in order."""

    def __init__(self, title: str, graph: Graph, view: View) -> None:
        self.title = title
        self.graph = graph
        self.numbers: Stats = stats(graph, view=view)
        seen = see(graph, view)
        found = structure(graph, seen)
        self.items: tuple[Item, ...] = tuple(opened(found.items))
        self.heads: tuple[Head, ...] = found.heads
        self.folds: list[Fold] = fold(graph, self.items)
        #: For each scope the nodes in it, those of scopes inside among them.
        self.inside: Counter[int] = Counter(scope for node in seen.nodes for scope in graph.ancestors(node.scope))
        self._costs = costs_by_node(graph, seen)
        self._depths = depths(graph, seen)

    def spent(self, items: Iterable[Item]) -> Spent:
        """Parameters and multiply-adds of some items."""
        return Spent(*total(self._costs[node.index] for layer in layers(items) for node in layer.nodes))

    def depth(self, item: Item) -> int:
        """Weight layers on the longest path through an item."""
        nodes = [node for layer in layers([item]) for node in layer.nodes]
        before = max((self._depths[at] for at in nodes[0].inputs), default=0)
        return self._depths[nodes[-1].index] - before

    @property
    def inputs(self) -> str:
        """What enters: ``224×224 RGB image`` for three channels, else the shape."""
        words = []
        for name, shape in self.numbers.inputs():
            shown = f"{show_shape(shape[1:])} RGB image" if len(shape) == 3 and shape[0] == 3 else show_shape(shape)
            words.append(shown if len(self.numbers.inputs()) == 1 else f"{name} {shown}")
        return ", ".join(words)


def size(shape: Shape) -> str:
    """The spatial size, ``1×1`` for a vector: ``56×56``."""
    axes = shape[1:]
    return show_shape(axes) if axes else "1×1"


def is_map(shape: Shape) -> bool:
    """Whether a tensor has more than one place."""
    return any(length != 1 for length in shape[1:])


def opened(items: Iterable[Item]) -> Iterator[Item]:
    """The items, with blocks in the place of those that hold several blocks, or pool on their way.

    So DenseNet's dense block is its layers, and a transition its convolution and its pooling.
    """
    for item in items:
        if isinstance(item, Block) and _opens(item):
            yield from opened(item.items)
        else:
            yield item


def _opens(block: Block) -> bool:
    composed = sum(map(composite, block.items))
    called = sum(1 for item in block.items if isinstance(item, Block) and not _gates(item))
    pools = any(
        isinstance(item, Layer) and item.head.op.category == "pool" and is_map(item.shape) for item in block.items
    )
    return composed > 1 or (composed > 0 and called > 1) or (composed == 0 and pools)


def composite(item: Item) -> bool:
    """Whether there are branches in an item, gates apart."""
    if isinstance(item, Split):
        # A gate is told by its shapes alone here: one arm ends in one value a channel.
        return item.join.nodes[0].op.keyword != "mul"
    if isinstance(item, Block):
        return any(map(composite, item.items))
    return isinstance(item, Mesh)


def _gates(block: Block) -> bool:
    return all(isinstance(item, Split) and not composite(item) for item in block.items)


def joins(net: Net, keyword: str) -> list[Split]:
    """The joins of a kind in the net's items, from outside in; gates are none."""
    return [
        split for item in net.items for split in _splits(net.graph, item) if split.join.nodes[0].op.keyword == keyword
    ]


def _splits(graph: Graph, item: Item) -> Iterator[Split]:
    if isinstance(item, Split):
        if not is_gate(graph, item):
            yield item
        for arm in item.arms:
            for inner in arm:
                yield from _splits(graph, inner)
    elif isinstance(item, Block):
        for inner in item.items:
            yield from _splits(graph, inner)
