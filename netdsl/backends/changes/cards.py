"""What stands in the picture of a difference: cards of rows, each removed, added, changed or the same. No positions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from netdsl.analyses.change import said
from netdsl.analyses.difference import Difference, Entry, Status, runs, together
from netdsl.analyses.pieces import Group, Leaf, Piece, leaves, nodes_of
from netdsl.backends.canvas.metrics import width, wrap
from netdsl.backends.canvas.options import Label
from netdsl.backends.labels import metric

#: Sizes of text, and the widest that a line of it may be.
ROW_SIZE, TITLE_SIZE, SMALL, WIDEST = 9.5, 10.5, 8.0, 230.0
#: Heights of a row's line, of small print, and of a title; room for a sign, at the sides, and for each level of depth.
LINE, SMALL_LINE, TITLE, SIGN, INSET, DEEPER = 15.0, 10.5, 18.0, 15.0, 6.0, 10.0
GAP = 2.0


@dataclass
class Row:
    """One line with small print below it. ``names`` are the layers that it stands for.

    Without a ``status`` it is a heading of what is indented below it.
    """

    status: Status | None
    text: str
    small: list[str]
    times: int
    depth: int
    names: list[str]

    @property
    def badge(self) -> str:
        """How often it stands in a row."""
        return f"×{self.times}" if self.times > 1 else ""

    @property
    def w(self) -> float:
        """Its width."""
        badge = width(self.badge, SMALL, bold=True) + 14 if self.badge else 0.0
        lines = [width(self.text, ROW_SIZE) + badge, *(width(line, SMALL) for line in self.small)]
        return max(lines) + SIGN + 2 * INSET + DEEPER * self.depth

    @property
    def h(self) -> float:
        """Its height."""
        if self.status is None:
            return SMALL_LINE + 2
        return LINE + 2 + SMALL_LINE * len(self.small) + (2 if self.small else 0)


@dataclass
class Card:
    """Rows in a frame with a title; without one, a row alone. ``names`` as of rows."""

    status: Status
    title: str
    detail: str
    times: int
    rows: list[Row]
    small: list[str]
    names: list[str] = field(default_factory=list)
    #: Whether it is beside the way to the main output.
    aside: bool = False

    @property
    def badge(self) -> str:
        """How often it stands in a row."""
        return f"×{self.times}" if self.times > 1 else ""

    @property
    def w(self) -> float:
        """Its width."""
        rows = max((row.w for row in self.rows), default=0.0)
        if not self.title:
            return rows
        badge = width(self.badge, TITLE_SIZE, bold=True) + 16 if self.badge else 0.0
        heading = SIGN + width(self.title, TITLE_SIZE, bold=True) + width(self.detail, SMALL) + 8 + badge
        small = max((width(line, SMALL) for line in self.small), default=0.0)
        return max(rows, heading, small) + 2 * INSET

    @property
    def h(self) -> float:
        """Its height."""
        rows = sum(row.h + GAP for row in self.rows) - (GAP if self.rows else 0)
        return TITLE + 4 + rows + SMALL_LINE * len(self.small) + 5 if self.title else rows


def cards(found: Difference, shown: Sequence[Label], *, brief: bool = False) -> list[Card]:
    """The cards from the input on. ``brief`` leaves out what is in blocks that changed."""
    made = [_card(found, run, shown, brief) for run in runs(found.entries)]
    for card, run in zip(made, runs(found.entries)):
        card.aside = all(entry.piece.kind == "head" for entry in run)
    return made


def _card(found: Difference, run: Sequence[Entry], shown: Sequence[Label], brief: bool) -> Card:
    last = together(run)
    piece = last.piece
    if last.status == "same":
        return Card("same", "", "", 1, [_same(run, 0)], [], _names(run))
    cost = costs(found, run, shown)
    if isinstance(piece, Leaf):
        small = [*_lines(last), *cost]
        return Card(last.status, "", "", 1, [_row(run, 0, small)], [], _names(run))
    if last.status != "changed":
        inside = [_plain(leaf, last.status, 0) for leaf in leaves([piece])] if not brief else []
        rows = list(_together(inside))
        return Card(last.status, piece.title, _paths(run), len(run), rows, cost, _names(run))
    rows = [] if brief else list(_inside(last.inside, 0))
    title = piece.title
    for change in last.changes:
        if change.what == "block":
            title = f"{change.before} → {change.after}"
    if brief:
        layers = [entry.status for entry in last.inside if entry.status != "same"]
        cost = [f"{len(layers)} of its parts differ", *cost]
    small = [said(change) for change in last.changes if change.what != "block"]
    return Card("changed", title, _paths(run), len(run), rows, [*small, *cost], _names(run))


def _inside(entries: Sequence[Entry], depth: int) -> Iterator[Row]:
    """The rows of a changed group."""
    for run in runs(entries):
        last = together(run)
        if last.status == "same":
            yield _same(run, depth)
        elif isinstance(last.piece, Leaf):
            yield _row(run, depth, _lines(last))
        elif last.status == "changed":
            words = [said(change) for change in last.changes]
            # The branches say what is joined.
            header = last.piece.kind != "split" or bool(words) or len(run) > 1
            if header:
                title = last.piece.title
                if words:
                    yield Row("changed", title, words, len(run), depth, [])
                else:
                    yield Row(None, f"{title} ×{len(run)}" if len(run) > 1 else title, [], 1, depth, [])
            yield from _inside(last.inside, depth + header)
        else:
            own = list(leaves([last.piece]))
            text, words = (own[0].words, []) if len(own) == 1 else (last.piece.title, [f"{len(own)} layers"])
            yield Row(last.status, text, words, len(run), depth, _names(run))


def _same(run: Sequence[Entry], depth: int) -> Row:
    every = [leaf for entry in run for leaf in leaves([entry.piece])]
    if len(every) == 1:
        return Row("same", every[0].words, [], 1, depth, _names(run))
    # What it is, as far as it fits in two lines.
    titles: list[tuple[str, int]] = []
    for entry in run:
        piece = entry.piece
        words = piece.words if isinstance(piece, Leaf) else piece.title
        if titles and titles[-1][0] == words:
            titles[-1] = words, titles[-1][1] + 1
        else:
            titles.append((words, 1))
    kept = [(f"{word} ×{count};" if count > 1 else f"{word};").replace(" ", "\0") for word, count in titles]
    lines = wrap(" ".join(kept)[:-1], WIDEST * 0.6, SMALL)
    lines = [line.replace("\0", " ") for line in lines]
    if len(lines) > 2:
        lines = [lines[0], f"… {lines[-1]}"]
    return Row("same", f"{len(every)} layers unchanged", lines, 1, depth, _names(run))


def _row(run: Sequence[Entry], depth: int, small: list[str]) -> Row:
    leaf = run[-1].piece
    assert isinstance(leaf, Leaf)
    return Row(run[-1].status, leaf.words, small, len(run), depth, _names(run))


def _plain(leaf: Leaf, status: Status, depth: int) -> Row:
    return Row(status, leaf.words, [], 1, depth, [layer.head.name for layer in leaf.layers])


def _together(rows: Sequence[Row]) -> Iterator[Row]:
    """Equal rows in a row as one."""
    last: Row | None = None
    for row in rows:
        if last is not None and last.text == row.text:
            last.times += 1
            last.names += row.names
            continue
        if last is not None:
            yield last
        last = row
    if last is not None:
        yield last


def _lines(entry: Entry) -> list[str]:
    """What changed, in lines that break between the changes."""
    lines: list[str] = []
    for words in map(said, entry.changes):
        longer = f"{lines[-1]} · {words}" if lines else words
        if lines and width(longer, SMALL) <= WIDEST * 0.7:
            lines[-1] = longer
        else:
            lines.append(words)
    return lines


def costs(found: Difference, run: Sequence[Entry], shown: Sequence[Label]) -> list[str]:
    """Parameters and MACs, old and new where they differ."""
    params, macs = found.spent(run)
    words = []
    for (before, after), what, label in ((params, "params", "params"), (macs, "MACs", "macs")):
        if label not in shown or not (before or after):
            continue
        if before == after:
            words.append(f"{metric(after)} {what}")
        elif run[-1].status == "changed":
            rounded = metric(before) != metric(after)
            old, new = (metric(number) if rounded else f"{number:,}" for number in (before, after))
            words.append(f"{old} → {new} {what}")
        else:
            words.append(f"{'+' if after else '–'}{metric(after or before)} {what}")
    if not words:
        return []
    both = " · ".join(words)
    return [both] if width(both, SMALL) <= WIDEST * 0.8 else words


def _paths(run: Sequence[Entry]) -> str:
    if run[0].piece.kind == "head":
        return "a further output"
    first, last = (_path(entry.piece) for entry in (run[0], run[-1]))
    return first if first == last or not last else f"{first} … {last}"


def _path(piece: Piece) -> str:
    return piece.path if isinstance(piece, Group) else ""


def _names(run: Sequence[Entry]) -> list[str]:
    """The layers of the net as it is now, or as it was where they are removed."""
    return [node.name for entry in run for node in nodes_of(entry.piece) if node.head == node.index]
