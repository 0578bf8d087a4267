"""Several pictures named on the command line: each with a name of its own, bad ones left out."""

from __future__ import annotations

import glob
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from gensc.system.errors import UserError
from gnuradio.gensc.errors import GenscError
from gnuradio.gensc.image_files import SKIMAGE_PREFIX, image_paths

T = TypeVar("T")


@dataclass(frozen=True)
class Found:
    """A picture that may be opened.

    Attributes:
        path: as :func:`gnuradio.gensc.image_files.read_image` takes it.
        name: unique: the file's without its suffix, and as much of the way to it as tells it from
            others of that name.
    """

    path: str
    name: str

    @property
    def is_sample(self) -> bool:
        """Whether it is one of scikit-image's photos."""
        return self.path.startswith(SKIMAGE_PREFIX)


def find(arguments: Sequence[str], limit: int = 0) -> list[Found]:
    """The pictures of files, folders (and those below), globs and ``skimage:NAME``, in order.

    Args:
        arguments: as on the command line.
        limit: of more than so many, these are taken evenly from all; 0 takes all.

    Raises:
        UserError: an argument at which there is nothing.
    """
    paths: list[tuple[str, str]] = []
    for argument in arguments:
        folder = Path(argument)
        several = argument.startswith(SKIMAGE_PREFIX) or (
            glob.has_magic(argument) and not folder.exists()
        )
        if several or folder.is_dir():
            try:
                inside = image_paths(argument)
            except GenscError as error:
                raise UserError(str(error)) from None
            paths += [(path, _below(path, argument)) for path in inside]
        elif folder.exists():
            paths.append((argument, folder.name))
        else:
            raise UserError(f"{argument}: no such file")
    if limit and len(paths) > limit:
        paths = [paths[i * len(paths) // limit] for i in range(limit)]
    return _named(paths)


def _below(path: str, argument: str) -> str:
    """The way from a folder that was named to a picture in it."""
    if Path(argument).is_dir():
        return Path(path).relative_to(argument).as_posix()
    return Path(path.removeprefix(SKIMAGE_PREFIX)).name


def _named(paths: Sequence[tuple[str, str]]) -> list[Found]:
    """Each with a name of its own: without suffix, with it, with the folder, with a number."""
    forms = [
        (
            str(Path(name).with_suffix("")),
            name,
            str(Path(path).with_suffix("").relative_to(Path(path).parent.parent)),
        )
        for path, name in paths
    ]
    found, taken = [], set()
    counts = [Counter(column) for column in zip(*forms, strict=True)]
    for (path, _), own in zip(paths, forms, strict=True):
        alone = [form for k, form in enumerate(own) if counts[k][form] == 1]
        wanted = alone[0] if alone else own[1]
        unique, number = wanted, 2
        while unique in taken:
            unique, number = f"{wanted}-{number}", number + 1
        taken.add(unique)
        found.append(Found(path, unique))
    return found


def open_all(
    found: Sequence[Found], opened: Callable[[Found], T], say: Callable[[str], None]
) -> list[T]:
    """What ``opened`` makes of each; of one that it refuses a line is said, the others follow.

    Args:
        found: which.
        opened: opens one; its ValueError says why it cannot be used.
        say: takes the lines.

    Raises:
        UserError: none is left; with the only one's reason.
    """
    made, reasons = [], []
    for one in found:
        try:
            made.append(opened(one))
        except ValueError as error:
            reasons.append(str(error))
    if not made:
        raise UserError(reasons[0] if len(reasons) == 1 else f"none of {len(reasons)} files is a "
                        f"picture that can be sent; the first: {reasons[0]}")  # fmt: skip
    for reason in reasons:
        say(f"skipped {reason}")
    return made
