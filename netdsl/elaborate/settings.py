"""Values that a file's parameters are set to, by a variant or from outside: whether they fit, and what is said."""

from __future__ import annotations

from netdsl.diagnostics import Advice, Diagnostic, Edit, Span
from netdsl.elaborate.expressions import kind_of, show
from netdsl.elaborate.helps.bounds import QUOTED
from netdsl.elaborate.values import Stop, Unknown
from netdsl.ir.types import Scalar


def shown(default: object) -> str:
    """A parameter's default, as it may stand in a help."""
    text = show(default) if isinstance(default, (bool, int, float, str)) else "1"
    return text if len(text) <= 40 else '"name"'


def fits(default: object, value: object) -> bool:
    """Whether a value may stand for a default: a number for a number, a truth value or a text for its like."""
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(default, bool) and isinstance(value, bool)
    return isinstance(default, str) == isinstance(value, str)


def read_given(name: str, value: object, default: object) -> Scalar:
    """A parameter set from outside; a text is read as the default's kind (``--set width=1.4``)."""
    read: object = value
    if isinstance(value, str) and not isinstance(default, str):
        read = {"true": True, "false": False}.get(value.strip().lower(), value)
        if read is value:
            for kind in (int, float):
                try:
                    read = kind(value)
                    break
                except ValueError:
                    continue
    if not isinstance(read, (bool, int, float, str)) or (not isinstance(default, Unknown) and not fits(default, read)):
        written = value if isinstance(value, str) else repr(value)
        by_default = "" if isinstance(default, Unknown) else f", by default {show(default)}"  # type: ignore[arg-type]
        help = f"give a number: `{name}={shown(default)}`"
        if isinstance(default, bool):
            help = f"give a truth value: `{name}=true` or `{name}=false`"
        elif isinstance(default, str):
            help = f"give a text: `{name}={shown(default)}`"
        message = f"`{name}` is {kind_of(default)}{by_default}; `{written}` does not fit"
        raise Stop(Diagnostic("ND004", message, None, help))
    if isinstance(read, float) and (read != read or read in (float("inf"), float("-inf"))):
        help = f"give a number such as `{name}={shown(default)}`"
        raise Stop(Diagnostic("ND004", f"`{name}` must be a finite number, and `{value}` is none", None, help))
    return read


def unlike(default: object, value: Scalar, span: Span, name: str) -> Diagnostic:
    """What is said of a ``value`` that a variant gives the parameter ``name``, whose default is of another kind."""
    message = f"`{name}` is {kind_of(default)} by default, and this is {kind_of(value)}"
    help = f"write it as the default is: `{name} = {shown(default)}`"
    if isinstance(default, bool):
        help = f"write `{name} = true` or `{name} = false`"
        if value in (0, 1):
            help = Advice(f"`{name} = {show(bool(value))}`", Edit(span, show(bool(value))))
    elif isinstance(default, str):
        help = f'a text stands in quotes: `{name} = "{value}"`' if not isinstance(value, bool) else help
    elif isinstance(value, str) and (number := QUOTED.fullmatch(value)) is not None:
        help = Advice(f"a number has no quotes: `{number[1]}`", Edit(span, number[1]))
    return Diagnostic("ND209", message, span, help)
