"""What could have come where reading stopped, in words."""

from __future__ import annotations

_ITEM = "a layer such as `conv3-64`"
#: Terminals that stand for one another in a message, and the words for them, in the order of mention.
_WORDS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"SOFTMAX", "JOIN", "LSQB"}), _ITEM),
    (frozenset({"NET", "STYLE", "PARAM"}), "a statement such as `style conv = _, relu`"),
    (frozenset({"LPAR", "TRUE", "FALSE"}), "a value"),
    (frozenset({"VNAME", "EXPECT_VARIANT"}), "a name such as `b1` or `50-32x4d`"),
    (frozenset({"PART"}), "a part of a name"),
    (frozenset({"STRING"}), "a text in quotes"),
    (frozenset({"INT", "FLOAT"}), "a number"),
    (frozenset({"NAME"}), "a name"),
    (frozenset({"LBRACE", "KBRACE"}), "`{`"),
    (frozenset({"RBRACE"}), "`}`"),
    (frozenset({"RSQB"}), "`]`"),
    (frozenset({"RPAR"}), "`)`"),
    (frozenset({"EQUAL"}), "`=`"),
    (frozenset({"COLON"}), "`:`"),
    (frozenset({"VBAR"}), "`|`"),
    (frozenset({"COMMA"}), "`,`"),
    (frozenset({"_NL", "$END"}), "the end of the line"),
)


#: What may come in the middle of something, by terminals that come nowhere else together; what they hide; the words.
_CONTEXTS: tuple[tuple[frozenset[str], frozenset[str], tuple[str, ...]], ...] = (
    (
        frozenset({"PLUS", "STRING", "TIMES"}),
        frozenset({"STRING", "INT", "FLOAT", "NAME", "LPAR", "LBRACE", "KBRACE"}),
        ("more of the layer such as `groups=2`",),
    ),
    (
        frozenset({"AND", "OR"}),
        frozenset({"LPAR"}),
        ("an operator such as `*`",),
    ),
    (
        frozenset({"AS", "ALLOW", "TIMES"}),
        frozenset({"NAME"}),
        ("`×2`", "`as name`"),
    ),
    (frozenset({"AS", "ALLOW"}), frozenset({"NAME"}), ("`as name`",)),
    (frozenset({"KTIMES", "STAR", "NAME"}), frozenset({"NAME"}), ("a unit such as `M`",)),
    (frozenset({"MINUS", "FLOAT", "NAME", "_NL"}), frozenset({"NAME", "LBRACE"}), ("a word such as `fan_out`",)),
)


def expected(names: set[str]) -> str:
    """What could have come, in words, by the names of terminals: ``a number or `{` ``; empty where there are none."""
    if "SOFTMAX" in names:
        return _ITEM if "STYLE" not in names else f"{_ITEM} or a statement such as `style conv = _, relu`"
    if {"EQUAL", "LESSTHAN"} <= names and "PLUS" not in names:
        return "a relation such as `=` or `<=`"
    if {"EXPECT_VARIANT", "STRING"} <= names:
        return "a layer such as `conv`, or a label"
    if {"EXPECT_VARIANT", "NAME"} <= names:
        return "a quantity such as `params`"
    if {"LPAR", "INT", "NAME", "TRUE"} <= names:
        return "a value such as `64` or `4*c`"
    found: list[str] = []
    for context, hidden, words in _CONTEXTS:
        if context <= names:
            names = names - hidden
            found += words
            break
    found += [words for group, words in _WORDS if group & names]
    if "INT" in names and "FLOAT" in names and "a number" in found and "a name" in found:
        found.remove("a name")
    if len(found) > 1:
        return ", ".join(found[:-1]) + " or " + found[-1]
    return found[0] if found else ""
