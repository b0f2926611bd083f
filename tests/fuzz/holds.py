"""What must hold of any file: an answer soon, as diagnostics or as a graph that everything can be done with."""

from __future__ import annotations

import ast
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import netdsl
from netdsl.analyses.explain import layer
from netdsl.backends.draw import drawing
from netdsl.backends.torch_source import torch_source
from netdsl.diagnostics import CODES, NetdslError
from netdsl.diagnostics.printing import render
from netdsl.elaborate import analyse, expand
from netdsl.ir.graph import Graph
from netdsl.ir.print import from_json, text, to_json
from netdsl.syntax.format import format

#: Smaller than the defaults, which makes inputs quick that run into a bound.
LIMITS = netdsl.Limits(nodes=1_000)

#: Seconds of processor time that one input may take, on a machine that is slow and shared.
PATIENCE = 10.0


class Slow(Exception):
    """An input that takes too long."""


@contextmanager
def soon(seconds: float) -> Iterator[None]:
    """Raises :class:`Slow` inside after so much processor time."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Slow(f"over {seconds:g} s")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def check(data: bytes, file: Path) -> bool:
    """Holds what must hold of ``data``, which is written to ``file``; whether it compiled. Raises where it does not."""
    file.write_bytes(data)
    with soon(PATIENCE):
        made = analyse(file, limits=LIMITS)
        said = render(made.diagnostics, made.sources)
        for diagnostic in made.diagnostics:
            assert diagnostic.code in CODES
            assert "\n" not in diagnostic.message
            assert diagnostic.help, f"{diagnostic.code} has no help"
            assert "\n" not in diagnostic.help
            assert diagnostic.message.count("`") % 2 == 0 or "`" in str(data)
            for span in filter(None, (diagnostic.span, *(note.span for note in diagnostic.notes))):
                assert 0 <= span.start <= span.end <= len(made.sources[span.file].text) + 1, diagnostic
        assert "\x1b" not in said
        assert (made.graph is None) == bool(made.errors)
        for source in made.sources[:1]:
            _format(source.text, made.graph, file)
        if made.graph is None:
            return False
        for variant in made.variants[:3]:
            analyse(file, variant=variant, limits=LIMITS)
        _use(made.graph, file)
    return True


def _use(graph: Graph, file: Path) -> None:
    """Everything that needs no torch."""
    for view in ("infer", "train"):
        numbers = netdsl.stats(graph, view=view)
        numbers.to_json("block")
    assert text(graph)
    assert from_json(to_json(graph)) == graph
    source = torch_source(graph)
    names = {alias.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Import) for alias in node.names}
    froms = {node.module for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)}
    assert names | froms <= _IMPORTS, names | froms
    if len(graph.nodes) < 300:
        for kind in ("overview", "layers"):
            assert drawing(graph, kind=kind).dot
        for node in graph.nodes[:3]:
            layer(graph, node)
    written = expand(file, limits=LIMITS)
    again = analyse(written, limits=LIMITS)
    if again.graph is None:
        codes = {error.code for error in again.errors}
        assert codes <= {"ND007", "ND218"}, f"expand's text does not compile: {again.errors[0]}"
    else:
        assert [n.shape for n in again.graph.nodes] == [n.shape for n in graph.nodes]


#: What generated source may import.
_IMPORTS = frozenset({"torch", "torch.nn", "torch.nn.functional", "torch.utils.checkpoint", "math", "typing"})
_IMPORTS |= {"collections", "collections.abc", "__future__", "functools"}


def _format(old: str, graph: Graph | None, file: Path) -> None:
    """What is formatted compiles to the same graph, and stays as it is."""
    new, problems = format(netdsl.diagnostics.Source("x", old))
    if new is None:
        assert problems
        return
    again, _ = format(netdsl.diagnostics.Source("x", new))
    assert again == new, "formatting twice gives another text"
    if graph is not None:
        file.write_text(new, encoding="utf-8", newline="")
        same = analyse(file, limits=LIMITS)
        assert same.graph is not None, f"the formatted text does not compile: {same.errors[:1]}"
        assert [(n.name, n.op, n.inputs, n.shape) for n in same.graph.nodes] == [
            (n.name, n.op, n.inputs, n.shape) for n in graph.nodes
        ]
        file.write_text(old, encoding="utf-8", newline="")


def where(error: BaseException) -> str:
    """Where an error arose: what tells one find from another."""
    frame = error.__traceback__
    last = ""
    while frame is not None:
        code = frame.tb_frame.f_code
        if "netdsl" in code.co_filename or "fuzz" in code.co_filename:
            last = f"{Path(code.co_filename).name}:{code.co_name}"
        frame = frame.tb_next
    words = str(error).split("Diagnostic(", 1)[0] + "".join(re.findall(r"ND\d{3}", str(error))[:1])
    about = "-" + words[:60] if isinstance(error, AssertionError) else ""
    return re.sub(r"[^\w:.-]+", "_", f"{type(error).__name__}-{last}{about}")


__all__ = ["LIMITS", "NetdslError", "Slow", "check", "soon", "where"]
