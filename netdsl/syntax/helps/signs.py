"""Signs, comments, sizes and numbers as other hands write them.

Each rule looks at the place of a mistake and gives a help, with edits where one thing alone can be meant, or None.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from netdsl.diagnostics import Advice
from netdsl.syntax.helps import papers
from netdsl.syntax.helps.enclosing import braces, join_around, operators, products
from netdsl.syntax.helps.mistake import KEYWORDS, Mistake

_HYPHENS = (
    "\N{MINUS SIGN}\N{EN DASH}\N{NON-BREAKING HYPHEN}\N{EM DASH}\N{HYPHEN}\N{FIGURE DASH}\N{FULLWIDTH HYPHEN-MINUS}"
)
_QUOTES = (
    "\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}\N{DOUBLE LOW-9 QUOTATION MARK}"
    "\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}"
    "\N{RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK}'"
)
_BARS = "∥‖¦│┃❘ǀ"
_TIMES = "✕✖⨯⨉✗хХ∗·⋅"
#: Letters of other alphabets that look like plain ones.
_ALIKE = dict(zip("асеорхіукптмнвАСЕОРХІВКМНТ", "aceopxiykntmhbACEOPXIBKMHT", strict=True))
#: A text in quotes of whatever hand, whose signs are its own.
_TEXT = re.compile(r'"(?:[^"\\\n]|\\.)*+"?|[“„«‘‹][^“”»’›]*+[“”»’›]?')
_BIG = re.compile(r"(?<![\w.,])\d{1,3}(?:,\d{3})+(?![\w.]|,\d)")
_ASSIGNED = re.compile(r"([A-Za-z_]\w*)[ \t]*=[ \t]*(?=(\S))")
#: One of the ends of an item.
_END = re.compile(
    r"[ \t]*(?:(?P<count>[×x][ \t]*(?:\d+|\{[^{}\n]*\}))|\b(?P<name>as[ \t]+\w+)|"
    r"(?P<shape>->[ \t]*\w+(?:×\w+)*)|\b(?P<excuse>allow(?:[ \t]+ND\d+)+))"
)


def _same_padding(mistake: Mistake) -> str | None:
    """``padding='same'``, and a line of PyTorch that has it."""
    code = mistake.text[mistake.begin : mistake.code_end()]
    called = re.match(r"[ \t]*((?:\w+\.)*[A-Z]\w*\(.*\)),?\Z", code)
    if called is not None:
        from netdsl.syntax.helps.from_python import as_layer

        layer = as_layer(called[1])
        if layer is not None:
            start = mistake.begin + called.start(1)
            return Advice(f"it is written `{layer}`", mistake.edit(layer, start, mistake.begin + called.end(1)))
    if (within := _call_around(mistake, code)) is not None:
        return within
    found = re.search(r"[ \t](pad(?:ding)?[ \t]*=[ \t]*'(same|valid)')", code)
    if found is None or not found.start(1) <= mistake.offset - mistake.begin < found.end(1):
        return None
    edit = mistake.edit(found[2], mistake.begin + found.start(1), mistake.begin + found.end(1))
    return Advice(f"`{found[2]}` is a flag: it stands alone after the layer", edit)


def _call_around(mistake: Mistake, code: str) -> Advice | None:
    """A call of PyTorch's or Keras' around the mistake, ``conv3-8, Activation('relu')``: the layer that it makes."""
    from netdsl.syntax.helps.from_python import as_layer

    for call in re.finditer(r"(?<![\w.])(?:\w+\.)*[A-Z]\w*\(", code):
        start, closer = mistake.begin + call.start(), mistake.pairs.get(mistake.begin + call.end() - 1)
        layer = as_layer(mistake.text[start : closer + 1]) if closer is not None and mistake.offset <= closer else None
        if layer is not None and closer is not None and start <= mistake.offset:
            return Advice(f"it is written `{layer}`", mistake.edit(layer, start, closer + 1))
    return None


def _signs(mistake: Mistake) -> str | None:
    """Signs that a word processor makes of plain ones, or another keyboard: all of the line at once."""
    if mistake.word == "'" and (help := _same_padding(mistake)) is not None:
        return help
    for signs, plain, help in (
        (_HYPHENS, "-", "write a plain hyphen, `-`"),
        (_QUOTES, '"', 'write a plain quotation mark, `"`'),
        (_TIMES, "×", "write `×` or a plain `x`"),
        (_BARS, "|", "write a plain `|`"),
    ):
        if mistake.word and mistake.word in signs:
            line = mistake.text[mistake.offset : mistake.code_end()]
            quoted = set() if plain == '"' else _quoted(line)
            places = [found.start() for found in re.finditer(f"[{re.escape(signs)}]", line)]
            edits = [
                mistake.edit(plain, mistake.offset + at, mistake.offset + at + 1) for at in places if at not in quoted
            ]
            return Advice(help, *edits)
    power = re.search(r"(\d+)\Z", mistake.text[mistake.begin : mistake.offset])
    if mistake.word in ("²", "³") and power is not None:
        text = "x".join([power[1]] * (2 if mistake.word == "²" else 3))
        edit = mistake.edit(text, mistake.begin + power.start(), mistake.offset + 1)
        return Advice(f"it is written `{text}`", edit)
    if mistake.word.isascii():
        return None
    code = mistake.text[mistake.offset : mistake.code_end()]
    edits, quoted = [], _quoted(code)
    for at, char in enumerate(code):
        plain = _ALIKE.get(char) or unicodedata.normalize("NFKC", char)
        if not char.isascii() and char != "×" and plain.isascii() and len(plain) == 1 and at not in quoted:
            edits.append(mistake.edit(plain, mistake.offset + at, mistake.offset + at + 1))
    if not edits or edits[0].span.start != mistake.offset:
        return _letter(mistake)
    plain = edits[0].text
    name = unicodedata.name(mistake.word[0], "").lower()
    return Advice(f"this is a {name.replace('small letter', 'letter')}: write a plain `{plain}`", *edits)


def _quoted(code: str) -> set[int]:
    """The places of a stretch of code that lie in texts in quotes."""
    return {place for found in _TEXT.finditer(code) for place in range(*found.span())}


def _letter(mistake: Mistake) -> str | None:
    """``θ``: a letter that no name has."""
    sign = mistake.text[mistake.offset]
    if not sign.isalpha():
        return None
    name = re.fullmatch(r"GREEK (?:SMALL|CAPITAL) LETTER (\w+)", unicodedata.name(sign, ""))
    help = "names have the letters a to z, digits and `_`"
    alone = not re.match(r"\w", mistake.text[mistake.offset + 1 : mistake.offset + 2])
    if name is None or not alone or re.search(r"\w\Z", mistake.text[: mistake.offset][-1:]):
        return help
    spelt = name[1].lower()
    return Advice(f"{help}: `{spelt}`", mistake.edit(spelt, mistake.offset, mistake.offset + 1))


def _quotes(mistake: Mistake) -> str | None:
    """A text in quotes that does not end on its line."""
    if mistake.word != '"':
        return None
    help = 'add a `"`'
    before = mistake.before.lstrip()
    if before.startswith(("net ", "use ")) or not before or before.endswith("="):
        line = mistake.text[mistake.offset : mistake.end].rstrip()
        colon = line.find(":")
        if before or colon > 0:
            end = mistake.offset + (len(line) if before else colon)
            return Advice(help, mistake.edit('"', end, end))
    return help


def _separators(mistake: Mistake) -> str | None:
    word = mistake.word
    if word == ";" and mistake.before:
        alone = re.fullmatch(r"[ \t]*([A-Za-z_]\w*)", mistake.before)
        if alone is not None and mistake.rest and not mistake.is_layer(alone[1]):
            return None  # a label
        help = "layers are separated by `,` or a new line"
        opener = join_around(mistake, "{") if "VBAR" in mistake.names else None
        if opener is not None and "|" not in mistake.text[opener : mistake.pairs[opener]]:
            return Advice("`|` parts the branches of a join", mistake.edit(" |"))
        if "RPAR" in mistake.names:
            return Advice("a comma parts one from the next", mistake.edit(","))
        if not mistake.rest or mistake.rest.startswith("#"):
            return Advice("no `;` stands at the end of a line", mistake.edit(""))
        start = mistake.begin + len(mistake.before)
        return Advice(help, mistake.edit(",", start))
    return _comments(mistake)


def _comments(mistake: Mistake) -> str | None:
    """Comments of other languages."""
    text, offset = mistake.text, mistake.offset
    start = offset - (text.startswith("//", offset - 1) or text.startswith("/*", offset - 1))
    around = re.compile(r"/\*(.*?)\*/|<!--(.*?)-->").match(text, start, mistake.end)
    if around is not None:
        inside = (around[1] or around[2] or "").strip()
        if around.end() >= mistake.code_end():
            return Advice("a comment begins with `#`", mistake.edit(f"# {inside}", start, around.end()))
        return "a comment begins with `#`, and goes to the end of its line"
    block = re.compile(r"/\*").match(text, start)
    if block is not None:
        closer = text.find("*/", offset)
        if 0 <= closer < offset + 2000:
            mistake.beside = closer
            end = closer + 2
            lines = text[start:end].split("\n")
            new = "\n".join(re.sub(r"^([ \t]*)(?:/\*+|\*(?!/))?[ \t]?", r"\1# ", line) for line in lines)
            return Advice(
                "a comment begins with `#`, in each of its lines",
                mistake.edit(new.replace("*/", "").rstrip(), start, end),
            )
        return "a comment begins with `#`"
    if (help := _semicolon(mistake, start)) is not None:
        return help
    if mistake.word == "%" and re.match(r"%+[ \t]+[A-Za-z]", text[offset : mistake.end]) and start > mistake.begin:
        word = re.match(r"%+[ \t]+(\w+)", text[offset : mistake.end])
        declared = rf"^[ \t]*(?:param\b|block[ \t]+\w+[ \t]*\()[^\n#]*\b{word[1] if word is not None else ''}\b"
        if text[start - 1].isspace() and re.search(declared, mistake.source, re.MULTILINE) is None:
            return Advice("a comment begins with `#`", mistake.edit("#"))
    sign = re.compile(r"(?<!\S)//+(?![=/])|(?<!\S)--(?=[ \t])|;+|%+|(?i:rem\b)|'").match(text, start, mistake.end)
    alone = not text[mistake.begin : start].strip()
    if sign is not None and (
        sign.group() in ("//", "--") or (alone and re.match(r"[ \t]+[A-Za-z]", text[sign.end() : mistake.end]))
    ):
        return Advice("a comment begins with `#`", mistake.edit("#", start, sign.end()))
    return None


def _semicolon(mistake: Mistake, start: int) -> str | None:
    """``; id`` at the head of a line in a join, where a branch begins."""
    text = mistake.text
    item = re.compile(r";[ \t]*(?:([@\[])|([A-Za-z_]\w*)([ \t]*:)?)").match(text, start, mistake.end)
    if item is None or text[mistake.begin : start].strip() or join_around(mistake, "{") is None:
        return None
    if not (item[1] or item[3] or mistake.is_layer(item[2])):
        return None
    edit = mistake.edit("|", start, start + 1)
    return Advice("`|` parts the branches of a join", edit) if mistake.reads(edit) == 1 else None


def _numbers(mistake: Mistake) -> str | None:
    for found in _BIG.finditer(mistake.text, mistake.begin, mistake.code_end()):
        if found.start() <= mistake.offset <= found.end():
            text = found.group().replace(",", "")
            return Advice(f"a number has no commas: `{text}`", mistake.edit(text, found.start(), found.end()))
    long = re.search(r"(?<![\w.])\d+(?:_\d{3})+\Z", mistake.before)
    if long is not None and mistake.word in ("/", "+"):
        text = long.group().replace("_", "")
        place = mistake.begin + long.start()
        mistake.instead(f"`{long.group()}` cannot stand here", place, mistake.begin + long.end())
        return Advice(f"a number has no underscores: `{text}`", mistake.edit(text, place, mistake.begin + long.end()))
    before = re.search(r"(?<![\w.])\d+\Z", mistake.text[mistake.begin : mistake.offset])
    after = re.match(r"(?:_\d+)+(?!\w)", mistake.text[mistake.offset : mistake.end])
    if before is not None and after is not None:
        text = before.group() + after.group().replace("_", "")
        begin = mistake.offset - len(before.group())
        whole = mistake.edit(text, begin, mistake.offset + after.end())
        return Advice(f"a number has no underscores: `{text}`", whole)
    comma = re.search(
        r"\b(?:dropout|droppath|alpha|eps|momentum|weight|weight=|eps=)[ \t]*=?[ \t]*0(,)\Z", mistake.before
    )
    if comma is not None and mistake.word.isdigit():
        place = mistake.begin + comma.start(1)
        help = f"a fraction has a point: `0.{mistake.word}`"
        return Advice(help, mistake.edit(".", place, mistake.offset))
    point = re.match(
        r"(?:.*,)?[ \t]*(?:param[ \t]+)?\w+[ \t]*=[ \t]*(\d+,\d+)[ \t]*(?:,[ \t]*[A-Za-z_].*)?\Z",
        mistake.before + mistake.text[mistake.offset : mistake.code_end()],
    )
    if point is not None and mistake.begins("param", "variant") and mistake.word.isdigit():
        start, text = mistake.begin + point.start(1), point[1].replace(",", ".")
        if start <= mistake.offset <= start + len(text):
            return Advice(f"a fraction has a point: `{text}`", mistake.edit(text, start, start + len(text)))
    share = re.search(r"(?<![\w.-])(\d+(?:\.\d+)?)[ \t]*\Z", mistake.text[mistake.begin : mistake.offset])
    if mistake.word == "%" and share is not None and not re.match(r"[\w({]", mistake.rest):
        text = f"{float(share[1]) / 100:g}"
        edit = mistake.edit(text, mistake.begin + share.start(1), mistake.span.end)
        return Advice(f"a share is a fraction: `{text}`", edit)
    fraction = re.match(r"\.\d+(?![\w.])", mistake.text[mistake.offset : mistake.end])
    if fraction is not None and not re.search(r"[\w.]\Z", mistake.text[mistake.begin : mistake.offset]):
        text = f"0{fraction.group()}"
        return Advice(f"a number begins with a digit: `{text}`", mistake.edit("0", mistake.offset, mistake.offset))
    return None


def _assignments(mistake: Mistake) -> str | None:
    """``x = conv3-64``, ``width = 1.4``"""
    signed = re.compile(r"([A-Za-z_][\w.]*)[ \t]*(:=)[ \t]*(?=\S)").match(
        mistake.text, mistake.begin + _indent(mistake), mistake.end
    )
    if mistake.word == "=" and signed is not None and signed.end(2) == mistake.offset + 1:
        return Advice(f"a label takes a colon: `{signed[1]}: …`", mistake.edit(": ", signed.end(1), signed.end()))
    found = _ASSIGNED.match(mistake.text, mistake.begin + _indent(mistake), mistake.end)
    if mistake.word == "=" and found is not None and found.end(1) <= mistake.offset < found.end():
        if found[2].isdigit() or found[2] in '"{-.' or re.match(r"(?:true|false)\b", mistake.text[found.end() :][:6]):
            place, end = found.start(), mistake.code_end()
            shown, sign = mistake.text[place:end], mistake.text[place : mistake.offset + 1]
            mistake.instead(f"`{sign}` declares nothing here", place, mistake.offset + 1)
            shown = shown if len(shown) < 60 and "`" not in shown else f"{found[1]} = …"
            return Advice(f"a parameter is declared: `param {shown}`", mistake.edit("param ", place, place))
        if found[1] in KEYWORDS:
            return None
        return Advice(f"a label takes a colon: `{found[1]}: …`", mistake.edit(": ", found.end(1), found.end()))
    return None


def _indent(mistake: Mistake) -> int:
    line = mistake.text[mistake.begin : mistake.end]
    return len(line) - len(line.lstrip())


def _missing(mistake: Mistake) -> str | None:
    """One sign that is missing, where nothing else could stand."""
    names, word = mistake.names, mistake.word
    place = mistake.begin + len(mistake.before)
    if names == {"EQUAL"} and mistake.rest + word.strip() and not re.fullmatch(r"[:,;|)\]}]", word):
        if word == "-" and (mistake.rest[:1].isdigit() and mistake.text[mistake.span.end].isspace()):
            return Advice("an `=` stands there", mistake.edit("="))  # between blanks: no minus
        edit = mistake.edit(" =", place, place)
        return Advice("an `=` is missing", edit) if mistake.reads(edit) == 1 else None
    apart = mistake.text[mistake.offset - 1 : mistake.offset].isspace()
    valued = re.search(r"[(,][ \t]*(\w+)\Z", mistake.before)
    if {"COMMA", "RPAR", "EQUAL"} <= names and valued is not None and re.fullmatch(r"\d+(?:\.\d+)?|true|false", word):
        equals = mistake.edit("=", place, mistake.offset)
        return Advice(f"an argument and its value have `=` between them: `{valued[1]}={word}`", equals)
    if {"COMMA", "RPAR"} <= names and re.fullmatch(r"\w+", word) and "TIMES" not in names and apart:
        return Advice("a comma parts one from the next", mistake.edit(",", place, place))
    quoted = re.fullmatch(r"[ \t]*(?:net[ \t]+[\w.-]+|use)", mistake.before)
    if "STRING" in names and quoted is not None and re.match(r"[\w./]", word):
        end = mistake.code_end()
        rest = mistake.text[mistake.offset : end]
        if mistake.before.lstrip().startswith("use"):
            path = re.match(r"[\w./-]+", rest)
            end = mistake.offset + (path.end() if path is not None else 0)
            rest = mistake.text[mistake.offset : end]
        if '"' not in rest and rest:
            what = "a title" if quoted.group().lstrip().startswith("net") else "a file's name"
            return Advice(f'{what} stands in quotes: `"{rest}"`', mistake.edit(f'"{rest}"', mistake.offset, end))
    return None


def _ordered(mistake: Mistake, help: str) -> str:
    """The ends of an item in their order, where each stands there once; ``-> mid`` between them names a tensor."""
    for first in _END.finditer(mistake.text, mistake.begin, mistake.offset + 1):
        parts: dict[str, str] = {}
        place = first.start()
        found: re.Match[str] | None = first
        while found is not None and (kind := found.lastgroup) is not None and kind not in parts:
            text = found[kind]
            if kind == "shape" and (name := re.fullmatch(r"->[ \t]*([A-Za-z_]\w*)", text)) and "name" not in parts:
                kind, text = "name", f"as {name[1]}"
            parts[kind] = text
            place = found.end()
            found = _END.match(mistake.text, place, mistake.code_end())
        if place > mistake.offset:
            ends = " ".join(parts[kind] for kind in ("count", "name", "shape", "excuse") if kind in parts)
            return Advice(f"what ends an item has an order: `{ends}`", mistake.edit(f" {ends}", first.start(), place))
    return help


def _order(mistake: Mistake) -> str | None:
    """The parts of an item in another order."""
    word, before, rest = mistake.word, mistake.before, mistake.rest
    again = (word in ("x", "×") and re.match(r"\w|\{", rest)) or re.fullmatch(r"x\d+", word)
    if again and re.search(r"[×x][ \t]*\w+\Z", before):
        enlarged = re.search(r"\bupsample[ \t]+([×x][ \t]*(\d{1,3}))\Z", before)
        factor = re.match(r"([ \t]*)[×x]([ \t]*)(\d{1,3})", mistake.text[mistake.begin + len(before) : mistake.end])
        if enlarged is not None and factor is not None and not factor[1] and not factor[2]:
            text, start = f"scale={enlarged[2]}x{factor[3]}", mistake.begin + enlarged.start(1)
            edit = mistake.edit(text, start, mistake.begin + len(before) + factor.end())
            return Advice(f"a factor for each axis is `{text}`", edit)
        if enlarged is not None and factor is not None:
            return f"`upsample` has one factor: `upsample ×{int(enlarged[2]) * int(factor[3])}` enlarges by both"
        return "an item has one repeat; brackets hold another: `[conv3-64 ×2] ×3`"
    ends = re.search(r"(?:\bas[ \t]+\w+|->[ \t]*[\w×{}.]+|\ballow[ \t]+\w+)\Z", before)
    if word in ("as", "×", "x", "-", "->", "allow") and ends is not None and rest:
        return _ordered(mistake, "an item ends in this order: `×2`, `as name`, `-> 64x112x112`, `allow ND301`")
    if word == "else":
        return "an `else` follows the `}` of its `if`"
    return None


def _rest(mistake: Mistake) -> str | None:
    word, names = mistake.word, mistake.names
    if word == "(" and "LPAR" not in names and re.search(r"\w\Z", mistake.before):
        return "attributes are written `name=value`, an expression in braces"
    return None


#: Signs without another meaning, before all other rules.
FIRST: tuple[Callable[[Mistake], str | None], ...] = (_quotes, _signs, _separators, papers.sizes, papers.paper)
RULES: tuple[Callable[[Mistake], str | None], ...] = (
    _numbers, operators, braces, _assignments, _missing, products, _order, _rest,
)  # fmt: skip
