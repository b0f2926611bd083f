"""One sign typed for another inside a layer, a size or a word: `conv3=c`, `pad-1`, `-> 16X32x32`, `con v3-64`.

Rules of the same form as those of ``signs.py``. They come before those that put a comma in, or take a
sign out, wherever a line is read with that.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from netdsl.diagnostics import Advice
from netdsl.syntax.helps import surplus
from netdsl.syntax.helps.mistake import ATTRIBUTES, KEYWORDS, STATEMENTS, Mistake
from netdsl.syntax.helps.places import QUANTITIES

#: So many letters on each side of a place are looked at.
_NEAR = 300
#: Layers that make channels, with a kernel where they have one.
_WIDE = re.compile(r"(?<![\w.@=-])((?:[a-z]*conv)\d[\dx×]*|fc|linear)([ \t]*=[ \t]*|[ \t]+)\Z", re.IGNORECASE)
_VALUE = r"(?:\d+(?:\.\d+)?|\{[^{}\n]*\}|[A-Za-z_]\w*)"
#: Second words of layers that are one word here, and two elsewhere.
_OTHER_HALVES = frozenset(["pool", "max", "pooling", "norm", "conv"])
#: What stands behind `=` where a hyphen should, and is no attribute's own word.
_CHANNELS = re.compile(
    r"(?:\d+|\{[^{}\n]*\}|[A-Za-z_]\w*(?=[ \t]*(?:$|[,|\]})/×+#]|(?:as|plain|valid)\b|->)))(?![\w=(])"
)


def _around(mistake: Mistake) -> tuple[str, str]:
    """What stands before and behind the place of a mistake, in its line."""
    begin = max(mistake.begin, mistake.offset - _NEAR)
    return mistake.text[begin : mistake.offset], mistake.text[mistake.offset : mistake.end][:_NEAR]


def _sizes(mistake: Mistake) -> str | None:
    """``-> 16X32x32``, ``-> 112xx112``, ``-> 2plain``: what no size is, right behind one."""
    before, after = _around(mistake)
    run = re.search(r"(?:->[ \t]*|^[ \t]*input(?:[ \t]+[A-Za-z_]\w*)?[ \t]+)(\d[\w×]*)\Z", before)
    rest = re.match(r"[A-Za-z_]\w*", after)
    if run is None or rest is None or re.fullmatch("[xX]+", rest.group()):
        return None
    text = re.sub(r"[xX×*_]+", "x", run[1] + rest.group())
    start = mistake.offset - len(run[1])
    if re.fullmatch(r"\d+(?:x\d+)*", text):
        edit = mistake.edit(text, start, mistake.offset + rest.end())
        return Advice(f"sizes are written `{text}`", edit)
    if "->" not in before:
        return None
    first = re.match(r"\d+", run[1])
    assert first is not None
    return f"sizes are written `{first.group()}x64x64`"


def _hyphen(mistake: Mistake) -> str | None:
    """``conv3=c``, ``fc=10``, ``conv9 8/4``: channels with another sign before them, or none."""
    if mistake.begins("param", "style", "init", "expect"):
        return None
    before, after = _around(mistake)
    sign = "="
    if mistake.word == "=":
        found, value = _WIDE.search(before + "="), _CHANNELS.match(after[1:].lstrip())
        blank = len(after[1:]) - len(after[1:].lstrip())
        end = mistake.offset + 1 + blank + (value.end() if value is not None else 0)
    elif mistake.word == "/":
        found = re.search(r"(?<![\w.@=-])([a-z]*conv\d[\dx×]*)([ \t]+)(?=(\d+)\Z)", before, re.IGNORECASE)
        value = re.search(r"\d+\Z", before)
        end, sign = mistake.offset, ""
    else:
        return None
    if found is None or value is None or not mistake.is_layer(found[1]):
        return None
    text = f"{found[1]}-{value.group()}"
    start = mistake.offset - len(before) + found.start(1)
    stride = re.match(r"/[\w{}×]+", mistake.text[end : mistake.end])
    place = start + len(found[1])
    edit = mistake.edit("-", place, end - len(value.group()))
    if mistake.reads(edit) != 1:
        return None
    if not sign:
        mistake.instead(f"`{value.group()}` cannot stand here", end - len(value.group()), end)
    return Advice(f"channels stand behind a hyphen: `{text}{stride.group() if stride else ''}`", edit)


def _equals(mistake: Mistake) -> str | None:
    """``pad-1``, ``bias-false``, ``pad= bias=false``, ``=false``: an attribute with another sign, or a part of one."""
    before, after = _around(mistake)
    if mistake.word == "-":
        named = re.search(rf"[\w)}}\]][ \t]+({'|'.join(ATTRIBUTES)})\Z", before)
        value = re.match(rf"-({_VALUE})(?![\w(-])", after)
        if named is None or value is None or mistake.computes:
            return None
        edit = mistake.edit("=")
        if mistake.reads(edit) != 1:
            return None
        return Advice(f"a value stands behind `=`: `{named[1]}={value[1]}`", edit)
    if mistake.word != "=" or mistake.begins(*STATEMENTS):
        return None
    if re.search(r"[ \t][A-Za-z_]\w*=[ \t]+[A-Za-z_]\w*\Z", before):
        return surplus.valueless(before)
    alone = re.search(r"[\w}][ \t]+\Z", before)
    value = re.match(r"=[ \t]*(true|false)\b", after)
    if alone is None or value is None or re.search(r"(?:\A|[,|{\[(:])[ \t]*[A-Za-z_]\w*[ \t]+\Z", before):
        return None
    named_so = re.search(r"[ \t]([A-Za-z_]\w*)[ \t]+\Z", before)
    if named_so is not None and not named_so[1][-1].isdigit():
        return None
    return f"the name of an attribute stands before its value: `bias={value[1]}`"


def _two_halves(mistake: Mistake) -> str | None:
    """``con v3-64``, ``lev el(4)``: a blank inside a word."""
    line = mistake.text[mistake.begin : mistake.end]
    offset = mistake.offset - mistake.begin
    for found in re.finditer(r"(?<![\w.@-])([A-Za-z_]\w*)([ \t]+)(?=(\w+))", line):
        if not found.start() <= offset <= found.end() + len(found[3]):
            continue
        first, second = found[1], found[3]
        whole = first + second
        if first in KEYWORDS or second.lower() in _OTHER_HALVES or mistake.is_layer(first):
            continue
        if not mistake.is_layer(whole):
            continue
        edit = mistake.edit("", mistake.begin + found.start(2), mistake.begin + found.end(2))
        if mistake.reads(edit) == 1:
            start = mistake.begin + found.start()
            mistake.instead(f"`{first} {second}` is no layer", start, mistake.begin + found.end() + len(second))
            return Advice(f"no blank stands in a word: `{whole}`", edit)
    return None


def _again(mistake: Mistake) -> str | None:
    """``style conv conv = _``, ``(t t)``, ``conv1 conv1-2``: a word, or the beginning of one, that stands twice."""
    line = mistake.text[mistake.begin : mistake.end]
    offset = mistake.offset - mistake.begin
    for found in re.finditer(r"(?<![\w.@=-])([A-Za-z_]\w*)[ \t]+(?=\1(?!\w))", line):
        word = found[1]
        end = found.end() + len(word)
        if not found.start() <= offset <= end or (mistake.is_layer(word) and line[end : end + 1] not in ("-", " ")):
            continue
        edit = mistake.edit("", mistake.begin + found.start(), mistake.begin + found.end())
        if mistake.is_layer(word) and line[end : end + 1] == " " and not mistake.begins("style", "init"):
            continue
        if mistake.reads(edit):
            mistake.instead(f"`{word}` stands twice", mistake.begin + found.end(), mistake.begin + end)
            return Advice("once is enough: leave one out", edit)
    return None


def _variant(mistake: Mistake) -> str | None:
    """``56: n = 9`` without its ``variant``"""
    if mistake.word not in ("=", ":") and not mistake.word[:1].isdigit():
        return None
    line = mistake.text[mistake.begin : mistake.code_end()]
    found = re.fullmatch(r"[ \t]*([\w.-]+)[ \t]*:[ \t]*([A-Za-z_]\w*)[ \t]*=(?!=).*", line)
    if found is None or found[1] in KEYWORDS or mistake.is_layer(found[2]):
        return None
    name = re.escape(found[2])
    if re.search(rf"^[ \t]*param\b[^#\n]*\b{name}[ \t]*=", mistake.text, re.MULTILINE) is None:
        return None
    place = mistake.begin + found.start(1)
    edit = mistake.edit("variant ", place, place)
    if mistake.reads(edit) != 1:
        return None
    mistake.instead(f"`{found[1]}: {found[2]} =` declares nothing here", place, mistake.begin + found.end(2))
    return Advice(f"a variant is declared: `variant {found[1]}: {found[2]} = …`", edit)


def _block(mistake: Mistake) -> str | None:
    """``unit(c, s = 1) {`` without its ``block``"""
    line = mistake.text[mistake.begin : mistake.end]
    name, default = r"[A-Za-z_]\w*", r"(?:[ \t]*=[^,()\n]*)?"
    given = rf"(?:[ \t]*{name}{default}[ \t]*(?:,[ \t]*{name}{default}[ \t]*)*)?"
    found = re.match(rf"[ \t]*({name})[ \t]*\(({given})\)[ \t]*\{{", line)
    if found is None or mistake.word not in ("{", "=") or found[1] in KEYWORDS or mistake.is_layer(found[1].lower()):
        return None
    place = mistake.begin + found.start(1)
    edit = mistake.edit("block ", place, place)
    if mistake.reads(edit) == 0:
        return None
    mistake.instead(f"`{found[1]}(…) {{` declares nothing here", place, mistake.begin + found.end())
    shown = f"{found[1]}({found[2]})"
    return Advice(f"a block is declared: `block {shown if len(shown) < 60 else found[1]} {{ … }}`", edit)


def _expected(mistake: Mistake) -> str | None:
    """``params = 3, macs = 4`` without its ``expect``"""
    line = mistake.text[mistake.begin : mistake.code_end()]
    found = re.match(rf"[ \t]*({'|'.join(QUANTITIES)})[ \t]*(?:\([^()\n]*\)[ \t]*)?(?:=|<=|>=|<|>)", line)
    if found is None or mistake.word[:1] not in ("=", "<", ">"):
        return None
    others = re.search(rf",[ \t]*(?:{'|'.join(QUANTITIES)})[ \t]*(?:=|<|>)", line)
    if found[1] == "depth" and others is None and not re.search(r"^[ \t]*expect\b", mistake.text, re.MULTILINE):
        return None
    place = mistake.begin + found.start(1)
    edit = mistake.edit("expect ", place, place)
    if mistake.reads(edit) != 1:
        return None
    mistake.instead(f"`{found[1]}` is a quantity, and expects nothing here", place, place + len(found[1]))
    return Advice(f"what a net must have is expected: `expect {found[1]} …`", edit)


def _reference(mistake: Mistake) -> str | None:
    """``&stem`` for ``@stem``"""
    if mistake.word != "&" or not {"SOFTMAX", "NAME"} & mistake.names:
        return None
    name = re.match(r"&([A-Za-z_]\w*)", mistake.text[mistake.offset : mistake.end])
    if name is None or mistake.is_layer(name[1]):
        return None
    named = rf"(?<![\w.@])(?:(?:as|input)[ \t]+{name[1]}(?!\w)|{name[1]}[ \t]*:)"
    if re.search(named, mistake.source) is None:
        return None
    return Advice(f"a tensor is taken up by `@`: `@{name[1]}`", mistake.edit("@"))


def _label(mistake: Mistake) -> str | None:
    """``tower conv3-8``, ``squeeze; conv3-8``: a label that is taken up elsewhere, without its colon."""
    line = mistake.text[mistake.begin : mistake.end]
    offset = mistake.offset - mistake.begin
    for found in re.finditer(r"(?<![\w.@=-])([A-Za-z_]\w*)([ \t]*[;=][ \t]*|[ \t]+)(?=[\w\[@\"(])", line):
        if not found.start() <= offset <= found.end() + 40 or found[1] in KEYWORDS or mistake.is_layer(found[1]):
            continue
        if not re.search(r"(?:\A|[,|{\[(])[ \t]*\Z", line[: found.start()]):
            continue
        sign = found[2].strip()
        taken = re.search(rf"(?:@|\breuse[ \t]+){found[1]}(?!\w)", mistake.source)
        after = re.match(r"\[|[A-Za-z_]\w*", line[found.end() :])
        item = after is not None and (after.group() == "[" or mistake.is_layer(after.group()))
        if not item or not (taken is not None or sign == ";"):
            continue
        edit = mistake.edit(": ", mistake.begin + found.start(2), mistake.begin + found.end(2))
        if mistake.reads(edit) == 1:
            if not sign:
                start = mistake.begin + found.start(1)
                mistake.instead(f"there is no layer called `{found[1]}`", start, start + len(found[1]))
            return Advice(f"a label takes a colon: `{found[1]}: …`", edit)
    return None


def _fraction(mistake: Mistake) -> str | None:
    """``bias=0,1`` in an ``init``, ``x1,0`` among columns: a comma for a point."""
    line = mistake.text[mistake.begin : mistake.code_end()]
    offset = mistake.offset - mistake.begin
    for found in re.finditer(r"(?<![\w.])(\w*\d),(\d+)(?![\w.,])", line):
        if not found.start() <= offset <= found.end():
            continue
        table = re.search(r"(?:\btable[ \t\n]+|\|)[^{}\n]*\Z", line[: found.start()]) and line.endswith("{")
        if not mistake.begins("init") and not (table and re.search(rf"\b{found[1]}\.{found[2]}\b", mistake.text)):
            continue
        place = mistake.begin + found.end(1)
        text = f"{found[1]}.{found[2]}"
        what = "a name has a point" if found[1][0].isalpha() else "a fraction has a point"
        edit = mistake.edit(".", place, place + 1)
        if mistake.reads(edit) == 1:
            return Advice(f"{what}: `{text}`", edit)
    return None


def _unequal(mistake: Mistake) -> str | None:
    """``in.c !- c``"""
    sign = re.match(r"![-~=]?[ \t]*(?=[\w(])", mistake.text[mistake.offset : mistake.end])
    if mistake.word != "!" or sign is None or not mistake.computes:
        return None
    edit = mistake.edit("!= ", mistake.offset, mistake.offset + sign.end())
    return Advice("what differs is compared by `!=`", edit) if mistake.reads(edit) else None


RULES: tuple[Callable[[Mistake], str | None], ...] = (
    _sizes, _two_halves, _again, _hyphen, _equals, _variant, _block, _expected, _reference, _label, _fraction,
    _unequal,
)  # fmt: skip
