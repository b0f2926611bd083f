"""What the box of a layer says: its caption, and what is drawn into it where that is not usual."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from netdsl.analyses.structure import Layer
from netdsl.backends.captions import LayerTint, caption, tint
from netdsl.backends.labels import show
from netdsl.ir.graph import Graph, Node

#: What a weight layer has before it and after it, by its captions: ``((), ("bn", "relu"))``.
Habit = tuple[tuple[str, ...], tuple[str, ...]]
#: The part of a kind's boxes that have to be alike for that to be said below the drawing.
_FEW = 0.2


class Face(NamedTuple):
    """A layer as it is drawn.

    A ``circle`` is a sum, difference or product: ``text`` is its sign, ``note`` what follows it. ``small`` is a second
    line. ``join`` marks other joins, ``training`` what acts in training alone. With heat there are a ``share``, a
    ``fill`` and an ``ink``.
    """

    text: str
    tint: LayerTint
    circle: bool = False
    join: bool = False
    training: bool = False
    note: str = ""
    small: str = ""
    share: str = ""
    fill: str | None = None
    ink: str | None = None


class Habits(NamedTuple):
    """For each keyword of weight layers what its boxes have unless they say otherwise, and how many have just that."""

    usual: Mapping[str, Habit]
    kept: Mapping[str, int]
    total: Mapping[str, int]


def faces(graph: Graph, every: Iterable[Layer]) -> tuple[dict[int, Face], Habits]:
    """The face of each layer, by the index of its head, and what is usual."""
    found = list(every)
    habits = _habits(graph, found)
    shared = _shared(graph, found)
    return {layer.head.index: _face(graph, layer, habits, layer.head.index in shared) for layer in found}, habits


def is_circle(layer: Layer, words: str) -> bool:
    """Whether a layer with this caption is drawn as a circle."""
    return layer.head.op.category == "merge" and len(words) == 1 and layer.nodes[0] is layer.head


def habits_in_words(habits: Habits) -> list[str]:
    """What the boxes of each kind hold, in sentences that are true of every box."""
    alike: dict[tuple[Habit, bool], list[str]] = {}
    for keyword, habit in habits.usual.items():
        if habit != ((), ()):
            alike.setdefault((habit, habits.kept[keyword] == habits.total[keyword]), []).append(keyword)
    words = []
    for ((before, after), whole), keywords in alike.items():
        kinds = " and ".join(keywords)
        it = f"the {keywords[0]}" if len(keywords) == 1 else "it"
        parts = [f"{_listed(before)} before {it}"] if before else []
        parts += [f"{_listed(after)} after {it}"] if after else []
        has = " and ".join(parts)
        if whole:
            words.append(f"Every {kinds} box has {has}.")
            continue
        kept, total = (sum(count[keyword] for keyword in keywords) for count in (habits.kept, habits.total))
        article = "An" if kinds[0] in "aeiouf" else "A"
        words.append(f"{article} {kinds} box that names nothing more has {has} ({kept} of {total} boxes).")
    return words


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


# -- inside -----------------------------------------------------------------------------------------------------------


def _usually(node: Node) -> bool:
    """Whether a node counts for what is usual: norms and activations do, dropout and rearrangements are always said."""
    return node.op.category in ("norm", "activation")


def _habit(graph: Graph, layer: Layer) -> Habit:
    at = layer.nodes.index(layer.head)
    before = tuple(caption(graph, node) for node in layer.nodes[:at] if _usually(node))
    return before, tuple(caption(graph, node) for node in layer.nodes[at + 1 :] if _usually(node))


def _habits(graph: Graph, every: list[Layer]) -> Habits:
    counts: dict[str, Counter[Habit]] = {}
    for layer in every:
        if layer.head.op.weight_layer:
            counts.setdefault(layer.head.op.keyword, Counter())[_habit(graph, layer)] += 1
    usual = {}
    for keyword, found in counts.items():
        most = max(found.values())
        # Of two that are about as frequent the longer: what it leaves out is then said.
        usual[keyword] = max(
            (pair for pair, count in found.items() if 2 * count >= most), key=lambda pair: len(pair[0]) + len(pair[1])
        )
        # What few have is said in each of their boxes.
        if counts[keyword][usual[keyword]] < _FEW * found.total():
            usual[keyword] = ((), ())
    kept = {keyword: counts[keyword][habit] for keyword, habit in usual.items()}
    return Habits(usual, kept, {keyword: found.total() for keyword, found in counts.items()})


def _shared(graph: Graph, every: list[Layer]) -> set[int]:
    """Layers whose weights an earlier one has too, by their heads' indices."""
    applied: set[str] = set()
    shared: set[int] = set()
    for layer in sorted(every, key=lambda layer: layer.head.index):
        module = layer.head.module
        if module in applied:
            shared.add(layer.head.index)
        elif module is not None and layer.head.op.tensors(graph.input_shapes(layer.head)):
            applied.add(module)
    return shared


def _face(graph: Graph, layer: Layer, habits: Habits, shared: bool) -> Face:
    head = layer.head
    training = all(node.mode == "train" for node in layer.nodes)
    words = caption(graph, head)
    others = [_said(graph, node, training) for node in layer.nodes if node is not head]
    if is_circle(layer, words):
        return Face(words, tint(head), circle=True, training=training, note=" · ".join(filter(None, others)))
    if head.op.category == "input":
        words = f"{head.label or 'input'} {show(head.shape)}"
    join = head.op.category == "merge"
    if join:
        words = f"{words} → {show(head.shape)}"
    usual = habits.usual.get(head.op.keyword, ((), ())) if head.op.weight_layer else ((), ())
    own = _habit(graph, layer)
    at = layer.nodes.index(head)
    hidden = own == usual
    around = [
        "" if hidden and head.op.weight_layer and _usually(node) else _said(graph, node, training)
        for node in layer.nodes
        if node is not head
    ]
    if usual != ((), ()) and own == ((), ()):
        words += " · linear"
    words = " · ".join(filter(None, [*around[:at], words, *around[at:], "shared" if shared else ""]))
    return Face(words, tint(head), join=join, training=training)


def _said(graph: Graph, node: Node, training: bool) -> str:
    """What is said of a node that is drawn into a box; nothing of one that does nothing."""
    if node.op.keyword == "id":
        return ""
    only = node.mode == "train" and not training
    return caption(graph, node) + (" in training" if only else "")
