"""Records and pictures for archives."""

import io

import numpy as np
from PIL import Image

from gensc.receiver.archive import Fates, Record
from gensc.results.result import Symbols


def png(seed=0, height=16, width=24):
    """A picture's file; another one for each seed."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG")
    return data.getvalue()


def record(image_id=0, session=0xA3F2, **changes):
    """An image as a receiver would describe it."""
    told = {
        "received_at": 1.7e9 + image_id,
        "source": "radio",
        "peer": "roof",
        "name": f"photo{image_id}.jpg",
        "shape": (16, 24, 3),
        "scheme": "softcast",
        "weights": "softcast",
        "weights_sha256": "ab" * 32,
        "rate": 64,
        "snr_db": 10.5,
        "spread_db": 0.5,
        "snr_bursts": (10.0, 11.0),
        "fragments": 2,
        "fragments_received": 2,
        "symbols": Fates(sent=128, received=128),
        "spent": Symbols(analog=128, overhead=32),
        "metrics": {"psnr": 31.25},
        "caption": "a cat",
        "caption_state": "exact",
        "latency_ms": {"decode": 12.5},
        "choice": {"scheme": "softcast", "alpha": 0.5, "mcs": None},
        "reason": "10.0 dB less 1 dB margin",
    }
    return Record(session, image_id, **(told | changes))


def lost(image_id=0, **changes):
    """An image that never came."""
    told = {
        "fate": "lost", "cause": "never heard", "shape": None, "metrics": {}, "caption": None,
        "caption_state": None, "symbols": Fates(), "spent": Symbols(), "snr_db": None,
        "snr_bursts": (), "fragments": None, "fragments_received": None, "latency_ms": {},
    }  # fmt: skip
    return record(image_id, **(told | changes))
