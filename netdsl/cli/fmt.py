"""``netdsl fmt``: specs in their canonical layout."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import NamedTuple

from netdsl.cli.options import add_limits, whole
from netdsl.cli.parser import Parser
from netdsl.cli.terminal import difference, report, say, write
from netdsl.diagnostics import NetdslError, printable
from netdsl.elaborate import Limits
from netdsl.elaborate.sources import read, read_bytes
from netdsl.elaborate.values import Stop
from netdsl.ir.types import plural
from netdsl.syntax.format import format
from netdsl.zoo import PREFIX

_EXAMPLES = """
netdsl fmt specs/*.net
netdsl fmt --check --diff my.net
netdsl fmt - < my.net
netdsl fmt zoo:resnet
"""


def parser() -> Parser:
    """The options of ``netdsl fmt``."""
    options = Parser(
        "fmt",
        "Gives specs their canonical layout: blanks, indentation and columns. Lines stay the author's, comments stay\n"
        "where they are, and what a spec says never changes. A file is written whole or not at all, and not where it\n"
        "has syntax errors. zoo:NAME and - are printed.",
        _EXAMPLES,
    )
    options.add_argument(
        "file", metavar="FILE", nargs="+", help="the spec, or several; zoo:NAME is a shipped one, - the standard input"
    )
    options.add_argument(
        "--check", action="store_true", help="write nothing; name what would change, and exit with 1 if anything would"
    )
    add_limits(options, "bytes")
    options.add_argument("--diff", action="store_true", help="write nothing; print what would change")
    return options


class _Spec(NamedTuple):
    """A spec before and after; ``path`` is None where it is printed and not written."""

    name: str
    path: Path | None
    old: str
    new: str

    @property
    def changes(self) -> bool:
        """Whether it had another layout."""
        return self.old != self.new


def run(options: argparse.Namespace) -> int:
    """Formats each file, and returns 1 where one could not be read or written, or would change under ``--check``."""
    if sum(file == "-" for file in options.file) > 1:
        parser().error("the standard input is one FILE, and `-` is given twice")
    failed = changed = 0
    # what is printed must stay what it is: a text, or a difference that `patch` takes
    aside = options.diff or (not options.check and any(map(_is_printed, options.file)))
    for file in options.file:
        try:
            spec = _formatted(file, Limits(bytes=options.max_bytes))
            if options.diff:
                name = printable(spec.name)
                say(difference(spec.old, spec.new, name, f"{name} (formatted)"))
            elif not options.check and spec.path is None:
                say(spec.new)
            if options.check and spec.changes:
                _note(f"would change: {spec.name}\n", aside)
            elif not options.diff and spec.changes and spec.path is not None:
                write(file, spec.new.encode())
                _note(f"formatted: {spec.name}\n", aside)
            changed += spec.changes
        except NetdslError as error:
            report(error.diagnostics, error.sources)
            failed += 1
    if options.check or not aside:
        _note(_summary(len(options.file), changed, failed, options.check), aside)
    return 1 if failed or (options.check and changed) else 0


def _is_printed(file: str) -> bool:
    """Whether a name stands for what is printed, and not written."""
    return file == "-" or (file.startswith(PREFIX) and not Path(file).exists())


def _note(text: str, aside: bool) -> None:
    text = printable(text[:-1]) + "\n"
    if aside:
        sys.stderr.write(text)
    else:
        say(text)


def _formatted(file: str, limits: Limits) -> _Spec:
    """Raises :class:`NetdslError` for what cannot be read."""
    try:
        source, path = read(Path(_whole(file)), limits.bytes)
        data = None if path is None else read_bytes(path, limits.bytes)
    except Stop as problem:
        raise NetdslError([] if problem.diagnostic is None else [problem.diagnostic]) from None
    new, problems = format(source, limits.tokens)
    if new is None:
        raise NetdslError(problems, [source])
    # the mark of byte order and Windows' line ends are no part of the text that was read
    old = source.text if data is None else data.decode("utf-8")
    return _Spec(source.name, None if _is_printed(file) else path, old, new)


def _whole(file: str) -> str:
    """The file; exits with 2 where a variant of one is named."""
    path = whole(file)
    if path is not None:
        parser().error(f"a file is laid out whole, with all its variants: `netdsl fmt {path}`")
    return file


def _summary(files: int, changed: int, failed: int, check: bool) -> str:
    words = [f"{changed} would change" if check else f"{changed} formatted"] if changed else []
    if failed:
        words.append(f"{failed} with errors")
    return f"{files} {plural(files, 'file')}: {', '.join(words) or 'nothing to do'}\n"
