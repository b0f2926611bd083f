"""Declarations as other languages have them, and misspelt ones: ``let width = 1``, ``parm width = 1``, ``use zoo:vgg``.

Rules of the same form as those of ``signs.py``; ``advice.py`` tries them all.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from netdsl.diagnostics import Advice
from netdsl.diagnostics.nearest import nearest
from netdsl.syntax.helps.mistake import KEYWORDS, STATEMENTS, Mistake

#: Words of other languages for the beginnings of statements.
_SYNONYMS = {
    "let": "param", "const": "param", "var": "param", "parameter": "param", "parameters": "param", "hyper": "param",
    "def": "block", "function": "block", "fn": "block", "func": "block", "module": "block", "class": "block",
    "macro": "block", "proc": "block", "import": "use", "include": "use", "require": "use", "load": "use",
    "assert": "expect", "check": "expect", "ensure": "expect", "network": "net", "model": "net", "architecture": "net",
    "name": "net", "initialize": "init", "initialise": "init", "ignore": "allow", "head": "output", "config": "variant",
}  # fmt: skip
_TYPES = r"(?:int|integer|float|bool|boolean|str|string|number|auto)"
#: A name of a file, without quotes.
_FILE = r"[\w./:-]+"


def _misspelt(mistake: Mistake) -> str | None:
    """A statement whose first word is misspelt or from elsewhere."""
    found = re.match(r"[ \t]*([A-Za-z_]+)(?=[ \t]+[\w\"]|[ \t]*:)", mistake.text[mistake.begin : mistake.end])
    if found is None or found[1] in KEYWORDS or mistake.is_layer(found[1]):
        return None
    word = _SYNONYMS.get(found[1].lower()) or nearest(found[1], STATEMENTS)
    if word is None:
        return None
    start, end = mistake.begin + found.start(1), mistake.begin + found.end(1)
    edit = mistake.edit(word, start, end)
    bound = re.match(r"[ \t]+([A-Za-z_]\w*)[ \t]*=[ \t]*([A-Za-z_]\w*)", mistake.text[end : mistake.end])
    if word == "param" and bound is not None and mistake.is_layer(bound[2]):
        label = mistake.edit(f"{bound[1]}: ", start, end + bound.start(2))
        if mistake.reads(label) == 1:
            mistake.instead(f"there is no statement `{found[1]}`", start, end)
            return Advice(f"a label takes a colon: `{bound[1]}: …`", label)
    if mistake.reads(edit) < (1 if found[1].lower() in _SYNONYMS else 0.5):
        return None
    mistake.instead(f"there is no statement `{found[1]}`", start, end)
    similar = found[1].lower() not in _SYNONYMS
    return Advice(f"did you mean `{word}`?" if similar else f"here it is written `{word}`", edit)


def _sign_after_word(mistake: Mistake) -> str | None:
    """``default = b1``, ``input = 3x32x32``, ``output: aux { … }``"""
    line = mistake.text[mistake.begin : mistake.end]
    found = re.match(
        r"[ \t]*(net|input|default|use|block|output|allow|param|expect|init|style)([ \t]*[:=][ \t]*)\S", line
    )
    if found is None:
        return None
    start = mistake.begin + found.start(2)
    edit = mistake.edit(" ", start, mistake.begin + found.end(2))
    if mistake.reads(edit) < (1 if found[1] in ("style", "init", "expect") else 0.5):
        return None
    sign = found[2].strip()
    place = start + found[2].index(sign)
    mistake.instead(f"`{sign}` cannot stand here", place, place + 1)
    rest = line[found.end(2) :].strip()
    shown = f": `{found[1]} {rest}`" if rest and len(rest) < 60 and "`" not in rest else ""
    return Advice(f"no `{sign}` stands after `{found[1]}`{shown}", edit)


def _uses(mistake: Mistake) -> str | None:
    """``use zoo:vgg (f)``, ``use "f.net" a, b``, ``use a from "f.net"``"""
    line = mistake.text[mistake.begin : mistake.code_end()]
    found = re.match(r"[ \t]*use[ \t]+", line)
    if found is None:
        return None
    start, end = mistake.begin + found.end(), mistake.begin + len(line)
    rest = line[found.end() :]
    turned = re.fullmatch(r"\(?(\w+(?:[ \t]*,[ \t]*\w+)*)\)?[ \t]+from[ \t]+[\"']?(" + _FILE + r")[\"']?", rest)
    if turned is not None:
        text = f'"{turned[2]}" ({turned[1]})'
        return Advice(f"the file comes first: `use {text}`", mistake.edit(text, start, end))
    bare = re.match(_FILE, rest)
    if bare is not None:
        ending = "" if re.search(r"[.:]", bare.group()) else ".net"
        text = f'"{bare.group()}{ending}"'
        return Advice(f"a file's name stands in quotes: `use {text}`", mistake.edit(text, start, start + bare.end()))
    listed = re.fullmatch(
        r"(\"[^\"]*\")[ \t]*(?:[.:,(\[{]|::|import\b|->)?[ \t]*(\w+(?:[ \t]*,[ \t]*\w+)*)[)\]}]?", rest
    )
    if listed is not None:
        text = f"{listed[1]} ({listed[2]})"
        return Advice(f"the blocks stand in parentheses: `use {text}`", mistake.edit(text, start, end))
    return None


def _styles(mistake: Mistake) -> str | None:
    """One style for several kinds of layers: ``style conv, fc = _, relu``, ``style (conv, fc) = …``"""
    line = mistake.text[mistake.begin : mistake.code_end()]
    found = re.match(r"([ \t]*)style[ \t]+(\(?[ \t]*\w+(?:[ \t,+&|/]+\w+)+[ \t]*\)?)[ \t]*=[ \t]*(?!=)", line)
    if found is None:
        return None
    kinds = [word for word in re.findall(r"\w+", found[2]) if word != "and"]
    row = line[found.end() :]
    lines = "\n".join(f"{found[1]}style {kind} = {row}" for kind in kinds)
    listed = " and ".join(f"`style {kind} = …`" for kind in kinds)
    place = mistake.begin + found.start(2)
    mistake.instead("a style is of one kind of layer", place, place + len(found[2].rstrip()))
    help = f"a line for each: {listed}"
    edit = mistake.edit(lines, mistake.begin, mistake.begin + len(line))
    plain = row and all(row.count(a) == row.count(b) for a, b in ("()", "[]", "{}"))
    return Advice(help, edit) if plain and all(map(mistake.is_layer, kinds)) else help


def _nets(mistake: Mistake) -> str | None:
    """``net "A net"``, ``net "a" "A net"``, ``net a ("A net")``"""
    end = mistake.code_end() if "#" in mistake.text[mistake.begin : mistake.end] else mistake.end
    line = mistake.text[mistake.begin : end].rstrip()
    found = re.fullmatch(r"[ \t]*net[ \t]+(.*)", line)
    if found is None:
        return None
    start, end = mistake.begin + found.start(1), mistake.begin + len(line)
    named = re.fullmatch(r"\"([\w.-]*\w)\"(?=[ \t]+\"|$)(.*)", found[1])
    if named is not None:
        text = f"{named[1]}{named[2]}"
        return Advice(f"a net's name has no quotes: `net {named[1]}`", mistake.edit(text, start, end))
    if found[1][:1] in ('"', "“", "'"):
        title = re.sub(r"[“”']", '"', found[1])
        return f"a net has a name before its title: `net name {title}`"
    titled = re.fullmatch(r"([\w.-]*\w)[ \t]*+(?:[-–—:=,(]++[ \t]*+)?[\"'“]?([^\"'“”]+?)[\"'”]?\)?[ \t]*", found[1])
    if titled is not None and titled[1] != found[1].strip() and "{" not in found[1]:
        text = f'"{titled[2].strip()}"'
        place = start + len(titled[1])
        if re.fullmatch(r"(?:[ \t]+[a-z0-9][\w.-]*){1,3}", found[1][len(titled[1]) :].rstrip()):
            name = re.sub(r"[ \t]+", "_", found[1].strip())
            help = f"a name is one word, and a title stands in quotes: `net {name}`, or `net {titled[1]} {text}`"
            return Advice(help, mistake.edit(name, start, end))
        edit = mistake.edit(f" {text}", place, end)
        return Advice(f"a title stands in quotes: `{text}`", edit)
    return None


def _parameters(mistake: Mistake) -> str | None:
    """``param int width = 16``, ``param width: int = 16``, ``param wid-th = 16``, ``param (width = 16)``"""
    line = mistake.text[mistake.begin : mistake.code_end()]
    if not mistake.begins("param"):
        return None
    begin = mistake.begin
    around = re.fullmatch(r"[ \t]*param[ \t]*([(\[{])[ \t]*(.*?)[ \t]*([)\]}])", line)
    if around is not None:
        opener, closer = begin + around.start(1), begin + around.start(3)
        edits = (
            mistake.edit("" if line[around.start(1) - 1].isspace() else " ", opener, begin + around.start(2)),
            mistake.edit("", begin + around.end(2), closer + 1),
        )
        return Advice("parameters stand without brackets: `param width = 1, depth = 2`", *edits)
    for pattern in (rf"(?:param|,)[ \t]+({_TYPES}[ \t]+)\w+[ \t]*=", rf"\w([ \t]*:[ \t]*{_TYPES})[ \t]*="):
        for typed in re.finditer(pattern, line):
            if begin + typed.start() <= mistake.offset <= begin + typed.end():
                edit = mistake.edit("", begin + typed.start(1), begin + typed.end(1))
                return Advice("a parameter has no type: it takes that of its value", edit)
    hyphen = re.search(r"([A-Za-z_]\w*)((?:-\w+)+)[ \t]*=", line)
    if hyphen is not None and begin + hyphen.start() <= mistake.offset <= begin + hyphen.end():
        text = (hyphen[1] + hyphen[2]).replace("-", "_")
        edit = mistake.edit(text, begin + hyphen.start(1), begin + hyphen.end(2))
        return Advice(f"a name has underscores: `{text}`", edit)
    if re.match(r":[ \t]*=", mistake.text[mistake.offset :][:9]):
        colon = mistake.edit("", mistake.offset, mistake.offset + 1)
        return Advice("a parameter has a plain `=`", colon)
    if mistake.names == {"EQUAL"} and re.fullmatch(r"[,;]?", mistake.word.strip()):
        return "a parameter has a value: `param width = 1`"
    if mistake.word == "[" and mistake.before.endswith("="):
        return "a parameter is one value: a number, a text in quotes, `true` or `false`"
    return None


def _tables(mistake: Mistake) -> str | None:
    """The columns of a table whose word is misspelt, has no colon before it, or is not there."""
    text = mistake.text
    if not mistake.word.strip():
        below = text[mistake.end + 1 :][:1000].partition("\n")[0]
        if not mistake.before.endswith(":") or not re.match(r"[ \t]*[\w.-]+[ \t]*\|[^{}]*\{", below):
            return None
        place = mistake.begin + len(mistake.before)
        edit = mistake.edit(" table", place, place)
        mistake.beside = mistake.end + 1
        mistake.instead("columns stand below, and no `table` before them", mistake.begin, place)
        return Advice(f"it is written `{mistake.before.strip()} table`", edit)
    if mistake.word != "|" or not re.fullmatch(r"[^{}]*\{[ \t]*(?:#.*)?", text[mistake.offset : mistake.end]):
        return None
    end = max(0, mistake.begin - 1)
    begin = text.rfind("\n", 0, end) + 1
    head = re.fullmatch(r"[ \t]*+(?:(\w[\w.]*+)[ \t]*+:[ \t]*+)?((?:(\w++)[ \t]++)?(\w++))?[ \t]*+", text[begin:end])
    if head is None or head[4] is None or mistake.is_layer(head[4]) or nearest(head[4], ["table"]) is None:
        start = mistake.begin + re.match(r"[ \t]*", text[mistake.begin : mistake.end]).end()  # type: ignore[union-attr]
        edit = mistake.edit("table ", start, start)
        return Advice("the names of columns stand behind `table`", edit) if mistake.reads(edit) == 1 else None
    label, start = head[1] or head[3], begin + head.start(2)
    new = "table" if head[1] or not label else f"{label}: table"
    edit = mistake.edit(new, start, begin + head.end(4))
    if not mistake.reads(edit):
        return None
    mistake.beside = begin
    mistake.instead(f"`{text[start : edit.span.end]}` cannot stand here", start, edit.span.end)
    return Advice(f"it is written `{new}`" if head[4] == "table" else f"did you mean `{new}`?", edit)


def _columns(mistake: Mistake) -> str | None:
    """A table without its brace or columns, or with a bar too many: ``table A | B``, ``table {``, ``table | A |``."""
    text, begin = mistake.text, mistake.begin
    line = text[begin : mistake.code_end()]
    found = re.fullmatch(r"([ \t]*(?:[\w.]+[ \t]*:[ \t]*)?table)([^{}]*)(\{?)[ \t]*", line)
    if found is None:
        above = text.rfind("\n", 0, max(0, begin - 1)) + 1
        if re.fullmatch(r"[ \t|:-]+", line) and "---" in line:
            return "a table has no line below its columns"
        headed = re.search(r"\btable[ \t]*\Z", text[above : max(0, begin - 1)]) is not None
        if mistake.word == "|" and headed and "{" not in line:
            return "the columns of a table have braces behind them: `table A | B { … }`"
        return None
    columns, brace = found[2].strip(" \t:"), found[3]
    if brace and not columns:
        return "a table has the names of its columns before the brace: `table A | B { … }`"
    if not brace:
        # What stands below has been meant to be its rows.
        place = mistake.end + 1
        while place < len(text) and re.compile(r"[^\n{}]*\|[^\n{}]*$", re.MULTILINE).match(text, place):
            mistake.beside = place
            place = text.find("\n", place) + 1 or len(text)
        return "the rows of a table stand in braces: `table A | B { … }`"
    inner = columns.strip("| \t")
    if inner != columns and inner:
        edit = mistake.edit(f" {inner} ", begin + found.start(2), begin + found.end(2))
        if mistake.reads(edit):
            return Advice("bars stand between columns alone", edit)
    return None


def _together(mistake: Mistake) -> str | None:
    """Two statements in one line: ``net a input 3x8x8``, ``block f { relu } block g { gelu }``."""
    if mistake.word not in STATEMENTS or not mistake.before:
        return None
    line = mistake.text[mistake.begin : mistake.end]
    indent = line[: len(line) - len(line.lstrip())]
    edit = mistake.edit(f"\n{indent}", mistake.begin + len(mistake.before), mistake.offset)
    return Advice("a statement begins a line of its own", edit) if mistake.reads(edit) else None


def _variants(mistake: Mistake) -> str | None:
    """``variant a, b``, ``default variant b1``, ``output { … }``, ``allow 301``"""
    line = mistake.text[mistake.begin : mistake.code_end()]
    begin = mistake.begin
    ruled = re.match(r"[ \t]*init[ \t]+(\w+)([ \t]*:)(?!.*=[ \t]*\w+[ \t]*\w)", line)
    if ruled is not None and mistake.is_layer(ruled[1]):
        edit = mistake.edit(" =", begin + ruled.start(2), begin + ruled.end(2))
        if mistake.reads(edit) == 1:
            mistake.instead("`:` cannot stand here", begin + ruled.end(2) - 1, begin + ruled.end(2))
            return Advice("a way to start has an `=` before it: `init conv = kaiming_normal`", edit)
    several = re.fullmatch(r"[ \t]*variants?[ \t]+[\w.-]+((?:[ \t]*,[ \t]*[\w.-]+)+)", line)
    if several is not None:
        text = re.sub(r"[ \t]*,[ \t]*", "\nvariant ", several[1])
        edit = mistake.edit(text, begin + several.start(1), begin + several.end(1))
        shown = f"`{text.strip()}`".replace("\n", "` and `")
        own = "have lines of their own" if " and " in shown else "has a line of its own"
        return Advice(f"a line declares one variant{f': {shown} {own}' if len(shown) < 60 else ''}", edit)
    doubled = re.match(r"[ \t]*default[ \t]+(variant[ \t]+)", line)
    if doubled is not None:
        edit = mistake.edit("", begin + doubled.start(1), begin + doubled.end(1))
        name = line[doubled.end() :].strip()
        name = name if re.fullmatch(r"[\w.-]{1,40}", name) else "b1"
        return Advice(f"only the variant's name follows: `default {name}`", edit)
    if re.match(r"[ \t]*output[ \t]*\{", line) and mistake.word == "{":
        return "an output has a name: `output aux { … }`"
    grouped = re.match(r"[ \t]*output[ \t]+\w+((?:[ \t]+\w+(?:=[\w.]+)?)*[ \t]*:?[ \t]*)\[", line)
    if grouped is not None and (closer := mistake.pairs.get(begin + grouped.end() - 1)) is not None:
        start = begin + grouped.start(1) + len(grouped[1].rstrip(" \t:"))
        edits = (mistake.edit(" { ", start, begin + grouped.end()), mistake.edit(" }", closer, closer + 1))
        if mistake.reads(*edits):
            return Advice("what belongs to `output` stands in braces: `output aux { … }`", *edits)
    called = re.match(r"[ \t]*output[ \t]+\w+([ \t]*\([ \t]*([^()\n]*?)[ \t]*\))(?=[ \t]*\{)", line)
    if called is not None:
        text = " " + re.sub(r"[ \t]*,[ \t]*", " ", re.sub(r"[ \t]*=[ \t]*", "=", called[2]))
        edit = mistake.edit(text, begin + called.start(1), begin + called.end(1))
        return Advice("what an output has stands without brackets: `output aux weight=0.3 { … }`", edit)
    if mistake.begins("output") and mistake.before.endswith("}"):
        return "what an output has stands before its brace: `output aux weight=0.3 { … }`"
    if mistake.begins("init") and mistake.word == "(":
        return "the values of a scheme stand behind it: `normal 0.01`, its deviation; its mean may follow"
    weight = re.search(r"\bweight[ \t]+(?=[\d.]+)", line)
    if mistake.begins("output") and weight is not None:
        edit = mistake.edit("weight=", begin + weight.start(), begin + weight.end())
        return Advice("an attribute and its value have `=` between them: `weight=0.3`", edit)
    apart = re.search(r"\b(receptive|params)[ \t-]+(field|no[ \t_-]bias)(?=[ \t]*[<>=!])", line)
    if (
        mistake.begins("expect")
        and apart is not None
        and begin + apart.start() <= mistake.offset <= begin + apart.end()
    ):
        text = re.sub(r"[ \t-]+", "_", apart.group())
        edit = mistake.edit(text, begin + apart.start(), begin + apart.end())
        return Advice(f"a quantity is one word: `{text}`", edit)
    code = re.search(r"\ballow[ \t]+(?:\"(ND\d+)\"|(\d+))", line)
    if code is not None and begin + code.start() <= mistake.offset < begin + code.end():
        text = code[1] or f"ND{code[2]}"
        start = begin + code.start() + re.match(r"allow[ \t]+", code.group()).end()  # type: ignore[union-attr]
        return Advice(f"a warning has a code: `allow {text}`", mistake.edit(text, start, begin + code.end()))
    return None


#: Before all that looks at the parts of an item.
RULES: tuple[Callable[[Mistake], str | None], ...] = (
    _together, _columns, _misspelt, _sign_after_word, _styles, _uses, _nets, _parameters, _variants, _tables,
)  # fmt: skip
