"""The grid: schemes × channels × bandwidth ratios × SNRs × seeds on every picture, run once.

Who meets the same channel is fixed: the seed of gains and noise depends on the seed asked for and
on the picture's name alone, so all schemes and SNRs share them and curves are smooth; the order in
which points are run, and which are left out, changes nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import product
from typing import Any
from zlib import crc32

import numpy as np

from gensc.experiment.baselines.jpeg import grey
from gensc.experiment.scheme import Photo, Picture, Received, Scheme, Sent, lost
from gensc.experiment.ways import Carried, Way
from gensc.experiment.ways.torch_channel import TorchWay
from gensc.results.quality import score
from gensc.results.result import Result
from gensc.system.machine import cores
from gensc_models.metrics.foreground import mask_iou

BLOCK = 16
#: Symbols per 16×16 block at a bandwidth ratio of 1.
PER_BLOCK = 3 * BLOCK * BLOCK
Key = tuple[str, str, str, str, int, float, int]


@dataclass(frozen=True)
class Point:
    """Where a scheme is measured.

    Attributes:
        scheme, setting: its name, and which of its variants.
        channel: name.
        rate: symbols per started 16×16 block that it is granted, where the grid has no `budget` of
            its own; CBR is rate / 768 of whole blocks.
        snr_db: Es/N0.
        seed: of channel and noise.
    """

    scheme: str
    setting: str
    channel: str
    rate: int
    snr_db: float
    seed: int

    def key(self, picture: str) -> Key:
        """What names the row of a picture here."""
        return (picture, self.scheme, self.setting, self.channel, self.rate, self.snr_db, self.seed)


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of a picture at a point.

    Attributes:
        picture, point: which.
        budget: symbols granted.
        scheme: that sent it, a variant where it has several.
        sent: None where the scheme could not send it with so few symbols.
        carried: what the way told; its sections are dropped.
        received: its image is kept where the grid says so, else None as where all is lost.
        shown: False where middle grey stood for an image.
        metrics, reasons: of the image, or of the grey picture.
        latency_ms: stage → milliseconds.
        beside: what stands beside it, as `Grid.beside` says.
    """

    picture: Picture
    point: Point
    budget: int
    scheme: Scheme
    sent: Sent | None
    carried: Carried
    received: Received
    shown: bool
    metrics: dict[str, float]
    reasons: dict[str, str]
    latency_ms: dict[str, float]
    beside: dict[str, float] = field(default_factory=dict)
    order: tuple[int, int] = (0, 0)

    def result(self, way: Way) -> Result:
        """The line of the results contract."""
        weights, refiner = (*self.scheme.weights, None, None)[:2]
        symbols = self.sent.symbols if self.sent else Sent(()).symbols
        facts = {} if self.sent is None else self.sent.facts
        events = {k: v for k, v in self.received.events.items() if k != "text"}
        state = self.received.events.get("text")
        if self.sent is not None and self.sent.mask is not None and self.picture.mask is not None:
            facts = facts | {"mask_iou": mask_iou(self.sent.mask, self.picture.mask)}
        counted = symbols.as_dict() | {"overhead": self.carried.overhead}
        return Result(
            image=self.picture.name,
            shape=self.picture.pixels.shape,  # type: ignore[arg-type]
            scheme=self.point.scheme,
            weights=weights,
            refiner=refiner,
            channel=self.point.channel,
            via=way.name,
            csi=way.csi,
            snr_db=None if self.point.channel == "none" else self.point.snr_db,
            snr_measured_db=self.carried.snr_db,
            symbols=type(symbols)(**counted),
            received=self.shown,
            metrics=self.metrics,
            reasons=self.reasons,
            latency_ms=self.latency_ms,
            fragments=self.carried.fragments,
            fragments_lost=self.carried.fragments_lost,
            text=self.received.text or None,
            text_ok=None if state is None else state == "exact",
            text_state=state,
            seed=self.point.seed,
            extra={
                "rate": self.point.rate,
                "granted": self.budget,
                "setting": self.point.setting,
                "design_snr_db": self.point.snr_db,
                **self.beside,
                **facts,
                **events,
            },
        )


Score = Callable[
    [Sequence[Picture], Sequence[Photo], Collection[str]],
    "list[tuple[dict[str, float], dict[str, str]]]",
]
"""Metrics of pictures as received, and why some are missing; told which are wanted."""


def score_each(
    pictures: Sequence[Picture], images: Sequence[Photo], metrics: Collection[str]
) -> list[tuple[dict[str, float], dict[str, str]]]:
    """Every picture by `gensc.results.quality.score`."""
    return [
        score(p.pixels, image, effort=metrics, mask=p.mask, caption=p.caption or None)
        for p, image in zip(pictures, images, strict=True)
    ]


def budget_of(image: Photo, rate: int) -> int:
    """Symbols of an image at `rate` per started 16×16 block."""
    height, width = image.shape[:2]
    return -(-height // BLOCK) * -(-width // BLOCK) * rate


def draw_seed(seed: int, name: str) -> int:
    """Seed of channel and noise of a picture, positive and below 2^30."""
    return 1 + crc32(f"{seed} {name}".encode()) % ((1 << 30) - 2)


@dataclass(frozen=True)
class Grid:
    """What is run.

    Attributes:
        schemes, channels, rates, snrs_db, seeds: whose product is run; over the channel `none`
            the highest SNR alone, as what the encoder is told.
        metrics: that are computed, or at each point which.
        wanted: whether a point is run at all, of whatever seed.
        kept: whether the image received is kept in the outcome.
        batch: pictures of one size in one pass of a scheme, at most.
        score: computes the metrics.
        budget: symbols of an image at a rate.
        beside: whether the same symbols also cross the torch-only AWGN channel at the SNR that the
            way measured, for which rows have `METRIC_torch`, and `error_ratio`: the mean of the
            symbols' squared error over the variance reported for it; for analog symbols alone.
        draw: seed of channel and noise of a picture, told the point's seed and its name.
    """

    schemes: Sequence[Scheme]
    channels: Sequence[str] = ("awgn",)
    rates: Sequence[int] = (32,)
    snrs_db: Sequence[float] = (0.0, 5.0, 10.0, 15.0, 20.0)
    seeds: Sequence[int] = (1,)
    metrics: Collection[str] | Callable[[Point], Collection[str]] = ("psnr",)
    wanted: Callable[[Point], bool] = lambda point: True
    kept: Callable[[Point, Picture], bool] = lambda point, picture: False
    batch: int = 1
    score: Score = score_each
    budget: Callable[[Photo, int], int] = budget_of
    beside: bool = False
    draw: Callable[[int, str], int] = draw_seed

    def places(self, scheme: Scheme) -> Iterator[tuple[int, float, dict[Scheme, list[str]]]]:
        """Rate, SNR, and each variant of a scheme with the channels over which it runs there."""
        for rate, snr_db in product(self.rates, self.snrs_db):
            variants: dict[str, tuple[Scheme, list[str]]] = {}
            for channel in self.channels:
                if channel == "none" and snr_db != max(self.snrs_db):
                    continue
                for variant in scheme.variants(channel):
                    if self.wanted(Point(scheme.name, variant.setting, channel, rate, snr_db, 0)):
                        variants.setdefault(variant.setting, (variant, []))[1].append(channel)
            if variants:
                yield rate, snr_db, dict(variants.values())

    def points(self) -> Iterator[Point]:
        """Every point, in the order of rows."""
        for scheme in self.schemes:
            for rate, snr_db, variants in self.places(scheme):
                for variant, channels in variants.items():
                    for channel, seed in product(channels, self.seeds):
                        yield Point(scheme.name, variant.setting, channel, rate, snr_db, seed)


@dataclass
class _Run:
    """What all workers share."""

    grid: Grid
    way: Way
    emit: Callable[[Outcome], None]
    done: Collection[Key]
    stop: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)


def run(
    grid: Grid,
    pictures: Sequence[Picture],
    way: Way,
    emit: Callable[[Outcome], None],
    done: Collection[Key] = frozenset(),
    step: Callable[[str], None] = lambda note: None,
) -> None:
    """Run every point on every picture; outcomes are emitted one at a time, as they come.

    Args:
        grid: what is run.
        pictures: on these; several are under way at a time where the way allows it.
        way: carries the symbols.
        emit: takes each outcome; called by one thread at a time.
        done: keys of rows that are there already and are left out.
        step: told the name of each picture that is finished.
    """
    units = _units(pictures, grid.batch)
    state = _Run(grid, way, emit, done)
    with _workers(len(units) if way.parallel else 1) as pool:
        try:
            for unit, _ in zip(units, pool.map(lambda n: _unit(state, n, units[n]),
                                               range(len(units))), strict=True):  # fmt: skip
                for picture in unit:
                    step(picture.name)
        finally:
            # Whoever gives up does not wait for the pictures that are left.
            state.stop.set()


def collect(
    grid: Grid,
    pictures: Sequence[Picture],
    way: Way,
    step: Callable[[str], None] = lambda note: None,
) -> list[Outcome]:
    """All outcomes, picture by picture in the order of the points."""
    outcomes: list[Outcome] = []
    run(grid, pictures, way, outcomes.append, step=step)
    return sorted(outcomes, key=lambda o: o.order)


def _units(pictures: Sequence[Picture], batch: int) -> list[list[Picture]]:
    """Pictures in a row of one size, at most `batch` together."""
    units: list[list[Picture]] = []
    for picture in pictures:
        last = units[-1] if units else []
        if last and len(last) < batch and last[0].pixels.shape == picture.pixels.shape:
            last.append(picture)
        else:
            units.append([picture])
    return units


@contextmanager
def _workers(units: int) -> Iterator[ThreadPoolExecutor]:
    """As many threads as cores, each with a core: together they code more pictures than one that
    has all cores. One unit alone has them all."""
    import torch

    threads, workers = torch.get_num_threads(), min(cores(), max(1, units))
    if workers > 1:
        torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(workers) as pool:
            yield pool
    finally:
        torch.set_num_threads(threads)


def _unit(state: _Run, number: int, pictures: list[Picture]) -> None:
    """All points of a few pictures of one size."""
    grid, order = state.grid, 0
    for scheme in grid.schemes:
        for rate, snr_db, variants in grid.places(scheme):
            for variant, channels in variants.items():
                points = [
                    Point(scheme.name, variant.setting, channel, rate, snr_db, seed)
                    for channel, seed in product(channels, grid.seeds)
                ]
                missing = [
                    p for p in points if any(p.key(q.name) not in state.done for q in pictures)
                ]
                budget = grid.budget(pictures[0].pixels, rate)
                # Encoded once: the transmitter knows the mean SNR and nothing else of the channel.
                sent, encode_ms = _send(variant, pictures, budget, snr_db) if missing else ([], 0.0)
                for point in missing:
                    if state.stop.is_set():
                        return
                    carried = _carry(state, variant, point, pictures, budget, sent, encode_ms)
                    for outcome in carried:
                        if point.key(outcome.picture.name) not in state.done:
                            with state.lock:
                                state.emit(_ordered(outcome, (number, order)))
                        order += 1


def _ordered(outcome: Outcome, order: tuple[int, int]) -> Outcome:
    object.__setattr__(outcome, "order", order)
    return outcome


def _send(
    scheme: Scheme, pictures: list[Picture], budget: int, snr_db: float
) -> tuple[list[Sent | ValueError], float]:
    """What is sent of each picture, or why nothing is; and milliseconds a picture."""
    started = time.perf_counter()
    sent: list[Sent | ValueError] = []
    try:
        sent += scheme.send_many(pictures, budget, snr_db)
    except ValueError:
        for picture in pictures:
            try:
                sent.append(scheme.send(picture, budget, snr_db))
            except ValueError as error:
                sent.append(error)
    return sent, 1e3 * (time.perf_counter() - started) / len(pictures)


def _carry(
    state: _Run,
    scheme: Scheme,
    point: Point,
    pictures: list[Picture],
    budget: int,
    sent: Sequence[Sent | ValueError],
    encode_ms: float,
) -> Iterator[Outcome]:
    """Pictures over the channel of a point, received and scored."""
    grid, count = state.grid, len(pictures)
    seeds = [grid.draw(point.seed, p.name) for p in pictures]
    air = [Sent(()) if isinstance(s, ValueError) else s for s in sent]
    started = time.perf_counter()
    carried = state.way.carry_many(air, point.channel, point.snr_db, seeds, budget)
    heard = time.perf_counter()
    received = scheme.receive_many([c.sections for c in carried])
    decoded = time.perf_counter()
    received = [
        lost(f"not sent: {s}") if isinstance(s, ValueError) else r
        for s, r in zip(sent, received, strict=True)
    ]
    wanted = grid.metrics(point) if callable(grid.metrics) else grid.metrics
    images = _shown(pictures, received)
    scores = grid.score(pictures, images, wanted)
    beside: list[dict[str, float]] = [{}] * count
    if grid.beside:
        told = [
            Carried(()) if c.snr_db is None else TorchWay().carry(s, "awgn", c.snr_db, seed, budget)
            for s, c, seed in zip(air, carried, seeds, strict=True)
        ]
        again = _shown(pictures, scheme.receive_many([t.sections for t in told]))
        beside = [
            {f"{name}_torch": value for name, value in values.items()} | _error_ratio(s, c)
            for s, c, (values, _) in zip(
                air, carried, grid.score(pictures, again, wanted), strict=True
            )
        ]
    spans = {
        "encode": encode_ms,
        "channel": 1e3 * (heard - started) / count,
        "decode": 1e3 * (decoded - heard) / count,
    }
    for p, s, c, r, image, (metrics, reasons), aside in zip(
        pictures, sent, carried, received, images, scores, beside, strict=True
    ):
        kept = image if grid.kept(point, p) else None
        yield Outcome(
            p, point, budget, scheme,
            None if isinstance(s, ValueError) else _light(s),
            Carried((), c.overhead, c.snr_db, c.fragments, c.fragments_lost),
            Received(kept, r.events, None, r.text, r.snr_db),
            r.image is not None,
            metrics, reasons, dict(spans), aside,
        )  # fmt: skip


def _error_ratio(sent: Sent, carried: Carried) -> dict[str, float]:
    """Mean over the analog symbols that were heard of their error over its reported variance."""
    ratios = [
        np.abs(heard.symbols - s.symbols)[known] ** 2 / heard.variances[known]
        for s, heard in product(sent.sections, carried.sections)
        if s.kind == heard.kind == "analog"
        and (s.stream, len(s.symbols)) == (heard.stream, len(heard.symbols))
        for known in [np.isfinite(heard.variances) & (heard.variances > 0)]
    ]
    return {"error_ratio": float(np.mean(np.concatenate(ratios)))} if ratios else {}


def _shown(pictures: Sequence[Picture], received: Sequence[Received]) -> list[Photo]:
    """What is looked at: the images received, middle grey where there is none."""
    return [
        grey(*p.pixels.shape[:2]) if r.image is None or r.image.shape != p.pixels.shape else r.image
        for p, r in zip(pictures, received, strict=True)
    ]


def _light(sent: Sent) -> Sent:
    """What was sent, as to be kept: symbols as counts alone."""
    return _Counted((), sent.mask, sent.facts, sent.symbols.as_dict())


@dataclass(frozen=True, eq=False)
class _Counted(Sent):
    """A `Sent` whose sections are gone."""

    counts: Mapping[str, Any] = field(default_factory=dict)

    def count(self, kind: str) -> int:
        """Channel symbols of all sections of a kind."""
        return int(self.counts["digital" if kind == "bits" else kind])
