"""A receiver that knows everything but the noise: the bound that losses are counted from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gensc_phy.channel.config import ChannelConfig
from gensc_phy.channel.hostile import HostileChannel
from gensc_phy.waveform.config import WaveformConfig


@dataclass(frozen=True)
class Layout:
    """Where each payload symbol of a burst is sent; found in the burst itself.

    Attributes:
        window: first sample of the FFT window of every OFDM symbol with payload, [ofdm].
        ofdm: OFDM symbol of every payload symbol, [n].
        carrier: its signed carrier, [n].
    """

    window: NDArray[np.int64]
    ofdm: NDArray[np.int64]
    carrier: NDArray[np.int64]


def layout(
    burst: NDArray[np.complex64], payload: NDArray[np.complex64], cfg: WaveformConfig
) -> Layout:
    """The resource element of every payload symbol, by looking for its value.

    Args:
        burst: samples as modulated, without its gap.
        payload: what was sent, [n], no two alike.
        cfg: waveform, without precoding.

    Raises:
        ValueError: a symbol is not there.
    """
    count = len(burst) // cfg.symbol_len
    window = len(burst) - cfg.fft_size - cfg.symbol_len * np.arange(count)[::-1]
    rows = burst[window[:, None] + np.arange(cfg.fft_size)]
    grid = np.fft.fft(rows, axis=1, norm="ortho")[:, cfg.carriers]
    order = np.argsort(payload.real)
    sent = payload.real[order]
    place = np.clip(np.searchsorted(sent, grid.real), 1, len(sent) - 1)
    nearest = np.where(grid.real - sent[place - 1] < sent[place] - grid.real, place - 1, place)
    # Values lie close together: the neighbours in the order are looked at as well.
    found = np.full(len(payload), -1)
    for near in (-2, -1, 0, 1, 2):
        index = order[np.clip(nearest + near, 0, len(order) - 1)]
        hit = np.abs(payload[index] - grid) < 1e-4
        found[index[hit]] = np.flatnonzero(hit)
    if (found < 0).any():
        raise ValueError(f"{(found < 0).sum()} payload symbols are not in the burst as sent")
    ofdm, position = np.divmod(found, cfg.occupied)
    first = int(ofdm.min())
    return Layout(window[first:], ofdm - first, cfg.carriers[position])


def bound(
    channel: ChannelConfig, seed: int, start: int, length: int, at: Layout, cfg: WaveformConfig
) -> NDArray[np.float64]:
    """Error variance of every payload symbol for a receiver that knows all but the noise, [n].

    It knows the response and the spectrum of the interference at every time, oscillators, clocks
    and electronics are perfect or undone: (N0 + I) / |H|^2.

    Args:
        channel, seed: as of the `HostileChannel` that the burst was sent through.
        start: sample of its input at which the burst began.
        length: samples of its input.
        at: layout of the burst.
        cfg: waveform.
    """
    window = start + at.window
    noise = 0.0 if channel.snr_db is None else 10 ** (-channel.snr_db / 10)
    perfect = replace(
        channel, snr_db=None, dc_db=None, bits=None, iq_gain_db=0.0, iq_phase_deg=0.0,
        drop_interval_s=None, sampling_offset_ppm=0.0, linewidth_hz=0.0, cfo_hz=0.0,
    )  # fmt: skip
    heard = HostileChannel(perfect, seed)
    late = 0 if heard.fading is None else heard.fading.LATENCY
    gain = np.ones((len(window), cfg.fft_size))
    if heard.fading is not None:
        middle = (window[0] + late + cfg.fft_size / 2) / cfg.sample_rate
        spacing = cfg.symbol_len / cfg.sample_rate
        taps = heard.fading.gains.at(middle, spacing, len(window)) @ heard.fading.kernels
        turn = np.outer(np.arange(taps.shape[1]), np.arange(cfg.fft_size))
        gain = np.abs(taps @ np.exp(-2j * np.pi / cfg.fft_size * turn)) ** 2
    others = np.zeros_like(gain)
    if channel.interferer_db is not None or channel.impulse_rate:
        # The same seed gives the same interference, whatever the signal.
        alone = heard.process(np.zeros(length, np.complex64))
        rows = alone[window[:, None] + late + np.arange(cfg.fft_size)]
        # The receiver's carrier is off by the offset, the interferer's frequency is its own.
        turn = np.exp(-2j * np.pi * channel.cfo_hz / cfg.sample_rate * np.arange(cfg.fft_size))
        spectrum = np.abs(np.fft.fft(rows * turn, axis=1, norm="ortho")) ** 2
        # Of a steady interferer the spectrum is known, of impulses how strong they were when.
        others = spectrum.mean(axis=1, keepdims=True) + np.zeros_like(gain)
        if channel.interferer_db is not None and channel.interferer_duty == 1:
            others = spectrum.mean(axis=0, keepdims=True) + np.zeros_like(gain)
    variance = (noise + others) / np.maximum(gain, 1e-12)
    return variance[at.ofdm, at.carrier]
