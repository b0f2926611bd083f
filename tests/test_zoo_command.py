"""``netdsl zoo``, and ``zoo:NAME[:VARIANT]`` wherever a file stands."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import netdsl
from netdsl import zoo
from netdsl.analyses.stats import stats
from netdsl.cli.app import COMMANDS
from netdsl.cli.zoo import Entry, entries, plain
from netdsl.elaborate import analyse, split_variant
from netdsl.elaborate.outline import outline
from tests.test_cli import Run, run

__all__ = ["run"]  # the fixture

SPECS = Path(__file__).parent.parent / "specs"
EVERY = entries()


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any folder but the project's."""
    monkeypatch.chdir(tmp_path)


# -- the list ---------------------------------------------------------------------------------------------------------


def test_the_list_has_every_variant_of_every_shipped_spec() -> None:
    assert zoo.folder() == SPECS
    assert list(dict.fromkeys(entry.name for entry in EVERY)) == sorted(path.stem for path in SPECS.glob("*.net"))
    for name in zoo.names():
        graph = netdsl.compile(SPECS / f"{name}.net")
        mine = [entry for entry in EVERY if entry.name == name]
        named = [entry.variant for entry in mine if entry.variant is not None]
        assert named == list(graph.variants)
        assert [entry.variant for entry in mine if entry.default] == [graph.variant]


@pytest.mark.parametrize("entry", EVERY, ids=lambda entry: entry.target)
def test_the_numbers_of_the_list_are_those_of_the_graph(entry: Entry) -> None:
    graph = netdsl.compile(f"zoo:{entry.target}")
    totals = stats(graph).totals
    assert (entry.params, entry.macs) == (totals.params, totals.macs)
    assert entry.inputs == tuple(graph.nodes[index].shape for index in graph.inputs)
    assert (entry.title, graph.variant) == (graph.title, entry.variant)


def test_what_a_spec_does_not_expect_is_computed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = "param w = 4\nvariant wide: w = 8\ninput 1x8x8\nconv3-{w}\nexpect params = 40\nexpect wide: macs > 5\n"
    specs = tmp_path / "specs"
    specs.mkdir()
    (specs / "small.net").write_text(text)
    monkeypatch.setattr(zoo, "folder", lambda: specs)
    narrow, wide = entries("small")
    assert (narrow.variant, narrow.default, narrow.params, narrow.macs) == (None, True, 40, 4 * 9 * 64)
    assert (wide.variant, wide.default, wide.params, wide.macs) == ("wide", False, 80, 8 * 9 * 64)
    assert narrow.paper is None


def test_the_list_as_a_table(run: Run) -> None:
    shown = run("zoo")
    assert (shown.code, shown.err) == (0, "")
    titles, _, *rows = shown.out.splitlines()
    assert titles.split() == ["name", "params", "MACs", "input", "paper", "arXiv"]
    assert [row.split()[0] for row in rows[: len(EVERY)]] == [entry.target for entry in EVERY]
    row = next(row for row in rows if row.startswith("resnet:50 "))
    assert row.split()[:5] == ["resnet:50", "*", "25,557,032", "4,089,184,256", "3×224×224"]
    assert "He, Zhang, Ren & Sun 2015, Table 1" in row and row.endswith("1512.03385")
    assert f"{len(zoo.names())} specs, {len(EVERY)} nets" in shown.out
    lone = next(row for row in rows if row.startswith("vgg19 "))
    assert "*" not in lone


def test_the_list_for_programs(run: Run) -> None:
    found = json.loads(run("zoo", "--format", "json").out)["nets"]
    assert found == [plain(entry) for entry in EVERY]
    table = list(csv.DictReader(io.StringIO(run("zoo", "--format", "csv").out)))
    assert [(row["name"], row["variant"], row["params"]) for row in table] == [
        (entry.name, entry.variant or "", str(entry.params)) for entry in EVERY
    ]
    assert next(row for row in table if row["name"] == "vgg19")["inputs"] == "3x224x224"
    lines = run("zoo", "--format", "markdown").out.splitlines()
    assert lines[:2] == ["| name | params | MACs | input | paper | arXiv |", "|---|---:|---:|---:|---|---|"]
    assert len(lines) == 2 + len(EVERY)


# -- one spec ---------------------------------------------------------------------------------------------------------


def test_one_spec_is_printed_as_it_is(run: Run) -> None:
    text = (SPECS / "resnet.net").read_text(encoding="utf-8")
    for name in ("resnet", "zoo:resnet", "resnet:50"):
        shown = run("zoo", name)
        assert (shown.code, shown.out) == (0, text)


def test_one_spec_with_a_format_is_its_rows(run: Run) -> None:
    mine = [entry for entry in EVERY if entry.name == "resnet"]
    found = json.loads(run("zoo", "resnet", "--format", "json").out)["nets"]
    assert found == [plain(entry) for entry in mine]
    lines = run("zoo", "resnet:50", "--format", "text").out.splitlines()
    assert len(lines) == 3 and lines[2].startswith("resnet:50  ")


@pytest.mark.parametrize(
    ("name", "message", "help"),
    [
        ("resnt", "error[ND001]: there is no shipped spec `zoo:resnt`", "did you mean `zoo:resnet`?"),
        ("ResNet", "error[ND001]: there is no shipped spec `zoo:ResNet`", "did you mean `zoo:resnet`?"),
        ("qqqqqq", "error[ND001]: there is no shipped spec `zoo:qqqqqq`", "help: `netdsl zoo` lists them"),
        ("../specs/vgg", "error[ND001]: there is no shipped spec", "help: `netdsl zoo` lists them"),
        ("vgg:DD", "error[ND003]: `zoo:vgg` has no variant `DD`", "did you mean `D`?"),
        ("vgg:50", "error[ND003]: `zoo:vgg` has no variant `50`", "there are `A`, `A-LRN`, `B`"),
        ("vgg19:E", "error[ND003]: `zoo:vgg19` has no variant `E`", "it has none"),
    ],
)
def test_a_name_that_is_none(run: Run, name: str, message: str, help: str) -> None:
    shown = run("zoo", name)
    assert (shown.code, shown.out) == (1, "")
    assert message in shown.err and help in shown.err


# -- wherever a file stands -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("stats", "zoo:resnet:50"), "resnet, variant 50, inference view"),
        (("stats", "zoo:resnet", "--variant", "18"), "resnet, variant 18, inference view"),
        (("check", "zoo:vgg16", "zoo:lenet5"), "2 files, 3 nets: nothing to report"),
        (("expand", "zoo:vgg16"), 'net vgg16 "Simonyan'),
        (("ir", "zoo:vgg16"), "@zoo:vgg16:"),
        (("build", "zoo:lenet5", "--no-run", "-o", "-"), "class Lenet5Modern("),
        (("draw", "zoo:lenet5", "-o", "-", "--format", "dot"), "digraph"),
    ],
)
def test_every_command_takes_a_shipped_spec(run: Run, words: tuple[str, ...], part: str) -> None:
    shown = run(*words)
    assert shown.code == 0
    assert part in shown.out


@pytest.mark.parametrize("name", ["stats", "check", "expand", "ir", "build", "draw"])
def test_every_command_knows_the_nearest(run: Run, tmp_path: Path, name: str) -> None:
    output = ["-o", tmp_path / "x.svg"] if name in ("build", "draw") else []
    shown = run(name, "zoo:gogglenet", *output)
    assert (shown.code, shown.out if name != "check" else "") == (1, "")
    assert "error[ND001]: there is no shipped spec `zoo:gogglenet`" in shown.err
    assert "did you mean `zoo:googlenet`?" in shown.err
    assert list(tmp_path.iterdir()) == []


def test_a_module_goes_to_a_file_of_the_net_s_name(run: Run, tmp_path: Path) -> None:
    assert run("build", "zoo:vgg19", "--no-run").code == 0
    assert run("build", "zoo:lenet5:classic", "--no-run").code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lenet5_classic.py", "vgg19.py"]


def test_in_python() -> None:
    assert netdsl.compile("zoo:resnet:50") == netdsl.compile("zoo:resnet", variant="50")
    assert netdsl.compile(Path("zoo:vgg19")).name == "vgg19"
    module = netdsl.load("zoo:lenet5:classic")
    assert sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad) == 60_000
    with pytest.raises(netdsl.NetdslError, match="did you mean `zoo:lenet5`"):
        netdsl.load("zoo:lenet")


def test_names_and_variants_come_apart() -> None:
    assert split_variant("zoo:resnet") == ("zoo:resnet", None)
    assert split_variant("zoo:resnet:50") == ("zoo:resnet", "50")
    assert split_variant("./zoo:resnet") == ("./zoo", "resnet")


def test_a_file_of_that_very_name_comes_first(run: Run, tmp_path: Path) -> None:
    (tmp_path / "zoo:vgg19").write_text("net mine\ninput 3x8x8\nconv3-4\n")
    assert run("stats", "zoo:vgg19").out.startswith("mine, ")
    assert netdsl.compile("zoo:vgg19").name == "mine"
    assert run("zoo", "vgg19").out == (SPECS / "vgg19.net").read_text(encoding="utf-8")


def test_blocks_of_a_shipped_spec_can_be_used(tmp_path: Path) -> None:
    spec = tmp_path / "own.net"
    spec.write_text('use "zoo:resnet" (bottleneck)\ninput 64x56x56\nbottleneck(64)\n')
    block = next(scope for scope in netdsl.compile(spec).scopes if scope.kind == "block")
    assert block.block == "bottleneck"
    spec.write_text('use "zoo:resnt" (bottleneck)\ninput 64x56x56\nbottleneck(64)\n')
    found = analyse(spec).diagnostics
    assert [(d.code, d.message) for d in found] == [("ND224", "there is no shipped spec `zoo:resnt`")]
    assert "`zoo:resnet`" in found[0].help


# -- where they are ---------------------------------------------------------------------------------------------------


@pytest.fixture
def fresh() -> Iterator[None]:
    zoo.folder.cache_clear()
    yield
    zoo.folder.cache_clear()


@pytest.mark.usefixtures("fresh")
def test_an_installed_package_has_them_inside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    inside = tmp_path / "site-packages" / "netdsl" / "specs"
    inside.mkdir(parents=True)
    (inside / "own.net").write_text("net own\ninput 3x8x8\nconv3-4\n")
    monkeypatch.setattr(zoo, "__file__", str(inside.parent / "zoo.py"))
    assert zoo.names() == ("own",)
    assert netdsl.compile("zoo:own").name == "own"


# -- papers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", zoo.names())
def test_every_spec_begins_with_its_paper(name: str) -> None:
    spec = outline(SPECS / f"{name}.net")
    paper = zoo.paper(spec.text)
    assert paper is not None, 'a spec begins `# <Net>, <Authors>, "<Title>", <year> (arXiv <number>)`'
    assert 1980 <= paper.year <= 2026
    assert spec.title is not None
    assert str(paper.year) in spec.title, "the net's title and the comment name one year"
    first = paper.authors.split(",")[0].split(" ")[0]
    assert first in spec.title, "the net's title and the comment name one first author"


def test_the_form_of_a_paper() -> None:
    text = (
        '# Net-1, A, B & C, "Of nets:\n# a title", 2015 (arXiv 1234.56789), Table 1.\n# More, "another", 2016.\nnet x\n'
    )
    assert zoo.paper(text) == zoo.Paper("Net-1", "A, B & C", "Of nets: a title", 2015, "1234.56789")
    assert zoo.paper('# N, A, "T", 1998.\nnet n\n') == zoo.Paper("N", "A", "T", 1998, None)
    for other in ('net x\n# N, A, "T", 1998\n', "# A net of 1998\nnet x\n", '# N "T", 1998\n'):
        assert zoo.paper(other) is None


def test_the_command_is_listed() -> None:
    assert "zoo" in COMMANDS
