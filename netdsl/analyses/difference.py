"""How two nets differ: what is removed, added, changed and the same, blocks first, then the layers in them.

Pieces of one level are aligned so that what is worth most stays together: pieces that do the same, then those that do
nearly the same; a name is worth a little. Blocks that do not do the same are aligned again inside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import eq
from typing import Literal, NamedTuple

from netdsl.analyses.change import Change, acts, changes_of
from netdsl.analyses.cost import Cost, costs_by_node
from netdsl.analyses.pieces import Group, Leaf, Piece, everything, leaves, nodes_of, pieces
from netdsl.analyses.structure import structure
from netdsl.analyses.view import Seen, dead_ends, see
from netdsl.ir.graph import Graph, Init
from netdsl.ir.op import Op
from netdsl.ir.types import View

Status = Literal["same", "changed", "removed", "added"]

#: What a piece is worth: one that does the same, one with other parameters alone, one of the same operator at most.
_SAME, _ENTERS, _ALIKE, _NAME = 9.0, 5.0, 4.0, 0.2
#: The part of their worth that two groups have in common at least, and the parts of groups where one is taken apart.
_COMMON, _APART = 0.2, 0.4
#: Pairs that are weighed; beyond them what is equal is found by its form alone, and beyond more not at all.
_PAIRS, _LONGEST = 160_000, 9_000_000
#: Pairs of parts of groups that are weighed for two nets in all, and what a pair of groups takes besides.
_PARTS, _GROUP = 200_000, 8


class Entry(NamedTuple):
    """A piece of the first net, of the second, or of both. ``inside`` are those of a changed group."""

    status: Status
    before: Piece | None
    after: Piece | None
    changes: tuple[Change, ...] = ()
    inside: tuple[Entry, ...] = ()

    @property
    def piece(self) -> Piece:
        """The piece as it is now, or as it was."""
        found = self.after or self.before
        assert found is not None
        return found


class Difference(NamedTuple):
    """All of it. ``notes`` are differences that are of no one layer."""

    before: Graph
    after: Graph
    entries: tuple[Entry, ...]
    notes: tuple[str, ...]
    costs: tuple[dict[int, Cost], dict[int, Cost]]

    @property
    def equal(self) -> bool:
        """Whether the nets do the same, with parameters of the same shapes."""
        return not self.notes and all(entry.status == "same" for entry in self.entries)

    def spent(self, entries: Iterable[Entry]) -> tuple[tuple[int, int], tuple[int, int]]:
        """Parameters of entries before and after, and MACs."""
        every = list(entries)
        sums = []
        for costs, found in (
            (self.costs[0], [entry.before for entry in every]),
            (self.costs[1], [entry.after for entry in every]),
        ):
            own = [costs[node.index] for piece in found if piece is not None for node in nodes_of(piece)]
            sums.append((sum(cost.params for cost in own), sum(cost.macs for cost in own)))
        (params, macs), (now, macs_now) = sums
        return (params, now), (macs, macs_now)

    def counts(self) -> dict[Status, int]:
        """How many layers are the same, changed, removed and added; shortcuts and gates count as one."""
        found: dict[Status, int] = {"same": 0, "changed": 0, "removed": 0, "added": 0}
        for entry in flat(self.entries):
            found[entry.status] += 1
        return found


def difference(before: Graph, after: Graph, view: View | None = None) -> Difference:
    """How two nets differ in a view; without one, in what acts in training and in inference.

    Names and the sizes of maps do not count, save those of inputs; how weights start does, as a note.
    """
    graphs = (before, after)
    seen = tuple(everything(graph) if view is None else see(graph, view) for graph in graphs)
    sides = [pieces(graph, structure(graph, each)) for graph, each in zip(graphs, seen)]
    matcher = _Matcher(before, after)
    entries = tuple(matcher.align(*sides))
    notes = [*_inits(before, after), *_outputs(seen[0], seen[1])]
    if not notes and all(entry.status == "same" for entry in entries) and _wiring(seen[0]) != _wiring(seen[1]):
        notes.append("the same layers, joined otherwise")
    if _idle(before) != _idle(after):
        notes.append("layers that no output needs differ")
    costs = costs_by_node(before, seen[0]), costs_by_node(after, seen[1])
    return Difference(before, after, entries, tuple(notes), costs)


def flat(entries: Iterable[Entry]) -> Iterator[Entry]:
    """An entry for each leaf."""
    for entry in entries:
        if entry.inside:
            yield from flat(entry.inside)
        elif entry.status == "same" and isinstance(entry.before, Group) and isinstance(entry.after, Group):
            pairs = zip(leaves([entry.before]), leaves([entry.after]))
            yield from (Entry("same", one, other) for one, other in pairs)
        elif isinstance(entry.piece, Group):
            removed = entry.status == "removed"
            yield from (
                Entry(entry.status, leaf if removed else None, None if removed else leaf)
                for leaf in leaves([entry.piece])
            )
        else:
            yield entry


def runs(entries: Sequence[Entry]) -> list[list[Entry]]:
    """Entries in a row that are the same, or that differ in the same way; how many channels enter may differ."""
    found: list[list[Entry]] = []
    last: object = None
    for entry in entries:
        key = "same" if entry.status == "same" else _signature(entry)
        if found and key == last:
            found[-1].append(entry)
        else:
            found.append([entry])
        last = key
    return found


def together(run: Sequence[Entry]) -> Entry:
    """The last entry of a run of :func:`runs`, with the range of channels that enter where that differs."""
    first, last = run[0], run[-1]
    if first.status != "changed" or len(run) == 1:
        return last
    changes = tuple(
        change
        if change == other
        else Change(change.what, f"{other.before} … {change.before}", f"{other.after} … {change.after}")
        for other, change in zip(first.changes, last.changes)
    )
    inside = tuple(together(pair) for pair in zip(first.inside, last.inside))
    return last._replace(changes=changes, inside=inside)


def _signature(entry: Entry) -> object:
    """Equal for entries that read the same."""
    piece = entry.piece
    if isinstance(piece, Leaf):
        return (
            entry.status,
            tuple(change.what if change.what == "in" else change for change in entry.changes),
            piece.words,
        )
    titles = tuple(side.title for side in (entry.before, entry.after) if isinstance(side, Group))
    if entry.inside:
        return entry.status, titles, entry.changes, tuple(map(_signature, entry.inside))
    return entry.status, titles, tuple(leaf.words for leaf in leaves([piece]))


class _Matcher:
    """Aligns pieces of two graphs."""

    def __init__(self, before: Graph, after: Graph) -> None:
        self.before = before
        self.after = after
        self.known: dict[tuple[int, int], float] = {}
        self.forms: dict[tuple[object, ...], int] = {}
        self.numbers: dict[int, int] = {}
        self.met: list[Piece] = []
        self.sizes: dict[int, int] = {}
        self.values: dict[int, tuple[type[Op], tuple[object, ...]]] = {}
        self.weighed = 0

    # -- worth

    def worth(self, one: Piece, other: Piece) -> float:
        """What it is worth to have two pieces together; 0 where they are nothing of the same kind."""
        if one.kind != other.kind or (one.kind == "head" and one.name != other.name):
            return 0.0
        named = _NAME if one.name == other.name else 0.0
        numbers = self.numbers
        mine, yours = numbers.get(id(one)) or self._number(one), numbers.get(id(other)) or self._number(other)
        if mine == yours:
            return _SAME * self._size(one) + named
        found = self.known.get((mine, yours))
        if found is None:
            if isinstance(one, Leaf) and isinstance(other, Leaf) and one.kind == "layer":
                found = self._layers(mine, yours, one, other)
            else:
                found = self._alike(one, other)
            self.known[mine, yours] = found
        return found + named if found else 0.0

    def _number(self, piece: Piece) -> int:
        """A number for each form: forms are deep, and a piece is asked for its own often."""
        found = self.numbers.get(id(piece))
        if found is None:
            found = self.numbers[id(piece)] = self.forms.setdefault(piece.form, len(self.forms))
            # As long as it is here no other piece has its id.
            self.met.append(piece)
        return found

    def _size(self, piece: Piece) -> int:
        """How many leaves a piece has."""
        if isinstance(piece, Leaf):
            return 1
        found = self.sizes.get(id(piece))
        if found is None:
            found = self.sizes[id(piece)] = sum(1 for _ in leaves([piece]))
            self.met.append(piece)
        return found

    def _alike(self, one: Piece, other: Piece) -> float:
        if isinstance(one, Group) and isinstance(other, Group):
            least = min(self._size(one), self._size(other))
            pairs = len(one.parts) * len(other.parts)
            if pairs <= _PAIRS and self.weighed < _PARTS:
                self.weighed += pairs + _GROUP
                inner = self._best(one.parts, other.parts)[0][0]
            else:  # too many to weigh: what is equal, and a title
                mine, yours = ([self._number(part) for part in group.parts] for group in (one, other))
                inner = _SAME * sum(self._size(one.parts[at]) for at, _ in _common(mine, yours))
                inner = max(inner, _COMMON * _SAME * least if one.title == other.title else 0.0)
            if one.kind in ("arm", "head"):
                return max(inner, 0.1) + (0.3 if one.name == other.name else 0.0)
            return inner * (1 if one.title == other.title else 0.8) if inner >= _COMMON * _SAME * least else 0.0
        return _ALIKE * (0.9 if isinstance(one, Leaf) and isinstance(other, Leaf) and one.words != other.words else 1)

    def _layers(self, mine: int, yours: int, one: Leaf, other: Leaf) -> float:
        """As :meth:`worth`, of layers by the numbers of their forms."""
        kind, own = self.values.get(mine) or self._values(mine, one)
        other_kind, theirs = self.values.get(yours) or self._values(yours, other)
        if kind is other_kind:
            if own == theirs and one.layers[0].head.op == other.layers[0].head.op:
                return _ENTERS
            return float(_ALIKE * (0.25 + 0.75 * sum(map(eq, own, theirs)) / (len(own) or 1)))
        category = kind.category
        alike = category == other_kind.category and category not in ("merge", "input", "shape")
        return 1.0 if alike else 0.0

    def _values(self, number: int, leaf: Leaf) -> tuple[type[Op], tuple[object, ...]]:
        """The operator of a layer, and its attributes in order."""
        op = leaf.layers[0].head.op
        found = self.values[number] = type(op), tuple([getattr(op, name) for name in type(op).attributes()])
        return found

    def _best(self, one: Sequence[Piece], other: Sequence[Piece]) -> list[list[float]]:
        """What the pieces from each place on are worth at most; at (0, 0) all of them."""
        best = [[0.0] * (len(other) + 1) for _ in range(len(one) + 1)]
        for at in range(len(one) - 1, -1, -1):
            row, below = best[at], best[at + 1]
            for to in range(len(other) - 1, -1, -1):
                both = self.worth(one[at], other[to])
                row[to] = max(below[to], row[to + 1], both + below[to + 1] if both else 0.0)
        return best

    # -- alignment

    def align(self, one: Sequence[Piece], other: Sequence[Piece]) -> list[Entry]:
        """The entries of two sides, in an order that is that of both."""
        start = 0
        while start < min(len(one), len(other)) and self._twins(one[start], other[start]):
            start += 1
        end = 0
        while end < min(len(one), len(other)) - start and self._twins(one[-1 - end], other[-1 - end]):
            end += 1
        found = [Entry("same", a, b) for a, b in zip(one[:start], other[:start])]
        found += self._middle(one[start : len(one) - end], other[start : len(other) - end])
        found += [Entry("same", a, b) for a, b in zip(one[len(one) - end :], other[len(other) - end :])]
        return found

    def _twins(self, one: Piece, other: Piece) -> bool:
        return one.name == other.name and self._number(one) == self._number(other)

    def _middle(self, one: Sequence[Piece], other: Sequence[Piece]) -> list[Entry]:
        if len(one) * len(other) > _PAIRS:
            return self._long(one, other)
        best = self._best(one, other)
        found: list[Entry] = []
        gone: list[Piece] = []
        come: list[Piece] = []
        at = to = 0
        while at < len(one) and to < len(other):
            both = self.worth(one[at], other[to])
            if both and best[at][to] == both + best[at + 1][to + 1]:
                found += self._gap(gone, come)
                gone, come = [], []
                found.append(self._pair(one[at], other[to]))
                at, to = at + 1, to + 1
            elif best[at][to] == best[at + 1][to]:
                gone.append(one[at])
                at += 1
            else:
                come.append(other[to])
                to += 1
        return found + self._gap([*gone, *one[at:]], [*come, *other[to:]])

    def _long(self, one: Sequence[Piece], other: Sequence[Piece]) -> list[Entry]:
        """By equal forms, where there are too many pairs to weigh; what lies between them is weighed if it can be."""
        mine, yours = ([self._number(piece) for piece in side] for side in (one, other))
        start = 0
        while start < min(len(one), len(other)) and mine[start] == yours[start]:
            start += 1
        end = 0
        while end < min(len(one), len(other)) - start and mine[-1 - end] == yours[-1 - end]:
            end += 1
        found = [self._pair(*pair) for pair in zip(one[:start], other[:start])]
        found += self._between(
            one[start : len(one) - end], other[start : len(other) - end], mine[start:], yours[start:]
        )
        return found + [self._pair(*pair) for pair in zip(one[len(one) - end :], other[len(other) - end :])]

    def _between(
        self, one: Sequence[Piece], other: Sequence[Piece], mine: Sequence[int], yours: Sequence[int]
    ) -> list[Entry]:
        """The same without what both begin and end with; ``mine`` and ``yours`` are the numbers of their forms."""
        if len(one) * len(other) <= _PAIRS:
            return self._middle(one, other)
        if len(one) * len(other) > _LONGEST:
            return self._beside(one, other)
        found: list[Entry] = []
        at = to = 0
        for same, there in [*_common(mine[: len(one)], yours[: len(other)]), (len(one), len(other))]:
            if (same - at) * (there - to) <= _PAIRS:
                found += self._middle(one[at:same], other[to:there])
            else:
                found += self._beside(one[at:same], other[to:there])
            found += [self._pair(*pair) for pair in zip(one[same : same + 1], other[there : there + 1])]
            at, to = same + 1, there + 1
        return found

    def _beside(self, one: Sequence[Piece], other: Sequence[Piece]) -> list[Entry]:
        """Place by place, where there are as many on both sides and each is like the other; else nothing is paired."""
        if len(one) == len(other) and all(self.worth(*pair) for pair in zip(one, other)):
            return [self._pair(*pair) for pair in zip(one, other)]
        return _apart(one, other)

    def _gap(self, gone: Sequence[Piece], come: Sequence[Piece]) -> list[Entry]:
        """Pieces without a partner. Where a group stands against what is in it, the group is taken apart."""
        if gone and come and any(isinstance(piece, Group) and piece.kind != "head" for piece in (*gone, *come)):
            one, other = list(leaves(gone)), list(leaves(come))
            small = min(len(one), len(other))
            if len(one) * len(other) <= _PAIRS and self._best(one, other)[0][0] >= _APART * _SAME * small:
                return self._middle(one, other)
        return _apart(gone, come)

    def _pair(self, one: Piece, other: Piece) -> Entry:
        if self._number(one) == self._number(other):
            return Entry("same", one, other)
        if isinstance(one, Leaf) and isinstance(other, Leaf):
            return Entry("changed", one, other, tuple(changes_of(self.before, self.after, one, other)))
        assert isinstance(one, Group) and isinstance(other, Group)
        inside = tuple(self.align(one.parts, other.parts))
        changes = [Change("block", one.title, other.title)] if one.title != other.title and one.kind == "block" else []
        if not changes and all(entry.status == "same" for entry in inside):
            changes.append(Change("wiring", "", "joined otherwise"))
        return Entry("changed", one, other, tuple(changes), inside)


def _common(one: Sequence[int], other: Sequence[int]) -> list[tuple[int, int]]:
    """The places of a longest common subsequence, in order.

    By rows of bits (Hyyrö, "Bit-parallel LCS-length computation revisited", 2004): bit ``b`` of row ``a`` is zero
    where the first ``a`` of one and the first ``b + 1`` of the other have more in common than with ``b``.
    """
    where: dict[int, int] = {}
    for place, number in enumerate(other):
        where[number] = where.get(number, 0) | 1 << place
    every = (1 << len(other)) - 1
    rows = [every]
    for number in one:
        row = rows[-1]
        met = row & where.get(number, 0)
        rows.append((row + met | row - met) & every)
    found = []
    at, to = len(one), len(other)
    while at and to:
        if rows[at] >> to - 1 & 1:
            to -= 1
        elif not rows[at - 1] >> to - 1 & 1:
            at -= 1
        else:
            at, to = at - 1, to - 1
            found.append((at, to))
    return found[::-1]


def _apart(gone: Iterable[Piece], come: Iterable[Piece]) -> list[Entry]:
    return [*(Entry("removed", piece, None) for piece in gone), *(Entry("added", None, piece) for piece in come)]


# -- what is of no one layer -------------------------------------------------------------------------------------------


def _inits(before: Graph, after: Graph) -> Iterator[str]:
    """How weights start."""
    mine, yours = ({init.target: _init(init) for init in graph.inits} for graph in (before, after))
    for target in dict.fromkeys((*mine, *yours)):
        old, new = mine.get(target), yours.get(target)
        if old != new:
            yield f"weights of {target} start as {new or 'usual'}, before as {old or 'usual'}"


def _init(init: Init) -> str:
    return " ".join([init.scheme, *(f"{name}={value}" for name, value in init.arguments)])


def _outputs(one: Seen, other: Seen) -> Iterator[str]:
    """Outputs of one name that count otherwise in a loss, or act in another mode."""
    mine, yours = ({output.name: output for output, _ in seen.outputs} for seen in (one, other))
    for name in mine:
        if name not in yours:
            continue
        if mine[name].weight != yours[name].weight:
            yield f"the output {name} has loss weight {yours[name].weight}, before {mine[name].weight}"
        if mine[name].mode != yours[name].mode:
            yield f"the output {name} acts in {acts(yours[name].mode)}, before in {acts(mine[name].mode)}"


def _idle(graph: Graph) -> list[Op]:
    """Layers with a module that no output needs."""
    return [graph.nodes[at].op for at in dead_ends(graph) if graph.nodes[at].module is not None]


def _wiring(seen: Seen) -> list[tuple[object, ...]]:
    """Which node takes which tensors, and which share a module, whatever they are called."""
    place = {node.index: at for at, node in enumerate(seen.nodes)}
    shared: dict[str, int] = {}
    return [
        (
            node.op,
            tuple(place.get(at, -1) for at in seen.inputs[node.index]),
            node.mode,
            -1 if node.module is None else shared.setdefault(node.module, place[node.index]),
        )
        for node in seen.nodes
    ]
