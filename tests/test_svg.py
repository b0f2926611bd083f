"""The SVG of a scene: groups with ids, classes, tooltips and numbers, as docs/diagrams.md promises them."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

import netdsl
from netdsl.analyses.stats import stats
from netdsl.analyses.view import see
from netdsl.backends.canvas.curves import bezier, head, steps
from netdsl.backends.canvas.scene import Box, Line, Scene
from netdsl.backends.canvas.svg import svg
from netdsl.backends.draw import KINDS, Kind, drawing
from netdsl.ir.graph import Graph

SPECS = Path(__file__).parent.parent / "specs"
SVG = "{http://www.w3.org/2000/svg}"


def drawn(stem: str, variant: str | None = None) -> tuple[Graph, Element]:
    graph = netdsl.compile(SPECS / f"{stem}.net", variant=variant)
    return graph, ElementTree.fromstring(drawing(graph).render("svg"))


def of_class(root: Element, kind: str) -> list[Element]:
    return [group for group in root.iter(f"{SVG}g") if kind in (group.get("class") or "").split()]


def tip(group: Element) -> str:
    return group.findtext(f"{SVG}title") or ""


def test_groups_are_stages_cards_and_layers() -> None:
    graph, root = drawn("resnet", "50")
    assert [group.get("id") for group in of_class(root, "stage")] == [
        "stage-input",
        "stage-112x112",
        "stage-56x56",
        "stage-28x28",
        "stage-14x14",
        "stage-7x7",
        "stage-vectors",
    ]
    stage = next(group for group in of_class(root, "stage") if group.get("data-size") == "56×56")
    cards = [group.get("id") for group in of_class(stage, "card")]
    assert cards == ["card-maxpool1", "card-layer1.0"]
    (card,) = (group for group in of_class(stage, "card") if group.get("data-block"))
    assert (card.get("data-block"), card.get("data-count")) == ("bottleneck", "3")
    assert card.get("data-scopes") == "layer1.0 layer1.1 layer1.2"
    numbers = ["256×56×56", "215,808 params", "667,942,912 MACs"]
    assert tip(card).splitlines() == ["layer1.0 … layer1.2: bottleneck ×3", *numbers]
    inside = of_class(card, "layer")
    assert [group.get("id") for group in inside] == [f"layer1.2.{name}" for name in ("conv1", "conv2", "conv3", "add1")]
    assert inside[1].get("data-layers") == "layer1.0.conv2 layer1.1.conv2 layer1.2.conv2"
    assert (inside[1].get("data-op"), inside[1].get("class")) == ("conv", "layer conv")
    assert int(inside[1].get("data-params") or 0) == 3 * (64 * 64 * 9 + 2 * 64)
    assert len(of_class(card, "skip")) == 1
    assert stats(graph).totals.params == sum(int(card.get("data-params") or 0) for card in of_class(root, "card"))


@pytest.mark.parametrize("stem", ["googlenet", "unet", "xception", "shufflenet_v2"])
def test_ids_are_unique_and_every_layer_is_found(stem: str) -> None:
    graph, root = drawn(stem)
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    named = {name for group in of_class(root, "layer") for name in (group.get("data-layers") or "").split()}
    weights = {node.name for node in see(graph, "train").nodes if node.op.weight_layer}
    # A squeeze-and-excitation is one row, of all its layers.
    assert weights <= named
    macs = sum(int(group.get("data-macs") or 0) for group in of_class(root, "card"))
    on_bows = sum(
        int(g.get("data-macs") or 0) for g in root.findall(f"./{SVG}g/*") if "layer" in (g.get("class") or "")
    )
    assert macs + on_bows == stats(graph, view="train").totals.macs


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "block"])
def test_every_kind_has_words_and_ids_of_its_own(kind: Kind) -> None:
    root = ElementTree.fromstring(drawing(netdsl.compile(SPECS / "resnet.net", variant="18"), kind=kind).render("svg"))
    assert (root[0].tag, root[1].tag) == (f"{SVG}title", f"{SVG}desc") and root[0].text and root[1].text
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert of_class(root, "drawing")


def test_heads_are_cards_of_their_own() -> None:
    _, root = drawn("googlenet")
    assert [group.get("id") for group in of_class(root, "head")] == ["head-aux1", "head-aux2"]


def test_every_edge_and_box_is_drawn_once() -> None:
    graph = netdsl.compile(SPECS / "unet.net")
    scene = drawing(graph).scene
    assert scene is not None
    root = ElementTree.fromstring(svg(scene))
    assert len(of_class(root, "edge")) == sum(line.kind.startswith("edge") for line in scene.lines)
    texts = ["".join(each.itertext()) for each in root.iter(f"{SVG}text")]
    assert sorted(texts) == sorted(box.text for box in scene.boxes if box.text)


def test_blanks_in_a_text_are_kept() -> None:
    scene = Scene("x")
    for words in ("a  b", " a", "a b"):
        scene.text(0, 9, words, 9, ink="#222222")
    found = [
        (each.text, each.get("{http://www.w3.org/XML/1998/namespace}space"))
        for each in ElementTree.fromstring(svg(scene)).iter(f"{SVG}text")
    ]
    assert found == [("a  b", "preserve"), (" a", "preserve"), ("a b", None)]


def test_groups_nest_and_keep_their_order() -> None:
    scene = Scene("x")
    scene.boxes.append(Box(0, 0, 9, 9, "first"))
    with scene.group("outer", "a b", data={"n": '1 "2" <3>'}):
        scene.lines.append(Line(((0, 0), (9, 9)), kind="edge late"))
        with scene.group("inner", "a b", "tip\nof two lines"):
            scene.boxes.append(Box(0, 0, 9, 9, "second", name="c"))
        with scene.group("empty"):
            pass
        scene.boxes.append(Box(0, 0, 9, 9, "third"))
    scene.lines.append(Line(((0, 0), (9, 9))))
    root = ElementTree.fromstring(svg(scene))
    drawing_ = root[-1]
    assert [each.get("class") or each.text for each in drawing_] == ["first", "outer", "edge"]
    outer = drawing_[1]
    assert (outer.get("id"), outer.get("data-n")) == ("a_b", '1 "2" <3>')
    assert [each.get("class") or each.text for each in outer] == ["inner", "empty", "third", "edge late"]
    assert (outer[0].get("id"), tip(outer[0])) == ("a_b-2", "tip\nof two lines")
    assert [each.get("id") for each in of_class(outer[0], "layer")] == ["c"]


def test_lines_are_the_same_for_both_writers() -> None:
    points = [(0.0, 0.0), (20.0, 0.0), (20.0, 30.0)]
    way = bezier(points, 6)
    assert len(way) == 10
    ends = [step[-1] for step in steps(points, 6)]
    assert ends == [way[3], way[6], way[9]]
    assert ends == [(14, 0), (20, 6), (20, 30)]
    # Graphviz's head of an arrow of size 0.55 and a pen of 0.9, which ends at 413.6.
    left, end, right = head((400, -95), (413.6, -95), 0.9)
    assert end == pytest.approx((413.6 - 1.362, -95), abs=0.01)
    assert left == pytest.approx((406.74, -95 + 1.925), abs=0.01) and right == pytest.approx(
        (406.74, -96.925), abs=0.01
    )
