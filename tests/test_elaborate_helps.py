"""What the helps of the elaborator propose compiles where it is proposed."""

from __future__ import annotations

import pytest

from netdsl.elaborate import analyse

#: A spec below its input, what its help proposes, and the spec that has taken it up.
PROPOSED = {
    "branches of a join": ("add { }", "`add { conv3-3 | id }`", "add { conv3-3 | id }"),
    "branches of vectors": ("fc-7\nmul { }", "`mul { fc-7 | id }`", "fc-7\nmul { fc-7 | id }"),
    "branches of other axes": (
        "reshape 3x1x2x4x8\nconcat { }",
        "`concat { relu | id }`",
        "reshape 3x1x2x4x8\nconcat { relu | id }",
    ),
    "an if around a style": (
        "param wide = true\nif wide { style conv = _, bn, relu }\nconv3-8",
        "`style conv = _, if wide { bn, relu }`",
        "param wide = true\nstyle conv = _, if wide { bn, relu }\nconv3-8",
    ),
    "a label of a number": ("s.{1.5}: conv3-8", "`{int(1.5)}`", "s.{int(1.5)}: conv3-8"),
    "an item that keeps the shape": (
        "[conv3-8, relu] train",
        "`[conv3-8, relu, conv1-3] train`",
        "[conv3-8, relu, conv1-3] train",
    ),
    "a layer that keeps the shape": ("conv3-8 train", "`[conv3-8, conv1-3] train`", "[conv3-8, conv1-3] train"),
    "another shape in training": (
        "maxpool train",
        "`output name train { maxpool }`",
        "output name train { maxpool }\nrelu",
    ),
    "a column given twice": (
        "table A | A-2 | A { relu | gelu | id }",
        "`A-3`",
        "table A | A-2 | A-3 { relu | gelu | id }",
    ),
    "a projection": ("id-64/2", "`conv1-64/2`", "conv1-64/2"),
    "a projection of what enters": ("add { conv3-3/2 | id/2 }", "`conv1-3/2`", "add { conv3-3/2 | conv1-3/2 }"),
    "a word like none, as a convolution": ("qqqq3-8/2", "`conv3-8/2`", "conv3-8/2"),
    "a word like none, as a pooling": ("qqqq3/2", "`maxpool3/2`", "maxpool3/2 allow ND301"),
    "a word like none, as a width": ("qqqq-10", "`fc-10`", "fc-10"),
    "a block like none": (
        "param wide = 3\nqqqq(wide, s=2, 5)",
        "`block qqqq(wide, s, c) { … }`",
        "block qqqq(wide, s, c) { conv3-{wide*s*c} }\nqqqq(3, 2, 5)",
    ),
    "a value and no tensor": ("param n = 8\n@n", "`{n}`", "param n = 8\nconv3-{n}"),
    "a text and no tensor": (
        'param kind = "relu"\n@kind',
        '`if kind == "relu" { … }`',
        'param kind = "relu"\nif kind == "relu" { relu }',
    ),
    "a label before a reuse": ("reuse qqqq", "`tower: [conv3-64, relu]`", "tower: [conv3-3, relu]\nreuse tower"),
    "no rows": ("", "`conv3-64, relu`", "conv3-64, relu"),
    "axes in another order": (
        "add { maxpool, conv3-3/1x2 | id, conv3-3/2x1, maxpool, relu }",
        "`permute 1x3x2` at the end of branch 2",
        "add { maxpool, conv3-3/1x2 | id, conv3-3/2x1, maxpool, relu, permute 1x3x2 }",
    ),
    "a map to be enlarged": (
        "concat { id | crop 2x3 | id }",
        "`upsample to=8` at the end of branch 2",
        "concat { id | crop 2x3, upsample to=8 | id }",
    ),
    "maps beside a vector": (
        "concat { gap, flatten | id | id | id | id | id }",
        "`gap, flatten` at the end of each branch that is a map",
        f"concat {{ gap, flatten{' | id, gap, flatten' * 5} }}",
    ),
}


@pytest.mark.parametrize("name", PROPOSED)
def test_what_a_help_proposes_compiles(name: str) -> None:
    wrong, proposed, right = PROPOSED[name]
    first = analyse(f"input 3x8x8\n{wrong}\n").errors[0]
    assert proposed in (first.help or "")
    assert analyse(f"input 3x8x8\n{right}\n").errors == ()
