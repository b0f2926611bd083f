"""Nets side by side: stages at one height, every layer drawn, nothing on top of anything else, and the options."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

import netdsl
from netdsl.analyses.structure import layers, structure
from netdsl.analyses.view import see
from netdsl.backends.beside import Detail, beside
from netdsl.backends.beside.bands import align
from netdsl.backends.canvas.metrics import width
from netdsl.backends.canvas.options import LEAST, Options
from netdsl.backends.canvas.palette import HEAT, LINE, RED
from netdsl.backends.canvas.scene import Box, Group, Scene
from netdsl.backends.draw import side_by_side
from netdsl.cli import main
from netdsl.ir.graph import Graph
from tests.nets import spec

SPECS = Path(__file__).parent.parent / "specs"
#: Chains, residual nets, modules with heads, hourglasses, dense blocks, gates, and maps of other sizes.
NETS = [
    ("lenet5", None),
    ("vgg", "A"),
    ("resnet", "18"),
    ("resnet_cifar", None),
    ("googlenet", "paper"),
    ("unet", None),
    ("fcn", None),
    ("densenet", "121"),
    ("mobilenet_v3", None),
    ("shufflenet_v2", None),
]


@pytest.fixture(scope="module")
def nets() -> dict[str, Graph]:
    return {stem: netdsl.compile(SPECS / f"{stem}.net", variant=variant) for stem, variant in NETS}


@pytest.fixture(scope="module")
def figure() -> Scene:
    """The figure of the paper on residual nets."""
    vgg = netdsl.compile(SPECS / "vgg19.net")
    return beside([vgg, *(netdsl.compile(SPECS / "resnet.net", variant=name) for name in ("plain-34", "34"))], "infer")


def compiled(text: str) -> Graph:
    return netdsl.compile("net small\n" + text)


def of_kind(scene: Scene, kind: str, inside: Group | None = None) -> list[Group]:
    return [
        group
        for group in scene.groups
        if kind in group.kind.split()
        and (inside is None or inside.boxes.start <= group.boxes.start < group.boxes.stop <= inside.boxes.stop)
    ]


def texts(scene: Scene) -> list[str]:
    return [box.text for box in scene.boxes if box.text]


def extent(box: Box) -> tuple[float, float, float, float]:
    """Where the text of a box is: left, top, right and bottom."""
    wide, middle = width(box.text, box.size, bold=box.bold), box.y + box.h / 2
    left = {"l": box.x, "r": box.x + box.w - wide}.get(box.align, box.x + (box.w - wide) / 2)
    return left, middle - 0.4 * box.size, left + wide, middle + 0.4 * box.size


def overlapping(scene: Scene) -> list[tuple[str, str]]:
    found = sorted((extent(box), box.text) for box in scene.boxes if box.text)
    pairs = []
    for place, ((_, top, right, bottom), words) in enumerate(found):
        for other, others in found[place + 1 :]:
            if other[0] >= right - 0.5:
                break
            if other[1] < bottom - 0.5 and other[3] > top + 0.5:
                pairs.append((words, others))
    return pairs


def missing(scene: Scene, graphs: list[Graph]) -> list[str]:
    """Layers of the nets that are not drawn, or more than once. Norms and the like are drawn into others."""
    found = []
    for graph, group in zip(graphs, of_kind(scene, "net")):
        seen = structure(graph, see(graph, "train"))
        every = [*layers(seen.items), *(layer for head in seen.heads for layer in layers(head.items))]
        drawn = [name for one in of_kind(scene, "layer", group) for name in one.data.get("layers", "").split()]
        names = {layer.head.name: layer.minor for layer in every}
        found += [name for name, minor in names.items() if not minor and name not in drawn]
        found += [name for name in drawn if name not in names]
        found += [name for name in drawn if drawn.count(name) > 1]
    return found


# -- which stages stand at one height ---------------------------------------------------------------------------------


def test_equal_sizes_stand_at_one_height() -> None:
    assert align([[224, 112, 56, 1], [224, 56, 28, 1]]) == [[0, 0], [1, None], [2, 1], [None, 2], [3, 3]]


def test_nearly_equal_sizes_do_too_unless_equal_ones_are_there() -> None:
    assert align([[224, 112, 1], [299, 149, 1]]) == [[0, 0], [1, 1], [2, 2]]
    assert align([[32, 28], [28]]) == [[0, None], [1, 0]]


def test_what_has_no_map_stands_with_its_like_alone() -> None:
    assert align([[1.0], [1.2, 1.0]]) == [[None, 0], [0, 1]]


def test_sizes_that_come_back_keep_their_order() -> None:
    assert align([[8, 4, 2, 4, 8], [8, 2, 8]]) == [[0, 0], [1, None], [2, 1], [3, None], [4, 2]]


def test_of_stages_alone_the_larger_come_first() -> None:
    assert align([[64, 8], [100, 16]]) == [[None, 0], [0, None], [None, 1], [1, None]]


# -- the figure of the paper ------------------------------------------------------------------------------------------


def test_titles_have_the_numbers(figure: Scene) -> None:
    titles = [[box.text for box in figure.boxes[group.boxes]] for group in of_kind(figure, "title")]
    assert titles == [
        ["vgg19", "144 M params · 19.6 G MACs"],
        ["resnet plain-34", "21.6 M params · 3.64 G MACs"],
        ["resnet 34", "21.8 M params · 3.66 G MACs"],
    ]


def test_stages_of_equal_size_are_at_one_height(figure: Scene) -> None:
    bands = {}
    for stage in of_kind(figure, "stage"):
        band = figure.boxes[stage.boxes.start]
        bands[stage.data["size"]] = (band.y, band.y + band.h)
        assert (band.x, band.w) == (0, figure.w)
    assert list(bands) == ["224×224", "112×112", "56×56", "28×28", "14×14", "7×7", "1×1"]
    assert all(before[1] <= after[0] for before, after in zip(bands.values(), list(bands.values())[1:]))
    heights: dict[str, list[float]] = {}
    for net in of_kind(figure, "net"):
        first: dict[str, float] = {}
        boxes = [group for group in of_kind(figure, "layer", net) if figure.boxes[group.boxes.start].h > 15]
        for group in boxes:
            box, shape = figure.boxes[group.boxes.start], group.data["shape"]
            size = shape.partition("×")[2] or "1×1"
            assert bands[size][0] < box.y < box.y + box.h < bands[size][1]
            first.setdefault(size, box.y)
        for size, y in first.items():
            heights.setdefault(size, []).append(y)
    assert [len(each) for each in heights.values()] == [3] * 7
    assert all(max(each) - min(each) < 0.001 for each in heights.values())


def test_columns_are_those_of_the_paper(figure: Scene) -> None:
    boxes = [
        [figure.boxes[group.boxes.start].text for group in of_kind(figure, "layer", net)]
        for net in of_kind(figure, "net")
    ]
    vgg, plain, residual = (
        [text for text in each if "conv" in text or text.startswith(("max", "fc", "global"))] for each in boxes
    )
    assert len(vgg) == 16 + 5 + 3
    assert plain == residual and len(plain) == 33 + 2 + 1
    assert plain[8:10] == ["3×3 conv, 128, /2", "3×3 conv, 128"]
    assert [text for text in boxes[2] if text.startswith("1×1")] == [f"1×1, {wide}, /2" for wide in (128, 256, 512)]


def test_shortcuts_are_arcs_at_the_right(figure: Scene) -> None:
    columns = of_kind(figure, "net")
    assert [len([line for line in figure.lines[net.lines] if line.kind == "edge skip"]) for net in columns] == [
        0,
        0,
        13,
    ]
    projections = [line for line in figure.lines if line.kind == "edge projection"]
    # Each is two lines, to its box and from there.
    assert len(projections) == 6 and all(line.dashed and line.colour == RED for line in projections)
    assert all(line.colour == LINE and not line.dashed for line in figure.lines if line.kind == "edge skip")


def test_a_picture_of_small_nets(golden: Callable[[str, str], None]) -> None:
    text = (
        "net small\ninput 3x32x32\nparam s = true\nvariant plain: s = false\nstyle conv = _, bn, relu\n"
        "block basic(c, s=1, way=true) {\n  add {\n    conv3-c/s\n    conv3-c +bn\n"
        "    | if way { if s != 1 { conv1-c/s +bn } else { id } }\n  }\n  relu\n}\n"
        "conv3-16\nbasic(16, way=s) ×2\nbasic(32, s=2, way=s)\nbasic(32, way=s)\ngap, fc-10\n"
    )
    graphs = [netdsl.compile(text, variant="plain"), netdsl.compile(text)]
    golden("beside-small.svg", side_by_side(graphs).render("svg").decode())


# -- nets of all kinds ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pair", list(pairwise(stem for stem, _ in [*NETS, NETS[0]])), ids="+".join)
def test_pairs(pair: tuple[str, str], nets: dict[str, Graph]) -> None:
    graphs = [nets[stem] for stem in pair]
    scene = beside(graphs)
    assert overlapping(scene) == []
    assert missing(scene, graphs) == []
    assert all(box.x >= 0 and box.x + box.w <= scene.w + 0.01 and 0 <= box.y <= scene.h for box in scene.boxes)


@pytest.mark.parametrize("detail", ["layers", "cards"])
def test_every_layer_is_drawn_or_folded(detail: Detail, nets: dict[str, Graph]) -> None:
    graphs = list(nets.values())
    scene = beside(graphs, detail=detail)
    assert missing(scene, graphs) == []
    assert overlapping(scene) == []


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("detail", ["layers", "cards"])
def test_nets_of_all_forms(seed: int, detail: Detail) -> None:
    graphs = [netdsl.compile(spec(random.Random(each))) for each in (seed, seed + 1000)]
    scene = beside(graphs, detail=detail)
    assert missing(scene, graphs) == [] and overlapping(scene) == []
    assert all(box.x >= 0 and box.x + box.w <= scene.w + 0.01 for box in scene.boxes)


def test_a_large_net_is_folded(nets: dict[str, Graph]) -> None:
    large = netdsl.compile(SPECS / "resnet.net", variant="152")
    scene = beside([nets["vgg"], large])
    assert "×36" in texts(scene) and scene.h < 2000
    assert "×36" not in texts(beside([nets["vgg"], large], detail="layers"))


def test_heads_are_beside_their_column(nets: dict[str, Graph]) -> None:
    scene = beside([nets["googlenet"], nets["lenet5"]])
    heads = of_kind(scene, "head")
    assert [texts(scene).count(name) for name in ("aux1", "aux2")] == [1, 1] and len(heads) == 2
    assert all(scene.boxes[head.boxes.start].dashed for head in heads)
    assert of_kind(beside([nets["googlenet"], nets["lenet5"]], "infer"), "head") == []


def test_long_skips_have_lanes_of_their_own(nets: dict[str, Graph]) -> None:
    scene = beside([nets["unet"]])
    axes = {max(x for x, _ in line.points) for line in scene.lines if line.kind == "edge skip"}
    assert len(axes) == 4


def test_several_inputs_and_no_maps() -> None:
    two = compiled("input left 1x8x8\ninput right 1x8x8\nadd { @left | @right }\nconv3-4\ngap, fc-2\n")
    flat = compiled("input 16\nfc-8, relu\nfc-2\n")
    line = compiled("input 1x64\nconv3-4/2\nconv3-4/2\ngap, fc-2\n")
    scene = beside([two, flat, line])
    assert missing(scene, [two, flat, line]) == [] and overlapping(scene) == []


def test_the_same_bytes(nets: dict[str, Graph]) -> None:
    graphs = [nets["resnet"], nets["googlenet"]]
    assert beside(graphs).dot() == beside(graphs).dot()


# -- options ----------------------------------------------------------------------------------------------------------


def test_heat_has_one_scale() -> None:
    small, large = (compiled(f"input 4x8x8\nconv3-4\nconv3-{wide}\n") for wide in (4, 64))
    scene = beside([small, large], options=Options(heat="macs"))
    assert "147 k MACs, one scale for all" in texts(scene)
    fills = [
        [scene.boxes[group.boxes.start].fill for group in of_kind(scene, "conv", net)] for net in of_kind(scene, "net")
    ]
    assert fills == [[HEAT[0], HEAT[0]], [HEAT[0], HEAT[-1]]]


def test_labels_stand_at_the_end_of_stages() -> None:
    graph = compiled("input 4x8x8\nconv3-4 bias=false\nmaxpool\nconv3-8 bias=false\n")
    assert "8×4²" not in texts(beside([graph]))
    said = texts(beside([graph], options=Options(labels=("shapes", "params", "macs", "rf"))))
    assert {"4×8² · rf 3", "144 params · 9.22 k MACs", "8×4² · rf 8", "288 params · 4.61 k MACs"} <= set(said)
    assert "8×4²" in texts(beside([graph], options=Options(labels=("shapes",))))


def test_a_page_is_fitted_by_drawing_less(nets: dict[str, Graph]) -> None:
    graphs = [nets["vgg"], nets["resnet"], nets["mobilenet_v3"]]
    heights = []
    for page in ((900, 3000), (900, 1200), (483, 724)):
        scene = beside(graphs, options=Options(page=page))
        assert (scene.w + 14.4) * scene.scale <= page[0] + 0.01 and (scene.h + 14.4) * scene.scale <= page[1] + 0.01
        heights.append(scene.h)
        assert scene.smallest >= LEAST
    assert heights[0] > heights[1] > heights[2]


def draw(*words: str) -> int:
    return main(["draw", *words])


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "both.svg"
    assert draw("zoo:mobilenet_v2", "zoo:mobilenet_v2,width=0.5", "--side-by-side", "-o", str(out)) == 0
    assert ">mobilenet_v2 width=0.5</text>" in out.read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["zoo:lenet5", "zoo:vgg16"], "several FILEs are drawn --side-by-side, two with --diff, or all --as table"),
        (["zoo:lenet5", "zoo:vgg16", "--side-by-side", "--as", "block:x"], "not --as block"),
        (["zoo:lenet5", "zoo:vgg16", "--side-by-side", "--direction", "rows"], "--direction is of an overview"),
        (["-", "-", "--side-by-side"], "`-` is given twice"),
    ],
)
def test_what_does_not_go_together(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert draw(*words, "-o", str(tmp_path / "x.svg")) == 2
    assert said in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_errors_of_every_file_are_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.net").write_text(f"net {name}\ninput 3x8x8\nconvv3-{name}\n")
    out = tmp_path / "x.svg"
    assert draw(str(tmp_path / "a.net"), str(tmp_path / "b.net"), "--side-by-side", "-o", str(out)) == 1
    said = capsys.readouterr().err
    assert "a.net" in said and "b.net" in said and not out.exists()


def test_a_file_with_a_comma_in_its_name(tmp_path: Path) -> None:
    (tmp_path / "a,b=1.net").write_text("net a\ninput 3x8x8\nconv3-4\n")
    assert draw(str(tmp_path / "a,b=1.net"), "--side-by-side", "-o", str(tmp_path / "x.svg")) == 0
