"""Files that are there as a whole or not at all, whatever ends the program."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

#: What the name of a file ends with that is not complete yet; it begins with a dot.
UNFINISHED = ".part"


@contextmanager
def atomic_file(path: str | Path) -> Iterator[BinaryIO]:
    """A file to write that takes its name, in place of what had it, when it is complete.

    It is on the disk (fsync) before it has the name, and the name is when this returns. What fails
    leaves the old file and no other.

    Raises:
        OSError: it cannot be written.
    """
    path = Path(path)
    with beside(path) as part, part.open("xb") as file:
        yield file


@contextmanager
def beside(path: str | Path) -> Iterator[Path]:
    """A name in the folder of `path`, for libraries that write files themselves.

    What stands there takes the place of `path` at the end; what fails leaves the old file and no
    other. It does not end as `path` does: nobody who looks for pictures must find a part of one.

    Raises:
        OSError: it cannot be written.
    """
    path = Path(path)
    stem = os.fsdecode(os.fsencode(path.name)[:200])
    part = path.with_name(f".{stem}-{secrets.token_hex(4)}{UNFINISHED}")
    try:
        yield part
        _sync(part)
        os.replace(part, path)
        _sync(path.parent)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write_bytes(path: str | Path, data: bytes) -> None:
    """A whole file.

    Raises:
        OSError: it cannot be written.
    """
    with atomic_file(path) as file:
        file.write(data)


def write_text(path: str | Path, text: str) -> None:
    """A whole file of UTF-8.

    Raises:
        OSError: it cannot be written.
    """
    write_bytes(path, text.encode("utf-8"))


def append(file: int, data: bytes) -> None:
    """Whole lines at the end of an open file, or none of them: the next one never joins a cut one.

    Args:
        file: descriptor, open to append or written by nobody else.

    Raises:
        OSError: it cannot be written; the file is as it was.
    """
    size = os.fstat(file).st_size
    left = memoryview(data)
    try:
        while left:
            left = left[os.write(file, left) :]
    except OSError:
        if stat.S_ISREG(os.fstat(file).st_mode):
            os.ftruncate(file, size)
            os.lseek(file, size, os.SEEK_SET)
        raise


def make_folder(path: str | Path) -> Path:
    """A folder, with those above it, that is still there after a power cut.

    Raises:
        OSError: it cannot be made.
    """
    path = Path(path)
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir(exist_ok=True)
        _sync(path.parent)
    return path


def remove(path: str | Path) -> None:
    """Take a file away for good; it may be gone already.

    Raises:
        OSError: it cannot be removed.
    """
    Path(path).unlink(missing_ok=True)
    _sync(Path(path).parent)


def _sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
