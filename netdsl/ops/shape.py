"""Operators without a module: they name, order or split elements. ``times`` and ``abs`` have one FLOP an element."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from netdsl.ir.op import Example, Formula, Op, OpError, Syntax, elements, need_map, register
from netdsl.ir.record import field
from netdsl.ir.types import Call, Category, Rearrangement, Shape, Step, plural, show_shape
from netdsl.ops.formulas import power, times
from netdsl.ops.helps import dividing, same_elements
from netdsl.ops.windows import Sizes, undivided


class _Expression(Op):
    """What PyTorch does without a module."""

    category: ClassVar[Category] = "shape"
    lowers_to = "expression"


@register
class Id(_Expression):
    """The tensor as it is."""

    keyword = "id"
    is_view = True
    example = Example("id")

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        return Call("expression", "{0}")


@register
class Times(_Expression):
    """Each element times a constant."""

    keyword = "times"
    syntax = Syntax(positional=("factor",), required=("factor",))
    example = Example("times 0.5")

    factor: float = field(description="the constant")

    def work(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        return elements(output)

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        return Call("expression", f"{{0}} * {self.factor!r}")

    def caption(self, inputs: tuple[Shape, ...], output: Shape) -> str:
        return f"× {self.factor:g}"


@register
class Abs(_Expression):
    """The absolute value of each element."""

    keyword = "abs"
    category = "activation"
    in_place = True
    example = Example("abs")

    def work(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        return elements(output)

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        return Call("expression", "torch.abs({0})")


@register
class Flatten(_Expression):
    """A map as a vector, channels first: (C, *spatial) to (C·…)."""

    keyword = "flatten"
    is_view = True
    example = Example("flatten")

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        return (elements(inputs[0]),)

    def formulas(self, inputs: tuple[Shape, ...], output: Shape) -> Iterator[Formula]:
        if len(inputs[0]) > 1:
            yield Formula("shape", f"C·{power('n', inputs[0][1:])}", times(*inputs[0]), "all elements in a row")

    def rearranges(self, inputs: tuple[Shape, ...]) -> Rearrangement | None:
        return _in_order(inputs[0])

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        return Call("expression", "torch.flatten({0}, 1)" if len(inputs[0]) > 1 else "{0}")


@register
class Reshape(_Expression):
    """The same elements in the same order under another shape."""

    keyword = "reshape"
    is_view = True
    syntax = Syntax(positional=("to",), required=("to",))
    example = Example("reshape 16x32x4")

    to: Sizes = field(description="the new shape, channels first, without the batch", any_length=True)

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        if elements(self.to) != elements(inputs[0]):
            raise OpError(
                "ND221",
                f"{show_shape(inputs[0])} has {(here := elements(inputs[0]))} {plural(here, 'element')}, "
                f"and {show_shape(self.to)} has {elements(self.to)}",
                help=f"`reshape {same_elements(self.to, here)}` has {here}",
                field="to",
            )
        return self.to

    def rearranges(self, inputs: tuple[Shape, ...]) -> Rearrangement | None:
        return _in_order(inputs[0])

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        return Call("expression", f"{{0}}.reshape(-1, {', '.join(map(str, self.to))})")

    def caption(self, inputs: tuple[Shape, ...], output: Shape) -> str:
        return f"reshape {show_shape(self.to)}"


@register
class Permute(Op):
    """The axes in another order, numbered as PyTorch does: 0 is the batch, which stays, 1 the channels."""

    keyword = "permute"
    category = "shape"
    syntax = Syntax(positional=("order",), required=("order",))
    example = Example("permute 2x3x1", "8x16x12")

    order: Sizes = field(description="for each axis of the output the input's axis, from 1", any_length=True)

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        shape = inputs[0]
        if sorted(self.order) != list(range(1, len(shape) + 1)):
            message = f"`permute` orders axes, and a vector of {show_shape(shape)} has one alone"
            if len(shape) > 1:
                axes = f"each of the axes 1 to {len(shape)} once"
                message = f"`permute` of {show_shape(shape)} needs {axes}, not {show_shape(self.order)}"
            raise OpError(
                "ND208",
                message,
                help=_an_order(self.order, len(shape)),
                field="order",
            )
        return tuple(shape[axis - 1] for axis in self.order)

    def formulas(self, inputs: tuple[Shape, ...], output: Shape) -> Iterator[Formula]:
        for axis, (of, length) in enumerate(zip(self.order, output)):
            yield Formula("shape", "", f"{length:,}", f"axis {of} of what enters", axis)

    def rearranges(self, inputs: tuple[Shape, ...]) -> Rearrangement | None:
        return Rearrangement(inputs[0], tuple(axis - 1 for axis in self.order))

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        return Call("module", "Permute", (0, *self.order), (), _PERMUTE)

    def caption(self, inputs: tuple[Shape, ...], output: Shape) -> str:
        return f"permute {show_shape(self.order)}"


@register
class Chunk(_Expression):
    """One of ``of`` equal parts of the channels, numbered from 0."""

    keyword = "chunk"
    is_view = True
    syntax = Syntax(positional=("index",), required=("index",))
    example = Example("chunk 0 of=2")

    index: int = field(ge=0, description="which part")
    of: int = field(default=2, ge=1, description="number of parts")

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        channels, *spatial = inputs[0]
        if self.index >= self.of:
            raise OpError(
                "ND208",
                f"`chunk {self.index}` of {self.of}: parts are 0 to {self.of - 1}",
                help=self._parts(channels),
                field="index",
            )
        if channels % self.of:
            help = dividing(channels, self.of, f"chunk {self.index} of=", least=max(2, self.index + 1))
            raise OpError(
                "ND206",
                undivided(channels, self.of, parts="equal parts"),
                help=help or f"`chunk {channels - 1} of={channels}` is the last channel",
                field="of",
            )
        return (channels // self.of, *spatial)

    def _parts(self, channels: int) -> str:
        """What is written for the last part, and for one that is numbered as this."""
        if channels % self.of:
            parts = self.index + 1 if channels % (self.index + 1) else self.index
            help = dividing(channels, parts, f"chunk {self.index} of=", least=self.index + 1)
            return help or f"`chunk {channels - 1} of={channels}` is the last channel"
        of = "" if self.of == 2 else f" of={self.of}"
        last = f"`chunk {self.of - 1}{of}` is the last part"
        if channels % (self.index + 1) == 0:
            return f"{last}; of {self.index + 1} it is `chunk {self.index} of={self.index + 1}`"
        return f"they are counted from 0: {last}"

    def formulas(self, inputs: tuple[Shape, ...], output: Shape) -> Iterator[Formula]:
        yield Formula("shape", "C/of", f"{inputs[0][0]:,}/{self.of:,}")

    def across(self, inputs: tuple[Shape, ...]) -> Step | None:
        return Step(1, 1, -self.index * (inputs[0][0] // self.of))

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        return Call("expression", f"{{0}}.chunk({self.of}, dim=1)[{self.index}]")

    def caption(self, inputs: tuple[Shape, ...], output: Shape) -> str:
        return f"chunk {self.index} of {self.of}"


@register
class Take(_Expression):
    """The channels from ``start`` up to, not including, ``stop``."""

    keyword = "take"
    is_view = True
    syntax = Syntax(positional=("start", "stop"), required=("start", "stop"))
    example = Example("take 0 5")

    start: int = field(ge=0, description="first channel")
    stop: int = field(ge=1, description="the channel after the last")

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        channels, *spatial = inputs[0]
        if not self.start < self.stop <= channels:
            what = f"takes nothing: it ends before {self.stop}"
            if self.start < self.stop:
                what = f"goes beyond the {channels} {plural(channels, 'channel')} that enter{'s' * (channels == 1)}"
            raise OpError(
                "ND208",
                f"`take {self.start} {self.stop}` {what}",
                help=self._within(channels),
                field="stop",
            )
        return (self.stop - self.start, *spatial)

    def _within(self, channels: int) -> str:
        """A part of the channels that there is, near to the one that is asked for."""
        start, stop = self.start, self.stop
        if start < channels < stop:
            return f"`take {start} {channels}` goes to the last channel"
        if start == stop < channels:
            return f"`take {start} {start + 1}` is one channel: `stop` is the one after the last"
        if stop < start <= channels:
            return f"`take {stop} {start}` has `start` first"
        count = min(max(stop - start, 1), channels)
        which = "all of them" if count == channels else "the last one" if count == 1 else f"the last {count} of them"
        return f"`take {channels - count} {channels}` is {which}"

    def formulas(self, inputs: tuple[Shape, ...], output: Shape) -> Iterator[Formula]:
        yield Formula("shape", "stop − start", f"{self.stop:,} − {self.start:,}")

    def across(self, inputs: tuple[Shape, ...]) -> Step | None:
        return Step(1, 1, -self.start)

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        return Call("expression", f"{{0}}[:, {self.start}:{self.stop}]")

    def caption(self, inputs: tuple[Shape, ...], output: Shape) -> str:
        return f"take {self.start}–{self.stop - 1}"


@register
class Shuffle(Op):
    """Channel shuffle (Zhang et al. 2017): channels in ``groups`` rows, read column by column."""

    keyword = "shuffle"
    category = "shape"
    syntax = Syntax(positional=("groups",))
    example = Example("shuffle 2")

    groups: int = field(default=2, ge=1, description="number of groups")

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        need_map(self.keyword, inputs[0])
        if inputs[0][0] % self.groups:
            help = dividing(inputs[0][0], self.groups, "shuffle ", least=2) or "leave it out: one channel has no order"
            raise OpError("ND206", undivided(inputs[0][0], self.groups), help=help, field="groups")
        return inputs[0]

    def rearranges(self, inputs: tuple[Shape, ...]) -> Rearrangement | None:
        channels, *spatial = inputs[0]
        split = (self.groups, channels // self.groups, *spatial)
        return Rearrangement(split, (1, 0, *range(2, len(split))))

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        return Call("module", "torch.nn.ChannelShuffle", (self.groups,))


def _an_order(order: Sequence[int], axes: int) -> str:
    """An order of so many axes, as near to the one that is given as can be; not one that changes nothing."""
    if axes == 1:
        return "leave it out: a vector has one axis alone"
    found: list[tuple[int, ...]] = []
    for given in (order, order[::-1]):
        used: set[int] = set()
        kept: list[int | None] = []
        for axis in given:
            new = axis <= axes and axis not in used
            used.update({axis} if new else ())
            kept.append(axis if new else None)
        missing = [axis for axis in range(1, axes + 1) if axis not in used]
        if given is not order:
            kept.reverse()
        kept = kept if len(kept) == axes else [axis for axis in kept if axis is not None]
        rest = iter(missing)
        filled = [next(rest) if axis is None else axis for axis in kept]
        found.append((*filled, *rest))
    best = next((axes for axes in found if list(axes) != sorted(axes)), (*range(2, axes + 1), 1))
    return f"`permute {'x'.join(map(str, best))}` has each once"


def _in_order(shape: Shape) -> Rearrangement:
    return Rearrangement(shape, tuple(range(len(shape))))


_PERMUTE = '''\
class Permute(nn.Module):
    """The tensor with its axes in another order."""

    def __init__(self, *order: int) -> None:
        super().__init__()
        self.order = order

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.permute(self.order)
'''
