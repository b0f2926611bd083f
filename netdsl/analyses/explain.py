"""One layer, or the layers of one scope, with the arithmetic behind their numbers.

The numbers are those of :mod:`netdsl.analyses.stats`; the rules come from the operators' ``formulas``, and where an
operator has none, from the shapes of its tensors and of its output.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from netdsl.analyses.cost import BYTES
from netdsl.analyses.names import Key, keys
from netdsl.analyses.paths import mapped
from netdsl.analyses.reach import AXES, Statement, reach
from netdsl.analyses.stats import Row, stats
from netdsl.analyses.view import see
from netdsl.ir.graph import Graph, Node, Scope
from netdsl.ir.op import Formula, Op, lookup
from netdsl.ir.print import show_value
from netdsl.ir.types import Shape, View, show_shape


class Given(NamedTuple):
    """What a layer was given: an attribute with its letter in the rules, if it has one, and where it came from.

    ``origin`` is ``written``, ``style``, ``bn`` (left out since batch norm follows), ``default``, or ``input`` for what
    follows from the tensor that enters; empty where it is not known, and for an input, which `--input` may set.
    """

    letter: str
    name: str
    value: str
    origin: str


class Layer(NamedTuple):
    """All about one node. ``inputs`` are the nodes whose tensors enter in this view.

    ``head`` is the layer whose style or suffix added it, None for one that is written itself. ``shared`` are the other
    nodes that apply its module, the first of all which has the parameters in the sums.
    """

    node: Node
    row: Row
    inputs: tuple[Node, ...]
    head: Node | None
    given: tuple[Given, ...]
    statements: tuple[Statement, ...]
    keys: tuple[Key, ...]
    shared: tuple[str, ...]

    def of(self, *quantities: str) -> tuple[Statement, ...]:
        """The statements about quantities, in their order; an axis after a quantity does not matter."""
        return tuple(each for each in self.statements if each.quantity.partition(" ")[0] in quantities)


class Member(NamedTuple):
    """A layer or scope directly inside a scope, with the sums of its layers."""

    name: str
    what: str
    layers: int
    shape: Shape
    params: int
    macs: int
    flops: int
    activations: int


class Group(NamedTuple):
    """All about a scope. ``total`` is the sum of its ``members``.

    ``enters`` and ``leaves`` are the rows of the layers whose tensors go in and come out, where the view has them.
    """

    scope: Scope
    members: tuple[Member, ...]
    total: Member
    enters: Row | None
    leaves: Row | None


# -- a layer ----------------------------------------------------------------------------------------------------------


def layer(graph: Graph, node: Node, view: View = "infer", origins: Mapping[str, str] | None = None) -> Layer | None:
    """All about a node, for one image; None where the view leaves it out.

    ``origins`` says where its attributes came from, as :class:`netdsl.elaborate.Compilation` has it.
    """
    rows = {row.name: row for row in stats(graph, view=view).layers}
    row = rows.get(node.name)
    if row is None:
        return None
    seen = see(graph, view)
    inputs = tuple(graph.nodes[at] for at in seen.inputs[node.index])
    mapping = [graph.nodes[at].name for at in mapped(graph, node, seen.inputs[node.index])]
    shapes = graph.input_shapes(node)
    formulas = list(node.op.formulas(shapes, node.shape))
    tensors = keys(graph, node)
    shared = [other.name for other in graph.nodes if other.module == node.module and other.module is not None]
    statements = [
        *_shape(node, shapes, formulas),
        *_cost(node, row, tensors, formulas),
        *reach(node, row, [rows[name] for name in mapping if name in rows], shapes),
    ]
    return Layer(
        node,
        row,
        inputs,
        graph.nodes[node.head] if node.head != node.index else None,
        tuple(_given(node, shapes, statements, origins or {})),
        tuple(statements),
        tensors,
        tuple(name for name in shared if name != node.name),
    )


def _times(numbers: Iterable[int]) -> str:
    return "·".join(f"{number:,}" for number in numbers) or "1"


def axes(shape: Shape) -> tuple[str, ...]:
    """What the axes of a tensor are called: ``channels``, ``height`` and ``width`` of a map of two."""
    if len(shape) == 1:
        return ("features",)
    return ("channels", *AXES.get(len(shape) - 1, tuple(f"axis{axis}" for axis in range(1, len(shape)))))


def _shape(node: Node, inputs: tuple[Shape, ...], formulas: list[Formula]) -> Iterator[Statement]:
    known = {formula.axis: formula for formula in formulas if formula.of == "shape"}
    for axis, (name, length) in enumerate(zip(axes(node.shape), node.shape, strict=True)):
        formula = known.get(axis)
        if formula is not None:
            yield Statement(name, length, formula.rule, formula.numbers, formula.says)
        else:
            stays = bool(inputs) and len(inputs[0]) == len(node.shape) and inputs[0][axis] == length
            yield Statement(name, length, says="as it enters" if stays else "")


def _cost(node: Node, row: Row, keys: tuple[Key, ...], formulas: list[Formula]) -> Iterator[Statement]:
    known = {formula.of: _bare(formula) for formula in formulas if formula.of != "shape"}
    owned = [key for key in keys if key.kind != "buffer"]
    if owned:
        count = sum(_count(key.shape) for key in owned)
        formula = known.get("params")
        numbers = formula.numbers if formula else " + ".join(_times(key.shape) for key in owned)
        remarks = [formula.says] if formula and formula.says else []
        if all(key.kind == "frozen" for key in owned):
            remarks.append("frozen: not trained, and not in the sum of the parameters")
        yield Statement("params", count, formula.rule if formula else "", numbers, "; ".join(remarks))
    if row.macs:
        formula = known["macs"] if "macs" in known else Formula("macs", "", "")
        yield Statement("macs", row.macs, formula.rule, formula.numbers, formula.says)
    work = row.flops - 2 * row.macs
    if row.macs:
        also = f" + {work:,}" if work else ""
        says = "a multiplication and an addition each" + (", and the arithmetic beside them" if work else "")
        yield Statement("flops", row.flops, "2·MACs" + " + work" * bool(work), f"2·{row.macs:,}{also}", says)
    elif work:
        yield _work(node, work, known.get("work"))
    if node.op.is_view:
        yield Statement("activations", row.activations, says="a view of what enters: no data moves")
    elif not row.activations:
        says = "its result takes the place of what enters, which nothing else needs"
        yield Statement("activations", 0, says=says)
    else:
        size = row.activations * BYTES
        yield Statement(
            "activations",
            row.activations,
            numbers=_times(node.shape) if len(node.shape) > 1 else "",
            says=f"elements that leave, together {size:,} bytes as 32-bit floats",
        )


def _bare(formula: Formula) -> Formula:
    """Without brackets around a single factor: `5·(C)` of a vector is `5·C`."""
    rule, numbers = (re.sub(r"(?<![a-z])\(([\w,]+)\)", r"\1", each) for each in (formula.rule, formula.numbers))
    return formula._replace(rule=rule, numbers=numbers)


def _work(node: Node, work: int, formula: Formula | None) -> Statement:
    if formula is not None:
        return Statement("flops", work, formula.rule, formula.numbers, formula.says)
    count = _count(node.shape)
    if work % count:
        return Statement("flops", work)
    each = work // count
    says = f"{each} operation{'' if each == 1 else 's'} for each element"
    return Statement("flops", work, numbers=f"{each}·({_times(node.shape)})", says=says)


def _count(shape: Shape) -> int:
    count = 1
    for length in shape:
        count *= length
    return count


def _given(
    node: Node, inputs: tuple[Shape, ...], statements: list[Statement], origins: Mapping[str, str]
) -> Iterator[Given]:
    used = {letter for statement in statements for letter in _letters(statement.rule)}
    if "C" in used:
        yield Given("C", "channels that enter", f"{inputs[0][0]:,}", "input")
    if "n" in used and len(inputs[0]) > 1:
        yield Given("n", "size that enters", show_shape(inputs[0][1:]), "input")
    op = node.op
    known = op.category != "input" and (not op.syntax.required or any(name in origins for name in op.syntax.required))
    shown = []
    for name, attribute in op.attributes().items():
        value = getattr(op, name)
        letter = op.letters.get(name, "")
        letter = letter if letter in used else ""
        said = name in origins or name == "bias" or letter
        if value is None or value == () or (value == attribute.default and not said):
            continue
        if value is False and attribute.default is False and _of_a_flag(op, name):
            continue  # which `valid` and its like say besides what they are for
        text = show_shape(value) if isinstance(value, tuple) else show_value(value)
        shown.append(Given(letter, name, text, origins.get(name, "default") if known else ""))
    yield from sorted(shown, key=lambda each: not each.letter)


def _of_a_flag(op: Op, name: str) -> bool:
    """Whether there is a flag that sets an attribute among others."""
    return any(name in sets and len(sets) > 1 for sets in op.syntax.flags.values())


def _letters(rule: str) -> list[str]:
    return [word.partition("_")[0] for word in re.findall(r"[A-Za-z_]+", rule)]


# -- a scope ----------------------------------------------------------------------------------------------------------


def group(graph: Graph, scope: Scope, view: View = "infer") -> Group | None:
    """The sums of a scope and of what stands directly in it, for one image; None where the view has nothing of it."""
    rows = {row.name: row for row in stats(graph, view=view).layers}
    inside: dict[int, int] = {}
    for other in graph.scopes[scope.index :]:
        if other.index == scope.index:
            inside[other.index] = other.index
        elif other.parent in inside:
            # A bracket or join without a name has its parent's path, and its members are its parent's.
            here = inside[other.parent] == scope.index
            named = other.path != graph.scopes[other.parent].path
            inside[other.index] = other.index if here and named else inside[other.parent]
    gathered: dict[tuple[str, int], list[Node]] = {}
    for node in graph.nodes:
        if node.scope in inside and node.name in rows:
            at = inside[node.scope]
            gathered.setdefault(("node", node.index) if at == scope.index else ("scope", at), []).append(node)
    if not gathered:
        return None
    members = []
    for (kind, index), nodes in gathered.items():
        if kind == "node":
            members.append(_member(nodes[0].name, nodes[0].op.keyword, nodes, rows, nodes[0].shape))
        else:
            of = graph.scopes[index]
            members.append(_member(of.path, _what(graph, of, nodes), nodes, rows, _leaving(graph, of, nodes)))
    every = [node for nodes in gathered.values() for node in nodes]
    total = _member(scope.path, _what(graph, scope, every), every, rows, _leaving(graph, scope, every))
    ends = (graph.nodes[at].name if at is not None else None for at in (scope.enters, scope.result))
    enters, leaves = (rows.get(name) if name is not None else None for name in ends)
    return Group(scope, tuple(members), total, enters, leaves)


def _member(name: str, what: str, nodes: list[Node], rows: Mapping[str, Row], shape: Shape) -> Member:
    of = [rows[node.name] for node in nodes]
    return Member(
        name,
        what,
        len(of),
        shape,
        sum(row.params for row in of),
        sum(row.macs for row in of),
        sum(row.flops for row in of),
        sum(row.activations for row in of),
    )


def _what(graph: Graph, scope: Scope, nodes: list[Node]) -> str:
    if scope.kind == "layer":
        # A layer that is built of several is known by its word alone: `sepconv` of its depthwise convolution.
        text = graph.sources[scope.span.file].text[scope.span.start :] if scope.span.file < len(graph.sources) else ""
        word = re.match(r"[a-z_]+", text.lower())
        written = lookup(word[0]) if word is not None else None
        return (written or type(graph.nodes[nodes[0].head].op)).keyword
    return scope.block or scope.kind


def _leaving(graph: Graph, scope: Scope, nodes: list[Node]) -> Shape:
    at = scope.result
    return graph.nodes[at].shape if at is not None else max(nodes, key=lambda node: node.index).shape
