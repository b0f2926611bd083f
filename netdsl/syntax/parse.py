"""Text → syntax tree, and what cannot be read → diagnostics.

One wrong statement does not hide the next: its line (or the brackets that it opens) is taken out, a hole stands in its
place, and the rest is read again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from netdsl.diagnostics import Diagnostic, Source, Span
from netdsl.syntax import tree
from netdsl.syntax.build import Builder
from netdsl.syntax.build_values import MAX_LETTERS
from netdsl.syntax.lalr import GRAMMAR, TABLES, Parser, Progress, TooLong, Unexpected, checksum

if TYPE_CHECKING:
    from netdsl.syntax.helps.mistake import Mistake

#: How deep brackets may nest.
MAX_NESTING = 100
#: Among so many brackets those are looked for that are never closed.
MOST_BRACKETS = 2000
#: So many brackets, comments and texts are looked at to say how many brackets are never closed.
MOST_MARKS = 500_000
#: How many syntax errors of one file are reported.
MAX_ERRORS = 20

#: First words of lines that declare a value elsewhere.
DECLARING = frozenset(
    [
        "let", "const", "constexpr", "var", "val", "int", "integer", "float", "double", "bool", "boolean", "str",
        "string", "number", "auto", "final", "static", "local", "global", "mut", "def", "define", "set", "variable",
        "parameter", "parameters", "params", "hyperparameter",
    ]
)  # fmt: skip
_HOLE = "\ue000"
PAIRS = {"(": ")", "[": "]", "{": "}"}
#: Texts in quotes, comments, brackets. A text that has escapes and does not end takes its line with it.
MARKS = re.compile(r'"(?:[^"\\\n]|\\.)*"|"[^"\\\n]*\\[^\n]*|(#[^\n]*)|([\[({])|([\])}])')
#: Blanks and signs without a form that no spec has, controls among them.
_STRAY = re.compile(
    r"[^\S \t\r\n\f\xa0]|[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ue000\ufeff]"
)
#: What may stand in a row that is read and not meant so.
_OTHERWISE = re.compile(r"\b(?:add|concat|mul|sub)[ \t]+@?[A-Za-z_]|\b[A-Za-z]\w*[ \t]+\d+[ \t]*->", re.IGNORECASE)
#: Words that begin rows of printed tables, `FC6 4096`, and that say what a number is, `conv3-64 stride 2`.
_NUMBERED = re.compile(
    r"(?:[Ff][Cc]?|[CSs])\d{1,2}|(?:[Cc]onv|[Pp]ool)\d{1,2}[a-z]?|[Mm]ax|[Aa]v(?:g|erage)|[Cc]onvolution(?:al)?"
)
_SAYING = frozenset(
    ["stride", "strides", "pad", "padding", "kernel", "dilation", "atrous", "group", "rate", "layer", "global"]
)
_QUOTED = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]+(?:\.[0-9]+)?")

_parser: Parser | None = None
_inner: Parser | None = None


def parser() -> Parser:
    """The parser of the language, made once: of the shipped tables, or by Lark where the grammar has changed since."""
    global _parser
    if _parser is None:
        _parser = load(_builder)
    return _parser


def expression_in(text: str, offset: int) -> tree.Expression | None:
    """Reads a text that stands alone as an expression, whose spans count from ``offset``."""
    global _inner
    if _inner is None:
        _inner = load(_part)
    before = "param x = ("
    _part.file, _part.shift, _part.long = _builder.file, offset - len(before), []
    try:
        (declared,) = _inner.parse(f"{before}{text})")
        (setting,) = declared.settings
    except (Unexpected, ValueError):
        return None
    return setting.value  # type: ignore[no-any-return]


_builder = Builder(0, expression_in)
_part = Builder(0)


def load(build: object) -> Parser:
    """A parser that hands what it reads to ``build``."""
    tables: dict[str, Any] = json.loads(TABLES.read_text(encoding="utf-8")) if TABLES.exists() else {}
    if tables.get("grammar") != checksum(GRAMMAR.read_text(encoding="utf-8")):
        from netdsl.syntax.generate import tables as make

        tables = make()
    return Parser(tables, build)


def parse(
    source: Source, file: int, progress: Progress | None = None, layers: Callable[[], Collection[str]] = tuple
) -> tuple[tree.File | None, list[Diagnostic]]:
    """Reads a source whose number among all sources is ``file``.

    Returns the tree, with holes where statements could not be read (None where nothing can be made of the text), and
    the syntax errors. ``progress``, a fresh one, bounds how many words and signs are read, and counts them; ``layers``
    gives the words of layers, for the help where one is not read as such.
    """
    text = source.text
    progress = Progress() if progress is None else progress
    brackets, comments, problems, current = _scan(text, file, progress.left)
    if problems and (other := _other(text, file)) is not None:
        return None, other
    if current is None:
        return None, problems
    if comments and comments[-1].span.end == len(text):
        current += "\n"  # a comment ends with its line
    whole = Span(file, 0, len(text))
    holes = [text[begin:end] for begin, end in _holes(current)]
    reader, position = parser(), 0
    marks: list[tuple[int, list[int]]] = []
    _builder.file, _builder.text, _builder.long = file, text, []
    while True:
        try:
            statements: Any = reader.parse(current, progress, position)
            suspects = _suspects(statements, current)
            if not suspects:
                break
            from netdsl.syntax.helps.declarations import misread

            wrong = misread(suspects, current, text, parser(), brackets, layers, MAX_ERRORS - len(problems))
            if not wrong or len(problems) + len(wrong) >= MAX_ERRORS:
                break
            for misread_as, begin, end in wrong:
                problems.append(misread_as)
                holes.append(text[begin:end])
                current = _without(current, begin, end)
            position, marks[:] = progress.back_to(min(begin for _, begin, _ in wrong)), []
        except TooLong as error:
            if not problems:
                problems.append(_too_many(file, error.offset))
            return None, problems
        except Unexpected as error:
            offset = min(error.offset, len(text.rstrip()))
            mistake = _mistake(error, current, offset, file, brackets, progress, marks, layers)
            if not problems and (other := _other(text, file)) is not None:
                return None, other
            mistake.source = text
            if mistake.word != _HOLE and len(problems) < MAX_ERRORS:
                said = _explain(mistake)
                closed = mistake.word == "else" and any(said.code == "ND102" for said in problems)
                if not (mistake.said and problems) and not closed:
                    problems.append(said)
            begin, end = _statement_at(current, offset, brackets)
            for place in (mistake.beside, mistake.below):
                if place is not None:
                    beside = _statement_at(current, place, brackets)
                    begin, end = min(begin, beside[0]), max(end, beside[1])
            if begin >= end or len(problems) >= MAX_ERRORS or current[begin:end].strip(f" {_HOLE}\n\t\r") == "":
                return None, problems
            taken = [(begin, end)]
            if mistake.apart is not None:
                taken.append(_statement_at(current, mistake.apart, brackets))
            for start, last in taken:
                holes.append(text[start:last])
                current = _without(current, start, last)
            begin = min(taken)[0]
            marks[:] = [mark for mark in marks if mark[0] <= begin]
            position = progress.back_to(begin)
    if _builder.long:
        message = f"a word or a text in quotes has at most {MAX_LETTERS} letters"
        long = list(dict.fromkeys(_builder.long))[:MAX_ERRORS]
        return None, [*problems, *(Diagnostic("ND103", message, span, _shorter(text, span)) for span in long)]
    return tree.File(statements, tuple(comments), tuple(holes), whole), problems


def _suspects(statements: tuple[Any, ...], text: str) -> list[tuple[tree.Row, int]]:
    """Rows that may have been meant to be something else, each with the place in it that says so.

    They begin with a word that declares or with sizes, or list tensors behind a join.
    """
    if _OTHERWISE.search(text) is not None:
        from netdsl.syntax.helps.rows import found as found_in

        found = found_in(statements, text)
    else:
        found = []
    starts = {row.span.start for row, _ in found}
    inside = (row for block in statements if type(block) is tree.Block for row in block.body.lines)
    for row in (*statements, *inside):
        core = row.items[0].core if type(row) is tree.Row and row.items[0].label is None else None
        if row.span.start in starts:
            continue
        if type(core) is tree.Layer and core.word.text == "return":
            found.append((row, row.span.start))
        elif type(core) is tree.Layer and core.modifiers:
            if (
                core.word.text.lower() in DECLARING
                or core.word.text in ("import", "from", "Type", "type")
                or ((len(core.modifiers) > 1 or core.stride is not None) and _printed(core))
                or _NUMBERED.fullmatch(core.word.text)
                or (core.word.text.lower() in ("fc", "linear", "dense") and _printed(core))
                or any(type(one) is tree.Flag and one.name.text.lower() in _SAYING for one in core.modifiers)
            ):
                found.append((row, row.span.start))
    return found


def _printed(layer: tree.Layer) -> bool:
    """Whether a layer has values without names such as rows of papers' tables have: sizes, and a word behind a `/`."""
    for given in layer.modifiers:
        if isinstance(given, tree.Positional) and isinstance(given.value, tree.Sizes) and given.value.parts[1:]:
            return True
    return isinstance(layer.stride, tree.Sizes) and isinstance(layer.stride.parts[0], tree.Variable)


def _too_many(file: int, offset: int) -> Diagnostic:
    """What is said of the first word or sign that is not read."""
    message = "this text has more words and signs than are read"
    return Diagnostic("ND007", message, Span(file, offset, offset + 1), "`--max-bytes` raises the bound")


def _shorter(text: str, span: Span) -> str:
    """The help for a word, or a text in quotes, that is too long."""
    length = span.end - span.start
    if text[span.start] == '"':
        return f"this one has {length - 2:,}: what is a remark stands behind `#`, in as many lines as it takes"
    return f"this one has {length:,}: a name such as `stem` is enough, and `#` begins a remark about it"


def _other(text: str, file: int) -> list[Diagnostic] | None:
    """What is said of a text that cannot be read since it is no spec at all."""
    from netdsl.syntax.helps.foreign import foreign

    kind = foreign(text)
    if kind is None:
        return None
    begin = len(text) - len(text.lstrip())
    end = text.find("\n", begin)
    span = Span(file, begin, begin + len(text[begin : end if end >= 0 else len(text)].rstrip()))
    help = "a spec begins with `net name` and `input 3x224x224`, and has a layer such as `conv3-64` on each line"
    return [Diagnostic("ND101", f"this file is no spec: it looks like {kind}", span, help)]


def _without(text: str, begin: int, end: int) -> str:
    """The text with a hole in place of a stretch, all else where it was."""
    return text[:begin] + _HOLE + " " * (end - begin - 1) + text[end:]


def _holes(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(f"{_HOLE} *", text)]


def _scan(text: str, file: int, most: int) -> tuple[dict[int, int], list[tree.Comment], list[Diagnostic], str | None]:
    """Matches brackets (both ways, by offset), ``most`` at most, collects comments, and finds what cannot be read.

    Returns with them the text, where brackets do not match with holes in it; None where nothing can be made of it.
    """
    problems: list[Diagnostic] = []
    if _STRAY.search(text) is not None:
        from netdsl.syntax.strays import strays

        problems, text = strays(text, file, MAX_ERRORS)
    pairs: dict[int, int] = {}
    comments: list[tree.Comment] = []
    stack: list[int] = []
    for match in MARKS.finditer(text):
        at = match.start()
        if match.group(1) is not None:
            comments.append(tree.Comment(match.group(1).rstrip(), Span(file, at, match.end())))
        elif match.group(2) is not None:
            stack.append(at)
            if len(stack) > MAX_NESTING:
                return _too_deep(text, file, at, comments, problems)
        elif match.group(3) is not None:
            if not stack or PAIRS[text[stack[-1]]] != match.group(3):
                return _mismatched(text, file, comments, problems)
            begin = stack.pop()
            pairs[begin], pairs[at] = at, begin
            if len(pairs) > most:
                return {}, comments, [*problems, _too_many(file, at)], None
    if stack:
        return _mismatched(text, file, comments, problems)
    return pairs, comments, problems, text


def _too_deep(
    text: str, file: int, at: int, comments: list[tree.Comment], problems: list[Diagnostic]
) -> tuple[dict[int, int], list[tree.Comment], list[Diagnostic], str | None]:
    """What is said of brackets that nest too deep with the one at a place: of those never closed, where that is why."""
    opened = closed = 0
    for number, match in enumerate(MARKS.finditer(text)):
        opened += match.group(2) is not None
        closed += match.group(3) is not None
        if number > MOST_MARKS:
            closed = opened  # how many are never closed is not known
            break
    if closed < opened <= MOST_BRACKETS:
        found = _mismatched(text, file, comments, problems)
        depth = deepest = 0
        for place in sorted(found[0]):
            depth += 1 if found[0][place] > place else -1
            deepest = max(deepest, depth)
        if deepest <= MAX_NESTING:
            return found
    message = f"brackets nest over {MAX_NESTING} deep"
    held = "`param part = …` holds what is inside, and `part` stands for it"
    if closed < opened:
        left = "1 of them is" if opened - closed == 1 else f"{opened - closed:,} of them are"
        held = f"{left} never closed: each `{text[at]}` has its `{PAIRS[text[at]]}`"
    elif text[at] != "(":
        held = "`block part { … }` holds what is inside, and `part` stands for it"
    return {}, comments, [*problems, Diagnostic("ND218", message, Span(file, at, at + 1), held)], None


def _mismatched(
    text: str, file: int, comments: list[tree.Comment], problems: list[Diagnostic]
) -> tuple[dict[int, int], list[tree.Comment], list[Diagnostic], str]:
    """What is said of brackets that do not match, and the text without the lines that they spoil."""
    from netdsl.syntax.brackets import Brackets

    found = Brackets(text, file, parser(), MAX_ERRORS - len(problems))
    if found.changes:
        places = sorted(found.changes)
        behind = [text[place + 1 : end] for place, end in zip(places, [*places[1:], len(text)], strict=True)]
        text = text[: places[0]] + "".join(
            found.changes[place] + rest for place, rest in zip(places, behind, strict=True)
        )
    for begin, end in found.holes:
        text = _without(text, begin, end)
    return found.pairs, comments, [*problems, *found.problems], text


def _statement_at(text: str, offset: int, brackets: dict[int, int]) -> tuple[int, int]:
    """The stretch to take out around an error: its line, with all that it opens and without what it does not close."""
    begin = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    end = len(text) if end < 0 else end
    if not text[begin:offset].strip() and offset >= len(text.rstrip()):
        begin = text.rfind("\n", 0, len(text.rstrip())) + 1
    at = begin
    while at < end:
        partner = brackets.get(at)
        if partner is not None and text[at] in ")]}" and partner < begin:
            if at >= offset:
                end = at
                break
            begin = at + 1
        elif partner is not None and partner >= end:
            end = partner + 1
            rest = text.find("\n", end)
            end = len(text) if rest < 0 else rest
            at = partner
        at += 1
    while begin < end and text[begin] in " \t,|":
        begin += 1
    while end > begin and text[end - 1] in " \t\r\n,":
        end -= 1
    return begin, end


def _mistake(
    error: Unexpected,
    text: str,
    offset: int,
    file: int,
    pairs: dict[int, int],
    progress: Progress,
    marks: list[tuple[int, list[int]]],
    layers: Callable[[], Collection[str]],
) -> Mistake:
    from netdsl.syntax.helps.mistake import Mistake, Trial, Words

    if text[offset : offset + 1].strip() and text[offset] != "#":
        word = _WORD.match(text, offset) or _QUOTED.match(text, offset)
        end = word.end() if word else max(error.end, offset + 1) if error.offset == offset else offset + 1
    else:
        end = offset + 1
    trial = Trial(parser(), text, progress, marks)
    return Mistake(text, offset, Span(file, offset, end), set(error.expected), pairs, trial, Words(text, layers))


def _explain(mistake: Mistake) -> Diagnostic:
    from netdsl.syntax.helps.advice import advice
    from netdsl.syntax.helps.expected import expected

    seen = f"`{mistake.word}`"
    could = expected(mistake.names)
    message = f"{seen} cannot stand here"
    if mistake.word == "#" or not mistake.word.strip():
        message = f"the {'line' if mistake.text[mistake.offset :].strip() else 'file'} ends too soon"
    if could:
        message += f": expected {could}"
    if seen == '`"`':
        message = "this text in quotes does not end on its line"
    elif seen == "`else`":
        message = "this `else` has no `if` before it"
    elif seen in ("`x`", "`×`") and not mistake.rest and {"TIMES", "KTIMES"} & mistake.names:
        message = f"a number is missing after {seen}"
    help = advice(mistake)
    return Diagnostic(mistake.code, mistake.message or message, mistake.place or mistake.span, help)
