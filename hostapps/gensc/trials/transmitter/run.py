"""`gensc bench transmitter`: kills, and the walk beside an oracle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from statistics import fmean, median
from typing import Any

from gensc.data.images import expand
from gensc.experiment.base import BenchResult, Check
from gensc.experiment.figures import Figure, draw_all
from gensc.experiment.tables import Listing, columns, listed
from gensc.link.run import leave_cores_to_gnuradio
from gensc.system.progress import progress
from gensc.trials.transmitter import adaptation, kills

Row = dict[str, Any]
KILLS, QUICK_KILLS = kills.Plan(), kills.Plan(kills=4, images=200)
#: The same without a process that stands by: what a start from nothing takes.
COLD = kills.Plan(kills=4, images=200, stand_by=False)
WALK, QUICK_WALK = adaptation.Plan(), adaptation.Plan(images=24, interval_s=2.0)
#: Between two images of the quick walk the SNR moves by 1.3 dB: that costs GVIF.
KILLED = "kill -9 of the transmitter at random instants under load"
WALKED = "the service over a channel that walks 3 to 18 dB"
KILL_TABLE = Listing(
    "kill -9 of the transmitter",
    columns("kills opens exact invented lost doubled resumed longest", opens="books open",
            exact="sums exact", resumed="resumed after, s, median", longest="longest"), digits=2,
)  # fmt: skip
WALK_TABLE = Listing(
    "The service on a channel that walks 3 to 18 dB",
    columns("images bank arrived gvif oracle share", bank="by the bank, %", arrived="arrived, %",
            oracle="oracle's GVIF", share="of it, %"), digits=3,
)  # fmt: skip
LINES = {"snr": "true SNR, oracle", "row": "row chosen"}
FIGURE = Figure(
    "adaptation", "at_s", ("es_n0", "gvif"), hue="curve", names=(*LINES,),
    labels={**LINES, "at_s": "simulated time, s", "es_n0": "Es/N0, dB",
            "gvif": "GVIF, mean of four images"},
    markers=False, width=5.2, height=3.8,
)  # fmt: skip


def run(quick: bool, only: str = "", count: int = 0) -> BenchResult:
    """Both, or `only` one: "kills" or "adaptation".

    Args:
        quick: a fraction of the work.
        only: which; "" for both.
        count: kills, or images of the walk, instead of those planned; 0 leaves them.
    """
    result = BenchResult("transmitter")
    if only in ("", "kills"):
        plan = QUICK_KILLS if quick else KILLS
        plan = replace(plan, kills=count or plan.kills)
        with progress("kills", plan.kills + COLD.kills * (not quick)) as bar:
            result.add(of_kills(kills.run(plan, bar.step)))
            if not quick:
                result.add(of_kills(kills.run(COLD, bar.step), ", no process that stands by"))
        result.settings["kills"] = asdict(plan)
    if only in ("", "adaptation"):
        walk = QUICK_WALK if quick else WALK
        walk = replace(walk, images=count or walk.images)
        leave_cores_to_gnuradio()
        with progress("adaptation", walk.images) as bar:
            rows = adaptation.run(walk, expand(["skimage:"]), step=bar.step)
        result.add(of_walk(rows))
        result.settings["adaptation"] = asdict(walk)
    return result


def of_kills(rows: Sequence[Row], how: str = "") -> BenchResult:
    """Table and checks of kills; the last row is that of the end. `how` goes into their names."""
    *killed, end = rows
    resumed = [row["resumed_s"] for row in killed if row["resumed_s"] is not None]
    broken = sum(not (row["opens"] and row["sums_exact"]) for row in rows)
    invented = sum(row["invented"] for row in rows)
    line = {
        "kills": len(killed),
        "opens": sum(row["opens"] for row in rows),
        "exact": sum(row["sums_exact"] for row in rows),
        "invented": invented,
        "lost": end["lost"],
        "doubled": end["doubled"],
        "resumed": median(resumed) if resumed else None,
        "longest": max(resumed, default=None),
    }
    return BenchResult(
        "transmitter",
        [{"experiment": f"kills{how}", **row} for row in rows],
        [
            Check(
                f"books that do not open or whose sums are wrong{how}", broken, "", "<=", 0, KILLED
            ),
            Check(
                f"images called stored that the receiver has not{how}",
                invented,
                "",
                "<=",
                0,
                KILLED,
            ),
            Check(f"images lost{how}", end["lost"], "", "<=", 0, KILLED),
            Check(f"images stored twice{how}", end["doubled"], "", "<=", 0, KILLED),
            Check.worst(f"first burst after a kill{how}", resumed, "s", "<=", 2.0, KILLED),
        ],
        listed([replace(KILL_TABLE, title=KILL_TABLE.title + how)], [line]),
    )


def of_walk(rows: Sequence[Row]) -> BenchResult:
    """Table, check and figure of the walk."""
    gvif, oracle = fmean(r["gvif"] for r in rows), fmean(r["gvif_oracle"] for r in rows)
    share = 100.0 * gvif / oracle if oracle else float("nan")
    line = {
        "images": len(rows),
        "bank": 100.0 * fmean(row["row_db"] is not None for row in rows),
        "arrived": 100.0 * fmean(row["arrived"] for row in rows),
        "gvif": gvif,
        "oracle": oracle,
        "share": share,
    }
    return BenchResult(
        "transmitter",
        [{"experiment": "adaptation", **row} for row in rows],
        [Check("GVIF of an oracle's", share, "%", ">=", 95, WALKED)],
        listed([WALK_TABLE], [line]),
        draw_all([FIGURE], list(curves(rows))),
    )


def curves(rows: Sequence[Row]) -> Iterator[Row]:
    """Rows of the figure; an image by the analog code has no row."""
    for i, row in enumerate(rows):
        four = rows[max(0, i - 3) : i + 1]
        at = {"at_s": row["at_s"]}
        yield at | {"curve": "snr", "es_n0": row["snr_db"],
                    "gvif": fmean(r["gvif_oracle"] for r in four)}  # fmt: skip
        yield at | {"curve": "row", "es_n0": row["row_db"], "gvif": fmean(r["gvif"] for r in four)}
