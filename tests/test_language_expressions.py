"""Expressions: values that are known when compiling."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netdsl.elaborate.expressions import divisible
from tests.language import codes, graph, made, said


def value(expression: str) -> object:
    """What an expression comes to, as the default of a parameter."""
    found = graph(f'param n = 7, w = 1.5, t = true, s = "text"\nparam result = {expression}\nrelu')
    return dict(found.settings)["result"]


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("1", 1),
        ("1.5", 1.5),
        ("20e9", 20e9),
        ("1e-3", 0.001),
        ("1.5E+2", 150.0),
        ("007", 7),
        ("true", True),
        ("false", False),
        ('"a b"', "a b"),
        (r'"a\"b\\c\nd\te"', 'a"b\\c\nd\te'),
        ('""', ""),
        ("n", 7),
        ("-n", -7),
        ("+n", 7),
        ("--n", 7),
        ("-(n)", -7),
        ("- -w", 1.5),
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("10 - 4 - 3", 3),
        ("12 / 4 / 3", 1.0),
        ("7 / 2", 3.5),
        ("6 / 2", 3.0),
        ("7 // 2", 3),
        ("-7 // 2", -4),
        ("7 % 4", 3),
        ("-7 % 4", 1),
        ("7.5 // 2", 3.0),
        ("2 * -3", -6),
        ("-2 * 3", -6),
        ("1-1", 0),
        ("n-1", 6),
        ("n -1", 6),
        ("4*n//2", 14),
        ("w * 2", 3.0),
        ("2 ** 10", 1024),
        ("-2 ** 2", -4),
        ("2 ** 3 ** 2", 512),
        ("2 ** -1", 0.5),
        ("2 * 3 ** 2", 18),
        ("4 ** 0.5", 2.0),
        ("0 ** 0", 1),
        ("(-2) ** 3", -8),
        ("n ** 2 // 2", 24),
        ("1 < 2", True),
        ("2 <= 2", True),
        ("1 > 2", False),
        ("3 >= 2", True),
        ("1 == 1.0", True),
        ("1 != 2", True),
        ('s == "text"', True),
        ('s != "text"', False),
        ("t == true", True),
        ("not t", False),
        ("not not t", True),
        ("not 1 == 2", True),
        ("not t or t", True),
        ("t and not t or t", True),
        ("t or t and false", True),
        ("(t or t) and false", False),
        ("1 < 2 and 2 < 3", True),
        ("1 + 1 == 2", True),
        ("-1 < 0", True),
        ("false and 1/0 == 1", False),
        ("true or 1/0 == 1", True),
        ("min(3, 1, 2)", 1),
        ("max(3, 1, 2.5)", 3),
        ("min(4)", 4),
        ("round(2.5)", 2),
        ("round(3.5)", 4),
        ("round(-1.2)", -1),
        ("floor(2.7)", 2),
        ("floor(-2.1)", -3),
        ("ceil(2.1)", 3),
        ("ceil(3)", 3),
        ("int(2.9)", 2),
        ("int(-2.9)", -2),
        ("int(true)", 1),
        ("int(1 == 2)", 0),
        ("abs(-3)", 3),
        ("abs(-1.5)", 1.5),
        ("divisible(33, 8)", 32),
        ("divisible(36, 8)", 40),
        ("divisible(11, 8)", 16),
        ("divisible(3, 8)", 8),
        ("divisible(32 * 1.4, 8)", 48),
        ("divisible(24 * w, 8)", 40),
        ("max(1, min(n, 5), n // 2)", 5),
        ("round(\n  2.2\n)", 2),
        ("min(1,\n  2)", 1),
        ("(\n1 + 2)", 3),
    ],
)
def test_values(expression: str, found: object) -> None:
    result = value(expression)
    assert result == found
    assert type(result) is type(found)


@pytest.mark.parametrize(
    ("expression", "wrong"),
    [
        ("m", ("ND203", "m")),
        ("foo(1)", ("ND203", "foo")),
        ("eval(1)", ("ND203", "eval")),
        ("1 / 0", ("ND219", "0")),
        ("1 // (n - 7)", ("ND219", "(n - 7)")),
        ("1 % 0.0", ("ND219", "0.0")),
        ("1 + true", ("ND209", "true")),
        ('"a" + "b"', ("ND209", '"a"')),
        ("-s", ("ND209", "s")),
        ("not 1", ("ND209", "1")),
        ("1 and t", ("ND209", "1")),
        ("t or 1 and t", None),
        ("t and 1", ("ND209", "1")),
        ('1 == "a"', ("ND209", '1 == "a"')),
        ("t == 1", ("ND209", "t == 1")),
        ('1 < "a"', ("ND209", '"a"')),
        ("t < 1", ("ND209", "t")),
        ("min()", ("ND219", "min()")),
        ("round(1, 2)", ("ND219", "round(1, 2)")),
        ("divisible(3)", ("ND219", "divisible(3)")),
        ("divisible(3, 0)", ("ND208", "0")),
        ("divisible(3, 2.5)", ("ND207", "2.5")),
        ("round(t)", ("ND209", "t")),
        ("max(1, s)", ("ND209", "s")),
        ("1" * 31, ("ND219", "1" * 31)),
        ("1e400", ("ND219", "1e400")),
        ("1e300 * 1e300", ("ND219", "1e300 * 1e300")),
        ("999999999999999999 * 9", ("ND219", "999999999999999999 * 9")),
        ("in.c", ("ND220", "in")),
        ("in", ("ND220", "in")),
        ("i", ("ND220", "i")),
        ("n.c", ("ND209", "n")),
        ("nope.c", ("ND203", "nope")),
        ("1 < 2 < 3", ("ND101", "<")),
        ("2 *** 3", ("ND101", "*")),
        ("0 ** -1", ("ND219", "0 ** -1")),
        ("0.0 ** -0.5", ("ND219", "0.0 ** -0.5")),
        ("(-8) ** 0.5", ("ND219", "(-8) ** 0.5")),
        ("10 ** 19", ("ND219", "10 ** 19")),
        ("7 ** 10 ** 17", ("ND219", "7 ** 10 ** 17")),
        ("1.5 ** 1000000", ("ND219", "1.5 ** 1000000")),
        ("s ** 2", ("ND209", "s")),
        ("t ** 2", ("ND209", "t")),
        ("2 ^ 3", ("ND101", "^")),
        ("n[0]", ("ND101", "[")),
        ("s.upper()", ("ND101", "(")),
        ("lambda", ("ND203", "lambda")),
        ("1 if t", ("ND101", "if")),
        ("()", ("ND101", ")")),
        ("", ("ND101", "\n")),
        ("a = 3", ("ND101", "=")),
        ("0x10", ("ND101", "x10")),
        ("1_000", ("ND101", "_000")),
        (".5", ("ND101", ".")),
        ("5.", ("ND101", ".")),
        ("'a'", ("ND101", "'")),
        ('"\\', ("ND101", '"')),
    ],
)
def test_what_cannot_be_computed(expression: str, wrong: tuple[str, str] | None) -> None:
    text = f'param n = 7, t = true, s = "text"\nparam result = {expression}\nrelu'
    problems = [pair for pair in said(text) if not pair[0].startswith("ND3")]
    if wrong is None:
        assert problems == []
    else:
        assert problems == [wrong]


def test_a_wrong_parameter_is_one_mistake_wherever_it_is_used() -> None:
    text = "param n = 1/0, m = n + 1\nconv3-{n}, conv3-{m} ×{n}\nif n > 3 { relu }\nblock f(a=n) { conv1-a }\nf, f(m)"
    assert codes(text) == ["ND219"]


def test_the_nearest_name_and_function_are_shown() -> None:
    assert made("param width = 3\nconv3-{widht}").errors[0].help == "did you mean `width`?"
    assert made("conv3-{rond(2.5)}").errors[0].help == "did you mean `round`?"
    assert "divisible" in str(made("conv3-{qqqq(2.5)}").errors[0].help)


@given(st.integers(1, 10**6), st.sampled_from([1, 2, 4, 8, 16]))
def test_divisible_is_the_rule_of_the_papers(number: int, divisor: int) -> None:
    made_ = divisible(number, divisor)
    assert made_ % divisor == 0
    assert made_ >= divisor
    assert made_ >= 0.9 * number
    assert abs(made_ - number) <= divisor


@st.composite
def sums(draw: st.DrawFn, depth: int = 4) -> str:
    """Arithmetic that Python reads as we do."""
    if depth == 0 or draw(st.booleans()):
        return draw(st.sampled_from(["0", "1", "2", "7", "13", "1.5", "0.25", "n"]))
    kind = draw(st.integers(0, 3))
    if kind == 0:
        return f"({draw(sums(depth - 1))})"
    if kind == 1:
        return f"-{draw(sums(depth - 1))}"
    sign = draw(st.sampled_from(["+", "-", "*", "/", "//", "%"]))
    return f"{draw(sums(depth - 1))} {sign} {draw(sums(depth - 1))}"


@settings(max_examples=60, deadline=None)
@given(sums())
def test_arithmetic_is_that_of_python(expression: str) -> None:
    try:
        wanted = eval(expression, {"n": 7, "__builtins__": {}})
    except ZeroDivisionError:
        assert codes(f"param n = 7\nparam result = {expression}\nrelu") == ["ND219"]
        return
    if abs(wanted) > 10**18:
        return
    result: Any = value(expression)
    assert type(result) is type(wanted)
    assert math.isclose(result, wanted)
