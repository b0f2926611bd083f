"""Items of a structure as cells of a drawing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from netdsl.analyses.cost import Cost
from netdsl.analyses.fold import shortcut
from netdsl.analyses.structure import Block, Item, Layer, Mesh, Split, layers
from netdsl.analyses.view import Seen, carried
from netdsl.backends.canvas.stack import Link, Stack
from netdsl.backends.canvas.ways import SMALL, Cell, Fork
from netdsl.backends.captions import caption
from netdsl.backends.costs import exact, total
from netdsl.backends.labels import show
from netdsl.backends.layers.boxes import Face
from netdsl.backends.layers.cells import Arms, Circle, Frame, Leaf, Mark, Series, Skip, leaf_width
from netdsl.ir.graph import Graph
from netdsl.ir.types import Shape, show_shape

#: A box in the main line is no wider than this for others' sake, and one in an arm no narrower.
_WIDEST, _NARROWEST = 132.0, 56.0


class Builder:
    """Makes cells. ``arrows`` has every tensor that was drawn so far, from layer to layer, by their heads' indices."""

    def __init__(
        self,
        graph: Graph,
        seen: Seen,
        shown: Mapping[int, Face],
        costs: Mapping[int, Cost],
        *,
        down: bool,
        shapes: bool,
        details: bool,
        small: float = SMALL,
    ) -> None:
        self.graph, self.seen, self.shown, self.costs = graph, seen, shown, costs
        self.down, self.shapes, self.details, self.small = down, shapes, details, small
        self.wide = 0.0
        #: The last shape that was noted.
        self.told = ""
        self.arrows: set[tuple[int, int]] = set()

    # -- widths

    def widen(self, items: Iterable[Item]) -> None:
        """Makes boxes of the main line as wide as the widest of them."""
        faces = [self.shown[layer.head.index] for layer in self._main(items)]
        widest = _WIDEST * (1.5 if any(face.small for face in faces) else 1)
        found = [leaf_width(face) for face in faces if not face.circle]
        self.wide = max([self.wide, *(wide for wide in found if wide <= widest)])

    def _main(self, items: Iterable[Item]) -> Iterable[Layer]:
        for item in items:
            if isinstance(item, Layer):
                yield item
            elif isinstance(item, Mesh):
                yield from item.layers
            elif isinstance(item, Block):
                yield from self._main(item.items)
            else:
                skip = self.skip(item)
                if skip is not None:
                    yield from self._main(item.arms[1 - skip])

    # -- cells

    def cell(self, item: Item, source: Layer | None, wide: float) -> Cell:
        """The cell of an item, which the tensor of ``source`` enters."""
        if isinstance(item, Layer):
            if source is not None:
                self.arrow(source, item)
            return self.layer(item, wide)
        if isinstance(item, Mesh):
            return self._mesh(item, source, wide)
        if isinstance(item, Block):
            return self._block(item, source, wide)
        return self._split(item, source, wide)

    def layer(self, layer: Layer, wide: float) -> Leaf | Circle:
        """The box of one layer."""
        face = self.shown[layer.head.index]
        if not face.circle:
            return self.leaf(layer, wide)
        return Circle(face, self._mark(layer), down=self.down, small=self.small)

    def leaf(self, layer: Layer, wide: float) -> Leaf:
        """The box of a layer that is no circle."""
        face, wide = self.shown[layer.head.index], wide if self.down else 0
        return Leaf(face, self._mark(layer), down=self.down, wide=wide)

    def series(self, items: Sequence[Item], source: Layer | None, wide: float | None = None) -> Series:
        """Items one after another; with a width of their own unless one is given."""
        if wide is None:
            own = [leaf_width(self.shown[item.head.index]) for item in items if isinstance(item, Layer)]
            wide = max([_NARROWEST, *own])
        cells, notes = [], []
        told = source.shape if source is not None else ()
        for item in items:
            cells.append(self.cell(item, source, wide))
            notes.append(self.note(item, told))
            told = item.shape
            source = last(item)
        return Series(cells, notes, down=self.down, small=self.small)

    def note(self, item: Item, told: Shape, *, channels: bool = False) -> str:
        """The shape after an item where its maps have another size, or other channels if those are wanted.

        None where the box before says it, or the note before.
        """
        end = last(item)
        if not self.shapes or not end.nodes[0].inputs or self.shown[end.head.index].join:
            return ""
        # A fully connected layer's box says it.
        if len(item.shape) == 1 and end.head.op.weight_layer:
            return ""
        if item.shape[1:] == told[1:] and (not channels or item.shape == told):
            return ""
        words = show(item.shape)
        if words == self.told:
            return ""
        self.told = words
        return words

    def skip(self, split: Split) -> int | None:
        """The arm of a join that goes past the other on a lane: an identity, or a shortcut of no more than layers."""
        if len(split.arms) != 2 or not any(split.arms):
            return None
        if not all(split.arms):
            return 0 if not split.arms[0] else 1
        beside = shortcut(self.graph, split)
        if beside is None:
            return None
        items = [item for each in split.arms[beside] for item in (each.items if isinstance(each, Block) else (each,))]
        return beside if all(isinstance(item, Layer) for item in items) else None

    def lane(self, arm: Iterable[Item], source: Layer) -> tuple[tuple[Leaf, ...], bool]:
        """What stands on a lane, and whether that is a projection."""
        pills = []
        for layer in layers(arm):
            pills.append(self.leaf(layer, 0))
            self.arrow(source, layer)
            source = layer
        return tuple(pills), any(layer.head.op.weight_layer for layer in layers(arm))

    def _split(self, split: Split, source: Layer | None, wide: float) -> Cell:
        for arm in split.arms:
            end = last(arm[-1]) if arm else source
            assert end is not None
            self.arrow(end, split.join)
        beside = self.skip(split) if source is not None else None
        join = self.layer(split.join, 0)
        if beside is None or source is None:
            arms = [self.series(arm, source) for arm in split.arms]
            return Arms(arms, join, down=self.down, forks=source is not None)
        main = self.series(split.arms[1 - beside], source, wide)
        pills, projection = self.lane(split.arms[beside], source)
        return Skip(main, pills, join, projection=projection, name=split.join.head.name, down=self.down)

    def _mesh(self, mesh: Mesh, source: Layer | None, wide: float) -> Cell:
        cells: list[Cell] = [Fork()] if source is not None else []
        notes = [""] * len(cells)
        place = {node.index: at + len(cells) for at, layer in enumerate(mesh.layers) for node in layer.nodes}
        links = []
        for at, layer in enumerate(mesh.layers, len(cells)):
            cells.append(self.layer(layer, wide))
            notes.append(self.note(layer, (0, *layer.shape[1:])))
            for taken in carried(layer.nodes[0], self.seen.inputs[layer.nodes[0].index]):
                before = place.get(taken, 0)
                links.append(Link(before, at))
                origin = mesh.layers[before - 1 if source is not None else before] if taken in place else source
                if origin is not None:
                    self.arrow(origin, layer)
        return Stack(cells, notes, links, down=self.down, small=self.small)

    def _block(self, block: Block, source: Layer | None, wide: float) -> Cell:
        while len(block.items) == 1 and isinstance(block.items[0], Block):
            block = Block(block.scope, block.items[0].items)
        inner = self.series(block.items, source, wide)
        if len(block.items) == 1 and isinstance(block.items[0], Layer):
            return inner.cells[0]
        scope = self.graph.scopes[block.scope]
        name = self.name(block.scope)
        kind = scope.block or ""
        tip = self.block_tip(scope.path or scope.name, block.items)
        training = all(node.mode == "train" for layer in layers(block.items) for node in layer.nodes)
        detail = kind if self.details and not name.startswith(kind) else ""
        data = self._data(list(layers(block.items)), block=kind, scopes=scope.path)
        own = f"block-{scope.path or scope.name}"
        return Frame(inner, name, detail, tip, training=training, down=self.down, id=own, data=data)

    # -- words

    def name(self, scope: int) -> str:
        """``layer1.0``, ``inception3a``: the end of a scope's path, with what is before a number."""
        own = self.graph.scopes[scope]
        if own.parent is not None and own.path == self.graph.scopes[own.parent].path:
            return own.name
        parts = own.path.split(".")
        return ".".join(parts[-2:]) if parts[-1].isdigit() else parts[-1]

    def _mark(self, layer: Layer) -> Mark:
        """What a browser shows for a box, names, shape and costs, and the same for scripts."""
        words = ", ".join(caption(self.graph, node) for node in layer.nodes)
        tip = "\n".join([f"{layer.head.name}: {words}", *self._numbers([layer])])
        return Mark(layer.head.index, layer.head.name, tip, self._data([layer], op=layer.head.op.keyword))

    def _data(self, every: Sequence[Layer], **more: str) -> dict[str, str]:
        params, macs = total(self.costs[node.index] for layer in every for node in layer.nodes)
        return more | {"shape": show_shape(every[-1].shape), "params": str(params), "macs": str(macs)}

    def block_tip(self, name: str, items: Iterable[Item]) -> str:
        """What a browser shows for the frame of a block."""
        return "\n".join([name, *self._numbers(list(layers(items)))])

    def _numbers(self, every: list[Layer]) -> list[str]:
        params, macs = total(self.costs[node.index] for layer in every for node in layer.nodes)
        return [show_shape(every[-1].shape), *exact(params, macs)]

    def arrow(self, source: Layer, target: Layer) -> None:
        """Notes that a tensor was drawn from layer to layer."""
        self.arrows.add((source.head.index, target.head.index))


def last(item: Item) -> Layer:
    """The layer whose tensor leaves an item."""
    while not isinstance(item, Layer):
        item = item.join if isinstance(item, Split) else item.layers[-1] if isinstance(item, Mesh) else item.items[-1]
    return item
