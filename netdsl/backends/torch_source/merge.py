"""Calls of one block that differ in parts of it: how the smaller lies in the larger, so that one class is both."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from netdsl.backends.torch_source.members import Group, Leaf, Own, Slot, exact
from netdsl.backends.torch_source.steps import Step
from netdsl.backends.torch_source.text import plain, positions

if TYPE_CHECKING:
    from netdsl.backends.torch_source.instances import Instance

#: How many steps of a class may be left out by some of its calls.
_SKIPPED = 4
#: How many steps are tried in vain before a call is given a class of its own.
_TRIALS = 1000


class Fit(NamedTuple):
    """How one call lies in another that has more.

    ``steps`` has for each step of the larger the call's own, or None where it has none; ``numbers`` for each value of
    the larger that of the call which stands for it. ``passes`` maps a step that is left out to the operand that it
    passes on, where no module does that. ``places`` leads from the call's constructs to those of the larger, and
    ``absent`` are those it has not.
    """

    steps: tuple[int | None, ...]
    numbers: tuple[int, ...]
    passes: dict[int, int]
    places: dict[Slot, Slot]
    absent: frozenset[Slot]


def fit(larger: Instance, call: Instance) -> Fit | None:
    """How a call lies in a larger one, or None where it does not, or shares too little with it."""
    members = _members(larger, call)
    if members is None:
        return None
    places, absent = members
    found = _steps(larger, call, absent)
    if found is None:
        return None
    steps, numbers, passes = found
    weighty = sum(_weighty(construct) for construct in larger.constructs.values())
    shared = sum(_weighty(construct) for construct in call.constructs.values())
    return Fit(steps, numbers, passes, places, absent) if 2 * shared >= weighty else None


def _weighty(construct: Leaf | Own | Group) -> int:
    """How many members a construct counts for."""
    return len(construct.runs) if isinstance(construct, Group) else 1


# -- members ----------------------------------------------------------------------------------------------------------


def _members(larger: Instance, call: Instance) -> tuple[dict[Slot, Slot], frozenset[Slot]] | None:
    """The places of a call's members among those of the larger, which must have them all, in their order."""
    if [name for name in larger.constructs if name in call.constructs] != list(call.constructs):
        return None
    if not all(map(plain, larger.constructs)):
        return None
    places: dict[Slot, Slot] = {}
    absent: set[Slot] = set()
    for name, construct in larger.constructs.items():
        own = call.constructs.get(name)
        if own is None:
            if isinstance(construct, Leaf) and construct.call.kind == "parameter":
                return None
            absent.add((name,))
        elif own.skeleton == construct.skeleton:
            places[(name,)] = (name,)
        elif isinstance(own, Group) and isinstance(construct, Group):
            pairs = _runs(construct, own)
            if pairs is None:
                return None
            places.update({(name, mine): (name, its) for its, mine in pairs.items()})
            absent.update((name, at) for at in range(len(construct.runs)) if at not in pairs)
        else:
            return None
    return places, frozenset(absent)


def _runs(larger: Group, own: Group) -> dict[int, int] | None:
    """For members of a larger ``nn.Sequential`` those of a smaller one, which must be all there, in their order.

    Of several ways to pair them the one in which most numbers agree.
    """
    if not (larger.kind == own.kind == "sequential" and positions(larger.names) and positions(own.names)):
        return None
    #: The best way to pair the first members of both, by how many of each: how much agrees, and the pairs.
    best: dict[tuple[int, int], tuple[float, dict[int, int]]] = {(0, 0): (0.0, {})}
    for its in range(len(larger.runs)):
        for mine in range(min(its + 1, len(own.runs)) + 1):
            ways = [best[its, mine]] if (its, mine) in best else []
            if mine and (its, mine - 1) in best and larger.runs[its][1].skeleton == own.runs[mine - 1][1].skeleton:
                before, pairs = best[its, mine - 1]
                agreed = before + _agreement(larger, its, own, mine - 1)
                ways.append((agreed, {**pairs, its: mine - 1}))
            if ways:
                best[its + 1, mine] = max(ways, key=lambda way: way[0])
    found = best.get((len(larger.runs), len(own.runs)))
    return None if found is None else found[1]


def _agreement(larger: Group, its: int, own: Group, mine: int) -> float:
    """How many numbers of two members are equal, or at least both one or neither."""
    theirs = {slot[len(larger.at) + 1 :]: value for slot, value in larger.runs[its][1].slots.items()}
    agreed = 1.0
    for slot, value in own.runs[mine][1].slots.items():
        other = theirs.get(slot[len(own.at) + 1 :])
        agreed += exact(value) == exact(other)
        agreed += 0.5 * ((value == 1) == (other == 1))
    return agreed


# -- steps ------------------------------------------------------------------------------------------------------------

_Found = tuple[tuple[int | None, ...], tuple[int, ...], dict[int, int]]


def _steps(larger: Instance, call: Instance, absent: frozenset[Slot]) -> _Found | None:
    """How the call's steps are those of the larger with some left out: as late as can be, where there are several ways.

    None too where :data:`_TRIALS` ways that lead nowhere were tried.
    """
    inputs = len(larger.body.inputs)
    if inputs != len(call.body.inputs):
        return None
    gone = {place[0] for place in absent if len(place) == 1}
    total, mine = len(larger.body.steps), len(call.body.steps)
    ends = [call.locals[value] for value in call.body.results]
    steps: list[int | None] = []
    numbers = list(range(inputs))

    def ways() -> Iterator[tuple[int, int | None, int]]:
        """What the next step of the larger may be, the likeliest last: its place, that of the call's, and its value."""
        at, own = len(steps), len(steps) - steps.count(None)
        step, row = larger.body.steps[at], larger.rows[at]
        operands = tuple(numbers[larger.locals[value]] for value in step.operands)
        lost = row.path.partition(".")[0] in gone
        alone = step.kind == "call" and len(operands) == 1 and "." not in row.path
        if (alone if lost else _can_miss(step)) and at - own < min(_SKIPPED, total - mine) and _whole(larger, at):
            yield from ((at, None, operand) for operand in reversed(dict.fromkeys(operands)))
        if not lost and own < mine and row._replace(operands=operands) == call.rows[own]:
            yield at, own, inputs + own

    trials: list[tuple[int, int | None, int]] = []
    for _ in range(total + _TRIALS):
        if len(steps) < total:
            trials += ways()
        elif total - steps.count(None) == mine and [numbers[larger.locals[at]] for at in larger.body.results] == ends:
            return tuple(steps), tuple(numbers), _passes(larger, tuple(steps), tuple(numbers))
        if not trials:
            return None
        at, own, number = trials.pop()
        del steps[at:], numbers[inputs + at :]
        steps.append(own)
        numbers.append(number)
    return None


def _can_miss(step: Step) -> bool:
    """Whether a step without a module may be left out: then it passes on one of its operands."""
    return step.kind == "expression" and bool(step.operands) and not step.path


def _whole(larger: Instance, at: int) -> bool:
    """Whether a step is done in both modes, or whenever its class is called."""
    row = larger.rows[at]
    return not row.condition and not row.passed


def _passes(larger: Instance, steps: tuple[int | None, ...], numbers: tuple[int, ...]) -> dict[int, int]:
    inputs = len(larger.body.inputs)
    passes = {}
    for at, own in enumerate(steps):
        if own is None and not larger.rows[at].path:
            operands = [larger.locals[value] for value in larger.body.steps[at].operands]
            passes[at] = next(place for place, of in enumerate(operands) if numbers[of] == numbers[inputs + at])
    return passes
