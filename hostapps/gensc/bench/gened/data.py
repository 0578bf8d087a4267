"""The photos of `gensc bench gened`, with the foreground that the schemes are judged by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gensc.data.datasets import examples, load_dataset
from gensc.data.images import display_name, expand, load_image, scale_to_area
from gensc.system.errors import UserError
from gensc_models.data.photos import crop_to_blocks
from gensc_models.semantics.captions import LayoutCaptioner
from gensc_models.semantics.importance.saliency import DEFAULT

#: Value of a mask from which on a pixel is foreground.
FOREGROUND_LEVEL = 128
#: Larger photos are scaled down to about so many pixels.
MOST_PIXELS = 512 * 512
#: So many photos are looked at for each that is wanted, as some have no foreground.
LOOKED_AT = 3
#: Foregrounds of scikit-image's photos, drawn by hand: left, top, right, bottom in shares.
BOXES: dict[str, tuple[float, float, float, float]] = {
    "astronaut": (0.10, 0.00, 0.72, 1.00),
    "chelsea": (0.16, 0.02, 0.80, 1.00),
    "coffee": (0.26, 0.12, 0.82, 0.86),
    "rocket": (0.47, 0.20, 0.56, 0.90),
}

GUESSED = "nobody: predicted by the importance network, which the transmitter asks as well"

Photo = NDArray[np.uint8]
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Marked:
    """A photo and what in it matters.

    Attributes:
        name: of the picture.
        photo: uint8 H×W×3, sides multiples of 16.
        map: uint8 H×W, 255 where it matters most.
        caption: sent as text.
    """

    name: str
    photo: Photo
    map: NDArray[np.uint8]
    caption: str

    @property
    def foreground(self) -> NDArray[np.bool_]:
        """The pixels that count, bool H×W."""
        return self.map >= FOREGROUND_LEVEL


@dataclass(frozen=True)
class MarkedSet:
    """Photos under one title, and who says what matters in them."""

    title: str
    photos: Sequence[Marked]
    marked_by: str

    def first(self, count: int) -> MarkedSet:
        """At most so many of the photos, evenly spread."""
        return MarkedSet(self.title, spread(self.photos, count), self.marked_by)


def spread(items: Sequence[T], count: int) -> list[T]:
    """At most `count` of the items, evenly spread."""
    count = min(count, len(items))
    return [items[i * len(items) // count] for i in range(count)]


def samples(count: int) -> MarkedSet:
    """Scikit-image's photos with the boxes above."""
    found = []
    for name, (left, top, right, bottom) in BOXES.items():
        photo = load_image(f"skimage:{name}")
        height, width = photo.shape[:2]
        box = np.zeros((height, width), np.uint8)
        rows = slice(round(top * height), round(bottom * height))
        box[rows, round(left * width) : round(right * width)] = 255
        found.append(_marked(name, photo, box))
    return MarkedSet("scikit-image's photos", spread(found, count), "boxes drawn by hand")


def of_images(images: Sequence[str], count: int) -> MarkedSet:
    """Files, folders or globs; what matters in them is what the importance network says.

    Raises:
        UserError: no such photo, or no importance network.
    """
    guess = _guesser()
    paths = spread(expand(list(images)), count)
    photos = [(display_name(path), load_image(path)) for path in paths]
    found = [_marked(name, photo, guess(photo)) for name, photo in photos]
    return MarkedSet("photos", _with_foreground(found, "--images"), GUESSED)


def of_dataset(spec: str, count: int) -> MarkedSet:
    """A data set by its spelling, evenly spread; photos without a foreground are left out.

    Raises:
        UserError: nothing there, no foreground in any photo, or no importance network for photos
            without masks.
    """
    dataset = load_dataset(spec, "test", "--dataset")
    masked = any(entry.mask_file is not None for entry in dataset.entries)
    marked_by = "masks of the data set" if masked else GUESSED
    guess = None if masked else _guesser()
    found = []
    for example in examples(dataset.sample(LOOKED_AT * count)):
        grey = example.mask if guess is None else guess(example.image)
        if grey is not None:
            found.append(_marked(example.name, example.image, grey))
    found = _with_foreground(found, f"--dataset {spec}")
    return MarkedSet(_title(dataset.title, spec), spread(found, count), marked_by)


def _title(title: str, spec: str) -> str:
    """The name of a data set; of a folder, the end of its path."""
    images = spec.split("+")[0]
    return "/".join(Path(images).parts[-3:]) if title.startswith(images) else title


def _with_foreground(found: list[Marked], option: str) -> list[Marked]:
    kept = [marked for marked in found if marked.foreground.any()]
    if not kept:
        raise UserError(f"{option}: no photo has a foreground")
    return kept


def _marked(name: str, photo: Photo, grey: NDArray[np.uint8]) -> Marked:
    """Both cut to whole blocks, and scaled down where they are very large."""
    if photo.shape[0] * photo.shape[1] > MOST_PIXELS:
        photo = scale_to_area(photo, MOST_PIXELS)
        size = photo.shape[1::-1]
        grey = np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.BILINEAR))
    photo, grey = crop_to_blocks(photo), crop_to_blocks(grey[..., None])[..., 0]
    return Marked(name, photo, grey, LayoutCaptioner().caption(photo))


@cache
def _guesser() -> Callable[[Photo], NDArray[np.uint8]]:
    """The importance network, for photos that nobody marked."""
    from gensc_models.catalogue.importance import load_importance
    from gensc_models.weights.store import WeightsError

    try:
        source = load_importance("learned")
    except WeightsError as error:
        raise UserError(f"photos without masks need weights '{DEFAULT}': {error}") from error
    return lambda photo: np.round(255 * source(photo)).astype(np.uint8)
