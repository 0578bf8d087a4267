"""Models by name: loaded once, shared by who asks."""
