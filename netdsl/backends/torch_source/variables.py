"""What the variables of a ``forward`` are called after: labels, and the branches of joins."""

from __future__ import annotations

import re

from netdsl.backends.torch_source.classes import Definition
from netdsl.backends.torch_source.steps import Step, Value, gathers, joins
from netdsl.backends.torch_source.text import RESERVED, snake, unique


class _Ways:
    """For each value the one in which all ways from it meet (None is behind all), kept so that two soon find theirs.

    Every value also knows one further on its way, at such distances that a search takes logarithmically many steps
    (Myers 1983, "An applicative random-access stack").
    """

    def __init__(self) -> None:
        self.after: dict[Value, Value | None] = {}
        self._far: dict[Value | None, Value | None] = {None: None}
        self._depth: dict[Value | None, int] = {None: 0}

    def add(self, value: Value, after: Value | None) -> None:
        far = self._far[after]
        equal = self._depth[after] - self._depth[far] == self._depth[far] - self._depth[self._far[far]]
        self.after[value] = after
        self._far[value] = self._far[far] if equal else after
        self._depth[value] = self._depth[after] + 1

    def meet(self, one: Value | None, other: Value | None) -> Value | None:
        """The first value on the ways of both."""
        if self._depth[one] < self._depth[other]:
            one, other = other, one
        while one is not None and self._depth[one] > self._depth[other]:
            far = self._far[one]
            one = far if self._depth[far] >= self._depth[other] else self.after[one]
        while one is not None and other is not None and one != other:
            if self._far[one] != self._far[other]:
                one, other = self._far[one], self._far[other]
            else:
                one, other = self.after[one], self.after[other]
        return one


class Variables:
    """Names for the values of a body. ``uses`` counts where each is used, its results among that."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.plan = definition.plan
        self.body = definition.first.body
        self.steps = self.body.steps
        self.makers = {step.value: step for step in self.steps}
        self.uses: dict[Value, int] = {}
        for step in self.steps:
            for value in set(step.operands):
                self.uses[value] = self.uses.get(value, 0) + 1
        for value in self.body.results:
            self.uses[value] = self.uses.get(value, 0) + 1
        self._branches: dict[tuple[Value, int], str | None] = {}
        #: for each concatenation of several values that go nowhere else, which these are
        self._lone: dict[Value, frozenset[Value]] = {}
        self._flow()

    # -- which branch of which join a value belongs to ----------------------------------------------------------------

    def _flow(self) -> None:
        """``flow`` maps a value to the join that it goes into and its place there; ``meets`` where its users meet."""
        users: dict[Value, list[Value]] = {}
        for step in self.steps:
            for value in dict.fromkeys(step.operands):
                users.setdefault(value, []).append(step.value)
        ways = _Ways()
        self.meets = ways.after
        self.flow: dict[Value, tuple[Step, int] | None] = {}
        results = set(self.body.results)
        places: dict[Value, dict[Value, int]] = {}
        for value in [*(step.value for step in reversed(self.steps)), *reversed(self.body.inputs)]:
            meet: Value | None = None
            if value not in results:
                following = users.get(value, ())
                meet = following[0] if following else None
                for other in following[1:]:
                    meet = ways.meet(meet, other)
            ways.add(value, meet)
            if meet is None:
                self.flow[value] = None
                continue
            after = self.makers[meet]
            if self.uses.get(value) == 1 and joins(after):
                if meet not in places:
                    places[meet] = {at: place for place, at in reversed(list(enumerate(after.operands)))}
                self.flow[value] = (after, places[meet][value])
            else:
                self.flow[value] = self.flow[meet]

    def branch(self, value: Value) -> str | None:
        """The variable of a value that is one of several branches of a concatenation, or None."""
        flow = self.flow[value]
        if flow is None:
            return None
        join, place = flow
        key = (join.value, place)
        if key not in self._branches:
            self._branches[key] = self._named(join, place)
        return self._branches[key]

    def _named(self, join: Step, place: int) -> str | None:
        if join.value not in self._lone:
            own = [at for at in join.operands if self.uses[at] == 1 and at in self.makers]
            self._lone[join.value] = frozenset(own) if gathers(join) and len(own) > 1 else frozenset()
        lone = self._lone[join.value]
        if not lone:
            return None
        final = join.operands[place]
        if (label := self.label(final)) is not None or final in lone:
            labels = [label or "", *self._before(final, join)]
            # What is called `branch3x3_1`, `branch3x3_2`, … on its way is `branch3x3`.
            stems = {re.sub(r"_\d+[a-z]?$", "", name) for name in labels if name}
            if len(stems) == 1 and len(labels) > 1 and (stem := stems.pop()) and not stem.isdigit():
                return stem
        if label is not None:
            return label
        around = self.branch(join.value)
        return f"{around}{chr(97 + place)}" if around is not None and place < 26 else f"branch{place + 1}"

    def _before(self, value: Value, join: Step) -> list[str]:
        """The labels of what leads to a branch's end and to nothing else."""
        labels = []
        while value in self.makers and self.makers[value].operands:
            value = self.makers[value].operands[0]
            flow = self.flow.get(value)
            while flow is not None and flow[0] is not join:
                flow = self.flow[flow[0].value]
            if flow is None:
                break
            if (label := self.label(value)) is not None:
                labels.append(label)
        return labels

    def label(self, value: Value) -> str | None:
        """The label of a tensor, as a variable, where all instances agree on it."""
        labels = set()
        number = self.definition.first.locals[value]
        at = number - len(self.body.inputs)
        for instance in self.definition.instances:
            step = instance.step(at) if at >= 0 else None
            if step is not None or at < 0:
                labels.add(self.plan.label(instance.value(number), None if step is None else step.unit))
        label = labels.pop()
        if labels or label is None or not label.isascii() or snake(label) in ("", "x"):
            return None
        name = snake(label)
        return unique(name, set()) if name not in RESERVED else f"{name}_"
