"""Classes of a generated file: one for all calls of a block that have the same structure."""

from __future__ import annotations

from collections.abc import Iterator

from netdsl.backends.torch_source.arguments import Factors
from netdsl.backends.torch_source.instances import Instance
from netdsl.backends.torch_source.members import Maker, exact, expressible
from netdsl.backends.torch_source.merge import fit
from netdsl.backends.torch_source.plan import Plan
from netdsl.backends.torch_source.text import (
    CONTAINER_METHODS,
    RESERVED,
    SEQUENTIAL_METHODS,
    camel,
    plain,
    positions,
    unique,
)
from netdsl.ir.graph import Scope


class Definition:
    """A class of the generated file.

    ``base`` is the class of ``torch.nn`` that it derives from: ``Module``, ``Sequential`` where it is a chain, or a
    container where members have numbers or odd names. ``arguments``, ``written``, ``stored`` and ``conditions`` are
    those of :class:`Factors`; ``values`` has, for each instance, what its call passes. ``optional`` maps the steps
    without a module that some calls leave out to the operand that they then pass on.
    """

    def __init__(self, plan: Plan, instances: list[Instance]) -> None:
        self.plan = plan
        self.instances = instances
        self.first = instances[0]
        self.name = ""
        self.base = self._base()
        self.optional = {at: place for instance in instances for at, place in instance.passes.items()}
        places = dict.fromkeys(place for instance in instances for place in sorted(instance.absent, key=str))
        factors = Factors(plan, instances, [*places, *(("step", at) for at in sorted(self.optional))])
        self.arguments = factors.arguments
        self.written = factors.written
        self.stored = factors.stored
        self.conditions = factors.conditions
        self.values = [[argument.values[at] for argument in self.arguments] for at in range(len(instances))]

    def _base(self) -> str:
        names = list(self.first.constructs)
        scope = self.first.scope
        if self.first.body.chain and not SEQUENTIAL_METHODS.intersection(names):
            return "Sequential"
        if scope.kind == "net" or all(map(plain, names)) or CONTAINER_METHODS.intersection(names):
            return "Module"
        if not expressible(self.first.constructs.values()):
            return "Module"
        return "ModuleList" if positions(names) else "ModuleDict"


# -- all classes of a net ---------------------------------------------------------------------------------------------


def define(plan: Plan, reserved: set[str]) -> tuple[list[Definition], Definition]:
    """The classes of a net, inner ones first, and the net's own; names avoid ``reserved`` and one another."""
    definitions: dict[int, tuple[Definition, int]] = {}
    make = Maker(plan, definitions)
    ordered: list[Definition] = []
    for level in _levels(plan):
        alike: dict[tuple[object, ...], list[Instance]] = {}
        for index in level:
            scope = plan.graph.scopes[index]
            instance = Instance(plan, scope, make)
            alike.setdefault((scope.block, scope.kind if scope.block is None else None, instance.skeleton), []).append(
                instance
            )
        for instances in _merged(alike):
            definition = Definition(plan, instances)
            ordered.append(definition)
            for number, instance in enumerate(instances):
                definitions[instance.scope.index] = (definition, number)
    net = Definition(plan, [Instance(plan, plan.graph.scopes[0], make)])
    _christen(ordered, reserved)
    return ordered, net


def _merged(alike: dict[tuple[object, ...], list[Instance]]) -> list[list[Instance]]:
    """The instances of each class: calls of one block that differ only in what they leave out share one."""
    groups = list(alike.items())
    found: dict[int, list[Instance]] = {}
    for at in sorted(range(len(groups)), key=lambda at: (-groups[at][1][0].size, at)):
        (block, *_), instances = groups[at]
        for place, others in found.items():
            lie = fit(others[0], instances[0]) if block is not None and groups[place][0][0] == block else None
            passes = {step: operand for other in others for step, operand in other.passes.items()}
            if lie is not None and all(passes.get(step, operand) == operand for step, operand in lie.passes.items()):
                for instance in instances:
                    instance.lie(lie)
                others += instances
                break
        else:
            found[at] = list(instances)
    return [found[at] for at in sorted(found)]


def _levels(plan: Plan) -> Iterator[list[int]]:
    """Scopes that become classes, by how many classes stand in one another inside them.

    Calls of one block are on one level, that of the highest, unless the block calls itself.
    """
    scopes = plan.graph.scopes
    recursive = {scope.block for scope in scopes if scope.block is not None and _recurs(plan, scope)}
    floors = {scope.block: 0 for scope in scopes if scope.block is not None and scope.block not in recursive}
    while True:
        height = [0] * len(scopes)
        levels: dict[int, list[int]] = {}
        raised = False
        for scope in reversed(scopes[1:]):
            mine = height[scope.index]
            if plan.kinds[scope.index] == "class":
                if scope.block in floors:
                    raised = raised or mine > floors[scope.block]
                    mine = floors[scope.block] = max(mine, floors[scope.block])
                if plan.first[scope.path] == scope.index:
                    levels.setdefault(mine, []).append(scope.index)
                mine += 1
            assert scope.parent is not None
            height[scope.parent] = max(height[scope.parent], mine)
        if not raised:
            break
    for level in sorted(levels):
        yield levels[level][::-1]


def _recurs(plan: Plan, scope: Scope) -> bool:
    """Whether a call stands in another of its block, directly or through others."""
    around = [plan.graph.scopes[at].block for at in plan.graph.ancestors(scope.index)]
    return scope.block in around[1:]


def _christen(definitions: list[Definition], reserved: set[str]) -> None:
    """Names each class after its block or label, and those of one block after what tells them apart too."""
    families: dict[str, list[Definition]] = {}
    for definition in definitions:
        families.setdefault(_family(definition), []).append(definition)
    # No argument hides a class that its ``__init__`` may call.
    taken = {*RESERVED, *reserved, *(argument.name for one in definitions for argument in one.arguments)}
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
            steps = [one.step(at) for one in definition.instances]
            nodes = [one.node for one in steps if one is not None and one.node is not None]
            ops = [node.op for node in nodes]
            general = {op.style_of for op in ops}
            op = next((op for op in ops if op.keyword in general), ops[0])
            targets = {definition.plan.call(node).target for node in nodes}
            if op.category != "activation":
                words.append(op.keyword)
            else:
                words.append(targets.pop().rpartition(".")[2] if len(targets) == 1 else "activation")
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
