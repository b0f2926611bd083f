"""Classes of a generated file: one for all calls of a block that have the same structure."""

from __future__ import annotations

from collections.abc import Iterator

from netdsl.backends.torch_source.arguments import Factors
from netdsl.backends.torch_source.members import Maker, Slot, exact, expressible
from netdsl.backends.torch_source.plan import Plan
from netdsl.backends.torch_source.steps import Body
from netdsl.backends.torch_source.text import CONTAINER_METHODS, RESERVED, camel, plain, positions, unique
from netdsl.ir.graph import Scope


class Instance:
    """One call of a class: the scope, its body, and its constants."""

    __slots__ = ("body", "constructs", "locals", "order", "scope", "skeleton", "slots")

    def __init__(self, plan: Plan, scope: Scope, make: Maker) -> None:
        self.scope = scope
        body = plan.bodies[scope.index]
        self.body: Body = body
        member = plan.member(scope.path)
        self.constructs = {name: make(child, (name,)) for name, child in member.children.items()}
        self.slots: dict[Slot, object] = {}
        for construct in self.constructs.values():
            self.slots.update(construct.slots)
        rows: list[object] = []
        number = {value: place for place, value in enumerate(body.inputs)}
        cut = len(scope.path) + 1 if scope.path else 0
        for at, step in enumerate(body.steps):
            shown = []
            for place, (kind, value) in enumerate(step.pieces):
                if kind == "constant":
                    self.slots[("step", at, place)] = value
                shown.append((kind, None if kind == "constant" else value))
            operands = tuple(number[value] for value in step.operands)
            number[step.value] = len(number)
            passed = step.active != step.live
            rows.append((step.kind, step.path[cut:], tuple(shown), operands, body.condition(step), passed))
        self.locals = number
        self.order = [*body.inputs, *(step.value for step in body.steps)]
        results = tuple(number[value] for value in body.results)
        members = tuple((name, construct.skeleton) for name, construct in self.constructs.items())
        self.skeleton: object = (len(body.inputs), members, tuple(rows), results)

    def value(self, number: int) -> int:
        """The tensor that has this number in the body; ``locals`` is the way back."""
        return self.order[number]


class Definition:
    """A class of the generated file.

    ``base`` is the class of ``torch.nn`` that it derives from: ``Module``, ``Sequential`` where it is a chain, or a
    container where members have numbers or odd names. ``arguments``, ``written`` and ``stored`` are those of
    :class:`Factors`; ``values`` has, for each instance, what its call passes.
    """

    def __init__(self, plan: Plan, instances: list[Instance]) -> None:
        self.plan = plan
        self.instances = instances
        self.first = instances[0]
        self.name = ""
        self.base = self._base()
        factors = Factors(plan, instances)
        self.arguments = factors.arguments
        self.written = factors.written
        self.stored = factors.stored
        self.values = [[argument.values[at] for argument in self.arguments] for at in range(len(instances))]

    def _base(self) -> str:
        names = list(self.first.constructs)
        scope = self.first.scope
        if self.first.body.chain:
            return "Sequential"
        if scope.kind == "net" or all(map(plain, names)) or CONTAINER_METHODS.intersection(names):
            return "Module"
        if not expressible(self.first.constructs.values()):
            return "Module"
        return "ModuleList" if positions(names) else "ModuleDict"


# -- all classes of a net ---------------------------------------------------------------------------------------------


def define(plan: Plan, reserved: set[str]) -> tuple[list[Definition], Definition, Maker]:
    """The classes of a net, inner ones first, and the net's own; names avoid ``reserved`` and one another."""
    definitions: dict[int, tuple[Definition, int]] = {}
    make = Maker(plan, definitions)
    ordered: list[Definition] = []
    for level in _levels(plan):
        alike: dict[object, list[Instance]] = {}
        for index in level:
            scope = plan.graph.scopes[index]
            instance = Instance(plan, scope, make)
            alike.setdefault((scope.block, scope.kind if scope.block is None else None, instance.skeleton), []).append(
                instance
            )
        for instances in alike.values():
            definition = Definition(plan, instances)
            ordered.append(definition)
            for number, instance in enumerate(instances):
                definitions[instance.scope.index] = (definition, number)
    net = Definition(plan, [Instance(plan, plan.graph.scopes[0], make)])
    _christen(ordered, reserved)
    return ordered, net, make


def _levels(plan: Plan) -> Iterator[list[int]]:
    """Scopes that become classes, by how many classes stand in one another inside them."""
    scopes = plan.graph.scopes
    height = [0] * len(scopes)
    levels: dict[int, list[int]] = {}
    for scope in reversed(scopes[1:]):
        mine = height[scope.index]
        if plan.kinds[scope.index] == "class":
            if plan.first[scope.path] == scope.index:
                levels.setdefault(mine, []).append(scope.index)
            mine += 1
        assert scope.parent is not None
        height[scope.parent] = max(height[scope.parent], mine)
    for level in sorted(levels):
        yield levels[level][::-1]


def _christen(definitions: list[Definition], reserved: set[str]) -> None:
    """Names each class after its block or label, and those of one block after what tells them apart too."""
    families: dict[str, list[Definition]] = {}
    for definition in definitions:
        families.setdefault(_family(definition), []).append(definition)
    taken = {*RESERVED, *reserved}
    for family, members in families.items():
        plainest = min(members, key=lambda one: len(one.first.body.steps) + len(one.first.constructs))
        for definition in [plainest, *(one for one in members if one is not plainest)]:
            name = family if definition is plainest else family + _difference(definition, plainest)
            definition.name = unique(name, taken)
            taken.add(definition.name)


def _family(definition: Definition) -> str:
    scope = definition.first.scope
    if scope.block is not None:
        return camel(scope.block) or "Block"
    if scope.kind == "layer":
        return _layers(definition)
    names = {_label(definition.plan, instance.scope) for instance in definition.instances}
    name = names.pop()
    for other in names:
        while not other.startswith(name):
            name = name[:-1]
    name = name.rstrip("0123456789_") if len(definition.instances) > 1 else name
    return camel(name) or "Block"


def _label(plan: Plan, scope: Scope) -> str:
    """The label of a scope, or of the nearest around it where it has but a number."""
    if not scope.name.isdigit():
        return scope.name
    while scope.name.isdigit() and scope.parent:
        scope = plan.graph.scopes[scope.parent]
    return f"{scope.name}_block"


def _layers(definition: Definition) -> str:
    """``ConvBNReLU``, after the layers inside; where instances differ, after the layer whose style the others take."""
    words = []
    for at, step in enumerate(definition.first.body.steps[:4]):
        if step.node is not None and step.path:
            ops = [node.op for one in definition.instances if (node := one.body.steps[at].node) is not None]
            general = {op.style_of for op in ops}
            op = next((op for op in ops if op.keyword in general), ops[0])
            target = definition.plan.call(step.node).target.rpartition(".")[2]
            words.append(target if op.category == "activation" else op.keyword)
    return "".join(map(camel, words)) or "Layer"


def _difference(definition: Definition, plainest: Definition) -> str:
    """What a class has that the plainest of its block has not: labels and a sum, or a word among the arguments."""
    keywords = {step.node.op.keyword for step in definition.first.body.steps if step.node is not None}
    words = [
        name
        for name in definition.first.constructs
        if name not in plainest.first.constructs and not any(char.isdigit() for char in name) and name not in keywords
    ]
    if _sums(definition) and not _sums(plainest):
        words.append("residual")
    if not words:
        for key, value in definition.first.scope.arguments:
            mine = {exact(dict(instance.scope.arguments).get(key)) for instance in definition.instances}
            theirs = {exact(dict(instance.scope.arguments).get(key)) for instance in plainest.instances}
            if mine == {exact(True)} and theirs == {exact(False)}:
                words.append(key)
            elif isinstance(value, str) and len(mine) == 1 and not mine & theirs:
                words.append(value)
    return camel(*words)


def _sums(definition: Definition) -> bool:
    return any(step.node is not None and step.node.op.keyword == "add" for step in definition.first.body.steps)
