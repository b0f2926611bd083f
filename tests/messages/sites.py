"""Where the texts of messages stand in the code, and which of them a run has said.

A text is a literal of several words that reaches a diagnostic, a refusal of an operator, a usage error or another
exception: as it stands, by a variable, a table, the result of a function or an argument to one. :func:`sites` finds
them in the syntax trees of the package; :func:`record` has the package loaded so that each notes what it comes to.
"""

from __future__ import annotations

import ast
import builtins
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache, cached_property
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import NamedTuple

PACKAGE = Path(__file__).parent.parent.parent / "netdsl"

#: The rooms and files that speak to users of the language.
_SPEAK = (
    *("analyses/stats.py", "backends/block/find.py", "backends/canvas/engine.py", "backends/canvas/options.py"),
    *("backends/draw.py", "cli/", "elaborate/", "embed/", "ir/graph.py", "ir/op.py", "ir/print.py", "ops/", "runtime/"),
    "syntax/",
)
#: Files of these whose texts are something else: specs, tables, reports, what a compiled module contradicts.
_OTHER = (
    *(
        "cli/codes.py",
        "cli/reports.py",
        "embed/mkdocs.py",
        "elaborate/expand.py",
        "runtime/check.py",
        "runtime/slots.py",
    ),
    *("syntax/generate.py", "syntax/node.py"),
)
#: Literals among the messages that are no words to a user, by their beginnings.
_NO_WORDS = (
    *("param x = (", "} if", "str | ", "# Written by", "Made by", "The numbers are those", "params without biases"),
    *(
        "{w} {c}",
        "else if",
        "\0: table",
        "\0as \0",
        ", variant ",
        ", training view",
        "Value error, ",
        "a mapping",
        "what has another shape in one mode",
        *("\0 of \0. ", "\0 ceil"),
    ),
)
#: Where every literal of several words is part of a message.
_ROOMS = {"syntax", "elaborate"}
#: What makes a message of its arguments; so does what is raised, and a parser's `error`.
_SAYS = {"Diagnostic", "Note", "Advice", "OpError", "ArgumentTypeError", "PluginError", "Problem"}
#: What is raised and never shown to a user.
_UNSEEN = {"NotImplementedError", "AssertionError", "AttributeError", "KeyError"}
#: Calls that are no part of a message, or quote what is said elsewhere.
_SILENT = {
    *(
        "Parser",
        "Edit",
        "Span",
        "did_you_mean",
        "nearest",
        "_nearest",
        "len",
        "isinstance",
        "getattr",
        "render",
        "printable",
    ),
    *("search", "match", "fullmatch", "finditer", "findall", "compile", "replace", "sub", "split"),
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Site(NamedTuple):
    """A text of a message: the file from the package's folder on, its line and column from 1, and how it is written."""

    file: str
    line: int
    column: int
    text: str


class _Module:
    """A file of the package."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
        self.tree = ast.parse(path.read_text(encoding="utf-8"))
        self.functions: dict[str, list[Function]] = defaultdict(list)
        self.imported: dict[str, tuple[str, str]] = {}
        self.around: dict[ast.AST, ast.AST | None] = {}
        #: what is given to a name, by the function (None for the module) and the name
        self.given: dict[tuple[ast.AST | None, str], list[ast.expr]] = defaultdict(list)
        self.calls: list[ast.Call] = []
        self.raised: list[ast.Call] = []
        self.returned: dict[ast.AST | None, list[ast.expr]] = defaultdict(list)
        self._index(self.tree, None)
        self.fields = self._fields()

    def _index(self, node: ast.AST, scope: ast.AST | None) -> None:
        self.around[node] = scope
        if isinstance(node, Function):
            self.functions[node.name].append(node)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                self.imported[alias.asname or alias.name] = (node.module or "", alias.name)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                self._give(scope, target, node.value)
        elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr) and node.value is not None:
            self._give(scope, node.target, node.value)
        elif isinstance(node, ast.For | ast.comprehension):
            self._give(scope, node.target, node.iter)
        elif isinstance(node, ast.Call):
            self.calls.append(node)
            if isinstance(node.func, ast.Attribute) and node.func.attr in ("append", "extend") and node.args:
                self._give(scope, node.func.value, node.args[0])
        elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            self.raised.append(node.exc)
        elif isinstance(node, ast.Return | ast.Yield) and node.value is not None:
            self.returned[scope].append(node.value)
        inner = node if isinstance(node, Function) else scope
        for child in ast.iter_child_nodes(node):
            self._index(child, inner)

    def _fields(self) -> dict[str, list[ast.expr]]:
        """What the file's own calls of its classes give to each field."""
        found: dict[str, list[ast.expr]] = defaultdict(list)
        classes = {
            node.name: [
                part.target.id
                for part in node.body
                if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)
            ]
            for node in self.tree.body
            if isinstance(node, ast.ClassDef)
        }
        for call in self.calls:
            names = classes.get(_name(call), [])
            for field, value in [*zip(names, call.args), *((each.arg, each.value) for each in call.keywords)]:
                if field in names:
                    found[field].append(value)
        return found

    def _give(self, scope: ast.AST | None, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self.given[scope, target.id].append(value)
        elif isinstance(target, ast.Tuple):
            for place, part in enumerate(target.elts):
                for one in (value.body, value.orelse) if isinstance(value, ast.IfExp) else (value,):
                    fits = isinstance(one, ast.Tuple) and len(one.elts) == len(target.elts)
                    self._give(scope, part, one.elts[place] if fits and isinstance(one, ast.Tuple) else one)


class _Search:
    """Follows texts back from where messages are made."""

    def __init__(self) -> None:
        self.modules = [_Module(path) for path in sorted(PACKAGE.rglob("*.py")) if _speaks(path)]
        self.by_name = {module.name: module for module in self.modules}
        self.found: dict[tuple[Path, int, int], ast.expr] = {}
        self.seen: set[object] = set()
        self.left: list[tuple[_Module, ast.expr]] = []

    @cached_property
    def callers(self) -> dict[str, list[tuple[_Module, ast.Call]]]:
        """All calls of the package by the names of what is called."""
        known: dict[str, list[tuple[_Module, ast.Call]]] = defaultdict(list)
        for module in self.modules:
            for call in module.calls:
                known[_name(call)].append((module, call))
        return known

    def run(self) -> None:
        for module in self.modules:
            says = [call for call in module.calls if _name(call) in _SAYS or _is_error(call)]
            for call in [*says, *(call for call in module.raised if _name(call) not in _UNSEEN)]:
                self.arguments(module, call)
            if module.path.relative_to(PACKAGE).parts[0] in _ROOMS:
                self.push(module, *_literals(module.tree))
        while self.left:
            self.follow(*self.left.pop())

    def push(self, module: _Module, *parts: ast.expr) -> None:
        for part in parts:
            if part not in self.seen:
                self.seen.add(part)
                self.left.append((module, part))

    def arguments(self, module: _Module, call: ast.Call) -> None:
        self.push(module, *call.args, *(keyword.value for keyword in call.keywords))

    def follow(self, module: _Module, node: ast.expr) -> None:
        match node:
            case ast.Constant() | ast.JoinedStr():
                if _has_words(node):
                    self.found[module.path, node.lineno, node.col_offset] = node
                if isinstance(node, ast.JoinedStr):
                    self.push(module, *(part.value for part in node.values if isinstance(part, ast.FormattedValue)))
            case ast.IfExp():
                self.push(module, node.body, node.orelse)
            case ast.BoolOp():
                self.push(module, *node.values)
            case ast.BinOp():
                self.push(module, node.left, node.right)
            case ast.NamedExpr() | ast.Starred() | ast.Subscript():
                self.push(module, node.value)
            case ast.Tuple() | ast.List() | ast.Set():
                self.push(module, *node.elts)
            case ast.Dict():
                self.push(module, *node.values)
            case ast.GeneratorExp() | ast.ListComp():
                self.push(module, node.elt)
            case ast.Name():
                self.name(module, node)
            case ast.Attribute():
                self.push(module, *module.fields.get(node.attr, ()))
            case ast.Call() if _name(node) not in _SILENT:
                self.arguments(module, node)
                if isinstance(node.func, ast.Attribute):
                    self.push(module, node.func.value)
                for where, function in self.called(module, node):
                    self.push(where, *where.returned[function])

    def called(self, module: _Module, call: ast.Call) -> list[tuple[_Module, Function]]:
        """The functions that a call may mean."""
        name = _name(call)
        if isinstance(call.func, ast.Name):
            if name in module.functions:
                return [(module, function) for function in module.functions[name]]
            origin, original = module.imported.get(name, ("", ""))
            other = self.by_name.get(origin)
            return [] if other is None else [(other, function) for function in other.functions[original]]
        own = (
            isinstance(call.func, ast.Attribute)
            and isinstance(call.func.value, ast.Name)
            and call.func.value.id == "self"
        )
        return [(module, function) for function in module.functions[name]] if own and name in module.functions else []

    def name(self, module: _Module, node: ast.Name) -> None:
        scope = module.around[node]
        while scope is not None:
            assert isinstance(scope, Function)
            if given := module.given.get((scope, node.id)):
                self.push(module, *given)
            names = [argument.arg for argument in (*scope.args.posonlyargs, *scope.args.args)]
            if node.id in names or node.id in [argument.arg for argument in scope.args.kwonlyargs]:
                self.parameter(module, scope, names, node.id)
                return
            if given:
                return
            scope = module.around[scope]
        self.push(module, *module.given.get((None, node.id), ()))
        origin, original = module.imported.get(node.id, ("", ""))
        if origin in self.by_name:
            self.push(self.by_name[origin], *self.by_name[origin].given.get((None, original), ()))

    def parameter(self, module: _Module, function: Function, names: Sequence[str], wanted: str) -> None:
        """What the callers of a function give it."""
        if (function, wanted) in self.seen or wanted in ("self", "cls"):
            return
        self.seen.add((function, wanted))
        place = names.index(wanted) - (names[0] in ("self", "cls")) if wanted in names else None
        for where, call in self.callers[function.name]:
            if (module, function) not in self.called(where, call):
                continue
            self.push(where, *(keyword.value for keyword in call.keywords if keyword.arg == wanted))
            if place is not None and place < len(call.args):
                self.push(where, call.args[place])


def _speaks(path: Path) -> bool:
    name = str(path.relative_to(PACKAGE))
    return name.startswith(_SPEAK) and name not in _OTHER


def _literals(node: ast.AST) -> Iterator[ast.expr]:
    """The literals of a file but docstrings, what is yielded as it stands, and those of silent calls and assertions."""
    for child in node.values if isinstance(node, ast.Dict) else ast.iter_child_nodes(node):
        if isinstance(child, ast.Constant | ast.JoinedStr):
            if not isinstance(node, ast.Expr | ast.Yield):
                yield child
        elif not isinstance(child, ast.Assert) and not (isinstance(child, ast.Call) and _name(child) in _SILENT):
            yield from _literals(child)


def _name(call: ast.Call) -> str:
    """The last name of what is called."""
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _is_error(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == "error"


def _has_words(node: ast.Constant | ast.JoinedStr) -> bool:
    """Whether a literal is a text of several words."""
    if isinstance(node, ast.Constant) and not isinstance(node.value, str):
        return False
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    text = "".join(str(part.value) if isinstance(part, ast.Constant) else "\0" for part in parts)
    words = " " in text.strip() and any(map(str.isalpha, text))
    return words and not re.search(r"\(\?|\[ \\t|\\[wbSs]|^\^", text) and not text.startswith(_NO_WORDS)


def sites() -> list[Site]:
    """The texts of all messages, in order."""
    return [
        Site(str(path.relative_to(PACKAGE)), line, column + 1, ast.unparse(node))
        for (path, line, column), node in sorted(_found().items(), key=lambda item: item[0])
    ]


@cache
def _found() -> dict[tuple[Path, int, int], ast.expr]:
    search = _Search()
    search.run()
    return search.found


# -- what a run says --------------------------------------------------------------------------------------------------

#: By file, line and column what a text came to, since :func:`record`.
NOTED: dict[tuple[str, int, int], set[str]] = defaultdict(set)


class _Noting(ast.NodeTransformer):
    """Puts a call around each text of a file, which notes what it comes to."""

    def __init__(self, file: str, places: set[tuple[int, int]]) -> None:
        self.file = file
        self.places = places

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        """A text without values."""
        return self.noting(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.expr:
        """A text with values, in which texts may stand; its own pieces are no expressions."""
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                part.value = self.visit(part.value)
        return self.noting(node)

    def noting(self, node: ast.expr) -> ast.expr:
        """The text, or the call around it."""
        if (node.lineno, node.col_offset) not in self.places:
            return node
        place = [ast.Constant(value) for value in (self.file, node.lineno, node.col_offset + 1)]
        call = ast.Call(ast.Name("__noted__", ast.Load()), [node, *place], [])
        return ast.fix_missing_locations(ast.copy_location(call, node))


class _Loader(SourceFileLoader):
    """Loads a file of the package with the calls in it, and keeps no compiled file of it."""

    places: set[tuple[int, int]]

    def get_code(self, fullname: str) -> CodeType:
        """The code of the file."""
        tree = ast.parse(self.get_data(self.path))
        _Noting(str(Path(self.path).relative_to(PACKAGE)), self.places).visit(tree)
        return compile(tree, self.path, "exec", dont_inherit=True)


class _Finder(MetaPathFinder):
    """Finds the files of the package that have texts of messages."""

    def __init__(self) -> None:
        self.places: dict[str, set[tuple[int, int]]] = defaultdict(set)
        for path, line, column in _found():
            self.places[str(path)].add((line, column))

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The file that a module is loaded from, if it is one of them."""
        spec = PathFinder.find_spec(fullname, path) if fullname.partition(".")[0] == "netdsl" else None
        if spec is None or spec.origin not in self.places:
            return None
        loader = _Loader(fullname, spec.origin)
        loader.places = self.places[spec.origin]
        spec.loader = loader
        return spec


def record() -> None:
    """From now on texts of messages are noted when they are made. Nothing of the package is loaded before."""
    assert "netdsl" not in sys.modules

    def note(text: str, file: str, line: int, column: int) -> str:
        NOTED[file, line, column].add(text)
        return text

    sys.meta_path.insert(0, _Finder())
    vars(builtins)["__noted__"] = note
