"""An overview as a page: the title above, the net, the legend below."""

from __future__ import annotations

from netdsl.analyses.cost import Cost, costs_of
from netdsl.analyses.structure import Layer, structure
from netdsl.analyses.view import see
from netdsl.backends.diagram import caption
from netdsl.backends.labels import metric
from netdsl.backends.overview.cards import Card, Row, Tint, rows
from netdsl.backends.overview.cells import Sheet, costs
from netdsl.backends.overview.flow import Flow, flow
from netdsl.backends.overview.hourglass import Hourglass, is_hourglass
from netdsl.backends.overview.layout import RowLayout, place, rows_of
from netdsl.backends.overview.metrics import width
from netdsl.backends.overview.palette import FILLS, GREY, INK, KINDS
from netdsl.backends.overview.scene import Box, Scene
from netdsl.ir.graph import Graph
from netdsl.ir.types import View

#: A net that is no wider than this in points is drawn as one strip.
STRIP = 1320
_ASPECT = 16 / 9
#: Height of the title and the legend, and what a stage in several rows is worth against one in one.
_FURNITURE, _BROKEN = 80, 0.75


def overview(graph: Graph, view: View = "train") -> Scene:
    """The overview of a net."""
    return _Page(graph, view).scene()


class _Page:
    def __init__(self, graph: Graph, view: View) -> None:
        self.graph = graph
        self.view = view
        seen = see(graph, view)
        self.seen = seen
        self.costs = dict(zip((node.index for node in seen.nodes), costs_of(graph, seen, 1)))
        self.flow: Flow = flow(graph, structure(graph, seen))

    def scene(self) -> Scene:
        found = self.flow
        sheets = [Sheet(unit.card, self._cost(unit.card.layers)) for unit in found.units]
        sides = [[Sheet(side.card, self._cost(side.card.layers)) for side in unit.taps] for unit in found.units]
        placed = place(found.units, sheets, sides)
        layout: RowLayout | Hourglass
        if is_hourglass(found):
            layout = Hourglass(found, placed)
        else:
            layout = RowLayout(found, placed, rows_of(found, placed, float("inf")))
            if layout.w > STRIP and not found.bows:
                layout = self._snake(layout.w, sheets, sides)
        scene = Scene(self._name(), self._description())
        top = self._title(scene)
        legend = self._legend()
        layout.draw(scene, 0, top, self._tip)
        self._draw_legend(scene, legend, top + layout.h + 14, max(layout.w, 300))
        scene.w = max([layout.w, *(box.x + box.w for box in scene.boxes)])
        return scene

    def _snake(self, wide: float, sheets: list[Sheet], sides: list[list[Sheet]]) -> RowLayout:
        """Rows of the width that makes the drawing largest on a slide."""
        best: tuple[float, RowLayout] | None = None
        tried: set[tuple[int, ...]] = set()
        limit = 400.0
        while limit < wide + 50:
            placed = place(self.flow.units, sheets, sides)
            rows = rows_of(self.flow, placed, limit)
            key = tuple(segment.units[0] for row in rows for segment in row[:1])
            limit += 40
            if key in tried:
                continue
            tried.add(key)
            layout = RowLayout(self.flow, placed, rows)
            scale = min(_ASPECT / layout.w, 1 / (layout.h + _FURNITURE))
            stages = [segment.stage for row in rows for segment in row]
            scale *= 1 if len(stages) == len(set(stages)) else _BROKEN
            # A row of a classifier alone is no stage.
            scale *= _BROKEN if any(not self.flow.stages[row[0].stage].label for row in rows[1:]) else 1
            if best is None or scale > best[0]:
                best = scale, layout
        assert best is not None
        return best[1]

    # -- numbers

    def _cost(self, of: list[Layer]) -> str:
        found = self._sum(of)
        return costs(*found)

    def _sum(self, of: list[Layer]) -> tuple[int, int]:
        all_ = [self.costs[node.index] for layer in of for node in layer.nodes]
        return sum(cost.params for cost in all_), sum(cost.macs for cost in all_)

    def _tip(self, row: Row) -> tuple[str, str]:
        """The id of a row, and what a browser shows for it."""
        if not row.layers:
            return "", ""
        layer = row.layers[-1]
        names = row.layers[0].head.name if len(row.layers) == 1 else f"{row.layers[0].head.name} … {layer.head.name}"
        words = [caption(self.graph, node) for node in layer.nodes]
        shape = "×".join(map(str, layer.shape))
        return layer.head.name, "\n".join(
            [f"{names}: {', '.join(words)}", shape, *filter(None, [self._cost(row.layers)])]
        )

    # -- title and legend

    def _name(self) -> str:
        return f"{self.graph.name} {self.graph.variant}" if self.graph.variant else self.graph.name

    def _description(self) -> str:
        """The cards of each stage, in words."""
        stages = []
        for stage in self.flow.stages:
            cards = [self.flow.units[unit].card for unit in stage.units]
            words = ", ".join(_spoken(card) for card in cards)
            stages.append(f"{stage.label}: {words}" if stage.label else words)
        return f"Overview of {self._name()}. {'; '.join(stages)}."

    def _title(self, scene: Scene) -> float:
        graph, name = self.graph, self._name()
        scene.text(0, 8, name, 14, bold=True, ink=INK)
        after = width(name, 14, bold=True) + 10
        now = main = _total([self.costs[node.index] for node in self.seen.nodes])
        if self.view == "train" and any(node.mode != "both" for node in graph.nodes):
            main = _total(costs_of(graph, see(graph, "infer"), 1))
        words = f"{metric(main[0])} params · {metric(main[1])} MACs"
        if now != main:
            words += f" ({metric(now[0])} and {metric(now[1])} with what acts in training alone)"
        scene.text(after, 9, words, 10.5, ink=INK)
        if graph.title and graph.title.strip():
            scene.text(0, 24, graph.title, 9, ink=GREY)
            return 40
        return 26

    def _legend(self) -> list[tuple[str, str]]:
        cards = [unit.card for unit in self.flow.units]
        cards += [side.card for unit in self.flow.units for side in unit.taps]
        found: set[Tint] = {row.tint for card in cards for row in rows(card.parts)}
        found |= {row.tint for bow in self.flow.bows for row in bow.rows}
        return [(FILLS[kind], words) for kind, words in KINDS.items() if kind in found]

    def _draw_legend(self, scene: Scene, legend: list[tuple[str, str]], y: float, room: float) -> None:
        x = 0.0
        for fill, words in legend:
            wide = width(words, 8) + 22
            if x and x + wide > room:
                x, y = 0.0, y + 16
            scene.boxes.append(Box(x, y, 11, 11, fill=fill, stroke="#00000055", round=False))
            scene.text(x + 15, y + 5.5, words, 8, ink=INK)
            x += wide + 8
        drawn_in = self._drawn_in()
        if drawn_in:
            y += 16 if legend else 0
            verb = "is" if len(drawn_in) == 1 else "are"
            words = f"{', '.join(drawn_in)} {verb} drawn into the layer beside {'it' if len(drawn_in) == 1 else 'them'}"
            scene.text(0, y + 5.5, words, 8, ink=GREY)
        scene.h = y + 12

    def _drawn_in(self) -> list[str]:
        words: dict[str, None] = {}
        for unit in self.flow.units:
            for card in [unit.card, *(side.card for side in unit.taps)]:
                for layer in card.layers:
                    for node in layer.nodes:
                        if node is not layer.head and node.op.category in ("norm", "activation", "regularise"):
                            words.setdefault(node.op.keyword)
        return list(words)


def _spoken(card: Card) -> str:
    words = card.title or ", ".join(f"{row.text}{_times(row.times)}" for row in rows(card.parts))
    return words + _times(card.count)


def _times(count: int) -> str:
    return f" ×{count}" if count > 1 else ""


def _total(every: list[Cost]) -> tuple[int, int]:
    return sum(cost.params for cost in every), sum(cost.macs for cost in every)
