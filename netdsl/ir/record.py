"""The base of every pydantic model here: frozen, closed, and built only when something is validated."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """A frozen value.

    Validators and serialisers are built on first use (``defer_build``): a command that reads no JSON never pays.
    The elaborator, which has checked every value itself, makes instances with ``model_construct``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True, protected_namespaces=())
