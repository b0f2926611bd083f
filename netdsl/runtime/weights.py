"""Holds a checkpoint against a net: which tensors fit, which are missing, unexpected or of another shape."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from netdsl.diagnostics import NetdslError, shortened
from netdsl.diagnostics.files import shown
from netdsl.elaborate import LIMITS
from netdsl.ir.graph import Graph
from netdsl.ir.types import Shape
from netdsl.runtime import keymap
from netdsl.runtime.checkpoint import EACH, Checkpoint, Stored, of_mapping, open_checkpoint
from netdsl.runtime.file_kinds import failure
from netdsl.runtime.keymap import KeyMap
from netdsl.runtime.slots import Slot, slots

if TYPE_CHECKING:
    from torch import Tensor

#: What became of a key. ``counter``: the count of batches of a batch norm that the checkpoint has without it; the net
#: keeps its own. ``idle``: what training alone needs, where inference was asked for and the checkpoint has it not.
#: ``kind``: numbers of a kind that is none of weights. The last four are problems.
Status = Literal["matched", "counter", "idle", "missing", "unexpected", "shape", "kind"]

PROBLEMS: tuple[Status, ...] = ("missing", "unexpected", "shape", "kind")


class Row(NamedTuple):
    """One key: the net's (``key``), the checkpoint's (``source``), and what they are on either side."""

    key: str
    status: Status
    slot: Slot | None
    stored: Stored | None
    source: str | None


class Asked(NamedTuple):
    """How a checkpoint is to be held against a net, as :func:`compare` takes it."""

    maps: tuple[KeyMap, ...] | None
    prefix: str | None
    inference: bool


@dataclass(frozen=True)
class Comparison:
    """A checkpoint held against a graph. ``rows`` are in the net's order, then what it lacks in the file's.

    ``renamed`` says what each key of the checkpoint is in the net (None: left out by a map), and ``mapped`` for which a
    line of a key map says it; ``notes`` are what was done to find the tensors; ``counts`` the rows of each status.
    """

    graph: Graph
    checkpoint: Checkpoint
    rows: tuple[Row, ...]
    renamed: Mapping[str, str | None]
    notes: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    asked: Asked | None = None
    mapped: frozenset[str] = frozenset()

    @property
    def problems(self) -> tuple[Row, ...]:
        """The rows that keep the checkpoint from being loaded whole."""
        return tuple(row for row in self.rows if row.status in PROBLEMS)

    @property
    def matched(self) -> tuple[Row, ...]:
        """The rows whose tensor fits."""
        return tuple(row for row in self.rows if row.status == "matched")

    @property
    def fits(self) -> bool:
        """Whether the checkpoint gives the net all its tensors, and has no others."""
        return not self.problems


def find(
    weights: str | os.PathLike[str] | Mapping[str, Any], *, inside: str | None = None, nodes: int = LIMITS.nodes
) -> Checkpoint:
    """The checkpoint in a file, of as many tensors as nets of so many nodes, or out of a ``state_dict`` in hand.

    Raises :class:`NetdslError`.
    """
    if isinstance(weights, Mapping):
        return of_mapping(weights)
    return open_checkpoint(weights, inside=inside, most=EACH * nodes)


def compare(
    graph: Graph,
    checkpoint: Checkpoint,
    *,
    maps: Iterable[KeyMap] | None = None,
    prefix: str | None = None,
    inference: bool = False,
    like: Comparison | None = None,
) -> Comparison:
    """Holds a checkpoint against a graph.

    A part that begins all its keys (``module.``, of DataParallel) is taken off where the net's names are then met, and
    of the schemes of key maps the one that meets most of them is used. ``maps`` are those to try, the one beside the
    spec unless they are given. ``prefix`` takes only what begins with it, without it. ``inference`` asks for no tensor
    that training alone needs. ``like`` is a comparison of the same checkpoint whose maps, prefix and view are taken.
    Raises :class:`NetdslError` for a key map that cannot be used.
    """
    if like is not None and like.asked is not None:
        maps, prefix, inference = like.asked
    asked = Asked(None if maps is None else tuple(maps), prefix, inference)
    wanted = slots(graph)
    names: dict[str, str | None] = {key: key for key in checkpoint.stored}
    notes = list(checkpoint.notes)
    if prefix is not None:
        names = {key: key[len(prefix) :] if key.startswith(prefix) else None for key in names}
        left = sum(name is None for name in names.values())
        if left == len(names):
            begun = list(dict.fromkeys(key.partition(".")[0] for key in names))
            first = ", ".join(f"`{shortened(part)}`" for part in begun[:3])
            help = f"they begin with {first}{' …' if len(begun) > 3 else ''}"
            raise failure("ND403", f"no key of `{shown(checkpoint.name)}` begins with `{shortened(prefix)}`", help)
        notes.append(f"of its keys those that begin with `{prefix}` were taken, and {left:,} were not")
    if asked.maps is None:
        standing = keymap.beside(graph)
        named = _name(names, checkpoint, wanted, () if standing is None else (standing,), False)
    else:
        named = _name(names, checkpoint, wanted, asked.maps, True)
    names, found, mapped = named
    rows = _rows(named, checkpoint, wanted, inference)
    counts = Counter[str](row.status for row in rows)
    return Comparison(graph, checkpoint, tuple(rows), names, (*notes, *found), counts, asked, mapped)


# -- names ------------------------------------------------------------------------------------------------------------

#: What is known to put a part before every key.
_ORIGINS = {"module": "DataParallel", "_orig_mod": "torch.compile"}


class _Named(NamedTuple):
    """What the keys of a checkpoint are in the net, what was done for it, and which of them a key map named."""

    names: dict[str, str | None]
    said: list[str]
    mapped: frozenset[str]


def _name(
    names: dict[str, str | None],
    checkpoint: Checkpoint,
    wanted: Mapping[str, Slot],
    maps: Iterable[KeyMap],
    asked: bool,
) -> _Named:
    """The keys under the names that meet most of the net's.

    A scheme that calls two keys the same cannot be used, and that is an error where its map was asked for.
    """

    def met(renamed: Mapping[str, str | None], mapped: bool = False) -> int:
        total = 0
        for key, new in renamed.items():
            if new is not None and new in wanted:
                shape, other = checkpoint.stored[key].shape, wanted[new].shape
                total += shape == other or (mapped and reshapes(shape, other))
        return total

    best, top = _Named(names, [], frozenset()), met(names)
    schemes = [(keys.name, scheme) for keys in maps for scheme in keys.schemes]
    unusable: NetdslError | None = None
    for taken, begun in _without(names):
        if (reached := met(begun)) > top and not (asked and best.mapped):
            best, top = _Named(begun, taken, frozenset()), reached
        for file, scheme in schemes:
            try:
                called, named = scheme.follow([new for new in begun.values() if new is not None])
            except NetdslError as error:
                unusable = unusable or error
                continue
            decided = frozenset(key for key, new in begun.items() if new in named)
            tried = {key: None if new is None else called[new] for key, new in begun.items()}
            reached = met(tried, True)
            # A map that was asked for is used, whatever it leads to; one that stands beside the spec where it helps.
            if decided and (reached > top or (asked and not best.mapped)):
                changed = sum(tried[key] != new for key, new in begun.items())
                line = f"{changed:,} of its keys were renamed by `{scheme.name}` of `{file}`"
                best, top = _Named(tried, [*taken, line], decided), reached
    if unusable is not None and asked and not best.mapped:
        raise unusable
    if asked and schemes and not best.mapped:
        best.said.append("no line of the key map fits one of its keys")
    return best


#: As many parts that all keys begin with are taken off, one after another.
_WRAPPED = 8


def _without(names: dict[str, str | None]) -> Iterator[tuple[list[str], dict[str, str | None]]]:
    """The keys as they are, then with what wrappers put before them taken off, and what to say of that."""
    yield [], names
    taken: list[str] = []
    begun = names
    for _ in range(_WRAPPED):
        part = _common([new for new in begun.values() if new is not None])
        if part is None:
            break
        begun = {key: None if new is None else new[len(part) + 1 :] for key, new in begun.items()}
        taken.append(part)
        yield _taken(taken), begun
    # The example of training on ImageNet wraps `features` alone: `features.module.0.weight`.
    inner = {key: None if new is None else new.replace(".module.", ".") for key, new in names.items()}
    if inner != names and len(set(inner.values())) == len(set(names.values())):
        yield ["`module.` was taken out of its keys (DataParallel)"], inner


def _taken(parts: list[str]) -> list[str]:
    origin = " and ".join(_ORIGINS[part] for part in parts if part in _ORIGINS)
    return [f"`{'.'.join(parts)}.` was taken off every key" + (f" ({origin})" if origin else "")]


def _common(keys: list[str]) -> str | None:
    """The first part of all keys, where it is one and something follows it in each."""
    parts = {key.partition(".")[0] if "." in key else None for key in keys}
    return parts.pop() if len(parts) == 1 else None


# -- rows -------------------------------------------------------------------------------------------------------------


def _rows(named: _Named, checkpoint: Checkpoint, wanted: Mapping[str, Slot], inference: bool) -> list[Row]:
    sources = {new: key for key, new in named.names.items() if new is not None}
    present = {slot.node.module for key, slot in wanted.items() if key in sources}
    rows = []
    for key, slot in wanted.items():
        source = sources.get(key)
        if source is not None:
            stored = checkpoint.stored[source]
            rows.append(Row(key, _status(slot, stored, source in named.mapped), slot, stored, source))
        elif slot.counter and slot.node.module in present:
            rows.append(Row(key, "counter", slot, None, None))
        else:
            rows.append(Row(key, "idle" if inference and slot.training_alone else "missing", slot, None, None))
    for new, source in sources.items():
        if new not in wanted:
            rows.append(Row(new, "unexpected", None, checkpoint.stored[source], source))
    return rows


def _status(slot: Slot, stored: Stored, mapped: bool) -> Status:
    if stored.form:
        return "kind"
    if stored.shape != slot.shape and not (mapped and reshapes(stored.shape, slot.shape)):
        # PyTorch before 0.4 had no single numbers.
        if (stored.shape, slot.shape) != ((1,), ()):
            return "shape"
    real = stored.dtype.startswith(("float", "bfloat", "f8"))
    return "matched" if real or slot.counter else "kind"


def reshapes(shape: Shape, wanted: Shape) -> bool:
    """Whether one becomes the other in the order of its elements: axes of length one more or fewer, or a matrix for
    kernels. Kernels of 1×7 and 7×1 are two things.
    """
    if len(shape) == len(wanted):
        return shape == wanted
    bare, target = ([length for length in axes if length != 1] for axes in (shape, wanted))
    matrix = 2 in (len(shape), len(wanted)) and shape[:1] == wanted[:1]
    return bare == target or (matrix and math.prod(shape) == math.prod(wanted))


def values(comparison: Comparison) -> dict[str, Tensor]:
    """The tensors that fit, under the net's keys and in its shapes, as the file has them."""
    rows = {row.source: row for row in comparison.matched if row.source is not None and row.slot is not None}
    read = comparison.checkpoint.tensors(rows)
    return {row.key: read[source].reshape(row.slot.shape) for source, row in rows.items() if row.slot is not None}
