"""One block in detail: what is found under a name, what is drawn of it and where."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

import netdsl
from netdsl.backends.block import block_scene, drawable
from netdsl.backends.block.find import find
from netdsl.backends.block.page import Page
from netdsl.backends.block.pieces import SOURCES
from netdsl.backends.canvas.options import HEATS, Heat, Options, Theme
from netdsl.backends.canvas.scene import Line, Scene
from netdsl.backends.draw import drawing
from netdsl.cli import main
from netdsl.diagnostics import NetdslError
from netdsl.ir.graph import Graph
from netdsl.ir.types import View
from netdsl.ir.verify import verify
from netdsl.rewrites.extract import extract
from tests.nets import spec
from tests.scenes import check

SPECS = Path(__file__).parent.parent / "specs"
ZOO = sorted(path.stem for path in SPECS.glob("*.net"))


def zoo(stem: str, variant: str | None = None) -> Graph:
    return netdsl.compile(SPECS / f"{stem}.net", variant=variant)


@pytest.fixture(scope="module")
def resnet() -> Graph:
    return zoo("resnet", "50")


@pytest.fixture(scope="module")
def densenet() -> Graph:
    return zoo("densenet", "121")


def compiled(text: str) -> Graph:
    return netdsl.compile("net small\n" + text)


def texts(scene: Scene) -> list[str]:
    return [box.text for box in scene.boxes if box.text]


def lines(scene: Scene, kind: str) -> list[Line]:
    return [line for line in scene.lines if line.kind == kind]


def drawn(graph: Graph, name: str, view: View = "train") -> Scene:
    """The scene of a block, which is held to be whole: each node of it is drawn, or stands for one that is."""
    page = Page(*find(graph, name, view), view)
    scene = page.scene()
    check(scene)
    assert page.builder.drawn | page.builder.folded >= {node.index for node in page.nodes}
    # What is drawn has its layer's name on a box; words beside an arrow are the layer's they come from.
    named = {box.name for box in scene.boxes if box.name} | {group.name for group in scene.groups if group.name}
    assert named
    return scene


# -- what there is


def test_what_can_be_drawn(resnet: Graph) -> None:
    every = drawable(resnet)
    assert [(each.name, len(each.scopes)) for each in every if each.block] == [("bottleneck", 16)]
    paths = [each.name for each in every if not each.block]
    assert paths[:3] == ["layer1", "layer1.0", "layer1.0.downsample"]
    assert [each.name for each in drawable(zoo("vgg16"))] == ["features", "classifier"]


def test_what_a_view_leaves_out_cannot_be_drawn() -> None:
    graph = zoo("googlenet")
    assert "aux1" in {each.name for each in drawable(graph, "train")}
    assert "aux1" not in {each.name for each in drawable(graph, "infer")}
    with pytest.raises(NetdslError, match="nothing that the inference view computes"):
        block_scene(graph, "aux1", "infer")


@pytest.mark.parametrize(
    ("stem", "name", "said"),
    [
        ("resnet", "botleneck", "did you mean `bottleneck`?"),
        ("resnet", "xyz", "its only block is `bottleneck`"),
        ("vgg16", "feature", "did you mean `features`?"),
    ],
)
def test_an_unknown_name_has_the_nearest_and_the_list(stem: str, name: str, said: str) -> None:
    with pytest.raises(NetdslError) as caught:
        block_scene(zoo(stem), name)
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.code, diagnostic.help) == ("ND011", said)


def test_a_net_of_layers_alone_says_so() -> None:
    with pytest.raises(NetdslError) as caught:
        block_scene(compiled("input 3x8x8\nconv3-4\n"), "any")
    assert caught.value.diagnostics[0].help == "it is a net of layers alone"


@pytest.mark.parametrize("stem", ["resnet", "googlenet", "unet", "shufflenet_v2", "convnext"])
def test_what_is_taken_out_of_a_graph_is_one(stem: str) -> None:
    graph = zoo(stem)
    for each in drawable(graph, "infer"):
        seen, found = find(graph, each.name, "infer")
        verify(extract(seen, found.scopes[0]))


def test_what_enters_and_leaves() -> None:
    text = "input 4x8x8\nblock two(t) { conv3-4 as a, add { id | @t } }\nconv1-4 as x\ny: two(@x)\nconcat { id | @y }\n"
    graph = compiled(text)
    taken = extract(graph, drawable(graph)[0].scopes[0])
    # The tensor that enters the block is the one that it is told of.
    assert [node.op.keyword for node in taken.nodes] == ["input", "conv", "add"]
    assert taken.nodes[2].inputs == (1, 0)
    assert [output.node for output in taken.outputs] == [2]


# -- papers' blocks


def test_a_bottleneck(resnet: Graph) -> None:
    scene = drawn(resnet, "layer1.1")
    said = texts(scene)
    assert said[:3] == ["layer1.1", "bottleneck of resnet 50", "70.4 k params · 218 M MACs · maps of 56×56"]
    assert [text for text in said if re.fullmatch(r"\d×\d, \d+", text)] == ["1×1, 64", "3×3, 64", "1×1, 256"]
    assert [text for text in said if text.endswith("-d")] == ["256-d", "64-d", "64-d", "256-d", "256-d"]
    assert said.count("BN · ReLU") == 2 and said.count("BN") == 1 and said.count("ReLU") == 1
    (skip,) = lines(scene, "edge skip")
    assert not skip.dashed and "identity" in said


def test_a_projection_is_on_its_lane(resnet: Graph) -> None:
    scene = drawn(resnet, "layer2.0")
    lane = next(box for box in scene.boxes if box.text == "1×1, 512, /2")
    main = [box for box in scene.boxes if box.text in ("1×1, 128", "3×3, 128, /2", "1×1, 512")]
    assert len(main) == 3 and all(box.x + box.w < lane.x for box in main)
    middle = lane.x + lane.w / 2
    dashed = lines(scene, "edge projection")
    assert len(dashed) == 2 and all(
        line.dashed and any(abs(x - middle) < 0.1 for x, _ in line.points) for line in dashed
    )
    # The map's size changes, so that its shape is told.
    assert {"256×56²", "128×28²", "512×28²"} <= set(texts(scene))


def test_the_first_call_is_drawn_and_the_others_are_told(resnet: Graph) -> None:
    said = texts(drawn(resnet, "bottleneck"))
    assert said[1] == "layer1.0 of resnet 50"
    at = said.index("one of 16 calls; the others:")
    assert said[at + 1 : at + 3] == ["layer1.1 and 1 like it: 256×56²", "layer2.0: 256×56² → 512×28²"]
    assert said[-1] == "and 1 other form"


def test_calls_that_are_alike_are_told() -> None:
    text = "input 4x8x8\nblock b { conv3-4, relu }\nb\nb\nb\n"
    assert "one of 3 calls, all alike" in texts(drawn(compiled(text), "b"))


def test_branches_stand_side_by_side() -> None:
    scene = drawn(zoo("googlenet"), "inception")
    last = [
        next(box for box in scene.boxes if box.text == text) for text in ("1×1, 64", "3×3, 128", "5×5, 32", "1×1, 32")
    ]
    assert all(one.x + one.w < other.x and one.y == other.y for one, other in pairwise(last))
    join = next(box for box in scene.boxes if box.text == "concat")
    for box in last:
        middle = box.x + box.w / 2
        assert join.x < middle < join.x + join.w
        assert any(
            abs(line.points[-1][0] - middle) < 0.1 and abs(line.points[-1][1] - join.y) < 0.1 for line in scene.lines
        )


def test_a_gate_scales() -> None:
    scene = drawn(zoo("senet"), "squeeze")
    said = texts(scene)
    assert "scale" in said and "256×1×1" in said and "×" in said and "identity" not in said
    outer = drawn(zoo("senet"), "layer1.1")
    assert {"scale", "identity", "se: squeeze"} <= set(texts(outer))
    assert sorted(group.kind for group in outer.groups if group.name.startswith("block-")) == ["block"]


def test_an_inverted_residual() -> None:
    said = texts(drawn(zoo("mobilenet_v2"), "features.3"))
    assert {"1×1, 144", "3×3 dw, 144", "1×1, 24", "BN · ReLU6", "identity"} <= set(said)


def test_norms_before_a_layer_stand_before_it(densenet: Graph) -> None:
    scene = drawn(densenet, "denselayer")
    norms = [box for box in scene.boxes if box.text == "BN · ReLU"]
    convs = [next(box for box in scene.boxes if box.text == text) for text in ("1×1, 128", "3×3, 32")]
    assert norms[0].y < convs[0].y < norms[1].y < convs[1].y


def test_a_dense_block_has_an_arc_from_each_layer_to_each(densenet: Graph) -> None:
    scene = drawn(densenet, "dense")
    arcs = lines(scene, "edge dense")
    # Six layers, what enters, and what joins them: each to all after it.
    assert len(arcs) == 8 * 7 // 2
    colours = [line.colour for line in arcs]
    assert [colours.count(colour) for colour in SOURCES] == [7, 6, 5, 4, 3, 2, 1]
    assert [text for text in texts(scene) if text.startswith("in ")] == [f"in {64 + 32 * at}" for at in range(6)]


def test_of_many_dense_layers_some_are_left_out(densenet: Graph) -> None:
    said = texts(drawn(densenet, "features.denseblock3"))
    assert "19 more" in said and "19 of 24 layers are left out; each takes what all before it give" in said, said


def test_a_block_that_calls_itself_has_a_card() -> None:
    scene = drawn(zoo("unet"), "level")
    card = next(group for group in scene.groups if group.kind == "card")
    assert card.name == "block-level.below" and card.data["scopes"] == "level.below"
    assert "below: level" in texts(scene)


def test_blocks_inside_are_opened_where_there_is_room(resnet: Graph) -> None:
    scene = drawn(resnet, "layer3")
    frames = [group for group in scene.groups if group.kind == "block"]
    assert [(frame.name, frame.data["count"]) for frame in frames] == [("block-layer3.0", "1"), ("block-layer3.1", "5")]
    assert "×5" in texts(scene)
    many = drawn(zoo("densenet", "121"), "features")
    assert {group.kind for group in many.groups if group.name.startswith("block-")} == {"card"}


# -- of every kind


@pytest.mark.parametrize("stem", ZOO)
def test_every_block_of_the_zoo_is_drawn(stem: str) -> None:
    graph = zoo(stem)
    for each in drawable(graph):
        if each.block or each.name.count(".") < 2:
            drawn(graph, each.name)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("input 1x16000\nblock b { conv9-8/4, relu, add { conv3-8 | id } }\nb\n", {"9, 8, /4", "8×4000"}),
        ("input 3x8x16x16\nblock b { conv3-8 +bn, add { conv1-8 | id } }\nb\n", {"3×3×3, 8", "maps of 8×16×16"}),
        ("input 20\nblock b { fc-20, relu, add { fc-20 | id } }\nb\n", {"fc 20", "20-d"}),
        ("input 4x8x8\nblock b(t) { add { id | @t }, conv3-4 }\nconv3-4 as a\nconv3-4\nb(@a)\n", {"+", "3×3, 4"}),
        ("input 4x8x8\nblock b { conv3-4 as a, conv3-8 }\nx: b\nconcat { id | @x.a }\n", {"a, 4×8²"}),
        ("input 4x8x8\nblock a { conv3-4, relu }\nblock b { a, a, a, conv1-8 }\nb\n", {"×3", "a", "1×1, 8"}),
        ("input 4x8x8\nblock b { conv3-4, conv3-4, conv3-4, conv3-4, conv3-4 }\nb\n", {"×5"}),
        ("input 4x8x8\nblock b { add { conv3-4 | conv1-4 | id }, relu }\nb\n", {"+", "1×1, 4", "identity"}),
        ("input 4x8x8\nblock b { add { conv3-4, conv3-4 | conv5-4, conv5-4 } }\nb\n", {"+", "5×5, 4"}),
        ("input 4x8x8\nblock b { relu }\nb\n", {"ReLU"}),
        ("input 4x8x8\nblock b { add { id | id } }\nb\n", {"+"}),
        ("input 4x8x8\nblock b { id }\nx: [b, conv3-4]\n", {"3×3, 4"}),
    ],
    ids=["1-D", "3-D", "vectors", "inputs", "outputs", "nested", "repeats", "three", "two", "minor", "ids", "id"],
)
def test_blocks_of_every_kind_are_drawn(text: str, said: set[str]) -> None:
    graph = compiled(text)
    name = next(each.name for each in reversed(drawable(graph)) if each.block or each.name == "x")
    found = texts(drawn(graph, "b" if any(each.name == "b" for each in drawable(graph)) else name))
    assert all(any(word in text for text in found) for word in said), found


def test_repeats_of_other_shapes_are_said_to_be_of_the_first() -> None:
    note = "of what stands several times the first is drawn"
    block = "block shrink {{ [conv3-8/{stride}, relu] ×5 }}\ninput 8x64x64\nshrink\n"
    for stride, said in ((2, [note]), (1, [])):
        found = texts(drawn(compiled(block.format(stride=stride)), "shrink"))
        assert "×5" in found
        assert [words for words in found if words == note] == said


def test_layers_that_share_tensors_are_a_column_with_lines_round_it() -> None:
    text = """\
input 8x8x8
block mesh {
  conv3-8 as a
  conv3-8 as b
  conv3-8 as c
  add { @a | @b } as e
  add { @a | @c } as f
  concat { @e | @f | @b }
}
mesh
"""
    scene = drawn(compiled(text), "mesh")
    round_it = lines(scene, "edge mesh")
    # b and a leave past c, a past the first sum too, b and e to the concatenation.
    assert len(round_it) == 6
    assert len({line.colour for line in round_it}) == 4


@pytest.mark.parametrize("seed", range(30))
def test_random_blocks_are_drawn(seed: int) -> None:
    graph = netdsl.compile(spec(random.Random(seed)))
    for view in ("train", "infer"):
        for each in drawable(graph, view):
            drawn(graph, each.name, view)


# -- options


@pytest.mark.parametrize("heat", HEATS)
def test_heat_is_the_share_of_the_block(resnet: Graph, heat: Heat) -> None:
    scene = block_scene(resnet, "layer2", "infer", Options(heat=heat))
    check(scene)
    shares = [float(text.removesuffix("%")) for text in texts(scene) if re.fullmatch(r"[\d.]+%", text)]
    # Sums have activations of their own, and no box that says so.
    assert (99.5 if heat in ("macs", "params") else 50) <= sum(shares) <= 100.5


def test_themes_and_pages(resnet: Graph) -> None:
    theme: Theme
    light = drawing(resnet, kind="block", block="bottleneck").render("svg").decode()
    for theme in ("dark", "print"):
        other = drawing(resnet, kind="block", block="bottleneck", options=Options(theme=theme)).render("svg").decode()
        assert other != light and re.sub(r"#[0-9a-f]{6}", "", other) == re.sub(r"#[0-9a-f]{6}", "", light)
    scene = block_scene(resnet, "bottleneck", "train", Options(page=(100, 100)))
    assert (scene.h + 14.4) * scene.scale == pytest.approx(100)


def test_the_svg_says_what_is_on_it(resnet: Graph) -> None:
    root = ElementTree.fromstring(drawing(resnet, kind="block", block="bottleneck").render("svg"))
    space = "{http://www.w3.org/2000/svg}"
    assert root.findtext(f"{space}title") == "bottleneck of resnet 50"
    assert "3×3 conv, 64 · bn · relu" in (root.findtext(f"{space}desc") or "")
    conv = next(each for each in root.iter() if each.get("id") == "layer1.0.conv2")
    assert (conv.get("class"), conv.get("data-shape"), conv.get("data-params")) == ("layer conv", "64×56×56", "36992")
    assert "115,605,504 MACs" in (conv.findtext(f"{space}title") or "")
    ids = [each.get("id") for each in root.iter() if each.get("id")]
    assert len(ids) == len(set(ids))


def test_goldens(resnet: Graph, golden: Callable[[str, str], None]) -> None:
    golden(
        "block-bottleneck.svg", drawing(resnet, kind="block", block="bottleneck", view="infer").render("svg").decode()
    )
    inception = drawing(zoo("googlenet"), kind="block", block="inception", view="infer")
    golden("block-inception.dot.txt", inception.render("dot").decode())


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "block.png"
    assert main(["draw", "zoo:resnet:18", "--as", "block:basic", "--heat", "macs", "-o", str(path)]) == 0
    assert path.read_bytes().startswith(b"\x89PNG")
    path.unlink()
    assert main(["draw", "zoo:resnet:18", "--as", "block:basik", "-o", str(path)]) == 1
    assert "did you mean `basic`?" in capsys.readouterr().err and not path.exists()
    for words, said in [
        (["--as", "block:"], "which block? --as block:NAME"),
        (["--as", "layers:x"], "`layers` takes no name"),
        (["--as", "blocks"], "one of overview, layers, block:NAME, table, volumes"),
        (["--as", "block:basic", "--labels", "macs"], "--as block takes no --labels, which is of --as overview"),
    ]:
        assert main(["draw", "zoo:resnet:18", *words, "-o", str(path)]) == 2
        assert said in capsys.readouterr().err


def test_what_a_kind_does_not_take_is_refused_in_python_too(resnet: Graph) -> None:
    for kind, block, options, said in [
        ("block", None, Options(), "which block"),
        ("overview", "bottleneck", Options(), "overview is of no block"),
        ("block", "bottleneck", Options(labels=("macs",)), "block takes no labels"),
        ("table", None, Options(heat="macs"), "table takes no heat"),
    ]:
        with pytest.raises(ValueError, match=said):
            drawing(resnet, kind=kind, block=block, options=options)  # type: ignore[arg-type]
