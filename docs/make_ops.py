"""Writes the page of all operators, ``docs/operators.md``, from the registry: ``python docs/make_ops.py``.

With ``--check`` nothing is written, and the exit code is 1 where the page is not what would be made now.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import netdsl.ops
from netdsl.analyses.explain import axes, layer
from netdsl.analyses.reach import Statement
from netdsl.cli.explain_layer import constructor
from netdsl.cli.ops import FAMILIES, default, takes, written
from netdsl.elaborate import compile as compile_net
from netdsl.ir.graph import Graph, Node
from netdsl.ir.op import Op, registry
from netdsl.ir.print import show_value
from netdsl.ir.types import show_shape

PAGE = Path(__file__).parent / "operators.md"

_HEAD = """\
<!-- Made by docs/make_ops.py from netdsl/ops: change those, not this. -->
# The operators

Every layer of the language: how it is written, its attributes, and what one comes to. `netdsl ops NAME` prints the same
of one, and `netdsl explain FILE LABEL` the arithmetic of any layer of a net. In the rules `C` and `n` are the channels
and the size that enter, `h` and `w` the size that leaves, and the other letters attributes, as the tables say. MACs are
the multiply-adds of convolutions and fully connected layers; FLOPs are twice these, and the arithmetic beside them. All
numbers are of one image.

[The language](language.md) says how layers are put together. A package can add
[operators of its own](language.md#operators-of-your-own).
"""

_TITLES = {"params": "parameters", "macs": "MACs", "flops": "FLOPs"}


def page() -> str:
    """The page: a list by family, then each operator."""
    families: dict[str, list[type[Op]]] = {family: [] for family in FAMILIES.values()}
    for op in sorted(registry().values(), key=lambda op: op.keyword):
        # Tests register operators too, and packages theirs.
        if op.writable and op.__module__.startswith(f"{netdsl.ops.__name__}."):
            families[FAMILIES[op.category]].append(op)
    lists = [
        f"| {family} | {', '.join(f'[{op.keyword}](#{op.keyword})' for op in members)} |"
        for family, members in families.items()
    ]
    parts = [_HEAD, "\n".join(["| family | layers |", "|---|---|", *lists]) + "\n"]
    for family, members in families.items():
        parts.append(f"## {family.capitalize()}\n")
        parts += [_one(op) for op in members]
    return "\n".join(parts)


def _one(op: type[Op]) -> str:
    others = f" Also {', '.join(f'`{name}`' for name in op.aliases)}." if op.aliases else ""
    form = written(op).removeprefix("written ")
    lines = [f"### {op.keyword}", f"{_prose(op)}{others}", f"Written `{form}`."]
    attributes = op.attributes().values()
    if attributes:
        lines.append("\n".join(["| attribute | letter | takes | without it | |", "|---|---|---|---|---|", *_rows(op)]))
    if op.syntax.flags:
        sets = {
            flag: ", ".join(f"`{name}={show_value(value)}`" for name, value in fields.items())
            for flag, fields in op.syntax.flags.items()
        }
        lines.append("Flags: " + "; ".join(f"`{flag}` is {meaning}" for flag, meaning in sets.items()) + ".")
    lines += _example(op)
    return "\n\n".join(lines) + "\n"


def _prose(op: type[Op]) -> str:
    """The docstring, whose code is in double backticks and whose names may have roles, as Markdown."""
    text = re.sub(r":\w+:`~?([^`]+)`", r"`\1`", inspect.cleandoc(op.__doc__ or ""))
    return _safe(re.sub(r"``(.+?)``", r"`\1`", text, flags=re.DOTALL))


def _safe(text: str) -> str:
    """Text whose stars mean themselves, outside code."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if part.startswith("`") else part.replace("*", "\\*") for part in parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _rows(op: type[Op]) -> Iterator[str]:
    for attribute in op.attributes().values():
        without = default(attribute).removeprefix("default ") or "–"
        cells = (f"`{attribute.name}`", op.letters.get(attribute.name, ""), takes(attribute), without, attribute.doc)
        yield "| " + " | ".join(_cell(_safe(cell)) for cell in cells) + " |"


def _example(op: type[Op]) -> Iterator[str]:
    graph = compile_net(f"net example\ninput {op.example.input}\n{op.example.line}\n")
    # What is written as one layer and built as several has its members in the graph.
    nodes = [node for node in graph.nodes if isinstance(node.op, op)] or [
        node for node in graph.nodes if op.keyword in node.name
    ]
    said = f"`{op.example.line}` on an input of {op.example.input.replace('x', '×')}"
    yield f"{said}:" if nodes else f"{said} passes it on, and is no layer of the graph."
    for node in nodes:
        if len(nodes) > 1:
            yield f"`{node.name}` of it:"
        rows = "\n".join(_numbers(graph, node))
        yield f"PyTorch: {_called(graph, node)}"
        yield f"| | | rule | with its numbers |\n|---|---:|---|---|\n{rows}"


def _called(graph: Graph, node: Node) -> str:
    call = node.op.call(graph.input_shapes(node), node.shape)
    made = constructor(call)
    if made is not None:
        more = ", a class that the generated file includes" if call.source is not None else ""
        return f"`{made}`{more}"
    names = ("x", "y", "z")[: len(node.inputs)]
    expression = call.target.replace("{parameter}", "parameter")
    for place, name in enumerate(names):
        expression = expression.replace(f"{{{place}}}", name)
    start = f", where `parameter` is a parameter of the net that starts as `{call.args[0]}`" if call.args else ""
    return f"`{expression}`{start}"


def _numbers(graph: Graph, node: Node) -> Iterator[str]:
    one = layer(graph, node)
    assert one is not None
    sizes = one.statements[: len(node.shape)]
    if any(each.rule for each in sizes):
        for names, each in _alike(node, sizes):
            yield _row(names, each, f"{each.value:,}")
    else:
        stays = node.inputs and graph.input_shapes(node)[0] == node.shape
        yield _row("output", Statement("", 0, says="as it enters" if stays else ""), show_shape(node.shape))
    for quantity, title in _TITLES.items():
        for each in one.of(quantity):
            yield _row(title, each, f"{each.value:,}")


def _alike(node: Node, sizes: tuple[Statement, ...]) -> Iterator[tuple[str, Statement]]:
    """The axes of an output; those whose rules and numbers agree together."""
    found: dict[tuple[object, ...], list[str]] = {}
    for name, each in zip(axes(node.shape), sizes, strict=True):
        found.setdefault(each[1:], []).append(name)
    by_name = dict(zip(axes(node.shape), sizes, strict=True))
    for names in found.values():
        yield ", ".join(names), by_name[names[0]]


def _row(title: str, each: Statement, value: str) -> str:
    rule = " – ".join(filter(None, (f"`{each.rule}`" if each.rule else "", _safe(each.says))))
    numbers = f"`{each.numbers}`" if each.numbers else ""
    return f"| {title} | {value} | {_cell(rule)} | {_cell(numbers)} |"


def main() -> int:
    """Writes the page, or checks it."""
    made = page()
    if "--check" in sys.argv[1:]:
        if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == made:
            return 0
        print(f"{PAGE} is not what {Path(__file__).name} makes", file=sys.stderr)
        return 1
    PAGE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
