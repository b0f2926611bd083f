"""Repairs of a sign or two that come after all others: a sign in two parts, one too many, one in the place of a comma.

Rules of the same form as those of ``signs.py``; ``advice.py`` tries them all.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from netdsl.diagnostics import Advice
from netdsl.syntax.helps.mistake import STATEMENTS, Mistake

_RELATION = r"(?:<=|>=|==|!=|<|>)"
#: So many letters before a place are looked at.
_NEAR = 200


def _halves(mistake: Mistake) -> str | None:
    """``< =``, ``* *``, ``- >``: a sign in two parts."""
    found = re.search(
        r"([<>=!*/.-])[ \t]+\Z", mistake.text[max(mistake.begin, mistake.offset - _NEAR) : mistake.offset]
    )
    if found is None:
        return None
    sign = found[1] + mistake.word
    if sign not in ("<=", ">=", "==", "!=", "**", "//", "->", ".."):
        return None
    place = mistake.begin + len(mistake.before)
    return Advice(f"no blank stands in a sign: `{sign}`", mistake.edit("", place, mistake.offset))


def _decimal(mistake: Mistake) -> str | None:
    """``0x10``, ``1.``"""
    before = mistake.text[max(mistake.begin, mistake.offset - _NEAR) : mistake.offset]
    if re.search(r"(?<![\w.])0\Z", before) and re.fullmatch(r"x[0-9A-Fa-f]{1,8}", mistake.word):
        number = str(int(mistake.word[1:], 16))
        edit = mistake.edit(number, mistake.offset - 1, mistake.span.end)
        return Advice(f"numbers are decimal: `{number}`", edit)
    whole = re.search(r"(?<![\w.])(\d+)\Z", before)
    if mistake.word == "." and whole is not None and not re.match(r"[\w.]", mistake.text[mistake.span.end :][:1]):
        next = re.match(r"[ \t]+([A-Za-z]\w*)", mistake.text[mistake.span.end : mistake.end])
        if next is not None and mistake.is_layer(next[1]) and "COMMA" in mistake.names:
            return Advice("a comma stands between two layers", mistake.edit(","))
        if re.search(r"\w-\d+\Z", before):
            return None
        edit = mistake.edit("0", mistake.span.end, mistake.span.end)
        if mistake.reads(edit) != 1:
            return None
        return Advice(f"a fraction has a digit behind its point: `{whole[1]}.0`", edit)
    return None


def _chained(mistake: Mistake) -> str | None:
    """``1 < n < 3``"""
    if "AND" not in mistake.names or mistake.word[:1] not in ("<", ">", "=", "!"):
        return None
    before = mistake.text[max(mistake.begin, mistake.offset - _NEAR) : mistake.offset]
    first = re.search(rf"([\w.]+)[ \t]*({_RELATION})[ \t]*([\w.]+)[ \t]*\Z", before)
    second = re.match(rf"({_RELATION})[ \t]*([\w.]+)", mistake.text[mistake.offset : mistake.end])
    if first is None or second is None:
        return None
    text = f"{first[1]} {first[2]} {first[3]} and {first[3]} {second[1]} {second[2]}"
    edit = mistake.edit(f"and {first[3]} ", mistake.offset, mistake.offset)
    return Advice(f"two comparisons have `and` between them: `{text}`", edit)


def _times(mistake: Mistake) -> str | None:
    """``{4 × c}``"""
    if mistake.word not in ("×", "x") or not mistake.computes or re.search(r"\w\([^()]*\Z", mistake.before[-_NEAR:]):
        return None
    return Advice("here a product is written `*`", mistake.edit("*"))


def _ramp(mistake: Mistake) -> str | None:
    """``dropout {0..0.5}``"""
    before = re.search(
        r"\{[ \t]*([\w.]+?)[ \t]*\.{0,2}\Z", mistake.text[max(0, mistake.offset - _NEAR) : mistake.offset]
    )
    opener = mistake.offset - len(before.group()) if before is not None else -1
    closer = mistake.pairs.get(opener)
    if before is None or closer is None or closer > mistake.end:
        return None
    ends = re.fullmatch(r"[ \t]*([\w.]+?)[ \t]*(\.\.<?)[ \t]*([\w.]+)[ \t]*", mistake.text[opener + 1 : closer])
    if ends is None:
        return None
    text = "".join(
        part if part[0].isdigit() or part[0] == "." else f"{{{part}}}" for part in (ends[1], ends[2], ends[3])
    )
    return Advice(f"a ramp stands without braces: `{text}`", mistake.edit(text, opener, closer + 1))


def _comma(mistake: Mistake) -> str | None:
    """``relu & conv3-8``, ``add { … } + relu``: another sign in the place of a comma."""
    if "COMMA" not in mistake.names or not re.fullmatch(r"[^\w\s\"'`(){}\[\]#,|@:=/.-]", mistake.word):
        return None
    after = re.match(r"[ \t]*((?:soft-)?[A-Za-z_]\w*)", mistake.text[mistake.span.end : mistake.end])
    if after is None or not mistake.is_layer(after[1]) or after[1] == "id":
        return None
    start = mistake.begin + len(mistake.before)
    blank = "" if mistake.text[mistake.span.end].isspace() else " "
    if mistake.word == "&" and blank and mistake.text[mistake.offset - 1].isspace():
        return f"`+{after[1]}` stands in the place of what a style adds, and `, {after[1]}` behind it"
    return Advice("a comma stands between two layers", mistake.edit(f",{blank}", start))


def _channels(mistake: Mistake) -> str | None:
    """``conv3 groups=2 -64``, ``conv3 valid-64``: channels behind flags or attributes."""
    if mistake.word != "-":
        return None
    item = max(mistake.item(), mistake.offset - _NEAR)
    found = re.search(
        r"(?<![\w-])([A-Za-z]\w*)((?:/[\w{}×]+)?(?:[ \t]+\w+(?:=[\w.{}]+)?)*)[ \t]*\Z",
        mistake.text[item : mistake.offset],
    )
    channels = re.match(r"-[ \t]*(\d+|\{[^{}\n]*\})(?![\w-])", mistake.text[mistake.offset : mistake.end])
    if found is None or channels is None or not found[2] or not mistake.is_layer(found[1]):
        return None
    text = f"{found[1]}-{channels[1]}{found[2]}"
    edit = mistake.edit(text, item + found.start(), mistake.offset + channels.end())
    return Advice(f"channels stand right behind the kernel: `{text}`", edit)


def _behind_repeat(mistake: Mistake) -> str | None:
    """``maxpool3 ×2 pad=1``"""
    if mistake.word != "=":
        return None
    start = max(mistake.item(), mistake.offset - _NEAR)
    found = re.search(
        r"([A-Za-z][\w/{}-]*)([ \t]+[×x][ \t]*(?:\d+|\{[^{}\n]*\}))[ \t]+(\w+)\Z", mistake.text[start : mistake.offset]
    )
    value = re.match(r"=(?:[\w.]+|\{[^{}\n]*\})", mistake.text[mistake.offset : mistake.end])
    if (
        found is None
        or value is None
        or found[1].lower() == "upsample"
        or not mistake.is_layer(re.split("[-/{]", found[1])[0])
    ):
        return None
    text = f"{found[1]} {found[3]}{value.group()}{found[2]}"
    edit = mistake.edit(text, start + found.start(), mistake.offset + value.end())
    return Advice(f"what belongs to a layer stands before its repeat: `{text}`", edit)


def _bodies(mistake: Mistake) -> str | None:
    """``else gelu``, ``block f(c) conv3-c``: a body without its braces."""
    head = re.match(r"[ \t]*(?:.*(?<!\w)(else)|(block)[ \t]+\w+[ \t]*(?:\([^()]*\))?)[ \t]*\Z", mistake.before[-_NEAR:])
    end = mistake.code_end()
    rest = mistake.text[mistake.offset : end]
    if head is None or "LBRACE" not in mistake.names or not rest or re.search(r"[{}|,]", rest):
        return None
    help = f"what belongs to `{head[1] or head[2]}` stands in braces"
    shown = f": `{head[1]} {{ {rest} }}`" if head[1] and len(rest) < 40 and "`" not in rest else ""
    return Advice(help + shown, mistake.edit(f"{{ {rest} }}", mistake.offset, end))


def _lines(mistake: Mistake) -> str | None:
    """``block f { relu } conv3-8``, ``net a conv3-8``: what follows a statement in its line."""
    if not {"$END", "_NL"} & mistake.names or "COMMA" in mistake.names or not mistake.word.strip():
        return None
    head = re.match(r"([ \t]*)(\w+)", mistake.text[mistake.begin : mistake.end])
    after = re.match(r"(?:soft-)?[A-Za-z_]\w*", mistake.text[mistake.offset : mistake.end])
    apart = mistake.text[mistake.offset - 1 : mistake.offset]
    if not apart.isspace() and apart not in ("}", ")"):
        return None
    if head is None or head[2] not in STATEMENTS or after is None or not mistake.is_layer(after.group()):
        return None
    edit = mistake.edit(f"\n{head[1]}", mistake.begin + len(mistake.before), mistake.offset)
    help = Advice(f"a line ends behind `{head[2]} …`: what follows stands on its own", edit)
    return help if mistake.reads(edit) == 1 else None


def _sign(mistake: Mistake) -> str | None:
    """A sign that has no meaning in its place, and nothing to say: ``relu .``, ``<conv3-8``."""
    text, word = mistake.text, mistake.word
    if len(word) != 1 or word.isalnum() or word in '"`()[]{}#_\\' or not word.isprintable() or word.isspace():
        return None
    after = text[mistake.span.end : mistake.end]
    if word == "'" and "'" in after + mistake.before:
        return None
    joins = re.search(r"\w\Z", text[mistake.begin : mistake.offset][-1:]) and re.match(r"\w", after)
    if word in "<>" and re.search(r"\w\Z", mistake.before) and re.match(r"[ \t]*[\w{]", after):
        return None
    listed = word == "," and re.match(r"[ \t]*\w", after)
    if listed or re.fullmatch(r"[ \t]*,[ \t]*", after):
        return None
    if joins or (
        word in ("-/*=×+:.@~≈" if mistake.begins("expect") else "-/*=×+:.@") and re.match(r"[ \t]*[\w{(\"]", after)
    ):
        return None
    start = mistake.offset
    if not after[:1].strip():
        start = mistake.begin + len(mistake.before) if mistake.before else start
    shown = f"leave the `{word}` out"
    edit = mistake.edit("", start)
    return Advice(shown, edit) if (mistake.before or after.strip()) and mistake.reads(edit) == 1 else None


RULES: tuple[Callable[[Mistake], str | None], ...] = (
    _halves, _decimal, _chained, _times, _ramp, _comma, _channels, _behind_repeat, _bodies, _lines, _sign,
)  # fmt: skip
