"""How a data set is named on a command line."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from gensc_models.data.datasets.dataset import Dataset
from gensc_models.data.datasets.duts import duts
from gensc_models.data.datasets.folder import folder
from gensc_models.data.datasets.voc import voc

Split = Literal["train", "test"]

SPELLINGS = "duts:PATH, voc:PATH, PATH (a folder or glob pattern) or PATH+MASKS"
"""For help texts."""


def open_dataset(text: str, split: Split = "test") -> Dataset:
    """The data set that ``text`` names; see :data:`SPELLINGS`.

    ``split`` chooses the part of DUTS and VOC; of a folder a pattern does (``PATH/test_*``).

    Raises
    ------
    FileNotFoundError
        Nothing there, or a part of the data set's layout is missing.
    ValueError
        Empty text, an unknown split, or a list that is not what it should be.
    """
    if split not in get_args(Split):
        raise ValueError(f"split {split!r}: must be {' or '.join(get_args(Split))}")
    kind, colon, path = text.partition(":")
    if colon and kind in ("duts", "voc"):
        if not path:
            raise ValueError(f"{text!r} names no folder; expected {SPELLINGS}")
        root = Path(path).expanduser()
        return duts(root, split) if kind == "duts" else voc(root, split)
    if not text:
        raise ValueError(f"no data set; expected {SPELLINGS}")
    # A folder whose name has a plus sign is that folder.
    if "+" not in text or Path(text).expanduser().exists():
        return folder(Path(text).expanduser())
    images, _, masks = text.rpartition("+")
    return folder(Path(images).expanduser(), Path(masks).expanduser())
