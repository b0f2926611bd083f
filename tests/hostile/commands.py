"""How each command is called on a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from netdsl.cli.app import COMMANDS as KNOWN
from tests.hostile.cases import FILE, Case
from tests.hostile.ran import Ran


class Call(NamedTuple):
    """A command line; ``out`` in it is a folder to write to.

    ``compiles`` is whether the net must be right, ``drawn`` whether it may be too large to be drawn, or to be held
    against another, ``fits`` whether a right net is all that it needs.
    """

    words: tuple[str, ...]
    compiles: bool = True
    drawn: bool = False
    fits: bool = True


#: The command lines, by a name. A test holds them against the commands that there are.
CALLS: dict[str, Call] = {
    "check": Call(("check", FILE)),
    "check json": Call(("check", FILE, "--format", "json")),
    "check sarif": Call(("check", FILE, "--format", "sarif")),
    "check fix": Call(("check", FILE, "--fix", "--dry-run"), compiles=False),
    "stats": Call(("stats", FILE)),
    "stats json": Call(("stats", FILE, "--format", "json", "--by", "block")),
    "build": Call(("build", FILE, "--no-run", "-o", "out/net.py")),
    "draw": Call(("draw", FILE, "-o", "out/net.svg"), drawn=True),
    "draw png": Call(("draw", FILE, "-o", "out/net.png"), drawn=True),
    "draw layers": Call(("draw", FILE, "--as", "layers", "-o", "out/net.svg"), drawn=True),
    "draw dot": Call(("draw", FILE, "--as", "layers", "-o", "out/net.dot"), drawn=True),
    "draw volumes": Call(("draw", FILE, "--as", "volumes", "-o", "out/net.svg"), drawn=True),
    "draw html": Call(("draw", FILE, "-o", "out/net.html"), drawn=True),
    "draw mermaid": Call(("draw", FILE, "-o", "out/net.mmd"), drawn=True),
    "draw diff": Call(("draw", FILE, FILE, "--diff", "-o", "out/net.svg"), drawn=True),
    "diff": Call(("diff", FILE, FILE), drawn=True),
    "docs": Call(("docs", FILE, "-o", "out/pages"), drawn=True),
    "expand": Call(("expand", FILE)),
    "explain": Call(("explain", FILE)),
    "fmt": Call(("fmt", "--diff", FILE), compiles=False),
    "ir": Call(("ir", FILE)),
    "ir json": Call(("ir", FILE, "--json")),
    "table": Call(("table", FILE, "--format", "markdown")),
    "table html": Call(("table", FILE, "--format", "html", "-o", "out/net.html")),
    "table latex": Call(("table", FILE, "--format", "latex", "-o", "out/net.tex")),
    "table svg": Call(("table", FILE, "--format", "svg", "-o", "out/net.svg"), drawn=True),
    "weights": Call(("weights", "check", FILE, "one.safetensors"), fits=False),
}

#: Commands that read no spec, or that go on until they are stopped.
OTHERS = {"ops", "watch", "zoo"}

#: Commands that look at all variants of a file.
_ALL = {"check", "docs", "table"}

#: A checkpoint of one number.
_ONE = b'{"one":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'

assert {call.words[0] for call in CALLS.values()} | OTHERS == set(KNOWN)


def lay(case: Case, folder: Path) -> None:
    """Makes a case's files, the folder to write to, and a checkpoint."""
    case.make(folder)
    (folder / "out").mkdir()
    (folder / "one.safetensors").write_bytes(len(_ONE).to_bytes(8, "little") + _ONE + bytes(4))


def call(name: str, case: Case, folder: Path, run: Callable[..., Ran]) -> Ran:
    """Runs a command line on a case."""
    options = _taken(CALLS[name].words[0], case.options)
    return run(*CALLS[name].words, *options, cwd=folder)


def _taken(command: str, options: Sequence[str]) -> list[str]:
    """Of a case's options those that a command takes."""
    if command == "fmt":
        return [option for option in options if option.startswith("--max-bytes")]
    return [option for option in options if command != "docs" or not option.startswith("--set")]


def snapshot(folder: Path) -> dict[str, bytes | str]:
    """Every file below a folder, with what it holds; for what is no regular file, what it is."""
    found: dict[str, bytes | str] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = f"link to {path.readlink()}"
        else:
            found[name] = path.read_bytes() if path.is_file() else f"mode {path.stat().st_mode:o}"
    return found


def wrong(name: str, case: Case, ran: Ran, before: dict[str, bytes | str], folder: Path) -> list[str]:
    """What a run did that it may not do."""
    said = []
    if ran.code not in (0, 1):
        said.append(f"ended with {ran.code}")
    if "Traceback" in ran.err or "Error:" in ran.err:
        said.append("a traceback: " + " / ".join(ran.err.strip().splitlines()[-2:])[-300:])
    line = CALLS[name]
    quiet = name.startswith("check ")  # those print what is wrong to the standard output
    large = (line.drawn or (case.many and line.words[0] in _ALL)) and not case.codes and ran.codes == {"ND218"}
    large = large or (quiet and case.many)
    told = len(_taken(line.words[0], case.options)) == len(case.options)
    if line.compiles and told and not large and not case.either:
        if bool(ran.code) != bool(case.codes) and (line.fits or case.codes):
            said.append(f"ended with {ran.code}, and {sorted(case.codes) or 'no errors'} were to come")
        if not quiet and not ran.codes <= case.codes and (line.fits or case.codes):
            said.append(f"said {sorted(ran.codes)}, not {sorted(case.codes)}")
    if ran.code and line.words[0] not in ("check", "weights") and ran.out:
        said.append(f"printed {len(ran.out)} characters beside its errors")
    if ran.code and line.fits and not quiet and not ran.codes:
        said.append("ended with 1 and said no error")
    if ran.code and snapshot(folder) != before:
        said.append("wrote something")
    return said
