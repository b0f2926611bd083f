"""Layers → nodes: reading the head, styles and suffixes, and building the operator."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from netdsl.diagnostics import Advice, Diagnostic, Edit, Note, Span, did_you_mean, nearest
from netdsl.elaborate.attributes import Given, Ramp, put, read_head, read_modifiers
from netdsl.elaborate.context import Context, Draft, Styles
from netdsl.elaborate.expressions import truth, whole
from netdsl.elaborate.joins import origin
from netdsl.elaborate.maker import Abort, Maker
from netdsl.elaborate.names import Labels
from netdsl.elaborate.program import split_word
from netdsl.elaborate.values import POISON, Env, Stop, Tensor, stop
from netdsl.ir.op import Op, OpError, elements, lookup, names
from netdsl.ir.types import Shape, show_shape
from netdsl.syntax import tree

if TYPE_CHECKING:
    pass

#: Words that begin a statement, and no item.
DECLARATIONS = frozenset(
    ["net", "input", "param", "variant", "default", "style", "block", "use", "expect", "init", "output"]
)
#: What other tools call our layers.
ELSEWHERE = {
    "batchnorm": "bn", "batchnormalization": "bn", "dense": "fc", "maxpooling": "maxpool", "averagepool": "avgpool",
    "averagepooling": "avgpool", "globalavgpool": "gap", "globalaveragepooling": "gap", "globalmaxpool": "gmp",
    "deconv": "upconv", "convtranspose": "upconv", "transposedconv": "upconv", "depthwiseconv": "dwconv",
    "separableconv": "sepconv", "groupnorm": "gn", "layernorm": "ln", "instancenorm": "in_norm", "lrelu": "leaky_relu",
    "identity": "id", "skip": "id", "upsampling": "upsample", "localresponsenorm": "lrn", "convolution": "conv",
    "stochasticdepth": "droppath", "fullyconnected": "fc", "pixelshuffle": "upsample",
    "cat": "concat", "concatenate": "concat", "adaptiveavgpool": "gap", "adaptiveaveragepool": "gap",
    "adaptivemaxpool": "gmp",
}  # fmt: skip
#: What stands for a statement of Python's, or for the first of two words of a layer.
PYTHON = {
    "import": '`use "file.net" (block)` takes blocks of another file',
    "from": '`use "file.net" (block)` takes blocks of another file',
    "return": "the last row gives the net's output, and `output name { … }` a further one",
    "for": "what repeats stands before its number: `[conv3-64, relu] ×3`",
    "repeat": "what repeats stands before its number: `[conv3-64, relu] ×3`",
    "residual": "a residual is a join with the tensor itself: `add { conv3-64, relu | id }`",
    "while": "what repeats stands before its number: `[conv3-64, relu] ×3`",
    "def": "`block name(c) { … }` declares a block",
    "class": "`block name(c) { … }` declares a block",
    "max": "here it is called `maxpool`",
    "average": "here it is called `avgpool`",
    "global": "here it is called `gap`: global average pooling",
    "fully": "here it is called `fc`",
    "batch": "here it is called `bn`",
    "depthwise": "here it is called `dwconv`",
    "separable": "here it is called `sepconv`",
    "pool": "there are `maxpool`, `avgpool` and `gap`",
    "end": "what belongs together stands in braces: `block name(c) { … }`",
    "let": "`param name = 1` declares a parameter",
    "self": "a module is named by a label, `name: conv3-64`, and its tensor is `@name`",
}
#: Words that begin what is no layer, for the suggestions of a misspelt word.
STATEMENTS = (*sorted(DECLARATIONS), "allow", "if", "table", "concat", "add", "mul", "sub", "reuse")


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
                raise stop("ND203", "`_` stands for a layer inside its style alone", layer.word.span)
            return context.target(flow, context, label, layer)
        word, digits = split_word(layer.word.text)
        op = lookup(word)
        if layer.word.text in DECLARATIONS and (op is None or not op.writable):
            message = f"`{layer.word.text}` begins a declaration, which stands at the head of a line of the file"
            raise stop("ND201", message, layer.word.span)
        if op is None:
            return self.bare_call(layer, label, context, flow)
        if not op.writable:
            raise stop("ND201", f"`{op.keyword}` is not written as a layer", layer.word.span)
        if op.variadic:
            message = f"`{op.keyword}` joins branches"
            raise stop("ND225", message, layer.word.span, help=_as_join(op, layer, context.labels))
        if op.keyword == "id":
            return self.identity(op, layer, flow)
        enters = self.need(flow, layer.span)
        plain = any(isinstance(m, tree.Flag) and m.name.text == "plain" for m in layer.modifiers)
        if plain and layer.suffixes:
            message = "`plain` is no style at all, and a suffix stands here"
            raise stop("ND202", message, layer.suffixes[0].span, help="leave out one of them")
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
            raise stop("ND202", "`id` passes the tensor on as it is and takes nothing", layer.span)
        return flow

    def bare_call(self, layer: tree.Layer, label: str | None, context: Context, flow: Tensor | None) -> Tensor | None:
        """A word that is no layer: a block's name without arguments, or a mistake."""
        name = layer.word
        if name.text in context.program.blocks:
            if layer.span != name.span:
                message = f"`{name.text}` is a block: its arguments stand in parentheses"
                raise stop("ND216", message, layer.span, help=_as_call(layer))
            return self.call(tree.Call(name, (), name.span), label, context, flow)
        if context.program.broken(name.text, block=True):
            raise Stop
        stem, digits = name.text, ""
        while stem and (stem[-1].isdigit() or (stem[-1] == "x" and digits)):
            stem, digits = stem[:-1], stem[-1] + digits
        place = Span(name.span.file, name.span.start, name.span.start + len(stem)) if digits else name.span
        help = _as_net(layer) or _adaptive(layer) or elsewhere(name) or _underscored(name)
        if help is None and digits and (near := nearest(stem, [n for n in names() if takes_kernel(n)])) is not None:
            help = did_you_mean(stem, [near], place)
            assert help is not None
            text = f"did you mean `{near}{digits}`?"
            help = Advice(text, *help.edits) if isinstance(help, Advice) else text
        if help is None and context.labels.has([name.text]) and layer.span == name.span:
            tensor = f"the tensor of that label is `@{name.text}`"
            before = Span(name.span.file, max(0, name.span.start - 200), name.span.start)
            line = self.text_of(before).rpartition("\n")[2]
            if re.search(r"@[\w.]+[ \t]*,[ \t]*\Z", line) and context.labels.scoped(name.text):
                # Another tensor is there to be worked on: its modules are meant.
                text = f"`reuse {name.text}` applies the modules of that label again; {tensor}"
                help = Advice(text, Edit(name.span, f"reuse {name.text}"))
            else:
                help = Advice(tensor, Edit(name.span, f"@{name.text}"))
        help = help or did_you_mean(name.text, [*context.program.blocks, *names(), *STATEMENTS], name.span)
        if help is None and name.text in context.env.visible():
            help = f"`{name.text}` is a value; a value stands in braces or after `=`"
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
            check_target(sign)
            if head:
                raise stop("ND229", "`_` stands twice in what this style comes to", sign.span)
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
            raise stop("ND229", message, style[0].span, help="`_` is the layer itself")
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
            no_target,
            context.loose,
            context.joined,
        )
        if any(isinstance(m, tree.Flag) and m.name.text in ("train", "eval") for m in suffix.modifiers):
            item = tree.Item(None, suffix, (), None, None, None, (), suffix.span)
            return self.moded(item, None, inside, flow)
        return self.layer(suffix, None, inside, flow)

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
        given.styled = find_style(op, context.styles) is not None or bool(layer.suffixes)
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
            self.forgive(wrong)
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
            what = ", ".join(f"`{name}`" for name in missing)
            help = f"it is written `{op.example.line}`"
            if missing == [op.syntax.kernel] and not digits and isinstance(layer.channels, tree.Literal):
                stride = self.text_of(layer.stride.span).lstrip("/") if layer.stride is not None else ""
                text = f"{op.keyword}3-{layer.channels.value}{'/' if stride else ''}{stride}"
                help = f"the kernel stands at the word, a 3×3 one as `{text}`"
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
            help = f"it stands in a branch of an `add`: `{op.example.line}`"
            self.warned.setdefault(("ND311", layer.span), Diagnostic("ND311", message, layer.span, help=help))
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
            raise stop(error.code, error.message, span, help=error.help, notes=notes) from None
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
            message = f"a tensor of {show_shape(shape)} is beyond the bound of {self.limits.elements:,} elements"
            raise OpError("ND218", message, help="`--max-elements` raises the bound")
        index = len(self.drafts)
        if index >= self.limits.nodes:
            message = f"the net has over {self.limits.nodes:,} nodes"
            raise Abort(Diagnostic("ND218", message, span, help="`--max-nodes` raises the bound"))
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
            raise stop("ND228", f"`{module}` is not part of what is reused: an `if` in it went another way here", span)
        draft = self.drafts[first]
        before = tuple(self.drafts[i].shape for i in draft.inputs)
        if draft.op != op or draft.op.tensors(before) != op.tensors(shapes):
            message = f"`{module}` was made for {show_shape(before[0])}, and {show_shape(shapes[0])} enters here"
            raise stop("ND228", message, span, help="the same weights need the same size to enter")


def check_target(sign: tree.Layer) -> None:
    """Raises where ``_`` in a style has more than attributes."""
    for part in (*sign.kernel, sign.channels, sign.stride, *sign.suffixes):
        if part is not None:
            message = "`_` is the layer as it is written elsewhere: a style adds attributes to it alone"
            raise stop("ND202", message, part.span, help="write the layers after it, with commas")
    for modifier in sign.modifiers:
        if isinstance(modifier, tree.Flag) and modifier.name.text in ("plain", "train", "eval"):
            raise stop("ND202", f"`{modifier.name.text}` is said of a layer, not in its style", modifier.span)


def no_target(flow: Tensor | None, context: Context, label: str | None, sign: tree.Layer) -> Tensor:
    """What ``_`` means in a suffix: nothing."""
    raise stop("ND203", "`_` stands for a layer inside its style alone", sign.word.span)


def elsewhere(word: tree.Name) -> str | None:
    """A help for a word that other tools have for one of our layers (``BatchNorm2d``), or that Python has for more."""
    if word.text in PYTHON:
        return PYTHON[word.text]
    plain = word.text.lower().replace("_", "")
    stem = re.sub(r"(?:[123]d)?[0-9x]*$", "", plain)
    kernel = re.sub(r"^[123]d", "", plain[len(stem) :])
    ours = ELSEWHERE.get(stem) or (stem if re.search(r"[123]d$", word.text.lower()) and lookup(stem) else None)
    if ours is None:
        return None
    written = ours + kernel if takes_kernel(ours) else ours
    return Advice(f"here it is called `{written}`", Edit(word.span, written))


def _as_join(op: type[Op], layer: tree.Layer, labels: Labels) -> str:
    """A help for a join without braces; ``add @skip`` is of that tensor and the one that is there."""
    tensors = []
    for modifier in layer.modifiers:
        if isinstance(modifier, tree.Positional) and isinstance(modifier.value, tree.Reference):
            tensors.append(tree.show_path(modifier.value.path))
        elif isinstance(modifier, tree.Flag) and labels.has([modifier.name.text]):
            tensors.append(modifier.name.text)
    if len(tensors) < len(layer.modifiers) or not tensors:
        return f"write `{op.keyword} {{ a | b }}`"
    names = ["id"] * (len(tensors) == 1) + [f"@{name}" for name in tensors]
    text = f"{op.keyword} {{ {' | '.join(names)} }}"
    return Advice(f"it is written `{text}`", Edit(layer.span, text))


def _as_net(layer: tree.Layer) -> str | None:
    """A help for ``network a`` and ``model "A"``."""
    word = layer.word
    if word.text.lower() not in ("network", "model", "architecture") or not layer.modifiers:
        return None
    named = isinstance(layer.modifiers[0], tree.Flag)
    return (
        Advice("a net is named by `net`", Edit(word.span, "net")) if named else 'a net is named by `net name "title"`'
    )


def _adaptive(layer: tree.Layer) -> str | None:
    """A help for ``adaptive_avg_pool 1``: a pooling by the size of its output."""
    found = re.fullmatch(r"adaptive_?(avg|max)_?pool(?:[123]d)?", layer.word.text.lower())
    if found is None or len(layer.modifiers) != 1:
        return None
    given = layer.modifiers[0]
    parts = given.value.parts if isinstance(given, tree.Positional) and isinstance(given.value, tree.Sizes) else ()
    sizes = [part.value for part in parts if isinstance(part, tree.Literal)]
    if not sizes or len(sizes) < len(parts) or layer.suffixes:
        return None
    text = (
        {"avg": "gap", "max": "gmp"}[found[1]] if {*sizes} == {1} else f"{found[1]}pool to={'x'.join(map(str, sizes))}"
    )
    return Advice(f"it is written `{text}`", Edit(layer.span, text))


def _underscored(word: tree.Name) -> str | None:
    """A help for ``conv3_64``: channels stand after a hyphen."""
    found = re.fullmatch(r"([A-Za-z]+)_?(\d+(?:x\d+)?)_(\d+)", word.text)
    if found is None or not takes_kernel(found[1]):
        return None
    text = f"{found[1]}{found[2]}-{found[3]}"
    return Advice(f"channels stand after a hyphen: `{text}`", Edit(word.span, text))


def _as_call(layer: tree.Layer) -> str:
    """A help for a block that is written as a layer: its call, where its one argument is a number."""
    name, channels = layer.word, layer.channels
    alone = not layer.kernel and layer.stride is None and not layer.modifiers and not layer.suffixes
    if alone and isinstance(channels, tree.Literal):
        text = f"{name.text}({channels.value})"
        return Advice(f"`{text}`", Edit(layer.span, text))
    return f"`{name.text}(…)`"


def takes_kernel(word: str) -> bool:
    """Whether a layer's word may end in its kernel."""
    op = lookup(word)
    return op is not None and op.syntax.kernel is not None


def find_style(op: type[Op], styles: tuple[Styles, ...]) -> tuple[tree.Style, Env] | None:
    """The style of a kind of layer: its own from the nearest place, else that of the kind it falls back to."""
    for keyword in (op.keyword, op.style_of):
        if keyword is not None:
            for known, env in styles:
                if keyword in known:
                    return known[keyword], env
    return None


def find_target(row: tree.Row, env: Env) -> tree.Layer | None:
    """The ``_`` of a style, as its ``if``s go."""
    for layer in layers_of(row.items, env):
        if layer.word.text == "_":
            return layer
    return None


def normalises(style: tuple[tree.Style, Env] | None, suffixes: tuple[tree.Layer, ...]) -> bool:
    """Whether batch norm stands in a layer's own style or suffixes."""
    found = list(suffixes)
    if style is not None:
        found += layers_of(style[0].row.items, style[1])
    return any(op is not None and op.keyword == "bn" for op in (lookup(layer.word.text) for layer in found))


def layers_of(items: tuple[tree.Item, ...], env: Env) -> list[tree.Layer]:
    """Every layer written in some items, brackets and branches included, as their ``if``s go; suffixes too."""
    found: list[tree.Layer] = []
    for item in items:
        core = item.core
        if isinstance(core, tree.Layer):
            found += [core, *core.suffixes]
        elif isinstance(core, tree.Group):
            for row in core.rows:
                found += layers_of(row.items, env)
        elif isinstance(core, tree.Join):
            for branch in core.branches:
                for row in branch.rows:
                    found += layers_of(row.items, env)
        elif isinstance(core, tree.If):
            node: tree.If | tree.Body | None = core
            while isinstance(node, tree.If):
                node = node.then if truth(node.condition, env) else node.otherwise
            for line in node.lines if node is not None else ():
                if isinstance(line, tree.Row):
                    found += layers_of(line.items, env)
    return found
