"""DUTS: 10553 photos for training and 5019 for testing, with masks of their salient objects.

Wang et al., "Learning to detect salient objects with image-level supervision" (CVPR 2017). As its
authors pack it::

    DUTS-TR/DUTS-TR-Image/*.jpg    DUTS-TR/DUTS-TR-Mask/*.png
    DUTS-TE/DUTS-TE-Image/*.jpg    DUTS-TE/DUTS-TE-Mask/*.png
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

from gensc_models.data.datasets.dataset import Dataset
from gensc_models.data.datasets.folder import folder

_PARTS = {"train": "DUTS-TR", "test": "DUTS-TE"}


def duts(root: str | Path, split: Literal["train", "test"] = "test") -> Dataset:
    """One part of DUTS.

    Parameters
    ----------
    root : folder of both parts, or the part itself.
    split : "train" or "test".

    Raises
    ------
    FileNotFoundError
        A folder of the layout, or a mask, is missing.
    """
    part = _PARTS[split]
    places = (Path(root) / part, Path(root))
    home = next((place for place in places if (place / f"{part}-Image").is_dir()), None)
    if home is None:
        raise FileNotFoundError(f"{root}: no {part}/{part}-Image, so not DUTS ({split})")
    found = folder(home / f"{part}-Image", home / f"{part}-Mask")
    return replace(found, title=part)
