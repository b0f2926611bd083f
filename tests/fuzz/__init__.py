"""A fuzzer: random and mutated specs, and what must hold whatever a file says.

``inputs.py`` makes the texts, ``holds.py`` says what must hold of each, ``test_fuzz.py`` does so for a while, and
``python -m tests.fuzz --seconds 600`` for longer. What it finds goes into ``cases/``, which the tests read ever after.
"""
