"""Reads checkpoints: safetensors, and what ``torch.save`` wrote, without ever running code that a file brings.

A file is told by its first bytes, not by its name. Of a safetensors file the header is read and nothing else until
tensors are asked for, and torch is not imported; a file of ``torch.save`` is read by ``torch.load(weights_only=True)``.
Whatever is wrong with a file is a :class:`NetdslError`, and there is no half-read checkpoint.
"""

from __future__ import annotations

import math
import os
import re
import stat
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from netdsl.diagnostics import NetdslError, shortened
from netdsl.diagnostics.files import listed, shown, unwritten
from netdsl.diagnostics.nearest import did_you_mean
from netdsl.elaborate import LIMITS
from netdsl.ir.types import Shape
from netdsl.runtime import saved
from netdsl.runtime.dependency import require_torch
from netdsl.runtime.file_kinds import (
    AGAIN,
    MAGIC,
    failure,
    first_line,
    head_of,
    looks_like_safetensors,
    no_checkpoint,
    too_long,
)

if TYPE_CHECKING:
    from torch import Tensor


class Stored(NamedTuple):
    """One tensor of a checkpoint, by what can be told without its values.

    ``dtype`` is torch's word (``float32``). ``form`` is empty for an ordinary array, else what it is instead:
    ``sparse``, ``quantised``, ``nested`` (of several shapes) or ``without values`` (of the device ``meta``).
    """

    shape: Shape
    dtype: str
    form: str = ""

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)


class Checkpoint:
    """The tensors of a checkpoint by key.

    ``name`` is what to call it in reports, ``form`` what kind of file it is. ``stored`` is in the order of the file;
    ``ordered`` says whether that may be the order of the layers (safetensors sorts its keys). ``notes`` say what was
    done to find the tensors.
    """

    def __init__(
        self,
        name: str,
        form: str,
        stored: Mapping[str, Stored],
        read: Callable[[Iterable[str]], dict[str, Tensor]],
        *,
        ordered: bool = True,
        notes: Iterable[str] = (),
        size: int | None = None,
    ) -> None:
        self.name = name
        self.form = form
        self.stored = dict(stored)
        self.ordered = ordered and list(self.stored) != sorted(self.stored)
        self.notes = tuple(notes)
        self.size = size
        self._read = read

    def tensors(self, keys: Iterable[str]) -> dict[str, Tensor]:
        """The tensors of these keys, on the CPU. Raises :class:`NetdslError` where the file can no longer be read."""
        return self._read(keys)


#: How many tensors a file may have for each node that a net may have: a convolution and its norm have six.
EACH = 4

#: The most letters of a key.
_LETTERS = 2_000
#: How many bytes of the header of a safetensors file a tensor may take; usually it takes a hundred.
_HEADER = 400


def open_checkpoint(
    path: str | os.PathLike[str], *, inside: str | None = None, most: int = EACH * LIMITS.nodes
) -> Checkpoint:
    """Reads which tensors a checkpoint holds, of which it may have ``most``.

    ``inside`` is the key (or keys with dots between) of the dictionary to take, where a file holds several. Raises
    :class:`NetdslError`: ND001 for what is no readable file, ND007 for too many tensors, ND402 for a damaged one, ND403
    for one that is no checkpoint, ND404 for a pickle of more than tensors, ND008 where torch is needed and missing.
    """
    name = os.fspath(path)
    head, size = head_of(name)
    if looks_like_safetensors(head):
        return _safetensors(name, size, head, inside, most)
    if head.startswith(b"PK\x03\x04"):
        return _gather(saved.read(name, size, most, archive=True), name, "PyTorch", inside, size, most)
    if MAGIC in head[:64]:
        form = "PyTorch (the form before 1.6)"
        return _gather(saved.read(name, size, most, archive=False), name, form, inside, size, most)
    raise no_checkpoint(name, size, head)


def of_mapping(value: Mapping[str, Any], name: str = "the mapping") -> Checkpoint:
    """A checkpoint out of a ``state_dict`` in hand. Raises :class:`NetdslError` (ND403) where it holds no tensors."""
    return _gather(value, name, "a mapping", None, None, None)


_SAVE = "a checkpoint is a dictionary of tensors: `torch.save(net.state_dict(), …)`"


# -- safetensors ------------------------------------------------------------------------------------------------------

_DTYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U8": "uint8",
    "BOOL": "bool",
    "C64": "complex64",
}


def _safetensors(name: str, size: int, head: bytes, inside: str | None, most: int) -> Checkpoint:
    try:
        from safetensors import safe_open
    except (ImportError, OSError) as error:
        message = f"safetensors cannot be imported ({error}), and `{shown(name)}` is such a file"
        raise failure("ND008", message, "install it with `pip install safetensors`") from None
    if inside is not None:
        message = f"`{shown(name)}` has no `{shortened(inside)}` to take tensors from: a safetensors file has one level"
        help = f"leave `--key` out; `--prefix {shortened(inside)}.` takes the keys that begin so"
        raise failure("ND403", message, help)
    length = int.from_bytes(head[:8], "little")
    if _HEADER * most < length <= size:
        raise too_long(name, f"its header has {length:,} bytes", -(-length // _HEADER), most)
    try:
        with safe_open(name, framework="np") as file:
            slices = {key: file.get_slice(key) for key in file.keys()}  # noqa: SIM118
            stored = {
                key: Stored(tuple(part.get_shape()), _DTYPES.get(part.get_dtype(), part.get_dtype().lower()))
                for key, part in slices.items()
            }
    except Exception as error:  # the library raises what it likes for what it cannot read
        raise _damaged_safetensors(name, size, head, error) from None
    if not stored:
        help = "`safetensors.torch.save_file(net.state_dict(), …)` writes those of a net"
        raise failure("ND403", f"`{shown(name)}` is a safetensors file without a tensor", help)
    _bounded(name, stored, most)

    def read(keys: Iterable[str]) -> dict[str, Tensor]:
        require_torch()
        try:
            with safe_open(name, framework="pt", device="cpu") as file:
                return {key: file.get_tensor(key) for key in keys}
        except Exception as error:
            raise _damaged_safetensors(name, size, head, error) from None

    return Checkpoint(name, "safetensors", stored, read, ordered=False, size=size)


def _damaged_safetensors(name: str, size: int, head: bytes, error: Exception) -> NetdslError:
    length = int.from_bytes(head[:8], "little")
    if 8 + length > size:
        said = f"its header is said to be {length:,} bytes long, and the file has {size:,}"
    else:
        said = f"its header does not fit its {size:,} bytes ({shortened(first_line(error), 200)})"
        if "not fully covered" in str(error):
            said = f"it has {size:,} bytes, and by its header {_said_size(name, length)}"
    return failure("ND402", f"`{shown(name)}` is damaged: {said}", AGAIN)


def _said_size(name: str, length: int) -> str:
    """How long the header says that the file is."""
    import json

    with open(name, "rb") as file:
        header = json.loads(file.read(8 + length)[8:])
    ends = [entry["data_offsets"][1] for key, entry in header.items() if key != "__metadata__"]
    return f"{8 + length + max(ends, default=0):,}"


# -- dictionaries in dictionaries -------------------------------------------------------------------------------------

#: Where training scripts keep a model's tensors, the likeliest first.
_WRAPPERS = (
    "state_dict",
    "model_state_dict",
    "model_state",
    "model",
    "module",
    "net",
    "network",
    "weights",
    "params",
    "state_dict_ema",
    "model_ema",
    "ema",
)


class _Place(NamedTuple):
    path: tuple[str, ...]
    tensors: dict[str, Any]
    rest: tuple[str, ...]


def _bounded(name: str, stored: Mapping[str, Stored], most: int) -> None:
    """Refuses more tensors, and longer keys, than a net can have."""
    if len(stored) > most:
        raise too_long(name, f"it has {len(stored):,} tensors", len(stored), most)
    for key in stored:
        if not key.isascii() and key.encode(errors="replace").decode() != key:
            message = f"`{shown(name)}` is no checkpoint: its key `{shortened(key)}` is no text"
            raise failure("ND403", message, "save the tensor under a key that UTF-8 has")
    longest = max(stored, key=len)
    if len(longest) > _LETTERS:
        message = f"`{shown(name)}` is no checkpoint: a key of it has {len(longest):,} letters, `{shortened(longest)}`"
        raise failure("ND403", message, f"a key has at most {_LETTERS:,} letters: save the tensor under a shorter one")


def _gather(value: object, name: str, form: str, inside: str | None, size: int | None, most: int | None) -> Checkpoint:
    """Finds the dictionary of tensors in what a file holds, which may have ``most``."""
    torch = require_torch()
    if not isinstance(value, Mapping):
        what = (
            "a tensor without a name" if isinstance(value, torch.Tensor) else f"one value, a `{type(value).__name__}`"
        )
        raise failure("ND403", f"`{shown(name)}` is no checkpoint: it holds {what}", _SAVE)
    places: list[_Place] = []
    _collect(value, (), places, torch.Tensor)
    notes: list[str] = []
    chosen = _choose(places, value, name, inside)
    if chosen.path:
        notes.append(f"its tensors stand under `{'.'.join(chosen.path)}`")
    others = [".".join(place.path) for place in places if place is not chosen and place.path]
    if others and inside is None:
        notes.append(f"it has tensors under {listed(others)} too, which were not looked at (`--key` takes them)")
    if chosen.rest:
        notes.append(f"{listed(chosen.rest)} beside them {'is' if len(chosen.rest) == 1 else 'are'} no tensor")
    stored = {key: _stored(tensor, torch) for key, tensor in chosen.tensors.items()}
    if most is not None:
        # In hand a state_dict of the device `meta` is a way to ask whether one would fit.
        for key in [key for key, tensor in chosen.tensors.items() if tensor.is_meta]:
            stored[key] = stored[key]._replace(form="without values")
        _bounded(name, stored, most)

    def read(keys: Iterable[str]) -> dict[str, Tensor]:
        # A tensor of a file may have attributes of any name.
        return {key: torch.Tensor.detach(chosen.tensors[key]) for key in keys}

    return Checkpoint(name, form, stored, read, notes=notes, size=size)


def _stored(tensor: Any, torch: Any) -> Stored:
    dtype = str(tensor.dtype).removeprefix("torch.")
    if tensor.is_nested:  # it has no shape
        return Stored((), dtype, "nested")
    form = "quantised" if tensor.is_quantized else "sparse" if tensor.layout != torch.strided else ""
    return Stored(tuple(tensor.shape), dtype, form)


def _collect(value: Mapping[Any, Any], path: tuple[str, ...], places: list[_Place], kind: type) -> None:
    # A dictionary of a file may have an attribute in the place of its method.
    items = list(dict.items(value) if isinstance(value, dict) else value.items())
    tensors = {key: item for key, item in items if isinstance(key, str) and isinstance(item, kind)}
    if tensors:
        rest = tuple(str(key) for key, item in items if key not in tensors and not isinstance(item, Mapping))
        places.append(_Place(path, tensors, rest))
    if len(path) < 3:
        for key, item in items:
            if isinstance(key, str) and isinstance(item, Mapping):
                _collect(item, (*path, key), places, kind)


def _choose(places: list[_Place], value: Mapping[Any, Any], name: str, inside: str | None) -> _Place:
    paths = [".".join(place.path) for place in places if place.path]
    if inside is not None:
        for place in places:
            if ".".join(place.path) == inside:
                return place
        there = f"there {'is' if len(paths) == 1 else 'are'} {listed(paths)}" if paths else _SAVE
        if not paths and places:
            there = "they stand under no name: it is read without `--key`"
        help = did_you_mean(inside, paths) or there
        raise failure("ND403", f"`{shown(name)}` has no tensors under `{shortened(inside)}`", help)
    if not places:
        held = f"no tensors, but {listed([str(key) for key in value])}" if value else "nothing"
        raise failure("ND403", f"`{shown(name)}` is no checkpoint: it holds {held}", _SAVE)

    def rank(place: _Place) -> tuple[int, ...]:
        return tuple(_WRAPPERS.index(part) if part in _WRAPPERS else len(_WRAPPERS) for part in place.path)

    top = next((place for place in places if not place.path), None)
    nested = [place for place in places if place.path]
    known = [place for place in nested if place.path[-1] in _WRAPPERS or place.path[0] in _WRAPPERS]
    if top is not None and all(len(top.tensors) >= len(place.tensors) for place in nested):
        return top
    if known:
        return min(known, key=rank)
    if len(nested) > 1:
        message = f"`{shown(name)}` holds tensors under {listed(paths)}, and it does not say which are this net's"
        first = shortened(paths[0])
        raise failure("ND403", message, f"`--key {first}`, or `weights=torch.load(path)[{first!r}]` in Python")
    return nested[0]


# -- writing ----------------------------------------------------------------------------------------------------------


def write_safetensors(
    path: str | os.PathLike[str], tensors: Mapping[str, Tensor], *, first: Callable[[], None] = lambda: None
) -> None:
    """Writes a safetensors file whole or not at all: beside its place first, then moved there.

    Equal tensors give equal bytes. ``first`` is called before it is moved: where that raises, nothing is written.
    Raises :class:`NetdslError` (ND006) where the place cannot be written.
    """
    from safetensors.torch import save_file

    target = Path(os.path.realpath(path))
    beside = target.with_name(f".netdsl-{os.getpid()}-weights.tmp")
    try:
        mode = target.stat().st_mode if target.exists() else None
        if mode is not None and stat.S_ISDIR(mode):
            raise IsADirectoryError(None, "it is a folder")
        if mode is not None and not stat.S_ISREG(mode):
            raise OSError(None, "it is no regular file")
        if mode is not None and not os.access(target, os.W_OK):
            raise PermissionError(None, "it is read-only")
        os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        try:
            usual = beside.stat().st_mode
            save_file(_apart(tensors), beside, {"format": "pt"})
            # The library makes its files readable by their owner alone.
            os.chmod(beside, stat.S_IMODE(usual if mode is None else mode))
            first()
            os.replace(beside, target)
        finally:
            beside.unlink(missing_ok=True)
    except NetdslError:
        raise
    except Exception as error:  # the library wraps the system's errors
        reason = error.strerror if isinstance(error, OSError) and error.strerror else shortened(first_line(error), 200)
        if (number := re.search(r"\(os error (\d+)\)", reason)) is not None:
            reason = os.strerror(int(number[1]))
            error = OSError(int(number[1]), reason)
        reason = reason.lower()
        if not target.parent.is_dir():
            reason = f"there is no folder `{shown(str(Path(path).parent))}`"
        help = unwritten(os.fspath(path), error)
        raise failure("ND006", f"`{shown(os.fspath(path))}` cannot be written: {reason}", help) from None


def _apart(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors without memory in common, which the format does not know, and each in one piece."""
    seen: set[int] = set()
    apart = {}
    for key, tensor in tensors.items():
        storage = tensor.untyped_storage()
        if storage.data_ptr() in seen or storage.nbytes() != tensor.nbytes:
            tensor = tensor.clone()
        seen.add(storage.data_ptr())
        apart[key] = tensor.detach().contiguous()
    return apart
