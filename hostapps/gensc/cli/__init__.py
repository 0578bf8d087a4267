"""The `gensc` command: one file a sub-command, options and one call each."""
