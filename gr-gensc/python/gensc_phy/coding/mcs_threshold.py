"""Measure where a modulation and coding scheme starts to work on the AWGN channel.

The thresholds in `mcs.MCS_TABLE` are the output of `python -m gensc_phy.coding.mcs_threshold`.
"""

from __future__ import annotations

import math

import numpy as np

from gensc_phy.coding.bits import CRC_BYTES, decode_bits, encode_bits
from gensc_phy.coding.ldpc import code
from gensc_phy.coding.mcs import MCS_TABLE, Mcs

BATCH = 64
"""Codewords per simulated payload."""


def block_error_rate(mcs: Mcs, snr_db: float, *, words: int = 2048, seed: int = 1) -> float:
    """Share of 1944-bit codewords that fail on AWGN, over the whole path of `bits.py`.

    Random payloads of `BATCH` full codewords each, complex noise of total variance
    10^(-snr_db/10), known to the receiver. A codeword counts as failed when its parity checks do
    not hold after 50 iterations.

    Args:
        mcs: the scheme.
        snr_db: Es/N0 in dB.
        words: codewords to send; rounded up to whole payloads.
        seed: of payloads and noise.
    """
    rng = np.random.default_rng(seed)
    n_bytes = BATCH * code(1944, mcs.code_rate).k // 8 - CRC_BYTES
    variance = 10.0 ** (-snr_db / 10.0)
    failed = sent = 0
    while sent < words:
        symbols = encode_bits(rng.bytes(n_bytes), mcs)
        noise = rng.standard_normal((symbols.size, 2)) @ (1, 1j) * math.sqrt(variance / 2)
        result = decode_bits(symbols + noise, variance, n_bytes, mcs)
        failed += result.codewords - result.codewords_ok
        sent += result.codewords
    return failed / sent


def measure_threshold(
    mcs: Mcs,
    *,
    target_bler: float = 1e-2,
    words: int = 2048,
    step_db: float = 0.2,
    seed: int = 1,
) -> float:
    """Es/N0 in dB at which the block error rate on AWGN falls to `target_bler`.

    Walks up in steps of `step_db` from the Shannon limit of the scheme's efficiency until the
    error rate falls below the target, and interpolates its logarithm between the last two points.
    With 2048 words the statistical error at 1e-2 is about 0.03 dB.
    """
    below = 10.0 * math.log10(2.0**mcs.efficiency - 1.0)
    above, bler_below = below, 1.0
    while True:
        above += step_db
        # A tenth of the words shows that the waterfall is still far away.
        bler = block_error_rate(mcs, above, words=max(words // 16, BATCH), seed=seed)
        if bler < 20 * target_bler:
            bler = block_error_rate(mcs, above, words=words, seed=seed + 1)
        if bler <= target_bler:
            break
        below, bler_below = above, bler
    log_below, log_above = math.log10(bler_below), math.log10(max(bler, 0.1 / words))
    share = (log_below - math.log10(target_bler)) / (log_below - log_above)
    return below + share * (above - below)


def main() -> None:
    """Print the thresholds of all schemes as a table."""
    print("| MCS | scheme | bits/symbol | Es/N0 at BLER 1e-2 [dB] |")
    print("|---|---|---|---|")
    for mcs in MCS_TABLE:
        threshold = measure_threshold(mcs)
        print(f"| {mcs.index} | {mcs.name} | {mcs.efficiency:.2f} | {threshold:.2f} |", flush=True)


if __name__ == "__main__":
    main()
