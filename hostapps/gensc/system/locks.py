"""A file that one process holds, and that the kernel lets go of whatever ends that process."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import BinaryIO


def hold(path: Path) -> BinaryIO | None:
    """The file, open and held until it is closed; None where another process holds it.

    Raises:
        OSError: it cannot be made.
    """
    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        if isinstance(error, BlockingIOError):
            return None
        raise
    return file


def is_held(path: Path) -> bool:
    """Whether a process holds it; where there is no file, none does."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        pass
    return False
