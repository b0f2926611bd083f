"""Rows of printed tables and of drafts in which another rule would see something else.

Sizes before a row, headings between rows, numbers behind a label, values that run through a list. Rules of the same
form as those of ``signs.py``; ``advice.py`` tries them all.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

from netdsl.diagnostics import Advice, shortened
from netdsl.syntax.helps.mistake import KEYWORDS, Mistake
from netdsl.syntax.helps.places import QUANTITIES

_HEADING = re.compile(
    r"\d{1,4}[ \t]+(?:weight[ \t]+|conv[ \t]+)?layers?(?:[ \t]*+\|[ \t]*+\d{1,4}(?:[ \t]++[a-z \t]{1,20}+)?+)*+"
)
_SIZED = re.compile(r"(\d+)[ \t]*[x×][ \t]*(\d+)(?:[ \t]*[x×][ \t]*\d+)?[ \t]*\|[ \t]*([A-Za-z_][^|#]*)")
_NUMBERS = r"\d+(?:[ \t]*,[ \t]*\d+)*"
_WORDS = re.compile(
    r"(\d+)[ \t]*[x×][ \t]*(\d+)[ \t]+conv(?:olution)?s?(?:[ \t]*,?[ \t]*(?:stride|/)[ \t]*(\d))?"
    r"(?=[ \t]*(?:$|[\]}|]|,(?![ \t]*(?:\d+(?![ \t]*[x×])|stride|/))))",
    re.IGNORECASE,
)
_LIST = r"\[[ \t]*(\d+(?:[ \t]*,[ \t]*\d+)*)[ \t]*,?[ \t]*\]"
_TYPE = re.compile(r"(?<![\w.])(?:int|float|bool|str|string|number|tensor)[ \t]+(?=[A-Za-z_])", re.IGNORECASE)
#: A layer with a word behind it to which a stride, or a kernel with a `*`, was written.
_FLAGGED = re.compile(r"(?<![\w.@-])([A-Za-z]\w*(?:-[\w{}*]+)?)([ \t]+(?:valid|same|ceil|plain))/(\d+)(?![\w-])")
_STARRED = re.compile(
    r"(?<![\w.@-])([A-Za-z]+)(?:(\d+)\*(\d+)|[ \t]+\([ \t]*(\d+)[ \t]*,[ \t]*(\d+)[ \t]*\))(?=[-/]\w)"
)


def _line(mistake: Mistake) -> tuple[str, int]:
    """The line without the blanks around it and its comment, and where it begins."""
    text = mistake.text[mistake.begin : mistake.code_end()]
    return text.strip(), mistake.begin + len(text) - len(text.lstrip())


def _sized(mistake: Mistake) -> str | None:
    """``112×112 | conv7-64/2``: the output's size before its row."""
    line, begin = _line(mistake)
    found = _SIZED.fullmatch(line)
    word = re.match(r"\w+", found[3]) if found is not None else None
    if found is None or word is None or not mistake.is_layer(word.group()) or "->" in line:
        return None
    text = f"{found[3].strip()} -> {found[1]}x{found[2]}"
    help = "the size of the output stands behind what gives it" + (f": `{text}`" if len(text) <= 60 else "")
    return Advice(help, mistake.edit(text, begin, begin + len(line)))


def _heading(mistake: Mistake) -> str | None:
    """``11 weight layers | 13 weight layers``"""
    line, begin = _line(mistake)
    if _HEADING.fullmatch(line) is None:
        return None
    return Advice("a heading is a remark here: it begins with `#`", mistake.edit("# ", begin, begin))


def _maps(mistake: Mistake) -> str | None:
    """``conv 6@5x5``: how many maps, and their window."""
    for found in re.finditer(r"(?<![\w.])(conv\w*)[ \t]+(\d+)[ \t]*@[ \t]*(\d+)[x×](\d+)", _text(mistake), re.I):
        if mistake.begin + found.start() <= mistake.offset <= mistake.begin + found.end():
            if max(int(found[3]), int(found[4])) > 11 or int(found[3]) % 2 == int(found[4]) % 2 == 0:
                text = f"conv5-{found[2]} valid -> {found[3]}x{found[4]}"
                return f"`{found[2]}@{found[3]}x{found[4]}` is what leaves: with a window of 5×5 it is `{text}`"
            kernel = found[3] if found[3] == found[4] else f"{found[3]}x{found[4]}"
            return f"it is written `conv{kernel}-{found[2]}`, or `conv{kernel}-{found[2]} valid` without padding"
    for found in re.finditer(r"(?<![\w.])(conv)[ \t]+(\d+)[x×](\d+)[ \t]*@[ \t]*(\d+)(?![x×\d])", _text(mistake), re.I):
        if mistake.begin + found.start() <= mistake.offset <= mistake.begin + found.end():
            text = f"conv{found[2] if found[2] == found[3] else f'{found[2]}x{found[3]}'}-{found[4]}"
            edit = mistake.edit(text, mistake.begin + found.start(), mistake.begin + found.end())
            return Advice(f"it is written `{text}`", edit)
    return None


def _text(mistake: Mistake) -> str:
    return mistake.text[mistake.begin : mistake.code_end()]


def _labelled(mistake: Mistake) -> str | None:
    """``fc6: 4096, fc7: 4096``, ``fire2: 16, 64, 64``: numbers of a layer or a block that the label alone names."""
    line, begin = _line(mistake)
    found = re.fullmatch(rf"([A-Za-z_]+?)(_?\d*[a-z]?):[ \t]*({_NUMBERS})", line)
    if found is not None:
        block = re.search(rf"^[ \t]*block[ \t]+({re.escape(found[1])})[ \t]*\(([^()]*)\)", mistake.text, re.M | re.I)
        numbers = re.split(r"[ \t]*,[ \t]*", found[3])
        if block is not None and len(numbers) <= block[2].count(",") + 1:
            text = f"{block[1]}({', '.join(numbers)})"
            edit = mistake.edit(text, begin + found.start(3), begin + len(line))
            return Advice(f"a block is called by its name: `{found[1]}{found[2]}: {text}`", edit)
    places = [
        *re.finditer(r"(?<![\w.])(fc|linear|dense|conv(?=\w*:[ \t]))(_?\d*):[ \t]*(\d+)(?=[ \t]*(?:,|$))", line, re.I)
    ]
    here = next((one for one in places if begin + one.start(3) == mistake.offset), None)
    if here is None:
        return None
    if here[1].lower() == "conv":
        return f"a label is no layer: `{here[1]}{here[2]}: conv3-{here[3]}`"
    edits = [mistake.edit("fc-", begin + one.start(3), begin + one.start(3)) for one in places if one[1] != "conv"]
    return Advice(f"a label is no layer: `{here[1]}{here[2]}: fc-{here[3]}`", *edits)


def _called(mistake: Mistake) -> str | None:
    """``inception (3a) 28×28×256 2 64 96 128 16 32 32 159K 128M``: a row of GoogLeNet's table."""
    line, begin = _line(mistake)
    found = re.fullmatch(
        r"([A-Za-z_]\w*)[ \t]*\((\d+[a-z])\)(?:[ \t]+(\d+)[x×](\d+)[x×]\d+)?((?:[ \t]+\d+)*)(?:[ \t]+[\d.]+[KMG])*",
        line,
    )
    if found is None or not found[5]:
        return None
    numbers = found[5].split()
    block = re.search(rf"^[ \t]*block[ \t]+{found[1]}[ \t]*\(([^()]*)\)", mistake.text, re.MULTILINE)
    if len(numbers) == 7 and len(numbers[0]) == 1:
        numbers = numbers[1:]  # the depth
    text = f"{found[1]}{found[2]}: {found[1]}({', '.join(numbers)})" + (
        f" -> {found[3]}x{found[4]}" if found[3] else ""
    )
    if block is None or block[1].count(",") + 1 != len(numbers):
        mistake.instead(f"`{shortened(line, 60)}` is no layer as it stands", begin, begin + len(line))
        return f"a row calls a block of the file: `{text}`"
    return Advice(f"it is written `{text}`", mistake.edit(text, begin, begin + len(line)))


def _share(mistake: Mistake) -> str | None:
    """``dropout (40%)``"""
    for found in re.finditer(
        r"(?<![\w.])(dropout|droppath)[ \t]*\([ \t]*(\d+(?:\.\d+)?)[ \t]*%[ \t]*\)", _text(mistake)
    ):
        start, end = mistake.begin + found.start(), mistake.begin + found.end()
        if start <= mistake.offset <= end:
            text = f"{found[1]} {float(found[2]) / 100:g}"
            return Advice(f"a share is a fraction: `{text}`", mistake.edit(text, start, end))
    return None


def _in_words(mistake: Mistake) -> str | None:
    """``7×7 conv, stride 2``, which does not say its channels; ``7×7 global average pool``"""
    line, begin = _line(mistake)
    pooled = re.fullmatch(r"\d+[x×]\d+[ \t]+global[ -]+(average|avg|max)[ -]?pool(?:ing)?", line, re.IGNORECASE)
    if pooled is not None:
        text = "gmp" if pooled[1].lower() == "max" else "gap"
        return Advice(f"it is written `{text}`", mistake.edit(text, begin, begin + len(line)))
    found = _WORDS.match(mistake.text, mistake.offset, mistake.code_end())
    if found is None:
        return None
    kernel = found[1] if found[1] == found[2] else f"{found[1]}x{found[2]}"
    text = f"conv{kernel}-64" + (f"/{found[3]}" if found[3] and found[3] != "1" else "")
    return f"a convolution says its channels too, behind a hyphen: with 64 it is `{text}`"


def _kernels(mistake: Mistake) -> str | None:
    """``conv7*1-192``, ``conv (1,7)-128``, ``conv3-64 valid/2``"""
    line = _text(mistake)
    for found in _STARRED.finditer(line):
        start, end = mistake.begin + found.start(), mistake.begin + found.end()
        if start <= mistake.offset <= end + 1 and mistake.is_layer(found[1]):
            text = f"{found[1]}{found[2] or found[4]}x{found[3] or found[5]}"
            return Advice(f"a kernel stands at its word: `{text}`", mistake.edit(text, start, end))
    for found in _FLAGGED.finditer(line):
        start, end = mistake.begin + found.start(), mistake.begin + found.end()
        if start <= mistake.offset <= end and mistake.is_layer(re.split("[-{]", found[1])[0]):
            text = f"{found[1]}/{found[3]}{found[2]}"
            return Advice(f"a stride stands at its layer: `{text}`", mistake.edit(text, start, end))
    return None


def _ends(mistake: Mistake) -> str | None:
    """``conv3-64, -> 64x32x32``, ``maxpool allow(ND301)``"""
    after = mistake.text[mistake.offset : mistake.end]
    if mistake.before.endswith(",") and re.match(r"->[ \t]*[\d{]", after):
        comma = mistake.begin + len(mistake.before) - 1
        return Advice("`->` stands right behind its item, without a comma", mistake.edit("", comma, comma + 1))
    found = re.match(r"[(\[][ \t]*((?:ND\d+[ \t,]*)+)[)\]]", after)
    if found is None or not re.search(r"(?<!\w)allow\Z", mistake.before):
        return None
    text = f"allow {', '.join(re.findall(r'ND[0-9]+', found[1]))}"
    start = mistake.begin + len(mistake.before) - len("allow")
    return Advice(f"it is written `{text}`", mistake.edit(text, start, mistake.offset + found.end()))


def _parameters(mistake: Mistake) -> str | None:
    """``block a(int c, bool last = false)``, ``block up(c, @skip)``"""
    head = re.match(r"[ \t]*block[ \t]+\w+[ \t]*\(", mistake.text[mistake.begin : mistake.end])
    opener = mistake.begin + head.end() - 1 if head is not None else -1
    closer = mistake.pairs.get(opener)
    if closer is None or not opener < mistake.offset < closer <= mistake.end:
        return None
    inside = mistake.text[opener + 1 : closer]
    typed = [*_TYPE.finditer(inside)]
    if typed:
        edits = [mistake.edit("", opener + 1 + one.start(), opener + 1 + one.end()) for one in typed]
        first = re.match(r"\w+", inside[typed[0].end() :])
        assert first is not None
        return Advice(f"a parameter has a name and no type: `{first.group()}`", *edits)
    if mistake.word != "@" or not re.match(r"@[ \t]*\w", mistake.text[mistake.offset : closer]):
        return None
    edits = [mistake.edit("", opener + 1 + at, opener + 2 + at) for at, char in enumerate(inside) if char == "@"]
    return Advice("a parameter stands without `@`, a tensor too; `@` takes it up in the body", *edits)


def _joined(mistake: Mistake) -> str | None:
    """``+= @skip``, ``add: conv3-64 | id``, ``scale { id | gap, conv1-8, sigmoid }``, ``{ conv3-8 | conv5-8 }``"""
    line, begin = _line(mistake)
    summed = re.fullmatch(r"\+=[ \t]*@?([A-Za-z_][\w.]*)", line)
    if summed is not None and not mistake.is_layer(summed[1]):
        text = f"add {{ id | @{summed[1]} }}"
        return Advice(f"tensors are added by `{text}`", mistake.edit(text, begin, begin + len(line)))
    branches = re.fullmatch(r"(add|concat|mul|sub)[ \t]*:[ \t]*([^|{}#]+(?:\|[^|{}#]+)+)", line, re.IGNORECASE)
    if branches is not None:
        text = f"{branches[1].lower()} {{ {branches[2].strip()} }}"
        help = f"the branches of `{branches[1]}` stand in braces, with no colon before them"
        return Advice(help, mistake.edit(text, begin, begin + len(line)))
    bare = re.fullmatch(r"\{[ \t]*([^{}#`]*\|[^{}#`]*?)[ \t]*\}", line)
    if bare is not None and begin == mistake.offset and len(bare[1]) < 60:
        return f"a join has its word before the brace: `concat {{ {bare[1]} }}`, or `add`, or `mul`"
    scaled = re.match(r"(?:.*[\[{|,:][ \t]*)?(scale|attend|gate|reweight)[ \t]*\{", mistake.before + " ", re.IGNORECASE)
    opener = mistake.begin + scaled.end() - 1 if scaled is not None else -1
    if scaled is None or mistake.word != "|" or mistake.pairs.get(opener, -1) < mistake.offset:
        return None
    edit = mistake.edit("mul", mistake.begin + scaled.start(1), mistake.begin + scaled.end(1))
    return Advice("branches are multiplied by `mul { id | … }`", edit)


def _progression(numbers: list[int]) -> str | None:
    """What a list's numbers are by the number of a pass: ``16*2**i``; None where they grow neither so nor by steps."""
    pairs = [*pairwise(numbers)]
    if 0 in numbers:
        return None
    ratio, step = numbers[1] // numbers[0], numbers[1] - numbers[0]
    if ratio > 1 and all(after == before * ratio for before, after in pairs):
        return f"{numbers[0]}*{ratio}**i"
    return f"{numbers[0]}+{step}*i" if step > 0 and all(b - a == step for a, b in pairs) else None


def _lists(mistake: Mistake) -> str | None:
    """``[conv3-c, maxpool] for c in [16, 32, 64]``, ``widths = [16, 32, 64]``"""
    line, begin = _line(mistake)
    if len(line) > 200:
        return None
    around = re.fullmatch(rf"(?:(.*\S)[ \t]+)?for[ \t]+(\w+)[ \t]+in[ \t]+{_LIST}:?", line)
    named = re.fullmatch(rf"(?:\w+[ \t]+)?\w+[ \t]*=[ \t]*{_LIST}", line)
    found = around or named
    if found is None:
        return None
    numbers = [int(number) for number in re.findall(r"\d+", found[found.lastindex or 1])[:50]]
    if len(numbers) < 2:
        return None
    value = _progression(numbers)
    if value is None:
        return "there are no lists: a block takes what differs, and a row calls it with each: `unit(16), unit(24)`"
    count = len(numbers)
    if around is None or around[1] is None:
        return f"there are no lists: a repeat counts its passes by `i`, `[conv3-{{{value}}}] ×{count}`"
    body = re.sub(rf"(?<=-){around[2]}(?!\w)", f"{{{value}}}", around[1])
    body = body if body.startswith("[") else f"[{body}]"
    if re.search(rf"(?<![\w.]){around[2]}(?!\w)", body):
        return f"a repeat counts its passes by `i`: `{{{value}}}` in place of `{around[2]}`, and `×{count}`"
    edit = mistake.edit(f"{body} ×{count}", begin, begin + len(line))
    return Advice(f"a repeat counts its passes by `i`: `{body} ×{count}`", edit)


def _expected(mistake: Mistake) -> str | None:
    """``expect small params = 1000``, ``expect macs ~ 400 K``"""
    line, begin = _line(mistake)
    found = re.match(r"expect[ \t]+([\w.-]+)[ \t]+([a-z_]+)[ \t]*(?:=|<|>|\()", line)
    if found is not None and found[2] in QUANTITIES and found[1] not in QUANTITIES:
        edit = mistake.edit(":", begin + found.end(1), begin + found.end(1))
        return Advice(f"a colon stands behind the variant: `expect {found[1]}: {found[2]} …`", edit)
    for about in re.finditer(r"(?<!\w)([a-z_]+)[ \t]*[~≈]=?[ \t]*(\d+(?:\.\d+)?)[ \t]*([KMGkmg]?)", line):
        if not line.startswith("expect") or not begin + about.start() <= mistake.offset <= begin + about.end():
            continue
        value, unit = float(about[2]), f" {about[3].upper()}" if about[3] else ""
        low, high = (f"{value * by:.4g}" if value < 1000 else f"{value * by:.0f}" for by in (0.99, 1.01))
        return f"what is about right has two bounds: `{about[1]} > {low}{unit}, {about[1]} < {high}{unit}`"
    return None


def _outputs(mistake: Mistake) -> str | None:
    """``output 10``"""
    found = re.fullmatch(r"output[ \t]+(\d+)", _line(mistake)[0])
    if found is None:
        return None
    return f"what the last row gives is the net's output: `fc-{found[1]}` there has {found[1]} features"


def _around(mistake: Mistake) -> str | None:
    """``abs { sub { @l | @r } }``: a layer around what enters it."""
    line, begin = _line(mistake)
    for found in re.finditer(
        r"(?<![\w.@])([A-Za-z_]\w*)[ \t]*\{[ \t]*((add|sub|mul|concat)[ \t]*\{[^{}]*\})[ \t]*\}", line
    ):
        start, end = begin + found.start(), begin + found.end()
        if found[1] not in KEYWORDS and mistake.is_layer(found[1]) and start <= mistake.offset <= end:
            text = f"{found[2]}, {found[1]}"
            help = f"what enters a layer stands before it: `{shortened(text, 70)}`"
            return Advice(help, mistake.edit(text, start, end))
    return None


def _halves(mistake: Mistake) -> str | None:
    """``chunk 2 as a b``: two names for what a split gives."""
    line, begin = _line(mistake)
    found = re.search(r"(?<![\w.@])(?:chunk|split)(?:[ \t]+2)?[ \t]+as[ \t]+(\w+)[ \t]+(\w+)\Z", line)
    if found is None:
        return None
    free = (name for name in ("whole", "both", "t0") if not re.search(rf"\b{name}\b", mistake.text))
    whole = next(free, None)
    if whole is None:
        return None
    text = f"id as {whole}, chunk 0 of=2 as {found[1]}, @{whole}, chunk 1 of=2 as {found[2]}"
    edit = mistake.edit(text, begin + found.start(), begin + found.end())
    return Advice(f"each part is taken for itself: `{text}`", edit)


def _chosen(mistake: Mistake) -> str | None:
    """``style conv = _, bn, {act}``: a parameter in the place of a layer."""
    found = re.match(r"\{[ \t]*([A-Za-z_]\w*)[ \t]*\}", mistake.text[mistake.offset : mistake.end])
    if found is None or not {"JOIN", "LSQB"} <= mistake.names or mistake.is_layer(found[1]):
        return None
    value = re.search(rf"^[ \t]*param\b[^#\n]*?\b{found[1]}[ \t]*=[ \t]*\"(\w+)\"", mistake.text, re.MULTILINE)
    if value is None or not mistake.is_layer(value[1]):
        return None
    other = "relu" if value[1] != "relu" else "silu"
    return f'a layer is chosen by `if`: `if {found[1]} == "{value[1]}" {{ {value[1]} }} else {{ {other} }}`'


def _assigned(mistake: Mistake) -> str | None:
    """``n = (depth-4)//6``"""
    line, begin = _line(mistake)
    found = re.fullmatch(r"([A-Za-z_]\w*)[ \t]*=[ \t]*([\w.+*/%() \t-]+)", line)
    if found is None or mistake.word != "=" or mistake.is_layer(found[1]) or found[1] in KEYWORDS:
        return None
    if any(opener < mistake.offset < closer for opener, closer in mistake.pairs.items()) or len(line) > 60:
        return None
    used = {*re.findall(r"[A-Za-z_]\w*", found[2])} - {"int", "round", "floor", "ceil", "min", "max", "abs"}
    params = " ".join(re.findall(r"^[ \t]*param[ \t]([^#\n]*)", mistake.text, re.MULTILINE))
    if not used or any(re.search(rf"\b{name}[ \t]*=", params) is None for name in used):
        return None
    return Advice(f"a value is declared: `param {line}`", mistake.edit("param ", begin, begin))


def _bare(mistake: Mistake) -> str | None:
    """``unit({2*c})``: braces in an expression."""
    closer = mistake.pairs.get(mistake.offset, -1)
    inside = mistake.text[mistake.offset + 1 : closer].strip() if closer > 0 else ""
    if mistake.word != "{" or not {"LPAR", "TRUE", "INT"} <= mistake.names or not inside or len(inside) > 30:
        return None
    called = re.search(r"([A-Za-z_]\w*)\(\Z", mistake.before)
    if called is None or not re.fullmatch(r"[\w.+*/%() -]+", inside):
        return None
    edit = mistake.edit(inside, mistake.offset, closer + 1)
    shown = f"{called[1]}({inside}" + (")" if mistake.text[closer + 1 : closer + 2] == ")" else ", …)")
    return Advice(f"an argument is an expression already and takes no braces: `{shown}`", edit)


def _parted(mistake: Mistake) -> str | None:
    """``[conv1-64 | conv3-64]``"""
    openers = [opener for opener, closer in mistake.pairs.items() if opener < mistake.offset < closer]
    opener = max(openers, default=-1)
    if opener < 0:
        return None
    named = re.search(r"[A-Za-z_]\w*[ \t]*\Z", mistake.text[max(0, opener - 60) : opener])
    inside = mistake.text[opener + 1 : mistake.pairs[opener]]
    if mistake.text[opener] == "[" and mistake.word == "|" and not named and "\n" not in inside:
        return "a comma parts the layers of a group; branches stand in a join, `concat { … | … }`"
    return None


RULES: tuple[Callable[[Mistake], str | None], ...] = (
    _sized, _heading, _maps, _labelled, _called, _share, _in_words, _kernels, _ends, _parameters, _joined,
    _lists, _expected, _outputs, _around, _halves, _chosen, _assigned, _bare, _parted,
)  # fmt: skip
