"""Photos with marked foregrounds, schemes that need no training, and points that are made up."""

import numpy as np
from PIL import Image
from skimage.data import astronaut

from gensc.bench.gened.data import Marked, MarkedSet
from gensc.bench.gened.points import Place, Scored
from gensc.bench.gened.schemes import EDITED, GENED, SOFTCAST, Counts, DualBranch, OneStream
from gensc.system import codecs
from gensc.system.weights import Weights
from gensc_models.restore.editing import SafeEditor
from small_gened import small_codec

TITLE = "two photos"


def marked(name="face", top=0, left=96):
    """96x128 with a foreground of 40x40 in it."""
    grey = np.zeros((96, 128), np.uint8)
    grey[20:60, 50:90] = 255
    photo = np.ascontiguousarray(astronaut()[top : top + 96, left : left + 128])
    return Marked(name, photo, grey, "A face.")


def two_photos():
    return MarkedSet(TITLE, [marked(), marked("suit", 200, 160)], "hand")


def save_set(folder):
    """The two photos as a folder of images and one of masks; returns the spelling."""
    for image in two_photos().photos:
        for part, picture in (("images", image.photo), ("maps", image.map)):
            (folder / part).mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture).save(folder / part / f"{image.name}.png")
    return f"{folder / 'images'}+{folder / 'maps'}"


class Brighter:
    """An editor that answers, and notes what it was told."""

    name = "brighter"

    def __init__(self):
        self.told = []

    def edit(self, image, caption, mask=None, snr_db=None, seed=0):
        self.told.append((caption, mask, snr_db))
        return np.clip(image.astype(np.int16) + 4, 0, 255).astype(np.uint8)


def schemes(editor=None):
    """Coarse, edited and SoftCast, by name."""
    codec, weights = small_codec(), Weights("tiny-gened", "")
    made = [
        DualBranch(GENED, codec, weights),
        DualBranch(EDITED, codec, weights, SafeEditor(editor or Brighter())),
        OneStream(SOFTCAST, *codecs.load(codecs.LINEAR)),
    ]
    return {scheme.name: scheme for scheme in made}


def scored(
    scheme, channel, rate, snr_db, foreground_psnr, dataset=TITLE, lost=False, analog=100, **metrics
):
    """One photo's figures."""
    place = Place(dataset, channel, rate, float(snr_db))
    values = {"mask_psnr": foreground_psnr, "psnr": foreground_psnr - 1.0, **metrics}
    return Scored(place, scheme, "face", Counts(analog=analog), values, {}, lost=lost)
