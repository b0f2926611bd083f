"""Runs a part of a test without the rights of root, to whom nothing is read-only and nothing unreadable."""

from __future__ import annotations

import os
import pickle
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable
from typing import TypeVar

#: The user and the group called `nobody` on Linux, and 65534 elsewhere: no file is theirs.
NOBODY = 65534

Result = TypeVar("Result")


def unprivileged(work: Callable[[], Result]) -> Result:
    """What ``work`` returns, which can be pickled: of a forked child without root's rights, where root runs this.

    What ``work`` imports should be imported before: the child may be unable to read it. Another user runs it as it is.
    """
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return work()
    with tempfile.TemporaryFile() as answer, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of threads that the child does not have
        child = os.fork()
        if child == 0:
            try:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
                if "torch" in sys.modules:
                    # Threads do not survive a fork, and would be waited for.
                    sys.modules["torch"].set_num_threads(1)
                found = pickle.dumps((work(), ""))
            except BaseException:
                found = pickle.dumps((None, traceback.format_exc()))
            os.write(answer.fileno(), found)
            os._exit(0)
        os.waitpid(child, 0)
        answer.seek(0)
        result, failed = pickle.load(answer)
    assert not failed, f"without root's rights:\n{failed}"
    return result  # type: ignore[no-any-return]
