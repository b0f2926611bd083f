"""What is said of a checkpoint and a net, by ``netdsl weights check`` and ``convert``, and the same for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from netdsl.cli.terminal import say
from netdsl.diagnostics import Diagnostic, Source, escaped, printable
from netdsl.ir.types import Shape, plural, show_shape

if TYPE_CHECKING:
    from netdsl.runtime.checkpoint import Checkpoint
    from netdsl.runtime.weights import Comparison, Row


def heads(comparison: Comparison, counters: int) -> list[tuple[str, str]]:
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


def written_at(comparison: Comparison, row: Row) -> tuple[str, int, int] | None:
    """The file, line and column of the spec that own a key."""
    if row.slot is None:
        return None
    graph = comparison.graph
    span = graph.nodes[row.slot.node.head].span
    source = graph.sources[span.file]
    return (source.name, *source.position(span.start))


def shown_sizes(shape: Shape) -> str:
    """``64×3×3``, and ``()`` for one number."""
    return show_shape(shape) if shape else "()"


def word_lines(rows: Sequence[tuple[str, str]]) -> str:
    """Lines with a word before each; a line without a word goes on with the one above."""
    return "".join(f"{word:<12}{printable(line)}\n" for word, line in rows)


def say_json(value: dict[str, Any]) -> None:
    """Prints a value for programs."""
    import json

    say(escaped(json.dumps(value, indent=1, ensure_ascii=False)) + "\n")


def as_json(comparison: Comparison) -> dict[str, Any]:
    """A checkpoint held against a net, key by key."""
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
    file, line, column = written_at(comparison, row) or (None, None, None)
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


def plain_problem(problem: Diagnostic, sources: Sequence[Source]) -> dict[str, Any]:
    """A diagnostic without its colours: code, sentence, place, notes and help."""
    place: dict[str, Any] = {"file": None, "line": None, "column": None}
    if problem.span is not None:
        source = sources[problem.span.file]
        line, column = source.position(problem.span.start)
        place = {"file": source.name, "line": line, "column": column}
    notes = [note.message for note in problem.notes]
    return {"code": problem.code, "message": problem.message, **place, "notes": notes, "help": problem.help}
