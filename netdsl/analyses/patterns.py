"""What the places of one axis see of one axis of the input: even steps, and patterns that come round.

A layer with windows makes one slot of another, and a join a union of several; :mod:`netdsl.analyses.receptive_field`
follows them through a graph.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import gcd, lcm
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from netdsl.ir.types import Step

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


#: A pattern longer than the axis that it lies on is cut to it, unless it is this short.
_SHORT: Final = 64
#: As many patterns with different steps are kept apart where branches join.
_APART: Final = 4
#: Entries of all patterns of a graph together. What would take more counts as unknown.
_BUDGET: Final = 100_000

#: The first and the last element that are seen; None for a place that sees nothing.
_Extent = tuple[int, int] | None


class Pattern(NamedTuple):
    """Extents that come round: place ``n`` sees ``table[n % len(table)]``, ``n // len(table) * shift`` further on.

    ``even`` says that every place sees something and that neither end ever goes back, so that what a window of places
    sees begins with the first and ends with the last of them.
    """

    table: tuple[_Extent, ...]
    shift: int
    even: bool

    def at(self, place: int) -> _Extent:
        """What a place sees."""
        turns, rest = divmod(place, len(self.table))
        extent = self.table[rest]
        return None if extent is None else (extent[0] + turns * self.shift, extent[1] + turns * self.shift)


class Traced(NamedTuple):
    """A union of patterns with different steps; ``jump`` as in :class:`Axis`. Of no patterns: unknown."""

    patterns: tuple[Pattern, ...]
    jump: Number


#: What each place sees along one axis of one input of the net; None where nothing of that input enters.
Slot = Axis | Traced | None

UNKNOWN: Final = Traced((), 0)


def _pattern(table: Sequence[_Extent], shift: int) -> Pattern:
    if None in table:
        return Pattern(tuple(table), shift, False)
    some = [extent for extent in table if extent is not None]
    begin, end = some[-1]
    before = [(begin - shift, end - shift), *some[:-1]]
    even = all(one[0] <= two[0] and one[1] <= two[1] for one, two in zip(before, some))
    return Pattern(tuple(table), shift, even)


def _patterns(slot: Axis | Traced) -> tuple[Pattern, ...]:
    if isinstance(slot, Traced):
        return slot.patterns
    assert isinstance(slot.jump, int)
    return (Pattern(((slot.start, slot.start + slot.size - 1),), slot.jump, True),)


def _slot(patterns: Sequence[Pattern], jump: Number) -> Axis | Traced:
    """A slot of these patterns: an :class:`Axis` where all places see alike, each a step further on."""
    if len(patterns) == 1:
        (extent, *more), shift, _ = patterns[0]
        if extent is not None and not more and shift:
            return Axis(extent[1] - extent[0] + 1, shift, extent[0])
    return Traced(tuple(patterns), jump)


def fixed(slot: Slot) -> bool:
    """Whether all places see the same, as after a layer that sees a whole axis. What is unknown is so everywhere."""
    return slot is None or (isinstance(slot, Traced) and all(pattern.shift == 0 for pattern in slot.patterns))


def _hull(extents: Sequence[_Extent]) -> _Extent:
    some = [extent for extent in extents if extent is not None]
    return (min([first for first, _ in some]), max([last for _, last in some])) if some else None


def _seen(pattern: Pattern, windows: Sequence[_Extent], spacing: int) -> list[_Extent]:
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


def _together(patterns: Sequence[Pattern], places: Sequence[int]) -> list[_Extent]:
    """What is seen in any of these ways from each of the places."""
    if not all(pattern.even for pattern in patterns):
        return [_hull([pattern.at(place) for pattern in patterns]) for place in places]
    firsts, lasts = ([_ends(pattern, places, end) for pattern in patterns] for end in (0, 1))
    if len(patterns) == 1:
        return [*zip(firsts[0], lasts[0])]
    return [*zip(map(min, *firsts), map(max, *lasts))]


def _ends(pattern: Pattern, places: Iterable[int], end: Literal[0, 1]) -> list[int]:
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


def lost(slot: Slot) -> Slot:
    """The slot after a layer of which nothing is known but that it computes from its input."""
    return slot if fixed(slot) else UNKNOWN


#: The step of a layer that changes nothing.
ALONE: Final = Step(1, 1, 0)


class Along:
    """Slots after layers and joins. All patterns that it makes together are within a budget."""

    def __init__(self) -> None:
        self.left = _BUDGET

    def measured(self, slot: Traced, length: int) -> Axis | None:
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

    def stepped(self, slot: Axis | Traced, step: Step, length: int) -> Axis | Traced:
        """The slot after a step, on an axis that then has ``length`` places."""
        if step.whole:
            return self.whole(slot, step)
        size, stride, pad, upscale, spacing, ends, windows, _ = step
        if isinstance(slot, Axis) and upscale == 1:
            assert isinstance(slot.jump, int)
            return Axis(slot.size + (size - 1) * slot.jump, slot.jump * stride, slot.start - pad * slot.jump)
        if slot is UNKNOWN or step == ALONE:
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
                return UNKNOWN
            if windows:
                of = [(windows[place % upscale], place // upscale * stride) for place in range(count)]
                asked = [None if window is None else (window[0] + moved, window[1] + moved) for window, moved in of]
            else:
                starts = range(0, count * stride, stride)
                asked = [((at + before) // upscale, (at + after) // upscale) for at in starts]
            table = _seen(pattern, asked, spacing)
            # What follows a pattern that never goes back does not either, if it is whole.
            even = pattern.even and not windows and None not in table and count == full
            patterns.append(Pattern(tuple(table), shift, True) if even else _pattern(table, shift))
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

    def whole(self, slot: Axis | Traced, step: Step) -> Axis | Traced:
        """The slot after a layer that sees all of an axis, which has ``step.size`` places."""
        if slot is UNKNOWN:
            return slot
        extents = []
        for pattern in _patterns(slot):
            turn, last = len(pattern.table), step.size - 1
            ends = (
                (0, last) if pattern.even else {*range(min(turn, last + 1)), *range(max(0, last + 1 - turn), last + 1)}
            )
            extents += [pattern.at(place) for place in ends]
        return Traced((_pattern((_hull(extents),), 0),), _over(slot.jump * step.stride, step.upscale))

    def repeated(self, slot: Axis | Traced, times: int, length: int) -> Axis | Traced:
        """The slot of an axis on which each place stands several times in a row: a block of channels moved there."""
        return slot if times == 1 else self.stepped(slot, Step(1, 1, 0, times, ends=(0, 0)), length)

    def union(self, slots: list[Slot], length: int) -> Slot:
        """What is seen in any of these ways, on an axis with ``length`` places."""
        some = [slot for slot in slots if slot is not None]
        if not some or all(slot == some[0] for slot in some):
            return some[0] if some else None
        even = [slot for slot in some if isinstance(slot, Axis)]
        if len(even) == len(some) and all(slot.jump == even[0].jump for slot in even):
            start = min([slot.start for slot in even])
            return Axis(max([slot.start + slot.size for slot in even]) - start, even[0].jump, start)
        if any(slot is UNKNOWN for slot in some):
            return UNKNOWN
        groups: list[list[Pattern]] = []
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
                return UNKNOWN
            merged = [self._merged(group, length) for group in rest]
            together = [pattern for group in moving for pattern in group]
            merged.append(_pattern(_together(together, range(count)), shift))
        else:
            merged = [self._merged(group, length) for group in groups]
        return UNKNOWN if self.left < 0 else _slot(merged, max([slot.jump for slot in some]))

    def _merged(self, group: list[Pattern], length: int) -> Pattern:
        """The union of patterns with one step."""
        if len(group) == 1:
            return group[0]
        count = lcm(*[len(pattern.table) for pattern in group])
        count, shift = self._cut(count, count // len(group[0].table) * group[0].shift, length)
        if self.left < 0:
            return group[0]
        return _pattern(_together(group, range(count)), shift)
