"""The command line: what it prints, what it writes, its exit codes, and what it never imports."""

from __future__ import annotations

import csv
import importlib
import io
import json
import os
import stat
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

import netdsl
from netdsl.cli import main
from netdsl.cli.app import COMMANDS
from netdsl.cli.table import Column, Table, markdown, plain
from netdsl.cli.terminal import write
from netdsl.diagnostics import NetdslError
from netdsl.elaborate import LIMITS, split_variant

SPECS = Path(__file__).parent.parent / "specs"

FAMILY = """\
net family "Two of a kind"
param width = 8
variant wide: width = 16
input 3x16x16
style conv = _, bn, relu
trunk: [conv3-{width}, maxpool, conv3-{width}] as trunk
gap, fc-10
soft-max eval
output aux train weight=0.3 { @trunk, gap, fc-10 }
"""

BROKEN = "net broken\ninput 3x8x8\nconv3-4\nconvv3-4\nmaxpol\n"


class Ran:
    """One run of a command: its exit code and what it printed."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process."""

    def run(*arguments: object) -> Ran:
        code = main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return Ran(code, printed.out, printed.err)

    return run


@pytest.fixture
def family(tmp_path: Path) -> Path:
    file = tmp_path / "family.net"
    file.write_text(FAMILY)
    return file


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    file = tmp_path / "broken.net"
    file.write_text(BROKEN)
    return file


# -- the command itself -----------------------------------------------------------------------------------------------


def test_help_names_every_command_with_examples(run: Run) -> None:
    shown = run("--help")
    assert shown.code == 0
    assert all(f"  {name} " in shown.out for name in COMMANDS)
    assert "examples:" in shown.out
    for name in COMMANDS:
        one = run(name, "--help")
        assert one.code == 0
        assert f"\nexamples:\n  netdsl {name}" in one.out


def test_version(run: Run) -> None:
    project = tomllib.loads((SPECS.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == netdsl.__version__
    assert run("--version").out == f"netdsl {netdsl.__version__}\n"


@pytest.mark.parametrize("name", ["build", "stats", "check", "draw", "expand", "ir"])
def test_every_command_that_takes_a_file_has_the_same_words(run: Run, name: str) -> None:
    shown = run(name, "--help").out
    for word in ("FILE[:VARIANT]", "--variant", "--set", "--input"):
        assert word in shown
    # What is said of both views has no choice of one.
    assert ("--view {infer,train}" in shown) == (name not in ("check", "expand"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "usage: netdsl COMMAND"),
        (("stat",), "unknown command `stat`; did you mean `stats`?"),
        (("summary", "a.net"), "unknown command `summary`; here it is `netdsl stats`: parameters"),
        (("lint", "a.net"), "unknown command `lint`; here it is `netdsl check`: report"),
        (("plot", "a.net"), "unknown command `plot`; here it is `netdsl draw`: draw"),
        (("vgg.net",), "a command comes before the file: `netdsl stats vgg.net`"),
        (("--versoin",), "unknown option `--versoin`; did you mean `--version`?"),
        (("stats",), "a FILE is missing"),
        (("stats", "a.net", "--fromat", "json"), "unknown option `--fromat`; did you mean `--format`?"),
        (("stats", "a.net", "--var=x"), "unknown option `--var`"),
        (("stats", "a.net", "b.net"), "one argument too many: `b.net`"),
        (("stats", "a.net", "--by", "row"), "`--by`: `row` is none of layer, block and stage"),
        (("stats", "a.net", "--batch", "0"), "`0` is not a whole number above zero"),
        (("stats", "a.net", "--set", "width"), "`width` is not NAME=VALUE"),
        (("stats", "a.net", "--input", "3xa"), "`3xa` is not a shape such as 3x256x256"),
        (("stats", "a.net", "--input", "3x0x4"), "has a length that is not above zero"),
        (("stats", "a.net:A", "--variant", "B"), "two variants are asked for: `A` and `B`"),
        (("draw", "a.net"), "where to? `-o` names the output"),
        (("draw", "a.net", "-o", "a.gif"), "ends in none of .svg, .png, .pdf, .dot, .mmd and .html"),
        (("ir", "a.json", "--variant", "x"), "a graph in JSON is compiled already"),
    ],
)
def test_what_is_not_understood_ends_with_2(run: Run, arguments: tuple[str, ...], message: str) -> None:
    shown = run(*arguments)
    assert shown.code == 2
    assert message in shown.err
    assert shown.out == ""


@pytest.mark.parametrize("name", ["build", "stats", "check", "draw", "expand", "ir"])
@pytest.mark.parametrize("file", ["no/such.net", "."])
def test_a_missing_file_ends_with_1(run: Run, tmp_path: Path, name: str, file: str) -> None:
    output = ["-o", tmp_path / "x.svg"] if name in ("draw", "build") else []
    shown = run(name, file, *output)
    assert shown.code == 1
    assert "error[ND001]" in shown.err
    assert "Traceback" not in shown.err
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_variant_ends_with_1(run: Run, family: Path) -> None:
    for words in ((f"{family}:wid",), (family, "--variant", "wid")):
        shown = run("stats", *words)
        assert shown.code == 1
        assert "error[ND003]" in shown.err
        assert "did you mean `wide`?" in shown.err


def test_a_variant_after_a_colon(tmp_path: Path) -> None:
    assert split_variant("specs/resnet.net:50-32x4d") == ("specs/resnet.net", "50-32x4d")
    assert split_variant("a.net") == ("a.net", None)
    assert split_variant("C:\\nets\\a.net") == ("C:\\nets\\a.net", None)
    assert split_variant("a:b/c.net") == ("a:b/c.net", None)
    odd = tmp_path / "odd:name.net"
    odd.write_text("")
    assert split_variant(str(odd)) == (str(odd), None)
    assert split_variant(f"{odd}:x") == (str(odd), "x")


def test_diagnostics_go_to_the_error_stream_without_colours(run: Run, broken: Path) -> None:
    for name in ("stats", "expand", "ir"):
        shown = run(name, broken)
        assert shown.code == 1
        assert "did you mean `maxpool`?" in shown.err
        assert "convv3" in shown.err
        assert "\033[" not in shown.err
        assert shown.out == ""


# -- stats ------------------------------------------------------------------------------------------------------------


def test_stats_as_text(run: Run, family: Path) -> None:
    shown = run("stats", family)
    assert shown.code == 0
    lines = shown.out.splitlines()
    assert lines[0] == "family, inference view, batch 1, input 3×16×16"
    titles = lines[2].split("  ")
    assert [title.strip() for title in titles if title] == [
        "name",
        "op",
        "output",
        "params",
        "MACs",
        "FLOPs",
        "activations",
        "receptive field",
        "jump",
    ]
    (conv,) = (line for line in lines if line.startswith("trunk.0 "))
    assert conv.split() == ["trunk.0", "conv", "8×16×16", "216", "55,296", "110,592", "2,048", "3", "1"]
    (total,) = (line for line in lines if line.startswith("total "))
    assert total.split()[1] == f"{netdsl.stats(netdsl.compile(family)).totals.params:,}"
    assert "depth: 3 weight layers on the longest path" in shown.out
    assert "the training view (--view train) adds aux.gap1, aux.fc1, leaves out softmax1, also gives aux" in shown.out


@pytest.mark.parametrize("by", ["layer", "block", "stage"])
def test_stats_table(run: Run, family: Path, by: str, golden: Callable[[str, str], None]) -> None:
    golden(f"stats-{by}.txt", run("stats", f"{family}:wide", "--by", by, "--view", "train", "--batch", 8).out)


@pytest.mark.parametrize("name", ["conv", "maxpool", "dropout"])
def test_one_layer_s_page(run: Run, name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"ops-{name}.txt", run("ops", name).out)


def test_stats_of_a_variant_a_setting_and_an_input(run: Run, family: Path) -> None:
    wide = json.loads(run("stats", f"{family}:wide", "--format", "json").out)
    assert (wide["variant"], wide["settings"]) == ("wide", {"width": 16})
    also = json.loads(run("stats", family, "--set", "width=16", "--format", "json").out)
    assert also["totals"] == wide["totals"]
    large = json.loads(run("stats", family, "--input", "3x32x32", "--format", "json").out)
    assert large["input"] == [3, 32, 32]
    assert large["totals"]["macs"] > wide["totals"]["macs"] / 4


@pytest.mark.parametrize("view", ["infer", "train"])
def test_stats_as_json_is_what_the_library_says(run: Run, family: Path, view: str) -> None:
    shown = run("stats", family, "--view", view, "--batch", 4, "--by", "block", "--format", "json")
    graph = netdsl.compile(family)
    assert json.loads(shown.out) == netdsl.stats(graph, view=view, batch=4).to_dict("block")  # type: ignore[arg-type]


def test_stats_as_csv(run: Run, family: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run("stats", family, "--format", "csv").out)))
    totals = netdsl.stats(netdsl.compile(family)).totals
    assert sum(int(row["params"]) for row in rows) == totals.params
    assert sum(int(row["macs"]) for row in rows) == totals.macs
    assert rows[1]["shape"] == "8x16x16"


def test_stats_as_markdown(run: Run, family: Path) -> None:
    lines = run("stats", family, "--by", "stage", "--format", "markdown").out.splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert table[0].startswith("| name | size | layers | output | params | MACs | FLOPs |")
    assert len({line.count("|") for line in table}) == 1
    assert table[-1].startswith("| **total** |")


def test_markdown_of_stats_has_nothing_of_a_label_but_its_text(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.net"
    path.write_text('net a\ninput 3x4x4\n"<img src=x>|[l](u)*`b`_c_&lt;\\\\": conv3-4\n', encoding="utf-8")
    out = run("stats", path, "--format", "markdown").out
    label = r"&lt;img src=x>{}\[l\](u)\*\`b\`\_c\_&amp;lt;\\"
    assert f"| {label.format(chr(92) + '|')} | conv | 4×4×4 |" in out
    assert f", at {label.format('|')}, the last map" in out
    assert "<" not in out


def test_stats_with_the_columns_that_are_asked_for(run: Run, family: Path) -> None:
    words = ("stats", family, "--by", "block", "--columns", "depth, name,shape,params_no_bias,op,jump,line")
    titles, rule, *rows = run(*words).out.splitlines()[2:11]
    assert titles.split("  ")[0] == "depth"
    assert titles.split() == ["depth", "name", "output", "params", "without", "biases", "block", "jump", "line"]
    assert [row.split()[:3] for row in rows[:3]] == [
        ["–", "input", "3×16×16"],
        ["2", "trunk", "8×8×8"],
        ["2", "gap1", "8×1×1"],
    ]
    numbers = netdsl.stats(netdsl.compile(family))
    assert [row.depth for row in numbers.by("block")] == [0, 2, 2, 3, 3]
    assert rows[5] == rule
    assert rows[6].split() == ["3", "total", f"{numbers.totals.params_no_bias:,}", "2"]
    lines = run(*words, "--format", "csv").out.splitlines()
    assert lines[:3] == [
        "depth,name,shape,params_no_bias,op,jump,line",
        "0,input,3x16x16,0,input,1x1,4",
        "2,trunk,8x8x8,808,group,2x2,6",
    ]
    assert "| **3** | **total** |" in run(*words, "--format", "markdown").out


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (("param",), "there is no column `param`; did you mean `params`?"),
        (("name,size",), "there is no column `size`; what stands below that title is `op`"),
        (("receptive field",), "what stands below that title is `receptive_field`"),
        (("zzz",), "there is no column `zzz`; there are name, op, layers, shape, "),
        (("name,name",), "the column `name` is asked for twice"),
        (("name", "--format", "json"), "JSON has every column"),
    ],
)
def test_columns_that_there_are_not(run: Run, family: Path, columns: tuple[str, ...], message: str) -> None:
    shown = run("stats", family, "--columns", *columns)
    assert (shown.code, shown.out) == (2, "")
    assert message in shown.err


def test_stats_schema(run: Run) -> None:
    schema = json.loads(run("stats", "--schema").out)
    assert {"net", "variant", "view", "input", "outputs", "totals", "layers"} <= set(schema["required"])


def test_plain_and_markdown_tables() -> None:
    table = Table((Column("name"), Column("count", True)), [("a×b", "1"), ("c|d", "1,000")], ("total", "1,001"))
    assert plain(table).splitlines() == [
        "name   count",
        "-----  -----",
        "a×b        1",
        "c|d    1,000",
        "-----  -----",
        "total  1,001",
    ]
    assert markdown(table).splitlines() == [
        "| name | count |",
        "|---|---:|",
        "| a×b | 1 |",
        "| c\\|d | 1,000 |",
        "| **total** | **1,001** |",
    ]


def test_the_table_of_a_terminal_has_the_same_numbers(monkeypatch: pytest.MonkeyPatch, run: Run, family: Path) -> None:
    piped = run("stats", family).out
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "40")
    shown = run("stats", family).out
    for line in piped.splitlines():
        if not line.startswith("-"):
            assert all(word in shown for word in line.split())


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("stats", "-"), "family, inference view"),
        (("stats", "-", "--variant", "wide"), "family, variant wide, inference view"),
        (("check", "-"), "1 file, 2 nets: nothing to report"),
        (("expand", "-"), "net family"),
        (("build", "-", "--no-run"), "family.py, "),
    ],
)
def test_a_spec_from_the_standard_input(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], part: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(FAMILY.encode())))
    shown = run(*words)
    assert shown.code == 0 and part in shown.out


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"input 3x8x8\nmaxpol\n", " --> <stdin>:2:1"),
        (b"\xff", "error[ND002]: the standard input is no UTF-8 text"),
        (b"#" * (LIMITS.bytes + 1), "error[ND007]: the standard input is too long"),
    ],
)
def test_what_is_wrong_with_the_standard_input(
    run: Run, monkeypatch: pytest.MonkeyPatch, data: bytes, message: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    shown = run("stats", "-")
    assert shown.code == 1 and message in shown.err
    monkeypatch.setattr("sys.stdin", None)
    assert "error[ND001]: cannot read the standard input" in run("stats", "-").err


# -- check ------------------------------------------------------------------------------------------------------------


def test_check_of_a_good_file_compiles_every_variant(run: Run, family: Path) -> None:
    shown = run("check", family)
    assert (shown.code, shown.err) == (0, "")
    assert shown.out == "1 file, 2 nets: nothing to report\n"
    assert run("check", f"{family}:wide").out == "1 file, 1 net: nothing to report\n"


def test_check_says_all_that_is_wrong_once(run: Run, broken: Path, family: Path) -> None:
    shown = run("check", broken, family, broken)
    assert shown.code == 1
    assert shown.err.count("error[ND201]") == 2
    assert "broken.net:4:1" in shown.err
    assert "broken.net:5:1" in shown.err


def test_check_says_which_variant_is_wrong(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "some.net"
    file.write_text("net some\nparam k = 3\nvariant big: k = 99\nvariant mid: k = 5\ninput 1x8x8\nconv{k}-4 valid\n")
    shown = run("check", file)
    assert shown.code == 1
    assert shown.err.count("error[") == 1
    assert "(in variant `big`)" in shown.err
    (item,) = json.loads(run("check", file, "--format", "json").out)["diagnostics"]
    assert item["variants"] == ["big"]


def test_check_as_json(run: Run, broken: Path) -> None:
    shown = run("check", broken, "--format", "json")
    assert shown.code == 1
    value = json.loads(shown.out)
    assert (value["errors"], value["warnings"]) == (2, 0)
    first = value["diagnostics"][0]
    assert first["code"] == "ND201"
    assert first["severity"] == "error"
    assert (first["file"], first["line"], first["column"]) == (str(broken), 4, 1)
    assert first["end_line"] == 4
    assert first["end_column"] > 1


def test_what_is_not_checked_is_said(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "kept.net"
    file.write_text("net kept\ninput 1x8x8\nconv3-4 -> 4x8x8\nexpect params = 40\n")
    assert run("check", file).err == ""
    note = "`--input` changes the spec: its `expect` and `->` were not checked"
    assert run("check", file, "--input", "1x9x9").err == f"note: {file}: {note}\n"
    assert json.loads(run("check", file, "--input", "1x9x9", "--format", "json").out)["notes"] == [f"{file}: {note}"]
    for name in ("stats", "ir", "expand"):
        assert run(name, file, "--input", "1x9x9").err == f"note: {note}\n"


def test_several_inputs_are_given_shapes_by_name(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "two.net"
    file.write_text("net two\ninput a 1x8x8\ninput b 2x8x8\nconcat { @a | @b }, conv3-4\n")
    shown = run("stats", file, "--input", "a=3x8x8", "--format", "json")
    assert json.loads(shown.out)["inputs"] == {"a": [3, 8, 8], "b": [2, 8, 8]}
    assert "is given twice for one input" in run("stats", file, "--input", "a=3x8x8", "--input", "a=1x8x8").err
    assert "error[ND005]" in run("stats", file, "--input", "3x8x8").err


def test_warnings_end_with_0_unless_strict(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "warn.net"
    file.write_text("net warn\ninput 1x8x8\nblock unused { conv3-4 }\nconv3-4, relu\n")
    shown = run("check", file)
    assert shown.code == 0
    assert "warning[ND303]" in shown.err
    assert run("check", file, "--strict").code == 1
    assert "warning[ND303]" in run("stats", file).err


# -- build ------------------------------------------------------------------------------------------------------------


def test_build_writes_a_module_that_has_run(
    run: Run, family: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = pytest.importorskip("torch")
    shown = run("build", f"{family}:wide", "-o", tmp_path / "wide.py", "--device", "cpu")
    assert (shown.code, shown.err) == (0, "")
    lines = dict(line.split(maxsplit=1) for line in shown.out.splitlines())
    graph = netdsl.compile(family, variant="wide")
    infer, train = (netdsl.stats(graph, view=view).totals for view in ("infer", "train"))
    assert lines["net"] == 'family, "Two of a kind", variant wide'
    assert lines["params"] == f"{infer.params:,} in inference, {train.params:,} in training"
    assert lines["MACs"] == f"{infer.macs:,} for one image in inference"
    assert (lines["output"], lines["device"]) == ("main 1×10", "cpu")
    assert "forward" in lines["times"]
    source = (tmp_path / "wide.py").read_text()
    assert lines["file"] == f"{tmp_path / 'wide.py'}, {len(source.splitlines())} lines"
    assert "netdsl" not in source.partition("\n")[2]
    monkeypatch.syspath_prepend(tmp_path)
    (net,) = (value for key, value in vars(importlib.import_module("wide")).items() if key.lower() == "family")
    assert net().eval()(torch.zeros(2, 3, 16, 16)).shape == (2, 10)


def test_build_in_training_runs_every_output(run: Run, family: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    shown = run("build", family, "-o", tmp_path / "x.py", "--view", "train", "--device", "cpu")
    assert "main 2×10, aux 2×10" in shown.out


def test_build_without_running_needs_no_torch(family: Path, tmp_path: Path) -> None:
    code = "import sys; sys.modules['torch'] = None; from netdsl.cli import main; sys.exit(main(sys.argv[1:]))"
    words = [sys.executable, "-c", code, "build", str(family), "--logits"]
    done = subprocess.run([*words, "--no-run"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "device  none, not run" in done.stdout
    assert "softmax" not in (tmp_path / "family.py").read_text().lower()
    (tmp_path / "family.py").write_text("kept")
    done = subprocess.run([*words, "--force"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "error[ND008]" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "family.py").read_text() == "kept"


def test_an_edited_file_is_not_overwritten(run: Run, family: Path, tmp_path: Path) -> None:
    file = tmp_path / "x.py"
    assert run("build", family, "-o", file, "--no-run").code == 0
    made = file.read_text(encoding="utf-8")
    assert made.splitlines()[0].startswith("# Written by netdsl build, checksum ")
    assert run("build", f"{family}:wide", "-o", file, "--no-run").code == 0  # as it was written, so nothing is lost
    assert run("build", family, "-o", file, "--no-run").code == 0
    assert file.read_text(encoding="utf-8") == made
    file.write_bytes(made.replace("\n", "\r\n").encode())  # as git may lay it down
    assert run("build", family, "-o", file, "--no-run").code == 0
    for text, what in (
        (made + "# mine\n", "was edited since `netdsl build` wrote it"),
        (made.replace("nn.", "torch.nn.", 1), "was edited since `netdsl build` wrote it"),
        ("print()\n", "was not written by `netdsl build`"),
    ):
        file.write_text(text, encoding="utf-8")
        shown = run("build", family, "-o", file, "--no-run")
        assert (shown.code, shown.err.splitlines()[0]) == (1, f"error[ND006]: `{file}` {what}")
        assert file.read_text(encoding="utf-8") == text
        assert run("build", family, "-o", file, "--no-run", "--force").code == 0
        assert file.read_text(encoding="utf-8") == made
    file.write_bytes(b"")  # as `touch` and temporary files make it
    assert run("build", family, "-o", file, "--no-run").code == 0


def test_build_to_the_output_keeps_its_words_apart(run: Run, family: Path) -> None:
    shown = run("build", family, "-o", "-", "--no-run")
    assert shown.code == 0
    compile(shown.out, "family.py", "exec")
    assert "file    the standard output" in shown.err


def test_a_module_that_contradicts_its_graph_is_an_error(
    run: Run, family: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    from netdsl.backends.torch_source import torch_source
    from netdsl.cli import build

    monkeypatch.setattr(
        build, "torch_source", lambda graph: torch_source(graph).replace("Linear(8, 10)", "Linear(8, 11)")
    )
    shown = run("build", family, "-o", tmp_path / "x.py", "--device", "cpu")
    assert shown.code == 1
    assert "error[ND401]" in shown.err
    assert not (tmp_path / "x.py").exists()


def test_where_a_module_goes_unless_told(family: Path, tmp_path: Path) -> None:
    from netdsl.cli.build import default_output

    graph = netdsl.compile(family)
    assert default_output("specs/vgg19.net", graph.model_copy(update={"variants": (), "variant": None})) == "vgg19.py"
    many = {"variants": ("18", "50-32x4d"), "variant": "50-32x4d"}
    assert default_output("specs/resnet.net", graph.model_copy(update=many)) == "resnet_50_32x4d.py"


def test_a_gpu_that_is_not_there(run: Run, family: Path, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        assert "device  cuda (" in run("build", family, "-o", tmp_path / "x.py", "--device", "cuda").out
    else:
        shown = run("build", family, "-o", tmp_path / "x.py", "--device", "cuda")
        assert shown.code == 1
        assert "finds none" in shown.err


# -- ir, expand, ops --------------------------------------------------------------------------------------------------


def test_a_graph_in_json_has_the_bounds_of_a_spec(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.net").write_text("net a\ninput 3x8x8\nconv3-4\nrelu\nconv3-4\nrelu\ngap\n", encoding="utf-8")
    path = tmp_path / "a.json"
    path.write_text(run("ir", tmp_path / "a.net", "--json").out, encoding="utf-8")
    assert run("ir", path, "--max-nodes", 6).code == 0
    few, short = run("ir", path, "--max-nodes", 5), run("ir", path, "--max-nodes", 2)
    assert (few.code, few.out, short.code, short.out) == (1, "", 1, "")
    assert "error[ND218]: the net has over 5 nodes" in few.err
    assert "error[ND007]" in short.err and "a graph of 2 nodes has at most 2,000 bytes" in short.err


def test_ir_as_text_and_json(run: Run, family: Path, tmp_path: Path) -> None:
    from netdsl.ir.print import from_json, text

    graph = netdsl.compile(family)
    assert run("ir", family).out == text(graph)
    written = run("ir", family, "--json").out
    assert from_json(written) == graph
    (tmp_path / "family.json").write_text(written)
    assert run("ir", tmp_path / "family.json").out == text(graph)
    assert "output aux" not in run("ir", family, "--view", "infer").out
    assert json.loads(run("ir", "--schema").out)["title"] == "Graph"


def test_ir_of_a_wrong_version(run: Run, family: Path, tmp_path: Path) -> None:
    value = json.loads(run("ir", family, "--json").out)
    file = tmp_path / "family.json"
    file.write_text(json.dumps({**value, "version": 99}))
    shown = run("ir", file)
    assert shown.code == 1
    assert "error[ND009]: a graph in JSON of version 99, and this netdsl reads version 1" in shown.err
    value["nodes"][1]["shape"] = [1, 2, 3]
    file.write_text(json.dumps(value))
    assert "does not hold together" in run("ir", file).err
    file.write_bytes(b"\xff\xfe")
    assert "error[ND002]" in run("ir", file).err


def test_expand_compiles_to_the_same_net(run: Run, family: Path, tmp_path: Path) -> None:
    shown = run("expand", family)
    assert shown.code == 0
    again = tmp_path / "again.net"
    again.write_text(shown.out)
    totals = [netdsl.stats(netdsl.compile(file)).totals for file in (family, again)]
    assert totals[0] == totals[1]


def test_ops_lists_every_layer_by_family(run: Run) -> None:
    from netdsl.ir.op import registry

    shown = run("ops").out
    listed = {word.strip(",") for line in shown.splitlines() if line.startswith("  ") for word in line.split()}
    missing = {keyword for keyword, op in registry().items() if getattr(op, "writable", True)} - listed
    assert missing == set()
    assert "\npooling\n" in shown


def test_ops_shows_one_layer(run: Run) -> None:
    shown = run("ops", "Soft-Max")
    assert shown.code == 0
    assert shown.out.startswith("softmax (activation)\n")
    conv = run("ops", "conv").out
    for word in ("groups", "dilation", "pad_mode", "zeros | reflect | replicate | circular", "valid", "at least 1"):
        assert word in conv
    assert "\nexample, on an input of " in conv


def test_ops_of_an_unknown_layer(run: Run) -> None:
    shown = run("ops", "convv")
    assert shown.code == 1
    assert "there is no layer `convv`" in shown.err
    assert "did you mean `conv`?" in shown.err


# -- files ------------------------------------------------------------------------------------------------------------


def test_files_are_written_whole(tmp_path: Path) -> None:
    file = tmp_path / "out.py"
    write(str(file), b"one")
    assert file.read_bytes() == b"one"
    file.chmod(0o640)
    write(str(file), b"two")
    assert file.read_bytes() == b"two"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    link = tmp_path / "link.py"
    link.symlink_to(file)
    write(str(link), b"three")
    assert link.is_symlink()
    assert file.read_bytes() == b"three"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.py", "out.py"]


def test_a_file_that_cannot_be_written_stays_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "out.py"
    file.write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(NetdslError) as caught:
        write(str(file), b"new")
    assert caught.value.diagnostics[0].code == "ND006"
    assert "no space left on device" in caught.value.diagnostics[0].message
    assert file.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.py"]


@pytest.mark.parametrize("place", ["none/x.dot", ".", "file/x.dot"])
def test_places_that_cannot_be_written(run: Run, family: Path, tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("kept")
    shown = run("draw", family, "--format", "dot", "-o", tmp_path / place)
    assert shown.code == 1
    assert "error[ND006]" in shown.err
    assert (tmp_path / "file").read_text() == "kept"


def test_a_drawing(run: Run, family: Path, tmp_path: Path) -> None:
    shown = run("draw", family, "-o", tmp_path / "x.svg")
    assert (shown.code, shown.err) == (0, "")
    assert "<svg" in (tmp_path / "x.svg").read_text()
    assert run("draw", family, "-o", tmp_path / "x.png").code == 0
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")


# -- processes --------------------------------------------------------------------------------------------------------

HEAVY = ("pydantic", "lark", "torch", "numpy", "rich", "graphviz", "jsonschema", "netdsl.runtime")


@pytest.mark.parametrize(
    "arguments", [("stats",), ("check",), ("ir",), ("expand",), ("draw", "-o", "net.html"), ("draw", "-o", "net.svg")]
)
def test_no_heavy_library_is_imported(family: Path, arguments: tuple[str, ...], tmp_path: Path) -> None:
    code = (
        "import sys; from netdsl.cli import main; status = main(sys.argv[1:]); "
        f"print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr); sys.exit(status)"
    )
    words = [sys.executable, "-c", code, *arguments, str(family)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "[]\n")


def test_importing_the_package_imports_nothing_else() -> None:
    code = (
        "import sys, netdsl; netdsl.__version__; print([m for m in ('pydantic', 'lark', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_public_names_are_there() -> None:
    assert set(netdsl.__all__) <= set(dir(netdsl))
    for name in set(netdsl.__all__) - {"load"}:
        assert getattr(netdsl, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = netdsl.nothing


def test_a_reader_that_stops_is_no_error(family: Path) -> None:
    words = [sys.executable, "-m", "netdsl", "ir", str(family)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 1


def test_an_output_that_is_full(family: Path) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("there is no /dev/full")
    with open("/dev/full", "w") as full:
        words = [sys.executable, "-m", "netdsl", "stats", str(family)]
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert "error[ND006]: the standard output cannot be written: no space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_terminal_without_unicode(family: Path) -> None:
    words = [sys.executable, "-m", "netdsl", "stats", str(family)]
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=ascii_only)
    assert done.returncode == 0
    assert "3?16?16" in done.stdout
