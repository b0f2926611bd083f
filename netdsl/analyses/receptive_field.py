"""Receptive fields: which elements of the input each element of a map can see, one value for each spatial axis.

An element is a place of a map with all its channels. It sees what its value is computed from, through windows, joins,
enlargements and axes that move. Maps are taken to go on beyond their edges, so padding counts; a layer that sees a
whole axis (global pooling, fc) sees what there is of it. Two ways are not followed, by which all of an image would tell
on each element: the statistics of a norm, and a gate with one factor a channel, as in squeeze-and-excitation.

The recurrences for windows are those of Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural
Networks", Distill 2019: a window of ``k`` elements widens the field by ``(k-1)`` jumps, and a stride multiplies the
jump. The elements of an enlarged map differ: their fields are a pattern that comes round, and each is traced by itself
(:mod:`netdsl.analyses.patterns`).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from netdsl.analyses.paths import cuts, feeding, mapped
from netdsl.analyses.patterns import ALONE, UNKNOWN, Along, Axis, Slot, fixed, lost
from netdsl.analyses.recent import recent
from netdsl.analyses.view import Seen, carried, see
from netdsl.ir.graph import Graph, Node
from netdsl.ir.types import Rearrangement, Shape, Step, View

#: One :class:`Axis` for each spatial axis of the input; empty for a vector.
Field = tuple[Axis, ...]

_INPUT: Final = Axis(1, 1, 0)


class Reach(NamedTuple):
    """What the totals say: the field of ``node``, the last map before the first global pooling or fc."""

    node: int
    field: Field


def receptive_fields(graph: Graph, view: View = "infer") -> list[Field | None]:
    """The field of each node by index; along each axis of the input of which most is seen, where there are several.

    None where there is none: outside the view, in a map that is made of vectors which enter the net, and after a
    ``reshape`` that parts an axis or makes one of two, once a layer looks at neighbours there.
    """
    return fields_of(graph, see(graph, view))


@recent(4)
def fields_of(graph: Graph, seen: Seen) -> list[Field | None]:
    """Like :func:`receptive_fields`, for a view that has been taken. Linear in the nodes."""
    return _Tracing(graph, seen).fields()


# -- where on a tensor it is seen from ---------------------------------------------------------------------------------

#: ``(stride, length)``: element ``i`` of a tensor, counted from the first channel on, sees what the slot says of place
#: ``i // stride % length``, whatever shape the tensor is given. None where all elements see the same.
_Carrier = tuple[int, int] | None


class _Laid(NamedTuple):
    """The slots of a tensor whose axes are no longer those of the input, after ``permute`` or ``reshape``."""

    slots: tuple[Slot, ...]
    carriers: tuple[_Carrier, ...]


#: What is known of a tensor: the slots alone where its axes, after the channels, are those of the input, or where all
#: its elements see the same.
_State = tuple[Slot, ...] | _Laid


def _strides(shape: Shape) -> list[int]:
    strides = [1] * len(shape)
    for axis in range(len(shape) - 2, -1, -1):
        strides[axis] = strides[axis + 1] * shape[axis + 1]
    return strides


def _axis_of(carrier: tuple[int, int], shape: Shape, strides: list[int]) -> int | None:
    """The axis of a tensor on which a slot lies, if it is one alone."""
    stride, length = carrier
    for axis, each in enumerate(strides):
        if stride % each == 0 and each * shape[axis] % (stride * length) == 0:
            return axis
    return None


class _Tracing:
    """One walk over the nodes of a view."""

    def __init__(self, graph: Graph, seen: Seen) -> None:
        self.graph = graph
        self.seen = seen
        self.along = Along()
        #: For each slot the spatial axis of its input, from 0; and for each input of the net its first slot.
        self.homes: list[int] = []
        self.first: dict[int, int] = {}
        for node in seen.nodes:
            if not seen.inputs[node.index]:
                self.first[node.index] = len(self.homes)
                self.homes += range(len(node.shape) - 1)

    def fields(self) -> list[Field | None]:
        states: list[_State | None] = [None] * len(self.graph.nodes)
        table: list[Field | None] = [None] * len(self.graph.nodes)
        for node in self.seen.nodes:
            index = node.index
            inputs = self.seen.inputs[index]
            state: _State | None
            if not inputs:
                state = self._entering(node)
            elif len(inputs) == 1:
                state = states[inputs[0]]
            else:
                inputs = mapped(self.graph, node, inputs)
                state = states[inputs[0]] if len(inputs) == 1 else self._joined(node.shape, inputs, states)
            if state is None:
                continue
            if inputs:
                state = self._after(node, state)
            states[index] = state
            if len(node.shape) == 1:
                table[index] = ()
            elif inputs and state is states[inputs[0]] and table[inputs[0]]:
                table[index] = table[inputs[0]]
            else:
                table[index] = self._shown(state, node.shape)
        return table

    def _entering(self, node: Node) -> _State:
        slots: list[Slot] = [None] * len(self.homes)
        for axis in range(len(node.shape) - 1):
            slots[self.first[node.index] + axis] = _INPUT
        return tuple(slots)

    def _lengths(self, shape: Shape) -> list[int]:
        """For each slot the length of its axis, where a tensor of this shape has the axes of the input."""
        return [shape[home + 1] if home + 1 < len(shape) else 1 for home in self.homes]

    # -- what is shown -------------------------------------------------------------------------------------------------

    def _shown(self, state: _State, shape: Shape) -> Field | None:
        if isinstance(state, _Laid):
            slots, lengths = state.slots, [1 if carrier is None else carrier[1] for carrier in state.carriers]
        else:
            slots, lengths = state, self._lengths(shape)
        field: list[Axis] = []
        last: tuple[Slot, int, Axis | None] = (None, 0, None)
        for home, slot, length in zip(self.homes, slots, lengths):
            if slot is None:
                continue
            if isinstance(slot, Axis):
                axis: Axis | None = slot
            elif slot is not last[0] or length != last[1]:
                axis = self.along.measured(slot, length)
                last = slot, length, axis
            else:
                axis = last[2]
            if axis is None:
                return None
            if home == len(field):
                field.append(axis)
            else:
                widest = max(field[home], axis, key=lambda one: one.size)
                field[home] = widest._replace(jump=max(field[home].jump, axis.jump))
        return tuple(field) or None

    # -- one layer -----------------------------------------------------------------------------------------------------

    def _after(self, node: Node, state: _State) -> _State:
        op, shape = node.op, node.shape
        if op.variadic:
            return state
        inputs = self.graph.input_shapes(node)
        if isinstance(state, _Laid):
            return self._laid(node, inputs, state)
        steps = op.steps(inputs)
        if steps is None:
            move = op.rearranges(inputs)
            if move is not None:
                return self._moved(move, inputs[0], shape, state)
            return state if len(shape) == len(inputs[0]) else tuple([lost(slot) for slot in state])
        slots: list[Slot] = []
        before: tuple[Slot, Step, int] | None = None
        for home, slot, length in zip(self.homes, state, self._lengths(shape)):
            if slot is None or home >= len(steps):
                slots.append(lost(slot))
                continue
            step = steps[home]
            if before is not None and slot is before[0] and step == before[1] and length == before[2]:
                slots.append(slots[-1])
                continue
            before = slot, step, length
            slots.append(self.along.stepped(slot, step, length))
        return tuple(slots)

    # -- joins ---------------------------------------------------------------------------------------------------------

    def _joined(self, shape: Shape, inputs: tuple[int, ...], states: list[_State | None]) -> _State | None:
        known = [(state, self.graph.nodes[at].shape) for at in inputs if (state := states[at]) is not None]
        if not known:
            return None
        first = known[0][0]
        if not isinstance(first, _Laid) and all(state is first for state, _ in known):
            return first
        plain = [state for state, _ in known if not isinstance(state, _Laid)]
        if len(plain) < len(known):
            return self._joined_laid(shape, [(self._lay(state, own), own) for state, own in known])
        slots: list[Slot] = []
        before: tuple[list[Slot], int] | None = None
        for at, length in enumerate(self._lengths(shape)):
            found = [state[at] for state in plain]
            slots.append(slots[-1] if (found, length) == before else self.along.union(found, length))
            before = found, length
        return tuple(slots)

    def _joined_laid(self, shape: Shape, known: list[tuple[_Laid, Shape]]) -> _State:
        slots: list[Slot] = []
        carriers: list[_Carrier] = []
        channel = _strides(shape)[0]
        for at in range(len(self.homes)):
            found = [state.slots[at] for state, _ in known]
            of = {state.carriers[at] for state, _ in known} - {None}
            carrier = of.pop() if of else None
            # Places of the image among the channels, of which a `concat` makes more.
            more = carrier is not None and carrier[0] * carrier[1] > channel and any(own != shape for _, own in known)
            if of or more:
                slots.append(UNKNOWN)
                carriers.append(None)
            else:
                slots.append(self.along.union(found, 1 if carrier is None else carrier[1]))
                carriers.append(carrier)
        return self._unlaid(slots, carriers, shape)

    # -- axes that move ------------------------------------------------------------------------------------------------

    def _lay(self, state: _State, shape: Shape) -> _Laid:
        if isinstance(state, _Laid):
            return state
        slots: list[Slot] = []
        carriers: list[_Carrier] = []
        strides = _strides(shape)
        for home, slot in zip(self.homes, state):
            carrier: _Carrier = None
            if slot is not None and not fixed(slot):
                if home + 1 >= len(shape):
                    slot = UNKNOWN
                elif shape[home + 1] == 1:
                    slot = self.along.whole(slot, ALONE)
                else:
                    carrier = strides[home + 1], shape[home + 1]
            slots.append(slot)
            carriers.append(carrier)
        return _Laid(tuple(slots), tuple(carriers))

    def _unlaid(self, slots: list[Slot], carriers: list[_Carrier], shape: Shape) -> _State:
        """The slots alone, where each lies on the axis that it has in the input, if as one of several in a row."""
        strides = _strides(shape)
        alone: list[Slot] = []
        for home, slot, carrier in zip(self.homes, slots, carriers):
            if slot is not None and carrier is not None:
                axis, (stride, length) = home + 1, carrier
                if axis >= len(shape) or stride % strides[axis] or stride * length != strides[axis] * shape[axis]:
                    return _Laid(tuple(slots), tuple(carriers))
                slot = self.along.repeated(slot, stride // strides[axis], shape[axis])
            alone.append(slot)
        return tuple(alone)

    def _moved(self, move: Rearrangement, entering: Shape, shape: Shape, state: _State) -> _State:
        laid = self._lay(state, entering)
        slots, carriers = list(laid.slots), list(laid.carriers)
        if list(move.order) != sorted(move.order):
            turned = [move.split[axis] for axis in move.order]
            before, after = _strides(move.split), _strides(tuple(turned))
            for at, carrier in enumerate(carriers):
                if carrier is None:
                    continue
                axis = _axis_of(carrier, move.split, before)
                if axis is None:
                    slots[at], carriers[at] = UNKNOWN, None
                else:
                    carriers[at] = carrier[0] // before[axis] * after[move.order.index(axis)], carrier[1]
        return self._unlaid(slots, carriers, shape)

    def _laid(self, node: Node, inputs: tuple[Shape, ...], state: _Laid) -> _State:
        """Like :meth:`_after`, where axes have moved."""
        op, entering, shape = node.op, inputs[0], node.shape
        move = op.rearranges(inputs)
        if move is not None:
            return self._moved(move, entering, shape, state)
        steps, across = op.steps(inputs), op.across(inputs)
        if steps is None and across is None and shape == entering:
            return state
        slots: list[Slot] = []
        carriers: list[_Carrier] = []
        before, after = _strides(entering), _strides(shape)
        for slot, carrier in zip(state.slots, state.carriers):
            if slot is None or carrier is None:
                slots.append(slot)
                carriers.append(None)
                continue
            stride, length = carrier
            axis = _axis_of(carrier, entering, before)
            step = None if axis is None else across if axis == 0 else steps[axis - 1] if steps else None
            if op.flattens or (step is not None and step.whole):
                outputs = 1 if op.flattens or step is None else step.upscale
                slot, carrier = self.along.whole(slot, Step(length, length, 0, outputs, whole=True)), None
            elif axis is None or axis >= len(shape):
                slot, carrier = UNKNOWN, None
            elif step is None or step == ALONE:
                kept = shape[axis] == entering[axis]
                slot, carrier = (slot, (stride // before[axis] * after[axis], length)) if kept else (UNKNOWN, None)
            elif stride // before[axis] * length < entering[axis]:
                # The places come several times over along the axis: neighbours there are not always neighbours.
                slot, carrier = UNKNOWN, None
            else:
                slot = self.along.repeated(slot, stride // before[axis], entering[axis])
                slot = self.along.stepped(slot, step, shape[axis])
                carrier = after[axis], shape[axis]
                if shape[axis] == 1:
                    slot, carrier = self.along.whole(slot, ALONE), None
            slots.append(slot)
            carriers.append(None if slot is UNKNOWN else carrier)
        return self._unlaid(slots, carriers, shape)


# -- the map that stands for the net -----------------------------------------------------------------------------------


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
