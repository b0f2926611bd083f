"""One net as a column: boxes of layers and cards of blocks from the top down, by stage, and arcs of shortcuts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from netdsl.analyses.fold import Fold, fold, shortcut
from netdsl.analyses.line import line
from netdsl.analyses.structure import Block, Item, Layer, Mesh, Split, Structure, is_gate, layers, major
from netdsl.backends.overview.cards import Card, Row, block_card, contents, head_card, layer_row, rows
from netdsl.backends.overview.flow import flow
from netdsl.ir.graph import Graph
from netdsl.ir.types import Shape


@dataclass
class Arc:
    """A tensor that goes round elements, from the one of place ``source`` to that of ``target``.

    ``row`` is on its way: a projection, or None.
    """

    source: int
    target: int
    row: Row | None
    #: Whether its channels change on its way.
    projection: bool = False


@dataclass
class Aside:
    """A head beside the column, which begins at the element of place ``tap``."""

    tap: int
    name: str
    card: Card


@dataclass
class Stage:
    """Elements ``start`` up to ``stop``, of about one size of map; ``side`` is the mean length of its sides."""

    label: str
    side: float
    start: int
    stop: int


@dataclass
class Column:
    """All of it. A card of one row without a title is a box."""

    cards: list[Card] = field(default_factory=list)
    stages: list[Stage] = field(default_factory=list)
    arcs: list[Arc] = field(default_factory=list)
    asides: list[Aside] = field(default_factory=list)

    def rows(self) -> Iterable[Row]:
        """Every row, those on arcs and of heads too."""
        for card in [*self.cards, *(aside.card for aside in self.asides)]:
            yield from rows(card.parts)
        yield from (arc.row for arc in self.arcs if arc.row is not None)


def every_layer(graph: Graph, found: Structure) -> Column:
    """A box for each layer; modules with several branches are cards, repeats of them together."""
    return _Layers(graph, found).make()


def folded(graph: Graph, found: Structure) -> Column:
    """Blocks as the cards of an overview, their repeats together, and a box for equal layers in a row."""
    flown = flow(graph, found)
    made = Column()
    #: For each unit its last element, and for each row the element that it is on.
    last: list[int] = []
    home: dict[int, int] = {}
    for stage in flown.stages:
        start = len(made.cards)
        for number in stage.units:
            card = flown.units[number].card
            for each in [card] if card.title or card.count > 1 or card.notes else _boxes(card):
                home.update((id(row), len(made.cards)) for row in rows(each.parts))
                made.cards.append(each)
            last.append(len(made.cards) - 1)
        made.stages.append(_stage(stage.label, flown.units[stage.units[-1]].shape, start, len(made.cards)))
    for bow in flown.bows:
        join = list(rows(flown.units[bow.target].card.parts))[bow.line]
        way = [layer for row in bow.rows for layer in row.layers]
        made.arcs.append(Arc(last[bow.source], home[id(join)], _on_way(bow.rows), _projects(graph, way)))
    for number, unit in enumerate(flown.units):
        for side in unit.taps:
            made.asides.append(Aside(last[number], side.name, _upright(graph, side.card)))
    return _entered(made)


def _boxes(card: Card) -> list[Card]:
    """A card for each part of a stack."""
    made = []
    for part in card.parts:
        own = [layer for row in rows([part]) for layer in row.layers]
        made.append(Card("", "", 1, [part], [], own))
    return made


def _stage(label: str, shape: Shape, start: int, stop: int) -> Stage:
    side = math.prod(shape[1:]) ** (1 / (len(shape) - 1)) if len(shape) > 1 else 1.0
    return Stage(label, max(side, 1.0), start, stop)


def _entered(made: Column) -> Column:
    """The column with what enters in the band of its own size: that of the first stage, if that is equal."""
    first = made.stages[0]
    if not first.label and first.start < first.stop:
        layer = made.cards[first.start].layers[0]
        if not layer.nodes[0].inputs:
            shape = layer.shape
            first.label = "×".join(map(str, shape[1:]))
            first.side = _stage("", shape, 0, 0).side
            if len(made.stages) > 1 and made.stages[1].label == first.label:
                made.stages[1].start = first.start
                del made.stages[0]
    for stage in made.stages:
        if not stage.label and stage.side == 1:
            shapes = [card.shape for card in made.cards[stage.start : stage.stop]]
            stage.label = next(("×".join("1" * (len(shape) - 1)) for shape in shapes if len(shape) > 1), "")
    return made


def _on_way(found: Sequence[Row]) -> Row | None:
    """What is on an arc as one row."""
    if not found:
        return None
    words = " · ".join(row.short for row in found)
    return Row(words, words, found[-1].tint, [layer for row in found for layer in row.layers])


def _projects(graph: Graph, way: Sequence[Layer]) -> bool:
    """Whether layers on the way make other channels of a tensor, or weigh them."""
    if not way:
        return False
    entering = graph.input_shapes(way[0].nodes[0])
    return entering[0][0] != way[-1].shape[0] or any(layer.head.op.weight_layer for layer in way)


def _upright(graph: Graph, card: Card) -> Card:
    """A head's card with its layers below one another."""
    card.parts = contents(graph, card.layers) or card.parts
    return card


class _Layers:
    def __init__(self, graph: Graph, found: Structure) -> None:
        self.graph = graph
        self.found = found
        self.line = line(graph, found.items)
        self.made = Column()

    def make(self) -> Column:
        made = self.made
        parted = {bow.source for bow in self.line.bows} | {
            place for bow in self.line.bows for place in (bow.target - 1, bow.target)
        }
        taps = {id(head.tap.head): head for head in self.found.heads if head.tap is not None}
        #: For each item of the line its last element.
        last: list[int] = []
        for number, places in enumerate(self.line.stages):
            start = len(made.cards)
            run: list[Item] = []
            for place in places:
                item = self.line.items[place]
                run.append(item)
                if place == places[-1] or place in parted or any(id(one.head) in taps for one in layers([item])):
                    self._run(run)
                    last += [len(made.cards) - 1] * len(run)
                    run = []
            shape = self.line.items[places[-1]].shape
            made.stages.append(_stage(self.line.label(number), shape, start, len(made.cards)))
        for bow in self.line.bows:
            self._arc(last[bow.source], last[bow.target], bow.arm)
        for head in self.found.heads:
            tap = 0 if head.tap is None else self._element(head.tap)
            made.asides.append(Aside(tap, head.output.name, head_card(self.graph, head, upright=True)))
        return _entered(made)

    def _element(self, tap: Layer) -> int:
        """The place of the element that a layer is on."""
        for place, card in enumerate(self.made.cards):
            if any(layer.head is tap.head for layer in card.layers):
                return place
        return 0

    # -- items

    def _run(self, items: Sequence[Item]) -> None:
        """Adds items in a row. Modules of one form are one card."""
        if all(map(self._plain, items)):
            for item in items:
                self._add(item)
            return
        for found in fold(self.graph, items):
            if all(map(self._plain, found.items)):
                for item in found.items:
                    self._add(item)
                self._append(found.minor)
            else:
                self.made.cards.append(self._module(found))

    def _module(self, found: Fold) -> Card:
        card = block_card(self.graph, found)
        if isinstance(found.pattern, Mesh):
            card.notes = ("not one after another: see --as layers",)
        return card

    def _plain(self, item: Item) -> bool:
        """Whether an item is boxes one below another, and arcs round them."""
        if isinstance(item, Layer):
            return True
        if isinstance(item, Mesh):
            return False
        if isinstance(item, Block):
            return all(map(self._plain, item.items))
        if is_gate(self.graph, item):
            return all(isinstance(part, Row) for part in contents(self.graph, [item]))
        main = self._main(item)
        return main is not None and all(map(self._plain, item.arms[main]))

    def _main(self, split: Split) -> int | None:
        """The arm of a join that all others are arcs round; None where there is none."""
        beside = shortcut(self.graph, split)
        if beside is not None:
            return 1 - beside
        full = [place for place, arm in enumerate(split.arms) if major(arm)]
        return full[0] if len(full) == 1 else None

    def _add(self, item: Item) -> None:
        if isinstance(item, Layer):
            if item.minor and self.made.cards:
                self._append([item])
            else:
                self._box(layer_row(self.graph, item))
        elif isinstance(item, Block):
            for inner in item.items:
                self._add(inner)
        elif isinstance(item, Split):
            if is_gate(self.graph, item):
                for part in contents(self.graph, [item]):
                    assert isinstance(part, Row)
                    self._box(part)
                return
            main = self._main(item)
            assert main is not None
            source = len(self.made.cards) - 1
            for inner in item.arms[main]:
                self._add(inner)
            if item.join.head.op.keyword == "add":
                self._append([item.join])
            else:
                self._box(layer_row(self.graph, item.join))
            for place, arm in enumerate(item.arms):
                if place != main:
                    self._arc(source, len(self.made.cards) - 1, arm)

    def _arc(self, source: int, target: int, arm: Sequence[Item]) -> None:
        own = [layer_row(self.graph, layer) for layer in major(arm)]
        row = _on_way(own)
        if row is not None:
            row.layers = list(layers(arm))
        else:
            self._append(layers(arm), target)
        self.made.arcs.append(Arc(max(source, 0), target, row, _projects(self.graph, list(layers(arm)))))

    def _box(self, row: Row) -> None:
        self.made.cards.append(Card("", "", 1, [row], [], row.layers))

    def _append(self, found: Iterable[Layer], place: int = -1) -> None:
        """Gives layers that are no boxes of their own to one that is there."""
        own = list(rows(self.made.cards[place].parts))[-1].layers if self.made.cards else []
        for layer in found:
            own.append(layer)
            if self.made.cards[place].layers is not own:
                self.made.cards[place].layers.append(layer)
