"""Impulse blanking: samples that stand far above their neighbourhood are taken out.

An impulse of one sample is spread over a whole OFDM symbol by its transform, the gap it leaves
only by its share of the samples (Zhidkov, "Performance analysis and optimization of OFDM receiver
with blanking nonlinearity in impulsive noise environment", 2006). The neighbourhood's level is a
median, so that a spike of any size does not move it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gensc_phy.compiled import compiled

_BLOCK = 64
# Power over the neighbourhood's mean that no Gaussian signal reaches: once in 10^7 samples.
_LIMIT = 16.0
# Peak over the mean of the others in a block that makes it worth a look.
_SUSPICIOUS = 8.0


@compiled("int64(complex64[:, ::1], boolean[::1])")
def _suspect(rows: NDArray[np.complex64], suspects: NDArray[np.bool_]) -> int:
    """Which blocks have a peak that is worth a look, into `suspects`; how many."""
    number = 0
    for at in range(len(rows)):
        peak, total = np.float32(0), np.float32(0)
        for i in range(rows.shape[1]):
            power = rows[at, i].real * rows[at, i].real + rows[at, i].imag * rows[at, i].imag
            total += power
            peak = max(peak, power)
        suspects[at] = peak > _SUSPICIOUS * (total - peak) / (rows.shape[1] - 1)
        number += suspects[at]
    return number


class Blanker:
    """Sets spikes of a stream to 0; feed it with `process`, end with `flush`.

    A block is judged with the blocks before and after it: where a burst begins, the silence is
    no measure. What comes out is up to two blocks late, and does not depend on how the stream is
    cut into pieces.

    Attributes:
        blanked: samples set to 0 so far.
    """

    def __init__(self, streams: tuple[int, ...] = ()) -> None:
        self.blanked = 0
        self._streams = streams
        # The block before, and what has not been judged yet.
        self._held = np.zeros((*streams, 0), dtype=np.complex64)
        self._has_before = False

    def process(self, samples: NDArray[np.complex64]) -> NDArray[np.complex64]:
        """The next samples, [..., n], as far as they can be judged."""
        x = np.concatenate([self._held, samples], axis=-1)
        first = _BLOCK if self._has_before else 0
        blocks = x.shape[-1] // _BLOCK
        # The last whole block waits for the one after it.
        last = (blocks - 1) * _BLOCK
        if last <= first:
            self._held = x
            return x[..., :0]
        judged = self._judge(x[..., : blocks * _BLOCK], first, last)
        self._held = x[..., last - _BLOCK :].copy()
        self._held[..., :_BLOCK] = judged[..., last - _BLOCK : last]
        self._has_before = True
        return judged[..., first:last]

    def flush(self) -> NDArray[np.complex64]:
        """The rest of the stream."""
        first = _BLOCK if self._has_before else 0
        x, self._has_before = self._held, False
        self._held = x[..., :0].copy()
        whole = x.shape[-1] // _BLOCK * _BLOCK
        judged = self._judge(x[..., :whole], first, whole) if whole else x[..., :0]
        return np.concatenate([judged, x[..., whole:]], axis=-1)[..., first:]

    def _judge(self, x: NDArray[np.complex64], first: int, last: int) -> NDArray[np.complex64]:
        """The blocks without their spikes; counted are those of samples first … last - 1."""
        rows = np.ascontiguousarray(x).reshape(*self._streams, -1, _BLOCK)
        suspects = np.empty(rows.shape[:-1], dtype=np.bool_)
        if not _suspect(rows.reshape(-1, _BLOCK), suspects.reshape(-1)):
            return x
        power = rows.real**2 + rows.imag**2
        # Levels of the suspects and their neighbours; of exponential powers the median is ln 2.
        near = suspects.copy()
        near[..., 1:] |= suspects[..., :-1]
        near[..., :-1] |= suspects[..., 1:]
        level = np.zeros(near.shape, dtype=np.float32)
        level[near] = np.partition(power[near], _BLOCK // 2, axis=-1)[:, _BLOCK // 2] / np.log(2)
        around = level.copy()
        np.maximum(around[..., 1:], level[..., :-1], out=around[..., 1:])
        np.maximum(around[..., :-1], level[..., 1:], out=around[..., :-1])
        spikes = (power > _LIMIT * around[..., None]) & suspects[..., None]
        # In digital silence everything is a spike.
        spikes &= (around > 0)[..., None]
        if not spikes.any():
            return x
        counted = spikes[..., first // _BLOCK : last // _BLOCK, :]
        self.blanked += int(counted.sum())
        return np.where(spikes, np.complex64(0), rows).reshape(x.shape)
