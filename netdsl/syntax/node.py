"""What a syntax node is: a tuple with names for its places.

So nodes are frozen, and their classes cheap to define, which a command's cold start feels.
"""

from __future__ import annotations

from operator import itemgetter
from typing import Any, ClassVar, Self, dataclass_transform

#: What a field is that holds no nodes, as it is annotated.
_LEAVES = frozenset(
    {"Span", "str", "str | None", "bool", "int | float | bool | str", "tuple[int, ...]", "tuple[str, ...]"}
)


@dataclass_transform(frozen_default=True)
class _NodeType(type):
    """Makes a tuple's places of a class's annotations. ``typing.NamedTuple`` does so in twenty times the time."""

    def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> _NodeType:
        fields = tuple(name for name in body.get("__annotations__", ()) if not name.startswith("_"))
        body["_defaults"] = tuple(body.pop(field) for field in fields if field in body)
        for place, field in enumerate(fields):
            body[field] = property(itemgetter(place))
        body["_fields"] = fields
        leaves = [body["__annotations__"][field] in _LEAVES for field in fields]
        body["_parts"] = tuple(place for place, leaf in enumerate(leaves) if not leaf)[::-1]
        body["__slots__"] = ()
        return super().__new__(cls, name, bases, body)


class Node(tuple[Any, ...], metaclass=_NodeType):
    """A syntax node. Two are equal where they are of one kind and their parts are equal."""

    _fields: ClassVar[tuple[str, ...]]
    #: the places of what may hold nodes, the last first
    _parts: ClassVar[tuple[int, ...]]
    _defaults: ClassVar[tuple[Any, ...]]

    def __new__(cls, *values: Any) -> Self:
        """A node of its fields' values in order; the last may be left out where they have defaults."""
        missing = len(cls._fields) - len(values)
        if missing:
            if not 0 < missing <= len(cls._defaults):
                raise TypeError(f"{cls.__name__} has the fields {', '.join(cls._fields)}")
            values += cls._defaults[-missing:]
        return tuple.__new__(cls, values)

    def _replace(self, **changes: Any) -> Self:
        """The same node with other values for some fields."""
        return tuple.__new__(type(self), [changes.pop(name, old) for name, old in zip(self._fields, self, strict=True)])

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and tuple.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = tuple.__hash__

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
        return f"{type(self).__name__}({inside})"
