"""What the compiler says: sources, spans, diagnostics and their codes.

This room stands below all others and uses the standard library alone. ``nearest.py`` finds the name that was meant, and
``printing.py`` prints, and comes in where there is something to print.
"""

from __future__ import annotations

import re
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
    "ND314": "a kernel where the channels belong",
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


class Expected(Advice):
    """A help whose edits change what the spec expects, and not its net: made where that is asked for alone."""


class Note(NamedTuple):
    """A second place that a diagnostic points at."""

    span: Span
    message: str


class Diagnostic(NamedTuple):
    """One problem: a stable code, one sentence, its place, and what helps.

    ``span`` is None only for problems that have no place in a source (a missing file). ``help`` is never empty: it says
    what to write or do, and is an :class:`Advice` where a program can do it.
    ``trace`` is the chain of block calls that led there, innermost first. ``strict`` makes an error of a warning.
    """

    code: str
    message: str
    span: Span | None
    help: str
    notes: tuple[Note, ...] = ()
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
        from netdsl.diagnostics.printing import render

        super().__init__(render(self.diagnostics, self.sources))


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


# -- texts in columns of a terminal ------------------------------------------------------------------------------------


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


#: What changes a terminal or how a line is read, and what no encoding has.
_HIDDEN = re.compile(r"[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]")


def escaped(json: str) -> str:
    """A text of JSON that says the same without control characters: all of them stand in its strings."""
    return json if json.isascii() and "\x7f" not in json else _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", json)


def shortened(text: str, most: int = 100) -> str:
    """``text``, or where it has over ``most`` letters its beginning and its end with ``…`` between."""
    if len(text) <= most:
        return text
    end = most // 3
    return f"{text[: most - end - 1]}…{text[-end:]}"
