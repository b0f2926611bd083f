"""Writes the page of all codes, ``docs/codes.md``, from the explanations: ``python docs/make_codes.py``.

With ``--check`` nothing is written, and the exit code is 1 where the page is not what would be made now.
"""

from __future__ import annotations

import sys
from pathlib import Path

from netdsl.cli.codes import FAMILIES, markdown, read
from netdsl.diagnostics import CODES

PAGE = Path(__file__).parent / "codes.md"

_HEAD = """\
<!-- Made by docs/make_codes.py from netdsl/explanations: change those, not this. -->
# The codes of diagnostics

Everything that netdsl reports has a code, which does not change. One can look for it here, or with
`netdsl explain ND204`, and silence a warning by it: `allow ND301` at the end of a line, or as a statement of its own
for the file. Each example is compiled by netdsl's own tests. What fails does so with that code alone, and what is
mended gives none.
"""


def page() -> str:
    """The page: a list of all codes by family, then each with its long form."""
    parts = [_HEAD]
    for digit, family in FAMILIES.items():
        codes = [code for code in sorted(CODES) if code[2] == digit]
        rows = "\n".join(f"| [{code}](#{code.lower()}) | {read(code).sentence} |" for code in codes)
        parts.append(f"**{family}**\n\n| code | says |\n|---|---|\n{rows}\n")
    for code in sorted(CODES):
        parts.append(f'<a id="{code.lower()}"></a>\n\n{markdown(code, level=2)}')
    return "\n".join(parts)


def main() -> int:
    """Writes the page, or checks it."""
    made = page()
    if "--check" in sys.argv[1:]:
        if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == made:
            return 0
        print(f"{PAGE} is not what {Path(__file__).name} makes", file=sys.stderr)
        return 1
    PAGE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
