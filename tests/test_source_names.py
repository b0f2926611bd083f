"""That names of a spec are names and no more in generated source: they hide nothing and are never run together.

Each net is held against its module, and its source against what it may name and against ruff.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

import netdsl
from netdsl.backends.torch_source import torch_source
from netdsl.backends.torch_source.text import CONTAINER_METHODS, SEQUENTIAL_METHODS
from tests.fuzz.agree import holds
from tests.fuzz.source import complaints

#: Words that mean something in the source, or in Python.
_PLAIN = (
    "self super nn torch F Tensor NamedTuple module name x_ y z int list range type_ print isinstance getattr "
    "layers k number index_ residual size value in_channels channels gate branch1 match case cls keys values items pop "
    "clear update append extend insert weight bias training_ forward_ stored p N NOutput Inner Lstm count index __x"
)
WORDS = _PLAIN.split()

#: Letters that Python reads as others, or as nothing that can stand in a name.
LETTERS = (
    "ｓelf",
    "ﬁ",
    "ｆorward",
    "ªb",
    "µ",
    "Ⅷ",
    "conv１",
    "ſelf",
    "𝒇orward",
    "ｔrain",
    "е",
    "é",
    "e\u0301",
    "слой",
    "１",
)

#: Texts that would say something, were they not in quotes.
TEXTS = ("x; import os", "a'b\"c\\d", "a = b", "#", '");import os#', "{0}", "\\x41", "lambda", "None", "(1,", "%s", "F")


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("{", "\\{") + '"'


def _each(line: str, words: Sequence[str]) -> str:
    """A line for each word, which stands in it as ``{word}``, and its number as ``{at}``."""
    return "".join(line.replace("{word}", word).replace("{at}", str(at)) for at, word in enumerate(words))


def _nets() -> dict[str, str]:
    """Nets full of names, by what the names are of."""
    texts = [quoted(text) for text in (*LETTERS, *TEXTS)]
    called = [*WORDS[:12], *WORDS[-6:]]
    bodies = {
        "layers": _each("{word}: conv1-4\n", WORDS),
        "scopes": _each("{word}: [conv1-4, relu]\na.{word}: conv1-4\nb.{word}: scale\n", WORDS),
        "members": _each("m{at}: [{word}: conv1-4, bn]\n", WORDS),
        "tensors": _each("conv1-4 as {word}\nadd { id | relu | @{word} }\n", WORDS),
        "outputs": "conv1-4 as o\n" + _each("output {word} { @o, conv1-4, relu }\n", WORDS),
        "blocks": _each("block {word}(c, flag=false) { conv3-c, add { conv1-c | if flag { id } } }\n", WORDS)
        + _each("{word}(3)\n{word}(5, true)\n{word}(6)\n", called),
        "parameters": _each(
            "block b{at}({word}) { conv3-{word}, times {{word}}, relu, conv1-4 }\nb{at}(3)\nb{at}(5)\n", called
        ),
        "flags": _each("block b{at}({word}=true) { add { conv1-4 | if {word} { id } }, relu\n"
                       "if {word} { f: conv1-4 } }\nb{at}()\nb{at}({word}=false)\n", called),
        "styles": _each("block b{at} {\n  style conv = [{word}: _, bn, relu]\n  conv1-4, conv1-4\n}\nb{at}\n", WORDS),
        "quoted layers": _each("{word}: conv1-4\n", texts),
        "quoted members": _each("m{at}: [{word}: conv1-4, relu, bn]\n", texts),
        "quoted paths": _each("a.{word}: conv1-4\nb.{word}: scale\nc.{word}.c: scale\n", texts),
        "quoted in blocks": "block b(c) {\n" + _each("{word}: conv1-c\n", texts) + "}\nb(4)\nb(5)\nb(4)\n",
        "starts": _each("a.{word}: conv1-4\ninit {word} = normal 0.{at}1\n", texts),
        "torch in a path": "torch.conv: conv1-4\nF.conv: conv1-4\nTensor.a: conv1-4\n",
        "labels that count": _each('c{at}."= {at},": conv1-4\n', WORDS[:7]),
        "arguments like classes": "block inner() { add { conv1-4 | id } }\n"
        "block b(Inner, DropPath) { conv3-Inner, conv3-DropPath, inner(), add { conv3-DropPath, droppath 0.1 | id } }\n"
        "conv1-4, b(3, 4), b(5, 4), [b(4, 4)] ×2, b(7, 4)\n",
        "alike when spelt": """a.b_c: conv1-4, relu
a_b.c: conv1-4
a_b_c: conv1-4 as a__b_c
"a b c": [conv1-4, relu]
"a-b-c": [conv1-4, relu]
block a_b(c) { add { conv1-c | id } }
block aB(c) { concat { conv1-c | id } }
block a__b(a_b, a__b, _a_b) { conv1-{a_b}, conv1-{a__b}, conv1-{_a_b}, times {a_b} }
a_b(4), aB(2), a__b(1, 2, 3), a__b(3, 1, 2)
output a_b_ { relu }
output a_b__ { relu }
output _a_b { sigmoid }
""",
    }  # fmt: skip
    inputs = _each("input {word} 4x4x4\n", WORDS) + f"add {{ {' | '.join(f'@{word}' for word in WORDS)} }}\n"
    nets = {name: f"net N\ninput 4x4x4\n{body}" for name, body in bodies.items()}
    return {**nets, "inputs": f"net N\n{inputs}conv1-4\nadd {{ id | @NOutput }}\noutput a {{ relu }}\n"}


NETS = _nets()


def _long(letters: int) -> str:
    """A net whose labels have so many letters."""
    a, b = "a" * letters, "b" * letters
    return f"""
net {a}
input 3x8x8
style conv = _, bn, relu
block u(c) {{
  {b}: conv3-c
  add {{ {a}: conv3-c | id }}
}}
{b}: [u(4) ×2]
x.{a}: [conv3-4, {b}: conv3-4 groups=2 dilation=2 bias=false, conv3-4 ×3]
{a}4: lrn 5 k=2
{a}2: fc-10
{a}3: dropout 0.3
init conv = kaiming_normal fan_out relu
init {a}2 = normal 0.01 bias=0
output {b}5 train {{ relu }}
"""


@pytest.mark.parametrize("name", NETS)
def test_names_are_names(name: str) -> None:
    holds(NETS[name])


def test_what_containers_have_is_known() -> None:
    own = set(dir(torch.nn.Sequential)) - set(dir(torch.nn.Module))
    assert {name for name in own if not name.startswith("_")} == SEQUENTIAL_METHODS
    others = {*dir(torch.nn.ModuleList), *dir(torch.nn.ModuleDict)} - set(dir(torch.nn.Module))
    assert {name for name in others if not name.startswith("_")} <= CONTAINER_METHODS


def test_ruff_has_nothing_to_complain_of(tmp_path: Path) -> None:
    for at, text in enumerate(NETS.values()):
        (tmp_path / f"net{at}.py").write_text(torch_source(netdsl.compile(text)), encoding="utf-8")
    assert complaints(tmp_path) == ""


def test_ruff_lays_long_names_out_no_other_way(tmp_path: Path) -> None:
    """Names that fit a line nowhere stand alone on it."""
    for letters in (39, 60, 80, 98, 120, 400):
        text = torch_source(netdsl.compile(_long(letters)))
        (tmp_path / f"net{letters}.py").write_text(text, encoding="utf-8")
        assert letters > 50 or max(map(len, text.splitlines())) <= 120
    assert complaints(tmp_path) == ""
