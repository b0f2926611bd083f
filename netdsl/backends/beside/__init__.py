"""Several nets side by side: a column for each, layers below one another, stages of one size of map at one height."""

from netdsl.backends.beside.page import Detail, beside

__all__ = ["Detail", "beside"]
