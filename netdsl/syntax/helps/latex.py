r"""Signs of LaTeX around layers: ``$3\times3$ conv, 64``, ``conv1 & 112$\times$112 & 7$\times$7, 64 \\``.

Rules of the same form as those of ``signs.py``; ``advice.py`` tries them all.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from netdsl.diagnostics import Advice, shortened
from netdsl.syntax.helps import printed
from netdsl.syntax.helps.mistake import Mistake

#: The longest line that is looked at.
_LONGEST = 200
_SIGN = re.compile(
    r"\\(?:times|cdot|text\w*|mathrm|mathbf|left|right)(?![A-Za-z])|\\\\|\\[hc]line|\\\w+rule\b"
    r"|\$[^$]*\d[ \t]*[×x][^$]*\$"
)
_FRAME = re.compile(
    r"(?:\\(?:begin|end)\{\w+\*?\}.*|(?:\\(?:hline|toprule|midrule|bottomrule|cline\{[^{}]*\})[ \t]*)+)"
)


def _plain(line: str) -> str:
    """A line without what LaTeX needs."""
    line = re.sub(r"\\(?:times|cdot)(?![A-Za-z])[ \t]?", "×", line)
    line = re.sub(r"\\\\|\\(?:hline|\w+rule|left|right)\b|\\[hc]line(?:\{[^{}]*\})?|\$", "", line)
    line = re.sub(r"\\(?:text\w*|mathrm|mathbf)\{([^{}]*)\}", r"\1", line)
    line = re.sub(r"(?<=\d)[ \t]*×[ \t]*(?=\d)", "×", line).replace("~", " ")
    line = re.sub(r"(?<=[A-Za-z\d])-(\d+)[ \t]*×(?=\d)", r"-\1 ×", line)  # channels, and a repeat
    return re.sub(r"[ \t]*&[ \t]*", " | ", re.sub(r"[ \t]{2,}", " ", line)).strip()


def latex(mistake: Mistake) -> str | None:
    r"""``$7\times7$, 64, stride 2``, ``conv3-64 \times 2``, ``\begin{tabular}{c}``"""
    end = mistake.code_end()
    code = mistake.text[mistake.begin : end]
    line, begin = code.strip(), mistake.begin + len(code) - len(code.lstrip())
    if len(line) > _LONGEST or ("\\" not in line and "$" not in line):
        return None
    if _FRAME.fullmatch(line) is not None:
        mistake.instead("the frame of a table is no layer", begin, end)
        return Advice("a spec has the rows alone: leave the line out", mistake.edit("", mistake.begin, end))
    if _SIGN.search(line) is None:
        return None
    plain = _plain(line)
    row = printed.read(plain.replace("|", " ")) if plain else None
    texts = [plain]
    if row is not None and row.whole:
        texts.append((f"{row.label}: " if row.label else "") + row.layer)
    for text in texts:
        edit = mistake.edit(text, begin, end)
        if text and mistake.reads(edit) == 1:
            mistake.instead(f"`{shortened(line, 60)}` has signs of LaTeX", begin, end)
            return Advice(f"it is written `{shortened(text, 60)}`", edit)
    return None


RULES: tuple[Callable[[Mistake], str | None], ...] = (latex,)
