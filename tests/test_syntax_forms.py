"""The help of last resort of a syntax error: there is one for every place, and what it writes can be read."""

from __future__ import annotations

import re

import pytest

from netdsl.diagnostics import Source, edited
from netdsl.elaborate import analyse, expectations
from netdsl.ir.op import registry
from netdsl.syntax.helps.lacking import CHANNELS, FEATURES
from netdsl.syntax.helps.places import QUANTITIES, STATEMENTS
from netdsl.syntax.parse import MAX_NESTING, parse

HEAD = "input 3x32x32\nblock unit(c) { conv3-c }\n"


def helps(text: str) -> list[str | None]:
    return [problem.help for problem in analyse(text).diagnostics if problem.code.startswith("ND1")]


@pytest.mark.parametrize(
    ("line", "help"),
    [
        ("conv3-", "`conv3-64` has 64 channels"),
        ("conv{k}-", "`conv{k}-64` has 64 channels"),
        ("gap, fc-", "`fc-10` has 10 features"),
        ("gap-", "`gap` has no channels of its own: leave the `-` out"),
        ("conv3-8/", "`conv3-8/2` has stride 2"),
        ("conv3-8 -> 8x32x", "a size is missing: such as `8x32x32`"),
        ("dropout {0..0.5}", "a ramp stands without braces: `0..0.5`"),
        ("expect depth", "a relation and a number follow: `depth = 19`, or as a bound `depth <= 19`"),
        ("conv3-8 pad=", "a value stands behind the `=`, without blanks: `pad=1`; an expression in braces"),
        ("conv3-{1 2}", "a sign stands between two values: such as `1*2`"),
        ("stem: relu\n@", "a name stands behind `@`: `@stem` takes up the tensor of `stem: …`"),
        ("variant a: c = 1\ndefault", "`default` has the name of one variant: `default a`"),
        ("7×7 / 2", "a layer begins with its word: `conv7-64/2`"),
        ("64/2", "a layer begins with its word: `conv3-64/2`"),
        ("unit(16).conv1", "a label opens what is inside: `a: unit(16)`, and `@a.conv1` takes up its `conv1`"),
    ],
)
def test_what_is_written_there(line: str, help: str) -> None:
    assert helps(f"{HEAD}{line}\n") == [help]


@pytest.mark.parametrize(
    ("line", "mended"),
    [
        ("param a = 1 < 2 < 3", "param a = 1 < 2 and 2 < 3"),
        ("expect depth < = 9", "expect depth <= 9"),
        ("param a = 0x10", "param a = 16"),
        ("param a = 1., b = 2", "param a = 1.0, b = 2"),
        ("conv3-{4 × 2}", "conv3-{4 * 2}"),
        ("relu & conv3-8", "relu, conv3-8"),
        ("add { relu | id } + relu", "add { relu | id }, relu"),
        ("conv3 bias=false -64", "conv3-64 bias=false"),
        ("if 1 == 1 { relu } else gelu", "if 1 == 1 { relu } else { gelu }"),
        ("block f { relu } conv3-8", "block f { relu }\nconv3-8"),
        ("relu ?", "relu"),
        ("<relu", "relu"),
    ],
)
def test_signs_that_are_mended(line: str, mended: str) -> None:
    text = f"{HEAD}{line}\n"
    (problem,) = (found for found in analyse(text).diagnostics if found.code == "ND101")
    assert edited(text, problem.edits) == f"{HEAD}{mended}\n"
    assert helps(f"{HEAD}{mended}\n") == []


@pytest.mark.parametrize("word", STATEMENTS)
def test_statements_are_written_as_they_can_be_read(word: str) -> None:
    shown = re.findall(rf"`({word} [^`]*)`", STATEMENTS[word])
    assert shown
    for line in shown:
        assert parse(Source("", f"{line}\n"), 0)[1] == []


def test_layers_with_channels() -> None:
    kinds = {word: op.syntax.channels for word, op in registry().items() if op.syntax.channels}
    assert {word for word, name in kinds.items() if name == "channels"} == CHANNELS
    assert {word for word, name in kinds.items() if name == "features"} == FEATURES


def test_quantities_have_numbers_that_can_be_read() -> None:
    assert set(QUANTITIES) == set(expectations.QUANTITIES)
    for quantity, number in QUANTITIES.items():
        found = analyse(f"{HEAD}relu\nexpect {quantity} = {number}\n").errors
        assert {problem.code for problem in found} == {"ND211"}  # it can be read, and is another number


def test_brackets_that_are_never_closed_do_not_nest() -> None:
    blocks = "".join(f"block f{number} {{\n  relu\n" for number in range(MAX_NESTING + 10))
    assert {problem.code for problem in parse(Source("", blocks), 0)[1]} == {"ND102"}
    (deep,) = parse(Source("", "[" * 150 + "relu" + "]" * 149), 0)[1]
    assert (deep.code, deep.help) == ("ND218", "1 of them is never closed: each `[` has its `]`")
    (deep,) = parse(Source("", f"param a = {'(' * 101}1{')' * 101}"), 0)[1]
    assert deep.help == "`param part = …` holds what is inside, and `part` stands for it"
