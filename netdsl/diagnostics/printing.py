"""Diagnostics as text for people: each with its lines of the source, and what points into them."""

from __future__ import annotations

import bisect
from collections.abc import Sequence

from netdsl.diagnostics import Diagnostic, Source, Span, printable, sort, traced, width

_BOLD, _RED, _YELLOW, _BLUE, _CYAN = "1", "1;31", "1;33", "1;34", "1;36"

#: Of diagnostics that say the same of one source, so many are shown.
_SHOWN = 3
#: How many lines of others are named.
_NAMED = 12


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


def _saying(diagnostic: Diagnostic) -> tuple[object, ...]:
    """What is equal for diagnostics that say the same of one source; those without a place are each their own."""
    span = diagnostic.span
    same = (diagnostic.code, diagnostic.message, str(diagnostic.help))
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
        if diagnostic.help:
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
