"""Syntax nodes: what a file says, each with its span; no meaning yet.

They are named tuples: frozen, and cheap to define, which a command's cold start feels.
A layer's word is kept whole (``conv3``): where its kernel begins only the operators know.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from netdsl.diagnostics import Span


class Name(NamedTuple):
    """A word of the source; ``quoted`` where it stood in quotes."""

    text: str
    span: Span
    quoted: bool = False


# -- expressions ------------------------------------------------------------------------------------------------------


class Literal(NamedTuple):
    """A number, a string or a truth value. ``bad`` says why a number cannot be used (too many digits)."""

    value: int | float | bool | str
    span: Span
    bad: str | None = None


class Variable(NamedTuple):
    """A name in an expression."""

    name: str
    span: Span


class Member(NamedTuple):
    """``in.c``"""

    owner: Name
    field: Name
    span: Span


class Function(NamedTuple):
    """``min(a, b)``"""

    name: Name
    arguments: tuple[Expression, ...]
    span: Span


class Unary(NamedTuple):
    """``-a``, ``+a``, ``not a``"""

    operator: str
    operand: Expression
    span: Span


class Binary(NamedTuple):
    """``a * b``; ``and`` and ``or`` too. ``sign`` is the operator's own place."""

    operator: str
    left: Expression
    right: Expression
    span: Span
    sign: Span


Expression: TypeAlias = Literal | Variable | Member | Function | Unary | Binary


class Sizes(NamedTuple):
    """``3x224x224``: one or more numbers joined by ``×``."""

    parts: tuple[Expression, ...]
    span: Span


class Range(NamedTuple):
    """``0..0.2``"""

    first: Expression
    last: Expression
    span: Span


class Path(NamedTuple):
    """``stage.0.conv``, ``convs.{i}``: names and expressions between dots."""

    parts: tuple[Name | Expression, ...]
    span: Span


class Reference(NamedTuple):
    """``@stage.name``: a tensor by its name."""

    path: Path
    span: Span


Value: TypeAlias = Sizes | Range | Reference


# -- items ------------------------------------------------------------------------------------------------------------


class Flag(NamedTuple):
    """A bare word after a layer."""

    name: Name
    span: Span


class Attribute(NamedTuple):
    """``groups=32``; a single word or number is a :class:`Sizes` of one part."""

    name: Name
    value: Value
    span: Span


class Positional(NamedTuple):
    """A value without a name (``dropout 0.5``)."""

    value: Value
    span: Span


Modifier: TypeAlias = Flag | Attribute | Positional


class Layer(NamedTuple):
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


class Argument(NamedTuple):
    """An argument of a call, by place or by name."""

    name: Name | None
    value: Expression | Reference
    span: Span


class Call(NamedTuple):
    """``bottleneck(128, s=2)``"""

    name: Name
    arguments: tuple[Argument, ...]
    span: Span


class Row(NamedTuple):
    """Items on one line, separated by commas."""

    items: tuple[Item, ...]
    span: Span


class Group(NamedTuple):
    """``[a, b]``"""

    rows: tuple[Row, ...]
    span: Span


class Branch(NamedTuple):
    """One branch of a join."""

    rows: tuple[Row, ...]
    span: Span


class Join(NamedTuple):
    """``add { a | b }``"""

    word: Name
    branches: tuple[Branch, ...]
    span: Span


class Body(NamedTuple):
    """What stands in braces: rows and styles in order."""

    lines: tuple[Row | Style, ...]
    span: Span


class If(NamedTuple):
    """``if c { … } else { … }``; ``otherwise`` is None where there is no ``else``."""

    condition: Expression
    then: Body
    otherwise: Body | If | None
    span: Span


class TableRow(NamedTuple):
    """Cells of a table between two of its line ends, None where a cell is empty.

    ``breaks`` are the cells whose ``|`` begins a line: such a line goes on with the row above where that has cells
    left, else it is a row of its own whose first cell is empty. Only who knows the columns can tell.
    """

    cells: tuple[Row | None, ...]
    breaks: tuple[int, ...]
    span: Span


class Table(NamedTuple):
    """``table A | B { … }``"""

    columns: tuple[Name, ...]
    rows: tuple[TableRow, ...]
    span: Span


class Reuse(NamedTuple):
    """``reuse name``"""

    path: Path
    span: Span


class Hole(NamedTuple):
    """A statement that could not be read, so that the rest of the file can be."""

    span: Span


Core: TypeAlias = Layer | Call | Group | Join | If | Table | Reference | Reuse | Hole


class Item(NamedTuple):
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


class Net(NamedTuple):
    """``net vgg19 "title"``"""

    name: Name
    title: str | None
    span: Span


class Input(NamedTuple):
    """``input image 3x224x224``"""

    name: Name | None
    sizes: Sizes
    span: Span


class Setting(NamedTuple):
    """``width = 1.0``"""

    name: Name
    value: Expression
    span: Span


class Param(NamedTuple):
    """``param width = 1.0, depth = 1.0``"""

    settings: tuple[Setting, ...]
    span: Span


class Variant(NamedTuple):
    """``variant D-BN = D: batchnorm = true``"""

    name: Name
    base: Name | None
    settings: tuple[Setting, ...]
    span: Span


class Default(NamedTuple):
    """``default 50``: the variant that is meant when none is named."""

    name: Name
    span: Span


class Style(NamedTuple):
    """``style conv = _, bn, relu``"""

    word: Name
    row: Row
    span: Span


class Parameter(NamedTuple):
    """A parameter of a block, with its default."""

    name: Name
    default: Expression | None
    span: Span


class Block(NamedTuple):
    """``block bottleneck(c, s=1) { … }``; ``head`` spans what stands before the body."""

    name: Name
    parameters: tuple[Parameter, ...]
    body: Body
    head: Span
    span: Span


class Use(NamedTuple):
    """``use "common.net" (se, bottleneck)``; no names mean all."""

    file: Name
    names: tuple[Name, ...]
    span: Span


class Quantity(NamedTuple):
    """The right side of a condition: a number, or one an axis, and a unit."""

    sizes: Sizes
    unit: Name | None
    span: Span


class Condition(NamedTuple):
    """``macs <= 20e9``"""

    name: Name
    arguments: tuple[Argument, ...]
    relation: str
    quantity: Quantity
    span: Span


class Expect(NamedTuple):
    """``expect b1: params = 7794184``"""

    variant: Name | None
    conditions: tuple[Condition, ...]
    span: Span


class InitArgument(NamedTuple):
    """``fan_out``, ``0.01`` or ``std=0.01``"""

    name: Name | None
    value: Value
    span: Span


class InitRule(NamedTuple):
    """``init conv = kaiming_normal fan_out``"""

    target: Path
    scheme: Name
    arguments: tuple[InitArgument, ...]
    span: Span


class Allow(NamedTuple):
    """``allow ND301``"""

    codes: tuple[Name, ...]
    span: Span


class Output(NamedTuple):
    """``output aux1 train weight=0.3 { … }``"""

    name: Name
    modifiers: tuple[Modifier, ...]
    body: Body
    span: Span


Statement: TypeAlias = (
    Net | Input | Param | Variant | Default | Style | Block | Use | Expect | InitRule | Allow | Output | Row
)


class Comment(NamedTuple):
    """A comment, from its ``#`` to the end of the line."""

    text: str
    span: Span


class File(NamedTuple):
    """A whole file. ``holes`` are the texts of statements that could not be read."""

    statements: tuple[Statement, ...]
    comments: tuple[Comment, ...]
    holes: tuple[str, ...]
    span: Span
