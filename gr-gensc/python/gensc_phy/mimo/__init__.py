"""Several users at once: their training, their channels, their separation."""
