"""How two nets differ, as one picture."""

from netdsl.backends.changes.page import changes

__all__ = ["changes"]
