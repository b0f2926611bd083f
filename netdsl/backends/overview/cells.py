"""Cards with sizes: how much room each part takes, and the boxes and lines that it is drawn with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from netdsl.backends.canvas.metrics import width, wrap
from netdsl.backends.canvas.palette import BADGE, BADGE_INK, FILLS, FRAME, GREY, HAIR, INK, LINE, RED, WHITE
from netdsl.backends.canvas.scene import Box, Line, Scene
from netdsl.backends.overview.cards import Card, Chain, Columns, Part, Row, Times, rows

#: Sizes of text: rows, titles of cards, small print.
ROW_SIZE, TITLE_SIZE, SMALL = 9.5, 10.5, 8.0
ROW, TITLE, SMALL_ROW, GAP = 17.0, 18.0, 10.5, 1.5
#: Room inside of a card, beside a row's text, for the line of a skip, and for the bracket of a repeat.
INSET, MARGIN, LOOP, BRACKET, ARROW = 5.0, 6.0, 14.0, 26.0, 11.0
#: How far the edges of the cards behind a folded one stand out.
BEHIND = 2.5


class Mark(NamedTuple):
    """What an SVG says of a row or a card beyond what is seen: its id, its tooltip, and its ``data-`` attributes."""

    name: str = ""
    tip: str = ""
    data: Mapping[str, str] = {}


UNMARKED = Mark()
#: The mark of a row.
Tip = Callable[[Row], Mark]


class Sheet:
    """A card with its size. ``w`` and ``h`` are the card's alone, without the edges behind it."""

    def __init__(self, card: Card, cost: str, mark: Mark = UNMARKED, kind: str = "card") -> None:
        self.card = card
        self.mark = mark
        self.kind = kind
        found = list(rows(card.parts))
        self.pill = len(found) == 1 and found[0] is card.parts[0] and not card.title and not card.notes
        wide, high = sizes(card.parts, short=False)
        self.title = bool(card.title) or card.count > 1
        self.badge = f"×{card.count}" if card.count > 1 else ""
        heading = width(card.title, TITLE_SIZE, bold=True) + (width(card.detail, SMALL) + 5 if card.detail else 0)
        heading += width(self.badge, TITLE_SIZE, bold=True) + 14 if self.badge else 0
        small = [*card.notes, cost] if cost and not self.pill else list(card.notes)
        inner = max([wide, heading + 4, *(width(line, SMALL) + 2 for line in small)])
        self.w = wide if self.pill else inner + 2 * INSET
        self.first = _first(card.first, inner) if card.first else []
        self.small = [*self.first, *small]
        self.h = ROW + 3 if self.pill else high + 2 * INSET + (TITLE if self.title else 0)
        if not self.pill and self.small:
            self.h += 2 + SMALL_ROW * len(self.small)

    def line(self, number: int) -> float:
        """How far below the top the middle of a row is, on a card of rows alone."""
        if self.pill:
            return self.h / 2
        return (TITLE + 2 if self.title else INSET) + number * (ROW + GAP) + ROW / 2

    @property
    def reach(self) -> float:
        """Its width with the edges behind it."""
        return self.w + (2 * BEHIND if self.card.count > 1 else 0)

    def draw(self, scene: Scene, x: float, y: float, tip: Tip) -> None:
        """Puts the card at a place."""
        with scene.group(self.kind, *self.mark):
            self._draw(scene, x, y, tip)

    def _draw(self, scene: Scene, x: float, y: float, tip: Tip) -> None:
        card = self.card
        if self.pill:
            row = card.parts[0]
            assert isinstance(row, Row)
            _row(scene, row, row.text, x, y, self.w, self.h, tip, round=True)
            return
        if card.count > 1:
            for step in (2, 1):
                scene.boxes.append(Box(x + step * BEHIND, y + step * BEHIND, self.w, self.h, fill=WHITE, stroke=FRAME))
        scene.boxes.append(Box(x, y, self.w, self.h, fill=WHITE, stroke=FRAME, dashed=card.training))
        top = y + INSET
        if self.title:
            self._heading(scene, x, y)
            top = y + TITLE + 2
        left, inner = x + INSET, self.w - 2 * INSET
        end = draw(scene, card.parts, left, top, inner, tip, short=False)
        middle = end + 2 + SMALL_ROW / 2
        for line in self.small:
            scene.text(left + 1, middle, line, SMALL, ink=GREY)
            middle += SMALL_ROW

    def _heading(self, scene: Scene, x: float, y: float) -> None:
        card, middle = self.card, y + 1 + TITLE / 2
        scene.text(x + INSET + 1, middle, card.title, TITLE_SIZE, bold=True, ink=INK)
        if card.detail:
            after = x + INSET + 6 + width(card.title, TITLE_SIZE, bold=True)
            scene.text(after, middle + 0.5, card.detail, SMALL, ink=GREY)
        if self.badge:
            wide = width(self.badge, TITLE_SIZE, bold=True) + 10
            scene.boxes.append(
                Box(x + self.w - wide, y, wide, TITLE, self.badge, TITLE_SIZE, BADGE, BADGE, BADGE_INK, bold=True)
            )


def _first(words: Sequence[str], room: float) -> list[str]:
    """How a first block differs, in lines that break between the differences where they can."""
    kept = [f"{word};".replace(" ", "\0") if len(word) < 24 else f"{word};" for word in words]
    return [line.replace("\0", " ") for line in wrap(f"first: {' '.join(kept)}"[:-1], room, SMALL)]


# -- sizes ------------------------------------------------------------------------------------------------------------


def sizes(parts: Sequence[Part], *, short: bool) -> tuple[float, float]:
    """The width and height of parts one above another."""
    each = [_size(part, short) for part in parts]
    return max((wide for wide, _ in each), default=0.0), sum(high for _, high in each) + GAP * max(len(each) - 1, 0)


def _words(row: Row, short: bool) -> str:
    return row.short if short else row.text


def _badge(row: Row) -> float:
    """The room that a row's repeats take, the gap before them included."""
    return width(f"×{row.times}", SMALL, bold=True) + 9 if row.times > 1 else 0


def _share(row: Row) -> float:
    """The room that a row's share of the costs takes."""
    return max(width("99.9%", SMALL), width(row.share, SMALL)) + 4 if row.share else 0


def _size(part: Part, short: bool) -> tuple[float, float]:
    if isinstance(part, Row):
        return width(_words(part, short), ROW_SIZE) + 2 * MARGIN + _badge(part) + _share(part), ROW
    if isinstance(part, Columns):
        arms = [sizes(arm, short=True) for arm in part.arms]
        wide = sum(one for one, _ in arms) + GAP * (len(arms) - 1)
        join = _size(part.join, short)
        return max(wide, join[0]), max(high for _, high in arms) + GAP + join[1]
    if isinstance(part, Chain):
        wide = sum(_size(row, True)[0] for row in part.row) + ARROW * (len(part.row) - 1)
        return wide, ROW
    wide, high = sizes(part.parts, short=short)
    if isinstance(part, Times):
        return wide + BRACKET, high
    join = _size(part.join, short)
    return max(wide, join[0]) + LOOP, high + GAP + join[1]


# -- drawing ----------------------------------------------------------------------------------------------------------


def draw(scene: Scene, parts: Sequence[Part], x: float, y: float, w: float, tip: Tip, *, short: bool) -> float:
    """Draws parts one above another in a column of width ``w``; gives where it ends."""
    for part in parts:
        high = _size(part, short)[1]
        if isinstance(part, Row):
            _row(scene, part, _words(part, short), x, y, w, high, tip)
        elif isinstance(part, Columns):
            _columns(scene, part, x, y, w, high, tip)
        elif isinstance(part, Chain):
            _chain(scene, part, x, y, w, tip)
        elif isinstance(part, Times):
            draw(scene, part.parts, x, y, w - BRACKET, tip, short=short)
            _bracket(scene, x + w - BRACKET, y, high, part.count)
        else:
            end = draw(scene, part.parts, x, y, w - LOOP, tip, short=short)
            _row(scene, part.join, _words(part.join, short), x, end, w - LOOP, ROW, tip)
            right, middle = x + w - LOOP, end + ROW / 2
            points = ((right, y + 3), (right + LOOP - 3, y + 3), (right + LOOP - 3, middle), (right, middle))
            colour, kind = (RED, "edge projection") if part.projection else (LINE, "edge skip")
            scene.lines.append(Line(points, colour=colour, dashed=part.projection, radius=5, kind=kind))
        y += high + GAP
    return y


def _row(
    scene: Scene, row: Row, words: str, x: float, y: float, w: float, h: float, tip: Tip, *, round: bool = False
) -> None:
    mark = tip(row)
    with scene.group(f"layer {row.tint}", *mark):
        _cells(scene, row, words, x, y, w, h, mark, round=round)


def _cells(
    scene: Scene, row: Row, words: str, x: float, y: float, w: float, h: float, mark: Mark, *, round: bool
) -> None:
    fill, ink = row.fill or FILLS[row.tint], row.ink or INK
    stroke = INK if row.tint == "merge" else HAIR if round or fill != WHITE else "none"
    badge, share = _badge(row), _share(row)
    plain = not badge and not share
    text = words if plain else ""
    scene.boxes.append(Box(x, y, w, h, text, ROW_SIZE, fill, stroke, ink, round=round, name=mark.name, tip=mark.tip))
    if plain:
        return
    middle = y + h / 2
    scene.text(x + (w - badge - share) / 2, middle, words, ROW_SIZE, ink=ink, align="c")
    if share:
        scene.text(x + w - 4, middle, row.share, SMALL, ink=ink, align="r")
    if badge:
        left, top, times = x + w - share - badge + 1, y + 3.5, f"×{row.times}"
        inside = Box(left, top, badge - 4.5, h - 7, times, SMALL, BADGE, BADGE, BADGE_INK, bold=True, pen=0, round=True)
        scene.boxes.append(inside)


def _columns(scene: Scene, part: Columns, x: float, y: float, w: float, h: float, tip: Tip) -> None:
    arms = [sizes(arm, short=True) for arm in part.arms]
    spare = (w - sum(wide for wide, _ in arms) - GAP * (len(arms) - 1)) / len(arms)
    bottom = y + h - ROW - GAP
    left = x
    for arm, (wide, high) in zip(part.arms, arms):
        draw(scene, arm, left, bottom - high, wide + spare, tip, short=True)
        left += wide + spare + GAP
    _row(scene, part.join, part.join.text, x, bottom + GAP, w, ROW, tip)


def _chain(scene: Scene, part: Chain, x: float, y: float, w: float, tip: Tip) -> None:
    each = [_size(row, True)[0] for row in part.row]
    spare = (w - sum(each) - ARROW * (len(each) - 1)) / len(each)
    for place, (row, wide) in enumerate(zip(part.row, each)):
        if place:
            scene.lines.append(Line(((x - ARROW, y + ROW / 2), (x, y + ROW / 2))))
        _row(scene, row, _words(row, True), x, y, wide + spare, ROW, tip)
        x += wide + spare + ARROW


def _bracket(scene: Scene, x: float, y: float, h: float, count: int) -> None:
    scene.lines.append(
        Line(
            ((x + 2, y + 1), (x + 6, y + 1), (x + 6, y + h - 1), (x + 2, y + h - 1)),
            head=False,
            radius=2,
            kind="bracket",
        )
    )
    scene.text(x + 9, y + h / 2, f"×{count}", ROW_SIZE, bold=True, ink=INK)
