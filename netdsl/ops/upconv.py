"""The transposed convolution.

Its multiply-adds are input positions times the weights that each of them meets. A bias add is not counted, as for every
convolution.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from netdsl.ir.op import Example, Formula, Op, OpError, Syntax, need_map, register
from netdsl.ir.record import field
from netdsl.ir.types import Call, Shape, Step, Tensor, resized, show_shape
from netdsl.ops.conv_source import frozen_source
from netdsl.ops.formulas import power, times
from netdsl.ops.helps import dividing_both, written
from netdsl.ops.windows import (
    Pads,
    Sizes,
    flags,
    grouped,
    over,
    per_axis,
    printed,
    product,
    same_pads,
    same_rank,
    spans,
    spread,
    undivided,
    window_of,
)


@register
class UpConv(Op):
    """Transposed: (C, *spatial) to (channels, *(n-1)*stride - 2*pad + dilation*(kernel-1) + out_pad + 1)."""

    keyword = "upconv"
    category = "conv"
    weight_layer = True
    bias_unless_norm = True
    linear = True
    letters: ClassVar[Mapping[str, str]] = {
        "channels": "M", "kernel": "k", "stride": "s", "pad": "p", "out_pad": "o", "dilation": "d", "groups": "g"
    }  # fmt: skip
    syntax = Syntax(
        "kernel", "channels", "stride", flags=flags("frozen", valid={"pad": 0}), required=("kernel", "channels")
    )
    example = Example("upconv2-16/2")

    channels: int = field(ge=1, description="output channels")
    kernel: Sizes = field(description="size of the window")
    stride: Sizes = field(description="factor of enlargement; 1 unless given")
    pad: Pads = field(description="elements cut off each side of the output; dilation*(kernel-1)//2 unless given")
    out_pad: Pads = field(description="elements added to one side of the output; none unless given")
    dilation: Sizes = field(description="distance between elements of the window; 1 unless given")
    groups: int = field(default=1, ge=1, description="parts of the channels that are convolved apart")
    bias: bool = field(default=True, description="adds a learnt number to each output channel")
    frozen: bool = field(default=False, description="weights are not trained")

    @classmethod
    def resolve(cls, values: dict[str, Any], inputs: tuple[Shape, ...]) -> dict[str, Any]:
        rank = need_map(cls.keyword, inputs[0])
        kernel, stride, dilation = window_of(values, rank)
        given = values.get("pad")
        pad = same_pads(kernel, dilation) if given is None else per_axis(given, rank)
        out_pad = per_axis(values.get("out_pad", 0), rank)
        for extra, s, d in zip(out_pad, stride, dilation):
            if extra >= max(s, d):
                most = [min(o, max(s, d) - 1) for o, s, d in zip(out_pad, stride, dilation)]
                help = (
                    f"`out_pad={written(most)}` is the most here" if any(most) else "leave it out: 0 is the most here"
                )
                message = f"`out_pad` of {extra} must be below the stride {s} or the dilation {d}"
                raise OpError("ND208", message, help=help, field="out_pad")
        resolved = {"kernel": kernel, "stride": stride, "dilation": dilation, "pad": pad, "out_pad": out_pad}
        return {**values, **resolved}

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        shape = inputs[0]
        same_rank(self.keyword, shape, self.kernel)
        for count, what in ((shape[0], "input"), (self.channels, "output")):
            if count % self.groups:
                help = dividing_both(shape[0], self.channels, self.groups)
                raise OpError("ND206", undivided(count, self.groups, f"{what} "), help=help, field="groups")
        span = spans(self.kernel, self.dilation)
        size = tuple(
            (n - 1) * s - 2 * p + w + extra
            for n, s, p, w, extra in zip(shape[1:], self.stride, self.pad, span, self.out_pad)
        )
        if min(size) < 1:
            most = [min(p, (m + 2 * p - 1) // 2) for m, p in zip(size, self.pad)]
            raise OpError(
                "ND205",
                f"`pad` of {show_shape(self.pad)} leaves nothing of the output of `upconv`: {show_shape(size)}",
                help=f"`pad={written(most)}` is the most here",
                field="pad",
            )
        return (self.channels, *size)

    def tensors(self, inputs: tuple[Shape, ...]) -> tuple[Tensor, ...]:
        trainable = not self.frozen
        weight = Tensor("weight", (inputs[0][0], self.channels // self.groups, *self.kernel), trainable=trainable)
        if not self.bias:
            return (weight,)
        return (weight, Tensor("bias", (self.channels,), additive=True, trainable=trainable))

    def macs(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        return product(inputs[0]) * (self.channels // self.groups) * product(self.kernel)

    def formulas(self, inputs: tuple[Shape, ...], output: Shape) -> Iterator[Formula]:
        shape = inputs[0]
        yield Formula("shape", "M", f"{self.channels:,}")
        given = zip(shape[1:], self.stride, self.pad, self.dilation, self.kernel, self.out_pad)
        for axis, (n, s, p, d, k, o) in enumerate(given, 1):
            numbers = f"({n:,} − 1)·{s:,} − 2·{p:,} + {d:,}·({k:,} − 1) + {o:,} + 1"
            yield Formula("shape", "(n − 1)·s − 2·p + d·(k − 1) + o + 1", numbers, axis=axis)
        letters, numbers = f"M·{power('k', self.kernel)}", times(self.channels, *self.kernel)
        if self.groups > 1:
            letters, numbers = f"M/g·{power('k', self.kernel)}", f"{self.channels:,}/{self.groups:,}·"
            numbers += times(*self.kernel)
        bias = (" + M", f" + {self.channels:,}") if self.bias else ("", "")
        yield Formula("params", f"C·{letters}{bias[0]}", f"{shape[0]:,}·{numbers}{bias[1]}")
        entering = f"C·{power('n', shape[1:])}"
        says = f"each of the {entering} elements that enter is spread over the {letters} weights of its channel"
        yield Formula("macs", f"({entering})·({letters})", f"({times(*shape)})·({numbers})", says)

    def steps(self, inputs: tuple[Shape, ...]) -> tuple[Step, ...] | None:
        return tuple(map(_step, self.kernel, self.dilation, self.stride, self.pad))

    def across(self, inputs: tuple[Shape, ...]) -> Step | None:
        return grouped(inputs[0][0], self.channels, self.groups)

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        kwargs: list[tuple[str, object]] = []
        if max(self.stride) > 1:
            kwargs.append(("stride", printed(self.stride)))
        if max(self.pad) > 0:
            kwargs.append(("padding", printed(self.pad)))
        if max(self.out_pad) > 0:
            kwargs.append(("output_padding", printed(self.out_pad)))
        if self.groups > 1:
            kwargs.append(("groups", self.groups))
        if not self.bias:
            kwargs.append(("bias", False))
        if max(self.dilation) > 1:
            kwargs.append(("dilation", printed(self.dilation)))
        args = (inputs[0][0], self.channels, printed(self.kernel))
        base = f"ConvTranspose{len(self.kernel)}d"
        if self.frozen:
            name, source = frozen_source(base)
            return Call("module", name, args, tuple(kwargs), source)
        return Call("module", f"torch.nn.{base}", args, tuple(kwargs))

    def caption(self, inputs: tuple[Shape, ...], output: Shape) -> str:
        return f"{show_shape(self.kernel)} upconv, {self.channels}{over(self.stride)}"


def _step(kernel: int, dilation: int, stride: int, pad: int) -> Step:
    """Output element ``o`` sees each input ``i`` with ``o + pad = i*stride + dilation*tap`` for a tap of the window."""
    span = dilation * (kernel - 1) + 1
    if stride == 1:
        return Step(span, 1, span - 1 - pad, spacing=dilation)
    if dilation == 1 or kernel == 1:
        return resized(1, stride, pad - span + stride, pad)
    return spread(kernel, dilation, stride, pad)
