"""Which file is a checkpoint: told by its first bytes, and said in words where it is none."""

from __future__ import annotations

import os
import stat

from netdsl.diagnostics import Diagnostic, NetdslError
from netdsl.diagnostics.nearest import nearest


def failure(code: str, message: str, help: str | None = None) -> NetdslError:
    """What is wrong with a file, to be raised."""
    return NetdslError([Diagnostic(code, message, help=help)])


#: What ``torch.save`` began a file with before it wrote archives: a pickled number.
MAGIC = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19"

_PAGE = "a web page (a download that went to a sign-in or an error page?)"
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"version https://git-lfs", "a pointer of Git LFS: `git lfs pull` fetches the file itself"),
    (b"\x89HDF\r\n", "an HDF5 file, as Keras writes them"),
    (b"\x93NUMPY", "an array of NumPy"),
    (b"\x1f\x8b", "compressed by gzip: unpack it first"),
    (b"BZh", "compressed by bzip2: unpack it first"),
    (b"\xfd7zXZ", "compressed by xz: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd: unpack it first"),
    (b"Rar!", "a RAR archive: unpack it first"),
    (b"7z\xbc\xaf", "a 7-Zip archive: unpack it first"),
    (b"<!DOCTYPE", _PAGE),
    (b"<!doctype", _PAGE),
    (b"<html", _PAGE),
    (b"<HTML", _PAGE),
    (b"<?xml", "XML (the error page of a download?)"),
    (b"\x08\x03\x12", "an ONNX model, it seems"),
    (b"GGUF", "a GGUF file"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
)


def head_of(name: str) -> tuple[bytes, int]:
    """The first bytes and the size of a file."""
    try:
        info = os.stat(name)
        if stat.S_ISDIR(info.st_mode):
            raise failure("ND001", f"`{name}` is a folder, and a checkpoint is a file", _in_folder(name))
        if not stat.S_ISREG(info.st_mode):
            raise failure("ND001", f"`{name}` is no regular file")
        with open(name, "rb") as file:
            return file.read(4096), info.st_size
    except (OSError, ValueError) as error:
        if isinstance(error, FileNotFoundError):
            raise failure("ND001", f"there is no file `{name}`", _nearest_file(name)) from None
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "its name is no path"
        raise failure("ND001", f"cannot read `{name}`: {reason.lower()}") from None


_ENDINGS = (".safetensors", ".pth", ".pt", ".bin", ".ckpt", ".tar")


def _in_folder(name: str) -> str | None:
    try:
        found = sorted(entry for entry in os.listdir(name) if entry.endswith(_ENDINGS))
    except OSError:
        return None
    return f"in it is `{os.path.normpath(os.path.join(name, found[0]))}`" if found else None


def _nearest_file(name: str) -> str | None:
    folder, _, _ = name.rpartition(os.sep)
    try:
        found = [entry for entry in os.listdir(folder or ".") if entry.endswith(_ENDINGS)]
    except OSError:
        return f"there is no folder `{folder}`"
    near = nearest(os.path.basename(name), found)
    return f"did you mean `{os.path.join(folder, near)}`?" if near else None


def looks_like_safetensors(head: bytes) -> bool:
    """Whether a file begins as safetensors do: the length of a header, and its bracket."""
    return len(head) > 8 and head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 1 << 40


def no_checkpoint(name: str, size: int, head: bytes) -> NetdslError:
    """What a file of ``size`` bytes is that begins with ``head``, and is no checkpoint."""
    help = "a checkpoint is a safetensors file, or a `.pth` or `.pt` that `torch.save` wrote"
    if not size:
        return failure("ND402", f"`{name}` is empty", "it was not written or downloaded to its end")
    for signature, what in _SIGNATURES:
        if head.startswith(signature):
            return failure("ND403", f"`{name}` is no checkpoint: it is {what}", help)
    if head[257:262] == b"ustar":
        what = "a tar archive, in which very old versions of PyTorch saved too; netdsl does not read it"
        return failure("ND403", f"`{name}` is no checkpoint: it is {what}", help)
    if head[:1] == b"\x80" and head[1:2] <= b"\x05":
        what = "a pickle that `torch.save` did not write, and unpickling runs what the file says"
        return failure("ND404", f"`{name}` is {what}: it was not read", help)
    if not head.strip(b"\0"):
        return failure(
            "ND402", f"`{name}` begins with {len(head):,} zero bytes", "the download has a hole: fetch it again"
        )
    if name.endswith(".safetensors"):
        length = int.from_bytes(head[:8], "little")
        return failure("ND402", f"`{name}` is damaged: a header of {length:,} bytes cannot be", help)
    if head.lstrip()[:1] in (b"{", b"["):
        index = "safetensors.index" in name or b"weight_map" in head
        what = "the index of a checkpoint in several files; netdsl reads one file" if index else "JSON"
        return failure("ND403", f"`{name}` is no checkpoint: it is {what}", help)
    if name.endswith(".net"):
        return failure("ND403", f"`{name}` is a spec: the spec comes first, then its checkpoint", help)
    what = "is text" if _is_text(head) else f"begins with {head[:4].hex(' ')}"
    return failure("ND403", f"`{name}` is no checkpoint: it {what}", help)


def _is_text(head: bytes) -> bool:
    try:
        return head[:2048].decode("utf-8", errors="strict").isprintable() or (b"\n" in head and b"\0" not in head)
    except UnicodeDecodeError:
        return False
