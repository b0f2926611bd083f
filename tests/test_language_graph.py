"""What the graph remembers of the text: heads, places, the scopes' ends, and shared modules."""

from __future__ import annotations

import pytest

from netdsl.ir.print import from_json, to_json
from netdsl.ir.verify import verify
from tests.language import graph, made, params

SPEC = """\
net small "A bit of everything"
param width = 4
variant wide: width = 8
style conv = [conv: _, bn: bn, relu]
style fc = _, relu
block unit(c, s=1) {
  add { conv3-c/s | down: [conv1-c/s +bn] }
  relu
}
stem: conv3-{width}
stages: [unit(2*width, s=2), unit(2*width) ×2] as deep
tower: sepconv3-{2*width}
[relu, dropout 0.1] train
reuse tower
mul { id | gap, conv1-{2*width} +sigmoid }
output aux train weight=0.3 { @deep, gap, fc-5 }
fc-10 plain
soft-max eval
init fc = normal 0.01
"""


@pytest.mark.parametrize("variant", [None, "wide"])
def test_a_graph_reads_back_equal(variant: str | None) -> None:
    found = (
        graph(SPEC, variant=variant) if variant is None else graph(SPEC.replace("conv1-8", "conv1-8"), variant=variant)
    )
    verify(found)
    assert from_json(to_json(found)) == found


def test_every_node_and_scope_has_its_place() -> None:
    compiled = made(SPEC)
    assert compiled.graph is not None
    text = compiled.sources[0].text
    found = compiled.graph
    spans = [thing.span for things in (found.nodes, found.scopes, found.outputs, found.inits) for thing in things]
    for span in spans:
        assert span.file == 0
        written = text[span.start : span.end]
        assert written == written.strip() != ""


@pytest.mark.parametrize(
    ("text", "heads"),
    [
        ("relu, gelu", [1, 2]),
        ("style conv = _, bn, relu\nconv3-8", [1, 1, 1]),
        ("style conv = bn, relu, _\nconv3-8, relu", [3, 3, 3, 4]),
        ("style conv = [_, bn]\nconv3-8 ×2", [1, 1, 3, 3]),
        ("conv3-8 +bn +relu", [1, 1, 1]),
        ("sepconv3-8", [1, 1]),
        ("style conv = _, bn\nsepconv3-8, relu", [1, 1, 1, 4]),
        ("style conv = _, add { relu | id }\nconv3-8", [1, 1, 1]),
        ("add { relu | id }", [1, 2]),
        ("style conv = bn, _, relu\nconv3-8 +gelu", [1, 1]),
    ],
)
def test_what_a_style_adds_names_its_layer(text: str, heads: list[int]) -> None:
    assert [node.head for node in graph(text).nodes][1:] == heads


def test_scopes_know_what_enters_and_what_comes_out() -> None:
    found = graph("block f { relu, gelu }\nsilu\nf\nx: [tanh, elu] ×2\ny: concat { mish | id }")
    scopes = {scope.path: (scope.enters, scope.result) for scope in found.scopes}
    assert scopes == {
        "": (0, 9),
        "f1": (1, 3),
        "x": (3, 7),
        "x.0": (3, 5),
        "x.1": (5, 7),
        "y": (7, 9),
    }


def test_scopes_form_a_tree_in_the_order_of_opening() -> None:
    found = graph(SPEC)
    for scope in found.scopes[1:]:
        assert scope.parent is not None
        assert scope.parent < scope.index
        parent = found.scopes[scope.parent]
        assert scope.path == (f"{parent.path}.{scope.name}" if parent.path else scope.name)
    for node in found.nodes:
        if node.module is not None and not node.name.startswith("tower"):
            assert node.module.startswith(found.scopes[node.scope].path)


def test_a_reused_scope_says_so() -> None:
    found = graph(SPEC)
    assert [(s.path, s.reuses) for s in found.scopes if s.path == "tower"] == [("tower", False), ("tower", True)]


def test_a_shared_module_is_counted_once() -> None:
    once = graph("a: conv3-3\nrelu")
    twice = graph("a: conv3-3\nrelu, reuse a, relu, reuse a")
    assert params(once) == params(twice) == 84
    assert len(twice.nodes) == 6
    assert len({node.name for node in twice.nodes}) == 6


def test_settings_variants_and_sources_are_kept() -> None:
    found = graph(SPEC, variant="wide")
    assert found.settings == (("width", 8),)
    assert (found.variant, found.variants) == ("wide", ("wide",))
    assert [source.name for source in found.sources] == ["<text>"]
    assert repr(found) == f"<Graph small:wide, {len(found.nodes)} nodes>"
