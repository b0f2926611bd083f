"""The arguments of a class: numbers that differ among its instances, named and written in terms of one another."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from netdsl.backends.torch_source.members import ANY, Leaf, Own, Slot, default, exact, find, rank
from netdsl.backends.torch_source.mentions import Mentions
from netdsl.backends.torch_source.plan import Plan
from netdsl.backends.torch_source.terms import Terms, Vector, agree
from netdsl.backends.torch_source.text import ClassName, literal, snake, unique
from netdsl.ir.op import Op
from netdsl.ir.types import Call

if TYPE_CHECKING:
    from netdsl.backends.torch_source.instances import Instance

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

#: Those of them, and of classes that operators bring, that count channels.
_CHANNELS = frozenset(
    {"in_channels", "out_channels", "channels", "in_features", "out_features", "features", "groups", "shape"}
)


def positional(call: Call) -> tuple[str, ...]:
    """The names of a module's positional arguments, as far as they are known."""
    target = call.target
    if call.source is not None:
        found = re.search(
            rf"^class {re.escape(target)}\((?:nn\.(\w+))?\):.*?def __init__\(\s*self,([^)]*)", call.source, re.S | re.M
        )
        if found is None:
            return ()
        names = tuple(part.partition(":")[0].strip() for part in found[2].split(","))
        if not names[0].startswith("*"):
            return names
        target = f"torch.nn.{found[1]}"
    return next((names for prefix, names in _POSITIONS.items() if target.startswith(prefix)), ())


class Argument:
    """A constructor's argument: its name, what it is for each instance, and its default if it is ``optional``.

    ``counts`` says that it counts channels, which a class may compute from other channels.
    """

    __slots__ = ("counts", "default", "name", "optional", "values")

    def __init__(self, name: str, values: Vector, counts: bool, optional: bool, default: object) -> None:
        self.name = name
        self.counts = counts
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
    return "type[nn.Module]" if isinstance(value, ClassName) else type(value).__name__


class _Alike:
    """Arguments of one sort, by the values that they have: there may be thousands. ``used`` are the vectors by name."""

    def __init__(self, used: dict[str, Vector]) -> None:
        self.used = used
        self.names: dict[str, int] = {}
        #: For each instance, the arguments that have a value there, or had none when they were added.
        self.having: list[dict[object, list[str]]] = []

    def add(self, name: str) -> None:
        """Takes in an argument, after those that are here."""
        if name in self.names:
            return
        self.names[name] = len(self.names)
        vector = self.used[name]
        self.having = self.having or [{} for _ in vector]
        for having, value in zip(self.having, vector, strict=True):
            having.setdefault(_key(value), []).append(name)

    def find(self, vector: Vector) -> str | None:
        """The first that agrees with a vector."""
        least: list[list[str]] | None = None
        for having, value in zip(self.having, vector):
            if value is not ANY:
                near = [having.get(_key(value), []), having.get(ANY, [])]
                if least is None or sum(map(len, near)) < sum(map(len, least)):
                    least = near
        names = [name for some in least for name in some] if least is not None else list(self.names)
        found = [name for name in names if agree(self.used[name], vector)]
        return min(found, key=self.names.__getitem__, default=None)


def _key(value: object) -> object:
    return ANY if value is ANY else exact(value)


class Factors:
    """What differs among instances of a class.

    ``arguments`` are the constructor's; ``written`` says for each slot that is not the same in all instances how its
    value is written; ``stored`` maps those that ``forward`` needs to the attributes that keep them. ``parts`` are what
    some instances leave out, and ``conditions`` say when it is there.
    """

    def __init__(self, plan: Plan, instances: Sequence[Instance], parts: Sequence[Slot]) -> None:
        self.plan = plan
        self.instances = instances
        self.first = instances[0]
        self.arguments: list[Argument] = []
        self.written: dict[Slot, str] = {}
        self.stored: dict[str, str] = {}
        self.conditions: dict[Slot, str] = {}
        #: What is one number wherever its part is there: a parameter all the same, if the spec has one in its place.
        self.steady: dict[Slot, Vector] = {}
        vectors = self._collect()
        if vectors or parts:
            self._name(vectors, parts)

    def _collect(self) -> dict[Slot, Vector]:
        slots = list(dict.fromkeys(slot for instance in self.instances for slot in instance.slots))
        # What the first instance leaves out stands where its keyword does.
        places = {place: at for at, place in enumerate(dict.fromkeys(slot[:-2] for slot in slots))}
        slots.sort(key=lambda slot: (places[slot[:-2]], rank(str(slot[-1])) if slot[-2:-1] == ("kw",) else -1))
        vectors: dict[Slot, Vector] = {}
        for slot in slots:
            if slot[-2:] == ("kw", "inplace"):
                # Working in place must be safe for all.
                self.first.slots[slot] = all(bool(instance.constant(slot, False)) for instance in self.instances)
                continue
            missing = self._default(slot)
            vector = tuple(instance.constant(slot, missing) for instance in self.instances)
            if len({exact(value) for value in vector if value is not ANY}) > 1:
                vectors[slot] = vector
            elif ANY in vector:
                self.steady[slot] = vector
        return vectors

    def _default(self, slot: Slot) -> object:
        if slot[-2] != "kw":
            return None
        construct: object = None
        for instance in self.instances:
            if slot in instance.slots:
                construct = instance.construct(slot[:-2])
                break
        assert isinstance(construct, Leaf)
        return default(construct.call.target, str(slot[-1]))[1]

    def _name(self, vectors: dict[Slot, Vector], parts: Sequence[Slot]) -> None:
        entering = tuple(self.plan.shape(instance.body.inputs[0])[0] for instance in self.instances)
        leaving = tuple(self.plan.shape(instance.body.results[0])[0] for instance in self.instances)
        given: dict[str, Vector] = {}
        for name, _ in self.first.scope.arguments:
            values = tuple(dict(instance.scope.arguments).get(name) for instance in self.instances)
            if len({exact(value) for value in values}) > 1:
                given[unique(snake(name) or "value", {*given, *self.plan.brought})] = values
        terms = Terms(given, unique("in_channels", given, join="_"), entering)
        used = terms.used
        eater = self._eaters()
        #: The arguments that stand for channels, or for one thing such as ``stride``.
        sorts: dict[str, _Alike] = {}
        mentions = Mentions(self.plan, self.first)
        order = mentions.order(vectors, list(given))
        eaten = {slot for slot, vector in vectors.items() if slot in eater and agree(vector, entering)}
        # Where all that takes what enters has a parameter's number too, no argument is needed beside that.
        if all(any(agree(vectors[slot], one) for one in given.values()) for slot in eaten):
            eaten = set()
        for slot, vector in vectors.items():
            counts = self._counts(slot)
            if slot in eaten:
                text: str | None = terms.channels
                used[terms.channels] = entering
            else:
                text = terms.express(vector, order[slot], exactly=not counts)
            role = "out_channels" if counts and agree(vector, leaving) else self._role(slot)
            alike = sorts.setdefault("channels" if counts else role, _Alike(used))
            if text is None:
                text = self._half(slot, vector, vectors)
            if text is None:
                text = alike.find(vector)
                if text is not None:
                    used[text] = tuple(b if a is ANY else a for a, b in zip(used[text], vector, strict=True))
            if text is None:
                if role in (*used, terms.channels):
                    role = self._longer(slot, role)
                text = unique(role, {*used, *given, terms.channels})
                used[text] = vector
            if text in used:
                alike.add(text)
            self.written[slot] = text
            if slot[0] == "step":
                self.stored.setdefault(text, "")
        for slot, vector in self.steady.items():
            near = mentions.nearest(slot, given)
            text = next((name for name in given if name in near and agree(vector, given[name])), None)
            if text is not None:
                self.written[slot] = text
                used[text] = given[text]
            elif slot in eater and terms.channels in used and agree(vector, entering):
                # A projection that one call alone has takes what enters, as the layers beside it do.
                self.written[slot] = terms.channels
        for part in parts:
            words = {terms.channels if word == "in" else word for word in mentions.conditions(part)}
            self._condition(part, terms, leaving, words)
        first = [terms.channels, *given]
        names = sorted(used, key=lambda name: first.index(name) if name in first else len(first))
        arguments = []
        slots: dict[str, list[Slot]] = {name: [] for name in names}
        for slot, text in self.written.items():
            slots.setdefault(text, []).append(slot)
        for name in names:
            counts = any(map(self._counts, slots[name]))
            optional, left_out = self._optional(name, used[name], slots[name])
            complete = tuple(left_out if value is ANY else value for value in used[name])
            arguments.append(Argument(name, complete, counts, optional, left_out))
        self.arguments = sorted(arguments, key=lambda argument: argument.optional)
        taken = set(self.first.constructs)
        for text in self.stored:
            self.stored[text] = unique(self.stored[text] or snake(text) or "size", taken)
            taken.add(self.stored[text])

    def _condition(self, part: Slot, terms: Terms, leaving: tuple[int, ...], words: set[str]) -> None:
        """Says when a part is there: by the numbers, or by an argument of its own."""
        flags = tuple(instance.has(part) for instance in self.instances)
        name = self._part(part)
        text = terms.condition(flags, leaving, words)
        if text is None:
            text = next((one for one, values in terms.used.items() if values == flags), None)
        if text is None:
            text = unique(name, {*terms.used, *terms.given, terms.channels})
            terms.used[text] = flags
        self.conditions[part] = text
        if part[0] == "step":
            self.stored.setdefault(text, name)

    def _part(self, part: Slot) -> str:
        """A name for a part: a sum is that of a residual block; else a member's label, or what it is."""
        if part[0] == "step":
            node = self.first.body.steps[int(str(part[1]))].node
            keyword = "" if node is None else node.op.keyword
            return "residual" if keyword == "add" else keyword or "flag"
        if len(part) == 1:
            return snake(str(part[0])) or "part"
        construct = find(self.first.constructs, part)
        if isinstance(construct, Leaf):
            return construct.op.keyword
        block = construct.definition.first.scope.block if isinstance(construct, Own) else None
        return snake(block or "") or "part"

    def _optional(self, name: str, values: Vector, slots: Iterable[Slot]) -> tuple[bool, object]:
        """Whether an argument may be left out, and its default: that of the module which takes it.

        ``slots`` are where it stands. What some instances have no use for may be left out in any case.
        """
        for slot in slots:
            if slot[-2:] == ("kw", "class"):
                return True, values[0]
            if slot[-2] == "kw":
                construct = find(self.first.constructs, slot[:-2])
                assert isinstance(construct, Leaf)
                known, value = default(construct.call.target, str(slot[-1]))
                if known and exact(value) in map(exact, values):
                    return True, value
            elif slot[-2] == "own":
                construct = find(self.first.constructs, slot[:-2])
                assert isinstance(construct, Own)
                inner = construct.definition.arguments[int(str(slot[-1]))]
                if inner.optional and exact(inner.default) in map(exact, values):
                    return True, inner.default
        if name in self.conditions.values():
            return True, False
        if ANY in values:
            said = [value for value in values if value is not ANY]
            return True, {int: 0, float: 0.0}.get(type(said[0]), said[0])
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
            ops = []
            for instance in self.instances:
                step = instance.step(int(str(slot[1])))
                ops.append(None if step is None or step.node is None else step.node.op)
            return self._attribute(slot, ops) or "size"
        if slot[-1] == "count":
            return "depth"
        construct = find(self.first.constructs, slot[:-2])
        if isinstance(construct, Own):
            name = construct.definition.arguments[int(str(slot[-1]))].name
        elif slot[-2] == "kw":
            name = str(slot[-1]) if slot[-1] != "class" else "activation"
        else:
            assert isinstance(construct, Leaf)
            names = () if construct.call.kind == "parameter" else positional(construct.call)
            if slot[-2] == "arg" and int(str(slot[-1])) < len(names):
                name = names[int(str(slot[-1]))]
            else:
                leaves = [instance.construct(slot[:-2]) for instance in self.instances]
                name = self._attribute(slot, [getattr(leaf, "op", None) for leaf in leaves]) or "value"
        return name if name != "out_channels" else "channels"

    def _counts(self, slot: Slot) -> bool:
        """Whether a constant counts channels, so that it may be written in terms of others."""
        if slot[0] == "step" or slot[-2] == "piece":
            return True
        construct = find(self.first.constructs, slot[:-2])
        if isinstance(construct, Own):
            return construct.definition.arguments[int(str(slot[-1]))].counts
        if not isinstance(construct, Leaf):
            return False
        if slot[-2] == "kw":
            return slot[-1] == "groups"
        names = positional(construct.call)
        return int(str(slot[-1])) < len(names) and names[int(str(slot[-1]))] in _CHANNELS

    def _attribute(self, slot: Slot, ops: Sequence[Op | None]) -> str | None:
        """The attribute of an operator that has the value of a slot, in all instances that have it."""
        values = [instance.constant(slot, None) for instance in self.instances]
        said = [(op, exact(value)) for op, value in zip(ops, values, strict=True) if op is not None]
        if not said or any(op is None and value is not ANY for op, value in zip(ops, values, strict=True)):
            return None
        for name in type(said[0][0]).model_fields:
            if all(exact(getattr(op, name, None)) == value for op, value in said):
                return snake(name)
        return None

    def _longer(self, slot: Slot, role: str) -> str:
        """A role with the member before it that has it."""
        where = [str(part) for part in slot[:-2] if isinstance(part, str) and not part.isdigit()]
        return snake("_".join([*where, role])) or role

    def _half(self, slot: Slot, vector: Vector, vectors: dict[Slot, Vector]) -> str | None:
        """``kernel_size // 2``, where a padding is that."""
        if slot[-2:] != ("kw", "padding"):
            return None
        kernel = next((at for at in ((*slot[:-2], "arg", 2), (*slot[:-2], "arg", 0)) if at in self.written), None)
        if kernel is None or not self.written[kernel].isidentifier():
            return None
        sizes = vectors[kernel]
        halves = [size // 2 if type(size) is int else None for size in sizes]
        return f"{self.written[kernel]} // 2" if halves == list(vector) else None
