"""The calls of a class: what each does, and its constants."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.backends.torch_source.members import ANY, Group, Leaf, Maker, Own, Slot, find
from netdsl.backends.torch_source.merge import Fit
from netdsl.backends.torch_source.plan import Plan
from netdsl.backends.torch_source.steps import Body, Step
from netdsl.ir.graph import Scope


class Row(NamedTuple):
    """A step without its constants: equal rows are equal code. ``operands`` are numbers of values."""

    kind: str
    path: str
    pieces: tuple[tuple[str, object], ...]
    operands: tuple[int, ...]
    condition: int
    passed: bool


class Instance:
    """One call of a class: the scope, its body, and its constants.

    A class may have parts that some of its calls leave out. Such a call is then seen as the largest: ``lie`` says how
    it lies in that, and the methods speak of the largest call's steps, values and slots. Before, they speak of its own.
    """

    def __init__(self, plan: Plan, scope: Scope, make: Maker) -> None:
        self.scope = scope
        body = plan.bodies[scope.index]
        self.body: Body = body
        member = plan.member(scope.path)
        self.constructs: dict[str, Leaf | Own | Group] = {
            name: make(child, (name,)) for name, child in member.children.items()
        }
        self.slots: dict[Slot, object] = {}
        for construct in self.constructs.values():
            self.slots.update(construct.slots)
        self.rows: list[Row] = []
        number = {value: place for place, value in enumerate(body.inputs)}
        cut = len(scope.path) + 1 if scope.path else 0
        for at, step in enumerate(body.steps):
            shown: list[tuple[str, object]] = []
            for place, (kind, value) in enumerate(step.pieces):
                if kind == "constant":
                    self.slots[("step", at, place)] = value
                shown.append((kind, None if kind == "constant" else value))
            operands = tuple(number[value] for value in step.operands)
            number[step.value] = len(number)
            passed = step.active != step.live
            row = Row(step.kind, step.path[cut:], tuple(shown), operands, body.condition(step), passed)
            self.rows.append(row)
        #: The number of each tensor in the body, and the way back.
        self.locals = number
        self._order = [*body.inputs, *(step.value for step in body.steps)]
        results = tuple(number[value] for value in body.results)
        members = tuple((name, construct.skeleton) for name, construct in self.constructs.items())
        self.skeleton: object = (len(body.inputs), members, tuple(self.rows), results)
        #: How much there is of it.
        self.size = len(self.rows) + sum(
            len(construct.runs) if isinstance(construct, Group) else 1 for construct in self.constructs.values()
        )
        #: Of the largest call: the places of what this one leaves out, and for steps without a module which operand
        #: stands for them.
        self.absent: frozenset[Slot] = frozenset()
        self.passes: dict[int, int] = {}
        self._fit: Fit | None = None

    def lie(self, fit: Fit) -> None:
        """Sees this call as one of a larger one from now on."""
        self._fit, self.absent, self.passes = fit, fit.absent, fit.passes
        self._order = [self._order[number] for number in fit.numbers]
        steps = {own: at for at, own in enumerate(fit.steps) if own is not None}
        slots: dict[Slot, object] = {}
        for slot, value in self.slots.items():
            if slot[0] == "step":
                slots[("step", steps[int(str(slot[1]))], slot[2])] = value
            else:
                own = next(place for place in (slot[:2], slot[:1]) if place in fit.places)
                slots[(*fit.places[own], *slot[len(own) :])] = value
        self.slots = slots
        self._own = {place: own for own, place in fit.places.items()}

    def value(self, number: int) -> int:
        """The tensor that has this number in the body."""
        return self._order[number]

    def step(self, at: int) -> Step | None:
        """A step, or None where this call leaves it out."""
        if self._fit is None:
            return self.body.steps[at]
        own = self._fit.steps[at]
        return None if own is None else self.body.steps[own]

    def construct(self, path: Slot) -> object:
        """The construct at a slot's place, or None where this call leaves it out."""
        if self._fit is not None:
            place = next((place for place in (path[:2], path[:1]) if place in self._own), None)
            if place is None:
                return None
            path = (*self._own[place], *path[len(place) :])
        return find(self.constructs, path)

    def constant(self, slot: Slot, missing: object) -> object:
        """A slot's constant, ``missing`` where it is not said, and ``ANY`` where this call leaves out its part."""
        if slot in self.slots or self._fit is None:
            return self.slots.get(slot, missing)
        return missing if self.has(slot[:2] if slot[0] == "step" else slot) else ANY

    def has(self, part: Slot) -> bool:
        """Whether this call has a step (``("step", at)``) or what stands at a place."""
        if self._fit is None:
            return True
        if part[0] == "step":
            return self._fit.steps[int(str(part[1]))] is not None
        return not self.absent.intersection((part[:1], part[:2]))
