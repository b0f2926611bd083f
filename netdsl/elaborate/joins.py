"""Where shapes come from, and why the branches of a join do not fit: which layer made the difference, what mends it.

What is proposed has been computed: each change is tried on the branch's own operators before it is said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from netdsl.diagnostics import Advice, Diagnostic, Edit, Note, Source, Span
from netdsl.elaborate.context import Draft
from netdsl.ir.op import Op, OpError
from netdsl.ir.types import Shape, show_shape
from netdsl.syntax import tree

#: The longest text of a layer that a help repeats.
_LONGEST = 40
#: The largest padding that is tried in place of another.
_MOST_PADDING = 64
_HEAD = re.compile(r"(?:soft-max|[A-Za-z_]\w*)(?:\{[^{}]*\})?(?:[x×](?:\w+|\{[^{}]*\}))*(?:-(?:\w+|\{[^{}]*\}))?")
_STRIDE = re.compile(r"/(?:\w+|\{[^{}]*\})(?:[x×](?:\w+|\{[^{}]*\}))*")
_CHANNELS = re.compile(r"-(?:\w+|\{[^{}]*\})")
_PADDING = re.compile(r" (?:valid|same|same_tf|pad=(?:\w+|\{[^{}]*\})(?:[x×](?:\w+|\{[^{}]*\}))*)(?![^ ,|}\])])")


class Arm(NamedTuple):
    """One branch of a join: its number as it is written, what entered it, and what came of it.

    ``nodes`` are the drafts that lead through it, in order; none where it passes a tensor on. ``start`` is the draft
    before them.
    """

    number: int
    branch: tree.Branch
    nodes: tuple[int, ...]
    start: int
    enters: Shape
    shape: Shape


class _Change(NamedTuple):
    """A change to one arm that gives it another shape; of several the cheapest is proposed."""

    cost: int
    text: str
    shape: Shape


def arm(number: int, branch: tree.Branch, first: int, end: int, drafts: Sequence[Draft]) -> Arm:
    """The arm whose nodes are those from ``first`` on and whose result is the node ``end``."""
    nodes: list[int] = []
    at = end
    while at >= first:
        nodes.append(at)
        if not drafts[at].inputs:
            break
        at = drafts[at].inputs[0]
    return Arm(number, branch, tuple(reversed(nodes)), at, drafts[at].shape, drafts[end].shape)


def origin(at: int, part: slice, drafts: Sequence[Draft], since: int = 0) -> Note | None:
    """The place of the last draft, on the way to ``at``, that made a part of the shape what it is.

    None where that is before ``since``.
    """
    while at >= since:
        draft = drafts[at]
        if not draft.inputs:
            return Note(draft.span, f"the input is {show_shape(draft.shape)}")
        before = drafts[draft.inputs[0]].shape
        if before[part] != draft.shape[part]:
            return Note(draft.span, f"makes {show_shape(draft.shape)} of {show_shape(before)}")
        at = draft.inputs[0]
    return None


def explain(
    said: Diagnostic, keyword: str, arms: Sequence[Arm], drafts: Sequence[Draft], sources: Sequence[Source]
) -> Diagnostic:
    """What a join's operator says of its branches, with each one's shape, what made it so, and what would mend it."""
    pair = [int(number) - 1 for number in re.findall(r"branch (\d+)", said.message)]
    if len(pair) != 2:
        return said
    message = re.sub(r"branch (\d+)", lambda found: f"branch {arms[int(found[1]) - 1].number}", said.message)
    sizes = arms[pair[0]].shape[1:] != arms[pair[1]].shape[1:]
    if keyword == "mul":
        sizes = any(length != 1 for length in arms[pair[1]].shape[1:]) and sizes
    mender = _Mender(keyword, arms, drafts, sources)
    notes = [note for one in arms for note in _notes(one, drafts, sizes)]
    if sizes and mender.still:
        before = [origin(arms[index].start, slice(1, None), drafts) for index in pair]
        notes += [note for note in dict.fromkeys(before) if note is not None]
    if sizes:
        notes += _dropped(arms, drafts)
    help = mender.sizes() if sizes else mender.channels(*pair)
    return said._replace(message=message, notes=tuple(notes), help=help)


def _notes(one: Arm, drafts: Sequence[Draft], sizes: bool) -> list[Note]:
    """Where an arm ends, with its shape, and the layer in it that made its size or its channels what they are."""
    end = one.branch.rows[-1].items[-1].span
    part = slice(1, None) if sizes else slice(0, 1)
    made = origin(one.nodes[-1], part, drafts, one.nodes[0]) if one.nodes else None
    given = Note(end, f"gives {show_shape(one.shape)}")
    if made is None or made.span != end:
        return [given] if made is None else [given, made]
    return [made]


def _dropped(arms: Sequence[Arm], drafts: Sequence[Draft]) -> list[Note]:
    """The first layer on the way to the arms whose window leaves out the end of its input: a usual cause."""
    seen: set[int] = set()
    for one in arms:
        at = one.nodes[-1] if one.nodes else one.start
        while at not in seen and drafts[at].inputs:
            seen.add(at)
            draft = drafts[at]
            if draft.op.category in ("conv", "pool"):
                arithmetic = draft.op.dropped(tuple(drafts[index].shape for index in draft.inputs))
                if arithmetic is not None:
                    return [Note(draft.span, f"leaves out the end of its input: {arithmetic}")]
            at = draft.inputs[0]
    return []


def _steps(one: Arm, drafts: Sequence[Draft]) -> list[tuple[int, Shape]]:
    """The nodes of an arm, each with the shape that enters it along the arm."""
    entering = [one.enters, *(drafts[at].shape for at in one.nodes)]
    return list(zip(one.nodes, entering, strict=False))


class _Mender:
    """Looks for changes that bring the arms of one join together."""

    def __init__(self, keyword: str, arms: Sequence[Arm], drafts: Sequence[Draft], sources: Sequence[Source]) -> None:
        self.keyword = keyword
        self.arms = arms
        self.drafts = drafts
        self.sources = sources
        #: no arm changes its size: what entered them differs, and an enlargement is what was forgotten
        self.still = all(
            self.drafts[at].shape[1:] == before[1:] for one in arms for at, before in _steps(one, self.drafts)
        )

    # -- sizes

    def sizes(self) -> str | None:
        """The cheapest changes after which all arms have one size; None where none is known for some arm."""
        ranks = {len(one.shape) for one in self.arms}
        if len(ranks) > 1 or 1 in ranks:
            return None
        if (strided := self.strided()) is not None:
            return strided
        best: tuple[int, list[str], list[tuple[Arm, Shape]]] | None = None
        for target in dict.fromkeys(one.shape[1:] for one in self.arms):
            others = [one for one in self.arms if one.shape[1:] != target]
            found = [change for one in others if (change := self.resize(one, target)) is not None]
            if len(found) < len(others):
                continue
            cost = sum(change.cost for change in found)
            kept = [(one, one.shape) for one in self.arms if one.shape[1:] == target]
            made = [(one, change.shape) for one, change in zip(others, found, strict=True)]
            if best is None or cost < best[0]:
                best = cost, [change.text for change in found], [*kept, *made]
        if best is None:
            return None
        _, texts, arms = best
        # Those that keep their size keep their channels too, and an arm without layers keeps them first of all.
        wanted = next((shape[0] for one, shape in arms if not one.nodes), arms[0][1][0])
        for one, shape in arms if self.keyword != "concat" else ():
            if shape[0] != wanted:
                where = f"` at the end of branch {one.number}"
                before = next((text for text in texts if text.endswith(where)), None)
                added = (
                    f"`conv1-{wanted}{where}" if before is None else before.replace(where, f", conv1-{wanted}{where}")
                )
                texts = [*(text for text in texts if text != before), added]
        equal = "sizes" if self.keyword == "concat" else "shapes"
        return f"{' and '.join(texts)} {'makes' if len(texts) == 1 else 'make'} the {equal} equal"

    def strided(self) -> str | None:
        """A transposed convolution before an arm that has no stride, where its kernel's size as one would do."""
        for one in self.arms:
            others = {other.shape[1:] for other in self.arms if other is not one}
            at = one.start
            while not one.nodes and self.drafts[at].inputs and self.drafts[at].op.keyword != "upconv":
                before = self.drafts[self.drafts[at].inputs[0]].shape
                if before[1:] != self.drafts[at].shape[1:]:
                    break
                at = self.drafts[at].inputs[0]
            draft = self.drafts[at]
            if one.nodes or draft.op.keyword != "upconv" or len(others) > 1:
                continue
            values = draft.op.model_dump()
            kernel, stride = values["kernel"], values["stride"]
            span = draft.span
            text = self.sources[span.file].text[span.start : span.end] if self.sources else ""
            if {*stride} != {1} or len({*kernel}) > 1 or not re.fullmatch(r"upconv\d+-\w+", text):
                continue
            try:
                shape = draft.op.model_copy(update={"stride": kernel}).infer((self.drafts[draft.inputs[0]].shape,))
            except OpError:
                continue
            if {shape[1:]} == others:
                new = f"{text}/{kernel[0]}"
                help = f"`{new}` in place of `{text}` makes the sizes equal: an enlargement is a stride"
                return Advice(help, Edit(Span(span.file, span.end, span.end), f"/{kernel[0]}"))
        return None

    def resize(self, one: Arm, target: Shape) -> _Change | None:
        """The cheapest change that gives one arm the size ``target``."""
        found: list[_Change] = []
        if not one.nodes:
            found += self.skip(one, target)
        for place, (at, before) in enumerate(_steps(one, self.drafts)):
            found += self.window(one, place, at, before, target)
        found += self.after(one, target)
        return min(found, key=lambda change: change.cost, default=None)

    def skip(self, one: Arm, target: Shape) -> list[_Change]:
        """In place of an arm that passes its tensor on: a projection with a stride, or a pooling before ``concat``."""
        size, channels, kernel = one.shape[1:], one.shape[0], 1
        steps = [stride_to(n, t) for n, t in zip(size, target, strict=True)]
        if any(step is None for step in steps):
            # Where no 1×1 window has that many places, patches may.
            kernel = max(n // t for n, t in zip(size, target, strict=True))
            steps = [kernel if kernel > 1 and n // kernel == t else None for n, t in zip(size, target, strict=True)]
        if any(step is None for step in steps):
            return []
        strides = [step for step in steps if step is not None]
        shown = f"/{strides[0]}" if len(set(strides)) == 1 else "/" + "x".join(map(str, strides))
        if self.keyword != "concat":
            others = {other.shape[0] for other in self.arms if other is not one}
            channels = others.pop() if len(others) == 1 else channels
            text = f"`conv{kernel}-{channels}{shown}` {self.instead(one)}"
        elif kernel > 1:
            text = f"`maxpool{kernel}` {self.instead(one)}"
        elif all(step * t == n for n, t, step in zip(size, target, strides, strict=True)) and len({*strides}) == 1:
            text = f"`maxpool{strides[0] if strides[0] != 2 else ''}` {self.instead(one)}"
        elif set(strides) == {2}:
            text = f"`maxpool3/2 pad=1` {self.instead(one)}"
        else:
            return []
        return [_Change(2, text, (channels, *target))]

    def window(self, one: Arm, place: int, at: int, before: Shape, target: Shape) -> list[_Change]:
        """Another padding or stride of one layer that is written in the join."""
        op, text = self.drafts[at].op, self.text(at, one)
        fields = type(op).model_fields
        if text is None or "pad" not in fields or op.category not in ("conv", "pool"):
            return []
        found = []
        rank = len(target)
        changes = self.drafts[at].shape[1:] != before[1:]
        kernel = getattr(op, "kernel", (1,) * rank)
        for pad in range(min(max(kernel, default=1), _MOST_PADDING)) if changes else ():
            new = _with_padding(text, pad)
            values: dict[str, Any] = {"pad": (pad,) * rank, **dict.fromkeys(("same", "same_tf") & fields.keys(), False)}
            shape = self.tried(one, place, before, op, values)
            if new is not None and new != text and shape is not None and shape[1:] == target:
                found.append(_Change(2, f"`{new}` in place of `{text}`", shape))
                break
        own = getattr(op, "stride", None)
        for stride in range(1, 9) if own is not None else ():
            new = _with_stride(text, stride)
            shape = self.tried(one, place, before, op, {"stride": (stride,) * rank})
            if new is not None and new != text and shape is not None and shape[1:] == target:
                # The layer that changes the size is the likelier one to be changed.
                found.append(_Change(4 if changes else 6, f"`{new}` in place of `{text}`", shape))
                break
        return found

    def after(self, one: Arm, target: Shape) -> list[_Change]:
        """A layer at the end of an arm."""
        size = one.shape[1:]
        where = f"at the end of branch {one.number}"
        made = (one.shape[0], *target)
        factors = {t / n for n, t in zip(size, target, strict=True)}
        if len(factors) == 1 and (factor := factors.pop()) == int(factor) and factor > 1:
            return [_Change(1 if self.still else 8, f"`upsample ×{int(factor)}` {where}", made)]
        if all(t <= n < 2 * t for n, t in zip(size, target, strict=True)):
            return [_Change(10, f"`crop {'x'.join(map(str, target))}` {where}", made)]
        return []

    # -- channels

    def channels(self, first: int, second: int) -> str | None:
        """What gives two arms of one size the same channels: another number in the last layer that sets them, or a
        projection."""
        one, other = self.arms[first], self.arms[second]
        if self.keyword != "mul" and not one.nodes and other.nodes:
            one, other = other, one
        wanted, equal = one.shape[0], "makes the channels equal"
        if not other.nodes or self.keyword == "concat":
            return f"`conv1-{wanted}` {self.instead(other)} {equal}"
        for place, (at, before) in reversed(list(enumerate(_steps(other, self.drafts)))):
            op = self.drafts[at].op
            slot, text = op.syntax.channels, self.text(at, other)
            if slot is None or text is None:
                continue
            shape = self.tried(other, place, before, op, {slot: wanted})
            if shape is not None and shape[0] == wanted and _CHANNELS.search(text):
                new = _CHANNELS.sub(f"-{wanted}", text, count=1)
                return f"`{new}` in place of `{text}` {equal}"
        return f"`conv1-{wanted}` at the end of branch {other.number} {equal}"

    # -- both

    def tried(self, one: Arm, place: int, before: Shape, op: Op, values: dict[str, Any]) -> Shape | None:
        """The shape that an arm would have with other values in one of its operators; None where it could not be."""
        try:
            shape = op.model_copy(update=values).infer((before,))
            for at in one.nodes[place + 1 :]:
                if len(self.drafts[at].inputs) > 1:
                    return None
                shape = self.drafts[at].op.infer((shape,))
        except OpError:
            return None
        return shape

    def instead(self, one: Arm) -> str:
        """Where a layer is to stand that takes the place of nothing, or of ``id``."""
        items = [item for row in one.branch.rows for item in row.items]
        core = items[0].core
        if len(items) == 1 and isinstance(core, tree.Layer) and core.word.text.lower() == "id":
            return "in place of `id`"
        return f"at the end of branch {one.number}"

    def text(self, at: int, one: Arm) -> str | None:
        """A layer as it is written, where that is in the arm itself and short."""
        span: Span = self.drafts[at].span
        around = one.branch.span
        if span.file != around.file or not (around.start <= span.start and span.end <= around.end):
            return None
        text = self.sources[span.file].text[span.start : span.end]
        plain = len(text) <= _LONGEST and text.isprintable() and "`" not in text and self.drafts[at].head in (at, -1)
        return text if plain else None


def stride_to(size: int, target: int) -> int | None:
    """The stride at which a 1×1 window makes ``target`` elements of ``size``; None where there is none."""
    if size == target == 1:
        return 1
    # The least at which there are no more of them.
    stride = max(2, (size - 1) // target + 1)
    return stride if (size - 1) // stride + 1 == target else 1 if size == target else None


def _with_padding(text: str, pad: int) -> str | None:
    """The text of a layer with another padding."""
    head, plus, suffixes = text.partition(" +")
    if _PADDING.search(head):
        return _PADDING.sub(f" pad={pad}", head, count=1) + plus + suffixes
    return f"{head} pad={pad}{plus}{suffixes}"


def _with_stride(text: str, stride: int) -> str | None:
    """The text of a layer with another stride; a convolution at stride 1 does not say it."""
    if (found := _HEAD.match(text)) is None:
        return None
    head, rest = found.group(), text[found.end() :]
    written = _STRIDE.match(rest)
    if " stride=" in rest or (stride == 1 and written is None):
        return None
    rest = rest[written.end() :] if written is not None else rest
    return head + ("" if stride == 1 and "-" in head else f"/{stride}") + rest
