"""Passes over syntax nodes: all that stand below some, or the items alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from netdsl.syntax.node import Node
from netdsl.syntax.tree import Block, Body, Branch, Group, If, Item, Join, Output, Row, Style, Table, TableRow


def walk(*roots: object) -> list[Node]:
    """Every node in the roots and below them, each before what it holds, in the order of the text."""
    found: list[Node] = []
    pending: list[Any] = list(reversed(roots))
    take, put = pending.pop, pending.append
    while pending:
        part = take()
        if type(part) is tuple:
            pending += part[::-1]
        elif part is not None:
            found.append(part)
            for place in part._parts:
                below = part[place]
                if below:
                    put(below)
    return found


#: For kinds of nodes that have items below them, the places of what holds them, the last first.
_HOLDERS: dict[type[Node], tuple[int, ...]] = {
    kind: tuple(kind._fields.index(name) for name in names)
    for kind, names in (
        (Item, ("core",)),
        (Row, ("items",)),
        (Group, ("rows",)),
        (Join, ("branches",)),
        (Branch, ("rows",)),
        (Body, ("lines",)),
        (If, ("otherwise", "then")),
        (Table, ("rows",)),
        (TableRow, ("cells",)),
        (Style, ("row",)),
        (Block, ("body",)),
        (Output, ("body",)),
    )
}


def walk_items(*roots: object) -> Iterator[Item]:
    """Every item in the roots and below them, in the order of the text. What an item is made of is not looked at."""
    pending: list[Any] = list(reversed(roots))
    while pending:
        part = pending.pop()
        kind = type(part)
        if kind is tuple:
            pending += part[::-1]
        elif kind in _HOLDERS:
            if kind is Item:
                yield part
            pending += [part[place] for place in _HOLDERS[kind]]
