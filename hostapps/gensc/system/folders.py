"""Folders that commands write to, refused before the work and not after it."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from gensc.system.errors import UserError


def writable_folder(path: Path, option: str = "--out") -> Path:
    """Make a folder where it is missing, and see that files can be made in it.

    Args:
        path: the folder.
        option: that named it, for the message.

    Raises:
        UserError: it cannot be made, is a file, or nothing can be written there.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        # Only a try tells: permissions say nothing on a disk mounted read-only.
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        # A file in the way is told as "File exists".
        reason = "is a file" if path.is_file() else error.strerror
        raise UserError(f"{option} {path}: {reason}; name another folder") from None
    return path


def usable_home() -> None:
    """Give this process and those it starts a HOME where there is none that can be written to.

    GNU Radio, its compiler and matplotlib keep their settings and caches there and end in a
    traceback otherwise.
    """
    told = os.environ.get("HOME")
    if told is None:
        return  # all of them look elsewhere then
    try:
        Path(told).mkdir(parents=True, exist_ok=True)
        usable = os.access(told, os.W_OK | os.X_OK)
    except OSError:
        usable = False
    if not usable:
        os.environ["HOME"] = tempfile.mkdtemp(prefix="gensc-home-")
        atexit.register(shutil.rmtree, os.environ["HOME"], ignore_errors=True)
