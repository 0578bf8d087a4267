"""What the waveform's tests share: random payloads, headers, bursts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gensc_phy import BurstModulator, Header, Section, WaveformConfig
from gensc_phy.channel.impairments import complex_noise


def header(length: int, **fields: int) -> Header:
    """A header of a burst of `length` analog symbols, of one where nothing else is said."""
    values = {
        "session": 0x5E55, "image_id": 5, "weights": 1, "stream": 0, "fragment": 0, "fragments": 1,
        "rate": 32, "height": 256, "width": 384, "total": length, "aux": 77,
    }  # fmt: skip
    values["total"] *= fields.get("fragments", 1)
    return Header(section=Section.ANALOG, **(values | fields))


def payload(n: int, seed: int = 0) -> NDArray[np.complex64]:
    """Gaussian symbols of unit mean energy, like a JSCC encoder's."""
    symbols = complex_noise(n, 1.0, np.random.default_rng(seed))
    return symbols / np.sqrt(np.mean(np.abs(symbols) ** 2))


def silence(n: int) -> NDArray[np.complex64]:
    """Samples between bursts."""
    return np.zeros(n, dtype=np.complex64)


def burst(
    n: int, cfg: WaveformConfig | None = None, *, before: int = 200, after: int = 400, **fields: int
) -> tuple[NDArray[np.complex64], NDArray[np.complex64]]:
    """Samples of one burst between silences, and its payload."""
    cfg = cfg or WaveformConfig()
    symbols = payload(n)
    samples = BurstModulator(cfg).modulate(header(n, **fields), symbols)
    return np.concatenate([silence(before), samples, silence(after)]), symbols
