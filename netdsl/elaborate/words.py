"""Words of the language: those that name nothing, and those that are a layer with its kernel (``conv3``)."""

from __future__ import annotations

from netdsl.diagnostics import Diagnostic
from netdsl.ir.op import lookup
from netdsl.syntax import tree

RESERVED = frozenset({"in", "i", "x", "_", "true", "false"})


def split_word(word: str) -> tuple[str, str]:
    """``conv3`` → ``conv``, ``3``; ``conv1x7`` → ``conv``, ``1x7``; a word that is a layer whole keeps its digits."""
    if lookup(word) is not None:
        return word, ""
    end = len(word)
    while end and (word[end - 1].isdigit() or (word[end - 1] in "xX" and end > 1)):
        end -= 1
    while end < len(word) and not word[end].isdigit():
        end += 1
    for place in range(end, len(word) + 1):
        if place == len(word) or word[place].isdigit():
            if lookup(word[:place]) is not None:
                return word[:place], word[place:]
    return word, ""


def like_layer(word: str) -> bool:
    """Whether a word would be read as a layer."""
    return lookup(split_word(word)[0]) is not None


def reserved(name: tree.Name) -> Diagnostic:
    """The complaint about a name that the language keeps for itself."""
    message = f"`{name.text}` is a word of the language and cannot name this"
    other = {"in": "enters", "i": "index", "x": "factor"}.get(name.text, "value")
    return Diagnostic("ND223", message, name.span, f"call it otherwise, as `{other}`")
