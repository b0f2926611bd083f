"""Rows coloured by their share of what the net costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from netdsl.analyses.cost import Cost
from netdsl.backends.canvas.options import Heat
from netdsl.backends.canvas.palette import HEAT, HEAT_INKS, WHITE, contrast
from netdsl.backends.labels import metric
from netdsl.backends.overview.cards import Row

NAMES: dict[Heat, str] = {
    "macs": "MACs",
    "params": "params",
    "activations": "activations",
    "memory": "memory for parameters and activations",
}


def amount(heat: Heat, cost: Cost) -> int:
    """What a node costs: elements or multiply-adds. Memory is that of parameters and activations together."""
    if heat == "memory":
        return cost.params + cost.frozen + cost.buffers + cost.activations
    return {"macs": cost.macs, "params": cost.params, "activations": cost.activations}[heat]


def total(heat: Heat, costs: Mapping[int, Cost], row: Row) -> int:
    """What all layers of a row cost."""
    return sum(amount(heat, costs[node.index]) for layer in row.layers for node in layer.nodes)


def colour(heat: Heat, costs: Mapping[int, Cost], found: Iterable[Row]) -> float:
    """Gives each row its colour and its share of the whole net; returns the largest share."""
    found = list(found)
    whole = sum(amount(heat, cost) for cost in costs.values()) or 1
    shares = [total(heat, costs, row) / whole for row in found]
    most = max(shares, default=0.0)
    for row, share in zip(found, shares):
        row.share = percent(share, 1) if share else "" if row.tint in ("input", "merge") else "–"
        row.fill, row.ink = shade(share, most) if share else (WHITE, None)
    return most


def percent(share: float, digits: int) -> str:
    """A share that is not nothing: ``17.0%``, ``<0.1%`` where it would read as nothing."""
    least = 10.0**-digits
    return f"{100 * share:.{digits}f}%" if 100 * share >= least / 2 else f"<{least:.{digits}f}%"


def shade(share: float, most: float) -> tuple[str, str]:
    """The colour of a share and that of text on it."""
    fill = HEAT[min(int(share / most * len(HEAT)), len(HEAT) - 1)]
    return fill, max(HEAT_INKS, key=lambda ink: contrast(ink, fill))


def said(heat: Heat, spent: int, whole: int) -> str:
    """``1.46 G MACs (36%)``; memory in bytes, four for each number."""
    if not spent:
        return ""
    words = f"{metric(4 * spent)}B" if heat == "memory" else f"{metric(spent)} {NAMES[heat]}"
    return f"{words} ({percent(spent / whole, 0)})" if whole else words
