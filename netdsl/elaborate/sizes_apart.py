"""Sizes with blanks between them (``reshape d x 196``), which read as a repeat; names among them (``crop nx16``)."""

from __future__ import annotations

import re

from netdsl.diagnostics import Advice, Edit, Span
from netdsl.elaborate.program import split_word
from netdsl.elaborate.values import Env, Stop, stop
from netdsl.ir.op import lookup
from netdsl.syntax import tree

_PART = r"(?:\d+|[A-Za-z_]\w*?)"
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
    help = Advice(f"sizes have no blanks between them: `{new}`", Edit(Span(place.file, place.start, sign.end), new))
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
