"""The PyTorch back-end: a graph as the Python source of an ``nn.Module``.

Data flows through ``plan`` (which scopes become classes), ``classes`` (what their instances share, and the arguments),
``construct`` and ``access`` (``__init__``), ``forward``, ``inits``, and ``source``, which puts the file together.
``text`` knows Python's names, literals and line breaks.
"""

from netdsl.backends.torch_source.source import torch_source

__all__ = ["torch_source"]
