"""That a generated ``forward`` and ``__init__`` say things as a person would: names, chunks, loops."""

from __future__ import annotations

import textwrap

import netdsl
from netdsl.backends.torch_source import torch_source
from netdsl.ir.graph import Graph
from tests.agree import agrees, built
from tests.test_torch_source import SPECS, classes


def compiled(text: str) -> Graph:
    return netdsl.compile(f"net n\n{textwrap.dedent(text)}")


def forward(source: str, name: str) -> list[str]:
    """The lines of a class's ``forward``, without their indentation."""
    _, _, body = classes(source)[name].partition("    def forward(self")
    return [line.strip() for line in body.splitlines()[1:] if line.strip()]


def test_a_long_sum_has_a_line_an_operand() -> None:
    names = [f"a_name_of_thirty_letters_{at}" for at in range(5)]
    rows = "".join(f"{name}: conv3-4\n" for name in names)
    total = " | ".join(f"@{name}" for name in names)
    lines = forward(torch_source(compiled(f"input 4x8x8\n{rows}add {{ {total} }}\nconv1-4\n")), "N")
    assert lines[-8:-2] == ["x = (", names[0], *(f"+ {name}" for name in names[1:4]), f"+ self.{names[4]}({names[3]})"]


def test_what_a_call_leaves_out_is_what_it_has_not() -> None:
    # The first bottleneck has no 1×1 convolution that expands: its depthwise one is not the first of the others.
    source = torch_source(netdsl.compile(SPECS / "mobilenet_v3.net", variant="small"))
    assert "Bneck(16, 3, 16, 16, SE=True, s=2, activation=nn.ReLU, channels=8)," in source
    assert "layers.append(ConvBNActivation(exp, exp, k, stride=s, groups=exp, activation=activation))" in source


def test_a_condition_is_the_one_that_the_spec_writes() -> None:
    # The stride and the channels change at the same call, so that the numbers allow either.
    for condition, said in (("s != 1", "s != 1"), ("in.c != c", "in_channels != c")):
        block = f"block b(c, s) {{\n  down: conv3-c/s\n  relu\n  if {condition} {{ more: conv1-c }}\n}}\n"
        source = torch_source(compiled(f"{block}input 4x16x16\nb(4, 1)\nb(8, 2)\nb(8, 1)\ngap, fc-2\n"))
        assert f"self.more = nn.Conv2d(c, c, 1) if {said} else nn.Identity()" in source


def test_what_stands_under_else_has_the_condition_too() -> None:
    # Three parameters change at the same call, and a comment speaks of one of them.
    for name in "kde":
        choice = f"  if {name} > 1 {{ id }} # if k {{\n  else {{ bn }}\n"
        drops = "".join(f"  dropout {{0.1*{one}}}\n" for one in "kde")
        block = f"block b(c, k=1, d=1, e=1) {{\n  conv3-c\n{choice}{drops}}}\n"
        calls = "b(8)\nb(16, k=2, d=2, e=2)\nb(8)\nb(32, k=3, d=3, e=3)\n"
        source = torch_source(compiled(f"{block}input 8x16x16\n{calls}gap, fc-2\n"))
        assert f"self.bn1 = nn.BatchNorm2d(c) if {name} == 1 else nn.Identity()" in source


def test_a_block_that_some_calls_have_has_the_condition_around_its_call() -> None:
    for name in "kd":
        inner = "block inner(c) {\n  conv1-c\n  if in.c > 0 { relu }\n}\n"
        drops = "".join(f"  dropout {{0.1*{one}}}\n" for one in "kd")
        block = f"block b(c, k=1, d=1) {{\n  conv3-c\n  if {name} > 1 {{ inner(c) }}\n{drops}}}\n"
        calls = "b(8)\nb(16, k=2, d=2)\nb(8)\nb(32, k=3, d=3)\n"
        source = torch_source(compiled(f"{inner}{block}input 8x16x16\n{calls}gap, fc-2\n"))
        assert f" if {name} != 1 else nn.Identity()" in source


def test_classes_of_one_block_are_called_after_what_tells_them_apart() -> None:
    # A label that only some calls have, and a word among their arguments.
    for stem, names in (("unet", ("Level", "LevelBelowUp")), ("inception_v2", ("Inception", "InceptionMax"))):
        source = torch_source(netdsl.compile(SPECS / f"{stem}.net"))
        assert all(f"class {name}(nn.Module):" in source for name in names)


def test_names_of_members_are_read_as_they_are_written() -> None:
    # Python reads the ligature of an attribute as two letters.
    graph = compiled('input 4x8x8\n"größe": conv3-4\n"ﬁ": conv3-4\n"a b": conv3-4\nplain: conv3-4\n')
    lines = forward(torch_source(graph), "N")
    assert [line.partition("#")[0].strip() for line in lines] == [
        "x = self.größe(x)",
        'x = self.get_submodule("ﬁ")(x)',
        'x = getattr(self, "a b")(x)',
        "return self.plain(x)",
    ]
    agrees(graph)


# -- variables --------------------------------------------------------------------------------------------------------


def test_a_label_inside_a_style_names_no_variable_outside() -> None:
    text = """
    input 3x8x8
    style conv = [conv: _, bn: bn, relu: relu]
    block mix(c) {
      concat { one: conv1-c | two: [conv1-c, conv3-c] | conv1-c, conv1x3-c, conv3x1-c }
    }
    mix(4), mix(8)
    a: conv3-16
    add { id | conv3-16, mix(4), b: conv3-16 }
    """
    graph = compiled(text)
    agrees(graph)
    source = torch_source(graph)
    assert forward(source, "Mix") == [
        "one = self.one(x)",
        "two = self.two(x)",
        "branch3 = self.conv2(x)",
        "branch3 = self.conv3(branch3)",
        "branch3 = self.conv4(branch3)",
        "return torch.cat((one, two, branch3), 1)",
    ]
    assert not any(line.startswith("relu") for line in forward(source, "N"))


def test_labels_that_count_along_a_branch_are_one_variable() -> None:
    source = torch_source(netdsl.compile(SPECS / "inception_v3.net"))
    assert forward(source, "Inception5") == [
        "branch1x1 = self.branch1x1(x)",
        "branch5x5 = self.branch5x5_1(x)",
        "branch5x5 = self.branch5x5_2(branch5x5)",
        "branch3x3dbl = self.branch3x3dbl_1(x)",
        "branch3x3dbl = self.branch3x3dbl_2(branch3x3dbl)",
        "branch3x3dbl = self.branch3x3dbl_3(branch3x3dbl)",
        "branch_pool = self.avgpool1(x)",
        "branch_pool = self.branch_pool(branch_pool)",
        "return torch.cat((branch1x1, branch5x5, branch3x3dbl, branch_pool), 1)",
    ]


def test_a_value_with_a_label_takes_no_other_value_s_name() -> None:
    text = """
    input image 3x16x16
    conv3-8
    pool: maxpool
    conv3-4
    up: upconv2-4/2 valid
    add { id | @pool, score: conv1-4, upsample @up }
    """
    graph = compiled(text)
    agrees(graph)
    assert forward(torch_source(graph), "N") == [
        "x = self.conv1(x)  # 8x16x16",
        "pool = self.pool(x)  # 8x8x8",
        "x = self.conv2(pool)  # 4x8x8",
        "x = self.up(x)  # 4x16x16",
        "score = self.score(pool)  # 4x8x8",
        "score = self.upsample1(score)  # 4x16x16",
        "return x + score",
    ]


def test_a_tensor_that_gives_its_shape_alone_is_not_passed() -> None:
    text = """
    input 3x16x16
    a: conv3-8
    maxpool
    conv3-8
    upsample @a
    add { id | crop @a }
    """
    graph = compiled(text)
    agrees(graph)
    assert "self.upsample1(x)" in torch_source(graph)


def test_chunks_of_one_tensor_are_one_statement() -> None:
    text = """
    input 3x8x8
    conv3-12
    block unit { concat { chunk 0 of=2 | chunk 1 of=2, conv3-{in.c//2} }, shuffle 2 }
    unit ×2
    concat { chunk 2 of=3 | chunk 0 of=3, a: relu | chunk 1 of=3, conv3-4 }
    concat { chunk 0 of=3 | id }
    """
    graph = compiled(text)
    agrees(graph)
    source = torch_source(graph)
    assert forward(source, "Unit")[:2] == ["x1, x2 = x.chunk(2, dim=1)", "x = torch.cat((x1, self.conv1(x2)), 1)"]
    assert forward(source, "N")[3:] == [
        "x1, x2, x3 = x.chunk(3, dim=1)",
        "x = torch.cat((x3, self.a(x1), self.conv2(x2)), 1)",
        "y = x.chunk(3, dim=1)[0]  # 4x8x8",
        "return torch.cat((y, x), 1)",
    ]


# -- arguments --------------------------------------------------------------------------------------------------------


def test_arguments_that_are_always_equal_keep_the_names_that_the_spec_uses() -> None:
    text = """
    input 3x8x8
    block fire(s, b, e1, e3) {
      squeeze: conv1-s +bn
      concat { one: conv1-e1 | three: conv3-e3, conv1-{2*e3} groups=e3 }
    }
    fire(2, 4, 4, 4), fire(3, 8, 8, 8)
    """
    graph = compiled(text)
    agrees(graph)
    block = classes(torch_source(graph))["Fire"]
    assert "def __init__(self, in_channels: int, s: int, e1: int, e3: int) -> None:" in block
    assert "self.one = nn.Conv2d(s, e1, 1)" in block
    assert "self.three = nn.Conv2d(s, e3, 3, padding=1)" in block
    assert "self.conv4 = nn.Conv2d(e3, 2 * e3, 1, groups=e3)" in block
    # Without the text of the spec one name is as good as the other.
    bare = graph.model_copy(update={"sources": ()})
    assert "self.three = nn.Conv2d(s, b, 3, padding=1)" in torch_source(bare)
    agrees(bare)


def test_only_channels_are_computed_from_channels() -> None:
    text = """
    input 8x16x16
    block f(c) { conv3-c/{c//8} +bn, conv{c//8*2+1}-{2*c} +relu, dropout {c/100} }
    f(8), f(16)
    """
    graph = compiled(text)
    agrees(graph)
    block = classes(torch_source(graph))["F_"]
    assert "self.conv1 = nn.Conv2d(c, c, 3, stride=stride, padding=1, bias=False)" in block
    assert "self.conv2 = nn.Conv2d(c, 2 * c, kernel_size, padding=kernel_size // 2)" in block
    assert "self.dropout1 = nn.Dropout(p)" in block


# -- classes ----------------------------------------------------------------------------------------------------------


def test_a_shortcut_takes_the_channels_that_enter() -> None:
    # In each call that has a projection, what enters has as many channels as `c`, and the projection is of what enters.
    graph = compiled("""
        input 3x16x16
        block wide(c, s = 1) {
          add { conv3-c/s, conv3-{2*c} | if s != 1 or in.c != 2*c { conv1-{2*c}/s } else { id } }
        }
        conv3-8
        wide(8), wide(8), wide(16, s=2), wide(16), gap, fc-2
    """)
    source = torch_source(graph)
    assert "nn.Conv2d(in_channels, 2 * c, 1, stride=s)" in source and "nn.Conv2d(in_channels, c, 3," in source
    agrees(graph)


def test_a_projection_of_one_call_takes_the_channels_that_enter() -> None:
    """Not the number that they have in that call: another call would be broken by it."""
    text = "net one\ninput 8x8x8\nstyle conv = _, bn, relu\nblock unit(c, s = 1) {\n  add { conv3-c/s, conv3-c +bn | "
    text += "if s != 1 or in.c != c { conv1-c/s +bn } else { id } }\n}\nunit(8), unit(16, s=2), unit(16)\n"
    made = torch_source(netdsl.compile(text))
    assert "nn.Conv2d(in_channels, c, 1, stride=s, bias=False) if in_channels != c else nn.Identity()" in made
    assert "Conv2d(8," not in made


def test_a_layer_s_class_is_called_after_the_more_general_kind() -> None:
    text = """
    input 8x8x8
    style conv = [_, bn, relu]
    dwconv3, conv1-16, dwconv3/2
    """
    graph = compiled(text)
    agrees(graph)
    source = torch_source(graph)
    assert list(classes(source)) == ["ConvBNReLU", "N"]
    assert "self.dwconv2 = ConvBNReLU(16, 16, 3, stride=2, groups=16)" in source
    assert list(classes(torch_source(compiled(text.replace("conv1-16, ", ""))))) == ["DwconvBNReLU", "N"]


# -- how weights start ------------------------------------------------------------------------------------------------


def started(graph: Graph) -> dict[str, float]:
    """The value of each parameter that is filled with one."""
    values = {name: set(tensor.flatten().tolist()) for name, tensor in built(graph).named_parameters()}
    return {name: value.pop() for name, value in values.items() if len(value) == 1}


def test_labels_that_start_alike_share_a_loop() -> None:
    text = """
    input 3x8x8
    a: conv3-4
    b: [conv3-4, c: conv3-4]
    gap
    d: fc-4
    init conv, fc = constant 2 bias=1
    init a, b.c, d = constant 3 bias=0
    """
    graph = compiled(text)
    agrees(graph)
    source = torch_source(graph)
    assert "for module in (self.a, self.d, self.b.c):" in source
    assert "nn.init.ones_(module.bias)" in source
    assert "            nn.init.zeros_(module.bias)\n\n" in source
    assert started(graph) == {
        **dict.fromkeys(("a.weight", "b.c.weight", "d.weight"), 3.0),
        **dict.fromkeys(("a.bias", "b.c.bias", "d.bias"), 0.0),
        "b.0.weight": 2.0,
        "b.0.bias": 1.0,
    }


def test_a_scope_of_every_block_starts_in_a_loop() -> None:
    text = """
    input 4x8x8
    block f { conv3-4, head: [conv3-4, relu, conv3-4], headless: conv1-4 }
    f, f
    init conv = constant 2
    init head = constant 3
    """
    graph = compiled(text)
    assert 'if ".head." in name and isinstance(module, nn.Conv2d):' in torch_source(graph)
    weights = {name: value for name, value in started(graph).items() if name.endswith("weight")}
    assert {name for name, value in weights.items() if value == 3} == {
        *("f1.head.0.weight", "f1.head.2.weight", "f2.head.0.weight", "f2.head.2.weight")
    }
    assert set(weights.values()) == {2.0, 3.0}


def test_a_class_and_what_derives_from_it_start_together() -> None:
    text = """
    input 4x8x8
    conv3-4, relu, conv3-4 ws, relu, conv3-4 same_tf, relu, conv3-4/2 same_tf ws, gap, fc-2
    init conv = constant 2 bias=3
    """
    graph = compiled(text)
    source = torch_source(graph)
    assert source.count("isinstance") == 1
    assert "if isinstance(module, nn.Conv2d):" in source
    assert sum(value in (2, 3) for value in started(graph).values()) == 8
    apart = torch_source(compiled(text.replace("init conv", "init conv4 = ones\n    init conv")))
    assert "nn.init.ones_(self.conv4.weight)" in apart
