"""The numbers that define the burst waveform."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

HEADER_SIZES = (16, 8, 4)
"""OFDM symbols a header may have; the preamble's cover code of that number says which."""

# Complex symbols that the coded header needs at least.
_LEAST_HEADER = 150


def header_symbols_for(snr_db: float | None) -> int:
    """OFDM symbols of a header that is safer than a payload at that Es/N0; None knows none.

    In white noise they are read at about -4, -1 and 2.5 dB: the rest is for fading.
    """
    if snr_db is None or snr_db < 5:
        return HEADER_SIZES[0]
    return HEADER_SIZES[1] if snr_db < 9 else HEADER_SIZES[2]


@dataclass(frozen=True)
class WaveformConfig:
    """Everything transmitter and receiver must agree on, and the receiver's own settings.

    A burst is::

        | CP | p p p p | CE CE | header … | payload … |

    with `preamble_repeats` copies of one `fft_size` long sequence p (signs from a cover code),
    `ce_symbols` channel-estimation OFDM symbols, `header_symbols` QPSK OFDM symbols and up to
    `max_payload_symbols` payload OFDM symbols.

    Attributes:
        fft_size: OFDM FFT length, samples.
        cp_len: cyclic prefix, samples; also the longest channel the estimator represents.
        occupied: carriers in use, pilots included, symmetric around an empty DC.
        n_pilots: pilot carriers of each header and payload symbol.
        sample_rate: complex samples per second.
        preamble_repeats: copies of the preamble sequence (4).
        ce_symbols: channel-estimation symbols (>= 2: their difference is noise).
        header_symbols: OFDM symbols the coded header is spread over, 16, 8 or 4. The preamble
            says how many there are, and a receiver takes them all.
        max_payload_symbols: payload OFDM symbols of the longest burst.
        gap: silent samples after each burst.
        precode: spread payload symbols over the data carriers by a unitary DFT.
        clip_db: clip the payload's envelope this many dB above its rms; None leaves it alone.
        cfo_range: largest carrier offset accepted, in subcarriers; its size costs nothing. Two
            radios of 20 ppm at 2.45 GHz are up to 6.3 apart at 1 Msps.
        threshold: normalised metric of the preamble's repetition above which the sequence itself
            is looked for, 0…1 (1 is a noiseless match).
        tracking_symbols: time constant of the multi-user receiver's pilot tracking, OFDM symbols.
    """

    fft_size: int = 64
    cp_len: int = 16
    occupied: int = 52
    n_pilots: int = 4
    sample_rate: float = 1e6
    preamble_repeats: int = 4
    ce_symbols: int = 2
    header_symbols: int = 16
    max_payload_symbols: int = 80
    gap: int = 80
    precode: bool = False
    clip_db: float | None = None
    cfo_range: float = 7.5
    threshold: float = 0.25
    tracking_symbols: float = 6.0

    def __post_init__(self) -> None:
        """Refuse numbers that cannot make a waveform, by name."""
        if self.fft_size < 16 or self.fft_size % 2:
            raise ValueError(f"fft_size {self.fft_size}: must be even and at least 16")
        if not 2 <= self.cp_len < self.fft_size:
            raise ValueError(f"cp_len {self.cp_len}: must be 2 … fft_size - 1")
        if self.occupied % 2 or not 8 <= self.occupied <= self.fft_size - 2:
            raise ValueError(f"occupied {self.occupied}: must be even and 8 … fft_size - 2")
        if self.cp_len > self.occupied // 2:
            raise ValueError(f"cp_len {self.cp_len}: too long for {self.occupied} carriers")
        if not 2 <= self.n_pilots <= self.occupied // 2:
            raise ValueError(f"n_pilots {self.n_pilots}: must be 2 … occupied / 2")
        if self.preamble_repeats not in (4, 5, 6):
            raise ValueError(f"preamble_repeats {self.preamble_repeats}: must be 4 … 6")
        if not 0 < self.cfo_range <= self.fft_size / 2 - 1:
            raise ValueError(f"cfo_range {self.cfo_range}: must be within fft_size / 2 - 1")
        if self.ce_symbols < 2:
            raise ValueError(f"ce_symbols {self.ce_symbols}: must be at least 2")
        if self.max_payload_symbols < 1 or self.max_payload_symbols * self.n_data > 0xFFFF:
            raise ValueError(
                f"max_payload_symbols {self.max_payload_symbols}: a burst holds 1 … 65535 symbols"
            )
        if self.header_symbols not in HEADER_SIZES:
            raise ValueError(f"header_symbols {self.header_symbols}: must be 16, 8 or 4")
        if self.header_symbols * self.n_data < _LEAST_HEADER:
            raise ValueError(f"header_symbols {self.header_symbols}: the header does not fit")
        if self.gap < 0 or self.sample_rate <= 0 or not 0 < self.threshold < 1:
            raise ValueError("gap, sample_rate and threshold must be positive, threshold below 1")

    @cached_property
    def carriers(self) -> NDArray[np.int64]:
        """Signed indices of the occupied carriers, ascending, DC left out; [occupied]."""
        half = self.occupied // 2
        return np.concatenate([np.arange(-half, 0), np.arange(1, half + 1)])

    @cached_property
    def pilot_positions(self) -> NDArray[np.int64]:
        """Positions within `carriers` of pilots that stand still, evenly spread; [n_pilots]."""
        step = self.occupied / self.n_pilots
        return np.floor((np.arange(self.n_pilots) + 0.5) * step).astype(np.int64)

    @cached_property
    def data_positions(self) -> NDArray[np.int64]:
        """Positions of the data carriers beside them; [n_data]."""
        return np.setdiff1d(np.arange(self.occupied), self.pilot_positions)

    @cached_property
    def scattered_pilots(self) -> NDArray[np.int64]:
        """Positions within `carriers` of the pilots of every header and payload symbol.

        They move from symbol to symbol, by steps that bring them to every carrier and make any
        few neighbouring symbols sample the band evenly; [header + max payload, n_pilots].
        """
        m = np.arange(self.header_symbols + self.max_payload_symbols)
        spacing = self.occupied // self.n_pilots
        # The golden section's share of the spacing; without a common divisor.
        step = next(k for k in range(round(0.382 * spacing), 0, -1) if np.gcd(k, spacing) == 1)
        first = np.arange(self.n_pilots) * self.occupied // self.n_pilots
        return first + (m * step % spacing)[:, None]

    @cached_property
    def scattered_data(self) -> NDArray[np.int64]:
        """Positions of the data carriers beside them, [header + max payload, n_data]."""
        pilots = self.scattered_pilots
        free = np.ones((len(pilots), self.occupied), dtype=bool)
        np.put_along_axis(free, pilots, False, axis=1)
        return np.ascontiguousarray(np.nonzero(free)[1]).reshape(len(pilots), self.n_data)

    @property
    def n_data(self) -> int:
        """Data carriers per OFDM symbol."""
        return self.occupied - self.n_pilots

    @property
    def symbol_len(self) -> int:
        """Samples of one OFDM symbol with its cyclic prefix."""
        return self.fft_size + self.cp_len

    @property
    def subcarrier_hz(self) -> float:
        """Carrier spacing in Hz."""
        return self.sample_rate / self.fft_size

    @property
    def preamble_len(self) -> int:
        """Samples of the preamble with its cyclic prefix."""
        return self.cp_len + self.preamble_repeats * self.fft_size

    @property
    def cover(self) -> int:
        """Which cover code the preamble has."""
        return HEADER_SIZES.index(self.header_symbols)

    @property
    def overhead_symbols(self) -> int:
        """OFDM symbols of training and header in each burst."""
        return self.ce_symbols + self.header_symbols

    @property
    def max_payload(self) -> int:
        """Payload complex symbols of the longest burst."""
        return self.max_payload_symbols * self.n_data

    def payload_ofdm_symbols(self, n_symbols: int) -> int:
        """OFDM symbols that carry `n_symbols` payload symbols."""
        return -(-n_symbols // self.n_data)

    def burst_len(self, n_symbols: int) -> int:
        """Samples of a burst with `n_symbols` payload symbols, gap left out."""
        ofdm = self.overhead_symbols + self.payload_ofdm_symbols(n_symbols)
        return self.preamble_len + ofdm * self.symbol_len

    def overhead(self, n_symbols: int) -> int:
        """Air overhead of such a burst in complex samples' worth of data-carrier symbols.

        Everything that is not payload (preamble, training, header, pilots, fill), counted as
        resource elements: occupied carriers of every OFDM symbol, and the preamble's samples
        scaled by the same carriers-per-sample ratio.
        """
        elements = self.burst_len(n_symbols) * self.occupied / self.symbol_len
        return round(elements) - n_symbols
