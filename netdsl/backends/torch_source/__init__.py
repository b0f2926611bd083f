"""The PyTorch back-end: a graph as the Python source of an ``nn.Module``.

Data flows through ``steps`` and ``plan`` (which scopes become classes), ``members`` and ``classes`` (what instances
share) with ``arguments`` (what differs), ``constructor`` and ``access`` (the ``__init__``), ``forward``, ``inits``, and
``source``, which puts the file together. ``text`` knows Python's names, literals and line breaks.
"""

from netdsl.backends.torch_source.source import torch_source

__all__ = ["torch_source"]
