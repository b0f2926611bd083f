"""Convolutions, their depthwise and separable kinds among them. :mod:`netdsl.ops.upconv` has the transposed one.

Multiply-adds are output elements times the weights that each of them sees. A bias add is not counted: ``K``
multiply-adds and a bias are ``K`` multiplications and ``K`` additions, which is exactly 2×MACs.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, ClassVar, Literal

from netdsl.ir.op import Example, Formula, Op, OpError, Syntax, need_map, register
from netdsl.ir.record import field
from netdsl.ir.types import Call, Shape, Step, Tensor, show_shape
from netdsl.ops.conv_source import connected_source, variant_source
from netdsl.ops.formulas import area, power, times, windows
from netdsl.ops.windows import (
    PAD_FLAGS,
    Pads,
    Sizes,
    flags,
    grouped,
    lost,
    over,
    per_axis,
    printed,
    product,
    same_pads,
    same_rank,
    spans,
    too_large,
    undivided,
)

PadMode = Literal["zeros", "reflect", "replicate", "circular"]

_FLAGS = flags(
    "ws",
    "gain",
    "frozen",
    **{word: {**sets, "same_tf": False} for word, sets in PAD_FLAGS.items()},
    same_tf={"pad": None, "same": False, "same_tf": True},
)


class _Convolution(Op):
    """What ``conv`` and ``dwconv`` share: a window that slides over ``(channels, *spatial)`` with learnt weights."""

    category = "conv"
    weight_layer = True
    bias_unless_norm = True
    letters: ClassVar[Mapping[str, str]] = {
        "channels": "M", "kernel": "k", "stride": "s", "pad": "p", "dilation": "d", "groups": "g"
    }  # fmt: skip

    channels: int = field(ge=1, description="output channels")
    kernel: Sizes = field(description="size of the window")
    stride: Sizes = field(description="step of the window; 1 unless given")
    pad: Pads = field(
        description="padding before the first element, and after the last: dilation*(kernel-1)//2 unless given, "
        "none where the kernel equals the stride"
    )
    dilation: Sizes = field(description="distance between elements of the window; 1 unless given")
    bias: bool = field(default=True, description="adds a learnt number to each output channel")
    pad_mode: PadMode = field(default="zeros", description="what the padding holds")
    same: bool = field(
        default=False,
        description="keeps the size at stride 1; in a graph true only where that pads one element more at the end",
    )
    same_tf: bool = field(
        default=False, description="pads by TensorFlow's rule, which depends on the input's size: ceil(size/stride) out"
    )
    ws: bool = field(
        default=False,
        description="standardised weights: zero mean, unit variance for each output channel (Qiao et al. 2019)",
    )
    ws_eps: float | None = field(
        default=None, gt=0, description="added to the variance by which `ws` divides: 1e-6 unless given"
    )
    gain: bool = field(
        default=False,
        description="with `ws`: weights are divided by the root of their number too, and each output channel's are "
        "multiplied by a learnt factor (Brock et al. 2021)",
    )
    frozen: bool = field(default=False, description="weights are not trained")

    @classmethod
    def resolve(cls, values: dict[str, Any], inputs: tuple[Shape, ...]) -> dict[str, Any]:
        rank = need_map(cls.keyword, inputs[0])
        kernel = per_axis(values["kernel"], rank)
        stride = per_axis(values.get("stride", 1), rank)
        dilation = per_axis(values.get("dilation", 1), rank)
        if values.get("gain") and not values.get("ws"):
            raise OpError("ND208", "`gain` scales standardised weights: `ws` is missing", field="gain")
        given = values.get("pad")
        same, same_tf = bool(values.get("same")), bool(values.get("same_tf"))
        if same and same_tf:
            raise OpError("ND208", "`same` and `same_tf` are two rules for the padding: give one", field="same_tf")
        if same_tf:
            if values.get("pad_mode", "zeros") != "zeros":
                raise OpError("ND208", "`same_tf` pads with zeros alone", field="pad_mode")
            pad = tuple(t // 2 for t in _tf_pads(inputs[0], kernel, stride, dilation))
        elif given is not None and not same:
            pad = per_axis(given, rank)
        elif kernel == stride and not same and max(kernel) > 1:
            pad = (0,) * rank
        else:
            pad = same_pads(kernel, dilation)
        if given is not None and per_axis(given, rank) != pad:
            word = "same" if same else "same_tf"
            message = f"`{word}` decides the padding, and `pad` is given too"
            raise OpError("ND208", message, help=f"`{word}=false` takes it back", field="pad")
        if same:
            odd = any(d * (k - 1) % 2 for k, d in zip(kernel, dilation))
            if odd and max(stride) > 1:
                raise OpError(
                    "ND208",
                    f"`same` cannot pad an even window of {show_shape(spans(kernel, dilation))} alike on both sides, "
                    f"and at stride {show_shape(stride)} PyTorch has no other way",
                    help="`same_tf` pads by TensorFlow's rule, `pad=` by a number",
                    field="same",
                )
            same = odd
        return {**values, "kernel": kernel, "stride": stride, "dilation": dilation, "pad": pad, "same": same}

    def _groups(self, channels: int) -> int:
        return 1

    def _pads(self, shape: Shape) -> tuple[int, ...]:
        """Padding of both ends together, one number an axis."""
        if self.same_tf:
            return _tf_pads(shape, self.kernel, self.stride, self.dilation)
        if self.same:
            return tuple(d * (k - 1) for k, d in zip(self.kernel, self.dilation))
        return tuple(2 * p for p in self.pad)

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        shape = inputs[0]
        same_rank(self.keyword, shape, self.kernel)
        pads = self._pads(shape)
        span = spans(self.kernel, self.dilation)
        size = tuple((n + t - w) // s + 1 for n, t, w, s in zip(shape[1:], pads, span, self.stride))
        if min(size) < 1:
            raise too_large(self.keyword, span, shape, [n + t for n, t in zip(shape[1:], pads)])
        if self.pad_mode != "zeros":
            _check_pad_mode(self.pad_mode, [t - t // 2 for t in pads], shape)
        if self.ws and shape[0] // self._groups(shape[0]) * product(self.kernel) == 1:
            raise OpError("ND208", "an output channel has one weight here, which `ws` would make zero", field="ws")
        return (self.channels, *size)

    def tensors(self, inputs: tuple[Shape, ...]) -> tuple[Tensor, ...]:
        channels, trainable = inputs[0][0], not self.frozen
        shape = (self.channels, channels // self._groups(channels), *self.kernel)
        tensors = [Tensor("weight", shape, trainable=trainable)]
        if self.bias:
            tensors.append(Tensor("bias", (self.channels,), additive=True, trainable=trainable))
        if self.gain:
            tensors.append(Tensor("gain", (self.channels, *(1,) * (len(shape) - 1)), trainable=trainable))
        return tuple(tensors)

    def macs(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        channels = inputs[0][0]
        return product(output) * (channels // self._groups(channels)) * product(self.kernel)

    def formulas(self, inputs: tuple[Shape, ...], output: Shape) -> Iterator[Formula]:
        shape = inputs[0]
        yield Formula("shape", "M", f"{self.channels:,}", "one for each filter")
        pads, says = [(" + 2·p", f" + 2·{p:,}") for p in self.pad], ""
        if self.same_tf or self.same:
            pads = [(" + P", f" + {total:,}") for total in self._pads(shape)]
            says = "P pads both ends together, the last by the odd one: "
            says += "max((ceil(n/s) − 1)·s + d·(k − 1) + 1 − n, 0)" if self.same_tf else "d·(k − 1)"
        yield from windows(shape[1:], pads, self.dilation, self.kernel, self.stride, says=says)
        letters, numbers = self._seen(shape[0])
        rule, filled = f"M·{letters}", f"{self.channels:,}·{numbers}"
        more = self.bias + self.gain
        also = [word for word, there in (("a bias", self.bias), ("a gain", self.gain)) if there]
        says = f"M filters of {letters} weights" + (f", and {' and '.join(also)} for each" if also else "")
        yield Formula("params", rule + " + M" * more, filled + f" + {self.channels:,}" * more, says)
        yield Formula(
            "macs",
            f"({area('M', output)})·({letters})",
            f"({times(*output)})·({numbers})",
            f"each of the {area('M', output)} elements that leave is a sum over the {letters} weights of its filter",
        )

    def _seen(self, channels: int) -> tuple[str, str]:
        """How many weights a filter has, in letters and in numbers."""
        groups = self._groups(channels)
        kernel = power("k", self.kernel), times(*self.kernel)
        if groups == 1:
            return f"C·{kernel[0]}", f"{channels:,}·{kernel[1]}"
        return f"C/g·{kernel[0]}", f"{channels:,}/{groups:,}·{kernel[1]}"

    def steps(self, inputs: tuple[Shape, ...]) -> tuple[Step, ...] | None:
        before = tuple(t // 2 for t in self._pads(inputs[0])) if self.same_tf else self.pad
        span = spans(self.kernel, self.dilation)
        if span == self.kernel:
            return tuple(map(Step, span, self.stride, before))
        return tuple(Step(w, s, p, spacing=d) for w, s, p, d in zip(span, self.stride, before, self.dilation))

    def across(self, inputs: tuple[Shape, ...]) -> Step | None:
        channels = inputs[0][0]
        return grouped(channels, self.channels, self._groups(channels))

    def dropped(self, inputs: tuple[Shape, ...]) -> str | None:
        if self.same_tf or max(self.stride) == 1:
            return None
        shape = inputs[0]
        size = self.infer(inputs)[1:]
        span = spans(self.kernel, self.dilation)
        return lost(shape, size, self.kernel, span, self.stride, self.pad, self._pads(shape))

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        channels, rank = inputs[0][0], len(self.kernel)
        groups = self._groups(channels)
        # At stride 1 TensorFlow's rule does not depend on the input's size, and PyTorch's own "same" is the same rule.
        unit = max(self.stride) == 1
        own = self.same_tf and not unit
        kwargs: list[tuple[str, object]] = []
        if not unit:
            kwargs.append(("stride", printed(self.stride)))
        if own:
            pass
        elif (self.same or self.same_tf) and any(t % 2 for t in self._pads(inputs[0])):
            kwargs.append(("padding", "same"))
        elif max(self.pad) > 0:
            kwargs.append(("padding", printed(self.pad)))
        if max(self.dilation) > 1:
            kwargs.append(("dilation", printed(self.dilation)))
        if groups > 1:
            kwargs.append(("groups", groups))
        if not self.bias:
            kwargs.append(("bias", False))
        if self.pad_mode != "zeros":
            kwargs.append(("padding_mode", self.pad_mode))
        args = (channels, self.channels, printed(self.kernel))
        if own or self.ws or self.frozen:
            if self.ws and self.ws_eps is not None:
                kwargs.append(("eps", self.ws_eps))
            name, source = variant_source(rank, same_tf=own, ws=self.ws, gain=self.gain, frozen=self.frozen)
            return Call("module", name, args, tuple(kwargs), source)
        return Call("module", f"torch.nn.Conv{rank}d", args, tuple(kwargs))

    def _described(self, kind: str, more: str = "") -> str:
        """``3×3 conv, 64, /2``; a window of one element needs no word for its kind."""
        window = show_shape(self.kernel)
        dilation = "" if max(self.dilation) == 1 else f", d={printed(self.dilation)}"
        word = f" {kind}" if kind != "conv" or max(self.kernel) > 1 else ""
        return f"{window}{word}, {self.channels}{over(self.stride)}{more}{dilation}"


@register
class Conv(_Convolution):
    """Convolution: (C, *spatial) to (channels, *spatial of the windows), for 1 to 3 spatial axes."""

    keyword = "conv"
    linear = True
    syntax = Syntax("kernel", "channels", "stride", flags=_FLAGS, required=("kernel", "channels"))
    example = Example("conv3-64/2", "3x32x32")

    groups: int = field(default=1, ge=1, description="parts of the channels that are convolved apart")
    connect: str | None = field(
        default=None,
        description="one word for each output map with the input maps that it sees (LeNet-5's table): "
        '"012 123"; commas for numbers over nine: "9,10 10,"',
    )

    @classmethod
    def resolve(cls, values: dict[str, Any], inputs: tuple[Shape, ...]) -> dict[str, Any]:
        values = super().resolve(values, inputs)
        if values.get("connect") is None:
            return values
        for name, plain in {"groups": 1, "same": False, "same_tf": False, "ws": False, "frozen": False}.items():
            if values.get(name, plain) != plain:
                raise OpError("ND208", f"`connect` and `{name}` do not go together", field=name)
        if values.get("pad_mode", "zeros") != "zeros":
            raise OpError("ND208", "`connect` pads with zeros alone", field="pad_mode")
        return values

    def _groups(self, channels: int) -> int:
        return self.groups

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        channels = inputs[0][0]
        if self.groups > 1:
            for count, what in ((channels, "input"), (self.channels, "output")):
                if count % self.groups:
                    raise OpError("ND206", undivided(count, self.groups, f"{what} "), field="groups")
        if self.connect is not None:
            _check_connections(self.connect, channels, self.channels)
        return super().infer(inputs)

    def tensors(self, inputs: tuple[Shape, ...]) -> tuple[Tensor, ...]:
        tensors = super().tensors(inputs)
        if self.connect is None:
            return tensors
        return (Tensor("weight", (_count(self.connect), *self.kernel)), *tensors[1:])

    def macs(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        if self.connect is None:
            return super().macs(inputs, output)
        return _count(self.connect) * product(output[1:]) * product(self.kernel)

    def formulas(self, inputs: tuple[Shape, ...], output: Shape) -> Iterator[Formula]:
        if self.connect is None:
            yield from super().formulas(inputs, output)
            return
        yield from (formula for formula in super().formulas(inputs, output) if formula.of == "shape")
        count, kernel, letters = _count(self.connect), times(*self.kernel), power("k", self.kernel)
        bias = (" + M", f" + {self.channels:,}") if self.bias else ("", "")
        says = f"`connect` joins {count:,} pairs of an input map and an output map, each with a kernel of its own"
        yield Formula("params", f"pairs·{letters}{bias[0]}", f"{count:,}·{kernel}{bias[1]}", says)
        maps = area("pairs", output)
        yield Formula("macs", f"({maps})·({letters})", f"({times(count, *output[1:])})·({kernel})")

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        if self.connect is None:
            return super().call(inputs, output)
        kwargs: list[tuple[str, object]] = []
        if max(self.stride) > 1:
            kwargs.append(("stride", printed(self.stride)))
        if max(self.pad) > 0:
            kwargs.append(("padding", printed(self.pad)))
        if max(self.dilation) > 1:
            kwargs.append(("dilation", printed(self.dilation)))
        if not self.bias:
            kwargs.append(("bias", False))
        name, source = connected_source(len(self.kernel))
        return Call("module", name, (inputs[0][0], self.connect, self.kernel), tuple(kwargs), source)

    def caption(self, inputs: tuple[Shape, ...], output: Shape) -> str:
        return self._described("conv", f", g={self.groups}" if self.groups > 1 else "")


@register
class DwConv(_Convolution):
    """Depthwise convolution: each input channel has filters of its own. (C, *spatial) to (channels, *spatial).

    ``channels`` is a multiple of C; C itself unless given.
    """

    keyword = "dwconv"
    style_of = "conv"
    syntax = Syntax("kernel", "channels", "stride", flags=_FLAGS, required=("kernel",))
    example = Example("dwconv3/2")

    @classmethod
    def resolve(cls, values: dict[str, Any], inputs: tuple[Shape, ...]) -> dict[str, Any]:
        values = super().resolve(values, inputs)
        values.setdefault("channels", inputs[0][0])
        return values

    def _groups(self, channels: int) -> int:
        return channels

    def _seen(self, channels: int) -> tuple[str, str]:
        return power("k", self.kernel), times(*self.kernel)

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        channels = inputs[0][0]
        if self.channels % channels:
            raise OpError(
                "ND206",
                f"a depthwise convolution of {channels} channels gives a multiple of them, not {self.channels}",
                help="another number of channels takes `sepconv` or a `conv1` after it",
                field="channels",
            )
        return super().infer(inputs)

    def caption(self, inputs: tuple[Shape, ...], output: Shape) -> str:
        return self._described("dw")


@register
class SepConv(_Convolution):
    """Depthwise separable convolution: a ``depthwise`` window on each channel, then a ``pointwise`` 1×1 over them.

    It is built of these two and never stands in a graph itself.
    """

    keyword = "sepconv"
    style_of = "conv"
    syntax = Syntax("kernel", "channels", "stride", flags=_FLAGS, required=("kernel", "channels"))
    example = Example("sepconv3-32/2")

    def members(self, inputs: tuple[Shape, ...]) -> tuple[tuple[str, Op], ...]:
        channels, ones = inputs[0][0], (1,) * len(self.kernel)
        depthwise = DwConv.model_construct(
            channels=channels,
            kernel=self.kernel,
            stride=self.stride,
            pad=self.pad,
            dilation=self.dilation,
            bias=self.bias,
            pad_mode=self.pad_mode,
            same=self.same,
            same_tf=self.same_tf,
            ws=self.ws,
            ws_eps=self.ws_eps,
            gain=self.gain,
            frozen=self.frozen,
        )
        pointwise = Conv.model_construct(
            channels=self.channels,
            kernel=ones,
            stride=ones,
            pad=(0,) * len(ones),
            dilation=ones,
            bias=self.bias,
            ws=self.ws,
            ws_eps=self.ws_eps,
            gain=self.gain,
            frozen=self.frozen,
        )
        return (("depthwise", depthwise), ("pointwise", pointwise))

    def tensors(self, inputs: tuple[Shape, ...]) -> tuple[Tensor, ...]:
        (first, depthwise), (second, pointwise) = self.members(inputs)
        between = (depthwise.infer(inputs),)
        return (
            *(tensor._replace(name=f"{first}.{tensor.name}") for tensor in depthwise.tensors(inputs)),
            *(tensor._replace(name=f"{second}.{tensor.name}") for tensor in pointwise.tensors(between)),
        )

    def macs(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        (_, depthwise), (_, pointwise) = self.members(inputs)
        between = depthwise.infer(inputs)
        return depthwise.macs(inputs, between) + pointwise.macs((between,), output)

    def formulas(self, inputs: tuple[Shape, ...], output: Shape) -> Iterator[Formula]:
        return iter(())

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        raise NotImplementedError("a sepconv is built of its members")

    def caption(self, inputs: tuple[Shape, ...], output: Shape) -> str:
        return self._described("sep")


def _tf_pads(
    shape: Shape, kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]
) -> tuple[int, ...]:
    """TensorFlow's SAME padding of both ends together, one number an axis."""
    return tuple(
        max((-(-n // s) - 1) * s + d * (k - 1) + 1 - n, 0) for n, k, s, d in zip(shape[1:], kernel, stride, dilation)
    )


def _check_pad_mode(mode: PadMode, pads: list[int], shape: Shape) -> None:
    """PyTorch reflects less than the input's size, and wraps round once at most."""
    for n, p in zip(shape[1:], pads):
        if (mode == "reflect" and p >= n) or (mode == "circular" and p > n):
            raise OpError(
                "ND205", f"{mode} padding of {p} needs more elements than the input of {show_shape(shape)} has"
            )


@lru_cache(maxsize=64)
def _connections(text: str) -> tuple[tuple[int, ...], ...]:
    """The input maps of each output map. Raises ValueError for anything but digits and commas."""
    return tuple(
        tuple(int(part) for part in (word.split(",") if "," in word else word) if part) for word in text.split()
    )


def _count(text: str) -> int:
    return sum(map(len, _connections(text)))


def _check_connections(text: str, channels: int, maps: int) -> None:
    form = 'one word for each output map, the input maps that it sees: connect="012 123"'
    try:
        table = _connections(text)
    except ValueError:
        raise OpError("ND209", "`connect` is words of digits and commas", help=form, field="connect") from None
    if len(table) != maps:
        raise OpError("ND208", f"`connect` has {len(table)} words for {maps} output maps", help=form, field="connect")
    for number, row in enumerate(table):
        if len(set(row)) != len(row) or not row:
            raise OpError(
                "ND208", f"output map {number} in `connect` must see each of its maps once", help=form, field="connect"
            )
        if max(row) >= channels:
            raise OpError(
                "ND208",
                f"`connect` gives output map {number} the input map {max(row)}, and there are 0 to {channels - 1}",
                field="connect",
            )
