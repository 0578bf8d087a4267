"""Pictures with what matters in them, by which schemes are judged that are not told it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gensc.data.datasets import examples, load_dataset
from gensc.data.images import display_names, expand, load_image, scale_to_area, spread
from gensc.experiment.scheme import Photo, Picture
from gensc.system.errors import UserError
from gensc_models.data.photos import crop_to_blocks
from gensc_models.semantics.captions import LayoutCaptioner
from gensc_models.semantics.importance.saliency import DEFAULT

#: Value of a map from which on a pixel is foreground.
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
Map = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Marked(Picture):
    """A picture whose sides are multiples of 16, with its caption and foreground.

    Attributes:
        map: uint8 H×W, 255 where it matters most; the foreground is what has 128 or more.
    """

    map: Map = field(default_factory=lambda: np.zeros((0, 0), np.uint8))

    @classmethod
    def of(cls, name: str, photo: Photo, grey: Map) -> Marked:
        """Both cut to whole blocks, and scaled down where they are very large."""
        if photo.shape[0] * photo.shape[1] > MOST_PIXELS:
            photo = scale_to_area(photo, MOST_PIXELS)
            grey = np.asarray(Image.fromarray(grey).resize((photo.shape[1], photo.shape[0]),
                                                           Image.Resampling.BILINEAR))  # fmt: skip
        photo, grey = crop_to_blocks(photo), crop_to_blocks(grey[..., None])[..., 0]
        caption = LayoutCaptioner().caption(photo)
        return cls(name, photo, caption, grey >= FOREGROUND_LEVEL, grey)

    @property
    def foreground(self) -> NDArray[np.bool_]:
        """The pixels that count, bool H×W."""
        return self.map >= FOREGROUND_LEVEL

    def square(self, side: int) -> tuple[slice, slice]:
        """The square around the foreground's centre, as near as the borders let it."""
        size = self.pixels.shape[:2]
        side, centre = min(side, *size), np.argwhere(self.foreground).mean(axis=0)
        first = np.clip(centre - side / 2, 0, np.array(size) - side).astype(int).tolist()
        return slice(first[0], first[0] + side), slice(first[1], first[1] + side)


@dataclass(frozen=True)
class MarkedSet:
    """Photos under one title, and who says what matters in them."""

    title: str
    photos: Sequence[Marked]
    marked_by: str

    def first(self, count: int) -> MarkedSet:
        """At most so many of the photos, evenly spread."""
        return MarkedSet(self.title, spread(self.photos, count), self.marked_by)

    @property
    def said(self) -> str:
        """How many of what, for titles."""
        return f"{len(self.photos)} photo{'s' * (len(self.photos) != 1)} of {self.title}"


def load(spec: str, images: Sequence[str] | None, count: int) -> MarkedSet:
    """Photos of a data set, else of files, folders or globs, else scikit-image's, evenly spread;
    those without a foreground are left out. Where no masks are, the importance network marks.

    Raises:
        UserError: nothing there, no foreground in any photo, or no importance network.
    """
    if spec:
        dataset = load_dataset(spec, "test", "--dataset")
        masked = any(entry.mask_file is not None for entry in dataset.entries)
        guess = None if masked else _guesser()
        maps = ((e, e.mask if guess is None else guess(e.image))
                for e in examples(dataset.sample(LOOKED_AT * count)))  # fmt: skip
        found = [Marked.of(e.name, e.image, grey) for e, grey in maps if grey is not None]
        folder = spec.split("+")[0]
        title = dataset.title
        title = "/".join(Path(folder).parts[-3:]) if title.startswith(folder) else title
        kept = spread(_with_foreground(found, f"--dataset {spec}"), count)
        return MarkedSet(title, kept, "masks of the data set" if masked else GUESSED)
    if images:
        guess = _guesser()
        paths = spread(expand(list(images)), count)
        photos = list(zip(display_names(paths), map(load_image, paths), strict=True))
        found = [Marked.of(name, photo, guess(photo)) for name, photo in photos]
        return MarkedSet("photos", _with_foreground(found, "--images"), GUESSED)
    boxed = [_boxed(name, load_image(f"skimage:{name}")) for name in BOXES]
    return MarkedSet("scikit-image's photos", spread(boxed, count), "boxes drawn by hand")


def _boxed(name: str, photo: Photo) -> Marked:
    height, width = photo.shape[:2]
    left, top, right, bottom = BOXES[name]
    box = np.zeros((height, width), np.uint8)
    box[round(top * height) : round(bottom * height),
        round(left * width) : round(right * width)] = 255  # fmt: skip
    return Marked.of(name, photo, box)


def _with_foreground(found: list[Marked], option: str) -> list[Marked]:
    kept = [marked for marked in found if marked.foreground.any()]
    if not kept:
        raise UserError(f"{option}: no photo has a foreground")
    return kept


@cache
def _guesser() -> Callable[[Photo], Map]:
    """The importance network, for photos that nobody marked."""
    from gensc_models.catalogue.importance import load_importance
    from gensc_models.weights.store import WeightsError

    try:
        source = load_importance("learned")
    except WeightsError as error:
        raise UserError(f"photos without masks need weights '{DEFAULT}': {error}") from error
    return lambda photo: np.round(255 * source(photo)).astype(np.uint8)
