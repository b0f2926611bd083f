"""The net as a whole: inputs and outputs, ramps, how weights start, what a spec expects of itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from netdsl.elaborate import analyse, compile
from netdsl.ir.graph import Graph
from tests.language import codes, graph, made, modules, nodes, said, spec

# -- the net and its inputs --------------------------------------------------------------------------------------------


def test_the_net_has_a_name_and_a_title() -> None:
    found = graph('net my-net_1.0 "A title: with \\"quotes\\""\nrelu')
    assert (found.name, found.title) == ("my-net_1.0", 'A title: with "quotes"')
    assert graph("relu").name == "net"
    assert graph("net a\nrelu").title is None


def test_a_net_without_a_name_is_called_like_its_file(tmp_path: Path) -> None:
    (tmp_path / "small.net").write_text(spec("relu"), encoding="utf-8")
    assert compile(tmp_path / "small.net").name == "small"
    assert compile(str(tmp_path / "small.net")).name == "small"


def test_several_inputs() -> None:
    found = graph("@text, fc-4\nconcat { id | @image, gap, flatten }", before="image 3x8x8\ninput text 16")
    assert [found.nodes[i].shape for i in found.inputs] == [(3, 8, 8), (16,)]
    assert [found.nodes[i].label for i in found.inputs] == ["image", "text"]
    assert found.nodes[found.outputs[0].node].shape == (7,)


@pytest.mark.parametrize(
    ("text", "before", "wrong"),
    [
        ("relu", "a 3x8x8\ninput b 3x8x8", [("ND227", "relu")]),
        ("relu\ngelu", "a 3x8x8\ninput b 3x8x8", [("ND227", "relu")]),
        ("@a, relu", "a 3x8x8\ninput a 3x8x8", [("ND223", "a")]),
        ("relu", "3x8x8\ninput 3x8x8", [("ND227", "input 3x8x8"), ("ND227", "input 3x8x8")]),
        ("relu", "3x8x8x8x8", [("ND005", "3x8x8x8x8")]),
        ("relu", "3x0x8", [("ND208", "0")]),
        ("relu", "3.5x8", [("ND207", "3.5")]),
        ("relu", "{true}x8", [("ND209", "{true}")]),
        ("relu", "n x 8", [("ND203", "n")]),
        ("relu", "forward 3x8", [("ND213", "forward")]),
        ("relu", "9999999999999x9999", [("ND218", "9999999999999x9999")]),
        ("", "3x8x8", [("ND227", "input 3x8x8")]),
        ("block f { relu }", "3x8x8", [("ND227", "input 3x8x8")]),
        ("output a { gap }", "3x8x8", [("ND227", "input 3x8x8")]),
    ],
)
def test_nets_that_cannot_be(text: str, before: str, wrong: list[tuple[str, str]]) -> None:
    assert [pair for pair in said(text, before=before) if not pair[0].startswith("ND3")] == wrong


@pytest.mark.parametrize("text", ["relu\n", "net a\nrelu\n", "block f { relu }\nnet a\nf\n", "", "\n# nothing\n"])
def test_a_net_without_an_input(text: str) -> None:
    found = analyse(text + "\n")
    assert [d.code for d in found.diagnostics] == ["ND227"]
    assert found.diagnostics[0].help == "say what enters: `input 3x224x224`"


@pytest.mark.parametrize(("before", "code"), [("(3, 8, 8)", "ND101"), ("3x0x8", "ND208"), ("n x 8", "ND203")])
def test_a_wrong_input_hides_nothing_else(before: str, code: str) -> None:
    text = "rleu\nconv3-8 foo\n@nope\ninit foo = zeros\nexpect parms = 3\noutput a foo { gap }"
    found = codes(text, before=before)
    assert found == [code, "ND201", "ND202", "ND215", "ND231", "ND230", "ND202"]


def test_net_and_default_stand_once() -> None:
    assert said("net a\nnet b\nrelu") == [("ND223", "net b")]


# -- outputs -----------------------------------------------------------------------------------------------------------


def outputs(found: Graph) -> list[tuple[str, str, float | None]]:
    return [(output.name, output.mode, output.weight) for output in found.outputs]


def test_further_outputs() -> None:
    text = """\
a: conv3-4
output aux1 train weight=0.3 { @a, gap, fc-5 }
b: conv3-6
output aux2 { @b, relu }
output aux3 eval weight={1/4} { gap }
output here { }
fc-9"""
    found = graph(text)
    assert outputs(found) == [
        ("main", "both", None),
        ("aux1", "train", 0.3),
        ("aux2", "both", None),
        ("aux3", "eval", 0.25),
        ("here", "both", None),
    ]
    assert [found.nodes[output.node].shape for output in found.outputs] == [
        (9,), (5,), (6, 8, 8), (6, 1, 1), (6, 8, 8),
    ]  # fmt: skip
    assert {node.mode for node in found.nodes if node.name.startswith("aux1")} == {"train"}
    assert {node.mode for node in found.nodes if node.name.startswith("aux3")} == {"eval"}
    assert modules(text)[1:3] == ["aux1.gap1", "aux1.fc1"]


def test_an_output_does_not_turn_the_flow() -> None:
    found = graph("relu\noutput o { gap }\ngelu")
    assert found.nodes[-1].inputs == (1,)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("output a { gap }\noutput a { gap }", [("ND223", "a")]),
        ("output main { gap }", [("ND223", "main")]),
        ("output class { gap }", [("ND213", "class")]),
        ("output forward { gap }", [("ND213", "forward")]),
        ("output a foo { gap }", [("ND202", "foo")]),
        ("output a groups=3 { gap }", [("ND202", "groups")]),
        ("output a train eval { gap }", [("ND202", "eval")]),
        ("output a weight=1 weight=2 { gap }", [("ND202", "weight=2")]),
        ('output a weight="x" { gap }', [("ND209", '"x"')]),
        ("output a weight=1x2 { gap }", [("ND209", "1x2")]),
        ("output a weight=0..1 { gap }", [("ND209", "0..1")]),
        ("output a weight=@b { gap }", [("ND101", "@")]),
        ("output a { @nope }", [("ND215", "@nope")]),
        ("output a { rleu }", [("ND201", "rleu")]),
        ("output a train { relu eval }", [("ND226", "eval")]),
    ],
)
def test_outputs_that_cannot_be(text: str, wrong: list[tuple[str, str]]) -> None:
    assert said(f"relu\n{text}") == wrong


# -- ramps -------------------------------------------------------------------------------------------------------------


def rates(text: str) -> list[float]:
    found: list[Any] = [node.op for node in nodes(text) if node.op.keyword in ("dropout", "droppath")]
    return [round(op.p, 6) for op in found]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("dropout 0..0.2 ×3", [0.0, 0.1, 0.2]),
        ("dropout 0..0.2", [0.0]),
        ("dropout 0.4..0 ×3", [0.4, 0.2, 0.0]),
        ("dropout p=0..0.3 ×4", [0.0, 0.1, 0.2, 0.3]),
        ("dropout {a}..{2*a} ×2", [0.1, 0.2]),
        ("add { conv3-3, droppath 0..0.2 | id } ×2\nconv3-3\nadd { conv3-3, droppath 0..0.2 | id }", [0.0, 0.1, 0.2]),
        ("block f { add { conv3-3, droppath 0..{a} | id } }\nf ×2, f", [0.0, 0.05, 0.1]),
        ("block f { add { conv3-3, droppath 0..<0.3 | id } }\nf ×2, f", [0.0, 0.1, 0.2]),
        ("dropout 0.2..<{a}, relu, dropout 0.2..{a}, relu, dropout 0.2..<0.1", [0.2, 0.2, 0.15]),
        # one whose path is absent counts
        ("block f(s) { add { conv3-3, droppath 0..<0.3 | if s { id } } }\nf(true), f(false), f(true)", [0.0, 0.2]),
        ("block f(s) { add { [relu, [droppath 0..0.2]] | if s { id } } }\nf(true), f(false), f(true)", [0.0, 0.2]),
        ("block f(s) { add { add { droppath 0.1 | if s { id } } | id } }\nf(true), f(false)", [0.1, 0.1]),
        ("style dropout = _ 0..0.2\ndropout ×2, dropout", [0.0, 0.1, 0.2]),
        ("dropout 0..0.1, dropout 0..0.3, dropout 0..0.1, dropout 0..0.3", [0.0, 0.0, 0.1, 0.3]),
        ("dropout 0..0.2 train ×3", [0.0, 0.1, 0.2]),
    ],
)
def test_a_ramp_goes_over_all_such_layers_of_the_net(text: str, found: list[float]) -> None:
    assert rates(f"param a = 0.1\n{text}") == found


def test_a_shared_layer_has_one_place_in_the_ramp() -> None:
    assert rates("a: [conv3-3, dropout 0..0.2]\nreuse a\ndropout 0..0.2") == [0.0, 0.0, 0.2]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("dropout 0..2", ("ND208", "2")),
        ('dropout 0.."a"', ("ND101", '"a"')),
        ("dropout {true}..1", ("ND209", "{true}")),
        ("conv3-8 groups=1..2", ("ND209", "1..2")),
        ("lrn 3..5", ("ND209", "3..5")),
        ("relu 0..1", ("ND202", "0..1")),
    ],
)
def test_ramps_that_cannot_be(text: str, wrong: tuple[str, str]) -> None:
    assert said(text) == [wrong]


# -- how weights start -------------------------------------------------------------------------------------------------


def test_init_by_kind_and_by_label() -> None:
    text = """\
param std = 0.02
init conv = kaiming_normal fan_out
init FC = normal 0.01 bias=1
init stem = uniform -0.1 0.1
init stage.0 = normal std={std} mean=-1
init stage = zeros
init "odd name" = trunc_normal std=std
stem: conv3-4
stage: [conv3-4, relu]
"odd name": relu
fc-3"""
    found = graph(text).inits
    assert [(i.target, i.by_label, i.scheme, i.arguments) for i in found] == [
        ("conv", False, "kaiming_normal", (("mode", "fan_out"),)),
        ("fc", False, "normal", (("std", 0.01), ("bias", 1.0))),
        ("stem", True, "uniform", (("a", -0.1), ("b", 0.1))),
        ("stage.0", True, "normal", (("std", 0.02), ("mean", -1.0))),
        ("stage", True, "zeros", ()),
        ("odd name", True, "trunc_normal", (("std", 0.02),)),
    ]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("init convv = zeros", ("ND231", "convv")),
        ("init stemm = zeros", ("ND231", "stemm")),
        ("init stem.x = zeros", ("ND231", "stem.x")),
        ("init st = zeros", ("ND231", "st")),
        ("init conv = normal std=0..1", ("ND231", "0..1")),
        ("init conv = normal std=1x2", ("ND231", "1x2")),
        ("init conv = nrmal 1", ("ND231", "nrmal")),
        ("init conv = normal", ("ND231", "init conv = normal")),
        ("init conv = normal 1 2 3", ("ND231", "3")),
        ("init conv = normal 1 foo", ("ND231", "foo")),
        ("init conv = normal fan_out 1", ("ND231", "fan_out")),
        ("init conv = normal mena=1", ("ND231", "mena")),
        ('init conv = normal "a"', ("ND101", '"a"')),
        ('init conv = normal std="a"', ("ND231", '"a"')),
        ("init conv = normal std=true", ("ND231", "true")),
        ("init conv = normal std=s", ("ND203", "s")),
        ("init conv = normal 1 std=2", ("ND231", "std=2")),
        ("init conv = kaiming_normal fan_in fan_out", ("ND231", "fan_out")),
        ("init conv = zeros\ninit CONV = ones", ("ND223", "CONV")),
        ("init stem = zeros\ninit stem = ones", ("ND223", "stem")),
    ],
)
def test_inits_that_cannot_be(text: str, wrong: tuple[str, str]) -> None:
    assert said(f"{text}\nstem: conv3-4") == [wrong]


def test_an_init_of_several_targets_and_of_one_variant() -> None:
    text = """\
variant base: k = 1
variant built = base
variant other
param k = 3
init conv, fc = normal 0.01
init base: conv = normal 0.02 bias=0
init built: fc = zeros
init other: bn1 = ones
conv{k}-4
if k == 3 { bn, relu }
fc-3"""
    found = {
        variant: [(i.target, i.scheme, i.arguments) for i in graph(text, variant=variant).inits]
        for variant in (None, "base", "built", "other")
    }
    plain = [("conv", "normal", (("std", 0.01),)), ("fc", "normal", (("std", 0.01),))]
    special = ("conv", "normal", (("std", 0.02), ("bias", 0.0)))
    assert found[None] == plain
    assert found["base"] == [special, plain[1]]
    assert found["built"] == [special, ("fc", "zeros", ())]
    assert found["other"] == [*plain, ("bn1", "ones", ())]
    assert said("init nope: conv = zeros\nconv3-4") == [("ND003", "nope")]
    twice = "variant a\ninit a: conv = zeros\ninit conv = ones\ninit a: fc, conv = zeros\nconv3-4, relu, fc-2"
    assert said(twice, variant="a") == [("ND223", "conv")]


def test_an_init_reaches_every_path_that_ends_so() -> None:
    text = "block f { conv3-4 +bn, last: conv3-4 +bn, relu }\nf ×2\ninit last = zeros\ninit bn2 = zeros\n"
    assert [(i.target, i.by_label) for i in graph(text).inits] == [("last", True), ("bn2", True)]
    assert said(f"{text}init ast = zeros") == [("ND231", "ast")]
    assert said(f"{text}init f2.last = zeros, x = 3") != []


def test_an_init_of_another_column_is_no_mistake() -> None:
    text = "init a = zeros\ninit b = ones\ntable A | B {\n  a: conv3-4 |\n  gelu | [b: conv3-4]\n}"
    assert [[i.target for i in graph(text, variant=v).inits] for v in "AB"] == [["a"], ["b"]]


def test_a_bare_number_of_init_may_be_computed() -> None:
    assert graph("param std = 0.02\ninit conv = normal {std}\nconv3-4").inits[0].arguments == (("std", 0.02),)


# -- what a spec expects of itself -------------------------------------------------------------------------------------

NET = "conv3-4/2, relu\noutput aux train { fc-2 }\nfc-10"
#: conv: 3·4·9 weights and 4 biases, 4·4·4 outputs; fc: 64 to 10; aux: 64 to 2.
PARAMS, MACS = 112 + 650, 64 * 27 + 640


@pytest.mark.parametrize(
    "condition",
    [
        f"params = {PARAMS}",
        f"params == {PARAMS}, macs = {MACS}",
        f"params(train) = {PARAMS + 130}",
        f"params(infer) = {PARAMS}",
        f"macs(train) = {MACS + 128}, macs(infer) = {MACS}",
        f"macs(batch=2) = {2 * MACS}",
        f"macs(train, batch=3) = {3 * (MACS + 128)}",
        f"macs(batch=1+1) = {2 * MACS}",
        f"params(batch=2) = {PARAMS}",
        "depth = 2",
        "depth != 3",
        "depth < 3, depth <= 2, depth > 1, depth >= 2",
        f"params = {PARAMS - 2} + 2*1",
        "params <= 1 K, params > 0.5K",
        "params < 1KB, params < 1 KiB, params < 1M, params < 1 GB, params < 1e3",
        "receptive_field = 3x3, receptive_field = 3, receptive_field <= 3×4",
        "downsampling = 2",
        "receptive_field = {1+2}x{3}, downsampling = {2}",
        f"params_no_bias = {PARAMS - 14}",
        "activations_conv_fc = 74",
        f"params = {PARAMS},\n  macs = {MACS}",
    ],
)
def test_expectations_that_hold(condition: str) -> None:
    assert codes(f"{NET}\nexpect {condition}") == []


@pytest.mark.parametrize(
    ("condition", "wrong", "message"),
    [
        ("params = 3", ("ND211", "params = 3"), "`params` is 762: 759 more than expected"),
        ("macs <= 1 K", ("ND211", "macs <= 1 K"), "`macs` is 2,368"),
        ("depth != 2", ("ND211", "depth != 2"), "`depth` is 2"),
        (
            "params(train) = 1",
            ("ND211", "params(train) = 1"),
            "`params` is 892 in the training view: 891 more than expected",
        ),
        ("receptive_field = 3x4", ("ND211", "receptive_field = 3x4"), "`receptive_field` is 3×3"),
        ("receptive_field = 3x3x3", ("ND211", "receptive_field = 3x3x3"), "`receptive_field` is 3×3"),
        ("parms = 3", ("ND230", "parms"), "`parms` is no quantity that can be expected"),
        ("params = 3 Q", ("ND230", "Q"), "there is no unit `Q`"),
        ("params(trian) = 3", ("ND230", "trian"), "`params` does not take this"),
        ("params(batch=0) = 3", ("ND208", "0"), "a batch must be at least 1, and this is 0"),
        ("params(batch=@a) = 3", ("ND230", "batch=@a"), "`params` does not take this"),
        ('params = "a"', ("ND209", '"a"'), "a quantity is a number, and this is a text"),
        ("params = n", ("ND203", "n"), "there is no value called `n` here"),
    ],
)
def test_expectations_that_do_not_hold(condition: str, wrong: tuple[str, str], message: str) -> None:
    text = f"{NET}\nexpect {condition}"
    assert said(text) == [wrong]
    assert made(text).diagnostics[0].message == message


def test_every_expectation_is_reported() -> None:
    assert codes(f"{NET}\nexpect params = 1, macs = 2\nexpect depth = 3") == ["ND211"] * 3


def test_an_expectation_may_use_parameters() -> None:
    assert codes("param n = 4\nconv1-{n}\nexpect params = 4*n") == []


@pytest.mark.parametrize(
    ("variant", "found"),
    [(None, ["ND211"]), ("big", ["ND211", "ND211"]), ("small", [])],
)
def test_expectations_bind_their_variant(variant: str | None, found: list[str]) -> None:
    text = """\
param n = 4
variant big: n = 8
variant small: n = 2
conv1-{n}
expect params = 1
expect big: params = 1
expect big: depth = 2
expect small: params = 8
"""
    assert codes(text, variant=variant) == found


def test_a_bare_expectation_binds_the_default_alone() -> None:
    text = "param n = 4\nvariant big: n = 8\ndefault big\nconv1-{n}\nexpect params = 32\nexpect big: depth = 1"
    assert codes(text) == []
    assert codes(text, variant="big") == []
    assert codes(text.replace("32", "16")) == ["ND211"]
    table = "table A | B { conv1-4 | conv1-8 }\nexpect params = 16\nexpect B: params = 32"
    assert [codes(table, variant=v) for v in (None, "A", "B")] == [[], [], []]


def test_an_expectation_of_an_unknown_variant() -> None:
    assert said("variant big\nrelu\nexpect bug: params = 0") == [("ND003", "bug")]


def test_expectations_are_read_even_where_they_are_not_checked() -> None:
    assert codes("conv3-\nexpect parms = 3") == ["ND101", "ND230"]
    assert codes("variant v\nrelu\nexpect v: parms = 3") == ["ND230"]
