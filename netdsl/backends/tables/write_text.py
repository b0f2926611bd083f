"""Tables as aligned text: columns in Unicode, lists in tall brackets, bold between asterisks."""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.backends.tables.model import Align, Cell, Content, Matrix, Place, Sheet, grid, padded, ruled
from netdsl.diagnostics import printable, width

_GAP = 2


def write(sheet: Sheet) -> str:
    """The table as text, with its caption above and its notes below."""
    places = grid(sheet)
    blocks = {id(cell): _block(cell) for row in sheet.rows for cell in row.cells}
    widths = _widths(places, blocks)
    heights = _heights(sheet, places, blocks)
    # Rows of several lines need no rule between them, unless brackets make them hard to tell apart.
    tall = any(isinstance(content, Matrix) for row in sheet.rows for cell in row.cells for content in cell.content)
    out = [printable(sheet.caption), ""] if sheet.caption else []
    for at, (row, across) in enumerate(zip(sheet.rows, places, strict=True)):
        if row.rule == "full" or (row.rule and tall):
            out.append(_rule(across, widths))
        for line in range(heights[at]):
            out.append(_line(sheet, places, heights, widths, blocks, at, line))
    for at, note in enumerate(sheet.notes):
        out += ["", printable(note)] if at == 0 else [printable(note)]
    return "\n".join(line.rstrip() for line in out) + "\n"


def _block(cell: Cell) -> list[str]:
    return [line for content in cell.content for line in _drawn(content)]


def _drawn(content: Content) -> list[str]:
    if not isinstance(content, Matrix):
        words = printable(content.text)
        return [f"*{words}*" if content.bold else words]
    lines = [printable(line) for line in content.lines]
    wide = max(map(width, lines))
    inner = [("⎢", "⎥")] * (len(lines) - 2)
    marks = [("[", "]")] if len(lines) == 1 else [("⎡", "⎤"), *inner, ("⎣", "⎦")]
    times = content.repeats and f" {content.repeats}"
    middle = (len(lines) - 1) // 2
    drawn = []
    for at, (line, (left, right)) in enumerate(zip(lines, marks, strict=True)):
        after = times if at == middle else " " * len(times)
        drawn.append(f"{left}{padded(line, wide, 'left')}{right}{after}")
    star = "*" if content.bold else ""
    return [f"{star}{line}{star}" for line in drawn]


def _widths(places: list[list[Place]], blocks: dict[int, list[str]]) -> list[int]:
    widths = [0] * len(places[0])
    for spanning in (False, True):
        for row in places:
            for at, place in enumerate(row):
                if place.right or place.down or (place.cell.columns > 1) != spanning:
                    continue
                need = max((width(line) for line in blocks[id(place.cell)]), default=0)
                columns = place.cell.columns
                lacking = need - sum(widths[at : at + columns]) - _GAP * (columns - 1)
                for column in range(columns):
                    widths[at + column] += max(0, (lacking + columns - 1 - column) // columns)
    return widths


def _heights(sheet: Sheet, places: list[list[Place]], blocks: dict[int, list[str]]) -> list[int]:
    heights = [1] * len(sheet.rows)
    for tall in (False, True):
        for at, row in enumerate(places):
            for place in row:
                if not place.right and not place.down and (place.cell.rows > 1) == tall:
                    rows = place.cell.rows
                    lacking = len(blocks[id(place.cell)]) - sum(heights[at : at + rows])
                    heights[at + rows - 1] += max(0, lacking)
    return heights


def _line(
    sheet: Sheet,
    places: list[list[Place]],
    heights: list[int],
    widths: list[int],
    blocks: dict[int, list[str]],
    row: int,
    line: int,
) -> str:
    """One line of the text: each cell's part of it."""
    parts = []
    for at, place in enumerate(places[row]):
        if place.right:
            continue
        cell = place.cell
        first = row - place.down
        total = sum(heights[first : first + cell.rows])
        block = blocks[id(cell)]
        part = sum(heights[first:row]) + line - (0 if sheet.top else (total - len(block)) // 2)
        words = block[part] if 0 <= part < len(block) else ""
        room = sum(widths[at : at + cell.columns]) + _GAP * (cell.columns - 1)
        parts.append(padded(words, room, _align(sheet, cell, at)))
    return (" " * _GAP).join(parts)


def _align(sheet: Sheet, cell: Cell, column: int) -> Align:
    return "centre" if cell.columns > 1 and sheet.columns[column] != "left" else sheet.columns[column]


def _rule(row: Sequence[Place], widths: list[int]) -> str:
    runs = {at for start, end in ruled(row) for at in range(start, end)}
    return (" " * _GAP).join(("-" if at in runs else " ") * size for at, size in enumerate(widths))
