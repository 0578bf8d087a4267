"""The acceptance list of `gensc bench gsc`, and the figures of the papers it is held against."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from gensc.bench.gsc import complexity, flowgraph, mu
from gensc.bench.gsc.points import Point, Points
from gensc.bench.gsc.schemes import DEEPJSCC, GSC, JPEG, NGF, SCALED_JPEG
from gensc.experiment.base import Check

#: Gain of the paper's GSC over its DeepJSCC at 15 dB, percent of PSNR in dB.
PAPER_GAIN = {"awgn": 17.75, "rayleigh": 20.86}
PAPER_SNR_DB = 15.0
PAPER_PSNR = 35.0
#: DeepJSCC with its authors' kind of weights, CBR 1/6, CIFAR-10 (JPEG-stored), AWGN: PSNR of the
#: mean squared error, dB, by SNR.
DEEPJSCC_PSNR = {4.0: 26.41, 7.0: 28.50, 10.0: 30.22, 13.0: 31.76}
IMAGES = 2000
NAMES = {"awgn": "AWGN", "rayleigh": "Rayleigh"}
CIFAR = "cifar"


def all_checks(points: Points, rows: list[dict[str, Any]]) -> Iterable[Check]:
    """Every line; NaN, which counts as not met, where something was not measured."""
    yield from _against_baselines(points)
    yield from _paper_gain(points)
    yield from _honest_deepjscc(points)
    yield from _refinement(points)
    yield from _several_users(points)
    yield from _flowgraph(rows)
    ratio = complexity.speed_up(rows, 32)
    yield Check(
        "receiver, 32 users in one batch against one after another",
        math.nan if ratio is None else ratio,
        "×",
        ">=",
        complexity.PAPER_SPEED_UP,
        "Table I: 15.66 s → 8.87 s an image",
    )


def lead(
    points: Points, ours: str, theirs: str, channel: str, metric: str = "psnr"
) -> dict[float, float]:
    """By how much one scheme leads another on CIFAR-10, by SNR; empty where one is missing."""
    others = {p.snr_db: p for p in points.of(CIFAR, scheme=theirs, channel=channel)}
    return {
        p.snr_db: _value(p, metric) - _value(others[p.snr_db], metric)
        for p in points.of(CIFAR, scheme=ours, channel=channel)
        if p.snr_db in others
    }


def _value(point: Point, metric: str) -> float:
    return point.as_row()[metric]


def _against_baselines(points: Points) -> Iterable[Check]:
    counts = [len(p.mse) for p in points.of(CIFAR)]
    yield Check("test images of CIFAR-10", min(counts, default=math.nan), "", ">=", IMAGES)
    baselines = {
        DEEPJSCC: ("DeepJSCC", ""),
        JPEG: ("JPEG + LDPC + QAM", ""),
        SCALED_JPEG: ("scaled JPEG + LDPC + QAM", "a stronger baseline than asked for"),
    }
    for channel, (scheme, (name, reference)) in (
        (c, item) for c in NAMES for item in baselines.items()
    ):
        leads = lead(points, GSC, scheme, channel)
        yield Check(
            f"GSC over {name}, {NAMES[channel]}, least lead over all SNRs",
            min(leads.values(), default=math.nan),
            "dB",
            ">=",
            0.0,
            reference or "same run, same symbols",
        )


def _paper_gain(points: Points) -> Iterable[Check]:
    for channel, percent in PAPER_GAIN.items():
        gsc = points.of(CIFAR, scheme=GSC, channel=channel, snr_db=PAPER_SNR_DB)
        base = points.of(CIFAR, scheme=DEEPJSCC, channel=channel, snr_db=PAPER_SNR_DB)
        gain = 100 * (gsc[0].psnr / base[0].psnr - 1) if gsc and base else math.nan
        yield Check(
            f"GSC over DeepJSCC at {PAPER_SNR_DB:g} dB, {NAMES[channel]}, gain in PSNR",
            gain,
            "%",
            ">=",
            percent,
            "the paper's, over its own DeepJSCC",
        )
    gsc = points.of(CIFAR, scheme=GSC, channel="awgn", snr_db=PAPER_SNR_DB)
    yield Check(
        f"PSNR of GSC at {PAPER_SNR_DB:g} dB, AWGN",
        gsc[0].psnr if gsc else math.nan,
        "dB",
        ">=",
        PAPER_PSNR,
        "the paper reaches about 35 dB",
    )


def _honest_deepjscc(points: Points) -> Iterable[Check]:
    for snr_db, reference in DEEPJSCC_PSNR.items():
        found = points.of(CIFAR, scheme=DEEPJSCC, channel="awgn", snr_db=snr_db)
        yield Check(
            f"DeepJSCC at {snr_db:g} dB, AWGN, PSNR of the mean MSE less {reference:.2f} dB",
            found[0].psnr_of_mean_mse - reference if found else math.nan,
            "dB",
            ">=",
            -0.5,
            "an honest baseline: within 0.5 dB of author-style weights, or better",
        )


def _refinement(points: Points) -> Iterable[Check]:
    for (metric, name, unit), channel in (
        (m, c) for m in (("psnr", "PSNR", "dB"), ("ms_ssim", "MS-SSIM", "")) for c in NAMES
    ):
        yield Check(
            f"GSC over NGF, {name}, {NAMES[channel]}, least lead over all SNRs",
            min(lead(points, GSC, NGF, channel, metric).values(), default=math.nan),
            unit,
            ">=",
            0.0,
            "what the refiner adds",
        )


def _several_users(points: Points) -> Iterable[Check]:
    def mean(scheme: str, separation: str, snr_db: float) -> float:
        users = points.of(mu.EXPERIMENT, scheme=scheme, channel="rayleigh",
                          separation=separation, snr_db=snr_db)  # fmt: skip
        return sum(p.psnr for p in users) / len(users) if users else math.nan

    snrs = sorted({p.snr_db for p in points.of(mu.EXPERIMENT, scheme=GSC)})
    yield Check(
        "3×3: GSC, MMSE over ZF, mean over the users, least over all SNRs",
        min((mean(GSC, "mmse", s) - mean(GSC, "zf", s) for s in snrs), default=math.nan),
        "dB",
        ">=",
        0.0,
        "torch, same matrices and noise",
    )
    yield Check(
        "3×3: GSC over DeepJSCC, Rayleigh, MMSE, mean over the users, least over all SNRs",
        min((mean(GSC, "mmse", s) - mean(DEEPJSCC, "mmse", s) for s in snrs), default=math.nan),
        "dB",
        ">=",
        0.0,
        "",
    )


def _flowgraph(rows: list[dict[str, Any]]) -> Iterable[Check]:
    for experiment, channel, name in (
        (flowgraph.EXPERIMENT, "awgn", "AWGN"),
        (flowgraph.EXPERIMENT, "rayleigh", "Rayleigh"),
        (flowgraph.MU_EXPERIMENT, "rayleigh", "3×3, ZF and MMSE"),
    ):
        found = [
            abs(r["difference"])
            for r in rows
            if (r["experiment"], r.get("channel")) == (experiment, channel) and r["scheme"] == GSC
        ]
        yield Check(
            f"GSC through GNU Radio against torch at equal measured SNR, {name}, largest",
            max(found, default=math.nan),
            "dB",
            "<=",
            0.5,
            "mean over the images of every point",
        )
