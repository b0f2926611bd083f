"""``netdsl watch``: a net in the browser, drawn anew whenever its file is saved."""

from __future__ import annotations

import argparse
import gc
import os
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Event

from netdsl import zoo
from netdsl.backends.canvas.options import HEATS, Options
from netdsl.backends.page import page
from netdsl.backends.page.document import THEMES, empty
from netdsl.cli.options import add_file, analysed, target
from netdsl.cli.parser import Parser
from netdsl.cli.serve import Server
from netdsl.cli.terminal import report
from netdsl.diagnostics import Diagnostic, NetdslError, Source, printable, sort
from netdsl.diagnostics.printing import render
from netdsl.elaborate.sources import read
from netdsl.elaborate.values import Stop
from netdsl.ir.graph import Graph

_EXAMPLES = """
netdsl watch my.net --open
netdsl watch specs/resnet.net:50 --port 8080
netdsl watch my.net --heat macs --input 3x64x64
"""

#: Where it is served unless another port is named.
PORT = 8321
#: Seconds between looks at the files, and for how many looks a file may be gone: editors move a new one into its place.
_LOOK, _GONE = 0.12, 8
_USE = re.compile(r'^[ \t]*use[ \t]+"([^"\n]+)"', re.MULTILINE)

#: When a file was last changed, or None where there is none.
Stamp = tuple[int, int, int] | None


def parser() -> Parser:
    """The options of ``netdsl watch``."""
    options = Parser(
        "watch",
        "Shows a net in the browser, on this machine alone, and draws it anew whenever its file, or one that it uses,\n"
        "is saved. Where there are errors they stand above the last good picture. Ctrl-C ends it.",
        _EXAMPLES,
    )
    add_file(options, view="train")
    options.add_argument("--port", metavar="N", type=_port, default=PORT, help=f"{PORT} unless named; 0 for any")
    options.add_argument("--open", action="store_true", help="open the page in the browser")
    options.add_argument(
        "--host",
        metavar="ADDRESS",
        default="127.0.0.1",
        help="serve at another address than 127.0.0.1: whoever reaches it can read the spec",
    )
    options.add_argument("--heat", choices=HEATS, help="begin with the rows coloured by their share of the cost")
    options.add_argument(
        "--theme", choices=THEMES, default="auto", help="begin light or dark; as the screen is, unless named"
    )
    return options


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"`{text}` is not a port: a number from 0 to 65535")
    return int(text)


def run(options: argparse.Namespace) -> int:
    """Serves until Ctrl-C."""
    path, variant = target(parser(), options.file, options)
    if path == "-":
        parser().error("the standard input cannot be saved again: name a file")
    try:
        # What is no file now is a mistake; later it may be gone for a moment.
        read(Path(path), options.max_bytes)
    except Stop as problem:
        raise NetdslError([] if problem.diagnostic is None else [problem.diagnostic]) from None
    watcher = Watcher(path, variant, options)
    # Commands live for a moment and this one for hours.
    gc.enable()
    watcher.server.start()
    try:
        print(f"{path} is at {watcher.server.address} (Ctrl-C ends it)", flush=True)
        watcher.look()
        if options.open:
            import webbrowser

            webbrowser.open(watcher.server.address)
        watcher.watch(Event())
    except KeyboardInterrupt:
        print(file=sys.stderr)
    finally:
        watcher.server.close()
    return 0


class Watcher:
    """Looks at the files of a net, and has a server show what comes of them."""

    def __init__(self, path: str, variant: str | None, options: argparse.Namespace) -> None:
        self.path, self.variant, self.options = path, variant, options
        self.server = Server(options.host, options.port, lambda version: empty(path, theme=options.theme, live=version))
        self.files: tuple[Path, ...] = (_file(path),)
        #: What the files were when they were last read, and when they were last looked at.
        self.read: tuple[Stamp, ...] = ()
        self.seen: tuple[Stamp, ...] = ()
        self.gone = 0

    def watch(self, stop: Event) -> None:
        """Looks again and again, until ``stop``."""
        while not stop.wait(_LOOK):
            if self.due():
                self.look()

    def due(self) -> bool:
        """Whether what was read has changed since, and is at rest: saved twice in a row is drawn once."""
        now = tuple(map(_stamp, self.files))
        resting = now == self.seen
        self.seen = now
        if now == self.read:
            self.gone = 0
            return False
        if now[0] is None and self.gone < _GONE:
            self.gone += 1
            return False
        return resting

    def look(self) -> None:
        """Reads the files and shows what comes of them."""
        begun = time.monotonic()
        self.gone = 0
        before = tuple(map(_stamp, self.files))
        found: Sequence[Diagnostic] = ()
        sources: Sequence[Source] = ()
        drawn = None
        failed = ""
        try:
            made = analysed(self.path, self.variant, self.options)
            found, sources = made.diagnostics, made.sources
            for note in made.notes:
                print(f"note: {printable(note)}", file=sys.stderr)
            if made.graph is not None:
                drawn = self._draw(made.graph)
        except NetdslError as error:
            found, sources = error.diagnostics, error.sources
        except Exception as error:
            # A mistake of ours in one drawing ends no session of work.
            failed = f"netdsl itself failed: {type(error).__name__}: {error}"
            print(printable(failed), file=sys.stderr)
        stamps = dict(zip(self.files, before))
        self.files = _files(self.path, sources)
        # A file that changed while it was read is read again.
        self.read = tuple(stamps[file] if file in stamps else _stamp(file) for file in self.files)
        report(found, sources)
        if drawn is not None:
            print(f"{time.strftime('%H:%M:%S')}  drawn in {time.monotonic() - begun:.2f} s", file=sys.stderr)
        problems = [_problem(each, sources) for each in sort(found)]
        if failed:
            problems.append({"severity": "error", "code": "", "message": failed, "excerpt": "", "help": ""})
        self.server.publish(None if drawn is None else lambda version: drawn.replace(_MARK, version, 1), problems)

    def _draw(self, graph: Graph) -> str:
        options = self.options
        return page(graph, view=options.view, options=Options(heat=options.heat), theme=options.theme, live=_MARK)


#: Stands where the version will be, near the beginning of the page, before anything of the spec.
_MARK = "\N{OBJECT REPLACEMENT CHARACTER}"


def _problem(diagnostic: Diagnostic, sources: Sequence[Source]) -> dict[str, str]:
    """A diagnostic as the page shows it: its words, its lines with the caret, and what helps."""
    excerpt = render([diagnostic._replace(help="")], sources).partition("\n")[2]
    return {
        "severity": diagnostic.severity,
        "code": diagnostic.code,
        "message": diagnostic.message,
        "excerpt": excerpt,
        "help": diagnostic.help,
    }


def _file(name: str) -> Path:
    """The file that a name means."""
    if name.startswith(zoo.PREFIX) and not os.path.exists(name):
        return zoo.find(name.removeprefix(zoo.PREFIX)) or Path(name)
    return Path(name)


def _files(path: str, sources: Sequence[Source]) -> tuple[Path, ...]:
    """The net's own file, then all that are used, those among them that are missing or cannot be read."""
    found = dict.fromkeys([_file(path)])
    for source in sources:
        file = _file(source.name)
        found.setdefault(file)
        for name in _USE.findall(source.text):
            found.setdefault(_file(name) if name.startswith(zoo.PREFIX) else file.parent / name)
    return tuple(found)


def _stamp(file: Path) -> Stamp:
    try:
        info = os.stat(file)
    except (OSError, ValueError):
        return None
    return info.st_mtime_ns, info.st_size, info.st_ino
