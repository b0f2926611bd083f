"""A net computed node by node, with the modules of a built one: what a generated ``forward`` must agree with."""

from __future__ import annotations

import torch
from torch import nn

from netdsl.ir.graph import Graph
from netdsl.rewrites.spell_attributes import spell_attributes


def interpret(graph: Graph, module: nn.Module, inputs: list[torch.Tensor]) -> dict[str, torch.Tensor]:
    """The outputs of the module's current mode by name, from the definition of a graph."""
    graph = spell_attributes(graph)
    mode = "train" if module.training else "eval"
    other = {"train": "eval", "eval": "train"}[mode]
    values: dict[int, torch.Tensor] = dict(zip(graph.inputs, inputs, strict=True))
    parameters = dict(module.named_parameters())
    needed = {output.node for output in graph.outputs if output.mode != other}
    for node in reversed(graph.nodes):
        if node.index in needed:
            if node.op.keyword == "select":
                needed.add(node.inputs[0 if node.mode == other else 1])
            else:
                needed.update(node.inputs[:1] if node.mode == other else node.inputs)
    for node in graph.nodes:
        if node.index not in needed or node.index in values:
            continue
        if node.op.keyword == "select":
            values[node.index] = values[node.inputs[0 if node.mode == other else 1]]
            continue
        taken = [values[at] for at in node.inputs] if node.mode != other else [values[node.inputs[0]]]
        if node.mode == other:
            values[node.index] = taken[0]
            continue
        # What works in place would change what the interpreter still holds.
        taken = [tensor.clone() for tensor in taken]
        call = node.op.call(graph.input_shapes(node), node.shape)
        if node.op.flattens and taken[0].dim() > 2:
            taken[0] = torch.flatten(taken[0], 1)
        if call.kind == "module":
            assert node.module is not None
            if node.op.syntax.reference:
                # The other tensor gives its shape alone.
                taken = taken[:1]
            values[node.index] = module.get_submodule(node.module)(*taken)
        else:
            text = call.target.format(*(f"x{at}" for at in range(len(taken))), parameter="parameter")
            names = {f"x{at}": tensor for at, tensor in enumerate(taken)}
            if call.kind == "parameter":
                assert node.module is not None
                names["parameter"] = parameters[node.module]
            values[node.index] = eval(text, {"torch": torch, **names})
    return {output.name: values[output.node] for output in graph.outputs if output.mode != other}
