"""The arguments of a class: numbers that differ among its instances, named and written in terms of one another."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from netdsl.backends.torch_source.members import Leaf, Own, Slot, default, exact, find, rank
from netdsl.backends.torch_source.mentions import Mentions
from netdsl.backends.torch_source.plan import Plan
from netdsl.backends.torch_source.text import literal, snake, unique
from netdsl.ir.op import Op
from netdsl.ir.types import Call

if TYPE_CHECKING:
    from netdsl.backends.torch_source.classes import Instance

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

    def __init__(self, name: str, values: tuple[object, ...], counts: bool, optional: bool, default: object) -> None:
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
    return type(value).__name__


class Factors:
    """What differs among instances of a class.

    ``arguments`` are the constructor's; ``written`` says for each slot that is not the same in all instances how its
    value is written; ``stored`` maps those that ``forward`` needs to the attributes that keep them.
    """

    def __init__(self, plan: Plan, instances: Sequence[Instance]) -> None:
        self.plan = plan
        self.instances = instances
        self.first = instances[0]
        self.arguments: list[Argument] = []
        self.written: dict[Slot, str] = {}
        self.stored: dict[str, str] = {}
        if vectors := self._collect():
            self._name(vectors)

    def _collect(self) -> dict[Slot, tuple[object, ...]]:
        slots = list(dict.fromkeys(slot for instance in self.instances for slot in instance.slots))
        # What the first instance leaves out stands where its keyword does.
        places = {place: at for at, place in enumerate(dict.fromkeys(slot[:-2] for slot in slots))}
        slots.sort(key=lambda slot: (places[slot[:-2]], rank(str(slot[-1])) if slot[-2:-1] == ("kw",) else -1))
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
        return vectors

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
        #: The arguments that stand for channels, or for one thing such as ``stride``.
        sorts: dict[str, list[str]] = {}
        order = Mentions(self.plan, self.first).order(vectors, list(given))
        for slot, vector in vectors.items():
            counts = self._counts(slot)
            if exact(vector) == exact(entering) and slot in eater and vector not in given.values():
                text: str | None = channels
                used[channels] = vector
            else:
                ordered = {name: given[name] for name in order[slot]}
                text = _express(vector, ordered, channels, entering, used, exactly=not counts)
            role = "out_channels" if counts and vector == leaving else self._role(slot)
            alike = sorts.setdefault("channels" if counts else role, [])
            if text is None:
                text = self._half(slot, vector, vectors)
            if text is None:
                text = next((name for name in alike if exact(used[name]) == exact(vector)), None)
            if text is None:
                if role in (*used, channels):
                    role = self._longer(slot, role)
                text = unique(role, {*used, *given, channels})
                used[text] = vector
            if text in used:
                alike.append(text)
            self.written[slot] = text
            if slot[0] == "step":
                self.stored.setdefault(text, "")
        first = [channels, *given]
        names = sorted(used, key=lambda name: first.index(name) if name in first else len(first))
        arguments = []
        for name in names:
            counts = any(text == name and self._counts(slot) for slot, text in self.written.items())
            arguments.append(Argument(name, used[name], counts, *self._optional(name, used[name])))
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
            ops = []
            for instance in self.instances:
                node = instance.body.steps[int(str(slot[1]))].node
                ops.append(None if node is None else node.op)
            return self._attribute(slot, ops) or "size"
        if slot[-1] == "count":
            return "depth"
        construct = find(self.first.constructs, slot[:-2])
        if isinstance(construct, Own):
            name = construct.definition.arguments[int(str(slot[-1]))].name
        elif slot[-2] == "kw":
            name = str(slot[-1])
        else:
            assert isinstance(construct, Leaf)
            names = () if construct.call.kind == "parameter" else positional(construct.call)
            if slot[-2] == "arg" and int(str(slot[-1])) < len(names):
                name = names[int(str(slot[-1]))]
            else:
                leaves = [find(instance.constructs, slot[:-2]) for instance in self.instances]
                name = self._attribute(slot, [leaf.op for leaf in leaves if isinstance(leaf, Leaf)]) or "value"
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
        """The attribute of an operator that has the value of a slot, in all instances."""
        values = [instance.slots.get(slot) for instance in self.instances]
        first = ops[0] if len(ops) == len(values) else None
        if first is None:
            return None
        for name in type(first).model_fields:
            if all(exact(getattr(op, name, None)) == exact(value) for op, value in zip(ops, values, strict=True)):
                return snake(name)
        return None

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
    *,
    exactly: bool = False,
) -> str | None:
    """A vector of constants in terms of the block's own parameters and the entering channels, noted in ``used``.

    ``exactly`` asks for a parameter itself, and no multiple or part of one.
    """

    def written(text: str, *names: str) -> str:
        used.update((name, entering if name == channels else given[name]) for name in names)
        return text

    for name, values in given.items():
        if exact(values) == exact(vector):
            return written(name, name)
    numbers = [value for value in vector if isinstance(value, int) and not isinstance(value, bool)]
    if len(numbers) < len(vector) or 0 in numbers or exactly:
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
