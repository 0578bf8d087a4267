"""Where the schemes work, and how much of the capacity they reach there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from gensc_phy.coding.bits import symbols_for
from gensc_phy.coding.mcs import MCS_TABLE, Mcs
from gensc_phy.coding.mcs_threshold import block_error_rate

#: Block error rates are taken this far below and above the table's threshold, dB.
AROUND_DB = 0.1
TARGET_BLER = 1e-2
CAPTION_BYTES = 50


def capacity(snr_db: float) -> float:
    """Bits per symbol of the AWGN channel at Es/N0 `snr_db`."""
    return math.log2(1.0 + 10.0 ** (snr_db / 10.0))


def scheme_row(mcs: Mcs, measured_db: float | None) -> dict[str, Any]:
    """A scheme at the threshold that its table says, beside the one measured in this run."""
    return {
        "what": "scheme", "mcs": mcs.index, "name": mcs.name,
        "bits_per_symbol": mcs.efficiency, "threshold_db": mcs.threshold_db,
        "measured_db": measured_db, "capacity": capacity(mcs.threshold_db),
        "share_of_capacity": mcs.efficiency / capacity(mcs.threshold_db),
        "gap_db": mcs.threshold_db - 10 * math.log10(2**mcs.efficiency - 1),
    }  # fmt: skip


def measured_threshold(mcs: Mcs, blocks: int) -> float:
    """Es/N0 in dB where one of the longest blocks in a hundred fails.

    On the line through the logarithms of the block error rates just below and above the table's
    threshold; NaN where these do not fall.
    """
    below, above = (
        max(block_error_rate(mcs, mcs.threshold_db + side, blocks=blocks, seed=77), 0.3 / blocks)
        for side in (-AROUND_DB, AROUND_DB)
    )
    slope = math.log10(below / above) / (2 * AROUND_DB)
    shift = math.log10(below / TARGET_BLER) / slope - AROUND_DB if slope > 0 else math.nan
    return mcs.threshold_db + shift


def least_share(rows: Sequence[dict[str, Any]], low_db: float, high_db: float) -> float:
    """The least share of the capacity at any SNR of a range, with the fastest scheme that works.

    Between two thresholds the share falls, so the least is just below a threshold or at an end.
    """
    steps = [(r["threshold_db"], r["bits_per_symbol"]) for r in rows]
    shares = [
        slower / capacity(next_db)
        for (_, slower), (next_db, _) in pairwise(steps)
        if low_db < next_db <= high_db
    ]
    working = [bits for db, bits in steps if db <= high_db]
    return min([*shares, max(working) / capacity(high_db)] if working else [0.0])


def caption_row(mcs: Mcs, blocks: int) -> dict[str, Any]:
    """A caption's block error rate at the threshold, and what it costs."""
    symbols = symbols_for(CAPTION_BYTES, mcs)
    bler = block_error_rate(
        mcs, mcs.threshold_db, block_bytes=CAPTION_BYTES, blocks=blocks, seed=78
    )
    return {
        "what": "caption", "mcs": mcs.index, "name": mcs.name, "bytes": CAPTION_BYTES,
        "symbols": symbols, "snr_db": mcs.threshold_db, "bler": bler,
        "bits_per_symbol": 8 * CAPTION_BYTES / symbols,
    }  # fmt: skip


def schemes(stride: int) -> tuple[Mcs, ...]:
    """Every so-manieth scheme, the first and the last among them."""
    return (*MCS_TABLE[:-1:stride], MCS_TABLE[-1])
