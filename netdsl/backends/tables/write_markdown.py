"""Tables as Markdown: aligned columns, what spans columns of nets in each of them, lists on one line."""

from __future__ import annotations

import re

from netdsl.backends.tables.model import Align, Cell, Content, Matrix, Sheet, grid, padded, repeats
from netdsl.diagnostics import printable, width

#: Signs that mean something in a cell of a Markdown table.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~$]|&(?=[a-zA-Z#])|(?<=\d)\^)")


def write(sheet: Sheet) -> str:
    """The table, its caption above and its notes below.

    Markdown has one row of titles and no spans: further head rows follow it as the table's first, and a cell of
    several columns stands in each of them.
    """
    rows = [
        [_words(place.cell) if place.down == 0 and repeats(sheet, place, at) else "" for at, place in enumerate(row)]
        for row in grid(sheet)
    ]
    widths = [max(3, *(width(row[at]) for row in rows)) for at in range(len(sheet.columns))]
    out = [f"**{_escaped(sheet.caption)}**", ""] if sheet.caption else []
    for at, row in enumerate(rows):
        out.append("| " + " | ".join(padded(*cell) for cell in zip(row, widths, sheet.columns)) + " |")
        if at == 0:
            out.append("|" + "|".join(_mark(*column) for column in zip(widths, sheet.columns)) + "|")
    out += ["", *(f"{_escaped(note)}  " if note is not sheet.notes[-1] else _escaped(note) for note in sheet.notes)]
    return "\n".join(out).rstrip() + "\n"


def _words(cell: Cell) -> str:
    return "<br>".join(map(_content, cell.content))


def _content(content: Content) -> str:
    if isinstance(content, Matrix):
        words = f"\\[{'; '.join(map(_escaped, content.lines))}\\]{content.repeats and f' {content.repeats}'}"
    else:
        words = _escaped(content.text)
    return f"**{words}**" if content.bold else words


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", printable(text))


def _mark(room: int, align: Align) -> str:
    if align == "centre":
        return f":{'-' * room}:"
    return "-" * (room + 1) + ":" if align == "right" else "-" * (room + 2)
