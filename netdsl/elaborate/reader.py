"""The sources of one compilation: read, parsed, and taken into one another by ``use``."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from netdsl import zoo
from netdsl.diagnostics import Advice, Diagnostic, Edit, Source
from netdsl.diagnostics.nearest import did_you_mean, nearest
from netdsl.elaborate.expressions import show
from netdsl.elaborate.helps.declarations import listed, whole_line
from netdsl.elaborate.limits import MAX_FILES, MAX_PROBLEMS, Limits
from netdsl.elaborate.program import Program
from netdsl.elaborate.sources import read_file, used_path
from netdsl.elaborate.values import Stop, stop
from netdsl.ir.op import names
from netdsl.syntax import tree
from netdsl.syntax.lalr import Progress
from netdsl.syntax.parse import MAX_ERRORS, parse


def _layers() -> frozenset[str]:
    """The words of all layers that are written."""
    return frozenset(names())


@lru_cache(maxsize=16)
def _parsed(source: Source, number: int, tokens: int) -> tuple[tree.File | None, tuple[Diagnostic, ...], int]:
    """What :func:`parse` makes of a source, and how many words and signs may still be read.

    Kept for a while: a file of several variants is compiled several times.
    """
    progress = Progress(tokens)
    file, problems = parse(source, number, progress, _layers)
    return file, tuple(problems), max(0, progress.left)


class Reader:
    """What has been read, and what is said of it."""

    def __init__(
        self,
        limits: Limits,
        allow_use: Sequence[str | os.PathLike[str]] = (),
        texts: Mapping[Path, str] | None = None,
    ) -> None:
        self.limits = limits
        self.texts = texts or {}
        self.allow_use = tuple(map(Path, allow_use))
        #: how many words and signs may still be read, of all sources
        self.tokens = limits.tokens
        self.sources: list[Source] = []
        self.diagnostics: list[Diagnostic] = []
        self.notes: list[str] = []
        self.files: dict[Path, Program] = {}
        self.loading: list[Path] = []
        #: while rows are walked a second time, which says declarations' mistakes again
        self.muted = False

    def report(self, diagnostic: Diagnostic) -> None:
        """Keeps a diagnostic. Raises :class:`Stop` where there are errors enough."""
        if self.muted:
            return
        if len(self.diagnostics) >= MAX_PROBLEMS:
            raise Stop
        self.diagnostics.append(diagnostic)

    def parse(self, source: Source) -> tree.File | None:
        """Reads the next source; what is wrong with it is reported. None where nothing can be made of it."""
        file, problems, self.tokens = _parsed(source, len(self.sources), self.tokens)
        self.sources.append(source)
        self.diagnostics += problems
        if len(problems) >= MAX_ERRORS:
            self.notes.append(f"over {MAX_ERRORS - 1} lines cannot be read; what comes after them was not looked at")
        return file

    def use(self, program: Program, use: tree.Use) -> None:
        """Takes blocks of another file into a program."""
        try:
            other = self.load(used_path(use.file.text, program.path, use.file.span, self.allow_use), use)
        except Stop as problem:
            if problem.diagnostic is not None:
                diagnostic = problem.diagnostic
                if diagnostic.span is None:
                    diagnostic = diagnostic._replace(code="ND224", span=use.file.span)
                self.report(_in_its_place(diagnostic, use))
            # what it would have given is no second mistake
            program.holes += tuple(name.text for name in use.names)
            program.unseen |= not use.names
            return
        wanted = use.names or tuple(tree.Name(name, use.span) for name in other.blocks)
        for name in wanted:
            block = other.blocks.get(name.text)
            if block is None and other.broken(name.text):
                program.holes += (name.text,)
            elif block is None:
                help = did_you_mean(name.text, other.blocks, name.span)
                help = help or listed(other.blocks, "there are no blocks in it")
                message = f"`{use.file.text}` has no block `{name.text}`"
                self.report(Diagnostic("ND224", message, name.span, help))
                program.holes += (name.text, *filter(None, [nearest(name.text, other.blocks)]))
            elif program.blocks.get(name.text) is block and not use.names:
                pass  # it came by another way: two files that are used use a third
            elif name.text in program.blocks:
                program.twice(f"the block `{name.text}`", name.span, program.blocks[name.text].syntax.name.span)
            else:
                program.blocks[name.text] = block

    def load(self, path: Path, use: tree.Use) -> Program:
        """The program of a used file, read once."""
        key = path.resolve()
        if key in self.files:
            return self.files[key]
        if key in self.loading:
            message = f"`{use.file.text}` is being read already: files use one another in a circle"
            raise stop(
                "ND224", message, use.file.span, help=_out_of_the_circle(use, key == self.loading[-1], self.sources)
            )
        if len(self.sources) >= MAX_FILES:
            help = "put the blocks of several used files into one: each file counts"
            raise stop("ND007", f"a net is made of at most {MAX_FILES} files", use.file.span, help=help)
        before = sum(len(source.text.encode(errors="replace")) for source in self.sources)
        text = read_file(path, self.limits.bytes, before)
        file = self.parse(Source(str(path), self.texts.get(key, text)))
        other = Program(path, self.report)
        if file is None:
            raise Stop
        self.loading.append(key)
        other.gather(file, self.use)
        self.loading.pop()
        other.settings(None, {})
        self.files[key] = other
        return other


def _out_of_the_circle(use: tree.Use, itself: bool, sources: Sequence[Source]) -> str:
    """A help for a file that is being read already: by ``itself``, or by one that it uses."""
    if itself:
        line = whole_line(use.span, sources[use.span.file].text)
        return Advice("the blocks of its own file need no `use`: take the line out", Edit(line, ""))
    blocks = ", ".join(name.text for name in use.names)
    blocks = blocks if 0 < len(blocks) <= 40 else "…"
    return f'put what both files need into a third, and take it from there: `use "common.net" ({blocks})`'


def _in_its_place(said: Diagnostic, use: tree.Use) -> Diagnostic:
    """What is said of a file that cannot be read, its help carried out where the file is named."""
    help = said.help or ""
    found = re.match(r"did you mean `([^`]+)`", help)
    if found is None:
        return said
    near = found[1].removeprefix(zoo.PREFIX) if not use.file.text.startswith(zoo.PREFIX) else found[1]
    if not near.startswith(zoo.PREFIX):
        near = Path(use.file.text).with_name(Path(near).name).as_posix()
        if near == use.file.text:
            return said  # it is of another folder
        help = f"did you mean `{near}`?"
    sure = Path(near).stem in (use.file.text, Path(use.file.text).stem) or isinstance(
        did_you_mean(use.file.text, [near], use.file.span), Advice
    )
    return said._replace(help=Advice(help, Edit(use.file.span, show(near))) if sure else help)
