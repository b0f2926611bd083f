"""One row of a printed table, its words and numbers in whatever order: ``Conv1 11×11×96 stride 4``, ``pool 3×3/2``.

A row is read into its parts: what kind of layer it names, and what each number must be by its size and its
neighbours. Where two readings are left, none is given. Rules of the same form as those of ``signs.py``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import NamedTuple

from netdsl.diagnostics import Advice, shortened
from netdsl.syntax.helps import papers
from netdsl.syntax.helps.mistake import Mistake

#: The longest row that is looked at.
_LONGEST = 160
#: Windows are no larger, and maps no smaller than this.
_LARGEST_WINDOW = 11
#: Strides and counts of repeats are no larger, where a row does not say what a number is.
_LARGEST_COUNT = 6
#: Of two small sizes in a row these are windows.
_USUAL = ((1, 1), (2, 2), (3, 3))
_TIMES = r"[ \t]*[x×][ \t]*"
_TOKEN = re.compile(
    rf"(?P<blank>[ \t,;|]+)"
    rf"|(?P<head>[A-Za-z]+\d+(?:x\d+)*-\d+)(?![\w.-])"
    rf"|(?P<maps>\d+)[ \t]*@[ \t]*(?P<mapped>\d+{_TIMES}\d+)(?!\w)"
    r"|(?:-s-|/[ \t]*s?[ \t]*|\bs[ \t]*=?[ \t]*"
    r"|\b(?:with[ \t]+)?strides?[ \t]*(?:of[ \t]+|[a-z][ \t]*=[ \t]*|[=:][ \t]*)?)"
    rf"(?P<stride>\d(?:[ \t]*[x×,][ \t]*\d(?!\w))*)(?!\w)"
    rf"|\b(?:zero-)?pad(?:ding)?[ \t]*[=:]?[ \t]*(?P<pad>\d+)(?!\w)"
    rf"|\b(?:dilat\w+|atrous|rate|dil)(?:[ \t]+rate)?[ \t]*[=:]?[ \t]*(?P<dilation>\d+)(?!\w)"
    rf"|\b(?:groups?|cardinality|C[ \t]*=)[ \t]*[=:]?[ \t]*(?P<groups>\d+)(?!\w)"
    rf"|\b(?:kernels?|filters?|windows?)(?:[ \t]+size)?[ \t]*[=:]?[ \t]*(?P<kernel>\d+(?:{_TIMES}\d+)*)(?!\w)"
    rf"|(?P<size>\d+(?:{_TIMES}\d+)+)(?!\w)"
    rf"|\([ \t]*[x×][ \t]*(?P<filters>\d+)[ \t]*\)"
    rf"|(?P<number>\d+)(?:[ \t]*-?[Dd](?:im)?\b|-way\b)?(?![\w.%-])"
    rf"|(?P<word>[A-Za-z_]\w*(?:-[A-Za-z]+)*\.?)",
    re.ASCII,
)
#: What the words of a row say of its layer; "" where they say nothing.
_WORDS = {
    **dict.fromkeys(("conv", "convs", "convolution", "convolutional", "conv2d", "conv1d", "conv3d"), "conv"),
    **dict.fromkeys(("deconv", "deconvolution", "upconv", "up-conv", "transposed", "fractionally-strided"), "up"),
    **dict.fromkeys(("dw", "depthwise", "depth-wise", "dwconv"), "dw"),
    **dict.fromkeys(("separable", "sepconv"), "sep"),
    **dict.fromkeys(("max", "maxpool", "max-pool", "maxpooling", "max-pooling"), "max"),
    **dict.fromkeys(("avg", "ave", "average", "averaging", "avgpool", "avg-pool", "avgpooling", "mean"), "avg"),
    **dict.fromkeys(("average-pooling", "avg-pooling", "average-pool"), "avg"),
    **dict.fromkeys(("global", "globalpool"), "global"),
    **dict.fromkeys(("pool", "pooling", "subsampling"), "pool"),
    **dict.fromkeys(("fc", "fully-connected", "fully", "connected", "linear", "dense", "conn"), "fc"),
    **dict.fromkeys(
        ("layer", "layers", "filters", "channels", "maps", "feature", "features", "units", "neurons", "nodes",
         "outputs", "of", "with", "over", "padded", "kernels", "the", "logits", "2d"), "",
    ),
}  # fmt: skip
#: Layers that stand behind another in its row.
_BEHIND = {"relu": "relu", "bn": "bn", "batchnorm": "bn", "tanh": "tanh", "sigmoid": "sigmoid", "relu6": "relu6"}
#: A word of a layer with the number of the row, `Conv1`, `fc6`, `Pool1`, or with a letter more, `Conv1a`.
_NUMBERED = re.compile(
    r"(conv|fc|pool|maxpool|max-pool|avgpool|deconv|c|s|f)(\d{1,2}[a-z]?|\d?_\w{1,3})", re.IGNORECASE
)
_ABBREVIATED = {"c": "conv", "s": "pool", "f": "fc"}
#: A layer as it is written here, and what stands behind one with a value and without its `=`.
_HEAD = re.compile(r"(?:\w+:[ \t]*)?[A-Za-z]+\d+(?:x\d+)*-\d")
_VALUED = re.compile(r"[ \t](?:strides?|pad(?:ding)?|groups?|dilation|atrous|rate|kernel)[ \t]+\d")
#: A convolution in the brackets of a repeat, `3×3, 64, C=32`, `d7×7, 96`, `3×3, 16×k`.
_PART = re.compile(
    rf"(?P<dw>d)?(?P<k>\d+){_TIMES}(?P<l>\d+)(?:[ \t]*conv)?[ \t]*,[ \t]*"
    rf"(?P<c>\d+(?:{_TIMES}[A-Za-z]\w*)?|[A-Za-z]\w*)(?!\w)(?:[ \t]*,[ \t]*[CG][ \t]*=[ \t]*(?P<groups>\d+))?",
)
#: The same of a signal: `80/4, 128`.
_SIGNAL = re.compile(r"(?P<k>\d+)(?:/(?P<s>\d+))?[ \t]*,[ \t]*(?P<c>\d+)")
_INPUT = re.compile(
    rf"[ \t]*input[ \t]*\(?[ \t]*(?P<h>\d+)(?:{_TIMES}(?P<w>\d+)|(?P<square>\^2|²))(?:{_TIMES}(?P<c>\d+))?"
    r"[ \t]*(?P<px>px|pixels?)?[ \t]*,?[ \t]*(?P<colour>rgb|colou?r|gr[ae]y(?:[ -]?scale)?)?[ \t]*(?:images?)?[ \t]*"
    r"\)?",
    re.IGNORECASE,
)


class Row(NamedTuple):
    """What a row comes to: a label, its layer, and whether each of its numbers has its place."""

    label: str
    layer: str
    whole: bool


def read(text: str) -> Row | None:
    """A row of a printed table as it is written here; None where it can be read in two ways, or in none."""
    words: list[str] = []
    behind: list[str] = []
    given: dict[str, str] = {}
    sizes: list[tuple[int, ...]] = []
    numbers: list[int] = []
    label, head, at, text = "", "", 0, text.strip()
    named = re.match(r"([A-Za-z_]\w*)[ \t]*:[ \t]*", text)
    if named is not None:
        label, at = named[1], named.end()
    if len(text) > _LONGEST or not re.search(r"\d", text):
        return None
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            return None
        at = found.end()
        kind = found.lastgroup or "blank"
        if kind == "blank":
            continue
        value = found[kind]
        if kind == "word":
            numbered = _NUMBERED.fullmatch(value)
            glued = re.fullmatch(r"([A-Za-z]+?)(\d+)[x×](\d+)", value)
            low = value.lower().rstrip(".")
            if low in _BEHIND and (words or sizes):
                behind.append(_BEHIND[low])
            elif numbered is not None and not words and not sizes and not numbers:
                label = label or value
                first = numbered[1].lower()
                head = numbered[2] if first in ("conv", "deconv") and named is None and numbered[2].isdigit() else ""
                words.append(_WORDS.get(_ABBREVIATED.get(first, first), first))
            elif glued is not None and (glued[1].lower() in _WORDS or glued[1] == "k"):
                words.append(_WORDS.get(glued[1].lower(), ""))
                sizes.append((int(glued[2]), int(glued[3])))
            elif low in _WORDS:
                words.append(_WORDS[low])
            else:
                return None
        elif kind == "head":
            whole = re.fullmatch(r"([A-Za-z]+)(\d+(?:x\d+)*)-(\d+)", value)
            if whole is None or words or sizes or _WORDS.get(whole[1].lower()) not in ("conv", "up", "sep"):
                return None
            words.append(_WORDS[whole[1].lower()])
            given["kernel"], given["channels"] = whole[2], whole[3]
        elif kind == "mapped":
            given["output"], given["channels"] = value, found["maps"]
        elif kind in ("size", "number", "filters"):
            if kind == "size":
                sizes.append(_sizes(value))
            else:
                numbers.append(int(value))
        elif kind in given:
            return None
        else:
            given[kind] = value
    if label.lower() in _WORDS and _WORDS[label.lower()] and not words:
        words, label, named = [_WORDS[label.lower()]], "", None
    said = {word for word in words if word}
    if named is not None and not said:
        short = re.fullmatch(r"([csf])\d{1,2}|output", label, re.IGNORECASE)
        if short is None:
            return None
        said = {_ABBREVIATED.get((short[1] or "f").lower(), "")}
        if not sizes and not given and len(numbers) == 1:
            return Row(label, f"fc-{numbers[0]}", whole=short[1] is None or short[1] in "fF")
    elif head and not sizes:
        if not given:
            return None
        given.setdefault("kernel", head)
        label = ""
    if not sizes and not label and not said & {"fc", "global"} and not given.keys() & {"kernel", "output"}:
        return None
    return _made(label, said, behind, given, sizes, numbers)


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d{1,9}", text))


def _shown(sizes: tuple[int, ...]) -> str:
    return "x".join(map(str, sizes if len({*sizes}) > 1 else sizes[:1]))


def _made(
    label: str,
    said: set[str],
    behind: list[str],
    given: dict[str, str],
    sizes: list[tuple[int, ...]],
    numbers: list[int],
) -> Row | None:
    """The row of what its words and numbers say."""
    pools = said & {"max", "avg", "pool", "global"}
    convolves = said & {"conv", "dw", "sep", "up"}
    if bool(pools) + bool(convolves) + ("fc" in said) > 1 or (behind and pools):
        return None
    tail = "".join(f", {word}" for word in behind)
    if "fc" in said:
        return _wide(label, given, sizes, numbers, tail)
    kernel = _sizes(given["kernel"]) if "kernel" in given else None
    output = _sizes(given["output"]) if "output" in given else None
    whole = True
    channels = int(given["channels"]) if "channels" in given else None
    flat = [size for size in sizes if len(size) == 2]
    deep = [size for size in sizes if len(size) == 3]
    long = [size for size in sizes if len(size) > 3]
    if long and (len(sizes) > 1 or len(long[0]) != 4 or max(long[0][:2]) > _LARGEST_WINDOW or pools):
        return None
    if long:  # the window, and the channels that enter and leave
        kernel, channels = long[0][:2], long[0][3]
    if kernel is None and flat:
        windows = [size for size in flat if max(size) <= _LARGEST_WINDOW or (pools and deep and len(flat) == 1)]
        if len(windows) == 2 and len(set(windows)) == 2:
            windows = [size for size in windows if size in _USUAL]
        if len(windows) > 1 or (not windows and channels is None):
            return None
        if windows:
            kernel = windows[0]
            flat.remove(kernel)
    if len(deep) > 1 and not flat and not numbers and not given and convolves == {"conv"}:
        if max(max(size[:2]) for size in deep) > _LARGEST_WINDOW:
            return None
        layers = [f"conv{_shown(size[:2])}-{size[2]}" for size in deep]
        return Row(label, ", ".join(layers) if not label else f"[{', '.join(layers)}]", whole=True)
    if len(flat) > 1 or len(deep) > 1 or (flat and deep):
        return None
    if output is not None and (flat or deep):
        return None
    if flat:
        output = flat[0]
    elif deep and kernel is None and max(deep[0]) <= 7 and not (convolves and len({*deep[0]}) > 1 and not numbers):
        kernel = deep[0]  # of a volume
    elif deep and kernel is None and max(deep[0][:2]) <= _LARGEST_WINDOW and not pools:
        kernel, channels = deep[0][:2], deep[0][2]
    elif deep:
        output = deep[0][:2]
        whole = channels is not None or deep[0][2] in numbers or bool(pools)  # or else they may be what enters
        channels = deep[0][2] if channels is None else channels
    if pools:
        return _pooled(label, said, given, kernel, output, numbers)
    if not convolves and (kernel is None or (channels is None and not numbers)):
        return None
    if kernel is None and label and convolves and (channels is not None or len(numbers) == 1):
        kernel, whole = (3,), False
    if channels is not None:
        numbers = [number for number in numbers if number != channels]
    elif len(numbers) == 1:
        channels = numbers.pop()
    elif numbers:
        large = [number for number in numbers if number > _LARGEST_COUNT]
        if len(large) != 1:
            return None
        channels = large[0]
        numbers.remove(channels)
    if channels is None or kernel is None or not min(kernel) or not channels:
        return None
    if numbers:
        whole = False
    word = "upconv" if "up" in said else "sepconv" if "sep" in said else "dwconv" if "dw" in said else "conv"
    text = f"{word}{_shown(kernel)}" + ("" if word == "dwconv" else f"-{channels}") + _stride(given, "1")
    for name in ("pad", "dilation", "groups"):
        text += f" {name}={given[name]}" if name in given else ""
    shape = f" -> {output[0]}x{output[1]}" if output is not None else ""
    return Row(label, text + tail + shape, whole) if not (tail and shape) else Row(label, text + tail, False)


def _stride(given: dict[str, str], usual: str) -> str:
    """The stride as it is written; nothing where a layer has it by itself."""
    steps = _shown(_sizes(given["stride"])) if "stride" in given else usual
    return "" if steps == usual else f"/{steps}"


def _wide(label: str, given: dict[str, str], sizes: list[tuple[int, ...]], numbers: list[int], tail: str) -> Row | None:
    """A fully connected layer: its features alone, with what enters before them, or as a map."""
    if len(sizes) + len(numbers) != 1 or given.keys() - {"stride"}:
        return None
    if numbers:
        features = numbers[0]
    else:
        features = sizes[0][1] if len(sizes[0]) == 2 else math.prod(sizes[0])
    return Row(label, f"fc-{features}{tail}", whole=True) if features else None


def _pooled(
    label: str,
    said: set[str],
    given: dict[str, str],
    kernel: tuple[int, ...] | None,
    output: tuple[int, ...] | None,
    numbers: list[int],
) -> Row | None:
    """A pooling; without its kind it is a maximum, and the row may mean another."""
    if given.keys() - {"stride", "pad", "kernel", "channels", "output"}:
        return None
    if "global" in said:
        return Row(label, "gmp" if "max" in said else "gap", whole=True)
    if kernel is None and len(numbers) == 1 and numbers[0] <= _LARGEST_WINDOW:
        kernel = (numbers.pop(),)
    if (numbers and (kernel is None or max(numbers) > _LARGEST_COUNT)) or (kernel is None and output is None):
        return None
    window = kernel or (2,)
    text = ("avgpool" if "avg" in said else "maxpool") + _shown(window) + _stride(given, _shown(window))
    text += f" pad={given['pad']}" if given.get("pad", "0") != "0" else ""
    shape = f" -> {output[0]}x{output[1]}" if output is not None else ""
    return Row(label, text + shape, whole=not numbers and kernel is not None and bool(said & {"max", "avg"}))


def group(text: str) -> str | None:
    """``[1×1, 128; 3×3, 128, C=32] × 3``, ``[d7×7, 96; 1×1, 384] × N``, ``[80/4, 128]`` → a group that repeats."""
    around = re.fullmatch(r"\[([^\[\]]*)\][ \t]*(?:[×x*][ \t]*(\d+|[A-Za-z]\w*))?", text)
    inside = around[1].strip() if around is not None else ""
    if around is None or not inside or len(inside) > _LONGEST:
        return None
    layers = []
    signal = _SIGNAL.fullmatch(inside)
    if signal is not None:
        layers.append(f"conv{signal['k']}-{signal['c']}" + (f"/{signal['s']}" if signal["s"] else ""))
    elif not re.fullmatch(r"[ \t,;]*", _PART.sub("", inside)):
        return None
    for part in _PART.finditer(inside) if signal is None else ():
        kernel = part["k"] if part["k"] == part["l"] else f"{part['k']}x{part['l']}"
        scaled = re.fullmatch(rf"(\d+){_TIMES}(\w+)", part["c"])
        channels = f"{{{scaled[1]}*{scaled[2]}}}" if scaled is not None else part["c"]
        groups = f" groups={part['groups']}" if part["groups"] else ""
        layers.append(f"dwconv{kernel}" if part["dw"] else f"conv{kernel}-{channels}{groups}")
    shown = f"[{', '.join(layers)}]"
    return shown + (f" ×{around[2]}" if around[2] else "")


def _line(mistake: Mistake) -> tuple[str, int]:
    """The line without the blanks around it and its comment, and where it begins."""
    text = mistake.text[mistake.begin : mistake.code_end()]
    return text.strip(), mistake.begin + len(text) - len(text.lstrip())


def _advice(mistake: Mistake, made: Row) -> str | None:
    """The help that a row is written so, with its edit where nothing else can be meant."""
    line, begin = _line(mistake)
    label = f"{made.label}: " if made.label and not re.match(rf"{re.escape(made.label)}\b", made.layer) else ""
    text = label + made.layer
    if text == line:
        return None
    edit = mistake.edit(text, begin, begin + len(line))
    if not made.whole:
        return f"a row is written as in `{text}`: a stride as `/2`, a repeat as `×2`"
    return Advice(f"it is written `{text}`", edit)


def _row(mistake: Mistake) -> str | None:
    """``Conv1 11x11x96 stride 4``, ``conv 11×11, 96, stride 4, pad 0``"""
    line, _ = _line(mistake)
    named = re.match(r"([A-Za-z_]\w*)(?:[ \t]*:[ \t]*|[ \t]+)(?=\[)", line)
    shown = group(line[named.end() :] if named is not None else line)
    if shown is not None:
        return _advice(mistake, Row(named[1] if named is not None else "", shown, whole=True))
    made = read(re.sub(r"\A\d{1,2}[ \t]*\|[ \t]*(?=[A-Za-z])", "", line)) if not _HEAD.match(line) else None
    if made is None:
        return None
    help = _advice(mistake, made) if made.whole else papers.row(mistake) or _advice(mistake, made)
    return _said(mistake, help)


def _said(mistake: Mistake, help: str | None) -> str | None:
    """The help, and the row as what it is about."""
    line, begin = _line(mistake)
    if help is not None:
        mistake.instead(f"`{shortened(line, 60)}` is no layer as it stands", begin, begin + len(line))
    return help


def _input(mistake: Mistake) -> str | None:
    """``input (224 × 224 RGB image)``, ``input 224^2 x 3``, ``input 3x32x32px``, ``input 3xresxres``"""
    line, begin = _line(mistake)
    named = re.fullmatch(r"input[ \t]+(\d+)x([A-Za-z_]\w*?)x([A-Za-z_]\w*)", line)
    if named is not None:
        text = f"input {named[1]} x {named[2]} x {named[3]}"
        return Advice(
            f"names stand apart from the `x` between sizes: `{text}`", mistake.edit(text, begin, begin + len(line))
        )
    found = _INPUT.fullmatch(line)
    if found is None:
        return None
    size = [found["h"], found["w"] or found["h"]]
    if found["c"] is not None:
        size = [*size, found["c"]] if size[0] in ("1", "3", "4") else [found["c"], *size]
        if found["px"] is None and found["square"] is None and found["colour"] is None:
            return None
    elif found["colour"]:
        size = ["1" if found["colour"][0] in "gG" else "3", *size]
    else:
        return None
    text = f"input {'x'.join(size)}"
    return Advice(
        f"an input is its sizes alone, the channels first: `{text}`", mistake.edit(text, begin, begin + len(line))
    )


def misread(mistake: Mistake) -> str | None:
    """A row that can be read as a layer with values that it does not take: ``FC6 4096``, ``Conv1 3×3 2 1 24``."""
    line, begin = _line(mistake)
    if begin != mistake.offset or (_HEAD.match(line) and not _VALUED.search(line)):
        return None
    made = read(line)
    if made is not None:
        mistake.code = "ND202"
    return _said(mistake, _advice(mistake, made)) if made is not None else None


RULES: tuple[Callable[[Mistake], str | None], ...] = (_input, _row)
