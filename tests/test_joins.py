"""What is said of branches that do not join: the help is carried out here, and the net then compiles."""

from __future__ import annotations

import re

import pytest

from netdsl.diagnostics import Diagnostic, Edit, Span, edited
from netdsl.elaborate import analyse
from netdsl.elaborate.helps.mending import stride_to
from netdsl.ir.types import Shape
from netdsl.ops.conv import Conv

#: A spec, and the help that is given for its join.
JOINS = {
    "a skip beside a stride": ("add { conv3-32/2 | id }", "`conv1-32/2` in place of `id` makes the shapes equal"),
    "the skip first": ("add { id | conv3-32/2 }", "`conv1-32/2` in place of `id` makes the shapes equal"),
    "a stride of 3": ("add { conv5-8/3 | id }", "`conv1-8/3` in place of `id` makes the shapes equal"),
    "patches": ("add { conv3-8/3 | id }", "`conv3-8/3` in place of `id` makes the shapes equal"),
    "patches for concat": ("concat { conv3-8/3 | id }", "`maxpool3` in place of `id` makes the sizes equal"),
    "a stride of several layers": (
        "add { conv3-32/2, relu, maxpool | id }",
        "`conv1-32/4` in place of `id` makes the shapes equal",
    ),
    "a skip that is not `id` alone": (
        "add { conv3-16/2 | if true { id } }",
        "`conv3-16` in place of `conv3-16/2` makes the shapes equal",
    ),
    "a stride that is a parameter": (
        "block f(c, s) { add { conv3-c/s, relu, conv3-c | conv1-c } }\nf(8, 2)",
        "`conv1-c/s` in place of `conv1-c` makes the shapes equal",
    ),
    "channels and a suffix as another branch has them": (
        "block f(c) { add { conv1-c, relu, conv1-{4*c} +bn | id } }\nf(8)",
        "`if in.c != 4*c { conv1-{4*c} +bn } else { id }` in place of `id` makes the channels equal",
    ),
    "a shortcut that some calls alone project": (
        "block f(c, s=1) { add { conv1-c/s, relu, conv1-{4*c} +bn | id } }\nf(4)\nf(8, s=2)\nf(8) as last",
        "`if s != 1 or in.c != 4*c { conv1-{4*c}/s +bn } else { id }` in place of `id` makes the shapes equal",
    ),
    "channels that another place means": (
        "block f { add { [conv1-{in.c*2}, relu] ×2 | id } }\nf",
        "`conv1-64` in place of `id` makes the channels equal",
    ),
    "an even kernel": ("add { conv4-16 | id }", "`conv4-16 same_tf` in place of `conv4-16` makes the shapes equal"),
    "a pool without its stride": (
        "concat { conv3-8 | maxpool3 same, conv1-8 }",
        "`maxpool3/1 same` in place of `maxpool3 same` makes the sizes equal",
    ),
    "a stride that is left out": (
        "concat { dwconv3/2, conv1-8 | dwconv3 }",
        "`dwconv3` in place of `dwconv3/2` makes the sizes equal",
    ),
    "a padding less than the dilation": (
        "concat { conv1-8 | conv3-8 dilation=6 pad=3 }",
        "`conv3-8 dilation=6 pad=6` in place of `conv3-8 dilation=6 pad=3` makes the sizes equal",
    ),
    "a stride and channels": (
        "add { conv3-16 | id | conv3-32/2 }",
        "`conv3-16` in place of `conv3-32/2` makes the shapes equal",
    ),
    "a layer of a block, without padding": (
        "block f(c) { conv3-c valid, relu }\nconcat { id | f(8) }",
        "`conv3-c pad=1` in place of `conv3-c valid` makes the sizes equal",
    ),
    "a vector beside a map": ("add { gap, fc-16 | id }", "`gap, fc-16` at the end of branch 2 makes the shapes equal"),
    "a vector for concat": (
        "concat { gap, flatten | id }",
        "`gap, flatten` at the end of branch 2 makes the sizes equal",
    ),
    "vectors": ("flatten\nadd { fc-8, relu | id }", "`fc-8` in place of `id` makes the shapes equal"),
    "the map of another level": (
        "a1: conv3-8, relu\nmaxpool\na2: conv3-8, relu\nconcat { id | @a1 }",
        "`@a2` in place of `@a1` makes the sizes equal",
    ),
    "either of two levels": (
        "a1: conv3-8\nmaxpool\na2: conv3-8\nb2: relu\nupsample ×2\nb1: relu\nadd { @a1 | @b2 }",
        "`@a2` in place of `@a1`, or `@b1` in place of `@b2`, makes the shapes equal",
    ),
    "a crop to a named tensor": (
        "conv3-8, relu as big\nconv3-8 valid, relu as small\nconcat { @big | @small }",
        "`crop @small` at the end of branch 1 makes the sizes equal",
    ),
    "axes that were moved": (
        "add { permute 2x3x1, linear-16 | id }",
        "`permute 3x1x2` at the end of branch 1 makes the shapes equal",
    ),
    "a linear layer between moved axes": (
        "add { permute 2x3x1, linear-8, permute 3x1x2 | id }",
        "`linear-16` in place of `linear-8` makes the channels equal",
    ),
    "tokens": (
        "reshape 16x1024\npermute 2x1\nadd { linear-17 | id }",
        "`linear-16` in place of `linear-17` makes the shapes equal",
    ),
    "a gate that keeps a map": (
        "mul { id | maxpool, conv1-16, sigmoid }",
        "`gap` at the end of branch 2 makes one factor for each channel of it",
    ),
    "a pool without padding": (
        "concat { conv3-8 | maxpool3/1 }",
        "`maxpool3/1 pad=1` in place of `maxpool3/1` makes the sizes equal",
    ),
    "a valid convolution": (
        "add { conv5-16 valid, relu | id }",
        "`conv5-16 pad=2` in place of `conv5-16 valid` makes the shapes equal",
    ),
    "a suffix after the padding": (
        "add { conv5-16 pad=0 +bn | id }",
        "`conv5-16 pad=2 +bn` in place of `conv5-16 pad=0 +bn` makes the shapes equal",
    ),
    "two layers of three": (
        "concat { conv3-8 | maxpool3/2 | conv1-8/2 }",
        "`conv3-8/2` in place of `conv3-8` and `maxpool3/2 pad=1` in place of `maxpool3/2` make the sizes equal",
    ),
    "a pooling for concat": ("concat { conv3-8/2 | id }", "`maxpool` in place of `id` makes the sizes equal"),
    "an odd size for concat": (
        "crop 31x31\nconcat { conv3-8/2 | id }",
        "`maxpool3/2 pad=1` in place of `id` makes the sizes equal",
    ),
    "a layer of a block": (
        "block f(c) { conv3-c/2, relu }\nadd { f(16) | conv1-16, relu }",
        "`conv1-16/2` in place of `conv1-16` makes the shapes equal",
    ),
    "a map that was not enlarged": (
        "conv3-16 as skip\nmaxpool, relu\nconcat { id | @skip }",
        "`upsample ×2` at the end of branch 1 makes the sizes equal",
    ),
    "the last row of an odd size": (
        "crop 31x31 as skip\nmaxpool, upsample ×2\nconcat { id | @skip }",
        "`crop 30x30` at the end of branch 2 makes the sizes equal",
    ),
    "channels of a skip": ("add { conv3-32, relu | id }", "`conv1-32` in place of `id` makes the channels equal"),
    "channels of a skip, first": ("add { id | conv3-32 }", "`conv1-32` in place of `id` makes the channels equal"),
    "channels of two layers": (
        "add { conv3-32 | conv1-8, relu }",
        "`conv1-32` in place of `conv1-8` makes the channels equal",
    ),
    "channels of a block": (
        "block f(c) { conv3-c, relu }\nadd { conv3-32 | f(8) }",
        "`conv1-32` at the end of branch 2 makes the channels equal",
    ),
    "a factor for each channel": (
        "mul { id | gap, conv1-4, relu, conv1-8, sigmoid }",
        "`conv1-16` in place of `conv1-8` makes the channels equal",
    ),
}


def joined(text: str, input: str = "16x32x32") -> tuple[str, Diagnostic]:
    text = f"input {input}\n{text}\n"
    (problem,) = analyse(text).diagnostics
    assert problem.code == "ND204"
    return text, problem


def mended(text: str, problem: Diagnostic) -> str:
    """The spec with the help carried out, as a person would read it."""
    assert problem.span is not None
    edits = []
    join = problem.span.start
    help = problem.help.split(", or ")[0]  # the first of two ways
    for new, old, number in re.findall(r"`([^`]*)` (?:in place of `([^`]*)`|at the end of branch (\d))", help):
        if old:
            start = text.find(old, join)
            start = text.index(old) if start < 0 else start
            edits.append(Edit(Span(0, start, start + len(old)), new))
        else:
            ends = [note.span.end for note in problem.notes if note.message.startswith(("gives", "makes"))]
            ends = [end for end in ends if text[end:].lstrip()[0] in "|}"]
            edits.append(Edit(Span(0, ends[int(number) - 1], ends[int(number) - 1]), f", {new}"))
    assert edits
    return edited(text, edits)


@pytest.mark.parametrize("name", JOINS)
def test_help_of_a_join_mends_it(name: str) -> None:
    text, problem = joined(JOINS[name][0])
    assert problem.help == JOINS[name][1]
    assert analyse(mended(text, problem)).errors == ()


@pytest.mark.parametrize(("input", "skip"), [("16x64", "/2"), ("16x8x8x8", "/2")])
def test_other_ranks(input: str, skip: str) -> None:
    text, problem = joined("add { conv3-8/2 | id }", input)
    assert problem.help == f"`conv1-8{skip}` in place of `id` makes the shapes equal"
    assert analyse(mended(text, problem)).errors == ()


def test_axes_of_other_strides() -> None:
    text, problem = joined("add { conv3-8/1x2 | id }")
    assert problem.help == "`conv1-8/1x2` in place of `id` makes the shapes equal"
    assert analyse(mended(text, problem)).errors == ()


@pytest.mark.parametrize(
    "join",
    [
        "add { gap, fc-16 | id }",  # a vector beside a map
        "add { maxpool, conv3-16/1x2 | id, conv3-16/2x1, maxpool, relu }",
        "concat { crop 5x9 | id | conv3-8/2 }",
        "add { crop 5x9 | id | conv3-8/2 }",
        "concat { reshape 16x1024 | id }",
        "concat { conv3-8/4, reshape 8x64 | id, flatten | id }",
        "sub { flatten, fc-10 | reshape 16x1024, relu }",
        "mul { id | crop 3, reshape 36x4 }",
    ],
)
def test_where_no_layer_can_be_changed_others_are_added(join: str) -> None:
    text, problem = joined(join)
    assert analyse(mended(text, problem)).errors == ()


def test_branches_to_which_layers_are_added_are_numbered_as_written() -> None:
    _, problem = joined("concat { crop 5x9 | if false { relu } | id }")
    assert problem.help == "`avgpool to=5x9` at the end of branch 3 makes the sizes equal"


def test_where_axes_differ_the_shape_is_said() -> None:
    _, problem = joined("add { conv3-8/4, reshape 8x64 | id }")
    assert problem.help == "branch 2 is to end in 8×64, as branch 1 does"


def notes(problem: Diagnostic, text: str) -> list[tuple[str, str]]:
    return [(text[note.span.start : note.span.end], note.message) for note in problem.notes]


def test_the_layer_that_made_the_difference_is_shown() -> None:
    text, problem = joined("block f(c) { conv3-c/2, bn, relu }\nadd { f(16), relu | id }")
    assert notes(problem, text) == [
        ("relu", "gives 16×16×16"),
        ("conv3-c/2", "makes 16×16×16 of 16×32×32"),
        ("id", "gives 16×32×32"),
    ]
    text, problem = joined("add { conv3-8/2, conv3-4, relu | maxpool }")
    assert notes(problem, text) == [
        ("relu", "gives 4×16×16"),
        ("conv3-4", "makes 4×16×16 of 8×16×16"),
        ("maxpool", "gives 16×16×16"),
    ]


def test_a_branch_is_numbered_as_it_is_written() -> None:
    _, problem = joined("add { conv3-16 | if false { relu } | conv3-16/2 }")
    assert problem.message.startswith("`add` needs branches of equal shape: branch 1 is")
    assert problem.message.endswith("branch 3 is 16×16×16")


def test_the_stride_that_a_projection_needs_is_the_least() -> None:
    for size in range(1, 40):
        for target in range(1, 40):
            strides = [stride for stride in range(2, size + 1) if (size - 1) // stride + 1 == target]
            assert stride_to(size, target) == (strides[0] if strides else 1 if size == target else None)


def test_a_change_of_several_layers_is_said_once() -> None:
    text, problem = joined("add { conv3-8 | conv3-8/2 | relu, conv3-8/2 | conv3-8 | conv3-8 }")
    assert problem.help == "`conv3-8` in place of each `conv3-8/2` makes the shapes equal"
    assert analyse(text.replace("conv3-8/2", "conv3-8")).errors == ()


def test_of_many_branches_those_are_shown_that_were_compared() -> None:
    text, problem = joined("add { " + " | ".join(f"conv3-16 pad={pad}" for pad in range(60)) + " }")
    assert notes(problem, text) == [
        ("conv3-16 pad=0", "makes 16×30×30 of 16×32×32"),
        ("conv3-16 pad=1", "gives 16×32×32"),
    ]
    assert problem.help == "branch 2, branch 3, branch 4, branch 5 and 55 more are to end in 16×30×30, as branch 1 does"


def test_what_is_tried_to_mend_a_join_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []
    infer = Conv.infer

    def counted(op: Conv, inputs: tuple[Shape, ...]) -> Shape:
        tried.append(op)
        return infer(op, inputs)

    monkeypatch.setattr(Conv, "infer", counted)
    chains = (", ".join(["conv5-16"] * 20 + [f"conv5-16 pad={pad}"]) for pad in range(40))
    joined("add { " + " | ".join(chains) + " }")
    assert len(tried) < 10_000
