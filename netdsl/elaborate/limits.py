"""What a spec may ask for at most. Files come from strangers, and the compiler must answer soon, in little memory."""

from __future__ import annotations

from typing import NamedTuple


class Limits(NamedTuple):
    """Bounds on what a spec makes the compiler do: past one there is a diagnostic, and no graph.

    The defaults are far beyond the nets that there are, and keep commands that need no torch to seconds and 500 MB.
    ``nodes`` is how many a net may have; writing it out may take :attr:`steps`. ``calls`` is how deep
    blocks may call one another, ``bytes`` how long a spec may be with all the files that it uses, ``elements`` how
    large one tensor may be, without its batch.
    """

    nodes: int = 5_000
    calls: int = 200
    bytes: int = 500_000
    elements: int = 10**13

    @property
    def steps(self) -> int:
        """How many items, passes of repeats and arguments may be elaborated: what makes no nodes must end too."""
        return 6 * self.nodes

    @property
    def depth(self) -> int:
        """How deep items of every kind may nest, calls included."""
        return 8 * self.calls

    @property
    def letters(self) -> int:
        """How many letters the dotted names of all modules and scopes may have together."""
        return 1_000 * self.nodes

    @property
    def tokens(self) -> int:
        """How many words and signs may be read: what is long by its comments takes less time than what is dense."""
        return self.bytes // 10


#: What holds unless other limits are given.
LIMITS = Limits()

#: How many files may be read for one net.
MAX_FILES = 100
#: How many errors are looked for, and how many warnings are kept.
MAX_PROBLEMS = 100
