"""Every layer of a net on a page: a line of cells in bands by the size of maps, in as many columns as fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from netdsl.analyses.cost import costs_by_node
from netdsl.analyses.line import Line, line
from netdsl.analyses.stats import stats
from netdsl.analyses.structure import Block, Item, Layer, layers, structure
from netdsl.analyses.structure import Head as Side
from netdsl.analyses.titles import net_name
from netdsl.analyses.view import carried, see
from netdsl.backends.canvas.columns import Columns, Stage, Unit, columns_of
from netdsl.backends.canvas.engine import MAX_DRAWN, check_drawn
from netdsl.backends.canvas.metrics import wrap
from netdsl.backends.canvas.options import LEAST, Label, Options
from netdsl.backends.canvas.palette import GREY, WHITE, colours
from netdsl.backends.canvas.scene import PAD, Scene
from netdsl.backends.canvas.stack import Head
from netdsl.backends.canvas.title import draw_title, totals
from netdsl.backends.canvas.ways import SMALL, TEXT, Cell, Pen
from netdsl.backends.costs import rounded, total
from netdsl.backends.labels import show
from netdsl.backends.layers.boxes import Face, faces, habits_in_words
from netdsl.backends.layers.build import Builder, last
from netdsl.backends.layers.cells import Frame, Leaf, Mark, Series
from netdsl.backends.overview.heat import amount, percent, shade
from netdsl.backends.overview.legend import bar, swatches
from netdsl.ir.graph import Graph, Output
from netdsl.ir.types import View, show_axes

#: What is written where nothing else is asked for.
LABELS: tuple[Label, ...] = ("shapes",)
#: A net that is no longer than this in points, of about forty layers, is drawn as one column.
COLUMN = 1150.0
#: What columns and rows are fitted to where no page is asked for, in parts.
_SCREEN, _SLIDE = (4.0, 3.0), (16.0, 9.0)
#: What a stage that goes on in another column is worth against one that does not.
_BROKEN = 0.96
#: Joins and blocks inside of a block beyond which it is drawn as what is in it, so that columns may part it.
_MANY = 4


def every_layer(graph: Graph, view: View = "train", options: Options | None = None, *, most: int = MAX_DRAWN) -> Scene:
    """The drawing of every layer of a net.

    Where it is to fit a page and its smallest text would have less than :data:`LEAST` points, labels are left out, and
    what small print there is is larger. ``Scene.smallest`` says what came of it.
    Raises :class:`netdsl.NetdslError` (ND218) for more than ``most`` layers.
    """
    options = options or Options()
    pages = (
        Page(graph, view, options, sparse=sparse, most=most) for sparse in ((False, True) if options.page else (False,))
    )
    for page in pages:
        scene = page.scene()
        if options.page is None or scene.smallest >= LEAST:
            break
    return scene


class Page:
    """One drawing of a net. ``sparse`` is without second lines and shapes, and small print is as large as boxes' text.

    ``every`` are all layers; ``arrows`` the tensors that were drawn, by the indices of their layers' heads.
    """

    def __init__(self, graph: Graph, view: View, options: Options, *, sparse: bool, most: int = MAX_DRAWN) -> None:
        self.graph, self.view, self.options = graph, view, options
        self.labels = LABELS if options.labels is None else options.labels
        if sparse:
            self.labels = ()
        self.small = TEXT if sparse else SMALL
        self.seen = see(graph, view)
        self.found = structure(graph, self.seen)
        count = sum(
            1 for items in (self.found.items, *(head.items for head in self.found.heads)) for _ in layers(items)
        )
        check_drawn(count, most, "a diagram of all layers", "`--as overview` folds repeats")
        self.costs = costs_by_node(graph, self.seen)
        self.line: Line = _opened(line(graph, self.found.items))
        self.every = [*layers(self.line.items), *(layer for bow in self.line.bows for layer in layers(bow.arm))]
        self.every += [layer for head in self.found.heads for layer in layers(head.items)]
        self.shown, self.habits = faces(graph, self.every)
        #: How many nodes stand in each scope.
        self.counts = Counter(scope for node in self.seen.nodes for scope in graph.ancestors(node.scope))
        self.totals = totals(graph, view, self.costs.values())
        self.most = 0.0
        if options.heat:
            self._heat()
        if not sparse:
            self._second_lines()
        self.details = not sparse

    def scene(self) -> Scene:
        """All of it."""
        layout, down = self._layout()
        scene = Scene(net_name(self.graph), self._description(), colours=colours(self.options.theme))
        room = self._room(layout)
        with scene.group("title"):
            top = self._title(scene, room)
        layout.draw(Pen(scene, down=down, small=self.small), 0, top)
        with scene.group("legend"):
            scene.h = self._legend(scene, top + layout.h + 14, room)
        scene.w = max([layout.w, *(box.x + box.w for box in scene.boxes)])
        scene.fit(self.options.page)
        return scene

    def _room(self, layout: Columns) -> float:
        """The width of title and legend."""
        return layout.w if self.options.page else max(layout.w, 200)

    def _title(self, scene: Scene, room: float) -> float:
        return draw_title(scene, self.graph, self.totals, room, narrow=True, small=max(9.0, self.small))

    # -- what the boxes say

    def _heat(self) -> None:
        heat = self.options.heat
        assert heat is not None
        spent = {
            layer.head.index: sum(amount(heat, self.costs[node.index]) for node in layer.nodes) for layer in self.every
        }
        whole = sum(amount(heat, cost) for cost in self.costs.values()) or 1
        self.most = max(spent.values(), default=0) / whole
        for index, face in self.shown.items():
            if face.circle:
                continue
            share = spent[index] / whole
            fill, ink = shade(share, self.most) if share else (WHITE, None)
            words = percent(share, 1) if share else ""
            self.shown[index] = face._replace(fill=fill, ink=ink, share=words)

    def _second_lines(self) -> None:
        fields = {}
        if "rf" in self.labels:
            fields = {row.name: row.receptive_field for row in stats(self.graph, view=self.view).layers}
        for layer in self.every:
            face = self.shown[layer.head.index]
            if face.circle or not layer.nodes[0].inputs:
                continue
            words = [rounded(*total(self.costs[node.index] for node in layer.nodes), self.labels)]
            field = next((fields[node.name] for node in reversed(layer.nodes) if fields.get(node.name)), None)
            if field is not None:
                words.append(f"rf {show_axes(field)}")
            self.shown[layer.head.index] = face._replace(small=" · ".join(filter(None, words)))

    # -- cells

    def _layout(self) -> tuple[Columns, bool]:
        """The layout that is largest on its page, and whether its lines go down."""
        way = self.options.direction
        ways = [way in ("auto", "down", "columns")]
        if way == "auto" and self.options.page is not None:
            ways.append(False)
        best: tuple[tuple[bool, float], Columns, bool] | None = None
        for down in ways:
            made = self._stages(down)
            whole = columns_of(*made, float("inf"), down=down, small=self.small)
            long = whole.h if down else whole.w
            single = way in ("down", "right") or (way == "auto" and self.options.page is None and long <= COLUMN)
            for layout in [whole] if single else self._several(made, whole, down):
                page = self.options.page or (_SCREEN if down else _SLIDE)
                around = Scene("")
                high = self._legend(around, self._title(around, self._room(layout)) + 14, self._room(layout))
                scale = min(page[0] / (layout.w + 2 * PAD), page[1] / (layout.h + high + 2 * PAD))
                readable = self.options.page is not None and scale * self.small >= LEAST
                rank = readable, scale * _BROKEN**layout.broken
                if best is None or rank > best[0]:
                    best = rank, layout, down
        assert best is not None
        return best[1], best[2]

    def _several(self, made: tuple[list[Stage], list[Unit]], whole: Columns, down: bool) -> Iterable[Columns]:
        yield whole
        tried = {whole.key}
        long = whole.h if down else whole.w
        count = 2.0
        while long / count > 150 and count < 40:
            layout = columns_of(*made, long / count, down=down, small=self.small)
            count *= 1.08
            if layout.key not in tried:
                tried.add(layout.key)
                yield layout

    def _stages(self, down: bool) -> tuple[list[Stage], list[Unit]]:
        """The bands and the units of the line, heads among them."""
        shapes = "shapes" in self.labels
        make = Builder(
            self.graph,
            self.seen,
            self.shown,
            self.costs,
            down=down,
            shapes=shapes,
            details=self.details,
            small=self.small,
        )
        make.widen(self.line.items)
        units: list[Unit] = []
        home: dict[int, tuple[int, bool]] = {}
        source: Layer | None = None
        for item in self.line.items:
            told = source.shape if source is not None else ()
            cell = make.cell(item, source, make.wide)
            ends = {node.index for node in last(item).nodes}
            home |= {node.index: (len(units), node.index in ends) for each in layers([item]) for node in each.nodes}
            units.append(Unit(cell, make.note(item, told, channels=source is not None), source is not None))
            source = last(item)
        for bow in self.line.bows:
            before = last(self.line.items[bow.source])
            pills, projection = make.lane(bow.arm, before)
            make.arrow(last(bow.arm[-1]) if bow.arm else before, last(self.line.items[bow.target]))
            units[bow.target].taken.append((bow.source, None, pills, projection))
        places = enumerate(self.line.stages)
        stages = [Stage(self.line.label(at), self._name(at), list(each), self.line.label(at)) for at, each in places]
        self._fields(stages)
        if not stages or stages[-1].label:
            stages.append(Stage("", "", [], ""))
        output, at = self.seen.outputs[0]
        stages[-1].units.append(len(units))
        units.append(Unit(self._output(output, at, make), "", True))
        self._heads(make, units, stages, home)
        self.arrows = make.arrows
        return stages, units

    def _output(self, output: Output, node: int, make: Builder) -> Leaf:
        several = len(self.seen.outputs) > 1
        words = f"{output.name if several else 'output'} {show(self.graph.nodes[node].shape)}"
        if output.weight is not None:
            words += f" · loss ×{output.weight:g}"
        face = Face(words, "input", training=output.mode == "train")
        main = output is self.seen.outputs[0][0]
        wide = make.wide if main and make.down else 0
        return Leaf(face, Mark(-1, f"output-{output.name}"), down=make.down, wide=wide)

    def _heads(self, make: Builder, units: list[Unit], stages: list[Stage], home: dict[int, tuple[int, bool]]) -> None:
        """Adds the heads: beside their tap, or after the line where they take up several tensors."""
        for head, (output, at) in zip(self.found.heads, self.seen.outputs[1:]):
            own = list(layers(head.items))
            mine = {node.index for layer in own for node in layer.nodes}
            sources = {taken for layer in own for taken in self._taken(layer) if taken not in mine}
            if head.tap is not None and len(sources) <= 1:
                tap = max(node.index for node in head.tap.nodes)
                if tap in home:
                    unit, ends = home[tap]
                    cell = self._head(make, head, self._output(output, at, make))
                    training = output.mode == "train"
                    units[unit].heads.append(Head(cell, unit, None if ends else head.tap.head.index, training))
                    continue
            stages.append(Stage("", "", [], ""))
            for layer in own:
                found = [self._origin(taken, home, make, layer) for taken in self._taken(layer)]
                home |= {node.index: (len(units), True) for node in layer.nodes}
                stages[-1].units.append(len(units))
                units.append(Unit(make.layer(layer, make.wide), "", False, taken=found))
            stages[-1].units.append(len(units))
            found = [self._origin(at, home, make, None)]
            units.append(Unit(self._output(output, at, make), "", False, taken=found))

    def _origin(
        self, taken: int, home: Mapping[int, tuple[int, bool]], make: Builder, layer: Layer | None
    ) -> tuple[int, int | None, tuple[Cell, ...], bool]:
        """Where a tensor comes from: the unit, and the layer if it is inside of it."""
        origin = next(one for one in self.every if any(node.index == taken for node in one.nodes))
        if layer is not None:
            make.arrow(origin, layer)
        place, ends = home[taken]
        return place, None if ends else origin.head.index, (), False

    def _taken(self, layer: Layer) -> Sequence[int]:
        return carried(layer.nodes[0], self.seen.inputs[layer.nodes[0].index])

    def _head(self, make: Builder, head: Side, output: Leaf) -> Cell:
        inner = make.series(head.items, head.tap)
        cells, notes = [*inner.cells, output], [*inner.notes, ""]
        training = head.output.mode == "train"
        series = Series(cells, notes, down=make.down, small=self.small)
        if not head.items:
            return series
        tip = make.block_tip(head.output.name, head.items)
        words = "training only" if training else ""
        id = f"head-{head.output.name}"
        return Frame(series, head.output.name, words, tip, training=training, down=make.down, id=id, kind="block head")

    # -- words

    def _name(self, stage: int) -> str:
        """The name of the group of the spec that has most of a stage, lone layers aside, and nothing else."""
        items = [self.line.items[place] for place in self.line.stages[stage]]
        whole = [item for item in items if not isinstance(item, Layer)]
        if len(whole) < 2:
            return ""
        own = Counter(
            scope for layer in layers(items) for node in layer.nodes for scope in self.graph.ancestors(node.scope)
        )
        has: Counter[int] = Counter()
        for item in whole:
            paths = [set(self.graph.ancestors(layer.head.scope)) for layer in layers([item])]
            has.update(set.intersection(*paths))
        for scope in self.graph.ancestors(last(whole[-1]).head.scope):
            name = self.graph.scopes[scope].path.rpartition(".")[2]
            if name and not name.isdigit() and 2 * has[scope] > len(whole):
                return name if own[scope] == self.counts[scope] else ""
        return ""

    def _fields(self, stages: list[Stage]) -> None:
        """Writes beside each stage's size the receptive field at its end."""
        if "rf" not in self.labels:
            return
        fields = {row.name: row.receptive_field for row in stats(self.graph, view=self.view).layers}
        for stage in stages:
            field = fields.get(last(self.line.items[stage.units[-1]]).nodes[-1].name) if stage.label else None
            if field is not None:
                stage.label += f" · rf {show_axes(field)}"

    def _description(self) -> str:
        """What is drawn, in words."""
        stages = []
        for at, places in enumerate(self.line.stages):
            found = [self.shown[layer.head.index].text for layer in layers(self.line.items[place] for place in places)]
            label = self.line.label(at)
            stages.append(f"{label}: {', '.join(found)}" if label else ", ".join(found))
        return f"Every layer of {net_name(self.graph)}. {'; '.join(stages)}."

    def _legend(self, scene: Scene, y: float, room: float) -> float:
        if self.options.heat:
            y = bar(scene, y, room, self.options.heat, self.most, "of the net's", size=self.small)
        else:
            y = swatches(scene, {face.tint for face in self.shown.values()}, y, room, size=self.small)
        lines = habits_in_words(self.habits)
        modes = [*(head.output.mode for head in self.found.heads), *(node.mode for node in self.seen.nodes)]
        if "train" in modes:
            lines.append("Dashed: in training alone.")
        for words in lines:
            for each in wrap(words, room, self.small):
                scene.text(0, y + 5.5, each, self.small, ink=GREY)
                y += self.small + 3
        return y


def _opened(found: Line) -> Line:
    """The line with what is in large blocks in their places."""
    items: list[Item] = []
    place: list[tuple[int, int]] = []
    for item in found.items:
        start = len(items)
        own = item.items if isinstance(item, Block) else ()
        items += own if sum(not isinstance(inner, Layer) for inner in own) > _MANY else [item]
        place.append((start, len(items) - 1))
    bows = [bow._replace(source=place[bow.source][1], target=place[bow.target][0]) for bow in found.bows]
    stages = [[new for old in stage for new in range(place[old][0], place[old][1] + 1)] for stage in found.stages]
    return Line(items, bows, stages)
