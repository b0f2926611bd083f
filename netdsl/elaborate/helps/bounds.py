"""What helps where a value is out of its range, of another kind or not whole: what would do in its place."""

from __future__ import annotations

import math
import re

from netdsl.diagnostics import Advice, Diagnostic, Edit, Span
from netdsl.ir.op import Attribute

#: A value that would do, for attributes that have no default of their own.
_TYPICAL = {
    "channels": 64, "features": 10, "kernel": 3, "stride": 1, "pad": 0, "dilation": 1, "out_pad": 0, "to": 7,
    "offset": 0, "after": 0, "scale": 2, "index": 0, "start": 0, "stop": 5, "ws_eps": 1e-6, "size": 1, "factor": 0.5,
    "p": 0.5,
}  # fmt: skip
_CHANNELS = "channels count from 0: `take 0 5` takes the first five"
#: What a value out of its range is meant to say, by the attribute and, where two share the name, a word of its line.
_MEANING: dict[str, tuple[tuple[str, str], ...]] = {
    "channels": (("", "a convolution makes one channel or more: `conv3-64` makes 64"),),
    "features": (
        ("digits", "there are ten digits: `rbf-10`"),
        ("", "a layer makes one number or more: `fc-10` makes 10"),
    ),
    "kernel": (("", "a window of 1 sees one element, one of 3 its neighbours too"),),
    "stride": (
        ("factor", "a stride of 1 keeps the size, one of 2 doubles it"),
        ("", "a stride of 1 takes every element, one of 2 every second"),
    ),
    "pad": (
        ("cut", "`pad=0` cuts nothing off, and `out_pad` adds elements"),
        ("", "`pad=0` adds nothing; `crop` takes elements off a map"),
    ),
    "dilation": (("", "a dilation of 1 leaves no gaps, one of 2 leaves out every second element"),),
    "out_pad": (("", "`out_pad=0` adds nothing"),),
    "p": (("probability", "`p` is the share that is dropped: `p=0.5` drops half"),),
    "to": (
        ("new", "each of the sizes is said, and none left open; `flatten` makes a vector of a map"),
        ("adaptive", "`to=1` makes one element an axis of the map, `to=7` seven"),
        ("", "a size counts elements from 1: `to=7` makes seven an axis"),
    ),
    "offset": (("", "`offset=0` leaves out none before the first; without `offset` the middle is kept"),),
    "after": (("", "`after=0` adds nothing there; `crop` takes elements off a map"),),
    "size": (("before", "`pad 1` adds an element on each side; `crop` takes elements off a map"),),
    "scale": (("factor", "`upsample ×2` doubles the size; `maxpool` and `avgpool` make it smaller"),),
    "order": (("", "axes count from 1, which is the channels: `permute 2x3x1` puts them last"),),
    "index": (("", "parts count from 0: `chunk 0` takes the first"),),
    "of": (("", "`of=2`, the default, makes two parts"),),
    "start": (("", _CHANNELS),),
    "stop": (("", _CHANNELS),),
    "axis": (("", "axis 1, the default, is that of the channels"),),
}
#: How what is no attribute is written.
_WRITTEN = {
    "a size": "`32`", "a repeat": "`×2`", "a batch": "`batch=32`", "a divisor": "`divisible(c, 8)`",
}  # fmt: skip
#: What is least, and says something: each by what it is of.
_LEAST = {
    "a size": "a size counts elements from 1, as in `3x32x32`",
    "a repeat": "`×0` leaves out what repeats, `×1` has it once",
    "a batch": "`batch=1` is one image, as without it",
    "a divisor": "`divisible(c, 8)` rounds to a multiple of 8",
}
#: A number in quotes.
QUOTED = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*")


def typical(attribute: Attribute) -> str:
    """A value that would do: the default, or what nets have."""
    value = attribute.default
    if attribute.kind == "bool":
        return "true"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        value = _TYPICAL.get(attribute.name, attribute.minimum if attribute.minimum is not None else 1)
    return f"{value:g}"


def of_range(attribute: Attribute, value: float) -> str:
    """A help for a value out of its range: what the attribute means, with one that would do."""
    if attribute.below == 1 and 5 <= value < 100:
        return f"a share of {value:g} percent is `{value / 100:g}`"
    for word, text in _MEANING.get(attribute.name, ()):
        if not word or word in re.findall(r"\w+", attribute.doc):
            return text
    doc = re.split(r"[;:(]", attribute.doc)[0].strip()
    said = f"`{attribute.name}={typical(attribute)}`"
    if attribute.default is not None:
        said += ", the default"
    return f"{said}: {doc}" if doc else said


def of_number(value: object, example: str, place: Span | None = None) -> str:
    """A help for what is no number, where ``example`` would do; ``place`` is that of a text in quotes."""
    if isinstance(value, str) and (number := QUOTED.fullmatch(value)) is not None:
        help = f"a number has no quotes: `{number[1]}`"
        return Advice(help, Edit(place, number[1])) if place is not None else help
    if value in ("same", "valid"):
        return f"`{value}` is a flag: it stands alone behind its layer, without quotes"
    if isinstance(value, bool):
        return f"a number stands there, as in {example}; `int` around it makes 1 or 0 of a truth value"
    return f"a number stands there, as in {example}"


def example_of(what: str) -> str:
    """How a whole number of this meaning is written."""
    return _WRITTEN.get(what, "`2`")


def of_least(what: str) -> str:
    """A help for a whole number that is too small; what has no line of its own is a factor of enlargement."""
    return _LEAST.get(what, "`×1` keeps the size, `×2` doubles it")


def rounded(value: float, what: str, *, literal: bool = False) -> str:
    """A help for a number that must be whole; its expression, which may be a ``literal``, is ``it``."""
    low, high = math.floor(value), math.ceil(value)
    if literal:
        return f"write `{low}` or `{high}`"
    if what in ("`channels`", "`features`") and value >= 8:
        from netdsl.elaborate.expressions import divisible

        if round(value) != divisible(value, 8):
            return f"`round` around it makes {round(value)}, and `divisible`, to a multiple of 8, {divisible(value, 8)}"
    return f"`floor` around it makes {low}, `ceil` {high}"


#: Attributes whose help has a line of its own example, in the place of which the text at hand may stand.
_IN_PLACE = frozenset(["channels", "features", "kernel", "stride", "dilation", "p"])
_REFUSED = re.compile(
    r"`?(\w[\w ]*)`? (?:must be (?:at least (-?\d+)|less than 1|more than 0),|is a(?: whole)? number,)"
)


def to_be(said: Diagnostic) -> str | None:
    """A value that would do where a diagnostic refuses one; None where none is known."""
    found = _REFUSED.match(said.message)
    if found is None:
        return None
    return f"{_TYPICAL[found[1]]:g}" if found[1] in _TYPICAL else found[2]


def with_example(said: Diagnostic, text: str) -> Diagnostic:
    """A diagnostic of a value out of its range, with the text that would do in the place of any other example."""
    found, help = _REFUSED.match(said.message), said.help or ""
    if found is None or found[1] not in _IN_PLACE or re.search("exponent|percent", help):
        return said
    meaning, colon, example = help.partition(": `")
    behind = example.partition("`")[2] if colon else ""
    return said._replace(help=f"{meaning}: `{text}`{behind}")
