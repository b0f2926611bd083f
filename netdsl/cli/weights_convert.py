"""``netdsl weights convert``: pairs tensors, writes them under the net's names, and says how sure that is."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netdsl.cli.terminal import say, write
from netdsl.cli.weights_report import as_json, heads, say_json, shown_sizes, word_lines
from netdsl.diagnostics import Diagnostic, NetdslError, printable
from netdsl.diagnostics.files import shown

if TYPE_CHECKING:
    from netdsl.runtime.convert import Conversion
    from netdsl.runtime.weights import Comparison


def convert_checkpoint(comparison: Comparison, options: argparse.Namespace) -> int:
    """Writes what is asked for, says what became what, and returns 0; :class:`NetdslError` (ND411) if nothing fits."""
    from netdsl.runtime import keymap
    from netdsl.runtime.checkpoint import write_safetensors
    from netdsl.runtime.convert import convert, converted

    conversion = convert(comparison, partial=options.partial)
    if not conversion.pairs:
        asked = f"{shown(options.file)} {shown(options.checkpoint)}"
        help = f"`netdsl weights check {asked} --all` shows the keys and the shapes of both"
        raise NetdslError([Diagnostic("ND411", "no tensor of the checkpoint has a partner in the net", None, help)])
    pairs = {pair.source: pair.target for pair in conversion.pairs}
    graph = comparison.graph
    name = graph.name if graph.variant is None else f"{graph.name}:{graph.variant}"

    def write_map() -> None:
        if options.save_map is not None:
            comment = f"What {printable(Path(comparison.checkpoint.name).name)} calls the tensors of {name}."
            stem = Path(comparison.checkpoint.name).name.partition(".")[0]
            write(options.save_map, keymap.write(pairs, stem, comment).encode())

    if options.output is not None:
        write_safetensors(options.output, converted(conversion), first=write_map)
    else:
        write_map()
    if options.format == "json":
        say_json(_json_of(conversion, options))
        return 0
    lines = heads(comparison, len(conversion.counters))
    lines += _map(conversion, pairs, options.all)
    lines += _surety(conversion)
    lines += _unpaired(conversion)
    if options.save_map is not None:
        lines.append(("key map", options.save_map))
    lines.append(("written", options.output if options.output is not None else "nothing: `-o` says where to"))
    say(word_lines(lines))
    return 0


def _map(conversion: Conversion, pairs: dict[str, str], every: bool) -> list[tuple[str, str]]:
    from netdsl.runtime.keymap import summarise

    changed = {source: new for source, new in pairs.items() if source != new}
    if not changed and not every:
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
        lines.append("1 key keeps its name" if same == 1 else f"{same:,} keys keep their names")
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
        shapes = ", ".join(f"{name} {shown_sizes(shape)}".strip() for name, shape in left.shapes)
        for whose, paths in (("the checkpoint's", left.sources), ("the net's", left.targets)):
            if paths:
                more = f" and {len(paths) - 3:,} more" if len(paths) > 3 else ""
                lines.append(f"{whose} {', '.join(paths[:3])}{more} ({shapes})")
    return [("left" if not place else "", line) for place, line in enumerate(lines)]


def _json_of(conversion: Conversion, options: argparse.Namespace) -> dict[str, Any]:
    value = as_json(conversion.comparison)
    del value["keys"]
    return {
        **value,
        "pairs": [pair._asdict() for pair in conversion.pairs],
        "doubts": [doubt._asdict() for doubt in conversion.doubts],
        "left": [left._asdict() for left in conversion.left],
        "output": options.output,
        "map": options.save_map,
    }
