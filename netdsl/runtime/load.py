"""From a spec to a module in one call."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from netdsl.backends.torch_source import torch_source
from netdsl.elaborate import compile as compile_net
from netdsl.ir.graph import Graph
from netdsl.ir.types import Scalar, Shape
from netdsl.rewrites.logits import strip_probabilities
from netdsl.runtime.dependency import require_torch
from netdsl.runtime.module import instantiate

if TYPE_CHECKING:
    from torch import nn


def load(
    source: str | os.PathLike[str] | Graph,
    *,
    variant: str | None = None,
    set: Mapping[str, Scalar] | None = None,
    input: str | Shape | None = None,
    logits: bool = False,
) -> nn.Module:
    """Compiles a spec and returns its module, weights started as the spec says, on the CPU, in training mode.

    ``source``, ``variant``, ``set`` and ``input`` are those of :func:`netdsl.compile`; a graph is taken as it is, so
    the three options do not go with one (``TypeError``). ``logits`` takes a soft-max off the end of each output.

    The module is an ordinary ``nn.Module``: it takes tensors ``(batch, channels, *spatial)``, one for each input of the
    net. With one output it returns a tensor; a net with outputs for training returns a named tuple in training mode,
    ``main`` first, and its main output alone after ``.eval()``. Its source is that of ``netdsl build``.

    Raises :class:`NetdslError` for what is wrong with the spec, and where torch cannot be imported.
    """
    require_torch()
    if isinstance(source, Graph):
        if variant is not None or set is not None or input is not None:
            raise TypeError("a graph is compiled already: `variant`, `set` and `input` go with a spec")
        graph = source
    else:
        spec = source if isinstance(source, str) else Path(source)
        graph = compile_net(spec, variant=variant, set=set, input=input)
    if logits:
        graph = strip_probabilities(graph)
    return instantiate(torch_source(graph), graph.name)
