"""Values while elaborating: tensors, environments, and what stops a piece of work without a second message."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.diagnostics import Diagnostic, Note, Span
from netdsl.ir.types import Scalar, Shape


class Tensor(NamedTuple):
    """What flows: the node that makes it and its shape ``(channels, *spatial)``, None after an error."""

    node: int
    shape: Shape | None


#: The tensor after something that went wrong. What it enters says nothing: one mistake, one message.
POISON = Tensor(-1, None)


class Stop(Exception):
    """Work on one item ends here; the diagnostic, where there is one, has not been reported yet."""

    def __init__(self, diagnostic: Diagnostic | None = None) -> None:
        super().__init__()
        self.diagnostic = diagnostic


def stop(code: str, message: str, span: Span, *, help: str, notes: tuple[Note, ...] = ()) -> Stop:
    """A :class:`Stop` to raise, with its diagnostic."""
    return Stop(Diagnostic(code, message, span, help, notes))


class Unknown:
    """The value of a name whose definition was wrong: using it says nothing more."""


UNKNOWN = Unknown()

Value = Scalar | Tensor | Unknown


class Env:
    """What names mean at one place: a file, a block's call, a branch or a pass of a repeat.

    ``entering`` is the tensor behind ``in``, None where there is none; ``index`` is ``i``. Both are looked up outwards
    until ``opaque`` (a file or a block's call).
    """

    __slots__ = ("entering", "index", "names", "opaque", "parent", "used")

    def __init__(
        self,
        parent: Env | None,
        names: dict[str, Value] | None = None,
        *,
        entering: Tensor | None = None,
        index: int | None = None,
        opaque: bool = False,
    ) -> None:
        self.parent = parent
        self.names = names if names is not None else {}
        self.entering = entering
        self.index = index
        self.opaque = opaque
        self.used: set[str] = set() if names is not None else _NONE

    def lookup(self, name: str) -> Value | None:
        """The value of a name, from the innermost environment that has it; marks it as used."""
        env: Env | None = self
        while env is not None:
            if name in env.names:
                env.used.add(name)
                return env.names[name]
            env = env.parent
        return None

    def holder(self, name: str) -> Env | None:
        """The environment that :meth:`lookup` would find a name in."""
        env: Env | None = self
        while env is not None and name not in env.names:
            env = env.parent
        return env

    def visible(self) -> list[str]:
        """Every name that :meth:`lookup` would find."""
        found: dict[str, None] = {}
        env: Env | None = self
        while env is not None:
            found.update(dict.fromkeys(env.names))
            env = env.parent
        return list(found)

    def tensor(self) -> Tensor | None:
        """The tensor that ``in`` means here."""
        env: Env | None = self
        while env is not None:
            if env.entering is not None:
                return env.entering
            if env.opaque:
                return None
            env = env.parent
        return None

    def count(self) -> int | None:
        """The number that ``i`` means here."""
        env: Env | None = self
        while env is not None:
            if env.index is not None:
                return env.index
            if env.opaque:
                return None
            env = env.parent
        return None


_NONE: set[str] = set()
