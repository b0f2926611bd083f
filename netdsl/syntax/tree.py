"""Syntax nodes: what a file says, each with its span; no meaning yet.

A layer's word is kept whole (``conv3``): where its kernel begins only the operators know.
"""

from __future__ import annotations

from typing import TypeAlias

from netdsl.diagnostics import Span
from netdsl.syntax.node import Node


class Name(Node):
    """A word of the source; ``quoted`` where it stood in quotes."""

    text: str
    span: Span
    quoted: bool = False


# -- expressions ------------------------------------------------------------------------------------------------------


class Literal(Node):
    """A number, a string or a truth value. ``bad`` says why a number cannot be used (too many digits)."""

    value: int | float | bool | str
    span: Span
    bad: str | None = None


class Variable(Node):
    """A name in an expression."""

    name: str
    span: Span


class Member(Node):
    """``in.c``"""

    owner: Name
    field: Name
    span: Span


class Function(Node):
    """``min(a, b)``"""

    name: Name
    arguments: tuple[Expression, ...]
    span: Span


class Unary(Node):
    """``-a``, ``+a``, ``not a``"""

    operator: str
    operand: Expression
    span: Span


class Binary(Node):
    """``a * b``; ``and`` and ``or`` too. ``sign`` is the operator's own place."""

    operator: str
    left: Expression
    right: Expression
    span: Span
    sign: Span


class Template(Node):
    """``"block{k}-{i}"``: a name in quotes, with values filled in. Its value is a text."""

    parts: tuple[Name | Expression, ...]
    span: Span


Expression: TypeAlias = Literal | Variable | Member | Function | Unary | Binary | Template


class Sizes(Node):
    """``3x224x224``: one or more numbers joined by ``×``."""

    parts: tuple[Expression, ...]
    span: Span


class Range(Node):
    """``0..0.2``; ``0..<0.2`` is ``open``: it ends one step before its last value."""

    first: Expression
    last: Expression
    open: bool
    span: Span


class Path(Node):
    """``stage.0.conv``, ``convs.{i}``: names and expressions between dots."""

    parts: tuple[Name | Expression, ...]
    span: Span


class Reference(Node):
    """``@stage.name``: a tensor by its name."""

    path: Path
    span: Span


Value: TypeAlias = Sizes | Range | Reference


# -- items ------------------------------------------------------------------------------------------------------------


class Flag(Node):
    """A bare word after a layer."""

    name: Name
    span: Span


class Attribute(Node):
    """``groups=32``; a single word or number is a :class:`Sizes` of one part."""

    name: Name
    value: Value
    span: Span


class Positional(Node):
    """A value without a name (``dropout 0.5``)."""

    value: Value
    span: Span


Modifier: TypeAlias = Flag | Attribute | Positional


class Layer(Node):
    """``conv3-64/2 groups=32 +bn``; also a block's name without arguments.

    ``kernel`` is what follows the word's own digits (``×3`` in ``conv3×3``), with ``glued`` true where it begins with a
    brace directly after the word (``conv{k}``). ``suffixes`` are the layers after ``+``. ``head`` spans word to stride.
    """

    word: Name
    kernel: tuple[Expression, ...]
    glued: bool
    channels: Expression | None
    stride: Sizes | None
    modifiers: tuple[Modifier, ...]
    suffixes: tuple[Layer, ...]
    head: Span
    span: Span


class Argument(Node):
    """An argument of a call, by place or by name."""

    name: Name | None
    value: Expression | Reference
    span: Span


class Call(Node):
    """``bottleneck(128, s=2)``"""

    name: Name
    arguments: tuple[Argument, ...]
    span: Span


class Row(Node):
    """Items on one line, separated by commas."""

    items: tuple[Item, ...]
    span: Span


class Group(Node):
    """``[a, b]``"""

    rows: tuple[Row, ...]
    span: Span


class Branch(Node):
    """One branch of a join."""

    rows: tuple[Row, ...]
    span: Span


class Join(Node):
    """``add { a | b }``"""

    word: Name
    branches: tuple[Branch, ...]
    span: Span


class Body(Node):
    """What stands in braces: rows and styles in order."""

    lines: tuple[Row | Style, ...]
    span: Span


class If(Node):
    """``if c { … } else { … }``; ``otherwise`` is None where there is no ``else``."""

    condition: Expression
    then: Body
    otherwise: Body | If | None
    span: Span


class TableRow(Node):
    """Cells of a table between two of its line ends, None where a cell is empty.

    ``label`` is the row's where its first cell is empty; elsewhere that of the first cell's first item is.

    ``breaks`` are the cells whose ``|`` begins a line: such a line goes on with the row above where that has cells
    left, else it is a row of its own whose first cell is empty. Only who knows the columns can tell.
    """

    label: Path | None
    cells: tuple[Row | None, ...]
    breaks: tuple[int, ...]
    span: Span


class Table(Node):
    """``table A | B { … }``"""

    columns: tuple[Name, ...]
    rows: tuple[TableRow, ...]
    span: Span


class Reuse(Node):
    """``reuse name``"""

    path: Path
    span: Span


class Hole(Node):
    """A statement that could not be read, so that the rest of the file can be."""

    span: Span


Core: TypeAlias = Layer | Call | Group | Join | If | Table | Reference | Reuse | Hole


class Item(Node):
    """An element of a row with all that may stand around it.

    ``words`` are the flags of an item that is no layer, and those after a repeat.
    """

    label: Path | None
    core: Core
    words: tuple[Name, ...]
    repeat: Expression | None
    alias: Name | None
    assertion: Sizes | None
    allow: tuple[Name, ...]
    span: Span


# -- declarations -----------------------------------------------------------------------------------------------------


class Net(Node):
    """``net vgg19 "title"``"""

    name: Name
    title: str | None
    span: Span


class Input(Node):
    """``input image 3x224x224``"""

    name: Name | None
    sizes: Sizes
    span: Span
    allow: tuple[Name, ...] = ()


class Setting(Node):
    """``width = 1.0``"""

    name: Name
    value: Expression
    span: Span


class Param(Node):
    """``param width = 1.0, depth = 1.0``"""

    settings: tuple[Setting, ...]
    span: Span
    allow: tuple[Name, ...] = ()


class Variant(Node):
    """``variant D-BN = D: batchnorm = true``"""

    name: Name
    base: Name | None
    settings: tuple[Setting, ...]
    span: Span


class Default(Node):
    """``default 50``: the variant that is meant when none is named."""

    name: Name
    span: Span


class Style(Node):
    """``style conv = _, bn, relu``"""

    word: Name
    row: Row
    span: Span


class Parameter(Node):
    """A parameter of a block, with its default."""

    name: Name
    default: Expression | None
    span: Span


class Block(Node):
    """``block bottleneck(c, s=1) { … }``; ``head`` spans what stands before the body."""

    name: Name
    parameters: tuple[Parameter, ...]
    body: Body
    head: Span
    span: Span
    allow: tuple[Name, ...] = ()


class Use(Node):
    """``use "common.net" (se, bottleneck)``; no names mean all."""

    file: Name
    names: tuple[Name, ...]
    span: Span


class Quantity(Node):
    """The right side of a condition: a number, or one an axis, and a unit."""

    sizes: Sizes
    unit: Name | None
    span: Span


class Condition(Node):
    """``macs <= 20e9``"""

    name: Name
    arguments: tuple[Argument, ...]
    relation: str
    quantity: Quantity
    span: Span


class Expect(Node):
    """``expect b1: params = 7794184``"""

    variant: Name | None
    conditions: tuple[Condition, ...]
    span: Span


class InitArgument(Node):
    """``fan_out``, ``0.01`` or ``std=0.01``"""

    name: Name | None
    value: Value
    span: Span


class InitRule(Node):
    """``init conv, fc = kaiming_normal fan_out``, ``init 50: conv = normal 0.01``"""

    variant: Name | None
    targets: tuple[Path, ...]
    scheme: Name
    arguments: tuple[InitArgument, ...]
    span: Span


class Allow(Node):
    """``allow ND301``"""

    codes: tuple[Name, ...]
    span: Span


class Output(Node):
    """``output aux1 train weight=0.3 { … }``"""

    name: Name
    modifiers: tuple[Modifier, ...]
    body: Body
    span: Span


Statement: TypeAlias = (
    Net | Input | Param | Variant | Default | Style | Block | Use | Expect | InitRule | Allow | Output | Row
)


class Comment(Node):
    """A comment, from its ``#`` to the end of the line."""

    text: str
    span: Span


class File(Node):
    """A whole file. ``holes`` are the texts of statements that could not be read."""

    statements: tuple[Statement, ...]
    comments: tuple[Comment, ...]
    holes: tuple[str, ...]
    span: Span


def show_path(path: Path) -> str:
    """A dotted name as it is written: ``convs.{i}``; an expression of more than a name as ``{…}``."""
    parts = []
    for part in path.parts:
        if isinstance(part, Name):
            parts.append(part.text)
        elif isinstance(part, Template):
            inner = "".join(p.text if isinstance(p, Name) else show_path(Path((p,), p.span)) for p in part.parts)
            parts.append(f'"{inner}"')
        else:
            parts.append(f"{{{part.name}}}" if isinstance(part, Variable) else "{…}")
    return ".".join(parts)
