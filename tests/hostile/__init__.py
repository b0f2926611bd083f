"""Specs that strangers might send: what a command does with them, and what it takes.

``cases.py`` has the specs, ``commands.py`` the command lines, and ``ran.py`` runs one on the other within bounds.
``python -m tests.hostile`` runs all commands on all cases and prints what they took.

``checkpoints.py`` and ``several.py`` have what commands read besides, and what they read together; ``python -m
tests.hostile.several`` runs these.
"""
