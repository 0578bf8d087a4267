"""Inner loops from the samples of a burst to the first look at its header, compiled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gensc_phy.compiled import compiled
from gensc_phy.waveform.tracking import periodogram_peak


@compiled("void(complex64[:, ::1], float64, int64, complex64[:, :, ::1])")
def windows(x: NDArray[np.complex64], cfo: float, late: int, out: NDArray[np.complex64]) -> None:
    """The transform's windows of successive symbols without a carrier offset.

    Args:
        x: samples from the first window on, [antennas, symbols * symbol_len].
        cfo: the offset, cycles per sample.
        late: samples from where its phase is 0 to the first window.
        out: comes out, [antennas, symbols, fft_size].
    """
    antennas, count, n = out.shape
    length = x.shape[1] // max(count, 1)
    within = np.empty(n, dtype=np.complex64)
    for i in range(n):
        within[i] = np.exp(-2j * np.pi * cfo * i)
    for m in range(count):
        between = np.complex64(np.exp(-2j * np.pi * cfo * (late + m * length)))
        for a in range(antennas):
            for i in range(n):
                out[a, m, i] = x[a, m * length + i] * (within[i] * between)


@compiled(
    "UniTuple(float64, 3)(complex64[:, ::1], complex64[:, ::1], complex64[:, ::1], int64, "
    "complex64[::1])"
)
def smooth(
    received: NDArray[np.complex64],
    template: NDArray[np.complex64],
    projection: NDArray[np.complex64],
    n_train: int,
    h: NDArray[np.complex64],
) -> tuple[float, float, float]:
    """Channel of the training symbols, without the turn from symbol to symbol that all show.

    Args:
        received: carriers, [symbols, occupied]; the turn is taken out of them.
        template: what is known of them, 0 elsewhere.
        projection: onto short channels, [occupied, occupied].
        n_train: training symbols, the first ones; known altogether, and alike.
        h: comes out, [occupied].

    Returns:
        The turn, rad; energy of the training symbols that h explains, and that it does not.
    """
    count, occupied = received.shape
    raw = np.zeros(occupied, dtype=np.complex64)
    for k in range(occupied):
        for m in range(n_train):
            raw[k] += received[m, k]
        raw[k] /= n_train * template[0, k]
    h[:] = 0
    for k in range(occupied):
        for other in range(occupied):
            h[k] += projection[k, other] * raw[other]
    gains = np.zeros(count, dtype=np.complex64)
    for m in range(count):
        for k in range(occupied):
            x = template[m, k]
            if x != 0:
                gains[m] += received[m, k] * np.conj(x * h[k])
    spin = periodogram_peak(gains, 1.0)
    # The training symbols, whose mean h is, are centred at symbol (n_train - 1) / 2.
    back = np.complex64(np.exp(-0.5j * spin * (n_train - 1)))
    explained, left = 0.0, 0.0
    for k in range(occupied):
        h[k] *= back
        x = template[0, k] * h[k]
        explained += n_train * (x.real * x.real + x.imag * x.imag)
    for m in range(count):
        turn = np.complex64(np.exp(-1j * spin * m))
        for k in range(occupied):
            received[m, k] *= turn
            if m < n_train:
                error = received[m, k] - template[0, k] * h[k]
                left += error.real * error.real + error.imag * error.imag
    return spin, explained, left


@compiled(
    "void(complex64[:, ::1], complex64[::1], int64, complex64[:, ::1], int64[:, ::1], "
    "complex64[:, ::1])"
)
def match(
    received: NDArray[np.complex64],
    h: NDArray[np.complex64],
    first: int,
    template: NDArray[np.complex64],
    data: NDArray[np.int64],
    symbols: NDArray[np.complex64],
) -> None:
    """The header's data carriers times h*, with the phase of every symbol as its pilots have it.

    Args:
        received, template: as of `smooth`.
        h: channel, [occupied].
        first: first symbol of the header.
        data: positions of its data carriers, [header_symbols, n_data].
        symbols: comes out, [header_symbols, n_data].
    """
    for m in range(data.shape[0]):
        phase = np.complex64(0)
        for k in range(h.size):
            x = template[first + m, k]
            if x != 0:
                phase += received[first + m, k] * np.conj(x * h[k])
        for i in range(data.shape[1]):
            k = data[m, i]
            symbols[m, i] = received[first + m, k] * np.conj(h[k] * phase)


@compiled("void(complex64[:, ::1], complex64[:, ::1], complex64[:, ::1], complex64[:, ::1])")
def decide(
    received: NDArray[np.complex64],
    h: NDArray[np.complex64],
    template: NDArray[np.complex64],
    sent: NDArray[np.complex64],
) -> None:
    """What is known, and the QPSK symbols that the rest looks like, into `sent`."""
    side = np.float32(np.sqrt(0.5))
    for m in range(sent.shape[0]):
        for k in range(sent.shape[1]):
            sent[m, k] = template[m, k]
            if sent[m, k] == 0:
                z = received[m, k] * np.conj(h[m, k])
                sent[m, k] = complex(side if z.real > 0 else -side, side if z.imag > 0 else -side)
