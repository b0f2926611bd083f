"""Repairs that are tried on the text: a sign left out, doubled or mistaken for another, a line broken, a word misspelt.

Rules of the same form as those of ``signs.py``. A repair is proposed where the line is read with it, and
where it is the only one of its kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from netdsl.diagnostics import Advice
from netdsl.diagnostics.nearest import nearest
from netdsl.syntax.helps.mistake import ATTRIBUTES, KEYWORDS, STATEMENTS, Mistake

#: Signs that part or join what stands around them, by their terminals.
_SIGNS = {"EQUAL": "=", "COLON": ":", "COMMA": ",", "VBAR": "|"}
#: Words of other languages and nets for words of this one.
_SYNONYMS = {
    "otherwise": "else", "elif": "else if", "elsif": "else if", "elseif": "else if", "when": "if", "unless": "if not",
    "sum": "add", "plus": "add", "addition": "add", "cat": "concat", "concatenate": "concat", "merge": "concat",
    "join": "concat", "stack": "concat", "multiply": "mul", "times": "mul", "product": "mul", "prod": "mul",
    "subtract": "sub", "minus": "sub", "eltwise": "add", "shortcut": "add", "named": "as", "called": "as",
    "xor": "!=", "mod": "%", "columns": "table", "grid": "table",
}  # fmt: skip
_WORD = re.compile(r"[A-Za-z_]\w*")
#: How many lines are looked at that are indented below another.
_MOST_LINES = 200
#: What stands before the items of a list, the lines of an excerpt or of a difference.
_MARK = re.compile(
    r"[ \t]*((?:[-*+•▪◦·–>]+|\(?\d+[.)]|\[[ x]\]|\d+[ \t]*[|:]|[$>])[ \t]+|\d+[ \t]+(?=[A-Za-z])|[-+](?=\w))(?=\S)"
)


def _twice(mistake: Mistake) -> str | None:
    """``,,`` ``::`` ``××`` ``==``: a sign that stands twice."""
    word = mistake.word
    if word.isalnum() or word in "([{" or not mistake.before.endswith(word):
        return None
    place = mistake.begin + len(mistake.before)
    edit = mistake.edit("", place, mistake.span.end)
    return Advice(f"one `{word}` is enough", edit) if mistake.reads(edit) == 1 else None


def _broken(mistake: Mistake) -> str | None:
    """A line that goes on with the one above it, or below it."""
    text = mistake.text
    above = text.rfind("\n", 0, mistake.begin - 1) + 1 if mistake.begin else -1
    alone = re.fullmatch(r"[ \t]*(?:[\w.]+[ \t]*)?", text[mistake.begin : mistake.offset])
    if above >= 0 and alone is not None and mistake.word in ("×", "x", "-", "+", "=", "/"):
        start = mistake.begin + len(text[mistake.begin : mistake.end]) - len(text[mistake.begin : mistake.end].lstrip())
        end = mistake.begin - 1
        before = text[above:end].rstrip(" \t\r")
        named = re.match(r"[ \t]*(\w+)[ \t]*\Z", mistake.before)
        if named is not None and named[1].startswith(STATEMENTS):
            return None  # a blank is missing in it
        if mistake.word == "=" and (named is None or named[1] in KEYWORDS):
            before = ""
        elif mistake.word == "=" and named is not None and named[1].lower() not in ATTRIBUTES:
            before = before if re.match(r"[ \t]*(?:param|variant|expect)\b", before) else ""
        if mistake.word == "+":
            added = re.match(r"\w+", mistake.rest)
            before = before if added is not None and mistake.is_layer(added.group()) else ""
        if before and "#" not in before:
            for between in (" ", ", "):
                edit = mistake.edit(between, above + len(before), start)
                if mistake.reads(edit) == 1:
                    what = "an item ends with its line" if between == " " else "a list goes on after a comma"
                    return Advice(f"{what}: join it to the line above", edit)
    line = re.compile(r"[ \t]*(?=[^\s#])").match(text, mistake.end + 1)
    place = mistake.begin + len(mistake.before)
    if mistake.word == "\\" and not mistake.rest and line is not None:
        edit = mistake.edit(" ", place, line.end())
        mistake.beside = line.end()
        return Advice("no sign carries a line on: join it to the line below", edit)
    if mistake.word.strip() or line is None:
        return None
    first = re.compile(r"\w*").match(text, line.end())
    brace = text[line.end()] == "{"
    deeper = line.end() - line.start() > len(text[mistake.begin : place]) - len(mistake.before.lstrip())
    if not (brace or deeper or mistake.before.endswith(":")) or "#" in text[place : mistake.end]:
        return None
    if (first is not None and first.group() in STATEMENTS) or not mistake.before:
        return None
    head = re.fullmatch(r"[ \t]*(?:net|input|param|default|use|variant)", mistake.before)
    if not (brace or "SOFTMAX" in mistake.names or head):
        return None
    edit = mistake.edit(" ", place, line.end())
    if mistake.reads(edit, until=line.end()) != 1:
        return None
    mistake.beside = line.end()
    what = "the brace stands in the same line" if brace else "what follows stands in the same line"
    return Advice(f"{what}: join it to the line below", edit)


def _indented(mistake: Mistake) -> str | None:
    """Lines that are indented below what they belong to, as Python has them: ``block f(c):``, ``stem:``."""
    if mistake.word.strip() not in ("", ":"):
        return None
    text, end = mistake.text, mistake.code_end()
    head = re.fullmatch(
        r"([ \t]*)(block[ \t]+\w+[ \t]*(?:\([^()\n]*\))?|[A-Za-z_][\w.]*)[ \t]*(:?)", text[mistake.begin : end]
    )
    block = head is not None and head[2].startswith("block")
    if head is None or not (block or head[3]) or head[2] in STATEMENTS:
        return None
    place, last, lines = mistake.end + 1, mistake.end, 0
    while place < len(text) and lines < _MOST_LINES:
        after = text.find("\n", place)
        line = text[place : after if after >= 0 else len(text)]
        if line.strip() and len(line) - len(line.lstrip()) <= len(head[1]):
            break
        if line.strip():
            last, lines = place + len(line.rstrip()), lines + 1
        place += len(line) + 1
    if lines < (1 if block else 2):
        return None
    opener, closer = ("{", "}") if block else ("[", "]")
    start = mistake.begin + head.end(2)
    edits = (
        mistake.edit(f" {opener}" if block else f": {opener}", start, end),
        mistake.edit(f"\n{head[1]}{closer}", last, last),
    )
    if mistake.reads(*edits, until=last) != 1:
        return None
    mistake.beside = mistake.pairs.get(last - 1, last - 1)
    if block:
        shown = head[2].strip()[:60]
        return Advice(f"what belongs to `block` stands in braces: `{shown} {{ … }}`", *edits)
    return Advice(f"several items stand in brackets: `{head[2]}: [ … ]`", *edits)


_IF = re.compile(r"([ \t]*)if\b[ \t]*([^{}:]*[^{}:\s])[ \t]*:")
_ELSE = re.compile(r"([ \t]*)(?:else|(?:elif|else[ \t]+if)\b[ \t]*([^{}:]*[^{}:\s]))[ \t]*:")


def _chosen(mistake: Mistake) -> str | None:
    """``if deep:`` and ``else:`` with lines that are indented below them, all of it at once."""
    text, place = mistake.source, mistake.begin
    code = text[place : mistake.code_end()]
    head, other = _IF.fullmatch(code), _ELSE.fullmatch(code)
    if head is None and other is not None:
        mistake.said = _is_chosen(text, mistake.begin, other[1])
        return "" if mistake.said else None
    if head is None:
        return None
    edits = [mistake.edit(f"{head[1]}if {head[2]} {{", place, place + len(code))]
    last, lines = -1, 0
    place = mistake.end + 1
    while place < len(text) and lines < _MOST_LINES:
        after = text.find("\n", place)
        line = text[place : after if after >= 0 else len(text)]
        code = line.partition("#")[0].rstrip()
        if code and len(code) - len(code.lstrip()) <= len(head[1]):
            other = _ELSE.fullmatch(code)
            if other is None or other[1] != head[1] or last < 0:
                break
            start = place + len(other[1])
            short = code[len(other[1]) :].startswith("elif")
            edits.append(mistake.edit("} else " if short else "} ", start, start + (2 if short else 0)))
            edits.append(mistake.edit(" {", place + len(code[:-1].rstrip()), place + len(code)))
        elif code:
            last, lines = place + len(line.rstrip()), lines + 1
        place += len(line) + 1
    if last < 0:
        return None
    shown = " else { … }" if len(edits) > 1 else ""
    condition = head[2] if len(head[2]) < 40 else "…"
    help = f"what belongs to `if` stands in braces: `if {condition} {{ … }}{shown}`"
    edits.append(mistake.edit(f"\n{head[1]}}}", last, last))
    if mistake.reads(*edits, until=last) != 1:
        return help
    mistake.beside = last - 1
    return Advice(help, *edits)


def _is_chosen(text: str, begin: int, indent: str) -> bool:
    """Whether an ``if …:`` stands above a line, with what belongs to it indented between."""
    above = text[max(0, begin - 10_000) : begin].split("\n")
    for line in reversed(above[-_MOST_LINES:]):
        code = line.partition("#")[0].rstrip()
        if not code or len(code) - len(code.lstrip()) > len(indent):
            continue
        if (found := _IF.fullmatch(code)) is not None:
            return found[1] == indent
        if _ELSE.fullmatch(code) is None:
            return False
    return False


def _comma_above(mistake: Mistake) -> str | None:
    """A comma at the end of the line above, with which that line goes on."""
    text = mistake.text
    above = re.search(r",(?=[ \t\r]*(?:#[^\n]*)?\n\s*\Z)", text[max(0, mistake.begin - 300) : mistake.begin])
    if above is None:
        return None
    start = max(0, mistake.begin - 300) + above.start()
    edit = mistake.edit("", start, start + 1)
    if mistake.reads(edit) != 1:
        return None
    mistake.beside = text.rfind("\n", 0, start) + 1
    mistake.instead("this `,` goes on with the line below", start, start + 1)
    return Advice("take it out", edit)


def _word(mistake: Mistake) -> str | None:
    """A word of the language that is misspelt, in other letters or from elsewhere: ``esle``, ``If``, ``otherwise``."""
    start = mistake.begin
    line = mistake.text[start : mistake.span.end]
    item = mistake.item() - start if len(line) >= 80 else 0
    words = [found for found in _WORD.finditer(line) if found.end() >= item]
    for found in reversed(words[-4:]):
        word = found.group()
        if word in KEYWORDS or mistake.is_layer(word):
            continue
        ours = _SYNONYMS.get(word.lower()) or nearest(word, sorted(KEYWORDS))
        if ours is None or (len(word) < 3 and word.lower() not in ("fi", "iff", "ad")):
            if ours != word.lower():
                continue
        edit = mistake.edit(ours, start + found.start(), start + found.end())
        if mistake.reads(edit) == 1:
            joins = ours in ("add", "sub", "mul", "concat")
            message = f"there is no layer or block called `{word}`" if joins else f"`{word}` cannot stand here"
            mistake.instead(message, start + found.start(), start + found.end())
            help = f"here it is written `{ours}`" if word.lower() in _SYNONYMS else f"did you mean `{ours}`?"
            return Advice(help, edit)
    return None


def _stands(sign: str) -> str:
    return f"{'an' if sign == '=' else 'a'} `{sign}` stands there"


def _sign(mistake: Mistake) -> str | None:
    """One sign in the place of another, or left out."""
    names, text, offset = mistake.names, mistake.text, mistake.offset
    ours = [sign for name, sign in _SIGNS.items() if name in names]
    word = mistake.word
    begins = re.search(r"(?:\A|[|{\[(,])[ \t]*\Z", text[mistake.begin : offset]) is not None
    if re.fullmatch(r"[:=;|,~!-]", word) and mistake.rest and not (begins and word in ":=-~!"):
        if word == "-" and "PLUS" in names:  # of a layer, and of its channels
            ours = [sign for sign in ours if sign != "="]
        behind = re.match(r"[ \t]*([A-Za-z_]\w*)", text[mistake.span.end : mistake.end])
        if word == "=" and behind is not None and not mistake.is_layer(behind[1]):
            ours = [sign for sign in ours if sign != ","]  # a value, and no layer
        named = re.search(r"\w+\Z", mistake.before)
        if word == ":" and named is not None and not mistake.is_layer(named.group()):
            ours = [sign for sign in ours if sign != ","]
        found = [mistake.edit(sign) for sign in ours if sign != word]
        right = [edit for edit in found if mistake.reads(edit) == 1]
        if word == ":" and right and right[0].text == "=":
            del right[1:]
        if len(right) == 1:
            edit = right[0]
            if (
                edit.text == "="
                and not text[offset - 1].isspace()
                and mistake.begins("param", "style", "init", "expect")
            ):
                edit = edit._replace(text=" =")
            if edit.text == "|" and not text[offset - 1].isspace():
                edit = edit._replace(text=" |")
            return Advice(_stands(right[0].text), edit)
    if re.fullmatch(r"x[\dA-Fa-f]+", word) and re.search(r"(?<!\w)0\Z", text[mistake.begin : offset]):
        return None  # a hexadecimal number
    if word.strip() and not re.fullmatch(r"[)\]}]|[x×]", word):
        place = mistake.begin + len(mistake.before)
        new = {"=": " =" if mistake.begins("param", "style", "init", "expect", "variant") else "=", "|": " |"}
        found = [mistake.edit(new.get(sign, sign), place, offset) for sign in ours]
        found = [edit._replace(text=edit.text + " " * (edit.text != "=")) for edit in found]
        right = [edit for edit in found if mistake.reads(edit) == 1]
        if len(right) == 1:
            sign = right[0].text.strip()
            return Advice(f"{'an' if sign == '=' else 'a'} `{sign}` is missing", right[0])
    return None


def _sign_before(mistake: Mistake) -> str | None:
    """A sign before the place of the mistake that should be another: ``init conv: zeros bias=0``."""
    line = mistake.text[mistake.begin : mistake.offset]
    signs = [*re.finditer(r"(?<![:=<>!])[:=;](?![:=<>])", line)]
    if not signs or not (mistake.word + mistake.rest).strip():
        return None
    start = mistake.begin + signs[-1].start()
    blank = " " if not mistake.text[start - 1].isspace() else ""
    found = [mistake.edit(new, start, start + 1) for new in (f"{blank}=", ":") if new.strip() != signs[-1].group()]
    right = [edit for edit in found if mistake.reads(edit) == 1]
    if len(right) != 1 or (right[0].text == ":" and mistake.begins("expect")):
        return None
    mistake.instead(f"`{signs[-1].group()}` cannot stand here", start, start + 1)
    return Advice(_stands(right[0].text.strip()), right[0])


def _last(mistake: Mistake) -> str | None:
    """A sign too many at the end of a line, or a mark before its beginning."""
    text = mistake.text
    word = mistake.word
    if re.fullmatch(r"[.:;=\-/\\&~!?*+|,]", word) and mistake.offset + len(word) == mistake.code_end():
        edit = mistake.edit("", mistake.begin + len(mistake.before), mistake.code_end())
        return Advice(f"no `{word}` stands at the end of a line", edit) if mistake.reads(edit) == 1 else None
    mark = _MARK.match(text[mistake.begin : mistake.end])
    if mark is not None and mistake.begin + mark.start(1) <= mistake.offset < mistake.begin + mark.end():
        start = mistake.begin + mark.start(1)
        edit = mistake.edit("", start, start + len(mark[1]))
        if mark[1].strip().isdigit() or mark[1].rstrip().endswith("|"):
            named = re.match(r"[A-Za-z_]\w*", text[edit.span.end : mistake.end])
            if named is None or not mistake.is_layer(named.group()):
                return None  # a number of a remark, or a cell
        if mistake.reads(edit):
            return Advice("a line begins with its item, without a mark or number before it", edit)
    return None


def _marked(mistake: Mistake) -> str | None:
    """Fences and emphasis of Markdown, and the marks of a merge."""
    line = mistake.text[mistake.begin : mistake.code_end()]
    found = re.match(r"[ \t]*(?:(```|~~~)|(<{7}|={7,}|>{7})|(\*{1,2}|`)(.+?)\3)", line)
    if found is None or mistake.offset > mistake.begin + len(line) - len(line.lstrip()):
        return None
    whole = mistake.edit("", mistake.begin, min(len(mistake.text), mistake.end + 1))
    if found[1]:
        mistake.instead("a fence of Markdown cannot stand here", mistake.offset, mistake.code_end())
        return Advice("take it out", whole)
    if found[2]:
        mistake.instead("a mark of a merge cannot stand here", mistake.offset, mistake.code_end())
        last = mistake.text.find("\n>>>>>>>", mistake.offset)
        mistake.beside = last + 1 if last >= 0 else None
        return "two versions of these lines stand in the file: keep one, and take the marks out"
    edit = mistake.edit(found[4], mistake.offset, mistake.begin + found.end())
    return Advice("a line begins with its item, without marks around it", edit)


FIRST: tuple[Callable[[Mistake], str | None], ...] = (_marked, _chosen, _indented, _broken, _comma_above)
WORDS: tuple[Callable[[Mistake], str | None], ...] = (_word,)
#: Where no rule knows better what is meant.
RULES: tuple[Callable[[Mistake], str | None], ...] = (_twice,)
LAST: tuple[Callable[[Mistake], str | None], ...] = (_sign, _sign_before, _last)
