"""netdsl: neural architectures as text, compiled into exact numbers, drawings and readable PyTorch.

The names below are imported when first used, so that ``import netdsl`` is quick and needs neither pydantic nor torch.

>>> import netdsl
>>> graph = netdsl.compile("net tiny\\ninput 1x8x8\\nconv3-4, relu\\nfc-10\\n")
>>> netdsl.stats(graph).totals.params
2610
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from netdsl.analyses.stats import stats as stats
    from netdsl.backends.draw import draw as draw
    from netdsl.diagnostics import Diagnostic as Diagnostic
    from netdsl.diagnostics import NetdslError as NetdslError
    from netdsl.elaborate.compile import analyse as analyse
    from netdsl.elaborate.compile import compile as compile
    from netdsl.elaborate.limits import Limits as Limits
    from netdsl.ir.graph import Graph as Graph
    from netdsl.ops import load_operators as load_operators
    from netdsl.runtime.load import WeightsWarning as WeightsWarning
    from netdsl.runtime.load import load as load

_HOMES = {
    "Diagnostic": "netdsl.diagnostics",
    "Graph": "netdsl.ir.graph",
    "Limits": "netdsl.elaborate",
    "NetdslError": "netdsl.diagnostics",
    "WeightsWarning": "netdsl.runtime",
    "analyse": "netdsl.elaborate",
    "compile": "netdsl.elaborate",
    "draw": "netdsl.backends.draw",
    "load": "netdsl.runtime",
    "load_operators": "netdsl.ops",
    "stats": "netdsl.analyses.stats",
}

__all__ = [
    "Diagnostic",
    "Graph",
    "Limits",
    "NetdslError",
    "WeightsWarning",
    "__version__",
    "analyse",
    "compile",
    "draw",
    "load",
    "load_operators",
    "stats",
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'netdsl' has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    if "IPython" in sys.modules and "netdsl.notebook" not in sys.modules:
        importlib.import_module("netdsl.notebook").register()
    return value


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext netdsl``: the cell magic ``%%netdsl``, and graphs and nets that show themselves."""
    import importlib

    importlib.import_module("netdsl.notebook").register(shell)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
