"""Receptive fields: which elements of the input each element of a map can see, one value for each spatial axis.

An element is a place of a map with all its channels. It sees what its value is computed from, through windows, joins,
enlargements and axes that move. Maps are taken to go on beyond their edges, so padding counts; a layer that sees a
whole axis (global pooling, fc) sees what there is of it. Two ways are not followed, by which all of an image would tell
on each element: the statistics of a norm, and a gate with one factor a channel, as in squeeze-and-excitation.

The recurrences for windows are those of Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural
Networks", Distill 2019: a window of ``k`` elements widens the field by ``(k-1)`` jumps, and a stride multiplies the
jump. The elements of an enlarged map differ: their fields are a pattern that comes round, and each is traced by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import gcd, lcm
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from netdsl.analyses.paths import cuts, feeding, mapped
from netdsl.analyses.view import Seen, carried, see
from netdsl.ir.graph import Graph, Node
from netdsl.ir.types import Rearrangement, Shape, Step, View

if TYPE_CHECKING:
    from fractions import Fraction

    Number = int | Fraction


class Axis(NamedTuple):
    """The receptive field along one axis, in elements of the net's input.

    ``size`` is the extent, from the first element seen to the last, of the element of the map that sees most.
    ``jump`` is the step in the input between neighbouring elements: an average where steps differ (a fraction in a map
    that is finer than the input), the largest where branches of different steps meet. ``start`` is the first element
    that the first one sees; below zero is padding. Where nothing enlarges its input, element ``n`` sees the ``size``
    elements from ``start + n*jump`` on.
    """

    size: int
    jump: Number
    start: int


#: One :class:`Axis` for each spatial axis of the input; empty for a vector.
Field = tuple[Axis, ...]

_INPUT: Final = Axis(1, 1, 0)
#: A pattern longer than the axis that it lies on is cut to it, unless it is this short.
_SHORT: Final = 64
#: As many patterns with different steps are kept apart where branches join.
_APART: Final = 4
#: Entries of all patterns of a graph together. What would take more counts as unknown.
_BUDGET: Final = 100_000


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


def fields_of(graph: Graph, seen: Seen) -> list[Field | None]:
    """Like :func:`receptive_fields`, for a view that has been taken. Linear in the nodes."""
    return _Tracing(graph, seen).fields()


# -- what is seen along one axis of one input --------------------------------------------------------------------------

#: The first and the last element that are seen; None for a place that sees nothing.
_Extent = tuple[int, int] | None


class _Pattern(NamedTuple):
    """Extents that come round: place ``n`` sees ``table[n % len(table)]``, ``n // len(table) * shift`` further on.

    ``even`` says that every place sees something and that neither end ever goes back, so that what a window of places
    sees begins with the first and ends with the last of them.
    """

    table: tuple[_Extent, ...]
    shift: int
    even: bool

    def at(self, place: int) -> _Extent:
        turns, rest = divmod(place, len(self.table))
        extent = self.table[rest]
        return None if extent is None else (extent[0] + turns * self.shift, extent[1] + turns * self.shift)


class _Traced(NamedTuple):
    """A union of patterns with different steps; ``jump`` as in :class:`Axis`. Of no patterns: unknown."""

    patterns: tuple[_Pattern, ...]
    jump: Number


#: What each place sees along one axis of one input of the net; None where nothing of that input enters.
_Slot = Axis | _Traced | None

_UNKNOWN: Final = _Traced((), 0)


def _pattern(table: Sequence[_Extent], shift: int) -> _Pattern:
    if None in table:
        return _Pattern(tuple(table), shift, False)
    some = [extent for extent in table if extent is not None]
    begin, end = some[-1]
    before = [(begin - shift, end - shift), *some[:-1]]
    even = all(one[0] <= two[0] and one[1] <= two[1] for one, two in zip(before, some))
    return _Pattern(tuple(table), shift, even)


def _patterns(slot: Axis | _Traced) -> tuple[_Pattern, ...]:
    if isinstance(slot, _Traced):
        return slot.patterns
    assert isinstance(slot.jump, int)
    return (_Pattern(((slot.start, slot.start + slot.size - 1),), slot.jump, True),)


def _slot(patterns: Sequence[_Pattern], jump: Number) -> Axis | _Traced:
    """A slot of these patterns: an :class:`Axis` where all places see alike, each a step further on."""
    if len(patterns) == 1:
        (extent, *more), shift, _ = patterns[0]
        if extent is not None and not more and shift:
            return Axis(extent[1] - extent[0] + 1, shift, extent[0])
    return _Traced(tuple(patterns), jump)


def _fixed(slot: _Slot) -> bool:
    """Whether all places see the same, as after a layer that sees a whole axis. What is unknown is so everywhere."""
    return slot is None or (isinstance(slot, _Traced) and all(pattern.shift == 0 for pattern in slot.patterns))


def _hull(extents: Sequence[_Extent]) -> _Extent:
    some = [extent for extent in extents if extent is not None]
    return (min([first for first, _ in some]), max([last for _, last in some])) if some else None


def _seen(pattern: _Pattern, windows: Sequence[_Extent], spacing: int) -> list[_Extent]:
    """What windows of places see, ``spacing`` apart. One whose last place is before its first sees nothing."""
    if pattern.even and None not in windows:
        some = [window for window in windows if window is not None]
        firsts = _ends(pattern, [first for first, _ in some], 0)
        lasts = _ends(pattern, [last for _, last in some], 1)
        seen: list[_Extent] = [*zip(firsts, lasts)]
        if all(first <= last for first, last in some):
            return seen
        return [extent if first <= last else None for extent, (first, last) in zip(seen, some)]
    asked = [range(window[0], window[1] + 1, spacing) if window else () for window in windows]
    return [_hull([pattern.at(place) for place in places]) for places in asked]


def _together(patterns: Sequence[_Pattern], places: Sequence[int]) -> list[_Extent]:
    """What is seen in any of these ways from each of the places."""
    if not all(pattern.even for pattern in patterns):
        return [_hull([pattern.at(place) for pattern in patterns]) for place in places]
    firsts, lasts = ([_ends(pattern, places, end) for pattern in patterns] for end in (0, 1))
    if len(patterns) == 1:
        return [*zip(firsts[0], lasts[0])]
    return [*zip(map(min, *firsts), map(max, *lasts))]


def _ends(pattern: _Pattern, places: Iterable[int], end: Literal[0, 1]) -> list[int]:
    """The first (0) or the last (1) element that places of an even pattern see."""
    shift = pattern.shift
    table = [extent[end] for extent in pattern.table if extent is not None]
    turn = len(table)
    if turn == 1:
        return [table[0] + place * shift for place in places]
    return [table[place % turn] + place // turn * shift for place in places]


def _over(number: Number, divisor: int) -> Number:
    if divisor == 1:
        return number
    # Only nets that enlarge their maps pay for importing fractions.
    from fractions import Fraction

    result = Fraction(number) / divisor
    return result.numerator if result.denominator == 1 else result


# -- where on a tensor it is seen from ---------------------------------------------------------------------------------

#: ``(stride, length)``: element ``i`` of a tensor, counted from the first channel on, sees what the slot says of place
#: ``i // stride % length``, whatever shape the tensor is given. None where all elements see the same.
_Carrier = tuple[int, int] | None


class _Laid(NamedTuple):
    """The slots of a tensor whose axes are no longer those of the input, after ``permute`` or ``reshape``."""

    slots: tuple[_Slot, ...]
    carriers: tuple[_Carrier, ...]


#: What is known of a tensor: the slots alone where its axes, after the channels, are those of the input, or where all
#: its elements see the same.
_State = tuple[_Slot, ...] | _Laid

_ALONE: Final = Step(1, 1, 0)


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
        self.left = _BUDGET
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
        slots: list[_Slot] = [None] * len(self.homes)
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
        last: tuple[_Slot, int, Axis | None] = (None, 0, None)
        for home, slot, length in zip(self.homes, slots, lengths):
            if slot is None:
                continue
            if isinstance(slot, Axis):
                axis: Axis | None = slot
            elif slot is not last[0] or length != last[1]:
                axis = self._measured(slot, length)
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

    def _measured(self, slot: _Traced, length: int) -> Axis | None:
        """What is shown of a slot on an axis with ``length`` places; None where it is unknown."""
        patterns = slot.patterns
        turn = lcm(*[len(pattern.table) for pattern in patterns])
        places = [*range(min(turn, length))]
        if len(patterns) > 1:
            # At places a turn apart, the last element of one pattern moves evenly away from the first of another, or
            # towards it: the most is seen at one of the ends.
            places += range(max(turn, length - turn), length)
        self.left -= len(patterns) * len(places)
        if not patterns or self.left < 0:
            return None
        some = [extent for extent in _together(patterns, places) if extent is not None]
        size = max([last - first + 1 for first, last in some], default=0)
        return Axis(size, slot.jump, some[0][0] if some else 0)

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
            return state if len(shape) == len(inputs[0]) else tuple([_lost(slot) for slot in state])
        slots: list[_Slot] = []
        before: tuple[_Slot, Step, int] | None = None
        for home, slot, length in zip(self.homes, state, self._lengths(shape)):
            if slot is None or home >= len(steps):
                slots.append(_lost(slot))
                continue
            step = steps[home]
            if before is not None and slot is before[0] and step == before[1] and length == before[2]:
                slots.append(slots[-1])
                continue
            before = slot, step, length
            slots.append(self._stepped(slot, step, length))
        return tuple(slots)

    def _stepped(self, slot: Axis | _Traced, step: Step, length: int) -> Axis | _Traced:
        """The slot after a step, on an axis that then has ``length`` places."""
        if step.whole:
            return self._whole(slot, step)
        size, stride, pad, upscale, spacing, ends, windows, _ = step
        if isinstance(slot, Axis) and upscale == 1:
            assert isinstance(slot.jump, int)
            return Axis(slot.size + (size - 1) * slot.jump, slot.jump * stride, slot.start - pad * slot.jump)
        if slot is _UNKNOWN or step == _ALONE:
            return slot
        before, after = ends or (-pad, size - 1 - pad)
        # After as many outputs, and input elements, windows lie alike.
        common = 1 if windows else gcd(stride, upscale)
        outputs, inputs = upscale // common, stride // common
        patterns = []
        for pattern in _patterns(slot):
            if pattern.shift == 0:
                patterns.append(pattern)
                continue
            repeats = len(pattern.table) // gcd(len(pattern.table), inputs)
            count, shift = repeats * outputs, repeats * inputs // len(pattern.table) * pattern.shift
            full = count
            count, shift = self._cut(count, shift, length)
            if windows or not pattern.even:
                self.left -= count * ((size - 1) // spacing)  # each place of a window is looked at
            if self.left < 0:
                return _UNKNOWN
            if windows:
                of = [(windows[place % upscale], place // upscale * stride) for place in range(count)]
                asked = [None if window is None else (window[0] + moved, window[1] + moved) for window, moved in of]
            else:
                starts = range(0, count * stride, stride)
                asked = [((at + before) // upscale, (at + after) // upscale) for at in starts]
            table = _seen(pattern, asked, spacing)
            # What follows a pattern that never goes back does not either, if it is whole.
            even = pattern.even and not windows and None not in table and count == full
            patterns.append(_Pattern(tuple(table), shift, True) if even else _pattern(table, shift))
        return _slot(patterns, _over(slot.jump * stride, upscale))

    def _cut(self, count: int, shift: int, length: int) -> tuple[int, int]:
        """Length and shift of a pattern on an axis with ``length`` places, which is taken from the budget.

        A pattern that does not come round on its axis (sizes that do not divide, one upon another) is kept for the
        places that there are; beyond them it then comes round at once, and may be an element off there.
        """
        most = max(length, _SHORT)
        if count > most:
            count, shift = most, (2 * most * shift + count) // (2 * count)
        self.left -= count
        return count, shift

    def _whole(self, slot: Axis | _Traced, step: Step) -> Axis | _Traced:
        """The slot after a layer that sees all of an axis, which has ``step.size`` places."""
        if slot is _UNKNOWN:
            return slot
        extents = []
        for pattern in _patterns(slot):
            turn, last = len(pattern.table), step.size - 1
            ends = (
                (0, last) if pattern.even else {*range(min(turn, last + 1)), *range(max(0, last + 1 - turn), last + 1)}
            )
            extents += [pattern.at(place) for place in ends]
        return _Traced((_pattern((_hull(extents),), 0),), _over(slot.jump * step.stride, step.upscale))

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
        slots: list[_Slot] = []
        before: tuple[list[_Slot], int] | None = None
        for at, length in enumerate(self._lengths(shape)):
            found = [state[at] for state in plain]
            slots.append(slots[-1] if (found, length) == before else self._union(found, length))
            before = found, length
        return tuple(slots)

    def _joined_laid(self, shape: Shape, known: list[tuple[_Laid, Shape]]) -> _State:
        slots: list[_Slot] = []
        carriers: list[_Carrier] = []
        channel = _strides(shape)[0]
        for at in range(len(self.homes)):
            found = [state.slots[at] for state, _ in known]
            of = {state.carriers[at] for state, _ in known} - {None}
            carrier = of.pop() if of else None
            # Places of the image among the channels, of which a `concat` makes more.
            more = carrier is not None and carrier[0] * carrier[1] > channel and any(own != shape for _, own in known)
            if of or more:
                slots.append(_UNKNOWN)
                carriers.append(None)
            else:
                slots.append(self._union(found, 1 if carrier is None else carrier[1]))
                carriers.append(carrier)
        return self._unlaid(slots, carriers, shape)

    def _union(self, slots: list[_Slot], length: int) -> _Slot:
        """What is seen in any of these ways, on an axis with ``length`` places."""
        some = [slot for slot in slots if slot is not None]
        if not some or all(slot == some[0] for slot in some):
            return some[0] if some else None
        even = [slot for slot in some if isinstance(slot, Axis)]
        if len(even) == len(some) and all(slot.jump == even[0].jump for slot in even):
            start = min([slot.start for slot in even])
            return Axis(max([slot.start + slot.size for slot in even]) - start, even[0].jump, start)
        if any(slot is _UNKNOWN for slot in some):
            return _UNKNOWN
        groups: list[list[_Pattern]] = []
        for pattern in dict.fromkeys([pattern for slot in some for pattern in _patterns(slot)]):
            for group in groups:
                if group[0].shift * len(pattern.table) == pattern.shift * len(group[0].table):
                    group.append(pattern)
                    break
            else:
                groups.append([pattern])
        moving = [group for group in groups if group[0].shift]
        if len(moving) > _APART:
            # One for all of them, with the largest step.
            rest = [group for group in groups if not group[0].shift]
            largest = max([group[0] for group in moving], key=lambda pattern: pattern.shift / len(pattern.table))
            count, shift = self._cut(length * len(largest.table), length * largest.shift, length)
            if self.left < 0:
                return _UNKNOWN
            merged = [self._merged(group, length) for group in rest]
            together = [pattern for group in moving for pattern in group]
            merged.append(_pattern(_together(together, range(count)), shift))
        else:
            merged = [self._merged(group, length) for group in groups]
        return _UNKNOWN if self.left < 0 else _slot(merged, max([slot.jump for slot in some]))

    def _merged(self, group: list[_Pattern], length: int) -> _Pattern:
        """The union of patterns with one step."""
        if len(group) == 1:
            return group[0]
        count = lcm(*[len(pattern.table) for pattern in group])
        count, shift = self._cut(count, count // len(group[0].table) * group[0].shift, length)
        if self.left < 0:
            return group[0]
        return _pattern(_together(group, range(count)), shift)

    # -- axes that move ------------------------------------------------------------------------------------------------

    def _lay(self, state: _State, shape: Shape) -> _Laid:
        if isinstance(state, _Laid):
            return state
        slots: list[_Slot] = []
        carriers: list[_Carrier] = []
        strides = _strides(shape)
        for home, slot in zip(self.homes, state):
            carrier: _Carrier = None
            if slot is not None and not _fixed(slot):
                if home + 1 >= len(shape):
                    slot = _UNKNOWN
                elif shape[home + 1] == 1:
                    slot = self._whole(slot, _ALONE)
                else:
                    carrier = strides[home + 1], shape[home + 1]
            slots.append(slot)
            carriers.append(carrier)
        return _Laid(tuple(slots), tuple(carriers))

    def _unlaid(self, slots: list[_Slot], carriers: list[_Carrier], shape: Shape) -> _State:
        """The slots alone, where each lies on the axis that it has in the input, if as one of several in a row."""
        strides = _strides(shape)
        alone: list[_Slot] = []
        for home, slot, carrier in zip(self.homes, slots, carriers):
            if slot is not None and carrier is not None:
                axis, (stride, length) = home + 1, carrier
                if axis >= len(shape) or stride % strides[axis] or stride * length != strides[axis] * shape[axis]:
                    return _Laid(tuple(slots), tuple(carriers))
                slot = self._repeated(slot, stride // strides[axis], shape[axis])
            alone.append(slot)
        return tuple(alone)

    def _repeated(self, slot: Axis | _Traced, times: int, length: int) -> Axis | _Traced:
        """The slot of an axis on which each place stands several times in a row: a block of channels moved there."""
        return slot if times == 1 else self._stepped(slot, Step(1, 1, 0, times, ends=(0, 0)), length)

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
                    slots[at], carriers[at] = _UNKNOWN, None
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
        slots: list[_Slot] = []
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
                slot, carrier = self._whole(slot, Step(length, length, 0, outputs, whole=True)), None
            elif axis is None or axis >= len(shape):
                slot, carrier = _UNKNOWN, None
            elif step is None or step == _ALONE:
                kept = shape[axis] == entering[axis]
                slot, carrier = (slot, (stride // before[axis] * after[axis], length)) if kept else (_UNKNOWN, None)
            elif stride // before[axis] * length < entering[axis]:
                # The places come several times over along the axis: neighbours there are not always neighbours.
                slot, carrier = _UNKNOWN, None
            else:
                slot = self._repeated(slot, stride // before[axis], entering[axis])
                slot = self._stepped(slot, step, shape[axis])
                carrier = after[axis], shape[axis]
                if shape[axis] == 1:
                    slot, carrier = self._whole(slot, _ALONE), None
            slots.append(slot)
            carriers.append(None if slot is _UNKNOWN else carrier)
        return self._unlaid(slots, carriers, shape)


def _lost(slot: _Slot) -> _Slot:
    """The slot after a layer of which nothing is known but that it computes from its input."""
    return slot if _fixed(slot) else _UNKNOWN


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
