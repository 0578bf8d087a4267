"""The receiver service on paper, held against the real one."""
