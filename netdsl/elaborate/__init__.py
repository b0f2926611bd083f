"""Syntax tree → graph: expressions, blocks, styles, names and shapes, with every error of a file at its place."""

from netdsl.elaborate.compile import MAX_NODES, Compilation, analyse, compile, split_variant
from netdsl.elaborate.expand import expand

__all__ = ["MAX_NODES", "Compilation", "analyse", "compile", "expand", "split_variant"]
