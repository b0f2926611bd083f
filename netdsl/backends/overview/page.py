"""An overview as a page: the title above, the net, the legend below."""

from __future__ import annotations

from collections.abc import Callable

from netdsl.analyses.cost import costs_by_node
from netdsl.analyses.stats import stats
from netdsl.analyses.structure import Layer, structure
from netdsl.analyses.titles import net_name
from netdsl.analyses.view import see
from netdsl.backends.canvas.options import LEAST, Label, Options
from netdsl.backends.canvas.palette import colours
from netdsl.backends.canvas.scene import PAD, Scene
from netdsl.backends.canvas.title import draw_title, totals
from netdsl.backends.captions import caption
from netdsl.backends.costs import exact, rounded, total
from netdsl.backends.labels import times
from netdsl.backends.overview import heat
from netdsl.backends.overview.cards import Card, Row, rows, summary
from netdsl.backends.overview.cells import SMALL, UNMARKED, Mark, Sheet
from netdsl.backends.overview.down import CardColumns
from netdsl.backends.overview.flow import Flow, Side, flow, least_boxes
from netdsl.backends.overview.hourglass import Hourglass, is_hourglass
from netdsl.backends.overview.layout import Placed, RowLayout, place, rows_of
from netdsl.backends.overview.legend import draw_legend
from netdsl.ir.graph import Graph
from netdsl.ir.types import View, show_axes, show_shape

#: A net that is no wider than this in points is drawn as one strip.
STRIP = 1320
#: What rows are fitted to where no page is asked for: a slide's sides, in parts.
_SLIDE = (16.0, 9.0)
#: What is written where nothing else is asked for.
LABELS: tuple[Label, ...] = ("shapes", "params", "macs")
Layout = RowLayout | Hourglass | CardColumns

#: Height of the title and the legend, and what a stage in several rows is worth against one in one.
_FURNITURE, _BROKEN = 80.0, 0.75
#: Widths up to which rows are tried in small steps.
_FINE = 4000.0


def overview(
    graph: Graph, view: View = "train", options: Options | None = None, fits: Callable[[int], None] | None = None
) -> Scene:
    """The overview of a net. ``fits`` is told, before anything is laid out, how many boxes it has at least.

    Where it is to fit a page, less is drawn until the smallest text has :data:`LEAST` points: first without small print
    on the cards, then without their rows. ``Scene.smallest`` says what came of it.
    """
    options = options or Options()
    pages = (Page(graph, view, options, sparse, fits=fits) for sparse in range(3 if options.page else 1))
    for page in pages:
        scene = page.scene()
        if options.page is None or scene.smallest >= LEAST:
            break
    return scene


class Page:
    """One overview. ``sparse`` is 1 without small print, 2 without rows on titled cards too.

    ``bare`` leaves out the title and the legend, for where something around the drawing says them.
    """

    def __init__(
        self,
        graph: Graph,
        view: View,
        options: Options,
        sparse: int = 0,
        *,
        bare: bool = False,
        fits: Callable[[int], None] | None = None,
    ) -> None:
        self.bare = bare
        self.graph = graph
        self.view = view
        self.options = options
        self.sparse = sparse
        self.labels = LABELS if options.labels is None else options.labels
        seen = see(graph, view)
        self.seen = seen
        self.flow: Flow = flow(graph, structure(graph, seen))
        cards = self.flow.cards
        if fits is not None:
            fits(least_boxes(self.flow, folded=options.page is not None))
        self.costs = costs_by_node(graph, seen)
        if sparse:
            for card in cards:
                card.first = []
        if sparse > 1:
            for card in cards:
                summary(card)
        self.most = 0.0
        if options.heat:
            found = [row for card in cards for row in rows(card.parts)]
            found += [row for bow in self.flow.bows for row in bow.rows]
            self.most = heat.colour(options.heat, self.costs, found)
        if "rf" in self.labels:
            self._receptive_fields()
        small = {id(card): "" if sparse else self._cost(card.layers) for card in cards}
        self.sheets = [Sheet(unit.card, small[id(unit.card)], self.mark(unit.card)) for unit in self.flow.units]
        self.sides = [
            [Sheet(side.card, small[id(side.card)], self.mark(side.card, side), "card head") for side in unit.taps]
            for unit in self.flow.units
        ]

    def scene(self) -> Scene:
        """The drawing."""
        layout = self._layout()
        scene = Scene(net_name(self.graph), self._description(), colours=colours(self.options.theme))
        top = 0.0 if self.bare else self._title(scene, layout.w)
        layout.draw(scene, 0, top, self.tip)
        chosen = (self.options.heat, self.most) if self.options.heat else None
        room = layout.w if self.options.page else max(layout.w, 300)
        end = top + layout.h
        scene.h = end if self.bare else draw_legend(scene, self.flow, end + 14, room, chosen)
        ends = (x for line in scene.lines for x, _ in line.points)
        scene.w = max([layout.w, *(box.x + box.w for box in scene.boxes), *ends])
        scene.fit(self.options.page)
        return scene

    # -- places

    def _layout(self) -> Layout:
        shapes, way, page = "shapes" in self.labels, self.options.direction, self.options.page
        if way in ("down", "columns") or (way == "rows" and self.flow.bows):
            return self._columns(whole=way == "down", down=way != "rows")
        if way == "auto" and is_hourglass(self.flow):
            glass = Hourglass(self.flow, self._placed(), shapes=shapes)
            if page is None or self._scale(glass) * SMALL >= LEAST:
                return glass
            columns = self._columns(whole=False, down=True)
            return columns if self._scale(columns) > self._scale(glass) else glass
        strip = RowLayout(self.flow, self._placed(), rows_of(self.flow, self._placed(), float("inf")), shapes=shapes)
        short = strip.w <= STRIP and page is None
        if self.flow.bows or way == "right" or (short and way == "auto"):
            return strip
        rows = self._rows(strip)
        # Rows of one card each are a column that goes back to its left side after every card.
        lone = 3 * len(rows.rows) > 2 * len(self.flow.units) > 6
        if way == "auto" and page is not None and (lone or self._scale(rows) * SMALL < LEAST):
            columns = self._columns(whole=False, down=True)
            return columns if self._scale(columns) > self._scale(rows) else rows
        return rows

    def _scale(self, layout: Layout) -> float:
        """How large a layout is drawn on its page."""
        room = self.options.page or _SLIDE
        return min(room[0] / (layout.w + 2 * PAD), room[1] / (layout.h + _FURNITURE + 2 * PAD))

    def _columns(self, *, whole: bool, down: bool) -> CardColumns:
        """One column, or those that make the drawing largest on its page."""

        def made(limit: float) -> CardColumns:
            shapes = "shapes" in self.labels and not self.sparse
            return CardColumns(self.flow, self.sheets, self.sides, limit, down=down, shapes=shapes)

        best = one = made(float("inf"))
        long = one.h if down else one.w
        count = 2.0
        while not whole and long / count > 100:
            layout = made(long / count)
            count *= 1.15
            if self._scale(layout) * 0.9**layout.broken > self._scale(best) * 0.9**best.broken:
                best = layout
        return best

    def _placed(self) -> list[Placed]:
        return place(self.flow.units, self.sheets, self.sides)

    def _rows(self, strip: RowLayout) -> RowLayout:
        """Rows of the width that makes the drawing largest on its page."""
        best: tuple[tuple[bool, float], RowLayout] | None = None
        tried: set[tuple[int, ...]] = set()
        limit = 100.0 if self.options.page else 400.0
        room = self.options.page or _SLIDE
        while limit < strip.w + 50:
            rows = rows_of(self.flow, self._placed(), limit)
            key = tuple(segment.units[0] for row in rows for segment in row[:1])
            limit += 40 if limit < _FINE else limit / 10
            if key in tried:
                continue
            tried.add(key)
            layout = RowLayout(self.flow, self._placed(), rows, shapes="shapes" in self.labels)
            scale = min(room[0] / layout.w, room[1] / (layout.h + _FURNITURE))
            readable = self.options.page is not None and scale * SMALL >= LEAST
            stages = [segment.stage for row in rows for segment in row]
            scale *= 1 if len(stages) == len(set(stages)) else _BROKEN
            # A row of a classifier alone is no stage.
            scale *= _BROKEN if any(not self.flow.stages[row[0].stage].label for row in rows[1:]) else 1
            if best is None or (readable, scale) > best[0]:
                best = (readable, scale), layout
        return strip if best is None else best[1]

    # -- numbers

    def _cost(self, of: list[Layer]) -> str:
        """The small print of a card."""
        every = [self.costs[node.index] for layer in of for node in layer.nodes]
        kind = self.options.heat
        if kind:
            whole = sum(heat.amount(kind, cost) for cost in self.costs.values())
            return heat.said(kind, sum(heat.amount(kind, cost) for cost in every), whole)
        return rounded(*total(every), self.labels)

    def _receptive_fields(self) -> None:
        """Writes beside each stage's size the receptive field at its end."""
        fields = {row.name: row.receptive_field for row in stats(self.graph, view=self.view).layers}
        for stage in self.flow.stages:
            nodes = [layer.nodes for layer in self.flow.units[stage.units[-1]].card.layers]
            last = max((node for each in nodes for node in each), key=lambda node: node.index)
            field = fields.get(last.name)
            if stage.label and field is not None:
                stage.label += f" · rf {show_axes(field)}"

    def tip(self, row: Row) -> Mark:
        """The id of a row, what a browser shows for it, and its numbers."""
        if not row.layers:
            return UNMARKED
        layer = row.layers[-1]
        names = row.layers[0].head.name if len(row.layers) == 1 else f"{row.layers[0].head.name} … {layer.head.name}"
        words = [caption(self.graph, node) for node in layer.nodes]
        params, macs = total([self.costs[node.index] for each in row.layers for node in each.nodes])
        said = [f"{names}: {', '.join(words)}", show_shape(layer.shape), *exact(params, macs)]
        data = {
            "op": layer.head.op.keyword,
            "shape": show_shape(layer.shape),
            "params": str(params),
            "macs": str(macs),
            "layers": " ".join(each.head.name for each in row.layers),
        }
        if row.share:
            data["share"] = row.share
        return Mark(layer.head.name, "\n".join(said), data)

    def mark(self, card: Card, head: Side | None = None) -> Mark:
        """The same of a card. Where blocks repeat, its id is that of the first."""
        params, macs = total([self.costs[node.index] for layer in card.layers for node in layer.nodes])
        scopes = [self.graph.scopes[scope] for scope in card.scopes]
        path = head.name if head else scopes[0].path if scopes else card.layers[0].head.name
        data = {"shape": show_shape(card.shape), "params": str(params), "macs": str(macs)}
        if scopes:
            data |= {"block": scopes[0].block or "", "scopes": " ".join(scope.path for scope in scopes)}
            data["count"] = str(len(scopes))
        words = times(len(scopes))
        if scopes:
            first, last = scopes[0].path, scopes[-1].path
            words = f"{first if first == last else f'{first} … {last}'}: {scopes[0].block}{words}"
        said = [words or card.title, show_shape(card.shape), *exact(params, macs)]
        # A stack's layers have their own.
        tip = "\n".join(said) if card.title else ""
        return Mark(f"{'head' if head else 'card'}-{path}", tip, data)

    # -- title

    def _description(self) -> str:
        return f"Overview of {net_name(self.graph)}. {self.flow.spoken}."

    def _title(self, scene: Scene, room: float) -> float:
        """Draws the title, in more lines where it is wider than the net; gives its height."""
        with scene.group("title"):
            # Off a page nothing is scaled, so that a long title does no harm.
            narrow = self.options.page is not None
            return draw_title(
                scene, self.graph, totals(self.graph, self.view, self.costs.values()), room, narrow=narrow
            )
