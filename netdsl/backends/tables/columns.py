"""Styles with a column for each net: VGG's configurations, and ResNet's bracketed blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from netdsl.analyses.fold import Fold, body
from netdsl.analyses.structure import Block, Item, Layer, Split
from netdsl.backends.labels import metric
from netdsl.backends.tables.align import Aligned, Entry, Strided, added, align
from netdsl.backends.tables.model import Align, Cell, Content, Line, Matrix, Row, Sheet, Tint, number, text
from netdsl.backends.tables.nets import Net, is_map, joins, size
from netdsl.backends.tables.words import Words, configured, lines, listed, stride, windowed
from netdsl.ir.op import Op
from netdsl.ir.types import plural

#: Kinds of entries whose equal cells stand for themselves in each column, as the papers have them.
_APART = frozenset({"group", "block"})
#: Kinds of layers that VGG's table has a row for.
_ROWS = frozenset({"pool", "fc"})

_TINTS: dict[str, Tint] = {"pool": "pool", "fc": "fc", "head": "fc"}

MULTIPLY_ADDS = "MACs are multiply-adds of convolutions and fully connected layers; many papers print them as FLOPs."
_OPERATIONS = "FLOPs are all operations of all layers; a multiplication and an addition are two."


# -- VGG's


def configurations(nets: Sequence[Net], caption: str) -> Sheet:
    """As VGG's Table 1: a column for each net, its layers between two poolings in one cell, additions in bold."""
    rows = align([list(_grouped(net)) for net in nets])
    found = [
        Row((text(_sizes(row)), *_cells(_bolded(row))), rule="full" if at == 0 else "light")
        for at, row in enumerate(rows)
    ]
    depths = [net.numbers.totals.depth for net in nets]
    weights = [number(depth, f"{depth} weight {plural(depth, 'layer')}") for depth in depths]
    heads = [
        Row((text("output"), *(text(net.title) for net in nets)), head=True),
        Row((text(""), *weights), head=True),
    ]
    notes = _strides(nets, rows, [_sizes(row) for row in rows], "at ")
    marked = any(content.bold for row in rows for entry in _bolded(row) if entry for content in entry.content)
    notes += ["Bold: what the column on the left has not."] if marked else []
    return Sheet(
        caption, ("left", *_centred(nets)), (*heads, *found, *_totals(nets)), (*notes, MULTIPLY_ADDS), top=True
    )


def _grouped(net: Net) -> Iterator[Entry]:
    """A net's entries: layers of one size between two poolings, each pooling, and each fully connected layer."""
    group: list[Content] = []
    held = ""
    begun: Strided | None = None
    for each in net.folds:
        item = each.pattern
        if isinstance(item, Layer) and item.head.op.category == "input":
            yield Entry("input", size(item.shape), (Line(f"input ({net.inputs})"),))
            continue
        words = _items(net, each, configured)
        strided = _strided(net, each)
        if not words:
            continue
        alone = isinstance(item, Layer) and _alone(item)
        if group and (alone or size(item.shape) != held):
            yield Entry("group", held, tuple(group), strided=begun)
            group, begun = [], None
        held = size(item.shape)
        if isinstance(item, Layer) and alone:
            yield from (Entry(item.head.op.category, held if is_map(item.shape) else "", (word,)) for word in words)
        else:
            group += words
            begun = begun or (strided if isinstance(words[0], Matrix) else None)
    if group:
        yield Entry("group", held, tuple(group), strided=begun)


def _alone(layer: Layer) -> bool:
    return layer.head.op.category in _ROWS or layer.head.op.probabilities or not is_map(layer.shape)


def _items(net: Net, each: Fold, words: Words) -> list[Content]:
    """The contents that items of one form come to: lines, or what they do in brackets where they are blocks."""
    found = lines(net.graph, each.pattern, words)
    count = len(each.items)
    if isinstance(each.pattern, Layer) or not found:
        return [Line(line) for _ in each.items for line in found]
    if count == 1 and len(found) == 1:
        return [Line(found[0])]
    return [Matrix(tuple(found), count)]


def _bolded(row: Aligned) -> Aligned:
    """The row with what each cell adds to that on its left in bold."""
    marked: Aligned = row[:1]
    for left, entry in pairwise(row):
        if entry is not None and entry.kind in _APART:
            entry = entry._replace(content=added(left.content if left is not None else (), entry.content))
        marked.append(entry)
    return marked


# -- ResNet's


def bracketed(nets: Sequence[Net], caption: str) -> Sheet:
    """As ResNet's Table 1: a row for each run of equal blocks, in brackets, with its output's size."""
    rows = align([_listed(net) for net in nets])
    stages = _stages(rows)
    names = _names(nets, rows, stages)
    found: list[Row] = []
    for at, row in enumerate(rows):
        cells = list(_cells(row))
        begins = at == 0 or names[at] != names[at - 1] or stages[at] != stages[at - 1]
        resized = begins or _sizes(row) != _sizes(rows[at - 1])
        if resized:
            count = _run(at, rows, names, stages, True)
            cells.insert(0, text(_sizes(row), rows=count))
        if begins:
            cells.insert(0, text(names[at], rows=_run(at, rows, names, stages, False)))
        found.append(Row(tuple(cells), rule="full" if at == 0 else "light" if begins else ""))
    head = Row((text("layer name"), text("output size"), *(text(net.title) for net in nets)), head=True)
    notes = [*_strides(nets, rows, names), *_fits(rows, names), MULTIPLY_ADDS, _OPERATIONS]
    return Sheet(caption, ("left", "left", *_centred(nets)), (head, *found, *_totals(nets, powers=True)), tuple(notes))


def _listed(net: Net) -> list[Entry]:
    """A net's entries, stage by stage: plain layers together, poolings and repeated blocks apart, the head last."""
    entries: list[Entry] = []
    stage, held = 0, None
    for each in net.folds:
        item = each.pattern
        if isinstance(item, Layer) and item.head.op.category == "input":
            continue
        content = _items(net, each, listed)
        if not content:
            continue
        shown = size(item.shape)
        if shown != held:
            stage, held = stage + 1, shown
        if not is_map(item.shape):
            kind = "head"
        elif isinstance(item, Layer):
            kind = "pool" if item.head.op.category == "pool" else "layers"
        else:
            kind = "block" if isinstance(content[0], Matrix) else "layers"
        if isinstance(item, Layer) and kind == "layers" and len(each.items) > 1:
            content, kind = [Matrix((content[0].text,), len(each.items))], "block"
        first = each.items[0]
        strided = _strided(net, each)
        fitted = each.first and _plain(net, first) != _plain(net, item)
        entries.append(Entry(kind, shown, tuple(content), stage, _named(net, each), strided, fitted))
    return _gathered(entries)


def _gathered(entries: list[Entry]) -> list[Entry]:
    """Neighbours that are one cell: layers of a stage, the layers of the head, and blocks of the same words."""
    found: list[Entry] = []
    for entry in entries:
        last = found[-1] if found else None
        if last is None or last.kind != entry.kind or last.stage != entry.stage:
            found.append(entry)
        elif entry.kind == "head":
            words = ", ".join(content.text for content in (*last.content, *entry.content))
            found[-1] = last._replace(content=(Line(words),))
        elif entry.kind == "layers" and last.name == entry.name:
            found[-1] = last._replace(content=(*last.content, *entry.content))
        elif entry.kind == "block" and not entry.strided and (merged := _together(last, entry)) is not None:
            found[-1] = merged
        else:
            found.append(entry)
    return found


def _together(one: Entry, other: Entry) -> Entry | None:
    """Two blocks of the same words as one that is repeated oftener; what follows the last one may differ."""
    (a,), (b,) = one.content[-1:], other.content[:1]
    if isinstance(a, Matrix) and isinstance(b, Matrix) and a.lines == b.lines and one.name == other.name:
        return one._replace(content=(*one.content[:-1], a._replace(times=a.times + b.times)))
    return None


def _plain(net: Net, item: Item) -> list[str]:
    """An item's lines without strides."""
    return [_STRIDE.sub("", line) for line in lines(net.graph, item, listed)]


_STRIDE = re.compile(r", stride \d+(×\d+)*")


def _strided(net: Net, each: Fold) -> Strided | None:
    """The stride that the first of some items has and the others have not."""
    if not each.first or _steps(net, each.pattern):
        return None
    steps = _steps(net, each.items[0])
    if len(steps) > 1:
        return Strided(" and ".join(dict.fromkeys(stride(op) for op in steps)))
    if not steps:
        return None
    window = windowed(steps[0])
    alike = [op for op in _ops(net, each.items[0]) if windowed(op) == window]
    return Strided(
        stride(steps[0]), window, 1 + next(at for at, op in enumerate(alike) if op is steps[0]), len(alike) == 1
    )


def _steps(net: Net, item: Item) -> list[Op]:
    """What has a stride on an item's way."""
    return [op for op in _ops(net, item) if stride(op) != "1"]


def _ops(net: Net, item: Item) -> list[Op]:
    return [layer.head.op for layer in body(net.graph, item).layers]


def _stages(rows: Sequence[Aligned]) -> list[int]:
    """For each row the last stage that one of its nets has reached: rows stand in order."""
    reached, found = 0, []
    for row in rows:
        reached = max([reached, *(entry.stage for entry in row if entry is not None)])
        found.append(reached)
    return found


def _run(at: int, rows: Sequence[Aligned], names: Sequence[str], stages: Sequence[int], sized: bool) -> int:
    """How many rows from ``at`` on have its name, stage and, where asked, size."""
    end = at + 1
    while end < len(rows) and names[end] == names[at] and stages[end] == stages[at]:
        if sized and _sizes(rows[end]) != _sizes(rows[at]):
            break
        end += 1
    return end - at


def _named(net: Net, each: Fold) -> str | None:
    """What the spec calls the items of a fold: one name, or the first and the last of several."""
    first, last = _name(net, each.items[0]), _name(net, each.pattern)
    return first if first == last or first is None or last is None else f"{first} – {last}"


def _name(net: Net, item: Item) -> str | None:
    """What the spec calls an item: the part of its name below all that holds most of the net, unless it is a number."""
    graph = net.graph
    layer = _first(item)
    counts = net.inside
    path = [scope for scope in graph.ancestors(layer.head.scope) if scope]
    for scope in reversed(path):
        name = graph.scopes[scope].path
        if 2 * counts[scope] <= len(graph.nodes) and name:
            last = name.rpartition(".")[2]
            return None if last.isdecimal() else last
    last = layer.head.name.rpartition(".")[2]
    return None if last.isdecimal() else last


def _first(item: Item) -> Layer:
    while not isinstance(item, Layer):
        if isinstance(item, Block):
            item = item.items[0]
        elif isinstance(item, Split):
            item = next((arm[0] for arm in item.arms if arm), item.join)
        else:
            item = item.layers[0]
    return item


def _names(nets: Sequence[Net], rows: Sequence[Aligned], stages: Sequence[int]) -> list[str]:
    """The rows' names: the spec's own, or ``conv1, conv2_x, …`` for residual nets and where a name is missing."""
    own = [{entry.name for entry in row if entry is not None} for row in rows]
    shown = [entry.kind for row in rows for entry in [next(e for e in row if e is not None)]]
    residual = any(joins(net, "add") for net in nets)
    if not residual and all(len(name) == 1 and None not in name for name, kind in zip(own, shown) if kind != "head"):
        return [name.pop() or "" if kind != "head" else "" for name, kind in zip(own, shown)]
    found = []
    for kind, stage in zip(shown, stages):
        several = [other for other, at in zip(shown, stages) if at == stage]
        many = "block" in several
        found.append("" if kind == "head" else f"conv{stage}{'_x' if many else ''}")
    return found


def _strides(nets: Sequence[Net], rows: Sequence[Aligned], names: Sequence[str], before: str = "of ") -> list[str]:
    """A sentence for each stride that first blocks have where their followers have none.

    Where in each net it is one layer of the block that has it, the sentence says which.
    """
    found: dict[str, list[tuple[str, str, Strided]]] = {}
    for row, name in zip(rows, names):
        for net, entry in zip(nets, row):
            if entry is not None and entry.strided is not None:
                found.setdefault(entry.strided.stride, []).append((name, net.title, entry.strided))
    sentences = []
    for step, places in found.items():
        listing = _listing([name for name, _, _ in places])
        layers: dict[str | None, list[str]] = {}
        only = all(strided.only for _, _, strided in places)
        for _, title, strided in places:
            layers.setdefault(_layer(strided, only), []).append(title)
        where = ""
        if len(layers) == 1 and None not in layers:
            where = f", on its {next(iter(layers))}"
        elif None not in layers and sum(len(set(titles)) for titles in layers.values()) == len({p[1] for p in places}):
            where = "".join(f", on its {layer} in {_listing(titles)}" for layer, titles in layers.items())
        if listing:
            sentences.append(f"The first block {before}{listing} has stride {step}{where}.")
    return sentences


def _layer(strided: Strided, only: bool) -> str | None:
    """The layer with a stride, by its window, and by its place where several may have that."""
    places = ("first", "second", "third")
    if strided.layer is None or strided.place > len(places):
        return None
    return strided.layer if only else f"{places[strided.place - 1]} {strided.layer}"


def _fits(rows: Sequence[Aligned], names: Sequence[str]) -> list[str]:
    """A sentence on first blocks whose widths are others, since they follow those of their input."""
    where = [name for row, name in zip(rows, names) if any(entry is not None and entry.fitted for entry in row)]
    listing = _listing(where)
    return [f"In the first block of {listing} inner widths follow the input's."] if listing else []


def _listing(names: Sequence[str]) -> str:
    once = list(dict.fromkeys(name for name in names if name))
    return once[0] if len(once) == 1 else f"{', '.join(once[:-1])} and {once[-1]}" if once else ""


# -- both


def _centred(nets: Sequence[Net]) -> list[Align]:
    return ["centre" for _ in nets]


def _cells(row: Aligned) -> Iterator[Cell]:
    """The cells of a row; equal neighbours are one, where the papers have it so."""
    at = 0
    while at < len(row):
        entry = row[at]
        end = at + 1
        if entry is not None and entry.kind not in _APART:
            while end < len(row) and row[end] is not None and row[end].content == entry.content:  # type: ignore[union-attr]
                end += 1
        if entry is None:
            yield Cell()
        else:
            yield Cell(entry.content, end - at, tint=_TINTS.get(entry.kind))
        at = end


def _sizes(row: Aligned) -> str:
    """The output's size: that of all columns, or the first and the last where they differ."""
    sizes = list(dict.fromkeys(entry.size for entry in row if entry is not None))
    return sizes[0] if len(sizes) == 1 else f"{sizes[0]} – {sizes[-1]}"


def _totals(nets: Sequence[Net], *, powers: bool = False) -> tuple[Row, ...]:
    """The last rows: parameters, and multiply-adds as ``1.81 G``.

    With ``powers`` these are ``1.8×10⁹``, after two labels, and a row of FLOPs follows, as ResNet's table has one.
    """
    totals = [net.numbers.totals for net in nets]
    columns = 2 if powers else 1
    rows = [("params", [number(one.params, metric(one.params)) for one in totals])]
    for name, counts in (("MACs", [one.macs for one in totals]), ("FLOPs", [one.flops for one in totals])):
        most = max(counts)
        if powers or name == "MACs":
            rows.append((name, [number(count, power(count, most) if powers else metric(count)) for count in counts]))
    return tuple(
        Row((text(name, columns=columns), *cells), rule="" if place else "full")
        for place, (name, cells) in enumerate(rows)
    )


def power(value: int, most: int) -> str:
    """A number in the power of a thousand that ``most`` has, as ResNet's table has them: ``1.8×10⁹``, ``0.39×10⁹``."""
    exponent = (len(str(most)) - 1) // 3 * 3
    if exponent == 0:
        return str(value)
    part = value / 10**exponent
    return f"{f'{part:.1f}' if part >= 1 else f'{part:.2g}'}×10{str(exponent).translate(_RAISED)}"


_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
