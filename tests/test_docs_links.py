"""Links of the documentation lead to files and headings that are there; pictures are there and say what they show.

Links to other sites are not fetched: they go to the hosts that are listed here.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.documents import DOCS, PAGES, ROOT, ZOO, anchors, name, prose

HOSTS = {"arxiv.org", "docs.oasis-open.org", "semver.org"}

_LINK = re.compile(r"(?<!!)\[(?:[^\]\[]|\[[^\]]*\])*\]\(([^)\s]+)\)")
_PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
_TAG = re.compile(r"<img\b[^>]*>")


@cache
def anchors_of(page: Path) -> set[str]:
    return anchors(page.read_text(encoding="utf-8"))


def pictures(text: str) -> list[tuple[str, str]]:
    """Each picture's path and what is said of it."""
    found = [(path, alt) for alt, path in _PICTURE.findall(text)]
    for tag in _TAG.findall(text):
        given = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        found.append((given["src"], given.get("alt", "")))
    return found


@pytest.mark.parametrize("page", [*PAGES, *ZOO], ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in _LINK.findall(prose(page.read_text(encoding="utf-8"))):
        parts = urlsplit(link)
        if parts.scheme:
            assert parts.scheme == "https" and parts.hostname in HOSTS, link
            continue
        target = (page.parent / parts.path).resolve() if parts.path else page
        assert target.exists(), f"{name(page)} links to {link}"
        if parts.fragment:
            assert parts.fragment in anchors_of(target), f"{name(page)} links to {link}, and there is no such heading"


@pytest.mark.parametrize("page", [*PAGES, *ZOO], ids=name)
def test_pictures_are_there_and_say_what_they_show(page: Path) -> None:
    for path, alt in pictures(prose(page.read_text(encoding="utf-8"))):
        assert (page.parent / path).is_file(), f"{name(page)} shows {path}"
        assert len(alt) > 10, f"{name(page)}: {path} says nothing to those who do not see it"


def test_no_picture_is_left_over() -> None:
    shown = {
        (page.parent / path).resolve()
        for page in (*PAGES, *ZOO)
        for path, _ in pictures(page.read_text(encoding="utf-8"))
    }
    icon = re.search(r"^  favicon: (\S+)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert icon is not None
    shown.add(DOCS / icon[1])
    assert {*(DOCS / "images").iterdir(), *(DOCS / "zoo" / "images").iterdir()} == shown


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
    listed = re.findall(r"(\S+\.md)$", navigation, re.MULTILINE)
    pages = {path.relative_to(DOCS).as_posix() for path in PAGES if path.is_relative_to(DOCS)}
    outside = {"contributing.md", "changelog.md", "benchmarks.md"}
    assert sorted(listed) == sorted(pages | outside | {"zoo/index.md"})


def test_every_page_has_one_title() -> None:
    for page in (*PAGES, *ZOO):
        titles = re.findall(r"^# .+$", prose(page.read_text(encoding="utf-8")), re.MULTILINE)
        assert len(titles) == 1, name(page)


def test_the_check_of_links_finds_what_is_wrong(tmp_path: Path) -> None:
    page = ROOT / "docs" / "language.md"
    assert "operators-of-your-own" in anchors_of(page) and "operators-of-mine" not in anchors_of(page)
    assert _LINK.findall("see [a](b.md#c), ![x](y.svg) and [`d`](e.md)") == ["b.md#c", "e.md"]
    assert pictures('<img width="1" src="a.svg" alt="A net"> ![B](b.svg)') == [("b.svg", "B"), ("a.svg", "A net")]
