"""Styles with a row for each layer or block of one net: GoogLeNet's table, and a plain one of all layers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from netdsl.analyses.structure import Block, Item, Layer, Split, layers, major
from netdsl.backends.labels import metric
from netdsl.backends.tables.columns import MULTIPLY_ADDS
from netdsl.backends.tables.model import Align, Cell, Line, Row, Sheet, number, text
from netdsl.backends.tables.nets import Net, is_map, size
from netdsl.backends.tables.words import lines, listed, named, patch
from netdsl.ir.types import Shape, show_shape

# -- GoogLeNet's


class _Line(NamedTuple):
    """A row of GoogLeNet's table: what it is of, and its widths by the titles of the columns that they stand in."""

    type: str
    patch: str
    shape: Shape
    items: tuple[Item, ...]
    depth: int
    widths: dict[str, str]
    weighs: bool


def inceptions(net: Net, caption: str) -> Sheet:
    """As GoogLeNet's Table 1: the branches of each inception block in columns of their own."""
    branches = [_branches(net, item) for item in net.items]
    titles = list(dict.fromkeys(title for found in branches for title in found))
    for title in [title for title in titles if " reduce" in title]:
        # What reduces stands before what it reduces for, whichever was seen first.
        titles.remove(title)
        titles.insert(titles.index(title.replace(" reduce", "")), title)
    if _OTHER in titles:
        titles.remove(_OTHER)
        titles.append(_OTHER)
    rows = list(_rows(net, branches, titles))
    shown = [row for row in rows if row.weighs or row.type.partition(" ")[0] in _SHOWN]
    heads = ["type", "patch size/stride", "output size", "depth", *titles, "params", "MACs"]
    body = [
        Row(
            (
                text(row.type),
                text(row.patch),
                text(_extent(row.shape)),
                number(row.depth, str(row.depth)),
                *(_width(row.widths.get(title, "")) for title in titles),
                *_spent(net, row),
            ),
            rule="full" if at == 0 else "",
        )
        for at, row in enumerate(shown)
    ]
    totals = net.numbers.totals
    last = [text("total", columns=3), number(totals.depth), *[Cell()] * len(titles)]
    last += [number(totals.params, metric(totals.params)), number(totals.macs, metric(totals.macs))]
    body.append(Row(tuple(last), rule="full"))
    left_out = list(dict.fromkeys(row.type for row in rows if row not in shown))
    notes = [f"Left out, without weights: {', '.join(left_out)}."] if left_out else []
    columns: list[Align] = ["left", "left", "left"]
    columns += ["left" if head == _OTHER else "right" for head in heads[3:]]
    return Sheet(caption, tuple(columns), (Row(tuple(map(text, heads)), head=True), *body), (*notes, MULTIPLY_ADDS))


#: The title of branches that have no column of their own, and the first words of rows without weights that are shown.
_OTHER = "other branches"
_SHOWN = frozenset({"max", "avg", "dropout", "softmax"})


def _rows(net: Net, branches: Sequence[dict[str, str]], titles: Sequence[str]) -> Iterator[_Line]:
    """The rows of the table; a 1×1 convolution stands in that of the wider one that it reduces for, as in the paper."""
    held: Layer | None = None
    for at, item in enumerate(net.items):
        if not isinstance(item, Layer):
            yield _Line(_called(net, item), "", item.shape, (item,), net.depth(item), branches[at], True)
            continue
        if item.head.op.category == "input":
            continue
        window = _window(item)
        ahead = net.items[at + 1] if at + 1 < len(net.items) else None
        if window == "1×1" and isinstance(ahead, Layer) and f"#{_window(ahead)} reduce" in titles:
            held = item
            continue
        widths: dict[str, str] = {}
        items: tuple[Item, ...] = (item,)
        depth = net.depth(item)
        if held is not None:
            widths = {f"#{window} reduce": str(held.head.shape[0]), f"#{window}": str(item.head.shape[0])}
            items, depth, held = (held, item), depth + net.depth(held), None
        head, tail = item.head, [node for node in item.nodes if node.op.category == "regularise"]
        yield _Line(named(head), patch(net.graph, head), item.shape, items, depth, widths, item.head.op.weight_layer)
        for node in tail:
            yield _Line(named(node), "", node.shape, (), 0, {}, False)


def _window(item: Item) -> str:
    kernel = (
        getattr(item.head.op, "kernel", None) if isinstance(item, Layer) and item.head.op.keyword == "conv" else None
    )
    return show_shape(kernel) if kernel else ""


def _called(net: Net, item: Item) -> str:
    """``inception (3a)`` for a block ``inception`` that is labelled ``inception3a``; else the label."""
    if isinstance(item, Block):
        scope = net.graph.scopes[item.scope]
        block, label = scope.block or "", scope.path.rpartition(".")[2]
        rest = label.removeprefix(block)
        return f"{block} ({rest.strip('_') or label})" if block else label
    return next(layers([item])).head.name.rpartition(".")[0] or "branches"


def _branches(net: Net, item: Item) -> dict[str, str]:
    """The widths of a block's branches by the titles of their columns; nothing for what is no concatenation."""
    split = item
    while isinstance(split, Block) and len(split.items) == 1:
        split = split.items[0]
    if not isinstance(split, Split):
        return {} if isinstance(item, Layer) else {_OTHER: " → ".join(lines(net.graph, item, listed))}
    if split.join.nodes[0].op.keyword != "concat":
        return {_OTHER: " → ".join(lines(net.graph, item, listed))}
    found: dict[str, str] = {}
    numbers: dict[tuple[str, ...], int] = {}
    for arm in split.arms:
        branch = _branch(net, arm)
        if _OTHER in branch:
            found[_OTHER] = f"{found[_OTHER]}\n{branch[_OTHER]}" if _OTHER in found else branch[_OTHER]
            continue
        # A second branch of the same kind has columns of its own, `#3×3 reduce (2)` beside `#3×3 (2)`.
        number = numbers.get(kind := tuple(branch), 1)
        mark = f" ({number})" if number > 1 else ""
        while any(title + mark in found for title in branch):
            number += 1
            mark = f" ({number})"
        numbers[kind] = number
        found.update({title + mark: width for title, width in branch.items()})
    return found


def _branch(net: Net, arm: tuple[Item, ...]) -> dict[str, str]:
    chain = all(isinstance(item, Layer) for item in arm)
    heads = [layer.head for layer in major(arm)]
    pools = [node for node in heads if node.op.category == "pool"]
    convs = [node for node in heads if node.op.keyword == "conv"]
    windows = [show_shape(getattr(node.op, "kernel", ())) for node in convs]
    widths = [str(node.shape[0]) for node in convs]
    if chain and heads and len(pools) + len(convs) == len(heads):
        if pools and pools == heads[:1] and windows in (["1×1"], []):
            return {"pool proj": widths[0] if widths else "pass through"}
        if not pools and len(set(windows[1:])) == 1 and windows[0] == "1×1" and len(windows) < 4:
            double = "double " if len(windows) == 3 else ""
            after = widths[1] if len(set(widths[1:])) == 1 else ", ".join(widths[1:])
            return {f"{double}#{windows[1]} reduce": widths[0], f"{double}#{windows[1]}": after}
        if not pools and len(windows) == 1:
            return {f"#{windows[0]}": widths[0]}
    words = [line for item in arm for line in lines(net.graph, item, listed)]
    return {_OTHER: " → ".join(words) if words else "id"}


def _extent(shape: Shape) -> str:
    """``112×112×64``: a shape with its channels last, a vector as a map of one element."""
    return f"{size(shape)}×{shape[0]}"


def _width(words: str) -> Cell:
    if words.isdecimal():
        return number(int(words))
    return Cell(tuple(map(Line, words.splitlines()))) if words else Cell()


def _spent(net: Net, row: _Line) -> tuple[Cell, Cell]:
    if not row.items or not row.weighs:
        return Cell(), Cell()
    spent = net.spent(row.items)
    return number(spent.params, metric(spent.params)), number(spent.macs, metric(spent.macs))


# -- all layers


def every_layer(net: Net, caption: str) -> Sheet:
    """A row for each layer with what its style adds, a rule where the size changes; heads follow the main path."""
    head = Row(tuple(map(text, ("name", "layer", "output", "params", "MACs"))), head=True)
    rows: list[Row] = [head]
    for title, items in [("", net.items), *((of.output.name, of.items) for of in net.heads)]:
        held = ""
        for layer in layers(items):
            words = [listed(net.graph, layer.head)]
            words += [_short(node.op.keyword) for node in layer.nodes if node is not layer.head]
            spent = net.spent([layer])
            shown = size(layer.shape) if is_map(layer.shape) else ""
            name = layer.head.name
            if title and not name.startswith(title):
                name = f"{title}: {name}"
            cells = (
                text(name),
                text(" + ".join(words)),
                text(show_shape(layer.shape)),
                number(spent.params),
                number(spent.macs),
            )
            rows.append(Row(cells, rule="full" if len(rows) == 1 else "light" if shown != held else ""))
            held = shown
    totals = net.numbers.totals
    rows.append(Row((text("total", columns=3), number(totals.params), number(totals.macs)), rule="full"))
    return Sheet(caption, ("left", "left", "left", "right", "right"), tuple(rows), (MULTIPLY_ADDS,))


def _short(keyword: str) -> str:
    return {"bn": "BN", "relu": "ReLU", "relu6": "ReLU6", "silu": "SiLU", "gelu": "GELU", "ln": "LN", "gn": "GN"}.get(
        keyword, keyword
    )
