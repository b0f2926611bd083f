"""The PyTorch back-end: that the text is as a person would have it, and that it computes what the graph says."""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

import netdsl
from netdsl.backends.torch_source import torch_source
from netdsl.ir.graph import Graph
from netdsl.ir.op import registry
from netdsl.rewrites.logits import strip_probabilities
from netdsl.rewrites.spell_attributes import spell_attributes
from netdsl.runtime.check import contradictions
from tests.agree import agrees, built, inputs_of, returned
from tests.fuzz.source import complaints
from tests.nets import spec

# Nets as small as these gain nothing from more.
torch.set_num_threads(1)

SPECS = Path(__file__).parent.parent / "specs"

#: Nets whose generated text is kept, and read.
GOLDENS = (
    ("lenet5", "classic"),
    ("alexnet", "two-gpu"),
    ("vgg19", None),
    ("googlenet", "paper"),
    ("resnet", "18"),
    ("resnet", "50"),
)

#: Nets in which everything that a spec can say stands somewhere.
CORNERS = {
    "dense": """
        input 3x16x16
        style conv = bn, relu, _
        block layer(k) { concat { id | conv1-{4*k}, conv3-k } }
        conv3-16 +bn
        stage1: [layer(8) ×4]
        conv1-24, avgpool
        stage2: [layer(8) ×3, layer(12) ×2]
        gap, fc-10
        """,
    "mobile": """
        input 3x16x16
        style conv = [_, bn, relu6]
        block se(r) { mul { id | gap, conv1-{in.c//r} +relu, conv1-{in.c} +sigmoid } }
        block inverted(t, c, s=1, k=3) {
          add {
            conv: [if t != 1 { conv1-{t*in.c} }, dwconv{k}/s, conv1-c +bn]
            | if s == 1 and in.c == c { id }
          }
        }
        features: [
          conv3-8/2
          inverted(1, 8), inverted(6, 12, 2), inverted(6, 12), inverted(4, 16, 2, k=5), inverted(6, 16) ×3
          conv1-32
        ]
        squeeze: se(4)
        gap
        classifier: [dropout 0.2, FC-10]
        soft-max eval
        init conv = kaiming_normal fan_out
        init dwconv = kaiming_normal fan_in
        init bn = ones bias=0
        init classifier = normal 0.01 bias=0
        """,
    "inception": """
        input 3x16x16
        style conv = [conv: _, bn: bn eps=0.001, relu]
        block inception(c7) {
          concat {
            branch1x1: conv1-16
            | branch7x7_1: conv1-c7, branch7x7_2: conv1x7-c7, branch7x7_3: conv7x1-16
            | branch3x3_1: conv1-8, concat { branch3x3_2a: conv1x3-8 | branch3x3_2b: conv3x1-8 }
            | avgpool3/1 same, branch_pool: conv1-16
          }
        }
        Conv2d_1a: conv3-8/2
        Mixed_6b: inception(8)
        Mixed_6c: inception(12)
        gap, fc-10
        """,
    "unet": """
        input 1x16x16
        style conv = _, bn, relu
        block unet(c, d) {
          twice: [conv3-c, conv3-c]
          if d > 0 {
            concat { id | maxpool, inner: unet(2*c, d-1), upconv2-c/2 }
            up: [conv3-c, conv3-c]
          }
        }
        unet(4, 2)
        conv1-2 plain
        """,
    "flat_unet": """
        input 1x16x16
        style conv = _, relu
        enc1: conv3-4
        maxpool
        enc2: conv3-8
        maxpool
        conv3-16
        upconv2-8/2
        concat { id | @enc2 }
        conv3-8
        upconv2-4/2
        concat { @enc1 | id }
        conv1-2 plain
        """,
    "siamese": """
        input left 1x8x8
        input right 1x8x8
        @left, tower: [conv3-8, relu, maxpool, conv3-8] as a
        @right, reuse tower as b
        sub { @a | @b }, abs
        fc-2
        """,
    "outputs": """
        input 3x8x8
        conv3-8, relu
        body: conv3-8
        output seg { @body, conv1-2 }
        output aux train { @body, gap, fc-3 }
        output probs eval { @body, gap, fc-3, softmax }
        gap, fc-10, soft-max eval
        """,
    "modes": """
        input 3x8x8
        conv3-8, relu
        [conv3-8, relu, conv3-8] train
        [sigmoid, conv1-8] eval
        a: conv3-8
        [relu, conv3-8] eval
        add { id | @a }
        """,
    "paths": """
        input 3x8x8
        style conv = _, relu
        down.0: conv3-8
        down.1: conv3-8
        mid.conv: conv3-8
        down.2: [conv3-8, conv3-8]
        "block1-0": [conv3-8 ×2]
        "odd-one": conv3-4
        p.gamma: scale
        gap, fc-10
        """,
    "labels": """
        input 3x8x8
        features: [conv3-8, a: conv3-8 +bn, add { conv3-8 | id }, "x y": conv3-8]
        stage: [conv0: conv3-8, norm0: bn, relu0: relu, pool0: maxpool]
        keys: [conv3-8, keys: conv3-8]
        values: add { keys: conv3-8 | id }
        gap, flatten, fc-10
        """,
    "scaled": """
        input 3x8x8
        block layer(c) { add { id | conv3-c, gamma: scale init=0.1 } }
        conv3-8
        stage1: [layer(8) ×2]
        conv3-16/2
        stage2: [layer(16) ×2]
        scale scalar, times 0.5, chunk 0 of=2
        gap, fc-5
        """,
    "tensors": """
        input 3x8x8
        block fuse(t, c) { concat { @t | conv3-c }, conv1-4 }
        a: conv3-4
        maxpool3/1 same
        fuse(@a, 8) as b
        conv3-4
        fuse(@b, 6)
        """,
    "sounds": """
        input 1x100
        style conv = _, bn, relu
        conv9-8/2, maxpool
        conv3-16 same, gap
        fc-4
        """,
    "volumes": "\n input 2x4x8x8\n conv3-4 +bn, relu, maxpool, upsample ×2\n gap, fc-2\n",
    "vectors": "\n input 20\n fc-16, relu, bn, fc-3, log_softmax eval\n",
    "nothing": "\n input 20\n id\n",
}


def compiled(name: str) -> Graph:
    return netdsl.compile(f"net {name}\n{CORNERS[name]}")


# -- what it computes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CORNERS)
def test_a_module_agrees_with_its_graph(name: str) -> None:
    agrees(compiled(name))


@given(st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_module_agrees_with_its_graph(choose: random.Random) -> None:
    agrees(netdsl.compile(spec(choose)))


@pytest.mark.parametrize("keyword", [keyword for keyword, op in registry().items() if op.writable])
def test_every_operator_is_generated(keyword: str) -> None:
    op = registry()[keyword]
    graph = netdsl.compile(f"net one\ninput {op.example.input}\n{op.example.line}\n")
    module = built(graph)
    assert contradictions(module, graph) == []


@pytest.mark.parametrize("keyword", [keyword for keyword, op in registry().items() if op.writable])
def test_what_an_operator_may_be_given_is_what_torch_takes(keyword: str) -> None:
    op = registry()[keyword]
    for attribute in op.attributes().values():
        kind = {"float": float, "int": int, "axes": int}.get(attribute.kind, str)
        ends = [kind(value) for value in (attribute.minimum, attribute.maximum) if value is not None]
        for value in (*ends, *attribute.words):
            for flag in ("", *op.syntax.flags):
                line = f"{op.example.line} {attribute.name}={value} {flag}"
                made = netdsl.analyse(f"net one\ninput {op.example.input}\n{line}\n")
                if made.graph is not None:
                    assert contradictions(built(made.graph), made.graph) == [], line


@pytest.mark.parametrize("name", ["mobile", "inception", "siamese", "paths", "labels", "modes", "scaled", "flat_unet"])
def test_torch_export_and_compile_take_it(name: str) -> None:
    graph = compiled(name)
    module = built(graph).eval()
    inputs = tuple(inputs_of(graph))
    expected = module(*inputs)
    program = torch.export.export(module, inputs)
    assert set(program.state_dict) == set(module.state_dict())
    torch.testing.assert_close(program.module()(*inputs), expected)
    torch.compiler.reset()
    whole = torch.compile(module, backend="eager", fullgraph=True)
    torch.testing.assert_close(whole(*inputs), expected)


def test_torch_compile_takes_both_modes_of_a_net_with_outputs() -> None:
    graph = compiled("outputs")
    module = built(graph)
    torch.compiler.reset()
    whole = torch.compile(module, backend="eager", fullgraph=True)
    (image,) = inputs_of(graph)
    assert returned(whole(image), graph).keys() == {"main", "seg", "aux"}
    module.eval()
    assert returned(whole(image), graph).keys() == {"main", "seg", "probs"}


# -- what it returns --------------------------------------------------------------------------------------------------


def test_a_net_with_aux_outputs_returns_a_named_tuple_in_training_alone() -> None:
    outputs = "output two train { @a, gap, fc-3 }\noutput one train { @a, gap, fc-4 }\n"
    module = built(netdsl.compile(f"net n\ninput 3x8x8\na: conv3-4\ngap, fc-2\n{outputs}"))
    image = torch.randn(2, 3, 8, 8)
    result = module(image)
    assert type(result).__name__ == "NOutput"
    assert result._fields == ("main", "two", "one")
    assert [tuple(tensor.shape) for tensor in result] == [(2, 2), (2, 3), (2, 4)]
    single = module.eval()(image)
    assert isinstance(single, torch.Tensor) and single.shape == (2, 2)


def test_an_output_of_one_mode_is_none_in_the_other() -> None:
    module = built(compiled("outputs"))
    image = torch.randn(2, 3, 8, 8)
    result = module(image)
    assert result._fields == ("main", "seg", "aux", "probs")
    assert result.probs is None and result.aux.shape == (2, 3)
    result = module.eval()(image)
    assert result.aux is None and torch.allclose(result.probs.sum(1), torch.ones(2))


def test_two_outputs_can_be_one_tensor() -> None:
    graph = netdsl.compile("net n\ninput 3x8x8\na: conv3-4\noutput same { @a, id }\nid\n")
    agrees(graph)


# -- keys -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CORNERS)
def test_modules_have_the_paths_that_the_graph_says(name: str) -> None:
    graph = spell_attributes(compiled(name))
    module = built(graph)
    paths = {node.module for node in graph.nodes if node.module is not None}
    here = {path for path, _ in module.named_modules() if path} | {path for path, _ in module.named_parameters()}
    assert paths <= here
    around = {".".join(path.split(".")[:count]) for path in paths for count in range(1, path.count(".") + 1)}
    # Below a leaf are its own parameters, and nothing stands beside what the graph names.
    assert {path for path in here if not any(path.startswith(f"{leaf}.") for leaf in paths)} == paths | around


def test_what_is_no_key_takes_its_keyword_beside_labels() -> None:
    text = """net n
    input 3x8x8
    style conv = [conv: _, bn: bn, relu]
    one: conv3-4
    two: [conv3-4 plain, relu, dropout 0.5]
    three: [a: conv3-4 plain, relu, conv3-4 plain, relu, relu6, relu6, dropout: scale, dropout 0.5]
    """
    graph = netdsl.compile(text)
    spelt = spell_attributes(graph)
    assert [node.module for node in spelt.nodes if node.module is not None] == [
        *("one.conv", "one.bn", "one.relu", "two.0", "two.1", "two.2"),
        *("three.a", "three.relu1", "three.2", "three.relu2", "three.relu6_1", "three.relu6_2"),
        *("three.dropout", "three.7"),
    ]
    assert list(built(graph).state_dict()) == list(built(spelt).state_dict())
    assert torch_source(graph) == torch_source(spelt)
    assert spell_attributes(compiled("dense")) == compiled("dense")
    agrees(graph)


def test_weights_are_shared_where_the_spec_reuses() -> None:
    module = built(compiled("siamese"))
    assert [name for name, _ in module.named_parameters()] == [
        "tower.0.weight",
        "tower.0.bias",
        "tower.3.weight",
        "tower.3.bias",
        "fc1.weight",
        "fc1.bias",
    ]
    assert "self.tower(left) - self.tower(right)" in torch_source(compiled("siamese"))


# -- the text ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "variant"), GOLDENS)
def test_golden(name: str, variant: str | None, golden: Callable[[str, str], None]) -> None:
    graph = netdsl.compile(SPECS / f"{name}.net", variant=variant)
    golden(f"{name}{'' if variant is None else f'-{variant}'}.py.txt", torch_source(graph))


@pytest.mark.parametrize("name", ["mobile", "inception", "outputs", "modes", "paths", "labels", "scaled", "tensors"])
def test_golden_corner(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"{name}.py.txt", torch_source(compiled(name)))


def test_the_text_is_formatted_and_has_nothing_to_complain_of(tmp_path: Path) -> None:
    graphs = [compiled(name) for name in CORNERS]
    for path in sorted(SPECS.glob("*.net")):
        first = netdsl.compile(path)
        graphs += [netdsl.compile(path, variant=variant) for variant in first.variants] or [first]
    graphs += [netdsl.compile(spec(random.Random(seed))) for seed in range(20)]
    for op in registry().values():
        if op.writable:
            graphs.append(netdsl.compile(f"net one\ninput {op.example.input}\n{op.example.line}\n"))
    for number, graph in enumerate(graphs):
        (tmp_path / f"{graph.name}_{number}.py").write_text(torch_source(graph), encoding="utf-8")
    assert complaints(tmp_path) == ""


def test_the_text_is_the_same_for_equal_graphs() -> None:
    for name in ("mobile", "inception"):
        assert torch_source(compiled(name)) == torch_source(compiled(name))


@pytest.mark.parametrize("name", CORNERS)
def test_only_torch_and_typing_are_imported(name: str) -> None:
    tree = ast.parse(torch_source(compiled(name)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert all(alias.name.split(".")[0] == "torch" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module in ("torch", "typing")
    last = tree.body[-1]
    assert isinstance(last, ast.ClassDef)
    (init,) = (item for item in last.body if isinstance(item, ast.FunctionDef) and item.name == "__init__")
    assert [argument.arg for argument in init.args.args] == ["self"]


def classes(text: str) -> dict[str, str]:
    """The classes of a file by name."""
    return {part.split("(")[0]: part for part in re.split(r"^class ", text, flags=re.MULTILINE)[1:]}


def test_one_class_a_block_with_its_numbers_as_arguments() -> None:
    found = classes(torch_source(netdsl.compile(SPECS / "resnet.net", variant="50")))
    assert list(found) == ["Bottleneck", "Resnet50"]
    block, net = found["Bottleneck"], found["Resnet50"]
    assert "def __init__(self, in_channels: int, c: int, s: int = 1) -> None:" in block
    assert "self.conv3 = nn.Conv2d(c, 4 * c, 1, bias=False)" in block
    assert "y += self.downsample(x)" in block
    assert "*(Bottleneck(1024, 256) for _ in range(5))" in net


def test_a_shortcut_that_only_some_calls_have() -> None:
    block = classes(torch_source(netdsl.compile(SPECS / "resnet.net", variant="50")))["Bottleneck"]
    assert "if in_channels != 4 * c:\n            self.downsample = nn.Sequential(" in block
    assert "nn.Conv2d(in_channels, 4 * c, 1, stride=s, bias=False)" in block  # as the spec has it, though always 2
    assert "self.downsample = nn.Identity()" in block


PARTS = {
    "a layer of a chain": """
        block f(t, c) { path: [if t != 1 { conv1-{t*in.c} +bn, relu }, conv3-c +bn, relu, conv1-c +bn] }
        f(1, 4), f(6, 4), f(6, 8)""",
    "a sum": """
        block f(c) { if in.c == c { add { path: [conv3-c +bn, relu] | id } } else { path: [conv3-c +bn, relu] } }
        f(4), f(4), f(8), f(8)""",
    "a norm that an argument asks for": """
        block f(c, norm) { conv: conv3-c, if norm { norm: bn }, relu, last: conv1-c }
        f(4, true), f(4, false), f(8, true)""",
    "what no number says": """
        block f(c, kind) { one: conv3-c, if kind == 2 { two: conv3-c }, three: conv1-c }
        f(4, 1), f(4, 2), f(4, 3)""",
    "a gate": """
        block gate(r) { mul { id | gap, fc1: conv1-{in.c//r}, relu, fc2: conv1-{in.c*r//r}, sigmoid } }
        block f(c, se) { conv: conv3-c, bn, if se { gate: gate(4) }, relu }
        f(8, false), f(8, true), f(16, true)""",
    "two parts": """
        block f(c, a, b) {
          first: conv3-c, if a { second: conv3-c }, third: conv3-c, if b { fourth: conv3-c }, fifth: conv1-c
        }
        f(4, true, true), f(4, false, true), f(4, true, false), f(8, false, false)""",
}


@pytest.mark.parametrize("text", PARTS.values(), ids=PARTS)
def test_parts_that_some_calls_leave_out_are_asked_for(text: str) -> None:
    graph = netdsl.compile("net n\ninput 4x8x8\n" + text)
    found = [name for name in classes(torch_source(graph)) if name.startswith("F")]
    assert len(found) == 1
    agrees(graph)


def test_nine_inceptions_are_one_class() -> None:
    found = classes(torch_source(netdsl.compile(SPECS / "googlenet.net")))
    assert list(found) == ["ConvReLU", "Inception", "Aux", "GooglenetPaperOutput", "GooglenetPaper"]
    assert found["GooglenetPaper"].count(" = Inception(") == 9
    assert "self.inception4a = Inception(480, 192, 96, 208, 16, 48, 64)" in found["GooglenetPaper"]


def test_arguments_are_called_as_the_attributes_that_they_are() -> None:
    text = """net n
    input 8x8x8
    block f(c) { add { id | times {1/c}, conv1-8 ws gain ws_eps={1e-6*c}, scale init={0.1*c}, droppath 0..0.2 } }
    f(1), f(2), f(3)
    """
    graph = netdsl.compile(text)
    (block,) = [part for name, part in classes(torch_source(graph)).items() if name == "F_"]
    assert "def __init__(self, eps: float, init: float, p: float, factor: float) -> None:" in block
    assert "self.droppath1 = DropPath(p)" in block
    agrees(graph)


def test_names_hide_nothing() -> None:
    text = """net torch
    input 3x8x8
    block nn(self) { conv3-self, relu }
    block Tensor(c) { conv3-c, relu }
    block int(c) { conv3-c, relu }
    a: nn(4)
    b: nn(8)
    Tensor(4), int(8)
    print: conv3-4
    add { id | @print }
    """
    agrees(netdsl.compile(text))
    names = classes(torch_source(netdsl.compile(text)))
    assert not {"nn", "Tensor", "torch", "int"} & set(names)


def test_a_spec_can_put_no_code_into_the_text(tmp_path: Path) -> None:
    graph = compiled("labels")
    evil = '"""\nimport os\n\\"""\\'
    nodes = tuple(node.model_copy(update={"label": evil}) for node in graph.nodes)
    graph = graph.model_copy(update={"title": evil, "variant": evil, "variants": (evil, "b"), "nodes": nodes})
    text = torch_source(graph)
    assert not any(isinstance(node, ast.Import) and node.names[0].name == "os" for node in ast.walk(ast.parse(text)))
    (tmp_path / "evil.py").write_text(text, encoding="utf-8")
    assert complaints(tmp_path) == ""


def test_labels_that_are_no_identifiers_are_strings() -> None:
    text = torch_source(compiled("paths"))
    assert 'getattr(self, "block1-0")(x)' in text
    assert "self.down[0]" in text or 'self.down["0"]' in text


def test_what_follows_only_a_fresh_tensor_works_in_place() -> None:
    text = "net n\ninput 3x8x8\nrelu\nconv3-4, relu, relu\nb: conv3-4\nrelu\nadd { id | @b }, relu\nmaxpool, relu\n"
    module = built(netdsl.compile(text))
    assert {name: layer.inplace for name, layer in module.named_children() if isinstance(layer, nn.ReLU)} == {
        "relu1": False,  # the net's own input
        "relu2": True,
        "relu3": False,  # after an activation, whose gradient needs its result
        "relu4": False,  # `b` is added later
        "relu5": True,  # a sum
        "relu6": False,
    }
    agrees(netdsl.compile(text))


# -- how weights start ------------------------------------------------------------------------------------------------

_INITS = {
    "normal 0.01": "nn.init.normal_(module.weight, std=0.01)",
    "normal 0.01 mean=1": "nn.init.normal_(module.weight, mean=1.0, std=0.01)",
    "uniform -0.1 0.2": "nn.init.uniform_(module.weight, a=-0.1, b=0.2)",
    "trunc_normal 0.02": "nn.init.trunc_normal_(module.weight, std=0.02)",
    "xavier_normal": "nn.init.xavier_normal_(module.weight)",
    "xavier_uniform gain=2": "nn.init.xavier_uniform_(module.weight, gain=2.0)",
    "kaiming_normal fan_out": 'nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")',
    "kaiming_uniform fan_in leaky_relu": (
        'nn.init.kaiming_uniform_(module.weight, mode="fan_in", nonlinearity="leaky_relu")'
    ),
    "orthogonal": "nn.init.orthogonal_(module.weight)",
    "constant 3": "nn.init.constant_(module.weight, 3.0)",
    "zeros": "nn.init.zeros_(module.weight)",
    "ones": "nn.init.ones_(module.weight)",
}


@pytest.mark.parametrize("scheme", _INITS)
def test_initialisation(scheme: str) -> None:
    text = f"net n\ninput 3x8x8\nconv3-4, conv3-4 +bn, relu\nfc-2\ninit conv = {scheme} bias=0.5\n"
    graph = netdsl.compile(text)
    source = torch_source(graph)
    assert _INITS[scheme] in source or _INITS[scheme].replace(".0", "") in source, source
    module = built(graph)
    assert torch.equal(module.get_parameter("conv1.bias"), torch.full((4,), 0.5))
    assert contradictions(module, graph) == []


def test_initialisation_by_kind_and_by_label() -> None:
    text = """net n
    input 3x8x8
    first: conv3-4
    body: [conv3-4 +bn, relu, dwconv3, conv3-4]
    p.gamma: scale
    gap, fc-2
    init first = constant 1
    init conv = constant 2 bias=2
    init dwconv = constant 3
    init fc = constant 4 bias=4
    init p.gamma = constant 5
    """
    module = built(netdsl.compile(text))
    weights = {name: set(tensor.flatten().tolist()) for name, tensor in module.named_parameters()}
    assert weights["first.weight"] == {1.0}
    assert weights["first.bias"] == {2.0}
    assert weights["body.0.weight"] == weights["body.4.weight"] == {2.0}
    assert weights["body.3.weight"] == {3.0}
    assert weights["fc1.weight"] == weights["fc1.bias"] == {4.0}
    assert weights["p.gamma"] == {5.0}


def test_a_longer_path_starts_after_a_shorter_wherever_it_stands() -> None:
    module = built(netdsl.compile("input 4x8x8\na.c: conv1-4\nb.c: conv1-4\ninit a.c = ones\ninit c = zeros\n"))
    starts = {path: module.get_parameter(f"{path}.weight").mean().item() for path in ("a.c", "b.c")}
    assert starts == {"a.c": 1.0, "b.c": 0.0}


@pytest.mark.parametrize("first", [0, 1])
def test_depthwise_convolutions_start_apart_from_others(first: int) -> None:
    rules = "\n".join(["init dwconv = ones", "init conv = zeros", "init dwconv = ones"][first : first + 2])
    module = built(netdsl.compile(f"input 4x8x8\na: conv1-4\nb: dwconv3\nc: conv3-8\n{rules}"))
    starts = {path: module.get_parameter(f"{path}.weight").mean().item() for path in "abc"}
    assert starts == {"a": 0.0, "b": 1.0, "c": 0.0}


def test_initialisation_by_the_end_of_a_path() -> None:
    text = """net n
    input 3x8x8
    block f { add { id | conv3-3 +bn, relu, conv3-3 +bn }, head: [conv1-3, relu, conv1-3] }
    f ×3
    init conv = ones
    init bn2 = zeros
    init head = constant 7
    """
    graph = netdsl.compile(text)
    module = built(graph)
    assert 'if name.endswith(".bn2"):' in torch_source(graph)
    for name, parameter in module.named_parameters():
        kind = name.removeprefix("f")[2:]
        value = 0.0 if kind == "bn2.weight" else 7.0 if kind.startswith("head") and "weight" in kind else None
        value = 1.0 if value is None and kind.endswith("weight") else value
        assert value is None or set(parameter.flatten().tolist()) == {value}, name


def test_initialisation_of_kinds_that_start_alike() -> None:
    text = "net n\ninput 8x8x8\nconv3-8, relu, dwconv3, relu, conv3-8 groups=2, relu, linear-4, relu, fc-4\n"
    graph = netdsl.compile(f"{text}init conv, fc, linear = normal 0.5 bias=1\n")
    source = torch_source(graph)
    assert source.count("isinstance") == 1
    assert "if isinstance(module, (nn.Conv2d, nn.Linear)):" in source
    biases = [parameter for name, parameter in built(graph).named_parameters() if name.endswith("bias")]
    assert len(biases) == 5
    assert all(bool((bias == 1).all()) for bias in biases)
    apart = torch_source(netdsl.compile(f"{text}init conv = ones\ninit dwconv = zeros\ninit fc = ones\n"))
    assert "named_modules" not in apart


@pytest.mark.parametrize(("kernel", "stride", "pad"), [(4, 2, 1), (3, 2, 1), (16, 8, 4)])
def test_a_bilinear_start_enlarges_by_interpolation(kernel: int, stride: int, pad: int) -> None:
    text = f"net n\ninput 3x9x9\nup: upconv{kernel}-3/{stride} pad={pad} bias=false frozen\ninit up = bilinear\n"
    module = built(netdsl.compile(text))
    image = torch.randn(1, 3, 9, 9)
    found = module(image)
    if kernel % 2 == 0:
        wanted = nn.functional.interpolate(image, scale_factor=stride, mode="bilinear", align_corners=False)
    else:
        wanted = nn.functional.interpolate(image, size=17, mode="bilinear", align_corners=True)
    inner = (..., slice(stride, -stride), slice(stride, -stride))
    torch.testing.assert_close(found[inner], wanted[inner])
    with torch.device("meta"):
        assert built(netdsl.compile(text)).get_parameter("up.weight").is_meta


# -- soft-max at the end ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["soft-max eval", "soft-max", "[soft-max] eval", "log_softmax eval"])
def test_strip_probabilities(end: str) -> None:
    aux = "output aux train { @a, gap, fc-3, soft-max }"
    graph = netdsl.compile(f"net n\ninput 3x8x8\na: conv3-4\ngap\nfc-5\n{end}\n{aux}\n")
    bare = strip_probabilities(graph)
    assert {node.op.keyword for node in bare.nodes} == {"input", "conv", "gap", "fc"}
    whole, logits = built(graph).eval(), built(bare).eval()
    logits.load_state_dict(whole.state_dict())
    image = torch.randn(2, 3, 8, 8)
    scores = logits(image)
    normal = torch.log_softmax(scores, 1) if "log" in end else torch.softmax(scores, 1)
    torch.testing.assert_close(whole(image), normal)
    assert contradictions(logits, bare) == []
    assert netdsl.stats(bare).totals.params == netdsl.stats(graph).totals.params


def test_strip_probabilities_leaves_what_something_else_uses() -> None:
    graph = netdsl.compile("net n\ninput 8\nfc-4\np: softmax\noutput second { @p, fc-2 }\nid\n")
    bare = strip_probabilities(graph)
    assert len(bare.nodes) == len(graph.nodes)
    agrees(bare)
    assert bare.nodes[bare.outputs[0].node].op.keyword == "fc"


def test_strip_probabilities_of_a_net_without_any() -> None:
    graph = compiled("dense")
    assert strip_probabilities(graph) is graph


# -- loops ------------------------------------------------------------------------------------------------------------


def loops(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip().startswith("for i in range")]


def test_numbered_members_are_made_and_called_in_loops() -> None:
    graph = netdsl.compile(SPECS / "densenet.net", variant="121")
    block = classes(torch_source(graph))["Dense"]
    assert loops(block) == ["for i in range(1, 7):"] * 2
    assert 'self.add_module(f"denselayer{i}", Denselayer(32 + 32 * i))' in block
    assert 'x = torch.cat((x, getattr(self, f"denselayer{i}")(x)), 1)' in block
    assert block.rstrip().endswith("return x")


def numbered(count: int, layer: str, start: int = 1) -> str:
    return "net n\ninput 4x8x8\n" + "".join(f"a{start + at}: {layer.format(at)}\n" for at in range(count))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (numbered(7, "conv3-4"), 2),
        (numbered(5, "conv3-4"), 0),
        (numbered(8, "conv3-{{4 + 2 * {}}}", start=0), 1),
        (numbered(7, "conv3-8 groups=4"), 2),
        (numbered(7, "conv3-4\nrelu"), 0),
        (numbered(4, "conv3-4") + numbered(4, "conv3-4", start=7).partition("8x8\n")[2], 0),
        (numbered(6, "conv3-{{4 * 2 ** {}}}"), 0),
    ],
    ids=["equal", "few", "even steps", "the first differs", "not in a row", "a gap", "powers"],
)
def test_what_counts_evenly_is_a_loop(text: str, expected: int) -> None:
    graph = netdsl.compile(text)
    assert len(loops(torch_source(graph))) == expected
    agrees(graph)


def test_a_loop_counts_by_a_name_that_is_free() -> None:
    text = """net n
    input i 4x8x8
    input j 4x8x8
    block f(k) { conv3-k }
    add { @i | @j }
    """ + "".join(f"a{at}: f(4)\n" for at in range(1, 9))
    graph = netdsl.compile(text + "add { @a8 | @i }\n")
    assert loops(torch_source(graph)) == ["for i in range(1, 9):"]
    assert "for k in range(1, 9):" in torch_source(graph)
    agrees(graph)
