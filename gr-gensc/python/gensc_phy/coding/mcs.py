"""Modulation and coding schemes for bit and text sections, and the choice among them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Mcs:
    """One modulation and coding scheme.

    Attributes:
        index: position in `MCS_TABLE`; what a burst header carries.
        bits_per_symbol: 2, 4, 6 or 8 (QPSK to 256-QAM).
        code_rate: rate of the LDPC code, "1/2", "2/3", "3/4" or "5/6".
        threshold_db: Es/N0 in dB at which a 1944-bit codeword fails once in a hundred on AWGN,
            measured by `mcs_threshold.measure_threshold`.
        repetition: how often every symbol is sent.
    """

    index: int
    bits_per_symbol: int
    code_rate: str
    threshold_db: float
    repetition: int = 1

    @property
    def efficiency(self) -> float:
        """Information bits per complex channel symbol of full codewords."""
        return float(self.bits_per_symbol * Fraction(self.code_rate) / self.repetition)

    @property
    def name(self) -> str:
        """For people, e.g. "16-QAM 1/2" or "QPSK 1/2 x2"."""
        points = 1 << self.bits_per_symbol
        modulation = "QPSK" if points == 4 else f"{points}-QAM"
        repeat = f" x{self.repetition}" if self.repetition > 1 else ""
        return f"{modulation} {self.code_rate}{repeat}"


MCS_TABLE: tuple[Mcs, ...] = (
    Mcs(0, 2, "1/2", -1.5, repetition=2),
    Mcs(1, 2, "1/2", 1.5),
    Mcs(2, 2, "3/4", 4.5),
    Mcs(3, 4, "1/2", 6.8),
    Mcs(4, 4, "3/4", 10.6),
    Mcs(5, 6, "2/3", 14.4),
    Mcs(6, 6, "3/4", 15.9),
    Mcs(7, 6, "5/6", 17.6),
    Mcs(8, 8, "3/4", 21.1),
    Mcs(9, 8, "5/6", 23.0),
)
"""All schemes, slowest and most robust first; efficiency and threshold rise together."""


def choose_mcs(snr_db: float, margin_db: float = 0.0) -> Mcs:
    """The fastest scheme whose threshold lies at least `margin_db` below `snr_db` (Es/N0).

    Where none does, or the SNR is NaN, the most robust one.
    """
    fitting = [mcs for mcs in MCS_TABLE if mcs.threshold_db + margin_db <= snr_db]
    return max(fitting, key=lambda mcs: mcs.efficiency, default=MCS_TABLE[0])
