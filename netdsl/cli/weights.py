"""``netdsl weights``: holds checkpoints against nets, and gives them a net's names."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from netdsl.cli.options import add_file, choice, compiled, keep, target
from netdsl.cli.parser import Parser
from netdsl.cli.table import Column, Table, plain
from netdsl.cli.terminal import report, say
from netdsl.cli.weights_report import as_json, heads, plain_problem, say_json, shown_sizes, word_lines, written_at
from netdsl.diagnostics import Diagnostic, NetdslError, Source, printable
from netdsl.diagnostics.nearest import did_you_mean

if TYPE_CHECKING:
    from netdsl.ir.graph import Graph
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
        from netdsl.cli.weights_convert import convert_checkpoint

        return convert_checkpoint(comparison, options)
    except NetdslError as error:
        if options.format != "json":
            raise
        say_json({"fits": False, "diagnostics": [plain_problem(found, error.sources) for found in error.diagnostics]})
        return 1


def _compare(graph: Graph, options: argparse.Namespace) -> Comparison:
    from netdsl.runtime import keymap
    from netdsl.runtime.weights import compare, find

    maps = [keymap.read(file) for file in options.map] or None
    checkpoint = find(options.checkpoint, inside=options.key, nodes=options.max_nodes)
    return compare(graph, checkpoint, maps=maps, prefix=options.prefix, inference=options.view == "infer")


def _check_output(path: str, options: argparse.Namespace) -> None:
    for output in filter(None, (options.output, options.save_map)):
        keep(_parser("convert"), output, path, options.checkpoint, *options.map)
    if None not in (options.output, options.save_map):
        if os.path.realpath(options.output) == os.path.realpath(options.save_map):
            _parser("convert").error("`-o` and `--save-map` name one file: name two")
    if options.all and options.format == "json":
        _parser("convert").error("JSON has every key: --all is of the text")
    if options.output is not None and not options.output.endswith(".safetensors"):
        _parser("convert").error(f"`{options.output}` does not end in .safetensors, and nothing else is written")


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
        shown = [plain_problem(problem, comparison.graph.sources) for problem in problems]
        say_json({**as_json(comparison), "loads": loads, "better": better, "diagnostics": shown})
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

    lines = heads(comparison, comparison.counts.get("counter", 0))
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
    text = word_lines(lines)
    return (_every(comparison) + "\n" if options.all else "") + text


def _left(comparison: Comparison, problems: Sequence[Diagnostic], every: bool) -> str:
    """What a partial loading leaves, a line a place."""
    sources = comparison.graph.sources
    shown = problems if every else problems[:_MOST]
    lines = [("left", f"{_where(problem, sources)}{problem.message}") for problem in shown]
    if len(problems) > len(shown):
        lines.append(("", f"and {len(problems) - len(shown):,} more: `--all` shows them"))
    return word_lines([(word if not place else "", line) for place, (word, line) in enumerate(lines)])


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
        expected = "–" if row.slot is None else shown_sizes(row.slot.shape)
        found = "–" if row.stored is None else shown_sizes(row.stored.shape)
        cells = (row.key, words.get(row.status, row.status), expected, found, source, _owner(comparison, row))
        rows.append(tuple(map(printable, cells)))
    titles: tuple[str, ...] = ("key", "status", "net", "checkpoint", "its name there", "written at")
    if not any(row[4] for row in rows):
        titles, rows = titles[:4] + titles[5:], [row[:4] + row[5:] for row in rows]
    return plain(Table(tuple(Column(title) for title in titles), rows))


def _owner(comparison: Comparison, row: Row) -> str:
    place = written_at(comparison, row)
    return "" if place is None else f"{Path(place[0]).name}:{place[1]}"
