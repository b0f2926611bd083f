"""What would make the branches of a join fit: another padding, stride or number of channels, a projection, a crop.

What is proposed has been computed: each change is tried on the branch's own operators before it is said.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from netdsl.diagnostics import Advice, Edit, Span, shortened
from netdsl.elaborate.helps.arms import LONGEST, Arm, Arms
from netdsl.elaborate.helps.layer_text import CHANNELS, STRIDE, enlarging, with_padding, with_stride
from netdsl.ir.op import OpError
from netdsl.ir.types import Shape
from netdsl.syntax import tree

#: For joins of more arms no change is sought.
_MOST_ARMS = 50
#: What takes more changes than this is no help.
_MOST_CHANGES = 4
#: The largest padding that is tried in place of another.
_MOST_PADDING = 64
_NUMBER = re.compile(r"\d+")


class _Change(NamedTuple):
    """A change to one arm that gives it another shape; of several the cheapest is proposed.

    A change to a layer has its ``place`` among the arm's nodes, what it sets, and its texts before and after.
    """

    cost: int
    text: str
    shape: Shape
    place: int = -1
    values: Mapping[str, Any] | None = None
    old: str = ""
    new: str = ""


def _layer(cost: int, old: str, new: str, shape: Shape, place: int, values: Mapping[str, Any]) -> _Change:
    return _Change(cost, f"`{new}` in place of `{old}`", shape, place, values, old, new)


class Mender(Arms):
    """Looks for changes that bring the arms of one join together."""

    # -- sizes

    def sizes(self) -> str | None:
        """The cheapest changes after which all arms have one size; None where none is known for some arm."""
        if (help := self.weighed()) is not None:
            return help
        ranks = {len(one.shape) for one in self.arms}
        if len(ranks) > 1 or 1 in ranks:
            return self.flattened()
        if len(self.arms) > _MOST_ARMS:
            return None
        if (help := self.strided() or self.another() or self.permuted() or self.gated()) is not None:
            return help
        best: tuple[int, list[_Change], list[tuple[Arm, Shape]]] | None = None
        for target in dict.fromkeys(one.shape[1:] for one in self.arms):
            others = [one for one in self.arms if one.shape[1:] != target]
            found = [change for one in others if (change := self.resize(one, target)) is not None]
            if len(found) < len(others):
                continue
            cost = sum(change.cost for change in found)
            kept = [(one, one.shape) for one in self.arms if one.shape[1:] == target]
            made = [(one, change.shape) for one, change in zip(others, found, strict=True)]
            if best is None or cost < best[0]:
                best = cost, found, [*kept, *made]
        if best is None:
            return None
        _, changes, arms = best
        texts = [change.text for change in changes]
        changed = {id(one): change for (one, _), change in zip(arms[-len(changes) :], changes, strict=True)}
        # Those that keep their size keep their channels too, and an arm without layers keeps them first of all.
        wanted = next((shape[0] for one, shape in arms if not one.nodes), arms[0][1][0])
        for one, shape in arms if self.keyword != "concat" else ():
            if shape[0] != wanted:
                change = changed.get(id(one))
                if change is not None and (both := self.with_channels(one, change, wanted)) is not None:
                    texts = [both if text == change.text else text for text in texts]
                    continue
                where = f"` at the end of branch {one.number}"
                before = next((text for text in texts if text.endswith(where)), None)
                added = (
                    f"`conv1-{wanted}{where}" if before is None else before.replace(where, f", conv1-{wanted}{where}")
                )
                texts = [*(text for text in texts if text != before), added]
        # What is said of several layers alike is said once.
        often = [text for text, count in Counter(texts).items() if count > 1]
        texts = [text.replace(" of `", " of each `") if text in often else text for text in dict.fromkeys(texts)]
        if len(texts) > _MOST_CHANGES:
            return None
        equal = "sizes" if self.keyword == "concat" else "shapes"
        return f"{' and '.join(texts)} {'makes' if len(texts) == 1 else 'make'} the {equal} equal"

    def with_channels(self, one: Arm, change: _Change, wanted: int) -> str | None:
        """A change of a layer that sets its channels too; None where it is not the layer that does."""
        if change.place < 0 or change.values is None:
            return None
        at, before = self.steps(one)[change.place]
        op = self.drafts[at].op
        slot = op.syntax.channels
        if slot is None or not CHANNELS.search(change.new):
            return None
        shape = self.tried(one, change.place, before, op, {**change.values, slot: wanted})
        if shape != (wanted, *change.shape[1:]):
            return None
        return f"`{CHANNELS.sub(f'-{wanted}', change.new, count=1)}` in place of `{change.old}`"

    def flattened(self) -> str | None:
        """Vectors beside maps: what makes a vector of a map as well."""
        flat = {one.shape[0] for one in self.arms if len(one.shape) == 1}
        maps = [one for one in self.arms if len(one.shape) > 1]
        if not flat or not maps or (self.keyword != "concat" and len(flat) > 1):
            return None
        if (help := self.kept(maps[0].shape)) is not None:
            return help
        vectors = [one for one in self.arms if len(one.shape) == 1]
        if len(vectors) < len(maps) and all(self.stays(one, maps[0].shape) for one in vectors):
            numbers = " and ".join(str(one.number) for one in vectors)
            branches = f"{'branch' if len(vectors) == 1 else 'branches'} {numbers}"
            return f"leave `flatten` out at the end of {branches}: the others are maps"
        layer = "flatten" if self.keyword == "concat" else f"fc-{flat.pop()}"
        if len(maps) > _MOST_CHANGES:
            return f"`gap, {layer}` at the end of each branch that is a map makes vectors of them all"
        texts = [f"`gap, {layer}` at the end of branch {one.number}" for one in maps]
        equal = "sizes" if self.keyword == "concat" else "shapes"
        return f"{' and '.join(texts)} {'makes' if len(texts) == 1 else 'make'} the {equal} equal"

    def stays(self, one: Arm, wanted: Shape) -> bool:
        """Whether an arm would be such a map as the others without the ``flatten`` at its end."""
        if not one.nodes or self.drafts[one.nodes[-1]].op.keyword != "flatten":
            return False
        shape = self.drafts[one.nodes[-2]].shape if len(one.nodes) > 1 else one.enters
        return shape[1:] == wanted[1:] and (self.keyword == "concat" or shape == wanted)

    def kept(self, wanted: Shape) -> str | None:
        """Fully connected layers of an arm that took a map as it stood: convolutions of 1×1 would have kept it."""
        texts = []
        for one in self.arms if self.keyword == "add" else ():
            shape = one.enters
            for at in one.nodes if len(one.shape) == 1 else ():
                op, text = self.drafts[at].op, self.text(at, one)
                if op.keyword == "fc" and text is not None and text.lower().startswith("fc-"):
                    texts.append(f"`conv1{text[2:]}` in place of `{text}`")
                    shape = (self.drafts[at].shape[0], *shape[1:])
                elif len(self.drafts[at].shape) > 1:
                    shape = self.drafts[at].shape
                elif op.category not in ("activation", "regularise"):
                    return None
            if len(one.shape) == 1 and shape != wanted:
                return None
        if not texts or len(texts) > _MOST_CHANGES:
            return None
        keep = "keeps" if len(texts) == 1 else "keep"
        return f"{' and '.join(dict.fromkeys(texts))} {keep} the map, which `fc` flattens"

    def weighed(self) -> str | None:
        """Weights of channels, between 0 and 1, that are added to a map."""
        if self.keyword != "add" or len(self.arms) != 2:
            return None
        for one, other in zip(self.arms, reversed(self.arms), strict=True):
            last = self.drafts[one.nodes[-1]].op.keyword if one.nodes else ""
            size = {*one.shape[1:]}
            if (
                last in ("sigmoid", "hardsigmoid")
                and size <= {1}
                and len(other.shape) > 1
                and {*other.shape[1:]} != {1}
            ):
                if one.shape[0] == other.shape[0]:
                    return f"`mul` in place of `add` weighs each channel by what `{last}` gives"
        return None

    def another(self) -> str | None:
        """Another tensor, whose name differs in its numbers alone, where an arm takes one up and that one would fit."""
        if len(self.arms) > _MOST_ARMS:
            return None
        taken = {at for one in self.arms for at in (one.start, *one.nodes[-1:])}
        part = slice(1, None) if self.keyword == "concat" else slice(None)
        found = []
        for one in self.arms:
            core = one.branch.rows[0].items[0].core
            if not isinstance(core, tree.Reference) or self.keyword == "mul":
                continue
            name = tree.show_path(core.path)
            others = {other.shape[part] for other in self.arms if other is not one}
            for label, at in self.tensors.items():
                if at in taken or label == name or _NUMBER.sub("", label) != _NUMBER.sub("", name):
                    continue
                shape = self.through(one, self.drafts[at].shape)
                if shape is not None and others == {shape[part]}:
                    found.append(f"`@{label}` in place of `@{name}`")
        equal = "sizes" if self.keyword == "concat" else "shapes"
        return f"{', or '.join(found[:2])}{',' * (len(found) > 1)} makes the {equal} equal" if found else None

    def permuted(self) -> str | None:
        """Axes that an arm moved and left there."""
        for one in self.arms:
            others = {other.shape for other in self.arms if other is not one}
            moved = any(self.drafts[at].op.keyword == "permute" for at in one.nodes)
            if not moved or len(others) > 1:
                continue
            (wanted,) = others
            if one.shape == wanted or sorted(one.shape) != sorted(wanted):
                continue
            order: list[int] = []
            for size in wanted:
                order.append(next(at for at, own in enumerate(one.shape, 1) if own == size and at not in order))
            axes = "x".join(map(str, order))
            return f"`permute {axes}` at the end of branch {one.number} makes the shapes equal"
        return None

    def gated(self) -> str | None:
        """Factors that have lost a part of the map: their means over it are one for each channel."""
        first, *others = self.arms
        if self.keyword != "mul" or len(others) != 1 or others[0].shape[0] != first.shape[0]:
            return None
        return f"`gap` at the end of branch {others[0].number} makes one factor for each channel of it"

    def strided(self) -> str | None:
        """A transposed convolution before an arm that has no stride, where its kernel's size as one would do, or with a
        stride that another kernel would fit."""
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
            before = self.drafts[draft.inputs[0]].shape
            for new, changed in enlarging(draft.op, text) if len(text) <= LONGEST and draft.head in (at, -1) else ():
                with suppress(OpError):
                    if {draft.op.model_copy(update=changed).infer((before,))[1:]} == others:
                        help = f"`{new}` in place of `{text}` makes the sizes equal"
                        return Advice(help, Edit(span, new))
            if {*stride} != {1} or len({*kernel}) > 1 or not re.fullmatch(r"upconv\d+-\w+", text):
                continue
            try:
                shape = draft.op.model_copy(update={"stride": kernel}).infer((before,))
            except OpError:
                continue
            new = f"{text}/{kernel[0]}"
            if {shape[1:]} == others:
                help = f"`{new}` in place of `{text}` makes the sizes equal: an enlargement is a stride"
                return Advice(help, Edit(Span(span.file, span.end, span.end), f"/{kernel[0]}"))
            (size,) = others
            apart = [theirs - ours for ours, theirs in zip(shape[1:], size, strict=True)]
            # Maps that were convolved without padding are cropped, as in the first U-Net.
            fewer = all(0 <= n < max(kernel[0], theirs // 4) for n, theirs in zip(apart, size, strict=True))
            more = all(-kernel[0] <= n <= 0 for n in apart)
            if len(self.arms) == 2 and (fewer or more):
                number = next(other.number for other in self.arms if (other is one) == more)
                cut = f"`crop {'x'.join(map(str, size if more else shape[1:]))}` at the end of branch {number}"
                return f"`{new}` in place of `{text}`, an enlargement is a stride, and {cut} make the sizes equal"
        return None

    def resize(self, one: Arm, target: Shape) -> _Change | None:
        """The cheapest change that gives one arm the size ``target``."""
        found: list[_Change] = []
        if not one.nodes:
            found += self.skip(one, target)
        for place, (at, before) in enumerate(self.steps(one)):
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
        strides = tuple(step for step in steps if step is not None)
        shown = f"/{strides[0]}" if len(set(strides)) == 1 else "/" + "x".join(map(str, strides))
        if self.keyword != "concat":
            others = {other.shape[0] for other in self.arms if other is not one}
            channels = others.pop() if len(others) == 1 else channels
            shown = self.stride_as_written(strides, one) or shown
            written = self.as_written(channels, one)
            text = self.projected(f"conv{kernel}-{written}{shown}{self.suffix(one)}", written, shown, one)
        elif kernel > 1:
            text = f"`maxpool{kernel}` {self.instead(one)}"
        elif all(step * t == n for n, t, step in zip(size, target, strides, strict=True)) and len({*strides}) == 1:
            text = f"`maxpool{strides[0] if strides[0] != 2 else ''}` {self.instead(one)}"
        elif set(strides) == {2}:
            text = f"`maxpool3/2 pad=1` {self.instead(one)}"
        else:
            return []
        # Where an `if` passes the tensor on, a projection has been thought of.
        choice = isinstance(one.branch.rows[0].items[0].core, tree.If)
        return [_Change(5 if choice else 2, text, (channels, *target))]

    def window(self, one: Arm, place: int, at: int, before: Shape, target: Shape) -> list[_Change]:
        """Another padding or stride of one layer that is written in the join."""
        op, text = self.drafts[at].op, self.text(at, one)
        far = 0
        if text is None and (text := self.text(at, one, anywhere=True)) is not None:
            far = 3  # in a block, which others may call
        fields = type(op).model_fields
        if text is None:
            return []
        slot = op.syntax.channels
        if op.keyword == "linear" and slot is not None and CHANNELS.search(text):
            shape = self.tried(one, place, before, op, {slot: target[-1]})
            new = CHANNELS.sub(f"-{target[-1]}", text, count=1)
            fits = shape is not None and shape[1:] == target
            return [_layer(1 + far, text, new, shape, place, {slot: target[-1]})] if fits and shape is not None else []
        if "pad" not in fields or op.category not in ("conv", "pool"):
            return []
        found = []
        rank = len(target)
        changes = self.drafts[at].shape[1:] != before[1:]
        kernel = getattr(op, "kernel", (1,) * rank)
        if not kernel:
            return []  # an adaptive pool has no window
        dilation = getattr(op, "dilation", (1,) * rank)
        reach = max((d * (k - 1) for k, d in zip(kernel, dilation, strict=True)), default=0)
        no_rule = dict.fromkeys(("same", "same_tf") & fields.keys(), False)
        paddings: list[tuple[str, dict[str, Any]]] = [
            (f"pad={pad}", {"pad": (pad,) * rank, **no_rule}) for pad in range(min(reach, _MOST_PADDING) + 1)
        ]
        if "same_tf" in fields:
            paddings.append(("same_tf", {**no_rule, "same_tf": True}))
        for new, values in enlarging(op, text):
            shape = self.tried(one, place, before, op, values)
            if shape is not None and shape[1:] == target:
                found.append(_layer(1 + far, text, new, shape, place, values))
        for word, values in paddings if changes else ():
            new = with_padding(text, word)
            shape = self.tried(one, place, before, op, values)
            if new != text and shape is not None and shape[1:] == target:
                found.append(_layer(2 + far, text, new, shape, place, values))
                break
        own = getattr(op, "stride", None)
        for stride in range(1, 9) if own is not None else ():
            values = {"stride": (stride,) * rank}
            shape = self.tried(one, place, before, op, values)
            if shape is None or shape[1:] != target:
                continue
            written = self.stride_as_written((stride,) * rank, one)
            other = with_stride(text, stride, op.category == "pool", written)
            if other is not None and other != text:
                # The layer that changes the size is the likelier one to be changed, unless the stride of another is a
                # parameter: that is forgotten here.
                cost = 4 if changes else 3 if written is not None else 6
                cost = 1 if stride == 1 and self.strided_before(one, place, text) else cost
                found.append(_layer(cost + far, text, other, shape, place, values))
                break
        return found

    def strided_before(self, one: Arm, place: int, text: str) -> bool:
        """Whether a layer before this one in its arm has the same stride, as it is written."""
        own = STRIDE.search(text)
        for at in one.nodes[:place] if own is not None else ():
            found = STRIDE.search(self.text(at, one) or "")
            if found is not None and own is not None and found[0] == own[0]:
                return True
        return False

    def after(self, one: Arm, target: Shape) -> list[_Change]:
        """A layer at the end of an arm."""
        size = one.shape[1:]
        where = f"at the end of branch {one.number}"
        made = (one.shape[0], *target)
        factors = {t / n for n, t in zip(size, target, strict=True)}
        if len(factors) == 1 and (factor := factors.pop()) == int(factor) and factor > 1:
            return [_Change(1 if self.still else 8, f"`upsample ×{int(factor)}` {where}", made)]
        if all(t <= n < 2 * t for n, t in zip(size, target, strict=True)):
            sizes = "x".join(map(str, target))
            return [_Change(10, f"`crop {self.name_of(target) or sizes}` {where}", made)]
        return []

    # -- channels

    def channels(self, first: int, second: int) -> str | None:
        """What gives two arms of one size the same channels: another number in the last layer that sets them, or a
        projection."""
        if (help := self.another()) is not None:
            return help
        one, other = self.arms[first], self.arms[second]
        if self.keyword != "mul" and not one.nodes and other.nodes:
            one, other = other, one
        if self.keyword in ("add", "sub") and len(self.arms) > 2:
            # Most are to stay as they are.
            counts = Counter(arm.shape for arm in self.arms)
            common = next(arm for arm in self.arms if counts[arm.shape] == max(counts.values()))
            apart = [arm for arm in self.arms if arm.shape != common.shape]
            if len(apart) > 1:
                numbers = shortened(", ".join(str(arm.number) for arm in apart), 20)
                return f"branches {numbers} are to have {common.shape[0]} channels, as branch {common.number} has"
            one, other = common, apart[0]
        wanted, equal = one.shape[0], f"makes the {'channels' if len(one.shape) > 1 else 'shapes'} equal"
        if not other.nodes or self.keyword == "concat":
            if one.nodes and (changed := self.linear(one, other.shape[0])) is not None:
                return f"{changed} {equal}"
            written = self.as_written(wanted, other)
            if (choice := self.chosen(written, other)) is not None:
                return f"{choice} {equal}"
            return f"{self.projected(self.projection(wanted, other), written, '', other)} {equal}"
        for place, (at, before) in reversed(list(enumerate(self.steps(other)))):
            op = self.drafts[at].op
            slot, text = op.syntax.channels, self.text(at, other)
            if slot is None or text is None:
                continue
            shape = self.tried(other, place, before, op, {slot: wanted})
            if shape is not None and shape[0] == wanted and CHANNELS.search(text):
                written = self.as_written(wanted, other)
                if self.called and written.isdecimal() and self.own(at, other) and other.enters[0] == wanted:
                    written = "{in.c}"  # another call may have other channels
                new = CHANNELS.sub(f"-{written}".replace("\\", ""), text, count=1)
                return f"`{new}` in place of `{text}` {equal}"
        return f"`{self.projection(wanted, other)}` at the end of branch {other.number} {equal}"

    def own(self, at: int, one: Arm) -> bool:
        """Whether a layer stands in an arm itself, where `in` is what enters that."""
        return any(item.core.span == self.drafts[at].span for row in one.branch.rows for item in row.items)

    def chosen(self, written: str, one: Arm) -> str | None:
        """Another condition for an ``if`` that passes a tensor on where its projection would fit as well."""
        items = [item for row in one.branch.rows for item in row.items]
        core = items[0].core
        if self.keyword != "add" or len(items) != 1 or not isinstance(core, tree.If) or one.nodes or not self.sources:
            return None
        source = self.sources[core.span.file].text
        condition, then = (source[part.span.start : part.span.end] for part in (core.condition, core.then))
        width = written.strip("{}")
        head = re.search(rf"-(?:\{{{re.escape(width)}\}}|{re.escape(width)})(?![\w.])(/\d)?", then)
        plain = re.fullmatch(r"\w+[ \t]*!=[ \t]*1|\w+[ \t]*>[ \t]*1", condition)
        if head is None or head[1] not in (None, "/1") or plain is None or not re.fullmatch(r"[\w.*]+", width):
            return None
        return f"`if {condition} or in.c != {width}` in place of `if {condition}`"

    def linear(self, one: Arm, wanted: int) -> str | None:
        """Another width of the layer on the last axis that set an arm's channels: there a 1×1 convolution is none."""
        for place, (at, before) in reversed(list(enumerate(self.steps(one)))):
            op = self.drafts[at].op
            slot, text = op.syntax.channels, self.text(at, one)
            if slot is None:
                continue
            if op.keyword != "linear" or text is None or not CHANNELS.search(text):
                return None
            shape = self.tried(one, place, before, op, {slot: wanted})
            if shape is not None and shape[0] == wanted:
                return f"`{CHANNELS.sub(f'-{wanted}', text, count=1)}` in place of `{text}`"
        return None

    def projection(self, wanted: int, one: Arm) -> str:
        """The layer that gives an arm other channels and changes nothing else."""
        word = "conv1" if len(one.shape) > 1 else "fc"
        return f"{word}-{self.as_written(wanted, one)}{self.suffix(one)}"


def stride_to(size: int, target: int) -> int | None:
    """The stride at which a 1×1 window makes ``target`` elements of ``size``; None where there is none."""
    if size == target == 1:
        return 1
    # The least at which there are no more of them.
    stride = max(2, (size - 1) // target + 1)
    return stride if (size - 1) // stride + 1 == target else 1 if size == target else None
