"""The acceptance list of `gensc bench gsc`, and the figures of the papers it is held against."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from gensc.bench.gsc import complexity
from gensc.bench.gsc.schemes import DEEPJSCC, GSC, JPEG, LABELS, NGF, SCALED_JPEG
from gensc.bench.gsc.sweeps import CIFAR, FLOWGRAPH, MU, MU_FLOWGRAPH
from gensc.experiment.base import Check
from gensc.experiment.means import lead, means
from gensc.experiment.rows import Row, of

#: Gain of the paper's GSC over its DeepJSCC at 15 dB, percent of PSNR in dB.
PAPER_GAIN = {"awgn": 17.75, "rayleigh": 20.86}
PAPER_SNR_DB = 15.0
PAPER_PSNR = 35.0
#: DeepJSCC with its authors' kind of weights, CBR 1/6, CIFAR-10 (JPEG-stored), AWGN: PSNR of the
#: mean squared error, dB, by SNR.
DEEPJSCC_PSNR = {4.0: 26.41, 7.0: 28.50, 10.0: 30.22, 13.0: 31.76}
IMAGES = 2000
NAMES = {"awgn": "AWGN", "rayleigh": "Rayleigh"}
BASELINES = {
    DEEPJSCC: "same run, same symbols",
    JPEG: "same run, same symbols",
    SCALED_JPEG: "a stronger baseline than asked for",
}


def all_checks(rows: Sequence[Row]) -> Iterable[Check]:
    """Every line; NaN, which counts as not met, where something was not measured."""
    images = [r["images"] for r in of(rows, experiment=CIFAR)]
    yield Check.worst("test images of CIFAR-10", images, "", ">=", IMAGES)
    for channel, name in NAMES.items():
        for scheme, reference in BASELINES.items():
            yield Check.worst(
                f"GSC over {LABELS[scheme]}, {name}, least lead over all SNRs",
                leads(rows, scheme, channel), "dB", ">=", 0.0, reference,
            )  # fmt: skip
    yield from _paper(rows)
    for snr_db, reference_db in DEEPJSCC_PSNR.items():
        found = of(rows, experiment=CIFAR, scheme=DEEPJSCC, channel="awgn", snr_db=snr_db)
        yield Check.worst(
            f"DeepJSCC at {snr_db:g} dB, AWGN, PSNR of the mean MSE less {reference_db:.2f} dB",
            [r["psnr_of_mean_mse"] - reference_db for r in found], "dB", ">=", -0.5,
            "an honest baseline: within 0.5 dB of author-style weights, or better",
        )  # fmt: skip
    for metric, said, unit in (("psnr", "PSNR", "dB"), ("ms_ssim", "MS-SSIM", "")):
        for channel, name in NAMES.items():
            yield Check.worst(
                f"GSC over NGF, {said}, {name}, least lead over all SNRs",
                leads(rows, NGF, channel, metric), unit, ">=", 0.0, "what the refiner adds",
            )  # fmt: skip
    yield from _several_users(rows)
    for experiment, channel, name in (
        (FLOWGRAPH, "awgn", "AWGN"),
        (FLOWGRAPH, "rayleigh", "Rayleigh"),
        (MU_FLOWGRAPH, "rayleigh", "3×3, ZF and MMSE"),
    ):
        found = of(rows, experiment=experiment, channel=channel, scheme=GSC)
        yield Check.worst(
            f"GSC through GNU Radio against torch at equal measured SNR, {name}, largest",
            [r["difference"] for r in found], "dB", "<=", 0.5,
            "mean over the images of every point",
        )  # fmt: skip
    yield Check.worst(
        "receiver, 32 users in one batch against one after another", complexity.speed_up(rows, 32),
        "×", ">=", complexity.PAPER_SPEED_UP, "Table I: 15.66 s → 8.87 s an image",
    )  # fmt: skip


def leads(rows: Sequence[Row], over: str, channel: str, metric: str = "psnr") -> list[float]:
    """By how much GSC leads another scheme on CIFAR-10 at each SNR; none where one is missing."""
    points = of(rows, experiment=CIFAR, channel=channel)
    return list(lead(points, GSC, over, metric, by=("snr_db",)).values())


def _paper(rows: Sequence[Row]) -> Iterable[Check]:
    at = of(rows, experiment=CIFAR, snr_db=PAPER_SNR_DB)
    for channel, percent in PAPER_GAIN.items():
        psnr = {r["scheme"]: r["psnr"] for r in of(at, channel=channel)}
        both = GSC in psnr and DEEPJSCC in psnr
        gain = 100 * (psnr[GSC] / psnr[DEEPJSCC] - 1) if both else math.nan
        yield Check(f"GSC over DeepJSCC at {PAPER_SNR_DB:g} dB, {NAMES[channel]}, gain in PSNR",
                    gain, "%", ">=", percent, "the paper's, over its own DeepJSCC")  # fmt: skip
    psnrs = [r["psnr"] for r in of(at, channel="awgn", scheme=GSC)]
    yield Check.worst(f"PSNR of GSC at {PAPER_SNR_DB:g} dB, AWGN", psnrs, "dB", ">=", PAPER_PSNR,
                      "the paper reaches about 35 dB")  # fmt: skip


def _several_users(rows: Sequence[Row]) -> Iterable[Check]:
    users = of(rows, experiment=MU, channel="rayleigh")
    points = means(users, ("psnr",), ("scheme", "separation", "snr_db"))
    over_zf = lead(of(points, scheme=GSC), "mmse", "zf", by=("snr_db",), column="separation")
    yield Check.worst("3×3: GSC, MMSE over ZF, mean over the users, least over all SNRs",
                      over_zf.values(), "dB", ">=", 0.0,
                      "torch, same matrices and noise")  # fmt: skip
    over_base = lead(of(points, separation="mmse"), GSC, DEEPJSCC, by=("snr_db",))
    yield Check.worst(
        "3×3: GSC over DeepJSCC, Rayleigh, MMSE, mean over the users, least over all SNRs",
        over_base.values(), "dB", ">=", 0.0,
    )  # fmt: skip
