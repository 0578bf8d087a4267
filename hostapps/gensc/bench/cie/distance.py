"""Figure 11: how far the sets of recovered images are from the originals, over α at 10 dB."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import partial
from statistics import mean
from typing import TYPE_CHECKING

import numpy as np

from gensc.adapt.bank import Photo
from gensc.adapt.transport import CapacityTransport
from gensc.bench.cie import terms
from gensc.bench.cie.plan import Photos, Row, Work
from gensc.experiment.base import BenchResult, Check
from gensc.experiment.baselines import jpeg2000
from gensc.experiment.figures import Figure, draw_all
from gensc.experiment.rows import groups, of
from gensc.experiment.tables import Listing, columns, listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from gensc_models.metrics.distances import SetDistance

#: Es/N0 of the latencies.
SNR_DB = 10.0
CIE, UNFILLED = terms.LABELS[terms.CIE], "not filled in (what the codec predicts)"
JPEG2000 = terms.LABELS[terms.JPEG2000]
TABLE = Listing("Distance of the sets of images",
                columns("metric scheme alpha latency_ms gvif distance"), digits=3)  # fmt: skip
#: A recovered image, the bits spent on it, and its GVIF where the scheme has one.
Recovered = tuple[Photo, float, float | None]


def run(work: Work, photos: Photos, metrics: Sequence[SetDistance]) -> BenchResult:
    """One row per metric, scheme and threshold."""
    point = work.family.coarsest(terms.FLOOR_DB)
    originals = [photo for _, photo in photos]
    sets = recover(work, photos, point)
    rate = CapacityTransport(1.0, terms.BANDWIDTH_HZ).rate(SNR_DB)
    rows = [
        {
            "experiment": "distance", "scheme": scheme, "transport": terms.CAPACITY,
            "snr_db": SNR_DB,
            "level": point if scheme in (CIE, UNFILLED) else None,
            "alpha": alpha, "images": len(found), "metric": metric.name,
            "distance": metric(originals, [shown for shown, _, _ in found]),
            "latency_ms": 1e3 * mean(bits for _, bits, _ in found) / rate,
            "gvif": None if found[0][2] is None else mean(gvif or 0.0 for _, _, gvif in found),
        }
        for metric in metrics
        for (scheme, alpha), found in sets.items()
        if len(found) == len(originals)
    ]  # fmt: skip
    filled = work.system.inpainter.name if work.system.inpainter else "none"
    figures = []
    for metric in metrics:
        suffix = "" if len(metrics) == 1 else f"_{metric.name.split()[0].lower()}"
        for number, x in (("11a", "latency_ms"), ("11b", "gvif")):
            figures.append(Figure(
                f"figure{number}_distance{suffix}", x, "distance", where={"metric": metric.name},
                title=f"Figure {number}: {len(photos)} images, operating point {point}, {filled}",
                labels={"latency_ms": f"latency at {SNR_DB:g} dB, capacity, ms",
                        "distance": metric.name.replace(", ", ",\n")},
                limits={"distance": (0, None)}, extra=partial(_name_alphas, x), width=6.8,
            ))  # fmt: skip
    settings = {"distance images": [name for name, _ in photos]}
    return BenchResult("distance", rows, list(checks(rows)), listed([TABLE], rows),
                       draw_all(figures, rows), settings=settings)  # fmt: skip


def recover(
    work: Work, photos: Photos, point: int
) -> dict[tuple[str, float | None], list[Recovered]]:
    """Every scheme's images, by its name and the threshold."""
    sets: dict[tuple[str, float | None], list[Recovered]] = defaultdict(list)
    for alpha in work.plan.distance_alphas:
        for seed, (name, photo) in enumerate(photos, work.plan.seed):
            sent = work.system.extract(photo, name, point, alpha)
            got = work.system.recover(sent.data, seed=seed)
            sets[CIE, alpha].append((got.image, sent.bits, sent.gvif))
            sets[UNFILLED, alpha].append((got.decoded, sent.bits, sent.gvif))
            shown = jpeg2000.decode(jpeg2000.fit(photo, len(sent.data)) or b"")
            if shown is not None:
                sets[JPEG2000, alpha].append((shown, sent.bits, None))
            work.step(f"distance at alpha {alpha:g}")
    if work.text is not None:
        drawn = [(*work.text.drawn(photo), None) for _, photo in photos]
        sets[terms.TEXT, None] += drawn
    return sets


def checks(rows: Sequence[Row]) -> Iterable[Check]:
    """Figure 11b: the distance falls where GVIF rises."""
    for key, line in groups(of(rows, scheme=CIE), ("metric",)):
        ordered = [r["distance"] for r in sorted(line, key=lambda r: r["gvif"])]
        rises = float((np.diff(ordered) > 0).sum())
        yield Check("Figure 11b: thresholds at which the distance rises with GVIF", rises, "", "<=",
                    0, f"{len(line)} thresholds, {key['metric']}")  # fmt: skip


def _name_alphas(x: str, ax: Axes, rows: list[Row]) -> None:
    """The thresholds, beside the points of GVIF-CIE."""
    for r in of(rows, scheme=CIE):
        ax.annotate(f"α {r['alpha']:g}", (r[x], r["distance"]), textcoords="offset points",
                    xytext=(6, 5), fontsize=8)  # fmt: skip
