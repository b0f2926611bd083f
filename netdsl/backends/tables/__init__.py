"""The tables of papers, from graphs: which rows and cells there are, and a writer for each format."""
