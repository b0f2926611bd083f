"""Pages about specs: what stands on one, and a writer for each format."""
