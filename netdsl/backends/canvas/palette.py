"""Colours of overviews: Paul Tol's "light" scheme, made for black text on it. The words in a box say its kind too.

A drawing is made in the light theme; the others replace its colours.
"""

from __future__ import annotations

from typing import Literal

from netdsl.backends.canvas.options import Theme
from netdsl.backends.captions import Tint

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
    "shape": "shape, order",
    "regularise": "regularising",
}
#: A quarter of these colours, behind cells of tables.
PALE: dict[Literal["pool", "fc"], str] = {"pool": "#FBE1D9", "fc": "#EEF2CC"}
WHITE, INK, GREY, LINE, RED, HAIR, FRAME = "#FFFFFF", "#222222", "#666666", "#444444", "#CC3311", "#00000055", "#444444"
#: The border of a block among all layers.
RIM = "#999999"
BANDS = ("#F6F6F6", "#ECECEC")
#: The dark box of a number of repeats, and the number.
BADGE, BADGE_INK = "#212121", "#FEFEFE"
#: From a small share to the largest. They and what is written on them are the same in every theme.
HEAT = ("#FFF7BC", "#FEE391", "#FEC44F", "#FB9A29", "#EC7014", "#CC4C02", "#8C2D04")
HEAT_INKS = ("#101010", "#FFFFFE")
#: What two nets do not share: the fill and the border of each kind. Signs and dashes say the same without colours.
CHANGES = {
    "removed": ("#F8D0C8", RED),
    "added": ("#C9E8D2", "#117733"),
    "changed": ("#FBE5A8", "#8A6D00"),
    "same": ("#F4F4F4", "#AAAAAA"),
}

#: The kinds differ in lightness too, so that they can be told apart with any sight of colours.
DARK: dict[str, str] = {
    WHITE: "#22262B",
    "#F6F6F6": "#2A2F35",
    "#ECECEC": "#333940",
    "#F4F4F4": "#3A4047",
    INK: "#E6E6E6",
    GREY: "#A8ADB3",
    LINE: "#B8BDC2",
    RIM: "#7C838A",
    HAIR: "#FFFFFF55",
    RED: "#FF7A5C",
    BADGE: "#E0E0E0",
    BADGE_INK: "#1A1D21",
    "#77AADD": "#25408B",
    "#99DDFF": "#256C83",
    "#44BB99": "#093724",
    "#EE8866": "#845846",
    "#BBCC33": "#34620B",
    "#FFAABB": "#662250",
    "#DDDDDD": "#656565",
    "#EEDD88": "#3A4519",
    PALE["pool"]: "#4A322B",
    PALE["fc"]: "#3A3F20",
}
#: The same for the colours of :data:`CHANGES`, which few drawings have.
DARK_CHANGES: dict[str, str] = {
    "#F8D0C8": "#5E2A20",
    "#C9E8D2": "#1E4A2E",
    "#FBE5A8": "#57470F",
    "#117733": "#7CCB93",
    "#8A6D00": "#E0BE5A",
    "#AAAAAA": "#666C73",
}
PRINT: dict[str, str] = {
    GREY: "#444444",
    "#F6F6F6": "#FFFFFF",
    "#ECECEC": "#F4F4F4",
    RED: "#222222",
    "#77AADD": "#C4C4C4",
    "#99DDFF": "#E4E4E4",
    "#44BB99": "#B4B4B4",
    "#EE8866": "#FFFFFF",
    "#BBCC33": "#D4D4D4",
    "#FFAABB": "#EEEEEE",
    "#EEDD88": "#F4F4F4",
    PALE["pool"]: "#F4F4F4",
    PALE["fc"]: "#E8E8E8",
}
#: The same for :data:`CHANGES`: what is added is darkest, and what is removed is white.
PRINT_CHANGES: dict[str, str] = {
    "#F8D0C8": "#FFFFFF",
    "#C9E8D2": "#BEBEBE",
    "#FBE5A8": "#DDDDDD",
    "#117733": "#222222",
    "#8A6D00": "#555555",
}


def colours(theme: Theme) -> dict[str, str]:
    """What a theme puts in the place of the light colours; nothing for ``auto``, where the reader's screen decides."""
    return {"dark": DARK | DARK_CHANGES, "print": PRINT | PRINT_CHANGES}.get(theme, {})


def luminance(colour: str) -> float:
    """Relative luminance of ``#RRGGBB``, as the Web Content Accessibility Guidelines define it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The ratio of two colours' luminances, from 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
