"""``python -m tests.hostile [WORD…]``: all commands on all cases whose names have one of the words.

Prints what each took, the dearest last, and ends with 1 where one broke a promise: 2 seconds of processor time, 500 MB,
a diagnostic or the right result, nothing written beside an error. Each runs in a copy of this process, which has
imported what commands need; what took half of the bound is run again in a fresh Python, and that time counts.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
from pathlib import Path

from tests.hostile.cases import CASES, Case
from tests.hostile.commands import CALLS, call, lay, snapshot, wrong
from tests.hostile.ran import BYTES, SECONDS, Ran, cold, forked

#: What a fresh Python takes to import a command, in seconds, at least.
IMPORTS = 0.1


def main() -> int:
    """Runs what is asked for; 1 where a promise was broken."""
    options = argparse.ArgumentParser(prog="python -m tests.hostile")
    options.add_argument("word", nargs="*", help="cases whose names have one of these words")
    options.add_argument("--call", action="append", choices=CALLS, help="these command lines alone (repeatable)")
    options.add_argument(
        "--share", type=int, nargs=2, metavar=("K", "N"), default=(0, 1), help="each N-th from the K-th"
    )
    options.add_argument("--quick", action="store_true", help="one command a case, each in turn; times are no matter")
    options.add_argument("--most", type=int, default=25, help="how many runs are listed")
    given = options.parse_args()
    for module in (*{CALLS[name].words[0] for name in CALLS}, "mend", "reports", "findings"):
        importlib.import_module(f"netdsl.cli.{'papertable' if module == 'table' else module}")
    cases = [case for case in CASES.values() if not given.word or any(word in case.name for word in given.word)]
    runs = [(case, name) for at, case in enumerate(cases) for name in _calls(at, given.quick, given.call)]
    took: list[tuple[float, int, str]] = []
    broken = 0
    for case, name in runs[given.share[0] :: given.share[1]]:
        ran, said = one(case, name, fresh=False)
        if not given.quick and ran.seconds > SECONDS / 2 - IMPORTS:
            ran, said = one(case, name, fresh=True)
            if ran.seconds > SECONDS and not case.raised:
                said.append(f"took {ran.seconds:.2f} s")
        if ran.bytes > BYTES:
            said.append(f"took {ran.bytes / 1e6:.0f} MB")
        took.append((ran.seconds, ran.bytes, f"{name}: {case.name}"))
        if said:
            broken += 1
            print(f"BROKEN {name}: {case.name}: {'; '.join(said)}", flush=True)
    took.sort()
    for seconds, size, what in took[-given.most :]:
        print(f"{seconds:6.2f} s {size / 1e6:6.0f} MB  {what}")
    most = max(size for _, size, _ in took)
    print(f"{len(took)} runs, {broken} broken promises, at most {took[-1][0]:.2f} s and {most / 1e6:.0f} MB")
    return 1 if broken else 0


def _calls(at: int, quick: bool, wanted: list[str] | None) -> list[str]:
    names = wanted or list(CALLS)
    return [names[at % len(names)]] if quick else names


def one(case: Case, name: str, *, fresh: bool) -> tuple[Ran, list[str]]:
    """One command on one case, and what it did wrong."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "here"
        folder.mkdir()
        lay(case, folder)
        before = snapshot(folder)
        ran = call(name, case, folder, cold if fresh else forked)
        return ran, wrong(name, case, ran, before, folder)


if __name__ == "__main__":
    sys.exit(main())
