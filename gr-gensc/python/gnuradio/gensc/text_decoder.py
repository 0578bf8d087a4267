"""Text decoder block."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pmt

from gensc_phy.coding.text import decode_text

from .errors import PduError
from .mcs_choice import mcs_by_index
from .message_ports import message_block
from .metadata import known, make_pdu, read_pdu


class text_decoder(message_block):
    """Decodes each text [section] into a [text] PDU of UTF-8 bytes.

    `text_state` in its metadata says what became of the text: "exact"; "repaired", cut down to the
    sentences or words that are certainly right; or "dropped", and then it is empty. Sections of
    other kinds pass by.

    [shown] sends the same text as the pair ("text" . string): what GNU Radio's Message Pair to Var
    takes, to show it in a label.
    """

    def __init__(self) -> None:
        message_block.__init__(self, "text_decoder")
        self.failed = 0
        self.setup_ports({"section": self._decode}, ["text", "shown"])

    def _decode(self, pdu: Any) -> None:
        metadata, symbols = read_pdu(pdu, np.complex64, require=("section", "image_id"))
        if metadata.section != "text":
            return
        metadata, symbols = read_pdu(pdu, np.complex64, require=("rate", "total", "noise_var"))
        mcs = mcs_by_index(known(metadata.rate))
        noise_var, total = known(metadata.noise_var), known(metadata.total)
        try:
            result = decode_text(symbols, noise_var, total, mcs)
        except ValueError as error:
            raise PduError(str(error)) from error
        self.failed += not result.crc_ok
        metadata = replace(metadata, noise_var=None, crc_ok=result.crc_ok, text_state=result.state)
        utf8 = result.whole.encode("utf-8")
        self.publish("text", make_pdu(metadata, np.frombuffer(utf8, np.uint8)))
        self.publish("shown", pmt.cons(pmt.intern("text"), pmt.intern(result.whole)))
