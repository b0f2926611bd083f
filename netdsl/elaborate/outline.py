"""What a spec says of itself before it is compiled: its variants, and for each its input and what it expects."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from netdsl.diagnostics import Diagnostic, NetdslError, Source
from netdsl.elaborate.expectations import UNITS
from netdsl.elaborate.expressions import evaluate, whole
from netdsl.elaborate.program import Program
from netdsl.elaborate.sources import read
from netdsl.elaborate.values import Stop
from netdsl.ir.types import Shape
from netdsl.syntax import tree
from netdsl.syntax.parse import parse


class Column(NamedTuple):
    """One variant of a spec (None: the net without a variant), and whether it is the one that is meant unless said.

    ``expected`` has the quantities of the inference view that the spec states exactly, such as ``params``.
    """

    variant: str | None
    default: bool
    inputs: tuple[Shape, ...]
    expected: dict[str, int]


class Outline(NamedTuple):
    """A spec's text, its net's name and title, and its variants in the order of the file."""

    text: str
    name: str
    title: str | None
    columns: tuple[Column, ...]


def outline(source: str | Path) -> Outline:
    """Reads a spec without elaborating it, which takes a fraction of the time that :func:`analyse` does.

    ``source`` is as in :func:`analyse`, without a variant. What ``expect`` says is taken at its word: compiling the
    spec holds it against the graph. Raises :class:`NetdslError` where the text cannot be read or parsed.
    """
    found: list[Diagnostic] = []
    sources: list[Source] = []
    columns: list[Column] = []
    program = Program(None, found.append)
    try:
        text, path = read(source)
        sources.append(text)
        file, problems = parse(text, 0)
        found += problems
        if file is None or problems:
            raise NetdslError(found, sources)
        program.gather(file, lambda *_: None)
        default = program.default_variant()
        names = program.variant_names()
        for variant in names if default is not None else (None, *names):
            program.settings(variant, {})
            columns.append(Column(variant, variant == default, _inputs(program), _expected(program, variant)))
    except Stop as problem:
        if problem.diagnostic is not None:
            found.append(problem.diagnostic)
    if found:
        raise NetdslError(found, sources)
    name = program.net.name.text if program.net is not None else path.stem if path is not None else "net"
    return Outline(text.text, name, program.net.title if program.net is not None else None, tuple(columns))


def _inputs(program: Program) -> tuple[Shape, ...]:
    return tuple(
        tuple(whole(part, program.env, "a size", least=1) for part in declared.sizes.parts)
        for declared in program.inputs
    )


def _expected(program: Program, variant: str | None) -> dict[str, int]:
    found = {}
    default = program.default_variant()
    for expect in program.expects:
        if variant != (default if expect.variant is None else expect.variant.text):
            continue
        for condition in expect.conditions:
            if condition.relation in ("=", "==") and not condition.arguments:
                value = _count(condition.quantity, program)
                if value is not None:
                    found[condition.name.text] = value
    return found


def _count(quantity: tree.Quantity, program: Program) -> int | None:
    """One whole number, or None for anything else."""
    if len(quantity.sizes.parts) > 1:
        return None
    factor = 1 if quantity.unit is None else UNITS.get(quantity.unit.text, 0)
    value = evaluate(quantity.sizes.parts[0], program.env)
    return value * factor if isinstance(value, int) and not isinstance(value, bool) and factor else None
