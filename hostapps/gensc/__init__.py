"""Host applications of gr-gensc: the `gensc` command, link runner, receiver and reports."""
