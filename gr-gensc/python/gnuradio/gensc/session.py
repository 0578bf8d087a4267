"""Session tags of blocks that give images or texts their numbers."""

from __future__ import annotations

from gensc_phy.waveform.session import SESSIONS, draw_session

from .errors import GenscError


class Sessions:
    """The tag of a block's session: a new one each time the block starts, or always the same.

    Args:
        tag: 0 … 65535; None draws it.

    Raises:
        GenscError: a tag that is none.
    """

    def __init__(self, tag: int | None) -> None:
        if tag is not None and not 0 <= tag < SESSIONS:
            raise GenscError(f"session {tag}: must be 0 … {SESSIONS - 1}")
        self._fixed = None if tag is None else int(tag)
        self.begin()

    def begin(self) -> None:
        """The block starts."""
        self.tag = draw_session() if self._fixed is None else self._fixed
