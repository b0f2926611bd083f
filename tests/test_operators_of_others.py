"""Operators that another package brings, through its entry point, and only when asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import netdsl

OPERATORS = """
from netdsl.ir.op import Example, Op, Syntax, register
from netdsl.ir.record import field
from netdsl.ir.types import Call


@register
class Halve(Op):
    keyword = "halve"
    category = "activation"
    lowers_to = "expression"
    syntax = Syntax(positional=("by",))
    example = Example("halve 4")

    by: int = field(default=2, ge=1)

    def call(self, inputs, output):
        return Call("expression", f"{{0}} / {self.by}")
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with a package that offers operators, as an installer would leave it."""
    (tmp_path / "halving.py").write_text(OPERATORS)
    (tmp_path / "broken_ops.py").write_text("import no_such_package\n")
    info = tmp_path / "halving-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: halving\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[netdsl.operators]\nhalving = halving\nbroken = broken_ops\n")
    (tmp_path / "half.net").write_text("input 8x4x4\nhalve 4\n")
    return tmp_path


def run(site: Path, *words: str) -> subprocess.CompletedProcess[str]:
    program = (
        f"import sys; sys.path.insert(0, {str(site)!r}); from netdsl.cli import main; sys.exit(main({list(words)!r}))"
    )
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=site, check=False)


def test_only_what_is_asked_for_is_loaded(site: Path) -> None:
    without = run(site, "check", "half.net")
    assert without.returncode == 1
    assert "there is no layer or block called `halve`" in without.stderr
    asked = run(site, "check", "half.net", "--operators", "halving")
    assert asked.returncode == 0, asked.stderr
    assert "by" in run(site, "ops", "halve", "--operators", "halving").stdout


def test_they_are_built(site: Path) -> None:
    done = run(site, "build", "half.net", "-o", "half.py", "--device", "cpu", "--operators", "halving")
    assert done.returncode == 0, done.stderr
    assert "x / 4" in (site / "half.py").read_text()


@pytest.mark.parametrize(("name", "words"), [("halvng", "did you mean `halving`?"), ("broken", "no_such_package")])
def test_what_cannot_be_loaded_is_said(site: Path, name: str, words: str) -> None:
    done = run(site, "check", "half.net", "--operators", name)
    assert done.returncode == 1
    assert "error[ND010]" in done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_python_says_the_same() -> None:
    with pytest.raises(netdsl.NetdslError, match="ND010"):
        netdsl.load_operators("nobody")
