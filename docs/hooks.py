"""What MkDocs does beside its own work: specs with their pictures and numbers, and the pages outside ``docs``.

Blocks ``netdsl`` are those of docs/embedding.md. The plugin is called from here, so that a checkout
that is not installed builds too.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

from netdsl.embed.mkdocs import NetdslPlugin

ROOT = Path(__file__).parent.parent

#: Pages of the site that are files beside ``docs``, by their path from the top.
OUTSIDE = {
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "benchmarks/README.md": "benchmarks.md",
}

NETS = NetdslPlugin()
NETS.load_config({"defaults": {"source": True, "numbers": True}})

#: A diagram is never drawn smaller than this part of its own size.
_LEAST = 0.55

# What tests ask of a block that is shown as it is, and Markdown does not know.
_OURS = re.compile(r'^(```net\b[^\n]*?) (?:fails|warns)="[^"\n]*"', re.MULTILINE)
_LINK = re.compile(r'(\]\(|src=")([^)#:"\s]+)')


def on_config(config: Any) -> Any:
    """Puts every page of the zoo into the navigation."""
    NETS.on_config(config)
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
    markdown = _OURS.sub(r"\1", markdown)
    return NETS.on_page_markdown(markdown, page=page, config=config, files=files)


def on_env(env: Any, config: Any, files: Any) -> Any:
    """Fails the build where a spec does not do what its block says."""
    return NETS.on_env(env, config=config, files=files)


def on_page_content(content: str, page: Any, config: Any, files: Any) -> str:
    """Diagrams lead to their files, and on a narrow screen they scroll before their text becomes too small to read."""

    def linked(match: re.Match[str]) -> str:
        image, target = match["image"], match["target"]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(page.file.src_uri), target))
        file = files.get_file_from_path(path)
        size = re.search(r'width="([\d.]+)pt"', file.content_string) if file is not None else None
        if size is not None and (match["link"] or " width=" not in image):
            least = f"--least:{float(size[1]) * 4 / 3 * _LEAST:.0f}px"
            if match["link"]:
                # The link that it has already leads there.
                return str(match["link"] + image.replace('style="', f'style="{least};'))
            image = image.replace("<img", f'<img style="{least}" loading="lazy"')
        return f'<a class="picture" href="{target}">{image}</a>'

    content = NETS.on_page_content(content, page=page, config=config, files=files)
    return re.sub(
        r'(?P<link><a class="netdsl-picture"[^>]*>)?(?P<image><img\b[^>]*\bsrc="(?P<target>[^":]+\.svg)"[^>]*>)',
        linked,
        content,
    )


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
