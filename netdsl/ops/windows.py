"""Arithmetic of sliding windows, which convolutions and pools share, and how their numbers are written.

Along one axis, with ``n`` input elements, kernel ``k``, stride ``s``, padding ``p`` on each side and dilation ``d``, a
window spans ``d*(k-1)+1`` elements and the output has ``floor((n + 2p - d*(k-1) - 1)/s) + 1`` of them.
"""

from collections.abc import Mapping, Sequence
from math import gcd
from typing import Annotated

from netdsl.ir.op import OpError, reshaped
from netdsl.ir.record import field
from netdsl.ir.types import Shape, Step, plural, show_shape, whole_axis

#: One number from 1 for each spatial axis: kernels, strides, dilations, sizes.
Sizes = tuple[Annotated[int, field(ge=1)], ...]
#: One number from 0 for each spatial axis: paddings, offsets.
Pads = tuple[Annotated[int, field(ge=0)], ...]


def flags(*words: str, **more: Mapping[str, object]) -> Mapping[str, Mapping[str, object]]:
    """Flags of a :class:`~netdsl.ir.op.Syntax`: each of ``words`` sets the boolean attribute of its name."""
    return {**{word: {word: True} for word in words}, **more}


#: Flags that each decide the padding: one in a layer takes back what its style says of it.
PAD_FLAGS: Mapping[str, Mapping[str, object]] = {
    "valid": {"pad": 0, "same": False},
    "same": {"pad": None, "same": True},
}


def per_axis(value: object, rank: int) -> tuple[int, ...]:
    """An attribute with one number for each axis; one number stands for all of them."""
    if isinstance(value, int):
        return (value,) * rank
    assert isinstance(value, tuple)
    return value


def window_of(values: Mapping[str, object], rank: int) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Kernel, stride and dilation as a spec gives them, one value an axis; the last two are 1 unless given."""
    kernel, stride, dilation = values["kernel"], values.get("stride", 1), values.get("dilation", 1)
    return per_axis(kernel, rank), per_axis(stride, rank), per_axis(dilation, rank)


def product(numbers: Sequence[int]) -> int:
    """The product of the numbers, 1 of none."""
    result = 1
    for number in numbers:
        result *= number
    return result


def spans(kernel: Sequence[int], dilation: Sequence[int]) -> tuple[int, ...]:
    """The extent of a window in input elements, one value an axis: ``dilation*(kernel-1)+1``."""
    return tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation))


def same_pads(kernel: Sequence[int], dilation: Sequence[int]) -> tuple[int, ...]:
    """Padding before the first element that keeps the size at stride 1, the smaller half where it is odd."""
    return tuple(d * (k - 1) // 2 for k, d in zip(kernel, dilation))


def grouped(channels: int, outputs: int, groups: int) -> Step | None:
    """The step along the channels of a convolution whose channels are convolved in ``groups`` parts."""
    if groups == 1:
        return whole_axis(channels, outputs)
    size, each = channels // groups, outputs // groups
    return None if size == each == 1 else Step(size, size, 0, each, windows=_Alike((0, size - 1), each))


def spread(kernel: int, dilation: int, stride: int, pad: int) -> Step:
    """The step of a transposed convolution.

    Output ``o`` sees each input ``i`` with ``o + pad = i*stride + dilation*tap`` for a tap from 0 to ``kernel - 1``.
    """
    windows = _Spread(kernel, dilation, stride, pad)
    # No output sees more than one that the first tap meets.
    size = dilation * ((kernel - 1) // windows.period * windows.period) // stride + 1
    return Step(size, 1, 0, stride, dilation // windows.common, windows=windows)


class _Computed:
    """Windows that are computed where they are asked for: there may be as many as a spec likes to say."""

    def __init__(self, count: int, *given: object) -> None:
        self.count = count
        self.given = given

    def __len__(self) -> int:
        return self.count

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Computed) and (type(self), self.count, self.given) == (
            type(other), other.count, other.given
        )  # fmt: skip

    def __hash__(self) -> int:
        return hash((type(self), self.count, self.given))

    def __getitem__(self, place: int, /) -> tuple[int, int] | None:
        """The first and the last element that a place sees; None where it sees none."""
        raise NotImplementedError


class _Alike(_Computed):
    """One window for all places."""

    def __init__(self, window: tuple[int, int], count: int) -> None:
        super().__init__(count, window)
        self.window = window

    def __getitem__(self, place: int, /) -> tuple[int, int] | None:
        return self.window


class _Spread(_Computed):
    """The windows of ``stride`` outputs of a transposed convolution: see :func:`spread`."""

    def __init__(self, kernel: int, dilation: int, stride: int, pad: int) -> None:
        super().__init__(stride, kernel, dilation, pad)
        self.kernel, self.dilation, self.stride, self.pad = kernel, dilation, stride, pad
        #: of the places, those alone that this divides see anything, each by every ``period``-th tap
        self.common = gcd(dilation, stride)
        self.period = stride // self.common
        self.inverse = pow(dilation // self.common, -1, self.period)

    def __getitem__(self, place: int, /) -> tuple[int, int] | None:
        place += self.pad
        if place % self.common:
            return None
        first = place // self.common * self.inverse % self.period
        if first >= self.kernel:
            return None
        last = first + (self.kernel - 1 - first) // self.period * self.period
        return (place - self.dilation * last) // self.stride, (place - self.dilation * first) // self.stride


def same_rank(keyword: str, shape: Shape, axes: Sequence[int]) -> None:
    """Raises :class:`OpError` where an operator made for as many axes as ``axes`` meets a map of other rank."""
    if len(shape) - 1 != len(axes):
        rank = len(axes)
        sizes = (
            (*shape[:rank], product(shape[rank:])) if len(shape) > rank else (*shape, *(1,) * (rank + 1 - len(shape)))
        )
        raise OpError(
            "ND221",
            f"this `{keyword}` is made for {rank} spatial axes, and enters {show_shape(shape)}",
            help=reshaped(sizes),
        )


def too_large(keyword: str, span: Sequence[int], shape: Shape, padded: Sequence[int], help: str) -> OpError:
    """The error of a window that does not fit into its input, which is ``padded`` elements wide with its padding."""
    spatial = shape[1:]
    plain = show_shape(spatial)
    where = plain if tuple(padded) == spatial else f"{plain}, {show_shape(padded)} with its padding"
    size = f"{span[0]}-element" if len(span) == 1 else show_shape(span)
    return OpError(
        "ND205",
        f"the {size} window of `{keyword}` is larger than its input of {where}",
        help=help,
        field="kernel",
    )


def quotient(n: int, before: int, after: int, span: int, stride: int) -> str:
    """The arithmetic of an output's size where it is no whole number: ``(7−3)/3+1 = 2.33``."""
    pad = f"+2·{before}" if before == after != 0 else f"+{before + after}" if before + after else ""
    value = f"{(n + before + after - span) / stride + 1:.2f}".rstrip("0")
    return f"({n}{pad}−{span})/{stride}+1 = {value}"


def lost(
    shape: Shape,
    size: Sequence[int],
    kernel: Sequence[int],
    span: Sequence[int],
    stride: Sequence[int],
    before: Sequence[int],
    total: Sequence[int],
) -> str | None:
    """Arithmetic of the axes along which real elements, not only padding, lie behind the last window; None if nowhere.

    ``size`` is the output's, ``before`` the padding at the start and ``total`` that of both ends. Axes whose stride
    exceeds the kernel leave elements out on purpose and are not named.
    """
    texts = []
    for axis, n in enumerate(shape[1:]):
        k, w, s, p, pads = kernel[axis], span[axis], stride[axis], before[axis], total[axis]
        behind = n + pads - ((size[axis] - 1) * s + w)
        if k >= s and behind > pads - p:
            texts.append(quotient(n, p, pads - p, w, s))
    return " and ".join(dict.fromkeys(texts)) or None


def printed(axes: Sequence[int]) -> object:
    """How a person writes it in PyTorch: one number where all axes agree, else the tuple."""
    return axes[0] if len(set(axes)) == 1 else tuple(axes)


def undivided(channels: int, groups: int, what: str = "", *, parts: str = "groups") -> str:
    """What is said where channels do not divide: ``6 input channels do not divide into 4 groups``."""
    verb = "does" if channels == 1 else "do"
    return f"{channels} {what}{plural(channels, 'channel')} {verb} not divide into {groups} {parts}"


def over(stride: Sequence[int]) -> str:
    """The end of a caption: ``, /2``, or nothing at stride 1."""
    if set(stride) == {1}:
        return ""
    return f", /{stride[0] if len(set(stride)) == 1 else show_shape(stride)}"
