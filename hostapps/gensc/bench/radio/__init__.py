"""The receiver under everything that real radios and real air do to a burst."""
