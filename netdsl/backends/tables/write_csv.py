"""Tables as CSV: exact numbers, and in every place of the grid what covers it."""

from __future__ import annotations

import csv
import io

from netdsl.backends.tables.model import Cell, Sheet, grid, repeats
from netdsl.diagnostics import printable


def write(sheet: Sheet) -> str:
    """The rows, titles first; neither caption nor notes. Several lines of a cell have semicolons between them."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in grid(sheet):
        writer.writerow(_words(place.cell) if repeats(sheet, place, at) else "" for at, place in enumerate(row))
    return text.getvalue()


def _words(cell: Cell) -> str:
    if cell.value is not None:
        return str(cell.value)
    return "; ".join(printable(content.text) for content in cell.content)
