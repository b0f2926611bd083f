"""What is wrong between a checkpoint and a net, in words, one diagnostic for each place of the spec."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from netdsl.diagnostics import Diagnostic, NetdslError, Note, Span, shortened
from netdsl.diagnostics.files import shown
from netdsl.elaborate import LIMITS
from netdsl.ir.graph import Graph, Node
from netdsl.ir.types import Shape, show_shape
from netdsl.runtime.correspond import correspond
from netdsl.runtime.explain_help import Content, content, kind_help, missing_help, nothing_help, pattern_of, shape_help
from netdsl.runtime.keymap import literal
from netdsl.runtime.keymap_advice import line
from netdsl.runtime.moved import Move, lacking, moves, prefixes, strange
from netdsl.runtime.slots import Slot, axes
from netdsl.runtime.weights import Comparison, Row, compare


def explain(comparison: Comparison) -> list[Diagnostic]:
    """Every problem, gathered by the line of the spec that owns the keys: ND405 to ND408 and ND412, by place."""
    moved = moves(comparison)
    said = {id(row) for move in moved for row in (*move.rows, *move.strange)}
    found = [*_shapes(comparison), *_moved(comparison, moved)]
    found += [*_missing(comparison, said), *_unexpected(comparison, said)]
    return sorted(found, key=lambda problem: problem.span or Span(0, 0, 0))


class Fitting(NamedTuple):
    """A variant that a checkpoint fits whole: as it is, or under other names."""

    variant: str
    renamed: bool = False


def in_one(comparison: Comparison, make: Callable[[str], Graph | None] | None = None) -> Diagnostic | None:
    """The one thing that is wrong where it is one: another variant that fits whole (ND409), or other names (ND412).

    ``make`` compiles another variant of the spec, where there is more than the graph; None is one that cannot be
    compiled as it was asked for.
    """
    if comparison.fits:
        return None
    if convertible(comparison):
        return _other_names(comparison)
    fitting = [] if make is None else _other_variants(comparison, make)
    return _another_variant(comparison, fitting) if fitting else None


#: The most variants that are tried, and after how many nodes in all no other is.
_MOST, _NODES = 40, 2 * LIMITS.nodes
#: Below this share of tensors that match, a checkpoint may well be another variant's.
_FEW = 0.9


def share(comparison: Comparison) -> str:
    """``122 of 320 tensors match (38 %)``: of those that the net wants."""
    wanted = sum(row.slot is not None and row.status != "idle" for row in comparison.rows)
    count = len(comparison.matched)
    return f"{count:,} of {_tensors(wanted)} match ({100 * count // max(wanted, 1)} %)"


def better_variant(comparison: Comparison, make: Callable[[str], Graph | None]) -> str | None:
    """A sentence on the variant that takes most of a checkpoint which this net takes little of; None where none does
    better. ``make`` is as in :func:`in_one`."""
    graph, stored = comparison.graph, len(comparison.checkpoint.stored)
    wanted = sum(row.slot is not None for row in comparison.rows)
    if len(comparison.matched) >= _FEW * max(wanted, stored) or len(graph.variants) > _MOST:
        return None
    best: Comparison | None = None
    for other in _variants(graph, make):
        held = compare(other, comparison.checkpoint, like=comparison)
        if _likeness(held) > _likeness(comparison if best is None else best):
            best = held
    if best is None or 2 * len(best.matched) < len(best.matched) + len(best.problems):
        return None  # the checkpoint is none of these
    name = f"{_file(graph) or ''}:{best.graph.variant}" if _file(graph) else f"variant {best.graph.variant}"
    return f"`{name}` fits better: {share(best)}"


def _variants(graph: Graph, make: Callable[[str], Graph | None]) -> Iterator[Graph]:
    """The other variants of a spec, as many as are soon compiled; none where there are too many to try."""
    nodes = 0
    for variant in graph.variants if len(graph.variants) <= _MOST else ():
        if nodes > _NODES:
            return
        other = make(variant) if variant != graph.variant else None
        nodes += len((other or graph).nodes)
        if other is not None:
            yield other


def _likeness(comparison: Comparison) -> tuple[int, int]:
    """How much of a checkpoint a net takes, and how little is left of either."""
    return len(comparison.matched), -len(comparison.problems)


def _other_variants(comparison: Comparison, make: Callable[[str], Graph | None]) -> list[Fitting]:
    graph = comparison.graph
    found = []
    for other in _variants(graph, make):
        held = compare(other, comparison.checkpoint, like=comparison)
        if held.fits or convertible(held):
            found.append(Fitting(str(other.variant), not held.fits))
    return [fit for fit in found if not fit.renamed] or found


def _another_variant(comparison: Comparison, fitting: Sequence[Fitting]) -> Diagnostic:
    graph, checkpoint = comparison.graph, comparison.checkpoint
    these = _names((fit.variant for fit in fitting), 4)
    this = _quoted(graph.variant) if graph.variant is not None else "none"
    whose = "another variant" if len(fitting) == 1 else "other variants"
    under = ", under other names" if fitting[0].renamed else ""
    message = f"this checkpoint is of {whose}: its {_tensors(len(checkpoint.stored))} all fit {these}{under}, "
    help = f"`{_file(graph)}:{fitting[0].variant}`" if _file(graph) else f"`variant={fitting[0].variant!r}`"
    return Diagnostic("ND409", f"{message}and {this} was asked for", graph.scopes[0].span, help)


def _other_names(comparison: Comparison) -> Diagnostic:
    from netdsl.runtime.convert import convert
    from netdsl.runtime.keymap import summarise

    graph, checkpoint = comparison.graph, comparison.checkpoint
    asked = f"{_file(graph) or 'FILE'}{f':{graph.variant}' if graph.variant is not None else ''}"
    help = f"`netdsl weights convert {shown(asked)} {shown(checkpoint.name)} -o OUT.safetensors` "
    try:
        pairs = convert(comparison).pairs
    except NetdslError:
        help += "pairs them, and asks for a key map where that is in doubt"
    else:
        widest = max(summarise({pair.source: pair.target for pair in pairs}), key=lambda line: line.tensors)
        help += f"renames them, such as {_quoted(widest.source)} to {_quoted(widest.target)}"
    message = f"this checkpoint has other names: each of its {_tensors(len(checkpoint.stored))} is one of the net's by "
    return Diagnostic("ND412", f"{message}shape and place", graph.scopes[0].span, help)


def _file(graph: Graph) -> str | None:
    name = graph.sources[0].name if graph.sources else ""
    return name if name.endswith(".net") or name.startswith("zoo:") else None


def convertible(comparison: Comparison) -> bool:
    """Whether each tensor of either side has a partner of its shape on the other, under another name."""
    stored = comparison.checkpoint.stored
    if not any(row.status == "unexpected" for row in comparison.rows):
        return False
    source = {new: stored[key].shape for key, new in comparison.renamed.items() if new is not None}
    target = {row.key: row.slot.shape for row in comparison.rows if row.slot is not None and row.status != "idle"}
    return not correspond(source, target, ordered=comparison.checkpoint.ordered).left


# -- places -----------------------------------------------------------------------------------------------------------


def _head(graph: Graph, node: Node) -> Node:
    return graph.nodes[node.head]


def _trace(graph: Graph, node: Node) -> tuple[Note, ...]:
    """The calls of blocks around a node, innermost first."""
    notes = []
    for index in graph.ancestors(node.scope):
        scope = graph.scopes[index]
        if scope.kind == "block":
            text = " ".join(graph.sources[scope.span.file].text[scope.span.start : scope.span.end].split())
            notes.append(Note(scope.span, f"in `{text}`" if len(text) <= 60 else f"in {_quoted(scope.block or '')}"))
    return tuple(notes[:4])


class _Places:
    """Where in the spec a path of modules was written."""

    def __init__(self, comparison: Comparison) -> None:
        self.graph = comparison.graph
        self.scopes = {scope.path: scope for scope in reversed(self.graph.scopes)}
        self.nodes: dict[str, Node] = {}
        for row in comparison.rows:
            if row.slot is not None and row.slot.node.module is not None:
                self.nodes.setdefault(row.slot.node.module, row.slot.node)

    def span(self, path: str) -> Span:
        if path in self.nodes:
            return _head(self.graph, self.nodes[path]).span
        while path not in self.scopes:
            path = path.rpartition(".")[0]
        return self.scopes[path].span


def _quoted(name: str) -> str:
    return f"`{shortened(name)}`"


def _names(paths: Iterable[str], most: int = 3) -> str:
    quoted = [_quoted(path) for path in paths]
    if len(quoted) > most + 1:
        return f"{', '.join(quoted[:most])} and {len(quoted) - most:,} more"
    return "".join(quoted) if len(quoted) < 2 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def _tensors(count: int) -> str:
    return f"{count:,} tensor{'' if count == 1 else 's'}"


def _sizes(shape: Shape) -> str:
    return show_shape(shape) if shape else "a single number"


# -- other shapes -----------------------------------------------------------------------------------------------------


def _shapes(comparison: Comparison) -> list[Diagnostic]:
    graph = comparison.graph
    groups: dict[Span, list[Row]] = {}
    for row in comparison.rows:
        if row.status in ("shape", "kind") and row.slot is not None:
            groups.setdefault(_head(graph, row.slot.node).span, []).append(row)
    return [_shape(comparison, rows) for rows in groups.values()]


def _shape(comparison: Comparison, rows: list[Row]) -> Diagnostic:
    graph = comparison.graph
    first = rows[0]
    slot, stored = first.slot, first.stored
    assert slot is not None and stored is not None
    span = _head(graph, slot.node).span
    modules = list(dict.fromkeys(row.slot.node.module for row in rows if row.slot is not None))
    trace = _trace(graph, slot.node) if len({m and m.rpartition(".")[0] for m in modules}) == 1 else ()
    if first.status == "kind":
        what = f"no plain array of {stored.dtype} ({stored.form})" if stored.form else stored.dtype
        message = f"{_quoted(first.key)} is {what} in the checkpoint, and weights are floating-point numbers"
        return Diagnostic("ND408", message + _more(rows), span, kind_help(stored), trace=trace)
    message = f"{_quoted(first.key)} is {_sizes(stored.shape)} in the checkpoint and {_sizes(slot.shape)} in the net"
    notes = () if not (said := _axes(slot, stored.shape)) else (Note(span, said),)
    return Diagnostic("ND407", message + _more(rows), span, shape_help(comparison, first), notes, trace)


def _more(rows: list[Row]) -> str:
    """What else of this place does not fit: in the same module by shape, in others by name."""
    first = rows[0].slot
    assert first is not None
    same = [row for row in rows[1:] if row.slot is not None and row.slot.node.module == first.node.module]
    said = ""
    if len(same) == len(rows) - 1 <= 2:
        for row in same:
            if row.slot is not None and row.stored is not None and row.status == "shape":
                said += f", {_quoted(row.key)} {_sizes(row.stored.shape)} and {_sizes(row.slot.shape)}"
        return said
    others = list(dict.fromkeys(row.slot.node.module or "" for row in rows[1:] if row.slot is not None))
    return f"; {_tensors(len(rows) - 1)} more of {_names(others)} differ{'s' if len(rows) == 2 else ''} too"


def _axes(slot: Slot, shape: Shape) -> str:
    names = axes(slot)
    if len(shape) != len(slot.shape):
        return f"{len(shape)} ax{'is' if len(shape) == 1 else 'es'} in the checkpoint, {len(slot.shape)} here"
    triples = list(zip(names, shape, slot.shape))
    said = "; ".join(
        f"{name} {have:,} in the checkpoint, {want:,} here" for name, have, want in triples if have != want
    )
    same = ", ".join(f"{name} {want:,}" for name, have, want in triples if have == want)
    return f"{said} ({same} in both)" if same else said


# -- other names ------------------------------------------------------------------------------------------------------


def _moved(comparison: Comparison, moved: Sequence[Move]) -> list[Diagnostic]:
    """One diagnostic for all scopes in which a name became another."""
    alike: dict[tuple[str, str], list[Move]] = {}
    for move in moved:
        alike.setdefault((move.old.rpartition(".")[2], move.new.rpartition(".")[2]), []).append(move)
    places = _Places(comparison)
    return [_renamed(places, group) for group in alike.values()]


def _renamed(places: _Places, group: Sequence[Move]) -> Diagnostic:
    first = group[0]
    message = f"{_quoted(first.new)} is called {_quoted(first.old)} in the checkpoint, by the names and shapes in it: "
    message += _tensors(sum(len(move.rows) for move in group))
    if len(group) > 1:
        message += f", with those of {_names((move.new for move in group[1:]), 2)}"
    made = line(f"{literal(first.old)}.**", f"{literal(first.new)}.**")
    return Diagnostic("ND412", message, places.span(first.new), f"a line {made} of a key map says so")


# -- missing ----------------------------------------------------------------------------------------------------------


def _unknown(comparison: Comparison) -> bool:
    """Whether no key of the checkpoint is one of the net's."""
    return not any(row.source is not None for row in comparison.rows if row.slot is not None)


def _missing(comparison: Comparison, said: set[int]) -> list[Diagnostic]:
    graph = comparison.graph
    absent = [row for row in comparison.rows if row.status == "missing"]
    if absent and not said and _unknown(comparison):
        return [_nothing(comparison, absent)]
    places = _Places(comparison)
    units = {whole: rows for whole, rows in lacking(comparison).items() if id(rows[0]) not in said}
    groups: dict[Span, dict[str, list[Row]]] = {}
    for whole, rows in units.items():
        slot = rows[0].slot
        assert slot is not None
        span = places.span(whole) if whole != rows[0].key else _head(graph, slot.node).span
        groups.setdefault(span, {})[whole] = rows
    others: dict[Content, list[str]] = {}
    for unit, rows in strange(comparison).items():
        if id(rows[0]) not in said:
            others.setdefault(content(unit, rows), []).append(unit)
    return [_lack(comparison, span, found, others) for span, found in groups.items()]


def _lack(
    comparison: Comparison, span: Span, units: dict[str, list[Row]], others: dict[Content, list[str]]
) -> Diagnostic:
    graph = comparison.graph
    rows = [row for unit in units.values() for row in unit]
    slot = rows[0].slot
    assert slot is not None
    message = f"the checkpoint has no {_names(units)}"
    if list(units) != [row.key for row in rows]:
        message += f": {_tensors(len(rows))} of the net {'is' if len(rows) == 1 else 'are'} missing"
    elif len(units) == 1:
        message += f" ({_sizes(slot.shape)})"
    trace = _trace(graph, slot.node) if len(units) == 1 and len(rows) == 1 else ()
    return Diagnostic("ND405", message, span, missing_help(units, others), trace=trace)


def _nothing(comparison: Comparison, absent: Sequence[Row]) -> Diagnostic:
    theirs = [row.key for row in comparison.rows if row.status == "unexpected"]
    ours = _names((row.key for row in absent), 2)
    message = f"no key of the checkpoint is one of the net's: it has {_names(theirs, 2)}, the net {ours}"
    if not theirs:
        message = f"the key map leaves out every key of the checkpoint, and the net has {ours}"
    return Diagnostic("ND405", message, comparison.graph.scopes[0].span, nothing_help(comparison, theirs))


# -- unexpected -------------------------------------------------------------------------------------------------------


def _unexpected(comparison: Comparison, said: set[int]) -> list[Diagnostic]:
    known = {prefix for row in comparison.rows if row.slot is not None for prefix in prefixes(row.key)}
    if not said and _unknown(comparison):
        return []  # said already: no key is known
    places = _Places(comparison)
    owners: dict[str, dict[str, list[Row]]] = {}
    for unit, rows in strange(comparison).items():
        if id(rows[0]) not in said:
            owners.setdefault(unit.rpartition(".")[0], {})[unit] = rows
    # Calls of one block lack the same.
    groups: dict[tuple[str, ...], list[str]] = {}
    for owner, units in owners.items():
        scope = places.scopes.get(owner)
        within = tuple(sorted(unit[len(owner) + 1 :] for unit in units))
        name = ("block", scope.block) if scope is not None and scope.block is not None else ("path", owner)
        groups.setdefault((*name, *within), []).append(owner)
    return [_more_than(comparison, places, known, alike, owners) for alike in groups.values()]


def _more_than(
    comparison: Comparison, places: _Places, known: set[str], alike: list[str], owners: dict[str, dict[str, list[Row]]]
) -> Diagnostic:
    owner = alike[0]
    units = {unit: rows for path in alike for unit, rows in owners[path].items()}
    rows = [row for unit in units.values() for row in unit]
    message = f"the checkpoint has {_names(units)}, and the net has not"
    if list(units) != [row.key for row in rows]:
        message += f": {_tensors(len(rows))}"
    elif len(units) == 1 and rows[0].stored is not None:
        message = f"the checkpoint has {_quoted(rows[0].key)} ({_sizes(rows[0].stored.shape)}), and the net has not"
    node = places.nodes.get(owner)
    made = line(pattern_of(comparison, next(iter(units)), rows[0]), None)
    help = f"a line {made} of a key map leaves it out"
    if len(units) > 1:
        help = f"lines such as {made} of a key map leave them out"
    if node is not None:
        if all(unit == f"{path}.bias" for path in alike for unit in owners[path]) and hasattr(node.op, "bias"):
            help = f"`bias=true` gives this `{node.op.keyword}` one"
    elif owner and (inside := _members(known, owner)):
        help = f"{_quoted(owner)} has {_names(inside, 4)}; {help}"
    return Diagnostic("ND406", message, places.span(owner), help)


def _members(known: set[str], owner: str) -> list[str]:
    """The names of what stands directly below a path, in their order."""
    depth = owner.count(".") + 1
    inside = {key.split(".")[depth] for key in known if key.startswith(f"{owner}.")}
    return sorted(inside, key=lambda name: (0, int(name), "") if name.isdecimal() else (1, 0, name))
