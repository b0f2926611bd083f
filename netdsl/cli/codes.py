"""The long form of the codes of diagnostics: what each means, why, how to mend it, and an example that shows it.

The texts are ``netdsl/explanations/CODE.md``. ``netdsl explain CODE`` prints one, ``docs/make_codes.py`` all of them,
and nothing else reads them.
"""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from netdsl.diagnostics import CODES, Diagnostic
from netdsl.diagnostics.nearest import nearest
from netdsl.diagnostics.printing import render

FOLDER = Path(__file__).parent.parent / "explanations"

#: The families of codes, by the digit after ``ND``.
FAMILIES = {
    "0": "Files and options",
    "1": "Syntax",
    "2": "What a spec says",
    "3": "Warnings",
    "4": "Modules and their weights",
}

_WIDTH = 100


class Example(NamedTuple):
    """A spec, and the options that it is checked with (``("--set", "width=2")``)."""

    text: str
    options: tuple[str, ...] = ()


class Explanation(NamedTuple):
    """The long form of a code. Texts are paragraphs of Markdown, in order.

    ``sentence`` says in one sentence what is wrong. ``fails`` is a spec that gives this code and no other, and
    ``mended`` the same without fault; None where no text of a spec brings the code about: ``arises`` says then how it
    comes about.
    """

    code: str
    title: str
    sentence: str
    meaning: tuple[str, ...]
    why: tuple[str, ...]
    mend: tuple[str, ...]
    fails: Example | None
    mended: Example | None
    arises: tuple[str, ...]

    @property
    def severity(self) -> str:
        """``error`` or ``warning``."""
        return Diagnostic(self.code, self.title, None, "").severity


def find(word: str) -> str | None:
    """The code that is written so, in any case and with or without its letters; None where there is none."""
    folded = word.upper()
    code = f"ND{folded}" if folded.isdecimal() else folded
    return code if code in CODES else None


def near(word: str) -> str | None:
    """The code most like a misspelt one; letters in the place of digits count as those."""
    digits = word.upper().removeprefix("ND").translate(str.maketrans("OILSB", "01158"))
    return find(digits) or nearest(f"ND{digits}", CODES)


def read(code: str) -> Explanation:
    """The explanation of a code of :data:`netdsl.diagnostics.CODES`."""
    text = (FOLDER / f"{code}.md").read_text(encoding="utf-8")
    head, *rest = re.split(r"^## (.+)\n", text, flags=re.MULTILINE)
    sections = dict(zip(rest[::2], rest[1::2], strict=True))
    _, sentence, *meaning = _paragraphs(head)
    return Explanation(
        code,
        CODES[code],
        sentence,
        tuple(meaning),
        _paragraphs(sections["Why"]),
        _paragraphs(sections["Mend"]),
        _example(sections.get("Fails")),
        _example(sections.get("Mended")),
        _paragraphs(sections.get("How it comes about", "")),
    )


def _paragraphs(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split("\n\n") if part.strip())


def _example(section: str | None) -> Example | None:
    if section is None:
        return None
    found = re.fullmatch(r"\s*```net(.*)\n((?:.*\n)*?)```\s*", section)
    assert found is not None, section
    return Example(found[2], tuple(shlex.split(found[1])))


def diagnosed(example: Example) -> tuple[Diagnostic, ...]:
    """What ``netdsl check`` says of an example, sorted."""
    return _checked(example)[0]


def _checked(example: Example) -> tuple[tuple[Diagnostic, ...], str]:
    """The diagnostics of an example, and their text."""
    from netdsl.cli.check import parser
    from netdsl.cli.options import choice
    from netdsl.elaborate import analyse

    options = parser().read(["example.net", *example.options])
    made = analyse(example.text, **choice(options.variant, options))
    sources = tuple(source._replace(name="example.net") if not at else source for at, source in enumerate(made.sources))
    return made.diagnostics, render(made.diagnostics, sources)


# -- for people -------------------------------------------------------------------------------------------------------


def text(code: str, *, colour: bool = False) -> str:
    """The long form of a code for a terminal."""

    def bold(words: str) -> str:
        return f"\033[1m{words}\033[0m" if colour else words

    found = read(code)
    lines = [bold(f"{found.severity} {code}: {found.title}"), ""]
    lines += _wrapped((found.sentence, *found.meaning), "")
    for title, paragraphs in (("Why", found.why), ("How to mend it", found.mend)):
        lines += ["", bold(title), *_wrapped(paragraphs, "  ")]
    if found.fails is None or found.mended is None:
        lines += ["", bold("How it comes about"), *_wrapped(found.arises, "  ")]
        return "\n".join(lines) + "\n"
    for title, example in (("Fails" if found.severity == "error" else "Warns", found.fails), ("Mended", found.mended)):
        lines += ["", bold(title) + _asked(example), *_indented(example.text)]
        if example is found.fails:
            lines += ["", *_indented(_checked(example)[1])]
    return "\n".join(lines) + "\n"


def _wrapped(paragraphs: tuple[str, ...], indent: str) -> Iterator[str]:
    for place, paragraph in enumerate(paragraphs):
        if place:
            yield ""
        yield from textwrap.wrap(
            paragraph, _WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False
        )


def _indented(spec: str) -> list[str]:
    return [f"  {line}".rstrip() for line in spec.rstrip("\n").split("\n")]


def listing() -> str:
    """All codes with a sentence each, for a terminal."""
    lines: list[str] = []
    for digit, family in FAMILIES.items():
        lines += ["", family] if lines else [family]
        lines += [f"  {code}  {read(code).sentence}" for code in sorted(CODES) if code[2] == digit]
    return "\n".join(lines) + "\n\n`netdsl explain CODE` says more, with an example and how it is mended.\n"


# -- for pages --------------------------------------------------------------------------------------------------------


def markdown(code: str, level: int = 1) -> str:
    """The long form of a code in Markdown, below a heading of a level."""
    found = read(code)
    lines = [f"{'#' * level} {code}: {found.title}", found.sentence, *found.meaning, *_labelled("Why", found.why)]
    lines += _labelled("How to mend it", found.mend)
    if found.fails is None or found.mended is None:
        return "\n\n".join([*lines, *_labelled("How it comes about", found.arises)]) + "\n"
    verb = "fails" if found.severity == "error" else "is warned of"
    lines += [f"This {verb}{_asked(found.fails)}:", f"```net\n{found.fails.text}```"]
    lines += [f"```text\n{_checked(found.fails)[1]}\n```"]
    return "\n\n".join([*lines, f"Mended{_asked(found.mended)}:", f"```net\n{found.mended.text}```"]) + "\n"


def _asked(example: Example) -> str:
    return f", with `{shlex.join(example.options)}`" if example.options else ""


def _labelled(title: str, paragraphs: tuple[str, ...]) -> list[str]:
    return [f"**{title}.** {paragraphs[0]}", *paragraphs[1:]]


def markdown_listing() -> str:
    """All codes with a sentence each, as a table in Markdown."""
    rows = [f"| {code} | {read(code).severity} | {read(code).sentence} |" for code in sorted(CODES)]
    return "\n".join(["| code | kind | says |", "|---|---|---|", *rows]) + "\n"


# -- for programs -----------------------------------------------------------------------------------------------------


def plain(code: str) -> dict[str, Any]:
    """The long form of a code as plain values: Markdown, and the specs with the options of ``netdsl check``."""
    found = read(code)

    def example(of: Example | None) -> dict[str, Any] | None:
        return None if of is None else {"spec": of.text, "options": list(of.options)}

    return {
        "code": code,
        "title": found.title,
        "severity": found.severity,
        "sentence": found.sentence,
        "meaning": list(found.meaning),
        "why": list(found.why),
        "mend": list(found.mend),
        "fails": example(found.fails),
        "mended": example(found.mended),
        "arises": list(found.arises),
    }
