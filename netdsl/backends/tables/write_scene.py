"""Tables as drawings: cells with borders, brackets drawn, poolings and heads in colour."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from netdsl.backends.canvas.metrics import width, wrap
from netdsl.backends.canvas.options import Options
from netdsl.backends.canvas.palette import BANDS, GREY, INK, PALE, WHITE, colours
from netdsl.backends.canvas.scene import Box, Line, Scene
from netdsl.backends.labels import metric
from netdsl.backends.tables import write_text
from netdsl.backends.tables.model import Align, Cell, Content, Matrix, Sheet, grid

#: The size of text, of the notes below, and from one line of text to the next.
_SIZE, _NOTE, _LEADING = 10.0, 8.5, 12.5
#: Room beside and above what stands in a cell, and the width of a bracket's foot.
_BESIDE, _ABOVE, _FOOT = 6.0, 5.0, 4.0
_LINE = "#999999"
_SIDE: dict[Align, str] = {"left": "l", "centre": "c", "right": "r"}


def write(sheet: Sheet, options: Options | None = None, fits: Callable[[int], None] | None = None) -> Scene:
    """The table as a scene; of ``options`` it takes the theme and the page. The same table gives the same scene.

    ``fits`` is told, before anything is laid out, how many boxes it has at least.
    """
    if fits is not None:
        fits(sum(1 + len(cell.content) for row in sheet.rows for cell in row.cells))
    return _Table(sheet, options or Options()).scene()


class _Text(NamedTuple):
    """A line of text in a cell."""

    words: str
    bold: bool


class _Brackets(NamedTuple):
    """Lines in brackets, and how often they are repeated."""

    lines: tuple[str, ...]
    times: str
    bold: bool

    @property
    def inner(self) -> float:
        """The width of the lines."""
        return max(width(line, _SIZE, bold=self.bold) for line in self.lines)


_Piece = _Text | _Brackets


class _Table:
    def __init__(self, sheet: Sheet, options: Options) -> None:
        self.sheet = sheet
        self.options = options
        self.places = grid(sheet)
        self.pieces = {id(cell): _pieces(cell, bold=at == 0) for at, row in enumerate(sheet.rows) for cell in row.cells}
        self.columns = self._columns()
        self.rows = self._rows()

    def scene(self) -> Scene:
        sheet = self.sheet
        wide = sum(self.columns)
        scene = Scene(
            sheet.caption or "table", write_text.write(sheet._replace(caption="")), colours=colours(self.options.theme)
        )
        y = 0.0
        if sheet.caption:
            y = self._caption(scene, wide)
        for at, row in enumerate(self.places):
            with scene.group("row head" if sheet.rows[at].head else "row"):
                x = 0.0
                for column, place in enumerate(row):
                    if not place.right and not place.down:
                        self._cell(scene, place.cell, at, column, x, y)
                    x += self.columns[column]
            y += self.rows[at]
        with scene.group("legend"):
            y += 4
            for note in sheet.notes:
                for line in wrap(note, max(wide, 200.0), _NOTE):
                    scene.text(0, y + 6, line, _NOTE, ink=GREY)
                    y += 11
        scene.w = max([wide, *(box.x + box.w for box in scene.boxes)])
        scene.h = y
        scene.fit(self.options.page)
        return scene

    def _caption(self, scene: Scene, wide: float) -> float:
        lines = _broken(self.sheet.caption, wide - 2 * _BESIDE)
        high = len(lines) * _LEADING + 2 * _ABOVE
        with scene.group("title"):
            scene.boxes.append(Box(0, 0, wide, high, fill=BANDS[1], stroke=_LINE))
            for at, line in enumerate(lines):
                scene.text(wide / 2, _ABOVE + _LEADING * (at + 0.5), line, _SIZE, bold=True, ink=INK, align="c")
        return high

    # -- sizes

    def _columns(self) -> list[float]:
        """The widths: first as cells of one column need them, then what broader cells lack is shared out."""
        found = [0.0] * len(self.sheet.columns)
        for spanning in (False, True):
            for row in self.places:
                for column, place in enumerate(row):
                    cell = place.cell
                    if place.right or place.down or (cell.columns > 1) != spanning:
                        continue
                    need = max(map(_wide, self.pieces[id(cell)]), default=0.0) + 2 * _BESIDE
                    lack = need - sum(found[column : column + cell.columns])
                    for each in range(column, column + cell.columns):
                        found[each] += max(lack, 0.0) / cell.columns
        # Columns of nets are as broad as one another, where that is not far from what they need.
        nets = [at for at, align in enumerate(self.sheet.columns) if align == "centre"]
        most = max((found[at] for at in nets), default=0.0)
        for at in nets:
            found[at] = most if most < 1.6 * found[at] else found[at]
        return found

    def _rows(self) -> list[float]:
        found = [_LEADING + 2 * _ABOVE] * len(self.places)
        for several in (False, True):
            for at, row in enumerate(self.places):
                for place in row:
                    cell = place.cell
                    if place.right or place.down or (cell.rows > 1) != several:
                        continue
                    need = sum(map(_high, self.pieces[id(cell)])) + 2 * _ABOVE
                    lack = need - sum(found[at : at + cell.rows])
                    found[at + cell.rows - 1] += max(lack, 0.0)
        return found

    def _sums(self, at: int) -> bool:
        """Whether a row has numbers of whole nets, below what these are made of."""
        across = [place.cell for place, align in zip(self.places[at], self.sheet.columns) if align == "centre"]
        return bool(across) and all(cell.value is not None for cell in across)

    # -- drawing

    def _cell(self, scene: Scene, cell: Cell, at: int, column: int, x: float, y: float) -> None:
        wide = sum(self.columns[column : column + cell.columns])
        high = sum(self.rows[at : at + cell.rows])
        head = self.sheet.rows[at].head
        fill = BANDS[1] if head else PALE[cell.tint] if cell.tint else BANDS[0] if self._sums(at) else WHITE
        align = self.sheet.columns[column]
        side = _SIDE["centre" if cell.columns > 1 and align != "left" else align]
        with scene.group(f"cell {cell.tint}" if cell.tint else "cell"):
            scene.boxes.append(Box(x, y, wide, high, fill=fill, stroke=_LINE))
            pieces = self.pieces[id(cell)]
            top = y + (_ABOVE if self.sheet.top and not head else (high - sum(map(_high, pieces))) / 2)
            for piece in pieces:
                room = wide - 2 * _BESIDE - _wide(piece)
                left = x + _BESIDE + (0.0 if side == "l" else room if side == "r" else room / 2)
                if isinstance(piece, _Text):
                    scene.text(left, top + _LEADING / 2, piece.words, _SIZE, bold=piece.bold, ink=INK)
                else:
                    _bracket(scene, piece, left, top)
                top += _high(piece)


def _bracket(scene: Scene, piece: _Brackets, x: float, y: float) -> None:
    high = _high(piece) - 6
    top, inner = y + 3, piece.inner
    for edge, foot in ((x + 0.5, _FOOT), (x + inner + 4 * _FOOT - 0.5, -_FOOT)):
        points = ((edge + foot, top), (edge, top), (edge, top + high), (edge + foot, top + high))
        scene.lines.append(Line(points, head=False, colour=INK, radius=0, kind="bracket"))
    middle = top + high / 2 - _LEADING * (len(piece.lines) - 1) / 2
    for line in piece.lines:
        scene.text(x + 2 * _FOOT + inner / 2, middle, line, _SIZE, bold=piece.bold, ink=INK, align="c")
        middle += _LEADING
    if piece.times:
        scene.text(x + inner + 4 * _FOOT + 3, top + high / 2, piece.times, _SIZE, bold=True, ink=INK)


def _pieces(cell: Cell, *, bold: bool) -> list[_Piece]:
    if cell.value is not None and "×10" in "".join(content.text for content in cell.content):
        # Raised digits are not in every font.
        return [_Text(metric(cell.value), False)]
    return [_piece(content, bold=bold) for content in cell.content]


def _piece(content: Content, *, bold: bool) -> _Piece:
    if isinstance(content, Matrix):
        return _Brackets(content.lines, content.repeats, content.bold)
    return _Text(content.text, bold or content.bold)


def _wide(piece: _Piece) -> float:
    if isinstance(piece, _Text):
        return width(piece.words, _SIZE, bold=piece.bold) + 1
    return piece.inner + 4 * _FOOT + (3 + width(piece.times, _SIZE, bold=True) + 1 if piece.times else 0)


def _high(piece: _Piece) -> float:
    return _LEADING if isinstance(piece, _Text) else _LEADING * len(piece.lines) + 10


def _broken(words: str, room: float) -> Sequence[str]:
    """The caption in lines of the table's width: bold text is broader than what ``wrap`` measures."""
    return wrap(words, room * 0.92, _SIZE)
