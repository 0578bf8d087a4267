"""`gensc send`."""
