"""What a word was meant to be that is no layer: helps for what other tools, other languages and slips write."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from netdsl.diagnostics import Advice, Edit, Span
from netdsl.diagnostics.nearest import did_you_mean, nearest
from netdsl.elaborate.helps.vocabulary import ALONE, BEHIND, ELSEWHERE, HEADS, PYTHON, TWO_WORDS
from netdsl.elaborate.values import Unknown
from netdsl.ir.op import Op, lookup, names
from netdsl.ir.types import Shape
from netdsl.syntax import tree

if TYPE_CHECKING:
    from netdsl.elaborate.context import Context
    from netdsl.elaborate.names import Labels

#: Of more blocks no part of a name is looked for.
_MOST_BLOCKS = 50
#: Words that begin a statement, and no item.
DECLARATIONS = frozenset(
    ["net", "input", "param", "variant", "default", "style", "block", "use", "expect", "init", "output"]
)
#: The longest word, and the most names, that a help repeats.
_LONGEST, _LISTED = 32, 5
#: Words that begin what is no layer, for the suggestions of a misspelt word.
STATEMENTS = (*sorted(DECLARATIONS), "allow", "if", "table", "concat", "add", "mul", "sub", "reuse")


def unknown_word(layer: tree.Layer, label: str | None, context: Context, text_of: Callable[[Span], str]) -> str | None:
    """A help for a layer whose word is neither a layer nor a block; ``text_of`` gives the text of a span."""
    name = layer.word
    if label is not None and label.lower() in STATEMENTS:
        label = label.lower()
        before = Span(name.span.file, max(0, name.span.start - 20), name.span.start)
        colon = re.search(r"\w+[ \t]*:[ \t]*\Z", text_of(before))
        text = f"`{label}` begins a statement: no colon stands after it"
        if colon is None or label != "net":
            return text
        start = name.span.start - len(colon.group())
        return Advice(text, Edit(Span(name.span.file, start, name.span.start), "net "))
    if name.text in BEHIND:
        return f"`{name.text}` stands behind its layer, in the same line"
    stem, digits = name.text, ""
    while stem and (stem[-1].isdigit() or (stem[-1] == "x" and digits)):
        stem, digits = stem[:-1], stem[-1] + digits
    place = Span(name.span.file, name.span.start, name.span.start + len(stem)) if digits else name.span
    help = (
        _as_net(layer)
        or _strided(layer, text_of)
        or _dilated(layer, text_of)
        or _pointwise(layer, text_of)
        or _detached(layer, text_of)
        or _grouped(layer, text_of)
        or _adaptive(layer)
        or _two_words(layer, context.program.blocks)
        or _reused(layer)
        or _looped(layer, text_of)
        or numbered(layer)
    )
    labelled = context.labels.has([name.text]) and layer.span == name.span
    help = help or ALONE.get(name.text)
    if help is None and not labelled:
        from netdsl.elaborate.helps.unheard_of import meant

        help = meant(layer, text_of) or elsewhere(name) or _underscored(name)
    from netdsl.syntax.helps.sums import ENTERING

    if help is None and name.text in ENTERING and layer.span == name.span and not labelled:
        help = "`id` is the tensor that enters a branch: `add { conv3-64 | id }`"
    help = (layer.span == name.span and _added(name, labelled, text_of)) or help
    if digits.startswith("x"):
        stem, digits = f"{stem}x", digits[1:]  # a misspelt letter, and no kernel
        place = Span(name.span.file, name.span.start, name.span.start + len(stem))
    if help is None and digits and (near := nearest(stem, [n for n in names() if takes_kernel(n)])) is not None:
        help = did_you_mean(stem, [near], place)
        assert help is not None
        text = f"did you mean `{near}{digits}`?"
        help = Advice(text, *help.edits) if isinstance(help, Advice) else text
    if help is None and labelled:
        tensor = f"the tensor of that label is `@{name.text}`"
        before = Span(name.span.file, max(0, name.span.start - 200), name.span.start)
        line = text_of(before).rpartition("\n")[2]
        if re.search(r"@[\w.]+[ \t]*,[ \t]*\Z", line) and context.labels.scoped(name.text):
            # Another tensor is there to be worked on: its modules are meant.
            text = f"`reuse {name.text}` applies the modules of that label again; {tensor}"
            help = Advice(text, Edit(name.span, f"reuse {name.text}"))
        else:
            help = Advice(tensor, Edit(name.span, f"@{name.text}"))
    help = help or did_you_mean(name.text, [*context.program.blocks, *names(), *STATEMENTS], name.span)
    help = help or partly(name.text, [*context.program.blocks], name.span)
    if help is None and name.text in context.env.visible():
        help = f"`{name.text}` is a value; a value stands in braces or after `=`"
        if isinstance(context.env.lookup(name.text), (str, Unknown)):
            help = f'`{name.text}` is a value, and no layer: `if {name.text} == "relu" {{ relu }}` chooses one'
    return help


def _added(name: tree.Name, known: bool, text_of: Callable[[Span], str]) -> str | None:
    """A help for a tensor's name behind a ``+``: ``conv3-64, relu + skip``."""
    from netdsl.syntax.helps.sums import said, summed

    first = max(0, name.span.start - 300)
    before = text_of(Span(name.span.file, first, name.span.start)).rpartition("\n")[2]
    after = text_of(Span(name.span.file, name.span.end, name.span.end + 100)).partition("\n")[0]
    made = summed(before, name.text, after, known=known)
    if made is None:
        return None
    row, start, text = made
    return Advice(said(row), Edit(name.span._replace(start=name.span.start - len(before) + start), text))


def unheard(layer: tree.Layer, shape: Shape | None, text_of: Callable[[Span], str]) -> str:
    """A help for a word that is like none: the layer that is written as this one is, and how a block is declared.

    ``shape`` is that of the tensor that enters.
    """
    digits = re.search(r"(\d[\dx]*)?\Z", layer.word.text)
    kernel = digits[0] if digits is not None else ""
    rest = text_of(layer.head._replace(start=layer.word.span.end))
    maps = shape is None or 2 <= len(shape) <= 4
    given = "(c)" if layer.span != layer.word.span else ""
    declares = f"`block {_short(layer.word.text)}{given} {{ … }}` declares a block"
    number = _number(layer)
    if number is not None and layer.word.text.lower() in HEADS:
        return f"a layer with {number} outputs is `fc-{number}`, and a label names it: `{layer.word.text}: fc-{number}`"
    values = [text_of(one.span) for one in layer.modifiers if isinstance(one, tree.Positional)]
    if 1 < len(values) <= 6 and len(values) == len(layer.modifiers) and layer.head == layer.word.span:
        own = ", ".join(("c", "n", "k", "m", "p", "q")[: len(values)])
        called = f"{_short(layer.word.text)}({', '.join(values)})"
        if all(map(str.isdigit, values)) and len(called) <= _LONGEST:
            return f"`block {_short(layer.word.text)}({own}) {{ … }}` declares a block, and `{called}` calls it"
    like = None
    if layer.channels is not None and (kernel or layer.kernel):
        like = f"conv{kernel}{rest}" if maps else None
    elif layer.channels is not None and layer.stride is None:
        like = f"fc{rest}"
    elif layer.channels is None and layer.stride is not None and kernel:
        like = f"maxpool{kernel}{rest}" if maps else None
    if like is None or len(like) > _LONGEST or not like.isprintable():
        return f"`netdsl ops` lists the layers, and {declares}"
    return f"a layer of this form is `{like}`, `netdsl ops` lists them all; {declares}"


def _number(layer: tree.Layer) -> int | None:
    """The one number that stands with a word: ``head 10``, ``head-10``."""
    count: object = layer.channels
    if count is None and len(layer.modifiers) == 1 and isinstance(layer.modifiers[0], tree.Positional):
        value = layer.modifiers[0].value
        count = value.parts[0] if isinstance(value, tree.Sizes) and len(value.parts) == 1 else None
    plain = isinstance(count, tree.Literal) and type(count.value) is int and layer.stride is None and not layer.kernel
    return count.value if plain and isinstance(count, tree.Literal) and isinstance(count.value, int) else None


def undeclared(call: tree.Call, blocks: Collection[str]) -> str:
    """A help for a call of a block like none: those that there are, and how this one would be declared."""
    parameters: list[str] = []
    for argument in call.arguments[:_LISTED]:
        name = argument.name.text if argument.name is not None else None
        if name is None and isinstance(argument.value, tree.Variable):
            name = argument.value.name
        others = [other for other in ("c", "n", "k", "m", "p", "q") if other not in parameters]
        parameters.append(name if name is not None and name not in parameters and len(name) < 12 else others[0])
    more = ", …" if len(call.arguments) > _LISTED else ""
    given = f"({', '.join(parameters)}{more})" if parameters else ""
    declares = f"`block {_short(call.name.text)}{given} {{ … }}` declares"
    if not blocks:
        return f"{declares} it"
    shown = ", ".join(f"`{_short(block)}`" for block in [*blocks][:_LISTED])
    more = " and others" if len(blocks) > _LISTED else ""
    return f"there {'is' if len(blocks) == 1 else 'are'} {shown}{more}; {declares} another"


def _short(name: str) -> str:
    """A name as a help repeats it, cut where it is long."""
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def declaring(word: str) -> str:
    """A help for a word that begins a declaration, in the midst of something else."""
    if word == "output":
        return "`as t` names a tensor here, and a line `output name { @t }` gives it out"
    if word == "style":
        return "a line of its own above the rows makes it the whole file's, one in a block that block's"
    if word == "input":
        return "a line `input name 3x224x224` declares one more, and `@name` takes it up here"
    return f"end what is open here, and begin a line of its own with `{word}`"


def _stem(word: str) -> tuple[str, str]:
    """A word without its underscores, and the rank or kernel at its end."""
    plain = word.lower().replace("_", "")
    stem = re.sub(r"(?:[123]d)?[0-9x]*$", "", plain)
    return stem, plain[len(stem) :]


def called_elsewhere(word: str) -> str | None:
    """What we call the layer that other tools have under this name."""
    stem, _ = _stem(word)
    return ELSEWHERE.get(stem) or (stem if re.search(r"[123]d$", word.lower()) and lookup(stem) else None)


def numbered(layer: tree.Layer) -> Advice | None:
    """A help for ``dense 10``: a layer of features under another name, with their number behind it."""
    ours = called_elsewhere(layer.word.text)
    op = lookup(ours) if ours is not None else None
    given = layer.modifiers[0] if len(layer.modifiers) == 1 else None
    parts = given.value.parts if isinstance(given, tree.Positional) and isinstance(given.value, tree.Sizes) else ()
    if op is None or op.syntax.kernel is not None or op.syntax.channels is None or layer.head != layer.word.span:
        return None
    if len(parts) != 1 or not isinstance(parts[0], tree.Literal) or type(parts[0].value) is not int or layer.suffixes:
        return None
    text = f"{ours}-{parts[0].value}"
    return Advice(f"here it is called `{ours}`: `{text}`", Edit(layer.span, text))


def elsewhere(word: tree.Name) -> str | None:
    """A help for a word that other tools have for one of our layers (``BatchNorm2d``), or that Python has for more."""
    plain = word.text.lower().replace("_", "")
    if word.text in PYTHON or (len(plain) > 5 and plain in PYTHON):
        return PYTHON.get(word.text) or PYTHON[plain]
    ours = called_elsewhere(word.text)
    if ours is None:
        stem, behind = _stem(word.text)
        return PYTHON.get(stem) if len(stem) > 5 and not re.match(r"[123]d", behind) else None
    kernel = re.sub(r"^[123]d", "", _stem(word.text)[1])
    written = ours + kernel if takes_kernel(ours) else ours
    return Advice(f"here it is called `{written}`", Edit(word.span, written))


def partly(word: str, blocks: Sequence[str], place: Span) -> Advice | None:
    """A help for a word that is a part of one block's name alone, or of whose parts that name is one."""
    if len(blocks) > _MOST_BLOCKS:
        return None
    parts = word.lower().split("_")
    found = [block for block in blocks if parts != [*block.lower().split("_")] and _shares(parts, block)]
    return Advice(f"did you mean `{found[0]}`?", Edit(place, found[0])) if len(found) == 1 else None


def _shares(parts: Sequence[str], block: str) -> bool:
    ours = block.lower().split("_")
    return bool(block) and (set(parts) <= set(ours) or set(ours) <= set(parts))


def as_join(op: type[Op], layer: tree.Layer, labels: Labels) -> str:
    """A help for a join without braces; ``add @skip`` is of that tensor and the one that is there."""
    tensors = []
    for modifier in layer.modifiers:
        if isinstance(modifier, tree.Positional) and isinstance(modifier.value, tree.Reference):
            tensors.append(tree.show_path(modifier.value.path))
        elif isinstance(modifier, tree.Flag) and labels.has([modifier.name.text]):
            tensors.append(modifier.name.text)
    if len(tensors) < len(layer.modifiers) or not tensors:
        return f"write `{op.keyword} {{ a | b }}`"
    names = [f"@{name}" for name in tensors]
    if len(names) == 1:
        names = [*names, "id"] if op.keyword == "concat" else ["id", *names]
    text = f"{op.keyword} {{ {' | '.join(names)} }}"
    return Advice(f"it is written `{text}`", Edit(layer.span, text))


def _as_net(layer: tree.Layer) -> str | None:
    """A help for ``network a`` and ``model "A"``."""
    word = layer.word
    if word.text.lower() not in ("network", "model", "architecture", "name") or not layer.modifiers:
        return None
    named = isinstance(layer.modifiers[0], tree.Flag)
    return (
        Advice("a net is named by `net`", Edit(word.span, "net")) if named else 'a net is named by `net name "title"`'
    )


def _two_words(layer: tree.Layer, blocks: Collection[str]) -> str | None:
    """A help for ``max pool`` and ``rel u``: a word of ours in two."""
    second = layer.modifiers[0] if layer.modifiers else None
    joined: tree.Name | None = second.name if isinstance(second, tree.Flag) else None
    if joined is not None and layer.span.start == layer.word.span.start and layer.head == layer.word.span:
        whole = f"{layer.word.text}{joined.text}"
        op = lookup(whole)
        known = f"{layer.word.text} {joined.text}".lower() in TWO_WORDS
        if not known and (whole in blocks or (op is not None and op.writable)):
            edit = Edit(layer.word.span.to(joined.span), whole)
            return Advice(f"no blank stands in a word: `{whole}`", edit)
    if isinstance(layer.channels, tree.Variable):
        joined = tree.Name(layer.channels.name, layer.channels.span)
    ours = TWO_WORDS.get(f"{layer.word.text} {joined.text}".lower()) if joined is not None else None
    if ours is None or joined is None or layer.kernel:
        return None
    return Advice(f"here it is called `{ours}`", Edit(layer.word.span.to(joined.span), ours))


def _reused(layer: tree.Layer) -> str | None:
    """A help for ``reuse @name``."""
    given = layer.modifiers[0] if len(layer.modifiers) == 1 else None
    if (
        layer.word.text != "reuse"
        or not isinstance(given, tree.Positional)
        or not isinstance(given.value, tree.Reference)
    ):
        return None
    path = tree.show_path(given.value.path)
    return Advice(f"the label stands alone: `reuse {path}`", Edit(given.span, path))


#: What another language repeats, where it can be read as a layer with values.
_LOOP = re.compile(
    r"(?:for[ \t]+\w+[ \t]+in[ \t]+(?:1[ \t]*\.\.)?|repeat[ \t]+|loop[ \t]+)[ \t]*(?P<count>\d+)(?:[ \t]+times)?[ \t]*"
    r"\{[ \t]*(?P<items>[^{}\n]{1,60}?)[ \t]*\}"
)


def _looped(layer: tree.Layer, text_of: Callable[[Span], str]) -> Advice | None:
    """A help for ``repeat 3 { conv3-16 }``, whose braces can be read as a value."""
    found = _LOOP.fullmatch(text_of(layer.span)) if layer.word.text in ("for", "repeat", "loop") else None
    if found is None:
        return None
    text = f"[{found['items']}] ×{found['count']}"
    return Advice(f"what repeats stands before its number: `{text}`", Edit(layer.span, text))


def _strided(layer: tree.Layer, text_of: Callable[[Span], str]) -> str | None:
    """A help for ``conv3s2-64``."""
    found = re.fullmatch(r"([A-Za-z]+?)(\d+(?:x\d+)?)s(\d)", layer.word.text)
    if found is None or not takes_kernel(found[1]) or layer.stride is not None:
        return None
    text = f"{found[1]}{found[2]}{text_of(layer.head._replace(start=layer.word.span.end))}/{found[3]}"
    return Advice(f"a stride stands after a `/`: `{text}`", Edit(layer.head, text))


def _dilated(layer: tree.Layer, text_of: Callable[[Span], str]) -> str | None:
    """A help for ``dilated_conv3-64``."""
    found = re.fullmatch(r"(?:dilated|atrous)_?conv(?:[123]d)?_?(\d[\dx]*)?", layer.word.text, re.IGNORECASE)
    if found is None:
        return None
    head = f"conv{found[1] or ''}{text_of(layer.head._replace(start=layer.word.span.end))}"
    if any(isinstance(given, tree.Attribute) and given.name.text == "dilation" for given in layer.modifiers):
        text = f"{head}{text_of(layer.span._replace(start=layer.head.end))}"
        return Advice(f"it is written `{text if len(text) < 60 else head}`", Edit(layer.head, head))
    return f"a dilation is an attribute: `{head} dilation=2`"


def _pointwise(layer: tree.Layer, text_of: Callable[[Span], str]) -> str | None:
    """A help for ``pw-32``."""
    if not re.fullmatch(r"(?:pw|pw_?conv|conv_?pw|pointwise(?:_?conv)?)", layer.word.text.lower()):
        return None
    if layer.channels is None or layer.kernel:
        return None
    head = f"conv1{text_of(layer.head._replace(start=layer.word.span.end))}"
    return Advice(f"a pointwise convolution has a kernel of 1: `{head}`", Edit(layer.word.span, "conv1"))


def _detached(layer: tree.Layer, text_of: Callable[[Span], str]) -> str | None:
    """A help for ``maxpool2, stride 2``, ``conv3-8, padding 1``: what belongs to the layer before it."""
    given = layer.modifiers[0] if len(layer.modifiers) == 1 and not layer.suffixes else None
    if layer.word.text not in ("stride", "padding", "pad") or not isinstance(given, tree.Positional):
        return None
    before = text_of(Span(layer.span.file, max(0, layer.span.start - 60), layer.span.start))
    found = re.search(r"(?<![\w.@-])([A-Za-z]+)\d[\dx]*(?:-\w+)?(?:/\w+)?([ \t]*,[ \t]*)\Z", before)
    op = lookup(found[1]) if found is not None else None
    value = text_of(given.span)
    if found is None or op is None or not value.isdecimal():
        return None
    slot = "stride" if layer.word.text == "stride" else "pad"
    if slot not in op.attributes() or (slot == "stride" and "/" in found.group()):
        return None
    part = f"/{value}" if slot == "stride" else f" pad={value}"
    start = layer.span.start - len(found[2])
    shown = f"{found.group()[: -len(found[2])]}{part}"
    return Advice(f"a {layer.word.text} stands at its layer: `{shown}`", Edit(layer.span._replace(start=start), part))


def _grouped(layer: tree.Layer, text_of: Callable[[Span], str]) -> str | None:
    """A help for ``groupconv3-64 g=4``."""
    found = re.fullmatch(r"(?:group(?:ed)?_?|g)conv(?:[123]d)?_?(\d[\dx]*)?", layer.word.text, re.IGNORECASE)
    if found is None:
        return None
    head = f"conv{found[1] or '3'}{text_of(layer.head._replace(start=layer.word.span.end)) or '-64'}"
    given = [text_of(one.value.span) for one in layer.modifiers if isinstance(one, tree.Attribute)]
    groups = given[0] if len(given) == 1 and given[0].isdigit() else "2"
    return f"groups are an attribute: `{head} groups={groups}`"


def _adaptive(layer: tree.Layer) -> str | None:
    """A help for ``adaptive_avg_pool 1``: a pooling by the size of its output."""
    found = re.fullmatch(r"adaptive_?(avg|max)_?pool(?:[123]d)?", layer.word.text.lower())
    if found is None or len(layer.modifiers) != 1:
        return None
    given = layer.modifiers[0]
    parts = given.value.parts if isinstance(given, tree.Positional) and isinstance(given.value, tree.Sizes) else ()
    sizes = [part.value for part in parts if isinstance(part, tree.Literal)]
    if not sizes or len(sizes) < len(parts) or layer.suffixes:
        return None
    text = (
        {"avg": "gap", "max": "gmp"}[found[1]] if {*sizes} == {1} else f"{found[1]}pool to={'x'.join(map(str, sizes))}"
    )
    return Advice(f"it is written `{text}`", Edit(layer.span, text))


def _underscored(word: tree.Name) -> str | None:
    """A help for ``conv3_64``: channels stand after a hyphen."""
    found = re.fullmatch(r"([A-Za-z]+)_?(\d+(?:x\d+)?)_(\d+)", word.text)
    if found is None or not takes_kernel(found[1]):
        return None
    text = f"{found[1]}{found[2]}-{found[3]}"
    return Advice(f"channels stand after a hyphen: `{text}`", Edit(word.span, text))


def as_call(layer: tree.Layer, parameters: Sequence[str], text_of: Callable[[Span], str]) -> str:
    """A help for a block that is written as a layer: its call, where what stands there can be arguments of it.

    ``parameters`` are those of the block, and ``text_of`` gives the text of a span.
    """
    name = layer.word.text
    parts: list[tuple[str, str]] = []
    if layer.kernel:
        parts += [("", text_of(part.span)) for part in layer.kernel]
    if layer.channels is not None:
        parts.append(("", text_of(layer.channels.span)))
    if layer.stride is not None:
        named = next((own for own in ("s", "stride") if own in parameters), None)
        parts.append((named or "?", text_of(layer.stride.span)))
    for modifier in layer.modifiers:
        if isinstance(modifier, tree.Flag):
            parts.append(("", modifier.name.text))
        elif isinstance(modifier, tree.Attribute):
            parts.append((modifier.name.text, text_of(modifier.value.span)))
        else:
            parts.append(("", text_of(modifier.span)))
    values = [re.sub(r"\A\{([^{}]*)\}\Z", r"\1", value).strip() for _, value in parts]
    fits = len(parts) <= len(parameters) and all(not key or key in parameters for key, _ in parts)
    plain = all(re.fullmatch(r"@?[\w.]+(?:[ \t]*[-+*/%][ \t]*\w+)*|\"[^\"]*\"", value) for value in values)
    if not parameters:
        return f"it takes none: `{_short(name)}` stands alone"
    if not parts or not fits or not plain or layer.suffixes:
        return f"`{name}(…)`"
    shown = ", ".join(f"{key}={value}" if key else value for (key, _), value in zip(parts, values, strict=True))
    text = f"{name}({shown})"
    return Advice(f"`{text}`", Edit(layer.span, text))


def takes_kernel(word: str) -> bool:
    """Whether a layer's word may end in its kernel."""
    op = lookup(word)
    return op is not None and op.syntax.kernel is not None
