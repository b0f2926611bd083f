"""Parameters, variants, tables, and values set from outside."""

from __future__ import annotations

from typing import Any

import pytest

from tests.language import codes, graph, made, modules, nodes, said, shape, words

# -- parameters --------------------------------------------------------------------------------------------------------


def settings(text: str, **options: Any) -> dict[str, object]:
    return dict(graph(text, **options).settings)


def test_parameters_see_those_before_them() -> None:
    assert settings("param a = 2, b = 3*a\nparam c = a + b\nconv1-{a*b*c}") == {"a": 2, "b": 6, "c": 8}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("param a = b, b = 2\nconv1-{a+b}", ("ND203", "b")),
        ("param a = 2\nparam a = 3\nconv1-a", ("ND223", "a")),
        ("param in = 2\nrelu", ("ND223", "in")),
        ("param i = 2\nrelu", ("ND223", "i")),
        ("param x = 2\nrelu", ("ND223", "x")),
        ("param _ = 2\nrelu", ("ND223", "_")),
        ("param a = in.c\nconv1-{a}", ("ND220", "in")),
        ("param a = i\nconv1-{a}", ("ND220", "i")),
        ("param a = 1/0\nconv1-{a}", ("ND219", "0")),
    ],
)
def test_parameters_that_cannot_be(text: str, wrong: tuple[str, str]) -> None:
    assert said(text) == [wrong]


def test_the_input_may_be_computed() -> None:
    text = "input {2+1} x {res} x res\nparam res = 2*k, k = 4"
    assert codes(text + "\nrelu", before=None) == ["ND203"]
    assert shape("param k = 4, res = 2*k\ninput {2+1} x {res} x res\nrelu", before=None) == (3, 8, 8)


# -- variants ----------------------------------------------------------------------------------------------------------


VARIANTS = """\
param width = 8, depth = 1, norm = false
variant small: width = 4
variant deep: depth = 3, width = 2*8
variant deep-bn = deep: norm = true
variant deeper = deep-bn: depth = 4
variant 1.0
conv3-{width} ×{depth}
if norm { bn }"""


@pytest.mark.parametrize(
    ("variant", "width", "depth", "norm"),
    [
        (None, 8, 1, False),
        ("small", 4, 1, False),
        ("deep", 16, 3, False),
        ("deep-bn", 16, 3, True),
        ("deeper", 16, 4, True),
        ("1.0", 8, 1, False),
    ],
)
def test_a_variant_sets_parameters(variant: str | None, width: int, depth: int, norm: bool) -> None:
    found = graph(VARIANTS, variant=variant)
    assert dict(found.settings) == {"width": width, "depth": depth, "norm": norm}
    assert found.variant == variant
    assert found.variants == ("small", "deep", "deep-bn", "deeper", "1.0")


def test_default_names_the_variant_that_is_meant() -> None:
    found = graph(VARIANTS + "\ndefault deep")
    assert found.variant == "deep"
    assert dict(found.settings)["width"] == 16
    assert dict(graph(VARIANTS + "\ndefault deep", variant="small").settings)["width"] == 4


def test_a_parameter_computed_from_one_that_a_variant_sets() -> None:
    text = "param a = 2, b = 2*a\nvariant v: a = 5\nvariant w: b = 3*a\nconv1-{b}"
    assert settings(text, variant="v") == {"a": 5, "b": 10}
    assert settings(text, variant="w") == {"a": 2, "b": 6}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("variant v: q = 2", ("ND203", "q")),
        ("variant v\nvariant v", ("ND223", "v")),
        ("variant v = w: p = 2", ("ND003", "w")),
        ("variant v: p = true", ("ND209", "true")),
        ("variant v: p = 1, p = 2", ("ND223", "p")),
        ("default v", ("ND003", "v")),
        ("variant v\ndefault w", ("ND003", "w")),
        ("variant v\nvariant w\ndefault v\ndefault w", ("ND223", "w")),
        ("variant v = v: p = 2", ("ND223", "v")),
        ("variant v = w\nvariant w = v", ("ND223", "v")),
    ],
)
def test_variants_that_cannot_be(text: str, wrong: tuple[str, str]) -> None:
    assert said(f"param p = 1\nconv1-{{p}}\n{text}", variant="v" if text.startswith("variant v") else None) == [wrong]


def test_an_unknown_variant_is_asked_for() -> None:
    (problem,) = made("variant small\nvariant large\nrelu", variant="smal").diagnostics
    assert (problem.code, problem.span, problem.help) == ("ND003", None, "did you mean `small`?")
    (problem,) = made("variant small\nvariant large\nrelu", variant="9").diagnostics
    assert problem.help == "there are `small`, `large`"
    assert codes("relu", variant="any") == ["ND003"]


# -- tables ------------------------------------------------------------------------------------------------------------


TABLE = """\
table A | B | C {
  conv3-4 | conv1-5    | conv1-6
          | relu       |
  maxpool
  x: fc-2 | fc-3, relu | gap
  tanh    | silu
          | gelu
}"""


@pytest.mark.parametrize(
    ("column", "found"),
    [
        ("A", "conv maxpool fc tanh"),
        ("B", "conv relu maxpool fc relu silu"),
        ("C", "conv maxpool gap gelu"),
        (None, "conv maxpool fc tanh"),
    ],
)
def test_a_column_is_a_variant(column: str | None, found: str) -> None:
    made_ = graph(TABLE, variant=column)
    assert [node.op.keyword for node in made_.nodes[1:]] == found.split()
    assert made_.variant == (column or "A")
    assert made_.variants == ("A", "B", "C")


def test_the_label_of_a_row_is_that_of_each_cell() -> None:
    assert modules(TABLE, variant="A")[2] == "x"
    assert modules(TABLE, variant="B")[3:5] == ["x.0", "x.1"]
    assert modules(TABLE, variant="C")[2] == "x"
    text = "table A | B {\n  x: conv3-4, relu | conv3-5\n}\n@x, gelu"
    assert modules(text, variant="A") == ["x.0", "x.1", "gelu1"]
    assert modules(text, variant="B") == ["x", "gelu1"]


def test_the_label_of_a_row_is_no_label_of_a_line() -> None:
    text = "table A | B {\n  x: conv3-4, relu | conv3-5\n}"
    assert [codes(text, variant=v) for v in "AB"] == [[], []]


def test_the_label_of_a_row_with_an_empty_cell() -> None:
    text = "table A | B {\n  x: conv3-4 |\n  relu | relu\n}"
    assert modules(text, variant="A") == ["x", "relu1"]
    assert modules(text, variant="B") == ["relu1"]


def test_the_label_of_a_row_whose_first_cell_is_empty() -> None:
    text = "table A | B | C {\n  x: | relu | gelu, silu\n  relu\n}"
    assert [modules(text, variant=v) for v in "ABC"] == [["relu1"], ["x", "relu2"], ["x.0", "x.1", "relu1"]]


def test_what_is_asserted_behind_a_row_of_filled_cells_is_of_every_column() -> None:
    text = "table A | B {\n  conv3-4 | conv3-4/2 -> 8x8\n}"
    assert said(text, variant="A") == []
    assert said(text, variant="B") == [("ND210", "8x8")]
    assert said(text.replace("8x8", "4x4"), variant="A") == [("ND210", "4x4")]
    assert said(text.replace("8x8", "4x4"), variant="B") == []


@pytest.mark.parametrize(
    "row", ["conv3-4 -> 8x8 | conv3-4/2 -> 4x4", "conv3-4 -> 8x8 | conv3-4/2", "| conv3-4/2 -> 4x4"]
)
def test_what_is_asserted_behind_other_cells_is_theirs(row: str) -> None:
    for column in "AB":
        assert said(f"table A | B {{\n  {row}\n}}", variant=column) == []


def test_a_column_that_is_misspelt_in_one_of_two_tables() -> None:
    text = "table small | large {\n  conv3-4 | conv3-8\n}\ntable smal | large {\n  relu | gelu\n}"
    assert said(text, variant="small") == [("ND003", "smal")]
    assert said(text, variant="large") == []
    text = "table small | large {\n  conv3-4 | conv3-8\n}\ntable relu | gelu {\n  relu | gelu\n}"
    assert said(text, variant="small") == []


def test_a_row_of_one_cell_is_for_all() -> None:
    for column in "ABC":
        assert "maxpool" in words(TABLE, variant=column)


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ("relu | gelu | silu", "gelu"),
        ("relu |\ngelu | silu", None),
        ("relu\n| gelu\n| silu", "gelu"),
        ("relu | gelu\n| silu", "gelu"),
        ("relu\n| gelu | silu", "gelu"),
        ("relu | gelu | silu\n| tanh |", "gelu tanh"),
        ("relu | gelu | silu\n| tanh\n|", "gelu tanh"),
        ("| gelu |", "gelu"),
        ("| |", ""),
        ("relu # why\n# how\n| gelu # what\n\n| silu", "gelu"),
        ("relu | gelu ×2, silu | tanh", "gelu gelu silu"),
        ("relu | [gelu, silu] ×2 | tanh", "gelu silu gelu silu"),
        ("relu | add { gelu | id } | tanh", "gelu add"),
        ("relu | if true { gelu } | tanh", "gelu"),
        ("relu, relu\n| gelu, gelu\n| silu\nbn", "gelu gelu bn"),
    ],
)
def test_rows_that_go_on(rows: str, found: str | None) -> None:
    text = f"table A | B | C {{\n{rows}\n}}"
    if found is None:
        assert codes(text, variant="B") == ["ND222", "ND222"]
    else:
        assert words(text, variant="B") == found.split()


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("table A | B | C {\n relu | gelu\n bn\n}", ("ND222", "relu | gelu")),
        ("table A | B {\n relu | gelu | silu\n}", ("ND222", "relu | gelu | silu")),
        ("table A | B | C {\n relu | gelu | silu\n | bn\n}", ("ND222", "bn")),
        ("table A | A { relu | gelu }", ("ND223", "A")),
        ("table A | B { a: relu | b: gelu }", ("ND212", "b")),
        ("variant B = A: p = 2\ntable A | B { relu | gelu }", ("ND223", "B")),
    ],
)
def test_tables_that_cannot_be(text: str, wrong: tuple[str, str]) -> None:
    variant = "B" if "B" in text else "A"
    assert said(f"param p = 1\n{text}\nconv1-{{p}}", variant=variant) == [wrong]


def test_a_table_stands_where_a_group_may() -> None:
    assert words("add { table A | B { relu | gelu } | id }", variant="B") == ["gelu", "add"]
    assert words("[silu, table A | B { relu | gelu }] ×2", variant="B") == ["silu", "gelu"] * 2
    assert words("block f { table A | B { relu | gelu } }\nf", variant="B") == ["gelu"]
    assert words("table A | B { relu | gelu } ×2", variant="B") == ["gelu", "gelu"]
    assert shape("table A | B { conv3-4 | conv3-5 } -> 5x8x8", variant="B") == (5, 8, 8)
    assert words("relu\noutput o { table A | B { relu | gelu } }", variant="B") == ["relu", "gelu"]


def test_two_tables_share_their_columns() -> None:
    text = "table A | B { relu | gelu }\ntable B | A { silu | tanh }\ntable C | D { elu | mish }"
    assert words(text) == ["relu", "tanh", "elu"]
    assert words(text, variant="B") == ["gelu", "silu", "elu"]
    assert words(text, variant="D") == ["relu", "silu", "mish"]
    assert graph(text).variants == ("A", "B", "C", "D")


def test_columns_and_variants_are_one_namespace() -> None:
    text = "param n = 1\nvariant B: n = 2\nvariant B-x = B: n = 3\ntable A | B { conv1-{n} | conv3-{n} }"
    found: list[Any] = [nodes(text, variant=v)[0].op for v in ("A", "B", "B-x")]
    assert [(op.kernel, op.channels) for op in found] == [((1, 1), 1), ((3, 3), 2), ((3, 3), 3)]
    assert graph(text).variants == ("A", "B", "B-x")
    assert graph(text + "\ndefault B-x").variant == "B-x"


def test_a_variant_that_is_no_column_takes_the_first() -> None:
    text = "param n = 1\nvariant big: n = 9\ntable A | B { conv1-{n} | conv3-{n} }"
    found: Any = nodes(text, variant="big")[0].op
    assert (found.kernel, found.channels) == ((1, 1), 9)


def test_other_columns_may_hold_what_would_not_compile() -> None:
    text = "table A | B { conv3-4 | conv99-4 valid }"
    assert codes(text) == []
    assert codes(text, variant="B") == ["ND205"]


# -- values from outside -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ({"n": 3}, 3),
        ({"n": "3"}, 3),
        ({"n": "3.0"}, 3.0),
        ({"n": 3.0}, 3.0),
        ({"n": "1e1"}, 10.0),
        ({}, 2),
    ],
)
def test_a_parameter_set_from_outside(given: dict[str, Any], value: object) -> None:
    assert settings("param n = 2\nconv1-{n}", set=given) == {"n": value}


def test_texts_and_truth_values_from_outside() -> None:
    text = 'param mode = "zeros", flag = false\nconv3-4 pad_mode={mode}\nif flag { relu }'
    assert settings(text, set={"mode": "reflect", "flag": "true"}) == {"mode": "reflect", "flag": True}
    assert codes(text, set={"mode": "3"}) == ["ND209"]
    assert len(nodes(text, set={"flag": "True"})) == 2


def test_outside_goes_before_the_variant() -> None:
    text = "param a = 1, b = 2*a\nvariant v: a = 5\nconv1-{b}"
    assert settings(text, variant="v", set={"a": 7}) == {"a": 7, "b": 14}
    assert settings(text, variant="v", set={"b": 7}) == {"a": 5, "b": 7}


@pytest.mark.parametrize(
    "given",
    [
        {"m": 1},
        {"n": "abc"},
        {"n": True},
        {"n": None},
        {"n": [1]},
        {"n": "nan"},
        {"n": float("inf")},
        {"flag": 1},
        {"flag": "maybe"},
        {"mode": 1},
    ],
)
def test_what_does_not_fit_from_outside(given: dict[str, Any]) -> None:
    text = 'param n = 2, flag = true, mode = "a"\nconv1-{n}\nif flag and mode == "a" { relu }'
    (problem,) = made(text, set=given).diagnostics
    assert (problem.code, problem.span) == ("ND004", None)


@pytest.mark.parametrize(
    ("given", "out"),
    [("3x16x16", (4, 16, 16)), ("3×4x4", (4, 4, 4)), ((3, 8, 4), (4, 8, 4)), ([5, 4, 4], (4, 4, 4)), ("3x8", (4, 8))],
)
def test_another_input(given: Any, out: tuple[int, ...]) -> None:
    assert shape("conv3-4", input=given) == out


@pytest.mark.parametrize(
    "given", ["", "3x", "3x0x8", "axbxc", "3x8x8x8x8", 3, (3.5, 8), (), {"other": "3x8x8"}, "-3x8x8"]
)
def test_inputs_that_cannot_be(given: Any) -> None:
    (problem,) = made("conv3-4", input=given).diagnostics
    assert problem.code == "ND005"


def test_inputs_by_name() -> None:
    text = "@a, conv3-4 as b1\n@b, conv3-4, add { id | @b1 }"
    found = graph(text, before="a 3x8x8\ninput b 3x8x8", input={"a": "1x8x8", "b": (2, 8, 8)})
    assert [found.nodes[i].shape for i in found.inputs] == [(1, 8, 8), (2, 8, 8)]
    assert codes(text, before="a 3x8x8\ninput b 3x8x8", input="1x8x8") == ["ND005"]
    assert codes(text, before="a 3x8x8\ninput b 3x8x8", input={"c": "1x8x8"}) == ["ND005"]


@pytest.mark.parametrize(
    ("options", "note"),
    [
        ({"set": {"n": 3}}, "`--set` changes the spec: its `expect` and `->` were not checked"),
        ({"input": "3x4x4"}, "`--input` changes the spec: its `expect` and `->` were not checked"),
        (
            {"set": {"n": 3}, "input": "3x4x4"},
            "`--set` and `--input` change the spec: its `expect` and `->` were not checked",
        ),
        ({"set": {"n": "4"}}, None),
        ({"input": (3, 8, 8)}, None),
        ({}, None),
    ],
)
def test_expectations_bind_the_spec_as_written(options: dict[str, Any], note: str | None) -> None:
    right = "param n = 4\nconv3-{n} -> 4x8x8\nexpect params = 112"
    wrong = "param n = 4\nconv3-{n} -> 5x8x8\nexpect params = 113"
    assert made(right, **options).notes == ((note,) if note else ())
    assert made(wrong, **options).notes == ((note,) if note else ())
    assert codes(right, **options) == []
    assert codes(wrong, **options) == ([] if note else ["ND210"])


def test_nothing_is_said_where_nothing_was_to_be_checked() -> None:
    assert made("param n = 4\nconv3-{n}", set={"n": 5}).notes == ()


def test_an_input_of_another_rank_is_said() -> None:
    assert made("conv3-4", input="3x8").notes == ("`--input` gives 3×8, 1 spatial axis; the spec's input has 2",)
    assert made("conv3-4", input="3x9x9").notes == ()
