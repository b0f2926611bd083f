"""Layers: heads, attributes, flags, defaults, ranks, and what a word means."""

from __future__ import annotations

from typing import Any

import pytest

from netdsl.ir.types import Shape
from tests.language import codes, graph, made, nodes, only, said, shape, words


def op(text: str, **options: Any) -> Any:
    return only(text, **options).op


# -- the head ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kernel", "channels", "stride", "out"),
    [
        ("conv3-64", (3, 3), 64, (1, 1), (64, 8, 8)),
        ("conv7-64/2", (7, 7), 64, (2, 2), (64, 4, 4)),
        ("conv3-64/1x2", (3, 3), 64, (1, 2), (64, 8, 4)),
        ("conv3-64/1×2", (3, 3), 64, (1, 2), (64, 8, 4)),
        ("conv1x7-192", (1, 7), 192, (1, 1), (192, 8, 8)),
        ("conv1×7-192", (1, 7), 192, (1, 1), (192, 8, 8)),
        ("conv{k}-c", (5, 5), 16, (1, 1), (16, 8, 8)),
        ("conv{k}x3-c", (5, 3), 16, (1, 1), (16, 8, 8)),
        ("conv3x{k}-c", (3, 5), 16, (1, 1), (16, 8, 8)),
        ("conv{k}×{k-2}-c", (5, 3), 16, (1, 1), (16, 8, 8)),
        ("conv3-{4*c}/s", (3, 3), 64, (2, 2), (64, 4, 4)),
        ("conv3-c/{s}", (3, 3), 16, (2, 2), (16, 4, 4)),
        ("conv3-c/{s}x1", (3, 3), 16, (2, 1), (16, 4, 8)),
        ("conv3-{c/4}", (3, 3), 4, (1, 1), (4, 8, 8)),
        ("conv3-8.0", (3, 3), 8, (1, 1), (8, 8, 8)),
        ("CONV3-8", (3, 3), 8, (1, 1), (8, 8, 8)),
        ("Conv3x3-8", (3, 3), 8, (1, 1), (8, 8, 8)),
    ],
)
def test_kernel_channels_and_stride(
    text: str, kernel: tuple[int, ...], channels: int, stride: tuple[int, ...], out: Shape
) -> None:
    node = only(f"param k = 5, c = 16, s = 2\n{text}")
    found: Any = node.op
    assert (found.kernel, found.channels, found.stride, node.shape) == (kernel, channels, stride, out)


def test_a_layers_words_are_its_span() -> None:
    found = made("  conv3-64/2 pad=1 +bn, relu")
    assert found.graph is not None
    text = found.sources[0].text
    written = [text[node.span.start : node.span.end] for node in found.graph.nodes]
    assert written == ["input 3x8x8", "conv3-64/2 pad=1 +bn", "bn", "relu"]


def test_what_a_style_adds_stands_where_the_style_says_it() -> None:
    found = made("style conv = _, bn\nconv3-8")
    assert found.graph is not None
    text = found.sources[0].text
    assert [text[n.span.start : n.span.end] for n in found.graph.nodes] == ["input 3x8x8", "conv3-8", "bn"]
    assert [n.head for n in found.graph.nodes] == [0, 1, 1]


# -- attributes and flags ----------------------------------------------------------------------------------------------


def test_attributes() -> None:
    found = op("conv3-8 groups=4 dilation=2 bias=false pad=1 pad_mode=reflect", before="4x9x9")
    assert (found.groups, found.dilation, found.bias, found.pad, found.pad_mode) == (
        4,
        (2, 2),
        False,
        (1, 1),
        "reflect",
    )


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("conv3-8 pad=0x3", "pad", (0, 3)),
        ("conv3-8 pad={p}", "pad", (2, 2)),
        ("conv3-8 pad={p}x1", "pad", (2, 1)),
        ("conv3-8 pad=p", "pad", (2, 2)),
        ("conv3-8 groups={c//8}", "groups", 1),
        ("conv3-8 bias=true +bn", "bias", True),
        ("conv3-8 bias={c > 3}", "bias", True),
        ('conv3-8 pad_mode={"reflect"}', "pad_mode", "reflect"),
        ("conv3-8 pad_mode={mode}", "pad_mode", "replicate"),
        ("dropout 0.5", "p", 0.5),
        ("dropout p=0.5", "p", 0.5),
        ("dropout {0.5}", "p", 0.5),
        ("dropout {half}", "p", 0.5),
        ("dropout", "p", 0.5),
        ("lrn 5", "size", 5),
    ],
)
def test_values_of_attributes(text: str, name: str, value: object) -> None:
    before = 'param p = 2, c = 8, half = 0.5, mode = "replicate"\n'
    assert getattr(nodes(before + text)[0].op, name) == value


def test_an_attributes_word_is_read_by_the_attributes_type() -> None:
    assert op('param reflect = "zeros"\nconv3-8 pad_mode=reflect').pad_mode == "reflect"
    assert op('param mode = "circular"\nconv3-8 pad_mode={mode}').pad_mode == "circular"


@pytest.mark.parametrize(
    ("text", "out"),
    [
        ("conv3-8 valid", (8, 6, 6)),
        ("conv3-8 same", (8, 8, 8)),
        ("conv4-8 same", (8, 8, 8)),
        ("conv3-8 valid=3", None),
        ("maxpool3/2", (3, 3, 3)),
        ("maxpool3/2 ceil", (3, 4, 4)),
        ("maxpool3/1 same", (3, 8, 8)),
        ("maxpool3/2 pad=1", (3, 4, 4)),
    ],
)
def test_flags(text: str, out: Shape | None) -> None:
    if out is None:
        assert codes(text) == ["ND202"]
    else:
        assert shape(f"{text} allow ND301") == out


def test_unknown_words_are_errors_with_the_nearest() -> None:
    assert said("conv3-8 vald") == [("ND202", "vald")]
    assert made("conv3-8 vald").diagnostics[0].help == "did you mean `valid`?"
    assert made("conv3-8 gruops=2").diagnostics[0].help == "did you mean `groups`?"
    assert made("cnov3-8").diagnostics[0].help == "did you mean `conv3`?"
    assert made("rleu").diagnostics[0].help == "did you mean `relu`?"
    listed = made("conv3-8 whatever").diagnostics[0].help
    assert listed is not None
    flags = listed.removeprefix("it takes ").split(", ")
    assert len(flags) == len(set(flags)) > 4


# -- defaults ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "pad"),
    [
        ("conv3-8", (1, 1)),
        ("conv5-8", (2, 2)),
        ("conv4-8", (1, 1)),
        ("conv1-8", (0, 0)),
        ("conv1x7-8", (0, 3)),
        ("conv3-8 dilation=2", (2, 2)),
        ("conv3-8 dilation=2x1", (2, 1)),
        ("conv4-8 dilation=3", (4, 4)),
        ("conv7-8/2", (3, 3)),
        ("conv4-8/4", (0, 0)),  # a patch
        ("conv2-8/2", (0, 0)),
        ("conv3-8/3", (0, 0)),
        ("conv1-8/1", (0, 0)),
        ("dwconv3", (1, 1)),
        ("maxpool3/2", (0, 0)),
        ("maxpool5/1", (0, 0)),
        ("avgpool3", (0, 0)),
        ("upconv2-8/2", (0, 0)),
        ("upconv4-8/2", (1, 1)),
        ("upconv3-8", (1, 1)),
    ],
)
def test_padding_unless_given(text: str, pad: tuple[int, ...]) -> None:
    assert op(f"{text} allow ND301").pad == pad


@pytest.mark.parametrize(
    ("text", "bias"),
    [
        ("conv3-8", True),
        ("conv3-8 +bn", False),
        ("conv3-8 +relu", True),
        ("conv3-8 +relu +bn", False),
        ("conv3-8, bn", True),
        ("conv3-8 bias=false", False),
        ("conv3-8 bias=true +bn", True),
        ("style conv = _, bn, relu\nconv3-8", False),
        ("style conv = bn, relu, _\nconv3-8", False),
        ("style conv = _, [bn, relu]\nconv3-8", False),
        ("style conv = [_, bn, relu]\nconv3-8", False),
        ("style conv = _, if true { bn } else { relu }\nconv3-8", False),
        ("style conv = _, if false { bn } else { relu }\nconv3-8", True),
        ("style conv = _, bn, relu\nconv3-8 plain", True),
        ("style conv = _, bn, relu\nconv3-8 +relu", True),
        ("style conv = _, bn, relu\nconv3-8 bias=true", True),
        ("style conv = _ bias=true, bn, relu\nconv3-8", True),
        ("style conv = _ bias=false, relu\nconv3-8", False),
        ("style conv = _, relu\nstyle relu = bn, _\nconv3-8", True),
        ("style conv = _, bn\ndwconv3", False),
        ("style conv = _, bn\nupconv2-8/2", None),
    ],
)
def test_a_conv_has_a_bias_unless_a_norm_stands_with_it(text: str, bias: bool | None) -> None:
    convs: list[Any] = [node.op for node in nodes(text) if node.op.category == "conv"]
    if bias is None:
        assert convs[0].keyword == "upconv"
    else:
        assert convs[0].bias is bias


def test_fc_keeps_its_bias_before_a_norm() -> None:
    assert nodes("style fc = _, bn\nfc-4")[0].op.tensors(((192,),))[1].name == "bias"


def test_a_pools_stride_is_its_kernel() -> None:
    assert op("maxpool").kernel == op("maxpool").stride == (2, 2)
    assert op("maxpool4").stride == (4, 4)
    assert op("avgpool2x4").stride == (2, 4)
    assert op("maxpool/3 allow ND301").kernel == (2, 2)
    assert op("maxpool/3 allow ND301").stride == (3, 3)


# -- rank --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("input", "text", "out"),
    [
        ("784", "fc-10", (10,)),
        ("784", "relu", (784,)),
        ("1x16000", "conv80-32/4", (32, 4000)),
        ("3x224x224", "conv3-8/2", (8, 112, 112)),
        ("3x16x112x112", "conv3-8/1x2x2", (8, 16, 56, 56)),
        ("3x16x112x112", "maxpool", (3, 8, 56, 56)),
        ("3x16x112x112", "conv3-8, bn, relu, dwconv3, gap", (8, 1, 1, 1)),
        ("4x9", "conv3-8 +bn, gap, fc-2", (2,)),
        ("4x9x9", "fc-2", (2,)),
        ("4x9x9", "flatten, fc-2", (2,)),
        ("4x9x9", "linear-2", (4, 9, 2)),
        ("9", "linear-2", (2,)),
        ("4x6x8", "avgpool to=2", (4, 2, 2)),
        ("4x6x8", "avgpool to=2x4", (4, 2, 4)),
        ("4x6x8", "gap", (4, 1, 1)),
        ("4x8x8", "conv3x1-8", (8, 8, 8)),
    ],
)
def test_the_inputs_rank_decides(input: str, text: str, out: Shape) -> None:
    assert shape(text, before=input) == out


@pytest.mark.parametrize(
    ("input", "text", "wrong"),
    [
        ("784", "conv3-8", ("ND221", "conv3-8")),
        ("784", "maxpool", ("ND221", "maxpool")),
        ("3x8x8", "conv1x2x3-8", ("ND209", "1x2x3")),
        ("3x8", "conv3x3-8", ("ND209", "3x3")),
        ("3x8x8", "conv3-8/1x2x3", ("ND209", "1x2x3")),
        ("3x8x8", "conv3-8 pad=1x2x3", ("ND209", "1x2x3")),
        ("3x8x8", "conv9-8 valid", ("ND205", "9")),
        ("3x8x8", "maxpool9", ("ND205", "9")),
        ("3x1x8", "maxpool", ("ND205", "maxpool")),
        ("3x8x8", "conv3-8 groups=3", ("ND206", "3")),
        ("4x8x8", "conv3-9 groups=2", ("ND206", "2")),
        ("3x8x8", "dwconv3-8", ("ND206", "8")),
    ],
)
def test_layers_that_cannot_take_their_input(input: str, text: str, wrong: tuple[str, str]) -> None:
    assert said(text, before=input) == [wrong]


# -- words -------------------------------------------------------------------------------------------------------------


def test_layers_fold_case() -> None:
    assert words("CONV3-8, Relu, ReLU, MaxPool, FC-10, soft-max, SoftMax, SOFT-MAX eval") == [
        "conv", "relu", "relu", "maxpool", "fc", "softmax", "softmax", "softmax",
    ]  # fmt: skip


def test_other_names_keep_their_case() -> None:
    assert codes("block Unit { relu }\nunit") == ["ND201"]
    assert codes("param C = 3\nconv3-c") == ["ND203"]
    assert codes("A: relu\nadd { @a | id }") == ["ND215"]


@pytest.mark.parametrize("name", ["conv", "conv3", "Conv3x3", "relu", "fc", "FC10", "softmax", "swish"])
def test_a_block_named_like_a_layer_is_an_error(name: str) -> None:
    assert said(f"block {name} {{ relu }}\nrelu") == [("ND223", name)]


def test_a_negative_value_stands_in_braces() -> None:
    assert op("times {-0.5}").factor == -0.5
    assert "{-0.5}" in str(made("times -0.5").diagnostics[0].help)


@pytest.mark.parametrize("word", ["relu6", "dropout2d"])
def test_a_layers_own_digits_are_no_kernel(word: str) -> None:
    assert only(word).op.keyword == word


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("relu3", ("ND202", "3")),
        ("fc3-10", ("ND202", "3")),
        ("relu-10", ("ND202", "10")),
        ("relu/2", ("ND202", "2")),
        ("gap 3", ("ND202", "3")),
        ("relu 3", ("ND202", "3")),
        ("dropout{0.5}", ("ND202", "{0.5}")),
        ("dropout 0.5 0.6", ("ND202", "0.6")),
        ("conv3-8 pad=1 pad=2", ("ND202", "2")),
        ("conv3-8 valid pad=2", ("ND202", "2")),
        ("conv3-8 @in", ("ND202", "@in")),
        ("conv-8", ("ND225", "conv-8")),
        ("conv3", ("ND225", "conv3")),
        ("fc", ("ND225", "fc")),
        ("add", ("ND225", "add")),
        ("id 3", ("ND202", "id 3")),
        ("input", ("ND101", "\n")),
        ("_", ("ND203", "_")),
        ("conv3-{8.5}", ("ND207", "{8.5}")),
        ("conv3-0", ("ND208", "0")),
        ("conv0-8", ("ND208", "0")),
        ("conv3-8/0", ("ND208", "0")),
        ("conv3-8 pad={-1}", ("ND208", "{-1}")),
        ("dropout 2", ("ND208", "2")),
        ("conv3-8 bias=3", ("ND209", "3")),
        ("conv3-8 groups=true", ("ND209", "true")),
        ('conv3-8 groups="a"', ("ND209", '"a"')),
        ("conv3-8 groups=1x2", ("ND209", "1x2")),
        ("conv3-8 pad_mode=reflec", ("ND209", "reflec")),
        ("maxpool to=3..4", ("ND202", "to")),
        ("conv3-8 groups=1..2", ("ND209", "1..2")),
        ("conv3-{2e30}", ("ND218", "conv3-{2e30}")),
    ],
)
def test_mistakes_in_a_layer_have_the_smallest_place(text: str, wrong: tuple[str, str]) -> None:
    assert said(text) == [wrong]


def test_one_mistake_one_message() -> None:
    assert codes("conv3-8 nonsense, conv3-8 groups=3, add { conv3-9 | id }\nfc-10 -> 3x3") == ["ND202"]


def test_independent_mistakes_are_all_found() -> None:
    text = "conv3-8 nonsense\nconv3-8 nonsens\nblok\nfc\nconv3-{a}"
    assert codes(text) == ["ND202", "ND202", "ND201", "ND225", "ND203"]


# -- sizes by reference and by number ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "out"),
    [
        ("upsample ×2", (3, 16, 16)),
        ("upsample x2", (3, 16, 16)),
        ("upsample ×{n}", (3, 24, 24)),
        ("upsample 2", (3, 16, 16)),
        ("upsample bilinear ×2", (3, 16, 16)),
        ("maxpool as m, conv3-3, upsample ×4, upsample @m", None),
        ("conv3-4/2 as t, upsample ×3, crop @t", (4, 4, 4)),
        ("conv3-4/2 as t, upsample ×3, upsample @t allow ND302", None),
        ("crop 3x5", (3, 3, 5)),
    ],
)
def test_sizes_by_number_and_by_reference(text: str, out: Shape | None) -> None:
    if out is not None:
        assert shape(f"param n = 3\n{text}") == out
    else:
        assert graph(f"{text}").nodes[-1].shape[1:] == (4, 4)
