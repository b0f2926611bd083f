"""Which tensor of a checkpoint is which of a net's, where the names differ: by shape, by structure, by order, by name.

Tensors of one module belong together. Both sides are trees by the dots of their keys, and what a branch holds, as a bag
of shapes, is what it is known by: the largest branches are paired first, those of which each side has as many, and what
has no partner is opened. So a stage is paired with a stage, in it a block with a block, and in that a layer. Where
several branches hold the same, their order along the net and along the file decides, and their names must agree with
it; each pair says which of these it rests on.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from netdsl.ir.types import Shape

#: Why a pair is one. ``shape``: nothing else could be. ``name``: the names are the same, or number alike. ``order``:
#: several could be, and only the order decides, or that of numbers in names. ``guess``: nothing decides. ``conflict``:
#: the order says one thing and the numbers say another. The last two are not to be relied on.
Reason = Literal["shape", "name", "order", "guess", "conflict"]

_RANK: dict[Reason, int] = {"shape": 0, "name": 1, "order": 2, "guess": 3, "conflict": 4}


class Pair(NamedTuple):
    """A tensor of the checkpoint and the net's that it becomes, and why."""

    source: str
    target: str
    reason: Reason
    reshaped: bool = False


class Doubt(NamedTuple):
    """Branches that could be paired otherwise: as they were paired, in order."""

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    reason: Reason


class Left(NamedTuple):
    """Layers of one shape of which the two sides have not equally many, without those that names pair: their keys'
    prefixes, and the shapes."""

    shapes: tuple[tuple[str, Shape], ...]
    sources: tuple[str, ...]
    targets: tuple[str, ...]


class Correspondence(NamedTuple):
    """What was found: ``pairs`` in the order of the net, what is in doubt, and what has no partner."""

    pairs: tuple[Pair, ...]
    doubts: tuple[Doubt, ...]
    left: tuple[Left, ...]


def correspond(source: Mapping[str, Shape], target: Mapping[str, Shape], *, ordered: bool = True) -> Correspondence:
    """Pairs tensors of equal shape. Where those do not go up, axes of length one may be more or fewer, and a matrix may
    be a kernel.

    ``target`` is in the order of the net. ``source`` is in the order of the file, which counts where ``ordered``. The
    counts of batches (``num_batches_tracked``) go with their layers and may be absent on either side.
    """
    return _Matcher(_layers(source), _layers(target), ordered).run()


# -- layers -----------------------------------------------------------------------------------------------------------

_COUNTER = "num_batches_tracked"
_NAMES = {"weight", "bias", "running_mean", "running_var", _COUNTER}
_ALIASES = {
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
    "moving_var": "running_var",
}


class _Layer:
    """The tensors of one module, by what each of them is to it."""

    def __init__(self, path: str, index: int) -> None:
        self.path = path
        self.parts = tuple(path.split("."))
        self.index = index
        self.tensors: dict[str, tuple[str, Shape]] = {}
        self.counter: str | None = None

    def signature(self) -> tuple[tuple[str, Shape], ...]:
        """What a layer of the same kind has on the other side."""
        return self._signature(lambda shape: shape)

    def squeezed(self) -> tuple[tuple[str, Shape], ...]:
        """As :meth:`signature`, without axes of length one."""
        return self._signature(lambda shape: tuple(length for length in shape if length != 1))

    def flat(self) -> tuple[tuple[str, Shape], ...]:
        """As :meth:`signature`, with all axes but the first as one: a kernel that covers a map is a matrix."""
        return self._signature(lambda shape: (*shape[:1], *([math.prod(shape[1:])] if shape[1:] else [])))

    def _signature(self, simple: Callable[[Shape], Shape]) -> tuple[tuple[str, Shape], ...]:
        lone = len(self.tensors) == 1
        return tuple(sorted(("" if lone else name, simple(shape)) for name, (_, shape) in self.tensors.items()))

    def rank(self) -> int:
        """The most axes that one of its tensors has."""
        return max(len(shape) for _, shape in self.tensors.values())


def _layers(tensors: Mapping[str, Shape]) -> list[_Layer]:
    renamed = {key.rpartition(".")[0] for key in tensors if key.endswith(".gamma")}
    renamed &= {key.rpartition(".")[0] for key in tensors if key.endswith(".beta")}
    found: dict[str, _Layer] = {}
    for key, shape in tensors.items():
        path, _, name = key.rpartition(".")
        if path in renamed:
            name = _ALIASES.get(name, name)
        if name not in _NAMES or not path:
            path, name = key, ""
        layer = found.get(path)
        if layer is None:
            layer = found[path] = _Layer(path, len(found))
        if name == _COUNTER:
            layer.counter = key
        else:
            layer.tensors[name] = (key, shape)
    return [layer for layer in found.values() if layer.tensors]


# -- branches ---------------------------------------------------------------------------------------------------------


class _Branch:
    """Layers below one prefix. ``content`` is the bag of their shapes; ``base`` the parts that all paths share."""

    def __init__(self, layers: Sequence[_Layer], kinds: Mapping[_Layer, int]) -> None:
        self.layers = layers
        self.content = tuple(sorted(kinds[layer] for layer in layers))
        self.base = layers[0].parts
        for layer in layers[1:]:
            same = 0
            for one, other in zip(self.base, layer.parts):
                if one != other:
                    break
                same += 1
            self.base = self.base[:same]
        self.first = min(layer.index for layer in layers)

    def opened(self, kinds: Mapping[_Layer, int]) -> list[_Branch]:
        """The branches one level below."""
        depth = len(self.base)
        parts: dict[tuple[str, ...], list[_Layer]] = {}
        for layer in self.layers:
            parts.setdefault(layer.parts[depth : depth + 1], []).append(layer)
        return [_Branch(layers, kinds) for layers in parts.values()]


class _Matcher:
    def __init__(self, source: list[_Layer], target: list[_Layer], ordered: bool) -> None:
        self.ordered = ordered
        self.source, self.target = source, target
        self.kinds: dict[_Layer, int] = {}
        self.pairs: list[tuple[_Layer, _Layer, Reason]] = []
        self.doubts: list[Doubt] = []
        #: What the last part of a name was found to be without a doubt, how often; and what it is taken for.
        self.seen: dict[str, Counter[str]] = {}
        self.learned: dict[str, str] = {}

    def run(self) -> Correspondence:
        left = self._sort()
        bare = {layer for item in left for layer in item[1]}
        sources = [layer for layer in self.source if layer not in bare]
        targets = [layer for layer in self.target if layer not in bare]
        if sources:
            self._pair([_Branch(sources, self.kinds)], [_Branch(targets, self.kinds)], (), (), "shape")
        if self.doubts:
            # In one block shapes tell its layers apart, and in the next of the same names they do not.
            self.learned = {name: next(iter(others)) for name, others in self.seen.items() if len(others) == 1}
            self.pairs, self.doubts = [], []
            self._pair([_Branch(sources, self.kinds)], [_Branch(targets, self.kinds)], (), (), "shape")
        lefts = [self._named(*item) for item in left]
        self.pairs.sort(key=lambda pair: pair[1].index)
        return Correspondence(
            tuple(tensor for pair in self.pairs for tensor in _tensors(*pair)), tuple(self.doubts), tuple(lefts)
        )

    def _named(self, left: Left, layers: list[_Layer]) -> Left:
        """Pairs of layers of which the sides have not equally many those whose names are the same, in scopes that are
        one by what else is in them or have one name; and returns the rest."""
        scopes: dict[str, set[str]] = {}
        for one, other, _ in self.pairs:
            scopes.setdefault(one.path.rpartition(".")[0], set()).add(other.path.rpartition(".")[0])
        count = len(left.sources)
        targets = {layer.path: layer for layer in layers[count:]}
        sources = []
        for layer in layers[:count]:
            scope, _, name = layer.path.rpartition(".")
            there = scopes.get(scope, {scope})
            path = ".".join(filter(None, (*there, name))) if len(there) == 1 else layer.path
            if path in targets:
                self.pairs.append((layer, targets.pop(path), "name"))
            else:
                sources.append(layer.path)
        return left._replace(sources=tuple(sources), targets=tuple(targets))

    def _sort(self) -> list[tuple[Left, list[_Layer]]]:
        """Numbers the kinds of layers, and returns those of which the sides have not equally many."""
        numbers: dict[object, int] = {}
        for layer in (*self.source, *self.target):
            self.kinds[layer] = numbers.setdefault(layer.signature(), len(numbers))
        # What has no equal on the other side may have one with axes of length one, or as a matrix. The number of axes
        # must then differ: a kernel 1×7 is none of 7×1.
        for simple in (_Layer.squeezed, _Layer.flat):
            uneven = set(self._uneven())
            groups: dict[object, tuple[list[_Layer], list[_Layer]]] = {}
            for place, layers in enumerate((self.source, self.target)):
                for layer in layers:
                    if self.kinds[layer] in uneven:
                        groups.setdefault(simple(layer), ([], []))[place].append(layer)
            for ours, theirs in groups.values():
                ranks = [{layer.rank() for layer in side} for side in (ours, theirs)]
                matrix = simple is _Layer.squeezed or {2} in ranks
                if len(ours) == len(theirs) and ranks[0] != ranks[1] and matrix:
                    number = numbers.setdefault((simple, simple(ours[0])), len(numbers))
                    for layer in (*ours, *theirs):
                        self.kinds[layer] = number
        left = []
        by_kind: dict[int, tuple[list[_Layer], list[_Layer]]] = {}
        for place, layers in enumerate((self.source, self.target)):
            for layer in layers:
                by_kind.setdefault(self.kinds[layer], ([], []))[place].append(layer)
        for kind in self._uneven():
            sides = by_kind[kind]
            one = (sides[0] or sides[1])[0]
            shapes = tuple((name, shape) for name, (_, shape) in one.tensors.items())
            paths = [tuple(layer.path for layer in side) for side in sides]
            left.append((Left(shapes, paths[0], paths[1]), [*sides[0], *sides[1]]))
        return left

    def _uneven(self) -> list[int]:
        here = Counter(self.kinds[layer] for layer in self.source)
        there = Counter(self.kinds[layer] for layer in self.target)
        return [kind for kind in {**here, **there} if here[kind] != there[kind]]

    def _pair(
        self,
        sources: list[_Branch],
        targets: list[_Branch],
        here: tuple[str, ...],
        there: tuple[str, ...],
        reason: Reason,
    ) -> None:
        """Pairs branches that hold the same in all; ``here`` and ``there`` are the prefixes that they stand below."""
        while sources:
            size = max(len(branch.layers) for branch in (*sources, *targets))
            found: dict[tuple[int, ...], tuple[list[_Branch], list[_Branch]]] = {}
            for place, side in enumerate((sources, targets)):
                for branch in side:
                    if len(branch.layers) == size:
                        found.setdefault(branch.content, ([], []))[place].append(branch)
            sources = [branch for branch in sources if len(branch.layers) != size]
            targets = [branch for branch in targets if len(branch.layers) != size]
            for ours, theirs in found.values():
                if len(ours) == len(theirs):
                    self._alike(ours, theirs, here, there, reason)
                else:
                    sources += [part for branch in ours for part in branch.opened(self.kinds)]
                    targets += [part for branch in theirs for part in branch.opened(self.kinds)]

    def _alike(
        self,
        ours: list[_Branch],
        theirs: list[_Branch],
        here: tuple[str, ...],
        there: tuple[str, ...],
        reason: Reason,
    ) -> None:
        """Pairs branches that all hold the same."""
        why: Reason = "shape"
        theirs.sort(key=lambda branch: branch.first)
        if len(ours) > 1:
            labels = [".".join(branch.base[len(here) :]) for branch in ours]
            others = [".".join(branch.base[len(there) :]) for branch in theirs]
            files = [branch.first for branch in ours] if self.ordered else None
            order, why = _decide(labels, others, files, self.learned)
            ours = [ours[at] for at in order]
            if why not in ("shape", "name"):
                paths = [tuple(".".join(branch.base) for branch in side) for side in (ours, theirs)]
                self.doubts.append(Doubt(paths[0], paths[1], why))
        elif len(ours[0].base) > len(here) > 0 and len(theirs[0].base) > len(there) > 0:
            self.seen.setdefault(ours[0].base[-1], Counter())[theirs[0].base[-1]] += 1
        worse = max(reason, why, key=_RANK.__getitem__)
        for one, other in zip(ours, theirs):
            if len(one.layers) == 1:
                self.pairs.append((one.layers[0], other.layers[0], worse))
            else:
                inside = [branch.opened(self.kinds) for branch in (one, other)]
                self._pair(inside[0], inside[1], one.base, other.base, worse)


def _tensors(one: _Layer, other: _Layer, reason: Reason) -> list[Pair]:
    pairs = []
    lone = len(one.tensors) == 1
    for name, (key, shape) in other.tensors.items():
        mine, own = next(iter(one.tensors.values())) if lone else one.tensors[name]
        pairs.append(Pair(mine, key, reason, own != shape))
    if one.counter is not None and other.counter is not None:
        pairs.append(Pair(one.counter, other.counter, reason))
    return pairs


# -- order and names --------------------------------------------------------------------------------------------------

_NUMBER = re.compile(r"\d+")


def _decide(
    labels: Sequence[str], others: Sequence[str], files: Sequence[int] | None, learned: Mapping[str, str]
) -> tuple[list[int], Reason]:
    """In which order branches of the checkpoint go to those of the net, which are in theirs; and why so.

    ``labels`` and ``others`` are their names. ``files`` are the places in the file, where they mean anything, and
    ``learned`` what last parts of names were found to be elsewhere.
    """
    if len(set(labels)) == len(labels) and sorted(labels) == sorted(others):
        places = {label: at for at, label in enumerate(labels)}
        return [places[other] for other in others], "name"
    natural = sorted(range(len(labels)), key=lambda at: _natural(labels[at]))
    order = natural if files is None else sorted(range(len(labels)), key=lambda at: files[at])
    if _numbered(labels) and _numbered(others) and sorted(others, key=_natural) == list(others):
        return (natural, "name") if order == natural else (order, "conflict")
    if len(labels) > _MANY:
        return order, "order" if files is not None or _numbered(labels) else "guess"
    alike = [[_likeness(label, other, learned) for other in others] for label in labels]
    names = _by_names(alike, order)
    if files is None:
        if names.margin >= _CLEAR:
            return names.best, "name"
        # No order to go by but that of numbers in names, which count along a net.
        told = [at for place, at in enumerate(names.best) if alike[at][place] >= _CLEAR]
        rest = [label for at, label in enumerate(labels) if at not in told]
        return names.best, "order" if _numbered(rest) else "guess"
    if names.gain >= _CLEAR:
        return names.best, "name" if names.margin >= _CLEAR else "order"
    return order, "name" if names.best == order and names.margin > _LEAST else "order"


#: Of more branches that are alike than this, names are not held against one another.
_MANY = 100
#: By how much names must be more alike one way than another to decide.
_CLEAR = 0.5
_LEAST = 1e-9


def _natural(label: str) -> list[tuple[int, str, int]]:
    parts = re.split(r"(\d+)", label)
    return [(1, "", int(part)) if part.isdecimal() and len(part) < 19 else (0, part, 0) for part in parts if part]


def _numbered(labels: Sequence[str]) -> bool:
    """Whether the labels differ in their numbers alone."""
    return len({_NUMBER.sub("#", label) for label in labels}) == 1 and len(set(labels)) == len(labels)


#: Words that mean the same in the names of modules.
_SYNONYMS = (
    {"bn", "norm", "batchnorm", "batch_norm", "ln", "layernorm", "layer_norm"},
    {"conv", "convolution", "cnn"},
    {"fc", "linear", "dense", "classifier", "head", "logits"},
    {"downsample", "shortcut", "skip", "proj", "projection", "identity"},
    {"se", "squeeze", "attention", "attn"},
    {"reduce", "reduction", "squeeze"},
    {"expand", "expansion"},
    {"dw", "depthwise"},
    {"pw", "pointwise"},
)


@lru_cache(4_096)
def _words(label: str) -> frozenset[str]:
    found = re.findall(r"[a-z]{2,}|\d+", label.lower())
    return frozenset(
        min(group) if (group := next((g for g in _SYNONYMS if word in g), None)) else word for word in found
    )


def _likeness(label: str, other: str, learned: Mapping[str, str]) -> float:
    """From 0 to 1: how alike two names are, by their words, and by their numbers if a word is the same."""
    last = label.rpartition(".")[2]
    if last in learned:
        return float(learned[last] == other.rpartition(".")[2])
    mine, theirs = _words(label), _words(other)
    same = mine & theirs
    return len(same) / len(mine | theirs) if any(not word.isdecimal() for word in same) else 0.0


class _Names(NamedTuple):
    """The order in which names are most alike, of several the one nearest to the order that there is; by how much they
    are less alike in any other; and by how much less in the order that there is.
    """

    best: list[int]
    margin: float
    gain: float


def _by_names(alike: Sequence[Sequence[float]], order: Sequence[int]) -> _Names:
    if len(alike) > 6:
        # Too many orders to try: whether two that change places would be as good tells enough.
        margin = min(
            alike[order[a]][a] + alike[order[b]][b] - alike[order[b]][a] - alike[order[a]][b]
            for a, b in itertools.combinations(range(len(order)), 2)
        )
        return _Names(list(order), max(0.0, margin), 0.0)
    totals = {trial: sum(alike[at][place] for place, at in enumerate(trial)) for trial in itertools.permutations(order)}
    # Permutations of ``order`` come with the least disturbed first.
    top = max(totals.values())
    best = next(trial for trial, total in totals.items() if total > top - _LEAST)
    second = max((total for trial, total in totals.items() if trial != best), default=0.0)
    return _Names(list(best), top - second, top - totals[tuple(order)])
