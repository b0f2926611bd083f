"""Activations. All but soft-max act on each element by itself.

FLOPs of one element: each comparison, addition, multiplication, division, exponential, logarithm, ``tanh`` and ``erf``
of the function's definition counts one; ``gamma`` adds one. Soft-max has 5: maximum, difference, exponential, sum,
division.
"""

from collections.abc import Iterator
from typing import ClassVar, Literal

from netdsl.ir.op import Example, Formula, Op, OpError, Syntax, elements, register
from netdsl.ir.record import field
from netdsl.ir.types import Call, Shape, Step, Tensor, show_shape, whole_axis
from netdsl.ops.formulas import area, times

Arguments = tuple[tuple[str, object], ...]


class _Activation(Op):
    """An elementwise function; ``gamma`` multiplies its result, as in normaliser-free networks (Brock et al. 2021)."""

    category = "activation"
    in_place = True
    #: Name of the class in ``torch.nn``, whether it takes ``inplace``, and the FLOPs of one element.
    function: ClassVar[str]
    has_inplace: ClassVar[bool] = False
    flops: ClassVar[int] = 1

    gamma: float = field(default=1.0, description="a constant that multiplies the result")

    def work(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        return elements(output) * (self.flops + (self.gamma != 1))

    def arguments(self, shape: Shape) -> Arguments:
        """Keyword arguments of the class in ``torch.nn``, without those that are its defaults."""
        return ()

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        kwargs = self.arguments(inputs[0])
        if self.gamma == 1:
            return Call("module", f"torch.nn.{self.function}", (), kwargs, inplace=self.has_inplace)
        name = f"Gamma{self.function}"
        source = _GAMMA.format(name=name, base=self.function)
        return Call("module", name, (self.gamma,), kwargs, source, inplace=self.has_inplace)


@register
class ReLU(_Activation):
    """max(0, x)."""

    keyword = "relu"
    function, has_inplace = "ReLU", True
    example = Example("relu")


@register
class ReLU6(_Activation):
    """min(max(0, x), 6)."""

    keyword = "relu6"
    function, has_inplace, flops = "ReLU6", True, 2
    example = Example("relu6")


@register
class LeakyReLU(_Activation):
    """x where positive, else ``slope`` times x."""

    keyword = "leaky_relu"
    function, has_inplace, flops = "LeakyReLU", True, 2
    syntax = Syntax(positional=("slope",))
    example = Example("leaky_relu 0.1")

    slope: float = field(default=0.01, description="factor of negative elements")

    def arguments(self, shape: Shape) -> Arguments:
        return (("negative_slope", self.slope),) if self.slope != 0.01 else ()


@register
class PReLU(_Activation):
    """A leaky ReLU whose slope is learnt (He et al. 2015): one for all channels, or one for each."""

    keyword = "prelu"
    in_place = False
    function, flops = "PReLU", 2
    syntax = Syntax(flags={"per_channel": {"per_channel": True}})
    example = Example("prelu per_channel")

    per_channel: bool = field(default=False, description="a slope for each channel")
    init: float = field(default=0.25, description="slope to start from")

    def tensors(self, inputs: tuple[Shape, ...]) -> tuple[Tensor, ...]:
        return (Tensor("weight", (inputs[0][0] if self.per_channel else 1,)),)

    def formulas(self, inputs: tuple[Shape, ...], output: Shape) -> Iterator[Formula]:
        if self.per_channel:
            yield Formula("params", "C", f"{inputs[0][0]:,}", "a slope for each channel")
        else:
            yield Formula("params", "1", "1", "one slope for all channels")

    def arguments(self, shape: Shape) -> Arguments:
        count = (("num_parameters", shape[0]),) if self.per_channel else ()
        return (*count, ("init", self.init)) if self.init != 0.25 else count


@register
class ELU(_Activation):
    """x where positive, else ``alpha``·(exp(x) - 1)."""

    keyword = "elu"
    function, has_inplace, flops = "ELU", True, 4
    syntax = Syntax(positional=("alpha",))
    example = Example("elu")

    alpha: float = field(default=1.0, description="factor of the exponential branch")

    def arguments(self, shape: Shape) -> Arguments:
        return (("alpha", self.alpha),) if self.alpha != 1 else ()


@register
class SELU(_Activation):
    """ELU with the constants of self-normalising networks (Klambauer et al. 2017)."""

    keyword = "selu"
    function, has_inplace, flops = "SELU", True, 5
    example = Example("selu")


@register
class GELU(_Activation):
    """x·Φ(x), Φ being the normal distribution (Hendrycks & Gimpel 2016); ``approximate=tanh`` approximates it."""

    keyword = "gelu"
    function, flops = "GELU", 5
    syntax = Syntax(flags={"tanh": {"approximate": "tanh"}})
    example = Example("gelu")

    approximate: Literal["none", "tanh"] = field(default="none", description="how Φ is computed")

    def work(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        # ½·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))) has four operations more than ½·x·(1 + erf(x/√2)).
        return super().work(inputs, output) + 4 * elements(output) * (self.approximate == "tanh")

    def arguments(self, shape: Shape) -> Arguments:
        return (("approximate", self.approximate),) if self.approximate != "none" else ()


@register
class SiLU(_Activation):
    """x·sigmoid(x), also called swish."""

    keyword = "silu"
    aliases = ("swish",)
    function, has_inplace, flops = "SiLU", True, 5
    example = Example("silu gamma=1.79")


@register
class Hardswish(_Activation):
    """x·min(max(0, x + 3), 6)/6 (Howard et al. 2019)."""

    keyword = "hardswish"
    function, has_inplace, flops = "Hardswish", True, 5
    example = Example("hardswish")


@register
class Hardsigmoid(_Activation):
    """min(max(0, x + 3), 6)/6."""

    keyword = "hardsigmoid"
    function, has_inplace, flops = "Hardsigmoid", True, 4
    example = Example("hardsigmoid")


@register
class Sigmoid(_Activation):
    """1/(1 + exp(-x))."""

    keyword = "sigmoid"
    function, flops = "Sigmoid", 4
    example = Example("sigmoid")


@register
class Tanh(_Activation):
    """tanh(x); ``scaled`` is LeNet-5's 1.7159·tanh(⅔x) (LeCun et al. 1998, appendix A)."""

    keyword = "tanh"
    function = "Tanh"
    syntax = Syntax(flags={"scaled": {"scaled": True}})
    example = Example("tanh scaled")

    scaled: bool = field(default=False, description="1.7159·tanh(⅔x)")

    def work(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        return super().work(inputs, output) + 2 * elements(output) * self.scaled

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        if not self.scaled:
            return super().call(inputs, output)
        kwargs: Arguments = (("gamma", self.gamma),) if self.gamma != 1 else ()
        return Call("module", "ScaledTanh", (), kwargs, _SCALED_TANH)


@register
class Softplus(_Activation):
    """log(1 + exp(``beta``·x))/``beta``; above ``threshold`` it is x itself."""

    keyword = "softplus"
    function, flops = "Softplus", 5
    example = Example("softplus")

    beta: float = field(default=1.0, gt=0, description="sharpness of the bend")
    threshold: float = field(default=20.0, description="where it becomes x itself")

    def arguments(self, shape: Shape) -> Arguments:
        beta: Arguments = (("beta", self.beta),) if self.beta != 1 else ()
        return (*beta, ("threshold", self.threshold)) if self.threshold != 20 else beta


@register
class Mish(_Activation):
    """x·tanh(softplus(x)) (Misra 2019)."""

    keyword = "mish"
    function, has_inplace, flops = "Mish", True, 5
    example = Example("mish")


class _Softmax(Op):
    """Turns scores into probabilities along one axis."""

    category = "activation"
    probabilities = True
    function: ClassVar[str]

    axis: int = field(default=1, ge=1, description="axis as PyTorch numbers them: 0 is the batch, 1 the channels")

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        if self.axis > len(inputs[0]):
            last = f"; `axis={len(inputs[0])}` is the last of the axes" if len(inputs[0]) > 1 else ""
            raise OpError(
                "ND208",
                f"`{self.keyword}` along axis {self.axis}, and {show_shape(inputs[0])} has axes 1 to {len(inputs[0])}",
                help=f"`axis=1`, the channels, is the default{last}",
                field="axis",
            )
        return inputs[0]

    def steps(self, inputs: tuple[Shape, ...]) -> tuple[Step, ...] | None:
        spatial = inputs[0][1:]
        if self.axis == 1:
            return None
        return tuple(whole_axis(n, n) if axis == self.axis else Step(1, 1, 0) for axis, n in enumerate(spatial, 2))

    def across(self, inputs: tuple[Shape, ...]) -> Step | None:
        channels = inputs[0][0]
        return whole_axis(channels, channels) if self.axis == 1 else None

    def work(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        return 5 * elements(output)

    def formulas(self, inputs: tuple[Shape, ...], output: Shape) -> Iterator[Formula]:
        says = "maximum, difference, exponential, sum, division"
        yield Formula("work", f"5·({area('C', output)})", f"5·({times(*output)})", says)

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        return Call("module", f"torch.nn.{self.function}", (), (("dim", self.axis),))


@register
class Softmax(_Softmax):
    """exp(x) divided by its sum along ``axis``, the channels unless given."""

    keyword = "softmax"
    function = "Softmax"
    example = Example("softmax eval", "10")


@register
class LogSoftmax(_Softmax):
    """Logarithm of the soft-max along ``axis``, the channels unless given."""

    keyword = "log_softmax"
    function = "LogSoftmax"
    example = Example("log_softmax", "10")


_GAMMA = '''\
class {name}(nn.{base}):
    """nn.{base} whose result is multiplied by the constant gamma."""

    def __init__(self, gamma: float, **kwargs) -> None:
        super().__init__(**kwargs)
        self.gamma = gamma

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x) * self.gamma
'''

_SCALED_TANH = '''\
class ScaledTanh(nn.Module):
    """1.7159 tanh(2/3 x), the activation of LeNet-5, times the constant gamma."""

    def __init__(self, gamma: float = 1.0) -> None:
        super().__init__()
        self.factor = 1.7159 * gamma

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.factor * torch.tanh(x * (2 / 3))
'''
