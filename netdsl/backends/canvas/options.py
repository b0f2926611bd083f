"""How a drawing may be asked for."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, get_args

from netdsl.diagnostics.nearest import did_you_mean

#: What the rows are coloured by, instead of their kind.
Heat = Literal["macs", "params", "activations", "memory"]
#: What is written beside the layers: shapes where they change, costs, the receptive field.
Label = Literal["shapes", "params", "macs", "rf"]
Theme = Literal["light", "dark", "auto", "print"]
#: Where the line of a net goes: to the right, whole or in rows, or down, whole or in columns.
Direction = Literal["auto", "right", "rows", "down", "columns"]

HEATS: tuple[Heat, ...] = get_args(Heat)
LABELS: tuple[Label, ...] = get_args(Label)
THEMES: tuple[Theme, ...] = get_args(Theme)
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)

#: Sizes in points: a 16:9 slide, the text of an A4 page, and one column of two of it.
PAGES: dict[str, tuple[float, float]] = {"slide": (960, 540), "a4": (483, 724), "column": (234, 724)}
#: Text that is smaller than this on its page is not read.
LEAST = 6.0


class Options(NamedTuple):
    """All of it. ``page`` is a width and height in points that the drawing is to fit into.

    Where ``labels`` are None a drawing has those that are usual for its kind.
    """

    heat: Heat | None = None
    labels: tuple[Label, ...] | None = None
    theme: Theme = "light"
    direction: Direction = "auto"
    page: tuple[float, float] | None = None


def page(words: str) -> tuple[float, float]:
    """``slide``, ``column``, ``a4``, or ``300x200`` in points. ``ValueError`` for anything else."""
    if words in PAGES:
        return PAGES[words]
    found = re.fullmatch(r"(\d+(?:\.\d+)?)[x×](\d+(?:\.\d+)?)", words)
    if found is None or min(map(float, found.groups())) <= 0:
        raise ValueError(f"a page is {', '.join(PAGES)} or WxH in points, not {words!r}")
    return float(found[1]), float(found[2])


def labels(words: str) -> tuple[Label, ...]:
    """``shapes,macs``, or ``none``. ``ValueError`` for a word that is no label."""
    found: list[Label] = []
    for word in () if words == "none" else words.split(","):
        match = next((label for label in LABELS if label == word.strip()), None)
        if match is None:
            help = did_you_mean(word.strip(), LABELS)
            message = f"labels are {', '.join(LABELS)} or none, not `{word.strip()}`"
            raise ValueError(message + (f"; {help}" if help else ""))
        found.append(match)
    return tuple(found)
