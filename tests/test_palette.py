"""Colours of drawings: told apart with any sight of colours, in every theme."""

from __future__ import annotations

import math
from itertools import combinations, pairwise

import pytest

from netdsl.backends.canvas.options import Theme
from netdsl.backends.canvas.palette import CHANGES, FILLS, GREY, HEAT, INK, KINDS, colours, contrast, luminance
from netdsl.backends.captions import Tint
from netdsl.backends.overview.heat import shade

#: What the sights without one kind of cone make of linear red, green and blue: Machado, Oliveira & Fernandes 2009,
#: "A physiologically-based model for simulation of color vision deficiency", severity 1.
SIGHTS = {
    "usual": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
#: Kinds that colour tells; the others are white or nearly so, and their words say what they are.
TOLD: list[Tint] = [kind for kind in KINDS if kind not in ("shape", "regularise")]


def seen(colour: str, sight: str) -> tuple[float, float, float]:
    """A colour in CIELAB, as someone with this sight has it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    r, g, b = (min(1, max(0, sum(a * b for a, b in zip(row, linear)))) for row in SIGHTS[sight])

    def root(value: float) -> float:
        return value ** (1 / 3) if value > 0.008856 else 7.787 * value + 16 / 116

    x = root((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047)
    y = root(0.2126 * r + 0.7152 * g + 0.0722 * b)
    z = root((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("sight", SIGHTS)
def test_kinds_are_told_apart(theme: Theme, sight: str) -> None:
    shown = colours(theme)
    found = [seen(shown.get(FILLS[kind], FILLS[kind]), sight) for kind in TOLD]
    # A difference of about two is just seen beside one another.
    assert min(math.dist(one, other) for one, other in combinations(found, 2)) > 10


@pytest.mark.parametrize("sight", SIGHTS)
def test_heat_goes_from_light_to_dark(sight: str) -> None:
    found = [seen(colour, sight) for colour in HEAT]
    assert all(one[0] - other[0] > 4 and math.dist(one, other) > 10 for one, other in pairwise(found))


def test_what_is_written_on_a_share_can_be_read() -> None:
    for place, fill in enumerate(HEAT):
        shown, ink = shade((place + 0.5) / len(HEAT), 1.0)
        assert shown == fill and contrast(fill, ink) > 4.5
    assert shade(1.0, 1.0)[0] == HEAT[-1]


def test_greys_of_print_are_those_of_ink() -> None:
    shown = colours("print")
    for fill in FILLS.values():
        colour = shown.get(fill, fill)
        assert len({colour[at : at + 2] for at in (1, 3, 5)}) == 1
        assert luminance(colour) > 0.4
        assert contrast(colour, shown[GREY]) > 4.5


def test_what_two_nets_do_not_share_differs_in_print_too() -> None:
    """Each fill is a grey of its own, and what is written on it can be read."""
    shown = colours("print")
    fills = [shown.get(fill, fill) for fill, _ in CHANGES.values()]
    rims = [shown.get(rim, rim) for _, rim in CHANGES.values()]
    assert all(len({colour[at : at + 2] for at in (1, 3, 5)}) == 1 for colour in (*fills, *rims))
    assert len({*fills}) == len(fills)
    assert min(contrast(fill, INK) for fill in fills) > 7
    assert min(contrast(fill, shown[GREY]) for fill in fills) > 4.5
    assert contrast(shown["#C9E8D2"], shown["#FBE5A8"]) > 1.3 < contrast(shown["#FBE5A8"], shown["#F8D0C8"])
