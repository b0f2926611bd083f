"""Sizes with blanks between them (``reshape d x 196``), which read as a repeat; names among them (``crop nx16``)."""

from __future__ import annotations

import re

from netdsl.diagnostics import Advice, Edit, Span
from netdsl.elaborate.values import Env, Stop, stop
from netdsl.elaborate.words import split_word
from netdsl.ir.op import Op, lookup
from netdsl.syntax import tree

_PART = r"(?:\d+|[A-Za-z_]\w*?)"
#: From here on a number behind a size is one too, and no count of repeats.
_LEAST_SIZE = 5
_JOINED = re.compile(rf"x?{_PART}(?:x{_PART})*")


def repeated_sizes(item: tree.Item, env: Env, text: str) -> Stop | None:
    """What is said of ``crop 16 x 16``, a repeat of what does nothing a second time; ``text`` is that of its file."""
    layer = item.core
    if item.repeat is None or not isinstance(layer, tree.Layer) or not layer.modifiers:
        return None
    op = lookup(split_word(layer.word.text)[0])
    last = layer.modifiers[-1]
    sizes = op.attributes().get("to") if op is not None else None
    if op is None or sizes is None or sizes.kind != "axes" or layer.suffixes:
        return None
    if (again := _again(item, layer, op, text)) is not None:
        return again
    positional = "to" in op.syntax.positional and len(layer.modifiers) == 1
    if isinstance(last, tree.Flag):
        wrong = positional and env.lookup(last.name.text) is not None
        place, parts = last.span, [f"{{{last.name.text}}}"]
    else:
        named = isinstance(last, tree.Attribute) and last.name.text == "to"
        wrong = (named or positional) and isinstance(last.value, tree.Sizes)
        place = last.value.span if isinstance(last, tree.Attribute) else last.span
        parts = [_shown(part, text) for part in last.value.parts] if isinstance(last.value, tree.Sizes) else []
    if not wrong:
        return None
    times = _shown(item.repeat, text)
    sign = Span(place.file, place.end, item.repeat.span.end)
    sign = sign._replace(start=sign.end - len(text[sign.start : sign.end].lstrip()))
    new = "x".join([*parts, times])
    message = f"`{text[sign.start : sign.end]}` reads as a repeat, and `{op.keyword}` does nothing a second time"
    edit = Edit(Span(place.file, place.start, sign.end), new)
    help: str = Advice(f"sizes have no blanks between them: `{new}`", edit)
    if times.isdecimal() and int(times[:9]) < _LEAST_SIZE and parts != [times]:
        help = f"leave `{text[sign.start : sign.end]}` out; or, if a size for each axis is meant, write `{new}`"
    return stop("ND202", message, sign, help=help)


def _again(item: tree.Item, layer: tree.Layer, op: type[Op], text: str) -> Stop | None:
    """What is said of a repeat behind a whole size: ``upsample @t ×2``, ``upsample to=32 ×2``, ``crop @t ×2``."""
    assert item.repeat is not None
    last = layer.modifiers[-1]
    named = isinstance(last, tree.Attribute) and last.name.text == "to"
    tensor = isinstance(last, tree.Positional) and isinstance(last.value, tree.Reference) and op.syntax.reference
    sizes = last.value.parts if not isinstance(last, tree.Flag) and isinstance(last.value, tree.Sizes) else ()
    times = text[item.repeat.span.start : item.repeat.span.end]
    small = times.isdecimal() and int(times[:9]) < _LEAST_SIZE
    whole = tensor or (small and (len(sizes) > 1 or (named and op.syntax.times is not None)))
    if not whole or not (tensor or named or "to" in op.syntax.positional):
        return None
    begin = last.span.end + len(text[last.span.end :]) - len(text[last.span.end :].lstrip())
    sign = Span(last.span.file, begin, item.repeat.span.end)
    shown = text[sign.start : sign.end].rstrip("} ") + "}" * times.startswith("{")
    if op.syntax.times is not None:
        size = text[layer.word.span.start : last.span.end]
        either = f"leave one of them out: `{op.keyword} {shown}` is a factor, `{size}` the size itself"
        return stop("ND202", f"the size of `{op.keyword}` is given twice", sign, help=either)
    message = f"`{shown}` reads as a repeat, and `{op.keyword}` does nothing a second time"
    help: str = Advice("once is enough: take it out", Edit(sign._replace(start=last.span.end), ""))
    if not tensor:
        other = "x".join([*(_shown(part, text) for part in sizes), times])
        help = f"once is enough: leave it out; one size more is written `{other}`"
    return stop("ND202", message, sign, help=help)


def _shown(part: tree.Expression, text: str) -> str:
    """A size as it stands among others: a name and an expression in braces."""
    written = text[part.span.start : part.span.end].strip("{} ")
    return written if written.isdecimal() else f"{{{written}}}"


def braced(word: str, env: Env) -> str | None:
    """A word of sizes and values, ``nx16``, with its names in braces: ``{n}x16``; None where it is no such word."""
    if not _JOINED.fullmatch(word):
        return None
    parts = word.split("x")
    if not all(part.isdecimal() or env.lookup(part) is not None for part in parts if part) or "" in parts[1:]:
        return None
    return "x".join(part if part.isdecimal() or not part else f"{{{part}}}" for part in parts)
