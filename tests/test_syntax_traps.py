"""What must be read, and what one might well read otherwise."""

from __future__ import annotations

import pytest

from netdsl.diagnostics import Source
from netdsl.elaborate import analyse
from netdsl.syntax import tree
from netdsl.syntax.parse import parse


def rows(text: str) -> tuple[tree.Row, ...]:
    file, problems = parse(Source("t.net", text), 0)
    assert problems == []
    assert file is not None
    return tuple(statement for statement in file.statements if isinstance(statement, tree.Row))


def item(text: str) -> tree.Item:
    """The only item of a text."""
    (row,) = rows(text + "\n")
    (found,) = row.items
    return found


@pytest.mark.parametrize(
    "text",
    [
        "conv3-c ×2",
        "conv3-c×2",
        "conv3-c x2",
        "conv3-c x 2",
        "conv3-c × 2",
        "conv3-{c}×2",
        "conv3-{c} x{2}",
        "conv3-c ×{2}",
    ],
)
def test_a_times_sign_is_no_part_of_a_name_or_number(text: str) -> None:
    found = item(text)
    assert isinstance(found.core, tree.Layer)
    assert isinstance(found.core.channels, tree.Variable)
    assert found.core.channels.name == "c"
    assert found.repeat is not None
    assert found.repeat[0] == 2


@pytest.mark.parametrize(
    "text", ["maxpool×2", "maxpool x2", "maxpool ×2", "conv3-64×2", "conv3-64 ×2", "a×2", "[a]×2", "a()×2"]
)
def test_a_repeat_needs_no_space_where_nothing_else_can_be_meant(text: str) -> None:
    found = item(text)
    assert found.repeat == tree.Literal(2, found.repeat.span) if found.repeat else False


@pytest.mark.parametrize(
    "text", ["conv3x5-8", "conv3×5-8", "conv{3}x5-8", "conv3x{5}-8", "conv{3}×{5}-8", "conv{k}x5-8"]
)
def test_a_kernel_has_no_space(text: str) -> None:
    found = item(text)
    assert isinstance(found.core, tree.Layer)
    assert found.repeat is None


def test_x_is_a_repeat_before_a_number_brace_or_spaced_name_alone() -> None:
    assert item("a x3").repeat is not None
    assert item("a x{n}").repeat is not None
    assert item("a x n").repeat is not None
    flag = item("a xn")
    assert flag.repeat is None
    assert isinstance(flag.core, tree.Layer)
    assert [m.name.text for m in flag.core.modifiers if isinstance(m, tree.Flag)] == ["xn"]


@pytest.mark.parametrize(
    "text",
    ["3x224x224", "3×224×224", "3 x res x res", "3x{res}x{res}", "3 × res × res", "3 x {res} × res", "3×{ res }x res"],
)
def test_one_rule_for_sizes(text: str) -> None:
    file, problems = parse(Source("t.net", f"input {text}\nrelu -> {text}\n"), 0)
    assert problems == []
    assert file is not None
    declared, row = file.statements
    assert isinstance(declared, tree.Input)
    assert isinstance(row, tree.Row)
    assert row.items[0].assertion is not None
    assert len(declared.sizes.parts) == len(row.items[0].assertion.parts) == 3


@pytest.mark.parametrize("name", ["18", "50-32x4d", "1.0", "x0.5", "A-LRN", "b1", "a_b", "0", "net", "if"])
def test_names_of_variants_and_columns(name: str) -> None:
    text = f"variant {name}: a = 1\nvariant z = {name}\ndefault {name}\nexpect {name}: params = 1\n"
    text += f"table {name} | z {{ relu }}\n"
    file, problems = parse(Source("t.net", text), 0)
    assert problems == []
    assert file is not None
    variant, other, default, expect, row = file.statements
    assert isinstance(variant, tree.Variant)
    assert isinstance(other, tree.Variant)
    assert isinstance(default, tree.Default)
    assert isinstance(expect, tree.Expect)
    assert isinstance(row, tree.Row)
    table = row.items[0].core
    assert isinstance(table, tree.Table)
    assert variant.name.text == default.name.text == table.columns[0].text == name
    assert expect.variant is not None
    assert expect.variant.text == name
    assert other.base is not None
    assert other.base.text == name


_KEYWORDS = ["net", "input", "param", "variant", "default", "style", "block", "use", "expect", "init", "allow"]


@pytest.mark.parametrize(
    "word", [*_KEYWORDS, "output", "table", "concat", "add", "as", "reuse", "not", "true", "in", "x", "i"]
)
def test_labels_may_be_words_of_the_language(word: str) -> None:
    for text in (f"{word}: relu", f"{word} : relu", f"{word}.0: relu", f"a.{word}: relu"):
        found = item(text)
        assert found.label is not None
        names = [part.text for part in found.label.parts if isinstance(part, tree.Name)]
        assert word in names


@pytest.mark.parametrize("word", ["if", "else"])
def test_two_words_are_no_labels(word: str) -> None:
    source = Source("t.net", f"relu\n{word}: relu\n")
    (problem,) = parse(source, 0)[1]
    assert problem.span is not None
    assert source.position(problem.span.start)[0] == 2


@pytest.mark.parametrize("word", ["iffy", "elsewhere", "if_", "else1", "x1", "reused", "network"])
def test_words_that_begin_like_keywords(word: str) -> None:
    found = item(f"{word}: {word} as {word}")
    assert found.label is not None
    assert isinstance(found.core, tree.Layer)
    assert found.core.word.text == word


def test_soft_max_is_one_word() -> None:
    for text in ("soft-max", "Soft-Max", "SOFT-MAX eval", "conv3-8 +soft-max"):
        assert isinstance(item(text).core, tree.Layer)
    layer = item("Soft-Max eval").core
    assert isinstance(layer, tree.Layer)
    assert layer.word.text == "Soft-Max"
    assert layer.channels is None


@pytest.mark.parametrize(
    "text",
    [
        "add { id }",
        "add { | id }",
        "add {\n| id\n}",
        "add {\n  # why\n  a  # here\n  # or there\n  |  # behind\n  # and below\n  b\n  # last\n}",
        "concat { a\nb | c, d\n| e }",
        "if a { b }\nelse { c }",
        "if a { b } # why\n# how\nelse { c }",
        "if a { b } else if c { d } else { e }",
        "if a { b }\nelse if c { d }\nelse { e }",
        "if not a and -b < +c { }",
        "[]",
        "[\n]",
        "[ # nothing\n]",
        "[a,\nb]",
        "[a,]",
        "[\na\n,b\n]",
        "f(\n1,\n2\n)",
        "f(1,)",
        "f(\n1,\n2,\n)",
        "f(@a, b=min(1, 2,),)",
        "table A\n| B {\na | b\n}",
        "a,\nb",
        "a\n, b",
    ],
)
def test_newlines_mean_nothing_where_a_line_must_go_on(text: str) -> None:
    assert len(rows(text + "\n")) == 1


def test_a_last_comma_before_any_closing_bracket() -> None:
    file, problems = parse(Source("t.net", 'block f(\n  a,\n  b=1,\n) { a, }\nuse "b.net" (a,\n  b,\n)\n'), 0)
    assert problems == []
    assert file is not None
    block, use = file.statements
    assert isinstance(block, tree.Block)
    assert isinstance(use, tree.Use)
    assert len(block.parameters) == len(use.names) == 2


def test_newlines_separate_where_a_line_may_end() -> None:
    assert len(rows("a\nb\n\n# c\nd\n")) == 3
    (row,) = rows("[a\nb # c\n\nd]\n")
    group = row.items[0].core
    assert isinstance(group, tree.Group)
    assert len(group.rows) == 3


def test_spans_begin_on_their_own_line() -> None:
    text = "add {\n  a   # one\n\n  # two\n  | b\n}\n\nif c { d }\n\nelse { e }\n"
    source = Source("t.net", text)
    first, second = rows(text)
    join = first.items[0].core
    assert isinstance(join, tree.Join)
    assert [source.position(branch.span.start) for branch in join.branches] == [(2, 3), (5, 5)]
    choice = second.items[0].core
    assert isinstance(choice, tree.If)
    assert isinstance(choice.otherwise, tree.Body)
    assert source.position(choice.otherwise.span.start) == (10, 6)


def test_a_bare_value_after_a_layer_is_an_error() -> None:
    made = analyse("input 3x8x8\nparam drop = 0.5\ndropout drop\n")
    assert [d.code for d in made.diagnostics] == ["ND202"]
    assert made.diagnostics[0].help == "a value by its name takes braces or a key: `{drop}` or `p=drop`"


def test_a_style_that_holds_its_own_layer_ends() -> None:
    made = analyse("input 3x8x8\nstyle conv = _, conv3-8, relu\nconv3-8\n")
    assert made.graph is not None
    assert [node.op.keyword for node in made.graph.nodes] == ["input", "conv", "conv", "relu"]
    made = analyse("input 3x8x8\nblock f { conv3-8 }\nstyle conv = _, f\nconv3-8\n")
    assert [d.code for d in made.diagnostics] == ["ND229"]
