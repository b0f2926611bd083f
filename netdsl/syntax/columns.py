"""Columns: what stands one below the other in lines that belong together, as in the tables of papers.

Each column is made by widening the blanks before a token. From the inside out: arguments of calls, repeats, cells of
tables, ``->``, comments. Lines belong together where no blank line is between them; what is much longer than the rest
stands apart and pushes nothing to the right.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Sequence

from netdsl.diagnostics import width
from netdsl.syntax.layout import STEP, Line
from netdsl.syntax.segments import (
    FAR,
    NEAR,
    Segment,
    align_calls,
    align_repeats,
    gathered,
    is_number,
    stand_below,
    together,
    up_to,
)
from netdsl.syntax.table_columns import Table, tables_of

#: Comments of several lines stand in a column where none of them then goes beyond.
WIDTH = 132
#: Columns are made of so many settings of a statement: beyond, nobody sees them.
SETTINGS = 24

_RELATIONS = frozenset({"=", "==", "!=", "<", "<=", ">", ">="})
_HEAD = re.compile(r"\S+(?: \S+)*")


def align(lines: Sequence[Line]) -> None:
    """Widens the blanks before tokens, so that columns stand."""
    tables = tables_of(lines)
    rows = {id(line) for table in tables for line in table.lines}
    plain = [
        Segment(line, int(line.barred), len(line.tokens), line.indent + STEP * line.barred)
        for line in lines
        if not (line.closes or line.anchor is not None or id(line) in rows)
    ]
    align_calls(plain, together)
    align_repeats(plain, together)
    _align_statements(lines)
    for table in tables:
        table.align()
    _align_arrows(plain, tables)
    _align_parameters(lines)
    _align_comments(lines)


def _align_arrows(segments: Iterable[Segment], tables: Iterable[Table]) -> None:
    """Sizes of outputs are a column of the net: of a paragraph, whatever brackets are in it."""
    column = {key: table.arrow for table in tables if table.arrow is not None for key in table.paragraphs}
    for group in gathered(
        (segment for segment in segments if segment.arrow >= 0), lambda one: (one.line.paragraph, one.line.scope)
    ):
        line = group[0].line
        places = [(segment, segment.arrow) for segment in group]
        stand_below(up_to(places, column.get((line.paragraph, line.scope))), FAR)


# -- statements -------------------------------------------------------------------------------------------------------


def _align_statements(lines: Sequence[Line]) -> None:
    """Lines right below one another that are statements of one kind."""
    run: list[Segment] = []
    for line in lines:
        kind = line.tokens[0].kind if line.tokens[0].owner in _STATEMENTS and line.anchor is None else ""
        if run:
            last = run[-1].line
            if kind != last.tokens[0].kind or line.container != last.container or line.paragraph != last.paragraph:
                _align_run(run)
                run = []
        if kind:
            run.append(Segment(line, 0, len(line.tokens), line.indent))
    if run:
        _align_run(run)


_STATEMENTS = frozenset({"style", "init", "param", "variant", "expect"})


def _align_run(run: Sequence[Segment]) -> None:
    if len(run) == 1:
        return
    owner = run[0].line.tokens[0].owner
    if owner in ("style", "init"):
        stand_below([(segment, at) for segment in run if (at := _find(segment, "=", owner)) > 0], NEAR)
    elif owner == "param":
        single = [segment for segment in run if _find(segment, ",", "param") < 0]
        stand_below([(segment, at) for segment in single if (at := _find(segment, "=", "setting")) > 0], NEAR)
    else:
        for group in gathered(run, lambda segment: _find(segment, "=", "variant") > 0):
            stand_below([(segment, at) for segment in group if (at := _find(segment, "=", "variant")) > 0], FAR)
            for alike in gathered(group, lambda segment: _find(segment, ":", owner) > 0):
                _align_settings(alike, owner)


def _find(segment: Segment, text: str, owner: str) -> int:
    for at, token in enumerate(segment.line.tokens):
        if token.text == text and token.owner == owner:
            return at
    return -1


def _align_settings(group: Sequence[Segment], owner: str) -> None:
    """``NAME: a = 1, b = 2``: names are followed by columns, and equal names have their values in a column."""
    starts = [_find(segment, ":", owner) + 1 or 1 for segment in group]
    stand_below([(one, at) for one, at in zip(group, starts) if 1 < at < one.last], FAR)
    parts = [list(_settings(segment, at, owner)) for segment, at in zip(group, starts)]
    for place in range(min(max(map(len, parts)), SETTINGS)):
        alike: dict[Hashable, list[tuple[Segment, int, int]]] = {}
        for segment, settings in zip(group, parts):
            if len(settings) > place:
                _, begin, end = settings[place]
                key = tuple(name for name, _, _ in settings[: place + 1])
                alike.setdefault(key, []).append((segment, begin, end))
        for column in alike.values():
            _align_values(column)


def _settings(segment: Segment, at: int, owner: str) -> Iterator[tuple[str, int, int]]:
    """For each setting its name with the sign behind it, and the tokens of its value."""
    tokens = segment.line.tokens
    begin = value = at
    for end in range(at, segment.last + 1):
        if end == segment.last or (tokens[end].text == "," and tokens[end].owner == owner):
            if begin < value < end:
                yield " ".join(token.text for token in tokens[begin:value]), value, end
            begin = value = end + 1
        elif value == begin and tokens[end].text in _RELATIONS and tokens[end].owner in ("setting", "condition"):
            value = end + 1


def _align_values(column: Sequence[tuple[Segment, int, int]]) -> None:
    lengths = [segment.length(begin, end) for segment, begin, end in column]
    ends_right = any(is_number(segment.line.tokens[begin:end]) for segment, begin, end in column)
    for (segment, begin, end), length in zip(column, lengths):
        if ends_right:
            segment.widen(begin, max(lengths) - length)
        elif end + 1 < segment.last:
            segment.widen(end + 1, max(lengths) - length)


# -- parameters and comments ------------------------------------------------------------------------------------------


def _align_parameters(lines: Sequence[Line]) -> None:
    """A comment right above a block may be the head of a table: its words, two blanks apart, above the parameters."""
    for line in lines:
        tokens = line.tokens
        if tokens[0].owner == "block" and len(tokens) > 3 and line.above and line.above[-1] is not None:
            heads = [match.start() for match in _HEAD.finditer(line.above[-1].replace("#", " ", 1))]
            commas = [at for at, token in enumerate(tokens) if token.text == "," and token.owner == "parameters"]
            if 1 < len(heads) <= len(commas) + 1 and heads[0] == Segment(line, 0, len(tokens), 0).column(3):
                _put_below(line, heads[1:], [at + 1 for at in commas if at + 1 < len(tokens)])


def _put_below(line: Line, heads: Sequence[int], places: Sequence[int]) -> None:
    segment = Segment(line, 0, len(line.tokens), 0)
    gaps = [token.gap for token in line.tokens]
    for head, at in zip(heads, places):
        segment.widen(at, head - segment.column(at))
        if line.tokens[at].gap < 1:
            for token, gap in zip(line.tokens, gaps):
                token.gap = gap
            return


def _align_comments(lines: Sequence[Line]) -> None:
    run: list[tuple[int, Line]] = []
    for line in [*lines, None]:
        last = run[-1][1] if run else None
        apart = line is None or line.comment is None or line.above or line.anchor is not None
        if last is not None and (apart or line is None or line.container != last.container):
            _align_ends(run)
            run = []
        if line is not None and line.comment is not None and line.anchor is None:
            tokens = line.tokens
            run.append((line.indent + sum(token.gap + token.width for token in tokens), line))


def _align_ends(run: Sequence[tuple[int, Line]]) -> None:
    ordered = sorted(run, key=lambda pair: pair[0])
    groups: list[list[tuple[int, Line]]] = []
    for pair in ordered:
        if groups and pair[0] - groups[-1][-1][0] < FAR:
            groups[-1].append(pair)
        else:
            groups.append([pair])
    for group in groups:
        target = group[-1][0]
        if all(target + STEP + width(line.comment or "") <= WIDTH for _, line in group):
            for end, line in group:
                line.comment_gap = STEP + target - end
