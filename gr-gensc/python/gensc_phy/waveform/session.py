"""Session tags: what tells the bursts of one transmitter, and of one start of it, from others."""

from __future__ import annotations

import secrets

SESSIONS = 1 << 16


def draw_session() -> int:
    """A new tag, 0 … 65535, by chance: two starts agree once in 65536 times."""
    return secrets.randbelow(SESSIONS)
