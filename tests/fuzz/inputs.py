"""Texts to try: random specs that are right, and specs of the zoo changed byte by byte and word by word."""

from __future__ import annotations

import random
import re
from functools import cache
from pathlib import Path

from tests.nets import spec

_ROOT = Path(__file__).parent.parent.parent

#: Words, signs and numbers that mean something, and some that should not.
_MEANT = """
net input param variant default style block use expect init output allow if else table concat add mul sub
reuse as true false and or not in i x _ train eval plain frozen same valid bias ws self forward class
conv3-8 conv dwconv3 sepconv3-8 upconv2-8/2 fc-10 linear-4 maxpool gap bn ln relu softmax dropout droppath
upsample crop pad reshape flatten permute chunk lrn scale id times abs prelu in.c in.h in.d conv3 /2 -64
groups= dilation= pad= stride= to= of= axis= size= mode= weight= init= p= params macs depth receptive_field
kaiming_normal zeros normal bilinear @a a: a.b: [ ] { } ( ) | , : = == != <= >= -> × × ×3 ×{n} x3 + - *
** / // % .. ..< . @ # ; \\ $ ? ! ' ` ~ ^ & < > 0 1 2 3 7 8 -1 0.5 1e9 1e308 1e999 0.0 nan inf
"""

WORDS = (
    *_MEANT.split(),
    "99999999999999999999", "1000000000", "18446744073709551616", '"', '"a"', '"{1}"', '"\\', '"""', "\n", "\r\n", "\r",
    "\t", " ", "  ", "\x00", "\x1b[31m", "\x7f", "\xa0", "\u2028", "\u202e", "\ue000", "\ufeff", "é", "幅", "🙂",
    "zoo:resnet", "../../etc/passwd", "__class__", "__import__", "ND301", "conv3−64", "{", "}", "{{", "{}", "[]", "()",
)  # fmt: skip

#: Numbers in place of others: a few that mean much, and primes that no size divides.
NUMBERS = (
    "0", "1", "2", "3", "5", "-1", "0.5", "1000", "9973", "999983", "1000000", "1000000000", "999999999989", "{in.c}",
    "{1/0}", "{2**60}",
)  # fmt: skip

_TOKEN = re.compile(r"[A-Za-z_]\w*|\d+|\s+|.", re.DOTALL)


@cache
def seeds() -> tuple[str, ...]:
    """The specs of the zoo, of the checkpoints, and of the tests of diagnostics."""
    folders = (_ROOT / "specs", _ROOT / "tests" / "checkpoints", _ROOT / "tests" / "diagnostics")
    paths = [path for folder in folders for path in sorted(folder.glob("*.net"))]
    return tuple(path.read_bytes().decode("utf-8", errors="replace") for path in paths)


def make(choose: random.Random) -> bytes:
    """One input."""
    pick = choose.random()
    if pick < 0.1:
        return spec(choose).encode()
    text = spec(choose) if pick < 0.25 else choose.choice(seeds())
    for _ in range(choose.choice((1, 1, 1, 2, 2, 3, 5, 8, 20))):
        text = _by_words(text, choose) if choose.random() < 0.7 else _by_letters(text, choose)
        if len(text) > 30_000:
            text = text[:30_000]
    data = text.encode("utf-8", errors="replace")
    if choose.random() < 0.15:
        data = _by_bytes(data, choose)
    return data


def _by_words(text: str, choose: random.Random) -> str:
    tokens = _TOKEN.findall(text) or [""]
    at = choose.randrange(len(tokens))
    end = min(len(tokens), at + choose.choice((1, 1, 1, 2, 3, 5, 10, 40)))
    pick = choose.random()
    if pick < 0.15:
        del tokens[at:end]
    elif pick < 0.35:
        tokens[at:at] = [choose.choice(WORDS)]
    elif pick < 0.55:
        tokens[at : at + 1] = [choose.choice(WORDS)]
    elif pick < 0.65:
        tokens[at:at] = tokens[at:end]
    elif pick < 0.7:
        tokens[at:at] = tokens[at:end] * choose.choice((2, 5, 50, 500))
    elif pick < 0.8:
        to = choose.randrange(len(tokens))
        piece = tokens[at:end]
        del tokens[at:end]
        tokens[to:to] = piece
    elif pick < 0.9:
        numbers = [place for place, token in enumerate(tokens) if token.isdigit()]
        if numbers:
            tokens[choose.choice(numbers)] = choose.choice(NUMBERS)
    else:
        other = _TOKEN.findall(choose.choice(seeds())) or [""]
        start = choose.randrange(len(other))
        tokens[at:at] = other[start : start + choose.choice((1, 5, 20, 100))]
    return "".join(tokens)


def _by_letters(text: str, choose: random.Random) -> str:
    lines = text.split("\n")
    at = choose.randrange(len(lines))
    pick = choose.random()
    if pick < 0.3:
        lines[at:at] = [choose.choice(lines)]
    elif pick < 0.5:
        del lines[at]
    elif pick < 0.7:
        other = choose.randrange(len(lines))
        lines[at], lines[other] = lines[other], lines[at]
    else:
        line = lines[at]
        place = choose.randrange(len(line) + 1)
        letter = choose.choice((chr(choose.randrange(32, 127)), chr(choose.randrange(0x3000)), ""))
        lines[at] = line[:place] + letter + line[place + choose.choice((0, 1)) :]
    return "\n".join(lines)


def _by_bytes(data: bytes, choose: random.Random) -> bytes:
    made = bytearray(data or b" ")
    for _ in range(choose.choice((1, 1, 2, 5))):
        at = choose.randrange(len(made))
        pick = choose.random()
        if pick < 0.4:
            made[at] = choose.randrange(256)
        elif pick < 0.6:
            made[at] ^= 1 << choose.randrange(8)
        elif pick < 0.8:
            made[at:at] = bytes([choose.randrange(256)])
        else:
            del made[at : at + choose.choice((1, 2, 10))]
            made = made or bytearray(b" ")
    return bytes(made)
