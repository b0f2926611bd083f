"""The HTML of a page: template, style, program, drawings and numbers in one file."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from functools import cache
from html import escape
from pathlib import Path
from typing import Literal, get_args

from netdsl.backends.canvas.engine import MAX_DRAWN
from netdsl.backends.canvas.options import Heat, Options
from netdsl.backends.canvas.palette import DARK, FILLS, HEAT, HEAT_INKS, contrast
from netdsl.backends.labels import metric, plain
from netdsl.backends.page.model import as_json, model
from netdsl.backends.page.parts import drawings
from netdsl.ir.graph import Graph
from netdsl.ir.types import View

#: What a page begins with; ``auto`` is as the reader's screen is.
Theme = Literal["auto", "light", "dark"]
THEMES: tuple[Theme, ...] = get_args(Theme)

_HERE = Path(__file__).parent
#: The files of the program, in the order in which they are read; pages of `netdsl watch` have one more.
_PROGRAM = ("view.js", "words.js", "page.js", "numbers.js", "lists.js", "controls.js")
_SLOT = re.compile(r"\{\{(\w+)\}\}")


def page(
    graph: Graph,
    *,
    view: View = "train",
    options: Options | None = None,
    theme: Theme = "auto",
    live: str | None = None,
    most: int = MAX_DRAWN,
) -> str:
    """A net as the text of one HTML file. The same graph gives the same text.

    It begins with the overview, as ``options`` say (their heat is the page's first), and opens each block; all numbers
    are those of ``view``. Nothing is loaded from elsewhere, and its policy forbids it. With ``live``, the number of a
    version, it asks the server that it came from for newer ones.
    Raises :class:`netdsl.NetdslError` (ND218) for more than ``most`` boxes, of which those inside of blocks count half
    each.
    """
    options = options or Options()
    drawn = drawings(graph, view, options, most)
    value = model(graph, view, drawn)
    totals = value["totals"]
    name = f"{value['name']} {value['variant']}" if value["variant"] else value["name"]
    numbers = f"{metric(totals['params'])} parameters, {metric(totals['macs'])} multiply-adds (MACs)"
    insides = "\n".join(f'<template id="inside{at}">{text}</template>' for at, text in enumerate(drawn.insides))
    return _document(
        {
            "name": escape(name),
            "subtitle": escape(value["title"] or ""),
            "summary": escape(f"{numbers}. {plain(drawn.description)}"),
            "overview": drawn.overview,
            "insides": insides,
            "data": as_json(value),
        },
        theme,
        options.heat,
        live,
    )


def empty(name: str, *, theme: Theme = "auto", live: str | None = None) -> str:
    """A page that has nothing to show yet."""
    slots = {"name": escape(plain(name)), "subtitle": "", "summary": "", "overview": "", "insides": "", "data": "null"}
    return _document(slots, theme, None, live)


def _document(slots: dict[str, str], theme: Theme, heat: Heat | None, live: str | None) -> str:
    style = _text("page.css") + _colours()
    program = "\n".join(map(_text, [*_PROGRAM, "live.js"] if live is not None else _PROGRAM))
    policy = [
        "default-src 'none'",
        f"script-src '{_digest(program)}'",
        f"style-src '{_digest(style)}'",
        "img-src data:",
        *(["connect-src 'self'"] if live is not None else []),
        "base-uri 'none'",
        "form-action 'none'",
    ]
    more = {
        "policy": "; ".join(policy),
        "style": style,
        "program": program,
        "theme": theme,
        "heat": heat or "kind",
        "live": f' data-live="{escape(live)}"' if live is not None else "",
    }
    return fill(_text("template.html"), {**slots, **more})


def fill(template: str, slots: Mapping[str, str]) -> str:
    """The template with each ``{{slot}}`` filled once: what fills one is never looked at again."""
    return _SLOT.sub(lambda found: slots[found[1]], template)


@cache
def _text(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


@cache
def _colours() -> str:
    """The colours of drawings by light and dark, and those of heat."""
    rules = [
        f'.drawing [{attribute}="{light.lower()}"]{{{attribute}:light-dark({light.lower()},{dark.lower()})}}'
        for light, dark in DARK.items()
        for attribute in ("fill", "stroke")
    ]
    for kind, colour in FILLS.items():
        rules.append(f".tint.{kind}{{background:light-dark({colour.lower()},{DARK.get(colour, colour).lower()})}}")
    for place, colour in enumerate(HEAT):
        ink = max(HEAT_INKS, key=lambda ink: contrast(ink, colour)).lower()
        rules.append(f".heat{place}{{--heat:{colour.lower()};--heat-ink:{ink}}}")
    return "\n".join(["", *rules, ""])


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
