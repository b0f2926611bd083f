r"""Tables as LaTeX: ``booktabs``, ``multirow`` and ``amsmath``, as a ``tabular`` or a whole document."""

from __future__ import annotations

import re
import textwrap

from netdsl.backends.tables.model import Align, Cell, Content, Matrix, Place, Row, Sheet, grid, ruled
from netdsl.diagnostics import printable

_PACKAGES = ("amsmath", "booktabs", "multirow")
_LETTERS: dict[Align, str] = {"left": "l", "centre": "c", "right": "r"}
#: Lines of notes have this many letters at most.
_NOTE = 100

_SIGNS = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"$\mathdollar$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedblright{}",
    "×": r"$\times$",
    "→": r"$\rightarrow$",
    "·": r"$\cdot$",
    "≥": r"$\geq$",
    "Σ": r"$\Sigma$",
    "α": r"$\alpha$",
    "−": r"$-$",
    "–": "--",
    "—": "---",
    "…": r"\dots{}",
}
_NUMBERS = re.compile(r"[0-9×, ]+")
_RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_POWER = re.compile(f"×10([{_RAISED}]+)")


def write(sheet: Sheet, *, standalone: bool = False) -> str:
    r"""A ``tabular`` with the notes below it, or a document of class ``standalone`` that is cut to its size."""
    body = _tabular(sheet)
    if sheet.notes:
        notes = [line for note in sheet.notes for line in textwrap.wrap(printable(note), _NOTE)]
        below = "".join(f"\\footnotesize {_escaped(line)}\\\\\n" for line in notes)
        body = f"\\begin{{tabular}}{{@{{}}l@{{}}}}\n{body}\\\\\n\\addlinespace\n{below}\\end{{tabular}}\n"
    caption = f"% {_comment(sheet.caption)}\n" if sheet.caption else ""
    if not standalone:
        return f"{caption}% needs \\usepackage{{{','.join(_PACKAGES)}}}\n{body}"
    packages = "".join(f"\\usepackage{{{name}}}\n" for name in _PACKAGES)
    return (
        "\\documentclass[border=6pt]{standalone}\n\\usepackage[utf8]{inputenc}\n"
        f"{packages}{caption}\\begin{{document}}\n{body}\\end{{document}}\n"
    )


def _tabular(sheet: Sheet) -> str:
    spec = "".join(_LETTERS[align] for align in sheet.columns)
    out = [f"\\begin{{tabular}}{{@{{}}{spec}@{{}}}}", "\\toprule"]
    heights = list(map(_height, sheet.rows))
    for at, (row, places) in enumerate(zip(sheet.rows, grid(sheet), strict=True)):
        if row.rule and at:
            out.append(_rule(places))
        elif at and any(isinstance(content, Matrix) for cell in row.cells for content in cell.content):
            out.append("\\addlinespace")
        out.append(" & ".join(_cells(sheet, places, at, heights)) + r" \\")
    out += ["\\bottomrule", "\\end{tabular}"]
    return "\n".join(out) + "\n"


def _rule(places: list[Place]) -> str:
    runs = ruled(places)
    if runs == [(0, len(places))]:
        return "\\midrule"
    return "".join(f"\\cmidrule(lr){{{start + 1}-{end}}}" for start, end in runs)


def _height(row: Row) -> int:
    """Lines of the tallest cell that stands in a row alone."""
    return max([1, *(sum(map(_lines, cell.content)) for cell in row.cells if cell.rows == 1)])


def _lines(content: Content) -> int:
    return len(content.lines) if isinstance(content, Matrix) else 1


def _cells(sheet: Sheet, places: list[Place], row: int, heights: list[int]) -> list[str]:
    found = []
    for at, place in enumerate(places):
        cell = place.cell
        if place.right:
            continue
        if place.down:
            # The columns below a cell of several rows stay empty.
            words = ""
        else:
            words = _words(cell, sheet, sheet.columns[at])
            if cell.rows > 1:
                # multirow takes rows for single lines: what is taller moves the middle down.
                taller = sum(heights[row : row + cell.rows]) - cell.rows
                down = f"[-{taller / 2:g}\\normalbaselineskip]" if taller else ""
                words = f"\\multirow{{{cell.rows}}}{{*}}{down}{{{words}}}"
        if cell.columns > 1:
            letter = "l" if sheet.columns[at] == "left" else "c"
            left = "@{}" if at == 0 else ""
            right = "@{}" if at + cell.columns == len(places) else ""
            words = f"\\multicolumn{{{cell.columns}}}{{{left}{letter}{right}}}{{{words}}}"
        found.append(words)
    return found


def _words(cell: Cell, sheet: Sheet, align: Align) -> str:
    contents = [_content(content) for content in cell.content]
    if len(contents) < 2:
        return "".join(contents)
    where = "[t]" if sheet.top else ""
    letter = _LETTERS[align]
    gap = r"\\[2pt]" if any(isinstance(content, Matrix) for content in cell.content) else r"\\"
    return f"\\begin{{tabular}}{where}{{@{{}}{letter}@{{}}}}{gap.join(contents)}\\end{{tabular}}"


def _content(content: Content) -> str:
    if isinstance(content, Matrix):
        lines = r" \\ ".join(_entry(line, content.bold) for line in content.lines)
        times = f"\\times{content.times}" if content.repeats else ""
        return f"$\\begin{{bmatrix}} {lines} \\end{{bmatrix}}{times}$"
    return _bold(_escaped(content.text), content.bold)


def _entry(line: str, bold: bool) -> str:
    """A line of a matrix: in mathematics as one writes it by hand, where it is numbers alone."""
    if _NUMBERS.fullmatch(line) and not bold:
        return line.replace("×", r"\times").replace(", ", r",\ ")
    return f"\\text{{{_bold(_escaped(line), bold)}}}"


def _bold(words: str, bold: bool) -> str:
    return f"\\textbf{{{words}}}" if bold else words


def _escaped(text: str) -> str:
    text = printable(text)
    # After the end of a row these would be taken for what `\\` may be followed by.
    parts = ["{}"] if text.startswith(("[", "*")) else []
    end = 0
    for power in _POWER.finditer(text):
        digits = "".join(str(_RAISED.index(sign)) for sign in power[1])
        parts += [_signs(text[end : power.start()]), f"$\\times10^{{{digits}}}$"]
        end = power.end()
    return "".join([*parts, _signs(text[end:])])


def _signs(text: str) -> str:
    return "".join(_SIGNS.get(sign, sign) for sign in text)


def _comment(text: str) -> str:
    return printable(text)
