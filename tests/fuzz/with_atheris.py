"""``python -m tests.fuzz.with_atheris [CORPUS] [-max_total_time=120]``: bytes led by which lines of netdsl they reach.

It needs atheris (``pip install atheris``), which has wheels for some Pythons and systems. Without CORPUS it begins at
the specs of the zoo. What breaks a promise of ``holds.check`` ends the run and is left in the working directory.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path

PATIENCE = 30


def main() -> None:
    """Runs until something is found, or as long as the options of libFuzzer say."""
    try:
        atheris = importlib.import_module("atheris")
    except ImportError:
        sys.exit("atheris is not installed: pip install atheris")
    with atheris.instrument_imports(include=["netdsl"]):
        from tests.fuzz.holds import check
    from tests.fuzz.inputs import WORDS, seeds

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        file = folder / "fuzz.net"
        begin = folder / "corpus"
        begin.mkdir()
        for number, text in enumerate(seeds()):
            (begin / f"{number}.net").write_text(text, encoding="utf-8")
        words = folder / "words.dict"
        quoted = ("".join(f"\\x{byte:02x}" for byte in word.encode()) for word in WORDS if word)
        words.write_text("".join(f'"{word}"\n' for word in quoted), encoding="ascii")
        given = sys.argv[1:] if any(not word.startswith("-") for word in sys.argv[1:]) else [*sys.argv[1:], str(begin)]

        def one(data: bytes) -> None:
            check(data, file)

        atheris.Setup([sys.argv[0], "-max_len=4000", f"-timeout={PATIENCE}", f"-dict={words}", *given], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
