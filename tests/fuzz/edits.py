"""What is promised of a spec with a slip in it: what ``check`` says, what each edit leaves, and what ``--fix`` does."""

from __future__ import annotations

import random
import re
import tempfile
import traceback
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from netdsl.cli.check import parser
from netdsl.cli.findings import Checker, Finding, Findings
from netdsl.cli.mend import mend
from netdsl.diagnostics import Diagnostic, Expected, edited
from netdsl.elaborate import analyse
from netdsl.syntax.helps.mistake import KEYWORDS
from tests.fuzz.holds import LIMITS, PATIENCE, soon
from tests.fuzz.slips import Base, base, slip

#: More errors of one slip than these are a cascade.
FEW = 3
#: Variants of a spec that takes longer than this are not all checked.
_NODES = 600

_WORD = re.compile(r"(?<!\w)[A-Za-z_]\w*")
_COMMENT = re.compile(r'"[^"\n]*"|(#[^\n]*)')


class Complaint(NamedTuple):
    """A promise that is not kept: which one, of which spec, and what was seen."""

    rule: str
    base: str
    kinds: str
    seen: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.base} ({self.kinds})\n{self.seen}"


class Tried:
    """Slips that were tried: how many did what, and the promises that were not kept."""

    def __init__(self) -> None:
        self.figures: Counter[str] = Counter()
        self.complaints: list[Complaint] = []

    def share(self, part: str, whole: str) -> float:
        """One figure as a share of another."""
        return self.figures[part] / max(1, self.figures[whole])

    def __str__(self) -> str:
        of = self.figures
        wrong = f"{of['slips']:,} slips, {of['said']:,} of them with diagnostics and {of['wrong']:,} with errors"
        shares = f"{self.share('fewer', 'edits'):.1%}, of one slip {self.share('single fewer', 'single edits'):.1%}"
        edits = f"{of['edits']:,} edits: {of['fewer']:,} leave fewer problems ({shares})"
        less = f"{of['other']:,} as many but others, {of['same']:,} as many, {of['more']:,} more"
        fixes = f"{of['fixes']:,} files changed by --fix, of which {of['compiles']:,} compile"
        restored = f"{of['restored']:,} are the net that they were ({self.share('restored', 'single'):.1%})"
        return (
            f"{wrong}; {of['cascades']:,} gave more than {FEW} errors\n"
            f"{edits}, {less}; {of['lost']:,} lose what stands nowhere else\n"
            f"{fixes}; of {of['single']:,} with one slip {restored}"
        )


class Slipped:
    """A spec with slips in it, and everything that is asked of it."""

    def __init__(self, right: Base, wrong: str, kinds: Sequence[str], file: Path, tried: Tried) -> None:
        self.right, self.wrong, self.kinds, self.file, self.tried = right, wrong, kinds, file, tried
        file.write_text(wrong, encoding="utf-8", newline="")
        variant = _variant(right.text)
        self.options = parser().read([str(file)])
        self.options.limits = LIMITS
        self.checker = Checker([(str(file), variant)], self.options)
        self.target = variant

    def complain(self, rule: str, *seen: str) -> None:
        """Keeps a complaint, with the lines that slipped."""
        self.tried.figures[rule] += 1
        lines = "\n".join(("  slip " + shown(self.right.text, self.wrong), *(f"  {line}" for line in seen)))
        self.tried.complaints.append(Complaint(rule, self.right.name, " + ".join(self.kinds), lines))

    def hold(self) -> None:
        """Tries it all."""
        figures = self.tried.figures
        figures["slips"] += 1
        found = self.checker.check()
        self.answers(found)
        figures["said"] += bool(found.findings)
        figures["wrong"] += found.number("error") > 0
        if found.number("error") > FEW * len(self.kinds):
            self.complain("cascades", *(f"{f.diagnostic.code} {f.diagnostic.message}" for f in found.findings[:12]))
        for finding in found.findings:
            if isinstance(finding.diagnostic.help, Expected):
                continue  # made where it is asked for
            files = {found.sources[edit.span.file].name for edit in finding.diagnostic.edits}
            if files == {str(self.file)}:
                self.alone(found, finding)
        if any(finding.diagnostic.edits for finding in found.findings):
            self.fixed(found)

    def answers(self, found: Findings) -> None:
        """Each diagnostic has a help and a place in its file, and all are in order."""
        places = []
        for finding in found.findings:
            said = finding.diagnostic
            spans = [said.span, *(note.span for note in (*said.notes, *said.trace)), *(e.span for e in said.edits)]
            inside = all(0 <= s.start <= s.end <= len(found.sources[s.file].text) + 1 for s in spans if s is not None)
            if not said.help or not inside:
                self.complain("bad", repr(said))
            places.append((-1, 0) if said.span is None else (said.span.file, said.span.start))
        if places != sorted(places):
            self.complain("unsorted", str(places))

    def alone(self, found: Findings, finding: Finding) -> None:
        """One edit, applied alone."""
        said, figures = finding.diagnostic, self.tried.figures
        figures["edits"] += 1
        text = edited(self.wrong, said.edits)
        after = self.checker.check({self.file.resolve(): text})
        seen = (
            f"said {said.code} {said.message}",
            f"help {said.help}",
            f"edit {shown(self.wrong, text)}",
            *(f"then {f.diagnostic.code} {f.diagnostic.message}" for f in after.findings[:5]),
        )
        if gone := lost(said, self.wrong, text):
            self.complain("lost", *seen, f"lost {' '.join(gone)}")
        one = len(self.kinds) == 1
        figures["single edits"] += one
        if _problems(after) < _problems(found):
            figures["fewer"] += 1
            figures["single fewer"] += one
        elif not one and not self.made_here(found, finding, after):
            figures["other"] += 1
        elif _problems(after) > _problems(found):
            self.complain("more", *seen)
        elif _further(found, finding, after):
            figures["other"] += 1
        else:
            self.complain("same", *seen)

    def made_here(self, found: Findings, finding: Finding, after: Findings) -> bool:
        """Whether a problem that is new after an edit stands in a line which that has changed.

        All others were hidden by the mistake that it takes away: they are of the other slip.
        """
        new = _new(found, finding, after)
        changed = {after.sources[0].position(start)[0] for _, _, start in new}
        edits = finding.diagnostic.edits
        first, last = (found.sources[0].position(place)[0] for place in (edits[0].span.start, edits[-1].span.end))
        longer = sum(edit.text.count("\n") for edit in edits)
        return not new or any(first <= line <= last + longer for line in changed)

    def fixed(self, found: Findings) -> None:
        """``check --fix``, to its end and once more."""
        figures = self.tried.figures
        after, changed = mend(self.checker, [str(self.file)])
        if not changed:
            return
        figures["fixes"] += 1
        text = changed[0].new
        seen = (f"fix  {shown(self.wrong, text)}", *(f"then {f.diagnostic.message}" for f in after.findings[:5]))
        if _problems(after) > _problems(found) and len(self.kinds) == 1:
            self.complain("fix makes more", *seen)
        elif after.number("error") > found.number("error") + 1:
            self.complain("fix makes more", *seen)  # what the other slip leads to may show once
        if after.number("error"):
            return
        figures["compiles"] += 1
        figures["single"] += len(self.kinds) == 1
        self.file.write_text(text, encoding="utf-8", newline="")
        _, again = mend(Checker([(str(self.file), self.target)], self.options), [str(self.file)])
        if again:
            self.complain("unstable", *seen, f"then {shown(text, again[0].new)}")
        if len(self.kinds) == 1 and _net(text) == _net(self.right.text):
            figures["restored"] += 1


def _problems(found: Findings) -> tuple[int, int]:
    """How many errors, and how many warnings, which show where there is no error: fewer errors are fewer problems."""
    return found.number("error"), found.number("warning")


@lru_cache(maxsize=256)
def _variant(text: str) -> str | None:
    """The one variant that is checked of a spec with many large ones."""
    made = analyse(text, limits=LIMITS)
    many = made.graph is not None and len(made.graph.nodes) * max(1, len(made.variants)) > _NODES
    return made.variant if many else None


@lru_cache(maxsize=256)
def _net(text: str) -> object:
    """What two texts of one net have in common, in all variants or the one that is checked."""
    made = analyse(text, limits=LIMITS)
    names = () if _variant(text) is not None else made.variants
    graphs = [made.graph, *(analyse(text, variant=name, limits=LIMITS).graph for name in names)]
    return names, [
        graph and [(node.name, node.op, node.inputs, node.shape, node.mode) for node in graph.nodes] for graph in graphs
    ]


def lost(said: Diagnostic, before: str, after: str) -> list[str]:
    """Comments that an edit takes away, and names that stand nowhere else and that nothing speaks of.

    What is pointed at, and what makes room for a text that the help shows, is spoken of.
    """
    comments = set(filter(None, _COMMENT.findall(before))) - set(filter(None, _COMMENT.findall(after)))
    places = [edit.span for edit in said.edits if edit.text.strip() and edit.text.strip() in said.help]
    places += [said.span] if said.span else []
    spoken = [said.message, said.help, *(before[place.start : place.end] for place in places)]
    kept = {*_WORD.findall(" ".join(spoken)), *KEYWORDS}
    words = [word for word in dict.fromkeys(_WORD.findall(before)) if word not in kept]
    letters = re.sub(r"\W+", "", after).lower()  # where a blank or a bracket was put in or taken out
    return [*sorted(comments), *(word for word in words if word.rstrip("0123456789").lower() not in letters)]


def _new(found: Findings, finding: Finding, after: Findings) -> Counter[tuple[str, str, int]]:
    """The problems that are there after the edits of a finding and were not before, by their places after them."""
    edits = sorted(finding.diagnostic.edits)
    ends = [edit.span.end for edit in edits]
    moved = [0]
    for edit in edits:
        moved.append(moved[-1] + len(edit.text) - (edit.span.end - edit.span.start))

    def keys(findings: Findings, moved: Sequence[int]) -> Counter[tuple[str, str, int]]:
        said = [(each.diagnostic, each.diagnostic.span) for each in findings.findings]
        return Counter(
            (each.code, each.message, span.start + moved[bisect_right(ends, span.start)] if moved else span.start)
            for each, span in said
            if span is not None
        )

    return keys(after, ()) - keys(found, moved)


def _further(found: Findings, finding: Finding, after: Findings) -> bool:
    """Whether a problem is gone, and what is new in its place stands in its line or behind."""
    span = finding.diagnostic.span
    if span is None:
        return False
    new = _new(found, finding, after)
    begin = found.sources[span.file].text.rfind("\n", 0, span.start) + 1
    return bool(new) and all(start >= begin for _, _, start in new)


def shown(before: str, after: str) -> str:
    """The lines in which two texts differ."""
    old, new = before.split("\n"), after.split("\n")
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    was, now = ("⏎".join(lines[start : len(lines) - end]) for lines in (old, new))
    return f"{start + 1}: {was[:200]}\n    => {now[:200]}"


def attempt(right: Base, choose: random.Random, file: Path, tried: Tried) -> None:
    """Slips once or twice in a right spec, and holds what comes of it."""
    text, kinds = right.text, []
    for _ in range(choose.choice((1, 1, 2))):
        if (made := slip(text, choose)) is not None:
            text = made.text
            kinds.append(made.kind)
    if text == right.text:
        return
    slipped = Slipped(right, text, kinds, file, tried)
    try:
        with soon(3 * PATIENCE):
            slipped.hold()
    except Exception as error:
        slipped.complain("broken", *traceback.format_exc().splitlines()[-12:], repr(error)[:300])


def run(numbers: Iterable[int], seed: int, among: Sequence[Base] = ()) -> Tried:
    """Tries a slip, or two, for each number, in one of the specs ``among`` or in any that :func:`base` finds."""
    tried = Tried()
    with tempfile.TemporaryDirectory() as folder:
        for number in numbers:
            choose = random.Random(f"slip {seed} {number}")
            right = among[number % len(among)] if among else base(choose)
            attempt(right, choose, Path(folder) / "slip.net", tried)
    return tried
