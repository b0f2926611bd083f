"""Layers in the words of papers' tables: ``conv3-64`` as VGG's has them, ``3×3, 64`` as ResNet's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netdsl.analyses.fold import shortcut
from netdsl.analyses.structure import Block, Item, Layer, Mesh, Split, is_gate, major
from netdsl.ir.graph import Graph, Node
from netdsl.ir.op import Op
from netdsl.ir.types import show_shape

#: Writes one layer.
Words = Callable[[Graph, Node], str]


def configured(graph: Graph, node: Node) -> str:
    """As VGG's Table 1 writes a layer, and so the language: ``conv3-64``, ``maxpool``, ``FC-4096``, ``soft-max``."""
    op = node.op
    keyword = op.keyword
    if keyword in ("conv", "upconv", "dwconv"):
        words = f"{keyword}{_side(op)}"
        if keyword != "dwconv" or node.shape[0] != graph.nodes[node.inputs[0]].shape[0]:
            words += f"-{node.shape[0]}"
        stride = _stride(op)
        if stride != (1,):
            words += f"/{show_shape(stride)}"
        if keyword != "dwconv" and (_of(op, "groups") or 1) > 1:
            words += f" groups={_of(op, 'groups')}"
        return words + _dilated(op, " dilation={}")
    if keyword in ("fc", "linear"):
        return f"{'FC' if keyword == 'fc' else 'linear'}-{_of(op, 'features')}"
    if keyword == "softmax":
        return "soft-max"
    if keyword in ("maxpool", "avgpool"):
        if _of(op, "to") is not None:
            return f"{keyword} to {show_shape(_of(op, 'to'))}"
        kernel, stride = _same(_of(op, "kernel")), _stride(op)
        return keyword if kernel == stride == (2,) else f"{keyword}{show_shape(kernel)}/{show_shape(stride)}"
    if keyword in ("gap", "gmp"):
        return f"global {'avgpool' if keyword == 'gap' else 'maxpool'}"
    return "LRN" if keyword == "lrn" else _caption(graph, node)


def listed(graph: Graph, node: Node) -> str:
    """As ResNet's Table 1 writes a layer: ``3×3, 64``, ``3×3 max pool, stride 2``, ``1000-d fc``."""
    op = node.op
    keyword = op.keyword
    if keyword in ("conv", "upconv", "dwconv"):
        words = f"{windowed(op)}, {node.shape[0]}"
        if keyword != "dwconv" and (_of(op, "groups") or 1) > 1:
            words += f", C={_of(op, 'groups')}"
        return words + _strided(op) + _dilated(op, ", dilation {}")
    if keyword in ("fc", "linear"):
        return f"{_of(op, 'features')}-d fc" if keyword == "fc" else f"linear, {_of(op, 'features')}"
    if keyword in ("maxpool", "avgpool"):
        kind = "max pool" if keyword == "maxpool" else "average pool"
        if _of(op, "to") is not None:
            return f"{kind} to {show_shape(_of(op, 'to'))}"
        return f"{windowed(op)}{_strided(op)}"
    if keyword in ("gap", "gmp"):
        return "average pool" if keyword == "gap" else "max pool"
    if op.category == "merge":
        return keyword
    return "LRN" if keyword == "lrn" else _caption(graph, node)


def named(node: Node) -> str:
    """As the first column of GoogLeNet's Table 1 calls a layer: ``convolution``, ``max pool``, ``linear``."""
    word = _TYPES.get(node.op.keyword)
    if word is not None:
        return word
    if node.op.keyword in ("dropout", "dropout2d"):
        return f"dropout ({100 * _of(node.op, 'p'):g}%)"
    return node.op.keyword


_TYPES = {
    "conv": "convolution",
    "dwconv": "depthwise convolution",
    "upconv": "transposed convolution",
    "maxpool": "max pool",
    "avgpool": "avg pool",
    "gap": "avg pool",
    "gmp": "max pool",
    "fc": "linear",
    "lrn": "LRN",
    "linear": "linear",
}


def patch(graph: Graph, node: Node) -> str:
    """Window and stride as GoogLeNet's Table 1 has them, ``7×7/2``; empty for what has no window."""
    op = node.op
    if op.pools_all:
        return f"{show_shape(graph.nodes[node.inputs[0]].shape[1:])}/1"
    kernel = _of(op, "kernel")
    if not kernel or _of(op, "to") is not None:
        return ""
    return f"{show_shape(kernel)}/{show_shape(_stride(op))}"


#: What only cuts or moves tensors, and is no line of a table.
_SILENT = frozenset({"chunk", "take", "crop", "pad", "reshape", "permute", "flatten", "id"})


def lines(graph: Graph, item: Item, words: Words) -> list[str]:
    """What an item does, a line for each layer on its way. Shortcuts are left out, and branches stand side by side."""
    if isinstance(item, Layer):
        op = item.head.op
        silent = item.minor or op.category in ("input", "merge") or op.keyword in _SILENT
        return [] if silent else [words(graph, item.head)]
    if isinstance(item, Mesh):
        return [line for layer in item.layers for line in lines(graph, layer, words)]
    if isinstance(item, Block):
        return [line for inner in item.items for line in lines(graph, inner, words)]
    if is_gate(graph, item):
        return _gate(graph, item, words)
    beside = shortcut(graph, item)
    arms = [
        [line for inner in arm for line in lines(graph, inner, words)]
        for place, arm in enumerate(item.arms)
        if place != beside
    ]
    full = [arm for arm in arms if arm]
    if len(full) < 2:
        return full[0] if full else []
    branches = [" → ".join(arm) for arm in full]
    return [" | ".join(branches)] if all(len(arm) == 1 for arm in full) else branches


def _gate(graph: Graph, split: Split, words: Words) -> list[str]:
    """The lines of a map that is multiplied by one value a channel: ``SE, [16, 256]`` with the widths on that way."""
    longest = max(split.arms, key=lambda arm: sum(1 for layer in major(arm) if layer.head.op.pools_all))
    widths = [str(layer.head.shape[0]) for layer in major(longest) if layer.head.op.weight_layer]
    before = [line for arm in split.arms if arm is not longest for inner in arm for line in lines(graph, inner, words)]
    return [*before, f"SE, [{', '.join(widths)}]" if widths else "gate"]


def _caption(graph: Graph, node: Node) -> str:
    return node.op.caption(graph.input_shapes(node), node.shape)


def _same(sizes: tuple[int, ...]) -> tuple[int, ...]:
    """One number for all axes where they are equal."""
    return sizes[:1] if len(set(sizes)) == 1 else sizes


def _of(op: Op, name: str) -> Any:
    """An attribute that operators of some kinds have; None for others."""
    return getattr(op, name, None)


def _stride(op: Op) -> tuple[int, ...]:
    return _same(_of(op, "stride") or (1,))


def _side(op: Op) -> str:
    return show_shape(_same(_of(op, "kernel")))


def windowed(op: Op) -> str:
    """A layer's window in ResNet's words, with the kind of convolution where it is another: ``3×3``, ``3×3 dw``."""
    kernel = _of(op, "kernel")
    kind = {"upconv": " up", "dwconv": " dw", "maxpool": " max pool", "avgpool": " average pool"}.get(op.keyword, "")
    return f"{show_shape(kernel)}{kind}" if kernel else op.keyword


def stride(op: Op) -> str:
    """A layer's stride, one number where it is the same along all axes: ``2``, ``1×2``; ``1`` for what has none."""
    return show_shape(_stride(op))


def _strided(op: Op) -> str:
    stride = _stride(op)
    return "" if stride == (1,) else f", stride {show_shape(stride)}"


def _dilated(op: Op, form: str) -> str:
    dilation = _same(_of(op, "dilation") or (1,))
    return "" if dilation == (1,) else form.format(show_shape(dilation))
