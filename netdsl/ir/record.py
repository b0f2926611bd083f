"""The base of every pydantic model here: frozen, closed, and built only when something is validated."""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, ConfigDict

_set = object.__setattr__


class Record(BaseModel):
    """A frozen value.

    Validators and serialisers are built on first use (``defer_build``): a command that reads no JSON never pays.
    The elaborator, which has checked every value itself, makes instances with ``model_construct``,
    or with :meth:`trusted` where there are as many as nodes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True, protected_namespaces=())

    @classmethod
    def trusted(cls, **values: Any) -> Self:
        """An instance of values that are known to be right and complete: a fraction of ``model_construct``'s time."""
        self = cls.__new__(cls)
        _set(self, "__dict__", values)
        given = cls.__dict__.get("_every_field")
        if given is None:
            given = set(cls.model_fields)
            type.__setattr__(cls, "_every_field", given)
        # One set for all instances: they are frozen.
        _set(self, "__pydantic_fields_set__", given)
        _set(self, "__pydantic_extra__", None)
        _set(self, "__pydantic_private__", None)
        return self
