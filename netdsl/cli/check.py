"""``netdsl check``: what is wrong with specs, in every variant of each."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from netdsl.cli.options import Parser, add_file, choice, target
from netdsl.cli.terminal import report, say
from netdsl.diagnostics import Diagnostic, Note, Source, Span, count, sort
from netdsl.elaborate import analyse

_EXAMPLES = """
netdsl check specs/*.net
netdsl check specs/vgg.net:D --input 3x64x64
netdsl check --strict --format json my.net
"""


def parser() -> Parser:
    """The options of ``netdsl check``."""
    options = Parser(
        "check",
        "Reports all errors and warnings of specs. Every variant is compiled, or the one that is named.\n"
        "The exit code is 1 where there is an error. Both views are always checked.",
        _EXAMPLES,
    )
    add_file(options, many=True, view=None)
    options.add_argument("--format", choices=("text", "json"), default="text", help="json goes to the standard output")
    options.add_argument("--strict", action="store_true", help="warnings too make the exit code 1")
    return options


class _Found:
    """Diagnostics of several compilations, each once, over one list of sources."""

    def __init__(self) -> None:
        self.sources: list[Source] = []
        self.notes: list[str] = []
        #: For each diagnostic the variants that show it.
        self.shown: dict[Diagnostic, list[str]] = {}
        #: For each diagnostic whether some variant of its file does not show it.
        self.some: dict[Diagnostic, bool] = {}

    def check(self, path: str, variant: str | None, options: argparse.Namespace) -> int:
        """Compiles one file, every variant or the one that is named, and returns how many that were."""
        variants = self._compile(path, variant, options)
        if variant is None:
            for other in variants[1:]:
                self._compile(path, other, options)
        for diagnostic, shown in self.shown.items():
            self.some.setdefault(diagnostic, len(shown) < len(variants))
        return len(variants)

    def _compile(self, path: str, variant: str | None, options: argparse.Namespace) -> list[str]:
        """Compiles one variant; returns its name and, after it, those of the file's others."""
        result = analyse(Path(path), **choice(variant, options))
        places = []
        for source in result.sources:
            if source not in self.sources:
                self.sources.append(source)
            places.append(self.sources.index(source))
        for note in result.notes:
            if f"{path}: {note}" not in self.notes:
                self.notes.append(f"{path}: {note}")
        graph = result.graph
        name = (graph.variant if graph is not None else variant) or ""
        for diagnostic in result.diagnostics:
            self.shown.setdefault(_moved(diagnostic, places), []).append(name)
        if graph is None or variant is not None:
            return [name]
        return [name, *(other for other in graph.variants if other != name)]


def run(options: argparse.Namespace) -> int:
    """Compiles each file, prints the diagnostics, and returns 1 where there are errors."""
    found = _Found()
    checked = sum(found.check(*target(parser(), file, options), options) for file in options.file)
    ordered = sort(found.shown)
    named = {diagnostic: found.shown[diagnostic] if found.some[diagnostic] else [] for diagnostic in ordered}
    if options.format == "json":
        import json

        items = [_plain(diagnostic, named[diagnostic], found.sources) for diagnostic in ordered]
        errors = sum(diagnostic.severity == "error" for diagnostic in ordered)
        value = {"diagnostics": items, "notes": found.notes, "errors": errors, "warnings": len(ordered) - errors}
        say(json.dumps(value, indent=1, ensure_ascii=False) + "\n")
    else:
        report([_named(diagnostic, named[diagnostic]) for diagnostic in ordered], found.sources)
        for note in found.notes:
            print(f"note: {note}", file=sys.stderr)
        files = f"{len(options.file)} file{'' if len(options.file) == 1 else 's'}"
        nets = f"{checked} net{'' if checked == 1 else 's'}"
        say(f"{files}, {nets}: {count(ordered) or 'nothing to report'}\n")
    bad = any(diagnostic.severity == "error" for diagnostic in ordered)
    return 1 if bad or (options.strict and ordered) else 0


def _moved(diagnostic: Diagnostic, places: list[int]) -> Diagnostic:
    """The diagnostic with its spans in other sources: number ``n`` becomes ``places[n]``."""

    def span(old: Span) -> Span:
        return old._replace(file=places[old.file])

    def notes(old: tuple[Note, ...]) -> tuple[Note, ...]:
        return tuple(note._replace(span=span(note.span)) for note in old)

    return diagnostic._replace(
        span=None if diagnostic.span is None else span(diagnostic.span),
        notes=notes(diagnostic.notes),
        trace=notes(diagnostic.trace),
    )


def _named(diagnostic: Diagnostic, some: list[str]) -> Diagnostic:
    """The diagnostic with the variants that alone show it."""
    if not some:
        return diagnostic
    names = ", ".join(f"`{name}`" for name in some)
    return diagnostic._replace(message=f"{diagnostic.message} (in variant{'' if len(some) == 1 else 's'} {names})")


def _plain(diagnostic: Diagnostic, some: list[str], sources: list[Source]) -> dict[str, Any]:
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "help": diagnostic.help,
        **_place(diagnostic.span, sources),
        "variants": some,
        "notes": [{"message": note.message, **_place(note.span, sources)} for note in diagnostic.notes],
        "trace": [{"message": note.message, **_place(note.span, sources)} for note in diagnostic.trace],
    }


def _place(span: Span | None, sources: list[Source]) -> dict[str, Any]:
    """File, and line and column of both ends, from 1; the end is the first character that no longer belongs."""
    if span is None:
        return {"file": None, "line": None, "column": None, "end_line": None, "end_column": None}
    source = sources[span.file]
    line, column = source.position(span.start)
    end_line, end_column = source.position(span.end)
    return {"file": source.name, "line": line, "column": column, "end_line": end_line, "end_column": end_column}
