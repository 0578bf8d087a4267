"""Refiner block."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .codecs import load_refiner
from .message_ports import message_block
from .metadata import Metadata, make_pdu, read_image

if TYPE_CHECKING:
    from gensc_models.refiner import Refiner

NO_REFINER = "none"
"""The model that leaves every image as it is."""


class refiner(message_block):
    """Restores detail in each received [image], told the SNR it was received at.

    Every image that arrives leaves on [image], in order: one that cannot be refined (no `snr_db`
    in its metadata, too small, a fault of the model) leaves as it came and is counted in `failed`.
    The metadata passes through; `refiner` in it names the weights where they were used.

    Args:
        model: name of a refiner's weights, or a path to them; "none" leaves all images as they
            are.
        seed: of the noise that the diffusion starts from; equal seeds give equal images.
        enabled: False leaves images as they are, until it is switched on.

    Attributes:
        refined: images refined so far.
        failed: images that left unrefined though the block was enabled.

    Raises:
        GenscError: no such model, or weights that do not fit it.
    """

    def __init__(self, model: str = "refiner-photo", seed: int = 0, enabled: bool = True) -> None:
        message_block.__init__(self, "refiner")
        self.seed = int(seed)
        self.enabled = bool(enabled)
        self.refined = 0
        self.failed = 0
        self._refiner: Refiner | None = None if model == NO_REFINER else load_refiner(model)
        self.setup_ports({"image": self._image}, ["image"])

    def set_enabled(self, enabled: bool) -> None:
        """Whether images are refined from the next one on."""
        self.enabled = bool(enabled)

    def set_seed(self, seed: int) -> None:
        """Seed of the diffusion from the next image on."""
        self.seed = int(seed)

    def _image(self, pdu: Any) -> None:
        metadata, image = read_image(pdu)
        if self.enabled and self._refiner is not None:
            try:
                better = self._refine(self._refiner, metadata, image)
            except Exception as error:  # a received image is never lost to its refinement
                self._fail(metadata, error)
            else:
                self.refined += 1
                pdu = make_pdu(replace(metadata, refiner=self._refiner.name), better)
        self.publish("image", pdu)

    def _refine(
        self, refiner: Refiner, metadata: Metadata, image: NDArray[np.uint8]
    ) -> NDArray[np.uint8]:
        if metadata.snr_db is None or math.isnan(metadata.snr_db):
            raise ValueError("its SNR is not known")
        better = refiner.refine(np.array(image), metadata.snr_db, seed=self.seed)
        if better.shape != image.shape or better.dtype != np.uint8:
            raise ValueError(f"the refiner gave {better.dtype} {better.shape}")
        return better

    def _fail(self, metadata: Metadata, error: Exception) -> None:
        self.failed += 1
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        self._log.warn(f"image {metadata.image_id} passes unrefined ({self.failed}): {reason}")
