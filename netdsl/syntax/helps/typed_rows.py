"""Rows of papers' tables with the type of a layer: ``Conv / s2 3×3×3×32``, ``Convolutional 64 3×3/2 128×128``.

MobileNet's, Darknet's, Inception-v3's and EfficientNet's. Rules of the same form as those of
``signs.py``; they hold for rows that cannot be read, and for those that can and were meant so.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from netdsl.diagnostics import Advice
from netdsl.syntax.helps.mistake import Mistake

#: The longest row that is looked at.
_LONGEST = 200
_SIZES = r"\d+(?:x\d+){1,3}"
#: MobileNet: type / stride, filter shape, and the size of the input. `5×` is of two rows.
_STRIDED = re.compile(
    rf"(?:(?P<n>\d+)[ ]?x[ ]?)?(?P<kind>conv(?: dw)?|(?:av(?:era)?ge?|max)[ -]?pool|fc|soft[ -]?max)[ ]?/[ ]?s(?P<s>\d)"
    rf" (?:pool )?(?P<shape>{_SIZES}(?: dw)?|classifier)(?: (?P<enters>{_SIZES}))?",
    re.IGNORECASE,
)
#: Darknet: type, filters, size / stride, output.
_DARKNET = re.compile(
    r"(?:(?P<n>\d+)[ ]?x[ ]?)?(?P<kind>convolutional|max[ -]?pool)(?: (?P<c>\d+))? (?P<k>\d+)x(?P<l>\d+)"
    r"(?:[ ]?/[ ]?(?P<s>\d+))? (?P<size>\d+x\d+)",
    re.IGNORECASE,
)
_DARKNET_END = re.compile(r"(?P<kind>avg[ -]?pool) global(?: \d+)?|connected (?P<c>\d+)(?: \d+)?", re.IGNORECASE)
#: Inception-v3: type, patch size / stride, and the size of the input.
_PATCHED = re.compile(
    r"(?P<kind>conv(?: padded)?|pool) (?P<k>\d+)x(?P<l>\d+)(?:[ ]?/[ ]?(?P<s>\d+))? \d+x\d+x\d+", re.IGNORECASE
)
_PATCHED_END = re.compile(r"(?P<kind>linear logits|softmax classifier) 1x1x(?P<c>\d+)", re.IGNORECASE)
#: EfficientNet: stage, operator, resolution, channels, number of layers.
_STAGED = re.compile(
    r"\d{1,2} (?P<kind>(?:fused-)?mbconv\d*|conv)(?:,? ?k?(?P<k>\d+)x(?P<l>\d+))? (?P<h>\d+)x\d+ (?P<c>\d+) (?P<n>\d+)",
    re.IGNORECASE,
)
_STAGED_END = re.compile(
    r"\d{1,2} conv(?P<k>\d+)x(?P=k) pooling fc \d+x\d+ (?P<c>\d+) 1|"
    r"\d{1,2} conv(?P<l>\d+)x(?P=l),? pooling,? fc \d+x\d+ (?P<d>\d+) 1",
    re.IGNORECASE,
)
#: MobileNet-v2: input, operator, t, c, n, s.
_OPERATORS = re.compile(
    r"\d+[²^2]*x\d+(?:x\d+)? (?P<kind>conv2d|bottleneck|avgpool)(?: (?P<k>\d+)x\d+)? (?P<t>-|\d+)"
    r" (?P<c>-|k|\d+) (?P<n>-|\d+)(?: (?P<s>-|\d+))?",
    re.IGNORECASE,
)
#: Rows of what is a block here: `Dense Block (1) 56×56 […] × 6`, `3× Inception As in figure 5`.
_BLOCK = re.compile(
    r"(?:(?P<n>\d+)[ ]?x[ ]?)?"
    r"(?P<kind>dense block|transition layer|inception(?= as in)|bottleneck block|residual block)"
    r"(?: \(\d+\w?\))? (?:as in .*|\d.*|\[.*)",
    re.IGNORECASE,
)
_BLOCKS = {
    "dense block": ("dense(6)", 'use "zoo:densenet" (dense)'),
    "transition layer": ("transition", 'use "zoo:densenet" (transition)'),
    "inception": ("inception5(32)", 'use "zoo:inception_v3" (inception5)'),
    "bottleneck block": ("bottleneck(64)", 'use "zoo:resnet" (bottleneck)'),
    "residual block": ("basic(64)", 'use "zoo:resnet" (basic)'),
}
#: The names of the columns above such rows.
_HEADING = re.compile(
    r"type ?/ ?stride .*|type (?:filters|patch size|kernel).*|stage operator .*|input operator .*", re.IGNORECASE
)


def plain(line: str) -> str:
    """A row with one blank between its columns and ``x`` between sizes, without what LaTeX has around them."""
    line = re.sub(r"\\times(?![A-Za-z])|[×*✕]", "x", line)
    line = re.sub(r"\\\\(?:[ \t]*\\hline)?|\$|\\text\b|[{}~]", " ", line)
    line = re.sub(r"(?<=\d)[ \t]*x[ \t]*(?=\d)", "x", line)
    return re.sub(r"[ \t|&]+", " ", line).strip()


def _window(k: str, other: str) -> str:
    return k if k == other else f"{k}x{other}"


def _below(mistake: Mistake) -> tuple[str, int]:
    """The row below, as :func:`plain` has it, and where it ends."""
    text = mistake.text
    end = text.find("\n", mistake.end + 1)
    end = len(text) if end < 0 else end
    line = text[mistake.end + 1 : end] if mistake.end + 1 < end else ""
    return (plain(line.partition("#")[0]) if len(line) <= _LONGEST else ""), end


def _strided_layer(found: re.Match[str]) -> str | None:
    """What a row of MobileNet's table is."""
    kind, stride = found["kind"].lower(), "" if found["s"] == "1" else f"/{found['s']}"
    sizes = re.findall(r"\d+", found["shape"])
    if kind.startswith("soft"):
        return "soft-max eval" if not sizes else None
    if kind == "fc":
        return f"fc-{sizes[1]}" if len(sizes) == 2 else None
    if "pool" in kind:
        if len(sizes) != 2:
            return None
        word = "maxpool" if kind.startswith("max") else "avgpool"
        if word == "avgpool" and (found["enters"] or "").split("x")[:2] == sizes:
            return "gap"
        return f"{word}{_window(*sizes)}/{found['s']}"
    depthwise = kind.endswith("dw")
    if len(sizes) != (3 if depthwise else 4):
        return None
    window = _window(*sizes[:2])
    return f"dwconv{window}{stride}" if depthwise else f"conv{window}-{sizes[3]}{stride}"


def _strided(mistake: Mistake, line: str, begin: int, end: int) -> str | None:
    """``Conv / s2 3×3×3×32 224×224×3``, ``5× Conv dw / s1 3×3×512 dw`` with the row below"""
    found = _STRIDED.fullmatch(line)
    layer = _strided_layer(found) if found is not None else None
    if found is None or layer is None:
        return None
    if found["n"]:
        below, last = _below(mistake)
        other = _STRIDED.fullmatch(below)
        second = _strided_layer(other) if other is not None and not other["n"] else None
        if layer.startswith("dwconv") and second is not None and second.startswith("conv"):
            layer = f"[{layer}, {second}]"
            mistake.beside = last
            if "#" in mistake.text[begin:last]:
                return f"it is written `{layer} ×{found['n']}`"  # a remark would be lost
            end = last
        layer += f" ×{found['n']}"
    return _written(mistake, layer, begin, end)


def _written(mistake: Mistake, layer: str, begin: int, end: int) -> str:
    shown = mistake.text[begin : min(end, mistake.end)].rstrip()
    mistake.instead(f"`{shown}` is no layer as it stands", begin, begin + len(shown))
    return Advice(f"it is written `{layer}`", mistake.edit(layer, begin, end))


def _darknet(mistake: Mistake, line: str, begin: int, end: int) -> str | None:
    """``Convolutional 64 3×3/2 128×128``, ``Maxpool 2×2/2 112×112``, ``Connected 1000``"""
    last = _DARKNET_END.fullmatch(line)
    if last is not None:
        return _written(mistake, "gap" if last["kind"] else f"fc-{last['c']}", begin, end)
    found = _DARKNET.fullmatch(line)
    if found is None or (found["c"] is None) == found["kind"].lower().startswith("conv"):
        return None
    window, stride = _window(found["k"], found["l"]), f"/{found['s']}" if found["s"] else ""
    head = f"conv{window}-{found['c']}{'' if stride == '/1' else stride}" if found["c"] else f"maxpool{window}{stride}"
    return _written(mistake, f"{head} -> {found['size']}", begin, end)


def _patched(mistake: Mistake, line: str, begin: int, end: int) -> str | None:
    """``conv padded 3×3/1 147×147×32``, ``pool 8×8 8×8×2048``, ``linear logits 1×1×2048``"""
    found, last = _PATCHED.fullmatch(line), _PATCHED_END.fullmatch(line)
    if found is None and last is None:
        return None
    if last is not None and last["kind"].lower().startswith("soft"):
        return _written(mistake, "soft-max eval", begin, end)
    shown = mistake.text[begin:end]
    mistake.instead(f"`{shown}` is no layer as it stands", begin, end)
    behind = re.search(r"(?:\d+x\d+x|1x1x)(\d+)\Z", _below(mistake)[0])
    if last is not None:
        number = behind[1] if behind is not None else "1000"
        return f"the row says what enters: with {number} features it is `fc-{number}`"
    assert found is not None
    window, stride = _window(found["k"], found["l"]), f"/{found['s']}" if found["s"] else ""
    if found["kind"].lower() == "pool":
        return f"`maxpool{window}{stride}` takes the largest of each window, `avgpool{window}{stride}` their mean"
    number = behind[1] if behind is not None else "64"
    flag = "" if "padded" in found["kind"] or found["k"] == found["l"] == "1" else " valid"
    layer = f"conv{window}-{number}{'' if stride == '/1' else stride}{flag}"
    return f"the row says what enters, and not the channels that it makes: with {number} it is `{layer}`"


def _staged(mistake: Mistake, line: str, begin: int, end: int) -> str | None:
    """``1 Conv3x3 224×224 32 1``, ``2 MBConv1, k3x3 112×112 16 1``"""
    last = _STAGED_END.fullmatch(line)
    if last is not None:
        head = f"conv{last['k'] or last['l']}-{last['c'] or last['d']}"
        return f"with 1000 classes it is written `{head}, gap, fc-1000`"
    found = _STAGED.fullmatch(re.sub(r"(?i)(?<=conv)(?=\d+x)", " ", line))
    if found is None:
        return None
    mistake.instead(f"`{mistake.text[begin:end]}` is no layer as it stands", begin, end)
    if found["kind"].lower() != "conv":
        block = "`mbconv(t, k, channels, s, first)`"
        return f'a row calls a block: `use "zoo:efficientnet" (mbconv)` takes the zoo\'s, {block}'
    below = re.search(r"(\d+)x\d+ \d+ \d+\Z", _below(mistake)[0])
    window = _window(found["k"], found["l"]) if found["k"] else "3"
    head = f"conv{window}-{found['c']}"
    if below is None:
        return f"it is written `{head}`, and `{head}/2` where it halves the map"
    layer = head + ("/2" if int(below[1]) * 2 == int(found["h"]) else "") + f" ×{found['n']}" * (found["n"] != "1")
    return Advice(f"it is written `{layer}`", mistake.edit(layer, begin, end))


def _operators(mistake: Mistake, line: str, begin: int, end: int) -> str | None:
    """``112²×32 | bottleneck | 1 | 16 | 1 | 1``, ``1×1×1280 | conv2d 1x1 | - | k | -``"""
    found = _OPERATORS.fullmatch(line)
    if found is None:
        return None
    kind, number = found["kind"].lower(), found["c"] if found["c"].isdigit() else "1000"
    stride = f"/{found['s']}" if found["s"] and found["s"] not in "-1" else ""
    count = f" ×{found['n']}" if found["n"] not in "-1" else ""
    if kind == "avgpool":
        return _written(mistake, "gap", begin, end)
    if found["c"] == "k":
        return f"with 1000 classes it is written `conv{found['k'] or '1'}-1000`"
    if kind == "conv2d":
        return _written(mistake, f"conv{found['k'] or '3'}-{number}{stride}{count}", begin, end)
    shown = mistake.text[begin:end]
    mistake.instead(f"`{shown}` is no layer as it stands", begin, end)
    call = f"bottleneck({found['t']}, {number})"
    calls = f"{call}{count}"
    if stride:
        others = int(found["n"]) - 1 if count else 0
        calls = f"{call[:-1]}, {found['s']})" + (f", {call}{f' ×{others}' * (others > 1)}" if others else "")
    return f"a row calls a block: `{calls}`, of `block bottleneck(t, c, s = 1) {{ … }}`"


def _block(mistake: Mistake, line: str, begin: int, end: int) -> str | None:
    """``Dense Block (1) 56×56 [1×1 conv; 3×3 conv] × 6``, ``3×Inception As in figure 5 35×35×288``"""
    found = _BLOCK.fullmatch(line)
    if found is None:
        return None
    mistake.instead(f"`{mistake.text[begin:end]}` is no layer as it stands", begin, end)
    call, use = _BLOCKS[found["kind"].lower()]
    count = re.search(r"\]x?(\d+)", line.replace(" ", ""))
    if call.startswith("dense") and count is not None:
        call = f"dense({count[1]})"
    elif found["n"] or count is not None:
        call += f" ×{found['n'] or count[1]}"  # type: ignore[index]
    return f"a row calls a block: `{call}`, which `{use}` takes from the zoo"


def _heading(mistake: Mistake, line: str, begin: int, end: int) -> str | None:
    """``Type / Stride   Filter Shape   Input Size``"""
    if _HEADING.fullmatch(line) is None or re.search(r"\d", line):
        return None
    mistake.instead("the heading of a table is no layer", begin, end)
    return Advice("a heading is a remark here: it begins with `#`", mistake.edit("# ", begin, begin))


#: How such rows begin.
_BEGINS = re.compile(
    r"[ \t$]*(?:\d|con[vn]|fc|soft|ave?|max|pool|linear|dense|trans|incep|bottleneck|residual|type|stage|input)",
    re.IGNORECASE,
)
_TABLES: tuple[Callable[[Mistake, str, int, int], str | None], ...] = (
    _strided, _darknet, _patched, _staged, _operators, _block, _heading,
)  # fmt: skip


def typed(mistake: Mistake) -> str | None:
    """A row of one of these tables."""
    end = mistake.code_end()
    text = mistake.text[mistake.begin : end]
    if len(text) > _LONGEST or _BEGINS.match(text) is None:
        return None
    begin, line = mistake.begin + len(text) - len(text.lstrip()), plain(text)
    return next((help for of in _TABLES if (help := of(mistake, line, begin, end)) is not None), None)
