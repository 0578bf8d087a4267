"""A folder of images, alone or with a folder of masks of the same names."""

from __future__ import annotations

import glob
import re
from pathlib import Path

from gensc_models.data.datasets.dataset import Dataset, Entry
from gensc_models.data.photos import SUFFIXES, photo_files

# ImageNet's files are often named after number and name of their class.
_SYNSET = re.compile(r"n\d{8}_(\D+)$")


def folder(images: str | Path, masks: str | Path | None = None) -> Dataset:
    """Images of a folder (and of those within), or of a glob pattern such as ``PATH/test_*``.

    Parameters
    ----------
    images : folder or pattern. The name of a file that begins with an ImageNet class
        (``n01440764_tench``) gives the label.
    masks : folder that has a picture of the same name, any suffix, for every image.

    Raises
    ------
    FileNotFoundError
        No such folder, no image in it, or an image has no mask.
    """
    root = Path(images)
    if root.is_dir():
        files = photo_files([root])
        names = [str(file.relative_to(root).with_suffix("")) for file in files]
    else:
        found = sorted(Path(p) for p in glob.glob(str(root), recursive=True))
        files = [p for p in found if p.suffix.lower() in SUFFIXES]
        if not files:
            raise FileNotFoundError(f"{images}: no such folder, and no image of that name")
        names = [file.stem for file in files]
    if masks is None:
        mask_files: list[Path | None] = [None] * len(files)
    else:
        there = _by_name(Path(masks))
        for name in names:
            if name not in there:
                raise FileNotFoundError(f"{masks}: no mask called {name}")
        mask_files = [there[name] for name in names]
    entries = (
        Entry(name, file, mask, _labels(file))
        for name, file, mask in zip(names, files, mask_files, strict=True)
    )
    return Dataset(f"{images}" + (f" with masks of {masks}" if masks else ""), tuple(entries))


def _by_name(masks: Path) -> dict[str, Path]:
    if not masks.is_dir():
        raise FileNotFoundError(f"{masks}: no such folder of masks")
    return {str(p.relative_to(masks).with_suffix("")): p for p in photo_files([masks])}


def _labels(file: Path) -> tuple[str, ...]:
    found = _SYNSET.match(file.stem)
    return (found[1].replace("_", " "),) if found else ()
