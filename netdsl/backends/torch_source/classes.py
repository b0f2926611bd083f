"""Classes of a generated file: what calls of a block share, and the numbers that differ as constructor arguments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from netdsl.backends.torch_source.plan import Body, Member, Plan, pieces
from netdsl.backends.torch_source.text import CONTAINER_METHODS, RESERVED, camel, literal, plain, positions, snake, unique
from netdsl.ir.graph import Scope
from netdsl.ir.types import Call

#: Where in a class a constant stands: names of members, and then what it is there.
Slot = tuple[object, ...]

#: What ``torch.nn`` takes where a keyword is left out, so that calls with and without it can be one class.
DEFAULTS: dict[str, object] = {
    "affine": True,
    "approximate": "none",
    "bias": True,
    "ceil_mode": False,
    "count_include_pad": True,
    "dilation": 1,
    "groups": 1,
    "inplace": False,
    "output_padding": 0,
    "padding": 0,
    "padding_mode": "zeros",
    "track_running_stats": True,
}
_STRIDED = ("torch.nn.Conv", "torch.nn.ConvTranspose")


def default(target: str, name: str) -> tuple[bool, object]:
    """Whether a keyword of a class has a known default, and that default."""
    if name == "stride" and target.startswith(_STRIDED):
        return True, 1
    if name == "eps" and target.startswith("torch.nn.BatchNorm"):
        return True, 1e-5
    if name == "momentum" and target.startswith("torch.nn.BatchNorm"):
        return True, 0.1
    if target.startswith("torch.nn.") and name in DEFAULTS:
        return True, DEFAULTS[name]
    return False, None


#: The names of positional arguments, for arguments that no parameter of a block names.
_POSITIONS = {
    "torch.nn.Conv": ("in_channels", "out_channels", "kernel_size", "stride", "padding"),
    "torch.nn.Linear": ("in_features", "out_features"),
    "torch.nn.BatchNorm": ("features",),
    "torch.nn.InstanceNorm": ("features",),
    "torch.nn.GroupNorm": ("groups", "channels"),
    "torch.nn.LayerNorm": ("shape",),
    "torch.nn.MaxPool": ("kernel_size", "stride", "padding"),
    "torch.nn.AvgPool": ("kernel_size", "stride", "padding"),
    "torch.nn.Adaptive": ("size",),
    "torch.nn.Dropout": ("p",),
}


class Leaf:
    """A construct: one module of ``torch.nn``, of a class that an operator brings, or a parameter."""

    __slots__ = ("call", "inplace", "skeleton", "slots")

    def __init__(self, member: Member, at: Slot) -> None:
        assert member.call is not None
        call: Call = member.call
        self.call = call
        self.slots: dict[Slot, object] = {}
        self.inplace = call.inplace
        if call.kind == "parameter":
            parts = pieces(str(call.args[0]))
            for place, (kind, value) in enumerate(parts):
                if kind == "constant":
                    self.slots[(*at, "piece", place)] = value
            self.skeleton: object = ("parameter", tuple(p if p[0] != "constant" else p[0] for p in parts))
            return
        for place, value in enumerate(call.args):
            self.slots[(*at, "arg", place)] = value
        fixed = []
        for name, value in call.kwargs:
            self.slots[(*at, "kw", name)] = value
            if not default(call.target, name)[0]:
                fixed.append(name)
        if self.inplace:
            self.slots[(*at, "kw", "inplace")] = member.inplace
        self.skeleton = ("module", call.target, len(call.args), tuple(fixed), call.inplace)


class Own:
    """A construct: an instance of one of the generated classes."""

    __slots__ = ("definition", "skeleton", "slots")

    def __init__(self, definition: Definition, at: Slot, values: Sequence[object]) -> None:
        self.definition = definition
        self.slots: dict[Slot, object] = {(*at, "own", place): value for place, value in enumerate(values)}
        self.skeleton: object = ("own", id(definition))


class Group:
    """A construct of several: an ``nn.Sequential``, or a mere holder of what the ``forward`` around it calls.

    ``runs`` are a first name, a construct and how many equal ones follow in the place of one; only positions are
    counted so, labels stand for themselves.
    """

    __slots__ = ("at", "kind", "names", "runs", "skeleton", "slots")

    def __init__(self, kind: str, members: Sequence[tuple[str, Member]], at: Slot, make: Maker) -> None:
        self.kind = kind
        self.at = at
        self.names = [name for name, _ in members]
        self.runs: list[tuple[str, Leaf | Own | Group, int]] = []
        self.slots: dict[Slot, object] = {}
        numbered = positions(self.names)
        previous: tuple[object, object] | None = None
        for name, member in members:
            key: object = len(self.runs) if numbered and kind == "sequential" else name
            construct = make(member, (*at, key))
            # Equal to the one before, wherever each of them stands.
            same = (construct.skeleton, tuple((slot[len(at) + 1 :], value) for slot, value in construct.slots.items()))
            if numbered and kind == "sequential" and previous is not None and exact(same) == exact(previous):
                first, earlier, count = self.runs[-1]
                self.runs[-1] = (first, earlier, count + 1)
                continue
            self.runs.append((name, construct, 1))
            previous = same
        for place, (_, construct, count) in enumerate(self.runs):
            self.slots.update(construct.slots)
            if numbered and kind == "sequential":
                self.slots[(*at, place, "count")] = count
        shown = tuple(None if numbered and kind == "sequential" else name for name, _, _ in self.runs)
        self.skeleton: object = (kind, shown, tuple(construct.skeleton for _, construct, _ in self.runs))


class Maker:
    """Makes the construct of a member; classes of inner scopes must be known."""

    def __init__(self, plan: Plan, definitions: dict[int, tuple[Definition, int]]) -> None:
        self.plan = plan
        self.definitions = definitions

    def __call__(self, member: Member, at: Slot) -> Leaf | Own | Group:
        if member.node is not None:
            return Leaf(member, at)
        unit = None if member.unit is None else first_record(self.plan, member.unit)
        if unit is not None and unit in self.definitions:
            definition, number = self.definitions[unit]
            return Own(definition, at, definition.values[number])
        kind = "sequential" if unit is not None else "holder"
        return Group(kind, list(member.children.items()), at, self)


def first_record(plan: Plan, scope: int) -> int:
    """The scope that first had the path of this one (others apply its modules again)."""
    return plan.first[plan.graph.scopes[scope].path]


def exact(value: object) -> object:
    """A key that tells ``1``, ``1.0`` and ``True`` apart."""
    if isinstance(value, tuple):
        return tuple(map(exact, value))
    return (type(value).__name__, value)


class Argument:
    """A constructor's argument: its name, what it is for each instance, and its default if it is ``optional``."""

    __slots__ = ("default", "name", "optional", "values")

    def __init__(self, name: str, values: tuple[object, ...], optional: bool, default: object) -> None:
        self.name = name
        self.values = values
        self.optional = optional
        self.default = default

    @property
    def declared(self) -> str:
        """As it stands in the signature."""
        return f"{self.name}: {self.type}" + (f" = {literal(self.default)}" if self.optional else "")

    @property
    def type(self) -> str:
        """Its annotation."""
        kinds = dict.fromkeys(_type(value) for value in self.values)
        if "float" in kinds:
            kinds.pop("int", None)
        if "None" in kinds:
            kinds.pop("None")
            kinds["None"] = None
        return " | ".join(kinds)


def _type(value: object) -> str:
    if value is None:
        return "None"
    if isinstance(value, tuple):
        inner = [_type(item) for item in value]
        if len(inner) > 3 and len(set(inner)) == 1:
            return f"tuple[{inner[0]}, ...]"
        return f"tuple[{', '.join(inner)}]"
    return type(value).__name__


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

    ``arguments`` are its constructor's; ``written`` says for each slot that is not the same in all instances how its
    value is written; ``values`` has, for each instance, what its call passes.
    """

    def __init__(self, plan: Plan, instances: list[Instance]) -> None:
        self.plan = plan
        self.instances = instances
        self.first = instances[0]
        self.name = ""
        self.arguments: list[Argument] = []
        self.written: dict[Slot, str] = {}
        self.stored: dict[str, str] = {}
        self._factor()
        self.values = [[argument.values[at] for argument in self.arguments] for at in range(len(instances))]

    @property
    def base(self) -> str:
        """``Module``, or the container that holds members which have numbers or odd names."""
        names = list(self.first.constructs)
        scope = self.first.scope
        if self.first.body.chain:
            return "Sequential"
        if scope.kind == "net" or all(map(plain, names)) or CONTAINER_METHODS.intersection(names):
            return "Module"
        if not expressible(self.first.constructs.values()):
            return "Module"
        return "ModuleList" if positions(names) else "ModuleDict"

    # -- constants that differ ----------------------------------------------------------------------------------------

    def _factor(self) -> None:
        slots = dict.fromkeys(slot for instance in self.instances for slot in instance.slots)
        vectors: dict[Slot, tuple[object, ...]] = {}
        for slot in slots:
            if slot[-2:] == ("kw", "inplace"):
                # Working in place must be safe for all.
                safe = all(bool(instance.slots.get(slot)) for instance in self.instances)
                for instance in self.instances:
                    instance.slots[slot] = safe
                continue
            missing = self._default(slot)
            vector = tuple(instance.slots.get(slot, missing) for instance in self.instances)
            if len({exact(value) for value in vector}) > 1:
                vectors[slot] = vector
        if vectors:
            self._name(vectors)

    def _default(self, slot: Slot) -> object:
        if slot[-2] != "kw":
            return None
        construct: object = None
        for instance in self.instances:
            if slot in instance.slots:
                construct = find(instance.constructs, slot[:-2])
                break
        assert isinstance(construct, Leaf)
        return default(construct.call.target, str(slot[-1]))[1]

    def _name(self, vectors: dict[Slot, tuple[object, ...]]) -> None:
        entering = tuple(self.plan.shape(instance.body.inputs[0])[0] for instance in self.instances)
        leaving = tuple(self.plan.shape(instance.body.results[0])[0] for instance in self.instances)
        given: dict[str, tuple[object, ...]] = {}
        for name, _ in self.first.scope.arguments:
            values = tuple(dict(instance.scope.arguments).get(name) for instance in self.instances)
            if len({exact(value) for value in values}) > 1:
                given[unique(snake(name) or "value", given)] = values
        channels = unique("in_channels", given, join="_")
        eater = self._eaters()
        used: dict[str, tuple[object, ...]] = {}
        for slot, vector in vectors.items():
            text = None
            if exact(vector) == exact(entering) and slot in eater and vector not in given.values():
                text = channels
                used[text] = vector
            else:
                text = _express(vector, given, channels, entering, used)
            if text is None:
                text = next((name for name, values in used.items() if exact(values) == exact(vector)), None)
            if text is None:
                text = self._half(slot, vector, vectors)
            if text is None:
                out = vector == leaving and all(isinstance(value, int) for value in vector)
                role = "out_channels" if out else self._role(slot)
                if role in used and exact(used[role]) != exact(vector):
                    role = self._longer(slot, role)
                text = unique(role, {*used, *given, channels})
                used[text] = vector
            self.written[slot] = text
            if slot[0] == "step":
                self.stored.setdefault(text, "")
        order = [channels, *given]
        names = sorted(used, key=lambda name: order.index(name) if name in order else len(order))
        arguments = [Argument(name, used[name], *self._optional(name, used[name])) for name in names]
        self.arguments = sorted(arguments, key=lambda argument: argument.optional)
        taken = set(self.first.constructs)
        for text in self.stored:
            self.stored[text] = unique(snake(text) or "size", taken)
            taken.add(self.stored[text])

    def _optional(self, name: str, values: tuple[object, ...]) -> tuple[bool, object]:
        """Whether an argument may be left out, and its default: that of the module which takes it."""
        for slot, text in self.written.items():
            if text == name and slot[-2] == "kw":
                construct = find(self.first.constructs, slot[:-2])
                assert isinstance(construct, Leaf)
                known, value = default(construct.call.target, str(slot[-1]))
                if known and exact(value) in map(exact, values):
                    return True, value
            elif text == name and slot[-2] == "own":
                construct = find(self.first.constructs, slot[:-2])
                assert isinstance(construct, Own)
                inner = construct.definition.arguments[int(str(slot[-1]))]
                if inner.optional and exact(inner.default) in map(exact, values):
                    return True, inner.default
        return False, None

    def _eaters(self) -> set[Slot]:
        """Slots of what counts the channels of the tensor that enters."""
        body = self.first.body
        cut = len(body.scope.path) + 1
        origin = {body.inputs[0]}
        slots: set[Slot] = set()
        for step in body.steps:
            if not step.operands or step.operands[0] not in origin:
                continue
            if step.path:
                path = tuple(step.path[cut:].split("."))
                slots |= {(*path, "arg", 0), (*path, "own", 0), (*path, 0, "arg", 0), (*path, 0, "own", 0)}
            node = step.node
            if step.unit is None and node is not None and not node.op.weight_layer and not step.pieces:
                origin.add(step.value)
        return slots

    def _role(self, slot: Slot) -> str:
        """A name for a constant by what it is to its module."""
        if slot[0] == "step":
            return "size"
        if slot[-1] == "count":
            return "depth"
        construct = find(self.first.constructs, slot[:-2])
        name = "value"
        if isinstance(construct, Own):
            name = construct.definition.arguments[int(str(slot[-1]))].name
        elif isinstance(construct, Leaf):
            name = "value"
            if slot[-2] == "kw":
                name = str(slot[-1])
            else:
                for prefix, names in _POSITIONS.items():
                    if construct.call.target.startswith(prefix) and int(str(slot[-1])) < len(names):
                        name = names[int(str(slot[-1]))]
        return name if name != "out_channels" else "channels"

    def _longer(self, slot: Slot, role: str) -> str:
        """A role with the member before it that has it."""
        where = [str(part) for part in slot[:-2] if isinstance(part, str) and not part.isdigit()]
        return snake("_".join([*where, role])) or role

    def _half(self, slot: Slot, vector: tuple[object, ...], vectors: dict[Slot, tuple[object, ...]]) -> str | None:
        """``kernel_size // 2``, where a padding is that."""
        if slot[-2:] != ("kw", "padding"):
            return None
        kernel = next((at for at in ((*slot[:-2], "arg", 2), (*slot[:-2], "arg", 0)) if at in self.written), None)
        if kernel is None or not self.written[kernel].isidentifier():
            return None
        sizes = vectors[kernel]
        halves = [size // 2 if type(size) is int else None for size in sizes]
        return f"{self.written[kernel]} // 2" if halves == list(vector) else None


def _express(
    vector: tuple[object, ...],
    given: dict[str, tuple[object, ...]],
    channels: str,
    entering: tuple[int, ...],
    used: dict[str, tuple[object, ...]],
) -> str | None:
    """A vector of constants in terms of the block's own parameters and the entering channels, noted in ``used``."""

    def written(text: str, *names: str) -> str:
        used.update((name, entering if name == channels else given[name]) for name in names)
        return text

    for name, values in given.items():
        if exact(values) == exact(vector):
            return written(name, name)
    numbers = [value for value in vector if isinstance(value, int) and not isinstance(value, bool)]
    if len(numbers) < len(vector) or 0 in numbers:
        return None
    bases: dict[str, list[int]] = {}
    for name, values in given.items():
        whole = [value for value in values if isinstance(value, int) and not isinstance(value, bool) and value]
        if len(whole) == len(vector):
            bases[name] = whole
    for name, whole in bases.items():
        if (factor := _factor_of(numbers, whole)) is not None:
            return written(f"{factor} * {name}", name)
    if len(set(entering)) > 1:
        if numbers == list(entering):
            return written(channels, channels)
        for name, whole in bases.items():
            if numbers == [a * b for a, b in zip(whole, entering, strict=True)]:
                return written(f"{name} * {channels}", name, channels)
        if (factor := _factor_of(numbers, list(entering))) is not None:
            return written(f"{factor} * {channels}", channels)
        bases[channels] = list(entering)
    for name, whole in bases.items():
        for divisor in range(2, 65):
            exactly = divisor == 2 or all(value % divisor == 0 for value in whole)
            if exactly and numbers == [value // divisor for value in whole]:
                return written(f"{name} // {divisor}", name)
    return None


def _factor_of(numbers: list[int], whole: list[int]) -> int | None:
    factor = numbers[0] // whole[0]
    return factor if factor > 1 and numbers == [factor * value for value in whole] else None


def holder(group: Group) -> str:
    """The class of ``torch.nn`` that holds a group's members."""
    if group.kind == "sequential":
        return "Sequential"
    if not expressible([group]):
        return "Module"
    return "ModuleList" if positions(group.names) else "ModuleDict"


def expressible(constructs: Iterable[Leaf | Own | Group]) -> bool:
    """Whether constructs can be written as one expression, which a parameter or a holder of odd names cannot."""
    for construct in constructs:
        if isinstance(construct, Leaf) and construct.call.kind == "parameter":
            return False
        if isinstance(construct, Group):
            odd = construct.kind == "holder" and CONTAINER_METHODS.intersection(construct.names)
            if odd or not expressible(inner for _, inner, _ in construct.runs):
                return False
    return True


def find(constructs: dict[str, Leaf | Own | Group], path: Slot) -> object:
    """The construct at a slot's place."""
    found: Leaf | Own | Group = constructs[str(path[0])]
    for part in path[1:]:
        assert isinstance(found, Group)
        if isinstance(part, int):
            found = found.runs[part][1]
        else:
            found = next(construct for name, construct, _ in found.runs if name == part)
    return found


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
    """Names each class after its block or label; those of one block that differ in structure by what tells them apart."""
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
    """``ConvBNReLU``, after the layers inside."""
    words = []
    for step in definition.first.body.steps[:4]:
        if step.node is not None and step.path:
            target = definition.plan.call(step.node).target.rpartition(".")[2]
            words.append(target if step.node.op.category == "activation" else step.node.op.keyword)
    return "".join(map(camel, words)) or "Layer"


def _difference(definition: Definition, plainest: Definition) -> str:
    """What a class has that the plainest of its block has not: a label, or a flag among the arguments."""
    for name in definition.first.constructs:
        if name not in plainest.first.constructs and not any(char.isdigit() for char in name):
            keyword = {step.node.op.keyword for step in definition.first.body.steps if step.node is not None}
            if name not in keyword:
                return camel(name)
    other = dict(plainest.first.scope.arguments)
    for key, value in definition.first.scope.arguments:
        mine = {exact(dict(instance.scope.arguments).get(key)) for instance in definition.instances}
        theirs = {exact(dict(instance.scope.arguments).get(key)) for instance in plainest.instances}
        if mine == {exact(True)} and theirs == {exact(False)}:
            return camel(key)
        if isinstance(value, str) and value != other.get(key) and len(mine) == 1:
            return camel(value)
    return ""
