"""Which scopes and layers of a net a checkpoint has under another name, as after a label was changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from netdsl.ir.types import Shape
from netdsl.runtime.weights import Comparison, Row


class Move(NamedTuple):
    """A path of the checkpoint, ``old``, that holds what the net has at ``new``, both in the same scope.

    ``rows`` are the net's, ``strange`` the checkpoint's.
    """

    old: str
    new: str
    rows: tuple[Row, ...]
    strange: tuple[Row, ...]


def prefixes(key: str) -> Iterator[str]:
    """``a``, ``a.b`` and ``a.b.c`` of ``a.b.c``. A stranger's key may have thousands: most ask for the first."""
    for place, sign in enumerate(key):
        if sign == ".":
            yield key[:place]
    yield key


def lacking(comparison: Comparison) -> dict[str, list[Row]]:
    """The rows of the net that the checkpoint lacks, by the largest paths that it lacks whole."""
    expected: dict[str, int] = {}
    absent: dict[str, int] = {}
    for row in comparison.rows:
        if row.slot is not None:
            for prefix in prefixes(row.key):
                expected[prefix] = expected.get(prefix, 0) + 1
                absent[prefix] = absent.get(prefix, 0) + (row.status == "missing")
    units: dict[str, list[Row]] = {}
    for row in comparison.rows:
        if row.status == "missing":
            whole = next(prefix for prefix in prefixes(row.key) if absent[prefix] == expected[prefix])
            units.setdefault(whole, []).append(row)
    return units


def strange(comparison: Comparison) -> dict[str, list[Row]]:
    """The rows of the checkpoint that the net lacks, by the largest paths that it has nothing of."""
    known = {prefix for row in comparison.rows if row.slot is not None for prefix in prefixes(row.key)}
    units: dict[str, list[Row]] = {}
    for row in comparison.rows:
        if row.status == "unexpected":
            unit = next((prefix for prefix in prefixes(row.key) if prefix not in known), row.key)
            units.setdefault(unit, []).append(row)
    return units


def moves(comparison: Comparison) -> list[Move]:
    """What stands in one scope of both under two names: the same names inside, of the same shapes, and nothing else
    there that could be meant. In the order of the net."""

    def known_by(units: dict[str, list[Row]]) -> dict[object, list[str]]:
        found: dict[object, list[str]] = {}
        for unit, rows in units.items():
            content = frozenset((row.key[len(unit) :], _shape(row)) for row in rows)
            found.setdefault((unit.rpartition(".")[0], content), []).append(unit)
        return found

    ours, theirs = lacking(comparison), strange(comparison)
    others = known_by(theirs)
    found = []
    for content, units in known_by(ours).items():
        olds = others.get(content, [])
        # A single tensor of a layer is no name of its own: a bias is not the weight of a norm.
        if len(units) == len(olds) == 1 and ours[units[0]][0].key != units[0]:
            found.append(Move(olds[0], units[0], tuple(ours[units[0]]), tuple(theirs[olds[0]])))
    return found


def _shape(row: Row) -> Shape:
    if row.slot is not None:
        return row.slot.shape
    assert row.stored is not None
    return row.stored.shape
