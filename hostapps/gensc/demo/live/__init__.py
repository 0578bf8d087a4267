"""`gensc demo --live`: transmitter, walking channel and receiver in one process, seen live."""
