"""A command in a process of its own, within bounds, and what it took."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

#: What a command may take, by the promise: seconds of processor time, and bytes.
SECONDS, BYTES = 2.0, 500_000_000

#: What a test allows: machines that run tests are slow and shared. Only what never ends takes so long.
PATIENCE = 20

_ROOT = Path(__file__).parent.parent.parent


class Ran(NamedTuple):
    """How a command ended, what it printed, and what it took. ``code`` is negative where a signal ended it."""

    code: int
    out: str
    err: str
    seconds: float
    bytes: int

    @property
    def codes(self) -> set[str]:
        """The codes of the errors that it printed."""
        return set(re.findall(r"^error\[(ND\d{3})\]", self.err, re.MULTILINE))


def cold(*arguments: object, cwd: Path) -> Ran:
    """Runs ``netdsl`` in the folder ``cwd``, in a fresh Python."""
    report = cwd.parent / f"{cwd.name}.report.json"
    limited = [sys.executable, "-IS", str(Path(__file__).with_name("limited.py"))]
    command = [sys.executable, "-m", "netdsl", *map(str, arguments)]
    done = subprocess.run(
        [*limited, str(report), str(PATIENCE), str(BYTES), *command],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=5 * PATIENCE,
        check=False,
        env={**os.environ, "PYTHONPATH": str(_ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    took: Mapping[str, float] = json.loads(report.read_text())
    report.unlink()
    out, err = (text.decode("utf-8", errors="replace") for text in (done.stdout, done.stderr))
    return Ran(int(took["code"]), out, err, took["seconds"], int(took["kilobytes"]) * 1024)


def forked(*arguments: object, cwd: Path) -> Ran:
    """Runs a command in a copy of this process, which has imported what commands need: the time has no imports."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            os._exit(_child([str(word) for word in arguments], cwd, out.fileno(), err.fileno()))
        _, status, usage = os.wait4(child, 0)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode("utf-8", errors="replace"))
    seconds = usage.ru_utime + usage.ru_stime
    return Ran(os.waitstatus_to_exitcode(status), texts[0], texts[1], seconds, usage.ru_maxrss * 1024)


def _child(arguments: list[str], cwd: Path, out: int, err: int) -> int:
    try:
        signal.alarm(5 * PATIENCE)  # for what waits and uses no time
        resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE, PATIENCE + 1))
        resource.setrlimit(resource.RLIMIT_DATA, (BYTES, BYTES))
        os.chdir(cwd)
        nowhere = os.open(os.devnull, os.O_RDONLY)
        for descriptor, place in ((nowhere, 0), (out, 1), (err, 2)):
            os.dup2(descriptor, place)
        sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)
        from netdsl.cli.app import main

        code = main(arguments)
        sys.stdout.flush()
        sys.stderr.flush()
        return code
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        return 1
