"""Power amplifier: compression and clipping of a signal of unit mean power."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def rapp(
    samples: NDArray[np.complex64], backoff_db: float, smoothness: float
) -> NDArray[np.complex64]:
    """Solid-state amplifier without phase distortion (Rapp, 1991).

        y = x / (1 + (|x| / A)^(2 p))^(1 / (2 p))

    Args:
        samples: [n], of mean power 1.
        backoff_db: saturated output power A^2 above the mean power 1.
        smoothness: p, 2 to 3 for a typical amplifier; a large one is a hard limiter.
    """
    drive = np.abs(samples) * np.float32(10 ** (-backoff_db / 20))
    # Beyond a drive of 1 the same formula from its other end, where powers do not overflow.
    low, high = np.minimum(drive, 1), 1 / np.maximum(drive, 1)
    gain = np.where(
        drive <= 1,
        (1 + low ** (2 * smoothness)) ** (-0.5 / smoothness),
        high * (1 + high ** (2 * smoothness)) ** (-0.5 / smoothness),
    )
    return samples * gain.astype(np.float32)


def clip(samples: NDArray[np.complex64], limit_db: float) -> NDArray[np.complex64]:
    """Envelope limited to `limit_db` above a mean power of 1, phase kept."""
    limit = np.float32(10 ** (limit_db / 20))
    return samples * (limit / np.maximum(np.abs(samples), limit))
