"""Runs generated source, so that what runs is what one reads."""

from __future__ import annotations

import hashlib
import linecache
import sys
from types import ModuleType
from typing import TYPE_CHECKING

from netdsl.runtime.dependency import require_torch

if TYPE_CHECKING:
    from torch import nn


def instantiate(text: str, name: str) -> nn.Module:
    """Executes a generated file and constructs its last class, which is the net.

    The text is registered with :mod:`linecache`, so that tracebacks and debuggers show its lines, and the module that
    it makes with :data:`sys.modules`, so that its classes can be pickled in this process. ``name`` is what both are
    called after. Equal texts share one module and its classes. Raises :class:`NetdslError` where torch is missing.
    """
    base = require_torch().nn.Module
    classes: list[type[nn.Module]] = [
        value
        for value in vars(execute(text, name)).values()
        if isinstance(value, type) and issubclass(value, base) and value.__module__.startswith(_PREFIX)
    ]
    return classes[-1]()


_PREFIX = "netdsl_generated_"


def execute(text: str, name: str) -> ModuleType:
    """The Python module that a generated file is, executed once."""
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    plain = "".join(char if char.isascii() and char.isalnum() else "_" for char in name)
    title = f"{_PREFIX}{plain}_{digest}"
    known = sys.modules.get(title)
    if known is not None:
        return known
    file = f"<{title}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    module = ModuleType(title)
    module.__file__ = file
    code = compile(text, file, "exec")
    sys.modules[title] = module
    try:
        exec(code, module.__dict__)
    except BaseException:
        del sys.modules[title]
        raise
    return module
