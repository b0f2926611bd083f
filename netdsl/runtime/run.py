"""Builds a module from its source and runs it once, on the device that is asked for."""

from __future__ import annotations

import math
import re
import time
from typing import TYPE_CHECKING, Literal, NamedTuple

from netdsl.analyses.view import see
from netdsl.diagnostics import Diagnostic, NetdslError, shortened
from netdsl.diagnostics.files import listed
from netdsl.ir.graph import Graph
from netdsl.ir.types import Shape, View
from netdsl.runtime.dependency import require_torch
from netdsl.runtime.module import instantiate
from netdsl.runtime.slots import slots

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
        raise NetdslError([Diagnostic("ND008", message, None, "`--device cpu` runs without one")])
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
        message = f"PyTorch cannot make this module: {first_line(error)}"
        raise NetdslError([Diagnostic("ND401", message, None, helped(error, graph, device.type))]) from error


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
        message = f"the forward pass fails: {first_line(error)}"
        raise NetdslError([Diagnostic("ND401", message, None, helped(error, graph, device.type))]) from error
    tensors = [tensor for tensor in result if tensor is not None] if isinstance(result, tuple) else [result]
    names = [output.name for output, _ in see(graph, view).outputs]
    return Ran(seconds, tuple((name, tuple(tensor.shape)) for name, tensor in zip(names, tensors, strict=True)))


def first_line(error: BaseException) -> str:
    """The first line of what an error says."""
    return shortened((str(error) or type(error).__name__).splitlines()[0], 300)


#: What PyTorch says where memory is short, on the CPU and on a GPU.
_MEMORY = re.compile(
    r"out of memory|can't allocate|cannot allocate|not enough memory|DefaultCPUAllocator", re.IGNORECASE
)


def helped(error: BaseException, graph: Graph, device: str) -> str:
    """What helps where PyTorch does not make or run the module of a graph on a device."""
    if isinstance(error, MemoryError) or _MEMORY.search(str(error)):
        if device != "cpu":
            return "the GPU has too little memory: `--device cpu` runs it in main memory, `--no-run` not at all"
        parameters = sum(math.prod(slot.shape) for slot in slots(graph).values() if not slot.tensor.buffer)
        largest = max(math.prod(node.shape) for node in graph.nodes)
        need = f"its parameters take {_bytes(4 * parameters)}, its largest output {_bytes(4 * largest)} an image"
        return f"{need}: `--input` makes that smaller, `--no-run` does without"
    if device != "cpu":
        return "`--device cpu` runs it without the GPU; where that fails too, please report it, with the spec"
    return mistake(graph)


def mistake(graph: Graph) -> str:
    """Whose mistake a module is that fails or contradicts its graph."""
    others = {type(node.op).__module__ for node in graph.nodes}
    foreign = sorted({module.partition(".")[0] for module in others} - {"netdsl"})
    if foreign:
        return f"the operators of {listed(foreign)} may be wrong; where they are not, please report it, with the spec"
    return "this is netdsl's mistake: please report it, with the spec; `--no-run` writes the file all the same"


def _bytes(count: int) -> str:
    """``1.2 GB``."""
    power = min(len(str(count)) - 1, 9) // 3
    return f"{count / 1000**power:,.4g} {('bytes', 'kB', 'MB', 'GB')[power]}"
