"""What each scope of a graph becomes in Python: a class, an ``nn.Sequential``, or lines of what stands around it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Literal

from netdsl.backends.torch_source.steps import BITS, Body, Member, Piece, Step, Value, pieces, union
from netdsl.backends.torch_source.text import positions
from netdsl.ir.graph import Graph, Node, Scope
from netdsl.ir.op import registry
from netdsl.ir.types import Call, Shape

_Realised = Literal["net", "class", "sequential", "inline"]


class Plan:
    """Decides for every scope. ``kinds`` says what each became, ``bodies`` has those that are classes or sequential.

    Linear in the nodes, times the depth of scopes that are inlined in one another.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.nodes = graph.nodes
        self.calls = [
            None if node.op.keyword in ("input", "select") else node.op.call(graph.input_shapes(node), node.shape)
            for node in graph.nodes
        ]
        #: Classes that operators bring along.
        self.brought = {call.target for call in self.calls if call is not None and call.source is not None}
        self.taken = [tuple(self._taken(node)) for node in graph.nodes]
        self._liveness()
        self._uses()
        self.root = self._members()
        inlined: set[str] = set()
        while (clash := self._realise(inlined)) is not None:
            inlined.add(clash)
        for scope in reversed(graph.scopes):
            if self.kinds[scope.index] in ("class", "sequential"):
                self.member(scope.path).unit = scope.index

    def _taken(self, node: Node) -> Iterator[int]:
        """The inputs of a node that PyTorch is given: what is there for its shape alone is not."""
        call = self.calls[node.index]
        if call is None or (call.kind == "module" and not node.op.syntax.reference):
            yield from node.inputs
        elif call.kind == "module":
            yield node.inputs[0]
        else:
            present = {number for kind, number in pieces(call.target) if kind == "operand"}
            yield from (at for number, at in enumerate(node.inputs) if number in present)

    def _renumbered(self, node: Node, parts: tuple[Piece, ...]) -> tuple[Piece, ...]:
        """The parts of an expression, its operands counted among those that are taken."""
        if len(self.taken[node.index]) == len(node.inputs):
            return parts
        present = sorted({int(str(number)) for kind, number in parts if kind == "operand"})
        return tuple((kind, present.index(int(str(at))) if kind == "operand" else at) for kind, at in parts)

    # -- modes --------------------------------------------------------------------------------------------------------

    def _liveness(self) -> None:
        """``live`` and ``active`` of every node, and ``source``: which value stands for its tensor."""
        nodes = self.nodes
        self.live = live = [0] * len(nodes)
        for output in self.graph.outputs:
            live[output.node] |= BITS[output.mode]
        for node in reversed(nodes):
            needed, mode = live[node.index], BITS[node.mode]
            if needed & mode:
                if node.op.keyword == "select":
                    live[node.inputs[1]] |= needed & mode
                else:
                    for at in self.taken[node.index]:
                        live[at] |= needed & mode
            if needed & ~mode:
                live[node.inputs[0]] |= needed & ~mode
        self.active = [live[node.index] & BITS[node.mode] for node in nodes]
        self.source: list[Value] = list(range(len(nodes)))
        for node in nodes:
            index = node.index
            if live[index] and not self.active[index]:
                self.source[index] = self.source[node.inputs[0]]
            elif node.op.keyword == "select" and self.active[index] == live[index] != 0:
                self.source[index] = self.source[node.inputs[1]]
            elif (call := self.calls[index]) is not None and call.kind == "expression" and call.target == "{0}":
                self.source[index] = self.source[node.inputs[0]]

    def aliased(self, index: int) -> bool:
        """Whether a node's tensor is that of another node in every mode that needs it."""
        return self.source[index] != index

    def _uses(self) -> None:
        """How often each value is used, outputs counted, and the last node that uses it."""
        self.uses: dict[Value, int] = {}
        self.users: dict[Value, list[int]] = {}
        self.last_user: dict[Value, float] = {}
        for node in self.nodes:
            if not self.live[node.index] or self.aliased(node.index):
                continue
            for at in dict.fromkeys(self.source[at] for at in self.taken[node.index]):
                self.uses[at] = self.uses.get(at, 0) + 1
                self.users.setdefault(at, []).append(node.index)
                self.last_user[at] = node.index
        for value in self.results():
            self.uses[value] = self.uses.get(value, 0) + 1
            self.last_user[value] = math.inf

    def results(self) -> tuple[Value, ...]:
        """The values of the net's outputs, in their order."""
        return tuple(self.source[output.node] for output in self.graph.outputs)

    def shape(self, value: Value) -> Shape:
        """Shape of a value, ``(channels, *spatial)``."""
        if value >= 0:
            return self.nodes[value].shape
        return (math.prod(self.graph.input_shapes(self.nodes[-1 - value])[0]),)

    def label(self, value: Value, unit: int | None) -> str | None:
        """What the spec calls a tensor, as seen from outside the scope ``unit`` that gives it, if it is one.

        A label that such a scope has inside, for the module that comes last, says nothing there: its own label does.
        """
        if value < 0:
            return None
        node = self.nodes[value]
        if unit is None or node.label is None or not (node.module or "").endswith(f".{node.label}"):
            return node.label
        scope = self.graph.scopes[unit]
        word = re.sub(r"_?\d+$", "", scope.name)
        return None if word in ("", scope.block) or word in registry() else scope.name

    def call(self, node: Node) -> Call:
        """How PyTorch computes a node that is no input."""
        call = self.calls[node.index]
        assert call is not None
        return call

    # -- the tree of modules ------------------------------------------------------------------------------------------

    def _members(self) -> Member:
        root = Member("", "")
        for node in self.nodes:
            if node.module is None:
                continue
            member = root
            for name in node.module.split("."):
                path = f"{member.path}.{name}" if member.path else name
                member = member.children.setdefault(name, Member(name, path))
            safe = self._may_overwrite(node)
            if member.node is None:
                member.node, member.call, member.inplace = node, self.call(node), safe
            else:
                member.inplace = member.inplace and safe
        return root

    def member(self, path: str) -> Member:
        """The place of a path in the tree of modules."""
        member = self.root
        for name in path.split(".") if path else ():
            member = member.children[name]
        return member

    def _may_overwrite(self, node: Node) -> bool:
        """Whether a module may work in place: it can, its input is fresh and no one else's."""
        call = self.calls[node.index]
        if self.live[node.index] != self.active[node.index]:
            return False
        return call is not None and call.inplace and self.fresh(self.source[node.inputs[0]])

    def fresh(self, value: Value) -> bool:
        """Whether a value, used once, may be overwritten: autograd keeps no result of a conv, norm, fc or sum."""
        if value < 0 or self.uses.get(value, 0) != 1 or self.live[value] != self.active[value]:
            return False
        node, call = self.nodes[value], self.calls[value]
        if call is None or call.source is not None or self.last_user[value] == math.inf:
            return False
        if call.kind == "module":
            return node.op.category in ("conv", "norm", "fc") and call.target.startswith("torch.nn.")
        return call.kind == "expression" and node.op.keyword == "add" and len(node.inputs) > 1

    # -- scopes -------------------------------------------------------------------------------------------------------

    def _realise(self, inlined: set[str]) -> str | None:
        """Decides for all scopes, inner ones first; returns a path that must be inlined instead, or None when done."""
        scopes = self.graph.scopes
        count = len(scopes)
        low, high, size = [math.inf] * count, [-1.0] * count, [0] * count
        own: list[list[Node | Scope]] = [[] for _ in scopes]
        opened = [False] * count
        opening: list[int] = []
        for node in self.nodes:
            at = node.scope
            low[at], high[at], size[at] = min(low[at], node.index), node.index, size[at] + 1
            # Scopes join their parent's list where their first node stands.
            opening.clear()
            inner: int | None = at
            while inner is not None and not opened[inner]:
                opened[inner] = True
                opening.append(inner)
                inner = scopes[inner].parent
            for index in reversed(opening):
                parent = scopes[index].parent
                if parent is not None:
                    own[parent].append(scopes[index])
            own[at].append(node)
        for scope in reversed(scopes[1:]):
            assert scope.parent is not None
            up = scope.parent
            low[up], high[up] = min(low[up], low[scope.index]), max(high[up], high[scope.index])
            size[up] += size[scope.index]

        records: dict[str, list[int]] = {}
        for scope in scopes[1:]:
            assert scope.parent is not None
            if scope.path == scopes[scope.parent].path:
                continue
            records.setdefault(scope.path, []).append(scope.index)
        single = {at for same in records.values() if all(scopes[again].reuses for again in same[1:]) for at in same}

        self.extents = [range(int(low[at]), int(high[at]) + 1) if size[at] else range(0) for at in range(count)]
        self.first = {path: same[0] for path, same in records.items()}
        layers = sum(scope.kind == "layer" for scope in scopes)

        self.kinds: list[_Realised] = ["inline"] * count
        self.bodies: dict[int, Body] = {}
        self.visible: list[list[Step]] = [[] for _ in scopes]
        for scope in reversed(scopes):
            steps = self._steps(own[scope.index])
            index = scope.index
            self.visible[index] = steps
            if not index:
                self.kinds[0] = "net"
                self.bodies[0] = Body(scope, self.graph.inputs, steps, self.results())
                continue
            if not steps or index not in single or scope.path in inlined or scope.kind == "path":
                continue
            layer = scope.kind == "layer"
            flat = self._flat_first(steps)
            if (scope.numbered or layer) and (found := self._chain(scope, flat)) is not None:
                steps = flat
                first, last = found
                chain = steps[first : last + 1]
                # A layer with its style is worth a name where the net has several; so are members with labels.
                named = (layer and layers > 1) or not positions(list(self.member(scope.path).children))
                self.kinds[index] = "class" if named else "sequential"
                value = chain[-1].value
                self.bodies[index] = Body(scope, chain[0].operands, chain, (value,))
                self.bodies[index].chain = True
            else:
                body = self._closed(scope, steps, high[index]) if size[index] == high[index] - low[index] + 1 else None
                if body is None:
                    continue
                first, last, value = 0, len(steps) - 1, body.results[0]
                self.kinds[index] = "class"
                self.bodies[index] = body
            body = self.bodies[index]
            # A call of the whole has the live modes of what is in it, and belongs to no layer.
            live = union(body.steps)
            head = value if value >= 0 else -1 - value
            whole = Step("call", value, body.inputs, live, live, head, path=scope.path, unit=index)
            whole.node = self.nodes[head]
            self.visible[index] = [*steps[:first], whole, *steps[last + 1 :]]
        for same in records.values():
            path = scopes[same[0]].path
            if len(same) > 1 and path not in inlined and len({self._signature(index) for index in same}) > 1:
                return path
        return None

    def _steps(self, items: list[Node | Scope]) -> list[Step]:
        steps: list[Step] = []
        for item in items:
            if isinstance(item, Scope):
                steps += self.visible[item.index]
            else:
                steps += self._node_steps(item)
        # Scopes that a label path reopens stand in one another.
        steps.sort(key=lambda step: step.value if step.value >= 0 else -1.5 - step.value)
        return steps

    def _node_steps(self, node: Node) -> Iterator[Step]:
        index = node.index
        live, active = self.live[index], self.active[index]
        call = self.calls[index]
        if not live or self.aliased(index) or node.op.keyword == "input":
            return
        operands = tuple([self.source[at] for at in self.taken[index]])
        if call is None:
            yield Step("select", index, operands, live, active, node.head, node=node)
            return
        if node.op.flattens and len(self.nodes[node.inputs[0]].shape) > 1:
            flat = -1 - index
            yield Step("expression", flat, operands[:1], live, active, flat, pieces=pieces("torch.flatten({0}, 1)"))
            operands = (flat, *operands[1:])
        path = node.module or ""
        if call.kind == "module":
            yield Step("call", index, operands, live, active, node.head, node=node, path=path)
        else:
            parts = self._renumbered(node, pieces(call.target))
            yield Step(call.kind, index, operands, live, active, node.head, node=node, path=path, pieces=parts)

    def _flat_first(self, steps: list[Step]) -> list[Step]:
        """``steps`` with the flattening that a fully connected layer asks for before the dropouts that lead to it.

        A dropout does not mind the shape, and what is a chain of modules can be an ``nn.Sequential``.
        """
        at = next((at for at, step in enumerate(steps) if step.value < 0), 0)
        before = steps[:at]
        if not before or any(step.node is None or step.node.op.keyword != "dropout" for step in before):
            return steps
        chained = [before[0].operands, *((step.value,) for step in before)]
        if chained != [step.operands for step in steps[: at + 1]] or any(self.uses[of[0]] > 1 for of in chained[1:]):
            return steps
        moved = [steps[at].after(before[0].operands)]
        for step in [*before, steps[at + 1]]:
            moved.append(step.after((moved[-1].value,)))
        return [*moved, *steps[at + 2 :]]

    def _chain(self, scope: Scope, steps: list[Step]) -> tuple[int, int] | None:
        """Where in ``steps`` a scope's modules stand if they are all there is between the first and the last."""
        places = [at for at, step in enumerate(steps) if step.kind in ("call", "parameter")]
        if not places:
            return None
        first, last = places[0], places[-1]
        if last - first + 1 != len(places):
            return None
        live = steps[first].live
        names = []
        for at in places:
            step = steps[at]
            if step.kind != "call" or step.live != live or step.active != live or len(step.operands) != 1:
                return None
            if at > first and (step.operands[0] != steps[at - 1].value or not self._within(step.operands[0], step)):
                return None
            below = step.path[len(scope.path) + 1 :]
            if not step.path.startswith(f"{scope.path}.") or "." in below:
                return None
            names.append(below)
        return (first, last) if names == list(self.member(scope.path).children) else None

    def _within(self, value: Value, step: Step) -> bool:
        """Whether a value has no user but a step, or what stands in the scope that the step calls."""
        if value < 0:
            return True
        if step.unit is None:
            return self.uses[value] == 1
        body = self.bodies[step.unit]
        if body.chain:
            # Of the scope no more is called than its chain, and that takes a value where it begins.
            return self._within(value, body.steps[0])
        inside = self.extents[step.unit]
        return self.last_user[value] != math.inf and all(user in inside for user in self.users[value])

    def _closed(self, scope: Scope, steps: list[Step], high: float) -> Body | None:
        """A scope's body if it can be a class of its own: all its modules are its own, and one tensor leaves it."""
        computed = {step.value for step in steps}
        results = [value for value in computed if value >= 0 and self.last_user.get(value, -1) > high]
        if len(results) != 1 or not any(step.path for step in steps):
            return None
        entering: dict[Value, None] = {}
        if scope.enters is not None and any(self.source[scope.enters] in step.operands for step in steps):
            entering[self.source[scope.enters]] = None
        for step in steps:
            if step.path and not step.path.startswith(f"{scope.path}."):
                return None
            for value in step.operands:
                if value not in computed:
                    entering[value] = None
        live = union(steps)
        result = next(step for step in steps if step.value == results[0])
        # Where the result is needed in fewer modes than something inside, that something reaches out by another way.
        if not entering or result.live != live:
            return None
        return Body(scope, tuple(entering), steps, (results[0],))

    def _signature(self, index: int) -> object:
        """Equal for two scopes that do the same with the same modules."""
        body = self.bodies.get(index)
        if body is None:
            return self.kinds[index]
        local = {value: at for at, value in enumerate(body.inputs)}
        rows: list[object] = [self.kinds[index], len(local)]
        for step in body.steps:
            local[step.value] = len(local)
            operands = tuple(local[value] for value in step.operands)
            rows.append((step.kind, step.path, step.pieces, operands, step.active != step.live))
        return tuple(rows)
