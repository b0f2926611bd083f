"""``python -m netdsl`` is the command ``netdsl``."""

from __future__ import annotations

from netdsl.cli import run

if __name__ == "__main__":
    run()
