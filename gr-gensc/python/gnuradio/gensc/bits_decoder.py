"""Bits decoder block."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from gensc_phy.coding.bits import decode_bits

from .errors import PduError
from .mcs_choice import mcs_by_index
from .message_ports import message_block
from .metadata import known, make_pdu, read_pdu


class bits_decoder(message_block):
    """Decodes each bit [section] into [bytes]; `crc_ok` says whether they are what was sent.

    Sections of other kinds pass by.

    Args:
        only_good: do not send bytes whose CRC fails; they are counted in `failed` either way.
    """

    def __init__(self, only_good: bool = False) -> None:
        message_block.__init__(self, "bits_decoder")
        self.only_good = bool(only_good)
        self.failed = 0
        self.setup_ports({"section": self._decode}, ["bytes"])

    def set_only_good(self, only_good: bool) -> None:
        """Whether damaged payloads are kept back."""
        self.only_good = bool(only_good)

    def _decode(self, pdu: Any) -> None:
        metadata, symbols = read_pdu(pdu, np.complex64, require=("section", "image_id"))
        if metadata.section != "bits":
            return
        metadata, symbols = read_pdu(pdu, np.complex64, require=("rate", "total", "noise_var"))
        mcs = mcs_by_index(known(metadata.rate))
        noise_var, total = known(metadata.noise_var), known(metadata.total)
        try:
            result = decode_bits(symbols, noise_var, total, mcs)
        except ValueError as error:
            raise PduError(str(error)) from error
        self.failed += not result.crc_ok
        if result.crc_ok or not self.only_good:
            metadata = replace(metadata, noise_var=None, crc_ok=result.crc_ok)
            self.publish("bytes", make_pdu(metadata, np.frombuffer(result.payload, np.uint8)))
