"""What enters a net: the inputs that a spec declares, and shapes that are given from outside."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from netdsl.diagnostics import Diagnostic, Span
from netdsl.diagnostics.nearest import did_you_mean
from netdsl.elaborate.expressions import whole
from netdsl.elaborate.helps.declarations import listed, named
from netdsl.elaborate.names import check_label
from netdsl.elaborate.program import Program
from netdsl.elaborate.values import Stop, stop
from netdsl.ir.types import Shape
from netdsl.syntax import tree

#: An input shape from outside: ``3x256x256``, its numbers, or such by the input's name where there are several.
Input = str | Sequence[int] | Mapping[str, "str | Sequence[int]"]


#: What says in Darknet what enters.
_NET = re.compile(r"\s*\[[ \t]*net(?:work)?[ \t]*\]")
#: Names that a help gives to inputs that have none.
_FREE = ("image", "left", "right", "other")


def _in_a_row(program: Program) -> bool:
    """Whether the rows begin with a word that was meant to be an ``input``; that is said there."""
    for row in program.rows[:1]:
        core: object = row.items[0].core if isinstance(row, tree.Row) else None
        if isinstance(core, tree.Group) and core.rows:
            core = core.rows[0].items[0].core
        if isinstance(core, tree.Layer) and re.fullmatch(r"input[\dx]*", core.word.text):
            return True
    return False


def read_inputs(
    program: Program, given: Input | None, report: Callable[[Diagnostic], None]
) -> list[tuple[Shape, Shape, tree.Input]] | None:
    """For each input its shape, the shape that the spec gives it, and its declaration; None after an error."""
    if not program.inputs:
        if program.broken("input") or program.broken("Input") or program.broken("INPUT"):
            return None
        if _in_a_row(program) or any(map(_NET.match, program.holes)):
            return None
        message, help = "the net has no input", "say what enters: `input 3x224x224`"
        span = program.net.span if program.net is not None else Span(0, 0, 0)
        if program.blocks and not program.rows:
            message = "this file has blocks alone and no net"
            help = "`input 3x224x224` and rows make a net of it; another file takes its blocks by `use`"
        report(Diagnostic("ND227", message, span, help))
        return None
    outside: dict[str, object] = {}
    names = [declared.name.text if declared.name is not None else "input" for declared in program.inputs]
    if isinstance(given, Mapping):
        outside = dict(given)
        for name in outside:
            if name not in names:
                help = did_you_mean(name, names) or listed(names, "")
                raise Stop(Diagnostic("ND005", f"there is no input called `{name}`", None, help))
    elif given is not None:
        if len(names) > 1:
            shown = given if isinstance(given, str) else "x".join(map(str, given))
            message = f"the net has several inputs ({named(names)}), and one shape is given"
            help = f"a shape is given with the name of its input: `--input {names[0]}={shown}`"
            raise Stop(Diagnostic("ND005", message, None, help))
        outside = {names[0]: given}
    found = []
    seen: dict[str, Span] = {}
    for declared, name in zip(program.inputs, names, strict=True):
        try:
            if declared.name is not None:
                check_label(name, False, declared.name.span)
            place = declared.name.span if declared.name is not None else declared.span
            if name in seen and declared.name is not None:
                program.twice(f"the input `{name}`", place, seen[name])
                continue
            own = tuple(whole(part, program.env, "a size", least=1) for part in declared.sizes.parts)
            if declared.name is None and len(names) > 1:
                message = "this input has no name, and the net has several"
                free = next((one for one in _FREE if one not in names and one not in seen), "another")
                seen[free] = declared.span
                help = f"`input {free} {'x'.join(map(str, own))}`, and a row goes on from it by `@{free}`"
                raise stop("ND227", message, declared.span, help=help)
            seen[name] = place
            if len(own) > 4:
                message = f"an input has up to 3 spatial axes, and this has {len(own) - 1}"
                help = f"channels and up to 3 sizes: `{'x'.join(map(str, own[:4]))}`"
                if own[0] == 1 and len(own) == 5:
                    help = f"without the batch it is `{'x'.join(map(str, own[1:]))}`"
                raise stop("ND005", message, declared.sizes.span, help=help)
        except Stop as problem:
            if problem.diagnostic is not None:
                report(problem.diagnostic)
            continue
        shape = read_shape(outside[name]) if name in outside else own
        found.append((shape, own, declared))
    return found if len(found) == len(names) else None


def read_shape(given: object) -> Shape:
    """An input shape from outside: a text such as ``3x224x224``, or numbers. Raises :class:`Stop` for anything else."""
    parts: Sequence[object] = given.lower().replace("×", "x").split("x") if isinstance(given, str) else given  # type: ignore[assignment]
    try:
        shape = tuple(int(str(part)) for part in parts)
    except (TypeError, ValueError):
        shape = ()
    if not shape or any(size < 1 for size in shape) or len(shape) > 4:
        help = "a shape is channels, then up to 3 spatial sizes: `3x224x224`"
        said = "x".join(map(str, parts)) if isinstance(given, tuple) else given
        raise Stop(Diagnostic("ND005", f"`{said}` is no input shape", None, help))
    return shape
