"""A container on its way to the receiver, by the two accounts of `gensc.adapt.transport`.

`BurstDelivery` sends it through the burst waveform in NumPy, with noise, synchronisation and
channel estimate; `CapacityDelivery` counts seconds by Eq. 8 and loses nothing that is in time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from gensc.adapt.transport import BurstTransport, CapacityTransport, Transport
from gensc.link import channels
from gensc.link.bursts import BurstPath, Section, header_of
from gensc.results.result import Symbols
from gensc_phy.coding.bits import decode_bits, encode_bits
from gensc_phy.coding.mcs import MCS_TABLE
from gensc_phy.waveform.header import Section as Kind


@dataclass(frozen=True)
class Delivered:
    """What became of a container.

    Attributes:
        data: as it arrived; None where it did not, or not in time.
        seconds: on the air, at the capacity or with the chosen scheme.
        in_time: `seconds` is at most T_max.
        symbols: channel symbols; none are counted at the capacity.
        mcs: name of the scheme; "" at the capacity.
        snr_measured_db: the receiver's estimate; None where there is none.
    """

    data: bytes | None
    seconds: float
    in_time: bool
    symbols: Symbols = field(default_factory=Symbols)
    mcs: str = ""
    snr_measured_db: float | None = None


class Delivery(Protocol):
    """A link that carries containers."""

    @property
    def transport(self) -> Transport:
        """Its account of time and bits."""

    def send(self, data: bytes, shape: tuple[int, ...], snr_db: float, seed: int) -> Delivered:
        """Carry the container of an image of that shape."""


@dataclass(frozen=True)
class CapacityDelivery:
    """Error-free at the capacity of the AWGN channel (Eq. 8)."""

    transport: CapacityTransport

    def send(self, data: bytes, shape: tuple[int, ...], snr_db: float, seed: int) -> Delivered:
        """All of it, where that takes at most T_max; nothing otherwise."""
        seconds = self.transport.latency_s(8.0 * len(data), snr_db)
        in_time = seconds <= self.transport.t_max_s * (1 + 1e-9)
        return Delivered(data if in_time else None, seconds, in_time)


@dataclass(frozen=True)
class BurstDelivery:
    """The bits section of the burst waveform over a named channel.

    Attributes:
        transport: waveform, margin and latency limit.
        channel: of `gensc.link.channels.CHANNELS`, but not one that varies in time.
    """

    transport: BurstTransport
    channel: str = "awgn"

    def send(self, data: bytes, shape: tuple[int, ...], snr_db: float, seed: int) -> Delivered:
        """What the receiver's CRC accepts; what would be late is not even sent."""
        seconds = self.transport.latency_s(8.0 * len(data), snr_db)
        mcs = MCS_TABLE[self.transport.budget(snr_db).mcs or 0]
        if seconds > self.transport.t_max_s * (1 + 1e-9):
            return Delivered(None, seconds, False, mcs=mcs.name)
        path = BurstPath(self.transport.config)
        payload = encode_bits(data, mcs)
        header = header_of(Kind.BITS, shape, mcs.index, len(data))
        sent = path.modulate([Section(header, payload)])
        symbols = Symbols(digital=len(payload), overhead=sent.overhead)
        heard = path.through(sent, channels.draw(self.channel, seed), snr_db, seed)
        section = max(heard, key=lambda s: s.received, default=None)
        if section is None:
            return Delivered(None, seconds, True, symbols, mcs.name)
        header = section.header
        result = decode_bits(
            section.symbols, section.noise_var, header.total, MCS_TABLE[header.rate]
        )
        arrived = result.payload if result.crc_ok else None
        return Delivered(arrived, seconds, True, symbols, mcs.name, section.snr_db)
