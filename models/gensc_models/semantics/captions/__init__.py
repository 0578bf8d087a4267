"""Captions of images, behind one interface; BLIP is in :mod:`gensc_models.foundation`."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gensc_models.semantics.captions.layout import BYTES, LayoutCaptioner
from gensc_models.semantics.captions.shorten import shorten

__all__ = ["BYTES", "Captioner", "LayoutCaptioner", "shorten"]


class Captioner(Protocol):
    """Says what an image shows."""

    name: str

    def caption(self, image: NDArray[np.uint8], path: str = "") -> str:
        """Plain sentences about an image.

        Parameters
        ----------
        image
            uint8 ``H x W x 3``.
        path
            The file it came from, for those that look beside it; "" where there is none.

        Raises
        ------
        Exception
            The captioner has failed.
        """
        ...
