"""What is said of declarations that go wrong, and what helps."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from netdsl.diagnostics import Advice, Diagnostic, Edit, Note, Span
from netdsl.elaborate.values import Stop, stop
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


def circle(chain: list[tree.Variant], name: str) -> Stop:
    """The complaint about variants that are built on one another, the same for each of them."""
    around = chain[[variant.name.text for variant in chain].index(name) :]
    first = min(range(len(around)), key=lambda place: around[place].name.span)
    around = around[first:] + around[:first]
    message = f"the variant `{around[0].name.text}` is built on itself"
    if len(around) > 1:
        message += ", by way of " + " and ".join(f"`{variant.name.text}`" for variant in around[1:])
    notes = tuple(Note(v.base.span, f"`{v.name.text}` is built on it") for v in around if v.base is not None)
    return stop("ND223", message, around[0].name.span, notes=notes)


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
    shown = [f"`{name}`" for name in names]
    return ", ".join(shown[:most]) + (" and others" if len(shown) > most else "")


def listed(names: Collection[str], none: str, most: int = 12) -> str:
    """A help that lists what there is: ``there are `a`, `b```; ``none`` where there is nothing."""
    return f"there {'is' if len(names) == 1 else 'are'} {named(names, most)}" if names else none
