"""Operators that change a map's size without a window: borders, parts, enlargement, blocks.

None has FLOPs but linear interpolation: a multiplication for each of its ``2**rank`` taps, an addition for all but one.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import gcd
from typing import Any, ClassVar, Literal, cast

from netdsl.ir.op import Example, Formula, Op, OpError, Syntax, elements, need_map, register
from netdsl.ir.record import field
from netdsl.ir.types import Call, Shape, Step, resized, show_shape
from netdsl.ops.formulas import area, times
from netdsl.ops.helps import dividing, written
from netdsl.ops.windows import Pads, Sizes, per_axis, printed, same_rank


@register
class Pad(Op):
    """A border around the map: (C, n, …) to (C, n + size + after, …)."""

    keyword = "pad"
    category = "shape"
    syntax = Syntax(positional=("size",), required=("size",))
    example = Example("pad 1 mode=reflect")

    size: Pads = field(description="elements before the first, and after the last unless `after` is given")
    after: Pads | None = field(default=None, description="elements after the last")
    mode: Literal["zeros", "reflect", "replicate", "circular"] = field(
        default="zeros", description="what the border holds"
    )
    value: float = field(default=0.0, description="what a border of constants holds instead of zeros")

    @classmethod
    def resolve(cls, values: dict[str, Any], inputs: tuple[Shape, ...]) -> dict[str, Any]:
        rank = need_map(cls.keyword, inputs[0])
        if values.get("value", 0) != 0 and values.get("mode", "zeros") != "zeros":
            size, value, mode = written(per_axis(values["size"], rank)), _number(values["value"]), values["mode"]
            help = f"`pad {size} value={value}` is a border of {value}, `pad {size} mode={mode}` one of what enters"
            raise OpError("ND208", "`value` is for a border of constants, not for `mode`", help=help, field="value")
        values = {**values, "size": per_axis(values["size"], rank)}
        if values.get("after") is not None:
            values["after"] = per_axis(values["after"], rank)
        return values

    def _sides(self) -> list[tuple[int, int]]:
        return list(zip(self.size, self.size if self.after is None else self.after))

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        shape = inputs[0]
        same_rank(self.keyword, shape, self.size)
        for n, sides in zip(shape[1:], self._sides()):
            most = n - (self.mode == "reflect")
            if (self.mode == "reflect" and max(sides) >= n) or (self.mode == "circular" and max(sides) > n):
                raise OpError(
                    "ND205",
                    f"{self.mode} padding of {max(sides)} needs more elements than the input of "
                    f"{show_shape(shape)} has",
                    help=f"`mode=replicate` takes any padding, `{self.mode}` here at most {most}",
                    field="size",
                )
        return (shape[0], *(n + before + after for n, (before, after) in zip(shape[1:], self._sides())))

    def formulas(self, inputs: tuple[Shape, ...], output: Shape) -> Iterator[Formula]:
        yield Formula("shape", "C", f"{output[0]:,}")
        for axis, (n, (before, after)) in enumerate(zip(inputs[0][1:], self._sides()), 1):
            yield Formula("shape", "n + before + after", f"{n:,} + {before:,} + {after:,}", axis=axis)

    def steps(self, inputs: tuple[Shape, ...]) -> tuple[Step, ...] | None:
        return tuple(Step(1, 1, before) for before in self.size)

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        kind = {"zeros": "Zero", "reflect": "Reflection", "replicate": "Replication", "circular": "Circular"}[self.mode]
        sides = printed([side for pair in reversed(self._sides()) for side in pair])
        if self.value != 0:
            return Call("module", f"torch.nn.ConstantPad{len(self.size)}d", (sides, self.value))
        return Call("module", f"torch.nn.{kind}Pad{len(self.size)}d", (sides,))

    def caption(self, inputs: tuple[Shape, ...], output: Shape) -> str:
        return f"pad {printed(self.size) if self.after is None else show_shape(output)}"


@register
class Crop(Op):
    """A part of each map, its middle unless ``offset`` is given: of the size of ``@name`` or of ``to``.

    (C, *spatial) to (C, *to). With a reference its shape alone matters, and ``to`` stays empty.
    """

    keyword = "crop"
    category = "shape"
    lowers_to = "expression"
    is_view = True
    syntax = Syntax(positional=("to",), reference=True)
    example = Example("crop 12x12")

    to: Sizes | None = field(default=None, description="the size that is left")
    offset: Pads | None = field(default=None, description="elements left out before the first; the middle unless given")

    @classmethod
    def resolve(cls, values: dict[str, Any], inputs: tuple[Shape, ...]) -> dict[str, Any]:
        rank = need_map(cls.keyword, inputs[0])
        _one_size(cls.keyword, {"to": values.get("to")}, inputs)
        return {name: value if value is None else per_axis(value, rank) for name, value in values.items()}

    def _size(self, inputs: tuple[Shape, ...]) -> Shape:
        return self.to if self.to is not None else _reference(self.keyword, inputs)

    def _starts(self, inputs: tuple[Shape, ...]) -> tuple[int, ...]:
        if self.offset is not None:
            return self.offset
        return tuple((n - m) // 2 for n, m in zip(inputs[0][1:], self._size(inputs)))

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        shape, size = inputs[0], self._size(inputs)
        same_rank(self.keyword, shape, size)
        for n, m, start in zip(shape[1:], size, self._starts(inputs)):
            if m > n or start + m > n:
                at = f" from {show_shape(self.offset)} on" if self.offset is not None else ""
                raise OpError(
                    "ND205",
                    f"`crop` to {show_shape(size)}{at} does not fit into its input of {show_shape(shape)}",
                    help=self._fitting(shape[1:], size),
                    field="offset" if m <= n else None if self.to is None else "to",
                )
        return (shape[0], *size)

    def _fitting(self, spatial: Sequence[int], size: Sequence[int]) -> str:
        """What fits into a map of the size ``spatial`` in place of ``size``."""
        if self.to is None and any(m > n for m, n in zip(size, spatial)):
            return f"`upsample` to that tensor enlarges; the largest that fits is `crop {written(spatial)}`"
        if self.offset is None:
            return f"`crop {written([min(m, n) for m, n in zip(size, spatial)])}` fits"
        if all(m <= n for m, n in zip(size, spatial)):
            return f"`offset={written([min(o, n - m) for o, m, n in zip(self.offset, size, spatial)])}` fits"
        rest = [min(m, n - o) for m, n, o in zip(size, spatial, self.offset)]
        if min(rest) > 0:
            return f"`crop {written(rest)} offset={written(self.offset)}` goes to the end of it"
        return f"`crop {written([min(m, n) for m, n in zip(size, spatial)])}` fits, without an `offset`"

    def formulas(self, inputs: tuple[Shape, ...], output: Shape) -> Iterator[Formula]:
        return _asked(self.to, output)

    def steps(self, inputs: tuple[Shape, ...]) -> tuple[Step, ...] | None:
        return tuple(Step(1, 1, -start) for start in self._starts(inputs))

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        if inputs[0] == output:
            return Call("expression", "{0}")
        parts = [f"{start}:{start + m}" for start, m in zip(self._starts(inputs), output[1:])]
        return Call("expression", f"{{0}}[..., {', '.join(parts)}]")

    def caption(self, inputs: tuple[Shape, ...], output: Shape) -> str:
        return f"crop {show_shape(output[1:])}"


def _asked(to: Sizes | None, output: Shape) -> Iterator[Formula]:
    """The sizes of a layer that is told them: by ``to``, or by the tensor that it refers to."""
    for axis, m in enumerate(output[1:], 1):
        rule, says = ("to", "") if to is not None else ("", "that of the tensor it refers to")
        yield Formula("shape", rule, f"{m:,}", says, axis)


@register
class Upsample(Op):
    """The map enlarged: by a factor, to a size, or to the size of ``@name``, whose shape alone matters."""

    keyword = "upsample"
    category = "shape"
    syntax = Syntax(
        positional=("scale",),
        flags={
            "nearest": {"mode": "nearest"},
            "linear": {"mode": "linear"},
            "bilinear": {"mode": "bilinear"},
            "trilinear": {"mode": "trilinear"},
            "align_corners": {"align_corners": True},
        },
        reference=True,
        times="scale",
    )
    letters: ClassVar[Mapping[str, str]] = {"scale": "f"}
    example = Example("upsample bilinear ×2")

    scale: Sizes | None = field(default=None, description="factor of enlargement")
    to: Sizes | None = field(default=None, description="the output's size")
    mode: Literal["nearest", "linear", "bilinear", "trilinear"] = field(
        default="nearest", description="nearest element, or linear interpolation in each axis under any of its names"
    )
    align_corners: bool = field(default=False, description="whether the corners' centres stay where they are")

    @classmethod
    def resolve(cls, values: dict[str, Any], inputs: tuple[Shape, ...]) -> dict[str, Any]:
        rank = need_map(cls.keyword, inputs[0])
        _one_size(cls.keyword, {"scale": values.get("scale"), "to": values.get("to")}, inputs)
        values = dict(values)
        for name in ("scale", "to"):
            if values.get(name) is not None:
                values[name] = per_axis(values[name], rank)
        if values.get("mode", "nearest") != "nearest":
            values["mode"] = ("linear", "bilinear", "trilinear")[rank - 1]
        elif values.get("align_corners"):
            help = "`upsample linear align_corners` interpolates; by the nearest element leave `align_corners` out"
            message = "`align_corners` is for linear interpolation, not for `nearest`"
            raise OpError("ND208", message, help=help, field="align_corners")
        return values

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        shape = inputs[0]
        if self.scale is not None:
            same_rank(self.keyword, shape, self.scale)
            return (shape[0], *(n * factor for n, factor in zip(shape[1:], self.scale)))
        size = self.to if self.to is not None else _reference(self.keyword, inputs)
        same_rank(self.keyword, shape, size)
        return (shape[0], *size)

    def work(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        if self.mode == "nearest":
            return 0
        return elements(output) * ((1 << len(output)) - 1)

    def formulas(self, inputs: tuple[Shape, ...], output: Shape) -> Iterator[Formula]:
        if self.scale is not None:
            yield Formula("shape", "C", f"{output[0]:,}")
            for axis, (n, f) in enumerate(zip(inputs[0][1:], self.scale), 1):
                yield Formula("shape", "f·n", times(f, n), axis=axis)
        else:
            yield from _asked(self.to, output)
        if self.mode != "nearest":
            taps = 1 << len(output) - 1
            rule, numbers = f"(2·taps − 1)·({area('C', output)})", f"(2·{taps} − 1)·({times(*output)})"
            yield Formula("work", rule, numbers, f"a factor for each of its {taps} neighbours, and their sum")

    def steps(self, inputs: tuple[Shape, ...]) -> tuple[Step, ...] | None:
        return tuple(self._step(n, m) for n, m in zip(inputs[0][1:], self.infer(inputs)[1:]))

    def _step(self, n: int, m: int) -> Step:
        """Of ``m`` outputs from ``n`` elements.

        Nearest: output ``o`` is element ``floor(o*n/m)``. Linear: it lies at ``(o + 1/2)*n/m - 1/2``, or with aligned
        corners at ``o*(n-1)/(m-1)``, and is a mean of the neighbours on both sides unless it meets an element.
        """
        if self.mode == "nearest" or n == 1 or (self.align_corners and m == 1):
            return resized(n, m, 0, 0)
        if self.align_corners:
            return resized(n - 1, m - 1, 0, m - 2)
        return resized(2 * n, 2 * m, n - m, n + m - 1)

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        kwargs: list[tuple[str, object]] = []
        if self.scale is not None:
            kwargs.append(("scale_factor", printed(self.scale)))
        else:
            kwargs.append(("size", output[1:]))
        if self.mode != "nearest":
            kwargs.append(("mode", self.mode))
        if self.align_corners:
            kwargs.append(("align_corners", True))
        return Call("module", "torch.nn.Upsample", (), tuple(kwargs))

    def caption(self, inputs: tuple[Shape, ...], output: Shape) -> str:
        to = f"×{show_shape(self.scale) if len(set(self.scale)) > 1 else self.scale[0]}" if self.scale else ""
        kind = "" if self.mode == "nearest" else f", {self.mode}"
        return f"upsample {to or show_shape(output[1:])}{kind}"


@register
class SpaceToDepth(Op):
    """Each block of ``size`` elements an axis as channels: (C, n, …) to (C·size^rank, n/size, …)."""

    keyword = "space_to_depth"
    category = "shape"
    syntax = Syntax(positional=("size",))
    letters: ClassVar[Mapping[str, str]] = {"size": "b"}
    example = Example("space_to_depth 2")

    size: int = field(default=2, ge=1, description="edge of the blocks")

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        rank = need_map(self.keyword, inputs[0])
        channels, *spatial = inputs[0]
        if any(n % self.size for n in spatial):
            behind = [-n % self.size for n in spatial]
            larger = show_shape([n + more for n, more in zip(spatial, behind)])
            help = f"`pad 0 after={written(behind)}` before it makes {larger} of it"
            if (common := gcd(*spatial)) > 1:
                help = dividing(common, self.size, "space_to_depth ", least=2, whole="it") or help
            message = f"{show_shape(inputs[0])} does not divide into blocks of {show_shape((self.size,) * rank)}"
            raise OpError("ND221", message, help=help, field="size")
        return (channels * self.size**rank, *(n // self.size for n in spatial))

    def formulas(self, inputs: tuple[Shape, ...], output: Shape) -> Iterator[Formula]:
        channels, *spatial = inputs[0]
        rule = "·".join(["C", *["b"] * len(spatial)])
        yield Formula("shape", rule, times(channels, *[self.size] * len(spatial)), "the elements of a block")
        for axis, n in enumerate(spatial, 1):
            yield Formula("shape", "n/b", f"{n:,}/{self.size:,}", axis=axis)

    def steps(self, inputs: tuple[Shape, ...]) -> tuple[Step, ...] | None:
        return (Step(self.size, self.size, 0),) * (len(inputs[0]) - 1)

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        if len(output) == 3:
            return Call("module", "torch.nn.PixelUnshuffle", (self.size,))
        return Call("module", "SpaceToDepth", (self.size,), (), _SPACE_TO_DEPTH)

    def caption(self, inputs: tuple[Shape, ...], output: Shape) -> str:
        return f"space to depth, {self.size}"


def _reference(keyword: str, inputs: tuple[Shape, ...]) -> Shape:
    """The size of the tensor that ``@name`` refers to."""
    shape, other = inputs
    if len(shape) != len(other):
        axes = [f"{len(one) - 1} spatial ax{'is' if len(one) == 2 else 'es'}" for one in (shape, other)]
        raise OpError(
            "ND204",
            f"`{keyword}` of {show_shape(shape)} has {axes[0]}, and the size that it takes, of {show_shape(other)}, "
            f"has {axes[1]}",
            help=f"take a tensor with {axes[0]}, or a size in numbers such as `{_example(keyword, shape)}`",
        )
    return other[1:]


def _example(keyword: str, shape: Shape) -> str:
    """A size that an `upsample` or a `crop` of this map might have, as it is written."""
    return f"{keyword} to={written([2 * n if keyword == 'upsample' else -(-n // 2) for n in shape[1:]])}"


def _form(keyword: str, name: str, value: object) -> str:
    """A layer with one attribute, as it is written."""
    size = str(value) if isinstance(value, int) else written(cast(tuple[int, ...], value))
    return f"`{keyword} {f'×{size}' if name == 'scale' and size.isdecimal() else f'{name}={size}'}`"


def _number(value: float) -> str:
    """A number as a spec has it."""
    return repr(int(value)) if value == int(value) else repr(value)


def _one_size(keyword: str, given: dict[str, object], inputs: tuple[Shape, ...]) -> None:
    """Raises :class:`OpError` unless exactly one of the attributes and the reference says the size."""
    names = [name for name, value in given.items() if value is not None]
    if len(names) + len(inputs) - 1 == 1:
        return
    if len(inputs) > 1 or names:
        forms = [_form(keyword, name, given[name]) for name in names] + [f"`{keyword} @name`"] * (len(inputs) > 1)
        help = f"one says it: {', '.join(forms[:-1])} or {forms[-1]}"
        raise OpError("ND208", f"the size of `{keyword}` is given twice", help=help, field=names[-1])
    factor = f"`{keyword} ×2` is by a factor, " if keyword == "upsample" else ""
    raise OpError(
        "ND225",
        f"`{keyword}` needs a size",
        help=f"{factor}`{_example(keyword, inputs[0])}` to a size, and `{keyword} @name` to that of a tensor",
    )


_SPACE_TO_DEPTH = '''\
class SpaceToDepth(nn.Module):
    """Blocks of a map (batch, channels, *spatial) as channels, in the order of nn.PixelUnshuffle."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        blocks = [n // self.size for n in x.shape[2:]]
        split = [length for n in blocks for length in (n, self.size)]
        inner, outer = range(3, 3 + len(split), 2), range(2, 2 + len(split), 2)
        x = x.reshape(x.shape[0], x.shape[1], *split).permute(0, 1, *inner, *outer)
        return x.flatten(1, 1 + len(blocks))
'''
