"""Operators with attributes as a spec would give them, and the shapes that enter: at least one case an operator."""

from __future__ import annotations

from typing import Any, NamedTuple

from netdsl import ops as _ops  # noqa: F401  (fills the registry)
from netdsl.ir.op import Op, registry
from netdsl.ir.types import Shape

V1: Shape = (12,)
M1: Shape = (6, 13)
M2: Shape = (6, 13, 10)
M3: Shape = (6, 7, 5, 6)
MAPS = (M1, M2, M3)


class Case(NamedTuple):
    keyword: str
    values: dict[str, Any]
    inputs: tuple[Shape, ...]

    def __str__(self) -> str:
        values = " ".join(f"{name}={value}" for name, value in self.values.items())
        return f"{self.keyword} {values} on {' '.join(map(str, self.inputs))}"

    def op(self) -> Op:
        return make(self.keyword, self.values, *self.inputs)


def make(keyword: str, values: dict[str, Any], *inputs: Shape) -> Op:
    """The operator, as the elaborator makes it: one number stands for all axes."""
    cls = registry()[keyword]
    rank = len(inputs[0]) - 1 if inputs else 0
    given = {}
    for name, value in values.items():
        attribute = cls.attributes()[name]
        spread = attribute.kind == "axes" and not attribute.any_length and isinstance(value, int)
        given[name] = (value,) * rank if spread else value
    return cls.model_construct(**cls.resolve(given, inputs))


def _cases() -> list[Case]:
    found: list[Case] = []

    def on(shapes: tuple[Shape, ...], keyword: str, **values: Any) -> None:
        found.extend(Case(keyword, values, (shape,)) for shape in shapes)

    def joins(keyword: str, *shapes: Shape, **values: Any) -> None:
        found.append(Case(keyword, values, shapes))

    # convolutions
    on(MAPS, "conv", channels=8, kernel=3)
    on(MAPS, "conv", channels=8, kernel=3, stride=2, groups=2, bias=False)
    on(MAPS, "conv", channels=4, kernel=5, stride=3, pad=1, pad_mode="reflect")
    on(MAPS, "conv", channels=4, kernel=3, pad_mode="circular")
    on(MAPS, "conv", channels=4, kernel=3, dilation=2, pad_mode="replicate")
    on(MAPS, "conv", channels=4, kernel=2, stride=2)
    on(MAPS, "conv", channels=4, kernel=4, same=True)
    on(MAPS, "conv", channels=4, kernel=4, same=True, pad_mode="reflect")
    on(MAPS, "conv", channels=4, kernel=3, stride=2, same=True)
    on(MAPS, "conv", channels=4, kernel=3, stride=2, same_tf=True)
    on(MAPS, "conv", channels=4, kernel=5, stride=3, dilation=1, same_tf=True, ws=True)
    on(MAPS, "conv", channels=4, kernel=4, same_tf=True)
    on(MAPS, "conv", channels=4, kernel=3, ws=True)
    on(MAPS, "conv", channels=4, kernel=3, ws=True, gain=True, groups=2)
    on(MAPS, "conv", channels=4, kernel=3, stride=2, same_tf=True, ws=True, gain=True, ws_eps=1e-5, bias=False)
    on(MAPS, "conv", channels=4, kernel=3, ws=True, gain=True, frozen=True)
    on(MAPS, "conv", channels=4, kernel=3, frozen=True)
    on(MAPS, "conv", channels=4, kernel=3, stride=2, frozen=True, ws=True, same_tf=True, bias=False)
    on(MAPS, "conv", channels=4, kernel=3, connect="012 345 5, 0,5")
    on(MAPS, "conv", channels=2, kernel=3, stride=2, pad=0, dilation=2, connect="012345 3", bias=False)
    on((M2,), "conv", channels=4, kernel=(1, 7), pad=(0, 3), stride=(1, 2))
    on((M2,), "conv", channels=4, kernel=(1, 7), stride=(1, 2), same_tf=True)
    on((M2,), "conv", channels=4, kernel=(3, 2), same=True)
    on((M2,), "conv", channels=4, kernel=1, stride=2)
    on(MAPS, "dwconv", kernel=3)
    on(MAPS, "dwconv", kernel=3, channels=12, stride=2, bias=False)
    on(MAPS, "dwconv", kernel=3, stride=2, same_tf=True)
    on(MAPS, "dwconv", kernel=3, ws=True, ws_eps=1e-3)
    on(MAPS, "sepconv", kernel=3, channels=9, stride=2)
    on(MAPS, "sepconv", kernel=3, channels=9, ws=True, gain=True)
    on(MAPS, "sepconv", kernel=3, channels=9, dilation=2, bias=False, frozen=True)
    on(MAPS, "upconv", kernel=2, channels=4, stride=2)
    on(MAPS, "upconv", kernel=3, channels=4, stride=2, out_pad=1, groups=2, bias=False)
    on(MAPS, "upconv", kernel=4, channels=4, stride=2, frozen=True)
    on(MAPS, "upconv", kernel=3, channels=4, stride=3, pad=0, dilation=2, out_pad=2)
    on(MAPS, "upconv", kernel=3, channels=4)
    # fully connected
    on((V1, *MAPS), "fc", features=7)
    on((V1, M2), "fc", features=7, bias=False, frozen=True)
    on((V1, *MAPS), "linear", features=7)
    on((V1, M1), "linear", features=7, bias=False)
    on(((84,), (84, 1, 1), (1, 12, 7)), "rbf")
    on(((84,),), "rbf", features=3)
    # pools
    for kind in ("maxpool", "avgpool", "lppool"):
        on(MAPS, kind)
        on(MAPS, kind, kernel=3, stride=2)
        on(MAPS, kind, kernel=3, stride=2, ceil=True)
    for kind in ("maxpool", "avgpool"):
        on(MAPS, kind, kernel=3, stride=1, same=True)
        on(MAPS, kind, kernel=3, stride=2, pad=1, ceil=True)
    on(MAPS, "maxpool", kernel=2, stride=1, dilation=3)
    on(MAPS, "avgpool", kernel=3, stride=2, pad=1, count_pad=False)
    on(MAPS, "avgpool", to=3)
    on(MAPS, "avgpool", to=1)
    on((M2,), "avgpool", to=(13, 4))
    on((M1, M2), "avgpool", kernel=13, pad=6, stride=1)
    on(MAPS, "lppool", kernel=2, p=3.0)
    on(MAPS, "gap")
    on(MAPS, "gmp")
    on(MAPS, "subsample")
    on(MAPS, "subsample", kernel=3, stride=2)
    # norms
    on((V1, *MAPS), "bn")
    on((V1, *MAPS), "bn", eps=1e-3, momentum=0.01, affine=False)
    on(MAPS, "lrn")
    on(MAPS, "lrn", size=4, alpha=5e-4, beta=0.5, k=2.0)
    on((V1, *MAPS), "ln")
    on((V1, *MAPS), "ln", eps=1e-6, affine=False)
    on((V1, *MAPS), "ln", axis="last")
    on((V1, *MAPS), "gn", groups=3)
    on(MAPS, "gn", groups=2, eps=1e-6, affine=False)
    on(((6, 1), (6, 1, 1), (6, 1, 1, 1)), "gn", groups=3)
    on(MAPS, "in_norm")
    on(MAPS, "in_norm", affine=True, eps=1e-6)
    # activations
    plain = "relu relu6 leaky_relu prelu elu selu gelu silu hardswish hardsigmoid sigmoid tanh softplus mish"
    for kind in plain.split():
        on((V1, *MAPS), kind)
        on((M2,), kind, gamma=1.5)
    on((V1, M2), "leaky_relu", slope=0.2)
    on((V1, M2), "prelu", per_channel=True, init=0.1)
    on((M2,), "prelu", per_channel=True, gamma=2.0)
    on((M2,), "elu", alpha=0.5, gamma=2.0)
    on((M2,), "gelu", approximate="tanh")
    on((V1, M2), "tanh", scaled=True)
    on((M2,), "tanh", scaled=True, gamma=3.0)
    on((M2,), "softplus", beta=2.0, threshold=10.0)
    for kind in ("softmax", "log_softmax"):
        on((V1, *MAPS), kind)
        on((M2,), kind, axis=3)
    # joins
    for kind in ("add", "sub", "mul", "concat"):
        joins(kind, M2)
        joins(kind, V1, V1)
        joins(kind, M2, M2, M2)
    joins("concat", M2, (2, 13, 10), (3, 13, 10))
    joins("concat", V1, (2,))
    joins("mul", M2, (6,))
    joins("mul", (6, 1, 1), M2)
    joins("mul", M3, (6,), (6, 1, 1, 1))
    joins("mul", (6, 1), (6,))
    joins("select", M2, M2)
    # shape
    on((V1, *MAPS), "id")
    on((V1, *MAPS), "times", factor=-0.5)
    on((V1, *MAPS), "abs")
    on((V1, *MAPS), "flatten")
    on((M2,), "reshape", to=(13, 2, 30))
    on((V1,), "reshape", to=(3, 2, 2))
    on((M2,), "reshape", to=(780,))
    on((M2,), "permute", order=(2, 3, 1))
    on((M3,), "permute", order=(4, 1, 3, 2))
    on(MAPS, "pad", size=2)
    on(MAPS, "pad", size=0, after=1)
    on(MAPS, "pad", size=1, value=0.5)
    on((M2,), "pad", size=(1, 2), after=(0, 3))
    for mode in ("reflect", "replicate", "circular"):
        on(MAPS, "pad", size=2, mode=mode)
    on(MAPS, "crop", to=4)
    on((M2,), "crop", to=(4, 5), offset=(0, 3))
    on((M2,), "crop", to=(13, 10))
    joins("crop", M2, (3, 6, 6))
    joins("crop", M3, (3, 5, 4, 1), offset=1)
    on((V1, *MAPS), "chunk", index=1)
    on((M2,), "chunk", index=2, of=3)
    on((V1, *MAPS), "take", start=1, stop=5)
    on(MAPS, "shuffle", groups=3)
    on(MAPS, "upsample", scale=2)
    on(MAPS, "upsample", scale=2, mode="bilinear")
    on(MAPS, "upsample", to=20, mode="linear", align_corners=True)
    on((M2,), "upsample", scale=(1, 3))
    joins("upsample", M2, (1, 26, 25))
    joins("upsample", M2, (1, 26, 30), mode="bilinear")
    on(((6, 12), (6, 12, 8), (6, 4, 8, 12)), "space_to_depth")
    on(((6, 12), (6, 12, 4), (6, 4, 8, 12)), "space_to_depth", size=4)
    # regularising
    on((V1, *MAPS), "dropout", p=0.3)
    on(MAPS, "dropout2d", p=0.3)
    on((V1, *MAPS), "droppath", p=0.3)
    on((V1, M2), "droppath", p=0.0)
    on((V1, *MAPS), "scale")
    on((V1, *MAPS), "scale", init=0.0)
    on((M2,), "scale", init=1e-6)
    on((V1, M2), "scale", scalar=True, init=0.5)
    return found


CASES = _cases()
