"""The pictures of a comparison: folders with all that is below them, bad files left out by name."""

from __future__ import annotations

import glob
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gensc.data.samples import caption_of
from gensc.experiment.scheme import Picture
from gensc.system.codecs import MAX_SECTION_SYMBOLS
from gensc.system.errors import UserError
from gnuradio.gensc.errors import GenscError
from gnuradio.gensc.image_files import SKIMAGE_PREFIX, SUFFIXES, image_paths, read_image

BLOCK = 16


@dataclass(frozen=True)
class Found:
    """A picture that may be opened.

    Attributes:
        path: as :func:`gnuradio.gensc.image_files.read_image` takes it.
        name: unique: its path below the folder that was named, without its suffix where that is
            enough to tell it.
    """

    path: str
    name: str


def find(arguments: Sequence[str], limit: int = 0) -> list[Found]:
    """The pictures of files, folders, globs and ``skimage:NAME``, in order.

    Raises:
        UserError: an argument at which there is nothing.
    """
    paths: list[tuple[str, str]] = []
    for argument in arguments:
        folder = Path(argument)
        if folder.is_dir():
            inside = sorted(
                p for p in folder.rglob("*") if p.is_file() and p.suffix.lower() in SUFFIXES
            )
            if not inside:
                raise UserError(f"{argument}: no images in this folder or below it")
            paths += [(str(p), p.relative_to(folder).as_posix()) for p in inside]
        elif argument.startswith(SKIMAGE_PREFIX) or glob.has_magic(argument):
            try:
                several = image_paths(argument)
            except GenscError as error:
                raise UserError(str(error)) from None
            paths += [(p, Path(p.removeprefix(SKIMAGE_PREFIX)).name) for p in several]
        elif folder.exists():
            paths.append((argument, folder.name))
        else:
            raise UserError(f"{argument}: no such file")
    if limit and len(paths) > limit:
        paths = [paths[i * len(paths) // limit] for i in range(limit)]
    return _named(paths)


def _named(paths: Sequence[tuple[str, str]]) -> list[Found]:
    """Each with a name of its own."""
    found, taken = [], set()
    short = [str(Path(name).with_suffix("")) for _, name in paths]
    for (path, name), stem in zip(paths, short, strict=True):
        wanted = stem if short.count(stem) == 1 else name
        unique, number = wanted, 2
        while unique in taken:
            unique, number = f"{wanted}-{number}", number + 1
        taken.add(unique)
        found.append(Found(path, unique))
    return found


def load(
    found: Sequence[Found], max_side: int, rate: int, say: Callable[[str], None]
) -> list[Picture]:
    """Those that can be opened and sent; of each other one a line is said.

    Args:
        found: which.
        max_side: larger ones are scaled down; 0 leaves them.
        rate: the highest one at which they are sent, symbols per 16×16 block.
        say: takes the lines.

    Raises:
        UserError: none is left; with the only one's reason.
    """
    pictures, reasons = [], []
    for one in found:
        try:
            pixels = read_image(one.path, max_side, 1)
            height, width = pixels.shape[:2]
            symbols = -(-height // BLOCK) * -(-width // BLOCK) * rate
            if symbols > MAX_SECTION_SYMBOLS:
                raise GenscError(f"{one.path}: {symbols} symbols are more than the limit of "
                                 f"{MAX_SECTION_SYMBOLS}; use --max-side 2048")  # fmt: skip
        except GenscError as error:
            reasons.append(str(error))
            continue
        pictures.append(Picture(one.name, pixels, caption_of(one.path) or ""))
    if not pictures:
        raise UserError(reasons[0] if len(reasons) == 1 else f"none of {len(reasons)} files is a "
                        f"picture that can be sent; the first: {reasons[0]}")  # fmt: skip
    for reason in reasons:
        say(f"skipped {reason}")
    return pictures
