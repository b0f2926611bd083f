"""Tables of numbers: aligned text, Markdown, CSV, and colours at a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from netdsl.diagnostics import width


class Column(NamedTuple):
    """A column's title, and whether its cells are numbers: those stand to the right."""

    title: str
    number: bool = False


class Table(NamedTuple):
    """Columns, rows of ready cells, and a last row of totals where there is one."""

    columns: tuple[Column, ...]
    rows: Sequence[tuple[str, ...]]
    total: tuple[str, ...] | None = None


def plain(table: Table) -> str:
    """Aligned text with a rule below the titles and above the totals."""
    titles = tuple(column.title for column in table.columns)
    cells = [titles, *table.rows, *([table.total] if table.total else [])]
    widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]
    rule = "  ".join("-" * size for size in widths)
    lines = [_aligned(titles, widths, table.columns), rule]
    lines += [_aligned(row, widths, table.columns) for row in table.rows]
    if table.total:
        lines += [rule, _aligned(table.total, widths, table.columns)]
    return "\n".join(lines) + "\n"


def _aligned(row: Sequence[str], widths: Sequence[int], columns: Sequence[Column]) -> str:
    padded = []
    for cell, size, column in zip(row, widths, columns, strict=True):
        space = " " * (size - _width(cell))
        padded.append(space + cell if column.number else cell + space)
    return "  ".join(padded).rstrip()


def _width(cell: str) -> int:
    """As :func:`netdsl.diagnostics.width`, at once for cells whose only signs beyond ASCII are these tables' own."""
    return len(cell) if cell.replace("×", "").replace("–", "").isascii() else width(cell)


def markdown(table: Table) -> str:
    """A Markdown table; the totals are its last row, in bold."""
    from netdsl.backends.catalogue.write_markdown import inline

    rows = [[inline(cell) for cell in row] for row in (tuple(column.title for column in table.columns), *table.rows)]
    if table.total:
        rows.append([f"**{inline(cell)}**" if cell else "" for cell in table.total])
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("---:" if column.number else "---" for column in table.columns) + "|")
    return "\n".join(lines) + "\n"


def show(table: Table) -> None:
    """Prints a table at a terminal, with rich."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    shown = RichTable(box=SIMPLE_HEAD, show_footer=table.total is not None, pad_edge=False, header_style="bold")
    titles = tuple(column.title for column in table.columns)
    cells = [titles, *table.rows, *([table.total] if table.total else [])]
    widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]
    for place, column in enumerate(table.columns):
        shown.add_column(
            column.title,
            footer=table.total[place] if table.total else "",
            footer_style="bold",
            justify="right" if column.number else "left",
            no_wrap=True,
            width=widths[place],
        )
    # A column is handed over as one cell of many lines: rich lays out each cell, and there are thousands.
    shown.add_row(*(Text("\n".join(column)) for column in zip(*table.rows, strict=True)))
    # Every digit is shown: a table wider than the terminal is left to wrap.
    console = Console()
    Console(width=max(console.width, sum(widths) + 3 * len(widths) + 1)).print(shown)
