"""What a layer is called in a diagram, and which kind of colour it has."""

from __future__ import annotations

from typing import Literal

from netdsl.ir.graph import Graph, Node

#: What decides a box's colour: the operator's category, and for a convolution which kind of it.
LayerTint = Literal[
    "input", "conv", "pointwise", "grouped", "pool", "fc", "norm", "activation", "merge", "shape", "regularise"
]
#: So too in drawings that know squeeze-and-excitation's gates by their form.
Tint = LayerTint | Literal["gate"]


def caption(graph: Graph, node: Node) -> str:
    """The words for a node in a diagram."""
    return node.op.caption(graph.input_shapes(node), node.shape)


def tint(node: Node) -> LayerTint:
    """The kind of colour of a node."""
    op = node.op
    if op.category != "conv":
        return op.category
    if op.keyword == "dwconv" or getattr(op, "groups", 1) > 1:
        return "grouped"
    return "pointwise" if set(getattr(op, "kernel", ())) == {1} else "conv"
