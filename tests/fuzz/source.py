"""What generated source may name: torch, a few words of the standard library, and what it defines itself."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

#: Modules that it may import.
MODULES = frozenset({"torch", "math", "typing", "collections", "collections.abc", "functools"})
#: Builtins that it may name.
_PLAIN = "bool dict enumerate float getattr int isinstance len list max min range reversed str sum super tuple type zip"
BUILTINS = frozenset(_PLAIN.split())


def names_torch_alone(source: str) -> None:
    """Raises ``AssertionError`` for a source that names anything else, or does what only a statement of code can."""
    tree = ast.parse(source)
    own: set[str] = set()
    used: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert {alias.name.split(".")[0] for alias in node.names} <= MODULES, ast.unparse(node)
            own |= {alias.asname or alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module and (node.module in MODULES or node.module.split(".")[0] == "torch"), ast.unparse(node)
            own |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            own.add(node.name)
        elif isinstance(node, ast.arg):
            own.add(node.arg)
        elif isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else own).add(node.id)
        elif isinstance(node, ast.Attribute):
            assert not node.attr.startswith("__") or node.attr in ("__init__", "__getitem__"), node.attr
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "getattr":
            assert re.match(r"(?:getattr\()*(?:self|nn|torch)\b", ast.unparse(node.args[0])), ast.unparse(node)
            assert isinstance(node.args[1], (ast.Constant, ast.JoinedStr)), ast.unparse(node)
            assert not re.search(r"__\W*$", ast.unparse(node.args[1])), ast.unparse(node)
        else:
            assert not isinstance(node, (ast.Global, ast.Nonlocal, ast.Await, ast.AsyncFunctionDef, ast.Try))
    assert used <= own | BUILTINS, used - own - BUILTINS
    # At the top of the file stand imports, definitions and constants, and nothing is called.
    for statement in tree.body:
        text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        constant = isinstance(statement, (ast.Assign, ast.AnnAssign))
        assert text or constant or isinstance(statement, (ast.Import, ast.ImportFrom, ast.ClassDef, ast.FunctionDef))
        if constant:
            assert not any(isinstance(part, ast.Call) for part in ast.walk(statement)), ast.unparse(statement)


def complaints(folder: Path) -> str:
    """What ruff says of the sources in a folder: of their layout, and of what it checks unasked."""
    said = ""
    for command in (["format", "--check", "--diff"], ["check"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--isolated", "--no-cache", "--line-length", "120", str(folder)]
        done = subprocess.run(ruff, capture_output=True, text=True, check=False)
        said += (done.stdout + done.stderr) if done.returncode else ""
    return said
