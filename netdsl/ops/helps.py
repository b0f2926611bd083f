"""What several families propose where they cannot take what enters: numbers that would do, as a spec writes them."""

import math
from collections.abc import Sequence

#: How far from a number its neighbours are sought.
STEPS = 10_000


def written(axes: Sequence[int]) -> str:
    """Numbers for the axes, as a spec has them: ``2`` where all agree, else ``1x2``."""
    return str(axes[0]) if len(set(axes)) == 1 else "x".join(map(str, axes))


def dividing(count: int, parts: int, form: str, *, least: int = 1, most: int | None = None, whole: str = "them") -> str:
    """The numbers next to ``parts`` that divide ``count``, each after ``form`` (``groups=``).

    None is below ``least`` or above ``most``, which is ``count`` unless given. Empty where there is none.
    """
    most = count if most is None else most
    start = min(parts, most + 1)
    below = (n for n in range(start - 1, max(start - STEPS, least) - 1, -1) if count % n == 0)
    above = (n for n in range(max(parts + 1, least), min(parts + STEPS, most) + 1) if count % n == 0)
    near = [n for n in (next(below, None), next(above, None)) if n is not None]
    if not near and most >= least:
        near = [count if most >= count else 1]
    said = " or ".join(f"`{form}{n}`" for n in near)
    return f"{said} would divide {whole}" if near else ""


def dividing_both(entering: int, leaving: int, groups: int) -> str:
    """The numbers of groups next to ``groups`` that divide the channels of both sides of a convolution."""
    whole = f"{entering} and {leaving}" if entering != leaving else "them"
    return dividing(math.gcd(entering, leaving), groups, "groups=", whole=whole)


def fitting(span: Sequence[int], kernel: Sequence[int], padded: Sequence[int], pad: str = "") -> str:
    """What makes a window fit into its input, which is ``padded`` wide: another kernel or dilation, or ``pad``."""
    other = f"{pad} makes it fit, and so does " if pad else ""
    steps = [(w - 1) // (k - 1) if k > 1 else 1 for w, k in zip(span, kernel)]
    if max(steps) > 1:
        nearer = [min(d, (n - 1) // (k - 1)) if k > 1 else 1 for d, n, k in zip(steps, padded, kernel)]
        if min(nearer) >= 1:
            return f"{other}`dilation={written(nearer)}`" if other else f"`dilation={written(nearer)}` makes it fit"
    least = written([min(k, n) for k, n in zip(kernel, padded)])
    what = f"a kernel of {least}" + (" without `dilation`" if max(steps) > 1 else "")
    return f"{other}{what}" if other else f"{what} fits"


def leave_out(name: str, plain: str, why: str) -> str:
    """A help for an attribute that is needless or in the way; a style may have given it."""
    return f"{why}: leave `{name}` out, or write `{plain}` where a style has it"


def same_elements(shape: Sequence[int], count: int) -> str:
    """A shape of ``count`` elements, as it is written: it differs from ``shape`` in one number, the last that can.

    Where none can, it has two axes, the first near to that of ``shape``.
    """
    if len(shape) <= 5:
        for at in reversed(range(len(shape))):
            rest = math.prod(shape) // shape[at]
            if count % rest == 0:
                return "x".join(map(str, [*shape[:at], count // rest, *shape[at + 1 :]]))
    first = min(shape[0], count, STEPS)
    first = next(n for n in range(first, 0, -1) if count % n == 0)
    return f"{first}x{count // first}"
