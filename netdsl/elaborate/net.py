"""The net itself: inputs, rows and outputs, in the order of the file."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from netdsl.diagnostics import Advice, Edit, Note, Span
from netdsl.diagnostics.nearest import did_you_mean
from netdsl.elaborate.context import Context, DraftScope
from netdsl.elaborate.elaborator import Elaborator
from netdsl.elaborate.expressions import evaluate, kind_of
from netdsl.elaborate.helps.attributes import MODES
from netdsl.elaborate.names import Frame, Labels, check_label
from netdsl.elaborate.program import Block, Program
from netdsl.elaborate.values import POISON, UNKNOWN, Env, Stop, Tensor, stop
from netdsl.ir.graph import Output
from netdsl.ir.op import OpError, lookup
from netdsl.ir.types import Mode, Shape
from netdsl.syntax import tree


def walk(
    program: Program, drafts: Elaborator, shapes: list[tuple[Shape, Shape, tree.Input]]
) -> tuple[list[Output], list[int]]:
    """Elaborates inputs, rows and outputs in file order."""
    place = program.net or next(iter(program.inputs), None)
    root = DraftScope(None, "", "", "net", place.span if place is not None else Span(0, 0, 0))
    drafts.scopes.append(root)
    labels = Labels()
    context = Context(program, program.env, Frame(0, ""), labels, ((program.styles, program.env),))
    op = lookup("input")
    assert op is not None
    inputs: list[int] = []
    for shape, _, declared in shapes:
        name = declared.name.text if declared.name is not None else None
        try:
            node = drafts.emit(op.model_construct(shape=shape), (), context, declared.span, None)
        except OpError as error:
            raise stop(error.code, error.message, declared.sizes.span, help=error.help) from None
        inputs.append(node.node)
        drafts.drafts[node.node].name = name or "input"
        if name is not None:
            drafts.drafts[node.node].label = name
            labels.tensors[name] = node
    if not inputs:
        labels.tensors.update({declared.name.text: POISON for declared in program.inputs if declared.name})
    first = Tensor(inputs[0], shapes[0][0]) if inputs else POISON
    flow: Tensor | None = first if len(inputs) < 2 else None
    root.enters = first.node if inputs else None
    outputs: list[Output] = []
    rows = [line for line in program.rows if isinstance(line, tree.Row)]
    seen: dict[str, Span] = {}
    end: Span | None = None
    for line in program.rows:
        if isinstance(line, tree.Row):
            flow = drafts.rows((line,), context, flow)
            end = line.items[-1].span
            continue
        name = line.name.text
        if name in seen:
            program.twice(f"the output `{name}`", line.name.span, seen[name])
            name = f"{name}_{len(seen) + 1}"  # its layers are looked at all the same
        seen[name] = line.name.span
        try:
            made = _output(line, name, program, drafts, context, flow)
        except Stop as problem:
            drafts.forgive(problem)
            continue
        if made is not None:
            outputs.append(made)
    if rows:
        assert end is not None
        flow = drafts.need(flow, end)
        if flow.node >= 0:
            root.result = flow.node
            outputs.insert(0, Output.model_construct(name="main", node=flow.node, span=end))
    elif not program.holes:
        last = program.rows[-1] if program.rows else None
        if isinstance(last, tree.Output):
            message = "the net has outputs alone, and no rows whose end is its main output"
            help = f"the layers of the main one stand in rows, with no `output {last.name.text} {{ … }}` around them"
        else:
            begin = "".join(f"@{declared.name.text}, " for declared in program.inputs[:1] if declared.name)
            layers = "conv3-64, relu" if 2 <= len(first.shape or ()) <= 4 else "fc-10"
            message = "the net has no layers"
            help = f"its rows come next, the first as `{begin if len(inputs) > 1 else ''}{layers}`"
        raise stop("ND227", message, root.span, help=help)
    return outputs, inputs


def look_through(program: Program, drafts: Elaborator, blocks: Sequence[Block]) -> None:
    """Elaborates blocks that nothing calls, with arguments and tensors that say nothing: their names are looked at."""
    place = program.net.span if program.net is not None else Span(0, 0, 0)
    drafts.scopes.append(DraftScope(None, "", "", "net", place))
    for block in blocks:
        names = [parameter.name.text for parameter in block.syntax.parameters]
        env = Env(program.env, dict.fromkeys(names, UNKNOWN), entering=POISON, opaque=True)
        styles: dict[str, tree.Style] = {}
        for style in block.styles:
            program.declare_style(styles, style)
        labels = Labels()
        labels.tensors.update(dict.fromkeys(names, POISON))
        own = ((styles, env), (program.styles, program.env))
        context = Context(program, env, Frame(0, ""), labels, own, joined=True)
        rows = [line for line in block.syntax.body.lines if isinstance(line, tree.Row)]
        drafts.rows(rows, context, POISON)


def _output(
    line: tree.Output, name: str, program: Program, drafts: Elaborator, context: Context, flow: Tensor | None
) -> Output | None:
    """A further output, called ``name``."""
    try:
        if name == "main":
            names = {other.name.text for other in program.rows if isinstance(other, tree.Output)}
            free = next(name for count in itertools.count(1) if (name := f"side{count}") not in names)
            help = f"call it otherwise, as `{free}`"
            raise stop("ND223", "the end of the file's rows is called `main` already", line.name.span, help=help)
        check_label(name, False, line.name.span)
    except Stop as problem:
        drafts.forgive(problem)
        name = f"{name}_"
    mode: Mode = "both"
    weight: float | None = None
    first: dict[str, tree.Modifier] = {}
    for modifier in line.modifiers:
        word = modifier.name.text if isinstance(modifier, (tree.Flag, tree.Attribute)) else ""
        try:
            if (mode != "both" and word in ("train", "eval")) or (weight is not None and word == "weight"):
                help = _one_too_many(modifier, first["weight" if word == "weight" else "mode"], drafts)
                one = first["weight" if word == "weight" else "mode"]
                again = isinstance(one, (tree.Flag, tree.Attribute)) and one.name.text == word
                message = f"`{word}` is given twice" if again else "this output has both `train` and `eval`"
                notes = (Note(one.span, "first here"),) if again else ()
                raise stop("ND202", message, modifier.span, notes=notes, help=help)
            first["weight" if word == "weight" else "mode"] = modifier
            if isinstance(modifier, tree.Flag) and modifier.name.text in ("train", "eval"):
                mode = "train" if modifier.name.text == "train" else "eval"
            elif isinstance(modifier, tree.Attribute) and modifier.name.text == "weight":
                weight = _weight(modifier, program.env)
            else:
                raise _unknown(modifier)
        except Stop as problem:
            drafts.forgive(problem, context, flow)
    place = context.at(mode=mode)
    place.frame.label_at = line.name.span
    with drafts.scoped("output", place, None, name, line.span, flow) as (inside, done):
        below = Labels(context.labels)
        context.labels.inner[name] = below
        result = done(drafts.body(line.body, inside.at(labels=below), flow, "an output"))
    result = drafts.need(result, line.span)
    if result.node < 0:
        return None
    return Output.model_construct(name=name, node=result.node, mode=mode, weight=weight, span=line.span)


def _one_too_many(modifier: tree.Modifier, first: tree.Modifier, drafts: Elaborator) -> str:
    """A help for an output with two modes or two weights; without the blanks before them both may go, or the second."""
    both, again = (Span(at.span.file, at.span.start - 1, at.span.end) for at in (first, modifier))
    texts = drafts.text_of(both), drafts.text_of(again)
    blank = texts[0][:1] == texts[1][:1] == " "
    if texts[0] == texts[1] and blank:
        return Advice(f"`{texts[1].strip()}` once is enough", Edit(again, ""))
    if isinstance(modifier, tree.Flag):
        help = "without either word it acts in both modes"
        return Advice(f"{help}: take them out", Edit(both, ""), Edit(again, "")) if blank else help
    return f"one holds: take `{texts[1].strip()[:40]}` out, or the other"


def _unknown(modifier: tree.Modifier) -> Stop:
    """The complaint about a word that an output does not take."""
    help: str = "it takes `train`, `eval` and `weight=0.3`"
    assert isinstance(modifier, (tree.Flag, tree.Attribute))
    name = modifier.name
    if isinstance(modifier, tree.Flag):
        ours = MODES.get(name.text.lower())
        near = did_you_mean(name.text, ("train", "eval"), name.span)
        help = Advice(f"here it is called `{ours}`", Edit(name.span, ours)) if ours is not None else near or help
        return stop("ND202", f"an output has no flag `{name.text}`", modifier.span, help=help)
    help = did_you_mean(name.text, ("weight",), name.span) or help
    return stop("ND202", f"an output has no attribute `{name.text}`", name.span, help=help)


def _weight(modifier: tree.Attribute, env: Env) -> float:
    if not isinstance(modifier.value, tree.Sizes) or len(modifier.value.parts) > 1:
        help = "it is the output's share in the loss: `weight=0.3`"
        raise stop("ND209", "`weight` is one number", modifier.value.span, help=help)
    value = evaluate(modifier.value.parts[0], env)
    if isinstance(value, (bool, str)):
        help = "it is the output's share in the loss: `weight=0.3`"
        raise stop("ND209", f"`weight` is a number, and this is {kind_of(value)}", modifier.value.span, help=help)
    return float(value)
