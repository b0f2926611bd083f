"""What scopes compute, said in steps, and the tree of modules that the steps call."""

from __future__ import annotations

import re
from typing import Literal

from netdsl.ir.graph import Node, Scope
from netdsl.ir.types import Call

#: In which modes something happens, as bits.
TRAIN, EVAL, BOTH = 1, 2, 3
BITS = {"train": TRAIN, "eval": EVAL, "both": BOTH}

#: A part of an expression: text, an operand's number, a constant, or the parameter itself.
Piece = tuple[Literal["text", "operand", "constant", "parameter"], object]

#: A tensor: the index of its node, or ``-1 - index`` for what is flattened before that node.
Value = int

_PIECES = re.compile(
    r"""(?P<string>'[^']*'|"[^"]*")|\{(?P<operand>\d+)\}|(?P<parameter>\{parameter\})"""
    r"""|(?<![\w.])(?P<number>\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)(?![\w.])"""
)


def pieces(template: str) -> tuple[Piece, ...]:
    """An expression of a :class:`Call` taken apart; numbers in it are constants that a class may take as arguments."""
    found: list[Piece] = []
    at = 0
    for match in _PIECES.finditer(template):
        if match.start() > at:
            found.append(("text", template[at : match.start()]))
        kind, text = match.lastgroup, match.group()
        if kind == "operand":
            found.append(("operand", int(match.group("operand"))))
        elif kind == "parameter":
            found.append(("parameter", None))
        elif kind == "number":
            found.append(("constant", int(text) if text.isdigit() else float(text)))
        else:
            found.append(("text", text))
        at = match.end()
    if at < len(template):
        found.append(("text", template[at:]))
    return tuple(found)


class Step:
    """One thing that a ``forward`` does: it calls a module, or computes an expression.

    ``path`` is the absolute path of the module or parameter; ``unit`` the scope whose class or ``nn.Sequential`` that
    module is. ``live`` are the modes in which the value is needed, ``active`` those in which it is computed: in the
    others it is the first operand itself. ``head`` is the node whose layer it belongs to.
    """

    __slots__ = ("active", "head", "kind", "live", "node", "operands", "path", "pieces", "unit", "value")

    def __init__(
        self,
        kind: Literal["call", "expression", "parameter", "select"],
        value: Value,
        operands: tuple[Value, ...],
        live: int,
        active: int,
        head: int,
        *,
        node: Node | None = None,
        path: str = "",
        unit: int | None = None,
        pieces: tuple[Piece, ...] = (),
    ) -> None:
        self.kind = kind
        self.value = value
        self.operands = operands
        self.live = live
        self.active = active
        self.head = head
        self.node = node
        self.path = path
        self.unit = unit
        self.pieces = pieces

    def after(self, operands: tuple[Value, ...]) -> Step:
        """The same step on other operands."""
        copy = Step(self.kind, self.value, operands, self.live, self.active, self.head, node=self.node)
        copy.path, copy.unit, copy.pieces = self.path, self.unit, self.pieces
        return copy


class Member:
    """A place in the tree of modules: a leaf with the node that first applies it, or a scope with its members."""

    __slots__ = ("call", "children", "inplace", "name", "node", "path", "unit")

    def __init__(self, name: str, path: str) -> None:
        self.name = name
        self.path = path
        self.children: dict[str, Member] = {}
        self.node: Node | None = None
        self.call: Call | None = None
        self.inplace = False
        self.unit: int | None = None


class Body:
    """What a scope computes: the values that enter it, its steps, and the values that leave it.

    ``chain`` says that it is no more than its modules, one after another.
    """

    __slots__ = ("chain", "inputs", "live", "results", "scope", "steps")

    def __init__(self, scope: Scope, inputs: tuple[Value, ...], steps: list[Step], results: tuple[Value, ...]) -> None:
        self.scope = scope
        self.chain = False
        self.inputs = inputs
        self.steps = steps
        self.results = results
        self.live = union(steps)

    def condition(self, step: Step) -> int:
        """The modes in which a step is done, or 0 where it is done whenever the body is."""
        return 0 if step.active == self.live else step.active


def union(steps: list[Step]) -> int:
    """The modes in which any of the steps is needed."""
    bits = 0
    for step in steps:
        bits |= step.live
    return bits


def bypasses(step: Step) -> bool:
    """Whether a step is passed by in one of the modes that need its value."""
    return step.active != step.live


def joins(step: Step) -> bool:
    """Whether a step puts several tensors together."""
    return len(step.operands) > 1 and step.node is not None and step.unit is None and step.node.op.variadic


def gathers(step: Step) -> bool:
    """Whether a join reads best with a variable for each branch."""
    return joins(step) and (len(step.operands) > 2 or (step.node is not None and step.node.op.keyword == "concat"))


def one_layer(before: Step, step: Step) -> bool:
    """Whether two steps read as one layer: the spec says so, or a norm or activation follows what it belongs to."""
    if before.head == step.head:
        return True
    if before.unit is not None or step.unit is not None or before.node is None or step.node is None:
        return False
    follows = step.node.op.category in ("norm", "activation") and not step.node.op.probabilities
    return follows and before.kind == "call" and before.node.op.category in ("conv", "fc", "norm")
