"""``netdsl check --fix``: carries out the helps that say all of what is to be done, and checks what came of it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from netdsl.cli.findings import Checker, Finding, Findings
from netdsl.cli.terminal import write
from netdsl.diagnostics import Diagnostic, Edit, Expected, NetdslError, Source, Span, edited

#: What one change makes readable may show the next.
_ROUNDS = 20
#: How often a file is tried with single changes, where all together do more harm than good.
_TRIES = 100
#: How many times what one check may take.
_PATIENCE = 10
#: How many letters are read, of a file that is read again and again, before no further change is looked for. Those of
#: a line that cannot be read are looked at by all that knows what may be meant, and count more.
_READ, _DEAR = 150_000, 6
#: No more of a line is looked at so.
_LONGEST_LINE = 1000


class Mended(NamedTuple):
    """A file, its text before and after, and how many problems that took away."""

    name: str
    path: Path
    old: str
    new: str
    fixes: int


def mend(checker: Checker, own: Sequence[str]) -> tuple[Findings, tuple[Mended, ...]]:
    """Makes the changes that help, in memory, and returns what is then left and what has changed.

    ``own`` are the names of the files that may change, and with each what it uses from its folder. No change is kept
    that leaves more errors than there were, or the problem that it is for.
    """
    folders = [Path(name).resolve().parent for name in own if _is_file(name)]
    texts: dict[Path, str] = {}
    old: dict[Path, tuple[str, str]] = {}
    fixes: Counter[Path] = Counter()
    found = checker.check()
    tries, letters = 0, _letters(found)
    refused: set[tuple[object, ...]] = set()
    for _ in range(_ROUNDS):
        if letters > _READ:
            break
        offered = [
            finding
            for finding in found.findings
            if (not isinstance(finding.diagnostic.help, Expected) or checker.options.expect)
            and _may_change(finding, found.sources, folders)
        ]
        chosen = _apart([finding for finding in offered if _sign(finding, found) not in refused])
        if not chosen:
            break
        batches = [chosen]
        accepted = False
        while batches and letters <= _READ:
            batch = batches.pop(0)
            changed = {**texts, **_applied(batch, found.sources)}
            tries += 1
            after = checker.check(changed)
            letters += _letters(after)
            if _better(found, after, batch):
                for finding in batch:
                    path = _path(found, finding)
                    fixes[path] += 1
                    for file in {edit.span.file for edit in finding.diagnostic.edits}:
                        source = found.sources[file]
                        old.setdefault(Path(source.name).resolve(), (source.name, source.text))
                texts, found, accepted = changed, after, True
                break
            if len(batch) > 1 and tries < _TRIES and checker.work < _PATIENCE * checker.limits.steps:
                batches += [[finding] for finding in batch]
            else:
                refused.update(_sign(finding, found) for finding in batch)
        if not accepted:
            break
    mended = [
        Mended(name, path, text, texts[path], fixes[path]) for path, (name, text) in old.items() if texts[path] != text
    ]
    return found, tuple(mended)


def _letters(found: Findings) -> int:
    """What a check has read, in letters."""
    letters = sum(len(source.text) for source in found.sources)
    for finding in found.findings:
        span = finding.diagnostic.span
        if finding.diagnostic.code == "ND101" and span is not None:
            text = found.sources[span.file].text
            end = text.find("\n", span.start)
            line = (end if end >= 0 else len(text)) - text.rfind("\n", 0, span.start)
            letters += _DEAR * min(line, _LONGEST_LINE)
    return letters


def _is_file(name: str) -> bool:
    return name != "-" and Path(name).is_file()


def _path(found: Findings, finding: Finding) -> Path:
    return Path(found.sources[finding.diagnostic.edits[0].span.file].name).resolve()


def _sign(finding: Finding, found: Findings) -> tuple[object, ...]:
    """What tells a finding from others."""
    span = finding.diagnostic.span
    return finding.diagnostic.code, finding.diagnostic.message, found.name(finding), span and span.start


def _may_change(finding: Finding, sources: Sequence[Source], folders: Sequence[Path]) -> bool:
    """Whether a finding can be mended: all its edits lie in files of the folders of what is checked."""
    names = {sources[file].name for file in {edit.span.file for edit in finding.diagnostic.edits}}
    return bool(names) and all(
        _is_file(name) and any(Path(name).resolve().is_relative_to(folder) for folder in folders) for name in names
    )


def _apart(findings: Sequence[Finding]) -> list[Finding]:
    """Findings whose edits do not overlap: of two that do, the first."""
    taken: dict[int, list[tuple[int, int]]] = {}  # those of a file, in order
    chosen = []
    for finding in findings:
        spans = [edit.span for edit in finding.diagnostic.edits]
        if any(_overlaps(span, taken.get(span.file, [])) for span in spans):
            continue
        for file in {span.file for span in spans}:
            taken.setdefault(file, []).extend((span.start, span.end) for span in spans if span.file == file)
            taken[file].sort()
        chosen.append(finding)
    return chosen


def _overlaps(span: Span, taken: Sequence[tuple[int, int]]) -> bool:
    """Whether a span meets one of those of its file that are in order and do not overlap."""
    place = bisect_right(taken, span.end, key=lambda other: other[0])
    return place > 0 and taken[place - 1][1] >= span.start


def _applied(findings: Sequence[Finding], sources: Sequence[Source]) -> dict[Path, str]:
    """The texts of the files with the edits of findings made."""
    by: dict[int, list[Edit]] = {}
    for finding in findings:
        for edit in finding.diagnostic.edits:
            by.setdefault(edit.span.file, []).append(edit)
    return {Path(sources[file].name).resolve(): edited(sources[file].text, edits) for file, edits in by.items()}


def _better(before: Findings, after: Findings, batch: Sequence[Finding]) -> bool:
    """Whether changes took away what they are for, and made in no file more errors but in lines now readable."""
    shown = _made_readable(before, batch)
    new = Counter(f.file for f in after.findings if f.diagnostic.severity == "error" and _line(f, after) not in shown)
    # What mends one file makes up for no harm in another.
    if not new <= Counter(f.file for f in before.findings if f.diagnostic.severity == "error"):
        return False
    if after.nets < before.nets:
        return False
    left = {(f.diagnostic.code, f.diagnostic.message, after.name(f), f.diagnostic.span) for f in after.findings}
    moved = _moved(before, batch)
    for finding in batch:
        said, span = finding.diagnostic, finding.diagnostic.span
        if span is not None:
            # Where it would be now: what stands before it in its file has been changed too.
            name = before.name(finding)
            ahead = moved.get(name, [])
            place = bisect_right(ahead, span.start, key=lambda each: each[0])
            by = ahead[place - 1][1] if place else 0
            file = next((at for at, source in enumerate(after.sources) if source.name == name), -1)
            span = Span(file, span.start + by, span.end + by)
        if (said.code, said.message, before.name(finding), span) in left:
            return False
    return True


def _moved(found: Findings, batch: Sequence[Finding]) -> dict[str, list[tuple[int, int]]]:
    """For each file that changes, by its name: where edits end, in order, and by how much what follows is moved."""
    edits = sorted(edit for finding in batch for edit in finding.diagnostic.edits)
    moved: dict[str, list[tuple[int, int]]] = {}
    for span, text in edits:
        known = moved.setdefault(found.sources[span.file].name, [])
        known.append((span.end, (known[-1][1] if known else 0) + len(text) - (span.end - span.start)))
    return moved


#: Codes of what hides the rest of its layer or its line.
_HIDING = ("ND101", "ND102", "ND103", "ND201")


def _made_readable(found: Findings, batch: Sequence[Finding]) -> set[tuple[str, int]]:
    """The lines that changes make readable, by file and number: what shows there then was there before.

    There are none where a change makes or takes a line.
    """
    lines: set[tuple[str, int]] = set()
    ends = [[place for place, char in enumerate(source.text) if char == "\n"] for source in found.sources]
    for finding in batch:
        for span, text in finding.diagnostic.edits:
            source = found.sources[span.file]
            if "\n" in text or "\n" in source.text[span.start : span.end]:
                return set()
            if finding.diagnostic.code in _HIDING:
                lines.add((source.name, bisect_left(ends[span.file], span.start) + 1))
    return lines


def _line(finding: Finding, found: Findings) -> tuple[str, int] | None:
    """The file and the line that a finding begins in."""
    span = finding.diagnostic.span
    return None if span is None else (found.name(finding), found.sources[span.file].position(span.start)[0])


def save(mended: Sequence[Mended]) -> None:
    """Writes the changed files: all of them, or none.

    Raises :class:`NetdslError` (ND006) where one cannot be written, or has changed since it was read; then each holds
    what it held.
    """
    before: dict[Path, bytes] = {}
    for one in mended:
        try:
            before[one.path] = one.path.read_bytes()
        except OSError:
            message = f"`{one.name}` cannot be read any more: nothing is written"
            help = "it went while it was checked: put it back, and `netdsl check --fix` once more mends it"
            raise NetdslError([Diagnostic("ND006", message, None, help)]) from None
        if before[one.path].decode("utf-8-sig", errors="replace") != one.old:
            message = f"`{one.name}` has changed while it was checked: nothing is written"
            help = "an editor saved it: `netdsl check --fix` once more mends what stands there now"
            raise NetdslError([Diagnostic("ND006", message, None, help)])
    written: list[Mended] = []
    try:
        for one in mended:
            mark = b"\xef\xbb\xbf" if before[one.path].startswith(b"\xef\xbb\xbf") else b""
            write(one.name, mark + one.new.encode())
            written.append(one)
    except NetdslError:
        for one in written:
            write(one.name, before[one.path])
        raise
