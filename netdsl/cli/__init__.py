"""The command line: one file a command, each thin. See :func:`netdsl.cli.app.main`."""

from __future__ import annotations

from netdsl.cli.app import main, run

__all__ = ["main", "run"]
