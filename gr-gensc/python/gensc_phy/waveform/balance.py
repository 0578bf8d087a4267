"""What a direct-conversion receiver adds: a direct voltage, and an image of the signal.

With gain and phase of its two branches unequal a mixer gives a x + b x* + d instead of x. Signals
of communication are circular, E[x^2] = 0 and E[x] = 0, so the moments of what is received tell d,
and the w for which y + w y* is circular again (Anttila, Valkama and Renfors, "Circularity-based I/Q
imbalance compensation in wideband direct-conversion receivers", 2008). Both are averages over
whole bursts and more: next to nothing of the signal is in them, and where they do not exceed what
chance gives, nothing is touched.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Samples that the averages look back.
_MEMORY = 1 << 18
# Energy over its expectation by chance from which on a moment is believed.
_SIGNIFICANT = 12.0


class Balance:
    """Averages over a stream and the correction they ask for.

    Args:
        streams: shape of the samples before the time axis.
    """

    def __init__(self, streams: tuple[int, ...] = ()) -> None:
        self._count = 0.0
        self._sum = np.zeros(streams, dtype=np.complex128)
        self._square = np.zeros(streams, dtype=np.complex128)
        self._power = np.zeros(streams)

    def update(self, samples: NDArray[np.complex64]) -> None:
        """Take the next samples, [..., n], into the averages."""
        n = samples.shape[-1]
        if not n:
            return
        keep = max(0.0, 1 - n / _MEMORY)
        # Sums in single precision would lose what they are about.
        self._count = keep * self._count + n
        self._sum = keep * self._sum + samples.sum(axis=-1, dtype=np.complex128)
        self._square = keep * self._square + np.einsum("...n,...n->...", samples, samples)
        self._power = keep * self._power + np.einsum("...n,...n->...", samples, samples.conj()).real

    @property
    def dc(self) -> NDArray[np.complex128]:
        """Direct voltage; 0 where there is none to speak of."""
        if not self._count:
            return self._sum
        mean = self._sum / self._count
        power = self._power / self._count - np.abs(mean) ** 2
        return np.where(np.abs(mean) ** 2 > _SIGNIFICANT * power / self._count, mean, 0)

    @property
    def image(self) -> NDArray[np.complex128]:
        """The w of y + w y*; 0 where the samples are as circular as can be expected."""
        if not self._count:
            return self._square
        mean = self._sum / self._count
        power = self._power / self._count - np.abs(mean) ** 2
        square = self._square / self._count - mean**2
        believed = np.abs(square) ** 2 > _SIGNIFICANT * 2 * power**2 / self._count
        root = np.sqrt(np.maximum(power**2 - np.abs(square) ** 2, 0))
        # With one branch dead there is no circular signal to be had.
        return np.where(believed & (root > 0.1 * power), -square / (power + root + 1e-300), 0)

    def correct(self, samples: NDArray[np.complex64]) -> NDArray[np.complex64]:
        """Samples without direct voltage and image; zeros, which are no samples, stay zeros."""
        dc, image = self.dc, self.image
        if not dc.any() and not image.any():
            return samples
        lost = samples == 0
        y = samples - dc[..., None].astype(np.complex64)
        if image.any():
            y = y + image[..., None].astype(np.complex64) * np.conj(y)
        y[lost] = 0
        return y
