"""The net itself: inputs, rows and outputs, in the order of the file."""

from __future__ import annotations

from netdsl.diagnostics import Span
from netdsl.elaborate.context import Context, DraftScope
from netdsl.elaborate.elaborator import Elaborator
from netdsl.elaborate.expressions import evaluate, kind_of
from netdsl.elaborate.names import Frame, Labels, check_label
from netdsl.elaborate.program import Program
from netdsl.elaborate.values import POISON, Env, Stop, Tensor, stop
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
        if line.name.text in seen:
            program.twice(f"the output `{line.name.text}`", line.name.span, seen[line.name.text])
            continue
        seen[line.name.text] = line.name.span
        try:
            made = _output(line, program, drafts, context, flow)
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
        message = "the net has outputs alone, and no rows whose end is its main output"
        raise stop("ND227", message if program.rows else "the net has no layers", root.span)
    return outputs, inputs


def _output(
    line: tree.Output, program: Program, drafts: Elaborator, context: Context, flow: Tensor | None
) -> Output | None:
    """A further output."""
    name = line.name.text
    if name == "main":
        raise stop("ND223", "`main` is the end of the file's rows", line.name.span, help="call it otherwise")
    check_label(name, False, line.name.span)
    mode: Mode = "both"
    weight: float | None = None
    for modifier in line.modifiers:
        word = modifier.name.text if isinstance(modifier, (tree.Flag, tree.Attribute)) else ""
        if (mode != "both" and word in ("train", "eval")) or (weight is not None and word == "weight"):
            raise stop("ND202", f"`{word}` is one too many for an output", modifier.span)
        if isinstance(modifier, tree.Flag) and modifier.name.text in ("train", "eval"):
            mode = "train" if modifier.name.text == "train" else "eval"
        elif isinstance(modifier, tree.Attribute) and modifier.name.text == "weight":
            weight = _weight(modifier, program.env)
        else:
            help = "it takes `train`, `eval` and `weight=0.3`"
            raise stop("ND202", "an output does not take this", modifier.span, help=help)
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


def _weight(modifier: tree.Attribute, env: Env) -> float:
    if not isinstance(modifier.value, tree.Sizes) or len(modifier.value.parts) > 1:
        raise stop("ND209", "`weight` is one number", modifier.value.span)
    value = evaluate(modifier.value.parts[0], env)
    if isinstance(value, (bool, str)):
        raise stop("ND209", f"`weight` is a number, and this is {kind_of(value)}", modifier.value.span)
    return float(value)
