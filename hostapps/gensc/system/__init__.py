"""The machine, errors, progress, terminals."""
