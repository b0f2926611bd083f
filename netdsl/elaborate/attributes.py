"""What a layer says of itself → the values of an operator's attributes, each checked at its own place."""

from __future__ import annotations

from typing import Any

from netdsl.diagnostics import Advice, Edit, Span, shortened
from netdsl.elaborate.attribute_values import numbers, one, read
from netdsl.elaborate.expressions import evaluate
from netdsl.elaborate.given import Given, put
from netdsl.elaborate.helps.attributes import (
    ELSEWHERE,
    OFF,
    UNIVERSAL,
    WITHOUT,
    again,
    denial,
    no_number,
    of_attribute,
    of_channels,
    of_flag,
    of_value,
    two_numbers,
    unkernelled,
)
from netdsl.elaborate.values import Env, Stop, stop
from netdsl.ir.op import Op, lookup
from netdsl.syntax import tree

#: A head is repeated up to this length.
_SHOWN = 40


def read_head(given: Given, op: type[Op], layer: tree.Layer, digits: str, env: Env, rank: int | None) -> None:
    """Kernel, channels and stride: ``conv3-64/2``."""
    word = layer.word
    given.end = layer.head.end
    if not layer.kernel and layer.channels is None and layer.stride is None and not digits:
        given.head = word.span.end
    if digits or layer.kernel:
        end = word.span.end if not layer.kernel else layer.kernel[-1].span.end
        span = Span(word.span.file, word.span.end - len(digits), end)
        if op.syntax.kernel is None:
            if layer.glued and op.syntax.positional and not digits:
                name = op.syntax.positional[0]
                message = f"`{op.keyword}` has no kernel"
                help = f"a space before the brace makes it the value of `{name}`"
                place = Span(span.file, span.start, span.start)
                raise stop("ND202", message, span, help=Advice(help, Edit(place, " ")))
            message = f"`{op.keyword}` has no kernel"
            raise stop("ND202", message, span, help=unkernelled(op, layer, digits, span))
        parts = [int(d) if len(d) < 10 else 10**9 for d in digits.replace("X", "x").split("x") if d] if digits else []
        attribute = op.attributes()[op.syntax.kernel]
        sizes: list[Any] = [*parts, *(evaluate(part, env) for part in layer.kernel)]
        put(given, op.syntax.kernel, numbers(attribute, sizes, span, rank), span, "written")
    if layer.channels is not None:
        if op.syntax.channels is None:
            message = f"`{op.keyword}` has no channel count of its own"
            raise stop("ND202", message, layer.channels.span, help=of_channels(op, layer, layer.channels))
        attribute = op.attributes()[op.syntax.channels]
        if isinstance(layer.channels, tree.Variable) and env.lookup(layer.channels.name) is None:
            no_number(op, layer, layer.channels, digits, env)
        value = evaluate(layer.channels, env)
        read = one(attribute, value, layer.channels.span)
        put(given, op.syntax.channels, read, layer.channels.span, "written")
    if layer.stride is not None:
        if op.syntax.stride is None:
            message = f"`{op.keyword}` has no stride"
            head = given.text_of(layer.head._replace(end=layer.stride.span.start)).rstrip("/ \t")
            last = given.text_of(layer.stride.span).lstrip("/ \t")
            help = f"leave `/{shortened(last, _SHOWN)}` out: `{shortened(head, _SHOWN)}`"
            raise stop("ND202", message, layer.stride.span, help=help)
        attribute = op.attributes()[op.syntax.stride]
        values = [evaluate(part, env) for part in layer.stride.parts]
        put(given, op.syntax.stride, numbers(attribute, values, layer.stride.span, rank), layer.stride.span, "written")


def read_modifiers(
    given: Given, op: type[Op], modifiers: tuple[tree.Modifier, ...], env: Env, rank: int | None, origin: str
) -> None:
    """Flags, attributes and bare values. What stops one of them is kept in ``given``, and the others are read."""
    if two_numbers(given, op, modifiers):
        return
    valued: tree.Modifier | None = None
    given.final = modifiers[-1].span.end if modifiers else given.end
    for place, modifier in enumerate(modifiers):
        given.last = modifiers[place - 1].span.end if place else given.end
        after = modifiers[place + 1] if place + 1 < len(modifiers) else None
        try:
            if modifier is valued:
                continue
            if isinstance(modifier, tree.Flag) and isinstance(after, tree.Flag) and modifier.name.text in WITHOUT:
                valued = after
                words, span = f"{modifier.name.text} {after.name.text}", modifier.span.to(after.span)
                denied = denial(given, op, after.name.text, span) or of_flag(given, op, modifier, env, origin)
                raise stop("ND202", f"`{op.keyword}` has no flags `{words}`", span, help=denied)
            if isinstance(modifier, tree.Flag) and isinstance(after, tree.Flag) and _joins(modifier, after):
                valued = after
                help = of_flag(given, op, modifier, env, origin)
                message = f"`{modifier.name.text}` cannot stand between two layers"
                raise stop("ND202", message, modifier.span, help=help)
            if isinstance(modifier, tree.Flag) and isinstance(after, tree.Flag) and not _known(op, modifier.name.text):
                from netdsl.elaborate.helps import behind

                both = modifier.span.to(after.span)
                if (pair := behind.of_two(given, modifier.name.text, after.name.text, both)) is not None:
                    valued = after
                    raise stop("ND202", f"`{op.keyword}` has no flag `{modifier.name.text}`", both, help=pair)
            if isinstance(modifier, tree.Flag) and isinstance(after, tree.Positional) and _takes(op, modifier):
                valued = after
                gap = Span(modifier.span.file, modifier.span.end, after.span.start)
                shown = f"{modifier.name.text}={_shown(after)}"
                help = Advice(f"an attribute and its value have `=` between them: `{shown}`", Edit(gap, "="))
                raise stop("ND202", f"`{op.keyword}` has no flag `{modifier.name.text}`", modifier.span, help=help)
            if isinstance(modifier, tree.Positional) and isinstance(after, tree.Flag) and _times(modifier, after):
                valued, both = after, modifier.span.to(after.span)
                start = given.layer.span.start if given.layer is not None else modifier.span.start
                head, number = given.text_of(both._replace(start=start, end=both.start)), given.text_of(modifier.span)
                help = Advice(f"it is written `{shortened(head, _SHOWN)}×{number}`", Edit(both, f"×{number}"))
                raise stop("ND202", f"`{op.keyword}` takes no `{shortened(number, _SHOWN)}x`", both, help=help)
            if isinstance(modifier, tree.Flag):
                _flag(given, op, modifier, env, rank, origin)
            elif isinstance(modifier, tree.Attribute):
                _attribute(given, op, modifier, env, rank, origin)
            else:
                _positional(given, op, modifier, env, rank, origin)
        except Stop as problem:
            given.problems.append(problem)
            if isinstance(modifier, tree.Flag) and modifier.name.text in ("if", "else"):
                break  # what follows is its condition, or what it chooses
            layer = isinstance(modifier, tree.Flag) and lookup(modifier.name.text) is not None
            if layer and isinstance(after, tree.Positional):
                valued = after  # the value of that layer, which wants a comma before it


def _times(number: tree.Positional, after: tree.Flag) -> bool:
    """Whether a number has an ``x`` right behind it: ``conv3-64 2x``."""
    return after.name.text == "x" and after.span.start == number.span.end


def _joins(word: tree.Flag, after: tree.Flag) -> bool:
    """Whether a word stands between two layers as in a sentence: ``conv3-8 and relu``."""
    return word.name.text.lower() in ("and", "then", "with") and lookup(after.name.text) is not None


def _shown(item: tree.Positional) -> str:
    """A value without a name as a help repeats it, where it is numbers."""
    parts = item.value.parts if isinstance(item.value, tree.Sizes) else ()
    numbers = [str(part.value) for part in parts if isinstance(part, tree.Literal) and type(part.value) in (int, float)]
    return "x".join(numbers) if numbers and len(numbers) == len(parts) else "…"


def _known(op: type[Op], word: str) -> bool:
    """Whether a word is a flag of a layer, or an attribute that may stand like one."""
    return word in UNIVERSAL or word in op.syntax.flags or word in op.attributes()


def _takes(op: type[Op], flag: tree.Flag) -> bool:
    """Whether a word that stands like a flag is an attribute that wants a value."""
    attribute = op.attributes().get(flag.name.text)
    return attribute is not None and attribute.kind != "bool" and flag.name.text not in op.syntax.flags


def _flag(given: Given, op: type[Op], flag: tree.Flag, env: Env, rank: int | None, origin: str) -> None:
    word, attributes = flag.name.text, op.attributes()
    if word in UNIVERSAL:
        given.words.add(word)
    elif word in op.syntax.flags:
        for name, value in op.syntax.flags[word].items():
            attribute = attributes.get(name)
            if attribute is not None and attribute.kind == "axes" and isinstance(value, int):
                value = (value,) * rank if rank else (value,)
            put(given, name, value, flag.span, origin)
    elif word in attributes and attributes[word].kind == "bool":
        put(given, word, True, flag.span, origin)
    else:
        from netdsl.elaborate.helps import behind

        help = behind.of_flag(given, op, flag, env, origin) or of_flag(given, op, flag, env, origin)
        raise stop("ND202", f"`{op.keyword}` has no flag `{word}`", flag.span, help=help)


def _attribute(given: Given, op: type[Op], item: tree.Attribute, env: Env, rank: int | None, origin: str) -> None:
    name, attributes = item.name.text, op.attributes()
    part = item.value.parts[0] if isinstance(item.value, tree.Sizes) and name not in attributes else None
    off = part.name if isinstance(part, tree.Variable) else part.value if isinstance(part, tree.Literal) else None
    denied = denial(given, op, name, item.span) if part is not None and str(off).lower() in OFF else None
    if denied is not None and name.lower() not in ELSEWHERE:
        raise stop("ND202", f"`{op.keyword}` has no attribute `{name}`", item.name.span, help=denied)
    ours = name if name in attributes else ELSEWHERE.get(name.lower(), "")
    if ours in attributes and given.values and given.origins.get(ours) == origin:
        raise again(given, op, item, ours, env, rank)
    if name not in attributes:
        from netdsl.elaborate.helps import behind

        help = behind.of_attribute(given, op, item) or of_attribute(op, item)
        raise stop("ND202", f"`{op.keyword}` has no attribute `{name}`", item.name.span, help=help)
    put(given, name, read(attributes[name], item.value, env, rank), item.value.span, origin)
    given.spans[name] = item.value.span


def _positional(given: Given, op: type[Op], item: tree.Positional, env: Env, rank: int | None, origin: str) -> None:
    if isinstance(item.value, tree.Reference):
        if not op.syntax.reference:
            from netdsl.elaborate.helps.behind import of_tensor

            message = f"`{op.keyword}` takes no second tensor"
            raise stop("ND202", message, item.span, help=of_tensor(given, item, item.value))
        if given.reference is not None:
            first, again = tree.show_path(given.reference.path), tree.show_path(item.value.path)
            message = f"`{op.keyword}` takes the size of one tensor, and `@{again}` is a second"
            help = f"one of `@{first}` and `@{again}` gives the size: take the other out"
            if first == again:
                message = f"`@{again}` is given twice"
                help = Advice("once is enough: take it out", Edit(item.span._replace(start=given.last), ""))
            raise stop("ND202", message, item.span, help=help)
        given.reference = item.value
        return
    if given.bare >= len(op.syntax.positional):
        message = f"`{op.keyword}` takes no {'further ' if given.bare else ''}value without a name"
        raise stop("ND202", message, item.span, help=of_value(given, op, item, rank))
    name = op.syntax.positional[given.bare]
    given.bare += 1
    put(given, name, read(op.attributes()[name], item.value, env, rank), item.span, origin)
