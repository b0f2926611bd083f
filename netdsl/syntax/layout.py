"""Tokens → lines: what stands on a line of its own, how far it is indented, and what stands between two tokens.

Where a text has a line or several is its author's choice and stays. What is settled here:

- Brackets that hold a line break directly have what they hold on lines of its own; ``{ concat {`` … ``} }`` may stay.
- A comma ends its line, a branch's ``|`` begins one, and ``else`` follows its ``}``.
- A line is indented by two for what is open at its beginning: brackets, a branch that began with ``|``, a declaration.
"""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.diagnostics import width

#: Spaces of one step to the right.
STEP = 2

_OPENERS = frozenset("([{")
_CLOSERS = frozenset(")]}")
_BLANKS = " \t\r\f\xa0"
#: Rules whose statement goes on, after a comma, on an indented line.
_DECLARATIONS = frozenset({"param", "variant", "style", "use", "expect", "init", "allow"})
#: Statements with a body of their own: what is aligned outside is not aligned with what is inside.
_SCOPES = frozenset({"block", "output"})


class Token:
    """A piece of text, the terminal that it is, the rule that it is a part of, and the blanks before it in its line."""

    __slots__ = ("gap", "kind", "owner", "text", "width")

    def __init__(self, text: str, kind: str, owner: str) -> None:
        self.text, self.kind, self.owner = text, kind, owner
        self.width = width(text) if kind == "STRING" else len(text)
        self.gap = 0


class Line:
    """A line of the result: its tokens, what stands above it, and where it begins.

    ``above`` has the comments that stand alone above, and None for a blank line. ``indent`` counts from the left, or
    from behind the bracket ``anchor``; ``comment_indent`` is that of the comments above, and ``comment_gap`` stands
    before the comment at the end. ``closes`` says that it begins with a closing bracket, ``barred`` that it begins with
    a branch's ``|``, ``whole`` that it leaves no bracket open and closes none of another line. ``first`` is the number
    of its first token among all, ``container`` that of the bracket that is open where it begins, -1 for the file.
    ``paragraph`` counts blank lines, ``scope`` tells bodies of blocks apart.
    """

    __slots__ = (
        "above",
        "anchor",
        "barred",
        "closes",
        "comment",
        "comment_gap",
        "comment_indent",
        "container",
        "first",
        "indent",
        "paragraph",
        "scope",
        "tokens",
        "whole",
    )

    def __init__(self, above: list[str | None], indent: int, anchor: Token | None) -> None:
        self.above, self.indent, self.anchor = above, indent, anchor
        self.tokens: list[Token] = []
        self.comment: str | None = None
        self.comment_gap = STEP
        self.comment_indent = indent
        self.closes = self.barred = False
        self.whole = True
        self.first = 0
        self.container = -1
        self.paragraph = self.scope = 0


class _Frame:
    """A bracket that is open, or the file: how far its lines are indented."""

    __slots__ = (
        "anchor",
        "base",
        "base_anchor",
        "content",
        "declares",
        "offset",
        "opener",
        "owner",
        "scope",
        "statement",
    )

    def __init__(self, opener: int, base: int, base_anchor: Token | None, owner: str, scope: int) -> None:
        self.opener, self.owner, self.scope = opener, owner, scope
        #: of the line with the opening bracket, and so of that with the closing one
        self.base, self.base_anchor = base, base_anchor
        #: of the lines inside
        self.content, self.anchor = base + STEP, base_anchor
        #: further to the right in a branch whose `|` began a line
        self.offset = 0
        #: the rule of the first token of the statement that is being read
        self.statement = ""
        self.declares = False


# -- line breaks ------------------------------------------------------------------------------------------------------


def settle(tokens: Sequence[Token], gaps: list[str]) -> None:
    """Moves line breaks to where they belong. ``gaps[i]`` is the text before token i; comments stay in their lines."""
    for i, token in enumerate(tokens):
        text = token.text
        if text == "|":
            if token.owner == "join" and "\n" in gaps[i + 1]:
                gaps[i], gaps[i + 1] = _together(gaps[i], gaps[i + 1]), ""
        elif "\n" not in gaps[i]:
            continue
        elif text == ",":
            # after the comma of an `allow` there can be no line break
            if token.owner != "allow":
                gaps[i], gaps[i + 1] = "", _together(gaps[i], gaps[i + 1])
            elif "#" not in gaps[i]:
                gaps[i] = ""
        elif token.kind == "ELSE" or (text == "}" and token.owner in ("braced", "kernel")):
            if "#" not in gaps[i]:
                gaps[i] = ""
    _settle_brackets(tokens, gaps)


def _together(before: str, after: str) -> str:
    """The gap that is left where the token between two gaps goes away; no blank line where that stood alone."""
    if "\n" in before:
        rest = after.lstrip(_BLANKS + ",")
        if rest.startswith("\n"):
            after = rest[1:]
    return before + after


def _settle_brackets(tokens: Sequence[Token], gaps: list[str]) -> None:
    broken: dict[int, None] = {}
    partner: dict[int, int] = {}
    stack: list[int] = []
    for i, token in enumerate(tokens):
        closes = token.text in _CLOSERS
        if stack and "\n" in gaps[i]:
            broken[stack[-1]] = None
        if closes:
            partner[stack.pop()] = i
        elif token.text in _OPENERS:
            stack.append(i)
    for begin in broken:
        end, token = partner[begin], tokens[begin]
        inside = "#" in gaps[end]
        if end == begin + 1:
            gaps[end] = gaps[end] if inside else ""
        elif token.text == "(":
            if "\n" in gaps[begin + 1]:
                gaps[end] = gaps[end] if "\n" in gaps[end] else "\n"
            elif not inside:
                gaps[end] = ""
        elif token.owner not in ("braced", "kernel"):
            for place in (begin + 1, end):
                if "\n" not in gaps[place]:
                    gaps[place] = "\n"


# -- comments ---------------------------------------------------------------------------------------------------------


def comment(line: str) -> str | None:
    """The comment of a line that has nothing else, with a blank behind its ``#``; None where there is none."""
    text = line.lstrip(_BLANKS + ",").rstrip()
    if not text:
        return None
    signs = len(text) - len(text.lstrip("#"))
    return f"{text[:signs]} {text[signs:]}" if text[signs : signs + 1].isalnum() else text


def _above(lines: Sequence[str], *, first: bool, last: bool) -> list[str | None]:
    """Comments that stand alone, and one None for blank lines between; none at a bracket (``first``, ``last``)."""
    found: list[str | None] = []
    for line in lines:
        said = comment(line)
        if said is not None or (found and found[-1] is not None) or (not found and not first):
            found.append(said)
    if last and found and found[-1] is None:
        found.pop()
    return found


# -- lines ------------------------------------------------------------------------------------------------------------


def lines(tokens: Sequence[Token], gaps: Sequence[str]) -> tuple[list[Line], list[str | None]]:
    """The lines, and the comments behind the last."""
    found: list[Line] = []
    frames = [_Frame(-1, -STEP, None, "", 0)]
    paragraph = 0
    line = Line([], 0, None)
    previous: Token | None = None
    base: tuple[int, Token | None] = (0, None)
    for i, token in enumerate(tokens):
        frame, gap = frames[-1], gaps[i]
        text = token.text
        if previous is None or "\n" in gap:
            parts = gap.split("\n")
            if previous is not None:
                line.comment = comment(parts[0])
                parts = parts[1:]
            begins = previous is None or frame.opener == i - 1
            above = _above(parts[:-1], first=begins, last=text in _CLOSERS)
            line = _begun(above, frame, token, previous)
            if None in above:
                paragraph += 1
            line.first, line.paragraph = i, paragraph
            #: what opens on this line is indented from here
            base = line.indent + (STEP if line.barred else 0), line.anchor
            found.append(line)
        elif previous is not None:
            token.gap = _between(previous, token)
        if text in _CLOSERS:
            frames.pop()
            if frame.opener < line.first:
                base = frame.base, frame.base_anchor
            if line.container >= 0 and frame.opener == line.container:
                line.whole = False
        elif text in _OPENERS:
            frames.append(_opened(i, token, line, frame, base, "\n" in gaps[i + 1]))
        elif text == "|" and token.owner == "join":
            frame.offset = STEP if not line.tokens else 0
        line.tokens.append(token)
        previous = token
        if "\n" in gaps[i + 1] and frames[-1].opener != line.container:
            line.whole = False
    parts = gaps[-1].split("\n")
    if previous is not None:
        line.comment = comment(parts[0])
        parts = parts[1:]
    return found, _above(parts, first=not found, last=True)


def _begun(above: list[str | None], frame: _Frame, token: Token, previous: Token | None) -> Line:
    """A line that begins with a token: how far it is indented."""
    if token.text in _CLOSERS:
        line = Line(above, frame.base, frame.base_anchor)
        line.closes = True
        line.comment_indent = frame.content + frame.offset
    else:
        line = Line(above, frame.content, frame.anchor)
        if token.text == "|" and token.owner == "join":
            line.barred = True
        else:
            line.indent += frame.offset
        goes_on = previous is not None and previous.text == ","
        if not goes_on and token.text != "|":
            frame.statement = token.owner
            frame.declares = token.owner in _DECLARATIONS
        names = token.owner == "table" and token.kind != "TABLE"
        if names or token.text == "," or (goes_on and (frame.declares or frame.owner == "table")):
            line.indent += STEP
        line.comment_indent = line.indent
    line.container, line.scope = frame.opener, frame.scope
    return line


def _opened(i: int, token: Token, line: Line, frame: _Frame, place: tuple[int, Token | None], breaks: bool) -> _Frame:
    """The frame of a bracket that opens in a line, which is indented from a place."""
    base, anchor = place
    scope = i if token.owner == "body" and frame.statement in _SCOPES and frame.opener < 0 else frame.scope
    opened = _Frame(i, base, anchor, token.owner, scope)
    if token.text == "(" and not breaks:
        opened.content, opened.anchor = 0, token
    elif token.owner == "table" and line.tokens and line.tokens[0].owner == "table" and line.tokens[0].kind != "TABLE":
        # the names of the columns stand below the word `table`
        opened.base, opened.content = base - STEP, base
    return opened


def text(found: Sequence[Line], behind: Sequence[str | None]) -> str:
    """The lines as text, with a line break at its end."""
    anchors = {id(line.anchor) for line in found if line.anchor is not None}
    columns: dict[int, int] = {}
    written: list[str] = []
    for line in found:
        start = columns[id(line.anchor)] if line.anchor is not None else 0
        for comment in line.above:
            written.append("" if comment is None else " " * (start + line.comment_indent) + comment)
        pieces = [" " * (start + line.indent)]
        for token in line.tokens:
            pieces.append(" " * token.gap + token.text if token.gap else token.text)
            if anchors and id(token) in anchors:
                columns[id(token)] = sum(map(width, pieces))
        if line.comment is not None:
            pieces.append(" " * line.comment_gap + line.comment)
        written.append("".join(pieces))
    written += ["" if comment is None else comment for comment in behind]
    return "".join(line + "\n" for line in written)


# -- between two tokens -----------------------------------------------------------------------------------------------

#: Nothing stands before and after these: pairs of a rule and a sign of it.
_TIGHT = frozenset(
    {
        *((rule, "=") for rule in ("attribute", "init_argument", "argument")),
        *((rule, sign) for rule in ("channels", "glued") for sign in "-×"),
        *((rule, ".") for rule in ("path", "label", "member", "ref", "reuse")),
        *(("product", sign) for sign in ("*", "/", "//", "%")),
        *((rule, "{") for rule in ("kernel",)),
        *((rule, "..") for rule in ("value", "positional")),
        *((rule, "..<") for rule in ("value", "positional")),
        *((rule, sign) for rule in ("kernel", "stride", "value", "positional", "quantity", "dims") for sign in "x×"),
        ("stride", "/"),
        ("power", "**"),
    }
)
#: Nothing stands before these …
_BEFORE = _TIGHT | {
    *((rule, "(") for rule in ("call", "function", "parameters", "arguments")),
    *((rule, "}") for rule in ("braced", "kernel")),
}
#: … and nothing after these.
_AFTER = _TIGHT | {
    *((rule, sign) for rule in ("unary", "negative") for sign in "+-"),
    ("repeat", "×"),
    ("braced", "{"),
    ("suffix", "+"),
}
_NEVER_BEFORE = frozenset(",:)]")
_NEVER_AFTER = frozenset("([@")


def _between(left: Token, right: Token) -> int:
    """The blanks between two tokens of a line, before any alignment."""
    a, b = left.text, right.text
    if b == "-" and right.owner in ("channels", "glued") and a.lower() == "soft":
        return 1  # `soft-max` would be one word
    if b in _NEVER_BEFORE or a in _NEVER_AFTER or (right.owner, b) in _BEFORE or (left.owner, a) in _AFTER:
        return 0
    return 0 if a == "{" and b == "}" else 1
