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
from statistics import fmean
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gensc.data.images import fit, load_image
from gensc.experiment.base import BenchResult, Check, Table
from gensc.figures.plots import COLOURS, MARKERS, figure
from gensc.link.run import leave_cores_to_gnuradio
from gensc.link.uplink import Conditions, Uplink, UserSection, UserStream
from gensc.system import codecs
from gensc.system.progress import Reporter, progress
from gensc_phy.mimo.equalise import SEPARATIONS, Separation

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from gensc_models import Encoded
    from gensc_models.codecs.codec import Codec

PHOTOS = ("skimage:astronaut", "skimage:chelsea", "skimage:coffee")
SIZE, RATE = (256, 256), 32
#: Power of the last user in the experiment with an unequal one.
CASES = {"normal": 0.0, "20 dB weaker": -20.0, "silent": float("-inf")}
TITLES = {"zf": "zero forcing", "mmse": "MMSE"}


@dataclass(frozen=True)
class Plan:
    """How much is run; `draws` are slots, each with a matrix of its own."""

    snrs_db: Sequence[float] = (0, 5, 10, 15, 20)
    draws: int = 10
    flowgraph_snrs_db: Sequence[float] = (5, 15)
    flowgraph_draws: int = 3
    case_snrs_db: Sequence[float] = (5, 15)
    case_draws: int = 6


QUICK = Plan((5, 15), 4, (15,), 2, (15,), 3)


class _Users:
    """Photos of the users, encoded once per design SNR."""

    def __init__(self, model: str) -> None:
        self.codec: Codec
        self.codec, self.weights = codecs.load(model)
        self.photos: list[NDArray[np.uint8]] = [fit(load_image(p), *SIZE) for p in PHOTOS]
        self.uplink = Uplink()
        self._encoded: dict[float, list[Encoded]] = {}

    def encoded(self, snr_db: float) -> list[Encoded]:
        """Every user's photo; the encoder is told the mean SNR of the channel."""
        if snr_db not in self._encoded:
            self._encoded[snr_db] = [self.codec.encode_image(p, RATE, snr_db) for p in self.photos]
        return self._encoded[snr_db]

    def send(self, way: str, at: Conditions) -> list[UserStream | None]:
        """Every user's photo through the uplink."""
        sections = [
            UserSection(e.symbols, e.rate, e.height, e.width, self.codec.fingerprint, e.aux)
            for e in self.encoded(at.snr_db)
        ]
        return self.uplink.send(way, sections, at)

    def psnr(self, user: int, snr_db: float, stream: UserStream) -> float:
        """PSNR of a user's photo decoded from what was received, dB."""
        from gensc_models.metrics.fidelity import psnr

        e = self.encoded(snr_db)[user]
        image = self.codec.decode_image(e.received(stream.symbols, stream.noise_var))
        return psnr(self.photos[user], image)

    def over_awgn(self, user: int, design_db: float, snr_db: float, seed: int) -> float:
        """PSNR of a user's photo over the plain torch channel at `snr_db`, dB."""
        import torch

        from gensc_models.channels.single import simulate

        symbols = torch.from_numpy(self.encoded(design_db)[user].symbols)
        out = simulate(symbols, "awgn", snr_db, torch.Generator().manual_seed(seed))
        stream = UserStream(out.received.numpy(), out.noise_var.numpy(), snr_db)
        return self.psnr(user, design_db, stream)

    def error_ratio(self, user: int, snr_db: float, stream: UserStream) -> float:
        """Mean of the symbols' squared error over the variance reported for it."""
        heard = np.isfinite(stream.noise_var)
        error = np.abs(stream.symbols - self.encoded(snr_db)[user].symbols)[heard] ** 2
        return float(np.mean(error / stream.noise_var[heard]))


def run(quick: bool, model: str = "") -> BenchResult:
    """All three experiments."""
    plan = QUICK if quick else Plan()
    leave_cores_to_gnuradio()
    users = _Users(model)
    steps = len(SEPARATIONS) * (
        2 * len(plan.snrs_db) + len(plan.flowgraph_snrs_db) + len(CASES) * len(plan.case_snrs_db)
    )
    with progress("bench mimo", steps) as bar:
        slots = [
            row
            for separation in SEPARATIONS
            for way, snrs, draws in (
                ("torch", plan.snrs_db, plan.draws),
                ("numpy", plan.snrs_db, plan.draws),
                ("flowgraph", plan.flowgraph_snrs_db, plan.flowgraph_draws),
            )
            for snr_db in snrs
            for row in _slots(users, way, separation, snr_db, draws, bar)
        ]
        cases = list(_cases(users, plan, bar))
    curves = list(_curves(slots))
    parity = list(_parity(slots))
    return BenchResult(
        bench="mimo",
        rows=[*curves, *parity, *cases],
        checks=list(_checks(slots, curves, parity, cases)),
        tables=list(_tables(curves, parity, cases)),
        figures={"psnr": _psnr_figure(curves), "parity": _parity_figure(slots)},
        settings={
            "photos": list(PHOTOS),
            "size": list(SIZE),
            "rate": RATE,
            "weights": vars(users.weights),
            "uplink": "3 users x 3 antennas, one CN(0,1) matrix per image slot",
            "snr": "Es/N0 in each antenna of a user of 0 dB, averaged over the fading",
            "psnr": "uint8, per image, then averaged over the images received",
            "csi": "torch: perfect; numpy and flowgraph: estimated by the receiver",
            "carrier offsets": "0.1 subcarriers, every user's own within 0.02 of it",
            "draws": plan.draws,
        },
    )


def _slots(
    users: _Users, way: str, separation: Separation, snr_db: float, draws: int, bar: Reporter
) -> Iterable[dict[str, Any]]:
    """One row per user and slot."""
    for seed in range(1, draws + 1):
        streams = users.send(way, Conditions(snr_db, separation, seed))
        for user, stream in enumerate(streams):
            row = {"via": way, "separation": separation, "snr_db": snr_db, "seed": seed}
            row |= {"user": user, "psnr": None, "snr_behind_db": None}
            if stream is not None:
                row["psnr"] = users.psnr(user, snr_db, stream)
                row["snr_behind_db"] = stream.snr_db
                row["complete"] = bool(np.isfinite(stream.noise_var).all())
                row["error_ratio"] = users.error_ratio(user, snr_db, stream)
                if way != "torch":
                    row["psnr_awgn"] = users.over_awgn(user, snr_db, stream.snr_db, seed)
            yield row
    bar.step(f"{way}, {TITLES[separation]}, {snr_db:g} dB")


def _cases(users: _Users, plan: Plan, bar: Reporter) -> Iterable[dict[str, Any]]:
    """Rows of the experiment with an unequal last user: everyone's mean PSNR, over the waveform."""
    last = len(PHOTOS) - 1
    for separation in SEPARATIONS:
        for snr_db in plan.case_snrs_db:
            normal: dict[tuple[int, int], float] = {}
            for case, gain_db in CASES.items():
                got: dict[tuple[int, int], float] = {}
                for seed in range(1, plan.case_draws + 1):
                    gains = (0.0,) * last + (gain_db,)
                    at = Conditions(snr_db, separation, seed, gains)
                    for user, stream in enumerate(users.send("numpy", at)):
                        if stream is not None:
                            got[user, seed] = users.psnr(user, snr_db, stream)
                normal = normal or got
                for user in range(last + 1):
                    values = [p for (u, _), p in got.items() if u == user]
                    both = [k for k in got if k in normal and k[0] == user]
                    yield {
                        "experiment": "unequal",
                        "separation": separation,
                        "snr_db": snr_db,
                        "case": case,
                        "user": user,
                        "psnr": fmean(values) if values else None,
                        "change": fmean(got[k] - normal[k] for k in both) if both else None,
                        "images": len(values),
                        "lost": plan.case_draws - len(values),
                        "lost_before": plan.case_draws - sum(k[0] == user for k in normal),
                    }
                bar.step(f"last user {case}, {TITLES[separation]}, {snr_db:g} dB")


def _mean(rows: list[dict[str, Any]], key: str) -> float | None:
    values = [r[key] for r in rows if r.get(key) is not None]
    return fmean(values) if values else None


def _groups(
    rows: list[dict[str, Any]], keys: tuple[str, ...]
) -> Iterable[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Rows with the same values of `keys`, in the order they first occur."""
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(tuple(row[k] for k in keys), []).append(row)
    for values, members in groups.items():
        yield dict(zip(keys, values, strict=True)), members


def _curves(slots: list[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    for key, rows in _groups(slots, ("via", "separation", "snr_db", "user")):
        yield {
            "experiment": "curve",
            **key,
            "psnr": _mean(rows, "psnr"),
            "snr_behind_db": _mean(rows, "snr_behind_db"),
            "images": sum(r["psnr"] is not None for r in rows),
            "incomplete": sum(r["psnr"] is not None and not r["complete"] for r in rows),
            "lost": sum(r["psnr"] is None for r in rows),
        }


def _parity(slots: list[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    """Whole images beside the torch-only channel at the SNR measured behind the separation."""
    rows = [r for r in slots if r["via"] != "torch" and r["psnr"] is not None and r["complete"]]
    for key, group in _groups(rows, ("via", "separation", "snr_db")):
        yield {
            "experiment": "parity",
            **key,
            "psnr": _mean(group, "psnr"),
            "psnr_torch": _mean(group, "psnr_awgn"),
            "difference": fmean(r["psnr"] - r["psnr_awgn"] for r in group),
            "worst": max(abs(r["psnr"] - r["psnr_awgn"]) for r in group),
            "error_ratio": _mean(group, "error_ratio"),
            "images": len(group),
        }


def _checks(
    slots: list[dict[str, Any]],
    curves: list[dict[str, Any]],
    parity: list[dict[str, Any]],
    cases: list[dict[str, Any]],
) -> Iterable[Check]:
    for way, name in (("numpy", "NumPy waveform"), ("flowgraph", "flowgraph")):
        rows = [r for r in parity if r["via"] == way]
        yield Check(
            f"PSNR, {name} against torch at equal SNR behind the separation, largest",
            max((abs(r["difference"]) for r in rows), default=math.nan),
            "dB",
            "<=",
            0.5,
            "ZF and MMSE, every SNR; mean over users and slots",
        )
    yield Check(
        "PSNR, flowgraph against NumPy waveform, same slots, largest",
        max(_same_slots(slots, "flowgraph", "numpy"), default=math.nan),
        "dB",
        "<=",
        0.5,
        "same matrices and noise",
    )
    gains = _same_curve(curves)
    yield Check("PSNR, MMSE over ZF, least", min(gains, default=math.nan), "dB", ">=", -0.05,
                "torch, same slots")  # fmt: skip
    ratios = [10 * math.log10(r["error_ratio"]) for r in parity]
    yield Check(
        "error of the symbols against the reported noise variance, largest",
        max((abs(r) for r in ratios), default=math.nan),
        "dB",
        "<=",
        0.5,
        "mean over all symbols of a point",
    )
    last = len(PHOTOS) - 1
    for case in list(CASES)[1:]:
        rows = [r for r in cases if r["case"] == case and r["user"] != last]
        yield Check(
            f"PSNR of the others when one user is {case}, least change",
            min((r["change"] for r in rows if r["change"] is not None), default=math.nan),
            "dB",
            ">=",
            -0.2,
            "one user silent or 20 dB weaker does not harm the others",
        )
        yield Check(
            f"images of the others lost when one user is {case}, beyond those lost anyway",
            max(0, sum(r["lost"] - r["lost_before"] for r in rows)),
            "",
            "<=",
            0,
            "",
        )
    rows = [r for r in cases if r["case"] == "silent" and r["user"] == last]
    yield Check("images received of a silent user", sum(r["images"] for r in rows), "", "<=", 0)


def _same_slots(slots: list[dict[str, Any]], a: str, b: str) -> Iterable[float]:
    """|PSNR difference| of two ways in the slots both of them received."""
    index = {
        (r["via"], r["separation"], r["snr_db"], r["seed"], r["user"]): r["psnr"] for r in slots
    }
    for (via, *key), psnr in index.items():
        other = index.get((b, *key))
        if via == a and psnr is not None and other is not None:
            yield abs(psnr - other)


def _same_curve(curves: list[dict[str, Any]]) -> list[float]:
    """PSNR of MMSE less that of ZF at every SNR, mean over the users; torch."""
    rows = [r for r in curves if r["via"] == "torch"]
    mean = {
        (key["separation"], key["snr_db"]): fmean(r["psnr"] for r in group)
        for key, group in _groups(rows, ("separation", "snr_db"))
    }
    return [psnr - mean["zf", snr] for (kind, snr), psnr in mean.items() if kind == "mmse"]


def _tables(
    curves: list[dict[str, Any]], parity: list[dict[str, Any]], cases: list[dict[str, Any]]
) -> Iterable[Table]:
    rows = []
    for key, group in _groups(curves, ("via", "separation", "snr_db")):
        row = dict(key) | {f"user{r['user']}": r["psnr"] for r in group}
        rows.append(row | {k: sum(r[k] for r in group) for k in ("incomplete", "lost")})
    columns = {"via": "via", "separation": "separation", "snr_db": "Es/N0 dB"}
    columns |= {f"user{k}": f"user {k}" for k in range(len(PHOTOS))} | {
        "incomplete": "bursts lost",
        "lost": "image lost",
    }
    yield Table("PSNR in dB of every user, 3 users, 3 antennas, block fading", columns, rows)
    yield Table(
        "PSNR in dB beside the torch-only channel at the SNR measured behind the separation",
        {
            "via": "via",
            "separation": "separation",
            "snr_db": "Es/N0 dB",
            "psnr": "PSNR",
            "psnr_torch": "torch",
            "difference": "difference",
            "worst": "worst image",
            "error_ratio": "error / variance",
            "images": "images",
        },
        parity,
    )
    yield Table(
        "PSNR in dB of every user when the last one is weak or silent (NumPy waveform)",
        {
            "separation": "separation",
            "snr_db": "Es/N0 dB",
            "case": "last user",
            "user": "user",
            "psnr": "PSNR",
            "change": "change",
            "lost": "lost",
        },
        cases,
    )


def _psnr_figure(curves: list[dict[str, Any]]) -> Figure:
    fig, axes = figure(len(SEPARATIONS), width=5.6, height=4.3, share_y=True)
    for ax, separation in zip(axes, SEPARATIONS, strict=True):
        for user, photo in enumerate(PHOTOS):
            for way in ("torch", "numpy"):
                rows = [
                    r
                    for r in curves
                    if (r["separation"], r["user"], r["via"]) == (separation, user, way)
                    and r["psnr"] is not None
                ]
                ax.plot(
                    [r["snr_db"] for r in rows],
                    [r["psnr"] for r in rows],
                    color=COLOURS[user],
                    marker=MARKERS[user] if way == "numpy" else None,
                    linestyle="none" if way == "numpy" else "-",
                    linewidth=2,
                    label=f"user {user}, {photo.split(':')[1]}: "
                    + ("torch" if way == "torch" else "waveform"),
                )
        ax.set_title(TITLES[separation], fontsize=11)
        ax.set_xlabel("Es/N0 per antenna, dB")
    axes[0].set_ylabel("PSNR, dB")
    axes[0].legend(frameon=False, fontsize=8)
    fig.suptitle(f"3 users, 3 antennas, block fading, bandwidth ratio 1/{768 // RATE}", fontsize=12)
    return fig


def _parity_figure(slots: list[dict[str, Any]]) -> Figure:
    fig, (ax,) = figure(1)
    ax.axhspan(-0.5, 0.5, color="#eeeeee")
    for i, way in enumerate(("numpy", "flowgraph")):
        rows = [r for r in slots if r["via"] == way and r["psnr"] is not None and r["complete"]]
        ax.plot(
            [r["snr_behind_db"] for r in rows],
            [r["psnr"] - r["psnr_awgn"] for r in rows],
            color=COLOURS[i],
            marker=MARKERS[i],
            linestyle="none",
            markersize=4,
            label={"numpy": "NumPy waveform", "flowgraph": "flowgraph"}[way],
        )
    ax.set_xlabel("SNR behind the separation as measured, dB")
    ax.set_ylabel("PSNR against torch at that SNR, dB")
    ax.set_title("every whole image of every user, ZF and MMSE", fontsize=11)
    ax.legend(frameon=False)
    return fig
