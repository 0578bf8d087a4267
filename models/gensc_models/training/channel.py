"""Random operating points and channels for training an analog codec."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

SUBCARRIERS = 64
KNOWN_SNR_JITTER_DB = 1.5


@dataclass(frozen=True)
class OperatingRange:
    """SNRs (dB), rates (complex symbols per 16x16 block) and channels that training draws from.

    ``block``, ``fast`` and ``selective`` are the shares of images that meet block Rayleigh fading,
    per-symbol Rayleigh fading and a frequency-selective channel; the rest meets AWGN. ``lossy`` is
    the share that loses symbols besides.
    """

    snr_low: float = 0.0
    snr_high: float = 20.0
    rates: tuple[int, ...] = (16, 24, 32, 48, 64, 96, 128)
    widen_fraction: float = 0.04
    block: float = 0.0
    fast: float = 0.05
    selective: float = 0.2
    lossy: float = 0.15


class ChannelSampler:
    """Channels as the receiver sees them: a precision (1 / noise variance) for every symbol.

    Frequency-selective channels have random taps, and an interleaver spreads the symbols over the
    subcarriers; lossy images lose 0-30 % of their symbols.
    """

    def __init__(self, range_: OperatingRange, generator: torch.Generator) -> None:
        self.range = range_
        self.generator = generator

    def _uniform(self, *shape: int) -> Tensor:
        return torch.rand(*shape, generator=self.generator)

    def operating_points(self, count: int, progress: float) -> tuple[Tensor, Tensor, Tensor]:
        """True SNR, the encoder's idea of it, and rate, each ``count``.

        The range of SNRs grows downwards from the high end during the first part of the run
        (``progress`` in [0, 1]): training that starts at low SNR stalls.
        """
        r = self.range
        width = min(1.0, 0.25 + 0.75 * progress / r.widen_fraction)
        low = r.snr_high - width * (r.snr_high - r.snr_low)
        snr = low + self._uniform(count) * (r.snr_high - low)
        known = snr + KNOWN_SNR_JITTER_DB * torch.randn(count, generator=self.generator)
        rates = torch.tensor(r.rates)
        usual = rates[(self._uniform(count) * len(r.rates)).long()]
        any_rate = min(r.rates) + self._uniform(count) * (max(r.rates) - min(r.rates) + 1)
        rate = torch.where(self._uniform(count) < 0.15, any_rate.long(), usual)
        return snr, known.clamp(-5.0, 25.0), rate

    def _selective_gain(self, symbols: int, height: int, width: int) -> Tensor:
        taps = int(2 + self._uniform(1).item() * 5)
        profile = torch.exp(-torch.arange(taps) * (0.3 + 1.2 * self._uniform(1)))
        response = torch.randn(taps, 2, generator=self.generator) * profile.sqrt()[:, None]
        gain = torch.fft.fft(torch.view_as_complex(response), n=SUBCARRIERS).abs().square()
        gain = gain / gain.mean()
        return gain[(self._uniform(symbols, height, width) * SUBCARRIERS).long()]

    def precision(self, snr_db: Tensor, symbols: int, height: int, width: int) -> Tensor:
        """``B x symbols x h x w``: 1 / noise variance of every complex symbol, 0 where erased."""
        out = torch.empty(len(snr_db), symbols, height, width)
        kind = self._uniform(len(snr_db))
        lossy = self._uniform(len(snr_db)) < self.range.lossy
        awgn = 1.0 - self.range.block - self.range.fast - self.range.selective
        for i, snr in enumerate(snr_db.tolist()):
            base = 10.0 ** (snr / 10.0)
            if kind[i] < awgn:
                out[i] = base
            elif kind[i] < awgn + self.range.block:
                out[i] = base * -torch.log(self._uniform(1).clamp_min(1e-4))
            elif kind[i] < awgn + self.range.block + self.range.fast:
                fading = -torch.log(self._uniform(symbols, height, width).clamp_min(1e-4))
                out[i] = base * fading
            else:
                out[i] = base * self._selective_gain(symbols, height, width)
            if lossy[i]:
                out[i] *= self._uniform(symbols, height, width) >= 0.3 * self._uniform(1)
        return out

    def transmit(self, sent: Tensor, precision: Tensor) -> Tensor:
        """Adds the noise that ``precision`` (same shape, real channels) says; 0 where erased."""
        noise = torch.randn(sent.shape, generator=self.generator).to(sent.device)
        received = sent + noise * precision.clamp_min(1e-9).rsqrt()
        return torch.where(precision > 0, received, 0.0)
