"""Declarations with the words of other languages or with ours as names: ``const int n = 4``, ``block table { … }``.

Rules of the same form as those of ``signs.py``; ``advice.py`` tries them all.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Collection, Mapping, Sequence

from netdsl.diagnostics import Advice, Diagnostic
from netdsl.syntax import tree
from netdsl.syntax.helps import pasted, rows
from netdsl.syntax.helps.mistake import ATTRIBUTES, KEYWORDS, STATEMENTS, Mistake, Trial, Words
from netdsl.syntax.helps.papers import row as paper_row
from netdsl.syntax.helps.printed import misread as printed_row
from netdsl.syntax.helps.typed_rows import typed
from netdsl.syntax.lalr import Parser, Progress
from netdsl.syntax.parse import DECLARING

#: The longest line that is looked at.
_LONGEST_LINE = 1000
#: How many calls of a block are looked for.
_MOST_CALLS = 200
_VALUE = r"-?\d[\w.]*(?:[ \t]*(?:\*\*|//|[-+*/%])[ \t]*[\w.]+)*|\"[^\"\n]*\"|[Tt]rue|[Ff]alse"
_DECLARED = re.compile(
    rf"(?P<words>(?:(?:{'|'.join(sorted(DECLARING))}|param)(?:[ \t]*:)?[ \t]+)*)"
    r"(?P<name>\$?[A-Za-z_]\w*+)(?P<type>[ \t]*:[ \t]*[A-Za-z]+(?=[ \t]*=))?"
    rf"[ \t]*+(?P<sign>:=|<-|=|:|\bbe\b|)[ \t]*+(?P<value>{_VALUE})[ \t]*;?",
    re.IGNORECASE,
)


def declared(mistake: Mistake) -> str | None:
    """``const int n = 4;``, ``var n: 4``, ``n: int = 4``, ``n <- 4``: a parameter as other languages declare it."""
    code = mistake.text[mistake.begin : mistake.code_end()]
    begin = mistake.begin + len(code) - len(code.lstrip())
    found = _DECLARED.fullmatch(code.strip())
    if found is None:
        return None
    words = found["words"].lower().split()
    name, sign = found["name"].lstrip("$"), found["sign"]
    if name in KEYWORDS or mistake.is_layer(name) or any(map(mistake.is_layer, words)):
        return None
    if not words and not found["type"] and not found["name"].startswith("$") and sign in ("=", ""):
        return None  # a label, an attribute or an argument may be meant
    if not words and sign == ":" and (code[:1].isspace() or name.lower() in ATTRIBUTES):
        return None  # a part of what stands above, as YAML has it
    if words[:1] == ["param"] or (not words and sign == ":" and not re.fullmatch(r"-?[\d.]+", found["value"])):
        return None
    value = found["value"].lower() if found["value"] in ("True", "False") else found["value"]
    text = f"param {name} = {value}"
    start = code.strip()[: found.start("value")].rstrip()
    mistake.instead(f"`{start}` declares nothing here", begin, begin + len(start))
    return Advice(f"a parameter is declared: `{text}`", mistake.edit(text, begin, begin + len(code.strip())))


def _named_like_us(mistake: Mistake) -> str | None:
    """``block table { … }`` and its calls: a block that has the name of a statement."""
    source, text = mistake.source, mistake.text
    line, before = source[mistake.begin : mistake.end], text[: mistake.begin].rstrip(" \t\n\ue000")
    above = before.rfind("\n") + 1
    before = before[above:].strip()
    for name in sorted((*STATEMENTS, "if", "table", "reuse"), key=lambda name: name != before):
        alone = before == name
        if not alone and re.search(rf"(?<![\w.@-]){name}(?=[ \t]*(?:\(|$|,|×))", line) is None:
            continue
        block = re.search(rf"^[ \t]*block[ \t]+({name})[ \t]*[({{]", source, re.MULTILINE)
        if block is None or mistake.begin <= block.start(1) < mistake.end:
            continue
        mistake.beside = above if alone else None
        if text[block.start(1) : block.end(1)] != name:
            mistake.said = True  # at another call
            return ""
        other = "unit" if name == "block" else f"{name}_block"
        mistake.apart, mistake.code = block.start(1), "ND223"
        mistake.instead(f"`{name}` is a word of the language and cannot name this", block.start(1), block.end(1))
        help = f"call the block otherwise, as `{other}`"
        if re.search(rf"\b{other}\b", source) is not None:
            return help
        calls = re.compile(
            rf"(?:^[^#\"\n]*?(?<![\w.@-]))({name})(?=[ \t]*\()|^[ \t]*({name})(?=[ \t]*(?:[,×#]|$))", re.MULTILINE
        )
        places = [found.span(found.lastindex or 1) for found in itertools.islice(calls.finditer(source), _MOST_CALLS)]
        edits = [mistake.edit(other, *place) for place in sorted({block.span(1), *places})]
        return Advice(help, *edits) if mistake.reads(*edits) == 1 else help
    return None


def _inits(mistake: Mistake) -> str | None:
    """``init conv = kaiming_normal(fan_out), bias=0``, ``init conv.bias = 0``"""
    line = mistake.text[mistake.begin : mistake.code_end()]
    found = re.fullmatch(r"([ \t]*init[ \t]+)([^=]*[^=\s])[ \t]*=[ \t]*(\S.*)", line)
    if found is None:
        return None
    of, way = found[2], found[3]
    biases = re.fullmatch(r"(?:(\w+)[ \t.])?[ \t]*bias(?:es)?", of)
    if biases is not None:
        return _bias(biases[1] or "conv", way)
    alone = re.fullmatch(r"bias(?:es)?(?:[ \t]*[=: ][ \t]*(?P<value>[\w.-]+))?", way)
    if alone is not None:
        place = mistake.begin + found.start(3)
        mistake.instead("a bias alone is no scheme", place, place + len(way))
        return _bias(of, alone["value"] or "0")
    last, below = mistake.begin + len(line), mistake.text.find("\n", mistake.end + 1)
    under = mistake.text[mistake.end + 1 : below if below >= 0 else len(mistake.text)].strip()
    if way.endswith(",") and re.fullmatch(r"bias[ \t]*=[ \t]*-?[\d.]+", under) and "#" not in mistake.rest:
        # The list goes on in the line below.
        way, last = f"{way} {under}", below if below >= 0 else len(mistake.text)
        mistake.beside = mistake.end + 1
    of = re.sub(r"[ \t.]+weights?\b", "", of)
    if re.match(r"\w*normal[ \t]*[( ][ \t]*[\d.]+[ \t]*,[ \t]*[\d.]", way):
        way = re.sub(r"\A(\w+)[ \t]*([( ])[ \t]*0(?:\.0*)?[ \t]*,[ \t]*", r"\1\2", way)
        if "," in way:
            return None  # others say the mean first
    way = re.sub(r"\A(\w+)[ \t]*\(([^()]*)\)", r"\1 \2", way)
    way = re.sub(r"\b(?:mode|nonlinearity)[ \t]*=[ \t]*[\"']?(\w+)[\"']?", r"\1", way)
    way = re.sub(r"(?:[ \t]*[,;&]|[ \t]+(?:and|with)(?=[ \t]))[ \t]*", " ", way)
    way = re.sub(r"\bbias(?:es)?[ \t]*[=: ][ \t]*(?:0+(?:\.0*)?|zeros?)(?![\w.])", "bias=0", way)
    way = re.sub(r"\bbias[ \t]*[=: ][ \t]*(?=[\d.])", "bias=", way)
    way = re.sub(rf"\b{re.escape(of)}[ \t.]+(?=bias=)", "", way)
    way = re.sub(r"[ \t]+", " ", way).strip()
    if (of, way) == (found[2], found[3]):
        return None
    text = f"init {of} = {way}"
    edit = mistake.edit(text, mistake.begin + len(line) - len(line.lstrip()), last)
    help = f"what a scheme takes stands behind it, without commas: `{text}`"
    return Advice(help, edit) if mistake.reads(edit) == 1 else None


#: A scheme that papers have for a kind of layer.
_USUAL = {"fc": "normal 0.01", "linear": "normal 0.01", "bn": "ones", "gn": "ones", "ln": "ones"}


def _bias(of: str, value: str) -> str:
    """The help for the start of a bias without that of its weights."""
    number = "1" if value in ("one", "ones") else value if re.fullmatch(r"-?\d+\.?\d*|-?\.\d+", value) else "0"
    kind = of if re.fullmatch(r"[\w.]{1,30}", of) else "conv"
    scheme = _USUAL.get(kind.lower(), "kaiming_normal fan_out")
    return f"a bias stands behind the scheme of its weights: `init {kind} = {scheme} bias={number}`"


def _allowed(mistake: Mistake) -> str | None:
    """``allow ND302 as b``: the end of an item behind a statement."""
    line = mistake.text[mistake.begin : mistake.code_end()]
    found = re.fullmatch(r"[ \t]*(allow[ \t]+ND\d+(?:[ \t]*,[ \t]*ND\d+)*)([ \t]+as[ \t]+\w+)", line)
    if found is None:
        return None
    name = found[2].split()[1]
    if re.search(rf"@{name}\b", mistake.source) is not None:
        return f"a line of its own has codes alone; `as {name}` stands behind the item that `@{name}` takes up"
    edit = mistake.edit("", mistake.begin + found.start(2), mistake.begin + found.end(2))
    return Advice(f"a line of its own has codes alone: `{found[1]}`", edit)


#: Of rows that can be read.
_ROWS: tuple[Callable[[Mistake], str | None], ...] = (*pasted.ROWS, declared, typed, paper_row, printed_row)


def misread(
    suspects: Sequence[tuple[tree.Row, int]],
    text: str,
    source: str,
    parser: Parser,
    pairs: Mapping[int, int],
    layers: Callable[[], Collection[str]],
    most: int,
) -> list[tuple[Diagnostic, int, int]]:
    """Rows that can be read and were meant to be something else, ``int n = 4``: what is said of each, and its place.

    No more than ``most`` are looked for.
    """
    found: list[tuple[Diagnostic, int, int]] = []
    trial, words = Trial(parser, text, Progress(), []), Words(text, layers)
    for row, place in suspects:
        if len(found) >= most:
            break
        core = next((item.core for item in row.items if item.core.span.start == place), row.items[0].core)
        assert isinstance(core, tree.Layer)
        mistake = Mistake(text, place, core.word.span, set(), pairs, trial, words)
        mistake.source = source
        if row.span.end > mistake.end or mistake.end - mistake.begin > _LONGEST_LINE:
            continue
        rules = (*rows.ROWS, typed, printed_row) if mistake.is_layer(core.word.text) else _ROWS
        help = next((help for rule in rules if (help := rule(mistake)) is not None), None)
        if help is not None:
            message = mistake.message or f"there is no layer or block called `{core.word.text}`"
            said = Diagnostic(mistake.code, message, mistake.place or core.word.span, help)
            found.append((said, row.span.start, row.span.end))
    return found


#: Before all else.
RULES: tuple[Callable[[Mistake], str | None], ...] = (_named_like_us, declared, _inits, _allowed)
