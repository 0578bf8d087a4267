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

from gensc_models.channels.parameters import ChannelParameters
from gensc_models.channels.paths import path_gains
from gensc_models.channels.random import complex_normal

CHANNELS = ("awgn", "rayleigh", "rayleigh-fast", "multipath", "none")
MULTIPATH_TAPS_DB = (0.0, -3.0, -6.0)
SUBCARRIERS = 48
FFT_SIZE = 64
#: of one OFDM symbol with its cyclic prefix.
OFDM_SAMPLES = 80
CSI = "perfect"


class ChannelOutput(NamedTuple):
    """Equalised symbols (kind and shape of the input) and noise variance per complex symbol."""

    received: Tensor
    noise_var: Tensor


def noise_variance(snr_db: float) -> float:
    """Total variance of the complex noise at an Es/N0 in dB."""
    return 10.0 ** (-snr_db / 10.0)


def _gain(channel: str, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Complex channel gain of every symbol; the last axis is the row of symbols of one image."""
    images, count = shape[:-1], shape[-1]
    if channel == "rayleigh":
        return complex_normal((*images, 1), generator).expand(shape)
    if channel == "rayleigh-fast":
        return complex_normal(shape, generator)
    power = torch.tensor([10.0 ** (tap / 10.0) for tap in MULTIPATH_TAPS_DB])
    taps = complex_normal((*images, len(power)), generator) * (power / power.sum()).sqrt()
    response = torch.fft.fft(taps, n=FFT_SIZE, dim=-1)
    # As in the burst, an interleaver spreads the row of symbols over the data subcarriers.
    carriers = torch.cat([torch.arange(1, 25), torch.arange(FFT_SIZE - 24, FFT_SIZE)])
    order = torch.randperm(count, generator=generator) % SUBCARRIERS
    return response[..., carriers[order]]


def simulate(
    symbols: Tensor, channel: str | ChannelParameters, snr_db: float, generator: torch.Generator
) -> ChannelOutput:
    """Sends unit-power symbols through a channel.

    Parameters
    ----------
    symbols : complex ``... x N`` (one image per row) or the same as real pairs ``... x N x 2``.
    channel : ``awgn``; ``rayleigh``, one CN(0,1) gain per image (block fading);
        ``rayleigh-fast``, one per symbol; ``multipath``, three Rayleigh taps (0, -3, -6 dB) seen
        by OFDM with 48 data subcarriers; ``none``, no noise at all. Of a hostile channel's
        parameters, what a perfect receiver cannot undo: moving paths, interference and noise.
    snr_db : Es/N0 averaged over the fading.
    generator : source of all randomness.

    Raises
    ------
    ValueError
        Unknown channel name.
    """
    if isinstance(channel, str) and channel not in CHANNELS:
        raise ValueError(f"unknown channel {channel!r}; known: {', '.join(CHANNELS)}")
    pairs = not symbols.is_complex()
    x = torch.view_as_complex(symbols.contiguous()) if pairs else symbols
    shape = tuple(x.shape)
    if not isinstance(channel, str):
        received, variance = _hostile(x, channel, noise_variance(snr_db), generator)
    elif channel == "none":
        received, variance = x.clone(), torch.zeros(shape)
    else:
        sigma2 = noise_variance(snr_db)
        noise = complex_normal(shape, generator) * sigma2**0.5
        if channel == "awgn":
            received, variance = x + noise, torch.full(shape, sigma2)
        else:
            gain = _gain(channel, shape, generator)
            received, variance = x + noise / gain, sigma2 / gain.abs().square()
    return ChannelOutput(torch.view_as_real(received) if pairs else received, variance)


def _hostile(
    x: Tensor, channel: ChannelParameters, noise: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Row by row as OFDM symbols, one after another, on the carriers of the burst.

    A perfect receiver undoes offsets, phase noise and imbalance and knows the response and the
    power of the interference on every symbol: what an impulse adds spreads over the carriers of
    its OFDM symbol, a steady interferer is on the carriers it lies on.
    """
    shape = x.shape
    rows, count = x.reshape(-1, shape[-1]).shape
    ofdm = -(-count // SUBCARRIERS)
    carriers = torch.cat([torch.arange(1, 25), torch.arange(FFT_SIZE - 24, FFT_SIZE)])
    gain = torch.ones(rows, ofdm, SUBCARRIERS, dtype=torch.complex64)
    if channel.fades:
        times = torch.arange(ofdm) * (OFDM_SAMPLES / channel.sample_rate)
        gains = path_gains(channel, rows, times, generator)
        delays = torch.as_tensor(channel.paths().delays_s) * channel.sample_rate
        signed = torch.where(carriers < FFT_SIZE // 2, carriers, carriers - FFT_SIZE)
        turn = torch.exp(-2j * torch.pi * torch.outer(delays, signed.double()) / FFT_SIZE)
        gain = gains @ turn.to(torch.complex64)
    variance = torch.full(gain.shape, noise)
    if channel.interferer_db is not None:
        at = (channel.interferer_hz / channel.sample_rate * FFT_SIZE) % FFT_SIZE
        wide = max(1.0, channel.interferer_width_hz / channel.sample_rate * FFT_SIZE)
        apart = (carriers - at + FFT_SIZE / 2) % FFT_SIZE - FFT_SIZE / 2
        level = 10 ** (channel.interferer_db / 10) * FFT_SIZE / wide
        on = torch.rand(rows, ofdm, 1, generator=generator) < channel.interferer_duty
        variance = variance + on * (apart.abs() <= wide / 2) * level
    if channel.impulse_rate:
        mean = torch.full((rows, ofdm, 1), channel.impulse_rate * FFT_SIZE)
        hits = torch.poisson(mean, generator=generator)
        variance = variance + hits * (10 ** (channel.impulse_db / 10) / FFT_SIZE)
    # As in the burst, an interleaver spreads the row of symbols over time and carriers.
    order = torch.randperm(ofdm * SUBCARRIERS, generator=generator)[:count]
    gain, variance = (t.reshape(rows, -1)[:, order].reshape(shape) for t in (gain, variance))
    received = x + complex_normal(shape, generator) * variance.sqrt() / gain
    return received, variance / gain.abs().square()
