"""The pages of the documentation and their fenced blocks, for the tests that hold them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [*(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")), ROOT / "benchmarks" / "README.md"]
PAGES += sorted(path for path in DOCS.rglob("*.md") if path.parent.name != "zoo")
#: Made of the specs, which tests of their own compile; here their links and their blocks' kinds are looked at.
ZOO = sorted((DOCS / "zoo").glob("*.md"))

_BLOCK = re.compile(
    r"^(?P<fence>```+)(?P<kind>[^\s`]*)[ \t]*(?P<words>[^\n]*)\n(?P<text>.*?)^(?P=fence)$", re.MULTILINE | re.DOTALL
)
_OPTION = re.compile(r'([\w-]+)(?:="([^"]*)")?')


class Block(NamedTuple):
    """A fenced block: its language, the options after it, its text, and where that stands in the page."""

    kind: str
    options: dict[str, str]
    text: str
    start: int
    end: int


def name(page: Path) -> str:
    """A page by its path from the top."""
    return page.relative_to(ROOT).as_posix()


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    for match in _BLOCK.finditer(text):
        yield Block(match["kind"], dict(_OPTION.findall(match["words"])), match["text"], *match.span("text"))


def prose(text: str) -> str:
    """A page without its blocks and without code in its lines."""
    return re.sub(r"`[^`\n]+`", "code", _BLOCK.sub("", text))


def anchors(text: str) -> set[str]:
    """What a link into a page may end in: its headings, where GitHub and MkDocs call them alike, and its own ids."""
    found = set(re.findall(r'<a id="([^"]+)">', text))
    for heading in re.findall(r"^#+ (.+)$", _BLOCK.sub("", text), re.MULTILINE):
        plain = re.sub(r"`([^`]*)`", r"\1", heading).strip()
        github = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        mkdocs = re.sub(
            r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain.encode("ascii", "ignore").decode()).strip().lower()
        )
        if github == mkdocs:
            found.add(github)
    return found
