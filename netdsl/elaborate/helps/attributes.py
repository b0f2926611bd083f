"""What was meant by a part of a layer that it does not take: a flag, an attribute, a value or a number."""

from __future__ import annotations

import re
from collections.abc import Collection

from netdsl.diagnostics import Advice, Edit, Note, Span
from netdsl.diagnostics.nearest import did_you_mean, nearest
from netdsl.elaborate.attribute_values import read
from netdsl.elaborate.given import Given
from netdsl.elaborate.helps.sizes_apart import braced
from netdsl.elaborate.values import Env, Stop, stop
from netdsl.ir.op import Attribute, Op, lookup, names
from netdsl.syntax import tree

#: Words that every layer takes.
UNIVERSAL = ("plain", "train", "eval")
#: Words before what a layer is to be without, and values of it that say so.
WITHOUT = frozenset(["no", "without", "non", "wo", "minus"])
OFF = frozenset(["false", "none", "no", "off", "0", "null", "nil", "linear", "identity"])
#: What stands for no number, or for any, in other tools.
_NO_NUMBERS = frozenset(["none", "null", "nil", "nan", "undefined", "auto", "any", "true", "false", "default", "tbd"])
_DENIAL = re.compile(r"(?:no|without|non|wo)_?(?=[a-z])|\w+_?free\Z", re.IGNORECASE)
#: What others call the modes.
MODES = {
    "training": "train", "inference": "eval", "infer": "eval", "evaluation": "eval", "evaluate": "eval", "test": "eval",
    "testing": "eval", "predict": "eval",
}  # fmt: skip
#: A number beyond this is a count of channels rather than the size of a kernel.
_LARGEST = 15
#: `s2`, `p1`: an attribute's first letter and its value.
_SHORT = re.compile(r"([spgdk])(\d{1,3})")
#: What other tools call our attributes.
ELSEWHERE = {
    "s": "stride", "strides": "stride", "padding": "pad", "p": "pad", "k": "kernel", "kernel_size": "kernel",
    "size": "kernel", "filters": "channels", "out_channels": "channels", "units": "features", "d": "dilation",
    "out_features": "features", "g": "groups", "padding_mode": "pad_mode", "output_size": "to", "rate": "dilation",
    "dilation_rate": "dilation", "atrous_rate": "dilation", "use_bias": "bias", "cardinality": "groups",
    "num_filters": "channels", "out": "channels", "negative_slope": "slope", "num_groups": "groups",
    "scale_factor": "scale", "factor": "scale",
}  # fmt: skip


#: A label that a help repeats has fewer letters.
_SHORTEST = 40
#: What an example shows beside what every such layer has.
_OPTION = re.compile(r"(?<=\w) \w+=[\w.]+\Z")


def show_syntax(op: type[Op]) -> str:
    """How a layer of this kind is written."""
    return f"`{_OPTION.sub('', op.example.line)}`"


def no_number(op: type[Op], layer: tree.Layer, given: tree.Variable, digits: str, env: Env) -> None:
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


def unkernelled(op: type[Op], layer: tree.Layer, digits: str, span: Span) -> str:
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


def of_channels(op: type[Op], layer: tree.Layer, count: tree.Expression) -> str:
    """What was meant by a number after the hyphen of a layer that has no channel count: ``maxpool-2``."""
    from netdsl.elaborate.helps.behind import alone

    help = f"it is written {show_syntax(op)}"
    if not isinstance(count, tree.Literal):
        return help
    help = alone(op, f"-{count.value}") or help
    if op.syntax.stride is not None and layer.stride is None:
        hyphen = Span(count.span.file, count.span.start - 1, count.span.start)
        return Advice(f"a stride stands after a `/`: `/{count.value}`", Edit(hyphen, "/"))
    if not op.syntax.positional:
        return help
    attribute = op.attributes()[op.syntax.positional[0]]
    given, what = f" {count.value}", "a value stands without a hyphen"
    if attribute.minimum is None or attribute.minimum < 0:
        given, what = f" {{-{count.value}}}", "a negative value stands in braces"
    elif attribute.kind == "axes":
        return "each of the sizes is said, and none left open; `flatten` makes a vector of a map"
    return Advice(f"{what}: `{op.keyword}{given}`", Edit(count.span._replace(start=layer.word.span.end), given))


def two_numbers(given: Given, op: type[Op], modifiers: tuple[tree.Modifier, ...]) -> bool:
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


def of_flag(given: Given, op: type[Op], flag: tree.Flag, env: Env, origin: str) -> str:
    """What was meant by a word that is no flag of its layer."""
    word, attributes = flag.name.text, op.attributes()
    switches = (n for n, a in attributes.items() if a.kind == "bool")
    known = list(dict.fromkeys([*op.syntax.flags, *switches, *UNIVERSAL]))
    near = nearest(word, [*known, *attributes])
    short = _SHORT.fullmatch(word)
    if re.fullmatch(r"(?:_\d{3})+", word) and flag.span.start == given.end:
        return Advice("a number has no underscores", Edit(flag.span, word.replace("_", "")))
    if word == "else":
        return "an `else` follows the `}` of its `if`: `if … { conv3-64 } else { conv1-64 }`"
    if word == "if":
        return f"an `if` stands around what it chooses: `if … {{ {head_of(given, op)} }}`"
    if flag.span.start == given.end and (count := _glued(given, op, flag, env)) is not None:
        return count
    if _DENIAL.match(word) and (denied := denial(given, op, word, flag.span)) is not None:
        return denied
    if word in ("without", "no") and "bias" in attributes:
        return "what a layer leaves out has a value: `bias=false`; `plain` leaves out its style"
    if word.lower() in MODES:
        ours = MODES[word.lower()]
        return Advice(f"here it is called `{ours}`", Edit(flag.name.span, ours))
    if word == "global" and op.keyword in ("avgpool", "maxpool"):
        ours = "gap" if op.keyword == "avgpool" else "gmp"
        return f"over the whole map it is called `{ours}`"
    if short is not None and (ours := ELSEWHERE[short[1]]) in attributes:
        glued = flag.span.start == given.end
        text = f"/{short[2]}" if glued and ours == op.syntax.stride else f"{' ' * glued}{ours}={short[2]}"
        return Advice(f"it is written `{text.strip()}`", Edit(flag.span, text))
    if "x" in word and env.lookup(word) is None and (sizes := braced(word, env)) is not None:
        return Advice(f"a value by its name takes braces: `{sizes}`", Edit(flag.name.span, sizes))
    if env.lookup(word) is not None and given.bare < len(op.syntax.positional):
        slot = op.syntax.positional[given.bare]
        text = f"a value by its name takes braces or a key: `{{{word}}}` or `{slot}={word}`"
        return Advice(text, Edit(flag.name.span, f"{{{word}}}"))
    if env.lookup(word) is not None:
        head = (op.syntax.kernel, op.syntax.channels, op.syntax.stride)
        keys = [name for name, one in attributes.items() if name not in head and one.kind != "bool"]
        return f"a value by its name takes a key, such as `{keys[0] if keys else 'key'}={word}`"
    if word in attributes:
        return f"`{word}` takes a value: `{word}=…`"
    if word.lower() in ("and", "then", "with") and flag.span.end < given.final:
        own = not given.styled and origin != "style" and given.end <= given.last < flag.span.start
        start = given.last if own else flag.span.start - 1  # what a style adds stands elsewhere
        return Advice("a comma stands between two layers", Edit(flag.span._replace(start=start), ","))
    if word == "id":
        return "`|` parts the branches of a join: `| id`"
    if _is_layer(word) and not given.styled and flag.span.start > given.end:
        glued = flag.span.start - given.last < 3
        place = flag.span._replace(start=given.last if glued else flag.span.start, end=flag.span.start)
        return Advice(f"a comma stands between two layers: `, {word}`", Edit(place, ", "))
    if _is_layer(word) and origin == "style":
        place = flag.span._replace(start=flag.span.start - 1, end=flag.span.start)
        return Advice(f"a comma stands between two layers: `, {word}`", Edit(place, ", "))
    if _is_layer(word):
        return f"a layer stands after a comma, or after `+` in the place of the style: `+{word}`"
    if near is not None and near not in known:
        return f"did you mean `{near}=…`?"
    return did_you_mean(word, known, flag.name.span) or f"it takes {_listed(op, known)}"


#: What is looked for most, before all else that a layer takes.
_USUAL = ("valid", "same", "ceil", "stride", "pad", "dilation", "groups", "bias")
#: So many names are listed in one help.
_MOST_NAMES = 6


def _listed(op: type[Op], known: Collection[str]) -> str:
    """The names of what a layer takes, those that are looked for most where they are many."""
    first = [name for name in _USUAL if name in known]
    first += [name for name in known if name not in first]
    shown = ", ".join(f"`{name}`" for name in first[:_MOST_NAMES])
    return shown if len(first) <= _MOST_NAMES else f"{shown} and more: `netdsl ops {op.keyword}` has all"


def head_of(given: Given, op: type[Op]) -> str:
    """A layer up to its stride, as it was read: ``conv3-64/2``."""
    text = op.keyword
    for name, sign in ((op.syntax.kernel, ""), (op.syntax.channels, "-"), (op.syntax.stride, "/")):
        value = given.values.get(name) if name is not None else None
        if name is None or value is None or given.origins.get(name) != "written":
            continue
        parts = [*value] if isinstance(value, tuple) else [value]
        text += sign + "x".join(map(str, parts if len({*parts}) > 1 else parts[:1]))
    return text


def _glued(given: Given, op: type[Op], flag: tree.Flag, env: Env) -> str | None:
    """What was meant by letters right behind the channels: ``conv1-4k``, ``fc-1k``, ``fc-1000D``."""
    word, name = flag.name.text, op.syntax.channels
    count = given.values.get(name) if name is not None else None
    if name is None or not isinstance(count, int) or flag.span.start != given.spans[name].end:
        return None
    whole = given.spans[name].to(flag.span)
    if env.lookup(word) is not None:
        text = f"{{{count}*{word}}}"
        head = head_of(given, op)[: -len(str(count))]
        return Advice(f"a product has a `*`, and stands in braces: `{head}{text}`", Edit(whole, text))
    if word in ("k", "K") and count < 100:
        return Advice(f"a number is written out: `{count}000`", Edit(flag.span, "000"))
    if word.lower() in ("d", "way", "ch"):
        return Advice(f"a number has no unit: `{count}`", Edit(flag.span, ""))
    return None


def denial(given: Given, op: type[Op], word: str, span: Span) -> str | None:
    """A help for a layer that is said to be without its bias, its norm or its activation."""
    from netdsl.syntax.helps.denied import named, without

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


def of_attribute(op: type[Op], item: tree.Attribute) -> str:
    """What was meant by the name of an attribute that its layer has not."""
    name, attributes = item.name.text, op.attributes()
    near = nearest(name, [*attributes, *op.syntax.flags])
    help = _elsewhere(item, attributes, op.syntax.flags)
    if help is None and near is not None and near not in attributes:
        help = f"`{near}` is a flag: it stands alone"
    elif help is None:
        help = did_you_mean(name, attributes, item.name.span)
    if help is None:
        help = f"it has {_listed(op, attributes)}"
        if not attributes:
            help = f"`{op.keyword}` takes no attributes: leave `{name}=` out"
    return help


def again(given: Given, op: type[Op], item: tree.Attribute, ours: str, env: Env, rank: int | None) -> Stop:
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


def _elsewhere(item: tree.Attribute, attributes: dict[str, Attribute], flags: Collection[str]) -> str | None:
    name = item.name
    part = item.value.parts[0] if isinstance(item.value, tree.Sizes) else None
    word = part.name if isinstance(part, tree.Variable) else None
    if name.text in ("padding", "pad") and word in ("same", "valid") and (word in flags or word in attributes):
        return Advice(f"`{word}` is a flag: it stands alone", Edit(item.span, word))
    if name.text in ("activation", "act", "norm", "nonlinearity"):
        return f"it is a layer of its own: `, {word or 'relu'}` after this one, or in a `style`"
    if name.text in ("init", "initializer", "kernel_initializer"):
        return "how weights start is a statement: `init conv = normal 0.01`, or of a label"
    if name.text in ("name", "label", "id"):
        given = part.value if isinstance(part, tree.Literal) else getattr(item.value, "value", None)
        quoted = given if isinstance(given, str) and re.fullmatch(r"[A-Za-z_]\w{0,31}", given) else None
        return f"a layer is named by a label before it: `{word or quoted or 'name'}: …`"
    ours = ELSEWHERE.get(name.text.lower())
    if ours is None or ours not in attributes:
        return None
    edits = [Edit(name.span, ours)]
    if part is not None and word in ("True", "False"):
        edits.append(Edit(part.span, word.lower()))
    return Advice(f"here it is called `{ours}`", *edits)


def of_value(given: Given, op: type[Op], item: tree.Positional, rank: int | None) -> str:
    """What was meant by a value without a name that its layer does not take."""
    from netdsl.elaborate.helps.behind import alone

    help = alone(op, given.text_of(item.span)) or f"it is written {show_syntax(op)}"
    parts = item.value.parts if isinstance(item.value, tree.Sizes) else ()
    numbers = [part.value for part in parts if isinstance(part, tree.Literal) and type(part.value) is int]
    if op.keyword in ("avgpool", "maxpool") and len(numbers) == len(parts) > 1 and {*numbers} == {1}:
        word = "gap" if op.keyword == "avgpool" else "gmp"
        help = f"a map of 1×1 is made by `{word}`"
        last = given.layer is not None and given.layer.span.end == item.span.end
        return Advice(help, Edit(given.layer.span, word)) if given.layer is not None and last else help
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
                if channels is not None:
                    head = f"{head}-{given.values[channels]}"
                help = f"a stride stands after a `/`: `{head}/{numbers[0]}`"
                if channels is not None and numbers[0] > 1:
                    return f"`{head}/{numbers[0]}` has that stride, and `{head} ×{numbers[0]}` is repeated"
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
        elif glue and channels is not None and len(numbers) == 2 and channels not in given.values:
            text = f"{op.keyword}-{numbers[1]}"
            help = f"what enters is in sight, and what comes out stands behind a hyphen: `{text}`"
            if given.head is not None:
                help = Advice(help, Edit(Span(item.span.file, given.head, item.span.end), f"-{numbers[1]}"))
        elif not glue or (channels is not None and len(numbers) == 1):
            what = what or f"`{op.syntax.channels}` stand after a hyphen"
            help = f"{what}: `{op.keyword}{glue}{'x'.join(map(str, numbers))}`"
            if given.head is not None:
                help = Advice(help, Edit(Span(item.span.file, given.head, item.span.start), glue))
    if parts and isinstance(parts[0], tree.Literal) and isinstance(parts[0].value, str):
        text = parts[0].value
        label = text if text.isidentifier() and text.isascii() else f'"{text}"' if text.isprintable() else "name"
        label = label if len(label) < _SHORTEST and "`" not in label else "name"
        help = f"a layer is named by a label before it: `{label}: …`"
    elif given.bare:
        help = "one value is enough: take this one out"
    return help
