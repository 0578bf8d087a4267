"""`gensc receive`."""
