"""Receptive fields: which elements of the input each element of a map can see, one value for each spatial axis.

The recurrences are those of Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks",
Distill 2019: a window of ``k`` elements widens the field by ``(k-1)`` jumps, and a stride multiplies the jump.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from netdsl.analyses.paths import cuts, feeding, mapped
from netdsl.analyses.view import Seen, carried, see
from netdsl.ir.graph import Graph, Node
from netdsl.ir.types import Step, View

if TYPE_CHECKING:
    from fractions import Fraction

    Number = int | Fraction


class Axis(NamedTuple):
    """The receptive field along one axis, in elements of the net's input.

    Element ``n`` of the map sees the ``size`` input elements from ``start + n*jump`` on; those below zero are padding.
    ``jump`` and ``start`` are fractions below a layer that enlarges its input, whole everywhere else.
    """

    size: Number
    jump: Number
    start: Number


#: One :class:`Axis` for each spatial axis; empty for a vector.
Field = tuple[Axis, ...]

_INPUT = Axis(1, 1, 0)


class Reach(NamedTuple):
    """What the totals say: the field of ``node``, the last map before the first global pooling or fc."""

    node: int
    field: Field


def receptive_fields(graph: Graph, view: View = "infer") -> list[Field | None]:
    """The field of each node by index; None where there is none: outside the view, or a map made from a vector."""
    return fields_of(graph, see(graph, view))


def fields_of(graph: Graph, seen: Seen) -> list[Field | None]:
    """Like :func:`receptive_fields`, for a view that has been taken. Linear in the nodes."""
    nodes = graph.nodes
    table: list[Field | None] = [None] * len(nodes)
    for node in seen.nodes:
        index = node.index
        rank = len(node.shape) - 1
        inputs = seen.inputs[index]
        if not inputs:
            table[index] = (_INPUT,) * rank
            continue
        if len(inputs) == 1:
            field = table[inputs[0]]
        else:
            field = _joined([table[at] for at in mapped(graph, node, inputs)])
        if rank == 0:
            table[index] = ()
        elif field is not None and len(field) == rank:
            steps = node.op.steps(graph.input_shapes(node))
            table[index] = field if steps is None else tuple(map(_step, field, steps))
    return table


def _joined(fields: list[Field | None]) -> Field | None:
    known = [field for field in fields if field is not None]
    if not known or any(len(field) != len(known[0]) for field in known):
        return None
    if all(field == known[0] for field in known):
        return known[0]
    return tuple(
        Axis(max(a.size for a in axes), max(a.jump for a in axes), min(a.start for a in axes)) for axes in zip(*known)
    )


def _step(axis: Axis, step: Step) -> Axis:
    size, jump, start = axis
    after: Number = jump * step.stride
    if step.upscale != 1:
        # Only nets that enlarge their maps pay for importing fractions.
        from fractions import Fraction

        after = _whole(Fraction(after) / step.upscale)
    return Axis(_whole(size + (step.size - 1) * jump), after, _whole(start - step.pad * jump))


def _whole(number: Number) -> Number:
    return number.numerator if number.denominator == 1 else number


def reach(graph: Graph, view: View = "infer") -> Reach | None:
    """The net's receptive field and downsampling (the jump): those of :func:`last_map`; None where there is no map."""
    seen = see(graph, view)
    return reach_of(graph, seen, fields_of(graph, seen))


def reach_of(graph: Graph, seen: Seen, fields: list[Field | None]) -> Reach | None:
    """Like :func:`reach`, for fields that have been computed."""
    at = last_map(graph, seen)
    if at is None:
        return None
    field = fields[at]
    return Reach(at, field) if field else None


def last_map(graph: Graph, seen: Seen) -> int | None:
    """The node whose map is the last before the first global pooling or fc that every path to the main output passes.

    So the pooling of a squeeze-and-excitation block does not count. Where no pooling or fc is such, it is the main
    output itself if that is a map, else the map before the first of them; None where there is no map at all.
    """
    main = seen.outputs[0][1]
    all_feeding = feeding(graph, seen, main)
    ends = [node for node in all_feeding if _ends_maps(node)]
    through = {node.index for node in cuts(seen, all_feeding)} if ends else set()
    for node in ends:
        if node.index in through:
            return _map_before(graph, seen, node)
    if len(graph.nodes[main].shape) > 1:
        return main
    return _map_before(graph, seen, ends[0] if ends else graph.nodes[main])


def _ends_maps(node: Node) -> bool:
    return node.op.pools_all or (node.op.category == "fc" and len(node.shape) == 1)


def _map_before(graph: Graph, seen: Seen, node: Node) -> int | None:
    inputs = carried(node, seen.inputs[node.index])
    while inputs:
        at = inputs[0]
        if len(graph.nodes[at].shape) > 1:
            return at
        inputs = carried(graph.nodes[at], seen.inputs[at])
    return None
