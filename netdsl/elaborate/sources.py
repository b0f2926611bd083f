"""Where text comes from: a path, a text in hand, and the files that a file uses."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from netdsl import zoo
from netdsl.diagnostics import Diagnostic, Source, Span, nearest
from netdsl.elaborate.values import Stop, stop

#: The largest file that is read, in bytes.
MAX_BYTES = 1_000_000


def read(source: str | Path) -> tuple[Source, Path | None]:
    """The text behind ``source`` and its path: a ``Path`` or a one-line string is a path, anything else is text.

    ``zoo:NAME`` is the shipped spec of that name, unless there is a file that is called so; ``-`` is the standard
    input. Raises :class:`Stop` with a diagnostic where a file cannot be read.
    """
    if isinstance(source, str) and "\n" in source:
        return Source("<text>", source), None
    path = Path(source)
    name = str(path)
    if name == "-":
        return Source("<stdin>", _standard_input()), None
    path = _in_zoo(name) or path
    return Source(name, read_file(path)), path


def shipped(name: str) -> Path:
    """The file of the shipped spec of this name. Raises :class:`Stop` with the nearest names where there is none."""
    path = zoo.find(name)
    if path is None:
        near = nearest(name, zoo.names())
        help = (f"did you mean `{zoo.PREFIX}{near}`? " if near else "") + "`netdsl zoo` lists them"
        raise Stop(Diagnostic("ND001", f"there is no shipped spec `{zoo.PREFIX}{name}`", help=help))
    return path


def _in_zoo(name: str, folder: Path = Path()) -> Path | None:
    """The file that ``zoo:NAME`` means; None for another name, and where ``folder`` has a file called just that."""
    if not name.startswith(zoo.PREFIX) or os.path.exists(folder / name):
        return None
    return shipped(name.removeprefix(zoo.PREFIX))


#: The standard input that was read last, and its text: commands compile a spec several times.
_stdin: tuple[object, str] | None = None


def _standard_input() -> str:
    global _stdin
    if _stdin is None or _stdin[0] is not sys.stdin:
        try:
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
        except (AttributeError, OSError, ValueError):  # there is none, or it is closed
            raise Stop(Diagnostic("ND001", "cannot read the standard input")) from None
        if len(data) > MAX_BYTES:
            raise Stop(Diagnostic("ND007", f"the standard input has over {MAX_BYTES:,} bytes, which no spec has"))
        _stdin = (sys.stdin, _text(data, "the standard input"))
    return _stdin[1]


def read_file(path: Path) -> str:
    """A file's text. Raises :class:`Stop` for what is no readable text file of a bearable size."""
    name = str(path)
    try:
        info = os.stat(path)
        if stat.S_ISDIR(info.st_mode):
            raise Stop(Diagnostic("ND001", f"`{name}` is a folder"))
        if not stat.S_ISREG(info.st_mode):
            raise Stop(Diagnostic("ND001", f"`{name}` is no regular file"))
        if info.st_size > MAX_BYTES:
            message = f"`{name}` has {info.st_size:,} bytes, and a spec at most {MAX_BYTES:,}"
            raise Stop(Diagnostic("ND007", message))
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "its name is no path"
        help = None
        if isinstance(error, FileNotFoundError):
            help = _nearest_file(path)
        raise Stop(Diagnostic("ND001", f"cannot read `{name}`: {reason}", help=help)) from None
    return _text(data, f"`{name}`")


def _text(data: bytes, what: str) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"{what} is no UTF-8 text: byte {error.start} is 0x{data[error.start]:02x}"
        raise Stop(Diagnostic("ND002", message)) from None
    if "\0" in text:
        raise Stop(Diagnostic("ND002", f"{what} is no text: it has NUL bytes"))
    return text


def _nearest_file(path: Path) -> str | None:
    from netdsl.diagnostics import nearest

    try:
        # By what differs: the ending that all specs share makes any two names look alike.
        found = [entry.name.removesuffix(".net") for entry in os.scandir(path.parent) if entry.name.endswith(".net")]
    except OSError:
        return None
    near = nearest(path.name.removesuffix(".net"), found)
    return f"did you mean `{path.with_name(near + '.net')}`?" if near else None


def used_path(name: str, user: Path | None, span: Span) -> Path:
    """The file that ``use "name"`` means: beside the file that says so or below it, or a shipped one, and nothing else.

    Raises :class:`Stop` at ``span`` for other places, symbolic links out of the folder among them.
    """
    folder = user.parent if user is not None else Path()
    if not name or "\0" in name:
        raise stop("ND224", "a used file needs a name", span)
    if (path := _in_zoo(name, folder)) is not None:
        return path
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise stop("ND224", f"`{name}` is not below the folder of the file that uses it", span)
    path = folder / name
    try:
        inside = path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):
        inside = False
    if not inside:
        raise stop("ND224", f"`{name}` leads out of the folder of the file that uses it", span)
    return path
