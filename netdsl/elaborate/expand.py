"""A net written out: one layer a line, every style, default, repeat and expression resolved, each with its origin.

The text is a spec itself. It compiles to the same nodes under the same names; blocks and repeats, which are only a way
to write them, are gone (a comment says where each began).
"""

from __future__ import annotations

import keyword
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from netdsl.diagnostics import NetdslError, Span
from netdsl.elaborate.compile import Compilation, analyse
from netdsl.elaborate.entering import Input
from netdsl.elaborate.expressions import show
from netdsl.elaborate.limits import LIMITS, Limits
from netdsl.ir.graph import Graph, Node, Output
from netdsl.ir.types import Scalar, show_shape

_WORD = re.compile(r"(?!(?:if|else)\b)[A-Za-z_][A-Za-z0-9_]*\Z")
_PART = re.compile(r"[A-Za-z0-9_]+\Z")
_NET = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?\Z")
#: Stands before a name for a tensor until it is known whether that is used; no spec holds this character.
_MARK = "\ue000"
_TEXT = r'"(?:[^"\\\n]|\\.)*"'
#: What gives the only input a name, where it has none and something refers to it.
_ENTRY = "id"
#: Where a line's comment begins, if the line is not longer.
_MARGIN = 60


def expand(
    source: str | Path,
    *,
    variant: str | None = None,
    set: Mapping[str, Scalar | str] | None = None,
    input: Input | None = None,
    max_nodes: int | None = None,
    limits: Limits = LIMITS,
    allow_use: Sequence[str | os.PathLike[str]] = (),
) -> str:
    """The net of a spec, written out. Arguments and errors are those of :func:`netdsl.compile`."""
    made = analyse(
        source, variant=variant, set=set, input=input, max_nodes=max_nodes, limits=limits, allow_use=allow_use
    )
    if made.graph is None:
        raise NetdslError(made.errors, made.sources)
    return expanded(made, made.graph)


def expanded(made: Compilation, graph: Graph) -> str:
    """The net of a compilation, whose ``graph`` this is, written out."""
    writer = _Writer(graph, made)
    text = "\n".join(writer.lines()) + "\n"
    # A name for a tensor that nothing refers to by it is left out again.
    used = set(re.findall(f"@({_TEXT})", text))
    if (name := _quoted(writer.entry)) not in used:
        text = text.replace(f"\n{_ENTRY}{_MARK} as {name}\n", "\n", 1)
    return re.sub(f"{_MARK}( as ({_TEXT}))", lambda name: name[1] if name[2] in used else "", text)


class _Writer:
    def __init__(self, graph: Graph, made: Compilation) -> None:
        self.graph = graph
        self.origins = made.origins
        self.last: int | None = graph.inputs[0] if len(graph.inputs) == 1 else None
        self.known: dict[str, int] = {}
        self.hidden: dict[int, str] = {}
        self.modules = {node.module for node in graph.nodes}
        #: what modules of outside are called in an output that has their names too
        self.others: dict[tuple[str, str], str] = {}
        #: the path of the output whose body is written
        self.prefix = ""
        names = {name for node in graph.nodes if node.inputs for name in (node.name, node.label)}
        self.entry = next(name for n in range(len(names) + 1) if (name := f"input#{n}" if n else "input") not in names)
        self.starts = [_line_starts(source.text) for source in graph.sources]

    def lines(self) -> Iterator[str]:
        graph = self.graph
        title = f" {show(graph.title)}" if graph.title is not None else ""
        if _NET.match(graph.name) or title:
            yield f"net {graph.name if _NET.match(graph.name) else 'net'}{title}"
        if graph.variant is not None:
            yield f"# variant {graph.variant}"
        for name, value in graph.settings:
            yield f"# {name} = {show(value)}"
        yield ""
        for index in graph.inputs:
            node = graph.nodes[index]
            label = f"{node.label} " if _named(node) else ""
            yield f"input {label}{'x'.join(map(str, node.shape))}"
        yield ""
        if self.last is not None and not _named(graph.nodes[self.last]):
            yield f"{_ENTRY}{_MARK} as {_quoted(self.entry)}"
        owner = self.owners()
        self.hidden = self.hides(owner)
        main = next((output for output in graph.outputs if output.name == "main"), None)
        of: dict[str | None, list[Node]] = {}
        for node in graph.nodes:
            of.setdefault(owner[node.index], []).append(node)
        rows = [node for node in of.get(None, ()) if node.inputs]
        done = 0
        trailing: list[tuple[Output, list[Node]]] = []
        # An output stands where its nodes do, which is the order of the net's modules.
        for output in graph.outputs:
            if output.name == "main":
                continue
            members = of.get(output.name, [])
            begin = members[0].index if members else output.node + 1
            at = done
            while not trailing and at < len(rows) and rows[at].index < begin:
                at += 1
            if trailing or at == len(rows):
                trailing.append((output, members))
                continue
            if done < at:
                yield from self.body(rows[done:at], "", None, "")
                yield ""
            done, last = at, self.last
            yield from self.output(output, members)
            yield ""
            self.last = last
        yield from self.body(rows[done:], "", None, "")
        if main is not None and self.last != main.node:
            yield f"@{self.name(main.node)}"
        elif main is not None and not rows:
            yield "id"
        for output, members in trailing:
            yield ""
            yield from self.output(output, members)
        # A scope without modules is gone, and with it what its modules would start with.
        modules = [f".{node.module}." for node in graph.nodes if node.module is not None]
        inits = [init for init in graph.inits if not init.by_label or any(f".{init.target}." in at for at in modules)]
        if inits:
            yield ""
        for init in inits:
            arguments = "".join(f" {name}={_init_value(value)}" for name, value in init.arguments)
            target = _path(init.target) if init.by_label else init.target
            yield f"init {target} = {init.scheme}{arguments}"

    def owners(self) -> list[str | None]:
        """For each node the output in whose body it stands: those of its scope, and what is applied again there."""
        graph = self.graph
        users = graph.users()
        scopes = {scope.index: scope.path for scope in graph.scopes if scope.kind == "output"}
        owner = [next((scopes[at] for at in graph.ancestors(node.scope) if at in scopes), None) for node in graph.nodes]
        first: dict[str, int] = {}
        for node in graph.nodes:
            first.setdefault(node.module or "", node.index)
        again = {
            node.index
            for node in graph.nodes
            if (node.module is not None and first[node.module] != node.index)
            or (node.module is None and node.name.endswith(f"#{node.index}"))  # how a second pass is told apart
            or any(graph.scopes[at].reuses for at in graph.ancestors(node.scope))
        }
        results = {output.node for output in graph.outputs if output.name == "main"}
        bodies: dict[str | None, set[int]] = {}
        for at, name in enumerate(owner):
            bodies.setdefault(name, set()).add(at)
        for output in graph.outputs:
            if output.name == "main":
                continue
            inside = bodies.setdefault(output.name, set())
            # The nodes of a body stand in a row, and only the body takes their tensors.
            for at in range(max(inside | {output.node}), -1, -1):
                lone = at == output.node or users[at]
                if at in again and at not in results and lone and owner[at] is None and inside.issuperset(users[at]):
                    owner[at] = output.name
                    inside.add(at)
                elif at not in inside and at < min(inside, default=at + 1):
                    break
        return owner

    def hides(self, owner: list[str | None]) -> dict[int, str]:
        """Tensors that an output's body takes from outside and whose names mean something else in it: other names."""
        graph = self.graph
        taken = {name for node in graph.nodes for name in (node.name, node.label)}
        within: dict[str, set[str]] = {}
        for node, name in zip(graph.nodes, owner, strict=True):
            if name is not None and node.module is not None and node.module.startswith(f"{name}."):
                within.setdefault(name, set()).add(node.module.removeprefix(f"{name}.").partition(".")[0])
        hidden: dict[int, str] = {}
        uses = [(name, at) for node, name in zip(graph.nodes, owner, strict=True) for at in node.inputs]
        uses += [(output.name, output.node) for output in graph.outputs]
        for name, at in uses:
            first = (graph.nodes[at].module or "").partition(".")[0]
            if name is not None and owner[at] != name and first in within.get(name, ()):
                numbers = (f"{graph.nodes[at].name}#{number}" for number in range(len(taken) + 1))
                hidden.setdefault(at, next(other for other in numbers if other not in taken))
        return hidden

    def output(self, output: Output, members: list[Node]) -> Iterator[str]:
        mode = f" {output.mode}" if output.mode != "both" else ""
        weight = f" weight={output.weight!r}" if output.weight is not None else ""
        yield f"output {output.name}{mode}{weight} {{"
        self.last = None
        yield from self.body(members, "  ", output.mode, f"{output.name}.")
        if self.last != output.node:
            yield f"  @{self.name(output.node)}"
        yield "}"

    def body(self, members: list[Node], indent: str, mode: str | None, prefix: str) -> Iterator[str]:
        """One line a node; ``prefix`` is the path of the scope that the lines stand in."""
        scope: int | None = None
        self.prefix = prefix
        groups = self.groups(members)
        open_until: list[int] = []
        for node in members:
            if node.scope != scope:
                yield from self.heading(node, indent)
                scope = node.scope
            for end in groups.get(node.index, ()):
                open_until.append(end)
                yield from self.start(self.graph.nodes[end].inputs[0], indent)
                yield f"{indent}["
                indent += "  "
            if open_until and node.index == open_until[-1]:
                indent = indent[:-2]
                yield f"{indent}] {node.mode}{_MARK} as {_quoted(node.name)}"
                self.known[node.name] = self.last = open_until.pop()
                continue
            inner = mode if not open_until else self.graph.nodes[open_until[-1]].mode
            text = self.item(node, prefix, inner)
            flow = node.inputs[0]
            lead = "" if flow == self.last or node.op.variadic else f"@{self.name(flow)}, "
            line = f"{indent}{lead}{text}"
            yield f"{line:<{_MARGIN}}  # {self.remark(node)}"
            self.last = node.index

    def start(self, index: int, indent: str) -> Iterator[str]:
        if self.last != index:
            yield f"{indent}@{self.name(index)}"

    def groups(self, members: list[Node]) -> dict[int, list[int]]:
        """The groups that act in one mode alone: by their first nodes the last ones, the outermost first."""
        found: dict[int, list[int]] = {}
        for node in members:
            if node.op.keyword == "select":
                first = node.inputs[1]
                inside = {first}
                # What enters was made before all that is inside.
                for earlier in range(first, node.inputs[0], -1):
                    if earlier in inside and self.graph.nodes[earlier].mode == node.mode:
                        first = earlier
                        inside.update(
                            i for i in self.graph.nodes[earlier].inputs if self.graph.nodes[i].mode == node.mode
                        )
                found.setdefault(first, []).insert(0, node.index)
        return found

    def heading(self, node: Node, indent: str) -> Iterator[str]:
        scope = self.graph.scopes[node.scope]
        if scope.index == 0 or scope.kind == "output":
            return
        what: str = scope.kind
        if scope.block is not None:
            what = f"{scope.block}({', '.join(f'{name}={show(value)}' for name, value in scope.arguments)})"
        yield f"{indent}# {scope.path}: {what}, {self.place(scope.span)}"

    def item(self, node: Node, prefix: str, mode: str | None) -> str:
        """A node as an item of a row, with its name."""
        words = f" {node.mode}" if node.mode != "both" and node.mode != mode else ""
        if node.op.variadic:
            branches = " | ".join(f"@{self.name(i)}" for i in node.inputs)
            text = f"{node.op.keyword} {{ {branches} }}{words}"
        elif node.module is not None and self.known.get(node.module, node.index) != node.index:
            self.known[node.name] = node.index
            return f"{self.again(node, node.module, prefix)}{words}{_MARK} as {_quoted(node.name)}"
        else:
            text = layer(node, [self.name(i) for i in node.inputs[1:]]) + words
        if node.module is None:
            self.known[node.name] = node.index
            return f"{text}{_MARK} as {_quoted(node.name)}"
        self.known[node.module] = node.index
        other = f" as {_quoted(self.hidden[node.index])}" if node.index in self.hidden else ""
        return f"{_path(node.module.removeprefix(prefix))}: {text}{other}"

    def again(self, node: Node, module: str, prefix: str) -> str:
        """A module applied once more. In an output its own go before those outside, and are called from there.

        One of outside whose name an output has too takes another name where it is first applied once more.
        """
        outputs = [f"{output.name}." for output in self.graph.outputs]
        own = prefix != "" and module.startswith(prefix)
        if own or not any(f"{output}{module}" in self.modules for output in (outputs if not prefix else [prefix])):
            return f"reuse {_path(module.removeprefix(prefix))}"
        there = next((where for where in ("", prefix) if (where, module) in self.others), None)
        if there is not None:
            return f"reuse {_quoted(self.others[there, module])}"
        self.others[prefix, module] = other = node.name.replace(".", "/")
        return f"{_quoted(other)}: reuse {_path(module)}"

    def name(self, index: int) -> str:
        """How a tensor is referred to."""
        node = self.graph.nodes[index]
        if node.index in self.graph.inputs:
            return _path(node.name) if _named(node) else _quoted(self.entry)
        if node.module is not None and self.known.get(node.module) == index:
            return _quoted(self.hidden[index]) if index in self.hidden else _path(node.module.removeprefix(self.prefix))
        return _quoted(node.name)

    def remark(self, node: Node) -> str:
        """The shape, the place, and where each value came from."""
        parts = [show_shape(node.shape), self.place(node.span)]
        if node.head != node.index:
            head = self.graph.nodes[node.head]
            parts.append(f"added to {head.name}, {self.place(head.span)}")
        found = self.origins[node.index] if node.index < len(self.origins) else {}
        by_origin: dict[str, list[str]] = {}
        for name, attribute in node.op.attributes().items():
            value = getattr(node.op, name)
            if value is None or value == ():
                continue
            if attribute.kind == "bool" and not value and name not in found and name != "bias":
                continue
            if name == "gamma" and value == 1:  # a factor that few nets have
                continue
            by_origin.setdefault(found.get(name, "default"), []).append(name)
        words = {"written": "", "style": "by its style", "bn": "since batch norm follows", "default": "by default"}
        for origin, text in words.items():
            if origin in by_origin and text:
                parts.append(f"{', '.join(by_origin[origin])} {text}")
        return "; ".join(parts)

    def place(self, span: Span) -> str:
        import bisect

        line = bisect.bisect_right(self.starts[span.file], span.start)
        name = f"{self.graph.sources[span.file].name} " if span.file else ""
        return f"{name}line {line}"


def _named(node: Node) -> bool:
    """Whether an input has a name of its own; a label that passes on an input without one may be no such word."""
    return node.label == node.name


def layer(node: Node, references: list[str]) -> str:
    """A node's operator as a layer is written, every attribute said."""
    op = node.op
    syntax = op.syntax
    attributes = op.attributes()
    values = {name: getattr(op, name) for name in attributes}
    text = op.keyword

    def take(name: str | None) -> str | None:
        value = values.pop(name, None) if name is not None else None
        return None if value is None or value == () else _value(value)

    kernel, channels, stride = take(syntax.kernel), take(syntax.channels), take(syntax.stride)
    text += kernel or ""
    text += f"-{channels}" if channels is not None else ""
    text += f"/{stride}" if stride is not None else ""
    for name in syntax.positional:
        if values.get(name) is None or values.get(name) == ():
            break
        text += f" {_value(values.pop(name), each=attributes[name].any_length)}"
    for name, value in values.items():
        if value is None or value == ():
            continue
        if value is False and attributes[name].default is False:
            continue
        if name == "gamma" and value == 1:
            continue
        text += f" {name}={_value(value, each=attributes[name].any_length)}"
    return text + "".join(f" @{reference}" for reference in references)


def _value(value: object, *, each: bool = False) -> str:
    """``each`` asks for every number of several, where one does not stand for as many as there are axes."""
    if isinstance(value, tuple):
        same = len(set(value)) == 1 and len(value) > 1 and not each
        return str(value[0]) if same else "x".join(map(str, value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value if _WORD.match(value) else show(value)
    return f"{{{value!r}}}" if isinstance(value, (int, float)) and value < 0 else repr(value)


def _init_value(value: Scalar) -> str:
    return value if isinstance(value, str) else repr(value)


def _quoted(name: str) -> str:
    return show(name)


def _path(path: str) -> str:
    """A dotted path as a label or reference is written."""
    first, *rest = path.split(".")
    parts = [_part(first, _WORD), *(_part(part, _PART) for part in rest)]
    return ".".join(parts)


def _part(name: str, bare: re.Pattern[str]) -> str:
    """One part of a path, in quotes where it is no such word, or one of Python's."""
    return name if bare.match(name) and not keyword.iskeyword(name) else _literal(name)


def _literal(name: str) -> str:
    return _quoted(name).replace("{", "\\{")


def _line_starts(text: str) -> list[int]:
    return [0, *(index + 1 for index, char in enumerate(text) if char == "\n")]
