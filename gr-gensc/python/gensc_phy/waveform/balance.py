"""What a direct-conversion receiver adds: a direct voltage, and an image of the signal.

With gain and phase of its two branches unequal a mixer gives a x + b x* + d instead of x. Signals
of communication are circular, E[x^2] = 0 and E[x] = 0, so the moments of what is received tell d,
and the w for which y + w y* is circular again (Anttila, Valkama and Renfors, "Circularity-based I/Q
imbalance compensation in wideband direct-conversion receivers", 2008). Both are averages over
whole bursts and more: next to nothing of the signal is in them, and where they do not exceed what
chance gives, nothing is touched.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gensc_phy.compiled import compiled

# Samples that the averages look back.
_MEMORY = 1 << 18
# Energy over its expectation by chance from which on a moment is believed.
_SIGNIFICANT = 12.0


@compiled("void(complex64[:, ::1], complex128[:, ::1])")
def _moments(x: NDArray[np.complex64], sums: NDArray[np.complex128]) -> None:
    """Sums of x, x^2, |x|^2 and |x|^4 into `sums`; [antennas, n] and [antennas, 4].

    Single precision would lose what they are about.
    """
    for a in range(len(x)):
        real, imag, in_phase, quadrature, cross, fourth = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        for i in range(x.shape[1]):
            p, q = float(x[a, i].real), float(x[a, i].imag)
            real += p
            imag += q
            in_phase += p * p
            quadrature += q * q
            cross += p * q
            fourth += (p * p + q * q) ** 2
        sums[a, 0] = complex(real, imag)
        sums[a, 1] = complex(in_phase - quadrature, 2 * cross)
        sums[a, 2] = in_phase + quadrature
        sums[a, 3] = fourth


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
        self._fourth = np.zeros(streams)

    def update(self, samples: NDArray[np.complex64]) -> None:
        """Take the next samples, [..., n], into the averages."""
        n = samples.shape[-1]
        if not n:
            return
        for known in ("dc", "image", "_nothing"):
            self.__dict__.pop(known, None)
        keep = max(0.0, 1 - n / _MEMORY)
        self._count = keep * self._count + n
        sums = np.empty((self._power.size, 4), dtype=np.complex128)
        _moments(np.ascontiguousarray(samples).reshape(len(sums), n), sums)
        total, square, power, fourth = sums.T.reshape(4, *self._power.shape)
        self._sum = keep * self._sum + total
        self._square = keep * self._square + square
        self._power = keep * self._power + power.real
        self._fourth = keep * self._fourth + fourth.real

    @cached_property
    def dc(self) -> NDArray[np.complex128]:
        """Direct voltage; 0 where there is none to speak of."""
        if not self._count:
            return self._sum
        mean = self._sum / self._count
        power = self._power / self._count - np.abs(mean) ** 2
        return np.where(np.abs(mean) ** 2 > _SIGNIFICANT * power / self._count, mean, 0)

    @cached_property
    def image(self) -> NDArray[np.complex128]:
        """The w of y + w y*; 0 where the samples are as circular as can be expected."""
        if not self._count:
            return self._square
        mean = self._sum / self._count
        power = self._power / self._count - np.abs(mean) ** 2
        square = self._square / self._count - mean**2
        # By chance |sum of x^2|^2 is the sum of |x|^4: 2 n power^2 of steady noise, and more where
        # there is silence between bursts.
        by_chance = self._fourth / self._count**2
        believed = np.abs(square) ** 2 > _SIGNIFICANT * by_chance
        root = np.sqrt(np.maximum(power**2 - np.abs(square) ** 2, 0))
        # With one branch dead there is no circular signal to be had.
        return np.where(believed & (root > 0.1 * power), -square / (power + root + 1e-300), 0)

    @cached_property
    def _nothing(self) -> bool:
        """Whether there is nothing to correct."""
        return not self.dc.any() and not self.image.any()

    def correct(self, samples: NDArray[np.complex64]) -> NDArray[np.complex64]:
        """Samples without direct voltage and image; zeros, which are no samples, stay zeros."""
        if self._nothing:
            return samples
        dc, image = self.dc, self.image
        lost = samples == 0
        y = samples - dc[..., None].astype(np.complex64)
        if image.any():
            y = y + image[..., None].astype(np.complex64) * np.conj(y)
        y[lost] = 0
        return y
