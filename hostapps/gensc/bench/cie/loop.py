"""The closed loop of GVIF-CIE over the flowgraph, while the channel walks 20 -> 0 -> 20 dB.

The three runs of `gensc.transmitter.walk`: what the controller makes of the channel, what a fixed
choice does, and what comes of a cut in the feedback, beside an oracle that knows the SNR.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from statistics import fmean

from gensc.adapt.bank import DEFAULT
from gensc.adapt.tables import load_table, tables_of
from gensc.bench.cie.plan import Row
from gensc.data.images import display_names, load_image
from gensc.experiment.base import BenchResult, Check
from gensc.experiment.figures import Figure, draw_all
from gensc.experiment.rows import groups, of
from gensc.experiment.tables import Listing, columns, listed
from gensc.link.run import leave_cores_to_gnuradio
from gensc.system.progress import progress
from gensc.transmitter.walk import CUT, FIXED, LOOP, RUNS, Walk, walk
from gensc_phy.adaptation.rate_control import ControlConfig

#: For a report with each image, four a second, of less than 0.1 dB deviation; the rows of the table
#: keep a margin to their schemes' thresholds themselves.
CONTROL = ControlConfig(margin_db=0.1, hysteresis_db=0.1, time_constant_s=1.0)
REFERENCE = "the closed loop over the flowgraph, channel walking 20 -> 0 -> 20 dB"
FULL = Walk()
#: The SNR moves by 1.3 dB from image to image, and so much is a report old: that costs GVIF.
QUICK = Walk(interval_s=2.0, around_s=2.0, fixed_every=4)

#: Curves of the figure; of the runs the row chosen, GVIF and what was delivered.
LINES = {
    LOOP: "loop",
    FIXED: "fixed",
    CUT: "feedback cut",
    "snr_db": "true SNR, oracle",
    "measured_db": "measured SNR",
}
TABLE = Listing(
    "Closed loop over GNU Radio, 20 -> 0 -> 20 dB",
    columns("run images delivered gvif oracle share kbit", delivered="delivered, %",
            oracle="oracle's GVIF", share="of it, %"), digits=3,
)  # fmt: skip
FIGURE = Figure(
    "closed_loop", "at_s", ("es_n0", "gvif", "delivered"), hue="curve", names=(*LINES,),
    labels={**LINES, "at_s": "simulated time, s (shaded: feedback cut)", "es_n0": "Es/N0, dB",
            "gvif": "GVIF, mean of four images", "delivered": "images delivered, %, mean of four"},
    markers=False, width=5.2, height=3.8,
)  # fmt: skip


def run(plan: Walk, images: Sequence[str], bank: str, importance: str) -> BenchResult:
    """All three runs, and how near they come to the oracle.

    Args:
        plan: how much is run.
        images: paths of photos.
        bank: codec bank, by name or folder of weights with rate tables; empty: the default one.
        importance: as `gnuradio.gensc.cie_encoder` takes it.

    Raises:
        UserError: no such weights, tables or images.
    """
    from gensc.transmitter.closed_loop import LoopConfig

    control = CONTROL.slower(plan.interval_s / FULL.interval_s)
    table = tables_of(bank or DEFAULT)
    config = LoopConfig(bank or DEFAULT, importance, str(table), control=control)
    photos = [load_image(path, plan.max_side) for path in images]
    leave_cores_to_gnuradio()
    known = load_table(table, config.t_max_s, config.mask_psnr_db)
    with progress("closed loop", sum(len(plan.times(run)) for run in RUNS)) as bar:
        rows = walk(plan, config, known, photos, bar.step)
    settings = {
        "plan": asdict(plan),
        "control": asdict(control),
        "time": "simulated; the controller's clock stands still while an image is on its way",
        "fixed": asdict(known.at((plan.top_db + plan.bottom_db) / 2)),
        "table": known.source,
        "t_max_s": config.t_max_s,
        "mask_psnr_db": config.mask_psnr_db,
        "images": display_names(images),
    }
    dark = (plan.walk_s - plan.cut_s) / 2, (plan.walk_s + plan.cut_s) / 2
    figure = replace(FIGURE, extra=lambda ax, _: ax.axvspan(*dark, color="#f0e6d2", zorder=0))
    return BenchResult(
        "loop",
        [{"experiment": "loop", "transport": "burst", **row} for row in rows],
        checks(rows, plan),
        listed([TABLE], summary(rows)),
        draw_all([figure], list(curves(rows))),
        settings={"loop": settings},
    )


def _delivered(rows: Sequence[Row]) -> float:
    """Share of the images, percent."""
    return 100.0 * fmean(row["delivered"] for row in rows)


def _of_oracle(rows: Sequence[Row]) -> float:
    """Mean GVIF in percent of the oracle's, on the same images."""
    there = fmean(row["gvif_oracle"] for row in rows)
    return 100.0 * fmean(row["gvif"] for row in rows) / there if there else math.nan


def checks(rows: Sequence[Row], plan: Walk) -> list[Check]:
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
