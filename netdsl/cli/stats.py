"""``netdsl stats``: the numbers of a net."""

from __future__ import annotations

import argparse
import sys

from netdsl.analyses.stats import Row, Stats, schema_path, stats
from netdsl.cli import table
from netdsl.cli.options import add_file, compiled, target
from netdsl.cli.parser import Parser
from netdsl.cli.terminal import say
from netdsl.diagnostics import escaped, printable
from netdsl.diagnostics.nearest import did_you_mean
from netdsl.ir.graph import Graph
from netdsl.ir.types import View, plural, show_axes, show_shape

_EXAMPLES = """
netdsl stats specs/vgg19.net
netdsl stats specs/resnet.net:50 --by block
netdsl stats specs/resnet.net --variant 18 --by stage --batch 32
netdsl stats specs/googlenet.net --view train --format json
netdsl stats zoo:vgg16 --columns name,shape,activations,params_no_bias
netdsl stats specs/vgg.net:A --input 3x64x64 --format csv > vgg.csv
netdsl stats --schema > stats.schema.json
"""

_VIEWS = {"infer": "inference", "train": "training"}
_NONE = "–"

#: The columns that can be asked for, by the names of JSON and CSV, and their titles in a table.
_TITLES = {
    "name": "name",
    "op": "op",
    "layers": "layers",
    "shape": "output",
    "params": "params",
    "params_no_bias": "params without biases",
    "frozen": "frozen",
    "buffers": "buffers",
    "macs": "MACs",
    "flops": "FLOPs",
    "activations": "activations",
    "depth": "depth",
    "receptive_field": "receptive field",
    "jump": "jump",
    "offset": "offset",
    "module": "module",
    "mode": "mode",
    "file": "file",
    "line": "line",
}
#: The titles of ``op`` where rows are stages or blocks.
_ALSO = (("op", "size"), ("op", "block"))
_TEXTS = frozenset({"name", "op", "module", "mode", "file"})
_USUAL = ("name", "op", "layers", "shape", "params", "macs", "flops", "activations", "receptive_field", "jump")


def parser() -> Parser:
    """The options of ``netdsl stats``."""
    options = Parser(
        "stats",
        "Parameters, multiply-adds, FLOPs, activations and receptive fields of a net, without torch.",
        _EXAMPLES,
        {"-o": "the numbers are printed, and `netdsl stats my.net --format csv > my.csv` keeps them"},
    )
    add_file(options, optional=True)
    options.add_argument("--by", choices=("layer", "block", "stage"), default="layer", help="what a row is")
    options.add_argument("--batch", type=_batch, default=1, metavar="N", help="multiplies MACs, FLOPs and activations")
    options.add_argument("--format", choices=("text", "json", "csv", "markdown"), default="text")
    options.add_argument(
        "--columns",
        type=_columns,
        metavar="NAME,…",
        help="these columns of a table or CSV and no others, by their names in CSV: " + ", ".join(_TITLES),
    )
    options.add_argument("--schema", action="store_true", help="print the JSON Schema of --format json")
    return options


def _batch(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"`{text}` is not a whole number above zero")
    return int(text)


def _columns(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        if name not in _TITLES:
            own = next((own for own, title in [*_TITLES.items(), *_ALSO] if title == name), None)
            help = (
                f"what stands below that title is `{own}`"
                if own
                else did_you_mean(name, _TITLES) or "there are " + ", ".join(_TITLES)
            )
            raise argparse.ArgumentTypeError(f"there is no column `{name}`; {help}")
        if names.count(name) > 1:
            raise argparse.ArgumentTypeError(f"the column `{name}` is asked for twice")
    return names


def run(options: argparse.Namespace) -> int:
    """Prints the numbers in the format asked for."""
    if options.schema:
        parser().alone(options, "--schema")
        say(schema_path().read_text(encoding="utf-8"))
        return 0
    if options.file is None:
        parser().missing()
    if options.columns and options.format == "json":
        parser().error("JSON has every column: --columns goes with a table, CSV or Markdown")
    graph = compiled(*target(parser(), options.file, options), options)
    if graph is None:
        return 1
    numbers = stats(graph, view=options.view, batch=options.batch)
    if options.format == "json":
        say(escaped(numbers.to_json(options.by)))
        return 0
    if options.format == "csv":
        say(_csv(numbers.by(options.by), options.columns))
        return 0
    rows, foot = _table(numbers, options.by, options.columns), _foot(numbers, options.columns)
    if options.format == "markdown":
        from netdsl.backends.catalogue.write_markdown import inline

        head = inline(_head(numbers))
        below = "".join(f"- {inline(line)}\n" for line in foot)
        say(f"{head}\n\n{table.markdown(rows)}" + (f"\n{below}" if below else ""))
    elif sys.stdout.isatty():
        print(_head(numbers))
        table.show(rows)
        say("".join(f"{line}\n" for line in foot))
    else:
        below = "".join(f"{line}\n" for line in foot)
        say(f"{_head(numbers)}\n\n{table.plain(rows)}" + (f"\n{below}" if below else ""))
    return 0


def _head(numbers: Stats) -> str:
    graph = numbers.graph
    parts = [graph.name]
    if graph.variant is not None:
        parts.append(f"variant {graph.variant}")
    parts.append(f"{_VIEWS[numbers.view]} view")
    parts.append(f"batch {numbers.batch}")
    shapes = numbers.inputs()
    parts.append("input " + ", ".join(show_shape(s) if len(shapes) == 1 else f"{n} {show_shape(s)}" for n, s in shapes))
    return ", ".join(parts)


def _table(numbers: Stats, by: str, columns: tuple[str, ...] | None) -> table.Table:
    if columns is None:
        columns = tuple(name for name in _USUAL if name != "layers" or by != "layer")
    titles = {**_TITLES, "op": {"layer": "op", "block": "block", "stage": "size"}[by]}
    found = numbers.by(by)  # type: ignore[arg-type]
    rows = [tuple(_cell(name, getattr(row, name)) for name in columns) for row in found]
    totals = numbers.totals
    known = {"layers": len(numbers.layers), "jump": totals.downsampling}
    last = [_cell(name, known.get(name, getattr(totals, name, ""))) for name in columns]
    # The word stands in the first column that has nothing to add up.
    place = next((at for at, name in enumerate(columns) if name in _TEXTS), None)
    if place is not None:
        last[place] = "total"
    heads = tuple(table.Column(titles[name], name not in _TEXTS) for name in columns)
    return table.Table(heads, rows, tuple(last))


def _cell(name: str, value: object) -> str:
    if value is None or value == 0:
        return _NONE
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, tuple):
        return show_shape(value) if name == "shape" else _axes(value)
    return str(value)


def _axes(values: tuple[object, ...] | None) -> str:
    return show_axes(values) if values else _NONE


def _foot(numbers: Stats, columns: tuple[str, ...] | None) -> list[str]:
    """The totals in words: all of them, or those that the columns asked for are of."""
    total = numbers.totals
    of = "" if numbers.batch == 1 else f" for a batch of {numbers.batch}"
    aside = [f"{count:,} {what}" for what, count in (("frozen", total.frozen), ("in buffers", total.buffers)) if count]
    parts = [f"{count:,} {_PARTS[name]}" for name, count in total.flops_parts if count]
    lines = {
        ("params", "params_no_bias", "frozen", "buffers"): (
            f"params: {total.params:,} trainable, a shared module once; {total.params_no_bias:,} without biases"
            + (f"; {' and '.join(aside)} apart" if aside else "")
        ),
        ("macs",): f"MACs: {total.macs:,} multiply-adds of convolutions and fully connected layers{of}, no bias adds",
        ("flops",): f"FLOPs: {total.flops:,}" + (f" = {' + '.join(parts)}" if parts else ""),
        ("activations",): (
            f"activations: {total.activations:,} elements ({_bytes(total.activation_bytes)} as 32-bit floats)"
            f", {total.activations_conv_fc:,} of them outputs of convolutions and fully connected layers"
        ),
        ("depth",): f"depth: {total.depth} weight {plural(total.depth, 'layer')} on the longest path",
    }
    if total.receptive_field is not None and total.downsampling is not None:
        lines["receptive_field", "jump", "offset"] = (
            f"receptive field: {_axes(total.receptive_field)}, downsampling: ×{_axes(total.downsampling)}, "
            f"at {total.last_map}, the last map before global pooling or fc"
        )
    if columns is not None:
        return [line for names, line in lines.items() if not set(names).isdisjoint(columns)]
    outputs = ", ".join(f"{name} {show_shape(shape)}" for name, shape in numbers.outputs())
    return [*lines.values(), f"outputs: {outputs}", *_other(numbers)]


_PARTS = {
    "conv_fc": "conv and fc",
    "norm": "norm",
    "pool": "pooling",
    "elementwise": "elementwise",
}


def _bytes(count: int) -> str:
    size, unit = float(count), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if size < 1000 or unit == "TB":
            break
        size /= 1000
    return f"{count} B" if unit == "B" else f"{size:.2f} {unit}"


def _other(numbers: Stats) -> list[str]:
    """What the other view has that this one lacks, where there is anything."""
    graph = numbers.graph
    if not two_views(graph):
        return []
    view: View = "train" if numbers.view == "infer" else "infer"
    other = stats(graph, view=view, batch=numbers.batch)
    here, there = ([row.name for row in of.layers] for of in (numbers, other))
    said = _list("adds", there, here) + _list("leaves out", here, there)
    outputs = [name for name, _ in other.outputs() if name not in dict(numbers.outputs())]
    if outputs:
        said.append(f"also gives {', '.join(outputs)}")
    totals = other.totals
    if (totals.params, totals.macs, totals.activations) != (
        numbers.totals.params,
        numbers.totals.macs,
        numbers.totals.activations,
    ):
        said.append(f"has {totals.params:,} params, {totals.macs:,} MACs and {totals.activations:,} activations")
    return [f"the {_VIEWS[view]} view (--view {view}) {', '.join(said)}"] if said else []


def _list(verb: str, names: list[str], besides: list[str]) -> list[str]:
    """``adds a, b``: the names that ``besides`` lacks, or how many where they are many."""
    known = set(besides)
    extra = [name for name in names if name not in known]
    if not extra:
        return []
    return [f"{verb} {', '.join(extra)}" if len(extra) <= 3 else f"{verb} {len(extra)} layers"]


def two_views(graph: Graph) -> bool:
    """Whether the net is another one in training."""
    return any(o.mode != "both" for o in graph.outputs) or any(n.mode != "both" for n in graph.nodes)


def _csv_cell(cell: object) -> object:
    """A value as it is written in CSV: sizes with ``x``, and no text of a spec's that a spreadsheet would compute."""
    from netdsl.backends.tables.write_csv import literal

    if isinstance(cell, tuple):
        return "x".join(map(str, cell))
    return literal(printable(cell.replace("×", "x"))) if isinstance(cell, str) else cell


def _csv(rows: tuple[Row, ...], columns: tuple[str, ...] | None) -> str:
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = columns or Row._fields
    writer.writerow(columns)
    for row in rows:
        cells = [getattr(row, name) for name in columns]
        writer.writerow(map(_csv_cell, cells))
    return text.getvalue()
