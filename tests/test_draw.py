"""Drawing: the engine that makes pictures of DOT text, and words on drawings."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest

import netdsl
from netdsl.backends.canvas import engine as engine_module
from netdsl.backends.canvas.engine import find, render
from netdsl.backends.draw import Drawing, drawing
from netdsl.backends.labels import metric, show
from netdsl.diagnostics import NetdslError

SPECS = Path(__file__).parent.parent / "specs"


def layers(stem: str, variant: str | None = None) -> Drawing:
    return drawing(netdsl.compile(SPECS / f"{stem}.net", variant=variant), kind="layers")


def png_size(picture: bytes) -> tuple[int, int]:
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", picture[16:24])
    return width, height


def test_a_png() -> None:
    width, height = png_size(layers("vgg19").render("png"))
    assert 300 < width < 1500
    assert height > 3 * width


def test_a_png_has_no_more_pixels_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = layers("vgg19")
    whole = png_size(drawn.render("png"))
    monkeypatch.setattr(engine_module, "MAX_PIXELS", 100_000)
    width, height = png_size(drawn.render("png"))
    assert 80_000 < width * height <= 100_000 < whole[0] * whole[1]
    monkeypatch.setattr(engine_module, "MAX_SIDE", 200)
    assert 190 < max(png_size(drawn.render("png"))) <= 200


def test_dot_is_the_text_itself() -> None:
    drawn = layers("lenet5")
    assert drawn.render("dot") == drawn.dot.encode()
    with pytest.raises(ValueError, match="not 'gif'"):
        render(drawn.dot, "gif")


def test_without_an_engine_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(name: str, **_: Any) -> None:
        return None

    monkeypatch.setattr(engine_module, "which", nowhere)
    with pytest.raises(NetdslError, match="graphviz-pure") as raised:
        find()
    assert [problem.code for problem in raised.value.diagnostics] == ["ND008"]


def test_a_picture_that_went_wrong_is_an_error() -> None:
    with pytest.raises(NetdslError, match="could not draw") as raised:
        render("digraph { a [label=<<B>x>] }", "svg")
    assert [problem.code for problem in raised.value.diagnostics] == ["ND008"]


@pytest.mark.parametrize(
    ("shape", "shown"),
    [
        ((1000,), "1000"),
        ((64, 7, 7), "64×7²"),
        ((64, 1, 1), "64"),
        ((64, 7, 5), "64×7×5"),
        ((8, 9), "8×9"),
        ((8, 4, 4, 4), "8×4³"),
    ],
)
def test_shapes(shape: tuple[int, ...], shown: str) -> None:
    assert show(shape) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [(0, "0"), (999, "999"), (1000, "1.00 k"), (999_600, "1.00 M"), (25_557_032, "25.6 M"), (4_089_184_256, "4.09 G")],
)
def test_numbers(number: int, shown: str) -> None:
    assert metric(number) == shown
