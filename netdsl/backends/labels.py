"""Words in diagrams: shapes, numbers, and text in one line."""

from __future__ import annotations

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


def times(count: int) -> str:
    """`` ×3``; nothing for what stands once."""
    return f" ×{count}" if count > 1 else ""


def plain(text: str) -> str:
    """One line without control characters."""
    return text if text.isprintable() else printable(" ".join(text.split("\n")))
