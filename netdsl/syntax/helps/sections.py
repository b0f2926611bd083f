"""Sections of configurations: ``[convolutional]`` with ``filters=64`` below it, or ``conv:`` with ``filters: 64``.

Rules of the same form as those of ``signs.py``; ``advice.py`` tries them all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from netdsl.diagnostics import Advice
from netdsl.syntax.helps.mistake import Mistake

#: How many lines a section may have.
_MOST_LINES = 40
_HEAD = re.compile(r"(?P<indent>[ \t]*)\[(?P<word>[A-Za-z_]\w*)\]")
_KEY = re.compile(r"(?P<indent>[ \t]*)(?P<key>[A-Za-z_][\w-]*)[ \t]*(?P<sign>[=:])[ \t]*(?P<value>\S.*)")
_NAMED = re.compile(r"(?P<indent>[ \t]*(?:-[ \t]+)?)(?P<word>[A-Za-z_]\w*)[ \t]*:")
_TYPED = re.compile(
    r"(?P<indent>[ \t]*(?:-[ \t]+)?)(?:type|layer|kind|op|module)[ \t]*:[ \t]*(?P<word>[A-Za-z_][\w.]*)"
)
#: What a section is called, but for the number of its axes.
_WORDS = {
    "conv": "conv", "convolution": "conv", "convolutional": "conv", "maxpool": "maxpool", "maxpooling": "maxpool",
    "max_pool": "maxpool", "avgpool": "avgpool", "averagepool": "avgpool", "averagepooling": "avgpool",
    "avg_pool": "avgpool", "fc": "fc", "dense": "fc", "linear": "fc", "connected": "fc", "dropout": "dropout",
    "upsample": "upsample", "fully_connected": "fc",
}  # fmt: skip
_KEYS = {
    "filters": "out", "out_channels": "out", "channels": "out", "num_filters": "out", "output": "out", "units": "out",
    "out_features": "out", "features": "out", "num_output": "out", "size": "kernel", "kernel": "kernel",
    "kernel_size": "kernel", "ksize": "kernel", "pool_size": "kernel", "k": "kernel", "stride": "stride",
    "strides": "stride", "pad": "pad", "padding": "pad", "groups": "groups", "dilation": "dilation",
    "dilation_rate": "dilation", "bias": "bias", "use_bias": "bias", "activation": "act", "act": "act",
    "batch_normalize": "norm", "batch_norm": "norm", "batchnorm": "norm", "bn": "norm", "probability": "share",
    "rate": "share", "p": "share", "scale_factor": "stride", "in_channels": "", "in_features": "", "name": "",
}  # fmt: skip
_ACTIVATIONS = {
    "leaky": "leaky_relu 0.1", "relu": "relu", "mish": "mish", "swish": "silu", "silu": "silu", "logistic": "sigmoid",
    "sigmoid": "sigmoid", "tanh": "tanh", "gelu": "gelu", "elu": "elu", "selu": "selu", "relu6": "relu6",
    "softmax": "soft-max",
}  # fmt: skip


class _Unclear(Exception):
    """A section that says more than a layer can be made of."""


def _sections(mistake: Mistake) -> str | None:
    """``[convolutional]`` / ``filters=64`` / ``size=3``; ``conv:`` / ``  filters: 64``; ``- type: conv``"""
    text = mistake.text
    darknet = _KEY.fullmatch(text[mistake.begin : mistake.code_end()])
    head, begin = None, mistake.begin
    if darknet is not None and darknet["sign"] == "=":
        end = begin
        for _ in range(_MOST_LINES):  # up to its head
            if not begin:
                return None
            end, begin = begin - 1, text.rfind("\n", 0, begin - 1) + 1
            line = text[begin:end].partition("#")[0].rstrip()
            if (head := _HEAD.fullmatch(line)) is not None or (line and _KEY.fullmatch(line) is None):
                break
        sign = "="
    else:
        line = text[begin : mistake.end].partition("#")[0].rstrip()
        head, sign = _TYPED.fullmatch(line) or _NAMED.fullmatch(line), ":"
    if head is None:
        return None
    word = re.sub(r"[123]d\Z", "", head["word"].removeprefix("nn.").lower())
    given: dict[str, str] = {}
    stop, bare = text.find("\n", begin), True
    stop = len(text) if stop < 0 else stop
    last = begin
    while len(given) < _MOST_LINES and stop < len(text):
        at = stop + 1
        stop = text.find("\n", at)
        stop = len(text) if stop < 0 else stop
        code, hash, _ = text[at:stop].partition("#")
        if not code.strip():
            if code.strip() == "" and not hash and sign == ":":
                break
            continue
        found = _KEY.fullmatch(code.rstrip())
        if found is None or found["sign"] != sign:
            break
        if sign == ":" and (len(found["indent"]) <= len(head["indent"]) - 2 * ("-" in head["indent"])):
            break
        if found["key"].lower() not in _KEYS and sign == ":" and mistake.is_layer(found["key"]):
            break
        given[found["key"].lower()] = found["value"]
        last, bare = at, bare and not hash
    known = word in _WORDS or (sign == "=" and head["word"].lower() in _OTHER)
    if not given or (sign == ":" and not (known and set(given) & set(_KEYS))):
        return None
    if mistake.offset > text.find("\n", last) >= 0:
        return None
    mistake.beside, mistake.below = begin if begin != mistake.begin else None, last
    start = begin + len(head["indent"])
    mistake.instead("a layer stands in one line, with its numbers", start, begin + head.end())
    last_end = text.find("\n", last)
    last_end = len(text.rstrip()) if last_end < 0 else last_end
    if word not in _WORDS:
        mistake.instead("a spec is made of layers, and has no sections", start, begin + head.end())
        return _other(mistake, head["word"].lower(), given)
    try:
        layer, whole = _layer(mistake, _WORDS[word], given, darknet=sign == "=")
    except _Unclear:
        return "its word comes first, its numbers at it: `conv3-64/2`; attributes follow: `groups=2 bias=false`"
    help = f"it is written `{layer}`"
    if not whole or not bare:
        return help
    indent = head["indent"].replace("- ", "")
    begin += len(indent) if begin + len(indent) <= start else 0
    return Advice(help, mistake.edit(layer, begin, last_end))


#: Sections of Darknet that are no layer with numbers: joins and what is said of the whole net.
_OTHER = ("net", "network", "route", "shortcut", "yolo", "region", "softmax", "sam", "scale_channels", "cost", "crop")


def _other(mistake: Mistake, word: str, given: Mapping[str, str]) -> str:
    """What stands for a section that is no layer with numbers."""
    if word in ("net", "network"):
        sizes = [given.get(name, other) for name, other in (("channels", "3"), ("height", "416"), ("width", "416"))]
        if re.search(r"^[ \t]*input[ \t]", mistake.source, re.MULTILINE) is None and all(map(str.isdigit, sizes)):
            return f"what enters is declared, `input {'x'.join(sizes)}`; how a net is trained no spec says"
        return "what enters stands at `input`, and how a net is trained no spec says: leave the section out"
    if word in ("shortcut", "route"):
        places = [place.strip() for place in given.get("from", given.get("layers", "")).split(",")]
        if word == "route" and len(places) == 1:
            return "`@name` goes on from a tensor, where `name:` stands before the layer that makes it"
        join = "add" if word == "shortcut" else "concat"
        branches = "id | @name" if word == "shortcut" or "-1" in places else "@one | @other"
        return f"it is written `{join} {{ {branches} }}`, where a label, `name: conv3-64`, names a tensor"
    if word in ("softmax", "cost", "crop"):
        return "it is written `soft-max`" if word == "softmax" else "a spec has no losses and no data: leave it out"
    return f"no layer is called `{word}`: the net ends in the convolution before it, and `#` makes a remark of the rest"


def _size(value: str) -> str:
    """``3``, ``[3, 3]``, ``(3, 1)`` → ``3``, ``3``, ``3x1``"""
    parts = re.findall(r"\d+", value)
    if re.fullmatch(r"\d+|[\[(][ \t]*\d+(?:[ \t]*,[ \t]*\d+)*[ \t]*[\])]", value.strip()) is None:
        raise _Unclear
    return parts[0] if len({*parts}) == 1 else "x".join(parts)


def _layer(mistake: Mistake, word: str, said: Mapping[str, str], *, darknet: bool) -> tuple[str, bool]:
    """The layer that a section comes to, and whether that is all that the section says."""
    given: dict[str, str] = {}
    whole = True
    for key, value in said.items():
        if key not in _KEYS:
            whole = False
        elif _KEYS[key]:
            given[_KEYS[key]] = value.strip().strip("\"'")
            whole = whole and not (key == "padding" and darknet)
        elif key == "name":
            whole = False
    kernel, stride = given.pop("kernel", None), given.pop("stride", None)
    if word == "dropout":
        share = given.pop("share", "0.5")
        if re.fullmatch(r"0?\.\d+", share) is None:
            raise _Unclear
        return f"dropout {'0' * share.startswith('.')}{share}", whole and not given and kernel is stride is None
    if word == "upsample":
        if stride is None:
            raise _Unclear
        return f"upsample ×{_size(stride)}", whole and not given and kernel is None
    if word in ("maxpool", "avgpool"):
        if kernel is None and word == "avgpool" and darknet:
            return "gap", whole and not given
        size = _size(kernel) if kernel is not None else "2"
        step = _size(stride) if stride is not None else "1" if darknet else size
        text = word + ("" if size == step == "2" else size) + ("" if step == size else f"/{step}")
        pad = given.pop("pad", "0")
        if not darknet and pad not in ("0", "valid"):
            text += f" pad={_size(pad)}"
        return text, whole and not given and kernel is not None and (not darknet or size == step == "2")
    out = given.pop("out", None)
    if out is None or not out.isdigit():
        raise _Unclear
    if word == "fc":
        text = f"fc-{out}"
        whole = whole and kernel is stride is None
    else:
        if kernel is None and not darknet:
            raise _Unclear
        size = _size(kernel) if kernel is not None else "1"
        step = _size(stride) if stride is not None else "1"
        text = f"conv{size}-{out}" + ("" if step == "1" else f"/{step}") + _pad(given, size, step, darknet)
        for name in ("groups", "dilation"):
            value = given.pop(name, "1")
            whole = whole and not (name == "dilation" and value != "1")  # its padding is another
            text += "" if value == "1" else f" {name}={_size(value)}"
    bias = given.pop("bias", "true").lower()
    text += " bias=false" if bias in ("false", "0", "no") else ""
    norm, act = given.pop("norm", "0").lower(), given.pop("act", "logistic" if darknet else "linear").lower()
    if act not in ("linear", "none", "null", "identity") and act not in _ACTIVATIONS:
        raise _Unclear
    behind = ["bn"] if norm not in ("0", "false", "no", "none") else []
    behind += [_ACTIVATIONS[act]] if act in _ACTIVATIONS else []
    styled = re.search(rf"^[ \t]*style[ \t]+{word}\b", mistake.source, re.MULTILINE) is not None
    text += "".join(f" +{layer}" for layer in behind)
    text += " plain" if styled and not behind and darknet else ""
    return text, whole and not given


def _pad(given: dict[str, str], size: str, step: str, darknet: bool) -> str:
    """The padding as the layer must say it, where it is not ours by itself."""
    pad = given.pop("pad", "0" if darknet else "")
    sizes = [int(part) for part in size.split("x")]
    ours = "0" if size == step else "x".join(str((part - 1) // 2) for part in sizes)
    ours = _size(f"[{ours.replace('x', ',')}]")
    if darknet and pad == "1":
        pad = _size(f"[{','.join(str(part // 2) for part in sizes)}]")
    if pad in ("", ours):
        return ""
    if pad == "same":
        if step != "1":
            raise _Unclear
        return "" if all(part % 2 for part in sizes) else " same"
    pad = "0" if pad == "valid" else _size(pad)
    return "" if pad == ours else " valid" if pad == "0" else f" pad={pad}"


RULES: tuple[Callable[[Mistake], str | None], ...] = (_sections,)
