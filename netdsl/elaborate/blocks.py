"""Calls of blocks."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from netdsl.diagnostics import Advice, Diagnostic, Edit, Note, Span
from netdsl.diagnostics.nearest import did_you_mean
from netdsl.elaborate.branches import BranchMaker
from netdsl.elaborate.context import Context, Styles
from netdsl.elaborate.expressions import evaluate, show
from netdsl.elaborate.helps.calls import of_layer, of_no_block, signature
from netdsl.elaborate.helps.circumstances import Binding, of_argument
from netdsl.elaborate.maker import Abort
from netdsl.elaborate.names import Labels
from netdsl.elaborate.program import Block
from netdsl.elaborate.values import POISON, UNKNOWN, Env, Stop, Tensor, Value, stop
from netdsl.elaborate.words import split_word
from netdsl.ir.op import lookup
from netdsl.ir.types import Scalar
from netdsl.syntax import tree

#: The longest text that a help repeats.
_LONGEST = 60
#: What a block's parameter often stands for that is one letter.
_INITIALS = frozenset(
    ["stride", "strides", "step", "channels", "kernel", "kernel_size", "groups", "dilation", "expansion", "number"]
)


class BlockMaker(BranchMaker):
    """The part of the elaborator for blocks."""

    def find_block(self, call: tree.Call, context: Context) -> Block:
        """The block that is called. Raises where there is none."""
        name = call.name
        block = context.program.blocks.get(name.text)
        if block is not None:
            block.used = True
            return block
        op = lookup(split_word(name.text)[0])
        if name.text in context.program.misnamed:
            raise Stop
        if op is not None:
            help = of_layer(call, op, context.labels, self.text_of)
            raise stop("ND201", f"`{name.text}` is a layer and takes no parentheses", name.span, help=help)
        if context.program.unseen or context.program.broken(name.text, block=True):
            raise Stop
        help = of_no_block(call, context, self.text_of)
        raise stop("ND201", f"there is no block called `{name.text}`", name.span, help=help)

    def call(self, call: tree.Call, label: str | None, context: Context, flow: Tensor | None) -> Tensor | None:
        """A block's body, with its parameters bound."""
        block = self.find_block(call, context)
        bound, scalars = self.bind(block, call, context, flow)
        if len(self.calls) >= self.limits.calls:
            message = f"blocks call one another over {self.limits.calls:,} deep here"
            help = f"`{call.name.text}` needs an `if` that ends its recursion; `--max-calls` raises the bound"
            raise Abort(Diagnostic("ND217", message, call.span, help))
        env = Env(block.program.env, bound, entering=flow, opaque=True)
        self.defaults(block, call, env, bound, scalars)
        labels = Labels()
        for name, value in bound.items():
            if isinstance(value, Tensor):
                labels.tensors[name] = value
            elif value is UNKNOWN:
                labels.tensors[name] = POISON
        styles: dict[str, tree.Style] = {}
        for style in block.styles:
            block.program.declare_style(styles, style)
        with self.scoped("block", context, call.name.text, label, call.span, flow) as (inside, done):
            scope = self.scopes[inside.frame.scope]
            scope.block = call.name.text
            scope.arguments = tuple(scalars)
            context.labels.inner[label if label is not None else scope.name] = labels
            own: tuple[Styles, ...] = ((styles, env), (block.program.styles, block.program.env))
            place = Context(block.program, env, inside.frame, labels, own, context.mode, joined=context.joined)
            self.calls.append((partial(show_call, call, scalars, block.parameters), call.span))
            self.callers.append(context.labels)
            self.bound.append(Binding(call, block.syntax, bound))
            try:
                return done(self.rows(block.rows, place, flow))
            finally:
                self.calls.pop()
                self.callers.pop()
                self.bound.pop()

    def bind(
        self, block: Block, call: tree.Call, context: Context, flow: Tensor | None
    ) -> tuple[dict[str, Value], list[tuple[str, Scalar]]]:
        """The arguments of a call by the names of the block's parameters: all, and those that are no tensors."""
        parameters, order = block.parameters, list(block.parameters)
        if order:
            self.step(call.span, len(order))
        bound: dict[str, Value] = {}
        taken: list[str] = []
        if call.name.text in block.program.doubled and len(call.arguments) > len(order):
            raise Stop  # another block of that name may take them
        for place, argument in enumerate(call.arguments):
            if argument.name is not None:
                name = argument.name.text
                if name not in parameters and call.name.text in block.program.doubled:
                    raise Stop
                if name not in parameters:
                    help = did_you_mean(name, order, argument.name.span) or f"it is {signature(block)}"
                    initial = [own for own in order if name in _INITIALS and own == name[0]]
                    if initial and not isinstance(help, Advice) and initial[0] not in bound:
                        text = f"did you mean `{initial[0]}`? it is {signature(block)}"
                        help = Advice(text, Edit(argument.name.span, initial[0]))
                    message = f"`{call.name.text}` has no parameter `{name}`"
                    raise stop("ND216", message, argument.name.span, help=help)
            elif any(earlier.name is not None for earlier in call.arguments[:place]):
                help = "arguments without names come first"
                if place < len(order) and order[place] not in (
                    other.name and other.name.text for other in call.arguments
                ):
                    start = argument.span._replace(end=argument.span.start)
                    text = f"{order[place]}={self.text_of(argument.span)}"
                    help = Advice(f"{help}; this one is `{text}`", Edit(start, f"{order[place]}="))
                message = "an argument without a name stands after one with a name"
                raise stop("ND216", message, argument.span, help=help)
            elif place >= len(order):
                takes = f"takes {len(order)} argument{'s' * (len(order) != 1)}" if order else "takes no arguments"
                here = len(call.arguments)
                message = f"`{call.name.text}` {takes}, and {here} stand{'s' * (here == 1)} here"
                raise stop("ND216", message, argument.span, help=f"it is {signature(block)}")
            else:
                name = order[place]
            if name in bound:
                first = call.arguments[next(n for n, given in enumerate(taken) if given == name)]
                notes = (Note(first.span, "first here"),)
                help = "one value holds: take the other out"
                before = Span(call.span.file, call.arguments[place - 1].span.end, argument.span.start)
                same = self.text_of(first.value.span) == self.text_of(argument.value.span)
                if same and self.text_of(before).strip() == ",":
                    text = self.text_of(argument.span)[:_LONGEST]
                    edit = Edit(before.to(argument.span), "")
                    help = Advice(f"it has that value already: take `{text}` out", edit)
                raise stop("ND216", f"`{name}` is given twice", argument.span, notes=notes, help=help)
            taken.append(name)
            value = argument.value
            try:
                if isinstance(value, tree.Reference):
                    bound[name] = self.reference(value, context)
                else:
                    bound[name] = evaluate(value, context.env)
            except Stop as problem:
                if problem.diagnostic is not None and not isinstance(value, tree.Reference):
                    problem.diagnostic = of_argument(problem.diagnostic, value, context)
                self.forgive(problem, context, flow)
                bound[name] = UNKNOWN
        missing = [n for n, p in parameters.items() if n not in bound and p.default is None]
        if missing and call.name.text in block.program.doubled:
            raise Stop
        if missing:
            raise self.incomplete(block, call, missing)
        scalars = [(n, bound[n]) for n in order if n in bound and isinstance(bound[n], (bool, int, float, str))]
        return bound, scalars  # type: ignore[return-value]

    def incomplete(self, block: Block, call: tree.Call, missing: list[str]) -> Stop:
        """What is said of a call that leaves parameters out; once, where an earlier one has a default."""
        what = " and ".join(f"`{name}`" for name in missing)
        message, help = f"`{call.name.text}` needs {what}", f"it is {signature(block)}"
        parameters = block.syntax.parameters
        first = next((p for p in parameters if p.default is not None), None)
        late = next((p for p in parameters if p.name.text == missing[0]), None)
        if first is None or late is None or first.name.span.start > late.name.span.start or not call.arguments:
            return stop("ND216", message, call.span, help=help)
        key = (block.syntax.span, missing[0])
        if key in self.blamed:
            return Stop()
        self.blamed.add(key)
        note = Note(late.name.span, f"`{missing[0]}` comes after `{first.name.text}`, which has a default")
        help = f"{help}: `{missing[0]}` is given first where it is declared first, or by its name, `{missing[0]}=…`"
        return stop("ND216", message, call.span, help=help, notes=(note,))

    def defaults(
        self, block: Block, call: tree.Call, env: Env, bound: dict[str, Value], scalars: list[tuple[str, Scalar]]
    ) -> None:
        """Computes the defaults of what a call left out: they see ``in`` and the parameters before them."""
        given = dict(scalars)
        for name, parameter in block.parameters.items():
            if name in bound or parameter.default is None:
                continue
            try:
                bound[name] = given[name] = evaluate(parameter.default, env)
            except Stop as problem:
                self.calls.append((partial(show_call, call, list(given.items()), block.parameters), call.span))
                self.bound.append(Binding(call, block.syntax, bound))
                self.forgive(problem)
                self.calls.pop()
                self.bound.pop()
                bound[name] = UNKNOWN
        scalars[:] = [(name, given[name]) for name in block.parameters if name in given]


def show_call(call: tree.Call, scalars: list[tuple[str, Scalar]], order: Iterable[str]) -> str:
    """A call with the values of its arguments: ``bottleneck(128, s=2)``, ``fuse(@a, @b)``; defaults come last."""
    values = dict(scalars)
    parts = []
    for name, argument in zip(order, call.arguments, strict=False):
        if argument.name is not None:
            name = argument.name.text
        key = f"{name}=" if argument.name is not None else ""
        if isinstance(argument.value, tree.Reference):
            parts.append(f"{key}@{tree.show_path(argument.value.path)}")
        elif name in values:
            parts.append(f"{key}{show(values.pop(name))}")
    parts += [f"{name}={show(value)}" for name, value in values.items()]
    return f"{call.name.text}({', '.join(parts)})"
