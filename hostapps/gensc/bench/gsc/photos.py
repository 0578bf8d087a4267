"""The same comparison on photos: any size, CBR 1/24 and 1/12; JPEG as the ordinary file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gensc.bench.gsc import link
from gensc.bench.gsc.digital import DIVISORS
from gensc.bench.gsc.points import Point, Points
from gensc.bench.gsc.schemes import System
from gensc.experiment.baselines import jpeg, jpeg_link
from gensc.system.progress import Reporter
from gensc_phy.coding.bits import decode_bits
from gensc_phy.coding.mcs import Mcs, choose_mcs

if TYPE_CHECKING:
    from gensc_models.metrics.lpips import Distance

EXPERIMENT = "photos"
Search = Callable[[str, int, Mcs], jpeg_link.JpegPayload]
#: dB between a scheme's threshold and the mean SNR it is used at; the best one on average counts.
MARGINS_DB = {"awgn": (0.5,), "rayleigh": (0.5, 5.0, 8.0, 11.0, 14.0)}


@dataclass(frozen=True)
class PhotoPlan:
    """How much is run: photos of `side`×`side`, at (channel, rate) of `cases`."""

    photos: int = 24
    side: int = 256
    cases: Sequence[tuple[str, int]] = (("awgn", 32), ("awgn", 64), ("rayleigh", 32))
    snrs_db: Sequence[float] = (0, 5, 10, 15)


def sweep(
    photos: Sequence[NDArray[np.uint8]],
    systems: Sequence[System],
    plan: PhotoPlan,
    seed: int,
    points: Points,
    bar: Reporter,
    perceptual: Distance | None = None,
) -> None:
    """Every system and JPEG on every photo at every point; the results go into `points`."""
    trials: dict[tuple[str, str, int, float, Mcs], Points] = {}
    for number, photo in enumerate(photos):
        original, search = photo[None], _searcher(photo)
        for (channel, rate), snr_db in product(plan.cases, plan.snrs_db):
            draw = link.batch_seed(seed, channel, snr_db, number)
            for system in systems:
                sent = system.codec.encode_images(original, rate, snr_db)
                received, noise_var = link.through(sent[0].symbols[None], channel, snr_db, draw)
                decoded = link.decode(system.codec, sent, received, noise_var)
                schemes = {system.scheme: decoded}
                if system.refiner is not None:
                    schemes[system.refined] = link.refine(system.refiner, decoded, noise_var)
                for scheme, shown in schemes.items():
                    point = points.at(EXPERIMENT, scheme, channel, rate, snr_db)
                    point.symbols = received.shape[1]
                    point.add(original, shown, perceptual)
            for scheme, mcs in product(DIVISORS, _candidates(channel, snr_db)):
                trial = trials.setdefault((scheme, channel, rate, snr_db, mcs), Points())
                point = trial.at(EXPERIMENT, scheme, channel, rate, snr_db)
                _jpeg(photo, search, point, mcs, draw, perceptual)
        bar.step(f"photo {number + 1}")
    _keep_best(trials, points)


def _candidates(channel: str, snr_db: float) -> list[Mcs]:
    """The schemes that the margins lead to, without repetition."""
    return list(dict.fromkeys(choose_mcs(snr_db, margin) for margin in MARGINS_DB[channel]))


def _searcher(photo: NDArray[np.uint8]) -> Search:
    """The best JPEG of a photo for a sender, a count of symbols and a scheme; searched once."""
    return cache(
        lambda scheme, granted, mcs: jpeg_link.prepare(photo, granted, mcs, DIVISORS[scheme])
    )


def _jpeg(
    photo: NDArray[np.uint8],
    search: Search,
    point: Point,
    mcs: Mcs,
    draw: int,
    perceptual: Distance | None,
) -> None:
    """The best JPEG that fits with this scheme, over the channel."""
    from gensc_models.codecs.layout import symbols_for

    height, width = photo.shape[:2]
    granted = symbols_for(height, width, point.rate)
    payload = search(point.scheme, granted, mcs)
    shown = None
    if payload.choice is not None:
        count = len(payload.symbols)
        # The same draw as for the other schemes, which send all that is granted.
        row = np.zeros((1, granted), np.complex64)
        row[0, :count] = payload.symbols
        received, noise_var = link.through(row, point.channel, point.snr_db, draw)
        result = decode_bits(
            received[0, :count], noise_var[0, :count], len(payload.choice.data), mcs
        )
        shown = jpeg.decode(result.payload, height, width) if result.crc_ok else None
        point.symbols = max(point.symbols, count)
    point.mcs = mcs.name
    point.failed += shown is None
    picture = jpeg.grey(height, width) if shown is None else shown
    point.add(photo[None], picture[None], perceptual)


def _keep_best(trials: dict[tuple[str, str, int, float, Mcs], Points], points: Points) -> None:
    """Of the schemes a JPEG sender tried at an operating point, the one best on average."""
    best: dict[tuple[str, str, int, float], Point] = {}
    for (scheme, channel, rate, snr_db, _), trial in trials.items():
        (point,) = trial
        key = scheme, channel, rate, snr_db
        if key not in best or point.psnr > best[key].psnr:
            best[key] = point
    for point in best.values():
        points.put(point)
