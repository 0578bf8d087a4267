"""What the multi-user tests share: frames on the air, and what a receiver makes of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gensc_phy.channel.impairments import Impairments, complex_noise, impair
from gensc_phy.mimo.burst import UserModulator
from gensc_phy.mimo.config import MimoConfig
from gensc_phy.mimo.receiver import MimoReceiver
from waveform import header, payload, silence


def frame(
    cfg: MimoConfig, n: int | list[int], *, before: int = 200, after: int = 400, **fields: int
) -> tuple[NDArray[np.complex64], list[NDArray[np.complex64]]]:
    """One frame between silences, [users, samples], and every user's payload of n symbols."""
    lengths = [n] * cfg.users if isinstance(n, int) else n
    symbols = [payload(max(length, 1), k)[:length] for k, length in enumerate(lengths)]
    parts = [
        UserModulator(cfg, k).modulate(header(len(s), image_id=k, **fields), s)
        for k, s in enumerate(symbols)
    ]
    longest = max(map(len, parts))
    streams = [
        np.concatenate([silence(before), part, silence(longest - len(part) + after)])
        for part in parts
    ]
    return np.array(streams), symbols


def over_the_air(
    streams: NDArray[np.complex64],
    matrix: NDArray[np.complex64],
    snr_db: float,
    rng: np.random.Generator,
    *,
    cfo: float | list[float] = 0.0,
    delays: list[float] | None = None,
    taps: NDArray[np.complex64] | None = None,
) -> NDArray[np.complex64]:
    """y = H x + n with every user's own offset (subcarriers), delay and taps [users, n_taps]."""
    users = len(streams)
    cfos = [cfo] * users if isinstance(cfo, float) else cfo
    sent = [
        impair(
            x,
            Impairments(
                None,
                cfos[k] / 64,
                k * 1.1,
                0.0,
                delays[k] if delays else 0.0,
                tuple(taps[k]) if taps is not None else (1.0,),
            ),
            rng,
        )
        for k, x in enumerate(streams)
    ]
    n = max(map(len, sent))
    y = matrix @ np.array([np.pad(x, (0, n - len(x))) for x in sent])
    noise = complex_noise(y.size, 10 ** (-snr_db / 10), rng).reshape(y.shape)
    return (y + noise).astype(np.complex64)


def draw(cfg: MimoConfig, rng: np.random.Generator) -> NDArray[np.complex64]:
    """A matrix of CN(0, 1)."""
    return complex_noise(cfg.antennas * cfg.users, 1.0, rng).reshape(cfg.antennas, cfg.users)


def receive(samples: NDArray[np.complex64], cfg: MimoConfig, separation: str = "mmse") -> dict:
    """The bursts of one frame by user."""
    rx = MimoReceiver(cfg, separation)
    return {burst.user: burst for burst in rx.push(samples) + rx.flush()}


def error_db(burst, symbols: NDArray[np.complex64]) -> float:
    """Mean square error of a payload."""
    return float(10 * np.log10(np.mean(np.abs(burst.symbols - symbols) ** 2)))
