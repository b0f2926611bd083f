"""From a spec to a module in one call."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from netdsl.backends.torch_source import torch_source
from netdsl.diagnostics import NetdslError, printable
from netdsl.elaborate import LIMITS, analyse, split_variant
from netdsl.elaborate import compile as compile_net
from netdsl.ir.graph import Graph
from netdsl.ir.types import Scalar, Shape
from netdsl.rewrites.logits import strip_probabilities
from netdsl.runtime.dependency import require_torch
from netdsl.runtime.module import instantiate

if TYPE_CHECKING:
    from torch import nn

    from netdsl.runtime.weights import Comparison


class WeightsWarning(UserWarning):
    """Says what ``partial=True`` left as it started."""


def load(
    source: str | os.PathLike[str] | Graph,
    *,
    variant: str | None = None,
    set: Mapping[str, Scalar] | None = None,
    input: str | Shape | None = None,
    logits: bool = False,
    weights: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    partial: bool = False,
    seed: int | None = None,
) -> nn.Module:
    """Compiles a spec and returns its module, weights started as the spec says, on the CPU, in training mode.

    ``source``, ``variant``, ``set`` and ``input`` are those of :func:`netdsl.compile`; a graph is taken as it is, so
    the three options do not go with one (``TypeError``). ``logits`` takes a soft-max off the end of each output.

    ``weights`` is a checkpoint: a safetensors file, a file of ``torch.save`` (``torch.load(weights_only=True)`` reads
    it, so that nothing of it runs), or a ``state_dict`` in hand. The key map beside the spec, if there is one, is
    applied first. Every tensor must fit; ``partial`` takes those that do, and a :class:`WeightsWarning` says what was
    left.

    ``seed`` starts the weights from that seed: the same ones whatever was drawn before, on any number of threads, and
    what is drawn afterwards is what it would have been.

    The module is an ordinary ``nn.Module``: it takes tensors ``(batch, channels, *spatial)``, one for each input of the
    net. With one output it returns a tensor; a net with outputs for training returns a named tuple in training mode,
    ``main`` first, and its main output alone after ``.eval()``. Its source is that of ``netdsl build``.

    Raises :class:`NetdslError` for what is wrong with the spec, for a checkpoint that cannot be read or does not fit
    (there is no module then), and where torch cannot be imported.
    """
    if partial and weights is None:
        raise TypeError("`partial` goes with `weights`")
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
        raise TypeError(f"`seed` is a whole number, not {seed!r}")
    require_torch()
    if isinstance(source, Graph):
        if variant is not None or set is not None or input is not None:
            raise TypeError("a graph is compiled already: `variant`, `set` and `input` go with a spec")
        graph = source
    else:
        spec = source if isinstance(source, str) else Path(source)
        graph = compile_net(spec, variant=variant, set=set, input=input)
    found = None if weights is None else _held(graph, weights)
    if found is not None and ((not found.fits and not partial) or not found.matched):
        raise _unfit(found, source, set, input)
    if logits:
        graph = strip_probabilities(graph)
    with _seeded(seed):
        module = instantiate(torch_source(graph), graph.name)
    if seed is not None:
        module.to(require_torch().get_default_device())
    if found is not None:
        _fill(module, found, _maker(source, set, input))
    _GRAPHS[module] = graph
    return module


#: The graphs of the nets that were loaded, for as long as these live.
_GRAPHS: WeakKeyDictionary[Any, Graph] = WeakKeyDictionary()


def graph_of(module: nn.Module) -> Graph | None:
    """The graph of a net that :func:`load` returned, and whose parameters are still those of the graph; else None."""
    graph = _GRAPHS.get(module)
    if graph is None:
        return None
    wanted: dict[str, tuple[int, ...]] = {}
    for node in graph.nodes:
        for tensor in node.op.tensors(graph.input_shapes(node)):
            wanted[f"{node.module}.{tensor.name}" if tensor.name else str(node.module)] = tensor.shape
    same = {key: tuple(tensor.shape) for key, tensor in module.state_dict().items()} == wanted
    return graph if same else None


def _held(graph: Graph, weights: str | os.PathLike[str] | Mapping[str, Any]) -> Comparison:
    from netdsl.runtime.weights import compare, find

    return compare(graph, find(weights, nodes=max(len(graph.nodes), LIMITS.nodes)))


def _unfit(
    found: Comparison,
    source: str | os.PathLike[str] | Graph,
    set: Mapping[str, Scalar] | None,
    input: str | Shape | None,
) -> NetdslError:
    """Every problem of a checkpoint; where it is another variant's or has other names, that alone."""
    from netdsl.runtime.explain import explain, in_one

    one = in_one(found, _maker(source, set, input))
    return NetdslError([one] if one is not None else explain(found), found.graph.sources)


def _maker(
    source: str | os.PathLike[str] | Graph, set: Mapping[str, Scalar] | None, input: str | Shape | None
) -> Callable[[str], Graph | None]:
    """What compiles another variant of the spec that was asked for; None comes of a graph."""

    def make(variant: str) -> Graph | None:
        if isinstance(source, Graph):
            return None
        named = isinstance(source, str) and "\n" not in source
        plain = Path(split_variant(os.fspath(source))[0]) if named or not isinstance(source, str) else source
        return analyse(plain, variant=variant, set=set, input=input).graph

    return make


def _fill(module: nn.Module, found: Comparison, make: Callable[[str], Graph | None]) -> None:
    """Gives a module the tensors that fit: all are read before the first is changed."""
    from netdsl.runtime.explain import better_variant, share
    from netdsl.runtime.weights import values

    module.load_state_dict(values(found), strict=False)
    if found.problems:
        left = [row.key for row in found.problems]
        shown = ", ".join(left[:6]) + (f" and {len(left) - 6:,} more" if len(left) > 6 else "")
        message = f"{found.checkpoint.name}: {share(found)} and were loaded; these were not: {shown}"
        better = better_variant(found, make)
        message += f"; {better}" if better is not None else ""
        warnings.warn(printable(message), WeightsWarning, stacklevel=3)


@contextmanager
def _seeded(seed: int | None) -> Iterator[None]:
    """Inside, numbers are drawn from ``seed``, by one thread, on the CPU; the state outside is left as it was."""
    torch = require_torch()
    if seed is None:
        yield
        return
    threads = torch.get_num_threads()
    # No torch.manual_seed: it would seed every GPU too.
    with torch.random.fork_rng(devices=[]), torch.device("cpu"):
        torch.default_generator.manual_seed(seed)
        # Some schemes (an orthogonal matrix) round otherwise with another number of threads.
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
