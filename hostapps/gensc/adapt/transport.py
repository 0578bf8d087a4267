"""Bits that reach the receiver within a latency limit, by two accounts that are never mixed.

`BurstTransport` counts what the burst waveform really needs: LDPC and QAM of the scheme chosen
from the SNR, whole bursts, preambles, training, headers, pilots and gaps. `CapacityTransport` is
the idealised account of GVIF-CIE, Eq. 8: error-free at the capacity of the AWGN channel. Every
budget says which of the two it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

from gensc_phy.coding.bits import capacity_bytes, symbols_for
from gensc_phy.coding.mcs import Mcs, choose_mcs
from gensc_phy.waveform.config import WaveformConfig
from gensc_phy.waveform.fragment import MAX_FRAGMENTS, fragment_edges


@dataclass(frozen=True)
class Budget:
    """What one image may spend at one SNR.

    Attributes:
        transport: "burst" or "capacity".
        snr_db: Es/N0 in dB.
        bits: information bits that fit into the latency limit.
        mcs: index of the scheme; None for the capacity.
        supported: the scheme works at this SNR. Below the threshold of the most robust one
            (less the margin) bursts still go out, but codewords fail.
    """

    transport: str
    snr_db: float
    bits: float
    mcs: int | None
    supported: bool


class Transport(Protocol):
    """What turns SNR and latency limit into bits."""

    @property
    def name(self) -> str:
        """ "burst" or "capacity"."""

    @property
    def t_max_s(self) -> float:
        """Latency limit of an image, seconds."""

    @property
    def bandwidth_hz(self) -> float:
        """Bandwidth in Hz."""

    def budget(self, snr_db: float) -> Budget:
        """What an image may spend at Es/N0 `snr_db`; more SNR never allows less."""

    def latency_s(self, bits: float, snr_db: float) -> float:
        """Seconds on the air of so many bits."""


@dataclass(frozen=True)
class CapacityTransport:
    """The paper's idealised link: T = R / (B log2(1 + SNR)), Eq. 8.

    Attributes:
        t_max_s: latency limit, seconds.
        bandwidth_hz: B.
    """

    t_max_s: float
    bandwidth_hz: float = 1e6

    def __post_init__(self) -> None:
        """Refuse limits that leave nothing."""
        _check_limits(self.t_max_s, self.bandwidth_hz)

    @property
    def name(self) -> str:
        """Which account this is."""
        return "capacity"

    def rate(self, snr_db: float) -> float:
        """C = B log2(1 + SNR), bits per second."""
        return self.bandwidth_hz * math.log2(1.0 + 10.0 ** (snr_db / 10.0))

    def budget(self, snr_db: float) -> Budget:
        """C T_max bits."""
        return Budget(self.name, snr_db, self.rate(snr_db) * self.t_max_s, None, True)

    def latency_s(self, bits: float, snr_db: float) -> float:
        """T of Eq. 8."""
        return bits / self.rate(snr_db)


@dataclass(frozen=True)
class BurstTransport:
    """The bits section of the burst waveform.

    Attributes:
        t_max_s: latency limit, seconds; the gap after the last burst counts as well, so that an
            image may follow every T_max.
        config: waveform; its sample rate is the bandwidth.
        margin_db: distance kept from a scheme's threshold.
    """

    t_max_s: float
    config: WaveformConfig = field(default_factory=WaveformConfig)
    margin_db: float = 0.0

    def __post_init__(self) -> None:
        """Refuse limits that leave nothing."""
        _check_limits(self.t_max_s, self.bandwidth_hz)

    @property
    def name(self) -> str:
        """Which account this is."""
        return "burst"

    @property
    def bandwidth_hz(self) -> float:
        """Complex samples per second."""
        return self.config.sample_rate

    def budget(self, snr_db: float) -> Budget:
        """Every payload up to this many bits, whole bytes, is through in time."""
        mcs = choose_mcs(snr_db, self.margin_db)
        symbols = symbols_within(math.floor(self.t_max_s * self.bandwidth_hz), self.config)
        return Budget(
            transport=self.name,
            snr_db=snr_db,
            bits=8.0 * max(0, capacity_bytes(symbols, mcs)),
            mcs=mcs.index,
            supported=mcs.threshold_db + self.margin_db <= snr_db,
        )

    def latency_s(self, bits: float, snr_db: float) -> float:
        """Air time with the scheme of this SNR; bits are filled up to bytes."""
        return air_time_s(math.ceil(bits / 8), choose_mcs(snr_db, self.margin_db), self.config)


def transport_of(
    name: str, t_max_s: float, bandwidth_hz: float = 1e6, margin_db: float = 0.0
) -> Transport:
    """The account of that name: "burst" (with a margin to its schemes' thresholds) or "capacity".

    Raises:
        ValueError: limits that are not finite and positive.
    """
    if name == "capacity":
        return CapacityTransport(t_max_s, bandwidth_hz)
    return BurstTransport(t_max_s, WaveformConfig(sample_rate=bandwidth_hz), margin_db)


def air_time_s(n_bytes: int, mcs: Mcs, config: WaveformConfig) -> float:
    """Seconds from the first burst of a payload to the end of the gap after its last one."""
    return air_samples(symbols_for(n_bytes, mcs), config) / config.sample_rate


def air_samples(n_symbols: int, config: WaveformConfig) -> int:
    """Complex samples of a section of `n_symbols` channel symbols, gaps included."""
    count = max(1, -(-n_symbols // config.max_payload))
    edges = fragment_edges(n_symbols, count)
    lengths = (edges[1:] - edges[:-1]).tolist()
    return sum(config.burst_len(length) + config.gap for length in lengths)


@lru_cache(maxsize=64)
def symbols_within(n_samples: int, config: WaveformConfig) -> int:
    """Most channel symbols of a section that `n_samples` samples hold; -1 where not even 0."""
    low, high = -1, min(MAX_FRAGMENTS * config.max_payload, max(n_samples, 0))
    while low < high:
        middle = (low + high + 1) // 2
        if air_samples(middle, config) <= n_samples:
            low = middle
        else:
            high = middle - 1
    return low


def _check_limits(t_max_s: float, bandwidth_hz: float) -> None:
    for name, value in (("T_max", t_max_s), ("bandwidth", bandwidth_hz)):
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"{name} {value}: must be finite and positive")
