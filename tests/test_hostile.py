"""Specs that strangers might send: a diagnostic or the right result, soon and in little memory, and nothing written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

#: In so many parts, which run side by side.
SHARES = 4


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are bounded where they can be forked")
@pytest.mark.parametrize("share", range(SHARES))
def test_cases(share: int) -> None:
    command = [sys.executable, "-m", "tests.hostile", "--quick", "--most", "3", "--share", str(share), str(SHARES)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are bounded where they can be forked")
@pytest.mark.parametrize("share", range(SHARES // 2))
def test_lines(share: int) -> None:
    """Checkpoints, key maps, graphs in JSON, files that use others, pairs of nets, and names of files."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.hostile.several", "--quick", "--most", "3"]
    command += ["--share", str(share), str(SHARES // 2)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
