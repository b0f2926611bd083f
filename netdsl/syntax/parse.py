"""Text → syntax tree, and what cannot be read → diagnostics.

One wrong statement does not hide the next: its line (or the brackets that it opens) is taken out, a hole stands in its
place, and the rest is read again.
"""

from __future__ import annotations

import json
import re
from typing import Any

from netdsl.diagnostics import Diagnostic, Note, Source, Span
from netdsl.syntax import tree
from netdsl.syntax.build import MAX_LETTERS, Builder
from netdsl.syntax.lalr import GRAMMAR, TABLES, Parser, Progress, TooLong, Unexpected, checksum

#: How deep brackets may nest.
MAX_NESTING = 100
#: How many syntax errors of one file are reported.
MAX_ERRORS = 20

_HOLE = "\ue000"
#: Texts in quotes, comments, brackets. A text that has escapes and does not end takes its line with it.
_MARKS = re.compile(r'"(?:[^"\\\n]|\\.)*"|"[^"\\\n]*\\[^\n]*|(#[^\n]*)|([\[({])|([\])}])')
#: Marks, and the beginnings of lines that nothing but a statement begins with.
_STATEMENTS = re.compile(
    _MARKS.pattern + r"|(^(?:net|input|param|variant|default|style|block|use|expect|init|output)[ \t]+[\w\"])",
    re.MULTILINE,
)
_PAIRS = {"(": ")", "[": "]", "{": "}"}
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


def parse(source: Source, file: int, progress: Progress | None = None) -> tuple[tree.File | None, list[Diagnostic]]:
    """Reads a source whose number among all sources is ``file``.

    Returns the tree, with holes where statements could not be read (None where nothing can be made of the text), and
    the syntax errors. ``progress``, a fresh one, bounds how many words and signs are read, and counts them.
    """
    text = source.text
    brackets, comments, problems, current = _scan(text, file)
    if current is None:
        return None, problems
    whole = Span(file, 0, len(text))
    holes = [text[begin:end] for begin, end in _holes(current)]
    reader, position = parser(), 0
    progress = Progress() if progress is None else progress
    _builder.file, _builder.text, _builder.long = file, text, []
    while True:
        try:
            statements: Any = reader.parse(current, progress, position)
            break
        except TooLong as error:
            if not problems:
                message = "this text has more words and signs than are read"
                span = Span(file, error.offset, error.offset + 1)
                problems.append(Diagnostic("ND007", message, span, help="`--max-bytes` raises the bound"))
            return None, problems
        except Unexpected as error:
            offset = min(error.offset, len(text.rstrip()))
            problems.append(_explain(error, current, offset, file))
            begin, end = _statement_at(current, offset, brackets)
            if begin >= end or len(problems) >= MAX_ERRORS or current[begin:end].strip(f" {_HOLE}\n\t\r") == "":
                return None, problems
            holes.append(text[begin:end])
            current = _without(current, begin, end)
            position = progress.back_to(begin)
    if _builder.long:
        message = f"a word or a text in quotes has at most {MAX_LETTERS} letters"
        long = list(dict.fromkeys(_builder.long))[:MAX_ERRORS]
        return None, [*problems, *(Diagnostic("ND103", message, span) for span in long)]
    return tree.File(statements, tuple(comments), tuple(holes), whole), problems


def _without(text: str, begin: int, end: int) -> str:
    """The text with a hole in place of a stretch, all else where it was."""
    return text[:begin] + _HOLE + " " * (end - begin - 1) + text[end:]


def _holes(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(f"{_HOLE} *", text)]


def _scan(text: str, file: int) -> tuple[dict[int, int], list[tree.Comment], list[Diagnostic], str | None]:
    """Matches brackets (both ways, by offset), collects comments, and finds what no parser could read.

    Returns with them the text, where brackets do not match with holes in it; None where nothing can be made of it.
    """
    stray = re.search(r"[^\S \t\r\n\f\xa0]|[\x00-\x08\x0b\x0e-\x1f\x7f\ue000\ufeff]", text)
    if stray is not None:
        char = stray.group()
        message = f"the character U+{ord(char):04X} does not belong in a spec"
        return {}, [], [Diagnostic("ND103", message, Span(file, stray.start(), stray.end()))], None
    pairs: dict[int, int] = {}
    comments: list[tree.Comment] = []
    stack: list[int] = []
    for match in _MARKS.finditer(text):
        at = match.start()
        if match.group(1) is not None:
            comments.append(tree.Comment(match.group(1).rstrip(), Span(file, at, match.end())))
        elif match.group(2) is not None:
            stack.append(at)
            if len(stack) > MAX_NESTING:
                message = f"brackets nest over {MAX_NESTING} deep"
                return pairs, comments, [Diagnostic("ND218", message, Span(file, at, at + 1))], None
        elif match.group(3) is not None:
            if not stack or _PAIRS[text[stack[-1]]] != match.group(3):
                return _mismatched(text, file, comments)
            begin = stack.pop()
            pairs[begin], pairs[at] = at, begin
    if stack:
        return _mismatched(text, file, comments)
    return pairs, comments, [], text


def _mismatched(
    text: str, file: int, comments: list[tree.Comment]
) -> tuple[dict[int, int], list[tree.Comment], list[Diagnostic], str]:
    """Says which brackets do not match, and takes out the lines that they spoil.

    A bracket that is open where a line begins with the head of a statement was never closed.
    """
    pairs: dict[int, int] = {}
    problems: list[Diagnostic] = []
    stack: list[int] = []
    holes: list[tuple[int, int]] = []
    said: set[int] = set()

    def spoilt(begin: int, end: int) -> None:
        begin = text.rfind("\n", 0, begin) + 1
        begin += len(text[begin:end]) - len(text[begin:end].lstrip())
        end = begin + len(text[begin:end].rstrip())
        while holes and holes[-1][0] >= begin:
            holes.pop()
        if begin < end:
            holes.append((begin, end))

    def unclosed(end: int, outermost: int) -> None:
        at = stack[-1]
        help = f"add `{_PAIRS[text[at]]}`"
        if said.isdisjoint(stack[outermost:]):
            problems.append(Diagnostic("ND102", f"`{text[at]}` is never closed", Span(file, at, at + 1), help=help))
        spoilt(stack[outermost], end)
        del stack[outermost:]

    for match in _STATEMENTS.finditer(text):
        at, closer = match.start(), match.group(3)
        if match.group(4) is not None:
            if stack:
                unclosed(at, 0)
        elif match.group(2) is not None:
            stack.append(at)
        elif closer is not None and not stack:
            problems.append(Diagnostic("ND102", f"`{closer}` closes nothing", Span(file, at, at + 1)))
            line = text.find("\n", at)
            spoilt(at, len(text) if line < 0 else line)
        elif closer is not None:
            begin = stack[-1]
            if _PAIRS[text[begin]] != closer:
                message = f"`{closer}` closes `{text[begin]}`, which wants `{_PAIRS[text[begin]]}`"
                note = Note(Span(file, begin, begin + 1), "opened here")
                problems.append(Diagnostic("ND102", message, Span(file, at, at + 1), (note,)))
                # Either a closer is missing inside a bracket that this one closes, or it is no closer of any.
                said.add(begin)
                if any(_PAIRS[text[opener]] == closer for opener in stack):
                    while _PAIRS[text[stack[-1]]] != closer:
                        stack.pop()
                    begin = stack.pop()
                line = text.find("\n", at)
                spoilt(begin, len(text) if line < 0 else line)
                continue
            stack.pop()
            if begin in said:
                spoilt(begin, at + 1)
            pairs[begin], pairs[at] = at, begin
        if len(problems) >= MAX_ERRORS:
            break
    if stack:
        unclosed(len(text), 0)
    for begin, end in holes:
        text = _without(text, begin, end)
    return pairs, comments, problems, text


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


# -- what was expected, in words -------------------------------------------------------------------------------------

_ITEM = "a layer such as `conv3-64`"
#: Terminals that stand for one another in a message, and the words for them, in the order of mention.
_WORDS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"SOFTMAX", "JOIN", "LSQB"}), _ITEM),
    (frozenset({"NET", "STYLE", "PARAM"}), "a statement such as `style conv = _, relu`"),
    (frozenset({"LPAR", "TRUE", "FALSE"}), "a value"),
    (frozenset({"VNAME", "EXPECT_VARIANT"}), "a name such as `b1` or `50-32x4d`"),
    (frozenset({"PART"}), "a part of a name"),
    (frozenset({"STRING"}), "a text in quotes"),
    (frozenset({"INT", "FLOAT"}), "a number"),
    (frozenset({"NAME"}), "a name"),
    (frozenset({"LBRACE", "KBRACE"}), "`{`"),
    (frozenset({"RBRACE"}), "`}`"),
    (frozenset({"RSQB"}), "`]`"),
    (frozenset({"RPAR"}), "`)`"),
    (frozenset({"EQUAL"}), "`=`"),
    (frozenset({"COLON"}), "`:`"),
    (frozenset({"VBAR"}), "`|`"),
    (frozenset({"COMMA"}), "`,`"),
    (frozenset({"_NL", "$END"}), "the end of the line"),
)
_HYPHENS = ("\N{MINUS SIGN}", "\N{EN DASH}", "\N{NON-BREAKING HYPHEN}", "\N{EM DASH}")
_QUOTES = ("\N{LEFT DOUBLE QUOTATION MARK}", "\N{RIGHT DOUBLE QUOTATION MARK}")
_LABELLED = re.compile(r"(?:[\w.]+:\s*)[\w.]+\Z|\w+\.\Z")
_KEYWORDS = [
    "net",
    "input",
    "param",
    "variant",
    "default",
    "style",
    "block",
    "use",
    "expect",
    "init",
    "allow",
    "output",
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


def _expected(names: set[str]) -> str:
    if "SOFTMAX" in names:
        return _ITEM if "STYLE" not in names else f"{_ITEM} or a statement such as `style conv = _, relu`"
    if {"EQUAL", "LESSTHAN"} <= names and "PLUS" not in names:
        return "a relation such as `=` or `<=`"
    if {"EXPECT_VARIANT", "STRING"} <= names:
        return "a layer such as `conv`, or a label"
    if {"EXPECT_VARIANT", "NAME"} <= names:
        return "a quantity such as `params`"
    if {"LPAR", "INT", "NAME", "TRUE"} <= names:
        return "a value such as `64` or `4*c`"
    if "COMMA" in names and "_NL" in names:
        names = names - {"LBRACE", "KBRACE"}
    found = [words for group, words in _WORDS if group & names]
    if "INT" in names and "FLOAT" in names and "a number" in found and "a name" in found:
        found.remove("a name")
    if len(found) > 4:
        found = [words for words in found if words.startswith(("`", "the end"))][:4]
    if len(found) > 1:
        return ", ".join(found[:-1]) + " or " + found[-1]
    return found[0] if found else ""


def _explain(error: Unexpected, text: str, offset: int, file: int) -> Diagnostic:
    names = set(error.expected)
    expected = _expected(names)
    if text[offset : offset + 1].strip() and text[offset] != "#":
        word = _WORD.match(text, offset)
        end = word.end() if word else max(error.end, offset + 1) if error.offset == offset else offset + 1
        span = Span(file, offset, end)
        seen = f"`{text[offset:end]}`"
        quoted = _QUOTED.match(text, offset)
        if quoted is not None:
            span, seen = Span(file, offset, quoted.end()), f"`{quoted.group()}`"
        elif text[offset] == '"':
            return Diagnostic("ND101", "this text in quotes does not end on its line", span, help='add a `"`')
    else:
        span = Span(file, offset, offset + 1)
        seen = "the end of the line" if text[offset:].strip() else "the end of the file"
    message = f"{seen} cannot stand here"
    if expected:
        message += f": expected {expected}"
    return Diagnostic("ND101", message, span, help=_advice(text, offset, span, names))


def _advice(text: str, offset: int, span: Span, names: set[str]) -> str | None:
    word = text[span.start : span.end]
    before = text[text.rfind("\n", 0, offset) + 1 : offset].rstrip()
    rest = text[span.end :].partition("\n")[0].strip()
    if word in ("x", "×") and "TIMES" in names:
        return "a number is missing after it" if not rest else "a repeat is `×3` or `×{n}`"
    if word == ":" and before.endswith(("if", "else")):
        return "`if` and `else` cannot be labels"
    if word == ":" and _LABELLED.match(before):
        return "an item has one label, and a label is a name such as `stage.0`"
    if word == ";":
        return "layers are separated by `,` or a new line"
    if word == "{" and before.endswith("if"):
        return "the condition is missing: `if s != 1 { … }`"
    if word == "{" and {"LPAR", "TRUE", "INT"} <= names:
        return "this is an expression already: braces stand where a number or a name would, in a layer"
    if word in _HYPHENS:
        return "write a plain hyphen, `-`"
    if word in _QUOTES:
        return 'write a plain quotation mark, `"`'
    if word in ("*", "(") and (before.startswith("input") or "->" in before):
        return "sizes are written `3x224x224`"
    if word == "/" or text.startswith("//", offset):
        return "a comment begins with `#`" if rest[:1] in ("*", "/") or text.startswith("//", offset) else None
    if word == "*" and "TRUE" not in names:
        return "an expression stands in braces: `conv3-{4*c}`"
    if word == "(" and "LPAR" not in names:
        return "attributes are written `name=value`, an expression in braces"
    if word == "as" and "->" in before:
        return "`as` stands before `->`"
    if word in _KEYWORDS and "NAME" in names and "SOFTMAX" not in names:
        return f"`{word}` is a word of the language and cannot be a name here"
    return None
