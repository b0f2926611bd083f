"""What is written at a place, said by what could have come there: the help where no rule knows what was meant.

There is always one. A stretch around the place alone is looked at, however long the line.
"""

from __future__ import annotations

from netdsl.syntax.helps import lacking, surplus
from netdsl.syntax.helps.mistake import Mistake
from netdsl.syntax.helps.places import STATEMENTS, Place


def form(mistake: Mistake) -> str:
    """A help for a place where something else was expected: what to leave out there, or what is written there."""
    place = Place(mistake)
    for rule in (*lacking.RULES, *surplus.RULES, *lacking.LAST, *surplus.LAST):
        help = rule(place)
        if help is not None:
            return help
    if place.head:
        return STATEMENTS[place.head]
    return "an item is a layer with what belongs to it, in this order: `conv3-64/2 groups=2 +bn ×3 as mid -> 64x56x56`"
