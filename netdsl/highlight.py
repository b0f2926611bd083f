"""Colours for specs in documentation: a lexer of Pygments, which finds it as `netdsl` and `net`.

Its words are those of the language as it stands: the grammar's keywords and the registered operators.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pygments.lexer import RegexLexer, bygroups, words
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, Text, Whitespace

import netdsl.ops  # noqa: F401  (fills the registry)
from netdsl.elaborate.expressions import FUNCTIONS
from netdsl.ir.op import lookup, names, registry
from netdsl.syntax.parse import parser

_CONSTANTS = frozenset({"true", "false"})


def keywords() -> frozenset[str]:
    """The words that the grammar spells out, and `reuse`."""
    spelt = (text for _, text, is_pattern, _ in parser().terminals if not is_pattern)
    return frozenset(text for text in spelt if text.isalpha()) | {"reuse"}


def operators() -> frozenset[str]:
    """The keywords and second names of the layers that may be written."""
    return frozenset(name for name in names() if (op := lookup(name)) is not None and op.writable)


def flags() -> frozenset[str]:
    """The words that may stand after a layer, and those of items."""
    return frozenset(flag for op in registry().values() for flag in op.syntax.flags) | {"plain", "train", "eval"}


def _any(of: frozenset[str]) -> words:
    return words(sorted(of), prefix=r"\b", suffix=r"\b")


class SpecLexer(RegexLexer):  # type: ignore[misc]  # Pygments has no types
    """Specs of netdsl. It colours what is wrong too, as well as it can: errors are the compiler's to find."""

    name = "netdsl"
    aliases: ClassVar = ["netdsl", "net"]
    filenames: ClassVar = ["*.net"]
    url = ""

    tokens: ClassVar[dict[str, Any]] = {
        "root": [
            (r"\s+", Whitespace),
            (r"#[^\n]*", Comment.Single),
            (r'("(?:[^"\\\n]|\\.)*")([ \t]*)(:)', bygroups(Name.Label, Whitespace, Punctuation)),
            (r'"(?:[^"\\\n]|\\.)*"', String),
            (r"(net|variant|block|style|default)([ \t]+)([\w.-]*\w)", bygroups(Keyword, Whitespace, Name.Class)),
            (r"(expect|init)([ \t]+)([\w.-]*\w)([ \t]*)(:)",
             bygroups(Keyword, Whitespace, Name.Class, Whitespace, Punctuation)),
            (r"(table)([ \t]+)([^\n{]*)", bygroups(Keyword, Whitespace, Name.Class)),
            (r"@[\w.]+", Name.Variable),
            # A label is a path before a colon; `if x:` is none.
            (r"(?!(?:if|else)\b)([A-Za-z_][\w.]*(?:\{[^{}\n]*\}[\w.]*)*)([ \t]*)(:)",
             bygroups(Name.Label, Whitespace, Punctuation)),
            (r"([A-Za-z_]\w*)([ \t]*)(=)(?!=)", bygroups(Name.Attribute, Whitespace, Operator)),
            # `conv3-64/2`: the layer's word, and what is glued to it.
            (rf"(?i)\b(soft-max|{'|'.join(sorted(operators(), key=len, reverse=True))})(?=[\d{{/-]|\b)(?!\()",
             Name.Builtin),
            (_any(_CONSTANTS), Keyword.Constant),
            (_any(keywords() - _CONSTANTS), Keyword),
            (_any(flags()), Name.Decorator),
            (_any(frozenset(FUNCTIONS)), Name.Function),
            (r"->|\*\*|//|[=!<>]=|\.\.<?|[-+*/%<>=×_]", Operator),
            (r"\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+", Number.Float),
            (r"\d+", Number.Integer),
            (r"(?<=[\d} ])x(?=[\d{ ])", Operator),
            (r"[A-Za-z_]\w*(?=\()", Name.Function),
            (r"[A-Za-z_]\w*", Name),
            (r"[][{}(),|:.@]", Punctuation),
            (r".", Text),
        ]
    }  # fmt: skip
