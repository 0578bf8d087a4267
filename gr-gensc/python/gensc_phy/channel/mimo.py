"""Block-fading uplink: K transmit streams to A antennas."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gensc_phy.channel.impairments import complex_noise


def block_matrix(seed: int, block: int, antennas: int, users: int) -> NDArray[np.complex64]:
    """The channel matrix of a block: independent CN(0, 1) entries; [antennas, users]."""
    rng = np.random.default_rng((seed, 0x4B10, block))
    return complex_noise(antennas * users, 1.0, rng).reshape(antennas, users)


class MimoChannel:
    """y = H D x + n, sample by sample, with H constant within a block; feed it with `process`.

    What comes out does not depend on how the stream is cut into pieces.

    Args:
        users, antennas: K and A.
        snr_db: Es/N0 in each antenna of a user of unit energy and unit gain: noise of total
            variance 10^(-snr_db/10) per complex sample; inf adds none.
        matrix: fixed H [A, K]; None draws `block_matrix`.
        block_len: samples of a block; 0 keeps the first matrix for ever.
        gains_db: power of every user against the others; -inf is silent. [K]
        cfo: carrier offset of every user, cycles per sample. [K]
        seed: of matrices and noise.

    Raises:
        ValueError: shapes that do not fit, or a negative block length.
    """

    def __init__(
        self,
        users: int,
        antennas: int,
        *,
        snr_db: float = float("inf"),
        matrix: NDArray[np.complexfloating] | Sequence[Sequence[complex]] | None = None,
        block_len: int = 0,
        gains_db: Sequence[float] | None = None,
        cfo: Sequence[float] | None = None,
        seed: int = 1,
    ) -> None:
        if users < 1 or antennas < 1 or block_len < 0:
            raise ValueError("users and antennas must be positive, block_len not negative")
        self.users, self.antennas = users, antennas
        self.snr_db = float(snr_db)
        self.block_len = int(block_len)
        self.seed = int(seed)
        self._fixed = None if matrix is None else np.asarray(matrix, dtype=np.complex64)
        if self._fixed is not None and self._fixed.shape != (antennas, users):
            raise ValueError(f"matrix {self._fixed.shape}: must be {antennas} x {users}")
        self.set_gains_db([0.0] * users if gains_db is None else gains_db)
        self.set_cfo([0.0] * users if cfo is None else cfo)
        self._at = 0
        # One generator an antenna: their noise then does not depend on the pieces' lengths.
        self._noise = [np.random.default_rng((self.seed, 0xA27, a)) for a in range(antennas)]

    def set_gains_db(self, gains_db: Sequence[float]) -> None:
        """Power of every user, from now on."""
        if len(gains_db) != self.users:
            raise ValueError(f"{len(gains_db)} gains for {self.users} users")
        self.gains_db = [float(g) for g in gains_db]

    def set_cfo(self, cfo: Sequence[float]) -> None:
        """Carrier offset of every user, cycles per sample, from now on."""
        if len(cfo) != self.users:
            raise ValueError(f"{len(cfo)} carrier offsets for {self.users} users")
        self.cfo = [float(f) for f in cfo]

    def matrix(self, at: int) -> NDArray[np.complex64]:
        """H with the users' gains at sample `at`; [antennas, users]."""
        block = at // self.block_len if self.block_len else 0
        h = self._fixed
        if h is None:
            h = block_matrix(self.seed, block, self.antennas, self.users)
        return (h * 10 ** (np.array(self.gains_db) / 20)).astype(np.complex64)

    def process(self, samples: NDArray[np.complex64]) -> NDArray[np.complex64]:
        """The next samples of all users, [users, n], as the antennas hear them, [antennas, n]."""
        n = samples.shape[-1]
        out = np.empty((self.antennas, n), dtype=np.complex64)
        if any(self.cfo):
            turn = 2j * np.pi * np.outer(self.cfo, np.arange(self._at, self._at + n))
            samples = samples * np.exp(turn).astype(np.complex64)
        done = 0
        while done < n:
            at = self._at + done
            left = self.block_len - at % self.block_len if self.block_len else n
            stop = min(n, done + left)
            out[:, done:stop] = self.matrix(at) @ samples[:, done:stop]
            done = stop
        self._at += n
        if np.isfinite(self.snr_db):
            variance = 10 ** (-self.snr_db / 10)
            for antenna, rng in zip(out, self._noise, strict=True):
                antenna += complex_noise(n, variance, rng)
        return out
