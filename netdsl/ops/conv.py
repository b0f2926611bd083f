"""Convolutions, their depthwise and separable kinds among them. :mod:`netdsl.ops.upconv` has the transposed one."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from netdsl.ir.op import Example, Formula, Op, OpError, Syntax, register
from netdsl.ir.record import field
from netdsl.ir.types import Call, Shape, Tensor, plural
from netdsl.ops.conv_source import connected_source
from netdsl.ops.convolution import FLAGS, Convolution, padded_before
from netdsl.ops.formulas import area, power, times
from netdsl.ops.helps import dividing_both, leave_out, written
from netdsl.ops.windows import printed, product, undivided

#: Why an attribute does not go together with `connect`.
_BESIDE_CONNECT = {
    "groups": "`connect` alone says what an output map sees",
    "same": "with `connect` both sides are padded alike",
    "same_tf": "with `connect` both sides are padded alike",
    "ws": "the weights of `connect` are not standardised",
    "frozen": "the weights of `connect` are trained",
}


@register
class Conv(Convolution):
    """Convolution: (C, *spatial) to (channels, *spatial of the windows), for 1 to 3 spatial axes."""

    keyword = "conv"
    linear = True
    syntax = Syntax("kernel", "channels", "stride", flags=FLAGS, required=("kernel", "channels"))
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
                help = leave_out(name, f"{name}={str(plain).lower()}", _BESIDE_CONNECT[name])
                raise OpError("ND208", f"`connect` and `{name}` do not go together", help=help, field=name)
        if (mode := values.get("pad_mode", "zeros")) != "zeros":
            rest = "with `pad=0` and no `pad_mode` in it"
            help = padded_before(mode, values["pad"], values["pad"], inputs[0], rest)
            message, needless = "`connect` pads with zeros alone", not any(values["pad"])
            raise OpError("ND208", message, help=help, field="pad_mode", needless=needless)
        return values

    def _groups(self, channels: int) -> int:
        return self.groups

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        channels = inputs[0][0]
        if self.groups > 1:
            for count, what in ((channels, "input"), (self.channels, "output")):
                if count % self.groups:
                    help = dividing_both(channels, self.channels, self.groups)
                    raise OpError("ND206", undivided(count, self.groups, f"{what} "), help=help, field="groups")
        if self.connect is not None:
            _check_connections(self.connect, channels, self.channels, written(self.kernel))
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
class DwConv(Convolution):
    """Depthwise convolution: each input channel has filters of its own. (C, *spatial) to (channels, *spatial).

    ``channels`` is a multiple of C; C itself unless given.
    """

    keyword = "dwconv"
    style_of = "conv"
    syntax = Syntax("kernel", "channels", "stride", flags=FLAGS, required=("kernel",))
    example = Example("dwconv3/2")

    @classmethod
    def resolve(cls, values: dict[str, Any], inputs: tuple[Shape, ...]) -> dict[str, Any]:
        values = super().resolve(values, inputs)
        values.setdefault("channels", inputs[0][0])
        return values

    def _separable(self) -> str:
        """As many channels by a depthwise convolution of this window and a pointwise one."""
        stride = f"/{written(self.stride)}" if max(self.stride) > 1 else ""
        return f"sepconv{written(self.kernel)}-{self.channels}{stride}"

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
                help=f"`{self._separable()}` makes {self.channels}: a depthwise convolution and a pointwise one",
                field="channels",
            )
        return super().infer(inputs)

    def caption(self, inputs: tuple[Shape, ...], output: Shape) -> str:
        return self._described("dw")


@register
class SepConv(Convolution):
    """Depthwise separable convolution: a ``depthwise`` window on each channel, then a ``pointwise`` 1×1 over them.

    It is built of these two and never stands in a graph itself.
    """

    keyword = "sepconv"
    style_of = "conv"
    syntax = Syntax("kernel", "channels", "stride", flags=FLAGS, required=("kernel", "channels"))
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


@lru_cache(maxsize=64)
def _connections(text: str) -> tuple[tuple[int, ...], ...]:
    """The input maps of each output map. Raises ValueError for anything but digits and commas."""
    return tuple(
        tuple(int(part) for part in (word.split(",") if "," in word else word) if part) for word in text.split()
    )


def _count(text: str) -> int:
    return sum(map(len, _connections(text)))


def _check_connections(text: str, channels: int, maps: int, kernel: str) -> None:
    form = 'one word for each output map, the input maps that it sees: connect="012 123"'
    try:
        table = _connections(text)
    except ValueError:
        raise OpError("ND209", "`connect` is words of digits and commas", help=form, field="connect") from None
    if len(table) != maps:
        many = f"{len(table)} {plural(len(table), 'word')} for {maps} output {plural(maps, 'map')}"
        help = f"`conv{kernel}-{len(table)}` has one for each word" if table else form
        raise OpError("ND208", f"`connect` has {many}", help=help, field="connect")
    for number, row in enumerate(table):
        if len(set(row)) != len(row) or not row:
            word = text.split()[number]
            once = ("," if "," in word else "").join(map(str, dict.fromkeys(row)))
            once += "," * ("," in word and "," not in once)
            help = f"`{once}` in place of `{word}` names each once" if row and len(word) <= 40 else form
            raise OpError(
                "ND208", f"output map {number} in `connect` must see each of its maps once", help=help, field="connect"
            )
        if max(row) >= channels:
            raise OpError(
                "ND208",
                f"`connect` gives output map {number} the input map {max(row)}, and there are 0 to {channels - 1}",
                help=f"they are counted from 0: the last of {channels} is `{channels - 1}{',' * (channels > 10)}`",
                field="connect",
            )
