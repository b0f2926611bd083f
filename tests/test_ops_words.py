"""FLOPs worked out by hand, captions, and what operators refuse with the words they say."""

from __future__ import annotations

import re
from typing import Any

import pytest

from netdsl.diagnostics import CODES
from netdsl.ir.op import OpError, registry
from netdsl.ir.types import Shape
from tests.ops_cases import CASES, M2, V1, make

WORK: list[tuple[str, dict[str, Any], tuple[Shape, ...], int]] = [
    ("conv", {"kernel": 3, "channels": 4}, (M2,), 0),
    ("fc", {"features": 10}, (M2,), 0),
    ("maxpool", {"kernel": 3, "stride": 2}, ((6, 13, 9),), 6 * 6 * 4 * 9),
    ("avgpool", {}, ((6, 12, 10),), 6 * 12 * 10),
    # Adaptive windows over 13 elements for 3 outputs: 0-5, 4-9, 8-13; over 10 for 4: 0-3, 2-5, 5-8, 7-10.
    ("avgpool", {"to": (3, 4)}, (M2,), 6 * (5 + 5 + 5) * (3 + 3 + 3 + 3)),
    ("gap", {}, (M2,), 780),
    ("lppool", {}, ((6, 12, 10),), 6 * 6 * 5 * 9),
    ("subsample", {}, ((6, 12, 10),), 6 * 6 * 5 * 5),
    ("bn", {}, (M2,), 2 * 780),
    ("ln", {}, (M2,), 7 * 780),
    ("gn", {"groups": 2, "affine": False}, (M2,), 5 * 780),
    ("lrn", {}, (M2,), 9 * 780),
    ("relu", {}, (M2,), 780),
    ("relu", {"gamma": 2.0}, (M2,), 2 * 780),
    ("silu", {}, (M2,), 5 * 780),
    ("softmax", {}, (V1,), 60),
    ("add", {}, (M2, M2, M2), 2 * 780),
    ("mul", {}, (M2, (6,)), 780),
    ("concat", {}, (M2, M2), 0),
    ("upsample", {"scale": 2}, (M2,), 0),
    ("upsample", {"scale": 2, "mode": "bilinear"}, (M2,), 7 * 4 * 780),
    ("dropout", {}, (M2,), 0),
    ("scale", {}, (M2,), 780),
    ("rbf", {}, ((84,),), 3 * 84 * 10),
]


@pytest.mark.parametrize(("keyword", "values", "inputs", "flops"), WORK)
def test_work(keyword: str, values: dict[str, Any], inputs: tuple[Shape, ...], flops: int) -> None:
    op = make(keyword, values, *inputs)
    assert op.work(inputs, op.infer(inputs)) == flops


CAPTIONS: list[tuple[str, dict[str, Any], tuple[Shape, ...], str]] = [
    ("conv", {"kernel": 3, "channels": 64, "stride": 2}, (M2,), "3×3 conv, 64, /2"),
    ("conv", {"kernel": 1, "channels": 64}, (M2,), "1×1, 64"),
    ("conv", {"kernel": (1, 7), "channels": 6, "groups": 2, "dilation": 2}, (M2,), "1×7 conv, 6, g=2, d=2"),
    ("dwconv", {"kernel": 3, "stride": (1, 2)}, (M2,), "3×3 dw, 6, /1×2"),
    ("upconv", {"kernel": 2, "channels": 4, "stride": 2}, (M2,), "2×2 upconv, 4, /2"),
    ("maxpool", {"kernel": 3, "stride": 2}, (M2,), "max 3×3, /2"),
    ("avgpool", {"to": 7}, (M2,), "avg to 7×7"),
    ("gap", {}, (M2,), "global avg-pool"),
    ("fc", {"features": 1000}, (M2,), "fc 1000"),
    ("dropout", {"p": 0.5}, (M2,), "dropout 0.5"),
    ("mul", {}, (M2, M2), "×"),
    ("upsample", {"scale": 2, "mode": "bilinear"}, (M2,), "upsample ×2, bilinear"),
]


@pytest.mark.parametrize(("keyword", "values", "inputs", "words"), CAPTIONS)
def test_caption(keyword: str, values: dict[str, Any], inputs: tuple[Shape, ...], words: str) -> None:
    op = make(keyword, values, *inputs)
    assert op.caption(inputs, op.infer(inputs)) == words


def test_captions_use_characters_that_every_drawing_has() -> None:
    for case in CASES:
        op = case.op()
        caption = op.caption(case.inputs, op.infer(case.inputs))
        assert all(char.isascii() or char in "×·²→–≥Σα½—" for char in caption), caption


ERRORS: list[tuple[str, dict[str, Any], tuple[Shape, ...], str, str]] = [
    ("conv", {"kernel": 3, "channels": 4}, ((10,),), "ND221", "`conv` needs a map with at least 1 spatial axis"),
    ("conv", {"kernel": 3, "channels": 4}, ((1, 2, 3, 4, 5),), "ND221", "takes up to 3 spatial axes"),
    ("conv", {"kernel": 7, "channels": 4, "pad": 0}, ((3, 5, 9),), "ND205", "the 7×7 window of `conv` is larger than"),
    ("conv", {"kernel": 9, "channels": 4, "pad": 1}, ((3, 5, 9),), "ND205", "input of 5×9, 7×11 with its padding"),
    ("conv", {"kernel": 3, "channels": 4, "groups": 4}, (M2,), "ND206", "6 input channels do not divide into 4 groups"),
    ("conv", {"kernel": 3, "channels": 4, "groups": 3}, (M2,), "ND206", "4 output channels do not divide into 3"),
    ("conv", {"kernel": 3, "channels": 4, "same": True, "pad": 2}, (M2,), "ND208", "`pad` is given too"),
    ("conv", {"kernel": 3, "channels": 4, "same_tf": True, "pad": 2}, (M2,), "ND208", "`pad` is given too"),
    ("conv", {"kernel": 3, "channels": 4, "same_tf": True, "same": True}, (M2,), "ND208", "two rules"),
    ("conv", {"kernel": 2, "channels": 4, "same": True, "stride": 3}, (M2,), "ND208", "`same` cannot pad an even"),
    ("conv", {"kernel": 3, "channels": 4, "gain": True}, (M2,), "ND208", "`ws` is missing"),
    ("conv", {"kernel": 1, "channels": 4, "ws": True, "groups": 2}, ((2, 5, 5),), "ND208", "one weight"),
    ("dwconv", {"kernel": 1, "ws": True}, (M2,), "ND208", "one weight"),
    ("conv", {"kernel": 3, "channels": 4, "same_tf": True, "pad_mode": "reflect"}, (M2,), "ND208", "zeros alone"),
    ("conv", {"kernel": 9, "channels": 4, "pad_mode": "reflect"}, ((3, 4, 4),), "ND205", "reflect padding of 4"),
    ("conv", {"kernel": 3, "channels": 2, "connect": "01"}, (M2,), "ND208", "1 word for 2 output maps"),
    ("conv", {"kernel": 3, "channels": 1, "connect": "0a"}, (M2,), "ND209", "words of digits and commas"),
    ("conv", {"kernel": 3, "channels": 1, "connect": "06"}, (M2,), "ND208", "the input map 6, and there are 0 to 5"),
    ("conv", {"kernel": 3, "channels": 1, "connect": "00"}, (M2,), "ND208", "see each of its maps once"),
    ("conv", {"kernel": 3, "channels": 1, "connect": "0", "groups": 2}, (M2,), "ND208", "`connect` and `groups`"),
    ("conv", {"kernel": 3, "channels": 1, "connect": "0", "pad_mode": "reflect"}, (M2,), "ND208", "zeros alone"),
    ("dwconv", {"kernel": 3, "channels": 8}, (M2,), "ND206", "gives a multiple of them, not 8"),
    ("upconv", {"kernel": 3, "channels": 4, "out_pad": 1}, (M2,), "ND208", "must be below the stride 1"),
    ("upconv", {"kernel": 3, "channels": 4, "pad": 9}, (M2,), "ND205", "leaves nothing of the output"),
    ("upconv", {"kernel": 3, "channels": 4, "groups": 4}, (M2,), "ND206", "6 input channels do not divide"),
    ("maxpool", {"kernel": 3}, (V1,), "ND221", "`maxpool` needs a map"),
    ("maxpool", {"kernel": 7}, ((3, 5, 5),), "ND205", "the 7×7 window of `maxpool` is larger than its input of 5×5"),
    ("maxpool", {"kernel": 3, "pad": 2}, (M2,), "ND208", "padding 2 of `maxpool` exceeds half"),
    ("maxpool", {"kernel": 2, "same": True}, (M2,), "ND208", "`same` cannot pad an even window of 2×2"),
    ("avgpool", {"kernel": 2, "to": 2}, (M2,), "ND208", "`to` decides the windows, and `kernel` is given too"),
    ("avgpool", {"to": 2}, (V1,), "ND221", "`avgpool` needs a map"),
    # over three axes PyTorch wants the kernel to fit before padding
    (
        "avgpool",
        {"kernel": 6, "pad": 3, "stride": 1},
        ((6, 7, 5, 6),),
        "ND205",
        "the 6×6×6 window of `avgpool` is larger",
    ),
    ("gap", {}, (V1,), "ND221", "`gap` needs a map"),
    ("lrn", {}, (V1,), "ND221", "`lrn` needs a map"),
    ("gn", {"groups": 4}, (M2,), "ND206", "6 channels do not divide into 4 groups"),
    ("gn", {"groups": 12}, (V1,), "ND221", "`gn` needs more than one value a group: 12 has one"),
    ("gn", {"groups": 6}, ((6, 1, 1),), "ND221", "more than one value a group"),
    ("in_norm", {}, ((6, 1, 1),), "ND221", "more than one position a channel"),
    ("softmax", {"axis": 4}, (M2,), "ND208", "has axes 1 to 3"),
    ("rbf", {}, ((85,),), "ND221", "compares 84 elements"),
    ("add", {}, (M2, M2, (8, 13, 10)), "ND204", "branch 1 is 6×13×10, and branch 3 is 8×13×10"),
    ("sub", {}, (M2, V1), "ND204", "branch 1 is 6×13×10, and branch 2 is 12"),
    ("mul", {}, ((6, 13, 1), M2), "ND204", "branch 2 is 6×13×10, and branch 1 is 6×13×1"),
    ("mul", {}, (M2, (12,)), "ND204", "or of 6 or 6×1×1: branch 1 is 6×13×10, and branch 2 is 12"),
    ("concat", {}, (M2, (6, 13, 11)), "ND204", "branch 1 is 6×13×10, and branch 2 is 6×13×11"),
    ("select", {}, (M2, V1), "ND226", "6×13×10 became 12"),
    ("reshape", {"to": (5, 5)}, (M2,), "ND221", "6×13×10 has 780 elements, and 5×5 has 25"),
    ("permute", {"order": (1, 2)}, (M2,), "ND208", "needs each of the axes 1 to 3 once"),
    ("pad", {"size": 13, "mode": "reflect"}, ((3, 13, 20),), "ND205", "reflect padding of 13"),
    ("pad", {"size": 1, "mode": "reflect", "value": 1.0}, (M2,), "ND208", "`value` is for a border of constants"),
    ("crop", {"to": 11}, (M2,), "ND205", "`crop` to 11×11 does not fit"),
    ("crop", {"to": 4, "offset": 8}, (M2,), "ND205", "from 8×8 on does not fit"),
    ("crop", {}, (M2,), "ND225", "`crop` needs a size"),
    ("crop", {"to": 4}, (M2, M2), "ND208", "given twice"),
    ("crop", {}, (M2, (6, 4)), "ND204", "has 2 spatial axes, and the size"),
    ("upsample", {"scale": 2, "to": 9}, (M2,), "ND208", "given twice"),
    ("upsample", {}, (M2,), "ND225", "`upsample` needs a size"),
    ("upsample", {"scale": 2, "align_corners": True}, (M2,), "ND208", "not for `nearest`"),
    ("chunk", {"index": 2}, (M2,), "ND208", "parts are 0 to 1"),
    ("chunk", {"index": 0, "of": 4}, (M2,), "ND206", "6 channels do not divide into 4 equal parts"),
    ("take", {"start": 2, "stop": 7}, (M2,), "ND208", "goes beyond the 6 channels that enter"),
    ("take", {"start": 2, "stop": 2}, (M2,), "ND208", "takes nothing: it ends before 2"),
    ("shuffle", {"groups": 4}, (M2,), "ND206", "6 channels do not divide into 4 groups"),
    ("shuffle", {}, (V1,), "ND221", "`shuffle` needs a map"),
    ("space_to_depth", {}, (M2,), "ND221", "does not divide into blocks of 2"),
    ("dropout2d", {}, (V1,), "ND221", "`dropout2d` needs a map"),
]


@pytest.mark.parametrize(("keyword", "values", "inputs", "code", "words"), ERRORS)
def test_errors(keyword: str, values: dict[str, Any], inputs: tuple[Shape, ...], code: str, words: str) -> None:
    with pytest.raises(OpError, match=re.escape(words)) as caught:
        make(keyword, values, *inputs).infer(inputs)
    assert caught.value.code == code and code in CODES
    assert caught.value.field is None or caught.value.field in registry()[keyword].attributes()


def test_an_operator_refuses_a_map_of_other_rank() -> None:
    """A module that is applied again may meet another tensor than it was made for."""
    for keyword in ("conv", "upconv", "maxpool", "subsample", "crop", "pad", "upsample"):
        values = {"crop": {"to": 3}, "pad": {"size": 1}, "upsample": {"scale": 2}}.get(keyword, {"kernel": 2})
        if "conv" in keyword:
            values = {**values, "channels": 3}
        op = make(keyword, values, M2)
        with pytest.raises(OpError, match="is made for 2 spatial axes, and enters 6×13"):
            op.infer(((6, 13),))
