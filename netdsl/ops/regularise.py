"""What regularises training, and learnt scales. Dropout of any kind does nothing at inference: it has no FLOPs."""

from collections.abc import Iterator
from typing import ClassVar

from netdsl.ir.op import Example, Formula, Op, Syntax, elements, need_map, register
from netdsl.ir.record import field
from netdsl.ir.types import Call, Shape, Tensor


class _Dropout(Op):
    category = "regularise"
    in_place = True
    syntax = Syntax(positional=("p",))
    word: ClassVar[str]

    p: float = field(default=0.5, ge=0, lt=1, description="probability of dropping")

    def caption(self, inputs: tuple[Shape, ...], output: Shape) -> str:
        return f"{self.word} {self.p:g}"


@register
class Dropout(_Dropout):
    """Drops single elements in training (Srivastava et al. 2014)."""

    keyword = word = "dropout"
    example = Example("dropout 0.5")

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        return Call("module", "torch.nn.Dropout", (self.p,), inplace=True)


@register
class Dropout2d(_Dropout):
    """Drops whole channels of a map with 1 to 3 spatial axes in training (Tompson et al. 2015)."""

    keyword = "dropout2d"
    word = "channel dropout"
    example = Example("dropout2d 0.2")

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        need_map(self.keyword, inputs[0])
        return inputs[0]

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        return Call("module", f"torch.nn.Dropout{len(output) - 1}d", (self.p,), inplace=True)


@register
class DropPath(_Dropout):
    """Stochastic depth (Huang et al. 2016): drops all of an image's tensor in training, on the way into an ``add``.

    In a branch whose other branches are absent it is absent too, and still takes its place in a ramp.
    """

    keyword = word = "droppath"
    in_place = False
    beside_a_path = True
    example = Example("add { conv3-8, droppath 0.1 | id }")

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        return Call("module", "DropPath", (self.p,), (), _DROP_PATH)


@register
class Scale(Op):
    """A learnt factor for each channel, or one for all (``scalar``): layer scale, skip init.

    It has no module: a label on it names the parameter itself, of shape (C, 1, …) or ().
    """

    keyword = "scale"
    category = "regularise"
    lowers_to = "parameter"
    syntax = Syntax(positional=("init",), flags={"scalar": {"scalar": True}})
    example = Example("scale init=1e-6")

    scalar: bool = field(default=False, description="one factor for all channels")
    init: float = field(default=1.0, description="value to start from")

    def _shape(self, shape: Shape) -> tuple[int, ...]:
        return () if self.scalar else (shape[0], *(1,) * (len(shape) - 1))

    def tensors(self, inputs: tuple[Shape, ...]) -> tuple[Tensor, ...]:
        return (Tensor("", self._shape(inputs[0])),)

    def formulas(self, inputs: tuple[Shape, ...], output: Shape) -> Iterator[Formula]:
        if self.scalar:
            yield Formula("params", "1", "1", "one factor for all channels")
        else:
            yield Formula("params", "C", f"{inputs[0][0]:,}", "a factor for each channel")

    def work(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        return elements(output)

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        shape = self._shape(inputs[0])
        if self.scalar:
            value = f"torch.tensor({float(self.init)!r})"
        elif self.init in (0, 1):
            value = f"torch.{'ones' if self.init else 'zeros'}({', '.join(map(str, shape))})"
        else:
            value = f"torch.full({shape!r}, {float(self.init)!r})"
        return Call("parameter", "{0} * {parameter}", (value,))


_DROP_PATH = '''\
class DropPath(nn.Module):
    """Stochastic depth: in training each image's tensor is zero with probability p, and scaled up otherwise."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training or self.p == 0:
            return x
        kept = torch.rand(x.shape[0], *[1] * (x.ndim - 1), dtype=x.dtype, device=x.device) >= self.p
        return x * kept / (1 - self.p)
'''
