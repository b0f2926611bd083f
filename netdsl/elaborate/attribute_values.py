"""The value of an attribute from its text: of the attribute's kind, one or one for each axis, and within its limits."""

from __future__ import annotations

import re
from typing import Any

from netdsl.diagnostics import Advice, Edit, Span
from netdsl.diagnostics.nearest import did_you_mean
from netdsl.elaborate.expressions import evaluate, kind_of, named, show, to_whole
from netdsl.elaborate.given import Ramp
from netdsl.elaborate.helps.bounds import of_number, of_range, typical
from netdsl.elaborate.values import Env, stop
from netdsl.ir.op import Attribute
from netdsl.syntax import tree


def read(attribute: Attribute, value: tree.Value, env: Env, rank: int | None) -> Any:
    """The value of an attribute from its text, of the attribute's kind and within its limits."""
    if isinstance(value, tree.Range):
        if not attribute.ramps:
            help = f"one value holds for every layer: `{attribute.name}={typical(attribute)}`"
            if isinstance(value.first, tree.Literal):
                help = f"one value holds for every layer: `{attribute.name}={_literal(value.first)}`"
            raise stop("ND209", f"`{attribute.name}` cannot ramp: it is no fraction", value.span, help=help)
        first = one(attribute, evaluate(value.first, env), value.first.span)
        last = one(attribute, evaluate(value.last, env), value.last.span)
        return Ramp(first, last, value.open)
    assert isinstance(value, tree.Sizes)
    if attribute.kind == "word":
        return _word(attribute, value, env)
    if attribute.kind == "axes":
        return numbers(attribute, [evaluate(part, env) for part in value.parts], value.span, rank)
    if len(value.parts) > 1:
        message = f"`{attribute.name}` is one {_noun(attribute)}, not one for each axis"
        said = [_literal(part) for part in value.parts]
        help = f"one stands for all axes: `{attribute.name}={said[0]}`"
        if len({*said}) == 1 and isinstance(value.parts[0], tree.Literal):
            help = Advice(help, Edit(value.span, said[0]))
        raise stop("ND209", message, value.span, help=help)
    return one(attribute, evaluate(value.parts[0], env), value.span)


def _literal(part: tree.Expression) -> str:
    """A number as it is written, an expression by a short name."""
    return show(part.value) if isinstance(part, tree.Literal) else named(part, "2")


def _noun(attribute: Attribute) -> str:
    return {"int": "whole number", "float": "number", "bool": "truth value", "text": "text"}.get(
        attribute.kind, "value"
    )


def _word(attribute: Attribute, value: tree.Sizes, env: Env) -> str:
    part = value.parts[0]
    word: object = part.name if isinstance(part, tree.Variable) else None
    braced = isinstance(part, tree.Variable) and part.span.end - part.span.start > len(part.name)
    if word is None or (braced and word not in attribute.words):
        word = evaluate(part, env)
    if word not in attribute.words or len(value.parts) > 1:
        choices = ", ".join(f"`{w}`" for w in attribute.words)
        bare = value.span if isinstance(part, tree.Variable) and not braced else None
        help = did_you_mean(str(word), attribute.words, bare) or f"there are {choices}"
        raise stop("ND209", f"`{attribute.name}` has no choice `{word}`", value.span, help=help)
    return str(word)


def numbers(attribute: Attribute, values: list[Any], span: Span, rank: int | None) -> tuple[int, ...]:
    """Whole numbers, one for each axis; one number stands for all axes."""
    what, example = f"`{attribute.name}`", f"`{attribute.name}={typical(attribute)}`"
    read = tuple(_limited(attribute, to_whole(v, span, what, least=-(10**9), example=example), span) for v in values)
    if attribute.any_length or rank is None:
        return read
    if len(read) == 1:
        return read * rank if rank else read
    if len(read) != rank:
        axes = f"{rank} spatial ax{'is' if rank == 1 else 'es'}" if rank else "no spatial axes"
        message = f"`{attribute.name}` has {len(read)} numbers, and what enters has {axes}"
        help = "a vector has channels alone; `reshape 8x4x4` makes a map of one of 128"
        if rank:
            several = "x".join(str(number) for number in (read * rank)[:rank])
            help = f"write one number, `{read[0]}`" + (f", or one for each axis, `{several}`" if rank > 1 else "")
        raise stop("ND209", message, span, help=help)
    return read


def one(attribute: Attribute, value: object, span: Span) -> Any:
    """A single value of the attribute's kind, within its limits."""
    name = attribute.name
    if attribute.kind == "int":
        example = f"`{name}={typical(attribute)}`"
        return _limited(attribute, to_whole(value, span, f"`{name}`", least=-(10**18), example=example), span)
    if attribute.kind == "float":
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            help = of_number(value, f"`{name}={typical(attribute)}`")
            raise stop("ND209", f"`{name}` is a number, and this is {kind_of(value)}", span, help=help)
        return _limited(attribute, float(value), span)
    wanted = bool if attribute.kind == "bool" else str
    if not isinstance(value, wanted):
        what = "true or false" if attribute.kind == "bool" else "a text in quotes"
        help = f"write `{name}=true` or `{name}=false`"
        if attribute.kind == "text":
            quoted = re.search(r'"[^"]*"', attribute.doc)
            help = f"a text stands in quotes, such as `{name}={quoted[0] if quoted is not None else '…'}`"
        if attribute.kind == "bool" and value in (0, 1):
            help = Advice(f"`{name}={'true' if value else 'false'}`", Edit(span, "true" if value else "false"))
        raise stop("ND209", f"`{name}` is {what}, and this is {kind_of(value)}", span, help=help)
    return value


def _limited(attribute: Attribute, value: Any, span: Span) -> Any:
    low, above, high, below = attribute.minimum, attribute.above, attribute.maximum, attribute.below
    if low is not None and value < low:
        limit = f"at least {low:g}"
    elif above is not None and value <= above:
        limit = f"more than {above:g}"
    elif high is not None and value > high:
        limit = f"at most {high:g}"
    elif below is not None and value >= below:
        limit = f"less than {below:g}"
    else:
        return value
    message = f"`{attribute.name}` must be {limit}, and this is {value:g}"
    raise stop("ND208", message, span, help=of_range(attribute, value))
