"""What helps where a checkpoint and a net do not go together: what to write in the spec, in a key map or a command."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence

from netdsl.diagnostics import shortened
from netdsl.diagnostics.files import listed, shown
from netdsl.ir.graph import Graph, Node
from netdsl.ir.types import Shape, show_shape
from netdsl.runtime.checkpoint import Stored
from netdsl.runtime.keymap import literal
from netdsl.runtime.keymap_advice import line
from netdsl.runtime.slots import Slot, axes
from netdsl.runtime.weights import Comparison, Row, reshapes

#: What is in a unit: the rest of each key, and its shape.
Content = tuple[str, frozenset[tuple[str, Shape]]]

#: The most units that one is told from.
_MOST = 100
_PARTIAL = "`--partial`, in Python `partial=True`,"


def pattern_of(comparison: Comparison, unit: str, row: Row) -> str:
    """The pattern of a key map that fits a unit of the checkpoint, of whose keys ``row`` has one."""
    rest = row.key[len(unit) :]
    key = row.key if not comparison.mapped or row.source is None else row.source
    if not rest or not key.endswith(rest):
        return literal(key)
    return f"{literal(key.removesuffix(rest))}.**"


def content(unit: str, rows: Sequence[Row]) -> Content:
    """What tells whether a unit of either side can be one of the other; a single tensor, in one scope alone."""
    found = set()
    for row in rows:
        shape = row.slot.shape if row.slot is not None else row.stored.shape if row.stored is not None else ()
        found.add((row.key[len(unit) :], shape))
    return (unit.rpartition(".")[0] if rows[0].key == unit else "", frozenset(found))


def kind_help(stored: Stored) -> str:
    """What helps where a tensor's numbers are none of weights."""
    if stored.form == "without values":
        return "it was saved from the device `meta`: load the weights there first, then save them"
    if stored.form == "nested":
        return f"save each of `tensor.unbind()` under a key of its own; {_PARTIAL} leaves it out"
    if stored.form:
        return f"save it as an ordinary array: `tensor.{'dequantize' if stored.form == 'quantised' else 'to_dense'}()`"
    if stored.dtype.startswith("complex"):
        return f"save its real part, `tensor.real`, if it has no other; {_PARTIAL} leaves it out"
    return f"save it as `tensor.float()`, where these are no codes of a quantised net; {_PARTIAL} leaves it out"


def nothing_help(comparison: Comparison, theirs: Sequence[str]) -> str:
    """What helps where no key of the checkpoint (``theirs``, without those left out) is the net's."""
    if not theirs:
        return "a line with `false` leaves out what fits it: write more of the key there, or take the line away"
    graph, checkpoint = comparison.graph, comparison.checkpoint
    name = graph.sources[0].name if graph.sources else ""
    if checkpoint.size is None:
        return "`netdsl weights convert FILE CHECKPOINT` pairs by shape and place: save them with `torch.save` for that"
    file = shown(name) if name.endswith(".net") or name.startswith("zoo:") else "FILE"
    asked = f"{file}:{graph.variant}" if graph.variant is not None else file
    return f"`netdsl weights convert {asked} {shown(checkpoint.name)}` pairs by shape and place, or says why not"


def missing_help(units: Mapping[str, Sequence[Row]], others: Mapping[Content, Sequence[str]]) -> str:
    """What helps where a checkpoint lacks ``units``; ``others`` are those of its own that the net lacks, by content."""
    rows = [row for unit in units.values() for row in unit]
    slot = rows[0].slot
    assert slot is not None
    them = "it" if len(units) == 1 else "them"
    if all(row.slot is not None and row.slot.training_alone for row in rows):
        return f"training alone needs {them}: `--view infer` does without"
    if all(row.slot is not None and row.slot.tensor.name == "bias" for row in rows) and hasattr(slot.node.op, "bias"):
        return "the checkpoint's layer has no bias: `bias=false` here takes it off"
    for unit, own in units.items():
        if olds := others.get(content(unit, own)):
            end = ".**" if own[0].key != unit else ""
            # of several that end as it does: `c2` for `conv2`
            old = max(olds[:_MOST], key=lambda old: _alike(old, unit))
            made = line(literal(old) + end, literal(unit) + end)
            called = " or ".join(f"`{shortened(old)}`" for old in olds[:2])
            return f"is it {called} there? a line such as {made} of a key map says so"
    starts = "starts" if them == "it" else "start"
    return f"{_PARTIAL} takes the rest, and {'this' if them == 'it' else 'these'} {starts} as the spec says"


def _alike(one: str, other: str) -> int:
    """How many letters two names end in that are the same."""
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(one[::-1], other[::-1])))


# -- shapes -----------------------------------------------------------------------------------------------------------


def shape_help(comparison: Comparison, row: Row) -> str:
    """What helps where a tensor has another shape in the checkpoint."""
    slot, stored = row.slot, row.stored
    assert slot is not None and stored is not None
    if len(stored.shape) != len(slot.shape) and reshapes(stored.shape, slot.shape):
        made = line(literal(row.source or row.key), literal(row.key))
        return f"a line {made} of a key map takes it: its elements stay in their order"
    said = _by_axes(comparison, slot, stored.shape) if len(stored.shape) == len(slot.shape) else None
    if said is not None:
        return said
    variants = [variant for variant in comparison.graph.variants if variant != comparison.graph.variant]
    if variants:
        return f"is it of another variant? there {'is' if len(variants) == 1 else 'are'} {listed(variants)}"
    return f"{_PARTIAL} takes what fits, and this starts as the spec says"


def _by_axes(comparison: Comparison, slot: Slot, shape: Shape) -> str | None:
    graph = comparison.graph
    names = axes(slot)
    differing = [name for name, have, want in zip(names, shape, slot.shape) if have != want]
    if not differing:
        return None
    op = slot.node.op
    if differing == ["out"] and op.weight_layer and _last(graph, slot.node):
        have = shape[names.index("out")]
        written = _written(graph, slot, have)
        classes = f"the checkpoint's net has {have:,} {'class' if have == 1 else 'classes'}"
        if written is None:
            return f"{classes}: `{_text(graph, slot.node)}` is where to write as many"
        return f"{classes}: `{written}` has so many too"
    if differing in (["in"], ["in per group"]):
        have = shape[names.index(differing[0])]
        entering = graph.nodes[slot.node.inputs[0]]
        if entering.op.keyword == "input" and names[1] == "in":
            other = "x".join(map(str, (have, *entering.shape[1:])))
            return f"the checkpoint's images have {have} channel{'' if have == 1 else 's'}: `--input {other}`"
        alone = {row.slot.node.module for row in comparison.problems if row.slot is not None} == {slot.node.module}
        if op.keyword == "fc" and alone and (said := _map_help(graph, slot.node, have)) is not None:
            return said
        if differing == ["in per group"] and have and entering.shape[0] % have == 0:
            return f"{have:,} channels to a group are `groups={entering.shape[0] // have}` here"
    if "out" in differing and op.weight_layer:
        have = shape[names.index("out")]
        written = _written(graph, slot, have)
        if written is not None:
            return f"{have:,} channels come out of the checkpoint's: `{written}`"
        return f"{have:,} channels come out of the checkpoint's: `{_text(graph, slot.node)}` is where to write them"
    kernel = [have for name, have in zip(names, shape) if name in ("depth", "height", "width", "length")]
    if set(differing) <= {"depth", "height", "width", "length"}:
        return _kernel(graph, slot, kernel)
    entering = graph.nodes[slot.node.inputs[0]]
    index = next((place for place, name in enumerate(names) if name == differing[0]), 0)
    before = f"`{shortened(entering.name or entering.op.keyword)}`"
    return f"{shape[index]:,} channels enter it there, and {slot.shape[index]:,} here, which come out of {before}"


def _text(graph: Graph, node: Node) -> str:
    """What the spec says of a layer."""
    text = graph.sources[node.span.file].text[node.span.start : node.span.end]
    return shortened(" ".join(text.split()), 60)


def _written(graph: Graph, slot: Slot, have: int) -> str | None:
    """A layer as it is written, with ``have`` channels; None where its channels stand there not once as a number."""
    text = _text(graph, slot.node)
    want = re.compile(rf"(?<![\d.]){slot.shape[axes(slot).index('out')]}(?![\d.])")
    return want.sub(str(have), text) if len(want.findall(text)) == 1 else None


def _kernel(graph: Graph, slot: Slot, kernel: Sequence[int]) -> str:
    text = _text(graph, slot.node)
    size = str(kernel[0]) if len(set(kernel)) == 1 else "x".join(map(str, kernel))
    there = "×".join(map(str, kernel)) if len(kernel) > 1 else size
    begun = re.match(r"([A-Za-z]+)\d+(?:x\d+)*(?![\w.])", text)
    own = slot.shape[2:]
    written = re.compile(rf"(?<==){own[0] if len(set(own)) == 1 else 'x'.join(map(str, own))}(?![\w.])")
    if begun is not None:
        text = f"{begun[1]}{size}{text[begun.end() :]}"
    elif len(written.findall(text)) == 1:
        text = written.sub(size, text)
    else:
        return f"the checkpoint's kernel is {there}: `{text}` is where to write it"
    return f"the checkpoint's kernel is {there}: `{text}`"


def _last(graph: Graph, node: Node) -> bool:
    """Whether no layer with weights follows."""
    after = {node.index}
    for other in graph.nodes[node.index + 1 :]:
        if after.intersection(other.inputs):
            after.add(other.index)
            if other.op.weight_layer:
                return False
    return True


def _map_help(graph: Graph, node: Node, have: int) -> str | None:
    """A fully connected layer on a map: of which size the checkpoint's was."""
    entering = graph.nodes[node.inputs[0]]
    before = entering
    while len(before.inputs) == 1 and (before.shape == entering.shape or len(entering.shape) == 1):
        if len(entering.shape) == 1:
            entering = before
        if before.op.pools_all or getattr(before.op, "to", None) is not None:
            return None  # of this size whatever the input is
        before = graph.nodes[before.inputs[0]]
    channels, *spatial = entering.shape
    if not spatial or have % channels:
        return None
    side = round((have // channels) ** (1 / len(spatial)))
    if side ** len(spatial) != have // channels:
        return None
    then = show_shape((channels, *(side for _ in spatial)))
    return f"{have:,} is a map of {then}, and {show_shape(entering.shape)} enters here: another `--input`?"
