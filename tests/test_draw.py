"""Diagrams: what is drawn of a graph, the DOT text, and the pictures that the engine makes of it."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import netdsl
from netdsl.backends.canvas import engine as engine_module
from netdsl.backends.canvas.engine import find, render
from netdsl.backends.labels import metric, show
from netdsl.backends.layers.diagram import Diagram, diagram
from netdsl.backends.layers.dot import dot_text
from netdsl.diagnostics import NetdslError
from netdsl.ir.graph import Graph

SPECS = Path(__file__).parent.parent / "specs"

RESIDUAL = """\
net residual
input 16x32x32
style conv = _, bn, relu
block basic(c, s=1) {
  add {
    conv3-c/s
    conv3-c +bn
    | if s != 1 { downsample: [conv1-c/s +bn] } else { id }
  }
  relu
}
stage: [basic(16), basic(16)]
basic(32, s=2)
gap, fc-10
"""


def compiled(text: str) -> Graph:
    return netdsl.compile("net small\n" + text)


def texts(shown: Diagram) -> list[str]:
    return [box.caption for box in shown.boxes]


def labels(dot: str) -> list[str]:
    """Plain labels of nodes, in order."""
    return re.findall(r'^\s*n\d+ \[.*?\blabel="((?:[^"\\]|\\.)*)"', dot, flags=re.MULTILINE) + re.findall(
        r"^\s*n\d+ \[.*?\blabel=([^\s\"\]]+)", dot, flags=re.MULTILINE
    )


def svg_texts(svg: bytes) -> list[str]:
    root = ElementTree.fromstring(svg)
    return ["".join(element.itertext()) for element in root.iter("{http://www.w3.org/2000/svg}text")]


def png_size(picture: bytes) -> tuple[int, int]:
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", picture[16:24])
    return width, height


# -- boxes ------------------------------------------------------------------------------------------------------------


def test_a_convolution_its_norm_and_its_activation_are_one_box() -> None:
    shown = diagram(compiled("input 3x8x8\nstyle conv = _, bn, relu\nconv3-4\nconv3-4 plain\nmaxpool\n"), "infer")
    assert texts(shown) == ["input", "3×3 conv, 4", "3×3 conv, 4", "max 2×2, /2"]
    assert [box.after for box in shown.boxes] == [(), ("bn", "relu"), (), ()]
    assert shown.usual == {"conv": ((), ("bn", "relu"))}


def test_what_stands_before_a_layer_is_in_its_box_too() -> None:
    shown = diagram(compiled("input 3x8x8\nstyle conv = bn, relu, _\nconv3-4\nconv3-4\n"), "infer")
    assert [(box.before, box.caption) for box in shown.boxes[1:]] == [(("bn", "relu"), "3×3 conv, 4")] * 2


def test_layers_that_the_spec_writes_one_by_one_are_one_box_too() -> None:
    shown = diagram(compiled("input 3x8x8\nconv3-4, bn, relu, maxpool, lrn\n"), "infer")
    assert texts(shown) == ["input", "3×3 conv, 4", "max 2×2, /2", "lrn"]


def test_a_tensor_that_is_tapped_ends_its_box() -> None:
    text = "input 3x8x8\nconv3-4 as early\nrelu\nadd { conv3-4 | @early }\n"
    assert texts(diagram(compiled(text), "infer")) == ["input", "3×3 conv, 4", "relu", "3×3 conv, 4", "+"]


def test_costs_of_a_box_are_those_of_all_its_layers() -> None:
    shown = diagram(compiled("input 3x8x8\nstyle conv = _, bn, relu\nconv3-4\n"), "infer")
    assert (shown.boxes[1].params, shown.boxes[1].macs) == (3 * 4 * 9 + 2 * 4, 3 * 4 * 9 * 64)
    assert (shown.params, shown.macs) == (shown.boxes[1].params, shown.boxes[1].macs)


@pytest.mark.parametrize(
    ("layer", "tint"),
    [
        ("conv3-8", "conv"),
        ("conv1-8", "pointwise"),
        ("conv3-8 groups=4", "grouped"),
        ("dwconv3", "grouped"),
        ("upconv2-8/2", "conv"),
        ("maxpool", "pool"),
        ("gap", "pool"),
        ("fc-8", "fc"),
        ("lrn 5", "norm"),
        ("softmax", "activation"),
        ("dropout 0.5", "regularise"),
        ("flatten", "shape"),
    ],
)
def test_colours_go_by_kind(layer: str, tint: str) -> None:
    assert diagram(compiled(f"input 8x8x8\n{layer}\n"), "train").boxes[1].tint == tint


def test_a_module_that_is_applied_again_says_so() -> None:
    text = "input 4x8x8\ntwin: [conv3-4, relu]\nreuse twin\n"
    graph = compiled(text)
    assert [box.shared for box in diagram(graph, "infer").boxes] == [False, False, True]
    assert any("shared" in label for label in labels(dot_text(graph)))


def test_a_box_tells_what_is_not_usual() -> None:
    text = "input 3x8x8\nstyle conv = _, bn, relu\nconv3-4, conv3-5, conv3-6, conv3-7 +bn, conv3-8 plain\n"
    dot = dot_text(compiled(text))
    for words in ("3×3 conv, 4", "3×3 conv, 7 · bn", "3×3 conv, 8 · linear"):
        assert words in labels(dot)
    assert "conv is followed by bn, relu, unless a box says otherwise" in dot


# -- frames -----------------------------------------------------------------------------------------------------------


def test_blocks_are_frames_and_named_groups_bands() -> None:
    frames = diagram(netdsl.compile(RESIDUAL), "infer").frames
    shown = [(frame.name, frame.detail, frame.band, frame.parent) for frame in frames]
    assert shown == [
        ("residual", "", False, None),
        ("stage", "32×32", True, 0),
        ("stage.0", "basic", False, 1),
        ("stage.1", "basic", False, 1),
        ("basic1", "", False, 0),
    ]


def test_blocks_of_one_size_stand_in_a_band() -> None:
    graph = netdsl.compile(SPECS / "googlenet.net")
    shown = diagram(graph, "train")
    parents = {frame.name: frame.parent for frame in shown.frames}
    bands = {frame.name: index for index, frame in enumerate(shown.frames) if frame.band}
    assert list(bands) == ["28×28", "14×14", "7×7"]
    assert parents["inception3a"] == parents["inception3b"] == bands["28×28"]
    assert parents["inception4a"] == parents["inception4e"] == bands["14×14"]
    assert parents["inception5b"] == bands["7×7"]
    assert parents["aux1"] == 0


def test_a_frame_in_a_block_is_named_from_there() -> None:
    text = "input 4x8x8\nblock inner { conv3-4, conv3-4 }\nblock outer { inner(), inner(), conv3-4 }\nouter()\n"
    assert [frame.name for frame in diagram(compiled(text), "infer").frames[1:]] == ["outer1", "inner1", "inner2"]


# -- links ------------------------------------------------------------------------------------------------------------


def roles(shown: Diagram) -> dict[tuple[int, int], str]:
    return {(link.source, link.target): link.role for link in shown.links if link.role != "plain"}


def test_an_identity_and_a_projection_are_told_apart() -> None:
    shown = diagram(netdsl.compile(RESIDUAL), "infer")
    assert texts(shown)[4:11] == [
        "3×3 conv, 16",
        "3×3 conv, 16",
        "+",
        "3×3 conv, 32, /2",
        "3×3 conv, 32",
        "1×1, 32, /2",
        "+",
    ]
    assert roles(shown) == {(0, 3): "identity", (3, 6): "identity", (6, 9): "projection", (9, 10): "projection"}


def test_arrows_into_a_block_part_inside_it() -> None:
    shown = diagram(netdsl.compile(RESIDUAL), "infer")
    forks = {(link.source, link.target): link.forks for link in shown.links if link.forks is not None}
    assert forks == {(0, 1): 2, (0, 3): 2, (3, 4): 3, (3, 6): 3, (6, 7): 4, (6, 9): 4}


def test_every_input_of_every_layer_is_an_arrow() -> None:
    graph = netdsl.compile(SPECS / "googlenet.net")
    shown = diagram(graph, "train")
    place = {node.index: index for index, box in enumerate(shown.boxes) for node in box.nodes}
    expected = [
        (place[at], place[node.index])
        for node in graph.nodes
        if node.index in place
        for at in node.inputs
        if place[at] != place[node.index]
    ]
    assert sorted((link.source, link.target) for link in shown.links) == sorted(expected)


def test_the_spine_is_the_longest_path() -> None:
    shown = diagram(netdsl.compile(RESIDUAL), "infer")
    spine = {link.target: link.source for link in shown.links if link.spine}
    assert spine == {1: 0, 2: 1, 3: 2, 4: 3, 5: 4, 6: 5, 7: 6, 8: 7, 10: 8, 11: 10, 12: 11}


def test_shapes_are_told_where_they_change() -> None:
    shown = diagram(compiled("input 3x8x8\nconv3-4, conv3-4, maxpool, conv3-8, gap\n"), "infer")
    told = [show(box.last.shape) for box in shown.boxes if box.news]
    assert told == ["4×8²", "4×4²", "8×4²", "8"]
    dot = dot_text(netdsl.compile(RESIDUAL))
    assert re.findall(r'taillabel="?([^\s"\]]+)', dot).count("32×16²") == 1


# -- views ------------------------------------------------------------------------------------------------------------


def test_training_parts_are_dashed_and_absent_from_inference() -> None:
    graph = netdsl.compile(SPECS / "googlenet.net")
    training, inference = dot_text(graph, view="train"), dot_text(graph, view="infer")
    assert "aux1 1000 · loss ×0.3" in training
    assert "dashed: in training alone" in training
    assert "aux1" not in inference
    assert "dashed" not in inference
    assert "13.4 M params · 1.59 G MACs in training" in training
    assert "7.00 M params · 1.58 G MACs" in inference
    assert "softmax" in inference
    assert "softmax" not in training


def test_the_legend_has_what_occurs() -> None:
    dot = dot_text(compiled("input 3x8x8\nconv3-4, maxpool, dropout 0.5\n"))
    assert "k×k conv" in dot
    assert "pooling" in dot
    assert ">dropout<" in dot
    assert "1×1 conv" not in dot
    assert "fully connected" not in dot
    assert "label" in dot_text(compiled("input 3x8x8\nid\n"))


# -- text and pictures ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", sorted(SPECS.glob("*.net")), ids=lambda path: path.stem)
def test_every_spec_is_drawn_the_same_each_time(spec: Path) -> None:
    first, second = netdsl.compile(spec), netdsl.compile(spec)
    dot = dot_text(first)
    assert dot == dot_text(second)
    svg = render(dot, "svg")
    assert svg == render(dot, "svg")
    shown = " ".join(svg_texts(svg))
    assert first.name in shown
    for box in diagram(first, "train").boxes[1:]:
        assert box.caption.split(" → ")[0] in shown


@pytest.mark.parametrize(
    "nasty", ['say "hi"', "a < b & c > d", "back\\slash \\N \\G", "<b>bold</b>", "&amp;", "tab\there", "\\", "'", "%s"]
)
def test_any_text_is_drawn_as_it_is(nasty: str) -> None:
    graph = compiled("input 3x8x8\nhere: [conv3-4, conv3-4]\n")
    shown = " ".join(nasty.replace("\t", "    ").split(" "))
    scope = graph.scopes[1].model_copy(update={"name": nasty, "path": nasty})
    node = graph.nodes[0].model_copy(update={"label": nasty})
    odd = graph.model_copy(
        update={
            "title": nasty,
            "name": nasty,
            "scopes": (graph.scopes[0], scope, *graph.scopes[2:]),
            "nodes": (node, *graph.nodes[1:]),
        }
    )
    drawn = svg_texts(render(dot_text(odd), "svg"))
    assert [text.replace("\N{NO-BREAK SPACE}", " ") for text in drawn].count(shown) == 3
    assert f"{shown} 3×8²" in [text.replace("\N{NO-BREAK SPACE}", " ") for text in drawn]


def test_names_of_several_lines_and_control_characters_do_no_harm() -> None:
    graph = compiled("input 3x8x8\nconv3-4\n").model_copy(update={"title": "two\nlines\x07", "name": ""})
    assert "two lines\N{REPLACEMENT CHARACTER}" in svg_texts(render(dot_text(graph), "svg"))


def test_a_png() -> None:
    dot = dot_text(netdsl.compile(SPECS / "resnet.net", variant="18"))
    width, height = png_size(render(dot, "png"))
    assert 300 < width < 1500
    assert height > 3 * width


def test_a_png_has_no_more_pixels_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    dot = dot_text(netdsl.compile(SPECS / "vgg19.net"))
    whole = png_size(render(dot, "png"))
    monkeypatch.setattr(engine_module, "MAX_PIXELS", 100_000)
    width, height = png_size(render(dot, "png"))
    assert 80_000 < width * height <= 100_000 < whole[0] * whole[1]
    monkeypatch.setattr(engine_module, "MAX_SIDE", 200)
    assert 190 < max(png_size(render(dot, "png"))) <= 200


def test_boxes_carry_their_names_and_numbers() -> None:
    svg = render(dot_text(netdsl.compile(SPECS / "vgg19.net")), "svg").decode()
    assert 'id="features.0"' in svg
    assert "features.0: 64×224×224, 1,792 params, 86,704,128 MACs" in svg


def test_dot_is_the_text_itself() -> None:
    dot = dot_text(compiled("input 3x8x8\nconv3-4\n"))
    assert render(dot, "dot") == dot.encode()
    with pytest.raises(ValueError, match="not 'gif'"):
        render(dot, "gif")


def test_without_an_engine_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(name: str, **_: Any) -> None:
        return None

    monkeypatch.setattr(engine_module, "which", nowhere)
    with pytest.raises(NetdslError, match="graphviz-pure") as raised:
        find()
    assert [problem.code for problem in raised.value.diagnostics] == ["ND008"]


def test_a_picture_that_went_wrong_is_an_error() -> None:
    with pytest.raises(NetdslError, match="could not draw") as raised:
        render("digraph { a [label=<<B>x>] }", "svg")
    assert [problem.code for problem in raised.value.diagnostics] == ["ND008"]


@pytest.mark.parametrize(
    ("shape", "shown"),
    [
        ((1000,), "1000"),
        ((64, 7, 7), "64×7²"),
        ((64, 1, 1), "64"),
        ((64, 7, 5), "64×7×5"),
        ((8, 9), "8×9"),
        ((8, 4, 4, 4), "8×4³"),
    ],
)
def test_shapes(shape: tuple[int, ...], shown: str) -> None:
    assert show(shape) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [(0, "0"), (999, "999"), (1000, "1.00 k"), (999_600, "1.00 M"), (25_557_032, "25.6 M"), (4_089_184_256, "4.09 G")],
)
def test_numbers(number: int, shown: str) -> None:
    assert metric(number) == shown
