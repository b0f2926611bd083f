"""What an operator proposes where it cannot take what enters does: the line mended as its help says compiles."""

from __future__ import annotations

import pytest

from netdsl import analyse
from netdsl.diagnostics import Advice, edited

#: Input, the rows with a mistake, what its help says, and the rows mended as that says, each of its ways.
HELPS = [
    # what makes a map of a vector, and what joins axes
    ("784", "conv3-8", "`reshape 1x28x28` before it", ["reshape 1x28x28, conv3-8"]),
    ("784", "conv3-8", "a vector goes through `fc`", ["fc-8"]),
    ("10", "maxpool", "`reshape 1x10` before it", ["reshape 1x10, maxpool"]),
    ("3x8x8", "reshape 3x2x4x2x4, bn", "`reshape 3x2x4x8` before it", ["reshape 3x2x4x2x4, reshape 3x2x4x8, bn"]),
    # channels in parts
    ("64x8x8", "conv3-128 groups=3", "`groups=2` or `groups=4`", ["conv3-128 groups=2", "conv3-128 groups=4"]),
    ("3x8x8", "conv3-64 groups=3", "`groups=1` would divide 3 and 64", ["conv3-64 groups=1"]),
    ("6x8x8", "conv3-6 groups=7", "`groups=6` would divide them", ["conv3-6 groups=6"]),
    ("6x8x8", "upconv2-8/2 groups=4", "`groups=2` would divide 6 and 8", ["upconv2-8/2 groups=2"]),
    ("6x8x8", "gn 4", "`gn 3` or `gn 6`", ["gn 3", "gn 6"]),
    ("6x8x8", "shuffle 4", "`shuffle 3` or `shuffle 6`", ["shuffle 3", "shuffle 6"]),
    ("1x8x8", "shuffle 2", "leave it out", ["id"]),
    ("6x8x8", "chunk 0 of=4", "`chunk 0 of=3` or `chunk 0 of=6`", ["chunk 0 of=3", "chunk 0 of=6"]),
    ("6x8x8", "chunk 3 of=4", "`chunk 3 of=6`", ["chunk 3 of=6"]),
    ("3x8x8", "chunk 3 of=4", "`chunk 2 of=3`", ["chunk 2 of=3"]),
    ("6x8x8", "chunk 2", "`chunk 1` is the last part; of 3 it is `chunk 2 of=3`", ["chunk 1", "chunk 2 of=3"]),
    ("6x8x8", "chunk 3", "`chunk 1` is the last part", ["chunk 1"]),
    ("6x8x8", "take 2 9", "`take 2 6`", ["take 2 6"]),
    ("6x8x8", "take 2 2", "`take 2 3`", ["take 2 3"]),
    ("6x8x8", "take 4 2", "`take 2 4`", ["take 2 4"]),
    ("6x8x8", "take 8 10", "`take 4 6` is the last 2 of them", ["take 4 6"]),
    ("6x8x8", "take 6 6", "`take 5 6` is the last one", ["take 5 6"]),
    ("6x8x8", "take 9 19", "`take 0 6` is all of them", ["take 0 6"]),
    # LeNet-5's table
    ("4x8x8", 'conv3-2 groups=2 connect="01 12"', "leave `groups` out", ['conv3-2 connect="01 12"']),
    ("4x8x8", 'conv2-2 same connect="01 12"', "leave `same` out", ['conv2-2 connect="01 12"']),
    ("4x8x8", 'conv3-2 same_tf connect="01 12"', "leave `same_tf` out", ['conv3-2 connect="01 12"']),
    ("4x8x8", 'style conv = _ ws\nconv3-2 connect="01 12"', "write `ws=false`", ['conv3-2 ws=false connect="01 12"']),
    ("4x8x8", 'conv3-2 frozen connect="01 12"', "leave `frozen` out", ['conv3-2 connect="01 12"']),
    (
        "4x8x8",
        'conv3-2 pad_mode=reflect connect="01 12"',
        "`pad 1 mode=reflect` before it pads so, with `pad=0` and no `pad_mode` in it",
        ['pad 1 mode=reflect, conv3-2 pad=0 connect="01 12"'],
    ),
    ("4x8x8", 'conv1-2 pad_mode=reflect connect="01 12"', "leave `pad_mode` out", ['conv1-2 connect="01 12"']),
    ("4x8x8", 'conv3-3 connect="01 12"', "`conv3-2`", ['conv3-2 connect="01 12"']),
    ("4x8x8", 'conv3-2 connect="01 122"', "`12` in place of `122`", ['conv3-2 connect="01 12"']),
    ("4x8x8", 'conv3-2 connect="01 1,1"', "`1,` in place of `1,1`", ['conv3-2 connect="01 1,"']),
    ("4x8x8", 'conv3-2 connect="01 19"', "the last of 4 is `3`", ['conv3-2 connect="01 13"']),
    ("14x8x8", 'conv3-2 connect="01 19,"', "the last of 14 is `13,`", ['conv3-2 connect="01 13,"']),
    # weights
    ("3x8x8", "conv3-8 gain", "`ws gain` has both", ["conv3-8 ws gain"]),
    ("3x8x8", "style conv = _ gain\nconv3-8", "`gain=false`", ["style conv = _ gain\nconv3-8 gain=false"]),
    ("3x8x8", "dwconv1 ws", "leave `ws` out", ["dwconv1"]),
    (
        "3x8x8",
        "dwconv1 ws gain",
        "leave `ws gain` out",
        ["dwconv1", "style dwconv = _ ws gain\ndwconv1 ws=false gain=false"],
    ),
    # padding
    ("3x8x8", "conv3-8 same=true same_tf=true", "`same=false`", ["conv3-8 same=false same_tf=true"]),
    (
        "3x8x8",
        "conv3-8/2 same_tf pad_mode=reflect",
        "`pad 0 after=1 mode=reflect` before it pads so, with `valid` in place of `same_tf`",
        ["pad 0 after=1 mode=reflect, conv3-8/2 valid pad_mode=reflect"],
    ),
    ("3x8x8", "conv1-8/2 same_tf pad_mode=reflect", "leave `pad_mode` out", ["conv1-8/2 same_tf"]),
    ("3x2x2", "conv7-8 same_tf pad_mode=reflect", "leave `pad_mode` out", ["conv7-8 same_tf"]),
    ("3x8x8", "conv7-8 pad=9 pad_mode=reflect", "`reflect` here at most 7", ["conv7-8 pad=7 pad_mode=reflect"]),
    ("3x8x8", "conv7-8 pad=9 pad_mode=circular", "here at most 8", ["conv7-8 pad=8 pad_mode=circular"]),
    ("3x8x8", "conv7-8 pad=9 pad_mode=circular", "`pad_mode=replicate`", ["conv7-8 pad=9 pad_mode=replicate"]),
    ("3x8x8", "maxpool3 pad=2", "`pad=1` is the most here", ["maxpool3 pad=1"]),
    ("3x8x8", "maxpool3 pad=2", "a padding of 2 wants a window of 4", ["maxpool4 pad=2"]),
    ("3x8x8", "maxpool3x5 pad=2", "`pad=1x2` is the most here", ["maxpool3x5 pad=1x2"]),
    (
        "3x8x8",
        "pad 1 value=0.5 mode=reflect",
        "`pad 1 value=0.5` is a border of 0.5, `pad 1 mode=reflect`",
        ["pad 1 value=0.5", "pad 1 mode=reflect"],
    ),
    ("3x8x8", "pad 8 mode=reflect", "`mode=replicate` takes any", ["pad 8 mode=replicate", "pad 7 mode=reflect"]),
    ("3x8x8", "pad 9 mode=circular", "`circular` here at most 8", ["pad 8 mode=circular"]),
    ("3x8x8", "upconv2-8/2 pad=20", "`pad=7` is the most here", ["upconv2-8/2 pad=7"]),
    ("3x8x8", "upconv3-8/2 out_pad=2", "`out_pad=1` is the most here", ["upconv3-8/2 out_pad=1"]),
    ("3x8x8", "upconv3-8 out_pad=1", "leave it out", ["upconv3-8"]),
    # windows that are too large
    ("3x4x4", "crop 2, conv5-8 valid", "`pad=2` in place of `valid`", ["crop 2, conv5-8 pad=2"]),
    ("3x4x4", "crop 2, conv5-8 valid", "a kernel of 2", ["crop 2, conv2-8 valid"]),
    ("3x4x4", "crop 2, conv4-8/4", "`pad=1` makes it fit", ["crop 2, conv4-8/4 pad=1", "crop 2, conv2-8/4"]),
    ("3x4x4", "crop 2, conv5-8 pad_mode=reflect valid", "a kernel of 2 fits", ["crop 2, conv2-8 valid"]),
    ("3x4x4", "crop 2, conv3-8 pad=1 dilation=3", "so does `dilation=1`", ["crop 2, conv3-8 pad=1 dilation=1"]),
    ("3x4x4", "crop 2, conv3-8 pad=1 dilation=3", "`pad=3`", ["crop 2, conv3-8 pad=3 dilation=3"]),
    ("3x4x4", "crop 2, conv3-8 valid dilation=3", "a kernel of 2 without `dilation`", ["crop 2, conv2-8 valid"]),
    ("3x4x4", "crop 2, maxpool5", "`pad=2` makes it fit", ["crop 2, maxpool5 pad=2", "crop 2, maxpool2"]),
    ("3x4x4", "crop 2, maxpool2 dilation=4", "`dilation=1` makes it fit", ["crop 2, maxpool2 dilation=1"]),
    ("3x4x4", "crop 2, subsample3", "a kernel of 2 fits", ["crop 2, subsample2"]),
    ("3x4x4x4", "crop 1, avgpool3 pad=1", "a kernel of 1 fits", ["crop 1, avgpool1"]),
    # sizes
    ("3x16x16", "crop 20x8", "`crop 16x8` fits", ["crop 16x8"]),
    ("3x16x16", "crop 8 offset=12x4", "`offset=8x4` fits", ["crop 8 offset=8x4"]),
    ("3x16x16", "crop 20x8 offset=2x4", "`crop 14x8 offset=2x4` goes to the end", ["crop 14x8 offset=2x4"]),
    ("3x16x16", "crop 20x8 offset=16x4", "`crop 16x8` fits, without an `offset`", ["crop 16x8"]),
    (
        "3x16x16",
        "t: id\nmaxpool, crop @t",
        "`upsample` to that tensor",
        ["t: id\nmaxpool, upsample @t", "maxpool, crop 8"],
    ),
    ("3x16x16", "t: id\ncrop @t offset=2", "`offset=0` fits", ["t: id\ncrop @t offset=0"]),
    ("3x16x16", "t: id\ncrop 8 @t", "`crop to=8` or `crop @name`", ["crop to=8", "t: id\ncrop @t"]),
    ("3x16x16", "upsample scale=1x2 to=32", "`upsample scale=1x2` or `upsample to=32`", ["upsample scale=1x2"]),
    ("3x16x16", "upsample scale=2 to=32", "`upsample ×2` or `upsample to=32`", ["upsample ×2", "upsample to=32"]),
    ("3x16x16", "upsample align_corners ×2", "`upsample linear align_corners`", ["upsample linear align_corners ×2"]),
    ("3x16x16", "upsample align_corners ×2", "leave `align_corners` out", ["upsample ×2"]),
    ("3x16x16", "t: id\nreshape 3x256, crop @t", "`crop to=128`", ["reshape 3x256, crop to=128"]),
    ("3x16x16", "t: reshape 3x256\nreshape 3x16x16, upsample @t", "`upsample to=32`", ["upsample to=32"]),
    ("3x8x8", "avgpool3 to=7", "`avgpool to=7` makes 7", ["avgpool to=7", "avgpool3"]),
    ("3x8x8", "avgpool/3 to=7", "`avgpool2/3` has these", ["avgpool to=7", "avgpool2/3"]),
    ("3x8x8", "avgpool to=7 pad=1", "leave `pad` out", ["avgpool to=7", "avgpool to=7 pad=0", "avgpool to=7 valid"]),
    (
        "3x8x8",
        "avgpool to=7 ceil",
        "leave `ceil` out",
        ["avgpool to=7", "style avgpool = _ ceil\navgpool to=7 ceil=false"],
    ),
    ("3x8x8", "avgpool to=7 count_pad=false", "leave `count_pad` out", ["avgpool to=7 count_pad=true"]),
    ("3x9x9", "space_to_depth 2", "`space_to_depth 3` would divide it", ["space_to_depth 3"]),
    ("3x7x8", "space_to_depth 2", "`pad 0 after=1x0` before it", ["pad 0 after=1x0, space_to_depth 2"]),
    ("3x8x8", "space_to_depth 3", "`space_to_depth 2` or `space_to_depth 4`", ["space_to_depth 2", "space_to_depth 4"]),
    ("3x8x8", "crop", "`crop to=4` to a size", ["crop to=4"]),
    ("3x8x8", "upsample", "`upsample ×2` is by a factor, `upsample to=16`", ["upsample ×2", "upsample to=16"]),
    ("5x8x8", "chunk 6", "`chunk 4 of=5` is the last channel", ["chunk 4 of=5"]),
    ("9x8x8", "chunk 6", "`chunk 6 of=9` would divide them", ["chunk 6 of=9"]),
    ("9x8x8", "chunk 2", "`chunk 2 of=3` would divide them", ["chunk 2 of=3"]),
    ("7x1x1", "gn 3", "`gn 1` would divide them", ["gn 1"]),
    ("1x1x1", "gn 3", "leave it out", ["id"]),
    ("3x8x8", "crop 8x8, conv11-4 valid", "a kernel of 8", ["crop 8x8, conv8-4 valid"]),
    # what belongs before another layer
    ("3x8x8", "gap, maxpool", "`maxpool` belongs before `gap`, where the map is still 3×8×8", ["maxpool, gap"]),
    ("3x8x8", "gmp, relu, in_norm", "`in_norm` belongs before `gmp`", ["in_norm, gmp, relu"]),
    ("3x8x8", "fc-7, conv3-8", "`conv` belongs before `fc`, where there is a map: 3×8×8", ["conv3-8, fc-7"]),
    ("3x8x8", "gap, conv5x9-8 valid", "a kernel of 1", ["gap, conv1-8 valid"]),
    ("3x8x8", "gap, flatten, reshape 2x2", "`reshape 1x3` has 3", ["gap, flatten, reshape 1x3"]),
    # axes and elements
    ("3x8x8", "reshape 3x65", "`reshape 3x64` has 192", ["reshape 3x64"]),
    ("3x8x8", "reshape 7x64", "`reshape 3x64` has 192", ["reshape 3x64"]),
    ("3x8x8", "reshape 5x7", "`reshape 4x48` has 192", ["reshape 4x48"]),
    ("3x8x8", "permute 1x1x3", "`permute 2x1x3`", ["permute 2x1x3"]),
    ("3x8x8", "permute 2x1", "`permute 2x1x3`", ["permute 2x1x3"]),
    ("3x8x8", "permute 2x3x4", "`permute 2x3x1`", ["permute 2x3x1"]),
    ("3x8x8", "permute 1x2x3x4", "`permute 2x3x1`", ["permute 2x3x1"]),
    ("12", "permute 2", "leave it out", ["id"]),
    ("3x8x8", "softmax axis=5", "`axis=3` is the last", ["softmax axis=3", "softmax axis=1"]),
    ("10", "softmax axis=2", "`axis=1`, the channels, is the default", ["softmax"]),
    ("8x1x1", "gn 8", "`gn 4` has 2 values a group", ["gn 4"]),
    ("7x1x1", "gn 7", "`gn 1` has 7 values a group", ["gn 1"]),
    ("1x1x1", "gn 1", "leave it out", ["id"]),
    ("4x1x1", "in_norm", "`ln` normalises over the 4 channels", ["ln"]),
    ("1x1x1", "in_norm", "leave it out", ["id"]),
]


@pytest.mark.parametrize(("input", "wrong", "said", "mended"), HELPS)
def test_what_an_operator_proposes_does(input: str, wrong: str, said: str, mended: list[str]) -> None:
    (problem,) = analyse(f"input {input}\n{wrong}\n").errors
    assert said in problem.help
    assert len(problem.help) <= 115
    for rows in mended:
        assert analyse(f"input {input}\n{rows}\n").errors == ()


@pytest.mark.parametrize(
    ("wrong", "fixed"),
    [
        ("avgpool to=7 ceil", "avgpool to=7"),
        ("avgpool ceil to=7", "avgpool to=7"),
        ("avgpool to=7 count_pad=false plain", "avgpool to=7 plain"),
        ("conv1-8/2 same_tf pad_mode=reflect", "conv1-8/2 same_tf"),
        ('conv1-2 pad_mode=reflect connect="01 12"', 'conv1-2 connect="01 12"'),
    ],
)
def test_what_says_nothing_is_left_out(wrong: str, fixed: str) -> None:
    text = f"input 4x8x8\n{wrong}\n"
    (problem,) = analyse(text).errors
    assert isinstance(problem.help, Advice)
    assert edited(text, problem.help.edits) == f"input 4x8x8\n{fixed}\n"


@pytest.mark.parametrize(
    "rows", ["style avgpool = _ ceil\navgpool to=7", "avgpool to=7 pad=1", "conv3-8/2 same_tf pad_mode=reflect"]
)
def test_what_a_style_says_or_has_a_meaning_stays(rows: str) -> None:
    (problem,) = analyse(f"input 4x8x8\n{rows}\n").errors
    assert not isinstance(problem.help, Advice)
