"""Where a transmitter's images come from: a list, a folder that is watched.

A source is looked at again and again; each look gives the pictures that are new and whole. They
are known by the SHA-256 of their files' bytes: `enter` puts them into the books.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gensc.data.named import find
from gensc.system.errors import UserError
from gensc.transmitter.queue import FileState, Queue
from gnuradio.gensc.errors import GenscError
from gnuradio.gensc.image_files import image_file, is_picture

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Candidate:
    """A picture that may be sent.

    Attributes:
        path: of its file, or ``skimage:NAME``.
        name: to report it under.
    """

    path: str
    name: str


class Source(Protocol):
    """Gives pictures.

    Attributes:
        ended: there will be no more.
    """

    ended: bool

    def look(self) -> Iterator[Candidate]:
        """Pictures that are new since the last look, and whole."""
        ...


class ListSource:
    """The pictures of files, folders, globs and ``skimage:NAME``, once.

    Raises:
        UserError: an argument at which there is nothing.
    """

    def __init__(self, arguments: Sequence[str]) -> None:
        self._found = find(arguments)
        self.ended = False

    def look(self) -> Iterator[Candidate]:
        """All of them, the first time."""
        if not self.ended:
            self.ended = True
            yield from (Candidate(one.path, Path(one.path).name) for one in self._found)


class FolderSource:
    """The pictures of a folder and those below it, as they come.

    Nothing tells when a program has written the last byte of a file. It counts as whole when its
    size and time of change are the same in two looks, `settle_s` apart at least, or when it has
    not changed for so long, as one that was moved into the folder. A file that goes on changing
    after that is another picture.

    Args:
        folder: watched; it may come and go.
        settle_s: seconds.
        clock: of the files' time, seconds since 1970.

    Raises:
        UserError: there is no such folder to begin with.
    """

    ended = False

    def __init__(
        self,
        folder: str | Path,
        settle_s: float = 1.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.folder, self.settle_s = Path(folder), settle_s
        self._clock = clock
        self._since: dict[str, tuple[FileState, float]] = {}
        self._given: dict[str, FileState] = {}
        if not self.folder.is_dir():
            raise UserError(f"{self.folder}: no such folder to watch")

    def look(self) -> Iterator[Candidate]:
        """What is new, in the order of the files' time."""
        now, there = self._clock(), self._pictures()
        # What has gone may come back as something else.
        self._since = {path: since for path, since in self._since.items() if path in there}
        self._given = {path: state for path, state in self._given.items() if path in there}
        for path, state in sorted(there.items(), key=lambda item: (item[1].mtime_ns, item[0])):
            if self._given.get(path) == state:
                continue
            known, since = self._since.get(path, (None, now))
            if known != state:
                self._since[path] = state, now
                since = now
            age = max(now - since, now - state.mtime_ns / 1e9)
            if state.size and age >= self.settle_s:
                self._given[path] = state
                self._since.pop(path, None)
                yield Candidate(path, Path(path).name)

    def _pictures(self) -> dict[str, FileState]:
        found = {}
        for folder, _, names in os.walk(self.folder):
            for name in names:
                file = Path(folder, name)
                try:
                    if is_picture(file):
                        found[str(file)] = file_state(file)
                except OSError:  # gone meanwhile, or not ours to see: perhaps at the next look
                    continue
        return found


def file_state(file: Path) -> FileState:
    """Size and time of change of a file.

    Raises:
        OSError: there is none.
    """
    info = file.stat()
    return FileState(info.st_size, info.st_mtime_ns)


def digest(path: str) -> tuple[str, FileState]:
    """SHA-256 of a picture's file, hexadecimal, and its state.

    Raises:
        UserError: it cannot be read, or changes while it is.
    """
    try:
        file, summed = image_file(path), hashlib.sha256()
        before = file_state(file)
        with file.open("rb") as opened:
            while part := opened.read(_CHUNK):
                summed.update(part)
        after = file_state(file)
    except GenscError as error:
        raise UserError(str(error)) from None
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from error
    if after != before:
        raise UserError(f"{path}: it is being written to")
    return summed.hexdigest(), after


def enter(source: Source, queue: Queue, say: Callable[[str], None]) -> int:
    """Put what is new at a source into the books; returns how many images are new there.

    Of a picture that cannot be read a line is said.

    Raises:
        UserError: the books cannot be written.
    """
    found = list(source.look())
    if not found:
        return 0
    new = 0
    with queue.together():
        for one in found:
            try:
                file = image_file(one.path)
                if queue.has_read(one.path, file_state(file)):
                    continue
                sha256, state = digest(one.path)
            except (OSError, UserError, GenscError) as error:
                say(f"{one.path}: not queued: {error}")
                continue
            new += queue.add(one.path, one.name, sha256, state)
    return new
