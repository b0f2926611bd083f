"""Drawings of every layer, with blocks as frames."""

from netdsl.backends.layers.dot import dot_text

__all__ = ["dot_text"]
