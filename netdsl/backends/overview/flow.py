"""The net as an overview shows it: cards and stacks of layers in one line, in stages by the size of the maps.

A join that spans stages, as in an hourglass, is part of the line; its other arm is a bow over it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from netdsl.analyses.fold import fold
from netdsl.analyses.line import line
from netdsl.analyses.structure import Block, Head, Item, Layer, Mesh, Structure, layers, major
from netdsl.backends.overview.cards import Card, Row, block_card, head_card, layer_row, rows, stack_card
from netdsl.ir.graph import Graph
from netdsl.ir.types import Shape, plural


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

    @property
    def cards(self) -> list[Card]:
        """The cards of the line, then those of its heads."""
        return [unit.card for unit in self.units] + [side.card for unit in self.units for side in unit.taps]

    @property
    def spoken(self) -> str:
        """The cards of each stage, in words."""
        stages = []
        for stage in self.stages:
            words = ", ".join(self.units[unit].card.spoken for unit in stage.units)
            stages.append(f"{stage.label}: {words}" if stage.label else words)
        return "; ".join(stages)


def least_boxes(flow: Flow, *, folded: bool = False) -> int:
    """How many boxes a drawing of this has at least, before anything is laid out; ``folded``: where blocks may lose
    their rows for want of room."""
    count = sum(len(bow.rows) for bow in flow.bows)
    for card in flow.cards:
        framed = bool(card.title or card.notes) or len(card.parts) > 1 or not isinstance(card.parts[0], Row)
        if framed:
            # A frame, its title and notes; two edges and a badge where it repeats.
            count += 1 + bool(card.title) + 3 * (card.count > 1) + (0 if folded else len(card.notes))
        if not (folded and card.title):
            # Beside a row its words and a badge where it repeats.
            count += sum(3 if row.times > 1 else 1 for row in rows(card.parts))
    return count


def flow(graph: Graph, found: Structure) -> Flow:
    """The line of a net."""
    return _Maker(graph, found).make()


class _Maker:
    def __init__(self, graph: Graph, found: Structure) -> None:
        self.graph = graph
        self.found = found
        self.line = line(graph, found.items)
        #: Items after which, and before which, a card ends.
        self.ends: set[int] = set()
        self.begins: set[int] = set()

    def make(self) -> Flow:
        taps = self._taps()
        flow = Flow([], [], [])
        unit_of: dict[int, int] = {}
        home = {place: stage for stage, places in enumerate(self.line.stages) for place in places}
        self.ends = {bow.source for bow in self.line.bows} | set(taps)
        self.begins = {bow.target for bow in self.line.bows if home[bow.source] == home[bow.target]}
        for stage, places in enumerate(self.line.stages):
            flow.stages.append(Stage(self.line.label(stage), []))
            for group in self._groups(places):
                for card, covers in self._cards(group):
                    unit_of.update(dict.fromkeys(covers, len(flow.units)))
                    flow.stages[-1].units.append(len(flow.units))
                    flow.units.append(Unit(card, stage))
        for source, target, arm in self.line.bows:
            join = self.line.items[target]
            lines = list(rows(flow.units[unit_of[target]].card.parts))
            at = next(at for at, row in enumerate(lines) if join in row.layers)
            flow.bows.append(Bow(unit_of[source], unit_of[target], list(self._on_way(arm)), at))
        for place, heads in taps.items():
            for head in heads:
                flow.units[unit_of[place]].taps.append(self._side(head))
        self._note_shared([card for unit in flow.units for card in (unit.card, *(tap.card for tap in unit.taps))])
        return flow

    def _note_shared(self, cards: Iterable[Card]) -> None:
        """Says on a card how many of its layers have the weights of layers before them."""
        applied: set[str | None] = {None}
        for card in cards:
            weighty = [
                node
                for layer in card.layers
                for node in layer.nodes
                if node.module is not None and node.op.tensors(self.graph.input_shapes(node))
            ]
            fresh = {node.module for node in weighty} - applied
            again = len(weighty) - len(fresh)
            applied |= fresh
            if again > 1:
                card.notes += (f"{again} layers have the weights of others",)
            elif again:
                card.notes += ("1 layer has the weights of another",)

    # -- cards

    def _groups(self, places: Sequence[int]) -> list[list[int]]:
        """The items of a stage, parted where a bow or a head leaves, and where a bow comes in from over the line."""
        groups: list[list[int]] = []
        fresh = True
        for place in places:
            if fresh or place in self.begins:
                groups.append([])
            groups[-1].append(place)
            fresh = place in self.ends
        return groups

    def _cards(self, places: Sequence[int]) -> Iterable[tuple[Card, list[int]]]:
        """A card for each block or run of blocks, and one for the layers between two of them."""
        plain: list[int] = []
        home = {id(self.line.items[place]): place for place in places}
        for found in fold(self.graph, [self.line.items[place] for place in places]):
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
        return stack_card(self.graph, [self.line.items[place] for place in places])

    def _on_way(self, arm: Iterable[Item]) -> Iterable[Row]:
        """The layers of an arm, one after another; what has arms of its own is one row with its name."""
        for item in arm:
            if isinstance(item, Layer):
                yield from (layer_row(self.graph, layer) for layer in major([item]))
            elif isinstance(item, Block) and all(isinstance(inner, Layer) for inner in item.items):
                yield from self._on_way(item.items)
            else:
                own = list(layers([item]))
                name = self.graph.scopes[item.scope].block if isinstance(item, Block) else None
                count = len(major([item]))
                words = f"{name or str(count) + ' ' + plural(count, 'layer')}, {item.shape[0]}"
                yield Row(words, words, "merge", own)

    # -- heads

    def _taps(self) -> dict[int, list[Head]]:
        home = {id(layer.head): place for place, item in enumerate(self.line.items) for layer in layers([item])}
        taps: dict[int, list[Head]] = {}
        for head in self.found.heads:
            place = home.get(id(head.tap.head), 0) if head.tap is not None else 0
            taps.setdefault(place, []).append(head)
        return taps

    def _side(self, head: Head) -> Side:
        return Side(head_card(self.graph, head), head.output.name, head.output.mode == "train")
