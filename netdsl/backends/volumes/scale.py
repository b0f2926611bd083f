"""How large volumes are drawn: a side of a map, a number of channels, a vector."""

from __future__ import annotations

import math
from collections.abc import Sequence

from netdsl.backends.volumes.maps import Volume, extent

#: Points that the longest side of a map has, and the least of the shortest on a linear scale.
_LONGEST, _SHORTEST = 132.0, 3.0
#: Points of thickness for the root of the channels, and of a bar's height for the root of its elements.
_DEPTH, _BAR = 1.35, 1.5
_LOWEST, _THINNEST = 6.0, 2.0


class Scale:
    """The scale of one net's volumes. Sides are linear where the smallest can still be seen, else go by their root.

    ``part`` makes all of them smaller.
    """

    def __init__(self, volumes: Sequence[Volume], part: float = 1.0) -> None:
        self.part = part
        least, most = extent(volumes)
        self.linear = least / most * _LONGEST >= _SHORTEST
        self.unit = part * _LONGEST / (most if self.linear else math.sqrt(most))

    def side(self, length: float) -> float:
        """A side of a map, in points."""
        return self.unit * (length if self.linear else math.sqrt(length))

    def depth(self, channels: float) -> float:
        """The thickness of a volume."""
        return max(_THINNEST, self.part * _DEPTH * math.sqrt(channels))

    def bar(self, elements: float) -> float:
        """The height of a vector."""
        return max(_LOWEST, self.part * _BAR * math.sqrt(elements))

    def said(self, volumes: Sequence[Volume], *, planes: bool) -> str:
        """All of it in a sentence, of what there is."""
        said = []
        if any(not volume.flat for volume in volumes):
            said.append(f"sides of maps are {'to scale' if self.linear else 'drawn by their square roots'}")
            said.append("each plane is a channel" if planes else "thickness goes by the square root of the channels")
        if any(volume.flat for volume in volumes):
            said.append("the height of a bar goes by the square root of its elements")
        words = ", ".join(said)
        return f"{words[:1].upper()}{words[1:]}."
