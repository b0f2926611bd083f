"""Makes something callable of a Call, the way a reader of its docstring would."""

from __future__ import annotations

import importlib
from collections.abc import Callable

import torch
from torch import nn

from netdsl.ir.op import Op
from netdsl.ir.types import Call, Shape


class Expression(nn.Module):
    """An expression over the inputs, with the parameter of the operator if it has one."""

    def __init__(self, call: Call) -> None:
        super().__init__()
        self.target = call.target
        if call.kind == "parameter":
            value = eval(str(call.args[0]), {"torch": torch})
            self.parameter = nn.Parameter(value)

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        names = {f"x{index}": tensor for index, tensor in enumerate(inputs)}
        text = self.target.format(*names, parameter="parameter")
        parameter = self.parameter if "parameter" in dict(self.named_parameters()) else None
        result = eval(text, {"torch": torch, **names, "parameter": parameter})
        assert isinstance(result, torch.Tensor)
        return result


def constructor(call: Call) -> Callable[..., nn.Module]:
    """The class that a Call of kind ``module`` names."""
    if call.source is not None:
        namespace: dict[str, object] = {"torch": torch, "nn": nn, "F": nn.functional}
        exec(compile(call.source, f"<{call.target}>", "exec"), namespace)
        made = namespace[call.target]
    else:
        module, _, name = call.target.rpartition(".")
        made = getattr(importlib.import_module(module), name)
    assert isinstance(made, type) and issubclass(made, nn.Module)
    return made


def build(call: Call, *, inplace: bool = False) -> nn.Module:
    """The module, or the expression as one. ``inplace`` asks for it as the back-end would where it is safe."""
    if call.kind != "module":
        return Expression(call)
    more = {"inplace": True} if inplace else {}
    return constructor(call)(*call.args, **dict(call.kwargs), **more)


def feed(op: Op, inputs: tuple[Shape, ...], batch: int = 2) -> tuple[torch.Tensor, ...]:
    """Random tensors that the module of ``op`` is applied to."""
    tensors = tuple(torch.rand(batch, *shape) + 0.1 for shape in inputs)
    if op.flattens:
        return (torch.flatten(tensors[0], 1),)
    # A further input of a layer with a reference gives its shape alone.
    return tensors[:1] if op.syntax.reference else tensors


def module_of(op: Op, inputs: tuple[Shape, ...]) -> nn.Module:
    return build(op.call(inputs, op.infer(inputs)))
