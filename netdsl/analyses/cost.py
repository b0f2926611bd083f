"""Parameters, multiply-adds, FLOPs and activations of each node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from netdsl.analyses.recent import recent
from netdsl.analyses.view import Seen, see, with_idle
from netdsl.ir.graph import Graph
from netdsl.ir.op import elements
from netdsl.ir.types import Category, View

#: Bytes of one activation element: 32-bit floats.
BYTES = 4

#: The parts in which FLOPs are listed.
Part = Literal["conv_fc", "norm", "pool", "elementwise"]

_PART: dict[Category, Part] = {"conv": "conv_fc", "fc": "conv_fc", "norm": "norm", "pool": "pool"}

#: Elementwise in one tensor, so that a kernel can write where it reads, whether or not PyTorch has a flag for it.
_FUSED: frozenset[Category] = frozenset({"activation", "regularise"})


def part(category: Category) -> Part:
    """The part of the FLOPs that an operator of this category counts in."""
    return _PART.get(category, "elementwise")


class Cost(NamedTuple):
    """What one node costs. Numbers of elements and operations, for the whole batch where a batch multiplies them.

    ``params``
        trainable parameters; those of a module that several nodes apply count at the first of them.
    ``params_no_bias``
        the same without additive parameters: biases, and the beta of a norm.
    ``frozen``, ``buffers``
        parameters that are not trained, and what is saved with a module and is no parameter.
    ``macs``
        multiply-adds of convolutions and fully connected layers, at each application, without bias adds.
    ``flops``
        twice the multiply-adds, and the arithmetic beside them: norms, activations, pooling, joins.
    ``activations``
        elements of the output; none for a view, nor for an activation, norm, dropout or scale whose output can take
        the place of an input that nothing else needs.
    """

    params: int
    params_no_bias: int
    frozen: int
    buffers: int
    macs: int
    flops: int
    activations: int


def costs(graph: Graph, view: View = "infer", batch: int = 1) -> list[Cost]:
    """The cost of each node that the view has, idle ones among them, in topological order."""
    return costs_of(graph, with_idle(see(graph, view)), batch)


@recent(4)
def costs_of(graph: Graph, seen: Seen, batch: int) -> list[Cost]:
    """Like :func:`costs`, for a view that has been taken."""
    every = graph.nodes
    users = _users(seen, len(every))
    counted: set[str] = set()
    idle = {node.index for node in seen.idle}
    table: list[Cost] = []
    for node in seen.nodes:
        op, shape = node.op, node.shape
        shapes = graph.input_shapes(node)
        params = no_bias = frozen = buffers = 0
        if node.module is not None and node.module not in counted:
            counted.add(node.module)
            for tensor in op.tensors(shapes):
                size = tensor.size
                if tensor.buffer:
                    buffers += size
                elif not tensor.trainable:
                    frozen += size
                else:
                    params += size
                    no_bias += 0 if tensor.additive else size
        if node.index in idle:
            table.append(Cost(params, no_bias, frozen, buffers, 0, 0, 0))
            continue
        macs = op.macs(shapes, shape) * batch
        flops = 2 * macs + op.work(shapes, shape) * batch
        inputs = seen.inputs[node.index]
        fused = op.in_place or op.category in _FUSED
        if op.is_view or (fused and inputs and users[inputs[0]] == 1):
            activations = 0
        else:
            activations = elements(shape) * batch
        table.append(Cost(params, no_bias, frozen, buffers, macs, flops, activations))
    return table


def costs_by_node(graph: Graph, seen: Seen) -> dict[int, Cost]:
    """The cost of each node of a view for one image, by its index in the graph."""
    return dict(zip((node.index for node in seen.nodes), costs_of(graph, seen, 1), strict=True))


def _users(seen: Seen, count: int) -> Sequence[int]:
    """How often the tensor of each node is taken, by nodes of the view and as an output."""
    users = [0] * count
    idle = {node.index for node in seen.idle}
    for node in seen.nodes:
        if node.index not in idle:
            for at in seen.inputs[node.index]:
                users[at] += 1
    for _, at in seen.outputs:
        users[at] += 1
    return users
