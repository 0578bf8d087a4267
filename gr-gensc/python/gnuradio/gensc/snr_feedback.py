"""SNR feedback block."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
import pmt
import zmq

from .errors import GenscError, PduError
from .message_ports import message_block
from .metadata import read_pdu
from .snr_datagram import SNR_RANGE_DB, SnrReport, pack
from .zmq_socket import Endpoint


class snr_feedback(message_block):
    """Sends the SNR a receiver measures to the `rate_controller` of a transmitter (PUB socket).

    What arrives on [fragment] (the PDUs of `burst_rx`) or [snr] (what `snr_probe` sends, or a
    number) between two datagrams is averaged in linear units. The last fragment of a section is
    always told of: where images come seldom, its SNR would be old by the next one. Without
    anything to say it says nothing, and the controller falls back; without a listener datagrams
    are lost.

    Args:
        address: ZeroMQ address, e.g. "tcp://*:5556".
        bind: this end binds and the controller connects; one of the two must.
        interval_s: least time between two datagrams within a section; 0 sends one per measurement.
        enabled: False cuts the feedback, until it is switched on.

    Attributes:
        sent: datagrams so far.
        measured: SNRs that have arrived, also while it was switched off.

    Raises:
        GenscError: not an address, or taken; a negative interval.
    """

    def __init__(
        self, address: str, bind: bool = True, interval_s: float = 0.1, enabled: bool = True
    ) -> None:
        message_block.__init__(self, "snr_feedback")
        self.sent = self.measured = 0
        self.enabled = bool(enabled)
        self.set_interval_s(interval_s)
        self._waiting: list[float] = []
        self._last = -math.inf
        # The newest measurement is worth more than those that wait for a slow link.
        self._endpoint = Endpoint(zmq.PUB, address, bind, {zmq.SNDHWM: 16})
        self.setup_ports({"fragment": self._fragment, "snr": self._snr})

    @property
    def address(self) -> str:
        """Where it is, a port chosen by the system filled in."""
        return self._endpoint.address

    def set_interval_s(self, interval_s: float) -> None:
        """Least time between two datagrams from now on."""
        if not interval_s >= 0:
            raise GenscError(f"snr_feedback: interval {interval_s} s must not be negative")
        self.interval_s = float(interval_s)

    def set_enabled(self, enabled: bool) -> None:
        """Whether measurements are sent from the next one on; those in between are forgotten."""
        self.enabled = bool(enabled)

    def start(self) -> bool:
        """Open the socket again after a stop."""
        self._waiting.clear()
        self._last = -math.inf
        self._endpoint.open()
        return super().start()

    def stop(self) -> bool:
        """Let the last datagrams leave, then close the socket."""
        self._endpoint.close(linger_s=0.2)
        return super().stop()

    def _fragment(self, pdu: Any) -> None:
        metadata, _ = read_pdu(pdu, np.complex64, require=("snr_db",))
        assert metadata.snr_db is not None
        last = metadata.fragments is not None and metadata.fragment == metadata.fragments - 1
        self._take(metadata.snr_db, at_once=last)

    def _snr(self, message: Any) -> None:
        self._take(pmt.to_double(pmt.cdr(message) if pmt.is_pair(message) else message))

    def _take(self, snr_db: float, at_once: bool = False) -> None:
        low, high = SNR_RANGE_DB
        if not low <= snr_db <= high:
            raise PduError(f"SNR of {snr_db} dB")
        if self.enabled:
            self._waiting.append(10 ** (snr_db / 10))
            if at_once or time.monotonic() - self._last >= self.interval_s:
                self._send()
        else:
            self._waiting.clear()
        self.measured += 1

    def _send(self) -> None:
        report = SnrReport(10 * math.log10(np.mean(self._waiting)), len(self._waiting))
        self._waiting.clear()
        self._last = time.monotonic()
        self._endpoint.socket.send(pack(report), zmq.NOBLOCK)
        self.sent += 1

    def end_of_stream(self) -> None:
        """Send what waited for its interval to pass."""
        if self._waiting:
            self._send()
