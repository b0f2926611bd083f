"""What the variables of a ``forward`` are called after: labels, and the branches of joins."""

from __future__ import annotations

import re

from netdsl.backends.torch_source.classes import Definition
from netdsl.backends.torch_source.steps import Step, Value, gathers, joins
from netdsl.backends.torch_source.text import RESERVED, snake, unique


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
        depth: dict[Value | None, int] = {None: 0}
        self.meets: dict[Value, Value | None] = {}
        self.flow: dict[Value, tuple[Step, int] | None] = {}
        results = set(self.body.results)
        for value in [*(step.value for step in reversed(self.steps)), *reversed(self.body.inputs)]:
            meet: Value | None = None
            if value not in results:
                following: list[Value | None] = list(users.get(value, ()))
                meet = following[0] if following else None
                for other in following[1:]:
                    while meet != other:
                        if depth[meet] < depth[other]:
                            meet, other = other, meet
                        assert meet is not None
                        meet = self.meets[meet]
            self.meets[value] = meet
            depth[value] = depth[meet] + 1
            if meet is None:
                self.flow[value] = None
                continue
            after = self.makers[meet]
            if self.uses.get(value) == 1 and joins(after):
                self.flow[value] = (after, after.operands.index(value))
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
