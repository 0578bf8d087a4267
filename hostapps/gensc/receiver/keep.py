"""What this receiver has no weights for: named once, and handed over to be kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from gensc_phy.waveform.assemble import SectionSymbols
from gnuradio.gensc.codecs import bank_of, codec_of
from gnuradio.gensc.errors import GenscError
from gnuradio.gensc.message_ports import message_block
from gnuradio.gensc.metadata import Metadata, known, read_pdu

_REQUIRED = ("session", "image_id", "rate", "shape", "total", "noise_var", "snr_db", "cfo_hz")


class SectionKeeper(message_block):
    """Passes each [section] on whose weights are here, and hands over the others.

    Texts and bits of no codec pass as well.

    Args:
        places: names and folders where codecs are looked for, beside the installed.
        keep: takes a section, and why it cannot be decoded.

    Attributes:
        kept: sections handed over.
        last_arrival: when the last section came, s of `time.monotonic`.
    """

    def __init__(
        self, places: tuple[str, ...], keep: Callable[[Metadata, SectionSymbols, str], None]
    ) -> None:
        message_block.__init__(self, "section_keeper")
        self.kept = 0
        self.last_arrival = time.monotonic()
        self._places, self._keep = places, keep
        self._missing: dict[int, str] = {}
        self.setup_ports({"section": self._take}, ["section"])

    @property
    def missing(self) -> dict[int, str]:
        """The fingerprints of weights that are not here, and why each cannot be used."""
        return {number: why for number, why in self._missing.items() if why}

    def _take(self, pdu: Any) -> None:
        self.last_arrival = time.monotonic()
        metadata, symbols = read_pdu(pdu, np.complex64, require=("section", "image_id"))
        number = metadata.weights or 0
        if number and number not in self._missing:
            self._missing[number] = self._why_not(number)
        if not (number and self._missing[number]):
            self.publish("section", pdu)
            return
        metadata, symbols = read_pdu(pdu, np.complex64, require=_REQUIRED)
        section = SectionSymbols(
            header=metadata.header(),
            symbols=np.array(symbols),
            noise_var=np.array(metadata.noise_var),
            received=metadata.fragments_received or 0,
            snr_db=known(metadata.snr_db),
            cfo_hz=known(metadata.cfo_hz),
            last_sample=metadata.sample or 0,
        )
        self.kept += 1
        self._keep(metadata, section, self._missing[number])

    def _why_not(self, number: int) -> str:
        try:
            codec_of(number, self._places)
        except GenscError as error:
            try:
                bank_of(number, self._places)
            except GenscError:
                return str(error)
        return ""
