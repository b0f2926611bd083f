"""The numbers: against hand counts, published figures, and slow but plain recomputations."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import netdsl
from netdsl.analyses.depth import depth
from netdsl.analyses.patterns import Axis
from netdsl.analyses.receptive_field import reach, receptive_fields
from netdsl.analyses.stats import By, Row, Stats, schema_path, stats
from netdsl.analyses.view import restrict, see
from netdsl.ir.graph import Graph
from netdsl.ir.verify import verify

ZOO = sorted((Path(__file__).parent.parent / "specs").glob("*.net"))
SUMMED = ("params", "params_no_bias", "frozen", "buffers", "macs", "flops", "activations")


def graph_of(body: str) -> Graph:
    return netdsl.compile(f"net n\n{body}\n")


def row(numbers: Stats, name: str) -> Row:
    (found,) = (row for row in numbers.layers if row.name == name)
    return found


# -- counting by hand -------------------------------------------------------------------------------------------------


def test_a_small_net_counted_by_hand() -> None:
    graph = graph_of("input 3x8x8\nstyle conv = _, bn, relu\nconv3-4\nmaxpool\nfc-10")
    numbers = stats(graph)
    conv, norm, relu, pool, fc = (row(numbers, name) for name in ("conv1", "bn1", "relu1", "maxpool1", "fc1"))
    assert (conv.params, conv.params_no_bias, conv.macs, conv.flops) == (108, 108, 6912, 13824)
    assert (norm.params, norm.params_no_bias, norm.buffers, norm.macs) == (8, 4, 9, 0)
    assert (fc.params, fc.params_no_bias, fc.macs, fc.flops) == (650, 640, 640, 1280)
    assert [r.activations for r in (conv, norm, relu, pool, fc)] == [256, 0, 0, 64, 10]
    assert (pool.flops, relu.flops) == (256, 256)  # a comparison an element
    total = numbers.totals
    assert (total.params, total.params_no_bias, total.buffers) == (766, 752, 9)
    assert total.macs == 7552
    assert total.activations == 192 + 256 + 64 + 10
    assert total.activations_conv_fc == 256 + 10
    assert total.activation_bytes == 4 * total.activations
    assert total.depth == 2
    assert dict(total.flops_parts)["conv_fc"] == 2 * total.macs
    assert sum(dict(total.flops_parts).values()) == total.flops


def test_vgg_16_has_the_activations_of_the_printed_table() -> None:
    rows = "conv3-64 ×2, maxpool\nconv3-128 ×2, maxpool\nconv3-256 ×3, maxpool\n" + "conv3-512 ×3, maxpool\n" * 2
    head = "input 3x224x224\nstyle conv = _, relu\nstyle fc = _, relu\n"
    graph = graph_of(head + rows + "FC-4096, dropout 0.5\nFC-4096, dropout 0.5\nFC-1000 plain\nsoft-max eval")
    for view in ("infer", "train"):
        total = stats(graph, view=view).totals
        assert total.activations == 15_237_608
        assert total.activations_conv_fc == 13_547_520 + 9_192
        assert total.params == 138_357_544
        assert total.macs == 15_470_264_320
        assert total.depth == 16
        assert (total.receptive_field, total.downsampling) == ((212, 212), (32, 32))


def test_an_activation_takes_the_place_of_a_tensor_that_nothing_else_needs() -> None:
    graph = graph_of("input 4x8x8\nconv3-4 as a, relu as b, conv3-4, sigmoid\nadd { id | @a | @b }, relu")
    numbers = stats(graph)
    counted = {r.name: r.activations for r in numbers.layers}
    assert counted["relu1"] == 256  # `a` is added later, so that both stay
    assert counted["sigmoid1"] == 0
    assert counted["relu2"] == 0
    assert counted["add1"] == 256


def test_what_drops_or_scales_in_a_branch_takes_its_input_s_place() -> None:
    numbers = stats(graph_of("input 4x8x8\nadd { conv3-4 +bn, scale, droppath 0.1 | id }"))
    assert {r.op: r.activations for r in numbers.layers if r.activations} == {"input": 256, "conv": 256, "add": 256}


def test_views_of_a_tensor_are_no_activations() -> None:
    numbers = stats(graph_of("input 4x8x8\nflatten\nfc-10"))
    assert [r.activations for r in numbers.layers] == [256, 0, 10]


def test_a_norm_over_positions_counts_as_a_layer() -> None:
    numbers = stats(graph_of("input 4x8x8\nconv3-4, relu, lrn 5"))
    assert row(numbers, "lrn1").activations == 256


def test_batch_multiplies_work_and_activations_alone() -> None:
    graph = graph_of("input 3x8x8\nconv3-4 +bn, relu\nmaxpool, fc-10")
    one, many = stats(graph).totals, stats(graph, batch=32).totals
    assert (many.macs, many.flops) == (32 * one.macs, 32 * one.flops)
    assert (many.activations, many.activations_conv_fc) == (32 * one.activations, 32 * one.activations_conv_fc)
    assert many.activation_bytes == 32 * one.activation_bytes
    assert (many.params, many.buffers, many.depth) == (one.params, one.buffers, one.depth)
    with pytest.raises(ValueError, match="at least one image"):
        stats(graph, batch=0)


def test_a_module_applied_twice_has_its_parameters_once_and_its_macs_twice() -> None:
    body = "input left 1x8x8\ninput right 1x8x8\n@left, tower: [conv3-4, relu] as a\n"
    graph = graph_of(body + "@right, reuse tower as b\nconcat { @a | @b }\nfc-2")
    numbers = stats(graph)
    convs = [r for r in numbers.layers if r.op == "conv"]
    assert [r.params for r in convs] == [40, 0]
    assert [r.macs for r in convs] == [2304, 2304]
    assert len({r.module for r in convs}) == 1
    assert numbers.totals.params == 40 + 8 * 64 * 2 + 2
    assert numbers.inputs() == (("left", (1, 8, 8)), ("right", (1, 8, 8)))


def test_frozen_weights_are_no_parameters_to_train() -> None:
    total = stats(graph_of("input 3x8x8\nconv3-4 frozen\nfc-10")).totals
    assert (total.frozen, total.params) == (112, 2570)


# -- views ------------------------------------------------------------------------------------------------------------

AUXILIARY = """\
input 3x16x16
conv3-8 as trunk, relu, dropout 0.5 train
gap, fc-10, soft-max eval
output aux train weight=0.3 { @trunk, gap, fc-10 }"""


def test_each_view_has_its_own_layers() -> None:
    graph = graph_of(AUXILIARY)
    infer, train = stats(graph), stats(graph, view="train")
    assert [r.op for r in infer.layers] == ["input", "conv", "relu", "gap", "fc", "softmax"]
    assert sorted(r.op for r in train.layers) == sorted(["input", "conv", "relu", "dropout", "gap", "fc", "gap", "fc"])
    assert (infer.totals.params, train.totals.params) == (224 + 90, 224 + 90 + 90)
    assert infer.outputs() == (("main", (10,)),)
    assert train.outputs() == (("main", (10,)), ("aux", (10,)))


def test_what_a_view_leaves_out_passes_its_tensor_on() -> None:
    graph = graph_of(AUXILIARY)
    seen = see(graph, "infer")
    gap = next(node for node in seen.nodes if node.op.keyword == "gap")
    (before,) = seen.inputs[gap.index]
    assert graph.nodes[before].op.keyword == "relu"
    assert row(stats(graph), "gap1").receptive_field == (3 + 15, 3 + 15)


@pytest.mark.parametrize("view", ["infer", "train"])
def test_a_graph_of_one_view_has_the_same_numbers(view: str) -> None:
    graph = graph_of(AUXILIARY)
    assert view in ("infer", "train")
    only = restrict(graph, view)  # type: ignore[arg-type]
    verify(only)
    here, there = stats(only, view=view), stats(graph, view=view)  # type: ignore[arg-type]
    assert here.totals == there.totals
    assert [r.name for r in here.layers] == [r.name for r in there.layers]


# -- depth ------------------------------------------------------------------------------------------------------------


def test_depth_is_the_longest_path_in_weight_layers() -> None:
    graph = graph_of("input 4x8x8\nadd { conv3-4, relu, conv3-4 | conv1-4 | id }, relu\nsepconv3-4\ngap, fc-10")
    assert depth(graph) == 2 + 2 + 1


def test_a_gate_counts_in_the_depth_and_a_reference_does_not() -> None:
    gate = graph_of("input 4x8x8\nconv3-4\nmul { id | gap, conv1-2, relu, conv1-4, sigmoid }")
    assert depth(gate) == 3
    crop = graph_of("input 4x8x8\nconv3-4 as a, conv3-4, conv3-4 as deep\n@a, crop @deep, conv3-4")
    assert depth(crop) == 2


# -- receptive field --------------------------------------------------------------------------------------------------


def test_receptive_field_of_a_residual_net_s_stem() -> None:
    graph = graph_of("input 3x224x224\nconv7-64/2, maxpool3/2 pad=1\nadd { conv3-64, relu, conv3-64 | id }")
    at = reach(graph)
    assert at is not None
    assert at.field == (Axis(27, 4, -13),) * 2  # sizes 7, 11, 19, 27 with jumps 2, 4, 4, 4


def test_axes_are_apart() -> None:
    graph = graph_of("input 1x1x32x32\nconv1x3x5-4/1x1x2")
    at = reach(graph)
    assert at is not None
    assert at.field == (Axis(1, 1, 0), Axis(3, 1, -1), Axis(5, 2, -2))
    assert stats(graph).totals.downsampling == (1, 1, 2)


def test_the_pooling_of_a_gate_is_not_the_end_of_the_maps() -> None:
    gate = "mul { id | gap, conv1-2, relu, conv1-4, sigmoid }"
    graph = graph_of(f"input 4x32x32\nconv3-4/2, {gate}, conv3-4/2, {gate}\ngap, fc-10")
    at = reach(graph)
    assert at is not None
    assert at.field == (Axis(7, 4, -3),) * 2
    dense = graph_of(f"input 4x32x32\nconv3-4/2, {gate}, conv3-4")
    last = reach(dense)
    assert last is not None
    assert last.node == len(dense.nodes) - 1
    assert last.field == (Axis(7, 2, -3),) * 2


def test_the_last_map_with_two_inputs_comes_after_both() -> None:
    body = "input a 1x16x16\ninput b 1x16x16\n@a, gap as small\n@b, conv3-4/2 as map\n"
    graph = graph_of(body + "@map, mul { id | @small, conv1-4 }, conv3-4/2, gap, fc-2")
    at = reach(graph)
    assert at is not None
    assert at.field == (Axis(7, 4, -3),) * 2


def test_an_enlarged_map_has_a_fractional_jump() -> None:
    graph = graph_of("input 1x8x8\nconv3-4/2, upconv2-4/2, upconv4-4/4 pad=0")
    jumps = [field[0].jump for field in receptive_fields(graph) if field]
    assert jumps == [1, 2, 1, Fraction(1, 4)]
    assert stats(graph).to_dict()["layers"][-1]["jump"] == [0.25, 0.25]


def test_a_net_of_vectors_has_no_receptive_field() -> None:
    total = stats(graph_of("input 784\nfc-100, relu, fc-10")).totals
    assert (total.receptive_field, total.downsampling, total.last_map) == (None, None, None)


def test_the_map_before_a_flattened_vector() -> None:
    total = stats(graph_of("input 1x28x28\nconv5-6, relu, maxpool\nflatten, dropout 0.5, fc-10")).totals
    assert (total.receptive_field, total.downsampling, total.last_map) == ((6, 6), (2, 2), "maxpool1")


@st.composite
def _windows(draw: st.DrawFn) -> tuple[int, int, int, int]:
    kernel = draw(st.integers(1, 4))
    dilation = draw(st.integers(1, 2))
    stride = draw(st.integers(1, 3))
    return kernel, stride, draw(st.integers(0, dilation * (kernel - 1))), dilation


@settings(max_examples=60, deadline=None)
@given(st.lists(_windows(), min_size=1, max_size=4))
def test_receptive_fields_are_the_elements_seen(windows: list[tuple[int, int, int, int]]) -> None:
    layers = "\n".join(f"conv{k}-1/{s} pad={p} dilation={d}" for k, s, p, d in windows)
    graph = graph_of(f"input 1x400\n{layers}")
    (axis,) = receptive_fields(graph)[-1] or ()

    def seen_from(place: int) -> set[int]:
        places = {place}
        for kernel, stride, pad, dilation in reversed(windows):
            places = {at * stride - pad + dilation * tap for at in places for tap in range(kernel)}
        return places

    for place in (0, 1, 5):
        seen = seen_from(place)
        assert min(seen) == axis.start + place * axis.jump
        assert max(seen) - min(seen) + 1 == axis.size


# -- roll-ups ---------------------------------------------------------------------------------------------------------

BLOCKS = """\
style conv = _, bn, relu
block unit(c, s=1) {
  add { conv3-c/s, conv3-c +bn | if s != 1 or in.c != c { conv1-c/s +bn } else { id } }
  relu
}
input 3x32x32
conv3-8
stage1: [unit(8), unit(8)]
stage2: [unit(16, s=2), unit(16)]
tail: [conv3-16, conv3-16]
gap, fc-10
output aux train { @stage1, gap, fc-10 }"""


def test_by_block() -> None:
    rows = stats(graph_of(BLOCKS), view="train").by("block")
    assert [(r.name, r.op) for r in rows] == [
        ("input", "input"),
        ("conv1", "conv"),
        ("stage1.0", "unit"),
        ("stage1.1", "unit"),
        ("stage2.0", "unit"),
        ("stage2.1", "unit"),
        ("tail", "group"),
        ("gap1", "gap"),
        ("fc1", "fc"),
        ("aux", "output"),
    ]
    conv, unit = rows[1], rows[4]
    assert (conv.layers, conv.params) == (3, 216 + 16)
    assert unit.shape == (16, 16, 16)
    assert unit.params == 8 * 16 * 9 + 32 + 16 * 16 * 9 + 32 + 8 * 16 + 32


def test_by_stage() -> None:
    rows = stats(graph_of(BLOCKS), view="train").by("stage")
    assert [(r.name, r.op) for r in rows] == [
        ("stage1", "32×32"),
        ("stage2", "16×16"),
        ("stage3", "1"),
        ("aux", "1"),
    ]
    assert [r.shape for r in rows] == [(8, 32, 32), (16, 16, 16), (10,), (10,)]


def test_a_stage_takes_in_what_leads_to_no_output() -> None:
    text = "input 1x8x8\nconv3-2 as a\nconv3-3, maxpool\n@a, conv3-4, maxpool\nconv3-5 as b\nconv3-6\n"
    rows = stats(graph_of(f"{text}@b, relu\noutput aux {{ @a, conv3-7 }}")).by("stage")
    assert [(row.op, row.params) for row in rows] == [
        ("8×8", 1 * 2 * 9 + 2 + 2 * 3 * 9 + 3 + 2 * 4 * 9 + 4),
        ("4×4", 4 * 5 * 9 + 5 + 5 * 6 * 9 + 6),
        ("8×8", 2 * 7 * 9 + 7),
    ]


def test_a_stage_takes_in_the_branches_that_lead_to_it() -> None:
    body = "input 4x32x32\nconcat { conv1-4, conv3-4/2 | conv3-4/2 | maxpool }\n"
    gate = "mul { id | gap, conv1-2, relu, conv1-12, sigmoid }"
    rows = stats(graph_of(f"{body}{gate}\nconv3-4/2")).by("stage")
    assert [(r.op, r.layers) for r in rows] == [("32×32", 2), ("16×16", 10), ("8×8", 1)]


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        # a stride in the middle of a block: the whole call is of the stage that it makes
        ("block b(c, s=1) { add { conv1-c, conv3-c/s | conv1-c/s }, relu }\nb(4), b(8, s=2), b(8)",
         [("16×16", 5, 4), ("8×8", 5 + 5, 8)]),
        ("block b(s) { conv1-8, dwconv3/s, conv1-8 }\nb(1), b(2)", [("16×16", 3, 8), ("8×8", 3, 8)]),
        # in a call inside of a call
        ("block c(c, s) { conv3-c/s, relu }\nblock b { c(4, 1), c(8, 2), c(8, 1) }\nrelu, b",
         [("16×16", 1, 1), ("8×8", 6, 8)]),
        # what ends in a pooling, and what changes the size twice, is cut as a line without a call is
        ("block b { conv3-4, maxpool }\nb, b", [("16×16", 1, 4), ("8×8", 2, 4), ("4×4", 1, 4)]),
        ("block b { conv3-4, conv3-5/2, conv3-6/2, conv3-7 }\nb", [("16×16", 1, 4), ("8×8", 1, 5), ("4×4", 2, 7)]),
    ],
)  # fmt: skip
def test_a_stage_does_not_begin_inside_of_a_block(body: str, rows: list[tuple[str, int, int]]) -> None:
    found = stats(graph_of(f"input 1x16x16\n{body}")).by("stage")
    shown = [(row.op, row.layers - (row.op == "16×16"), row.shape[0]) for row in found]
    assert shown == rows


def test_an_encoder_and_decoder_have_a_stage_a_level_each_way() -> None:
    body = "input 1x16x16\nconv3-4 as a, maxpool, conv3-8, upconv2-4/2\nconcat { id | @a }, conv3-2"
    assert [r.op for r in stats(graph_of(body)).by("stage")] == ["16×16", "8×8", "16×16"]


@pytest.mark.parametrize("spec", ZOO, ids=lambda path: path.stem)
@pytest.mark.parametrize("view", ["infer", "train"])
def test_rows_sum_up_to_the_totals(spec: Path, view: str) -> None:
    assert view in ("infer", "train")
    numbers = stats(netdsl.compile(spec), view=view, batch=2)  # type: ignore[arg-type]
    kinds: tuple[By, ...] = ("layer", "block", "stage")
    for by in kinds:
        rows = numbers.by(by)
        assert sum(r.layers for r in rows) == len(numbers.layers)
        for key in SUMMED:
            assert sum(getattr(r, key) for r in rows) == getattr(numbers.totals, key), (by, key)


# -- JSON -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", ZOO, ids=lambda path: path.stem)
def test_json_is_as_its_schema_says(spec: Path) -> None:
    schema = json.loads(schema_path().read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    kinds: tuple[By, ...] = ("layer", "block", "stage")
    numbers = stats(netdsl.compile(spec))
    for by in kinds:
        value = json.loads(numbers.to_json(by))
        assert [error.message for error in validator.iter_errors(value)] == []
        assert value == numbers.to_dict(by)
    del value["totals"]["macs"]
    assert not validator.is_valid(value)


def test_json_of_a_small_net() -> None:
    value = stats(graph_of("input 1x8x8\nconv3-4/2, relu, fc-10")).to_dict()
    assert {key: value[key] for key in ("net", "variant", "view", "batch", "input", "outputs")} == {
        "net": "n",
        "variant": None,
        "view": "infer",
        "batch": 1,
        "input": [1, 8, 8],
        "outputs": {"main": [10]},
    }
    assert value["totals"]["receptive_field"] == [3, 3]
    conv = value["layers"][1]
    assert conv["name"] == "conv1"
    assert (conv["shape"], conv["params"], conv["macs"], conv["line"]) == ([4, 4, 4], 40, 576, 3)
