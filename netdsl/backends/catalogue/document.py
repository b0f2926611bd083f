"""A page before it has a format: headings, paragraphs, tables, texts of specs and pictures."""

from __future__ import annotations

from typing import Literal, NamedTuple
from urllib.parse import quote


class Mark(NamedTuple):
    """A piece of a line that is more than text. ``target`` is the URL that a link leads to."""

    kind: Literal["code", "strong", "em", "link"]
    text: str
    target: str = ""


#: A line of text: pieces in their order.
Words = tuple[str | Mark, ...]


class Heading(NamedTuple):
    """Of the page itself (1), or of a part of it (2)."""

    level: int
    words: Words


class Paragraph(NamedTuple):
    """A paragraph."""

    words: Words


class Items(NamedTuple):
    """A list."""

    items: tuple[Words, ...]


class Listing(NamedTuple):
    """The text of a spec."""

    text: str


class Grid(NamedTuple):
    """A table: titles, each with whether its column is of numbers, which stand to the right."""

    titles: tuple[tuple[str, bool], ...]
    rows: tuple[tuple[Words, ...], ...]


class Picture(NamedTuple):
    """A drawing in a file of its own, by its path from the page's folder."""

    source: str
    alt: str


Part = Heading | Paragraph | Items | Listing | Grid | Picture


class Page(NamedTuple):
    """A page. ``made`` is a remark for those who would change its file."""

    title: str
    parts: tuple[Part, ...]
    made: str = ""


def code(text: str) -> Mark:
    """Text of a program."""
    return Mark("code", text)


def strong(text: str) -> Mark:
    """Text in bold."""
    return Mark("strong", text)


def em(text: str) -> Mark:
    """Text in italics."""
    return Mark("em", text)


def link(text: str, path: str) -> Mark:
    """A link to another page, by its path from this page's folder. What means something in a URL is no part of it."""
    return Mark("link", text, quote(path))


def cite(text: str, url: str) -> Mark:
    """A link to somewhere else."""
    return Mark("link", text, url)
