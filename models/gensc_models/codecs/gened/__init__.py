"""GenED-SC's transmitter and receiver: foreground and background as two branches of one code."""
