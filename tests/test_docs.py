"""The documentation: every block of code in it is run, compiled or parsed, and every output compared.

``pytest tests/test_docs.py --update-golden`` writes the outputs anew.
"""

from __future__ import annotations

import doctest
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import netdsl
from netdsl.backends.torch_source import torch_source
from netdsl.cli import main
from netdsl.diagnostics import Source
from netdsl.elaborate import analyse
from netdsl.ir import op as registered
from netdsl.ops import shape
from netdsl.syntax.format import format as layout
from tests.documents import PAGES, ROOT, ZOO, Block, blocks, name
from tests.weights_nets import save_checkpoints

_SECONDS = re.compile(r"\d+\.\d+ s\b")

#: Blocks that are neither run nor compiled, by page and kind: why.
UNRUN = {
    ("README.md", "sh"): ".ci/run runs them; here they are parsed",
    ("CONTRIBUTING.md", "sh"): "installs; parsed",
    ("benchmarks/README.md", "sh"): "measures for minutes; parsed",
    ("docs/limits.md", "sh"): "measure for minutes; parsed",
    ("docs/start.md", "sh"): "installs; parsed",
    ("docs/codes.md", "net"): "made by docs/make_codes.py; tests/test_explain.py compiles each",
    ("docs/codes.md", "text"): "made by docs/make_codes.py; tests/test_explain.py compiles each",
    ("docs/architecture.md", "text"): "a drawing",
    ("docs/embedding.md", "markdown"): "tests/test_embed.py builds sites with them",
    ("docs/embedding.md", "python"): "tests/test_embed.py builds sites with them",
    ("docs/embedding.md", "rst"): "tests/test_embed.py builds sites with them",
}


#: Pages whose Python without prompts is no program, and why: there it is parsed. On all others it is run.
PARSED = {
    "CONTRIBUTING.md": "a class of netdsl/ops/shape.py; test_the_operator_of_the_guide_works puts it there",
    "docs/embedding.md": "settings of Sphinx; tests/test_embed.py builds a site with them",
    "docs/python.md": "signatures made by docs/make_api.py, which tests/test_docs_site.py holds against the code",
}


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
    if page.name in ("README.md", "weights.md", "finetuning.md"):
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


def write_specs(page: Path, text: str) -> None:
    """The files that the page names in the titles of its specs."""
    for block in blocks(text):
        if block.kind in ("net", "netdsl") and "title" in block.options:
            Path(block.options["title"]).write_text(block.text, encoding="utf-8")


def generated(page: Path, text: str) -> Iterator[tuple[Block, str]]:
    """The modules of a page, blocks of Python whose title is that of a spec of the page, and what they should be."""
    for block in blocks(text):
        if block.kind == "python" and "title" in block.options:
            yield block, torch_source(netdsl.compile(Path(block.options["title"]).with_suffix(".net")))


def masked(text: str) -> str:
    """Without what differs from run to run: times."""
    return _SECONDS.sub("0.00 s", text)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_print_what_the_page_shows(
    page: Path, place: Path, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    text = page.read_text(encoding="utf-8")
    write_specs(page, text)
    found: list[tuple[Block, str]] = []
    printed: dict[str, str] = {}
    for block in blocks(text):
        if block.kind != "console":
            continue
        ran = [(step, output_of(step, capsys)) for step in steps(block.text)]
        printed.update((step.output, output) for step, output in ran)
        assert ran, f"a console block of {name(page)} has no command"
        found.append((block, "".join(f"$ {step.command}\n{output}" for step, output in ran)))
    found += generated(page, text)
    # What a command prints may stand a second time, as what GitHub draws of it.
    found += [(block, printed.get(block.text, "")) for block in blocks(text) if block.kind == "mermaid"]
    if request.config.getoption("--update-golden"):
        for block, now in sorted(found, key=lambda each: -each[0].start):
            if masked(now) != masked(block.text):
                text = text[: block.start] + now + text[block.end :]
        page.write_text(text, encoding="utf-8")
        return
    for block, now in found:
        assert masked(block.text) == masked(now)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_python_examples_give_what_the_page_shows(page: Path, place: Path) -> None:
    text = page.read_text(encoding="utf-8")
    python = [block.text for block in blocks(text) if block.kind == "python" and "title" not in block.options]
    if not python:
        return
    write_specs(page, text)
    examples = "\n".join(block for block in python if ">>>" in block)
    test = doctest.DocTestParser().get_doctest(examples, {}, page.name, str(page), 0)
    said: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=said.append)
    assert not said, "".join(said)
    for block in python:
        if ">>>" not in block:
            code = compile(block, page.name, "exec")
            if name(page) not in PARSED:
                exec(code, {"__name__": "__main__"})


def test_the_operator_of_the_guide_works(monkeypatch: pytest.MonkeyPatch) -> None:
    for table in ("_REGISTRY", "_NAMES"):
        monkeypatch.setattr(registered, table, dict(vars(registered)[table]))
    (block,) = (
        block for block in blocks((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")) if block.kind == "python"
    )
    exec(block.text, dict(vars(shape)))
    graph = netdsl.compile("net small\ninput 4x8x8\nconv3-12, maxout 3, gap, fc-2\nexpect params = 454\n")
    assert graph.nodes[2].shape == (4, 8, 8) and graph.nodes[2].op.caption(((12, 8, 8),), (4, 8, 8)) == "maxout 3"
    assert ".unflatten(1, (-1, 3)).amax(2)" in torch_source(graph)
    assert [row.flops for row in netdsl.stats(graph).layers if row.op == "maxout"] == [4 * 8 * 8 * 2]
    with pytest.raises(netdsl.NetdslError, match="`maxout 3` does not divide 4 channels"):
        netdsl.compile("net small\ninput 4x8x8\nmaxout 3, gap, fc-2\n")


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_specs_on_the_page_compile(page: Path, place: Path) -> None:
    text = page.read_text(encoding="utf-8")
    write_specs(page, text)
    for block in blocks(text):
        if block.kind in ("net", "netdsl") and (name(page), block.kind) not in UNRUN:
            source = block.text if "\n" in block.text.strip() else f"{block.text}\n"
            made = analyse(source, variant=block.options.get("variant"), input=block.options.get("input"))
            # A spec on a page is an example: it gives no warning either, but for the one that it shows.
            codes = {each.code for each in made.diagnostics}
            assert codes == {block.options[key] for key in ("fails", "warns") if key in block.options}, block.text
            assert (made.graph is None) == ("fails" in block.options)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_specs_on_the_page_have_the_layout_of_fmt(page: Path, request: pytest.FixtureRequest) -> None:
    text = page.read_text(encoding="utf-8")
    for block in reversed(list(blocks(text))):
        if block.kind not in ("net", "netdsl") or (name(page), block.kind) in UNRUN:
            continue
        laid_out, _ = layout(Source(name(page), block.text))
        if request.config.getoption("--update-golden") and laid_out is not None:
            text = text[: block.start] + laid_out + text[block.end :]
            page.write_text(text, encoding="utf-8")
        else:
            assert block.text == laid_out


@pytest.mark.parametrize("page", [*PAGES, *ZOO], ids=name)
def test_every_block_is_of_a_kind_that_is_tested(page: Path) -> None:
    for block in blocks(page.read_text(encoding="utf-8")):
        if block.kind in ("console", "python", "net", "netdsl", "mermaid"):
            continue
        if block.kind == "yaml":
            pytest.importorskip("yaml", reason="PyYAML comes with mkdocs").safe_load(block.text)
        elif block.kind == "toml":
            tomllib.loads(block.text)
        else:
            assert (name(page), block.kind) in UNRUN, f"nothing tests this block:\n```{block.kind}\n{block.text}"
            if block.kind == "sh":
                parsed_by_a_shell(block.text)


def parsed_by_a_shell(text: str) -> None:
    if shell := shutil.which("bash"):
        done = subprocess.run([shell, "-n"], input=text, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_what_is_said_to_be_untested_is_there() -> None:
    pages = {name(page): page for page in PAGES}
    for page, kind in UNRUN:
        assert any(block.kind == kind for block in blocks(pages[page].read_text(encoding="utf-8"))), (page, kind)


def test_pictures_are_those_that_would_be_drawn_now() -> None:
    script = ROOT / "docs" / "make_images.py"
    done = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(os.name == "nt", reason="the script is for a POSIX shell")
def test_the_readme_has_the_commands_that_ci_runs() -> None:
    script = ROOT / ".ci" / "run"
    for command in ("install", "test"):
        done = subprocess.run(["bash", script, "--show", command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "constraints.txt" in done.stdout
        assert done.stdout.strip() in (ROOT / "README.md").read_text(encoding="utf-8")
