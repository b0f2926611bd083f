"""Python as text: names that are safe, literals, and lines broken as ``ruff format --line-length 120`` breaks them."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Container, Sequence

from netdsl.diagnostics import width

#: The generated file's line length.
WIDTH = 120

#: How many letters a name of our own making has at most, of a class or a variable.
LONGEST = 40

#: What a name in the generated file must not hide.
RESERVED = frozenset(
    {*keyword.kwlist, *keyword.softkwlist, *dir(builtins)}
    | {"self", "torch", "nn", "F", "Tensor", "NamedTuple", "module", "name"}
)

#: Methods of the containers of ``torch.nn`` that a member's name must not hide.
CONTAINER_METHODS = frozenset(
    {"append", "clear", "extend", "insert", "items", "keys", "pop", "popitem", "setdefault", "update", "values"}
)
#: Those of ``nn.Sequential``.
SEQUENTIAL_METHODS = frozenset({"append", "extend", "insert", "pop"})


def plain(name: str) -> bool:
    """Whether ``self.<name>`` can be written: an identifier, no keyword, nothing that a class body would mangle."""
    return name.isascii() and name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("__")


def camel(*words: str) -> str:
    """Words as a class's name: ``basic_block`` → ``BasicBlock``, and ``vgg19``, which cannot be said, → ``VGG19``.

    Empty where nothing usable is left.
    """
    parts = [part for word in words for part in re.split(r"[^A-Za-z0-9]+", word) if part]
    return "".join(map(_capital, parts)).lstrip("0123456789")[:LONGEST]


def _capital(part: str) -> str:
    letters = re.match(r"[a-z]*", part)
    assert letters is not None
    acronym = letters.group()
    if (
        1 < len(acronym) < 5
        and not re.search("[aeiouy]", acronym)
        and not part[len(acronym) : len(acronym) + 1].isupper()
    ):
        return acronym.upper() + part[len(acronym) :]
    return part[0].upper() + part[1:]


def positions(names: Sequence[str]) -> bool:
    """Whether names are just ``0, 1, 2, …``."""
    return all(name == str(place) for place, name in enumerate(names))


def snake(word: str, most: int = LONGEST) -> str:
    """A word as the name of a variable, cut to ``most`` letters, or an empty string where nothing usable is left."""
    name = re.sub(r"[^A-Za-z0-9_]+", "_", word)[: most + 1].strip("_")[:most].rstrip("_")
    return name if name and not name[0].isdigit() else ""


def unique(name: str, taken: Container[str], *, join: str = "") -> str:
    """``name``, or with the first number from 2 that makes it free."""
    if name not in taken and name not in RESERVED:
        return name
    if name in RESERVED and name + "_" not in taken and not join:
        return name + "_"
    if name[-1:].isdigit():
        join = "_"
    number = 2
    while f"{name}{join}{number}" in taken:
        number += 1
    return f"{name}{join}{number}"


class ClassName(str):
    """A constant that is a class: ``nn.ReLU``."""


def literal(value: object) -> str:
    """A constant as Python writes it and ruff keeps it. Raises TypeError for what is no constant."""
    if isinstance(value, ClassName):
        return str(value)
    if value is None or isinstance(value, (bool, int)):
        return repr(value)
    if isinstance(value, float):
        text = repr(value)
        return text if text.lstrip("-")[0].isdigit() else f'float("{text}")'
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, (tuple, list)):
        inside = ", ".join(map(literal, value))
        if isinstance(value, list):
            return f"[{inside}]"
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    raise TypeError(f"{value!r} cannot stand in generated source")


def quoted(text: str) -> str:
    """A string's literal, in double quotes unless single ones need fewer backslashes."""
    mark = '"' if text.count('"') <= text.count("'") else "'"
    body = "".join(_escaped(char, mark) for char in text)
    return f"{mark}{body}{mark}"


def _escaped(char: str, mark: str) -> str:
    if char in (mark, "\\"):
        return "\\" + char
    return char if char.isprintable() else repr(char)[1:-1]


_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"' r"|'(?:[^'\\\n]|\\.)*'")


def unquoted(code: str) -> str:
    """Code whose strings, which can say anything, are empty."""
    return _STRING.sub('""', code)


def prose(text: str) -> str:
    """Text as it may stand in a docstring: one line, nothing that ends the string or hides in it."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line.replace("\\", "\\\\").replace('"', '\\"')


def atomic(text: str) -> bool:
    """Whether an expression needs no parentheses around it: nothing in it stands between two operands."""
    depth, quote = 0, ""
    for char in text:
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        else:
            depth += (char in "([{") - (char in ")]}")
            if char == " " and not depth:
                return False
    return True


# -- expressions that know how to break -------------------------------------------------------------------------------


#: What a value stands behind.
_SIGNS = (" = ", " += ", "return ")


class Doc:
    """An expression. ``_flat`` is its text on one line, or None where it is wanted over several."""

    def _flat(self) -> str | None:
        raise NotImplementedError

    def lines(self, indent: int, lead: str, tail: str) -> list[str]:
        """The expression at ``indent`` columns, with ``lead`` before and ``tail`` after it, broken where it must be."""
        text = self._flat()
        if text is not None and indent + width(lead) + width(text) + width(tail) <= WIDTH:
            return [" " * indent + lead + text + tail]
        if not tail and lead.endswith(_SIGNS) and indent + width(lead + self._head()) > WIDTH:
            # The sign is all that its line has room for.
            inside = self.lines(indent + 4, "", "")
            if width(lead) + indent < WIDTH and max(map(width, inside)) <= WIDTH:
                return [" " * indent + lead + "(", *inside, " " * indent + ")"]
        return self._broken(indent, lead, tail)

    def _head(self) -> str:
        """What stands before its first break."""
        raise NotImplementedError

    def _broken(self, indent: int, lead: str, tail: str) -> list[str]:
        raise NotImplementedError


class Atom(Doc):
    """A text that is never broken."""

    def __init__(self, text: str) -> None:
        self.text = text

    def _flat(self) -> str | None:
        return self.text

    def _head(self) -> str:
        return self.text

    def _broken(self, indent: int, lead: str, tail: str) -> list[str]:
        return [" " * indent + lead + self.text + tail]


class Keyword(Doc):
    """``name=value``, or ``"key": value`` with another sign."""

    def __init__(self, name: str, value: Doc, sign: str = "=") -> None:
        self.prefix = name + sign
        self.value = value

    def _flat(self) -> str | None:
        text = self.value._flat()
        return None if text is None else self.prefix + text

    def _head(self) -> str:
        return self.prefix + self.value._head()

    def _broken(self, indent: int, lead: str, tail: str) -> list[str]:
        return self.value._broken(indent, lead + self.prefix, tail)


class Bracket(Doc):
    """``opening item, item, … closing``; broken, it has a line an item. ``tall`` asks for that even where it fits."""

    def __init__(self, opening: str, items: Sequence[Doc], closing: str, *, tall: bool = False) -> None:
        self.opening = opening
        self.items = items
        self.closing = closing
        self.tall = tall and len(items) > 1

    def _flat(self) -> str | None:
        if self.tall:
            return None
        texts = [item._flat() for item in self.items]
        if None in texts:
            return None
        comma = "," if self.opening.endswith("(") and self.opening == "(" and len(texts) == 1 else ""
        return f"{self.opening}{', '.join(text for text in texts if text is not None)}{comma}{self.closing}"

    def _head(self) -> str:
        return self.opening if self.items else self.opening + self.closing

    def _broken(self, indent: int, lead: str, tail: str) -> list[str]:
        if not self.items:
            return [" " * indent + lead + self.opening + self.closing + tail]
        lines = [" " * indent + lead + self.opening]
        # A lone item takes no comma; ruff would leave out none after several.
        comma = "," if len(self.items) > 1 or self.opening == "(" else ""
        for item in self.items:
            lines += item.lines(indent + 4, "", comma)
        return [*lines, " " * indent + self.closing + tail]


class Repeat(Doc):
    """``*(element for _ in range(count))``."""

    def __init__(self, element: Doc, count: str) -> None:
        self.element = element
        self.loop = f"for _ in range({count})"

    def _flat(self) -> str | None:
        text = self.element._flat()
        return None if text is None else f"*({text} {self.loop})"

    def _head(self) -> str:
        return "*("

    def _broken(self, indent: int, lead: str, tail: str) -> list[str]:
        inside = self.element.lines(indent + 4, "", "")
        pad = " " * indent
        return [f"{pad}{lead}*(", *inside, f"{pad}    {self.loop}", f"{pad}){tail}"]


def constant(value: object) -> Doc:
    """A constant as a document: long tuples can break."""
    if isinstance(value, (tuple, list)) and value:
        ends = "()" if isinstance(value, tuple) else "[]"
        return Bracket(ends[0], [constant(item) for item in value], ends[1])
    return Atom(literal(value))


def call(target: str, arguments: Sequence[Doc], *, tall: bool = False) -> Doc:
    """A call."""
    return Bracket(f"{target}(", arguments, ")", tall=tall)


class Chain(Doc):
    """``first + second + third``; broken, it stands in parentheses, and where it must with a line an operand."""

    def __init__(self, operands: Sequence[Doc], sign: str) -> None:
        self.operands = operands
        self.sign = sign

    def _flat(self) -> str | None:
        texts = [operand._flat() for operand in self.operands]
        return None if None in texts else f" {self.sign} ".join(text for text in texts if text is not None)

    def _head(self) -> str:
        return "("

    def _broken(self, indent: int, lead: str, tail: str) -> list[str]:
        lines = [" " * indent + lead + "("]
        text = self._flat()
        if text is not None and indent + 4 + width(text) <= WIDTH:
            return [*lines, " " * (indent + 4) + text, " " * indent + ")" + tail]
        for place, operand in enumerate(self.operands):
            lines += operand.lines(indent + 4, f"{self.sign} " if place else "", "")
        return [*lines, " " * indent + ")" + tail]


def expression(text: str) -> Doc:
    """An expression's text as a document that can break at its last bracket, and inside that at every one.

    One operator between three or more operands breaks there, and one before a last operand that has no brackets.
    """
    if '"' in text or "'" in text:
        return Atom(text)
    for sign in "+-*":
        operands = _split(text, f" {sign} ")
        several = len(operands) > 2 or (len(operands) == 2 and not operands[1].endswith((")", "]")))
        if several and all(map(atomic, operands)):
            return Chain([expression(operand) for operand in operands], sign)
    if not text.endswith((")", "]")):
        return Atom(text)
    depth = 0
    for at in range(len(text) - 1, -1, -1):
        depth += (text[at] in ")]}") - (text[at] in "([{")
        if not depth:
            break
    inside = text[at + 1 : -1]
    items = [item.strip() for item in _split(inside, ",") if item.strip()]
    if not items or " for " in inside:
        return Atom(text)
    return Bracket(text[: at + 1], [expression(item) for item in items], text[-1])


def _split(text: str, sign: str) -> list[str]:
    """The parts of a text between the places of ``sign`` that stand in no bracket."""
    parts, depth, start = [], 0, 0
    for place, char in enumerate(text):
        depth += (char in "([{") - (char in ")]}")
        if not depth and place >= start and text.startswith(sign, place):
            parts.append(text[start:place])
            start = place + len(sign)
    return [*parts, text[start:]]


def wrapped(text: str, indent: int) -> list[str]:
    """Prose in lines that fit."""
    import textwrap

    pad = " " * indent
    return textwrap.wrap(text, WIDTH - 1, initial_indent=pad, subsequent_indent=pad, break_long_words=False)
