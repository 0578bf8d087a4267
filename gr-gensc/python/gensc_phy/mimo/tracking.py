"""Gain, drift and noise over a multi-user frame: every user as the single-user problem it is.

On training and pilots a user is alone; its header is seen through the separation filter. Both give
the moments that `tracking` fits.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gensc_phy.mimo.config import MimoConfig
from gensc_phy.mimo.equalise import error_variance
from gensc_phy.mimo.estimate import training_energy
from gensc_phy.mimo.frame import Frame
from gensc_phy.mimo.separate import apply_filter, carrier_filter
from gensc_phy.mimo.sequences import user_pilots
from gensc_phy.waveform.config import WaveformConfig
from gensc_phy.waveform.tracking import Moments, Track, drift_ramp, track

_TINY = 1e-12
# Symbols per degree of freedom and time constant of a Gaussian smoother.
_SMOOTHER_DOF = np.sqrt(2 * np.pi)


@lru_cache(maxsize=8)
def carrier_basis(cfg: WaveformConfig) -> NDArray[np.float32]:
    """`Moments.basis` of the occupied carriers, [occupied, 3]; its column 1 is theta."""
    return Moments.basis((2 * np.pi / cfg.fft_size * cfg.carriers).astype(np.float32))


def payload_pilots(
    frame: Frame, i: int, n: int, cfg: MimoConfig
) -> tuple[NDArray[np.complex64], NDArray[np.complex64]]:
    """Pilots of the i-th user's payload [n, n_pilots] and its channel there [A, n_pilots]."""
    w = cfg.waveform
    sent = user_pilots(cfg)[frame.users[i], w.header_symbols : w.header_symbols + n]
    return sent, frame.channel[:, i, w.pilot_positions]


def overhead_moments(
    received: NDArray[np.complex64],
    known: NDArray[np.complex64],
    h: NDArray[np.complex64],
    noise: float,
    cfg: MimoConfig,
) -> list[Moments]:
    """Training and header of every user against the channel estimate, over the noise.

    On training and pilots a user is alone and all antennas are combined; header data come
    from the separation filter.
    """
    w = cfg.waveform
    basis = carrier_basis(w)
    first, at = cfg.training_symbols, w.data_positions
    g, matrix = carrier_filter("mmse", h[..., at], noise)
    separated = apply_filter(g, received[:, first:, at])
    variance = error_variance(g, matrix, noise).T.astype(np.float32)
    moments = []
    for i in range(h.shape[1]):
        sent = known[i]
        power = (h[:, i].real ** 2 + h[:, i].imag ** 2).sum(axis=0) / np.float32(noise)
        combined = np.einsum("ac,amc->mc", np.conj(h[:, i]) / np.float32(noise), received)
        weight = np.broadcast_to(power, sent.shape).copy()
        weight[first:, at] = 1 / variance[i]
        combined[first:, at] = separated[i] / variance[i]
        w_sum = (weight * (sent.real**2 + sent.imag**2)) @ basis
        z = (combined * np.conj(sent)) @ basis
        moments.append(Moments(z=z, w=w_sum[:, 0], leverage=w_sum[:, 2]))
    return moments


def track_users(
    frame: Frame, received: NDArray[np.complex64], lengths: dict[int, int], cfg: MimoConfig
) -> dict[int, Track]:
    """Gain and drift of every user over its burst.

    Args:
        received: payload carriers, [A, symbols, occupied].
        lengths: payload symbols of the users that are tracked, by their place in the frame.
    """
    w = cfg.waveform
    basis = carrier_basis(w)[w.pilot_positions]
    overhead = overhead_moments(
        frame.received,
        frame.known,
        frame.channel,
        frame.noise * (1 + frame.channel_error.sum()),
        cfg,
    )
    tracks = {}
    for i, n in lengths.items():
        sent, h = payload_pilots(frame, i, n, cfg)
        at_pilots = received[:, :n, w.pilot_positions]
        power = (h.real**2 + h.imag**2).sum(axis=0) / np.float32(frame.noise)
        combined = np.einsum("ap,amp->mp", np.conj(h) / np.float32(frame.noise), at_pilots)
        z = (combined * np.conj(sent)) @ basis
        weight = (power * (sent.real**2 + sent.imag**2)) @ basis
        known = Moments(
            z=np.concatenate([overhead[i].z, z]),
            w=np.concatenate([overhead[i].w, weight[:, 0]]),
            leverage=np.concatenate([overhead[i].leverage, weight[:, 2]]),
        )
        tracks[i] = track(known, w.tracking_symbols)
    return tracks


def frame_noise(
    frame: Frame,
    received: NDArray[np.complex64],
    lengths: dict[int, int],
    tracks: dict[int, Track],
    cfg: MimoConfig,
) -> float:
    """Noise variance per antenna and carrier: what the fit leaves where a user is alone.

    Arguments as of `track_users`, with its result.
    """
    w = cfg.waveform
    theta = carrier_basis(w)[w.pilot_positions, 1]
    first, n_train, at = cfg.training_symbols, cfg.overhead_symbols, w.pilot_positions
    antennas = len(received)
    left, count = 0.0, 0.0
    for i, n in lengths.items():
        gain, h = tracks[i].gain, frame.channel[:, i]
        turn = frame.users[i] * w.ce_symbols
        cells = slice(turn, turn + w.ce_symbols)
        fit = h[:, None] * (frame.known[i, cells] * gain[cells, None])
        left += float(np.sum(np.abs(frame.received[:, cells] - fit) ** 2))
        pilots, at_pilots = payload_pilots(frame, i, n, cfg)
        pilots = np.concatenate([frame.known[i, first:, at].T, pilots])
        heard = np.concatenate([frame.received[:, first:, at], received[:, :n, at]], axis=1)
        ramp = drift_ramp(-tracks[i].drift, first, len(pilots), theta)
        fit = at_pilots[:, None] * (pilots * ramp * gain[first:, None])
        mine = pilots != 0
        left += float(np.sum(np.abs(heard - fit)[:, mine] ** 2))
        # Cells that H was fitted to hold too little noise, the others that of H as well.
        energy = np.abs(pilots) ** 2
        fitted = training_energy(cfg) * w.occupied + float(energy[: n_train - first].sum())
        later = float(energy[n_train - first :].sum())
        count += antennas * (w.ce_symbols * w.occupied + int(mine.sum()))
        count += antennas * frame.channel_error[i] * (later - fitted)
        count -= len(gain) / (_SMOOTHER_DOF * w.tracking_symbols)
    return max(left / max(count, 1.0), _TINY)
