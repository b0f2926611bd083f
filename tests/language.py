"""What the tests of the language ask of a spec: its graph, and a few short views of it."""

from __future__ import annotations

from typing import Any

from netdsl.diagnostics.printing import render
from netdsl.elaborate import Compilation, analyse
from netdsl.ir.graph import Graph, Node
from netdsl.ir.types import Shape


def spec(text: str, input: str | None = "3x8x8") -> str:
    """A text with an input before it, and a line end behind it (a text of one line would be a path)."""
    return (f"input {input}\n" if input is not None else "") + text + "\n"


def made(text: str, **options: Any) -> Compilation:
    """Everything that a spec comes to; ``input3x8x8`` stands before it unless ``before`` says otherwise."""
    return analyse(spec(text, options.pop("before", "3x8x8")), **options)


def graph(text: str, **options: Any) -> Graph:
    """The graph of a spec that must compile."""
    compiled = made(text, **options)
    assert compiled.graph is not None, render(compiled.diagnostics, compiled.sources)
    return compiled.graph


def nodes(text: str, **options: Any) -> list[Node]:
    """Every node but the inputs."""
    return [node for node in graph(text, **options).nodes if node.op.keyword != "input"]


def words(text: str, **options: Any) -> list[str]:
    """The operators in order, inputs left out."""
    return [node.op.keyword for node in nodes(text, **options)]


def modules(text: str, **options: Any) -> list[str]:
    """The paths of modules, in order, each once."""
    return list(dict.fromkeys(node.module for node in nodes(text, **options) if node.module is not None))


def only(text: str, **options: Any) -> Node:
    """The one node of a spec of one layer."""
    (node,) = nodes(text, **options)
    return node


def shape(text: str, **options: Any) -> Shape:
    """The shape of the main output."""
    found = graph(text, **options)
    return found.nodes[found.outputs[0].node].shape


def codes(text: str, **options: Any) -> list[str]:
    """The codes of everything that is said, by place."""
    return [diagnostic.code for diagnostic in made(text, **options).diagnostics]


def said(text: str, **options: Any) -> list[tuple[str, str]]:
    """Code and the text under the carets of everything that is said."""
    compiled = made(text, **options)
    found = []
    for diagnostic in compiled.diagnostics:
        span = diagnostic.span
        found.append((diagnostic.code, "" if span is None else compiled.sources[span.file].text[span.start : span.end]))
    return found


def keys(found: Graph) -> dict[str, tuple[int, ...]]:
    """The keys of the net's state dict with their shapes, in order."""
    tensors: dict[str, tuple[int, ...]] = {}
    for node in found.nodes:
        for tensor in node.op.tensors(found.input_shapes(node)):
            assert node.module is not None
            tensors[f"{node.module}.{tensor.name}" if tensor.name else node.module] = tensor.shape
    return tensors


def params(found: Graph) -> int:
    """Trainable parameters, a shared module once, counted here and not by the analyses."""
    counted: dict[str, int] = {}
    for node in found.nodes:
        for tensor in node.op.tensors(found.input_shapes(node)):
            if tensor.trainable:
                counted[f"{node.module}.{tensor.name}"] = tensor.size
    return sum(counted.values())
