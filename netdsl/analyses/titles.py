"""What nets are called where one is shown, or several beside one another."""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.ir.graph import Graph


def net_name(graph: Graph) -> str:
    """``resnet 50``."""
    return graph.name if graph.variant is None else f"{graph.name} {graph.variant}"


def net_names(graphs: Sequence[Graph]) -> list[str]:
    """A name for each net; those that would have one name have the settings in which they differ behind it."""
    names = [net_name(graph) for graph in graphs]
    settings = [dict(graph.settings) for graph in graphs]
    told = []
    for name, own in zip(names, settings, strict=True):
        others = [other for other, same in zip(settings, names, strict=True) if same == name]
        words = [f"{key}={own[key]}" for key in own if any(other.get(key) != own[key] for other in others)]
        told.append(" ".join([name, *words]))
    return told
