"""The one exception a user is meant to see."""

from __future__ import annotations


class UserError(ValueError):
    """A mistake the user can mend; its message is one line that names it and the way out.

    The command line prints it to stderr and exits with status 2, without a traceback.
    """

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))
