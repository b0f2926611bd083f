"""Words of other tools behind a layer: ``conv3-64 depthwise``, ``avgpool3 ceil_mode=True``, ``conv3-64 ignore ND301``.

Imported where there is a mistake. Each function gives a help, or None where it knows no better than what is general.
"""

from __future__ import annotations

import re

from netdsl.diagnostics import Advice, Edit, Span
from netdsl.diagnostics.nearest import nearest
from netdsl.elaborate.given import Given
from netdsl.elaborate.helps.attributes import ELSEWHERE, MODES, UNIVERSAL
from netdsl.elaborate.helps.meant import called_elsewhere
from netdsl.elaborate.values import Env
from netdsl.ir.op import Op, lookup
from netdsl.syntax import tree
from netdsl.syntax.helps.sums import ENTERING, names_tensor

#: What others say of a convolution behind it, and the word of ours that such a layer has.
_KINDS = {
    "depthwise": "dwconv", "dw": "dwconv", "separable": "sepconv", "depthwise_separable": "sepconv", "sep": "sepconv",
    "transposed": "upconv", "transpose": "upconv", "deconv": "upconv", "fractional": "upconv",
}  # fmt: skip
#: Flags of others, and what stands for them; an empty text where that is so without a word.
_FLAGS = {
    "ceil_mode": "ceil", "count_include_pad": "count_pad", "include_pad": "count_pad", "inplace": "",
    "count_exclude_pad": "count_pad=false", "exclude_pad": "count_pad=false", "floor": "", "floor_mode": "",
}  # fmt: skip
#: What is said of training elsewhere, and of no layer in a spec.
_TRAINING = frozenset(
    [
        "trainable", "requires_grad", "lr", "lr_mult", "learning_rate", "weight_decay", "decay", "decay_mult", "l2",
        "l1", "regularizer", "kernel_regularizer", "optimizer", "loss",
    ]
)  # fmt: skip
#: What enters a layer, which is in sight.
_ENTERS = frozenset(
    [
        "in_channels", "in_features", "in_planes", "inplanes", "input_dim", "input_size", "input_shape", "in_ch", "cin",
        "c_in", "in_dim", "batch_input_shape", "n_in", "nin", "num_features", "in",
    ]
)  # fmt: skip
#: Layers of their own that other tools say as attributes.
_LAYERS = {
    "batch_normalize": "bn", "batch_norm": "bn", "batchnorm": "bn", "use_bn": "bn", "bn": "bn", "use_batchnorm": "bn",
}  # fmt: skip
_SILENCING = frozenset(
    ["ignore", "ignores", "disable", "suppress", "noqa", "silence", "nolint", "skip", "mute", "nowarn"]
)
_CODE = re.compile(r"ND\d{3}", re.IGNORECASE)
#: A part of a layer with its number: `stride2`, `pad1`.
_NUMBERED = re.compile(r"([a-z_]+?)_?(\d{1,4})", re.IGNORECASE)
#: Our name of an attribute, where one that others have stands for several.
_OURS = {
    "stride": ("stride",), "strides": ("stride",), "pad": ("pad",), "padding": ("pad",), "groups": ("groups",),
    "group": ("groups",), "dilation": ("dilation",), "dilate": ("dilation",), "rate": ("p", "dilation"),
    "size": ("to",), "out": ("channels", "features"), "filters": ("channels", "features"), "p": ("p", "pad"),
    "units": ("features", "channels"), "output": ("channels", "features"), "prob": ("p",), "probability": ("p",),
    "alpha": ("slope",), "count_include_pad": ("count_pad",), "out_channels": ("channels", "features"),
    "num_output": ("channels", "features"), "n_out": ("channels", "features"), "keep": (), "factor": ("scale",),
    "eps": ("eps",), "epsilon": ("eps",), "output_padding": ("out_pad",), "out_padding": ("out_pad",),
    "cardinality": ("groups",), "r": ("scale",),
}  # fmt: skip
_END = re.compile(r"[ \t]*(?:$|[,\]}|#\r\n])")


def _last(given: Given, span: Span) -> bool:
    """Whether nothing that belongs to the item stands behind a part of its layer."""
    behind = given.text_of(Span(span.file, span.end, span.end + 100))
    return given.layer is not None and span.end == given.layer.span.end and _END.match(behind) is not None


def _leaving(given: Given, span: Span) -> Edit:
    """The edit that leaves a part out, with the blank before it."""
    return Edit(span._replace(start=given.last), "")


def _head(given: Given) -> str:
    return given.text_of(given.layer.head) if given.layer is not None else "conv3-64"


def of_tensor(given: Given, item: tree.Positional, reference: tree.Reference) -> str:
    """What was meant by a tensor behind a layer that takes none: ``conv3-64 @e1``."""
    name = tree.show_path(reference.path)
    before = given.text_of(given.layer.span._replace(end=given.last)) if given.layer is not None else "conv3-64"
    before = before if len(before) <= 30 and before.isprintable() else _head(given)[:30]
    if given.labels is not None and given.labels.has(name.split(".")):
        return f"`@{name}, {before}` takes that tensor; `{before} as …` names what it makes otherwise"
    whole = given.text_of(Span(item.span.file, 0, 1_000_000))
    if not name.isidentifier() or names_tensor(whole, name):
        return f"`@{name[:30]}, {before}` takes a tensor that is called so above"
    help = f"a tensor is named by `as`: `{before} as {name[:30]}`"
    return Advice(help, Edit(item.span, f"as {name}")) if _last(given, item.span) else help


def of_two(given: Given, word: str, second: str, span: Span) -> str | None:
    """What was meant by two words: ``ignore ND301``, ``padding same``."""
    if word.lower() in _SILENCING and _CODE.fullmatch(second):
        text = f"allow {second.upper()}"
        help = f"a warning is silenced by `{text}`, at the end of its line"
        return Advice(help, Edit(span, text)) if _last(given, span) else help
    if word.lower() in ("padding", "pad") and second.lower() in ("same", "valid"):
        return Advice(f"`{second.lower()}` stands alone", Edit(span, second.lower()))
    return None


def of_flag(given: Given, op: type[Op], flag: tree.Flag, env: Env, origin: str) -> str | None:
    """What was meant by a word that is no flag of its layer."""
    word, span, attributes, layer = flag.name.text.lower(), flag.span, op.attributes(), given.layer
    if origin == "style" or layer is None or env.lookup(flag.name.text) is not None:
        return None
    if op.syntax.reference and (op.syntax.flags.get(flag.name.text) is None):
        known = given.labels is not None and given.labels.has([flag.name.text])
        if known:
            text = f"@{flag.name.text}"
            return Advice(f"the size of a tensor is taken by `{op.keyword} {text}`", Edit(span, text))
        if flag.name.text in ENTERING and flag.name.text != "x":
            return f"an input has a name where it is declared, `input image 3x32x32`: `{op.keyword} @image`"
        near = nearest(flag.name.text, [*op.syntax.flags, *attributes, *UNIVERSAL, *MODES])
        if near is None and lookup(flag.name.text) is None and not re.search(r"x\d", word):
            name, sizes = flag.name.text[:30], "×2" if op.syntax.times is not None else "12x12"
            by = f"where `{name}:` stands before it; or `{op.keyword} {sizes}`"
            return f"`{op.keyword} @{name}` takes a tensor's size, {by}"
    if word in _SILENCING:
        return "a warning is silenced by its code, at the end of the line: `allow ND301`"
    if word in _FLAGS and (_FLAGS[word] == "" or _FLAGS[word].partition("=")[0] in (*op.syntax.flags, *attributes)):
        ours = _FLAGS[word]
        if not ours:
            return Advice("that is so without a word: leave it out", _leaving(given, span))
        return Advice(f"here it is called `{ours}`", Edit(span, ours))
    if op.keyword == "conv" and word in (*_KINDS, "pointwise", "pw", "dilated", "atrous"):
        return _kind(given, word, span)
    numbered = _NUMBERED.fullmatch(word)
    for ours in _OURS.get(numbered[1], ()) if numbered is not None else ():
        if numbered is not None and ours in attributes:
            glued = " " * (span.start == given.end)
            return Advice(f"it is written `{ours}={numbered[2]}`", Edit(span, f"{glued}{ours}={numbered[2]}"))
    theirs = called_elsewhere(flag.name.text)
    if theirs is not None and lookup(flag.name.text) is None and (other := lookup(theirs)) is not None:
        if other.variadic or other.syntax.required or span.start == given.end:
            return None
        if given.styled:
            return f"a layer stands after a comma, or after `+` in the place of the style: `+{theirs}`"
        added = _added(given, theirs, span)
        what = (
            f"it stands behind a `+`: `{added.strip()}`"
            if "+" in added
            else f"a comma stands between two layers: `{added}`"
        )
        return Advice(what, Edit(span._replace(start=given.last), added))
    return None


def _kind(given: Given, word: str, span: Span) -> str:
    """``conv3-64 depthwise``: the layer that is so."""
    layer = given.layer
    assert layer is not None
    head, ours = _head(given), _KINDS.get(word, "")
    kernel = head[len("conv") :].partition("-")[0].partition("/")[0]
    stride = given.text_of(layer.stride.span) if layer.stride is not None else ""
    stride = f"/{stride.lstrip('/')}" if stride else ""
    if word in ("dilated", "atrous"):
        return f"a dilation is an attribute: `{head} dilation=2`"
    if not ours:
        return f"a pointwise convolution has a kernel of 1: `conv1{head[len('conv') + len(kernel) :]}`"
    channels = given.text_of(layer.channels.span) if layer.channels is not None else ""
    if ours == "dwconv":
        text = f"dwconv{kernel}{stride}"
        then = f"; `{text}, conv1-{channels}` makes {channels}" if channels else ""
        return f"it is written `{text}`, which keeps the channels{then}"
    text = ours + head[len("conv") :]
    first = layer.word.span._replace(end=layer.word.span.start + len("conv"))
    return Advice(f"it is written `{text}`", Edit(first, ours), _leaving(given, span))


def of_attribute(given: Given, op: type[Op], item: tree.Attribute) -> str | None:
    """What was meant by the name of an attribute that its layer has not."""
    name, attributes = item.name.text.lower(), op.attributes()
    value = given.text_of(item.value.span).strip("'\"")
    if given.layer is None:
        return None
    if name in _ENTERS:
        return Advice("what enters is in sight: leave it out", _leaving(given, item.span))
    if name in _TRAINING:
        frozen = "; `frozen` keeps its weights as they are" if "frozen" in attributes else ""
        return f"how a net is trained no spec says: leave it out{frozen}"
    if name in _FLAGS:
        ours, off = _FLAGS[name], value.lower() in ("false", "0")
        flag = ours.partition("=")[0]
        text = ours if not off else f"{flag}=false" if "=" not in ours else flag
        if ours and flag in attributes:
            return Advice(f"here it is written `{text}`", Edit(item.span, text))
        if not ours:
            return Advice("that is so without a word: leave it out", _leaving(given, item.span))
    if name in _LAYERS and value.lower() in ("1", "true", "bn"):
        return _of_its_own(given, item, _LAYERS[name])
    if name in ("dropout", "drop", "drop_rate", "dropout_rate") and re.fullmatch(r"0?\.\d+", value):
        return _of_its_own(given, item, f"dropout {value}")
    if name in ("activation", "act") and (other := lookup(value)) is not None and not other.syntax.required:
        return _of_its_own(given, item, value)
    for ours in _OURS.get(name, ()) if ELSEWHERE.get(name) not in attributes else ():
        if ours in attributes:
            return Advice(f"here it is called `{ours}`", Edit(item.name.span, ours))
    return None


def _added(given: Given, layer: str, span: Span) -> str:
    """A layer behind the one that is read: a norm takes the bias's place where it is a suffix."""
    norm = layer in ("bn", "gn", "ln") and _last(given, span)
    return f" +{layer}" if norm else f", {layer}"


def _of_its_own(given: Given, item: tree.Attribute, layer: str) -> str:
    """``conv3-64 activation=relu``: a layer of its own behind this one."""
    help = f"it is a layer of its own: `, {layer}` after this one, or in a `style`"
    if given.styled or not _last(given, item.span):
        return help
    added = _added(given, layer, item.span)
    if "+" in added:
        help = f"it is a layer of its own: `{added.strip()}` behind this one, or in a `style`"
    return Advice(help, Edit(item.span._replace(start=given.last), added))


def alone(op: type[Op], text: str) -> str | None:
    """A help for a number behind a layer that takes none: ``gap 7x7``, ``flatten 1``."""
    if op.syntax.positional or op.syntax.kernel is not None or op.syntax.channels is not None:
        return None
    reason = {
        "gap": "`gap` takes the mean over the whole map", "gmp": "`gmp` takes the largest of the whole map",
        "flatten": "`flatten` makes a vector of the whole map",
    }.get(op.keyword, f"`{op.keyword}` takes no number")  # fmt: skip
    return f"{reason}: leave `{text[:30]}` out"
