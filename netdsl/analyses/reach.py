"""The arithmetic behind a layer's receptive field, jump and offset, as statements with the numbers filled in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from netdsl.analyses.stats import Row
from netdsl.ir.graph import Node
from netdsl.ir.types import Shape, Step

if TYPE_CHECKING:
    from netdsl.analyses.patterns import Number

#: What the axes of a map are called, by how many there are.
AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}


class Statement(NamedTuple):
    """One number and how it comes about.

    ``quantity`` is an axis of the output (``channels``, ``height``, …; ``features`` of a vector), ``params``, ``macs``,
    ``flops``, ``activations``, or ``receptive_field``, ``jump`` and ``offset``, those with the axis of the net's input
    after a space (``jump height``) where it has several. In the rules of these three ``r′``, ``j′`` and ``a′`` are the
    field, the jump and the offset of the layer that enters. ``rule`` is in letters, ``numbers`` the same with numbers;
    both are empty where there is nothing to compute. ``says`` is a remark.
    """

    quantity: str
    value: Number
    rule: str = ""
    numbers: str = ""
    says: str = ""


def reach(node: Node, row: Row, inputs: list[Row], shapes: tuple[Shape, ...]) -> Iterator[Statement]:
    """Receptive field, jump and offset of a layer along each axis; nothing where they are not known.

    ``inputs`` are those whose places the layer's own are made of: a gate is none.
    """
    if row.receptive_field is None or row.jump is None or row.offset is None:
        return
    steps = node.op.steps(shapes)
    rank = len(row.receptive_field)
    words = [f" {axis}" for axis in AXES.get(rank, map(str, range(rank)))] if rank > 1 else [""]
    for axis, word in enumerate(words):
        here = row.receptive_field[axis], row.jump[axis], row.offset[axis]
        before = [
            (each.receptive_field[axis], each.jump[axis], each.offset[axis])
            for each in inputs
            if each.receptive_field and each.jump and each.offset and len(each.receptive_field) == rank
        ]
        step = steps[axis] if steps is not None and len(steps) == rank else None
        same_axes = bool(shapes) and rank + 1 == len(node.shape) == len(shapes[0])
        sizes = (shapes[0][axis + 1], node.shape[axis + 1]) if same_axes else (0, 0)
        for statement in _along(here, before, step, steps is None, sizes):
            yield statement._replace(quantity=statement.quantity + word)


#: Extent, jump and offset along an axis.
_Along = tuple["Number", "Number", "Number"]


def _along(
    here: _Along, before: list[_Along], step: Step | None, alone: bool, sizes: tuple[int, int]
) -> tuple[Statement, ...]:
    """``sizes`` are those of the axis before and after the layer."""
    size, jump, start = here
    if not before:
        return Statement("receptive_field", size), Statement("jump", jump), Statement("offset", start)
    if len(before) > 1:
        return _joined(here, before)
    if alone and before[0] == here:
        says = "each element sees what the one in its place sees"
        return Statement("receptive_field", size, says=says), Statement("jump", jump), Statement("offset", start)
    if step is None or step.windows or step.upscale != 1 or step.whole:
        return _resized(here, before[0], step, sizes)
    return _windowed(here, before[0], step)


def _joined(here: _Along, before: list[_Along]) -> tuple[Statement, ...]:
    size, jump, start = here
    sizes = ", ".join(dict.fromkeys(str(each[0]) for each in before))
    whose = "the branch that sees most" if size == max(each[0] for each in before) else "all branches together"
    says = "the same in each branch" if len(set(before)) == 1 else f"of {whose}: {sizes}"
    return Statement("receptive_field", size, says=says), Statement("jump", jump), Statement("offset", start)


_TRACED = "of the element that sees most, traced element by element"


def _resized(here: _Along, before: _Along, step: Step | None, sizes: tuple[int, int]) -> tuple[Statement, ...]:
    """Of a layer that enlarges its input, fits windows to it, or sees all of it."""
    (size, jump, start), (size_in, jump_in, _) = here, before
    (n, m), inside = sizes, _bracketed(jump_in)
    says = "all of what enters" if step is not None and step.whole else _TRACED
    field = Statement("receptive_field", size, says=says)
    most = step.size if step is not None else 0
    if step is not None and size_in + (most - 1) * jump_in == size:
        letter = "n" if step.whole else "q"
        if not step.whole:
            says = "q being how many elements of what enters lie from the first to the last that one sees"
        numbers = f"{size_in} + ({most} − 1)·{inside}"
        field = Statement("receptive_field", size, f"r′ + ({letter} − 1)·j′", numbers, says)
    far = Statement("jump", jump)
    if step is not None and step.stride == 1 < step.upscale and jump * step.upscale == jump_in:
        far = Statement("jump", jump, "j′/s", f"{inside}/{step.upscale}")
    elif m and jump * m == jump_in * n:
        far = Statement("jump", jump, "j′·n/m", f"{inside}·{n}/{m}", "m being the size that leaves")
    elif m > 1 and jump * (m - 1) == jump_in * (n - 1):
        numbers = f"{inside}·({n} − 1)/({m} − 1)"
        far = Statement("jump", jump, "j′·(n − 1)/(m − 1)", numbers, "m being the size that leaves")
    return field, far, Statement("offset", start)


def _windowed(here: _Along, before: _Along, step: Step) -> tuple[Statement, ...]:
    """By the recurrence for windows where it is what the analysis found, else in words."""
    (size, jump, start), (size_in, jump_in, start_in) = here, before
    taps, apart = (step.size - 1) // step.spacing + 1, step.spacing
    rule, numbers = "r′ + (k − 1)·j′", f"{size_in} + ({taps} − 1)·{_bracketed(jump_in)}"
    if apart > 1:
        rule, numbers = "r′ + d·(k − 1)·j′", f"{size_in} + {apart}·({taps} − 1)·{_bracketed(jump_in)}"
    field = Statement("receptive_field", size, says=_TRACED)
    far, first = Statement("jump", jump, says=_TRACED), Statement("offset", start, says=_TRACED)
    if size_in + (step.size - 1) * jump_in == size:
        field = Statement("receptive_field", size, rule, numbers)
    if jump_in * step.stride == jump:
        far = Statement("jump", jump, "j′·s", f"{_bracketed(jump_in)}·{step.stride}")
    if start_in - step.pad * jump_in == start:
        numbers = f"{signed(start_in)} − {_bracketed(step.pad)}·{_bracketed(jump_in)}"
        first = Statement("offset", start, "a′ − p·j′", numbers)
    return field, far, first


def _bracketed(number: Number) -> str:
    return signed(number) if isinstance(number, int) and number >= 0 else f"({signed(number)})"


def signed(number: Number) -> str:
    """A number with a minus as wide as a plus."""
    return f"−{-number}" if number < 0 else str(number)
