"""Pictures that commands are given."""
