"""A layer or a scope of a net with the arithmetic behind its numbers, for ``netdsl explain FILE LABEL``."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from netdsl.cli.explain_layer import Section, aligned, arithmetic, axes, constructor, module, origin
from netdsl.cli.terminal import coloured
from netdsl.diagnostics import Diagnostic, NetdslError, Span, escaped, printable
from netdsl.diagnostics.nearest import did_you_mean
from netdsl.ir.graph import Graph, Node, Scope
from netdsl.ir.print import show_value
from netdsl.ir.types import show_shape

if TYPE_CHECKING:
    from netdsl.analyses.explain import Group, Layer
    from netdsl.elaborate import Compilation

_VIEWS = {"infer": "inference", "train": "training"}
_MODES = {"train": "training", "eval": "evaluation"}


class _Said(NamedTuple):
    """What is said of a part of a net: a title, a line below it, and sections; and the same for programs."""

    title: str
    about: str
    sections: list[Section]
    value: dict[str, Any]

    def text(self, *, markdown: bool = False) -> str:
        """For people: for a terminal, or a page."""
        if markdown:
            blocks = [f"**{section.title}**\n\n```\n{_joined(section.lines)}\n```" for section in self.sections]
            return "\n\n".join([f"# {self.title}", self.about, *blocks]) + "\n"
        colour = coloured(sys.stdout)

        def bold(words: str) -> str:
            return f"\033[1m{words}\033[0m" if colour else words

        parts = [f"{bold(self.title)}\n{self.about}"]
        parts += [_joined([bold(section.title), *(f"  {line}" for line in section.lines)]) for section in self.sections]
        return "\n\n".join(parts) + "\n"

    def json(self) -> str:
        """For programs."""
        import json

        return escaped(json.dumps(self.value, indent=1, ensure_ascii=False)) + "\n"


def _joined(lines: list[str]) -> str:
    return "\n".join(line.rstrip() for line in lines)


class Asked:
    """One question about a net."""

    def __init__(self, made: Compilation, graph: Graph, word: str, options: argparse.Namespace) -> None:
        self.made = made
        self.graph = graph
        self.word = word
        self.view = options.view
        #: the options that say which net is meant, to be said again
        self.same = [f"--variant={options.variant}"] if options.variant is not None else []
        self.same += [f"--set={name}={value}" for name, value in options.set]
        self.same += ["--view=train"] if options.view == "train" else []

    def sections(self, label: str | None) -> _Said:
        """What is said of a label, or of the whole net. Raises :class:`NetdslError` (ND011) for an unknown one."""
        from netdsl.analyses.explain import group, layer
        from netdsl.analyses.names import find

        found = self.graph.scopes[0] if label is None else find(self.graph, label).found
        if found is None:
            assert label is not None
            raise self._unknown(label)
        if isinstance(found, Node):
            origins = self.made.origins[found.index] if found.index < len(self.made.origins) else {}
            one = layer(self.graph, found, self.view, origins)
            if one is None:
                raise self._elsewhere(label or "", found)
            return self._layer(one)
        several = group(self.graph, found, self.view)
        if several is None:
            raise self._elsewhere(label or "", found)
        return self._group(several)

    def _unknown(self, label: str) -> NetdslError:
        from netdsl.analyses.names import calls_of, find, keys, names

        calls = dict.fromkeys(scope.path for scope in calls_of(self.graph, label))
        if calls:
            message = f"`{label}` is a block, and is called {len(calls)} times"
            return NetdslError([Diagnostic("ND011", message, None, f"ask for one of its calls: {_some(list(calls))}")])
        like = find(self.graph, label).like
        if like:
            message = f"{len(like)} names of the net end in `{label}`"
            return NetdslError([Diagnostic("ND011", message, None, f"ask for one of them: {_some(like)}")])
        owner = find(self.graph, label.rpartition(".")[0]).found
        if isinstance(owner, Node) and (tensors := keys(self.graph, owner)):
            has = f"`{owner.name}` has {', '.join(f'`{tensor.key}`' for tensor in tensors)}"
            return NetdslError([Diagnostic("ND011", f"the net has no tensor `{label}`", None, has)])
        every = dict.fromkeys(names(self.graph))
        ends = {name.rpartition(".")[2]: name for name in reversed(every)}
        help = did_you_mean(label, every)
        if help is None and (near := did_you_mean(label, ends)) is not None:
            help = f"did you mean `{ends[near.split('`')[1]]}`?"
        help = help or f"`netdsl stats {self.word}` lists the layers"
        return NetdslError([Diagnostic("ND011", f"the net has no layer, scope or tensor `{label}`", None, help)])

    def _elsewhere(self, label: str, found: Node | Scope) -> NetdslError:
        other = "train" if self.view == "infer" else "infer"
        mode = _MODES.get(found.mode)
        why = f"acts in {mode} alone" if mode else "is needed by no output"
        message = f"`{label}` {why}, and the {_VIEWS[self.view]} view leaves it out"
        return NetdslError([Diagnostic("ND011", message, None, f"`--view {other}` has it")])

    # -- shared parts

    def _about(self) -> str:
        graph = self.graph
        inputs = [graph.nodes[at] for at in graph.inputs]
        shapes = ", ".join(
            show_shape(node.shape) if len(inputs) == 1 else f"{node.label or node.name} {show_shape(node.shape)}"
            for node in inputs
        )
        variant = f", variant {graph.variant}" if graph.variant is not None else ""
        return f"{graph.name}{variant}, {_VIEWS[self.view]} view, one image of {shapes}"

    def _head(self, kind: str) -> dict[str, Any]:
        graph = self.graph
        return {"net": graph.name, "variant": graph.variant, "view": self.view, "kind": kind}

    def _place(self, span: Span) -> dict[str, Any]:
        """Where a span stands, and the first line of its text."""
        if not 0 <= span.file < len(self.graph.sources):
            return {"file": None, "line": None, "column": None, "text": ""}
        source = self.graph.sources[span.file]
        line, column = source.position(span.start)
        first, *more = source.text[span.start : span.end].splitlines() or [""]
        words = printable(" ".join(first.split())) + (" …" if more else "")
        return {"file": source.name, "line": line, "column": column, "text": words}

    def _shown(self, place: dict[str, Any]) -> str:
        """``line 28``, with the file where it is not the net's own."""
        own = self.graph.sources[0].name if self.graph.sources else None
        return f"line {place['line']}" + (f" of {printable(place['file'] or '')}" if place["file"] != own else "")

    def _calls(self, scope: int) -> list[dict[str, Any]]:
        """The chain of block calls around a scope, innermost first."""
        around = [self.graph.scopes[at] for at in self.graph.ancestors(scope)]
        return [
            {"block": each.block, "arguments": dict(each.arguments), "scope": each.path, **self._place(each.span)}
            for each in around
            if each.block is not None
        ]

    def _called(self, calls: list[dict[str, Any]]) -> list[str]:
        return [
            f"in `{_call(call['block'], call['arguments'])}`, called at {self._shown(call)}: `{call['text']}`"
            for call in calls
        ]

    # -- a layer

    def _layer(self, one: Layer) -> _Said:
        node = one.node
        shapes = self.graph.input_shapes(node)
        made = constructor(node.op.call(shapes, node.shape)) if node.module is not None else None
        place, calls = self._place(node.span), self._calls(node.scope)
        source = [f"{self._shown(place)}: `{place['text']}`"]
        added = None
        if one.head is not None:
            added = self._place(one.head.span)
            inside = one.head.span.file == node.span.file and one.head.span.start <= node.span.start < one.head.span.end
            if one.head.span == node.span:
                source[0] += f", of which `{one.head.name}` is the first layer"
            else:
                how = "as a suffix of" if inside else "by the style of"
                source.append(f"added {how} `{added['text']}`, which is `{one.head.name}`, {self._shown(added)}")
        source += self._called(calls)
        if node.mode != "both":
            source.append(f"acts in {_MODES[node.mode]} alone")
        if node in self._idle():
            source.append("nothing takes up its output: it is part of the module and is never computed")
        sections = [Section("written", source)]
        if node.module is not None:
            sections.append(Section("module", list(module(one, made))))
        if one.inputs:
            sections.append(Section("takes", aligned([(each.name, show_shape(each.shape)) for each in one.inputs])))
        if one.given:
            sections.append(Section("given", aligned([(g.letter, g.value, origin(g)) for g in one.given])))
        sections += arithmetic(one)
        sections.append(
            Section(f"depth {one.row.depth}", ["weight layers on the longest path up to and with this one"])
        )
        caption = node.op.caption(shapes, node.shape)
        what = caption if any(map(str.isalpha, caption)) else node.op.keyword
        entering = Counter(show_shape(each.shape) for each in one.inputs)
        times = {1: "", 2: " (twice)"}
        enters = " and ".join(shape + times.get(often, f" ({often} times)") for shape, often in entering.items())
        ways = " → ".join(filter(None, [enters, show_shape(node.shape)]))
        title = f"{node.name}: {what}, {ways}"
        value = {
            **self._head("layer"),
            "name": node.name,
            "op": node.op.keyword,
            "caption": caption,
            "label": node.label,
            "mode": node.mode,
            "module": node.module,
            "made_by": made,
            "shared_with": list(one.shared),
            "written": place,
            "added_to": None if one.head is None else {"name": one.head.name, **(added or {})},
            "calls": calls,
            "inputs": [{"name": each.name, "shape": list(each.shape)} for each in one.inputs],
            "output": list(node.shape),
            "given": [given._asdict() for given in one.given],
            "arithmetic": [{**each._asdict(), "value": _number(each.value)} for each in one.statements],
            "keys": [{"key": key.key, "shape": list(key.shape), "kind": key.kind} for key in one.keys],
            "depth": one.row.depth,
        }
        return _Said(title, self._about(), sections, value)

    def _idle(self) -> tuple[Node, ...]:
        from netdsl.analyses.view import see

        return see(self.graph, self.view).idle

    # -- a scope

    def _group(self, several: Group) -> _Said:
        scope, total = several.scope, several.total
        calls = self._calls(scope.index)
        place = self._place(scope.span)
        source = [f"{self._shown(place)}: `{place['text']}`"]
        if scope.block is not None:
            source[0] += f", which is `{_call(scope.block, dict(scope.arguments))}`"
        source += self._called(calls[1:] if scope.block is not None else calls)
        sections = [Section("written", source)] if scope.index else []
        most = max(several.members, key=lambda member: member.params)
        asked = printable(shlex.join([self.word, most.name, *self.same]))
        more = f"`netdsl explain {asked}` says more of one"
        sections.append(Section("its parts", [*_table(several).splitlines(), "", more]))
        if several.leaves is not None and several.leaves.receptive_field:
            before = several.enters
            field = f"{axes(several.leaves.receptive_field)}, jump {axes(several.leaves.jump)}"
            lines = ["so much of the input is seen by one element of what leaves"]
            if before is not None and before.receptive_field:
                entering = f"{axes(before.receptive_field)}, jump {axes(before.jump)}"
                lines.append(f"by one of what enters, which is that of `{before.name}`: {entering}")
            sections.append(Section(f"receptive field {field}", lines))
        name = scope.path or self.graph.name
        count = f"{total.layers:,} layer{'' if total.layers == 1 else 's'}"
        title = f"{name}: {_what(total.what)} of {count}" if scope.index else f"{name}: the whole net, {count}"
        shapes = [] if several.enters is None else [show_shape(several.enters.shape)]
        if scope.index:
            title += f", {' → '.join([*shapes, show_shape(total.shape)])}"
        value = {
            **self._head("scope"),
            "name": name,
            "what": total.what,
            "module": scope.path or None,
            "written": place,
            "calls": calls,
            "parts": [{**each._asdict(), "shape": list(each.shape)} for each in several.members],
            "total": {**total._asdict(), "name": name, "shape": list(total.shape)},
            "enters": _row(several.enters),
            "leaves": _row(several.leaves),
        }
        return _Said(title, self._about(), sections, value)


def _some(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names[:3]) + (" …" if len(names) > 3 else "")


def _what(what: str) -> str:
    return {"group": "a bracket", "repeat": "a repeat", "join": "a join", "table": "a table"}.get(what, f"`{what}`")


def _row(row: Any) -> dict[str, Any] | None:
    if row is None:
        return None
    field = {
        name: None if getattr(row, name) is None else [_number(value) for value in getattr(row, name)]
        for name in ("receptive_field", "jump", "offset")
    }
    return {"name": row.name, "shape": list(row.shape), **field, "depth": row.depth}


def _number(value: Any) -> int | float:
    return value if isinstance(value, int) else float(value)


def _call(block: str, arguments: dict[str, Any]) -> str:
    return f"{block}({', '.join(f'{name}={show_value(value)}' for name, value in arguments.items())})"


def _table(several: Group) -> str:
    from netdsl.cli.table import Column, Table, plain

    titles = ("name", "what", "layers", "output", "params", "MACs", "FLOPs", "activations")
    rows = []
    for each in (*several.members, several.total):
        numbers = (each.params, each.macs, each.flops, each.activations)
        cells = (each.name, each.what, f"{each.layers:,}", show_shape(each.shape))
        rows.append((*cells, *(f"{number:,}" if number else "–" for number in numbers)))
    total = ("total", "", *rows.pop()[2:])
    return plain(Table(tuple(Column(title, place > 1) for place, title in enumerate(titles)), rows, total))
