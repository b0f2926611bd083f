"""Files for the command lines of ``netdsl weights``: checkpoints that do not fit, and what is no checkpoint."""

from __future__ import annotations

import os
import pickle
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.messages import harmful

#: A net with everything that a checkpoint can disagree about.
SPEC = """\
net weighty
input 3x8x8
param classes = 10, widths = 4
variant thin
variant wide: widths = 8
style conv = _, bn, relu

block unit(c) {
  add { conv3-c, conv3-c +bn | if in.c != c { shortcut: [conv1-c +bn] } else { id } }
  relu
}

stem: conv3-4 -> 4x8x8
body: unit(widths) ×2
middle: conv1-6 bias=false plain
maxpool
flatten
fc: FC-{classes}

output aux train weight=0.3 { @body, gap, head: FC-5 }
"""

#: Two layers that nothing but their order tells apart.
TWINS = """\
net twins
input 4x8x8
concat { left: conv3-4 | right: conv3-4 }
gap, flatten
"""

#: Files that begin like those of other programs.
BEGINNINGS = {
    "empty.pth": b"",
    "lfs.pth": b"version https://git-lfs.github.com/spec/v1\noid",
    "keras.h5": b"\x89HDF\r\n\x1a\n",
    "array.npy": b"\x93NUMPY",
    "a.gz": b"\x1f\x8b\x08",
    "a.bz2": b"BZh9",
    "a.xz": b"\xfd7zXZ\0",
    "a.zst": b"\x28\xb5\x2f\xfd",
    "a.rar": b"Rar!\x1a",
    "a.7z": b"7z\xbc\xaf\x27",
    "page.pth": b"<!DOCTYPE html>",
    "error.pth": b"<?xml version='1.0'?><Error/>",
    "a.onnx": b"\x08\x03\x12\x07pytorch",
    "a.gguf": b"GGUF\x03",
    "a.png": b"\x89PNG\r\n",
    "tar.pth": b"a" * 257 + b"ustar",
    "zeros.pth": bytes(9_000),
    "header.safetensors": b"\xff" * 64,
    "cut.safetensors": (500).to_bytes(8, "little") + b'{"a":',
    "garbled.safetensors": (5).to_bytes(8, "little") + b'{"a":' + bytes(100),
    "index.json": b'{"weight_map": {}}',
    "other.json": b"[1, 2]",
    "text.pth": b"weights\nare here\n",
    "bytes.pth": b"\x01\x02\xff\xfe" * 9,
}

#: Names of archives that ``torch.save`` did not write, and what is in them.
ARCHIVES: dict[str, tuple[int, dict[str, bytes]]] = {
    "arrays.npz": (zipfile.ZIP_STORED, {"a.npy": b"\x93NUMPY"}),
    "other.zip": (zipfile.ZIP_STORED, {"a/b": b"x"}),
    "squeezed.pth": (zipfile.ZIP_DEFLATED, {"a/data.pkl": b"x" * 99}),
    "script.pth": (zipfile.ZIP_STORED, {"a/data.pkl": b"x", "a/constants.pkl": b"x"}),
}

#: Key maps with a mistake each.
MAPS = {
    "broken.toml": '"a" = \n',
    "number.toml": '"a" = 3\n',
    "word.toml": '"a.{0}" = "b"\n',
    "lost.toml": '"a.{unit}" = "b.{nuit}"\n"c.*" = "d.{x}"\n',
    "stars.toml": '"a.*" = "b.*.*"\n"c" = "d.*"\n',
    "many.toml": '"**.**.**" = "a"\n"*{x}*" = "b"\n',
    "same.toml": '"*.*" = "one"\n',
    "counts.toml": '"{block}.{part}" = "unit.{block+1}.{part}"\n',
    "bare.toml": "a.* = b.*\n",
    "twice.toml": '"a" = "b"\n"a" = "c"\n',
    "counting.toml": '"a.{n+1}" = "b"\n',
    "none-such.toml": '"a.{unit}.{at}" = "b.{xyz}"\n',
    "brace.toml": '"a{" = "b"\n',
    "net.toml": '"net.**" = "**"\n',
    "none.toml": '"**" = false\n',
    "other.toml": '"nothing.like.it" = "here"\n',
}


class _Ours:
    """A class that no checkpoint should need."""


class _Runs:
    """A value whose unpickling would run a function of the system."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return os.system, ("true",)


def write(here: Path) -> None:
    """Writes all of them."""
    import torch
    from safetensors.torch import save_file
    from torch import nn

    import netdsl

    (here / "weighty.net").write_text(SPEC, encoding="utf-8")
    (here / "pair.net").write_text(TWINS, encoding="utf-8")
    (here / "numbered.net").write_text(TWINS.replace("left", "t1").replace("right", "t2"), encoding="utf-8")
    for name, data in BEGINNINGS.items():
        (here / name).write_bytes(data)
    for name, (method, records) in ARCHIVES.items():
        with zipfile.ZipFile(here / name, "w", method) as archive:
            for record, data in records.items():
                archive.writestr(record, data)
    for name, text in MAPS.items():
        (here / name).write_text(text, encoding="utf-8")
    (here / "latin.toml").write_bytes(b'"\xe4" = "b"\n')
    (here / "plain.pkl").write_bytes(pickle.dumps({"a": [1.0]}, protocol=4))
    (here / "empty").mkdir()
    (here / "runs").mkdir()

    def keep(name: str, value: object) -> None:
        torch.save(value, here / name)

    state = netdsl.load(here / "weighty.net", seed=0).state_dict()
    harmful.write(here, state)

    def changed(**update: object) -> dict[str, Any]:
        """The net's own tensors, with some others: None takes one away, and a function changes it."""
        made: dict[str, Any] = dict(state)
        for key, value in update.items():
            key = key.replace("__", ".")
            if value is None:
                del made[key]
            else:
                made[key] = value(made[key]) if callable(value) else value
        return made

    keep("whole.pth", state)
    kept = bytearray((here / "whole.pth").read_bytes())
    (here / "cut.pth").write_bytes(kept[:9_000])
    kept[kept.index(state["fc.weight"].numpy().tobytes()) + 100] ^= 1
    (here / "flipped.pth").write_bytes(kept)
    keep("runs/epoch.pth", state)
    save_file(state, here / "whole.safetensors")
    save_file({}, here / "bare.safetensors")
    short = (here / "whole.safetensors").read_bytes()
    (here / "short.safetensors").write_bytes(short[:-100])
    torch.save(state, here / "legacy.pth", _use_new_zipfile_serialization=False)
    (here / "legacy.pth").write_bytes((here / "legacy.pth").read_bytes()[:900])
    keep("class.pth", {"state_dict": {}, "args": _Ours()})
    keep("runs.pth", {"a": _Runs()})
    keep("module.pth", nn.Linear(2, 2))
    keep("ema.pth", {"model": state, "ema": state, "epoch": 3, "best": 1.0, "args": [], "seed": 1, "date": "today"})
    keep("beside.pth", {**state, "epoch": 3})
    keep("parallel.pth", {f"module.{key}": value for key, value in state.items()})
    keep("data-parallel.pth", {key.replace("body.", "body.module."): value for key, value in state.items()})
    torch.save(state, here / "old.pth", _use_new_zipfile_serialization=False)
    save_file({f"net.{key}": value for key, value in state.items()}, here / "prefixed.safetensors")
    with zipfile.ZipFile(here / "opcode.pth", "w") as archive:
        archive.writestr("a/data.pkl", b"\x80\x02i")
        archive.writestr("a/version", b"3\n")
    os.mkfifo(here / "pipe.safetensors")
    (here / "folder.safetensors").mkdir()
    keep("tensor.pth", torch.zeros(2))
    keep("list.pth", [1])
    keep("numbers.pth", {"epoch": 3})
    keep("nothing.pth", {})
    keep("label.pth", {key.replace("body", "trunk"): value for key, value in changed(fc__bias=None).items()})
    keep("labels.pth", {key.replace(".conv1.", ".c."): value for key, value in changed(fc__bias=None).items()})
    keep("two.pth", {"first": state, "second": state})
    keep("inside.pth", {"state_dict": state, "epoch": 3})
    keep("classes.pth", changed(fc__weight=torch.zeros(7, 96), fc__bias=torch.zeros(7)))
    keep("complex.pth", changed(stem__weight=lambda w: w.to(torch.complex64)))
    keep("cube.pth", changed(fc__weight=torch.zeros(10, 3, 3)))
    keep("stem.pth", changed(stem__weight=torch.zeros(6, 3, 3, 3)))
    keep("norm.pth", changed(bn1__weight=torch.zeros(5)))
    keep("kernel.pth", changed(stem__weight=torch.zeros(4, 3, 5, 5)))
    keep("grey.pth", changed(stem__weight=torch.zeros(4, 1, 3, 3)))
    keep("map.pth", changed(fc__weight=torch.zeros(10, 6 * 49)))
    keep("axes.pth", changed(middle__weight=lambda w: w[..., 0, 0]))
    keep("whole-numbers.pth", changed(stem__weight=lambda w: w.long(), body__0__bn1__weight=lambda w: w.long()))
    keep("quantised.pth", changed(stem__weight=lambda w: w.to_sparse()))
    keep("unbiased.pth", changed(fc__bias=None))
    keep("biased.pth", changed(middle__bias=torch.zeros(6)))
    keep("headless.pth", {key: value for key, value in state.items() if not key.startswith("aux.")})
    keep("blockless.pth", {key: value for key, value in state.items() if not key.startswith("body.1")})
    keep("scale.pth", changed(body__0__scale=torch.zeros(4), body__1__scale=torch.zeros(4), extra=torch.zeros(3)))
    keep("more.pth", changed(tail__weight=torch.zeros(2, 2), tail__bias=torch.zeros(2)))
    keep("strange.pth", {"a.weight": torch.zeros(2), "b.weight": torch.zeros(3), "c.weight": torch.tensor(1.0)})
    keep(
        "others.pth",
        {f"net.layer{at}.{key.rpartition('.')[2]}": value for at, (key, value) in enumerate(state.items())},
    )
    wide = netdsl.load(here / "weighty.net", variant="wide", seed=0).state_dict()
    keep("wide.pth", wide)
    keep("wide-others.pth", _renamed(wide))
    keep("renamed.pth", _renamed(state))
    keep("narrower.pth", {key: value for key, value in _renamed(state).items() if "middle" not in key})
    twins = netdsl.load(here / "pair.net", seed=0).state_dict()
    save_file(
        {key.replace("left", "p").replace("right", "q"): value for key, value in twins.items()}, here / "pq.safetensors"
    )
    swapped = {key.replace("left", "b2").replace("right", "b1"): value for key, value in twins.items()}
    keep("swapped.pth", swapped)
    keep(
        "seven.pth",
        {
            **netdsl.load(here / "small.net", seed=0).state_dict(),
            "fc1.weight": torch.zeros(7, 4),
            "fc1.bias": torch.zeros(7),
        },
    )

    keep("many.pth", dict.fromkeys("abcdef", 1))
    (here / "alike.net").write_text(
        "net alike\ninput 3x8x8\nparam n = 2\nvariant a: n = 8\nvariant b: n = 8\nconv3-n\n", encoding="utf-8"
    )
    keep("alike.pth", netdsl.load(here / "alike.net", variant="a", seed=0).state_dict())
    lines = "block unit(c) { conv3-c +bn }\ninput 3x8x8\nunit(" + "+".join(["1"] * 30) + ")\n"
    (here / "long.net").write_text(lines, encoding="utf-8")
    keep("long.pth", {key: torch.zeros(7) for key in netdsl.load(here / "long.net", seed=0).state_dict()})
    keep(
        "fewer.pth",
        {key: value[:2] if key.startswith("body") and value.dim() else value for key, value in state.items()},
    )
    (here / "scaled.net").write_text("net scaled\ninput 3x8x8\nprelu, conv3-8\n", encoding="utf-8")
    scaled = netdsl.load(here / "scaled.net", seed=0).state_dict()
    keep("scaled.pth", {**scaled, "prelu1.weight": torch.tensor(1.0)})
    lines = (
        "net grouped\ninput 4x8x8\np: conv3-4 groups=2\nq: conv kernel=3x1 channels=4\nrelu\nr: conv-4 kernel={2+1}\n"
    )
    (here / "grouped.net").write_text(lines, encoding="utf-8")
    other = {"p": (3, 3), "q": (1, 3), "r": (5, 5)}
    grouped = netdsl.load(here / "grouped.net", seed=0).state_dict()
    keep("ungrouped.pth", {**grouped, **{f"{key}.weight": torch.zeros(4, 4, *size) for key, size in other.items()}})
    keep(
        "labelled.pth", {key.replace("body.0.conv", "body.0.c"): value for key, value in changed(fc__bias=None).items()}
    )
    keep("one.pth", {key: value for key, value in _renamed(state).items() if "body.1" not in key})


def _renamed(state: Mapping[str, Any]) -> dict[str, Any]:
    return {f"old_{key}": value for key, value in state.items()}


#: The command lines.
LINES: tuple[str, ...] = (
    *(f"weights check small.net {name}" for name in (*BEGINNINGS, *ARCHIVES)),
    "weights check small.net plain.pkl",
    "weights check small.net small.net",
    "weights check small.net empty",
    "weights check small.net runs",
    "weights check small.net pipe.net",
    "weights check small.net hole.pth",
    "weights check small.net nowhere/whole.pth",
    *(f"weights check weighty.net {name}.pth" for name in ("cut", "flipped", "legacy", "class", "runs", "module")),
    "weights check weighty.net opcode.pth",
    "weights check weighty.net many.pth",
    "weights check alike.net alike.pth",
    "weights check weighty.net fewer.pth",
    "weights check pair.net pq.safetensors",
    "weights check long.net long.pth",
    "weights check scaled.net scaled.pth",
    "weights check grouped.net ungrouped.pth",
    "weights check weighty.net labelled.pth",
    "weights check small.net half/small.pth",
    "weights check small.net parts",
    *(f"weights check weighty.net {name}.pth" for name in ("complex", "cube", "stem", "norm", "kernel")),
    "weights convert scaled.net scaled.pth",
    "weights convert weighty.net seven.pth",
    "weights convert weighty.net one.pth",
    *(f"weights check weighty.net {name}.pth" for name in ("tensor", "list", "numbers", "nothing", "two")),
    "weights check weighty.net two.pth --key frist",
    "weights check weighty.net inside.pth --key ema",
    "weights check weighty.net whole.pth --key ema",
    "weights check weighty.net whole.safetensors --key ema",
    "weights check weighty.net bare.safetensors",
    "weights check weighty.net short.safetensors",
    *(f"weights check weighty.net {name}.pth" for name in ("classes", "grey", "map", "axes", "whole-numbers")),
    *(f"weights check weighty.net {name}.pth" for name in ("quantised", "unbiased", "biased", "headless", "blockless")),
    *(f"weights check weighty.net {name}.pth" for name in ("scale", "more", "strange", "others", "wide", "renamed")),
    "weights check weighty.net wide-others.pth",
    "weights check weighty.net:wide whole.pth",
    "weights convert weighty.net renamed.pth -o new.pth",
    "weights convert weighty.net strange.pth",
    "weights convert weighty.net strange.pth --partial",
    "weights convert weighty.net narrower.pth",
    "weights convert weighty.net classes.pth",
    "weights convert pair.net pq.safetensors",
    "weights convert numbered.net swapped.pth",
    "weights check small.net seven.pth",
    "weights convert weighty.net renamed.pth -o nowhere/new.safetensors",
    "weights convert weighty.net renamed.pth -o folder.safetensors",
    "weights convert weighty.net renamed.pth -o pipe.safetensors",
    *(f"weights check weighty.net renamed.pth --map {name}" for name in MAPS),
    "weights check weighty.net renamed.pth --map latin.toml",
    "weights check weighty.net renamed.pth --map missing.toml",
    "weights check weighty.net renamed.pth --map 'a\0b.toml'",
)
