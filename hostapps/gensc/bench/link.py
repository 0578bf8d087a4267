"""`gensc bench link`: the burst waveform against its bounds and against GNU Radio's stock OFDM."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from gensc.experiment.base import BenchResult, Check, Table
from gensc.experiment.figures import Figure, draw_all
from gensc.experiment.rows import Row, melt, of
from gensc.experiment.tables import columns
from gensc.experiment.waveform.steady import (
    STOCK_THRESHOLDS,
    bursts_without_gaps,
    evm,
    flowgraph_speed,
    isolated_bursts,
    noise_only,
    papr,
    receiver_speed,
)
from gensc_phy import WaveformConfig

RECEIVERS = {"ours": "gr-gensc"} | {
    f"stock_{t}": f"GNU Radio OFDM, threshold {t}" for t in STOCK_THRESHOLDS
}
CHANNELS = {"awgn": "AWGN", "three-tap": "three taps"}


@dataclass(frozen=True)
class Size:
    """How much work a run does."""

    bursts: int
    curve_bursts: int
    evm_bursts: int
    noise_samples: int
    stream_bursts: int
    rounds: int


FULL = Size(1000, 200, 60, 100_000_000, 300, 5)
QUICK = Size(60, 20, 8, 3_000_000, 60, 1)


def run(quick: bool) -> BenchResult:
    """Run every part; see the tables and checks it returns."""
    size = QUICK if quick else FULL
    # Speed first: what is measured later does not mind if the machine gets busy.
    speed = [flowgraph_speed(size.stream_bursts, size.rounds), receiver_speed(size.stream_bursts)]
    curves = [
        isolated_bursts(snr, kind, size.curve_bursts, 10 + i)
        for kind in CHANNELS
        for i, snr in enumerate((-5.0, -4.0, -3.0, -2.0, 0.0, 5.0, 7.0, 12.0, 15.0, 20.0))
    ]
    asked = [
        isolated_bursts(3.0, "awgn", size.bursts, 1),
        isolated_bursts(10.0, "three-tap", size.bursts, 2),
        bursts_without_gaps(size.bursts, 3),
    ]
    noise = noise_only(size.noise_samples, 4)
    points = [
        evm(float(snr), kind, size.evm_bursts, 20 + snr)
        for kind in CHANNELS
        for snr in (0, 5, 10, 15, 20, 25)
    ]
    clipped = ((None, False), (8.0, False), (6.0, False), (None, True))
    peaks = [papr(limit_db, precode, 7) for limit_db, precode in clipped]
    rows = [*asked, *curves, noise, *points, *peaks, *speed]
    tidy = melt(rows, RECEIVERS, "receiver", "share")
    tidy += melt(rows, {"evm_db": "measured", "bound_db": "bound (channel known)"}, "kind", "db")
    return BenchResult(
        "link",
        rows=rows,
        checks=_checks(asked, noise, points, speed[0]),
        tables=_tables(rows),
        figures=draw_all([DETECTION, EVM], [r for r in tidy if r["channel"] in CHANNELS]),
        settings={"waveform": repr(WaveformConfig()), **vars(size)},
    )


def _checks(asked: list[Row], noise: Row, points: list[Row], speed: Row) -> list[Check]:
    awgn, taps = (of(points, channel=kind) for kind in CHANNELS)
    excess = [[r["excess_db"] for r in rows if r["snr_db"] >= 5] for rows in (awgn, taps)]
    percent = [100 * r["ours"] for r in asked]
    variance = [100 * (r[f"noise_var_ratio_{end}"] - 1) for r in taps for end in ("min", "max")]
    check = partial(Check.worst, reference="issue: the link")
    return [
        check("detected and decoded, AWGN 3 dB", percent[:1], "%", ">=", 99),
        check("detected and decoded, 3 taps 10 dB", percent[1:2], "%", ">=", 99),
        check("detected and decoded, back to back 20 dB", percent[2:], "%", ">=", 100),
        check("images in noise alone", [noise["false_bursts"]], "", "<=", 0),
        check("EVM over its bound, AWGN 5-25 dB", excess[0], "dB", "<=", 1),
        check("EVM over its bound, 3 taps 5-25 dB", excess[1], "dB", "<=", 1),
        check("SNR estimate bias, AWGN 0-25 dB", [r["snr_bias_db"] for r in awgn], "dB", "<=", 0.3),
        check("SNR estimate deviation, AWGN 0-25 dB", [r["snr_std_db"] for r in awgn],
              "dB", "<=", 0.5),
        check("noise variance, worst class of carriers, 3 taps", variance, "%", "<=", 10),
        check("flowgraph speed over stock OFDM, default bursts", [speed["ratio"]], "x", ">=", 1.0),
        check("flowgraph speed over stock OFDM, equal length", [speed["ratio_equal_length"]],
              "x", ">=", 1.0),
    ]  # fmt: skip


def _tables(rows: list[Row]) -> list[Table]:
    said = {key: name.replace("GNU Radio OFDM", "stock") for key, name in RECEIVERS.items()}
    return [
        Table("Detected with a good header, share of bursts",
              columns("channel snr_db bursts") | said, of(rows, what="detection"), 3),
        Table("Noise alone", columns("samples false_preambles false_bursts"),
              of(rows, what="noise")),
        Table("80-symbol analog payload, CFO within 0.3 subcarrier, 10 ppm clock offset",
              columns("channel snr_db evm_db bound_db snr_bias_db snr_std_db noise_var_ratio_min "
                      "noise_var_ratio_max"), of(rows, what="evm")),
        Table("Peak to average", columns("clip_db precode papr_db evm_at_25db"),
              of(rows, what="papr")),
        Table("TX + channel + RX in one flowgraph, 20 dB",
              columns("stock_msps ours_msps ratio ours_equal_length_msps ratio_equal_length"),
              of(rows, what="flowgraph speed")),
        Table("Receiver alone, one thread", columns("busy_msps noise_msps"),
              of(rows, what="receiver speed")),
    ]  # fmt: skip


DETECTION = Figure(
    "detection", "snr_db", "share", hue="receiver", panels="channel", labels=CHANNELS,
    y_label="share of bursts detected with a good header", names=tuple(RECEIVERS.values()),
)  # fmt: skip
EVM = Figure(
    "evm", "snr_db", "db", hue="channel", style="kind", marks=("measured",), labels=CHANNELS,
    y_label="EVM of the payload, dB",
)  # fmt: skip
