"""`gensc bench ldpc`: how much of the capacity the digital chain reaches, and how fast it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import numpy as np

from gensc.bench.ldpc.points import (
    capacity,
    caption_row,
    least_share,
    measured_threshold,
    scheme_row,
    schemes,
)
from gensc.bench.ldpc.speed import chain_row, decoder_rows
from gensc.experiment.base import BenchResult, Check
from gensc.experiment.figures import Figure, draw_all
from gensc.experiment.rows import Row
from gensc.experiment.tables import Listing, columns, listed
from gensc.system.progress import progress
from gensc_phy.coding.mcs import MCS_TABLE

REFERENCE = "digital chain"
#: The schemes of the table before this one: IEEE 802.11n codes, thresholds as measured then, dB.
EARLIER = (
    (-1.5, 0.5), (1.5, 1.0), (4.5, 1.5), (6.8, 2.0), (10.6, 3.0),
    (14.4, 4.0), (15.9, 4.5), (17.6, 5.0), (21.1, 6.0), (23.0, 20 / 3),
)  # fmt: skip


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
    result.tables = listed(TABLES, result.rows)
    result.figures = draw_all([EFFICIENCY], list(_reached(points)))
    result.figures |= draw_all([SPEED], decoders)
    return result


def _checks(points: list[Row], captions: list[Row], decoders: list[Row]) -> list[Check]:
    inside = sum(-4 <= mcs.threshold_db <= 24 for mcs in MCS_TABLE)
    off = [r["measured_db"] - r["threshold_db"] for r in points if r["measured_db"] is not None]
    failed = sum(r["bler"] for r in captions) / len(captions)
    least = 100 * least_share(points, 0.0, 15.0)
    slower = {row["name"]: row["times_slower"] for row in decoders}
    return [
        Check("schemes with thresholds from -4 to 24 dB", inside, "", ">=", 24, REFERENCE),
        Check("least share of the capacity, 0 to 15 dB", least, "%", ">=", 80, REFERENCE),
        Check.worst("measured against the table's threshold, largest", off, "dB", "<=", 0.2),
        Check("captions of 50 bytes lost at the threshold, mean", 100 * failed, "%", "<=", 2),
        Check("a single word beside gr-gensc in NumPy", slower["gr-gensc in NumPy"],
              "times", ">=", 10.0),
        *(Check(f"a single word beside {other}", slower[other], "times", ">=", 1.0)
          for other in ("GNU Radio fec", "commpy", "pyldpc") if other in slower),
    ]  # fmt: skip


def _reached(points: list[Row]) -> Iterable[Row]:
    """What EFFICIENCY draws: bits per symbol and share of the capacity of the fastest scheme that
    works at each SNR, and where the schemes are."""
    ours = [(r["threshold_db"], r["bits_per_symbol"]) for r in points]
    for snr_db in np.linspace(-6.0, 31.0, 1000).tolist():
        bound = capacity(snr_db)
        yield {"snr_db": snr_db, "what": "capacity", "bits": bound}
        for what, steps in (("gr-gensc", ours), ("before", EARLIER)):
            working = [bits for threshold_db, bits in steps if threshold_db <= snr_db]
            if working:
                bits = max(working)
                yield {"snr_db": snr_db, "what": what, "bits": bits, "share": bits / bound}
    for r in points:
        kind = r["name"].split()[0]
        yield {"snr_db": r["threshold_db"], "what": kind, "bits": r["bits_per_symbol"], "at": True}


EFFICIENCY = Figure(
    "efficiency", "snr_db", ("bits", "share"), hue="what", style="at", marks=(True,),
    labels={"bits": "bits per symbol at 1 % block errors", "share": "share of the capacity",
            "capacity": "capacity, log2(1 + SNR)", True: "schemes",
            "before": "before: ten schemes of IEEE 802.11n codes"},
    limits={"share": (0, 1)}, levels={"share": 0.8},
)  # fmt: skip
SPEED = Figure(
    "speed", "name", "ms_per_word", hue=None, bars=True, log_y=True, width=8.5, x_label=" ",
    y_label="processor time per word, ms", title="n = 1944, rate 1/2, one word at a time",
)  # fmt: skip
TABLES = (
    Listing(
        "Schemes: longest blocks, AWGN, 1 % block errors",
        columns("mcs name bits_per_symbol threshold_db measured_db capacity share_of_capacity "
                "gap_db", name="scheme", measured_db="measured now dB", share_of_capacity="share"),
        {"what": "scheme"},
    ),
    Listing(
        "Captions of 50 bytes at the threshold",
        columns("mcs name symbols snr_db bler", name="scheme", bler="lost, share"),
        {"what": "caption"}, 3,
    ),
    Listing(
        "Decoders, IEEE 802.11n 1944 bits rate 1/2, processor time",
        columns("name rule words failed ms_per_word mbit_per_s times_slower", name="decoder"),
        {"what": "decoder"},
    ),
    Listing(
        "The chain, processor time",
        columns("name snr_db encode_mbit_per_s demap_msymbol_per_s decode_mbit_per_s",
                name="scheme"),
        {"what": "chain"},
    ),
)  # fmt: skip
