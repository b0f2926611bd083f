"""The arithmetic of a layer as lines of text, for ``netdsl explain FILE LABEL``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from netdsl.ir.types import Call, show_shape

if TYPE_CHECKING:
    from netdsl.analyses.explain import Given, Layer
    from netdsl.analyses.reach import Statement


class Section(NamedTuple):
    """A heading, and the lines below it."""

    title: str
    lines: list[str]


def aligned(rows: list[tuple[str, ...]]) -> list[str]:
    """Rows as lines whose columns stand below one another."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]


def origin(given: Given) -> str:
    """What a layer was given, and where that came from: ``stride, by default``."""
    words = {
        "written": "as written",
        "style": "by the style",
        "bn": "since batch norm follows",
        "default": "by default",
    }
    word = words.get(given.origin)
    return f"{given.name}, {word}" if word else given.name


def constructor(call: Call) -> str | None:
    """The module as Python makes it: ``nn.Conv2d(3, 64, 3, padding=1)``; None for what is no module."""
    if call.kind != "module":
        return None
    arguments = [*map(repr, call.args), *(f"{name}={value!r}" for name, value in call.kwargs)]
    return f"{call.target.replace('torch.nn.', 'nn.')}({', '.join(arguments)})"


def module(one: Layer, made: str | None) -> Iterator[str]:
    """A layer's module, which ``made`` makes, and its tensors."""
    if made is not None or one.node.module not in [key.key for key in one.keys]:
        yield f"{one.node.module} = {made}" if made is not None else str(one.node.module)
    kinds = {"trained": "", "frozen": ", frozen", "buffer": ", no parameter"}
    sizes = [show_shape(key.shape) if key.shape else "one number" for key in one.keys]
    if one.keys:
        yield from aligned([(key.key, size + kinds[key.kind]) for key, size in zip(one.keys, sizes)])
    if one.shared:
        yield f"applied by {', '.join(f'`{name}`' for name in one.shared)} too: its parameters count once"


def arithmetic(one: Layer) -> Iterator[Section]:
    """The sections of a layer's numbers: one number a section, the axes of a shape together."""
    sizes = [each for each in one.statements if each in one.statements[: len(one.node.shape)]]
    yield Section(f"output {show_shape(one.node.shape)}", list(_sizes(sizes)))
    titles = {
        "params": "parameters",
        "macs": "multiply-adds (MACs)",
        "flops": "FLOPs",
        "activations": "activations",
    }
    for quantity, title in titles.items():
        for each in one.of(quantity):
            yield Section(f"{title} {each.value:,}", list(_lines(each)))
    fields = one.of("receptive_field")
    if fields:
        size = axes(tuple(each.value for each in fields))
        jump = axes(tuple(each.value for each in one.of("jump")))
        start = axes(tuple(each.value for each in one.of("offset")))
        title = f"receptive field {size}, jump {jump}, from {start} on"
        yield Section(title, list(_field(one)))


def axes(values: tuple[Any, ...] | None) -> str:
    """One number for all axes, or one for each: ``2×1``."""
    if not values:
        return "–"
    from netdsl.analyses.reach import signed

    words = [signed(value) for value in values]
    return words[0] if len(set(words)) == 1 else "×".join(words)


def _merged(statements: list[Statement]) -> Iterator[tuple[str, Statement]]:
    """Statements that agree but for their axis, as one."""
    found: dict[tuple[object, ...], list[Statement]] = {}
    for each in statements:
        found.setdefault(each[1:], []).append(each)
    for alike in found.values():
        yield ", ".join(each.quantity for each in alike), alike[0]


def _sizes(statements: list[Statement]) -> Iterator[str]:
    letters = {"depth": "t", "height": "h", "width": "w", "length": "w"}
    named = [
        each._replace(quantity=f"{each.quantity} {letters[each.quantity]}") if each.quantity in letters else each
        for each in statements
    ]
    rows = [(name, each) for name, each in _merged(named)]
    width = max(len(name) for name, _ in rows)
    for name, each in rows:
        for place, line in enumerate(_lines(each, short=True)):
            yield f"{name if not place else '':<{width}}  {line}"


def _lines(each: Statement, *, short: bool = False) -> Iterator[str]:
    """A statement's rule, its numbers, and its remark."""
    value = f"{each.value:,}" if isinstance(each.value, int) else str(each.value)
    if short and each.numbers == value:
        rule = f"{each.rule} = " if each.rule and each.rule != value else ""
        yield f"{rule}{value}" + (f", {each.says}" if each.says else "")
        return
    if short and not each.numbers:
        yield value + (f", {each.says}" if each.says else "")
        return
    if each.says and not short:
        yield each.says
    if not short and each.says and each.rule == each.numbers == value:
        return
    if each.rule:
        yield each.rule
    if each.numbers:
        yield f"{each.numbers} = {value}"
    if each.says and short:
        yield each.says


def _field(one: Layer) -> Iterator[str]:
    for quantity, letter in (("receptive_field", "r"), ("jump", "j"), ("offset", "a")):
        every = [each._replace(quantity=each.quantity.partition(" ")[2]) for each in one.of(quantity)]
        alike = len({each[1:] for each in every}) == 1
        for name, each in _merged([each for each in every if each.rule or each.says]):
            axis = "" if alike else f"{name}: "
            value = axes((each.value,))
            if each.rule:
                steps = dict.fromkeys((each.rule, each.numbers, value))
                yield f"{axis}{letter} = {' = '.join(steps)}" + (f", {each.says}" if each.says else "")
            elif each.says:
                yield f"{axis}{letter} = {value}, {each.says}"
    if any(each.rule for each in one.of("receptive_field", "jump", "offset")) and one.inputs:
        yield f"r′, j′ and a′ are those of `{one.inputs[0].name}`; a is the first element seen, padding below 0"
