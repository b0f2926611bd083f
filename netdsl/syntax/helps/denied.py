"""What a layer is said to be without: ``no_bn``, ``-relu``, ``without bias``, and how that is written.

Imported where there is a mistake.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from netdsl.diagnostics import Advice
from netdsl.syntax.helps.mistake import Mistake

_NORMS = frozenset(["bn", "gn", "ln", "in_norm", "lrn", "batchnorm", "batch_norm", "norm", "normalization"])
_ACTIVATIONS = frozenset(
    [
        "relu", "relu6", "gelu", "elu", "selu", "celu", "silu", "swish", "mish", "sigmoid", "tanh", "softplus", "prelu",
        "leaky_relu", "hardswish", "hardsigmoid", "act", "activation", "nonlinearity", "nonlin",
    ]
)  # fmt: skip
_PREFIXED = re.compile(r"(?:no|without|use|with|non|wo)_?(\w+)", re.IGNORECASE)
_SIGNED = re.compile(
    r"(?<![ \t])[ \t]++(?P<said>(?:[-~!¬][ \t]*|w/o[ \t]+|(?:no|without|non|un)-)"
    r"(?P<what>bn|batchnorm|norm|relu6?|gelu|silu|act|activation|bias))(?![\w-])",
    re.IGNORECASE,
)

#: A layer with what stands behind it, at the end of a text.
_LAYER = re.compile(r"(?<![\w.@])([A-Za-z]++)\d*+(?:[-/]\w++)*+(?:[ \t]++\w++(?:=\w++)?+)*+\Z")
#: So many letters before a place are looked at.
_NEAR = 300


def named(word: str) -> str | None:
    """``bias``, ``norm`` or ``act`` where a word names what stands beside a layer; ``no_bn`` names the norm too."""
    prefixed = _PREFIXED.fullmatch(word)
    for name in (re.sub(r"_?free\Z", "", word.lower()), prefixed[1].lower() if prefixed is not None else ""):
        if name == "bias":
            return "bias"
        if name in _NORMS:
            return "norm"
        if name in _ACTIVATIONS:
            return "act"
    return None


def without(what: str, added: Sequence[str] | None) -> tuple[str, str | None]:
    """A help for a layer that is to be without something, and what is written for that (None: a person chooses).

    ``added`` are the words of the layers that the style adds behind it; None where these are not known so simply, and
    none where there is no style.
    """
    if what == "bias":
        return "it is written `bias=false`", "bias=false"
    if added is None:
        return "`plain` leaves out what a style adds, and `+relu` stands in its place", None
    kept = [word for word in added if named(word) != what]
    if len(kept) == len(added):
        return f"no style adds {'a norm' if what == 'norm' else 'an activation'} here: leave it out", ""
    if not kept:
        return "`plain` leaves out what the style adds", "plain"
    text = " ".join(f"+{word}" for word in kept)
    return f"`{text}` stands in the place of what the style adds", text


def _denied(mistake: Mistake) -> str | None:
    """``conv3-64 -bn``, ``conv3-64 w/o relu``, ``conv3-64 no-bias``"""
    line = mistake.text[mistake.begin : mistake.code_end()]
    for found in _SIGNED.finditer(line):
        if not found.start() <= mistake.offset - mistake.begin <= found.end():
            continue
        before = _LAYER.search(line[: found.start()], max(0, found.start() - _NEAR))
        what = named(found["what"])
        if before is None or what is None or not mistake.is_layer(before[1]):
            continue
        help, text = without(what, _added(mistake.source, before[1].lower()))
        start, end = mistake.begin + found.start("said"), mistake.begin + found.end()
        shown = found["said"]
        mistake.instead(f"`{shown}` cannot stand here", start, end)
        if text is None:
            return help
        return Advice(help, mistake.edit(text, start if text else mistake.begin + found.start(), end))
    return None


def _added(source: str, kind: str) -> list[str] | None:
    """The words that the style of a kind of layer adds behind it, where the text has one such style alone."""
    if re.search(r"^[ \t]*style[ \t]*=", source, re.MULTILINE):
        return None  # one that does not say of what it is
    for word in (kind, "conv") if kind in ("dwconv", "sepconv") else (kind,):
        rows = re.findall(rf"^[ \t]*style[ \t]+{word}[ \t]*=[ \t]*([^#\n]*)", source, re.MULTILINE | re.IGNORECASE)
        if len(rows) > 1:
            return None
        if rows:
            found = re.fullmatch(r"_(?:[ \t]+\w+=[\w.]+)*((?:[ \t]*,[ \t]*\w+)*)[ \t]*", rows[0])
            return re.findall(r"\w+", found[1]) if found is not None else None
    return []


RULES: tuple[Callable[[Mistake], str | None], ...] = (_denied,)
