"""One block in detail: what is found under a name, what is drawn of it and where."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest

import netdsl
from netdsl.backends.block import drawable
from netdsl.backends.block.find import find
from netdsl.backends.block.page import Page
from netdsl.backends.canvas.scene import Scene
from netdsl.ir.graph import Graph

SPECS = Path(__file__).parent.parent / "specs"
ZOO = sorted(path.stem for path in SPECS.glob("*.net"))


def zoo(stem: str, variant: str | None = None) -> Graph:
    return netdsl.compile(SPECS / f"{stem}.net", variant=variant)


def texts(scene: Scene) -> list[str]:
    return [box.text for box in scene.boxes if box.text]


def check(scene: Scene) -> None:
    """No text on another or off the page, and no line through a text that stands free."""
    words = [box for box in scene.boxes if box.text]
    for one, other in combinations(words, 2):
        across = min(one.x + one.w, other.x + other.w) - max(one.x, other.x)
        down = min(one.y + one.h * 0.9, other.y + other.h * 0.9) - max(one.y + one.h * 0.1, other.y + other.h * 0.1)
        assert across < 1.5 or down < 0.5, (one.text, other.text)
    for box in scene.boxes:
        assert box.x >= -0.1 and box.y >= -0.1 and box.x + box.w <= scene.w + 0.1 and box.y + box.h <= scene.h + 0.1


@pytest.mark.parametrize("stem", ZOO)
def test_every_block_of_the_zoo_is_drawn(stem: str) -> None:
    graph = zoo(stem)
    every = drawable(graph)
    for found in every:
        if found.block or found.name.count(".") < 2:
            page = Page(*find(graph, found.name, "train"), "train")
            scene = page.scene()
            check(scene)
            known = page.builder.drawn | page.builder.folded
            assert {node.index for node in page.nodes} - known == set()
