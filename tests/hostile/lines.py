"""Command lines on hostile files of other kinds than specs, and on several specs at once.

``python -m tests.hostile.several [WORD…]`` runs those whose names have one of the words, and prints what they took. A
line holds to the same promise as a spec: a diagnostic or the right result, soon and in little memory, nothing written
beside an error; and no control character of a file or of its name comes to the terminal.
"""

from __future__ import annotations

import argparse
import importlib
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from netdsl.cli.app import COMMANDS
from tests.hostile.commands import snapshot
from tests.hostile.ran import BYTES, SECONDS, Ran, forked


class Line(NamedTuple):
    """One command line in a folder that ``make`` fills: the codes of its errors, and how it ends."""

    name: str
    words: tuple[str, ...]
    make: Callable[[Path], None]
    codes: frozenset[str]
    ends: int


LINES: dict[str, Line] = {}

#: What moves the cursor, changes colours, or turns the order of what is read.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def line(name: str, command: str, make: Callable[[Path], None], *codes: str, ends: int | None = None) -> None:
    """Adds a line: it ends with 1 where there are ``codes``, else with 0, unless ``ends`` says so."""
    assert name not in LINES
    words = tuple(command.split())
    LINES[name] = Line(name, words, make, frozenset(codes), int(bool(codes)) if ends is None else ends)


def folder_of(files: dict[str, str | bytes]) -> Callable[[Path], None]:
    """What makes files by their names."""

    def make(folder: Path) -> None:
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())

    return make


def one(each: Line) -> tuple[Ran, list[str]]:
    """Runs a line, and says what it did wrong."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "here"
        folder.mkdir()
        each.make(folder)
        before = snapshot(folder)
        ran = forked(*each.words, cwd=folder)
        said = []
        if "Traceback" in ran.err or "Error:" in ran.err:
            said.append("a traceback: " + " / ".join(ran.err.strip().splitlines()[-2:])[-300:])
        if ran.code != each.ends or not ran.codes <= each.codes or bool(each.codes) != bool(ran.codes):
            said.append(f"ended with {ran.code} and {sorted(ran.codes)}, not with {each.ends} and {sorted(each.codes)}")
        if found := _CONTROL.search(ran.out + ran.err):
            said.append(f"printed {found[0]!r}")
        if ran.code and snapshot(folder) != before:
            said.append("wrote something")
        if ran.bytes > BYTES:
            said.append(f"took {ran.bytes / 1e6:.0f} MB")
        return ran, said


def main() -> int:
    """Runs what is asked for; 1 where a promise was broken. Times are printed, and break none."""
    options = argparse.ArgumentParser(prog="python -m tests.hostile.several")
    options.add_argument("word", nargs="*", help="lines whose names have one of these words")
    options.add_argument("--share", type=int, nargs=2, metavar=("K", "N"), default=(0, 1))
    options.add_argument("--most", type=int, default=12, help="how many runs are listed")
    options.add_argument("--quick", action="store_true", help="of dear pairs, each with one command alone")
    given = options.parse_args()
    for name in COMMANDS:
        importlib.import_module(f"netdsl.cli.{'papertable' if name == 'table' else name}")
    # A line is not to count the import of torch.
    for name in ("explain", "convert", "saved"):
        importlib.import_module(f"netdsl.runtime.{name}")
    importlib.import_module("safetensors.torch")
    chosen = [each for each in LINES.values() if not given.word or any(word in each.name for word in given.word)]
    if given.quick:
        chosen = [each for each in chosen if not each.name.startswith(("side by side", "a difference in", "a drawing"))]
    took: list[tuple[float, int, str]] = []
    broken = 0
    for each in chosen[given.share[0] :: given.share[1]]:
        ran, said = one(each)
        took.append((ran.seconds, ran.bytes, each.name))
        if said:
            broken += 1
            print(f"BROKEN {each.name}: {'; '.join(said)}", flush=True)
    took.sort()
    for seconds, size, name in took[-given.most :]:
        print(f"{seconds:6.2f} s {size / 1e6:6.0f} MB  {name}" + ("  SLOW" if seconds > SECONDS else ""))
    print(f"{len(took)} runs, {broken} broken promises")
    return 1 if broken else 0
