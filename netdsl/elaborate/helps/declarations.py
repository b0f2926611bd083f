"""What is said of declarations that go wrong, and what helps."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from netdsl.diagnostics import Advice, Diagnostic, Edit, Note, Span
from netdsl.elaborate.expressions import show
from netdsl.elaborate.values import Env, Stop, stop
from netdsl.syntax import tree
from netdsl.syntax.walk import walk


def renamed(syntax: tree.Block, calls: Mapping[str, Sequence[Span]]) -> str:
    """A help for a block that is called like a layer: another name, here and where it is called (``calls``)."""
    name = syntax.name.text
    other = f"{name}_block"
    places = [syntax.name.span, *calls.get(name, ())]
    text = f"call the block otherwise, as `{other}`"
    if not syntax.parameters or len(places) < 2 or other in calls:
        return text  # a bare word may be meant for the layer
    return Advice(text, *(Edit(place, other) for place in places))


#: A help for a style in an output.
OF_A_BLOCK = "above the rows it is of the whole file; a block of these layers may begin with a style of its own"
#: The longest condition that a help repeats.
_LONGEST = 40


def choosing(style: tree.Style, body: tree.Body, around: tree.If, text_of: Callable[[Span], str]) -> str:
    """A help for a style in a ``body`` of an ``if``: the ``if`` stands in the style, as it would be written."""
    condition, items = text_of(around.condition.span), style.row.items
    bare = isinstance(items[0].core, tree.Layer) and text_of(items[0].span) == "_"
    rest = text_of(style.row.span._replace(start=items[1].span.start)) if bare and len(items) > 1 else ""
    whole = f"style {style.word.text} = _, if {condition} {{ {rest} }}"
    plain = rest and len(whole) < 2 * _LONGEST and whole.isprintable() and not re.search(r"[`#]|\b(?:i|in)\b", whole)
    if body is not around.then or not plain:
        return f"the `if` stands in the style: `style {style.word.text} = _, if … {{ … }}`"
    return f"the `if` stands in the style: `{whole}`"


def as_value(name: str, env: Env) -> str:
    """A help for a value that is written as a tensor, ``@n``: where a value like it stands."""
    value = env.lookup(name)
    if isinstance(value, str):
        text = show(value) if len(value) <= _LONGEST and value.isprintable() and "`" not in value else '"…"'
        return f"a value has no `@`: `if {name} == {text} {{ … }}` asks for it"
    if isinstance(value, bool):
        return f"a value has no `@`: `if {name} {{ … }}` asks for it"
    return f"a value has no `@`: in a layer it stands in braces, `{{{name}}}`"


def whole_line(span: Span, text: str) -> Span:
    """A statement with the end of its line, where it has the line for itself."""
    alone = text[span.end : span.end + 1] == "\n" and (not span.start or text[span.start - 1] == "\n")
    return span._replace(end=span.end + alone)


def unlike(name: str, others: Collection[str]) -> str:
    """A name like another one that none of ``others`` has."""
    return next(f"{name}-{number}" for number in itertools.count(2) if f"{name}-{number}" not in others)


def circle(chain: list[tree.Variant], name: str) -> Stop:
    """The complaint about variants that are built on one another, the same for each of them."""
    around = chain[[variant.name.text for variant in chain].index(name) :]
    first = min(range(len(around)), key=lambda place: around[place].name.span)
    around = around[first:] + around[:first]
    first_name, base = around[0].name, around[0].base
    assert base is not None
    message = f"the variant `{first_name.text}` is built on itself"
    help: str = Advice(
        f"without `= {base.text}` it is built on the parameters' defaults",
        Edit(Span(base.span.file, first_name.span.end, base.span.end), ""),
    )
    if len(around) > 1:
        help = f"one of them is built on none: `variant {first_name.text}: …`, without `= {base.text}`"
        message += ", by way of " + " and ".join(f"`{variant.name.text}`" for variant in around[1:])
    notes = tuple(Note(v.base.span, f"`{v.name.text}` is built on it") for v in around if v.base is not None)
    return stop("ND223", message, first_name.span, help=help, notes=notes)


def at_file_level(expression: tree.Expression, said: Diagnostic, later: Mapping[str, Span]) -> Diagnostic:
    """What is said of a parameter's value, where that is of one declared later (``later``: where), or of a tensor."""
    for node in walk(expression):
        if said.code == "ND203" and isinstance(node, tree.Variable) and node.span == said.span and node.name in later:
            notes = (Note(later[node.name], "declared here, after it"),)
            return said._replace(notes=notes, help="a parameter is computed from those before it")
        if said.code == "ND220" and isinstance(node, tree.Member):
            help = f"a block's parameter may have it by default: `block name(c = {node.owner.text}.{node.field.text})`"
            return said._replace(help=help)
    return said


#: How many names a help lists.
MAX_LISTED = 12


def named(names: Iterable[str], most: int = 12) -> str:
    """Names one after another, and that there are others: ``` `a`, `b` and others```."""
    shown = [f"`{name}`" for name in itertools.islice(names, most + 1)]
    return ", ".join(shown[:most]) + (" and others" if len(shown) > most else "")


def listed(names: Collection[str], none: str, most: int = 12) -> str:
    """A help that lists what there is: ``there are `a`, `b```; ``none`` where there is nothing."""
    return f"there {'is' if len(names) == 1 else 'are'} {named(names, most)}" if names else none
