"""A net written out compiles to the same nodes under the same names."""

from __future__ import annotations

from pathlib import Path

import pytest

import netdsl
from netdsl.elaborate import expand
from netdsl.ir.graph import Graph

ROOT = Path(__file__).parent.parent
SPECS = sorted((ROOT / "specs").glob("*.net"))
CASES = [(spec, variant) for spec in SPECS for variant in netdsl.compile(spec).variants or (None,)]

EVERYTHING = """\
net everything "a title with \\"quotes\\""
input 3x32x32
style conv = _, bn, relu
block fuse(a, b) { add { @a | @b } }
block unet(c, n) {
  conv3-c
  if n > 0 { concat { id | maxpool, unet(2*c, n-1), upconv2-c/2 +bn } }
  conv3-c
}
a: conv3-16
b: conv3-16/1
fuse(@a, @b)
down.0: conv3-16
"block1-0": conv3-16
convs: conv3-16 ×3
mul { id | gap, fc-4 plain, relu, fc-16 plain, sigmoid }
unet(8, 2)
sepconv3-32
upsample ×2
crop @a
c.{1+1}: conv3-8 as foo
add { @foo | conv3-8 +bn ×{2} | if false { relu } }
[maxpool, conv1-4] ×2
conv1-16
reuse convs
x: droppath 0..0.2 ×3
relu train
[conv1-16, conv1-16] eval
output side train weight=0.3 { @foo, gap, fc-10 }
init conv = kaiming_normal fan_out
"""


def nodes(graph: Graph) -> list[tuple[object, ...]]:
    return [(node.op, node.inputs, node.shape, node.module, node.mode) for node in graph.nodes]


def outputs(graph: Graph) -> list[tuple[object, ...]]:
    return [(output.name, output.node, output.mode, output.weight) for output in graph.outputs]


@pytest.mark.parametrize(("spec", "variant"), CASES, ids=lambda value: getattr(value, "stem", str(value)))
def test_the_specs(spec: Path, variant: str | None) -> None:
    before = netdsl.compile(spec, variant=variant)
    after = netdsl.compile(expand(spec, variant=variant))
    assert nodes(after) == nodes(before)
    assert outputs(after) == outputs(before)


def test_every_construct() -> None:
    before = netdsl.compile(EVERYTHING)
    text = expand(EVERYTHING)
    after = netdsl.compile(text)
    assert nodes(after) == nodes(before)
    assert outputs(after) == outputs(before)
    assert [init.model_copy(update={"span": (0, 0, 0)}) for init in after.inits] == [
        init.model_copy(update={"span": (0, 0, 0)}) for init in before.inits
    ]
    assert "style" not in {line.split(" ")[0] for line in text.splitlines()}


def test_each_value_says_where_it_came_from() -> None:
    text = expand("input 3x8x8\nstyle conv = _ groups=1, bn\nconv3-4/2 pad=0\n")
    line = next(line for line in text.splitlines() if line.startswith("conv1:"))
    assert "groups by its style" in line
    assert "bias since batch norm follows" in line
    assert "dilation, pad_mode by default" in line
    assert "line 3" in line


@pytest.mark.parametrize("name", ["lambda", "None", "a b", 'a"b', "a\\b", "a{b", 'x": relu #', "07", "é"])
def test_labels_that_need_quotes(name: str) -> None:
    written = name.replace("\\", "\\\\").replace('"', '\\"').replace("{", "\\{")
    text = f'input 3x8x8\n"{written}": [conv3-3, "{written}": bn]\nm."{written}": conv3-3\nreuse m."{written}"\n'
    graph = netdsl.compile(text)
    assert [node.module for node in graph.nodes][2:] == [f"{name}.{name}", f"m.{name}", f"m.{name}"]
    assert nodes(netdsl.compile(expand(text))) == nodes(graph)


#: Outputs of modules that are applied again, and outputs of tensors that are there already.
AGAIN = """\
input 4x6x6
l0: [conv3-4, relu]
l1: conv1-4
output a train { @l1, reuse l0 }
output b { @l1, conv1-4, reuse l1, reuse l0 }
output c eval { reuse l1, tanh, reuse l0, sigmoid }
output d { reuse l1, conv1-5, gap }
output e train { reuse l1, l0b: [reuse l0, add { reuse l1 | id }] }
relu
reuse l1
output f train { @l1, maxpool, reuse l0 }
tanh
"""
THERE = """\
input 4x6x6
output z { id }
conv3-4 as a
output b { @a }
output c train { @a }
relu
output d { conv1-3 }
bn
output e eval { @a }
tanh
"""


#: A label of the input's tensor.
PASSED = 'input 4x6x6\n"a b": [id]\nconv3-4\nadd { id | @"a b" }\n'


#: Names of the net that mean another tensor in an output.
HIDDEN = """\
input 4x6x6
conv3-4, relu
a: [conv1-4, relu]
output o { @a, a: [conv1-4, relu], relu, conv1-4 as b, add { id | @b | @a } }
output p { conv1-4, add { id | conv1-4, relu | tanh } }
output q { conv1-4, relu, @a }
tanh
"""


#: Modules and tensors of outputs whose scopes are called as the output is, or as a scope of the net is.
ALIKE = """\
input 4x6x6
s: [c: conv3-4 bias=false]
k: reuse s.c
relu
output o { c: conv3-4, relu, o: [relu, c: conv1-4], reuse c, add { id | @c } }
output p { s: [c: conv1-4], relu, reuse k, tanh, reuse s.c }
output q { @k, s: [c: conv1-4], relu, reuse k, add { id | @s.c } }
tanh
"""
LATER = """\
input 4x6x6
s: [c: conv3-4 bias=false]
output o { k: reuse s.c, relu, s: [c: conv1-4], relu, reuse k, tanh, reuse s.c }
tanh
"""


@pytest.mark.parametrize(
    "text",
    [AGAIN, THERE, PASSED, HIDDEN, ALIKE, LATER],
    ids=["again", "there", "passed", "hidden", "alike", "later"],
)
def test_outputs(text: str) -> None:
    before, after = netdsl.compile(text), netdsl.compile(expand(text))
    assert nodes(after) == nodes(before)
    assert outputs(after) == outputs(before)


def test_sizes_of_any_number_stand_all() -> None:
    text = "input 16\nreshape 4x4\nreshape 2x2x4\nconv3-4\nconv3x1-4 stride=2x2\n"
    assert nodes(netdsl.compile(expand(text))) == nodes(netdsl.compile(text))


def test_a_start_of_what_has_no_modules_is_left_out() -> None:
    text = "input 8\na: [abs]\nb.c: fc-4\ninit a = zeros\ninit b = ones\ninit c = normal 0.1\n"
    found = [line for line in expand(text).splitlines() if "init" in line]
    assert found == ["init b = ones", "init c = normal std=0.1"]
