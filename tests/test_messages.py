"""Every text of a message stands whole in a golden: of tests/diagnostics, or of the command lines of tests/messages.

The texts are found in the code, and a process of its own notes what each comes to while all the goldens are made anew.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from netdsl.diagnostics import printable
from tests.test_diagnostics import FOLDER

GOLDEN = Path(__file__).parent / "golden" / "messages"


@pytest.mark.skipif(os.name == "nt", reason="the command lines are about files of a POSIX system")
def test_every_text_of_a_message_stands_in_a_golden(golden: Callable[[str, str], None]) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.messages.run"], capture_output=True, text=True, timeout=300, check=False
    )
    assert ran.returncode == 0, ran.stderr
    made = json.loads(ran.stdout)
    for group, said in made["said"].items():
        golden(f"messages/{group}.txt", said)
    assert sorted(path.stem for path in GOLDEN.glob("*.txt")) == sorted(made["said"])
    texts = [path.read_text(encoding="utf-8") for path in (*GOLDEN.glob("*.txt"), *FOLDER.glob("*.txt"))]
    kept = "\n".join(texts).casefold()
    missing = [
        f"netdsl/{file}:{line}: {text}"
        for file, line, _, text, found in made["texts"]
        if not any(printable(each).strip().casefold() in kept for each in found)
    ]
    assert not missing, "no golden has these texts:\n" + "\n".join(missing)


def test_every_diagnostic_of_a_command_has_a_help() -> None:
    without = []
    for path in sorted(GOLDEN.glob("*.txt")):
        begun = re.split(r"^(?:\w+: )?(?=error\[|warning\[)", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        for said in begun[1:]:
            if not re.search(r"^ *= help: ", re.split(r"\n(?=\$ |>>> )", said)[0], re.MULTILINE):
                without.append(f"{path.stem}: {said.splitlines()[0]}")
    assert not without, "no help:\n" + "\n".join(without)
