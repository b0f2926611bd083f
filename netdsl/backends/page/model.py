"""Every number of a net and of its drawings as plain values, as the page's program reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from netdsl.analyses.cost import BYTES
from netdsl.analyses.stats import Row, Stats, stats
from netdsl.analyses.view import see, with_idle
from netdsl.backends.canvas.palette import KINDS
from netdsl.backends.captions import caption, tint
from netdsl.backends.labels import plain
from netdsl.backends.page.parts import Drawings
from netdsl.ir.graph import Graph, Node, Scope
from netdsl.ir.print import Places, show_attributes, show_value
from netdsl.ir.types import View

#: The numbers of a layer, in the order in which the page has them.
NUMBERS = ("params", "params_no_bias", "frozen", "buffers", "macs", "flops", "activations", "depth")


def model(graph: Graph, view: View, drawn: Drawings) -> dict[str, Any]:
    """Plain values for JSON. Layers are called by their places in ``layers``."""
    return _Model(graph, view, drawn).value()


class _Model:
    def __init__(self, graph: Graph, view: View, drawn: Drawings) -> None:
        self.graph = graph
        self.view = view
        self.drawn = drawn
        self.seen = with_idle(see(graph, view))
        self.stats: Stats = stats(graph, view=view)
        self.place = {node.index: place for place, node in enumerate(self.seen.nodes)}
        self.places = Places(graph)
        self.scopes: dict[int, int] = {}
        self.listed: list[list[object]] = []
        self.lines: dict[str, str] = {}

    def value(self) -> dict[str, Any]:
        """All of it."""
        graph, drawn = self.graph, self.drawn
        layers = [self._layer(node, row) for node, row in zip(self.seen.nodes, self.stats.layers, strict=True)]
        return {
            "name": plain(graph.name),
            "variant": graph.variant and plain(graph.variant),
            "title": graph.title and plain(graph.title),
            "view": self.view,
            "inputs": [[plain(name), list(shape)] for name, shape in self.stats.inputs()],
            "outputs": [[plain(name), list(shape)] for name, shape in self.stats.outputs()],
            "settings": {name: show_value(value) for name, value in graph.settings},
            "totals": self._totals(),
            "kinds": {**KINDS, "input": "input", "merge": "joining"},
            "files": [_file(source.name) for source in graph.sources],
            "quiet": drawn.quiet,
            "layers": layers,
            "scopes": self.listed,
            "lines": self.lines,
            "overview": [
                [one.id, plain(one.words), self._all(one.nodes), -1 if one.part is None else one.part, one.tint]
                for one in drawn.mentions
            ],
            "parts": [
                {
                    "name": part.name,
                    "title": plain(part.title),
                    "card": part.card,
                    "number": part.number,
                    "count": part.repeats,
                    "layers": self._all(part.nodes),
                    "drawing": part.drawing,
                    "drawn": [[one.id, self.place[one.head], self._all(one.nodes)] for one in part.drawn],
                }
                for part in drawn.parts
            ],
        }

    def _all(self, nodes: Iterable[int]) -> list[int]:
        return [self.place[node] for node in nodes]

    def _totals(self) -> dict[str, Any]:
        total = self.stats.totals
        found: dict[str, Any] = {name: getattr(total, name) for name in NUMBERS}
        found["rf"], found["jump"] = _axes(total.receptive_field), _axes(total.downsampling)
        found["last"] = total.last_map
        found["bytes"] = BYTES
        return found

    def _layer(self, node: Node, row: Row) -> list[object]:
        """One layer: who it is, what enters and leaves, its numbers, and where it comes from."""
        module = None if node.module == node.name else node.module
        inputs = [self.place[at] for at in self.seen.inputs[node.index] if at in self.place]
        return [
            plain(node.name),
            node.op.keyword,
            tint(node),
            plain(caption(self.graph, node)),
            list(node.shape),
            inputs,
            [getattr(row, name) for name in NUMBERS],
            _axes(row.receptive_field),
            _axes(row.jump),
            _axes(row.offset),
            None if node.mode == "both" else node.mode,
            module,
            self._scope(node.scope),
            self._line(node),
            " ".join(show_attributes(node.op)),
        ]

    def _scope(self, index: int) -> int:
        """The place in ``scopes`` of a scope, -1 for the net; around it are those that a reader knows by name."""
        above = -1
        for at in reversed([*self.graph.ancestors(index)][:-1]):
            scope = self.graph.scopes[at]
            if at in self.scopes:
                above = self.scopes[at]
            elif scope.block is not None or scope.path != self.graph.scopes[scope.parent or 0].path:
                self.listed.append(
                    [above, plain(scope.path), self._words(scope), self._line(scope), int(scope.block is not None)]
                )
                above = self.scopes[at] = len(self.listed) - 1
        return above

    def _words(self, scope: Scope) -> str:
        if scope.block is None:
            return scope.kind
        values = ", ".join(f"{name}={show_value(value)}" for name, value in scope.arguments)
        return plain(f"{scope.block}({values})" if values else scope.block)

    def _line(self, found: Node | Scope) -> list[int] | None:
        """The number of the file and the line, whose text is kept."""
        line = self.places.line(found.span)
        if line is None:
            return None
        key = f"{found.span.file}:{line}"
        if key not in self.lines:
            text = self.graph.sources[found.span.file].text
            begin = text.rfind("\n", 0, found.span.start) + 1
            end = text.find("\n", begin)
            self.lines[key] = plain(text[begin : end if end >= 0 else len(text)].strip())[:200]
        return [found.span.file, line]


def _axes(values: tuple[Any, ...] | None) -> list[int | float] | None:
    """One number an axis; fractions as decimal numbers."""
    return None if values is None else [value if isinstance(value, int) else float(value) for value in values]


def _file(name: str) -> str:
    """The name without its folders."""
    return plain(name.replace("\\", "/").rpartition("/")[2])


def as_json(value: Mapping[str, Any]) -> str:
    """JSON that can stand in a ``<script>``: nothing in it ends the element, or begins another."""
    import json

    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text
