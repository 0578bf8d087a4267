"""`gensc bench codec`: learned codec, SoftCast, and JPEG + LDPC + QAM over the same waveform.

All three get the same number of channel symbols and go through the same bursts, channel and
receiver. The sweep runs the waveform in NumPy; a subset of it runs through GNU Radio as well.

Who knows what:

* "adaptive": the transmitter knows the mean SNR. The codecs are told it; for JPEG it decides the
  modulation and coding scheme, and with it the number of bytes and the quality.
* "designed for 10 dB": the transmitter believes in 10 dB whatever the channel is. This is where a
  digital scheme has its cliff.
* Two JPEG senders: a plain one that may choose the quality only, and one that may also scale the
  picture down before (and the receiver up after), which at few bytes is much stronger.
* Over multipath nobody knows the realisation beforehand. For JPEG several margins are tried and at
  each SNR the one best on average is taken: the benefit of the doubt is the baseline's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any

from gensc.experiment.base import BenchResult, Check
from gensc.experiment.baselines import jpeg
from gensc.experiment.compare.pictures import find, load
from gensc.experiment.figures import Figure, draw_all, ratio
from gensc.experiment.grid import Grid
from gensc.experiment.means import lead, means
from gensc.experiment.rows import Row, measured, of
from gensc.experiment.scheme import Scheme
from gensc.experiment.schemes.codec import CodecScheme
from gensc.experiment.schemes.files import FADING_MARGINS_DB, STEADY_MARGIN_DB, FileScheme, Jpeg
from gensc.experiment.tables import by_snr
from gensc.experiment.ways import load_way
from gensc.system import codecs
from gensc.system.progress import progress

PLAIN, SCALED = "jpeg+ldpc+qam", "jpeg-scaled+ldpc+qam"
ADAPTIVE, DESIGN_SNR_DB = "adaptive", 10.0
DESIGNED = f"designed for {DESIGN_SNR_DB:g} dB"
#: What counts as low SNR; in every plan.
LOW_SNRS_DB = (0.0, 5.0)
LABELS = {
    "deepjscc-photo": "DeepJSCC (this project)",
    codecs.LINEAR: "SoftCast (linear)",
    PLAIN: "JPEG + LDPC + QAM",
    SCALED: "scaled JPEG + LDPC + QAM",
}
POINT = ("scheme", "channel", "via", "rate", "snr_db", "design_snr_db", "told")


@dataclass(frozen=True)
class Plan:
    """How much is run: symbols per 16×16 block, Es/N0 by channel, photos through GNU Radio."""

    rates: Sequence[int] = (32, 128)
    awgn_db: Sequence[float] = (0, 2.5, 5, 7.5, 10, 12.5, 15, 17.5, 20)
    multipath_db: Sequence[float] = (0, 5, 10, 15, 20)
    flowgraph_photos: int = 2
    max_side: int = 768
    seed: int = 1


QUICK = Plan((32,), (0, 5, 10, 15), (0, 5), flowgraph_photos=1, max_side=512)


def schemes(model: str, design_snr_db: float | None = None) -> list[Scheme]:
    """The learned codec, the linear one and both JPEG senders; `design_snr_db`: None is told the
    truth."""
    analog = [codecs.load(name)[0] for name in (model, codecs.LINEAR)]
    files = {PLAIN: Jpeg(), SCALED: Jpeg(jpeg.DIVISORS)}
    return [
        *(CodecScheme(codec, design_snr_db=design_snr_db) for codec in analog),
        *(FileScheme(n, coder, design_snr_db=design_snr_db) for n, coder in files.items()),
    ]


def run(
    quick: bool, images: list[str] | None = None, model: str = "", limit: int = 0
) -> BenchResult:
    """The whole comparison.

    Args:
        quick: one rate, four SNRs, two photos.
        images: photos; scikit-image's where None.
        model: weights of the learned codec.
        limit: at most so many photos, evenly spread over those given; 0 takes all.
    """
    plan = QUICK if quick else Plan()
    found = find(images or ["skimage:"], 2 if quick else limit)
    told, designed = schemes(model), schemes(model, DESIGN_SNR_DB)
    first = plan.rates[:1]

    def grid(some: Sequence[Scheme], channel: str, rates: Sequence[int]) -> Grid:
        snrs_db = plan.awgn_db if channel == "awgn" else plan.multipath_db
        return Grid(some, (channel,), rates, snrs_db, (plan.seed,))

    with progress("bench codec", 3 * len(found) + plan.flowgraph_photos) as bar:
        pictures = load(found, plan.max_side, max(plan.rates), bar.say)
        some = pictures[: plan.flowgraph_photos]
        rows = [
            row | {"told": name, "design_snr_db": believed}
            for run, via, photos, name, believed in (
                (grid(told, "awgn", plan.rates), "bursts", pictures, ADAPTIVE, None),
                (grid(told, "multipath", plan.rates), "bursts", pictures, ADAPTIVE, None),
                (grid(designed, "awgn", first), "bursts", pictures, DESIGNED, DESIGN_SNR_DB),
                (grid([told[0], told[3]], "awgn", first), "flowgraph", some, ADAPTIVE, None),
            )
            for row in measured(run, photos, load_way(via), bar.step)
        ]
    points = means(rows, ("psnr", "snr_measured_db", "overhead"), POINT)
    names = [scheme.name for scheme in told]
    same = of(rows, scheme=names[0], channel="awgn", rate=first[0], told=ADAPTIVE,
              image=tuple(p.name for p in some))  # fmt: skip
    swept = of(points, via="bursts")
    return BenchResult(
        bench="codec",
        rows=[p | {"photos": p["images"], "failed": p["lost"]} for p in points],
        checks=list(_checks(swept, means(same, ("psnr",), ("via", "snr_db")), names[0], plan)),
        tables=list(by_snr(swept, "psnr", "PSNR in dB", ("channel", "rate", "told"))),
        figures=draw_all(_figures(names, len(pictures)), swept),
        settings={
            "photos": [p.name for p in pictures],
            "weights": {w.id: w.sha256 for scheme in told for w in scheme.weights},
            "psnr": "uint8, per image, then averaged",
            "jpeg": "Pillow, 4:2:0, optimised tables; scaled: best of sizes 1, 1/2, 1/4, 1/8",
            "awgn_margin_db": STEADY_MARGIN_DB,
            "multipath_margins_db": FADING_MARGINS_DB,
            "design_snr_db": DESIGN_SNR_DB,
            "seed": plan.seed,
        },
    )


def _figures(names: Sequence[str], photos: int) -> Iterable[Figure]:
    """One per channel, and the cliff."""
    look: dict[str, Any] = {"panels": "rate", "names": names, "labels": LABELS, "interval": False}
    for channel, title in (("awgn", "AWGN"), ("multipath", "3-tap Rayleigh")):
        yield Figure(f"psnr_{channel}", "snr_db", "psnr",
                     where={"channel": channel, "told": ADAPTIVE},
                     title=f"{title}, transmitter knows the mean SNR ({photos} photos)",
                     **look)  # fmt: skip
    title = f"AWGN, transmitter believes in {DESIGN_SNR_DB:g} dB ({photos} photos)"
    yield Figure("cliff", "snr_db", "psnr", where={"told": DESIGNED}, title=title, width=6.6,
                 levels={"snr_db": DESIGN_SNR_DB}, **look)  # fmt: skip


def _steepest(points: Iterable[Row], scheme: str) -> float:
    """Largest loss of PSNR between neighbouring SNRs, per dB of SNR."""
    curve = sorted((p["snr_db"], p["psnr"]) for p in of(points, scheme=scheme))
    return max((high - low) / (b - a) for (a, low), (b, high) in pairwise(curve))


def _checks(
    points: Sequence[Row], beside: Sequence[Row], learned: str, plan: Plan
) -> Iterable[Check]:
    for channel, rate, snr_db in product(("awgn", "multipath"), plan.rates, LOW_SNRS_DB):
        here = of(points, channel=channel, rate=rate, told=ADAPTIVE, snr_db=snr_db)
        for scheme, reference in (
            (PLAIN, "codec beats JPEG + LDPC + QAM at low SNR"),
            (SCALED, "a stronger baseline than asked for"),
        ):
            name = f"lead over {LABELS[scheme]} at {snr_db:g} dB, {channel}, CBR {ratio(rate)}"
            yield Check.worst(name, lead(here, learned, scheme).values(), "dB", ">=", 0.0,
                              reference)  # fmt: skip
    cliff = of(points, told=DESIGNED)
    yield Check(
        "steepest loss of PSNR per dB of SNR, designed for 10 dB", _steepest(cliff, learned),
        "dB/dB", "<=", 1.0, "no cliff: less than dB for dB; scaled JPEG + LDPC + QAM in this run: "
        f"{_steepest(cliff, SCALED):.2f}",
    )  # fmt: skip
    for rate in plan.rates:
        found = lead(of(points, channel="awgn", rate=rate, told=ADAPTIVE), learned, codecs.LINEAR)
        yield Check.worst(f"lead over the linear code, awgn, CBR {ratio(rate)}, least",
                          found.values(), "dB", ">=", 0.0, "SoftCast")  # fmt: skip
    apart = lead(beside, "flowgraph", "bursts", by=("snr_db",), column="via")
    yield Check.worst("burst path in NumPy against GNU Radio, largest difference of PSNR",
                      apart.values(), "dB", "<=", 0.3,
                      "the sweep's waveform is the flowgraph's")  # fmt: skip
