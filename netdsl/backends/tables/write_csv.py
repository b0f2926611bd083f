"""Tables as CSV: exact numbers, and in every place of the grid what covers it."""

from __future__ import annotations

import csv
import io

from netdsl.backends.tables.model import Cell, Row, Sheet, grid, repeats
from netdsl.diagnostics import printable

#: What a text begins with that a spreadsheet would compute.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write(sheet: Sheet) -> str:
    """The rows, titles first; neither caption nor notes. Several lines of a cell have semicolons between them."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row, places in zip(sheet.rows, grid(sheet), strict=True):
        cells = [_words(place.cell) if repeats(sheet, place, at) else "" for at, place in enumerate(places)]
        cells[0] = cells[0] or _named(row)
        writer.writerow(cells)
    return text.getvalue()


def literal(text: str) -> str:
    """A text of a spec's that a spreadsheet is to take for a text: what begins like a formula has an apostrophe."""
    return f"'{text}" if text.startswith(_FORMULA) and len(text) > 1 else text


def _words(cell: Cell) -> str:
    if cell.value is not None:
        return str(cell.value)
    return literal("; ".join(printable(content.text) for content in cell.content))


def _named(row: Row) -> str:
    """The name of a row of numbers whose words stand with each of them: ``weight layers``."""
    words = {printable(cell.content[0].text).partition(" ")[2] for cell in row.cells if cell.value is not None}
    return max(words, key=len, default="") if row.head else ""
