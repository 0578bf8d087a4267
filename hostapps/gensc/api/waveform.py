"""The burst waveform for people with symbols of their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from gensc.link.bursts import BurstPath, Section, header_of
from gensc.link.channels import ChannelDraw, draw
from gensc_phy.channel.config import ChannelConfig
from gensc_phy.waveform.config import WaveformConfig
from gensc_phy.waveform.header import Section as Kind

if TYPE_CHECKING:
    from torch import Tensor

    Array = TypeVar("Array", NDArray[Any], Tensor)

#: Symbols of one transmission, at most: what a receiver makes room for.
MAX_SYMBOLS = 1 << 22


class Heard(NamedTuple):
    """What a receiver makes of symbols; arrays as they were given, NumPy or torch.

    Attributes:
        symbols: equalised, complex64, of the shape that was sent; 0 where lost.
        noise_var: total variance of each symbol's error as the receiver estimates it, float32;
            infinite where lost.
        snr_db: Es/N0 that the receiver measured, a float, or of several rows an array; NaN of a
            row of which no burst was heard.
    """

    symbols: Any
    noise_var: Any
    snr_db: Any


@dataclass(frozen=True)
class Waveform:
    """Bursts of OFDM with preamble, training and header, and a receiver that finds, synchronises,
    estimates and equalises them, in NumPy.

    >>> symbols, noise_var, snr_db = Waveform().send(x, channel="fading", snr_db=12)

    Attributes:
        config: of the waveform; `gensc_phy.waveform.config.WaveformConfig`.
    """

    config: WaveformConfig = field(default_factory=WaveformConfig)

    def send(
        self,
        symbols: Array,
        channel: str | ChannelConfig = "awgn",
        snr_db: float | None = 10.0,
        seed: int = 1,
    ) -> Heard:
        """Symbols through bursts, channel and receiver.

        Args:
            symbols: complex [N] or [..., N], NumPy or torch (any device; no gradients), of any
                power: Es/N0 is against their own mean power. Each row is a transmission of its own
                over its own realisation of the channel.
            channel: a name as `gensc demo --channel` takes it (awgn, rayleigh, multipath, fading,
                none, or a profile of radios and places), or a `gensc.Channel`: delay profile,
                Doppler, oscillators, interference and what else there is.
            snr_db: Es/N0; None adds no noise.
            seed: of the first row's channel and noise; the next ones have the next seeds.

        Raises:
            ValueError: no such channel, no symbols, too many, or some that are not finite.
        """
        rows, like = _rows(symbols)
        heard = [
            self._send(row, _realised(channel, seed + n), None if channel == "none" else snr_db,
                       seed + n)
            for n, row in enumerate(rows)
        ]  # fmt: skip
        shape = tuple(symbols.shape)
        received = np.stack([h[0] for h in heard]).reshape(shape)
        noise_var = np.stack([h[1] for h in heard]).reshape(shape)
        measured = np.array([h[2] for h in heard], np.float32).reshape(shape[:-1])
        told = float(measured) if len(shape) == 1 else like(measured)
        return Heard(like(received), like(noise_var), told)

    def _send(
        self, row: NDArray[np.complex64], channel: ChannelDraw, snr_db: float | None, seed: int
    ) -> tuple[NDArray[np.complex64], NDArray[np.float32], float]:
        power = float(np.mean(np.abs(row.astype(np.complex128)) ** 2)) or 1.0
        level = np.float32(np.sqrt(power))
        header = header_of(Kind.ANALOG, (16, 16), 1, row.size)
        path = BurstPath(self.config)
        air = path.modulate([Section(header, row / level)])
        # A false header could make a second section: the one with most bursts is the one sent.
        sections = [
            s for s in path.through(air, channel, snr_db, seed) if s.symbols.size == row.size
        ]
        best = max(sections, key=lambda s: s.received, default=None)
        if best is None:
            return np.zeros_like(row), np.full(row.size, np.inf, np.float32), float("nan")
        noise_var = (best.noise_var * np.float32(power)).astype(np.float32)
        return (best.symbols * level).astype(np.complex64), noise_var, float(best.snr_db)


def _realised(channel: str | ChannelConfig, seed: int) -> ChannelDraw:
    if isinstance(channel, str):
        return draw(channel, seed)
    return ChannelDraw("own", hostile=channel)


def _rows(symbols: Any) -> tuple[NDArray[np.complex64], Any]:
    """The symbols as rows, and what makes arrays like the one given."""
    if hasattr(symbols, "detach"):
        import torch

        device = symbols.device
        values = symbols.detach().cpu().numpy()

        def like(array: NDArray[Any]) -> Any:
            return torch.from_numpy(np.ascontiguousarray(array)).to(device)
    else:
        values = np.asarray(symbols)

        def like(array: NDArray[Any]) -> Any:
            return array

    if values.ndim == 0 or not values.size:
        raise ValueError(f"symbols of shape {values.shape}: expected [N] or [..., N]")
    if values.shape[-1] > MAX_SYMBOLS:
        raise ValueError(f"{values.shape[-1]} symbols: at most {MAX_SYMBOLS} at a time")
    if not np.isfinite(values).all():
        raise ValueError("symbols must be finite")
    return values.reshape(-1, values.shape[-1]).astype(np.complex64), like
