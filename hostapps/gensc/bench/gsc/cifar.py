"""Figures 4 and 5 of the GSC paper: quality against SNR on CIFAR-10, AWGN and block Rayleigh."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gensc.bench.gsc import link
from gensc.bench.gsc.digital import DigitalSender
from gensc.bench.gsc.link import BATCH, Images
from gensc.bench.gsc.points import Point, Points
from gensc.bench.gsc.schemes import System
from gensc.system.progress import Reporter

if TYPE_CHECKING:
    from gensc_models.metrics.lpips import Distance

EXPERIMENT = "cifar"
CHANNELS = ("awgn", "rayleigh")


@dataclass(frozen=True)
class CifarPlan:
    """How much is run; `rate` is in channel symbols per 16×16 block, 128 is CBR 1/6."""

    images: int = 2000
    snrs_db: Sequence[float] = (0, 1, 3, 4, 5, 7, 10, 13, 15)
    rate: int = 128

    @property
    def steps(self) -> int:
        """Steps of progress of :func:`sweep`."""
        return 2 * len(self.snrs_db)


def sweep(
    images: Images,
    systems: Sequence[System],
    plan: CifarPlan,
    seed: int,
    points: Points,
    bar: Reporter,
    perceptual: Distance | None = None,
) -> None:
    """Every system and JPEG at every SNR over both channels; the results go into `points`."""
    from gensc_models.codecs.layout import symbols_for

    height, width = images.shape[1:3]
    granted = symbols_for(height, width, plan.rate)
    sender = DigitalSender(images, granted, seed)
    for snr_db in plan.snrs_db:
        for system in systems:
            for first in range(0, len(images), BATCH):
                batch = images[first : first + BATCH]
                for point, shown in transmit(system, batch, plan.rate, snr_db, seed, first, points):
                    point.add(batch, shown, perceptual)
        bar.step(f"CIFAR-10 at {snr_db:g} dB")
        for channel in CHANNELS:
            for scheme, mcs in sender.best_mcs(channel, snr_db).items():
                point = points.at(EXPERIMENT, scheme, channel, plan.rate, snr_db)
                shown, point.failed = sender.send(scheme, channel, snr_db, mcs, range(len(images)))
                point.mcs, point.symbols = mcs.name, sender.symbols(mcs)
                point.add(images, shown, perceptual)
        bar.step(f"CIFAR-10 at {snr_db:g} dB, JPEG")


def transmit(
    system: System,
    batch: Images,
    rate: int,
    snr_db: float,
    seed: int,
    first: int,
    points: Points,
) -> Iterable[tuple[Point, Images]]:
    """A batch that begins with image number `first` over every channel, decoded and refined.

    Encoded once: the transmitter knows the mean SNR and nothing else of the channel.
    """
    sent = system.codec.encode_images(batch, rate, snr_db)
    symbols = np.stack([e.symbols for e in sent])
    for channel in CHANNELS:
        draw = link.batch_seed(seed, channel, snr_db, first)
        received, noise_var = link.through(symbols, channel, snr_db, draw)
        decoded = link.decode(system.codec, sent, received, noise_var)
        schemes = {system.scheme: decoded}
        if system.refiner is not None:
            schemes[system.refined] = link.refine(system.refiner, decoded, noise_var)
        for scheme, shown in schemes.items():
            point = points.at(EXPERIMENT, scheme, channel, rate, snr_db)
            point.symbols = symbols.shape[1]
            yield point, shown
