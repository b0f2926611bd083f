"""Expressions as other languages write them, and brackets of another kind where braces belong.

Each rule looks at the place of a mistake and gives a help, with edits where one thing alone can be meant, or None.
"""

from __future__ import annotations

import re

from netdsl.diagnostics import Advice
from netdsl.syntax.helps.mistake import KEYWORDS, Mistake

#: Behind a `/` a larger number than this divides another, and is no stride.
_LARGEST_STRIDE = 4
_LABELLED = re.compile(r"(?:[\w.]+:\s*)[\w.]+\Z|\w+\.\Z")
_PRODUCT = re.compile(r"-[ \t]*((?:\w+)(?:[ \t]*(?:\*\*|//|[*+%])[ \t]*\w+)+)(?=$|[\s,/\]}|)])")


def operators(mistake: Mistake) -> str | None:
    """Signs of other languages in an expression."""
    text, offset, word = mistake.text, mistake.offset, mistake.word
    ours = {"&&": "and", "||": "or", "!": "not", "^": "**"}
    for sign in ("&&", "||", "^"):
        if mistake.computes and text.startswith(sign, offset):
            here = "a power is written" if sign == "^" else "here it is written"
            return Advice(f"{here} `{ours[sign]}`", mistake.edit(ours[sign], offset, offset + len(sign)))
    if word == "!" and "TRUE" in mistake.names and not text.startswith("!=", offset):
        return Advice("here it is written `not`", mistake.edit("not ", offset, offset + 1))
    if word == "=" and mistake.computes and re.search(r"\bif\b[^{}]*\Z", mistake.before):
        return Advice("equality is written `==`", mistake.edit("=="))
    if word == ">" and text[:offset].endswith("<"):
        return Advice("here it is written `!=`", mistake.edit("!=", offset - 1, offset + 1))
    if mistake.computes and word.lower() in ("and", "or", "not") and word not in KEYWORDS:
        return Advice(f"here it is written `{word.lower()}`", mistake.edit(word.lower()))
    if mistake.computes and re.match(r"[ \t]*(?:\w+:[ \t]*)?if\b[^{}]*\Z", mistake.before) and mistake.is_layer(word):
        return "what an `if` chooses stands in braces: `if … { … } else { … }`"
    if word == "then" and mistake.computes:
        start = mistake.begin + len(mistake.before)
        return Advice("braces alone stand around what an `if` chooses", mistake.edit("", start, mistake.span.end))
    inside = re.search(r"\b(?:math|np|numpy|torch)\.(\w+)\Z", text[mistake.begin : offset])
    if word == "(" and inside is not None:
        start = mistake.begin + inside.start()
        return Advice(f"functions have no module: `{inside[1]}`", mistake.edit(inside[1], start, offset))
    if word == "(" and mistake.computes and re.search(r"[\d)]\Z", text[mistake.begin : offset]):
        return Advice("a product has a `*`", mistake.edit("*", offset, offset))
    if word in ("if", "?") and mistake.computes:
        return "a choice between values is a parameter of a block or a `variant`; `if … { … }` chooses layers"
    return None


def braces(mistake: Mistake) -> str | None:
    """Rows after a colon, or in brackets of another kind, where braces belong."""
    text, word, names = mistake.text, mistake.word, mistake.names
    if word == ":" and mistake.before.endswith(("if", "else")):
        if mistake.before.strip() in ("if", "} if") and "LBRACE" not in names:
            return "`if` and `else` cannot be labels"
    if word == ":" and _LABELLED.match(mistake.before):
        return "an item has one label, and a label is a name such as `stage.0`"
    if re.search(r"\?[^\n]*:", text[mistake.begin : mistake.end]) and word in ("?", "!", "=", "<", ">", "or", "and"):
        return "layers are chosen by `if … { … } else { … }`"
    head = re.match(r"[ \t]*(?:\}[ \t]*)?(if|else|output|block)\b", text[mistake.begin : mistake.end])
    shown = mistake.before.strip().removeprefix("}").strip()
    shown = shown if head is not None and len(shown) < 60 and "`" not in shown else f"{head and head[1]} …"
    if names == {"LBRACE"} and head is not None and not word.strip():
        return f"what belongs to `{head[1]}` stands in braces: `{shown} {{ … }}`"
    if word == ":" and head is not None and "LBRACE" in names:
        help = f"what belongs to `{head[1]}` stands in braces: `{shown} {{ … }}`"
        end = mistake.code_end()
        rest = text[mistake.span.end : end].strip()
        if not rest or "{" in rest or "}" in rest:
            return help
        said = text[mistake.begin : mistake.offset].strip()
        if len(said) + len(rest) <= 60 and "`" not in rest:
            help = f"what belongs to `{head[1]}` stands in braces: `{said} {{ {rest} }}`"
        return Advice(help, mistake.edit(f" {{ {rest} }}", end=end))
    if word == ":" and mistake.computes and re.search(r"\bif\b[^{}]*\Z", mistake.before):
        return "what belongs to `if` stands in braces: `if … { … } else { … }`"
    joins = re.search(r"(?<![\w.])(add|concat|mul|sub)\Z", mistake.before, re.IGNORECASE)
    if joins is not None and word in ("[", "("):
        return _in_braces(mistake, mistake.offset, f"the branches of `{joins[1]}` stand in braces")
    around = join_around(mistake)
    if word == "|" and around is not None:
        return _in_braces(mistake, around, "the branches of a join stand in braces")
    if word == "|" and text[: mistake.offset].endswith("|") and "VBAR" not in names and "SOFTMAX" in names:
        return Advice("one `|` parts two branches", mistake.edit(""))
    if word == "|" and mistake.before.endswith(("..", "..<")):
        return None
    if word == "|":
        return "`|` parts the branches of a join, `add { a | b }`, and the cells of a table"
    if word in ("{", "(") and {"JOIN", "LSQB"} <= names and (partner := mistake.pairs.get(mistake.offset)) is not None:
        return Advice(
            "a group of layers stands in square brackets: `[ … ]`",
            mistake.edit("["),
            mistake.edit("]", partner, partner + 1),
        )
    if word == "{" and mistake.before.endswith("if"):
        return "the condition is missing: `if s != 1 { … }`"
    if word == "{" and {"LPAR", "TRUE", "INT"} <= names:
        return "this is an expression already: braces stand where a number or a name would, in a layer"
    return None


def join_around(mistake: Mistake, openers: str = "([") -> int | None:
    """The bracket that a mistake stands in, where a join's word is before it."""
    text = mistake.text
    for opener, closer in mistake.pairs.items():
        if opener < mistake.offset < closer and text[opener] in openers:
            if re.search(r"(?<![\w.])(?:add|concat|mul|sub)[ \t]*\Z", text[:opener][-20:], re.IGNORECASE):
                return opener
    return None


def _in_braces(mistake: Mistake, opener: int, help: str) -> str:
    closer = mistake.pairs.get(opener)
    if closer is None:
        return help
    text = mistake.text
    before = "" if text[opener - 1].isspace() else " "
    after = "" if text[opener + 1].isspace() else " "
    edits = [mistake.edit(f"{before}{{{after}", opener, opener + 1)]
    edits.append(mistake.edit("}" if text[closer - 1].isspace() else " }", closer, closer + 1))
    depth, commas, bars = 0, [], 0
    for place in range(opener + 1, closer):
        depth += (text[place] in "([{") - (text[place] in ")]}")
        if depth == 0 and text[place] == ",":
            commas.append(place)
        bars += depth == 0 and text[place] == "|"
    if commas and not bars and "#" not in text[opener:closer]:
        help += ", with `|` between them"
        for place in commas:
            bar = "|" if text[place - 1].isspace() else " |"
            edits.append(mistake.edit(bar if text[place + 1].isspace() else f"{bar} ", place, place + 1))
    return Advice(help, *edits)


def products(mistake: Mistake) -> str | None:
    """``conv3-4*c``"""
    if mistake.word in ("*", "+", "%", "/", "**", "//"):
        for found in _PRODUCT.finditer(mistake.text, mistake.begin, mistake.code_end()):
            if found.start(1) <= mistake.offset <= found.end(1):
                text = f"{{{found[1]}}}"
                word = re.search(r"[\w.]*[ \t]*-?[ \t]*\Z", mistake.text[mistake.begin : found.start(1)])
                help = f"an expression stands in braces: `{word.group() if word else ''}{text}`"
                return Advice(help, mistake.edit(text, found.start(1), found.end(1)))
    around = re.match(r"[(\[][ \t]*(\d+(?:[ \t]*,[ \t]*\d+)+)[ \t]*[)\]]", mistake.text[mistake.offset : mistake.end])
    if around is not None and re.search(r"\w[=/-]\Z", mistake.text[mistake.begin : mistake.offset]):
        text = re.sub(r"[ \t]*,[ \t]*", "x", around[1])
        edit = mistake.edit(text, mistake.offset, mistake.offset + around.end())
        return Advice(f"sizes are written `{text}`", edit)
    for called in re.finditer(
        r"(?<![\w.@])([A-Za-z]+)\([ \t]*(\d+)[ \t]*,[ \t]*(\d+)[ \t]*\)(?=-\w)",
        mistake.text[mistake.begin : mistake.end],
    ):
        if called.start() <= mistake.offset - mistake.begin <= called.end() and mistake.is_layer(called[1]):
            text = f"{called[1]}{called[2]}x{called[3]}"
            edit = mistake.edit(text, mistake.begin + called.start(), mistake.begin + called.end())
            return Advice(f"a kernel stands at its word: `{text}`", edit)
    if (
        mistake.word == "-"
        and re.match(r"-[A-Za-z]", mistake.text[mistake.offset :][:2])
        and re.search(r"\w[ \t]+\Z", mistake.text[mistake.begin : mistake.offset])
    ):
        word = re.match(r"-(\w+)", mistake.text[mistake.offset : mistake.end])
        if word is not None and mistake.is_layer(word[1]):
            return "`plain` leaves out what a style adds, and `+relu` stands in its place"
    owner = re.search(r"[-/=]([A-Za-z_]\w*)\Z", mistake.text[mistake.begin : mistake.offset])
    field = re.match(r"\.[a-z]+(?![\w.(])", mistake.text[mistake.offset : mistake.end])
    computed = re.match(r"(\.[a-z]+)[ \t]*(//|[*/])[ \t]*(\d+)(?![\w.])", mistake.text[mistake.offset : mistake.end])
    if owner is not None and computed is not None and not mistake.computes:
        name, sign, number = f"{owner[1]}{computed[1]}", computed[2], computed[3]
        start, end = mistake.offset - len(owner[1]), mistake.offset + computed.end()
        if sign == "/" and int(number) <= _LARGEST_STRIDE:
            return f"`{{{name}//{number}}}` divides the number, and `{{{name}}}/{number}` has a stride of {number}"
        text = f"{{{name}{'//' if sign == '/' else sign}{number}}}"
        return Advice(f"an expression stands in braces: `{text}`", mistake.edit(text, start, end))
    if owner is not None and field is not None and not mistake.computes:
        text = f"{{{owner[1]}{field.group()}}}"
        start = mistake.offset - len(owner[1])
        help = f"an expression stands in braces: `{text}`"
        return Advice(help, mistake.edit(text, start, mistake.offset + field.end()))
    count = re.search(r"[ \t][×x][ \t]*(\w+)\Z", mistake.before)
    if mistake.word in ("+", "-", "*", "//", "%", "/") and count is not None and not mistake.computes:
        rest = re.match(r"[ \t]*(?://|[-+*/%])[ \t]*\w+(?=$|[\s,\]}|)])", mistake.text[mistake.offset : mistake.end])
        if rest is not None:
            text = f"{{{count[1]}{rest.group().strip()}}}"
            start = mistake.begin + count.start(1)
            edit = mistake.edit(text, start, mistake.offset + rest.end())
            return Advice(f"an expression stands in braces: `×{text}`", edit)
    operand = re.search(r"\w[-/][ \t]*[\w}]+\Z", mistake.before)
    if mistake.word == "*" and operand is not None and "TRUE" not in mistake.names and not mistake.computes:
        return "an expression stands in braces: `conv3-{4*c}`"
    return None
