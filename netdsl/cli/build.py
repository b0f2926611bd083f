"""``netdsl build``: a net as a PyTorch module that has run."""

from __future__ import annotations

import argparse
import re
import sys
import time
from hashlib import sha256
from pathlib import Path

from netdsl.analyses.stats import stats
from netdsl.backends.torch_source import torch_source
from netdsl.cli.options import add_file, compiled, keep, target
from netdsl.cli.parser import Parser
from netdsl.cli.terminal import report, say, write
from netdsl.diagnostics import Diagnostic, NetdslError, printable
from netdsl.ir.graph import Graph
from netdsl.ir.types import View, show_shape
from netdsl.rewrites.logits import strip_probabilities
from netdsl.zoo import PREFIX

_EXAMPLES = """
netdsl build specs/vgg19.net
netdsl build specs/resnet.net:50 -o resnet50.py --logits
netdsl build specs/googlenet.net --view train --device cpu
netdsl build specs/alexnet.net --no-run -o -
"""

_VIEWS: dict[View, str] = {"infer": "inference", "train": "training"}


def parser() -> Parser:
    """The options of ``netdsl build``."""
    options = Parser(
        "build",
        "Writes a net as a Python file that needs torch alone, makes the module from that same text, holds its\n"
        "shapes and parameters against the graph, and runs it once in the view that is named. Where anything is\n"
        "wrong, nothing is written. A file that was edited since is not overwritten unless --force says so.",
        _EXAMPLES,
    )
    add_file(options)
    options.add_argument(
        "-o",
        "--output",
        metavar="OUT.py",
        help="where to; without it FILE's name, and the variant's where there are several, in the current folder; "
        "- is the standard output",
    )
    options.add_argument(
        "--device", choices=("auto", "cpu", "cuda"), default="auto", help="auto is a GPU if there is one"
    )
    options.add_argument("--logits", action="store_true", help="leave out a soft-max at the end")
    options.add_argument(
        "--force", action="store_true", help="overwrite a file that was edited, or that is no such file"
    )
    options.add_argument("--no-run", action="store_true", help="only write the file; torch is not needed")
    return options


def run(options: argparse.Namespace) -> int:
    """Writes the module, and prints what it is and how it ran."""
    path, variant = target(parser(), options.file, options)
    if options.no_run and "--device" in options.given:
        parser().error("`--device` says where the module runs, and `--no-run` does not run it")
    keep(parser(), options.output or "-", path)
    clock = _Clock()
    graph = compiled(path, variant, options)
    if graph is None:
        return 1
    if options.logits:
        graph = strip_probabilities(graph)
    text = torch_source(graph)
    clock.lap("compile")
    lines = _numbers(graph, options.view)
    output = options.output or default_output(path, graph)
    if not options.force:
        refuse_edited(output)
    if options.no_run:
        outputs = [f"{name} {show_shape(shape)}" for name, shape in stats(graph, view=options.view).outputs()]
        lines += [("output", ", ".join(outputs)), ("device", "none, not run")]
    else:
        # torch takes seconds to import; only what runs it pays.
        from netdsl.runtime.check import contradictions
        from netdsl.runtime.run import build, choose_device, describe, forward

        device = choose_device(options.device)
        clock.lap("import torch")
        module = build(text, graph, device)
        clock.lap("make")
        found = contradictions(module, graph)
        if found:
            report(found, graph.sources)
            return 1
        clock.lap("check")
        ran = forward(module, graph, options.view, device)
        clock.laps.append(("forward", ran.seconds))
        lines.append(("output", ", ".join(f"{name} {show_shape(shape)}" for name, shape in ran.outputs)))
        lines.append(("device", describe(device)))
    text = signed(text)
    write(output, text.encode())
    lines.append(("file", "the standard output" if output == "-" else f"{output}, {text.count(chr(10))} lines"))
    lines.append(("times", ", ".join(f"{name} {seconds:.2f} s" for name, seconds in clock.laps)))
    shown = "\n".join(f"{name:<8}{printable(value)}" for name, value in lines) + "\n"
    if output == "-":
        sys.stderr.write(shown)
    else:
        say(shown)
    return 0


#: The first line of a file that :func:`signed` made.
_SIGNED = re.compile(rb"# Written by netdsl build, checksum ([0-9a-f]{16}): an edited file is kept.\n")


def signed(text: str) -> str:
    """The text below a line that tells, later, whether it was edited since."""
    return f"# Written by netdsl build, checksum {_checksum(text.encode())}: an edited file is kept.\n{text}"


def _checksum(data: bytes) -> str:
    return sha256(data).hexdigest()[:16]


def refuse_edited(output: str) -> None:
    """Raises :class:`NetdslError` (ND006) where a file stands that :func:`signed` did not make, or that was edited."""
    path = Path(output)
    try:
        if output == "-" or not path.is_file():
            return
        data = path.read_bytes().replace(b"\r\n", b"\n")
    except OSError:  # writing says why
        return
    found = _SIGNED.match(data)
    if not data.strip() or (found is not None and _checksum(data[found.end() :]) == found[1].decode()):
        return
    what = "was not written by `netdsl build`" if found is None else "was edited since `netdsl build` wrote it"
    help = "`--force` overwrites it, `-o NAME.py` writes another file"
    raise NetdslError([Diagnostic("ND006", f"`{output}` {what}", None, help)])


def default_output(path: str, graph: Graph) -> str:
    """``vgg19.py`` for ``specs/vgg19.net``, ``resnet_50.py`` for one of several variants: a name to import."""
    stem = graph.name if path == "-" else Path(path.removeprefix(PREFIX)).stem
    if graph.variant is not None and len(graph.variants) > 1:
        stem = f"{stem}_{graph.variant}"
    return re.sub(r"\W", "_", stem) + ".py"


def _numbers(graph: Graph, view: View) -> list[tuple[str, str]]:
    title = f', "{" ".join(graph.title.split())}"' if graph.title else ""
    variant = f", variant {graph.variant}" if graph.variant is not None else ""
    here = stats(graph, view=view).totals
    other: View = "train" if view == "infer" else "infer"
    there = stats(graph, view=other).totals
    params = f"{here.params:,}"
    if there.params != here.params:
        params += f" in {_VIEWS[view]}, {there.params:,} in {_VIEWS[other]}"
    return [
        ("net", f"{graph.name}{title}{variant}"),
        ("params", params),
        ("MACs", f"{here.macs:,} for one image in {_VIEWS[view]}"),
    ]


class _Clock:
    """Times of what follows one another, in seconds."""

    def __init__(self) -> None:
        self.laps: list[tuple[str, float]] = []
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps.append((name, now - self._last))
        self._last = now
