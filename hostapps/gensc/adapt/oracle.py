"""What a transmitter that knows the SNR would send."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from gensc.adapt.bank import Photo
from gensc_phy.adaptation.rate_table import RateTable

if TYPE_CHECKING:
    from gensc_models.semantics.filtering import CriticalEncoder


class Oracle:
    """GVIF of images at the rows of a table.

    Args:
        table: the rows.
        encoder: what codes an image by a row.
        photos: the images, by their place.
    """

    def __init__(self, table: RateTable, encoder: CriticalEncoder, photos: Sequence[Photo]) -> None:
        self._table, self._encoder, self._photos = table, encoder, photos
        self._at = cache(self._coded)

    def gvif(self, image: int, snr_db: float) -> float:
        """GVIF of the image as sent at that SNR; 0 where it would be late."""
        return self._at(image, self._table.index_at(snr_db))

    def _coded(self, image: int, row: int) -> float:
        choice = self._table.choices[row]
        sent = self._encoder.encode(
            self._photos[image], choice.point, choice.alpha, choice.budget_bits
        )
        return sent.gvif if sent.fits else 0.0
