"""Syntax tree → graph: expressions, blocks, styles, names and shapes, with every error of a file at its place."""

from netdsl.elaborate.compile import Compilation, analyse, compile, split_variant
from netdsl.elaborate.expand import expand
from netdsl.elaborate.limits import LIMITS, Limits

__all__ = ["LIMITS", "Compilation", "Limits", "analyse", "compile", "expand", "split_variant"]
