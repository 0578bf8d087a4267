"""Modulation and coding schemes for bit and text sections, and the choice among them."""

from __future__ import annotations

import csv
import math
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from gensc_phy.coding.ldpc.rate_matching import longest_block

TABLE_FILE = Path(__file__).with_name("mcs.csv")
"""The schemes and their thresholds, as `python -m gensc_phy.coding.mcs_threshold` writes it."""


_DENSE = {2: 1.0, 4: 1.0, 6: 1.15, 8: 1.35, 10: 2.0}
"""What short blocks lose more in dense constellations, by bits per symbol: few symbols carry them,
and the noise has little to average over. Measured with captions of 12 and 50 bytes."""


@dataclass(frozen=True)
class Mcs:
    """One modulation and coding scheme.

    Attributes:
        index: position in `MCS_TABLE`; what a burst header carries.
        bits_per_symbol: 2, 4, 6, 8 or 10 (QPSK to 1024-QAM).
        code_rate: information bits per coded bit of the longest blocks.
        threshold_db: Es/N0 in dB at which a block fails once in a hundred on AWGN, measured by
            `mcs_threshold.measure_threshold` for the longest block; shorter ones get as much
            more redundancy as they need for the same (`coded_bits`).
    """

    index: int
    bits_per_symbol: int
    code_rate: float
    threshold_db: float

    @cached_property
    def efficiency(self) -> float:
        """Information bits per complex channel symbol of the longest blocks."""
        return self.bits_per_symbol * self.code_rate

    @property
    def name(self) -> str:
        """For people, e.g. "16-QAM 0.500"."""
        points = 1 << self.bits_per_symbol
        modulation = "QPSK" if points == 4 else f"{points}-QAM"
        return f"{modulation} {self.code_rate:.3f}"

    def symbols(self, information_bits: int) -> int:
        """Channel symbols of one code block.

        A block of k bits needs `short_block_loss_db(k)` more than an endless one at the same rate.
        Here the rate pays for what that is beyond the longest block's loss: by that many dB times
        the slope of the rate over the SNR, taken from the capacity of a channel that carries
        1 / 0.87 of the scheme's efficiency.
        """
        snr = 2.0 ** (self.efficiency / 0.87) - 1.0
        slope = 0.87 * math.log2(10.0) / 10.0 * snr / (1.0 + snr)
        longest = longest_block(self.code_rate)
        loss = short_block_loss_db(information_bits) - short_block_loss_db(longest)
        loss *= _DENSE[self.bits_per_symbol]
        return math.ceil(information_bits / (self.efficiency - slope * loss))


def short_block_loss_db(information_bits: int) -> float:
    """SNR in dB that a code block of finite length needs beyond a very long one.

    Fitted to base graphs 1 and 2 at BLER 1e-2, 64 to 8448 bits, rates 1/5 to 0.92: the inverse root
    is that of Polyanskiy, Poor and Verdu's normal approximation.
    """
    return 24.0 / math.sqrt(information_bits + 30.0)


def _read_table() -> tuple[Mcs, ...]:
    with TABLE_FILE.open(newline="") as file:
        return tuple(
            Mcs(
                index=int(row["index"]),
                bits_per_symbol=int(row["bits_per_symbol"]),
                code_rate=float(row["code_rate"]),
                threshold_db=float(row["threshold_db"]),
            )
            for row in csv.DictReader(file)
        )


MCS_TABLE: tuple[Mcs, ...] = _read_table()
"""All schemes, slowest and most robust first; efficiency and threshold rise together."""


def choose_mcs(snr_db: float, margin_db: float = 0.0) -> Mcs:
    """The fastest scheme whose threshold lies at least `margin_db` below `snr_db` (Es/N0).

    Where none does, or the SNR is NaN, the most robust one.
    """
    if math.isnan(snr_db):
        return MCS_TABLE[0]
    fitting = bisect_right(MCS_TABLE, snr_db, key=lambda mcs: mcs.threshold_db + margin_db)
    return MCS_TABLE[max(fitting - 1, 0)]


ROBUST_MCS = choose_mcs(-1.5)
"""Half a bit per symbol: for what is short and must arrive. Where even less SNR is to be expected,
sending twice, some time apart, is worth more than a lower rate."""


def nearest_mcs(bits_per_symbol: int, code_rate: float) -> Mcs:
    """The scheme of this constellation whose code rate lies nearest.

    Raises:
        ValueError: no scheme has this constellation.
    """
    alike = [mcs for mcs in MCS_TABLE if mcs.bits_per_symbol == bits_per_symbol]
    if not alike:
        raise ValueError(f"no scheme of {bits_per_symbol} bits per symbol")
    return min(alike, key=lambda mcs: abs(mcs.code_rate - code_rate))
