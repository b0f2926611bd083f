"""The cards of an overview one below another, in columns; or in rows that shortcuts may go between."""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.backends.canvas.columns import Columns, Unit, columns_of
from netdsl.backends.canvas.columns import Stage as Band
from netdsl.backends.canvas.scene import Scene
from netdsl.backends.canvas.stack import Head
from netdsl.backends.canvas.ways import SMALL, Cell, Pen
from netdsl.backends.overview.cards import Row
from netdsl.backends.overview.cells import BEHIND, ROW, UNMARKED, Sheet, Tip, draw, sizes
from netdsl.backends.overview.flow import Flow
from netdsl.backends.overview.layout import place as placed
from netdsl.backends.overview.layout import shape_of


class _Card(Cell):
    """A card. A shortcut comes in at its row ``line``."""

    def __init__(self, sheet: Sheet, layout: CardColumns, line: int | None = None) -> None:
        self.sheet, self.layout = sheet, layout
        # Behind a card that repeats are the edges of others.
        wide, high = sheet.reach, sheet.h + (2 * BEHIND if layout.down and sheet.card.count > 1 else 0)
        self.length = high if layout.down else wide
        self.left = self.right = (wide if layout.down else high) / 2
        if line is not None:
            at = sheet.line(line)
            # From above or from the side; in rows from below.
            self.side = (at, sheet.w - wide / 2) if layout.down else (sheet.w / 2, self.right)

    def draw(self, pen: Pen, a: float, c: float) -> None:
        """Puts it with its start at a place."""
        x, y = pen.at(a, c - self.left)
        self.sheet.draw(pen.scene, x, y, self.layout.tip)


class _Pill(Cell):
    """A layer on a shortcut."""

    def __init__(self, row: Row, layout: CardColumns) -> None:
        self.row, self.layout = row, layout
        self.wide = sizes([row], short=False)[0]
        self.length = ROW if layout.down else self.wide
        self.left = self.right = (self.wide if layout.down else ROW) / 2

    def draw(self, pen: Pen, a: float, c: float) -> None:
        """Puts it with its start at a place."""
        x, y = pen.at(a, c - self.left)
        draw(pen.scene, [self.row], x, y, self.wide, self.layout.tip, short=False)


class CardColumns:
    """Cards in columns that are no longer than ``limit``; in rows unless ``down``."""

    def __init__(
        self,
        flow: Flow,
        sheets: Sequence[Sheet],
        sides: Sequence[list[Sheet]],
        limit: float,
        *,
        down: bool,
        shapes: bool = True,
    ) -> None:
        self.down = down
        self.tip: Tip = lambda _: UNMARKED
        lines = {bow.target: bow.line for bow in flow.bows}
        units: list[Unit] = []
        for at, here in enumerate(placed(flow.units, sheets, sides)):
            after = flow.units[at + 1].stage if at + 1 < len(flow.units) else here.unit.stage
            note = shape_of(here) if shapes and after != here.unit.stage else ""
            heads = [Head(_Card(side, self), at, None, side.card.training) for side in here.sides]
            units.append(Unit(_Card(here.sheet, self, lines.get(at)), note, at > 0, heads))
        for bow in flow.bows:
            units[bow.target].taken.append((bow.source, None, tuple(_Pill(row, self) for row in bow.rows), False))
        bands = [Band(stage.label.partition(" ·")[0], "", stage.units, stage.label) for stage in flow.stages]
        self.made: Columns = columns_of(bands, units, limit, down=down, small=SMALL)
        self.w, self.h, self.key, self.broken = self.made.w, self.made.h, self.made.key, self.made.broken

    def draw(self, scene: Scene, dx: float, dy: float, tip: Tip) -> None:
        """Puts all of it on the page, its top left corner at a place."""
        self.tip = tip
        self.made.draw(Pen(scene, down=self.down), dx, dy)
