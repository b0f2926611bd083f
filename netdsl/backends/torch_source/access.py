"""How a module is reached from the class that holds it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from netdsl.backends.torch_source.classes import Definition
from netdsl.backends.torch_source.members import Group, Leaf, Own, holder
from netdsl.backends.torch_source.text import plain, quoted


def access(definition: Definition, path: str) -> str:
    """The expression, from ``self``, of the member at an absolute path."""
    scope = definition.first.scope.path
    names = (path[len(scope) + 1 :] if scope else path).split(".")
    text, kind = "self", definition.base
    constructs: dict[str, Leaf | Own | Group] | Group = definition.first.constructs
    for name in names:
        text = step(text, kind, name, constructs if isinstance(constructs, dict) else constructs.names)
        found = _inner(constructs, name)
        if isinstance(found, Own):
            kind, constructs = found.definition.base, found.definition.first.constructs
        elif isinstance(found, Group):
            kind, constructs = holder(found), found
    return text


def step(text: str, kind: str, name: str, names: Iterable[str]) -> str:
    """A member of the module ``text``, which is of the class ``nn.<kind>`` and has members ``names``."""
    if plain(name) or _letters(name):
        return f"{text}.{name}"
    if kind == "ModuleList" or kind == "Sequential":
        return f"{text}[{list(names).index(name)}]"
    return f"{text}[{quoted(name)}]" if kind == "ModuleDict" else f"getattr({text}, {quoted(name)})"


def _letters(name: str) -> bool:
    """Whether a name in letters of any script is one that Python keeps as it is."""
    return name.isidentifier() and not name.isascii() and unicodedata.normalize("NFKC", name) == name


def _inner(constructs: dict[str, Leaf | Own | Group] | Group, name: str) -> Leaf | Own | Group:
    if isinstance(constructs, dict):
        return constructs[name]
    at = constructs.names.index(name)
    for _, construct, count in constructs.runs:
        if at < count:
            return construct
        at -= count
    raise KeyError(name)
