"""The name that a misspelt word was meant to be."""

from __future__ import annotations

from collections.abc import Iterable

from netdsl.diagnostics import Advice, Edit, Span

#: Among more candidates than this, those alone are looked at that are much alike at a glance.
_MANY = 500


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate most like ``word``, or None where none is near; case is no difference."""
    return _nearest(word, candidates)[0]


def did_you_mean(word: str, candidates: Iterable[str], span: Span | None = None) -> str | None:
    """A help line with the nearest candidate, or None.

    With the ``span`` of the word the help can be carried out, where there is hardly another word that could be meant.
    """
    near, sure = _nearest(word, candidates)
    if near is None:
        return None
    text = f"did you mean `{near}`?"
    return Advice(text, Edit(span, near)) if sure and span is not None else text


def _nearest(word: str, candidates: Iterable[str]) -> tuple[str | None, bool]:
    """The nearest candidate, and whether a slip of the pen is all that parts it from the word.

    One that is far away by its letters is near all the same where one of the two words begins with the other. Nothing
    is near to a word of over 64 letters, and no number to another: each is as likely to be meant.
    """
    wanted = word.casefold()
    if len(wanted) > 64:
        return None, False
    names = [*candidates]
    if len(names) > _MANY:
        least, most, begin = len(word) - 1, len(word) + 1, (word[:1].lower(), word[:1].upper())
        names = [name for name in names if least <= len(name) <= most and name.startswith(begin)]
        same = [name for name in names if name.casefold() == wanted] if len(names) > _MANY else []
        names = [*names[:_MANY], *same]
    known = {candidate.casefold(): candidate for candidate in names}
    if wanted in known:
        return known[wanted], True
    if wanted.isdecimal():
        return None, False
    limit = 0 if len(wanted) < 2 else max(1, len(wanted) // 3)
    letters = {*wanted}
    found = sorted(
        (distance, place, candidate)
        for place, candidate in enumerate(known)
        if abs(len(candidate) - len(wanted)) <= limit
        # each letter that the other has not is a change: soon said, and true of most
        and len(letters.difference(candidate)) <= limit
        and (distance := _distance(wanted, candidate, limit)) <= limit
    )
    if found:
        distance, _, near = found[0]
        alone = len(found) == 1 or found[1][0] > distance + 1
        numbers = [[char for char in text if char.isdigit()] for text in (wanted, near)]
        sure = alone and numbers[0] == numbers[1] and len(wanted) > 2 and distance <= (1 if len(wanted) < 6 else 2)
        # a slip seldom is in the first letter: `unpool` and `bilinear` are words of their own
        return known[near], sure and (distance < 2 or near[0] == wanted[0])
    longer = [c for c in known if len(wanted) > 2 and c.startswith(wanted)]
    shorter = [c for c in known if len(c) > 2 and wanted.startswith(c) and wanted[len(c)] != "."]
    near = min(longer, key=len) if longer else max(shorter, key=len, default="")
    return known.get(near or _by_ear(wanted, known)), False


def _by_ear(wanted: str, known: Iterable[str]) -> str:
    """The one candidate that a short word sounds like, `plane` or `alfa`; "" where there is none."""
    found = [
        one
        for one in known
        if 4 <= len(wanted) < 6
        and wanted.isalpha()
        and one[:2] == wanted[:2]
        and abs(len(one) - len(wanted)) <= 1
        # all its letters but one stand in the other, in their order
        and any(_holds(one, wanted[:at] + wanted[at + 1 :]) for at in range(len(wanted)))
    ]
    return found[0] if len(found) == 1 else ""


def _holds(word: str, letters: str) -> bool:
    """Whether letters stand in a word, in their order."""
    rest = iter(word)
    return all(letter in rest for letter in letters)


def _distance(one: str, other: str, limit: int) -> int:
    """How many letters must be put in, left out, changed or swapped with the next; beyond ``limit`` anything above it.

    The distance of Damerau and Levenshtein, each letter touched once.
    """
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        line = [row]
        for column, sign in enumerate(other, 1):
            least = min(last[column] + 1, line[column - 1] + 1, last[column - 1] + (letter != sign))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == sign:
                least = min(least, before[column - 2] + 1)
            line.append(least)
        if min(line) > limit:
            return limit + 1
        before, last = last, line
    return last[-1]
