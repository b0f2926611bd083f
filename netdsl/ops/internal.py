"""Operators that only the compiler makes: a net's input, and the choice between two modes."""

from netdsl.ir.op import Example, Op, OpError, register
from netdsl.ir.record import field
from netdsl.ir.types import Call, Shape, show_shape
from netdsl.ops.windows import Sizes


@register
class Input(Op):
    """A tensor that enters the net. It has no inputs; in PyTorch it is an argument of ``forward``, hence ``{0}``."""

    keyword = "input"
    category = "input"
    writable = False
    lowers_to = "expression"
    example = Example("input 3x32x32", "3x32x32")

    shape: Sizes = field(description="(channels, *spatial)", any_length=True)

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        return self.shape

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        return Call("expression", "{0}")


@register
class Select(Op):
    """Joins what an item that acts in one mode alone made of a tensor with that tensor.

    Two inputs of equal shape: in the mode in which it acts it passes on the second, in the other the first. The
    back-end writes the choice; the expression is that of the mode in which it acts.
    """

    keyword = "select"
    category = "merge"
    writable = False
    is_view = True
    lowers_to = "expression"
    example = Example("softmax eval", "10")

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        before, after = inputs
        if before != after:
            raise OpError(
                "ND226",
                f"an item that acts in one mode alone keeps its input's shape: {show_shape(before)} "
                f"became {show_shape(after)}",
                help="what has another shape in one mode is an `output … train { … }` of its own",
            )
        return after

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        return Call("expression", "{1}")
