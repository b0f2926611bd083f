"""Times and memory of child processes, and the tables that benchmarks print."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple


class Run(NamedTuple):
    """One process from start to end: seconds of the wall clock, and the most memory that it had resident, in bytes."""

    seconds: float
    peak: int


def run(command: Sequence[str | Path], *, cwd: Path | None = None, terminal: bool = False) -> Run:
    """Runs a command, its output thrown away, on a pseudo-terminal if asked. RuntimeError where it fails."""
    begin = time.perf_counter()
    ours, theirs = os.openpty() if terminal else (-1, subprocess.DEVNULL)
    with subprocess.Popen([str(word) for word in command], cwd=cwd, stdout=theirs, stderr=subprocess.PIPE) as child:
        if terminal:
            os.close(theirs)
            _drain(ours)
        said = child.stderr.read() if child.stderr else b""
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - begin
    if child.returncode:
        raise RuntimeError(f"{command} ended with {child.returncode}: {said.decode(errors='replace')}")
    # Linux counts in KiB, macOS in bytes.
    return Run(seconds, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024))


def _drain(terminal: int) -> None:
    """Reads a pseudo-terminal until its other side is closed."""
    try:
        while os.read(terminal, 65536):
            pass
    except OSError:  # how Linux says that nobody writes any more
        pass
    finally:
        os.close(terminal)


def interleaved(
    commands: Mapping[str, Sequence[str | Path]], rounds: int, *, cwd: Path | None = None, terminal: bool = False
) -> dict[str, Run]:
    """Medians over ``rounds``, in each of which every command runs once, after one round that warms the file cache."""
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            taken = run(command, cwd=cwd, terminal=terminal)
            if number:
                runs[name].append(taken)
    return {
        name: Run(statistics.median(r.seconds for r in taken), int(statistics.median(r.peak for r in taken)))
        for name, taken in runs.items()
    }


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    lines = [header, ["-" * width for width in widths], *rows]
    return "\n".join("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |" for line in lines)


def machine(*more: str) -> str:
    """The machine and the versions that numbers belong to, those of ``more`` packages too."""
    from importlib.metadata import PackageNotFoundError, version

    parts = []
    for name in ("torch", "torchvision", "torchinfo", *more):
        try:
            parts.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            parts.append(f"no {name}")
    return f"{platform.machine()}, {os.cpu_count()} CPU cores, Python {platform.python_version()}, {', '.join(parts)}"
