"""Builds a module from its source and runs it once, on the device that is asked for."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal, NamedTuple

from netdsl.analyses.view import see
from netdsl.diagnostics import Diagnostic, NetdslError
from netdsl.ir.graph import Graph
from netdsl.ir.types import Shape, View
from netdsl.runtime.dependency import require_torch
from netdsl.runtime.module import instantiate

if TYPE_CHECKING:
    import torch
    from torch import nn


class Ran(NamedTuple):
    """One forward pass: its time in seconds, and the outputs by name with their shapes, batch axis first."""

    seconds: float
    outputs: tuple[tuple[str, Shape], ...]


def choose_device(wanted: Literal["auto", "cpu", "cuda"]) -> torch.device:
    """The device of that name; ``auto`` is CUDA where there is a GPU. Raises :class:`NetdslError` for one not there."""
    library = require_torch()
    there = library.cuda.is_available()
    if wanted == "cuda" and not there:
        message = "`--device cuda` asks for a GPU, and PyTorch finds none"
        raise NetdslError([Diagnostic("ND008", message, help="`--device cpu` runs without one")])
    device: torch.device = library.device("cuda" if there and wanted != "cpu" else "cpu")
    return device


def describe(device: torch.device) -> str:
    """``cpu``, or ``cuda (NVIDIA H200)``."""
    library = require_torch()
    return f"cuda ({library.cuda.get_device_name(device)})" if device.type == "cuda" else device.type


def build(text: str, graph: Graph, device: torch.device) -> nn.Module:
    """The module of a generated source, on a device. Raises :class:`NetdslError` where it cannot be made there."""
    try:
        return instantiate(text, graph.name).to(device)
    except (RuntimeError, MemoryError) as error:
        raise NetdslError([Diagnostic("ND401", f"PyTorch cannot make this module: {_first_line(error)}")]) from error


def forward(module: nn.Module, graph: Graph, view: View, device: torch.device) -> Ran:
    """Runs a module once on random input, without gradients: on one image, in training mode on two.

    The module keeps the mode that the view is of, and in training its norms have seen the two images.
    Raises :class:`NetdslError` where the pass fails.
    """
    library = require_torch()
    batch = 1 if view == "infer" else 2  # batch norm over a single value cannot be trained
    module.train(view == "train")
    try:
        with library.no_grad():
            inputs = [library.rand(batch, *graph.nodes[index].shape, device=device) for index in graph.inputs]
            start = time.perf_counter()
            result = module(*inputs)
            if device.type == "cuda":
                library.cuda.synchronize(device)
            seconds = time.perf_counter() - start
    except (RuntimeError, MemoryError) as error:
        raise NetdslError([Diagnostic("ND401", f"the forward pass fails: {_first_line(error)}")]) from error
    tensors = [tensor for tensor in result if tensor is not None] if isinstance(result, tuple) else [result]
    names = [output.name for output, _ in see(graph, view).outputs]
    return Ran(seconds, tuple((name, tuple(tensor.shape)) for name, tensor in zip(names, tensors, strict=True)))


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
