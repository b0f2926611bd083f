"""Whether a built module is what its graph says: shapes, keys and parameter counts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from netdsl.analyses.view import see
from netdsl.diagnostics import Diagnostic
from netdsl.ir.graph import Graph, Node
from netdsl.ir.types import Shape, View, show_shape
from netdsl.rewrites.spell_attributes import spell_attributes
from netdsl.runtime.dependency import require_torch
from netdsl.runtime.run import first_line, helped, mistake
from netdsl.runtime.slots import slots

if TYPE_CHECKING:
    from torch import Tensor, nn


def contradictions(module: nn.Module, graph: Graph) -> list[Diagnostic]:
    """Every difference between a module and its graph, as ND401 at the node that predicted otherwise.

    The keys and shapes of the ``state_dict`` are compared, what is trained and what is not, and the total of the
    parameters; then the module runs in evaluation mode on one image and in training mode on two, without gradients, and
    the output of each of its layers and of the net is compared. Its weights, buffers, mode and the random state are
    left as they were. An empty list means that there is no difference.
    """
    graph = spell_attributes(graph)
    found = _tensors(module, graph)
    views: tuple[tuple[View, int], ...] = (("infer", 1), ("train", 2))
    for view, batch in views:
        found += _shapes(module, graph, view, batch)
    return found


def _wrong(message: str, node: Node | None, graph: Graph, help: str | None = None) -> Diagnostic:
    span = graph.scopes[0].span if node is None else node.span
    return Diagnostic("ND401", message, span, mistake(graph) if help is None else help)


# -- parameters and buffers -------------------------------------------------------------------------------------------


def _tensors(module: nn.Module, graph: Graph) -> list[Diagnostic]:
    found: list[Diagnostic] = []
    expected = {
        key: (slot.node, slot.shape, slot.tensor.trainable and not slot.tensor.buffer)
        for key, slot in slots(graph).items()
    }
    state = module.state_dict(keep_vars=True)
    for key, (node, shape, trained) in expected.items():
        if key not in state:
            found.append(_wrong(f"the module has no `{key}`", node, graph))
        elif tuple(state[key].shape) != shape:
            has = _sizes(state[key].shape)
            found.append(_wrong(f"`{key}` is {has}, and the graph says {_sizes(shape)}", node, graph))
        elif state[key].requires_grad != trained:
            does, says = ("is not trained", "it is") if trained else ("is trained", "it is not")
            found.append(_wrong(f"`{key}` {does}, and the graph says that {says}", node, graph))
    for key in state:
        if key not in expected:
            found.append(_wrong(f"the module has `{key}`, of which the graph knows nothing", None, graph))
    total = sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)
    predicted = sum(math.prod(shape) for _, shape, trained in expected.values() if trained)
    if not found and total != predicted:
        found.append(_wrong(f"the module has {total:,} parameters, and the graph says {predicted:,}", None, graph))
    return found


def _sizes(shape: Shape) -> str:
    return show_shape(shape) if shape else "a single number"


# -- shapes -----------------------------------------------------------------------------------------------------------


def _shapes(module: nn.Module, graph: Graph, view: View, batch: int) -> list[Diagnostic]:
    seen = see(graph, view)
    calls: dict[str, list[Node]] = {}
    for node in seen.nodes:
        if node.module is not None and node.op.call(graph.input_shapes(node), node.shape).kind == "module":
            calls.setdefault(node.module, []).append(node)
    given: dict[str, list[Shape]] = {}
    current: list[str] = []
    device = next((tensor.device.type for tensor in module.state_dict().values()), "cpu")
    result, error = _run(module, graph, view, batch, set(calls), given, current)
    mode = "evaluation" if view == "infer" else "training"
    if error is not None:
        failing = calls[current[-1]][0] if current else None
        where = f" in `{current[-1]}`" if current else ""
        message = f"in {mode} the forward pass fails{where}: {first_line(error)}"
        return [_wrong(message, failing, graph, helped(error, graph, device))]
    found: list[Diagnostic] = []
    for path, nodes in calls.items():
        shapes = given.get(path, [])
        if len(shapes) != len(nodes):
            times = f"{len(shapes)} time{'' if len(shapes) == 1 else 's'}"
            message = f"in {mode} `{path}` is called {times}, and the graph says {len(nodes)}"
            found.append(_wrong(message, nodes[0], graph))
            continue
        for node, shape in zip(nodes, shapes, strict=True):
            # A dropout before a fully connected layer may stand behind the flattening: the same elements in a row.
            flat = node.op.keyword == "dropout" and shape == (batch, math.prod(node.shape))
            if shape != (batch, *node.shape) and not flat:
                message = f"in {mode} `{path}` gives {show_shape(shape)}, and the graph says "
                found.append(_wrong(message + show_shape((batch, *node.shape)), node, graph))
    tensors = list(result) if isinstance(result, tuple) else [result]
    named = [(output.name, at) for output, at in seen.outputs]
    returned = dict(zip(getattr(result, "_fields", ("main",)), tensors, strict=True))
    # A named tuple has None for an output of the other mode.
    present = [tensor for tensor in returned.values() if tensor is not None]
    if len(present) != len(named):
        message = f"in {mode} the net returns {len(present)} tensors, and the graph says {len(named)}"
        return [*found, _wrong(message, None, graph)]
    for (name, at), tensor in zip(named, present, strict=True):
        node = graph.nodes[at]
        if tuple(tensor.shape) != (batch, *node.shape):
            message = f"in {mode} the output `{name}` is {show_shape(tuple(tensor.shape))}, and the graph says "
            found.append(_wrong(message + show_shape((batch, *node.shape)), node, graph))
    return found


def _run(
    module: nn.Module,
    graph: Graph,
    view: View,
    batch: int,
    paths: set[str],
    given: dict[str, list[Shape]],
    current: list[str],
) -> tuple[object, Exception | None]:
    """One forward pass. ``given`` takes the shapes that come out of each path, ``current`` the paths being called."""
    torch = require_torch()
    handles = []

    def enter(path: str) -> object:
        def hook(_: nn.Module, __: object) -> None:
            current.append(path)

        return hook

    def leave(path: str) -> object:
        def hook(_: nn.Module, __: object, output: Tensor) -> None:
            current.pop()
            given.setdefault(path, []).append(tuple(output.shape))

        return hook

    for path, inner in module.named_modules():
        if path in paths:
            handles.append(inner.register_forward_pre_hook(enter(path)))
            handles.append(inner.register_forward_hook(leave(path)))
    device = next((tensor.device for tensor in module.state_dict().values()), torch.device("cpu"))
    modes = {inner: inner.training for inner in module.modules()}
    buffers = {name: buffer.clone() for name, buffer in module.named_buffers()}
    result: object = None
    failure: Exception | None = None
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            inputs = [torch.rand(batch, *graph.nodes[index].shape, device=device) for index in graph.inputs]
            result = module.train(view == "train")(*inputs)
    except Exception as error:
        failure = error
    finally:
        for handle in handles:
            handle.remove()
        for inner, mode in modes.items():
            inner.training = mode
        with torch.no_grad():
            for name, buffer in module.named_buffers():
                buffer.copy_(buffers[name])
    return result, failure
