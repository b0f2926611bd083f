"""Files that mean harm, for the command lines of ``netdsl weights``: those of ``tests/hostile``, and a few more."""

from __future__ import annotations

import io
import os
import tarfile
import tempfile
from pathlib import Path

#: By the names that they get here, those of tests/hostile.
_OTHERS = {
    "long-key.safetensors": "a key of a million letters",
    "many.safetensors": "thousands of keys too many",
    "long-header.safetensors": "a header of 99 MB that are not there",
    "no-text.pth": "a key that is no text",
    "itself.pth": "a dictionary in itself",
    "deep.pth": "a tuple in tuples, 200,000 deep",
    "doubled.pth": "dictionaries in dictionaries, shared",
    "odd.pth": "keys that fall together",
    "calls.pth": "too many tensors",
    "bytes-as-said.pth": "bytes of the length that the file says",
    "record-twice.pth": "a record twice",
    "slow.pth": "two stars for any part, on long keys",
}
_MAPS = {
    "slow.toml": "two stars for any part, on long keys",
    "dots.toml": "thousands of tables in one",
    "schemes.toml": "thousands of schemes",
    "again.toml": "a pattern of words that stand twice",
    "long.toml": "a key map of three megabytes",
}

#: The command lines on them.
COMMANDS = (
    *(f"weights check small.net {name}" for name in (*_OTHERS, "operations.pth", "letters.pth", "tar-too.pth")),
    "weights check small.net directory.pth",
    "weights check weighty.net meta.pth",
    "weights check weighty.net nested.pth",
    "weights check small.net slow.pth --map slow.toml",
    *(f"weights check weighty.net whole.pth --map {name}" for name in _MAPS if name != "slow.toml"),
    "weights convert small.net whole.safetensors -o both.safetensors --save-map both.safetensors",
)


def write(here: Path, state: dict[str, object]) -> None:
    """Writes all of them; ``state`` is what the net of ``weighty.net`` has."""
    import torch

    # These import netdsl, of which nothing may be there before its calls are looked at.
    from tests.hostile.checkpoints import archive, legacy
    from tests.hostile.lines import LINES

    for names, made in ((_OTHERS, "c.pth"), (_MAPS, "m.toml")):
        for name, line in names.items():
            with tempfile.TemporaryDirectory() as place:
                LINES[line].make(Path(place))
                os.replace(Path(place) / made, here / name)
    (here / "operations.pth").write_bytes(archive(b"N" * 1_300_000))
    (here / "letters.pth").write_bytes(archive(b"X" + (9_000_000).to_bytes(4, "little") + bytes(9_000_000)))
    whole = archive(b"}")
    end = whole.rindex(b"PK\x05\x06") + 12
    (here / "directory.pth").write_bytes(whole[:end] + (10**8).to_bytes(4, "little") + whole[end + 4 :])
    torch.save({**state, "fc.bias": torch.zeros(10, device="meta")}, here / "meta.pth")
    torch.save({**state, "fc.bias": torch.nested.nested_tensor([torch.zeros(2)])}, here / "nested.pth")
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as written:
        info = tarfile.TarInfo(os.fsdecode(legacy(b"")[:15]))
        written.addfile(info)
    (here / "tar-too.pth").write_bytes(file.getvalue())
