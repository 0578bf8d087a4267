"""Tiny data sets on disk in the layouts of DUTS, Pascal VOC and plain folders."""

import numpy as np
from PIL import Image

from gensc_models.data.datasets.voc import CLASSES

SHAPE = (24, 32)


def picture(seed):
    return np.random.default_rng(seed).integers(0, 256, (*SHAPE, 3), dtype=np.uint8)


def box_mask(top, left, height, width, value=255):
    mask = np.zeros(SHAPE, np.uint8)
    mask[top : top + height, left : left + width] = value
    return mask


def save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


def make_duts(root, count=3):
    """Both parts, `count` images each."""
    for part in ("DUTS-TR", "DUTS-TE"):
        for i in range(count):
            home = root / part
            save(home / f"{part}-Image" / f"img_{i}.jpg", picture(i))
            save(home / f"{part}-Mask" / f"img_{i}.png", box_mask(i, i, 4, 5))


def save_classes(path, numbers):
    """A palette picture of class numbers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(numbers)
    image.putpalette([7 * i % 256 for i in range(768)])
    image.save(path)


def make_voc(root):
    """A devkit of 2012: two validation images, one of them with a mask, and one for training.

    `street` shows a person and a larger car with an undecided border, `sky` nothing.
    """
    home = root / "VOCdevkit" / "VOC2012"
    for i, name in enumerate(("street", "sky", "cow")):
        save(home / "JPEGImages" / f"{name}.jpg", picture(i))
    numbers = box_mask(2, 2, 10, 20, value=CLASSES.index("car") + 1)
    numbers[14:20, 4:8] = CLASSES.index("person") + 1
    numbers[1, :] = 255
    save_classes(home / "SegmentationClass" / "street.png", numbers)
    lists = home / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    (lists / "val.txt").write_text("street\nsky\n")
    (lists / "train.txt").write_text("cow\n")
    for label in CLASSES:
        street = 1 if label in ("car", "person") else -1
        (lists / f"{label}_val.txt").write_text(f"street {street:2d}\nsky  -1\n")
        cow = 1 if label == "cow" else 0 if label == "dog" else -1
        (lists / f"{label}_train.txt").write_text(f"cow {cow:2d}\n")
    return home
