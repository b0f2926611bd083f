"""Tables as drawings: one node of Graphviz's with an HTML-like label, brackets drawn, poolings and heads in colour."""

from __future__ import annotations

import html
import math
import re
from typing import NamedTuple

from netdsl.backends.canvas.metrics import width
from netdsl.backends.labels import cell as words
from netdsl.backends.labels import metric, plain
from netdsl.backends.tables import write_text
from netdsl.backends.tables.model import Align, Cell, Content, Matrix, Sheet, Tint

_ALIGN: dict[Align, str] = {"left": "LEFT", "centre": "CENTER", "right": "RIGHT"}
#: A quarter of the colours that diagrams give these layers.
_FILLS: dict[Tint, str] = {"pool": "#FBE1D9", "fc": "#EEF2CC"}
#: Points from one line of text to the next.
_LEADING = 12
_HEAD, _LINE, _GREY, _INK = "#ECECEC", "#999999", "#666666", "#222222"


def write(sheet: Sheet) -> str:
    """The table as DOT text, for :func:`netdsl.backends.canvas.engine.render`. The same table gives the same text."""
    rows = "".join(_row(sheet, at) for at in range(len(sheet.rows)))
    caption = ""
    across = len(sheet.columns)
    if sheet.caption:
        caption = f'<TR><TD BGCOLOR="{_HEAD}" COLSPAN="{across}">{words(sheet.caption, bold=True)}</TD></TR>'
    beside = 'BORDER="0" CELLPADDING="2" ALIGN="LEFT"'
    notes = "".join(
        f'<TR><TD {beside} COLSPAN="{across}">{words(note, colour=_GREY, size=8)}</TD></TR>' for note in sheet.notes
    )
    frame = f'BORDER="0" CELLBORDER="1" CELLSPACING="0" CELLPADDING="4" COLOR="{_LINE}"'
    label = f"<TABLE {frame}>{caption}{rows}{notes}</TABLE>"
    return (
        "digraph table {\n\tgraph [bgcolor=white pad=0.15]\n"
        f'\tnode [shape=plain fontname=Helvetica fontsize=10 fontcolor="{_INK}"]\n'
        f"\ttable [label=<{label}>]\n}}\n"
    )


def described(svg: bytes, sheet: Sheet) -> bytes:
    """The drawing of a table with its caption as title, and all of its text as description, for those who listen."""
    caption = html.escape(plain(sheet.caption) or "table")
    text = html.escape(write_text.write(sheet._replace(caption="")))
    drawn = svg.decode().replace("<svg ", '<svg role="img" ', 1)
    # Graphviz's own titles are names of DOT, which a browser would show as tooltips.
    first, *rest = re.split(r"<title>table</title>\n", drawn)
    return (f"{first}<title>{caption}</title>\n<desc>{text}</desc>\n" + "".join(rest)).encode()


def _row(sheet: Sheet, at: int) -> str:
    row = sheet.rows[at]
    cells = "".join(
        _cell(sheet, cell, column, head=row.head, bold=at == 0) for column, cell in zip(_columns(sheet, at), row.cells)
    )
    return f"<TR>{cells}</TR>"


def _columns(sheet: Sheet, at: int) -> list[int]:
    """The column in which each cell of a row begins."""
    covered: set[int] = set()
    for up in range(at):
        starts = _columns(sheet, up) if any(cell.rows > at - up for cell in sheet.rows[up].cells) else []
        for start, cell in zip(starts, sheet.rows[up].cells):
            if cell.rows > at - up:
                covered.update(range(start, start + cell.columns))
    found, column = [], 0
    for cell in sheet.rows[at].cells:
        while column in covered:
            column += 1
        found.append(column)
        column += cell.columns
    return found


def _cell(sheet: Sheet, cell: Cell, column: int, *, head: bool, bold: bool) -> str:
    align = sheet.columns[column]
    fill = _HEAD if head else _FILLS[cell.tint] if cell.tint else None
    spans = f' COLSPAN="{cell.columns}"' if cell.columns > 1 else ""
    spans += f' ROWSPAN="{cell.rows}"' if cell.rows > 1 else ""
    side = _ALIGN["centre" if cell.columns > 1 and align != "left" else align]
    attributes = f'{spans} ALIGN="{side}"' + (f' BGCOLOR="{fill}"' if fill else "")
    if sheet.top and not head:
        attributes += ' VALIGN="TOP"'
    return f"<TD{attributes}>{_inside(cell, side, top=sheet.top, bold=bold)}</TD>"


class _Drawn(NamedTuple):
    """Markup that goes into a cell, and the room that it needs in points."""

    markup: str
    width: int
    height: int


def _inside(cell: Cell, side: str, *, top: bool, bold: bool) -> str:
    if cell.value is not None and "×10" in "".join(content.text for content in cell.content):
        # Raised digits are not in every font.
        return words(metric(cell.value))
    drawn = [_content(content, bold=bold) for content in cell.content]
    if len(drawn) < 2:
        return drawn[0].markup if drawn else " "
    # A row each: lines of one text stand closer where one of them is bold.
    rows = "".join(f'<TR><TD ALIGN="{side}" HEIGHT="{each.height}">{each.markup}</TD></TR>' for each in drawn)
    width, height = max(each.width for each in drawn), sum(each.height for each in drawn)
    return _fixed(rows, width, height, f' ALIGN="{side}"' + (' VALIGN="TOP"' if top else "")).markup


def _content(content: Content, *, bold: bool) -> _Drawn:
    if not isinstance(content, Matrix):
        return _Drawn(words(content.text, bold=bold or content.bold), _room(content.text), _LEADING)
    lines = "<BR/>".join(words(line, bold=content.bold) for line in content.lines)
    times = f"×{content.times}"
    wide, high = max(map(_room, content.lines)), _LEADING * len(content.lines) + 4
    bracket = '<TD BORDER="1" SIDES="{}" WIDTH="5" COLOR="#222222"> </TD>'
    row = (
        f'<TR>{bracket.format("LTB")}<TD WIDTH="{wide}" HEIGHT="{high}">{lines}</TD>{bracket.format("RTB")}'
        f'<TD WIDTH="{_room(times)}" ALIGN="RIGHT">{words(times, bold=True)}</TD></TR>'
    )
    drawn = _fixed(row, wide + _room(times) + 16, high + 2, "")
    return drawn._replace(height=drawn.height + 6)


def _fixed(rows: str, width: int, height: int, attributes: str) -> _Drawn:
    """A table that keeps its size in a larger cell, where Graphviz would spread it."""
    frame = (
        f'BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0" FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="{height}"'
    )
    return _Drawn(f"<TABLE {frame}{attributes}>{rows}</TABLE>", width, height)


def _room(text: str) -> int:
    """Points that a line takes, bold or not, and a little more: a table that is too small for its text is an error."""
    foreign = sum(1 for sign in text if ord(sign) > 0x2FF)
    return math.ceil(max(width(text, 10), width(text, 10, bold=True))) + 4 * foreign + 4
