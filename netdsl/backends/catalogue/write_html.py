"""Pages as HTML: each whole in itself, light or dark as the reader's screen is."""

from __future__ import annotations

from html import escape
from urllib.parse import quote

from netdsl.backends.catalogue.document import (
    Grid,
    Heading,
    Items,
    Listing,
    Mark,
    Page,
    Paragraph,
    Part,
    Picture,
    Words,
)
from netdsl.backends.labels import plain

_STYLE = """\
:root { color-scheme: light dark; }
body { max-width: 68rem; margin: 0 auto; padding: 1rem 1.5rem 3rem; font: 1rem/1.5 system-ui, sans-serif; }
h1, h2 { line-height: 1.2; }
h2 { margin-top: 2.2em; }
a { color: light-dark(#0b57a4, #8ab4f8); }
code, pre { font-family: ui-monospace, monospace; font-size: 0.86rem; }
pre { overflow-x: auto; padding: 0.8rem 1rem; border-radius: 0.3rem; background: light-dark(#f4f4f4, #2a2f35); }
div { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.86rem; }
th, td { padding: 0.25rem 0.7rem; text-align: left; vertical-align: top; }
th, td { border-bottom: 1px solid light-dark(#ddd, #444); }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
tbody tr:hover { background: light-dark(#f4f4f4, #2a2f35); }
img { max-width: 100%; height: auto; }
@media print { body { max-width: none; } }"""


def write(page: Page) -> str:
    """The page as an HTML document. The same page gives the same text."""
    made = f"<!-- {plain(page.made).replace('--', '- -')} -->\n" if page.made else ""
    parts = "\n".join(_part(part) for part in page.parts)
    return (
        f'<!DOCTYPE html>\n{made}<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(plain(page.title))}</title>\n<style>\n{_STYLE}\n</style>\n</head>\n"
        f"<body>\n<main>\n{parts}\n</main>\n</body>\n</html>\n"
    )


def _part(part: Part) -> str:
    if isinstance(part, Heading):
        return f"<h{part.level}>{_words(part.words)}</h{part.level}>"
    if isinstance(part, Paragraph):
        return f"<p>{_words(part.words)}</p>"
    if isinstance(part, Items):
        return "<ul>" + "".join(f"<li>{_words(item)}</li>" for item in part.items) + "</ul>"
    if isinstance(part, Listing):
        return f'<pre tabindex="0"><code>{escape(part.text.rstrip(), quote=False)}\n</code></pre>'
    if isinstance(part, Picture):
        source = escape(quote(part.source))
        return f'<p><a href="{source}"><img src="{source}" alt="{escape(plain(part.alt))}"></a></p>'
    return _grid(part)


def _grid(grid: Grid) -> str:
    sides = [' class="number"' if number else "" for _, number in grid.titles]
    titles = "".join(f"<th{side}>{escape(title)}</th>" for side, (title, _) in zip(sides, grid.titles))
    rows = "".join(
        "<tr>" + "".join(f"<td{side}>{_words(cell)}</td>" for side, cell in zip(sides, row)) + "</tr>\n"
        for row in grid.rows
    )
    return f"<div><table>\n<thead><tr>{titles}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>"


def _words(words: Words) -> str:
    return "".join(_mark(piece) if isinstance(piece, Mark) else escape(plain(piece), quote=False) for piece in words)


def _mark(mark: Mark) -> str:
    text = escape(plain(mark.text), quote=False)
    if mark.kind == "link":
        return f'<a href="{escape(mark.target)}">{text}</a>'
    return f"<{mark.kind}>{text}</{mark.kind}>"
