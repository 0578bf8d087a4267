"""Filters that change slowly, and the sampling clock offset made of them."""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

_HALF_WIDTH, _BETA = 16, 8.0  # of the interpolating kernel, samples and shape
# How far the sampling time may move, in samples, between two kernels.
_KERNEL_STEP = 0.01


def sinc_kernel(
    times: NDArray[np.float64], half_width: int = _HALF_WIDTH, beta: float = _BETA
) -> NDArray[np.float64]:
    """Kaiser-windowed sinc at `times` in samples; 0 beyond `half_width`. Shape of `times`."""
    inside = np.maximum(0.0, 1 - (times / half_width) ** 2)
    window = np.where(inside > 0, np.i0(beta * np.sqrt(inside)) / np.i0(beta), 0.0)
    return np.sinc(times) * window


def filter_blocks(
    samples: NDArray[np.complex64],
    first: NDArray[np.int64],
    step: int,
    taps: NDArray[np.complexfloating] | NDArray[np.floating],
) -> NDArray[np.complex64]:
    """Blocks of `step` outputs of a filter whose taps move linearly within each block.

        out[k, i] = sum_l ((1 - w) taps[k, 0, l] + w taps[k, 1, l]) samples[first[k] + i + l],

    w = i / step.

    Args:
        samples: [n].
        first: first sample that each block reads, [blocks].
        step: outputs of a block.
        taps: at the beginning of each block and of the next one, [blocks, 2, L].

    Returns:
        [blocks * step].
    """
    length = taps.shape[-1]
    rows = samples[first[:, None] + np.arange(step + length - 1)]
    taps = taps.astype(np.complex64)
    if step > 2 * length:
        # Correlation by FFT: what wraps around lies beyond the outputs.
        n = scipy.fft.next_fast_len(step + length - 1)
        spectrum = scipy.fft.fft(rows, n)[:, None] * np.conj(scipy.fft.fft(np.conj(taps), n))
        begin, end = scipy.fft.ifft(spectrum, overwrite_x=True)[..., :step].swapaxes(0, 1)
    else:
        # Contiguous, or the product would not go through BLAS.
        windows = np.ascontiguousarray(sliding_window_view(rows, length, axis=1))
        begin, end = (windows @ taps.transpose(0, 2, 1)).transpose(2, 0, 1)
    weight = (np.arange(step) / step).astype(np.float32)
    return (begin + weight * (end - begin)).reshape(-1)


class Resampler:
    """A receiver whose sampling clock is off: sample n is the input at n (1 - e) - delay.

    Feed it with `process`; what comes out does not depend on how the stream is cut. It withholds
    the last `LATENCY` samples until their successors are there.

    Args:
        offset_ppm: e in ppm: the receiver's clock is this much faster than the transmitter's.
        delay: samples, need not be whole, not negative.
    """

    LATENCY = _HALF_WIDTH + 2

    def __init__(self, offset_ppm: float, delay: float = 0.0) -> None:
        self._pace = 1 - offset_ppm * 1e-6
        self._delay = float(delay)
        moves = max(abs(offset_ppm) * 1e-6, 1e-9)
        self._step = int(2 ** np.clip(np.floor(np.log2(_KERNEL_STEP / moves)), 2, 8))
        self._next = 0  # output
        self._origin = -(_HALF_WIDTH + 2 + int(np.ceil(self._delay)))  # input index of _buffer[0]
        self._buffer = np.zeros(-self._origin, dtype=np.complex64)

    def process(self, samples: NDArray[np.complex64]) -> NDArray[np.complex64]:
        """The next samples of the stream, [n], at the receiver's clock, [about n]."""
        self._buffer = np.concatenate([self._buffer, samples])
        end = self._origin + len(self._buffer)
        stop = int(np.floor((end - self.LATENCY + self._delay) / self._pace))
        if stop <= self._next:
            return np.zeros(0, dtype=np.complex64)
        step, block = self._step, self._next // self._step
        blocks = np.arange(block, (stop - 1) // step + 1)
        at = blocks * step * self._pace - self._delay
        base = np.floor(at).astype(np.int64)
        # Relative to the base that moves one input sample per output.
        edges = np.stack([at - base, at - base + step * (self._pace - 1)], axis=1)
        offsets = np.arange(-_HALF_WIDTH + 1, _HALF_WIDTH + 1)
        taps = sinc_kernel(edges[:, :, None] - offsets)
        first = base - _HALF_WIDTH + 1 - self._origin
        # The last block may reach beyond the input: those outputs are made the next time.
        padded = np.pad(self._buffer, (0, step + 2))
        out = filter_blocks(padded, first, step, taps)
        out = out[self._next - block * step : stop - block * step]
        self._next = stop
        keep = int(np.floor(stop // step * step * self._pace - self._delay)) - _HALF_WIDTH - 1
        self._buffer = self._buffer[keep - self._origin :].copy()
        self._origin = keep
        return out


def resample(
    samples: NDArray[np.complex64], offset_ppm: float, delay: float
) -> NDArray[np.complex64]:
    """Samples at times n (1 - offset_ppm 1e-6) - delay, to the end of the input, [about n]."""
    n_out = int(np.ceil((len(samples) + max(delay, 0.0)) * (1 + abs(offset_ppm) * 1e-6))) + 1
    resampler = Resampler(offset_ppm, delay)
    tail = np.zeros(n_out - len(samples) + 2 * Resampler.LATENCY, dtype=np.complex64)
    return resampler.process(np.concatenate([samples, tail]))[:n_out]
