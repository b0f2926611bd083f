"""What the compiler says: sources, spans, diagnostics and how they are printed.

This room stands below all others and uses the standard library alone.
"""

from __future__ import annotations

import bisect
import difflib
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
    "ND101": "syntax error",
    "ND102": "unclosed bracket",
    "ND103": "a character that does not belong here",
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


class Note(NamedTuple):
    """A second place that a diagnostic points at."""

    span: Span
    message: str


class Diagnostic(NamedTuple):
    """One problem: a stable code, one sentence, its place, and what helps.

    ``span`` is None only for problems that have no place in a source (a missing file).
    ``trace`` is the chain of block calls that led there, innermost first.
    """

    code: str
    message: str
    span: Span | None = None
    notes: tuple[Note, ...] = ()
    help: str | None = None
    trace: tuple[Note, ...] = ()

    @property
    def severity(self) -> str:
        """``"warning"`` for ND3xx, else ``"error"``."""
        return "warning" if self.code.startswith("ND3") else "error"


class NetdslError(Exception):
    """A compilation that failed, with every diagnostic and the sources they point into."""

    def __init__(self, diagnostics: Sequence[Diagnostic], sources: Sequence[Source] = ()) -> None:
        self.diagnostics = tuple(diagnostics)
        self.sources = tuple(sources)
        super().__init__(render(self.diagnostics, self.sources))


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate most like ``word``, or None where none is near; case is no difference."""
    folded = {candidate.casefold(): candidate for candidate in candidates}
    found = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    return folded[found[0]] if found else None


def did_you_mean(word: str, candidates: Iterable[str]) -> str | None:
    """A help line with the nearest candidate, or None."""
    near = nearest(word, candidates)
    return None if near is None else f"did you mean `{near}`?"


def sort(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """By place; those without a place first. Exact repetitions are dropped."""

    def place(diagnostic: Diagnostic) -> tuple[int, int, int]:
        span = diagnostic.span
        return (-1, 0, 0) if span is None else (span.file, span.start, span.end)

    return sorted(dict.fromkeys(diagnostics), key=place)


# -- printing ---------------------------------------------------------------------------------------------------------

_BOLD, _RED, _YELLOW, _BLUE, _CYAN = "1", "1;31", "1;33", "1;34", "1;36"


def width(text: str) -> int:
    """How many terminal columns ``text`` takes (a tab counts as four, ``×`` as one)."""
    if text.isascii():
        return len(text) + 3 * text.count("\t")
    import unicodedata

    total = 0
    for char in text:
        if char == "\t":
            total += 4
        elif not unicodedata.combining(char):
            total += 2 if unicodedata.east_asian_width(char) in "WF" else 1
    return total


def printable(text: str) -> str:
    """``text`` with tabs as four spaces and control characters as visible signs."""
    return "".join("    " if c == "\t" else c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def render(diagnostics: Sequence[Diagnostic], sources: Sequence[Source] = (), *, colour: bool = False) -> str:
    """The diagnostics as text for people: sorted, each with its line and caret, a count at the end where several."""
    ordered = sort(diagnostics)
    parts = [_Renderer(sources, colour).one(diagnostic) for diagnostic in ordered]
    if len(ordered) > 1:
        parts.append(count(ordered))
    return "\n\n".join(parts)


def count(diagnostics: Sequence[Diagnostic]) -> str:
    """``2 errors, 1 warning``."""
    errors = sum(d.severity == "error" for d in diagnostics)
    warnings = len(diagnostics) - errors
    words = [f"{n} {word}{'' if n == 1 else 's'}" for n, word in ((errors, "error"), (warnings, "warning")) if n]
    return ", ".join(words)


class _Renderer:
    def __init__(self, sources: Sequence[Source], colour: bool) -> None:
        self.sources = sources
        self.colour = colour
        self.lines: dict[int, list[int]] = {}

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
        head = self.paint(f"{diagnostic.severity}[{diagnostic.code}]", _RED if error else _YELLOW)
        message = self.paint(f": {printable(diagnostic.message)}", _BOLD)
        rows = [head + message]
        mark = _RED if error else _YELLOW
        gutter = 1
        if diagnostic.span is not None and self.sources:
            spans = [diagnostic.span, *(n.span for n in diagnostic.notes), *(n.span for n in diagnostic.trace)]
            gutter = max(len(str(self.position(span, span.start)[0] + 1)) for span in spans)
            rows += self.excerpt(diagnostic.span, gutter, "^", "", mark)
            for note in diagnostic.notes:
                rows += self.excerpt(note.span, gutter, "-", note.message, _BLUE, diagnostic.span)
            for note in diagnostic.trace:
                line, begin = self.position(note.span, note.span.start)
                name = self.sources[note.span.file].name
                place = f"{name}:{line + 1}:{note.span.start - begin + 1}"
                rows.append(f"{' ' * gutter} {self.paint('=', _BLUE)} {note.message}, called at {place}")
        if diagnostic.help is not None:
            rows.append(f"{' ' * gutter} {self.paint('=', _BLUE)} {self.paint('help:', _CYAN)} {diagnostic.help}")
        return "\n".join(rows)

    def excerpt(
        self, span: Span, gutter: int, sign: str, message: str, paint: str, main: Span | None = None
    ) -> list[str]:
        source = self.sources[span.file]
        start = min(span.start, len(source.text))
        line, begin = self.position(span, start)
        end_of_line = source.text.find("\n", begin)
        full = source.text[begin : len(source.text) if end_of_line < 0 else end_of_line].rstrip("\r")
        column, last = start - begin, min(span.end - begin, len(full))
        text, column, last = _window(full, column, last)
        bar = self.paint("|", _BLUE)
        carets = sign * max(1, width(text[column:last]))
        pointer = " " * width(text[:column]) + self.paint(carets + (f" {message}" if message else ""), paint)
        rows = []
        if main is None or main.file != span.file:
            arrow = self.paint("-->", _BLUE)
            rows.append(f"{' ' * gutter}{arrow} {source.name}:{line + 1}:{start - begin + 1}")
        elif line != self.position(main, main.start)[0]:
            rows.append(f"{' ' * gutter} {self.paint(':', _BLUE)}")
        if main is None or rows:
            rows.append(f"{' ' * gutter} {bar}") if main is None else None
            number = self.paint(f"{line + 1:>{gutter}}", _BLUE)
            rows.append(f"{number} {bar} {printable(text)}".rstrip())
        rows.append(f"{' ' * gutter} {bar} {pointer}")
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
