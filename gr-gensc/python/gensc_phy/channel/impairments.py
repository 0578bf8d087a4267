"""Channel impairments in NumPy, for tests and benchmarks of the waveform alone.

Flowgraphs use GNU Radio's own channel blocks; this is the same model without a scheduler.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gensc_phy.channel.sampling import resample


@dataclass(frozen=True)
class Impairments:
    """What happens between transmitter and receiver.

    Attributes:
        snr_db: Es/N0 of unit-energy symbols; the noise has total variance 10^(-snr_db/10) per
            complex sample. None adds no noise.
        cfo: carrier offset, cycles per sample.
        phase: carrier phase at the first sample, rad.
        sampling_offset_ppm: the receiver's clock is this much faster than the transmitter's.
        delay: delay in samples, need not be whole.
        taps: impulse response at sample spacing.
    """

    snr_db: float | None = None
    cfo: float = 0.0
    phase: float = 0.0
    sampling_offset_ppm: float = 0.0
    delay: float = 0.0
    taps: tuple[complex, ...] = (1.0,)


def complex_noise(n: int, variance: float, rng: np.random.Generator) -> NDArray[np.complex64]:
    """Circular complex Gaussian noise of total variance `variance`; I and Q get half each."""
    pairs = rng.standard_normal((n, 2), dtype=np.float32) * np.float32(np.sqrt(variance / 2))
    return pairs.view(np.complex64)[:, 0]


def impair(
    samples: NDArray[np.complex64], channel: Impairments, rng: np.random.Generator
) -> NDArray[np.complex64]:
    """Multipath, delay, sampling offset, carrier offset and noise, in this order."""
    out = np.convolve(samples, np.asarray(channel.taps, dtype=np.complex64))
    if channel.sampling_offset_ppm or channel.delay:
        out = resample(out.astype(np.complex64), channel.sampling_offset_ppm, channel.delay)
    if channel.cfo or channel.phase:
        turn = 2 * np.pi * channel.cfo * np.arange(len(out)) + channel.phase
        out = out * np.exp(1j * turn)
    out = out.astype(np.complex64)
    if channel.snr_db is not None:
        out = out + complex_noise(len(out), 10 ** (-channel.snr_db / 10), rng)
    return out
