"""``netdsl check --fix``: what it changes, what it leaves, and that no file comes out worse than it went in."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from netdsl.cli import main
from netdsl.cli.check import parser
from netdsl.cli.findings import Checker, Finding, Findings
from netdsl.cli.mend import Mended, mend
from netdsl.cli.terminal import difference
from netdsl.diagnostics import Advice, Diagnostic, Edit, Source, Span
from netdsl.elaborate import analyse
from netdsl.elaborate import compile as compile_spec

FOLDER = Path(__file__).parent / "diagnostics"


class Ran:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*words: object) -> Ran:
        code = main(["check", *map(str, words)])
        printed = capsys.readouterr()
        return Ran(code, printed.out, printed.err)

    return run


def mended_text(text: str, folder: Path) -> str:
    """What ``--fix`` makes of a text."""
    file = folder / "a.net"
    file.write_text(text, encoding="utf-8", newline="")
    main(["check", "--fix", str(file)])
    return file.read_bytes().decode()


def in_memory(name: str) -> tuple[Findings, Findings, tuple[Mended, ...]]:
    """What is found in a file before and after, and what was changed; nothing is written."""
    checker = Checker([(name, None)], parser().read([name]))
    before = checker.check()
    after, changed = mend(checker, [name])
    return before, after, changed


# -- all goldens ------------------------------------------------------------------------------------------------------


def test_every_fix_of_the_goldens(monkeypatch: pytest.MonkeyPatch, golden: Callable[[str, str], None]) -> None:
    """What ``--fix`` does to each file of tests/diagnostics, to be read; no file gets more errors, none fewer nets."""
    monkeypatch.chdir(FOLDER)
    texts = []
    for path in sorted(FOLDER.glob("*.net")):
        if not any(problem.edits for problem in analyse(Path(path.name)).diagnostics):
            continue
        before, after, changed = in_memory(path.name)
        assert after.number("error") <= before.number("error"), path.name
        assert after.nets >= before.nets
        assert sum(one.fixes for one in changed) >= before.number("error") - after.number("error") - 3
        texts += [difference(one.old, one.new, one.name, one.name) for one in changed]
        for one in changed:
            assert one.old == (FOLDER / one.name).read_text(encoding="utf-8")
    golden("check-fixes.diff", "".join(texts))


def test_what_is_mended_is_not_mended_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("unknown-layer", "many", "pasted-from-a-paper", "warning-soft-max", "bracket-several"):
        Path("a.net").write_text((FOLDER / f"{name}.net").read_text(encoding="utf-8"), encoding="utf-8")
        main(["check", "--fix", "a.net"])
        once = Path("a.net").read_bytes()
        main(["check", "--fix", "a.net"])
        assert Path("a.net").read_bytes() == once


# -- one thing each ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        # misspelt names: layer, suffix, block, attribute, flag, label, parameter, function, scheme, quantity
        ("cnov3-8, rleu", "conv3-8, relu"),
        ("conv3-8 +bn +rleu", "conv3-8 +bn +relu"),
        ("block unit(c) { conv3-c }\nunti(8)", "block unit(c) { conv3-c }\nunit(8)"),
        ("conv3-6 gruops=3", "conv3-6 groups=3"),
        ("conv3-8 padding=0", "conv3-8 pad=0"),
        ("maxpool3/2 cail", "maxpool3/2 ceil"),
        ("stem: relu\n@setm, gelu", "stem: relu\n@stem, gelu"),
        ("stem: conv3-3\nreuse sten", "stem: conv3-3\nreuse stem"),
        ("param width = 8\nconv3-{widht}", "param width = 8\nconv3-{width}"),
        ("conv3-{rond(8.5)}", "conv3-{round(8.5)}"),
        ("conv3-8\ninit conv = nrmal 0.1", "conv3-8\ninit conv = normal 0.1"),
        ("conv3-8\nexpect parms > 3", "conv3-8\nexpect params > 3"),
        ("block unit(c, stride=1) { conv3-c/stride }\nunit(8, strde=2)",
         "block unit(c, stride=1) { conv3-c/stride }\nunit(8, stride=2)"),
        ("variant small\nvariant large\ndefault smal\nrelu", "variant small\nvariant large\ndefault small\nrelu"),
        ("relu allow nd301", "relu allow ND301"),
        ("conv3-8 pad_mode=reflec", "conv3-8 pad_mode=reflect"),
        ("relu as a\nleg: [conv3-3, relu]\n@a, leg, add @leg",
         "relu as a\nleg: [conv3-3, relu]\n@a, reuse leg, add { id | @leg }"),
        # heads and joins of a newcomer
        ("conv3 8", "conv3-8"),
        ("maxpool3 2", "maxpool3/2"),
        ("convtranspose2-8/2", "upconv2-8/2"),
        ("relu as a, relu as b\nconcat [ @a, @b ]", "relu as a, relu as b\nconcat { @a | @b }"),
        ("add [conv3-3, relu | id]", "add { conv3-3, relu | id }"),
        ("block unit(c) { conv3-c }\n[unit(8) unit(8)]", "block unit(c) { conv3-c }\n[unit(8), unit(8)]"),
        ("block unit(c) { conv3-c }\nunit(8) relu", "block unit(c) { conv3-c }\nunit(8), relu"),
        ("relu as a\nconcat(@a)", "relu as a\nconcat { @a | id }"),
        ("relu as a\nconcat a", "relu as a\nconcat { @a | id }"),
        ("relu as a\ncat { @a | id }", "relu as a\nconcat { @a | id }"),
        ("adaptive_avg_pool 1", "gap"),
        ("adaptive_avg_pool 2", "avgpool to=2"),
        ("relu as x\nconv3-3\n+ x", "relu as x\nconv3-3\nadd { id | @x }"),
        ("conv3-8, nn.ReLU(inplace=True)", "conv3-8, relu"),
        ("conv5-16 valid -> 4x4x16", "conv5-16 valid -> 16x4x4"),
        ("relu gelu tanh", "relu, gelu, tanh"),
        # statements
        ("stlye conv = _, relu\nconv3-8", "style conv = _, relu\nconv3-8"),
        ("parm n = 3\nconv3-n", "param n = 3\nconv3-n"),
        ("blok f(c) { conv3-c }\nf(8)", "block f(c) { conv3-c }\nf(8)"),
        # words and signs of other places
        ("conv3-8 bias=True", "conv3-8 bias=true"),
        ("conv3-8 bias=0", "conv3-8 bias=false"),
        ("param n = 10^1\nconv3-n", "param n = 10**1\nconv3-n"),
        ("param a = true, b = true\nif a && b { relu } else { gelu }",
         "param a = true, b = true\nif a and b { relu } else { gelu }"),
        ("param a = 1\nif a = 1 { relu } else { gelu }", "param a = 1\nif a == 1 { relu } else { gelu }"),
        ("conv3−8, conv3–8", "conv3-8, conv3-8"),
        ("conv3-8; relu;", "conv3-8, relu"),
        ("relu // and so on", "relu # and so on"),
        ("relu()", "relu"),
        ("dropout(0.5)", "dropout 0.5"),
        ("BatchNorm2d", "bn"),
        ("conv3-4*2", "conv3-{4*2}"),
        ("times -0.5", "times {-0.5}"),
        ("dropout{0.5}", "dropout {0.5}"),
        ("dropout .5", "dropout 0.5"),
        ("maxpool 3", "maxpool3"),
        ("fc 10", "fc-10"),
        ("param drop = 0.5\ndropout drop", "param drop = 0.5\ndropout {drop}"),
        ("3×3 conv, 64, stride 2", "conv3-64/2"),
        ("1x1, 64", "conv1-64"),
        ("2x conv3-8", "conv3-8 ×2"),
        ("stem = conv3-8", "stem: conv3-8"),
        ("conv3-8 -> 8,8,8", "conv3-8 -> 8x8x8"),
        ("conv3-8\nexpect params < 1,000,000", "conv3-8\nexpect params < 1000000"),
        # slips of the hand
        ("conv 3-64", "conv3-64"),
        ("maxpool 3/2", "maxpool3/2"),
        ("conv3-64, /2", "conv3-64/2"),
        ("conv3-64, stride=2", "conv3-64 stride=2"),
        ("gap fc-10", "gap, fc-10"),
        ("conv3-8 relu", "conv3-8, relu"),
        ("concat conv3-8 | conv1-8", "concat { conv3-8 | conv1-8 }"),
        ("conv3-8 → 8x8x8", "conv3-8 -> 8x8x8"),
        ("conv3-64s2", "conv3-64/2"),
        ("conv3-64p0", "conv3-64 pad=0"),
        ("conv3-64-2", "conv3-64/2"),
        ("maxpool3-2 pad=1", "maxpool3/2 pad=1"),
        ("conv3_64", "conv3-64"),
        ("conv 64 3x3", "conv3-64"),
        ("conv(64, 3)", "conv3-64"),
        ("fc10", "fc-10"),
        ("upsample2", "upsample ×2"),
        ("[conv3-64, relu] * 3", "[conv3-64, relu] ×3"),
        ("repeat 3 { conv3-64, relu }", "[ conv3-64, relu ] ×3"),
        ("for i in range(3) { conv3-64, relu }", "[ conv3-64, relu ] ×3"),
        ("conv3-64, dropout=0.5", "conv3-64, dropout 0.5"),
        ("conv3-64 padding=valid", "conv3-64 valid"),
        ("param n = 4\nconv3-{2 n}", "param n = 4\nconv3-{2*n}"),
        ("style conv: _, relu\nconv3-8", "style conv = _, relu\nconv3-8"),
        ("block f(c): {\n  conv3-c\n}\nf(8)", "block f(c) {\n  conv3-c\n}\nf(8)"),
        ("param n = 4\nvariant b { n = 8 }\nconv3-n", "param n = 4\nvariant b: n = 8 \nconv3-n"),
        ("a: conv3-3\n@a + id", "a: conv3-3\nadd { @a | id }"),
        ("a: conv3-3\nrelu\nadd @a", "a: conv3-3\nrelu\nadd { id | @a }"),
        ("a: conv3-3\nrelu\nconcat(@a, id)", "a: conv3-3\nrelu\nconcat { @a | id }"),
        ("a: conv3-3\nrelu\nadd { id | a }", "a: conv3-3\nrelu\nadd { id | @a }"),
        ("nn.Conv2d(3, 8, 3, padding=1),", "conv3-8"),
        ("self.fc = nn.Linear(64, 10)", "fc: fc-10"),
        ("Conv2D(8, (3, 3), activation='relu')", "conv3-8 valid, relu"),
        # what is missing
        ("[conv3-8, relu", "[conv3-8, relu]"),
        ("add { conv3-3 | id", "add { conv3-3 | id }"),
        ("features: [\n  conv3-8\n  relu\nfc-10", "features: [\n  conv3-8\n  relu\n]\nfc-10"),
        ("block f(c {\n  conv3-c\n}\nf(8)", "block f(c) {\n  conv3-c\n}\nf(8)"),
        ("add ( conv3-3 | id )", "add { conv3-3 | id }"),
        ("{ conv3-8, relu } ×2", "[ conv3-8, relu ] ×2"),
        ("conv3-8)", "conv3-8"),
        ("style conv _, relu\nconv3-8", "style conv = _, relu\nconv3-8"),
        ("block f(a b) { conv3-a, conv3-b }\nf(8, 9)", "block f(a, b) { conv3-a, conv3-b }\nf(8, 9)"),
        ('"stem: relu', '"stem": relu'),
        # what is said twice, or without need
        ("block unit(c, s=1) { conv3-c/s }\nunit(8, c=8, s=2)", "block unit(c, s=1) { conv3-c/s }\nunit(8, s=2)"),
        ("relu train eval", "relu"),
        ("[relu, gelu] eval train", "[relu, gelu]"),
        ("output aux train eval weight=0.3 { gap }\nrelu", "output aux weight=0.3 { gap }\nrelu"),
        ("output aux train train { gap }\nrelu", "output aux train { gap }\nrelu"),
        ("add { conv3-3 | _ }", "add { conv3-3 | id }"),
        ("conv3-8 +_ +bn", "conv3-8 +bn"),
        ("id +bn", "id, bn"),
        ("conv3-8 plain +bn", "conv3-8 +bn"),
        ("param n = 8\nvariant a = a: n = 9\ndefault a\nconv3-n",
         "param n = 8\nvariant a: n = 9\ndefault a\nconv3-n"),
        # warnings
        ('use "zoo:resnet" (bottleneck, basic)\nbasic(8)', 'use "zoo:resnet" (basic)\nbasic(8)'),
        ('use "zoo:resnet" (basic, bottleneck)\nbasic(8)', 'use "zoo:resnet" (basic)\nbasic(8)'),
        ("conv3-8 as a, relu\nconv3-8 as a, relu\nadd { id | @a }",
         "conv3-8, relu\nconv3-8 as a, relu\nadd { id | @a }"),
        ("conv3-8, bn, relu", "conv3-8 bias=false, bn, relu"),
        ("conv3-8 bias=true\nbn", "conv3-8 bias=false\nbn"),
        ("fc-10, soft-max", "fc-10, soft-max eval"),
        # blanks that are none
        ("relu\u2003,\u00a0gelu\u200b", "relu ,\u00a0gelu"),
    ],
)  # fmt: skip
def test_one_fix(wrong: str, right: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert mended_text(f"input 3x8x8\n{wrong}\n", tmp_path) == f"input 3x8x8\n{right}\n"
    assert analyse(tmp_path / "a.net").errors == ()


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("input 3, 8, 8\nrelu\n", "input 3x8x8\nrelu\n"),
        ("input 3 8 8\nrelu\n", "input 3x8x8\nrelu\n"),
        ("Input: 3x8x8\nrelu\n", "input 3x8x8\nrelu\n"),
        ("input a: 3x8x8\nrelu\n", "input a 3x8x8\nrelu\n"),
        ("input 32x32x3\nrelu\n", "input 3x32x32\nrelu\n"),
        ("network a\ninput 3x8x8\nrelu\n", "net a\ninput 3x8x8\nrelu\n"),
        ("inptu 3x8x8\nrelu\n", "input 3x8x8\nrelu\n"),
        (
            "net vgg Simonyan 2014 # the net\ninput 3x8x8\nrelu\n",
            'net vgg "Simonyan 2014" # the net\ninput 3x8x8\nrelu\n',
        ),
        ("net vgg “VGG”\ninput 3x8x8\nrelu\n", 'net vgg "VGG"\ninput 3x8x8\nrelu\n'),
        ("input 3x8x8\r\nrleu # so\r\ngelu", "input 3x8x8\r\nrelu # so\r\ngelu"),
        ("\ufeffinput 3x8x8\nrleu\n", "\ufeffinput 3x8x8\nrelu\n"),
        ("input 3x8x8\n\tcnov3-8,\trleu\t# 注\n", "input 3x8x8\n\tconv3-8,\trelu\t# 注\n"),
    ],
)
def test_fixes_of_whole_files(wrong: str, right: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert mended_text(wrong, tmp_path) == right
    assert compile_spec(tmp_path / "a.net").nodes


@pytest.mark.parametrize(
    "text",
    [
        "input 3x8x8\nvgg16\n",  # nothing is near
        "input 3x8x8\nparam n = 3\nconv3-m, conv3-n\n",  # one letter says nothing
        "input 3x8x8\nconv1: relu\nconv3: gelu\n@conv2\n",  # two are as near
        "input 3x8x8\nadd { conv3-8 | id }\n",  # several ways to mend it
        "input 3x8x8\nconv3-8\nexpect params = 1\n",  # a test is not mended by changing what it expects
        "input 3x8x8\nconv3-8 -> 8x4x4\nmaxpool -> 2x2\n",
        "input 3x8x8\nparam n = 3\nblock f { relu }\nrelu as a\n",  # what is unused may be used yet
    ],
)
def test_what_a_person_must_choose_stays(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert mended_text(text, tmp_path) == text
    assert "mended" not in capsys.readouterr().err


def test_shapes_are_written_where_that_is_asked_for(run: Run, tmp_path: Path) -> None:
    """Those of one layer and of all that follows it in one change; one that is computed stays as it is."""
    file = tmp_path / "a.net"
    file.write_text("param n = 2\ninput 3x8x8\nconv3-8 -> 8x4x4\nmaxpool -> 2x2\nrelu -> {n}x{n}\n", encoding="utf-8")
    shown = run("--fix", file)
    assert (shown.code, shown.err.count("error[ND210]")) == (1, 1)
    assert shown.err.count("so it is 8×4×4 here") == 2
    shown = run("--fix", "--expect", file)
    text = "param n = 2\ninput 3x8x8\nconv3-8 -> 8x8x8\nmaxpool -> 4x4\nrelu -> {n}x{n}\n"
    assert file.read_text(encoding="utf-8") == text
    assert "help: `-> 4x4` would hold" in shown.err


def test_expectations_are_written_where_that_is_asked_for(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "a.net"
    text = "input 3x8x8\nvariant b: n = 16\nparam n = 8\nconv3-n\n"
    wrong = "expect   params =  1, depth = 1, macs <= 3\nexpect b: params = 2 K, downsampling = 2x4\n"
    file.write_text(text + wrong, encoding="utf-8")
    shown = run(file)
    assert shown.err.startswith("error[ND211]: 4 expectations do not hold: `params` is 224: 223 more than expected\n")
    assert shown.err.endswith("\n1 error in 1 file\n")
    assert run("--fix", file).code == 1
    assert file.read_text(encoding="utf-8") == text + wrong
    shown = run("--fix", "--expect", file)
    right = "expect   params =  224, depth = 1, macs <= 3\nexpect b: params = 448, downsampling = 1x1\n"
    assert file.read_text(encoding="utf-8") == text + right
    assert shown.err.startswith("mended 1 problem in 1 file\nerror[ND211]: `macs` is 13,824\n")
    assert run("--expect", file).code == 2


def test_a_fix_that_makes_more_errors_is_not_made(run: Run, tmp_path: Path) -> None:
    """Without its bias the net has other parameters than it expects, in both lines."""
    file = tmp_path / "a.net"
    text = "input 3x8x8\nconv3-8\nbn, rleu\nexpect params = 240\nexpect params(train) = 240\n"
    file.write_text(text, encoding="utf-8")
    shown = run("--fix", file)
    assert file.read_text(encoding="utf-8") == text.replace("rleu", "relu")
    assert (shown.code, "warning[ND307]" in shown.err) == (0, True)


def test_what_follows_a_fix_is_mended_too(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "a.net"
    file.write_text("input 3x8x8\ncnov3-6 gruops=3 vald\n", encoding="utf-8")
    shown = run("--fix", file)
    assert file.read_text(encoding="utf-8") == "input 3x8x8\nconv3-6 groups=3 valid\n"
    assert (shown.code, shown.out) == (0, "1 file, 1 net: nothing to report\n")
    assert shown.err == "mended 3 problems in 1 file\n"


# -- files ------------------------------------------------------------------------------------------------------------


def test_what_is_left_is_reported(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "a.net"
    file.write_text("input 3x8x8\nrleu\nxyz\n", encoding="utf-8")
    shown = run("--fix", file)
    assert file.read_text(encoding="utf-8") == "input 3x8x8\nrelu\nxyz\n"
    assert shown.code == 1
    assert "rleu" not in shown.err
    assert "`xyz`" in shown.err
    assert shown.err.endswith("\n1 error in 1 file\n")


def test_a_preview_writes_nothing(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "a.net"
    file.write_text("input 3x8x8\nrleu", encoding="utf-8")
    shown = run("--fix", "--dry-run", file)
    assert file.read_text(encoding="utf-8") == "input 3x8x8\nrleu"
    assert shown.out == (
        f"--- {file}\n+++ {file}\n@@ -1,2 +1,2 @@\n input 3x8x8\n"
        "-rleu\n\\ No newline at end of file\n+relu\n\\ No newline at end of file\n"
    )
    assert shown.err == "would mend 1 problem in 1 file\n1 file, 1 net: nothing to report\n"
    assert shown.code == 0


def test_used_files_are_mended_where_they_stand(run: Run, tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    used = tmp_path / "parts" / "blocks.net"
    used.write_text("block unit(c) { cnov3-c, relu }\n", encoding="utf-8")
    one, two = tmp_path / "one.net", tmp_path / "two.net"
    for file in (one, two):
        file.write_text('use "parts/blocks.net" (unit)\ninput 3x8x8\nunit(8), rleu\n', encoding="utf-8")
    shown = run("--fix", one, two)
    assert (shown.code, shown.out) == (0, "2 files, 2 nets: nothing to report\n")
    assert shown.err == "mended 3 problems in 3 files\n"
    assert used.read_text(encoding="utf-8") == "block unit(c) { conv3-c, relu }\n"


def test_files_of_other_folders_are_never_changed(run: Run, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "mine").mkdir()
    used = tmp_path / "other" / "blocks.net"
    used.write_text("block unit(c) { cnov3-c, relu }\n", encoding="utf-8")
    file = tmp_path / "mine" / "a.net"
    file.write_text(f'use "{used}" (unit)\ninput 3x8x8\nunit(8)\n', encoding="utf-8")
    shown = run("--fix", file, "--allow-use", tmp_path / "other")
    assert "other/blocks.net:1:17" in shown.err
    assert shown.code == 1
    assert "cnov3" in used.read_text(encoding="utf-8")


def test_a_file_that_cannot_be_written_leaves_all_as_they_were(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [tmp_path / f"{name}.net" for name in "abc"]
    for file in files:
        file.write_text("input 3x8x8\nrleu\n", encoding="utf-8")
    replaced: list[str] = []
    replace = os.replace

    def fails(old: str, new: str) -> None:
        if len(replaced) == 2:
            replaced.append("")
            raise OSError(28, "No space left on device")
        replaced.append(str(new))
        replace(old, new)

    monkeypatch.setattr(os, "replace", fails)
    shown = run("--fix", *files)
    assert shown.code == 1
    assert "error[ND006]" in shown.err
    assert [file.read_text(encoding="utf-8") for file in files] == ["input 3x8x8\nrleu\n"] * 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.net", "b.net", "c.net"]


def test_permissions_stay(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "a.net"
    file.write_text("input 3x8x8\nrleu\n", encoding="utf-8")
    file.chmod(0o640)
    run("--fix", file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_an_unchanged_file_is_not_written(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "a.net"
    file.write_text("input 3x8x8\nrelu\n", encoding="utf-8")
    before = file.stat()
    run("--fix", file)
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


@pytest.mark.parametrize("name", ["-", "zoo:vgg19"])
def test_what_is_no_file_is_not_mended(run: Run, name: str) -> None:
    shown = run("--fix", name)
    assert shown.code == 2
    assert f"--fix writes files, and `{name}` is none" in shown.err


def test_a_preview_of_nothing_is_not_understood(run: Run, tmp_path: Path) -> None:
    assert run("--dry-run", tmp_path / "a.net").code == 2
    assert run("--fix").code == 2


def test_every_variant_is_mended(run: Run, tmp_path: Path) -> None:
    """A mistake that one variant alone elaborates, beside one that all have."""
    file = tmp_path / "a.net"
    text = "input 3x8x8\ntable A | B {\n  relu | rleu\n  conv3-8\n  gelu | glu\n}\ncnov3-8\n"
    file.write_text(text, encoding="utf-8")
    shown = run("--fix", file, "--format", "json")
    assert file.read_text(encoding="utf-8") == text.replace("rleu", "relu").replace("cnov", "conv")
    value = json.loads(shown.out)
    assert value["mended"] == [{"file": str(file), "fixes": 2}]
    (left,) = value["diagnostics"]
    assert (left["message"], left["variants"]) == ("there is no layer or block called `glu`", ["B"])


# -- which changes are made together ----------------------------------------------------------------------------------


class Letters(Checker):
    """Finds small letters, each with a large one as its help, and ``bad`` texts that are errors beyond those."""

    def __init__(self, path: Path, bad: Callable[[str], bool]) -> None:
        super().__init__([(str(path), None)], parser().read([str(path)]))
        self.path, self.bad = path, bad
        self.tried: list[str] = []

    def check(self, texts: Mapping[Path, str] | None = None) -> Findings:
        text = (texts or {}).get(self.path.resolve(), self.path.read_text(encoding="utf-8"))
        self.tried.append(text)
        source = Source(str(self.path), text)
        found = [
            Finding(Diagnostic("ND201", f"small {letter}", span, Advice("large", *edits)), source.name)
            for at, letter in enumerate(text)
            if letter.islower()
            for span in [Span(0, at, at + 1)]
            for edits in [[Edit(span, letter.upper())]]
        ]
        found += [Finding(Diagnostic("ND202", "bad", None, "do this"), source.name)] * (9 if self.bad(text) else 0)
        return Findings(tuple(found), (source,), (), 1, 1)


def test_changes_that_harm_one_another_are_tried_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "a.net"
    path.write_text("a-b-c", encoding="utf-8")
    checker = Letters(path, lambda text: "A" in text and "C" in text)
    after, (changed,) = mend(checker, [str(path)])
    assert (changed.new, changed.fixes) == ("A-B-c", 2)
    assert [finding.diagnostic.message for finding in after.findings] == ["small c"]
    assert checker.tried[1] == "A-B-C"


def test_what_was_tried_of_one_file_is_forgotten_with_another(run: Run, tmp_path: Path) -> None:
    """The changes of both files together do harm, and then that of the first alone: its text is the old one again."""
    one, two = tmp_path / "one.net", tmp_path / "two.net"
    # without its bias the net has not the parameters that it expects
    bias = "input 3x8x8\nconv3-8\nbn, relu\nexpect params = 240\nexpect params(train) = 240\n"
    one.write_text(bias, encoding="utf-8")
    two.write_text("input 3x8x8\nrleu, gap\n", encoding="utf-8")
    shown = run("--fix", one, two)
    assert one.read_text(encoding="utf-8") == bias
    assert two.read_text(encoding="utf-8") == "input 3x8x8\nrelu, gap\n"
    assert (shown.code, "ND211" in shown.err) == (0, False)


def test_changes_of_one_place_are_not_made_together(tmp_path: Path) -> None:
    path = tmp_path / "a.net"
    path.write_text("ab-c", encoding="utf-8")
    checker = Letters(path, lambda _: False)
    _, (changed,) = mend(checker, [str(path)])
    assert changed.new == "AB-C"
    # `a` and `b` touch, so that one of them waits.
    assert checker.tried[1:] == ["Ab-C", "AB-C"]
