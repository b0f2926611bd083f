"""One layer, or the layers of one scope, with the arithmetic behind their numbers.

The numbers are those of :mod:`netdsl.analyses.stats`; the rules come from the operators' ``formulas``, and where an
operator has none, from the shapes of its tensors and of its output.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple

from netdsl.analyses.cost import BYTES
from netdsl.analyses.paths import mapped
from netdsl.analyses.stats import Row, stats
from netdsl.analyses.view import see
from netdsl.ir.graph import Graph, Node, Scope
from netdsl.ir.op import Formula, Op, lookup
from netdsl.ir.print import show_value
from netdsl.ir.types import Shape, Step, View, show_shape

if TYPE_CHECKING:
    from netdsl.analyses.patterns import Number

#: What the axes of a map are called, by how many there are.
_AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}


class Statement(NamedTuple):
    """One number and how it comes about.

    ``quantity`` is an axis of the output (``channels``, ``height``, …; ``features`` of a vector), ``params``, ``macs``,
    ``flops``, ``activations``, or ``receptive_field``, ``jump`` and ``offset``, those with the axis of the net's input
    after a space (``jump height``) where it has several. In the rules of these three ``r′``, ``j′`` and ``a′`` are the
    field, the jump and the offset of the layer that enters. ``rule`` is in letters, ``numbers`` the same with numbers;
    both are empty where there is nothing to compute. ``says`` is a remark.
    """

    quantity: str
    value: Number
    rule: str = ""
    numbers: str = ""
    says: str = ""


class Given(NamedTuple):
    """What a layer was given: an attribute with its letter in the rules, if it has one, and where it came from.

    ``origin`` is ``written``, ``style``, ``bn`` (left out since batch norm follows), ``default``, or ``input`` for what
    follows from the tensor that enters; empty where it is not known.
    """

    letter: str
    name: str
    value: str
    origin: str


class Key(NamedTuple):
    """One tensor of a layer in a checkpoint. ``kind`` is ``trained``, ``frozen`` or ``buffer``."""

    key: str
    shape: Shape
    kind: Literal["trained", "frozen", "buffer"]


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


# -- names ------------------------------------------------------------------------------------------------------------


class Names(NamedTuple):
    """What a label may stand for. ``found`` is one thing, or None; ``like`` are longer names that end so."""

    found: Node | Scope | None
    like: tuple[str, ...] = ()


def find(graph: Graph, label: str) -> Names:
    """The layer, scope or tensor of a name: a module, a scope's path, a key, a tensor, an input or an output.

    ``@name`` is a tensor. The end of a dotted name is enough where only one name ends so, and the name of a block where
    it is called once.
    """
    tensors = _tensors(graph)
    if label.startswith("@"):
        name = label[1:]
        return Names(tensors[name]) if name in tensors else _by_end(name, tensors)
    modules: dict[str, Node | Scope] = {}
    for node in graph.nodes:
        modules.setdefault(node.name, node)
        if node.module is not None:
            modules.setdefault(node.module, node)
    for scope in graph.scopes[1:]:
        modules.setdefault(scope.path, scope)
    for known in (modules, tensors, _of_keys(graph)):
        if label in known:
            return Names(known[label])
    found = _by_end(label, {**tensors, **modules})
    if not found.like and len(calls := calls_of(graph, label)) == 1:
        return Names(calls[0])
    return found


def calls_of(graph: Graph, block: str) -> tuple[Scope, ...]:
    """The scopes of a block's calls, in the order of the net."""
    return tuple(scope for scope in graph.scopes if scope.block == block)


def names(graph: Graph) -> Iterator[str]:
    """Every name that :func:`find` knows, keys left out."""
    for node in graph.nodes:
        yield node.name
    for scope in graph.scopes[1:]:
        yield scope.path
    yield from _tensors(graph)


def _tensors(graph: Graph) -> dict[str, Node | Scope]:
    found: dict[str, Node | Scope] = {}
    for node in graph.nodes:
        if node.label is not None:
            path = graph.scopes[node.scope].path
            found.setdefault(f"{path}.{node.label}" if path else node.label, node)
    for output in graph.outputs:
        found.setdefault(output.name, graph.nodes[output.node])
    return found


def _of_keys(graph: Graph) -> dict[str, Node | Scope]:
    found: dict[str, Node | Scope] = {}
    for node in graph.nodes:
        for key in _keys(graph, node):
            found.setdefault(key.key, node)
    return found


def keys_of(graph: Graph, node: Node) -> tuple[str, ...]:
    """The keys of a layer in a checkpoint."""
    return tuple(key.key for key in _keys(graph, node))


def _by_end(label: str, known: Mapping[str, Node | Scope]) -> Names:
    like = {name: thing for name, thing in known.items() if name.endswith(f".{label}")}
    things = {id(thing): thing for thing in like.values()}
    return Names(next(iter(things.values())) if len(things) == 1 else None, tuple(like))


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
    keys = _keys(graph, node)
    shared = [other.name for other in graph.nodes if other.module == node.module and other.module is not None]
    statements = [
        *_shape(node, shapes, formulas),
        *_cost(node, row, keys, formulas),
        *_reach(node, row, [rows[name] for name in mapping if name in rows], shapes),
    ]
    return Layer(
        node,
        row,
        inputs,
        graph.nodes[node.head] if node.head != node.index else None,
        tuple(_given(node, shapes, statements, origins or {})),
        tuple(statements),
        keys,
        tuple(name for name in shared if name != node.name),
    )


def _keys(graph: Graph, node: Node) -> tuple[Key, ...]:
    if node.module is None:
        return ()
    found = []
    for tensor in node.op.tensors(graph.input_shapes(node)):
        key = f"{node.module}.{tensor.name}" if tensor.name else node.module
        found.append(Key(key, tensor.shape, "buffer" if tensor.buffer else "trained" if tensor.trainable else "frozen"))
    return tuple(found)


def _times(numbers: Iterable[int]) -> str:
    return "·".join(f"{number:,}" for number in numbers) or "1"


def axes(shape: Shape) -> tuple[str, ...]:
    """What the axes of a tensor are called: ``channels``, ``height`` and ``width`` of a map of two."""
    if len(shape) == 1:
        return ("features",)
    return ("channels", *_AXES.get(len(shape) - 1, tuple(f"axis{axis}" for axis in range(1, len(shape)))))


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
    known = not op.syntax.required or any(name in origins for name in op.syntax.required)
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


# -- receptive field --------------------------------------------------------------------------------------------------


def _reach(node: Node, row: Row, inputs: list[Row], shapes: tuple[Shape, ...]) -> Iterator[Statement]:
    """``inputs`` are those whose places the layer's own are made of: a gate is none."""
    if row.receptive_field is None or row.jump is None or row.offset is None:
        return
    steps = node.op.steps(shapes)
    rank = len(row.receptive_field)
    words = [f" {axis}" for axis in _AXES.get(rank, map(str, range(rank)))] if rank > 1 else [""]
    for axis, word in enumerate(words):
        here = row.receptive_field[axis], row.jump[axis], row.offset[axis]
        before = [
            (each.receptive_field[axis], each.jump[axis], each.offset[axis])
            for each in inputs
            if each.receptive_field and each.jump and each.offset and len(each.receptive_field) == rank
        ]
        step = steps[axis] if steps is not None and len(steps) == rank else None
        same_axes = bool(shapes) and rank + 1 == len(node.shape) == len(shapes[0])
        sizes = (shapes[0][axis + 1], node.shape[axis + 1]) if same_axes else (0, 0)
        for statement in _along(here, before, step, steps is None, sizes):
            yield statement._replace(quantity=statement.quantity + word)


#: Extent, jump and offset along an axis.
_Along = tuple["Number", "Number", "Number"]


def _along(
    here: _Along, before: list[_Along], step: Step | None, alone: bool, sizes: tuple[int, int]
) -> tuple[Statement, ...]:
    """``sizes`` are those of the axis before and after the layer."""
    size, jump, start = here
    if not before:
        return Statement("receptive_field", size), Statement("jump", jump), Statement("offset", start)
    if len(before) > 1:
        return _joined(here, before)
    if alone and before[0] == here:
        says = "each element sees what the one in its place sees"
        return Statement("receptive_field", size, says=says), Statement("jump", jump), Statement("offset", start)
    if step is None or step.windows or step.upscale != 1 or step.whole:
        return _resized(here, before[0], step, sizes)
    return _windowed(here, before[0], step)


def _joined(here: _Along, before: list[_Along]) -> tuple[Statement, ...]:
    size, jump, start = here
    sizes = ", ".join(dict.fromkeys(str(each[0]) for each in before))
    says = "of the branch that sees most" if size == max(each[0] for each in before) else "of all branches together"
    if len(set(before)) == 1:
        return (
            Statement("receptive_field", size, says="the same in each branch"),
            Statement("jump", jump),
            Statement("offset", start),
        )
    return (
        Statement("receptive_field", size, says=f"{says}: {sizes}"),
        Statement("jump", jump),
        Statement("offset", start),
    )


_TRACED = "of the element that sees most, traced element by element"


def _resized(here: _Along, before: _Along, step: Step | None, sizes: tuple[int, int]) -> tuple[Statement, ...]:
    """Of a layer that enlarges its input, fits windows to it, or sees all of it."""
    (size, jump, start), (size_in, jump_in, _) = here, before
    (n, m), inside = sizes, _bracketed(jump_in)
    says = "all of what enters" if step is not None and step.whole else _TRACED
    field = Statement("receptive_field", size, says=says)
    most = step.size if step is not None else 0
    if step is not None and size_in + (most - 1) * jump_in == size:
        letter = "n" if step.whole else "q"
        if not step.whole:
            says = "q being how many elements of what enters lie from the first to the last that one sees"
        numbers = f"{size_in} + ({most} − 1)·{inside}"
        field = Statement("receptive_field", size, f"r′ + ({letter} − 1)·j′", numbers, says)
    far = Statement("jump", jump)
    if step is not None and step.stride == 1 < step.upscale and jump * step.upscale == jump_in:
        far = Statement("jump", jump, "j′/s", f"{inside}/{step.upscale}")
    elif m and jump * m == jump_in * n:
        far = Statement("jump", jump, "j′·n/m", f"{inside}·{n}/{m}", "m being the size that leaves")
    elif m > 1 and jump * (m - 1) == jump_in * (n - 1):
        numbers = f"{inside}·({n} − 1)/({m} − 1)"
        far = Statement("jump", jump, "j′·(n − 1)/(m − 1)", numbers, "m being the size that leaves")
    return field, far, Statement("offset", start)


def _windowed(here: _Along, before: _Along, step: Step) -> tuple[Statement, ...]:
    """By the recurrence for windows where it is what the analysis found, else in words."""
    (size, jump, start), (size_in, jump_in, start_in) = here, before
    taps, apart = (step.size - 1) // step.spacing + 1, step.spacing
    rule, numbers = "r′ + (k − 1)·j′", f"{size_in} + ({taps} − 1)·{_bracketed(jump_in)}"
    if apart > 1:
        rule, numbers = "r′ + d·(k − 1)·j′", f"{size_in} + {apart}·({taps} − 1)·{_bracketed(jump_in)}"
    field = Statement("receptive_field", size, says=_TRACED)
    far, first = Statement("jump", jump, says=_TRACED), Statement("offset", start, says=_TRACED)
    if size_in + (step.size - 1) * jump_in == size:
        field = Statement("receptive_field", size, rule, numbers)
    if jump_in * step.stride == jump:
        far = Statement("jump", jump, "j′·s", f"{_bracketed(jump_in)}·{step.stride}")
    if start_in - step.pad * jump_in == start:
        numbers = f"{signed(start_in)} − {_bracketed(step.pad)}·{_bracketed(jump_in)}"
        first = Statement("offset", start, "a′ − p·j′", numbers)
    return field, far, first


def _bracketed(number: Number) -> str:
    return signed(number) if isinstance(number, int) and number >= 0 else f"({signed(number)})"


def signed(number: Number) -> str:
    """A number with a minus as wide as a plus."""
    return f"−{-number}" if number < 0 else str(number)


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
