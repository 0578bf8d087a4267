"""Fragmenter block."""

from __future__ import annotations

from typing import Any

import numpy as np
from gensc_phy.config import WaveformConfig
from gensc_phy.fragment import split
from gensc_phy.header import Section

from .errors import PduError
from .message_ports import message_block
from .metadata import Metadata, make_pdu, read_pdu

_REQUIRED = ("section", "image_id", "rate", "shape", "total")


class fragmenter(message_block):
    """Cuts each [section] into the [fragment]s of single bursts, interleaved over all of them.

    Args:
        config: waveform; it says how many symbols a burst holds.
    """

    def __init__(self, config: WaveformConfig) -> None:
        message_block.__init__(self, "fragmenter")
        self.config = config
        self.setup_ports({"section": self._split}, ["fragment"])

    def _split(self, pdu: Any) -> None:
        metadata, symbols = read_pdu(pdu, np.complex64, require=_REQUIRED)
        height, width, _ = metadata.shape
        try:
            fragments = split(
                Section[metadata.section.upper()],
                metadata.image_id,
                symbols,
                model=metadata.model or 0,
                rate=metadata.rate,
                height=height,
                width=width,
                total=metadata.total,
                aux=metadata.aux or 0,
                cfg=self.config,
            )
        except ValueError as error:
            raise PduError(str(error)) from error
        for header, part in fragments:
            self.publish("fragment", make_pdu(Metadata.of_header(header), part))
