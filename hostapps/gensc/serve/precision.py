"""Half precision for the convolutions of a codec, where it changes no pixel by more than a level.

A processor that multiplies bfloat16 by itself does so twice as fast as float32. What a learned
codec's linear part makes stays in float32 (the codecs say so themselves, by disabling `autocast`
there); its network only adds a correction of a few levels, of which eight bits are enough. Whether
they are is tried, codec by codec.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from gensc_models.codecs.codec import Codec

#: Pixels of an image from which on half precision is faster: below, the time goes elsewhere.
LEAST_PIXELS = 1 << 14
#: Processor flags of Linux that say that bfloat16 is multiplied by itself.
_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}
#: Side of the image that is tried, and at which Es/N0, dB.
_SIDE, _SNRS_DB = 64, (1.0, 10.0, 19.0)


def native(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether this processor multiplies bfloat16; False where it does not say."""
    if not cpuinfo.exists():
        return False
    lines = cpuinfo.read_text(errors="replace").splitlines()
    flags = next((line for line in lines if line.lower().startswith(("flags", "features"))), "")
    return bool(_FLAGS & set(flags.partition(":")[2].split()))


@contextmanager
def half() -> Iterator[None]:
    """What is decoded inside is decoded in bfloat16 where the codec lets it be."""
    import torch

    with torch.autocast("cpu", dtype=torch.bfloat16):
        yield


def harmless(codec: Codec) -> bool:
    """Whether half precision changes no pixel of a few receptions by more than one level."""
    rng = np.random.default_rng(1)
    # What photos have most of: a spectrum that falls with frequency, in three colours alike.
    walk = rng.standard_normal((_SIDE, _SIDE, 1)).cumsum(axis=0).cumsum(axis=1)
    walk = walk + rng.standard_normal((_SIDE, _SIDE, 3)) * walk.std() / 30
    image = np.clip(127 + 60 * (walk - walk.mean()) / walk.std(), 0, 255).astype(np.uint8)
    for rate in (min(codec.rates), max(codec.rates)):
        for snr_db in _SNRS_DB:
            sent = codec.encode_image(image, rate, snr_db)
            variance = 10 ** (-snr_db / 10)
            noise = rng.standard_normal((2, len(sent.symbols))) * np.sqrt(variance / 2)
            heard = (sent.symbols + noise[0] + 1j * noise[1]).astype(np.complex64)
            received = sent.received(heard, np.full(len(heard), variance, np.float32))
            exact = codec.decode_image(received).astype(np.int16)
            with half():
                rough = codec.decode_image(received)
            if np.abs(exact - rough).max() > 1:
                return False
    return True
