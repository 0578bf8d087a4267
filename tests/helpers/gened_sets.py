"""Photos with marked foregrounds, schemes that need no training, and points that are made up."""

import numpy as np
from PIL import Image
from skimage.data import astronaut

from gensc.bench.gened.schemes import EDITED, GENED, SOFTCAST
from gensc.experiment.marked import Marked, MarkedSet
from gensc.experiment.schemes.codec import CodecScheme
from gensc.experiment.schemes.wrapped import Captioned, Edited
from gensc.system import codecs
from gensc_models.restore.editing import SafeEditor
from small_gened import small_codec

TITLE = "two photos"


def marked(name="face", top=0, left=96):
    """96x128 with a foreground of 40x40 in it."""
    grey = np.zeros((96, 128), np.uint8)
    grey[20:60, 50:90] = 255
    photo = np.ascontiguousarray(astronaut()[top : top + 96, left : left + 128])
    return Marked(name, photo, "A face.", grey >= 128, grey)


def two_photos():
    return MarkedSet(TITLE, [marked(), marked("suit", 200, 160)], "hand")


def save_set(folder):
    """The two photos as a folder of images and one of masks; returns the spelling."""
    for image in two_photos().photos:
        for part, picture in (("images", image.pixels), ("maps", image.map)):
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
    coarse = CodecScheme(small_codec(), GENED)
    made = [
        coarse,
        Edited(Captioned(coarse), SafeEditor(editor or Brighter()), name=EDITED),
        CodecScheme(codecs.load(codecs.LINEAR)[0], SOFTCAST),
    ]
    return {scheme.name: scheme for scheme in made}


def point(
    scheme, channel, rate, snr_db, foreground_psnr, dataset=TITLE, lost=0, symbols=100.0,
    via="torch", brisque=None,
):  # fmt: skip
    """Means over one photo."""
    return {
        "experiment": "quality", "scheme": scheme, "dataset": dataset, "channel": channel,
        "rate": rate, "snr_db": float(snr_db), "via": via, "rows": 1, "lost": lost,
        "symbols": symbols, "foreground_psnr": foreground_psnr, "psnr": foreground_psnr - 1.0,
        "brisque": brisque,
    }  # fmt: skip
