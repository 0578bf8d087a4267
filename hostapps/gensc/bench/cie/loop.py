"""The closed loop of GVIF-CIE over the flowgraph, while the channel walks 20 -> 0 -> 20 dB.

Three runs of the flowgraph of `gensc.bench.cie.closed_loop`, in simulated time (an image every
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
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gensc.experiment.base import BenchResult, Check, Table
from gensc.system.errors import UserError
from gensc_phy.adaptation.rate_control import ControlConfig
from gensc_phy.adaptation.rate_table import Choice, RateTable, RateTableError, load_tables, pick

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from gensc.bench.cie.closed_loop import LoopConfig
    from gensc.system.progress import Reporter
    from gensc_models.semantics.filtering import CriticalEncoder

BENCH = "cie_loop"
LOOP, FIXED, CUT = "loop", "fixed", "cut"
#: For a report with each image, four a second, of less than 0.1 dB deviation; the rows of the table
#: keep a margin to their schemes' thresholds themselves.
CONTROL = ControlConfig(
    margin_db=0.1,
    spread_factor=1.0,
    hysteresis_db=0.1,
    time_constant_s=1.0,
    silence_s=1.0,
    fallback_s=2.0,
)
REFERENCE = "the closed loop over the flowgraph, channel walking 20 -> 0 -> 20 dB"

Photo = NDArray[np.uint8]
Row = dict[str, Any]


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
QUICK = LoopPlan(walk_s=60.0, interval_s=2.0, around_s=2.0, fixed_every=4)


def run(
    quick: bool = False,
    images: Sequence[str] | None = None,
    bank: str = "",
    table: str = "",
    importance: str = "",
    plan: LoopPlan | None = None,
) -> BenchResult:
    """Run all three and compare.

    Args:
        quick: a fraction of the images.
        images: photos: files, folders, globs, skimage:NAME; scikit-image's where None.
        bank: codec bank, by name or folder of weights; empty: the default one.
        table: file of rate tables; empty: the one beside the bank's weights.
        importance: as `gnuradio.gensc.cie_encoder` takes it.
        plan: how much is run; None: `QUICK` or `FULL`.

    Raises:
        UserError: no such weights, tables or images.
    """
    from gensc.adapt.bank import DEFAULT
    from gensc.bench.cie.closed_loop import LoopConfig
    from gensc.data.images import display_name, expand, load_image
    from gensc.link.run import leave_cores_to_gnuradio
    from gensc.system.progress import progress
    from gnuradio.gensc.codecs import default_rate_tables
    from gnuradio.gensc.errors import GenscError

    plan = plan or (QUICK if quick else FULL)
    control = _slower(CONTROL, plan.interval_s / FULL.interval_s)
    try:
        table = table or str(default_rate_tables(bank or DEFAULT))
    except GenscError as error:
        raise UserError(str(error)) from error
    config = LoopConfig(bank or DEFAULT, importance, table, control=control)
    names = expand(list(images or ["skimage:"]))
    photos = [load_image(name, plan.max_side) for name in names]
    leave_cores_to_gnuradio()
    rows_of = table_of(table, config.t_max_s, config.mask_psnr_db)
    fixed = rows_of.at((plan.top_db + plan.bottom_db) / 2)
    with progress(BENCH, sum(len(plan.times(run)) for run in (LOOP, FIXED, CUT))) as bar:
        runs = {
            run: list(_walk(run, plan, config, photos, fixed if run == FIXED else None, bar))
            for run in (LOOP, FIXED, CUT)
        }
        oracle = Oracle(rows_of, _encoder(config), photos)
        for row in (row for rows in runs.values() for row in rows):
            row["gvif_oracle"] = oracle.gvif(row["image"], row["snr_db"])
    return BenchResult(
        BENCH,
        rows=[row for rows in runs.values() for row in rows],
        checks=checks(runs, plan),
        tables=[summary(runs)],
        figures={"loop": figure_of(runs, plan)},
        settings={
            "plan": asdict(plan),
            "control": asdict(control),
            "time": "simulated; the controller's clock stands still while an image is on its way",
            "fixed": asdict(fixed),
            "table": rows_of.source,
            "t_max_s": config.t_max_s,
            "mask_psnr_db": config.mask_psnr_db,
            "images": [display_name(name) for name in names],
        },
    )


def table_of(path: str, t_max_s: float, mask_psnr_db: float) -> RateTable:
    """The table of a file for these limits.

    Raises:
        UserError: there is none, or the file is none of tables.
    """
    try:
        return pick(load_tables(Path(path)), t_max_s, mask_psnr_db)
    except RateTableError as error:
        raise UserError(str(error)) from error


def _slower(control: ControlConfig, factor: float) -> ControlConfig:
    """The same control for reports that come `factor` times as seldom."""
    names = ("time_constant_s", "silence_s", "fallback_s")
    return replace(control, **{name: factor * getattr(control, name) for name in names})


def _encoder(config: LoopConfig) -> CriticalEncoder:
    """The encoder of the flowgraph, for the oracle."""
    from gensc_models.semantics.filtering import CriticalEncoder
    from gnuradio.gensc.codecs import load_bank, load_importance

    return CriticalEncoder(load_bank(config.bank), load_importance(config.importance))


class Oracle:
    """What a transmitter that knows the SNR would send: GVIF of an image at the row for it.

    Args:
        table: the rows.
        encoder: what codes an image by a row.
        photos: the images, by their place.
    """

    def __init__(self, table: RateTable, encoder: CriticalEncoder, photos: Sequence[Photo]) -> None:
        self._table, self._encoder, self._photos = table, encoder, photos
        self._known: dict[tuple[int, int], float] = {}

    def gvif(self, image: int, snr_db: float) -> float:
        """GVIF of the image as sent at that SNR; 0 where it would be late."""
        row = self._table.index_at(snr_db)
        if (image, row) not in self._known:
            choice = self._table.choices[row]
            sent = self._encoder.encode(
                self._photos[image], choice.point, choice.alpha, choice.budget_bits
            )
            self._known[image, row] = sent.gvif if sent.fits else 0.0
        return self._known[image, row]


def _walk(
    run: str,
    plan: LoopPlan,
    config: LoopConfig,
    photos: Sequence[Photo],
    fixed: Choice | None,
    bar: Reporter,
) -> Iterator[Row]:
    """One run: a row per image."""
    from gensc.bench.cie.closed_loop import ClosedLoop

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
            yield {
                "run": run,
                "at_s": at_s,
                "image": image,
                "snr_db": snr_db,
                "level_db": passed.level_db,
                "measured_db": passed.measured_db,
                "row_db": passed.choice.snr_db,
                "point": passed.point,
                "alpha": passed.alpha,
                "mcs": passed.mcs,
                "bits": passed.bits,
                "in_time": passed.in_time,
                "delivered": passed.delivered,
                "gvif": passed.gvif if passed.delivered else 0.0,
            }
            bar.step(f"{run} at {at_s:g} s, {snr_db:.1f} dB")


def _share_delivered(rows: Sequence[Row]) -> float:
    return 100.0 * fmean(row["delivered"] for row in rows)


def _of_oracle(rows: Sequence[Row]) -> float:
    """Mean GVIF in percent of the oracle's, on the same images."""
    there = fmean(row["gvif_oracle"] for row in rows)
    return 100.0 * fmean(row["gvif"] for row in rows) / there if there else math.nan


def checks(runs: dict[str, list[Row]], plan: LoopPlan) -> list[Check]:
    """The acceptance line of the closed loop."""
    dark = [row for row in runs[CUT] if plan.is_cut(row["at_s"])]
    lead = _of_oracle(runs[LOOP]) - _of_oracle(runs[FIXED])
    return [
        Check("images delivered", _share_delivered(runs[LOOP]), "%", ">=", 99, REFERENCE),
        Check("GVIF of an oracle's", _of_oracle(runs[LOOP]), "%", ">=", 95, REFERENCE),
        Check("GVIF over that of the row for the middle of the walk, of an oracle's",
              lead, "%", ">=", 0, "the same walk with a fixed choice"),
        Check(f"images delivered while feedback is cut for {plan.cut_s:g} s",
              _share_delivered(dark), "%", ">=", 99, "feedback cut for 10 s in the middle"),
    ]  # fmt: skip


def summary(runs: dict[str, list[Row]]) -> Table:
    """A row per run."""
    columns = {
        "run": "run",
        "images": "images",
        "delivered": "delivered, %",
        "gvif": "GVIF",
        "oracle": "oracle's GVIF",
        "share": "of it, %",
        "kbit": "kbit",
    }
    rows = [
        {
            "run": run,
            "images": len(rows),
            "delivered": _share_delivered(rows),
            "gvif": fmean(row["gvif"] for row in rows),
            "oracle": fmean(row["gvif_oracle"] for row in rows),
            "share": _of_oracle(rows),
            "kbit": fmean(row["bits"] for row in rows) / 1e3,
        }
        for run, rows in runs.items()
    ]
    return Table("Closed loop over GNU Radio, 20 -> 0 -> 20 dB", columns, rows, 3)


def figure_of(runs: dict[str, list[Row]], plan: LoopPlan) -> Figure:
    """SNR, GVIF and what was delivered, over simulated time."""
    from gensc.figures.plots import COLOURS, figure

    fig, (snr, gvif, arrived) = figure(3, width=5.2, height=3.8)
    dark = (plan.walk_s - plan.cut_s) / 2, (plan.walk_s + plan.cut_s) / 2
    loop = runs[LOOP]
    at = [row["at_s"] for row in loop]
    snr.plot(at, [row["snr_db"] for row in loop], color="#000000", label="true")
    snr.plot(at, [row["measured_db"] for row in loop], ".", color=COLOURS[0], label="measured")
    snr.step(
        at, [row["row_db"] for row in loop], where="post", color=COLOURS[1], label="row chosen"
    )
    cut = [row["at_s"] for row in runs[CUT]]
    snr.step(cut, [row["row_db"] for row in runs[CUT]], where="post", color=COLOURS[4],
             linestyle="--", label="row, feedback cut")  # fmt: skip
    gvif.plot(at, _smooth(loop, "gvif_oracle"), color="#000000", label="oracle")
    gvif.plot(at, _smooth(loop, "gvif"), color=COLOURS[1], label="loop")
    for run, colour, label in ((FIXED, COLOURS[2], "fixed"), (CUT, COLOURS[4], "feedback cut")):
        times = [row["at_s"] for row in runs[run]]
        gvif.plot(times, _smooth(runs[run], "gvif"), "--", color=colour, label=label)
    for height, (run, colour) in enumerate(((FIXED, COLOURS[2]), (CUT, COLOURS[4]),
                                            (LOOP, COLOURS[1]))):  # fmt: skip
        for good, mark in ((True, "|"), (False, "x")):
            times = [row["at_s"] for row in runs[run] if row["delivered"] == good]
            colour_of = colour if good else "#cc0000"
            arrived.plot(times, [height] * len(times), mark, color=colour_of, markersize=9)
    arrived.set_yticks(range(3), ["fixed", "feedback cut", "loop"])
    arrived.set_ylim(-0.6, 2.6)
    for ax, title in ((snr, "Es/N0, dB"), (gvif, "GVIF, mean of four images"),
                      (arrived, "images delivered (|) and lost (x)")):  # fmt: skip
        ax.axvspan(*dark, color="#f0e6d2", zorder=0)
        ax.set_xlabel("simulated time, s (shaded: feedback cut)")
        ax.set_title(title, fontsize=10)
    snr.legend(fontsize=8)
    gvif.legend(fontsize=8)
    return fig


def _smooth(rows: Sequence[Row], key: str, over: int = 4) -> list[float]:
    """Running mean over as many images as there are photos, so that these do not show."""
    values = np.array([row[key] for row in rows], dtype=float)
    return [float(values[max(0, i + 1 - over) : i + 1].mean()) for i in range(len(values))]
