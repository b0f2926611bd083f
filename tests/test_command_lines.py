"""Command lines that are not right: what each command says of them, and that no option of one does nothing."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from netdsl.cli import main

NET = """\
net full
input 3x32x32
style conv = _, bn, relu
param width = 8
variant wide: width = 16
stem: conv3-{width} as start
body: [conv3-{width}/2 ×2]
output aux train { @start, gap, fc-10 }
gap, fc-10
soft-max eval
"""

#: A command, and the words besides a FILE that it needs.
COMMANDS = {
    "build": ["--no-run", "-o", "out.py"],
    "stats": [],
    "check": [],
    "draw": ["-o", "out.dot"],
    "expand": [],
    "explain": [],
    "fmt": [],
    "ir": [],
    "table": [],
}


class Ran(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full.net").write_text(NET, encoding="utf-8")


def ran(capsys: pytest.CaptureFixture[str], *words: str) -> Ran:
    code = main(words)
    shown = capsys.readouterr()
    return Ran(code, shown.out, shown.err)


def names() -> set[str]:
    return {path.name for path in Path().iterdir()}


# -- what is no FILE ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("ful.net", "there is no file `ful.net`\n  = help: did you mean `full.net`?"),
        ("none/such.net", "there is no file `none/such.net`"),
        ("vgg16.net", "there is no file `vgg16.net`\n  = help: `zoo:vgg16` is a shipped spec"),
        ("folder", "`folder` is a folder"),
        ("pipe.net", "`pipe.net` is no regular file"),
        ("ResNet50.net", "there is no file `ResNet50.net`\n  = help: `zoo:resnet:50` is a shipped spec"),
        ("zoo:vgg17", "there is no shipped spec `zoo:vgg17`\n  = help: did you mean `zoo:vgg19`?"),
        ("graph.json", "`graph.json` is JSON, and a spec is text"),
    ],
)
def test_what_is_no_file_ends_with_1(
    command: str, file: str, said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if file == "zoo:vgg17":
        said = said.partition("\n")[0]
    if file == "pipe.net":
        if not hasattr(os, "mkfifo"):
            pytest.skip("there are no named pipes")
        os.mkfifo(file)
    Path("folder").mkdir()
    Path("graph.json").write_text("{}", encoding="utf-8")
    if (command, file) == ("ir", "graph.json"):
        said = "not a graph in JSON"  # it is a FILE there
    before = names()
    shown = ran(capsys, command, file, *COMMANDS[command])
    assert shown.code == 1
    assert said in shown.err
    assert names() == before


@pytest.mark.parametrize("command", COMMANDS)
def test_a_name_that_is_no_text_ends_with_1(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = ran(capsys, command, "a\udcff.net", *COMMANDS[command])
    assert (shown.code, shown.out) == (1, "")
    assert "error[ND001]: `a?.net` is no name in UTF-8" in shown.err


def test_a_watch_needs_a_file_to_begin_with(capsys: pytest.CaptureFixture[str]) -> None:
    Path("folder").mkdir()
    for name, said in (("ful.net", "did you mean `full.net`?"), ("folder", "`folder` is a folder")):
        shown = ran(capsys, "watch", name, "--port", "0")
        assert (shown.code, shown.out) == (1, "")
        assert said in shown.err


@pytest.mark.parametrize("line", ["check {}", "fmt {}", "table {}", "diff {}", "draw {} --side-by-side -o x.svg"])
def test_every_file_says_what_is_wrong_with_it(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("one", "two"):
        Path(f"{name}.net").write_text(f"input 3x8x8\nconv3-\nrelu {name}\n", encoding="utf-8")
    for files in ("one.net two.net", "one.net none.net", "none.net two.net"):
        shown = ran(capsys, *line.format(files).split())
        assert shown.code == 1
        for name in files.split():
            assert f"{name}:2:7" in shown.err or f"there is no file `{name}`" in shown.err
    assert not Path("x.svg").exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_without_a_file_it_says_what_one_is(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    if command == "explain":
        assert ran(capsys, command).code == 0  # the list of codes
        return
    for words in ([], [""]):
        shown = ran(capsys, command, *words, *COMMANDS[command])
        assert (shown.code, shown.out) == (2, "")
        assert "a FILE is missing, such as my.net, zoo:resnet or - for the standard input" in shown.err


@pytest.mark.parametrize("command", COMMANDS)
def test_the_standard_input_is_a_file(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(NET.encode()), "utf-8"))
    assert ran(capsys, command, "-", *COMMANDS[command]).code == 0


# -- what is not understood --------------------------------------------------------------------------------------------

MISTAKES = [
    ("lenet5", "a command comes before a shipped spec: `netdsl stats zoo:lenet5`"),
    ("zoo:resnet:50", "a command comes before the file: `netdsl stats zoo:resnet:50`"),
    ("stats full.net --format jsn", "`--format`: `jsn` is none of text, json, csv and markdown; did you mean `json`?"),
    ("stats full.net --by layers", "`--by`: `layers` is none of layer, block and stage; did you mean `layer`?"),
    ("stats full.net --batch", "`--batch` needs a value"),
    ("stats full.net --strict=1", "`--strict` takes no value"),
    ("stats full.net --by layer --by block", "`--by` is given twice"),
    ("stats full.net --set width=8 --set width=9", "the parameter `width` is set twice: 8 and 9"),
    ("diff full.net full.net,width=8,width=9", "the parameter `width` is set twice: 8 and 9"),
    ("stats full.net --allow-use none", "there is no folder `none`"),
    ("stats full.net --variant=", "`--variant` needs a value"),
    ("build full.net --output=", "`--output` needs a value"),
    ("stats full.net --max-nodes 0", "`--max-nodes`: `0` is not a whole number above zero"),
    ("draw full.net -o x.svg --labels shape", "not `shape`; did you mean `shapes`?"),
    ("ir full.net --json --format text", "`--json` and `--format text` are two formats"),
    ("stats full.net:", "no variant stands after the colon of `full.net:`"),
    ("build --hepl", "unknown option `--hepl`; did you mean `--help`?"),
    ("weights check full.net", "a CHECKPOINT is missing"),
    ("explain full", "`full` is neither a code nor a file; did you mean `full.net`?"),
    ("explain lenet5", "`lenet5` is neither a code nor a file; `zoo:lenet5` is a shipped spec"),
    (
        "draw full.net -o x.svg --as layer",
        "`layer` is none of overview, layers, block:NAME, table, volumes; did you mean",
    ),
    ("fmt full.net:wide", "a file is laid out whole, with all its variants: `netdsl fmt full.net`"),
    ("fmt zoo:resnet:50", "a file is laid out whole, with all its variants: `netdsl fmt zoo:resnet`"),
    ("docs full.net:wide -o x", "a page has all variants of its spec: `netdsl docs full.net`"),
    ("docs zoo:resnet:50 -o x", "a page has all variants of its spec: `netdsl docs zoo:resnet`"),
    ("table full.net --format tex", "pdf and dot; did you mean `latex`?"),
    ("stats full.net --format md", "csv and markdown; did you mean `markdown`?"),
    ("explain conv", "`conv` is neither a code nor a file; `netdsl ops conv` says all about the layer"),
    ("fmt - -", "`-` is given twice"),
    ("check - -", "`-` is given twice"),
    ("table full.net -o x.doc", "`x.doc` ends in none of .txt, .md, .html, .tex, .csv, .svg, .png, .pdf and .dot"),
]
#: Options that would do nothing where they stand.
IDLE = [
    ("stats --schema full.net", "`--schema` takes no FILE"),
    ("stats --schema --by block", "`--by` does nothing here: `--schema` stands alone"),
    ("check --schema full.net", "`--schema` takes no FILE"),
    ("check full.net --view train", "there is no `--view` here: both views are always checked"),
    ("expand full.net --view train", "there is no `--view` here: the text is the same for both views"),
    ("ir --schema --json", "`--json` does nothing here"),
    ("ir graph.json --strict", "`--strict` does nothing here: a graph in JSON is compiled already"),
    ("explain ND204 --view train", "`--view` does nothing here: `ND204` is a code"),
    ("explain --set width=3", "`--set` does nothing here: without a FILE it lists the codes"),
    ("build full.net --no-run --device cpu", "`--no-run` does not run it"),
    ("draw full.net -o x.mmd --direction rows", "takes no --direction rows"),
    ("table full.net --max-drawn 9", "--max-drawn is of a drawing"),
    ("table full.net --engine pure", "nothing of a .text"),
    ("weights convert full.net x.pth --all --format json", "JSON has every key"),
]


@pytest.mark.parametrize(("line", "said"), [*MISTAKES, *IDLE], ids=[line for line, _ in (*MISTAKES, *IDLE)])
def test_what_is_not_understood_ends_with_2(line: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = names()
    shown = ran(capsys, *line.split(" "))
    assert (shown.code, shown.out) == (2, "")
    assert said in shown.err
    assert "argument" not in shown.err.splitlines()[0]
    assert names() == before


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("stats full.net", "--by block|--batch 2|--columns name|--format csv|--view train|--set width=9|--strict"),
        ("stats full.net --format json", "--by stage|--batch 2|--columns name|--view train|--variant wide"),
        ("stats full.net --format csv", "--by stage|--batch 2|--columns name|--view train|--variant wide"),
        ("explain full.net stem", "--view train|--format json|--format markdown|--variant wide|--input 3x16x16"),
        ("explain ND204", "--format json|--format markdown|--variant wide|--view train|--strict|--max-nodes 9"),
        ("ir full.net", "--json|--view train|--view infer|--set width=9|--schema"),
        ("table full.net", "--style layers|--variants wide|--view train|--standalone|--max-drawn 1|--engine dot"),
        ("table full.net --format dot", "--style layers|--variants wide|--standalone|--max-drawn 1|--engine dot"),
        ("draw full.net -o - --format dot", "--heat macs|--labels rf|--theme dark|--page a4|--dpi 9|--engine dot"),
        (
            "draw full.net -o - --format dot --as layers",
            "--heat macs|--labels rf|--theme dark|--direction rows|--dpi 9",
        ),
        ("draw full.net -o - --format dot --as block:body", "--heat macs|--labels rf|--theme dark|--direction down"),
        ("draw full.net -o - --format dot --as volumes", "--heat macs|--labels rf|--theme dark|--direction down"),
        ("draw full.net -o - --format dot --as table", "--heat macs|--labels rf|--theme dark|--variants wide"),
        (
            "draw full.net zoo:lenet5 -o - --format dot --diff",
            "--heat macs|--labels macs|--theme dark|--direction down",
        ),
        (
            "draw full.net -o - --format mmd",
            "--heat macs|--labels macs|--theme dark|--direction right|--page a4|--dpi 9",
        ),
        ("draw full.net -o - --format html", "--heat macs|--labels rf|--theme dark|--direction down|--page a4|--dpi 9"),
        ("zoo resnet", "--format text|--format json"),
    ],
)
def test_an_option_does_something_or_is_refused(line: str, options: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("full.net").write_text(NET.replace("gap, fc-10\nsoft", "block idle() { relu }\ngap, fc-10\nsoft"), "utf-8")
    plain = ran(capsys, *line.split())
    assert plain.code == 0
    for option in options.split("|"):
        shown = ran(capsys, *line.split(), *option.split())
        assert shown.code == 2 or shown != plain, option


# -- outputs -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "draw full.net -o full.net --format svg",
        "draw full.net:wide -o ./full.net --format dot",
        "draw full.net zoo:lenet5 --diff -o full.net --format dot",
        "draw full.net -o linked --format dot",
        "build full.net -o full.net --force --no-run",
        "build full.net -o parts.net --no-run",
        "table full.net -o full.net --format csv",
        "weights convert full.net full.net -o linked.safetensors",
        "weights convert full.net full.net --save-map linked",
    ],
)
def test_a_spec_is_never_written_over(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    for link in ("linked", "linked.safetensors"):
        Path(link).symlink_to("full.net")
    before = names()
    shown = ran(capsys, *line.split())
    assert (shown.code, shown.out) == (2, "")
    assert "name another output" in shown.err
    assert (names(), Path("full.net").read_text(encoding="utf-8")) == (before, NET)


@pytest.mark.parametrize("line", ["draw full.net -o none/x.svg", "build full.net --no-run -o none/x.py"])
def test_a_missing_folder_is_named(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = ran(capsys, *line.split())
    assert (shown.code, shown.out) == (1, "")
    assert "cannot be written: there is no folder `none`" in shown.err


def test_pages_need_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    shown = ran(capsys, "docs", "full.net", "-o", "full.net")
    assert (shown.code, shown.out) == (1, "")
    assert "error[ND006]: `full.net` cannot be written: it is no folder" in shown.err
    assert Path("full.net").read_text(encoding="utf-8") == NET


def test_a_folder_says_what_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    Path("nets").mkdir()
    nothing = "`nets` is a folder\n  = help: it has nothing in it that can be read: name a file that ends in .net\n"
    assert ran(capsys, "stats", "nets").err.endswith(nothing)
    Path("nets", "one.net").write_text(NET, encoding="utf-8")
    assert f"help: in it is `{Path('nets', 'one.net')}`" in ran(capsys, "stats", "nets").err
    Path("nets", "two.net").write_text(NET, encoding="utf-8")
    assert f"help: its specs are `{Path('nets', '*.net')}`" in ran(capsys, "check", "nets").err


def test_a_graph_by_either_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert ran(capsys, "ir", "full.net", "--format", "json") == ran(capsys, "ir", "full.net", "--json")


def test_the_ending_of_a_table_says_its_format(capsys: pytest.CaptureFixture[str]) -> None:
    begins = {
        "txt": "full",
        "md": "**full**",
        "html": "<style>",
        "tex": "%",
        "csv": "output",
        "svg": "<?xml",
        "dot": "// drawn by",
    }
    for ending, begin in begins.items():
        assert ran(capsys, "table", "full.net", "-o", f"x.{ending}") == (0, "", "")
        assert Path(f"x.{ending}").read_text(encoding="utf-8").startswith(begin), ending
    ran(capsys, "table", "full.net", "-o", "x.md", "--format", "csv")
    assert Path("x.md").read_text(encoding="utf-8").startswith("output")


@pytest.mark.skipif(os.name != "posix", reason="closes what only POSIX hands on")
def test_streams_that_are_closed() -> None:
    def run(closed: int) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, "-m", "netdsl", "stats", "full.net"]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
        return subprocess.run(
            words, capture_output=True, text=True, check=False, env=environment, preexec_fn=lambda: os.close(closed)
        )

    done = run(1)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "netdsl: the standard output is closed\n")
    done = run(2)
    assert done.returncode == 0
    assert done.stdout.startswith("full, ")


def test_help_of_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert ran(capsys, "help", "stats") == ran(capsys, "stats", "--help")
    assert ran(capsys, "help") == ran(capsys, "--help")
