"""Words in diagrams: shapes, numbers, and text that Graphviz prints as it is."""

from __future__ import annotations

import html
from collections.abc import Iterable

from netdsl.diagnostics import printable
from netdsl.ir.types import Shape


def show(shape: Shape) -> str:
    """``256×28²``, ``64×7×5``, ``1000``: a shape as diagrams print it, a map of one element as its channels."""
    axes = shape[1:]
    if all(length == 1 for length in axes):
        return str(shape[0])
    if len(axes) > 1 and len(set(axes)) == 1:
        return f"{shape[0]}×{axes[0]}{'²' if len(axes) == 2 else '³'}"
    return "×".join(map(str, shape))


def metric(number: int) -> str:
    """Three digits and a unit: ``25.6 M``, ``4.09 G``."""
    for unit, power in (("T", 12), ("G", 9), ("M", 6), ("k", 3)):
        value = number / 10**power
        if value >= 0.9995:
            digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
            return f"{value:.{digits}f} {unit}"
    return str(number)


def plain(text: str) -> str:
    """One line without control characters."""
    return printable(" ".join(text.split("\n")))


def cell(text: str, *, bold: bool = False, colour: str | None = None, size: int | None = None) -> str:
    """Text in an HTML-like label."""
    # Graphviz reads backslashes in these too.
    words = html.escape(plain(text)).replace("\\", "\\\\") or " "
    if bold:
        words = f"<B>{words}</B>"
    attributes = (f' COLOR="{colour}"' if colour else "") + (f' POINT-SIZE="{size}"' if size else "")
    return f"<FONT{attributes}>{words}</FONT>" if attributes else words


def table(rows: Iterable[str]) -> str:
    """An HTML-like label of rows."""
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{"".join(rows)}</TABLE>>'


def row(words: str, *, left: bool = False) -> str:
    """One cell in one row of a :func:`table`."""
    return "<TR><TD" + (' ALIGN="LEFT"' if left else "") + f">{words}</TD></TR>"
