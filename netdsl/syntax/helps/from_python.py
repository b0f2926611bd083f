"""Layers as PyTorch and Keras write them → layers of a spec: what a pasted line was meant to be.

Imported where there is a mistake. Nothing is run: :mod:`ast` reads a call, and its numbers and names are taken over.
"""

from __future__ import annotations

import ast
import re
import warnings
from typing import Any

#: The longest call that is read.
_LONGEST = 300
#: A line that makes a layer: `self.conv1 = nn.Conv2d(3, 64, 3),`; the name before it, and the call.
LINE = re.compile(
    r"(?:(?:self\.)?(?P<name>[A-Za-z_]\w*)[ \t]*=[ \t]*)?(?P<call>(?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*\(.*\))[ \t]*,?"
)
#: Activations that are the same word here.
_SAME = frozenset(
    ["relu", "relu6", "gelu", "elu", "selu", "sigmoid", "tanh", "silu", "mish", "softplus", "hardswish", "hardsigmoid"]
)
_TORCH = {
    "conv": ("_", "channels", "kernel", "stride", "padding", "dilation", "groups", "bias"),
    "convtranspose": ("_", "channels", "kernel", "stride", "padding", "output_padding", "groups", "bias"),
    "maxpool": ("kernel", "stride", "padding"),
    "avgpool": ("kernel", "stride", "padding"),
}
_KERAS = {
    "conv": ("channels", "kernel", "stride", "padding"),
    "convtranspose": ("channels", "kernel", "stride", "padding"),
    "maxpool": ("kernel", "stride", "padding"),
    "avgpool": ("kernel", "stride", "padding"),
}
#: Other names of what the tables above name.
_NAMES = {
    "out_channels": "channels", "filters": "channels", "kernel_size": "kernel", "pool_size": "kernel",
    "strides": "stride", "in_channels": "_", "use_bias": "bias", "dilation_rate": "dilation",
}  # fmt: skip


class _Unreadable(Exception):
    """A call that says more than a layer of a spec can be made of."""


def as_layer(text: str) -> str | None:
    """The layer that a call of PyTorch's or Keras' makes (``nn.Conv2d(3, 64, 3, padding=1)`` → ``conv3-64``).

    None where that is not known for sure. Their paddings are kept: PyTorch's convolution pads nothing unless told.
    """
    if len(text) > _LONGEST or not text.isascii():
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's own words on a line such as `f(1if x)` are not for the user
            call = ast.parse(text, mode="eval").body
        if not isinstance(call, ast.Call):
            return None
        if isinstance(call.func, ast.Attribute) and call.func.attr in ("add", "append") and len(call.args) == 1:
            (inner,) = call.args  # of a model of Keras'
            if not isinstance(inner, ast.Call):
                return None
            call = inner
        path = ast.unparse(call.func).split(".")
        given = {word.arg: _value(word.value) for word in call.keywords if word.arg is not None}
        if len(given) < len(call.keywords):
            return None
        return _layer(path, [_value(argument) for argument in call.args], given)
    except (SyntaxError, ValueError, RecursionError, MemoryError, _Unreadable):
        return None


def _value(node: ast.expr) -> Any:
    """A number, a word, a truth value, a list of numbers, a name as a text of its own kind, or that it is computed."""
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float, str, bool)):
        return node.value
    if isinstance(node, ast.Name):
        return _Name(node.id)
    if isinstance(node, (ast.Tuple, ast.List)):
        parts = [_value(part) for part in node.elts]
        if any(part is _COMPUTED for part in parts):
            raise _Unreadable
        return parts
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        number = _value(node.operand)
        return -number if type(number) in (int, float) else _COMPUTED
    if isinstance(node, (ast.BinOp, ast.Attribute, ast.Subscript)):
        return _COMPUTED
    raise _Unreadable


#: What is computed, and may stand for what enters alone, which a spec does not say.
_COMPUTED = object()


class _Name(str):
    """A name of Python's: a parameter of the spec, most likely."""


def _layer(path: list[str], values: list[Any], given: dict[str, Any]) -> str:
    word = path[-1]
    functional = word.islower() and path[:-1] in (["F"], ["functional"], ["nn", "functional"], ["torch"])
    if functional:
        values = values[1:]
        word = word.replace("_", "")
    elif not word[:1].isupper():
        raise _Unreadable
    keras = word[-2:] in ("1D", "2D", "3D") or word == "Dense" or "layers" in path
    stem = re.sub(r"[123]d$", "", word.lower())
    stem = {"maxpooling": "maxpool", "averagepooling": "avgpool", "linear": "fc", "dense": "fc"}.get(stem, stem)
    if word.lower() in ("dropout2d", "spatialdropout2d"):
        return f"dropout2d {_positional(values[0] if values else given.get('p', given.get('rate', 0.5)))}"
    activation = given.pop("activation", None)
    made = _made(stem, keras, values, given)
    if activation is not None:
        made += f", {'soft-max' if activation == 'softmax' else _known(activation)}"
    return made


def _known(activation: Any) -> str:
    if activation not in _SAME:
        raise _Unreadable
    return str(activation)


def _made(stem: str, keras: bool, values: list[Any], given: dict[str, Any]) -> str:
    given = {_NAMES.get(name, name): value for name, value in given.items()}
    if stem in _SAME:
        given.pop("inplace", None)
        return _alone(stem, [], given)
    if stem in ("batchnorm", "batchnormalization"):
        others = {name: value for name, value in given.items() if name not in ("num_features", "axis")}
        return _alone("bn", values[1:], others)
    if stem == "activation" and len(values) == 1 and not given:
        return "soft-max" if values[0] == "softmax" else _known(values[0])
    if stem in ("zeropadding", "zeropad") and set(given) <= {"padding"}:
        size = (values or [given.get("padding", 1 if keras else None)])[0]
        size = size[0] if isinstance(size, list) and size and all(part == size[0] for part in size) else size
        return f"pad {_sizes(size)}"
    if stem == "identity":
        return "id"
    if stem == "flatten":
        if values not in ([], [1]) or given.get("start_dim", 1) != 1 or set(given) - {"start_dim", "data_format"}:
            raise _Unreadable
        return "flatten"
    if stem in ("softmax", "logsoftmax"):
        if (values or [given.get("dim", given.get("axis", 1))])[0] not in (1, -1, None):
            raise _Unreadable  # ours is over the channels
        return "soft-max" if stem == "softmax" else "log_softmax"
    if stem == "leakyrelu":
        slope = values[0] if values else given.get("negative_slope", given.get("alpha", 0.3 if keras else None))
        return "leaky_relu" if slope is None else f"leaky_relu {_positional(slope)}"
    if stem == "prelu" and not values and not given:
        return "prelu"
    if stem == "groupnorm" and values:
        _alone("gn", values[2:], {name: value for name, value in given.items() if name != "num_channels"})
        return f"gn {_positional(values[0])}"
    if stem == "dropout":
        share = values[0] if values else given.get("p", given.get("rate", 0.5))
        return f"dropout {_positional(share)}"
    if stem in ("globalaveragepooling", "adaptiveavgpool"):
        to = values[0] if values else given.get("output_size", 1)
        known = ("data_format", "keepdims") if stem.startswith("global") else ("output_size",)
        _alone("gap", values[not stem.startswith("global") :], {n: v for n, v in given.items() if n not in known})
        if stem.startswith("global") or to in (1, [1, 1], [1]):
            return "gap"
        return f"avgpool to={_sizes(to)}"
    if stem == "fc":
        places: tuple[str, ...] = ("features",) if keras else ("_", "features")
        if not keras and len(values) == 1 and not given:
            values = ["_", *values]
        given = {
            {"out_features": "features", "units": "features", "in_features": "_"}.get(n, n): v for n, v in given.items()
        }
        read = _read(places, values, given)
        return f"fc-{_dim(read.get('features'))}" + (" bias=false" if read.get("bias") is False else "")
    tables = _KERAS if keras else _TORCH
    if stem not in tables:
        raise _Unreadable
    places = tables[stem]
    if stem == "conv" and not keras and len(values) < 3 and "kernel" not in given:
        places = _KERAS["conv"]  # `Conv2d(64, 3)`: channels and kernel, as people say it
    return _window(stem, keras, _read(places, values, given), said=places is not _KERAS.get("conv") or keras)


def _read(places: tuple[str, ...], values: list[Any], given: dict[str, Any]) -> dict[str, Any]:
    if len(values) > len(places) or set(places[: len(values)]) & set(given) - {"_"}:
        raise _Unreadable
    if not set(given) <= {
        *places,
        "channels",
        "features",
        "kernel",
        "stride",
        "padding",
        "dilation",
        "groups",
        "bias",
        "_",
    }:
        raise _Unreadable
    read = {**dict(zip(places, values, strict=False)), **given}
    if any(value is _COMPUTED for name, value in read.items() if name != "_"):
        raise _Unreadable
    return read


def _window(stem: str, keras: bool, read: dict[str, Any], *, said: bool) -> str:
    """A convolution or a pooling. ``said`` is false where the call is no tool's own and its padding is not meant."""
    pool = stem.endswith("pool")
    kernel, dilation = read.get("kernel", 2 if keras and pool else None), read.get("dilation", 1)
    stride = read.get("stride", kernel if pool else 1)
    if isinstance(stride, list) and len(set(map(str, stride))) == 1 and not isinstance(kernel, list):
        stride = stride[0]
    elif isinstance(stride, list) and {*map(str, stride)} == {"1"} and not pool:
        stride = 1
    word = {"convtranspose": "upconv"}.get(stem, stem)
    text = f"{word}{_sizes(kernel, head=True)}" + ("" if pool else f"-{_dim(read.get('channels'))}")
    if stride != (kernel if pool else 1):
        text += f"/{_sizes(stride, head=True)}"
    if read.get("groups", 1) != 1:
        text += f" groups={_positional(read['groups'])}"
    if dilation != 1:
        text += f" dilation={_sizes(dilation)}"
    text += _padding(pool, stem, keras, read, kernel, stride, dilation) if said else ""
    if read.get("bias", True) is not True:
        text += " bias=false"
    return text


def _padding(pool: bool, stem: str, keras: bool, read: dict[str, Any], kernel: Any, stride: Any, dilation: Any) -> str:
    """What a layer must say of its padding, where that is not ours by itself."""
    pad = read.get("padding", "valid" if keras else 0)
    if stem == "convtranspose" and (keras or read.get("output_padding", 0) != 0):
        raise _Unreadable
    if pad in ("valid", "same"):
        if pad == "same" and (pool or stride != 1):
            raise _Unreadable
        pad = 0 if pad == "valid" else None
    sizes, strides, steps = (value if isinstance(value, list) else [value] for value in (kernel, stride, dilation))
    if not all(isinstance(size, int) for size in (*sizes, *strides, *steps)):
        return " valid" if pad == 0 else " same" if pad is None else f" pad={_sizes(pad)}"
    patch = stem == "conv" and sizes == strides
    ours = [0 if pool or patch else steps[0] * (size - 1) // 2 for size in sizes]
    wanted = ours if pad is None else pad if isinstance(pad, list) else [pad] * len(ours)
    if wanted == ours and (pad is not None or all(size % 2 for size in sizes)):
        return ""
    if pad is None:
        return " same"
    return " valid" if set(wanted) == {0} and stem == "conv" else f" pad={_sizes(pad)}"


def _alone(word: str, values: list[Any], given: dict[str, Any]) -> str:
    if values or given:
        raise _Unreadable
    return word


def _dim(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, _Name)) or (isinstance(value, int) and value < 0):
        raise _Unreadable
    return str(value)


def _positional(value: Any) -> str:
    if value is _COMPUTED or isinstance(value, (bool, list)) or type(value) is str:
        raise _Unreadable
    if isinstance(value, (int, float)) and value < 0:
        raise _Unreadable
    return f"{{{value}}}" if isinstance(value, _Name) else f"{value}"


def _sizes(value: Any, *, head: bool = False) -> str:
    """A number, or one for each axis; a name in the head of a layer stands in braces."""
    if isinstance(value, list):
        if len(set(map(str, value))) == 1:
            return _sizes(value[0], head=head)
        return "x".join(_dim(part) if not isinstance(part, _Name) else f"{{{part}}}" for part in value)
    text = _dim(value)
    return f"{{{text}}}" if isinstance(value, _Name) and head else text
