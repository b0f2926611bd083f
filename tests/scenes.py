"""What holds of every drawing that has places of its own."""

from __future__ import annotations

from itertools import combinations, pairwise

from netdsl.backends.canvas.scene import Box, Scene


def check(scene: Scene) -> None:
    """Nothing is off the page, no text lies on another, and no line goes through a text that stands free."""
    for box in scene.boxes:
        assert box.x >= -0.1 and box.y >= -0.1, box
        assert box.x + box.w <= scene.w + 0.1 and box.y + box.h <= scene.h + 0.1, box
    for line in scene.lines:
        for x, y in line.points:
            assert -0.1 <= x <= scene.w + 0.1 and -0.1 <= y <= scene.h + 0.1, line
    words = [box for box in scene.boxes if box.text]
    for one, other in combinations(words, 2):
        assert not _meet(one, other), (one.text, other.text)
    free = [box for box in words if box.fill == box.stroke == "none" and not _held(box, scene)]
    for line in scene.lines:
        if line.curved or line.kind in ("kernel", "edge kernel"):
            continue
        for start, end in pairwise(line.points):
            for box in free:
                assert not _crosses(start, end, box), (box.text, line.points)


def _meet(one: Box, other: Box) -> bool:
    """Whether the letters of two texts meet; above and below letters there is some room in a box."""
    across = min(one.x + one.w, other.x + other.w) - max(one.x, other.x)
    down = min(one.y + one.h * 0.9, other.y + other.h * 0.9) - max(one.y + one.h * 0.1, other.y + other.h * 0.1)
    return across >= 1.5 and down >= 0.5


def _held(text: Box, scene: Scene) -> bool:
    """Whether a text stands on the box of a layer, which lines end at."""
    return any(
        box.round
        and box.h < 30
        and box.x <= text.x
        and text.x + text.w <= box.x + box.w
        and box.y <= text.y + 2
        and text.y + text.h <= box.y + box.h + 2
        for box in scene.boxes
    )


def _crosses(start: tuple[float, float], end: tuple[float, float], box: Box) -> bool:
    """Whether an upright or level line goes through the letters of a text."""
    left, right = sorted((start[0], end[0]))
    top, bottom = sorted((start[1], end[1]))
    across = min(right, box.x + box.w - 1.5) - max(left, box.x + 1.5)
    down = min(bottom, box.y + box.h * 0.85) - max(top, box.y + box.h * 0.15)
    return across >= 0 and down >= 0
