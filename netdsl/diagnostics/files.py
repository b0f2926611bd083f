"""What helps where a file cannot be read or written: by what the system said, and by what there is in its place."""

from __future__ import annotations

import errno
import os
import shlex
import stat
from collections.abc import Iterable
from itertools import islice

from netdsl.diagnostics import shortened
from netdsl.diagnostics.nearest import nearest

#: How many entries of a folder are looked at.
_MOST = 2_000
#: How many of them a help lists.
_FEW = 5
_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


def shown(path: str) -> str:
    """A path as messages say it: a long one without its middle."""
    return shortened(path, 200)


def _word(path: str) -> str:
    """A path as a word of a command."""
    return shlex.quote(shown(path))


def listed(names: Iterable[str], most: int = 4) -> str:
    """``\\`a\\`, \\`b\\` and 3 more``."""
    quoted = [f"`{shortened(name)}`" for name in names]
    if len(quoted) > most:
        return f"{', '.join(quoted[: most - 1])} and {len(quoted) - most + 1:,} more"
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def inside(folder: str, endings: str | tuple[str, ...] = "") -> list[str]:
    """The names in a folder that end so, sorted; none where it cannot be read."""
    try:
        with os.scandir(folder or ".") as entries:
            names = [entry.name for entry in islice(entries, _MOST)]
    except (OSError, ValueError):
        return []
    return sorted(name for name in names if name.endswith(endings) and name.isprintable())


# -- reading ----------------------------------------------------------------------------------------------------------


def near(path: str, endings: str | tuple[str, ...]) -> str | None:
    """The file beside ``path`` that is most likely meant; None where none is near."""
    folder, name = os.path.split(path)
    # By what differs: the ending that all share makes any two names look alike.
    bare = {each.removesuffix(_ending(each, endings)): each for each in reversed(inside(folder, endings))}
    found = nearest(name.removesuffix(_ending(name, endings)), bare)
    return None if found is None else os.path.join(folder, bare[found])


def _ending(name: str, endings: str | tuple[str, ...]) -> str:
    endings = (endings,) if isinstance(endings, str) else endings
    return max((ending for ending in endings if name.endswith(ending)), key=len, default="")


def missing(path: str, endings: str | tuple[str, ...], none: str) -> str:
    """What helps where there is no file ``path``; ``none`` where its folder has no file that ends so."""
    home = os.path.expanduser(path)
    if home != path and os.path.exists(home):
        return f"did you mean `{shown(home)}`?"
    folder = os.path.dirname(path)
    if folder and not os.path.isdir(folder):
        return _without(path)
    if os.path.islink(path):
        return f"it is a link to `{shown(os.path.realpath(path))}`, which is not there"
    if (meant := near(path, endings)) is not None:
        return f"did you mean `{shown(meant)}`?"
    found = inside(folder, endings)
    if not found:
        return none
    if len(found) > _FEW:
        where = _word(os.path.join(folder, "")) if folder else ""
        if isinstance(endings, str):
            return f"`ls {where}*{endings}` lists those that are there"
        return f"`ls {where or '.'}` lists what is there"
    return f"{f'`{shown(folder)}`' if folder else 'this folder'} has {listed(found, _FEW)}"


def _without(path: str) -> str:
    """What helps where a folder of a path is missing, or is a file."""
    begun, parts = os.path.splitdrive(path)[0], os.path.normpath(path).split(os.sep)
    there = begun + os.sep if os.path.isabs(path) else ""
    for place, part in enumerate(filter(None, parts)):
        step = os.path.join(there, part)
        if os.path.isdir(step):
            there = step
            continue
        if os.path.exists(step):
            return f"`{shown(step)}` is a file, and no folder"
        folders = [name for name in inside(there) if os.path.isdir(os.path.join(there, name))]
        if (meant := nearest(part, folders)) is not None:
            whole = os.path.join(there, meant, *[each for each in parts if each][place + 1 :])
            if os.path.isfile(whole):
                return f"did you mean `{shown(whole)}`?"
            return f"did you mean the folder `{shown(os.path.join(there, meant))}`?"
        return f"there is no folder `{shortened(part)}` in {f'`{shown(there)}`' if there else 'the current one'}"
    return "it has gone since: name it again"


def irregular(path: str, mode: int) -> str:
    """What helps where a pipe, a device or a socket is named, and a file is meant."""
    if stat.S_ISFIFO(mode):
        return f"it is a pipe: `cat {_word(path)} > COPY` makes a file of what comes out of it, to be named here"
    what = "a socket" if stat.S_ISSOCK(mode) else "a device"
    return f"it is {what}: name a file on a disk"


def unread(path: str, error: Exception) -> str:
    """What helps where reading ``path`` ended so, and it is not missing."""
    number = error.errno if isinstance(error, OSError) else None
    if number is None:
        return "a path has no NUL character in it, and no letter that the system has not: write its name anew"
    if number in (errno.EACCES, errno.EPERM):
        return _forbidden(path)
    if number in (errno.ENOTDIR, errno.ENOENT):
        return _without(path)
    if number == errno.ELOOP:
        return f"its links lead in a circle: `ls -l {_word(path)}` shows where the first leads"
    if number == errno.ENAMETOOLONG:
        return "a name has at most 255 bytes, and a path some 4,000: a shorter one"
    if number == errno.ENXIO:
        return irregular(path, stat.S_IFSOCK)
    if number in (errno.EMFILE, errno.ENFILE):
        return "too many files are open: close some, or `ulimit -n 4096` allows more"
    return f"copy it to a disk of this machine, `cp {_word(path)} COPY`, and name the copy"


def _forbidden(path: str) -> str:
    for folder in reversed(_ancestors(path)):
        if not os.access(folder, os.X_OK):
            return f"the folder `{shown(folder)}` lets you not in: `{_mode(folder, 'x')}`"
    return f"it needs read permission: `{_mode(path, 'r')}`"


def _mode(path: str, letter: str) -> str:
    """The command that gives the user of this process a right; for what is another user's with the rights of root."""
    try:
        own = os.stat(path).st_uid == os.geteuid() if hasattr(os, "geteuid") else True
    except OSError:
        own = False
    return f"{'chmod u' if own else 'sudo chmod a'}+{letter} {_word(path)}"


def _ancestors(path: str) -> list[str]:
    """The folders that a path goes through, the innermost first."""
    found = [os.path.dirname(path) or "."]
    while (above := os.path.dirname(found[-1])) not in ("", found[-1]):
        found.append(above)
    return found


# -- writing ----------------------------------------------------------------------------------------------------------


def unwritten(path: str, error: Exception) -> str:
    """What helps where a file could not be written at ``path``."""
    number = error.errno if isinstance(error, OSError) else None
    folder = os.path.dirname(path) or "."
    if number is None and os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path):
        return f"a pipe or a device has that name: name another, such as `{_name(os.path.join(folder, 'new-' + path))}`"
    if os.path.isdir(path):
        return f"name a file in it: `{shown(os.path.join(path, 'NAME' + os.path.splitext(path)[1]))}`"
    if not os.path.isdir(folder):
        helps = _without(os.path.join(folder, ""))
        return helps if helps.startswith(("did", "`")) else f"`mkdir -p {_word(folder)}` makes the folder"
    if (isinstance(error, FileNotFoundError) or number == errno.ENOTDIR) and os.path.islink(path):
        target = os.path.dirname(os.path.realpath(path))
        return f"it is a link into `{shown(target)}`, which is no folder: `rm {_word(path)}` takes the link away"
    if number == errno.EROFS:
        return f"the disk of `{shown(folder)}` is read-only: write to another, such as `~/{_name(path)}`"
    if isinstance(error, PermissionError):
        if os.path.exists(path) and not os.access(path, os.W_OK):
            return f"`{_mode(path, 'w')}` lets it be written, or name another file"
        return f"`{_mode(folder, 'w')}` lets files be made in it, or name another folder"
    if number in _FULL:
        return f"`df -h {_word(folder)}` shows what is left there: free space, or write to another disk"
    if number == errno.EFBIG:
        return "`ulimit -f unlimited` takes a bound of the shell away; some disks take no file of over 4 GB"
    if number == errno.ENXIO:
        return f"nobody reads this pipe: begin with its reader, such as `cat {_word(path)} > COPY`"
    if number == errno.ENAMETOOLONG:
        return "a name has at most 255 bytes, and a path some 4,000: a shorter one"
    if isinstance(error, FileExistsError) and error.filename is not None:
        return f"an earlier run left it behind: `rm {_word(str(error.filename))}`"
    return f"write it elsewhere, such as to `~/{_name(path)}`, and move it from there"


def _name(path: str) -> str:
    return shown(os.path.basename(path))


def unprinted(error: OSError) -> str:
    """What helps where the standard output takes nothing."""
    if error.errno in (*_FULL, errno.EFBIG):
        return "it leads into a file, and the disk is full: free space there, or lead it elsewhere with `> FILE`"
    return "it is closed, or what it leads to takes nothing: lead it into a file with `> FILE`"


# -- text -------------------------------------------------------------------------------------------------------------

_KINDS = (
    (b"\x89PNG", "a picture: the spec is the text that it was drawn of"),
    (b"\xff\xd8\xff", "a picture: the spec is the text that it was drawn of"),
    (b"%PDF", "a PDF: the spec is the text that it was drawn of"),
    (b"PK\x03\x04", "a ZIP archive, as checkpoints are: `netdsl weights check SPEC CHECKPOINT` takes the spec first"),
    (b"\x80\x02", "a pickle, as old checkpoints are: `netdsl weights check SPEC CHECKPOINT` takes the spec first"),
    (b"\x1f\x8b", "compressed by gzip: `gunzip` unpacks it"),
    (b"\x89HDF", "an HDF5 file, as Keras saves models: the spec is text beside it"),
    (b"\x7fELF", "a program: the spec is text"),
)


def other_kind(data: bytes) -> str | None:
    """What a file is that begins like one of another kind than text; else None."""
    for begin, what in _KINDS:
        if data.startswith(begin):
            return f"it is {what}"
    if data[8:10] == b'{"' and b"\0" in data[:8]:
        return "it is a checkpoint of safetensors: `netdsl weights check SPEC CHECKPOINT` takes the spec first"
    return None


def no_text(data: bytes) -> str:
    """What helps where ``data`` should be text in UTF-8 without NUL bytes, and is not."""
    if (kind := other_kind(data)) is not None:
        return kind
    head = data[:4_096]
    even, odd = head[::2].count(0), head[1::2].count(0)
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or max(even, odd) > 0.4 * len(head):
        order = "" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "LE" if odd > even else "BE"
        return f"it is UTF-16: save it as UTF-8, or `iconv -f UTF-16{order} -t UTF-8 OLD > NEW` writes it so"
    if b"\0" in data:
        line = data.count(b"\n", 0, data.index(b"\0")) + 1
        return f"the first NUL is in line {line:,}: `tr -d '\\000' < OLD > NEW` takes them out"
    control = sum(byte < 32 and byte not in b"\t\n\r\f" for byte in head)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        byte, line = data[error.start], data.count(b"\n", 0, error.start) + 1
        if byte >= 0xA0 and byte != 0xAD and not control:
            said = f"in line {line:,} it is `{chr(byte)}` of Latin-1"
            return f"{said}: save it as UTF-8, or `iconv -f LATIN1 -t UTF-8 OLD > NEW` writes it so"
        if not control:
            return f"it is in line {line:,}: save the file as UTF-8, or write that line anew"
    return "a spec is text, and this is not: `file` says what a file is"
