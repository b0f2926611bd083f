"""Brackets that do not match: which one is missing or too many, and where it belongs."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from netdsl.diagnostics import Advice, Diagnostic, Edit, Note, Span, edited
from netdsl.syntax.bracket_repairs import OPENERS, REGION, STATEMENTS, Repair, Repairs, end_of
from netdsl.syntax.lalr import Parser
from netdsl.syntax.parse import MARKS, PAIRS

#: Of a line no more is looked through.
_LONGEST_LINE = 1000
#: The brace of a computed number.
_VALUE = re.compile(r"[-/=×\w]\{")


class Brackets:
    """The brackets of a text in which some do not match.

    ``pairs`` are those that do, both ways by offset; ``problems`` says what is wrong. With ``changes``, signs in the
    place of others, the text can be read all the same, and ``holes`` are the stretches where there are none.

    A bracket that is open where a line begins with the head of a statement was never closed. Where several repairs are
    possible each is tried on the text, and the one with which most can be read wins.
    """

    def __init__(self, text: str, file: int, parser: Parser, most: int) -> None:
        self.text = text
        self.file = file
        self.pairs: dict[int, int] = {}
        self.problems: list[Diagnostic] = []
        self.holes: list[tuple[int, int]] = []
        self.changes: dict[int, str] = {}
        self._repairs = Repairs(text, file, parser)
        self._stack: list[int] = []
        #: openers whose closers stand further out than the lines that they are in
        self._crooked: list[int] = []
        #: where the outermost brackets open and close
        self._tops: list[tuple[int, int]] = []
        #: where the last line begins that begins like a statement
        self._head = 0
        self._match(most)

    # -- the text from its beginning to its end

    def _match(self, most: int) -> None:
        text = self.text
        place = 0
        while len(self.problems) < most:
            match = STATEMENTS.search(text, place)
            if match is None and not self._stack:
                return
            if match is None:
                place = self._unclosed(len(text))
                continue
            at, place = match.start(), match.end()
            if match.group(4) is not None and self._stack:
                place = self._unclosed(at)
            elif match.group(4) is not None:
                self._head = at
            elif match.group(2) is not None:
                self._stack.append(at)
            elif match.group(3) is not None and self._stack:
                place = self._close(at)
            elif match.group(3) is not None:
                self._unopened(at)
        self._spoil(place, len(text))

    def _close(self, at: int) -> int:
        """Takes a closing bracket up, and returns where to go on from."""
        text, stack = self.text, self._stack
        closer, begin = text[at], stack[-1]
        if PAIRS[text[begin]] == closer:
            stack.pop()
            if self._repairs.leads(at) and self._repairs.indent(begin) > self._repairs.indent(at):
                self._crooked.append(begin)
            self._pair(begin, at)
            return at + 1
        wanted = PAIRS[text[begin]]
        span = self._repairs.span(at)
        other = Repair(f"write `{wanted}`", (Edit(span, wanted),))
        swap = Repair(f"write `{OPENERS[closer]}` there", (Edit(self._repairs.span(begin), OPENERS[closer]),))
        out = Repair("take it out", (Edit(span, ""),))
        outer = any(PAIRS[text[opener]] == closer for opener in stack)
        turned = Repair(f"write `{wanted}{closer}`", (Edit(span._replace(end=at + 2), wanted + closer),))
        both = text[at + 1 : at + 2] == wanted and len(stack) > 1 and PAIRS[text[stack[-2]]] == closer
        without = Repair(f"take the `{text[begin]}` out", (Edit(self._repairs.span(begin), ""),))
        usual = [*self._repairs.closers(begin, at), other, swap, out, without] if outer else [other, swap, out]
        opened = [one for one in self._repairs.openers(at, begin) if one.behind] if closer == "]" and not outer else []
        usual = [*(one for one in opened if one.help.startswith("open it behind")), *usual]
        repairs = [turned, *usual] if both else usual
        best = self._repairs.best(repairs, stack[0], at)
        message = f"`{closer}` closes `{text[begin]}`, which wants `{wanted}`"
        note = Note(self._repairs.span(begin), "opened here")
        help = self._commented(begin) or Advice(best.help, *best.edits)
        self.problems.append(Diagnostic("ND102", message, span, help, (note,)))
        if best == turned:
            self.changes |= {at: wanted, at + 1: closer}
            self._pair(stack.pop(), at)
            self._pair(stack.pop(), at + 1)
            return at + 2
        if best == without:
            self.changes[begin] = " "
            stack.pop()
            return at
        if best == out or best in opened:
            self.changes[at] = " "
        elif best in (other, swap):
            self.changes[best.edits[0].span.start] = best.edits[0].text
            stack.pop()
            self._pair(begin, at)
        else:
            # The closer is that of an outer bracket.
            while PAIRS[text[stack[-1]]] != closer:
                stack.pop()
            self._spoil(stack.pop(), end_of(text, at))
        return at + 1

    def _pair(self, opener: int, closer: int) -> None:
        self.pairs[opener], self.pairs[closer] = closer, opener
        if not self._stack:
            self._tops.append((opener, closer))

    def _unclosed(self, end: int) -> int:
        """Says that a bracket is not closed before ``end``, and returns where to go on from."""
        stack = self._stack
        if (repeated := self._repairs.twice(stack[0])) is not None:
            message = f"`{self.text[stack[0]]}` is never closed"
            leave = Advice(repeated.help, *repeated.edits)
            self.problems.append(Diagnostic("ND102", message, self._repairs.span(stack[0]), leave))
            line = end_of(self.text, stack[0])
            self._spoil(stack[0], line)
            stack.clear()
            return min(end, line) if self.text.startswith("block", end) else end
        at, best, until = self._closing(stack[0], end)
        if len(stack) > 1 and until > stack[1]:
            # What is open further in comes first. A closer further out than the line of its opener was meant for
            # another: that opener lacks one.
            at, best, until = self._closing(stack[-1], end)
        message = f"`{self.text[at]}` is never closed"
        help = self._commented(at) or Advice(best.help, *best.edits)
        self.problems.append(Diagnostic("ND102", message, self._repairs.span(at), help))
        self._spoil(stack[0], until)
        stack.clear()
        return until

    def _commented(self, opener: int) -> str | None:
        """A help for a bracket whose closer stands in its line, behind a `#` that was meant as a sign of a name."""
        end = self.text.find("\n", opener)
        line = self.text[opener + 1 : end if end >= 0 else len(self.text)][:_LONGEST_LINE]
        found = re.match(rf'[^#"\n]*#\w[^\n]*{re.escape(PAIRS[self.text[opener]])}', line)
        if found is None:
            return None
        return f"`#` begins a comment, and the `{PAIRS[self.text[opener]]}` stands in it: leave the `#` out"

    def _closing(self, at: int, end: int) -> tuple[int, Repair, int]:
        """The bracket that lacks a closer where ``at`` has none before ``end``, its repair, and how far it goes."""
        text, stack = self.text, self._stack
        behind = stack[stack.index(at) + 1] if at != stack[-1] else len(text)
        inner = [opener for opener in self._crooked if at < opener < behind and text[opener] == text[at]]
        at = inner[0] if inner else at
        value = next(self._values(at, end), None)
        at = at if value is None else value
        repairs = [*self._repairs.before_an_else(at, end), *self._repairs.closers(at, end)]
        out = Repair("take it out", (Edit(self._repairs.span(at), ""),))
        doubled = text[at] in (text[at + 1 : at + 2], text[max(0, at - 1) : at])
        repairs.insert(0 if doubled else len(repairs), out)
        best = self._repairs.best(repairs, stack[0], end)
        return at, best, self._until(best, stack[0], end)

    def _values(self, opener: int, end: int) -> Iterator[int]:
        """The braces of numbers behind a bracket that hold more than a number: their own closers are missing."""
        for match in _VALUE.finditer(self.text, opener, end):
            at = match.end() - 1
            closer = self.pairs.get(at)
            if closer is not None and re.search(r"[|,]", re.sub(r"\([^()]*\)", "", self.text[at:closer])):
                yield at

    def _until(self, repair: Repair, opener: int, end: int) -> int:
        """Where the line ends in which a bracket is closed once a repair is made, or ``end`` where it is not."""
        begin = self._repairs.line(opener)
        edit = repair.edits[0]
        moved = Edit(edit.span._replace(start=edit.span.start - begin, end=edit.span.end - begin), edit.text)
        text = edited(self.text[begin:end], (moved,))
        longer = len(edit.text) - (edit.span.end - edit.span.start)
        depth, line = 0, -1
        for match in MARKS.finditer(text, opener - begin if edit.span.start > opener else 0):
            depth += (match.group(2) is not None) - (match.group(3) is not None)
            if match.group(3) is None or depth != 0:
                continue
            if line < match.start():
                line = end_of(text, match.start())
            again = MARKS.search(text, match.end(), line)
            if again is None or again.group(2) is None:
                place = begin + match.start() - (longer if match.start() > moved.span.start else 0)
                return min(end, end_of(self.text, max(place, opener)))
        return end if depth or edit.text else min(end, end_of(self.text, opener))

    def _unopened(self, at: int) -> None:
        text, span = self.text, self._repairs.span(at)
        closer, line = text[at], end_of(text, at)
        begin = self._repairs.line(at)
        if closer == ")" and re.fullmatch(r"[ \t]*\w{1,2}", text[self._repairs.line(at) : at]) is not None:
            return  # a numbered line, which the parser stops at
        alone = text[begin : line + 1].strip() == closer
        if alone and line < len(text):
            edit = Edit(span._replace(start=begin, end=line + 1), "")
        else:
            last = not text[at + 1 : line].strip()
            edit = Edit(span._replace(start=len(text[:at].rstrip(" \t"))) if last else span, "")
        out = Repair("take it out", (edit,))
        since = max([at - REGION, self._head, *(end for _, end in self.holes)])
        found = list(self._repairs.openers(at, since))
        first = min([self._outermost(repair.edits[0].span.start) for repair in found], default=begin)
        reached = {repair: self._repairs.reach(repair.edits, first, at) for repair in (out, *found)}
        best = max(found, key=lambda repair: reached[repair], default=out)
        message = f"`{closer}` closes nothing"
        worse = best is out or reached[best] < reached[out]
        headed = best is not out and closer == ")" and re.match(r"[ \t]*block\b[^(\n]*\Z", text[begin:at]) is not None
        if worse and alone and closer == "}" and (body := self._headless(begin)) < begin:
            called = re.search(r"(?<![\w.@])([A-Za-z_]\w*)\(", text[at : at + REGION])
            known = called is None or self._declares(called[1])
            head = "block name {" if called is None or known else f"block {called[1]}(…) {{"
            line_above = text.count("\n", 0, body) + 1
            help: str = f"what it closes has no head: `{head}` above line {line_above}, or take it out"
            self.problems.append(Diagnostic("ND102", message, span, help))
            self._spoil(body, line)
            return
        if worse and not headed:
            help = Advice(out.help, edit)
        elif not headed and reached[best] == reached[out] and best.behind is not None and not self._calls(best.behind):
            shown = edited(text, best.edits)[self._repairs.line(best.edits[0].span.start) :].partition("\n")[0].strip()
            help = f"take it out, or open it: `{shown}`"
        else:
            notes: tuple[Note, ...] = (Note(span, f"this `{closer}` closes nothing without it"),)
            place = best.behind or best.edits[0].span._replace(end=best.edits[0].span.start + 1)
            before = text[place.start : place.end] if best.behind is not None else ""
            behind = f" behind `{before}`" if before else ""
            message, help = f"`{OPENERS[closer]}` is missing{behind}", Advice(best.help, *best.edits)
            self.problems.append(Diagnostic("ND102", message, place, help, notes))
            body = text.find("{", at, line) if closer == ")" else -1
            self._spoil(self._outermost(place.start), line if body < 0 else end_of(text, self._partner(body)))
            return
        self.problems.append(Diagnostic("ND102", message, span, help))
        self.changes[at] = " "

    def _declares(self, name: str) -> bool:
        """Whether the file has a block of a name."""
        return re.search(rf"^[ \t]*block[ \t]+{name}\b", self.text, re.MULTILINE) is not None

    def _headless(self, begin: int) -> int:
        """Where the lines begin that stand further in right above a line, as the body of a block does."""
        text = self.text
        indent = len(text[begin:]) - len(text[begin:].lstrip(" \t"))
        first = begin
        while first > 0:
            above = text.rfind("\n", 0, first - 1) + 1
            line = text[above:first]
            if not line.strip() or len(line) - len(line.lstrip()) <= indent or begin - above > REGION:
                break
            first = above
        return first

    def _partner(self, opener: int) -> int:
        """Where a bracket is closed, or the end of the text."""
        depth = 0
        for match in MARKS.finditer(self.text, opener, opener + REGION):
            depth += (match.group(2) is not None) - (match.group(3) is not None)
            if match.group(3) is not None and depth == 0:
                return match.start()
        return end_of(self.text, opener)

    def _calls(self, word: Span) -> bool:
        """Whether a word is that of a block of the file, whose arguments are in parentheses."""
        name = re.escape(self.text[word.start : word.end])
        return re.search(rf"^[ \t]*block[ \t]+{name}[ \t]*\(", self.text, re.MULTILINE) is not None

    def _outermost(self, at: int) -> int:
        """Where the line begins of the outermost bracket around a place, or else its own line."""
        place = bisect_right(self._tops, (at, len(self.text))) - 1
        return self._repairs.line(self._tops[place][0] if place >= 0 and at < self._tops[place][1] else at)

    def _spoil(self, begin: int, end: int) -> None:
        """Takes out the lines from ``begin`` on, up to ``end``."""
        begin = self._repairs.line(begin)
        stretch = self.text[begin:end]
        end = begin + len(stretch.rstrip())
        begin += len(stretch) - len(stretch.lstrip())
        while self.holes and self.holes[-1][0] >= begin:
            self.holes.pop()
        if begin < end:
            self.holes.append((begin, end))
