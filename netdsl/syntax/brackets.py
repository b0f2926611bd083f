"""Brackets that do not match: which one is missing or too many, and where it belongs."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from netdsl.diagnostics import Advice, Diagnostic, Edit, Note, Span, edited
from netdsl.syntax.lalr import Parser
from netdsl.syntax.parse import MARKS, PAIRS

#: Marks, and the beginnings of lines that nothing but a statement begins with.
_STATEMENTS = re.compile(
    MARKS.pattern + r"|(^(?:net|input|param|variant|default|style|block|use|expect|init|output)[ \t]+[\w\"])",
    re.MULTILINE,
)
_INDENT = re.compile(r"^[ \t]*", re.MULTILINE)
#: Texts in quotes, brackets, and what a bracket may be closed before.
_PLACES = re.compile(r'"(?:[^"\\\n]|\\.)*"|[\[({]|[\])}]|[ \t]*(?:[,|{]|else\b|×|->|\bas\b)')
#: How many letters are read, in all, to try where brackets belong.
_TRIED = 200_000
#: How far behind its place a repair is tried.
_REGION = 5000
#: What an opening brace stands behind, where it is missing.
_BEFORE_BRACE = re.compile(
    r"\b(?:else|concat|add|mul|sub)\b(?![ \t]*(?:\{|if\b))|"
    r"^[ \t]*block[ \t]+\w+[ \t]*(?:\([^()\n]*\))?(?![ \t]*[({\w])|"
    r"^[ \t]*output[ \t]+\w+(?:[ \t]+\w+(?:=[\w.]+)?)*(?![ \t]*[\w{=])",
    re.IGNORECASE | re.MULTILINE,
)


#: A choice that closes what it has not opened, with what stands behind its word.
_LONE_IF = re.compile(r"\bif\b[ \t]+([^{}\n]*)(?=\})")
#: The head of a function, as other languages have it.
_FUNCTION = re.compile(
    r"^[ \t]*((?:def|function|fn|func|class|module)[ \t]+(\w+[ \t]*(?:\([^()\n]*\))?)[ \t]*:?)[ \t]*$", re.MULTILINE
)


_OPENERS = {closer: opener for opener, closer in PAIRS.items()}


class Repair(NamedTuple):
    """A way to make brackets match: what is said of it, its edits, and for a bracket put in what it stands behind."""

    help: str
    edits: tuple[Edit, ...]
    behind: Span | None = None


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
        self.parser = parser
        self.pairs: dict[int, int] = {}
        self.problems: list[Diagnostic] = []
        self.holes: list[tuple[int, int]] = []
        self.changes: dict[int, str] = {}
        self._tried = 0
        self._stack: list[int] = []
        #: openers whose closers stand further out than the lines that they are in
        self._crooked: list[int] = []
        #: where the outermost brackets open and close
        self._tops: list[tuple[int, int]] = []
        #: where the last line begins that begins like a statement
        self._head = 0
        blanks = [match.span() for match in _INDENT.finditer(text)]
        self._starts, self._indents = [begin for begin, _ in blanks], [end - begin for begin, end in blanks]
        self._heads = {end for _, end in blanks}
        self._match(most)

    # -- the text from its beginning to its end

    def _match(self, most: int) -> None:
        text = self.text
        place = 0
        while (match := _STATEMENTS.search(text, place)) is not None or self._stack:
            if match is None:
                place = self._unclosed(len(text))
                continue
            at, place = match.start(), match.end()
            if match.group(4) is not None:
                if self._stack:
                    place = self._unclosed(at)
                    continue
                self._head = at
            elif match.group(2) is not None:
                self._stack.append(at)
            elif match.group(3) is not None and self._stack:
                place = self._close(at)
            elif match.group(3) is not None:
                self._unopened(at)
            if len(self.problems) >= most:
                self._spoil(place, len(text))
                return

    def _close(self, at: int) -> int:
        """Takes a closing bracket up, and returns where to go on from."""
        text, stack = self.text, self._stack
        closer, begin = text[at], stack[-1]
        if PAIRS[text[begin]] == closer:
            stack.pop()
            if at in self._heads and self._indent(begin) > self._indent(at):
                self._crooked.append(begin)
            self._pair(begin, at)
            return at + 1
        wanted = PAIRS[text[begin]]
        span = self._span(at)
        other = Repair(f"write `{wanted}`", (Edit(span, wanted),))
        swap = Repair(f"write `{_OPENERS[closer]}` there", (Edit(self._span(begin), _OPENERS[closer]),))
        out = Repair("take it out", (Edit(span, ""),))
        outer = any(PAIRS[text[opener]] == closer for opener in stack)
        turned = Repair(f"write `{wanted}{closer}`", (Edit(span._replace(end=at + 2), wanted + closer),))
        both = text[at + 1 : at + 2] == wanted and len(stack) > 1 and PAIRS[text[stack[-2]]] == closer
        without = Repair(f"take the `{text[begin]}` out", (Edit(self._span(begin), ""),))
        usual = [*self._closers(begin, at), other, swap, out, without] if outer else [other, swap, out]
        repairs = [turned, *usual] if both else usual
        best = self._best(repairs, stack[0], at)
        message = f"`{closer}` closes `{text[begin]}`, which wants `{wanted}`"
        note = Note(self._span(begin), "opened here")
        self.problems.append(Diagnostic("ND102", message, span, (note,), Advice(best.help, *best.edits)))
        if best == turned:
            self.changes |= {at: wanted, at + 1: closer}
            self._pair(stack.pop(), at)
            self._pair(stack.pop(), at + 1)
            return at + 2
        if best == without:
            self.changes[begin] = " "
            stack.pop()
            return at
        if best == out:
            self.changes[at] = " "
        elif best in (other, swap):
            self.changes[best.edits[0].span.start] = best.edits[0].text
            stack.pop()
            self._pair(begin, at)
        else:
            # The closer is that of an outer bracket.
            while PAIRS[text[stack[-1]]] != closer:
                stack.pop()
            self._spoil(stack.pop(), _end_of(text, at))
        return at + 1

    def _pair(self, opener: int, closer: int) -> None:
        self.pairs[opener], self.pairs[closer] = closer, opener
        if not self._stack:
            self._tops.append((opener, closer))

    def _unclosed(self, end: int) -> int:
        """Says that a bracket is not closed before ``end``, and returns where to go on from."""
        stack = self._stack
        at, best, until = self._closing(stack[0], end)
        if len(stack) > 1 and until > stack[1]:
            # What is open further in comes first. A closer further out than the line of its opener was meant for
            # another: that opener lacks one.
            at, best, until = self._closing(stack[-1], end)
        message, help = f"`{self.text[at]}` is never closed", Advice(best.help, *best.edits)
        self.problems.append(Diagnostic("ND102", message, self._span(at), help=help))
        self._spoil(stack[0], until)
        stack.clear()
        return until

    def _closing(self, at: int, end: int) -> tuple[int, Repair, int]:
        """The bracket that lacks a closer where ``at`` has none before ``end``, its repair, and how far it goes."""
        text, stack = self.text, self._stack
        behind = stack[stack.index(at) + 1] if at != stack[-1] else len(text)
        inner = [opener for opener in self._crooked if at < opener < behind and text[opener] == text[at]]
        at = inner[0] if inner else at
        repairs = [*self._closers(at, end)]
        out = Repair("take it out", (Edit(self._span(at), ""),))
        doubled = text[at] in (text[at + 1 : at + 2], text[max(0, at - 1) : at])
        repairs.insert(0 if doubled else len(repairs), out)
        best = self._best(repairs, stack[0], end)
        return at, best, self._until(best, stack[0], end)

    def _until(self, repair: Repair, opener: int, end: int) -> int:
        """Where the line ends in which a bracket is closed once a repair is made, or ``end`` where it is not."""
        begin = self._line(opener)
        edit = repair.edits[0]
        moved = Edit(edit.span._replace(start=edit.span.start - begin, end=edit.span.end - begin), edit.text)
        text = edited(self.text[begin:end], (moved,))
        longer = len(edit.text) - (edit.span.end - edit.span.start)
        depth = 0
        for match in MARKS.finditer(text, opener - begin if edit.span.start > opener else 0):
            depth += (match.group(2) is not None) - (match.group(3) is not None)
            line = _end_of(text, match.start())
            again = MARKS.search(text, match.end(), line)
            if match.group(3) is not None and depth == 0 and (again is None or again.group(2) is None):
                place = begin + match.start() - (longer if match.start() > moved.span.start else 0)
                return min(end, _end_of(self.text, max(place, opener)))
        return end if depth or edit.text else min(end, _end_of(self.text, opener))

    def _unopened(self, at: int) -> None:
        text, span = self.text, self._span(at)
        closer, line = text[at], _end_of(text, at)
        begin = self._starts[bisect_right(self._starts, at) - 1]
        if closer == ")" and re.fullmatch(r"[ \t]*\w{1,2}", text[self._line(at) : at]) is not None:
            return  # a numbered line, which the parser stops at
        alone = text[begin : line + 1].strip() == closer
        if alone and line < len(text):
            edit = Edit(span._replace(start=begin, end=line + 1), "")
        else:
            last = not text[at + 1 : line].strip()
            edit = Edit(span._replace(start=len(text[:at].rstrip(" \t"))) if last else span, "")
        out = Repair("take it out", (edit,))
        since = max([self._line(at - _REGION), self._head, *(end for _, end in self.holes)])
        found = list(self._openers(at, since))
        first = min([self._outermost(repair.edits[0].span.start) for repair in found], default=begin)
        reached = {repair: self._reach(repair.edits, first, at) for repair in (out, *found)}
        best = max(found, key=lambda repair: reached[repair], default=out)
        message = f"`{closer}` closes nothing"
        if best is out or reached[best] < reached[out]:
            help: str = Advice(out.help, edit)
        elif reached[best] == reached[out] and best.behind is not None and not self._calls(best.behind):
            shown = edited(text, best.edits)[self._line(best.edits[0].span.start) :].partition("\n")[0].strip()
            help = f"take it out, or open it: `{shown}`"
        else:
            notes: tuple[Note, ...] = (Note(span, f"this `{closer}` closes nothing without it"),)
            place = best.behind or best.edits[0].span._replace(end=best.edits[0].span.start + 1)
            before = text[place.start : place.end] if best.behind is not None else ""
            behind = f" behind `{before}`" if before else ""
            message, help = f"`{_OPENERS[closer]}` is missing{behind}", Advice(best.help, *best.edits)
            self.problems.append(Diagnostic("ND102", message, place, notes, help))
            self._spoil(self._outermost(place.start), line)
            return
        self.problems.append(Diagnostic("ND102", message, span, help=help))
        self.changes[at] = " "

    def _calls(self, word: Span) -> bool:
        """Whether a word is that of a block of the file, whose arguments are in parentheses."""
        name = re.escape(self.text[word.start : word.end])
        return re.search(rf"^[ \t]*block[ \t]+{name}[ \t]*\(", self.text, re.MULTILINE) is not None

    def _outermost(self, at: int) -> int:
        """Where the line begins of the outermost bracket around a place, or else its own line."""
        place = bisect_right(self._tops, (at, len(self.text))) - 1
        return self._line(self._tops[place][0] if place >= 0 and at < self._tops[place][1] else at)

    # -- repairs

    def _closers(self, opener: int, limit: int) -> Iterator[Repair]:
        """Where a bracket could be closed before ``limit``: the likeliest first."""
        text, closer = self.text, PAIRS[self.text[opener]]
        usual = _closed(text, opener, limit, self.file)
        end = min(_line_end(text, opener, limit), limit)
        places = []
        depth = 0
        for found in _PLACES.finditer(text[opener + 1 : end]):
            sign, place = found.group().strip(), opener + 1 + found.start()
            if sign == "else" or (depth == 0 and sign in (",", "|", "×", "->", "as", ")", "]", "}", "{")):
                places.append((sign == "else", place))
            depth += (sign in PAIRS) - (sign in (")", "]", "}"))
            if depth < 0:
                break
        line = text.count("\n", 0, opener) + 1
        inline = []
        for first, place in places:
            blank = " " if closer == "}" and not re.search(r"[-/=\w]\Z", text[:opener]) else ""
            new = f"{blank}{closer}" + (" " if first and not text[place].isspace() else "")
            edit = Edit(Span(self.file, place, place), new)
            inline.append((first, Repair(f"add `{closer}` in line {line}", (edit,))))
        yield from (repair for first, repair in inline if first)
        if closer == ")" or re.search(r"[-/=\w]\Z", text[:opener]):
            yield from (repair for first, repair in inline if not first)
            yield Repair(str(usual), usual.edits)
        else:
            yield Repair(str(usual), usual.edits)
            yield from (repair for first, repair in inline if not first)

    def _openers(self, at: int, begin: int) -> Iterator[Repair]:
        """Where the bracket that ``at`` closes could have been opened, no further up than ``begin``."""
        text, closer = self.text, self.text[at]
        line = self._line(at)
        before = text[line:at]
        if before.endswith(closer) or (closer != "}" and not before.strip()):
            return
        if closer == "}":
            glued = re.search(r"[\w}][-/=](?!\d+\Z)(?=(?:[\w*+ ]*[\w*+])\Z)", before)
            if glued is not None:
                place = line + glued.end()
                yield Repair(f"write `{{{text[place:at]}}}`", (Edit(Span(self.file, place, place), "{"),))
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
            label = re.match(r"[ \t]*(?:[\w.{}]+[ \t]*:[ \t]*)?", before)
            assert label is not None
            span = Span(self.file, line + label.end(), line + label.end())
            yield Repair("open it at the beginning of the line", (Edit(span, "["),), span)
        else:
            for called in [*re.finditer(r"\b[A-Za-z_]\w*([ \t]+)(?=[\w.@])", before)][-4:]:
                edit = Edit(Span(self.file, line + called.start(1), line + called.end(1)), "(")
                span = Span(self.file, line + called.start(), line + called.start(1))
                yield Repair(f"add `(` behind `{called.group().strip()}`", (edit,), span)

    def _best(self, repairs: list[Repair], opener: int, at: int) -> Repair:
        """The repair after which brackets match best, of those the one with which most is read, the first of equals."""
        faults = [self._faults(repair.edits, self._line(opener), at) for repair in repairs]
        repairs = [repair for repair, number in zip(repairs, faults, strict=True) if number == min(faults)]
        line = self._line(min(repair.edits[0].span.start for repair in repairs))
        reached = [self._reach(repair.edits, self._line(opener), at) for repair in repairs]
        if max(reached) <= line and self._line(opener) < line:
            # Something else further up cannot be read.
            end = _end_of(self.text, max(repair.edits[0].span.end for repair in repairs))
            reached = [self._reach(repair.edits, line, at, end) for repair in repairs]
        return repairs[reached.index(max(reached))]

    def _faults(self, edits: tuple[Edit, ...], begin: int, at: int) -> int:
        """How many brackets do not match with edits made, from the beginning of a line to the next statement."""
        text, stack, faults = self._edited(edits, begin, at), "", 0
        for match in MARKS.finditer(text):
            if match.group(2) is not None:
                stack += match.group(2)
            elif match.group(3) is not None and stack and PAIRS[stack[-1]] == match.group(3):
                stack = stack[:-1]
            elif match.group(3) is not None:
                faults += 1
        return faults + len(stack)

    def _edited(self, edits: tuple[Edit, ...], begin: int, at: int, until: int | None = None) -> str:
        """The text with edits made, from the beginning of a line to the next statement behind a place."""
        end = until or min(len(self.text), at + 1 + _REGION)
        head = _STATEMENTS.search(self.text, at + 1, end) if until is None else None
        while head is not None and head.group(4) is None:
            head = _STATEMENTS.search(self.text, head.end(), end)
        end = head.start() if head is not None else end
        self._tried += end - begin
        if self._tried > _TRIED:
            return ""
        moved = [Edit(e.span._replace(start=e.span.start - begin, end=e.span.end - begin), e.text) for e in edits]
        return edited(self.text[begin:end], moved)

    def _reach(self, edits: tuple[Edit, ...], begin: int, at: int, until: int | None = None) -> int:
        """How far the text is read from the beginning of a line with edits made, counted without them."""
        text = self._edited(edits, begin, at, until)
        reached = begin + self.parser.reach(text, len(text), 0, [])
        behind = [edit for edit in edits if edit.span.start + len(edit.text) <= reached]
        return reached - sum(len(edit.text) - (edit.span.end - edit.span.start) for edit in behind)

    # -- places

    def _span(self, at: int) -> Span:
        return Span(self.file, at, at + 1)

    def _line(self, at: int) -> int:
        """Where the line of a place begins."""
        return self.text.rfind("\n", 0, at) + 1

    def _indent(self, at: int) -> int:
        return self._indents[bisect_right(self._starts, at) - 1]

    def _spoil(self, begin: int, end: int) -> None:
        """Takes out the lines from ``begin`` on, up to ``end``."""
        begin = self._line(begin)
        stretch = self.text[begin:end]
        end = begin + len(stretch.rstrip())
        begin += len(stretch) - len(stretch.lstrip())
        while self.holes and self.holes[-1][0] >= begin:
            self.holes.pop()
        if begin < end:
            self.holes.append((begin, end))


def _end_of(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _closed(text: str, opener: int, limit: int, file: int) -> Advice:
    """A help that closes the bracket at ``opener`` before ``limit``: at the end of its line, or of the lines that are
    further in below it."""
    closer = PAIRS[text[opener]]
    begin = text.rfind("\n", 0, opener) + 1
    indent = _indentation(text, begin)
    end = _line_end(text, opener, limit)
    if closer == ")":
        # What is in parentheses ends before a body, or where the line does.
        brace = text.find("{", opener, end)
        place = brace if brace >= 0 else end
    else:
        place = end
    last = place
    while closer != ")" and last < limit:
        after = text.find("\n", last)
        if after < 0 or after + 1 >= limit:
            break
        if text[after + 1 : _line_end(text, after + 1, limit)].strip() and _indentation(text, after + 1) <= indent:
            break
        last = _line_end(text, after + 1, limit)
    body = text[opener + 1 : place].strip()
    place = last
    while place > opener + 1 and text[place - 1].isspace():
        place -= 1
    if "\n" in text[opener:place]:
        new = f"\n{' ' * indent}{closer}"
        place = _line_end(text, place, limit, comment=True)
    else:
        new = f" {closer}" if closer == "}" and body else closer
    line = text.count("\n", 0, place) + 1
    where = f"after line {line}" if new.startswith("\n") else f"at the end of line {line}"
    if closer == ")":
        where = f"in line {line}"
    return Advice(f"add `{closer}` {where}", Edit(Span(file, place, place), new))


def _indentation(text: str, begin: int) -> int:
    end = begin
    while text[end : end + 1] in (" ", "\t") and end < len(text):
        end += 1
    return end - begin


def _line_end(text: str, place: int, limit: int, *, comment: bool = False) -> int:
    """Where the line of a place ends, or ``limit`` before it; without its comment, unless that is to stay in it."""
    end = text.find("\n", place)
    end = limit if end < 0 or end > limit else end
    begin = text.rfind("\n", 0, place) + 1
    code = re.match(r'(?:"(?:[^"\\\n]|\\.)*"|[^"#\n])*', text[begin:end])
    if comment or code is None or begin + code.end() < place:
        return end
    return begin + len(code.group().rstrip()) if begin + len(code.group().rstrip()) > place else begin + code.end()
