"""The net as an overview shows it: cards and stacks of layers in one line, in stages by the size of the maps.

A join that spans stages, as in an hourglass, is part of the line; its other arm is a bow over it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from netdsl.analyses.fold import fold
from netdsl.analyses.structure import Block, Head, Item, Layer, Mesh, Split, Structure, is_gate, layers, major
from netdsl.backends.overview.cards import Card, Row, block_card, head_card, layer_row, rows, stack_card
from netdsl.ir.graph import Graph
from netdsl.ir.types import Shape

#: A map that is this much smaller or larger than the one before begins a stage.
_STEP = 0.7
#: Layers beyond which the arm of a join is drawn in the line.
_LONG = 16


@dataclass
class Unit:
    """One thing in the line. ``stage`` is its place in ``Flow.stages``, ``taps`` are the heads that leave from it."""

    card: Card
    stage: int
    taps: list[Side] = field(default_factory=list)

    @property
    def shape(self) -> Shape:
        """Of the tensor that leaves."""
        return self.card.shape


@dataclass
class Side:
    """A head beside the line."""

    card: Card
    name: str
    training: bool


@dataclass
class Bow:
    """A tensor that goes past part of the line, from unit ``source`` to a join on the card of unit ``target``.

    ``rows`` are on its way; ``line`` is the join's place among the rows of the card.
    """

    source: int
    target: int
    rows: list[Row]
    line: int


@dataclass
class Stage:
    """Units of about one size of map; ``label`` is that size, empty for what enters and for vectors."""

    label: str
    units: list[int]


@dataclass
class Flow:
    """All of it. ``units`` are in the order of the line."""

    units: list[Unit]
    stages: list[Stage]
    bows: list[Bow]


@dataclass
class _Step:
    """An item of the line before stages are made."""

    item: Item
    begins: bool = False
    ends: bool = False


def flow(graph: Graph, found: Structure) -> Flow:
    """The line of a net."""
    return _Maker(graph, found).make()


class _Maker:
    def __init__(self, graph: Graph, found: Structure) -> None:
        self.graph = graph
        self.found = found
        self.steps: list[_Step] = []
        #: Bows by places in ``steps``.
        self.bows: list[tuple[int, int, list[Row]]] = []

    def make(self) -> Flow:
        self._line(self.found.items)
        taps = self._taps()
        for source, _, _ in self.bows:
            self.steps[source].ends = True
        for place in taps:
            self.steps[place].ends = True
        flow = Flow([], [], [])
        unit_of: dict[int, int] = {}
        stages = self._stages()
        home = {place: stage for stage, places in enumerate(stages) for place in places}
        for source, target, _ in self.bows:
            self.steps[target].begins = home[source] == home[target]
        for stage, places in enumerate(stages):
            flow.stages.append(Stage(self._label(places), []))
            for group in self._groups(places):
                for card, covers in self._cards(group):
                    unit_of.update(dict.fromkeys(covers, len(flow.units)))
                    flow.stages[-1].units.append(len(flow.units))
                    flow.units.append(Unit(card, stage))
        for source, target, rows_ in self.bows:
            join = self.steps[target].item
            lines = list(rows(flow.units[unit_of[target]].card.parts))
            line = next(at for at, row in enumerate(lines) if join in row.layers)
            flow.bows.append(Bow(unit_of[source], unit_of[target], rows_, line))
        for place, heads in taps.items():
            for head in heads:
                flow.units[unit_of[place]].taps.append(self._side(head))
        return flow

    # -- the line

    def _line(self, items: Iterable[Item], around: frozenset[str | None] = frozenset()) -> None:
        """Adds items to the line. ``around`` are the blocks that are drawn as what is in them."""
        for item in items:
            block = self.graph.scopes[item.scope].block if isinstance(item, Block) else None
            if isinstance(item, Block) and (block in around or self._transparent(item)):
                self._line(item.items, around | {block})
            elif isinstance(item, Split) and self._long(item) and self.steps:
                self._bowed(item, around)
            else:
                self.steps.append(_Step(item))

    def _bowed(self, split: Split, around: frozenset[str | None]) -> None:
        sizes = [len(major(arm)) for arm in split.arms]
        main = sizes.index(max(sizes))
        if any(size > 4 for place, size in enumerate(sizes) if place != main):
            self.steps.append(_Step(split))
            return
        source = len(self.steps) - 1
        self._line(split.arms[main], around)
        target = len(self.steps)
        self.steps.append(_Step(split.join))
        for place, arm in enumerate(split.arms):
            if place != main:
                self.bows.append((source, target, [layer_row(self.graph, layer) for layer in major(arm)]))

    def _transparent(self, block: Block) -> bool:
        """Whether a block is drawn as what is in it: it is made of blocks, or spans stages."""
        inner = [item for item in block.items if isinstance(item, Block) and not self._gate(item)]
        if any(isinstance(item, Split) and self._long(item) for item in block.items):
            return True
        return bool(inner) and (any(map(self._joins, inner)) or len(major(block.items)) > _LONG)

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
            sizes = [_size(layer.shape) for layer in self._off_gates(arm)]
            if sizes and min(sizes) < _STEP * size:
                return True
            blocks = [item for item in arm if isinstance(item, Block)]
            if len(major(arm)) > _LONG or any(map(self._joins, blocks)):
                return len(split.arms) <= 3
        return False

    def _off_gates(self, items: Iterable[Item]) -> Iterable[Layer]:
        for item in items:
            if self._gate(item):
                continue
            if isinstance(item, Block):
                yield from self._off_gates(item.items)
            elif isinstance(item, Split):
                for arm in item.arms:
                    yield from self._off_gates(arm)
            else:
                yield from layers([item])

    # -- stages and cards

    def _stages(self) -> list[list[int]]:
        """Places in ``steps``: what enters, then a list for each size of map, then what has no map."""
        stages: list[list[int]] = []
        before: float | None = None
        for place, step in enumerate(self.steps):
            size = _size(step.item.shape)
            entering = isinstance(step.item, Layer) and not step.item.nodes[0].inputs
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

    def _label(self, places: Sequence[int]) -> str:
        shapes = [self.steps[place].item.shape for place in places]
        first = self.steps[places[0]].item
        if (isinstance(first, Layer) and not first.nodes[0].inputs) or _size(shapes[-1]) <= 1:
            return ""
        one, other = _spatial(shapes[0]), _spatial(shapes[-1])
        return one if one == other else f"{_square(shapes[0])} → {_square(shapes[-1])}"

    def _groups(self, places: Sequence[int]) -> list[list[int]]:
        """The steps of a stage, parted where a bow or a head leaves, and where a bow comes in from over the line."""
        groups: list[list[int]] = []
        fresh = True
        for place in places:
            if fresh or self.steps[place].begins:
                groups.append([])
            groups[-1].append(place)
            fresh = self.steps[place].ends
        return groups

    def _cards(self, places: Sequence[int]) -> Iterable[tuple[Card, list[int]]]:
        """A card for each block or run of blocks, and one for the layers between two of them."""
        plain: list[int] = []
        home = {id(self.steps[place].item): place for place in places}
        for found in fold(self.graph, [self.steps[place].item for place in places]):
            covered = sorted(home[id(item)] for item in (*found.items, *found.minor))
            if isinstance(found.pattern, (Layer, Mesh)):
                plain += covered
                continue
            if plain:
                yield self._stack(plain), plain
                plain = []
            yield block_card(self.graph, found), covered
        if plain:
            yield self._stack(plain), plain

    def _stack(self, places: Sequence[int]) -> Card:
        return stack_card(self.graph, [self.steps[place].item for place in places])

    # -- heads

    def _taps(self) -> dict[int, list[Head]]:
        home = {id(layer.head): place for place, step in enumerate(self.steps) for layer in layers([step.item])}
        taps: dict[int, list[Head]] = {}
        for head in self.found.heads:
            place = home.get(id(head.tap.head), 0) if head.tap is not None else 0
            taps.setdefault(place, []).append(head)
        return taps

    def _side(self, head: Head) -> Side:
        training = head.output.mode == "train"
        words = ["in training only"] if training else []
        words += [f"loss ×{head.output.weight:g}"] if head.output.weight is not None else []
        card = head_card(self.graph, head.items, head.output.name, " · ".join(words), training=training)
        return Side(card, head.output.name, training)


def _size(shape: Shape) -> float:
    """The mean length of a map's sides; 1 for a vector."""
    return math.prod(shape[1:]) ** (1 / (len(shape) - 1)) if len(shape) > 1 else 1


def _spatial(shape: Shape) -> str:
    return "×".join(map(str, shape[1:]))


def _square(shape: Shape) -> str:
    power = {2: "²", 3: "³"}.get(len(shape) - 1)
    return f"{shape[1]}{power}" if power and len(set(shape[1:])) == 1 else _spatial(shape)
