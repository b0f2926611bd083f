"""``netdsl weights``: holds checkpoints against nets, and gives them a net's names."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netdsl.cli.options import add_file, choice, compiled, keep, target
from netdsl.cli.parser import Parser
from netdsl.cli.table import Column, Table, plain
from netdsl.cli.terminal import report, say, write
from netdsl.diagnostics import Diagnostic, NetdslError, Source, did_you_mean, printable
from netdsl.ir.types import Shape, plural, show_shape

if TYPE_CHECKING:
    from netdsl.ir.graph import Graph
    from netdsl.runtime.checkpoint import Checkpoint
    from netdsl.runtime.convert import Conversion
    from netdsl.runtime.weights import Comparison, Row

_CHECK = """
netdsl weights check specs/resnet.net:50 resnet50-11ad3fa6.pth
netdsl weights check specs/resnet.net:50 fine-tuned.pth --partial
netdsl weights check specs/vgg19.net vgg19.safetensors --all
netdsl weights check specs/googlenet.net:torchvision model.safetensors --view infer
"""

_CONVERT = """
netdsl weights convert specs/densenet.net:121 densenet121-a639ec97.pth -o densenet121.safetensors
netdsl weights convert specs/resnet.net:50 other.safetensors
netdsl weights convert specs/resnet.net:50 other.pth --save-map other.keys.toml
netdsl weights convert specs/resnet.net:50 other.pth --map other.keys.toml -o resnet50.safetensors
"""

_WORDS = {
    "check": "whether a checkpoint fits a net: which keys match, are missing, unexpected or of another shape",
    "convert": "give a checkpoint the names of a net, and write it as safetensors",
}

#: The most places that are shown unless all are asked for.
_MOST = 8


class _Weights(Parser):
    """The parser of ``netdsl weights``: its first word says which of the two is meant."""

    def read(self, words: Sequence[str]) -> argparse.Namespace:
        if not words or words[0] not in _WORDS:
            if words and words[0] in ("-h", "--help"):
                self.print_help()
                self.exit(0)
            help = did_you_mean(words[0], _WORDS) if words else None
            what = f"`{words[0]}` is neither `check` nor `convert`" if words else "`check` or `convert`?"
            self.error(what + (f"; {help}" if help else ""))
        options = _parser(words[0]).read(words[1:])
        options.action = words[0]
        return options


def parser() -> Parser:
    """The options of ``netdsl weights``."""
    lines = "\n".join(f"  {word:<8} {said}" for word, said in _WORDS.items())
    purpose = f"Checkpoints: safetensors, and what torch.save wrote. No code in a file is ever run.\n\n{lines}"
    options = _Weights("weights", purpose, _CHECK.strip() + "\n" + _CONVERT.strip() + "\nnetdsl weights check --help")
    options.usage = "netdsl weights {check,convert} FILE[:VARIANT] CHECKPOINT …"
    return options


def _parser(action: str) -> Parser:
    if action == "check":
        options = Parser(
            "weights check",
            "Says for every key of a checkpoint and of a net whether they match, with the line of the spec that owns\n"
            "it. The exit code is 0 where the checkpoint can be loaded, and 1 where it cannot.",
            _CHECK,
        )
    else:
        options = Parser(
            "weights convert",
            "Pairs the tensors of a checkpoint with those of a net by shape, by order along the graph and by name,\n"
            "shows what became what and how sure that is, and writes safetensors. Where they are not one to one,\n"
            "nothing is written.",
            _CONVERT,
        )
    add_file(options, view=None)
    options.add_argument("checkpoint", metavar="CHECKPOINT", help="a safetensors file, or a .pth or .pt of torch.save")
    if action == "check":
        options.add_argument("--partial", action="store_true", help="take what fits, and say what is left")
    else:
        options.add_argument(
            "-o", "--output", metavar="OUT.safetensors", help="where to; without it nothing is written"
        )
        options.add_argument("--partial", action="store_true", help="leave out what has no partner, and say so")
        options.add_argument("--save-map", metavar="FILE", help="write the names that were found as a key map")
    options.add_argument("--map", metavar="FILE", action="append", default=[], help="a key map to apply (repeatable)")
    options.add_argument("--key", metavar="NAME", help="the dictionary inside the file that has the tensors")
    options.add_argument("--prefix", metavar="PREFIX", help="take the keys that begin so alone, without it")
    options.add_argument("--all", action="store_true", help="every key, one a line, and every place")
    options.add_argument("--format", choices=("text", "json"), default="text", help="json goes to the standard output")
    return options


def run(options: argparse.Namespace) -> int:
    """Checks or converts a checkpoint: 0 where it can be loaded (or was written), else 1."""
    path, variant = target(_parser(options.action), options.file, options)
    try:
        if options.action == "convert":
            _check_output(path, options)
        graph = compiled(path, variant, options)
        if graph is None:
            return 1
        comparison = _compare(graph, options)
        if options.action == "check":
            return _check(comparison, path, options)
        return _convert(comparison, options)
    except NetdslError as error:
        if options.format != "json":
            raise
        _say_json({"fits": False, "diagnostics": [_plain(found, error.sources) for found in error.diagnostics]})
        return 1


def _compare(graph: Graph, options: argparse.Namespace) -> Comparison:
    from netdsl.runtime import keymap
    from netdsl.runtime.weights import compare, find

    maps = [keymap.read(file) for file in options.map] or None
    checkpoint = find(options.checkpoint, inside=options.key)
    return compare(graph, checkpoint, maps=maps, prefix=options.prefix, inference=options.view == "infer")


# -- check ------------------------------------------------------------------------------------------------------------


def _check(comparison: Comparison, path: str, options: argparse.Namespace) -> int:
    from netdsl.runtime.explain import better_variant, explain, in_one

    loads = comparison.fits or (options.partial and bool(comparison.matched))
    problems = explain(comparison)
    one: Diagnostic | None = None

    def make(variant: str) -> Graph | None:
        from netdsl.elaborate import analyse

        return analyse(Path(path), **choice(variant, options)).graph

    better = better_variant(comparison, make) if problems and loads else None
    if problems and not loads:
        one = in_one(comparison, make)
        if one is not None:
            problems = [one, *(problems if options.all else [])]
    if options.format == "json":
        shown = [_plain(problem, comparison.graph.sources) for problem in problems]
        _say_json({**_json(comparison), "loads": loads, "better": better, "diagnostics": shown})
        return 0 if loads else 1
    if loads:
        say(_summary(comparison, options, better=better) + _left(comparison, problems, options.all))
        return 0
    shown_most = problems if options.all else problems[:_MOST]
    report(shown_most, comparison.graph.sources)
    if len(problems) > len(shown_most):
        print(f"\nand {len(problems) - len(shown_most):,} more: `--all` shows them", file=sys.stderr)
    sys.stderr.flush()
    say(_summary(comparison, options, other=one is not None))
    return 1


def _summary(
    comparison: Comparison, options: argparse.Namespace, *, other: bool = False, better: str | None = None
) -> str:
    from netdsl.runtime.explain import share

    lines = _heads(comparison, comparison.counts.get("counter", 0))
    counts = comparison.counts
    words = (
        ("matched", "matches", "match"),
        ("missing", "is missing", "are missing"),
        ("unexpected", "is unexpected", "are unexpected"),
        ("shape", "is of another shape", "are of another shape"),
        ("kind", "is no weight", "are no weights"),
    )
    each = [
        (status, f"1 {one}" if counts[status] == 1 else f"{counts[status]:,} {many}")
        for status, one, many in words
        if counts.get(status)
    ]
    said = ", ".join(text for _, text in each)
    verdict = "fits" if comparison.fits else "does not fit"
    if comparison.fits:
        said = "the only tensor matches" if counts["matched"] == 1 else f"all {counts['matched']:,} tensors match"
    elif options.partial and comparison.matched:
        verdict = "taken in part"
        said = ", ".join([share(comparison), *(text for status, text in each if status != "matched")])
    lines.append(("result", f"{said}: {verdict}"))
    if better is not None:
        lines.append(("", better))
    if comparison.matched and not comparison.fits and not options.partial and not other:
        lines.append(("", f"`--partial` takes the {counts['matched']:,} that match"))
    text = _lines(lines)
    return (_every(comparison) + "\n" if options.all else "") + text


def _heads(comparison: Comparison, counters: int) -> list[tuple[str, str]]:
    """What is held against what; ``counters`` is how many counts of batches the checkpoint lacks."""
    checkpoint, graph = comparison.checkpoint, comparison.graph
    lines = [("checkpoint", f"{checkpoint.name}: {_described(checkpoint)}")]
    lines += [("", note) for note in comparison.notes]
    if counters:
        said = "1 count of batches" if counters == 1 else f"{counters:,} counts of batches"
        verb, start = ("is", "it starts") if counters == 1 else ("are", "they start")
        said += f" (`num_batches_tracked`) {verb} not in it, as before PyTorch 0.4.1: {start} at 0"
        lines.append(("", said))
    idle = comparison.counts.get("idle", 0)
    if idle:
        lines.append(("", f"{idle:,} tensors that training alone needs are not in it, and were not asked for"))
    variant = f", variant {graph.variant}" if graph.variant is not None else ""
    total = sum(row.slot is not None for row in comparison.rows)
    lines.append(("net", f"{graph.name}{variant}: {total:,} {plural(total, 'tensor')}"))
    return lines


def _described(checkpoint: Checkpoint) -> str:
    dtypes = list(dict.fromkeys(stored.dtype for stored in checkpoint.stored.values() if stored.size > 1))
    dtypes = dtypes or list(dict.fromkeys(stored.dtype for stored in checkpoint.stored.values()))
    count = sum(stored.size for stored in checkpoint.stored.values())
    tensors = len(checkpoint.stored)
    said = f"{checkpoint.form}, {tensors:,} {plural(tensors, 'tensor')}, {count:,} {plural(count, 'number')}"
    said += f" ({', '.join(dtypes[:3])})"
    if checkpoint.size is not None:
        size = checkpoint.size / 1000
        said += f", {size:,.1f} kB" if size < 1000 else f", {size / 1000:,.1f} MB"
    return said


def _left(comparison: Comparison, problems: Sequence[Diagnostic], every: bool) -> str:
    """What a partial loading leaves, a line a place."""
    sources = comparison.graph.sources
    shown = problems if every else problems[:_MOST]
    lines = [("left", f"{_where(problem, sources)}{problem.message}") for problem in shown]
    if len(problems) > len(shown):
        lines.append(("", f"and {len(problems) - len(shown):,} more: `--all` shows them"))
    return _lines([(word if not place else "", line) for place, (word, line) in enumerate(lines)])


def _where(problem: Diagnostic, sources: Sequence[Source]) -> str:
    if problem.span is None:
        return ""
    source = sources[problem.span.file]
    return f"{source.place(problem.span.start)}: "


def _every(comparison: Comparison) -> str:
    words = {
        "matched": "matches",
        "shape": "other shape",
        "kind": "no weights",
        "counter": "starts at 0",
        "idle": "not asked for",
    }
    rows: list[tuple[str, ...]] = []
    for row in comparison.rows:
        source = "" if row.source in (None, row.key) else str(row.source)
        expected = "–" if row.slot is None else _sizes(row.slot.shape)
        found = "–" if row.stored is None else _sizes(row.stored.shape)
        cells = (row.key, words.get(row.status, row.status), expected, found, source, _owner(comparison, row))
        rows.append(tuple(map(printable, cells)))
    titles: tuple[str, ...] = ("key", "status", "net", "checkpoint", "its name there", "written at")
    if not any(row[4] for row in rows):
        titles, rows = titles[:4] + titles[5:], [row[:4] + row[5:] for row in rows]
    return plain(Table(tuple(Column(title) for title in titles), rows))


def _owner(comparison: Comparison, row: Row) -> str:
    place = _place(comparison, row)
    return "" if place is None else f"{Path(place[0]).name}:{place[1]}"


def _place(comparison: Comparison, row: Row) -> tuple[str, int, int] | None:
    """The file, line and column of the spec that own a key."""
    if row.slot is None:
        return None
    graph = comparison.graph
    span = graph.nodes[row.slot.node.head].span
    source = graph.sources[span.file]
    return (source.name, *source.position(span.start))


def _sizes(shape: Shape) -> str:
    return show_shape(shape) if shape else "()"


def _lines(rows: Sequence[tuple[str, str]]) -> str:
    return "".join(f"{word:<12}{printable(line)}\n" for word, line in rows)


# -- convert ----------------------------------------------------------------------------------------------------------


def _check_output(path: str, options: argparse.Namespace) -> None:
    for output in filter(None, (options.output, options.save_map)):
        keep(_parser("convert"), output, path, options.checkpoint, *options.map)
    if options.all and options.format == "json":
        _parser("convert").error("JSON has every key: --all is of the text")
    if options.output is not None and not options.output.endswith(".safetensors"):
        _parser("convert").error(f"`{options.output}` does not end in .safetensors, and nothing else is written")


def _convert(comparison: Comparison, options: argparse.Namespace) -> int:
    from netdsl.runtime import keymap
    from netdsl.runtime.checkpoint import write_safetensors
    from netdsl.runtime.convert import convert, converted

    conversion = convert(comparison, partial=options.partial)
    if not conversion.pairs:
        raise NetdslError([Diagnostic("ND411", "no tensor of the checkpoint has a partner in the net")])
    pairs = {pair.source: pair.target for pair in conversion.pairs}
    graph = comparison.graph
    name = graph.name if graph.variant is None else f"{graph.name}:{graph.variant}"
    if options.output is not None:
        write_safetensors(options.output, converted(conversion))
    if options.save_map is not None:
        comment = f"What {Path(comparison.checkpoint.name).name} calls the tensors of {name}."
        stem = Path(comparison.checkpoint.name).name.partition(".")[0]
        write(options.save_map, keymap.write(pairs, stem, comment).encode())
    if options.format == "json":
        _say_json(_json_of(conversion, options))
        return 0
    lines = _heads(comparison, len(conversion.counters))
    lines += _map(conversion, pairs, options.all)
    lines += _surety(conversion)
    lines += _unpaired(conversion)
    if options.save_map is not None:
        lines.append(("key map", options.save_map))
    lines.append(("written", options.output if options.output is not None else "nothing: `-o` says where to"))
    say(_lines(lines))
    return 0


def _map(conversion: Conversion, pairs: dict[str, str], every: bool) -> list[tuple[str, str]]:
    from netdsl.runtime.keymap import summarise

    changed = {source: new for source, new in pairs.items() if source != new}
    if not changed:
        return [("map", f"all {len(pairs):,} keys are the net's already")]
    if every:
        shown = [(f"{source} → {new}", 1) for source, new in pairs.items()]
    else:
        shown = [(f"{line.source} → {line.target}", line.tensors) for line in summarise(pairs)]
    lines = [text + (f"  ({count:,} tensors)" if count > 1 else "") for text, count in shown]
    if not every and len(lines) > 60:
        lines = [*lines[:50], f"and {len(lines) - 50:,} more: `--all` shows every key"]
    same = len(pairs) - len(changed)
    if same and not every:
        lines.append(f"{same:,} keys keep their names")
    return [("map" if not place else "", line) for place, line in enumerate(lines)]


def _surety(conversion: Conversion) -> list[tuple[str, str]]:
    guessed = len(conversion.pairs) - conversion.named
    if not guessed:
        return [("sure", "the names say it, nothing was guessed")]
    reasons = [pair.reason for pair in conversion.pairs]
    counts = {reason: reasons.count(reason) for reason in ("shape", "name", "order")}
    ordered = conversion.comparison.checkpoint.ordered
    agree = "order and name, which agree" if ordered else "name (the keys of the file are sorted)"
    words = {
        "shape": "by shape and place alone: nothing else could be",
        "name": f"by {agree}: several have their shape",
        "order": f"by {'order' if ordered else 'the numbers in their names'} alone: several have their shape",
    }
    lines = [f"{count:,} {words[reason]}" for reason, count in counts.items() if count]
    reshaped = sum(pair.reshaped for pair in conversion.pairs)
    if reshaped:
        lines.append(f"{reshaped:,} change their axes (a matrix for a kernel, or axes of length one), no element moves")
    said = [("sure" if not place else "", line) for place, line in enumerate(lines)]
    folded: dict[tuple[str, str], list[str]] = {}
    for doubt in conversion.doubts:
        base, ours = _below(doubt.sources)
        folded.setdefault((", ".join(ours[:4]), ", ".join(_below(doubt.targets)[1][:4])), []).append(base)
    for place, ((sources, targets), bases) in enumerate(folded.items()):
        where = f" below {', '.join(bases[:3])}" if bases[0] else ""
        where += f" and {len(bases) - 3:,} more" if len(bases) > 3 else ""
        said.append(("in doubt" if not place else "", f"{sources} → {targets}{where}: `--map` decides otherwise"))
    return said


def _below(paths: Sequence[str]) -> tuple[str, list[str]]:
    """What all paths begin with, and the rest of each."""
    parts = [path.split(".") for path in paths]
    depth = 0
    while all(len(path) > depth + 1 and path[depth] == parts[0][depth] for path in parts):
        depth += 1
    return ".".join(parts[0][:depth]), [".".join(path[depth:]) for path in parts]


def _unpaired(conversion: Conversion) -> list[tuple[str, str]]:
    lines = []
    for left in conversion.left:
        shapes = ", ".join(f"{name} {_sizes(shape)}".strip() for name, shape in left.shapes)
        for whose, paths in (("the checkpoint's", left.sources), ("the net's", left.targets)):
            if paths:
                more = f" and {len(paths) - 3:,} more" if len(paths) > 3 else ""
                lines.append(f"{whose} {', '.join(paths[:3])}{more} ({shapes})")
    return [("left" if not place else "", line) for place, line in enumerate(lines)]


# -- JSON -------------------------------------------------------------------------------------------------------------


def _say_json(value: dict[str, Any]) -> None:
    import json

    say(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def _json(comparison: Comparison) -> dict[str, Any]:
    checkpoint, graph = comparison.checkpoint, comparison.graph
    return {
        "checkpoint": {
            "file": checkpoint.name,
            "form": checkpoint.form,
            "tensors": len(checkpoint.stored),
            "bytes": checkpoint.size,
        },
        "net": graph.name,
        "variant": graph.variant,
        "notes": list(comparison.notes),
        "counts": dict(comparison.counts),
        "fits": comparison.fits,
        "keys": [_json_row(comparison, row) for row in comparison.rows],
    }


def _json_row(comparison: Comparison, row: Row) -> dict[str, Any]:
    file, line, column = _place(comparison, row) or (None, None, None)
    return {
        "key": row.key,
        "status": row.status,
        "source": row.source,
        "shape": None if row.stored is None else list(row.stored.shape),
        "dtype": None if row.stored is None else row.stored.dtype,
        "expected": None if row.slot is None else list(row.slot.shape),
        "module": None if row.slot is None else row.slot.node.module,
        "training_alone": row.slot is not None and row.slot.training_alone,
        "file": file,
        "line": line,
        "column": column,
    }


def _json_of(conversion: Conversion, options: argparse.Namespace) -> dict[str, Any]:
    value = _json(conversion.comparison)
    del value["keys"]
    return {
        **value,
        "pairs": [pair._asdict() for pair in conversion.pairs],
        "doubts": [doubt._asdict() for doubt in conversion.doubts],
        "left": [left._asdict() for left in conversion.left],
        "output": options.output,
        "map": options.save_map,
    }


def _plain(problem: Diagnostic, sources: Sequence[Source]) -> dict[str, Any]:
    place: dict[str, Any] = {"file": None, "line": None, "column": None}
    if problem.span is not None:
        source = sources[problem.span.file]
        line, column = source.position(problem.span.start)
        place = {"file": source.name, "line": line, "column": column}
    notes = [note.message for note in problem.notes]
    return {"code": problem.code, "message": problem.message, **place, "notes": notes, "help": problem.help}
