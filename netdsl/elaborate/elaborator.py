"""Rows → nodes. Walks a file's rows with the tensor that flows, and reports every mistake on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial

from netdsl.diagnostics import Advice, Diagnostic, Edit, Span
from netdsl.elaborate.context import Context
from netdsl.elaborate.expressions import evaluate, kind_of, whole
from netdsl.elaborate.helps.assertions import misplaced, no_shape, of_each_time, would_hold
from netdsl.elaborate.helps.circumstances import behind_item, in_pass
from netdsl.elaborate.helps.fitting import asserted, strided_again, windowed
from netdsl.elaborate.helps.joins import origin, origin_node
from netdsl.elaborate.helps.sizes_apart import repeated_sizes
from netdsl.elaborate.maker import Abort
from netdsl.elaborate.names import check_label
from netdsl.elaborate.references import ReferenceMaker, plain, within
from netdsl.elaborate.values import POISON, Env, Stop, Tensor, stop
from netdsl.ir.op import OpError, lookup
from netdsl.ir.types import Mode, plural, show_shape
from netdsl.syntax import tree

#: How many scopes the path of a label may open.
MAX_PARTS = 100


#: The longest text of the spec that a help repeats.
_LONGEST = 40


def twice(problem: Stop, item: tree.Item) -> bool:
    """Whether what stopped an item is that its label stands twice."""
    said, label = problem.diagnostic, item.label
    return said is not None and said.code == "ND212" and label is not None and said.span == label.span


class Elaborator(ReferenceMaker):
    """The elaborator whole: items, with labels, repeats, modes and names of tensors."""

    def rows(self, rows: Sequence[tree.Row], context: Context, flow: Tensor | None) -> Tensor | None:
        """Rows one after another."""
        for row in rows:
            for item in row.items:
                flow = self.item(item, context, flow)
        return flow

    def excused(self, codes: tuple[tree.Name, ...], context: Context) -> None:
        """Checks the codes behind an item, where a name may stand that belongs before them: ``allow ND302 as b``."""
        if len(codes) < 3 or codes[-2].text != "as":
            for code in codes:
                context.program.check_code(code)
            return
        *listed, sign, name = codes
        span = sign.span.to(name.span)
        before = self.text_of(Span(span.file, max(0, listed[0].span.start - 30), listed[0].span.start))
        start = listed[0].span.start - len(before) + before.rfind("allow")
        text = f"as {name.text} {self.text_of(Span(span.file, start, listed[-1].span.end))}"
        help = Advice(f"what ends an item has an order: `{text}`", Edit(Span(span.file, start, span.end), text))
        context.program.report(Diagnostic("ND233", f"`as {name.text}` is no code", span, help))
        for code in listed:
            context.program.check_code(code)

    def item(self, item: tree.Item, context: Context, flow: Tensor | None) -> Tensor | None:
        """One item with its label, repeat, mode and assertion. After a mistake the tensor is poisoned."""
        depth = self.depth
        self.deeper(item.span)
        try:
            self.excused(item.allow, context)
            place, label, labels = context, None, context.labels
            result: Tensor | None = POISON
            wrong = False
            if item.label is not None:
                try:
                    place, label = self.open_label(item, context, flow)
                    labels = place.labels
                    place.frame.label_at = item.label.span
                except Stop as problem:
                    self.forgive(problem, context, flow)
                    wrong = True
            try:
                try:
                    result = self.moded(item, label, place, flow)
                except Stop as problem:
                    if label is None or not twice(problem, item):
                        raise
                    # All else of it can be looked at as if it had no label.
                    self.forgive(problem)
                    label, wrong = None, True
                    try:
                        result = self.moded(item, None, context, flow)
                    except Stop as further:
                        if further.diagnostic is not None and further.diagnostic.code == "ND212":
                            raise Stop from None  # its number may be that of the label
                        raise
                if item.assertion is not None and result is not None:
                    named = no_shape(item, context, self.sources)
                    if named is None:
                        result = self.held(item.assertion, result, context, flow)
                    else:
                        self.name_tensor(named[0], POISON, context.labels, item)
                        self.forgive(named[1])
            except Stop as problem:
                self.forgive(problem, context, flow)
                result = POISON
            if wrong and result is not None and item.label is not None and plain(item.label):
                self.name_tensor(tree.show_path(item.label), result, context.labels, item)
            if label is not None and result is not None:
                try:
                    self.take_label(label, place.frame, item)
                except Stop as problem:
                    self.forgive(problem)
            if result is not None:
                if label is not None:
                    self.name_tensor(label, result, labels, item)
                if item.alias is not None:
                    self.name_tensor(item.alias.text, result, context.labels, item)
            return result
        finally:
            self.depth = depth

    def open_label(self, item: tree.Item, context: Context, flow: Tensor | None) -> tuple[Context, str]:
        """Opens the scopes of a label's path; returns the place of the item and its own name."""
        assert item.label is not None
        if len(item.label.parts) > MAX_PARTS:
            over = len(item.label.parts) - MAX_PARTS
            help = f"each part opens a scope of modules: take {over} or more of its {over + MAX_PARTS} out"
            raise stop("ND213", f"a label has at most {MAX_PARTS} parts", item.label.span, help=help)
        parts: list[str] = []
        counted = False
        for part in item.label.parts:
            if isinstance(part, tree.Name):
                check_label(part.text, part.quoted, part.span)
                parts.append(part.text)
            else:
                counted = True
                value = evaluate(part, context.env)
                if isinstance(value, (bool, float)):
                    text = self.text_of(part.span).strip("{} ")
                    help = f"a whole number or a text may be: `{{int({text if len(text) <= _LONGEST else '…'})}}`"
                    what = "a fraction" if isinstance(value, float) else kind_of(value)
                    raise stop("ND213", f"{what} cannot be part of a name", part.span, help=help)
                check_label(str(value), True, part.span)
                parts.append(str(value))
        applies = not isinstance(item.core, (tree.Reference, tree.Hole))
        if context.loose and applies and not counted:
            message = f"the label `{'.'.join(parts)}` stands in a repeat and would name every pass alike"
            help = f"label the repeat, or count in the name: `{parts[-1]}.{{i}}: …`"
            raise stop("ND214", message, item.label.span, help=help)
        place = context
        for name in parts[:-1]:
            place = self.open_path(name, place, item.label.span, flow)
        return place, parts[-1]

    def moded(self, item: tree.Item, label: str | None, context: Context, flow: Tensor | None) -> Tensor | None:
        """An item that may act in one mode alone."""
        words = {word.text: word.span for word in item.words}
        layer = item.core
        if isinstance(layer, tree.Layer):
            for modifier in layer.modifiers:
                if isinstance(modifier, tree.Flag) and modifier.name.text in ("train", "eval"):
                    words[modifier.name.text] = modifier.span
        for word, span in words.items():
            if word not in ("train", "eval"):
                what = "after a repeat" if isinstance(layer, tree.Layer) else "here"
                known = lookup(word) is not None or word in context.program.blocks
                help = behind_item(word, span, known, len(words) > 1, self.sources)
                raise stop("ND202", f"`{word}` cannot stand {what}", span, help=help)
        if not words:
            return self.repeated(item, label, context, flow)
        span = next(iter(words.values()))
        if len(words) > 1:
            raise stop("ND226", "this has both `train` and `eval`", span, help=self.both(words))
        mode: Mode = "train" if "train" in words else "eval"
        if context.mode not in ("both", mode):
            message = f"this stands in what acts in `{context.mode}` alone and would never act"
            help = f"without `{mode}` it acts with what is around it; what acts in `{mode}` stands outside of that"
            raise stop("ND226", message, span, help=help)
        enters = self.need(flow, item.span)
        before = len(self.drafts)
        result = self.repeated(item, label, context.at(mode=mode), flow)
        if result is None or result.shape is None or enters.shape is None:
            return POISON
        if result.shape != enters.shape:
            message = (
                f"an item for `{mode}` alone must keep the shape, and this makes {show_shape(result.shape)} "
                f"of {show_shape(enters.shape)}"
            )
            raise stop("ND226", message, span, help=self.of_one_mode(item, mode, enters, result))
        if len(self.drafts) == before:
            return result
        if len(self.drafts) - before > 1 or self.drafts[result.node].inputs[:1] != (enters.node,):
            result = self.emit_op("select", (enters, result), context.at(mode=mode), item.span)
        self.drafts[result.node].passes = True
        return result

    def both(self, words: Mapping[str, Span]) -> str:
        """A help for an item that names both modes: it needs neither word, nor the blank before it."""
        spans = [Span(span.file, span.start - 1, span.end) for span in words.values()]
        help = "without either word it acts in both"
        blank = all(self.text_of(span)[:1] == " " for span in spans)
        return Advice(f"{help}: take them out", *(Edit(span, "") for span in sorted(spans))) if blank else help

    def of_one_mode(self, item: tree.Item, mode: Mode, enters: Tensor, result: Tensor) -> str:
        """A help for an item of one mode that changes the shape: what would keep it, or where it may be another."""
        assert enters.shape is not None and result.shape is not None
        core = item.core
        text = self.text_of(core.head if isinstance(core, tree.Layer) else core.span)
        inner = text[1:-1].strip() if isinstance(core, tree.Group) else text
        plain = item.repeat is None and len(text) <= _LONGEST and text.isprintable() and "`" not in text
        if enters.shape[1:] == result.shape[1:]:
            layer = f"conv1-{enters.shape[0]}" if 1 < len(enters.shape) < 5 else f"fc-{enters.shape[0]}"
            return f"`[{inner if plain else '…'}, {layer}] {mode}` would keep the shape"
        layers = inner if plain else "…"
        return f"an output of its own may have another shape: `output name {mode} {{ {layers} }}`"

    def repeated(self, item: tree.Item, label: str | None, context: Context, flow: Tensor | None) -> Tensor | None:
        """An item as often as it says."""
        core = item.core
        if item.repeat is None:
            self.remember(item, label, context)
            return self.core(core, label, context, flow)
        if self.sources:
            apart = repeated_sizes(item, context.env, self.sources[item.span.file].text)
            if apart is not None:
                raise apart
        if isinstance(core, tree.Layer) and self.is_size(core):
            return self.core(core, label, context, flow, times=item.repeat)
        count = whole(item.repeat, context.env, "a repeat")
        if count > self.limits.nodes:
            message = (
                f"{count:,} passes are beyond the bound of {self.limits.nodes:,} {plural(self.limits.nodes, 'node')}"
            )
            raise Abort(Diagnostic("ND218", message, item.repeat.span, "`--max-nodes` raises the bound"))
        self.remember(item, label, context)
        if label is None:
            env = context.env
            loose = True
            for index in range(count):
                self.step(item.span)
                passed = context.at(env=Env(env, entering=flow, index=index), loose=loose)
                said = len(self.diagnostics)
                flow = self.core(core, None, passed, flow)
                if len(self.diagnostics) > said and index:
                    self.say_pass(said, index, count, item)
            return flow
        frame = self.open("repeat", context, None, label, item.span, flow, numbered=True)
        inside = context.labels.scope(label)
        for index in range(count):
            self.step(item.span)
            env = Env(context.env, entering=flow, index=index)
            said = len(self.diagnostics)
            flow = self.core(core, None, context.at(env=env, frame=frame, labels=inside, loose=False), flow)
            if len(self.diagnostics) > said and index:
                self.say_pass(said, index, count, item)
        self.close(frame, flow)
        return flow

    def say_pass(self, first: int, index: int, count: int, item: tree.Item) -> None:
        """Says of the diagnostics from ``first`` on which pass of a repeat brought them about."""
        for place in range(first, len(self.diagnostics)):
            self.diagnostics[place] = in_pass(self.diagnostics[place], len(self.calls), index, count, item.span)

    def is_size(self, layer: tree.Layer) -> bool:
        """Whether ``×2`` after this layer is its own number and no repeat (``upsample ×2``)."""
        op = lookup(layer.word.text)
        bare = any(isinstance(m, tree.Positional) for m in layer.modifiers)
        return op is not None and op.syntax.times is not None and not bare

    def core(
        self,
        core: tree.Core,
        label: str | None,
        context: Context,
        flow: Tensor | None,
        times: tree.Expression | None = None,
    ) -> Tensor | None:
        """One pass of an item."""
        if isinstance(core, tree.Layer):
            return self.layer(core, label, context, flow, times)
        if isinstance(core, tree.Call):
            return self.call(core, label, context, flow)
        if isinstance(core, tree.Group):
            return self.group("group", core.rows, core.span, label, context, flow)
        if isinstance(core, tree.Join):
            return self.join(core, label, context, flow)
        if isinstance(core, tree.If):
            return self.conditional(core, label, context, flow)
        if isinstance(core, tree.Table):
            return self.table(core, label, context, flow)
        if isinstance(core, tree.Reference):
            return self.reference(core, context)
        if isinstance(core, tree.Reuse):
            return self.reuse(core, label, context, flow)
        return POISON

    def same_place(self, layer: Span, other: Span) -> bool:
        """Whether a layer is written in the same block as something else, or like it in the rows of the file."""
        blocks = [span for block in self.program.blocks.values() for span in (block.syntax.span,)]
        around = [[span for span in blocks if within(inner, span)] for inner in (layer, other)]
        return layer.file == other.file and around[0] == around[1]

    def since_shape(self, wanted: Span, layer: Span) -> bool:
        """Whether something stands before an asserted shape, and no other such shape between them."""
        text = self.text_of(Span(wanted.file, layer.start, wanted.start)) if layer.file == wanted.file else "->->"
        return layer.start < wanted.start and text.count("->") <= 1

    def held(self, wanted: tree.Sizes, result: Tensor, context: Context, flow: Tensor | None) -> Tensor:
        """A tensor, once it is held against its assertion; where that does not hold, what is taken for it then."""
        try:
            self.assert_shape(wanted, result, context)
        except Stop as problem:
            if self.believed is None or problem.diagnostic is None or result.shape is None:
                raise
            self.forgive(problem, context, flow)
            if not self.believed:
                return result
            sizes = tuple(whole(part, context.env, "a size", least=1) for part in wanted.parts)
            shape = sizes if len(sizes) == len(result.shape) else (result.shape[0], *sizes)
            if len(shape) != len(result.shape):
                return POISON
            # As if the net began there.
            op = lookup("input")
            assert op is not None
            with suppress(OpError):
                return self.emit(op.model_construct(shape=shape), (), context, wanted.span, None)
            return POISON
        return result

    def assert_shape(self, wanted: tree.Sizes, result: Tensor, context: Context) -> None:
        """Holds ``-> 64x112x112`` against the tensor; two numbers of three are the spatial ones."""
        sizes = tuple(whole(part, context.env, "a size", least=1) for part in wanted.parts)
        shape = result.shape
        if shape is None or not self.check_shapes:
            return
        if sizes not in (shape, shape[1:]):
            message = f"the output here is {show_shape(shape)}, not {show_shape(sizes)}"
            spatial = sizes[-len(shape[1:]) :] if len(sizes) >= len(shape[1:]) else sizes
            part = slice(1, None) if spatial != shape[1:] else slice(0, 1)
            made = origin(result.node, part, self.drafts)
            maker = origin_node(result.node, part, self.drafts)
            maker = windowed(result.node, self.drafts) if maker is None else maker
            help: str | None = None
            near = partial(self.since_shape, wanted.span)
            turned = len(sizes) == len(shape) > 2 and sizes[-1] == shape[0] != sizes[0]
            asked = (sizes[-1], *sizes[:-1]) if turned else sizes
            smaller = len(shape) > 1 and spatial > shape[-len(spatial) :]
            if smaller:
                help = strided_again(result.node, self.drafts, self.scopes, self.sources, near)
            place = self.drafts[maker].span if maker is not None else None
            if help is None and maker is not None and place is not None and self.same_place(place, wanted.span):
                # Another layer there would change what an assertion before this one holds of it.
                help = asserted(maker, asked, self.drafts, self.sources) if near(place) else None
                if help is not None and turned:
                    help = f"{help}, and channels come first: `-> {'x'.join(map(str, asked))}`"
            said = turned and help is not None
            if not said and not self.calls and context.env.count() is None:
                help = would_hold(help, wanted, len(sizes), shape)  # in a block it may be another shape each time
            help = misplaced(wanted, sizes, shape, self.sources) or help or of_each_time(len(sizes), shape)
            raise stop("ND210", message, wanted.span, help=help, notes=() if made is None else (made,))
