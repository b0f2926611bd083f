"""The branches of one join: how they are written, and what they would make of other values and tensors."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from netdsl.diagnostics import Source, Span
from netdsl.elaborate.context import Draft
from netdsl.elaborate.helps.layer_text import CHANNELS, HEAD, OF_PLACE, STRIDE, SUFFIXES
from netdsl.ir.op import Op, OpError
from netdsl.ir.types import Shape
from netdsl.syntax import tree

#: The longest text of a layer that a help repeats.
LONGEST = 40
#: A value that can stand beside others in a condition as it is.
_VALUE = re.compile(r"[\w.*]+")
#: How many shapes are computed to mend one join.
_MOST_TRIED = 3000


class Arm(NamedTuple):
    """One branch of a join: its number as it is written, what entered it, and what came of it.

    ``nodes`` are the drafts that lead through it, in order; none where it passes a tensor on. ``start`` is the draft
    before them, and ``last`` where the item stands that gives the result.
    """

    number: int
    branch: tree.Branch
    nodes: tuple[int, ...]
    start: int
    enters: Shape
    shape: Shape
    last: Span


class Arms:
    """The arms of one join, in a graph of which the drafts are made so far.

    ``tensors`` are the nodes of those that have names where the join stands; ``called`` is true in a block, which other
    calls may give other values. How many shapes are computed is bounded: past that, nothing can be changed any more.
    """

    def __init__(
        self,
        keyword: str,
        arms: Sequence[Arm],
        drafts: Sequence[Draft],
        sources: Sequence[Source],
        tensors: Mapping[str, int],
        *,
        called: bool,
    ) -> None:
        self.keyword = keyword
        self.called = called
        self.tensors = tensors
        self.arms = arms
        self.drafts = drafts
        self.sources = sources
        #: no arm changes its size: what entered them differs, and an enlargement is what was forgotten
        self.still = all(drafts[at].shape[1:] == before[1:] for one in arms for at, before in self.steps(one))
        self._left = _MOST_TRIED

    def steps(self, one: Arm) -> list[tuple[int, Shape]]:
        """The nodes of an arm, each with the shape that enters it along the arm."""
        entering = [one.enters, *(self.drafts[at].shape for at in one.nodes)]
        return list(zip(one.nodes, entering, strict=False))

    def tried(self, one: Arm, place: int, before: Shape, op: Op, values: dict[str, Any]) -> Shape | None:
        """The shape that an arm would have with other values in one of its operators; None where it could not be."""
        if not self._spend(len(one.nodes) - place):
            return None
        try:
            shape = op.model_copy(update=values).infer((before,))
            for at in one.nodes[place + 1 :]:
                if len(self.drafts[at].inputs) > 1:
                    return None
                shape = self.drafts[at].op.infer((shape,))
        except OpError:
            return None
        return shape

    def through(self, one: Arm, shape: Shape) -> Shape | None:
        """The shape that an arm would make of another tensor; None where it could not."""
        if not self._spend(len(one.nodes) + 1):
            return None
        try:
            for at in one.nodes:
                draft = self.drafts[at]
                shape = draft.op.infer((shape, *(self.drafts[index].shape for index in draft.inputs[1:])))
        except OpError:
            return None
        return shape

    def _spend(self, count: int) -> bool:
        """Whether so many shapes more may be computed."""
        self._left -= count
        return self._left >= 0

    def as_written(self, channels: int, besides: Arm) -> str:
        """A number of channels as another arm writes it, who has as many: `c`, `{4*c}`; else the number."""
        for one in self.arms:
            for at in reversed(one.nodes) if one is not besides else ():
                slot, text = self.drafts[at].op.syntax.channels, self.text(at, one)
                if slot is None:
                    continue
                found = CHANNELS.search(text) if text is not None else None
                if found and getattr(self.drafts[at].op, slot) == channels and not OF_PLACE.search(found[0]):
                    return found[0][1:]
                break
        return str(channels)

    def stride_as_written(self, strides: tuple[int, ...], besides: Arm) -> str | None:
        """A stride as the one layer of another arm writes it that changes the size: `/s`; None where it is a number."""
        for one in self.arms:
            changing = [at for at, before in self.steps(one) if self.drafts[at].shape[1:] != before[1:]]
            if one is besides or len(changing) != 1 or getattr(self.drafts[changing[0]].op, "stride", ()) != strides:
                continue
            text = self.text(changing[0], one) or ""
            head = HEAD.match(text)
            found = STRIDE.match(text, head.end()) if head is not None else None
            if found is not None and not found[0][1:].isdigit() and not OF_PLACE.search(found[0]):
                return found[0]
        return None

    def suffix(self, besides: Arm) -> str:
        """What a projection beside the other arms has as well: the suffix of their last layer with channels, its
        ``plain``, or the norm that stands after it."""
        for one in self.arms if self.keyword != "concat" else ():
            norms: list[str] = []
            for at in reversed(one.nodes) if one is not besides else ():
                text, op = self.text(at, one), self.drafts[at].op
                if text is None or (op.category == "activation" and not norms):
                    continue
                if op.category == "norm" and "+" not in text:
                    norms.insert(0, text)
                    continue
                if (found := SUFFIXES.search(text)) is not None:
                    return text[found.start() :]
                if op.syntax.channels is None:
                    break
                return "".join([" plain" * text.endswith(" plain"), *(f", {norm}" for norm in norms)])
        return ""

    def name_of(self, target: Shape) -> str | None:
        """The name of a tensor that is an arm alone and has a size: ``@up``."""
        for one in self.arms:
            items = [item for row in one.branch.rows for item in row.items]
            core = items[0].core
            if one.shape[1:] == target and len(items) == 1 and isinstance(core, tree.Reference):
                return f"@{tree.show_path(core.path)}"
        return None

    def instead(self, one: Arm) -> str:
        """Where a layer is to stand that takes the place of nothing, or of ``id``."""
        items = [item for row in one.branch.rows for item in row.items]
        core = items[0].core
        if len(items) == 1 and isinstance(core, tree.Layer) and core.word.text.lower() == "id":
            return "in place of `id`"
        return f"at the end of branch {one.number}"

    def projected(self, layer: str, channels: str, stride: str, one: Arm) -> str:
        """A projection and where it stands. In place of the ``id`` of a block whose values it is made of, it is for
        the calls alone that need one. ``channels`` and ``stride`` are as the layer has them, ``4*c`` and ``/s``."""
        where = self.instead(one)
        step, width = (text.removeprefix("/").strip("{}") for text in (stride, channels))
        named = not width.isdecimal() or (step and not step.isdecimal())
        if not self.called or not named or step.isdecimal() or "id" not in where or not _VALUE.fullmatch(width + step):
            return f"`{layer}` {where}"
        asks = [*([f"{step} != 1"] if step else []), f"in.c != {width}"]
        return f"`if {' or '.join(asks)} {{ {layer} }} else {{ id }}` {where}"

    def text(self, at: int, one: Arm, *, anywhere: bool = False) -> str | None:
        """A layer as it is written, where that is short, and in the arm itself or ``anywhere``."""
        span: Span = self.drafts[at].span
        around = one.branch.span
        here = span.file == around.file and around.start <= span.start and span.end <= around.end
        if not here and not anywhere:
            return None
        text = self.sources[span.file].text[span.start : span.end]
        plain = len(text) <= LONGEST and text.isprintable() and "`" not in text and self.drafts[at].head in (at, -1)
        return text if plain else None
