"""The HTML page: one file that needs nothing else, whose numbers are those of stats, and whose text is text."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import random
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import netdsl
from netdsl.backends.canvas.options import Options
from netdsl.backends.page import page
from netdsl.backends.page.document import fill
from netdsl.cli import main
from netdsl.ir.graph import Graph
from netdsl.ir.types import View
from tests.nets import spec

NASTY = "</script><script>alert(1)</script> <!-- \\\" ' ]]> {{data}} &amp; <b>"
HOSTILE = f'''net hostile "{NASTY}"
input 3x32x32
style conv = _, relu
block odd(c, word="x") {{ add {{ conv3-c | id }}, relu }}
"a<b>&'c": conv3-8
layer: [odd(8, word="</template><img src=x onerror=alert(1)>") ×3]
gap, fc-10
'''


class Read(HTMLParser):
    """A page taken apart: its elements with their attributes, and the text of each ``id`` and of style and scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self.within: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.elements.append((tag, found))
        if tag in ("script", "style", "h1", "title") or found.get("id") in ("summary",):
            self.within.append(found.get("id") or tag)

    def handle_endtag(self, tag: str) -> None:
        if self.within and tag in ("script", "style", "h1", "title", "p"):
            self.within.pop()

    def handle_data(self, data: str) -> None:
        for name in self.within[-1:]:
            self.texts[name] = self.texts.get(name, "") + data

    @property
    def data(self) -> dict[str, Any]:
        """The numbers."""
        value: dict[str, Any] = json.loads(self.texts["data"])
        return value

    def tags(self, name: str) -> list[dict[str, str | None]]:
        """The attributes of each element of a kind."""
        return [attributes for tag, attributes in self.elements if tag == name]


def compiled(text: str) -> Graph:
    return netdsl.compile("net small\ninput 3x32x32\n" + text)


@pytest.fixture(scope="module")
def resnet() -> tuple[Graph, str]:
    graph = netdsl.compile("zoo:resnet:152")
    return graph, page(graph)


def covered(graph: Graph, text: str, view: View = "train") -> None:
    """Each layer that is computed is behind a row of the overview and behind a box of the part that has it."""
    data = Read(text).data
    assert [layer[0] for layer in data["layers"]] == [row.name for row in netdsl.stats(graph, view=view).layers]
    rows = {layer for _, _, layers, _, tint in data["overview"] if tint for layer in layers}
    needed = {at for node in graph.nodes for at in node.inputs} | {output.node for output in graph.outputs}
    computed = {node.name for node in graph.nodes if node.index in needed}
    assert [layer[0] for place, layer in enumerate(data["layers"]) if place not in rows and layer[0] in computed] == []
    templates = re.findall(r'<template id="inside(\d+)">(.*?)</template>', text, re.DOTALL)
    drawn = {int(number): re.findall(r' id="(n\d+)"', inside) for number, inside in templates}
    for part in data["parts"]:
        assert sorted(layer for _, _, layers in part["drawn"] for layer in layers) == sorted(part["layers"])
        assert all(head in layers for _, head, layers in part["drawn"])
        ids = [one[0] for one in part["drawn"]]
        assert sorted(ids) == sorted(set(ids)) == sorted(drawn[part["drawing"]])
    overview = re.findall(r' id="([cr]\d+)"', text.partition("<template")[0])
    assert len(overview) == len(set(overview))
    assert {one[0] for one in data["overview"]} <= set(overview)


def test_the_page_needs_nothing_else(resnet: tuple[Graph, str]) -> None:
    text = resnet[1]
    read = Read(text)
    policy = next(str(meta["content"]) for meta in read.tags("meta") if meta.get("http-equiv"))
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert "connect-src" not in rules
    assert "unsafe" not in policy and "http" not in policy
    for kind, name in (("script-src", "script"), ("style-src", "style")):
        digest = base64.b64encode(hashlib.sha256(read.texts[name].encode()).digest()).decode()
        assert rules[kind] == f"'sha256-{digest}'"
    for tag, attributes in read.elements:
        assert tag not in ("iframe", "object", "embed", "base", "form", "img"), tag
        for key, value in attributes.items():
            assert not key.startswith("on") and key not in ("src", "style", "srcset"), key
            assert key not in ("href", "xlink:href") or str(value).startswith(("#", "data:")), value
    assert not re.search(r"@import|url\(", read.texts["style"])
    assert not re.search(
        r"\beval\(|innerHTML|outerHTML|insertAdjacentHTML|document\.write|new Function", read.texts["script"]
    )


def test_a_large_net_is_a_small_page(resnet: tuple[Graph, str]) -> None:
    assert len(resnet[1].encode()) < 400_000
    assert len(page(netdsl.compile("zoo:vgg19")).encode()) < 200_000


def test_a_page_of_too_many_boxes_is_refused() -> None:
    graph = netdsl.compile("block d { concat { id | conv3-1 } }\ninput 3x8x8\n" + "d, relu, " * 20 + "relu\n")
    assert page(graph, most=200)
    with pytest.raises(netdsl.NetdslError, match="this page would be too large") as caught:
        page(graph, most=20)
    assert caught.value.diagnostics[0].code == "ND218"


def test_the_same_graph_gives_the_same_page() -> None:
    graph = netdsl.compile("zoo:googlenet:paper")
    assert page(graph) == page(netdsl.compile("zoo:googlenet:paper"))


def test_numbers_are_those_of_stats(resnet: tuple[Graph, str]) -> None:
    graph, text = resnet
    data, numbers = Read(text).data, netdsl.stats(graph, view="train")
    assert len(data["layers"]) == len(numbers.layers) == 515
    for layer, row in zip(data["layers"], numbers.layers):
        assert (layer[0], layer[1], tuple(layer[4])) == (row.name, row.op, row.shape)
        assert layer[6] == [
            row.params,
            row.params_no_bias,
            row.frozen,
            row.buffers,
            row.macs,
            row.flops,
            row.activations,
            row.depth,
        ]
        assert layer[7] == (None if row.receptive_field is None else list(row.receptive_field))
        assert data["lines"][":".join(map(str, layer[13]))] and layer[13][1] == row.line
    totals = numbers.totals
    assert (data["totals"]["params"], data["totals"]["macs"]) == (totals.params, totals.macs) == (60192808, 11513626624)
    conv = next(layer for layer in data["layers"] if layer[0] == "layer3.4.conv2")
    path = []
    scope = conv[12]
    while scope >= 0:
        path.append(data["scopes"][scope][2])
        scope = data["scopes"][scope][0]
    assert path[0] == "bottleneck(c=256, s=1)"


def test_repeats_open_one_by_one_and_share_a_drawing(resnet: tuple[Graph, str]) -> None:
    parts = {part["name"]: part for part in Read(resnet[1]).data["parts"]}
    third = [parts[f"layer3.{number}"] for number in range(36)]
    assert [part["number"] for part in third] == list(range(36)) and third[0]["count"] == 36
    assert third[0]["drawing"] != third[1]["drawing"] == third[35]["drawing"]
    assert third[1]["layers"] != third[2]["layers"]
    card = next(one for one in Read(resnet[1]).data["overview"] if one[1].startswith("layer3 "))
    # The card shows what all but the first look like, and so does what it opens.
    assert Read(resnet[1]).data["parts"][card[3]]["name"] == "layer3.1"


@pytest.mark.parametrize("name", ["resnet:152", "googlenet:paper", "unet", "densenet:121", "vgg19", "efficientnet:b0"])
def test_every_layer_is_found(name: str) -> None:
    graph = netdsl.compile(f"zoo:{name}")
    covered(graph, page(graph))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("view", ["infer", "train"])
def test_every_layer_is_found_in_any_net(seed: int, view: View) -> None:
    graph = netdsl.compile(spec(random.Random(seed)))
    covered(graph, page(graph, view=view), view)


def test_nets_of_other_ranks_and_several_inputs() -> None:
    sound = netdsl.compile("net sound\ninput 1x16000\nconv80-8/4, relu, conv3-16 ×3, gap, fc-10\n")
    data = Read(page(sound)).data
    assert data["inputs"] == [["input", [1, 16000]]]
    covered(sound, page(sound))
    two = netdsl.compile(
        "net two\ninput left 1x28x28\ninput right 1x28x28\n"
        "@left, conv3-8 as a\n@right, conv3-8 as b\nconcat { @a | @b }, fc-2\n"
    )
    covered(two, page(two))
    assert [name for name, _ in Read(page(two)).data["inputs"]] == ["left", "right"]
    assert page(compiled("fc-2"))
    assert page(netdsl.compile("net small\ninput 784\nfc-2\n"))


def test_text_of_the_spec_stays_text() -> None:
    graph = netdsl.compile(HOSTILE)
    text = page(graph)
    read = Read(text)
    assert len(read.tags("script")) == 2
    assert not read.tags("img") and not read.tags("b")
    assert len(read.tags("template")) == text.count("<template id=")
    assert "alert(1)</script>" not in text
    assert read.data["title"] == NASTY.replace("\\", "")
    assert read.data["title"] in html.unescape(text)
    assert any(layer[0] == "a<b>&'c" for layer in read.data["layers"])
    covered(graph, text)


def test_what_fills_a_slot_is_not_filled_again() -> None:
    assert fill("{{a}}-{{b}}", {"a": "{{b}}", "b": "{{a}}"}) == "{{b}}-{{a}}"


def test_views_and_options() -> None:
    graph = netdsl.compile("zoo:googlenet:paper")
    train, infer = Read(page(graph)).data, Read(page(graph, view="infer")).data
    assert any(one[1].startswith("aux1") for one in train["overview"])
    assert not any(one[1].startswith("aux1") for one in infer["overview"])
    assert train["totals"]["params"] > infer["totals"]["params"] == 6998552
    begun = Read(page(graph, options=Options(heat="params"), theme="dark")).tags("html")[0]
    assert (begun["data-heat"], begun["data-theme"]) == ("params", "dark")
    assert "data-live" not in begun


def test_draw_writes_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = tmp_path / "small.net"
    spec.write_text("net small\ninput 3x32x32\nconv3-8, relu\ngap, fc-10\n")
    out = tmp_path / "small.html"
    assert main(["draw", str(spec), "-o", str(out)]) == 0
    assert out.read_text().startswith("<!DOCTYPE html>\n<html")
    assert 'data-theme="auto" data-heat="kind"' in out.read_text()
    assert main(["draw", str(spec), "-o", str(out), "--theme", "light", "--heat", "macs"]) == 0
    assert 'data-theme="light" data-heat="macs"' in out.read_text()
    assert main(["draw", str(spec), "-o", "-", "--format", "html"]) == 0
    assert capsys.readouterr().out.startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--as", "layers"], "an HTML page begins with the overview and opens every block"),
        (["--as", "block:res"], "an HTML page begins with the overview and opens every block"),
        (["--side-by-side"], "an HTML page has one net"),
        (["--page", "slide"], "--page is of a drawing"),
        (["--theme", "print"], "--theme auto, light or dark"),
        (["--engine", "dot"], "--engine and --dpi are of other formats"),
        (["--dpi", "72"], "--engine and --dpi are of other formats"),
    ],
)
def test_what_a_page_does_not_take(options: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["draw", "zoo:vgg19", "-o", "x.html", *options]) == 2
    assert words in capsys.readouterr().err
    assert not Path("x.html").exists()


def test_a_broken_spec_leaves_the_page_as_it_was(tmp_path: Path) -> None:
    spec, out = tmp_path / "small.net", tmp_path / "small.html"
    spec.write_text("net small\ninput 3x32x32\nconvv3-8\n")
    out.write_text("before")
    assert main(["draw", str(spec), "-o", str(out)]) == 1
    assert out.read_text() == "before"
