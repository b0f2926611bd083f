"""A drawing before it is drawn: boxes, texts and lines in their places, colours, widths of text, and the engine."""
