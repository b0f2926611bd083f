"""The operators, one file a family. Importing this package fills :func:`netdsl.ir.op.registry`."""

from netdsl.ops import activation, conv, internal, linear, merge, norm, pool, regularise, resize, shape, upconv

__all__ = [
    "activation",
    "conv",
    "internal",
    "linear",
    "merge",
    "norm",
    "pool",
    "regularise",
    "resize",
    "shape",
    "upconv",
]
