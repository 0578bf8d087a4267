"""Sub-commands of `gensc`; each module has one `register(app)`."""
