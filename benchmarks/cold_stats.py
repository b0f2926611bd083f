"""A cold process that prints the table of GoogLeNet: ``netdsl stats`` against torchinfo, in turn.

``python benchmarks/cold_stats.py [--rounds 5] [--module torchvision|generated] [--terminal]``

torchinfo needs a module: that of torchvision, or the one that netdsl writes (``--module generated``), which imports
nothing but torch and is the paper's net to the parameter. On CPU tensors a forward pass is run; on the meta device
modules have shapes and no numbers. Output is thrown away; with ``--terminal`` it goes to a pseudo-terminal, where
netdsl prints its table with rich.
"""

from __future__ import annotations

import argparse
import ast
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import interleaved, machine, table
from rivals import SPECS, need

_HERE = Path(__file__).resolve().parent

_TORCHVISION = """\
import sys
sys.path.insert(0, {here!r})
from rivals import torchvision_models
make = lambda: torchvision_models().googlenet(weights=None, aux_logits=True, init_weights=True)
"""
_GENERATED = """\
import sys
sys.path.insert(0, {folder!r})
def make():
    from googlenet import {name}
    return {name}()
"""
_SUMMARY = """\
import warnings
warnings.simplefilter("ignore")
import torch, torchinfo
with torch.device({device!r}):
    net = make()
torchinfo.summary(net, input_size=(1, 3, 224, 224), device={device!r}, depth=10, verbose=1)
"""


def main() -> None:
    """Measures, and prints medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--module", choices=("torchvision", "generated"), default="torchvision")
    parser.add_argument("--terminal", action="store_true")
    options = parser.parse_args()
    need("torch", "torchinfo", *(["torchvision"] if options.module == "torchvision" else []))

    python = sys.executable
    with tempfile.TemporaryDirectory() as folder:
        if options.module == "generated":
            name = _write_module(Path(folder) / "googlenet.py")
            setup = _GENERATED.format(folder=folder, name=name)
        else:
            setup = _TORCHVISION.format(here=str(_HERE))
        taken = interleaved(
            {
                "python -c pass": [python, "-c", "pass"],
                "netdsl stats": [python, "-m", "netdsl", "stats", SPECS / "googlenet.net"],
                "torchinfo, CPU": [python, "-c", setup + _SUMMARY.format(device="cpu")],
                "torchinfo, meta": [python, "-c", setup + _SUMMARY.format(device="meta")],
            },
            options.rounds,
            cwd=_HERE.parent,
            terminal=options.terminal,
        )
    ours = taken["netdsl stats"]
    rows = [
        [
            name,
            f"{run.seconds:.3f} s",
            f"{run.seconds / ours.seconds:.1f}×",
            f"{run.peak / 2**20:.0f} MiB",
            f"{run.peak / ours.peak:.1f}×",
        ]
        for name, run in taken.items()
    ]
    where = "a pseudo-terminal" if options.terminal else "no terminal"
    print(f"cold process to table printed on {where}, GoogLeNet, module of torchinfo: {options.module}")
    print(f"median of {options.rounds} interleaved rounds; {machine()}\n")
    print(table(["process", "time", "against netdsl", "peak memory", "against netdsl"], rows))


def _write_module(path: Path) -> str:
    """Writes the module's source and returns the name of its class, which stands last."""
    # In a process of its own: what this one holds would count in the peaks of those that it starts.
    command = [sys.executable, "-m", "netdsl", "build", SPECS / "googlenet.net", "--no-run", "-o", path]
    subprocess.run(command, check=True, capture_output=True, cwd=_HERE.parent)
    return [part.name for part in ast.parse(path.read_text()).body if isinstance(part, ast.ClassDef)][-1]


if __name__ == "__main__":
    main()
