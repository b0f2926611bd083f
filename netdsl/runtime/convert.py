"""Gives a checkpoint the names of a net, where each of its tensors is one of the net's."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from netdsl.diagnostics import Diagnostic, NetdslError, Note, Span, shortened
from netdsl.ir.types import Shape, plural, show_shape
from netdsl.runtime.correspond import Correspondence, Doubt, Left, Pair, correspond
from netdsl.runtime.dependency import require_torch
from netdsl.runtime.keymap import literal
from netdsl.runtime.keymap_advice import line
from netdsl.runtime.weights import Comparison, reshapes

if TYPE_CHECKING:
    from torch import Tensor


class Conversion(NamedTuple):
    """What becomes what: ``pairs`` have the keys of the file and the net's, in the net's order.

    ``named`` is how many pairs bear their name already, or got it from a key map; ``doubts`` are what could be paired
    otherwise; ``left`` has no partner; ``counters`` are counts of batches that the file lacks.
    """

    comparison: Comparison
    pairs: tuple[Pair, ...]
    doubts: tuple[Doubt, ...] = ()
    left: tuple[Left, ...] = ()
    named: int = 0
    counters: tuple[str, ...] = ()


def convert(comparison: Comparison, *, partial: bool = False) -> Conversion:
    """Pairs the tensors of a checkpoint with those of a net.

    Where the names fit nothing is guessed. What a key map names stays as it says; the rest is paired by shape, order
    and names (:func:`netdsl.runtime.correspond.correspond`). Raises :class:`NetdslError` (ND411) where tensors have no
    partner, unless ``partial`` leaves them out, and where nothing tells which is which.
    """
    graph, stored = comparison.graph, comparison.checkpoint.stored
    wanted = {row.key: row.slot for row in comparison.rows if row.slot is not None and row.status != "idle"}
    fixed: list[Pair] = []
    fits = comparison.fits
    for row in comparison.rows:
        if row.source is not None and row.slot is not None and row.stored is not None:
            if fits or row.source in comparison.mapped:
                if reshapes(row.stored.shape, row.slot.shape):
                    fixed.append(Pair(row.source, row.key, "name", row.stored.shape != row.slot.shape))
    done = {pair.source for pair in fixed}, {pair.target for pair in fixed}
    source = {
        new: stored[key].shape for key, new in comparison.renamed.items() if new is not None and key not in done[0]
    }
    target = {key: slot.shape for key, slot in wanted.items() if key not in done[1]}
    back = {new: key for key, new in comparison.renamed.items() if new is not None}
    found = Correspondence((), (), ())
    if not fits:
        found = correspond(source, target, ordered=comparison.checkpoint.ordered)
    problems = [] if partial else [_left(comparison, item) for item in found.left]
    problems += [_undecided(comparison, doubt) for doubt in found.doubts if doubt.reason in ("guess", "conflict")]
    if problems:
        raise NetdslError(_first(problems), graph.sources)
    order = {key: place for place, key in enumerate(wanted)}
    pairs = [*fixed, *(pair._replace(source=back[pair.source]) for pair in found.pairs)]
    pairs.sort(key=lambda pair: order[pair.target])
    given = {pair.target for pair in pairs}
    modules = {key.rpartition(".")[0] for key in given}
    counters = tuple(
        key for key, slot in wanted.items() if slot.counter and key not in given and key.rpartition(".")[0] in modules
    )
    return Conversion(comparison, tuple(pairs), found.doubts, found.left, len(fixed), counters)


def converted(conversion: Conversion) -> dict[str, Tensor]:
    """The tensors under the net's keys and in its shapes, counts of batches that were absent as zeros."""
    torch = require_torch()
    shapes = {row.key: row.slot.shape for row in conversion.comparison.rows if row.slot is not None}
    read = conversion.comparison.checkpoint.tensors(pair.source for pair in conversion.pairs)
    tensors = {pair.target: read[pair.source].reshape(shapes[pair.target]) for pair in conversion.pairs}
    tensors.update((key, torch.zeros((), dtype=torch.int64)) for key in conversion.counters)
    return {key: tensors[key] for key in shapes if key in tensors}


# -- what is refused --------------------------------------------------------------------------------------------------


def _first(problems: list[Diagnostic], most: int = 8) -> list[Diagnostic]:
    """As many as one reads; the last says how many there are beside."""
    if len(problems) <= most:
        return problems
    last = problems[most - 1]
    return [*problems[: most - 1], last._replace(message=f"{last.message} (and {len(problems) - most:,} more such)")]


def _span(comparison: Comparison, path: str) -> Span:
    """Where the layer or branch of a path was written."""
    graph = comparison.graph
    for row in comparison.rows:
        if row.slot is not None and (row.key == path or row.key.startswith(f"{path}.")):
            return graph.nodes[row.slot.node.head].span
    return graph.scopes[0].span


def _names(paths: tuple[str, ...]) -> str:
    shown = ", ".join(f"`{shortened(path)}`" for path in paths[:3])
    return shown + (f" and {len(paths) - 3:,} more" if len(paths) > 3 else "")


def _sizes(shapes: tuple[tuple[str, Shape], ...]) -> str:
    said = [f"{shortened(name)} {show_shape(shape) if shape else 'a single number'}".strip() for name, shape in shapes]
    return ", ".join(said)


def _left(comparison: Comparison, left: Left) -> Diagnostic:
    what = f"of {_sizes(left.shapes)}"
    if not left.targets:
        message = f"the net has no layer {what}, for {_names(left.sources)} of the checkpoint"
        made = line(_pattern(comparison, left.sources[0]), None)
        help = f"a line such as {made} of a key map leaves it out; `--partial` leaves out all"
        return Diagnostic("ND411", message, comparison.graph.scopes[0].span, help)
    span = _span(comparison, left.targets[0])
    if not left.sources:
        message = f"the checkpoint has no layer {what}, for {_names(left.targets)} of the net"
        it = "it" if len(left.targets) == 1 else "them"
        help = f"`--partial` writes the others without {it}; a net without {it} takes all of the checkpoint"
        return Diagnostic("ND411", message, span, help)
    own = f"{len(left.sources):,} {plural(len(left.sources), 'layer')}"
    message = f"the checkpoint has {own} {what}, and the net {len(left.targets):,}: "
    first = line(*_patterns(comparison, left.sources[0], left.targets[0]))
    help = f"a key map says which is which, such as {first}; `--partial` leaves out what is over"
    return Diagnostic("ND411", f"{message}{_names(left.sources)}, and {_names(left.targets)}", span, help)


def _keys(comparison: Comparison, path: str, own: bool) -> list[str]:
    """The keys of a layer: of the net's ``own``, or of the checkpoint's as they are to be paired."""
    keys = [row.key for row in comparison.rows if row.slot is not None] if own else comparison.renamed.values()
    return [key for key in keys if key is not None and (key == path or key.startswith(f"{path}."))]


def _pattern(comparison: Comparison, path: str) -> str:
    """What fits the keys of a layer of the checkpoint."""
    return literal(path) if path in _keys(comparison, path, False) else f"{literal(path)}.*"


def _patterns(comparison: Comparison, source: str, target: str) -> tuple[str, str]:
    """Both sides of the line of a key map that calls one layer another; of a key alone, where one has no layer."""
    ours, theirs = _keys(comparison, source, False), _keys(comparison, target, True)
    if source in ours or target in theirs:
        return literal(ours[0] if ours else source), literal(theirs[0] if theirs else target)
    return f"{literal(source)}.*", f"{literal(target)}.*"


def _undecided(comparison: Comparison, doubt: Doubt) -> Diagnostic:
    message = f"{_names(doubt.sources)} of the checkpoint could each be any of {_names(doubt.targets)}: "
    if doubt.reason == "conflict":
        message += "their order says one thing, and their numbers say another"
    else:
        message += "the keys of the file are sorted, and the names do not tell"
    spans = [_span(comparison, path) for path in doubt.targets[:2]]
    made = line(f"{literal(doubt.sources[0])}.**", f"{literal(doubt.targets[0])}.**")
    help = f"a key map decides: {made}, or another of them"
    notes = tuple(Note(span, "and this") for span in spans[1:] if span != spans[0])
    return Diagnostic("ND411", message, spans[0], help, notes)
