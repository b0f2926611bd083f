"""What helps against a warning: another text of the layer that it is of, tried on the layer's own operator."""

from __future__ import annotations

import re
from functools import cached_property

from netdsl.diagnostics import Advice, Edit, Source, Span
from netdsl.elaborate.helps.layer_text import HEAD, SUFFIXES, with_padding
from netdsl.ir.graph import Graph, Node
from netdsl.ir.op import OpError
from netdsl.ir.types import show_shape

#: The longest text of a layer that a help repeats, and the largest padding that is tried.
_LONGEST, _MOST_PADDING = 40, 64
#: How many letters around a layer are looked at.
_NEAR = 80


def text_of(node: Node, sources: tuple[Source, ...] | list[Source]) -> str | None:
    """The layer that a node is of as it is written; None for what is no short layer."""
    if not 0 <= node.span.file < len(sources):
        return None
    text = sources[node.span.file].text[node.span.start : node.span.end]
    plain = 0 < len(text) <= _LONGEST and text.isprintable() and "`" not in text and HEAD.match(text)
    return text if plain else None


def tiling(graph: Graph, node: Node) -> str:
    """A help for a window that leaves elements out: a padding, ``ceil``, or a size of its input that it tiles."""
    shapes, op, text = graph.input_shapes(node), node.op, text_of(node, graph.sources)
    fields, rank = type(op).model_fields, len(shapes[0]) - 1
    found: list[str] = []

    def tiles(values: dict[str, object]) -> bool:
        try:
            changed = op.model_copy(update=values)
            changed.infer(shapes)
            return changed.dropped(shapes) is None
        except (OpError, ValueError):
            return False

    kernel = getattr(op, "kernel", None) or (1,)
    own = getattr(op, "pad", None) or (0,)
    most = min(_MOST_PADDING, max(kernel) // 2 if op.category == "pool" else max(kernel) - 1)
    if text is not None and "pad" in fields:
        no_rule = dict.fromkeys(("same", "same_tf") & fields.keys(), False)
        pads = (pad for pad in range(max(own) + 1, most + 1) if tiles({"pad": (pad,) * rank, **no_rule}))
        if (pad := next(pads, None)) is not None:
            found.append(f"`{with_padding(text, f'pad={pad}')}`")
    if text is not None and "ceil" in fields and SUFFIXES.search(text) is None and tiles({"ceil": True}):
        found.append(f"`{text} ceil`")
    if found:
        return f"{' or '.join(found)} takes in what is left over"
    strides = getattr(op, "stride", None) or (1,) * rank
    fits = list(shapes[0])
    for axis, (window, stride) in enumerate(zip(kernel, strides, strict=False), 1):
        span = (getattr(op, "dilation", None) or (1,) * rank)[axis - 1] * (window - 1) + 1
        fits[axis] += (span - fits[axis] - 2 * (own * rank)[axis - 1]) % stride
    return f"nothing is left over where {show_shape(fits)} enters"


def parted(graph: Graph, before: Node, node: Node) -> str:
    """A help for two linear layers in a row: the first with an activation behind it."""
    text = text_of(before, graph.sources)
    if text is None or text.endswith("="):
        return "put an activation between, such as `relu`"
    if before.span == node.span and (sizes := re.fullmatch(r"([a-z_]+-)\d+x(\d+)", text)) is not None:
        return f"`x{sizes[2]}` repeats it: `{sizes[1]}{sizes[2]}` alone gives {sizes[2]}, and what enters is in sight"
    both = f"{text}, relu"
    if before.span == node.span:
        behind = graph.sources[node.span.file].text[node.span.end : node.span.end + _NEAR]
        repeat = re.match(r"[ \t]*(?:[×x][ \t]*(\d+|\{[^{}\n]*\}))", behind)
        both = f"[{both}] ×{repeat[1]}" if repeat is not None else both
    return f"put an activation between: `{both}`"


def logits(graph: Graph, node: Node) -> str:
    """A help for a soft-max that a loss would see."""
    text = text_of(node, graph.sources)
    if text is None or node.mode == "train" or SUFFIXES.search(text) is not None:
        return "without the soft-max the output is logits; one `eval` stands in evaluation alone"
    place = Span(node.span.file, node.span.end, node.span.end)
    return Advice(f"`{text} eval` gives logits in training", Edit(place, " eval"))


class Names:
    """The names that outputs of a net cannot have, and one for each file that is free."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._free: dict[int, str] = {}

    @cached_property
    def taken(self) -> set[str]:
        """Those of its outputs and of its inputs."""
        inputs = {given.name for given in self.graph.nodes if given.op.keyword == "input"}
        return {output.name for output in self.graph.outputs} | inputs | {"main"}

    def free(self, file: int) -> str:
        """A name that no word of a file is."""
        if file not in self._free:
            words, name = {*re.findall(r"\w+", self.graph.sources[file].text)}, "t"
            while name in self.taken or name in words:
                name += "2"
            self._free[file] = name
        return self._free[file]


def unused(graph: Graph, node: Node, names: Names) -> str:
    """A help for a layer whose output nothing takes up: how it would be, by its name."""
    text = text_of(node, graph.sources)
    if text is None:
        return "join it, return it by an `output`, or leave it out"
    source, span = graph.sources[node.span.file].text, node.span
    before = re.search(r"(?<![\w.])([A-Za-z_]\w*)[ \t]*:[ \t]*\Z", source[max(0, span.start - _NEAR) : span.start])
    behind = re.match(r"[ \t]+as[ \t]+([A-Za-z_]\w*)", source[span.end : span.end + _NEAR])
    named = before or behind
    scopes = [graph.scopes[index] for index in graph.ancestors(node.scope)]
    if any(scope.kind == "block" for scope in scopes) or any(scope.parent is not None for scope in scopes):
        called = "its name" if named is not None else f"a name, `{text} as t`"
        return f"a join takes it up by {called}; else leave it out"
    name = named[1] if named is not None else names.free(span.file)
    if name in names.taken:
        return f"`@{name}` takes it up further down; else leave it out"
    if named is not None:
        return f"`output {name} {{ @{name} }}` gives it out, `@{name}` takes it up; else leave it out"
    return f"`{text} as {name}` and `output {name} {{ @{name} }}` give it out; else leave it out"
