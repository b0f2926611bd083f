"""Every shipped net beside the module of another library: parameters, MACs, keys, and how far their outputs are apart.

``python benchmarks/parity.py [resnet] [resnet:50 …] [--no-run] [--input 3x64x64]``

A row a net and variant, at the net's own input unless another is given. The other library's module is measured, not
quoted: its parameters, its multiply-adds by hooks on its layers, the keys of its checkpoint. Then netdsl's module and
the other's get the same weights, and their outputs are compared: 0 where every bit is equal, else the largest
difference over the largest magnitude. ``spread`` is the standard deviation of the logits of a fresh net, netdsl's and
the other's, on one image. What has no module elsewhere is counted by netdsl alone (``own count``, held by the tests).

Nets are made and dropped one after another. The exit code is 1 where anything is not as it must be.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import resource
import sys
import time
from typing import NamedTuple

from measure import machine
from rivals import ROOT, SPECS, need

sys.path.insert(0, str(ROOT))

import netdsl
from netdsl.ir.types import Shape, show_shape
from tests.zoo import Absent, Net, zoo

_TITLES = ("net", "input", "params", "MACs", "keys", "difference", "spread", "time", "against")
_WIDTHS = (25, 9, 11, 15, 12, 10, 18, 6, 0)


class Row(NamedTuple):
    """What is printed of one net, and whether all of it is as it must be."""

    cells: tuple[str, ...]
    good: bool


def main() -> int:
    """Measures the nets that are asked for, and prints a line for each as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("nets", metavar="SPEC[:VARIANT]", nargs="*", help="these alone")
    parser.add_argument("--input", metavar="3x64x64", type=_shape, help="another input, for all nets that take it")
    parser.add_argument("--no-run", action="store_true", help="parameters, MACs and keys alone, on the meta device")
    options = parser.parse_args()
    need("torch")
    known = zoo()
    chosen = [key for key in known if not options.nets or key[0] in options.nets or _name(key) in options.nets]
    for name in options.nets:
        if not any(name in (key[0], _name(key)) for key in known):
            parser.error(f"there is no net `{name}` in the zoo's tests")
    print(f"{machine('timm')}\n")
    print(_line(_TITLES))
    print(_line(tuple("-" * max(width, len(title)) for width, title in zip(_WIDTHS, _TITLES))))
    rows = []
    for key in chosen:
        with contextlib.redirect_stdout(sys.stderr):  # libraries that print when they are imported
            rows.append(_row(*key, known[key], options.input, run=not options.no_run))
        print(_line(rows[-1].cells), flush=True)
        gc.collect()
    bad = sum(not row.good for row in rows)
    # Linux counts in KiB, macOS in bytes.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20)
    print(f"\n{len(rows)} nets, {bad or 'none'} not as it must be; at most {peak:.1f} GiB in memory")
    return 1 if bad else 0


def _shape(text: str) -> Shape:
    return tuple(int(size) for size in text.lower().split("x"))


def _name(key: tuple[str, str]) -> str:
    return ":".join(filter(None, key))


def _line(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, _WIDTHS)) + " |"


def _row(stem: str, variant: str, net: Net, given: Shape | None, *, run: bool) -> Row:
    begin = time.perf_counter()
    name = _name((stem, variant))
    try:
        graph = netdsl.compile(SPECS / f"{stem}.net", variant=variant or None, input=given)
    except netdsl.NetdslError as error:
        return Row((name, *["–"] * 7, f"does not compile: {error.diagnostics[0].message}"), False)
    totals = netdsl.stats(graph).totals
    shape = graph.nodes[graph.inputs[0]].shape
    counted = (name, show_shape(shape), f"{totals.params:,}", f"{totals.macs:,}")
    good = given is not None or (totals.params, totals.macs) == (net.params, net.macs)
    note = "" if good else f"NOT what tests/zoo/{stem}.py says; "
    if net.make is None:
        return Row((*counted, "–", "–", "–", _seconds(begin), f"{note}own count; {net.source}"), good)
    try:
        theirs, keys, same = _counts(stem, variant, net, shape)
        difference, spreads, equal = _outputs(stem, variant, net, given, shape) if run else ("–", "–", True)
    except Absent as absent:
        return Row((*counted, "–", "–", "–", _seconds(begin), f"{note}not compared: {absent}"), good)
    except Exception as error:  # one net that fails hides no other
        said = f"FAILED: {type(error).__name__}: {' '.join(str(error).split())[:200]}"
        return Row((*counted, "–", "–", "–", _seconds(begin), said), False)
    # A module has the parameters of its auxiliary heads in either mode.
    trained = netdsl.stats(graph, view="train").totals
    ours = (trained.params, totals.macs, trained.macs)
    said = note + net.source
    if theirs != ours:
        said = f"NOT EQUAL: it has {theirs[0]:,} params and {theirs[1]:,} MACs, {theirs[2]:,} in training; {said}"
    return Row((*counted, keys, difference, spreads, _seconds(begin), said), good and same and equal and theirs == ours)


def _counts(stem: str, variant: str, net: Net, shape: Shape) -> tuple[tuple[int, int, int], str, bool]:
    """The reference's parameters, MACs, and MACs in training, and how its keys agree with the spec's."""
    import torch

    from tests.zoo.__main__ import measure

    assert net.make is not None
    measured = measure(net, shape)
    training = measure(net, shape, train=True) if net.train is not None else measured
    with torch.device("meta"):
        theirs = {key: tuple(value.shape) for key, value in net.make().state_dict().items()}
        module = netdsl.load(SPECS / f"{stem}.net", variant=variant or None)
    if net.rename is not None:
        theirs = {net.rename(key): size for key, size in theirs.items()}
    ours = {key: tuple(value.shape) for key, value in module.state_dict().items()}
    equal = ours == theirs
    how = "equal" if list(ours) == list(theirs) else "other order"
    if net.rename is not None:
        how = "renamed"
    counts = (measured["params"], measured["macs"], training["macs"])
    return counts, f"{len(ours)} {how if equal else 'NOT EQUAL'}", equal


def _outputs(stem: str, variant: str, net: Net, given: Shape | None, shape: Shape) -> tuple[str, str, bool]:
    """The largest difference of the outputs under one set of weights, and the spread of each fresh net's logits."""
    import torch

    from tests.zoo._parity import difference, spread

    assert net.make is not None
    image = torch.randn(1, *shape, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(0)
    options = {**net.options, "input": given}  # those of the tests may have a smaller input
    ours = netdsl.load(SPECS / f"{stem}.net", variant=variant or None, **options)
    own = spread(ours, image)
    torch.manual_seed(0)
    theirs = net.make()
    other = spread(theirs, image)
    far = difference(ours, theirs, net, shape, batch=1)
    # A net whose last weights start at zero spreads nothing, here and there.
    good = (far == 0 if net.exact else far <= 1e-5) and (own == other or 1 / 3 <= own / other <= 3)
    return ("0" if far == 0 else f"{far:.1e}"), f"{own:.2g}, {other:.2g}", good


def _seconds(begin: float) -> str:
    return f"{time.perf_counter() - begin:.1f} s"


if __name__ == "__main__":
    raise SystemExit(main())
