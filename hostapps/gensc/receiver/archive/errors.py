"""What is wrong with an archive, in words."""

from __future__ import annotations

from gensc.system.errors import UserError


class ArchiveError(UserError):
    """An archive that cannot be opened as asked: none, in use, damaged, or of a later version."""
