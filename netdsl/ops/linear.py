"""Fully connected layers. Multiply-adds are those of the weight matrix; a bias add is not counted (2×MACs has it)."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

from netdsl.ir.op import Example, Formula, Op, OpError, Syntax, elements, register
from netdsl.ir.record import field
from netdsl.ir.types import Call, Shape, Step, Tensor, show_shape, whole_axis
from netdsl.ops.conv_source import frozen_source
from netdsl.ops.formulas import times
from netdsl.ops.windows import flags


class _Linear(Op):
    """A learnt matrix and bias on vectors of ``_length`` elements."""

    category = "fc"
    weight_layer = True
    linear = True
    syntax = Syntax(channels="features", flags=flags("frozen"), required=("features",))
    letters: ClassVar[Mapping[str, str]] = {"features": "M"}

    features: int = field(ge=1, description="length of the output")
    bias: bool = field(default=True, description="adds a learnt number to each output")
    frozen: bool = field(default=False, description="weights are not trained")

    def _length(self, shape: Shape) -> int:
        return elements(shape)

    def tensors(self, inputs: tuple[Shape, ...]) -> tuple[Tensor, ...]:
        trainable = not self.frozen
        weight = Tensor("weight", (self.features, self._length(inputs[0])), trainable=trainable)
        if not self.bias:
            return (weight,)
        return (weight, Tensor("bias", (self.features,), additive=True, trainable=trainable))

    def macs(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        return elements(output) * self._length(inputs[0])

    def formulas(self, inputs: tuple[Shape, ...], output: Shape) -> Iterator[Formula]:
        flat = self.flattens and len(inputs[0]) > 1
        length = f"({times(*inputs[0])})" if flat else f"{self._length(inputs[0]):,}"
        says = "N elements enter" if self.flattens else "N elements are on the last axis"
        yield Formula("shape", "M", f"{self.features:,}", axis=len(output) - 1)
        bias = (" + M", f" + {self.features:,}") if self.bias else ("", "")
        yield Formula("params", f"M·N{bias[0]}", f"{self.features:,}·{length}{bias[1]}", says)
        if len(output) == 1:
            yield Formula("macs", "M·N", f"{self.features:,}·{length}")
        else:
            numbers = f"({times(*output[:-1])})·{self.features:,}·{length}"
            yield Formula("macs", "P·M·N", numbers, "P is how many times N elements enter, all with the same weights")

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        args = (self._length(inputs[0]), self.features)
        kwargs = () if self.bias else (("bias", False),)
        if self.frozen:
            name, source = frozen_source("Linear")
            return Call("module", name, args, kwargs, source)
        return Call("module", "torch.nn.Linear", args, kwargs)

    def caption(self, inputs: tuple[Shape, ...], output: Shape) -> str:
        return f"{self.keyword} {self.features}"


@register
class Fc(_Linear):
    """Fully connected layer: flattens what enters and gives a vector of ``features``."""

    keyword = "fc"
    flattens = True
    example = Example("fc-10", "16x5x5")

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        return (self.features,)

    def steps(self, inputs: tuple[Shape, ...]) -> tuple[Step, ...] | None:
        return _whole(inputs[0])


@register
class Linear(_Linear):
    """Linear layer on the last axis: (*, n) to (*, features)."""

    keyword = "linear"
    example = Example("linear-32", "64x49")

    def _length(self, shape: Shape) -> int:
        return shape[-1]

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        return (*inputs[0][:-1], self.features)

    def steps(self, inputs: tuple[Shape, ...]) -> tuple[Step, ...] | None:
        spatial = inputs[0][1:]
        if not spatial:
            return None
        return (*(Step(1, 1, 0) for _ in spatial[:-1]), whole_axis(spatial[-1], self.features))

    def across(self, inputs: tuple[Shape, ...]) -> Step | None:
        return None if inputs[0][1:] else whole_axis(inputs[0][0], self.features)


@register
class Rbf(Op):
    """LeNet-5's output layer: squared distances of 84 elements to fixed 7×12 bitmaps of the ten digits, ±1.

    LeCun et al. 1998, equation 7. The codes are a buffer, so nothing is learnt; it counts as no weight layer and has no
    multiply-adds. FLOPs: difference, square and addition for each element of each code.
    """

    keyword = "rbf"
    category = "fc"
    flattens = True
    syntax = Syntax(channels="features")
    letters: ClassVar[Mapping[str, str]] = {"features": "M"}
    example = Example("rbf-10", "84")

    features: int = field(default=10, ge=1, le=10, description="how many digits, from 0 on")

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        if elements(inputs[0]) != _CODE:
            raise OpError(
                "ND221",
                f"`rbf` compares 84 elements with 7×12 bitmaps, and {show_shape(inputs[0])} enters",
                help="LeNet-5 has `fc-84` before it",
            )
        return (self.features,)

    def tensors(self, inputs: tuple[Shape, ...]) -> tuple[Tensor, ...]:
        return (Tensor("codes", (self.features, _CODE), trainable=False, buffer=True),)

    def work(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        return 3 * self.features * _CODE

    def formulas(self, inputs: tuple[Shape, ...], output: Shape) -> Iterator[Formula]:
        says = "difference, square and sum for each element of each code"
        yield Formula("shape", "M", f"{self.features:,}", "one for each digit")
        yield Formula("work", "3·M·N", times(3, self.features, _CODE), f"{says}, of N elements")

    def steps(self, inputs: tuple[Shape, ...]) -> tuple[Step, ...] | None:
        return _whole(inputs[0])

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        return Call("module", "DigitRBF", (self.features,), (), _RBF)

    def caption(self, inputs: tuple[Shape, ...], output: Shape) -> str:
        return f"rbf {self.features}"


def _whole(shape: Shape) -> tuple[Step, ...] | None:
    """Steps of what sees all of a map; None for a vector."""
    return tuple(map(whole_axis, shape[1:])) or None


#: Elements of a code: 12 rows of 7.
_CODE = 84

_RBF = '''\
class DigitRBF(nn.Module):
    """LeNet-5's output layer: squared distances to fixed bitmaps of the digits, which are +1 where drawn, else -1."""

    codes: torch.Tensor
    bitmaps = """
        ..###.. ...#... .#####. .#####. .....#. ####### ..####. ####### .#####. .#####.
        .#...#. ..##... #.....# #.....# ....##. #...... .#..... ......# #.....# #.....#
        #.....# .#.#... ......# ......# ...#.#. #...... #...... .....#. #.....# #.....#
        #.....# ...#... ......# ......# ..#..#. #...... #...... .....#. #.....# #.....#
        #.....# ...#... .....#. ......# .#...#. ######. #.####. ....#.. #.....# #.....#
        #.....# ...#... ....#.. ..####. #....#. ......# ##....# ....#.. .#####. #....##
        #.....# ...#... ...#... ......# ####### ......# #.....# ...#... #.....# .####.#
        #.....# ...#... ..#.... ......# .....#. ......# #.....# ...#... #.....# ......#
        #.....# ...#... .#..... ......# .....#. ......# #.....# ..#.... #.....# ......#
        .#...#. ...#... #...... #.....# .....#. #.....# #.....# ..#.... #.....# .....#.
        ..###.. .#####. ####### .#####. .....#. .#####. .#####. ..#.... .#####. .####..
        ....... ....... ....... ....... ....... ....... ....... ....... ....... .......
    """

    def __init__(self, digits: int = 10) -> None:
        super().__init__()
        rows = [line.split() for line in self.bitmaps.strip().splitlines()]
        codes = [[1.0 if dot == "#" else -1.0 for row in rows for dot in row[digit]] for digit in range(digits)]
        self.register_buffer("codes", torch.tensor(codes))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x.unsqueeze(1) - self.codes).square().sum(dim=2)
'''
