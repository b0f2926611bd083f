"""What one layer's text gives: the values of attributes, their places, and where each came from."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from netdsl.diagnostics import Note, Span
from netdsl.elaborate.values import Stop, stop
from netdsl.syntax import tree

if TYPE_CHECKING:
    from netdsl.elaborate.names import Labels


class Ramp:
    """``a..b``: a value that grows over all such layers of the net, and is known when all are.

    The last of them has ``last``; with ``a..<b`` (``open``) the one after them would have it.
    """

    __slots__ = ("first", "last", "open")

    def __init__(self, first: float, last: float, open: bool) -> None:
        self.first = first
        self.last = last
        self.open = open


class Given:
    """What one layer's text gives: attribute values, their places, and where each value came from."""

    __slots__ = (
        "bare",
        "end",
        "final",
        "head",
        "labels",
        "last",
        "layer",
        "origins",
        "problems",
        "reference",
        "spans",
        "style",
        "styled",
        "suffixed",
        "text_of",
        "values",
        "words",
    )

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.spans: dict[str, Span] = {}
        self.origins: dict[str, str] = {}
        self.words: set[str] = set()
        self.reference: tree.Reference | None = None
        self.problems: list[Stop] = []
        self.bare = 0
        #: whether a style says what stands around the layer
        self.styled = False
        #: that style, and whether suffixes stand in its place
        self.style: tree.Style | None = None
        self.suffixed = False
        #: where the layer ends but for suffixes
        self.final = -1
        #: where the head of the layer ends: word, kernel, channels and stride
        self.end = -1
        #: where the part before the present one ends
        self.last = -1
        #: where the layer's word ends, if nothing but modifiers comes after it
        self.head: int | None = None
        #: the layer whose text it is, the names that are known there, and the text of a span
        self.layer: tree.Layer | None = None
        self.labels: Labels | None = None
        self.text_of: Callable[[Span], str] = lambda span: ""


def put(given: Given, name: str, value: Any, span: Span, origin: str) -> None:
    """Sets an attribute. Raises :class:`Stop` where the same text gives it twice."""
    if name in given.values and given.origins.get(name) == origin:
        notes = (Note(given.spans[name], "first here"),)
        raise stop("ND202", f"`{name}` is given twice", span, notes=notes, help="one value holds: take the other out")
    given.values[name] = value
    given.spans[name] = span
    given.origins[name] = origin
