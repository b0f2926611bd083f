"""How the arithmetic of layers is written: letters for rules, and numbers with thousands set apart.

``C`` and ``n`` are the channels and the size that enter, ``h`` and ``w`` (before them ``t``) the size that leaves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netdsl.ir.op import Formula
from netdsl.ir.types import Shape


def times(*numbers: int) -> str:
    """``64·3·3``."""
    return "·".join(f"{number:,}" for number in numbers)


def spatial(rank: int) -> tuple[str, ...]:
    """The letters of the axes of a map that leaves a layer: ``h`` and ``w`` of two."""
    return ("t", "h", "w")[3 - rank :]


def area(channels: str, shape: Shape) -> str:
    """The elements of a map that leaves a layer, in letters: ``C·h·w``."""
    return "·".join((channels, *spatial(len(shape) - 1)))


def power(letter: str, values: Sequence[int]) -> str:
    """A letter for each axis: ``k·k``, or ``k_h·k_w`` where the values differ."""
    if len(set(values)) == 1:
        return "·".join([letter] * len(values))
    return "·".join(f"{letter}_{axis}" for axis in spatial(len(values)))


def windows(
    sizes: Sequence[int],
    pads: Sequence[tuple[str, str]],
    dilations: Sequence[int] | None,
    kernel: Sequence[int],
    stride: Sequence[int],
    *,
    rounds: str = "floor",
    ends: Sequence[int] | None = None,
    says: str = "",
) -> Iterator[Formula]:
    """The size of each axis of what windows leave. ``pads`` are the padding's terms, in letters and in numbers.

    Without ``dilations`` the rule says ``k``; ``ends`` has 0 in the place of 1 where a last window is left out.
    """
    for axis, (n, (letters, numbers), k, s) in enumerate(zip(sizes, pads, kernel, stride)):
        span, spans = " − k", f" − {k:,}"
        if dilations is not None:
            span, spans = " − d·(k − 1) − 1", f" − {dilations[axis]:,}·({k:,} − 1) − 1"
        end = 1 if ends is None else ends[axis]
        last, lasts = (" + 1", " + 1") if end else (" + 1 − 1", " + 1 − 1")
        more = says if end else "less the last window, which would begin in the padding"
        rule = f"{rounds}((n{letters}{span})/s){last}"
        yield Formula("shape", rule, f"{rounds}(({n:,}{numbers}{spans})/{s:,}){lasts}", more, axis + 1)
