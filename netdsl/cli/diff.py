"""``netdsl diff``: how two nets differ."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from netdsl.analyses.change import said
from netdsl.analyses.difference import Difference, Entry, difference, runs, together
from netdsl.analyses.pieces import Leaf, Piece, leaves
from netdsl.analyses.stats import stats
from netdsl.analyses.titles import net_names
from netdsl.cli import table
from netdsl.cli.options import add_file, compiled_all
from netdsl.cli.parser import Parser
from netdsl.cli.terminal import say
from netdsl.diagnostics import escaped
from netdsl.ir.types import View, plural

_EXAMPLES = """
netdsl diff zoo:resnet:18 zoo:resnet:34
netdsl diff zoo:mobilenet_v2 zoo:mobilenet_v2,width=1.4
netdsl diff old.net new.net --format json
git show HEAD:net.net | netdsl diff - net.net
"""

#: What is called otherwise in words than in JSON.
_STATUS = {"same": "unchanged"}
_SIGNS = {"same": "", "changed": "~", "removed": "-", "added": "+"}


def parser() -> Parser:
    """The options of ``netdsl diff``."""
    options = Parser(
        "diff",
        "Says how two nets differ: layers that are removed (-), added (+) and changed (~), in blocks, and the totals.\n"
        "Names and the sizes of maps do not count. Exit codes as diff has them: 0 the nets are the same,\n"
        "1 they differ (or have errors), 2 the command was not understood.",
        _EXAMPLES,
    )
    add_file(options, many=True, view=None, settings=True)
    options.add_argument("--format", choices=("text", "json"), default="text")
    return options


def run(options: argparse.Namespace) -> int:
    """Prints the difference; 1 where there is one."""
    if len(options.file) != 2:
        parser().error(f"a difference is of two FILEs, not {len(options.file)}")
    graphs = compiled_all(parser(), options)
    if graphs is None:
        return 1
    found = difference(graphs[0], graphs[1], options.view)
    say(_json(found, options.view) if options.format == "json" else _text(found, options.view))
    return 0 if found.equal else 1


# -- text -------------------------------------------------------------------------------------------------------------


def _text(found: Difference, view: View | None) -> str:
    head = " → ".join(net_names([found.before, found.after]))
    if found.equal:
        return f"{head}: the same\n"
    rows = list(_rows(found, found.entries, 0))
    columns = tuple(
        table.Column(title, number=number)
        for title, number in (("±", False), ("name", False), ("layer", False), ("params", True), ("MACs", True))
    )
    counts = ", ".join(f"{number} {_STATUS.get(status, status)}" for status, number in found.counts().items() if number)
    lines = [f"{head}\n", table.plain(table.Table(columns, rows)), f"layers: {counts}"]
    faces = {each: _totals(found, each) for each in ((view,) if view else ("infer", "train"))}
    if len(faces) == 2 and faces["infer"] == faces["train"]:
        lines.append(f"inference and training: {faces['infer']}")
    else:
        lines += [f"{'training' if each == 'train' else 'inference'}: {words}" for each, words in faces.items()]
    return "\n".join([*lines, *(f"note: {note}" for note in found.notes)]) + "\n"


def _rows(found: Difference, entries: Sequence[Entry], depth: int) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for run_ in runs(entries):
        first, last = run_[0], together(run_)
        piece = last.piece
        indent, times = "  " * depth, f" ×{len(run_)}" if len(run_) > 1 else ""
        params, macs = found.spent(run_)
        names = _names(first.piece) if len(run_) == 1 else f"{_names(first.piece)} … {_names(piece)}"
        if first.status == "same":
            layers = sum(1 for entry in run_ for _ in leaves([entry.piece]))
            words = f"{layers} layers" if layers > 1 else _words(last)
            rows.append(("", indent + names, f"{indent}{words}, unchanged", _pair(*params), _pair(*macs)))
            continue
        changes = ", ".join(map(said, last.changes))
        words = _words(last) + times + (f": {changes}" if changes else "")
        rows.append((_SIGNS[first.status], indent + names, indent + words, _pair(*params), _pair(*macs)))
        if last.inside:
            rows += _rows(found, last.inside, depth + 1)
    return rows


def _names(piece: Piece) -> str:
    return "" if piece.kind == "arm" else piece.name


def _words(entry: Entry) -> str:
    piece = entry.piece
    if isinstance(piece, Leaf):
        return piece.words
    if entry.status == "changed":
        return piece.title
    layers = sum(1 for _ in leaves([piece]))
    return f"{piece.title}, {layers} {plural(layers, 'layer')}"


def _pair(before: int, after: int) -> str:
    if before == after:
        return f"{before:,}" if before else "–"
    return f"{before:,} → {after:,}"


def _totals(found: Difference, view: View) -> str:
    before, after = (stats(graph, view=view).totals for graph in (found.before, found.after))
    words = [
        f"params {_pair(before.params, after.params)}",
        f"MACs {_pair(before.macs, after.macs)}",
        f"depth {_pair(before.depth, after.depth)}",
    ]
    return ", ".join(words)


# -- JSON -------------------------------------------------------------------------------------------------------------


def _json(found: Difference, view: View | None) -> str:
    import json

    value = {
        "before": {"net": found.before.name, "variant": found.before.variant},
        "after": {"net": found.after.name, "variant": found.after.variant},
        "equal": found.equal,
        "layers": found.counts(),
        "totals": {each: _numbers(found, each) for each in ((view,) if view else ("infer", "train"))},
        "notes": list(found.notes),
        "entries": [_entry(found, entry) for entry in found.entries],
    }
    return escaped(json.dumps(value, indent=1, ensure_ascii=False)) + "\n"


def _numbers(found: Difference, view: View) -> dict[str, list[int]]:
    totals = [stats(graph, view=view).totals for graph in (found.before, found.after)]
    return {
        name: [getattr(each, name) for each in totals] for name in ("params", "macs", "flops", "activations", "depth")
    }


def _entry(found: Difference, entry: Entry) -> dict[str, Any]:
    sides = (entry.before, entry.after)
    params, macs = found.spent([entry])
    return {
        "status": entry.status,
        "kind": entry.piece.kind,
        "names": [None if side is None else side.name for side in sides],
        "words": [None if side is None else side.words if isinstance(side, Leaf) else side.title for side in sides],
        "changes": [change._asdict() for change in entry.changes],
        "params": list(params),
        "macs": list(macs),
        "inside": [_entry(found, inner) for inner in entry.inside],
    }
