"""What every part of the elaborator shares: what is being made, what is said, and the bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from netdsl.diagnostics import Diagnostic, Note, Source, Span
from netdsl.elaborate.context import Context, Draft, DraftScope
from netdsl.elaborate.expressions import evaluate
from netdsl.elaborate.given import Ramp
from netdsl.elaborate.helps.circumstances import Binding, helped, helped_by, overlaps, to_blame
from netdsl.elaborate.limits import MAX_PROBLEMS, Limits
from netdsl.elaborate.names import Frame, Labels
from netdsl.elaborate.program import Program
from netdsl.elaborate.values import Env, Stop, Tensor, stop
from netdsl.ir.graph import ScopeKind
from netdsl.ir.op import Op
from netdsl.ir.types import Shape
from netdsl.syntax import tree


class Abort(Exception):
    """A bound that was passed: nothing more is elaborated. Without a diagnostic there are errors enough already."""

    def __init__(self, diagnostic: Diagnostic | None) -> None:
        super().__init__()
        self.diagnostic = diagnostic


class Maker:
    """One compilation of one variant. ``column`` is the one that tables take where they have it.

    ``sources`` are the texts that spans point into.
    """

    def __init__(
        self,
        program: Program,
        column: str | None,
        limits: Limits,
        *,
        check_shapes: bool,
        sources: Sequence[Source] = (),
    ) -> None:
        self.program = program
        self.sources = sources
        self.column = column
        self.limits = limits
        self.check_shapes = check_shapes
        #: the branch whose tensor comes of a join that does not fit; without one what comes of it is unknown
        self.assumed: int | None = None
        #: the shapes that are taken after assertions that do not hold: those asserted, or those that there are
        self.believed: bool | None = None
        self.drafts: list[Draft] = []
        self.scopes: list[DraftScope] = []
        self.diagnostics: list[Diagnostic] = []
        #: warnings that only elaboration can see, each place once
        self.warned: dict[tuple[str, Span | None], Diagnostic] = {}
        self.reported: set[tuple[str, Span | None]] = set()
        #: the node of each module's first application
        self.modules: dict[str, int] = {}
        #: operators that were made before, with their outputs' shapes, by what was given and what enters
        self.made: dict[tuple[object, ...], tuple[Op, Shape, tuple[tuple[str, Op], ...]]] = {}
        #: node (None where the layer is absent, and counted all the same), keyword, attribute
        self.ramps: list[tuple[int | None, str, str, Ramp]] = []
        #: the calls, what gives their texts, and the styles around the present item
        self.calls: list[tuple[Callable[[], str], Span]] = []
        #: what these calls bind, for what is said of it
        self.bound: list[Binding] = []
        #: parameters whose values were found wrong, by their call
        self.blamed: set[tuple[Span, str]] = set()
        #: the names of tensors around each of these calls, which their blocks do not see
        self.callers: list[Labels] = []
        self.styling: list[Span] = []
        self.depth = 0
        self.steps = 0
        self.letters = 0

    def text_of(self, span: Span) -> str:
        """The text of a stretch of a source."""
        return self.sources[span.file].text[span.start : span.end] if self.sources else ""

    # -- reporting and bounds

    def report(self, diagnostic: Diagnostic) -> None:
        """Keeps a diagnostic, with the chain of calls that led to it."""
        if self.calls and not diagnostic.trace:
            trace = tuple(Note(span, f"in `{text()}`") for text, span in reversed(self.calls[-8:]))
            diagnostic = diagnostic._replace(trace=trace)
        key = (diagnostic.code, diagnostic.span)
        if diagnostic.span is None or key not in self.reported:
            if len(self.diagnostics) >= MAX_PROBLEMS:
                raise Abort(None)
            self.reported.add(key)
            self.diagnostics.append(diagnostic)

    def forgive(self, problem: Stop, context: Context | None = None, flow: Tensor | None = None) -> None:
        """Reports what stopped one item, unless that follows from what was said; the rest goes on.

        ``context`` and ``flow`` are where it stands and what enters there.
        """
        said = problem.diagnostic
        if said is None or overlaps(said, self.diagnostics):
            return
        if self.bound:
            blame = to_blame(said, self.bound[-1], self.sources)
            keys = {(self.bound[-1].call.span, name) for name in blame}
            if keys & self.blamed:
                return
            self.blamed |= keys
            said = helped_by(said, blame, self.bound[-1], self.sources)
        if context is not None:
            said = helped(said, context, flow, self.program, self.sources, bool(self.bound))
        self.report(said)

    def deeper(self, span: Span) -> None:
        """One level of items further in: counts depth and steps, and holds them against their bounds.

        Who calls it sets ``depth`` back.
        """
        self.depth += 1
        if self.depth > self.limits.depth:
            message = f"items nest over {self.limits.depth:,} deep here"
            raise Abort(Diagnostic("ND217", message, span, "`--max-calls` raises the bound"))
        self.step(span)

    def step(self, span: Span, count: int = 1) -> None:
        """Counts items, passes of a repeat or arguments against the bound of work."""
        self.steps += count
        if self.steps > self.limits.steps:
            message = f"this net takes over {self.limits.steps:,} steps to write out"
            raise Abort(Diagnostic("ND218", message, span, "`--max-nodes` raises the bound"))

    def spell(self, name: str, span: Span) -> None:
        """Counts the letters of a name against the bound of all names."""
        self.letters += len(name)
        if self.letters > self.limits.letters:
            message = f"the names of this net's modules have over {self.limits.letters:,} letters together"
            raise Abort(Diagnostic("ND218", message, span, "`--max-nodes` raises the bound"))

    def need(self, flow: Tensor | None, span: Span) -> Tensor:
        """The tensor that flows. Raises where none does yet."""
        if flow is None:
            inputs = [declared.name.text for declared in self.program.inputs if declared.name is not None]
            help = "begin with one of them: " + ", ".join(f"`@{name}, …`" for name in inputs)
            raise stop("ND227", "the net has several inputs, and this says not which", span, help=help)
        return flow

    # -- names and scopes

    def path(self, path: tree.Path, env: Env) -> list[str]:
        """A dotted name with its expressions computed."""
        parts = []
        for part in path.parts:
            parts.append(part.text if isinstance(part, tree.Name) else str(evaluate(part, env)))
        return parts

    def open_path(self, name: str, context: Context, span: Span, flow: Tensor | None) -> Context:
        """The place inside the scope ``name``, opened or opened again."""
        frame = context.frame.children.get(name)
        if frame is None:
            frame = self.open("path", context, None, name, span, flow)
        return context.at(frame=frame, labels=context.labels.scope(name), loose=False)

    def open(
        self,
        kind: ScopeKind,
        context: Context,
        word: str | None,
        label: str | None,
        span: Span,
        flow: Tensor | None,
        *,
        numbered: bool = False,
    ) -> Frame:
        """A new scope among the members of the current one."""
        outer = context.frame
        name = outer.member(word, label, span)
        path = outer.join(name)
        self.spell(path, span)
        index = len(self.scopes)
        draft = DraftScope(outer.scope, name, path, kind, span)
        draft.numbered = numbered
        draft.enters = flow.node if flow is not None and flow.node >= 0 else None
        draft.reuses = outer.replay
        draft.mode = context.mode
        self.scopes.append(draft)
        frame = Frame(index, path, numbered=numbered, replay=outer.replay)
        outer.children[name] = frame
        return frame

    def close(self, frame: Frame, result: Tensor | None) -> None:
        """Marks what a scope yields."""
        if result is not None and result.node >= 0:
            self.scopes[frame.scope].result = result.node

    @contextmanager
    def scoped(
        self,
        kind: ScopeKind,
        context: Context,
        word: str | None,
        label: str | None,
        span: Span,
        flow: Tensor | None,
        *,
        numbered: bool = False,
    ) -> Iterator[tuple[Context, Callable[[Tensor | None], Tensor | None]]]:
        """A place inside a new scope. What has no module takes no number of its own."""
        outer = context.frame
        state = outer.again()
        first, scope = len(self.drafts), len(self.scopes)
        frame = self.open(kind, context, word, label, span, flow, numbered=numbered)
        labels = context.labels.scope(self.scopes[scope].name if label is None else label)

        def done(result: Tensor | None) -> Tensor | None:
            self.close(frame, result)
            if label is None and outer.numbered and result is not None:
                context.labels.tensors[self.scopes[scope].name] = result
            return result

        yield context.at(frame=frame, labels=labels, loose=False), done
        bare = label is None and outer.numbered
        if bare and all(draft.module is None for draft in self.drafts[first:]):
            name = self.scopes[scope].name
            outer.restore(state)
            outer.taken.pop(name, None)
            self.rename(scope, first, outer.join(name), outer.functional(kind))

    def rename(self, scope: int, first: int, old: str, new: str) -> None:
        """Gives the scopes and nodes made since another prefix."""
        self.scopes[scope].name = new.rsplit(".", 1)[-1]
        for draft_scope in self.scopes[scope:]:
            draft_scope.path = new + draft_scope.path[len(old) :]
        for draft in self.drafts[first:]:
            draft.name = new + draft.name[len(old) :]

    def take_label(self, label: str, frame: Frame, item: tree.Item) -> None:
        """A label names one thing, also where that has no module whose name it would be."""
        assert item.label is not None
        if frame.taken.get(label) != item.label.span:
            frame.take(label, True, item.label.span)

    def name_tensor(self, name: str, tensor: Tensor, labels: Labels, item: tree.Item) -> None:
        """Gives a tensor a name; a node keeps the first."""
        labels.tensors[name] = tensor
        if tensor.node >= 0 and not isinstance(item.core, tree.Reference):
            draft = self.drafts[tensor.node]
            if draft.label is None:
                draft.label = name

    # -- what the parts below give one another

    def rows(self, rows: Sequence[tree.Row], context: Context, flow: Tensor | None) -> Tensor | None:
        """Rows one after another."""
        raise NotImplementedError

    def item(self, item: tree.Item, context: Context, flow: Tensor | None) -> Tensor | None:
        """One item with its label, repeat, mode and assertion."""
        raise NotImplementedError

    def core(
        self,
        core: tree.Core,
        label: str | None,
        context: Context,
        flow: Tensor | None,
        times: tree.Expression | None = None,
    ) -> Tensor | None:
        """One pass of an item."""
        raise NotImplementedError

    def repeated(self, item: tree.Item, label: str | None, context: Context, flow: Tensor | None) -> Tensor | None:
        """An item as often as it says."""
        raise NotImplementedError

    def moded(self, item: tree.Item, label: str | None, context: Context, flow: Tensor | None) -> Tensor | None:
        """An item that may act in one mode alone."""
        raise NotImplementedError

    def held(self, wanted: tree.Sizes, result: Tensor, context: Context, flow: Tensor | None) -> Tensor:
        """A tensor, once it is held against its assertion."""
        raise NotImplementedError

    def call(self, call: tree.Call, label: str | None, context: Context, flow: Tensor | None) -> Tensor | None:
        """A block's body, with its parameters bound."""
        raise NotImplementedError

    def reference(self, reference: tree.Reference, context: Context) -> Tensor:
        """The tensor of a name."""
        raise NotImplementedError
