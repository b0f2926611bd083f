"""Overviews: the structure found in a graph, repeats folded, what stands on the cards and where, and the pictures."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterable
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

import netdsl
from netdsl.analyses.fold import fold
from netdsl.analyses.structure import Block, Item, Layer, Mesh, Split, layers, structure
from netdsl.analyses.view import see
from netdsl.backends.canvas.metrics import width, wrap
from netdsl.backends.canvas.options import HEATS, LEAST, PAGES, Direction, Heat, Label, Options, Theme, page
from netdsl.backends.canvas.options import labels as label_words
from netdsl.backends.canvas.palette import (
    BADGE,
    BADGE_INK,
    BANDS,
    FILLS,
    GREY,
    HEAT,
    HEAT_INKS,
    INK,
    WHITE,
    colours,
    contrast,
)
from netdsl.backends.canvas.scene import Scene
from netdsl.backends.draw import drawing
from netdsl.backends.overview import overview
from netdsl.backends.overview.cards import Card, Columns, Row, Skip, Times, rows
from netdsl.backends.overview.flow import Flow, flow, least_boxes
from netdsl.backends.overview.page import Page
from netdsl.cli import main
from netdsl.ir.graph import Graph
from netdsl.ir.types import View
from tests.nets import spec

SPECS = Path(__file__).parent.parent / "specs"
ZOO = sorted(path.stem for path in SPECS.glob("*.net"))
SVG = "{http://www.w3.org/2000/svg}"
#: Whose pictures are kept, byte for byte.
GOLDENS = [("resnet", "50"), ("googlenet", "paper"), ("unet", None), ("densenet", "121"), ("efficientnet", "b0")]


def compiled(text: str) -> Graph:
    return netdsl.compile("net small\n" + text)


def zoo(stem: str, variant: str | None = None) -> Graph:
    return netdsl.compile(SPECS / f"{stem}.net", variant=variant)


def items(graph: Graph, view: View = "train") -> tuple[Item, ...]:
    return structure(graph, see(graph, view)).items


def flown(graph: Graph, view: View = "train") -> Flow:
    return flow(graph, structure(graph, see(graph, view)))


def words(found: Iterable[Item]) -> list[object]:
    """A structure as nested lists of names."""
    said: list[object] = []
    for item in found:
        if isinstance(item, Layer):
            said.append(item.head.op.keyword)
        elif isinstance(item, Split):
            said.append([item.join.head.op.keyword, *(words(arm) for arm in item.arms)])
        else:
            said.append(["block" if isinstance(item, Block) else "mesh", *words(getattr(item, "items", ()))])
    return said


def card(graph: Graph, title: str) -> Card:
    return next(unit.card for unit in flown(graph).units if unit.card.title == title)


def lines(card: Card) -> list[str]:
    return [row.text + (f" ×{row.times}" if row.times > 1 else "") for row in rows(card.parts)]


def texts(scene: Scene) -> list[str]:
    return [box.text for box in scene.boxes if box.text]


# -- structure --------------------------------------------------------------------------------------------------------


def test_a_series_is_cut_where_every_path_passes() -> None:
    graph = compiled(
        "input 4x8x8\nconv3-4\nadd { conv3-4, conv3-4 | id }\nconcat { conv1-2 | conv3-2 | maxpool3/1 same }\n"
    )
    assert words(items(graph)) == [
        "input",
        "conv",
        ["add", ["conv", "conv"], []],
        ["concat", ["conv"], ["conv"], ["maxpool"]],
    ]


def test_norms_and_activations_belong_to_the_layer_beside_them() -> None:
    graph = compiled("input 4x8x8\nconv3-4 bias=false, bn, relu\nmaxpool, dropout 0.5\nbn, relu, conv3-4\nlrn 5\n")
    found = [[node.op.keyword for node in layer.nodes] for layer in layers(items(graph))]
    # What follows a layer goes to it, so that what stands before the second convolution is drawn into the pooling.
    assert found == [["input"], ["conv", "bn", "relu"], ["maxpool", "dropout", "bn", "relu"], ["conv"], ["lrn"]]


def test_what_begins_a_block_belongs_to_its_first_layer() -> None:
    graph = compiled("input 4x8x8\nblock pre { bn, relu, conv3-4 }\nconv3-4\npre\n")
    found = [[node.op.keyword for node in layer.nodes] for layer in layers(items(graph))]
    assert found == [["input"], ["conv"], ["bn", "relu", "conv"]]


def test_calls_of_blocks_are_found_around_their_layers() -> None:
    graph = compiled("input 4x8x8\nblock two { conv3-4, add { conv3-4 | id } }\ntwo\nconv1-4\n")
    assert words(items(graph)) == ["input", ["block", "conv", ["add", ["conv"], []]], "conv"]


def test_layers_that_share_tensors_are_a_mesh() -> None:
    text = "conv3-8 as a\nconv3-8 as b\nconv3-8 as c\nadd { @a | @b } as e\nadd { @a | @c } as f\nconcat { @e | @f }\n"
    (mesh,) = (item for item in items(compiled("input 8x8x8\n" + text)) if isinstance(item, Mesh))
    assert [layer.head.op.keyword for layer in mesh.layers] == ["conv", "conv", "add", "add", "concat"]


def test_heads_are_beside_the_main_way() -> None:
    graph = zoo("googlenet")
    found = structure(graph, see(graph, "train"))
    assert [(head.output.name, head.tap and head.tap.head.name, len(head.items)) for head in found.heads] == [
        ("aux1", "inception4a.concat1", 4),
        ("aux2", "inception4d.concat1", 4),
    ]
    assert structure(graph, see(graph, "infer")).heads == ()


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("view", ["train", "infer"])
def test_every_layer_is_in_the_structure_once(seed: int, view: View) -> None:
    graph = netdsl.compile(spec(random.Random(seed)))
    seen = see(graph, view)
    found = structure(graph, seen)
    every = [*layers(found.items), *(layer for head in found.heads for layer in layers(head.items))]
    assert sorted(node.index for layer in every for node in layer.nodes) == [node.index for node in seen.nodes]
    drawn = overview(graph, view)
    assert all(box.x >= 0 and box.x + box.w <= drawn.w + 1 and box.y + box.h <= drawn.h + 1 for box in drawn.boxes)


# -- folding ----------------------------------------------------------------------------------------------------------


def folds(text: str) -> list[tuple[int, bool]]:
    graph = compiled(text)
    return [(len(found.items), found.first) for found in fold(graph, items(graph)[1:])]


def test_equal_layers_fold() -> None:
    assert folds("input 4x8x8\nconv3-8\nconv3-8\nconv3-8\nconv1-8\n") == [(3, False), (1, False)]


def test_dropout_and_entering_channels_part_no_repeats() -> None:
    text = "input 4x8x8\nstyle conv = _, relu\nconv3-8\nconv3-8, dropout 0.5\nconv3-8, dropout 0.1\n"
    assert folds(text) == [(3, False)]


def test_another_activation_parts_repeats() -> None:
    assert folds("input 4x8x8\nconv3-8, relu\nconv3-8, gelu\n") == [(1, False), (1, False)]


_BASIC = """\
input 16x32x32
style conv = _, bn, relu
block basic(c, s=1) {{
  add {{
    conv3-c/s
    conv3-c +bn
    | if s != 1 {{ conv1-c/s +bn }} else {{ id }}
  }}
  relu
}}
{}
"""


def test_a_first_block_may_differ_in_stride_and_shortcut() -> None:
    assert folds(_BASIC.format("basic(32, s=2)\nbasic(32)\nbasic(32)")) == [(3, True)]


def test_a_first_block_of_other_channels_is_no_repeat() -> None:
    assert folds(_BASIC.format("basic(16)\nconv1-32\nbasic(32)")) == [(1, False)] * 3


def test_inceptions_of_other_widths_are_no_repeats() -> None:
    graph = zoo("googlenet")
    found = [each for each in fold(graph, items(graph)) if isinstance(each.pattern, Block)]
    assert [len(each.items) for each in found] == [1] * 9


def test_a_first_block_keeps_the_ratio_of_its_channels() -> None:
    # Table 2 of the paper has n = 1, 2, 3, 4, 3, 3, 1: the first of each row is as much wider as its input allows.
    cards = [unit.card for unit in flown(zoo("mobilenet_v2")).units if unit.card.title == "bottleneck"]
    assert [card.count for card in cards] == [1, 2, 3, 4, 3, 3, 1]
    assert cards[1].first == ["96 wide", "3×3 /2", "no shortcut"]


@pytest.mark.parametrize(
    ("stem", "variant", "counts"),
    [
        ("resnet", "18", [2, 2, 2, 2]),
        ("resnet", "152", [3, 8, 36, 3]),
        ("densenet", "121", [6, 12, 24, 16]),
        ("densenet", "264", [6, 12, 64, 48]),
        ("convnext", "base", [3, 3, 27, 3]),
        ("regnet", "y-8gf", [2, 4, 10]),
        ("nfnet", "f1", [2, 4, 12, 6]),
        ("shufflenet_v2", "x1.0", [3, 7, 3]),
        ("xception", None, [8]),
        ("efficientnet", "b0", [2, 2, 3, 3, 4]),
    ],
)
def test_repeats_of_the_zoo(stem: str, variant: str | None, counts: list[int]) -> None:
    assert [unit.card.count for unit in flown(zoo(stem, variant)).units if unit.card.count > 1] == counts


# -- cards ------------------------------------------------------------------------------------------------------------


def test_a_bottleneck() -> None:
    found = card(zoo("resnet", "50"), "layer2")
    assert (found.detail, found.count) == ("bottleneck", 4)
    assert lines(found) == ["1×1, 128", "3×3 conv, 128", "1×1, 512", "+ identity"]
    assert found.first == ["3×3 /2", "1×1, 512, /2 shortcut"]
    assert isinstance(found.parts[0], Skip) and not found.parts[0].projection


def test_a_first_block_that_is_narrower() -> None:
    found = [unit.card for unit in flown(zoo("efficientnet", "b0")).units if unit.card.title == "mbconv"][1]
    assert lines(found) == ["1×1, 144", "3×3 dw, 144", "SE, 6", "1×1, 24", "+ identity"]
    assert found.first == ["96 wide", "3×3 /2", "no shortcut"]


def test_an_inception_has_columns() -> None:
    found = card(zoo("googlenet"), "inception3a")
    (columns,) = found.parts
    assert isinstance(columns, Columns)
    assert [[row.text for row in rows(arm)] for arm in columns.arms] == [
        ["1×1, 64"],
        ["1×1, 96", "3×3 conv, 128"],
        ["1×1, 16", "5×5 conv, 32"],
        ["max 3×3", "1×1, 32"],
    ]
    assert columns.join.text == "concat → 256"


def test_a_projection_that_is_no_exception_is_a_row() -> None:
    found = card(zoo("xception"), "block2")
    (skip,) = found.parts
    assert isinstance(skip, Skip) and skip.projection
    assert lines(found)[-1] == "+ 1×1, 256, /2"


def test_costs_of_a_card_are_those_of_all_repeats() -> None:
    # Three convolutions and their batch norms in each of two blocks; the first takes 64 channels and has a projection.
    two = 256 * 64 + 9 * 64 * 64 + 64 * 256 + 2 * (64 + 64 + 256)
    first = 64 * 64 + 9 * 64 * 64 + 64 * 256 + 2 * (64 + 64 + 256) + 64 * 256 + 2 * 256
    assert 2 * two + first == 215_808
    assert any(text.startswith("216 k params · 668 M MACs") for text in texts(overview(zoo("resnet", "50"))))


@pytest.mark.parametrize("stem", ZOO)
def test_every_weight_of_the_zoo_is_on_a_card(stem: str) -> None:
    graph = zoo(stem)
    found = flown(graph)
    cards = [unit.card for unit in found.units] + [side.card for unit in found.units for side in unit.taps]
    on_cards = {node.index for each in cards for layer in each.layers for node in layer.nodes}
    on_bows = {node.index for bow in found.bows for row in bow.rows for layer in row.layers for node in layer.nodes}
    assert on_cards | on_bows == {node.index for node in see(graph, "train").nodes}
    on_rows = {node.index for each in cards for row in rows(each.parts) for layer in row.layers for node in layer.nodes}
    weights = {node.index for node in see(graph, "train").nodes if node.op.weight_layer}
    assert weights <= on_rows | on_bows


# -- the line ---------------------------------------------------------------------------------------------------------


def test_an_output_without_layers_is_a_card_with_its_shape(tmp_path: Path) -> None:
    text = "input 3x8x8\nconv3-4 as t\nrelu\noutput early train weight=0.3 { @t }\noutput same { id }\n"
    heads = [side.card for unit in flown(compiled(text)).units for side in unit.taps]
    assert [(head.title, head.detail, head.shape) for head in heads] == [
        ("early", "in training only · loss ×0.3", (4, 8, 8)),
        ("same", "", (4, 8, 8)),
    ]
    (tmp_path / "net.net").write_text(text, encoding="utf-8")
    for name in ("net.svg", "net.html", "net.mmd"):
        assert main(["draw", str(tmp_path / "net.net"), "-o", str(tmp_path / name)]) == 0
        assert "early" in (tmp_path / name).read_text(encoding="utf-8")


def test_stages_go_by_the_size_of_maps() -> None:
    assert [stage.label for stage in flown(zoo("resnet", "50")).stages] == [
        "",
        "112×112",
        "56×56",
        "28×28",
        "14×14",
        "7×7",
        "",
    ]


def test_an_hourglass_has_bows() -> None:
    found = flown(zoo("unet"))
    assert [(found.units[bow.source].shape, [row.text for row in bow.rows]) for bow in found.bows] == [
        ((512, 64, 64), ["crop 56×56"]),
        ((256, 136, 136), ["crop 104×104"]),
        ((128, 280, 280), ["crop 200×200"]),
        ((64, 568, 568), ["crop 392×392"]),
    ]
    assert all(list(rows(found.units[bow.target].card.parts))[bow.line].text.startswith("concat") for bow in found.bows)


def test_lines_of_an_hourglass_go_straight() -> None:
    text = """
    input 3x32x32
    style conv = _, relu
    block double(c) { conv3-c ×2 }
    double(8) as a
    maxpool, double(16), upsample ×2
    concat { @a | id }
    double(8), conv1-2 plain
    """
    scene = overview(compiled(text), "train", Options())
    ways = [line.points for line in scene.lines if line.head]
    assert ways and all(a[0] == b[0] or a[1] == b[1] for way in ways for a, b in pairwise(way))


def test_heads_say_when_they_act() -> None:
    found = flown(zoo("googlenet"))
    heads = {unit.card.title: side.card for unit in found.units for side in unit.taps}
    assert list(heads) == ["inception4a", "inception4d"]
    assert heads["inception4a"].training and heads["inception4a"].detail == "in training only · loss ×0.3"
    assert not any(unit.taps for unit in flown(zoo("googlenet"), "infer").units)


# -- places -----------------------------------------------------------------------------------------------------------


def frames(scene: Scene) -> list[tuple[float, float, float, float]]:
    """The boxes that are no band and no text: cards, rows and nodes."""
    return [
        (box.x, box.y, box.w, box.h)
        for box in scene.boxes
        if (box.fill != "none" or box.stroke != "none") and box.fill not in ("#F6F6F6", "#ECECEC")
    ]


@pytest.mark.parametrize("stem", ZOO)
def test_boxes_of_the_zoo_lie_apart_or_in_one_another(stem: str) -> None:
    scene = overview(zoo(stem))
    for (x, y, w, h), (a, b, c, d) in combinations(frames(scene), 2):
        apart = x + w <= a + 0.1 or a + c <= x + 0.1 or y + h <= b + 0.1 or b + d <= y + 0.1
        inside = (x >= a - 6 and y >= b - 6 and x + w <= a + c + 6 and y + h <= b + d + 6) or (
            a >= x - 6 and b >= y - 6 and a + c <= x + w + 6 and b + d <= y + h + 6
        )
        assert apart or inside


@pytest.mark.parametrize("stem", ZOO)
def test_the_zoo_fits_a_slide(stem: str) -> None:
    scene = overview(zoo(stem))
    # On a slide of 1280×720 points no text, of which the smallest has 8, is smaller than 6.
    assert max(scene.w / 1280, scene.h / 720) < 8 / 6


def test_text_fits_its_box() -> None:
    for box in overview(zoo("inception_v3")).boxes:
        assert width(box.text, box.size, bold=box.bold) <= box.w


def test_widths_are_helveticas() -> None:
    # Adobe's metrics: H 722, e 556, l 222, o 556; bold 722, 556, 278, 611.
    assert width("Hello", 1000) == 722 + 556 + 222 + 222 + 556
    assert width("Hello", 1000, bold=True) == 722 + 556 + 278 + 278 + 611
    assert wrap("one two three", width("one two", 8), 8) == ["one two", "three"]


# -- options ----------------------------------------------------------------------------------------------------------


def test_heat_is_the_share_of_the_whole_net() -> None:
    scene = overview(zoo("resnet", "50"), "infer", Options(heat="macs"))
    shares = [float(text.removesuffix("%")) for text in texts(scene) if re.fullmatch(r"[\d.]+%", text)]
    # 3×3 convolutions of the third stage: (256·256·9·14² ) for each of six, of 4,089,184,256 in all.
    assert max(shares) == round(100 * 6 * 256 * 256 * 9 * 14 * 14 / 4_089_184_256, 1) == 17.0
    # The projections of three stages, such as 256 channels to 512 at 28², are the shares of their sums.
    assert round(100 * 256 * 512 * 28 * 28 / 4_089_184_256, 1) == 2.5 and shares.count(2.5) == 3
    assert abs(sum(shares) - 100) < 1


@pytest.mark.parametrize("stem", ZOO)
@pytest.mark.parametrize("heat", HEATS)
def test_heat_shares_add_up(stem: str, heat: Heat) -> None:
    scene = overview(zoo(stem), "train", Options(heat=heat))
    shares = [float(text.removesuffix("%")) for text in texts(scene) if re.fullmatch(r"[\d.]+%", text)]
    # What has no row is no convolution: sums, and norms of inputs.
    assert sum(shares) <= 100 + 0.05 * len(shares)
    assert sum(shares) >= (99 if heat in ("macs", "params") else 80) - 0.05 * len(shares)


def test_heat_is_read_on_its_colour() -> None:
    for fill in HEAT:
        assert max(contrast(fill, ink) for ink in HEAT_INKS) > 4.5


@pytest.mark.parametrize("theme", ["light", "dark", "print"])
def test_text_is_read_in_every_theme(theme: Theme) -> None:
    shown = colours(theme)

    def seen(colour: str) -> str:
        return shown.get(colour, colour)

    for fill in [*FILLS.values(), *BANDS]:
        assert contrast(seen(fill), seen(INK)) > 4.5
    for fill in [*BANDS, WHITE]:
        assert contrast(seen(fill), seen(GREY)) > 4.5
    assert contrast(seen(BADGE), seen(BADGE_INK)) > 4.5


def test_an_automatic_theme_is_light_unless_the_screen_is_dark() -> None:
    graph = zoo("resnet", "18")
    light = drawing(graph).render("svg").decode()
    both = drawing(graph, options=Options(theme="auto")).render("svg").decode()
    style = both[both.index("<style>") : both.index("</style>\n") + len("</style>\n")]
    assert both.replace(style, "") == light
    rules = re.findall(r'\[fill="(#\w+)"\]\{fill:(#\w+)\}', style)
    drawn = set(re.findall(r'fill="(#\w{6})"', light))
    assert drawn <= {fill for fill, _ in rules}
    dark = drawing(graph, options=Options(theme="dark")).render("svg").decode()
    assert set(re.findall(r'fill="(#\w{6})"', dark)) == {fill for light_, fill in rules if light_ in drawn}


def test_labels_are_those_that_are_asked_for() -> None:
    graph = zoo("resnet", "50")

    def shown(*chosen: Label) -> list[str]:
        return texts(overview(graph, "infer", Options(labels=chosen)))[3:]

    assert not any("params" in text or "MACs" in text or "×56²" in text for text in shown())
    assert "256×56²" in shown("shapes")
    assert "668 M MACs" in shown("macs") and "216 k params" in shown("params")
    # The receptive field at the end of each stage, as `stats --by stage` prints it.
    fields = {row.op: row.receptive_field for row in netdsl.stats(graph).by("stage")}
    for size in ("112×112", "56×56", "28×28", "14×14", "7×7"):
        field = fields[size]
        assert field is not None and f"{size} · rf {field[0]}" in shown("rf")


@pytest.mark.parametrize("stem", ZOO)
@pytest.mark.parametrize("name", ["slide", "a4", "column"])
def test_the_zoo_fits_pages(stem: str, name: str) -> None:
    wide, high = PAGES[name]
    scene = overview(zoo(stem), "train", Options(page=(wide, high)))
    assert (scene.w + 14.3) * scene.scale <= wide + 0.1 and (scene.h + 14.3) * scene.scale <= high + 0.1
    assert scene.smallest >= LEAST


def test_a_page_is_fitted_by_drawing_less() -> None:
    graph = zoo("mobilenet_v3")
    whole = overview(graph, options=Options(page=page("960x540")))
    tight = overview(graph, options=Options(page=page("420x300")))
    assert "464 params · 5.02 M MACs" in texts(whole) and "464 params · 5.02 M MACs" not in texts(tight)
    assert tight.smallest >= LEAST


def test_a_drawing_has_the_size_of_its_page() -> None:
    drawn = drawing(zoo("inception_v3"), options=Options(page=page("slide"))).render("svg").decode()
    found = re.search(r'width="([\d.]+)pt" height="([\d.]+)pt"', drawn)
    assert found is not None and float(found[1]) <= 960 and float(found[2]) <= 540


def test_directions() -> None:
    graph = zoo("efficientnet", "b0")
    right, rows_, down, columns = (
        overview(graph, options=Options(direction=way)) for way in ("right", "rows", "down", "columns")
    )
    assert right.w > 1.5 * rows_.w and right.h < rows_.h
    assert down.h > 1.5 * columns.h and down.w < columns.w


@pytest.mark.parametrize("stem", ["unet", "googlenet", "resnet"])
@pytest.mark.parametrize("way", ["right", "rows", "down", "columns"])
def test_cards_lie_apart_in_every_direction(stem: str, way: Direction) -> None:
    scene = overview(zoo(stem), options=Options(direction=way))
    cards = [scene.boxes[group.boxes][0] for group in scene.groups if group.kind.startswith("card")]
    for one, other in combinations(cards, 2):
        beside = one.x + one.w <= other.x + 0.1 or other.x + other.w <= one.x + 0.1
        assert beside or one.y + one.h <= other.y + 0.1 or other.y + other.h <= one.y + 0.1
    for box in scene.boxes:
        assert box.x >= -0.1 and box.x + box.w <= scene.w + 0.1 and box.y + box.h <= scene.h + 0.1
    for line in scene.lines:
        assert all(-0.1 <= x <= scene.w + 0.1 and -0.1 <= y <= scene.h + 0.1 for x, y in line.points)


def test_an_hourglass_downwards_keeps_its_bows() -> None:
    for way in ("down", "columns", "rows"):
        scene = overview(zoo("unet"), options=Options(direction=way))
        crops = [box for box in scene.boxes if box.text.startswith("crop")]
        assert [box.text for box in crops] == [f"crop {size}×{size}" for size in (56, 104, 200, 392)]
        ends = [line.points[-1] for line in scene.lines if line.kind == "edge skip" and line.head]
        for box in crops:
            assert any(
                box.x - 0.1 <= x <= box.x + box.w + 0.1 and box.y - 0.1 <= y <= box.y + box.h + 0.1 for x, y in ends
            )


@pytest.mark.parametrize("words", ["a5", "10", "0x10", "10x", "x"])
def test_what_is_no_page(words: str) -> None:
    with pytest.raises(ValueError, match="a page is slide, a4, column or WxH in points"):
        page(words)


def test_what_is_no_label() -> None:
    assert label_words("none") == () and label_words("macs, rf") == ("macs", "rf")
    with pytest.raises(ValueError, match="not `flops`"):
        label_words("macs,flops")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--as", "block:x", "--direction", "down", "--format", "svg"], "which is of --as overview"),
        (["--theme", "auto", "--format", "png"], "--theme auto is of an SVG"),
        (["--page", "a5"], "a page is slide"),
        (["--labels", "flops"], "labels are shapes"),
    ],
)
def test_options_that_cannot_be(options: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["draw", str(SPECS / "lenet5.net"), "-o", "-", *options]) == 2
    assert said in capsys.readouterr().err


def test_a_page_that_is_too_small_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["draw", str(SPECS / "unet.net"), "-o", str(tmp_path / "x.svg"), "--page", "100x100"]) == 0
    said = capsys.readouterr().err
    assert "the net is too large for this page" in said and "or `--as table`" in said


# -- pictures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("stem", "variant"), GOLDENS)
def test_pictures(stem: str, variant: str | None, golden: Callable[[str, str], None]) -> None:
    svg = drawing(zoo(stem, variant)).render("svg").decode()
    golden(f"overview-{stem}.svg", svg)


def test_a_picture_can_be_read_aloud() -> None:
    root = ElementTree.fromstring(drawing(zoo("resnet", "18")).render("svg"))
    title, described = root[0], root[1]
    assert (title.tag, title.text, described.tag) == (f"{SVG}title", "resnet 18", f"{SVG}desc")
    assert root.get("role") == "img" and described.text is not None
    assert "56×56: max 3×3, /2, layer1 ×2" in described.text


def test_words_of_a_spec_are_no_markup() -> None:
    graph = compiled("input 3x8x8\nconv3-4\n").model_copy(update={"title": 'a <b> & "c" \\N', "name": "x&y"})
    root = ElementTree.fromstring(drawing(graph).render("svg"))
    said = ["".join(each.itertext()) for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert said[0] == "x&y" and 'a <b> & "c" \\N' in said


def test_overviews_are_quick() -> None:
    for stem, variant in [("nfnet", "f6"), ("densenet", "264"), ("googlenet", "paper"), ("inception_v3", None)]:
        graph = zoo(stem, variant)
        best = 1.0
        for _ in range(4):
            start = time.process_time()
            overview(graph).dot()
            best = min(best, time.process_time() - start)
        # 0.06 s for NFNet-F6 with its 1,701 nodes, less for all others.
        assert best < 0.2


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match=r"drawn as overview.* not 'map'"):
        drawing(compiled("input 3x8x8\nconv3-4\n"), kind="map")  # type: ignore[arg-type]


# -- runs of layers, weights that are shared, ways past the line ------------------------------------------------------


def test_a_run_of_layers_that_repeats_is_folded() -> None:
    graph = compiled("""
    input 3x16x16
    conv3-8
    [conv1-4, conv3-8] ×4
    conv1-16, conv3-16 ×2
    """)
    (stack,) = [unit.card for unit in flown(graph).units if len(unit.card.layers) > 1]
    shown = [
        (part.count, [row.text for row in rows(part.parts)]) if isinstance(part, Times) else (part.times, part.text)
        for part in stack.parts
        if isinstance(part, (Times, Row))
    ]
    assert shown == [
        (1, "3×3 conv, 8"),
        (4, ["1×1, 4", "3×3 conv, 8"]),
        (1, "1×1, 16"),
        (2, "3×3 conv, 16"),
    ]
    assert [len(row.layers) for row in rows(stack.parts)] == [1, 4, 4, 1, 2]
    assert len({layer.head.index for row in rows(stack.parts) for layer in row.layers}) == 12


def test_a_run_that_is_written_out_is_folded_too() -> None:
    graph = compiled("input 3x16x16\nconv1-4, relu\nconv3-8, relu\nconv1-4, relu\nconv3-8, relu\nconv1-4\n")
    (stack,) = [unit.card for unit in flown(graph).units if len(unit.card.layers) > 1]
    first, last = stack.parts
    assert isinstance(first, Times)
    assert (first.count, [row.text for row in rows(first.parts)]) == (2, ["1×1, 4", "3×3 conv, 8"])
    assert isinstance(last, Row)


def test_what_is_flattened_stands_at_its_map() -> None:
    graph = compiled("input 3x16x16\nconv3-8/2, conv3-8, relu, flatten, fc-32, fc-10\n")
    found = flown(graph)
    assert [stage.label for stage in found.stages] == ["", "8×8", ""]
    assert found.units[1].shape == (8, 8, 8)


def test_what_is_drawn_into_layers_is_named_below() -> None:
    said = {
        "relu": "relu is drawn into the layer beside it",
        "bn, relu": "bn, relu are drawn into the layer beside them",
    }
    for after, words in said.items():
        graph = netdsl.compile(f"net small\ninput 3x8x8\nconv3-4, {after}\nconv3-4\ngap, fc-2\n")
        assert words in [box.text for box in overview(graph).boxes]


def test_shared_weights_are_told() -> None:
    graph = compiled("""
    input a 1x16x16
    input b 1x16x16
    block tower() { conv3-8, relu, conv3-8 }
    @a
    one: tower()
    @b
    two: reuse one
    sub { @one | @two }
    """)
    notes = [note for unit in flown(graph).units for note in unit.card.notes]
    assert notes == ["2 layers have the weights of others"]


def test_a_block_with_a_shortcut_past_the_line_has_its_name() -> None:
    graph = compiled("""
    input 8x32x32
    block res() { add { conv3-8, relu, conv3-8 | id } }
    add { res() | maxpool, res(), res(), upsample ×2 }
    conv3-8
    """)
    (bow,) = flown(graph).bows
    assert [row.text for row in bow.rows] == ["res, 8"]
    assert len(bow.rows[0].layers) == 3


def test_heads_lie_below_the_taller_cards_beside_theirs() -> None:
    graph = compiled("""
    input 3x32x32
    block tall() { concat { conv3-8 | conv1-4, conv3-8, conv1-4, conv3-8, conv1-4, conv3-8, conv1-4 } }
    block low() { add { conv3-16, conv3-16 | conv1-16 } }
    tall(), low()
    output aux train weight=0.3 { conv1-128, conv5-256/2, gap, fc-10 }
    tall()
    conv3-8/2
    gap, fc-10
    """)
    assert any(unit.taps for unit in flown(graph).units)
    scene = overview(graph)
    for (x, y, w, h), (a, b, c, d) in combinations(frames(scene), 2):
        apart = x + w <= a + 0.1 or a + c <= x + 0.1 or y + h <= b + 0.1 or b + d <= y + 0.1
        inside = (x >= a - 6 and y >= b - 6 and x + w <= a + c + 6 and y + h <= b + d + 6) or (
            a >= x - 6 and b >= y - 6 and a + c <= x + w + 6 and b + d <= y + h + 6
        )
        assert apart or inside


def test_a_sum_is_no_repeat_of_a_gate_after_it() -> None:
    graph = compiled("""
    input 4x6x6
    conv3-4
    add { silu, mul { id | gap, conv1-4, sigmoid } | id }
    mul { id | gap, conv1-4, sigmoid }
    gap, fc-5
    """)
    shown = {layer.head.index for unit in flown(graph).units for row in rows(unit.card.parts) for layer in row.layers}
    assert {node.index for node in graph.nodes if node.op.keyword in ("add", "mul")} <= shown


@pytest.mark.parametrize("name", ["densenet", "googlenet", "resnet", "unet", "xception"])
def test_the_boxes_that_are_counted_before_are_never_too_many(name: str) -> None:
    graph = netdsl.compile(f"zoo:{name}")
    for options in (Options(), Options(direction="down"), Options(direction="columns"), Options(page=(234, 724))):
        page = Page(graph, "train", options, 2 if options.page else 0)
        found = least_boxes(page.flow, folded=options.page is not None)
        assert found <= len(page.scene().boxes) < 3 * found


def test_a_page_of_one_card_a_row_is_a_column() -> None:
    """Rows of one card each would go back to the left side after every card."""
    drawn = {way: overview(zoo("vgg19"), "train", Options(direction=way, page=PAGES["column"])).dot() for way in WAYS}
    assert drawn["auto"] == drawn["columns"] != drawn["rows"]
    other = {way: overview(zoo("resnet", "50"), "train", Options(direction=way, page=PAGES["column"])) for way in WAYS}
    assert other["auto"].w == other["rows"].w != other["columns"].w


WAYS: tuple[Direction, ...] = ("auto", "columns", "rows")
