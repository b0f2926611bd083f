"""What a graph is turned into: PyTorch source and diagrams."""
