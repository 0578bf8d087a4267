"""Time-varying multipath: a tapped delay line with Jakes' Doppler spectrum."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gensc_phy.channel.delay_profiles import DelayProfile
from gensc_phy.channel.sampling import filter_blocks, sinc_kernel

_SINUSOIDS = 32  # of each path
_HALF_WIDTH, _BETA = 12, 6.0  # of the kernel that places a path between samples
# How far the Doppler phase may move between two sets of taps, rad: 3e-4 of error, -70 dB.
_PHASE_STEP = 0.05
_GRID = 64  # sets of taps whose phasors are tabulated


class PathGains:
    """Gains of Rayleigh paths at any time, as sums of sinusoids.

    Path p is sqrt(power_p / N) sum_n exp(j (2 pi f_D cos(a_n) t + b_n)) with a_n uniform in the
    n-th of N equal sectors and b_n uniform: over the seeds its autocorrelation is exactly
    power_p J0(2 pi f_D t) (Clarke's scatterers; cf. Zheng and Xiao, 2003).

    Args:
        powers: mean power of each path, [paths].
        doppler_hz: maximum Doppler shift f_D; 0 gives gains that do not change.
        rng: of angles and phases.
        rice_k: power of a steady part of the first path over its scattered one.
    """

    def __init__(
        self,
        powers: NDArray[np.float64],
        doppler_hz: float,
        rng: np.random.Generator,
        rice_k: float = 0.0,
    ) -> None:
        shape = (len(powers), _SINUSOIDS)
        angles = 2 * np.pi * (np.arange(_SINUSOIDS) + rng.random(shape)) / _SINUSOIDS
        #: angular frequency of every sinusoid, rad/s; [paths, sinusoids].
        self.omega = 2 * np.pi * doppler_hz * np.cos(angles)
        scattered = np.asarray(powers, dtype=np.float64).copy()
        scattered[0] /= 1 + rice_k
        amplitude = np.sqrt(scattered / _SINUSOIDS)[:, None]
        self._start = amplitude * np.exp(2j * np.pi * rng.random(shape))
        steady = np.sqrt(powers[0] * rice_k / (1 + rice_k))
        self._steady = steady * np.exp(2j * np.pi * rng.random())

    def at(self, start_s: float, spacing_s: float, count: int) -> NDArray[np.complex128]:
        """Gains at start_s + k spacing_s, k < count; [count, paths]."""
        turned = self._start * np.exp(1j * self.omega * start_s)
        out = np.empty((count, len(self.omega)), dtype=np.complex128)
        table = np.exp(1j * self.omega[..., None] * spacing_s * np.arange(min(count, _GRID)))
        leap = np.exp(1j * self.omega * spacing_s * _GRID)
        for k in range(0, count, _GRID):
            here = min(_GRID, count - k)
            out[k : k + here] = np.einsum("pn,pnk->kp", turned, table[..., :here], optimize=True)
            turned *= leap
        out[:, 0] += self._steady
        return out


class FadingChannel:
    """Sends a stream through paths whose gains vary in time; feed it with `process`.

    Mean power gain is 1 over the seeds. What comes out does not depend on how the stream is cut.
    The first path comes `LATENCY` samples late.

    Args:
        profile: delays and powers of the paths.
        doppler_hz: maximum Doppler shift; 0: taps that stay as the seed draws them.
        sample_rate: samples per second.
        rng: of the gains.
        rice_k: power of a steady part of the first path over its scattered one.
    """

    LATENCY = _HALF_WIDTH - 1

    def __init__(
        self,
        profile: DelayProfile,
        doppler_hz: float,
        sample_rate: float,
        rng: np.random.Generator,
        rice_k: float = 0.0,
    ) -> None:
        self.gains = PathGains(profile.powers, doppler_hz, rng, rice_k)
        self._sample_rate = float(sample_rate)
        delays = profile.delays_s * sample_rate
        length = 2 * _HALF_WIDTH + int(np.ceil(delays.max()))
        times = np.arange(length) - self.LATENCY - delays[:, None]
        #: impulse response of every path of gain 1, [paths, taps].
        self.kernels = sinc_kernel(times, _HALF_WIDTH, _BETA)
        moves = max(2 * np.pi * doppler_hz / sample_rate, 1e-9)
        self._step = int(2 ** np.clip(np.floor(np.log2(_PHASE_STEP / moves)), 2, 8))
        self._history = np.zeros(length - 1, dtype=np.complex64)
        self._at = 0

    def taps(self, block: int, count: int) -> NDArray[np.complex64]:
        """Impulse responses at the beginning of `count` blocks from `block` on; [count, taps]."""
        spacing = self._step / self._sample_rate
        gains = self.gains.at(block * spacing, spacing, count)
        return (gains @ self.kernels).astype(np.complex64)

    def process(self, samples: NDArray[np.complex64]) -> NDArray[np.complex64]:
        """The next samples of the stream, [n], as the receiver hears them, [n]."""
        n, step = len(samples), self._step
        if not n:
            return samples
        block, skip = divmod(self._at, step)
        count = (self._at + n - 1) // step - block + 1
        taps = self.taps(block, count + 1)[:, ::-1]
        stream = np.concatenate([self._history, samples])
        padded = np.pad(stream, (skip, count * step - skip - n))
        first = np.arange(count) * step
        out = filter_blocks(padded, first, step, np.stack([taps[:-1], taps[1:]], axis=1))
        self._history = stream[n:].copy()
        self._at += n
        return out[skip : skip + n]
