"""`gensc bench fidelity`: the flowgraph against the torch-only channel, and lost bursts.

Two questions: does the real waveform cost anything beyond the SNR it measures, and what does the
loss of bursts do to the picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gensc.data.images import display_names, expand, fit, load_image
from gensc.experiment.base import BenchResult, Check
from gensc.experiment.figures import Figure, draw_all, ratio
from gensc.experiment.grid import Grid
from gensc.experiment.means import lead, means
from gensc.experiment.rows import Row, measured, melt, of
from gensc.experiment.scheme import Picture
from gensc.experiment.schemes.codec import CodecScheme
from gensc.experiment.tables import Listing, columns, listed
from gensc.experiment.ways.flowgraph import FlowgraphWay
from gensc.system import codecs
from gensc.system.progress import Reporter, progress

PARITY, LOSS = {"experiment": "parity"}, {"experiment": "loss"}


@dataclass(frozen=True)
class Size:
    """Pictures of height×width pixels at a rate in symbols per 16×16 block, each so many times: a
    small one meets few noise samples, so that its PSNR scatters more."""

    height: int
    width: int
    rate: int
    repeat: int

    @property
    def said(self) -> Row:
        """As rows say it."""
        name = f"{self.height}x{self.width}"
        return {"size": name, "rate": self.rate, "case": f"{name}, CBR {ratio(self.rate)}"}


@dataclass(frozen=True)
class Plan:
    """How much is run; `losses` are shares of the bursts of an image."""

    sizes: Sequence[Size] = (Size(32, 32, 128, 25), Size(512, 768, 32, 2))
    snrs_db: Sequence[float] = (0, 5, 10, 15, 20)
    losses: Sequence[float] = (0.0, 0.05, 0.1, 0.2, 0.5, 1.0)
    loss_size: Size = Size(512, 768, 64, 2)
    loss_snrs_db: Sequence[float] = (5, 15)


QUICK = Plan((Size(32, 32, 128, 4), Size(512, 768, 32, 1)), (0, 10, 20), (0.0, 0.1, 0.5, 1.0),
             Size(256, 384, 64, 1), (10,))  # fmt: skip
FIGURES = (
    Figure("parity", "snr_measured_db", "psnr", where={"curve": ("torch", "flowgraph")}, hue="case",
           style="curve", marks=("flowgraph",), interval=False,
           x_label="Es/N0 as measured by the receiver, dB"),
    Figure("fragment_loss", "percent", "psnr", where=LOSS, hue="snr_db", panels="case",
           interval=False, x_label="bursts lost, %"),
)  # fmt: skip
TABLES = (
    Listing("PSNR in dB through the flowgraph and over the torch-only channel at the measured SNR",
            columns("size rate snr_db snr_measured_db psnr_flowgraph psnr_torch difference runs",
                    snr_measured_db="measured", psnr_flowgraph="flowgraph", psnr_torch="torch"),
            PARITY),
    Listing("PSNR in dB when bursts are lost",
            columns("snr_db fragments_lost fragments psnr no_image", fragments_lost="lost",
                    fragments="of"), LOSS),
)  # fmt: skip


def run(
    quick: bool, images: list[str] | None = None, model: str = "", limit: int = 0
) -> BenchResult:
    """Both experiments on a few photos; arguments as for `gensc.bench.codec.run`."""
    plan = QUICK if quick else Plan()
    paths = expand(images or ["skimage:"])[: 2 if quick else limit or 4]
    photos = [
        Picture(name, load_image(p, 2048))
        for name, p in zip(display_names(paths), paths, strict=True)
    ]
    scheme = CodecScheme(codecs.load(model)[0])
    with progress("bench fidelity", len(photos) * (len(plan.sizes) + len(plan.losses))) as bar:
        parity = [r for size in plan.sizes for r in _parity(scheme, photos, size, plan, bar)]
        losses = list(_losses(scheme, photos, plan, bar))
    curves = melt(parity, {f"psnr_{way}": way for way in ("torch", "flowgraph")}, "curve", "psnr")
    rows = [*parity, *losses]
    return BenchResult(
        bench="fidelity",
        rows=rows,
        checks=list(_checks(parity, losses, plan)),
        tables=listed(TABLES, rows),
        figures=draw_all(FIGURES, [*curves, *losses]),
        settings={
            "photos": [p.name for p in photos],
            "psnr": "uint8, per image, then averaged",
            "torch": "awgn at the SNR the flowgraph's receiver measured, perfect CSI",
            "encoder": "told the SNR asked for, in both",
        },
    )


def _through(
    scheme: CodecScheme, photos: Sequence[Picture], size: Size, snrs_db: Sequence[float],
    bar: Reporter, dropped: float = 0.0,
) -> list[Row]:  # fmt: skip
    """Every photo at one size through GNU Radio, and beside it over torch."""
    grid = Grid([scheme], rates=(size.rate,), snrs_db=snrs_db, seeds=range(1, size.repeat + 1),
                beside=not dropped)  # fmt: skip
    fitted = [Picture(p.name, fit(p.pixels, size.height, size.width)) for p in photos]
    return measured(grid, fitted, FlowgraphWay(dropped), bar.step)


def _parity(
    scheme: CodecScheme, photos: Sequence[Picture], size: Size, plan: Plan, bar: Reporter
) -> Iterator[Row]:
    """Means over photos and runs at each SNR."""
    rows = _through(scheme, photos, size, plan.snrs_db, bar)
    metrics = ("psnr", "psnr_torch", "snr_measured_db")
    for p in means(of(rows, received=True), metrics, ("snr_db",)):
        counted = {"runs": p["rows"], "lost": len(of(rows, snr_db=p["snr_db"])) - p["rows"]}
        yield PARITY | size.said | p | counted | {
            "psnr_flowgraph": p["psnr"], "difference": p["psnr"] - p["psnr_torch"],
        }  # fmt: skip


def _losses(
    scheme: CodecScheme, photos: Sequence[Picture], plan: Plan, bar: Reporter
) -> Iterator[Row]:
    """PSNR against the share of analog bursts that is dropped."""
    for share in plan.losses:
        rows = _through(scheme, photos, plan.loss_size, plan.loss_snrs_db, bar, share)
        shown = {p["snr_db"]: p["psnr"] for p in means(of(rows, received=True), ("psnr",))}
        for p in means(rows, ("fragments", "fragments_lost"), ("snr_db",)):
            yield LOSS | plan.loss_size.said | p | {
                "share": share, "percent": 100 * share, "psnr": shown.get(p["snr_db"]),
                "fragments": int(p["fragments"]), "fragments_lost": int(p["fragments_lost"]),
                "runs": p["rows"] - p["lost"], "no_image": p["lost"],
            }  # fmt: skip


def _checks(parity: Sequence[Row], losses: Sequence[Row], plan: Plan) -> Iterator[Check]:
    for size in plan.sizes:
        name = f"PSNR through the flowgraph against the torch-only channel, {size.said['size']}"
        found = of(parity, size=size.said["size"])
        yield Check.worst(f"{name}, largest", [r["difference"] for r in found], "dB", "<=", 0.3,
                          "same photo, codec and measured SNR")  # fmt: skip
    for snr_db in plan.loss_snrs_db:
        cost = lead(of(losses, snr_db=snr_db), 0.0, 0.1, by=("snr_db",), column="share")
        yield Check.worst(f"PSNR that the loss of 10 % of the fragments costs at {snr_db:g} dB",
                          cost.values(), "dB", "<=", 3.0,
                          "graceful: the digital baseline loses the picture")  # fmt: skip
    gone = of(losses, share=1.0)
    yield Check("runs that lost all fragments and ended with no image and no crash",
                sum(r["no_image"] for r in gone) / sum(r["rows"] for r in gone), "", ">=", 1.0,
                "losing all gives a clear event")  # fmt: skip
