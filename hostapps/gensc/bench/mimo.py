"""`gensc bench mimo`: three users, three antennas; zero forcing and MMSE; torch, NumPy, GNU Radio.

Every point is the mean over photos' slots, each with a channel matrix of its own (block fading,
CN(0, 1) entries). Three questions: what does every user get, do the waveform and the flowgraph
give what the torch-only channel gives at the same SNR behind the separation, and does a user that
is silent or 20 dB weaker harm the others.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

from gensc.data.images import fit, load_image
from gensc.experiment.base import BenchResult, Check, Table
from gensc.experiment.figures import Figure, draw_all
from gensc.experiment.grid import Grid
from gensc.experiment.means import lead, means
from gensc.experiment.rows import Row, measured, of
from gensc.experiment.scheme import Picture, Scheme
from gensc.experiment.schemes.codec import CodecScheme
from gensc.experiment.tables import columns
from gensc.experiment.ways.uplink import UplinkWay
from gensc.link.run import leave_cores_to_gnuradio
from gensc.system import codecs
from gensc.system.progress import Reporter, progress
from gensc_phy.mimo.equalise import SEPARATIONS

PHOTOS = ("skimage:astronaut", "skimage:chelsea", "skimage:coffee")
LAST = len(PHOTOS) - 1
SIZE, RATE = (256, 256), 32
#: Powers of the users in dB; empty: all alike.
CASES: dict[str, tuple[float, ...]] = {
    "normal": (),
    "20 dB weaker": (0.0, 0.0, -20.0),
    "silent": (0.0, 0.0, -math.inf),
}
PLACE = ("via", "separation", "snr_db")
SLOT = ("separation", "snr_db", "slot", "user")
LABELS: dict[str | int, str] = {"zf": "zero forcing", "mmse": "MMSE", "numpy": "waveform"}
LABELS |= {user: f"user {user}, {photo.split(':')[1]}" for user, photo in enumerate(PHOTOS)}


@dataclass(frozen=True)
class Plan:
    """How much is run; `draws` are slots, each with a matrix of its own. SNRs and slots of the
    cases are among those of the curves."""

    snrs_db: Sequence[float] = (0, 5, 10, 15, 20)
    draws: int = 10
    flowgraph_snrs_db: Sequence[float] = (5, 15)
    flowgraph_draws: int = 3
    case_snrs_db: Sequence[float] = (5, 15)
    case_draws: int = 6


QUICK = Plan((5, 15), 4, (15,), 2, (15,), 3)


def run(quick: bool, model: str = "") -> BenchResult:
    """All three experiments."""
    plan = QUICK if quick else Plan()
    leave_cores_to_gnuradio()
    scheme = CodecScheme(codecs.load(model)[0])
    photos = [Picture(photo, fit(load_image(photo), *SIZE)) for photo in PHOTOS]
    with progress("bench mimo", len(SEPARATIONS) * 5 * len(photos)) as bar:
        slots = list(_slots(scheme, photos, plan, bar))
    normal = of(slots, case="normal")
    curves = means(normal, ("psnr", "snr_behind_db", "incomplete"), (*PLACE, "user"))
    whole = [r for r in normal if r["via"] != "torch" and r.get("incomplete") is False]
    parity = means(whole, ("psnr", "psnr_torch", "difference", "error_ratio"), PLACE)
    for row in parity:
        here = of(whole, **{name: row[name] for name in PLACE})
        row["worst"] = max(abs(r["difference"]) for r in here)
    cases = means(_changes(slots, plan), ("psnr", "change"),
                  ("separation", "snr_db", "case", "user"))  # fmt: skip
    experiments = {"curve": curves, "parity": parity, "unequal": cases}
    return BenchResult(
        bench="mimo",
        rows=[{"experiment": name} | row for name, rows in experiments.items() for row in rows],
        checks=list(_checks(slots, curves, parity, cases)),
        tables=list(_tables(normal, curves, parity, cases)),
        figures=draw_all([CURVES], [r for r in curves if r["via"] != "flowgraph"])
        | draw_all([PARITY], whole),
        settings={
            "photos": list(PHOTOS),
            "size": list(SIZE),
            "rate": RATE,
            "weights": vars(scheme.weights[0]),
            "uplink": "3 users x 3 antennas, one CN(0,1) matrix per image slot",
            "snr": "Es/N0 in each antenna of a user of 0 dB, averaged over the fading",
            "psnr": "uint8, per image, then averaged over the images received",
            "incomplete": "share of the images received of which bursts were lost",
            "csi": "torch: perfect; numpy and flowgraph: estimated by the receiver",
            "carrier offsets": "0.1 subcarriers, every user's own within 0.02 of it",
            "draws": plan.draws,
        },
    )


def _slots(scheme: Scheme, photos: Sequence[Picture], plan: Plan, bar: Reporter) -> Iterable[Row]:
    """One row per user and slot; a seed is a slot with a matrix of its own."""
    runs = [
        ("torch", "normal", plan.snrs_db, plan.draws),
        ("numpy", "normal", plan.snrs_db, plan.draws),
        ("flowgraph", "normal", plan.flowgraph_snrs_db, plan.flowgraph_draws),
        *(("numpy", case, plan.case_snrs_db, plan.case_draws) for case in list(CASES)[1:]),
    ]
    for separation, (how, case, snrs_db, draws) in product(SEPARATIONS, runs):
        grid = Grid(
            [scheme], ("rayleigh",), (RATE,), snrs_db, range(1, draws + 1), batch=len(photos),
            beside=how != "torch" and case == "normal", draw=lambda seed, name: seed,
        )  # fmt: skip
        way = UplinkWay(how, separation, CASES[case])
        for row in measured(grid, photos, way, bar.step):
            named = {"via": how, "separation": separation, "case": case, "slot": row["seed"]}
            named |= {"user": PHOTOS.index(row["image"]), "image": f"slot {row['seed']}"}
            if row["received"]:
                named["incomplete"] = row["fragments_lost"] > 0
                named["snr_behind_db"] = row["snr_measured_db"]
                named["difference"] = row["psnr"] - row.get("psnr_torch", row["psnr"])
            else:
                named["psnr"] = None
            yield row | named


def _changes(slots: list[Row], plan: Plan) -> Iterable[Row]:
    """The rows of the cases, each with what it differs from the normal one of the same slot."""
    slots = [r for r in of(slots, via="numpy")
             if r["snr_db"] in plan.case_snrs_db and r["slot"] <= plan.case_draws]  # fmt: skip
    for case in CASES:
        change = lead(slots, case, "normal", by=SLOT, column="case")
        for row in of(slots, case=case):
            yield row | {"change": change.get(tuple(row[name] for name in SLOT))}


def _checks(
    slots: list[Row], curves: list[Row], parity: list[Row], cases: list[Row]
) -> Iterable[Check]:
    for way, name in (("numpy", "NumPy waveform"), ("flowgraph", "flowgraph")):
        yield Check.worst(
            f"PSNR, {name} against torch at equal SNR behind the separation, largest",
            [r["difference"] for r in of(parity, via=way)], "dB", "<=", 0.5,
            "ZF and MMSE, every SNR; mean over users and slots",
        )  # fmt: skip
    same = lead(of(slots, case="normal"), "flowgraph", "numpy", by=SLOT, column="via")
    yield Check.worst("PSNR, flowgraph against NumPy waveform, same slots, largest",
                      same.values(), "dB", "<=", 0.5, "same matrices and noise")  # fmt: skip
    points = means(of(curves, via="torch"), ("psnr",), PLACE)
    gains = lead(points, "mmse", "zf", by=("snr_db",), column="separation")
    yield Check.worst("PSNR, MMSE over ZF, least", gains.values(), "dB", ">=", -0.05,
                      "torch, same slots")  # fmt: skip
    yield Check.worst(
        "error of the symbols against the reported noise variance, largest",
        [10 * math.log10(r["error_ratio"]) for r in parity], "dB", "<=", 0.5,
        "mean over all symbols of a point",
    )  # fmt: skip
    others = [r for r in cases if r["user"] != LAST]
    anyway = sum(r["lost"] for r in of(others, case="normal"))
    for case in list(CASES)[1:]:
        rows = of(others, case=case)
        yield Check.worst(
            f"PSNR of the others when one user is {case}, least change",
            [r["change"] for r in rows if r["change"] is not None], "dB", ">=", -0.2,
            "one user silent or 20 dB weaker does not harm the others",
        )  # fmt: skip
        yield Check(f"images of the others lost when one user is {case}, beyond those lost anyway",
                    max(0, sum(r["lost"] for r in rows) - anyway), "", "<=", 0)  # fmt: skip
    silent = of(cases, case="silent", user=LAST)
    heard = sum(r["rows"] - r["lost"] for r in silent)
    yield Check("images received of a silent user", heard, "", "<=", 0)


def _tables(
    normal: list[Row], curves: list[Row], parity: list[Row], cases: list[Row]
) -> Iterable[Table]:
    lines = [
        point | {f"user_{r['user']}": r["psnr"] for r in of(curves, **{k: point[k] for k in PLACE})}
        for point in means(normal, ("psnr", "incomplete"), PLACE)
    ]
    yield Table(
        "PSNR in dB of every user, 3 users, 3 antennas, block fading",
        columns("via separation snr_db user_0 user_1 user_2 incomplete lost",
                incomplete="share with bursts lost", lost="image lost"),
        lines,
    )  # fmt: skip
    yield Table(
        "PSNR in dB beside the torch-only channel at the SNR measured behind the separation",
        columns("via separation snr_db psnr psnr_torch difference worst error_ratio rows",
                psnr_torch="torch", worst="worst image", error_ratio="error / variance",
                rows="images"),
        parity,
    )  # fmt: skip
    yield Table(
        "PSNR in dB of every user when the last one is weak or silent (NumPy waveform)",
        columns("separation snr_db case user psnr change lost", case="last user"),
        cases,
    )


CURVES = Figure(
    "psnr", "snr_db", "psnr", hue="user", style="via", panels="separation", marks=("numpy",),
    labels=LABELS, x_label="Es/N0 per antenna, dB", interval=False,
    title=f"3 users, 3 antennas, block fading, bandwidth ratio 1/{768 // RATE}",
)  # fmt: skip
PARITY = Figure(
    "parity", "snr_behind_db", "difference", hue="via", marks=(None,),
    labels={"numpy": "NumPy waveform"}, title="every whole image of every user, ZF and MMSE",
    x_label="SNR behind the separation as measured, dB",
    y_label="PSNR against torch at that SNR, dB",
    extra=lambda ax, rows: ax.axhspan(-0.5, 0.5, color="#eeeeee", zorder=0),
)  # fmt: skip
