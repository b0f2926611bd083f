"""A block's drawing as a page: its name above it, then the block, then what else there is to say of its calls."""

from __future__ import annotations

from netdsl.analyses.cost import costs_of
from netdsl.analyses.structure import Layer, Structure, layers, major, structure
from netdsl.analyses.view import see
from netdsl.backends.block.build import Builder
from netdsl.backends.block.find import Drawable, find
from netdsl.backends.block.pieces import INSET, Pen, Series
from netdsl.backends.canvas.metrics import width
from netdsl.backends.canvas.options import Options
from netdsl.backends.canvas.palette import GREY, INK, WHITE, colours
from netdsl.backends.canvas.scene import Box, Scene
from netdsl.backends.captions import caption
from netdsl.backends.labels import metric, show
from netdsl.ir.graph import Graph
from netdsl.ir.types import View
from netdsl.rewrites.extract import extract

#: How many other forms of a block are told of.
_FORMS = 6
#: Blocks inside are opened where no more layers than this are to be drawn.
_OPENED = 26


def block_scene(graph: Graph, name: str, view: View = "train", options: Options | None = None) -> Scene:
    """One block of a net in detail: that of the first call of a block called ``name``, or a scope of that path.

    Raises :class:`netdsl.NetdslError` (ND011) where there is neither.
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
        self.costs = dict(zip((node.index for node in seen.nodes), costs_of(self.graph, seen, 1)))
        self.structure = structure(self.graph, seen)
        self.builder = Builder(
            self.graph, self.structure.heads, self.scope.block, opened=_opened(self.structure), tip=self._tip
        )

    def scene(self) -> Scene:
        """The page."""
        drawn = self._series()
        scene = Scene(self._name(), self._description(), colours=colours(self.options.theme))
        title, detail = self._title()
        notes = self._notes()
        heading = max(width(title, 12, bold=True) + (width(detail, 9) + 8 if detail else 0), width(self._cost(), 9))
        room = max(drawn.left + drawn.right, heading, *(width(line, 8.5) for line in notes)) + 2 * (INSET + 3)
        scene.text(INSET + 3, 16, title, 12, bold=True, ink=INK)
        scene.text(INSET + 11 + width(title, 12, bold=True), 16.5, detail, 9, ink=GREY)
        scene.text(INSET + 3, 31, self._cost(), 9, ink=GREY)
        top = 46.0
        axis = (room - drawn.left - drawn.right) / 2 + drawn.left
        pen = Pen(scene, self._tip)
        drawn.enters(pen, (axis, top))
        tail = drawn.draw(pen, axis, top)
        bottom = top + drawn.high
        pen.line(tail, (tail[0], bottom))
        scene.text(tail[0], bottom + 8, self._end(), 10, ink=GREY, align="c")
        y = bottom + 26
        for line in notes:
            scene.text(INSET + 3, y, line, 8.5, ink=GREY)
            y += 11
        scene.w, scene.h = room, y
        scene.boxes.insert(0, Box(0, 0, room, y, fill=WHITE, stroke="#999999", round=True))
        return scene

    def _series(self) -> Series:
        return self.builder.series(self.structure.items, None, ends=True)

    # -- words

    def _name(self) -> str:
        variant = f" {self.graph.variant}" if self.graph.variant else ""
        return f"{self.found.name} of {self.graph.name}{variant}"

    def _title(self) -> tuple[str, str]:
        net = f"{self.graph.name} {self.graph.variant}" if self.graph.variant else self.graph.name
        where = self.scope.path if self.found.block else self.scope.block or ""
        return self.found.name, f"{where} of {net}" if where else f"of {net}"

    def _cost(self) -> str:
        params, macs = (sum(getattr(cost, kind) for cost in self.costs.values()) for kind in ("params", "macs"))
        said = [f"{metric(params)} params", f"{metric(macs)} MACs"]
        size = self.builder.size
        return " · ".join([*said, *([f"maps of {'×'.join(map(str, size))}"] if size else [])])

    def _end(self) -> str:
        return self.builder.whole(self.structure.items[-1].shape)

    def _description(self) -> str:
        """All layers in words, in the order of the net."""
        every = [layer for layer in layers(self.structure.items) if layer.head.op.category != "input"]
        said = [" · ".join(caption(self.graph, node) for node in layer.nodes) for layer in every]
        return f"{self._name()}: {', '.join(said)}."

    def _notes(self) -> list[str]:
        """What is not in the drawing: other calls of the block, and tensors that leave unseen."""
        found = [f"also leaves: {head.output.name}" for head in self.builder.left]
        if self.builder.growing:
            found.append("what stands several times is drawn as the first of them")
        return [*found, *self._calls()]

    def _calls(self) -> list[str]:
        """The other calls, those that are alike together."""
        if len(self.found.scopes) < 2:
            return []
        groups: list[tuple[list[object], list[str], Graph]] = []
        for scope in self.found.scopes:
            graph = extract(self.whole, scope)
            own = _form(graph)
            same = next((paths for form, paths, _ in groups if form == own), None)
            path = self.whole.scopes[scope].path
            if same is None:
                groups.append((own, [path], graph))
            else:
                same.append(path)
        (_, first, _), *others = groups
        said = f"one of {len(self.found.scopes)} calls"
        if not others:
            return [f"{said}, all alike"]
        lines = [said + (f", {len(first)} of which are like this" if len(first) > 1 else "") + "; the others:"]
        for _, paths, graph in others[:_FORMS]:
            entering, leaving = graph.nodes[0].shape, graph.nodes[graph.outputs[0].node].shape
            shapes = show(entering) if entering == leaving else f"{show(entering)} → {show(leaving)}"
            more = f" and {len(paths) - 1} like it" if len(paths) > 1 else ""
            lines.append(f"{paths[0]}{more}: {shapes}")
        if len(others) > _FORMS:
            rest = len(others) - _FORMS
            lines.append(f"and {rest} other form{'s' if rest > 1 else ''}")
        return lines

    def _tip(self, layer: Layer) -> tuple[str, str]:
        """The id of a layer, and what a browser shows for it."""
        costs = [self.costs[node.index] for node in layer.nodes if node.index in self.costs]
        params, macs = sum(cost.params for cost in costs), sum(cost.macs for cost in costs)
        said = [f"{layer.head.name}: {', '.join(caption(self.graph, node) for node in layer.nodes)}"]
        said.append("×".join(map(str, layer.shape)))
        said += [f"{params:,} params"] if params else []
        said += [f"{macs:,} MACs"] if macs else []
        return layer.head.name, "\n".join(said)


def _form(graph: Graph) -> list[object]:
    """What a block does, equal for calls that are alike; how often dropout drops does not count."""
    return [
        (
            node.op.keyword if node.op.category == "regularise" or node.op.keyword == "times" else node.op,
            node.shape,
            node.inputs,
        )
        for node in graph.nodes
    ]


def _opened(found: Structure) -> bool:
    return len(major(found.items)) <= _OPENED
