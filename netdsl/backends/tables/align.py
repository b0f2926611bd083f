"""Columns of a table side by side: which entries of one net stand in a row with which of another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from netdsl.backends.tables.model import Content


class Strided(NamedTuple):
    """A stride, ``2``, and the layer that has it by its window, ``3×3``, and its place among those of this window.

    There is no layer where several have strides. ``only`` it has this window where that is so.
    """

    stride: str
    layer: str | None = None
    place: int = 1
    only: bool = True


class Entry(NamedTuple):
    """What stands in one cell of a net's column.

    ``kind`` says with what it may share a row. ``size`` is that of the map that leaves, ``stage`` counts the sizes that
    the net has had. ``name`` is what the spec calls it. A first block that differs has a stride, ``strided``, where its
    followers have none, and other widths where ``fitted``.
    """

    kind: str
    size: str
    content: tuple[Content, ...]
    stage: int = 0
    name: str | None = None
    strided: Strided | None = None
    fitted: bool = False


#: One entry a column, None where the net has nothing there.
Aligned = list[Entry | None]


def align(columns: Sequence[Sequence[Entry]]) -> list[Aligned]:
    """The rows of a table whose columns are these. Each column keeps its order."""
    rows: list[Aligned] = [[entry] for entry in columns[0]]
    for count, column in enumerate(columns[1:], 1):
        rows = _beside(rows, column, count)
    return rows


def _beside(rows: list[Aligned], column: Sequence[Entry], count: int) -> list[Aligned]:
    """The rows with one more column: the pairing that keeps the order and agrees best."""
    best = [[0] * (len(column) + 1) for _ in range(len(rows) + 1)]
    for i in range(len(rows) - 1, -1, -1):
        for j in range(len(column) - 1, -1, -1):
            best[i][j] = max(best[i + 1][j], best[i][j + 1], best[i + 1][j + 1] + _agree(rows[i], column[j]))
    merged: list[Aligned] = []
    i = j = 0
    while i < len(rows) or j < len(column):
        pair = i < len(rows) and j < len(column) and _agree(rows[i], column[j])
        if pair and best[i][j] == best[i + 1][j + 1] + pair:
            merged.append([*rows[i], column[j]])
            i, j = i + 1, j + 1
        elif j == len(column) or (i < len(rows) and best[i][j] == best[i + 1][j]):
            merged.append([*rows[i], None])
            i += 1
        else:
            merged.append([*[None] * count, column[j]])
            j += 1
    return merged


def _agree(row: Aligned, entry: Entry) -> int:
    """How well an entry fits a row: 0 where it may not stand there."""
    last = next(other for other in reversed(row) if other is not None)
    if last.kind != entry.kind:
        return 0
    return 4 + 2 * (last.size == entry.size) + (last.content == entry.content)


def added(before: Sequence[Content], after: Sequence[Content]) -> tuple[Content, ...]:
    """``after`` with what ``before`` lacks in bold: what is left of it beside the longest run that both have."""
    kept: set[int] = set()
    longest = [[0] * (len(after) + 1) for _ in range(len(before) + 1)]
    for i in range(len(before) - 1, -1, -1):
        for j in range(len(after) - 1, -1, -1):
            same = before[i] == after[j]
            longest[i][j] = max(longest[i + 1][j], longest[i][j + 1], longest[i + 1][j + 1] + same)
    i = j = 0
    while i < len(before) and j < len(after):
        if before[i] == after[j]:
            kept.add(j)
            i, j = i + 1, j + 1
        elif longest[i + 1][j] >= longest[i][j + 1]:
            i += 1
        else:
            j += 1
    return tuple(item if at in kept else item._replace(bold=True) for at, item in enumerate(after))
