"""``python -m tests.fuzz [--seconds N] [--seed N] [--keep DIR]`` tries inputs, and says how many and what they did.

``python -m tests.fuzz specs --count 2000`` makes specs that are right, and holds graph, text, JSON and module together.
"""

from __future__ import annotations

import argparse
import itertools
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

from tests.fuzz.holds import check, where
from tests.fuzz.inputs import make

CASES = Path(__file__).with_name("cases")


def fuzz(seconds: float, seed: int, keep: Path) -> tuple[int, int, Counter[str]]:
    """Tries inputs for so long. Returns how many, how many of them compiled, and the finds by where they arose.

    The first input of each find is written into ``keep``.
    """
    tried = compiled = 0
    finds: Counter[str] = Counter()
    end = time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "fuzz.net"
        while time.monotonic() < end:
            data = make(random.Random(f"{seed} {tried}"))
            tried += 1
            try:
                compiled += check(data, file)
            except Exception as error:
                found = where(error)
                finds[found] += 1
                if finds[found] == 1:
                    keep.mkdir(parents=True, exist_ok=True)
                    (keep / f"{found}.net").write_bytes(data)
                    (keep / f"{found}.txt").write_text(traceback.format_exc()[-4000:], encoding="utf-8")
                    print(f"input {tried}: {found}: {str(error)[:200]}", flush=True)
    return tried, compiled, finds


def specs(count: int, first: int) -> tuple[Counter[int], Counter[str], int, int]:
    """Makes so many right specs. Returns how many there are of each rank, the finds, and how many graphs and nodes."""
    import torch

    from netdsl.backends.torch_source import torch_source
    from tests.fuzz.agree import holds
    from tests.fuzz.source import complaints
    from tests.fuzz.specs import make as right

    torch.set_num_threads(1)
    ranks: Counter[int] = Counter()
    finds: Counter[str] = Counter()
    made = nodes = 0
    with tempfile.TemporaryDirectory() as place:
        for seed in range(first, first + count):
            text = right(seed)
            try:
                graphs = holds(text)
            except Exception as error:
                finds[where(error)] += 1
                print(f"spec {seed}: {error!r}\n{text}", flush=True)
                continue
            ranks[len(graphs[0].nodes[0].shape) - 1] += 1
            for graph in graphs:
                made, nodes = made + 1, nodes + len(graph.nodes)
                (Path(place) / f"spec_{seed}_{made}.py").write_text(torch_source(graph), encoding="utf-8")
            if (seed + 1 - first) % 100 == 0:
                print(f"{seed + 1 - first:,} specs, {sum(finds.values())} finds", flush=True)
        if said := complaints(Path(place)):
            finds["ruff"] += 1
            print(said, flush=True)
    return ranks, finds, made, nodes


def slips(seconds: float, seed: int) -> bool:
    """Slips in right specs for so long, and prints the promises that are not kept, and figures. Whether all are."""
    from tests.fuzz.edits import run

    end = time.monotonic() + seconds
    tried = run(itertools.takewhile(lambda _: time.monotonic() < end, itertools.count()), seed)
    for complaint in tried.complaints:
        print(f"{complaint}\n")
    print(f"seed {seed}: {tried}")
    return not tried.complaints


def main() -> int:
    """1 where something was found."""
    options = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    options.add_argument("what", nargs="?", choices=("inputs", "specs", "slips"), default="inputs")
    options.add_argument("--count", type=int, default=2000, help="how many specs that are right")
    options.add_argument("--first", type=int, default=0, help="the number of the first of them")
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    options.add_argument("--keep", type=Path, default=Path("fuzz-finds"), help="where inputs go that break something")
    given = options.parse_args()
    if given.what == "specs":
        ranks, wrong, made, nodes = specs(given.count, given.first)
        shown = ", ".join(f"{count:,} of rank {rank}" for rank, count in sorted(ranks.items()))
        total = f"{made:,} graphs, {nodes:,} nodes"
        print(f"{sum(ranks.values()):,} specs agree ({shown}; {total}), {sum(wrong.values()):,} do not")
        return 1 if wrong else 0
    if given.what == "slips":
        return 0 if slips(given.seconds, given.seed) else 1
    tried, compiled, finds = fuzz(given.seconds, given.seed, given.keep)
    print(f"seed {given.seed}: {tried:,} inputs, {compiled:,} compiled, {sum(finds.values()):,} tracebacks")
    for found, count in finds.most_common():
        print(f"{count:6,}  {found}")
    return 1 if finds else 0


if __name__ == "__main__":
    sys.exit(main())
