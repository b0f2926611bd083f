"""A figure as HTML, with classes for style sheets: ``netdsl`` for all of it, and others for its parts."""

from __future__ import annotations

from html import escape

from netdsl.embed.figure import Figure

#: A diagram of at most so many pixels has room for something beside it.
_NARROW = 420


def opening(shown: Figure) -> str:
    """The tag that all of it stands in. Its classes say whether the diagram is narrow, and whether there are rows."""
    classes = ["netdsl"]
    classes += ["netdsl-narrow"] if shown.svg and shown.width <= _NARROW else []
    classes += ["netdsl-listed"] if shown.rows else []
    return f'<div class="{" ".join(classes)}">'


def picture(shown: Figure, source: str, caption: str) -> str:
    """The diagram, which leads to its own file; empty where none is drawn."""
    if not shown.svg:
        return ""
    size = f'width="{shown.width:.0f}" height="{shown.height:.0f}" style="max-width:100%;height:auto"'
    image = f'<img src="{escape(source)}" alt="{escape(shown.alt)}" {size} loading="lazy">'
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f'<figure><a class="netdsl-picture" href="{escape(source)}">{image}</a>{below}</figure>'


def numbers(shown: Figure) -> str:
    """The diagnostics that it announces, its rows and its totals."""
    parts = [f'<pre class="netdsl-said"><code>{escape(shown.said, quote=False)}\n</code></pre>'] if shown.said else []
    if shown.rows:
        head, *rest = shown.rows
        titles = "".join(f"<th{_side(place)}>{escape(title)}</th>" for place, title in enumerate(head))
        rows = "".join(
            "<tr>" + "".join(f"<td{_side(place)}>{escape(cell)}</td>" for place, cell in enumerate(row)) + "</tr>"
            for row in rest
        )
        table = f"<table><thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table>"
        parts.append(f'<div class="netdsl-rows" style="overflow-x:auto">{table}</div>')
    parts += [f'<p class="netdsl-numbers">{escape(shown.numbers)}</p>'] if shown.numbers else []
    return "\n".join(parts)


def _side(place: int) -> str:
    """Numbers stand to the right; the first two columns are words."""
    return ' style="text-align:right"' if place > 1 else ""
