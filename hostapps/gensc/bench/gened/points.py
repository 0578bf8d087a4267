"""What every scheme makes of every photo at every operating point, over the torch channels.

The receiver knows its channel; all schemes meet the same gains and noise, as they send the same
number of symbols. The header section of the dual-branch codec is counted and taken to arrive; the
caption travels as LDPC-coded 16-QAM over the same channel.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from itertools import product
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gensc.bench.gened.data import Marked, MarkedSet, Photo
from gensc.bench.gened.schemes import Counts, Scheme, Sent, Shown
from gensc.bench.gsc.link import batch_seed, through
from gensc.experiment.baselines.jpeg import grey
from gensc.results.quality import score
from gensc.results.result import Result, Symbols
from gensc.system.machine import cores
from gensc.system.weights import Weights
from gensc_models.metrics.foreground import mask_iou

#: Mean of one metric over the photos of a point: a number, or nothing where it was not computed.
Mean = float | None
TORCH = "torch"


@dataclass(frozen=True)
class Place:
    """An operating point: data set, channel, symbols per 16×16 block, Es/N0."""

    dataset: str
    channel: str
    rate: int
    snr_db: float


@dataclass(frozen=True, eq=False)
class Scored:
    """One photo by one scheme at one place.

    Attributes:
        metrics, reasons: as from `gensc.results.quality.score`; `mask_psnr` is of the foreground.
        mask_iou: of the mask sent with the foreground; None where there is none.
        text_state: what became of the caption; None where none was sent.
        edit: what became of the edit; None where nobody edits.
        lost: nothing was received: a grey picture is what counts.
    """

    place: Place
    scheme: str
    image: str
    counts: Counts
    metrics: dict[str, float]
    reasons: dict[str, str]
    mask_iou: float | None = None
    text_state: str | None = None
    edit: str | None = None
    lost: bool = False


@dataclass(frozen=True, eq=False)
class Kept:
    """A received picture, and the mask its sender took; None for schemes without one."""

    picture: Photo
    mask: NDArray[np.bool_] | None


@dataclass(frozen=True)
class Point:
    """Means over the photos of one scheme at one place; PSNRs in dB, counts in symbols an image."""

    scheme: str
    dataset: str
    channel: str
    rate: int
    snr_db: float
    via: str
    images: int
    foreground_psnr: Mean
    psnr: Mean
    ms_ssim: Mean
    brisque: Mean
    lpips: Mean
    clip_score: Mean
    mask_iou: Mean
    symbols: float
    foreground_symbols: Mean
    background_symbols: Mean
    side_symbols: float
    text_symbols: float
    mask_bits: float
    captions_exact: Mean
    edits_shown: Mean
    lost: int

    def as_row(self) -> dict[str, Any]:
        """As it goes into JSON."""
        row = {f.name: getattr(self, f.name) for f in fields(self)}
        return {"experiment": "quality", "cbr": self.rate / 768, **row}


@dataclass
class Points:
    """All that was scored, result lines of it, and the pictures that are wanted for strips."""

    via: str = TORCH
    scored: list[Scored] = field(default_factory=list)
    lines: list[Result] = field(default_factory=list)
    pictures: dict[tuple[Place, str, str], Kept] = field(default_factory=dict)

    def extend(self, others: Points) -> None:
        """Take over what was scored elsewhere."""
        self.scored += others.scored
        self.lines += others.lines
        self.pictures |= others.pictures

    def of(self, **coordinates: Any) -> list[Point]:
        """Means at the places with these coordinates (of `Place`, and `scheme`), by SNR."""
        groups: dict[tuple[str, Place], list[Scored]] = {}
        for one in self.scored:
            groups.setdefault((one.scheme, one.place), []).append(one)
        found = [
            self._mean(scheme, place, group)
            for (scheme, place), group in groups.items()
            if all(
                (scheme if name == "scheme" else getattr(place, name)) == value
                for name, value in coordinates.items()
            )
        ]
        return sorted(found, key=lambda p: p.snr_db)

    def schemes(self) -> list[str]:
        """Schemes in the order they first came."""
        return list(dict.fromkeys(one.scheme for one in self.scored))

    def _mean(self, scheme: str, place: Place, group: Sequence[Scored]) -> Point:
        def metric(name: str) -> Mean:
            return mean(one.metrics.get(name) for one in group)

        texts = [one.text_state == "exact" for one in group if one.text_state is not None]
        edits = [one.edit in ("accepted", "blended") for one in group if one.edit is not None]
        return Point(
            scheme, place.dataset, place.channel, place.rate, place.snr_db, self.via, len(group),
            foreground_psnr=metric("mask_psnr"),
            psnr=metric("psnr"),
            ms_ssim=metric("ms_ssim"),
            brisque=metric("brisque"),
            lpips=metric("lpips"),
            clip_score=metric("clip_score"),
            mask_iou=mean(one.mask_iou for one in group),
            symbols=float(np.mean([one.counts.total for one in group])),
            foreground_symbols=mean(one.counts.foreground for one in group),
            background_symbols=mean(one.counts.background for one in group),
            side_symbols=float(np.mean([one.counts.side for one in group])),
            text_symbols=float(np.mean([one.counts.text for one in group])),
            mask_bits=float(np.mean([one.counts.mask_bits for one in group])),
            captions_exact=mean(texts),
            edits_shown=mean(edits),
            lost=sum(one.lost for one in group),
        )  # fmt: skip


def mean(values: Iterable[float | None]) -> Mean:
    """Mean of the finite ones; None where there are none."""
    known = [float(v) for v in values if v is not None and math.isfinite(v)]
    return float(np.mean(known)) if known else None


@dataclass(frozen=True)
class Sweep:
    """Which places are run, and how closely their pictures are looked at.

    Attributes:
        judged: at which places all metrics are computed; elsewhere both PSNRs alone.
        kept: at which places the pictures are kept.
        runs: at which places a scheme, by its name, is run at all.
    """

    channels: Sequence[str]
    rates: Sequence[int]
    snrs_db: Sequence[float]
    judged: Callable[[Place], bool] = lambda place: True
    kept: Callable[[Place], bool] = lambda place: False
    runs: Callable[[Place, str], bool] = lambda place, scheme: True


def sweep(
    photos: MarkedSet,
    schemes: Iterable[Scheme],
    plan: Sweep,
    seed: int,
    points: Points,
    step: Callable[[str], None] = lambda note: None,
) -> None:
    """Every scheme on every photo at every place; the results go into `points`.

    A photo that a scheme cannot send in so few symbols is lost, and counts as middle grey.
    """
    chosen, stop = list(schemes), threading.Event()

    def run(number: int) -> Points:
        return _photo(photos, number, chosen, plan, seed, stop)

    with _photos_at_once() as pool:
        try:
            for image, found in zip(photos.photos, pool.map(run, range(len(photos.photos))),
                                    strict=True):  # fmt: skip
                points.extend(found)
                step(f"{photos.title}: {image.name}")
        finally:
            # Whoever gives up does not wait for the photos that are left.
            stop.set()


@contextmanager
def _photos_at_once() -> Iterator[ThreadPoolExecutor]:
    """As many threads as cores, each with a core: together they code more photos than one that
    has all cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(cores()) as pool:
            yield pool
    finally:
        torch.set_num_threads(threads)


def _photo(
    photos: MarkedSet,
    number: int,
    schemes: Sequence[Scheme],
    plan: Sweep,
    seed: int,
    stop: threading.Event,
) -> Points:
    """One photo by all schemes at all places."""
    points, image = Points(), photos.photos[number]
    for rate, snr_db, scheme in product(plan.rates, plan.snrs_db, schemes):
        if stop.is_set():
            break
        places = [Place(photos.title, channel, rate, snr_db) for channel in plan.channels]
        places = [place for place in places if plan.runs(place, scheme.name)]
        sent = send(scheme, image, rate, snr_db) if places else None
        for place in places:
            # The gain of a photo is the same at all SNRs, so that curves are smooth.
            draw = batch_seed(seed, place.channel, 0.0, number)
            shown = None if sent is None else carry(sent, place, draw)
            closely = plan.judged(place)
            one = judge(image, scheme.name, place, sent, shown, closely)
            points.scored.append(one)
            if sent is not None and shown is not None and plan.kept(place):
                kept = Kept(shown.picture, sent.mask)
                points.pictures[place, scheme.name, image.name] = kept
            if closely:
                points.lines.append(line(image, scheme.weights, one, draw))
    return points


def send(scheme: Scheme, image: Marked, rate: int, snr_db: float) -> Sent | None:
    """None where header section and caption leave no symbols for the image."""
    try:
        return scheme.send(image, rate, snr_db)
    except ValueError:
        return None


def carry(sent: Sent, place: Place, seed: int) -> Shown:
    """All symbols of an image through one channel, and what is received of them."""
    received, noise_var = through(sent.symbols[None], place.channel, place.snr_db, seed)
    return sent.receive(received[0], noise_var[0])


def judge(
    image: Marked,
    scheme: str,
    place: Place,
    sent: Sent | None,
    shown: Shown | None,
    closely: bool,
) -> Scored:
    """A received picture beside the photo; middle grey where there is none."""
    picture = grey(*image.photo.shape[:2]) if shown is None else shown.picture
    metrics, reasons = score(
        image.photo,
        picture,
        effort="perceptual" if closely else "psnr",
        mask=image.foreground,
        caption=image.caption,
    )
    overlap = None
    if sent is not None and sent.mask is not None:
        overlap = mask_iou(sent.mask, image.foreground)
    return Scored(
        place,
        scheme,
        image.name,
        Counts() if sent is None else sent.counts,
        metrics,
        reasons,
        overlap,
        text_state=shown.text_state if shown else None,
        edit=shown.edit if shown else None,
        lost=shown is None or shown.lost,
    )


def line(image: Marked, weights: Sequence[Weights], one: Scored, seed: int) -> Result:
    """The result line of a picture; `weights` are the codec's and the editor's."""
    counts = one.counts
    codec, editor = (*weights, None, None)[:2]
    return Result(
        image=image.name,
        shape=image.photo.shape,  # type: ignore[arg-type]
        scheme=one.scheme,
        weights=codec,
        refiner=editor,
        channel=one.place.channel,
        via="torch",
        csi="perfect",
        snr_db=one.place.snr_db,
        symbols=Symbols(analog=counts.analog, digital=counts.side, text=counts.text),
        received=not one.lost,
        metrics=one.metrics,
        reasons=one.reasons,
        text_state=one.text_state,
        seed=seed,
        extra={
            "rate": one.place.rate,
            "foreground_symbols": counts.foreground,
            "mask_bits": counts.mask_bits,
            "mask_iou": one.mask_iou,
            "edit": one.edit,
        },
    )
