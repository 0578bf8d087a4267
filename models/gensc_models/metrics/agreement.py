"""Task metric: does a classifier see in the received image what it saw in the one that was sent?

Nobody needs to know what an image shows: what the classifier says of the original is the truth that
the received one is held against.
"""

from __future__ import annotations

from gensc_models.semantics.importance.efficientnet import EfficientNetActivation
from gensc_models.semantics.importance.pixels import Photo


def agreement(model: EfficientNetActivation, original: Photo, received: Photo) -> dict[str, float]:
    """``top1``: the first guesses are the same, ``top5``: that of the original is among the first
    five of the received image; 1 or 0 each, of uint8 ``H x W x 3``."""
    first = model.guesses(original, 1)[0][0]
    guesses = [k for k, _ in model.guesses(received, 5)]
    return {"top1": float(guesses[0] == first), "top5": float(first in guesses)}
