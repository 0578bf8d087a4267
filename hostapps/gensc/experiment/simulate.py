"""Sweeps over a torch-only channel: no waveform, perfect channel knowledge, fast."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gensc.results.quality import Effort, score
from gensc.results.result import Result
from gensc.system.weights import Weights

if TYPE_CHECKING:
    from gensc.link.schemes import Scheme
    from gensc_models.restore.refiner import Refiner


@dataclass(frozen=True)
class Sweep:
    """Operating points of a sweep; their product is run.

    Attributes:
        channels: names of `gensc_models.channels.single.CHANNELS`.
        snrs_db: Es/N0.
        rates: channel symbols per 16×16 block.
        seed: the noise of a point depends on it and on the image alone, not on the order.
        repeat: realisations of channel and noise per point, each a result of its own.
        effort: which metrics are computed.
    """

    channels: Sequence[str] = ("awgn",)
    snrs_db: Sequence[float] = (0, 5, 10, 15, 20)
    rates: Sequence[int] = (32,)
    seed: int = 1
    repeat: int = 1
    effort: Effort = "fidelity"

    def points(self) -> Iterator[tuple[str, int, float, int]]:
        """(channel, rate, SNR, seed) of every run."""
        seeds = range(self.seed, self.seed + self.repeat)
        return product(self.channels, self.rates, self.snrs_db, seeds)

    def __len__(self) -> int:
        return len(self.channels) * len(self.rates) * len(self.snrs_db) * self.repeat


def run_sweep(
    scheme: Scheme,
    name: str,
    image: NDArray[np.uint8],
    sweep: Sweep,
    refiner: tuple[Refiner, Weights] | None = None,
    caption: str | None = None,
) -> Iterator[Result]:
    """Results of one image, which the caption describes, at every point of the sweep.

    With a refiner, the line of every received image is followed by that of the refined one.
    """
    judge = partial(score, image, effort=sweep.effort, caption=caption)
    for channel, rate, snr_db, seed in sweep.points():
        got = scheme.simulate(image, channel, rate, snr_db, seed)
        metrics, reasons = judge(got.image)
        result = Result(
            image=name,
            shape=image.shape,  # type: ignore[arg-type]
            scheme=scheme.codec.name,
            weights=scheme.weights,
            channel=channel,
            via="torch",
            csi="perfect",
            snr_db=None if channel == "none" else snr_db,
            symbols=got.symbols,
            metrics=metrics,
            reasons=reasons,
            latency_ms=got.latency_ms,
            seed=seed,
        )
        yield result
        if refiner is not None:
            yield refined_result(result, got.image, refiner, snr_db, judge)


def refined_result(
    result: Result,
    received: NDArray[np.uint8],
    refiner: tuple[Refiner, Weights],
    snr_db: float,
    judge: Callable[[NDArray[np.uint8]], tuple[dict[str, float], dict[str, str]]],
) -> Result:
    """The result of refining a received image, told the SNR of its channel.

    Args:
        result: of the received image.
        received: uint8 H×W×3.
        refiner: and which weights it has.
        snr_db: Es/N0; what a receiver with perfect channel knowledge would tell the refiner.
        judge: metrics of a picture, and why some are missing, as from
        `gensc.results.quality.score`.
    """
    network, weights = refiner
    started = time.perf_counter()
    refined = network.refine(received, snr_db)
    milliseconds = 1e3 * (time.perf_counter() - started)
    metrics, reasons = judge(refined)
    return replace(
        result,
        scheme=f"{result.scheme}+{weights.id}",
        refiner=weights,
        metrics=metrics,
        reasons=reasons,
        latency_ms={**result.latency_ms, "refine": milliseconds},
    )
