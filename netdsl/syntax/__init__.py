"""Text → syntax tree: the grammar, its tables, the parser and the nodes."""
