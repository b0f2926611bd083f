"""In process: text to a verified graph with all its numbers, against torchvision's constructors; and how it scales.

``python benchmarks/compile_time.py [--rounds 7] [--only nets|scaling] [--sizes 1000 10000 100000]``

torchvision constructs on the CPU, which starts the weights, and on the meta device, which does not. Scaling is measured
in a process for each size, with the text as long as the net (``lines``) and with a short text that repeats a block
(``repeat``).
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from measure import machine, table
from rivals import SPECS, need, torchvision_models

import netdsl

_BLOCK = "block unit { add { conv3-16, conv3-16 +bn | id }, relu }\n"
#: Nodes of one call of the block: conv, bn, relu, conv, bn, add, relu.
_BLOCK_NODES = 7
_HEAD = "net generated\ninput 16x32x32\nstyle conv = _, bn, relu\n"


def numbers(path: Path, variant: str | None) -> int:
    """Compiles a spec and computes every number of it, row by row; returns the parameters."""
    table = netdsl.stats(netdsl.compile(path, variant=variant))
    return sum(row.params for row in table.layers)


def generated(kind: str, nodes: int) -> str:
    """The text of a net of ``nodes`` nodes or a few more."""
    count = -(-nodes // _BLOCK_NODES)
    if kind == "repeat":
        return f"{_HEAD}{_BLOCK}unit() ×{count}\n"
    return _HEAD + "add { conv3-16, conv3-16 +bn | id }, relu\n" * count


def nets(rounds: int) -> None:
    """Prints the table of nets that torchvision has too."""
    need("torch", "torchvision")
    import torch

    models = torchvision_models()

    def construct(name: str, device: str) -> Callable[[], object]:
        more = {"init_weights": True, "aux_logits": True} if name == "googlenet" else {}

        def make() -> object:
            with torch.device(device):
                return getattr(models, name)(weights=None, **more)

        return make

    rows = []
    for title, path, variant, name in (
        ("VGG-19", SPECS / "vgg19.net", None, "vgg19"),
        ("GoogLeNet", SPECS / "googlenet.net", "paper", "googlenet"),
        ("ResNet-152", SPECS / "resnet.net", "152", "resnet152"),
    ):
        contenders: dict[str, Callable[[], object]] = {
            "netdsl": lambda path=path, variant=variant: numbers(path, variant),
            "cpu": construct(name, "cpu"),
            "meta": construct(name, "meta"),
        }
        taken: dict[str, list[float]] = {key: [] for key in contenders}
        for number in range(rounds + 1):
            for key, contender in contenders.items():
                gc.collect()
                begin = time.perf_counter()
                contender()
                if number:
                    taken[key].append(time.perf_counter() - begin)
        median = {key: statistics.median(times) for key, times in taken.items()}
        rows.append(
            [
                title,
                f"{1000 * median['netdsl']:.1f} ms",
                f"{1000 * median['cpu']:.0f} ms",
                f"{median['cpu'] / median['netdsl']:.1f}×",
                f"{1000 * median['meta']:.1f} ms",
                f"{median['meta'] / median['netdsl']:.2f}×",
            ]
        )
    print(f"text to verified graph and all numbers, in process, median of {rounds} interleaved rounds; {machine()}\n")
    print(table(["net", "netdsl", "torchvision, CPU", "ratio", "torchvision, meta", "ratio"], rows))


def scaling(sizes: list[int], rounds: int) -> None:
    """Prints time and memory for each node of generated nets."""
    rows = []
    for kind in ("lines", "repeat"):
        for size in sizes:
            runs = [_child(kind, size) for _ in range(rounds)]
            nodes = int(runs[0]["nodes"])
            seconds = {key: statistics.median(run[key] for run in runs) for key in ("compile", "stats", "memory")}
            rows.append(
                [
                    kind,
                    f"{nodes:,}",
                    f"{seconds['compile']:.2f} s",
                    f"{1e6 * seconds['compile'] / nodes:.1f} µs",
                    f"{seconds['stats']:.2f} s",
                    f"{1e6 * seconds['stats'] / nodes:.1f} µs",
                    f"{seconds['memory'] / 2**20:.0f} MiB",
                    f"{seconds['memory'] / nodes / 1024:.2f} KiB",
                ]
            )
    print(f"generated nets, a process for each, median of {rounds}: processor time; memory is what the peak grew by\n")
    print(table(["text", "nodes", "compile", "a node", "stats", "a node", "memory", "a node"], rows))


def _child(kind: str, size: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--child", kind, str(size)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent)
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def child(kind: str, size: int) -> None:
    """Compiles one generated net and prints what it took, as JSON."""
    import resource

    def peak() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

    netdsl.stats(netdsl.compile(generated(kind, _BLOCK_NODES))).layers  # noqa: B018  (all imports and first uses)
    text = generated(kind, size)
    # Time of the processor, which other work on the machine changes little.
    before, begin = peak(), time.process_time()
    limits = netdsl.Limits(nodes=size + 2 * _BLOCK_NODES, bytes=max(netdsl.Limits().bytes, 10 * len(text)))
    graph = netdsl.compile(text, limits=limits)
    compiled = time.process_time()
    rows = len(netdsl.stats(graph).layers)
    done = time.process_time()
    print(json.dumps({"nodes": rows, "compile": compiled - begin, "stats": done - compiled, "memory": peak() - before}))


def main() -> None:
    """Reads the options, and measures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", choices=("nets", "scaling"))
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child[0], int(options.child[1]))
        return
    if options.only != "nets":
        scaling(options.sizes, min(options.rounds, 3))
        print()
    if options.only != "scaling":
        nets(options.rounds)


if __name__ == "__main__":
    main()
