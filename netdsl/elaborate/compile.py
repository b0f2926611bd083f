"""Text → verified graph: reads, elaborates, and holds the result against what the spec expects of itself."""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import netdsl.ops  # noqa: F401  (fills the registry)
from netdsl import zoo
from netdsl.diagnostics import Diagnostic, NetdslError, Note, Source, sort
from netdsl.diagnostics.nearest import did_you_mean
from netdsl.elaborate.context import Draft
from netdsl.elaborate.elaborator import Elaborator
from netdsl.elaborate.entering import Input, read_inputs
from netdsl.elaborate.expectations import check_expectations
from netdsl.elaborate.finish import make_graph, ramp
from netdsl.elaborate.helps.circumstances import filled, with_followers
from netdsl.elaborate.helps.declarations import listed
from netdsl.elaborate.initialise import read_inits
from netdsl.elaborate.limits import LIMITS, MAX_PROBLEMS, Limits
from netdsl.elaborate.maker import Abort
from netdsl.elaborate.net import look_through, walk
from netdsl.elaborate.program import Program
from netdsl.elaborate.reader import Reader
from netdsl.elaborate.sources import read
from netdsl.elaborate.unused import beside_errors
from netdsl.elaborate.values import Stop
from netdsl.elaborate.warnings import behind_an_input, channels_last, looks_channels_last, warnings
from netdsl.ir.graph import Graph
from netdsl.ir.types import Scalar, Shape, plural, show_shape
from netdsl.ir.verify import verify
from netdsl.syntax import tree
from netdsl.syntax.walk import walk_items

#: Codes of what misses a name.
_OF_NAMES = frozenset({"ND003", "ND004", "ND201", "ND203", "ND215", "ND228", "ND231"})


class Compilation(NamedTuple):
    """What came of a source: a graph where there was no error, and everything that was said, sorted by place.

    ``notes`` are remarks without a place; ``origins`` says for each node where each of its attributes came from
    (``written``, ``style``, ``bn``; what is missing is a default). ``work`` is what it took, in the steps of
    :attr:`netdsl.Limits.steps`. ``variants`` are all that the file has, as far as it could be read, and
    ``variant`` is the one that was compiled; ``columns`` are those variants that are columns of tables.
    """

    graph: Graph | None
    diagnostics: tuple[Diagnostic, ...]
    sources: tuple[Source, ...]
    notes: tuple[str, ...] = ()
    origins: tuple[Mapping[str, str], ...] = ()
    work: int = 0
    variants: tuple[str, ...] = ()
    variant: str | None = None
    columns: tuple[str, ...] = ()

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that are no warnings."""
        return tuple(d for d in self.diagnostics if d.severity == "error")


def compile(
    source: str | Path,
    *,
    variant: str | None = None,
    set: Mapping[str, Scalar | str] | None = None,
    input: Input | None = None,
    max_nodes: int | None = None,
    limits: Limits = LIMITS,
    allow_use: Sequence[str | os.PathLike[str]] = (),
) -> Graph:
    """Compiles a spec into its graph.

    ``source`` is a path where it is a ``Path`` or a string of one line (``resnet.net``, ``resnet.net:50``), else the
    text itself; ``zoo:resnet`` and ``zoo:resnet:50`` are of the shipped specs, ``-`` is the standard input. ``variant``
    is a variant or a table's column; ``set`` gives parameters other values; ``input`` is another input shape
    ``(channels, *spatial)``. ``limits`` bounds what the spec may ask for, and ``max_nodes`` is short for its ``nodes``.
    ``allow_use`` are folders whose files the spec may use besides those of its own folder.

    Raises :class:`NetdslError` with every error of the file. Torch is not needed.
    """
    made = analyse(
        source, variant=variant, set=set, input=input, max_nodes=max_nodes, limits=limits, allow_use=allow_use
    )
    if made.graph is None:
        raise NetdslError(made.errors, made.sources)
    return made.graph


def split_variant(source: str) -> tuple[str, str | None]:
    """``resnet.net:50`` → ``resnet.net`` and ``50``, ``zoo:resnet:50`` → ``zoo:resnet`` and ``50``.

    A file whose whole name is that has no variant.
    """
    if ":" not in source.removeprefix(zoo.PREFIX) or os.path.exists(source):
        return source, None
    path, _, variant = source.rpartition(":")
    return (path, variant) if path and "/" not in variant and "\\" not in variant else (source, None)


def analyse(
    source: str | Path,
    *,
    variant: str | None = None,
    set: Mapping[str, Scalar | str] | None = None,
    input: Input | None = None,
    max_nodes: int | None = None,
    limits: Limits = LIMITS,
    allow_use: Sequence[str | os.PathLike[str]] = (),
    texts: Mapping[Path, str] | None = None,
) -> Compilation:
    """Compiles as :func:`compile` does, and returns errors and warnings instead of raising.

    ``texts`` stand for what files hold, by their resolved paths: changes that are not written yet.
    """
    limits = limits if max_nodes is None else limits._replace(nodes=max_nodes)
    return Compiler(limits, allow_use, texts).run(source, variant, set or {}, input)


class Compiler(Reader):
    """One compilation: its sources and what is said of them."""

    def __init__(
        self,
        limits: Limits,
        allow_use: Sequence[str | os.PathLike[str]] = (),
        texts: Mapping[Path, str] | None = None,
    ) -> None:
        super().__init__(limits, allow_use, texts)
        self.work = 0
        self.program: Program | None = None
        self.variant: str | None = None
        #: what parameters are set to from outside
        self.given: Mapping[str, object] = {}

    def done(self, graph: Graph | None = None, drafts: Sequence[Draft] = ()) -> Compilation:
        """What came of it: no graph where there was an error."""
        if len(self.diagnostics) >= MAX_PROBLEMS and self.diagnostics[MAX_PROBLEMS - 1].severity == "error":
            self.notes.append(f"there are over {MAX_PROBLEMS - 1} errors; what comes after them was not looked at")
        found = sort(self.with_given(filled(d, self.sources)) for d in self.diagnostics if not self.follows(d))
        if any(d.severity == "error" for d in found):
            graph = None
        mild = [d for d in found if d.severity == "warning"]
        if len(mild) > MAX_PROBLEMS:
            left = set(mild[MAX_PROBLEMS:])
            found = [d for d in found if d not in left]
            self.notes.append(
                f"there {'is' if len(left) == 1 else 'are'} {len(left):,} {plural(len(left), 'warning')} more"
            )
        origins = tuple(draft.origins or {} for draft in drafts)
        work = self.work + (self.limits.tokens - self.tokens) // 10
        variants = self.program.variant_names() if self.program is not None else ()
        columns = tuple(self.program.columns) if self.program is not None else ()
        return Compilation(
            graph, tuple(found), tuple(self.sources), tuple(self.notes), origins, work, variants, self.variant, columns
        )

    def with_given(self, diagnostic: Diagnostic) -> Diagnostic:
        """A diagnostic of a value, with a help that names the parameter which was set from outside, if it is in it."""
        span = diagnostic.span
        if span is None or diagnostic.code not in ("ND207", "ND208", "ND219", "ND206"):
            return diagnostic
        text = self.sources[span.file].text[span.start : span.end]
        name = next((name for name in self.given if re.search(rf"\b{re.escape(name)}\b", text)), None)
        if name is None:
            return diagnostic
        return diagnostic._replace(help=f"with `--set {name}={self.given[name]}`: {diagnostic.help}")

    def follows(self, diagnostic: Diagnostic) -> bool:
        """Whether a diagnostic misses a name that a statement may define which could not be read: no second mistake."""
        if self.program is None or not self.program.holes or diagnostic.code not in _OF_NAMES:
            return False
        named = re.match(r"(?:there is )?no [^`]*`@?([^`]+)`", diagnostic.message)
        block = diagnostic.code == "ND201"
        if diagnostic.message.startswith("there is no block") and self.program.headless():
            return True
        return named is not None and self.program.broken(named[1].split(".")[0], block=block)

    def run(
        self, source: str | Path, variant: str | None, given: Mapping[str, object], input: Input | None
    ) -> Compilation:
        """The whole way from a source to what came of it."""
        self.given = given
        if isinstance(source, str) and "\n" not in source:
            source, named = split_variant(source)
            if named is not None and variant not in (None, named):
                message = f"the variant is `{named}` by the file's name and `{variant}` by its own"
                help = f"name one of them: `{source}:{named}`, or `{source}:{variant}`"
                self.report(Diagnostic("ND003", message, None, help))
                return self.done()
            variant = variant or named
        # Nested calls and brackets are bounded by the elaborator, above Python's own bound.
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(max(limit, min(40 * self.limits.depth, 2**30)))
        try:
            text, path = read(source, self.limits.bytes)
            if path is not None and self.texts:
                text = text._replace(text=self.texts.get(path.resolve(), text.text))
            file = self.parse(text)
            if file is None:
                return self.done()
            self.program = program = Program(path, self.report)
            if path is not None:
                self.loading.append(path.resolve())
            program.gather(file, self.use)
            return self.elaborate(program, variant, given, input)
        except Stop as problem:
            if problem.diagnostic is not None:
                with suppress(Stop):
                    self.report(problem.diagnostic)
            return self.done()
        finally:
            sys.setrecursionlimit(limit)

    # -- the net

    def elaborate(
        self, program: Program, variant: str | None, given: Mapping[str, object], input: Input | None
    ) -> Compilation:
        """From declarations to a graph, for one variant."""
        known = program.variant_names()
        if variant is not None and variant not in known:
            help = did_you_mean(variant, known) or listed(known, "the net has no variants: leave the name out")
            self.report(Diagnostic("ND003", f"there is no variant called `{variant}`", None, help))
            return self.done()
        if program.default is not None and program.default.text not in known:
            name, near = program.default, program.near_variant(program.default)
            self.report(Diagnostic("ND003", f"there is no variant called `{name.text}`", name.span, near))
            program.default = None
        for declared in program.variants.values():
            if declared.name.text in program.columns and declared.base is not None:
                message = f"`{declared.name.text}` is a column already, and is built on another here"
                note = Note(program.columns[declared.name.text], "the column")
                help = (
                    f"`variant {declared.name.text}: …` sets its column's parameters; "
                    f"one built on `{declared.base.text}` has another name"
                )
                self.report(Diagnostic("ND223", message, declared.name.span, help, (note,)))
        chosen = variant if variant is not None else program.default_variant()
        self.variant = chosen
        column, changed = program.settings(chosen, given)
        drafts = Elaborator(program, column, self.limits, check_shapes=True, sources=self.sources)
        # Without an input that can be read the rows are still looked through, with a tensor that says nothing.
        shapes = read_inputs(program, input, self.report) or []
        if not shapes and not program.rows:
            self.diagnostics += self.uncalled(program, drafts)
            return self.done()
        resized = any(shape != own for shape, own, _ in shapes)
        drafts.check_shapes = not (changed or resized)
        if any(shape != own and looks_channels_last(shape) for shape, own, _ in shapes):
            self.notes.append("channels come first in an input's shape: `--input 3x224x224`")
        for shape, own, _ in shapes:
            if len(shape) != len(own):
                axes = f"{len(shape) - 1} spatial ax{'is' if len(shape) == 2 else 'es'}"
                self.notes.append(f"`--input` gives {show_shape(shape)}, {axes}; the spec's input has {len(own) - 1}")
        if (changed or resized) and (program.expects or _asserts(program)):
            what = " and ".join(word for word, done in (("`--set`", changed), ("`--input`", resized)) if done)
            verb = "change" if changed and resized else "changes"
            self.notes.append(f"{what} {verb} the spec: its `expect` and `->` were not checked")
        try:
            try:
                outputs, inputs = walk(program, drafts, shapes)
            except Stop as problem:
                drafts.forgive(problem)
                outputs, inputs = [], []
        except Abort as abort:
            if abort.diagnostic is not None:
                with suppress(Abort):
                    drafts.report(abort.diagnostic)
            self.diagnostics += drafts.diagnostics
            self.work = drafts.steps
            return self.done()
        self.diagnostics += drafts.diagnostics
        self.diagnostics = self.behind_joins(program, drafts, shapes)
        self.diagnostics += self.uncalled(program, drafts)
        self.work = drafts.steps + len(drafts.drafts)
        paths = frozenset([*(d.module for d in drafts.drafts if d.module), *(s.path for s in drafts.scopes)])
        sound = not any(d.severity == "error" for d in self.diagnostics)
        inits = read_inits(program, chosen, paths, self.report, whole=sound)
        graph: Graph | None = None
        if not any(d.severity == "error" for d in self.diagnostics):
            ramp(drafts)
            graph = make_graph(program, chosen, drafts, outputs, inputs, inits, self.sources)
            verify(graph)
            self.diagnostics += warnings(program, graph, tuple(drafts.warned.values()), tuple(self.files.values()))
        else:
            # What is wrong may come of these.
            self.diagnostics += beside_errors(program, self.diagnostics)
            if "ND312" not in {code.text for code in program.allowed}:
                turned = channels_last(program.inputs)
                self.diagnostics = [behind_an_input(said, turned) for said in self.diagnostics] + turned
        check_expectations(program, None if changed or resized else graph, chosen, self.report)
        return self.done(graph, drafts.drafts)

    def uncalled(self, program: Program, drafts: Elaborator) -> list[Diagnostic]:
        """What is wrong with blocks that the file declares and nothing calls, as far as it can be seen."""
        words = Counter(re.findall(r"\w+", self.sources[0].text))
        blocks = [
            block
            for name, block in program.blocks.items()
            if not block.used and block.program is program and (not program.rows or words[name] == 1)
        ]
        if not blocks:
            return []
        again = Elaborator(program, drafts.column, self.limits, check_shapes=False, sources=self.sources)
        with suppress(Abort, Stop):
            look_through(program, again, blocks)
        return again.diagnostics

    def behind_joins(
        self, program: Program, drafts: Elaborator, shapes: list[tuple[Shape, Shape, tree.Input]]
    ) -> list[Diagnostic]:
        """What has been said, and what is wrong behind joins and assertions that do not hold, whatever comes of them.

        It is said alike for each branch's tensor, and for the shape that is asserted as for the one that there is.
        """
        first = {(said.code, said.span) for said in drafts.diagnostics}
        joins = any(code == "ND204" for code, _ in first)
        if not (joins or any(code == "ND210" for code, _ in first)) or drafts.steps > self.limits.steps // 8:
            return self.diagnostics
        found: list[list[Diagnostic]] = []
        self.muted = True
        for branch in (0, -1):
            again = Elaborator(
                program, drafts.column, self.limits, check_shapes=drafts.check_shapes, sources=self.sources
            )
            again.assumed, again.believed = branch, branch < 0
            with suppress(Abort, Stop):
                walk(program, again, shapes)
            found.append(again.diagnostics)
        self.muted = False

        def sentence(said: Diagnostic) -> str:
            """What is said alike, whichever branch is the odd one."""
            return said.message.partition("; branch ")[0] if joins else ""

        others = {(said.code, said.span, sentence(said)): said for said in found[1]}
        kept: list[Diagnostic] = []
        shown = {note.span for said in drafts.diagnostics if said.code == "ND210" for note in said.notes}
        for said in found[0]:
            other = others.get((said.code, said.span, sentence(said)))
            if other is None or (said.code, said.span) in first:
                continue
            if said.code == "ND210" and shown.intersection(note.span for note in said.notes):
                continue  # the layer that made the size is to blame already
            if joins:
                notes = _alike(said.notes, other.notes)
                help = said.help if said.help == other.help else "it depends on the join before it: mend that first"
                message = said.message if said.message == other.message else sentence(said)
                said = said._replace(message=message, notes=notes, help=help)
            shown.update(note.span for note in said.notes if said.code == "ND210")
            kept.append(said)
        return [*self.diagnostics, *kept] if joins else with_followers([*self.diagnostics, *kept], found[0])


def _alike(notes: Sequence[Note], others: Sequence[Note]) -> tuple[Note, ...]:
    """The notes that both have; of a layer that makes one shape of several what it gives."""

    def shape(note: Note) -> str | None:
        found = re.match(r"(?:makes|gives) (\S+)", note.message)
        return found[1] if found is not None else None

    given = {(note.span, shape(note)) for note in others}
    kept = []
    for note in notes:
        if note in others:
            kept.append(note)
        elif shape(note) is not None and (note.span, shape(note)) in given:
            kept.append(note._replace(message=f"gives {shape(note)}"))
    return tuple(kept)


def _asserts(program: Program) -> bool:
    roots = (*program.rows, *(block.syntax for block in program.blocks.values()))
    return any(item.assertion is not None for item in walk_items(*roots))
