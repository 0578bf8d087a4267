"""The receiver service under load."""
