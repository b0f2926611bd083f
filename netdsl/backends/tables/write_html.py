"""Tables as HTML: one element with its own style, or a whole document. Nothing is loaded from elsewhere."""

from __future__ import annotations

import html

from netdsl.backends.tables.model import Cell, Content, Matrix, Sheet
from netdsl.diagnostics import printable

_STYLE = """\
.netdsl-table { border-collapse: collapse; font: 0.9em/1.35 Helvetica, Arial, sans-serif;
  color: #222; background: #fff }
.netdsl-table caption { caption-side: top; padding: 0.4em; font-weight: bold; text-align: left }
.netdsl-table th, .netdsl-table td { padding: 0.25em 0.7em; text-align: center; vertical-align: middle }
.netdsl-table th { font-weight: bold }
.netdsl-table .top { vertical-align: top }
.netdsl-table .left { text-align: left }
.netdsl-table .right { text-align: right; font-variant-numeric: tabular-nums }
.netdsl-table thead tr:first-child > * { border-top: 2px solid }
.netdsl-table tbody tr:last-child > * { border-bottom: 2px solid }
.netdsl-table .full > * { border-top: 1px solid }
.netdsl-table .light > * { border-top: 1px solid #bbb }
.netdsl-table tfoot td { font-size: 0.85em; text-align: left; color: #555 }
.netdsl-table .list { display: inline-flex; align-items: center; gap: 0.35em; margin: 0.15em 0; white-space: nowrap }
.netdsl-table .list > span:first-child { text-align: left; padding: 0 0.45em; border: solid; border-width: 0 1px;
  --ink: linear-gradient(currentColor 0 0);
  background: var(--ink) 0 0, var(--ink) 0 100%, var(--ink) 100% 0, var(--ink) 100% 100%;
  background-size: 4px 1px; background-repeat: no-repeat }
@media (prefers-color-scheme: dark) {
  .netdsl-table { color: #e6e6e6; background: #22262b }
  .netdsl-table .light > * { border-color: #555 }
  .netdsl-table tfoot td { color: #aaa }
}
"""


def write(sheet: Sheet, *, standalone: bool = False) -> str:
    """The table as one element after its style, or as a document with both."""
    table = _table(sheet)
    if not standalone:
        return f"<style>\n{_STYLE}</style>\n{table}"
    title = html.escape(printable(sheet.caption))
    dark = "@media (prefers-color-scheme: dark) { body { background: #22262b } }"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{_STYLE}{dark}\n</style>\n</head>\n<body>\n{table}</body>\n</html>\n"
    )


def _table(sheet: Sheet) -> str:
    out = ['<table class="netdsl-table">']
    if sheet.caption:
        out.append(f"<caption>{html.escape(printable(sheet.caption))}</caption>")
    heads = [row for row in sheet.rows if row.head]
    for name, rows in (("thead", heads), ("tbody", [row for row in sheet.rows if not row.head])):
        out.append(f"<{name}>")
        free = [0] * len(sheet.columns)
        for row in rows:
            at = 0
            cells = []
            for cell in row.cells:
                while free[at]:
                    free[at] -= 1
                    at += 1
                cells.append(_cell(sheet, cell, at, head=row.head))
                for column in range(at, at + cell.columns):
                    free[column] = cell.rows - 1
                at += cell.columns
            for column in range(at, len(free)):
                free[column] -= 1
            out.append(f'<tr class="{row.rule}">' if row.rule else "<tr>")
            out += [*cells, "</tr>"]
        out.append(f"</{name}>")
    if sheet.notes:
        notes = "<br>\n".join(html.escape(printable(note)) for note in sheet.notes)
        out.append(f'<tfoot>\n<tr><td colspan="{len(sheet.columns)}">{notes}</td></tr>\n</tfoot>')
    return "\n".join([*out, "</table>"]) + "\n"


def _cell(sheet: Sheet, cell: Cell, column: int, *, head: bool) -> str:
    align = sheet.columns[column]
    names: list[str] = [align] if align != "centre" and (cell.columns == 1 or align == "left") else []
    names += ["top"] if sheet.top and not head else []
    attributes = f' class="{" ".join(names)}"' if names else ""
    attributes += f' colspan="{cell.columns}"' if cell.columns > 1 else ""
    attributes += f' rowspan="{cell.rows}"' if cell.rows > 1 else ""
    if cell.value is not None:
        attributes += f' title="{cell.value:,}"'
    tag = "th" if head else "td"
    return f"<{tag}{attributes}>{'<br>'.join(map(_content, cell.content))}</{tag}>"


def _content(content: Content) -> str:
    if isinstance(content, Matrix):
        lines = "<br>".join(html.escape(printable(line)) for line in content.lines)
        times = content.repeats and f"<span>{content.repeats}</span>"
        words = f'<span class="list"><span>{lines}</span>{times}</span>'
    else:
        words = html.escape(printable(content.text))
    return f"<b>{words}</b>" if content.bold else words
