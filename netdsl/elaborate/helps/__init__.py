"""What is said of a mistake beyond its place: where its numbers come from, and what would mend it."""
