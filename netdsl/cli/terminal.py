"""What commands print, and files that they write."""

from __future__ import annotations

import os
import re
import shlex
import stat
import sys
from collections.abc import Sequence
from typing import TextIO

from netdsl.diagnostics import Diagnostic, NetdslError, Source, shortened


def coloured(stream: TextIO) -> bool:
    """Whether colours may go to a stream: a terminal that shows them, or any stream where ``FORCE_COLOR`` is set.

    ``NO_COLOR`` comes before both; either is set where it is not empty.
    """
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def report(diagnostics: Sequence[Diagnostic], sources: Sequence[Source] = (), ending: str | None = None) -> None:
    """Prints diagnostics for people to the error stream, and at their end a count of them, or ``ending``."""
    if diagnostics:
        from netdsl.diagnostics.printing import render

        print(render(diagnostics, sources, colour=coloured(sys.stderr), ending=ending), file=sys.stderr)


def check_name(name: str) -> None:
    """Raises :class:`NetdslError` (ND001) for a file's name that is no text: nothing could say it."""
    try:
        name.encode()
    except UnicodeEncodeError:
        shown = name.encode(errors="replace").decode()
        message = f"`{shown}` is no name in UTF-8: the file needs another"
        # In a shell each question mark stands for the byte that is no text.
        word = "?".join(shlex.quote(part) if part else "" for part in shown.split("?"))
        help = f"`mv {shortened(word, 200)} NEW.net` in a shell gives it one"
        raise NetdslError([Diagnostic("ND001", message, None, help)]) from None


def say(text: str) -> None:
    """Prints text to the output, all of it.

    Raises :class:`NetdslError` (ND006) where the output cannot be written; ``BrokenPipeError`` passes on.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _closed(error) from None


def difference(old: str, new: str, before: str, after: str) -> str:
    """Two texts as a unified difference that ``patch`` takes, under the names ``before`` and ``after``."""
    import difflib

    # `\n` alone ends a line.
    one, other = (re.findall(r"[^\n]*\n|[^\n]+", text) for text in (old, new))
    lines = difflib.unified_diff(one, other, before, after)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def write(path: str, data: bytes) -> None:
    """Writes a file whole or not at all: beside its place first, then moved there. ``-`` is the standard output.

    An old file keeps its permissions, and stays as it was where the new one cannot be written.
    Raises :class:`NetdslError` (ND006) where the place cannot be written.
    """
    if path == "-":
        try:
            sys.stdout.flush()
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise _closed(error) from None
        return
    try:
        try:
            old = os.stat(path).st_mode
        except FileNotFoundError:
            old = None
        if old is not None and stat.S_ISDIR(old):
            raise IsADirectoryError(None, "it is a folder")
        if old is not None and not stat.S_ISREG(old):
            _pass(path, data)
            return
        # a link stays, and what it leads to is replaced
        target = os.path.realpath(path)
        if old is not None and not os.access(target, os.W_OK):
            raise PermissionError(None, "it is read-only")
        _replace(target, data, old)
    except OSError as error:
        raise _unwritable(path, error) from None


def _pass(path: str, data: bytes) -> None:
    """Writes to a device or a pipe. A pipe that nobody reads is an error, and not waited for."""
    descriptor = os.open(path, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if hasattr(os, "set_blocking"):
        os.set_blocking(descriptor, True)
    with os.fdopen(descriptor, "wb") as device:
        device.write(data)


def _replace(target: str, data: bytes, mode: int | None) -> None:
    beside = os.path.join(os.path.dirname(target), f".netdsl-{os.getpid()}.tmp")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        if mode is not None:
            os.chmod(beside, stat.S_IMODE(mode))
        os.replace(beside, target)
    except BaseException:
        os.unlink(beside)
        raise


def _closed(error: OSError) -> NetdslError:
    from netdsl.diagnostics.files import unprinted

    message = f"the standard output cannot be written: {(error.strerror or str(error)).lower()}"
    return NetdslError([Diagnostic("ND006", message, None, unprinted(error))])


def _unwritable(path: str, error: OSError) -> NetdslError:
    from netdsl.diagnostics.files import shown, unwritten

    reason = (error.strerror or str(error)).lower()
    if isinstance(error, FileNotFoundError) and (folder := os.path.dirname(path)) and not os.path.isdir(folder):
        reason = f"there is no folder `{shown(folder)}`"
    message = f"`{shown(path)}` cannot be written: {reason}"
    return NetdslError([Diagnostic("ND006", message, None, unwritten(path, error))])
