"""How a net is put together: layers in series, joins of parallel arms, and the calls of blocks around them.

Found in the graph, not in the text: where every path passes one layer, a series is cut, and what lies between two cuts
are the arms of a join. A layer comes with the norm, activation, dropout and rearrangement beside it, as people draw it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from netdsl.analyses.paths import broadcast
from netdsl.analyses.recent import recent
from netdsl.analyses.view import Seen, carried
from netdsl.ir.graph import Graph, Node, Output
from netdsl.ir.types import Shape

#: Operators that compute little and keep every element: they are drawn into the layer beside them.
_QUIET = frozenset({"times", "flatten", "permute", "reshape", "id", "scale"})
#: Joins, and calls of blocks, inside of one another beyond which no structure is looked for.
_DEEPEST = 50


class Layer(NamedTuple):
    """A layer with what is drawn into it. ``nodes`` are all of it in order, ``head`` is the one that gives its name.

    It is ``minor`` where there is nothing but norms, activations and the like: no layer of the block is beside them.
    """

    head: Node
    nodes: tuple[Node, ...]
    minor: bool

    @property
    def shape(self) -> Shape:
        """Of the tensor that leaves."""
        return self.nodes[-1].shape


class Split(NamedTuple):
    """Arms that part at one tensor and meet in ``join``, in the order of its inputs. An empty arm is that tensor."""

    arms: tuple[tuple[Item, ...], ...]
    join: Layer

    @property
    def shape(self) -> Shape:
        """Of the tensor that leaves."""
        return self.join.shape


class Mesh(NamedTuple):
    """Layers between two cuts that are no arms of a join: they share tensors among one another."""

    layers: tuple[Layer, ...]

    @property
    def shape(self) -> Shape:
        """Of the tensor that leaves."""
        return self.layers[-1].shape


class Block(NamedTuple):
    """A call of a block, all of it. ``scope`` is its index in ``Graph.scopes``."""

    scope: int
    items: tuple[Item, ...]

    @property
    def shape(self) -> Shape:
        """Of the tensor that leaves."""
        return self.items[-1].shape


Item = Layer | Split | Mesh | Block


class Head(NamedTuple):
    """An output beside the main one: the layers that it alone has, and the layer of the net that they begin at."""

    output: Output
    items: tuple[Item, ...]
    tap: Layer | None


class Structure(NamedTuple):
    """All of a view: the way to the main output, and the heads beside it."""

    items: tuple[Item, ...]
    heads: tuple[Head, ...]


@recent(2)
def structure(graph: Graph, seen: Seen) -> Structure:
    """The structure of what a view has."""
    return _Finder(graph, seen).find()


def layers(items: Iterable[Item]) -> Iterator[Layer]:
    """Every layer, arms before their join."""
    pending: list[Item] = [*items][::-1]
    while pending:
        item = pending.pop()
        if isinstance(item, Layer):
            yield item
        elif isinstance(item, Mesh):
            yield from item.layers
        elif isinstance(item, Block):
            pending += item.items[::-1]
        else:
            pending.append(item.join)
            for arm in item.arms[::-1]:
                pending += arm[::-1]


def major(items: Iterable[Item]) -> list[Layer]:
    """The layers that are more than a norm, an activation or the like."""
    return [layer for layer in layers(items) if not layer.minor]


def is_minor(node: Node) -> bool:
    """Whether a node is drawn into a layer beside it: norms with weights, activations, dropout, rearrangements."""
    op = node.op
    if op.probabilities or op.variadic or len(node.inputs) != 1:
        return False
    return op.keyword in _QUIET or op.category in ("activation", "regularise") or _normalises(node)


def is_gate(graph: Graph, split: Split) -> bool:
    """Whether a join multiplies a map with one value a channel, as squeeze-and-excitation does."""
    join = split.join.nodes[0]
    shapes = graph.input_shapes(join)
    return join.op.keyword == "mul" and any(broadcast(shape, join.shape) for shape in shapes)


def _normalises(node: Node) -> bool:
    # Local response normalisation has no weights, and papers list it as a layer.
    return node.op.category == "norm" and node.op.keyword != "lrn"


def _layer(chain: list[Node]) -> Layer:
    head = next((node for node in chain if not is_minor(node)), None)
    return Layer(head or chain[0], tuple(chain), head is None)


class _Finder:
    """Finds the structure of one view. Layers are called by their place in ``self.all``, which is topological."""

    def __init__(self, graph: Graph, seen: Seen) -> None:
        self.graph = graph
        self.seen = seen
        #: For each scope the innermost call of a block around it.
        self.call = [0] * len(graph.scopes)
        for scope in graph.scopes[1:]:
            assert scope.parent is not None
            self.call[scope.index] = scope.index if scope.kind == "block" else self.call[scope.parent]
        #: For each such call the calls around it, the outermost first, and itself.
        self.path: dict[int, tuple[int, ...]] = {0: ()}
        for scope in graph.scopes[1:]:
            if scope.kind == "block":
                assert scope.parent is not None
                self.path[scope.index] = (*self.path[self.call[scope.parent]][:_DEEPEST], scope.index)
        self.all: list[Layer] = self._fuse()
        self.place = {node.index: place for place, layer in enumerate(self.all) for node in layer.nodes}
        #: For each layer where its inputs come from.
        self.sources = [tuple(self.place[at] for at in self._taken(layer.nodes[0])) for layer in self.all]

    def find(self) -> Structure:
        (_, main), *others = self.seen.outputs
        items = self._series(self.place[main], None)
        known = {self.place[node.index] for layer in layers(items) for node in layer.nodes}
        heads = []
        for output, at in others:
            sink = self.place[at]
            own = self._closure(sink, known)
            taps = [source for place in own for source in self.sources[place] if source in known]
            tap = max(taps, default=sink if sink in known else None)
            found = self._series(sink, tap, stop=known) if own else []
            heads.append(Head(output, self._calls(found, 0), None if tap is None else self.all[tap]))
            known.update(own)
        return Structure(self._calls(items, 0), tuple(heads))

    def _taken(self, node: Node) -> tuple[int, ...]:
        return carried(node, self.seen.inputs[node.index])

    # -- layers

    def _fuse(self) -> list[Layer]:
        users: Counter[int] = Counter(at for node in self.seen.nodes for at in self._taken(node))
        users.update(at for _, at in self.seen.outputs)
        chains: list[list[Node]] = []
        ends: dict[int, list[Node]] = {}
        for node in self.seen.nodes:
            taken = self._taken(node)
            chain = ends.get(taken[0]) if len(taken) == 1 and users[taken[0]] == 1 else None
            if chain is not None and self._joins(chain, node):
                chain.append(node)
            else:
                chain = [node]
                chains.append(chain)
            ends[node.index] = chain
        return [_layer(chain) for chain in chains]

    def _joins(self, chain: list[Node], node: Node) -> bool:
        """Whether a node is drawn into the layer before it, or the norms and activations before it into the node."""
        if chain[0].op.category == "input":
            return False
        if chain[-1].head == node.head and not (is_minor(chain[0]) and chain[0].head != node.head):
            return True
        if self.call[chain[-1].scope] != self.call[node.scope]:
            return False
        if node.head > node.index and not all(map(is_minor, chain)):
            # A style put it before the layer that is still to come.
            return False
        op = node.op
        return is_minor(node) or (all(map(is_minor, chain)) and op.category != "merge" and not op.probabilities)

    # -- series and joins

    def _closure(self, sink: int, stop: Iterable[int]) -> list[int]:
        """The layers that ``sink`` is made of, itself among them, up to those in ``stop``, in order."""
        met = set(stop)
        if sink in met:
            return []
        met.add(sink)
        stack, found = [sink], [sink]
        while stack:
            for source in self.sources[stack.pop()]:
                if source not in met:
                    met.add(source)
                    found.append(source)
                    stack.append(source)
        return sorted(found)

    def _series(self, sink: int, source: int | None, *, stop: Iterable[int] | None = None) -> list[Item]:
        """What lies between the tensor of ``source`` and that of ``sink``."""
        around = stop if stop is not None else () if source is None else (source,)
        return self._cut(self._closure(sink, around), source, 0)

    def _cut(self, region: Sequence[int], source: int | None, depth: int) -> list[Item]:
        """The items of a series of these layers, which begins at the tensor of ``source``."""
        inside = set(region)
        last: dict[int | None, int] = {}
        for place in region:
            for taken in self.sources[place] or (None,):
                # Whatever comes from outside comes from where the series begins.
                last[taken if taken in inside else None] = place
        items: list[Item] = []
        between: list[int] = []
        start, held = source, last.get(None, -1)
        for place in region:
            between.append(place)
            if held <= place:
                items.append(self._segment(between, start, depth))
                start, between = place, []
            held = max(held, last.get(place, -1))
        return items

    def _segment(self, between: list[int], source: int | None, depth: int) -> Item:
        """The layers up to and with a cut: one, or the arms of a join."""
        *rest, sink = between
        join = self.all[sink]
        if not rest:
            return join
        if depth >= _DEEPEST:
            return Mesh(tuple(self.all[place] for place in between))
        stop = [source] if source is not None else []
        inside = set(rest)
        arms = [self._closure(place, stop) if place in inside else [] for place in self.sources[sink]]
        if sum(map(len, arms)) != len(rest):
            return Mesh(tuple(self.all[place] for place in between))
        return Split(tuple(tuple(self._cut(arm, source, depth + 1)) for arm in arms), join)

    # -- calls of blocks

    def _calls(self, items: Sequence[Item], context: int) -> tuple[Item, ...]:
        """The items with each call of a block that is wholly among them as one item."""
        found: list[Item] = []
        at = 0
        while at < len(items):
            call = self._outermost(items[at], context)
            end = at + 1
            while call is not None and end < len(items) and self._outermost(items[end], context) == call:
                end += 1
            if call is None:
                item = items[at]
                if isinstance(item, Split):
                    item = Split(tuple(self._calls(arm, context) for arm in item.arms), item.join)
                found.append(item)
            elif self._whole(items[at:end], call):
                found.append(Block(call, self._calls(items[at:end], call)))
            else:
                found += self._calls(items[at:end], call)
            at = end
        return tuple(found)

    def _outermost(self, item: Item, context: int) -> int | None:
        """The outermost call of a block inside of ``context`` that all of an item stands in."""
        depth = len(self.path[context])
        if depth >= _DEEPEST:
            return None
        common: int | None = None
        for layer in layers([item]):
            path = self.path[self.call[layer.head.scope]]
            if len(path) <= depth or common not in (None, path[depth]):
                return None
            common = path[depth]
        return common

    def _whole(self, items: Sequence[Item], call: int) -> bool:
        return sum(1 for _ in layers(items)) == self._count(call)

    def _count(self, call: int) -> int:
        """How many layers stand in a call of a block."""
        if not hasattr(self, "_counts"):
            self._counts: Counter[int] = Counter()
            for layer in self.all:
                self._counts.update(self.graph.ancestors(layer.head.scope))
        return self._counts[call]
