"""What blocks that encode images, or prepare them for it, have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any

import pmt

from .message_ports import message_block


class image_encoder(message_block):
    """Takes each [image] at a rate and an SNR that can be changed while it runs.

    A number on [snr], or a pair whose second half is one (what `snr_probe` sends), sets the SNR:
    that closes the loop of an adaptive link.

    Args:
        name: of the block.
        rate: channel symbols per 16x16 pixels; the bandwidth ratio is rate / 768.
        snr_db: Es/N0 the encoder is told.
        outputs: port names.
    """

    def __init__(self, name: str, rate: int, snr_db: float, outputs: Iterable[str]) -> None:
        message_block.__init__(self, name)
        self.set_rate(rate)
        self.set_snr_db(snr_db)
        self.setup_ports({"image": self.on_image, "snr": self._told_snr}, outputs, controls=["snr"])

    def set_rate(self, rate: int) -> None:
        """Channel symbols per 16x16 pixels from the next image on."""
        self.rate = int(rate)

    def set_snr_db(self, snr_db: float) -> None:
        """Es/N0 the encoder is told from the next image on."""
        self.snr_db = float(snr_db)

    @abstractmethod
    def on_image(self, pdu: Any) -> None:
        """Handler of the block's input."""

    def _told_snr(self, message: Any) -> None:
        value = pmt.cdr(message) if pmt.is_pair(message) else message
        self.set_snr_db(pmt.to_double(value))
