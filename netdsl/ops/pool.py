"""Pooling: windows without weights of their own, global pooling, and LeNet-5's trainable subsampling.

FLOPs of one output element with a window of ``k`` elements: ``k`` comparisons for a maximum, ``k - 1`` additions and a
division for a mean, ``2k + 1`` for an Lp norm (powers, sum, root), ``k + 1`` for subsampling (sum, coefficient, bias).
"""

from collections.abc import Iterator, Mapping
from math import gcd
from typing import Any, ClassVar

from netdsl.ir.op import Example, Formula, Op, OpError, Syntax, elements, need_map, register
from netdsl.ir.record import field
from netdsl.ir.types import Call, Shape, Step, Tensor, resized, show_shape, whole_axis
from netdsl.ops.formulas import area, power, times, windows
from netdsl.ops.helps import fitting, leave_out, written
from netdsl.ops.windows import (
    PAD_FLAGS,
    Pads,
    Sizes,
    flags,
    lost,
    over,
    per_axis,
    printed,
    product,
    same_pads,
    same_rank,
    spans,
    too_large,
)


class _Window(Op):
    """A window that slides over each channel of (C, *spatial) by itself; bare, it is 2 wide with stride 2."""

    category = "pool"
    word: ClassVar[str]
    letters: ClassVar[Mapping[str, str]] = {"kernel": "k", "stride": "s", "pad": "p", "dilation": "d"}
    #: What is done for each element of a window of ``k`` in letters, in numbers, and in words.
    each: ClassVar[tuple[str, str]] = ("{k}", "an operation for each element of its window")

    kernel: Sizes = field(description="size of the window; 2 unless given")
    stride: Sizes = field(description="step of the window; the kernel unless given")

    @classmethod
    def resolve(cls, values: dict[str, Any], inputs: tuple[Shape, ...]) -> dict[str, Any]:
        rank = need_map(cls.keyword, inputs[0])
        kernel = per_axis(values.get("kernel", 2), rank)
        return {**values, "kernel": kernel, "stride": per_axis(values.get("stride", kernel), rank)}

    def _window(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Extent of the window, and the padding on each side, one number an axis."""
        return self.kernel, (0,) * len(self.kernel)

    def _rounds_up(self) -> bool:
        return False

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        shape = inputs[0]
        same_rank(self.keyword, shape, self.kernel)
        span, pad = self._window()
        size = tuple(map(self._size, shape[1:], span, self.stride, pad))
        if min(size) < 1:
            wide = [n + 2 * p for n, p in zip(shape[1:], pad)]
            more = [max(p, (w - n + 1) // 2) for n, w, p in zip(shape[1:], span, pad)]
            may = "pad" in type(self).model_fields and all(p <= k // 2 for p, k in zip(more, self.kernel))
            help = fitting(span, self.kernel, wide, f"`pad={written(more)}`" if may else "")
            raise too_large(self.keyword, span, shape, wide, help)
        return (shape[0], *size)

    def _size(self, n: int, span: int, stride: int, pad: int) -> int:
        room = n + 2 * pad - span
        if not self._rounds_up():
            return room // stride + 1
        size = -(-room // stride) + 1
        # PyTorch leaves out a last window that would begin in the padding behind the input.
        return size - 1 if (size - 1) * stride >= n + pad else size

    def steps(self, inputs: tuple[Shape, ...]) -> tuple[Step, ...] | None:
        span, pad = self._window()
        return tuple(map(Step, span, self.stride, pad))

    def work(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        return elements(output) * product(self.kernel)

    def formulas(self, inputs: tuple[Shape, ...], output: Shape) -> Iterator[Formula]:
        shape, (span, pad) = inputs[0], self._window()
        padded = max(pad, default=0) > 0
        pads = [(" + 2·p", f" + 2·{p:,}") if padded else ("", "") for p in pad]
        dilation: tuple[int, ...] | None = getattr(self, "dilation", None) if span != self.kernel else None
        up = self._rounds_up()
        rounded = [-(-(n + 2 * p - w) // s) for n, p, w, s in zip(shape[1:], pad, span, self.stride)]
        ends = [m - size for m, size in zip(output[1:], rounded)] if up else None
        yield Formula("shape", "C", f"{shape[0]:,}", "each channel is pooled by itself")
        yield from windows(
            shape[1:], pads, dilation, self.kernel, self.stride, rounds="ceil" if up else "floor", ends=ends
        )
        each, says = self.each
        letters, numbers = (each.format(k=k) for k in (power("k", self.kernel), times(*self.kernel)))
        yield Formula("work", f"({area('C', output)})·({letters})", f"({times(*output)})·({numbers})", says)

    def dropped(self, inputs: tuple[Shape, ...]) -> str | None:
        if self._rounds_up():
            return None
        span, pad = self._window()
        size = self.infer(inputs)[1:]
        return lost(inputs[0], size, self.kernel, span, self.stride, pad, [2 * p for p in pad])

    def caption(self, inputs: tuple[Shape, ...], output: Shape) -> str:
        return f"{self.word} {show_shape(self.kernel)}{over(self.stride)}"

    def _stride(self) -> list[tuple[str, object]]:
        return [] if self.stride == self.kernel else [("stride", printed(self.stride))]


class _Pool(_Window):
    """A window without weights of its own."""

    ceil: bool = field(default=False, description="rounds the output's size up: a last window may hang over the edge")

    def _rounds_up(self) -> bool:
        return self.ceil


#: What an attribute is that says nothing.
_WITHOUT = {"pad": "0", "count_pad": "true"}


class _PaddedPool(_Pool):
    """A pool that may be padded, by at most half of its window."""

    pad: Pads = field(description="padding on each side; none unless given")
    same: bool = field(default=False, description="keeps the size at stride 1; in a graph `pad` says it")

    @classmethod
    def resolve(cls, values: dict[str, Any], inputs: tuple[Shape, ...]) -> dict[str, Any]:
        values = super().resolve(values, inputs)
        kernel: tuple[int, ...] = values["kernel"]
        dilation = per_axis(values.get("dilation", 1), len(kernel))
        if values.pop("same", False):
            if values.get("pad") is not None:
                message = "`same` decides the padding, and `pad` is given too"
                help = "leave `pad` out, or `same`: `same=false` takes it back where a style has it"
                raise OpError("ND208", message, help=help, field="pad")
            if any(d * (k - 1) % 2 for k, d in zip(kernel, dilation)):
                raise OpError(
                    "ND208",
                    f"`same` cannot pad an even window of {show_shape(kernel)} alike on both sides",
                    help="give `pad=` a number, or leave it out: a pool has no padding then",
                    field="same",
                )
            values["pad"] = same_pads(kernel, dilation)
        given = values.get("pad")
        pad = per_axis(0 if given is None else given, len(kernel))
        for p, k in zip(pad, kernel):
            if p > k // 2:
                most = written([min(p, k // 2) for p, k in zip(pad, kernel)])
                help = f"`pad={most}` is the most here, and a padding of {p} wants a window of {2 * p} or more"
                message = f"padding {p} of `{cls.keyword}` exceeds half of its window of {k}"
                raise OpError("ND208", message, help=help, field="pad")
        return {**values, "pad": pad}

    def _window(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return self.kernel, self.pad

    def _padding(self) -> list[tuple[str, object]]:
        return [("padding", printed(self.pad))] if max(self.pad) > 0 else []


@register
class MaxPool(_PaddedPool):
    """The largest element of each window. (C, *spatial) to (C, *spatial of the windows)."""

    keyword = "maxpool"
    word = "max"
    each = ("{k}", "a comparison for each element of its window")
    syntax = Syntax("kernel", None, "stride", flags=flags("ceil", **PAD_FLAGS))
    example = Example("maxpool3/2 pad=1")

    dilation: Sizes = field(description="distance between elements of the window; 1 unless given")

    @classmethod
    def resolve(cls, values: dict[str, Any], inputs: tuple[Shape, ...]) -> dict[str, Any]:
        values = super().resolve(values, inputs)
        return {**values, "dilation": per_axis(values.get("dilation", 1), len(values["kernel"]))}

    def _window(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return spans(self.kernel, self.dilation), self.pad

    def steps(self, inputs: tuple[Shape, ...]) -> tuple[Step, ...] | None:
        even = super().steps(inputs)
        if even is None or max(self.dilation) == 1:
            return even
        return tuple(step._replace(spacing=d) for step, d in zip(even, self.dilation))

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        kwargs = self._stride() + self._padding()
        if max(self.dilation) > 1:
            kwargs.append(("dilation", printed(self.dilation)))
        if self.ceil:
            kwargs.append(("ceil_mode", True))
        return Call("module", f"torch.nn.MaxPool{len(self.kernel)}d", (printed(self.kernel),), tuple(kwargs))


@register
class AvgPool(_PaddedPool):
    """The mean of each window. (C, *spatial) to (C, *spatial of the windows).

    With ``to`` it is adaptive: (C, *to), output element ``i`` of ``m`` being the mean of the input's elements from
    ``floor(i*n/m)`` up to ``ceil((i+1)*n/m)``. It has no window of its own then: kernel, stride and pad are empty.
    """

    keyword = "avgpool"
    word = "avg"
    each = ("{k}", "the additions and the division of a mean")
    syntax = Syntax("kernel", None, "stride", flags=flags("ceil", **PAD_FLAGS))
    example = Example("avgpool3/2 pad=1 count_pad=false")

    count_pad: bool = field(default=True, description="whether the mean counts the padding's zeros")
    to: Sizes | None = field(default=None, description="adaptive: the output's size")

    @property
    def pools_all(self) -> bool:
        return self.to is not None and max(self.to) == 1

    @classmethod
    def resolve(cls, values: dict[str, Any], inputs: tuple[Shape, ...]) -> dict[str, Any]:
        if values.get("to") is None:
            return super().resolve(values, inputs)
        rank = need_map(cls.keyword, inputs[0])
        padded = values.get("pad") is not None and any(per_axis(values["pad"], rank))
        given = {**values, "pad": padded, "count_pad": not values.get("count_pad", True)}
        for name in ("kernel", "stride", "pad", "ceil", "same", "count_pad"):
            if given.get(name):
                help = leave_out(name, f"{name}={_WITHOUT.get(name, 'false')}", "windows to a size need none")
                if name in ("kernel", "stride"):
                    size = written(per_axis(values["to"], rank))
                    own = written(per_axis(given.get("kernel", 2), rank))
                    step = f"/{written(per_axis(given['stride'], rank))}" if given.get("stride") else ""
                    help = f"`avgpool to={size}` makes {size} by windows of its own, `avgpool{own}{step}` has these"
                message = f"`to` decides the windows, and `{name}` is given too"
                needless = name in ("ceil", "count_pad")
                raise OpError("ND208", message, help=help, field=name, needless=needless)
        return {"to": per_axis(values["to"], rank), "kernel": (), "stride": (), "pad": ()}

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        if self.to is None:
            shape = inputs[0]
            if len(shape) == 4 and self.kernel and any(k > n for k, n in zip(self.kernel, shape[1:], strict=False)):
                # Over three axes PyTorch wants the kernel to fit before padding.
                help = fitting(self.kernel, self.kernel, shape[1:])
                raise too_large(self.keyword, self.kernel, shape, shape[1:], help)
            return super().infer(inputs)
        same_rank(self.keyword, inputs[0], self.to)
        return (inputs[0][0], *self.to)

    def steps(self, inputs: tuple[Shape, ...]) -> tuple[Step, ...] | None:
        return super().steps(inputs) if self.to is None else tuple(map(_adaptive_step, inputs[0][1:], self.to))

    def work(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        if self.to is None:
            return super().work(inputs, output)
        # The windows are products of one interval an axis, so that their sizes sum up axis by axis.
        return output[0] * product([_covered(n, m) for n, m in zip(inputs[0][1:], self.to)])

    def formulas(self, inputs: tuple[Shape, ...], output: Shape) -> Iterator[Formula]:
        if self.to is None:
            yield from super().formulas(inputs, output)
            return
        yield Formula("shape", "C", f"{output[0]:,}", "each channel is pooled by itself")
        for axis, m in enumerate(self.to, 1):
            yield Formula("shape", "to", f"{m:,}", "window i is that from floor(i·n/to) to ceil((i + 1)·n/to)", axis)
        lengths = [_covered(n, m) for n, m in zip(inputs[0][1:], self.to)]
        says = "the additions and the division of each mean; along an axis the windows have so many elements together"
        letters = "·".join(["sum"] * len(lengths))
        yield Formula("work", f"C·{letters}", times(output[0], *lengths), says)

    def dropped(self, inputs: tuple[Shape, ...]) -> str | None:
        return super().dropped(inputs) if self.to is None else None

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        if self.to is not None:
            return Call("module", f"torch.nn.AdaptiveAvgPool{len(self.to)}d", (printed(self.to),))
        kwargs = self._stride() + self._padding()
        if self.ceil:
            kwargs.append(("ceil_mode", True))
        if not self.count_pad:
            kwargs.append(("count_include_pad", False))
        return Call("module", f"torch.nn.AvgPool{len(self.kernel)}d", (printed(self.kernel),), tuple(kwargs))

    def caption(self, inputs: tuple[Shape, ...], output: Shape) -> str:
        return super().caption(inputs, output) if self.to is None else f"avg to {show_shape(self.to)}"


@register
class LpPool(_Pool):
    """The p-norm of each window: the p-th root of the sum of p-th powers, as PyTorch has it."""

    keyword = "lppool"
    word = "lp"
    each = ("2·{k} + 1", "a power and an addition for each element of its window, and the root")
    syntax = Syntax("kernel", None, "stride", flags=flags("ceil"))
    example = Example("lppool2/2 p=3")

    p: float = field(default=2.0, gt=0, description="the norm's exponent")

    def work(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        return elements(output) * (2 * product(self.kernel) + 1)

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        kwargs = self._stride()
        if self.ceil:
            kwargs.append(("ceil_mode", True))
        args = (int(self.p) if self.p == int(self.p) else self.p, printed(self.kernel))
        return Call("module", f"torch.nn.LPPool{len(self.kernel)}d", args, tuple(kwargs))


class _GlobalPool(Op):
    """One value a channel: (C, *spatial) to (C, 1, …)."""

    category = "pool"
    word: ClassVar[str]
    function: ClassVar[str]

    @property
    def pools_all(self) -> bool:
        return True

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        rank = need_map(self.keyword, inputs[0])
        return (inputs[0][0], *(1,) * rank)

    def steps(self, inputs: tuple[Shape, ...]) -> tuple[Step, ...] | None:
        return tuple(map(whole_axis, inputs[0][1:]))

    def work(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        return elements(inputs[0])

    def formulas(self, inputs: tuple[Shape, ...], output: Shape) -> Iterator[Formula]:
        yield Formula("shape", "C", f"{output[0]:,}", "one value for each channel")
        for axis in range(1, len(output)):
            yield Formula("shape", "1", "1", "the window is the whole map", axis)
        says = "one operation for each element that enters"
        yield Formula("work", f"C·{power('n', inputs[0][1:])}", times(*inputs[0]), says)

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        return Call("module", f"torch.nn.{self.function}{len(output) - 1}d", (1,))

    def caption(self, inputs: tuple[Shape, ...], output: Shape) -> str:
        return f"global {self.word}-pool"


@register
class Gap(_GlobalPool):
    """Global average pooling: (C, *spatial) to (C, 1, …)."""

    keyword = "gap"
    word, function = "avg", "AdaptiveAvgPool"
    example = Example("gap")


@register
class Gmp(_GlobalPool):
    """Global maximum pooling: (C, *spatial) to (C, 1, …)."""

    keyword = "gmp"
    word, function = "max", "AdaptiveMaxPool"
    example = Example("gmp")


@register
class Subsample(_Window):
    """LeNet-5's trainable subsampling: the sum of each window, times a coefficient, plus a bias, both of the channel.

    LeCun et al. 1998, section II.B. It counts as no weight layer and has no multiply-adds.
    """

    keyword = "subsample"
    word = "subsample"
    each = ("{k} + 1", "the additions of a window, a factor and a bias")
    syntax = Syntax("kernel", None, "stride")
    example = Example("subsample2/2", "6x28x28")

    def work(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        return elements(output) * (product(self.kernel) + 1)

    def tensors(self, inputs: tuple[Shape, ...]) -> tuple[Tensor, ...]:
        channels = inputs[0][0]
        return (Tensor("weight", (channels,)), Tensor("bias", (channels,), additive=True))

    def formulas(self, inputs: tuple[Shape, ...], output: Shape) -> Iterator[Formula]:
        yield from super().formulas(inputs, output)
        yield Formula("params", "2·C", f"2·{inputs[0][0]:,}", "a coefficient and a bias for each channel")

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        rank = len(self.kernel)
        name = f"Subsample{rank}d"
        source = _SUBSAMPLE.format(name=name, rank=rank, ones=", 1" * rank)
        return Call("module", name, (inputs[0][0], self.kernel), tuple(self._stride()), source)


def _covered(n: int, m: int) -> int:
    """The sizes of ``m`` windows over ``n`` elements together: the ``i``-th is from ``i*n // m`` to below
    ``ceil((i + 1)*n / m)``, so that neighbours share an element where ``m`` does not divide ``(i + 1)*n``.
    """
    return n + m - gcd(n, m)


def _adaptive_step(n: int, m: int) -> Step:
    return whole_axis(n) if m == 1 else resized(n, m, 0, n - 1)


_SUBSAMPLE = '''\
class {name}(nn.Module):
    """The sum over each window, times a coefficient, plus a bias, both learnt for each channel (LeNet-5)."""

    def __init__(
        self, channels: int, kernel_size: tuple[int, ...], stride: int | tuple[int, ...] | None = None
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride if stride is not None else kernel_size
        self.area = 1
        for size in kernel_size:
            self.area *= size
        self.weight = nn.Parameter(torch.full((channels,), 1 / self.area))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        total = F.avg_pool{rank}d(x, self.kernel_size, self.stride) * self.area
        return total * self.weight.view(-1{ones}) + self.bias.view(-1{ones})
'''
