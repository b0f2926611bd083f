"""Fenced blocks of Markdown whose language is ``netdsl``, wherever they stand: in lists and admonitions too."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

_FENCE = re.compile(r"(?P<indent>[ \t]*)(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>.*?)[ \t]*$")
_INFO = re.compile(r"netdsl(?:[ \t]+(?P<plain>.*))?$|\{[ \t]*\.netdsl(?:[ \t]+(?P<braced>.*?))?[ \t]*\}$")


class Fence(NamedTuple):
    """A block: what stands after its language, its text without indentation, and its place among the page's lines.

    ``first`` and ``last`` are the lines of its fences, counted from 0. ``whole`` is all of it as it stands there.
    """

    head: str
    text: str
    indent: str
    first: int
    last: int
    whole: str


def fences(page: str) -> Iterator[Fence]:
    """The blocks of a page, in order. A block that is shown in another block is none, nor is one without an end."""
    lines = page.split("\n")
    at = 0
    while at < len(lines):
        opening = _FENCE.match(lines[at])
        end = _end(lines, at, opening) if opening is not None and _opens(opening) else None
        if opening is None or end is None:
            at += 1
            continue
        info = _INFO.match(opening["info"])
        if info is not None:
            inside = [_dedented(line, opening["indent"]) for line in lines[at + 1 : end]]
            head = info["plain"] or info["braced"] or ""
            text = "".join(f"{line}\n" for line in inside)
            yield Fence(head, text, opening["indent"], at, end, "\n".join(lines[at : end + 1]))
        at = end + 1


def replaced(page: str, change: Callable[[Fence], list[str]]) -> str:
    """The page with other lines in the place of each block; they are indented as the block is."""
    lines = page.split("\n")
    made: list[str] = []
    at = 0
    for fence in fences(page):
        made += lines[at : fence.first]
        made += [f"{fence.indent}{line}".rstrip() for line in change(fence)]
        at = fence.last + 1
    return "\n".join(made + lines[at:])


def _opens(found: re.Match[str]) -> bool:
    return not (found["fence"].startswith("`") and "`" in found["info"])


def _end(lines: list[str], at: int, opening: re.Match[str]) -> int | None:
    """The line that closes a fence: of the same sign, as long at least, and not further in than three spaces."""
    for place in range(at + 1, len(lines)):
        found = _FENCE.match(lines[place])
        if found is not None and not found["info"] and found["fence"].startswith(opening["fence"]):
            if len(found["indent"].expandtabs(4)) <= len(opening["indent"].expandtabs(4)) + 3:
                return place
    return None


def _dedented(line: str, indent: str) -> str:
    return line[len(indent) :] if line.startswith(indent) else line.lstrip()
