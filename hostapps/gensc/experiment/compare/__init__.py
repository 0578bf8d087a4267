"""`gensc compare`: the engine for users: settings, pictures, run, report."""
