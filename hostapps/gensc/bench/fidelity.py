"""`gensc bench fidelity`: the flowgraph against the torch-only channel, and lost bursts.

Two questions: does the real waveform cost anything beyond the SNR it measures, and what does the
loss of bursts do to the picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count, islice
from statistics import fmean
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gensc.data.images import display_name, expand, fit, load_image
from gensc.experiment.base import BenchResult, Check, Table
from gensc.figures.plots import COLOURS, MARKERS, figure
from gensc.link.run import LinkRunner
from gensc.link.torch_channel import transmit
from gensc.system.progress import Reporter, progress
from gensc_models.codecs.codec import symbols_for

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Size:
    """A size of picture that is compared.

    Attributes:
        height, width: pixels.
        rate: channel symbols per 16×16 block.
        repeat: runs per photo and SNR. A small picture meets few noise samples, so its PSNR
            scatters more.
    """

    height: int
    width: int
    rate: int
    repeat: int

    @property
    def name(self) -> str:
        """For people, e.g. "512x768"."""
        return f"{self.height}x{self.width}"


@dataclass(frozen=True)
class Plan:
    """How much is run."""

    sizes: Sequence[Size] = (Size(32, 32, 128, 25), Size(512, 768, 32, 2))
    snrs_db: Sequence[float] = (0, 5, 10, 15, 20)
    losses: Sequence[float] = (0.0, 0.05, 0.1, 0.2, 0.5, 1.0)
    loss_size: Size = Size(512, 768, 64, 2)
    loss_snrs_db: Sequence[float] = (5, 15)


QUICK = Plan(
    sizes=(Size(32, 32, 128, 4), Size(512, 768, 32, 1)),
    snrs_db=(0, 10, 20),
    losses=(0.0, 0.1, 0.5, 1.0),
    loss_size=Size(256, 384, 64, 1),
    loss_snrs_db=(10,),
)


def run(
    quick: bool, images: list[str] | None = None, model: str = "", limit: int = 0
) -> BenchResult:
    """Both experiments on a few photos; arguments as for `gensc.bench.codec.run.run`."""
    plan = QUICK if quick else Plan()
    paths = expand(images or ["skimage:"])
    paths = paths[: 2 if quick else limit or 4]
    photos = {display_name(p): load_image(p, 2048) for p in paths}
    steps = len(photos) * (len(plan.sizes) * len(plan.snrs_db) + len(plan.loss_snrs_db))
    with progress("bench fidelity", steps) as bar:
        parity = [row for size in plan.sizes for row in _parity(photos, size, plan, model, bar)]
        losses = list(_losses(photos, plan, model, bar))
    return BenchResult(
        bench="fidelity",
        rows=[*parity, *losses],
        checks=list(_checks(parity, losses, plan)),
        tables=list(_tables(parity, losses)),
        figures={"fragment_loss": _loss_figure(losses), "parity": _parity_figure(parity)},
        settings={
            "photos": list(photos),
            "psnr": "uint8, per image, then averaged",
            "torch": "awgn at the SNR the flowgraph's receiver measured, perfect CSI",
            "encoder": "told the SNR asked for, in both",
        },
    )


def _parity(
    photos: dict[str, NDArray[np.uint8]], size: Size, plan: Plan, model: str, bar: Reporter
) -> Iterable[dict[str, Any]]:
    """Rows of the comparison at one size: means over photos and runs at each SNR."""
    from gensc_models.metrics.fidelity import psnr

    runner = LinkRunner(model, size.rate)
    # Every run has a noise of its own: shared between photos or SNRs, its scatter would not
    # average out.
    seeds = count(1)
    for snr_db in plan.snrs_db:
        over_air, torch_only, measured = [], [], []
        for name, photo in photos.items():
            image = fit(photo, size.height, size.width)
            for seed in islice(seeds, size.repeat):
                got = runner.send(image, name, snr_db=snr_db, seed=seed)
                if got.image is None or got.snr_measured_db is None:
                    continue
                point = ("awgn", size.rate, got.snr_measured_db)
                beside, _, _ = transmit(
                    runner.codec, image, *point, seed=seed, design_snr_db=snr_db
                )
                over_air.append(psnr(image, got.image))
                torch_only.append(psnr(image, beside))
                measured.append(got.snr_measured_db)
            bar.step(f"{name} {size.name} at {snr_db:g} dB")
        yield {
            "experiment": "parity",
            "size": size.name,
            "rate": size.rate,
            "snr_db": snr_db,
            "snr_measured_db": fmean(measured),
            "psnr_flowgraph": fmean(over_air),
            "psnr_torch": fmean(torch_only),
            "difference": fmean(over_air) - fmean(torch_only),
            "runs": len(over_air),
            "lost": len(photos) * size.repeat - len(over_air),
        }


def _losses(
    photos: dict[str, NDArray[np.uint8]], plan: Plan, model: str, bar: Reporter
) -> Iterable[dict[str, Any]]:
    """Rows of the loss experiment: PSNR against the share of analog bursts that is dropped."""
    from gensc_models.metrics.fidelity import psnr

    size = plan.loss_size
    runner = LinkRunner(model, size.rate)
    bursts = -(-symbols_for(size.height, size.width, size.rate)
              // runner.config.max_payload)  # fmt: skip
    for snr_db in plan.loss_snrs_db:
        points: dict[float, list[float]] = {share: [] for share in plan.losses}
        nothing = dict.fromkeys(plan.losses, 0)
        for name, photo in photos.items():
            image = fit(photo, size.height, size.width)
            for share in plan.losses:
                for seed in range(1, size.repeat + 1):
                    rng = np.random.default_rng((seed, 0x105))
                    lost = rng.permutation(bursts)[: round(share * bursts)]
                    got = runner.send(
                        image, name, snr_db=snr_db, seed=seed, lost=frozenset(lost.tolist())
                    )
                    if got.image is None:
                        nothing[share] += 1
                    else:
                        points[share].append(psnr(image, got.image))
            bar.step(f"{name}, losses at {snr_db:g} dB")
        for share in plan.losses:
            yield {
                "experiment": "loss",
                "size": size.name,
                "rate": size.rate,
                "snr_db": snr_db,
                "fragments": bursts,
                "fragments_lost": round(share * bursts),
                "share": share,
                "psnr": fmean(points[share]) if points[share] else None,
                "runs": len(points[share]),
                "no_image": nothing[share],
            }


def _checks(
    parity: list[dict[str, Any]], losses: list[dict[str, Any]], plan: Plan
) -> Iterable[Check]:
    for size in plan.sizes:
        rows = [r for r in parity if r["size"] == size.name]
        yield Check(
            f"PSNR through the flowgraph against the torch-only channel, {size.name}, largest",
            max(abs(r["difference"]) for r in rows),
            "dB",
            "<=",
            0.3,
            "same photo, codec and measured SNR",
        )
    for snr_db in plan.loss_snrs_db:
        by_share = {r["share"]: r for r in losses if r["snr_db"] == snr_db}
        yield Check(
            f"PSNR that the loss of 10 % of the fragments costs at {snr_db:g} dB",
            by_share[0.0]["psnr"] - by_share[0.1]["psnr"],
            "dB",
            "<=",
            3.0,
            "graceful: the digital baseline loses the picture",
        )
    total = [r for r in losses if r["share"] == 1.0]
    yield Check(
        "runs that lost all fragments and ended with no image and no crash",
        sum(r["no_image"] for r in total) / sum(r["no_image"] + r["runs"] for r in total),
        "",
        ">=",
        1.0,
        "losing all gives a clear event",
    )


def _tables(parity: list[dict[str, Any]], losses: list[dict[str, Any]]) -> Iterable[Table]:
    yield Table(
        "PSNR in dB through the flowgraph and over the torch-only channel at the measured SNR",
        {
            "size": "size",
            "rate": "rate",
            "snr_db": "Es/N0 dB",
            "snr_measured_db": "measured",
            "psnr_flowgraph": "flowgraph",
            "psnr_torch": "torch",
            "difference": "difference",
            "runs": "runs",
        },
        parity,
    )
    yield Table(
        "PSNR in dB when bursts are lost",
        {
            "snr_db": "Es/N0 dB",
            "fragments_lost": "lost",
            "fragments": "of",
            "psnr": "PSNR",
            "no_image": "no image",
        },
        losses,
    )


def _loss_figure(losses: list[dict[str, Any]]) -> Figure:
    fig, (ax,) = figure(1)
    for i, snr_db in enumerate(sorted({r["snr_db"] for r in losses})):
        rows = [r for r in losses if r["snr_db"] == snr_db and r["psnr"] is not None]
        ax.plot(
            [100 * r["fragments_lost"] / r["fragments"] for r in rows],
            [r["psnr"] for r in rows],
            color=COLOURS[i],
            marker=MARKERS[i],
            linewidth=2,
            label=f"Es/N0 {snr_db:g} dB",
        )
    ax.set_xlabel("bursts lost, %")
    ax.set_ylabel("PSNR, dB")
    first = losses[0]
    ax.set_title(
        f"{first['size']} photos, bandwidth ratio 1/{768 // first['rate']}, "
        f"{first['fragments']} bursts each",
        fontsize=11,
    )
    ax.legend(frameon=False)
    return fig


def _parity_figure(parity: list[dict[str, Any]]) -> Figure:
    fig, (ax,) = figure(1)
    for i, size in enumerate(dict.fromkeys(r["size"] for r in parity)):
        rows = [r for r in parity if r["size"] == size]
        x = [r["snr_measured_db"] for r in rows]
        label = f"{size}, bandwidth ratio 1/{768 // rows[0]['rate']}"
        ax.plot(x, [r["psnr_torch"] for r in rows], color=COLOURS[i], label=f"{label}: torch")
        ax.plot(
            x,
            [r["psnr_flowgraph"] for r in rows],
            color=COLOURS[i],
            marker=MARKERS[i],
            linestyle="none",
            markersize=7,
            label=f"{label}: flowgraph",
        )
    ax.set_xlabel("Es/N0 as measured by the receiver, dB")
    ax.set_ylabel("PSNR, dB")
    ax.legend(frameon=False)
    return fig
