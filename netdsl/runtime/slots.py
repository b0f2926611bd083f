"""The tensors that a graph's module has: its ``state_dict``, said without torch."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.analyses.view import see, with_idle
from netdsl.ir.graph import Graph, Node
from netdsl.ir.types import Shape, Tensor

#: The last part of the key of a batch norm's count of batches.
COUNTER = "num_batches_tracked"


class Slot(NamedTuple):
    """One place for a tensor: its key, the first node that applies its module, and whether only training needs it."""

    key: str
    node: Node
    tensor: Tensor
    training_alone: bool = False

    @property
    def shape(self) -> Shape:
        """The shape as PyTorch has it."""
        return self.tensor.shape

    @property
    def counter(self) -> bool:
        """Whether it counts batches: what a checkpoint may lack, and no output in evaluation depends on."""
        return self.tensor.name == COUNTER


def slots(graph: Graph) -> dict[str, Slot]:
    """Every parameter and buffer of a graph's module by key, along the graph. What is shared stands there once."""
    inferring = {node.module for node in with_idle(see(graph, "infer")).nodes}
    found: dict[str, Slot] = {}
    seen: set[str] = set()
    for node in graph.nodes:
        if node.module is None or node.module in seen:
            continue
        seen.add(node.module)
        for tensor in node.op.tensors(graph.input_shapes(node)):
            key = f"{node.module}.{tensor.name}" if tensor.name else node.module
            found[key] = Slot(key, node, tensor, node.module not in inferring)
    return found


def axes(slot: Slot) -> tuple[str, ...]:
    """What the axes of a tensor are called, one word each; empty where they have no names that all know."""
    size, kind = len(slot.shape), slot.node.op.keyword
    if slot.tensor.name == "weight" and kind in ("fc", "linear") and size == 2:
        return ("out", "in")
    if slot.tensor.name == "weight" and kind in ("conv", "dwconv", "upconv") and size >= 3:
        grouped = getattr(slot.node.op, "groups", 1) not in (None, 1) or kind == "dwconv"
        ends = ("out", "in per group" if grouped else "in")
        if kind == "upconv":
            ends = ("in", "out per group" if grouped else "out")
        return (*ends, *{1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}.get(size - 2, ()))
    if size == 1 and slot.node.op.weight_layer:
        return ("out",)
    if size == 1:
        return ("channels",)
    return ()
