"""What MkDocs does beside its own work: specs with their pictures and numbers, and the pages outside ``docs``.

A fenced block ``netdsl`` holds a spec. The page shows it with its diagram and its numbers, made at build time::

    ```netdsl title="tiny.net" as="layers" caption="Two layers" stats
    net tiny
    …
    ```

``title`` names the file, as commands on the page call it; ``as`` is a kind of diagram (``block:NAME`` one of its
blocks), or ``none``; ``view``, ``variant`` and ``input`` are those of :func:`netdsl.compile` and of reports. ``stats``
adds a row for each layer, ``stats="block"`` for each block. ``fails="ND204"`` is for a spec with that error, and
``warns`` for one with a warning: the page shows the message. A spec that does not do what its block says fails the
build.
"""

from __future__ import annotations

import hashlib
import html
import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File

import netdsl
from netdsl.analyses.stats import Stats
from netdsl.backends.canvas.options import Options
from netdsl.backends.draw import TAKES, drawing
from netdsl.diagnostics import render
from netdsl.elaborate import analyse
from netdsl.embed.fences import Fence, replaced
from netdsl.ir.graph import Graph
from netdsl.ir.types import show_shape

ROOT = Path(__file__).parent.parent

#: Pages of the site that are files beside ``docs``, by their path from the top.
OUTSIDE = {
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "benchmarks/README.md": "benchmarks.md",
}

#: A picture of at most so many pixels stands beside its spec, where the screen is wide.
_NARROW = 420
#: A diagram is never drawn smaller than this part of its own size.
_LEAST = 0.55

_OPTION = re.compile(r'(\w+)(?:="([^"]*)")?')
# What tests ask of a block that is shown as it is, and Markdown does not know.
_OURS = re.compile(r'^(```net\b[^\n]*?) (?:fails|warns)="[^"\n]*"', re.MULTILINE)
_LINK = re.compile(r'(\]\(|src=")([^)#:"\s]+)')


def on_config(config: Any) -> Any:
    """Puts every page of the zoo into the navigation."""
    found = []
    for path in (Path(config.docs_dir) / "zoo").glob("*.md"):
        title = re.search(r"^# (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        if path.name != "index.md" and title is not None:
            found.append({title[1]: f"zoo/{path.name}"})
    found.sort(key=lambda each: next(iter(each)).lower())
    for section in config.nav:
        for name, pages in section.items():
            if "zoo/*" in pages:
                at = pages.index("zoo/*")
                section[name] = [*pages[:at], *found, *pages[at + 1 :]]
    return config


def on_files(files: Any, config: Any) -> Any:
    """Takes up the pages that stand outside ``docs``."""
    for path, name in OUTSIDE.items():
        text = (ROOT / path).read_text(encoding="utf-8")
        files.append(File.generated(config, name, content=_moved(text, Path(path).parent.as_posix(), "")))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """A page with its specs drawn, and with its links to files outside ``docs`` leading to their pages."""
    place = Path(page.file.src_uri).parent.as_posix()
    markdown = _LINK.sub(lambda match: match[1] + _inside(match[2], place), markdown)
    return replaced(markdown, lambda fence: _shown(fence, page, config, files).split("\n"))


def on_page_content(content: str, page: Any, config: Any, files: Any) -> str:
    """Diagrams lead to their files, and on a narrow screen they scroll before their text becomes too small to read."""

    def linked(match: re.Match[str]) -> str:
        image, target = match[0], match[1]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(page.file.src_uri), target))
        file = files.get_file_from_path(path)
        size = re.search(r'width="([\d.]+)pt"', file.content_string) if file is not None else None
        if size is not None and " width=" not in image:
            least = float(size[1]) * 4 / 3 * _LEAST
            image = image.replace("<img", f'<img style="--least:{least:.0f}px" loading="lazy"')
        return f'<a class="picture" href="{target}">{image}</a>'

    return re.sub(r'<img\b[^>]*\bsrc="([^":]+\.svg)"[^>]*>', linked, content)


def _inside(target: str, place: str) -> str:
    """A link from a page of ``docs`` to a file outside, as one to the page that this is on the site."""
    up = "../" * (0 if place == "." else len(place.split("/")))
    for path, name in OUTSIDE.items():
        if target == f"{up}../{path}":
            return up + name
    return target


def _moved(text: str, source: str, up: str) -> str:
    """The text of a page whose links were relative to ``source``, with links relative to ``docs``."""

    def moved(match: re.Match[str]) -> str:
        path = (ROOT / source / match[2]).resolve().relative_to(ROOT).as_posix()
        return match[1] + up + (OUTSIDE.get(path) or path.removeprefix("docs/"))

    return _LINK.sub(moved, text)


def options(words: str) -> dict[str, str]:
    """What stands after ``netdsl`` at the head of a block."""
    return dict(_OPTION.findall(words))


def _shown(fence: Fence, page: Any, config: Any, files: Any) -> str:
    chosen, spec = options(fence.head), fence.text
    title = f' title="{chosen["title"]}"' if "title" in chosen else ""
    code = f"```net{title}\n{spec}```\n"
    where = f"{page.file.src_uri}, the spec that begins `{spec.splitlines()[0]}`"
    name = chosen.get("title", "<text>")
    made = analyse(spec, variant=chosen.get("variant"), input=chosen.get("input"))
    said = render(made.diagnostics, made.sources).replace("<text>", name).rstrip()
    if {each.code for each in made.diagnostics} != {chosen[key] for key in ("fails", "warns") if key in chosen}:
        raise PluginError(f"{where}: it should have {chosen.get('fails', 'no')} errors, and has\n{said}")
    parts, classes = [code], ["netdsl"]
    if said:
        parts.append(f"```text\n{said}\n```\n")
    if made.graph is not None:
        if chosen.get("as") != "none":
            figure, width = _figure(made.graph, chosen, page, config, files)
            parts.append(figure)
            classes += ["narrow"] if width <= _NARROW else []
        numbers = netdsl.stats(made.graph, view="train" if chosen.get("view") == "train" else "infer")
        if "stats" in chosen:
            parts.append(_rows(numbers, chosen["stats"] or "layer"))
            classes.append("rows")
        parts.append(_totals(numbers))
    return f'<div class="{" ".join(classes)}" markdown>\n\n' + "\n".join(parts) + "\n</div>"


def _figure(graph: Graph, chosen: dict[str, str], page: Any, config: Any, files: Any) -> tuple[str, float]:
    """A figure, and its width in pixels."""
    kind: Any
    kind, _, block = chosen.get("as", "overview").partition(":")
    view: Any = chosen.get("view", "train")
    options = Options(theme="auto") if "theme" in TAKES[kind] else None
    drawn = drawing(graph, kind=kind, view=view, options=options, block=block or None)
    svg = drawn.render("svg")
    name = f"pictures/{graph.name}-{hashlib.sha256(svg).hexdigest()[:12]}.svg"
    if files.get_file_from_path(name) is None:
        files.append(File.generated(config, name, content=svg))
    up = "../" * page.file.src_uri.count("/")
    caption = chosen.get("caption", "")
    size = re.search(rb'width="([\d.]+)pt"', svg)
    width = float(size[1]) * 4 / 3 if size else 0.0
    described = html.escape(f"Diagram of {graph.name}" + (f": {caption}" if caption else ""))
    below = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    return f'<figure><img src="{up}{name}" alt="{described}">{below}</figure>\n', width


def _totals(numbers: Stats) -> str:
    total = numbers.totals
    outputs = ", ".join(show_shape(shape) for _, shape in numbers.outputs())
    said = [f"{total.params:,} params", f"{total.macs:,} MACs", f"depth {total.depth}", f"output {outputs}"]
    if total.receptive_field:
        said.insert(3, f"receptive field {_axes(total.receptive_field)}")
    return '<p class="netdsl-numbers">' + " · ".join(said) + "</p>\n"


def _rows(numbers: Stats, by: Any) -> str:
    lines = ["| name | layer | output | params | MACs |", "|---|---|---:|---:|---:|"]
    for row in numbers.by(by):
        counts = (f"{count:,}" if count else "–" for count in (row.params, row.macs))
        lines.append("| " + " | ".join((row.name, row.op, show_shape(row.shape), *counts)) + " |")
    return '<div class="netdsl-rows" markdown>\n\n' + "\n".join(lines) + "\n\n</div>\n"


def _axes(values: tuple[object, ...]) -> str:
    return str(values[0]) if len(set(values)) == 1 else "×".join(map(str, values))
