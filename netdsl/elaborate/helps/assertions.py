"""What is said of ``-> 64x112x112`` where it is another shape, or no shape at all, and what helps."""

from __future__ import annotations

import re
from collections.abc import Sequence

from netdsl.diagnostics import Advice, Edit, Expected, Source, Span
from netdsl.diagnostics.nearest import did_you_mean, nearest
from netdsl.elaborate.context import Context
from netdsl.elaborate.values import Stop, stop
from netdsl.elaborate.words import RESERVED
from netdsl.ir.op import lookup, names
from netdsl.ir.types import Shape
from netdsl.syntax import tree

#: How far an arrow is from what stands behind it.
_NEAR = 50
_ARROW = re.compile(r"[ \t]*->[ \t]*\Z")


def no_shape(item: tree.Item, context: Context, sources: Sequence[Source]) -> tuple[str, Stop] | None:
    """A name where a shape belongs, and what is said of it: ``-> mid`` of a tensor, ``-> relu`` of a layer."""
    assert item.assertion is not None
    (first, *others) = item.assertion.parts
    if others or not isinstance(first, tree.Variable) or context.env.lookup(first.name) is not None:
        return None
    name, place = first.name, first.span
    text = sources[place.file].text if sources else ""
    begin = max(item.span.start, place.start - _NEAR)
    arrow = _ARROW.search(text[begin : place.start])
    if arrow is None or name in RESERVED or did_you_mean(name, context.env.visible()):
        return None
    around = place._replace(start=begin + arrow.start())
    message = f"`->` asserts a shape, and there is no value called `{name}`"
    help: str
    if lookup(name) is not None or name in context.program.blocks:
        help = Advice(f"a comma stands between two layers: `, {name}`", Edit(around, f", {name}"))
    elif item.alias is not None or context.program.broken(name):
        return None
    elif (near := nearest(name, names())) is not None and f"@{name}" not in text:
        help = f"a comma stands between two layers: `, {near}`"
    else:
        help = Advice(f"a tensor is named by `as {name}`", Edit(around, f" as {name}"))
    return name, stop("ND203", message, place, help=help)


def would_hold(help: str | None, wanted: tree.Sizes, length: int, shape: Shape) -> str:
    """What helps beside the shape that would hold, said with as many numbers as there are (``length``)."""
    text = "x".join(map(str, shape[1:] if length == len(shape) - 1 else shape))
    help = f"{help}, or `-> {text}` would hold" if help is not None else f"`-> {text}` would hold"
    literal = all(isinstance(part, tree.Literal) for part in wanted.parts)
    return Expected(help, Edit(wanted.span, text)) if literal else help


def of_each_time(length: int, shape: Shape) -> str:
    """A help for a shape in a block or a repeat, where it may be another each time, said with ``length`` numbers."""
    text = "x".join(map(str, shape[1:] if length == len(shape) - 1 else shape))
    return f"`-> {text}` would hold this time; where it is another each time, leave it out"


def misplaced(wanted: tree.Sizes, sizes: Shape, shape: Shape, sources: Sequence[Source]) -> Advice | None:
    """A help for a shape with its channels last, or with a repeat behind it."""
    if sizes == (*shape[1:], shape[0]):
        text = "x".join(map(str, shape))
        return Advice(f"channels come first: `-> {text}`", Edit(wanted.span, text))
    if len(sizes) < 2 or sizes[:-1] not in (shape, shape[1:]) or not sources:
        return None
    text, place = sources[wanted.span.file].text, wanted.parts[-2].span.end
    arrow = _ARROW.search(text[max(0, wanted.span.start - _NEAR) : wanted.span.start])
    times = text[place : wanted.span.end]
    if arrow is None or not times[:1].isspace():
        return None
    start = wanted.span.start - len(arrow.group())
    ends = f"{times.strip()} -> {text[wanted.span.start : place]}"
    return Advice(
        f"a repeat stands before the shape: `{ends}`", Edit(Span(wanted.span.file, start, wanted.span.end), f" {ends}")
    )
