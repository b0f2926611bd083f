"""Overviews: a net on one page, its stages as bands and its blocks as cards with repeats folded."""

from netdsl.backends.canvas.options import Options
from netdsl.backends.overview.page import overview

__all__ = ["Options", "overview"]
