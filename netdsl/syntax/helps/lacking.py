"""What is missing at a place, by what could have come there: a number behind a `-`, a name behind `@`, a brace."""

from __future__ import annotations

import re
from collections.abc import Callable

from netdsl.syntax.helps.places import QUANTITIES, STATEMENTS, Place

#: Layers whose number behind the `-` is that of their channels, and those that give features.
CHANNELS = frozenset({"conv", "dwconv", "sepconv", "upconv"})
FEATURES = frozenset({"fc", "linear", "rbf"})
#: A value of attributes that is no `2`.
VALUES = {
    "bias": "false", "pad": "1", "eps": "1e-5", "weight": "0.3", "momentum": "0.1", "p": "0.5", "pad_mode": "reflect",
    "mode": "reflect",
}  # fmt: skip
#: Ways to initialise, with their values.
SCHEMES = {
    "normal": "normal 0.01", "uniform": "uniform -0.1 0.1", "trunc_normal": "trunc_normal 0.02",
    "kaiming_normal": "kaiming_normal fan_out", "kaiming_uniform": "kaiming_uniform fan_in", "constant": "constant 0.1",
}  # fmt: skip
#: What may come where a number stands.
SIZES = frozenset({"INT", "FLOAT", "LBRACE", "NAME"})


def _size(place: Place) -> str | None:
    """A number behind ``-``, ``/``, ``×``, ``->`` or ``..``."""
    if place.names == {"INT", "FLOAT"}:
        return "a number stands behind this `-`, such as `-1`; an expression stands in braces: `{-c}`"
    if not ("LBRACE" in place.names and place.names & {"INT", "FLOAT"} and place.names <= SIZES):
        return None
    before = place.before
    if before.endswith("->"):
        return "a shape stands behind the arrow: `-> 64x112x112`, or without its channels `-> 112x112`"
    ramp = re.search(r"([A-Za-z]\w*[ \t]+)?([\w.]*\w)\.\.<?\Z", before)
    if ramp is not None or before.endswith(("..", "..<")):
        start = f"{ramp[1] or ''}{ramp[2]}" if ramp is not None else "0"
        return f"a ramp has two ends: `{start}..0.5`"
    layer = re.search(r"([A-Za-z]\w*(?:\{[^{}]*\})?(?:[x×][\w{}]+)?)[ \t]*-\Z", before)
    if before.endswith("-"):
        return _channels(place, layer[1] if layer is not None else "")
    layer = re.search(r"([A-Za-z][\w{}×-]*)/\Z", before)
    if before.endswith("/"):
        return f"`{layer[1] if layer is not None else 'conv3-64'}/2` has stride 2"
    if re.search(r"[×x]\Z", before) and (sizes := _more_sizes(before)) is not None:
        return sizes
    if re.search(r"[×x]\Z", before):
        return "a repeat has a number, `×2`, or a value by its name, `×{n}`"
    if place.head == "input":
        return "the sizes stand there, the channels first: `input 3x224x224`"
    return None


def _channels(place: Place, layer: str) -> str:
    stem = re.match(r"[a-z]*", layer.lower())
    kind = stem.group() if stem is not None else ""
    known = kind in CHANNELS or kind in FEATURES
    if place.mistake.word == "(":
        return f"an expression stands in braces: `{layer if known else 'conv3'}-{{4*c}}`"
    if kind == "soft":
        return "`soft-max` is one word, without blanks"
    if kind in FEATURES:
        return f"`{layer}-10` has 10 features"
    if layer and not known and place.mistake.is_layer(layer):
        return f"`{layer}` has no channels of its own: leave the `-` out"
    return f"`{layer if known else 'conv3'}-64` has 64 channels"


def _more_sizes(before: str) -> str | None:
    """The sizes that a text ends in, of an input or behind an arrow, and one more."""
    found = re.search(r"(?:->|\binput(?:[ \t]+[A-Za-z_]\w*(?=[ \t]))?)((?:[ \t]*+[\w{}.×]++)++)[ \t]*\Z", before)
    known = re.findall(r"\d+|\{[^{}]*\}", found[1]) if found is not None else []
    return f"a size is missing: such as `{'x'.join([*known, known[-1]])}`" if known else None


def _sizes(place: Place) -> str | None:
    """``input 3x32x``, ``input 3x32x32 RGB``"""
    if (
        place.mistake.word in ("x", "×")
        and not place.after.strip()
        and (sizes := _more_sizes(place.before)) is not None
    ):
        return sizes
    if place.head == "input" and not place.ends:
        return STATEMENTS["input"]
    if place.head == "default" and not place.ends:
        return _default(place)
    return None


def _value(place: Place) -> str | None:
    """A value behind ``pad=``, ``params =``, ``width =``, or in an expression."""
    if not {"INT", "FALSE", "STRING"} <= place.names:
        return None
    before, mistake = place.before, place.mistake
    if mistake.word == "@" and re.fullmatch(r"[ \t]*[A-Za-z_]\w*[ \t]*\{", place.owner):
        return None
    if mistake.word == "@":
        return "a value is no tensor: `in.c` is the number of channels that enter, `in.h` and `in.w` their size"
    bound = re.search(r"([A-Za-z_]\w{0,39})(?:\([^()]*\))?[ \t]*(=|==|!=|<=?|>=?)\Z", before)
    if place.head == "expect" and bound is not None and "NOT" not in place.names:
        quantity = bound[1] if bound[1] in QUANTITIES else "params"
        return f"a number stands behind `{bound[2]}`: `{quantity} {bound[2]} {QUANTITIES[quantity]}`"
    if bound is not None and bound[2] == "=" and "LPAR" not in place.names:
        value = VALUES.get(bound[1], "2")
        return f"a value stands behind the `=`, without blanks: `{bound[1]}={value}`; an expression in braces"
    if bound is not None and bound[2] == "=" and place.head in ("param", "variant", "block"):
        return f"a value stands behind the `=`: a number, a text in quotes, `true` or `false`, such as `{bound[1]} = 1`"
    operator = re.search(r"([\w.)]+)[ \t]*([-+*/%<>=!]{1,2}|(?<!\w)(?:and|or))\Z", before)
    if operator is not None:
        other = "2" if operator[2] not in ("and", "or") else "c > 2"
        left = operator[1] if re.fullmatch(r"[\w.]+", operator[1]) else "c"
        return f"a value stands on both sides of `{operator[2]}`: such as `{left} {operator[2]} {other}`"
    if before.endswith("{") and mistake.word == "}":
        layer = re.search(r"([A-Za-z]\w*)-\{\Z", before)
        name = layer[1] if layer is not None else "conv3"
        return f"a value stands in the braces: `{name}-{{4*c}}`; a number needs none, `{name}-64`"
    if re.search(r"(?<!\w)if\Z", before):
        return "a condition stands behind `if`: `if s != 1 { … }`"
    return None


def _operand(place: Place) -> str | None:
    """Something in the place of a value."""
    if not {"INT", "FALSE", "STRING"} <= place.names:
        return None
    return "a value is a number, a name, or what is computed of them: `64`, `width`, `4*c`"


def _tensor(place: Place) -> str | None:
    """A name behind ``@``, ``as``, ``+``, or ``.``"""
    before = place.before
    if before.endswith("@") and "NAME" in place.names:
        labels = re.findall(r"^([A-Za-z_]\w{0,39}):", place.mistake.text[: place.mistake.begin][-5000:], re.MULTILINE)
        if place.opener < 0 and labels:
            return f"a name stands behind `@`: `@{labels[-1]}` takes up the tensor of `{labels[-1]}: …`"
        return "a name stands behind `@`: `@mid` takes up the tensor of `mid: …`, or of an item with `as mid`"
    if re.search(r"(?<!\w)as\Z", before) and "NAME" in place.names:
        return "a name stands behind `as`: `as mid`, and `@mid` takes its tensor up"
    if re.search(r"(?<!\w)allow\Z", before):
        return STATEMENTS["allow"]
    if before.endswith("+") and {"NAME", "SOFTMAX"} == place.names:
        return "a layer stands behind `+`, in the place of what the style adds: `+bn`"
    path = re.search(r"(@?[\w.]+)\.\Z", before)
    if path is not None and {"PART", "STRING", "LBRACE"} <= place.names:
        return f"the next part of the name stands behind the dot, `{path[1]}.conv1`; or leave the dot out"
    if path is not None and "NAME" in place.names and place.names == {"NAME"}:
        return "`in.c` is the number of channels that enter, `in.h` and `in.w` the height and width, `in.d` the depth"
    return None


def _default(place: Place) -> str:
    known = re.findall(r"^[ \t]*variant[ \t]+([\w.-]{1,30})", place.mistake.text[:100_000], re.MULTILINE)[:3]
    names = " or ".join(f"`default {name}`" for name in known)
    return f"`default` has the name of one variant: {names}" if known else STATEMENTS["default"]


def _name(place: Place) -> str | None:
    """A name behind the word of a statement."""
    if not place.names <= {"NAME", "STRING", "VNAME", "EXPECT_VARIANT", "_NL", "RPAR"}:
        return None
    head, word, text = place.head, place.word, place.mistake.text
    first = re.fullmatch(
        r"[ \t]*\w+", place.mistake.text[place.mistake.begin : place.mistake.begin + len(place.before)]
    )
    if first is None and head in ("param", "variant"):
        name = re.search(r"^[ \t]*param[ \t]+([A-Za-z_]\w{0,39})", text, re.MULTILINE) if head == "variant" else None
        if place.before.endswith(":"):
            return f"parameters stand behind the colon: `{name[1] if name is not None else 'width'} = 2`"
        return "a name and its value stand between commas: `a = 1, b = 2`" if not word[:1].isdigit() else None
    if word.isdigit() and "NAME" in place.names and "EXPECT_VARIANT" not in place.names and head != "allow":
        return (
            f"a name begins with a letter: `{head} n{word}`"
            if first is not None and head
            else (f"a name begins with a letter, such as `n{word}`")
        )
    if head == "default":
        return _default(place)
    if place.names == {"STRING"} and head:
        return STATEMENTS[head]
    if not head and re.search(r"(?<!\w)table\Z|\|\Z", place.before) and place.names <= {"VNAME", "_NL"}:
        return "the names of the columns stand there: `table A | B { … }`"
    if text[place.opener : place.opener + 1] == "(" and "block" in place.owner:
        return "a parameter of a block is a name, with a default if it has one: `(c, s = 1)`"
    if text[place.opener : place.opener + 1] == "(" and "use" in place.owner:
        return "the names of blocks stand in the parentheses: `(unit, stem)`"
    return None


def _declared(place: Place) -> str | None:
    """``=``, ``:``, ``{`` or a relation, which a statement lacks."""
    names = place.names
    if {"EQUAL", "LESSTHAN", "MORETHAN"} <= names and "PLUS" not in names:
        found = re.search(r"([A-Za-z_]\w{0,39})(?:\([^()]*\))?\Z", place.before)
        quantity = found[1] if found is not None and found[1] in QUANTITIES else "params"
        value = QUANTITIES[quantity]
        return f"a relation and a number follow: `{quantity} = {value}`, or as a bound `{quantity} <= {value}`"
    if "EQUAL" in names and names <= {"EQUAL", "COLON", "COMMA", "_NL", "$END"}:
        word = re.search(r"([A-Za-z_][\w.-]{0,39})\Z", place.before)
        name = word[1] if word is not None else "a"
        shown = {
            "param": f"`{name} = 1`", "style": f"`style {name} = _, bn, relu`", "init": f"`init {name} = normal 0.01`",
            "variant": f"`variant {name}: width = 2`" if "COLON" in names else f"`{name} = 1`",
        }.get(place.head)  # fmt: skip
        if shown is not None:
            what = "a `:` and values follow" if "COLON" in names else "an `=` follows"
            return f"{what} behind the name: {shown}"
    if "LBRACE" in names and names <= {"LBRACE", "IF", "LPAR", "NAME"}:
        if re.search(r"(?<!\w)else\Z", place.before):
            return (
                "what an `else` chooses stands in braces: `else { relu }`; a further condition is `else if c > 8 { … }`"
            )
        if place.head == "output":
            name = place.named("output") or "aux"
            if re.search(rf"^[ \t]*{name}:|\bas[ \t]+{name}\b", place.mistake.source, re.MULTILINE):
                return f"what is on the way to an output stands in braces: `output {name} {{ @{name} }}`"
            return f"what is on the way to an output stands in braces: `output {name} {{ gap, fc-10 }}`"
        name = place.named("block")
        if place.head == "block" and name:
            given = re.search(r"block[ \t]+\w+[ \t]*(\([^()]{0,30}\))\Z", place.before)
            return (
                f"the body of a block stands in braces: `block {name}{given[1] if given is not None else ''} {{ … }}`"
            )
    if names == {"COLON", "DOT"}:
        label = re.search(r'("[^"]{1,30}")\Z', place.before)
        shown = label[1] if label is not None and "`" not in label[1] else '"block1-0"'
        if place.ends and place.opener < 0:
            return f"a text in quotes is a label, `{shown}: conv3-8`, or the title of a net, `net a {shown}`"
        return f"a name in quotes is a label, with a colon behind it: `{shown}: conv3-8`"
    return None


def _initial(place: Place) -> str | None:
    """What stands behind a way to initialise."""
    if place.head != "init":
        return None
    path = place.named("init")
    path = path if path and place.before.strip() != "init" else "conv"
    scheme = re.search(r"=[ \t]*([a-z_]\w*)", place.before)
    shown = SCHEMES.get(scheme[1], f"{scheme[1]} bias=0") if scheme is not None else ""
    return f"numbers, words and `bias=` stand behind a scheme: `init {path} = {shown}`" if scheme is not None else None


RULES: tuple[Callable[[Place], str | None], ...] = (_size, _sizes, _value, _tensor, _name, _declared)
#: What is said of a place where nothing is too much either.
LAST: tuple[Callable[[Place], str | None], ...] = (_initial, _operand)
