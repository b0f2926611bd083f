"""``init``: how weights start, read and checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

from netdsl.diagnostics import Advice, Diagnostic, Edit, Span
from netdsl.diagnostics.nearest import did_you_mean
from netdsl.elaborate.expressions import evaluate, kind_of
from netdsl.elaborate.helps.bounds import of_number
from netdsl.elaborate.helps.declarations import named
from netdsl.elaborate.program import Program
from netdsl.elaborate.values import Stop, stop
from netdsl.elaborate.words import split_word
from netdsl.ir.graph import Init
from netdsl.ir.op import Op, lookup, names
from netdsl.ir.types import Scalar
from netdsl.syntax import tree
from netdsl.syntax.walk import walk, walk_items

#: The schemes of ``torch.nn.init``: the names of their bare numbers in order. ``bias`` may be given to each.
SCHEMES: dict[str, tuple[str, ...]] = {
    "normal": ("std", "mean"),
    "uniform": ("a", "b"),
    "trunc_normal": ("std", "mean"),
    "xavier_normal": ("gain",),
    "xavier_uniform": ("gain",),
    "kaiming_normal": (),
    "kaiming_uniform": (),
    "orthogonal": ("gain",),
    "constant": ("value",),
    "zeros": (),
    "ones": (),
    "bilinear": (),
}
#: Words that stand for an argument and its value.
WORDS = {
    "fan_in": ("mode", "fan_in"),
    "fan_out": ("mode", "fan_out"),
    "relu": ("nonlinearity", "relu"),
    "leaky_relu": ("nonlinearity", "leaky_relu"),
    "linear": ("nonlinearity", "linear"),
}
#: What other tools call the schemes.
_ELSEWHERE = {
    "he_normal": "kaiming_normal", "he_uniform": "kaiming_uniform", "msra": "kaiming_normal",
    "glorot_normal": "xavier_normal", "glorot_uniform": "xavier_uniform", "truncated_normal": "trunc_normal",
    "truncnormal": "trunc_normal", "gaussian": "normal", "random_normal": "normal", "random_uniform": "uniform",
    "zero": "zeros", "one": "ones", "const": "constant",
}  # fmt: skip
_NEEDED = {"normal": "std", "uniform": "b", "trunc_normal": "std", "constant": "value"}


def read_inits(
    program: Program,
    variant: str | None,
    paths: frozenset[str],
    report: Callable[[Diagnostic], None],
    *,
    whole: bool,
) -> tuple[Init, ...]:
    """Every ``init`` that holds for a variant, all others read and checked as far as they can be.

    What is said for the variant takes the place of what is said for one that it is built on, and that of what is said
    for all. ``paths`` are those of modules and scopes: all of them where the net is ``whole``.
    """
    chain = program.built_on(variant)
    labels = cache(lambda: frozenset(_labels(program)))
    found: dict[tuple[str, bool], tuple[int, Init]] = {}
    seen: dict[tuple[str | None, str, bool], Span] = {}
    for rule in program.inits:
        named = rule.variant.text if rule.variant is not None else None
        try:
            if rule.variant is not None and not program.is_variant(rule.variant.text):
                help = program.near_variant(rule.variant)
                raise stop("ND003", f"there is no variant called `{named}`", rule.variant.span, help=help)
            holds = named is None or named in chain
            rank = len(chain) if named is None else chain.index(named) if holds else 0
            arguments = _arguments(rule, program)
            for target in rule.targets:
                # What another variant is told can be looked for in that one alone.
                made = _read(rule, target, arguments, program, paths, labels, whole) if holds else None
                if made is None:
                    continue
                key = (made.target, made.by_label)
                if (named, *key) in seen:
                    program.twice(f"how `{made.target}` is initialised", target.span, seen[(named, *key)])
                    continue
                seen[(named, *key)] = target.span
                if key not in found or rank < found[key][0]:
                    found[key] = (rank, made)
        except Stop as problem:
            if problem.diagnostic is not None:
                report(problem.diagnostic)
    return tuple(made for _, made in found.values())


def _read(
    rule: tree.InitRule,
    path: tree.Path,
    arguments: tuple[tuple[str, Scalar], ...],
    program: Program,
    paths: frozenset[str],
    labels: Callable[[], frozenset[str]],
    whole: bool,
) -> Init | None:
    parts = [part.text if isinstance(part, tree.Name) else str(evaluate(part, program.env)) for part in path.parts]
    target, by_label = ".".join(parts), True
    op = lookup(target) if len(parts) == 1 else None
    if op is not None:
        target, by_label = op.keyword, False
        if op.tensors is Op.tensors and op.members is Op.members:
            raise stop(
                "ND231", f"`{target}` has no weights", path.span, help="`init` is of layers such as `conv` and `fc`"
            )
    elif target not in paths and not any(path.endswith(f".{target}") for path in paths):
        if (parts[0] not in paths or not whole) and parts[0] in labels():
            return None  # a label that another variant has, or that an error kept away
        if not whole and lookup(split_word(target)[0]) is not None:
            return None  # `bn3`, which an error may have kept away
        known = sorted(filter(None, paths))
        help = did_you_mean(target, known if len(parts) > 1 else [*names(), *known], path.span)
        if target in program.blocks:
            help = "a block has no weights of its own: kinds of layers (`init conv = …`) and labels have"
        elif len(parts) > 1 and parts[0] in paths and program.variant_names():
            of_one = f"`init NAME: {target} = …` is of one variant"
            help = f"{help} {of_one}" if help else of_one
        help = help or _there_are(paths)
        raise stop("ND231", f"no layer and no label is called `{target}`", path.span, help=help)
    return Init.model_construct(
        target=target, by_label=by_label, scheme=rule.scheme.text, arguments=arguments, span=rule.span
    )


def _labels(program: Program) -> list[str]:
    roots = (*program.rows, *(block.syntax for block in program.blocks.values()))
    labels = (item.label for item in walk_items(*roots) if item.label is not None)
    outputs = [row.name.text for row in program.rows if isinstance(row, tree.Output)]
    return outputs + [part.text for label in labels for part in label.parts if isinstance(part, tree.Name)]


def _there_are(paths: Iterable[str]) -> str:
    """A help for a label that is none and resembles none."""
    labels = sorted({path.partition(".")[0] for path in paths if path})
    return "`init conv = …` is of all convolutions" + (f"; labels are {named(labels, 5)}" if labels else "")


def _listed(words: Iterable[str]) -> str:
    return "there are " + ", ".join(f"`{word}`" for word in words)


def _of_fans(fan: str) -> str:
    """The schemes that compute with a layer's fan, each with its standard deviation."""
    return (
        f"`kaiming_normal {fan} relu` is normal with `(2/{fan})**0.5`, `kaiming_normal {fan} linear` with "
        f"`(1/{fan})**0.5`, `xavier_normal` with `(2/(fan_in + fan_out))**0.5`"
    )


def _further(scheme: str) -> str:
    """A help for a number or a word that a scheme does not take."""
    slots = SCHEMES[scheme]
    if scheme in ("zeros", "ones"):
        return f"`{scheme}` takes none: `constant 0.1` sets all to a number, and `bias=0` biases"
    return (f"its numbers are {named(slots)}" if slots else f"`{scheme}` takes none") + "; `bias=0` is how biases start"


def _arguments(rule: tree.InitRule, program: Program) -> tuple[tuple[str, Scalar], ...]:
    scheme = rule.scheme.text
    if scheme not in SCHEMES:
        help = did_you_mean(scheme, SCHEMES, rule.scheme.span) or _listed(SCHEMES)
        if (ours := _ELSEWHERE.get(scheme.lower().strip("_"))) is not None:
            help = Advice(f"here it is called `{ours}`", Edit(rule.scheme.span, ours))
        elif (pair := {"he": "kaiming", "glorot": "xavier"}.get(scheme, scheme)) in ("kaiming", "xavier"):
            help = f"there are `{pair}_normal` and `{pair}_uniform`"
        raise stop("ND231", f"there is no scheme called `{scheme}`", rule.scheme.span, help=help)
    slots = SCHEMES[scheme]
    allowed = {*slots, "bias"}
    if scheme.startswith("kaiming"):
        allowed |= {"mode", "nonlinearity", "a"}
    if scheme == "trunc_normal":
        allowed |= {"a", "b"}
    found: dict[str, Scalar] = {}
    bare, last = 0, rule.scheme.span.end
    for argument in rule.arguments:
        if not isinstance(argument.value, tree.Sizes) or len(argument.value.parts) > 1:
            slot = argument.name.text if argument.name is not None else slots[0] if slots else "bias"
            help = f"one number starts all layers that are named: `{slot}=0.01`"
            raise stop("ND231", "an argument of a scheme is one number or word", argument.value.span, help=help)
        part = argument.value.parts[0]
        braced = part.span.end - part.span.start > len(part.name) if isinstance(part, tree.Variable) else True
        word = part.name if isinstance(part, tree.Variable) and not braced else None
        if argument.name is None and word in WORDS and scheme.startswith("kaiming"):
            name, value = WORDS[word]
        elif argument.name is None and word is not None:
            help = _further(scheme)
            if slots and word in program.env.visible():
                slot = next((slot for slot in slots if slot not in found), slots[0])
                text = f"{slot}={word}"
                help = Advice(f"a value by its name takes a key: `{text}`", Edit(argument.span, text))
            if word in ("and", "with") and len(rule.arguments) > 1 and argument is not rule.arguments[-1]:
                help = Advice(
                    "a blank is enough between them: take it out", Edit(argument.span._replace(start=last), "")
                )
            elif scheme.startswith("kaiming"):
                help = did_you_mean(word, WORDS, argument.span) or _listed(WORDS)
            raise stop("ND231", f"`{scheme}` does not know the word `{word}`", argument.span, help=help)
        else:
            if argument.name is not None:
                name = argument.name.text
            elif bare < len(slots):
                name, bare = slots[bare], bare + 1
            else:
                raise stop("ND231", f"`{scheme}` takes no further number", argument.span, help=_further(scheme))
            if name not in allowed:
                here = argument.name.span if argument.name is not None else argument.span
                help = did_you_mean(name, allowed, here) or "it has " + ", ".join(f"`{a}`" for a in sorted(allowed))
                raise stop("ND231", f"`{scheme}` has no `{name}`", here, help=help)
            if name in ("mode", "nonlinearity") and word in WORDS and WORDS[word][0] == name:
                value = WORDS[word][1]
            elif name in ("mode", "nonlinearity"):
                choices = [choice for choice, (slot, _) in WORDS.items() if slot == name]
                help = did_you_mean(word or "", choices, argument.value.span) or _listed(choices)
                shown = f"no choice `{word}`" if word is not None else "words alone for a value"
                raise stop("ND231", f"`{name}` has {shown}", argument.value.span, help=help)
            else:
                fans = (node for node in walk(part) if isinstance(node, tree.Variable))
                fan = next((node for node in fans if node.name in ("fan_in", "fan_out")), None)
                if fan is not None and program.env.lookup(fan.name) is None:
                    message = f"`{fan.name}` is another number in each layer, and the schemes compute with it"
                    raise stop("ND231", message, fan.span, help=_of_fans(fan.name))
                read = evaluate(part, program.env)
                if isinstance(read, (bool, str)):
                    message = f"`{name}` is a number, and this is {kind_of(read)}"
                    place = part.span if isinstance(part, tree.Literal) else None
                    raise stop("ND231", message, argument.value.span, help=of_number(read, f"`{name}=0.01`", place))
                value = float(read)  # type: ignore[assignment]
        if name in found:
            help = f"one value holds: take `{found[name]}` or `{value}` out"
            if value == found[name]:
                help = Advice("once is enough: take it out", Edit(argument.span._replace(start=last), ""))
            raise stop("ND231", f"`{name}` is given twice", argument.span, help=help)
        found[name] = value
        last = argument.span.end
    needed = _NEEDED.get(scheme)
    if needed is not None and needed not in found:
        raise stop("ND231", f"`{scheme}` needs a number", rule.span, help=f"`{scheme} 0.01`: its `{needed}`")
    return tuple(found.items())
