"""A net as one line of items, in stages by the size of its maps.

A join that spans stages, as in an hourglass, is part of the line; its other arm is a bow over it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from netdsl.analyses.structure import Block, Item, Layer, Mesh, Split, is_gate
from netdsl.ir.graph import Graph
from netdsl.ir.types import Shape

#: A map that is this much smaller or larger than the one before begins a stage.
_STEP = 0.7
#: Layers beyond which the arm of a join is drawn in the line.
_LONG = 16


class Bow(NamedTuple):
    """A tensor that goes past part of the line, from an item to a join, both by their place; ``arm`` is on its way."""

    source: int
    target: int
    arm: tuple[Item, ...]


class Line(NamedTuple):
    """All of it. A stage is the places of its items, in order."""

    items: list[Item]
    bows: list[Bow]
    stages: list[list[int]]

    def label(self, stage: int) -> str:
        """The size of a stage's maps: ``28×28``; empty for what enters and for vectors."""
        places = self.stages[stage]
        shapes = [_map(self.items[place]) for place in places]
        first = self.items[places[0]]
        if (isinstance(first, Layer) and not first.nodes[0].inputs) or _size(shapes[-1]) <= 1:
            return ""
        one, other = _spatial(shapes[0]), _spatial(shapes[-1])
        return one if one == other else f"{_square(shapes[0])} → {_square(shapes[-1])}"


def line(graph: Graph, items: Iterable[Item]) -> Line:
    """The line of a net, whose way to the main output is ``items``."""
    maker = _Maker(graph)
    maker.add(items)
    return Line(maker.items, maker.bows, _stages(maker.items))


class _Maker:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.items: list[Item] = []
        self.bows: list[Bow] = []
        #: Of joins and blocks, which stand in one another: how many layers they have but minor ones, and the least map.
        self._counts: dict[int, int] = {}
        self._least: dict[int, float] = {}

    def add(self, items: Iterable[Item], around: frozenset[str | None] = frozenset()) -> None:
        """Adds items to the line. ``around`` are the blocks that are drawn as what is in them."""
        for item in items:
            block = self.graph.scopes[item.scope].block if isinstance(item, Block) else None
            if isinstance(item, Block) and (block in around or self._transparent(item)):
                self.add(item.items, around | {block})
            elif isinstance(item, Split) and self._long(item) and self.items:
                self._bowed(item, around)
            else:
                self.items.append(item)

    def _bowed(self, split: Split, around: frozenset[str | None]) -> None:
        sizes = [self._major(arm) for arm in split.arms]
        main = sizes.index(max(sizes))
        if any(size > 4 for place, size in enumerate(sizes) if place != main):
            self.items.append(split)
            return
        source = len(self.items) - 1
        self.add(split.arms[main], around)
        target = len(self.items)
        self.items.append(split.join)
        self.bows += (Bow(source, target, arm) for place, arm in enumerate(split.arms) if place != main)

    def _transparent(self, block: Block) -> bool:
        """Whether a block is drawn as what is in it: it is made of blocks, or spans stages."""
        inner = [item for item in block.items if isinstance(item, Block) and not self._gate(item)]
        if any(isinstance(item, Split) and self._long(item) for item in block.items):
            return True
        return bool(inner) and (any(map(self._joins, inner)) or self._major(block.items) > _LONG)

    def _gate(self, item: Item) -> bool:
        if isinstance(item, Block) and len(item.items) == 1:
            return self._gate(item.items[0])
        return isinstance(item, Split) and is_gate(self.graph, item)

    def _joins(self, item: Item) -> bool:
        """Whether there is a join in it other than a gate."""
        if isinstance(item, Split):
            return not is_gate(self.graph, item)
        return isinstance(item, Block) and any(map(self._joins, item.items))

    def _long(self, split: Split) -> bool:
        if is_gate(self.graph, split):
            return False
        size = _size(split.shape)
        for arm in split.arms:
            if self._smallest(arm) < _STEP * size:
                return True
            blocks = [item for item in arm if isinstance(item, Block)]
            if self._major(arm) > _LONG or any(map(self._joins, blocks)):
                return len(split.arms) <= 3
        return False

    def _major(self, items: Iterable[Item]) -> int:
        """How many layers are more than a norm, an activation or the like."""
        count = 0
        for item in items:
            if isinstance(item, Layer):
                count += not item.minor
                continue
            if id(item) not in self._counts:
                self._counts[id(item)] = sum(map(self._major, _inside(item)))
            count += self._counts[id(item)]
        return count

    def _smallest(self, items: Iterable[Item]) -> float:
        """The size of the smallest map of layers that are in no gate and make no join; infinite where there is none."""
        least = math.inf
        for item in items:
            if isinstance(item, Layer):
                least = min(least, _size(item.shape))
                continue
            if id(item) not in self._least:
                parts = item.arms if isinstance(item, Split) else _inside(item)
                self._least[id(item)] = math.inf if self._gate(item) else min(map(self._smallest, parts))
            least = min(least, self._least[id(item)])
        return least


def _inside(item: Split | Mesh | Block) -> tuple[Sequence[Item], ...]:
    """What stands in an item: its arms and their join, or its one series."""
    if isinstance(item, Split):
        return (*item.arms, (item.join,))
    return (item.layers if isinstance(item, Mesh) else item.items,)


def _stages(items: Sequence[Item]) -> list[list[int]]:
    """What enters, then a list for each size of map, then what has no map."""
    stages: list[list[int]] = []
    before: float | None = None
    for place, item in enumerate(items):
        size = _size(_map(item))
        entering = isinstance(item, Layer) and not item.nodes[0].inputs
        if entering and (not stages or before is None):
            if not stages:
                stages.append([])
            stages[-1].append(place)
            continue
        if before is None or size < _STEP * before or size * _STEP > before:
            stages.append([])
        stages[-1].append(place)
        before = size
    return stages


def _map(item: Item) -> Shape:
    """The shape of what an item gives, before the flattening or reshaping that is drawn into it."""
    return item.head.shape if isinstance(item, Layer) else item.shape


def _size(shape: Shape) -> float:
    """The mean length of a map's sides; 1 for a vector."""
    return math.prod(shape[1:]) ** (1 / (len(shape) - 1)) if len(shape) > 1 else 1


def _spatial(shape: Shape) -> str:
    return "×".join(map(str, shape[1:]))


def _square(shape: Shape) -> str:
    power = {2: "²", 3: "³"}.get(len(shape) - 1)
    return f"{shape[1]}{power}" if power and len(set(shape[1:])) == 1 else _spatial(shape)
