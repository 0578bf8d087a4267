"""SNR probe block."""

from __future__ import annotations

from typing import Any

import numpy as np
import pmt

from .errors import GenscError
from .message_ports import message_block
from .metadata import known, read_pdu


class snr_probe(message_block):
    """Averages the measured SNR of [fragment]s and sends it on [snr].

    The message is the pair ("snr_db" . value): what GNU Radio's Message Pair to Var takes, and
    `jscc_encoder`'s [snr].

    Args:
        alpha: weight of the newest fragment in the running mean (in linear units), 0 … 1;
            1 shows each fragment's own.
    """

    def __init__(self, alpha: float = 0.1) -> None:
        message_block.__init__(self, "snr_probe")
        if not 0 < alpha <= 1:
            raise GenscError(f"snr_probe: alpha {alpha} must lie in 0 … 1")
        self.alpha = float(alpha)
        self._mean: float | None = None
        self.setup_ports({"fragment": self._measure}, ["snr"])

    def set_alpha(self, alpha: float) -> None:
        """Weight of the newest fragment."""
        self.alpha = float(alpha)

    def level(self) -> float:
        """The running mean in dB; NaN before the first fragment."""
        return float("nan") if self._mean is None else float(10 * np.log10(self._mean))

    def _measure(self, pdu: Any) -> None:
        metadata, _ = read_pdu(pdu, np.complex64, require=("snr_db",))
        linear = 10 ** (known(metadata.snr_db) / 10)
        if self._mean is None:
            self._mean = linear
        self._mean += self.alpha * (linear - self._mean)
        self.publish("snr", pmt.cons(pmt.intern("snr_db"), pmt.from_double(self.level())))
