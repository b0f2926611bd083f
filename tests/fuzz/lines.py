"""Lines of every operator: by example, by other forms, and with any attribute and flag that the operator has."""

from __future__ import annotations

import random
from collections.abc import Sequence

from netdsl.ir.op import Attribute, registry

#: What may be written of an operator, beside its example. Words in capitals are filled in.
_LINES: dict[str, Sequence[str]] = {
    "conv": ("convK-C", "convK-C/S", "convK-C +bn", "convK-C plain", "convK-C groups=2", "convK-C dilation=2",
             "convK-C valid", "conv{K}-{2*in.c}", "convK-C bias=false", "convK-C pad=1 pad_mode=reflect"),
    "dwconv": ("dwconvK", "dwconvK/S", "dwconv3 dilation=2"),
    "sepconv": ("sepconvK-C", "sepconvK-C/S +bn"),
    "upconv": ("upconv2-C/2", "upconv3-C/2", "upconv4-C/2 pad=1"),
    "fc": ("fc-C", "fc-C, relu"),
    "linear": ("linear-C",),
    "maxpool": ("maxpool", "maxpool3/2", "maxpool3/1 same", "maxpool3/2 pad=1 ceil"),
    "avgpool": ("avgpool", "avgpool3/1 same", "avgpool to=2", "avgpool to=1"),
    "lppool": ("lppool2/2 p=2",),
    "subsample": ("subsample2/2",),
    "gn": ("gn 2", "gn 4"),
    "lrn": ("lrn 3", "lrn 5"),
    "upsample": ("upsample @L", "upsample ×2", "upsample ×2 mode=nearest", "upsample nearest ×3"),
    "pad": ("pad 1", "pad 2"),
    "crop": ("crop 3", "crop 2", "crop @L", "crop @L offset=0"),
    "reshape": ("reshape 4x4", "reshape 2x4", "reshape 8x2x4", "reshape 12x4", "reshape 8x8x3", "reshape 16x8"),
    "permute": ("permute 2x1", "permute 1x3x2", "permute 1x3x2x4"),
    "take": ("take 0 2", "take 0"),
    "chunk": ("chunk 0 of=2", "chunk 1 of=2"),
    "shuffle": ("shuffle 2",),
    "scale": ("scale", "scale scalar", "scale init=0.5"),
    "dropout": ("dropout 0.2", "dropout 0.1..0.5"),
    "dropout2d": ("dropout2d 0.2",),
    "droppath": ("add { convK-{in.c}, droppath 0.1 | id }", "add { relu, droppath 0..0.2 | id } ×2",
                 "add { tanh, droppath 0.1..<0.3 | id }", "add { droppath 0..0.5 | relu }"),
    "softmax": ("softmax", "soft-max eval"),
    "add": ("add { convK-{in.c} | id }", "add { relu | id | sigmoid }"),
    "sub": ("sub { convK-{in.c} | id }",),
    "mul": ("mul { id | gap, conv1-{in.c}, sigmoid }", "mul { id | sigmoid }"),
    "concat": ("concat { convK-C | id }", "concat { relu | id | tanh }", "concat { convK-C, bn | conv1-C }"),
    "select": ("[convK-{in.c}, bn, relu] train", "[relu, conv1-{in.c}] eval", "bn train", "tanh eval"),
    "rbf": ("flatten, fc-84, rbf-C", "fc-84 plain, rbf-10"),
    "space_to_depth": ("space_to_depth 2",),
}  # fmt: skip

#: What a capital stands for.
_FILLED = {"K": ("1", "1", "3", "3", "{k}"), "C": ("2", "4", "4", "8", "6", "w", "{w}"), "S": ("1", "2", "2", "1x2")}

#: Values of attributes, by kind.
_VALUES: dict[str, Sequence[str]] = {
    "int": ("1", "2", "3", "4", "{n}"),
    "float": ("0.0", "0.1", "0.5", "1.0", "2.5", "1e-3", "{1/3}", "0..0.3"),
    "bool": ("true", "false", "{on}"),
    "axes": ("0", "1", "2", "3", "1x2", "2x1", "1x2x1", "{n}"),
    "text": ('"0 1"', '"012 01"'),
}


def line(choose: random.Random, keyword: str, labels: Sequence[str]) -> str:
    """A line of an operator, which may refer to a label, and may be wrong."""
    op = registry()[keyword]
    text = choose.choice([*_LINES.get(keyword, ()), op.example.line if op.writable else "relu train"])
    for word, values in _FILLED.items():
        for mark in (f"conv{word}", f"-{word}", f"/{word}", f"{{{word}}}", f" {word}"):
            filled = choose.choice(values)
            # A computed kernel or stride stands in braces of its own.
            text = text.replace(mark, mark.replace(word, filled.strip("{}") if "{" in mark else filled))
    text = text.replace("@L", f"@{choose.choice(labels)}" if labels else "2")
    if op.writable and text.startswith(keyword) and " +" not in text and "," not in text and choose.random() < 0.3:
        text += "".join(f" {_option(choose, attribute)}" for attribute in _some(choose, [*op.attributes().values()]))
        if op.syntax.flags and choose.random() < 0.3:
            text += f" {choose.choice([*op.syntax.flags])}"
    return text


def _some(choose: random.Random, among: Sequence[Attribute]) -> list[Attribute]:
    return choose.sample(among, min(len(among), choose.choice((1, 1, 2))))


def _option(choose: random.Random, attribute: Attribute) -> str:
    return f"{attribute.name}={choose.choice(attribute.words or _VALUES[attribute.kind])}"
