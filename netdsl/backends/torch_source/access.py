"""How a module is reached from the class that holds it."""

from __future__ import annotations

import unicodedata

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
        found = _inner(constructs, name)
        if plain(name) or _letters(name):
            text = f"{text}.{name}"
        elif kind in ("ModuleList", "Sequential"):
            text = f"{text}[{list(constructs if isinstance(constructs, dict) else constructs.names).index(name)}]"
        elif kind == "ModuleDict":
            text = f"{text}[{quoted(name)}]"
        else:
            text = by_name(text, name, parameter=isinstance(found, Leaf) and found.call.kind == "parameter")
        if isinstance(found, Own):
            kind, constructs = found.definition.base, found.definition.first.constructs
        elif isinstance(found, Group):
            kind, constructs = holder(found), found
    return text


def by_name(owner: str, name: str, *, parameter: bool = False) -> str:
    """A member of ``owner`` that has no attribute.

    Where Python would read an attribute as another name (NFKC), linters see none in ``getattr``.
    """
    if name.isidentifier() and not name.isascii():
        return f"{owner}.get_{'parameter' if parameter else 'submodule'}({quoted(name)})"
    return f"getattr({owner}, {quoted(name)})"


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
