"""Items in another form: their parts in another order, labels, names of tensors, values and repeats with other signs.

Rules of the same form as those of ``signs.py``; ``advice.py`` tries them all.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from netdsl.diagnostics import Advice
from netdsl.diagnostics.nearest import nearest
from netdsl.syntax.helps.mistake import ATTRIBUTES, KEYWORDS, Mistake
from netdsl.syntax.helps.sums import chain

#: Words that stand behind their layer.
_FLAGS = "plain|train|eval|valid|same|ceil"
_FLAG = re.compile(_FLAGS, re.IGNORECASE)
#: A larger number behind a call counts channels, and no passes.
_MOST_REPEATS = 40
_COUNT = re.compile(
    r"(?:[X*✕✖⨯⨉]|times\b|repeat\b)?[ \t]*(\d+|\{[^{}\n]*\})[ \t]*(?:times\b|x|X)?"
    r"[ \t]*(?=$|[,\]}|)#]|->|as\b|allow\b)"
)
_JOINS = frozenset(["add", "concat", "mul", "sub", "if"])
#: What other hands draw between two layers.
_ARROW = re.compile(
    r"(?<![ \t])[ \t]*+(?P<sign>-{1,2}>|={1,2}>|\|>|>>|>|[→⟶⇒➔➜]|(?<=[ \t])[-.·](?=[ \t]))[ \t]*"
    r"(?P<word>\[|soft-max\b|[A-Za-z_]\w*(?!\w|[ \t]*=(?!=?>)))"
)


#: A layer with an arrow to the channels that it makes.
_MADE = re.compile(
    r"(?<![\w.@-])([a-z]*conv|fc|linear|dense)(\d+(?:[x×]\d+)?)?(?:[ \t]*+[-(])?+[ \t]*+(?:(?<!\d)(\d+)[ \t]*+)?"
    r"(?:[→⟶⇒➔➜]|[=-]>)[ \t]*(\d+)(?![\w.×])[ \t]*\)?(/\d+)?(?![ \t]*[x×])",
    re.IGNORECASE,
)


def _to_channels(mistake: Mistake) -> str | None:
    """``conv3→64``, ``conv3 3→64``, ``fc 64 -> 10``: the channels that a layer makes, behind an arrow."""
    line = mistake.text[mistake.begin : mistake.end]
    for found in _MADE.finditer(line):
        word, kernel, enters, makes, stride = found.groups()
        place = mistake.offset - mistake.begin
        if not found.start() <= place <= found.end() or not mistake.is_layer(word):
            continue
        if kernel is None and not re.fullmatch(r"fc|linear|dense", word, re.IGNORECASE):
            return f"the kernel stands at the word, and what it makes behind a hyphen: `{word}3-{makes}`"
        text = f"{word}{kernel or ''}-{makes}{stride or ''}"
        edit = mistake.edit(text, mistake.begin + found.start(), mistake.begin + found.end())
        if mistake.reads(edit) == 1:
            start = mistake.begin + found.start()
            mistake.instead(f"`{found.group()}` is no layer as it stands", start, mistake.begin + found.end())
        if enters is not None:
            return Advice(f"what enters is known, and what comes out stands behind a hyphen: `{text}`", edit)
        return Advice(f"the channels stand behind a hyphen: `{text}`", edit)
    return None


def _turned(mistake: Mistake) -> str | None:
    """The parts of a layer in another order: ``64-conv3``, ``conv-3-64``, ``conv3/2-64``, ``0.5 dropout``."""
    begin = mistake.begin
    line = mistake.text[begin : mistake.code_end()]
    offset = mistake.offset - begin
    end = r"(?![\w-])"
    part = r"(?:\w+|\{[^{}\n]*\})"
    for pattern, order in (
        (rf"(?P<c>{part})[ \t]*-[ \t]*(?P<w>[A-Za-z]+)(?P<k>\d+(?:[x×]\d+)?)?(?P<s>/{part})?{end}", "{w}{k}-{c}{s}"),
        (rf"(?P<w>[A-Za-z]+)-(?P<k>\d+)-(?P<c>{part})(?P<s>/{part})?{end}", "{w}{k}-{c}{s}"),
        (rf"(?P<w>[A-Za-z]+)(?P<k>\d+(?:[x×]\d+)?)?(?P<s>/{part})-(?P<c>{part}){end}", "{w}{k}-{c}{s}"),
        (rf"(?P<w>[A-Za-z]+)(?P<k>\d+):(?P<c>{part})(?P<s>/{part})?{end}", "{w}{k}-{c}{s}"),
        (rf"(?P<w>[A-Za-z]+)(?P<k>\d+)-(?P<c>{part})\\(?P<s>{part}){end}", "{w}{k}-{c}/{s}"),
        (r"(?P<c>0?\.\d+|\d+\.\d+)[ \t]+(?P<w>[A-Za-z]+)(?=$|[ \t]*[,|\]}])", "{w} {c}"),
        (
            rf"(?P<c>plain|train|eval|valid|same|ceil)[ \t]+(?P<w>[A-Za-z][\w-]*(?:-{part})?(?:/{part})?)(?![\w(=])",
            "{w} {c}",
        ),
    ):
        for found in re.finditer(rf"(?<![\w.@-]){pattern}", line):
            parts = {name: value or "" for name, value in found.groupdict().items()}
            if not found.start() <= offset < found.end() or not mistake.is_layer(parts["w"]):
                continue
            pools = re.fullmatch(r"[a-z]*pool|subsample", parts["w"].lower())
            if pools and ":" in found.group() and not parts.get("s"):
                order = "{w}{k}/{c}"
            if parts.get("k") and re.fullmatch("fc|linear|dense", parts["w"], re.IGNORECASE):
                one, two = f"fc-{parts['k']}", f"fc-{parts['c']}"
                return f"`{two}` has {parts['c']} features, and `{one}, relu, {two}` are two layers"
            text = order.format(**{"k": "", "s": "", **parts})
            return Advice(f"it is written `{text}`", mistake.edit(text, begin + found.start(), begin + found.end()))
    return None


def _dollars(mistake: Mistake) -> str | None:
    """A value by its name in other brackets: ``conv3-${n}``, ``conv3-<n>``, ``$skip``, ``conv3-{{n}}``."""
    text, offset = mistake.text, mistake.offset
    value = re.compile(
        r"\$\{(?P<a>[^{}\n]*)\}|\$(?P<b>\w+)|<(?P<c>\w+)>|\[(?P<d>[^\[\]\n,]+)\]|%(?P<e>\w+)%?|&(?P<f>\w+)|"
        r"\{\{(?P<g>[^{}\n]*)\}\}|\((?P<h>[^()\n]*)\)"
    )
    doubled = offset > 0 and mistake.word == "{" and text[offset - 1] == "{"
    found = value.match(text, offset - doubled, mistake.end)
    if found is None:
        return None
    name = next(group for group in found.groups() if group is not None).strip()
    if re.search(r"[\w)\]}][ \t]*[-/=×][ \t]*\Z", text[mistake.begin : found.start()]) and name:
        braced = name if name.isdigit() else f"{{{name}}}"
        help = f"a value by its name stands in braces: `{braced}`" if name.isidentifier() else ""
        if name.isdigit():
            head = re.search(r"[A-Za-z][\w{}]*(?:-[\w{}]+)?[-/=×]\Z", text[mistake.begin : found.start()])
            shown = f"{head.group()}{braced}" if head is not None and len(head.group()) < 40 else braced
            shown = f"×{braced}" if text[found.start() - 1] in "×x" and head is None else shown
            help = f"a number stands without brackets: `{shown}`"
        help = help or f"an expression stands in braces: `{braced}`"
        return Advice(help, mistake.edit(braced, found.start(), found.end()))
    if found["b"] and {"SOFTMAX", "NAME"} & mistake.names:
        new = f"@{name}" if "SOFTMAX" in mistake.names else name
        return Advice(f"it is written `{new}`", mistake.edit(new, found.start(), found.end()))
    return None


def _labels(mistake: Mistake) -> str | None:
    """A label without its colon or with another sign: ``stem conv3-8``, ``layer 1: …``, ``[stem] conv3-8``."""
    text = mistake.text
    start = mistake.begin + len(text[mistake.begin : mistake.end]) - len(text[mistake.begin : mistake.end].lstrip())
    known = re.compile(r"@([A-Za-z_]\w*)[ \t]*:|([A-Za-z_]\w*)\[(\w+)\][ \t]*:").match(text, start, mistake.end)
    if known is not None and start <= mistake.offset < known.end():
        part = known[3] if known[3] and known[3].isdecimal() else f"{{{known[3]}}}"
        name = known[1] or f"{known[2]}.{part}"
        mistake.instead(f"`{known.group()[:-1].rstrip()}` is no label", start, start + len(known.group()) - 1)
        return Advice(f"it is written `{name}: …`", mistake.edit(name, start, known.end() - 1))
    marked = re.compile(
        r"(?:\[(?P<a>\w+)\]|\((?P<b>\w+)\)|\"(?P<c>[\w.]+)\"|(?P<d>[A-Za-z_]\w*(?:(?:[ \t]+|-)\w+)*))"
        r"(?P<sign>[ \t]*(?::|;|-|–|—|=>|->)[ \t]*|[ \t]+)(?=\S)"
    ).match(text, start, mistake.end)
    if marked is None or mistake.offset > marked.end() + 40:
        return None
    name = next(group for group in marked.groups() if group is not None)
    sign = marked["sign"].strip()
    words = re.split(r"[ \t-]+", name)
    if any(map(_FLAG.fullmatch, words)):
        return None
    if words[0] in KEYWORDS or any(map(mistake.is_layer, words[:1])) or (len(words) > 1 and not sign):
        if len(words) != 2 or sign or words[0] in KEYWORDS or mistake.is_layer(words[0]):
            return None
    if len(words) > 1 and sign != ":":
        name, rest = words[0], text[start + len(words[0]) :]
        end = start + len(words[0]) + len(rest) - len(rest.lstrip(" \t"))
    else:
        name, end = "_".join(words), marked.end()
    edit = mistake.edit(f"{name}: ", start, end)
    if not sign and len(name) > 3 and nearest(name, mistake.words.known) is not None:
        return None  # a layer that is misspelt
    if mistake.reads(edit) != 1:
        return None
    if sign == ":" and len(words) > 1:
        mistake.instead(f"`{marked['d']}` is no label", start, start + len(marked["d"]))
        return Advice(f"a label is one word: `{name}: …`", edit)
    if (not sign or len(words) > 1) and marked["d"]:
        mistake.instead(f"there is no layer called `{name}`", start, start + len(name))
    elif not sign:
        shown = text[start : marked.start("sign")]
        mistake.instead(f"`{shown}` is no label", start, start + len(shown))
    return Advice(f"a label takes a colon: `{name}: …`", edit)


def _chained(mistake: Mistake) -> str | None:
    """Layers with arrows between them, all of the line at once: ``conv3-64 -> relu -> maxpool``."""
    line = mistake.text[mistake.begin : mistake.code_end()]
    arrows = [
        found
        for found in _ARROW.finditer(line)
        if found["word"] in ("[", "soft-max") or found["word"].lower() in _JOINS or mistake.is_layer(found["word"])
    ]
    if not arrows or not line[: arrows[0].start()].strip() or mistake.computes:
        return None
    sign = arrows[0]["sign"]
    begin, end = mistake.begin + arrows[0].start("sign"), mistake.begin + arrows[0].end("sign")
    edits = [mistake.edit(", ", mistake.begin + a.start(), mistake.begin + a.start("word")) for a in arrows]
    mistake.instead(f"`{sign}` cannot stand between two layers", begin, end)
    if (help := chain(mistake, line, [(arrow.start(), arrow.start("word")) for arrow in arrows])) is not None:
        return help
    asserts = "; `-> 64x112x112` asserts a shape" if sign == "->" else ""
    return Advice(f"a comma stands there, or a new line{asserts}", *edits)


def _tensors(mistake: Mistake) -> str | None:
    """``as @mid``, ``=> mid``, ``: mid``, ``-> @mid`` at the end of an item, where its tensor is named."""
    text, offset = mistake.text, mistake.offset
    arrow = re.compile(r"->[ \t]*(?:@[ \t]*([A-Za-z_]\w*)|\"([A-Za-z_]\w*)\")[ \t]*(?=$|[,\]}|#\n])").match(
        text, mistake.begin + len(mistake.before) - 2 if mistake.before.endswith("->") else offset, mistake.end
    )
    if arrow is not None:
        name = arrow[1] or arrow[2]
        edit = mistake.edit(f"as {name}", arrow.start(), arrow.end(1) if arrow[1] else arrow.end(2) + 1)
        return Advice(f"a tensor is named by `as {name}`; `-> 64x112x112` asserts a shape", edit)
    if mistake.word == "@" and mistake.before.endswith(" as"):
        word = re.match(r"@[ \t]*([A-Za-z_]\w*)", text[offset : mistake.end])
        name = word[1][:60] if word is not None else "name"
        help = f"the name alone stands there: `as {name}`; `@{name}` takes it up"
        return Advice(help, mistake.edit("", offset, offset + 1))
    found = re.match(r"(?::|=>|->|=|→)[ \t]*@?([A-Za-z_]\w*)[ \t]*(?=$|[,\]}|#])", text[offset : mistake.end])
    if found is None or "AS" not in mistake.names or _FLAG.fullmatch(found[1]):
        return None
    if found[1].lower() in ("true", "false"):
        return None
    if (named := re.search(r"[ \t](\w+)[ \t]*\Z", mistake.before)) is not None and named[1].lower() in ATTRIBUTES:
        return None
    blank = "" if text[offset - 1].isspace() else " "
    edit = mistake.edit(f"{blank}as {found[1]}", offset, offset + len(found.group().rstrip()))
    if mistake.is_layer(found[1]) or re.match(r"[ \t]*[\w.]+\Z", mistake.before):
        return None
    return Advice(f"a tensor is named by `as {found[1]}`", edit)


def _counts(mistake: Mistake) -> str | None:
    """``unit(8) 3``, ``unit(8) X3``, ``unit(8) times 3``"""
    word = re.search(r"\b(?:times|repeat|repeated|for)[ \t]+\Z", mistake.text[mistake.begin : mistake.offset])
    start = mistake.begin + word.start() if word is not None else mistake.offset
    found = _COUNT.match(mistake.text, mistake.offset, mistake.end)
    if found is None or "TIMES" not in mistake.names or mistake.computes:
        return None
    if not re.search(r"[)\]}][ \t]+\Z", mistake.text[mistake.begin : start]):
        return None
    if mistake.is_layer(found[1].strip("{ }")):
        return None  # a body
    end = mistake.offset + len(found.group().rstrip())
    if word is None and found.group().strip().isdigit() and int(found.group()) > _MOST_REPEATS:
        return None  # channels rather than a count
    return Advice(f"a repeat is written `×{found[1]}`", mistake.edit(f"×{found[1]}", start, end))


#: Layers behind another one, in parentheses or with hyphens.
_ADDED = re.compile(
    r"(?:[ \t]*\([ \t]*(?P<listed>[^()#\n]{1,100})\)|(?P<glued>(?:-[A-Za-z]\w*)+))(?=[ \t]*(?:$|[,\]}|#\n×]|x[ \t]*\d))"
)


def _added(mistake: Mistake) -> str | None:
    """``conv3-64-bn-relu``, ``conv3-64 (bn, relu)``: what stands behind a layer, as if it were a part of it."""
    text, begin = mistake.text, mistake.begin
    if mistake.word not in ("-", "(") or mistake.computes:
        return None
    start = begin + len(text[begin : mistake.offset].rstrip())
    found = _ADDED.match(text, start, mistake.end)
    head = re.search(r"(?<![\w.@-])([A-Za-z]\w*)(?:-\w+)?(?:/\d+)?\Z", text[begin:start])
    if found is None or head is None or not mistake.is_layer(head[1]):
        return None
    words = [found["listed"].strip()] if found["listed"] is not None else found["glued"][1:].split("-")
    layers = [part.strip() for word in words for part in re.split(r"[,+/;]|[ \t]+(?:and|then)[ \t]+", word)]
    if not all(re.fullmatch(r"[A-Za-z]\w*(?:-\w+)?(?:[ \t]+[\d.]+)?", layer) for layer in layers):
        return None
    if not all(mistake.is_layer(re.split(r"[- \t]", layer)[0]) for layer in layers):
        return None
    place = start - len(head.group())
    row = ", ".join([head.group(), *layers])
    if re.search(r"\w:[ \t]*\Z", text[begin:place]) or re.match(r"[ \t]*[×x]", text[found.end() : mistake.end]):
        row = f"[{row}]"
    mistake.instead(f"`{text[place : found.end()].strip()}` is no layer as it stands", place, found.end())
    return Advice(f"a comma stands between two layers: `{row}`", mistake.edit(row, place, found.end()))


#: What is particular to names of tensors, to the order of parts, and to other signs.
NAMES: tuple[Callable[[Mistake], str | None], ...] = (_to_channels, _chained, _tensors, _added)
ORDER: tuple[Callable[[Mistake], str | None], ...] = (_turned,)
MARKS: tuple[Callable[[Mistake], str | None], ...] = (_counts, _dollars, _labels)
