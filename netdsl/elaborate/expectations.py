"""``expect``: a spec's own test, held against the numbers of its graph."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable

from netdsl.analyses.stats import Stats, stats
from netdsl.diagnostics import Advice, Diagnostic, Edit, Expected
from netdsl.diagnostics.nearest import did_you_mean
from netdsl.elaborate.expressions import evaluate, kind_of, whole
from netdsl.elaborate.helps.bounds import of_number
from netdsl.elaborate.program import Program
from netdsl.elaborate.values import Stop, stop
from netdsl.ir.graph import Graph
from netdsl.ir.types import View
from netdsl.syntax import tree

#: What may be expected; one number, or one an axis.
QUANTITIES = (
    "params", "params_no_bias", "macs", "flops", "activations", "activations_conv_fc", "depth", "downsampling",
    "receptive_field",
)  # fmt: skip
#: GB is 10⁹, GiB 2³⁰; the bare letters are for counts.
UNITS = {
    prefix + suffix: base**power
    for power, prefix in enumerate(("", "K", "M", "G", "T"))
    for suffix, base in (("", 1000), ("B", 1000), ("iB", 1024))
    if (prefix or suffix == "B")
}
#: What others call these quantities and units.
_ELSEWHERE = {
    "parameters": "params", "parameter": "params", "weights": "params", "nparams": "params", "num_params": "params",
    "mac": "macs", "madds": "macs", "mult_adds": "macs", "multiply_adds": "macs", "maccs": "macs", "flop": "flops",
    "layers": "depth", "rf": "receptive_field", "receptive_fields": "receptive_field", "stride": "downsampling",
    "reduction": "downsampling",
}  # fmt: skip
_UNITS_ELSEWHERE = {"thousand": "K", "million": "M", "mio": "M", "billion": "G", "bn": "G", "trillion": "T", "k": "K"}
_UNIT_OF = re.compile(r"([kmgt])(?:-|_)?(?:flops?|macs?|madds?|params?|ops?)", re.IGNORECASE)
_RELATIONS: dict[str, Callable[[float, float], bool]] = {
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def check_expectations(
    program: Program, graph: Graph | None, variant: str | None, report: Callable[[Diagnostic], None]
) -> None:
    """Reports each expectation that does not hold for this variant. Without a graph only their text is read."""
    computed: dict[tuple[View, int], Stats] = {}
    default = program.default_variant()
    for expect in program.expects:
        if expect.variant is not None and not program.is_variant(expect.variant.text):
            name = expect.variant
            message = f"there is no variant called `{name.text}`"
            help = program.near_variant(name)
            report(Diagnostic("ND003", message, name.span, help))
            continue
        bound = default if expect.variant is None else expect.variant.text
        for condition in expect.conditions:
            try:
                _check(condition, program, graph if bound == variant else None, computed)
            except Stop as problem:
                if problem.diagnostic is not None:
                    report(problem.diagnostic)


def _check(
    condition: tree.Condition, program: Program, graph: Graph | None, computed: dict[tuple[View, int], Stats]
) -> None:
    name = condition.name.text
    help: str | None
    if name not in QUANTITIES:
        listed = "there are " + ", ".join(f"`{q}`" for q in QUANTITIES)
        help = did_you_mean(name, QUANTITIES, condition.name.span) or listed
        if (ours := _ELSEWHERE.get(name.lower())) is not None:
            help = Advice(f"here it is called `{ours}`", Edit(condition.name.span, ours))
        raise stop("ND230", f"`{name}` is no quantity that can be expected", condition.name.span, help=help)
    view, batch = _arguments(condition, program)
    wanted = _wanted(condition.quantity, program)
    if graph is None:
        return
    if (view, batch) not in computed:
        computed[view, batch] = stats(graph, view=view, batch=batch)
    found = getattr(computed[view, batch].totals, name)
    values = found if isinstance(found, tuple) else (found,)
    if found is None:
        help = "a net of vectors alone has `params`, `macs`, `flops`, `activations` and `depth`"
        raise stop("ND211", f"this net has no `{name}`: there is no map in it", condition.span, help=help)
    if len(wanted) == 1:
        wanted = wanted * len(values)
    relation = _RELATIONS[condition.relation]
    holds = len(wanted) == len(values) and all(map(relation, values, wanted))
    if condition.relation == "!=" and len(wanted) == len(values):
        holds = values != wanted
    if not holds:
        shown = "×".join(f"{value:,}" for value in values)
        said = [*(["train"] if view == "train" else []), *([f"batch={batch}"] if batch > 1 else [])]
        of = f" in the {'training' if view == 'train' else 'inference'} view" if condition.arguments else ""
        of += f", for a batch of {batch}" if batch > 1 else ""
        given = f"({', '.join(said)})" if said else ""
        figures = "x".join(str(value) for value in values)
        help = f"`{name}{given} = {figures}` would hold"
        if condition.relation in ("=", "=="):
            help = Expected(help, Edit(condition.quantity.span, figures))
        if condition.relation in ("=", "==") and len(wanted) == len(values) == 1:
            by = abs(values[0] - wanted[0])
            by = int(by) if by == int(by) else by
            of += f": {by:,} {'more' if values[0] > wanted[0] else 'less'} than expected" if by == int(by) else ""
        raise stop("ND211", f"`{name}` is {shown}{of}", condition.span, help=help)


def _arguments(condition: tree.Condition, program: Program) -> tuple[View, int]:
    view: View = "infer"
    batch = 1
    for argument in condition.arguments:
        value = argument.value
        if argument.name is None and isinstance(value, tree.Variable) and value.name in ("train", "infer"):
            view = "train" if value.name == "train" else "infer"
        elif argument.name is not None and argument.name.text == "batch" and not isinstance(value, tree.Reference):
            batch = whole(value, program.env, "a batch", least=1)
        else:
            message = f"`{condition.name.text}` does not take this"
            help = "it takes `train`, `infer` and `batch=…`"
            if isinstance(value, tree.Variable) and program.is_variant(value.name):
                help = f"a variant stands first: `expect {value.name}: {condition.name.text} = …`"
            raise stop("ND230", message, argument.span, help=help)
    return view, batch


def _wanted(quantity: tree.Quantity, program: Program) -> tuple[float, ...]:
    factor = 1
    if quantity.unit is not None:
        if quantity.unit.text not in UNITS:
            help = did_you_mean(quantity.unit.text, UNITS, quantity.unit.span)
            word = quantity.unit.text.lower()
            found = _UNIT_OF.fullmatch(word)
            ours = found[1].upper() if found is not None else _UNITS_ELSEWHERE.get(word)
            if ours is not None:
                help = Advice(f"here it is written `{ours}`", Edit(quantity.unit.span, ours))
            help = help or "there are `K`, `M`, `G`, `GB`, `GiB` and the like"
            raise stop("ND230", f"there is no unit `{quantity.unit.text}`", quantity.unit.span, help=help)
        factor = UNITS[quantity.unit.text]
    values = []
    for part in quantity.sizes.parts:
        value = evaluate(part, program.env)
        if isinstance(value, (bool, str)):
            place = part.span if isinstance(part, tree.Literal) else None
            help = of_number(value, "`1000` or `12.5 M`", place)
            raise stop("ND209", f"a quantity is a number, and this is {kind_of(value)}", part.span, help=help)
        values.append(value * factor)
    return tuple(values)
