"""The closed loop of GVIF-CIE over the flowgraph, while the channel walks 20 -> 0 -> 20 dB.

Three runs of the flowgraph of `gensc.transmitter.closed_loop`, in simulated time (an image every
`interval_s`, T_max each on the air; the silence between them is not simulated):

    loop    the controller follows the SNR that is fed back over ZeroMQ
    fixed   the row for the SNR in the middle of the walk, whatever the channel does
    cut     as loop, the feedback cut for some seconds around the lowest SNR

Beside them the oracle: the same rate table and the same encoder, told the true SNR of the very
image, and counted as if everything it sends arrived. An image counts with its GVIF where it was
delivered undamaged and in time, and with 0 where not.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from gensc.adapt.bank import DEFAULT, Photo
from gensc.adapt.oracle import Oracle
from gensc.adapt.tables import load_table
from gensc.bench.cie.plan import Row
from gensc.experiment.base import BenchResult, Check, Table
from gensc.experiment.figures import Figure, draw_all
from gensc.experiment.rows import groups, of
from gensc.experiment.tables import columns
from gensc_phy.adaptation.rate_control import ControlConfig
from gensc_phy.adaptation.rate_table import Choice

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from gensc.system.progress import Reporter
    from gensc.transmitter.closed_loop import LoopConfig

BENCH = "cie_loop"
LOOP, FIXED, CUT = "loop", "fixed", "cut"
#: For a report with each image, four a second, of less than 0.1 dB deviation; the rows of the table
#: keep a margin to their schemes' thresholds themselves.
CONTROL = ControlConfig(margin_db=0.1, hysteresis_db=0.1, time_constant_s=1.0)
REFERENCE = "the closed loop over the flowgraph, channel walking 20 -> 0 -> 20 dB"
#: What a row says of an image's way, besides what the encoder made of it.
ENCODED = ("level_db", "measured_db", "point", "alpha", "mcs", "bits", "in_time", "delivered")


@dataclass(frozen=True)
class LoopPlan:
    """How much is run.

    Attributes:
        walk_s: simulated seconds of the walk from `top_db` to `bottom_db` and back.
        interval_s: simulated seconds between two images.
        top_db, bottom_db: ends of the walk, Es/N0.
        cut_s: seconds without feedback, around the lowest SNR.
        around_s: seconds before and after the cut that its run lasts.
        fixed_every: the fixed choice is sent in every so manieth interval.
        max_side: photos are scaled down to it.
        seed: of the noise.
    """

    walk_s: float = 60.0
    interval_s: float = 0.25
    top_db: float = 20.0
    bottom_db: float = 0.0
    cut_s: float = 10.0
    around_s: float = 8.0
    fixed_every: int = 3
    max_side: int = 256
    seed: int = 1

    def snr_db(self, at_s: float) -> float:
        """The walk: straight down and straight up again."""
        share = abs(1.0 - 2.0 * at_s / self.walk_s)
        return self.bottom_db + (self.top_db - self.bottom_db) * share

    def times(self, run: str) -> list[float]:
        """When a run's images are sent, simulated seconds."""
        every = self.fixed_every if run == FIXED else 1
        times = [i * self.interval_s for i in range(round(self.walk_s / self.interval_s) + 1)]
        if run == CUT:
            reach = self.cut_s / 2 + self.around_s
            times = [at for at in times if abs(at - self.walk_s / 2) <= reach]
        return times[::every]

    def is_cut(self, at_s: float) -> bool:
        """Whether there is no feedback then, in the run `cut`."""
        return -self.cut_s / 2 <= at_s - self.walk_s / 2 < self.cut_s / 2


FULL = LoopPlan()
#: The SNR moves by 1.3 dB from image to image, and so much is a report old: that costs GVIF.
QUICK = LoopPlan(interval_s=2.0, around_s=2.0, fixed_every=4)


def run(
    plan: LoopPlan, images: Sequence[str], bank: str, table: str, importance: str
) -> BenchResult:
    """Run all three and compare.

    Args:
        plan: how much is run.
        images: paths of photos.
        bank: codec bank, by name or folder of weights; empty: the default one.
        table: file of rate tables.
        importance: as `gnuradio.gensc.cie_encoder` takes it.

    Raises:
        UserError: no such weights, tables or images.
    """
    from gensc.data.images import display_name, load_image
    from gensc.link.run import leave_cores_to_gnuradio
    from gensc.system.progress import progress
    from gensc.transmitter.closed_loop import LoopConfig
    from gensc_models.semantics.filtering import CriticalEncoder
    from gnuradio.gensc.codecs import load_bank, load_importance

    control = CONTROL.slower(plan.interval_s / FULL.interval_s)
    config = LoopConfig(bank or DEFAULT, importance, table, control=control)
    photos = [load_image(path, plan.max_side) for path in images]
    leave_cores_to_gnuradio()
    known = load_table(Path(table), config.t_max_s, config.mask_psnr_db)
    fixed = known.at((plan.top_db + plan.bottom_db) / 2)
    rows: list[Row] = []
    with progress(BENCH, sum(len(plan.times(run)) for run in (LOOP, FIXED, CUT))) as bar:
        for run in (LOOP, FIXED, CUT):
            rows += walk(run, plan, config, photos, fixed if run == FIXED else None, bar)
        encoder = CriticalEncoder(load_bank(config.bank), load_importance(importance))
        oracle = Oracle(known, encoder, photos)
        for row in rows:
            row["gvif_oracle"] = oracle.gvif(row["image"], row["snr_db"])
    title = "Closed loop over GNU Radio, 20 -> 0 -> 20 dB"
    shown = columns("run images delivered gvif oracle share kbit", delivered="delivered, %",
                    gvif="GVIF", oracle="oracle's GVIF", share="of it, %")  # fmt: skip
    figure = Figure(
        "closed_loop", "at_s", ("es_n0", "gvif", "delivered"), hue="curve", names=(*LINES,),
        labels={**LINES, "at_s": "simulated time, s (shaded: feedback cut)", "es_n0": "Es/N0, dB",
                "gvif": "GVIF, mean of four images",
                "delivered": "images delivered, %, mean of four"},
        extra=lambda ax, rows: _shade(ax, plan), markers=False, width=5.2, height=3.8,
    )  # fmt: skip
    return BenchResult(
        BENCH,
        rows,
        checks(rows, plan),
        [Table(title, shown, summary(rows), 3)],
        draw_all([figure], list(curves(rows))),
        settings={
            "plan": asdict(plan),
            "control": asdict(control),
            "time": "simulated; the controller's clock stands still while an image is on its way",
            "fixed": asdict(fixed),
            "table": known.source,
            "t_max_s": config.t_max_s,
            "mask_psnr_db": config.mask_psnr_db,
            "images": [display_name(path) for path in images],
        },
    )


def walk(
    run: str,
    plan: LoopPlan,
    config: LoopConfig,
    photos: Sequence[Photo],
    fixed: Choice | None,
    bar: Reporter,
) -> Iterator[Row]:
    """One run: a row per image."""
    from gensc.transmitter.closed_loop import ClosedLoop

    start = plan.times(run)[0]
    with ClosedLoop(config, fixed, plan.seed, plan.snr_db(start)) as loop:
        if fixed is None:
            # The loop has been running before the measurement begins.
            for i in range(3):
                loop.send(photos[0], 60_000 + i, plan.snr_db(start), start - 0.2 * (3 - i))
        for i, at_s in enumerate(plan.times(run)):
            snr_db, image = plan.snr_db(at_s), i % len(photos)
            loop.feedback.set_enabled(not (run == CUT and plan.is_cut(at_s)))
            passed = loop.send(photos[image], i, snr_db, at_s)
            about = {"run": run, "at_s": at_s, "image": image, "snr_db": snr_db}
            encoded = {name: getattr(passed, name) for name in ENCODED}
            gvif = passed.gvif if passed.delivered else 0.0
            yield about | encoded | {"row_db": passed.choice.snr_db, "gvif": gvif}
            bar.step(f"{run} at {at_s:g} s, {snr_db:.1f} dB")


def _delivered(rows: Sequence[Row]) -> float:
    """Share of the images, percent."""
    return 100.0 * fmean(row["delivered"] for row in rows)


def _of_oracle(rows: Sequence[Row]) -> float:
    """Mean GVIF in percent of the oracle's, on the same images."""
    there = fmean(row["gvif_oracle"] for row in rows)
    return 100.0 * fmean(row["gvif"] for row in rows) / there if there else math.nan


def checks(rows: Sequence[Row], plan: LoopPlan) -> list[Check]:
    """The acceptance line of the closed loop."""
    ours, fixed, cut = (of(rows, run=run) for run in (LOOP, FIXED, CUT))
    dark = [row for row in cut if plan.is_cut(row["at_s"])]
    return [
        Check("images delivered", _delivered(ours), "%", ">=", 99, REFERENCE),
        Check("GVIF of an oracle's", _of_oracle(ours), "%", ">=", 95, REFERENCE),
        Check("GVIF over that of the row for the middle of the walk, of an oracle's",
              _of_oracle(ours) - _of_oracle(fixed), "%", ">=", 0,
              "the same walk with a fixed choice"),
        Check(f"images delivered while feedback is cut for {plan.cut_s:g} s",
              _delivered(dark), "%", ">=", 99, "feedback cut for 10 s in the middle"),
    ]  # fmt: skip


def summary(rows: Sequence[Row]) -> list[Row]:
    """A row per run."""
    return [
        key | {
            "images": len(found),
            "delivered": _delivered(found),
            "gvif": fmean(row["gvif"] for row in found),
            "oracle": fmean(row["gvif_oracle"] for row in found),
            "share": _of_oracle(found),
            "kbit": fmean(row["bits"] for row in found) / 1e3,
        }
        for key, found in groups(rows, ("run",))
    ]  # fmt: skip


#: Curves of the figure; of the runs the row chosen, GVIF and what was delivered.
LINES = {
    LOOP: "loop",
    FIXED: "fixed",
    CUT: "feedback cut",
    "snr_db": "true SNR, oracle",
    "measured_db": "measured SNR",
}


def curves(rows: Sequence[Row]) -> Iterator[Row]:
    """Rows of the figure. Means are over as many images as there are photos, so that these do not
    show."""
    for key, found in groups(rows, ("run",)):
        for i, row in enumerate(found):
            four = found[max(0, i - 3) : i + 1]
            at: Row = {"at_s": row["at_s"]}
            yield at | {"curve": key["run"], "es_n0": row["row_db"], "delivered": _delivered(four),
                        "gvif": fmean(r["gvif"] for r in four)}  # fmt: skip
            if key["run"] == LOOP:
                oracle = fmean(r["gvif_oracle"] for r in four)
                yield at | {"curve": "snr_db", "es_n0": row["snr_db"], "gvif": oracle}
                yield at | {"curve": "measured_db", "es_n0": row["measured_db"]}


def _shade(ax: Axes, plan: LoopPlan) -> None:
    ax.axvspan((plan.walk_s - plan.cut_s) / 2, (plan.walk_s + plan.cut_s) / 2, color="#f0e6d2",
               zorder=0)  # fmt: skip
