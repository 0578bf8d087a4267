"""What every editor does: a received image to a better one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from gensc_models.restore.editing.anchor import blend, foreground_of

if TYPE_CHECKING:
    from gensc_models.restore.refiner import Refiner

Photo = NDArray[np.uint8]
Mask = NDArray[np.float32]


class EditRefusedError(ValueError):
    """The editor will not edit this image: asking again is pointless."""


class Editor(Protocol):
    """Second stage of GenED-SC (section IV-D): restores what transmission took from an image."""

    name: str

    def edit(
        self,
        image: Photo,
        caption: str,
        mask: Mask | None = None,
        snr_db: float | None = None,
        seed: int = 0,
    ) -> Photo:
        """The image restored, of the same shape.

        Parameters
        ----------
        image
            uint8 ``H x W x 3`` as the decoder gave it.
        caption
            What the image shows; "" where none arrived.
        mask
            ``H x W``, 1 where the image matters (foreground), 0 where it may be drawn anew.
        snr_db
            Es/N0 the image was received at, where known.
        seed
            Of whatever the editor draws by chance.

        Raises
        ------
        EditRefusedError
            The same request will never be answered.
        Exception
            The editor has failed this time.
        """
        ...


class RefinerEditor:
    """The compact refiner as an editor: needs the SNR, does not read the caption.

    On the foreground it applies the share of its correction that its config says (``anchored``).
    """

    def __init__(self, refiner: Refiner) -> None:
        self.name = refiner.name
        self._refiner = refiner

    def edit(
        self,
        image: Photo,
        caption: str,
        mask: Mask | None = None,
        snr_db: float | None = None,
        seed: int = 0,
    ) -> Photo:
        """As :meth:`.restore.refiner.Refiner.refine`; without a mask all is foreground."""
        if snr_db is None or np.isnan(snr_db):
            raise EditRefusedError("the SNR it was received at is not known")
        try:
            edited = self._refiner.refine(image, snr_db, seed)
        except ValueError as error:
            raise EditRefusedError(str(error)) from error
        share = self._refiner.config.anchored
        return edited if share == 1 else blend(image, edited, foreground_of(image, mask), share)
