"""The specs that are shipped. ``zoo:resnet`` stands for the file ``resnet.net`` of them, in whatever folder one is."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

#: What a shipped spec's name begins with where a file is meant.
PREFIX = "zoo:"


@cache
def folder() -> Path:
    """Where the shipped specs are: inside the installed package, or beside it in a checkout."""
    inside = Path(__file__).with_name("specs")
    return inside if inside.is_dir() else Path(__file__).parent.with_name("specs")


def names() -> tuple[str, ...]:
    """The names of the shipped specs, sorted: ``resnet`` for ``resnet.net``."""
    return tuple(sorted(path.stem for path in folder().glob("*.net")))


def find(name: str) -> Path | None:
    """The file of a shipped spec, by its name without :data:`PREFIX`, or None."""
    return folder() / f"{name}.net" if name in names() else None


def joined(name: str) -> str | None:
    """A shipped net whose variant stands behind its name without a colon: ``resnet:18`` for ``ResNet-18``, or None."""
    plain = name.lower()
    for spec in sorted(names(), key=len, reverse=True):
        found = re.fullmatch(rf"{re.sub('_', '[-_ ]?', spec)}[-_ ]?(\w[\w.-]{{0,20}})", plain)
        if found is None:
            continue
        text = (folder() / f"{spec}.net").read_text(encoding="utf-8")
        known = re.findall(r"^expect[ \t]+([\w.-]+):", text, re.MULTILINE)
        variant = next((one for one in known if one.lower() == found[1]), None)
        if variant is not None:
            return f"{spec}:{variant}"
    return None


class Paper(NamedTuple):
    """What the first sentence of a shipped spec's comment says: where its net was published.

    ``net`` is the net's name as people write it; ``arxiv`` the number there, if the paper is on arXiv.
    """

    net: str
    authors: str
    title: str
    year: int
    arxiv: str | None


_PAPER = re.compile(
    r'(?P<net>[^",]+), (?P<authors>[^"]+), "(?P<title>[^"]+)",? (?P<year>(?:19|20)\d\d)'
    r"(?: \(arXiv (?P<arxiv>\d{4}\.\d{4,5})\))?"
)


def paper(text: str) -> Paper | None:
    """The paper that the comment at the head of a spec's text names first, or None where it names none so.

    The form is ``# <Net>, <Authors>, "<Title>", <year> (arXiv <number>)``, over as many lines as it needs; the part in
    parentheses may be absent, and anything may follow.
    """
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.removeprefix("#").strip())
    found = _PAPER.match(" ".join(lines))
    if found is None:
        return None
    return Paper(found["net"], found["authors"], found["title"], int(found["year"]), found["arxiv"])
