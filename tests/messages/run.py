"""Runs the command lines of :mod:`tests.messages.cases` and compiles tests/diagnostics, in a process of its own.

``python -m tests.messages.run`` prints JSON: what each group of command lines says, and what each text of a message,
by its file, line and column and as it is written, came to.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shlex
import socket
import sys
import tempfile
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace
from typing import TextIO
from unittest.mock import patch

from tests.messages import cases, sites
from tests.unprivileged import unprivileged


def said(words: str, out: TextIO | None = None) -> str:
    """A command line, what it writes to the error stream, and its exit code."""
    from netdsl.cli import main

    error = io.StringIO()
    before, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(cases.STDIN.get(words, b"")), encoding="utf-8")
    try:
        with contextlib.redirect_stdout(out or io.StringIO()), contextlib.redirect_stderr(error):
            status = main(shlex.split(words))
    finally:
        sys.stdin = before
    command = words.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()
    return f"$ netdsl {command}\n{error.getvalue()}[{status}]\n"


def lacking(words: str, modules: tuple[str, ...]) -> str:
    """As :func:`said`, where some modules cannot be imported."""
    hidden = [name for name in sys.modules if name.partition(".")[0] in modules]
    with patch.dict(sys.modules, dict.fromkeys([*hidden, *modules])), patch.dict(os.environ, {"PATH": ""}):
        return said(words)


def failing(words: str, complaint: str) -> str:
    """As :func:`said`, where Graphviz fails."""
    program = Path("bin", "dot")
    program.parent.mkdir(exist_ok=True)
    program.write_text(f"#!/bin/sh\n{f'echo {complaint} >&2' if complaint else ''}\nexit 3\n", encoding="utf-8")
    program.chmod(0o755)
    with patch.dict(os.environ, {"PATH": str(program.parent.resolve())}):
        return said(words)


def shown(words: str) -> str:
    """As :func:`said`, with what it prints."""
    out = io.StringIO()
    before, _, after = said(words, out).partition("\n")
    return f"{before}\n{out.getvalue()}{after}"


def closed() -> tuple[str, dict[tuple[str, int, int], set[str]]]:
    """What is said where places are closed, and all that was noted until then."""
    return "\n".join(map(said, cases.UNPRIVILEGED)), dict(sites.NOTED)


def full(words: str) -> str:
    """As :func:`said`, where the standard output is full."""
    # unbuffered at the end, so that what is held back is not written again when it is closed
    out = io.TextIOWrapper(io.BufferedWriter(io.FileIO("/dev/full", "w")), encoding="utf-8")
    try:
        return said(words, out)
    finally:
        with contextlib.suppress(OSError):
            out.close()


def served(words: str) -> str:
    """As :func:`said`, with a port that is taken."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        return said(words.replace("{port}", port)).replace(f"--port {port}", "--port {port}")


def called(call: str, names: dict[str, object]) -> str:
    """A call, and what it raises, or returns where that is notes or a list of diagnostics."""
    import netdsl

    try:
        with (
            patch.dict(os.environ, {"PATH": ""}),
            patch("sysconfig.get_path", return_value=""),
            patch("importlib.metadata.entry_points", return_value=[EntryPoint("failing", "no.such.module", "")]),
            patch("netdsl.syntax.format._says_the_same", return_value=False),
            patch.object(sys, "stdin", None),
        ):
            found = eval(call, names)
            if isinstance(found, tuple) and isinstance(found[-1], list):
                raise netdsl.NetdslError(found[-1])
            answer = "".join(f"{note}\n" for note in found if call.endswith(".notes"))
    except Exception as error:
        answer = f"{type(error).__name__}: {error}\n"
    return f">>> {call}\n{answer}"


def calls() -> str:
    """What the calls of :data:`cases.CALLS` say."""
    from torch import device, zeros
    from torch.nn import Module

    import netdsl
    from netdsl.backends.canvas.engine import find, render
    from netdsl.backends.canvas.options import Options
    from netdsl.backends.draw import drawing
    from netdsl.cli.mend import Mended, save
    from netdsl.diagnostics import Source
    from netdsl.embed.asked import asked, words
    from netdsl.embed.figure import Place, figure
    from netdsl.ir.op import Op, register
    from netdsl.ops import load_operators
    from netdsl.runtime.run import build, forward
    from netdsl.syntax.format import format

    class Failing(Module):
        def forward(self, *_: object) -> None:
            raise RuntimeError("no memory\nin a frame of PyTorch's")

    names: dict[str, object] = {
        **{name: getattr(netdsl, name) for name in ("analyse", "compile", "draw", "load", "stats")},
        "Options": Options,
        "Path": Path,
        "asked": asked,
        "drawing": drawing,
        "figure": figure,
        "find": find,
        "foreign": SimpleNamespace(name="foreign", nodes=[SimpleNamespace(op=Failing())]),
        "Failing": Failing,
        "Mended": Mended,
        "Op": Op,
        "Source": Source,
        "build": build,
        "device": device,
        "format": format,
        "forward": forward,
        "load_operators": load_operators,
        "register": register,
        "save": save,
        "render": render,
        "small": netdsl.compile("small.net"),
        "words": words,
        "zeros": zeros,
        "place": Place(Path("page.md"), "page.md", 3),
    }
    return "\n".join(called(call, names) for call in cases.CALLS)


def commands() -> dict[str, str]:
    """What each group of command lines says."""
    with tempfile.TemporaryDirectory() as place:
        here = Path(place)
        cases.folder(here)
        before = os.getcwd()
        os.chdir(here)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                cases.later(here)
            found = {
                group: "\n".join(served(words) if "{port}" in words else said(words) for words in lines)
                for group, lines in cases.CASES.items()
            }
            found["lacking"] = "\n".join(lacking(words, modules) for words, modules in cases.LACKING.items())
            found["failing"] = "\n".join(failing(words, complaint) for words, complaint in cases.FAILING.items())
            found["shown"] = "\n".join(map(shown, cases.SHOWN))
            found["unprivileged"], noted = unprivileged(closed)
            for at, texts in noted.items():
                sites.NOTED[at] |= texts
            found["full"] = "\n".join(map(full, cases.FULL))
            found["calls"] = calls()
            return found
        finally:
            os.chdir(before)


#: What Python, PyTorch and safetensors say in words of their own, which are other ones in other versions.
_OTHERS = re.compile(
    r"(?<=PyTorch says “).*?(?=”)|(?<=\(Error while ).*?(?=\)$)|[\d.,]+(?= kB)|(?<=127\.0\.0\.1:)\d+", re.MULTILINE
)


def masked(text: str) -> str:
    """A text without the words of others."""
    return _OTHERS.sub("…", text)


def main() -> None:
    """Prints what is said and noted."""
    os.environ["NO_COLOR"] = "1"
    sites.record()
    transcripts = {group: masked(text) for group, text in commands().items()}
    from netdsl.elaborate import analyse
    from tests.test_diagnostics import FOLDER, NAMES, OPTIONS

    os.chdir(FOLDER)
    for name in NAMES:
        analyse(Path(f"{name}.net"), **OPTIONS.get(name, {}))
    found = [[*site, sorted(map(masked, sites.NOTED.get(site[:3], ())))] for site in sites.sites()]
    json.dump({"said": transcripts, "texts": found}, sys.stdout)


if __name__ == "__main__":
    main()
