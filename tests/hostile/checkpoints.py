"""Checkpoints and key maps that strangers might send. They are made byte by byte: PyTorch would not write them."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.hostile.lines import line

SPEC = "net n\ninput 3x8x8\na: conv3-4 bias=false\nb: bn\nrelu, gap\nfc: fc-10\n"

#: The tensors of that net.
FITS = {
    "a.weight": [4, 3, 3, 3],
    **{f"b.{name}": [4] for name in ("weight", "bias", "running_mean", "running_var")},
    "fc.weight": [10, 4],
    "fc.bias": [10],
}

Content = bytes | Callable[[Path], None]


def checkpoint(name: str, content: Content, *codes: str, ends: int | None = None, spec: str = SPEC) -> None:
    """Adds a file that ``weights check`` is to look at."""
    line(name, "weights check n.net c.pth", _made(content, spec), *codes, ends=ends)


def _made(content: Content, spec: str = SPEC, **others: str | bytes) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        (folder / "n.net").write_text(spec)
        if isinstance(content, bytes):
            (folder / "c.pth").write_bytes(content)
        else:
            content(folder / "c.pth")
        for name, other in others.items():
            (folder / name.replace("_", ".")).write_bytes(other if isinstance(other, bytes) else other.encode())

    return make


# -- safetensors

_LONG = 99_000_000


def safetensors(header: object, data: bytes = b"", length: int | None = None) -> bytes:
    """A file of that header, of which it says another length."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def stored(shapes: dict[str, list[int]]) -> bytes:
    """A sound file of zeros."""
    header, at = {}, 0
    for key, shape in shapes.items():
        size = 4
        for axis in shape:
            size *= axis
        header[key] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + size]}
        at += size
    return safetensors(header, bytes(at))


def _entry(shape: list[object], begin: int = 0, end: int = 4, dtype: str = "F32") -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.write(struct.pack("<Q", _LONG) + b'{"')
        file.truncate(_LONG + 8)


checkpoint("a header that is longer than its file", safetensors({"a": _entry([1])}, bytes(4), 1000), "ND402")
checkpoint("a header that is cut", safetensors({"a": _entry([1])}, bytes(4), 10), "ND402")
checkpoint("a header of 2**63 bytes", safetensors({"a": _entry([1])}, bytes(4), 2**63), "ND403")
checkpoint("a header of half a terabyte", safetensors(b"{", length=2**39), "ND402")
checkpoint("a header of 99 MB that are not there", _sparse, "ND007")
checkpoint("lists in lists in a header", safetensors(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"), "ND402")
checkpoint("tensors in one place", safetensors({"a": _entry([1]), "b": _entry([1])}, bytes(4)), "ND402")
checkpoint("tensors with a hole between", safetensors({"a": _entry([1]), "b": _entry([1], 8, 12)}, bytes(12)), "ND402")
checkpoint("more bytes than the header has", safetensors({"a": _entry([1])}, bytes(12)), "ND402")
checkpoint("fewer bytes than the header has", safetensors({"a": _entry([1000], 0, 4000)}, bytes(40)), "ND402")
checkpoint("an axis below zero", safetensors({"a": _entry([-1])}, bytes(4)), "ND402")
checkpoint("axes that overflow", safetensors({"a": _entry([2**62, 2**62])}, bytes(4)), "ND402")
checkpoint("a huge tensor of nothing", safetensors({"a": _entry([2**63, 0], 0, 0)}), "ND405")
checkpoint("numbers of no kind", safetensors({"a": _entry([1], dtype="\x1b[31mX")}, bytes(4)), "ND402")
checkpoint("thousands of axes", safetensors({"a": _entry([1] * 100_000)}, bytes(4)), "ND405")
checkpoint("a key with signs of a terminal", stored({"a\x1b[31m\r\n\x07\u202e\x9b'\"`": [1]}), "ND405")
checkpoint("an empty key", stored({"": [1], "....": [1], "\0": [1]}), "ND405")
checkpoint("a key of a million letters", stored({"a" * 1_000_000: [1]}), "ND403")
checkpoint("a key of thousands of parts", stored({"a." * 950 + "x": [1], "a." * 950 + "y": [1]}), "ND405")
checkpoint("a million parts", stored({"a." * 500_000: [1]}), "ND403")
checkpoint("thousands of keys too many", stored({f"k{n}.weight": [1] for n in range(30_000)}), "ND007")
checkpoint("no tensor", safetensors({}), "ND403")
checkpoint("an empty file", b"", "ND402")
checkpoint("a folder as checkpoint", lambda path: path.mkdir(), "ND001")
checkpoint("a pipe as checkpoint", lambda path: os.mkfifo(path), "ND001")
checkpoint("a checkpoint that is a link to itself", lambda path: path.symlink_to(path.name), "ND001")
checkpoint("a checkpoint without an end", lambda path: path.symlink_to("/dev/zero"), "ND001")

# -- pickles

_BEGIN = b"\x80\x02"


def _text(text: str) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(data)) + data


def _integer(number: int) -> bytes:
    if -(2**31) <= number < 2**31:
        return b"J" + struct.pack("<i", number)
    data = pickle.encode_long(number)
    return b"\x8a" + bytes([len(data)]) + data


def _keep(place: int) -> bytes:
    return b"r" + struct.pack("<I", place)


def _get(place: int) -> bytes:
    return b"j" + struct.pack("<I", place)


def _tuple(*items: bytes) -> bytes:
    return b"(" + b"".join(items) + b"t"


def _name(name: str) -> bytes:
    module, _, own = name.rpartition(".")
    return f"c{module}\n{own}\n".encode()


def _call(name: str, *arguments: bytes) -> bytes:
    return _name(name) + _tuple(*arguments) + b"R"


def _tensor(size: Iterable[int] = (1,), stride: Iterable[int] = (1,), offset: int = 0, many: int = 1) -> bytes:
    place = _tuple(_text("storage"), _name("torch.FloatStorage"), _text("0"), _text("cpu"), _integer(many))
    axes = (_tuple(*map(_integer, each)) for each in (size, stride))
    return _call("torch._utils._rebuild_tensor_v2", place + b"Q", _integer(offset), *axes, b"\x89", b"}")


def _dictionary(**items: bytes) -> bytes:
    return b"}(" + b"".join(_text(key) + item for key, item in items.items()) + b"u"


def archive(made: bytes, *others: tuple[str, bytes]) -> bytes:
    """What ``torch.save`` writes, of a pickle without its beginning and its end."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as written:
        for name, data in (("data.pkl", _BEGIN + made + b"."), ("version", b"3\n"), ("data/0", bytes(4)), *others):
            written.writestr(f"archive/{name}", data)
    return file.getvalue()


def legacy(made: bytes) -> bytes:
    """The same in the form before PyTorch 1.6."""
    first = (0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True, "type_sizes": {}})
    return b"".join(pickle.dumps(each, 2) for each in first) + _BEGIN + made + b"." + pickle.dumps([], 2)


def both(name: str, made: bytes, *codes: str) -> None:
    """Adds a pickle in both forms."""
    checkpoint(name, archive(made), *codes)
    checkpoint(f"{name}, before 1.6", legacy(made), *codes, "ND402")


def _doubled(levels: int, begin: bytes, pair: bytes) -> bytes:
    made = begin + _keep(0)
    for level in range(levels):
        made += pair.replace(b"@", _get(level)) + _keep(level + 1)
    return made


def _shared(levels: int, width: int) -> bytes:
    made = _tensor() + _keep(0)
    for level in range(levels):
        others = b"".join(_text(f"k{n}") + _get(level) for n in range(1, width))
        made = b"}(" + _text("k0") + made + others + b"u" + _keep(level + 1)
    return made


checkpoint("a sound pickle of other keys", archive(_dictionary(a=_tensor())), "ND405")
both("a pickle that runs a command", _dictionary(a=_call("os.system", _text("touch HACKED"))), "ND404")
both("tuples in tuples that double, as a key", b"}" + _doubled(60, b")", b"@@\x86") + _text("x") + b"s", "ND403")
both("dictionaries in dictionaries, shared", _shared(4, 300), "ND403")
both("a tuple in tuples, 200,000 deep", b"}" + b")" + b"\x85" * 200_000 + _text("x") + b"s", "ND403")
both(
    "dictionaries in dictionaries, 100,000 deep",
    _dictionary(a=b"}" + (_text("x") + b"}") * 100_000 + b"s" * 100_000),
    "ND403",
)
both("a dictionary in itself", b"}" + _keep(1) + b"(" + _text("a") + _get(1) + b"u", "ND403")
both("bytes of the length that the file says", _dictionary(a=_call("builtins.bytearray", _integer(10**11))), "ND404")
both(
    "a text in a slow encoding",
    _dictionary(a=_call("_codecs.encode", _text("".join(map(chr, range(200, 50_000)))), _text("punycode"))),
    "ND404",
)
both(
    "a tensor without a stride, copied",
    _dictionary(
        a=_call(
            "torch._utils._rebuild_device_tensor_from_cpu_tensor",
            _tensor((10**9,), (0,)),
            _name("torch.float64"),
            _text("cpu"),
            b"\x89",
        )
    ),
    "ND404",
)
both("keys that fall together", b"}(" + (_integer((2**61 - 1) * 7) + b"N") * 5_000 + b"u", "ND403")
both("too many tensors", b"](" + (_name("torch.Tensor") + b")R") * 150_000 + b"e", "ND007")
checkpoint("a tensor past its storage", archive(_dictionary(a=_tensor((10**6,)))), "ND402")
checkpoint("a storage longer than its record", archive(_dictionary(a=_tensor((10**12,), many=10**12))), "ND402")
checkpoint("a stride below zero", archive(_dictionary(a=_tensor((2,), (-1,)))), "ND402")
checkpoint("a size below zero", archive(_dictionary(a=_tensor((-2,)))), "ND402")
checkpoint("a pickle that pops too much", archive(b"RRRR"), "ND402")
checkpoint("a key that is no text", archive(b"}(" + _text("\ud800") + _tensor() + b"u"), "ND403")
checkpoint("keys that are no texts", archive(b"}(" + _integer(1) + _tensor() + b"N" + _tensor() + b"u"), "ND403")
checkpoint(
    "a dictionary whose method is a number",
    archive(b"ccollections\nOrderedDict\n)R(" + _text("a") + _tensor() + b"u" + _dictionary(items=_integer(1)) + b"b"),
    "ND405",
)
checkpoint("a record twice", archive(_dictionary(a=_tensor()), ("DATA.PKL", b"")), "ND402")


def _overlapping() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as written:
        written.writestr("archive/data.pkl", b"")
        written.writestr("archive/data/0", bytes(1 << 20))
        for number in range(20_000):
            record = zipfile.ZipInfo(f"archive/data/{number + 1}")
            record.CRC, record.file_size, record.compress_size = 1, 1 << 20, 1 << 20
            record.header_offset = written.filelist[1].header_offset
            written.filelist.append(record)
        written._didModify = True  # type: ignore[attr-defined]
    return file.getvalue()


def _compressed() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as written:
        written.writestr("archive/data.pkl", b"")
        written.writestr("archive/data/0", bytes(100_000_000))
    return file.getvalue()


checkpoint("thousands of records in one place", _overlapping(), "ND402")
checkpoint("a record that is small in its archive alone", _compressed(), "ND403")
checkpoint("an archive without its end", archive(_dictionary(a=_tensor()))[:-30], "ND402")

# -- names

_ALIKE = "net n\ninput 1x8x8\n[conv1-1 bias=false, relu] ×2000\n"
_AXES = [1, 1, 1, 1]

checkpoint(
    "thousands of layers alike, under names that say nothing",
    stored({f"{n * 7919 % 10007:x}q.weight": _AXES for n in range(2000)}),
    "ND412",
    spec=_ALIKE,
)
checkpoint(
    "thousands of layers alike, under nine numbers each",
    stored({".".join(f"k{n * p % 9}" for p in range(1, 10)) + f".{n}.weight": _AXES for n in range(2000)}),
    "ND412",
    spec=_ALIKE,
)
checkpoint(
    "numbers of a thousand digits",
    stored({f"{d * 1500}.weight": _AXES for d in "12"}),
    "ND412",
    spec="net n\ninput 1x8x8\n[conv1-1 bias=false, relu] ×2\n",
)
checkpoint(
    "three numbers in one part of a key",
    stored({f"a{n}b{n * n % 13}c{n * 7 % 17}.weight": _AXES for n in range(40)}),
    "ND412",
    spec="net n\ninput 1x8x8\n[conv1-1 bias=false, relu] ×40\n",
)
checkpoint(
    "variants of thousands of nodes each",
    stored({"a.weight": _AXES}),
    "ND405",
    spec="net n\nparam w = 0\n"
    + "".join(f"variant v{n}: w = {n}\n" for n in range(40))
    + "input 1x8x8\n[conv1-1 bias=false, relu] ×2200\nconv1-{w+1}\n",
)

# -- key maps


def key_map(name: str, text: str | bytes, *codes: str, keys: Iterable[str] = ("a.weight",)) -> None:
    """Adds a key map."""
    data = stored({key: [1] for key in keys})
    line(name, "weights check n.net c.pth --map m.toml", _made(data, m_toml=text), *codes)


_PARTS = ".".join(["x" * 30] * 7) + ".y"

key_map("a pattern that splits each part in many ways", f'"{".".join(["*x*"] * 7)}.z" = "a"', "ND405", keys=[_PARTS])
key_map(
    "a pattern of words that stand twice",
    f'"{".".join(f"{{a{n}}}x{{b{n}}}" for n in [0, 1, 2, 0, 1, 2])}.z" = "a"',
    "ND410",
    keys=[_PARTS],
)
key_map(
    "two stars for any part, on long keys", '"**a**b" = "a"', "ND410", keys=[f"{'a' * 1990}{n}" for n in range(3000)]
)
key_map(
    "thousands of patterns for thousands of keys",
    "".join(f'"*k{n}.*" = "z{n}.*"\n' for n in range(5000)),
    "ND410",
    keys=[f"k{n}.weight" for n in range(5000)],
)
key_map("two keys under one name", '"*.weight" = "q\\u001b[31m"', "ND410", keys=["a\x1b[1m.weight", "b.weight"])
key_map("keys that change places", '"a.*" = "b.*"\n"b.*" = "a.*"', "ND405", "ND407", keys=["a.weight", "b.weight"])
key_map("a number that is too long to count", '"a{n}" = "b{n+1}"', "ND410", keys=["a" + "1" * 1900])
key_map("lists in lists of a key map", "a = " + "[" * 100_000 + "]" * 100_000, "ND410")
key_map("tables in tables of a key map", "a" + ".a" * 200_000 + " = 1", "ND410")
key_map("thousands of tables in one", "".join(f"a.b{n} = 1\n" for n in range(30_000)), "ND410")
key_map("thousands of schemes", "".join(f"[t{n}]\n'a.*' = 'b.*'\n" for n in range(20_000)), "ND410")
key_map("a number of thousands of digits", "a = " + "9" * 5_000, "ND410")
key_map("a key map with signs of a terminal", b'"a\x1b[31m" = 3\n', "ND410")
key_map("a key map of three megabytes", "#" + "x" * 3_000_000, "ND007")

# -- what is written


def converted(name: str, options: str, make: Callable[[Path], None], *codes: str, ends: int | None = None) -> None:
    """Adds a conversion of a checkpoint that fits."""

    def both_made(folder: Path) -> None:
        _made(stored(FITS))(folder)
        make(folder)

    line(name, f"weights convert n.net c.pth {options}", both_made, *codes, ends=ends)


converted("a conversion", "-o o.safetensors --save-map m.toml", lambda folder: None)
converted(
    "a conversion onto itself",
    "-o c.safetensors",
    lambda folder: os.link(folder / "c.pth", folder / "c.safetensors"),
    ends=2,
)
converted("a conversion into a pipe", "-o o.safetensors", lambda folder: os.mkfifo(folder / "o.safetensors"), "ND006")
converted("a conversion into a folder", "-o o.safetensors", lambda folder: (folder / "o.safetensors").mkdir(), "ND006")
converted("a map that cannot be written", "-o o.safetensors --save-map x/m.toml", lambda folder: None, "ND006")
converted("a map on a full disk", "-o o.safetensors --save-map /dev/full", lambda folder: None, "ND006")
converted("a map in the place of the weights", "-o o.safetensors --save-map o.safetensors", lambda folder: None, ends=2)
converted("an output with signs of a terminal", "-o \x1b[31mo.safetensors --save-map \x1b[1m.toml", lambda folder: None)
converted("an option with signs of a terminal", "-o \x1b[31mo", lambda folder: None, ends=2)
