"""Drawings of every layer, with blocks as frames."""

from netdsl.backends.layers.page import every_layer

__all__ = ["every_layer"]
