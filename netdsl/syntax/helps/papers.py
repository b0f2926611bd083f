"""Rows and sizes as papers print them: ``3×3 conv, 64, stride 2``, ``3, 224, 224``, a row with its output size.

Rules of the same form as those of ``signs.py``.
"""

from __future__ import annotations

import re

from netdsl.diagnostics import Advice
from netdsl.syntax.helps.mistake import Mistake

_SIZES = re.compile(
    r"(?:input(?:[ \t]+[A-Za-z_]\w*)?|->)[ \t]*([(\[]?[ \t]*\d+(?:(?:[ \t]*[,;*×x][ \t]*|[ \t]+)\d+)*[ \t]*[)\]]?)"
)
#: Layers that are followed by sizes.
_OF_SIZES = re.compile(
    r"\b(?:reshape|crop|permute)[ \t]+(?:to=)?((?:\d+|\{[^{}\n]*\}|[A-Za-z_]+)"
    r"(?:[ \t]*[x×][ \t]*(?:\d+|\{[^{}\n]*\}|[A-Za-z_]+)|[ \t]*,[ \t]*\d+(?![\w-]))+)"
)
#: A layer as the tables of papers have it: `3×3 conv, 64, stride 2`, `3x3 max pool, stride 2`, `1×1, 64`.
#: All its parts may be absent: blanks and digits are taken whole, or each way to share them out would be tried.
_PAPER = re.compile(
    r"(?P<times>(?P<k>\d++)[ \t]*+[x×][ \t]*+(?P<l>\d++)[ \t]*+,?[ \t]*+)?"
    r"(?P<kind>conv(?:olution)?|max[ -]?pool(?:ing)?|(?:av(?:era)?ge?)[ -]?pool(?:ing)?)?"
    r"(?:[ \t]++(?P<m>\d++)[ \t]*+[x×][ \t]*+(?P<n>\d++))?[ \t]*+[,-]?"
    r"(?:[ \t]*+(?P<c>\d++)(?:[ \t]*+(?:filters|channels|maps|kernels))?)?"
    r"(?:[ \t]*+,?[ \t]*+(?:/|stride|s)[ \t]*+=?[ \t]*+(?P<s>\d++))?"
    r"[ \t]*+(?=$|[\]}|]|(?<=[ \t])(?:\w+=|as\b|->))",
    re.IGNORECASE,
)
#: A row of the table of GoogLeNet's paper: its type, patch and stride, output, and counts.
_TYPED = re.compile(
    r"(?P<kind>convolution|max[ -]?pool|av(?:era)?ge?[ -]?pool)[ \t]+(?P<k>\d+)[×x](?P=k)[ \t]*/[ \t]*(?P<s>\d+)[ \t]+"
    r"(?P<h>\d+)[×x](?P<w>\d+)[×x](?P<c>\d+)(?:[ \t]+[\d.,]+[KMG]?)*",
    re.IGNORECASE,
)
_PART = re.compile(r"(?P<k>\d+)[ \t]*[×x][ \t]*(?P<l>\d+)(?:[ \t]*conv)?[ \t]*,[ \t]*(?P<c>\d+)", re.IGNORECASE)
_WIDE = re.compile(
    r"(\d+)[ \t]*-?(?:d(?:im)?\b)?[ \t-]*(?:fc|fully[ -]connected|linear|dense)|(?:fc|fully[ -]connected)[ -](\d+)",
    re.IGNORECASE,
)
_CALLED = re.compile(
    r"(?P<kind>\w*conv)[ \t]*\([ \t]*(?P<k>\d+)(?:[x×](?P<l>\d+))?,[ \t]*(?P<c>\d+)[ \t]*\)", re.IGNORECASE
)
_COUNTED = re.compile(
    r"(?P<n>\d+)[ \t]*[x×][ \t]*"
    r"(?P<item>\[[^\[\]\n]*\]|[A-Za-z]\w*(?:\([^()\n]*\)|[\w-]*(?:/\w+)?))[ \t]*(?=$|[,\]}|])"
)


def paper(mistake: Mistake) -> str | None:
    """A row of a paper's table."""
    begin, end = mistake.item(), mistake.code_end()
    found = _PAPER.match(mistake.text, begin, end)
    if found is not None and found.end() > mistake.offset:
        part = found.groupdict()
        kernel = (part["k"], part["l"]) if part["k"] else (part["m"], part["n"])
        kind = (part["kind"] or ("conv" if part["k"] else "")).lower()
        word = "conv" if kind.startswith("conv") else "maxpool" if kind.startswith("max") else "avgpool"
        if kind and kernel[0] and (part["c"] if word == "conv" else not part["c"]):
            size = kernel[0] if kernel[0] == kernel[1] else "x".join(kernel)
            stride = f"/{part['s']}" if part["s"] else ""
            text = f"{word}{size}" + (f"-{part['c']}" if part["c"] else "") + stride
            return Advice(f"it is written `{text}`", mistake.edit(text, begin, begin + len(found.group().rstrip())))
    if (help := row(mistake) or words(mistake)) is not None:
        return help
    wide = re.compile(r"(\d+)[ \t]*-?d(?:im)?[ \t]+(?:fc|linear|dense)\b", re.IGNORECASE).match(
        mistake.text, mistake.offset, end
    )
    if wide is not None:
        text = f"fc-{wide[1]}"
        return Advice(f"it is written `{text}`", mistake.edit(text, mistake.offset, wide.end()))
    for called in _CALLED.finditer(mistake.text, mistake.begin, end):
        if called.start() < mistake.offset <= called.end() + 20:
            size, channels = called["k"], called["c"]
            if called["l"] is None:
                size, channels = sorted((size, channels), key=int)
            elif called["l"] != size:
                size = f"{size}x{called['l']}"
            text = f"{called['kind'].lower()}{size}-{channels}"
            return Advice(f"it is written `{text}`", mistake.edit(text, called.start(), called.end()))
    found = _COUNTED.match(mistake.text, begin, end)
    if found is not None and found.end() > mistake.offset:
        text = f"{found['item']} ×{found['n']}"
        whole = mistake.edit(text, begin, begin + len(found.group().rstrip()))
        return Advice(f"the number of a repeat comes after: `{text}`", whole)
    return None


def row(mistake: Mistake) -> str | None:
    """A row of a paper's table with its other columns: ``conv1 | 7×7, 64, stride 2 | 112×112``."""
    text = mistake.text[mistake.begin : mistake.end]
    begin = mistake.begin + len(text) - len(text.lstrip())
    line = mistake.text[begin : mistake.code_end()]
    typed = _TYPED.fullmatch(line)
    if typed is not None:
        word = "conv" if typed["kind"][0] in "cC" else "maxpool" if typed["kind"][0] in "mM" else "avgpool"
        channels = f"-{typed['c']}" if word == "conv" else ""
        shown = f"{word}{typed['k']}{channels}{'' if typed['s'] == '1' and channels else '/' + typed['s']}"
        text = f"{shown} -> {typed['h']}x{typed['w']}"
        return Advice(f"it is written `{text}`", mistake.edit(text, begin, begin + len(line)))
    cells = [cell for cell in re.split(r"[ \t]*\|[ \t]*|\t+|[ ]{2,}", line) if cell]
    if cells and (named := re.fullmatch(r"([A-Za-z_]\w*)[ \t]+(\[.*)", cells[0])) is not None:
        cells[:1] = [named[1], named[2]]
    label = size = layer = ""
    for cell in cells:
        made = _group(cell) or _windowed(cell)
        if re.fullmatch(r"\d+[ \t]*[×x][ \t]*\d+", cell) and not size:
            size = re.sub(r"[ \t]*[×x][ \t]*", "x", cell)
        elif made is not None and not layer:
            layer = made
        elif re.fullmatch(r"[A-Za-z_]\w*", cell) and not label:
            label = cell
        else:
            return None
    if not layer or (len(cells) < 2 and layer[0] != "["):
        return None
    text = (f"{label}: " if label else "") + layer + (f" -> {size}" if size else "")
    return Advice(f"it is written `{text}`", mistake.edit(text, begin, begin + len(line)))


def _windowed(cell: str) -> str | None:
    """``7×7, 64, stride 2``, ``3×3 max pool, stride 2`` → a layer."""
    found = _PAPER.fullmatch(cell)
    kind = (found["kind"] or ("conv" if found["k"] and found["c"] else "")).lower() if found is not None else ""
    if found is None or not kind or not (found["k"] or found["m"]):
        return None
    width, height = (found["k"], found["l"]) if found["k"] else (found["m"], found["n"])
    word = "conv" if kind.startswith("conv") else "maxpool" if kind.startswith("max") else "avgpool"
    layer = word + (width if width == height else f"{width}x{height}")
    return layer + (f"-{found['c']}" if found["c"] else "") + (f"/{found['s']}" if found["s"] else "")


def _group(cell: str) -> str | None:
    """``[1×1, 64; 3×3, 64; 1×1, 256] ×3`` → a group that repeats."""
    around = re.fullmatch(r"\[([^\[\]]*)\][ \t]*(?:[×x*][ \t]*(\d+))?", cell)
    parts = [*_PART.finditer(around[1])] if around is not None else []
    if around is None or not parts or not re.fullmatch(r"[ \t,;]*", _PART.sub("", around[1])):
        return None
    sizes = [(part["k"] if part["k"] == part["l"] else f"{part['k']}x{part['l']}", part["c"]) for part in parts]
    layers = ", ".join(f"conv{kernel}-{channels}" for kernel, channels in sizes)
    return f"[{layers}]" + (f" ×{around[2]}" if around[2] else "")


def words(mistake: Mistake) -> str | None:
    """``global average pool, 1000-d fc, softmax``: a row in words, all of it at once."""
    line = mistake.text[mistake.begin : mistake.code_end()]
    made = []
    for part in re.split(r"[ \t]*,[ \t]*", line.strip()):
        wide = _WIDE.fullmatch(part)
        pooled = re.fullmatch(r"(?:global[ -]+)?(average|avg|max)[ -]?pool(?:ing)?", part, re.IGNORECASE)
        head = re.fullmatch(r"[A-Za-z]\w*(?:-\w+)?(?:/\w+)?", part)
        if wide is not None:
            made.append(f"fc-{wide[1] or wide[2]}")
        elif pooled is not None:
            made.append("gmp" if pooled[1].lower() == "max" else "gap")
        elif re.fullmatch(r"soft[ -]?max", part, re.IGNORECASE):
            made.append("soft-max")
        elif head is not None and mistake.is_layer(re.split("[-/]", part)[0]):
            made.append(part)
        else:
            return None
    text = ", ".join(made)
    begin = mistake.begin + len(line) - len(line.lstrip())
    edit = mistake.edit(text, begin, mistake.begin + len(line))
    changed = len(made) > 1 and text != line.strip()
    return Advice(f"it is written `{text}`", edit) if changed and mistake.reads(edit) == 1 else None


def sizes(mistake: Mistake) -> str | None:
    """``input (3, 224, 224)``, ``-> 64,112,112``"""
    for found in _SIZES.finditer(mistake.text, mistake.begin, mistake.code_end()):
        inside = found.group(1)
        numbers = re.findall(r"\d+", inside)
        if found.start(1) <= mistake.offset <= found.end(1) and re.search(r"[,;*(\[]|\d[ \t]+\d", inside):
            if mistake.before.startswith("input") and 3 <= len(numbers) <= 4 and "(" in inside:
                if int(numbers[-1]) in (1, 3) and int(numbers[0]) > 4:
                    text = "x".join([numbers[-1], *numbers[:-1]])
                    end = found.start(1) + len(inside.rstrip())
                    edit = mistake.edit(text, found.start(1), end)
                    return Advice(f"sizes are written with the channels first: `{text}`", edit)
            text = "x".join(numbers)
            if (mixed := _mixed(inside, "->" in mistake.text[mistake.begin : found.start(1)])) is not None:
                return f"sizes have no blanks between them: `{text}`, or `{mixed}`"
            end = found.start(1) + len(inside.rstrip())
            return Advice(f"sizes are written `{text}`", mistake.edit(text, found.start(1), end))
    for found in _OF_SIZES.finditer(mistake.text, mistake.begin, mistake.code_end()):
        if found.start(1) <= mistake.offset <= found.end(1):
            parts = re.findall(r"\d+|\{[^{}\n]*\}|[A-Za-z_]+(?<!x)", found.group(1))
            text = "x".join(part if part[0] == "{" or part.isdecimal() else f"{{{part}}}" for part in parts)
            edit = mistake.edit(text, found.start(1), found.end(1))
            return Advice(f"sizes have no blanks or commas between them: `{text}`", edit)
    if mistake.word == "-" and re.search(r"\breshape\b[^,]*\Z", mistake.before) and re.match("1\\b", mistake.rest):
        return "each of the sizes is said, and none left open; `flatten` makes a vector of a map"
    sizes = mistake.before.startswith("input") or "->" in mistake.before
    if mistake.word == "," and not mistake.rest and re.search(r"[ \t][\w×]+\Z", mistake.before):
        return Advice("a statement ends with its line, without a comma", mistake.edit(""))
    if mistake.word in ("*", "(", ",") and sizes and "COMMA" not in mistake.names:
        return "sizes are written `3x224x224`"
    return None


def _mixed(inside: str, asserted: bool) -> str | None:
    """Sizes of which two have a blank between them and others ``x``, as if the blank stood in a number.

    The channels of an input may well stand apart from its sizes.
    """
    found = re.fullmatch(r"(\d+(?:[x×]\d+)*)[ \t](\d+(?:[x×]\d+)*)[ \t]*", inside)
    if found is None or not re.search("[x×]", found[1] + (found[2] if asserted else "")):
        return None
    if min(len(re.split("[x×]", found[1])[-1]), len(re.split("[x×]", found[2])[0])) > 1:
        return None
    return f"{found[1]}{found[2]}"
