"""What differs between two layers, shortcuts or gates: attributes, what stands beside them, what enters."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import NamedTuple

from netdsl.analyses.pieces import Leaf, caption, entering
from netdsl.analyses.structure import Layer
from netdsl.ir.graph import Graph
from netdsl.ir.op import Op, elements
from netdsl.ir.types import Mode, plural, show_shape


class Change(NamedTuple):
    """A value that differs: ``stride``, ``1``, ``2``. What is there in one net alone is empty in the other."""

    what: str
    before: str
    after: str


def said(change: Change) -> str:
    """A change in words: ``stride 1 → 2``, ``relu → gelu``, ``+ bn``, ``– dropout``."""
    if not change.before or not change.after:
        return f"+ {change.after}" if change.after else f"– {change.before}"
    what = "" if change.what in ("norm", "activation", "regularise", "beside", "operator", "way") else f"{change.what} "
    return f"{what}{change.before} → {change.after}"


def changes_of(before: Graph, after: Graph, one: Leaf, other: Leaf) -> Iterator[Change]:
    """What differs between two leaves of one kind, of one graph each."""
    found: list[Change] = []
    if one.kind == "layer":
        a, b = one.layers[0], other.layers[0]
        if type(a.head.op) is type(b.head.op):
            found += _attributes(a.head.op, b.head.op)
        else:
            found.append(Change("operator", caption(before, a.head), caption(after, b.head)))
        found += _around(a, b)
        if a.head.mode != b.head.mode:
            found.append(Change("acts in", acts(a.head.mode), acts(b.head.mode)))
    else:
        if one.words != other.words:
            found.append(Change("way", one.words.removeprefix("+ "), other.words.removeprefix("+ ")))
        if one.over != other.over:
            found.append(Change("round", _layers(one.over), _layers(other.over)))
        found += _around(one.layers[-1], other.layers[-1])
    if not found:
        found.append(_entering(before, after, one, other))
    yield from found


def _entering(before: Graph, after: Graph, one: Leaf, other: Leaf) -> Change:
    """What enters, where nothing else differs than the shapes of parameters."""
    for a, b in zip(one.layers, other.layers):
        mine, yours = entering(before, a.head), entering(after, b.head)
        if mine != yours:
            flat_ = a.head.op.category == "fc"
            words = (elements(mine), elements(yours)) if flat_ else (mine[0], yours[0])
            if words[0] != words[1]:
                return Change("in", str(words[0]), str(words[1]))
    return Change("inside", one.words, other.words)


def _attributes(one: Op, other: Op) -> list[Change]:
    """Attributes that differ; padding alone where it does not follow from the kernel."""
    found = []
    names = {**dict.fromkeys(type(one).attributes()), **({"shape": None} if hasattr(one, "shape") else {})}
    for name in names:
        mine, yours = getattr(one, name), getattr(other, name)
        if mine == yours or (name == "pad" and _usual_pad(one) and _usual_pad(other)):
            continue
        single = name in ("stride", "dilation", "pad", "out_pad")
        found.append(Change(name, _value(mine, single), _value(yours, single)))
    return found


def _usual_pad(op: Op) -> bool:
    """Whether padding keeps the size at stride 1."""
    kernel, dilation = getattr(op, "kernel", None), getattr(op, "dilation", None)
    if kernel is None or dilation is None:
        return False
    return bool(getattr(op, "pad", None) == tuple(d * (k - 1) // 2 for k, d in zip(kernel, dilation)))


def _value(value: object, single: bool = False) -> str:
    """A value in words; with ``single`` equal numbers for all axes are one."""
    if isinstance(value, tuple):
        numbers = [item for item in value if isinstance(item, int)]
        if not value or len(numbers) < len(value):
            return ", ".join(map(str, value)) or "none"
        return str(numbers[0]) if single and len(set(numbers)) == 1 else show_shape(tuple(numbers))
    if isinstance(value, float):
        return f"{value:.6g}"
    return ("yes" if value else "no") if isinstance(value, bool) else "none" if value is None else str(value)


def _around(one: Layer, other: Layer) -> list[Change]:
    """Norms, activations and the like beside a layer that differ."""
    mine = [node.op for node in one.nodes if node is not one.head]
    yours = [node.op for node in other.nodes if node is not other.head]
    words = [[op.keyword for op in ops] for ops in (mine, yours)]
    found = []
    for what, a, b, c, d in SequenceMatcher(None, words[0], words[1], autojunk=False).get_opcodes():
        if what != "equal":
            kinds = {op.category for op in (*mine[a:b], *yours[c:d])}
            kind = kinds.pop() if len(kinds) == 1 else "beside"
            found.append(Change(kind, ", ".join(words[0][a:b]), ", ".join(words[1][c:d])))
            continue
        for first, second in zip(mine[a:b], yours[c:d]):
            found += [
                Change(f"{first.keyword} {change.what}", change.before, change.after)
                for change in _attributes(first, second)
            ]
    return found


def acts(mode: Mode) -> str:
    """When something of a mode acts."""
    return {"both": "training and inference", "train": "training", "eval": "inference"}[mode]


def _layers(count: int) -> str:
    return f"{count} {plural(count, 'layer')}"
