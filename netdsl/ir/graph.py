"""The graph: nodes in topological order, and beside them the tree of scopes that names their modules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from netdsl.diagnostics import Source, Span
from netdsl.ir.op import Op, registry
from netdsl.ir.record import Record, field
from netdsl.ir.types import Mode, Scalar, Shape, plural

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler

#: Version of the JSON form. A reader refuses a version that it does not know.
VERSION: Final = 1


class _AnyOp:
    """Reads and writes an operator as an object with its keyword under ``op``, whatever the registry holds."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            cls.read,
            serialization=core_schema.plain_serializer_function_ser_schema(cls.write),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        arms = []
        for keyword, op in sorted(registry().items()):
            arm = op.model_json_schema()
            arm["properties"] = {"op": {"const": keyword, "type": "string"}, **arm.get("properties", {})}
            arm["required"] = ["op", *op.model_fields]
            arms.append(arm)
        return {"title": "Op", "oneOf": arms}

    @staticmethod
    def read(value: object) -> Op:
        if isinstance(value, Op):
            return value
        if not isinstance(value, dict) or not isinstance(value.get("op"), str):
            raise ValueError("an operator is an object with its keyword under `op`")
        cls = registry().get(value["op"])
        if cls is None:
            raise ValueError(f"there is no operator `{value['op']}`")
        return cls.model_validate({key: item for key, item in value.items() if key != "op"})

    @staticmethod
    def write(op: Op) -> dict[str, Any]:
        return {"op": op.keyword, **op.model_dump(mode="json")}


class Node(Record):
    """One application of an operator. It produces one tensor.

    ``index``
        its place in ``Graph.nodes``; nodes name one another by it.
    ``name``
        unique in the graph, for people: ``layer1.0.conv2``, or ``layer1.0.add1`` for what has no module.
    ``module``
        dotted path of the module that it applies: the prefix of its parameters' keys. None where it applies none.
        Several nodes may share one (``reuse``).
    ``inputs``
        indices of the nodes whose tensors enter, all smaller than ``index``.
    ``shape``
        of the output, ``(channels, *spatial)`` without the batch axis.
    ``scope``
        index of the innermost scope around it.
    ``mode``
        in the other mode it passes on its first input, or is not computed at all.
    ``head``
        index of the node whose layer was written in the spec: a node that a style or suffix added names the layer that
        it belongs to, any other names itself.
    ``label``
        the name that the spec gives to this tensor, if any.
    """

    index: int
    name: str
    op: Annotated[Op, _AnyOp]
    inputs: tuple[int, ...]
    shape: Shape
    module: str | None
    scope: int
    mode: Mode = "both"
    head: int
    label: str | None = None
    span: Span


ScopeKind = Literal["net", "block", "group", "repeat", "table", "join", "output", "layer", "path"]


class Scope(Record):
    """A level of the tree of names, in the order in which it was opened. Scope 0 is the net itself.

    ``path``
        dotted path, the prefix of its members' names; empty for the net. ``name`` is its last part.
    ``kind``
        ``block`` (a block's call), ``group`` (a bracket), ``repeat``, ``table``, ``join``, ``output``, ``layer`` (a
        layer whose style is in brackets, or that is built of several), ``path`` (opened by a label such as ``down.0``).
    ``numbered``
        its members are called 0, 1, 2, …
    ``block``, ``arguments``
        of a block's call: the block's name and its arguments, defaults included; tensors are left out.
    ``enters``, ``result``
        nodes whose tensors go in and come out; None where nothing does.
    ``reuses``
        whether it applies modules of an earlier scope of the same path again.
    """

    index: int
    parent: int | None
    name: str
    path: str
    kind: ScopeKind
    numbered: bool = False
    block: str | None = None
    arguments: tuple[tuple[str, Scalar], ...] = ()
    enters: int | None = None
    result: int | None = None
    reuses: bool = False
    mode: Mode = "both"
    span: Span


class Output(Record):
    """A tensor that the net returns. The end of the file's rows is called ``main`` and comes first.

    ``weight`` is its share in a training loss, where the spec says one.
    """

    name: str
    node: int
    mode: Mode = "both"
    weight: float | None = None
    span: Span


class Init(Record):
    """How weights start.

    ``target`` is an operator's keyword, which stands for its modules and those of operators that take its style
    (``conv`` for ``dwconv``) unless they have an initialisation of their own; or, if ``by_label``, a dotted path: that
    of a module or scope, or where none is called so the end of one (``bn3`` for ``layer1.0.bn3`` and all its like). A
    path goes before a keyword, and a longer path before a shorter.
    """

    target: str
    by_label: bool
    scheme: str
    arguments: tuple[tuple[str, Scalar], ...] = ()
    span: Span


class Graph(Record):
    """A network. Made by :func:`netdsl.compile`, checked by :func:`netdsl.ir.verify.verify`.

    ``inputs`` are the indices of the input nodes, named by their labels. ``settings`` are the values of the file's
    parameters. ``variant`` is the one that was asked for, or the default one; ``variants`` all that the file has.
    ``sources`` are the texts that spans point into; the first is the net's own file.
    """

    version: Literal[1] = VERSION
    name: str
    title: str | None = None
    variant: str | None = None
    variants: tuple[str, ...] = ()
    settings: tuple[tuple[str, Scalar], ...] = ()
    nodes: tuple[Node, ...]
    scopes: tuple[Scope, ...]
    inputs: tuple[int, ...]
    outputs: tuple[Output, ...] = field(min_length=1)
    inits: tuple[Init, ...] = ()
    sources: tuple[Source, ...] = ()

    def input_shapes(self, node: Node) -> tuple[Shape, ...]:
        """Shapes of the tensors that enter a node, ``(channels, *spatial)``."""
        nodes = self.nodes
        return tuple([nodes[index].shape for index in node.inputs])

    def users(self) -> list[list[int]]:
        """For each node the nodes that take its tensor, in order; outputs of the net are not among them."""
        users: list[list[int]] = [[] for _ in self.nodes]
        for node in self.nodes:
            for index in dict.fromkeys(node.inputs):
                users[index].append(node.index)
        return users

    def children(self) -> list[list[int]]:
        """For each scope the scopes directly inside it, in order."""
        children: list[list[int]] = [[] for _ in self.scopes]
        for scope in self.scopes[1:]:
            assert scope.parent is not None
            children[scope.parent].append(scope.index)
        return children

    def ancestors(self, scope: int) -> Iterator[int]:
        """The scope itself, then each around it, up to the net."""
        current: int | None = scope
        while current is not None:
            yield current
            current = self.scopes[current].parent

    def __repr__(self) -> str:
        variant = f":{self.variant}" if self.variant else ""
        return f"<Graph {self.name}{variant}, {len(self.nodes)} {plural(len(self.nodes), 'node')}>"

    __str__ = __repr__
