"""Files that are there as a whole or not at all, whatever ends the program."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def atomic_file(path: str | Path) -> Iterator[BinaryIO]:
    """A file to write that takes its name, in place of what had it, when it is complete.

    It is on the disk (fsync) before it has the name. What fails leaves the old file and no other.

    Raises:
        OSError: it cannot be written.
    """
    path = Path(path)
    part = path.with_name(f".{path.name[:200]}-{secrets.token_hex(4)}.part")
    file = part.open("xb")
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
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
