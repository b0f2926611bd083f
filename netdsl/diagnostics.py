"""What the compiler says: sources, spans, diagnostics and how they are printed.

This room stands below all others and uses the standard library alone.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Span(NamedTuple):
    """A stretch of a source: characters ``start`` up to, not including, ``end`` of source number ``file``."""

    file: int
    start: int
    end: int

    def to(self, other: Span) -> Span:
        """The span from the start of this one to the end of ``other``."""
        return Span(self.file, self.start, max(self.end, other.end))


class Source(NamedTuple):
    """A text that was compiled, and the name to print for it (a path, or ``<text>``)."""

    name: str
    text: str

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of a character, both counted from 1."""
        line = self.text.count("\n", 0, offset)
        begin = self.text.rfind("\n", 0, offset) + 1
        return line + 1, offset - begin + 1

    def place(self, offset: int) -> str:
        """``small.net:3:8``; ``zoo:resnet, line 48:5``, where a colon begins a variant."""
        line, column = self.position(offset)
        return f"{printable(self.name)}{', line ' if self.name.startswith('zoo:') else ':'}{line}:{column}"


#: Every code with its short title. ND0xx: files and options, ND1xx: syntax, ND2xx: meaning,
#: ND3xx: warnings, ND4xx: modules and their weights.
CODES: dict[str, str] = {
    "ND001": "a file that cannot be read",
    "ND002": "a file that is not text",
    "ND003": "unknown variant",
    "ND004": "a value set from outside that does not fit",
    "ND005": "an input shape that does not fit",
    "ND006": "a file that cannot be written",
    "ND007": "a file beyond the size limit",
    "ND008": "a missing dependency",
    "ND009": "a graph in JSON that cannot be read",
    "ND010": "operators that cannot be loaded",
    "ND011": "a name that the net does not have",
    "ND012": "an address that cannot be served at",
    "ND101": "syntax error",
    "ND102": "unclosed bracket",
    "ND103": "a character that does not belong here",
    "ND104": "a layout that would say something else",
    "ND201": "unknown layer or block",
    "ND202": "unknown attribute or flag",
    "ND203": "unknown name",
    "ND204": "shapes that do not join",
    "ND205": "a window larger than its input",
    "ND206": "channels not divisible",
    "ND207": "a number that must be whole",
    "ND208": "a value out of its range",
    "ND209": "a value of the wrong kind",
    "ND210": "an assertion on a shape that does not hold",
    "ND211": "an expectation that does not hold",
    "ND212": "a label used twice",
    "ND213": "a label that cannot be a name",
    "ND214": "a label inside an unlabelled repeat",
    "ND215": "no such tensor",
    "ND216": "a wrong argument of a block",
    "ND217": "recursion past the bound",
    "ND218": "expansion past the bound",
    "ND219": "an expression that cannot be computed",
    "ND220": "`in` or `i` where there is none",
    "ND221": "a layer that cannot take this input",
    "ND222": "a table whose row does not fit its columns",
    "ND223": "a declaration that stands twice or clashes",
    "ND224": "a file that cannot be used",
    "ND225": "a missing part of a layer",
    "ND226": "an item limited to one mode that changes the shape",
    "ND227": "no input",
    "ND228": "a module that cannot be reused here",
    "ND229": "a style that contains itself",
    "ND230": "an unknown quantity or unit",
    "ND231": "an unknown way to initialise",
    "ND232": "a join without branches",
    "ND233": "an unknown code in `allow`",
    "ND301": "a window that drops real elements",
    "ND302": "two linear layers with nothing between",
    "ND303": "an unused block",
    "ND304": "an unused parameter",
    "ND305": "an unused label",
    "ND306": "a label before several items of one line",
    "ND307": "batch norm right after a bias",
    "ND308": "a soft-max that a loss would see",
    "ND309": "a layer that leads nowhere",
    "ND310": "a join of one branch",
    "ND311": "a dropped path with none beside it",
    "ND312": "an input with its channels last",
    "ND313": "a repeat of the last layer alone",
    "ND401": "a module that contradicts its graph",
    "ND402": "a checkpoint that is damaged",
    "ND403": "a file that is no checkpoint",
    "ND404": "a checkpoint that holds more than tensors",
    "ND405": "a tensor that a checkpoint lacks",
    "ND406": "a tensor that a net lacks",
    "ND407": "a tensor of another shape",
    "ND408": "numbers that are no weights",
    "ND409": "a checkpoint of another variant",
    "ND410": "a key map that cannot be used",
    "ND411": "tensors that do not correspond one to one",
    "ND412": "a checkpoint with other names",
}


class Edit(NamedTuple):
    """``text`` in the place of what a span holds; a span of no length is a place to insert at."""

    span: Span
    text: str


class Advice(str):
    """A help that a program can carry out: a line of text as any other, with the edits that do what it says."""

    edits: tuple[Edit, ...]

    def __new__(cls, text: str, *edits: Edit) -> Advice:
        """The help ``text`` with its edits, which do not overlap and are made together or not at all."""
        made = super().__new__(cls, text)
        made.edits = edits
        return made


class Note(NamedTuple):
    """A second place that a diagnostic points at."""

    span: Span
    message: str


class Diagnostic(NamedTuple):
    """One problem: a stable code, one sentence, its place, and what helps.

    ``span`` is None only for problems that have no place in a source (a missing file).
    ``trace`` is the chain of block calls that led there, innermost first. ``strict`` makes an error of a warning.
    """

    code: str
    message: str
    span: Span | None = None
    notes: tuple[Note, ...] = ()
    help: str | None = None
    trace: tuple[Note, ...] = ()
    strict: bool = False

    @property
    def severity(self) -> str:
        """``"warning"`` for ND3xx that are not taken strictly, else ``"error"``."""
        return "warning" if self.code.startswith("ND3") and not self.strict else "error"

    @property
    def edits(self) -> tuple[Edit, ...]:
        """What carries the help out, all of it together; empty where a person must choose."""
        return self.help.edits if isinstance(self.help, Advice) else ()


def traced(note: Note) -> str:
    """A step of a trace in words that want a place after them: a call, or one pass of a repeat."""
    return note.message if note.message.startswith("in pass ") else f"{note.message}, called"


class NetdslError(Exception):
    """A compilation that failed, with every diagnostic and the sources they point into."""

    def __init__(self, diagnostics: Sequence[Diagnostic], sources: Sequence[Source] = ()) -> None:
        self.diagnostics: tuple[Diagnostic, ...] = tuple(diagnostics)
        self.sources: tuple[Source, ...] = tuple(sources)
        super().__init__(render(self.diagnostics, self.sources))


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate most like ``word``, or None where none is near; case is no difference."""
    return _nearest(word, candidates)[0]


def did_you_mean(word: str, candidates: Iterable[str], span: Span | None = None) -> str | None:
    """A help line with the nearest candidate, or None.

    With the ``span`` of the word the help can be carried out, where there is hardly another word that could be meant.
    """
    near, sure = _nearest(word, candidates)
    if near is None:
        return None
    text = f"did you mean `{near}`?"
    return Advice(text, Edit(span, near)) if sure and span is not None else text


#: Among more candidates than this, those alone are looked at that are much alike at a glance.
_MANY = 500


def _nearest(word: str, candidates: Iterable[str]) -> tuple[str | None, bool]:
    """The nearest candidate, and whether a slip of the pen is all that parts it from the word.

    One that is far away by its letters is near all the same where one of the two words begins with the other. Nothing
    is near to a word of over 64 letters.
    """
    wanted = word.casefold()
    if len(wanted) > 64:
        return None, False
    known = {candidate.casefold(): candidate for candidate in candidates}
    if wanted in known:
        return known[wanted], True
    if len(known) > _MANY:
        alike = [c for c in known if c[:1] == wanted[:1] and abs(len(c) - len(wanted)) < 2]
        known = {candidate: known[candidate] for candidate in alike[:_MANY]}
    limit = 0 if len(wanted) < 2 else max(1, len(wanted) // 3)
    found = sorted(
        (distance, place, candidate)
        for place, candidate in enumerate(known)
        if abs(len(candidate) - len(wanted)) <= limit and (distance := _distance(wanted, candidate, limit)) <= limit
    )
    if found:
        distance, _, near = found[0]
        alone = len(found) == 1 or found[1][0] > distance + 1
        numbers = [[char for char in text if char.isdigit()] for text in (wanted, near)]
        sure = alone and numbers[0] == numbers[1] and len(wanted) > 2 and distance <= (1 if len(wanted) < 6 else 2)
        return known[near], sure
    longer = [c for c in known if len(wanted) > 2 and c.startswith(wanted)]
    shorter = [c for c in known if len(c) > 2 and wanted.startswith(c) and wanted[len(c)] != "."]
    near = min(longer, key=len) if longer else max(shorter, key=len, default="")
    return known.get(near), False


def _distance(one: str, other: str, limit: int) -> int:
    """How many letters must be put in, left out, changed or swapped with the next; beyond ``limit`` anything above it.

    The distance of Damerau and Levenshtein, each letter touched once.
    """
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        line = [row]
        for column, sign in enumerate(other, 1):
            least = min(last[column] + 1, line[column - 1] + 1, last[column - 1] + (letter != sign))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == sign:
                least = min(least, before[column - 2] + 1)
            line.append(least)
        if min(line) > limit:
            return limit + 1
        before, last = last, line
    return last[-1]


def edited(text: str, edits: Iterable[Edit]) -> str:
    """``text`` with edits made, whose spans all lie in it and do not overlap."""
    parts: list[str] = []
    place = 0
    for span, new in sorted(edits):
        assert span.start >= place, "edits that overlap"
        parts += (text[place : span.start], new)
        place = span.end
    return "".join([*parts, text[place:]])


def sort(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """By place; those without a place first. Exact repetitions are dropped."""

    def place(diagnostic: Diagnostic) -> tuple[int, int, int]:
        span = diagnostic.span
        return (-1, 0, 0) if span is None else (span.file, span.start, span.end)

    return sorted(dict.fromkeys(diagnostics), key=place)


# -- printing ---------------------------------------------------------------------------------------------------------

_BOLD, _RED, _YELLOW, _BLUE, _CYAN = "1", "1;31", "1;33", "1;34", "1;36"


def width(text: str) -> int:
    """How many terminal columns ``text`` takes as :func:`printable` shows it (a tab four, ``×`` one, ``幅`` two)."""
    if text.isascii():
        return len(text) + 3 * text.count("\t")
    import unicodedata

    total = 0
    for char in text:
        if char == "\t":
            total += 4
        elif not char.isprintable():
            total += 1
        elif unicodedata.category(char) in ("Mn", "Me") or "\u1160" <= char <= "\u11ff":
            continue  # a mark on the letter before it, or a later part of a Korean syllable
        else:
            total += 2 if unicodedata.east_asian_width(char) in "WF" else 1
    return total


def printable(text: str) -> str:
    """``text`` with tabs as four spaces and control characters as visible signs."""
    if text.isprintable():
        return text
    return "".join("    " if c == "\t" else c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def render(
    diagnostics: Sequence[Diagnostic],
    sources: Sequence[Source] = (),
    *,
    colour: bool = False,
    ending: str | None = None,
) -> str:
    """The diagnostics as text for people: sorted, each with its line and caret, a count at the end where several.

    Of many that say the same of one source, the first are shown and the others named by their lines. ``ending`` stands
    at the end in place of the count.
    """
    ordered = sort(diagnostics)
    renderer = _Renderer(sources, colour)
    alike: dict[tuple[object, ...], list[Diagnostic]] = {}
    for diagnostic in ordered:
        alike.setdefault(_saying(diagnostic), []).append(diagnostic)
    parts = []
    for diagnostic in ordered:
        same = alike[_saying(diagnostic)]
        shown = same if len(same) <= _SHOWN + 1 else same[:_SHOWN]
        if diagnostic in shown:
            text = renderer.one(diagnostic)
            if len(same) > len(shown) and diagnostic is shown[-1]:
                text += "\n" + renderer.others(same[len(shown) :])
            parts.append(text)
    if ending is not None:
        parts.append(ending)
    elif len(ordered) > 1:
        parts.append(count(ordered))
    return "\n\n".join(parts)


def count(diagnostics: Sequence[Diagnostic]) -> str:
    """``2 errors, 1 warning``."""
    errors = sum(d.severity == "error" for d in diagnostics)
    warnings = len(diagnostics) - errors
    words = [f"{n} {word}{'' if n == 1 else 's'}" for n, word in ((errors, "error"), (warnings, "warning")) if n]
    return ", ".join(words)


#: Of diagnostics that say the same of one source, so many are shown.
_SHOWN = 3
#: How many lines of others are named.
_NAMED = 12


def _saying(diagnostic: Diagnostic) -> tuple[object, ...]:
    """What is equal for diagnostics that say the same of one source; those without a place are each their own."""
    span = diagnostic.span
    same = (diagnostic.code, diagnostic.message, str(diagnostic.help or ""))
    return (*same, span.file) if span is not None else (diagnostic,)


class _Renderer:
    def __init__(self, sources: Sequence[Source], colour: bool) -> None:
        self.sources = sources
        self.colour = colour
        self.lines: dict[int, list[int]] = {}
        self.gutter = 1
        self.shown: tuple[int, int] | None = None

    def paint(self, text: str, code: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self.colour else text

    def position(self, span: Span, offset: int) -> tuple[int, int]:
        """Line index from 0 and the offset at which that line begins."""
        if span.file not in self.lines:
            text = self.sources[span.file].text
            self.lines[span.file] = [0, *(i + 1 for i, char in enumerate(text) if char == "\n")]
        starts = self.lines[span.file]
        line = bisect.bisect_right(starts, offset) - 1
        return line, starts[line]

    def one(self, diagnostic: Diagnostic) -> str:
        error = diagnostic.severity == "error"
        mark = _RED if error else _YELLOW
        head = self.paint(f"{diagnostic.severity}[{diagnostic.code}]", mark)
        rows = [head + self.paint(f": {printable(diagnostic.message)}", _BOLD)]
        self.gutter = 1
        if diagnostic.span is not None and self.sources:
            main, notes = diagnostic.span, diagnostic.notes
            spans = [main, *(n.span for n in notes)]
            self.gutter = max(len(str(self.position(span, span.start)[0] + 1)) for span in spans)
            self.shown, here = None, self.line(main)
            rows += self.excerpt(main, "^", "", mark)
            beside = [note for note in notes if self.line(note.span) == here]
            for note in [*beside, *(note for note in notes if self.line(note.span) != here)]:
                rows += self.excerpt(note.span, "-", printable(note.message), _BLUE)
            rows += [self.below(f"{printable(traced(n))} at {self.place(n.span)}") for n in diagnostic.trace]
        if diagnostic.help is not None:
            rows.append(self.below(f"{self.paint('help:', _CYAN)} {printable(diagnostic.help)}"))
        return "\n".join(rows)

    def others(self, diagnostics: Sequence[Diagnostic]) -> str:
        """The rest of many that say the same: how many they are, and in which lines."""
        spans = [diagnostic.span for diagnostic in diagnostics if diagnostic.span is not None]
        lines = [str(line + 1) for line in dict.fromkeys(self.line(span)[1] for span in spans)]
        named = ", ".join(lines[:_NAMED]) + (", …" if len(lines) > _NAMED else "")
        return self.below(f"and {len(spans)} more like it, in line{'s' if len(lines) > 1 else ''} {named}")

    def below(self, text: str) -> str:
        return f"{' ' * self.gutter} {self.paint('=', _BLUE)} {text}"

    def line(self, span: Span) -> tuple[int, int]:
        """The source and, from 0, the line in which a span begins."""
        return span.file, self.position(span, min(span.start, len(self.sources[span.file].text)))[0]

    def place(self, span: Span) -> str:
        return self.sources[span.file].place(span.start)

    def excerpt(self, span: Span, sign: str, message: str, paint: str) -> list[str]:
        """The line of a span, unless it is the one that was shown last, with what points at the span below it."""
        source = self.sources[span.file]
        start = min(span.start, len(source.text))
        line, begin = self.position(span, start)
        end_of_line = source.text.find("\n", begin)
        full = source.text[begin : len(source.text) if end_of_line < 0 else end_of_line].rstrip("\r")
        column, last = start - begin, min(span.end - begin, len(full))
        text, column, last = _window(full, column, last)
        bar = self.paint("|", _BLUE)
        margin = " " * self.gutter
        rows = []
        if self.shown != (span.file, line):
            if self.shown is None or self.shown[0] != span.file:
                rows.append(f"{margin}{self.paint('-->', _BLUE)} {self.place(span._replace(start=start))}")
                rows.append(f"{margin} {bar}")
            else:
                rows.append(f"{margin} {self.paint(':', _BLUE)}")
            rows.append(f"{self.paint(f'{line + 1:>{self.gutter}}', _BLUE)} {bar} {printable(text)}".rstrip())
            self.shown = span.file, line
        marks = sign * max(1, width(text[column:last])) + (f" {message}" if message else "")
        rows.append(f"{margin} {bar} {' ' * width(text[:column])}{self.paint(marks, paint)}")
        return rows


def _window(text: str, column: int, last: int, limit: int = 140) -> tuple[str, int, int]:
    """A long line cut to ``limit`` characters around the place of interest, with the columns moved along."""
    if len(text) <= limit:
        return text, column, last
    begin = max(0, min(column - limit // 3, len(text) - limit))
    cut = text[begin : begin + limit]
    if begin:
        cut = "…" + cut[1:]
    if begin + limit < len(text):
        cut = cut[:-1] + "…"
    return cut, column - begin, min(last - begin, limit)
