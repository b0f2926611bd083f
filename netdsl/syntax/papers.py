"""Rows and sizes as papers print them: ``3×3 conv, 64, stride 2``, ``3, 224, 224``, a row with its output size.

Rules of the same form as those of :mod:`netdsl.syntax.signs`.
"""

from __future__ import annotations

import re

from netdsl.diagnostics import Advice
from netdsl.syntax.mistake import Mistake

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
_CALLED = re.compile(r"(?P<kind>\w*conv)\([ \t]*(?P<k>\d+)(?:[x×](?P<l>\d+))?,[ \t]*(?P<c>\d+)[ \t]*\)", re.IGNORECASE)
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
    if (row := _row(mistake)) is not None:
        return row
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


def _row(mistake: Mistake) -> str | None:
    """A row of a paper's table with its other columns: ``conv1 | 7×7, 64, stride 2 | 112×112``."""
    text = mistake.text[mistake.begin : mistake.end]
    begin = mistake.begin + len(text) - len(text.lstrip())
    line = mistake.text[begin : mistake.code_end()]
    cells = [cell for cell in re.split(r"[ \t]*\|[ \t]*|\t+|[ ]{2,}", line) if cell]
    label = size = layer = ""
    for cell in cells:
        found = _PAPER.fullmatch(cell)
        kind = (found["kind"] or ("conv" if found["k"] and found["c"] else "")).lower() if found is not None else ""
        if re.fullmatch(r"\d+[ \t]*[×x][ \t]*\d+", cell) and not size:
            size = re.sub(r"[ \t]*[×x][ \t]*", "x", cell)
        elif found is not None and kind and not layer and (found["k"] or found["m"]):
            width, height = (found["k"], found["l"]) if found["k"] else (found["m"], found["n"])
            word = "conv" if kind.startswith("conv") else "maxpool" if kind.startswith("max") else "avgpool"
            layer = word + (width if width == height else f"{width}x{height}")
            layer += f"-{found['c']}" if found["c"] else ""
            layer += f"/{found['s']}" if found["s"] else ""
        elif re.fullmatch(r"[A-Za-z_]\w*", cell) and not label:
            label = cell
        else:
            return None
    if not layer or len(cells) < 2:
        return None
    text = (f"{label}: " if label else "") + layer + (f" -> {size}" if size else "")
    return Advice(f"it is written `{text}`", mistake.edit(text, begin, begin + len(line)))


def sizes(mistake: Mistake) -> str | None:
    """``input (3, 224, 224)``, ``-> 64,112,112``"""
    for found in _SIZES.finditer(mistake.text, mistake.begin, mistake.code_end()):
        inside = found.group(1)
        numbers = re.findall(r"\d+", inside)
        if found.start(1) <= mistake.offset <= found.end(1) and re.search(r"[,;*(\[]|\d[ \t]+\d", inside):
            text = "x".join(numbers)
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
    large = re.match(r"(\d+)((?:X\d+)+)\b", mistake.text[mistake.offset - len(_digits(mistake)) : mistake.end])
    if large is not None and mistake.word.startswith("X"):
        text = large.group().replace("X", "x")
        start = mistake.offset - len(_digits(mistake))
        return Advice(f"sizes are written `{text}`", mistake.edit(text, start, start + large.end()))
    sizes = mistake.before.startswith("input") or "->" in mistake.before
    if mistake.word == "," and not mistake.rest and re.search(r"[ \t][\w×]+\Z", mistake.before):
        return Advice("a statement ends with its line, without a comma", mistake.edit(""))
    if mistake.word in ("*", "(", ",") and sizes and "COMMA" not in mistake.names:
        return "sizes are written `3x224x224`"
    return None


def _digits(mistake: Mistake) -> str:
    """The number right before the place of the mistake."""
    found = re.search(r"\d*\Z", mistake.text[mistake.begin : mistake.offset])
    assert found is not None
    return found.group()
