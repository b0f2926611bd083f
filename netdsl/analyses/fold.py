"""Repeats in a structure: what stands several times in a row, and how a first one differs from the rest.

Two items have one form where they have the same operators with the same attributes; how often dropout drops and what a
constant factor is does not count, nor do the channels that enter. A first item may differ from those after it as it
does where a stage begins: in its stride, its shortcut, and in channels that keep their ratio to the input's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from netdsl.analyses.structure import Block, Item, Layer, Mesh, Split, is_gate, layers, major
from netdsl.ir.graph import Graph

#: Attributes in which a first item may differ freely: stride, and the padding that goes with it.
_FREE = frozenset({"stride", "pad", "out_pad", "bias", "tf", "same_tf", "ceil", "count_pad"})
#: Attributes that count channels.
_CHANNELS = frozenset({"channels", "features"})


class Fold(NamedTuple):
    """Items of one form in a row; with ``first`` the first of them differs from the others.

    ``minor`` are the norms, activations and the like that stand between and beside them.
    """

    items: tuple[Item, ...]
    first: bool = False
    minor: tuple[Layer, ...] = ()

    @property
    def pattern(self) -> Item:
        """The item that stands for all but a first that differs."""
        return self.items[-1]

    @property
    def layers(self) -> list[Layer]:
        """All layers of all items, and what stands beside them."""
        return [*layers(self.items), *self.minor]


class Body(NamedTuple):
    """An item for comparison: its layers without those of gates and shortcuts, then these.

    ``shape`` is how the layers hang together. A shortcut is the layers on it; none are an identity.
    """

    layers: list[Layer]
    gates: list[Layer]
    shape: list[str]
    shortcuts: list[tuple[Layer, ...]]


def fold(graph: Graph, items: Iterable[Item]) -> list[Fold]:
    """The items with repeats together. Linear in the layers but for the depth of joins.

    Norms and the like that stand alone part no repeats; where there is nothing else, each is a fold of its own.
    """
    every = list(items)
    own = [item for item in every if not (isinstance(item, Layer) and item.minor)]
    if not own:
        return [Fold((item,)) for item in every]
    if len(own) == 1:
        return [Fold((own[0],), False, tuple([item for item in every if isinstance(item, Layer) and item.minor]))]
    forms = [form(graph, item) for item in own]
    folds: list[Fold] = []
    at = 0
    while at < len(own):
        run = _run(forms, at)
        first = False
        if run == at + 1 < len(own) and _begins(graph, own[at], own[at + 1]):
            first, run = True, _run(forms, at + 1)
        folds.append(Fold(tuple(own[at:run]), first))
        at = run
    _beside(every, folds)
    return folds


def _beside(every: Sequence[Item], folds: list[Fold]) -> None:
    """Gives what stands alone to the fold before it, or to the first."""
    place, left = -1, 0
    minor: list[list[Layer]] = [[] for _ in folds]
    for item in every:
        if isinstance(item, Layer) and item.minor:
            minor[max(place, 0)].append(item)
            continue
        if left == 0:
            place += 1
            left = len(folds[place].items)
        left -= 1
    for at, found in enumerate(minor):
        folds[at] = folds[at]._replace(minor=tuple(found))


def _run(forms: Sequence[object], at: int) -> int:
    end = at + 1
    while end < len(forms) and forms[end] == forms[at]:
        end += 1
    return end


def form(graph: Graph, item: Item) -> tuple[object, ...]:
    """What an item does, equal for items that are repeats of one another."""
    if isinstance(item, Layer):
        own = (node for node in item.nodes if node.op.category != "regularise" or node is item.head)
        return tuple(
            node.op if node is item.head and not item.minor and node.op.category != "merge" else node.op.keyword
            for node in own
        )
    if isinstance(item, Split):
        return ("split", form(graph, item.join), *(_forms(graph, arm) for arm in item.arms))
    kind = graph.scopes[item.scope].block if isinstance(item, Block) else None
    return (kind, *_forms(graph, item.items if isinstance(item, Block) else item.layers))


def _forms(graph: Graph, items: Iterable[Item]) -> tuple[object, ...]:
    return tuple(form(graph, item) for item in items if not (isinstance(item, Layer) and item.minor))


def shortcut(graph: Graph, split: Split) -> int | None:
    """The arm of a sum that goes beside the other: the tensor itself, or no more than pooling and a convolution 1×1."""
    if len(split.arms) != 2 or split.join.nodes[0].op.keyword != "add" or is_gate(graph, split):
        return None
    sizes = [len(major(arm)) for arm in split.arms]
    least = 0 if sizes[0] < sizes[1] else 1
    if sizes[least] == 0:
        return least if sizes[1 - least] > 0 else None
    arm, other = split.arms[least], split.arms[1 - least]
    weights = [layer for layer in major(arm) if layer.head.op.weight_layer]
    pointwise = [layer for layer in weights if set(getattr(layer.head.op, "kernel", ())) == {1}]
    longer = sum(1 for layer in major(other) if layer.head.op.weight_layer) > len(weights)
    return least if sizes[least] <= 3 and longer and len(weights) == len(pointwise) <= 1 else None


def body(graph: Graph, item: Item) -> Body:
    """An item's layers and shortcuts, for comparison and for words about what differs."""
    found = Body([], [], [], [])
    _gather(graph, item, found, found.layers)
    return found


def _gather(graph: Graph, item: Item, found: Body, into: list[Layer]) -> None:
    if isinstance(item, Layer):
        if not item.minor:
            into.append(item)
            found.shape.append(item.head.op.keyword)
        return
    if isinstance(item, (Mesh, Block)):
        for inner in item.layers if isinstance(item, Mesh) else item.items:
            _gather(graph, inner, found, into)
        return
    if is_gate(graph, item):
        into = found.gates
    beside = shortcut(graph, item)
    for place, arm in enumerate(item.arms):
        if place == beside:
            found.shortcuts.append(tuple(major(arm)))
            continue
        if beside is None:
            found.shape.append("|")
        for inner in arm:
            _gather(graph, inner, found, into)
    if beside is None:
        found.shape.append(item.join.head.op.keyword)


def _joined(item: Item) -> str | None:
    """By what the arms of a join outside of any block meet."""
    return item.join.head.op.keyword if isinstance(item, Split) else None


def _begins(graph: Graph, first: Item, second: Item) -> bool:
    """Whether ``first`` is to ``second`` as the first block of a stage is to those after it."""
    if not isinstance(first, (Block, Split)) or first.shape != second.shape:
        return False
    if isinstance(first, Block) and isinstance(second, Block):
        if graph.scopes[first.scope].block != graph.scopes[second.scope].block:
            return False
    elif _joined(first) is None or _joined(first) != _joined(second):
        return False
    one, other = body(graph, first), body(graph, second)
    if one.shape != other.shape or len(one.shortcuts) > 1 or len(other.shortcuts) > 1:
        return False
    entering, after = _channels(graph, first), _channels(graph, second)
    pairs = zip([*one.layers, *one.gates], [*other.layers, *other.gates])
    return all(_akin(a, b, entering, after) for a, b in pairs)


def _akin(one: Layer, other: Layer, entering: int, after: int) -> bool:
    a, b = one.head.op, other.head.op
    if a == b:
        return True
    if type(a) is not type(b):
        return False
    for name in type(a).attributes():
        mine, yours = getattr(a, name), getattr(b, name)
        if mine == yours or name in _FREE:
            continue
        if name not in _CHANNELS or mine * after != yours * entering:
            return False
    return True


def _channels(graph: Graph, item: Item) -> int:
    """Channels of the tensor that enters."""
    node = next(layers([item])).nodes[0]
    return graph.nodes[node.inputs[0]].shape[0] if node.inputs else 0
