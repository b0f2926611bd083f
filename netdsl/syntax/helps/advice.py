"""What a mistake of syntax was probably meant to be: a help, with edits where one thing alone can be meant.

Imported where there is a mistake. Each rule looks at the place of the mistake and gives a help, or None; what a help
would change is tried before it is given.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from netdsl.diagnostics import Advice, Edit, edited, shortened
from netdsl.syntax.helps import (
    configs,
    declarations,
    denied,
    drafts,
    expects,
    forms,
    habits,
    latex,
    misnamed,
    mistyped,
    omitted,
    pasted,
    printed,
    repairs,
    sections,
    signs,
    slips,
    statements,
    typed_rows,
)
from netdsl.syntax.helps.mistake import STATEMENTS, Mistake

#: Helps that say a rule alone.
_BARE = re.compile(
    r"an? `[^`]+` (?:stands there|is missing)|a comma parts one from the next|"
    r"the branches of (?:a join|`\w+`) stand in braces(?:, with `\|` between them)?|"
    r"a group of layers stands in square brackets: `\[ … \]`"
)
#: The longest line that a help shows.
_SHORT = 60
#: The longest line whose slips are looked for.
_LONGEST_LINE = 1000

#: In the order of trial: what is particular comes before what is general.
_RULES: tuple[Callable[[Mistake], str | None], ...] = (
    *sections.RULES, *configs.RULES, *pasted.RULES, typed_rows.typed, *latex.RULES, *expects.RULES, *drafts.RULES,
    *printed.RULES, *misnamed.RULES, *omitted.FIRST, *mistyped.RULES,
    *declarations.RULES, *denied.RULES, *signs.FIRST, *repairs.FIRST,
    *statements.RULES, *habits.RULES, *repairs.WORDS, *omitted.RULES, *signs.RULES, *repairs.RULES, habits.comma,
    *repairs.LAST,
    *slips.RULES,
)  # fmt: skip


def advice(mistake: Mistake) -> str:
    """The help of the first rule whose edits let the line be read, or else of one that gets further into it.

    Where no rule knows what was meant it says what is written there.
    """
    if mistake.end - mistake.begin > _LONGEST_LINE:
        return forms.form(mistake)  # no hand has written it, and the rules look at all of a line
    further: tuple[str, str | None, object, int | None, int | None] | None = None
    for rule in _RULES:
        mistake.forget()
        help = rule(mistake)
        if help is None:
            continue
        if not isinstance(help, Advice) or not help.edits:
            if further is None:
                return help
            continue
        read = mistake.reads(*help.edits)
        if read:
            _written(mistake, help)
        if read == 1:
            return _mended(mistake, help)
        if read and further is None:
            further = help, mistake.message, mistake.place, mistake.beside, mistake.below
    mistake.forget()
    if further is None:
        return forms.form(mistake)
    help, mistake.message, mistake.place, mistake.beside, mistake.below = further  # type: ignore[assignment]
    return help


def _mended(mistake: Mistake, help: Advice) -> Advice:
    """A help that says a rule alone, with the line that it makes of this one, where that is short."""
    begin, end = mistake.begin, mistake.code_end()
    if _BARE.fullmatch(help) is None or any(not begin <= one.span.start <= one.span.end <= end for one in help.edits):
        return help
    moved = [Edit(mistake.at(one.span.start - begin, one.span.end - begin), one.text) for one in help.edits]
    line = edited(mistake.text[begin:end], moved).strip()
    if len(line) > _SHORT or "`" in line or not line.isprintable():
        return help
    return Advice(f"{help.removesuffix(': `[ … ]`')}: `{line}`", *help.edits)


def _written(mistake: Mistake, help: Advice) -> None:
    """Says of a whole item that a help writes anew that it is none as it stands, where its rule says nothing of it."""
    if mistake.message is not None or len(help.edits) != 1 or not help.startswith("it is written `"):
        return
    (span, new) = help.edits[0]
    stretch = mistake.text[span.start : span.end].strip().rstrip(",;")
    before = mistake.text[mistake.begin : span.start].rstrip()
    inside = span.start <= mistake.offset < span.end and stretch != mistake.word
    if not inside or "\n" in stretch or "`" in stretch or not re.search(r"(?:\A|[,|\[{(:])\Z", before):
        return
    start = span.start + mistake.text[span.start : span.end].index(stretch)
    if re.match(rf"(?:{'|'.join(STATEMENTS)})[ \t]", new):
        return
    what = "is no layer"
    if new[:1] == "@":
        what = "is no tensor"
    elif "," in re.sub(r"\([^()]*\)", "", new) and stretch[-1] != ")":
        what = "are no layers"
    it = "they stand" if what.startswith("are") else "it stands"
    mistake.instead(f"`{shortened(stretch, 60)}` {what} as {it}", start, start + len(stretch))
