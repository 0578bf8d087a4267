"""`gensc bench ldpc`: how much of the capacity the digital chain reaches, and how fast it is."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from gensc.bench.ldpc import plot
from gensc.bench.ldpc.points import (
    caption_row,
    least_share,
    measured_threshold,
    scheme_row,
    schemes,
)
from gensc.bench.ldpc.speed import chain_row, decoder_rows
from gensc.experiment.base import BenchResult, Check, Table
from gensc.system.progress import progress
from gensc_phy.coding.mcs import MCS_TABLE

REFERENCE = "digital chain"


@dataclass(frozen=True)
class Size:
    """How much work a run does.

    Attributes:
        stride: every so-manieth scheme is measured again.
        blocks: code blocks at each of the two SNRs of a scheme.
        captions: captions a scheme.
        words, slow_words: words that the compiled decoder and the others decode.
        repeats: runs of each step of the chain.
    """

    stride: int
    blocks: int
    captions: int
    words: int
    slow_words: int
    repeats: int


FULL = Size(stride=4, blocks=200, captions=300, words=400, slow_words=40, repeats=5)
QUICK = Size(stride=10, blocks=24, captions=40, words=60, slow_words=4, repeats=2)


def run(quick: bool) -> BenchResult:
    """Measure thresholds, captions and speed; see the tables and checks it returns."""
    size = QUICK if quick else FULL
    chosen = schemes(size.stride)
    result = BenchResult("ldpc", settings=asdict(size))
    # Speed first: what is measured later does not mind if the machine gets busy.
    decoders = decoder_rows(size.words, size.slow_words)
    chain = [chain_row(mcs, size.repeats) for mcs in schemes(10)]
    measured, captions = {}, []
    with progress("schemes", len(chosen)) as reporter:
        for mcs in chosen:
            measured[mcs] = measured_threshold(mcs, size.blocks)
            captions.append(caption_row(mcs, size.captions))
            reporter.step(mcs.name)
    points = [scheme_row(mcs, measured.get(mcs)) for mcs in MCS_TABLE]
    result.rows = [*points, *captions, *decoders, *chain]
    result.checks = _checks(points, captions, decoders)
    result.tables = _tables(points, captions, decoders, chain)
    result.figures = {"efficiency": plot.efficiency(points), "speed": plot.speed(decoders)}
    return result


def _checks(
    points: list[dict[str, Any]], captions: list[dict[str, Any]], decoders: list[dict[str, Any]]
) -> list[Check]:
    inside = sum(-4 <= mcs.threshold_db <= 24 for mcs in MCS_TABLE)
    again = [r for r in points if r["measured_db"] is not None]
    off = [abs(r["measured_db"] - r["threshold_db"]) for r in again]
    failed = sum(r["bler"] for r in captions) / len(captions)
    least = 100 * least_share(points, 0.0, 15.0)
    checks = [
        Check("schemes with thresholds from -4 to 24 dB", inside, "", ">=", 24, REFERENCE),
        Check("least share of the capacity, 0 to 15 dB", least, "%", ">=", 80, REFERENCE),
        Check("measured against the table's threshold, largest", max(off), "dB", "<=", 0.2),
        Check("captions of 50 bytes lost at the threshold, mean", 100 * failed, "%", "<=", 2),
    ]
    by_name = {row["name"]: row for row in decoders}
    for other in ("gr-gensc in NumPy", "GNU Radio fec", "commpy", "pyldpc"):
        least = 10.0 if other == "gr-gensc in NumPy" else 1.0
        ratio = by_name[other]["times_slower"]
        checks.append(Check(f"a single word beside {other}", ratio, "times", ">=", least))
    return checks


def _tables(
    points: list[dict[str, Any]],
    captions: list[dict[str, Any]],
    decoders: list[dict[str, Any]],
    chain: list[dict[str, Any]],
) -> list[Table]:
    return [
        Table(
            "Schemes: longest blocks, AWGN, 1 % block errors",
            {
                "mcs": "MCS", "name": "scheme", "bits_per_symbol": "bit/symbol",
                "threshold_db": "table dB", "measured_db": "measured now dB",
                "capacity": "capacity", "share_of_capacity": "share", "gap_db": "gap dB",
            },
            points,
        ),
        Table(
            "Captions of 50 bytes at the threshold",
            {
                "mcs": "MCS", "name": "scheme", "symbols": "symbols", "snr_db": "Es/N0 dB",
                "bler": "lost, share",
            },
            captions,
            3,
        ),
        Table(
            "Decoders, IEEE 802.11n 1944 bits rate 1/2, processor time",
            {
                "name": "decoder", "rule": "check rule", "words": "words", "failed": "failed",
                "ms_per_word": "ms/word", "mbit_per_s": "Mbit/s", "times_slower": "times slower",
            },
            decoders,
        ),
        Table(
            "The chain, processor time",
            {
                "name": "scheme", "snr_db": "Es/N0 dB", "encode_mbit_per_s": "encode Mbit/s",
                "demap_msymbol_per_s": "demap Msymbol/s", "decode_mbit_per_s": "decode Mbit/s",
            },
            chain,
        ),
    ]  # fmt: skip
