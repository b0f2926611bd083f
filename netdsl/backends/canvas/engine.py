"""DOT text drawn as SVG or PNG by graphviz-pure, or by Graphviz."""

from __future__ import annotations

import math
import subprocess
import sysconfig
from pathlib import Path
from shutil import which

from netdsl.diagnostics import Diagnostic, NetdslError

#: Pixels that a PNG may have, in all and along a side; a larger drawing is scaled down.
MAX_PIXELS = 40_000_000
MAX_SIDE = 30_000
_DPI = 144

_FORMATS = ("svg", "png", "dot")


def render(dot: str, format: str, *, placed: bool = False) -> bytes:
    """DOT text drawn: ``svg``, ``png`` (at most :data:`MAX_PIXELS`), or ``dot``, the text itself.

    With ``placed`` everything has its place already, as for ``neato -n2``; otherwise it is laid out.
    Raises :class:`NetdslError` (ND008) where no Graphviz is found or it fails, ``ValueError`` for another format.
    """
    if format not in _FORMATS:
        raise ValueError(f"a diagram is drawn as svg, png or dot, not {format!r}")
    if format == "dot":
        return dot.encode()
    if format == "svg":
        return _run(dot, "-Tsvg", placed=placed)
    # The first line of this format has the width and height in inches.
    width, height = map(float, _run(dot, "-Tplain", placed=placed).split(maxsplit=4)[2:4])
    # Around the drawing there is a border.
    width, height = width + 0.5, height + 0.5
    dpi = min(_DPI, math.sqrt(MAX_PIXELS / (width * height)), MAX_SIDE / max(width, height))
    return _run(dot, "-Tpng", f"-Gdpi={dpi:.4f}", placed=placed)


def engine() -> str:
    """The Graphviz to run: graphviz-pure beside this Python, else one on the path. :class:`NetdslError` without any."""
    for name in ("graphviz-pure", "dot"):
        for path in (sysconfig.get_path("scripts"), None):
            found = which(name, path=path)
            if found is not None:
                return str(Path(found))
    message = "a diagram cannot be drawn: neither `graphviz-pure` nor Graphviz's `dot` is found"
    help = "install it with `pip install graphviz-pure`; `--format dot` needs neither"
    raise NetdslError([Diagnostic("ND008", message, help=help)])


def _run(dot: str, *options: str, placed: bool) -> bytes:
    command = [engine(), *(("-Kneato", "-n2") if placed else ("-Kdot",)), "-q", *options]
    done = subprocess.run(command, input=dot.encode(), capture_output=True, check=False)
    # After an error in a label there is a picture all the same, with the label missing.
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip() or f"exit code {done.returncode}"
        raise NetdslError([Diagnostic("ND008", f"{Path(command[0]).name} could not draw this diagram: {said}")])
    return done.stdout
