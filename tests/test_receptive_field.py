"""Receptive fields against what modules do: every input element that moves an output, and none besides.

The modules have weights of one and no biases. Fed with zeros but for one line of ones, a net of sums and maxima gives
something above zero exactly where it sees that line.
"""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import netdsl
from netdsl.analyses.patterns import Axis
from netdsl.analyses.receptive_field import Field, receptive_fields
from netdsl.analyses.stats import stats
from netdsl.ops.windows import spread

BLOCKS = """\
block cropped(a, b) { crop {in.w - a - b} offset=a }
block deep(k) { id as t, maxpool, conv{k}-2, upsample @t as u, concat { @t | @u }, conv1-2 }
block smooth(k) { id as t, avgpool3/2 pad=1, conv{k}-2, upsample linear @t as u, add { @t | @u } }
block unet(k) { conv3-2 as t, maxpool, conv{k}-2 valid, upconv2-2/2 as u, concat { @t, crop @u | @u }, conv3-2 valid }
block halves { id as t, conv3-2/2 as s, concat { @s | @t, crop @s }, conv1-2 }
block apart { concat { pad 0 after=1 | pad 1 after=0 }, conv1-2 }
block leaving { id as t, conv1-2/2 as s, concat { @s | @t, crop @s offset=0 }, conv1-2 }
block context { id as t, gap, conv1-2, upsample @t as u, concat { @t | @u }, conv1-2 }
block mixed(k) { add { conv{k}-2 dilation=2 pad={k-1} | conv1-2 | maxpool{2*(k//2)+1}/1 same }, relu }
block blocks(s) { crop {in.w - in.w % s}, space_to_depth {s}, conv1-2 }
block resized(n) { upsample to={in.w + n} linear }
block nearer(n) { upsample to={in.w + n} }
block pooled(n) { avgpool to={in.w // 2 + n} }
block shuffled { conv3-4, shuffle 2, conv1-2 }
block channels { permute 2x1, linear-3, relu, linear-2, permute 2x1 }
block pixels { conv1-4, reshape 2x2x{in.w}, permute 1x3x2, reshape 2x{2*in.w} }
"""
#: Elements of the nets with one axis, and how far from its edges what is compared must stay.
LENGTH, MARGIN = 200, 60


def source(rows: str, size: tuple[int, ...], channels: int = 2) -> str:
    return f"net n\n{BLOCKS}input {'x'.join(map(str, (channels, *size)))}\n{rows}\nallow ND303"


def told(text: str, size: tuple[int, ...], axis: int, channels: int = 2) -> torch.Tensor:
    """Whether each element of a net's output is told of each line of its input across ``axis``: (lines, *output)."""
    module = netdsl.load(text).double().eval()
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.fill_(0 if name.endswith("bias") else 1)
        images = torch.zeros(size[axis], channels, *size, dtype=torch.float64)
        for line in range(size[axis]):
            images.select(axis + 2, line)[line] = 1
        # Where an interpolated place meets an element, the weight of its neighbour is zero but for rounding.
        return torch.as_tensor(module(images)) > 1e-11


def extents(lines: torch.Tensor) -> list[tuple[int, int] | None]:
    """The first and the last line that each element is told of, of (lines, elements)."""
    found = [element.nonzero().flatten().tolist() for element in lines.T]
    return [(seen[0], seen[-1]) if seen else None for seen in found]


def widest(text: str, size: tuple[int, ...], channels: int = 2) -> tuple[int, ...]:
    """The largest extent that any element of a net's output sees, along each axis of the input."""
    sizes = []
    for axis in range(len(size)):
        found = extents(told(text, size, axis, channels).flatten(1))
        sizes.append(max(seen[1] - seen[0] + 1 for seen in found if seen is not None))
    return tuple(sizes)


def field(rows: str, size: tuple[int, ...], channels: int = 2) -> Field | None:
    return receptive_fields(netdsl.compile(source(rows, size, channels)))[-1]


# -- each element of nets with one axis --------------------------------------------------------------------------------


def _conv(draw: st.DrawFn) -> str:
    kernel, dilation = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    kind = draw(st.sampled_from(["conv{}-2", "dwconv{}", "sepconv{}-2"])).format(kernel)
    return f"{kind}/{draw(st.integers(1, 3))} pad={draw(st.integers(0, dilation * (kernel - 1)))} dilation={dilation}"


def _other_window(draw: st.DrawFn) -> str:
    kernel, stride = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    kinds = ["conv{}-2/{} same_tf", "lppool{}/{}", "subsample{}/{}"]
    padded = ["maxpool{}/{} ceil", "avgpool{}/{} ceil", "maxpool{}/{}"]
    kind = draw(st.sampled_from(kinds + padded))
    pad = f" pad={draw(st.integers(0, kernel // 2))}" if kind in padded else ""
    dilation = f" dilation={draw(st.integers(1, 3))}" if kind == padded[2] else ""
    return kind.format(kernel, stride) + pad + dilation


def _upconv(draw: st.DrawFn) -> str:
    kernel, stride, dilation = draw(st.integers(1, 5)), draw(st.integers(1, 4)), draw(st.integers(1, 3))
    pad = draw(st.integers(0, dilation * (kernel - 1)))
    out_pad = draw(st.integers(0, max(stride, dilation) - 1))
    return f"upconv{kernel}-2/{stride} pad={pad} dilation={dilation} out_pad={out_pad}"


def _edges(draw: st.DrawFn) -> str:
    before, after = draw(st.integers(0, 3)), draw(st.integers(0, 3))
    mode = draw(st.sampled_from(["zeros", "reflect", "replicate", "circular"]))
    return draw(st.sampled_from([f"pad {before} after={after} mode={mode}", f"cropped({before}, {after})"]))


def _upsample(draw: st.DrawFn) -> str:
    more = draw(st.integers(1, 9))
    mode = draw(st.sampled_from(["nearest", "linear", "linear align_corners"]))
    return draw(st.sampled_from([f"upsample {mode} ×{more % 2 + 2}", f"resized({more})", f"nearer({more})"]))


def _block(draw: st.DrawFn) -> str:
    joins = [
        "deep(3)",
        "deep(2)",
        "smooth(3)",
        "smooth(1)",
        "unet(3)",
        "unet(2)",
        "halves",
        "leaving",
        "apart",
        "mixed(3)",
    ]
    moves = ["blocks(2)", "blocks(3)", "pooled(0)", "pooled(5)", "shuffled", "channels", "pixels"]
    return draw(st.sampled_from(joins + moves))


@st.composite
def _net(draw: st.DrawFn) -> str:
    makers = [_conv, _other_window, _upconv, _edges, _upsample, _block, _block]
    return "\n".join(draw(st.sampled_from(makers))(draw) for _ in range(draw(st.integers(1, 5))))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(_net())
def test_each_element_sees_what_is_said(rows: str) -> None:
    """Cut down to one element, a net says what that one sees; no padding and no edge is in reach of those compared."""
    try:
        graph = netdsl.compile(source(rows, (LENGTH,)))
    except netdsl.NetdslError:
        assume(False)
    length = graph.nodes[-1].shape[1]
    (whole,) = field(rows, (LENGTH,)) or ()
    assume(8 <= length <= 1000 and whole.size <= LENGTH - 2 * MARGIN)
    found = extents(told(source(rows, (LENGTH,)), (LENGTH,), 0).any(dim=1))
    compared = 0
    for place in range(length // 2 - 3, length // 2 + 4):
        (axis,) = field(f"{rows}\ncrop 1 offset={place}", (LENGTH,)) or ()
        assert axis.size <= whole.size
        if axis.size == 0:
            assert found[place] is None
        elif axis.start >= MARGIN and axis.start + axis.size <= LENGTH - MARGIN:
            compared += 1
            assert found[place] == (axis.start, axis.start + axis.size - 1), place
    assume(compared)


EVEN = [
    "conv3-2/2, upconv2-2/2, conv3-2",
    "conv3-2/2, conv3-2, upconv4-2/2, conv3-2 dilation=3, upconv3-2/2 pad=1",
    "maxpool, unet(3), maxpool, unet(3), upsample linear ×2",
    "upconv2-2/3, conv2-2 dilation=3 pad=1, conv3-2",  # of three elements two see something
    "upconv1-2/2, conv1-2",
    "upconv2-2/2 dilation=3 pad=2, conv3-2",  # what is seen goes back and forth
    "upconv1-2/3, conv2-2 dilation=4 pad=0",  # taps meet one of them at most, never two
    "apart, apart, apart",
    "leaving",  # elements 2n and n: the last place sees most
    "upsample ×3, conv2-2 pad=1, maxpool3/2",
    "shuffled, pixels, conv3-2/2, pixels, conv3-2",
    "blocks(2), channels, mixed(3), pixels, channels",
    "smooth(3), upsample linear align_corners ×2, conv2-2",
    "deep(3), deep(3), deep(2)",
]


@pytest.mark.parametrize("rows", EVEN)
def test_the_size_is_that_of_the_element_that_sees_most(rows: str) -> None:
    (axis,) = field(rows, (192,)) or ()
    assert widest(source(rows, (192,)), (192,)) == (axis.size,)


SPECS = Path(__file__).parent.parent / "specs"


def narrowed(name: str, changes: dict[str, str]) -> str:
    """The text of a shipped spec with changes, without soft-max and without what it asserts of itself."""
    text = (SPECS / name).read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    text = re.sub(r"#.*", "", text).partition("expect")[0]
    return re.sub(r" +-> [\dx]+|^soft-max.*", "", text, flags=re.MULTILINE)


def test_u_net_on_one_axis() -> None:
    """The shipped net, on a line instead of an image and with few channels."""
    text = narrowed("unet.net", {"1x572x572": "1x572", "c < 1024": "c < 32", "level(64)": "level(2)"})
    (axis,) = receptive_fields(netdsl.compile(text))[-1] or ()
    assert axis == Axis(204, 1, 0)
    found = extents(told(text, (572,), 0, channels=1).any(dim=1))
    sizes = [seen[1] - seen[0] + 1 for seen in found if seen is not None]
    assert set(sizes) == {188, 204}
    assert stats(netdsl.compile(SPECS / "unet.net")).totals.receptive_field == (204, 204)


def test_fcn_on_one_axis() -> None:
    text = narrowed("fcn.net", {"3x500x500": "1x500", "classes = 21": "classes = 1"}) + "\nallow ND302"
    text = re.sub(r"(conv\d)-\d+", r"\1-1", text)
    (axis,) = receptive_fields(netdsl.compile(text))[-1] or ()
    assert axis == Axis(468, 1, -221)
    assert widest(text, (500,), channels=1) == (468,)


# -- axes that move ----------------------------------------------------------------------------------------------------

#: Rows on an image of 20×16, and the extents that an element sees, padding with them.
MOVED = {
    "dwconv7, permute 2x3x1, ln axis=last, linear-8, relu, linear-2, permute 3x1x2": (7, 7),
    "conv2-2/2, dwconv3, permute 2x3x1, linear-8, linear-2, permute 3x1x2, conv3-2": (10, 10),
    "permute 1x3x2, conv3x1-2, permute 1x3x2": (1, 3),
    "permute 1x3x2, conv3x1-2": (1, 3),
    "permute 3x1x2, conv5x3-4": (3, 16),  # the columns are its channels
    "conv3-2, permute 3x1x2, conv1-4": (3, 18),
    "conv3-2, linear-5": (3, 18),
    "conv3x1-2, linear-5, conv3-2": (5, 16),
    "conv3x1-2, permute 1x3x2, linear-4": (22, 1),
    "permute 2x1x3, dwconv1x3, permute 2x1x3, conv3x1-2": (3, 3),
    "permute 2x1x3, conv1-10 groups=10, permute 2x1x3": (2, 1),
    "permute 2x1x3, dwconv1-40, permute 2x1x3, conv3x1-2": (2, 1),
    "permute 2x1x3, conv1-10 groups=5, conv1-20 groups=10, permute 2x1x3, conv2x1-2": (8, 1),
    "permute 2x3x1, take 3 17, permute 3x1x2, conv3-2": (3, 3),
    "permute 2x1x3, chunk 1 of=2, permute 2x1x3, conv3-2": (3, 3),
    "permute 2x1x3, softmax, permute 2x1x3": (20, 1),
    "permute 2x1x3, softmax axis=3": (1, 16),
    "softmax axis=2": (20, 1),
    "conv3-8, reshape 2x2x2x20x16, permute 1x4x2x5x3, reshape 2x40x32": (3, 3),
    "conv3-8, reshape 2x2x2x20x16, permute 1x4x2x5x3, reshape 2x40x32, conv3-2, conv3-2": (5, 5),
    "conv3-8, permute 1x3x2, reshape 4x2x16x20, permute 1x3x2x4, reshape 4x32x20, conv3x1-2": (3, 4),
    "permute 3x1x2, dwconv1x20 valid, permute 2x3x1, conv1x3-2": (20, 3),
    "conv3-4, reshape 2x2x20x16, permute 2x1x3x4, reshape 4x20x16, conv3-2": (5, 5),
    "conv4-2/4, reshape 2x20, permute 2x1, linear-8, relu, linear-2, permute 2x1, reshape 2x5x4, conv3-2": (12, 12),
    "conv4-2/4, reshape 2x20, linear-7": (20, 16),
    "conv4-2/4, reshape 2x20, softmax axis=2": (20, 16),
    "conv3-2, flatten, reshape 2x20x16, conv3-2": (5, 5),
    "conv3-2/2, fc-12, reshape 2x3x2, conv3-2": (21, 17),
    "conv3-2/2, flatten, linear-12, reshape 2x3x2, upconv2-2/2": (21, 17),
    "conv2-2/2, concat { gap, conv1-2, upsample to=10x8 | id }, conv3-2": (22, 18),
    "reshape 4x10x16, permute 1x3x2": None,  # half of the rows among the channels
    "reshape 2x320, conv3-2": None,  # the end of a row beside the beginning of the next
    "reshape 2x10x2x16, permute 1x3x2x4": None,  # every other row
    "permute 2x1x3, space_to_depth 2": None,  # rows four times over, between other things
    "permute 2x1x3, concat { id | id }": None,  # rows twice over, one after another
}


@pytest.mark.parametrize("rows", MOVED)
def test_axes_that_move(rows: str) -> None:
    size = (20, 16)
    found = field(rows, size)
    expected = MOVED[rows]
    if expected is None:
        assert found is None
        return
    assert found is not None
    assert tuple(axis.size for axis in found) == expected
    # Statistics of a norm are not followed, and a soft-max of zeros tells nothing.
    if "softmax" not in rows:
        rows = rows.replace("ln axis=last, ", "")
        assert widest(source(rows, size), size) == tuple(map(min, expected, size))


def test_a_block_of_convnext_has_a_field_as_wide_as_its_window() -> None:
    totals = stats(netdsl.compile(SPECS / "convnext.net", variant="tiny")).totals
    # 4; 3 blocks at a jump of 4; ÷2; 3 blocks at 8; ÷2; 9 blocks at 16; ÷2; 3 blocks at 32.
    size = 4 + 3 * 6 * 4 + 4 + 3 * 6 * 8 + 8 + 9 * 6 * 16 + 16 + 3 * 6 * 32
    assert (totals.receptive_field, totals.downsampling) == ((size, size), (32, 32))


# -- what is whole, what is unknown, what is many ----------------------------------------------------------------------


def test_layers_that_see_a_whole_axis() -> None:
    for rows in ("conv3-2, gap", "conv3-2, avgpool to=1", "conv3-2, gmp, conv1-2, sigmoid"):
        assert field(rows, (12,)) == (Axis(14, 12, -1),)
    assert field("conv3-2, gap, upsample ×12, conv3-2", (12,)) == (Axis(14, 1, -1),)
    assert field("conv3-2, linear-6", (12,)) == (Axis(14, 2, -1),)


def test_gates_and_statistics_are_not_followed() -> None:
    assert field("conv3-2, mul { gap, conv1-2, sigmoid | id }, in_norm, gn 2, ln axis=last, lrn, bn", (12,)) == (
        Axis(3, 1, -1),
    )


def test_what_is_seen_of_several_inputs_is_not_added_up() -> None:
    text = "net n\ninput a 1x40\ninput b 1x20\ninput v 4\n@a, conv3-2/2 as s\nconcat { @s | @b, conv5-2 pad=0, pad 2 }"
    graph = netdsl.compile(text)
    fields = receptive_fields(graph)
    assert fields[-1] == (Axis(5, 2, -2),)
    assert fields[next(node.index for node in graph.nodes if node.label == "s")] == (Axis(3, 2, -1),)
    with torch.no_grad():
        for kept, length, size in ((0, 40, 3), (1, 20, 5)):
            module = netdsl.load(text).eval()
            for name, parameter in module.named_parameters():
                parameter.fill_(0 if name.endswith("bias") else 1)
            lines = [torch.zeros(length, 1, 40), torch.zeros(length, 1, 20), torch.zeros(length, 4)]
            lines[kept] = torch.eye(length)[:, None]
            found = extents((module(*lines) > 0).any(dim=1))
            assert max(seen[1] - seen[0] + 1 for seen in found if seen is not None) == size


def test_a_vector_that_enters_has_no_field_and_a_map_made_of_an_image_sees_it_whole() -> None:
    fields = receptive_fields(netdsl.compile("net n\ninput 6\nfc-24, reshape 2x3x4, upconv2-2/2"))
    assert [found or None for found in fields] == [None] * 4
    fields = receptive_fields(netdsl.compile("net n\ninput 1x8x6\nfc-24, reshape 2x3x4, upconv2-2/2"))
    sizes = [None if found is None else tuple(axis.size for axis in found) for found in fields]
    assert sizes == [(1, 1), (), (8, 6), (8, 6)]


def test_sizes_that_never_divide_stay_within_bounds() -> None:
    """Each round trip from an odd size adds a step of its own; the patterns are as long as the axis and no longer."""
    rows = ", ".join(["deep(3)"] * 12)
    (axis,) = field(rows, (197,)) or ()
    found = extents(told(source(rows, (197,)), (197,), 0).any(dim=1))[95:102]
    (within,) = field(rows + ", crop 7 offset=95", (197,)) or ()
    assert within.size == max(seen[1] - seen[0] + 1 for seen in found if seen is not None) <= axis.size


def test_patterns_that_would_take_too_much_are_unknown() -> None:
    assert field("upsample to=2000003, conv3-2", (1999993,), channels=1) is None
    assert stats(netdsl.compile("net n\ninput 1x1999993\nupsample to=2000003")).totals.receptive_field is None


def test_transposed_convolutions_are_computed_place_by_place_as_a_walk_over_their_taps_finds_them() -> None:
    for kernel, dilation, stride, pad in itertools.product(range(1, 7), range(1, 7), range(2, 8), range(3)):
        step = spread(kernel, dilation, stride, pad)
        seen = [
            [at // stride for at in range(place, place - dilation * (kernel - 1) - 1, -dilation) if at % stride == 0]
            for place in range(pad, pad + stride)
        ]
        assert len(step.windows) == stride
        assert [step.windows[place] for place in range(stride)] == [(min(at), max(at)) if at else None for at in seen]
        assert step.size == max(max(at) - min(at) + 1 for at in seen if at)
        assert all((two - one) % step.spacing == 0 for at in seen for one, two in itertools.pairwise(at))
