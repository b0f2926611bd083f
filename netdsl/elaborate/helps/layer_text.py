"""The text of a layer taken apart: what a help says where one of its parts is another."""

from __future__ import annotations

import re
from typing import Any

from netdsl.ir.op import Op

HEAD = re.compile(r"(?:soft-max|[A-Za-z_]\w*)(?:\{[^{}]*\})?(?:[x×](?:\w+|\{[^{}]*\}))*(?:-(?:\w+|\{[^{}]*\}))?")
STRIDE = re.compile(r"/(?:\w+|\{[^{}]*\})(?:[x×](?:\w+|\{[^{}]*\}))*")
CHANNELS = re.compile(r"-(?:\w+|\{[^{}]*\})")
PADDING = re.compile(r" (?:valid|same|same_tf|pad=(?:\w+|\{[^{}]*\})(?:[x×](?:\w+|\{[^{}]*\}))*)(?![^ ,|}\])])")
#: Where the suffixes of a layer begin; a sum in braces is none.
SUFFIXES = re.compile(r" \+(?![^{}]*\})")
#: A layer's word with one number for its kernel.
NUMBERED = re.compile(r"([A-Za-z_]+)\d+(?![\w×])")
#: Names that mean another thing in another place.
OF_PLACE = re.compile(r"\b(?:in|i)\b")


def with_padding(text: str, word: str) -> str:
    """The text of a layer with another padding."""
    found = SUFFIXES.search(text)
    head, suffixes = (text[: found.start()], text[found.start() :]) if found is not None else (text, "")
    if PADDING.search(head):
        return PADDING.sub(f" {word}", head, count=1) + suffixes
    return f"{head} {word}{suffixes}"


def with_stride(text: str, stride: int, pool: bool, as_written: str | None) -> str | None:
    """The text of a layer with another stride; all but a pool at stride 1 do not say it."""
    if (found := HEAD.match(text)) is None:
        return None
    head, rest = found.group(), text[found.end() :]
    written = STRIDE.match(rest)
    if " stride=" in rest or (stride == 1 and written is None and not pool):
        return None
    rest = rest[written.end() :] if written is not None else rest
    return head + ("" if stride == 1 and not pool else as_written or f"/{stride}") + rest


def enlarging(op: Op, text: str) -> list[tuple[str, dict[str, Any]]]:
    """A transposed convolution whose kernel is its stride, or that adds what its stride leaves open."""
    head = NUMBERED.match(text)
    if op.keyword != "upconv" or head is None:
        return []
    values = op.model_dump()
    stride = values["stride"]
    found: list[tuple[str, dict[str, Any]]] = []
    if " pad=" not in text and len({*stride}) == 1 and stride[0] > 1:
        pad = tuple(d * (s - 1) // 2 for d, s in zip(values["dilation"], stride, strict=True))
        found.append((f"{head[1]}{stride[0]}{text[head.end() :]}", {"kernel": stride, "pad": pad}))
    if stride != values["kernel"] and "out_pad=" not in text and "+" not in text:
        found += [
            (f"{text} out_pad={extra}", {"out_pad": (extra,) * len(stride)}) for extra in range(1, min((*stride, 9)))
        ]
    return found
