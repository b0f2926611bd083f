"""Words of others for several layers, for blocks and for nets: ``ConvBNReLU-64``, ``mbconv6-16``, ``resnet50``.

Imported where there is a mistake. Each function gives a help, or None where it knows none.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from netdsl import zoo
from netdsl.diagnostics import Advice, Edit, Span
from netdsl.syntax import tree

_ACTIVATIONS = {
    "act": "relu", "relu": "relu", "relu6": "relu6", "silu": "silu", "swish": "silu", "mish": "mish",
    "leaky": "leaky_relu 0.1", "lrelu": "leaky_relu", "leakyrelu": "leaky_relu", "gelu": "gelu", "hswish": "hardswish",
    "elu": "elu",
}  # fmt: skip
_FUSED = re.compile(
    rf"(?P<kind>(?:dw)?conv)(?:[123]d)?(?P<norm>bn|batchnorm|norm)?(?P<act>{'|'.join(_ACTIVATIONS)})?", re.IGNORECASE
)
#: What detectors call a convolution with its norm and activation.
_SHORT = {"cbr": ("bn", "relu"), "cbl": ("bn", "leaky_relu 0.1"), "cbs": ("bn", "silu"), "cbm": ("bn", "mish")}
#: Words of other tools for blocks that shipped specs have, and where.
_BLOCKS = {
    "mbconv": ("efficientnet", "mbconv"), "fusedmbconv": ("efficientnet", "mbconv"),
    "invertedresidual": ("mobilenet_v2", "bottleneck"), "invertedbottleneck": ("mobilenet_v2", "bottleneck"),
    "linearbottleneck": ("mobilenet_v2", "bottleneck"), "bottleneck": ("resnet", "bottleneck"),
    "bottleneckblock": ("resnet", "bottleneck"), "basicblock": ("resnet", "basic"), "basic": ("resnet", "basic"),
    "residualblock": ("resnet", "basic"), "resblock": ("resnet", "basic"), "denseblock": ("densenet", "dense"),
    "denselayer": ("densenet", "denselayer"), "transition": ("densenet", "transition"),
    "transitionlayer": ("densenet", "transition"), "inception": ("googlenet", "inception"),
    "inceptionmodule": ("googlenet", "inception"), "fire": ("squeezenet", "fire"),
    "firemodule": ("squeezenet", "fire"), "squeezeexcite": ("senet", "squeeze"), "semodule": ("senet", "squeeze"),
    "squeezeexcitation": ("senet", "squeeze"), "selayer": ("senet", "squeeze"), "seblock": ("senet", "squeeze"),
    "squeezeandexcitation": ("senet", "squeeze"), "convnextblock": ("convnext", "cn_block"),
    "cnblock": ("convnext", "cn_block"), "bneck": ("mobilenet_v3", "bneck"), "shuffleunit": ("shufflenet_v2", "unit"),
}  # fmt: skip
_DETECTORS = frozenset(
    ["c3", "c2f", "c3k2", "sppf", "spp", "focus", "csp", "bottleneckcsp", "psa", "c2psa", "elan", "yolo"]
)
_SILENCING = frozenset(["ignore", "disable", "suppress", "noqa", "silence", "nolint"])


def meant(layer: tree.Layer, text_of: Callable[[Span], str]) -> str | None:
    """A help for a word that is no layer: what it stands for elsewhere."""
    return (
        _imported(layer)
        or _pooled(layer, text_of)
        or _scaled(layer, text_of)
        or _fused(layer, text_of)
        or _silenced(layer)
        or shipped(layer.word.text)
    )


def _imported(layer: tree.Layer) -> str | None:
    """``include "blocks.net"``"""
    first = layer.modifiers[0] if layer.modifiers else None
    part = first.value.parts[0] if isinstance(first, tree.Positional) and isinstance(first.value, tree.Sizes) else None
    file = part.value if isinstance(part, tree.Literal) and isinstance(part.value, str) else None
    if file is None or layer.word.text.lower() not in (
        "import",
        "include",
        "require",
        "load",
        "using",
        "from",
        "source",
    ):
        return None
    help = f'blocks of another file are taken by `use "{file[:40]}"`'
    return Advice(help, Edit(layer.word.span, "use")) if len(layer.modifiers) == 1 else help


def _pooled(layer: tree.Layer, text_of: Callable[[Span], str]) -> str | None:
    """``pool2``, ``pool3/2``"""
    found = re.fullmatch(r"pool(?:ing)?(\d+(?:x\d+)?)", layer.word.text, re.IGNORECASE)
    if found is None or layer.channels is not None:
        return None
    head = f"pool{found[1]}{text_of(layer.head._replace(start=layer.word.span.end))}"
    return f"`max{head}` takes the largest of each window, `avg{head}` their mean" if len(head) < 30 else None


def _scaled(layer: tree.Layer, text_of: Callable[[Span], str]) -> str | None:
    """``layer_scale 1e-6``"""
    if layer.word.text.lower().replace("_", "") not in ("layerscale", "gamma"):
        return None
    if layer.span == layer.word.span:
        return Advice(
            "here it is called `scale`, and starts at `init=`: `scale init=1e-6`", Edit(layer.span, "scale init=1e-6")
        )
    given = layer.modifiers[0] if len(layer.modifiers) == 1 and layer.head == layer.word.span else None
    if not isinstance(given, tree.Positional) or layer.suffixes:
        return "here it is called `scale`, and starts at `init=`: `scale init=1e-6`"
    text = f"scale init={text_of(given.span)}"
    return Advice(f"here it is called `scale`: `{text}`", Edit(layer.span, text))


def _fused(layer: tree.Layer, text_of: Callable[[Span], str]) -> str | None:
    """``ConvBNReLU3-64/2``, ``conv_bn_relu 64``, ``cbs 64``: a convolution with what follows it in one word."""
    found = re.fullmatch(r"(.*?)_?(\d[\dx]*)?", layer.word.text)
    assert found is not None
    word, kernel = found[1].lower().replace("_", ""), found[2] or ""
    fused = _FUSED.fullmatch(word)
    kind, added = "conv", list(_SHORT.get(word, ()))
    if word in ("convdw", "dwconv"):
        text = f"dwconv{kernel or 3}"
        return f"here it is called `{text}`"
    if fused is not None and (fused["norm"] or fused["act"]):
        kind = fused["kind"].lower()
        added = ["bn"] if fused["norm"] else []
        added += [_ACTIVATIONS[fused["act"].lower()]] if fused["act"] else []
    elif not added:
        return None
    behind = "".join(f" +{one}" for one in added)
    rest = text_of(layer.head._replace(start=layer.word.span.end))
    head = f"{kind}{kernel or 3}{rest}"
    if layer.channels is None and kind == "conv":
        number = layer.modifiers[0] if len(layer.modifiers) == 1 else None
        channels = text_of(number.span) if isinstance(number, tree.Positional) else "64"
        head = f"conv{kernel or 3}-{channels if channels.isdigit() else 64}"
        return f"each layer has a word: `{head}{behind}`, or a `style` adds what follows"
    text = f"{head}{behind}"
    whole = layer.span == layer.head and kernel and len(text) < 60
    help = f"each layer has a word: `{text[:60]}`, or a `style` adds what follows"
    return Advice(help, Edit(layer.span, text)) if whole else help


def _silenced(layer: tree.Layer) -> str | None:
    """``ignore ND301`` on a line of its own."""
    if layer.word.text.lower() not in _SILENCING:
        return None
    codes = [
        given for given in layer.modifiers if isinstance(given, tree.Flag) and re.fullmatch(r"ND\d{3}", given.name.text)
    ]
    if not codes or len(codes) < len(layer.modifiers) or layer.head != layer.word.span:
        return "a warning is silenced by its code: `allow ND301`, on its line or on one of its own"
    text = f"allow {codes[0].name.text}"
    return Advice(f"a warning is silenced by `{text}`", Edit(layer.word.span, "allow"))


def shipped(word: str) -> str | None:
    """A help for a word that other tools have for a net, or for a block, that a shipped spec has."""
    stem = re.sub(r"_?\d[\dx]*\Z", "", word.lower()).replace("_", "")
    if stem in _BLOCKS:
        spec, block = _BLOCKS[stem]
        return f'the zoo has such a block: `use "{zoo.PREFIX}{spec}" ({block})` takes it, {_signature(spec, block)}'
    if stem in _DETECTORS or word.lower() in _DETECTORS:
        return f"it is a block, which a spec declares: `block {word[:30]}(c) {{ … }}`, and calls: `{word[:30]}(64)`"
    meant = zoo.joined(word) or next((name for name in zoo.names() if name in (word.lower(), stem)), None)
    if meant is None:
        return None
    spec = meant.partition(":")[0]
    blocks = ", ".join(re.findall(r"^block (\w+)", _text(spec), re.MULTILINE)[:3])
    taken = f'; `use "{zoo.PREFIX}{spec}" ({blocks})` takes blocks of it' if blocks else ""
    return f"a net is a file, such as `netdsl stats {zoo.PREFIX}{meant}`{taken}"


def _text(spec: str) -> str:
    path = zoo.find(spec)
    return path.read_text(encoding="utf-8") if path is not None else ""


def _signature(spec: str, block: str) -> str:
    """How a block of a shipped spec is called: ``bottleneck(c)``; what has a default is left out."""
    found = re.search(rf"^block {block}\(([^{{\n]*)\)", _text(spec), re.MULTILINE)
    if found is None:
        return f"`{block}`"
    names = [part.strip() for part in re.sub(r"\([^()]*\)", "", found[1]).split(",")]
    given = ", ".join(name for name in names if "=" not in name)
    return f"`{block}({given})`"
