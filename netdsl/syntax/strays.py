"""Characters that no spec has: blanks and controls."""

from __future__ import annotations

import re

from netdsl.diagnostics import Advice, Diagnostic, Edit, Span

#: Code with its texts in quotes, comments, quotes that do not close; one of these with escapes takes its line with it.
_CODE = re.compile(r'(?:"(?:[^"\\\n]|\\.)*+"|"[^"\\\n]*+\\[^\n]*+|[^"#\n]++)+|#[^\n]*|"')


def strays(text: str, file: int, most: int) -> tuple[list[Diagnostic], str]:
    """Blanks and controls that do not belong in a spec, each kind once a line, and the text with spaces for them.

    What is harmless in a comment (a wide space, a joiner of letters) may stand in one.
    """
    from unicodedata import category, name

    found: dict[tuple[int, str], list[int]] = {}
    line = last = 0
    for match in _CODE.finditer(text):
        line += text.count("\n", last, match.start())
        last = match.start()
        comment = match.group().startswith("#")
        for place in range(match.start(), match.end()):
            char = text[place]
            if char in " \t\r\f\xa0" or (char.isprintable() and char != "\ue000"):
                continue
            if not (comment and (category(char) == "Zs" or char in "\u200c\u200d\xad")):
                found.setdefault((line, char), []).append(place)
    problems = []
    for (_, char), places in list(found.items())[:most]:
        known = name(char, "").lower()
        message = f"the character U+{ord(char):04X}{f' ({known})' if known else ''} does not belong in a spec"
        blank = category(char) == "Zs"
        edits = (Edit(Span(file, place, place + 1), " " if blank else "") for place in places)
        help = Advice("write a plain space" if blank else "take it out", *edits)
        problems.append(Diagnostic("ND103", message, Span(file, places[0], places[0] + 1), help))
    cleared = list(text)
    for places in found.values():
        for place in places:
            cleared[place] = " "
    return problems, "".join(cleared)
