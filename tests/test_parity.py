"""The benchmark that lays each net beside another library's: its table, and its exit code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parent.parent / "benchmarks" / "parity.py"


def parity(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, SCRIPT, *words], capture_output=True, text=True, check=False)


def test_a_net_with_a_reference_and_one_without() -> None:
    done = parity("resnet_cifar:20", "lenet5")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in done.stdout.splitlines() if "|" in line]
    titles, _, *nets = rows
    assert titles[:6] == ["net", "input", "params", "MACs", "keys", "difference"]
    named = {row[0]: dict(zip(titles, row)) for row in nets}
    assert set(named) == {"resnet_cifar:20", "lenet5:modern", "lenet5:classic"}
    cifar = named["resnet_cifar:20"]
    assert (cifar["params"], cifar["MACs"]) == ("269,722", "40,551,040")
    assert cifar["keys"].endswith("equal") and cifar["difference"] == "0"
    assert named["lenet5:classic"]["difference"] == "–" and "own count" in named["lenet5:classic"]["against"]


def test_a_net_that_there_is_not() -> None:
    done = parity("resnt")
    assert done.returncode == 2 and "there is no net `resnt`" in done.stderr
