"""Tiny untrained weights under the names that `gensc bench gsc` looks for, and a tiny CIFAR-10."""

import io

import numpy as np
from PIL import Image
from skimage.data import astronaut

from gensc_models import CodecConfig, JsccCodec, load_codec
from gensc_models.codecs.deepjscc.network import DeepJsccConfig
from gensc_models.codecs.swin.network import SwinConfig
from gensc_models.restore.refiner import Refiner, RefinerConfig

SWIN = SwinConfig((8, 16), (1, 1), (1, 2), window=2, condition=8)
REFINER = RefinerConfig(
    unshuffle=2,
    widths=(8,),
    heads=(1,),
    blocks=(1,),
    refinement_blocks=1,
    prior_channels=2,
    prior_width=4,
    prior_blocks=1,
    condition=4,
)


def swin_codec(name="swin-cifar"):
    """Untrained, it is SoftCast."""
    codec = JsccCodec(CodecConfig(name, (128,), SWIN))
    codec.network.linear.load_state_dict(load_codec("softcast").network.linear.state_dict())
    return codec


def save_all(folder):
    """swin-cifar, deepjscc-cifar and both refiners, each in its folder."""
    swin_codec().save_pretrained(folder / "swin-cifar")
    baseline = CodecConfig("deepjscc-cifar", (128,), DeepJsccConfig((5.0, 15.0)))
    JsccCodec(baseline).save_pretrained(folder / "deepjscc-cifar")
    for name in ("refiner-cifar", "refiner-photo"):
        Refiner(name, REFINER).save_pretrained(folder / name)


def pictures(count):
    """Pieces of a photo, uint8 [count, 32, 32, 3], all different."""
    photo = np.asarray(Image.fromarray(astronaut()).resize((256, 256)))
    places = [(32 * (i // 8), 32 * (i % 8)) for i in range(count)]
    return np.stack([photo[y : y + 32, x : x + 32] for y, x in places])


def save_pack(path, count):
    """A pack of JPEG files as `gensc_models.data.cifar` reads it."""
    files = []
    for picture in pictures(count):
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "JPEG", quality=95)
        files.append(np.frombuffer(buffer.getvalue(), np.uint8))
    offsets = np.cumsum([0, *(f.size for f in files)])
    np.savez(path, jpeg=np.concatenate(files), offsets=offsets, labels=np.zeros(count, int))
