"""Layers as configurations and drafts have them: ``[-1, 1, Conv, [64, 3, 2]]``, ``conv-64 (3x3)``, ``conv3-64 (×2)``.

Rules of the same form as those of ``signs.py``; ``advice.py`` tries them all.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from netdsl.diagnostics import Advice, shortened
from netdsl.syntax.helps.mistake import Mistake

#: A row of a detector's YAML: where it comes from, how often, its module, its arguments.
_ROW = re.compile(
    r"(?:-[ \t]+)?\[[ \t]*(?P<of>-?\d+|\[[-\d, \t]*\])[ \t]*,[ \t]*(?P<n>\d+)[ \t]*,[ \t]*(?P<word>[\w.]+)[ \t]*,"
    r"[ \t]*\[(?P<given>[^\[\]]*)\][ \t]*\]"
)
_BEHIND = re.compile(
    r"(?<![\w.@-])(?P<head>(?P<word>[A-Za-z]+)(?P<k>\d+)?(?:-\w+)?(?:/\w+)?)[ \t]*"
    r"\([ \t]*(?:[×x][ \t]*(?P<n>\d+)|(?P<m>\d+)[ \t]*[×x]|(?P<h>\d+)[×x](?P<w>\d+))[ \t]*\)"
)
_INPUT = re.compile(r"(?:\w+[ \t]*=[ \t]*)?(?:\w+\.)*Input\([ \t]*(?:shape[ \t]*=[ \t]*)?\(?([\d, \t]+)\)?.*\)")


def _listed(mistake: Mistake) -> str | None:
    """``[-1, 1, Conv, [64, 3, 2]]``"""
    line = mistake.text[mistake.begin : mistake.code_end()]
    found = _ROW.fullmatch(line.strip())
    if found is None:
        return None
    numbers = re.fullmatch(r"[ \t]*(\d+)[ \t]*,[ \t]*(\d+)[ \t]*(?:,[ \t]*(\d+)[ \t]*)?", found["given"])
    scale = re.fullmatch(r"[ \t]*None[ \t]*,[ \t]*(\d+)\b.*", found["given"])
    word = found["word"].removeprefix("nn.").lower()
    begin = mistake.begin + len(line) - len(line.lstrip())
    mistake.instead(f"`{shortened(line.strip(), 60)}` is no layer as it stands", begin, mistake.begin + len(line))
    if word in ("concat", "add", "sum"):
        return f"tensors with names are joined: `{'concat' if word == 'concat' else 'add'} {{ id | @name }}`"
    if word == "conv" and numbers is not None:
        text = f"conv{numbers[2]}-{numbers[1]}" + (f"/{numbers[3]}" if numbers[3] not in (None, "1") else "")
    elif word == "upsample" and scale is not None:
        text = f"upsample ×{scale[1]}"
    else:
        return "a row begins with its layer, `conv3-64/2`, or calls a block of the file, `block name(c) { … }`"
    text += f" ×{found['n']}" if found["n"] != "1" else ""
    if found["of"] != "-1":
        return f"it is written `@name, {text}`, where `name:` stands before the layer that it comes from"
    return Advice(f"it is written `{text}`", mistake.edit(text, begin, mistake.begin + len(line)))


def _behind(mistake: Mistake) -> str | None:
    """``conv3-64 (×2)``, ``conv-64 (3x3)``"""
    for found in _BEHIND.finditer(mistake.text, mistake.begin, mistake.end):
        if not found.start() <= mistake.offset <= found.end() or not mistake.is_layer(found["word"]):
            continue
        count = found["n"] or found["m"]
        if count is None and found["k"]:
            continue
        kernel = found["h"] if found["h"] == found["w"] else f"{found['h']}x{found['w']}"
        text = f"{found['head']} ×{count}" if count else found["head"].replace(found["word"], found["word"] + kernel, 1)
        return Advice(f"it is written `{text}`", mistake.edit(text, found.start(), found.end()))
    return None


def _inputs(mistake: Mistake) -> str | None:
    """``inputs = Input(shape=(32, 32, 3))``"""
    line = mistake.text[mistake.begin : mistake.code_end()]
    found = _INPUT.fullmatch(line.strip())
    sizes = re.findall(r"\d+", found[1]) if found is not None else []
    if not sizes:
        return None
    begin = mistake.begin + len(line) - len(line.lstrip())
    mistake.instead(f"`{shortened(line.strip(), 60)}` declares nothing here", begin, mistake.begin + len(line))
    return f"what enters is declared, its channels first: `input {'x'.join([*sizes[-1:], *sizes[:-1]])}`"


RULES: tuple[Callable[[Mistake], str | None], ...] = (_listed, _behind, _inputs)
