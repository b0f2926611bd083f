"""``netdsl explain``: what a code means, or how the numbers of a layer come about."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from netdsl.cli.options import add_file, compilation, target
from netdsl.cli.parser import Parser
from netdsl.cli.terminal import coloured, say
from netdsl.diagnostics import Diagnostic, NetdslError, Span, did_you_mean, printable
from netdsl.ir.graph import Graph, Node, Scope
from netdsl.ir.print import show_value
from netdsl.ir.types import Call, show_shape
from netdsl.zoo import PREFIX
from netdsl.zoo import find as find_shipped

if TYPE_CHECKING:
    from netdsl.analyses.explain import Given, Group, Layer, Statement
    from netdsl.elaborate import Compilation

_EXAMPLES = """
netdsl explain
netdsl explain ND204
netdsl explain specs/vgg19.net features.0
netdsl explain zoo:resnet:50 layer2.0.conv2
netdsl explain zoo:resnet:50 layer2.0
netdsl explain zoo:unet
netdsl explain zoo:googlenet aux1.conv.conv --view train --format json
"""

#: What looks like a code that is misspelt, and like no file.
_CODE = re.compile(r"(?:n?d?|e)[\doilsb]{2,5}", re.IGNORECASE)

_VIEWS = {"infer": "inference", "train": "training"}
_MODES = {"train": "training", "eval": "evaluation"}


def parser() -> Parser:
    """The options of ``netdsl explain``."""
    options = Parser(
        "explain",
        "Says what the code of a diagnostic means, why, and how it is mended; all codes without one.\n"
        "Of FILE and LABEL it shows how the layer's shape, parameters, multiply-adds and receptive field come about.\n"
        "LABEL is a layer, a scope, a tensor (@name), an output or a checkpoint's key; without it, the whole net.",
        _EXAMPLES,
    )
    add_file(options, optional=True)
    options.usage = "netdsl explain [CODE]\n       netdsl explain FILE[:VARIANT] [LABEL] [options]"
    options.add_argument(
        "label", metavar="LABEL", nargs="?", help="a layer, scope or tensor; the end of its name will do"
    )
    options.add_argument("--format", choices=("text", "json", "markdown"), default="text")
    return options


def run(options: argparse.Namespace) -> int:
    """Prints the list of codes, one of them, or a part of a net."""
    from netdsl.cli import codes

    word = options.file
    if word is None:
        parser().refuse(options, "without a FILE it lists the codes", "--format")
        say(_listing(options.format))
        return 0
    code = codes.find(word)
    if code is not None:
        if options.label is not None:
            parser().error(f"`{word}` is a code, and takes no LABEL")
        parser().refuse(options, f"`{word}` is a code, and no net", "--format")
        say(_code(code, options.format))
        return 0
    if options.label is None and _no_file(word):
        near = codes.near(word) if _CODE.fullmatch(word) else None
        what = f"there is no code `{word}`" if _CODE.fullmatch(word) else f"`{word}` is neither a code nor a file"
        help = f"did you mean `{near}`?" if near is not None else "`netdsl explain` lists the codes"
        if near is None and find_shipped(word) is not None:
            help = f"`{PREFIX}{word}` is a shipped spec"
        elif near is None and os.path.exists(f"{word}.net"):
            help = f"did you mean `{word}.net`?"
        parser().error(f"{what}; {help}")
    made = compilation(*target(parser(), word, options), options)
    if made.graph is None:
        return 1
    said = _Asked(made, made.graph, word, options).sections(options.label)
    say(said.json() if options.format == "json" else said.text(markdown=options.format == "markdown"))
    return 0


def _no_file(word: str) -> bool:
    return word != "-" and not set(word) & set(".:/\\") and not os.path.exists(word)


def _listing(form: str) -> str:
    from netdsl.cli import codes
    from netdsl.diagnostics import CODES

    if form == "json":
        return _json({"codes": [codes.plain(code) for code in sorted(CODES)]})
    return codes.markdown_listing() if form == "markdown" else codes.listing()


def _code(code: str, form: str) -> str:
    from netdsl.cli import codes

    if form == "json":
        return _json(codes.plain(code))
    return codes.markdown(code) if form == "markdown" else codes.text(code, colour=coloured(sys.stdout))


def _json(value: object) -> str:
    import json

    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


# -- a part of a net --------------------------------------------------------------------------------------------------


class _Section(NamedTuple):
    title: str
    lines: list[str]


class _Said(NamedTuple):
    """What is said of a part of a net: a title, a line below it, and sections; and the same for programs."""

    title: str
    about: str
    sections: list[_Section]
    value: dict[str, Any]

    def text(self, *, markdown: bool = False) -> str:
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
        return _json(self.value)


def _joined(lines: list[str]) -> str:
    return "\n".join(line.rstrip() for line in lines)


class _Asked:
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
        from netdsl.analyses.explain import find, group, layer

        found = self.graph.scopes[0] if label is None else find(self.graph, label).found
        if found is None:
            assert label is not None
            raise self.unknown(label)
        if isinstance(found, Node):
            origins = self.made.origins[found.index] if found.index < len(self.made.origins) else {}
            one = layer(self.graph, found, self.view, origins)
            if one is None:
                raise self.elsewhere(label or "", found)
            return self.layer(one)
        several = group(self.graph, found, self.view)
        if several is None:
            raise self.elsewhere(label or "", found)
        return self.group(several)

    def unknown(self, label: str) -> NetdslError:
        from netdsl.analyses.explain import find, names

        like = find(self.graph, label).like
        if like:
            shown = ", ".join(f"`{name}`" for name in like[:3]) + (" …" if len(like) > 3 else "")
            message = f"{len(like)} names of the net end in `{label}`"
            return NetdslError([Diagnostic("ND011", message, help=f"ask for one of them: {shown}")])
        every = dict.fromkeys(names(self.graph))
        ends = {name.rpartition(".")[2]: name for name in reversed(every)}
        help = did_you_mean(label, every)
        if help is None and (near := did_you_mean(label, ends)) is not None:
            help = f"did you mean `{ends[near.split('`')[1]]}`?"
        help = help or f"`netdsl stats {self.word}` lists the layers"
        return NetdslError([Diagnostic("ND011", f"the net has no layer, scope or tensor `{label}`", help=help)])

    def elsewhere(self, label: str, found: Node | Scope) -> NetdslError:
        other = "train" if self.view == "infer" else "infer"
        mode = _MODES.get(found.mode)
        why = f"acts in {mode} alone" if mode else "is needed by no output"
        message = f"`{label}` {why}, and the {_VIEWS[self.view]} view leaves it out"
        return NetdslError([Diagnostic("ND011", message, help=f"`--view {other}` has it")])

    # -- shared parts

    def about(self) -> str:
        graph = self.graph
        inputs = [graph.nodes[at] for at in graph.inputs]
        shapes = ", ".join(
            show_shape(node.shape) if len(inputs) == 1 else f"{node.label or node.name} {show_shape(node.shape)}"
            for node in inputs
        )
        variant = f", variant {graph.variant}" if graph.variant is not None else ""
        return f"{graph.name}{variant}, {_VIEWS[self.view]} view, one image of {shapes}"

    def head(self, kind: str) -> dict[str, Any]:
        graph = self.graph
        return {"net": graph.name, "variant": graph.variant, "view": self.view, "kind": kind}

    def place(self, span: Span) -> dict[str, Any]:
        """Where a span stands, and the first line of its text."""
        if not 0 <= span.file < len(self.graph.sources):
            return {"file": None, "line": None, "column": None, "text": ""}
        source = self.graph.sources[span.file]
        line, column = source.position(span.start)
        first, *more = source.text[span.start : span.end].splitlines() or [""]
        words = printable(" ".join(first.split())) + (" …" if more else "")
        return {"file": source.name, "line": line, "column": column, "text": words}

    def shown(self, place: dict[str, Any]) -> str:
        """``line 28``, with the file where it is not the net's own."""
        own = self.graph.sources[0].name if self.graph.sources else None
        return f"line {place['line']}" + (f" of {place['file']}" if place["file"] != own else "")

    def calls(self, scope: int) -> list[dict[str, Any]]:
        """The chain of block calls around a scope, innermost first."""
        around = [self.graph.scopes[at] for at in self.graph.ancestors(scope)]
        return [
            {"block": each.block, "arguments": dict(each.arguments), "scope": each.path, **self.place(each.span)}
            for each in around
            if each.block is not None
        ]

    def called(self, calls: list[dict[str, Any]]) -> list[str]:
        return [
            f"in `{_call(call['block'], call['arguments'])}`, called at {self.shown(call)}: `{call['text']}`"
            for call in calls
        ]

    # -- a layer

    def layer(self, one: Layer) -> _Said:
        node = one.node
        shapes = self.graph.input_shapes(node)
        made = constructor(node.op.call(shapes, node.shape)) if node.module is not None else None
        place, calls = self.place(node.span), self.calls(node.scope)
        source = [f"{self.shown(place)}: `{place['text']}`"]
        added = None
        if one.head is not None:
            added = self.place(one.head.span)
            inside = one.head.span.file == node.span.file and one.head.span.start <= node.span.start < one.head.span.end
            how = "as a suffix of" if inside else "by the style of"
            source.append(f"added {how} `{added['text']}`, which is `{one.head.name}`, {self.shown(added)}")
        source += self.called(calls)
        if node.mode != "both":
            source.append(f"acts in {_MODES[node.mode]} alone")
        if node in self.idle():
            source.append("nothing takes up its output: it is part of the module and is never computed")
        sections = [_Section("written", source)]
        if node.module is not None:
            sections.append(_Section("module", list(_module(one, made))))
        if one.inputs:
            sections.append(_Section("takes", _aligned([(each.name, show_shape(each.shape)) for each in one.inputs])))
        if one.given:
            sections.append(_Section("given", _aligned([(g.letter, g.value, _from(g)) for g in one.given])))
        sections += _arithmetic(one)
        sections.append(
            _Section(f"depth {one.row.depth}", ["weight layers on the longest path up to and with this one"])
        )
        caption = node.op.caption(shapes, node.shape)
        what = caption if any(map(str.isalpha, caption)) else node.op.keyword
        ways = " → ".join(
            [" and ".join(dict.fromkeys(show_shape(each.shape) for each in one.inputs)), show_shape(node.shape)]
        )
        title = f"{node.name}: {what}, {ways.removeprefix(' → ')}"
        value = {
            **self.head("layer"),
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
        return _Said(title, self.about(), sections, value)

    def idle(self) -> tuple[Node, ...]:
        from netdsl.analyses.view import see

        return see(self.graph, self.view).idle

    # -- a scope

    def group(self, several: Group) -> _Said:
        scope, total = several.scope, several.total
        calls = self.calls(scope.index)
        place = self.place(scope.span)
        source = [f"{self.shown(place)}: `{place['text']}`"]
        if scope.block is not None:
            source[0] += f", which is `{_call(scope.block, dict(scope.arguments))}`"
        source += self.called(calls[1:] if scope.block is not None else calls)
        sections = [_Section("written", source)] if scope.index else []
        most = max(several.members, key=lambda member: member.params)
        more = f"`netdsl explain {shlex.join([self.word, most.name, *self.same])}` says more of one"
        sections.append(_Section("its parts", [*_table(several).splitlines(), "", more]))
        if several.leaves is not None and several.leaves.receptive_field:
            before = several.enters
            field = f"{_axes(several.leaves.receptive_field)}, jump {_axes(several.leaves.jump)}"
            lines = ["so much of the input is seen by one element of what leaves"]
            if before is not None and before.receptive_field:
                entering = f"{_axes(before.receptive_field)}, jump {_axes(before.jump)}"
                lines.append(f"by one of what enters, which is that of `{before.name}`: {entering}")
            sections.append(_Section(f"receptive field {field}", lines))
        name = scope.path or self.graph.name
        count = f"{total.layers:,} layer{'' if total.layers == 1 else 's'}"
        title = f"{name}: {_what(total.what)} of {count}" if scope.index else f"{name}: the whole net, {count}"
        shapes = [] if several.enters is None else [show_shape(several.enters.shape)]
        if scope.index:
            title += f", {' → '.join([*shapes, show_shape(total.shape)])}"
        value = {
            **self.head("scope"),
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
        return _Said(title, self.about(), sections, value)


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


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]


def _from(given: Given) -> str:
    words = {
        "written": "as written",
        "style": "by the style",
        "bn": "since batch norm follows",
        "default": "by default",
    }
    word = words.get(given.origin)
    return f"{given.name}, {word}" if word else given.name


def constructor(call: Call) -> str | None:
    """The module as Python makes it: ``nn.Conv2d(3, 64, 3, padding=1)``; None for what is no module."""
    if call.kind != "module":
        return None
    arguments = [*map(repr, call.args), *(f"{name}={value!r}" for name, value in call.kwargs)]
    return f"{call.target.replace('torch.nn.', 'nn.')}({', '.join(arguments)})"


def _module(one: Layer, made: str | None) -> Iterator[str]:
    yield f"{one.node.module} = {made}" if made is not None else str(one.node.module)
    kinds = {"trained": "", "frozen": ", frozen", "buffer": ", no parameter"}
    sizes = [show_shape(key.shape) if key.shape else "one number" for key in one.keys]
    if one.keys:
        yield from _aligned([(key.key, size + kinds[key.kind]) for key, size in zip(one.keys, sizes)])
    if one.shared:
        yield f"applied by {', '.join(f'`{name}`' for name in one.shared)} too: its parameters count once"


def _arithmetic(one: Layer) -> Iterator[_Section]:
    """The sections of a layer's numbers: one number a section, the axes of a shape together."""
    sizes = [each for each in one.statements if each in one.statements[: len(one.node.shape)]]
    yield _Section(f"output {show_shape(one.node.shape)}", list(_sizes(sizes)))
    titles = {
        "params": "parameters",
        "macs": "multiply-adds (MACs)",
        "flops": "FLOPs",
        "activations": "activations",
    }
    for quantity, title in titles.items():
        for each in one.of(quantity):
            yield _Section(f"{title} {each.value:,}", list(_lines(each)))
    fields = one.of("receptive_field")
    if fields:
        size = _axes(tuple(each.value for each in fields))
        jump = _axes(tuple(each.value for each in one.of("jump")))
        start = _axes(tuple(each.value for each in one.of("offset")))
        title = f"receptive field {size}, jump {jump}, from {start} on"
        yield _Section(title, list(_field(one)))


def _axes(values: tuple[Any, ...] | None) -> str:
    if not values:
        return "–"
    from netdsl.analyses.explain import signed

    words = [signed(value) for value in values]
    return words[0] if len(set(words)) == 1 else "×".join(words)


def _merged(statements: list[Statement]) -> Iterator[tuple[str, Statement]]:
    """Statements that agree but for their axis, as one."""
    found: dict[tuple[object, ...], list[Statement]] = {}
    for each in statements:
        found.setdefault(each[1:], []).append(each)
    for alike in found.values():
        yield ", ".join(each.quantity for each in alike), alike[0]


def _sizes(statements: list[Statement]) -> Iterator[str]:
    letters = {"depth": "t", "height": "h", "width": "w", "length": "w"}
    named = [
        each._replace(quantity=f"{each.quantity} {letters[each.quantity]}") if each.quantity in letters else each
        for each in statements
    ]
    rows = [(name, each) for name, each in _merged(named)]
    width = max(len(name) for name, _ in rows)
    for name, each in rows:
        for place, line in enumerate(_lines(each, short=True)):
            yield f"{name if not place else '':<{width}}  {line}"


def _lines(each: Statement, *, short: bool = False) -> Iterator[str]:
    """A statement's rule, its numbers, and its remark."""
    value = f"{each.value:,}" if isinstance(each.value, int) else str(each.value)
    if short and each.numbers == value:
        rule = f"{each.rule} = " if each.rule and each.rule != value else ""
        yield f"{rule}{value}" + (f", {each.says}" if each.says else "")
        return
    if short and not each.numbers:
        yield value + (f", {each.says}" if each.says else "")
        return
    if each.says and not short:
        yield each.says
    if each.rule:
        yield each.rule
    if each.numbers:
        yield f"{each.numbers} = {value}"
    if each.says and short:
        yield each.says


def _field(one: Layer) -> Iterator[str]:
    for quantity, letter in (("receptive_field", "r"), ("jump", "j"), ("offset", "a")):
        every = [each._replace(quantity=each.quantity.partition(" ")[2]) for each in one.of(quantity)]
        alike = len({each[1:] for each in every}) == 1
        for name, each in _merged([each for each in every if each.rule or each.says]):
            axis = "" if alike else f"{name}: "
            value = _axes((each.value,))
            if each.rule:
                yield f"{axis}{letter} = {each.rule} = {each.numbers} = {value}"
            elif each.says:
                yield f"{axis}{letter} = {value}, {each.says}"
    if any(each.rule for each in one.of("receptive_field", "jump", "offset")) and one.inputs:
        yield f"r′, j′ and a′ are those of `{one.inputs[0].name}`; a is the first element seen, padding below 0"


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
