"""Where text comes from: a path, a text in hand, the standard input, and the files that a file uses."""

from __future__ import annotations

import os
import shlex
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

from netdsl import zoo
from netdsl.diagnostics import Advice, Diagnostic, Edit, Source, Span, shortened
from netdsl.diagnostics.nearest import nearest
from netdsl.elaborate.limits import LIMITS
from netdsl.elaborate.values import Stop, stop


def read(source: str | Path, most: int = LIMITS.bytes) -> tuple[Source, Path | None]:
    """The text behind ``source`` and its path: a ``Path`` or a one-line string is a path, anything else is text.

    ``zoo:NAME`` is the shipped spec of that name, unless there is a file that is called so; ``-`` is the standard
    input. Raises :class:`Stop` with a diagnostic where a file cannot be read, is longer than ``most`` bytes, or is a
    graph in JSON.
    """
    if isinstance(source, str) and "\n" in source:
        if len(source) > most or len(source.encode(errors="replace")) > most:
            raise _too_long("the text", most)
        if "\0" in source:
            line = source.count("\n", 0, source.index("\0")) + 1
            help = f'the first is in line {line:,}: `text.replace("\\0", "")` takes them out'
            raise Stop(Diagnostic("ND002", "the text has NUL characters", None, help))
        return Source("<text>", source), None
    path = Path(source)
    name = str(path)
    if name == "-":
        return Source("<stdin>", _standard_input(most)), None
    path = _in_zoo(name) or path
    try:
        text = read_file(path, most)
        if name.endswith(".json") and text.lstrip().startswith("{"):
            message = f"`{name}` is JSON, and a spec is text: a graph in JSON is compiled already"
            raise Stop(Diagnostic("ND009", message, None, f"`netdsl ir {name}` prints it"))
        return Source(name, text), path
    except Stop as problem:
        said = problem.diagnostic
        instead = None if said is None or said.code != "ND001" else _spec_instead(path)
        if said is not None and instead is not None:
            problem.diagnostic = said._replace(help=instead)
        raise


def _spec_instead(path: Path) -> str | None:
    """What helps where a spec itself cannot be read, and not a file that it uses; None where that is no other thing."""
    from netdsl.diagnostics import files

    name = str(path)
    try:
        if stat.S_ISFIFO(path.stat().st_mode):
            begun = "COMMAND" if name.startswith(("/dev/", "/proc/")) else f"cat {shlex.quote(files.shown(name))}"
            return f"`-` reads the standard input: `{begun} | netdsl check -`"
    except (OSError, ValueError):
        pass
    word = path.name.removesuffix(".net")
    meant = zoo.joined(word) or nearest(word, zoo.names()) if name == path.name else None
    if meant is None or os.path.lexists(name) or files.near(name, ".net") is not None:
        return None
    return f"`{zoo.PREFIX}{meant}` is a shipped spec"


def shipped(name: str) -> Path:
    """The file of the shipped spec of this name. Raises :class:`Stop` with the nearest names where there is none."""
    path = zoo.find(name)
    spec, _, variant = name.partition(":")
    if path is None and variant and zoo.find(spec) is not None:
        message = f"two variants stand after `{zoo.PREFIX}{spec}`, and one is meant"
        raise Stop(Diagnostic("ND003", message, None, f"it is `{zoo.PREFIX}{spec}:{variant}`, or with another variant"))
    if path is None:
        near = zoo.joined(name) or nearest(name, zoo.names())
        help = (f"did you mean `{zoo.PREFIX}{near}`? " if near else "") + "`netdsl zoo` lists them"
        raise Stop(Diagnostic("ND001", f"there is no shipped spec `{zoo.PREFIX}{name}`", None, help))
    return path


def _in_zoo(name: str, folder: Path = Path()) -> Path | None:
    """The file that ``zoo:NAME`` means; None for another name, and where ``folder`` has a file called just that."""
    if not name.startswith(zoo.PREFIX) or os.path.exists(folder / name):
        return None
    return shipped(name.removeprefix(zoo.PREFIX))


#: The standard input that was read last, and its bytes: commands compile a spec several times.
_stdin: tuple[object, bytes] | None = None


def _standard_input(most: int) -> str:
    global _stdin
    if _stdin is None or _stdin[0] is not sys.stdin:
        try:
            data = sys.stdin.buffer.read(most + 1)
        except (AttributeError, OSError, ValueError):  # there is none, or it is closed
            help = "nothing is connected to it: `netdsl check - < my.net` lets it read a file"
            raise Stop(Diagnostic("ND001", "cannot read the standard input", None, help)) from None
        _stdin = (sys.stdin, data)
    if len(_stdin[1]) > most:
        raise _too_long("the standard input", most)
    return _text(_stdin[1], "the standard input")


def read_file(path: Path, most: int, before: int = 0) -> str:
    """A file's text. Raises :class:`Stop` for what is no readable text file, or too long.

    It may have ``most`` bytes, less those that were read ``before`` for the same net.
    """
    return _text(read_bytes(path, most, before), f"`{shortened(str(path), 200)}`")


def read_bytes(path: Path, most: int, before: int = 0) -> bytes:
    """What a regular file holds. Raises as :func:`read_file` does.

    A named pipe is not waited for, and of what has no size (``/proc``) no more is read than it may have.
    """
    from netdsl.diagnostics.files import irregular, missing, unread

    name = str(path)
    shown = shortened(name, 200)
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        try:
            info = os.fstat(descriptor)
            if not stat.S_ISREG(info.st_mode):
                if stat.S_ISDIR(info.st_mode):
                    raise _folder(path)
                raise Stop(Diagnostic("ND001", f"`{shown}` is no regular file", None, irregular(name, info.st_mode)))
            if before + info.st_size > most:
                raise _too_long(f"`{shown}`", most, os.read(descriptor, 16))
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                data = file.read(most - before + 1)
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        if os.path.isdir(path):  # which some systems do not open
            raise _folder(path) from None
        if isinstance(error, FileNotFoundError):
            help = missing(name, ".net", f"`netdsl zoo` lists the shipped specs, such as `{zoo.PREFIX}resnet`")
            raise Stop(Diagnostic("ND001", f"there is no file `{shown}`", None, help)) from None
        reason = error.strerror.lower() if isinstance(error, OSError) and error.strerror else "its name is no path"
        raise Stop(Diagnostic("ND001", f"cannot read `{shown}`: {reason}", None, unread(name, error))) from None
    if before + len(data) > most:
        raise _too_long(f"`{shown}`", most)
    return data


def _too_long(what: str, most: int, begin: bytes = b"") -> Stop:
    from netdsl.diagnostics.files import other_kind

    message = f"{what} is too long: a spec may have {most:,} bytes, with all that it uses"
    return Stop(Diagnostic("ND007", message, None, other_kind(begin) or "`--max-bytes` raises the bound"))


def _text(data: bytes, what: str) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"{what} is no UTF-8 text: byte {error.start} is 0x{data[error.start]:02x}"
    else:
        if "\0" not in text:
            return text
        message = f"{what} is no text: it has NUL bytes"
    from netdsl.diagnostics.files import no_text

    raise Stop(Diagnostic("ND002", message, None, no_text(data)))


def _folder(path: Path) -> Stop:
    """A folder where a file is meant, with the specs in it."""
    from netdsl.diagnostics.files import inside, listed

    found, others = inside(str(path), ".net"), inside(str(path))
    if found:
        help = f"in it is `{path / found[0]}`" if len(found) == 1 else f"its specs are `{path / '*.net'}`"
    else:
        has = f"has no spec, but {listed(others)}" if others else "has nothing in it that can be read"
        help = f"it {has}: name a file that ends in .net"
    return Stop(Diagnostic("ND001", f"`{shortened(str(path), 200)}` is a folder", None, help))


def used_path(name: str, user: Path | None, span: Span, allowed: Sequence[Path]) -> Path:
    """The file that ``use "name"`` means: beside the file that says so or below it, or a shipped one, and nothing else.

    Raises :class:`Stop` at ``span`` for other places, symbolic links out of the folder among them, unless it lies in a
    folder of ``allowed`` or below one.
    """
    folder = user.parent if user is not None else Path()
    if not name or "\0" in name:
        help = 'write the file between the quotes, such as `use "blocks.net"`, or leave the line out'
        raise stop("ND224", "a used file needs a name", span, help=help)
    spec, _, variant = name.removeprefix(zoo.PREFIX).partition(":")
    if name.startswith(zoo.PREFIX) and variant and zoo.find(spec) is not None:
        help = Advice(
            f'its blocks are those of all variants: `use "{zoo.PREFIX}{spec}"`', Edit(span, f'"{zoo.PREFIX}{spec}"')
        )
        raise stop("ND224", "`use` takes blocks of a file, and no variant of it", span, help=help)
    if (path := _in_zoo(name, folder)) is not None:
        return path
    if zoo.find(name) is not None and not os.path.lexists(folder / name):
        text = f'"{zoo.PREFIX}{name}"'
        help = Advice(f"the shipped spec is `use {text}`", Edit(span, text))
        raise stop("ND224", f"there is no file `{name}`", span, help=help)
    path = folder / name
    try:
        real = path.resolve()
        if any(real.is_relative_to(place.resolve()) for place in allowed):
            return path
        inside = real.is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):
        inside = False
    help = "`--allow-use DIR` lets a spec use the files of another folder"
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise stop("ND224", f"`{name}` is not below the folder of the file that uses it", span, help=help)
    if not inside:
        raise stop("ND224", f"`{name}` leads out of the folder of the file that uses it", span, help=help)
    return path
