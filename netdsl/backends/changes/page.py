"""The picture of a difference: the new totals beside the old, cards in columns like a newspaper's, and a legend."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from netdsl.analyses.difference import Difference, Status
from netdsl.analyses.stats import stats
from netdsl.analyses.titles import net_names
from netdsl.backends.canvas.metrics import width
from netdsl.backends.canvas.options import LEAST, Label, Options
from netdsl.backends.canvas.palette import BADGE, BADGE_INK, CHANGES, FRAME, GREY, INK, WHITE, colours
from netdsl.backends.canvas.scene import Box, Line, Scene
from netdsl.backends.changes.cards import (
    DEEPER,
    GAP,
    INSET,
    LINE,
    ROW_SIZE,
    SIGN,
    SMALL,
    SMALL_LINE,
    TITLE,
    TITLE_SIZE,
    Card,
    Row,
    cards,
)
from netdsl.backends.labels import metric, times
from netdsl.ir.types import View

_SIGNS: dict[Status, str] = {"removed": "–", "added": "+", "changed": "~", "same": ""}
_WORDS: dict[Status, str] = {"removed": "removed", "added": "added", "changed": "changed", "same": "unchanged"}
_LABELS: tuple[Label, ...] = ("params", "macs")
#: Between cards, between columns; how wide a drawing without a page is for its height.
_STEP, _BETWEEN, _RATIO = 13.0, 26.0, 1.2


def changes(found: Difference, view: View | None = None, options: Options | None = None) -> Scene:
    """How two nets differ: what is removed, added and changed, with old and new values; what is the same is folded.

    Where it is to fit a page, what is in blocks is left out if the smallest text had less than :data:`LEAST` points.
    """
    options = options or Options()
    scene = _Page(found, view, options, brief=False).scene()
    if options.page is not None and scene.smallest < LEAST:
        return _Page(found, view, options, brief=True).scene()
    return scene


class _Page:
    def __init__(self, found: Difference, view: View | None, options: Options, *, brief: bool) -> None:
        self.found = found
        self.view = view
        self.options = options
        shown = _LABELS if options.labels is None else options.labels
        self.cards = [] if found.equal else cards(found, shown, brief=brief)
        self.wide = max((card.w for card in self.cards), default=0.0)

    def scene(self) -> Scene:
        """The page, in as many columns as make it largest."""
        name = " → ".join(net_names([self.found.before, self.found.after]))
        scene = Scene(name, self._description(name), colours=colours(self.options.theme))
        top = self._title(scene, name)
        columns = self._columns(top)
        right, bottom = 0.0, top
        places: list[list[tuple[Card, float]]] = []
        for number, column in enumerate(columns):
            x, y = number * (self.wide + _BETWEEN), top
            places.append([])
            for card in column:
                places[-1].append((card, y))
                self._card(scene, card, x, y)
                y += card.h + _STEP
            right, bottom = x + self.wide, max(bottom, y - _STEP)
        self._lines(scene, places, top)
        scene.h = self._legend(scene, bottom + 16, max(right, 220.0))
        scene.w = max([right, *(box.x + box.w for box in scene.boxes)])
        scene.fit(self.options.page)
        return scene

    def _columns(self, top: float) -> list[list[Card]]:
        """The cards in columns: as large as the page allows, or of a pleasant form."""
        best: tuple[float, list[list[Card]]] | None = None
        for count in range(1, 9):
            found = _fill(self.cards, count)
            wide = len(found) * (self.wide + _BETWEEN) - _BETWEEN
            high = top + 40 + max((sum(card.h + _STEP for card in column) for column in found), default=0.0)
            room = self.options.page or (1000 * _RATIO, 1000)
            worth = min(room[0] / max(wide, 1), room[1] / high)
            # A few cards are one column.
            worth = 10 - count if self.options.page is None and count == 1 and high < 520 else worth
            if best is None or worth > best[0] * 1.02:
                best = worth, found
        return best[1] if best else []

    # -- drawing

    def _title(self, scene: Scene, name: str) -> float:
        with scene.group("title"):
            scene.text(0, 10, name, 14, bold=True, ink=INK)
            y = 28.0
            for line in self._totals():
                scene.text(0, y, line, 10, ink=INK)
                y += 14
            counts = self.found.counts()
            words = ", ".join(f"{counts[status]} {_WORDS[status]}" for status in counts if counts[status])
            scene.text(0, y, "the same" if self.found.equal else f"layers: {words}", 9, ink=GREY)
            y += 13
            for note in self.found.notes:
                scene.text(0, y, note, 9, ink=GREY)
                y += 12
        return y + 6

    def _totals(self) -> list[str]:
        lines = []
        # Of inference, as papers count; and of training, unless inference alone is drawn, where that is another.
        views: tuple[View, ...] = ("infer",) if self.view == "infer" else ("infer", "train")
        for view in views:
            before, after = (stats(graph, view=view).totals for graph in (self.found.before, self.found.after))
            words = [
                _pair(before.params, after.params, "params"),
                _pair(before.macs, after.macs, "MACs"),
            ]
            line = " · ".join(words)
            if line not in lines:
                lines.append(line)
        return [lines[0], *(f"{line} in training" for line in lines[1:])]

    def _card(self, scene: Scene, card: Card, x: float, y: float) -> None:
        fill, stroke = CHANGES[card.status]
        data = {"status": card.status, "count": str(card.times), "layers": " ".join(card.names)}
        with scene.group(f"change {card.status}", data=data):
            if not card.title:
                for row in card.rows:
                    self._row(scene, row, x, y, self.wide, alone=True)
                return
            back = fill if card.status in ("added", "removed") else WHITE
            if card.times > 1:
                for step in (2, 1):
                    scene.boxes.append(Box(x + step * 2.5, y + step * 2.5, self.wide, card.h, fill=WHITE, stroke=FRAME))
            scene.boxes.append(
                Box(x, y, self.wide, card.h, fill=back, stroke=stroke, pen=1.4, dashed=card.status == "removed")
            )
            self._sign(scene, card.status, x + INSET, y + 4)
            scene.text(x + INSET + SIGN, y + 1 + TITLE / 2, card.title, TITLE_SIZE, bold=True, ink=INK)
            after = x + INSET + SIGN + 5 + width(card.title, TITLE_SIZE, bold=True)
            scene.text(after, y + 1.5 + TITLE / 2, card.detail, SMALL, ink=GREY)
            if card.badge:
                wide = width(card.badge, TITLE_SIZE, bold=True) + 10
                badge = Box(x + self.wide - wide, y, wide, TITLE, card.badge, TITLE_SIZE, BADGE, BADGE, BADGE_INK)
                scene.boxes.append(badge)
            at = y + TITLE + 4
            for row in card.rows:
                self._row(scene, row, x + INSET, at, self.wide - 2 * INSET)
                at += row.h + GAP
            for line in card.small:
                scene.text(x + INSET + 1, at + SMALL_LINE / 2 - (0 if card.rows else 2), line, SMALL, ink=GREY)
                at += SMALL_LINE

    def _row(self, scene: Scene, row: Row, x: float, y: float, w: float, *, alone: bool = False) -> None:
        left = x + DEEPER * row.depth
        if row.status is None:
            scene.text(left + 2, y + row.h / 2 + 1, row.text, SMALL, bold=True, ink=GREY)
            return
        fill, stroke = CHANGES[row.status]
        edge = stroke if alone or row.status != "same" else fill
        tip = "\n".join(row.names[:12] + (["…"] if len(row.names) > 12 else []))
        data = {"status": row.status, "layers": " ".join(row.names)}
        with scene.group(f"row {row.status}", tip=tip, data=data):
            scene.boxes.append(
                Box(left, y, x + w - left, row.h, fill=fill, stroke=edge, dashed=row.status == "removed")
            )
            self._sign(scene, row.status, left + INSET - 1, y + 3)
            start = left + INSET + (SIGN if row.status != "same" else 0)
            ink = GREY if row.status == "same" else INK
            scene.text(start, y + 1 + LINE / 2, row.text, ROW_SIZE, ink=ink)
            if row.badge:
                wide = width(row.badge, SMALL, bold=True) + 7
                box = Box(
                    x + w - wide - 4, y + 3, wide, 11, row.badge, SMALL, BADGE, BADGE, BADGE_INK, bold=True, pen=0
                )
                scene.boxes.append(box)
            for line, words in enumerate(row.small):
                scene.text(
                    start,
                    y + LINE + 1 + SMALL_LINE * (line + 0.5),
                    words,
                    SMALL,
                    ink=GREY if row.status == "same" else INK,
                )

    def _sign(self, scene: Scene, status: Status, x: float, y: float) -> None:
        if status != "same":
            stroke = CHANGES[status][1]
            box = Box(x, y, 11, 11, _SIGNS[status], ROW_SIZE, stroke, stroke, BADGE_INK, bold=True, pen=0)
            scene.boxes.append(box)

    def _lines(self, scene: Scene, places: Sequence[Sequence[tuple[Card, float]]], top: float) -> None:
        """Arrows down each column and on to the next."""
        axis = min(self.wide / 2, 70.0)
        for number, column in enumerate(places):
            x = number * (self.wide + _BETWEEN) + axis
            for (card, y), (after, below) in pairwise(column):
                if after.aside:
                    continue
                scene.lines.append(Line(((x, y + card.h + (5 if card.times > 1 else 0)), (x, below))))
            if number + 1 < len(places) and column and not places[number + 1][0][0].aside:
                card, y = column[-1]
                start, turn = y + card.h + (5 if card.times > 1 else 0), x - axis + self.wide + _BETWEEN / 2 + 2
                end = (x + self.wide + _BETWEEN, top)
                way = ((x, start), (x, start + 7), (turn, start + 7), (turn, top - 9), (end[0], top - 9), end)
                scene.lines.append(Line(way))

    def _legend(self, scene: Scene, y: float, room: float) -> float:
        x = 0.0
        with scene.group("legend"):
            counts = self.found.counts()
            for status in ("removed", "added", "changed", "same"):
                if not counts[status]:
                    continue
                fill, stroke = CHANGES[status]
                words = "changed: old → new" if status == "changed" else _WORDS[status]
                wide = width(words, 8) + 22
                if x and x + wide > room:
                    x, y = 0.0, y + 16
                box = Box(x, y, 11, 11, _SIGNS[status], 8.5, fill, stroke, INK, bold=True, dashed=status == "removed")
                scene.boxes.append(box)
                scene.text(x + 15, y + 5.5, words, 8, ink=INK)
                x += wide + 8
        return y + 16

    def _description(self, name: str) -> str:
        """What differs, in words."""
        if self.found.equal:
            return f"{name}: the same."
        said = []
        for card in self.cards:
            if card.status != "same":
                what = " ".join(filter(None, [card.title or card.rows[0].text, card.detail]))
                said.append(f"{_WORDS[card.status]}: {what}{times(card.times)}")
        return f"{name}. {'; '.join([*said, *self.found.notes])}."


def _fill(found: Sequence[Card], count: int) -> list[list[Card]]:
    """Cards in at most ``count`` columns of about one height."""
    whole = sum(card.h + _STEP for card in found)
    limit = max([whole / count, *(card.h + _STEP for card in found)])
    for _ in range(40):
        columns: list[list[Card]] = [[]]
        at = 0.0
        for card in found:
            if columns[-1] and at + card.h + _STEP > limit + 0.01:
                columns.append([])
                at = 0.0
            columns[-1].append(card)
            at += card.h + _STEP
        if len(columns) <= count:
            break
        limit *= 1.04
    return columns


def _pair(before: int, after: int, what: str) -> str:
    if before == after:
        return f"{metric(after)} {what}"
    percent = 100 * (after - before) / before if before else 0.0
    share = f" ({percent:+.1f}%)".replace("-", "–") if before else ""
    if before and abs(percent) < 0.05:
        share = f" (<0.1% {'more' if after > before else 'less'})"
    return f"{metric(before)} → {metric(after)} {what}{share}"
