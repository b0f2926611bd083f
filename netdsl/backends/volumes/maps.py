"""Which tensors of a net are drawn as volumes, what makes each of them, and which go past others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from netdsl.analyses.fold import form
from netdsl.analyses.line import line
from netdsl.analyses.structure import Block, Item, Layer, Mesh, Split, layers, major
from netdsl.backends.captions import Tint, caption, tint
from netdsl.ir.graph import Graph
from netdsl.ir.op import Op
from netdsl.ir.types import Shape, show_shape

#: What changes no numbers that matter here: no volume is drawn for it unless it changes the size of the map.
_PASSING = frozenset({"norm", "activation", "regularise", "shape", "merge"})


class Volume(NamedTuple):
    """A tensor, ``times`` in a row of one form, all of ``shape``.

    ``words`` say what makes it, and ``kernel`` is its window on the tensor before, None where it sees all of it, or
    where there is no single window. ``parts`` are channels that come together in it, and whether along the line.
    ``items`` are all that it stands for.
    """

    shape: Shape
    words: str
    tint: Tint
    kernel: tuple[int, ...] | None
    items: tuple[Item, ...]
    times: int = 1
    parts: tuple[tuple[int, bool], ...] = ()
    dense: bool = False

    @property
    def flat(self) -> bool:
        """Whether it has a single place: a vector, drawn as a bar."""
        return all(length == 1 for length in self.shape[1:])

    @property
    def layers(self) -> list[Layer]:
        """All layers that make it."""
        return list(layers(self.items))


class Way(NamedTuple):
    """A tensor that goes past others, from one volume to another by their place; ``words`` say what is on its way."""

    source: int
    target: int
    words: str


class Lane(NamedTuple):
    """Volumes in a row with the ways over them, and the lanes before it, whose tensors meet in its first volume."""

    volumes: list[Volume]
    ways: list[Way]
    before: tuple[Lane, ...] = ()


def lanes(graph: Graph, items: Sequence[Item]) -> Lane:
    """The volumes of a net whose way to the main output is ``items``: a lane for each arm that begins at an input.

    Where such arms share tensors before they meet, each input is a lane, and what lies between one volume.
    """
    first, *rest = items
    if isinstance(first, Split):
        volumes, ways = found(graph, (first.join, *rest))
        head, joined = first.join.head, volumes[0]
        if head.op.keyword == "concat" and not joined.flat:
            parts = tuple((shape[0], True) for shape in graph.input_shapes(head))
            volumes[0] = joined._replace(parts=parts if sum(part for part, _ in parts) == joined.shape[0] else ())
        return Lane(volumes, ways, tuple(lanes(graph, arm) for arm in first.arms))
    if isinstance(first, Mesh):
        entering = [layer for layer in first.layers if layer.head.op.category == "input"]
        between = Mesh(tuple(layer for layer in first.layers if layer not in entering))
        return Lane(*found(graph, (between, *rest)), tuple(Lane(*found(graph, [layer])) for layer in entering))
    return Lane(*found(graph, items))


def found(graph: Graph, items: Iterable[Item]) -> tuple[list[Volume], list[Way]]:
    """The volumes of a net whose way to the main output is ``items``, in order."""
    made = line(graph, items)
    joins = {bow.target for bow in made.bows}
    taken = {bow.source for bow in made.bows}
    volumes: list[Volume] = []
    forms: list[object] = []
    place: dict[int, int] = {}
    for at, item in enumerate(made.items):
        if at not in joins and volumes and _passes(item, volumes[-1].shape):
            # It is drawn into the tensor that it leaves as it is.
            place[at] = len(volumes) - 1
            volumes[-1] = volumes[-1]._replace(items=(*volumes[-1].items, item))
            continue
        own = form(graph, item)
        volume = _volume(graph, item)
        if at in joins and isinstance(item, Layer) and item.head.op.keyword == "concat":
            along = max(node.index for layer in layers(made.items[at - 1 : at]) for node in layer.nodes)
            parts = ((graph.nodes[source].shape[0], source == along) for source in item.head.inputs)
            volume = volume._replace(parts=tuple(parts))
        free = at not in joins and at - 1 not in taken and at - 1 not in joins
        if forms and forms[-1] == own and free and volumes[-1].shape == volume.shape and not volume.flat:
            before = volumes[-1]
            volumes[-1] = before._replace(times=before.times + 1, items=(*before.items, item))
        elif free and volumes and _begins(graph, volumes[-1], volume):
            before = volumes[-1]
            volumes[-1] = before._replace(times=before.times + 1, items=(*before.items, item))
            forms[-1] = own
        else:
            volumes.append(volume)
            forms.append(own)
        place[at] = len(volumes) - 1
    ways = []
    for bow in made.bows:
        words = ", ".join(caption(graph, layer.head) for layer in layers(bow.arm))
        ways.append(Way(place[bow.source], place[bow.target], words))
    return volumes, ways


def _begins(graph: Graph, before: Volume, volume: Volume) -> bool:
    """Whether a first block of a stage, and the one after it, give tensors of one shape by the same block."""
    one, other = before.items[-1], volume.items[0]
    if not isinstance(one, Block) or not isinstance(other, Block) or before.shape != volume.shape:
        return False
    return graph.scopes[one.scope].block == graph.scopes[other.scope].block


def _passes(item: Item, before: Shape) -> bool:
    """Whether what an item gives looks as what enters it."""
    if isinstance(item, Layer):
        op = item.head.op
        if op.category not in _PASSING:
            return False
        return item.minor or _places(item.head.shape) == _places(before) or op.keyword == "flatten"
    gate = isinstance(item, Split) and item.join.nodes[0].op.keyword == "mul"
    return gate and item.shape == before


def _places(shape: Shape) -> Shape:
    return shape if any(length != 1 for length in shape[1:]) else shape[:1]


def _volume(graph: Graph, item: Item) -> Volume:
    if isinstance(item, Layer):
        head, op = item.head, item.head.op
        return Volume(head.shape, _words(graph, item), tint(head), _kernel(op), (item,), dense=_dense(op))
    every = major([item])
    weights = [layer for layer in every if layer.head.op.weight_layer] or every or list(layers([item]))
    kind = tint(weights[0].head) if len(weights) == 1 else "conv"
    if isinstance(item, Block):
        scope = graph.scopes[item.scope]
        words = scope.block or ""
    else:
        words = item.join.head.op.keyword if isinstance(item, Split) else "several layers"
    strided = [layer for layer in every if max(getattr(layer.head.op, "stride", ()), default=1) > 1]
    if strided and not isinstance(item, Mesh):
        words += _over(strided[0].head.op)
    return Volume(item.shape, words, kind, None, (item,))


def _words(graph: Graph, item: Layer) -> str:
    """What a layer does, in the few letters that there is room for: ``11×11/4``, ``max 3×3/2``, ``dense``."""
    head, op = item.head, item.head.op
    if op.category == "input":
        return head.label or "input"
    if _dense(op):
        return "dense"
    kernel: tuple[int, ...] = getattr(op, "kernel", ())
    if op.pools_all or (not kernel and op.category == "pool"):
        return f"global {'max' if op.keyword == 'gmp' else 'avg'}" if op.pools_all else caption(graph, head)
    if op.category == "conv" and kernel:
        kind = {"dwconv": "dw ", "upconv": "up "}.get(op.keyword, "")
        return f"{kind}{show_shape(kernel)}{_over(op)}"
    words = caption(graph, head).replace(", /", "/")
    # A sign by itself, as that of a difference, is too little below a volume.
    return words if len(words) > 1 else op.keyword


def _over(op: Op) -> str:
    stride: tuple[int, ...] = getattr(op, "stride", (1,))
    # An up-convolution's window and stride would read as a product.
    if max(stride) == 1 or op.keyword == "upconv":
        return ""
    return "/" + (str(stride[0]) if len(set(stride)) == 1 else show_shape(stride))


def _kernel(op: Op) -> tuple[int, ...] | None:
    kernel: tuple[int, ...] | None = getattr(op, "kernel", None)
    return kernel if op.category in ("conv", "pool") and kernel else None


def _dense(op: Op) -> bool:
    return op.category == "fc"


def extent(volumes: Sequence[Volume]) -> tuple[float, float]:
    """The smallest and the largest side of all maps."""
    sides = [length for volume in volumes if not volume.flat for length in volume.shape[1:]]
    return (min(sides), max(sides)) if sides else (1, 1)
