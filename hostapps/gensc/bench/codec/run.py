"""`gensc bench codec`: learned codec, SoftCast, and JPEG + LDPC + QAM over the same waveform.

All three get the same number of channel symbols and go through the same bursts, channel and
receiver. The sweep runs the waveform in NumPy; a subset of it runs through GNU Radio as well.

Who knows what:

* "adaptive": the transmitter knows the mean SNR. The codecs are told it; for JPEG it decides the
  modulation and coding scheme, and with it the number of bytes and the quality.
* "designed for 10 dB": the transmitter believes in 10 dB whatever the channel is. This is where a
  digital scheme has its cliff.
* Two JPEG senders: a plain one that may choose the quality only, and one that may also scale the
  picture down before (and the receiver up after), which at few bytes is much stronger.
* Over multipath nobody knows the realisation beforehand. For JPEG several margins are tried and at
  each SNR the one best on average is taken: the benefit of the doubt is the baseline's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gensc.bench.codec.plots import plot_all
from gensc.bench.codec.points import Point, curve
from gensc.data.images import display_name, expand, load_image
from gensc.experiment.base import BenchResult, Check, Table
from gensc.experiment.baselines import jpeg, jpeg_link
from gensc.link import channels
from gensc.link.bursts import BurstPath, header_of
from gensc.link.bursts import Section as AirSection
from gensc.link.run import LinkRunner, leave_cores_to_gnuradio
from gensc.system import codecs
from gensc.system.progress import progress
from gensc_models.codecs.codec import symbols_for
from gensc_phy.coding.mcs import Mcs, choose_mcs
from gensc_phy.waveform.header import Section

PLAIN, SCALED = "jpeg+ldpc+qam", "jpeg-scaled+ldpc+qam"
#: What each JPEG sender may divide both sides of the picture by.
DIVISORS = {PLAIN: (1,), SCALED: jpeg.DIVISORS}
#: dB between a scheme's threshold (1 % of codewords fail) and the SNR it is used at.
AWGN_MARGIN_DB = 0.5
MULTIPATH_MARGINS_DB = (2.0, 5.0, 8.0, 11.0, 14.0)
DESIGN_SNR_DB = 10.0
#: What counts as low SNR; in every plan.
LOW_SNRS_DB = (0.0, 5.0)


@dataclass(frozen=True)
class Plan:
    """How much is run.

    Attributes:
        photos: paths.
        rates: channel symbols per 16×16 block.
        awgn_db, multipath_db: SNRs, dB.
        flowgraph_photos: how many photos also go through GNU Radio.
        seed: the photo's number is added to it.
    """

    photos: Sequence[str]
    rates: Sequence[int] = (32, 128)
    awgn_db: Sequence[float] = (0, 2.5, 5, 7.5, 10, 12.5, 15, 17.5, 20)
    multipath_db: Sequence[float] = (0, 5, 10, 15, 20)
    flowgraph_photos: int = 2
    seed: int = 1


class Sweeper:
    """Runs single transmissions and collects them into points."""

    def __init__(self, model: str, seed: int) -> None:
        leave_cores_to_gnuradio()
        self.learned, self.weights = codecs.load(model)
        self.linear, self.linear_weights = codecs.load(codecs.LINEAR)
        self.path = BurstPath()
        self.seed = seed
        self.points: dict[tuple[Any, ...], Point] = {}
        self._prepare = lru_cache(maxsize=64)(self._prepare_uncached)
        self._photos: list[NDArray[np.uint8]] = []
        # Both senders often choose the same JPEG, which then need not cross the channel twice.
        self._sent: dict[tuple[Any, ...], Any] = {}

    def add_photo(self, image: NDArray[np.uint8]) -> int:
        """Register a photo; its number names it from here on."""
        self._photos.append(image)
        return len(self._photos) - 1

    def point(self, scheme: str, channel: str, rate: int, snr_db: float, **others: Any) -> Point:
        """The point with these coordinates, made when it is new."""
        key = (scheme, channel, rate, snr_db, *sorted(others.items()))
        return self.points.setdefault(key, Point(scheme, channel, rate, snr_db, **others))

    def analog(self, codec: Any, number: int, point: Point, told_db: float) -> None:
        """A codec's photo over the burst path."""
        image = self._photos[number]
        encoded = codec.encode_image(image, point.rate, told_db)
        header = header_of(
            Section.ANALOG, image.shape, encoded.rate, len(encoded.symbols), encoded.aux,
            codec.fingerprint, image_id=number,
        )  # fmt: skip
        sent = self.path.modulate([AirSection(header, encoded.symbols)])
        seed = self.seed + number
        heard = self.path.through(sent, channels.draw(point.channel, seed), point.snr_db, seed)
        section = max(heard, key=lambda s: s.received, default=None)
        if section is None:
            shown, measured = None, None
        else:
            shown = codec.decode_image(encoded.received(section.symbols, section.noise_var))
            measured = section.snr_db
        self._note(point, image, shown, len(encoded.symbols), sent.overhead, measured)

    def jpeg(self, number: int, point: Point, mcs: Mcs) -> None:
        """The JPEG of a photo over the burst path."""
        image = self._photos[number]
        payload = self._prepare(point.scheme, number, point.rate, mcs)
        if payload.choice is None:
            self._note(point, image, None, 0, 0, None)
            return
        key = (number, point.channel, point.rate, point.snr_db, mcs.index, payload.choice.data)
        if key not in self._sent:
            self._sent[key] = self._send_jpeg(number, point, payload)
        shown, overhead, measured = self._sent[key]
        self._note(point, image, shown, len(payload.symbols), overhead, measured)

    def _send_jpeg(
        self, number: int, point: Point, payload: jpeg_link.JpegPayload
    ) -> tuple[NDArray[np.uint8] | None, int, float | None]:
        """What is shown of a JPEG (None: not decodable), its overhead, the SNR measured."""
        assert payload.choice is not None
        shape = self._photos[number].shape
        header = header_of(Section.BITS, shape, payload.mcs.index, len(payload.choice.data),
                           image_id=number)  # fmt: skip
        sent = self.path.modulate([AirSection(header, payload.symbols)])
        seed = self.seed + number
        heard = self.path.through(sent, channels.draw(point.channel, seed), point.snr_db, seed)
        section = max(heard, key=lambda s: s.received, default=None)
        shown, result = jpeg_link.receive(section, shape)
        decoded = result is not None and result.crc_ok
        return shown if decoded else None, sent.overhead, section.snr_db if section else None

    def granted(self, number: int, rate: int) -> int:
        """Channel symbols every scheme gets for this photo."""
        height, width, _ = self._photos[number].shape
        return symbols_for(height, width, rate)

    def _prepare_uncached(
        self, scheme: str, number: int, rate: int, mcs: Mcs
    ) -> jpeg_link.JpegPayload:
        image, granted = self._photos[number], self.granted(number, rate)
        return jpeg_link.prepare(image, granted, mcs, DIVISORS[scheme])

    def _note(
        self,
        point: Point,
        image: NDArray[np.uint8],
        shown: NDArray[np.uint8] | None,
        symbols: int,
        overhead: int,
        measured: float | None,
    ) -> None:
        from gensc_models.metrics.fidelity import psnr

        height, width, _ = image.shape
        point.failed += shown is None
        point.psnr.append(psnr(image, jpeg.grey(height, width) if shown is None else shown))
        point.symbols.append(symbols)
        point.overhead.append(overhead)
        point.cbr.append(symbols / image.size)
        if measured is not None:
            point.measured_db.append(measured)

    def through_flowgraph(self, runner: LinkRunner, number: int, snr_db: float) -> None:
        """Codec and JPEG of a photo through GNU Radio, AWGN, at the runner's rate."""
        image, seed = self._photos[number], self.seed + number
        rate, name = runner.rate, self.learned.name
        reception = runner.send(image, str(number), snr_db=snr_db, seed=seed)
        point = self.point(name, "awgn", rate, snr_db, via="flowgraph")
        s = reception.symbols
        measured = reception.snr_measured_db
        self._note(point, image, reception.image, s.analog, s.overhead, measured)
        mcs = choose_mcs(snr_db, AWGN_MARGIN_DB)
        payload = self._prepare(SCALED, number, rate, mcs)
        point = self.point(SCALED, "awgn", rate, snr_db, via="flowgraph")
        if payload.choice is None:
            self._note(point, image, None, 0, 0, None)
            return
        got = runner.send_bytes(payload.choice.data, mcs.index, snr_db=snr_db, seed=seed)
        shown = jpeg.decode(got.payload or b"", *image.shape[:2]) if got.crc_ok else None
        s = got.symbols
        self._note(point, image, shown, s.digital, s.overhead, got.snr_measured_db)


def run(
    quick: bool, images: list[str] | None = None, model: str = "", limit: int = 0
) -> BenchResult:
    """The whole comparison.

    Args:
        quick: one rate, four SNRs, two photos.
        images: photos; scikit-image's where None.
        model: weights of the learned codec.
        limit: at most so many photos, evenly spread over those given; 0 takes all.
    """
    paths = _spread(expand(images or ["skimage:"]), 2 if quick else limit)
    plan = Plan(paths, (32,), (0, 5, 10, 15), (0, 5), flowgraph_photos=1) if quick else Plan(paths)
    sweeper = Sweeper(model, plan.seed)
    for path in plan.photos:
        sweeper.add_photo(load_image(path, 512 if quick else 768))
    with progress("bench codec", len(plan.photos) + min(plan.flowgraph_photos, len(paths))) as bar:
        for number in range(len(plan.photos)):
            _sweep_photo(sweeper, plan, number)
            bar.step(display_name(plan.photos[number]))
        runner = LinkRunner(model, plan.rates[0])
        for number in range(min(plan.flowgraph_photos, len(plan.photos))):
            for snr_db in plan.awgn_db:
                sweeper.through_flowgraph(runner, number, snr_db)
            bar.step(f"{display_name(plan.photos[number])} through GNU Radio")
    points = list(_best_margins(sweeper.points.values()))
    names = (sweeper.learned.name, codecs.LINEAR, PLAIN, SCALED)
    return BenchResult(
        bench="codec",
        rows=[p.as_row() for p in points],
        checks=list(_checks(points, names[0], plan)),
        tables=list(_tables(points, names, plan)),
        figures=plot_all(points, names, DESIGN_SNR_DB, len(paths)),
        settings={
            "photos": [display_name(p) for p in plan.photos],
            "weights": {w.id: w.sha256 for w in (sweeper.weights, sweeper.linear_weights)},
            "psnr": "uint8, per image, then averaged",
            "jpeg": "Pillow, 4:2:0, optimised tables; scaled: best of sizes 1, 1/2, 1/4, 1/8",
            "awgn_margin_db": AWGN_MARGIN_DB,
            "multipath_margins_db": MULTIPATH_MARGINS_DB,
            "design_snr_db": DESIGN_SNR_DB,
            "seed": plan.seed,
        },
    )


def _sweep_photo(sweeper: Sweeper, plan: Plan, number: int) -> None:
    learned, linear = sweeper.learned, sweeper.linear
    for rate in plan.rates:
        for snr_db in plan.awgn_db:
            for codec in (learned, linear):
                point = sweeper.point(codec.name, "awgn", rate, snr_db)
                sweeper.analog(codec, number, point, snr_db)
            for scheme in DIVISORS:
                point = sweeper.point(scheme, "awgn", rate, snr_db)
                sweeper.jpeg(number, point, choose_mcs(snr_db, AWGN_MARGIN_DB))
        for snr_db in plan.multipath_db:
            for codec in (learned, linear):
                point = sweeper.point(codec.name, "multipath", rate, snr_db)
                sweeper.analog(codec, number, point, snr_db)
            for scheme, margin in product(DIVISORS, MULTIPATH_MARGINS_DB):
                point = sweeper.point(scheme, "multipath", rate, snr_db, margin_db=margin)
                sweeper.jpeg(number, point, choose_mcs(snr_db, margin))
    # The cliff, at the first rate.
    rate, design = plan.rates[0], {"design_snr_db": DESIGN_SNR_DB}
    for snr_db in plan.awgn_db:
        for codec in (learned, linear):
            point = sweeper.point(codec.name, "awgn", rate, snr_db, **design)
            sweeper.analog(codec, number, point, DESIGN_SNR_DB)
        for scheme in DIVISORS:
            point = sweeper.point(scheme, "awgn", rate, snr_db, **design)
            sweeper.jpeg(number, point, choose_mcs(DESIGN_SNR_DB, AWGN_MARGIN_DB))


def _spread(paths: list[str], limit: int) -> list[str]:
    """At most `limit` of the paths, evenly spread; all where `limit` is 0."""
    if limit <= 0 or limit >= len(paths):
        return paths
    return [paths[i * len(paths) // limit] for i in range(limit)]


def _best_margins(points: Iterable[Point]) -> Iterable[Point]:
    """Of the points that differ in their margin only, the one with the highest mean PSNR."""
    best: dict[tuple[Any, ...], Point] = {}
    for p in points:
        key = (p.scheme, p.channel, p.rate, p.snr_db, p.design_snr_db, p.via)
        if key not in best or p.mean > best[key].mean:
            best[key] = p
    return best.values()


def _lead(
    points: list[Point], ours: str, theirs: str, channel: str, rate: int
) -> dict[float, float]:
    """By how many dB one scheme leads another, by SNR."""
    pairs = zip(
        curve(points, ours, channel, rate), curve(points, theirs, channel, rate), strict=True
    )
    return {a.snr_db: a.mean - b.mean for a, b in pairs}


def _steepest(curve_: list[Point]) -> float:
    """Largest loss of PSNR between neighbouring SNRs, per dB of SNR."""
    return max(
        (high.mean - low.mean) / (high.snr_db - low.snr_db) for low, high in pairwise(curve_)
    )


def _checks(points: list[Point], learned: str, plan: Plan) -> Iterable[Check]:
    baselines = (
        (PLAIN, "JPEG + LDPC + QAM", "codec beats JPEG + LDPC + QAM at low SNR"),
        (SCALED, "scaled JPEG + LDPC + QAM", "a stronger baseline than asked for"),
    )
    for channel, rate, snr_db in product(("awgn", "multipath"), plan.rates, LOW_SNRS_DB):
        for scheme, name, reference in baselines:
            yield Check(
                f"lead over {name} at {snr_db:g} dB, {channel}, CBR 1/{768 // rate}",
                _lead(points, learned, scheme, channel, rate)[snr_db],
                "dB",
                ">=",
                0.0,
                reference,
            )
    rate = plan.rates[0]
    cliff = _steepest(curve(points, SCALED, "awgn", rate, DESIGN_SNR_DB))
    yield Check(
        "steepest loss of PSNR per dB of SNR, designed for 10 dB",
        _steepest(curve(points, learned, "awgn", rate, DESIGN_SNR_DB)),
        "dB/dB",
        "<=",
        1.0,
        f"no cliff: less than dB for dB; scaled JPEG + LDPC + QAM in this run: {cliff:.2f}",
    )
    for rate in plan.rates:
        yield Check(
            f"lead over the linear code, awgn, CBR 1/{768 // rate}, least",
            min(_lead(points, learned, codecs.LINEAR, "awgn", rate).values()),
            "dB",
            ">=",
            0.0,
            "SoftCast",
        )
    yield Check(
        "burst path in NumPy against GNU Radio, largest difference of PSNR",
        _flowgraph_difference(points, learned, plan),
        "dB",
        "<=",
        0.3,
        "the sweep's waveform is the flowgraph's",
    )


def _flowgraph_difference(points: list[Point], learned: str, plan: Plan) -> float:
    """Largest difference in mean PSNR of the codec between the two, same photos."""
    rate, differences = plan.rates[0], []
    for p in points:
        if p.via == "flowgraph" and p.scheme == learned:
            beside = next(q for q in curve(points, p.scheme, "awgn", rate) if q.snr_db == p.snr_db)
            differences.append(abs(p.mean - float(np.mean(beside.psnr[: len(p.psnr)]))))
    return max(differences)


def _tables(points: list[Point], names: tuple[str, ...], plan: Plan) -> Iterable[Table]:
    columns = {"snr": "Es/N0 dB"}
    for name in names:
        columns[name] = name
        if name in DIVISORS:
            columns[f"{name} lost"] = "lost"
    for channel, rate, design in (
        *(("awgn", r, None) for r in plan.rates),
        *(("multipath", r, None) for r in plan.rates),
        ("awgn", plan.rates[0], DESIGN_SNR_DB),
    ):
        rows: dict[float, dict[str, Any]] = {}
        for name in names:
            for p in curve(points, name, channel, rate, design):
                row = rows.setdefault(p.snr_db, {"snr": p.snr_db})
                row[name] = p.mean
                row[f"{name} lost"] = f"{p.failed}/{len(p.psnr)}"
        told = "adaptive" if design is None else f"designed for {design:g} dB"
        title = f"PSNR in dB, {channel}, CBR 1/{768 // rate}, {told}"
        yield Table(title, columns, list(rows.values()))
