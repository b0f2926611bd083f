"""Graph → graph, one file a rewrite, named like its function."""
