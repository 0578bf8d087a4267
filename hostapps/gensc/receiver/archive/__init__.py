"""What was received, kept for good: an index in SQLite and the images as files beside it."""

from gensc.receiver.archive.archive import Archive
from gensc.receiver.archive.errors import ArchiveError
from gensc.receiver.archive.record import COARSE, Fates, File, Record

__all__ = ["COARSE", "Archive", "ArchiveError", "Fates", "File", "Record"]
