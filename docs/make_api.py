"""Writes the page of the Python interface, ``docs/python.md``, from docstrings: ``python docs/make_api.py``.

Signatures and fields are read from the source, so that types stand as they are written. With ``--check`` nothing is
written, and the exit code is 1 where the page is not what would be made now.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import netdsl

PAGE = Path(__file__).parent / "python.md"

_HEAD = """\
<!-- Made by docs/make_api.py from docstrings: change those, not this. -->
# Python

```python
>>> import netdsl
>>> graph = netdsl.compile("specs/resnet.net", variant="18")
>>> graph.outputs[0].name, graph.nodes[-1].shape
('main', (1000,))
>>> numbers = netdsl.stats(graph)
>>> numbers.totals.params, numbers.totals.macs
(11689512, 1814073344)
>>> [(row.name, row.params) for row in numbers.by("block") if row.op == "basic"][:2]
[('layer1.0', 73984), ('layer1.1', 73984)]
>>> svg = netdsl.draw(graph)
>>> net = netdsl.load(graph, seed=0)

```

A spec with errors raises one exception with all of them; `analyse` raises none and returns them:

```python
>>> try:
...     netdsl.compile("net wrong\\ninput 3x32x32\\nconv3-16, maxpol\\n")
... except netdsl.NetdslError as error:
...     print(error.diagnostics[0].code, error.diagnostics[0].message)
ND201 there is no layer or block called `maxpol`
>>> netdsl.analyse("net fine\\ninput 3x32x32\\nconv3-16\\n").graph.name
'fine'

```

In a notebook a graph, and a net that was loaded, show their diagram and their numbers. A cell that begins with
`%%netdsl net` is a spec, and its graph is then called `net`; `%load_ext netdsl` offers that before netdsl was used.

`import netdsl` imports nothing heavy: each name below comes in when it is first used, and PyTorch with `load` alone.
Everything is typed (`py.typed`). What is not on this page may change without notice.
"""

#: What the names of ``netdsl.__all__`` speak of, by the module that has it.
_WITH = {
    "netdsl.elaborate.compile": ("Compilation",),
    "netdsl.analyses.stats": ("Stats", "Totals", "Row"),
    "netdsl.ir.graph": ("Node", "Scope", "Output", "Init"),
    "netdsl.diagnostics": ("Span", "Source", "Note"),
    "netdsl.backends.draw": ("drawing", "Drawing"),
    "netdsl.backends.canvas.options": ("Options",),
}
_ALIASES = {
    "netdsl.ir.types": ("Shape", "Scalar", "View", "Mode"),
    "netdsl.elaborate.entering": ("Input",),
    "netdsl.backends.draw": ("Kind",),
}
_WIDTH = 110


def page() -> str:
    """The page: functions, then classes, then what these speak of."""
    public = [getattr(netdsl, name) for name in netdsl.__all__ if not name.startswith("__")]
    functions = sorted((each for each in public if inspect.isfunction(each)), key=lambda each: each.__name__)
    classes = sorted((each for each in public if inspect.isclass(each)), key=lambda each: each.__name__)
    parts = [_HEAD, "## Functions\n", *(_one(each, "netdsl") for each in functions)]
    parts += ["## Classes\n", *(_one(each, "netdsl") for each in classes)]
    parts += ["## What these speak of\n", _version(), *_others()]
    return "\n".join(parts)


def _version() -> str:
    return "`netdsl.__version__` is the version as a text.\n"


def _others() -> Iterator[str]:
    rows = []
    for module, names in _ALIASES.items():
        tree = ast.parse(inspect.getsource(importlib.import_module(module)))
        for node in tree.body:
            target = getattr(node, "target", None) or next(iter(getattr(node, "targets", [])), None)
            if isinstance(target, ast.Name) and target.id in names and isinstance(node, ast.Assign | ast.AnnAssign):
                assert node.value is not None
                meaning = ast.unparse(node.value).replace("|", "\\|")
                rows.append(f"| `{target.id}` | `{meaning}` |")
    assert len(rows) == sum(map(len, _ALIASES.values())), rows
    yield "| type | is |\n|---|---|\n" + "\n".join(sorted(rows)) + "\n"
    for module, names in _WITH.items():
        for name in names:
            yield _one(getattr(importlib.import_module(module), name), module)


def _one(thing: type | object, module: str) -> str:
    """A function or class: its name, its signature or fields, its docstring, and a class's methods."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(thing))).body[0]  # type: ignore[arg-type]
    assert isinstance(tree, ast.FunctionDef | ast.ClassDef)
    place = f"`from {module} import {tree.name}`\n\n" if module != "netdsl" else ""
    title = f"### {'netdsl.' if module == 'netdsl' else ''}{tree.name}\n"
    code = _signature(tree) if isinstance(tree, ast.FunctionDef) else _fields(tree)
    lines = [title, f"{place}```python\n{code}\n```\n", _prose(ast.get_docstring(tree) or "")]
    methods = [*_methods(tree)] if isinstance(tree, ast.ClassDef) else []
    return "\n".join([*lines, *methods]) + ("\n" if methods else "")


def _signature(tree: ast.FunctionDef, indent: str = "") -> str:
    """``def name(…) -> …: ...``, an argument a line where one line is too long."""
    returns = f" -> {ast.unparse(tree.returns)}" if tree.returns else ""
    text = f"def {tree.name}({', '.join(_arguments(tree.args))}){returns}: ..."
    if len(text) <= _WIDTH:
        return indent + text
    inner = ",\n".join(f"    {argument}" for argument in _arguments(tree.args))
    return textwrap.indent(f"def {tree.name}(\n{inner},\n){returns}: ...", indent)


def _arguments(given: ast.arguments) -> Iterator[str]:
    first = len(given.args) - len(given.defaults)
    for at, argument in enumerate(given.args):
        yield _argument(argument, given.defaults[at - first] if at >= first else None)
    if given.kwonlyargs:
        yield "*"
    for argument, value in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        yield _argument(argument, value)


def _argument(argument: ast.arg, value: ast.expr | None) -> str:
    typed = f": {ast.unparse(argument.annotation)}" if argument.annotation else ""
    return f"{argument.arg}{typed}" + (f" = {_value(value)}" if value is not None else "")


def _value(value: ast.AST) -> str:
    """As ruff writes it."""
    return ast.unparse(value).replace("'", '"').replace(" ** ", "**")


def _fields(tree: ast.ClassDef) -> str:
    """The class with its public fields and the signatures of what it does."""
    bases = ", ".join(ast.unparse(base) for base in tree.bases)
    lines = [f"class {tree.name}({bases}):" if bases else f"class {tree.name}:"]
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and not ast.unparse(node.target).startswith("_"):
            lines.append(f"    {_value(node)}")
        if isinstance(node, ast.FunctionDef) and node.name == "__init__":
            lines += _set_by(node)
    return "\n".join(lines) if len(lines) > 1 else f"{lines[0]} ..."


def _set_by(maker: ast.FunctionDef) -> Iterator[str]:
    """The public attributes that ``__init__`` sets: arguments that it keeps, and what has a type where it is set."""
    types = {each.arg: each.annotation for each in (*maker.args.args, *maker.args.kwonlyargs)}
    for node in ast.walk(maker):
        if not isinstance(node, ast.Assign | ast.AnnAssign):
            continue
        target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
        kind = node.annotation if isinstance(node, ast.AnnAssign) else types.get(ast.unparse(node.value))
        if isinstance(target, ast.Attribute) and not target.attr.startswith("_") and kind is not None:
            yield f"    {target.attr}: {ast.unparse(kind)}"


def _methods(tree: ast.ClassDef) -> Iterator[str]:
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]
    for node in found:
        marks = {ast.unparse(mark) for mark in node.decorator_list}
        arguments = ast.unparse(node.args).removeprefix("self").removeprefix(", ")
        returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
        called = f"{node.name}: {ast.unparse(node.returns)}" if "property" in marks and node.returns else ""
        shown = called or f"{node.name}({arguments}){returns}"
        yield f"- `{shown}`: {' '.join(_prose(ast.get_docstring(node) or '').split())}"


def _prose(text: str) -> str:
    """A docstring, whose code is in double backticks and whose names may have roles, as Markdown."""
    text = re.sub(r":\w+:`~?([^`]+)`", r"``\1``", text)
    # A word on a line of its own with its meaning indented below it.
    text = re.sub(
        r"^((?:``[^`\n]+``(?:, )?)+)\n((?:    .+\n?)+)",
        lambda match: f"- {match[1]}: {' '.join(match[2].split())}\n",
        text + "\n",
        flags=re.MULTILINE,
    )
    parts = re.split(r"(``[^`]*``)", text.strip())
    return "".join(f"`{part[2:-2]}`" if part.startswith("``") else part.replace("*", "\\*") for part in parts) + "\n"


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
