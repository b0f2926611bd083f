"""What is done to Graphviz's SVG of an overview: words for those who cannot see it, and nothing that only confuses."""

from __future__ import annotations

import re
from html import escape

from netdsl.backends.canvas.palette import DARK
from netdsl.backends.labels import plain

#: Graphviz's own names of boxes and lines, which a browser would show as tooltips, and its comments.
_NOISE = re.compile(r"<!--(?! *Title).*?-->\n|<title>(?:b\d+|corner[^<]*)</title>\n", re.DOTALL)


def finish(svg: bytes, title: str, description: str, *, both: bool = False) -> bytes:
    """The SVG with a title and a description, as an image of one piece to a screen reader.

    With ``both`` it is light or dark as the reader's screen is. What knows nothing of that draws it light.
    """
    text = _NOISE.sub("", svg.decode())
    text = text.replace("<svg ", '<svg role="img" ', 1)
    start = text.index("<title>")
    end = text.index("</title>\n") + len("</title>\n")
    words = f"<title>{escape(plain(title))}</title>\n<desc>{escape(plain(description))}</desc>\n"
    style = _style() if both else ""
    return (text[:start] + words + style + text[end:]).encode()


def _style() -> str:
    rules = [
        f'[{attribute}="{light.lower()}"]{{{attribute}:{dark.lower()}}}'
        for light, dark in DARK.items()
        for attribute in ("fill", "stroke")
    ]
    return f"<style>@media (prefers-color-scheme: dark){{{''.join(rules)}}}</style>\n"
