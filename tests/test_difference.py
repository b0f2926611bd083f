"""How two nets differ: the alignment, its words, and the counts, as text, JSON and a picture."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

import netdsl
from netdsl.analyses.change import said
from netdsl.analyses.difference import Difference, Entry, _common, difference, flat, runs
from netdsl.analyses.pieces import Leaf, nodes_of
from netdsl.backends.canvas.options import LEAST, THEMES, Options
from netdsl.backends.canvas.palette import CHANGES, INK, colours, contrast
from netdsl.backends.canvas.scene import Scene
from netdsl.backends.changes import changes, page
from netdsl.backends.draw import changes_drawing
from netdsl.cli import main
from netdsl.ir.graph import Graph
from tests.nets import spec
from tests.test_beside import overlapping

SPECS = Path(__file__).parent.parent / "specs"
PAIRS = [
    ("resnet:18", "resnet:34"),
    ("resnet:50", "resnext:50-32x4d"),
    ("resnet:50", "senet:se-resnet-50"),
    ("resnet:plain-18", "resnet:18"),
    ("vgg:D", "vgg:E"),
    ("googlenet:paper", "googlenet:torchvision"),
    ("mobilenet_v2", "mobilenet_v3"),
    ("densenet:121", "unet"),
]
BASE = """\
net small
input 3x16x16
style conv = _, relu
block twice(c) { conv3-c, conv3-c }
conv3-8
twice(8)
maxpool
conv3-16
gap, fc-4
"""


def net(target: str) -> Graph:
    stem, _, variant = target.partition(":")
    return netdsl.compile(SPECS / f"{stem}.net", variant=variant or None)


@pytest.fixture(scope="module")
def found() -> dict[tuple[str, str], Difference]:
    return {pair: difference(net(pair[0]), net(pair[1])) for pair in PAIRS}


def between(before: str, after: str) -> Difference:
    return difference(netdsl.compile(before), netdsl.compile(after))


def edited(old: str, new: str, text: str = BASE) -> Difference:
    assert old in text
    return between(text, text.replace(old, new, 1))


def lines(entries: Iterable[Entry], depth: int = 0) -> list[str]:
    """What differs, a line each."""
    signs = {"changed": "~", "removed": "-", "added": "+"}
    made = []
    for entry in entries:
        if entry.status != "same":
            piece = entry.piece
            words = [piece.words if isinstance(piece, Leaf) else piece.title, *map(said, entry.changes)]
            made.append("  " * depth + f"{signs[entry.status]} {', '.join(words)}")
            made += lines(entry.inside, depth + 1)
    return made


def texts(scene: Scene) -> list[str]:
    return [box.text for box in scene.boxes if box.text]


# -- properties -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(10))
def test_a_net_is_the_same_as_itself(seed: int) -> None:
    text = spec(random.Random(seed))
    assert difference(netdsl.compile(text), netdsl.compile(text)).equal


def counted(made: Difference) -> None:
    """What is removed, changed and the same is all of the first net; what is added, changed and the same the second."""
    for graph, costs, side in ((made.before, made.costs[0], "before"), (made.after, made.costs[1], "after")):
        own = [getattr(entry, side) for entry in flat(made.entries)]
        indices = [node.index for piece in own if piece is not None for node in nodes_of(piece)]
        # In the order of the net but for branches, each once.
        assert sorted(indices) == sorted(costs) and len(graph.nodes) >= len(indices)
    for entry in flat(made.entries):
        assert (entry.before is None) == (entry.status == "added")
        assert (entry.after is None) == (entry.status == "removed")
        if entry.status == "same":
            assert entry.before is not None and entry.after is not None
            pairs = zip(nodes_of(entry.before), nodes_of(entry.after), strict=True)
            assert all(one.op == other.op for one, other in pairs)
        if entry.status == "changed":
            assert entry.changes


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_every_layer_is_counted_once(pair: tuple[str, str], found: dict[tuple[str, str], Difference]) -> None:
    counted(found[pair])


@pytest.mark.parametrize("seed", range(10))
def test_every_layer_of_any_net_is_counted_once(seed: int) -> None:
    counted(between(spec(random.Random(seed)), spec(random.Random(seed + 100))))


def test_what_is_removed_one_way_is_added_the_other(found: dict[tuple[str, str], Difference]) -> None:
    back = difference(net("resnet:34"), net("resnet:18"))
    assert back.counts()["removed"] == found["resnet:18", "resnet:34"].counts()["added"] == 24


# -- what is found ----------------------------------------------------------------------------------------------------


def test_a_layer_that_is_put_in() -> None:
    assert lines(edited("maxpool\n", "maxpool\nconv1-8\n").entries) == ["+ 1×1, 8"]
    made = edited("maxpool\n", "maxpool\nconv1-12\n")
    assert lines(made.entries) == ["+ 1×1, 12", "~ 3×3 conv, 16, in 8 → 12"]


def test_a_layer_that_is_taken_out_of_a_block() -> None:
    assert lines(edited("{ conv3-c, conv3-c }", "{ conv3-c }").entries) == ["~ twice", "  - 3×3 conv, 8"]


def test_attributes_and_what_stands_beside() -> None:
    assert lines(edited("conv3-16", "conv5-16/2").entries) == ["~ 5×5 conv, 16, /2, kernel 3×3 → 5×5, stride 1 → 2"]
    assert lines(edited("conv3-16", "conv3-16, dropout 0.5").entries) == ["~ 3×3 conv, 16, + dropout"]
    assert lines(edited("maxpool", "avgpool").entries) == ["~ avg 2×2, /2, max 2×2, /2 → avg 2×2, /2"]
    assert lines(edited("conv3-16", "conv3-16 +gelu").entries) == ["~ 3×3 conv, 16, relu → gelu"]


def test_dropouts_that_differ_are_changes() -> None:
    text = BASE.replace("gap,", "gap, dropout 0.2,")
    assert lines(edited("dropout 0.2", "dropout 0.5", text).entries) == ["~ global avg-pool, dropout p 0.2 → 0.5"]


def test_a_block_against_what_is_in_it() -> None:
    assert lines(edited("twice(8)", "conv3-8, conv3-8").entries) == []


def test_equal_layers_of_a_block_that_is_added_are_one_row() -> None:
    start, end = "net a\ninput 3x8x8\nblock b { conv3-8 ×3, maxpool, conv3-8 }\nconv3-8\n", "gap, fc-2\n"
    scene = changes(between(start + end, f"{start}b\n{end}"), "train")
    words = [each for each in texts(scene) if each != "+"]
    at = words.index("b")
    assert words[at : at + 6] == ["b", "b1", "3×3 conv, 8", "×3", "max 2×2, /2", "3×3 conv, 8"]


def test_names_do_not_count() -> None:
    assert edited("conv3-16", "last: conv3-16").equal


def test_inputs_count_and_maps_do_not() -> None:
    assert lines(edited("3x16x16", "3x32x32").entries) == ["~ input 3×32×32, shape 3×16×16 → 3×32×32"]


def test_modes_count() -> None:
    text = BASE.replace("fc-4", "fc-4, soft-max eval")
    assert lines(edited(", soft-max eval", ", soft-max", text).entries) == [
        "~ softmax, acts in inference → training and inference"
    ]


def test_a_shortcut_that_is_put_in(found: dict[tuple[str, str], Difference]) -> None:
    said_ = lines(found["resnet:plain-18", "resnet:18"].entries)
    assert said_[:3] == ["~ basic", "  ~ 3×3 conv, 64, – relu", "  + + identity"]


def test_where_a_shortcut_begins_counts() -> None:
    text = BASE.replace("twice(8)", "add { conv3-8, conv3-8 | id }")
    made = edited("add { conv3-8, conv3-8 | id }", "conv3-8, add { conv3-8 | id }", text)
    assert lines(made.entries) == ["~ + identity, round 2 layers → 1 layer"]


def test_wiring_counts() -> None:
    joined = "a: conv3-8\nb: conv3-8\nc: conv3-8\nd: add { @a | @b }\ne: add { @a | @c }\nconcat { @d | @e }\n"
    head = "net small\ninput 8x8x8\n"
    made = between(head + joined, head + joined.replace("{ @a | @c }", "{ @b | @c }"))
    assert not made.equal


def test_heads_are_held_against_those_of_their_name() -> None:
    text = BASE.replace("gap,", "output aux train weight=0.3 { gap, fc-4 }\ngap,")
    assert lines(edited("{ gap, fc-4 }", "{ gap, dropout 0.5, fc-4 }", text).entries) == [
        "~ aux",
        "  ~ global avg-pool, + dropout",
    ]
    assert edited("weight=0.3", "weight=0.4", text).notes == ("the output aux has loss weight 0.4, before 0.3",)


def test_layers_that_nothing_takes_up_are_a_note() -> None:
    made = edited("gap,", "conv1-4 as idle\n@last, gap,", BASE.replace("conv3-16", "conv3-16 as last"))
    assert made.notes == ("layers that no output needs differ",) and not made.equal


def test_how_weights_start_is_a_note() -> None:
    made = edited("gap, fc-4\n", "gap, fc-4\ninit conv = kaiming_normal fan_out\n")
    assert made.notes and not made.equal and lines(made.entries) == []


def test_repeats_are_told_once(found: dict[tuple[str, str], Difference]) -> None:
    entries = found["resnet:50", "resnext:50-32x4d"].entries
    assert [len(run) for run in runs(entries) if run[0].status == "changed"] == [1, 2, 1, 3, 1, 5, 1, 2]
    assert [len(run) for run in runs(found["resnet:18", "resnet:34"].entries)] == [5, 1, 2, 2, 2, 4, 2, 1, 3]


def test_dense_layers_are_told_once() -> None:
    made = difference(net("densenet:121"), net("densenet:169"))
    assert made.counts() == {"same": 167, "changed": 19, "removed": 0, "added": 72}
    scene = changes(made, "train")
    assert "in 512 … 992 → 640 … 1120" in texts(scene) and scene.h < 600
    assert overlapping(scene) == []


def test_deeper_variants_add_blocks_and_change_none(found: dict[tuple[str, str], Difference]) -> None:
    assert found["resnet:18", "resnet:34"].counts() == {"same": 30, "changed": 0, "removed": 0, "added": 24}
    assert found["vgg:D", "vgg:E"].counts() == {"same": 23, "changed": 0, "removed": 0, "added": 3}


def test_long_nets_are_compared_by_form() -> None:
    text = "net long\ninput 4x8x8\nconv3-4 ×450\n{}conv3-4 ×450\n"
    made = between(text.format(""), text.format("conv1-4\n"))
    assert made.counts() == {"same": 901, "changed": 0, "removed": 0, "added": 1}


# -- the command ------------------------------------------------------------------------------------------------------


def diff(*words: str) -> int:
    return main(["diff", *words])


def test_the_table(capsys: pytest.CaptureFixture[str], golden: Callable[[str, str], None]) -> None:
    assert diff("zoo:resnet:18", "zoo:resnet:34") == 1
    golden("diff-resnet.txt", capsys.readouterr().out)
    assert diff("zoo:vgg16", "zoo:vgg:D") == 0
    assert capsys.readouterr().out == "vgg16 → vgg D: the same\n"


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert diff("zoo:mobilenet_v2", "zoo:mobilenet_v2,width=1.4", "--format", "json") == 1
    value = json.loads(capsys.readouterr().out)
    assert value["layers"] == {"same": 13, "changed": 53, "removed": 0, "added": 0} and not value["equal"]
    assert value["totals"]["infer"]["params"] == [3504872, 6108776]
    assert sum(entry["params"][1] for entry in value["entries"]) == 6108776
    first = next(entry for entry in value["entries"] if entry["status"] == "changed")
    assert first["changes"] == [{"what": "channels", "before": "32", "after": "48"}]


def test_settings_tell_nets_of_one_name_apart(capsys: pytest.CaptureFixture[str]) -> None:
    assert diff("zoo:mobilenet_v2,width=0.5", "zoo:mobilenet_v2") == 1
    assert capsys.readouterr().out.startswith("mobilenet_v2 width=0.5 → mobilenet_v2 width=1.0\n")


def test_one_view(capsys: pytest.CaptureFixture[str]) -> None:
    assert diff("zoo:googlenet:paper", "zoo:googlenet:torchvision", "--view", "infer") == 1
    said_ = capsys.readouterr().out
    assert "aux" not in said_ and "inference: params 6,998,552 → 6,624,904" in said_ and "training:" not in said_


@pytest.mark.parametrize(
    ("words", "said_"),
    [
        (["diff", "zoo:lenet5"], "a difference is of two FILEs, not 1"),
        (["draw", "zoo:lenet5", "--diff", "-o", "x.svg"], "--diff is of two FILEs, not 1"),
        (["draw", "zoo:lenet5", "zoo:vgg", "--diff", "--heat", "macs", "-o", "x.svg"], "--diff takes no --heat"),
        (["draw", "zoo:lenet5", "zoo:vgg", "--diff", "--as", "layers", "-o", "x.svg"], "--diff takes no --as"),
        (
            ["draw", "zoo:lenet5", "zoo:vgg", "--diff", "--labels", "rf", "-o", "x.svg"],
            "labels params and macs, not rf",
        ),
        (["draw", "zoo:lenet5", "zoo:vgg", "--diff", "--side-by-side", "-o", "x.svg"], "are two drawings"),
        (["draw", "zoo:lenet5", "zoo:vgg", "--diff", "-o", "x.mmd"], "Mermaid draws one net"),
    ],
)
def test_what_does_not_go_together(words: list[str], said_: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert said_ in capsys.readouterr().err and not Path("x.svg").exists()


def test_a_spec_with_errors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.net").write_text("net bad\ninput 3x8x8\nconvv3-4\n")
    assert diff("zoo:lenet5", str(tmp_path / "bad.net")) == 1
    assert "ND201" in capsys.readouterr().err


def test_the_bound_of_nodes_is_of_both(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = tmp_path / "a.net"
    spec.write_text("net a\ninput 3x8x8\nrelu, gelu\n")
    assert main(["diff", str(spec), str(spec), "--max-nodes", "6"]) == 0
    assert main(["diff", str(spec), str(spec), "--max-nodes", "5"]) == 1
    assert "error[ND218]: these nets have over 5 nodes together" in capsys.readouterr().err


# -- the picture ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_pictures_of_all_kinds(pair: tuple[str, str], found: dict[tuple[str, str], Difference]) -> None:
    made = found[pair]
    scene = changes(made, "train")
    assert overlapping(scene) == []
    assert all(box.x >= 0 and box.x + box.w <= scene.w + 0.01 and box.y + box.h <= scene.h for box in scene.boxes)
    drawn = {name for group in scene.groups for name in group.data.get("layers", "").split()}
    differ = [entry for entry in flat(made.entries) if entry.status != "same"]
    assert {entry.piece.layers[-1].head.name for entry in differ if isinstance(entry.piece, Leaf)} <= drawn


def test_a_picture(golden: Callable[[str, str], None]) -> None:
    after = BASE.replace("maxpool\n", "maxpool\nconv1-12\n").replace("{ conv3-c, conv3-c }", "{ conv5-c }")
    drawn = changes_drawing(netdsl.compile(BASE), netdsl.compile(after))
    golden("changes-small.svg", drawn.render("svg").decode())
    assert drawn.dot == changes_drawing(netdsl.compile(BASE), netdsl.compile(after)).dot


def test_signs_stand_beside_colours() -> None:
    after = BASE.replace("maxpool\n", "conv1-12\n").replace("conv3-16", "conv3-24")
    scene = changes(between(BASE, after), "train")
    rows = {group.kind.split()[-1]: scene.boxes[group.boxes] for group in scene.groups if group.kind.startswith("row")}
    assert [rows[status][1].text for status in ("removed", "added", "changed")] == ["–", "+", "~"]
    assert [box.dashed for status in ("removed", "added", "changed") for box in rows[status][:1]] == [
        True,
        False,
        False,
    ]
    assert "channels 16 → 24" in texts(scene)


def test_totals_are_old_and_new(found: dict[tuple[str, str], Difference]) -> None:
    scene = changes(found["resnet:18", "resnet:34"], "train")
    assert "11.7 M → 21.8 M params (+86.5%) · 1.81 G → 3.66 G MACs (+102.0%)" in texts(scene)
    assert "layers: 30 unchanged, 24 added" in texts(scene)


def test_no_difference_is_said() -> None:
    scene = changes(between(BASE, BASE), "train")
    assert "the same" in texts(scene) and scene.groups[0].kind == "title"


def test_a_page_is_fitted_by_drawing_less(found: dict[tuple[str, str], Difference]) -> None:
    made = found["mobilenet_v2", "mobilenet_v3"]
    whole, small = (changes(made, "train", Options(page=page)) for page in ((1400, 900), (700, 420)))
    assert len(texts(small)) < len(texts(whole)) and small.smallest >= LEAST
    assert (small.w + 14.4) * small.scale <= 700.01 and (small.h + 14.4) * small.scale <= 420.01


def test_text_is_read_on_every_colour() -> None:
    for theme in THEMES:
        known = colours(theme)
        for fill, _ in CHANGES.values():
            assert contrast(known.get(fill, fill), known.get(INK, INK)) > 7


def test_the_picture_from_the_command(tmp_path: Path) -> None:
    out = tmp_path / "diff.svg"
    assert main(["draw", "zoo:vgg:D", "zoo:vgg:E", "--diff", "-o", str(out), "--theme", "auto"]) == 0
    assert "vgg D → vgg E" in out.read_text()


def test_picture_and_text_count_the_same_layers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # A final soft-max that acts in evaluation alone is a layer of both.
    before, after, out = (tmp_path / name for name in ("a.net", "b.net", "x.svg"))
    before.write_text(BASE + "soft-max eval\n")
    after.write_text(BASE.replace("conv3-16", "conv3-24") + "soft-max eval\n")
    for view in ([], ["--view", "train"], ["--view", "infer"]):
        assert diff(str(before), str(after), *view) == 1
        counted_ = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("layers: "))
        assert main(["draw", str(before), str(after), "--diff", "-o", str(out), *view]) == 0
        assert counted_ in out.read_text() and counted_.startswith(f"layers: {6 if 'train' in view else 7} unchanged")


def test_one_layer_is_said_as_one(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    before, after = tmp_path / "a.net", tmp_path / "b.net"
    before.write_text("net one\ninput 8x8x8\nblock once { conv3-8 }\nconv1-8, relu\ngap, fc-4\n")
    after.write_text(before.read_text().replace("relu", "once"))
    diff(str(before), str(after))
    assert "once, 1 layer " in capsys.readouterr().out


@pytest.mark.parametrize(("macs", "said"), [((10**6, 10**6 - 1), "(<0.1% less)"), ((100, 110), "(+10.0%)")])
def test_a_change_that_is_small_does_not_read_as_none(macs: tuple[int, int], said: str) -> None:
    assert said in page._pair(*macs, "MACs") and "0.0%" not in page._pair(*macs, "MACs").replace("10.0%", "")


def test_long_sequences_keep_all_that_they_can_have_in_common() -> None:
    def most(one: list[int], other: list[int]) -> int:
        best = [0] * (len(other) + 1)
        for a in one:
            before = best[:]
            for at, b in enumerate(other):
                best[at + 1] = before[at] + 1 if a == b else max(before[at + 1], best[at])
        return best[-1]

    choose = random.Random(1)
    for _ in range(300):
        one, other = ([choose.randrange(4) for _ in range(choose.randrange(14))] for _ in range(2))
        found = _common(one, other)
        assert all(one[at] == other[to] for at, to in found)
        assert all(a < c and b < d for (a, b), (c, d) in itertools.pairwise(found))
        assert len(found) == most(one, other)


def test_blocks_too_long_to_be_weighed_are_one_that_changed() -> None:
    texts = [
        "net n\ninput 4x8x8\nblock b {\n"
        + "".join(f"conv3-{4 + (at + by) % 7}\nrelu\n" for at in range(500))
        + "}\nb\n"
        for by in (0, 1)
    ]
    found = difference(netdsl.compile(texts[0]), netdsl.compile(texts[1]))
    assert [entry.status for entry in found.entries] == ["same", "changed"]
