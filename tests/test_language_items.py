"""Putting layers together: rows, repeats, branches, choices, labels, references and shared modules."""

from __future__ import annotations

from typing import Any

import pytest

from netdsl.ir.types import Shape
from tests.language import codes, made, nodes, only, said, shape, words

# -- rows and repeats --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "relu, gelu, silu",
        "relu\ngelu\nsilu",
        "relu,\ngelu\n\n# a comment\nsilu",
        "[relu, gelu], silu",
        "[relu\ngelu]\nsilu",
    ],
)
def test_items_stand_one_after_another(text: str) -> None:
    found = nodes(text)
    assert [node.op.keyword for node in found] == ["relu", "gelu", "silu"]
    assert [node.inputs for node in found] == [(0,), (1,), (2,)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("relu ×3", "relu relu relu"),
        ("relu x3", "relu relu relu"),
        ("relu x{n}", "relu relu"),
        ("relu ×{n+1}", "relu relu relu"),
        ("relu x n", "relu relu"),
        ("relu×2", "relu relu"),
        ("relu ×0", ""),
        ("relu ×{0}, gelu", "gelu"),
        ("[relu, gelu] ×2", "relu gelu relu gelu"),
        ("[relu, gelu ×2] ×2", "relu gelu gelu relu gelu gelu"),
        ("[]", ""),
        ("[] ×3", ""),
        ("relu ×2.0", "relu relu"),
        ("maxpool ×2", "maxpool maxpool"),
        ("conv3-8×2", "conv conv"),
        ("add { relu | id } ×2", "relu add relu add"),
        ("block f { relu }\nf ×2\nf() ×1", "relu relu relu"),
        ("if true { relu } ×2", "relu relu"),
    ],
)
def test_repeats(text: str, found: str) -> None:
    assert words(f"param n = 2\n{text}") == found.split()


def test_i_counts_the_innermost_repeat_from_zero() -> None:
    text = "[conv1-{8+i}, [conv1-{100*i+1}] ×2, conv1-{8+i}] ×2"
    found: list[Any] = [node.op for node in nodes(text)]
    assert [op.channels for op in found] == [8, 1, 101, 8, 9, 1, 101, 9]


def test_i_counts_a_layers_own_repeat() -> None:
    found: list[Any] = [node.op for node in nodes("conv1-{i+1} ×3")]
    assert [op.channels for op in found] == [1, 2, 3]


def test_a_repeats_number_is_outside_of_it() -> None:
    assert said("relu ×{i+1}") == [("ND220", "i")]
    assert words("[relu ×{i}] ×3") == ["relu"] * 3


def test_a_block_does_not_see_its_callers_i() -> None:
    assert said("block f { conv1-{i+1} }\nf ×2") == [("ND220", "i")]
    found: list[Any] = [node.op for node in nodes("block f(n) { conv1-{n+1} }\nf(i) ×2")]
    assert [op.channels for op in found] == [1, 2]


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("relu ×2.5", "ND207", "2.5"),
        ("relu ×{-1}", "ND208", "{-1}"),
        ("relu ×{true}", "ND209", "{true}"),
        ('relu ×{"a"}', "ND209", '{"a"}'),
        ("relu ×{n}", "ND203", "{n}"),
        ("relu ×99999", "ND218", "99999"),
        ("[relu ×999] ×999", "ND218", "relu"),
    ],
)
def test_repeats_that_cannot_be(text: str, code: str, place: str) -> None:
    assert said(text) == [(code, place)]


def test_the_bound_can_be_raised_and_lowered() -> None:
    assert codes("relu ×20", max_nodes=21) == []
    assert codes("relu ×21", max_nodes=21) == ["ND218"]


# -- branches ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "out"),
    [
        ("concat { conv3-4 | conv1-5 | id }", (12, 8, 8)),
        ("concat { | conv3-4 | id }", (7, 8, 8)),
        ("add { conv3-3, relu | id }", (3, 8, 8)),
        ("add {\n  conv3-3\n  relu\n  | id\n}", (3, 8, 8)),
        ("mul { id | gap, conv1-3, sigmoid }", (3, 8, 8)),
        ("mul { id | gap, flatten }", (3, 8, 8)),
        ("mul { gap | id }", (3, 8, 8)),
        ("sub { id | relu }", (3, 8, 8)),
        ("CONCAT { id | id }", (6, 8, 8)),
        ("concat { id | concat { id | id } }", (9, 8, 8)),
        ("concat { maxpool | conv3-4/2 }", (7, 4, 4)),
        ("add { id | id } ×2", (3, 8, 8)),
        ("concat { id | conv3-2 } ×3", (9, 8, 8)),
    ],
)
def test_joins(text: str, out: Shape) -> None:
    assert shape(text) == out


def test_branches_start_from_the_same_tensor() -> None:
    found = nodes("relu, concat { gelu, silu | tanh | id }")
    assert [(node.op.keyword, node.inputs) for node in found] == [
        ("relu", (0,)), ("gelu", (1,)), ("silu", (2,)), ("tanh", (1,)), ("concat", (3, 4, 1)),
    ]  # fmt: skip


def test_vectors_join_too() -> None:
    assert shape("concat { fc-3 | fc-4 }") == (7,)
    assert shape("add { fc-3 | fc-3, relu }") == (3,)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("add { conv3-8 | conv3-9 }", ("ND204", "add")),
        ("add { conv3-3 | gap }", ("ND204", "add")),
        ("concat { conv3-8 | maxpool }", ("ND204", "concat")),
        ("concat { conv3-8 | fc-3 }", ("ND204", "concat")),
        ("mul { id | gap, conv1-4 }", ("ND204", "mul")),
        ("add { }", ("ND232", "add { }")),
        ("add { | }", ("ND232", "add { | }")),
    ],
)
def test_branches_that_do_not_join(text: str, wrong: tuple[str, str]) -> None:
    assert said(text) == [wrong]


def test_both_branches_are_shown() -> None:
    (problem,) = made("add {\n  conv3-8, relu\n  | conv3-9/2\n}").diagnostics
    assert [note.message for note in problem.notes] == ["gives 8×8×8", "makes 9×4×4 of 3×8×8"]


# -- choices -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("if true { relu }", "relu"),
        ("if false { relu }", ""),
        ("if false { relu } else { gelu }", "gelu"),
        ("if false { relu } else if true { gelu } else { silu }", "gelu"),
        ("if false { relu } else if false { gelu } else { silu }", "silu"),
        ("if false { relu } else if false { gelu }", ""),
        ("if n == 2 and not (n > 3) { relu\n gelu }", "relu gelu"),
        ("if -n < 0 { relu }", "relu"),
        ("if true { }", ""),
        ("if false { unknown nonsense }", ""),
        ("add { if false { relu } | gelu }", "gelu"),
        ("add { if false { relu } | gelu | silu }", "gelu silu add"),
        ("add { if true { relu } | gelu }", "relu gelu add"),
        ("add { if false { relu } else { silu } | gelu }", "silu gelu add"),
        ("add { if false { relu } else if false { silu } | gelu }", "gelu"),
        ("add { if false { relu } }", ""),
        ("add { [if false { relu }] | gelu }", "gelu add"),
        ("add { if false { relu }, silu | gelu }", "silu gelu add"),
        ("add { id }", ""),
        ("add { relu }", "relu"),
        ("add { id | relu ×0 }", "add"),
    ],
)
def test_choices_and_absent_branches(text: str, found: str) -> None:
    assert words(f"param n = 2\n{text}") == found.split()


def test_what_is_not_chosen_is_not_elaborated() -> None:
    assert codes("if false { conv3-{1/0} } else { relu }") == []
    assert codes("if 1 == 1 or 1/0 > 2 { relu }") == []


@pytest.mark.parametrize(
    ("condition", "wrong"),
    [
        ("1", ("ND209", "1")),
        ('"a"', ("ND209", '"a"')),
        ("n", ("ND209", "n")),
        ("1 and true", ("ND209", "1")),
        ("nope", ("ND203", "nope")),
        ("in.c > 3", ("ND220", "in")),
    ],
)
def test_conditions_are_true_or_false(condition: str, wrong: tuple[str, str]) -> None:
    assert said(f"param n = 2\nif {condition} {{ relu }}") == [wrong]


def test_in_is_what_enters_the_branch_pass_or_block_around() -> None:
    found: list[Any] = [n.op for n in nodes("[conv1-{2*in.c}, conv1-{in.c + 1}] ×2") if n.op.keyword == "conv"]
    assert [op.channels for op in found] == [6, 4, 8, 5]
    found = [n.op for n in nodes("conv1-5, concat { conv1-{in.c}, conv1-{in.c} | id }") if n.op.keyword == "conv"]
    assert [op.channels for op in found] == [5, 5, 5]
    found = [n.op for n in nodes("block f { conv1-7, conv1-{in.c} }\nf") if n.op.keyword == "conv"]
    assert [op.channels for op in found] == [7, 3]


def test_an_if_and_a_group_do_not_change_in() -> None:
    text = "block f { conv1-7\nif in.c == 3 { conv1-{in.c} }\n[conv1-6, conv1-{in.c}]\na: [conv1-5, conv1-{in.c}] }\nf"
    found: list[Any] = [n.op for n in nodes(text)]
    assert [op.channels for op in found] == [7, 3, 6, 3, 5, 3]


@pytest.mark.parametrize("text", ["conv1-{in.c}", "[conv1-{in.c}]", "a: [conv1-{in.c}]", "if true { conv1-{in.c} }"])
def test_in_is_an_error_where_nothing_enters(text: str) -> None:
    assert said(text) == [("ND220", "in")]


def test_ins_sizes() -> None:
    text = "block f { reshape to={in.c}x{in.h * in.w} -> {in.c}x{in.h*in.w} }\nf"
    assert shape(text, before="3x4x5") == (3, 20)
    assert shape("block f { conv1-{in.d} }\nf", before="3x4x5x6") == (4, 4, 5, 6)
    assert said("block f { conv1-{in.h} }\nf", before="3") == [("ND220", "h")]
    assert said("block f { conv1-{1+in.d} }\nf") == [("ND220", "d")]
    assert said("block f { conv1-{in.x} }\nf") == [("ND203", "x")]
    assert said("block f { conv1-{in} }\nf") == [("ND220", "{in}")]


def test_sizes_without_a_name_may_be_computed() -> None:
    assert shape("block f { crop {in.h - 2}x{in.w - 1} }\nf") == (3, 6, 7)


# -- modes -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_a_layer_that_acts_in_one_mode(mode: str) -> None:
    assert only(f"relu {mode}").mode == mode
    assert only("relu").mode == "both"
    assert only(f"relu {mode} as a").mode == mode


@pytest.mark.parametrize("text", ["[conv3-3, relu] train", "block f { conv3-3, relu }\nf() train", "relu ×2 train"])
def test_several_layers_that_act_in_one_mode_end_in_a_choice(text: str) -> None:
    found = nodes(f"gelu\n{text}\nsilu")
    assert [(n.op.keyword, n.mode) for n in found][-2:] == [("select", "train"), ("silu", "both")]
    assert found[-2].inputs == (1, 3)
    assert [n.mode for n in found[1:3]] == ["train", "train"]
    assert found[-1].inputs == (4,)


def test_a_join_in_one_mode() -> None:
    found = nodes("gelu, add { relu | id } eval, silu")
    assert [(n.op.keyword, n.mode, n.inputs) for n in found][1:] == [
        ("relu", "eval", (1,)), ("add", "eval", (2, 1)), ("select", "eval", (1, 3)), ("silu", "both", (4,)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("gap train", ("ND226", "train")),
        ("[conv3-4, relu] eval", ("ND226", "eval")),
        ("relu train eval", ("ND226", "train")),
        ("[relu eval] train", ("ND226", "eval")),
        ("output a train { relu eval }\nrelu", ("ND226", "eval")),
        ("relu ×2 foo", ("ND202", "foo")),
        ("[relu] foo", ("ND202", "foo")),
    ],
)
def test_modes_that_cannot_be(text: str, wrong: tuple[str, str]) -> None:
    assert said(text) == [wrong]


def test_a_mode_may_stand_within_the_same_mode() -> None:
    assert [n.mode for n in nodes("[relu train, gelu] train")][:2] == ["train", "train"]


@pytest.mark.parametrize(
    ("text", "modes"), [("conv3-3 +dropout 0.5 train", "both train"), ("conv3-3 +relu eval", "both eval")]
)
def test_a_suffix_may_act_in_one_mode(text: str, modes: str) -> None:
    assert [node.mode for node in nodes(text)] == modes.split()


def test_a_tensor_within_one_mode_may_be_taken_in_that_mode() -> None:
    text = "[relu as z, gelu] train\n[add { @z | id }] train\noutput o train { @z, gap }"
    assert [node.mode for node in nodes(text)] == ["train"] * 6


@pytest.mark.parametrize(
    "text", ["relu train as a", "[relu, gelu] train as a", "a: [relu, gelu] train", "a: relu train"]
)
def test_the_tensor_after_an_item_of_one_mode_may_be_taken_in_both(text: str) -> None:
    found = nodes(f"{text}\nsilu, add {{ @a | id }}")
    assert found[-1].inputs == (len(found) - 2, len(found) - 1)


@pytest.mark.parametrize(
    "text",
    [
        "[conv1-5 as z, conv1-3] train\nconv1-5 allow ND302\nadd { @z | id }",
        "[relu as z, gelu] train\nadd { @z | id }",
        "[relu as z, gelu] train\n[add { @z | id }] eval",
        "relu\noutput a train { conv1-3 as z\n gelu }\n@a.z",
        "relu\noutput a train { relu as z\n gelu }\noutput b eval { @a.z, gap }",
    ],
)
def test_a_tensor_within_one_mode_may_not_be_taken_in_the_other(text: str) -> None:
    assert codes(text) == ["ND226"]


# -- shapes asserted ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "conv3-8/2 -> 8x4x4",
        "conv3-8/2 -> 4x4",
        "[conv3-8, conv3-9/2] -> 9×4×4",
        "conv3-8 ×2 -> 8 x n x n",
        "fc-3 -> 3",
        "a: conv3-8 as b -> 8x8x8",
        "concat { id | id } -> {2*3}x8x8",
        "style conv = _, maxpool\nconv3-8 -> 8x4x4",
        "conv3-8 valid ×2 -> 4x4",
        "id -> 3x8x8",
    ],
)
def test_assertions_that_hold(text: str) -> None:
    assert not made(f"param n = 8\n{text}").errors


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("conv3-8 -> 8x8x9", "8x8x9"),
        ("conv3-8 -> 8x9", "8x9"),
        ("conv3-8 -> 8", "8"),
        ("fc-3 -> 4", "4"),
        ("conv3-8 ×2 -> 3x8x8", "3x8x8"),
    ],
)
def test_assertions_that_do_not_hold(text: str, place: str) -> None:
    assert [pair for pair in said(text) if not pair[0].startswith("ND3")] == [("ND210", place)]


def test_a_repeat_after_channels_and_one_after_a_space_are_both_meant() -> None:
    assert words("conv3-5×2 ×3") == ["conv"] * 6
    assert words("conv3-5×2 valid ×0") == []
    assert words("param n = 2\nblock f(k) { relu }\nconv3-5×{n} ×{n}") == ["conv"] * 4


def test_a_comment_needs_no_end_of_line() -> None:
    assert words("relu # one") == words("relu\n# two") == words("relu\n\n  # three\n#four") == ["relu"]
    assert codes("relu\n# end") == []
