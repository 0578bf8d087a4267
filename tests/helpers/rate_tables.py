"""A small rate table for the tests of what walks on one."""

from __future__ import annotations

from gensc_phy.adaptation.rate_table import Choice, RateTable
from gensc_phy.coding.mcs import choose_mcs


def table(
    first_db: int = -1,
    last_db: int = 20,
    transport: str = "burst",
    t_max_s: float = 0.02,
    budget_bits: float | None = None,
) -> RateTable:
    """One row per dB: MCS by the SNR, finer operating points and lower thresholds upwards.

    The budgets rise too, unless one is given.
    """
    rows = range(first_db, last_db + 1)
    return RateTable(
        transport=transport,
        t_max_s=t_max_s,
        bandwidth_hz=1e6,
        mask_psnr_floor_db=30.0,
        alpha_max=0.8,
        solver="search",
        source="made up",
        choices=tuple(
            Choice(
                snr_db=float(snr),
                point=19 - place * 18 // (len(rows) - 1),
                alpha=round(0.8 * (1 - place / (len(rows) - 1)), 3),
                mcs=choose_mcs(snr).index if transport == "burst" else None,
                gvif=(place + 1) / len(rows),
                bits=1000.0 * (place + 1),
                budget_bits=1000.0 * (place + 1.5) if budget_bits is None else budget_bits,
                mask_psnr_db=30.0 + place / 2,
                in_time=True,
                good_enough=True,
            )
            for place, snr in enumerate(rows)
        ),
    )
