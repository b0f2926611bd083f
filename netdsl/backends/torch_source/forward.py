"""A ``forward``: which values get a variable, what it is called, and the lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterator, Sequence

from netdsl.backends.torch_source.access import access
from netdsl.backends.torch_source.classes import Definition
from netdsl.backends.torch_source.lines import CONDITIONS, Line
from netdsl.backends.torch_source.plan import Plan
from netdsl.backends.torch_source.steps import Step, Value, bypasses, gathers, joins, one_layer
from netdsl.backends.torch_source.text import atomic, literal, unique
from netdsl.backends.torch_source.variables import Variables
from netdsl.ir.types import show_shape
from netdsl.ops.shape import Chunk

#: Longest text, variables counted as seven characters, that is nested into another expression.
_SHORT = 96


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
        self.variables = Variables(definition)
        self.makers = self.variables.makers
        self.uses = self.variables.uses
        #: Steps that some calls leave out: when they are done, and which operand they pass on else.
        self.optional = {
            self.steps[at].value: (f"self.{definition.stored[definition.conditions['step', at]]}", place)
            for at, place in definition.optional.items()
        }
        self.outputs = dict(zip(self.body.results, outputs, strict=False)) if outputs else {}
        #: Chunks of one tensor that one statement makes, by the first of them; and all the values that come so.
        self.chunks = dict(self._chunks())
        self.parts = {part.value for chunks in self.chunks.values() for part in chunks}
        self.inlined: set[Value] = set()
        self._inline()
        self.names: dict[Value, str] = {}
        self.parameters = self._parameters()
        self.lines: list[Line] = []
        self._allocate()

    def _condition(self, step: Step) -> str | None:
        return CONDITIONS.get(self.body.condition(step))

    def _chunks(self) -> Iterator[tuple[Value, list[Step]]]:
        """Steps that are all the chunks of a tensor, in their order, where no class has the numbers as arguments."""
        found: dict[tuple[Value, int, int], dict[int, Step]] = {}
        arguments = {slot[1] for slot in self.definition.written if slot[0] == "step"}
        for step in self.steps:
            if step.node is not None and isinstance(step.node.op, Chunk) and self._at(step) not in arguments:
                if not bypasses(step):
                    chunks = found.setdefault((step.operands[0], step.node.op.of, step.active), {})
                    chunks.setdefault(step.node.op.index, step)
        for (_, count, _), chunks in found.items():
            if len(chunks) == count > 1:
                yield min(step.value for step in chunks.values()), [chunks[at] for at in range(count)]

    # -- what is nested in what ---------------------------------------------------------------------------------------

    def _inline(self) -> None:
        for step in self.steps:
            if self._bypasses(step):
                if step.kind == "select" and step.operands[0] != step.operands[1]:
                    self._nest(step, [at for at in step.operands[1:] if self._can_nest(at, step)])
                continue
            if joins(step):
                lone = [at for at, count in Counter(step.operands).items() if count == 1 and self._can_nest(at, step)]
                short = [at for at in lone if self._single(at)]
                if gathers(step) and len(short) < len(lone):
                    continue
                # One operand of a sum keeps its variable where only one is worth nesting.
                self._nest(step, short)
            elif (
                len(step.operands) == 1
                and self._can_nest(step.operands[0], step)
                and one_layer(self.makers[step.operands[0]], step)
            ):
                self._nest(step, [step.operands[0]])

    def _can_nest(self, value: Value, step: Step) -> bool:
        """Whether a value that a step takes once may be written where it is taken."""
        maker = self.makers.get(value)
        return (
            maker is not None
            and value not in self.parts
            and self.uses[value] == 1
            and not self._bypasses(maker)
            and maker.live == step.active
            and maker.value not in self.outputs
        )

    def _single(self, value: Value) -> bool:
        """Whether a value comes by one call from what has other users, as a shortcut does."""
        maker = self.makers[value]
        leaves = self._leaves(maker)
        return maker.kind == "call" and all(
            self.uses[at] > 1 or at not in self.makers or at in self.parts for at in leaves
        )

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

    # -- variables ----------------------------------------------------------------------------------------------------

    def _parameters(self) -> list[str]:
        inputs = self.body.inputs
        names: list[str] = []
        net = self.definition.first.scope.kind == "net"
        for place, value in enumerate(inputs):
            if len(inputs) == 1 or (place == 0 and not net):
                name: str | None = "x"
            else:
                name = self.variables.label(value)
            names.append(unique(name or ("xyz"[place] if place < 3 else f"x{place + 1}"), set(names)))
            self.names[value] = names[-1]
        return names

    def _allocate(self) -> None:
        later = self.parts - self.chunks.keys()
        statements = [step for step in self.steps if step.value not in self.inlined and step.value not in later]
        last: dict[Value, int] = dict.fromkeys(self.body.results, len(statements))
        for at, step in enumerate(statements):
            for value in self._leaves(step):
                last[value] = max(last.get(value, at), at)
        #: Which value each variable holds.
        self.holds: dict[str, Value] = {self.names[value]: value for value in self.body.inputs}
        #: Which values each statement is the last to take. What nothing takes is over by the next.
        ends: dict[int, list[Value]] = {}
        for value, at in last.items():
            ends.setdefault(at, []).append(value)
        unused = [value for value in self.body.inputs if value not in last]
        self.value: str | None = None
        shown = ""
        for at, step in enumerate(statements):
            text = self._text(step, self.names.__getitem__)
            final = at == len(statements) - 1 and not self.outputs and self._condition(step) is None
            over = (value for value in (*ends.get(at, ()), *unused) if value in self.names)
            dying = {name for value in over if self.holds.get(name := self.names[value]) == value}
            if step.value in self.chunks:
                self._split(step, text, dying)
            elif self._bypasses(step):
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
            unused = [part.value for part in self.chunks.get(step.value, [step]) if last.get(part.value, -1) <= at]

    def _keep(self, value: Value, name: str) -> None:
        self.names[value] = name
        self.holds[name] = value

    def _split(self, step: Step, text: str, dying: set[str]) -> None:
        """``x1, x2 = x.chunk(2, dim=1)``."""
        base = self.names[step.operands[0]]
        names: list[str] = []
        for place, part in enumerate(self.chunks[step.value], 1):
            wanted = self.outputs.get(part.value) or self.variables.label(part.value)
            held = _Held(self.holds, dying, names)
            names.append(unique(wanted or f"{base}{'_' if base[-1].isdigit() else ''}{place}", held))
        for name, part in zip(names, self.chunks[step.value], strict=True):
            self._keep(part.value, name)
        self.lines.append(Line(self._condition(step), f"{', '.join(names)} = {text.rpartition('[')[0]}"))

    def _bypasses(self, step: Step) -> bool:
        """Whether a step passes on an operand in one of the modes, or in some calls."""
        return bypasses(step) or step.value in self.optional

    def _bypass(self, step: Step, text: str, dying: set[str]) -> None:
        condition, place = self.optional.get(step.value) or (CONDITIONS[step.active], 0)
        before = self.names[step.operands[place]]
        if before in dying:
            code = f"{before} = {text}"
            if self._overwritten(step) == before:
                other = next(value for value in step.operands if self.names.get(value) != before)
                code = f"{before} += {self._operand(other, self.names.__getitem__)}"
            self._keep(step.value, before)
            self.lines.append(Line(condition, code))
            return
        name = self._name(step, dying)
        self._keep(step.value, name)
        if self._only_under(step, condition):
            self.lines.append(Line(condition, f"{name} = {text}"))
        else:
            self.lines.append(Line(None, f"{name} = {text} if {condition} else {before}"))

    def _only_under(self, step: Step, condition: str) -> bool:
        """Whether a value is used under the same condition alone, and not to be passed on."""
        users = [other for other in self.steps if step.value in other.operands]
        if step.value in self.body.results or step.value not in self.optional:
            return False
        told = [self.optional.get(user.value, ("", 0)) for user in users]
        return all(
            when == condition and user.operands[place] != step.value
            for user, (when, place) in zip(users, told, strict=True)
        )

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
            steps = [instance.step(self._at(step)) for instance in self.definition.instances]
            if all(self._fresh(one, place) for one in steps if one is not None):
                return self.names[value]
        return None

    def _at(self, step: Step) -> int:
        return self.definition.first.locals[step.value] - len(self.body.inputs)

    def _fresh(self, step: Step, place: int) -> bool:
        value = step.operands[place]
        return self.plan.fresh(value) and self.plan.shape(value) == self.plan.shape(step.value)

    def _name(self, step: Step, dying: set[str]) -> str:
        value = step.value
        held = _Held(self.holds, dying)
        wanted = self.outputs.get(value) if value != self.body.results[0] else None
        if wanted is None and self.uses[value] > 1:
            wanted = self.variables.label(value)
        if wanted is None:
            wanted = self._branch(step, dying)
        if wanted is not None:
            if wanted not in self.holds:
                held.more = self.parameters
            return unique(wanted, held)
        if "x" in dying or "x" not in self.holds:
            return "x"
        for operand in self._leaves(step):
            name = self.names[operand]
            if name in dying and operand in self.makers:
                # What has a name of its own does not go on under another's.
                mine, label = self.variables.label(value), self.variables.label(operand)
                return unique(mine, held) if mine is not None and label is not None and name == label else name
        flow = self.variables.flow[value]
        gate = flow is not None and flow[1] > 0 and flow[0].node is not None and flow[0].node.op.keyword == "mul"
        for name in ("gate",) if gate else ("y", "z"):
            if name not in held:
                return name
        return unique("gate" if gate else "y", held)

    def _branch(self, step: Step, dying: set[str]) -> str | None:
        """The variable of a value that is one of several branches, or None where another name reads better."""
        name, flow = self.variables.branch(step.value), self.variables.flow[step.value]
        if name is None or flow is None or len(flow[0].operands) > 2:
            return name
        if step.value not in flow[0].operands:
            # On its way to one of two a value is `x`, if that is free.
            return None if "x" in dying or "x" not in self.holds else name
        if self.variables.label(step.value) is None:
            for operand in self._leaves(step):
                if self.names[operand] in dying and self.names[operand] == self.variables.label(operand):
                    return self.names[operand]
        return name

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
                if value in self.inlined and not atomic(text) and not _enclosed(step.pieces, at):
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


class _Held:
    """The variables that hold what is still to come to use, and some ``more``."""

    def __init__(self, holds: Container[str], dying: Container[str], more: Container[str] = ()) -> None:
        self.holds = holds
        self.dying = dying
        self.more = more

    def __contains__(self, name: object) -> bool:
        return (name in self.holds and name not in self.dying) or name in self.more


def _enclosed(pieces: Sequence[tuple[str, object]], at: int) -> bool:
    before = str(pieces[at - 1][1])[-1:] if at and pieces[at - 1][0] == "text" else ""
    after = str(pieces[at + 1][1])[:1] if at + 1 < len(pieces) and pieces[at + 1][0] == "text" else ""
    return (before == "(" or before == " ") and after in ",)" and after != "" and (before == "(" or _comma(pieces, at))


def _comma(pieces: Sequence[tuple[str, object]], at: int) -> bool:
    return str(pieces[at - 1][1]).rstrip().endswith(",")
