"""Slips of the hand in specs that are right: what fingers, memory and another framework's habits make of a line."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from netdsl.elaborate import analyse
from netdsl.ir.op import names
from netdsl.syntax.helps.mistake import STATEMENTS
from tests.documents import PAGES, ROOT, blocks, name
from tests.fuzz.holds import LIMITS
from tests.fuzz.specs import make as generated
from tests.nets import spec as joined

_TOKEN = re.compile(r'#[^\n]*|"[^"\n]*"|->|[A-Za-z_]\w*|\d+(?:\.\d+)?|[ \t]+|.', re.DOTALL)
_WORD = re.compile(r"[A-Za-z_]\w+")
_STATEMENTS = frozenset(STATEMENTS) | {"if", "else", "table"}

#: What stands on the keyboard, or in other languages, where a sign of ours should.
_OTHERS = {
    ",": (";", ".", " "), ":": ("=", ";", ""), "-": ("_", "–", "=", " ", "--"), "=": (":", "-", "=="),
    "|": ("/", ",", ";", "||"), "->": ("=>", "-", ">"), "/": ("\\", ":", "//"), "×": ("*", "x", ""),
    "(": ("[", "{"), ")": ("]", "}"), "[": ("(", "{"), "]": (")", "}"), "{": ("[", "("), "}": ("]", ")"),
    "@": ("", "&", "$"), "+": ("&", " + ", ""), "_": ("-",), ".": (",",),
}  # fmt: skip

#: A pattern of ours in each line, and what stands for it in other frameworks and languages.
_TABLE = r"""
\bconv(3)-(\d+)/(\d)\b    Conv2d(3, \2, \1, stride=\3, padding=1)    nn.Conv2d(3, \2, \1, \3, 1)
\bconv(\d)-(\d+)/(\d)\b    conv\1x\1-\2 stride \3    \1x\1 conv, \2, /\3
\bconv(\d)-(\d+)\b(?!/)    Conv2D(\2, \1, padding="same")    nn.Conv2d(3, \2, \1, padding="same")    Conv2d\1-\2
\bconv(\d)-(\d+)\b(?!/)    \1x\1 conv, \2    \1×\1, \2    conv(\2, \1)    conv \1x\1 \2
\bdwconv(\d)    DepthwiseConv2D(\1)    depthwise_conv\1    DWConv\1    dw-conv\1
\bupconv(\d)-(\w+)/2    ConvTranspose2d(\2, \1, 2)    deconv\1-\2/2    Conv2DTranspose(\2, \1, strides=2)
\b(?:fc|FC|linear)-(\d+)    Dense(\1)    Linear(512, \1)    nn.Linear(512, \1)    dense-\1    Linear-\1    FC(\1)
\bmaxpool(\d)/(\d)    MaxPool2d(\1, \2)    MaxPooling2D(\1, \2)    nn.MaxPool2d(\1, stride=\2)    pool\1/\2
\bmaxpool\b    MaxPool2d    MaxPool2d(2)    MaxPooling2D()    max_pool    pool    max-pool    maxpooling
\bavgpool(\d)/(\d)    AvgPool2d(\1, \2)    AveragePooling2D(\1)    avg_pool\1/\2
\bgap\b    GlobalAveragePooling2D    GlobalAvgPool    AdaptiveAvgPool2d(1)    nn.AdaptiveAvgPool2d((1, 1))    avgpool
\bbn\b    BatchNorm2d    BatchNormalization    batchnorm    nn.BatchNorm2d(64)    BatchNorm    batch_norm    norm
\b(relu|silu|gelu|sigmoid|tanh)\b    nn.\1()    F.\1    \1()    ReLU()    nn.ReLU(inplace=True)    LeakyReLU
\b(relu|silu|gelu|sigmoid|tanh)\b    activation    Activation('\1')    torch.\1    \1(x)
\bdropout ([\d.]+)    Dropout(\1)    nn.Dropout(p=\1)    dropout(\1)    dropout=\1    dropout-\1
\bsoft-?max\b    Softmax    nn.Softmax(dim=1)    softmax()    log_softmax
\badd\b    Add    sum    plus    residual    torch.add
\bconcat\b    cat    Concatenate    torch.cat    concatenate
\bid\b    Identity    nn.Identity()    skip    x    identity    shortcut    input
\bflatten\b    Flatten()    nn.Flatten()    torch.flatten(x, 1)
\bpad=    padding=    padding    p=
\bbias=false\b    use_bias=False    bias=False    no_bias    bias=0
\bdilation=    dilation_rate=    rate=    dilate=    d=
\bgroups=    group=    num_groups=    g=
\beps=    epsilon=
(\w)/(\d)\b    \1 stride=\2    \1 strides=\2    \1 s=\2    \1, stride \2    \1/s\2
\bvalid\b    padding=valid    padding='valid'    pad=0 valid    VALID
\bsame\b    padding=same    padding="same"    SAME
^block\b    def    module    class    Block    function
^net\b    network    model    name
^input\b    Input    inputs    input:    input =
^param\b    const    params    let    parameter
^style\b    styles    after    macro
^output\b    out    return    outputs
\btrue\b    True    1    yes
\bfalse\b    False    0    no
\bnot\b    !
\band\b    &&    &
\bor\b    ||
\belse if\b    elif    elseif
×(\d)    *\1    x \1    × \1x    repeat=\1    * \1
//    /    div
\bkaiming_normal\b    he_normal    kaiming    kaiming_normal_
\bxavier_uniform\b    glorot_uniform    xavier
"""
_FOREIGN = [line.split("    ") for line in _TABLE.strip().splitlines()]


class Base(NamedTuple):
    """A spec that is right: where it is from, and its text."""

    name: str
    text: str


def small() -> tuple[Base, ...]:
    """A few short specs that use each construct, and some without rank."""
    files = sorted((Path(__file__).parent / "right").glob("*.net"))
    made = [Base(f"tests.nets.spec({seed})", _silent(joined(random.Random(seed)))) for seed in range(3)]
    return (*(Base(f"right/{path.name}", path.read_text(encoding="utf-8")) for path in files), *made)


@cache
def bases() -> tuple[Base, ...]:
    """The specs of the zoo, the short ones, and those of the documentation that are right."""
    paths = sorted((ROOT / "specs").glob("*.net"))
    found = [*small(), *(Base(f"specs/{path.name}", path.read_text(encoding="utf-8")) for path in paths)]
    for page in PAGES:
        for block in blocks(page.read_text(encoding="utf-8")):
            if block.kind == "net" and "\n" in block.text and not analyse(block.text, limits=LIMITS).diagnostics:
                found.append(Base(f"{name(page)}@{block.start}", block.text))
    return tuple(found)


def base(choose: random.Random) -> Base:
    """A right spec: of the zoo, of the documentation or made up."""
    pick = choose.random()
    if pick < 0.15:
        seed = choose.randrange(10**6)
        return Base(f"tests.nets.spec({seed})", _silent(joined(random.Random(seed))))
    if pick < 0.25:
        seed = choose.randrange(1000)
        return Base(f"tests.fuzz.specs.make({seed})", _silent(generated(seed)))
    return choose.choice([one for one in bases() if pick > 0.5 or len(one.text) < 1000])


def _silent(text: str) -> str:
    """The spec without its warnings, which would show again as soon as a slip in it is mended."""
    made = analyse(text, limits=LIMITS)
    codes = {
        said.code
        for variant in made.variants or (None,)
        for said in analyse(text, variant=variant, limits=LIMITS).diagnostics
    }
    return f"{text}allow {', '.join(sorted(codes))}\n" if codes else text


# -- slips ------------------------------------------------------------------------------------------------------------


class Tokens:
    """A text in words, numbers, signs and blanks, and where those are that a hand may slip in."""

    def __init__(self, text: str, choose: random.Random) -> None:
        self.all = _TOKEN.findall(text)
        self.choose = choose
        code = [at for at, token in enumerate(self.all) if token[0] != "#"]
        self.blanks = [at for at in code if self.all[at].strip(" \t") == ""]
        self.written = [at for at in code if self.all[at].strip() and self.all[at][0] != '"']
        self.words = [at for at in self.written if _WORD.fullmatch(self.all[at])]
        self.numbers = [at for at in self.written if self.all[at][0].isdigit()]

    def one(self, among: list[int]) -> int | None:
        """One of the places, if there are any."""
        return self.choose.choice(among) if among else None

    def change(self, among: list[int], change: Callable[[str], str]) -> str | None:
        """The text with one of the tokens changed."""
        at = self.one(among)
        if at is None:
            return None
        self.all[at] = change(self.all[at])
        return "".join(self.all)


def _letter(text: str, choose: random.Random) -> str | None:
    def change(word: str) -> str:
        at = choose.randrange(len(word))
        ways = (
            word[:at] + word[at + 1 :],
            word[: at + 1] + word[at:],
            word[:at] + word[at : at + 2][::-1] + word[at + 2 :],
        )
        return choose.choice(ways)

    tokens = Tokens(text, choose)
    return tokens.change(tokens.words, change)


def _token(text: str, choose: random.Random) -> str | None:
    tokens = Tokens(text, choose)
    at = tokens.one(tokens.written)
    if at is None:
        return None
    pick = choose.random()
    if pick < 0.4:
        tokens.all[at] = ""
    elif pick < 0.7:
        tokens.all[at] += choose.choice(("", " ")) + tokens.all[at]
    else:
        later = [other for other in tokens.written if other > at]
        if not later:
            return None
        tokens.all[at], tokens.all[later[0]] = tokens.all[later[0]], tokens.all[at]
    return "".join(tokens.all)


def _bracket(text: str, choose: random.Random) -> str | None:
    tokens = Tokens(text, choose)
    quoted = [at for at, token in enumerate(tokens.all) if token[0] == '"' and len(token) > 2]
    brackets = [at for at in tokens.written if tokens.all[at] in "()[]{}"]
    return tokens.change(
        quoted + brackets, lambda token: choose.choice((token[1:], token[:-1])) if token[0] == '"' else ""
    )


def _line(text: str, choose: random.Random) -> str | None:
    lines = text.split("\n")
    written = [at for at, line in enumerate(lines) if line.strip() and line.strip()[0] != "#"]
    at = choose.choice(written)
    pick = choose.random()
    if pick < 0.35:
        del lines[at]
    elif pick < 0.65:
        lines.insert(at, lines[at])
    else:
        line = lines.pop(at)
        lines.insert(choose.choice((max(0, at - 1), at + 1, choose.randrange(len(lines) + 1))), line)
    return "\n".join(lines)


def _number(text: str, choose: random.Random) -> str | None:
    def change(number: str) -> str:
        if not number.isdigit():
            return choose.choice((number.replace(".", ","), number[1:], number + "0", number.replace(".", "")))
        value = int(number)
        ways = (
            value + 1,
            max(0, value - 1),
            value * 10,
            value // 2,
            number[1:],
            number[0] + number,
            0,
            number + ".5",
            "",
        )
        return str(choose.choice(ways))

    tokens = Tokens(text, choose)
    return tokens.change(tokens.numbers, change)


def _sign(text: str, choose: random.Random) -> str | None:
    tokens = Tokens(text, choose)
    signs = [at for at in tokens.written if tokens.all[at] in _OTHERS]
    return tokens.change(signs, lambda sign: choose.choice(_OTHERS[sign]))


def _space(text: str, choose: random.Random) -> str | None:
    tokens = Tokens(text, choose)
    pick = choose.random()
    if pick < 0.4:
        inner = [at for at in tokens.blanks if at and "\n" not in tokens.all[at - 1]]
        return tokens.change(inner, lambda _: "")
    if pick < 0.8:
        return tokens.change(tokens.written, lambda token: f" {token}")

    def split(token: str) -> str:
        at = choose.randrange(1, len(token))
        return f"{token[:at]} {token[at:]}"

    return tokens.change([at for at in tokens.written if len(tokens.all[at]) > 1], split)


def _foreign(text: str, choose: random.Random) -> str | None:
    comments = [match.span() for match in re.finditer(r"#[^\n]*", text)]
    for pattern, *others in choose.sample(_FOREIGN, len(_FOREIGN)):
        found = re.finditer(pattern, text, re.MULTILINE)
        places = [match for match in found if not any(a <= match.start() < b for a, b in comments)]
        if places:
            match = choose.choice(places)
            return text[: match.start()] + match.expand(choose.choice(others)) + text[match.end() :]
    return None


def _case(text: str, choose: random.Random) -> str | None:
    tokens = Tokens(text, choose)
    return tokens.change(tokens.words, lambda word: choose.choice((word.upper(), word.capitalize(), word.swapcase())))


def _rename(text: str, choose: random.Random) -> str | None:
    tokens = Tokens(text, choose)
    known = {*names(), *_STATEMENTS}
    own = [at for at in tokens.words if re.sub(r"\d+$", "", tokens.all[at]).lower() not in known]
    twice = [at for at in own if sum(tokens.all[other] == tokens.all[at] for other in own) > 1]
    others = sorted({tokens.all[at] for at in own})
    return tokens.change(
        twice, lambda word: choose.choice((f"{word}2", f"my_{word}", f"{word}s", word[:2], choose.choice(others)))
    )


KINDS: dict[str, Callable[[str, random.Random], str | None]] = {
    "letter": _letter, "token": _token, "bracket": _bracket, "line": _line, "number": _number, "sign": _sign,
    "space": _space, "foreign": _foreign, "case": _case, "rename": _rename,
}  # fmt: skip


class Slip(NamedTuple):
    """A slip: its kind, and the text with it."""

    kind: str
    text: str


def slip(text: str, choose: random.Random) -> Slip | None:
    """One slip in a text; None where the text has no place for one of its kind."""
    kind = choose.choice([*KINDS])
    made = KINDS[kind](text, choose)
    return None if made is None or made == text else Slip(kind, made)
