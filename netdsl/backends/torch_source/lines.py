"""Lines of code: what runs in one mode alone stands under a condition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from netdsl.backends.torch_source.steps import EVAL, TRAIN
from netdsl.backends.torch_source.text import WIDTH, expression

#: How a mode is asked for.
CONDITIONS = {TRAIN: "self.training", EVAL: "not self.training"}


class Line(NamedTuple):
    """A line of code and the condition under which it runs, if any."""

    condition: str | None
    code: str
    comment: str | None = None


def statements(lines: Sequence[Line], indent: int) -> list[str]:
    """Lines of code, neighbours with the same condition under one ``if``."""
    text: list[str] = []
    current: str | None = None
    alternative = False
    opposite = dict(zip(CONDITIONS.values(), reversed(CONDITIONS.values()), strict=True))
    for line in lines:
        if line.condition is not None and line.condition != current:
            other = current is not None and opposite.get(line.condition) == current
            alternative = other and not alternative
            text.append(" " * indent + ("else:" if alternative else f"if {line.condition}:"))
        current = line.condition
        text += statement(line.code, indent + (4 if current is not None else 0), line.comment)
    return text


def statement(code: str, indent: int, comment: str | None = None) -> list[str]:
    """One statement, broken where it is too long; a comment only where it fits."""
    if indent + len(code) <= WIDTH:
        whole = f"{' ' * indent}{code}"
        commented = f"{whole}  # {comment}"
        return [commented if comment is not None and len(commented) <= WIDTH else whole]
    for sign in (" = ", " += ", "return "):
        if sign in code:
            head, _, tail = code.partition(sign)
            return expression(tail).lines(indent, head + sign, "")
    return [f"{' ' * indent}{code}"]
