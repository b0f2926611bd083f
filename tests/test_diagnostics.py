"""What the compiler says, word for word: tests/diagnostics/NAME.net is compiled, NAME.txt is what comes of it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from netdsl.cli import main
from netdsl.cli.terminal import coloured
from netdsl.diagnostics import CODES, Diagnostic, Edit, NetdslError, Note, Source, Span, edited, printable, sort, width
from netdsl.diagnostics.nearest import did_you_mean, nearest
from netdsl.diagnostics.printing import count, render
from netdsl.elaborate import LIMITS, Compilation, Limits, analyse, compile

FOLDER = Path(__file__).parent / "diagnostics"
NAMES = sorted(path.stem for path in FOLDER.glob("*.net"))

#: What some files are compiled with.
OPTIONS: dict[str, dict[str, Any]] = {
    "table-labels": {"variant": "B"},
    "outside-variant": {"variant": "smal"},
    "outside-set": {"set": {"width": "wide"}},
    "outside-input": {"input": "3x32x32x32x32"},
    "outside-unknown": {"set": {"widht": "3"}},
    "outside-infinite": {"set": {"width": "inf"}},
    "outside-no-parameter": {"set": {"width": "3"}},
    "outside-one-shape": {"input": (3, 16, 16)},
    "outside-no-such-input": {"input": {"letf": (3, 16, 16)}},
    "outside-kind": {"variant": "texts"},
    "outside-no-such-variant": {"variant": "huge"},
    "outside-many-parameters": {"set": {"zoom": "2"}},
    "outside-truth": {"set": {"wide": "3"}},
    "outside-text": {"set": {"act": 3}},
    "outside-value": {"set": {"width": "0.3"}},
    "outside-channels-last": {"input": "32x32x3"},
    "outside-nodes": {"limits": Limits(nodes=12)},
    "outside-depth": {"limits": Limits(calls=1)},
    "outside-letters": {"limits": Limits(nodes=1)},
    "outside-words": {"limits": Limits(bytes=100)},
}

#: Codes that no text of a spec brings about: files, the command line, the formatter, the runtime.
NOT_OF_TEXTS = {"ND001", "ND002", "ND006", "ND104", *(f"ND{n:03}" for n in (*range(8, 13), *range(401, 413)))}


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Compilation]:
    """Compiles a file of the folder under its bare name."""
    monkeypatch.chdir(FOLDER)
    return lambda name: analyse(Path(f"{name}.net"), **OPTIONS.get(name, {}))


@pytest.mark.parametrize("name", NAMES)
def test_diagnostics(name: str, compiled: Callable[[str], Compilation], golden: Callable[[str, str], None]) -> None:
    found = compiled(name)
    assert found.diagnostics
    notes = [f"note: {note}\n" for note in found.notes]
    golden(f"../diagnostics/{name}.txt", render(found.diagnostics, found.sources) + "\n" + "".join(notes))


def test_no_golden_is_left_over() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.txt")) == NAMES


def test_every_code_has_a_golden() -> None:
    texts = "\n".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.txt"))
    assert {code for code in CODES if f"[{code}]" not in texts} == NOT_OF_TEXTS


@pytest.mark.parametrize("name", NAMES)
def test_places_lie_in_the_text(name: str, compiled: Callable[[str], Compilation]) -> None:
    found = compiled(name)
    for problem in found.diagnostics:
        spans = [note.span for note in (*problem.notes, *problem.trace)]
        if problem.span is not None:
            spans.append(problem.span)
        for span in spans:
            assert 0 <= span.start <= span.end <= len(found.sources[span.file].text) + 1


@pytest.mark.parametrize("name", NAMES)
def test_sentences_are_sentences(name: str, compiled: Callable[[str], Compilation]) -> None:
    """One line each, in the middle of a sentence, without a full stop; backquotes in pairs; no value of Python's."""
    found = compiled(name)
    written = "".join(source.text for source in found.sources)
    for problem in found.diagnostics:
        assert problem.code in CODES
        said = [problem.message, *(note.message for note in (*problem.notes, *problem.trace))]
        for text in [*said, *([problem.help] if problem.help else [])]:
            assert text
            assert "\n" not in text
            assert not text.endswith(".")
            assert text[0] == text[0].lower() or text.startswith(("LeNet-5", "PyTorch"))
            assert text.count("`") % 2 == 0
            for word in ("None", "True", "False", "tree.", "Traceback", "<class"):
                assert word not in text or word in written


@pytest.mark.parametrize("name", NAMES)
def test_each_problem_has_a_help(name: str, compiled: Callable[[str], Compilation]) -> None:
    assert [problem for problem in compiled(name).diagnostics if not problem.help] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_problem_is_said_twice(name: str, compiled: Callable[[str], Compilation]) -> None:
    places = [(problem.code, problem.span) for problem in compiled(name).diagnostics]
    assert len(places) == len(set(places))


def test_compile_raises_what_analyse_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)
    with pytest.raises(NetdslError) as caught:
        compile("errors-and-warnings.net")
    assert [problem.code for problem in caught.value.diagnostics] == ["ND201"]
    assert "cnov3" in str(caught.value)
    assert compile("warning-window.net").nodes


# -- files that cannot be read -----------------------------------------------------------------------------------------


def said(path: object) -> tuple[str, str, str | None]:
    found = analyse(path)  # type: ignore[arg-type]
    assert found.graph is None
    (problem,) = found.diagnostics
    assert problem.span is None
    return problem.code, problem.message, problem.help


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.net").write_text("input 3x8x8\nrelu\n", encoding="utf-8")
    (tmp_path / "binary.net").write_bytes(b"input 3x8x8\n\xff\n")
    (tmp_path / "nul.net").write_bytes(b"input 3x8x8\n\0\n")
    (tmp_path / "big.net").write_bytes(b"#" * (LIMITS.bytes + 1))
    message = "there is no file `smal.net`"
    assert said("smal.net") == ("ND001", message, "did you mean `small.net`?")
    assert said(tmp_path) == ("ND001", f"`{tmp_path}` is a folder", f"its specs are `{tmp_path}/*.net`")
    assert said("")[0] == "ND001"
    help = "in line 2 it is `ÿ` of Latin-1: save it as UTF-8, or `iconv -f LATIN1 -t UTF-8 OLD > NEW` writes it so"
    assert said("binary.net") == ("ND002", "`binary.net` is no UTF-8 text: byte 12 is 0xff", help)
    help = "the first NUL is in line 2: `tr -d '\\000' < OLD > NEW` takes them out"
    assert said("nul.net") == ("ND002", "`nul.net` is no text: it has NUL bytes", help)
    message = f"`big.net` is too long: a spec may have {LIMITS.bytes:,} bytes, with all that it uses"
    assert said("big.net") == ("ND007", message, "`--max-bytes` raises the bound")
    assert said("a\0b.net")[0] == "ND001"
    assert said("x" * 5000)[0] == "ND001"


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    (tmp_path / "bom.net").write_bytes("\ufeffinput 3x8x8\r\nrelu\r\n".encode())
    assert analyse(tmp_path / "bom.net").graph is not None


def test_the_variant_may_stand_behind_the_file(tmp_path: Path) -> None:
    path = tmp_path / "small.net"
    path.write_text("input 3x8x8\nvariant a\nvariant b-1.0\nrelu\n", encoding="utf-8")
    assert compile(f"{path}:a").variant == "a"
    assert compile(f"{path}:b-1.0").variant == "b-1.0"
    assert compile(f"{path}:a", variant="a").variant == "a"
    assert said(f"{path}:c")[0] == "ND003"
    assert analyse(f"{path}:a", variant="b-1.0").diagnostics[0].code == "ND003"
    (tmp_path / "odd.net:a").write_text("input 3x8x8\nrelu\n", encoding="utf-8")
    assert compile(f"{tmp_path}/odd.net:a").variant is None


# -- printing ----------------------------------------------------------------------------------------------------------

TEXT = Source("a.net", "first line\n\tsecond 幅 line\n" + "x" * 300 + " wrong " + "y" * 300 + "\n")


def at(word: str) -> Span:
    start = TEXT.text.index(word)
    return Span(0, start, start + len(word))


def test_positions_count_from_one() -> None:
    assert TEXT.position(0) == (1, 1)
    assert TEXT.position(at("second").start) == (2, 2)


def test_tabs_and_wide_letters_keep_the_caret_below_the_word() -> None:
    lines = render([Diagnostic("ND201", "m", at("line\nx"), "do this")], [TEXT]).splitlines()
    assert lines[1] == " --> a.net:2:11"
    assert lines[3] == "2 |     second 幅 line"
    assert lines[4] == "  |               ^^^^"


def test_long_lines_are_cut_around_the_place() -> None:
    row, pointer = render([Diagnostic("ND201", "m", at("wrong"), "do this")], [TEXT]).splitlines()[3:5]
    assert len(row) < 160
    assert row.index("wrong") == pointer.index("^^^^^")
    assert row.count("…") == 2


def test_notes_traces_help_and_a_count() -> None:
    problem = Diagnostic(
        "ND212", "message", at("second"), "do this", (Note(at("first"), "here"),), (Note(at("line"), "in `f`"),)
    )
    text = render([problem, Diagnostic("ND301", "warned", None, "do this"), problem], [TEXT])
    assert text.splitlines() == [
        "warning[ND301]: warned",
        "  = help: do this",
        "",
        "error[ND212]: message",
        " --> a.net:2:2",
        "  |",
        "2 |     second 幅 line",
        "  |     ^^^^^^",
        "  :",
        "1 | first line",
        "  | ----- here",
        "  = in `f`, called at a.net:1:7",
        "  = help: do this",
        "",
        "1 error, 1 warning",
    ]


def test_colour_changes_nothing_but_colour() -> None:
    problem = Diagnostic("ND212", "message", at("second"), "do this", (Note(at("first"), "here"),))
    plain, coloured = (render([problem], [TEXT], colour=colour) for colour in (False, True))
    assert plain != coloured
    assert re.sub(r"\033\[[0-9;]*m", "", coloured) == plain


def test_control_characters_do_not_reach_the_terminal() -> None:
    source = Source("a.net", "a \x1b[31m b\n")
    text = render([Diagnostic("ND103", "bad \x1b[31m", Span(0, 2, 3), "do this")], [source])
    assert "\x1b" not in text


def test_order_and_repetition() -> None:
    first, second = Diagnostic("ND201", "m", at("first"), "do this"), Diagnostic("ND201", "m", at("second"), "do this")
    bare = Diagnostic("ND001", "m", None, "do this")
    assert sort([second, first, bare, second]) == [bare, first, second]
    assert (
        count([bare, first, Diagnostic("ND301", "w", None, "do this"), Diagnostic("ND302", "w", None, "do this")])
        == "2 errors, 2 warnings"
    )


def test_nearest_folds_case_and_may_find_none() -> None:
    assert nearest("CONVV", ["conv", "relu"]) == "conv"
    assert nearest("zzz", ["conv", "relu"]) is None
    assert nearest("a", []) is None


# -- places and columns ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("conv3-64 ×2", 11),
        ("\t\t", 8),
        ("幅広", 4),
        ("ｗ", 2),
        ("e\u0301\u0323", 1),  # letters with marks on them
        ("ก\u0e31", 1),  # a mark of no combining class
        ("한글", 4),
        ("\u1112\u1161\u11ab", 2),  # the same kind of syllable in its parts
        ("🎉", 2),
        ("\u2764\ufe0f", 1),  # a sign and a selector of its look
        ("\x1b", 1),  # shown as a sign of its own
        ("\u200b\u2003", 2),  # so are blanks that are none
    ],
)
def test_columns_of_a_terminal(text: str, columns: int) -> None:
    assert width(text) == columns
    assert len([char for char in printable(text) if char == "\N{REPLACEMENT CHARACTER}"]) == sum(
        not char.isprintable() and char != "\t" for char in text
    )


def test_carets_stand_below_their_word_in_every_golden() -> None:
    """Column by column as a terminal shows it: the carets are as wide as what they are below."""
    for path in FOLDER.glob("*.txt"):
        rows = path.read_text(encoding="utf-8").splitlines()
        for above, below in itertools.pairwise(rows):
            found = re.fullmatch(r" *\| ( *)(\^+)", below)
            if found is None or "…" in above:
                continue
            line = above.partition("| ")[2]
            before, here = 0, ""
            for char in line:
                if len(found[1]) <= before < len(found[1]) + len(found[2]):
                    here += char
                before += width(char)
            assert here == "" or width(here) == len(found[2]), (path.name, line, here)
            assert not here or not here[0].isspace() or "�" in here, (path.name, line)


def test_second_places_of_one_line_stand_together() -> None:
    """First those in the line of the mistake, whatever their order; another line is shown once for all in it."""
    text = Source("a.net", "one two\nthree four five\n")

    def at(word: str) -> Span:
        return Span(0, text.text.index(word), text.text.index(word) + len(word))

    notes = (Note(at("four"), "f"), Note(at("two"), "t"), Note(at("five"), "v"))
    assert render([Diagnostic("ND204", "m", at("one"), "do this", notes)], [text]).splitlines()[2:] == [
        "  |",
        "1 | one two",
        "  | ^^^",
        "  |     --- t",
        "  :",
        "2 | three four five",
        "  |       ---- f",
        "  |            ---- v",
        "  = help: do this",
    ]


def test_a_place_in_another_file_says_which() -> None:
    one, two = Source("one.net", "a\n"), Source("two.net", "b\n")
    problem = Diagnostic("ND228", "m", Span(0, 0, 1), "do this", (Note(Span(1, 0, 1), "made here"),))
    assert render([problem], [one, two]).splitlines()[1:] == [
        " --> one.net:1:1",
        "  |",
        "1 | a",
        "  | ^",
        " --> two.net:1:1",
        "  |",
        "1 | b",
        "  | - made here",
        "  = help: do this",
    ]


def test_no_control_character_reaches_the_terminal_from_any_part() -> None:
    source = Source("a\x1b[31m.net", "a b\n")
    note = Note(Span(0, 2, 3), "note \x1b[31m")
    problem = Diagnostic("ND103", "bad \x1b[31m", Span(0, 0, 1), "help \x9b31m", (note,), (note,))
    shown = render([problem], [source])
    assert not [char for char in shown if not char.isprintable() and char != "\n"]


def test_a_warning_may_be_an_error() -> None:
    warning = Diagnostic("ND301", "w", None, "do this")
    assert warning.severity == "warning"
    assert warning._replace(strict=True).severity == "error"
    assert render([warning._replace(strict=True)]).startswith("error[ND301]")
    assert count([warning, warning._replace(strict=True)]) == "1 error, 1 warning"


# -- nearest names and edits -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "known", "near", "sure"),
    [
        ("cnov", "conv relu", "conv", True),  # two letters swapped
        ("con", "conv relu", "conv", True),
        ("convv", "conv relu", "conv", True),
        ("CONV", "conv relu", "conv", True),
        ("softmaks", "softmax softmin2", "softmax", True),
        ("xavier", "normal xavier_normal xavier_uniform", "xavier_normal", False),  # begins so
        ("maxpooling", "maxpool avgpool", "maxpool", False),
        ("conv1", "conv2", "conv2", False),  # a number is no slip
        ("rlu", "relu elu", "relu", False),  # two are near
        ("n", "m", None, False),
        ("valid", "eval train", None, False),
        ("return", "relu", None, False),
        ("x" * 65, "x" * 64, None, False),
    ],
)
def test_what_is_near(word: str, known: str, near: str | None, sure: bool) -> None:
    span = Span(0, 0, len(word))
    assert nearest(word, known.split()) == near
    help = did_you_mean(word, known.split(), span)
    assert help == (None if near is None else f"did you mean `{near}`?")
    assert Diagnostic("ND201", "m", span, help or "").edits == ((Edit(span, near),) if sure and near else ())
    assert Diagnostic("ND201", "m", span, did_you_mean(word, known.split()) or "").edits == ()


def test_edits_are_made_together() -> None:
    text = "one two three"
    edits = [Edit(Span(0, 8, 13), "drei"), Edit(Span(0, 0, 3), "eins"), Edit(Span(0, 7, 7), " und")]
    assert edited(text, edits) == "eins two und drei"
    with pytest.raises(AssertionError, match="overlap"):
        edited(text, [Edit(Span(0, 0, 5), ""), Edit(Span(0, 4, 6), "")])


@pytest.mark.parametrize("name", NAMES)
def test_edits_lie_in_their_source_and_change_it(name: str, compiled: Callable[[str], Compilation]) -> None:
    found = compiled(name)
    for problem in found.diagnostics:
        for edit in problem.edits:
            text = found.sources[edit.span.file].text
            assert 0 <= edit.span.start <= edit.span.end <= len(text)
            assert text[edit.span.start : edit.span.end] != edit.text
            assert "`" not in edit.text


# -- where colours go --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("terminal", "environment", "expected"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
        (False, {"FORCE_COLOR": "1"}, True),
        (False, {"FORCE_COLOR": "0"}, False),
        (False, {"FORCE_COLOR": ""}, False),
        (True, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (True, {"FORCE_COLOR": "1", "TERM": "dumb"}, True),
    ],
)
def test_where_colours_go(
    terminal: bool, environment: dict[str, str], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: terminal)
    assert coloured(stream) == expected


def test_a_pipe_gets_no_colour_and_a_terminal_does(tmp_path: Path) -> None:
    import os
    import subprocess
    import sys

    pty = pytest.importorskip("pty")
    file = tmp_path / "a.net"
    file.write_text("input 3x8x8\nrleu\n", encoding="utf-8")
    words = [sys.executable, "-m", "netdsl", "check", str(file)]
    environment = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    environment["TERM"] = "xterm"
    piped = subprocess.run(words, capture_output=True, env=environment, check=False)
    assert b"error[ND201]" in piped.stderr
    assert b"\x1b" not in piped.stderr + piped.stdout
    for extra, coloured_there in (({}, True), ({"NO_COLOR": "1"}, False)):
        mother, child = pty.openpty()
        done = subprocess.run(words, stdout=child, stderr=child, env={**environment, **extra}, check=False)
        os.close(child)
        shown = os.read(mother, 10_000)
        os.close(mother)
        assert done.returncode == 1
        assert (b"\x1b[1;31merror[ND201]\x1b[0m" in shown) == coloured_there


def test_a_line_that_no_hand_has_written_is_not_searched_for_slips() -> None:
    found = analyse("input 3x8x8\n" + "a" * 100_000 + "-64-2\n").diagnostics
    assert [(problem.code, problem.help) for problem in found] == [
        ("ND103", "this one has 100,000: a name such as `stem` is enough, and `#` begins a remark about it"),
        ("ND101", "a layer has its channels once, right behind its kernel: `conv3-64`"),
    ]
    (short,) = analyse("input 3x8x8\nconv3-64-2\n").diagnostics
    assert short.help == "a stride stands after a `/`: `conv3-64/2`"


# -- check and strictness ----------------------------------------------------------------------------------------------


def ran(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main([str(word) for word in words])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_findings_are_counted_at_the_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken, partly = tmp_path / "broken.net", tmp_path / "partly.net"
    broken.write_text("input 3x8x8\nrleu\n", encoding="utf-8")
    partly.write_text("input 3x8x8\ntable A | B | C { relu | rleu | gelu }\n", encoding="utf-8")
    assert ran(capsys, "check", tmp_path / "none.net")[2].endswith("\n\n1 error in 1 file\n")
    assert ran(capsys, "check", broken)[2].endswith("\n\n1 error in 1 file\n")
    assert ran(capsys, "check", partly)[2].endswith("\n\n1 error in 1 file\n")
    assert ran(capsys, "check", partly, broken, tmp_path / "none.net")[2].endswith("\n\n3 errors in 3 files\n")


def test_every_variant_is_checked_though_the_default_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.net"
    rows = "  rleu | relu | glu1\n  relu | xyz | relu\n"
    file.write_text(f"input 3x8x8\ntable A | B | C {{\n{rows}}}\ncnov3-8\n", encoding="utf-8")
    code, _, shown = ran(capsys, "check", file)
    heads = [line.partition("]: ")[2] for line in shown.splitlines() if line.startswith("error[")]
    assert (code, heads) == (
        1,
        [
            "there is no layer or block called `rleu` (in variant `A`)",
            "there is no layer or block called `glu1` (in variant `C`)",
            "there is no layer or block called `xyz` (in variant `B`)",
            "there is no layer or block called `cnov3`",
        ],
    )


def test_one_mistake_with_other_numbers_in_each_variant_is_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.net"
    text = "param n = 3\nvariant a: n = 4\nvariant b: n = 5\ninput 3x8x8\nconv3-{n/2}\nconv{n}-8 groups=2\n"
    file.write_text(text, encoding="utf-8")
    _, _, shown = ran(capsys, "check", file)
    heads = [line for line in shown.splitlines() if line.startswith("error[")]
    assert [line for line in heads if "ND207" in line] == [
        "error[ND207]: `channels` must be whole, and this is 1.5 (without a variant and in variant `b`)"
    ]


def test_a_problem_without_a_place_says_its_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [tmp_path / f"{name}.net" for name in "ab"]
    for file in files:
        file.write_text("input 3x8x8\nrelu\n", encoding="utf-8")
    _, _, shown = ran(capsys, "check", *files, "--variant", "big")
    assert [line for line in shown.splitlines() if line] == [
        f"error[ND003]: {files[0]}: there is no variant called `big`",
        "  = help: the net has no variants: leave the name out",
        f"error[ND003]: {files[1]}: there is no variant called `big`",
        "  = help: the net has no variants: leave the name out",
        "2 errors in 2 files",
    ]


@pytest.mark.parametrize("command", ["build", "stats", "draw", "expand", "ir"])
def test_strict_commands_take_warnings_as_errors(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.net").write_text("input 3x8x8\nblock unused { relu }\nconv3-4, relu\n", encoding="utf-8")
    out = {"build": ["--no-run", "-o", "a.out"], "draw": ["-o", "a.svg"]}.get(command, [])
    assert ran(capsys, command, "a.net", *out)[0] == 0
    for left in (*tmp_path.glob("a.out"), *tmp_path.glob("a.svg")):
        left.unlink()
    code, _, shown = ran(capsys, command, "a.net", "--strict", *out)
    assert code == 1
    assert "error[ND303]: the block `unused` is never called" in shown
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.net"]
    Path("a.net").write_text("input 3x8x8\nallow ND303\nblock unused { relu }\nconv3-4, relu\n", encoding="utf-8")
    assert ran(capsys, command, "a.net", "--strict", *out)[0] == 0


def test_strict_check_reports_errors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.net"
    file.write_text("input 3x8x8\nmaxpool3/2\n", encoding="utf-8")
    code, out, shown = ran(capsys, "check", file)
    assert (code, out, shown.splitlines()[-1]) == (0, "", "1 warning in 1 file")
    code, out, shown = ran(capsys, "check", "--strict", file)
    assert (code, out, shown.splitlines()[-1]) == (1, "", "1 error in 1 file")
    assert shown.startswith("error[ND301]")


def test_what_is_not_read_any_more_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.net"
    file.write_text("input 3x8x8\n" + "relu |\n" * 30, encoding="utf-8")
    _, _, shown = ran(capsys, "check", file)
    assert shown.endswith("\n20 errors in 1 file\n")
    assert f"note: {file}: over 19 lines cannot be read; what comes after them was not looked at" in shown
