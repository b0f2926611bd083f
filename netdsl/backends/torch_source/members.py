"""What classes hold: modules, instances of generated classes, and containers, each with its constants pulled out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from netdsl.backends.torch_source.plan import Plan
from netdsl.backends.torch_source.steps import Member, pieces
from netdsl.backends.torch_source.text import CONTAINER_METHODS, ClassName, positions
from netdsl.ir.types import Call

if TYPE_CHECKING:
    from netdsl.backends.torch_source.classes import Definition

#: Where in a class a constant stands: names of members, and then what it is there.
Slot = tuple[object, ...]


class _Absent:
    """Stands for a constant of a part that an instance does not have."""

    def __repr__(self) -> str:
        return "ANY"


#: The only one of its kind.
ANY = _Absent()

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
#: The order in which keywords are written; others follow.
_ORDER = ("kernel_size", "stride", "padding", "output_padding", "dilation", "groups", "bias", "padding_mode")

_STRIDED = ("torch.nn.Conv", "torch.nn.ConvTranspose")


def rank(name: str) -> int:
    """Where a keyword stands among those of its module."""
    return _ORDER.index(name) if name in _ORDER else len(_ORDER)


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


class Leaf:
    """A construct: one module of ``torch.nn``, of a class that an operator brings, or a parameter."""

    __slots__ = ("call", "inplace", "op", "skeleton", "slots")

    def __init__(self, member: Member, at: Slot) -> None:
        assert member.call is not None and member.node is not None
        call: Call = member.call
        self.call = call
        self.op = member.node.op
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
        target = call.target
        if member.node.op.category == "activation" and not (call.args or call.kwargs or call.source):
            # Which activation it is may be an argument.
            self.slots[(*at, "kw", "class")] = ClassName(target.removeprefix("torch."))
            target = "activation"
        self.skeleton = ("module", target, len(call.args), tuple(fixed), call.inplace)


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

    __slots__ = ("at", "expressible", "kind", "names", "runs", "skeleton", "slots")

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
        odd = kind == "holder" and not CONTAINER_METHODS.isdisjoint(self.names)
        #: whether it can be written as one expression
        self.expressible = not odd and expressible(construct for _, construct, _ in self.runs)


class Maker:
    """Makes the construct of a member; classes of inner scopes must be known."""

    def __init__(self, plan: Plan, definitions: dict[int, tuple[Definition, int]]) -> None:
        self.plan = plan
        self.definitions = definitions

    def __call__(self, member: Member, at: Slot) -> Leaf | Own | Group:
        """The construct of a member whose constants stand at ``at``."""
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
        if isinstance(construct, Group) and not construct.expressible:
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
