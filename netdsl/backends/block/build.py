"""From the structure of a block to the pieces of its drawing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from netdsl.analyses.fold import form, shortcut
from netdsl.analyses.structure import Block, Head, Item, Layer, Mesh, Split, is_gate, layers, major
from netdsl.analyses.view import carried
from netdsl.backends.block import branches, pieces
from netdsl.backends.block.dense import Row, dense
from netdsl.backends.captions import Tint, caption, tint
from netdsl.backends.labels import show
from netdsl.backends.overview.cells import UNMARKED, Mark
from netdsl.ir.graph import Graph, Node, Scope
from netdsl.ir.types import Shape

#: Equal layers in a row are drawn one by one up to this many.
_EACH = 3
#: What papers call these beside an arrow.
_WORDS = {
    "bn": "BN",
    "ln": "LN",
    "gn": "GN",
    "relu": "ReLU",
    "relu6": "ReLU6",
    "prelu": "PReLU",
    "leaky_relu": "leaky ReLU",
    "gelu": "GELU",
    "silu": "SiLU",
    "elu": "ELU",
    "selu": "SELU",
    "hardswish": "h-swish",
    "hardsigmoid": "h-sigmoid",
}


def word(graph: Graph, node: Node) -> str:
    """A norm, an activation or the like, beside an arrow."""
    return _WORDS.get(node.op.keyword) or caption(graph, node)


def words(graph: Graph, nodes: Iterable[Node]) -> str:
    """Several of them: ``BN · ReLU``."""
    return " · ".join(word(graph, node) for node in nodes)


def channels(shape: Shape, before: Shape | None) -> str:
    """``256-d``; all of the shape where it is of another size than the tensor before."""
    if before is not None and shape[1:] == before[1:]:
        return f"{shape[0]}-d"
    if len(shape) > 1 and all(length == 1 for length in shape[1:]):
        return "×".join(map(str, shape))
    return show(shape) if len(shape) > 1 else f"{shape[0]}-d"


class Builder:
    """Makes pieces of items. ``graph`` is that of the block alone.

    ``heads`` are outputs beside the main one; those whose place was found are taken out of ``left``. ``opened`` is
    whether blocks inside are opened, ``shares`` whether boxes are to have room for a share of the cost. With
    ``each`` repeats are drawn one by one, however many there are.
    """

    def __init__(
        self,
        graph: Graph,
        heads: Sequence[Head],
        own: Scope,
        *,
        opened: bool,
        shares: bool,
        mark: Callable[[Sequence[Block]], Mark],
        each: bool = False,
    ) -> None:
        self.each = each
        self.graph = graph
        #: The scope that is drawn, as it is called in the net.
        self.own = own
        self.opened = opened
        self.shares = shares
        self.mark = mark
        #: What is in boxes, in the order in which they are made.
        self.boxes: list[pieces.Step | pieces.Card] = []
        #: Further layers that one stands for, by its node.
        self.also: dict[int, list[Layer]] = {}
        self.taps: dict[int, list[Head]] = {}
        for head in heads:
            if head.tap is not None:
                self.taps.setdefault(head.tap.nodes[-1].index, []).append(head)
        self.left = list(heads)
        #: All that is drawn, and what a card stands for without showing it.
        self.drawn: set[int] = set()
        self.folded: set[int] = set()
        sizes = {node.shape[1:] for node in graph.nodes}
        #: The size of all maps, where it is one.
        self.size = next(iter(sizes)) if len(sizes) == 1 else None
        #: What is to be said below the drawing.
        self.notes: list[str] = []
        #: Kinds of layers that are drawn otherwise than as boxes of their own.
        self.tints: set[Tint] = set()
        self.cells: list[list[Layer]] = []

    def every(self) -> list[Sequence[Layer]]:
        """The layers of each box."""
        return [*(box.every for box in self.boxes), *self.cells]

    # -- a row

    def row(self, items: Sequence[Item]) -> Row | None:
        """The row of a block that is dense through and through; None of any other."""
        first, *rest = items
        if not isinstance(first, Layer) or first.head.op.category != "input" or self.left:
            return None
        found = dense(rest)
        if found is None:
            return None
        entering = self.step(first)
        arms = []
        for arm in found:
            own = list(layers(arm))
            self.drawn.update(node.index for layer in own for node in layer.nodes)
            lines = [line for layer in own for line in self._lines(layer)]
            weights = [layer for layer in own if layer.head.op.weight_layer] or own
            self.tints.add(tint(weights[-1].head))
            before = self._entering(arm)
            self.cells.append(own)
            arms.append((lines, tint(weights[-1].head), before[0] if before else 0, own))
        joins = [layer for item in rest for layer in layers([item]) if layer.head.op.keyword == "concat"]
        self.drawn.update(node.index for join in joins for node in join.nodes)
        row = Row((entering.text, first), arms, (self.whole(rest[-1].shape), joins[-1]))
        if row.hidden:
            self.notes.append(f"{row.hidden} of {len(arms)} layers are left out; each takes what all before it give")
        return row

    def _lines(self, layer: Layer) -> list[tuple[str, Layer]]:
        """A layer in lines: what is before it, itself, and what is after it."""
        if layer.minor:
            return [(words(self.graph, layer.nodes), layer)]
        at = layer.nodes.index(layer.head)
        head = caption(self.graph, layer.head).replace(" conv, ", ", ")
        said = [words(self.graph, layer.nodes[:at]), head, words(self.graph, layer.nodes[at + 1 :])]
        return [(line, layer) for line in said if line]

    # -- series

    def series(self, items: Sequence[Item], before: Shape | None, *, ends: bool = False) -> branches.Series:
        """Items in series. ``before`` is the shape of the tensor that enters, None at the beginning.

        With ``ends`` what leaves is named below.
        """
        made: list[pieces.Piece] = []
        after: list[Layer] = []
        shapes: list[Shape] = []
        for run in self._runs(items):
            piece = self._piece(run, before)
            last = [*layers([run[-1]])][-1]
            made.append(piece)
            after.append(last)
            shapes.append(run[-1].shape)
            before = run[-1].shape
        if not made:
            return branches.Series([], [pieces.Label()])
        labels = []
        arriving = self._entering(items)
        for at, piece in enumerate(made):
            lines: list[list[str]] = []
            leaves: list[str] = []
            if at:
                lines.append(self._left(made[at - 1], shapes[at - 1], arriving if at == 1 else shapes[at - 2]))
                leaves = self._leaves(after[at - 1])
            bare = at == 0 and isinstance(piece, pieces.Step) and piece.bare
            labels.append(pieces.Label(_joined(lines, list(piece.before)), leaves=leaves, bare=bare))
        lines = [self._left(made[-1], shapes[-1], arriving if len(shapes) == 1 else shapes[-2])]
        if ends:
            lines = [[words, ""] for words, _ in lines]
        labels.append(pieces.Label(lines, leaves=self._leaves(after[-1])))
        return branches.Series(made, labels)

    def _entering(self, items: Sequence[Item]) -> Shape | None:
        first = next(layers(items)).nodes[0]
        return self.graph.nodes[first.inputs[0]].shape if first.inputs else first.shape

    def _left(self, piece: pieces.Piece, shape: Shape, before: Shape | None) -> list[str]:
        said = "" if piece.says_shape or (isinstance(piece, pieces.Step) and piece.bare) else channels(shape, before)
        return [" · ".join(piece.after), said]

    def _leaves(self, layer: Layer) -> list[str]:
        found = self.taps.pop(layer.nodes[-1].index, [])
        said = []
        for head in found:
            self.left.remove(head)
            own = [node for each in layers(head.items) for node in each.nodes]
            self.drawn.update(node.index for node in own)
            through = f"{', '.join(caption(self.graph, node) for node in own)} → " if own else ""
            said.append(f"{through}{head.output.name}, {show(self.graph.nodes[head.output.node].shape)}")
        return said

    def _runs(self, items: Sequence[Item]) -> list[list[Item]]:
        """The items; what is of one form several times in a row is together."""
        runs: list[list[Item]] = []
        forms: list[object] = []
        for item in items:
            own = form(self.graph, item) if not (isinstance(item, Layer) and item.minor) else None
            if runs and own is not None and own == forms[-1] and not isinstance(item, Mesh):
                runs[-1].append(item)
            else:
                runs.append([item])
                forms.append(own)
        found: list[list[Item]] = []
        for run in runs:
            few = self.each or (isinstance(run[0], Layer) and len(run) <= _EACH)
            found += [[item] for item in run] if few else [run]
        return found

    # -- pieces

    def _piece(self, run: list[Item], before: Shape | None) -> pieces.Piece:
        item = run[0]
        if isinstance(item, Block):
            return self._call(run)
        if len(run) > 1:
            self._repeats(run)
            return branches.Frame("", len(run), self.series([item], before), UNMARKED)
        if isinstance(item, Layer):
            return self.step(item)
        if isinstance(item, Mesh):
            return self._mesh(item.layers)
        return self._split(item)

    def _call(self, run: list[Item]) -> pieces.Piece:
        """Calls of a block, opened or as a card."""
        item = run[0]
        assert isinstance(item, Block)
        scope = self.graph.scopes[item.scope]
        block = scope.block or ""
        name = scope.path.removeprefix(self.own.path).lstrip(".")
        last = name.rpartition(".")[2]
        title = block if last.isdigit() or last.startswith(block) or not name else f"{name}: {block}"
        mark = self.mark([each for each in run if isinstance(each, Block)])
        if self.opened and block != self.own.block:
            self._repeats(run)
            return branches.Frame(title, len(run), self.series(item.items, self._entering(item.items)), mark)
        every = list(layers(run))
        self.folded.update(node.index for layer in every for node in layer.nodes)
        entering = self._entering(item.items)
        detail = f"{show(entering)} → {show(run[-1].shape)}" if entering else show(run[-1].shape)
        card = pieces.Card(title, detail, len(run), mark, every)
        self.boxes.append(card)
        return card

    def _repeats(self, run: Sequence[Item]) -> None:
        """Notes what the first of several stands for."""
        note = "of what stands several times the first is drawn"
        if len({each.shape for each in run}) > 1 and note not in self.notes:
            self.notes.append(note)
        self.folded.update(node.index for layer in layers(run[1:]) for node in layer.nodes)
        for each in run[1:]:
            for layer, other in zip(major([run[0]]), major([each])):
                self.also.setdefault(layer.head.index, []).append(other)

    def step(self, layer: Layer) -> pieces.Step:
        """The box of a layer, with what is to be written before and after it."""
        self.drawn.update(node.index for node in layer.nodes)
        step = self._step(layer)
        step.every += self.also.get(layer.head.index, [])
        if self.shares:
            step.widen()
        self.boxes.append(step)
        return step

    def _step(self, layer: Layer) -> pieces.Step:
        graph, head = self.graph, layer.head
        if layer.minor:
            return pieces.Step(layer, words(graph, layer.nodes), tint(head))
        if head.op.category == "input":
            named = f"{head.label or head.name}: " if len(graph.inputs) > 1 else ""
            step = pieces.Step(
                layer,
                named + self.whole(layer.shape),
                "input",
                bare=True,
            )
        else:
            text = caption(graph, head).replace(" conv, ", ", ")
            circle = head.op.category == "merge" and len(text) == 1
            step = pieces.Step(
                layer, text if head.op.category != "merge" or circle else head.op.keyword, tint(head), circle=circle
            )
        at = layer.nodes.index(head)
        step.before = tuple(word(graph, node) for node in layer.nodes[:at])
        step.after = tuple(word(graph, node) for node in layer.nodes[at + 1 :])
        if step.before:
            step.before = (" · ".join(step.before),)
        return step

    def whole(self, shape: Shape) -> str:
        """A tensor that enters the block, or leaves it."""
        return channels(shape, shape if self.size is not None else None)

    def _split(self, split: Split) -> pieces.Piece:
        before = self._source(split)
        join = self.step(split.join)
        beside = self._beside(split)
        if beside is not None and before is not None:
            arm, main = split.arms[beside], split.arms[1 - beside]
            own = [node for layer in layers(arm) for node in layer.nodes]
            product = split.join.nodes[0].op.keyword == "mul"
            said = ""
            if not major(arm):
                self.drawn.update(node.index for node in own)
                said = words(self.graph, own) or ("scale" if product else "identity")
            lane = self.series(arm if major(arm) else (), before)
            bypass = branches.Bypass(self.series(main, before), lane, join, dashed=bool(lane.pieces), words=said)
            bypass.after = join.after
            return bypass
        identity = branches.Series([], [pieces.Label([["identity"]])])
        arms = [self.series(way, before) if way else identity for way in split.arms]
        if len(arms) != 2 and join.circle:
            join.circle = False
            join.high = pieces.BOX
            join.stretch(40)
        fork = branches.Fork(arms, join, shared=before is not None)
        fork.after = join.after
        return fork

    def _source(self, split: Split) -> Shape | None:
        """The shape of the tensor at which the arms part; None where each begins with an input."""
        for layer in layers([split]):
            node = layer.nodes[0]
            if node.op.category == "input":
                return None
        first = next(layers([split])).nodes[0]
        if not split.arms[0]:
            return self.graph.nodes[split.join.nodes[0].inputs[0]].shape
        return self.graph.nodes[first.inputs[0]].shape if first.inputs else None

    def _beside(self, split: Split) -> int | None:
        """The arm that goes round the other, if there is one."""
        if len(split.arms) != 2:
            return None
        if is_gate(self.graph, split) or split.join.nodes[0].op.keyword == "concat":
            bare = [place for place, arm in enumerate(split.arms) if not major(arm)]
            return bare[0] if len(bare) == 1 else None
        found = shortcut(self.graph, split)
        if found is not None:
            return found
        bare = [place for place, arm in enumerate(split.arms) if not major(arm)]
        return bare[0] if len(bare) == 1 else None

    def _mesh(self, every: Sequence[Layer]) -> branches.Mesh:
        place = {node.index: at for at, layer in enumerate(every) for node in layer.nodes}
        steps: list[pieces.Step] = []
        sources: list[list[int]] = []
        labels: list[pieces.Label] = []
        for at, layer in enumerate(every):
            step = self.step(layer)
            taken = carried(layer.nodes[0], layer.nodes[0].inputs)
            lines: list[list[str]] = []
            if at:
                above = every[at - 1]
                lines.append(self._left(steps[-1], above.shape, self._entering([above])))
            labels.append(
                pieces.Label(_joined(lines, list(step.before)), leaves=self._leaves(every[at - 1]) if at else ())
            )
            steps.append(step)
            sources.append([place.get(index, -1) for index in taken])
        mesh = branches.Mesh(steps, sources, labels)
        mesh.after = steps[-1].after
        return mesh


def _joined(lines: list[list[str]], before: list[str]) -> list[list[str]]:
    """The label of an arrow: in one line where nothing stands before the shape."""
    if not before:
        return lines
    if lines and not lines[-1][0]:
        return [*lines[:-1], [*lines[-1], *before]]
    return [*lines, before]
