"""The documentation: every command in it is run and every output compared, every link leads somewhere.

``pytest tests/test_docs.py --update-golden`` writes the outputs anew.
"""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import netdsl
from netdsl.cli import main
from tests.weights_nets import save_checkpoints

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES += sorted((ROOT / "benchmarks").glob("*.md"))

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SECONDS = re.compile(r"\d+\.\d+ s\b")
_LINK = re.compile(r'\]\(([^)#:\s]+)(?:#[^)]*)?\)|src="([^":]+)"')


class Step(NamedTuple):
    """A command of a page, and the output that stands below it."""

    command: str
    output: str


def steps(block: str) -> Iterator[Step]:
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield Step(command, output)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: Path) -> Path:
    """A directory to run commands in, with the specs of the project, and the checkpoints that a page is about."""
    (tmp_path / "specs").symlink_to(ROOT / "specs", target_is_directory=True)
    if page.name in ("README.md", "weights.md"):
        save_checkpoints(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def output_of(step: Step, capsys: pytest.CaptureFixture[str]) -> str:
    """What the command prints. ``cat`` of a file that is not there makes it, from what the page shows."""
    words = shlex.split(step.command)
    if words[0] == "cat":
        path = Path(words[1])
        if not path.exists():
            path.write_text(step.output, encoding="utf-8")
        return path.read_text(encoding="utf-8")
    assert words[0] == "netdsl", f"a page can run `netdsl` and `cat`, not `{step.command}`"
    capsys.readouterr()
    main(words[1:])
    captured = capsys.readouterr()
    return captured.out + captured.err


def masked(text: str) -> str:
    """Without what differs from run to run: times."""
    return _SECONDS.sub("0.00 s", text)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_commands_print_what_the_page_shows(
    page: Path, place: Path, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    text = page.read_text(encoding="utf-8")
    shown, real = [], []
    for kind, block in _BLOCK.findall(text):
        if kind != "console":
            continue
        ran = [(step, output_of(step, capsys)) for step in steps(block)]
        assert ran, f"a console block of {page.name} has no command"
        real.append("".join(f"$ {step.command}\n{output}" for step, output in ran))
        shown.append(block)
    if request.config.getoption("--update-golden"):
        fresh = iter([now if masked(now) != masked(then) else then for now, then in zip(real, shown)])
        page.write_text(
            _BLOCK.sub(lambda m: f"```console\n{next(fresh)}```" if m[1] == "console" else m[0], text), encoding="utf-8"
        )
        return
    for now, then in zip(real, shown):
        assert masked(then) == masked(now)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_python_examples_give_what_the_page_shows(page: Path, place: Path) -> None:
    blocks = [block for kind, block in _BLOCK.findall(page.read_text(encoding="utf-8")) if kind == "python"]
    examples = "\n".join(block for block in blocks if ">>>" in block)
    test = doctest.DocTestParser().get_doctest(examples, {}, page.name, str(page), 0)
    said: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=said.append)
    assert not said, "".join(said)
    for block in blocks:
        if ">>>" not in block:
            compile(block, page.name, "exec")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_specs_on_the_page_compile(page: Path, place: Path) -> None:
    for kind, block in _BLOCK.findall(page.read_text(encoding="utf-8")):
        if kind == "net":
            netdsl.compile(block if "\n" in block.strip() else block + "\n")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(page: Path) -> None:
    for match in _LINK.finditer(page.read_text(encoding="utf-8")):
        target = match[1] or match[2]
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_pictures_are_those_that_would_be_drawn_now() -> None:
    script = ROOT / "docs" / "make_images.py"
    done = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(os.name == "nt", reason="the script is for a POSIX shell")
def test_the_readme_has_the_commands_that_ci_runs() -> None:
    script = ROOT / ".ci" / "run"
    for name in ("install", "test"):
        done = subprocess.run(["bash", script, "--show", name], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "constraints.txt" in done.stdout
        assert done.stdout.strip() in (ROOT / "README.md").read_text(encoding="utf-8")
