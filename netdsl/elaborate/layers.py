"""Layers → nodes: reading the head, styles and suffixes, and building the operator."""

from __future__ import annotations

from typing import Any

from netdsl.diagnostics import Advice, Diagnostic, Edit, Note, Span
from netdsl.elaborate.attributes import read_head, read_modifiers
from netdsl.elaborate.context import Context, Draft
from netdsl.elaborate.expressions import whole
from netdsl.elaborate.given import Given, Ramp, put
from netdsl.elaborate.helps.fitting import refused, strided_again
from netdsl.elaborate.helps.joins import origin
from netdsl.elaborate.helps.layers import beside_a_suffix, beside_identity, misplaced, of_missing, unwritten, without
from netdsl.elaborate.helps.meant import DECLARATIONS, as_call, as_join, unheard, unknown_word
from netdsl.elaborate.maker import Abort, Maker
from netdsl.elaborate.styles import check_target, find_style, find_target, normalises
from netdsl.elaborate.values import POISON, Env, Stop, Tensor, stop
from netdsl.elaborate.words import split_word
from netdsl.ir.op import Op, OpError, elements, lookup
from netdsl.ir.types import Shape, plural, show_shape
from netdsl.syntax import tree


class LayerMaker(Maker):
    """The part of the elaborator that makes nodes of layers."""

    # -- a layer with what its style says

    def layer(
        self,
        layer: tree.Layer,
        label: str | None,
        context: Context,
        flow: Tensor | None,
        times: tree.Expression | None = None,
    ) -> Tensor | None:
        """A layer, with its style or suffixes around it. A word that is a block's name calls it."""
        if layer.word.text == "_":
            if context.target is None:
                help = "`id` passes the tensor on as it is"
                if layer.span == layer.word.span:
                    help = Advice(help, Edit(layer.span, "id"))
                raise stop("ND203", "`_` stands for a layer inside its style alone", layer.word.span, help=help)
            return context.target(flow, context, label, layer)
        word, digits = split_word(layer.word.text)
        op = lookup(word)
        if layer.word.text in DECLARATIONS and (op is None or not op.writable):
            raise misplaced(layer, flow, self.text_of)
        if op is None:
            return self.bare_call(layer, label, context, flow)
        if not op.writable:
            raise unwritten(op, layer, digits, self.text_of)
        if op.variadic:
            message = f"`{op.keyword}` has no branches in braces behind it"
            raise stop("ND225", message, layer.word.span, help=as_join(op, layer, context.labels))
        if op.keyword == "id":
            return self.identity(op, layer, flow)
        enters = self.need(flow, layer.span)
        plain = any(isinstance(m, tree.Flag) and m.name.text == "plain" for m in layer.modifiers)
        if plain and layer.suffixes:
            message = f"`plain` and `+{layer.suffixes[0].word.text}` do not go together"
            raise stop("ND202", message, layer.suffixes[0].span, help=beside_a_suffix(op, layer, context, self.text_of))
        found = None if plain else find_style(op, context.styles)
        body = None if found is None or context.target is not None or layer.suffixes else found
        target = None if found is None else find_target(found[0].row, found[1])
        normed = normalises(body, layer.suffixes)

        def place(flow: Tensor | None, place: Context, label: str | None) -> Tensor:
            defaults = None if target is None or found is None else (target, found[1])
            assert op is not None
            return self.build(
                op, layer, digits, label, place, context, self.need(flow, layer.span), defaults, normed, times
            )

        first = len(self.drafts)
        if body is None:
            result: Tensor | None = place(enters, context, label)
            head = None if context.target is not None else self.head_of(first)
            for suffix in layer.suffixes:
                result = self.suffix(suffix, context, result)
        else:
            result, head = self.styled(op, layer, label, context, enters, body, place)
        if context.target is None:
            for draft in self.drafts[first:]:
                if draft.head < 0:
                    draft.head = head if head is not None else first
        return result

    def head_of(self, first: int) -> int | None:
        """The first node since ``first`` (a layer that is built of several has its first)."""
        if len(self.drafts) == first:
            return None
        for index in range(first, len(self.drafts)):
            self.drafts[index].head = first
        return first

    def identity(self, op: type[Op], layer: tree.Layer, flow: Tensor | None) -> Tensor | None:
        """The layer ``id``: no node at all."""
        if layer.head != layer.word.span or layer.suffixes or layer.modifiers:
            message = "`id` passes the tensor on as it is and takes nothing"
            raise stop("ND202", message, layer.span, help=beside_identity(layer, flow, self.text_of))
        return flow

    def bare_call(self, layer: tree.Layer, label: str | None, context: Context, flow: Tensor | None) -> Tensor | None:
        """A word that is no layer: a block's name without arguments, or a mistake."""
        name = layer.word
        if name.text in context.program.blocks:
            if layer.span != name.span:
                block = context.program.blocks[name.text].syntax
                parameters = [parameter.name.text for parameter in block.parameters]
                message = f"`{name.text}` is a block: its arguments stand in parentheses"
                raise stop("ND216", message, layer.span, help=as_call(layer, parameters, self.text_of))
            return self.call(tree.Call(name, (), name.span), label, context, flow)
        if context.program.broken(name.text, block=True):
            raise Stop
        help = unknown_word(layer, label, context, self.text_of)
        if help is None and context.program.unseen and layer.span == name.span:
            raise Stop  # a block of a file that could not be read, and that has been said
        help = help or unheard(layer, flow.shape if flow is not None else None, self.text_of)
        raise stop("ND201", f"there is no layer or block called `{name.text}`", name.span, help=help)

    def styled(
        self,
        op: type[Op],
        layer: tree.Layer,
        label: str | None,
        context: Context,
        enters: Tensor,
        style: tuple[tree.Style, Env],
        place: Any,
    ) -> tuple[Tensor | None, int | None]:
        """The items of a style, with the layer at `_`. In brackets they make one scope of it."""
        head: list[int] = []

        def target(flow: Tensor | None, inside: Context, inner: str | None, sign: tree.Layer) -> Tensor:
            check_target(sign, self.text_of(layer.span))
            if head:
                text = self.text_of(layer.span)
                text = text if len(text) <= 40 and text.isprintable() else op.keyword
                help = f"take this one out; twice is said where the layer is written: `{text} ×2`"
                raise stop("ND229", "`_`, the layer itself, stands twice in this style", sign.span, help=help)
            first = len(self.drafts)
            result: Tensor = place(flow, inside, inner if bracketed else label)
            index = self.head_of(first)
            head.append(first if index is None else index)
            return result

        row, env = style[0].row, style[1]
        bracketed = len(row.items) == 1 and isinstance(row.items[0].core, tree.Group) and row.items[0].repeat is None
        if style[0].span in self.styling:
            message = f"the style of `{op.keyword}` contains a `{op.keyword}` that has this style itself"
            raise stop("ND229", message, style[0].span, help="`plain` gives a layer no style")
        for item in row.items if not bracketed else ():
            if item.label is not None:
                message = "a label in a style would stand at each of its layers"
                raise stop("ND214", message, item.label.span, help="in brackets it has a scope: `[conv: _, bn: bn]`")
        self.styling.append(style[0].span)
        try:
            result = self.style_items(op, layer, label, context, enters, row, env, target, bracketed)
        finally:
            self.styling.pop()
        if not head and result is not None and result.shape is not None:
            message = f"the style of `{op.keyword}` does not say where the layer stands"
            help = "`_` is the layer itself"
            if op.weight_layer:
                help = Advice(
                    f"{help}, and stands before what follows it", Edit(row.span._replace(end=row.span.start), "_, ")
                )
            raise stop("ND229", message, style[0].span, help=help)
        return result, head[0] if head else None

    def style_items(
        self,
        op: type[Op],
        layer: tree.Layer,
        label: str | None,
        context: Context,
        enters: Tensor,
        row: tree.Row,
        env: Env,
        target: Any,
        bracketed: bool,
    ) -> Tensor | None:
        """The items of a style, in a scope of their own where it is in brackets."""
        inside = Context(
            context.program,
            env,
            context.frame,
            context.labels,
            context.styles,
            context.mode,
            target,
            context.loose,
            context.joined,
        )
        result: Tensor | None
        if bracketed:
            core = row.items[0].core
            assert isinstance(core, tree.Group)
            with self.scoped("layer", context, op.keyword, label, layer.span, enters, numbered=True) as (scope, done):
                within = Context(
                    context.program,
                    env,
                    scope.frame,
                    scope.labels,
                    context.styles,
                    context.mode,
                    target,
                    False,
                    context.joined,
                )
                result = done(self.rows(core.rows, within, enters))
        else:
            result = self.rows((row,), inside, enters)
        return result

    def suffix(self, suffix: tree.Layer, context: Context, flow: Tensor | None) -> Tensor | None:
        """One layer after `+`: no style of its own, but its defaults."""
        inside = Context(
            context.program,
            context.env,
            context.frame,
            context.labels,
            context.styles,
            context.mode,
            self.no_target,
            context.loose,
            context.joined,
        )
        if any(isinstance(m, tree.Flag) and m.name.text in ("train", "eval") for m in suffix.modifiers):
            item = tree.Item(None, suffix, (), None, None, None, (), suffix.span)
            return self.moded(item, None, inside, flow)
        return self.layer(suffix, None, inside, flow)

    def no_target(self, flow: Tensor | None, context: Context, label: str | None, sign: tree.Layer) -> Tensor:
        """What ``_`` means in a suffix: nothing."""
        place = Span(sign.span.file, sign.span.start - 2, sign.span.end)
        help = "the layer is there already: take it out"
        if sign.span == sign.word.span and self.text_of(place) == " +_":
            help = Advice(help, Edit(place, ""))
        raise stop("ND203", "`_` stands for a layer inside its style alone", sign.word.span, help=help)

    # -- building the operator

    def build(
        self,
        op: type[Op],
        layer: tree.Layer,
        digits: str,
        label: str | None,
        place: Context,
        context: Context,
        enters: Tensor,
        defaults: tuple[tree.Layer, Env] | None,
        normed: bool,
        times: tree.Expression | None,
    ) -> Tensor:
        """The node of one layer: ``place`` is where it stands, ``context`` where its text does."""
        rank = None if enters.shape is None else len(enters.shape) - 1
        given = Given()
        given.layer, given.labels, given.text_of = layer, context.labels, self.text_of
        styled = find_style(op, context.styles)
        given.style, given.suffixed = None if styled is None else styled[0], bool(layer.suffixes)
        given.styled = styled is not None or given.suffixed
        if defaults is not None:
            sign, env = defaults
            read_modifiers(given, op, sign.modifiers, env, rank, "style")
            given.bare = 0
        try:
            read_head(given, op, layer, digits, context.env, rank)
        except Stop as problem:
            given.problems.append(problem)
        read_modifiers(given, op, layer.modifiers, context.env, rank, "written")
        if given.reference is not None and given.problems:
            try:
                self.reference(given.reference, context)
            except Stop as problem:
                given.problems.append(problem)
        for wrong in given.problems:
            self.forgive(wrong, context, enters)
        if given.problems:
            raise Stop
        if times is not None:
            assert op.syntax.times is not None
            count = whole(times, context.env, f"`{op.syntax.times}`", least=1)
            put(given, op.syntax.times, count, times.span, "written")
        inputs = [enters]
        if given.reference is not None:
            inputs.append(self.reference(given.reference, context))
        missing = [name for name in op.syntax.required if name not in given.values]
        if missing:
            style = self.styling[-1] if self.styling else None
            help = of_missing(op, layer, given, missing, digits, enters.shape, style, self.text_of)
            what = " and ".join(f"`{name}`" for name in missing)
            raise stop("ND225", f"`{op.keyword}` needs {what}", layer.head, help=help)
        if op.bias_unless_norm and "bias" not in given.values and normed:
            put(given, "bias", False, layer.head, "bn")
        if any(tensor.shape is None for tensor in inputs):
            return POISON
        shapes: tuple[Shape, ...] = tuple(tensor.shape for tensor in inputs if tensor.shape is not None)
        ramps = {name: value for name, value in given.values.items() if isinstance(value, Ramp)}
        if op.beside_a_path and place.joined is not True:
            if place.joined is False:
                # Its place in a ramp counts, as in the nets that have such layers.
                self.ramps += [(None, op.keyword, name, ramp) for name, ramp in ramps.items()]
                return enters
            message = f"`{op.keyword}` drops all of a tensor, and no path goes round it here"
            line = op.example.line
            if enters.shape is not None and 2 <= len(enters.shape) <= 4:
                line = line.replace("conv3-8", f"conv3-{enters.shape[0]}")
            help = f"it stands in a branch of an `add`: `{line}`"
            self.warned.setdefault(("ND311", layer.span), Diagnostic("ND311", message, layer.span, help))
        values = {name: value.first if isinstance(value, Ramp) else value for name, value in given.values.items()}
        key = (op, shapes, *values.items())
        made = self.made.get(key)
        try:
            if made is None:
                operator = op.model_construct(**op.resolve(values, shapes))
                members = operator.members(shapes)
                made = self.made[key] = (operator, () if members else operator.infer(shapes), members)
            if made[2]:
                return self.several(op, made[2], label, place, tuple(inputs), layer.span)
            result = self.emit(made[0], tuple(inputs), place, layer.span, label, given.origins, made[1])
        except OpError as error:
            span = given.spans.get(error.field, layer.head) if error.field is not None else layer.head
            notes = self.whence(error.code, inputs[0], layer.span)
            fits = refused(error, op, values, inputs[0].node, shapes[0], self.drafts) or error.help
            if error.code == "ND205":
                fits = strided_again(inputs[0].node, self.drafts, self.scopes, self.sources) or fits
            written = self.text_of(span)
            if error.code == "ND206" and self.calls and written.isidentifier() and written in context.env.visible():
                fits = fits.replace(f"`{error.field}=", f"`{written}=")
            if error.needless and given.origins.get(error.field or "") == "written":
                fits = without(layer, span, fits, self.text_of)
            raise stop(error.code, error.message, span, help=fits, notes=notes) from None
        self.ramps += [(result.node, op.keyword, name, ramp) for name, ramp in ramps.items()]
        return result

    def whence(self, code: str, enters: Tensor, here: Span) -> tuple[Note, ...]:
        """The layer that gave a tensor what an operator cannot take of it: its size, its channels, its want of axes."""
        parts = {"ND205": slice(1, None), "ND206": slice(0, 1), "ND221": slice(1, None)}
        if code not in parts or enters.node < 0:
            return ()
        note = origin(enters.node, parts[code], self.drafts)
        return () if note is None or note.span == here or not self.drafts[enters.node].inputs else (note,)

    def several(
        self,
        op: type[Op],
        members: tuple[tuple[str, Op], ...],
        label: str | None,
        place: Context,
        inputs: tuple[Tensor, ...],
        span: Span,
    ) -> Tensor:
        """A layer that is a scope of several modules (``sepconv``)."""
        flow = inputs[0]
        with self.scoped("layer", place, op.keyword, label, span, flow) as (inside, done):
            for name, member in members:
                flow = self.emit(member, (flow,), inside, span, name)
            done(flow)
        return flow

    def emit_op(self, keyword: str, inputs: tuple[Tensor, ...], context: Context, span: Span) -> Tensor:
        """A node of an operator without attributes."""
        if any(tensor.shape is None for tensor in inputs):
            return POISON
        op = lookup(keyword)
        assert op is not None
        try:
            made = self.made.get((op,))
            if made is None:
                made = self.made[(op,)] = (op.model_construct(), (), ())
            return self.emit(made[0], inputs, context, span, None)
        except OpError as error:
            raise stop(error.code, error.message, span, help=error.help) from None

    def emit(
        self,
        op: Op,
        inputs: tuple[Tensor, ...],
        context: Context,
        span: Span,
        label: str | None,
        origins: dict[str, str] | None = None,
        shape: Shape | None = None,
    ) -> Tensor:
        """Adds a node, its ``shape`` inferred where it is not known.

        Raises :class:`OpError` where the operator cannot take these inputs.
        """
        shapes: tuple[Shape, ...] = tuple(tensor.shape for tensor in inputs if tensor.shape is not None)
        if shape is None:
            shape = op.infer(shapes)
        if elements(shape) > self.limits.elements:
            count = f"{size:,}" if (size := elements(shape)) < 10**18 else "over 10¹⁸"
            message = f"a tensor of {show_shape(shape)} has {count} elements, and the bound is {self.limits.elements:,}"
            raise OpError("ND218", message, help="`--max-elements` raises the bound")
        index = len(self.drafts)
        if index >= self.limits.nodes:
            message = f"the net has over {self.limits.nodes:,} {plural(self.limits.nodes, 'node')}"
            raise Abort(Diagnostic("ND218", message, span, "`--max-nodes` raises the bound"))
        frame = context.frame
        if op.lowers_to == "expression":
            module, name = None, frame.functional(op.keyword)
            if frame.replay:
                name = f"{name}#{index}"
        else:
            name = module = frame.join(frame.member(op.keyword, label, span))
            first = self.modules.setdefault(module, index)
            if frame.replay:
                self.check_again(first, index, op, shapes, module, span)
                name = f"{module}#{index}"
        self.spell(name, span)
        draft = Draft(
            name, op, tuple(t.node for t in inputs), shape, module, frame.scope, context.mode, -1, span, origins
        )
        if context.target is None:
            draft.head = index
        self.drafts.append(draft)
        return Tensor(index, shape)

    def check_again(self, first: int, index: int, op: Op, shapes: tuple[Shape, ...], module: str, span: Span) -> None:
        """A module that is applied again must be the same module."""
        if first == index:
            self.modules.pop(module)
            message = f"`{module}` is not part of what is reused: an `if` in it went another way here"
            help = "written again without `reuse`, it has modules of its own"
            raise stop("ND228", message, span, help=help)
        draft = self.drafts[first]
        before = tuple(self.drafts[i].shape for i in draft.inputs)
        if draft.op != op or draft.op.tensors(before) != op.tensors(shapes):
            message = f"`{module}` was made for {show_shape(before[0])}, and {show_shape(shapes[0])} enters here"
            help = "written again without `reuse`, it has modules of its own"
            fits = len(before[0]) == len(shapes[0]) > 1 and draft.op.category == "conv"
            if fits and draft.op.tensors(((before[0][0], *shapes[0][1:]),)) == draft.op.tensors(before):
                help = f"`conv1-{before[0][0]}` before it makes the channels equal; {help}"
            raise stop("ND228", message, span, help=help)
