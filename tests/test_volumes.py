"""Volumes: which tensors are drawn, how large, and where."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

import netdsl
from netdsl.analyses.structure import structure
from netdsl.analyses.view import see
from netdsl.backends.canvas.engine import render
from netdsl.backends.canvas.options import LEAST, PAGES, Options, Theme
from netdsl.backends.canvas.svg import svg
from netdsl.backends.draw import drawing
from netdsl.backends.volumes import volumes
from netdsl.backends.volumes.maps import Volume, Way, found, lanes
from netdsl.backends.volumes.scale import Scale
from netdsl.backends.volumes.solid import Block, solid
from netdsl.cli import main
from netdsl.ir.graph import Graph
from netdsl.ir.types import View
from tests.nets import spec
from tests.scenes import check

SPECS = Path(__file__).parent.parent / "specs"
ZOO = sorted(path.stem for path in SPECS.glob("*.net"))


def zoo(stem: str, variant: str | None = None) -> Graph:
    return netdsl.compile(SPECS / f"{stem}.net", variant=variant)


def compiled(text: str) -> Graph:
    return netdsl.compile("net small\n" + text)


def maps(graph: Graph) -> tuple[list[Volume], list[Way]]:
    return found(graph, structure(graph, see(graph, "train")).items)


# -- what is drawn


def test_the_volumes_of_alexnet_are_those_of_its_figure() -> None:
    drawn, ways = maps(zoo("alexnet"))
    assert [volume.shape for volume in drawn] == [
        (3, 227, 227),
        (96, 55, 55),
        (96, 27, 27),
        (256, 27, 27),
        (256, 13, 13),
        (384, 13, 13),
        (384, 13, 13),
        (256, 13, 13),
        (256, 6, 6),
        (4096,),
        (4096,),
        (1000,),
    ]
    assert [volume.kernel for volume in drawn[1:4]] == [(11, 11), (3, 3), (5, 5)]
    assert [volume.words for volume in drawn[:3]] == ["input", "11×11/4", "max 3×3/2"]
    assert ways == []


def test_repeats_are_one_volume() -> None:
    drawn, _ = maps(zoo("resnet", "50"))
    assert [(volume.shape, volume.times) for volume in drawn[3:7]] == [
        ((256, 56, 56), 3),
        ((512, 28, 28), 4),
        ((1024, 14, 14), 6),
        ((2048, 7, 7), 3),
    ]
    assert [volume.times for volume in maps(zoo("vgg16"))[0]][:5] == [1, 2, 1, 2, 1]


def test_every_weight_of_the_way_is_in_a_volume() -> None:
    for stem in ("resnet", "googlenet", "densenet", "mobilenet_v2", "unet"):
        graph = zoo(stem)
        drawn, _ = maps(graph)
        shown = {node.index for volume in drawn for layer in volume.layers for node in layer.nodes}
        seen = see(graph, "infer")
        assert {node.index for node in seen.nodes if node.op.weight_layer} <= shown


def test_an_hourglass_has_ways_over_it() -> None:
    drawn, ways = maps(zoo("unet"))
    assert [(drawn[way.source].shape, drawn[way.target].shape, way.words) for way in ways] == [
        ((512, 64, 64), (1024, 56, 56), "crop 56×56"),
        ((256, 136, 136), (512, 104, 104), "crop 104×104"),
        ((128, 280, 280), (256, 200, 200), "crop 200×200"),
        ((64, 568, 568), (128, 392, 392), "crop 392×392"),
    ]
    # What comes over the line is first in the concatenation.
    assert drawn[ways[-1].target].parts == ((64, False), (64, True))


# -- how large


def test_what_is_beside_the_way_is_left_out_and_named() -> None:
    text = "input 3x8x8\nconv3-4, relu\noutput low { gap, fc-2 }\nconv3-8\noutput mid train { gap, fc-2 }\nconv3-4\n"
    views: dict[View, str] = {"train": "Left out: low, mid.", "infer": "Left out: low."}
    for view, said in views.items():
        assert said in " ".join(box.text for box in volumes(compiled(text), view).boxes), view
    assert not any("Left out" in box.text for box in volumes(zoo("lenet5")).boxes)


def test_sides_are_to_scale() -> None:
    drawn, _ = maps(zoo("alexnet"))
    scale = Scale(drawn)
    assert scale.linear
    boxes = [solid(volume, scale, planes=False) for volume in drawn[:9]]
    fronts = [box.front for box in boxes if isinstance(box, Block)]
    for front, volume in zip(fronts, drawn):
        assert front / fronts[0] == pytest.approx(volume.shape[1] / 227)
    # Thickness goes by the root: 384 channels are twice as thick as 96.
    assert scale.depth(384) == pytest.approx(2 * scale.depth(96))
    assert scale.bar(4096) / scale.bar(1000) == pytest.approx(math.sqrt(4.096))


def test_what_cannot_be_linear_goes_by_the_root_and_says_so() -> None:
    graph = compiled("input 1x16000\nconv9-16/4, relu\nmaxpool4\nconv3-32/20\nfc-10\n")
    drawn, _ = maps(graph)
    scale = Scale(drawn)
    assert not scale.linear
    assert scale.side(4000) == pytest.approx(scale.side(16000) / 2)
    said = " ".join(box.text for box in volumes(graph).boxes)
    assert "drawn by their square roots" in said


def test_a_kernel_is_to_scale_and_on_its_map() -> None:
    drawn, _ = maps(zoo("alexnet"))
    first = solid(drawn[0], Scale(drawn), planes=False)
    assert isinstance(first, Block)
    corners = first.window((11, 11))
    assert corners[3][1] - corners[0][1] == pytest.approx(first.front * 11 / 227)
    assert corners[1][0] - corners[0][0] == pytest.approx(first.dx * 11 / 227)
    assert all(first.x <= x <= first.x + first.w and first.top <= y <= -first.top for x, y in corners)


def test_few_channels_are_planes() -> None:
    scene = volumes(zoo("lenet5"))
    texts = [box.text for box in scene.boxes if box.text]
    assert [text for text in texts if "@" in text] == ["1@32×32", "6@28×28", "6@14×14", "16@10×10", "16@5×5"]
    # A plane each, a kernel on four of them, and three bars.
    assert sum(bool(box.points) for box in scene.boxes) == 1 + 6 + 6 + 16 + 16 + 4 + 3


# -- where


@pytest.mark.parametrize("stem", ZOO)
def test_the_zoo_is_drawn(stem: str) -> None:
    graph = zoo(stem)
    for options in (Options(), Options(heat="macs")):
        check(volumes(graph, "train", options))


@pytest.mark.parametrize(
    "text",
    [
        "input 784\nfc-300, relu, fc-10\n",
        "input 1x16000\nconv9-16/4, relu\nmaxpool4\nconv3-32\nconv3-32\nfc-10\n",
        "input 3x16x112x112\nconv3-64\nmaxpool\nconv3-128\ngap\nfc-101\n",
        "input a 3x32x32\ninput b 3x32x32\nconcat { @a, conv3-8 | @b, conv3-8 }\nconv3-16\ngap\nfc-2\n",
        "input 3x2x500\nconv1x7-8\nupsample ×2\nconv3-4 plain\n",
        "input 3x8x8\nid\n",
    ],
)
def test_maps_of_every_rank_are_drawn(text: str) -> None:
    check(volumes(compiled(text)))


@pytest.mark.parametrize("seed", range(20))
def test_random_nets_are_drawn(seed: int) -> None:
    graph = netdsl.compile(spec(random.Random(seed)))
    check(volumes(graph, "train"))
    check(volumes(graph, "infer", Options(heat="memory", page=(400, 300))))


def test_boxes_are_smaller_where_a_page_is() -> None:
    for stem in ("unet", "vgg16"):
        scene = volumes(zoo(stem), "train", Options(page=PAGES["slide"]))
        check(scene)
        assert scene.smallest >= LEAST and (scene.w + 14.4) * scene.scale <= 960.01


def test_the_same_in_svg_and_dot(tmp_path: Path) -> None:
    scene = volumes(zoo("lenet5"))
    drawn = ElementTree.fromstring(svg(scene))
    polygons = [each for each in drawn.iter("{http://www.w3.org/2000/svg}polygon") if each.get("points")]
    ours = [box for box in scene.boxes if box.points]
    by_graphviz = ElementTree.fromstring(render(scene.dot(), "svg"))
    theirs = [each for each in by_graphviz.iter("{http://www.w3.org/2000/svg}polygon") if each.get("fill") == "#77aadd"]
    blue = [each for each in polygons if each.get("fill") == "#77aadd"]
    assert len(ours) == sum(1 for each in polygons) and len(blue) == 6 + 16
    # The legend's box is a rectangle of netdsl's and a polygon of Graphviz's.
    assert len(theirs) == len(blue) + 1


@pytest.mark.parametrize("theme", ["dark", "print", "auto"])
def test_themes(theme: Theme) -> None:
    graph = zoo("lenet5")
    other = drawing(graph, kind="volumes", options=Options(theme=theme)).render("svg")
    assert other != drawing(graph, kind="volumes").render("svg")


def test_a_golden(golden: Callable[[str, str], None]) -> None:
    golden("volumes-lenet5.svg", drawing(zoo("lenet5"), kind="volumes").render("svg").decode())


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.png"
    assert main(["draw", "zoo:lenet5", "--as", "volumes", "-o", str(path)]) == 0
    assert path.read_bytes().startswith(b"\x89PNG")
    assert main(["draw", "zoo:lenet5", "--as", "volumes", "--labels", "macs", "-o", str(path)]) == 2
    assert "--as volumes takes no --labels" in capsys.readouterr().err


# -- several inputs

TOWERS = """
input left 1x16x16
input right 1x16x16
@left
tower: [conv3-4, relu, maxpool, fc-8]
@right, reuse tower as b
sub { @tower | @b }
abs
fc-1
"""
NESTED = """
input a 3x16x16
input b 3x16x16
input c 1x8x8
@a
x: [conv3-4, maxpool]
@b
y: [conv3-24, maxpool, conv3-8]
concat { @x | @y }
z: conv3-8
@c
w: conv3-2
concat { @z | @w }
gap
fc-10
"""
CROSSED = """
input a 3x16x16
input b 3x16x16
@a
x: conv3-4
@b
y: conv3-4
p: add { @x | @y }
q: mul { @x | @y }
concat { @p | @q }
fc-2
"""


def test_adaptive_pools_in_a_branch_have_no_stride() -> None:
    graph = compiled("input 3x8x8\navgpool to=5\nconcat { avgpool to=3, avgpool to=2 | id, avgpool to=2 }\n")
    check(volumes(graph, "train"))


def test_each_arm_from_an_input_is_a_lane() -> None:
    graph = compiled(TOWERS)
    lane = lanes(graph, structure(graph, see(graph, "train")).items)
    assert [[volume.words for volume in arm.volumes] for arm in lane.before] == [
        ["left", "3×3", "max 2×2/2", "dense"],
        ["right", "3×3", "max 2×2/2", "dense"],
    ]
    assert [(volume.words, volume.shape) for volume in lane.volumes] == [("sub", (8,)), ("dense", (1,))]


def test_lanes_meet_where_others_have_met() -> None:
    graph = compiled(NESTED)
    lane = lanes(graph, structure(graph, see(graph, "train")).items)
    (one, other) = lane.before
    assert [arm.volumes[0].words for arm in (*one.before, other)] == ["a", "b", "c"]
    assert one.volumes[0].parts == ((4, True), (8, True)) and lane.volumes[0].parts == ((8, True), (2, True))


def test_inputs_whose_arms_share_tensors_are_drawn_too() -> None:
    graph = compiled(CROSSED)
    lane = lanes(graph, structure(graph, see(graph, "train")).items)
    assert [[volume.words for volume in arm.volumes] for arm in lane.before] == [["a"], ["b"]]
    assert [volume.shape for volume in lane.volumes] == [(8, 16, 16), (2,)]


@pytest.mark.parametrize("text", [TOWERS, NESTED, CROSSED])
def test_several_inputs_have_their_places(text: str) -> None:
    graph = compiled(text)
    for options in (Options(), Options(heat="macs", page=(400, 300))):
        scene = volumes(graph, "train", options)
        check(scene)
        inputs = [box for box in scene.boxes if box.text in ("left", "right", "a", "b", "c")]
        assert len(inputs) == len({box.y for box in inputs}) == text.count("input ")


def test_a_small_share_does_not_read_as_none() -> None:
    """A fully connected layer after convolutions: it has a share, if hardly any."""
    graph = netdsl.compile("net small\ninput 3x64x64\nb: [conv3-64, relu, gap, fc-10]\n")
    for options in ({"kind": "volumes"}, {"kind": "block", "block": "b"}, {"kind": "layers"}):
        words = drawing(graph, options=Options(heat="macs"), **options).render("svg").decode()  # type: ignore[arg-type]
        assert "&lt;0.1%" in words and ">0.0%" not in words
