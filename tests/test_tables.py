"""The tables of papers: their facts against the papers, every format against a golden, and what writers promise."""

from __future__ import annotations

import csv
import html.parser
import io
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest

import netdsl
from netdsl.analyses.structure import Mesh
from netdsl.backends.canvas.svg import svg
from netdsl.backends.draw import table_drawing
from netdsl.backends.tables import write_csv, write_html, write_latex, write_markdown, write_scene, write_text
from netdsl.backends.tables.align import Entry, added, align
from netdsl.backends.tables.columns import power
from netdsl.backends.tables.model import Cell, Line, Matrix, Row, Sheet, grid, number, text
from netdsl.backends.tables.nets import Net
from netdsl.backends.tables.style import Style, sheet, suited
from netdsl.cli import main
from netdsl.diagnostics import width
from netdsl.zoo import names

FORMATS = {"text": "txt", "markdown": "md", "html": "html", "latex": "tex", "csv": "csv"}
#: The nets whose tables are goldens, and the style that suits each.
NETS: dict[str, Style] = {
    "vgg": "vgg",
    "resnet": "resnet",
    "googlenet": "googlenet",
    "alexnet": "vgg",
    "mobilenet_v2": "resnet",
    "densenet": "resnet",
}


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs ``netdsl table`` and gives what it prints."""

    def command(*words: str) -> str:
        status = main(["table", *words])
        captured = capsys.readouterr()
        assert status == 0, captured.err
        return captured.out

    return command


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("zoo:resnet",), "of conv3_x, conv4_x and conv5_x has stride 2, on its first 3×3."),
        (("zoo:resnet:50",), "of conv3_x, conv4_x and conv5_x has stride 2, on its 3×3."),
        (("zoo:resnet:50-v1",), "of conv3_x, conv4_x and conv5_x has stride 2, on its first 1×1."),
        (
            ("zoo:resnet", "--variants", "34,50-v1,101-v1"),
            "has stride 2, on its first 3×3 in 34-layer, on its first 1×1 in 50-v1 and 101-v1.",
        ),
        (("zoo:mobilenet_v2",), "of conv2_x, conv3_x, conv4_x and conv5_x has stride 2, on its 3×3 dw."),
        # Of other layers in other stages: none is named.
        (("zoo:efficientnet:b0",), "of conv2_x, conv3_x, conv4_x and conv5_x has stride 2."),
    ],
)
def test_the_layer_with_a_stride_is_said(words: tuple[str, ...], said: str, run: Callable[..., str]) -> None:
    (line,) = (line for line in run(*words).splitlines() if line.startswith("The first block "))
    assert line.endswith(said)


@pytest.mark.parametrize("form", ["text", "markdown", "html", "latex", "csv"])
def test_what_stands_once_has_no_times(form: str, run: Callable[..., str]) -> None:
    shown = run("zoo:mobilenet_v2", "--format", form)
    once = {"latex": r"1\times1,\ 320 \end{bmatrix}$", "html": "1×1, 320</span></span>"}.get(form, "320")
    assert once in shown and not re.search(r"([ >]×|\}\\times)1(?!\d)", shown)


def test_csv_is_no_formula() -> None:
    assert [write_csv.literal(text) for text in ("=1+1", "+a", "-1x-1", "@x", "-", "conv1", "")] == [
        "'=1+1",
        "'+a",
        "'-1x-1",
        "'@x",
        "-",
        "conv1",
        "",
    ]


def test_variants_beside_what_has_none(run: Callable[..., str], tmp_path: Path) -> None:
    """Without a table and a default the parameters' own values are a net of their own: the first column."""
    file = tmp_path / "a.net"
    text = "net a\ninput 3x32x32\nparam w = 8\nvariant big: w = 16\nconv3-w, relu, maxpool\ngap, fc-10\n"
    file.write_text(text, encoding="utf-8")
    head, weights, *_ = cells(run(str(file), "--style", "vgg", "--format", "csv"))
    assert (head, weights) == (["output", "a", "big"], ["weight layers", "2", "2"])
    file.write_text(text + "default big\n", encoding="utf-8")
    assert cells(run(str(file), "--style", "vgg", "--format", "csv"))[0] == ["output", "big"]


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


# -- goldens


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", NETS)
def test_a_table_in_each_format(
    name: str, form: str, run: Callable[..., str], golden: Callable[[str, str], None]
) -> None:
    golden(f"table-{name}.{FORMATS[form]}", run(f"zoo:{name}", "--format", form))


def test_the_table_of_all_layers(run: Callable[..., str], golden: Callable[[str, str], None]) -> None:
    golden("table-layers.txt", run("zoo:googlenet", "--style", "layers", "--view", "train"))


# -- against the papers


#: Simonyan & Zisserman 2014, Table 1: the cells of each column from the input to the last pooling.
VGG = {
    "A": ["3-64", "3-128", "3-256 3-256", "3-512 3-512", "3-512 3-512"],
    "A-LRN": ["3-64 LRN", "3-128", "3-256 3-256", "3-512 3-512", "3-512 3-512"],
    "B": ["3-64 3-64", "3-128 3-128", "3-256 3-256", "3-512 3-512", "3-512 3-512"],
    "C": ["3-64 3-64", "3-128 3-128", "3-256 3-256 1-256", "3-512 3-512 1-512", "3-512 3-512 1-512"],
    "D": ["3-64 3-64", "3-128 3-128", "3-256 3-256 3-256", "3-512 3-512 3-512", "3-512 3-512 3-512"],
    "E": ["3-64 3-64", "3-128 3-128", *(" ".join([f"3-{c}"] * 4) for c in (256, 512, 512))],
}
#: The same table's weight layers, and its Table 2: parameters in millions.
VGG_TOTALS = {"A": (11, 133), "A-LRN": (11, 133), "B": (13, 133), "C": (16, 134), "D": (16, 138), "E": (19, 144)}


def test_vgg_is_the_papers_table_1(run: Callable[..., str]) -> None:
    head, weights, *rows = cells(run("zoo:vgg", "--format", "csv"))
    assert head == ["output", *VGG]
    assert [int(cell) for cell in weights[1:]] == [depth for depth, _ in VGG_TOTALS.values()]
    body = [row[1:] for row in rows]
    groups = [row for row in body if row[0].startswith("conv")]
    for at, (name, expected) in enumerate(VGG.items()):
        shown = [row[at].replace("conv", "").replace(";", "") for row in groups]
        assert shown == expected, name
    between = [row for row in body if not row[0].startswith("conv")]
    assert all(len(set(row)) == 1 for row in between[:-2])
    spanning = ["input (224×224 RGB image)", *["maxpool"] * 5, "FC-4096", "FC-4096", "FC-1000", "soft-max"]
    assert [row[0] for row in between[:-2]] == spanning
    assert [round(int(cell) / 1e6) for cell in between[-2]] == [params for _, params in VGG_TOTALS.values()]


def test_vgg_has_in_bold_what_the_paper_has() -> None:
    nets = [Net(name, netdsl.compile("zoo:vgg", variant=name), "infer") for name in VGG]
    places = grid(sheet(nets, "vgg", ""))
    bold = [[c.text for row in places for c in row[at].cell.content if c.bold] for at in range(1, len(VGG) + 1)]
    assert bold == [
        [],
        ["LRN"],
        ["conv3-64", "conv3-128"],
        ["conv1-256", "conv1-512", "conv1-512"],
        ["conv3-256", "conv3-512", "conv3-512"],
        ["conv3-256", "conv3-512", "conv3-512"],
    ]


#: He et al. 2015, Table 1: how often the blocks of conv2_x to conv5_x are repeated.
RESNET = {"18": (2, 2, 2, 2), "34": (3, 4, 6, 3), "50": (3, 4, 6, 3), "101": (3, 4, 23, 3), "152": (3, 8, 36, 3)}


def test_resnet_is_the_papers_table_1(run: Callable[..., str]) -> None:
    head, *rows = cells(run("zoo:resnet", "--format", "csv"))
    assert head == ["layer name", "output size", *(f"{name}-layer" for name in RESNET)]
    assert [row[0] for row in rows[:-3]] == ["conv1", "conv2_x", "conv2_x", "conv3_x", "conv4_x", "conv5_x", ""]
    sizes = ["112×112", "56×56", "56×56", "28×28", "14×14", "7×7", "1×1"]
    assert [row[1] for row in rows[:-3]] == sizes
    for at, (name, times) in enumerate(RESNET.items(), 2):
        shown = [row[at] for row in rows]
        blocks = []
        for width_, count in zip((64, 128, 256, 512), times, strict=True):
            plain = [f"3×3, {width_}"] * 2
            deep = [f"1×1, {width_}", f"3×3, {width_}", f"1×1, {4 * width_}"]
            blocks.append(f"[{'; '.join(plain if int(name) < 50 else deep)}] ×{count}")
        assert shown[0] == "7×7, 64, stride 2"
        assert shown[1:-4] == ["3×3 max pool, stride 2", *blocks]
        assert shown[-4] == "average pool, 1000-d fc, softmax"


def test_the_multiply_adds_of_resnets_table_are_those_of_its_own_models(run: Callable[..., str]) -> None:
    # The last row but one. The paper calls it FLOPs: 1.8, 3.6 (without the shortcuts' projections), 3.8, 7.6 and 11.3
    # billion.
    rows = cells(run("zoo:resnet", "--variants", "18,50-v1,101-v1,152-v1", "--format", "csv"))
    assert [row[0] for row in rows[-3:]] == ["params", "MACs", "FLOPs"]
    counts = [int(cell) / 1e9 for cell in rows[-2][2:]]
    assert counts == pytest.approx([1.8, 3.8, 7.6, 11.3], abs=0.06)


#: Szegedy et al. 2014, Table 1: depth, widths of the branches, and operations in millions where its layers give them.
GOOGLENET: list[tuple[str, str, int, tuple[int, ...], int | None]] = [
    ("convolution", "112×112×64", 1, (), None),  # 34M there, those of a separable convolution
    ("max pool", "56×56×64", 0, (), None),
    ("convolution", "56×56×192", 2, (64, 192), 360),
    ("max pool", "28×28×192", 0, (), None),
    ("inception (3a)", "28×28×256", 2, (64, 96, 128, 16, 32, 32), 128),
    ("inception (3b)", "28×28×480", 2, (128, 128, 192, 32, 96, 64), 304),
    ("max pool", "14×14×480", 0, (), None),
    ("inception (4a)", "14×14×512", 2, (192, 96, 208, 16, 48, 64), 73),
    ("inception (4b)", "14×14×512", 2, (160, 112, 224, 24, 64, 64), 88),
    ("inception (4c)", "14×14×512", 2, (128, 128, 256, 24, 64, 64), 100),
    ("inception (4d)", "14×14×528", 2, (112, 144, 288, 32, 64, 64), 119),
    ("inception (4e)", "14×14×832", 2, (256, 160, 320, 32, 128, 128), 170),
    ("max pool", "7×7×832", 0, (), None),
    ("inception (5a)", "7×7×832", 2, (256, 160, 320, 32, 128, 128), None),  # 54M there
    ("inception (5b)", "7×7×1024", 2, (384, 192, 384, 48, 128, 128), 71),
    ("avg pool", "1×1×1024", 0, (), None),
    ("dropout (40%)", "1×1×1024", 0, (), None),
    ("linear", "1×1×1000", 1, (), 1),
    ("softmax", "1×1×1000", 0, (), None),
]


def test_googlenet_is_the_papers_table_1(run: Callable[..., str]) -> None:
    head, *rows = cells(run("zoo:googlenet", "--format", "csv"))
    branches = ["#1×1", "#3×3 reduce", "#3×3", "#5×5 reduce", "#5×5", "pool proj"]
    assert head == ["type", "patch size/stride", "output size", "depth", *branches, "params", "MACs"]
    assert [row[0] for row in rows] == [*(row[0] for row in GOOGLENET), "total"]
    for row, (_, output, depth, widths, operations) in zip(rows, GOOGLENET):
        assert row[2:4] == [output, str(depth)]
        assert tuple(int(cell) for cell in row[4:10] if cell) == widths
        if operations is not None:
            assert int(row[11]) / 1e6 == pytest.approx(operations, abs=0.7)
    assert [row[1] for row in rows[:4]] == ["7×7/2", "3×3/2", "3×3/1", "3×3/2"]
    assert rows[15][1] == "7×7/1"
    # The stem's 1×1 convolution stands in the row of the 3×3 that it reduces for.
    assert rows[2][5:7] == ["64", "192"]
    assert sum(int(row[10]) for row in rows[:-1] if row[10]) == int(rows[-1][10]) == 6_998_552
    assert sum(int(row[11]) for row in rows[:-1] if row[11]) == int(rows[-1][11])


def test_densenet_is_the_papers_table_1(run: Callable[..., str]) -> None:
    head, *rows = cells(run("zoo:densenet", "--format", "csv"))
    assert head[2:] == ["121-layer", "169-layer", "201-layer", "264"]
    times = [[int(cell.rpartition("×")[2]) for cell in row[2:]] for row in rows if row[0].startswith("denseblock")]
    assert times == [[6] * 4, [12] * 4, [24, 32, 48, 64], [16, 32, 32, 48]]
    blocks = {cell.rpartition(" ")[0] for row in rows if row[0].startswith("denseblock") for cell in row[2:]}
    assert blocks == {"[1×1, 128; 3×3, 32]"}
    sizes = [row[1] for row in rows if row[0].startswith("transition")]
    assert sizes == ["56×56", "28×28", "28×28", "14×14", "14×14", "7×7"]


def test_mobilenet_v2_has_the_repeats_and_channels_of_the_papers_table_2(run: Callable[..., str]) -> None:
    rows = cells(run("zoo:mobilenet_v2", "--format", "csv"))
    found = [re.fullmatch(r"\[.*1×1, (\d+)\](?: ×(\d+))?", row[2]) for row in rows]
    shown = [(int(match[1]), int(match[2] or 1)) for match in found if match]
    assert shown == [(16, 1), (24, 2), (32, 3), (64, 4), (96, 3), (160, 3), (320, 1)]


# -- which style, which columns


@pytest.mark.parametrize("name", names())
def test_every_shipped_spec_has_a_table_with_its_totals(name: str, run: Callable[..., str]) -> None:
    graph = netdsl.compile(f"zoo:{name}")
    net = Net("", graph, "infer")
    style = suited(net)
    table = sheet([net], style, name)
    totals = netdsl.stats(graph).totals
    values = [cell.value for row in table.rows[-3:] for cell in row.cells]
    assert totals.params in values
    assert totals.macs in values
    for write in (write_text.write, write_markdown.write, write_csv.write, write_html.write, write_latex.write):
        assert write(table) == write(table)


@pytest.mark.parametrize(("name", "style"), [*NETS.items(), ("unet", "layers"), ("mobilenet_v1", "resnet")])
def test_the_style_suits_the_net(name: str, style: Style) -> None:
    assert suited(Net("", netdsl.compile(f"zoo:{name}"), "infer")) == style


def test_a_net_without_maps_is_a_table_of_layers() -> None:
    graph = netdsl.compile("net mlp\ninput 784\nfc-100, relu\nfc-10\n")
    assert suited(Net("", graph, "infer")) == "layers"


def test_layers_that_share_tensors_are_a_table_of_layers() -> None:
    text = "net m\ninput 8x8x8\nconv3-8 as a\nconv3-8 as b\nadd { @a | @b } as e\nconcat { @e | @a | @b }\ngap, fc-4\n"
    net = Net("", netdsl.compile(text), "infer")
    assert any(isinstance(item, Mesh) for item in net.items)
    assert suited(net) == "layers"


def test_towers_of_several_inputs_are_a_table_of_layers() -> None:
    text = "net two\ninput left 1x8x8\ninput right 1x8x8\n@left\ntower: [conv3-2, fc-4]\n@right, reuse tower as b\n"
    graph = netdsl.compile(text + "sub { @tower | @b }\nfc-1\n")
    assert suited(Net("", graph, "infer")) == "layers"


def test_a_named_variant_is_the_only_column(run: Callable[..., str]) -> None:
    assert cells(run("zoo:resnet:50", "--format", "csv"))[0] == ["layer name", "output size", "50-layer"]
    assert cells(run("zoo:vgg", "--variant", "D-BN", "--format", "csv"))[0] == ["output", "D-BN"]


def test_the_columns_are_those_of_the_specs_table_or_its_variants(run: Callable[..., str]) -> None:
    assert cells(run("zoo:vgg", "--format", "csv"))[0][1:] == ["A", "A-LRN", "B", "C", "D", "E"]
    assert cells(run("zoo:alexnet", "--format", "csv"))[0][1:] == ["two-gpu", "one-gpu", "torchvision"]
    shown = cells(run("zoo:resnet", "--variants", "34,plain-34", "--format", "csv"))
    assert shown[0][2:] == ["34-layer", "plain-34"]


def test_several_files_are_columns_of_one_table(run: Callable[..., str]) -> None:
    head, *rows = cells(run("zoo:vgg16", "zoo:vgg19", "zoo:vgg:A", "--format", "csv"))
    assert head[1:] == ["vgg16", "vgg19", "vgg A"]
    assert [row[0] for row in rows].count("14×14") == 2


def test_styles_of_one_net_make_a_table_for_each(run: Callable[..., str]) -> None:
    shown = run("zoo:googlenet:paper", "zoo:googlenet:torchvision")
    assert shown.count("patch size/stride") == 2
    assert "#3×3 reduce (2)" in shown  # torchvision's 3×3 in the place of the 5×5


def test_branches_without_a_column_of_their_own_stand_in_the_last(run: Callable[..., str]) -> None:
    head, *rows = cells(run("zoo:inception_v3", "--format", "csv"))
    at = head.index("other branches")
    wide = next(row for row in rows if row[0].endswith("(Mixed_6b)"))
    assert wide[at].split("; ") == [
        "1×1, 128 → 1×7, 128 → 7×1, 192",
        "1×1, 128 → 7×1, 128 → 1×7, 128 → 7×1, 128 → 1×7, 192",
    ]


def test_the_training_view_has_the_auxiliary_heads(run: Callable[..., str]) -> None:
    infer = run("zoo:googlenet", "--style", "layers")
    train = run("zoo:googlenet", "--style", "layers", "--view", "train")
    assert "aux1.fc1" not in infer
    assert "aux1.fc1" in train
    assert "13,378,280" in train


def test_maps_of_other_sizes_are_said_as_they_are(run: Callable[..., str]) -> None:
    rows = cells(run("zoo:efficientnet", "--variants", "b0,b7", "--format", "csv"))
    assert rows[1][1] == "112×112 – 300×300"
    small = cells(run("zoo:vgg:A", "--input", "3x64x64", "--format", "csv"))
    assert small[2] == ["64×64", "input (64×64 RGB image)"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["zoo:vgg", "--standalone"], "--standalone goes with --format html or latex"),
        (["zoo:vgg:A", "--variants", "B,C"], "--variants goes with one FILE"),
        (["zoo:vgg", "--variants", "B,B"], "the variant `B` is named twice"),
        (["zoo:vgg", "--variants", "B,"], "is not NAME,NAME,…"),
        (["zoo:vgg", "--style", "alexnet"], "is none of vgg"),
        (
            ["zoo:vgg:A", "zoo:vgg:B", "--style", "layers", "--format", "latex", "--standalone"],
            "--standalone writes one table",
        ),
        (["zoo:vgg:A", "zoo:vgg:B", "--style", "layers", "--format", "svg"], "--format svg writes one table"),
    ],
)
def test_what_makes_no_sense_is_said(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["table", *words]) == 2
    assert said in capsys.readouterr().err


def test_an_unknown_variant_is_a_diagnostic(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["table", "zoo:vgg", "--variants", "D,F"]) == 1
    assert "there is no variant called `F`" in capsys.readouterr().err


# -- rows and cells


def test_columns_of_unlike_nets_keep_their_order() -> None:
    def entries(words: str) -> list[Entry]:
        return [Entry(kind, size, (Line(kind),)) for kind, size in (word.split("@") for word in words.split())]

    rows = align([entries("group@8 pool@4 fc@"), entries("group@8 pool@4 group@4 pool@2 fc@"), entries("fc@ fc@")])
    shown = [[None if entry is None else f"{entry.kind}@{entry.size}" for entry in row] for row in rows]
    assert shown == [
        ["group@8", "group@8", None],
        ["pool@4", "pool@4", None],
        [None, "group@4", None],
        [None, "pool@2", None],
        ["fc@", "fc@", "fc@"],
        [None, None, "fc@"],
    ]


def test_what_is_added_is_bold_and_what_both_have_is_not() -> None:
    def bold(before: str, after: str) -> list[str]:
        left, right = (tuple(map(Line, words.split())) for words in (before, after))
        return [content.text for content in added(left, right) if content.bold]

    assert bold("a a", "a a b") == ["b"]
    assert bold("a a b", "a a a") == ["a"]
    assert bold("a b c", "a c") == []
    assert bold("", "a") == ["a"]


@pytest.mark.parametrize(
    ("value", "most", "shown"),
    [
        (1_814_073_344, 11_513_626_624, "1.8×10⁹"),
        (11_513_626_624, 11_513_626_624, "11.5×10⁹"),
        (390_000_000, 37_000_000_000, "0.39×10⁹"),
        (300_774_272, 300_774_272, "300.8×10⁶"),
        (999, 999, "999"),
    ],
)
def test_powers_of_ten(value: int, most: int, shown: str) -> None:
    assert power(value, most) == shown


def test_spans_must_tile_the_table() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        grid(Sheet("", ("left", "left"), (Row((text("a", columns=2), text("b"))),)))
    with pytest.raises(ValueError, match="too few"):
        grid(Sheet("", ("left", "left"), (Row((text("a"),)),)))


# -- what writers promise

HOSTILE = r"""<b>&"x" | a_b $5 100% #1 {y} ~ ^2 \end{tabular} `c` *d*"""


def hostile() -> Sheet:
    rows = (
        Row((text(HOSTILE), text("plain")), head=True),
        Row((Cell((Matrix((HOSTILE, "3×3, 64"), 2), Line(HOSTILE, bold=True)), rows=2), number(1_234_567, "1.2×10⁶"))),
        Row((text("below"),)),
        Row((text(HOSTILE, columns=2),), rule="full"),
    )
    return Sheet(HOSTILE, ("left", "centre"), rows, (HOSTILE,))


class _Reader(html.parser.HTMLParser):
    """Reads a table back: the texts of its cells, and whether every element is closed."""

    _VOID = frozenset({"br", "meta"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.places = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("td", "th"):
            spans = dict(attrs)
            self.texts.append("")
            self.places += int(spans.get("colspan") or 1) * int(spans.get("rowspan") or 1)
        if tag not in self._VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "td" in self.open or "th" in self.open:
            self.texts[-1] += data


@pytest.mark.parametrize("standalone", [False, True])
def test_html_is_escaped_and_self_contained(standalone: bool) -> None:
    shown = write_html.write(hostile(), standalone=standalone)
    reader = _Reader()
    reader.feed(shown)
    assert not reader.open
    assert reader.texts[0] == HOSTILE
    assert HOSTILE in reader.texts[2]
    assert reader.texts[-1] == HOSTILE
    assert reader.places == 2 * 4 + 2  # every place of the grid, and the notes
    assert not re.search(r"https?:|src=|@import|url\(", shown)
    assert shown.startswith("<!DOCTYPE html>") == standalone


def test_html_of_spans_has_every_place_once() -> None:
    nets = [Net(name, netdsl.compile("zoo:resnet", variant=name), "infer") for name in ("18", "50")]
    table = sheet(nets, "resnet", "")
    reader = _Reader()
    reader.feed(write_html.write(table))
    assert reader.places == len(table.columns) * (len(table.rows) + 1)


def test_markdown_is_aligned_and_escaped() -> None:
    shown = write_markdown.write(hostile()).splitlines()
    lines = [line for line in shown if line.startswith("|")]
    assert len({width(line) for line in lines}) == 1
    for line in lines:
        assert len(re.findall(r"(?<!\\)\|", line)) == 3
    assert r"\<b\>" in lines[0]
    assert r"\*d\*" in lines[0]


def test_csv_reads_back() -> None:
    rows = cells(write_csv.write(hostile()))
    assert rows[0] == [HOSTILE, "plain"]
    assert rows[1][1] == "1234567"
    assert rows[1][0] == rows[2][0] == f"[{HOSTILE}; 3×3, 64] ×2; {HOSTILE}"
    assert rows[3] == [HOSTILE, ""]  # a label stands once


def test_text_says_control_characters_and_lines_up() -> None:
    table = Sheet("a\x1b[2J", ("left", "right"), (Row((text("x\x07"), text("12"))), Row((text("yy"), text("3")))))
    assert "\x1b" not in write_text.write(table)
    assert "\x07" not in write_text.write(table)
    plain = Sheet("", ("left", "right"), (Row((text("x"), text("12"))), Row((text("yy"), text("3")))))
    assert write_text.write(plain) == "x   12\nyy   3\n"


# -- drawings


@pytest.mark.parametrize("name", [*NETS, "hostile"])
def test_a_drawing_has_every_word_of_the_table(name: str) -> None:
    if name == "hostile":
        table = hostile()
    else:
        graph = netdsl.compile(f"zoo:{name}")
        table = sheet([Net("one", graph, "infer")], NETS[name], name)
    scene = write_scene.write(table)
    assert scene.dot() == write_scene.write(table).dot()
    drawn = ElementTree.fromstring(svg(scene))
    said = {"".join(element.itertext()).strip() for element in drawn.iter("{http://www.w3.org/2000/svg}text")}
    for row in table.rows:
        for cell in row.cells:
            if cell.value is None:
                for content in cell.content:
                    lines = content.lines if isinstance(content, Matrix) else (content.text,)
                    assert {line.replace("  ", " ") for line in lines} <= said


def test_equal_cells_are_one_and_pools_have_their_colour(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["table", "zoo:vgg", "--format", "dot"]) == 0
    dot = capsysbinary.readouterr().out.decode()
    assert dot.count('fillcolor="#FBE1D9"') == 5
    assert dot.count('fillcolor="#EEF2CC"') == 3


def test_cells_of_a_drawing_tile_it() -> None:
    for stem, variants in [("vgg", ["A", "C", "E"]), ("resnet", ["18", "152"])]:
        nets = [Net(each, netdsl.compile(f"zoo:{stem}", variant=each), "infer") for each in variants]
        scene = write_scene.write(sheet(nets, suited(nets[0]), stem))
        cells = [box for box in scene.boxes if box.stroke == "#999999"]
        bottom = max(box.y + box.h for box in cells)
        assert abs(sum(box.w * box.h for box in cells) - scene.w * bottom) < 1
        words = [box for box in scene.boxes if box.text]
        for box in words:
            assert box.x >= 0 and box.x + box.w <= scene.w + 0.1 and box.y + box.h <= scene.h + 1
        inside = [box for box in words if box.y < bottom]
        for box in inside:
            # A text is in one cell alone.
            assert any(c.x <= box.x and box.x + box.w <= c.x + c.w and c.y <= box.y + 1 < c.y + c.h for c in cells)


def test_a_drawing_as_golden(golden: Callable[[str, str], None]) -> None:
    nets = [Net("18-layer", netdsl.compile("zoo:resnet", variant="18"), "infer")]
    golden("table-resnet18.svg", svg(write_scene.write(sheet(nets, "resnet", "ResNet-18"))).decode())


def test_a_table_of_a_thousand_layers_is_drawn() -> None:
    graph = netdsl.compile("zoo:nfnet", variant="f6")
    assert len(table_drawing(sheet([Net("f6", graph, "infer")], "layers", "")).dot) > 100_000


def test_what_a_column_adds_is_bold_in_a_drawing() -> None:
    nets = [Net(each, netdsl.compile("zoo:vgg", variant=each), "infer") for each in ("A", "B")]
    scene = write_scene.write(sheet(nets, "vgg", ""))
    bold = [box.text for box in scene.boxes if box.bold]
    assert bold == ["output", "A", "B", "conv3-64", "conv3-128"]


def test_draw_and_table_draw_alike(tmp_path: Path) -> None:
    assert main(["table", "zoo:lenet5", "--format", "svg", "-o", str(tmp_path / "a.svg")]) == 0
    assert main(["draw", "zoo:lenet5", "--as", "table", "-o", str(tmp_path / "b.svg")]) == 0
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    command = ["draw", "zoo:resnet", "--as", "table", "--variants", "18,34", "--theme", "dark"]
    assert main([*command, "-o", str(tmp_path / "c.svg")]) == 0
    drawn = (tmp_path / "c.svg").read_text()
    assert "18-layer" in drawn and "34-layer" in drawn and "50-layer" not in drawn and "#22262b" in drawn


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--as", "table", "--heat", "macs"], "--as table takes no --heat"),
        (["--style", "vgg"], "--style is of --as table"),
        (["--variants", "18"], "--variants is of --as table"),
    ],
)
def test_options_of_another_kind_are_refused(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["draw", "zoo:resnet", "-o", "x.svg", *words]) == 2
    assert said in capsys.readouterr().err


def test_a_drawing_goes_to_a_file(tmp_path: Path) -> None:
    path = tmp_path / "resnet.svg"
    assert main(["table", "zoo:resnet", "--format", "svg", "-o", str(path)]) == 0
    drawn = ElementTree.fromstring(path.read_bytes())
    said = [element.text or "" for element in drawn.iter() if element.tag.endswith(("title", "desc"))]
    assert said[0] == "resnet: after He, Zhang, Ren & Sun 2015, Table 1"
    assert "conv5_x" in said[1]
    assert main(["table", "zoo:resnet:18", "--format", "png", "-o", str(tmp_path / "resnet.png")]) == 0
    assert (tmp_path / "resnet.png").read_bytes().startswith(b"\x89PNG")


# -- LaTeX


def balanced(source: str) -> None:
    """Holds that every brace and environment of LaTeX is closed, and every row has the columns of its table."""
    source = re.sub(r"(?<!\\)%.*", "", source)
    depth = 0
    for sign in re.findall(r"\\.|[{}$]", source, re.DOTALL):
        depth += {"{": 1, "}": -1}.get(sign, 0)
        assert depth >= 0
    assert depth == 0
    assert len(re.findall(r"(?<!\\)\$", source)) % 2 == 0
    open_: list[str] = []
    for kind, name in re.findall(r"\\(begin|end)\{(\w+)\}", source):
        if kind == "begin":
            open_.append(name)
        else:
            assert open_.pop() == name
    assert not open_


def columns_of(source: str) -> list[int]:
    """How many columns each row of the table with rules has."""
    body = source[source.index(r"\toprule") : source.index(r"\bottomrule")]
    counts = []
    for line in body.splitlines():
        if not line.endswith(r" \\"):
            continue
        bare = re.sub(r"\\begin\{(bmatrix|tabular)\}.*?\\end\{\1\}", "", line)
        spans = [int(count) for count in re.findall(r"\\multicolumn\{(\d+)\}", bare)]
        counts.append(len(re.findall(r"(?<!\\)&", bare)) + 1 + sum(spans) - len(spans))
    return counts


@pytest.mark.parametrize("name", NETS)
def test_latex_is_balanced(name: str, run: Callable[..., str]) -> None:
    source = run(f"zoo:{name}", "--format", "latex", "--standalone")
    balanced(source)
    assert len(set(columns_of(source))) == 1


def test_latex_is_escaped() -> None:
    source = write_latex.write(hostile(), standalone=True)
    balanced(source)
    assert columns_of(source) == [2, 2, 2, 2]
    assert r"\textless{}b\textgreater{}\&" in source
    assert r"\textbackslash{}end\{tabular\}" in source
    assert r"1.2$\times10^{6}$" in source


def test_a_latex_row_is_no_argument_of_the_one_before() -> None:
    made = Sheet("", ("left",), tuple(Row((text(words),)) for words in ("a", "[5]", "*", "b [c]*")))
    rows = [line for line in write_latex.write(made).splitlines() if line.endswith(r" \\")]
    assert rows == [r"a \\", r"{}[5] \\", r"{}* \\", r"b [c]* \\"]


def engine() -> str | None:
    return next(
        (found for name in ("tectonic", "pdflatex", "xelatex", "lualatex") if (found := shutil.which(name))), None
    )


def lacking() -> str | None:
    """What of TeX is not installed, or None."""
    program = engine()
    if program is None:
        return "no TeX engine is installed"
    finder = shutil.which("kpsewhich")
    if finder is None or "tectonic" in program:
        return None
    needed = ["standalone.cls", "amsmath.sty", "booktabs.sty", "multirow.sty"]
    found = subprocess.run([finder, *needed], capture_output=True, timeout=60, check=False, text=True).stdout
    missing = [name for name in needed if name not in found]
    return f"TeX lacks {', '.join(missing)}" if missing else None


@pytest.mark.skipif(lacking() is not None, reason=str(lacking()))
@pytest.mark.parametrize("name", [*NETS, "hostile"])
def test_latex_compiles(name: str, tmp_path: Path, run: Callable[..., str]) -> None:
    source = (
        write_latex.write(hostile(), standalone=True)
        if name == "hostile"
        else run(f"zoo:{name}", "--format", "latex", "--standalone")
    )
    (tmp_path / "table.tex").write_text(source, encoding="utf-8")
    program = engine()
    assert program is not None
    options: Sequence[str] = () if "tectonic" in program else ("-interaction=nonstopmode", "-halt-on-error")
    done = subprocess.run(
        [program, *options, "table.tex"],
        cwd=tmp_path,
        capture_output=True,
        timeout=300,
        check=False,
        encoding="latin-1",
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert (tmp_path / "table.pdf").stat().st_size > 5_000
    log = tmp_path / "table.log"
    said = log.read_text(encoding="latin-1") if log.exists() else done.stdout
    assert "Missing character" not in said
    assert "Overfull \\hbox" not in said


FAMILY = """\
net family
input 3x32x32
style conv = _, bn, relu
block wide(c, s = 1) {
  add {
    concat { conv3-{c//4}/s | conv3-{c//4}/s dilation=2 | conv1-{c//2}/s }
    conv1-c +bn
    | if s != 1 or in.c != c { conv1-c/s +bn } else { id }
  }
}
conv3-16
table
  S             | M             {
  wide(16) ×2   | wide(16) ×3
  wide(32, s=2) | wide(32, s=2)
  wide(32)      | wide(32) ×3
}
gap, fc-10
"""


def test_a_family_with_branches_has_its_columns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = tmp_path / "family.net"
    spec.write_text(FAMILY, encoding="utf-8")

    def heads(*words: str) -> list[str]:
        assert main(["table", *words]) == 0
        return capsys.readouterr().out.splitlines()[2].split()

    assert heads(str(spec)) == ["layer", "name", "output", "size", "S", "M"]
    assert heads(str(spec), "--variants", "M,S") == ["layer", "name", "output", "size", "M", "S"]
    assert heads(f"{spec}:M")[0] == heads(str(spec), "--style", "googlenet")[0] == "type"
    # Strides inside of branches are no other widths.
    assert main(["table", str(spec)]) == 0
    said = capsys.readouterr().out
    assert "The first block of conv2_x has stride 2." in said and "inner widths" not in said
