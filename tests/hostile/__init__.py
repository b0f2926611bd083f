"""Specs that strangers might send: what a command does with them, and what it takes.

``cases.py`` has the specs, ``commands.py`` the command lines, and ``ran.py`` runs one on the other within bounds.
``python -m tests.hostile`` runs all commands on all cases and prints what they took.
"""
