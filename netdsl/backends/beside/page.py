"""Several nets as a page: titles above their columns, bands of one size of map across all, a legend below."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from netdsl.analyses.cost import costs_by_node, costs_of
from netdsl.analyses.stats import stats
from netdsl.analyses.structure import Layer, structure
from netdsl.analyses.titles import net_names
from netdsl.analyses.view import see
from netdsl.backends.beside.bands import align
from netdsl.backends.beside.column import Column, every_layer, folded
from netdsl.backends.beside.place import Placed, draw_arc, place_lanes
from netdsl.backends.canvas.metrics import width
from netdsl.backends.canvas.options import LEAST, Options
from netdsl.backends.canvas.palette import BANDS, GREY, INK, WHITE, colours
from netdsl.backends.canvas.scene import Box, Line, Scene
from netdsl.backends.captions import caption
from netdsl.backends.costs import exact, rounded, total
from netdsl.backends.labels import metric, show, times
from netdsl.backends.overview import heat
from netdsl.backends.overview.cards import Card, Row, rows, summary
from netdsl.backends.overview.cells import ROW, SMALL, SMALL_ROW, UNMARKED, Mark, Sheet
from netdsl.backends.overview.legend import heat_bar, inside, swatches
from netdsl.ir.graph import Graph
from netdsl.ir.types import View, show_axes, show_shape

#: How much is drawn: every layer, blocks folded into cards, or what fits.
Detail = Literal["layers", "cards", "auto"]

#: A drawing with every layer may be as high as this, in points.
_TALLEST = 2000.0
#: Between boxes, between stages, between columns; the narrowest box; around what is in a band.
_GAP, _FAR, _BETWEEN, _BOX, _INSET = 7.0, 10.0, 26.0, 92.0, 9.0
_HEADING = 34.0


def beside(
    graphs: Sequence[Graph], view: View = "train", options: Options | None = None, detail: Detail = "auto"
) -> Scene:
    """Nets in columns, stages of one size of map at one height.

    With ``auto`` every layer is drawn where the drawing is no higher than a screen or two, and blocks are cards
    elsewhere. Where it is to fit a page, less is drawn until the smallest text has :data:`LEAST` points: cards for
    blocks, then no small print, then no rows on the cards. ``Scene.smallest`` says what came of it.
    """
    options = options or Options()
    ladder = [0] if detail == "layers" else [1] if detail == "cards" else [0, 1]
    if options.page and detail != "layers":
        ladder += [2, 3]
    for step in ladder:
        page = _Page(graphs, view, options, step)
        scene = page.scene()
        if scene.smallest >= LEAST if options.page else step > 0 or scene.h <= _TALLEST:
            break
    return scene


class _Net:
    """One net with its numbers and its column."""

    def __init__(self, graph: Graph, name: str, number: int, view: View, options: Options, step: int) -> None:
        self.graph = graph
        self.number = number
        self.view = view
        seen = see(graph, view)
        self.costs = costs_by_node(graph, seen)
        found = structure(graph, seen)
        self.column: Column = folded(graph, found) if step else every_layer(graph, found)
        if step > 1:
            for card in self.column.cards:
                card.first = []
        if step > 2:
            for card in self.column.cards:
                summary(card)
        self.step = step
        self.options = options
        self.name = name

    def total(self, of: Sequence[Layer]) -> tuple[int, int]:
        """Parameters and MACs of layers."""
        return total(self.costs[node.index] for layer in of for node in layer.nodes)

    def small(self, card: Card) -> str:
        """The small print of a card."""
        kind, shown = self.options.heat, self.options.labels
        if self.step > 1:
            return ""
        if kind:
            every = [self.costs[node.index] for layer in card.layers for node in layer.nodes]
            return heat.said(kind, sum(heat.amount(kind, cost) for cost in every), 0)
        return rounded(*self.total(card.layers), ("params", "macs") if shown is None else shown)

    def notes(self, stage: int) -> list[str]:
        """What was asked for of a stage: the shape that leaves it, the receptive field at its end, and its costs."""
        shown = self.options.labels or ()
        here = self.column.stages[stage]
        cards = self.column.cards[here.start : here.stop]
        if not cards:
            return []
        ends = [show(cards[-1].shape)] if "shapes" in shown else []
        ends += [self._field(cards[-1])] if "rf" in shown else []
        # Cards have their own.
        of = [layer for card in cards for layer in card.layers] if self.step == 0 else []
        return [line for line in (" · ".join(filter(None, ends)), rounded(*self.total(of), shown)) if line]

    def _field(self, card: Card) -> str:
        last = max((node for layer in card.layers for node in layer.nodes), key=lambda node: node.index)
        fields = {row.name: row.receptive_field for row in stats(self.graph, view=self.view).layers}
        field = fields.get(last.name)
        return "" if field is None else f"rf {show_axes(field)}"

    def title(self) -> str:
        """Parameters and MACs of the net in inference."""
        every = list(self.costs.values())
        if any(node.mode != "both" for node in self.graph.nodes):
            every = costs_of(self.graph, see(self.graph, "infer"), 1)
        params, macs = total(every)
        return f"{metric(params)} params · {metric(macs)} MACs"

    def tip(self, row: Row) -> Mark:
        """The id of a row, what a browser shows for it, and its numbers."""
        if not row.layers:
            return UNMARKED
        params, macs = self.total(row.layers)
        heads = [layer.head for layer in row.layers]
        layer = next((one for one in row.layers if not one.minor and one.head.op.category != "merge"), row.layers[0])
        said = f"{heads[0].name}: {', '.join(caption(self.graph, node) for node in layer.nodes)}"
        numbers = exact(params, macs)
        data = {
            "op": layer.head.op.keyword,
            "shape": show_shape(layer.shape),
            "params": str(params),
            "macs": str(macs),
            "layers": " ".join(head.name for head in heads),
        }
        return Mark(
            f"net{self.number + 1}-{layer.head.name}", "\n".join([said, show_shape(layer.shape), *numbers]), data
        )

    def mark(self, card: Card) -> Mark:
        """The same of a card with a title."""
        if not card.title:
            return UNMARKED
        params, macs = self.total(card.layers)
        name = self.graph.scopes[card.scopes[0]].path if card.scopes else card.title
        said = [card.title + times(card.count), show_shape(card.shape), *exact(params, macs)]
        data = {"count": str(card.count), "params": str(params), "macs": str(macs)}
        return Mark(f"net{self.number + 1}-card-{name}", "\n".join(said), data)


class _Page:
    def __init__(self, graphs: Sequence[Graph], view: View, options: Options, step: int) -> None:
        self.options = options
        named = zip(graphs, net_names(graphs), strict=True)
        self.nets = [_Net(graph, name, number, view, options, step) for number, (graph, name) in enumerate(named)]
        self.most = self._heat() if options.heat else 0
        self.bands = align([[stage.side for stage in net.column.stages] for net in self.nets])
        self.placed = [self._placed(net) for net in self.nets]
        self.lanes = [place_lanes(net.column.arcs) for net in self.nets]

    def _heat(self) -> int:
        """Gives each row of each net its colour, by one scale for all nets; gives the largest amount."""
        kind = self.options.heat
        assert kind is not None
        every = [(row, heat.total(kind, net.costs, row)) for net in self.nets for row in net.column.rows()]
        most = max((spent for _, spent in every), default=0)
        for row, spent in every:
            if spent:
                row.share = f"{metric(4 * spent)}B" if kind == "memory" else metric(spent)
            elif row.tint not in ("input", "merge"):
                row.share = "–"
            row.fill, row.ink = heat.shade(spent, most) if spent else (WHITE, None)
        return most

    # -- places

    def _placed(self, net: _Net) -> list[Placed]:
        sheets = []
        for card in net.column.cards:
            sheet = Sheet(
                card, net.small(card) if card.title or len(list(rows(card.parts))) > 1 else "", net.mark(card)
            )
            sheets.append(sheet)
        boxes = max((sheet.w for sheet in sheets if sheet.pill), default=0.0)
        placed = []
        for sheet in sheets:
            if sheet.pill:
                sheet.w = max(boxes, _BOX)
            placed.append(Placed(sheet))
        return placed

    def _rows(self) -> list[tuple[float, float]]:
        """The top and the bottom of each band; places all elements from the top down."""
        y = 0.0
        found = []
        for band in self.bands:
            high = 0.0
            for net, placed, place in zip(self.nets, self.placed, band):
                if place is None:
                    continue
                stage = net.column.stages[place]
                at = y + _INSET
                for element in placed[stage.start : stage.stop]:
                    element.y = at
                    at += element.high + _GAP
                at += SMALL_ROW * len(net.notes(place))
                high = max(high, at - _GAP + _INSET - y)
            high = max(high, 13.0 * len(self._labels(band)) + 18)
            found.append((y, y + high))
            y += high + 2
        return found

    def _labels(self, band: Sequence[int | None]) -> list[str]:
        """The sizes of a band, those that nets share once."""
        pairs = [net.column.stages[place].label for net, place in zip(self.nets, band) if place is not None]
        return list(dict.fromkeys(label for label in pairs if label))

    def scene(self) -> Scene:
        """The page."""
        scene = Scene(" and ".join(net.name for net in self.nets), self._description())
        scene.colours = colours(self.options.theme)
        bands = self._rows()
        words = [label for band in self.bands for label in self._labels(band)]
        gutter = max([width("output", SMALL), *(width(word, 10, bold=True) for word in words)]) + 20
        sides = [self._asides(net, placed) for net, placed in zip(self.nets, self.placed)]
        x = gutter
        axes = []
        for net, placed, lanes, aside in zip(self.nets, self.placed, self.lanes, sides):
            half = max(element.sheet.reach for element in placed) / 2
            heading = max(width(net.name, 13, bold=True), width(net.title(), 9)) / 2
            notes = [line for stage in range(len(net.column.stages)) for line in net.notes(stage)]
            left = max([half, heading, *(width(line, SMALL) + 8 for line in notes)])
            right = max(half + lanes.width + max((sheet.w + 22 for sheet, _ in aside), default=0.0), heading)
            axes.append((x + left, half))
            x += left + right + _BETWEEN
        room = x - _BETWEEN + _INSET
        top = 8 + _HEADING
        deepest = max([bands[-1][1], *(y + sheet.h for aside in sides for sheet, y in aside)])
        for number, (band, (start, end)) in enumerate(zip(self.bands, bands)):
            last = number == len(bands) - 1
            self._band(
                scene, number, band, top + start, top + (max(end, deepest + _INSET) if last else end), room, gutter
            )
        for number, net in enumerate(self.nets):
            self._column(scene, net, number, *axes[number], top, sides[number])
        bottom = top + max(bands[-1][1], deepest + _INSET if deepest > bands[-1][1] else 0)
        scene.h = self._legend(scene, bottom + 14, max(room, 240.0))
        scene.w = max([room, *(box.x + box.w for box in scene.boxes)])
        scene.fit(self.options.page)
        return scene

    def _asides(self, net: _Net, placed: list[Placed]) -> list[tuple[Sheet, float]]:
        """The heads of a net with their heights, each beside where it begins or below the one before."""
        found: list[tuple[Sheet, float]] = []
        free = 0.0
        for aside in net.column.asides:
            sheet = Sheet(aside.card, net.small(aside.card), net.mark(aside.card), "card head")
            y = max(free, placed[aside.tap].y)
            found.append((sheet, y))
            free = y + sheet.h + 10
        return found

    # -- drawing

    def _band(
        self,
        scene: Scene,
        number: int,
        band: Sequence[int | None],
        top: float,
        bottom: float,
        room: float,
        gutter: float,
    ) -> None:
        labels = self._labels(band)
        colour = BANDS[number % 2]
        name = f"stage-{'-'.join(labels).replace('×', 'x')}" if labels else "stage-vectors"
        with scene.group("stage", name, data={"size": " ".join(labels)}):
            scene.boxes.append(Box(0, top, room, bottom - top, fill=colour, stroke=colour, round=True))
            middle = (top + bottom) / 2 - 6.5 * (len(labels) - 1)
            if labels:
                scene.text(gutter / 2, middle - 7, "output", SMALL, ink=GREY, align="c")
            for line, label in enumerate(labels):
                scene.text(gutter / 2, middle + 5 + 13 * line, label, 10, bold=True, ink=INK, align="c")

    def _column(
        self,
        scene: Scene,
        net: _Net,
        number: int,
        axis: float,
        half: float,
        top: float,
        asides: list[tuple[Sheet, float]],
    ) -> None:
        placed, lanes = self.placed[number], self.lanes[number]
        params, macs = total(net.costs.values())
        data = {"net": net.name, "params": str(params), "macs": str(macs)}
        with scene.group("net", f"net{number + 1}", data=data):
            with scene.group("title"):
                scene.text(axis, 10, net.name, 13, bold=True, ink=INK, align="c")
                scene.text(axis, 26, net.title(), 9, ink=GREY, align="c")
            for element in placed:
                element.x, element.y = axis - element.sheet.w / 2, element.y + top
                element.sheet.draw(scene, element.x, element.y, net.tip)
            for before, after in pairwise(placed):
                scene.lines.append(Line(((axis, before.y + before.high), (axis, after.y))))
            for place, stage in enumerate(net.column.stages):
                last = placed[stage.stop - 1] if stage.stop > stage.start else None
                for line, words in enumerate(net.notes(place) if last is not None else ()):
                    assert last is not None
                    y = last.y + last.high + 7 + SMALL_ROW * line
                    scene.text(axis - 5, y, words, SMALL, ink=GREY, align="r")
            for arc, lane in zip(net.column.arcs, lanes.of):
                draw_arc(scene, placed, arc, axis + half + lanes.axes[lane], net.tip)
            right = axis + half + lanes.width + 18
            for aside, (sheet, y) in zip(net.column.asides, asides):
                self._aside(scene, placed[aside.tap], sheet, right, y + top, net)

    def _aside(self, scene: Scene, tap: Placed, sheet: Sheet, x: float, y: float, net: _Net) -> None:
        sheet.draw(scene, x, y, net.tip)
        start = (tap.x + tap.sheet.w, tap.y + min(tap.high / 2, ROW / 2))
        end = (x, max(y + 9, start[1]) if start[1] < y + sheet.h - 6 else y + 9)
        turn = x - 9
        points = [start, (turn, start[1]), (turn, end[1]), end] if abs(start[1] - end[1]) > 0.5 else [start, end]
        scene.lines.append(Line(tuple(points), dashed=sheet.card.training, kind="edge head"))

    def _legend(self, scene: Scene, y: float, room: float) -> float:
        with scene.group("legend"):
            every = [row for net in self.nets for row in net.column.rows()]
            if self.options.heat:
                amount = f"{metric(4 * self.most)}B" if self.options.heat == "memory" else metric(self.most)
                y = heat_bar(scene, y, room, [f"{amount} {heat.NAMES[self.options.heat]}, one scale for all"])
            else:
                y = swatches(scene, {row.tint for row in every}, y, room)
            cards = [card for net in self.nets for card in net.column.cards]
            return inside(scene, cards + [aside.card for net in self.nets for aside in net.column.asides], y)

    def _description(self) -> str:
        """The columns in words."""
        said = []
        for net in self.nets:
            stages = []
            for stage in net.column.stages:
                words = ", ".join(card.spoken for card in net.column.cards[stage.start : stage.stop])
                stages.append(f"{stage.label}: {words}" if stage.label else words)
            said.append(f"{net.name}: {'; '.join(stages)}.")
        return f"{len(self.nets)} nets side by side. {' '.join(said)}"
