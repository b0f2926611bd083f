"""Normalisation.

FLOPs of one element: batch norm 2 (at inference it is one factor and one summand a channel); layer, group and instance
norm 5 (sum, deviation, square, sum, scaling) and 2 more where affine; local response norm with ``size`` channels
``size + 4`` (square, ``size - 1`` additions, factor, summand, power, division, and the product with the input).
"""

from collections.abc import Iterator
from math import isqrt
from typing import TYPE_CHECKING, Literal

from netdsl.ir.op import Example, Formula, Op, OpError, Syntax, elements, need_map, register
from netdsl.ir.record import field
from netdsl.ir.types import Call, Shape, Tensor, show_shape
from netdsl.ops.formulas import area, times
from netdsl.ops.helps import STEPS, dividing
from netdsl.ops.windows import product, undivided

_NO_SPREAD = "leave it out: one value less its own mean is 0"


def _affine(length: int) -> tuple[Tensor, Tensor]:
    return Tensor("weight", (length,)), Tensor("bias", (length,), additive=True)


class _Standardising(Op):
    """What the norms share that compute mean and variance themselves."""

    category = "norm"
    if TYPE_CHECKING:
        affine: bool  # a field of each, in its place among the others

    def _length(self, shape: Shape) -> tuple[str, int]:
        """How many factors there are where affine, in letters and in numbers."""
        return "C", shape[0]

    def tensors(self, inputs: tuple[Shape, ...]) -> tuple[Tensor, ...]:
        return _affine(self._length(inputs[0])[1]) if self.affine else ()

    def work(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        return (5 + 2 * self.affine) * elements(output)

    def formulas(self, inputs: tuple[Shape, ...], output: Shape) -> Iterator[Formula]:
        letter, length = self._length(inputs[0])
        if self.affine:
            says = f"a factor and a summand for each of {letter}, learnt"
            yield Formula("params", f"2·{letter}", times(2, length), says)
        each = 5 + 2 * self.affine
        says = "sum, deviation, square, sum, scaling" + (", factor, summand" if self.affine else "")
        yield Formula("work", f"{each}·({area('C', output)})", f"{each}·({times(*output)})", says)


@register
class BatchNorm(Op):
    """Batch normalisation of each channel (Ioffe & Szegedy 2015), on vectors and on maps with up to 3 spatial axes."""

    keyword = "bn"
    category = "norm"
    in_place = True
    example = Example("bn")

    eps: float = field(default=1e-5, gt=0, description="added to the variance")
    momentum: float = field(default=0.1, ge=0, le=1, description="share of the new batch in the running statistics")
    affine: bool = field(default=True, description="learns a factor and a summand for each channel")

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        need_map(self.keyword, inputs[0], least=0)
        return inputs[0]

    def tensors(self, inputs: tuple[Shape, ...]) -> tuple[Tensor, ...]:
        channels = inputs[0][0]
        return (
            *(_affine(channels) if self.affine else ()),
            Tensor("running_mean", (channels,), trainable=False, buffer=True),
            Tensor("running_var", (channels,), trainable=False, buffer=True),
            Tensor("num_batches_tracked", (), trainable=False, buffer=True),
        )

    def work(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        return 2 * elements(output)

    def formulas(self, inputs: tuple[Shape, ...], output: Shape) -> Iterator[Formula]:
        if self.affine:
            says = "a factor and a summand for each channel; its mean and variance are no parameters"
            yield Formula("params", "2·C", times(2, inputs[0][0]), says)
        says = "at inference one factor and one summand for each channel"
        yield Formula("work", f"2·({area('C', output)})", f"2·({times(*output)})", says)

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        kwargs: list[tuple[str, object]] = []
        if self.eps != 1e-5:
            kwargs.append(("eps", self.eps))
        if self.momentum != 0.1:
            kwargs.append(("momentum", self.momentum))
        if not self.affine:
            kwargs.append(("affine", False))
        rank = max(1, len(output) - 1)
        return Call("module", f"torch.nn.BatchNorm{rank}d", (output[0],), tuple(kwargs))


@register
class LocalResponseNorm(Op):
    """Local response normalisation across ``size`` neighbouring channels (Krizhevsky et al. 2012), as PyTorch has it.

    PyTorch divides ``alpha`` by ``size``, and its ``k`` is 1 where the paper's is 2.
    """

    keyword = "lrn"
    category = "norm"
    syntax = Syntax(positional=("size",))
    example = Example("lrn 5 alpha=5e-4 k=2")

    size: int = field(default=5, ge=1, description="number of neighbouring channels")
    alpha: float = field(default=1e-4, description="factor of the mean of squares")
    beta: float = field(default=0.75, description="exponent")
    k: float = field(default=1.0, description="summand")

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        need_map(self.keyword, inputs[0])
        return inputs[0]

    def work(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        return (self.size + 4) * elements(output)

    def formulas(self, inputs: tuple[Shape, ...], output: Shape) -> Iterator[Formula]:
        says = "square, the sum over the neighbours, factor, summand, power, division, product"
        yield Formula("work", f"(size + 4)·({area('C', output)})", f"({self.size:,} + 4)·({times(*output)})", says)

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        usual = {"alpha": 1e-4, "beta": 0.75, "k": 1.0}
        kwargs = tuple((name, getattr(self, name)) for name, value in usual.items() if getattr(self, name) != value)
        if len(output) == 4:
            return Call("module", "VolumeResponseNorm", (self.size,), kwargs, _VOLUME_RESPONSE_NORM)
        return Call("module", "torch.nn.LocalResponseNorm", (self.size,), kwargs)


@register
class LayerNorm(_Standardising):
    """Layer normalisation over the channels of each position; with ``axis=last`` over the last axis instead."""

    keyword = "ln"
    example = Example("ln eps=1e-6")

    eps: float = field(default=1e-5, ge=0, description="added to the variance")
    affine: bool = field(default=True, description="learns a factor and a summand for each element of the axis")
    axis: Literal["channels", "last"] = field(default="channels", description="the axis that is normalised")

    def _length(self, shape: Shape) -> tuple[str, int]:
        return ("C", shape[0]) if self.axis == "channels" else ("N", shape[-1])

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        kwargs: list[tuple[str, object]] = [("eps", self.eps)] if self.eps != 1e-5 else []
        last = self.axis == "last" or len(output) == 1
        if not self.affine:
            kwargs.append(("elementwise_affine", False))
        args = (self._length(output)[1],)
        if last:
            return Call("module", "torch.nn.LayerNorm", args, tuple(kwargs))
        return Call("module", "ChannelLayerNorm", args, tuple(kwargs), _CHANNEL_LAYER_NORM)


@register
class GroupNorm(_Standardising):
    """Group normalisation (Wu & He 2018): over each group of channels and all positions."""

    keyword = "gn"
    syntax = Syntax(positional=("groups",))
    example = Example("gn 4")

    groups: int = field(default=32, ge=1, description="parts of the channels that are normalised together")
    eps: float = field(default=1e-5, ge=0, description="added to the variance")
    affine: bool = field(default=True, description="learns a factor and a summand for each channel")

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        channels = inputs[0][0]
        if channels % self.groups:
            # A group of one value has no spread.
            most = channels if elements(inputs[0]) > channels else channels - 1
            help = dividing(channels, self.groups, "gn ", most=most) or _NO_SPREAD
            raise OpError("ND206", undivided(channels, self.groups), help=help, field="groups")
        if elements(inputs[0]) == self.groups:
            fewer = next((n for n in range(2, min(isqrt(channels), STEPS) + 1) if channels % n == 0), channels)
            help = f"`gn {channels // fewer}` has {fewer} values a group"
            if channels == 1:
                help = _NO_SPREAD
            message = f"`gn` needs more than one value a group: {show_shape(inputs[0])} has one"
            raise OpError("ND221", message, help=help)
        return inputs[0]

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        kwargs: list[tuple[str, object]] = [("eps", self.eps)] if self.eps != 1e-5 else []
        if not self.affine:
            kwargs.append(("affine", False))
        return Call("module", "torch.nn.GroupNorm", (self.groups, output[0]), tuple(kwargs))


@register
class InstanceNorm(_Standardising):
    """Instance normalisation (Ulyanov et al. 2016): over all positions of each channel of each image.

    As in PyTorch it learns nothing unless ``affine`` is given.
    """

    keyword = "in_norm"
    syntax = Syntax(flags={"affine": {"affine": True}})
    example = Example("in_norm affine")

    eps: float = field(default=1e-5, ge=0, description="added to the variance")
    affine: bool = field(default=False, description="learns a factor and a summand for each channel")

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        need_map(self.keyword, inputs[0])
        if product(inputs[0][1:]) == 1:
            channels = inputs[0][0]
            help = f"`ln` normalises over the {channels} channels of one position"
            if channels == 1:
                help = _NO_SPREAD
            message = f"`in_norm` needs more than one position a channel: {show_shape(inputs[0])} has one"
            raise OpError("ND221", message, help=help)
        return inputs[0]

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        kwargs: list[tuple[str, object]] = [("eps", self.eps)] if self.eps != 1e-5 else []
        if self.affine:
            kwargs.append(("affine", True))
        return Call("module", f"torch.nn.InstanceNorm{len(output) - 1}d", (output[0],), tuple(kwargs))


_CHANNEL_LAYER_NORM = '''\
class ChannelLayerNorm(nn.LayerNorm):
    """Layer normalisation over the channels of a map (batch, channels, *spatial)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)
'''

#: PyTorch's own sees a volume as a map by ``view``, which a permuted or a channels-last one does not allow.
_VOLUME_RESPONSE_NORM = '''\
class VolumeResponseNorm(nn.LocalResponseNorm):
    """Local response normalisation of a volume (batch, channels, depth, height, width), however it lies in memory."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x.contiguous())
'''
