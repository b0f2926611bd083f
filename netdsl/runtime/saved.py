"""Reads what ``torch.save`` wrote, once it is seen that reading takes no code, and no more time than its tensors."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING

from netdsl.diagnostics import NetdslError, shortened
from netdsl.diagnostics.files import shown
from netdsl.runtime.dependency import require_torch
from netdsl.runtime.file_kinds import AGAIN, TAR, failure, first_line, too_long
from netdsl.runtime.pickled import Beyond, longest, look

if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo

#: Where an archive ends: its directory, and how many bytes that has.
_END, _LONG_END = b"PK\x05\x06", b"PK\x06\x06"
#: What a record takes in the directory of an archive, at most, where nobody means harm.
_RECORD = 200


def read(name: str, size: int, most: int, *, archive: bool) -> object:
    """What a file of ``torch.save`` holds: an ``archive``, or the form before that. Nothing in it is run.

    Raises :class:`NetdslError`: ND402 for a damaged one, ND403 for another archive, ND404 for a pickle of more than
    tensors, ND007 for one of over ``most`` tensors, ND008 without torch.
    """
    torch = require_torch()
    if archive:
        _check_archive(name, size, most)
    try:
        if archive:
            # The same reader as below: archives can be made that two readers take for two things.
            _follow(torch._C.PyTorchFileReader(name).get_record("data.pkl"), 1, most)
        else:
            _check_legacy(name, most)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.load(name, map_location="cpu", weights_only=True, mmap=archive)
    except NetdslError:
        raise
    except Beyond as error:
        raise _beyond(name, error, most) from None
    except Exception as error:  # a broken pickle can raise anything
        raise _unread(name, error) from None


def _follow(data: bytes, pickles: int, most: int) -> None:
    if not look(data[: longest(most)], pickles, most) and len(data) > longest(most):
        raise Beyond(f"has over {longest(most):,} bytes", many=True)


def _check_legacy(name: str, most: int) -> None:
    """Refuses what PyTorch would take for a tar archive, which it reads otherwise, and follows the five pickles."""
    import tarfile

    try:
        tarfile.TarFile.taropen(name).close()
    except tarfile.TarError:
        pass
    else:
        raise failure("ND403", f"`{shown(name)}` is no checkpoint: it is {TAR}", _SAVED)
    with open(name, "rb") as file:
        _follow(file.read(longest(most) + 1), 5, most)


_SAVED = "a checkpoint is a safetensors file, or what `torch.save` wrote"


def _beyond(name: str, error: Beyond, most: int) -> NetdslError:
    if error.call is not None:
        message = f"`{shown(name)}` holds more than tensors, and reading it would run `{shortened(error.call)}`"
        return failure("ND404", f"{message}: it was not read", _TRUSTED)
    if error.many:
        return too_long(name, f"its pickle {error}", 4 * most, most)
    message = f"`{shown(name)}` is no checkpoint: its pickle {error}, and was not read"
    return failure("ND403", message, _TRUSTED)


def _check_archive(name: str, size: int, most: int) -> None:
    """Refuses an archive that ``torch.save`` did not write, and one whose records are not what their checksums say."""
    import zipfile

    try:
        if (told := _directory(name)) > _RECORD * 2 * most:
            raise too_long(name, f"the directory of its records has {told:,} bytes", told // _RECORD, most)
        with zipfile.ZipFile(name) as archive:
            records = archive.infolist()
            names = [record.filename for record in records]
            # Who reads it by another name finds another record.
            if len({entry.lower() for entry in names}) < len(names) or sum(one.compress_size for one in records) > size:
                message = f"`{shown(name)}` is damaged: two of its records have one name, or one place"
                raise failure("ND402", message, AGAIN)
            if not any(entry.endswith("/data.pkl") for entry in names):
                what = "holds arrays of NumPy" if any(entry.endswith(".npy") for entry in names) else "holds no tensors"
                message = f"`{shown(name)}` is no checkpoint: it is a ZIP archive, and {what}"
                raise failure("ND403", message, _SAVED)
            if any(entry.endswith("/constants.pkl") for entry in names):
                message = f"`{shown(name)}` is a TorchScript archive: it holds a program, of which netdsl runs nothing"
                help = "save its tensors alone: `torch.save(torch.jit.load(path).state_dict(), …)`"
                raise failure("ND404", message, help)
            if any(record.compress_type != zipfile.ZIP_STORED for record in records):
                message = f"`{shown(name)}` is a compressed ZIP archive, and `torch.save` compresses nothing"
                help = "where PyTorch reads it: `torch.save(torch.load(path, weights_only=True), NEW)`"
                raise failure("ND403", message, help)
            for record in records:
                # A checksum of zero is none: PyTorch can leave them out. torch.load itself looks at none.
                if record.CRC:
                    _read_through(archive, record, name)
    except NetdslError:
        raise
    except Exception:
        message = f"`{shown(name)}` is damaged: it is an archive of `torch.save` without its end, {size:,} bytes of it"
        raise failure("ND402", message, AGAIN) from None


def _read_through(archive: ZipFile, record: ZipInfo, name: str) -> None:
    """Reads a record, so that its checksum is looked at."""
    from zipfile import BadZipFile

    try:
        with archive.open(record) as file:
            while file.read(1 << 20):
                pass
    except BadZipFile:
        message = f"`{shown(name)}` is damaged: its record `{shortened(record.filename)}` is not what its checksum says"
        raise failure("ND402", message, AGAIN) from None


def _directory(name: str) -> int:
    """How many bytes an archive says that the directory of its records has; 0 where it does not say so."""
    with open(name, "rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - (1 << 17)))
        data = file.read()
    told = 0
    for sign, at, size in ((_END, 12, 4), (_LONG_END, 40, 8)):
        place = data.rfind(sign)
        number = int.from_bytes(data[place + at : place + at + size], "little") if place >= 0 else 0
        told = max(told, 0 if number == (1 << 8 * size) - 1 else number)
    return told


_TRUSTED = (
    "where you trust its origin, read it with PyTorch, and save its tensors alone: "
    "`torch.save(torch.load(path, weights_only=False)['state_dict'], …)`"
)
_CLASS = re.compile(r"GLOBAL ([\w.<>]+)")


def _unread(name: str, error: Exception) -> NetdslError:
    import pickle

    name = shown(name)
    found = _CLASS.search(str(error))
    help = _TRUSTED
    if found is not None:
        what = shortened(found[1])
        blocked = "is blocked" in str(error)
        message = f"`{name}` holds more than tensors, and reading it would run `{what}`: it was not read"
        if not blocked and re.search(r"\.nn\.|models?\.|\.[A-Z]\w*Net\w*$|^netdsl_generated_", what):
            message = f"`{name}` holds a whole pickled module (`{what}`), and reading that runs code: it was not read"
        if "whole pickled module" in message:
            help = help.replace("['state_dict']", ".state_dict()")
        return failure("ND404", message, "do not open it with anything else" if blocked else help)
    if isinstance(error, pickle.UnpicklingError):
        # What torch itself says goes over many lines and advises to run the code.
        return failure("ND404", f"`{name}` holds a pickle of more than tensors: it was not read", help)
    return failure("ND402", f"`{name}` is damaged: PyTorch says “{shortened(first_line(error), 200)}”", AGAIN)
