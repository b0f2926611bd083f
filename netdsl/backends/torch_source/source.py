"""The file as a whole: its header, the classes, the net."""

from __future__ import annotations

import re

from netdsl.analyses.cost import costs
from netdsl.backends.torch_source.classes import Definition, define
from netdsl.backends.torch_source.constructor import Writer
from netdsl.backends.torch_source.forward import Forward
from netdsl.backends.torch_source.inits import helpers, initialisation
from netdsl.backends.torch_source.lines import Line, statement, statements
from netdsl.backends.torch_source.loops import done, made
from netdsl.backends.torch_source.plan import Plan
from netdsl.backends.torch_source.steps import EVAL, TRAIN
from netdsl.backends.torch_source.text import (
    RESERVED,
    Atom,
    call,
    camel,
    plain,
    prose,
    snake,
    unique,
    unquoted,
    wrapped,
)
from netdsl.ir.graph import Graph
from netdsl.ir.print import show_value
from netdsl.ir.types import show_shape
from netdsl.rewrites.spell_attributes import spell_attributes


def torch_source(graph: Graph) -> str:
    """The net as Python source: a standalone file that imports ``torch`` and ``typing`` alone.

    Its last class is the net's own and is constructed without arguments. Modules have exactly the dotted paths of
    :attr:`Node.module <netdsl.ir.graph.Node>`, so the keys of the ``state_dict`` are those that the graph says; what is
    no key may be spelt otherwise (:func:`~netdsl.rewrites.spell_attributes.spell_attributes`). In training mode a net
    with outputs for training returns a named tuple, ``main`` first, and in evaluation its main output alone. The text
    is the same for equal graphs, is as ``ruff format --line-length 120`` leaves it, and no spec can put code into it.
    """
    header = _header(graph)
    graph = spell_attributes(graph)
    plan = Plan(graph)
    sources = [*helpers(graph), *_operator_sources(plan)]
    reserved = {name for text in sources for name in re.findall(r"^(?:class|def) (\w+)", text, re.MULTILINE)}
    net_name = unique(_net_name(graph), RESERVED | reserved)
    # A variable may be called after any label.
    labels = [node.label or "" for node in graph.nodes]
    labels += [scope.name for scope in graph.scopes] + [output.name for output in graph.outputs]
    output_name = unique(f"{net_name}Output", RESERVED | reserved | set(map(snake, labels)))
    definitions, net = define(plan, reserved | {net_name, output_name})
    net.name = net_name
    parts = [*sources, *("\n".join(_class(definition)) for definition in definitions)]
    parts += ["\n".join(part) for part in _net(graph, plan, net, output_name)]
    body = "\n\n\n".join(part.strip("\n") for part in parts)
    return f"{header}\n{_imports(body)}\n\n\n{body}\n"


def _header(graph: Graph) -> str:
    title = prose(f"{graph.name}: {graph.title}" if graph.title else graph.name).rstrip(".")
    facts = []
    if graph.variant is not None and len(graph.variants) > 1:
        facts.append(f"Variant {prose(graph.variant)}.")
    if graph.settings:
        facts.append(prose(", ".join(f"{name} = {show_value(value)}" for name, value in graph.settings)) + ".")
    shapes = [show_shape(graph.nodes[index].shape).replace("×", "x") for index in graph.inputs]
    facts.append(f"Input{'s' if len(shapes) > 1 else ''} {', '.join(shapes)}.")
    params = {view: sum(cost.params for cost in costs(graph, view)) for view in ("infer", "train")}
    more = f" ({params['train']:,} in training)" if params["train"] != params["infer"] else ""
    macs = sum(cost.macs for cost in costs(graph, "infer"))
    facts.append(f"{params['infer']:,} parameters{more}, {macs:,} multiply-adds (MACs).")
    lines = [*wrapped(f'"""{title}.', 0), "", *wrapped(" ".join(facts), 0)]
    return "\n".join([*lines, '"""', ""])


def _imports(body: str) -> str:
    """The imports of what the text names: neither in a string, nor as an attribute of something."""
    code = unquoted(body)
    lines = ["from typing import NamedTuple", ""] if "(NamedTuple):" in code else []
    if re.search(r"(?<![\w.])torch\.", code):
        lines.append("import torch")
    if re.search(r"(?<![\w.])F\.", code):
        lines.append("import torch.nn.functional as F")
    return "\n".join([*lines, "from torch import Tensor, nn"])


def _net_name(graph: Graph) -> str:
    parts = [graph.name]
    if graph.variant is not None and len(graph.variants) > 1:
        parts.append(graph.variant)
    return camel(*parts) or "Net"


def _operator_sources(plan: Plan) -> list[str]:
    """The texts of classes that operators bring along, once each, in the order of first use."""
    found: dict[str, str] = {}
    for plan_call in plan.calls:
        if plan_call is not None and plan_call.source is not None:
            text = found.setdefault(plan_call.target, plan_call.source)
            if text != plan_call.source:
                raise ValueError(f"two operators bring different classes called {plan_call.target}")
    return list(dict.fromkeys(found.values()))


def _class(definition: Definition) -> list[str]:
    lines = [f"class {definition.name}(nn.{definition.base}):"]
    arguments = [Atom(argument.declared) for argument in definition.arguments]
    lines += call("def __init__", [Atom("self"), *arguments]).lines(4, "", " -> None:")
    lines += made(Writer(definition).members(), "\n".join(lines))
    if definition.base == "Sequential":
        return lines
    forward = Forward(definition)
    parameters = [Atom("self"), *(Atom(f"{name}: Tensor") for name in forward.parameters)]
    lines += ["", *call("def forward", parameters).lines(4, "", " -> Tensor:")]
    value = forward.value if forward.value is not None else forward.names[definition.first.body.results[0]]
    code, value = done(forward.lines, value, " ".join(forward.parameters))
    lines += statements(code, 8)
    return [*lines, *statement(f"return {value}", 8)]


def _net(graph: Graph, plan: Plan, net: Definition, output_name: str) -> list[list[str]]:
    """The class of the net, and before it that of its named tuple where it has one."""
    results = plan.results()
    several = len(graph.outputs) > 1
    names: list[str] = []
    for output in graph.outputs:
        name = snake(output.name, len(output.name))
        name = name.lstrip("_") if plain(output.name) else name
        names.append(unique(name or "output", set(names)))
    # Where two outputs are one tensor the later name is as good.
    variables = ["x_" if name == "x" else name for name in names] if several else ()
    forward = Forward(net, outputs=variables, comments=True)
    parameters = [Atom("self"), *(Atom(f"{name}: Tensor") for name in forward.parameters)]
    present = {
        mode: [output.mode == "both" or (output.mode == "train") == (mode == TRAIN) for output in graph.outputs]
        for mode in (TRAIN, EVAL)
    }
    returned = {mode: "tuple" if sum(flags) != 1 or not flags[0] else "tensor" for mode, flags in present.items()}
    kinds = [name for name, word in ((output_name, "tuple"), ("Tensor", "tensor")) if word in returned.values()]
    lines = [f"class {net.name}(nn.Module):", "    def __init__(self) -> None:", *made(Writer(net).members(), "")]
    if inits := initialisation(graph, plan, net):
        lines += ["", *inits]
    lines += ["", *call("def forward", parameters).lines(4, "", f" -> {' | '.join(kinds)}:")]
    code = list(forward.lines)
    if not several:
        value = forward.value if forward.value is not None else forward.names[results[0]]
        code, value = done(code, value, " ".join(forward.parameters))
        lines += [*statements(code, 8), *statement(f"return {value}", 8)]
        return [lines]
    texts = {
        mode: _returned(forward, results, present[mode], output_name if returned[mode] == "tuple" else None)
        for mode in (TRAIN, EVAL)
    }
    if texts[TRAIN] == texts[EVAL]:
        lines += [*statements(code, 8), *statement(f"return {texts[EVAL]}", 8)]
    else:
        # What stands under conditions at the end is sorted by mode: training returns first, evaluation goes on.
        at = len(code)
        while at and code[at - 1].condition is not None:
            at -= 1
        code, ending = code[:at], code[at:]
        code += [line for line in ending if line.condition == "self.training"]
        code.append(Line("self.training", f"return {texts[TRAIN]}"))
        rest = [Line(None, line.code) for line in ending if line.condition != "self.training"]
        final = texts[EVAL]
        if rest and rest[-1].code.startswith(f"{final} = "):
            final = rest.pop().code.removeprefix(f"{final} = ")
        lines += [*statements([*code, *rest], 8), *statement(f"return {final}", 8)]
    fields = [f"class {output_name}(NamedTuple):"]
    for place, name in enumerate(names):
        always = all(present[mode][place] for mode, word in returned.items() if word == "tuple")
        fields.append(f"    {name}: Tensor{'' if always else ' | None'}")
    return [fields, lines]


def _returned(forward: Forward, results: tuple[int, ...], present: list[bool], output_name: str | None) -> str:
    values = [forward.names[value] if here else "None" for value, here in zip(results, present, strict=True)]
    return values[0] if output_name is None else f"{output_name}({', '.join(values)})"
