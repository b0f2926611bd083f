"""Slips of the hand and habits of other tools: what is meant by `conv 3-64`, `maxpool 3/2` or `gap fc-10`.

Rules of the same form as those of ``signs.py``; ``advice.py`` tries them all.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from netdsl.diagnostics import Advice, shortened
from netdsl.diagnostics.nearest import nearest
from netdsl.syntax.helps import forward, items, sums
from netdsl.syntax.helps.mistake import ATTRIBUTES, KEYWORDS, Mistake

_ARROWS = ("→", "⟶", "⇒", "=>", "➔", "➜")
#: Layers whose one value stands without a name, and what else they are called.
_VALUED = {
    "dropout": "dropout", "dropout2d": "dropout2d", "drop": "dropout", "dropout_rate": "dropout",
    "drop_rate": "dropout", "droppath": "droppath", "drop_path": "droppath", "lrn": "lrn", "leaky_relu": "leaky_relu",
}  # fmt: skip
#: What is said of a net as a whole elsewhere, and of its layers here.
_STYLES = ("activation", "act", "act_layer", "nonlinearity", "norm", "norm_layer", "normalization", "batchnorm")
_JOIN = re.compile(r"(?<![\w.])(add|concat|mul|sub)[ \t]+(?=[A-Za-z_@\[])", re.IGNORECASE)


def _arrow(mistake: Mistake) -> str | None:
    """Arrows of other hands, all of the line at once."""
    for sign in _ARROWS:
        if mistake.text.startswith(sign, mistake.offset):
            end = mistake.offset + len(sign)
            if re.match(r"[ \t]*\d+(?:[ \t]*[x×][ \t]*\d+)+", mistake.text[end : mistake.end]):
                return Advice("a shape that is asserted has `->` before it", mistake.edit("->", mistake.offset, end))
            return "layers are separated by `,` or a new line; `-> 64x112x112` asserts a shape"
    return None


def _apart(mistake: Mistake) -> str | None:
    """A blank inside a layer's head: ``conv 3-64``, ``maxpool 3/2``, ``conv 3x3-64``, ``conv3 64``."""
    if mistake.word not in ("-", "/") or mistake.text.startswith("->", mistake.offset):
        return None
    start = mistake.item()
    begin = max(start, mistake.text.rfind(",", start, mistake.offset) + 1)
    found = re.fullmatch(r"[ \t]*(\w+)([ \t]+)(\d+(?:[x×]\d+)*)", mistake.text[begin : mistake.offset])
    if found is None:
        return None
    after = re.match(r"[-/][\w{}/×]+", mistake.text[mistake.offset : mistake.end])
    if found[1][-1].isdigit():
        return None  # the kernel stands already
    size = re.split("[x×]", found[3])
    short = size[0] if len({*size}) == 1 else found[3]
    text = f"{found[1]}{short}{after.group() if after else ''}"
    edits = (mistake.edit(short, begin + found.start(2), begin + found.end(3)),)
    mistake.instead(f"`{found[3]}` cannot stand here", begin + found.start(3), begin + found.end(3))
    return Advice(f"no blank stands before the kernel: `{text}`", *edits)


def _detached(mistake: Mistake) -> str | None:
    """A stride, an attribute or channels behind a comma: ``conv3-64, /2``, ``conv3-64, stride=2``."""
    text, offset = mistake.text, mistake.offset
    if mistake.word == "/" and mistake.before.endswith(","):
        comma = mistake.begin + len(mistake.before) - 1
        stride = re.match(r"/[ \t]*\w+", text[offset : mistake.end])
        shown = _together(mistake, comma, stride.group()) if stride is not None else ""
        return Advice(f"a stride stands at its layer, without a comma{shown}", mistake.edit("", comma, offset))
    if mistake.word != "=":
        return None
    found = re.search(r"(?:(,)[ \t]*|(?:\A|[\[{|(])[ \t]*)([A-Za-z_]\w*)[ \t]*\Z", text[mistake.begin : offset])
    if found is None:
        return None
    word = found[2].lower()
    start = mistake.begin + found.start(2)
    if not mistake.is_layer(found[2]):
        mistake.instead(f"there is no layer called `{found[2][:60]}`", start, start + len(found[2]))
    value = re.match(
        r"=[ \t]*(\d+(?:\.\d+)?|\{[^{}\n]*\}|[A-Za-z_]\w*)[ \t]*(?=$|[,\]}|)#\n])", text[offset : mistake.end]
    )
    if word in _VALUED and value is not None:
        shown = f"{{{value[1]}}}" if value[1][0].isalpha() else value[1]
        layer, end = f"{_VALUED[word]} {shown}", offset + value.end(1)
        mistake.instead(f"`{text[start:end][:60]}` is no layer as it stands", start, end)
        return Advice(f"it is a layer with a value: `{layer}`", mistake.edit(layer, start, end))
    if word in _STYLES and not (value is not None and re.fullmatch(r"[\d.]+|true|false", value[1])):
        return "what follows each layer is a style: `style conv = _, bn, relu`"
    if word in ATTRIBUTES and found[1] is not None:
        comma = mistake.begin + found.start(1)
        shown = _together(mistake, comma, f" {found[2]}={value[1]}") if value is not None else ""
        help = f"an attribute stands at its layer, without a comma{shown}"
        return Advice(help, mistake.edit("", comma, comma + 1))
    if word in ATTRIBUTES:
        given = value[1][:20] if value is not None else "…"
        return f"an attribute stands behind its layer, in the same line: `conv3-64 {found[2]}={given}`"
    mistake.forget()
    return None


def _together(mistake: Mistake, comma: int, part: str) -> str:
    """The layer before a comma with a part that stands behind it, as a help shows it; nothing where that is long."""
    layer = re.search(r"(?<![\w.@])[A-Za-z][\w-]*(?:\{[^{}\n]*\})?(?:/\w+)?\Z", mistake.text[mistake.begin : comma])
    return f": `{layer.group()}{part}`" if layer is not None and len(layer.group() + part) < 60 else ""


def _joins(mistake: Mistake) -> str | None:
    """``concat conv3-64 | conv1-64``: branches without braces."""
    begin = mistake.item()
    found = _JOIN.search(mistake.text, begin, mistake.offset)
    if found is None or mistake.word not in ("-", "/", "|", "[", ",", "@"):
        return None
    word, end = found[1], mistake.code_end()
    rest = mistake.text[found.end() : end]
    mistake.instead(f"`{word}` has no branches in braces behind it", found.start(), found.start() + len(word))
    help = f"the branches of `{word}` stand in braces, with `|` between them"
    around = [opener for opener, closer in mistake.pairs.items() if opener < found.start() < closer <= end]
    if "|" not in rest or around or re.search(r"[{}]|\[[^\]]*\|", rest):
        return f"{help}: `{word} {{ a | b }}`"
    edits = (mistake.edit("{ ", found.end(), found.end()), mistake.edit(" }", end, end))
    return Advice(f"{help}: `{word} {{ {rest} }}`" if len(rest) < 60 else help, *edits)


def _concatenation(mistake: Mistake) -> str | None:
    """``cat { @a | @b }``"""
    line = mistake.text[mistake.begin : mistake.offset]
    words = [*re.finditer(r"(?<![\w.@])(cat|concatenate)[ \t]*\{", line, re.IGNORECASE)]
    found = words[-1] if words else None
    if found is None or mistake.pairs.get(mistake.begin + found.end() - 1, mistake.offset) < mistake.offset:
        return None
    start = mistake.begin + found.start(1)
    mistake.instead(f"there is no layer or block called `{found[1]}`", start, start + len(found[1]))
    return Advice("here it is called `concat`", mistake.edit("concat", start, start + len(found[1])))


def _calls(mistake: Mistake) -> str | None:
    """``unit(8) unit(8)``: two calls without a comma."""
    if (help := _arguments(mistake)) is not None:
        return help
    if mistake.word != "(" or "LPAR" in mistake.names:
        return None
    found = re.search(r"\)([ \t]+)[A-Za-z_]\w*\Z", mistake.text[mistake.begin : mistake.offset])
    if found is None:
        return None
    place = mistake.begin + found.start(1)
    return Advice("a comma stands between two layers", mistake.edit(",", place, place))


def _arguments(mistake: Mistake) -> str | None:
    """``unit{8, 2}``, ``unit 8, 2``: the arguments of a block in braces, or in nothing."""
    line = mistake.text[mistake.begin : mistake.code_end()]
    given = r"(?:\w+[ \t]*=[ \t]*)?@?[\w.]+"
    for found in re.finditer(
        rf"(?<![\w.@])([A-Za-z_]\w*)(?:(\{{)|[ \t]+)({given}(?:[ \t]*,[ \t]*{given})+)(?(2)\}})", line
    ):
        if not mistake.begin + found.start() <= mistake.offset <= mistake.begin + found.end():
            continue
        name, braces, inside = found.groups()
        block = re.search(rf"^[ \t]*block[ \t]+{name}[ \t]*\(([^()]*)\)", mistake.text, re.MULTILINE)
        if block is None:
            continue
        parts, most = re.split(r"[ \t]*,[ \t]*", inside), block[1].count(",") + 1
        if braces is None:
            values = [part for part in parts if not re.match(r"[A-Za-z_][\w.]*\Z", part)]
            parts = parts[: min(most, len(values))]
        if len(parts) < 2 or len(parts) > most:
            continue
        text = f"{name}({', '.join(parts)})"
        start = mistake.begin + found.start()
        end = start + len(found.group()) if braces else mistake.begin + found.start(3) + len(", ".join(parts))
        if not braces and ", ".join(parts) != inside[: len(", ".join(parts))]:
            continue
        return Advice(f"the arguments of a block stand in parentheses: `{text}`", mistake.edit(text, start, end))
    return None


def comma(mistake: Mistake) -> str | None:
    """Two layers without a comma: ``gap fc-10``, ``relu conv3-64``."""
    if mistake.word not in ("-", "/", "[", "@") or mistake.text.startswith("->", mistake.offset):
        return None
    before = mistake.text[mistake.item() : mistake.offset]
    if mistake.word in ("[", "@"):
        found = re.search(r"(?<![\w.@=-])[A-Za-z_]\w*(?:[-/][\w{}]+)*([ \t]+)\Z", before)
    else:
        found = re.search(r"(?<=[^ \t,=])([ \t]++)[A-Za-z_]\w*\Z", before)
        found = found if found is not None and re.search(r"\w[^,=]*\Z", before[: found.start(1)]) else None
    if found is None or re.search(r"\bas[ \t]+\w*\Z", before[: found.end(1)]) or {"LPAR", "EQUAL"} == mistake.names:
        return None
    place = mistake.item() + found.start(1)
    start = mistake.item() + found.end(1)
    word = mistake.text[start : mistake.offset].strip() or mistake.word
    label = re.fullmatch(r"[ \t]*([A-Za-z_]\w*)[ \t]+", before[: found.end(1)])
    if label is not None and mistake.word != "@" and not mistake.is_layer(label[1]) and label[1] not in KEYWORDS:
        edit = mistake.edit(":", place, place)
        other = len(label[1]) < 4 or nearest(label[1], mistake.words.known) is None
        if other and mistake.reads(edit) == 1:
            mistake.instead(f"there is no layer called `{label[1]}`", place - len(label[1]), place)
            return Advice(f"a label takes a colon: `{label[1]}: …`", edit)
    if re.search(r"(?<![\w.@])reuse[ \t]+\Z", before[: found.end(1)]):
        mistake.instead(f"`{word}` cannot stand here: expected a label", start, start + len(word))
        return "`reuse` applies what has a label again: `a: conv3-64`, and further down `reuse a`"
    if word[:1].isalpha() and not mistake.is_layer(word) and nearest(word, mistake.words.known) is None:
        return None
    joined = re.search(
        r"(?<![\w.])(?:add|sub|mul|concat)[ \t]*\{[^{}|]*\Z", mistake.text[mistake.begin : mistake.offset], re.I
    )
    if joined is not None and not re.match(r"[^{}]*\|", mistake.text[mistake.offset :][:200]):
        mistake.instead(f"`{word}` cannot stand here: expected `|` or `,`", start, start + len(word))
        return Advice("`|` parts the branches of a join", mistake.edit(" |", place, place))
    mistake.instead(f"`{word}` cannot stand here: expected `,` or the end of the line", start, start + len(word))
    return Advice("a comma stands between two layers", mistake.edit(",", place, place))


def _chosen(mistake: Mistake) -> str | None:
    """``conv3-64 if se else conv3-32``: a choice as Python writes it."""
    code = mistake.text[mistake.begin : mistake.code_end()]
    found = re.fullmatch(r"([ \t]*)(\S[^#{}]*?)(?<=\S)[ \t]+if[ \t]+(\S[^{}]*?)(?<=\S)[ \t]+else[ \t]+(\S[^{}]*)", code)
    if found is None:
        return None
    text = f"if {found[3]} {{ {found[2]} }} else {{ {found[4]} }}"
    edit = mistake.edit(text, mistake.begin + len(found[1]), mistake.begin + len(code))
    word = re.search(r"[ \t]if[ \t]", code)
    assert word is not None
    place = mistake.begin + word.start() + 1
    mistake.instead("`if` cannot stand here", place, place + 2)
    return Advice("layers are chosen by `if … { … } else { … }`" if len(text) > 60 else f"it is written `{text}`", edit)


def _late_stride(mistake: Mistake) -> str | None:
    """``conv3-64 same /2``: a stride behind flags or attributes."""
    if mistake.word != "/":
        return None
    item = max(mistake.item(), mistake.offset - 100)
    before = mistake.text[item : mistake.offset]
    found = re.search(r"(?<!\w)([A-Za-z]\w*(?:-[\w{}*]+)?)((?:[ \t]+\w+(?:=[\w.]+)?)*)[ \t]+\Z", before)
    stride = re.match(r"/[ \t]*(\d+(?:[x×]\d+)?|\{[^{}\n]*\})", mistake.text[mistake.offset : mistake.end])
    if found is None or stride is None:
        return None
    end = mistake.offset + stride.end()
    edit = mistake.edit(f"/{stride[1]}{found[2]}", item + found.end(1), end)
    return Advice(f"a stride stands at its layer: `{found[1]}/{stride[1]}{found[2]}`", edit)


def _in_words(mistake: Mistake) -> str | None:
    """``conv 7x7x64-s-2``, ``maxpool 2x2-s-2``: a layer as the figures of detectors print it."""
    layer = re.compile(r"(?<!\w)([A-Za-z]+)[ \t]+(\d+)[x×](\d+)(?:[x×](\d+))?[ \t]*-[ \t]*s-?(\d+)(?![\w-])")
    here = layer.finditer(mistake.text, mistake.item(), mistake.end)
    found = next((one for one in here if one.start() <= mistake.offset <= one.end()), None)
    if found is None or not mistake.is_layer(found[1]):
        return None
    begin = found.start()
    word, height, width, channels, stride = found.groups()
    text = f"{word}{height if height == width else f'{height}x{width}'}{f'-{channels}' if channels else ''}/{stride}"
    mistake.instead(f"`{found.group()}` is no layer as it stands", begin, found.end())
    return Advice(f"it is written `{text}`", mistake.edit(text, begin, found.end()))


def _residual(mistake: Mistake) -> str | None:
    """``residual { conv3-16, relu }``: a join with the tensor itself."""
    found = re.search(
        r"(?<![\w.@])(residual|resblock|res_block|skip|shortcut)[ \t]*(\{)",
        mistake.text[mistake.begin : mistake.offset + 1],
        re.IGNORECASE,
    )
    closer = mistake.pairs.get(mistake.begin + found.start(2)) if found is not None else None
    if found is None or closer is None or not mistake.offset <= closer:
        return None
    blank = "" if mistake.text[closer - 1].isspace() else " "
    start = mistake.begin + found.start(1)
    edits = [mistake.edit("add ", start, mistake.begin + found.start(2))]
    if "|" not in mistake.text[mistake.offset : closer]:
        edits.append(mistake.edit(f"{blank}| id ", closer, closer))
    mistake.instead(f"there is no layer or block called `{found[1]}`", start, start + len(found[1]))
    return Advice("a residual is a join with the tensor itself: `add { … | id }`", *edits)


def _repeats(mistake: Mistake) -> str | None:
    """``conv3-64 * 3``, ``[…] * 2``"""
    if mistake.word != "*":
        return None
    text, offset = mistake.text, mistake.offset
    count = re.match(
        r"\*[ \t]*(\d+|\{[^{}\n]*\}|[A-Za-z_]\w*)[ \t]*(?=$|[,\]}|)#\n]|->|as\b|allow\b)", text[offset : mistake.end]
    )
    before = text[mistake.begin : offset]
    if count is None or not re.search(r"(?:[ \t]|[\])}])\Z", before) or mistake.computes:
        return None
    blank = "" if before[-1:].isspace() else " "
    return Advice(
        f"a repeat is written `×{count[1]}`", mistake.edit(f"{blank}×{count[1]}", offset, offset + count.end(1))
    )


def _names(mistake: Mistake) -> str | None:
    """``network a``, ``model "A"``"""
    found = re.match(r"[ \t]*(network|model|architecture|name)[ \t]+[\w\"]", mistake.text[mistake.begin : mistake.end])
    if found is None or mistake.text[: mistake.begin].strip().count("\n") > 5:
        return None
    start = mistake.begin + found.start(1)
    return Advice("a net is named by `net`", mistake.edit("net", start, start + len(found[1])))


def _inputs(mistake: Mistake) -> str | None:
    """``input: 3x32x32``, ``input a: 1x28x28``"""
    if mistake.word != ":" and not mistake.before.endswith(":"):
        return None
    found = re.match(r"[ \t]*(input)([ \t]+\w+)?[ \t]*(:)[ \t]*(?=\d)", mistake.text[mistake.begin : mistake.end], re.I)
    if found is None:
        return None
    word = mistake.edit("input", mistake.begin + found.start(1), mistake.begin + found.end(1))
    colon = mistake.edit("", mistake.begin + found.start(3), mistake.begin + found.end(3))
    name = found[2].strip() if found[2] else None
    given = re.match(r"\d+(?:[ \t]*[x×,][ \t]*\d+)*", mistake.text[mistake.begin + found.end() : mistake.end])
    sizes = re.sub(r"[ \t]*[x×,][ \t]*", "x", given.group()) if given is not None else "3x32x32"
    text = f"`input {name} {sizes}`" if name else f"`input {sizes}`"
    return Advice(f"an input has no colon: {text}", *([word] if found[1] != "input" else []), colon)


def _declarations(mistake: Mistake) -> str | None:
    """Colons and braces where a declaration has another sign."""
    text, offset = mistake.text, mistake.offset
    line = text[mistake.begin : mistake.end]
    if mistake.word == ":" and re.match(r"[ \t]*style[ \t]+\w+[ \t]*:", line) and mistake.names == {"EQUAL"}:
        blank = "" if text[offset - 1].isspace() else " "
        return Advice("a style has an `=`: `style conv = _, relu`", mistake.edit(f"{blank}="))
    if mistake.word == ":" and re.match(r"[ \t]*(?:block|output|if)\b", line) and mistake.rest.startswith("{"):
        return Advice("no colon stands before the braces", mistake.edit(""))
    bare = re.match(
        r"[ \t]*block[ \t]+\w+([ \t]+)(\w+(?:[ \t]*=[ \t]*\w+)?(?:(?:[ \t]*,[ \t]*|[ \t]+)\w+(?:[ \t]*=[ \t]*\w+)?)*)"
        r"[ \t]*(?=\{)",
        line,
    )
    if bare is not None and mistake.offset < mistake.begin + bare.end():
        names = re.findall(r"\w+(?:[ \t]*=[ \t]*\w+)?", bare[2])
        text = f"({', '.join(names)}) "
        mistake.instead(f"`{bare[2]}` cannot stand here", mistake.begin + bare.start(2), mistake.begin + bare.end(2))
        edit = mistake.edit(text, mistake.begin + bare.start(1), mistake.begin + bare.end())
        return Advice(f"the parameters of a block stand in parentheses: `{text.strip()}`", edit)
    based = re.match(r"[ \t]*variant[ \t]+[\w.-]+([ \t]*\([ \t]*([\w.-]+)[ \t]*\))[ \t]*:", line)
    if mistake.word == "(" and based is not None:
        edit = mistake.edit(f" = {based[2]}", mistake.begin + based.start(1), mistake.begin + based.end(1))
        return Advice(f"what a variant is built on stands after `=`: `= {based[2]}`", edit)
    found = re.match(r"[ \t]*variant[ \t]+[\w.-]+([ \t]*[{(])", line)
    if mistake.word in ("{", "(") and found is not None and (closer := mistake.pairs.get(offset)) is not None:
        place = mistake.begin + found.start(1)
        blank = "" if text[offset + 1].isspace() else " "
        edits = (mistake.edit(f":{blank}", place, offset + 1), mistake.edit("", closer, closer + 1))
        return Advice("a variant's parameters stand after a colon: `variant b1: width = 1.1`", *edits)
    return None


def _loops(mistake: Mistake) -> str | None:
    """``repeat 3 { … }``, ``for i in range(3) { … }``, ``3 * conv3-8``, ``repeat 3: conv3-8``"""
    line = mistake.text[mistake.begin : mistake.end]
    code = mistake.text[mistake.begin : mistake.code_end()]
    word = re.match(r"[ \t]*(for|while|repeat|loop|times)\b", line)
    if word is not None:
        start = mistake.begin + word.start(1)
        mistake.instead(f"there is no layer or block called `{word[1]}`", start, start + len(word[1]))
    found = re.match(
        r"[ \t]*((?:repeat|loop|for|times)[ \t]*+(?:\w+[ \t]++in[ \t]++)?(?:range)?[ (]*+"
        r"(?:\d+[ \t]*+(?:,|\.\.<?)[ \t]*+)?(\w+)\)?"
        r"[ \t]*+:?[ \t]*+)([{\[])",
        line,
    )
    if found is not None:
        opener = mistake.begin + found.start(3)
        closer = mistake.pairs.get(opener)
        inside = mistake.text[opener + 1 : closer].strip() if closer is not None else ""
        inside = inside if 0 < len(inside) < 40 and inside.isprintable() and "`" not in inside else " … "
        help = f"what repeats stands before its number: `[{inside}] ×{found[2]}`"
        if closer is None or not mistake.begin <= mistake.offset <= closer:
            return help
        start = mistake.begin + found.start(1)
        return Advice(help, mistake.edit("[", start, opener + 1), mistake.edit(f"] ×{found[2]}", closer, closer + 1))
    found = re.fullmatch(
        r"([ \t]*)(?:repeat|loop|for)[ \t]+(?:\w+[ \t]+in[ \t]+)?(?:range[ \t]*\([ \t]*)?(\d+)[ \t]*(?:\)|times)?[ \t]*"
        r":[ \t]*(\S.*)|([ \t]*)(\d+)[ \t]*\*[ \t]*(\S.*)",
        code,
    )
    if found is not None:
        indent, number, items = (found[1], found[2], found[3]) if found[2] else (found[4], found[5], found[6])
        text = f"[{items}] ×{number}" if "," in items else f"{items} ×{number}"
        start = mistake.begin + len(indent)
        return Advice(f"what repeats stands before its number: `{text}`", mistake.edit(text, start, mistake.code_end()))
    if re.match(r"[ \t]*(?:for|while|repeat|loop)\b[ \t]*[\w(]", line):
        return "what repeats stands before its number: `[conv3-64, relu] ×3`"
    mistake.forget()
    return None


def _heads(mistake: Mistake) -> str | None:
    """``conv3-64-2``, ``conv3-64/2/2``"""
    if mistake.word not in ("-", "/") or mistake.text.startswith("->", mistake.offset):
        return None
    line = mistake.text[mistake.begin : mistake.offset]
    after = re.match(r"[-/](\d+)(?![\w-])", mistake.text[mistake.offset : mistake.end])
    head = re.search(r"[A-Za-z]\w*-\w+\Z", line)
    if after is not None and mistake.word == "-" and head is not None and int(after[1]) < 9:
        return Advice(f"a stride stands after a `/`: `{head.group()[-60:]}/{after[1]}`", mistake.edit("/"))
    if re.search(r"[A-Za-z]\w*(?:-[\w{}]+)?/[\w{}×]+\Z", line):
        return "a layer has one kernel, one channel count and one stride: `conv3-64/2`; of two axes it is `/2x1`"
    return None


def _values(mistake: Mistake) -> str | None:
    """``{2 width}``"""
    inside = re.search(r"[-/=]\{[^{}]*?(\d+)\Z", mistake.before)
    if inside is not None and re.fullmatch(r"[A-Za-z]\w*", mistake.word) and mistake.word not in ("if", "else"):
        if mistake.word[0] == "x" and re.search(r"(?<!\w)0\Z", mistake.before):
            return None
        place = mistake.begin + len(mistake.before)
        return Advice(f"a product has a `*`: `{inside[1]}*{mistake.word}`", mistake.edit("*", place, mistake.offset))
    return None


def _returns(mistake: Mistake) -> str | None:
    """``return conv3-64``, ``output fc-10``"""
    found = re.match(r"[ \t]*(return[ \t]+)\w", mistake.text[mistake.begin : mistake.end])
    help = "the last row gives the net's output, and `output name { … }` a further one"
    if found is not None:
        start = mistake.begin + found.start(1)
        mistake.instead("nothing is returned: the last row gives the net's output", start, start + len("return"))
        return Advice(
            "what stands last is given out without a word: leave `return` out",
            mistake.edit("", start, mistake.begin + found.end(1)),
        )
    if re.match(r"[ \t]*output[ \t]+\w+\Z", mistake.before) and mistake.word in ("-", "/"):
        return help
    return None


def _python(mistake: Mistake) -> str | None:
    """A line of PyTorch or Keras."""
    from netdsl.syntax.helps.from_python import LINE, as_layer

    end = mistake.code_end()
    begin = mistake.begin + len(mistake.text[mistake.begin : end]) - len(mistake.text[mistake.begin : end].lstrip())
    line = mistake.text[begin:end]
    printed = re.match(r"\((\w+)\):[ \t]*(?=\w+\()", line)
    if printed is not None and (layer := as_layer(line[printed.end() :])) is not None:
        label = "" if printed[1].isdigit() or "," in layer else f"{printed[1]}: "
        return Advice(f"it is written `{label}{layer}`", mistake.edit(label + layer, begin, end))
    found = LINE.fullmatch(line) if len(line) < 400 else None
    if found is not None:
        layer = as_layer(found["call"])
        if layer is not None:
            label = f"{found['name']}: " if line.startswith("self.") and "," not in layer else ""
            return Advice(f"it is written `{label}{layer}`", mistake.edit(label + layer, begin, end))
    for call in re.finditer(r"(?<![\w.])(?:[A-Za-z_]\w*\.)+[A-Z]\w*\(", line) if found is None else ():
        closer = mistake.pairs.get(begin + call.end() - 1)
        if closer is not None and begin + call.start() <= mistake.offset <= closer:
            start = begin + call.start()
            layer = as_layer(mistake.text[start : closer + 1])
            if layer is not None:
                return Advice(f"it is written `{layer}`", mistake.edit(layer, start, closer + 1))
    if re.match(r"(?:[\w.]+[ \t]*=[ \t]*)?(?:nn\.)?(?:ModuleList|Sequential)\b", line):
        return "layers stand one after another, a line each, and `[ … ]` groups them"
    if re.match(r"\w+[ \t]*=[ \t]*(?!nn\.|keras\.|tf\.|layers\.)[A-Za-z]\w*(?:\.\w+)+\(", line) or line.startswith(
        ("self.", "super(")
    ):
        return "a spec has no `forward`: its layers follow one another as they are written"
    if re.match(r"(?:class|def)\b", line):
        return "`block name(c) { … }` declares a block"
    if re.match(r"for[ \t]+\w+[ \t]+in\b", line):
        return "what repeats stands before its number: `[conv3-64, relu] ×3`"
    if re.match(r"(?:[\w.]+[ \t]*=[ \t]*)?(?:nn|layers|torch|tf|keras|F)\.", line):
        if "`" not in line:
            mistake.instead(f"`{shortened(line, 60)}` is no layer as it stands", begin, end)
        return "a layer is written as papers print it, `conv3-64/2`; `netdsl ops` lists them all"
    return None


#: Before the rules of advice whose words are more general; :func:`comma` comes last of all.
RULES: tuple[Callable[[Mistake], str | None], ...] = (
    *items.NAMES, *forward.RULES, _arrow, _names, _inputs, _declarations, _loops, _returns, _chosen, _python, _in_words,
    _apart, _late_stride, _residual, *items.ORDER, _heads,
    _detached, *sums.RULES, _concatenation, _calls, _joins, _repeats, *items.MARKS, _values,
)  # fmt: skip
