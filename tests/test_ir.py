"""The graph: what verification refuses, its canonical text, and its JSON form."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

import netdsl
import netdsl.ops
from netdsl.diagnostics import Span
from netdsl.ir.graph import Graph
from netdsl.ir.print import from_json, text, to_json
from netdsl.ir.verify import InvalidGraph, verify

RESIDUAL = """\
net small "A residual net with an auxiliary head"
param width = 8
style conv = _, bn, relu
style fc = _
block unit(c, s=1) {
  add {
    conv3-c/s
    conv3-c +bn
    | if s != 1 or in.c != c { shortcut: [conv1-c/s +bn] } else { id }
  }
  relu
}
input 3x16x16
stem: conv3-{width}
body: [unit(8), unit(16, s=2) ×2]
gap
head: fc-10
soft-max eval
output aux train weight=0.3 { @body, gap, fc-10 }
"""

SIAMESE = """\
net twins
input left 1x8x8
input right 1x8x8
style conv = _, relu
@left, tower: [conv3-4, conv3-4] as a
@right, reuse tower as b
concat { @a | @b }
fc-2
"""

PYRAMID = """\
net pyramid
input 2x8x8
conv3-4 as fine, maxpool, conv3-8, upconv2-4/2
add { id | @fine }
"""

SPECS = {"residual": RESIDUAL, "siamese": SIAMESE, "pyramid": PYRAMID}


@pytest.fixture(params=SPECS)
def graph(request: pytest.FixtureRequest) -> Graph:
    return netdsl.compile(SPECS[request.param])


@pytest.fixture
def small() -> Graph:
    return netdsl.compile(RESIDUAL)


# -- JSON -------------------------------------------------------------------------------------------------------------


def test_json_reads_back_to_an_equal_graph(graph: Graph) -> None:
    back = Graph.model_validate_json(graph.model_dump_json())
    assert back == graph
    assert from_json(to_json(graph)) == graph
    verify(back)
    assert text(back) == text(graph)


def test_json_schema_describes_the_json(graph: Graph) -> None:
    schema = Graph.model_json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    value = json.loads(to_json(graph))
    assert [error.message for error in validator.iter_errors(value)] == []
    value["nodes"][1]["op"]["op"] = "no such operator"
    assert not validator.is_valid(value)


def _changed(graph: Graph, change: Callable[[dict[str, Any]], object]) -> str:
    value = json.loads(to_json(graph))
    change(value)
    return json.dumps(value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: v.update(version=2), "a graph in JSON of version 2, and this netdsl reads version 1"),
        (lambda v: v.update(version=True), "a graph in JSON of version True, and this netdsl reads version 1"),
        (lambda v: v.pop("version"), "a graph in JSON of no version, and this netdsl reads version 1"),
        (lambda v: v.pop("nodes"), "not a graph in JSON: there is no object with `nodes`"),
        (lambda v: v["nodes"][1]["op"].update(op="convolve"), "there is no operator `convolve`"),
        (lambda v: v["nodes"][1].update(colour="red"), "extra inputs are not permitted"),
        (lambda v: v.update(outputs=[]), "outputs: tuple should have at least 1 item"),
    ],
)
def test_json_that_is_no_graph(small: Graph, change: Callable[[dict[str, Any]], object], message: str) -> None:
    with pytest.raises(netdsl.NetdslError) as caught:
        from_json(_changed(small, change))
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "ND009"
    assert message in diagnostic.message


@pytest.mark.parametrize("data", ["", "{", "[1]", "null", "[" * 100_000])
def test_text_that_is_no_json(data: str) -> None:
    with pytest.raises(netdsl.NetdslError) as caught:
        from_json(data)
    assert caught.value.diagnostics[0].code == "ND009"


# -- text -------------------------------------------------------------------------------------------------------------


def test_text_of_a_small_net() -> None:
    spec = 'net tiny "Two layers"\ninput 1x8x8\nconv3-4 valid +bn, relu\nfc-10\nsoft-max eval\n'
    lines = text(netdsl.compile(spec)).splitlines()
    assert lines[0] == 'net tiny "Two layers"'
    assert lines[1].startswith("%0 = input() ")
    assert lines[1].endswith(" : 1×8×8  input  @<text>:2")
    (conv,) = (line for line in lines if " = conv(" in line)
    assert conv.startswith("%1 = conv(%0) channels=4 kernel=3x3 ")
    assert "bias=false" in conv
    assert conv.endswith(" : 4×6×6  conv1  @<text>:3")
    assert "%2 = bn(%1) : 4×6×6  bn1  of %1  @<text>:3" in lines
    (softmax,) = (line for line in lines if " = softmax(" in line)
    assert "  eval  " in softmax
    assert lines[-1] == f"output main = {softmax.split()[0]}"


@pytest.mark.parametrize("name", SPECS)
def test_text_of_nets(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"ir-{name}.txt", text(netdsl.compile(SPECS[name])))


def test_text_is_the_same_each_time_and_leaves_out_folders(graph: Graph) -> None:
    assert text(graph) == text(graph.model_copy())
    moved = tuple(source._replace(name="/some/where/net.net") for source in graph.sources)
    assert "@net.net:" in text(graph.model_copy(update={"sources": moved}))
    assert "/some/where" not in text(graph.model_copy(update={"sources": moved}))


def test_text_shows_blocks_with_their_arguments(small: Graph) -> None:
    shown = text(small)
    assert "[body.0: block unit(c=8, s=1)]" in shown
    assert "[body.1: block unit(c=16, s=2)]" in shown
    assert "output aux = " in shown
    assert " train weight=0.3" in shown


# -- verification -----------------------------------------------------------------------------------------------------


def test_compiled_graphs_hold_together(graph: Graph) -> None:
    verify(graph)


def _node(graph: Graph, name: str) -> int:
    (index,) = (node.index for node in graph.nodes if node.name == name)
    return index


def _with_node(graph: Graph, at: int, /, **update: object) -> Graph:
    nodes = list(graph.nodes)
    nodes[at] = nodes[at].model_copy(update=update)
    return graph.model_copy(update={"nodes": tuple(nodes)})


def _with_scope(graph: Graph, at: int, /, **update: object) -> Graph:
    scopes = list(graph.scopes)
    scopes[at] = scopes[at].model_copy(update=update)
    return graph.model_copy(update={"scopes": tuple(scopes)})


def _with_output(graph: Graph, at: int, /, **update: object) -> Graph:
    outputs = list(graph.outputs)
    outputs[at] = outputs[at].model_copy(update=update)
    return graph.model_copy(update={"outputs": tuple(outputs)})


@pytest.mark.parametrize(
    ("corrupt", "problem"),
    [
        (lambda g: _with_node(g, 3, index=4), "stands at place 3"),
        (lambda g: _with_node(g, 3, inputs=(3,)), "takes the tensor of %3, which does not stand before it"),
        (lambda g: _with_node(g, 3, inputs=(-1,)), "takes the tensor of %-1, which does not stand before it"),
        (lambda g: _with_node(g, 3, inputs=()), "with 0 inputs"),
        (lambda g: _with_node(g, 3, name=g.nodes[2].name), "has a name that is empty or taken"),
        (lambda g: _with_node(g, 3, scope=99), "is in scope 99, which does not exist"),
        (lambda g: _with_node(g, 3, head=99), "has head %99, which is no head"),
        (lambda g: _with_node(g, 1, shape=(8, 16, 15)), "is said to be 8×16×15 and is 8×16×16"),
        (lambda g: _with_node(g, 1, module=None), "has parameters or buffers and no module"),
        (lambda g: _with_node(g, _node(g, "body.0.conv1"), module="body.9.conv1"), "outside its scope 'body.0'"),
        (lambda g: _with_node(g, 1, module="body"), "which is the path of a scope"),
        (lambda g: _with_node(g, 2, module=g.nodes[1].module), "another operator"),
        (lambda g: _with_node(g, _node(g, "body.0.add1"), inputs=(0, 5)), "cannot take its inputs"),
        (lambda g: g.model_copy(update={"inputs": ()}), "the inputs are said to be [] and are [0]"),
        (lambda g: _with_output(g, 0, name="first"), "the first output is not `main`"),
        (lambda g: _with_output(g, 1, name="main"), "an output's name is taken twice: main, main"),
        (lambda g: _with_output(g, 1, node=999), "the output 'aux' is node %999, which does not exist"),
        (lambda g: _with_scope(g, 0, kind="group"), "scope 0 is not the net"),
        (lambda g: _with_scope(g, 1, index=2), "scope 1 says that its index is 2"),
        (lambda g: _with_scope(g, 1, parent=1), "has parent 1, which does not stand before it"),
        (lambda g: _with_scope(g, 1, kind="net"), "is a second net"),
        (lambda g: _with_scope(g, 2, path="tail.0"), "does not continue its parent's path 'body'"),
        (lambda g: _with_scope(g, 2, name="zero"), "is called 'zero', which is not the end of its path"),
        (lambda g: _with_scope(g, 2, block=None), "of kind block has block None"),
        (lambda g: _with_scope(g, 2, result=999), "results in node %999, which does not exist"),
        (lambda g: _with_scope(g, 1, reuses=True), "reuses a path that no earlier scope has"),
        (lambda g: _with_node(g, 1, span=Span(0, 5, 99_999)), "node 1 has the span (0, 5, 99999)"),
        (lambda g: _with_scope(g, 1, span=Span(7, 0, 1)), "scope 1 has the span (7, 0, 1)"),
        (lambda g: g.model_copy(update={"scopes": ()}), "there is no scope 0"),
    ],
)
def test_verification_finds(small: Graph, corrupt: Callable[[Graph], Graph], problem: str) -> None:
    broken = corrupt(small)
    with pytest.raises(InvalidGraph) as caught:
        verify(broken)
    assert any(problem in said for said in caught.value.problems), caught.value.problems
    assert problem in str(caught.value)


def test_a_shared_module_has_one_operator_and_one_set_of_tensors() -> None:
    graph = netdsl.compile("net pair\ninput 4x8x8\nconv3-4, relu, conv3-8\n")
    first, last = (node.index for node in graph.nodes if node.op.keyword == "conv")
    shared = _with_node(graph, last, module=graph.nodes[first].module)
    with pytest.raises(InvalidGraph, match="another operator"):
        verify(shared)
    graph = netdsl.compile("net pair\ninput 4x8x8\nconv3-8, relu, conv3-8\n")
    shared = _with_node(graph, last, module=graph.nodes[first].module)
    with pytest.raises(InvalidGraph, match="of other tensors"):
        verify(shared)
    graph = netdsl.compile("net pair\ninput 4x8x8\nconv3-4, relu, conv3-4\n")
    verify(_with_node(graph, last, module=graph.nodes[first].module))


def test_what_one_mode_leaves_out_keeps_its_shape() -> None:
    graph = netdsl.compile("net n\ninput 4x8x8\nconv3-8, relu, dropout 0.5, relu\n")
    conv = next(node.index for node in graph.nodes if node.op.keyword == "conv")
    dropout = next(node.index for node in graph.nodes if node.op.keyword == "dropout")
    verify(_with_node(graph, dropout, mode="train"))
    with pytest.raises(InvalidGraph, match="sees %1 in a mode in which that is left out"):
        verify(_with_node(graph, conv, mode="train"))
    last = netdsl.compile("net n\ninput 4x8x8\nconv3-8\n")
    with pytest.raises(InvalidGraph, match="the output 'main' sees %1 in a mode"):
        verify(_with_node(last, 1, mode="eval"))


def test_many_problems_are_cut_short(small: Graph) -> None:
    nodes = tuple(node.model_copy(update={"scope": 99}) for node in small.nodes)
    with pytest.raises(InvalidGraph) as caught:
        verify(small.model_copy(update={"nodes": nodes}))
    assert len(caught.value.problems) >= len(nodes)
    assert f"… and {len(caught.value.problems) - 20} more" in str(caught.value)
