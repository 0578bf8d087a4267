"""`gensc bench soak`: transmitter, channel and receiver as three processes, for a long time."""
