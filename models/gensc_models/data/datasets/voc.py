"""Pascal VOC: photos with the classes they show, a part of them with masks of the objects.

Everingham et al., "The Pascal visual object classes challenge" (IJCV 2010). Of a year's folder::

    JPEGImages/NAME.jpg
    SegmentationClass/NAME.png           palette picture of class numbers, 255 at borders
    ImageSets/Main/{train,val}.txt       names
    ImageSets/Main/CLASS_{train,val}.txt names with 1 (shows the class), 0 (hardly) or -1
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from gensc_models.data.datasets.dataset import Dataset, Entry

# In the order of their numbers in the masks.
CLASSES = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
    "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa",
    "train", "tvmonitor",
)  # fmt: skip
# The test images' classes and masks were never published.
_LISTS = {"train": "train", "test": "val"}


def voc(root: str | Path, split: Literal["train", "test"] = "test") -> Dataset:
    """Pascal VOC's training images, or its validation images as the test.

    All objects of the 20 classes are foreground; the undecided border around them is not.

    Parameters
    ----------
    root : a year's folder, ``VOCdevkit``, or the folder that holds it; of several years the last
        counts.
    split : "train" or "test".

    Raises
    ------
    FileNotFoundError
        A part of the layout is missing.
    ValueError
        A list is not what it should be.
    """
    home = _year(Path(root))
    part = _LISTS[split]
    lists = home / "ImageSets" / "Main"
    names = [line[0] for line in _lines(lists / f"{part}.txt", 1)]
    shown: dict[str, list[str]] = {name: [] for name in names}
    for label in CLASSES:
        for name, value in _lines(lists / f"{label}_{part}.txt", 2):
            if value == "1" and name in shown:
                shown[name].append(label)
    masks = home / "SegmentationClass"
    if not masks.is_dir():
        raise FileNotFoundError(f"{home}: no SegmentationClass, so not Pascal VOC")
    masked = {file.stem for file in masks.glob("*.png")}
    entries = (
        Entry(
            name,
            home / "JPEGImages" / f"{name}.jpg",
            masks / f"{name}.png" if name in masked else None,
            tuple(labels),
            CLASSES,
        )
        for name, labels in shown.items()
    )
    return Dataset(f"Pascal {home.name} {part}", tuple(entries))


def _year(root: Path) -> Path:
    """The folder of one year."""
    for places in ([root], root.glob("VOC2*"), root.glob("VOCdevkit/VOC2*")):
        years = sorted(place for place in places if (place / "JPEGImages").is_dir())
        if years:
            return years[-1]
    raise FileNotFoundError(f"{root}: no JPEGImages or VOCdevkit/VOC2012, so not Pascal VOC")


def _lines(file: Path, fields: int) -> list[list[str]]:
    """Fields of the lines of a list."""
    if not file.is_file():
        raise FileNotFoundError(f"{file}: missing, so not all of Pascal VOC is there")
    lines = [line.split() for line in file.read_text(encoding="utf-8").splitlines()]
    for number, line in enumerate(lines, start=1):
        if len(line) != fields:
            raise ValueError(f"{file}: line {number} has {len(line)} fields, expected {fields}")
    return lines
