"""What is being built, and where in it one piece of work stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.diagnostics import Span
from netdsl.ir.op import Op
from netdsl.ir.types import Mode, Scalar, Shape

if TYPE_CHECKING:
    from collections.abc import Callable

    from netdsl.elaborate.names import Frame, Labels
    from netdsl.elaborate.program import Program
    from netdsl.elaborate.values import Env, Tensor
    from netdsl.ir.graph import ScopeKind
    from netdsl.syntax import tree

#: The styles of a block or file, by keyword, and the environment that their text sees.
Styles = tuple[dict[str, "tree.Style"], "Env"]


class Draft:
    """A node while the graph is being made."""

    __slots__ = (
        "head",
        "inputs",
        "label",
        "mode",
        "module",
        "name",
        "op",
        "origins",
        "passes",
        "scope",
        "shape",
        "span",
    )

    def __init__(
        self,
        name: str,
        op: Op,
        inputs: tuple[int, ...],
        shape: Shape,
        module: str | None,
        scope: int,
        mode: Mode,
        head: int,
        span: Span,
        origins: dict[str, str] | None,
    ) -> None:
        self.name = name
        self.op = op
        self.inputs = inputs
        self.shape = shape
        self.module = module
        self.scope = scope
        self.mode = mode
        self.head = head
        self.span = span
        self.label: str | None = None
        self.origins = origins
        #: whether in the other mode it passes its first input on; else it is not computed there
        self.passes = mode == "both"


class DraftScope:
    """A scope while the graph is being made."""

    __slots__ = (
        "arguments", "block", "enters", "kind", "mode", "name", "numbered", "parent", "path", "result", "reuses",
        "span",
    )  # fmt: skip

    def __init__(self, parent: int | None, name: str, path: str, kind: ScopeKind, span: Span) -> None:
        self.parent = parent
        self.name = name
        self.path = path
        self.kind = kind
        self.span = span
        self.numbered = False
        self.block: str | None = None
        self.arguments: tuple[tuple[str, Scalar], ...] = ()
        self.enters: int | None = None
        self.result: int | None = None
        self.reuses = False
        self.mode: Mode = "both"


class Context:
    """Where an item stands.

    ``styles`` are searched in order. ``target`` is what ``_`` means, inside a style; items there get no style of their
    own. ``loose`` is true inside a repeat that has no label, where labels would stand several times. ``joined`` is true
    in a branch of an ``add`` that has others beside it, false in one whose others are absent, None outside of both.
    """

    __slots__ = ("env", "frame", "joined", "labels", "loose", "mode", "program", "styles", "target")

    def __init__(
        self,
        program: Program,
        env: Env,
        frame: Frame,
        labels: Labels,
        styles: tuple[Styles, ...],
        mode: Mode = "both",
        target: Callable[[Tensor | None, Context, str | None, tree.Layer], Tensor] | None = None,
        loose: bool = False,
        joined: bool | None = None,
    ) -> None:
        self.program = program
        self.env = env
        self.frame = frame
        self.labels = labels
        self.styles = styles
        self.mode = mode
        self.target = target
        self.loose = loose
        self.joined = joined

    def at(
        self,
        *,
        env: Env | None = None,
        frame: Frame | None = None,
        labels: Labels | None = None,
        mode: Mode | None = None,
        loose: bool | None = None,
        joined: bool | None = None,
    ) -> Context:
        """The same place but for what is given."""
        return Context(
            self.program,
            self.env if env is None else env,
            self.frame if frame is None else frame,
            self.labels if labels is None else labels,
            self.styles,
            self.mode if mode is None else mode,
            self.target,
            self.loose if loose is None else loose,
            self.joined if joined is None else joined,
        )
