"""Widths of text in Helvetica, so that boxes can be made to fit before anything is drawn.

Arial, Arimo, Liberation Sans and Nimbus Sans have the same widths. Numbers are thousandths of the font's size.
"""

from __future__ import annotations

from functools import lru_cache

#: Characters from the space to the tilde.
_REGULAR = (
    *(278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278),
    *(556,) * 10,
    *(278, 278, 584, 584, 584, 556, 1015),
    *(667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833),
    *(722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611),
    *(278, 278, 278, 469, 556, 333),
    *(556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833),
    *(556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500),
    *(334, 260, 334, 584),
)
_BOLD = (
    *(278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278),
    *(556,) * 10,
    *(333, 333, 584, 584, 584, 611, 975),
    *(722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833),
    *(722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611),
    *(333, 278, 333, 584, 556, 333),
    *(556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889),
    *(611, 611, 611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500),
    *(389, 280, 389, 584),
)
_OTHERS = {
    "\0": 278,
    "×": 584,
    "·": 333,
    "²": 333,
    "³": 333,
    "→": 1000,
    "–": 556,
    "—": 1000,
    "≥": 549,
    "½": 834,
    "α": 578,
    "Σ": 618,
    "−": 584,
    "…": 1000,
}
#: What any other character is taken to have: as wide as most capitals.
_UNKNOWN = 722


@lru_cache(maxsize=10_000)
def width(text: str, size: float, *, bold: bool = False) -> float:
    """How wide a line of text is, in the unit of ``size``. Layouts that are tried one after another ask it again."""
    table = _BOLD if bold else _REGULAR
    total = 0
    for character in text:
        code = ord(character) - 32
        total += table[code] if 0 <= code < len(table) else _OTHERS.get(character, _UNKNOWN)
    return total * size / 1000


def taken(text: str, size: float, *, bold: bool = False) -> float:
    """How wide graphviz-pure takes a line of text to be, which has a space's width for each byte beyond ASCII."""
    table = _BOLD if bold else _REGULAR
    codes = (byte - 32 for byte in text.encode())
    return sum(table[code] if 0 <= code < len(table) else table[0] for code in codes) * size / 1000


def wrap(words: str, room: float, size: float) -> list[str]:
    """Text in lines of at most ``room``, where its spaces allow it."""
    lines: list[str] = []
    for word in words.split(" "):
        if lines and width(f"{lines[-1]} {word}", size) <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
