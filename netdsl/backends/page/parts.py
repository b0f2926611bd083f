"""The drawings of a page: the overview, and what is inside of each of its blocks, with what stands for which layers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from netdsl.analyses.structure import Block, Item, Layer, layers
from netdsl.analyses.view import Seen, see
from netdsl.backends.canvas.engine import check_drawn
from netdsl.backends.canvas.options import Options
from netdsl.backends.canvas.svg import svg
from netdsl.backends.labels import plain, times
from netdsl.backends.overview.cards import Card, Row, rows
from netdsl.backends.overview.cells import Mark
from netdsl.backends.overview.flow import Side
from netdsl.backends.overview.layout import RowLayout
from netdsl.backends.overview.legend import drawn_in
from netdsl.backends.overview.page import Layout, Page
from netdsl.backends.page.excerpt import excerpt
from netdsl.backends.page.inside import inside
from netdsl.ir.graph import Graph
from netdsl.ir.print import show_value
from netdsl.ir.types import View

#: Layers beyond which a part is listed and not drawn: no screen shows them, and they would take long.
_MOST = 400
#: How many boxes inside of blocks count as one of the overview: they are laid out apart, and each soon.
_SMALL = 2
_HELP = "`netdsl stats` lists the layers"


class Mention(NamedTuple):
    """Something of a drawing that stands for layers: the id of its group in the SVG, and their indices in the graph.

    ``part`` is the place in ``Drawings.parts`` of what it opens, or None. ``tint`` is its kind, empty for a card, which
    holds others.
    """

    id: str
    words: str
    nodes: tuple[int, ...]
    part: int | None
    tint: str


class Part(NamedTuple):
    """What opens: a block, or layers of the overview that stand together.

    ``card`` numbers the card that it is of, ``number`` says which of its ``repeats`` it is. ``drawing`` is a place
    in ``Drawings.insides``, None for a part that is too large; ``drawn`` has the mentions there, without what opens.
    """

    name: str
    title: str
    card: int
    number: int
    repeats: int
    nodes: tuple[int, ...]
    drawing: int | None
    drawn: tuple[Drawn, ...]


class Drawn(NamedTuple):
    """A layer of an inside: the id of its group, the node that it is called after, and all that it stands for."""

    id: str
    head: int
    nodes: tuple[int, ...]


class Drawings(NamedTuple):
    """All of a page. ``quiet`` are the kinds that the overview draws into the layer beside them."""

    overview: str
    mentions: list[Mention]
    parts: list[Part]
    insides: list[str]
    description: str
    quiet: list[str]


class _Marked(Page):
    """An overview whose rows and cards have ids that say which they are."""

    def __init__(self, graph: Graph, view: View, options: Options, fits: Callable[[int], None]) -> None:
        self.found: dict[str, Row | Card] = {}
        super().__init__(graph, view, options, bare=True, fits=fits)

    def _layout(self) -> Layout:
        layout = super()._layout()
        # A screen has room below a strip.
        if self.options.direction == "auto" and isinstance(layout, RowLayout) and not self.flow.bows:
            return self._rows(layout)
        return layout

    def tip(self, row: Row) -> Mark:
        name = f"r{len(self.found)}"
        self.found[name] = row
        return Mark(name)

    def mark(self, card: Card, head: Side | None = None) -> Mark:
        name = f"c{len(self.found)}"
        self.found[name] = card
        return Mark(name)


def drawings(graph: Graph, view: View, options: Options, most: int) -> Drawings:
    """Everything that is drawn of a graph, of ``most`` boxes; those inside of blocks count half each.

    Raises :class:`netdsl.NetdslError` (ND218) for more boxes.
    """

    def fits(boxes: int) -> None:
        check_drawn(boxes, most, "this page", _HELP)

    page = _Marked(graph, view, options._replace(heat=None, theme="light", page=None), fits)
    scene = page.scene()
    fits(len(scene.boxes))
    inside = _Insides(graph, see(graph, view), view, most)
    cards = [found for found in page.found.values() if isinstance(found, Card)]
    # Before anything is drawn: each convolution and fc has at least a box of its own.
    parts = [_nodes(found) for card in cards for _, found in _pieces(card)]
    weighty = {node.index for node in graph.nodes if node.head == node.index and node.op.category in ("conv", "fc")}
    fits(sum(len(weighty.intersection(nodes)) for nodes in parts if len(nodes) <= _MOST) // _SMALL)
    opens: dict[int, int] = {}
    for number, card in enumerate(cards):
        first = inside.add(card, number)
        if first is not None:
            opens[id(card)] = first
    names = {id(found): name for name, found in page.found.items()}
    mentions = []
    loose = [found for found in page.found.values() if isinstance(found, Row)]
    for card in cards:
        part = opens.get(id(card))
        own = [row for row in rows(card.parts) if id(row) in names]
        if not _lone(card):
            mentions.append(Mention(names[id(card)], _title(card), _nodes(card.layers), part, ""))
        mentions += (Mention(names[id(row)], _words(row), _nodes(row.layers), part, row.tint) for row in own)
        loose = [row for row in loose if row not in own]
    mentions += (Mention(names[id(row)], _words(row), _nodes(row.layers), None, row.tint) for row in loose)
    text = bare(svg(scene).decode())
    _cover(see(graph, view), mentions)
    return Drawings(text, mentions, inside.parts, inside.drawings, scene.description, drawn_in(cards))


def _cover(seen: Seen, mentions: list[Mention]) -> None:
    """Gives what no row stands for, such as an activation on a shortcut, to the row of the tensor that enters it."""
    rows = {index: place for place, one in enumerate(mentions) if one.tint for index in one.nodes}
    for node in seen.nodes:
        if node.index in rows:
            continue
        place = next((rows[at] for at in seen.inputs[node.index] if at in rows), None)
        if place is not None:
            rows[node.index] = place
            mentions[place] = mentions[place]._replace(nodes=(*mentions[place].nodes, node.index))


def _nodes(found: Iterable[Layer]) -> tuple[int, ...]:
    return tuple(node.index for layer in found for node in layer.nodes)


def _lone(card: Card) -> bool:
    """Whether a card is drawn as the only row that it has."""
    return not card.title and len(list(rows(card.parts))) == 1 and not card.notes and isinstance(card.parts[0], Row)


def _words(row: Row) -> str:
    return row.text + times(row.times)


def _title(card: Card) -> str:
    words = " ".join(filter(None, [card.title, card.detail])) or ", ".join(map(_words, rows(card.parts)))
    return words + times(card.count)


class _Insides:
    """Draws parts, each form of them once."""

    def __init__(self, graph: Graph, seen: Seen, view: View, most: int) -> None:
        self.graph = graph
        self.seen = seen
        self.view = view
        self.most = most
        #: how many boxes all drawings have
        self.boxes = 0
        self.parts: list[Part] = []
        self.drawings: list[str] = []
        self.known: dict[str, int] = {}
        self.names: set[str] = set()

    def add(self, card: Card, number: int) -> int | None:
        """Adds the parts of a card; gives the one that looks as the card does, None where there is nothing inside."""
        pieces = _pieces(card)
        if not card.layers:
            return None
        if len(pieces) == 1 and len(card.layers) == 1 and not isinstance(pieces[0][0], Block):
            return None
        first = len(self.parts)
        for place, (item, found) in enumerate(pieces):
            nodes = tuple(sorted({node.index for layer in found for node in layer.nodes}))
            name, title = self._names(card, item, nodes)
            drawn: tuple[int | None, tuple[Drawn, ...]] = (None, ())
            if len(nodes) <= _MOST:
                drawn = self._draw(nodes, title)
            self.parts.append(Part(name, title, number, place, len(pieces), nodes, *drawn))
        return first + (1 if card.first and len(pieces) > 1 else 0)

    def _names(self, card: Card, item: Item | None, nodes: Sequence[int]) -> tuple[str, str]:
        """What a part is called in links, and the words above it."""
        first, last = self.graph.nodes[nodes[0]].name, self.graph.nodes[nodes[-1]].name
        name, title = f"{first}..{last}", card.title or "layers"
        if isinstance(item, Block):
            scope = self.graph.scopes[item.scope]
            values = ", ".join(f"{key}={show_value(value)}" for key, value in scope.arguments)
            name, title = scope.path or name, f"{scope.block}({values})" if values else str(scope.block)
        elif card.title:
            name = card.title
        if name in self.names:
            name = f"{first}..{last}"
        self.names.add(name)
        return name, title

    def _draw(self, nodes: Sequence[int], title: str) -> tuple[int, tuple[Drawn, ...]]:
        graph = excerpt(self.graph, self.seen, nodes, plain(title))
        scene, boxes = inside(graph, self.view)
        self.boxes += len(scene.boxes)
        check_drawn(self.boxes // _SMALL, self.most, "this page", _HELP)
        text = bare(svg(scene).decode())
        if text not in self.known:
            self.known[text] = len(self.drawings)
            self.drawings.append(text)
        # What enters comes first in an excerpt.
        before = len(graph.nodes) - len(nodes)
        return self.known[text], tuple(
            Drawn(name, nodes[int(name[1:])], tuple(nodes[at - before] for at in sorted(members) if at >= before))
            for name, members in boxes.items()
            if name.startswith("n")
        )


def _pieces(card: Card) -> list[tuple[Item | None, list[Layer]]]:
    """The repeats of a card one by one, or all of it; what stands between repeats goes to the last."""
    if len(card.items) < 2:
        return [(card.items[0] if card.items else None, card.layers)]
    pieces: list[tuple[Item | None, list[Layer]]] = [(item, list(layers([item]))) for item in card.items]
    own = {id(layer.head) for _, found in pieces for layer in found}
    pieces[-1][1].extend(layer for layer in card.layers if id(layer.head) not in own)
    return pieces


#: What a page does without: prologue, tooltips (the page has its own), and colour behind all.
_SUPERFLUOUS = re.compile(
    r"<\?xml.*?\?>\s*|<title>.*?</title>\s*|<desc>.*?</desc>\s*"
    r'|<rect class="page"[^>]*/>\s*|(?<=<svg) role="img"| xmlns="[^"]*"| xml:space="preserve"',
    re.DOTALL,
)


def bare(text: str) -> str:
    """The SVG as a part of a page."""
    return _SUPERFLUOUS.sub("", text).strip()
