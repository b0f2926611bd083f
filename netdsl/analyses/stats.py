"""The numbers of a net in one table: a row for each layer, their totals, and roll-ups by block and by stage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from netdsl.analyses.cost import BYTES, Cost, costs_of, part
from netdsl.analyses.depth import depth_of, depths
from netdsl.analyses.recent import recent
from netdsl.analyses.receptive_field import Field, fields_of, reach_of
from netdsl.analyses.rollup import Piece, blocks, stages
from netdsl.analyses.view import Seen, see, with_idle
from netdsl.ir.graph import Graph, Node
from netdsl.ir.print import Places
from netdsl.ir.types import Shape, View

if TYPE_CHECKING:
    from pathlib import Path

    from netdsl.analyses.patterns import Number

#: How fine a table is.
By = Literal["layer", "block", "stage"]


class Row(NamedTuple):
    """A layer, or the layers of a block or stage taken together. Costs as in :class:`netdsl.analyses.cost.Cost`.

    ``op``
        a layer's operator; a block's name or its scope's kind; a stage's spatial size.
    ``layers``
        how many nodes of the graph it is: 1 for a layer.
    ``depth``
        weight layers on the longest path up to and with its output.
    ``shape``
        of its output, ``(channels, *spatial)`` without the batch axis.
    ``receptive_field``, ``jump``, ``offset``
        of its output, one number for each spatial axis, in elements of the input; None for a vector.
    ``file``, ``line``
        where the spec writes it (its first layer); None where the graph has no source.
    """

    name: str
    op: str
    layers: int
    shape: Shape
    params: int
    params_no_bias: int
    frozen: int
    buffers: int
    macs: int
    flops: int
    activations: int
    depth: int
    receptive_field: tuple[Number, ...] | None
    jump: tuple[Number, ...] | None
    offset: tuple[Number, ...] | None
    module: str | None
    mode: str
    file: str | None
    line: int | None


class Totals(NamedTuple):
    """The numbers of a whole net in one view.

    ``flops_parts`` are the FLOPs by part (:data:`netdsl.analyses.cost.Part`); their sum is ``flops``.
    ``activations_conv_fc`` are the output elements of convolutions and fully connected layers alone.
    ``activation_bytes`` is the size of ``activations`` as 32-bit floats.
    ``depth`` is the longest path in weight layers.
    ``receptive_field``, ``downsampling`` (the jump) and ``offset`` are those of ``last_map``, the name of the last map
    before the first global pooling or fc, one number an axis; None where there is no map.
    """

    params: int
    params_no_bias: int
    frozen: int
    buffers: int
    macs: int
    flops: int
    flops_parts: tuple[tuple[str, int], ...]
    activations: int
    activations_conv_fc: int
    activation_bytes: int
    depth: int
    downsampling: tuple[Number, ...] | None
    receptive_field: tuple[Number, ...] | None
    offset: tuple[Number, ...] | None
    last_map: str | None


class Stats:
    """All numbers of a graph in one view, for a batch of one size. Made by :func:`stats`.

    ``layers`` has a row for each node that the view has, in topological order; ``totals`` are theirs.
    """

    __slots__ = ("_costs", "_fields", "_layers", "_seen", "batch", "graph", "totals", "view")

    def __init__(
        self, graph: Graph, view: View, batch: int, seen: Seen, costs: list[Cost], fields: list[Field | None]
    ) -> None:
        self.graph = graph
        self.view = view
        self.batch = batch
        self.totals: Totals = _totals(graph, seen, costs, fields)
        self._seen = seen
        self._costs = costs
        self._fields = fields
        self._layers: tuple[Row, ...] | None = None

    @property
    def layers(self) -> tuple[Row, ...]:
        """The rows by layer. They are made when they are first asked for: a spec's ``expect`` needs totals alone."""
        if self._layers is None:
            places = Places(self.graph)
            pairs = zip(self._seen.nodes, self._costs, strict=True)
            deep = depths(self.graph, self._seen)
            rows = [
                _row(self.graph, node, cost, deep[node.index], self._fields[node.index], places) for node, cost in pairs
            ]
            self._layers = tuple(rows)
        return self._layers

    def __repr__(self) -> str:
        total = self.totals
        return f"<Stats of {self.graph!r}, view {self.view}: {total.params:,} params, {total.macs:,} MACs>"

    def by(self, what: By) -> tuple[Row, ...]:
        """The rows by ``layer``, ``block`` or ``stage``. Whichever, each layer is in one row: sums equal the totals.

        A block is an outermost block call, or a labelled group or join; what is in none of them stands as the layer
        that the spec writes. A stage is a part of the main path with one spatial size, with the branches that lead to
        it; each further output is one row more.
        """
        if what == "layer":
            return self.layers
        pieces = blocks(self.graph, self._seen) if what == "block" else stages(self.graph, self._seen)
        layers = self.layers
        place = {node.index: place for place, node in enumerate(self._seen.nodes)}
        return tuple(self._together(piece, layers, layers[place[piece.result]]) for piece in pieces)

    def _together(self, piece: Piece, layers: tuple[Row, ...], last: Row) -> Row:
        rows = [layers[place] for place in piece.members]
        first = rows[0]
        return Row(
            piece.name,
            piece.what,
            len(rows),
            last.shape,
            sum(row.params for row in rows),
            sum(row.params_no_bias for row in rows),
            sum(row.frozen for row in rows),
            sum(row.buffers for row in rows),
            sum(row.macs for row in rows),
            sum(row.flops for row in rows),
            sum(row.activations for row in rows),
            last.depth,
            last.receptive_field,
            last.jump,
            last.offset,
            first.module if len(rows) == 1 else None,
            first.mode if all(row.mode == first.mode for row in rows) else "both",
            first.file,
            first.line,
        )

    def inputs(self) -> tuple[tuple[str, Shape], ...]:
        """The net's inputs by name, each with its shape without the batch axis."""
        nodes = (self.graph.nodes[index] for index in self.graph.inputs)
        return tuple((node.label or node.name, node.shape) for node in nodes)

    def outputs(self) -> tuple[tuple[str, Shape], ...]:
        """The view's outputs by name, each with its shape without the batch axis; ``main`` first."""
        return tuple((output.name, self.graph.nodes[at].shape) for output, at in self._seen.outputs)

    def to_dict(self, by: By = "layer") -> dict[str, Any]:
        """Plain values for JSON, as :func:`schema` describes them; by block or stage, those rows are added."""
        value: dict[str, Any] = {
            "net": self.graph.name,
            "title": self.graph.title,
            "variant": self.graph.variant,
            "settings": dict(self.graph.settings),
            "view": self.view,
            "batch": self.batch,
            "input": list(self.inputs()[0][1]),
            "inputs": {name: list(shape) for name, shape in self.inputs()},
            "outputs": {name: list(shape) for name, shape in self.outputs()},
            "totals": {
                **_plain(self.totals),
                "flops_parts": dict(self.totals.flops_parts),
            },
            "layers": [_plain(row) for row in self.layers],
        }
        if by != "layer":
            value[f"{by}s"] = [_plain(row) for row in self.by(by)]
        return value

    def to_json(self, by: By = "layer") -> str:
        """:meth:`to_dict` as JSON text: a line for each row, with a newline at the end."""
        import json

        value = self.to_dict(by)
        parts = []
        for key, item in value.items():
            if isinstance(item, list) and item and isinstance(item[0], dict):
                rows = ",\n".join(f"  {json.dumps(row, ensure_ascii=False)}" for row in item)
                parts.append(f" {json.dumps(key)}: [\n{rows}\n ]")
            else:
                parts.append(f" {json.dumps(key)}: {json.dumps(item, ensure_ascii=False)}")
        return "{\n" + ",\n".join(parts) + "\n}\n"


def stats(graph: Graph, *, view: View = "infer", batch: int = 1) -> Stats:
    """Counts a graph as language of the field has it: parameters, MACs and FLOPs apart, activations, receptive field.

    ``view`` is ``infer``, without what only training has, or ``train``; ``batch`` multiplies MACs, FLOPs and
    activations. Linear in the nodes; torch is not needed. Raises ``ValueError`` for another view or a batch
    below 1.
    """
    if view not in ("infer", "train"):
        raise ValueError(f"a view is `infer` or `train`, not {view!r}")
    if batch < 1:
        raise ValueError(f"a batch has at least one image, and {batch} were asked for")
    return _stats(graph, view, batch)


@recent(4)
def _stats(graph: Graph, view: View, batch: int) -> Stats:
    seen = with_idle(see(graph, view))
    return Stats(graph, view, batch, seen, costs_of(graph, seen, batch), fields_of(graph, seen))


def _row(graph: Graph, node: Node, cost: Cost, depth: int, field: Field | None, places: Places) -> Row:
    line = places.line(node.span)
    sizes, jumps, offsets = zip(*field, strict=True) if field else (None, None, None)
    return Row(
        node.name,
        node.op.keyword,
        1,
        node.shape,
        *cost,
        depth,
        sizes,
        jumps,
        offsets,
        node.module,
        node.mode,
        None if line is None else graph.sources[node.span.file].name,
        line,
    )


def _totals(graph: Graph, seen: Seen, costs: list[Cost], fields: list[Field | None]) -> Totals:
    parts = {"conv_fc": 0, "norm": 0, "pool": 0, "elementwise": 0}
    activations_conv_fc = 0
    for node, cost in zip(seen.nodes, costs, strict=True):
        parts[part(node.op.category)] += cost.flops
        if node.op.weight_layer:
            activations_conv_fc += cost.activations
    params, no_bias, frozen, buffers, macs, flops, activations = map(sum, zip(*costs, strict=True))
    reach = reach_of(graph, seen, fields)
    sizes, jumps, offsets = zip(*reach.field, strict=True) if reach is not None else (None, None, None)
    return Totals(
        params,
        no_bias,
        frozen,
        buffers,
        macs,
        flops,
        tuple(parts.items()),
        activations,
        activations_conv_fc,
        activations * BYTES,
        depth_of(graph, seen),
        jumps,
        sizes,
        offsets,
        None if reach is None else graph.nodes[reach.node].name,
    )


def _plain(row: Row | Totals) -> dict[str, Any]:
    return {key: _numbers(item) if isinstance(item, tuple) else item for key, item in row._asdict().items()}


def _numbers(values: tuple[Any, ...]) -> list[Any]:
    return [
        value if isinstance(value, int) else float(value) if hasattr(value, "denominator") else value
        for value in values
    ]


def schema_path() -> Path:
    """The file with the JSON Schema of :meth:`Stats.to_dict`."""
    from pathlib import Path

    return Path(__file__).with_name("stats.schema.json")
