"""The one error of damaged streams."""


class BitstreamError(ValueError):
    """A stream cannot be decoded; the message is one line that says why."""
