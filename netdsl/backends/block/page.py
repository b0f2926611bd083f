"""A block's drawing as a page: its name above it, then the block, then what else there is to say of its calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from netdsl.analyses.cost import Cost, costs_by_node
from netdsl.analyses.structure import Block, Layer, Structure, layers, major, structure
from netdsl.analyses.titles import net_name
from netdsl.analyses.view import see
from netdsl.backends.block.branches import Series
from netdsl.backends.block.build import Builder
from netdsl.backends.block.dense import Row
from netdsl.backends.block.find import Drawable, find
from netdsl.backends.block.pieces import Card, Fill, Pen
from netdsl.backends.canvas.metrics import width, wrap
from netdsl.backends.canvas.options import Options
from netdsl.backends.canvas.palette import GREY, INK, WHITE, colours
from netdsl.backends.canvas.scene import Box, Scene
from netdsl.backends.captions import Tint, caption
from netdsl.backends.costs import exact, total
from netdsl.backends.labels import metric, show, times
from netdsl.backends.overview import heat
from netdsl.backends.overview.cells import Mark
from netdsl.backends.overview.legend import bar, swatches
from netdsl.ir.graph import Graph, Node
from netdsl.ir.types import Shape, View, plural, show_shape
from netdsl.rewrites.extract import extract

#: How many other forms of a block are told of.
_FORMS = 6
#: Blocks inside are opened where no more layers than this are to be drawn.
_OPENED = 26
#: Room inside of the frame, the least of what is below the drawing, and what a bar of colours takes without its words.
_INSET, _LEAST, _BAR = 12.0, 190.0, 156.0
_TITLE, _SMALL, _NOTE = 12.0, 9.0, 8.5


def block_scene(graph: Graph, name: str, view: View = "train", options: Options | None = None) -> Scene:
    """One block of a net in detail: that of the first call of a block called ``name``, or a scope of that path.

    Of ``options`` it takes the heat, whose shares are of the block, the theme and the page. Raises
    :class:`netdsl.NetdslError` (ND011) where there is no such block.
    """
    seen, found = find(graph, name, view)
    return Page(seen, found, view, options).scene()


class Page:
    """The page of one block. ``graph`` is that of the view alone."""

    def __init__(self, graph: Graph, found: Drawable, view: View, options: Options | None = None) -> None:
        self.whole, self.found, self.view, self.options = graph, found, view, options or Options()
        self.graph = extract(graph, found.scopes[0])
        self.scope = graph.scopes[found.scopes[0]]
        seen = see(self.graph, view)
        self.nodes = seen.nodes
        self.costs = costs_by_node(self.graph, seen)
        self.structure = structure(self.graph, seen)
        self.builder = Builder(
            self.graph,
            self.structure.heads,
            self.scope,
            opened=_opened(self.structure),
            shares=self.options.heat is not None,
            mark=self._mark,
        )

    def scene(self) -> Scene:
        """The page."""
        row = self.builder.row(self.structure.items)
        drawn = row or self.builder.series(self.structure.items, None, ends=True)
        scene = Scene(self._name(), self._description(), colours=colours(self.options.theme))
        pen = Pen(scene, self._tip)
        most = self._heat(pen)
        wide = drawn.wide if isinstance(drawn, Row) else drawn.left + drawn.right
        title, detail = self._title()
        heading = max(width(title, _TITLE, bold=True) + 8 + width(detail, _SMALL), width(self._cost(), _SMALL))
        room = max(wide, heading, _LEAST)
        if self.options.heat:
            room = max(room, _BAR + width(f"99.9% of the block's {heat.NAMES[self.options.heat]}", 8))
        scene.w = room + 2 * _INSET
        # The frame is drawn first, and its height is known last.
        scene.boxes.append(Box(0, 0, scene.w, 0))
        with scene.group("title"):
            scene.text(_INSET, 16, title, _TITLE, bold=True, ink=INK)
            scene.text(_INSET + 8 + width(title, _TITLE, bold=True), 16.5, detail, _SMALL, ink=GREY)
            scene.text(_INSET, 31, self._cost(), _SMALL, ink=GREY)
        y = self._draw(pen, drawn, 46.0, (scene.w - wide) / 2)
        with scene.group("legend"):
            y = self._legend(scene, y + 10, room, most)
        scene.h = y + 4
        scene.boxes[0] = Box(0, 0, scene.w, scene.h, fill=WHITE, stroke="#999999", round=True)
        scene.fit(self.options.page)
        return scene

    def _draw(self, pen: Pen, drawn: Row | Series, top: float, left: float) -> float:
        """Draws the block; gives where it ends."""
        if isinstance(drawn, Row):
            drawn.draw(pen, left, top)
            return top + drawn.high
        axis = left + drawn.left
        drawn.enters(pen, (axis, top))
        tail = drawn.draw(pen, axis, top)
        bottom = top + drawn.high
        pen.line(tail, (tail[0], bottom))
        with pen.scene.group("output"):
            words = self.builder.whole(self.structure.items[-1].shape)
            pen.scene.text(tail[0], bottom + 8, words, 10, ink=GREY, align="c")
        return bottom + 16

    def _legend(self, scene: Scene, y: float, room: float, most: float) -> float:
        kinds: set[Tint] = {box.tint for box in self.builder.boxes if not isinstance(box, Card)}
        if self.options.heat:
            y = bar(scene, y, room, self.options.heat, most, "of the block's", left=_INSET)
        else:
            y = swatches(scene, kinds | self.builder.tints, y, room, left=_INSET)
        y += 5
        for note in self._notes():
            for line in wrap(note, room, _NOTE):
                scene.text(_INSET, y, line, _NOTE, ink=GREY)
                y += 11
        return y

    def _heat(self, pen: Pen) -> float:
        """Sets what boxes are coloured by; gives the largest share."""
        kind = self.options.heat
        if kind is None:
            return 0.0
        whole = sum(heat.amount(kind, cost) for cost in self.costs.values()) or 1

        def share(every: Iterable[Layer]) -> float:
            return sum(heat.amount(kind, cost) for cost in self._costs(every)) / whole

        most = max((share(every) for every in self.builder.every()), default=0.0)

        def fill(every: Sequence[Layer]) -> Fill:
            part = share(every)
            return Fill(*heat.shade(part, most), heat.percent(part, 1)) if part else Fill(WHITE, INK, "–")

        pen.heat = fill
        return most

    # -- words

    def _costs(self, every: Iterable[Layer]) -> list[Cost]:
        return [self.costs[node.index] for layer in every for node in layer.nodes if node.index in self.costs]

    def _total(self, every: Iterable[Layer]) -> tuple[int, int]:
        return total(self._costs(every))

    def _name(self) -> str:
        return f"{self.found.name} of {net_name(self.graph)}"

    def _title(self) -> tuple[str, str]:
        where = self.scope.path if self.found.block else self.scope.block or ""
        net = net_name(self.graph)
        return self.found.name, f"{where} of {net}" if where else f"of {net}"

    def _cost(self) -> str:
        """Parameters and multiply-adds of this call, and the size of its maps if they have one."""
        params, macs = total(self.costs.values())
        said = [f"{metric(params)} params", f"{metric(macs)} MACs"]
        size = self.builder.size
        return " · ".join([*said, *([f"maps of {show_shape(size)}"] if size else [])])

    def _description(self) -> str:
        """All layers in words, in the order of the net."""
        every = [layer for layer in layers(self.structure.items) if layer.head.op.category != "input"]
        said = [" · ".join(caption(self.graph, node) for node in layer.nodes) for layer in every]
        return f"{self._name()}: {', '.join(said)}."

    def _tip(self, every: Sequence[Layer]) -> Mark:
        """What an SVG says of a layer, and of those that it stands for."""
        layer = every[0]
        params, macs = self._total(every)
        words = ", ".join(caption(self.graph, node) for node in layer.nodes)
        said = [f"{layer.head.name}: {words}{times(len(every))}"]
        said.append(show_shape(layer.shape))
        data = {
            "op": layer.head.op.keyword,
            "shape": show_shape(layer.shape),
            "params": str(params),
            "macs": str(macs),
            "layers": " ".join(each.head.name for each in every),
        }
        return Mark(layer.head.name, "\n".join([*said, *exact(params, macs)]), data)

    def _mark(self, run: Sequence[Block]) -> Mark:
        """The same of calls of a block in a row. It can be drawn by itself under the first path of ``scopes``."""
        paths = [self.graph.scopes[block.scope].path for block in run]
        name = self.graph.scopes[run[0].scope].block or ""
        params, macs = self._total(layers(run))
        shape = show_shape(run[-1].shape)
        data = {"shape": shape, "params": str(params), "macs": str(macs)}
        data |= {"block": name, "scopes": " ".join(paths), "count": str(len(paths))}
        said = f"{paths[0]}: {name}" if len(paths) == 1 else f"{paths[0]} … {paths[-1]}: {name} ×{len(paths)}"
        return Mark(f"block-{paths[0]}", "\n".join([said, shape, *exact(params, macs)]), data)

    # -- notes

    def _notes(self) -> list[str]:
        """What is not in the drawing: other calls of the block, and tensors that leave unseen."""
        found = [f"also leaves: {head.output.name}" for head in self.builder.left]
        return [*found, *self.builder.notes, *self._calls()]

    def _calls(self) -> list[str]:
        """The other calls, those that are alike together."""
        if len(self.found.scopes) < 2:
            return []
        groups: dict[object, list[_Call]] = {}
        for call in _calls(self.whole, self.found.scopes):
            groups.setdefault(call.form, []).append(call)
        first, *others = groups.values()
        said = f"one of {len(self.found.scopes)} calls"
        if not others:
            return [f"{said}, all alike"]
        lines = [said + (f", {len(first)} of which are like this" if len(first) > 1 else "") + "; the others:"]
        for alike in others[:_FORMS]:
            call = alike[0]
            shapes = show(call.leaving)
            if call.entering not in (None, call.leaving):
                shapes = f"{show(call.entering or ())} → {shapes}"
            more = f" and {len(alike) - 1} like it" if len(alike) > 1 else ""
            lines.append(f"{call.path}{more}: {shapes}")
        if len(others) > _FORMS:
            rest = len(others) - _FORMS
            lines.append(f"and {rest} other {plural(rest, 'form')}")
        return lines


class _Call(NamedTuple):
    """A call of a block. ``form`` is what it does, equal for calls that are alike."""

    path: str
    form: object
    entering: Shape | None
    leaving: Shape


def _calls(graph: Graph, scopes: Sequence[int]) -> Iterator[_Call]:
    """The calls of a block that some output needs. Linear in the nodes and in how deep the block calls itself."""
    members: dict[int, list[Node]] = {scope: [] for scope in scopes}
    for node in graph.nodes:
        for around in graph.ancestors(node.scope):
            if around in members:
                members[around].append(node)
    for index, nodes in members.items():
        scope = graph.scopes[index]
        place: dict[int, int] = {}
        form: list[object] = []
        for node in nodes:
            for at in node.inputs:
                place.setdefault(at, len(place))
            place[node.index] = len(place)
            # How often dropout drops does not count.
            quiet = node.op.category == "regularise" or node.op.keyword == "times"
            sources = tuple(place[at] for at in node.inputs)
            shapes = graph.input_shapes(node)
            form.append((node.op.keyword if quiet else node.op, node.shape, shapes, sources))
        own = {node.index for node in nodes}
        inputs = [at for node in nodes for at in node.inputs if at not in own]
        entering = graph.nodes[inputs[0]].shape if inputs else None
        leaving = scope.result if scope.result in own else nodes[-1].index
        yield _Call(scope.path, tuple(form), entering, graph.nodes[leaving or 0].shape)


def _opened(found: Structure) -> bool:
    return len(major(found.items)) <= _OPENED
