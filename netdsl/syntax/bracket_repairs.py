"""Ways to make brackets match, each tried on the text that it is for."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from netdsl.diagnostics import Edit, Span, edited
from netdsl.syntax.lalr import Parser
from netdsl.syntax.parse import MARKS, PAIRS

#: Marks, and the beginnings of lines that nothing but a statement begins with.
STATEMENTS = re.compile(
    MARKS.pattern + r"|(^(?:net|input|param|variant|default|style|block|use|expect|init|output)[ \t]+[\w\"])",
    re.MULTILINE,
)
#: The blanks before the first word or sign of a line.
_INDENT = re.compile(r"^[ \t]*(?=[^ \t\r\n#])", re.MULTILINE)
#: Texts in quotes, brackets, and what a bracket may be closed before, with the blanks there.
_PLACES = re.compile(r'"(?:[^"\\\n]|\\.)*"|[\[({]|[\])}]|(?<![ \t])[ \t]*(?:[,|{]|else\b|×|->|\bas\b)')
#: So many places of one line are looked at.
_MOST_PLACES = 50
#: What is opened and not closed is looked at for a repeat where it is no longer than this.
_SHORT = 200
#: A repeat of one item among several.
_REPEATED = re.compile(r"[ \t][×x][ \t]*(?:\d|\{)")
#: How many letters are read, in all, to try where brackets belong.
_TRIED = 200_000
#: How far behind its place a repair is tried.
REGION = 5000
#: What an opening brace stands behind, where it is missing.
_BEFORE_BRACE = re.compile(
    r"\b(?:else|concat|add|mul|sub)\b(?![ \t]*(?:\{|if\b))|"
    r"^[ \t]*block[ \t]+\w++[ \t]*+(?:\([^()\n]*\))?(?![ \t]*[({\w])|"
    r"^[ \t]*output[ \t]+\w+(?:[ \t]+\w+(?:=[\w.]+)?)*(?![ \t]*[\w{=])",
    re.IGNORECASE | re.MULTILINE,
)


#: A choice that closes what it has not opened, with what stands behind its word.
_LONE_IF = re.compile(r"\bif\b[ \t]+([^{}\n]*)(?=\})")
#: An `else` at the head of its line, before which no body is closed.
_LONE_ELSE = re.compile(r"^[ \t]*(else)\b(?=[^\n]*\{)", re.MULTILINE)
#: So many of them are tried.
_MOST_ELSES = 4
#: The head of a function, as other languages have it.
_FUNCTION = re.compile(
    r"^[ \t]*+((?:def|function|fn|func|class|module)[ \t]++(\w++[ \t]*+(?:\([^()\n]*\))?)[ \t]*+:?)[ \t]*+$",
    re.MULTILINE,
)

#: A computed number that its brace closes and none opens.
_BARE = re.compile(r"[\w}][-/=]((?:[A-Za-z_][\w.]*|\d+)(?:[*/+%]+[\w.]+)+)(?=\})")

#: A call behind a comma, and the functions that expressions have.
_CALLED = re.compile(r"[ \t]*,[ \t]*([A-Za-z_]\w*)[ \t]*\(")
_FUNCTIONS = frozenset(["min", "max", "round", "floor", "ceil", "int", "abs", "divisible"])

#: For each closing bracket the one that opens it.
OPENERS = {closer: opener for opener, closer in PAIRS.items()}


class Repair(NamedTuple):
    """A way to make brackets match: what is said of it, its edits, and for a bracket put in what it stands behind."""

    help: str
    edits: tuple[Edit, ...]
    behind: Span | None = None


#: The mode of a quantity that is expected.
_EXPECT, _MODE = re.compile(r"[ \t]*expect\b"), re.compile(r"[ \t]*\w+(?=[ \t]*[<>=!])")


class Repairs:
    """The ways to put a bracket in where one is missing, and how well the text is read with a repair made.

    What is tried is bounded over the whole text. What goes untried is taken for worse than all that was tried.
    """

    def __init__(self, text: str, file: int, parser: Parser) -> None:
        self.text = text
        self.file = file
        self.parser = parser
        self._tried = 0
        blanks = [match.span() for match in _INDENT.finditer(text)]
        #: for each line that is not empty where it begins, and how far in its first word or sign stands
        self._starts, self._indents = [begin for begin, _ in blanks], [end - begin for begin, end in blanks]

    # -- places

    def span(self, at: int) -> Span:
        """That of a bracket."""
        return Span(self.file, at, at + 1)

    def line(self, at: int) -> int:
        """Where the line of a place begins."""
        return self.text.rfind("\n", 0, at) + 1

    def indent(self, at: int) -> int:
        """How far in the line of a bracket is."""
        return self._indents[bisect_right(self._starts, at) - 1]

    def leads(self, at: int) -> bool:
        """Whether a bracket is the first sign of its line."""
        return self._starts[bisect_right(self._starts, at) - 1] + self.indent(at) == at

    # -- ways

    def closers(self, opener: int, limit: int) -> Iterator[Repair]:
        """Where a bracket could be closed before ``limit``: the likeliest first."""
        text, closer = self.text, PAIRS[self.text[opener]]
        end = min(_line_end(text, opener, limit), limit)
        mode = _MODE.match(text, opener + 1, end) if closer == ")" else None
        if mode is not None and _EXPECT.match(text, self.line(opener)):
            behind = Span(self.file, mode.end(), mode.end())
            yield Repair(f"add `)` behind `{mode.group().strip()}`", (Edit(behind, ")"),))
        places = []
        depth = 0
        for found in _PLACES.finditer(text, opener + 1, min(end, opener + REGION)):
            sign, place = found.group().strip(), found.start()
            if sign == "else" or (depth == 0 and sign in (",", "|", "×", "->", "as", ")", "]", "}", "{")):
                places.append((sign == "else", place))
            depth += (sign in PAIRS) - (sign in OPENERS)
            if depth < 0 or len(places) == _MOST_PLACES:
                break
        line = text.count("\n", 0, opener) + 1
        glued = re.search(r"[-/=\w]\Z", text[:opener][-1:]) is not None
        before_else: list[Repair] = []
        inline: list[Repair] = []
        for first, place in places:
            blank = " " if closer == "}" and not glued else ""
            new = f"{blank}{closer}" + (" " if first and not text[place].isspace() else "")
            before = _PLACES.match(text, place)
            shown = before.group().strip() if before is not None else text[place]
            what = f"add `{closer}` before `{shown}` in line {line}"
            repair = Repair(what, (Edit(Span(self.file, place, place), new),))
            (before_else if first else inline).append(repair)
        usual = self._at_the_end(opener, limit)
        yield from before_else
        if closer == ")" and glued:
            # A call takes all that it can: up to a sign that is in none, or to what is another call.
            signs = [text[repair.edits[0].span.start :].lstrip()[:2] for repair in inline]
            hard = next((at for at, sign in enumerate(signs) if sign[:1] != ","), len(inline))
            inside = text[opener + 1 : end]
            called = next((found for found in _CALLED.finditer(inside) if found[1] not in _FUNCTIONS), None)
            if called is not None:
                ahead = [r for r in inline if r.edits[0].span.start <= opener + 1 + called.start()]
                hard, usual = min(hard, len(ahead) - 1), ahead[-1] if ahead else usual
            inline = inline[: hard + 1]
            yield from [*reversed(inline), usual] if hard < len(inline) else [usual, *reversed(inline)]
        else:
            yield from [*inline, usual] if closer == ")" or glued else [usual, *inline]

    def _at_the_end(self, opener: int, limit: int) -> Repair:
        """Closes a bracket at the end of its line, or of the lines that are further in below it."""
        text, closer = self.text, PAIRS[self.text[opener]]
        end = _line_end(text, opener, limit)
        if closer == ")":
            # What is in parentheses ends before a body, or where the line does.
            brace = text.find("{", opener, end)
            place = opener + len(text[opener : brace if brace >= 0 else end].rstrip())
            line = text.count("\n", 0, place) + 1
            where = f"before `{{` in line {line}" if brace >= 0 else f"at the end of line {line}"
            return Repair(f"add `)` {where}", (Edit(Span(self.file, place, place), ")"),))
        own = last = bisect_right(self._starts, opener) - 1
        if own and re.search(r"\btable[ \t]*\Z", text[self._starts[own - 1] : self._starts[own]].rstrip()):
            own -= 1  # the columns of a table stand below its word, as far in as its rows
        while last + 1 < len(self._starts) and self._starts[last + 1] + self._indents[last + 1] < limit:
            if self._indents[last + 1] <= self._indents[own]:
                break
            last += 1
        if last > own:
            place = _line_end(text, self._starts[last], limit, comment=True)
            line = text.count("\n", 0, place) + 1
            new = f"\n{' ' * self._indents[own]}{closer}"
            return Repair(f"add `{closer}` after line {line}", (Edit(Span(self.file, place, place), new),))
        place = opener + len(text[opener:end].rstrip())
        line = text.count("\n", 0, place) + 1
        new = f" {closer}" if closer == "}" and place > opener + 1 else closer
        inside = text[opener:place] if place - opener < _SHORT else ""
        repeat = re.search(r",[^\[\](){}#]*?(?<=\S)([ \t]+[×x][ \t]*(?:\d+|\{[^{}]*\}))\Z", inside)
        if closer == "]" and repeat is not None and not _REPEATED.search(inside[: repeat.start(1)]):
            # What is opened before several items and never closed is most often what repeats.
            before = opener + repeat.start(1)
            sign = repeat[1].strip()
            return Repair(f"add `]` before `{sign}` in line {line}", (Edit(Span(self.file, before, before), closer),))
        return Repair(f"add `{closer}` at the end of line {line}", (Edit(Span(self.file, place, place), new),))

    def before_an_else(self, begin: int, limit: int) -> Iterator[Repair]:
        """Closes the body of an `if` before an `else` that begins its line, between two places."""
        for found in [*_LONE_ELSE.finditer(self.text, begin, limit)][:_MOST_ELSES]:
            place = found.start(1)
            line = self.text.count("\n", 0, place) + 1
            yield Repair(f"add `}}` before `else` in line {line}", (Edit(Span(self.file, place, place), "} "),))

    def twice(self, opener: int) -> Repair | None:
        """Takes out the line of a bracket which the next line repeats."""
        begin = self.line(opener)
        end = end_of(self.text, opener)
        line = self.text[begin : end + 1]
        if line.strip() in PAIRS or not self.text.startswith(line, end + 1):
            return None
        edit = Edit(Span(self.file, begin, end + 1), "")
        return Repair(f"line {self.text.count(chr(10), 0, begin) + 2} repeats this one: leave one out", (edit,))

    def openers(self, at: int, begin: int) -> Iterator[Repair]:
        """Where the bracket that ``at`` closes could have been opened, no further up than ``begin``."""
        text, closer = self.text, self.text[at]
        line = self.line(at)
        before = text[line:at]
        if before.endswith(closer) or (closer != "}" and not before.strip()):
            return
        if closer == "}":
            glued = re.search(r"[\w}][-/=](?!\d+\Z)(?=(?:[\w*+ ]*[\w*+])\Z)", before)
            if glued is not None:
                place = line + glued.end()
                yield Repair(f"write `{{{text[place:at]}}}`", (Edit(Span(self.file, place, place), "{"),))
            for bare in [*_BARE.finditer(text, begin, at)][-4:]:
                place = bare.start(1)
                yield Repair(f"write `{{{bare[1]}}}`", (Edit(Span(self.file, place, place), "{"),))
            for word in [*_BEFORE_BRACE.finditer(text, begin, at)][-8:]:
                colon = re.compile(r"[ \t]*:|").match(text, word.end())
                assert colon is not None
                span = Span(self.file, word.start() + len(word.group()) - len(word.group().lstrip()), word.end())
                edit = Edit(Span(self.file, word.end(), colon.end()), " {")
                yield Repair(f"add `{{` behind `{word.group().strip()}`", (edit,), span)
            for word in [*_LONE_IF.finditer(text, begin, at + 1)][-2:]:
                for gap in [*re.finditer(r"[ \t]+", word[1])][:12]:
                    edit = Edit(Span(self.file, word.start(1) + gap.start(), word.start(1) + gap.end()), " { ")
                    span = Span(self.file, word.start(), edit.span.start)
                    yield Repair(f"add `{{` behind `{text[span.start : span.end]}`", (edit,), span)
            for word in [*_FUNCTION.finditer(text, begin, at)][-4:]:
                span = Span(self.file, *word.span(1))
                yield Repair(
                    f"it is written `block {word[2].rstrip()} {{`", (Edit(span, f"block {word[2].rstrip()} {{"),), span
                )
        elif closer == "]":
            if (part := re.search(r"[|{][ \t]*([\w.]+[ \t]*:[ \t]*)[^|{}:]*,[^|{}:]*\Z", before)) is not None:
                span = Span(self.file, line + part.end(1), line + part.end(1))
                yield Repair(f"open it behind `{part[1].strip()}`", (Edit(span, "["),), span)
            label = re.match(r"[ \t]*(?:[\w.{}]+[ \t]*:[ \t]*)?", before)
            assert label is not None
            span = Span(self.file, line + label.end(), line + label.end())
            yield Repair("open it at the beginning of the line", (Edit(span, "["),), span)
        else:
            block = re.match(r"[ \t]*block[ \t]+(\w+)", before)
            if block is not None and "(" not in before:
                for end in range(len(block[1]) - 1, 0, -1):
                    name = block[1][:end]
                    if re.search(rf"(?<![\w.@]){name}\(", text) is not None:
                        place = line + block.start(1) + end
                        span = Span(self.file, line + block.start(1), place)
                        yield Repair(f"add `(` behind `{name}`", (Edit(Span(self.file, place, place), "("),), span)
                        return
            for called in [*re.finditer(r"\b[A-Za-z_]\w*([ \t]+)(?=[\w.@])", before)][-4:]:
                edit = Edit(Span(self.file, line + called.start(1), line + called.end(1)), "(")
                span = Span(self.file, line + called.start(), line + called.start(1))
                yield Repair(f"add `(` behind `{called.group().strip()}`", (edit,), span)

    # -- trials

    def best(self, repairs: list[Repair], opener: int, at: int) -> Repair:
        """The repair after which brackets match best, of those the one with which most is read, the first of equals."""
        begin = self.line(opener)
        faults = [self._faults(repair.edits, begin, at) for repair in repairs]
        least = min(faults)
        repairs = [repair for repair, number in zip(repairs, faults, strict=True) if number == least]
        line = self.line(min(repair.edits[0].span.start for repair in repairs))
        reached = [self.reach(repair.edits, begin, at) for repair in repairs]
        if max(reached) <= line and begin < line:
            # Something else further up cannot be read.
            end = end_of(self.text, max(repair.edits[0].span.end for repair in repairs))
            reached = [self.reach(repair.edits, line, at, end) for repair in repairs]
        return repairs[reached.index(max(reached))]

    def reach(self, edits: tuple[Edit, ...], begin: int, at: int, until: int | None = None) -> int:
        """How far the text is read from the beginning of a line with edits made, counted without them."""
        text = self._edited(edits, begin, at, until)
        if text is None:
            return begin - 1
        reached = begin + self.parser.reach(text, len(text), 0, [])
        behind = [edit for edit in edits if edit.span.start + len(edit.text) <= reached]
        return reached - sum(len(edit.text) - (edit.span.end - edit.span.start) for edit in behind)

    def _faults(self, edits: tuple[Edit, ...], begin: int, at: int) -> int:
        """How many brackets do not match with edits made, from the beginning of a line to the next statement."""
        text = self._edited(edits, begin, at)
        if text is None:
            return len(self.text)
        stack, faults = [], 0
        for match in MARKS.finditer(text):
            if match.group(2) is not None:
                stack.append(match.group(2))
            elif match.group(3) is not None and stack and PAIRS[stack[-1]] == match.group(3):
                stack.pop()
            elif match.group(3) is not None:
                faults += 1
        return faults + len(stack)

    def _edited(self, edits: tuple[Edit, ...], begin: int, at: int, until: int | None = None) -> str | None:
        """The text with edits made, from the beginning of a line to the next statement behind a place.

        None once more has been tried than may be.
        """
        if self._tried > _TRIED:
            return None
        end = until or min(len(self.text), at + 1 + REGION)
        head = STATEMENTS.search(self.text, at + 1, end) if until is None else None
        while head is not None and head.group(4) is None:
            head = STATEMENTS.search(self.text, head.end(), end)
        end = head.start() if head is not None else end
        self._tried += end - begin
        if self._tried > _TRIED:
            return None
        moved = [Edit(e.span._replace(start=e.span.start - begin, end=e.span.end - begin), e.text) for e in edits]
        return edited(self.text[begin:end], moved)


def end_of(text: str, at: int) -> int:
    """Where the line of a place ends."""
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _line_end(text: str, place: int, limit: int, *, comment: bool = False) -> int:
    """Where the line of a place ends, or ``limit`` before it; without its comment, unless that is to stay in it."""
    end = text.find("\n", place)
    end = limit if end < 0 or end > limit else end
    begin = text.rfind("\n", 0, place) + 1
    code = re.match(r'(?:"(?:[^"\\\n]|\\.)*"|[^"#\n])*', text[begin:end])
    if comment or code is None or begin + code.end() < place:
        return end
    return begin + len(code.group().rstrip()) if begin + len(code.group().rstrip()) > place else begin + code.end()
