"""Which stages of several nets stand at one height: those of equal size of map, else those of nearly equal size."""

from __future__ import annotations

import math
from collections.abc import Sequence

#: Sizes whose ratio is below this may stand at one height.
_NEAR = 1.42
#: What a pair of equal and of nearly equal sizes is worth.
_EQUAL, _CLOSE = 10.0, 6.0


def align(nets: Sequence[Sequence[float]]) -> list[list[int | None]]:
    """For each band the place of its stage in each net, or None; ``nets`` are the sizes of each net's stages in order.

    Every stage is in one band, and the order of each net's stages is kept. One net after another is merged into the
    bands so far, so that as many stages as can be stand beside one of their size.
    """
    bands: list[list[int | None]] = []
    for number, sizes in enumerate(nets):
        bands = _merge(bands, nets, number, sizes)
    return bands


def _merge(
    bands: list[list[int | None]], nets: Sequence[Sequence[float]], number: int, sizes: Sequence[float]
) -> list[list[int | None]]:
    known = [[nets[net][place] for net, place in enumerate(band) if place is not None] for band in bands]
    worth = [[max(_worth(size, other) for other in each) for size in sizes] for each in known]
    best = [[0.0] * (len(sizes) + 1) for _ in range(len(bands) + 1)]
    for one in range(len(bands) - 1, -1, -1):
        for other in range(len(sizes) - 1, -1, -1):
            here = worth[one][other]
            both = here + best[one + 1][other + 1] if here else 0.0
            best[one][other] = max(both, best[one + 1][other], best[one][other + 1])
    merged: list[list[int | None]] = []
    one = other = 0
    while one < len(bands) or other < len(sizes):
        inside = one < len(bands) and other < len(sizes)
        if inside and worth[one][other] and best[one][other] == worth[one][other] + best[one + 1][other + 1]:
            merged.append([*bands[one], other])
            one, other = one + 1, other + 1
            continue
        old = one < len(bands) and best[one][other] == best[one + 1][other]
        new = other < len(sizes) and best[one][other] == best[one][other + 1]
        # Of two that stand alone the larger maps come first.
        if old and not (new and sizes[other] > max(known[one])):
            merged.append([*bands[one], None])
            one += 1
        else:
            merged.append([None] * number + [other])
            other += 1
    return merged


def _worth(one: float, other: float) -> float:
    if one == other:
        return _EQUAL
    ratio = max(one, other) / min(one, other)
    # What has no map stands beside the like alone.
    if ratio >= _NEAR or min(one, other) <= 1:
        return 0.0
    return _CLOSE - math.log2(ratio)
