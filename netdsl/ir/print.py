"""The canonical text of a graph, for goldens and for people, and its JSON form.

The text of one graph is one text: nothing in it depends on the machine or the order of a dictionary.
"""

from __future__ import annotations

import bisect
import re
from typing import overload

from netdsl.diagnostics import Diagnostic, NetdslError, Span, printable, shortened
from netdsl.ir.graph import VERSION, Graph, Node, Output, Scope
from netdsl.ir.op import Op
from netdsl.ir.types import Scalar, show_shape

_WORD = re.compile(r"[A-Za-z_][\w.-]*")


def show_value(value: object) -> str:
    """An attribute's or argument's value as a spec would write it: ``3x3``, ``true``, ``none``, ``0.5``, ``zeros``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return "x".join(map(show_value, value))
    if isinstance(value, str):
        return value if _WORD.fullmatch(value) else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value)


def show_attributes(op: Op) -> list[str]:
    """``key=value`` for each attribute whose value is not its class's default, in the order of the class."""
    fields = type(op).model_fields
    given = ((name, getattr(op, name), field) for name, field in fields.items())
    return [
        f"{name}={show_value(value)}" for name, value, field in given if field.is_required() or value != field.default
    ]


class Places:
    """Turns spans into ``file:line`` without reading a source more than once. Names lose their folders."""

    def __init__(self, graph: Graph) -> None:
        self._sources = graph.sources
        self._lines: dict[int, list[int]] = {}

    def line(self, span: Span) -> int | None:
        """The line of a span's start, from 1; None where the graph has no such source."""
        if not 0 <= span.file < len(self._sources):
            return None
        starts = self._lines.get(span.file)
        if starts is None:
            text = self._sources[span.file].text
            starts = [0]
            at = text.find("\n")
            while at >= 0:
                starts.append(at + 1)
                at = text.find("\n", at + 1)
            self._lines[span.file] = starts
        return bisect.bisect_right(starts, span.start)

    def show(self, span: Span) -> str:
        """``@vgg.net:12``, or nothing."""
        line = self.line(span)
        if line is None:
            return ""
        name = self._sources[span.file].name.replace("\\", "/").rpartition("/")[2]
        return f"@{printable(name)}:{line}"


def text(graph: Graph) -> str:
    """The graph as text: a head, one line a node below the scopes around it, then the outputs.

    A node's line is ``%3 = conv(%2) kernel=3x3 … : 64×56×56  layer1.0.conv1  @resnet.net:12``: number, operator,
    inputs, the attributes that are not their class's default, the output's shape (channels first, no batch axis), name,
    module where it has another name, and place.
    """
    places = Places(graph)
    lines = [_head(graph)]
    if graph.variant is not None:
        lines.append(f"variant {graph.variant}" + _of(graph))
    if graph.settings:
        lines.append("settings " + _arguments(graph.settings, " "))
    depths = [0] * len(graph.scopes)
    open_scopes: list[int] = [0]
    for scope in graph.scopes[1:]:
        assert scope.parent is not None
        depths[scope.index] = depths[scope.parent] + 1
    for node in graph.nodes:
        chain = list(graph.ancestors(node.scope))[::-1]
        common = 0
        while common < min(len(chain), len(open_scopes)) and chain[common] == open_scopes[common]:
            common += 1
        for index in chain[common:]:
            lines.append("  " * (depths[index] - 1) + _scope(graph.scopes[index], places))
        open_scopes = chain
        lines.append("  " * depths[node.scope] + _node(node, places))
    lines += [_output(output) for output in graph.outputs]
    for init in graph.inits:
        target = f"label {init.target}" if init.by_label else init.target
        lines.append(f"init {target} = " + " ".join([init.scheme, _arguments(init.arguments, " ")]).strip())
    # A graph that was read may have any name.
    return "\n".join(map(printable, lines)) + "\n"


def _head(graph: Graph) -> str:
    title = f" {_quoted(graph.title)}" if graph.title is not None else ""
    return f"net {graph.name}{title}"


def _of(graph: Graph) -> str:
    return f" of {', '.join(graph.variants)}" if len(graph.variants) > 1 else ""


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _arguments(arguments: tuple[tuple[str, Scalar], ...], between: str) -> str:
    return between.join(f"{name}={show_value(value)}" for name, value in arguments)


def _scope(scope: Scope, places: Places) -> str:
    what = f"{scope.kind} {scope.block}({_arguments(scope.arguments, ', ')})" if scope.block else scope.kind
    marks = [what]
    if scope.numbered:
        marks.append("numbered")
    if scope.reuses:
        marks.append("reused")
    if scope.mode != "both":
        marks.append(scope.mode)
    return "  ".join(
        part for part in (f"[{scope.path or scope.name}: {' '.join(marks)}]", places.show(scope.span)) if part
    )


def _node(node: Node, places: Places) -> str:
    inputs = ", ".join(f"%{index}" for index in node.inputs)
    op = " ".join([f"{node.op.keyword}({inputs})", *show_attributes(node.op)])
    parts = [f"%{node.index} = {op} : {show_shape(node.shape)}", node.name]
    if node.module is not None and node.module != node.name:
        parts.append(f"module={node.module}")
    if node.label is not None and node.label != node.name.rpartition(".")[2]:
        parts.append(f"as {node.label}")
    if node.head != node.index:
        parts.append(f"of %{node.head}")
    if node.mode != "both":
        parts.append(node.mode)
    place = places.show(node.span)
    return "  ".join([*parts, place] if place else parts)


def _output(output: Output) -> str:
    weight = "" if output.weight is None else f" weight={show_value(output.weight)}"
    mode = "" if output.mode == "both" else f" {output.mode}"
    return f"output {output.name} = %{output.node}{mode}{weight}"


def to_json(graph: Graph) -> str:
    """The graph as JSON, indented by one space. :func:`from_json` reads an equal graph back."""
    return graph.model_dump_json(indent=1) + "\n"


@overload
def from_json(data: str) -> Graph: ...
@overload
def from_json(data: str, most: int) -> Graph | None: ...
def from_json(data: str, most: int | None = None) -> Graph | None:
    """Reads what :func:`to_json` wrote. The caller verifies it. None where it has over ``most`` nodes.

    Raises :class:`NetdslError` (ND009) for text that is no such JSON, or of a version that this reader does not know.
    """
    import json

    from pydantic import ValidationError

    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _unreadable(f"not a graph in JSON: {_uncapitalised(str(error))}") from None
    if not isinstance(value, dict) or "nodes" not in value:
        raise _unreadable("not a graph in JSON: there is no object with `nodes`")
    version = value.get("version")
    if version != VERSION or isinstance(version, bool):
        said = "no version" if version is None else f"version {shortened(repr(version))}"
        raise _unreadable(
            f"a graph in JSON of {said}, and this netdsl reads version {VERSION}",
            help="write it again with `netdsl ir FILE --json`",
        )
    if most is not None and isinstance(value["nodes"], list) and len(value["nodes"]) > most:
        return None
    try:
        return Graph.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        said = _uncapitalised(first["msg"].removeprefix("Value error, "))
        raise _unreadable(f"not a graph in JSON: {place + ': ' if place else ''}{said}") from None


def _uncapitalised(text: str) -> str:
    """A sentence of others as it goes on from ours."""
    return text[:1].lower() + text[1:]


def _unreadable(message: str, *, help: str = "`netdsl ir FILE --json` writes one that can be read") -> NetdslError:
    return NetdslError([Diagnostic("ND009", message, None, help)])
