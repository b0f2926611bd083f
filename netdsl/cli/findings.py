"""What ``netdsl check`` finds: every variant of every file compiled, and each problem once."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from netdsl.cli.options import choice
from netdsl.diagnostics import Advice, Diagnostic, Edit, Expected, Note, Source, Span, sort
from netdsl.elaborate import Compilation, Limits, analyse
from netdsl.ir.types import plural


class Finding(NamedTuple):
    """A problem, the file that was checked when it showed, and the variants that alone show it.

    An empty name is the net without a variant, whose parameters have their defaults.
    """

    diagnostic: Diagnostic
    file: str
    variants: tuple[str, ...] = ()

    @property
    def message(self) -> str:
        """The sentence of the diagnostic, with the variants that alone show it."""
        if not self.variants:
            return self.diagnostic.message
        names = [f"`{name}`" for name in self.variants if name]
        where = ["without a variant"] if "" in self.variants else []
        where += [f"in {plural(len(names), 'variant')} {', '.join(names)}"] if names else []
        return f"{self.diagnostic.message} ({' and '.join(where)})"


class Findings(NamedTuple):
    """All findings, sorted by place, over one list of sources.

    ``nets`` is how many graphs came of the ``files``; ``notes`` are remarks without a place.
    """

    findings: tuple[Finding, ...]
    sources: tuple[Source, ...]
    notes: tuple[str, ...]
    files: int
    nets: int

    def number(self, severity: str) -> int:
        """How many findings are errors, or warnings."""
        return sum(finding.diagnostic.severity == severity for finding in self.findings)

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """The findings as diagnostics for people: each says its variants, and without a place its file where several
        are checked."""
        return [
            finding.diagnostic._replace(message=finding.message)
            if finding.diagnostic.span is not None or self.files < 2 or finding.file in finding.message
            else finding.diagnostic._replace(message=f"{finding.file}: {finding.message}")
            for finding in self.findings
        ]

    def name(self, finding: Finding) -> str:
        """The file that a finding is in."""
        span = finding.diagnostic.span
        return finding.file if span is None else self.sources[span.file].name


def gathered(diagnostics: Sequence[Diagnostic]) -> list[Diagnostic]:
    """The diagnostics with one in place of all that say of one file which of its expectations do not hold.

    It stands where the first of them does, gives the figures of all, and mends all.
    """
    files: dict[int, list[Diagnostic]] = {}
    for said in sort(diagnostics):
        if said.code == "ND211" and said.span is not None:
            files.setdefault(said.span.file, []).append(said)
    merged: dict[Diagnostic, Diagnostic | None] = {}
    for several in files.values():
        first, *others = several
        if not others:
            continue
        notes = tuple(Note(said.span, said.message) for said in others if said.span is not None)
        edits = [edit for said in several for edit in said.edits]
        help = Expected("`netdsl check --fix --expect` writes these figures", *edits) if edits else first.help
        message = f"{len(several)} expectations do not hold: {first.message}"
        merged.update(dict.fromkeys(others))
        merged[first] = first._replace(message=message, notes=notes, help=help)
    found = [merged.get(said, said) for said in diagnostics]
    return [said for said in found if said is not None]


class Checker:
    """Compiles files as the options of a command line ask for it. What has not changed is not compiled again."""

    def __init__(self, targets: Sequence[tuple[str, str | None]], options: argparse.Namespace) -> None:
        self.targets = targets
        self.options = options
        self.limits = choice(None, options)["limits"]
        #: what all compilations took together
        self.work = 0
        #: what was compiled last, and what stood then for the files that it is made of
        self.before: dict[tuple[str, str | None], tuple[Compilation, dict[Path, str | None]]] = {}

    def check(self, texts: Mapping[Path, str] | None = None) -> Findings:
        """Every variant of each file, or the one that is named. ``texts`` are as in :func:`analyse`."""
        sources: list[Source] = []
        notes: dict[str, None] = {}
        found: dict[object, Finding] = {}
        nets = 0
        for path, variant in self.targets:
            made = self.compile(path, variant, texts or {})
            results = [(made.variant or variant or "", made)]
            left = [] if variant is not None else [other for other in made.variants if other != made.variant]
            work = made.work
            while left and work <= self.limits.steps:
                results.append((left[0], self.compile(path, left.pop(0), texts or {})))
                work += results[-1][1].work
            if left:
                unseen = _unseen(path, len(results), len(left), self.limits)
                found[unseen.diagnostic, path] = unseen
            nets += sum(result.graph is not None for _, result in results)
            shown: dict[object, list[str]] = {}
            for name, result in results:
                places = [_place(source, sources) for source in result.sources]
                notes.update(dict.fromkeys(f"{path}: {note}" for note in result.notes))
                for diagnostic in result.diagnostics:
                    moved = _moved(diagnostic, places)._replace(strict=self.options.strict)
                    key: object = (moved.code, moved.span) if moved.span is not None else (moved, path)
                    if key not in found:
                        found[key] = Finding(moved, path)
                        shown[key] = []
                    if key in shown and name not in shown[key]:
                        shown[key].append(name)
            for key, names in shown.items():
                # What is expected is expected of a variant, and says so.
                if len(names) < len(results) and found[key].diagnostic.code != "ND211":
                    found[key] = found[key]._replace(variants=tuple(names))
        found = {key: finding for key, finding in found.items() if not _follows(finding, found.values())}
        by = {finding.diagnostic: finding for finding in found.values() if finding.diagnostic.span is not None}
        ordered = sort(by)
        placed = [
            by.get(diagnostic)
            or Finding(diagnostic, next(by[one].file for one in ordered if one.span == diagnostic.span))
            for diagnostic in gathered(ordered)
        ]
        bare = [finding for finding in found.values() if finding.diagnostic.span is None]
        return Findings((*bare, *placed), tuple(sources), tuple(notes), len(self.targets), nets)

    def compile(self, path: str, variant: str | None, texts: Mapping[Path, str]) -> Compilation:
        """One variant of one file."""
        known = self.before.get((path, variant))
        if known is not None and all(texts.get(file) == text for file, text in known[1].items()):
            return known[0]
        made = analyse(Path(path), texts=texts, **choice(variant, self.options))
        files = [Path(source.name).resolve() for source in made.sources]
        self.before[path, variant] = made, {file: texts.get(file) for file in files}
        self.work += made.work
        return made


#: Codes of names that miss what they are of, and of what seems unused where a name is misspelt.
_MISSING = frozenset({"ND201", "ND203", "ND215", "ND216", "ND224"})
_UNUSED = frozenset({"ND303", "ND304", "ND305"})


def _follows(finding: Finding, others: Iterable[Finding]) -> bool:
    """Whether something seems unused in one variant for a name that is wrong in another."""
    span = finding.diagnostic.span
    return (
        finding.diagnostic.code in _UNUSED
        and span is not None
        and any(
            other.diagnostic.code in _MISSING
            and other.diagnostic.span is not None
            and other.diagnostic.span.file == span.file
            for other in others
        )
    )


def _unseen(path: str, seen: int, left: int, limits: Limits) -> Finding:
    """Variants that are not checked, since those before them took so long."""
    message = f"{left:,} of {seen + left:,} variants were not checked: all take over {limits.steps:,} steps together"
    help = f"`--max-nodes` raises the bound, and `{path}:NAME` checks one variant"
    return Finding(Diagnostic("ND218", message, None, help), path)


def _place(source: Source, sources: list[Source]) -> int:
    """The number of a source among those of all files."""
    if source not in sources:
        sources.append(source)
    return sources.index(source)


def _moved(diagnostic: Diagnostic, places: list[int]) -> Diagnostic:
    """The diagnostic with its spans in other sources: number ``n`` becomes ``places[n]``."""

    def span(old: Span) -> Span:
        return old._replace(file=places[old.file])

    def notes(old: tuple[Note, ...]) -> tuple[Note, ...]:
        return tuple(note._replace(span=span(note.span)) for note in old)

    help = diagnostic.help
    if isinstance(help, Advice):
        help = type(help)(help, *(Edit(span(edit.span), edit.text) for edit in diagnostic.edits))
    return diagnostic._replace(
        span=None if diagnostic.span is None else span(diagnostic.span),
        notes=notes(diagnostic.notes),
        help=help,
        trace=notes(diagnostic.trace),
    )
