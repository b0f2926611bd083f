"""What stands on the cards of an overview: rows of layers, arms side by side, skips, and repeats. No positions yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from netdsl.analyses.fold import Fold, body, fold, shortcut
from netdsl.analyses.structure import Block, Head, Item, Layer, Mesh, Split, is_gate, layers, major
from netdsl.backends.captions import Tint, caption, tint
from netdsl.backends.labels import show, times
from netdsl.diagnostics import Span
from netdsl.ir.graph import Graph
from netdsl.ir.op import Op
from netdsl.ir.types import plural, show_shape

#: Characters that the title of a card may have before the block's name stands there instead.
_LONGEST = 24
#: How many layers at most follow one another in a run of them that is folded.
_PERIOD = 8


@dataclass
class Row:
    """One line: a layer, a squeeze-and-excitation, a sum. ``short`` is its text where room is scarce.

    ``layers`` are all that it stands for, those of every repeat; ``times`` is how often it stands in a row. Where rows
    are coloured by what they cost, ``share`` is its part, ``fill`` its colour and ``ink`` that of its text.
    """

    text: str
    short: str
    tint: Tint
    layers: list[Layer]
    times: int = 1
    share: str = ""
    fill: str | None = None
    ink: str | None = None


@dataclass
class Columns:
    """Arms side by side above the row that joins them. An empty arm is a row of its own."""

    arms: list[list[Part]]
    join: Row


@dataclass
class Skip:
    """Parts with a tensor that goes round them to ``join``; ``projection`` where it is not the tensor itself."""

    parts: list[Part]
    join: Row
    projection: bool


@dataclass
class Times:
    """Parts that stand ``count`` times in a row."""

    parts: list[Part]
    count: int


@dataclass
class Chain:
    """Rows from left to right, an arrow between each two."""

    row: list[Row]


Part = Row | Columns | Skip | Times | Chain


@dataclass
class Card:
    """A block or a stack of layers. ``title`` is empty for a stack; ``count`` is how often a block stands in a row.

    ``first`` says how a first block differs. ``layers`` are all layers of all repeats. ``training`` is of a head that
    acts in training alone, ``notes`` are in small print. ``scopes`` are the calls of the block, by their indices
    in ``Graph.scopes``, and ``items`` its repeats one by one. ``returned`` is the shape of what a head returns, which
    may have no layers.
    """

    title: str
    detail: str
    count: int
    parts: list[Part]
    first: list[str]
    layers: list[Layer]
    training: bool = False
    notes: tuple[str, ...] = ()
    scopes: tuple[int, ...] = ()
    items: tuple[Item, ...] = ()
    returned: tuple[int, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the tensor that leaves; that of the map which is flattened at the end."""
        if not self.layers:
            return self.returned
        last = max(self.layers, key=lambda layer: layer.nodes[-1].index)
        return max(last.head.shape, last.shape, key=len)

    @property
    def spoken(self) -> str:
        """What is on it, for those who listen."""
        words = self.title or ", ".join(f"{row.text}{times(row.times)}" for row in rows(self.parts))
        return words + times(self.count)


def rows(parts: Iterable[Part]) -> Iterator[Row]:
    """Every row, from the top down."""
    for part in parts:
        if isinstance(part, Row):
            yield part
        elif isinstance(part, Columns):
            for arm in part.arms:
                yield from rows(arm)
            yield part.join
        elif isinstance(part, Chain):
            yield from part.row
        else:
            yield from rows(part.parts)
            if isinstance(part, Skip):
                yield part.join


# -- layers -----------------------------------------------------------------------------------------------------------


def contents(graph: Graph, items: Iterable[Item], *, period: int = _PERIOD) -> list[Part]:
    """What is drawn of a series, its repeats folded: single layers, and runs of up to ``period``."""
    parts: list[Part] = []
    plain: list[Row] = []
    for found in fold(graph, items):
        more = _folded(graph, found)
        if isinstance(found.pattern, Layer) and not found.first:
            plain += _single(more)
            continue
        parts += [*_repeats(plain, period), *more]
        plain = []
    return [*parts, *_repeats(plain, period)]


def _single(parts: Iterable[Part]) -> Iterator[Row]:
    """Rows of layers, each as often as it stands there."""
    for part in parts:
        assert isinstance(part, Row)
        ends = [*range(1, part.times), len(part.layers)]
        for start, end in zip([0, *ends], ends):
            yield replace(part, layers=part.layers[start:end], times=1)


def _repeats(plain: Sequence[Row], period: int) -> list[Part]:
    """Rows with what stands several times in a row folded: one of them, or several that follow one another."""
    if len(plain) < 2:
        return [*plain]
    forms = [(row.text, row.layers[0].head.op) for row in plain]
    spans = [row.layers[0].head.span for row in plain]
    parts: list[Part] = []
    at = 0
    while at < len(plain):
        best = (0, 1, 1)
        for length in range(1, min(period, (len(plain) - at) // 2) + 1):
            count = 1
            while forms[at + count * length : at + (count + 1) * length] == forms[at : at + length]:
                count += 1
            best = max(best, ((count - 1) * length, -length, count))
        length, count = abs(best[1]), best[2]
        starts = range(at, at + length)
        if not _written(spans, at, length) and any(_written(spans, start, length) for start in starts):
            # What the spec repeats begins later.
            length, count = 1, 1
        pattern = plain[at : at + length]
        for place, row in enumerate(pattern):
            row.layers = [layer for turn in range(count) for layer in plain[at + turn * length + place].layers]
        if length == 1:
            pattern[0].times = count
        parts += [Times([*pattern], count)] if length > 1 else pattern
        at += count * length
    return parts


def _written(spans: Sequence[Span], start: int, length: int) -> bool:
    """Whether what stands from a place on stands again after it since the spec repeats it."""
    return spans[start : start + length] == spans[start + length : start + 2 * length]


def _folded(graph: Graph, found: Fold) -> list[Part]:
    if found.first:
        # On a card there is no small print for a first one that differs.
        return [*_parts(graph, found.items[0]), *_folded(graph, Fold(found.items[1:], False, found.minor))]
    each = [_parts(graph, item) for item in found.items]
    parts = _together(each)
    if parts:
        [*rows(parts)][-1].layers += found.minor
    if len(each) == 1 or not parts:
        return parts
    if len(parts) == 1 and isinstance(parts[0], Row):
        parts[0].times *= len(each)
        return parts
    return [Times(parts, len(each))]


def _together(each: Sequence[list[Part]]) -> list[Part]:
    """The parts of the last of several items, with the layers of all; the first may have another shortcut, or none."""
    pattern = each[-1]
    whole, plain = list(_slots(pattern)), list(_slots(pattern, joins=False))
    kept = [(row, row.layers) for row in rows(pattern)]
    for row, _ in kept:
        row.layers = []
    for parts in each[:-1]:
        others = list(_slots(parts))
        mine = whole if len(others) == len(whole) else plain
        others = others if len(others) == len(mine) else list(_slots(parts, joins=False))
        seen: set[int] = set()
        for row, other in zip(mine, others):
            row.layers += other.layers if id(other) not in seen else []
            seen.add(id(other))
    for row, last in kept:
        row.layers += last
    return pattern


def _slots(parts: Iterable[Part], *, joins: bool = True) -> Iterator[Row]:
    """Every row as often as it stands there, without the sums of skips unless ``joins``."""
    for part in parts:
        if isinstance(part, Row):
            yield from [part] * part.times
        elif isinstance(part, Times):
            yield from list(_slots(part.parts, joins=joins)) * part.count
        elif isinstance(part, Columns):
            for arm in part.arms:
                yield from _slots(arm, joins=joins)
            yield part.join
        elif isinstance(part, Chain):
            yield from part.row
        else:
            yield from _slots(part.parts, joins=joins)
            if joins:
                yield part.join


def _parts(graph: Graph, item: Item) -> list[Part]:
    if isinstance(item, Layer):
        return [] if item.minor else [layer_row(graph, item)]
    if isinstance(item, Mesh):
        return [layer_row(graph, layer) for layer in item.layers if not layer.minor]
    if isinstance(item, Block):
        return contents(graph, item.items)
    if is_gate(graph, item):
        return _gate(graph, item)
    beside = shortcut(graph, item)
    if beside is not None:
        join = _sum_row(graph, item, item.arms[beside])
        return [Skip(contents(graph, item.arms[1 - beside]), join, bool(major(item.arms[beside])))]
    join = layer_row(graph, item.join)
    arms = [contents(graph, arm, period=1) for arm in item.arms]
    full = [arm for arm in arms if arm]
    if len(full) == 1:
        return [Skip(full[0], join, False)]
    return [Columns([arm or [_identity(graph, way)] for arm, way in zip(arms, item.arms)], join)]


def _identity(graph: Graph, arm: Sequence[Item]) -> Row:
    """The row of an arm without layers."""
    own = list(layers(arm))
    words = " · ".join(caption(graph, layer.head) for layer in own) or "identity"
    return Row(words, words, "input", own)


def layer_row(graph: Graph, layer: Layer) -> Row:
    """The row of one layer."""
    words = caption(graph, layer.head)
    if layer.head.op.category == "merge":
        words = layer.head.op.keyword if len(words) == 1 else f"{words} → {show(layer.shape[:1])}"
    if layer.head.op.category == "input":
        words = f"{layer.head.label or 'input'} {show(layer.shape)}"
    return Row(words, words.replace(" conv, ", ", "), tint(layer.head), [layer])


def _sum_row(graph: Graph, split: Split, arm: Sequence[Item]) -> Row:
    words = " · ".join(caption(graph, layer.head) for layer in major(arm)) or "identity"
    kind: Tint = tint(major(arm)[-1].head) if major(arm) else "input"
    return Row(f"+ {words}", f"+ {words}", kind, [*layers(arm), split.join])


def _gate(graph: Graph, split: Split) -> list[Part]:
    """Squeeze-and-excitation and its like as one row; what else is multiplied stands before it."""
    ways = [(arm, major(arm)) for arm in split.arms]
    gate, inside = max(ways, key=lambda way: len(way[1]))
    before = [part for arm, _ in ways if arm is not gate for part in contents(graph, arm)]
    weights = [layer.head for layer in inside if layer.head.op.weight_layer]
    words = f"SE, {weights[0].shape[0]}" if len(weights) == 2 else "× gate"
    return [*before, Row(words, words, "gate", [*layers(gate), split.join])]


# -- cards ------------------------------------------------------------------------------------------------------------


def block_card(graph: Graph, found: Fold) -> Card:
    """The card of blocks in a row, or of a join of the net's own level."""
    item = found.pattern
    count = len(found.items)
    each = [_parts(graph, one) for one in found.items]
    parts = _together(each)
    if count == 1 and len(parts) == 1 and isinstance(parts[0], Times):
        count, parts = parts[0].count, parts[0].parts
    title, detail = _names(graph, found)
    first = differences(graph, found) if found.first else []
    every = found.layers
    if not parts:
        parts = [layer_row(graph, layer) for layer in layers([item])]
    scopes = tuple(one.scope for one in found.items if isinstance(one, Block))
    return Card(title, detail, count, parts, first, every, scopes=scopes, items=found.items)


def stack_card(graph: Graph, items: Sequence[Item], title: str = "") -> Card:
    """The card of layers that stand in no block."""
    parts = contents(graph, items) or [layer_row(graph, layer) for layer in layers(items)]
    notes = ("not one after another: see --as layers",) if any(isinstance(item, Mesh) for item in items) else ()
    return Card(title, "", 1, parts, [], list(layers(items)), notes=notes)


def head_card(graph: Graph, head: Head, *, upright: bool = False) -> Card:
    """The card of a head beside the line: its layers in one row where they are a plain series, unless ``upright``."""
    output = head.output
    card = stack_card(graph, head.items, output.name)
    if not upright and len(card.parts) > 1 and all(isinstance(part, Row) for part in card.parts):
        card.parts = [Chain([part for part in card.parts if isinstance(part, Row)])]
    card.training = output.mode == "train"
    card.returned = graph.nodes[output.node].shape
    if not card.layers:
        card.notes += (show_shape(card.returned),)
    words = ["in training only"] if card.training else []
    words += [f"loss ×{output.weight:g}"] if output.weight is not None else []
    card.detail = " · ".join(words)
    return card


def summary(card: Card) -> None:
    """Leaves of a titled card no more than how many layers a block has; other cards stay as they are."""
    own = list(rows(card.parts))
    if not card.title or len(own) < 2:
        return
    layers = [layer for row in own for layer in row.layers]
    weights = sum(row.times for row in own if row.tint not in ("merge", "input"))
    words = f"{weights} {plural(weights, 'layer')}"
    card.parts = [Row(words, words, "input", layers)]


def _names(graph: Graph, found: Fold) -> tuple[str, str]:
    """What a card is called: the name that the spec gives to what is on it, and the block's."""
    item = found.pattern
    if not isinstance(item, Block):
        return "", ""
    scope = graph.scopes[item.scope]
    block = scope.block or ""
    if len(found.items) > 1:
        around = _label_around(graph, found)
        return (around, block) if around else (block, "")
    name = scope.path.rpartition(".")[2]
    if name and not name.isdigit() and not name.startswith(block):
        return name, block
    return _title(name, block), ""


def _title(name: str, block: str) -> str:
    """``inception3a`` for a call that is named after its block, ``fire`` for one that was only numbered."""
    return name if name.startswith(block) and name.removeprefix(block).strip("0123456789") else block


def _label_around(graph: Graph, found: Fold) -> str:
    """The label of the innermost scope around all of the blocks, if it has nothing else."""
    heads = [layer.head for one in found.items for layer in layers([one])]
    shared = list(graph.ancestors(heads[0].scope))
    for head in heads[1:]:
        around = set(graph.ancestors(head.scope))
        shared = [scope for scope in shared if scope in around]
    scope = graph.scopes[shared[0]]
    name = scope.path.rpartition(".")[2]
    if not name or name.isdigit() or len(name) > _LONGEST:
        return ""
    own = {node.index for one in found.items for layer in layers([one]) for node in layer.nodes}
    others = (node for node in graph.nodes if node.index not in own and node.op.weight_layer)
    return "" if any(scope.index in graph.ancestors(node.scope) for node in others) else name


def differences(graph: Graph, found: Fold) -> list[str]:
    """In a few words, how the first of several blocks differs from the others."""
    first, rest = body(graph, found.items[0]), body(graph, found.pattern)
    words = []
    wide: dict[int, None] = {}
    for one, other in zip(first.layers, rest.layers):
        mine, yours = one.head.op, other.head.op
        if one.shape[0] != other.shape[0]:
            wide.setdefault(one.shape[0])
        if getattr(mine, "stride", None) != getattr(yours, "stride", None):
            words.append(_strided(mine))
    words[:0] = [f"{', '.join(map(str, wide))} wide"] if wide else []
    ways = [[caption(graph, layer.head) for layer in way] for way in first.shortcuts]
    usual = [[caption(graph, layer.head) for layer in way] for way in rest.shortcuts]
    if ways != usual:
        words.append(" · ".join(ways[0]) + " shortcut" if ways and ways[0] else "shortcut" if ways else "no shortcut")
    return words


def _strided(op: Op) -> str:
    """``3×3 /2``."""
    kernel: tuple[int, ...] = getattr(op, "kernel", ())
    stride: tuple[int, ...] = getattr(op, "stride", ())
    number = show_shape(stride[:1] if len(set(stride)) == 1 else stride)
    return f"{show_shape(kernel)} /{number}"
