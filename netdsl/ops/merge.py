"""Joins of several tensors. FLOPs: one an element of the output for each input after the first; ``concat`` has none."""

from collections.abc import Iterator
from typing import ClassVar

from netdsl.ir.op import Example, Formula, Op, OpError, elements, register
from netdsl.ir.types import Call, Shape, show_shape
from netdsl.ops.formulas import area, times
from netdsl.ops.helps import written

#: A help names no more branches than this.
_MOST = 4


def _conflict(keyword: str, need: str, inputs: tuple[Shape, ...], first: int, second: int) -> OpError:
    one, other = inputs[first], inputs[second]
    return OpError(
        "ND204",
        f"`{keyword}` needs branches of {need}: branch {first + 1} is {show_shape(one)}, "
        f"and branch {second + 1} is {show_shape(other)}",
        help=_alike(keyword, inputs, first),
    )


def _alike(keyword: str, inputs: tuple[Shape, ...], first: int) -> str:
    """What makes branches agree with the ``first``, or with a vector, whatever their layers are."""
    asked = first
    if keyword != "mul":
        first = next((index for index, shape in enumerate(inputs) if len(shape) == 1), first)
    wanted = inputs[first]
    endings: dict[int, str] = {}
    for index, shape in enumerate(inputs):
        if keyword == "mul":
            fits = shape in (wanted, wanted[:1], (wanted[0], *(1,) * (len(wanted) - 1)))
        else:
            fits = shape[1:] == wanted[1:] and (keyword == "concat" or shape[0] == wanted[0])
        if not fits:
            endings[index] = _ending(keyword, wanted, shape)
    if "" in endings.values() or len(endings) > _MOST:
        part = slice(keyword == "concat", None)
        apart = [f"branch {index + 1}" for index, shape in enumerate(inputs) if shape[part] != inputs[asked][part]]
        shown = apart if len(apart) == _MOST + 1 else apart[:_MOST]
        others = len(apart) - len(shown)
        listed = f"{', '.join(shown)} and {others} more" if others else " and ".join(shown)
        listed = listed.replace(" and ", ", ", max(0, listed.count(" and ") - 1))
        verb = "is" if len(apart) == 1 else "are"
        return f"{listed} {verb} to end in {show_shape(inputs[asked])}, as branch {asked + 1} does"
    added = " and ".join(f"`{layers}` at the end of branch {index + 1}" for index, layers in endings.items())
    equal = "sizes" if keyword == "concat" else "shapes"
    return f"{added} {'makes' if len(endings) == 1 else 'make'} the {equal} {'fit' if keyword == 'mul' else 'equal'}"


def _ending(keyword: str, one: Shape, other: Shape) -> str:
    """Layers that give the shape ``other`` what a join of it with ``one`` needs; empty where there are none."""
    channels = keyword != "concat" and one[0] != other[0]
    if 1 < len(one) == len(other) and sorted(one) == sorted(other) and keyword != "mul":
        order: list[int] = []
        for size in one:
            order.append(next(at for at, own in enumerate(other, 1) if own == size and at not in order))
        return f"permute {'x'.join(map(str, order))}"
    if elements(one) == elements(other) and 1 < len(one) != len(other):
        return f"reshape {'x'.join(map(str, one))}"
    if max(len(one), len(other)) > 4:
        return ""
    if keyword == "mul":
        resized = "" if len(other) == 1 else "gap" if len(other) == len(one) else "gap, flatten"
        project = f"{'conv1' if resized == 'gap' else 'fc'}-{one[0]}" if channels else ""
    elif len(one) == len(other):
        larger = all(size >= own for size, own in zip(one[1:], other[1:], strict=True))
        resized = f"{'upsample' if larger else 'avgpool'} to={written(one[1:])}" if one[1:] != other[1:] else ""
        project = f"{'conv1' if len(one) > 1 else 'fc'}-{one[0]}" if channels else ""
    elif len(one) == 1:
        whole = keyword == "concat" or elements(other) == one[0]
        resized = "flatten" if whole else "" if channels else "gap, flatten"
        project = "" if resized else f"fc-{one[0]}"
    else:
        return ""
    return ", ".join(layer for layer in (resized, project) if layer)


class _Join(Op):
    category = "merge"
    variadic = True
    lowers_to = "expression"
    sign: ClassVar[str]

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        for index, shape in enumerate(inputs):
            if shape != inputs[0]:
                raise _conflict(self.keyword, "equal shape", inputs, 0, index)
        return inputs[0]

    def work(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        return (len(inputs) - 1) * elements(output)

    def formulas(self, inputs: tuple[Shape, ...], output: Shape) -> Iterator[Formula]:
        says = "one operation an element for each tensor after the first"
        rule, numbers = f"(B − 1)·({area('C', output)})", f"({len(inputs)} − 1)·({times(*output)})"
        yield Formula("work", rule, numbers, f"{says}, B being how many are joined")

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        return Call("expression", f" {self.sign} ".join(f"{{{index}}}" for index in range(len(inputs))))

    def caption(self, inputs: tuple[Shape, ...], output: Shape) -> str:
        return self.sign


@register
class Add(_Join):
    """The sum of its branches, which have equal shapes."""

    keyword = "add"
    sign = "+"
    example = Example("add { conv3-8 | id }")


@register
class Sub(_Join):
    """The first branch less each further one, in order; all have equal shapes."""

    keyword = "sub"
    sign = "-"
    example = Example("sub { conv3-8 | id }")


@register
class Mul(_Join):
    """The product of its branches: of equal shapes (C, *spatial), or (C, 1, …) or (C) for one factor a channel."""

    keyword = "mul"
    sign = "*"
    example = Example("mul { id | gap, conv1-8, sigmoid }")

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        largest = max(range(len(inputs)), key=lambda index: (len(inputs[index]), elements(inputs[index])))
        full = inputs[largest]
        channels = full[0]
        for index, shape in enumerate(inputs):
            if shape not in (full, (channels,), (channels, *(1,) * (len(full) - 1))):
                need = f"equal shape, or of {channels} or {show_shape((channels, *(1,) * (len(full) - 1)))}"
                raise _conflict(self.keyword, need, inputs, largest, index)
        return full

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        factors = []
        for index, shape in enumerate(inputs):
            missing = len(output) - len(shape)
            factors.append(f"{{{index}}}" + (f"[..., {', '.join(['None'] * missing)}]" if missing else ""))
        return Call("expression", " * ".join(factors))

    def caption(self, inputs: tuple[Shape, ...], output: Shape) -> str:
        return "×"


@register
class Concat(_Join):
    """Its branches one after another along the channels; all other axes are equal."""

    keyword = "concat"
    sign = "concat"
    example = Example("concat { conv3-8 | maxpool3/1 same | id }")

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        for index, shape in enumerate(inputs):
            if shape[1:] != inputs[0][1:]:
                raise _conflict(self.keyword, "equal size", inputs, 0, index)
        return (sum(shape[0] for shape in inputs), *inputs[0][1:])

    def work(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        return 0

    def formulas(self, inputs: tuple[Shape, ...], output: Shape) -> Iterator[Formula]:
        numbers = " + ".join(f"{shape[0]:,}" for shape in inputs)
        yield Formula("shape", "C + C′ + …", numbers, "the channels of all, one after another")

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        if len(inputs) == 1:
            return Call("expression", "{0}")
        return Call("expression", f"torch.cat(({', '.join(f'{{{index}}}' for index in range(len(inputs)))}), 1)")
