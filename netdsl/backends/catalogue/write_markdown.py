"""Pages as Markdown, for GitHub and for what makes sites of it."""

from __future__ import annotations

import re
from urllib.parse import quote

from netdsl.backends.catalogue.document import (
    Grid,
    Heading,
    Items,
    Listing,
    Mark,
    Page,
    Paragraph,
    Part,
    Picture,
    Words,
)
from netdsl.backends.labels import plain

#: What means something in a line; not so an underscore inside of a word.
_SIGNS = re.compile(r"[\\`*\[\]]|(?<!\w)_|_(?!\w)")


def write(page: Page) -> str:
    """The page as Markdown. The same page gives the same text."""
    made = f"<!-- {plain(page.made).replace('--', '- -')} -->\n\n" if page.made else ""
    return made + "\n\n".join(_part(part) for part in page.parts) + "\n"


def _part(part: Part) -> str:
    if isinstance(part, Heading):
        return f"{'#' * part.level} {_words(part.words)}"
    if isinstance(part, Paragraph):
        return _words(part.words)
    if isinstance(part, Items):
        return "\n".join(f"- {_words(item)}" for item in part.items)
    if isinstance(part, Listing):
        # Longer than any fence in it.
        fence = "`" * max([2, *(len(found) for found in re.findall(r"`{3,}", part.text))]) + "`"
        return f"{fence}net\n{part.text.rstrip()}\n{fence}"
    if isinstance(part, Picture):
        return f"![{_escaped(part.alt)}]({quote(part.source)})"
    return _grid(part)


def _grid(grid: Grid) -> str:
    lines = ["| " + " | ".join(_escaped(title) for title, _ in grid.titles) + " |"]
    lines.append("|" + "|".join("---:" if number else "---" for _, number in grid.titles) + "|")
    for row in grid.rows:
        lines.append("| " + " | ".join(_words(cell).replace("|", "\\|") for cell in row) + " |")
    return "\n".join(lines)


def _words(words: Words) -> str:
    return "".join(_mark(piece) if isinstance(piece, Mark) else _escaped(piece) for piece in words)


def _mark(mark: Mark) -> str:
    text = _escaped(mark.text)
    if mark.kind == "code":
        return f"`` {plain(mark.text)} ``" if "`" in mark.text else f"`{plain(mark.text)}`"
    if mark.kind == "link":
        return f"[{text}]({mark.target})"
    return f"**{text}**" if mark.kind == "strong" else f"*{text}*"


def inline(text: str) -> str:
    """Text inside of a line, without signs that mean something in Markdown there."""
    return _SIGNS.sub(r"\\\g<0>", plain(text)).replace("&", "&amp;").replace("<", "&lt;")


def _escaped(text: str) -> str:
    """The same where the text may begin a line: as a heading, a list or a quotation."""
    text = inline(text)
    return re.sub(r"^(\d+)([.)])(?=\s|$)|^([#>+-])", lambda found: rf"{found[1] or ''}\{found[2] or found[3]}", text)
