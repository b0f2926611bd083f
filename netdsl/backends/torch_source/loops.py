"""Lines that count: members that are numbered, and the calls of them one after another, as loops."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from netdsl.backends.torch_source.lines import Line
from netdsl.backends.torch_source.text import unquoted

_T = TypeVar("_T")

#: So many lines in a row are a loop.
_LEAST = 6
#: What a loop counts by.
_COUNTERS = ("i", "k", "number", "index_")

#: A number that is an argument by itself.
_ALONE = re.compile(r"(?<=[(=\s])(?<![*/%+-] )\d+(?=[,)])")
_MADE = re.compile(r" {8}self\.([A-Za-z_]\w*?)(0|[1-9]\d*) = (.+)")
_DONE = re.compile(r"(\w+) = (.+)")
_MEMBER = re.compile(r"\bself\.([A-Za-z_]\w*?)(0|[1-9]\d*)\b")


class _Item(NamedTuple):
    """A line without its numbers: ``form`` is equal in all lines of a loop, ``at`` counts by one, others evenly."""

    form: object
    at: int
    numbers: tuple[int, ...]


def made(lines: Sequence[str], taken: str) -> list[str]:
    """The body of an ``__init__``, members with one name and a number made in a loop. ``taken`` has words in use."""
    counter = _counter(taken, lines)
    text: list[str] = []
    for run in _runs(lines, _made):
        found = _MADE.fullmatch(run[0]) if len(run) >= _LEAST else None
        first, second, last = (_made(run[at]) if found else None for at in (0, min(1, len(run) - 1), -1))
        if found is None or counter is None or first is None or second is None or last is None:
            text += run
            continue
        numbers = iter(zip(first.numbers, second.numbers, strict=True))

        def counted(_: re.Match[str], first: _Item = first, numbers: Iterator[tuple[int, int]] = numbers) -> str:
            start, then = next(numbers)
            return _linear(start, then - start, first.at, str(counter))

        made = _ALONE.sub(counted, found[3])
        text.append(f"        for {counter} in {_range(first.at, last.at + 1)}:")
        text.append(f'            self.add_module(f"{found[1]}{{{counter}}}", {made})')
    return text


def done(lines: Sequence[Line], value: str, taken: str) -> tuple[list[Line], str]:
    """The lines of a ``forward`` and what it returns, members with one name and a number called in a loop."""
    counter = _counter(taken, [line.code for line in lines])
    variable = lines[-1].code.partition(" = ")[0] if lines else ""
    whole = [*lines, Line(None, f"{variable} = {value}")] if variable.isidentifier() else list(lines)
    text: list[Line] = []
    for run in _runs(whole, _done):
        item = _done(run[0])
        if len(run) < _LEAST or item is None or counter is None:
            text += run
            continue

        def called(found: re.Match[str]) -> str:
            return f'getattr(self, f"{found[1]}{{{counter}}}")'

        text.append(Line(None, f"for {counter} in {_range(item.at, item.at + len(run))}:"))
        text.append(Line(None, f"    {_MEMBER.sub(called, run[0].code)}"))
    if len(whole) > len(lines) and text[-1] == whole[-1]:
        return text[:-1], value
    return text, variable if len(whole) > len(lines) else value


def _counter(taken: str, lines: Sequence[str]) -> str | None:
    words = set(re.findall(r"\w+", "\n".join([taken, *lines])))
    return next((name for name in _COUNTERS if name not in words), None)


def _runs(lines: Sequence[_T], read: Callable[[_T], _Item | None]) -> Iterator[list[_T]]:
    """The lines in runs that are long enough for a loop, in which all count evenly; what is in none stands alone."""
    at = 0
    items = [read(line) for line in lines]
    while at < len(lines):
        end = at + 1
        while end < len(lines) and _follows(items[at], items[at + 1], items[end - 1], items[end]):
            end += 1
        end = end if end - at >= _LEAST else at + 1
        yield list(lines[at:end])
        at = end


def _follows(first: _Item | None, second: _Item | None, before: _Item | None, after: _Item | None) -> bool:
    if first is None or second is None or before is None or after is None:
        return False
    steps = [b - a for a, b in zip(first.numbers, second.numbers)]
    return (
        first.form == second.form == after.form
        and after.at == before.at + 1
        and [b - a for a, b in zip(before.numbers, after.numbers)] == steps
    )


def _made(line: str) -> _Item | None:
    found = _MADE.fullmatch(line)
    if found is None or "self." in found[3]:
        return None
    numbers = tuple(map(int, _ALONE.findall(found[3])))
    if len(numbers) != len(_ALONE.findall(unquoted(found[3]))):
        # A label counts, which a loop cannot.
        return None
    return _Item((found[1], _ALONE.sub("#", found[3])), int(found[2]), numbers)


def _done(line: Line) -> _Item | None:
    found = _DONE.fullmatch(line.code)
    if found is None or line.condition is not None or line.comment is not None:
        return None
    members = _MEMBER.findall(found[2])
    if len(members) != 1:
        return None
    return _Item((found[1], _MEMBER.sub(r"self.\1#", found[2])), int(members[0][1]), ())


def _range(start: int, end: int) -> str:
    return f"range({start}, {end})" if start else f"range({end})"


def _linear(start: int, step: int, at: int, counter: str) -> str:
    """``64 + 32 * i`` for numbers that begin with ``start`` where the counter is ``at``."""
    if step == 0:
        return str(start)
    times = counter if step == 1 else f"{step} * {counter}"
    rest = start - step * at
    return times if rest == 0 else f"{rest} + {times}"
