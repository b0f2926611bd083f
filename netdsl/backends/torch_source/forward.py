"""A ``forward``: which values get a variable, what it is called, and the lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from netdsl.backends.torch_source.access import access
from netdsl.backends.torch_source.classes import Definition
from netdsl.backends.torch_source.plan import Plan
from netdsl.backends.torch_source.steps import EVAL, TRAIN, Step, Value
from netdsl.backends.torch_source.text import RESERVED, WIDTH, expression, literal, snake, unique
from netdsl.ir.types import show_shape

#: Longest text, variables counted as seven characters, that is nested into another expression.
_SHORT = 96

_CONDITIONS = {TRAIN: "self.training", EVAL: "not self.training"}


class Line(NamedTuple):
    """A line of code and the condition under which it runs, if any."""

    condition: str | None
    code: str
    comment: str | None = None


class Forward:
    """The ``forward`` of one class. ``parameters`` are its arguments, ``lines`` its code before what it returns.

    ``value`` is the expression of its one result; ``names`` says in which variable each result of a net stands.
    """

    def __init__(self, definition: Definition, *, outputs: Sequence[str] = (), comments: bool = False) -> None:
        self.definition = definition
        self.plan: Plan = definition.plan
        self.body = definition.first.body
        self.steps = self.body.steps
        self.comments = comments
        self.makers = {step.value: step for step in self.steps}
        self.outputs = dict(zip(self.body.results, outputs, strict=False)) if outputs else {}
        self._count()
        self.inlined: set[Value] = set()
        self._inline()
        self._flow()
        self.names: dict[Value, str] = {}
        self.parameters = self._parameters()
        self.lines: list[Line] = []
        self._allocate()

    # -- uses ---------------------------------------------------------------------------------------------------------

    def _count(self) -> None:
        self.uses: dict[Value, int] = {}
        for step in self.steps:
            for value in set(step.operands):
                self.uses[value] = self.uses.get(value, 0) + 1
        for value in self.body.results:
            self.uses[value] = self.uses.get(value, 0) + 1

    def _condition(self, step: Step) -> str | None:
        return _CONDITIONS.get(self.body.condition(step))

    # -- what is nested in what ---------------------------------------------------------------------------------------

    def _inline(self) -> None:
        for step in self.steps:
            if bypasses(step):
                if step.kind == "select" and self._can_nest(step.operands[1], step):
                    self._nest(step, [step.operands[1]])
                continue
            if joins(step):
                lone = [at for at in dict.fromkeys(step.operands) if self._can_nest(at, step)]
                short = [at for at in lone if self._single(at)]
                if gathers(step) and len(short) < len(lone):
                    continue
                # One operand of a sum keeps its variable where only one is worth nesting.
                self._nest(step, short)
            elif (
                len(step.operands) == 1
                and self._can_nest(step.operands[0], step)
                and _one_layer(self.makers[step.operands[0]], step)
            ):
                self._nest(step, [step.operands[0]])

    def _can_nest(self, value: Value, step: Step) -> bool:
        maker = self.makers.get(value)
        return (
            maker is not None
            and step.operands.count(value) == 1
            and self.uses[value] == 1
            and not bypasses(maker)
            and maker.live == step.active
            and maker.value not in self.outputs
        )

    def _single(self, value: Value) -> bool:
        """Whether a value comes by one call from what has other users, as a shortcut does."""
        maker = self.makers[value]
        leaves = self._leaves(maker)
        return maker.kind == "call" and all(self.uses[at] > 1 or at not in self.makers for at in leaves)

    def _nest(self, step: Step, values: list[Value]) -> None:
        if values:
            self.inlined.update(values)
            if len(self._text(step, lambda _: "branch1")) > _SHORT:
                self.inlined.difference_update(values)

    def _leaves(self, step: Step) -> list[Value]:
        found: list[Value] = []
        for value in step.operands:
            found += self._leaves(self.makers[value]) if value in self.inlined else [value]
        return found

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

    def _branch(self, value: Value) -> str | None:
        """The variable of a value that is one of several branches of a concatenation, or None."""
        flow = self.flow[value]
        if flow is None:
            return None
        join, place = flow
        lone = [at for at in join.operands if self.uses[at] == 1 and at in self.makers]
        if not gathers(join) or len(lone) < 2:
            return None
        maker = self.makers.get(join.operands[place])
        label = self._label(maker.value) if maker is not None else None
        if label is not None:
            return label
        around = self._branch(join.value)
        return f"{around}{chr(97 + place)}" if around is not None and place < 26 else f"branch{place + 1}"

    def _label(self, value: Value) -> str | None:
        """The label of a tensor, as a variable, where all instances agree on it."""
        labels = set()
        number = self.definition.first.locals[value]
        for instance in self.definition.instances:
            at = value if instance is self.definition.first else instance.value(number)
            node = self.plan.nodes[at] if at >= 0 else None
            labels.add(node.label if node is not None else None)
        label = labels.pop()
        if labels or label is None or not label.isascii() or snake(label) in ("", "x"):
            return None
        name = snake(label)
        return unique(name, set()) if name not in RESERVED else f"{name}_"

    # -- variables ----------------------------------------------------------------------------------------------------

    def _parameters(self) -> list[str]:
        inputs = self.body.inputs
        names: list[str] = []
        net = self.definition.first.scope.kind == "net"
        for place, value in enumerate(inputs):
            if len(inputs) == 1 or (place == 0 and not net):
                name: str | None = "x"
            else:
                name = self._label(value)
            names.append(unique(name or ("xyz"[place] if place < 3 else f"x{place + 1}"), set(names)))
            self.names[value] = names[-1]
        return names

    def _allocate(self) -> None:
        statements = [step for step in self.steps if step.value not in self.inlined]
        last: dict[Value, int] = dict.fromkeys(self.body.results, len(statements))
        for at, step in enumerate(statements):
            for value in self._leaves(step):
                last[value] = max(last.get(value, at), at)
        #: Which value each variable holds.
        self.holds: dict[str, Value] = {self.names[value]: value for value in self.body.inputs}
        for value in self.body.inputs:
            last.setdefault(value, -1)
        self.value: str | None = None
        shown = ""
        for at, step in enumerate(statements):
            text = self._text(step, self.names.__getitem__)
            final = at == len(statements) - 1 and not self.outputs and self._condition(step) is None
            dying = {name for name, value in self.holds.items() if last.get(value, -1) <= at}
            if bypasses(step):
                self._bypass(step, text, dying)
            elif not (final and step is self.steps[-1]) and (target := self._overwritten(step)) is not None:
                self._keep(step.value, target)
                others = [value for value in step.operands if self.names.get(value) != target]
                added = self._operand(others[0], self.names.__getitem__)
                self.lines.append(Line(self._condition(step), f"{target} += {added}"))
            elif final and step.value == self.body.results[0]:
                self.value = text
                continue
            else:
                name = self._name(step, dying)
                self._keep(step.value, name)
                comment = None
                if self.comments and self._condition(step) is None:
                    shape = show_shape(self.plan.shape(step.value)).replace("×", "x")
                    comment, shown = (shape if shape != shown else None), shape
                self.lines.append(Line(self._condition(step), f"{name} = {text}", comment))
            for name in dying:
                if last.get(self.holds[name], -1) <= at:
                    del self.holds[name]

    def _keep(self, value: Value, name: str) -> None:
        self.names[value] = name
        self.holds[name] = value

    def _bypass(self, step: Step, text: str, dying: set[str]) -> None:
        before = self.names[step.operands[0]]
        condition = _CONDITIONS[step.active]
        if before in dying:
            self._keep(step.value, before)
            self.lines.append(Line(condition, f"{before} = {text}"))
            return
        name = self._name(step, dying)
        self._keep(step.value, name)
        self.lines.append(Line(None, f"{name} = {text} if {condition} else {before}"))

    def _overwritten(self, step: Step) -> str | None:
        """The variable of a sum's operand that the sum may overwrite."""
        if step.kind != "expression" or len(set(step.operands)) != 2 or step.node is None:
            return None
        if step.node.op.keyword != "add":
            return None
        if [kind for kind, _ in step.pieces] != ["operand", "text", "operand"] or step.pieces[1][1] != " + ":
            return None
        for place, value in enumerate(step.operands):
            if value in self.inlined or value not in self.makers or value in self.outputs:
                continue
            if all(self._fresh(instance.body.steps[self._at(step)], place) for instance in self.definition.instances):
                return self.names[value]
        return None

    def _at(self, step: Step) -> int:
        return self.definition.first.locals[step.value] - len(self.body.inputs)

    def _fresh(self, step: Step, place: int) -> bool:
        value = step.operands[place]
        return self.plan.fresh(value) and self.plan.shape(value) == self.plan.shape(step.value)

    def _name(self, step: Step, dying: set[str]) -> str:
        value = step.value
        held = set(self.holds) - dying
        wanted = self.outputs.get(value) if value != self.body.results[0] else None
        if wanted is None and self.uses[value] > 1:
            wanted = self._label(value)
        if wanted is None:
            wanted = self._branch(value)
        if wanted is not None:
            return unique(wanted, held | set(self.parameters) if wanted not in self.holds else held)
        if "x" in dying or "x" not in self.holds:
            return "x"
        for operand in self._leaves(step):
            name = self.names[operand]
            if name in dying and operand in self.makers:
                return name
        flow = self.flow[value]
        gate = flow is not None and flow[1] > 0 and flow[0].node is not None and flow[0].node.op.keyword == "mul"
        for name in ("gate",) if gate else ("y", "z"):
            if name not in held:
                return name
        return unique("gate" if gate else "y", held)

    # -- text ---------------------------------------------------------------------------------------------------------

    def _operand(self, value: Value, name: Callable[[Value], str]) -> str:
        return self._text(self.makers[value], name) if value in self.inlined else name(value)

    def _text(self, step: Step, name: Callable[[Value], str]) -> str:
        if step.kind == "select":
            return self._operand(step.operands[1], name)
        if step.kind == "call":
            operands = ", ".join(self._operand(value, name) for value in step.operands)
            return f"{access(self.definition, step.path)}({operands})"
        parts: list[str] = []
        for at, (kind, content) in enumerate(step.pieces):
            if kind == "operand":
                value = step.operands[int(str(content))]
                text = self._operand(value, name)
                if value in self.inlined and not _atomic(text) and not _enclosed(step.pieces, at):
                    text = f"({text})"
                parts.append(text)
            elif kind == "parameter":
                parts.append(access(self.definition, step.path))
            elif kind == "constant":
                slot = ("step", self._at(step), at)
                written = self.definition.written.get(slot)
                parts.append(literal(content) if written is None else f"self.{self.definition.stored[written]}")
            else:
                parts.append(str(content))
        return "".join(parts)


def _one_layer(before: Step, step: Step) -> bool:
    """Whether two steps read as one layer: the spec says so, or a norm or activation follows what it belongs to."""
    if before.head == step.head:
        return True
    if before.unit is not None or step.unit is not None or before.node is None or step.node is None:
        return False
    follows = step.node.op.category in ("norm", "activation") and not step.node.op.probabilities
    return follows and before.kind == "call" and before.node.op.category in ("conv", "fc", "norm")


def bypasses(step: Step) -> bool:
    """Whether a step is passed by in one of the modes that need its value."""
    return step.active != step.live


def joins(step: Step) -> bool:
    """Whether a step puts several tensors together."""
    return len(step.operands) > 1 and step.node is not None and step.unit is None and step.node.op.variadic


def gathers(step: Step) -> bool:
    """Whether a join reads best with a variable for each branch."""
    return joins(step) and (len(step.operands) > 2 or (step.node is not None and step.node.op.keyword == "concat"))


def _atomic(text: str) -> bool:
    """Whether an expression needs no parentheses around it: nothing in it stands between two operands."""
    depth, quote = 0, ""
    for char in text:
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        else:
            depth += (char in "([{") - (char in ")]}")
            if char == " " and not depth:
                return False
    return True


def _enclosed(pieces: Sequence[tuple[str, object]], at: int) -> bool:
    before = str(pieces[at - 1][1])[-1:] if at and pieces[at - 1][0] == "text" else ""
    after = str(pieces[at + 1][1])[:1] if at + 1 < len(pieces) and pieces[at + 1][0] == "text" else ""
    return (before == "(" or before == " ") and after in ",)" and after != "" and (before == "(" or _comma(pieces, at))


def _comma(pieces: Sequence[tuple[str, object]], at: int) -> bool:
    return str(pieces[at - 1][1]).rstrip().endswith(",")


def statements(lines: Sequence[Line], indent: int) -> list[str]:
    """Lines of code, neighbours with the same condition under one ``if``."""
    text: list[str] = []
    current: str | None = None
    alternative = False
    opposite = dict(zip(_CONDITIONS.values(), reversed(_CONDITIONS.values()), strict=True))
    for line in lines:
        if line.condition is not None and line.condition != current:
            other = current is not None and opposite[line.condition] == current
            alternative = other and not alternative
            text.append(" " * indent + ("else:" if alternative else f"if {line.condition}:"))
        current = line.condition
        text += statement(line.code, indent + (4 if current is not None else 0), line.comment)
    return text


def statement(code: str, indent: int, comment: str | None = None) -> list[str]:
    """One statement, broken where it is too long; a comment only where it fits."""
    if indent + len(code) <= WIDTH:
        whole = f"{' ' * indent}{code}"
        commented = f"{whole}  # {comment}"
        return [commented if comment is not None and len(commented) <= WIDTH else whole]
    for sign in (" = ", " += ", "return "):
        if sign in code:
            head, _, tail = code.partition(sign)
            return expression(tail).lines(indent, head + sign, "")
    return [f"{' ' * indent}{code}"]
