"""Signals for child processes of tests."""

import signal


def heed_ctrl_c() -> None:
    """Undo that a shell lets its background jobs, and all they start, ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
