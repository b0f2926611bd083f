"""The base of operators and graphs: a frozen value that pydantic validates, reads and writes.

A record is written and used like a pydantic model, and pydantic does all the work of one: ``Node(…)`` validates,
``model_validate_json`` reads, ``model_dump_json`` writes, ``model_json_schema`` describes. But pydantic itself is
imported when one of them is called for the first time. The elaborator has checked every value itself and makes records
without validation, so that a command that reads no JSON (``stats``, ``check``, ``draw``) never pays for the import;
with it, and with a class of pydantic's own for each operator, such a command took more than twice as long.
"""

from __future__ import annotations

import sys
import typing
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NoReturn, Self, dataclass_transform

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_set = object.__setattr__
_MISSING: Any = object()


class FieldInfo:
    """What a record's class says of a field beside its type: a default, limits, and a line of description.

    It stands after ``=`` in a class, or in an ``Annotated`` where it limits the elements of a tuple. ``ge``, ``gt``,
    ``le`` and ``lt`` limit a number, ``min_length`` a tuple.
    """

    __slots__ = ("any_length", "default", "description", "limits")

    def __init__(
        self,
        default: Any = _MISSING,
        *,
        description: str = "",
        any_length: bool = False,
        **limits: float,
    ) -> None:
        self.default = default
        self.description = description
        self.any_length = any_length
        self.limits = limits

    def is_required(self) -> bool:
        """Whether there is no default."""
        return self.default is _MISSING

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        schema = handler(source)
        schema.update(self.limits)
        return schema

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> Any:
        made = handler(schema)
        return {**made, "description": self.description} if self.description else made


def field(
    default: Any = _MISSING,
    *,
    description: str = "",
    any_length: bool = False,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    min_length: int | None = None,
) -> Any:
    """Says of a field what its type does not: see :class:`FieldInfo`. ``any_length``: see :class:`~netdsl.ir.op.Op`."""
    limits = {"ge": ge, "gt": gt, "le": le, "lt": lt, "min_length": min_length}
    given = {name: limit for name, limit in limits.items() if limit is not None}
    return FieldInfo(default, description=description, any_length=any_length, **given)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
class Record:
    """A frozen value with named fields. Two are equal where their class and all their fields are.

    ``Class(**values)`` validates, and raises pydantic's ``ValidationError``; :meth:`model_construct` and
    :meth:`trusted` take values that are known to be right.
    """

    # What pydantic-core sets on an instance that it makes; without it, it would land among the fields.
    __slots__ = ("__dict__", "__pydantic_extra__", "__pydantic_fields_set__", "__pydantic_private__")

    #: As a model of pydantic's says it, which reads this for a JSON Schema.
    model_config: ClassVar[dict[str, Any]] = {"frozen": True, "extra": "forbid"}
    #: The fields by name, those of base classes first.
    model_fields: ClassVar[dict[str, FieldInfo]] = {}

    def __init_subclass__(cls) -> None:
        fields = dict(cls.model_fields)
        for name, annotation in cls.__annotations__.items():
            if _is_class_variable(annotation):
                continue
            value = cls.__dict__.get(name, _MISSING)
            fields[name] = value if isinstance(value, FieldInfo) else FieldInfo(value)
            if value is not _MISSING:
                delattr(cls, name)
        cls.model_fields = fields
        cls._defaults = {name: info.default for name, info in fields.items() if not info.is_required()}

    _defaults: ClassVar[dict[str, Any]] = {}

    def __init__(self, **values: Any) -> None:
        type(self)._adapter().validator.validate_python(values, self_instance=self)

    # -- without validation ----------------------------------------------------------------------------------------

    @classmethod
    def trusted(cls, **values: Any) -> Self:
        """A record of values that are known to be right and complete."""
        self = cls.__new__(cls)
        _set(self, "__dict__", values)
        return self

    @classmethod
    def model_construct(cls, **values: Any) -> Self:
        """A record of values that are known to be right; defaults fill what is left out."""
        self = cls.__new__(cls)
        _set(
            self,
            "__dict__",
            {name: values[name] if name in values else cls._defaults[name] for name in cls.model_fields},
        )
        return self

    def model_copy(self, *, update: Mapping[str, Any] | None = None) -> Self:
        """The same record with other values in some fields, which are known to be right."""
        copy = self.__class__.__new__(self.__class__)
        _set(copy, "__dict__", {**self.__dict__, **(update or {})})
        return copy

    # -- by pydantic -------------------------------------------------------------------------------------------------

    @classmethod
    def model_validate(cls, value: object) -> Self:
        """A record of a mapping. Raises pydantic's ``ValidationError``."""
        made: Self = cls._adapter().validate_python(value)
        return made

    @classmethod
    def model_validate_json(cls, text: str | bytes) -> Self:
        """A record of a JSON object. Raises pydantic's ``ValidationError``."""
        made: Self = cls._adapter().validate_json(text)
        return made

    def model_dump(self, *, mode: Literal["python", "json"] = "python") -> dict[str, Any]:
        """The fields by name, records in them dumped too; ``mode="json"`` takes what JSON has alone."""
        made: dict[str, Any] = self._adapter().dump_python(self, mode=mode)
        return made

    def model_dump_json(self, *, indent: int | None = None) -> str:
        """The record as a JSON object."""
        return self._adapter().dump_json(self, indent=indent).decode()

    @classmethod
    def model_json_schema(cls) -> dict[str, Any]:
        """The JSON Schema of :meth:`model_dump_json`."""
        return cls._adapter().json_schema()

    @classmethod
    def types(cls) -> dict[str, Any]:
        """The type of each field, limits in ``Annotated`` included."""
        hints: dict[str, Any] = {}
        for base in reversed(cls.__mro__[:-1]):
            names = vars(sys.modules[base.__module__])
            for name, annotation in base.__annotations__.items():
                if name in cls.model_fields and not _is_class_variable(annotation):
                    hints[name] = eval(annotation, names) if isinstance(annotation, str) else annotation
        return hints

    @classmethod
    def _adapter(cls) -> TypeAdapter[Any]:
        adapter: TypeAdapter[Any] | None = cls.__dict__.get("_made_adapter")
        if adapter is None:
            from pydantic import TypeAdapter

            adapter = TypeAdapter(cls)
            type.__setattr__(cls, "_made_adapter", adapter)
        return adapter

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        hints = cls.types()
        fields = {}
        for name, info in cls.model_fields.items():
            schema = handler.generate_schema(typing.Annotated[hints[name], info])
            _fail_fast(schema)
            if not info.is_required():
                schema = core_schema.with_default_schema(schema, default=info.default)
            fields[name] = core_schema.model_field(schema)
        return core_schema.model_schema(
            cls,
            core_schema.model_fields_schema(fields, model_name=cls.__name__, extra_behavior="forbid"),
            frozen=True,
            ref=f"{cls.__module__}.{cls.__qualname__}:{id(cls)}",
        )

    # -- a value -----------------------------------------------------------------------------------------------------

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen: `model_copy` makes another one")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __eq__(self, other: object) -> bool:
        return self.__dict__ == other.__dict__ if type(self) is type(other) else NotImplemented

    def __hash__(self) -> int:
        values = self.__dict__
        return hash((type(self), *[values[name] for name in self.model_fields]))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__dict__.items())})"


def _fail_fast(schema: Any) -> None:
    """A sequence is refused at its first wrong item: all of them, from a stranger's file, may be more than memory."""
    if schema["type"] in ("tuple", "list", "set", "frozenset"):
        schema["fail_fast"] = True
    for part in (schema.get("schema"), schema.get("items_schema")):
        for inner in part if isinstance(part, list) else [part]:
            if isinstance(inner, dict):
                _fail_fast(inner)


def _is_class_variable(annotation: object) -> bool:
    if isinstance(annotation, str):
        return annotation.startswith("ClassVar")
    return typing.get_origin(annotation) is ClassVar or annotation is ClassVar
