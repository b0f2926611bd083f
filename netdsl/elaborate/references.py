"""Tensors by their names, ``@skip``, and modules by their labels, ``reuse tower``."""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.diagnostics import Note, Source, Span
from netdsl.diagnostics.nearest import did_you_mean
from netdsl.elaborate.blocks import BlockMaker
from netdsl.elaborate.context import Context
from netdsl.elaborate.helps.circumstances import named_later
from netdsl.elaborate.helps.declarations import as_value, listed
from netdsl.elaborate.limits import Limits
from netdsl.elaborate.names import Frame, Labels
from netdsl.elaborate.program import Program
from netdsl.elaborate.values import POISON, Stop, Tensor, stop
from netdsl.syntax import tree

#: How many labels a help lists.
_LISTED = 6


def plain(path: tree.Path) -> bool:
    """Whether a path is written as plain words, so that another can take its place."""
    return all(isinstance(part, tree.Name) and not part.quoted for part in path.parts)


def within(inner: Span, outer: Span) -> bool:
    """Whether a stretch of a source lies in another."""
    return inner.file == outer.file and outer.start <= inner.start and inner.end <= outer.end


class Reusable:
    """What ``reuse`` needs to apply a labelled item again: the item, its place, and the names as they stood before."""

    __slots__ = ("context", "item", "label", "state")

    def __init__(self, item: tree.Item, label: str, context: Context, state: Frame) -> None:
        self.item = item
        self.label = label
        self.context = context
        self.state = state


class ReferenceMaker(BlockMaker):
    """Takes up what was named before: a tensor, or the modules of a labelled item."""

    def __init__(
        self,
        program: Program,
        column: str | None,
        limits: Limits,
        *,
        check_shapes: bool,
        sources: Sequence[Source] = (),
    ) -> None:
        super().__init__(program, column, limits, check_shapes=check_shapes, sources=sources)
        self.reusable: dict[tuple[int, str], Reusable] = {}

    def remember(self, item: tree.Item, label: str | None, context: Context) -> None:
        """Keeps what ``reuse`` of this label would need."""
        if label is not None and not context.frame.replay and not isinstance(item.core, (tree.Reuse, tree.Reference)):
            state = context.frame.again()
            self.reusable[id(context.labels), label] = Reusable(item, label, context, state)

    def reference(self, reference: tree.Reference, context: Context) -> Tensor:
        """The tensor of a name."""
        name = self.path(reference.path, context.env)
        try:
            found = context.labels.find(name, reference.span, reference.path.span if plain(reference.path) else None)
        except Stop as problem:
            if context.program.broken(name[0]):
                raise Stop from None
            if problem.diagnostic is not None and context.env.lookup(name[0]) is not None and len(name) == 1:
                message = f"`{name[0]}` is a value, no tensor"
                raise stop("ND215", message, reference.span, help=as_value(name[0], context.env)) from None
            from netdsl.syntax.helps.sums import ENTERING

            said = problem.diagnostic
            later = named_later(name, reference.span, context, self.blocks_of(context.program))
            if said is not None and later is not None:
                if (later, ".".join(name)) in self.blamed:
                    raise Stop from None
                self.blamed.add((later, ".".join(name)))
                help = "a tensor is taken up after the line that makes it"
                problem.diagnostic = said._replace(notes=(Note(later, "named here, after this"),), help=help)
                raise
            inputs = context.program.inputs
            if said is not None and len(inputs) > 1 and any(one.name is None for one in inputs):
                if not (said.help or "").startswith("did you mean"):
                    raise Stop from None  # an input without a name may be meant, which is said there
            if said is not None and any(labels.has(name) for labels in self.callers):
                shown = ".".join(name)
                help = f"a block sees no label of its caller's: a parameter brings the tensor in, `block(@{shown})`"
                problem.diagnostic = said._replace(help=help)
            elif said is not None and len(name) == 1 and (near := context.program.broken_like(name[0])) is not None:
                place = reference.path.span if plain(reference.path) else None
                problem.diagnostic = said._replace(help=did_you_mean(name[0], [near], place) or said.help)
            elif said is not None and len(name) == 1 and name[0] in ENTERING and not context.labels.visible():
                help = "`id` is the tensor that enters a branch: `add { conv3-64 | id }`"
                problem.diagnostic = said._replace(help=help)
            raise
        if found.node >= 0 and not self.drafts[found.node].passes and self.drafts[found.node].mode != context.mode:
            acts = "both modes" if context.mode == "both" else f"`{context.mode}` alone"
            message = f"`{'.'.join(name)}` exists in `{self.drafts[found.node].mode}` alone, and this acts in {acts}"
            mode = self.drafts[found.node].mode
            help = f"made outside of what acts in `{mode}` it exists in both modes"
            if context.mode == "both":
                help += f"; `output name {mode} {{ … }}` takes it as it is"
            raise stop("ND226", message, reference.span, help=help)
        return found

    def blocks_of(self, program: Program) -> list[tree.Block]:
        """The blocks that a file declares."""
        return [block.syntax for block in program.blocks.values() if block.program is program]

    def reuse(self, reuse: tree.Reuse, label: str | None, context: Context, flow: Tensor | None) -> Tensor | None:
        """A labelled item once more, with the same modules."""
        name = self.path(reuse.path, context.env)
        labels: Labels | None = context.labels
        found: Reusable | None = None
        while labels is not None and found is None:
            below: Labels | None = labels
            for part in name[:-1]:
                below = below.inner.get(part) if below is not None else None
            if below is not None:
                found = self.reusable.get((id(below), name[-1]))
            labels = labels.outer
        if found is None:
            known = self.labelled(context.labels)
            word = reuse.path.span if plain(reuse.path) else None
            none = "a label stands before what is to be applied again: `tower: [conv3-64, relu]`"
            help = did_you_mean(".".join(name), known, word) or listed(known, none, _LISTED)
            raise stop("ND228", f"no module before this is labelled `{'.'.join(name)}`", reuse.path.span, help=help)
        if any(said.span is not None and within(said.span, found.item.span) for said in self.diagnostics):
            return POISON  # it came to nothing where it stands, and that has been said
        place = found.context.at(frame=found.state.again(), labels=Labels(), mode=context.mode)
        if label is not None:
            self.reusable[id(context.labels), label] = found
        item = found.item
        before = len(self.diagnostics)
        try:
            if item.repeat is None:
                return self.core(item.core, found.label, place, flow)
            return self.repeated(item, found.label, place, flow)
        except Stop as problem:
            if problem.diagnostic is not None and problem.diagnostic.span is not None:
                note = Note(problem.diagnostic.span, "made here")
                problem.diagnostic = problem.diagnostic._replace(span=reuse.span, notes=(note,))
            raise
        finally:
            for place_of, said in enumerate(self.diagnostics[before:], before):
                if said.code == "ND228" and said.span is not None and said.span != reuse.span:
                    notes = (Note(said.span, "made here"),)
                    self.diagnostics[place_of] = said._replace(span=reuse.span, notes=notes)

    def labelled(self, labels: Labels | None) -> list[str]:
        """What ``reuse`` may name, where these labels are, the nearest first."""
        known: list[str] = []
        within: dict[int, list[str]] = {}
        for around, label in self.reusable:
            within.setdefault(around, []).append(label)
        while labels is not None:
            known += within.get(id(labels), ())
            for scope, below in labels.inner.items():
                known += [f"{scope}.{label}" for label in within.get(id(below), ())]
            labels = labels.outer
        return list(dict.fromkeys(known))
