"""What cannot be read: each mistake at its own place, and no second message about the first."""

from __future__ import annotations

import json

import pytest

from netdsl.diagnostics import Diagnostic, Source, edited
from netdsl.elaborate import analyse
from netdsl.syntax import parse as parsing
from netdsl.syntax import tree
from netdsl.syntax.lalr import TABLES, Parser
from netdsl.syntax.parse import MAX_ERRORS, MAX_NESTING, parse


def read(text: str) -> tuple[tree.File | None, list[Diagnostic]]:
    return parse(Source("t.net", text), 0)


def places(text: str) -> list[tuple[str, int, str]]:
    """Code, line and the text under the carets of every syntax error."""
    source = Source("t.net", text)
    found = []
    for problem in parse(source, 0)[1]:
        assert problem.span is not None
        line, _ = source.position(problem.span.start)
        found.append((problem.code, line, text[problem.span.start : problem.span.end]))
    return found


# -- several errors in one file ----------------------------------------------------------------------------------------


def test_each_wrong_line_is_reported_and_no_other() -> None:
    text = """\
net
input 3x8x8
conv3-
relu
style conv _, relu
maxpool/2/3, relu
param a = 10^3
block f( a b ) { relu }
relu ->
@
expect params
"""
    found = places(text)
    assert [line for _, line, _ in found] == [1, 3, 5, 6, 7, 8, 9, 10, 11]
    assert {code for code, _, _ in found} == {"ND101"}
    assert [under for _, _, under in found] == ["\n", "\n", "_", "/", "^", "b", "\n", "\n", "\n"]


def test_a_wrong_line_inside_brackets_leaves_the_others() -> None:
    text = """\
input 3x8x8
block f {
  relu
  conv3-
  gelu
}
features: [
  conv3-8 ×2 ×3
  maxpool
  concat {
    relu | conv3-8 -8
    | gelu )
  }
]
"""
    assert places(text) == [
        ("ND102", 12, ")"),
        ("ND101", 4, "\n"),
        ("ND101", 8, "×"),
        ("ND101", 11, "-"),
    ]
    text = text.replace(")", ",;")
    assert [(line, under) for _, line, under in places(text)] == [(4, "\n"), (8, "×"), (11, "-"), (12, ";")]
    file, _ = read(text)
    assert file is not None
    assert len(file.statements) == 3
    assert len(file.holes) == 4


def test_a_hole_keeps_the_lines_around_it() -> None:
    text = "input 3x8x8\nf: [\n  conv3-8\n  conv3- oh no !\n  relu\n]\nfc-10\n"
    file, problems = read(text)
    assert len(problems) == 1
    assert file is not None
    group = file.statements[1].items[0].core  # type: ignore[union-attr]
    assert isinstance(group, tree.Group)
    kinds = [type(row.items[0].core) for row in group.rows]
    assert kinds == [tree.Layer, tree.Hole, tree.Layer]
    assert file.holes == ("conv3- oh no !",)


def test_meaning_is_still_checked_around_a_hole() -> None:
    made = analyse("input 3x8x8\nconv3-8\nconv3- 8 8 -\nblok(3)\nexpect foo = 3\n")
    assert made.graph is None
    assert [d.code for d in made.diagnostics] == ["ND101", "ND201", "ND230"]


def test_what_a_hole_would_have_defined_is_no_second_mistake() -> None:
    text = "input 3x8x8\nblock unit(a { conv3-a }\n"
    assert [code for code, _, _ in places(text)] == ["ND102"]
    made = analyse("input 3x8x8\nblock unit(a b) { conv3-a }\nparam width = = 3\nunit(width)\n@left\nleft: : relu\n")
    assert [d.code for d in made.diagnostics] == ["ND101"] * 3


@pytest.mark.parametrize(
    ("broken", "text"),
    [
        ("param width = = 3, d = 2", "conv3-{width}"),
        ("param width = = 3, d = 2", "conv3-8 ×d"),
        ("param width = = 3", "if width > 3 { relu }"),
        ("param width = = 3", "block f(a=width) { conv3-{a} }\nf"),
        ("param width = = 3", "style dropout = _ {width}\ndropout"),
        ("param width = = 3", "relu\nexpect params = width"),
        ("variant big = = 3", "relu\ndefault big"),
        ("variant big = = 3", "variant bigger = big\nrelu"),
        ("variant big = = 3", "relu\nexpect big: params = 0"),
        ("table big | small | | { relu | gelu }", "default big"),
        ("stem conv3-8 ->", "reuse stem"),
        ("stem conv3-8 ->", "init stem = zeros"),
    ],
)
def test_a_hole_may_have_defined_it(broken: str, text: str) -> None:
    assert [d.code for d in analyse(f"input 3x8x8\n{broken}\n{text}\n").diagnostics] == ["ND101"]


def test_what_is_set_from_outside_may_stand_in_a_hole() -> None:
    found = analyse("input 3x8x8\nparam w = = 3\nvariant v = = 3\nrelu\n", variant="v", set={"w": 3})
    assert [d.code for d in found.diagnostics] == ["ND101", "ND101"]


def test_unknown_names_are_reported_beside_a_hole_with_other_words() -> None:
    made = analyse("input 3x8x8\nconvolve(ab) ->\nb\n")
    assert [d.code for d in made.diagnostics] == ["ND101", "ND201"]


def test_errors_are_bounded() -> None:
    assert len(places("relu |\n" * 100)) == MAX_ERRORS


def test_every_line_wrong() -> None:
    assert [line for _, line, _ in places("net\ninput\nconv3-\n")] == [1, 2, 3]


@pytest.mark.parametrize(
    ("text", "line", "under"),
    [
        ("[relu\nrelu\n", 1, "["),
        ("relu\n(\n", 2, "("),
        ("add { relu | [ gelu }\n", 1, "}"),
        ("relu }\n", 1, "}"),
        ("relu\n]\n", 2, "]"),
        ('relu # ( [ {\n"(": gelu ]\n', 2, "]"),
    ],
)
def test_brackets_are_matched_first(text: str, line: int, under: str) -> None:
    assert places(text) == [("ND102", line, under)]


def test_no_more_brackets_than_other_errors_are_reported() -> None:
    for text in ("[relu\ntanh }\n", "net a {\n", ")\n"):
        assert len(read(text * 100)[1]) == MAX_ERRORS


def test_brackets_in_comments_and_texts_are_none() -> None:
    assert places('# ( [ {\n"({[": relu # }\nnet a "]"\n') == []


@pytest.mark.parametrize("char", ["\x00", "\x07", "\u2003", "\u200b\u2003", "\ue000", "\ufeff", "\x0b"])
def test_characters_that_do_not_belong(char: str) -> None:
    found = places(f"relu\nre{char}lu\n")
    assert [(code, line) for code, line, _ in found] == [("ND103", 2)] * len(char)


@pytest.mark.parametrize(
    "text", ["relu; gelu", "relu $", "a = b", "conv3-64 \\", "relu ' '", "× 3", "2", "-> 3", "ünit", "c·d"]
)
def test_stray_signs_have_a_caret(text: str) -> None:
    (found,) = places(f"input 3x8x8\n{text}\nrelu\n")
    assert found[0] == "ND101"
    assert found[1] == 2
    assert found[2].strip()


def test_nesting_is_bounded() -> None:
    deep = MAX_NESTING + 1
    assert places("[" * MAX_NESTING + "]" * MAX_NESTING + "\n") == []
    assert places("[" * deep + "]" * deep + "\n") == [("ND218", 1, "[")]


def test_numbers_and_terms_are_bounded() -> None:
    for text in ("1" * 10_000, "1e999999", "+".join("1" * 3000), "-" * 3000 + "1", "not " * 3000 + "true"):
        made = analyse(f"input 3x8x8\nparam a = {text}\nrelu ×{{a}}\n")
        assert [d.code for d in made.diagnostics] == ["ND219"], text[:20]


def test_a_text_in_quotes_ends_on_its_line() -> None:
    (problem,) = read('"ab: relu\nrelu\n')[1]
    assert problem.message == "this text in quotes does not end on its line"


@pytest.mark.parametrize("text", ["", "\n", "# a comment", "\n\n# a comment\n \t\n"])
def test_an_empty_file_is_read(text: str) -> None:
    file, problems = read(text)
    assert problems == []
    assert file is not None
    assert file.statements == ()


def test_line_ends_of_every_kind() -> None:
    text = "net a\ninput 3x8x8\n\nblock f {\n  relu # why\n}\nf\n[\n  relu,\n  gelu\n]\n"
    plain = read(text)[0]
    assert plain is not None
    for changed in (text.replace("\n", "\r\n"), text.rstrip("\n"), text + "\n\n", text.replace("  ", "\t")):
        file, problems = read(changed)
        assert problems == []
        assert file is not None
        assert [type(s) for s in file.statements] == [type(s) for s in plain.statements]
        assert [c.text for c in file.comments] == ["# why"]


def test_what_is_right_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    class Counting(Parser):
        read = 0

        def next(self, text: str, position: int, state: int) -> tuple[str, int]:
            self.read += 1
            return super().next(text, position, state)

    tables = json.loads(TABLES.read_text(encoding="utf-8"))
    lines = ["relu", "add {", "  conv3-8, relu", "  | id", "}", ""] * 50
    wrong = [*lines, *["relu -> ×", "gelu"] * 10]
    counts = []
    statements = holes = 0
    for text in ("\n".join(lines), "\n".join(wrong)):
        counting = Counting(tables, parsing._builder)
        monkeypatch.setattr(parsing, "_parser", counting)
        file, problems = read(text)
        counts.append(counting.read)
        assert file is not None
        statements, holes = len(file.statements), len(file.holes)
    assert len(problems) == holes == 10
    assert statements == 100 + 20
    assert counts[1] < 1.3 * counts[0]


# -- brackets that do not match, and other mistakes --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "help"),
    [
        ("stem: conv3-{width, relu\n", "add `}` before `,` in line 1"),
        ("a: [f(8, s=2, f(8) ×2]\n", "add `)` before `,` in line 1"),
        ("if a { conv3-8 else { id }\n", "add `}` before `else` in line 1"),
        ("if a { conv3-8 } else id }\n", "add `{` behind `else`"),
        ("if a > 2 or b  down: conv3-8 } else { id }\n", "add `{` behind `if a > 2 or b`"),
        ("a: [relu, conv1-{c//2]}\n", "write `}]`"),
        ("a: [relu, {gelu, conv1-8]\n", "take the `{` out"),
        ("block f(c)\n  conv3-c\n}\n", "add `{` behind `block f(c)`"),
        ("def f(c):\n  conv3-c\n}\n", "it is written `block f(c) {`"),
        ("conv3-width}\n", "write `{width}`"),
        ("a: [[conv3-8, relu]\n", "take it out"),
        ("add [ conv3-8 | id }\n", "write `{` there"),
        ("net a {\ninput 3x8x8\n", "take it out"),
    ],
)
def test_the_bracket_that_lets_most_be_read(text: str, help: str) -> None:
    (problem,) = parse(Source("t.net", text), 0)[1]
    assert (problem.code, str(problem.help)) == ("ND102", help)
    assert read(edited(text, problem.edits))[1] == []


def test_a_bracket_hides_no_other_statement() -> None:
    text = """\
input 3x8x8
block f(c {
  conv3-c foo
}
block g(c) {
  add { conv3-c | id
  relu
}
g(8) ×2
conv3-8,, relu
[gelu, relu
"""
    assert sorted(places(text), key=lambda place: place[1]) == [
        ("ND102", 2, "("),
        ("ND102", 6, "{"),
        ("ND101", 10, ","),
        ("ND102", 11, "["),
    ]


def test_each_of_many_brackets_has_the_same_help() -> None:
    # Long lines behind each: where as much has been tried as may be, what goes untried does not win.
    layers = "  " + ", ".join(["conv3-64"] * 500)
    blocks = (f"block b{at}(c) {{\n  add {{ conv3-c | [conv3-c, relu }}\n{layers}\n}}\n" for at in range(12))
    problems = read("".join(blocks))[1]
    assert [str(problem.help) for problem in problems] == [
        f"add `]` at the end of line {4 * at + 2}" for at in range(12)
    ]


def test_a_closer_is_put_before_comments_below() -> None:
    for text, closed in (
        ("add { relu | id # a\n# b\ntanh\n", "add { relu | id } # a\n# b\ntanh\n"),
        ("add {\n  relu | id # a\n\n  # b\ntanh\n", "add {\n  relu | id # a\n}\n\n  # b\ntanh\n"),
    ):
        (problem,) = read(text)[1]
        assert edited(text, problem.edits) == closed


def test_what_a_help_would_do_can_be_read() -> None:
    """A help of syntax carries edits only if the line is read further with them."""
    lines = ["net a", "input 3x8x8", "block f(c) { relu }"]
    wrong = [
        "default = a",
        "conv3-8:: relu",
        "param n: 3",
        "64-conv3",
        "f(8) 3",
        "stem conv3-8",
        "relu => x",
        "esle { x }",
    ]
    for line in wrong:
        text = "\n".join([*lines, line, ""])
        for problem in read(text)[1]:
            if problem.edits:
                assert len(read(edited(text, problem.edits))[1]) == 0, line
