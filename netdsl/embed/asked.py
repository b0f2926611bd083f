"""What stands at the head of a block: its options, read and checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple, TypeVar, get_args

from netdsl.analyses.stats import By
from netdsl.backends.canvas.options import DIRECTIONS, HEATS, THEMES, Options, labels, page
from netdsl.backends.draw import KINDS, TAKES, Kind
from netdsl.diagnostics.nearest import did_you_mean
from netdsl.ir.types import View

#: Every option, and what it is. `source` and `numbers` are yes where they have no value, and `stats` is of layers.
OPTIONS: dict[str, str] = {
    "file": "a spec beside the page, FILE or FILE:VARIANT, or zoo:NAME; the block is empty then",
    "variant": "a variant of the spec",
    "set": "other values of parameters: NAME=VALUE, with spaces between several",
    "input": "another input shape: 3x64x64, or NAME=1x28x28 with spaces between several",
    "view": "train or infer",
    "as": "overview, layers, block:NAME, another kind of drawing, or none",
    "heat": "macs, params, activations or memory",
    "labels": "some of shapes, params, macs and rf, or none",
    "theme": "auto, light, dark or print",
    "direction": f"{', '.join(DIRECTIONS[:-1])} or {DIRECTIONS[-1]}",
    "page": "slide, column, a4 or WxH",
    "caption": "words below the diagram",
    "alt": "words in its place for those who cannot see it",
    "title": "what the file is called above its text",
    "source": "show the text of the spec too",
    "numbers": "show its parameters, MACs, depth, receptive field and output",
    "stats": "show a row for each layer, block or stage",
    "fails": "the code of an error that the spec has, which is shown in place of a diagram",
    "warns": "the code of a warning that it has",
}
_WORD = re.compile(r"""([\w-]+)(?:=(?:"([^"]*)"|'([^']*)'|(\S+)))?(?:\s+|$)""")


_Word = TypeVar("_Word", bound=str)
_VIEWS: tuple[View, ...] = get_args(View)
_ROWS: tuple[By, ...] = get_args(By)


class Asked(NamedTuple):
    """A block's options. ``files`` and other words are as they were written; ``kind`` is None for no diagram."""

    file: str | None
    variant: str | None
    set: dict[str, str]
    input: str | dict[str, str] | None
    view: View | None
    kind: Kind | None
    block: str | None
    drawn: Options
    caption: str
    alt: str
    title: str
    source: bool
    numbers: bool
    stats: By | None
    codes: frozenset[str]


def words(head: str) -> dict[str, str]:
    """``as="layers" stats`` as names and values; of a name alone it is empty. ``ValueError`` for what is neither."""
    found: dict[str, str] = {}
    at = 0
    head = head.strip()
    while at < len(head):
        match = _WORD.match(head, at)
        if match is None:
            raise ValueError(f'`{head[at:]}` is not NAME="VALUE"')
        if match[1] in found:
            raise ValueError(f"`{match[1]}` is given twice")
        found[match[1]] = next((value for value in match.groups()[1:] if value is not None), "")
        at = match.end()
    return found


def asked(given: Mapping[str, str], defaults: Mapping[str, str] | None = None) -> Asked:
    """The options of a block, with those of the site behind them. ``ValueError`` with words for people."""
    for name in (*(defaults or {}), *given):
        if name not in OPTIONS:
            help = did_you_mean(name, list(OPTIONS))
            raise ValueError(f"there is no option `{name}`" + (f"; {help}" if help else ""))
    chosen = {**(defaults or {}), **given}
    kind, block = _kind(chosen.get("as", "overview"))
    stats = {"": "layer", "no": None}.get(chosen.get("stats", "no"), chosen.get("stats"))
    return Asked(
        chosen.get("file"),
        chosen.get("variant"),
        _pairs("set", chosen.get("set", "")),
        _input(chosen.get("input")),
        _one("view", chosen.get("view"), _VIEWS),
        kind,
        block,
        _options(kind, chosen, given),
        chosen.get("caption", ""),
        chosen.get("alt", ""),
        chosen.get("title", ""),
        _flag("source", chosen),
        _flag("numbers", chosen),
        _one("stats", stats, _ROWS),
        frozenset(code for name in ("fails", "warns") for code in chosen.get(name, "").replace(",", " ").split()),
    )


def _kind(text: str) -> tuple[Kind | None, str | None]:
    word, colon, name = text.partition(":")
    if text == "none":
        return None, None
    kind = next((kind for kind in KINDS if kind == word), None)
    if kind is None or (kind == "block") != bool(name) or (colon and not name):
        known = ["block:NAME" if kind == "block" else kind for kind in KINDS]
        raise ValueError(f"`as` is {', '.join(known)} or none, not `{text}`")
    return kind, name or None


def _options(kind: Kind | None, chosen: Mapping[str, str], given: Mapping[str, str]) -> Options:
    """What a drawing takes. One that its kind does not take may be of the site, but not of the block."""
    takes = TAKES[kind] if kind is not None else frozenset()
    for name in Options._fields:
        if name in given and name not in takes:
            raise ValueError(f"`{name}` is not of a diagram that is drawn as {kind or 'none'}")
    said = {name: text for name, text in chosen.items() if name in takes}
    return Options(
        _one("heat", said.get("heat"), HEATS),
        labels(said["labels"]) if "labels" in said else None,
        _one("theme", said.get("theme"), THEMES) or ("auto" if "theme" in takes else "light"),
        _one("direction", said.get("direction"), DIRECTIONS) or "auto",
        page(said["page"]) if "page" in said else None,
    )


def _one(name: str, text: str | None, known: tuple[_Word, ...]) -> _Word | None:
    found = next((word for word in known if word == text), None)
    if text is not None and found is None:
        raise ValueError(f"`{name}` is {', '.join(known[:-1])} or {known[-1]}, not `{text}`")
    return found


def _flag(name: str, chosen: Mapping[str, str]) -> bool:
    text = chosen.get(name, "no")
    if text not in ("", "yes", "no"):
        raise ValueError(f"`{name}` is yes or no, not `{text}`")
    return text != "no"


def _pairs(name: str, text: str) -> dict[str, str]:
    found = {}
    for word in text.split():
        key, equals, value = word.partition("=")
        if not equals or not key or not value:
            raise ValueError(f"`{name}` is NAME=VALUE, with spaces between several, not `{word}`")
        found[key] = value
    return found


def _input(text: str | None) -> str | dict[str, str] | None:
    return _pairs("input", text) if text is not None and "=" in text else text
