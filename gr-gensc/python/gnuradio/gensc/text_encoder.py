"""Text encoder block."""

from __future__ import annotations

from typing import Any

import numpy as np
import pmt

from gensc_phy.coding.text import DEFAULT_MCS, encode_text

from .errors import PduError
from .mcs_choice import mcs_by_index
from .message_ports import message_block
from .metadata import Metadata, make_pdu, read_pdu
from .session import Sessions


class text_encoder(message_block):
    """Encodes each [text] into a text [section].

    Takes PDUs with UTF-8 bytes (`session`, `image_id` and `shape` are passed on; without `image_id`
    a counter in a session of its own) and plain strings, as GNU Radio's message strobe and message
    edit box send them.

    Args:
        mcs: index into the MCS table; 16-QAM with rate 1/2 where not given.

    Raises:
        GenscError: no such MCS.
    """

    def __init__(self, mcs: int = DEFAULT_MCS.index) -> None:
        message_block.__init__(self, "text_encoder")
        self.set_mcs(mcs)
        self._count = 0
        self._sessions = Sessions(None)
        self.setup_ports({"text": self._encode}, ["section"])

    def start(self) -> bool:
        """Begin a session for what has no number."""
        self._count = 0
        self._sessions.begin()
        return super().start()

    def set_mcs(self, mcs: int) -> None:
        """The scheme, from the next text on."""
        self._mcs = mcs_by_index(mcs)

    def _encode(self, message: Any) -> None:
        if pmt.is_symbol(message):
            metadata, text = Metadata(), pmt.symbol_to_string(message)
        else:
            metadata, data = read_pdu(message, np.uint8)
            try:
                text = data.tobytes().decode("utf-8")
            except UnicodeDecodeError as error:
                raise PduError(f"text is not UTF-8: {error.reason}") from error
        mcs = self._mcs
        session, image_id = metadata.session, metadata.image_id
        if image_id is None:
            session, image_id = self._sessions.tag, self._count
            self._count = (self._count + 1) & 0xFFFF
        payload, symbols = encode_text(text, mcs)
        section = Metadata(
            session=session,
            image_id=image_id,
            section="text",
            rate=mcs.index,
            shape=metadata.shape or (0, 0, 3),
            total=len(payload),
            name=metadata.name,
        )
        self.publish("section", make_pdu(section, symbols))
