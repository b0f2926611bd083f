"""Colours of overviews: Paul Tol's "light" scheme, made for black text on it. The words in a box say its kind too."""

from __future__ import annotations

from netdsl.backends.overview.cards import Tint

FILLS: dict[Tint, str] = {
    "input": "#FFFFFF",
    "conv": "#77AADD",
    "pointwise": "#99DDFF",
    "grouped": "#44BB99",
    "pool": "#EE8866",
    "fc": "#BBCC33",
    "gate": "#FFAABB",
    "norm": "#DDDDDD",
    "activation": "#EEDD88",
    "merge": "#FFFFFF",
    "shape": "#F4F4F4",
    "regularise": "#F4F4F4",
}
KINDS: dict[Tint, str] = {
    "conv": "k×k conv",
    "pointwise": "1×1 conv",
    "grouped": "depthwise or grouped conv",
    "pool": "pooling",
    "fc": "fully connected",
    "gate": "squeeze-and-excitation",
    "norm": "norm",
    "activation": "activation",
    "shape": "reshaping",
    "regularise": "regularising",
}
INK, GREY, LINE, RED, HAIR, FRAME = "#222222", "#666666", "#444444", "#CC3311", "#00000055", "#444444"
BANDS = ("#F6F6F6", "#ECECEC")
