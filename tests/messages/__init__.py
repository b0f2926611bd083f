"""Every text that a message can have, and what brings it about."""
