"""What a layer says of itself → the values of an operator's attributes, each checked at its own place."""

from __future__ import annotations

import re
from typing import Any

from netdsl.diagnostics import Advice, Edit, Note, Span
from netdsl.diagnostics.nearest import did_you_mean, nearest
from netdsl.elaborate.bounds import of_number, of_range, typical
from netdsl.elaborate.expressions import evaluate, kind_of, named, show, to_whole
from netdsl.elaborate.sizes_apart import braced
from netdsl.elaborate.values import Env, Stop, stop
from netdsl.ir.op import Attribute, Op, lookup, names
from netdsl.syntax import tree

#: Words that every layer takes.
UNIVERSAL = ("plain", "train", "eval")
#: Words before what a layer is to be without, and values of it that say so.
_WITHOUT = frozenset(["no", "without", "non", "wo", "minus"])
_OFF = frozenset(["false", "none", "no", "off", "0", "null", "nil", "linear", "identity"])
#: What stands for no number, or for any, in other tools.
_NO_NUMBERS = frozenset(["none", "null", "nil", "nan", "undefined", "auto", "any", "true", "false", "default", "tbd"])
_DENIAL = re.compile(r"(?:no|without|non|wo)_?(?=[a-z])|\w+_?free\Z", re.IGNORECASE)
#: What others call the modes.
MODES = {
    "training": "train", "inference": "eval", "infer": "eval", "evaluation": "eval", "evaluate": "eval", "test": "eval",
    "testing": "eval", "predict": "eval",
}  # fmt: skip


class Ramp:
    """``a..b``: a value that grows over all such layers of the net, and is known when all are.

    The last of them has ``last``; with ``a..<b`` (``open``) the one after them would have it.
    """

    __slots__ = ("first", "last", "open")

    def __init__(self, first: float, last: float, open: bool) -> None:
        self.first = first
        self.last = last
        self.open = open


class Given:
    """What one layer's text gives: attribute values, their places, and where each value came from."""

    __slots__ = (
        "bare",
        "end",
        "final",
        "head",
        "last",
        "origins",
        "problems",
        "reference",
        "spans",
        "style",
        "styled",
        "suffixed",
        "values",
        "words",
    )

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.spans: dict[str, Span] = {}
        self.origins: dict[str, str] = {}
        self.words: set[str] = set()
        self.reference: tree.Reference | None = None
        self.problems: list[Stop] = []
        self.bare = 0
        #: whether a style says what stands around the layer
        self.styled = False
        #: that style, and whether suffixes stand in its place
        self.style: tree.Style | None = None
        self.suffixed = False
        #: where the layer ends but for suffixes
        self.final = -1
        #: where the head of the layer ends: word, kernel, channels and stride
        self.end = -1
        #: where the part before the present one ends
        self.last = -1
        #: where the layer's word ends, if nothing but modifiers comes after it
        self.head: int | None = None


def show_syntax(op: type[Op]) -> str:
    """How a layer of this kind is written."""
    return f"`{op.example.line}`"


def put(given: Given, name: str, value: Any, span: Span, origin: str) -> None:
    """Sets an attribute. Raises :class:`Stop` where the same text gives it twice."""
    if name in given.values and given.origins.get(name) == origin:
        notes = (Note(given.spans[name], "first here"),)
        raise stop("ND202", f"`{name}` is given twice", span, notes=notes, help="one value holds: take the other out")
    given.values[name] = value
    given.spans[name] = span
    given.origins[name] = origin


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
            raise stop("ND202", message, span, help=_unkernelled(op, layer, digits, span))
        parts = [int(d) if len(d) < 10 else 10**9 for d in digits.replace("X", "x").split("x") if d] if digits else []
        attribute = op.attributes()[op.syntax.kernel]
        sizes: list[Any] = [*parts, *(evaluate(part, env) for part in layer.kernel)]
        put(given, op.syntax.kernel, numbers(attribute, sizes, span, rank), span, "written")
    if layer.channels is not None:
        if op.syntax.channels is None:
            message = f"`{op.keyword}` has no channel count of its own"
            help = f"it is written {show_syntax(op)}"
            if op.syntax.stride is not None and layer.stride is None and isinstance(layer.channels, tree.Literal):
                hyphen = Span(word.span.file, layer.channels.span.start - 1, layer.channels.span.start)
                help = Advice(f"a stride stands after a `/`: `/{layer.channels.value}`", Edit(hyphen, "/"))
            elif op.syntax.positional and isinstance(layer.channels, tree.Literal):
                attribute = op.attributes()[op.syntax.positional[0]]
                place = Span(word.span.file, word.span.end, layer.channels.span.end)
                if attribute.minimum is not None and attribute.minimum >= 0:
                    given_value = f" {layer.channels.value}"
                    if attribute.kind == "axes":
                        help = "each of the sizes is said, and none left open; `flatten` makes a vector of a map"
                        raise stop("ND202", message, layer.channels.span, help=help)
                    help = f"a value stands without a hyphen: `{op.keyword}{given_value}`"
                else:
                    given_value = f" {{-{layer.channels.value}}}"
                    help = f"a negative value stands in braces: `{op.keyword}{given_value}`"
                help = Advice(help, Edit(place, given_value))
            raise stop("ND202", message, layer.channels.span, help=help)
        attribute = op.attributes()[op.syntax.channels]
        if isinstance(layer.channels, tree.Variable) and env.lookup(layer.channels.name) is None:
            _no_number(op, layer, layer.channels, digits, env)
        value = evaluate(layer.channels, env)
        read = one(attribute, value, layer.channels.span)
        put(given, op.syntax.channels, read, layer.channels.span, "written")
    if layer.stride is not None:
        if op.syntax.stride is None:
            message = f"`{op.keyword}` has no stride"
            raise stop("ND202", message, layer.stride.span, help=f"it is written {show_syntax(op)}")
        attribute = op.attributes()[op.syntax.stride]
        values = [evaluate(part, env) for part in layer.stride.parts]
        put(given, op.syntax.stride, numbers(attribute, values, layer.stride.span, rank), layer.stride.span, "written")


def _no_number(op: type[Op], layer: tree.Layer, given: tree.Variable, digits: str, env: Env) -> None:
    """Raises where a word that can be no parameter stands for the number of channels: ``conv3-None``."""
    name, usual = given.name, 10 if op.keyword == "fc" else 64
    head = f"{op.keyword}{digits}-{usual}"
    if name in ("same", "valid"):
        help = f"`{name}` is a flag, and stands behind a number: `{head} {name}`"
    elif name.lower() in _NO_NUMBERS:
        help = f"the number of `{op.syntax.channels}` stands there: `{head}`"
    elif name not in ("in", "i") and not env.visible() and nearest(name, [*names()]) is None:
        help = f"`param {name} = {usual}` declares it"
    else:
        return
    raise stop("ND203", f"there is no value called `{name}` here", given.span, help=help)


def _unkernelled(op: type[Op], layer: tree.Layer, digits: str, span: Span) -> str:
    """A help for a number at the word of a layer that has no kernel: ``fc10``, ``upsample2``."""
    if op.syntax.times is not None and re.fullmatch(r"\d+[xX]", digits) and not layer.kernel:
        return Advice(f"it is written `{op.keyword} ×{digits[:-1]}`", Edit(span, f" ×{digits[:-1]}"))
    if digits.isdecimal() and not layer.kernel and layer.channels is None and layer.stride is None:
        if op.syntax.channels is not None:
            return Advice(f"a hyphen stands before it: `{op.keyword}-{digits}`", Edit(span, f"-{digits}"))
        if op.syntax.times is not None:
            return Advice(f"it is written `{op.keyword} ×{digits}`", Edit(span, f" ×{digits}"))
        if op.syntax.positional:
            return Advice(f"it is written `{op.keyword} {digits}`", Edit(span, f" {digits}"))
    return f"it is written {show_syntax(op)}"


def read_modifiers(
    given: Given, op: type[Op], modifiers: tuple[tree.Modifier, ...], env: Env, rank: int | None, origin: str
) -> None:
    """Flags, attributes and bare values. What stops one of them is kept in ``given``, and the others are read."""
    if _two_numbers(given, op, modifiers):
        return
    valued: tree.Modifier | None = None
    given.final = modifiers[-1].span.end if modifiers else given.end
    for place, modifier in enumerate(modifiers):
        given.last = modifiers[place - 1].span.end if place else given.end
        after = modifiers[place + 1] if place + 1 < len(modifiers) else None
        try:
            if modifier is valued:
                continue
            if isinstance(modifier, tree.Flag) and isinstance(after, tree.Flag) and modifier.name.text in _WITHOUT:
                valued = after
                words, span = f"{modifier.name.text} {after.name.text}", modifier.span.to(after.span)
                if (denied := _without(given, op, after.name.text, span)) is not None:
                    raise stop("ND202", f"`{op.keyword}` has no flags `{words}`", span, help=denied)
                valued = None
            if isinstance(modifier, tree.Flag) and isinstance(after, tree.Positional) and _takes(op, modifier):
                valued = after
                gap = Span(modifier.span.file, modifier.span.end, after.span.start)
                help = Advice(
                    f"an attribute and its value have `=` between them: `{modifier.name.text}=…`", Edit(gap, "=")
                )
                raise stop("ND202", f"`{op.keyword}` has no flag `{modifier.name.text}`", modifier.span, help=help)
            if isinstance(modifier, tree.Flag):
                _flag(given, op, modifier, env, rank, origin)
            elif isinstance(modifier, tree.Attribute):
                _attribute(given, op, modifier, env, rank, origin)
            else:
                _positional(given, op, modifier, env, rank, origin)
        except Stop as problem:
            given.problems.append(problem)
            if isinstance(modifier, tree.Flag) and modifier.name.text == "if":
                break  # what follows is its condition
            layer = isinstance(modifier, tree.Flag) and lookup(modifier.name.text) is not None
            if layer and isinstance(after, tree.Positional):
                valued = after  # the value of that layer, which wants a comma before it


def _two_numbers(given: Given, op: type[Op], modifiers: tuple[tree.Modifier, ...]) -> bool:
    """Whether a kernel and a channel count stand apart (``conv 64 3x3``), which is said once."""
    if op.syntax.kernel is None or op.syntax.channels is None or given.head is None or len(modifiers) != 2:
        return False
    sizes = []
    for modifier in modifiers:
        parts = (
            modifier.value.parts
            if isinstance(modifier, tree.Positional) and isinstance(modifier.value, tree.Sizes)
            else ()
        )
        sizes.append([part.value for part in parts if isinstance(part, tree.Literal) and type(part.value) is int])
    (one, other) = sizes
    if not one or not other or (len(one) > 1 and len(other) > 1):
        return False
    kernel, channels = (one, other) if len(one) > 1 or (len(other) == 1 and one < other) else (other, one)
    text = f"{'x'.join(map(str, kernel if len({*kernel}) > 1 else kernel[:1]))}-{channels[0]}"
    span = modifiers[0].span.to(modifiers[1].span)
    help = Advice(f"it is written `{op.keyword}{text}`", Edit(span._replace(start=given.head), text))
    given.problems.append(stop("ND202", f"`{op.keyword}` takes no values without a name", span, help=help))
    return True


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
        switches = (n for n, a in attributes.items() if a.kind == "bool")
        known = list(dict.fromkeys([*op.syntax.flags, *switches, *UNIVERSAL]))
        message = f"`{op.keyword}` has no flag `{word}`"
        near = nearest(word, [*known, *attributes])
        short = _SHORT.fullmatch(word)
        help: str
        if word == "if":
            help = "an `if` stands around what it chooses: `if … { conv3-64 }`"
        elif _DENIAL.match(word) and (denied := _without(given, op, word, flag.span)) is not None:
            help = denied
        elif word in ("without", "no") and "bias" in attributes:
            help = "what a layer leaves out has a value: `bias=false`; `plain` leaves out its style"
        elif word.lower() in MODES:
            ours = MODES[word.lower()]
            help = Advice(f"here it is called `{ours}`", Edit(flag.name.span, ours))
        elif word == "global" and op.keyword in ("avgpool", "maxpool"):
            ours = "gap" if op.keyword == "avgpool" else "gmp"
            help = f"over the whole map it is called `{ours}`"
        elif short is not None and (ours := _ELSEWHERE[short[1]]) in attributes:
            glued = flag.span.start == given.end
            text = f"/{short[2]}" if glued and ours == op.syntax.stride else f"{' ' * glued}{ours}={short[2]}"
            help = Advice(f"it is written `{text.strip()}`", Edit(flag.span, text))
        elif "x" in word and env.lookup(word) is None and (sizes := braced(word, env)) is not None:
            help = Advice(f"a value by its name takes braces: `{sizes}`", Edit(flag.name.span, sizes))
        elif env.lookup(word) is not None and given.bare < len(op.syntax.positional):
            slot = op.syntax.positional[given.bare]
            help = f"a value by its name takes braces or a key: `{{{word}}}` or `{slot}={word}`"
            help = Advice(help, Edit(flag.name.span, f"{{{word}}}"))
        elif env.lookup(word) is not None:
            help = f"a value by its name takes a key: `key={word}`"
        elif word in attributes:
            help = f"`{word}` takes a value: `{word}=…`"
        elif _is_layer(word) and not given.styled and flag.span.start > given.end:
            glued = flag.span.start - given.last < 3
            place = flag.span._replace(start=given.last if glued else flag.span.start, end=flag.span.start)
            help = Advice(f"a comma stands between two layers: `, {word}`", Edit(place, ", "))
        elif _is_layer(word) and origin == "style":
            place = flag.span._replace(start=flag.span.start - 1, end=flag.span.start)
            help = Advice(f"a comma stands between two layers: `, {word}`", Edit(place, ", "))
        elif _is_layer(word):
            help = f"a layer stands after a comma, or after `+` in the place of the style: `+{word}`"
        elif near is not None and near not in known:
            help = f"did you mean `{near}=…`?"
        else:
            listed = "it takes " + ", ".join(f"`{k}`" for k in known)
            help = did_you_mean(word, known, flag.name.span) or listed
        raise stop("ND202", message, flag.span, help=help)


def _without(given: Given, op: type[Op], word: str, span: Span) -> str | None:
    """A help for a layer that is said to be without its bias, its norm or its activation."""
    from netdsl.syntax.denied import named, without

    what = named(word)
    if what is None or (what == "bias" and "bias" not in op.attributes()):
        return None
    added: list[str] | None = []
    items = given.style.row.items if given.style is not None and not given.suffixed else ()
    for place, item in enumerate(items):
        core = item.core
        single = isinstance(core, tree.Layer) and item.label is None and item.repeat is None
        if not isinstance(core, tree.Layer) or not single or (core.word.text == "_") != (place == 0):
            added = None
        elif place and added is not None and core.span == core.word.span:
            added.append(core.word.text)
        elif place:
            added = None
        if added is None:
            break
    help, text = without(what, added)
    if text is None or (text[:1] == "+" and span.end < given.final):
        return help
    return Advice(help, Edit(span if text else span._replace(start=given.last), text))


def _is_layer(word: str) -> bool:
    """Whether a word is that of a layer which a spec may have."""
    op = lookup(word)
    return op is not None and op.writable


def _attribute(given: Given, op: type[Op], item: tree.Attribute, env: Env, rank: int | None, origin: str) -> None:
    name, attributes = item.name.text, op.attributes()
    part = item.value.parts[0] if isinstance(item.value, tree.Sizes) and name not in attributes else None
    off = part.name if isinstance(part, tree.Variable) else part.value if isinstance(part, tree.Literal) else None
    denied = _without(given, op, name, item.span) if part is not None and str(off).lower() in _OFF else None
    if denied is not None and name.lower() not in _ELSEWHERE:
        raise stop("ND202", f"`{op.keyword}` has no attribute `{name}`", item.name.span, help=denied)
    ours = name if name in attributes else _ELSEWHERE.get(name.lower(), "")
    if ours in attributes and given.values and given.origins.get(ours) == origin:
        raise _again(given, op, item, ours, env, rank)
    if name not in attributes:
        near = nearest(name, [*attributes, *op.syntax.flags])
        help = _elsewhere(item, attributes)
        if help is None and near is not None and near not in attributes:
            help = f"`{near}` is a flag: it stands alone"
        elif help is None:
            help = did_you_mean(name, attributes, item.name.span)
        if help is None:
            help = "it has " + ", ".join(f"`{a}`" for a in attributes) if attributes else "it has none"
        raise stop("ND202", f"`{op.keyword}` has no attribute `{name}`", item.name.span, help=help)
    put(given, name, read(attributes[name], item.value, env, rank), item.value.span, origin)
    given.spans[name] = item.value.span


def _again(given: Given, op: type[Op], item: tree.Attribute, ours: str, env: Env, rank: int | None) -> Stop:
    """What is said of an attribute that was given before, perhaps in the head: ``conv3-64 kernel_size=5``."""
    value = read(op.attributes()[ours], item.value, env, rank)
    parts = [*value] if isinstance(value, tuple) else [value]
    shown = "x".join(map(str, parts if len({*parts}) > 1 else parts[:1]))
    sign = {op.syntax.kernel: "", op.syntax.channels: "-", op.syntax.stride: "/"}.get(ours)
    help = "one value holds: take the other out"
    if value == given.values[ours]:
        help = Advice("once is enough: take it out", Edit(item.span._replace(start=given.last), ""))
    elif sign is not None and given.spans[ours].end <= given.end:
        word = "" if sign else op.keyword
        help = f"one value holds: `{word}{sign}{shown}` in the head, or no `{item.name.text}=` behind it"
    notes = (Note(given.spans[ours], "first here"),)
    return stop("ND202", f"`{ours}` is given twice", item.value.span, notes=notes, help=help)


#: A number beyond this is a count of channels rather than the size of a kernel.
_LARGEST = 15
#: `s2`, `p1`: an attribute's first letter and its value.
_SHORT = re.compile(r"([spgdk])(\d{1,3})")
#: What other tools call our attributes.
_ELSEWHERE = {
    "s": "stride", "strides": "stride", "padding": "pad", "p": "pad", "k": "kernel", "kernel_size": "kernel",
    "size": "kernel", "filters": "channels", "out_channels": "channels", "units": "features", "d": "dilation",
    "out_features": "features", "g": "groups", "padding_mode": "pad_mode", "output_size": "to", "rate": "dilation",
    "dilation_rate": "dilation", "atrous_rate": "dilation", "use_bias": "bias", "cardinality": "groups",
    "num_filters": "channels", "out": "channels", "negative_slope": "slope", "num_groups": "groups",
    "scale_factor": "scale", "factor": "scale",
}  # fmt: skip


def _elsewhere(item: tree.Attribute, attributes: dict[str, Attribute]) -> str | None:
    name = item.name
    part = item.value.parts[0] if isinstance(item.value, tree.Sizes) else None
    word = part.name if isinstance(part, tree.Variable) else None
    if name.text in ("padding", "pad") and word in ("same", "valid"):
        return Advice(f"`{word}` is a flag: it stands alone", Edit(item.span, word))
    if name.text in ("activation", "act", "norm", "nonlinearity"):
        return f"it is a layer of its own: `, {word or 'relu'}` after this one, or in a `style`"
    if name.text in ("init", "initializer", "kernel_initializer"):
        return "how weights start is a statement: `init conv = normal 0.01`, or of a label"
    if name.text in ("name", "label", "id"):
        return f"a layer is named by a label before it: `{word or 'name'}: …`"
    ours = _ELSEWHERE.get(name.text.lower())
    if ours is None or ours not in attributes:
        return None
    return Advice(f"here it is called `{ours}`", Edit(name.span, ours))


def _positional(given: Given, op: type[Op], item: tree.Positional, env: Env, rank: int | None, origin: str) -> None:
    if isinstance(item.value, tree.Reference):
        if not op.syntax.reference:
            message = f"`{op.keyword}` takes no second tensor"
            raise stop("ND202", message, item.span, help="write a comma before it to go on from that tensor")
        if given.reference is not None:
            first, again = tree.show_path(given.reference.path), tree.show_path(item.value.path)
            help = f"one of `@{first}` and `@{again}` gives the size: take the other out"
            if first == again:
                help = Advice("once is enough: take it out", Edit(item.span._replace(start=given.last), ""))
            raise stop("ND202", "a second tensor is given twice", item.span, help=help)
        given.reference = item.value
        return
    if given.bare >= len(op.syntax.positional):
        message = f"`{op.keyword}` takes no {'further ' if given.bare else ''}value without a name"
        help = f"it is written {show_syntax(op)}"
        parts = item.value.parts if isinstance(item.value, tree.Sizes) else ()
        numbers = [part.value for part in parts if isinstance(part, tree.Literal) and type(part.value) is int]
        if parts and len(numbers) == len(parts) and not given.bare:
            glue, what = ("", "a kernel stands at its word") if op.syntax.kernel is not None else ("-", "")
            stride, channels = op.syntax.stride, op.syntax.channels
            if not glue and op.syntax.kernel in given.values and len(numbers) == 1:
                # The kernel is there: what comes next in a head is meant.
                sizes = given.values[op.syntax.kernel]
                head = f"{op.keyword}{'x'.join(map(str, sizes if len({*sizes}) > 1 else sizes[:1]))}"
                if channels is not None and channels not in given.values:
                    help = f"`{channels}` stand after a hyphen: `{head}-{numbers[0]}`"
                    help = Advice(help, Edit(Span(item.span.file, given.end, item.span.start), "-"))
                elif stride is not None and stride not in given.values:
                    help = f"a stride stands after a `/`: `{head}/{numbers[0]}`"
                    help = Advice(help, Edit(Span(item.span.file, given.end, item.span.start), "/"))
            elif not glue and channels is not None and len(numbers) == 1 and numbers[0] > _LARGEST:
                help = f"a kernel stands at its word, and then a hyphen: `{op.keyword}3-{numbers[0]}`"
            elif not glue and channels is not None and len(numbers) == (rank or 2) + 1:
                sizes = numbers[:1] if len({*numbers[:-1]}) == 1 else numbers[:-1]
                text = f"{op.keyword}{'x'.join(map(str, sizes))}-{numbers[-1]}"
                help = f"the kernel stands at the word, and the channels after a hyphen: `{text}`"
                if given.head is not None:
                    new = text.removeprefix(op.keyword)
                    help = Advice(help, Edit(Span(item.span.file, given.head, item.span.end), new))
            elif not glue or (channels is not None and len(numbers) == 1):
                what = what or f"`{op.syntax.channels}` stand after a hyphen"
                help = f"{what}: `{op.keyword}{glue}{'x'.join(map(str, numbers))}`"
                if given.head is not None:
                    help = Advice(help, Edit(Span(item.span.file, given.head, item.span.start), glue))
        if parts and isinstance(parts[0], tree.Literal) and isinstance(parts[0].value, str):
            help = "a layer is named by a label before it: `name: …`"
        raise stop("ND202", message, item.span, help=help)
    name = op.syntax.positional[given.bare]
    given.bare += 1
    put(given, name, read(op.attributes()[name], item.value, env, rank), item.span, origin)


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
