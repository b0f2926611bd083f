"""Whether the module of a graph does what the graph says."""

from __future__ import annotations

import torch
from torch import nn

from netdsl.backends.torch_source import torch_source
from netdsl.ir.graph import Graph
from netdsl.runtime.check import contradictions
from netdsl.runtime.module import instantiate
from tests.interpret import interpret


def built(graph: Graph) -> nn.Module:
    torch.manual_seed(0)
    return instantiate(torch_source(graph), graph.name)


def inputs_of(graph: Graph, batch: int = 2) -> list[torch.Tensor]:
    torch.manual_seed(1)
    return [torch.randn(batch, *graph.nodes[index].shape) for index in graph.inputs]


def returned(result: object) -> dict[str, torch.Tensor]:
    """What a net returned, by the output's name."""
    if isinstance(result, torch.Tensor):
        return {"main": result}
    assert isinstance(result, tuple) and type(result).__mro__[1] is tuple
    return {name: tensor for name, tensor in result._asdict().items() if tensor is not None}  # type: ignore[attr-defined]


def agrees(graph: Graph) -> None:
    """The generated net does what the graph says, node by node, in both modes, and can be trained."""
    module = built(graph)
    assert contradictions(module, graph) == []
    for layer in module.modules():
        if isinstance(layer, nn.modules.dropout._DropoutNd) or type(layer).__name__ == "DropPath":
            layer.__dict__["p"] = 0.0
    for training in (False, True):
        module.train(training)
        inputs = inputs_of(graph)
        with torch.no_grad():
            expected = interpret(graph, module, inputs)
        results = returned(module(*[tensor.clone() for tensor in inputs]))
        assert results.keys() == expected.keys()
        for name, tensor in results.items():
            torch.testing.assert_close(tensor, expected[name], equal_nan=True)
        total = torch.stack([tensor.sum() for tensor in results.values()]).sum()
        if total.requires_grad:
            torch.autograd.backward(total)
