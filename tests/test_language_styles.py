"""Styles: what stands around a layer without being written beside it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.language import codes, graph, made, modules, nodes, said, words

# -- where they apply --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("style conv = _, relu\nconv3-8", "conv relu"),
        ("style conv = bn, relu, _\nconv3-8", "bn relu conv"),
        ("style conv = _\nconv3-8", "conv"),
        ("style conv = _, bn, relu\nconv3-8 plain", "conv"),
        ("style conv = _, bn, relu\nconv3-8 +bn", "conv bn"),
        ("style conv = bn, relu, _\nconv3-8 +gelu +dropout 0.1", "conv gelu dropout"),
        ("style conv = _, bn, relu\nconv3-8 +conv1-4 +relu", "conv conv relu"),
        ("style conv = _, relu ×2\nconv3-8", "conv relu relu"),
        ("style conv = _, [bn, relu]\nconv3-8", "conv bn relu"),
        ("style conv = _, add { relu | id }\nconv3-8", "conv relu add"),
        ("style conv = add { _ | id }, relu\nconv3-3", "conv add relu"),
        ("style CONV = _, ReLU\nConv3-8", "conv relu"),
        ("style swish = _, dropout 0.1\nsilu", "silu dropout"),
        ("style maxpool = _, dropout 0.1\nmaxpool", "maxpool dropout"),
        ("style fc = _, relu\nFC-3", "fc relu"),
        ("style soft-max = _, id\nsoft-max", None),
        ("style softmax = _, dropout 0.1\nsoft-max", "softmax dropout"),
    ],
)
def test_a_style_stands_around_its_layer(text: str, found: str | None) -> None:
    if found is None:
        assert codes(text) == ["ND101"]
    else:
        assert words(text) == found.split()


@pytest.mark.parametrize(
    ("flag", "found"), [("true", "conv relu"), ("false", "conv gelu"), ('"a" == "b"', "conv gelu")]
)
def test_an_if_may_stand_in_a_style(flag: str, found: str) -> None:
    text = f"param flag = {flag}\nstyle conv = _, if flag {{ relu }} else {{ gelu }}\nconv3-8"
    assert words(text) == found.split()


@pytest.mark.parametrize("values", [{}, {"norm": True}])
def test_the_place_of_the_layer_may_depend_on_an_if(values: dict[str, bool]) -> None:
    text = "param norm = false\nstyle conv = if norm { bn, relu, _ } else { _, relu }\nconv3-8"
    found = nodes(text, set=values)
    assert [n.op.keyword for n in found] == (["bn", "relu", "conv"] if values else ["conv", "relu"])
    convs: list[Any] = [n.op for n in found if n.op.keyword == "conv"]
    assert convs[0].bias is not bool(values)


def test_layers_in_a_style_get_no_style() -> None:
    text = "style conv = _, bn, relu\nstyle relu = _, dropout 0.1\nstyle bn = relu, _\nconv3-8, relu"
    assert words(text) == ["conv", "bn", "relu", "relu", "dropout"]


def test_a_suffixs_layers_get_no_style() -> None:
    text = "style relu = _, dropout 0.1\nstyle bn = relu, _\nconv3-8 +bn +relu"
    assert words(text) == ["conv", "bn", "relu"]


@pytest.mark.parametrize("layer", ["dwconv3", "sepconv3-4"])
def test_depthwise_and_separable_fall_back_to_conv(layer: str) -> None:
    convs = words(layer)
    assert words(f"style conv = _, bn, relu\n{layer}") == [*convs, "bn", "relu"]
    assert words(f"style conv = _, bn, relu\nstyle {layer[:-1].rstrip('3-')} = _, gelu\n{layer}") == [*convs, "gelu"]
    assert words(f"style conv = _, bn, relu\n{layer} plain") == convs
    assert words(f"style conv = _, bn, relu\n{layer} +silu") == [*convs, "silu"]
    assert all(not getattr(n.op, "bias", True) for n in nodes(f"style conv = _, bn\n{layer}")[:-1])


def test_other_convolutions_do_not_fall_back() -> None:
    assert words("style conv = _, bn, relu\nupconv2-8/2") == ["upconv"]


# -- whose they are ----------------------------------------------------------------------------------------------------


def test_a_style_holds_for_the_whole_file() -> None:
    assert words("conv3-8\nstyle conv = _, relu") == ["conv", "relu"]


def test_a_blocks_own_style_holds_in_it_alone() -> None:
    text = "style conv = _, relu\nblock f {\n  conv3-4\n  style conv = _, gelu\n}\nconv3-4, f, conv3-4"
    assert words(text) == ["conv", "relu", "conv", "gelu", "conv", "relu"]


def test_a_block_uses_its_files_styles_beside_its_own() -> None:
    text = "style conv = _, relu\nstyle fc = _, relu\nblock f { style conv = _\nconv3-4, fc-3 }\nf"
    assert words(text) == ["conv", "fc", "relu"]


def test_a_block_never_uses_its_callers_styles() -> None:
    text = "style conv = _, relu\nblock inner { conv3-4 }\nblock outer { style conv = _, gelu\nconv3-4, inner }\nouter"
    assert words(text) == ["conv", "gelu", "conv", "relu"]


def test_a_blocks_style_sees_its_parameters() -> None:
    text = "block f(p, n=1) { style conv = _, dropout p\nconv{n}-4 }\nf(0.1), f(p=0.2)".replace(
        "dropout p", "dropout {p}"
    )
    drops: list[Any] = [n.op for n in nodes(text) if n.op.keyword == "dropout"]
    assert [op.p for op in drops] == [0.1, 0.2]


def test_a_files_style_sees_its_parameters_and_not_the_blocks() -> None:
    text = "param p = 0.1\nstyle conv = _, dropout {p}\nblock f(p) { conv3-4, dropout {p} }\nf(0.5)"
    drops: list[Any] = [n.op for n in nodes(text) if n.op.keyword == "dropout"]
    assert [op.p for op in drops] == [0.1, 0.5]


def test_a_dwconv_takes_the_nearest_style_of_its_own_kind_first() -> None:
    text = "style dwconv = _, gelu\nblock f { style conv = _, relu\ndwconv3, conv1-4 }\nf"
    assert words(text) == ["dwconv", "gelu", "conv", "relu"]


# -- defaults after the place of the layer -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "eps"),
    [
        ("style bn = _ eps=0.001\nbn", 0.001),
        ("style bn = _ eps=0.001\nconv3-8 +bn", 0.001),
        ("style bn = _ eps=0.001\nstyle conv = _, bn\nconv3-8", 0.001),
        ("style bn = _ eps=0.001\nbn eps=0.1", 0.1),
        ("style bn = _ eps=0.001\nconv3-8 +bn eps=0.1", 0.1),
        ("style bn = _ eps=0.001\nstyle conv = _, bn eps=0.1\nconv3-8", 0.1),
        ("style bn = _ eps=0.001\nbn plain", 1e-5),
        ("style bn = _ eps=0.001\nconv3-8 +bn plain", 1e-5),
        ("style bn = _ eps=0.001, relu\nbn +gelu", 0.001),
        ("param e = 0.5\nstyle bn = _ eps={e/2}\nbn", 0.25),
        ("style bn = if true { _ eps=0.001 } else { _ }\nbn", 0.001),
        ("style bn = if false { _ eps=0.001 } else { _ }\nbn", 1e-5),
        ("style bn = [_ eps=0.001, relu]\nbn", 0.001),
    ],
)
def test_defaults(text: str, eps: float) -> None:
    norms: list[Any] = [node.op for node in nodes(text) if node.op.keyword == "bn"]
    assert [op.eps for op in norms] == [eps]


def test_a_suffix_keeps_the_defaults_and_plain_drops_them() -> None:
    text = "style conv = _ pad_mode=reflect bias=false, relu\nconv3-8\nconv3-8 +gelu\nconv3-8 plain\nconv3-8 bias=true"
    convs: list[Any] = [node.op for node in nodes(text) if node.op.keyword == "conv"]
    assert [(op.pad_mode, op.bias) for op in convs] == [
        ("reflect", False),
        ("reflect", False),
        ("zeros", True),
        ("reflect", True),
    ]


def test_flags_and_values_are_defaults_too() -> None:
    text = "style conv = _ valid, relu\nstyle dropout = _ 0.25\nstyle maxpool = _ ceil\nconv3-8, dropout, maxpool3/2"
    conv, _, drop, pool = nodes(text)
    assert conv.shape == (8, 6, 6)
    found: Any = drop.op
    assert found.p == 0.25
    assert pool.shape == (8, 3, 3)
    late: Any = nodes("style dropout = _ 0.25\ndropout 0.5")[0].op
    assert late.p == 0.5


def test_a_layers_own_padding_takes_its_styles_back() -> None:
    for layer, size in (("conv3-8", 6), ("conv3-8 same", 8), ("conv3-8 pad=1", 8), ("conv3-8 pad=2", 10)):
        assert nodes(f"style conv = _ valid\n{layer}")[0].shape == (8, size, size), layer
    for layer, size in (("conv3-8", 10), ("conv3-8 valid", 6), ("conv3-8 same", 8)):
        assert nodes(f"style conv = _ pad=2\n{layer}")[0].shape == (8, size, size), layer


def test_the_fallback_takes_its_defaults_along() -> None:
    found: Any = nodes("style conv = _ pad_mode=reflect, relu\ndwconv3")[0].op
    assert found.pad_mode == "reflect"


# -- in brackets -------------------------------------------------------------------------------------------------------


def test_brackets_make_each_layer_a_scope() -> None:
    text = "style conv = [_, bn, relu]\nconv3-8\nstem: conv3-8\nconv3-8 plain\nconv3-8 +bn"
    assert modules(text) == ["conv1.0", "conv1.1", "conv1.2", "stem.0", "stem.1", "stem.2", "conv3", "conv4", "bn1"]


def test_members_in_brackets_may_be_labelled() -> None:
    text = "style conv = [conv: _, bn: bn, relu]\nbranch1: conv3-8\nbranch2: [conv1-4, conv3-8]"
    assert modules(text) == [
        "branch1.conv", "branch1.bn", "branch1.2",
        "branch2.0.conv", "branch2.0.bn", "branch2.0.2", "branch2.1.conv", "branch2.1.bn", "branch2.1.2",
    ]  # fmt: skip


def test_brackets_over_lines() -> None:
    assert modules("style conv = [\n  conv: _\n  bn: bn\n]\na: conv3-8") == ["a.conv", "a.bn"]


def test_a_repeated_layer_in_brackets_is_a_scope_each() -> None:
    text = "style conv = [conv: _, bn: bn]\nconv3-8 ×2\nstage: conv3-8 ×2"
    assert modules(text) == [
        "conv1.conv", "conv1.bn", "conv2.conv", "conv2.bn",
        "stage.0.conv", "stage.0.bn", "stage.1.conv", "stage.1.bn",
    ]  # fmt: skip


def test_a_sepconv_in_brackets() -> None:
    text = "style conv = [_, bn]\na: sepconv3-8"
    assert modules(text) == ["a.0.depthwise", "a.0.pointwise", "a.1"]


def test_a_bracketed_layer_is_one_tensor() -> None:
    text = "style conv = [_, relu]\na: conv3-8\nmaxpool\nadd { conv3-8 | @a, maxpool }"
    found = graph(text)
    assert found.nodes[2].op.keyword == "relu"
    assert found.nodes[2].label == "a"
    assert [s.kind for s in found.scopes if s.path == "a"] == ["layer"]


# -- mistakes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("style conv = relu\nconv3-8", ("ND229", "style conv = relu")),
        ("style conv = _, _\nconv3-8", ("ND229", "_")),
        ("style conv = _ ×2\nconv3-8", ("ND229", "_")),
        ("style conv = concat { _ | _ }\nconv3-8", ("ND229", "_")),
        ("style conv = bn, if false { _ }\nconv3-8", ("ND229", "style conv = bn, if false { _ }")),
        ("style convv = _\nrelu", ("ND201", "convv")),
        ("style conv = _\nstyle CONV = _\nrelu", ("ND223", "CONV")),
        ("style silu = _\nstyle swish = _\nrelu", ("ND223", "swish")),
        ("style conv = _ groops=2\nconv3-8", ("ND202", "groops")),
        ("style conv = _, rleu\nconv3-8", ("ND201", "rleu")),
        ("style conv = _, @a\nconv3-8", ("ND215", "@a")),
        ("style conv = _, dropout {p}\nblock f(p) { conv3-8, dropout {p} }\nf(0.1)", ("ND203", "{p}")),
        ("style conv = f\nblock f { _ }\nconv3-8", ("ND203", "_")),
        ("conv3-8 +_", ("ND203", "_")),
        ("conv3-8 plain +bn", ("ND202", "bn")),
        ("if true { style conv = _, relu\nconv3-8 }", ("ND223", "style conv = _, relu")),
        ("relu\noutput a { style conv = _\ngap }", ("ND223", "style conv = _")),
    ],
)
def test_mistakes_in_a_style(text: str, wrong: tuple[str, str]) -> None:
    assert said(text) == [wrong]


def test_a_mistake_in_a_style_is_said_once() -> None:
    assert codes("style conv = _, rleu\nconv3-8 ×3\nconv3-8") == ["ND201"]


@pytest.mark.parametrize("word", ["add", "concat", "mul", "sub", "id", "input"])
def test_what_takes_no_style(word: str) -> None:
    assert said(f"style {word} = _, relu\nadd {{ relu | id }}") == [("ND223", word)]


@pytest.mark.parametrize("sign", ["_ +bn", "_ plain", "_-8", "_/2"])
def test_the_place_of_the_layer_takes_defaults_alone(sign: str) -> None:
    found = made(f"style conv = {sign}, relu\nconv3-8")
    assert found.graph is None
    assert len(found.diagnostics) == 1
    span = found.diagnostics[0].span
    assert span is not None
    assert found.sources[0].position(span.start)[0] == 2


def test_a_label_in_a_style_stands_in_brackets() -> None:
    found = made("style conv = a: _, b: bn\nconv3-8\nconv3-8")
    assert [d.code for d in found.diagnostics] == ["ND214"]
    span = found.diagnostics[0].span
    assert span is not None
    assert found.sources[0].text[span.start : span.end] == "a"


def test_a_style_holds_no_table() -> None:
    text = "style conv = table A | B { _, relu | _ pad_mode=reflect, bn, relu }\nconv3-8"
    assert [d.code for d in made(text).diagnostics if d.severity == "error"] == ["ND223"]
