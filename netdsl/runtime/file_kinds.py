"""Which file is a checkpoint: told by its first bytes, and said in words where it is none."""

from __future__ import annotations

import os
import stat

from netdsl.diagnostics import Diagnostic, NetdslError, files


def failure(code: str, message: str, help: str) -> NetdslError:
    """What is wrong with a file, to be raised."""
    return NetdslError([Diagnostic(code, message, None, help)])


def too_long(name: str, said: str, tensors: int, most: int) -> NetdslError:
    """A file that is read for as many ``tensors``, and ``most`` are allowed: four for each node of a net."""
    message = f"`{files.shown(name)}` is too long: {said}, and a checkpoint may have {most:,} tensors"
    help = f"`--max-nodes {-(-tensors // 4):,}` lets it have more; in Python give `weights` a `state_dict`"
    return failure("ND007", message, help)


def first_line(error: BaseException) -> str:
    """What an error of others says first."""
    text = (str(error).strip() or type(error).__name__).splitlines()[0]
    return text.split(". ")[0].rstrip(".")


#: What helps where a file is not whole.
AGAIN = "a download that broke off? fetch it again"

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


TAR = "a tar archive, in which very old versions of PyTorch saved too; netdsl does not read it"

#: How the names of checkpoints end.
ENDINGS = (".safetensors", ".pth", ".pt", ".bin", ".ckpt", ".tar")


def head_of(
    name: str, most: int = 4096, endings: tuple[str, ...] = ENDINGS, what: str = "checkpoint"
) -> tuple[bytes, int]:
    """The first ``most`` bytes of a regular file (-1: all), and its size.

    Raises :class:`NetdslError` (ND001) where there is none that can be read: ``what``, whose name ends in ``endings``.
    """
    said = files.shown(name)
    try:
        info = os.stat(name)
        mode = info.st_mode
        if stat.S_ISDIR(mode):
            raise failure("ND001", f"`{said}` is a folder, and a {what} is a file", _in_folder(name, endings, what))
        if not stat.S_ISREG(mode):
            raise failure("ND001", f"`{said}` is no regular file", files.irregular(name, mode))
        with open(name, "rb") as file:
            return file.read(most), info.st_size
    except (OSError, ValueError) as error:
        if isinstance(error, FileNotFoundError):
            none = f"there is no {what} beside it, whose name ends in {' or '.join(endings[:3])}: name its folder too"
            raise failure("ND001", f"there is no file `{said}`", files.missing(name, endings, none)) from None
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "its name is no path"
        raise failure("ND001", f"cannot read `{said}`: {reason.lower()}", files.unread(name, error)) from None


def _in_folder(name: str, endings: tuple[str, ...], what: str) -> str:
    if found := files.inside(name, endings):
        return f"in it is `{files.shown(os.path.normpath(os.path.join(name, found[0])))}`"
    others = files.inside(name)
    return f"it has no {what}, but {files.listed(others)}" if others else f"it is empty: name the {what} itself"


def looks_like_safetensors(head: bytes) -> bool:
    """Whether a file begins as safetensors do: the length of a header, and its bracket."""
    return len(head) > 8 and head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 1 << 40


def no_checkpoint(name: str, size: int, head: bytes) -> NetdslError:
    """What a file of ``size`` bytes is that begins with ``head``, and is no checkpoint."""
    help = "a checkpoint is a safetensors file, or a `.pth` or `.pt` that `torch.save` wrote"
    name, ending = files.shown(name), os.path.splitext(name)[1]
    if not size:
        return failure("ND402", f"`{name}` is empty", "nothing of it was written: save or download it again")
    for signature, what in _SIGNATURES:
        if head.startswith(signature):
            return failure("ND403", f"`{name}` is no checkpoint: it is {what}", help)
    if head[257:262] == b"ustar":
        return failure("ND403", f"`{name}` is no checkpoint: it is {TAR}", help)
    if head[:1] == b"\x80" and head[1:2] <= b"\x05":
        what = "a pickle that `torch.save` did not write, and unpickling runs what the file says"
        help = (
            "where you trust its origin: `torch.save({k: torch.as_tensor(v) for k, v in pickle.load(…).items()}, NEW)`"
        )
        return failure("ND404", f"`{name}` is {what}: it was not read", help)
    if not head.strip(b"\0"):
        return failure(
            "ND402", f"`{name}` begins with {len(head):,} zero bytes", "the download has a hole: fetch it again"
        )
    if ending == ".safetensors":
        length = int.from_bytes(head[:8], "little")
        return failure("ND402", f"`{name}` is damaged: a header of {length:,} bytes cannot be", help)
    if head.lstrip()[:1] in (b"{", b"["):
        index = "safetensors.index" in name or b"weight_map" in head
        what = "the index of a checkpoint in several files; netdsl reads one file" if index else "JSON"
        if index:
            help = "make one of its files: `save_file({k: v for f in FILES for k, v in load_file(f).items()}, NEW)`"
        return failure("ND403", f"`{name}` is no checkpoint: it is {what}", help)
    if ending == ".net":
        help = f"`netdsl weights check {name} CHECKPOINT`"
        return failure("ND403", f"`{name}` is a spec: the spec comes first, then its checkpoint", help)
    what = "is text" if _is_text(head) else f"begins with {head[:4].hex(' ')}"
    return failure("ND403", f"`{name}` is no checkpoint: it {what}", help)


def _is_text(head: bytes) -> bool:
    try:
        return head[:2048].decode("utf-8", errors="strict").isprintable() or (b"\n" in head and b"\0" not in head)
    except UnicodeDecodeError:
        return False
