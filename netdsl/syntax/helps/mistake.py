"""A place where reading stopped, as the rules see it that say what was meant there."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property

from netdsl.diagnostics import Edit, Span, edited
from netdsl.syntax.lalr import Parser, Progress

STATEMENTS = (
    "net", "input", "param", "variant", "default", "style", "block", "use", "expect", "init", "allow", "output",
)  # fmt: skip
KEYWORDS = frozenset(
    [
        *STATEMENTS,
        "if",
        "else",
        "table",
        "concat",
        "add",
        "mul",
        "sub",
        "reuse",
        "as",
        "true",
        "false",
        "and",
        "or",
        "not",
    ]
)
#: Words of attributes, which stand at their layer; they are no layers themselves.
ATTRIBUTES = (
    "stride", "strides", "padding", "pad", "kernel", "kernel_size", "groups", "dilation", "bias", "eps", "momentum",
    "channels", "filters", "alpha", "beta", "mode", "pad_mode", "padding_mode", "s", "p", "k",
)  # fmt: skip

#: A newline at the end of a text, with the comments and empty lines that belong to it.
_NEWLINE = re.compile(r"(?<![ \t\r])[ \t\r]*+(?:#[^\n]*+)?\n(?:[ \t\r]*+(?:#[^\n]*+)?\n)*+\Z")


#: So many letters are read of one text, in all, to try edits.
_TRIED = 100_000


class Trial:
    """Reads lines again with edits made, from where the last statement before them ended.

    Once much has been tried of a text, as ``progress`` has it, nothing is read any more.
    """

    def __init__(
        self,
        parser: Parser,
        text: str,
        progress: Progress,
        marks: list[tuple[int, list[int]]],
    ) -> None:
        self.parser = parser
        self.text = text
        self.progress = progress
        self.ends = [place for place, _ in progress.ends]
        self.states = progress.stack
        #: places inside statements up to which the text was read before, with the states there
        self.marks = marks
        self._line: tuple[int, int, list[int]] | None = None

    def reach(self, edits: Sequence[Edit], begin: int, end: int) -> tuple[int, int]:
        """How far the text is read once edits are made that all lie behind ``begin``, the beginning of a line.

        Returns that place and the one that ``end`` has then, behind which nothing is read.
        """
        longer = sum(len(edit.text) - (edit.span.end - edit.span.start) for edit in edits if edit.span.start < end)
        if self.progress.tried > _TRIED:
            return begin, end + longer
        if self._line is None or self._line[0] != begin:
            number = bisect_right(self.ends, begin)
            place = self.ends[number - 1] if number else 0
            states = list(self.states) if number else []
            # The newline before the line is read with it: a comment that an edit makes belongs to that.
            before = _NEWLINE.search(self.text[max(0, begin - 1000) : begin])
            limit = begin - len(before.group()) if before is not None else begin
            number = bisect_right(self.marks, limit, key=lambda mark: mark[0])
            if number and self.marks[number - 1][0] > place:
                place, states = self.marks[number - 1][0], list(self.marks[number - 1][1])
            start = self.parser.reach(self.text, limit, place, states)
            if start > place:
                self.marks.insert(bisect_right(self.marks, start, key=lambda mark: mark[0]), (start, list(states)))
            self._line = begin, start, states
        _, start, states = self._line
        base = min(start, begin)
        tail = max([end, *(edit.span.end for edit in edits)]) + 500

        def moved(span: Span) -> Span:
            return span._replace(start=span.start - base, end=span.end - base)

        text = edited(self.text[base:tail], [Edit(moved(edit.span), edit.text) for edit in edits])
        reached = self.parser.reach(text, end + longer - base, start - base, list(states))
        self.progress.tried += reached - (start - base)
        return base + reached, end + longer


class Words:
    """The words of layers: those that ``layers`` gives, in small letters, and the blocks that a text declares."""

    def __init__(self, text: str, layers: Callable[[], Collection[str]]) -> None:
        self._text = text
        self._layers = layers

    @cached_property
    def known(self) -> frozenset[str]:
        """The words of the language."""
        return frozenset(name.lower() for name in self._layers())

    @cached_property
    def blocks(self) -> frozenset[str]:
        """The names of blocks."""
        return frozenset(re.findall(r"^[ \t]*block[ \t]+(\w+)", self._text, re.MULTILINE))


class Mistake:
    """Where reading stopped: the text, what stands there, and the names of the terminals that could have come.

    ``pairs`` are the brackets of the text, each with its partner; ``words`` are those of the layers that there are.
    """

    def __init__(
        self,
        text: str,
        offset: int,
        span: Span,
        names: set[str],
        pairs: Mapping[int, int],
        trial: Trial,
        words: Words,
    ) -> None:
        self.text = text
        #: the text as it was before what cannot be read was taken out of it
        self.source = text
        self.offset = offset
        self.span = span
        self.names = names
        self.pairs = pairs
        self.begin = text.rfind("\n", 0, offset) + 1
        end = text.find("\n", offset)
        self.end = len(text) if end < 0 else end
        self.word = text[span.start : span.end]
        self.before = text[self.begin : offset].rstrip()
        self.rest = text[span.end : self.end].strip()
        self.trial = trial
        self.words = words
        #: what a rule says in place of what stands there and was expected, and of its place
        self.message: str | None = None
        self.place: Span | None = None
        #: a further place that the statement holds which cannot be read
        self.beside: int | None = None
        #: a further one, below the others
        self.below: int | None = None
        #: a place further away, in a statement that is wrong with this one; what stands between them is read
        self.apart: int | None = None
        self.code = "ND101"
        #: whether it is a part of another mistake, about which all has been said
        self.said = False
        #: in an expression, where a sign such as `*` or `==` could come
        self.computes = "AND" in names or "STAR" in names

    def at(self, start: int, end: int) -> Span:
        """A span of this file."""
        return Span(self.span.file, start, end)

    def edit(self, text: str, start: int | None = None, end: int | None = None) -> Edit:
        """Another text for a stretch, the word of the mistake unless said."""
        return Edit(self.at(self.span.start if start is None else start, self.span.end if end is None else end), text)

    def code_end(self) -> int:
        """Where the line ends but for a comment and blanks."""
        line = re.match(r'(?:"(?:[^"\\\n]|\\.)*"|[^"#\n])*', self.text[self.begin : self.end])
        assert line is not None
        return self.begin + len(line.group().rstrip())

    def item(self) -> int:
        """Where the item begins in which the mistake is: after the last opening bracket, bar or label of the line."""
        found = re.match(r"(?:.*(?:[\[{(|]|(?<!\w)[A-Za-z_]\w*+:))?[ \t]*", self.text[self.begin : self.offset])
        return self.begin + (found.end() if found is not None else 0)

    def instead(self, message: str, start: int, end: int) -> None:
        """Another sentence, and the place that it is about."""
        self.message, self.place = message, self.at(start, end)

    def forget(self) -> None:
        """Takes back what a rule has said besides its help."""
        self.message = self.place = self.beside = self.below = self.apart = None
        self.said, self.code = False, "ND101"

    def is_layer(self, word: str) -> bool:
        """Whether a word is that of a layer, its kernel included, or of a block that the file declares."""
        stem = word.lower().replace("-", "")
        known = self.words.known
        if stem in known or re.sub(r"\d+(?:x\d+)*$", "", stem) in known:
            return True
        return word in self.words.blocks

    def reads(self, *edits: Edit, until: int = 0) -> float:
        """Whether the text is read with edits: 1 to the end of the line, more than 0 behind what they change.

        ``until`` is a place further down to which it must be read.
        """
        text = self.text
        first = min(self.offset, *(edit.span.start for edit in edits))
        begin = min(self.begin, text.rfind("\n", 0, first) + 1)
        last = max(self.offset, until, *(edit.span.end for edit in edits))
        end = text.find("\n", last)
        end = len(text) if end < 0 else end + 1
        reached, end = self.trial.reach(edits, begin, end)
        if reached >= end:
            return 1
        last = max(self.offset, *(edit.span.end for edit in edits))
        longer = sum(len(edit.text) - (edit.span.end - edit.span.start) for edit in edits)
        return 0.5 if reached > last + longer else 0

    def begins(self, *words: str) -> bool:
        """Whether the line begins with one of the words."""
        found = re.match(r"[ \t]*([A-Za-z_]+)", self.text[self.begin : self.end])
        return found is not None and found[1] in words
