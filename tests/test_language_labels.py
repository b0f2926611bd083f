"""Labels, references to tensors, and modules that are applied again."""

from __future__ import annotations

import pytest

from tests.language import graph, keys, made, modules, nodes, params, said, words

# -- labels and references ---------------------------------------------------------------------------------------------


def test_a_label_names_module_and_tensor() -> None:
    found = graph("stem: conv3-8\nmaxpool, upsample ×2\nadd { id | @stem }")
    assert found.nodes[1].module == "stem"
    assert found.nodes[1].label == "stem"
    assert found.nodes[-1].inputs == (3, 1)


def test_as_names_the_tensor_alone() -> None:
    found = graph("conv3-8 as stem\nrelu\nadd { id | @stem }")
    assert found.nodes[1].module == "conv1"
    assert found.nodes[1].label == "stem"
    assert found.nodes[-1].inputs == (2, 1)


@pytest.mark.parametrize("name", ["stem", '"odd name"', "net", "x"])
def test_the_tensor_is_the_one_after_the_whole_item(name: str) -> None:
    for item in ("conv3-8 ×2", "[conv3-8, conv3-8]", "conv3-8, conv3-8"):
        text = f"style conv = _, bn, relu\n{item} as {name}\nmaxpool\n@{name}"
        found = graph(text)
        assert found.outputs[0].node == 6
        assert found.nodes[6].op.keyword == "relu"


def test_a_reference_goes_on_from_a_tensor() -> None:
    found = nodes("relu as a, gelu, @a, silu")
    assert [node.inputs for node in found] == [(0,), (1,), (1,)]
    assert words("@a", before="3x8x8\nrelu as a")[0] == "relu"


def test_an_input_may_be_referred_to() -> None:
    found = graph("conv3-3\nadd { id | @image }", before="image 3x8x8")
    assert found.nodes[-1].inputs == (1, 0)


def test_the_last_tensor_of_a_name_is_meant() -> None:
    found = nodes("relu as a, gelu as a, silu, add { id | @a }")
    assert found[-1].inputs == (3, 2)


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("stage: [a: relu, b: gelu]\nsilu\n@stage.a", 1),
        ("stage: [a: relu, b: gelu]\nsilu\n@stage", 2),
        ("stage: [inner: [relu as a, gelu], tanh]\nsilu\n@stage.inner.a", 1),
        ("stage: [relu as a, @a, gelu, @stage_]\n".replace(", @stage_", "") + "silu\n@stage.a", 1),
        ("stage: concat { a: relu | b: gelu }\nsilu\n@stage.b", 2),
        ("block f { relu as a, gelu }\nstage: f\nsilu\n@stage.a", 1),
        ("block f { relu as a, gelu }\nf\nsilu\n@f1.a", 1),
        ("down.0: relu\ndown.1: gelu\nsilu\n@down.0", 1),
        ("[down.{i}: [relu]] ×2\nsilu\n@down.{1}", 2),
        ("relu as a\n[gelu, @a] as b\nsilu\n@a", 1),
        ('"odd name": relu\nsilu\n@"odd name"', 1),
    ],
)
def test_references_into_scopes(text: str, node: int) -> None:
    assert graph(text).outputs[0].node == node


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("@a", ("ND215", "@a")),
        ("@a\na: relu", ("ND215", "@a")),
        ("stage: [a: relu]\n@a", ("ND215", "@a")),
        ("stage: [a: relu]\n@stage.b", ("ND215", "@stage.b")),
        ("block f { @a }\nrelu as a\nf", ("ND215", "@a")),
        ("block f { relu as a }\nf\n@a", ("ND215", "@a")),
        ("param a = 3\n@a", ("ND215", "@a")),
        ("a: relu\nb: add { @a | @b }", ("ND215", "@b")),
        ("relu\noutput o { relu as a }\n@a", ("ND215", "@a")),
    ],
)
def test_references_to_nothing(text: str, wrong: tuple[str, str]) -> None:
    assert [pair for pair in said(text) if not pair[0].startswith("ND3")] == [wrong]


def test_an_output_sees_the_files_tensors() -> None:
    found = graph("relu as a\nsilu\noutput o { @a, gap }")
    assert found.nodes[3].inputs == (1,)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("[a: relu] ×2", ("ND214", "a")),
        ("[relu, a: gelu] ×2", ("ND214", "a")),
        ("[[a: relu]] ×2", ("ND214", "a")),
        ("[add { a: relu | id }] ×2", ("ND214", "a")),
        ("add { a: relu | id } ×2", ("ND214", "a")),
        ("[a: relu] ×1", ("ND214", "a")),
    ],
)
def test_a_label_inside_an_unlabelled_repeat(text: str, wrong: tuple[str, str]) -> None:
    found = made(text)
    assert [(d.code, found.sources[0].text[d.span.start : d.span.end]) for d in found.errors if d.span] == [wrong]
    assert found.errors[0].help == "label the repeat, or count in the name: `a.{i}: …`"


@pytest.mark.parametrize(
    "text",
    [
        "stage: [a: relu] ×2",
        "stage: [a: relu, [b: gelu]] ×2",
        "block f { a: relu }\nf ×2",
        "[convs.{i}: relu] ×2",
        "[convs.{i}: [a: relu]] ×2",
        "[relu as a, @a] ×2",
    ],
)
def test_labels_that_stand_once_in_each_pass(text: str) -> None:
    assert graph(text).outputs


def test_an_alias_in_a_repeat_is_the_last_one() -> None:
    found = graph("[relu as a, gelu] ×2\n@a")
    assert found.outputs[0].node == 3


# -- shared modules ----------------------------------------------------------------------------------------------------


def test_reuse_applies_the_same_weights() -> None:
    text = "@left, tower: [conv3-8, conv3-8] as a\n@right, reuse tower as b\nconcat { @a | @b }\nfc-1"
    found = graph(text.replace("conv3-8, conv3-8", "conv3-8, relu, conv3-8"), before="left 1x8x8\ninput right 1x8x8")
    convs = [node for node in found.nodes if node.op.keyword == "conv"]
    assert [node.module for node in convs] == ["tower.0", "tower.2", "tower.0", "tower.2"]
    assert len(keys(found)) == 6
    assert params(found) == (9 * 8 + 8) + (9 * 8 * 8 + 8) + (16 * 64 + 1)
    assert len({node.name for node in found.nodes}) == len(found.nodes)


@pytest.mark.parametrize(
    ("text", "shared"),
    [
        ("a: conv3-3\nrelu\nreuse a", ["a", "a"]),
        ("a: conv3-3 ×2\nrelu\nreuse a", ["a.0", "a.1", "a.0", "a.1"]),
        ("a: [conv3-3, relu] ×2\nreuse a", ["a.0.0", "a.0.1", "a.1.0", "a.1.1"] * 2),
        ("block f { conv3-3, b: conv3-3 }\na: f\nreuse a", ["a.conv1", "a.b"] * 2),
        ("style conv = _, bn\na: conv3-3\nreuse a", ["a", "bn1", "a", "bn1"]),
        ("style conv = [_, bn]\na: conv3-3\nreuse a", ["a.0", "a.1"] * 2),
        ("s.a: conv3-3\nrelu\nreuse s.a", ["s.a", "s.a"]),
        ("a: sepconv3-3\nrelu\nreuse a", ["a.depthwise", "a.pointwise"] * 2),
        ("a: conv3-3\nrelu\nreuse a ×2", ["a", "a", "a"]),
        ("a: conv3-3\nrelu\nadd { reuse a | id }", ["a", "a"]),
        ("a: conv3-3\nb: [relu, reuse a]", ["a", "a"]),
        ("a: conv3-3\nrelu\nreuse a as b\nrelu\n@b", ["a", "a"]),
    ],
)
def test_what_may_be_reused(text: str, shared: list[str]) -> None:
    applied = [node.module for node in nodes(text) if node.module is not None]
    assert [module for module in applied if not module.startswith("relu") and module != "b.0"] == shared


def test_members_after_a_reuse_are_counted_as_if_it_were_not_there() -> None:
    assert modules("a: conv3-3\nrelu\nreuse a\nrelu\nconv3-3") == ["a", "relu1", "relu2", "conv2"]
    assert modules("s: [a: conv3-3, relu, reuse a, relu]") == ["s.a", "s.1", "s.2"]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("reuse a", ("ND228", "a")),
        ("reuse a\na: relu", ("ND228", "a")),
        ("a: conv3-8\nreuse a", ("ND228", "reuse a")),
        ("relu as a\nreuse a", ("ND228", "a")),
        ("block f { a: relu }\nf\nreuse a", ("ND228", "a")),
    ],
)
def test_what_may_not_be_reused(text: str, wrong: tuple[str, str]) -> None:
    assert [pair for pair in said(text) if not pair[0].startswith("ND3")] == [wrong]


# -- values in quoted names --------------------------------------------------------------------------------------------


def test_values_in_braces_are_filled_into_a_quoted_name() -> None:
    text = """\
param k = 3
block stage(k) { ["block{k}-{i}": conv3-4] ×2 }
"stage{k + 1}": stage(7)
trunk."s{k}".x: conv3-4
"a\\{k}": conv3-4
"plain-1": conv3-4"""
    assert modules(text) == [
        "stage4.block7-0",
        "stage4.block7-1",
        "trunk.s3.x",
        "a{k}",
        "plain-1",
    ]
    assert modules('[ "b{i}": conv3-3 ] ×2') == ["b0", "b1"]
    assert words('conv3-3 as a\n["b{i}": conv3-3] ×2\n@"b{0}", relu\nreuse "b{2-1}"')[-2:] == ["relu", "conv"]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('"b{}": relu', ("ND219", "{}")),
        ('"b{i i}": relu', ("ND219", "{i i}")),
        ('"b{i": relu', ("ND219", "{")),
        ('"b{nope}": relu', ("ND203", "{nope}")),
        ('"b{1/2}": relu', ("ND213", "{1/2}")),
        ('"b{true}": relu', ("ND213", "{true}")),
        ('["b{1}": conv3-3] ×2', ("ND212", '"b{1}"')),
    ],
)
def test_names_that_cannot_be_filled(text: str, wrong: tuple[str, str]) -> None:
    assert said(text) == [wrong]
