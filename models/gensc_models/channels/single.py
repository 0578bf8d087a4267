"""Torch-only channels for sweeps and training, with perfect channel state information.

SNR is Es/N0 per complex symbol: for E|x|^2 = 1 the complex noise has total variance
``10^(-snr_db/10)``, half of it in each of I and Q. Every channel has unit mean power gain. The
receiver side is ideal: symbols come back equalised (``y / h``) together with the true noise
variance after equalisation, ``sigma^2 / |h|^2``. Results obtained this way carry
``csi = "perfect"``.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

CHANNELS = ("awgn", "rayleigh", "rayleigh-fast", "multipath", "none")
MULTIPATH_TAPS_DB = (0.0, -3.0, -6.0)
SUBCARRIERS = 48
FFT_SIZE = 64
CSI = "perfect"


class ChannelOutput(NamedTuple):
    """Equalised symbols (kind and shape of the input) and noise variance per complex symbol."""

    received: Tensor
    noise_var: Tensor


def noise_variance(snr_db: float) -> float:
    """Total variance of the complex noise at an Es/N0 in dB."""
    return 10.0 ** (-snr_db / 10.0)


def _complex_normal(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """CN(0, 1): variance 1/2 in each of the two real parts."""
    return torch.view_as_complex(torch.randn(*shape, 2, generator=generator)) * 0.5**0.5


def _gain(channel: str, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Complex channel gain of every symbol; the last axis is the row of symbols of one image."""
    images, count = shape[:-1], shape[-1]
    if channel == "rayleigh":
        return _complex_normal((*images, 1), generator).expand(shape)
    if channel == "rayleigh-fast":
        return _complex_normal(shape, generator)
    power = torch.tensor([10.0 ** (tap / 10.0) for tap in MULTIPATH_TAPS_DB])
    taps = _complex_normal((*images, len(power)), generator) * (power / power.sum()).sqrt()
    response = torch.fft.fft(taps, n=FFT_SIZE, dim=-1)
    # As in the burst, an interleaver spreads the row of symbols over the data subcarriers.
    carriers = torch.cat([torch.arange(1, 25), torch.arange(FFT_SIZE - 24, FFT_SIZE)])
    order = torch.randperm(count, generator=generator) % SUBCARRIERS
    return response[..., carriers[order]]


def simulate(
    symbols: Tensor, channel: str, snr_db: float, generator: torch.Generator
) -> ChannelOutput:
    """Sends unit-power symbols through a named channel.

    Parameters
    ----------
    symbols : complex ``... x N`` (one image per row) or the same as real pairs ``... x N x 2``.
    channel : ``awgn``; ``rayleigh``, one CN(0,1) gain per image (block fading);
        ``rayleigh-fast``, one per symbol; ``multipath``, three Rayleigh taps (0, -3, -6 dB) seen
        by OFDM with 48 data subcarriers; ``none``, no noise at all.
    snr_db : Es/N0 averaged over the fading.
    generator : source of all randomness.

    Raises
    ------
    ValueError
        Unknown channel name.
    """
    if channel not in CHANNELS:
        raise ValueError(f"unknown channel {channel!r}; known: {', '.join(CHANNELS)}")
    pairs = not symbols.is_complex()
    x = torch.view_as_complex(symbols.contiguous()) if pairs else symbols
    shape = tuple(x.shape)
    if channel == "none":
        received, variance = x.clone(), torch.zeros(shape)
    else:
        sigma2 = noise_variance(snr_db)
        noise = _complex_normal(shape, generator) * sigma2**0.5
        if channel == "awgn":
            received, variance = x + noise, torch.full(shape, sigma2)
        else:
            gain = _gain(channel, shape, generator)
            received, variance = x + noise / gain, sigma2 / gain.abs().square()
    return ChannelOutput(torch.view_as_real(received) if pairs else received, variance)
