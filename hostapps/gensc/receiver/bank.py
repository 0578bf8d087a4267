"""Images of a codec bank, whose one section is bits."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gensc_phy.coding.bits import decode_bits
from gnuradio.gensc.codecs import bank_of
from gnuradio.gensc.errors import GenscError, PduError
from gnuradio.gensc.mcs_choice import mcs_by_index
from gnuradio.gensc.message_ports import message_block
from gnuradio.gensc.metadata import known, make_pdu, read_pdu

if TYPE_CHECKING:
    from gensc_models.codecs.bank import HyperpriorCodec

_REQUIRED = ("session", "image_id", "rate", "total", "noise_var")


class DamagedError(PduError):
    """Bits that arrived, and not as they were sent."""


class BankDecoder(message_block):
    """Decodes each bit [section] of a codec bank into an [image]; all others pass by.

    It is `bits_decoder` and `cie_decoder` in one, for the bank that each burst header names.

    Args:
        places: names and folders where banks are looked for, beside the installed.

    Attributes:
        damaged: containers that were damaged; what came before the damage is given out.
    """

    def __init__(self, places: tuple[str, ...] = ()) -> None:
        message_block.__init__(self, "bank_decoder")
        self.damaged = 0
        self._places = places
        self._banks: dict[int, HyperpriorCodec | None] = {}
        self.setup_ports({"section": self._decode}, ["image"])

    def _bank(self, fingerprint: int) -> HyperpriorCodec | None:
        """The bank of a section; None where it is of another codec."""
        if fingerprint not in self._banks:
            try:
                self._banks[fingerprint] = bank_of(fingerprint, self._places)
            except GenscError:
                self._banks[fingerprint] = None
        return self._banks[fingerprint]

    def _decode(self, pdu: Any) -> None:
        from gensc_models.codecs.bank import BitstreamError

        metadata, symbols = read_pdu(pdu, np.complex64, require=("section", "image_id"))
        if metadata.section != "bits" or not metadata.weights:
            return
        bank = self._bank(metadata.weights)
        if bank is None:
            return
        metadata, symbols = read_pdu(pdu, np.complex64, require=_REQUIRED)
        try:
            result = decode_bits(
                symbols, known(metadata.noise_var), known(metadata.total),
                mcs_by_index(known(metadata.rate)),
            )  # fmt: skip
        except ValueError as error:
            raise PduError(str(error)) from error
        try:
            decoded = bank.decode(result.payload, partial=True)
        except BitstreamError as error:
            self.damaged += 1
            raise DamagedError(str(error)) from error
        self.damaged += not decoded.complete
        height, width, _ = decoded.image.shape
        told = replace(
            metadata,
            noise_var=None,
            # Under the numbers of its bursts; a container that says another size is not theirs.
            shape=metadata.shape if metadata.shape == (height, width, 3) else None,
            crc_ok=result.crc_ok,
            point=decoded.point,
            keep=decoded.keep,
            complete=decoded.complete and result.crc_ok,
        )
        if told.shape is None:
            raise PduError(f"a container of {width}x{height}, its header says {metadata.shape}")
        self.publish("image", make_pdu(told, decoded.image))
