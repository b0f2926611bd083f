"""Runs a part of a test without the rights of root, to whom nothing is read-only and nothing unreadable.

On Linux these rights are capabilities, and a process may lay them down: root then is the owner of its files, whom their
modes bind as they bind anybody. So what belongs to root can still be read, wherever the project lies.
"""

from __future__ import annotations

import ctypes
import os
import pickle
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable
from typing import TypeVar

import pytest

#: Of Linux: a program that is run later gets no rights back; the form of a set of capabilities.
_NO_NEW_PRIVILEGES, _VERSION = 38, 0x20080522

Result = TypeVar("Result")


def _lay_down() -> None:
    """Gives up every capability of this process, and of what it runs. Raises OSError where that cannot be."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_VERSION, 0)
    nothing = (ctypes.c_uint32 * 6)()
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) or libc.capset(header, nothing):
        raise OSError(ctypes.get_errno(), "capabilities cannot be laid down")


def unprivileged(work: Callable[[], Result]) -> Result:
    """What ``work`` returns, which can be pickled: of a forked child without root's rights, where root runs this.

    Another user runs it as it is. Skips the test where root's rights cannot be laid down: anywhere but on Linux.
    """
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return work()
    if not sys.platform.startswith("linux"):
        pytest.skip("root cannot lay its rights down here")
    with tempfile.TemporaryFile() as answer, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of threads that the child does not have
        child = os.fork()
        if child == 0:
            try:
                _lay_down()
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
