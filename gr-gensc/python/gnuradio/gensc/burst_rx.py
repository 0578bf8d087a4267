"""Burst receiver block."""

from __future__ import annotations

from functools import partial
from typing import Any

from gensc_phy.waveform.config import WaveformConfig
from gensc_phy.waveform.receiver import BurstReceiver

from .stream_receiver import stream_receiver


class burst_rx(stream_receiver):
    """Finds bursts in the stream and sends each one's payload symbols on [fragment].

    The PDU has the header's fields, `noise_var` for every symbol, `snr_db`, `cfo_hz`, `crc_ok`
    (always true: bursts whose header fails its CRC are counted, not sent) and `sample`. On
    [stats] a dict of counters is sent every `stats_interval_s` and at the end.

    Args:
        config: waveform.
        stats_interval_s: seconds between [stats] messages.
    """

    def __init__(self, config: WaveformConfig, stats_interval_s: float = 1.0) -> None:
        receiver = partial(BurstReceiver, config)
        stream_receiver.__init__(self, "burst_rx", receiver, 1, ["fragment"], stats_interval_s)
        self.config = config

    def _port_of(self, burst: Any) -> str:
        """All on one."""
        return "fragment"
