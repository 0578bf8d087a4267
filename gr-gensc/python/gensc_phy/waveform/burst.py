"""Burst modulator: header and payload symbols to complex samples."""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from gensc_phy.waveform.config import WaveformConfig
from gensc_phy.waveform.header import Header
from gensc_phy.waveform.header_code import encode_header
from gensc_phy.waveform.sequences import (
    COVERS,
    ce_carriers,
    pilots,
    preamble_sequence,
    qpsk_sequence,
    to_time,
)


def papr_db(samples: NDArray[np.complexfloating]) -> float:
    """Peak-to-average power ratio in dB; -inf for silence."""
    power = np.abs(samples) ** 2
    mean = float(power.mean()) if power.size else 0.0
    return float(10 * np.log10(power.max() / mean)) if mean > 0 else float("-inf")


def clip_envelope(
    samples: NDArray[np.complexfloating], clip_db: float
) -> NDArray[np.complexfloating]:
    """Limit the envelope to `clip_db` above the rms, phase kept."""
    limit = np.sqrt(np.mean(np.abs(samples) ** 2)) * 10 ** (clip_db / 20)
    return samples * np.minimum(1.0, limit / np.maximum(np.abs(samples), 1e-12))


class BurstModulator:
    """Turns (header, payload symbols) into one burst of samples.

    Scaling: the FFT is unitary and data carriers have unit mean energy, so complex noise of total
    variance 10^(-snr_db/10) per sample gives every payload symbol Es/N0 = snr_db. Preamble and
    channel-estimation symbols have unit mean power in time.
    """

    def __init__(self, cfg: WaveformConfig | None = None) -> None:
        self.cfg = cfg or WaveformConfig()
        c = self.cfg
        p = preamble_sequence(c)
        repeats = np.concatenate([sign * p for sign in COVERS[c.preamble_repeats][c.cover]])
        ce = to_time(ce_carriers(c)[None, :].repeat(c.ce_symbols, axis=0), c)
        self._training = np.concatenate([p[-c.cp_len :], repeats, self._with_cp(ce).ravel()])
        self._training = self._training.astype(np.complex64)
        self._pilots = pilots(c)
        self._filler = qpsk_sequence(c.n_data, 0xF111)
        # FFT bins of every header and payload symbol.
        self._data_bins = c.carriers[c.scattered_data]
        self._pilot_bins = c.carriers[c.scattered_pilots]

    def _with_cp(self, symbols: NDArray[np.complexfloating]) -> NDArray[np.complexfloating]:
        return np.concatenate([symbols[:, -self.cfg.cp_len :], symbols], axis=1)

    def _header(self, header: Header) -> NDArray[np.complex64]:
        return encode_header(header, self.cfg)

    def modulate(self, header: Header, symbols: NDArray[np.complex64]) -> NDArray[np.complex64]:
        """One burst, without the gap.

        Args:
            header: of the burst.
            symbols: payload, [header.length], at most cfg.max_payload.

        Returns:
            [cfg.burst_len(n)] complex samples.

        Raises:
            ValueError: too many symbols, or not as many as the header says.
        """
        c = self.cfg
        n = len(symbols)
        if n > c.max_payload:
            raise ValueError(f"{n} payload symbols: a burst holds {c.max_payload}")
        if n != header.length:
            raise ValueError(f"{n} payload symbols, the header says {header.length}")
        n_ofdm = c.payload_ofdm_symbols(n)
        payload = np.empty(n_ofdm * c.n_data, dtype=np.complex64)
        payload[:n] = symbols
        # Known filler instead of silence keeps the power of the last OFDM symbol level.
        payload[n:] = self._filler[: payload.size - n]
        payload = payload.reshape(n_ofdm, c.n_data)
        if c.precode:
            payload = scipy.fft.fft(payload, axis=1, norm="ortho")
        grid = np.zeros((c.header_symbols + n_ofdm, c.fft_size), dtype=np.complex64)
        rows = np.arange(len(grid))[:, None]
        data = np.concatenate([self._header(header), payload])
        grid[rows, self._data_bins[: len(grid)]] = data
        grid[rows, self._pilot_bins[: len(grid)]] = self._pilots[: len(grid)]
        samples = self._with_cp(scipy.fft.ifft(grid, norm="ortho", overwrite_x=True)).ravel()
        if c.clip_db is not None:
            samples = clip_envelope(samples, c.clip_db)
        return np.concatenate([self._training, samples])
