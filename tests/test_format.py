"""The canonical layout: what it does to a text, that it does it once, and that nothing of what is said changes."""

from __future__ import annotations

import os
import random
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import netdsl
from netdsl.cli import main
from netdsl.diagnostics import Source
from netdsl.diagnostics.printing import render
from netdsl.elaborate import analyse
from netdsl.ir.print import text as graph_text
from netdsl.syntax import format as formatter
from netdsl.syntax import layout
from netdsl.syntax.format import format, same
from netdsl.syntax.parse import parse
from tests import nets

ROOT = Path(__file__).parent.parent
SPECS = sorted((ROOT / "specs").glob("*.net"))
TORTURE = Path(__file__).with_name("torture.net")
#: Every text of a spec in the project that can be read.
TEXTS = {
    path.relative_to(ROOT).as_posix(): path.read_bytes().decode("utf-8")
    for path in [*SPECS, TORTURE, *sorted((ROOT / "tests" / "checkpoints").glob("*.net"))]
}


def formatted(text: str) -> str:
    """The canonical layout of a text, which must be one that can be read."""
    made, problems = format(Source("a.net", text))
    assert made is not None, render(problems, [Source("a.net", text)])
    return made


def comments(text: str) -> list[str]:
    """A text's comments, without the blanks behind their signs."""
    tree, _ = parse(Source("", text), 0)
    assert tree is not None
    return [re.sub(r"\A(#+)\s+", r"\1", comment.text) for comment in tree.comments]


def says_the_same(one: str, other: str) -> bool:
    """Whether two texts have the same tree, spans aside, and the same comments."""
    trees = [parse(Source("", text), 0)[0] for text in (one, other)]
    assert trees[0] is not None
    assert trees[1] is not None
    return same(trees[0].statements, trees[1].statements) and comments(one) == comments(other)


# -- what it does -----------------------------------------------------------------------------------------------------


def test_everything_at_once(golden: Callable[[str, str], None]) -> None:
    golden("fmt-torture.net.txt", formatted(TORTURE.read_text(encoding="utf-8")))


CASES = {
    "blanks between words": (
        "conv3 - 64 / 2   groups = 2\tpad=0×1 ,relu ->3x8 x 8 allow   ND301",
        "conv3-64/2 groups=2 pad=0x1, relu -> 3x8x8 allow ND301",
    ),
    "two words are not made one": ("soft\t-max eval, soft - max ×2", "soft -max eval, soft -max ×2"),
    "repeats have the sign of multiplication and a blank before it": (
        "conv3-64×2, a x3, [ b ] x {n}, c × n",
        "conv3-64 ×2, a ×3, [b] ×{n}, c ×n",
    ),
    "a repeat before what belongs to the layer stays close": (
        "conv3-64x2 valid, conv3-64×2 groups = 2, conv3-64×{n} +bn, conv3-64×{n} as a",
        "conv3-64×2 valid, conv3-64×2 groups=2, conv3-64×{n} +bn, conv3-64 ×{n} as a",
    ),
    "sizes have the letter": ("input 3×224×{2*n}\na -> 3 x 224×w", "input 3x224x{2*n}\na -> 3 x 224 x w"),
    "kernels stay as they are": ("conv1×7-8, conv1x7-8, conv{k}×{k}-8", "conv1×7-8, conv1x7-8, conv{k}×{k}-8"),
    "suffixes": ("conv3-8+bn+ relu, conv3-8 + bn eps = 1e-3", "conv3-8 +bn +relu, conv3-8 +bn eps=1e-3"),
    "expressions": (
        "f( - 1,a+b *c, (a-1) // 2 ** n,not a==b and-c<2, in . c % 2)",
        "f(-1, a + b*c, (a - 1)//2**n, not a == b and -c < 2, in.c%2)",
    ),
    "arguments by name": (
        "f(s = 2, t = g(1 + 1), u=i+1, v=not a, w = @b)",
        "f(s=2, t=g(1 + 1), u = i + 1, v = not a, w=@b)",
    ),
    "parameters": ("block b ( c,s=1 ) {relu}", "block b(c, s = 1) { relu }"),
    "empty brackets": ("block b ( ) { }\nadd { }\n[ ]\nf( )\n[\n\n]", "block b() {}\nadd {}\n[]\nf()\n[]"),
    "joins and ifs": (
        "add{a|b}\nif a{b}else{c}\nconcat {|a|  b}",
        "add { a | b }\nif a { b } else { c }\nconcat { | a | b }",
    ),
    "labels and references": ("a.0 :b\nreuse  a . 0, @ a.{i+1}", "a.0: b\nreuse a.0, @a.{i + 1}"),
    "ranges and texts": ('droppath 0 .. {p} "a  b"', 'droppath 0..{p} "a  b"'),
    "no comma at an end": ("[a, b,]\n[\n  a,\n  b,\n]\nf(1, 2,)", "[a, b]\n[\n  a,\n  b\n]\nf(1, 2)"),
    "blank lines": ("\n\na\n\n\n\nb\n[\n\n  a\n\n]\n\n\n", "a\n\nb\n[\n  a\n]\n"),
    "line ends": ("a\nb  # c\r\n\r\n\nc", "a\nb  # c\n\nc"),
    "comments": ("#a\n##b\n#!c\n# d   \na #e\n  # f\n", "# a\n## b\n#!c\n# d\na  # e\n# f"),
    "indentation": (
        "block b {\nadd {\n      a\n  | [\n c\n]\n}\n    # of b\n}",
        "block b {\n  add {\n    a\n    | [\n        c\n      ]\n  }\n  # of b\n}",
    ),
    "a branch keeps to its column": ("add {\na\nb\n| c\nd\n}", "add {\n  a\n  b\n  | c\n    d\n}"),
    "a bar begins its line": ("add { a |\n b | # b\n c }", "add {\n  a\n  | b  # b\n  | c\n}"),
    "a comma ends its line": ("a\n, b # c\n\n,\nd", "a,\nb,  # c\n\nd"),
    "else follows its bracket": ("if a {\nb\n}\n\nelse\t{\nc\n}", "if a {\n  b\n} else {\n  c\n}"),
    "else after a comment": ("if a {\nb\n} # c\nelse {\nd\n}", "if a {\n  b\n}  # c\nelse {\n  d\n}"),
    "brackets over lines": ("[ a,\n b ]\nf: [a\n]", "[\n  a,\n  b\n]\nf: [\n  a\n]"),
    "brackets right in one another": (
        "block b { add {\na\n| b\n} }\nx: [y, z: [\na\n]]",
        "block b { add {\n  a\n  | b\n} }\nx: [y, z: [\n  a\n]]",
    ),
    "arguments over lines": (
        "f(1,\n2\n)\nf(\n1,\n2)\nblock b(c,\nd) {\nrelu\n}",
        "f(1,\n  2)\nf(\n  1,\n  2\n)\nblock b(c,\n        d) {\n  relu\n}",
    ),
    "declarations over lines": (
        "param a = 1,\nb = 2\nexpect x: params=3,\nmacs<4",
        "param a = 1,\n  b = 2\nexpect x: params = 3,\n  macs < 4",
    ),
    "statements of one kind": (
        "style conv=_,relu\nstyle fc=_\n\nstyle bn = _\ninit conv= zeros\ninit fc,dwconv   =ones",
        "style conv = _, relu\nstyle fc   = _\n\nstyle bn = _\ninit conv       = zeros\ninit fc, dwconv = ones",
    ),
    "parameters of one line each": (
        "param a = 1\nparam width = 2\nparam b = 1, c = 2",
        "param a     = 1\nparam width = 2\nparam b = 1, c = 2",
    ),
    "variants": (
        "variant a\nvariant b: n=1, drop=0.25, e=f\nvariant long: n=16, drop=0.5, g=h\nvariant c=a\nvariant dd=b:n=2",
        "variant a\nvariant b:    n =  1, drop = 0.25, e = f\nvariant long: n = 16, drop =  0.5, g = h\n"
        "variant c  = a\nvariant dd = b: n = 2",
    ),
    "expectations": (
        "expect a:params=3,macs( train )<=400,depth=1\nexpect bcd: params = 40, macs(train) <= 5\nexpect params=3",
        "expect a:   params =  3, macs(train) <= 400, depth = 1\nexpect bcd: params = 40, macs(train) <=   5\n"
        "expect params = 3",
    ),
    "units": (
        "expect params<1 M, memory=8GiB, downsampling=3×{n}",
        "expect params < 1 M, memory = 8 GiB, downsampling = 3x{n}",
    ),
    "repeats in a column": (
        "conv3-64 ×2, maxpool\nrelu\nconv3-128 ×10, maxpool",
        "conv3-64  ×2, maxpool\nrelu\nconv3-128 ×10, maxpool",
    ),
    "arguments in columns": (
        'x: f(1,2,"a",s=2)\ny: f(100,c,"abc")\n\nz: f(1, 2)',
        'x: f(  1, 2, "a",   s=2)\ny: f(100, c, "abc")\n\nz: f(1, 2)',
    ),
    "one argument is no column": ("f(1)\nf(100)", "f(1)\nf(100)"),
    "calls in a column": (
        "[f(1,2), f(3,4) ×2]\n[f(10,2,s=1), f(3,4)]",
        "[f( 1, 2),      f(3, 4) ×2]\n[f(10, 2, s=1), f(3, 4)]",
    ),
    "sizes in a column, brackets or not": (
        "conv3-64 -> 64x8x8\nfeatures: [\nmaxpool -> 4x4\nrelu\n]\ngap -> 1x1\n\nfc-10 -> 10",
        "conv3-64  -> 64x8x8\nfeatures: [\n  maxpool -> 4x4\n  relu\n]\ngap       -> 1x1\n\nfc-10 -> 10",
    ),
    "what is far longer stands apart": (
        "a -> 1\nbb -> 2\nadd { conv3-128, conv3-128, conv3-128 | id } -> 3\nc -> 4",
        "a  -> 1\nbb -> 2\nadd { conv3-128, conv3-128, conv3-128 | id } -> 3\nc  -> 4",
    ),
    "comments in a column": (
        "a # b\nccc    # d\nd\ne # f",
        "a    # b\nccc  # d\nd\ne  # f",
    ),
    "a table": (
        "table A|B2 {\nconv3-64 ×2|conv3-128 ×16\n|relu ->3\nmaxpool -> 4\n  x,y |\n}\ngap -> 5",
        "table A       | B2            {\n  conv3-64 ×2 | conv3-128 ×16\n              | relu -> 3\n"
        "  maxpool     -> 4\n  x, y        |\n}\ngap           -> 5",
    ),
    "a table whose rows have labels": (
        "t: table\nA|B|C {\nx1: a|b|c\nx2: aaa\n|b|c\n}\ntable A | B {\nlayer: a | b\n}",
        "t: table\n  A     | B | C {\n  x1: a | b | c\n  x2: aaa\n        | b | c\n}\n"
        "table    A | B {\n  layer: a | b\n}",
    ),
    "sizes in cells": (
        "table\nA | B {\na -> 1 | b\nbbb -> 22 | cc -> 3\nmaxpool ->4\n}",
        "table\n  A             | B       {\n  a       -> 1  | b\n  bbb     -> 22 | cc -> 3\n  maxpool -> 4\n}",
    ),
    "columns named by a comment": (
        "#         1×1  pool proj  k\nblock inc(a,b,c,d=1) { f(a) }\n# a  b\nblock inc(a,  b) { f(a) }",
        "#         1×1  pool proj  k\nblock inc(a,   b,         c, d = 1) { f(a) }\n# a  b\nblock inc(a, b) { f(a) }",
    ),
    "nothing": ("", ""),
    "comments alone": ("\n\n#a\n\n\n  # b\n\n", "# a\n\n# b"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_rule(name: str) -> None:
    before, after = CASES[name]
    made = formatted(before)
    assert made == (after if after.endswith("\n") or not after else f"{after}\n")
    assert formatted(made) == made
    assert says_the_same(before, made)


# -- what it never does -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TEXTS)
def test_it_says_the_same_and_is_done_at_once(name: str) -> None:
    made = formatted(TEXTS[name])
    assert says_the_same(TEXTS[name], made)
    assert formatted(made) == made


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_it_keeps_the_graph(spec: Path) -> None:
    text = spec.read_text(encoding="utf-8")
    before, after = (analyse(version) for version in (text, formatted(text)))
    assert before.graph is not None
    assert after.graph is not None
    assert graph_text(after.graph) == graph_text(before.graph)
    assert netdsl.stats(after.graph).totals == netdsl.stats(before.graph).totals


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_shipped_specs_have_the_layout(spec: Path) -> None:
    text = spec.read_bytes().decode("utf-8")
    assert formatted(text) == text, f"`netdsl fmt {spec.relative_to(ROOT)}` mends this"


#: What a text consists of: texts in quotes, comments, blanks, line ends, and the rest.
_PIECES = re.compile(r'"(?:[^"\\\n]|\\.)*"|#[^\n]*|[ \t]+|\n|[^\s"#]+')


def with_other_blanks(text: str, choose: random.Random) -> str:
    """A text with more and other blanks where there are some, in lines that stay; the first ends as it did."""
    found: list[str] = []
    ends = ["\n"]
    for piece in _PIECES.findall(text):
        if not piece.strip(" \t"):
            found.append(choose.choice([" ", "  ", "\t", "      ", " \t "]))
        elif piece == "\n":
            found.append(choose.choice(["", "", "  ", "\t"]) + choose.choice(ends))
            ends = ["\n", "\r\n"]
            found.append(choose.choice(["", "    ", "\t"]))
        else:
            found.append(piece)
    return "".join(found)


def with_other_lines(text: str, choose: random.Random) -> str:
    """A text with line breaks, blank lines and comments where they may stand, or nearly so."""

    def broken(sign: str) -> str:
        if choose.random() > 0.15:
            return sign
        new = choose.choice(
            ["\n", "\n\n", " # note\n", "\n# alone\n", "\n\n\n  #x\n\n", ",\n" if sign in ")]}" else "\n"]
        )
        if sign in "([{":
            return sign + new
        if sign in ")]}":
            return new + sign
        return choose.choice([new + sign, sign + new, new + sign + new])

    found = []
    for piece in _PIECES.findall(text):
        if piece in ("|", "else") and choose.random() < 0.2:
            found.append(choose.choice([f"{piece}\n", f"\n{piece}", f"\n{piece}\n", f"# c\n{piece} # d\n"]))
        elif piece[0] in '"#' or not piece.strip():
            found.append(piece)
        else:
            found.append(re.sub(r"[\[\](){},]", lambda match: broken(match[0]), piece))
    return "".join(found)


@pytest.mark.parametrize("name", TEXTS)
def test_blanks_within_lines_do_not_matter(name: str) -> None:
    choose = random.Random(name)
    text = TEXTS[name]
    for _ in range(3):
        assert formatted(with_other_blanks(text, choose)) == formatted(text)


randoms = st.integers(0, 2**64 - 1).map(random.Random)


@given(randoms)
@settings(max_examples=60, deadline=None)
def test_random_specs(choose: random.Random) -> None:
    text = nets.spec(choose)
    made = formatted(text)
    assert says_the_same(text, made)
    assert formatted(made) == made
    assert formatted(with_other_blanks(text, choose)) == made
    before, after = (analyse(version).graph for version in (text, made))
    assert before is not None
    assert after is not None
    assert graph_text(after) == graph_text(before)


@given(randoms)
@settings(max_examples=150, deadline=None)
def test_specs_with_lines_broken_anywhere(choose: random.Random) -> None:
    base = choose.choice(list(TEXTS.values())) if choose.random() < 0.5 else nets.spec(choose)
    text = with_other_lines(base, choose)
    made, problems = format(Source("a.net", text))
    if made is None:
        assert {problem.code for problem in problems} <= {"ND101", "ND102"}
    else:
        assert says_the_same(text, made)
        assert formatted(made) == made


#: What slips into texts: signs, and the beginnings of what the language has.
_SLIPS = [
    *'(){}[]|,:=+-*/.@#"\n \t×x0a_\r\f\xa0',
    "->",
    "else",
    "if a {",
    "table A | B {",
    "add {",
    "×2",
    "x 3",
    "reuse ",
]
_SLIPS += ["style ", "block b(", "\n#c\n", " # c\n", ",\n", "\n,", "|\n", "\n|", " allow ND301", "..", "\n\n\n"]


@given(randoms)
@settings(max_examples=200, deadline=None)
def test_slips(choose: random.Random) -> None:
    """Whatever is read is formatted, and what is not is said: never a mistake of its own."""
    parts = choose.choice(list(TEXTS.values())).split("\n\n")
    text = "\n".join(choose.sample(parts, min(2, len(parts))))[:3000]
    for _ in range(choose.choice([1, 1, 2, 3])):
        begin = choose.randrange(len(text) + 1)
        text = text[:begin] + choose.choice(_SLIPS) + text[begin + choose.choice([0, 0, 1, 4]) :]
    made, problems = format(Source("a.net", text))
    if made is None:
        assert problems
        assert {problem.code for problem in problems} <= {"ND101", "ND102"}
    else:
        assert says_the_same(text, made)
        assert formatted(made) == made


def test_a_word_that_is_called_like_the_sign_stays_apart() -> None:
    assert formatted("crop to=x 6\n") == "crop to=x 6\n"
    assert formatted("conv3-x 6, pad {x} mode=x\n") == "conv3-x 6, pad {x} mode=x\n"


@pytest.mark.parametrize("text", ["relu\n# a", "relu\n# a\n# b", "relu # a", "# a", "relu\n\n# a # b"])
def test_a_comment_at_the_end_needs_no_end_of_line(text: str) -> None:
    made = formatted(text)
    assert made == formatted(text + "\n")
    assert made.split() == text.split()


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_comments_stay_in_their_lines(spec: Path) -> None:
    text = spec.read_text(encoding="utf-8")

    def lines(text: str) -> list[str]:
        return ["".join(line.split()) for line in text.splitlines()]

    assert lines(formatted(text)) == lines(text)


_WORDS = re.compile(r'"(?:[^"\\\n]|\\.)*"|#[^\n]*|\n|\w+|\S')


def places(text: str) -> list[tuple[str, int, bool | None]]:
    """Each comment, with how much is said before it, and whether it has its line to itself.

    Of one after a `|` that is not known: the `|` begins the line of its branch, and such a comment stands above that.
    """
    found = []
    said, before = 0, "\n"
    for word in _WORDS.findall(text):
        if word[0] == "#":
            alone = None if before == "|" else before == "\n"
            found.append((re.sub(r"\A(#+)\s+", r"\1", word.rstrip()), said, alone))
        elif word not in ",|[](){}\n" and word != "else":
            said += len(word)
        if word != ",":
            before = word
    return found


@given(randoms)
@settings(max_examples=60, deadline=None)
def test_comments_stay_by_what_they_are_about(choose: random.Random) -> None:
    lines = (choose.choice(list(TEXTS.values())) if choose.random() < 0.3 else nets.spec(choose)).split("\n")
    for number, line in enumerate(lines):
        above = f"# above {number}\n" if choose.random() < 0.2 else ""
        lines[number] = above + line + (f" #behind {number}" if choose.random() < 0.3 else "")
    text = "\n".join(lines)
    if choose.random() < 0.5:
        text = with_other_lines(text, choose)
    made, _ = format(Source("a.net", text))
    if made is not None:
        for one, other in zip(places(text), places(made), strict=True):
            assert one[:2] == other[:2]
            assert one[2] == other[2] or one[2] is None


def test_time_grows_with_length() -> None:
    # thousands of anything in one line, and nothing that takes the square of it
    for text in (
        "f(1, 2), " * 1500 + "a\n" + "f(1, 2), " * 1500 + "a\n",
        "variant a: " + ", ".join(f"p{i} = {i}" for i in range(1500)) + "\n",
        "expect a: " + ", ".join(["params = 1"] * 1500) + "\nexpect b: " + ", ".join(["params = 10"] * 1500) + "\n",
        "table " + "|".join(f"c{i}" for i in range(2000)) + " {\n" + ("|".join(["a"] * 2000) + "\n") * 2 + "}\n",
        "add {\n" + "| a -> 3\n" * 1500 + "}\n",
    ):
        assert len(formatted(text)) > 4_000


# -- what it refuses --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("net a\nconv3-\n", "ND101"),
        ("[ a\n", "ND102"),
        ("a # \u2028 b\n", "ND103"),
        ("# \x07\na\n", "ND103"),
        ("[" * 101 + "a" + "]" * 101, "ND218"),
    ],
)
def test_what_cannot_be_read_is_said(text: str, code: str) -> None:
    made, problems = format(Source("a.net", text))
    assert made is None
    assert [problem.code for problem in problems] == [code]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda text: text.replace("conv3-64", "conv3-65"),
        lambda text: text.replace("# note", "# not"),
        lambda text: text.replace("conv3-64", "conv3 {64}"),
        lambda text: text.replace("a, b", "a\nb"),
        lambda text: re.sub(r"\n +\| y", " | y", text),
        lambda text: text.replace("[", "[["),
    ],
)
def test_a_mistake_of_its_own_is_never_written(monkeypatch: pytest.MonkeyPatch, wrong: Callable[[str], str]) -> None:
    text = "conv3-64,relu # note\n[a, b]\ntable A | B {\n  x\n  | y\n}\n"
    assert format(Source("a.net", text))[0] is not None
    real = layout.text
    monkeypatch.setattr(layout, "text", lambda lines, behind: wrong(real(lines, behind)))
    made, problems = format(Source("a.net", text))
    assert made is None
    assert [problem.code for problem in problems] == ["ND104"]
    assert "`a.net`" in problems[0].message


def test_a_mistake_with_a_glued_repeat_is_seen_too(monkeypatch: pytest.MonkeyPatch) -> None:
    real = layout.text
    monkeypatch.setattr(layout, "text", lambda lines, behind: real(lines, behind).replace("×2", "×3"))
    made, problems = format(Source("a.net", "conv3-64×2\n"))
    assert made is None
    assert problems[0].code == "ND104"


def test_one_reading_leaves_nothing_to_the_next() -> None:
    assert format(Source("", "a ]"))[0] is None
    assert formatted("a,b") == "a, b\n"
    assert formatter.format(Source("", "a,b"))[0] == "a, b\n"


# -- the command ------------------------------------------------------------------------------------------------------

MESSY = "net  a\ninput 3x8x8\nconv3-8,relu  # c\n"
NEAT = "net a\ninput 3x8x8\nconv3-8, relu  # c\n"


class Ran:
    """One run of ``netdsl fmt``: its exit code and what it printed."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs ``netdsl fmt`` in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Ran:
        code = main(["fmt", *arguments])
        printed = capsys.readouterr()
        return Ran(code, printed.out, printed.err)

    return run


def test_files_are_formatted_in_place(run: Run) -> None:
    Path("a.net").write_text(MESSY)
    Path("b.net").write_text(NEAT)
    shown = run("a.net", "b.net")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out == "formatted: a.net\n2 files: 1 formatted\n"
    assert Path("a.net").read_text() == NEAT
    before = Path("b.net").stat().st_mtime_ns
    shown = run("a.net", "b.net")
    assert (shown.code, shown.out) == (0, "2 files: nothing to do\n")
    assert Path("b.net").stat().st_mtime_ns == before


def test_check_names_what_would_change_and_writes_nothing(run: Run) -> None:
    Path("a.net").write_text(MESSY)
    Path("b.net").write_text(NEAT)
    shown = run("--check", "a.net", "b.net")
    assert (shown.code, shown.err) == (1, "")
    assert shown.out == "would change: a.net\n2 files: 1 would change\n"
    assert Path("a.net").read_text() == MESSY
    shown = run("--check", "b.net")
    assert (shown.code, shown.out) == (0, "1 file: nothing to do\n")


def test_diff_is_one_that_patch_takes(run: Run) -> None:
    Path("a.net").write_text(MESSY)
    shown = run("--diff", "a.net")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out == (
        "--- a.net\n+++ a.net (formatted)\n@@ -1,3 +1,3 @@\n-net  a\n+net a\n input 3x8x8\n"
        "-conv3-8,relu  # c\n+conv3-8, relu  # c\n"
    )
    assert Path("a.net").read_text() == MESSY
    both = run("--check", "--diff", "a.net")
    assert (both.code, both.out) == (1, shown.out)
    assert both.err == "would change: a.net\n1 file: 1 would change\n"
    Path("a.net").write_text(NEAT.rstrip())
    assert run("--diff", "a.net").out.endswith("\\ No newline at end of file\n+conv3-8, relu  # c\n")
    Path("a.net").write_text(NEAT)
    assert run("--diff", "a.net").out == ""


def test_a_mark_of_byte_order_goes(run: Run) -> None:
    Path("a.net").write_bytes(b"\xef\xbb\xbf" + NEAT.encode())
    assert run("--check", "a.net").code == 1
    assert run("--diff", "a.net").out.startswith("--- a.net\n")
    assert run("a.net").code == 0
    assert Path("a.net").read_bytes() == NEAT.encode()


def test_lines_end_as_the_first_of_them_does(run: Run) -> None:
    windows = NEAT.replace("\n", "\r\n").encode()
    Path("a.net").write_bytes(windows)
    assert run("--check", "a.net").code == 0
    assert run("--diff", "a.net").out == ""
    Path("a.net").write_bytes(MESSY.replace("\n", "\r\n").encode())
    assert run("a.net").code == 0
    assert Path("a.net").read_bytes() == windows
    first, rest = NEAT.split("\n", 1)
    for ends, kept in (("\r\n", windows), ("\n", NEAT.encode())):
        other = rest if ends == "\r\n" else rest.replace("\n", "\r\n")
        Path("a.net").write_bytes((first + ends + other).encode())
        assert run("--check", "a.net").code == 1
        assert run("a.net").code == 0
        assert Path("a.net").read_bytes() == kept


def test_what_has_errors_stays_and_the_rest_is_done(run: Run) -> None:
    Path("bad.net").write_text("net  a\nconv3-\nconv3-8,relu )\n")
    Path("a.net").write_text(MESSY)
    shown = run("bad.net", "none.net", "a.net")
    assert shown.code == 1
    assert "error[ND101]" in shown.err
    assert "error[ND102]" in shown.err
    assert "error[ND001]" in shown.err
    assert "Traceback" not in shown.err
    assert shown.out == "formatted: a.net\n3 files: 1 formatted, 2 with errors\n"
    assert Path("bad.net").read_text() == "net  a\nconv3-\nconv3-8,relu )\n"
    assert Path("a.net").read_text() == NEAT


def test_a_net_that_does_not_compile_is_formatted(run: Run) -> None:
    Path("a.net").write_text("convv3-8,nothing\n")
    assert run("a.net").code == 0
    assert Path("a.net").read_text() == "convv3-8, nothing\n"


def test_a_shipped_spec_is_printed(run: Run) -> None:
    shown = run("zoo:resnet")
    spec = ROOT / "specs" / "resnet.net"
    assert (shown.code, shown.err) == (0, "")
    assert shown.out == formatted(spec.read_text(encoding="utf-8"))
    assert list(Path().iterdir()) == []
    missing = run("zoo:resnt")
    assert missing.code == 1
    assert "did you mean `zoo:resnet`?" in missing.err


def test_the_standard_input_is_printed() -> None:
    words = [sys.executable, "-m", "netdsl", "fmt", "-"]
    done = subprocess.run(words, input=MESSY, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, NEAT, "")
    done = subprocess.run([*words, "--check"], input=MESSY, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "would change: <stdin>\n1 file: 1 would change\n")
    done = subprocess.run(words, input="conv3-\n", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "error[ND101]" in done.stderr


def test_permissions_and_links_stay(run: Run) -> None:
    Path("a.net").write_text(MESSY)
    Path("a.net").chmod(0o640)
    Path("link.net").symlink_to("a.net")
    assert run("link.net").code == 0
    assert Path("link.net").is_symlink()
    assert Path("a.net").read_text() == NEAT
    assert stat.S_IMODE(Path("a.net").stat().st_mode) == 0o640
    assert sorted(path.name for path in Path().iterdir()) == ["a.net", "link.net"]


def test_a_write_that_fails_leaves_the_old_file(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("a.net").write_text(MESSY)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    shown = run("a.net")
    assert shown.code == 1
    assert "error[ND006]: `a.net` cannot be written: no space left on device" in shown.err
    assert shown.out == "1 file: 1 with errors\n"
    assert Path("a.net").read_text() == MESSY
    assert [path.name for path in Path().iterdir()] == ["a.net"]


def test_no_heavy_library_is_imported(tmp_path: Path) -> None:
    (tmp_path / "a.net").write_text(MESSY)
    code = (
        "import sys; from netdsl.cli import main; main(sys.argv[1:]); "
        "print([m for m in ('pydantic', 'lark', 'torch', 'rich', 'graphviz') if m in sys.modules], file=sys.stderr)"
    )
    words = [sys.executable, "-c", code, "fmt", str(tmp_path / "a.net")]
    assert subprocess.run(words, capture_output=True, text=True, check=True).stderr == "[]\n"
