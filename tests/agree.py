"""Whether the module of a graph does what the graph says."""

from __future__ import annotations

from collections import Counter

import torch
from torch import nn

from netdsl.backends.torch_source import torch_source
from netdsl.backends.torch_source.text import RESERVED, snake
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


def returned(result: object, graph: Graph) -> dict[str, torch.Tensor]:
    """What a net returned, by the output's name (a field may be spelt otherwise: ``self_``)."""
    if isinstance(result, torch.Tensor):
        return {"main": result}
    assert isinstance(result, tuple) and type(result).__mro__[1] is tuple
    names = [output.name for output in graph.outputs]
    spelt = Counter(snake(name) for name in names)
    for name, field in zip(names, result._fields, strict=True):  # type: ignore[attr-defined]
        assert field == name or name in RESERVED or snake(name) != name or spelt[name] > 1, field
    return {name: tensor for name, tensor in zip(names, result, strict=True) if tensor is not None}


def agrees(graph: Graph) -> None:
    """The generated net does what the graph says, node by node, in both modes, and can be trained.

    In double precision: a batch norm over two images makes much of a last digit.
    """
    module = built(graph)
    assert contradictions(module, graph) == []
    module.double()
    for layer in module.modules():
        if isinstance(layer, nn.modules.dropout._DropoutNd) or type(layer).__name__ == "DropPath":
            layer.__dict__["p"] = 0.0
    for training in (False, True):
        module.train(training)
        inputs = [tensor.double() for tensor in inputs_of(graph)]
        with torch.no_grad():
            expected = interpret(graph, module, inputs)
        results = returned(module(*[tensor.clone() for tensor in inputs]), graph)
        assert results.keys() == expected.keys()
        for name, tensor in results.items():
            torch.testing.assert_close(tensor, expected[name], equal_nan=True)
        total = torch.stack([tensor.sum() for tensor in results.values()]).sum()
        if total.requires_grad:
            torch.autograd.backward(total)
