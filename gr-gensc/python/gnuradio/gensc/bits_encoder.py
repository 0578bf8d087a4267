"""Bits encoder block."""

from __future__ import annotations

from typing import Any

import numpy as np

from gensc_phy.coding.bits import encode_bits

from .errors import GenscError, PduError
from .mcs_choice import DEFAULT_INDEX, mcs_by_index
from .message_ports import message_block
from .metadata import Metadata, make_pdu, read_pdu
from .session import Sessions


class bits_encoder(message_block):
    """Encodes each [bytes] PDU into a bit [section]: CRC-32, LDPC, QAM.

    `session`, `image_id`, `weights`, `shape` and `aux` are passed on; without `image_id`, a counter
    in a session of its own. A PDU that
    carries a `rate` is sent with that scheme.

    Args:
        mcs: index into the MCS table, 0 (most robust) and up, for all other PDUs.

    Raises:
        GenscError: no such MCS.
    """

    def __init__(self, mcs: int = DEFAULT_INDEX) -> None:
        message_block.__init__(self, "bits_encoder")
        self.set_mcs(mcs)
        self._count = 0
        self._sessions = Sessions(None)
        self.setup_ports({"bytes": self._encode}, ["section"])

    def start(self) -> bool:
        """Begin a session for what has no number."""
        self._count = 0
        self._sessions.begin()
        return super().start()

    def set_mcs(self, mcs: int) -> None:
        """The scheme, from the next PDU on."""
        self._mcs = mcs_by_index(mcs)

    def _encode(self, pdu: Any) -> None:
        metadata, data = read_pdu(pdu, np.uint8)
        mcs = self._mcs
        if metadata.rate is not None:
            try:
                mcs = mcs_by_index(metadata.rate)
            except GenscError as error:
                raise PduError(str(error)) from error
        session, image_id = metadata.session, metadata.image_id
        if image_id is None:
            session, image_id = self._sessions.tag, self._count
            self._count = (self._count + 1) & 0xFFFF
        symbols = encode_bits(data.tobytes(), mcs)
        section = Metadata(
            session=session,
            image_id=image_id,
            section="bits",
            weights=metadata.weights or 0,
            codec=metadata.codec,
            sha256=metadata.sha256,
            rate=mcs.index,
            shape=metadata.shape or (0, 0, 3),
            total=data.size,
            aux=metadata.aux or 0,
            name=metadata.name,
        )
        self.publish("section", make_pdu(section, symbols))
