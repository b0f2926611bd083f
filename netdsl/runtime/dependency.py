"""The one place where torch is imported, so that its absence is said in one way."""

from __future__ import annotations

from types import ModuleType

from netdsl.diagnostics import Diagnostic, NetdslError


def require_torch() -> ModuleType:
    """The module ``torch``. Raises :class:`NetdslError` with ND008 where it cannot be imported."""
    try:
        import torch
    except (ImportError, OSError) as error:
        message = f"PyTorch cannot be imported ({error}): modules, and files of weights, need it"
        help = "install it with `pip install torch`; everything but `build`, `weights` and `netdsl.load` works without"
        raise NetdslError([Diagnostic("ND008", message, None, help)]) from error
    return torch
