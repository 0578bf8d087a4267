"""History block."""

from __future__ import annotations

import math
from collections import deque
from typing import Any

import numpy as np
import pmt

from .errors import GenscError, PduError
from .message_ports import message_block
from .metadata import Metadata, make_pdu


class history(message_block):
    """Keeps the last numbers of one name and shows them as a vector, for a plot over time.

    [value] takes dicts that have the name as a key (what `rate_controller` and `cie_encoder` tell)
    and pairs ("name" . number) (what `snr_probe` sends); other names pass by. After each one
    [history] gives all kept numbers, oldest first, as a PDU of floats: what the message input of
    GNU Radio's QT GUI Time Sink draws.

    Args:
        key: the name.
        length: numbers kept.

    Raises:
        GenscError: a length below 2.
    """

    def __init__(self, key: str, length: int = 200) -> None:
        message_block.__init__(self, "history")
        if length < 2:
            raise GenscError(f"history: length {length} must be at least 2")
        self._key = pmt.intern(key)
        self._numbers: deque[float] = deque(maxlen=int(length))
        self.setup_ports({"value": self._take}, ["history"])

    def start(self) -> bool:
        """Begin without any."""
        self._numbers.clear()
        return super().start()

    def _take(self, message: Any) -> None:
        # A pair of a name and a number is no list, and so no dict.
        if pmt.is_dict(message):
            found = pmt.dict_ref(message, self._key, pmt.PMT_NIL)
        elif pmt.is_pair(message):
            found = pmt.cdr(message) if pmt.eq(pmt.car(message), self._key) else pmt.PMT_NIL
        else:
            raise PduError("neither a dict nor a pair")
        if pmt.is_null(found):
            return
        if not pmt.is_number(found) or not math.isfinite(number := pmt.to_double(found)):
            raise PduError(f"{self._key} is not a finite number")
        self._numbers.append(number)
        self.publish("history", make_pdu(Metadata(), np.array(self._numbers, np.float32)))
