"""What stands below an overview: which colour is what, of those that occur, and what is drawn into the layers."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence

from netdsl.backends.canvas.metrics import width, wrap
from netdsl.backends.canvas.options import Heat
from netdsl.backends.canvas.palette import FILLS, GREY, HAIR, HEAT, INK, KINDS
from netdsl.backends.canvas.scene import Box, Scene
from netdsl.backends.captions import Tint
from netdsl.backends.overview.cards import Card, rows
from netdsl.backends.overview.flow import Flow
from netdsl.backends.overview.heat import NAMES


def draw_legend(scene: Scene, flow: Flow, y: float, room: float, heat: tuple[Heat, float] | None) -> float:
    """Draws it at height ``y`` in lines of ``room``; gives where it ends. ``heat`` has the largest share."""
    with scene.group("legend"):
        return _legend(scene, flow, y, room, heat)


def _legend(scene: Scene, flow: Flow, y: float, room: float, heat: tuple[Heat, float] | None) -> float:
    cards = flow.cards
    if heat is not None:
        kind, most = heat
        y = bar(scene, y, room, kind, most, "of the net's", "all repeats together")
    else:
        found: set[Tint] = {row.tint for card in cards for row in rows(card.parts)}
        y = swatches(scene, found | {row.tint for bow in flow.bows for row in bow.rows}, y, room)
    return inside(scene, cards, y, room)


def inside(scene: Scene, cards: Sequence[Card], y: float, room: float = math.inf) -> float:
    """Draws the line that says what is drawn into the layers, in lines of ``room``; gives where it ends."""
    found = drawn_in(cards)
    if found:
        verb, them = ("is", "it") if len(found) == 1 else ("are", "them")
        for line in wrap(f"{', '.join(found)} {verb} drawn into the layer beside {them}", room, 8):
            scene.text(0, y + 5.5, line, 8, ink=GREY)
            y += 12
    return y


def swatches(
    scene: Scene, found: Collection[Tint], y: float, room: float, left: float = 0.0, *, size: float = 8
) -> float:
    """The colours of some kinds, in lines of ``room`` from ``left`` on; gives where they end."""
    x = 0.0
    for kind, words in KINDS.items():
        if kind not in found:
            continue
        wide = width(words, size) + 22
        if x and x + wide > room:
            x, y = 0.0, y + 16
        scene.boxes.append(Box(left + x, y, 11, 11, fill=FILLS[kind], stroke=HAIR))
        scene.text(left + x + 15, y + 5.5, words, size, ink=INK)
        x += wide + 8
    return y + 16 if x else y


def bar(
    scene: Scene,
    y: float,
    room: float,
    heat: Heat,
    most: float,
    of: str,
    rest: str = "",
    left: float = 0.0,
    *,
    size: float = 8,
) -> float:
    """The colours of shares, from none to the ``most``, ``of the net's`` MACs or what the heat is; gives its end."""
    words = [f"{100 * most:.1f}% {of} {NAMES[heat]}" + ("," if rest else ""), rest]
    return heat_bar(scene, y, room, words, left, size=size)


def heat_bar(scene: Scene, y: float, room: float, words: Sequence[str], left: float = 0.0, *, size: float = 8) -> float:
    """The same with other words for what its end means, in one line where there is room."""
    scene.text(left, y + 5.5, "0", size, ink=INK)
    x = left + 9.0
    for fill in HEAT:
        scene.boxes.append(Box(x, y, 20, 11, fill=fill, stroke=fill))
        x += 20
    words = [line for line in words if line]
    lines = [" ".join(words)] if x + 6 + width(" ".join(words), size) <= room else words
    for line in lines:
        scene.text(x + 5, y + 5.5, line, size, ink=INK)
        y += 12
    return y + 4


def drawn_in(cards: Iterable[Card]) -> list[str]:
    """The norms, activations and the like that are no rows of their own."""
    words: dict[str, None] = {}
    for card in cards:
        for layer in card.layers:
            for node in layer.nodes:
                if node is not layer.head and node.op.category in ("norm", "activation", "regularise"):
                    words.setdefault(node.op.keyword)
    return list(words)
