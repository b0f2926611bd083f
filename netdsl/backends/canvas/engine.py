"""DOT text drawn as SVG, PNG or PDF: by graphviz-pure, which pip installs, or by a Graphviz of the system."""

from __future__ import annotations

import math
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path
from shutil import which
from typing import Literal

from netdsl.backends.canvas import pdf
from netdsl.diagnostics import Diagnostic, NetdslError, shortened

#: Who draws: graphviz-pure and netdsl itself, or the ``dot`` that is on the path.
Engine = Literal["pure", "dot"]
#: What can be written of DOT text.
FORMATS = ("svg", "png", "pdf", "dot")

#: Pixels that a PNG may have, in all and along a side; a larger drawing is scaled down.
MAX_PIXELS = 40_000_000
MAX_SIDE = 30_000
#: Pixels to the inch of a PNG, unless said.
DPI = 144
#: Boxes that a diagram may have unless more are allowed.
MAX_DRAWN = 2_000

_SYSTEM = "install Graphviz: `apt install graphviz`, `brew install graphviz`, `winget install graphviz`"


def check_drawn(count: int, most: int, what: str, help: str) -> None:
    """Raises :class:`NetdslError` (ND218) where ``count`` boxes are more than ``most``."""
    if count > most:
        message = f"{what} would be too large: it takes as long as {count:,} boxes, and the bound is {most:,}"
        raise NetdslError([Diagnostic("ND218", message, None, f"{help}; `--max-drawn` raises the bound")])


def render(
    dot: str,
    format: str,
    *,
    engine: Engine | None = None,
    dpi: int = DPI,
    say: Callable[[str], None] | None = None,
) -> bytes:
    """DOT text drawn as ``svg``, ``png`` (at most :data:`MAX_PIXELS`) or ``pdf``, or as ``dot``, the text itself.

    Everything in it has its place, as for ``neato -n2``. Without ``engine`` graphviz-pure draws, or else a system
    ``dot``, and a PDF the latter always. ``say`` is told where a PNG has fewer pixels than ``dpi`` asks for.
    Raises :class:`NetdslError` (ND008) where no Graphviz is found or it fails, ``ValueError`` for another format.
    """
    if format not in FORMATS:
        raise ValueError(f"a diagram is drawn as {', '.join(FORMATS[:-1])} or {FORMATS[-1]}, not {format!r}")
    if format == "dot":
        return dot.encode()
    if format == "svg":
        return _run(find(engine), dot, "-Tsvg")
    if format == "pdf":
        return _run(find("dot"), dot, "-Tpdf")
    program = find(engine)
    # The first line of this format has the width and height in inches.
    width, height = map(float, _run(program, dot, "-Tplain").split(maxsplit=4)[2:4])
    # Around the drawing there is a border.
    width, height = width + 0.5, height + 0.5
    most = min(math.sqrt(MAX_PIXELS / (width * height)), MAX_SIDE / max(width, height))
    if most < dpi and say is not None:
        say(
            f"the picture has {most:.0f} pixels to the inch instead of {dpi}: it may have {MAX_PIXELS:,} of them, "
            f"and {MAX_SIDE:,} along a side"
        )
    return _run(program, dot, "-Tpng", f"-Gdpi={min(dpi, most):.4f}")


def pdf_is_ours() -> bool:
    """Whether reportlab writes PDFs, with Helvetica's widths on any machine: unless only a system ``dot`` is there."""
    return pdf.available() or system() is None


def system() -> str | None:
    """The system's ``dot``, if there is one."""
    return which("dot")


def find(engine: Engine | None = None) -> str:
    """The program to run: graphviz-pure beside this Python or on the path, a ``dot`` on the path, or the first found.

    Raises :class:`NetdslError` (ND008) where it is not found.
    """
    found = None
    if engine != "dot":
        found = which("graphviz-pure", path=sysconfig.get_path("scripts")) or which("graphviz-pure")
    if found is None and engine != "pure":
        found = system()
    if found is not None:
        return str(Path(found))
    message, help = {
        "pure": ("`graphviz-pure` is not found", "install it with `pip install graphviz-pure`"),
        "dot": ("Graphviz's `dot` is not found", _SYSTEM),
        None: (
            "neither `graphviz-pure` nor Graphviz's `dot` is found",
            "install it with `pip install graphviz-pure`; .dot and .mmd need neither",
        ),
    }[engine]
    raise NetdslError([Diagnostic("ND008", f"a diagram cannot be drawn: {message}", None, help)])


def _run(program: str, dot: str, *options: str) -> bytes:
    command = [program, "-Kneato", "-n2", "-q", *options]
    done = subprocess.run(command, input=dot.encode(), capture_output=True, check=False)
    # After an error in a label there is a picture all the same, with the label missing.
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip() or f"exit code {done.returncode}"
        message = f"{Path(program).name} could not draw this diagram: {shortened(said.splitlines()[0], 300)}"
        help = "an .svg without `--engine dot` needs no Graphviz, and neither does a .pdf, with reportlab installed"
        raise NetdslError([Diagnostic("ND008", message, None, help)])
    return done.stdout
