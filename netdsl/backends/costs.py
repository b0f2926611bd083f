"""What layers cost in drawings: sums of parameters and multiply-adds, and these in words."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from netdsl.analyses.cost import Cost
from netdsl.backends.labels import metric


def total(every: Iterable[Cost]) -> tuple[int, int]:
    """Parameters and MACs."""
    params = macs = 0
    for cost in every:
        params, macs = params + cost.params, macs + cost.macs
    return params, macs


def rounded(params: int, macs: int, shown: Collection[str] = ("params", "macs")) -> str:
    """``36.9 k params · 116 M MACs``, of what there is and of what is ``shown``."""
    words = [f"{metric(params)} params"] if params and "params" in shown else []
    words += [f"{metric(macs)} MACs"] if macs and "macs" in shown else []
    return " · ".join(words)


def exact(params: int, macs: int) -> list[str]:
    """``36,928 params`` and ``115,605,504 MACs``, of what there is."""
    return [f"{params:,} params"] * bool(params) + [f"{macs:,} MACs"] * bool(macs)
