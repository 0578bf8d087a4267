"""Refiner block."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from .codecs import load_refiner
from .image_stage import Image, Result, image_stage
from .metadata import Metadata

if TYPE_CHECKING:
    from gensc_models.restore.editing.plugged import PluggedEditor
    from gensc_models.restore.refiner import Refiner

NO_REFINER = "none"
"""The model that leaves every image as it is."""


class refiner(image_stage):
    """Restores detail in each received [image], told the SNR it was received at.

    Every image that arrives leaves on [image], in order: one that cannot be refined (no `snr_db`
    in its metadata, too small, a fault of the model) leaves as it came and is counted in `failed`.
    The metadata passes through; `refiner` in it names the weights where they were used.

    Args:
        model: name of a refiner's weights, or a path to them; "none" leaves all images as they
            are.
        seed: of the noise that the diffusion starts from; equal seeds give equal images.
        enabled: False leaves images as they are, until it is switched on.
        behind: "wait", or "newest" to drop to the newest image when it is behind.

    Attributes:
        refined: images refined so far.
        failed: images that left unrefined though the block was enabled.

    Raises:
        GenscError: no such model, or weights that do not fit it.
    """

    without = "unrefined"

    def __init__(
        self,
        model: str = "refiner-photo",
        seed: int = 0,
        enabled: bool = True,
        behind: str = "wait",
    ) -> None:
        image_stage.__init__(self, "refiner", seed, enabled, behind)
        self.setup_stage()
        self._refiner: Refiner | PluggedEditor | None = None
        if model != NO_REFINER:
            self._refiner = load_refiner(model)

    @property
    def refined(self) -> int:
        """Images refined so far."""
        return self.done

    def better(self, metadata: Metadata, image: Image) -> Result | None:
        """The refined image."""
        if self._refiner is None:
            return None
        if metadata.snr_db is None or math.isnan(metadata.snr_db):
            raise ValueError("its SNR is not known")
        refined = self._refiner.refine(image, metadata.snr_db, seed=self.seed)
        return replace(metadata, refiner=self._refiner.name), refined
