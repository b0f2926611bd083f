"""A block made into what a page shows: an SVG, numbers, rows, and what is said of the spec. Kept by its content."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any, NamedTuple

import netdsl
from netdsl import zoo
from netdsl.analyses.stats import Stats, stats
from netdsl.analyses.titles import net_name
from netdsl.backends.canvas.pdf import available, pdf
from netdsl.backends.draw import drawing, usual_view
from netdsl.diagnostics import NetdslError, Source
from netdsl.diagnostics.printing import render
from netdsl.elaborate import Compilation, analyse, split_variant
from netdsl.embed.asked import Asked
from netdsl.ir.types import show_axes, show_shape


class Place(NamedTuple):
    """Where a block stands: the file of the page, its name to print, and the line on which the block's text begins."""

    page: Path
    name: str
    line: int


class Problem(Exception):
    """A block of which nothing can be made. As text it has its place, ``words`` are what is to be said without it."""

    def __init__(self, place: Place, words: str) -> None:
        super().__init__(f"{place.name}:{place.line}: {words}")
        self.words = words


class Figure(NamedTuple):
    """What a page shows of a block. All of it is text, so that it can be kept.

    ``svg`` is empty where no diagram is drawn; ``width`` and ``height`` are in CSS pixels. ``rows`` begin with their
    titles. ``said`` are the diagnostics that the block announces, ``warned`` those that it does not. ``spec`` is the
    text, and ``files`` are all others that it came from, with a hash of each.
    """

    name: str
    svg: str
    width: float
    height: float
    alt: str
    numbers: str
    rows: list[list[str]]
    said: str
    warned: str
    spec: str
    files: dict[str, str]

    @property
    def stem(self) -> str:
        """The name of its file without the ending: the same for the same drawing, and for no other."""
        word = re.sub(r"[^A-Za-z0-9-]+", "-", self.name).strip("-") or "net"
        return f"{word}-{hashlib.sha256(self.svg.encode()).hexdigest()[:12]}"


def figure(text: str, asked: Asked, place: Place, cache: Path | None = None) -> Figure:
    """Makes a block into what its page shows, or takes it from ``cache``, a folder, where nothing has changed.

    Raises :class:`Problem` where the spec has errors, or not those that it announces.
    """
    kept = _kept(text, asked, place, cache)
    if kept is not None and (found := _load(kept)) is not None:
        return found
    made = _compiled(text, asked, place)
    try:
        found = _figure(made, text, asked)
    except NetdslError as error:
        raise Problem(place, render(error.diagnostics, error.sources)) from None
    # What is said has the place of the block, which may be another next time.
    if kept is not None and not (found.said or found.warned):
        _save(kept, found)
    return found


def as_pdf(shown: Figure) -> bytes | None:
    """The diagram for what does not read SVG; None where a PDF cannot be made."""
    return pdf(shown.svg.encode()) if shown.svg and available() else None


# -- compiling --------------------------------------------------------------------------------------------------------


def _compiled(text: str, asked: Asked, place: Place) -> Compilation:
    try:
        source, variant, texts = _source(text, asked, place)
        made = analyse(source, variant=variant, set=asked.set, input=asked.input, texts=texts)
    except NetdslError as error:
        raise Problem(place, render(error.diagnostics, error.sources)) from None
    if asked.file is None:
        named = Source(place.name, made.sources[0].text)
        made = made._replace(sources=(named, *made.sources[1:]))
    found = {each.code for each in made.diagnostics}
    announced = {code for code in asked.codes if code in found}
    said = render(made.diagnostics, made.sources)
    if made.graph is None and not announced:
        raise Problem(place, said)
    for code in sorted(asked.codes - found):
        raise Problem(place, f"the spec should have {code}, and has " + (f"\n{said}" if said else "no such thing"))
    if made.graph is None and found != announced:
        raise Problem(place, said)
    if announced and asked.file is None and place.line > 1:
        # A message that readers see has the lines of the spec, which they see too, and the name that it has there.
        return _compiled(text, asked, Place(place.page, asked.title or "spec.net", 1))
    return made


def _source(text: str, asked: Asked, place: Place) -> tuple[str | Path, str | None, dict[Path, str]]:
    """What to compile. A block is its page with all else left out, so that messages name the page's lines."""
    if asked.file is None:
        if not text.strip():
            raise Problem(place, "the block has no spec, and no `file`")
        padded = "\n" * (place.line - 1) + text + "\n"
        if place.page.is_file():
            return place.page, asked.variant, {place.page.resolve(): padded}
        return padded, asked.variant, {}
    if text.strip():
        raise Problem(place, "a block with a `file` is empty: what is in it would not be shown")
    name = asked.file if asked.file.startswith(zoo.PREFIX) else str(place.page.parent / asked.file)
    path, variant = split_variant(name)
    if variant is not None and asked.variant not in (None, variant):
        raise Problem(place, f"two variants are asked for: `{variant}` and `{asked.variant}`")
    return Path(path), asked.variant if variant is None else variant, {}


# -- what is shown ----------------------------------------------------------------------------------------------------


def _figure(made: Compilation, text: str, asked: Asked) -> Figure:
    graph = made.graph
    said = render(made.diagnostics, made.sources) if asked.codes else ""
    warned = render(made.diagnostics, made.sources) if made.diagnostics and not asked.codes else ""
    files = {} if asked.file is None else {str(Path(made.sources[0].name)): made.sources[0].text}
    files |= {source.name: source.text for source in made.sources[1:]}
    # Those that are shipped change with the program alone.
    files = {name: text for name, text in files.items() if not name.startswith(zoo.PREFIX)}
    spec = text if asked.file is None else made.sources[0].text
    if graph is None:
        return Figure("", "", 0, 0, "", "", [], said, warned, spec, _hashes(files))
    name = net_name(graph)
    svg, width, height = "", 0.0, 0.0
    if asked.kind is not None:
        drawn = drawing(
            graph, kind=asked.kind, view=asked.view or usual_view(asked.kind), options=asked.drawn, block=asked.block
        ).render("svg")
        svg = drawn.decode()
        width, height = (_pixels(svg, side) for side in ("width", "height"))
    numbers = stats(graph, view=asked.view or "infer")
    alt = asked.alt or f"Diagram of {name}" + (f": {asked.caption}" if asked.caption else "")
    rows = _rows(numbers, asked.stats) if asked.stats else []
    totals = _totals(numbers) if asked.numbers else ""
    return Figure(name, svg, width, height, alt, totals, rows, said, warned, spec, _hashes(files))


def _pixels(svg: str, side: str) -> float:
    found = re.search(rf'<svg[^>]* {side}="([\d.]+)pt"', svg)
    return round(float(found[1]) * 4 / 3, 2) if found else 0.0


def _totals(numbers: Stats) -> str:
    total = numbers.totals
    said = [f"{total.params:,} params", f"{total.macs:,} MACs", f"depth {total.depth}"]
    said += [f"receptive field {show_axes(total.receptive_field)}"] if total.receptive_field else []
    said += [f"output {', '.join(show_shape(shape) for _, shape in numbers.outputs())}"]
    return " · ".join(said)


def _rows(numbers: Stats, by: Any) -> list[list[str]]:
    rows = [["name", "block" if by == "block" else "size" if by == "stage" else "layer", "output", "params", "MACs"]]
    for row in numbers.by(by):
        counts = [f"{count:,}" if count else "–" for count in (row.params, row.macs)]
        rows.append([row.name, row.op, show_shape(row.shape), *counts])
    return rows


# -- what is kept -----------------------------------------------------------------------------------------------------


def _hashes(files: dict[str, str]) -> dict[str, str]:
    return {name: hashlib.sha256(text.encode(errors="replace")).hexdigest() for name, text in files.items()}


def _kept(text: str, asked: Asked, place: Place, cache: Path | None) -> Path | None:
    """The file of a block in the cache. Its name is of all that decides what is made of it, but for other files."""
    if cache is None:
        return None
    # What a block uses is found from its page.
    key = [_program(), text, repr(asked), str(place.page.parent)]
    return cache / f"{hashlib.sha256(repr(key).encode(errors='replace')).hexdigest()}.json"


@functools.cache
def _program() -> str:
    """What this netdsl is: its version, and when each of its files was changed."""
    found = [netdsl.__version__]
    for path in sorted([*Path(netdsl.__file__).parent.rglob("*.*"), *zoo.folder().glob("*.net")]):
        if path.suffix in (".py", ".json", ".net"):
            status = path.stat()
            found.append(f"{path} {status.st_mtime_ns} {status.st_size}")
    return hashlib.sha256("\n".join(found).encode()).hexdigest()


def _load(path: Path) -> Figure | None:
    """A figure that was kept; None where there is none, or where a file that it came from is another now."""
    try:
        found = Figure(**json.loads(path.read_text(encoding="utf-8")))
        now = _hashes({name: Path(name).read_text(encoding="utf-8") for name in found.files})
    except (OSError, ValueError, TypeError):
        return None
    return found if now == found.files else None


def _save(path: Path, made: Figure) -> None:
    """Keeps a figure. A cache that cannot be written is no error: the next build makes it again."""
    beside = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(json.dumps(made._asdict(), ensure_ascii=False), encoding="utf-8")
        os.replace(beside, path)
    except OSError:
        beside.unlink(missing_ok=True)
