"""What all convolutions share: windows that slide over ``(channels, *spatial)`` with learnt weights.

Multiply-adds are output elements times the weights that each of them sees. A bias add is not counted: ``K``
multiply-adds and a bias are ``K`` multiplications and ``K`` additions, which is exactly 2×MACs.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal

from netdsl.ir.op import Formula, Op, OpError, need_map
from netdsl.ir.record import field
from netdsl.ir.types import Call, Shape, Step, Tensor, show_shape
from netdsl.ops.conv_source import variant_source
from netdsl.ops.formulas import area, power, times, windows
from netdsl.ops.helps import fitting, leave_out, written
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
    window_of,
)

PadMode = Literal["zeros", "reflect", "replicate", "circular"]

FLAGS = flags(
    "ws",
    "gain",
    "frozen",
    **{word: {**sets, "same_tf": False} for word, sets in PAD_FLAGS.items()},
    same_tf={"pad": None, "same": False, "same_tf": True},
)


class Convolution(Op):
    """What ``conv``, ``dwconv`` and ``sepconv`` share: a window of learnt weights slides over the axes of a map."""

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
        kernel, stride, dilation = window_of(values, rank)
        if values.get("gain") and not values.get("ws"):
            help = "`ws gain` has both; `gain=false` takes back what a style has"
            raise OpError("ND208", "`gain` scales standardised weights: `ws` is missing", help=help, field="gain")
        given = values.get("pad")
        same, same_tf = bool(values.get("same")), bool(values.get("same_tf"))
        if same and same_tf:
            message = "`same` and `same_tf` are two rules for the padding: give one"
            ours = written([d * (k - 1) for k, d in zip(kernel, dilation)])
            theirs = written(_tf_pads(inputs[0], kernel, stride, dilation))
            help = f"here `same` pads {ours} in all, and `same_tf` {theirs}: `same=false` leaves the first out"
            raise OpError("ND208", message, help=help, field="same_tf")
        if same_tf:
            pads = _tf_pads(inputs[0], kernel, stride, dilation)
            pad = tuple(t // 2 for t in pads)
            if (mode := values.get("pad_mode", "zeros")) != "zeros":
                after, rest = tuple(t - t // 2 for t in pads), "with `valid` in place of `same_tf`"
                help = padded_before(mode, pad, after, inputs[0], rest)
                message = "`same_tf` pads with zeros alone"
                raise OpError("ND208", message, help=help, field="pad_mode", needless=not any(pads))
        elif given is not None and not same:
            pad = per_axis(given, rank)
        elif kernel == stride and not same and max(kernel) > 1:
            pad = (0,) * rank
        else:
            pad = same_pads(kernel, dilation)
        if given is not None and per_axis(given, rank) != pad:
            word = "same" if same else "same_tf"
            message = f"`{word}` decides the padding, and `pad` is given too"
            help = f"leave `pad` out, or `{word}`: `{word}=false` takes it back where a style has it"
            raise OpError("ND208", message, help=help, field="pad")
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
            wide = [n + t for n, t in zip(shape[1:], pads)]
            pad = f"`pad={written([max(p, (w - n + 1) // 2) for n, w, p in zip(shape[1:], span, self.pad)])}`"
            if not any(self.pad) and any(same_pads(self.kernel, self.dilation)) and self.kernel != self.stride:
                pad += " in place of `valid`"
            pad *= self.pad_mode in ("zeros", "replicate")
            raise too_large(self.keyword, span, shape, wide, fitting(span, self.kernel, wide, pad))
        if self.pad_mode != "zeros":
            _check_pad_mode(self.pad_mode, [t - t // 2 for t in pads], shape)
        if self.ws and shape[0] // self._groups(shape[0]) * product(self.kernel) == 1:
            name, plain = ("ws gain", "ws=false gain=false") if self.gain else ("ws", "ws=false")
            help = leave_out(name, plain, "a weight less its own mean is zero")
            message = "an output channel has one weight here, which `ws` would make zero"
            raise OpError("ND208", message, help=help, field="ws")
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
                "ND205",
                f"{mode} padding of {p} needs more elements than the input of {show_shape(shape)} has",
                help=f"`pad_mode=replicate` takes any padding, `{mode}` here at most {n - (mode == 'reflect')}",
                field="pad",
            )


def padded_before(mode: str, before: Sequence[int], after: Sequence[int], shape: Shape, rest: str) -> str:
    """A help for a convolution that pads with zeros alone: a `pad` before it, and what the convolution then has."""
    reach = [n - (mode == "reflect") if mode != "replicate" else p for n, p in zip(shape[1:], after)]
    if not any(after) or any(p > most for p, most in zip(after, reach)):
        why = "`pad_mode=zeros` is the default" if any(after) else "nothing is padded here"
        return f"{why}: leave `pad_mode` out"
    behind = f" after={written(after)}" if tuple(after) != tuple(before) else ""
    return f"`pad {written(before)}{behind} mode={mode}` before it pads so, {rest}"
