"""Channel estimation of several users: who is there, since when, and through which channel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gensc_phy.mimo.config import MimoConfig
from gensc_phy.waveform.estimate import delay_projection, first_path
from gensc_phy.waveform.sequences import ce_carriers

# Standard deviations by which the energy of a user's training must exceed that of noise.
_PRESENT = 6.0


def training_energy(cfg: MimoConfig) -> float:
    """Energy of a user's training on each carrier."""
    ce = ce_carriers(cfg.waveform)
    return float(np.mean(np.abs(ce) ** 2)) * cfg.waveform.ce_symbols


def users_training(received: NDArray[np.complex64], cfg: MimoConfig) -> NDArray[np.complex64]:
    """Training symbols by user; [A, users, ce_symbols, occupied]."""
    training = received[:, : cfg.training_symbols]
    return training.reshape(len(received), cfg.users, -1, training.shape[-1])


def first_user_path(received: NDArray[np.complex64], cfg: MimoConfig) -> int:
    """Delay of the first path of the first user, samples from the FFT window."""
    w = cfg.waveform
    turns = users_training(received, cfg)
    mean = turns.mean(axis=2)
    energy = np.sum(np.abs(mean) ** 2, axis=(0, 2))
    spread = np.sum(np.abs(turns - mean[:, :, None]) ** 2, axis=(0, 2, 3))
    # Twice the energy that the same noise leaves in the mean: not a silent user's.
    noise = spread / ((w.ce_symbols - 1) * w.ce_symbols)
    heard = [k for k in range(cfg.users) if energy[k] > 2 * noise[k]]
    ce = ce_carriers(w)
    return min(
        (first_path(mean[:, k] / ce, w) for k in heard),
        default=first_path((mean / ce).reshape(-1, w.occupied), w),
    )


def present_users(h: NDArray[np.complex64], noise: float, cfg: MimoConfig) -> list[int]:
    """Users whose training was heard; a silent one's would be a column of noise."""
    _, rank = delay_projection(cfg.waveform)
    dof = rank * h.shape[0]
    of_noise = noise / training_energy(cfg) * dof
    energy = np.sum(np.abs(h) ** 2, axis=(0, 2))
    return [int(k) for k in np.flatnonzero(energy > of_noise * (1 + _PRESENT / np.sqrt(dof)))]


def joint_estimate(
    received: NDArray[np.complex64],
    sent: NDArray[np.complex64],
    h: NDArray[np.complex64],
    noise: float,
    heard: list[int],
    cfg: MimoConfig,
) -> tuple[NDArray[np.complex64], NDArray[np.float64]]:
    """Joint least squares of all users' channels from everything known of training and header.

    Where the header of a user is not known, all that it sends there is noise to the others,
    and the cells weigh as little as that makes them worth.

    Args:
        received: [A, overhead, occupied].
        sent: carriers as sent, turned by the users' offsets, 0 where not known;
            [U, overhead, occupied].
        h: a first estimate, [A, U, occupied].
        noise: noise variance per antenna and carrier.
        heard: which of the U have a known header.

    Returns:
        H [A, U, occupied], and the error variance of its entries over the noise variance, [U].
    """
    w = cfg.waveform
    smooth, rank = delay_projection(w)
    weight = np.ones((cfg.overhead_symbols, w.occupied), dtype=np.float32)
    strangers = np.delete(h, heard, axis=1)
    power = float(np.sum(np.mean(np.abs(strangers) ** 2, axis=(0, 2))))
    weight[cfg.training_symbols :, w.data_positions] = noise / (noise + power)
    # Carriers first: one small system of equations each.
    s = np.moveaxis(sent, -1, 0)
    weighted = np.conj(s) * weight.T[:, None, :]
    gram = weighted @ np.swapaxes(s, 1, 2)
    right = weighted @ np.transpose(received, (2, 1, 0))
    inverse = np.linalg.inv(gram.astype(np.complex128))
    fitted = (inverse @ right).astype(np.complex64)  # [occupied, U, A]
    errors = np.diagonal(inverse, axis1=1, axis2=2).real.mean(axis=0)
    return np.transpose(fitted, (2, 1, 0)) @ smooth.T, errors * rank / w.occupied
