"""Styles: which one a layer has, where the layer stands in it, and what else does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.diagnostics import Advice, Edit, Span
from netdsl.elaborate.expressions import truth
from netdsl.elaborate.values import Env, stop
from netdsl.ir.op import Op, lookup
from netdsl.syntax import tree

if TYPE_CHECKING:
    from netdsl.elaborate.context import Styles


#: The longest text of a layer that a help repeats.
_LONGEST = 40


def check_target(sign: tree.Layer, layer: str) -> None:
    """Raises where ``_`` in a style has more than attributes; ``layer`` is the text of a layer that has the style."""
    for part in (*sign.kernel, sign.channels, sign.stride, *sign.suffixes):
        if part is not None:
            suffix = any(part is one for one in sign.suffixes)
            message = f"`_` takes no {'suffix' if suffix else 'kernel, channels or stride'}: it is the layer itself"
            help = "these stand where the layer is written; `style conv = _ bias=false` adds an attribute"
            if suffix:
                added = ", ".join(["_", *(one.word.text for one in sign.suffixes)])
                help = f"write the layers after it, with commas: `{added}`"
            if sign.suffixes and part is sign.suffixes[0] and not sign.modifiers and sign.head == sign.word.span:
                help = Advice(help, Edit(Span(part.span.file, sign.head.end, part.word.span.start), ", "))
            raise stop("ND202", message, part.span, help=help)
    for modifier in sign.modifiers:
        if isinstance(modifier, tree.Flag) and modifier.name.text in ("plain", "train", "eval"):
            word = modifier.name.text
            plain = len(layer) <= _LONGEST and layer.isprintable()
            written = f"{layer} {word}" if plain else f"{layer[:8]}… {word}"
            help = f"it stands where the layer is written: `{written}`"
            raise stop("ND202", f"`{word}` is said of a layer, not in its style", modifier.span, help=help)


def find_style(op: type[Op], styles: tuple[Styles, ...]) -> tuple[tree.Style, Env] | None:
    """The style of a kind of layer: its own from the nearest place, else that of the kind it falls back to."""
    for keyword in (op.keyword, op.style_of):
        if keyword is not None:
            for known, env in styles:
                if keyword in known:
                    return known[keyword], env
    return None


def find_target(row: tree.Row, env: Env) -> tree.Layer | None:
    """The ``_`` of a style, as its ``if``s go."""
    for layer in layers_of(row.items, env):
        if layer.word.text == "_":
            return layer
    return None


def normalises(style: tuple[tree.Style, Env] | None, suffixes: tuple[tree.Layer, ...]) -> bool:
    """Whether batch norm stands in a layer's own style or suffixes."""
    found = list(suffixes)
    if style is not None:
        found += layers_of(style[0].row.items, style[1])
    return any(op is not None and op.keyword == "bn" for op in (lookup(layer.word.text) for layer in found))


def layers_of(items: tuple[tree.Item, ...], env: Env) -> list[tree.Layer]:
    """Every layer written in some items, brackets and branches included, as their ``if``s go; suffixes too."""
    found: list[tree.Layer] = []
    for item in items:
        core = item.core
        if isinstance(core, tree.Layer):
            found += [core, *core.suffixes]
        elif isinstance(core, tree.Group):
            for row in core.rows:
                found += layers_of(row.items, env)
        elif isinstance(core, tree.Join):
            for branch in core.branches:
                for row in branch.rows:
                    found += layers_of(row.items, env)
        elif isinstance(core, tree.If):
            node: tree.If | tree.Body | None = core
            while isinstance(node, tree.If):
                node = node.then if truth(node.condition, env) else node.otherwise
            for line in node.lines if node is not None else ():
                if isinstance(line, tree.Row):
                    found += layers_of(line.items, env)
    return found
