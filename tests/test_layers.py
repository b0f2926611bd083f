"""Drawings of every layer: what its boxes say, where they stand, that each tensor is an arrow, and the options."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

import netdsl
from netdsl.analyses.structure import Block, Item, Split
from netdsl.analyses.view import carried, see
from netdsl.backends.canvas.metrics import width
from netdsl.backends.canvas.options import DIRECTIONS, HEATS, LEAST, PAGES, Heat, Options, Theme, page
from netdsl.backends.canvas.palette import RED
from netdsl.backends.canvas.scene import Box, Line, Scene
from netdsl.backends.canvas.stack import Link, Stack
from netdsl.backends.canvas.ways import Pen, lanes
from netdsl.backends.draw import drawing
from netdsl.backends.layers import every_layer
from netdsl.backends.layers.boxes import Face
from netdsl.backends.layers.cells import Leaf, Mark
from netdsl.backends.layers.page import Page
from netdsl.cli import main
from netdsl.ir.graph import Graph
from netdsl.ir.types import View
from tests.nets import spec

SPECS = Path(__file__).parent.parent / "specs"
ZOO = sorted(path.stem for path in SPECS.glob("*.net"))

#: A residual block with and without a projection, an inception, a gate, a mesh, and a head of its own.
MIXED = """\
net mixed "A little of all"
input 3x32x32
style conv = _, bn, relu
block basic(c, s=1) {
  add {
    conv3-c/s
    conv3-c +bn
    | if s != 1 { downsample: [conv1-c/s +bn] } else { id }
  }
  relu
}
conv3-16
stage: [basic(16), basic(16)]
basic(32, s=2)
concat { conv1-8 | conv1-8, conv3-16 | maxpool3/1 same, conv1-8 }
mul { id | gap, conv1-8 plain, relu, conv1-32 plain, sigmoid }
conv1-32 as a
conv3-32 as b
conv3-32 as c
add { @a | @b } as e
add { @a | @c } as f
concat { @e | @f } as both
output aux train weight=0.3 { @both, gap, fc-10 }
dropout 0.5, gap, fc-10
"""


def compiled(text: str) -> Graph:
    return netdsl.compile("net small\n" + text)


def zoo(stem: str, variant: str | None = None) -> Graph:
    return netdsl.compile(SPECS / f"{stem}.net", variant=variant)


def texts(scene: Scene) -> list[str]:
    return [box.text for box in scene.boxes if box.text]


def drawn(text: str, view: View = "train", **options: object) -> list[str]:
    return texts(every_layer(compiled(text), view, Options(**options)))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def pages() -> dict[str, tuple[Page, Scene]]:
    """Each net of the zoo."""
    made = {stem: Page(zoo(stem), "train", Options(), sparse=False) for stem in ZOO}
    return {stem: (each, each.scene()) for stem, each in made.items()}


# -- what boxes say ---------------------------------------------------------------------------------------------------


def test_a_convolution_its_norm_and_its_activation_are_one_box() -> None:
    shown = drawn("input 3x8x8\nstyle conv = _, bn, relu\nconv3-4\nconv3-4 plain\nmaxpool\n", labels=())
    assert [each for each in shown if each in ("3×3 conv, 4", "3×3 conv, 4 · linear", "max 2×2, /2", "bn", "relu")] == [
        *("3×3 conv, 4", "3×3 conv, 4 · linear", "max 2×2, /2")
    ]
    assert "A conv box that names nothing more has bn and relu after the conv (1 of 2 boxes)." in " ".join(shown)


def test_what_all_boxes_have_is_said_of_all() -> None:
    shown = drawn("input 3x8x8\nstyle conv = bn, relu, _\nconv3-4\nconv3-4\nfc-10\n")
    assert "Every conv box has bn and relu before the conv." in " ".join(shown)


def test_what_few_boxes_have_is_said_in_them() -> None:
    text = "input 3x8x8\nconv3-4 +bn\n" + "".join(f"conv3-4, {name}\n" for name in ("relu", "silu", "gelu", "mish"))
    shown = drawn(text + "conv3-4, sigmoid\nconv3-4, tanh\nconv3-4, hardswish")
    assert {"3×3 conv, 4 · bn", "3×3 conv, 4 · relu", "3×3 conv, 4 · tanh"} <= set(shown)
    assert not any("box" in each for each in shown)


def test_dropout_and_the_like_are_always_said() -> None:
    shown = drawn("input 3x8x8\nstyle fc = _, relu\nfc-8, dropout 0.5\nfc-8\nfc-4 plain\n")
    assert {"fc 8 · dropout 0.5", "fc 8", "fc 4 · linear"} <= set(shown)
    assert "An fc box that names nothing more has relu after the fc (2 of 3 boxes)." in " ".join(shown)


def test_weights_that_are_shared_are_told() -> None:
    assert "3×3 conv, 4 · shared" in drawn("input 4x8x8\ntwin: [conv3-4, relu]\nreuse twin\n")


def test_what_follows_a_sum_stands_beside_its_arrow() -> None:
    shown = drawn("input 4x8x8\nadd { conv3-4 | id }, relu\n")
    assert "+" in shown and "relu" in shown


def test_shapes_stand_where_they_change() -> None:
    shown = drawn("input 3x8x8\nconv3-4, conv3-4, maxpool, conv3-8, gap\n", labels=("shapes",))
    assert [each for each in shown if re.fullmatch(r"\d+(×\d+²)?", each)] == ["4×8²", "4×4²", "8×4²", "8"]
    assert not any(re.fullmatch(r"\d+(×\d+²)?", each) for each in drawn("input 3x8x8\nconv3-4, maxpool\n", labels=()))


def test_blocks_are_frames_and_stages_bands() -> None:
    scene = every_layer(zoo("resnet", "18"))
    names = {group.name: group for group in scene.groups if group.kind == "block"}
    assert list(names) == [f"block-layer{stage}.{block}" for stage in range(1, 5) for block in range(2)]
    assert [group.data["size"] for group in scene.groups if group.kind == "stage" and group.data] == [
        *("112×112", "56×56", "28×28", "14×14", "7×7")
    ]
    assert {"layer1.0", "basic", "layer2"} <= set(texts(scene))


def test_a_block_that_is_but_another_has_no_frame_of_its_own() -> None:
    text = "block a { conv3-4, relu, conv3-4 }\nblock b { a }\nblock c { b }\ninput 4x8x8\nc\nb\ngap, fc-2\n"
    scene = every_layer(compiled(text))
    # The frame is of the call that stands around all of it.
    frames = [(group.name, group.data["block"]) for group in scene.groups if group.kind == "block"]
    assert frames == [("block-c1", "c"), ("block-b1", "b")]


# -- all of the net ---------------------------------------------------------------------------------------------------


def expected(graph: Graph, found: Page, view: View) -> set[tuple[int, int]]:
    """The tensors that go from layer to layer."""
    seen = see(graph, view)
    home = {node.index: layer.head.index for layer in found.every for node in layer.nodes}
    arrows = {(home[at], home[node.index]) for node in seen.nodes for at in carried(node, seen.inputs[node.index])}
    return {(one, other) for one, other in arrows if one != other}


def check_whole(graph: Graph, found: Page, scene: Scene, view: View) -> None:
    seen = see(graph, view)
    assert sorted(node.index for layer in found.every for node in layer.nodes) == [node.index for node in seen.nodes]
    names = [box.name for box in scene.boxes if box.name and not box.name.startswith("output-")]
    assert sorted(names) == sorted(layer.head.name for layer in found.every)
    assert found.arrows == expected(graph, found, view)


def apart(boxes: list[Box]) -> None:
    """That no two boxes share a place."""
    boxes = sorted(boxes, key=lambda box: box.x)
    for at, one in enumerate(boxes):
        for other in boxes[at + 1 :]:
            if other.x >= one.x + one.w - 0.1:
                break
            over = one.y + one.h > other.y + 0.1 and other.y + other.h > one.y + 0.1
            assert not over, (one.text or one.name, other.text or other.name)


def inside(box: Box) -> Box:
    """The part of a box that its text fills."""
    wide = width(box.text, box.size, bold=box.bold)
    left = {"l": box.x, "r": box.x + box.w - wide}.get(box.align, box.x + (box.w - wide) / 2)
    return Box(left, box.y + box.h / 2 - box.size / 2, wide, box.size, box.text)


def check_places(scene: Scene) -> None:
    apart([inside(box) for box in scene.boxes if box.text])
    apart([box for box in scene.boxes if box.name])
    for box in scene.boxes:
        assert box.x >= -0.1 and box.y >= -0.1 and box.x + box.w <= scene.w + 0.1 and box.y + box.h <= scene.h + 0.1
        assert not box.name or not box.text or width(box.text, box.size) <= box.w
    for line in scene.lines:
        for x, y in line.points:
            assert -0.1 <= x <= scene.w + 0.1 and -0.1 <= y <= scene.h + 0.1


def crossed(scene: Scene) -> list[tuple[str, Line]]:
    """Boxes of layers, and texts beside them, that a line goes through."""
    boxes = [box for box in scene.boxes if box.name] + [inside(box) for box in scene.boxes if box.text and not box.name]
    found = []
    for line in scene.lines:
        for (a, b), (c, d) in pairwise(line.points):
            for box in boxes:
                wide = min(max(a, c), box.x + box.w - 0.5) - max(min(a, c), box.x + 0.5)
                high = min(max(b, d), box.y + box.h - 0.5) - max(min(b, d), box.y + 0.5)
                if wide >= 0 and high >= 0:
                    found.append((box.name or box.text, line))
    return found


def skips(items: Iterable[Item]) -> Iterable[Split]:
    for item in items:
        if isinstance(item, Block):
            yield from skips(item.items)
        elif isinstance(item, Split):
            for arm in item.arms:
                yield from skips(arm)
            if not all(item.arms):
                yield item


def check_skips(found: Page, scene: Scene) -> None:
    """That each identity is a line that ends at its join."""
    ends = [line.points[-1] for line in scene.lines if "skip" in line.kind]
    place = {box.name: box for box in scene.boxes if box.name}
    for split in skips(found.found.items):
        box = place[split.join.head.name]
        assert any(box.x - 0.1 <= x <= box.x + box.w + 0.1 and box.y - 0.1 <= y <= box.y + box.h + 0.1 for x, y in ends)


@pytest.mark.parametrize("stem", ZOO)
def test_all_of_the_zoo_is_drawn(stem: str, pages: dict[str, tuple[Page, Scene]]) -> None:
    found, scene = pages[stem]
    check_whole(found.graph, found, scene, "train")
    check_places(scene)
    check_skips(found, scene)
    assert crossed(scene) == []


@pytest.mark.parametrize("seed", range(60))
def test_all_of_any_net_is_drawn(seed: int) -> None:
    graph = netdsl.compile(spec(random.Random(seed)))
    view: View = "train" if seed % 2 else "infer"
    options = Options(direction=DIRECTIONS[seed % len(DIRECTIONS)])
    found = Page(graph, view, options, sparse=False)
    scene = found.scene()
    check_whole(graph, found, scene, view)
    check_places(scene)
    check_skips(found, scene)


def test_layers_that_share_tensors_have_lanes() -> None:
    graph = netdsl.compile(MIXED)
    found = Page(graph, "train", Options(), sparse=False)
    scene = found.scene()
    check_whole(graph, found, scene, "train")
    check_places(scene)
    assert crossed(scene) == []


def test_lanes_that_share_a_stretch_are_apart() -> None:
    assert lanes([(0, 10), (2, 3), (4, 8), (5, 6)]) == [2, 0, 1, 0]
    assert lanes([(0, 1), (1, 2)]) == [0, 1]


def test_what_comes_from_another_row_has_room_before_the_first_layer() -> None:
    def leaf(node: int) -> Leaf:
        return Leaf(Face("1×1 conv, 256, /2", "pointwise"), Mark(node, f"n{node}"), down=False)

    made = Stack([leaf(0)], [""], [Link(None, 0, (leaf(1), leaf(2)))], down=False)
    pen = Pen(Scene(""), down=False)
    made.draw(pen, 0, 50)
    places = [box.x for box in pen.scene.boxes] + [x for line in pen.scene.lines for x, _ in line.points]
    assert len(pen.scene.boxes) == 3 and min(places) >= 0
    assert max(box.x + box.w for box in pen.scene.boxes) <= made.length


def test_one_tensor_that_goes_to_several_layers_of_another_column() -> None:
    again = "add { id | @a }\nconv3-4\n"
    graph = compiled("input 4x8x8\nconv3-4 as a\n" + "conv3-4, relu\n" * 40 + again * 2 + "concat { @a | id }\n")
    found = Page(graph, "infer", Options(), sparse=False)
    scene = found.scene()
    check_whole(graph, found, scene, "infer")
    check_places(scene)
    check_skips(found, scene)
    assert sum("skip" in line.kind and line.points[0][1] > line.points[1][1] for line in scene.lines) >= 3


def test_heads_that_take_several_tensors_are_drawn_after_the_line() -> None:
    text = "conv3-4 as a\nconv3-4 as b\noutput low { add { @a | @b }, conv1-2 }\nconv3-4\n"
    graph = compiled("input 4x8x8\n" + text)
    found = Page(graph, "infer", Options(), sparse=False)
    scene = found.scene()
    check_whole(graph, found, scene, "infer")
    check_places(scene)


def test_several_inputs_have_arms_of_their_own() -> None:
    graph = compiled("input left 3x8x8\ninput right 3x8x8\n@left\nadd { @left, conv3-4 | @right, conv3-4 }\nconv3-4\n")
    found = Page(graph, "infer", Options(), sparse=False)
    scene = found.scene()
    check_whole(graph, found, scene, "infer")
    assert {"left 3×8²", "right 3×8²"} <= set(texts(scene))


# -- shortcuts and heads ----------------------------------------------------------------------------------------------


def test_a_projection_is_red_and_dashed_with_its_convolution_on_the_lane() -> None:
    scene = every_layer(zoo("resnet", "18"), "infer")
    red = [line for line in scene.lines if line.colour == RED]
    assert red and all(line.dashed and line.kind == "edge projection" for line in red)
    for stage in (2, 3, 4):
        (pill,) = (box for box in scene.boxes if box.name == f"layer{stage}.0.downsample.0")
        (main,) = (box for box in scene.boxes if box.name == f"layer{stage}.0.conv1")
        assert pill.x > main.x + main.w
        middle = pill.x + pill.w / 2
        assert any(line.points[-1] == (middle, pill.y) for line in red)
    plain = [line for line in scene.lines if line.kind == "edge skip"]
    assert len(plain) == 5 and not any(line.dashed or line.colour == RED for line in plain)


def test_heads_of_training_stand_beside_the_line_and_say_so() -> None:
    scene = every_layer(zoo("googlenet", "paper"))
    assert texts(scene).count("training only") == 2 and "aux1 1000 · loss ×0.3" in texts(scene)
    heads = [group for group in scene.groups if group.kind == "block head"]
    assert [group.name for group in heads] == ["head-aux1", "head-aux2"]
    tap = next(box for box in scene.boxes if box.name == "inception4a.concat1")
    frame = scene.boxes[heads[0].boxes][0]
    assert frame.dashed and frame.x > tap.x + tap.w and frame.y > tap.y
    assert "Dashed: in training alone." in texts(scene)
    inference = texts(every_layer(zoo("googlenet", "paper"), "infer"))
    assert "training only" not in inference and not any("Dashed" in each for each in inference)


# -- options ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("heat", HEATS)
def test_heat_is_the_share_of_the_whole_net(heat: Heat) -> None:
    shown = texts(every_layer(zoo("vgg19"), "infer", Options(heat=heat)))
    shares = [float(each.removesuffix("%")) for each in shown if re.fullmatch(r"[\d.]+%", each)]
    assert 99 < sum(shares) < 101
    if heat == "params":
        # The first fully connected layer: 512·49·4096 + 4096 of 143,667,240.
        assert max(shares) == round(100 * (512 * 49 * 4096 + 4096) / 143_667_240, 1) == 71.5


def test_labels_are_second_lines() -> None:
    shown = drawn("input 3x8x8\nconv3-4\nmaxpool\n", labels=("params", "macs", "rf"))
    assert "112 params · 6.91 k MACs · rf 3" in shown and "rf 4" in shown


@pytest.mark.parametrize("direction", ["right", "rows", "down", "columns"])
def test_directions(direction: str) -> None:
    scene = every_layer(zoo("resnet", "18"), "infer", Options(direction=direction))  # type: ignore[arg-type]
    check_places(scene)
    assert crossed(scene) == []
    place = {box.name: box for box in scene.boxes if box.name}
    one, other = place["layer1.0.conv1"], place["layer1.0.conv2"]
    if direction in ("down", "columns"):
        assert one.x + one.w / 2 == other.x + other.w / 2 and one.y < other.y
    else:
        assert one.y == other.y and one.x < other.x
    whole = {"down": scene.h > 4 * scene.w, "right": scene.w > 4 * scene.h}
    assert whole.get(direction, 0.4 < scene.w / scene.h < 2.5)


@pytest.mark.parametrize(
    ("stem", "variant", "name"),
    [("vgg19", None, "column"), ("resnet", "18", "a4"), ("googlenet", "paper", "a4"), ("unet", None, "slide")],
)
def test_pages(stem: str, variant: str | None, name: str) -> None:
    wide, high = PAGES[name]
    scene = every_layer(zoo(stem, variant), "infer", Options(page=(wide, high)))
    assert (scene.w + 14.3) * scene.scale <= wide + 0.1 and (scene.h + 14.3) * scene.scale <= high + 0.1
    assert scene.smallest >= LEAST


def test_a_page_that_is_too_small_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--as", "layers", "--page", "200x200", "-o", str(tmp_path / "x.svg")]
    assert main(["draw", str(SPECS / "resnet.net") + ":152", *options]) == 0
    assert "the net is too large for this page" in capsys.readouterr().err


def test_small_print_grows_before_a_page_is_given_up() -> None:
    graph = zoo("resnet", "50")
    found = every_layer(graph, "infer", Options(page=page("600x500"), labels=("shapes", "macs")))
    assert not any("MACs" in each for each in texts(found)[2:])
    assert min(box.size for box in found.boxes if box.text) >= 8


@pytest.mark.parametrize("theme", ["light", "dark", "print", "auto"])
def test_themes(theme: Theme) -> None:
    svg = drawing(compiled("input 3x8x8\nadd { conv3-3 | id }\n"), kind="layers", options=Options(theme=theme)).render(
        "svg"
    )
    assert (b"prefers-color-scheme" in svg) == (theme == "auto")
    assert (b'class="page"' in svg) and (b'fill="#22262b"' in svg.split(b"<g ")[0].split(b"</style>")[-1]) == (
        theme == "dark"
    )


# -- pictures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("direction", ["down", "rows"])
def test_a_picture(direction: str, golden: Callable[[str, str], None]) -> None:
    options = Options(direction=direction)  # type: ignore[arg-type]
    golden(
        f"layers-{direction}.svg", drawing(netdsl.compile(MIXED), kind="layers", options=options).render("svg").decode()
    )


def test_a_picture_can_be_read_aloud() -> None:
    root = ElementTree.fromstring(drawing(zoo("resnet", "18"), kind="layers", view="infer").render("svg"))
    name = "{http://www.w3.org/2000/svg}"
    described = root.find(f"{name}desc")
    assert described is not None and described.text is not None
    assert "Every layer of resnet 18" in described.text and "56×56: max 3×3, /2, 3×3 conv, 64" in described.text
    ids = [group.get("id") for group in root.iter(f"{name}g") if group.get("id")]
    assert len(ids) == len(set(ids)) and {"block-layer1.0", "layer1.0.conv1"} <= set(ids)
    tips = ["".join(title.itertext()) for title in root.iter(f"{name}title")]
    assert "layer1.0.conv1: 3×3 conv, 64, bn, relu\n64×56×56\n36,992 params\n115,605,504 MACs" in tips


@pytest.mark.parametrize("nasty", ["a < b & c > d", "back\\slash \\N \\G", "&amp;", "tab\there", "'", "%s"])
def test_any_text_is_drawn_as_it_is(nasty: str) -> None:
    graph = compiled("input 3x8x8\nblock here { conv3-4, conv3-4 }\nhere\n")
    scope = graph.scopes[1].model_copy(update={"name": nasty, "path": nasty})
    odd = graph.model_copy(update={"title": nasty, "name": nasty, "scopes": (graph.scopes[0], scope)})
    root = ElementTree.fromstring(drawing(odd, kind="layers").render("svg"))
    said = ["".join(each.itertext()) for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert said.count(nasty.replace("\t", "    ")) == 3


def test_the_same_net_is_drawn_the_same() -> None:
    first, second = (drawing(zoo("densenet", "121"), kind="layers") for _ in range(2))
    assert first.render("svg") == second.render("svg") and first.dot == second.dot


def test_three_that_a_box_has_are_listed_with_commas() -> None:
    text = "net three\ninput 3x8x8\n[conv3-8, bn, relu, abs] ×2\nconv3-8\n"
    words = " ".join(box.text for box in drawing(netdsl.compile(text), kind="layers").scene.boxes)
    assert "has bn, relu and abs after the conv" in words
