"""A table before it is written: rows of cells, which may span columns and rows and hold bracketed lists.

What a writer needs and nothing of a net. Text is Unicode as people read it: ``3×3, 64``, ``1.8×10⁹``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from netdsl.diagnostics import width

Align = Literal["left", "centre", "right"]
#: What a cell is of, where drawings tell it by a colour.
Tint = Literal["pool", "fc"]


class Line(NamedTuple):
    """One line of a cell; ``bold`` is what a column adds to the one before it."""

    text: str
    bold: bool = False


class Matrix(NamedTuple):
    """Lines in brackets, and how often they stand in a row: ``[3×3, 64; 3×3, 64] ×2``."""

    lines: tuple[str, ...]
    times: int
    bold: bool = False

    @property
    def text(self) -> str:
        """All of it in one line."""
        return f"[{'; '.join(self.lines)}]{self.repeats and f' {self.repeats}'}"

    @property
    def repeats(self) -> str:
        """``×2``; empty for what stands once."""
        return f"×{self.times}" if self.times > 1 else ""


Content = Line | Matrix


class Cell(NamedTuple):
    """What stands in ``columns`` × ``rows`` places of the table, from this one on to the right and down.

    ``value`` is the exact number where ``content`` shows a rounded one, ``tint`` what a drawing colours it by.
    """

    content: tuple[Content, ...] = ()
    columns: int = 1
    rows: int = 1
    value: int | None = None
    tint: Tint | None = None


class Row(NamedTuple):
    """The cells that begin in a row, from left to right. ``rule`` asks for a line above it."""

    cells: tuple[Cell, ...]
    head: bool = False
    rule: Literal["", "light", "full"] = ""


class Sheet(NamedTuple):
    """A whole table. ``caption`` says of which net it is, ``notes`` are sentences below it.

    With ``top`` cells begin at the upper edge of their row, else they stand in its middle.
    """

    caption: str
    columns: tuple[Align, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    top: bool = False


class Place(NamedTuple):
    """One place of the grid: the cell that covers it, and how far right and down from that cell's corner it is."""

    cell: Cell
    right: int
    down: int


def text(words: str, *, columns: int = 1, rows: int = 1) -> Cell:
    """A cell of one line, empty where there are no words."""
    return Cell((Line(words),) if words else (), columns, rows)


def number(value: int, words: str | None = None) -> Cell:
    """A cell with a number: as ``words``, or all its digits. Zero is shown as a dash."""
    return Cell((Line(words if words is not None else f"{value:,}" if value else "–"),), value=value)


def padded(words: str, room: int, align: Align) -> str:
    """Words with blanks beside them, together ``room`` columns of a fixed-width font."""
    space = room - width(words)
    if align == "right":
        return " " * space + words
    if align == "centre":
        return " " * (space // 2) + words + " " * (space - space // 2)
    return words + " " * space


def grid(sheet: Sheet) -> list[list[Place]]:
    """For each row a place for each column. Raises ``ValueError`` where the spans do not tile the table."""
    wide = len(sheet.columns)
    rows: list[list[Place | None]] = [[None] * wide for _ in sheet.rows]
    for at, row in enumerate(sheet.rows):
        left = 0
        for cell in row.cells:
            while left < wide and rows[at][left] is not None:
                left += 1
            for down in range(cell.rows):
                for right in range(cell.columns):
                    if at + down >= len(rows) or left + right >= wide or rows[at + down][left + right] is not None:
                        raise ValueError(f"row {at} of the table has a cell that does not fit")
                    rows[at + down][left + right] = Place(cell, right, down)
    return [[_filled(place, at) for place in places] for at, places in enumerate(rows)]


def repeats(sheet: Sheet, place: Place, column: int) -> bool:
    """Whether a format without spans says a cell's words in this place: in each column of nets, labels once."""
    return place.right == 0 or sheet.columns[column - place.right] != "left"


def _filled(place: Place | None, row: int) -> Place:
    if place is None:
        raise ValueError(f"row {row} of the table has too few cells")
    return place


def spans(flags: Sequence[bool]) -> list[tuple[int, int]]:
    """The runs of true ones, each as its first place and the one after its last."""
    found: list[tuple[int, int]] = []
    for at, flag in enumerate(flags):
        if flag and found and found[-1][1] == at:
            found[-1] = (found[-1][0], at + 1)
        elif flag:
            found.append((at, at + 1))
    return found


def ruled(places: Sequence[Place]) -> list[tuple[int, int]]:
    """Where a rule above a row may run: past the columns of cells that reach into it from above."""
    return spans([place.down == 0 for place in places])
