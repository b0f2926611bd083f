"""Specs in other people's documents: fenced blocks that MkDocs and Sphinx show as diagrams and numbers."""
