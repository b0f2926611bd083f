"""What would let a layer take what enters it, or give an output the size that is asserted of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from netdsl.diagnostics import Source, Span
from netdsl.elaborate.context import Draft, DraftScope
from netdsl.elaborate.helps.layer_text import CHANNELS, enlarging, with_padding, with_stride
from netdsl.ir.op import Op, OpError
from netdsl.ir.types import Shape, show_shape

#: The longest text of a layer that a help repeats, and the largest padding that is tried.
_LONGEST, _MOST_PADDING = 40, 64
#: How many layers before a mistake are looked at.
_FAR = 200


def refused(
    error: OpError, op: type[Op], values: Mapping[str, Any], enters: int, shape: Shape, drafts: Sequence[Draft]
) -> str | None:
    """A help for a layer that cannot take the tensor of the node ``enters``, of this shape."""
    if error.code in ("ND205", "ND221") and max(shape[1:], default=1) == 1:
        before = _before(op, values, enters, drafts)
        if before is not None and (error.code == "ND221" or drafts[before].op.pools_all):
            map = drafts[drafts[before].inputs[0]].shape
            there = "there is a map:" if len(shape) == 1 else "the map is still"
            return f"`{op.keyword}` belongs before `{drafts[before].op.keyword}`, where {there} {show_shape(map)}"
    if error.code == "ND205" and len(shape) > 1:
        return _larger_input(op, values, enters, shape, drafts)
    return None


def _larger_input(
    op: type[Op], values: Mapping[str, Any], enters: int, shape: Shape, drafts: Sequence[Draft]
) -> str | None:
    """The smallest input of the net at which a window fits."""
    try:
        resolved = op.resolve(dict(values), (shape,))
        need = _needed([1] * (len(shape) - 1), resolved)
    except (OpError, KeyError, TypeError, ValueError):
        return None
    at = enters
    while need is not None and at >= 0 and drafts[at].inputs:
        before = drafts[drafts[at].inputs[0]].shape
        if drafts[at].op.syntax.reference or getattr(drafts[at].op, "to", None) is not None:
            return None  # of one size, whatever enters
        if before[1:] != drafts[at].shape[1:]:
            if len(before) != len(drafts[at].shape) or drafts[at].op.category not in ("conv", "pool"):
                return None
            fields = {name: getattr(drafts[at].op, name) for name in type(drafts[at].op).model_fields}
            need = _needed(need, fields) if drafts[at].op.keyword != "upconv" else None
        at = drafts[at].inputs[0]
    if need is None or at < 0 or len(drafts[at].shape) != len(need) + 1:
        return None
    channels, *sizes = drafts[at].shape
    if len(sizes) == 2 and sizes[1] in (1, 3) and min(channels, sizes[0]) >= 8 > sizes[1]:
        return f"with its channels first the input is `{sizes[1]}x{channels}x{sizes[0]}`"
    least = [max(size, own) for size, own in zip(need, drafts[at].shape[1:], strict=True)]
    if least == list(drafts[at].shape[1:]) or max(least) > 100_000:
        return None
    return f"it fits where the input is {show_shape((drafts[at].shape[0], *least))} or larger"


def _needed(out: Sequence[int], fields: Mapping[str, Any]) -> list[int] | None:
    """The least sizes of which a window makes ``out`` elements an axis; None for what has no window."""
    kernel, stride = fields.get("kernel"), fields.get("stride")
    if not kernel or not stride or fields.get("to") is not None:
        return None
    dilation = fields.get("dilation") or (1,) * len(out)
    pad = fields.get("pad") or (0,) * len(out)
    if len(kernel) != len(out) or len(stride) != len(out) or fields.get("same_tf"):
        return None
    return [
        max(1, (size - 1) * s + d * (k - 1) + 1 - 2 * p)
        for size, k, s, d, p in zip(out, kernel, stride, dilation, pad, strict=True)
    ]


def _before(op: type[Op], values: Mapping[str, Any], enters: int, drafts: Sequence[Draft]) -> int | None:
    """The layer that made a vector, or a map of one position, of a map that ``op`` would take; None if it would not."""
    at = enters
    while at >= 0 and drafts[at].inputs:
        before = drafts[drafts[at].inputs[0]].shape
        if max(before[1:], default=1) > max(drafts[at].shape[1:], default=1) or len(before) > len(drafts[at].shape):
            return at if _takes(op, values, before) else None
        at = drafts[at].inputs[0]
    return None


def _takes(op: type[Op], values: Mapping[str, Any], shape: Shape) -> bool:
    """Whether an operator of these values could take a tensor of another shape."""
    rank = len(shape) - 1
    each = {
        name for name, attribute in op.attributes().items() if attribute.kind == "axes" and not attribute.any_length
    }
    # Where a vector enters one number stands for axes that are not known yet.
    values = {n: v * rank if n in each and isinstance(v, tuple) and len(v) == 1 else v for n, v in values.items()}
    try:
        op.model_construct(**op.resolve(values, (shape,))).infer((shape,))
    except (OpError, KeyError, TypeError, ValueError):
        return False
    return True


def strided_again(
    at: int,
    drafts: Sequence[Draft],
    scopes: Sequence[DraftScope],
    sources: Sequence[Source],
    here: Callable[[Span], bool] = lambda span: True,
) -> str | None:
    """A help where a layer with a stride stands in a repeat before the node ``at``, so that each pass divides the size.

    ``here`` says of the place of a layer, or of the outermost scope around it, whether it is to be looked at.
    """
    times: Counter[tuple[Span, ...]] = Counter()
    for _ in range(_FAR):
        if at < 0 or not drafts[at].inputs:
            break
        draft = drafts[at]
        before = drafts[draft.inputs[0]].shape
        text = sources[draft.span.file].text[draft.span.start : draft.span.end] if sources else ""
        if before[1:] != draft.shape[1:] and draft.op.category in ("conv", "pool") and "/" in text:
            key, scope = [draft.span], scopes[draft.scope]
            while scope.parent is not None:
                key.append(scope.span)
                scope = scopes[scope.parent]
            if not here(key[-1]):
                break
            times[tuple(key)] += 1
        at = draft.inputs[0]
    found = next(((key[0], count) for key, count in times.items() if count > 1), None)
    if found is None:
        return None
    span, count = found
    source = sources[span.file].text
    text = source[span.start : span.end]
    if len(text) > _LONGEST or not text.isprintable() or "`" in text:
        return None
    repeat = re.compile(r"[ \t]*[×x][ \t]*(\d+)\b").match(source, span.end)
    first = re.sub(r"/(?:\{[^{}]*\}|\w+)", "", text, count=1)
    if repeat is None or int(repeat[1]) < 2:
        return f"in papers the first pass alone has the stride of `{text}`: here each of the {count} divides the size"
    rest = f"{first} ×{int(repeat[1]) - 1}" if int(repeat[1]) > 2 else first
    return f"`{text}, {rest}` has the stride once: here each of the {repeat[1]} passes divides the size"


def windowed(at: int, drafts: Sequence[Draft]) -> int | None:
    """The last layer with a window on the way to a node."""
    while drafts[at].inputs:
        if drafts[at].op.category in ("conv", "pool"):
            return at
        at = drafts[at].inputs[0]
    return None


def asserted(at: int, wanted: Shape, drafts: Sequence[Draft], sources: Sequence[Source]) -> str | None:
    """Another padding, stride or number of channels of the layer ``at``, with which its output is as ``wanted``.

    ``wanted`` is a whole shape, or the sizes without the channels.
    """
    draft = drafts[at]
    op, span = draft.op, draft.span
    text = sources[span.file].text[span.start : span.end] if sources else ""
    plain = text and len(text) <= _LONGEST and text.isprintable() and "`" not in text and draft.head in (at, -1)
    if not plain or not draft.inputs:
        return None
    for new, values in _others(op, text, wanted, len(draft.shape) - 1):
        try:
            shape = op.model_copy(update=values).infer(tuple(drafts[index].shape for index in draft.inputs))
        except OpError:
            continue
        if wanted in (shape, shape[1:]) and new != text:
            return f"`{new}` in place of `{text}` makes it so"
    return None


def _others(op: Op, text: str, wanted: Shape, rank: int) -> list[tuple[str, dict[str, Any]]]:
    """Other forms of a layer: its text and what that changes."""
    fields = type(op).model_fields
    found: list[tuple[str, dict[str, Any]]] = enlarging(op, text)
    slot = op.syntax.channels
    if slot is not None and len(wanted) == rank + 1 and CHANNELS.search(text):
        found.append((CHANNELS.sub(f"-{wanted[0]}", text, count=1), {slot: wanted[0]}))
    if op.category not in ("conv", "pool") or "pad" not in fields:
        return found
    kernel: Sequence[int] = getattr(op, "kernel", ())
    dilation: Sequence[int] = getattr(op, "dilation", (1,) * len(kernel))
    reach = max((d * (k - 1) // 2 for k, d in zip(kernel, dilation, strict=False)), default=0)
    no_rule = dict.fromkeys(("same", "same_tf") & fields.keys(), False)
    found += [
        (with_padding(text, f"pad={pad}"), {"pad": (pad,) * rank, **no_rule})
        for pad in range(min(reach, _MOST_PADDING) + 1)
    ]
    if "ceil" in fields:
        found.append((f"{text} ceil", {"ceil": True}))
    for stride in range(1, 9) if op.category == "conv" or "/" in text else ():
        new = with_stride(text, stride, op.category == "pool", None)
        if new is not None:
            found.append((new, {"stride": (stride,) * rank}))
    return found
