"""What was meant by a layer that cannot stand where it does, or lacks a part."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from netdsl.diagnostics import Advice, Edit, Span, shortened
from netdsl.elaborate.context import Context
from netdsl.elaborate.given import Given
from netdsl.elaborate.helps.meant import DECLARATIONS, declaring
from netdsl.elaborate.styles import find_style, find_target
from netdsl.elaborate.values import Stop, Tensor, stop
from netdsl.ir.op import Op
from netdsl.ir.types import Shape
from netdsl.syntax import tree

#: The text of the source at a span.
TextOf = Callable[[Span], str]


def misplaced(layer: tree.Layer, flow: Tensor | None, text_of: TextOf) -> Stop:
    """What is said of a declaration's word in the place of a layer; nothing where that has been said."""
    before = text_of(Span(layer.span.file, max(0, layer.span.start - 300), layer.span.start))
    if (comma := re.search(r"(?:\A|\n)([^\n#]*)(,)[ \t\r]*(?:#[^\n]*)?\n\s*\Z", before)) is not None:
        if re.match(rf"[ \t]*(?:{'|'.join(DECLARATIONS)})\b", comma[1]):
            return Stop()  # the comma has been reported, where it stands
        start = layer.span.start - len(before) + comma.start(2)
        sign = Span(layer.span.file, start, start + 1)
        message = f"this `,` goes on with the line below, where `{layer.word.text}` begins a declaration"
        return stop("ND201", message, sign, help=Advice("take it out", Edit(sign, "")))
    message = f"`{layer.word.text}` begins a declaration, which stands at the head of a line of the file"
    help = declaring(layer.word.text)
    if (wrapped := re.search(r"(?:\A|\n)[ \t]*(\[)[ \t]*\Z", before)) is not None:
        # A declaration in brackets of its own: `[input 3x32x32]`.
        end = layer.span.end
        closed = re.match(r"[ \t]*\][ \t]*(?:#|\n|\Z)", text_of(Span(layer.span.file, end, end + 300)))
        if closed is not None:
            start = layer.span.start - len(before) + wrapped.start(1)
            closer = end + closed.group().index("]")
            opens = Edit(Span(layer.span.file, start, layer.span.start), "")
            closes = Edit(Span(layer.span.file, end, closer + 1), "")
            help = Advice("it has no brackets around it", opens, closes)
    if layer.word.text == "input" and layer.span == layer.word.span and flow is not None:
        help = "`id` is the tensor that enters a branch: `add { conv3-64 | id }`"
    return stop("ND201", message, layer.word.span, help=help)


def unwritten(op: type[Op], layer: tree.Layer, digits: str, text_of: TextOf) -> Stop:
    """What is said of an operator that the compiler alone makes."""
    word = layer.word.text.lower()
    help = "`netdsl ops` lists the layers that are; `train` or `eval` behind one limits it to that mode"
    blank = Span(layer.span.file, max(0, layer.span.start - 20), layer.span.start)
    alone = layer.span == layer.word.span and re.search(r"(?:\A|\n)[ \t]*\Z", text_of(blank))
    if digits and alone and layer.word.text.startswith("input"):
        after_word = layer.span.start + len("input")
        help = Advice(f"it is written `input {digits}`", Edit(Span(layer.span.file, after_word, after_word), " "))
    if word in DECLARATIONS:
        help = Advice(f"statements are in small letters: `{word}`", Edit(layer.word.span, word))
    return stop("ND201", f"`{op.keyword}` is not written as a layer", layer.word.span, help=help)


def beside_a_suffix(op: type[Op], layer: tree.Layer, context: Context, text_of: TextOf) -> str:
    """A help for `plain` before a suffix: it takes nothing away but a style's defaults, where it has any."""
    style = find_style(op, context.styles)
    target = find_target(style[0].row, style[1]) if style is not None else None
    if target is not None and target.modifiers:
        return "leave `plain` out, and the style's defaults stay, or the suffix"
    help = "the suffix stands in the place of what a style adds: leave `plain` out"
    sign = next(m.span for m in layer.modifiers if isinstance(m, tree.Flag) and m.name.text == "plain")
    place = sign._replace(start=sign.start - 1)
    return Advice(help, Edit(place, "")) if text_of(place) == " plain" else help


def beside_identity(layer: tree.Layer, flow: Tensor | None, text_of: TextOf) -> str:
    """A help for an ``id`` that is given something: what stands for it, or after it."""
    (first, *_) = (*layer.suffixes, layer)
    if layer.head == layer.word.span and not layer.modifiers:
        sign = Span(layer.span.file, layer.head.end, first.span.start)
        text = ", ".join(["id", *(text_of(suffix.span) for suffix in layer.suffixes)])
        text = shortened(text, 60)
        edits = [Edit(sign, ", ")] if len(layer.suffixes) == 1 else []
        return Advice(f"a comma stands between two layers: `{text}`", *edits)
    if layer.head == layer.word.span:
        return f"leave `{text_of(layer.modifiers[0].span)[:60]}` out, or put it behind another layer"
    shape = flow.shape if flow is not None else None
    channels = text_of(layer.channels.span) if layer.channels is not None else f"{shape[0] if shape else 64}"
    stride = text_of(layer.stride.span).removeprefix("/") if layer.stride is not None else ""
    word = "conv1" if shape is None or len(shape) > 1 else "fc"
    return f"a projection is `{word}-{channels}{'/' if stride and word == 'conv1' else ''}{stride}`"


def of_missing(
    op: type[Op],
    layer: tree.Layer,
    given: Given,
    missing: Sequence[str],
    digits: str,
    enters: Shape | None,
    style: Span | None,
    text_of: TextOf,
) -> str:
    """A help for a layer that lacks the attributes ``missing``; ``style`` is the one that it is part of."""
    help = f"it is written `{op.example.line}`"
    if missing == [op.syntax.channels] and op.syntax.kernel in given.values:
        help = f"the channels stand behind a hyphen: `{text_of(layer.word.span)}-64` makes 64"
    if op.keyword == "permute" and enters is not None and len(enters) != 3:
        order = "x".join(map(str, [*range(2, len(enters) + 1), 1]))
        one = len(enters) == 1
        help = "a vector has one axis, and no order: leave it out" if one else f"it is written `permute {order}`"
    if missing == [op.syntax.kernel] and not digits and isinstance(layer.channels, tree.Literal):
        stride = text_of(layer.stride.span).lstrip("/") if layer.stride is not None else ""
        text = f"{op.keyword}3-{layer.channels.value}{'/' if stride else ''}{stride}"
        help = f"the kernel stands at the word, a 3×3 one as `{text}`"
    elif missing == [op.syntax.kernel] and not digits and isinstance(layer.channels, tree.Variable):
        stride = text_of(layer.stride.span).lstrip("/") if layer.stride is not None else ""
        tail = f"/{stride}" if stride else ""
        name = layer.channels.name[:40]
        help = f"the kernel stands at the word: `{op.keyword}{{{name}}}{tail}`, or `{op.keyword}3{tail}`"
    end = layer.span.end
    behind = re.match(r"[ \t]*->[ \t]*(\d+)(?![\w×])", text_of(Span(layer.span.file, end, end + 20)))
    if missing == [op.syntax.channels] and layer.span == layer.head and layer.stride is None and behind:
        text = f"{text_of(layer.head)}-{behind[1]}"
        stretch = Span(layer.span.file, layer.span.start, end + behind.end())
        help = Advice(f"the channels stand behind a hyphen, and a shape behind `->`: `{text}`", Edit(stretch, text))
    inside = style is not None and style.file == layer.span.file and style.start <= layer.span.start < style.end
    if style is not None and inside and re.match(rf"style[ \t]+{layer.word.text}\b", text_of(style)):
        added = ", ".join(["_", *(text_of(suffix.span) for suffix in layer.suffixes)])
        follows = f", and what follows it stands behind commas: `{added}`" if layer.suffixes else ""
        help = f"`_` is the layer that a style is of{follows}"
        if not layer.modifiers:
            help = Advice(help, Edit(layer.span, added))
    return help


def without(layer: tree.Layer, value: Span, help: str, text_of: TextOf) -> str:
    """A help, with the edit that leaves out the flag or attribute of a layer that has ``value`` in it."""
    for modifier in layer.modifiers:
        if modifier.span.start <= value.start and value.end <= modifier.span.end:
            before = text_of(Span(value.file, layer.span.start, modifier.span.start))
            start = layer.span.start + len(before.rstrip())
            return Advice(help, Edit(modifier.span._replace(start=start), ""))
    return help
