"""What the compiler says, word for word: tests/diagnostics/NAME.net is compiled, NAME.txt is what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from netdsl.diagnostics import CODES, Diagnostic, NetdslError, Note, Source, Span, count, nearest, render, sort
from netdsl.elaborate import LIMITS, Compilation, analyse, compile

FOLDER = Path(__file__).parent / "diagnostics"
NAMES = sorted(path.stem for path in FOLDER.glob("*.net"))

#: What some files are compiled with.
OPTIONS: dict[str, dict[str, Any]] = {
    "table-labels": {"variant": "B"},
    "outside-variant": {"variant": "smal"},
    "outside-set": {"set": {"width": "wide"}},
    "outside-input": {"input": "3x32x32x32x32"},
}

#: Codes that no text of a spec brings about: files, the command line, the formatter, the runtime.
NOT_OF_TEXTS = {"ND001", "ND002", "ND104", *(f"ND{n:03}" for n in (*range(6, 12), *range(401, 413)))}


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Compilation]:
    """Compiles a file of the folder under its bare name."""
    monkeypatch.chdir(FOLDER)
    return lambda name: analyse(Path(f"{name}.net"), **OPTIONS.get(name, {}))


@pytest.mark.parametrize("name", NAMES)
def test_diagnostics(name: str, compiled: Callable[[str], Compilation], golden: Callable[[str, str], None]) -> None:
    found = compiled(name)
    assert found.diagnostics
    golden(f"../diagnostics/{name}.txt", render(found.diagnostics, found.sources) + "\n")


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
    for problem in compiled(name).diagnostics:
        assert problem.code in CODES
        said = [problem.message, *(note.message for note in (*problem.notes, *problem.trace))]
        for text in [*said, *([problem.help] if problem.help else [])]:
            assert text
            assert "\n" not in text
            assert not text.endswith(".")
            assert text[0] == text[0].lower() or text.startswith(("LeNet-5", "PyTorch"))
            assert text.count("`") % 2 == 0
            for word in ("None", "True", "False", "tree.", "Traceback", "<class"):
                assert word not in text


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
    message = "cannot read `smal.net`: No such file or directory"
    assert said("smal.net") == ("ND001", message, "did you mean `small.net`?")
    assert said(tmp_path) == ("ND001", f"`{tmp_path}` is a folder", None)
    assert said("")[0] == "ND001"
    assert said("binary.net") == ("ND002", "`binary.net` is no UTF-8 text: byte 12 is 0xff", None)
    assert said("nul.net") == ("ND002", "`nul.net` is no text: it has NUL bytes", None)
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
    lines = render([Diagnostic("ND201", "m", at("line\nx"))], [TEXT]).splitlines()
    assert lines[1] == " --> a.net:2:11"
    assert lines[3] == "2 |     second 幅 line"
    assert lines[4] == "  |               ^^^^"


def test_long_lines_are_cut_around_the_place() -> None:
    row, pointer = render([Diagnostic("ND201", "m", at("wrong"))], [TEXT]).splitlines()[3:5]
    assert len(row) < 160
    assert row.index("wrong") == pointer.index("^^^^^")
    assert row.count("…") == 2


def test_notes_traces_help_and_a_count() -> None:
    problem = Diagnostic(
        "ND212", "message", at("second"), (Note(at("first"), "here"),), "do this", (Note(at("line"), "in `f`"),)
    )
    text = render([problem, Diagnostic("ND301", "warned"), problem], [TEXT])
    assert text.splitlines() == [
        "warning[ND301]: warned",
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
    import re

    problem = Diagnostic("ND212", "message", at("second"), (Note(at("first"), "here"),), "do this")
    plain, coloured = (render([problem], [TEXT], colour=colour) for colour in (False, True))
    assert plain != coloured
    assert re.sub(r"\033\[[0-9;]*m", "", coloured) == plain


def test_control_characters_do_not_reach_the_terminal() -> None:
    source = Source("a.net", "a \x1b[31m b\n")
    text = render([Diagnostic("ND103", "bad \x1b[31m", Span(0, 2, 3))], [source])
    assert "\x1b" not in text


def test_order_and_repetition() -> None:
    first, second = Diagnostic("ND201", "m", at("first")), Diagnostic("ND201", "m", at("second"))
    bare = Diagnostic("ND001", "m")
    assert sort([second, first, bare, second]) == [bare, first, second]
    assert count([bare, first, Diagnostic("ND301", "w"), Diagnostic("ND302", "w")]) == "2 errors, 2 warnings"


def test_nearest_folds_case_and_may_find_none() -> None:
    assert nearest("CONVV", ["conv", "relu"]) == "conv"
    assert nearest("zzz", ["conv", "relu"]) is None
    assert nearest("a", []) is None
