"""The names of modules: the keys of a checkpoint."""

from __future__ import annotations

import keyword

import pytest
import torch

from netdsl.elaborate.names import MODULE_ATTRIBUTES
from tests.language import codes, graph, keys, made, modules, said

# -- named scopes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("conv3-3, bn, relu, conv3-3", "conv1 bn1 relu1 conv2"),
        ("CONV3-3, ReLU, swish", "conv1 relu1 silu1"),
        ("soft-max", "softmax1"),
        ("relu6, relu6, dropout2d, relu", "relu6_1 relu6_2 dropout2d1 relu1"),
        ("conv3-3, stem: conv3-3, conv3-3", "conv1 stem conv3"),
        ("a: relu, relu", "a relu2"),
        ("[conv3-3, relu], conv3-3", "conv1 relu1 conv2"),
        ("[conv3-3, relu] ×2", "conv1 relu1 conv2 relu2"),
        ("add { conv3-3, relu | conv3-3 }, relu", "conv1 relu1 conv2 relu2"),
        ("if true { relu } else { gelu }\nrelu", "relu1 relu2"),
        ("table A { relu }\nrelu", "relu1 relu2"),
        ("block f { conv3-3, bn }\nf, f, x: f, f", "f1.conv1 f1.bn1 f2.conv1 f2.bn1 x.conv1 x.bn1 f4.conv1 f4.bn1"),
        ("block b2 { relu }\nb2, b2", "b2_1.relu1 b2_2.relu1"),
        ("stage: add { conv3-3 | relu }, relu", "stage.conv1 stage.relu1 relu1"),
        ("a: concat { b: relu | relu | c: relu }", "a.b a.relu2 a.c"),
        ("relu\noutput aux { relu, fc-3 }\nrelu", "relu1 aux.relu1 aux.fc1 relu2"),
        ("sepconv3-3, sepconv3-3", "sepconv1.depthwise sepconv1.pointwise sepconv2.depthwise sepconv2.pointwise"),
        ("a: sepconv3-3, conv3-3", "a.depthwise a.pointwise conv1"),
        ("style conv = _, bn, relu\nconv3-3\nx: conv3-3\nconv3-3 +bn", "conv1 bn1 relu1 x bn2 relu2 conv3 bn3"),
        ("a: [relu train, gelu]", "a.0 a.1"),
    ],
)
def test_named_scopes_count_each_keyword_from_one(text: str, found: str) -> None:
    assert modules(text) == found.split()


@pytest.mark.parametrize(
    "item",
    [
        "id",
        "flatten",
        "reshape 3x8x8",
        "crop 8x8",
        "chunk 0 of=1",
        "concat { id }",
        "add { id | id }",
        "mul { id | id }",
    ],
)
def test_what_has_no_module_takes_no_number(item: str) -> None:
    assert modules(f"s: [relu, {item}, relu]") == ["s.0", "s.1"]
    assert modules(f"relu, {item}, relu") == ["relu1", "relu2"]


def test_a_reference_takes_no_number() -> None:
    assert modules("relu as a\ns: [relu, @a, relu]") == ["relu1", "s.0", "s.1"]


# -- numbered scopes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("s: [conv3-3, relu, maxpool]", "s.0 s.1 s.2"),
        ("s: [conv3-3, relu] ×2", "s.0.0 s.0.1 s.1.0 s.1.1"),
        ("s: conv3-3 ×2", "s.0 s.1"),
        ("s: conv3-3 ×1", "s.0"),
        ("block f { relu }\ns: f ×2", "s.0.relu1 s.1.relu1"),
        ("block f { relu }\ns: [f, f ×2, relu]", "s.0.relu1 s.1.relu1 s.2.relu1 s.3"),
        ("s: [[relu, relu], relu]", "s.0.0 s.0.1 s.1"),
        ("s: [[relu, relu] ×2, relu]", "s.0.0 s.0.1 s.1.0 s.1.1 s.2"),
        ("s: [relu ×3, gelu]", "s.0 s.1 s.2 s.3"),
        ("s: [a: relu, relu, b: relu, relu]", "s.a s.1 s.b s.3"),
        ("s: [a: [relu, relu], relu]", "s.a.0 s.a.1 s.1"),
        ("s: [add { relu | gelu }, silu]", "s.0 s.1 s.2"),
        ("s: [add { [relu, gelu] | id }, silu]", "s.0.0 s.0.1 s.1"),
        ("s: [if true { relu, gelu }, silu]", "s.0 s.1 s.2"),
        ("s: table A | B { relu | gelu }", "s.0"),
        ("s: table A | B {\n  relu, relu | gelu\n  gelu\n a: relu | relu }", "s.0 s.1 s.2 s.a"),
        ("s: [table A | B { relu | gelu }, gelu]", "s.0 s.1"),
        ("s: if true { relu, gelu }", "s.0 s.1"),
        ("style conv = _, bn, relu\ns: [conv3-3, conv3-3 +bn, conv3-3 plain]", "s.0 s.1 s.2 s.3 s.4 s.5"),
        ("style conv = [_, bn]\ns: [conv3-3, relu]", "s.0.0 s.0.1 s.1"),
        ("s: [sepconv3-3, relu]", "s.0.depthwise s.0.pointwise s.1"),
        ("s: [a: [[relu], relu], [a: relu]]", "s.a.0.0 s.a.1 s.1.a"),
        ("s: add { [relu, relu] | relu }", "s.relu1 s.relu2 s.relu3"),
        ("block f { [relu, gelu], s: [relu] }\nx: [f]", "x.0.relu1 x.0.gelu1 x.0.s.0"),
        ("s: [output_: relu]", "s.output_"),
    ],
)
def test_numbered_scopes_count_members_that_have_modules(text: str, found: str) -> None:
    assert modules(text) == found.split()


def test_the_scopes_of_a_graph_know_their_kind() -> None:
    text = """\
block f(c) { conv3-{c}, relu }
a: f(3)
b: [relu]
c: relu ×2
d: add { relu | id }
e: table A | B { relu | gelu }
sepconv3-3
g.h: relu
output o { gap }"""
    kinds = {scope.path: (scope.kind, scope.numbered) for scope in graph(text).scopes}
    assert kinds == {
        "": ("net", False),
        "a": ("block", False),
        "b": ("group", True),
        "c": ("repeat", True),
        "d": ("join", False),
        "e": ("table", True),
        "sepconv1": ("layer", False),
        "g": ("path", False),
        "o": ("output", False),
    }


def test_a_blocks_scope_knows_its_arguments() -> None:
    text = 'block f(c, s=2*c, t="x", @w) { relu }'.replace(", @w", "") + '\nrelu as t1\nf(3)\nf(4, t="y")'
    calls = [scope for scope in graph(text).scopes if scope.kind == "block"]
    assert [(s.block, s.arguments) for s in calls] == [
        ("f", (("c", 3), ("s", 6), ("t", "x"))),
        ("f", (("c", 4), ("s", 8), ("t", "y"))),
    ]


# -- labels ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("down.0: relu\ndown.1: relu\nup: relu\ndown.x: relu", "down.0 down.1 up down.x"),
        ("[convs.{i}: relu, relu] ×2", "convs.0 relu1 convs.1 relu2"),
        ("[convs.{i}.a: relu] ×2", "convs.0.a convs.1.a"),
        ("a.b: [relu, relu]\na.c: relu ×2", "a.b.0 a.b.1 a.c.0 a.c.1"),
        ('a."b c": relu\n"block1-0": relu\n"0": relu', "a.b c|block1-0|0"),
        ('"for": relu', "for"),
        ('a.{"x" }: relu\na.{1+1}: relu', "a.x a.2"),
        ("s: [a.b: relu, relu]", "s.a.b s.1"),
        ("s: [relu, a.b: relu, a.c: relu, relu]", "s.0 s.a.b s.a.c s.2"),
        ("relu1x: relu, net: relu, output: relu", "relu1x net output"),
        ("block f { a.b: relu }\nx: f\ny: f", "x.a.b y.a.b"),
    ],
)
def test_labels_may_be_paths_and_quoted(text: str, found: str) -> None:
    assert modules(text) == found.split("|" if "|" in found else " ")


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("a: relu\na: relu", ("ND212", "a")),
        ("a: relu\nb: relu, a: relu", ("ND212", "a")),
        ("s: [a: relu, a: relu]", ("ND212", "a")),
        ("add { a: relu | a: relu }", ("ND212", "a")),
        ("a.b: relu\na.b: relu", ("ND212", "a.b")),
        ("a: relu\na.b: relu", ("ND212", "a.b")),
        ("relu2: conv3-3\nrelu\nrelu", ("ND212", "relu")),
        ('"1": relu\ns: ["1": relu, relu]', ("ND212", "relu")),
        ("a: relu\noutput a { gap }", ("ND212", "a")),
        ("class: relu", ("ND213", "class")),
        ("lambda: relu", ("ND213", "lambda")),
        ("in: relu", ("ND213", "in")),
        ("forward: relu", ("ND213", "forward")),
        ("training: relu", ("ND213", "training")),
        ("train: relu", ("ND213", "train")),
        ("a.type: relu", ("ND213", "type")),
        ("s: [half: relu]", ("ND213", "half")),
        ("__call__: relu", ("ND213", "__call__")),
        ('"forward": relu', ("ND213", '"forward"')),
        ('"": relu', ("ND213", '""')),
        ('"a.b": relu', ("ND213", '"a.b"')),
        ('"a\\nb": relu', ("ND213", '"a\\nb"')),
        ("a.{1.5}: relu", ("ND213", "{1.5}")),
        ("a.{true}: relu", ("ND213", "{true}")),
        ("a.{n}: relu", ("ND203", "{n}")),
        ("a.{i}: relu", ("ND220", "{i}")),
        ('a.{"forward"}: relu', ("ND213", '{"forward"}')),
        ('a.{"x.y"}: relu', ("ND213", '{"x.y"}')),
    ],
)
def test_labels_that_cannot_be(text: str, wrong: tuple[str, str]) -> None:
    assert [pair for pair in said(text) if not pair[0].startswith("ND3")] == [wrong]


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("image: relu", "image 3x8x8"),
        ("input: relu", "3x8x8"),
        ("add1: relu\nadd { relu | id }", "3x8x8"),
        ("add { relu | id }\nadd1: relu", "3x8x8"),
        ("select1: relu\n[relu, gelu] train", "3x8x8"),
        ('s: [add { relu | id }, "add1": relu]', "3x8x8"),
        ('a: conv3-3\n"a#3": relu\nreuse a', "3x8x8"),
    ],
)
def test_a_label_may_be_like_the_name_of_what_has_no_module(text: str, before: str) -> None:
    found = graph(text, before=before)
    assert len({node.name for node in found.nodes}) == len(found.nodes)


@pytest.mark.parametrize("text", ["a: flatten\na: flatten", "a: id\na: relu"])
def test_a_label_stands_once_also_where_no_module_takes_it(text: str) -> None:
    assert codes(text) == ["ND212"]


@pytest.mark.parametrize("name", [*keyword.kwlist, "match", "case", "self", "x", "i", "print", "_a"])
def test_a_label_that_passes_can_be_an_attribute(name: str) -> None:
    if name in ("if", "else"):
        assert codes(f"{name}: relu") == ["ND101"]
    elif keyword.iskeyword(name):
        assert codes(f"{name}: relu") == ["ND213"]
    else:
        assert codes(f"{name}: relu") == []


def test_every_quoted_label_that_passes_is_one_that_a_module_takes() -> None:
    for name in ("block1-0", "a b", "é", "1", "+", "for", "None"):
        assert codes(f'"{name}": relu') == []
        torch.nn.Module().add_module(name, torch.nn.Identity())


def test_what_a_module_has_is_known() -> None:
    own = {*dir(torch.nn.Module()), *torch.nn.Module.__annotations__}
    for container in (torch.nn.Sequential, torch.nn.ModuleList, torch.nn.ModuleDict):
        own |= {name for name in dir(container) if name.startswith("_")}
    assert {name for name in own if not name.startswith("__")} == MODULE_ATTRIBUTES


@pytest.mark.parametrize("name", sorted(MODULE_ATTRIBUTES))
def test_no_label_hides_what_a_module_has(name: str) -> None:
    assert codes(f"{name}: relu") == ["ND213"]


# -- published checkpoints ---------------------------------------------------------------------------------------------


def test_the_keys_of_vgg() -> None:
    text = """\
style conv = _, relu
style fc = _, relu
features: [
  conv3-4 ×2, maxpool
  conv3-8 ×2, maxpool
]
classifier: [
  FC-16, dropout 0.5
  FC-10 plain
]"""
    weights = [key for key in keys(graph(text)) if key.endswith("weight")]
    assert weights == [*(f"features.{n}.weight" for n in (0, 2, 5, 7)), "classifier.0.weight", "classifier.3.weight"]


def test_the_keys_of_resnet() -> None:
    text = """\
style conv = _, bn, relu
block bottleneck(c, s=1) {
  add {
    conv1-c
    conv3-c/s
    conv1-{4*c} +bn
    | if s != 1 or in.c != 4*c { downsample: [conv1-{4*c}/s +bn] } else { id }
  }
  relu
}
conv7-8/2, maxpool3/2 pad=1
layer1: bottleneck(4) ×2
layer2: [bottleneck(8, s=2), bottleneck(8) ×2]
gap
fc: FC-10"""
    found = keys(graph(text, before="3x32x32"))
    assert "layer2.0.downsample.1.running_mean" in found
    assert "layer1.1.conv3.weight" in found
    assert "layer2.2.bn2.bias" in found
    assert "layer2.1.downsample.0.weight" not in found
    assert next(iter(found)) == "conv1.weight"
    assert "fc.bias" in found


def test_the_keys_of_mobilenet() -> None:
    text = """\
style conv = [_, bn, relu6]
block inverted(c, t) {
  conv: [conv1-{t*in.c}, dwconv3, conv1-c plain, bn]
}
features: [conv3-4/2, inverted(8, 1), inverted(8, 6) ×2, conv1-16]
classifier: [dropout 0.2, FC-10]"""
    found = list(keys(graph(text, before="3x32x32")))
    assert found[0] == "features.0.0.weight"
    assert "features.0.1.running_var" in found
    assert "features.2.conv.1.0.weight" in found
    assert "features.3.conv.2.weight" in found
    assert "features.3.conv.3.bias" in found
    assert "features.4.1.num_batches_tracked" in found
    assert found[-1] == "classifier.1.bias"


def test_the_keys_of_densenet() -> None:
    text = """\
style conv = bn, relu, _
block layer(k) { norm1: bn, relu1: relu, conv1: conv1-{4*k} plain, norm2: bn, relu2: relu, conv2: conv3-{k} plain }
features.conv0: conv7-8/2 plain
features.denseblock1: [concat { id | denselayer1: layer(4) }, concat { id | denselayer2: layer(4) }]
features.norm5: bn"""
    found = list(keys(graph(text, before="3x32x32")))
    assert found[0] == "features.conv0.weight"
    assert "features.denseblock1.denselayer1.norm1.weight" in found
    assert "features.denseblock1.denselayer2.conv2.weight" in found
    assert found[-1] == "features.norm5.num_batches_tracked"


def test_every_module_has_one_name_and_every_name_one_module() -> None:
    found = made("block f { relu, s: [relu, relu6] ×2 }\nf ×3\nrelu6\nx.f1: f").graph
    assert found is not None
    names = [node.module for node in found.nodes if node.module]
    assert len(names) == len(set(names)) == 21
