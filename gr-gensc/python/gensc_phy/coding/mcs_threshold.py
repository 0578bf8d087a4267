"""Measure where a modulation and coding scheme starts to work on the AWGN channel.

`python -m gensc_phy.coding.mcs_threshold` measures all schemes and writes the table that `mcs`
reads.
"""

from __future__ import annotations

import argparse
import csv
import io
import math
from collections.abc import Sequence

import numpy as np

from gensc_phy.atomic import write_text
from gensc_phy.coding.bits import decode_bits, encode_bits
from gensc_phy.coding.code_blocks import CRC_BYTES
from gensc_phy.coding.ldpc.rate_matching import longest_block
from gensc_phy.coding.mcs import TABLE_FILE, Mcs

EFFICIENCY_STEP = 1.055
"""Ratio of the efficiencies of neighbours: what is lost between two thresholds stays below it."""

LARGEST_EFFICIENCY = {2: 1.35, 4: 2.85, 6: 4.85, 8: 6.75, 10: 9.2}
"""Bits per symbol up to which each constellation needs the least SNR."""

BATCH = 8
"""Code blocks per simulated payload."""


HALF_STEPS = (-7.5, -6.5, -5.5, -4.5, -3.5)
"""Where 16-QAM takes over from QPSK both are furthest from the capacity, and steps are narrower."""


def schemes() -> list[Mcs]:
    """All schemes from 1/3 bit per symbol up, 16-QAM 1/2 among them, without their thresholds."""
    found: list[Mcs] = []
    for step in sorted((*range(-34, 29), *HALF_STEPS)):
        efficiency = 2.0 * EFFICIENCY_STEP**step
        bits = next(b for b, largest in LARGEST_EFFICIENCY.items() if efficiency <= largest)
        found.append(Mcs(len(found), bits, round(efficiency / bits, 4), math.nan))
    return found


def block_error_rate(
    mcs: Mcs,
    snr_db: float,
    *,
    block_bytes: int | None = None,
    blocks: int = 1000,
    seed: int = 1,
) -> float:
    """Share of code blocks that fail on AWGN, over the whole path of `bits`.

    Random payloads, complex noise of total variance 10^(-snr_db/10), known to the receiver. A block
    counts as failed when its parity checks or its CRC do not hold after 50 iterations.

    Args:
        mcs: the scheme.
        snr_db: Es/N0 in dB.
        block_bytes: payload of a block; the longest where not given. Shorter ones go one by one.
        blocks: how many to send; rounded up to whole payloads.
        seed: of payloads and noise.
    """
    rng = np.random.default_rng(seed)
    longest = longest_block(mcs.code_rate) // 8 - CRC_BYTES
    n_bytes = BATCH * longest if block_bytes is None else block_bytes
    variance = 10.0 ** (-snr_db / 10.0)
    failed = sent = 0
    while sent < blocks:
        symbols = encode_bits(rng.bytes(n_bytes), mcs)
        noise = rng.standard_normal((symbols.size, 2)) @ (1, 1j) * math.sqrt(variance / 2)
        result = decode_bits(symbols + noise, variance, n_bytes, mcs)
        failed += result.codewords - result.codewords_ok
        sent += result.codewords
    return failed / sent


def measure_threshold(
    mcs: Mcs,
    *,
    block_bytes: int | None = None,
    target_bler: float = 1e-2,
    blocks: int = 1000,
    step_db: float = 0.1,
    seed: int = 1,
) -> float:
    """Es/N0 in dB at which the block error rate on AWGN falls to `target_bler`.

    Goes up from the Shannon limit of the scheme's efficiency, in long steps while nearly every
    block fails and then in steps of `step_db`, until the error rate falls below the target, and
    interpolates its logarithm between the last two points.
    """
    snr_db = 10.0 * math.log10(2.0 ** (mcs.efficiency / 0.95) - 1.0)
    below, bler_below = snr_db, 1.0
    few = max(blocks // 16, BATCH)
    while True:
        # A few words show that the waterfall is still far away.
        bler = block_error_rate(mcs, snr_db, block_bytes=block_bytes, blocks=few, seed=seed)
        if bler < 20 * target_bler:
            bler = block_error_rate(
                mcs, snr_db, block_bytes=block_bytes, blocks=blocks, seed=seed + 1
            )
        if bler <= target_bler:
            break
        below, bler_below = snr_db, bler
        snr_db += 3 * step_db if bler > 0.9 else step_db
    log_below, log_above = math.log10(bler_below), math.log10(max(bler, 0.1 / blocks))
    share = (log_below - math.log10(target_bler)) / (log_below - log_above)
    return below + share * (snr_db - below)


def write_table(table: Sequence[Mcs]) -> None:
    """Make these schemes the table of `mcs`."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(("index", "bits_per_symbol", "code_rate", "threshold_db"))
    for mcs in table:
        writer.writerow((mcs.index, mcs.bits_per_symbol, mcs.code_rate, f"{mcs.threshold_db:.2f}"))
    write_text(TABLE_FILE, file.getvalue())


def main() -> None:
    """Measure all schemes, print them and write the table."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--blocks", type=int, default=1000, help="code blocks per point")
    blocks = parser.parse_args().blocks
    table = []
    print("| MCS | scheme | bits/symbol | Es/N0 at BLER 1e-2 [dB] |")
    print("|---|---|---|---|")
    for mcs in schemes():
        threshold = measure_threshold(mcs, blocks=blocks)
        table.append(Mcs(mcs.index, mcs.bits_per_symbol, mcs.code_rate, threshold))
        print(f"| {mcs.index} | {mcs.name} | {mcs.efficiency:.2f} | {threshold:.2f} |", flush=True)
    write_table(table)


if __name__ == "__main__":
    main()
