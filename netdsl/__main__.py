"""``python -m netdsl`` is the command ``netdsl``."""

from __future__ import annotations

import sys

from netdsl.cli import main

sys.exit(main())
